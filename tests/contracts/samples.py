"""Drafts that the contracts write, and what they look at afterwards."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from syncd.domain.booking import Span
from syncd.domain.event import Draft, Event
from syncd.domain.ids import BookingId, name_of, uid_of
from syncd.ports import CalendarPort, Listing, Stored

START = datetime(2030, 3, 1, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def draft(booking_id: str = "b_1", **changes: Any) -> Draft:
    """How an hour's booking in Berlin is written."""
    booking = BookingId(booking_id)
    plain = Draft(
        uid=uid_of(booking),
        booking_id=booking,
        span=Span(START, START + HOUR),
        zone="Europe/Berlin",
        title="Haircut – Ada",
        place="Main Street 1",
        description="Ada, ada@example.org",
    )
    return replace(plain, **changes)


def name(booking_id: str = "b_1") -> str:
    return name_of(BookingId(booking_id))


async def create(calendar: CalendarPort, booking_id: str = "b_1", **changes: Any) -> Stored:
    return await calendar.create(name(booking_id), draft(booking_id, **changes), "")


async def read(calendar: CalendarPort, href: str) -> Stored:
    """What stands there, which must be something."""
    found = await calendar.get(href)
    assert found is not None
    return found


async def event(calendar: CalendarPort, href: str) -> Event:
    """The event there, which must be one of ours that can be read."""
    found = (await read(calendar, href)).event
    assert found is not None
    return found


async def title(calendar: CalendarPort, href: str) -> str:
    return (await event(calendar, href)).title


def applied(before: Listing, since: Listing) -> dict[str, str | None]:
    """A listing brought up to date with what changed since."""
    if since.full:
        return dict(since.etags)
    return {href: etag for href, etag in {**before.etags, **since.etags}.items() if href not in since.removed}
