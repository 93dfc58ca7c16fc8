"""What a single JSON value of the Booking API may look like, and what it means. Pure.

Messages name the kind of fault and never the value: values are customers' data.
"""

import math
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import PlainValidator

# RFC 3339 §5.6, and what of ISO 8601 is as clear: no seconds, a comma, a blank for the T, +HH, +HHMM
_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]"
    r"([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?) ?"
    r"([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
# outside of these a sum with a day's length may leave what datetime can hold
_YEARS = range(1970, 3000)
_LONGEST = timedelta(days=366)
# files beside the zones in a system's zone directory; they name no place
_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Fault(ValueError):
    """A value that cannot be read; its text goes behind the field's name."""


def text(value: object) -> str:
    """A text as sent; numbers in digits; anything else is no text and counts as empty.

    Lone surrogates, which JSON can say and UTF-8 cannot, become U+FFFD.
    """
    if isinstance(value, str):
        return re.sub(r"[\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return ""


def identifier(value: object) -> str:
    """An id: a text that is not blank, or an integer. Raises Fault for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.strip() and text(value) == value:
        return value
    raise Fault("is not an id")


def reference(value: object) -> str:
    """The id of something else; empty where it cannot be read, for a booking is worth more than its reference."""
    try:
        return identifier(value)
    except Fault:
        return ""


def instant(value: object) -> datetime:
    """An ISO 8601 time with its offset from UTC, as an aware time in UTC. A time without offset is never guessed at."""
    match = _ISO.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Fault("is not an ISO 8601 time")
    if match[3] is None:
        raise Fault("has no offset from UTC")
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3].upper()}").astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise Fault("is no time that exists") from exc
    if moment.year not in _YEARS:
        raise Fault("is not in the years 1970 to 2999")
    return moment


def second(value: object) -> datetime:
    """An instant in whole seconds: iCalendar has nothing finer (RFC 5545 §3.3.12); a rest would look like a move."""
    return instant(value).replace(microsecond=0)


def instant_or_none(value: object) -> datetime | None:
    try:
        return instant(value)
    except Fault:
        return None


def minutes(value: object) -> timedelta:
    """A length in minutes, more than none and at most a year."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Fault("is not a number of minutes")
    # math.isfinite raises for an integer of some hundreds of digits
    if isinstance(value, float) and not math.isfinite(value):
        raise Fault("is not a number of minutes")
    if not 0 < value <= _LONGEST / timedelta(minutes=1):
        raise Fault("is not a length of a booking")
    return timedelta(seconds=round(value * 60))


def references(value: object) -> tuple[str, ...]:
    """The ids in a list; what is no id in it is left out."""
    if not isinstance(value, list):
        return ()
    return tuple(found for found in map(reference, value) if found)


def is_zone(name: str) -> bool:
    """Whether this is the name of a zone of the IANA time zone database that is known here."""
    # the longest has 32 characters, in three parts; ZoneInfo recurses for each part, and the cache keeps names
    return len(name) <= 64 and name.count("/") <= 3 and _is_zone(name)


@lru_cache(maxsize=1024)
def _is_zone(name: str) -> bool:
    if name in _NO_ZONES or name.startswith(("posix/", "right/")):
        return False
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        # a directory's name ("Europe") is an OSError, a path out of the database a ValueError
        return False
    return True


def plain(words: str, limit: int) -> str:
    """One line for a person, of at most `limit` characters, without control characters and bidi overrides."""
    line = " ".join(words[: limit * 10].split())
    kept = (c for c in line if unicodedata.category(c) not in ("Cc", "Cs") and c not in _BIDI)
    return "".join(kept)[:limit].strip()


Id = Annotated[str, PlainValidator(identifier)]
Reference = Annotated[str, PlainValidator(reference)]
References = Annotated[tuple[str, ...], PlainValidator(references)]
Text = Annotated[str, PlainValidator(text)]
Second = Annotated[datetime, PlainValidator(second)]
Stamp = Annotated[datetime | None, PlainValidator(instant_or_none)]
Minutes = Annotated[timedelta, PlainValidator(minutes)]
