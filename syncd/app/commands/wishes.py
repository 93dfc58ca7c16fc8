"""What a person says on the command line, read strictly; and bookings, told with the API's own field names."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from syncd.app.commands.common import WrongUsage, stamp
from syncd.domain.booking import Booking
from syncd.planning.requests import JOINERS, LONGEST_NAME

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d)?)(Z|z|[+-]\d\d:?\d\d)?", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_LONGEST_ADDRESS = 200
FORMS = "2026-11-24T14:00 (on the clock of the place), 2026-11-24T14:00+01:00 or 2026-11-24T13:00Z"


def read_time(option: str, text: str, zone: Callable[[], str]) -> datetime:
    """The instant that is meant, in UTC. Without an offset it is on the clock of the place, whose zone is asked for.

    Raises WrongUsage for what is no time, and for a local time that is not there or there twice on that day.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise WrongUsage(f"{option} {text}: no time that can be read; say {FORMS}")
    day, clock, offset = match.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{clock}{(offset or '').upper()}")
        if not offset:
            at = _in_zone(option, text, at, zone())
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WrongUsage(f"{option} {text}: there is no such time; say {FORMS}") from None


def read_name(text: str) -> str:
    """A customer's name as one line. Raises WrongUsage, without the name in it."""
    name = " ".join(text.split())
    letters = "".join(sign for sign in name if sign not in JOINERS)
    if not letters or len(name) > LONGEST_NAME or not letters.isprintable():
        raise WrongUsage(f"--name: 1 to {LONGEST_NAME} printable characters are a name")
    return name


def read_email(text: str) -> str:
    """An e-mail address. Raises WrongUsage, without the address in it."""
    email = text.strip()
    if not _EMAIL.fullmatch(email) or len(email) > _LONGEST_ADDRESS or not email.isprintable():
        raise WrongUsage("--email: that is no e-mail address")
    return email


def read_id(text: str) -> str:
    """A booking's id, as it is. Raises WrongUsage for one that is no text."""
    if not text.strip() or not text.isprintable():
        raise WrongUsage("BOOKING_ID: an id is needed, as `syncd status` and `syncd log` show it")
    return text.strip()


def booking_json(booking: Booking) -> dict[str, object]:
    """The booking's own fields, by the API's names."""
    return {
        "booking_id": booking.id,
        "service_id": booking.service_id,
        "location_id": booking.location_id,
        "start_time": stamp(booking.start),
        "end_time": stamp(booking.end),
        "status": booking.status.value,
        "contact_name": booking.contact_name,
        "contact_email": booking.contact_email,
        "contact_phone": booking.contact_phone,
        "notes": booking.notes,
        "staff_name": booking.staff_name,
        "updated_at": stamp(booking.updated_at),
    }


def _in_zone(option: str, text: str, at: datetime, name: str) -> datetime:
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise WrongUsage(
            f"{option} {text}: the zone of the place is not known; say the offset too, as in {FORMS}"
        ) from None
    here = at.replace(tzinfo=zone)
    if here.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != at:
        raise WrongUsage(f"{option} {text}: the clocks are put forward over that time in {name}")
    if here.replace(fold=1).utcoffset() != here.utcoffset():
        raise WrongUsage(f"{option} {text}: that time is there twice in {name}; say the offset too")
    return here
