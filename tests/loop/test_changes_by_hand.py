"""A reschedule and a cancel at a person's word: done once, told, and followed by the event."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from syncd.domain.booking import BookingList
from syncd.domain.ids import BookingId
from syncd.domain.request import CancelWanted, MoveWanted, Wanted
from syncd.engine.byhand import CHANGED_SINCE, UNSURE
from syncd.sandbox import Kind
from syncd.zimun import ZimunClient
from tests.loop.asking import ATTEMPTS, close_all_reading, refusing_lists_over, told, want
from tests.loop.ground import ON_ONE
from tests.loop.world import APPOINTMENTS, CANCEL, HOUR, RESCHEDULE, Crash, World, at, world
from tests.servers import Server

pytestmark = ON_ONE
DAY = timedelta(days=1)
PATHS = {"reschedule": RESCHEDULE, "cancel": CANCEL}
BEGINS, TO = at(24, 9), at(24, 14)


def wish(verb: str, booking_id: str, to: datetime = TO) -> Wanted:
    return CancelWanted(BookingId(booking_id)) if verb == "cancel" else MoveWanted(BookingId(booking_id), to)


def close_look_up(w: World, booking_id: str) -> None:
    """No call reads that booking by its id any more; the list still shows it."""
    w.fault(Kind.ANSWER, f"{APPOINTMENTS}/{booking_id}", times=None, status=403, body={"detail": "forbidden"})


def is_given_up(w: World, ask_id: int, booking_id: str) -> None:
    """It is told that the booking was changed meanwhile, and that stands where its customer put it."""
    reply = told(w, ask_id)
    assert reply is not None
    assert (reply.code, reply.text) == (1, CHANGED_SINCE)
    assert (w.booking(booking_id).start, w.booking(booking_id).status) == (at(25, 9), "confirmed")


async def is_done_once(w: World, verb: str, booking_id: str, ask_id: int) -> None:
    reply = told(w, ask_id)
    assert reply is not None
    assert (reply.code, reply.booking_ids) == (0, (booking_id,))
    if verb == "cancel":
        assert w.booking(booking_id).status == "cancelled"
        assert not await w.exists(booking_id)
    else:
        assert w.booking(booking_id).start == TO
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T150000"
        assert not await w.note(booking_id)
    assert len(set(w.calls(PATHS[verb]))) == 1
    await w.quiet(minutes=1)
    await w.quiet(minutes=11)
    assert (w.store.open_intents(), w.store.known()) == ([], [])


@pytest.mark.parametrize("verb", PATHS)
async def test_it_is_done_and_the_event_follows_in_one_cycle(dav: Server, folder: Path, verb: str) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        ask_id = want(w, wish(verb, booking_id))
        report = await w.cycle(minutes=1)
        assert report.summary.exit_code == 0
        await is_done_once(w, verb, booking_id, ask_id)
        rows = [row for row in w.store.history(BookingId(booking_id), 9) if row.side == "zimun"]
        detail = "2026-11-24T09:00Z" + (" -> 2026-11-24T14:00Z" if verb == "reschedule" else "")
        assert [(row.what, row.why, row.detail) for row in rows] == [(f"booking.{said(verb)}", "by_hand", detail)]


def said(verb: str) -> str:
    return {"reschedule": "rescheduled", "cancel": "cancelled"}[verb]


@pytest.mark.parametrize("verb", PATHS)
async def test_killed_right_after_the_answer(dav: Server, folder: Path, verb: str) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        ask_id = want(w, wish(verb, booking_id))
        w.crash_after = PATHS[verb]
        with pytest.raises(Crash):
            await w.cycle(minutes=1)
        await w.cycle(minutes=1)
        await is_done_once(w, verb, booking_id, ask_id)
        assert len(w.calls(PATHS[verb])) == 1  # it was looked up, not repeated


@pytest.mark.parametrize("verb", PATHS)
@pytest.mark.parametrize("kind", [Kind.LOSE_ANSWER, Kind.LOSE_REQUEST])
async def test_no_answer_to_any_attempt(dav: Server, folder: Path, verb: str, kind: Kind) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        ask_id = want(w, wish(verb, booking_id))
        w.fault(kind, PATHS[verb], "POST", times=ATTEMPTS)
        assert (await w.cycle(minutes=1)).summary.exit_code == 1
        assert told(w, ask_id) is None
        await w.cycle(minutes=1)
        await is_done_once(w, verb, booking_id, ask_id)


@pytest.mark.parametrize("verb", PATHS)
async def test_what_had_no_effect_is_not_done_later(dav: Server, folder: Path, verb: str) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        ask_id = want(w, wish(verb, booking_id))
        w.fault(Kind.LOSE_REQUEST, PATHS[verb], "POST", times=ATTEMPTS)
        await w.cycle(minutes=1)
        await w.cycle(minutes=30)
        reply = told(w, ask_id)
        assert reply is not None
        assert (reply.code, reply.text) == (75, "no answer came, and it had no effect: ask again")
        assert (w.booking(booking_id).start, w.booking(booking_id).status) == (BEGINS, "confirmed")
        await w.quiet(minutes=1)


@pytest.mark.parametrize("verb", PATHS)
async def test_a_booking_that_no_call_can_read(dav: Server, folder: Path, verb: str) -> None:
    """Zimun's answer to us is all that is known of it, also when syncd is killed before its event is written."""
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        close_all_reading(w)
        ask_id = want(w, wish(verb, booking_id))
        with patch.object(w.store, "journal", side_effect=Crash), pytest.raises(Crash):
            await w.cycle(minutes=1)
        await w.cycle(minutes=10)
        await is_done_once(w, verb, booking_id, ask_id)


