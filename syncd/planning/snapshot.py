"""All that a decision may know: what was seen of both sides in this cycle, and what is remembered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from enum import Enum
from functools import cached_property

from syncd.domain.booking import Booking, Catalog, Slot, Span
from syncd.domain.event import Observation, Texts
from syncd.domain.ids import BookingId, parse_uid
from syncd.domain.link import Link
from syncd.planning.routing import Route


@dataclass(frozen=True, slots=True)
class Policy:
    """What the config decides. Durations are timedeltas; the rest is as in the config."""

    past: timedelta = timedelta(days=1)
    future: timedelta = timedelta(days=60)
    conflict: str = "zimun"
    deletions: str = "cancel"
    cancel_grace: timedelta = timedelta(seconds=600)
    max_cancellations: int = 5
    max_moves: int = 10
    snap: timedelta = timedelta(0)
    note: timedelta = timedelta(hours=72)
    request_settle: timedelta = timedelta(seconds=30)
    klass: str = "PUBLIC"
    alarm_minutes: int = 0
    routes: tuple[Route, ...] = ()


class Look(Enum):
    """What a second look said where it is not a value."""

    ABSENT = "absent"
    UNKNOWN = "unknown"
    CLOSED = "closed"
    COPIED = "copied"


@dataclass(frozen=True, slots=True)
class LookBooking:
    """Read one booking by its id. Answers: Booking, ABSENT (404), CLOSED (the call is not open to us), UNKNOWN."""

    booking_id: BookingId


@dataclass(frozen=True, slots=True)
class LookEvent:
    """GET one event. Answers: Observation, ABSENT (404, 410), UNKNOWN."""

    calendar: str
    href: str


@dataclass(frozen=True, slots=True)
class FindEvent:
    """Search every calendar of the account. Answers: the calendar where it was found, COPIED (only `is_copy_of` it
    was), ABSENT, UNKNOWN.
    """

    uid: str
    booking_id: BookingId


@dataclass(frozen=True, slots=True)
class LookSlots:
    """The open slots of a day in the place's zone. Answers: Slots, CLOSED, UNKNOWN."""

    service_id: str
    location_id: str
    day: date


Question = LookBooking | LookEvent | FindEvent | LookSlots
Answer = Booking | Observation | str | tuple[Slot, ...] | Look


