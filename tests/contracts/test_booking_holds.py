"""BookingPort: hold and confirm. A booking is made of the two, and never twice, whatever gets lost on the way."""

from datetime import datetime

import pytest

from syncd.domain.booking import Booking
from syncd.domain.errors import NotFound, OutcomeUnknown, Refused
from syncd.ports import BookingPort
from tests.contracts.desk import Desk
from tests.contracts.desk_samples import at, one, starts
from tests.contracts.home import Trouble

WHO = ("Grace Hopper", "grace@example.org")


async def live(port: BookingPort) -> list[Booking]:
    """The bookings of the day that are in force; whether holds are listed, is nowhere published."""
    return [each for each in (await port.bookings(at(0), at(23))).bookings if each.live]


async def test_a_hold_takes_the_time_and_is_no_booking(port: BookingPort) -> None:
    held = await port.hold("cut", "loc_1", at(9), "k1")
    assert held.id
    assert held.end in (None, at(10))
    assert await live(port) == []
    assert at(9) not in await starts(port)
    assert at(9) in await starts(port, place="loc_2")


async def test_a_confirm_makes_a_booking_of_it(port: BookingPort) -> None:
    held = await port.hold("color", "loc_2", at(9), "k1")
    made = await port.confirm(held.id, *WHO, "k2")
    booking = await one(port, made.booking_id)
    assert made.booking in (None, booking)
    assert (booking.start, booking.end, booking.service_id, booking.location_id) == (
        at(9),
        at(10, 30),
        "color",
        "loc_2",
    )
    assert (booking.contact_name, booking.contact_email, booking.live) == (*WHO, True)
    assert await live(port) == [booking]
    assert at(9) not in await starts(port, place="loc_2")


async def test_it_is_a_booking_like_any_other(desk: Desk, port: BookingPort) -> None:
    held = await port.hold("cut", "loc_1", at(9), "k1")
    made = await port.confirm(held.id, *WHO, "k2")
    desk.forward(seconds=3600)  # long after the hold would have lapsed
    await port.reschedule(made.booking_id, at(12), "k3")
    assert desk.known(made.booking_id) == (at(12), False)
    await port.cancel(made.booking_id, "k4")
    assert desk.known(made.booking_id) == (at(12), True)


NOT_OPEN = {
    "taken": at(12),
    "half taken": at(12, 30),
    "before opening": at(6),
    "after closing": at(16, 30),
    "between two slots": at(13, 7),
    "past": at(9, day=20),
}


@pytest.mark.parametrize("when", NOT_OPEN)
async def test_a_time_that_is_not_open_is_not_held(desk: Desk, port: BookingPort, when: str) -> None:
    desk.book(at(12))
    before = await live(port)
    with pytest.raises(Refused) as caught:
        await port.hold("cut", "loc_1", NOT_OPEN[when], "k1")
    assert caught.value.reason
    assert await live(port) == before


async def test_a_held_time_is_taken_for_the_next(port: BookingPort) -> None:
    await port.hold("cut", "loc_1", at(9), "k1")
    with pytest.raises(Refused):
        await port.hold("cut", "loc_1", at(9), "k2")


async def test_what_nobody_offers_is_not_held(port: BookingPort) -> None:
    with pytest.raises(NotFound):
        await port.hold("shave", "loc_1", at(9), "k1")
    with pytest.raises(Refused):
        await port.hold("cut", "loc_9", at(9), "k2")
    with pytest.raises(Refused):
        await port.hold("cut", "", at(9), "k3")  # it is offered at two places
    with pytest.raises(NotFound):
        await port.confirm("h_none", *WHO, "k4")
    assert await live(port) == []


async def test_a_hold_lapses_after_ten_minutes(desk: Desk, port: BookingPort) -> None:
    held = await port.hold("cut", "loc_1", at(9), "k1")
    desk.forward(seconds=590)
    assert at(9) not in await starts(port)
    desk.forward(seconds=20)
    assert at(9) in await starts(port)
    with pytest.raises(Refused) as caught:
        await port.confirm(held.id, *WHO, "k2")
    assert caught.value.reason
    assert await live(port) == []


