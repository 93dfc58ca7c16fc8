"""What a person asks of Zimun, as values: from the command line or by an event, and what came of it."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from syncd.domain.booking import Booking
from syncd.domain.ids import BookingId


@dataclass(frozen=True, slots=True)
class Request:
    """A booking that is asked for. `start` is aware and in UTC; `location_id` is empty where Zimun names no places."""

    service_id: str
    location_id: str
    start: datetime
    contact_name: str
    contact_email: str
    kind: Literal["book"] = "book"

    def is_same_as(self, other: "Request") -> bool:
        """Whether both are met by the same booking."""
        mine, others = self.contact_email.casefold(), other.contact_email.casefold()
        what = (self.service_id, self.location_id, self.start, mine)
        return what == (other.service_id, other.location_id, other.start, others)

    def is_met_by(self, booking: Booking) -> bool:
        """Whether a live booking is this very one: the same service, place, start and e-mail."""
        return (
            booking.live
            and booking.start == self.start
            and booking.service_id == self.service_id
            and self.location_id in ("", booking.location_id)
            and booking.contact_email.casefold() == self.contact_email.casefold()
        )

    def is_in_another_name(self, other: "Booking | Request") -> bool:
        """Whether the other is clearly somebody else's, as of two who share one e-mail address."""
        mine, theirs = _plain(self.contact_name), _plain(other.contact_name)
        return bool(mine and theirs) and mine != theirs


def _plain(name: str) -> str:
    """A name without what differs where the same is typed twice: case, blanks and accents."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    return " ".join(bare.casefold().split())


@dataclass(frozen=True, slots=True)
class MoveWanted:
    """A booking is to be moved to another start, whatever its event says."""

    booking_id: BookingId
    to: datetime
    kind: Literal["reschedule"] = "reschedule"


@dataclass(frozen=True, slots=True)
class CancelWanted:
    booking_id: BookingId
    kind: Literal["cancel"] = "cancel"


@dataclass(frozen=True, slots=True)
class ImportWanted:
    """Bookings to be taken in by their ids."""

    booking_ids: tuple[BookingId, ...]
    kind: Literal["import"] = "import"


Wanted = Request | MoveWanted | CancelWanted | ImportWanted


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of it. `code` is the exit code, `text` a sentence without a full stop, with no customer's data.

    `booking_ids` are the bookings about which it was done, as they are called now; `refused` says for each other one
    why not; `slots` are up to three open starts nearest to one that was not open. `reason` is Zimun's own words, where
    it said no: untrusted, for the person alone.
    """

    code: int
    text: str
    booking_ids: tuple[BookingId, ...] = ()
    refused: tuple[tuple[BookingId, str], ...] = ()
    slots: tuple[datetime, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A booking as it is by Zimun's own answer to us, until its link says the same.

    `at` is when Zimun said so; `before` is the booking before our write, which a lagging answer may still show.
    """

    booking: Booking
    at: datetime
    before: Booking | None = None
