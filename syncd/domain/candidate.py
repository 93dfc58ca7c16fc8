"""An event that may ask for a booking, as it is remembered between two cycles: nothing of its texts is kept."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncd.domain.ids import BookingId
from syncd.domain.note import Note


class Stage(StrEnum):
    """How far an event has come on its way to a booking.

    THEIRS: it asks for nothing, and is not touched. STANDING: it asks, and is to stand unchanged for a while, or to be
    tried again. AWAITING: a person's word is needed. APPROVED: it was given. CLOSED: it is not tried again until the
    person changes it. BOOKED: there is a booking for it, whose event takes its place.
    """

    THEIRS = "theirs"
    STANDING = "standing"
    AWAITING = "awaiting"
    APPROVED = "approved"
    CLOSED = "closed"
    BOOKED = "booked"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One event of a calendar in which people may ask for bookings.

    `id` is the number that it is decided by, 0 until it is stored. `version` is the fingerprint of the whole object,
    as of `etag`, empty while nobody can read it, and of one that syncd removed as it was booked; `wish` a hash of what
    counts for a request, as it was read last. `since` is when it was first seen like this. `first`: it stood there
    when the calendar was first read. `note` is still to be written into it; `told` is the kind of the note that syncd
    wrote last. Of what it asks for only start (aware, in UTC), service and place are kept, for `status`. `asked_at` is
    when Zimun was first asked for what it asks for; None before. `booking_id` is the booking that it became. `gone`:
    the calendar does not list it now.
    """

    id: int
    calendar: str
    href: str
    etag: str | None
    version: str
    wish: str
    stage: Stage
    since: datetime
    first: bool = False
    start: datetime | None = None
    service_id: str = ""
    location_id: str = ""
    note: Note | None = None
    told: str = ""
    asked_at: datetime | None = None
    booking_id: BookingId | None = None
    gone: bool = False

    @property
    def name(self) -> BookingId:
        """What it is called in `status`, `approve`, `reject` and `log`, until Zimun names the booking."""
        return named(self.id)


def named(candidate_id: int) -> BookingId:
    """The name of a candidate by its number; no booking of Zimun's is called so."""
    return BookingId(f"event-{candidate_id}")
