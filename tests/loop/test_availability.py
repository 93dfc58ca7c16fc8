"""Open slots are asked for after everything about bookings, and whatever becomes of it, bookings go on."""

from pathlib import Path

import pytest

from syncd.domain.ids import BookingId
from syncd.domain.request import MoveWanted
from syncd.planning.availability import BURST, HOURLY
from syncd.sandbox import Kind
from syncd.sandbox.model import Unknown
from tests.loop.asking import HOLD, request, want
from tests.loop.asking import told as replied
from tests.loop.ground import ON_ONE
from tests.loop.requesting import ask, asking, told
from tests.loop.world import HOUR, RESCHEDULE, World, at, world
from tests.servers import Server

pytestmark = ON_ONE
AVAILABILITY = "/api/v1/availability"


def asked(w: World) -> int:
    return len(w.calls(AVAILABILITY))


async def test_nothing_is_asked_for_where_nothing_needs_it(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        await w.cycle()
        assert (asked(w), w.store.open_days()) == (0, {})


async def test_days_fill_up_without_a_burst_each_at_its_place(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        w.open_days = 3
        await w.cycle()
        assert asked(w) == BURST
        before = asked(w)
        await w.cycle(minutes=1)
        assert asked(w) - before <= HOURLY / 60
        for _ in range(30):
            await w.cycle(minutes=1)
        days = w.store.open_days()
        assert {key[1] for key in days} <= set(w.salon.locations)
        assert len({key[2] for key in days}) == 4
        assert all(one.read_at is not None and not one.stale for one in days.values())
        assert any(one.slots for one in days.values())


async def test_a_booking_made_changes_its_day_at_once(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        w.open_days = 1
        for _ in range(10):
            await w.cycle(minutes=1)
        one = next(day for day in w.store.open_days().values() if day.slots and day.slots[0].start > w.clock.now())
        slot = one.slots[0]
        w.book(slot.start, service=slot.service_id, place=slot.location_id)
        await w.cycle(seconds=61)
        assert slot not in w.store.open_days()[one.key].slots


async def test_a_service_that_zimun_does_not_know_there_stops_no_other_one(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        w.open_days = 1
        for _ in range(10):
            await w.cycle(minutes=1)
        offered = {key for key in w.store.open_days() if key[0] == "s_beard"}
        shown = {key: w.store.open_days()[key].slots for key in offered}
        assert any(shown.values())
        before = w.clock.now()
        listed = w.salon.open_slots

        def knows_no_beards(service_id, day, location_id=None):  # type: ignore[no-untyped-def]
            if service_id == "s_beard":
                raise Unknown("service_not_found", "There is no service with this id.")
            return listed(service_id, day, location_id)

        w.salon.open_slots = knows_no_beards  # type: ignore[method-assign]
        for _ in range(15):
            await w.cycle(minutes=1)
        days = w.store.open_days()
        assert all(one.read_at is not None and one.read_at > before for key, one in days.items() if key not in offered)
        # its events stay while the catalogue names it
        assert {key: days[key].slots for key in offered} == shown
        assert {key for key, one in days.items() if one.refused} == offered


@pytest.mark.parametrize(("status", "pause"), [(403, 60), (500, 5)])
async def test_where_it_is_closed_or_fails_bookings_go_on_and_what_is_known_stays(
    dav: Server, folder: Path, status: int, pause: int
) -> None:
    async with world(dav, folder) as w:
        w.open_days = 1
        for _ in range(10):
            await w.cycle(minutes=1)
        known = {key: one.slots for key, one in w.store.open_days().items()}
        w.fault(Kind.ANSWER, AVAILABILITY, times=None, status=status)
        report = await w.cycle(minutes=6)
        assert report.summary.exit_code == 0
        tried = asked(w)
        booking = w.book(at(25, 9))
        report = await w.cycle(minutes=1)
        assert (report.summary.exit_code, report.summary.counts["created"]) == (0, 1)
        assert asked(w) == tried
        assert await w.start(booking)
        assert {key: one.slots for key, one in w.store.open_days().items()} == known
        w.server.faults.clear()
        await w.cycle(minutes=pause)
        assert asked(w) > tried


async def test_the_very_start_that_zimun_refused_is_not_offered_instead(dav: Server, folder: Path) -> None:
    """Its list may name it still: slots are of a service, and a booking needs more than one."""
    async with asking(dav, folder) as w:
        moved = w.book(at(25, 9))
        await w.cycle()
        for path in (HOLD, RESCHEDULE):
            w.fault(Kind.ANSWER, path, "POST", times=None, status=409)
        await ask(w, at(24, 9))
        await w.drag(moved, 2 * HOUR)
        await w.cycle(seconds=10)
        await w.cycle(seconds=31)
        assert "Free nearby: 09:30, 09:45, 10:15." in await told(w)
        assert "Free nearby: 11:30, 11:45, 12:15." in await w.note(moved)
        by_hand = [want(w, MoveWanted(BookingId(moved), at(25, 11))), want(w, request(at(24, 9)))]
        await w.cycle(seconds=1)
        replies = [replied(w, one) for one in by_hand]
        assert [reply.slots for reply in replies if reply is not None] == [
            (at(25, 10, 30), at(25, 10, 45), at(25, 11, 15)),
            (at(24, 8, 30), at(24, 8, 45), at(24, 9, 15)),
        ]
