"""What Zimun said is open: the starts of one service at one place on one day, and how old that word is."""

from dataclasses import dataclass
from datetime import date, datetime

from syncd.domain.booking import Slot

DayKey = tuple[str, str, date]
"""Service, place, and a day as the place's clocks have it."""


@dataclass(frozen=True, slots=True)
class OpenDay:
    """`slots` as of `read_at`, which is None where they could never be read: then nothing is known of that day.

    `tried_at` is when Zimun was last asked, with or without success. `stale`: something happened since that may have
    changed it. `refused`: Zimun answered that it does not tell, or knows no such service there.
    """

    service_id: str
    location_id: str
    day: date
    tried_at: datetime
    read_at: datetime | None = None
    slots: tuple[Slot, ...] = ()
    stale: bool = False
    refused: bool = False

    @property
    def key(self) -> DayKey:
        return (self.service_id, self.location_id, self.day)
