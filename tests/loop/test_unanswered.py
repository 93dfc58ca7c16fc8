"""A hold or a confirm that gets no good answer: it rests and ends by itself, and nothing else waits for it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from syncd.sandbox import Kind
from tests.loop import slotting
from tests.loop.asking import APPOINTMENTS, ATTEMPTS, CONFIRM, EMAIL, HOLD, Exactly, booked, close_list, held, want
from tests.loop.asking import request as by_hand
from tests.loop.asking import told as replied
from tests.loop.ground import ON_ONE
from tests.loop.requesting import ask, asking, changed, rid, stages, there, told
from tests.loop.test_request_crashes import ends_as_one, is_killed
from tests.loop.world import HOUR, World, at
from tests.servers import Server

pytestmark = ON_ONE
START = at(24, 9)
QUARTER = 0.25 * HOUR
TYPO = "dana@example.ogr"


@asynccontextmanager
async def asked(dav: Server, folder: Path, email: str = EMAIL, sync: str = "") -> AsyncIterator[World]:
    """Somebody asks for a time of the only one of the staff, and is due with the next cycle, half a minute later."""
    async with asking(dav, folder, sync=sync) as w:
        w.salon.staff = {"st_jana": w.salon.staff["st_jana"]}
        await ask(w, START, description=email)
        await w.cycle(seconds=10)
        yield w


@pytest.mark.parametrize(("status", "calls"), [(500, 30), (403, 9)])
@pytest.mark.parametrize("path", [HOLD, CONFIRM])
async def test_one_event_that_gets_no_good_answer_stops_nothing_else_and_hammers_nobody(
    dav: Server, folder: Path, path: str, status: int, calls: int
) -> None:
    async with asked(dav, folder) as w:
        other = w.book(at(25, 9))
        w.fault(Kind.ANSWER, path, "POST", times=None, status=status, body={"detail": "no"})
        report = await w.cycle(seconds=31)
        assert (report.summary.exit_code, report.summary.sides) == (1, {})
        await w.drag(other, 2 * HOUR)
        await w.cycle(minutes=1)
        assert w.booking(other).start == at(25, 11)
        for _ in range(40):
            await w.cycle(minutes=1)
        assert await w.note(other) == ""
        assert len(w.calls(path)) <= calls
        assert booked(w) == [w.booking(other)]
        if path == CONFIRM:
            assert "Not booked: Zimun did not confirm 10:00 on Tue 24 Nov in time. Free nearby: " in await told(w)
            assert (stages(w), w.store.open_intents()) == (["closed"], [])
        else:
            assert "It is tried again by itself." in await told(w)
            assert stages(w) == ["standing"]


@pytest.mark.parametrize(("status", "code"), [(500, 75), (403, 1)])
async def test_so_it_is_with_what_is_asked_by_hand_and_its_person_is_told(
    dav: Server, folder: Path, status: int, code: int
) -> None:
    async with asking(dav, folder) as w:
        other = w.book(at(25, 9))
        await w.cycle()
        ask_id = want(w, by_hand(START))
        w.fault(Kind.ANSWER, CONFIRM, "POST", times=None, status=status, body={"detail": "no"})
        await w.drag(other, 2 * HOUR)
        await w.cycle(minutes=1)
        assert w.booking(other).start == at(25, 11)
        for _ in range(18):
            await w.cycle(minutes=1)
        reply = replied(w, ask_id)
        assert reply is not None
        assert (reply.code, reply.text) == (code, "no answer came in time: nothing is booked")
        assert len(w.calls(CONFIRM)) <= 21
        assert (w.store.open_intents(), booked(w)) == ([], [w.booking(other)])
        await w.quiet(minutes=1)


@pytest.mark.parametrize("status", [500, 409])
async def test_booked_without_a_word_and_moved_by_its_customer_it_is_to_be_looked_up(
    dav: Server, folder: Path, status: int
) -> None:
    """No attempt at it gets a good answer, and it is not where it was to be: "not booked" would be a second booking."""
    async with asked(dav, folder) as w:
        w.fault(Kind.LOSE_ANSWER, CONFIRM, "POST")
        w.fault(Kind.ANSWER, CONFIRM, "POST", times=None, status=status, body={"detail": "no"})
        await w.cycle(seconds=31)
        (made,) = booked(w)
        w.salon.move(made.booking_id, at(25, 9))
        for _ in range(18):
            await w.cycle(minutes=1)
        assert "Zimun did not say in time whether this is booked." in await told(w)
        assert (stages(w), w.store.open_intents()) == (["closed"], [])
        assert await w.start(made.booking_id) == ";TZID=Europe/Berlin:20261125T100000"
        assert len(booked(w)) == 1


@pytest.mark.parametrize("minutes", [1, 4, 7])
async def test_a_confirm_that_is_answered_again_before_the_hold_lapses_books_once(
    dav: Server, folder: Path, minutes: int
) -> None:
    async with asked(dav, folder) as w:
        fault = w.fault(Kind.ANSWER, CONFIRM, "POST", times=None, status=500)
        await w.cycle(seconds=31)
        for _ in range(minutes):
            await w.cycle(minutes=1)
        assert not booked(w)
        fault.times = 0
        for _ in range(9 - minutes):
            await w.cycle(minutes=1)
        await ends_as_one(w)
        assert len(set(w.calls(HOLD))) == len(set(w.calls(CONFIRM))) == 1


@pytest.mark.parametrize("by_event", [True, False])
async def test_one_403_to_a_confirm_does_not_lose_the_hold(dav: Server, folder: Path, *, by_event: bool) -> None:
    async with asked(dav, folder) as w:
        if not by_event:
            await rid(w)
        ask_id = 0 if by_event else want(w, by_hand(START))
        w.fault(Kind.ANSWER, CONFIRM, "POST", times=1, status=403, body={"detail": "no"})
        await w.cycle(seconds=31)
        assert len(held(w)) == 1
        for _ in range(3):
            await w.cycle(minutes=1)
        reply = replied(w, ask_id)
        assert by_event or (reply is not None and reply.code == 0)
        await ends_as_one(w)


async def test_one_that_zimun_heard_is_never_told_as_not_booked(dav: Server, folder: Path) -> None:
    async with asked(dav, folder) as w:
        w.fault(Kind.LOSE_ANSWER, CONFIRM, "POST", times=None)
        await w.cycle(seconds=31)
        for _ in range(20):
            assert "Not booked:" not in await there(w)
            await w.cycle(minutes=1)
        await ends_as_one(w)


@pytest.mark.parametrize("by_event", [True, False])
async def test_where_nothing_lists_the_bookings_nobody_says_that_it_is_not_booked(
    dav: Server, folder: Path, *, by_event: bool
) -> None:
    async with asked(dav, folder) as w:
        close_list(w)
        if not by_event:
            await rid(w)
        ask_id = 0 if by_event else want(w, by_hand(START))
        w.fault(Kind.LOSE_ANSWER, CONFIRM, "POST", times=None)
        for _ in range(20):
            await w.cycle(minutes=1)
        if by_event:
            assert await told(w) == (
                "⚠ Zimun did not say in time whether this is booked. Please look it up there before you try it again."
            )
        else:
            reply = replied(w, ask_id)
            assert reply is not None
            assert "look there whether it is booked" in reply.text
        assert (len(booked(w)), w.store.open_intents()) == (1, [])
        await w.quiet(minutes=1)


@pytest.mark.parametrize("by_event", [True, False])
async def test_so_it_is_where_zimun_refuses_the_confirm_whose_answer_it_has_forgotten(
    dav: Server, folder: Path, *, by_event: bool
) -> None:
    async with asked(dav, folder) as w:
        close_list(w)
        if not by_event:
            await rid(w)
        ask_id = 0 if by_event else want(w, by_hand(START))
        w.fault(Kind.LOSE_ANSWER, CONFIRM, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        w.salon.idempotency._records.clear()
        await w.cycle(minutes=1)
        if by_event:
            assert await told(w) == (
                "⚠ Zimun did not say in time whether this is booked. Please look it up there before you try it again."
            )
        else:
            reply = replied(w, ask_id)
            assert reply is not None
            assert (reply.code, "look there whether it is booked" in reply.text) == (1, True)
        assert (len(booked(w)), w.store.open_intents()) == (1, [])


@pytest.mark.parametrize("heard", [True, False])
async def test_while_nobody_can_look_nothing_is_said_of_it(dav: Server, folder: Path, *, heard: bool) -> None:
    async with asked(dav, folder) as w:
        w.fault(Kind.LOSE_ANSWER if heard else Kind.ANSWER, CONFIRM, "POST", times=None, status=500)
        await w.cycle(seconds=31)
        down = w.fault(Kind.ANSWER, APPOINTMENTS, times=None, status=503)
        for _ in range(40):
            await w.cycle(minutes=1)
        assert "Not booked yet" in await told(w)
        assert len(w.calls(CONFIRM)) <= 27
        down.times = 0
        for _ in range(15):
            await w.cycle(minutes=1)
        if heard:
            await ends_as_one(w)
        else:
            assert "Zimun did not confirm" in await told(w)
            assert (booked(w), w.store.open_intents()) == ([], [])


async def test_its_list_may_lag_behind_the_last_attempt(dav: Server, folder: Path) -> None:
    """Ten minutes after the hold it has lapsed; what was heard just before that may be listed two minutes later."""
    async with asked(dav, folder) as w:
        w.fault(Kind.ANSWER, CONFIRM, "POST", times=None, status=500)
        await w.cycle(seconds=31)
        await w.cycle(minutes=11)
        assert await told(w) == ("⚠ Not booked yet: Zimun has not answered so far. It is tried again by itself.")
        assert w.store.open_intents()
        await w.cycle(minutes=6)
        assert "Zimun did not confirm" in await told(w)


@pytest.mark.parametrize(("asks", "down"), [(2, False), (3, True)])
async def test_several_that_fail_one_after_the_other_count_as_zimun_being_down(
    dav: Server, folder: Path, asks: int, *, down: bool
) -> None:
    async with asking(dav, folder) as w:
        for number in range(asks):
            want(w, by_hand(START + number * HOUR))
        w.fault(Kind.ANSWER, HOLD, "POST", times=None, status=500)
        report = await w.cycle()
        assert (report.summary.exit_code, "zimun" in report.summary.sides) == (75 if down else 1, down)


async def test_while_it_counts_as_down_what_is_asked_by_hand_is_told_so_without_a_call(
    dav: Server, folder: Path
) -> None:
    async with asking(dav, folder) as w:
        asks = [want(w, by_hand(START + number * QUARTER, f"c{number}@example.org")) for number in range(9)]
        w.fault(Kind.ANSWER, HOLD, "POST", times=None, status=500)
        await w.cycle()
        assert len(w.calls(HOLD)) == 3 * ATTEMPTS
        replies = [replied(w, ask_id) for ask_id in asks]
        assert replies[:3] == [None] * 3
        assert {(one.code, one.text.split(":")[0]) for one in replies[3:] if one} == {(75, "nothing was done")}
        assert None not in replies[3:]


async def test_a_wait_that_zimun_asks_for_is_its_word_about_all(dav: Server, folder: Path) -> None:
    async with asked(dav, folder) as w:
        w.fault(Kind.ANSWER, HOLD, "POST", times=None, status=429, headers={"Retry-After": "90"})
        report = await w.cycle(seconds=31)
        assert (report.summary.exit_code, "zimun" in report.summary.sides) == (75, True)
        assert report.retry_after > 80


@pytest.mark.parametrize("there_already", [True, False])
async def test_a_refused_hold_is_not_told_before_there_was_a_look(
    dav: Server, folder: Path, *, there_already: bool
) -> None:
    async with asked(dav, folder) as w:
        # the first list of the cycle and the look before the hold still work
        down = Exactly("GET", APPOINTMENTS, Kind.ANSWER, None, 503)
        hold = w.salon.hold

        def refused(*what: object) -> object:
            w.server.faults.append(down)
            w.salon.hold = hold  # type: ignore[method-assign]
            if there_already:
                w.salon.book("s_haircut", START, location_id="loc_mitte", name="Dana Lee", email=EMAIL)
            else:
                w.salon.book("s_haircut", START, location_id="loc_mitte", email="ada@example.org")
            return hold(*what)  # type: ignore[arg-type]

        w.salon.hold = refused  # type: ignore[method-assign,assignment]
        await w.cycle(seconds=31)
        assert (await told(w), stages(w)) == ("", ["standing"])
        down.times = 0
        await w.cycle(minutes=1)
        await w.cycle(minutes=21)
        if there_already:
            await ends_as_one(w)
        else:
            assert "This time is already taken." in await told(w)


# the same asked for again, or met otherwise, while it rests


@pytest.mark.parametrize("kind", [Kind.ANSWER, Kind.LOSE_ANSWER])
@pytest.mark.parametrize("path", [HOLD, CONFIRM])
async def test_asked_again_in_the_shell_while_it_rests_it_is_one_booking_and_both_are_told(
    dav: Server, folder: Path, path: str, kind: Kind
) -> None:
    async with asking(dav, folder) as w:
        first = want(w, by_hand(START))
        fault = w.fault(kind, path, "POST", times=None, status=500)
        for _ in range(4):
            await w.cycle(minutes=1)
        waiting = want(w, by_hand(START, EMAIL.upper()))
        await w.cycle(seconds=5)
        reply = replied(w, waiting)
        if path == HOLD or kind is Kind.ANSWER:
            assert reply is not None
            assert reply.code == 75
            assert "it is being asked for already" in reply.text
        fault.times = 0
        again = want(w, by_hand(START))
        await w.cycle(seconds=5)
        for _ in range(6):
            await w.cycle(minutes=1)
        (booking,) = booked(w)
        replies = replied(w, first), replied(w, again)
        assert [(one.code, one.booking_ids) for one in replies if one] == [(0, (booking.booking_id,))] * 2
        assert (held(w), w.store.open_intents()) == ([], [])


async def test_asked_twice_in_one_cycle_it_is_one_booking_where_the_first_is_not_heard(
    dav: Server, folder: Path
) -> None:
    async with asking(dav, folder) as w:
        want(w, by_hand(START))
        want(w, by_hand(START))
        w.fault(Kind.LOSE_REQUEST, CONFIRM, "POST", times=ATTEMPTS)
        for _ in range(4):
            await w.cycle(minutes=1)
        assert len(booked(w)) == len(set(w.calls(HOLD))) == 1


@pytest.mark.parametrize("path", [HOLD, CONFIRM])
async def test_asked_again_in_the_shell_while_an_events_rests_it_is_one_booking(
    dav: Server, folder: Path, path: str
) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        fault = w.fault(Kind.ANSWER, path, "POST", times=None, status=500)
        await w.cycle(seconds=31)
        for _ in range(3):
            await w.cycle(minutes=1)
        fault.times = 0
        ask_id = want(w, by_hand(START))
        await w.cycle(seconds=5)
        reply = replied(w, ask_id)
        assert reply is not None
        assert reply.code == (0 if path == CONFIRM else 75)  # the event may be gone: it is read first
        for _ in range(6):
            await w.cycle(minutes=1)
        await ends_as_one(w)
        assert len(set(w.calls(HOLD))) == 1


async def test_after_the_hold_has_lapsed_it_may_be_asked_for_anew(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        first = want(w, by_hand(START))
        fault = w.fault(Kind.ANSWER, HOLD, "POST", times=None, status=500)
        await w.cycle()
        fault.times = 0
        again = want(w, by_hand(START))
        await w.cycle(minutes=11)
        replies = replied(w, first), replied(w, again)
        assert [one.code for one in replies if one] == [75, 0]
        assert len(booked(w)) == 1


async def test_after_a_clock_that_was_set_back_a_hold_is_asked_for_again_and_ends_as_usual(
    dav: Server, folder: Path
) -> None:
    async with asked(dav, folder) as w:
        w.fault(Kind.LOSE_ANSWER, HOLD, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        w.clock.at -= 24 * HOUR
        ask_id = want(w, by_hand(START))
        await w.cycle(minutes=1)
        reply = replied(w, ask_id)
        assert reply is not None
        assert "asked for already" in reply.text
        for _ in range(4):
            await w.cycle(minutes=1)
        await ends_as_one(w)
        assert len(set(w.calls(HOLD))) == 1


async def test_a_clock_that_is_set_back_by_a_day_keeps_no_hold_open_for_as_long(dav: Server, folder: Path) -> None:
    async with asked(dav, folder) as w:
        fault = w.fault(Kind.ANSWER, HOLD, "POST", times=None, status=500)
        await w.cycle(seconds=31)
        await rid(w)
        fault.times = 0
        w.clock.at -= 24 * HOUR
        await w.cycle(minutes=1)
        ask_id = want(w, by_hand(START))
        await w.cycle(minutes=11)
        reply = replied(w, ask_id)
        assert reply is not None
        assert reply.code == 0
        for _ in range(10):
            await w.cycle(minutes=1)
        assert (len(booked(w)), w.store.open_intents()) == (1, [])


@pytest.mark.parametrize("by_event", [True, False])
@pytest.mark.parametrize("path", [HOLD, CONFIRM])
async def test_who_booked_online_while_it_rested_is_not_booked_twice(
    dav: Server, folder: Path, path: str, *, by_event: bool
) -> None:
    async with asking(dav, folder) as w:
        if by_event:
            await ask(w, START)
        else:
            want(w, by_hand(START))
        w.fault(Kind.ANSWER, path, "POST", times=None, status=500)
        await w.cycle(seconds=10)
        await w.cycle(seconds=31)
        await w.cycle(minutes=1)
        w.server.faults.clear()
        w.salon.book("s_haircut", START, location_id="loc_mitte", name="Dana Lee", email=EMAIL)
        for _ in range(6):
            await w.cycle(minutes=1)
        assert len(booked(w)) == 1


async def test_where_nobody_can_look_what_rested_is_not_sent_again(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        want(w, by_hand(START))
        fault = w.fault(Kind.ANSWER, CONFIRM, "POST", times=None, status=500)
        await w.cycle()
        sent = len(w.calls(CONFIRM))
        fault.times = 0
        down = w.fault(Kind.ANSWER, APPOINTMENTS, times=None, status=503)
        await w.cycle(minutes=1)
        assert len(w.calls(CONFIRM)) == sent
        down.times = 0
        for _ in range(3):
            await w.cycle(minutes=1)
        assert len(booked(w)) == 1


# a wish that is changed while the answer to its hold is missing


async def test_a_corrected_address_is_booked_with_the_hold_that_was_made_for_the_wrong_one(
    dav: Server, folder: Path
) -> None:
    async with asked(dav, folder, TYPO) as w:
        w.fault(Kind.LOSE_ANSWER, HOLD, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        assert len(held(w)) == 1
        await changed(w, (TYPO, EMAIL))
        await w.cycle(seconds=10)
        await w.cycle(seconds=20)
        assert not booked(w)  # it may be half typed
        await w.cycle(seconds=11)
        await ends_as_one(w)
        assert len(set(w.calls(HOLD))) == 1
        assert [call.body["contact_email"] for call in w.server.calls if call.path == CONFIRM] == [EMAIL]  # type: ignore[index]


@pytest.mark.parametrize("path", [HOLD, CONFIRM])
async def test_so_it_is_where_more_answers_are_lost(dav: Server, folder: Path, path: str) -> None:
    async with asked(dav, folder, TYPO) as w:
        w.fault(Kind.LOSE_ANSWER, HOLD, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        await changed(w, (TYPO, EMAIL))
        await w.cycle(seconds=10)
        w.fault(Kind.LOSE_ANSWER, path, "POST", times=ATTEMPTS)
        for _ in range(4):
            await w.cycle(minutes=1)
        await ends_as_one(w)
        assert len(set(w.calls(HOLD))) == len(set(w.calls(CONFIRM))) == 1


async def test_so_it_is_where_syncd_is_killed_after_any_transaction(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    """Of the cycle that takes notice of the correction, and of the one that books."""
    for cycles in (1, 2):
        number, killed = 0, True
        while killed:
            number += 2
            place = folder / f"{cycles}-{number}"
            place.mkdir()
            async with asked(replace(dav, calendar_url=new_calendar()), place, TYPO) as w:
                w.fault(Kind.LOSE_ANSWER, HOLD, "POST", times=ATTEMPTS)
                await w.cycle(seconds=31)
                await changed(w, (TYPO, EMAIL))
                for _ in range(cycles - 1):
                    await w.cycle(seconds=10)
                killed = await is_killed(w, number)
                for _ in range(4):
                    await w.cycle(seconds=40)
                await ends_as_one(w)
                assert len(set(w.calls(HOLD))) == len(set(w.calls(CONFIRM))) == 1, number
        assert number > 4


async def test_so_it_is_in_a_slots_event(dav: Server, folder: Path, new_calendar: Callable[[], str]) -> None:
    async with slotting.open_slots(dav, folder, new_calendar()) as w:
        await slotting.write(w, f"Dana Lee {TYPO}")
        await w.cycle(seconds=10)
        w.fault(Kind.LOSE_ANSWER, HOLD, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        await slotting.write(w, slotting.DANA)
        for _ in range(4):
            await w.cycle(seconds=40)
        (booking,) = booked(w)
        assert (booking.start, booking.contact_email) == (slotting.FIRST, EMAIL)
        assert (held(w), w.store.open_intents(), await slotting.text_at(w)) == ([], [], "")
        assert len(set(w.calls(HOLD))) == 1
        await w.quiet(minutes=1)


async def test_a_customer_who_booked_online_meanwhile_is_not_booked_twice(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START, description=TYPO)
        await w.cycle(seconds=10)
        w.fault(Kind.LOSE_ANSWER, HOLD, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        w.salon.book("s_haircut", START, location_id="loc_mitte", email=EMAIL)
        await changed(w, (TYPO, EMAIL))
        for _ in range(3):
            await w.cycle(minutes=1)
        assert (len(booked(w)), w.calls(CONFIRM), await there(w)) == (1, [], "")
        await w.cycle(minutes=21)
        assert (held(w), w.store.open_intents()) == ([], [])


@pytest.mark.parametrize("looks", [True, False])
async def test_dragged_to_a_time_that_its_own_hold_overlaps_it_waits_until_that_has_lapsed(
    dav: Server, folder: Path, *, looks: bool
) -> None:
    """Whether syncd sees by the open slots or by Zimun's refusal that the time is taken."""
    async with asked(dav, folder) as w:
        w.fault(Kind.LOSE_ANSWER, HOLD, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        if not looks:
            w.fault(Kind.ANSWER, "/api/v1/availability", times=None, status=503)
        await changed(w, ("T100000", "T101500"), ("T110000", "T111500"))
        for _ in range(18):
            await w.cycle(minutes=1)
            assert "Not booked:" not in await there(w)
        assert [one.start for one in booked(w)] == [START + QUARTER]
        assert len(w.calls(HOLD)) <= (ATTEMPTS + 1 if looks else ATTEMPTS + 7)
        await w.cycle(minutes=10)
        assert (held(w), w.store.open_intents(), await there(w)) == ([], [], "")
        await w.quiet(minutes=1)


async def test_dragged_to_one_that_is_taken_it_is_told_once_its_own_hold_has_lapsed(dav: Server, folder: Path) -> None:
    async with asked(dav, folder) as w:
        w.book(START + 2 * HOUR)
        w.fault(Kind.LOSE_ANSWER, HOLD, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        await changed(w, ("T100000", "T120000"), ("T110000", "T130000"))
        for _ in range(30):
            await w.cycle(minutes=1)
        assert "12:00 on Tue 24 Nov is not free for this" in await told(w)
        assert (len(booked(w)), held(w), w.store.open_intents()) == (1, [], [])


async def test_another_wish_does_not_rest_on_account_of_the_old_one(dav: Server, folder: Path) -> None:
    async with asked(dav, folder) as w:
        fault = w.fault(Kind.ANSWER, HOLD, "POST", times=None, status=500)
        await w.cycle(seconds=31)
        for _ in range(60):
            await w.cycle(minutes=1)
        fault.times = 0
        await changed(w, ("T100000", "T120000"), ("T110000", "T130000"))
        await w.cycle(seconds=10)
        await w.cycle(seconds=31)
        assert [one.start for one in booked(w)] == [START + 2 * HOUR]


async def test_what_is_gone_rests_no_more(dav: Server, folder: Path) -> None:
    async with asked(dav, folder) as w:
        w.fault(Kind.ANSWER, HOLD, "POST", times=ATTEMPTS, status=500)
        await w.cycle(seconds=31)
        await rid(w)
        assert "event-1" in (w.store.fact("asks_put_off") or "")
        for _ in range(3):
            await w.cycle(minutes=30)
        assert w.store.fact("asks_put_off") == "{}"


async def test_dragged_away_and_back_it_is_booked_with_the_same_hold(dav: Server, folder: Path) -> None:
    async with asked(dav, folder) as w:
        w.fault(Kind.LOSE_ANSWER, HOLD, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        await changed(w, ("T100000", "T101500"), ("T110000", "T111500"))
        await w.cycle(minutes=1)
        await changed(w, ("T101500", "T100000"), ("T111500", "T110000"))
        for _ in range(3):
            await w.cycle(minutes=1)
        await ends_as_one(w)
        assert len(set(w.calls(HOLD))) == 1


async def test_written_anew_instead_of_changed_it_waits_as_well(dav: Server, folder: Path) -> None:
    async with asked(dav, folder, TYPO) as w:
        w.fault(Kind.LOSE_ANSWER, HOLD, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        await rid(w)
        await ask(w, START, name="again")
        for _ in range(18):
            await w.cycle(minutes=1)
        assert [(one.start, one.contact_email) for one in booked(w)] == [(START, EMAIL)]
        assert await there(w, "again") == ""


@pytest.mark.parametrize("moved_to", [START + timedelta(days=84), at(23, 8, 15)])
async def test_heard_and_moved_by_its_customer_it_is_not_told_as_not_booked(
    dav: Server, folder: Path, moved_to: datetime
) -> None:
    """As far ahead as cycles list, or to a time that has begun by then."""
    async with asked(dav, folder, sync="future_days = 120") as w:
        w.fault(Kind.LOSE_ANSWER, CONFIRM, "POST")
        w.fault(Kind.ANSWER, CONFIRM, "POST", times=None, status=500, body={"detail": "no"})
        await w.cycle(seconds=31)
        (made,) = booked(w)
        w.salon.move(made.booking_id, moved_to)
        await w.cycle(minutes=18)
        await w.cycle(minutes=1)
        assert "Zimun did not say in time whether this is booked." in await told(w)
