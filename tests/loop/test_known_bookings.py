"""Where the list is closed, syncd goes on with the bookings it knows: those that it confirmed, and imported ones."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest

from syncd.app.running import prune
from syncd.calendars.dav import DavCalendar
from syncd.domain.errors import Unavailable
from syncd.domain.ids import BookingId
from syncd.domain.request import CancelWanted, ImportWanted, MoveWanted
from syncd.sandbox import Kind
from syncd.zimun import ZimunClient
from tests.loop.asking import EMAIL, booked, close_all_reading, close_list, drop_list, request, told, want
from tests.loop.ground import ON_ONE
from tests.loop.world import APPOINTMENTS, CANCEL, HOUR, RESCHEDULE, Crash, at, world
from tests.servers import Server

pytestmark = ON_ONE
START = at(24, 9)
TEN = ";TZID=Europe/Berlin:20261124T100000"
CLOSING = {"list": close_list, "no list": drop_list, "all": close_all_reading}


def import_of(*booking_ids: str) -> ImportWanted:
    return ImportWanted(tuple(BookingId(each) for each in booking_ids))


@pytest.mark.parametrize("closed", CLOSING)
async def test_what_syncd_booked_is_known_moved_and_cancelled(dav: Server, folder: Path, closed: str) -> None:
    async with world(dav, folder) as w:
        CLOSING[closed](w)
        want(w, request(START))
        await w.cycle()
        (booking,) = booked(w)
        booking_id = booking.booking_id
        assert await w.start(booking_id) == TEN
        await w.quiet(minutes=1)
        await w.quiet(minutes=11)
        await w.drag(booking_id, 2 * HOUR)
        await w.cycle(minutes=1)
        assert w.booking(booking_id).start == at(24, 11)
        want(w, MoveWanted(BookingId(booking_id), at(24, 14)))
        await w.cycle(minutes=1)
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T150000"
        await w.delete(booking_id)
        await w.cycle(minutes=1)
        await w.cycle(minutes=11)
        await w.quiet(minutes=1)
        assert w.booking(booking_id).status == "cancelled"
        assert (len(w.calls(RESCHEDULE)), len(w.calls(CANCEL))) == (2, 1)
        assert w.store.known() == []


@pytest.mark.parametrize("closed", ["list", "all"])
async def test_a_clock_that_is_far_ahead_for_a_while_forgets_nothing(dav: Server, folder: Path, closed: str) -> None:
    """Of what Zimun does not list the store is all there is."""
    async with world(dav, folder) as w:
        CLOSING[closed](w)
        for start in (at(26, 9), at(26, 9) + timedelta(days=70)):
            want(w, request(start))
        await w.cycle()
        booking, far = sorted(booked(w), key=lambda one: one.start)
        assert not await w.exists(far.booking_id)
        for hours in (0, 1):
            prune(w.config, w.store, w.clock, await w.cycle(hours=hours))
        for sign in (1, -1):
            w.clock.at += sign * timedelta(days=365)
            for _ in range(20):
                prune(w.config, w.store, w.clock, await w.cycle(hours=1))
                assert far.booking_id in {one.booking.id for one in w.store.known()}
        await w.drag(booking.booking_id, 2 * HOUR)
        await w.cycle(minutes=1)
        assert w.booking(booking.booking_id).start == at(26, 11)
        await w.delete(booking.booking_id)
        for minutes in (1, 11):
            await w.cycle(minutes=minutes)
        assert w.booking(booking.booking_id).status == "cancelled"
        await w.cycle(days=30)
        assert await w.exists(far.booking_id)
        await w.quiet(minutes=1)
        assert w.store.known() == []


@pytest.mark.parametrize("closed", ["open", *CLOSING])
async def test_its_event_comes_when_the_calendar_is_there_again(dav: Server, folder: Path, closed: str) -> None:
    async with world(dav, folder) as w:
        if closed in CLOSING:
            CLOSING[closed](w)
        w.dav_fault = Unavailable("the calendar server cannot be reached")
        ask_id = want(w, request(START))
        await w.cycle()
        reply = told(w, ask_id)
        assert reply is not None
        assert reply.code == 0
        await w.cycle(minutes=5)
        w.dav_fault = None
        await w.cycle(minutes=5)
        (booking,) = booked(w)
        assert await w.start(booking.booking_id) == TEN
        await w.quiet(minutes=1)
        assert w.store.known() == []


async def test_an_imported_booking_is_looked_after(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id, unknown = w.book(START), w.book(at(25, 9))
        close_list(w)
        await w.cycle()
        assert await w.events() == {}
        ask_id = want(w, import_of(booking_id))
        await w.cycle(minutes=1)
        reply = told(w, ask_id)
        assert reply is not None
        assert (reply.code, reply.booking_ids, reply.refused) == (0, (booking_id,), ())
        assert await w.start(booking_id) == TEN
        assert not await w.exists(unknown)
        w.salon.move(booking_id, at(24, 14))
        await w.cycle(minutes=1)
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T150000"
        w.salon.cancel(booking_id)
        await w.cycle(minutes=1)
        assert await w.events() == {}
        assert next(row.what for row in w.store.history(BookingId(booking_id), 9)) == "booking.imported"


async def test_what_is_booked_already_is_looked_after_where_the_list_closes_right_after_it_said_so(
    dav: Server, folder: Path
) -> None:
    async with world(dav, folder) as w:
        one = w.salon.book("s_haircut", START, location_id="loc_mitte", name="Dana Lee", email=EMAIL).booking_id
        ask_id, plain = want(w, request(START)), ZimunClient.bookings

        async def for_the_last_time(*what: Any) -> Any:
            found = await plain(*what)
            close_list(w)
            return found

        with patch.object(ZimunClient, "bookings", for_the_last_time):
            await w.cycle()
        reply = told(w, ask_id)
        assert reply is not None
        assert (reply.code, reply.text, reply.booking_ids) == (0, "booked already", (one,))
        assert await w.start(one) == TEN
        w.salon.move(one, at(24, 14))
        await w.cycle(minutes=1)
        assert await w.start(one) == ";TZID=Europe/Berlin:20261124T150000"


async def test_what_cannot_be_taken_in_is_told_each_for_itself(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        cancelled, good = w.book(at(25, 9)), w.book(START)
        w.salon.cancel(cancelled)
        staff = next(iter(w.salon.staff))
        past = w.salon.place("s_haircut", at(23, 6), staff).booking_id
        held = w.salon.hold("s_haircut", "loc_mitte", at(26, 9)).booking_id
        broken = w.book(at(27, 9))
        w.fault(Kind.ANSWER, f"{APPOINTMENTS}/{broken}", times=None, status=200, body={"booking_id": broken})
        ask_id = want(w, import_of(cancelled, past, held, broken, "b_none", good))
        await w.cycle()
        reply = told(w, ask_id)
        assert reply is not None
        assert (reply.code, reply.booking_ids) == (1, (good,))
        why = dict(reply.refused)
        assert why[BookingId(cancelled)] == "it is cancelled"
        assert why[BookingId(past)] == "it is past"
        assert why[BookingId(held)] == "it is only held"
        assert why[BookingId(broken)].startswith("it cannot be read: start_time is missing")
        assert why[BookingId("b_none")] == "Zimun knows no such booking"


async def test_nothing_is_imported_where_no_call_reads_a_booking(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(START)
        close_all_reading(w)
        ask_id = want(w, import_of(booking_id))
        await w.cycle()
        reply = told(w, ask_id)
        assert reply is not None
        assert (reply.code, reply.booking_ids, "403" in reply.text) == (1, (), True)
        assert await w.events() == {}


async def test_one_beyond_the_future_waits_until_it_is_near(dav: Server, folder: Path) -> None:
    async with world(dav, folder, sync="future_days = 3") as w:
        close_list(w)
        far = w.book(at(30, 9))
        want(w, import_of(far))
        await w.cycle()
        assert await w.events() == {}
        looks = len(w.calls(far))
        await w.quiet(minutes=1)
        assert len(w.calls(far)) == looks
        w.salon.move(far, at(30, 10))
        await w.cycle(days=5)
        assert await w.start(far) == ";TZID=Europe/Berlin:20261130T110000"


async def test_one_beyond_the_future_that_is_moved_nearer_is_seen_within_the_hour(dav: Server, folder: Path) -> None:
    async with world(dav, folder, sync="future_days = 3") as w:
        close_list(w)
        far = w.book(at(30, 9))
        want(w, import_of(far))
        await w.cycle()
        w.salon.move(far, at(24, 9))
        await w.cycle(minutes=61)
        assert await w.start(far) == TEN
        await w.quiet(minutes=1)
        assert w.store.known() == []


async def test_one_that_was_cancelled_before_it_had_an_event_gets_none(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        close_list(w)
        w.dav_fault = Unavailable("the calendar server cannot be reached")
        want(w, request(START))
        await w.cycle()
        (booking,) = booked(w)
        want(w, CancelWanted(BookingId(booking.booking_id)))
        await w.cycle(minutes=1)
        assert w.booking(booking.booking_id).status == "cancelled"
        w.dav_fault = None
        await w.cycle(minutes=1)
        await w.quiet(minutes=5)
        assert await w.events() == {}
        assert w.store.known() == []


async def test_a_customer_s_later_change_counts(dav: Server, folder: Path) -> None:
    """What syncd knew by its own doing is over, also where its event was never written."""
    async with world(dav, folder) as w:
        w.dav_fault = Unavailable("the calendar server cannot be reached")
        want(w, request(START))
        await w.cycle()
        (booking,) = booked(w)
        w.salon.move(booking.booking_id, at(24, 11))
        await w.cycle(minutes=5)
        w.dav_fault = None
        await w.cycle(minutes=5)
        assert await w.start(booking.booking_id) == ";TZID=Europe/Berlin:20261124T120000"
        await w.quiet(minutes=1)
        assert w.store.known() == []


async def test_one_that_its_customer_took_back_after_a_cancellation_is_looked_after_again(
    dav: Server, folder: Path
) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(START)
        await w.cycle()
        close_list(w)
        alive = w.booking(booking_id)
        w.salon.cancel(booking_id)
        await w.cycle(minutes=1)
        assert await w.events() == {}
        w.clock.at += timedelta(minutes=5)
        w.live_again(alive)
        await w.quiet(minutes=1)
        ask_id = want(w, import_of(booking_id))
        await w.cycle(minutes=1)
        reply = told(w, ask_id)
        assert reply is not None
        assert (reply.code, reply.booking_ids) == (0, (booking_id,))
        assert await w.start(booking_id) == TEN
        await w.quiet(minutes=1)
        assert w.store.known() == []


async def test_one_that_is_taken_in_anew_while_its_events_removal_is_not_settled_is_looked_after(
    dav: Server, folder: Path
) -> None:
    """syncd ended right after it, and the calendar cannot be looked at when the booking lives again."""
    async with world(dav, folder) as w:
        booking_id = w.book(START)
        await w.cycle()
        close_list(w)
        alive = w.booking(booking_id)
        w.salon.cancel(booking_id)
        w.crash_after = "DELETE"
        with pytest.raises(Crash):
            await w.cycle(minutes=1)
        w.clock.at += timedelta(minutes=5)
        w.live_again(alive)
        ask_id = want(w, import_of(booking_id))
        with patch.object(DavCalendar, "get", side_effect=Unavailable("not now")):
            await w.cycle(minutes=1)
        assert w.store.open_intents()
        reply = told(w, ask_id)
        assert reply is not None
        assert reply.code == 0
        for _ in range(2):
            await w.cycle(minutes=1)
        assert await w.start(booking_id) == TEN
        await w.quiet(minutes=1)
        assert w.store.known() == []


async def test_one_that_lived_again_when_it_was_read_at_last_is_not_let_go_where_it_cannot_be_read(
    dav: Server, folder: Path
) -> None:
    """Its event could not be written when it was read."""
    async with world(dav, folder) as w:
        booking_id = w.book(START)
        await w.cycle()
        close_list(w)
        alive = w.booking(booking_id)
        await w.drag(booking_id, 2 * HOUR)
        w.salon.cancel(booking_id)
        await w.cycle(minutes=1)
        w.clock.at += timedelta(minutes=5)
        w.live_again(alive)
        w.dav_fault = Unavailable("the calendar server cannot be reached")
        await w.cycle(minutes=1)
        w.dav_fault = None
        await w.delete(booking_id)
        w.fault(Kind.ANSWER, f"{APPOINTMENTS}/{booking_id}", times=1, status=403, body={"detail": "no"})
        await w.cycle(minutes=1)
        for _ in range(3):
            await w.cycle(minutes=1)
        assert w.link(booking_id).closed is None
        assert w.booking(booking_id).status == "confirmed"
        assert await w.start(booking_id) == TEN


async def test_a_far_one_that_cannot_be_read_is_not_asked_for_in_each_cycle(dav: Server, folder: Path) -> None:
    async with world(dav, folder, sync="future_days = 3") as w:
        close_list(w)
        far = w.book(at(30, 9))
        want(w, import_of(far))
        await w.cycle()
        w.fault(Kind.ANSWER, f"{APPOINTMENTS}/{far}", times=None, status=503)
        await w.cycle(minutes=61)
        looks = len(w.calls(far))
        await w.cycle(minutes=1)
        assert len(w.calls(far)) == looks


async def test_while_a_look_up_lags_behind_a_cancellation_by_hand_nothing_is_asked_of_that_booking(
    dav: Server, folder: Path
) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(START)
        await w.cycle()
        close_list(w)
        before = w.link(booking_id).booking
        ask_id = want(w, CancelWanted(BookingId(booking_id)))
        with patch.object(ZimunClient, "booking", AsyncMock(return_value=before)):
            await w.cycle(minutes=1)
            assert told(w, ask_id) is not None
            assert await w.events() == {}
            await w.cycle(seconds=20)
        await w.cycle(minutes=3)
        assert (w.calls(RESCHEDULE), await w.events()) == ([], {})


async def test_what_was_moved_away_from_a_day_that_is_past_by_now_is_followed(dav: Server, folder: Path) -> None:
    """No cycle looked between the change and the day after the visit."""
    async with world(dav, folder) as w:
        booking_id, other = w.book(START), w.book(at(30, 14))
        await w.cycle()
        close_list(w)
        await w.quiet(minutes=1)
        w.salon.move(booking_id, at(30, 9))
        await w.cycle(days=5)
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261130T100000"
        assert await w.start(other) == ";TZID=Europe/Berlin:20261130T150000"
        await w.quiet(minutes=1)


async def test_a_visit_that_is_over_is_looked_at_each_hour_for_some_days(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(START)
        await w.cycle()
        close_list(w)
        await w.quiet(days=2, hours=6)
        looks = len(w.calls(booking_id))
        await w.quiet(minutes=30)
        assert len(w.calls(booking_id)) == looks
        await w.quiet(minutes=31)
        assert len(w.calls(booking_id)) == looks + 1
        w.salon.move(booking_id, at(30, 9))
        await w.cycle(minutes=61)
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261130T100000"
        await w.quiet(days=8)
        await w.quiet(days=3)
        looks = len(w.calls(booking_id))
        await w.quiet(minutes=61)
        assert len(w.calls(booking_id)) == looks


async def test_an_import_takes_up_where_a_visit_stands_that_was_let_go_as_past(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        moved, over, to_come = w.book(START), w.book(at(24, 12)), w.book(at(30, 14))
        await w.cycle()
        close_list(w)
        await w.quiet(days=5)
        w.salon.move(moved, at(30, 9))
        looks = len(w.calls(to_come))
        ask_id = want(w, import_of(moved, over, to_come))
        await w.cycle(minutes=1)
        reply = told(w, ask_id)
        assert reply is not None
        assert (reply.booking_ids, dict(reply.refused)) == ((moved, to_come), {BookingId(over): "it is past"})
        assert len(w.calls(to_come)) == looks + 1
        assert await w.start(moved) == ";TZID=Europe/Berlin:20261130T100000"
        await w.quiet(minutes=1)
        assert w.store.known() == []
