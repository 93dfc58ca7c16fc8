"""What lives in a calendar: an event as it was read, and a draft of how it shall be written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from syncd.domain.booking import Span
from syncd.domain.ids import BookingId, parse_uid


class TimeKind(StrEnum):
    ZONED = "zoned"
    UTC = "utc"
    FLOATING = "floating"
    DATE = "date"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class EventTime:
    """A DTSTART or DTEND as stored, and the instant that it means.

    `value` and `tzid` are what stands in the object (RFC 5545 §3.3.5). `instant` is in UTC; None for a date, for a zone
    that nobody can resolve, and for a floating time, which only the place's zone can turn into an instant.
    """

    value: str
    tzid: str = ""
    kind: TimeKind = TimeKind.UTC
    instant: datetime | None = None

    def written_like(self, other: "EventTime") -> bool:
        """Whether both are the same letters: value and zone name."""
        return self.value == other.value and self.tzid == other.tzid


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of an event, without a note. `lines` are the description's, each under a key for what it tells."""

    title: str
    place: str = ""
    lines: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Put:
    """Where syncd put an event: an event that stands at this start (UTC) was not dragged since.

    `number`: how many times its booking had been moved by others until then. The lower one is the older.
    """

    number: int
    start: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """An event as read. The note is stripped from `title` and `description`; `noted` says that there was one,
    and `asks` whether the mark in the title asks "Cancel?", also behind an app's own word: None where there is none, or
    where that was not read yet.

    `booking_id` is what X-ZIMUN-BOOKING-ID says, decoded; empty where it is absent or unreadable. `fingerprint` is a
    hash of the whole object, DTSTAMP and LAST-MODIFIED included, blind to the order of properties and parameters:
    equal fingerprints are the same version, whoever stored it. `invitation`: it has attendees or an organizer.
    `put` is what X-ZIMUN-START says, which apps carry along; None where it is absent or unreadable.
    """

    uid: str
    booking_id: str
    start: EventTime
    end: EventTime
    title: str
    place: str
    description: str
    noted: bool = False
    asks: bool | None = None
    recurring: bool = False
    cancelled: bool = False
    fingerprint: str = ""
    invitation: bool = False
    put: Put | None = None

    def is_copy_of(self, booking_id: str) -> bool:
        """Whether nothing but its text shows that it was made from this booking's event: a line that ends ": b_1".

        Enough to believe that the event was not deleted; not enough to act on it, for people write such lines too.
        """
        known = self.booking_id or parse_uid(self.uid) or self.cancelled
        return not known and any(line.rstrip().endswith(f": {booking_id}") for line in self.description.splitlines())


EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when something stands that stood there when its calendar was first read."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What was last seen at one href: a fact, never a wish.

    `data` is the complete object, kept for events of ours only. `event` is None for somebody else's event, and for one
    of ours that could not be read: then `fault` says why. `etag` is the server's, None where it gave none. `first_at`:
    since when anything was seen there, None where that is this version's `seen_at`.
    """

    calendar: str
    href: str
    etag: str | None
    seen_at: datetime
    event: Event | None = None
    data: str = ""
    fault: str = ""
    first_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.calendar, self.href


@dataclass(frozen=True, slots=True)
class Draft:
    """How an event shall stand in the calendar; the adapter writes it onto the last complete object, if there is one.

    `span` None leaves the times as they stand in that object. `note` and `mark` are the overlay: the first line of the
    description and what leads the title; both empty for none. `klass` and `alarm_minutes` count for a new event only:
    afterwards they are the person's. `booking_id` is empty where it is no booking's event: a person's own that gets a
    note, or an open slot's. `put`: None leaves what stands there. `transparent`: a new event takes up no time (RFC 5545
    §3.8.2.7).
    """

    uid: str
    booking_id: BookingId
    span: Span | None
    zone: str
    title: str
    place: str
    description: str
    note: str = ""
    mark: str = ""
    klass: str = "PUBLIC"
    alarm_minutes: int = 0
    put: Put | None = None
    transparent: bool = False
