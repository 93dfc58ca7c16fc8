"""A booking whose event was deleted, and that is asked for again before that cancels it: it stands, and is said to."""

from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest

from syncd.calendars.dav import DavCalendar
from syncd.domain.errors import OutcomeUnknown, Refused
from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from syncd.domain.request import ImportWanted
from syncd.engine.asked import BEING_MOVED
from syncd.sandbox import Kind
from tests.loop.asking import ATTEMPTS, EMAIL, booked, close_all_reading, close_list, request, want
from tests.loop.asking import told as replied
from tests.loop.ground import ON_ONE
from tests.loop.requesting import ask, asking, rid, stages, there
from tests.loop.world import CANCEL, HOUR, RESCHEDULE, World, at
from tests.servers import Server

pytestmark = ON_ONE
START = at(24, 9)
SAID = "This event was deleted, but the booking was asked for again, so it was not cancelled."


async def with_an_event(w: World) -> str:
    """A booking of Dana's, whose event has stood for a while, beside another one."""
    w.book(at(25, 9))
    one = w.salon.book("s_haircut", START, location_id="loc_mitte", name="Dana Lee", email=EMAIL).booking_id
    await w.cycle(minutes=1)
    await w.cycle(minutes=30)
    return one


async def stands(w: World, one: str) -> None:
    """It is in force, its event tells why, the request is gone, and nothing more comes of all that."""
    for _ in range(15):
        await w.cycle(minutes=1)
    assert [each.booking_id for each in booked(w) if each.contact_email == EMAIL] == [one]
    assert SAID in await w.note(one)
    assert await there(w) == ""
    assert not w.calls(CANCEL)
    assert (w.link(one).deletion, w.link(one).awaiting) == (None, None)


async def is_cancelled(w: World, one: str) -> None:
    for _ in range(15):
        await w.cycle(minutes=1)
    assert w.booking(one).status == "cancelled"
    assert not await w.exists(one)


@pytest.mark.parametrize("listed", [True, False])
async def test_written_anew_within_the_grace(dav: Server, folder: Path, *, listed: bool) -> None:
    async with asking(dav, folder) as w:
        one = await with_an_event(w)
        if not listed:
            close_list(w)
        await w.delete(one)
        await w.cycle(minutes=1)
        assert w.link(one).deletion is not None
        await ask(w, START)
        await stands(w, one)
        # it was said once; deleted again, that counts
        await w.delete(one)
        await is_cancelled(w, one)


@pytest.mark.parametrize("seconds", [0, 10, 41, 100])
async def test_in_whichever_order(dav: Server, folder: Path, seconds: int) -> None:
    """The new event is written first, and the old one deleted at once, or only when syncd has removed the new one."""
    async with asking(dav, folder) as w:
        one = await with_an_event(w)
        await ask(w, START)
        for after in (10, 31, 59):
            if seconds <= 0:
                break
            await w.cycle(seconds=after)
            seconds -= after
        await w.delete(one)
        await stands(w, one)


async def test_seen_long_after_it_was_asked_for_again_it_is_known_and_a_deletion_counts(
    dav: Server, folder: Path
) -> None:
    async with asking(dav, folder) as w:
        one = await with_an_event(w)
        await ask(w, START)
        for _ in range(15):
            await w.cycle(minutes=1)
        await w.delete(one)
        await is_cancelled(w, one)


