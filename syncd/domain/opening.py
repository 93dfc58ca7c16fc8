"""An open slot as an event in a calendar kept for that: what it is called, and what is remembered of it.

UID and href follow from service, place and start alone, so a crash or a lost database leaves no second event of a slot.
Neither looks like a booking's: those end in `@zimun`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from syncd.domain.ids import BookingId, stem

DOMAIN = "@slots.zimun"
# the last part counts up where a server refuses a UID that was used before
_STEM = re.compile(r"([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{1,64})\.([0-9]{8}T[0-9]{6})Z(?:~[1-9][0-9]?)?")
_SUFFIX = ".ics"


class SlotKey(NamedTuple):
    """Which slot: for life. `start` is aware and in UTC, to the second."""

    service_id: str
    location_id: str
    start: datetime


class SlotStem(NamedTuple):
    """What the name of a slot's event says: stems of its ids (see `ids.stem`), and its start."""

    service: str
    place: str
    start: datetime


def slot_stem(slot: SlotKey) -> SlotStem:
    return SlotStem(stem(BookingId(slot.service_id)), stem(BookingId(slot.location_id)), slot.start)


def slot_uid(slot: SlotKey, generation: int = 1) -> str:
    """The UID of the slot's event. A server that refuses a UID used before gets the next generation."""
    return _named(slot, generation) + DOMAIN


def slot_name(slot: SlotKey, generation: int = 1) -> str:
    """The last segment of the href of the slot's event."""
    return _named(slot, generation) + _SUFFIX


def parse_slot_href(href: str) -> SlotStem | None:
    """The slot whose event has that href; None for anything else."""
    name = href.rsplit("/", 1)[-1].replace("%7E", "~").replace("%7e", "~")
    return _parsed(name.removesuffix(_SUFFIX)) if name.endswith(_SUFFIX) else None


def parse_slot_uid(uid: str) -> SlotStem | None:
    """The slot whose event has that UID; None for anybody else's."""
    return _parsed(uid.removesuffix(DOMAIN)) if uid.endswith(DOMAIN) else None


def _named(slot: SlotKey, generation: int) -> str:
    named = slot_stem(slot)
    suffix = "" if generation == 1 else f"~{generation}"
    return f"{named.service}.{named.place}.{named.start.astimezone(UTC):%Y%m%dT%H%M%SZ}{suffix}"


def _parsed(text: str) -> SlotStem | None:
    found = _STEM.fullmatch(text)
    if found is None:
        return None
    try:
        start = datetime.strptime(found[3], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return SlotStem(found[1], found[2], start)


@dataclass(frozen=True, slots=True)
class Opening:
    """One slot's event as it was last read or written.

    `service_id`, `location_id` and `start` are the slot's, whatever stands in the event. `from_` and `until` are where
    it stands, None where that is no time that can be told. `face` is a hash of how syncd last wrote it, empty where
    that is not known; `said` one of the texts that the server made of it. `edited`: its texts are a person's, so it is
    left alone. `put_back_at`: when it was last written over a person's change, of the last few times. `gone`: it was
    deleted, and its slot is still open.
    """

    href: str
    etag: str | None
    service_id: str
    location_id: str
    start: datetime
    from_: datetime | None = None
    until: datetime | None = None
    face: str = ""
    said: str = ""
    edited: bool = False
    put_back_at: tuple[datetime, ...] = ()
    gone: bool = False

    @property
    def slot(self) -> SlotKey:
        return SlotKey(self.service_id, self.location_id, self.start)
