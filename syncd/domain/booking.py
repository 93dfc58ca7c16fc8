"""What lives in Zimun: bookings, and the places, services and open slots around them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from syncd.domain.ids import BookingId


class Status(StrEnum):
    """A booking's status. A word that we do not know is OTHER, and OTHER is live: no booking is lost to a new word."""

    HELD = "held"
    SCHEDULED = "scheduled"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of time; both ends aware and in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a span needs aware times")

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end

    @property
    def length(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Booking:
    """One booking as Zimun gives it. `start` and `end` are aware and in UTC; texts are as sent, unescaped."""

    id: BookingId
    start: datetime
    end: datetime
    status: Status = Status.CONFIRMED
    service_id: str = ""
    location_id: str = ""
    contact_name: str = ""
    contact_email: str = ""
    contact_phone: str = ""
    notes: str = ""
    staff_name: str = ""
    updated_at: datetime | None = None

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    @property
    def cancelled(self) -> bool:
        return self.status is Status.CANCELLED

    @property
    def live(self) -> bool:
        """Whether it is in force: not cancelled, and more than a hold."""
        return self.status not in (Status.CANCELLED, Status.HELD)

    def is_newer_than(self, other: "Booking") -> bool:
        """Whether Zimun dated both, and this one later."""
        return self.updated_at is not None and other.updated_at is not None and self.updated_at > other.updated_at

    def same_as(self, other: "Booking") -> bool:
        """Whether nothing that a person decides differs: start, end, service, place, staff and whether it lives.

        `updated_at`, the contact's texts and the finer statuses do not count.
        """
        return (
            self.start == other.start
            and self.end == other.end
            and self.service_id == other.service_id
            and self.location_id == other.location_id
            and self.staff_name == other.staff_name
            and self.cancelled == other.cancelled
        )


def zone_named(name: str) -> ZoneInfo | None:
    """The zone of that IANA name; None for none, and for one that nobody knows."""
    try:
        return ZoneInfo(name) if name else None
    except (LookupError, ValueError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class Location:
    """A place. `timezone` is an IANA name; empty where the API names none or one that nobody knows."""

    id: str
    name: str = ""
    timezone: str = ""
    address: str = ""

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone that its clocks show; None where it is not known: then nobody can say when its days begin."""
        return zone_named(self.timezone)


@dataclass(frozen=True, slots=True)
class Service:
    id: str
    name: str = ""
    duration: timedelta | None = None
    location_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """An open slot: a start (aware, UTC) at which Zimun would take a booking of that service at that place."""

    service_id: str
    location_id: str
    start: datetime
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Parked:
    """One item that could not be read: what it is called, and why. It never stops the others."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """Places and services by id. `parked` names the entries that could not be read."""

    locations: Mapping[str, Location] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    parked: tuple[Parked, ...] = ()

    def zone(self, location_id: str) -> ZoneInfo | None:
        """The zone of that place; None where the place or its zone is not known."""
        place = self.locations.get(location_id)
        return place.zone if place is not None else None

    def names(self, booking: Booking) -> bool:
        """Whether the booking's service and place are in it, as far as it is of any."""
        return (not booking.location_id or booking.location_id in self.locations) and (
            not booking.service_id or booking.service_id in self.services
        )


@dataclass(frozen=True, slots=True)
class BookingList:
    """A complete listing of a window: every page was read. Items that could not be read are in `parked`."""

    bookings: tuple[Booking, ...]
    parked: tuple[Parked, ...] = ()
