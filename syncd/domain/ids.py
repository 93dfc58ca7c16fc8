"""How a booking is named in a calendar: its UID, its href, and the way back.

Both follow from the booking's id alone, so a lost database is rebuilt without a second event.
"""

import hashlib
import re
from functools import lru_cache
from typing import NewType

BookingId = NewType("BookingId", str)

DOMAIN = "@zimun"
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_UID = re.compile(r"([A-Za-z0-9_-]{1,64})(?:~([1-9][0-9]{0,3}))?@zimun")


def stem(booking_id: BookingId) -> str:
    """The booking's name as one plain path segment: the id itself, or its SHA-256 where the id is not plain."""
    if _PLAIN.fullmatch(booking_id):
        return booking_id
    return hashlib.sha256(booking_id.encode("utf-8", "surrogatepass")).hexdigest()


def uid_of(booking_id: BookingId, generation: int = 1) -> str:
    """The UID of the booking's event. A server that refuses a UID used before gets the next generation."""
    return stem(booking_id) + _suffix(generation) + DOMAIN


def name_of(booking_id: BookingId, generation: int = 1) -> str:
    """The last segment of the href of the booking's event."""
    return f"{stem(booking_id)}{_suffix(generation)}.ics"


@lru_cache(maxsize=10_000)
def parse_uid(uid: str) -> tuple[str, int] | None:
    """The stem and the generation of a UID of ours, or None for anybody else's."""
    match = _UID.fullmatch(uid)
    if match is None:
        return None
    return match[1], int(match[2] or 1)


def stem_of_href(href: str) -> str | None:
    """The stem of which the href of an event was made, in whichever generation; None for a name that is not ours."""
    named = parse_uid(href.rsplit("/", 1)[-1].removesuffix(".ics") + DOMAIN)
    return named[0] if named is not None else None


def _suffix(generation: int) -> str:
    return "" if generation == 1 else f"~{generation}"
