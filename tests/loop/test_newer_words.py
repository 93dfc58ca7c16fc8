"""A call got no answer, and when it could be asked again somebody has said otherwise since, or nobody can tell."""

from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from syncd.app.wiring import Calendars
from syncd.domain.errors import Unavailable
from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from syncd.domain.request import CancelWanted, MoveWanted
from syncd.engine.byhand import CHANGED_SINCE, UNSURE
from syncd.sandbox import Kind
from syncd.zimun import ZimunClient
from tests.loop.asking import ATTEMPTS, booked, close_all_reading, dating_nothing, refusing_lists_over, told, want
from tests.loop.ground import ON_ONE
from tests.loop.requesting import ask, asking
from tests.loop.world import APPOINTMENTS, CANCEL, HOUR, RESCHEDULE, Crash, World, at, world
from tests.servers import Server

pytestmark = ON_ONE
DAY = timedelta(days=1)
BEGINS, TO = at(24, 9), at(24, 14)


def heard_without_an_answer(w: World) -> None:
    """The next reschedule call: its answer is lost, and the attempts after it are answered 503."""
    w.fault(Kind.LOSE_ANSWER, RESCHEDULE, "POST", times=1)
    w.fault(Kind.ANSWER, RESCHEDULE, "POST", times=ATTEMPTS - 1, status=503)


async def is_rescheduled(w: World, booking_id: str, ask_id: int) -> None:
    """The wish by hand counts, on both sides."""
    reply = told(w, ask_id)
    assert reply is not None
    assert reply.code == 0
    assert (w.booking(booking_id).status, w.booking(booking_id).start) == ("confirmed", TO)
    assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T150000"
    assert w.store.open_intents() == []


@pytest.mark.parametrize("heard", [True, False])
async def test_a_cancellation_that_nobody_can_look_at_is_not_asked_for_again_after_a_move_by_hand(
    dav: Server, folder: Path, *, heard: bool
) -> None:
    """Nor while nobody knows whether that was heard."""
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        close_all_reading(w)
        await w.delete(booking_id)
        await w.cycle(minutes=1)
        w.fault(Kind.LOSE_REQUEST, CANCEL, "POST", times=ATTEMPTS)
        await w.cycle(minutes=11)
        (intent,) = w.store.open_intents()
        assert intent.action.kind == "cancel"
        asked = want(w, MoveWanted(BookingId(booking_id), TO))
        if not heard:
            w.fault(Kind.LOSE_ANSWER, RESCHEDULE, "POST", times=ATTEMPTS)
        for _ in range(5):
            await w.cycle(minutes=1)
        await is_rescheduled(w, booking_id, asked)


@pytest.mark.parametrize("end", [404, 409, None])
async def test_nor_where_that_is_told_as_unsure(dav: Server, folder: Path, end: int | None) -> None:
    """Refused when asked for again, or never answered: the event comes back, and says why."""
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        close_all_reading(w)
        await w.delete(booking_id)
        await w.cycle(minutes=1)
        w.fault(Kind.LOSE_REQUEST, CANCEL, "POST", times=ATTEMPTS)
        await w.cycle(minutes=11)
        asked = want(w, MoveWanted(BookingId(booking_id), TO))
        heard_without_an_answer(w)
        await w.cycle(minutes=1)
        assert w.booking(booking_id).start == TO
        w.fault(Kind.ANSWER, RESCHEDULE, "POST", times=None, status=end or 503, body={"detail": "no"})
        replies = []
        for minutes in (1, 1, 20, 1, 11, 1):
            await w.cycle(minutes=minutes)
            replies.append(told(w, asked))
        assert [(reply.code, reply.text) for reply in replies if reply is not None] == [(75, UNSURE)]
        assert w.store.open_intents() == []
        assert (w.booking(booking_id).status, w.booking(booking_id).start) == ("confirmed", TO)
        assert "Zimun did not say whether it was" in await w.note(booking_id)