async def test_a_calendar_that_does_not_take_its_event_cancels_nothing_meanwhile(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        one = await with_an_event(w)
        await w.delete(one)
        await w.cycle(minutes=1)
        await ask(w, START)
        with patch.object(DavCalendar, "create", AsyncMock(side_effect=Refused("it is full"))):
            for _ in range(15):
                await w.cycle(minutes=1)
            assert (stages(w), w.calls(CANCEL)) == (["booked"], [])
            # the deletion was over with it, also where it is withdrawn by now
            await rid(w)
            await w.cycle(minutes=11)
        await w.cycle(minutes=61)
        await stands(w, one)


async def test_withdrawn_before_it_was_acted_on_the_deletion_counts(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        one = await with_an_event(w)
        await w.delete(one)
        await w.cycle(minutes=1)
        await ask(w, START)
        await w.cycle(seconds=5)
        await rid(w)
        await is_cancelled(w, one)


async def test_for_another_time_it_is_another_booking_and_the_deletion_counts(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        one = await with_an_event(w)
        await w.delete(one)
        await w.cycle(minutes=1)
        await ask(w, START + 4 * HOUR)
        await is_cancelled(w, one)
        assert [each.start for each in booked(w) if each.contact_email == EMAIL] == [START + 4 * HOUR]


@pytest.mark.parametrize("deleted_again", [False, True])
async def test_it_answers_the_question_whether_to_cancel(dav: Server, folder: Path, *, deleted_again: bool) -> None:
    async with asking(dav, folder, sync='deletions = "ask"') as w:
        one = await with_an_event(w)
        await w.delete(one)
        await w.cycle(minutes=1)
        assert w.link(one).awaiting is not None
        if deleted_again:
            await w.cycle(minutes=30)
            await w.delete(one)
            await w.cycle(minutes=1)
            assert w.link(one).deletion is not None
        await ask(w, START)
        for _ in range(15):
            await w.cycle(minutes=1)
        assert w.link(one).awaiting is None
        assert not w.calls(CANCEL)
        assert (SAID in await w.note(one)) is deleted_again
        assert await w.title(one) == ("⚠ " if deleted_again else "") + "Haircut – Dana Lee"


async def test_what_is_being_cancelled_is_not_it_and_it_is_booked_anew(dav: Server, folder: Path) -> None:
    """A person has said yes to that, and another one wants the time: both get what they asked for."""
    async with asking(dav, folder, sync='deletions = "ask"') as w:
        one = await with_an_event(w)
        await w.delete(one)
        await w.cycle(minutes=1)
        await ask(w, START)
        await w.cycle(seconds=10)
        w.decide(Decision.APPROVED, BookingId(one))
        for _ in range(3):
            await w.cycle(minutes=1)
        assert w.booking(one).status == "cancelled"
        (new,) = (each.booking_id for each in booked(w) if each.contact_email == EMAIL)
        assert await w.exists(new)
        assert await there(w) == ""


@pytest.mark.parametrize("seen", [True, False])
async def test_booked_by_hand_within_the_grace(dav: Server, folder: Path, *, seen: bool) -> None:
    async with asking(dav, folder) as w:
        one = await with_an_event(w)
        await w.delete(one)
        if seen:
            await w.cycle(minutes=1)
        ask_id = want(w, request(START))
        await w.cycle(minutes=1)
        reply = replied(w, ask_id)
        assert reply is not None
        assert (reply.code, reply.booking_ids) == (0, (one,))
        await stands(w, one)


async def test_booked_by_hand_where_it_is_though_its_event_was_dragged_away(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        one = await with_an_event(w)
        await w.drag(one, 4 * HOUR)
        ask_id = want(w, request(START))
        for _ in range(5):
            await w.cycle(minutes=1)
        reply = replied(w, ask_id)
        assert reply is not None
        assert (reply.code, reply.booking_ids) == (0, (one,))
        assert w.booking(one).start == START
        assert "The move to 14:00 on Tue 24 Nov was not approved." in await w.note(one)


async def test_booked_by_hand_while_its_cancellation_has_no_answer(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        one = await with_an_event(w)
        await w.delete(one)
        await w.cycle(minutes=1)
        down = w.fault(Kind.ANSWER, CANCEL, "POST", times=None, status=503)
        await w.cycle(minutes=11)
        assert w.store.open_intents()
        ask_id = want(w, request(START))
        await w.cycle(seconds=5)
        reply = replied(w, ask_id)
        assert reply is not None
        assert reply.code == 75
        down.times = 0
        await is_cancelled(w, one)
        want(w, request(START))
        await w.cycle(minutes=1)
        assert [each.start for each in booked(w) if each.contact_email == EMAIL] == [START]


async def test_found_by_a_refused_hold_it_stands_as_well(dav: Server, folder: Path) -> None:
    """The list names it only then."""
    async with asking(dav, folder) as w:
        one = await with_an_event(w)
        await w.delete(one)
        await w.cycle(minutes=1)
        w.fault(Kind.LOSE_REQUEST, "/api/v1/appointments/hold", "POST", times=ATTEMPTS)
        booking = w.salon._appointments.pop(one)
        want(w, request(START))
        await w.cycle(seconds=5)
        assert w.store.open_intents()
        w.salon._appointments[one] = booking
        await w.cycle(minutes=1)
        await stands(w, one)


async def test_taken_in_by_its_id_within_the_grace(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        one = await with_an_event(w)
        await w.delete(one)
        await w.cycle(minutes=1)
        ask_id = want(w, ImportWanted((BookingId(one),)))
        await w.cycle(minutes=1)
        reply = replied(w, ask_id)
        assert reply is not None
        assert reply.code == 0
        await stands(w, one)


async def moved_while_writes_have_no_answer(w: World) -> str:
    """Its customer has moved it by four hours, which its event shows, though syncd heard no answer to that write."""
    one, plain = await with_an_event(w), DavCalendar.replace
    w.salon.move(one, START + 4 * HOUR)

    async def unheard(*what: Any) -> None:
        await plain(*what)
        raise OutcomeUnknown("no answer came")

    with patch.object(DavCalendar, "replace", unheard):
        await w.cycle(minutes=3)
    assert w.store.open_intents()
    return one


async def test_a_write_without_an_answer_takes_nothing_back_of_that_and_its_event_may_be_deleted(
    dav: Server, folder: Path
) -> None:
    async with asking(dav, folder) as w:
        one = await moved_while_writes_have_no_answer(w)
        ask_id = want(w, request(START + 4 * HOUR))
        await w.cycle(seconds=20)
        reply = replied(w, ask_id)
        assert reply is not None
        assert (reply.code, reply.text) == (0, "booked already")
        await w.delete(one)
        await stands(w, one)


async def test_nor_is_one_moved_whose_event_was_dragged_away_by_then(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        one = await moved_while_writes_have_no_answer(w)
        await w.drag(one, 1 * HOUR)
        want(w, request(START + 4 * HOUR))
        for _ in range(4):
            await w.cycle(minutes=1)
        assert w.booking(one).start == START + 4 * HOUR
        assert "was not approved" in await w.note(one)


@pytest.mark.parametrize("kind", [Kind.LOSE_REQUEST, Kind.LOSE_ANSWER])
async def test_booked_by_hand_while_nobody_knows_whether_it_was_moved(dav: Server, folder: Path, kind: Kind) -> None:
    """Where no call tells of it, it is where it was as far as syncd knows; it may be elsewhere."""
    async with asking(dav, folder) as w:
        one = await with_an_event(w)
        close_all_reading(w)
        await w.cycle(minutes=1)
        w.fault(kind, RESCHEDULE, "POST", times=ATTEMPTS)
        await w.drag(one, 4 * HOUR)
        await w.cycle(minutes=1)
        ask_id = want(w, request(START))
        await w.cycle(seconds=20)
        reply = replied(w, ask_id)
        assert reply is not None
        assert (reply.code, reply.text) == (75, BEING_MOVED)