async def test_a_hold_is_good_for_one_booking(port: BookingPort) -> None:
    held = await port.hold("cut", "loc_1", at(9), "k1")
    await port.confirm(held.id, *WHO, "k2")
    with pytest.raises(Refused):
        await port.confirm(held.id, *WHO, "k3")
    assert len(await live(port)) == 1


# Keys


async def test_the_same_keys_again_are_the_same_hold_and_the_same_booking(desk: Desk, port: BookingPort) -> None:
    """Also when the hold is long over."""
    held = await port.hold("cut", "loc_1", at(9), "k1")
    assert await port.hold("cut", "loc_1", at(9), "k1") == held
    made = await port.confirm(held.id, *WHO, "k2")
    desk.forward(seconds=3600)
    assert (await port.hold("cut", "loc_1", at(9), "k1")).id == held.id
    assert (await port.confirm(held.id, *WHO, "k2")).booking_id == made.booking_id
    assert len(await live(port)) == 1


@pytest.mark.parametrize("start", [at(9), at(12)])
async def test_a_refused_hold_is_refused_again_under_its_key(desk: Desk, port: BookingPort, start: datetime) -> None:
    blocker = desk.book(start)
    for _ in range(2):
        with pytest.raises(Refused):
            await port.hold("cut", "loc_1", start, "k1")
        if not desk.known(blocker)[1]:
            desk.cancel(blocker)
    assert (await port.hold("cut", "loc_1", start, "k2")).id


async def test_a_key_of_another_request_holds_and_confirms_nothing(port: BookingPort) -> None:
    first = await port.hold("cut", "loc_1", at(9), "k1")
    with pytest.raises(Refused):
        await port.hold("cut", "loc_1", at(12), "k1")
    with pytest.raises(Refused):
        await port.confirm(first.id, *WHO, "k1")
    assert at(12) in await starts(port)
    assert await live(port) == []


# Lost on the way


async def test_a_hold_whose_answer_was_lost_is_found_by_its_key_and_confirmed(desk: Desk, port: BookingPort) -> None:
    desk.trouble(Trouble.ANSWERS_LOST)
    with pytest.raises(OutcomeUnknown):
        await port.hold("cut", "loc_1", at(9), "k1")
    desk.trouble(Trouble.NONE)
    assert at(9) not in await starts(port)
    held = await port.hold("cut", "loc_1", at(9), "k1")
    made = await port.confirm(held.id, *WHO, "k2")
    assert [each.id for each in await live(port)] == [made.booking_id]


async def test_a_confirm_whose_answer_was_lost_is_done_once_and_its_key_tells(desk: Desk, port: BookingPort) -> None:
    held = await port.hold("cut", "loc_1", at(9), "k1")
    desk.trouble(Trouble.ANSWERS_LOST)
    with pytest.raises(OutcomeUnknown):
        await port.confirm(held.id, *WHO, "k2")
    desk.trouble(Trouble.NONE)
    (booking,) = await live(port)
    assert (await port.confirm(held.id, *WHO, "k2")).booking_id == booking.id
    assert await live(port) == [booking]


async def test_calls_that_never_arrived_are_unknown_and_made_nothing(desk: Desk, port: BookingPort) -> None:
    await port.catalog()
    desk.trouble(Trouble.WRITES_LOST)
    with pytest.raises(OutcomeUnknown):
        await port.hold("cut", "loc_1", at(9), "k1")
    desk.trouble(Trouble.NONE)
    assert at(9) in await starts(port)
    held = await port.hold("cut", "loc_1", at(9), "k1")
    desk.trouble(Trouble.WRITES_LOST)
    with pytest.raises(OutcomeUnknown):
        await port.confirm(held.id, *WHO, "k2")
    desk.trouble(Trouble.NONE)
    assert await live(port) == []
    await port.confirm(held.id, *WHO, "k2")
    assert len(await live(port)) == 1