async def in_doubt(w: World, booking_id: str) -> None:
    """A move by hand that was heard, and whose answer nobody gets: it is asked for, and syncd is told no."""
    want(w, MoveWanted(BookingId(booking_id), TO))
    heard_without_an_answer(w)
    await w.cycle(minutes=1)
    w.fault(Kind.ANSWER, RESCHEDULE, "POST", times=1, status=404, body={"detail": "no"})


async def test_nor_where_the_event_is_seen_to_be_deleted_only_then(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        close_all_reading(w)
        await w.delete(booking_id)
        w.dav_fault = Unavailable("the calendar server cannot be reached")
        await in_doubt(w, booking_id)
        await w.cycle(minutes=1)
        w.dav_fault = None
        for minutes in (1, 1, 11, 1):
            await w.cycle(minutes=minutes)
        assert (w.booking(booking_id).status, w.booking(booking_id).start) == ("confirmed", TO)
        assert "Zimun did not say whether it was" in await w.note(booking_id)


async def test_what_nobody_knows_of_a_move_is_told_in_its_event_until_zimun_tells(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        close_all_reading(w)
        await in_doubt(w, booking_id)
        for _ in range(2):
            await w.cycle(minutes=1)
        assert "Zimun did not say whether it was" in await w.note(booking_id)
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T100000"
        await w.quiet(minutes=1)
        w.server.faults.clear()
        await w.cycle(minutes=1)
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T150000"
        await w.cycle(minutes=1)
        assert await w.note(booking_id) == ""


@pytest.mark.parametrize("before", [True, False])
async def test_nor_where_its_old_time_has_come_meanwhile(dav: Server, folder: Path, *, before: bool) -> None:
    """Moved by hand shortly before it would begin, to the afternoon: its event is not tidied away for that."""
    async with world(dav, folder) as w:
        booking_id = w.book(at(23, 9))
        w.clock.at = at(23, 8)
        await w.cycle()
        w.clock.at = at(23, 8, 40)
        await w.cycle()
        close_all_reading(w)
        if before:
            await w.delete(booking_id)
            await w.cycle(minutes=1)
        want(w, MoveWanted(BookingId(booking_id), TO))
        w.fault(Kind.LOSE_ANSWER, RESCHEDULE, "POST", times=1)
        w.fault(Kind.ANSWER, RESCHEDULE, "POST", times=None, status=503)
        await w.cycle(minutes=1)
        if not before:
            await w.delete(booking_id)
        for minutes in (1, 20, 1, 1, 11, 1):
            await w.cycle(minutes=minutes)
        assert (w.booking(booking_id).status, w.booking(booking_id).start) == ("confirmed", TO)
        assert "Zimun did not say whether it was" in await w.note(booking_id)


async def test_nor_where_another_move_was_refused_since(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        close_all_reading(w)
        await w.delete(booking_id)
        await w.cycle(minutes=1)
        want(w, MoveWanted(BookingId(booking_id), TO))
        heard_without_an_answer(w)
        await w.cycle(minutes=1)
        want(w, MoveWanted(BookingId(booking_id), at(25, 9)))
        w.fault(Kind.ANSWER, RESCHEDULE, "POST", times=None, status=409, body={"detail": "no"})
        for minutes in (1, 1, 11, 1, 1):
            await w.cycle(minutes=minutes)
        assert (w.booking(booking_id).status, w.booking(booking_id).start) == ("confirmed", TO)


async def test_a_write_that_is_settled_after_a_move_in_doubt_leaves_it_to_be_told(dav: Server, folder: Path) -> None:
    """Killed after the PUT of a put-back, which is settled in the cycle in which that move ends in doubt."""
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        await w.cycle(minutes=1)
        close_all_reading(w)
        await w.edit(booking_id, (r"^DTEND(.*):20261124T104500", r"DTEND\1:20261124T113000"))
        w.crash_after = "PUT"
        with pytest.raises(Crash):
            await w.cycle(minutes=1)
        want(w, MoveWanted(BookingId(booking_id), TO))
        heard_without_an_answer(w)
        w.dav_fault = Unavailable("the calendar server cannot be reached")
        await w.cycle(minutes=1)
        w.fault(Kind.ANSWER, RESCHEDULE, "POST", times=1, status=404, body={"detail": "no"})
        w.dav_fault = None
        for _ in range(3):
            await w.cycle(minutes=1)
        assert w.store.open_intents() == []
        assert "Zimun did not say whether it was" in await w.note(booking_id)


async def test_nor_one_that_was_approved_and_then_rejected(dav: Server, folder: Path) -> None:
    async with world(dav, folder, sync='deletions = "ask"') as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        await w.delete(booking_id)
        await w.cycle(minutes=1)
        await w.cycle(minutes=11)
        close_all_reading(w)
        w.decide(Decision.APPROVED, booking_id)
        w.fault(Kind.LOSE_REQUEST, CANCEL, "POST", times=ATTEMPTS)
        await w.cycle(minutes=1)
        (intent,) = w.store.open_intents()
        assert intent.action.kind == "cancel"
        w.decide(Decision.REJECTED, booking_id)
        for _ in range(3):
            await w.cycle(minutes=1)
        assert (w.booking(booking_id).status, w.store.open_intents()) == ("confirmed", [])
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T100000"


async def test_nor_a_drag(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        close_all_reading(w)
        await w.drag(booking_id, 2 * HOUR)
        w.fault(Kind.LOSE_REQUEST, RESCHEDULE, "POST", times=ATTEMPTS)
        await w.cycle(minutes=1)
        asked = want(w, MoveWanted(BookingId(booking_id), TO))
        for _ in range(5):
            await w.cycle(minutes=1)
        await is_rescheduled(w, booking_id, asked)
        assert "Zimun" in await w.note(booking_id)


async def test_a_move_that_was_read_counts_where_nobody_can_look_at_the_booking_any_more(
    dav: Server, folder: Path
) -> None:
    """Its event was deleted, which could not be seen then; and so it does where Zimun tells of it again."""
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        await w.delete(booking_id)
        w.salon.move(booking_id, TO)
        w.dav_fault = Unavailable("the calendar server cannot be reached")
        await w.cycle(minutes=1)
        w.dav_fault = None
        close_all_reading(w)
        for minutes in (1, 1, 11, 1):
            await w.cycle(minutes=minutes)
        assert (w.booking(booking_id).status, w.calls(CANCEL)) == ("confirmed", [])
        w.server.faults.clear()
        await w.cycle(minutes=1)
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T150000"
        assert "moved" in await w.note(booking_id)
        assert w.store.fact("told_otherwise") == "{}"


async def test_a_drag_of_a_booking_that_is_gone_ends_where_no_long_list_is_read(dav: Server, folder: Path) -> None:
    """And what others ask for is booked again. `future_days` is few because Zimun refuses to list more."""
    async with asking(dav, folder, sync="future_days = 20") as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        await w.drag(booking_id, 2 * HOUR)
        w.fault(Kind.LOSE_REQUEST, RESCHEDULE, "POST", times=ATTEMPTS)
        await w.cycle(minutes=1)
        del w.salon._appointments[booking_id]
        await ask(w, at(25, 9))
        with refusing_lists_over(30 * DAY):
            for _ in range(4):
                report = await w.cycle(minutes=10)
        assert (report.summary.exit_code, w.store.open_intents()) == (0, [])
        assert [one.start for one in booked(w)] == [at(25, 9)]


async def test_a_booking_that_its_customer_moved_as_far_as_cycles_list_is_found_there(
    dav: Server, folder: Path
) -> None:
    async with world(dav, folder, sync="future_days = 120") as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        asked = want(w, MoveWanted(BookingId(booking_id), TO))
        fault = w.fault(Kind.LOSE_REQUEST, RESCHEDULE, "POST", times=None)
        await w.cycle(minutes=1)
        far = BEGINS + 84 * DAY
        w.salon.move(booking_id, far)
        fault.times = 0
        w.fault(Kind.ANSWER, f"{APPOINTMENTS}/{booking_id}", status=404, body={"detail": "unknown"})
        await w.cycle(minutes=1)
        reply = told(w, asked)
        assert reply is not None
        assert (reply.text, w.booking(booking_id).start) == (CHANGED_SINCE, far)


@pytest.mark.parametrize("status", [404, 409])
async def test_a_no_to_what_may_have_been_heard_is_told_as_unsure_where_nobody_can_look(
    dav: Server, folder: Path, status: int
) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        close_all_reading(w)
        asked = want(w, MoveWanted(BookingId(booking_id), TO))
        heard_without_an_answer(w)
        await w.cycle(minutes=1)
        assert w.booking(booking_id).start == TO
        w.fault(Kind.ANSWER, RESCHEDULE, "POST", times=None, status=status, body={"detail": "no"})
        await w.cycle(minutes=1)
        reply = told(w, asked)
        assert reply is not None
        assert (reply.code, reply.text) == (75, UNSURE)


@pytest.mark.parametrize("back", [0, 5])
async def test_after_a_clock_that_was_set_back_a_wish_has_its_answer_as_soon(
    dav: Server, folder: Path, back: int
) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        await w.drag(booking_id, 2 * HOUR)
        await w.cycle(minutes=1)
        asked = want(w, MoveWanted(BookingId(booking_id), TO))
        fault = w.fault(Kind.LOSE_REQUEST, RESCHEDULE, "POST", times=None)
        await w.cycle(seconds=20)
        w.salon.move(booking_id, at(25, 9))
        fault.times = 0
        w.clock.at -= back * HOUR
        replies = []
        for _ in range(20):
            await w.cycle(minutes=1)
            replies.append(told(w, asked))
        assert any(replies)
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261125T100000"


@pytest.mark.parametrize("kind", [Kind.LOSE_ANSWER, Kind.LOSE_REQUEST])
async def test_an_answer_from_before_the_first_of_two_moves_by_hand_ends_nothing(
    dav: Server, folder: Path, kind: Kind
) -> None:
    """The booking is so far ahead that it has no event, and no pair that would remember the first one."""
    async with world(dav, folder, sync="future_days = 5") as w:
        first = BEGINS + 21 * DAY
        booking_id = w.book(first)
        await w.cycle()
        before = w.booking(booking_id)
        want(w, MoveWanted(BookingId(booking_id), first + 2 * HOUR))
        await w.cycle(seconds=20)
        asked = want(w, MoveWanted(BookingId(booking_id), first + 5 * HOUR))
        w.fault(kind, RESCHEDULE, "POST", times=ATTEMPTS)
        await w.cycle(seconds=20)
        now = w.booking(booking_id)
        w.salon._appointments[booking_id] = before
        await w.cycle(seconds=20)
        w.salon._appointments[booking_id] = now
        await w.cycle(seconds=20)
        await w.cycle(minutes=3)
        reply = told(w, asked)
        assert reply is not None
        assert reply.text != CHANGED_SINCE
        assert (reply.code == 0) is (w.booking(booking_id).start == first + 5 * HOUR)


async def test_an_answer_from_before_a_move_and_a_cancellation_by_hand_brings_no_event_back(
    dav: Server, folder: Path
) -> None:
    """Of a Zimun that does not say when a booking was changed."""
    async with world(dav, folder) as w:
        with dating_nothing():
            booking_id = w.book(BEGINS)
            await w.cycle()
            before = w.booking(booking_id)
            want(w, MoveWanted(BookingId(booking_id), TO))
            want(w, CancelWanted(BookingId(booking_id)))
            await w.cycle(minutes=1)
            assert (w.booking(booking_id).status, await w.events()) == ("cancelled", {})
            now = w.booking(booking_id)
            w.salon._appointments[booking_id] = before
            await w.cycle(seconds=20)
            assert await w.events() == {}
            w.salon._appointments[booking_id] = now
            await w.quiet(minutes=3)


async def test_an_answer_from_before_a_drag_does_not_tell_that_it_was_moved_back(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        before = w.booking(booking_id)
        await w.drag(booking_id, 2 * HOUR)
        await w.cycle(minutes=1)
        asked = want(w, MoveWanted(BookingId(booking_id), BEGINS))
        w.fault(Kind.LOSE_REQUEST, RESCHEDULE, "POST", times=ATTEMPTS)
        await w.cycle(seconds=20)
        now = w.booking(booking_id)
        w.salon._appointments[booking_id] = before
        await w.cycle(seconds=20)
        w.salon._appointments[booking_id] = now
        for _ in range(3):
            await w.cycle(minutes=1)
        reply = told(w, asked)
        assert reply is not None
        assert (reply.code == 0) is (w.booking(booking_id).start == BEGINS)


async def test_a_drag_that_was_heard_is_none_the_worse_for_a_wish_by_hand_that_was_refused(
    dav: Server, folder: Path
) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        for person in [one for one in w.salon.staff.values() if one.location_id == "loc_mitte"]:
            w.salon.place("s_haircut", TO, person.id)
            if person.id != w.booking(booking_id).staff_id:
                w.salon.place("s_haircut", at(24, 11), person.id)
        await w.cycle()
        close_all_reading(w)
        await w.drag(booking_id, 2 * HOUR)
        w.fault(Kind.LOSE_ANSWER, RESCHEDULE, "POST", times=ATTEMPTS)
        await w.cycle(minutes=1)
        assert w.booking(booking_id).start == at(24, 11)
        want(w, MoveWanted(BookingId(booking_id), TO))
        w.fault(Kind.LOSE_REQUEST, RESCHEDULE, "POST", times=ATTEMPTS)
        for _ in range(5):
            await w.cycle(minutes=1)
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T120000"
        assert w.booking(booking_id).start == at(24, 11)
        assert "Zimun did not say whether it was" in await w.note(booking_id)  # as whoever asked was told


async def test_killed_before_the_event_was_written_what_was_read_counts(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        w.salon.move(booking_id, TO)

        async def die() -> None:
            raise Crash

        w.before_put = die
        with pytest.raises(Crash):
            await w.cycle(minutes=1)
        close_all_reading(w)
        await w.delete(booking_id)
        for minutes in (1, 1, 11, 1):
            await w.cycle(minutes=minutes)
        assert w.booking(booking_id).status == "confirmed"
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T150000"


async def test_so_it_does_after_a_move_by_hand_in_between(dav: Server, folder: Path) -> None:
    """To where its customer has put it back since."""
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        w.book(at(26, 9))
        await w.cycle()
        w.salon.move(booking_id, TO)
        w.dav_fault = Unavailable("the calendar server cannot be reached")
        await w.cycle(minutes=1)
        want(w, MoveWanted(BookingId(booking_id), at(24, 11)))
        with patch.object(Calendars, "__call__", side_effect=Unavailable("the account cannot be reached")):
            await w.cycle(minutes=5)
        assert w.booking(booking_id).start == at(24, 11)
        w.clock.at += timedelta(minutes=5)
        w.salon.move(booking_id, TO)
        await w.cycle(minutes=1)
        w.dav_fault = None
        close_all_reading(w)
        await w.delete(booking_id)
        for minutes in (1, 1, 11, 1):
            await w.cycle(minutes=minutes)
        assert w.booking(booking_id).status == "confirmed"


async def test_and_what_was_read_when_an_unanswered_cancellation_was_looked_at(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        await w.delete(booking_id)
        await w.cycle(minutes=1)
        w.fault(Kind.LOSE_REQUEST, CANCEL, "POST", times=ATTEMPTS)
        await w.cycle(minutes=11)
        w.salon.move(booking_id, TO)
        with patch.object(ZimunClient, "bookings", side_effect=Unavailable("no answer came")):
            await w.cycle(minutes=1)
        close_all_reading(w)
        for minutes in (1, 11, 1):
            await w.cycle(minutes=minutes)
        assert (w.booking(booking_id).status, w.booking(booking_id).start) == ("confirmed", TO)


async def test_a_drag_to_where_zimun_said_that_it_is_agrees(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        w.salon.move(booking_id, TO)
        w.dav_fault = Unavailable("the calendar server cannot be reached")
        await w.cycle(minutes=1)
        w.dav_fault = None
        close_all_reading(w)
        await w.drag(booking_id, 5 * HOUR)
        for minutes in (1, 1, 11):
            await w.cycle(minutes=minutes)
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T150000"
        assert (await w.note(booking_id), w.calls(RESCHEDULE)) == ("", [])
