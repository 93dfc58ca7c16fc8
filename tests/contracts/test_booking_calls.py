"""BookingPort, the writing half: what a reschedule and a cancel do, under which key, and what a lost answer means."""

from datetime import datetime

import pytest

from syncd.domain.booking import Status
from syncd.domain.errors import NotFound, OutcomeUnknown, Refused, Unavailable
from syncd.domain.ids import BookingId
from syncd.ports import BookingPort
from tests.contracts.desk import Desk
from tests.contracts.desk_samples import DAY, at, one, starts
from tests.contracts.home import Trouble


async def test_a_move_to_an_open_slot_moves_the_booking_and_nothing_else(desk: Desk, port: BookingPort) -> None:
    booking_id = desk.book(at(9))
    before = await one(port, booking_id)
    desk.forward(seconds=5)
    assert await port.reschedule(booking_id, at(12), "k1") is None
    after = await one(port, booking_id)
    assert (after.start, after.end) == (at(12), at(13))
    assert (after.contact_name, after.notes, after.status) == (before.contact_name, before.notes, before.status)
    assert before.updated_at is not None
    assert after.updated_at is not None
    assert after.updated_at > before.updated_at
    assert at(9) in await starts(port)
    assert at(12) not in await starts(port)


@pytest.mark.parametrize("start", [at(9, 30), at(8, 30)])
async def test_its_own_time_does_not_block_a_move(desk: Desk, port: BookingPort, start: datetime) -> None:
    booking_id = desk.book(at(9))
    assert start not in await starts(port)
    await port.reschedule(booking_id, start, "k1")
    assert desk.known(booking_id) == (start, False)


async def test_a_move_to_where_it_is_leaves_it_there(desk: Desk, port: BookingPort) -> None:
    booking_id = desk.book(at(9))
    await port.reschedule(booking_id, at(9), "k1")
    assert desk.known(booking_id) == (at(9), False)


TAKEN = {
    "taken": at(12),
    "half taken": at(12, 30),
    "before opening": at(6),
    "after closing": at(16, 30),
    "between two slots": at(13, 7),
    "past": at(9, day=20),
    "earlier today": at(7, day=23),
}


@pytest.mark.parametrize("where", TAKEN)
async def test_a_move_to_a_time_that_is_not_open_is_refused_and_changes_nothing(
    desk: Desk, port: BookingPort, where: str
) -> None:
    desk.book(at(12))
    booking_id = desk.book(at(9))
    before = await one(port, booking_id)
    desk.forward(seconds=5)
    with pytest.raises(Refused) as caught:
        await port.reschedule(booking_id, TAKEN[where], "k1")
    assert caught.value.reason
    assert await one(port, booking_id) == before


async def test_the_time_of_a_cancelled_booking_can_be_moved_to(desk: Desk, port: BookingPort) -> None:
    cancelled, booking_id = desk.book(at(12)), desk.book(at(9))
    desk.cancel(cancelled)
    await port.reschedule(booking_id, at(12), "k1")
    assert desk.known(booking_id) == (at(12), False)


async def test_a_cancelled_booking_is_not_moved(desk: Desk, port: BookingPort) -> None:
    booking_id = desk.book(at(9))
    desk.cancel(booking_id)
    with pytest.raises(Refused):
        await port.reschedule(booking_id, at(12), "k1")
    assert desk.known(booking_id) == (at(9), True)


async def test_what_nobody_made_is_neither_moved_nor_cancelled(port: BookingPort) -> None:
    for _ in range(2):
        with pytest.raises(NotFound):
            await port.reschedule(BookingId("b_none"), at(12), "k1")
        with pytest.raises(NotFound):
            await port.cancel(BookingId("b_none"), "k2")


# Cancel


async def test_a_cancel_cancels_and_frees_the_time(desk: Desk, port: BookingPort) -> None:
    booking_id = desk.book(at(9))
    await port.cancel(booking_id, "k1")
    assert (await one(port, booking_id)).status is Status.CANCELLED
    assert at(9) in await starts(port)


async def test_a_second_cancel_is_refused(desk: Desk, port: BookingPort) -> None:
    booking_id = desk.book(at(9))
    await port.cancel(booking_id, "k1")
    with pytest.raises(Refused):
        await port.cancel(booking_id, "k2")
    assert desk.known(booking_id) == (at(9), True)


# Keys


async def test_the_same_key_again_answers_the_same_and_does_nothing(desk: Desk, port: BookingPort) -> None:
    """Also where the booking has been moved on since: an answer of then is no effect of now."""
    booking_id = desk.book(at(9))
    await port.reschedule(booking_id, at(12), "k1")
    desk.move(booking_id, at(14))
    assert await port.reschedule(booking_id, at(12), "k1") is None
    assert desk.known(booking_id) == (at(14), False)
    assert desk.changes(booking_id) == 1


