"""BookingPort, the reading half. What Zimun has published nowhere is left open here as well."""

from datetime import date, timedelta

import pytest

from syncd.domain.booking import Status
from syncd.domain.errors import NotFound, Refused
from syncd.domain.ids import BookingId
from syncd.ports import BookingPort
from tests.contracts.desk import CONTACT, NOTES, Desk
from tests.contracts.desk_samples import DAY, at, one, starts
from tests.simulation.zimun import CATALOG


async def test_the_catalog_holds_places_and_services(port: BookingPort) -> None:
    catalog = await port.catalog()
    assert (catalog.locations, catalog.services, catalog.parked) == (CATALOG.locations, CATALOG.services, ())


async def test_a_booking_carries_all_that_the_customer_said(desk: Desk, port: BookingPort) -> None:
    booking_id = desk.book(at(9), "color")
    (listed,) = (await port.bookings(at(0), at(23))).bookings
    for found in (listed, await one(port, booking_id)):
        assert (found.id, found.start, found.end) == (booking_id, at(9), at(10, 30))
        assert (found.service_id, found.location_id, found.staff_name) == ("color", "loc_1", "Zoe")
        assert (found.contact_name, found.contact_email, found.contact_phone) == tuple(CONTACT.values())
        assert (found.notes, found.status, found.cancelled) == (NOTES, Status.CONFIRMED, False)
        assert found.updated_at is not None
        assert found.start.tzinfo is not None


async def test_what_starts_in_the_window_is_listed_every_page_of_it(desk: Desk, port: BookingPort) -> None:
    made = {desk.book(at(hour)) for hour in range(8, 13)}
    listed = await port.bookings(at(8), at(13))
    assert {booking.id for booking in listed.bookings} == made
    assert len(listed.bookings) == len(made)
    assert listed.parked == ()


async def test_the_window_is_half_open(desk: Desk, port: BookingPort) -> None:
    first, last = desk.book(at(9)), desk.book(at(11))
    listed = {booking.id for booking in (await port.bookings(at(9), at(11))).bookings}
    assert first in listed
    assert last not in listed


async def test_what_lies_outside_of_the_window_is_not_listed(desk: Desk, port: BookingPort) -> None:
    """Whether the list goes by the start or by overlap, nobody says: what began before and reaches in is left open."""
    desk.book(at(8))
    reaching = desk.book(at(9))
    desk.book(at(13))
    listed = {booking.id for booking in (await port.bookings(at(9, 30), at(12))).bookings}
    assert listed <= {reaching}


async def test_a_window_may_be_given_to_the_microsecond(desk: Desk, port: BookingPort) -> None:
    booking_id = desk.book(at(9))
    tick = timedelta(microseconds=1)
    assert [each.id for each in (await port.bookings(at(9) - tick, at(9) + tick)).bookings] == [booking_id]


async def test_an_empty_window_is_an_answer(port: BookingPort) -> None:
    assert (await port.bookings(at(0), at(23))).bookings == ()


async def test_a_booking_that_nobody_made_is_absent(port: BookingPort) -> None:
    assert await port.booking(BookingId("b_none")) is None


async def test_a_cancelled_booking_is_still_there_and_says_so(desk: Desk, port: BookingPort) -> None:
    booking_id = desk.book(at(9))
    desk.cancel(booking_id)
    (listed,) = (await port.bookings(at(0), at(23))).bookings
    for found in (listed, await one(port, booking_id)):
        assert (found.id, found.start, found.status, found.cancelled) == (booking_id, at(9), Status.CANCELLED, True)


async def test_updated_at_grows_with_each_change_and_with_nothing_else(desk: Desk, port: BookingPort) -> None:
    booking_id = desk.book(at(9))
    seen = []
    for change in (
        lambda: None,
        lambda: desk.move(booking_id, at(10)),
        lambda: desk.cancel(booking_id),
    ):
        desk.forward(seconds=5)
        change()
        desk.forward(seconds=5)
        stamps = {(await one(port, booking_id)).updated_at for _ in range(2)}
        assert len(stamps) == 1
        seen.append(stamps.pop())
    moments = [stamp for stamp in seen if stamp is not None]
    assert len(set(moments)) == 3
    assert moments == sorted(moments)


# Open slots


async def test_the_open_slots_of_a_day_fit_into_the_opening_hours(port: BookingPort) -> None:
    open_ = await starts(port)
    assert (open_[0], open_[-1]) == (at(7), at(16))
    assert open_ == sorted(open_)
    assert len(open_) == 19


async def test_a_slot_says_when_it_would_end(port: BookingPort) -> None:
    assert {slot.end - slot.start for slot in await port.open_slots("color", "loc_1", DAY) if slot.end} == {
        timedelta(minutes=90)
    }


@pytest.mark.parametrize(("day", "first"), [(28, 7), (29, 6)])
async def test_opening_hours_are_the_places_wall_time(port: BookingPort, day: int, first: int) -> None:
    """On the 29th Berlin's clocks go ahead."""
    assert (await starts(port, date(2026, 3, day)))[0] == at(first, day=day)


async def test_a_booking_takes_all_slots_that_overlap_it_its_own_among_them(desk: Desk, port: BookingPort) -> None:
    desk.book(at(10))
    open_ = await starts(port)
    assert not {at(9, 30), at(10), at(10, 30)} & set(open_)
    assert {at(9), at(11)} <= set(open_)
    assert {at(9, 30), at(10), at(10, 30)} <= set(await starts(port, place="loc_2"))


async def test_a_cancelled_booking_takes_nothing(desk: Desk, port: BookingPort) -> None:
    booking_id = desk.book(at(10))
    desk.cancel(booking_id)
    assert at(10) in await starts(port)


async def test_slots_in_the_past_are_not_offered(desk: Desk, port: BookingPort) -> None:
    today = desk.now().date()
    assert all(start >= desk.now() for start in await starts(port, today))
    assert await starts(port, today - timedelta(days=1)) == []


@pytest.mark.parametrize(("service_id", "place"), [("cut", ""), ("none", "loc_1"), ("cut", "none")])
async def test_where_a_service_is_not_offered_no_slots_are_told(port: BookingPort, service_id: str, place: str) -> None:
    """Of that service alone: whether the whole call is closed to this client is another question (`test_refusals`)."""
    with pytest.raises((Refused, NotFound)):
        await port.open_slots(service_id, place, DAY)