@dataclass(frozen=True)
class Snapshot:
    """One moment of both sides. `window` is the stretch of starts that Zimun listed completely, None where it did not.

    `catalog` are the places and services as Zimun named them last, `offered` those that it names now: only they can be
    booked. `list_closed`: Zimun answers, but does not list bookings to this client; each is looked at by its id.
    `bookings` are those read in this cycle, by list or by id; `unreadable` the ids of items that could not be parsed.
    `readable` are the managed calendars that were read completely, `managed` all of them; `never_read` those that
    this database knows nothing of yet, while it has not known all at one time. `not_given`: since when objects in the
    readable ones are listed and not given, by calendar and href. `left_at`: when calendars that were kept
    once left the config, where that is known. `texts` are what each event
    should say. `clock_jumped`: the wall clock moved by itself since the last cycle. `asked_lately` are bookings of
    unlinked events that were looked up within the hour; `refused_uids` are UIDs that a server would not take.
    `ended_since`: where the list is closed, bookings that ended since then are looked at once more; None: not in this
    cycle.
    `told_otherwise` are the starts that Zimun told at last of live bookings whose pairs had not come to that yet.
    `requested` are bookings that an event asked for: theirs are written beyond `future`, too.
    `cancelled_lately` counts our cancellations of the last hour, `perhaps_cancelled` are the bookings of those whose
    answer was lost, `moved_now` and `removed_now` count the moves that Zimun was asked for in this cycle without a
    person's approval, and the events that went for a 404; the latter within the hour where the list is closed, for
    bookings are looked at in turn there.
    """

    now: datetime
    cycle: int
    catalog: Catalog = field(default_factory=Catalog)
    offered: Catalog = field(default_factory=Catalog)
    links: Mapping[BookingId, Link] = field(default_factory=dict)
    window: Span | None = None
    list_closed: bool = False
    bookings: Mapping[BookingId, Booking] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()
    events: Mapping[tuple[str, str], Observation] = field(default_factory=dict)
    managed: frozenset[str] = frozenset()
    readable: frozenset[str] = frozenset()
    never_read: frozenset[str] = frozenset()
    not_given: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    left_at: Mapping[str, datetime] = field(default_factory=dict)
    texts: Mapping[BookingId, Texts] = field(default_factory=dict)
    looks: Mapping[Question, Answer] = field(default_factory=dict)
    clock_jumped: bool = False
    asked_lately: frozenset[BookingId] = frozenset()
    refused_uids: frozenset[str] = frozenset()
    ended_since: datetime | None = None
    told_otherwise: Mapping[BookingId, datetime] = field(default_factory=dict)
    requested: frozenset[BookingId] = frozenset()
    cancelled_lately: int = 0
    perhaps_cancelled: frozenset[BookingId] = frozenset()
    moved_now: int = 0
    removed_now: int = 0

    def zone(self, booking: Booking) -> tzinfo | None:
        """The zone of the booking's place; None where it is not known."""
        return self.catalog.zone(booking.location_id)

    def zone_name(self, booking: Booking) -> str:
        location = self.catalog.locations.get(booking.location_id)
        return location.timezone if location is not None else ""

    @property
    def all_readable(self) -> bool:
        """Whether every managed calendar was read completely: only then is a deletion believed."""
        return self.managed <= self.readable

    @cached_property
    def linked_keys(self) -> Mapping[tuple[str, str], BookingId]:
        """Which open link each event belongs to."""
        return {(link.calendar, link.href): link.booking_id for link in self.links.values() if link.closed is None}

    @cached_property
    def has_unlinked(self) -> bool:
        """Whether any event of ours belongs to no open link: in most cycles none does."""
        return any(key not in self.linked_keys for key in self.events)

    @cached_property
    def unknown(self) -> Mapping[tuple[str, str], datetime]:
        """Those `not_given` that belong to no open link: whose they are and what they say nobody knows."""
        return {key: since for key, since in self.not_given.items() if key not in self.linked_keys}

    @cached_property
    def linked_stems(self) -> frozenset[str]:
        """The stems of the UIDs of all open links."""
        named = (parse_uid(link.uid) for link in self.links.values() if link.closed is None)
        return frozenset(parsed[0] for parsed in named if parsed is not None)

    @cached_property
    def names(self) -> frozenset[tuple[str, str]]:
        """The last segments of all known hrefs, each with its calendar."""
        return frozenset((calendar, href.rsplit("/", 1)[-1]) for calendar, href in self.events)

    @cached_property
    def by_stem(self) -> Mapping[str, tuple[Observation, ...]]:
        """Readable events with a UID of ours, by the stem of that UID."""
        found: dict[str, list[Observation]] = {}
        for seen in self.events.values():
            parsed = parse_uid(seen.event.uid) if seen.event is not None else None
            if parsed is not None:
                found.setdefault(parsed[0], []).append(seen)
        return {name: tuple(sorted(group, key=lambda seen: seen.key)) for name, group in found.items()}

    def of_uid(self, uid: str) -> tuple[Observation, ...]:
        """The readable events that bear this UID of ours, in whichever generation."""
        parsed = parse_uid(uid)
        return self.by_stem.get(parsed[0], ()) if parsed is not None else ()

    def is_anothers(self, seen: Observation, booking_id: BookingId) -> bool:
        """Whether the event names another booking that stands, which Zimun lists or told of by its id.

        A reschedule may give a booking another id, and its event keeps its UID. Without that link, as in an older
        database, the UID alone would make it the event of the old one, which is gone.
        """
        if seen.event is None or seen.event.booking_id == booking_id:
            return False
        named = BookingId(seen.event.booking_id)
        told = self.looks.get(LookBooking(named))
        other = told if isinstance(told, Booking) else self.bookings.get(named)
        # an app may bring back what it knew from before a reschedule, which cancelled that id
        return other is not None and other.live

    @cached_property
    def by_booking_id(self) -> Mapping[str, tuple[Observation, ...]]:
        """Readable events that name a booking in X-ZIMUN-BOOKING-ID, by that id."""
        found: dict[str, list[Observation]] = {}
        for seen in self.events.values():
            if seen.event is not None and seen.event.booking_id:
                found.setdefault(seen.event.booking_id, []).append(seen)
        return {name: tuple(sorted(group, key=lambda seen: seen.key)) for name, group in found.items()}
