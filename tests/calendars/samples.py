"""Drafts and calendar objects that the tests of the CalDAV side share."""

from datetime import UTC, datetime, timedelta

from syncd.calendars import ical
from syncd.domain.booking import Span
from syncd.domain.event import Draft
from syncd.domain.ids import BookingId, name_of, uid_of

NOW = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)
START = datetime(2030, 3, 1, 9, 0, tzinfo=UTC)


def draft(booking_id: str = "b_1", start: datetime = START, title: str = "Haircut – Ada", generation: int = 1) -> Draft:
    """How an hour's booking is written."""
    booking = BookingId(booking_id)
    return Draft(
        uid=uid_of(booking, generation),
        booking_id=booking,
        span=Span(start, start + timedelta(hours=1)),
        zone="Europe/Berlin",
        title=title,
        place="Main Street 1",
        description="Ada, ada@example.org",
    )


def name(booking_id: str = "b_1") -> str:
    return name_of(BookingId(booking_id))


def foreign(uid: str = "dentist-1", summary: str = "Dentist", extra: str = "") -> str:
    """Somebody's own event."""
    return (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nBEGIN:VEVENT\r\n"
        f"UID:{uid}\r\nDTSTAMP:20300101T000000Z\r\nDTSTART:20300301T120000Z\r\nDTEND:20300301T130000Z\r\n"
        f"SUMMARY:{summary}\r\n{extra}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )


def ours(booking_id: str = "b_1", title: str = "Haircut – Ada") -> str:
    """A booking's event as we write it."""
    return ical.render(draft(booking_id, title=title), "", NOW)


class Elapsed:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds
