"""What the engine asks of the world. Adapters fulfil these; the store is no port, for it is real in every test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from syncd.domain.booking import Booking, BookingList, Catalog, Slot
from syncd.domain.event import Draft, Event
from syncd.domain.ids import BookingId


@dataclass(frozen=True, slots=True)
class Held:
    """A hold that Zimun made: it lives for ten minutes. `end` is when the booking would end, where Zimun told that."""

    id: str
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A booking that was made of a hold; `booking` where the answer held all of it."""

    booking_id: BookingId
    booking: Booking | None = None


class BookingPort(Protocol):
    """Zimun's Booking API. Every call raises Unavailable, RateLimited or NotPermitted where that side cannot answer."""

    async def catalog(self) -> Catalog:
        """All locations and services, every page."""
        ...

    async def bookings(self, start: datetime, end: datetime) -> BookingList:
        """All bookings that start in the half-open window, every page; or raises: never a part."""
        ...

    async def booking(self, booking_id: BookingId) -> Booking | None:
        """One booking, read afresh; None for 404. Raises Malformed where it cannot be read."""
        ...

    async def open_slots(self, service_id: str, location_id: str, day: date) -> tuple[Slot, ...]:
        """The open slots of that day in the place's zone. An empty location_id is left out of the call.

        Raises Refused where Zimun will not tell for that service or day, NotFound where it knows no such service there.
        """
        ...

    async def reschedule(self, booking_id: BookingId, start: datetime, key: str) -> BookingId | None:
        """Move the booking. Answers with the booking's id where the API names another one than asked.

        `key` is the Idempotency-Key: the same for every attempt at one intent. Raises Refused with the API's reason,
        NotFound, or OutcomeUnknown where the call was sent and no usable answer came.
        """
        ...

    async def cancel(self, booking_id: BookingId, key: str) -> None:
        """Cancel the booking; raises as `reschedule` does."""
        ...

    async def hold(self, service_id: str, location_id: str, start: datetime, key: str) -> Held:
        """Reserve a time for ten minutes. An empty location_id is left out of the call.

        `key` as for `reschedule`: with the same key again it is the same hold. Raises as `reschedule` does; Malformed
        where Zimun took it and its answer names no hold.
        """
        ...

    async def confirm(self, hold_id: str, contact_name: str, contact_email: str, key: str) -> Confirmed:
        """Make a hold a booking. With the same key again it is the same booking, also when the hold is long over.

        Raises as `reschedule` does; Malformed where Zimun took it and its answer names no booking.
        """
        ...


@dataclass(frozen=True, slots=True)
class Stored:
    """One calendar object as the server has it. `data` is empty and `event` None for somebody else's event.

    `given` False: the server did not give it this time, though it does not say that it is gone. Then nothing else is
    known of it, neither whose it is nor its version, and `fault` says so.
    """

    href: str
    etag: str | None
    event: Event | None = None
    data: str = ""
    fault: str = ""
    given: bool = True

    @property
    def stands(self) -> bool:
        """Whether it shows that an event was not deleted: it is not marked as cancelled, as far as it can be read."""
        return self.event is None or not self.event.cancelled


@dataclass(frozen=True, slots=True)
class Listing:
    """What a calendar said since a cursor. `full`: `etags` holds every href there is, and `removed` is empty.

    `cursor` is None where the server has no sync token: then every listing is full.
    """

    full: bool
    etags: Mapping[str, str | None]
    removed: frozenset[str]
    cursor: str | None


class CalendarPort(Protocol):
    """One calendar collection. Hrefs are paths on the server, percent-encoded in one way, as `Listing` gives them.

    Every call raises Unavailable, RateLimited, NotPermitted, or CollectionGone.
    """

    @property
    def url(self) -> str:
        """The collection's URL, with its closing slash; the calendar's key everywhere."""
        ...

    async def changes(self, cursor: str | None) -> Listing:
        """What changed since the cursor, or everything where that is surer; everything for None.

        Raises CursorExpired.
        """
        ...

    async def fetch(self, hrefs: Sequence[str]) -> list[Stored]:
        """The objects at these hrefs; those that are not there are left out.

        One alone that the server does not give stops no other: it comes as not `given`.
        """
        ...

    async def read(self, hrefs: Sequence[str]) -> list[Stored]:
        """Somebody else's events at these hrefs, with what is in them; all that is not such an event is left out.

        But for what the server does not give, which may be one: it comes as not `given`, as from `fetch`.
        """
        ...

    async def get(self, href: str) -> Stored | None:
        """One object by a direct GET; None for 404 or 410."""
        ...

    async def create(self, name: str, draft: Draft, onto: str) -> Stored:
        """Write a new object under that last segment, only if nothing is there. `onto`: a complete object, or empty.

        Raises PreconditionFailed, UidConflict, Refused, or OutcomeUnknown.
        """
        ...

    async def replace(self, href: str, draft: Draft, onto: str, etag: str | None) -> Stored:
        """Write the object, only if it still is the version `etag`. Raises as `create`, and PreconditionFailed."""
        ...

    async def remove(self, href: str, etag: str | None, onto: str = "") -> None:
        """Delete the object, only if it still is the version `etag`; quiet where it is gone already.

        `onto` is the complete object as it was last read: a server without strong ETags needs it to compare.
        Raises PreconditionFailed, Refused, or OutcomeUnknown.
        """
        ...


class AccountPort(Protocol):
    """All calendars of the accounts in use, the ones that syncd does not manage included."""

    async def find(self, uid: str, booking_id: BookingId) -> list[tuple[str, Stored]]:
        """Every event with that UID or that X-ZIMUN-BOOKING-ID, as (calendar URL, object), in any calendar.

        And, where a server can search texts, every `Event.is_copy_of` the booking.

        Raises Unavailable where a calendar of the account could not be searched, or the server's search does not find
        what stands there and it could not be read either: then nothing is known.
        """
        ...


class Clock(Protocol):
    """Time comes from here, and only the engine's shell asks."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        ...

    def elapsed(self) -> tuple[str, float]:
        """A reading in seconds that no clock change moves, and the name of the boot it belongs to."""
        ...

    async def sleep(self, seconds: float) -> None: ...