async def test_another_key_is_another_wish(desk: Desk, port: BookingPort) -> None:
    booking_id = desk.book(at(9))
    for key, start in (("k1", at(12)), ("k2", at(9)), ("k3", at(12))):
        await port.reschedule(booking_id, start, key)
    assert desk.known(booking_id) == (at(12), False)
    assert desk.changes(booking_id) == 3


async def test_a_cancel_under_the_same_key_again_is_done(desk: Desk, port: BookingPort) -> None:
    booking_id = desk.book(at(9))
    for _ in range(2):
        await port.cancel(booking_id, "k1")
    assert desk.known(booking_id) == (at(9), True)
    assert desk.changes(booking_id) == 1


async def test_a_refusal_is_repeated_under_its_key_and_asked_anew_under_another(desk: Desk, port: BookingPort) -> None:
    blocker, booking_id = desk.book(at(12)), desk.book(at(9))
    for _ in range(2):
        with pytest.raises(Refused):
            await port.reschedule(booking_id, at(12), "k1")
        if not desk.known(blocker)[1]:
            desk.cancel(blocker)
    assert desk.known(booking_id) == (at(9), False)
    await port.reschedule(booking_id, at(12), "k2")
    assert desk.known(booking_id) == (at(12), False)


async def test_a_key_of_another_request_is_refused(desk: Desk, port: BookingPort) -> None:
    booking_id, other = desk.book(at(9)), desk.book(at(15))
    await port.reschedule(booking_id, at(12), "k1")
    for call in (
        lambda: port.reschedule(booking_id, at(13), "k1"),
        lambda: port.reschedule(other, at(10), "k1"),
        lambda: port.cancel(booking_id, "k1"),
    ):
        with pytest.raises(Refused):
            await call()
    assert (desk.known(booking_id), desk.known(other)) == ((at(12), False), (at(15), False))


async def test_that_a_booking_was_not_found_is_repeated_under_its_key(desk: Desk, port: BookingPort) -> None:
    booking_id = desk.book(at(9))
    desk.hide(booking_id)
    assert await port.booking(booking_id) is None
    with pytest.raises(NotFound):
        await port.cancel(booking_id, "k1")
    desk.show(booking_id)
    with pytest.raises(NotFound):
        await port.cancel(booking_id, "k1")
    assert desk.known(booking_id) == (at(9), False)


# Lost on the way


async def test_a_call_that_never_arrived_is_unknown_and_had_no_effect(desk: Desk, port: BookingPort) -> None:
    booking_id = desk.book(at(9))
    await port.catalog()
    for call in (lambda: port.reschedule(booking_id, at(12), "k1"), lambda: port.cancel(booking_id, "k2")):
        desk.trouble(Trouble.WRITES_LOST)
        with pytest.raises(OutcomeUnknown):
            await call()
    desk.trouble(Trouble.NONE)
    assert desk.known(booking_id) == (at(9), False)
    await port.reschedule(booking_id, at(12), "k1")
    assert desk.known(booking_id) == (at(12), False)


async def test_a_move_whose_answer_was_lost_is_done_once_and_its_key_tells(desk: Desk, port: BookingPort) -> None:
    booking_id = desk.book(at(9))
    desk.trouble(Trouble.ANSWERS_LOST)
    with pytest.raises(OutcomeUnknown):
        await port.reschedule(booking_id, at(12), "k1")
    desk.trouble(Trouble.NONE)
    assert (await one(port, booking_id)).start == at(12)
    assert await port.reschedule(booking_id, at(12), "k1") is None
    assert desk.changes(booking_id) == 1


async def test_a_cancel_whose_answer_was_lost_is_done_and_its_key_tells(desk: Desk, port: BookingPort) -> None:
    booking_id = desk.book(at(9))
    desk.trouble(Trouble.ANSWERS_LOST)
    with pytest.raises(OutcomeUnknown):
        await port.cancel(booking_id, "k1")
    desk.trouble(Trouble.NONE)
    assert (await one(port, booking_id)).cancelled
    await port.cancel(booking_id, "k1")
    with pytest.raises(Refused):
        await port.cancel(booking_id, "k2")


async def test_a_read_whose_answer_was_lost_tells_nothing(desk: Desk, port: BookingPort) -> None:
    booking_id = desk.book(at(9))
    for call in (
        lambda: port.bookings(at(0), at(23)),
        lambda: port.booking(booking_id),
        lambda: port.open_slots("cut", "loc_1", DAY),
        lambda: port.catalog(),
    ):
        desk.trouble(Trouble.READS_LOST)
        with pytest.raises(Unavailable) as caught:
            await call()
        assert not isinstance(caught.value, OutcomeUnknown)
    desk.trouble(Trouble.NONE)
    assert (await one(port, booking_id)).start == at(9)