async def test_an_answer_that_lags_moves_nothing_back(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        before = w.salon._appointments[booking_id]
        ask_id = want(w, wish("reschedule", booking_id))
        await w.cycle(minutes=1)
        after = w.salon._appointments[booking_id]
        w.salon._appointments[booking_id] = before
        await w.quiet(seconds=30)
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T150000"
        w.salon._appointments[booking_id] = after
        await w.cycle(seconds=30)
        await is_done_once(w, "reschedule", booking_id, ask_id)


async def test_a_drag_that_was_made_meanwhile_is_a_conflict(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        await w.drag(booking_id, 2 * HOUR)
        ask_id = want(w, wish("reschedule", booking_id))
        await w.cycle(minutes=1)
        assert w.booking(booking_id).start == TO
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T150000"
        assert "Your move to 12:00 on Tue 24 Nov was not booked" in await w.note(booking_id)
        assert told(w, ask_id) is not None
        await w.quiet(minutes=1)
        assert len(w.calls(RESCHEDULE)) == 1


async def test_more_than_the_guard_allows_is_a_persons_own_word(dav: Server, folder: Path) -> None:
    async with world(dav, folder, sync="max_cancellations = 1\nmax_moves = 1") as w:
        booked = [w.book(at(24 + n, 9)) for n in range(3)]
        await w.cycle()
        asks = [want(w, wish("cancel", each)) for each in booked]
        await w.cycle(minutes=1)
        replies = [told(w, ask_id) for ask_id in asks]
        assert [reply.code for reply in replies if reply is not None] == [0, 0, 0]
        assert await w.events() == {}


@pytest.mark.parametrize(("status", "words"), [(409, "as ordered"), (422, "as ordered"), (404, "no such booking")])
@pytest.mark.parametrize("verb", PATHS)
async def test_a_refusal_is_told_and_spent(dav: Server, folder: Path, verb: str, status: int, words: str) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        ask_id = want(w, wish(verb, booking_id))
        w.fault(Kind.ANSWER, PATHS[verb], "POST", status=status, body={"detail": "as ordered"})
        await w.cycle(minutes=1)
        reply = told(w, ask_id)
        assert reply is not None
        assert (reply.code, words in reply.text) == (1, True)
        assert (len(reply.slots) == 3) is (verb == "reschedule" and status != 404)
        assert w.store.open_intents() == []
        await w.quiet(minutes=1)
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T100000"


async def test_a_404_for_a_booking_that_its_customer_has_moved_is_no_reason_to_ask_again(
    dav: Server, folder: Path
) -> None:
    """It came a moment before the next attempt, and is found in the list, wherever it is now. Another booking that she
    made for herself at the time that was asked for is not taken for it.
    """
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        asked = want(w, wish("reschedule", booking_id))
        fault = w.fault(Kind.LOSE_REQUEST, RESCHEDULE, "POST", times=None)
        await w.cycle(minutes=1)
        w.salon.move(booking_id, at(25, 9))
        w.salon.place("s_haircut", TO, w.booking(booking_id).staff_id, booking_id="b_second")
        fault.times = 0
        w.fault(Kind.ANSWER, f"{APPOINTMENTS}/{booking_id}", status=404, body={"detail": "unknown"})
        await w.cycle(minutes=1)
        is_given_up(w, asked, booking_id)
        assert w.booking("b_second").start == TO
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261125T100000"


async def test_a_list_that_cannot_be_read_keeps_no_wish_open_for_ever(dav: Server, folder: Path) -> None:
    """Zimun knows no such booking any more, and refuses to list as much as syncd would have to see to be sure."""
    async with world(dav, folder, sync="future_days = 20") as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        asked = want(w, wish("reschedule", booking_id))
        w.fault(Kind.LOSE_REQUEST, RESCHEDULE, "POST", times=None)
        await w.cycle(minutes=1)
        del w.salon._appointments[booking_id]
        with refusing_lists_over(30 * DAY):
            await w.cycle(minutes=5)
            assert told(w, asked) is None
            await w.cycle(minutes=16)
        reply = told(w, asked)
        assert reply is not None
        assert reply.text == UNSURE
        assert w.store.open_intents() == []


@pytest.mark.parametrize("verb", PATHS)
async def test_what_the_list_shows_to_be_changed_since_is_not_asked_for_again(
    dav: Server, folder: Path, verb: str
) -> None:
    """No call reads the booking by its id, and no answer came."""
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        close_look_up(w, booking_id)
        asked = want(w, wish(verb, booking_id))
        fault = w.fault(Kind.LOSE_REQUEST, PATHS[verb], "POST", times=None)
        await w.cycle(minutes=1)
        w.salon.move(booking_id, at(25, 9))
        await w.cycle(seconds=5)
        fault.times = 0
        await w.cycle(minutes=1)
        is_given_up(w, asked, booking_id)
        await w.quiet(minutes=11)
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261125T100000"


@pytest.mark.parametrize("verb", PATHS)
@pytest.mark.parametrize("kind", [Kind.LOSE_ANSWER, Kind.LOSE_REQUEST])
async def test_a_list_that_tells_otherwise_than_the_look_up_by_id_takes_nothing_back(
    dav: Server, folder: Path, verb: str, kind: Kind
) -> None:
    """Its customer moved it a moment ago: the list lags, and it names staff in another way."""
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        before = w.link(booking_id).booking
        plain = ZimunClient.bookings

        async def lags(client: ZimunClient, *window: datetime) -> BookingList:
            listed = await plain(client, *window)
            shown = (replace(before, staff_name="J. K.") if one.id == booking_id else one for one in listed.bookings)
            return replace(listed, bookings=tuple(shown))

        w.salon.move(booking_id, at(25, 9))
        asked = want(w, wish(verb, booking_id))
        w.fault(kind, PATHS[verb], "POST", times=ATTEMPTS)
        with patch.object(ZimunClient, "bookings", lags):
            await w.cycle(minutes=1)
        await w.cycle(seconds=20)
        reply = told(w, asked)
        assert reply is not None
        assert reply.code == 0
        assert (w.booking(booking_id).status, w.booking(booking_id).start) == (
            ("cancelled", at(25, 9)) if verb == "cancel" else ("confirmed", TO)
        )


async def test_what_was_given_up_may_have_been_heard_and_another_wish_is_asked_of_zimun(
    dav: Server, folder: Path
) -> None:
    """Moved by its customer, then by hand, without an answer; the list lags behind that, and no other call tells."""
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        close_look_up(w, booking_id)
        plain, to = ZimunClient.bookings, at(25, 9)
        shown = replace(w.link(booking_id).booking, start=to, end=to + HOUR, updated_at=None)

        async def lags(client: ZimunClient, start: datetime, end: datetime) -> BookingList:
            listed = await plain(client, start, end)
            others = tuple(one for one in listed.bookings if one.id != booking_id)
            return replace(listed, bookings=(*others, shown) if start <= to < end else others)

        w.salon.move(booking_id, to)
        given_up = want(w, wish("reschedule", booking_id))
        w.fault(Kind.LOSE_ANSWER, RESCHEDULE, "POST", times=ATTEMPTS)
        with patch.object(ZimunClient, "bookings", lags):
            await w.cycle(minutes=1)
            reply = told(w, given_up)
            assert reply is not None
            assert (reply.text, w.booking(booking_id).start) == (CHANGED_SINCE, TO)
            back = want(w, wish("reschedule", booking_id, to))
            await w.cycle(seconds=20)
        reply = told(w, back)
        assert reply is not None
        assert (reply.code, w.booking(booking_id).start) == (0, to)


async def test_an_answer_from_before_what_was_given_up_is_no_change_by_a_customer(dav: Server, folder: Path) -> None:
    """A move that was heard, and not answered; then a cancellation that was not heard; then an answer that lags."""
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        before = w.salon._appointments[booking_id]
        want(w, wish("reschedule", booking_id))
        asked = want(w, wish("cancel", booking_id))
        w.fault(Kind.LOSE_ANSWER, RESCHEDULE, "POST", times=ATTEMPTS)
        w.fault(Kind.LOSE_REQUEST, CANCEL, "POST", times=ATTEMPTS)
        await w.cycle(minutes=1)
        after = w.salon._appointments[booking_id]
        assert after.start == TO
        w.salon._appointments[booking_id] = before
        await w.cycle(seconds=20)
        assert told(w, asked) is None
        w.salon._appointments[booking_id] = after
        await w.cycle(seconds=20)
        reply = told(w, asked)
        assert reply is not None
        assert (reply.code, w.booking(booking_id).status) == (0, "cancelled")


async def test_a_cancellation_is_not_asked_for_again_where_the_booking_is_not_where_it_was(
    dav: Server, folder: Path
) -> None:
    """Its customer moved it right before the next attempt, which comes before the next list."""
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        close_look_up(w, booking_id)
        asked = want(w, wish("cancel", booking_id))
        fault = w.fault(Kind.LOSE_REQUEST, CANCEL, "POST", times=None)
        await w.cycle(minutes=1)
        w.salon.move(booking_id, at(25, 9))
        fault.times = 0
        await w.cycle(minutes=1)
        is_given_up(w, asked, booking_id)


async def test_a_booking_that_syncd_never_saw_can_be_changed_where_nothing_can_be_read(
    dav: Server, folder: Path
) -> None:
    """The vendor's examples know no call that reads a booking: Zimun alone decides then."""
    async with world(dav, folder) as w:
        moved, cancelled = w.book(BEGINS), w.book(at(25, 9))
        close_all_reading(w)
        asks = [want(w, wish("reschedule", moved)), want(w, wish("cancel", cancelled))]
        asks += [want(w, wish("reschedule", "b_none"))]
        await w.cycle()
        replies = [told(w, ask_id) for ask_id in asks]
        assert [reply.code for reply in replies if reply is not None] == [0, 0, 1]
        assert w.booking(moved).start == TO
        assert w.booking(cancelled).status == "cancelled"
        assert await w.events() == {}  # nobody knows whose they are
        assert not [call for call in w.server.calls if call.path == APPOINTMENTS and call.status == 200]


@pytest.mark.parametrize("blind", [True, False])
@pytest.mark.parametrize("minutes", [1 / 60, 10])
@pytest.mark.parametrize("verb", PATHS)
async def test_what_a_person_has_since_overridden_is_not_asked_for_again(
    dav: Server, folder: Path, verb: str, minutes: float, *, blind: bool
) -> None:
    """Ten minutes later its rest is over: it is not sent right before the new wish either."""
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        if blind:
            close_all_reading(w)
        older = want(w, wish(verb, booking_id, at(24, 11)))
        fault = w.fault(Kind.ANSWER, PATHS[verb], "POST", times=None, status=500)
        for _ in range(4):
            await w.cycle(seconds=20)
        fault.times = 0
        newer = want(w, wish("reschedule", booking_id))
        await w.cycle(minutes=minutes)
        for _ in range(6):
            await w.cycle(minutes=1)
        assert (w.booking(booking_id).status, w.booking(booking_id).start) == ("confirmed", TO)
        replies = told(w, older), told(w, newer)
        assert [one.code for one in replies if one] == [1, 0]
        assert w.store.open_intents() == []
        moves = [call.body["start_time"] for call in w.server.calls if call.path == RESCHEDULE and call.status == 200]  # type: ignore[index]
        assert moves == ["2026-11-24T14:00:00Z"]


async def test_taken_back_where_nobody_sees_whether_it_was_heard_it_is_moved_back(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        close_all_reading(w)
        want(w, wish("reschedule", booking_id))
        w.fault(Kind.LOSE_ANSWER, RESCHEDULE, "POST", times=ATTEMPTS)
        await w.cycle(minutes=1)
        assert w.booking(booking_id).start == TO
        back = want(w, wish("reschedule", booking_id, BEGINS))
        await w.cycle(minutes=1)
        reply = told(w, back)
        assert reply is not None
        assert (reply.code, w.booking(booking_id).start) == (0, BEGINS)


async def test_a_new_wish_that_cannot_be_looked_at_sets_the_old_one_aside_and_a_slip_does_not(
    dav: Server, folder: Path
) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        want(w, wish("reschedule", booking_id))
        w.fault(Kind.ANSWER, RESCHEDULE, "POST", times=ATTEMPTS, status=500)
        await w.cycle(seconds=1)
        w.fault(Kind.ANSWER, APPOINTMENTS, times=None, status=503)
        want(w, wish("reschedule", booking_id, at(20, 9)))
        await w.cycle(seconds=1)
        assert [one.action.kind for one in w.store.open_intents()] == ["reschedule_by_hand"]
        want(w, wish("cancel", booking_id))
        await w.cycle(seconds=1)
        assert w.store.open_intents() == []
        w.server.faults.clear()
        for _ in range(6):
            await w.cycle(minutes=1)
        assert (w.booking(booking_id).status, w.booking(booking_id).start) == ("confirmed", BEGINS)


@pytest.mark.parametrize("verb", PATHS)
async def test_the_same_asked_again_is_asked_under_its_key_at_once_and_both_are_told(
    dav: Server, folder: Path, verb: str
) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        close_all_reading(w)
        older = want(w, wish(verb, booking_id))
        fault = w.fault(Kind.ANSWER, PATHS[verb], "POST", times=None, status=500)
        for _ in range(4):
            await w.cycle(minutes=1)
        waiting = want(w, wish(verb, booking_id))
        await w.cycle(seconds=1)
        fault.times = 0
        newer = want(w, wish(verb, booking_id))
        await w.cycle(seconds=1)
        replies = [told(w, ask_id) for ask_id in (older, waiting, newer)]
        assert [one.code for one in replies if one] == [0, 75, 0]
        assert len(set(w.calls(PATHS[verb]))) == 1


async def test_what_has_no_answer_and_no_call_tells_of_ends_and_the_event_counts_again(
    dav: Server, folder: Path
) -> None:
    """A day later nobody knows what people have wanted since: a drag, here."""
    async with world(dav, folder) as w:
        booked = w.book(BEGINS)
        await w.cycle()
        close_all_reading(w)
        asked = want(w, wish("cancel", booked))
        fault = w.fault(Kind.ANSWER, CANCEL, "POST", times=None, status=500)
        await w.cycle(minutes=1)
        await w.drag(booked, HOUR)
        for minutes in (5, 12, 1):
            await w.cycle(minutes=minutes)
        reply = told(w, asked)
        assert reply is not None
        assert (reply.code, reply.text) == (
            75, "no answer came, and no call tells of this booking: look in Zimun whether it was done"
        )  # fmt: skip
        fault.times = 0
        await w.cycle(minutes=20)
        assert (w.booking(booked).status, w.booking(booked).start) == ("confirmed", BEGINS + HOUR)


async def test_a_403_to_one_change_by_hand_keeps_no_drag_waiting(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked, other = w.book(BEGINS), w.book(at(25, 9))
        await w.cycle()
        close_look_up(w, booked)
        w.fault(Kind.ANSWER, CANCEL, "POST", times=None, status=403, body={"detail": "not yours"})
        want(w, wish("cancel", booked))
        await w.cycle(minutes=1)
        await w.drag(other, HOUR)
        await w.cycle(minutes=1)
        assert w.booking(other).start == at(25, 10)


@pytest.mark.parametrize("how", ["no look-up by id", "not at first"])
async def test_back_to_where_it_was_is_asked_for_where_the_move_may_have_been_heard(
    dav: Server, folder: Path, how: str
) -> None:
    """Its answer was lost, and what syncd remembers is from before it."""
    async with world(dav, folder) as w:
        booked = w.book(BEGINS)
        await w.cycle()
        if how == "not at first":
            close_all_reading(w)
        else:
            w.fault(Kind.ANSWER, f"{APPOINTMENTS}/{booked}", times=None, status=404, body={"detail": "Not Found"})
        want(w, wish("reschedule", booked))
        w.fault(Kind.LOSE_ANSWER, RESCHEDULE, "POST", times=ATTEMPTS)
        await w.cycle(minutes=1)
        assert w.booking(booked).start == TO
        if how == "not at first":
            down = w.fault(Kind.ANSWER, f"{APPOINTMENTS}/", times=None, status=503)
            w.server.faults.insert(0, w.server.faults.pop())
            want(w, wish("reschedule", booked, BEGINS))
            await w.cycle(seconds=5)
            down.times = 0
        back = want(w, wish("reschedule", booked, BEGINS))
        await w.cycle(seconds=5)
        reply = told(w, back)
        assert reply is not None
        assert (reply.code, reply.text, w.booking(booked).start) == (0, "rescheduled", BEGINS)


@pytest.mark.parametrize("how", ["waits", "not seen yet", "awaits approval", "no answer", "heard", "calendar"])
async def test_where_it_is_it_stays_though_its_event_was_dragged_away(dav: Server, folder: Path, how: str) -> None:
    """The drag is over with that, however far it had come, and is not asked for later; the next one is a new wish."""
    sync = "max_moves = 0" if how == "awaits approval" else 'conflict = "calendar"' if how == "calendar" else ""
    async with world(dav, folder, sync=sync) as w:
        booked = w.book(BEGINS)
        await w.cycle()
        kind = {"no answer": Kind.LOSE_REQUEST, "heard": Kind.LOSE_ANSWER}.get(how)
        faults = [w.fault(kind, RESCHEDULE, "POST", times=ATTEMPTS)] if kind else []
        if how in ("waits", "calendar"):
            faults.append(w.fault(Kind.ANSWER, RESCHEDULE, "POST", times=None, status=503))
        await w.drag(booked, 5 * HOUR)
        if how != "not seen yet":
            await w.cycle(minutes=1)
        if how == "heard":
            assert w.booking(booked).start == TO
        here = want(w, wish("reschedule", booked, BEGINS))
        for fault in faults if kind else ():
            fault.times = 0
        for _ in range(2):  # what has no good answer is looked at once more
            await w.cycle(seconds=10)
        reply = told(w, here)
        assert reply is not None
        assert (reply.code, w.booking(booked).start) == (0, BEGINS)
        for fault in faults:
            fault.times = 0
        for _ in range(20):
            await w.cycle(minutes=1)
        assert w.booking(booked).start == BEGINS
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T100000"
        assert "The move to 15:00 on Tue 24 Nov was not approved." in await w.note(booked)
        assert (w.link(booked).wish, w.link(booked).refusal, w.link(booked).awaiting) == (None, None, None)
        if how != "awaits approval":
            await w.drag(booked, 5 * HOUR)
            await w.cycle(minutes=1)
            assert w.booking(booked).start == TO


@pytest.mark.parametrize("seen", [True, False])
async def test_where_it_is_it_stays_though_its_event_was_deleted(dav: Server, folder: Path, *, seen: bool) -> None:
    async with world(dav, folder) as w:
        w.book(at(25, 9))
        booked = w.book(BEGINS)
        await w.cycle()
        await w.cycle(minutes=30)
        await w.delete(booked)
        if seen:
            await w.cycle(minutes=1)
        here = want(w, wish("reschedule", booked, BEGINS))
        for _ in range(15):
            await w.cycle(minutes=1)
        reply = told(w, here)
        assert reply is not None
        assert (reply.code, w.booking(booked).status) == (0, "confirmed")
        assert "the booking was asked for again" in await w.note(booked)


async def test_what_is_only_remembered_is_no_reason_not_to_ask(dav: Server, folder: Path) -> None:
    """Zimun forgot one booking for a while, and a customer moved the other, where no call tells of either now."""
    async with world(dav, folder) as w:
        forgotten, moved = w.book(BEGINS), w.book(at(25, 9))
        await w.cycle()
        there = w.salon._appointments.pop(forgotten)
        for minutes in (1, 11, 1):
            await w.cycle(minutes=minutes)
        assert not await w.exists(forgotten)
        w.salon._appointments[forgotten] = there
        close_all_reading(w)
        w.salon.move(moved, at(25, 14))
        asks = [want(w, wish("cancel", forgotten)), want(w, wish("reschedule", moved, at(25, 9)))]
        await w.cycle(minutes=1)
        replies = [told(w, ask_id) for ask_id in asks]
        assert [(one.code, one.text) for one in replies if one] == [(0, "cancelled"), (0, "rescheduled")]
        assert (w.booking(forgotten).status, w.booking(moved).start) == ("cancelled", at(25, 9))
