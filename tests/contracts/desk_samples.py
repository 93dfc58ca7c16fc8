"""Times at the desk, and what is looked at there."""

from datetime import UTC, date, datetime

from syncd.domain.booking import Booking
from syncd.domain.ids import BookingId
from syncd.ports import BookingPort

DAY = date(2026, 3, 25)


def at(hour: int, minute: int = 0, day: int = 25) -> datetime:
    """UTC; Berlin is an hour ahead, and from the 29th on two."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


async def one(port: BookingPort, booking_id: BookingId) -> Booking:
    """The booking read afresh, which must be there."""
    found = await port.booking(booking_id)
    assert found is not None
    return found


async def starts(port: BookingPort, day: date = DAY, service_id: str = "cut", place: str = "loc_1") -> list[datetime]:
    """The open starts on whole and half hours: how fine the grid is, is nowhere published."""
    slots = await port.open_slots(service_id, place, day)
    assert all((slot.service_id, slot.location_id) == (service_id, place) for slot in slots)
    return [slot.start for slot in slots if slot.start.minute in (0, 30)]
