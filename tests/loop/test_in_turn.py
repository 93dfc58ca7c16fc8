"""Where the list is closed, each booking that syncd knows is looked at by its id: a few in each cycle, in turn.

What somebody waits for comes before all others.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import tests.loop.world
from syncd.domain.booking import BookingList
from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from syncd.engine import turns
from syncd.engine.report import Report
from syncd.sandbox import Fault, Kind
from syncd.zimun import ZimunClient
from tests.loop.asking import close_list
from tests.loop.ground import ON_ONE, HandClock
from tests.loop.test_looks import forgets
from tests.loop.test_routing import ENTRY
from tests.loop.world import APPOINTMENTS, CANCEL, HOUR, RESCHEDULE, World, at, world
from tests.servers import Server

pytestmark = ON_ONE
WEEK = timedelta(days=7)


def many(w: World, count: int) -> list[str]:
    """So many bookings, in the order of their ids."""
    return sorted(w.book(at(24 + n // 6, 8 + n % 6)) for n in range(count))


@contextmanager
def so_many_in_a_cycle(count: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(turns, "LOOKS", count)
        yield


def looked_at(w: World) -> list[str]:
    """The ids that were looked at since the last time, in order."""
    known = set(w.store.links())
    ids = [call.path.rsplit("/", 1)[1] for call in w.server.calls if call.method == "GET"]
    w.server.calls.clear()
    return [each for each in ids if each in known]


async def test_each_booking_has_its_turn_and_what_a_person_wants_has_it_at_once(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        known = many(w, 11)
        await w.cycle()
        close_list(w)
        looked_at(w)
        with so_many_in_a_cycle(4):
            for first in (0, 4, 8, 1):
                assert (await w.quiet(minutes=1)).summary.exit_code == 0
                assert sorted(looked_at(w)) == sorted([*known, *known][first : first + 4])
            dragged, deleted, moved = known[0], known[1], known[4]
            await w.drag(dragged, WEEK)
            await w.delete(deleted)
            w.salon.move(moved, at(30, 15))
            await w.cycle(minutes=1)
            assert len(w.calls(RESCHEDULE)) == 1
            assert {dragged, deleted} < set(looked_at(w))
            await w.cycle(minutes=11)
            assert len(w.calls(CANCEL)) == 1
            await w.cycle(minutes=1)
            assert await w.start(moved) == ";TZID=Europe/Berlin:20261130T160000"
            assert w.booking(dragged).start >= at(30, 0)
            assert w.booking(deleted).status == "cancelled"


class Limit(Fault):
    """So many look-ups in a minute of the clock in hand; then 429, with what is left of the minute."""

    def __init__(self, clock: HandClock, most: int) -> None:
        super().__init__(
            "GET", f"{APPOINTMENTS}/", Kind.ANSWER, None, status=429, headers={"Retry-After": "60"}, body={}
        )
        self.clock, self.most = clock, most
        self.minute, self.used = clock.at, 0

    def matches(self, method: str, path: str) -> bool:
        if not path.startswith(self.path_prefix):
            return False
        if self.clock.at != self.minute:
            self.minute, self.used = self.clock.at, 0
        self.used += 1
        return self.used > self.most


@pytest.mark.parametrize("which", [0, 10, -1])
async def test_so_it_is_where_fewer_may_be_asked_for_in_a_minute_than_there_are(
    dav: Server, folder: Path, which: int
) -> None:
    async with world(dav, folder) as w:
        known = many(w, 20)
        await w.cycle()
        close_list(w)
        w.server.faults.append(Limit(w.clock, 10))
        cancelled, (dragged, deleted) = known[which], known[-3:-1]
        w.salon.cancel(cancelled)
        await w.drag(dragged, WEEK)
        await w.delete(deleted)
        codes = [(await w.cycle(minutes=1)).summary.exit_code for _ in range(20)]
        assert not await w.exists(cancelled)
        assert w.booking(dragged).start >= at(30, 0)
        assert w.booking(deleted).status == "cancelled"
        # at first too many are asked for, while the slots for the move are needed; then a few, and more by and by
        assert (codes[0], codes[1:10], codes.count(75)) == (75, [0] * 9, 1)
        looked_at(w)
        for _ in range(5):
            await w.quiet(minutes=1)
        assert {*known} - {cancelled, deleted} <= set(looked_at(w))


async def test_what_presses_and_the_fewest_others_leave_room_for_what_follows(dav: Server, folder: Path) -> None:
    """Three moves take more than is left after as many looks and those that have their turn."""
    async with world(dav, folder) as w:
        known = many(w, 20)
        await w.cycle()
        close_list(w)
        w.server.faults.append(Limit(w.clock, 7))
        for each in known[:3]:
            await w.drag(each, WEEK)
        for _ in range(6):
            await w.cycle(minutes=1)
        assert all(w.booking(each).start >= at(30, 0) for each in known[:3])
        looked_at(w)
        for _ in range(8):
            assert (await w.cycle(minutes=1)).summary.exit_code == 0
        assert {*known} <= {*looked_at(w)}


async def test_visits_that_are_over_have_their_turn_once_an_hour(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        known = many(w, 12)  # on the 24th and the 25th
        await w.cycle()
        close_list(w)
        with so_many_in_a_cycle(5):
            await w.quiet(days=4)
            assert {*known} <= set(looked_at(w))
            await w.quiet(minutes=59)
            assert looked_at(w) == []
            for _ in range(2):
                await w.quiet(minutes=1)
            w.salon.move(known[0], at(30, 15))
            w.salon.move(known[-1], at(30, 13))
            await w.cycle(minutes=1)
            assert await w.start(known[-1]) == ";TZID=Europe/Berlin:20261130T140000"
            assert sorted(looked_at(w)) == known
            await w.quiet(minutes=1)
            assert looked_at(w) == [known[-1]]
            # the first had been looked at before it was moved
            for _ in range(3):
                await w.cycle(minutes=30)
            assert await w.start(known[0]) == ";TZID=Europe/Berlin:20261130T160000"


async def test_though_zimun_does_not_let_anything_be_moved_they_have_their_turn_no_more_often(
    dav: Server, folder: Path
) -> None:
    """Such a refusal is named as a fault of Zimun in each cycle; it has told of the bookings all the same."""
    async with world(dav, folder) as w:
        known = many(w, 12)  # on the 24th and the 25th
        later = sorted(w.book(at(30, hour)) for hour in (8, 9, 10, 11, 13, 14))
        await w.cycle()
        close_list(w)
        w.fault(Kind.ANSWER, f"{APPOINTMENTS}/", method="POST", times=None, status=403, body={"error": "forbidden"})
        with so_many_in_a_cycle(6):
            await w.drag(later[0], HOUR * 24)
            await w.cycle(days=4)
            for _ in range(3):
                report = await w.cycle(minutes=1)
            assert list(report.summary.sides) == ["zimun"]
            looked_at(w)
            for _ in range(10):
                await w.cycle(minutes=1)
            seen = looked_at(w)
            assert not {*known} & {*seen}
            assert {*later} <= {*seen}


async def test_many_that_are_gone_are_gone_at_once_however_few_are_looked_at_in_a_cycle(
    dav: Server, folder: Path
) -> None:
    async with world(dav, folder) as w:
        known = many(w, 14)
        await w.cycle()
        close_list(w)
        forgets(w, *known[::2])
        with so_many_in_a_cycle(4):
            for _ in range(15):
                report = await w.quiet(minutes=1)
            assert report.summary.counts["awaiting"] == 7
            w.decide(Decision.APPROVED, *known[::2])
            await w.cycle(minutes=1)
            assert [await w.exists(each) for each in known] == [False, True] * 7
            # what a person approved is no outage: the next one goes as any other
            forgets(w, known[1])
            for _ in range(15):
                await w.cycle(minutes=1)
            assert not await w.exists(known[1])


async def test_a_config_that_sends_all_elsewhere_waits_however_few_are_looked_at_in_a_cycle(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    other = new_calendar()
    async with world(dav, folder) as w:
        known = many(w, 12)
        await w.cycle()
        close_list(w)
        w.reconfigure(calendars=ENTRY.format(other, "locations", "loc_mitte"))
        with so_many_in_a_cycle(4):
            for _ in range(3):
                report = await w.quiet(minutes=1)
            assert report.summary.counts["awaiting"] == 12
            w.decide(Decision.APPROVED, *known)
            await w.cycle(minutes=1)
        assert len(await w.events(other)) == 12


@pytest.mark.parametrize("which", [slice(3), slice(-3, None), slice(1, 20, 8), slice(10)])
async def test_a_few_of_which_zimun_cannot_tell_do_not_stop_the_others(
    dav: Server, folder: Path, which: slice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They fail after some time only, when most of the others have their answer."""

    async def briefly(seconds: float) -> None:
        await asyncio.sleep(0.03)  # the jitter of a back-off would make each run another story

    monkeypatch.setattr(tests.loop.world, "_no_wait", briefly)
    async with world(dav, folder) as w:
        known = many(w, 20)
        await w.cycle()
        close_list(w)
        poison = known[which]
        for each in poison:
            w.fault(Kind.ANSWER, f"{APPOINTMENTS}/{each}", times=None, status=500, body={})
        dragged, deleted, cancelled = (each for each in known[-7:-4] if each not in poison)
        await w.drag(dragged, WEEK)
        await w.delete(deleted)
        w.salon.cancel(cancelled)
        for minutes in (1, 1, 11, 1):
            report = await w.cycle(minutes=minutes)
        assert (report.summary.exit_code, report.summary.sides) == (1, {})
        assert {problem.key for problem in report.summary.problems} <= set(poison)
        assert (len(w.calls(RESCHEDULE)), len(w.calls(CANCEL))) == (1, 1)
        assert not await w.exists(cancelled)


async def test_nor_do_they_count_as_an_outage_where_the_list_is_open(
    dav: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(dav, folder) as w:
        known = many(w, 8)
        await w.cycle()
        poison = {BookingId(each) for each in known[:4]}
        whole = ZimunClient.bookings

        async def without(client: ZimunClient, start: datetime, end: datetime) -> BookingList:
            listed = await whole(client, start, end)
            return replace(listed, bookings=tuple(one for one in listed.bookings if one.id not in poison))

        monkeypatch.setattr(ZimunClient, "bookings", without)
        for each in poison:
            w.fault(Kind.ANSWER, f"{APPOINTMENTS}/{each}", times=None, status=500, body={})
        await w.drag(known[5], HOUR * 24 * 7)
        report = await w.cycle(minutes=1)
        assert (report.summary.exit_code, report.summary.sides) == (1, {})
        assert {problem.key for problem in report.summary.problems} == poison
        assert len(w.calls(RESCHEDULE)) == 1


async def test_those_that_no_call_can_read_are_named_until_they_are_read(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        known = many(w, 11)
        await w.cycle()
        close_list(w)
        w.fault(Kind.ANSWER, f"{APPOINTMENTS}/", times=None, status=403, body={"error": "forbidden"})
        with so_many_in_a_cycle(4):
            for count in (4, 8, 11, 11):
                assert named(await w.quiet(minutes=1)) == known[:count]
            w.server.faults.pop()
            for _ in range(3):
                report = await w.quiet(minutes=1)
            assert (named(report), report.summary.exit_code) == ([], 0)


def named(report: Report) -> list[str]:
    assert {problem.kind for problem in report.summary.problems} <= {"blind"}
    return sorted(problem.key for problem in report.summary.problems)


async def test_where_no_look_is_answered_zimun_is_down(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        many(w, 8)
        await w.cycle()
        close_list(w)
        w.fault(Kind.ANSWER, f"{APPOINTMENTS}/", times=None, status=500, body={})
        looked_at(w)
        report = await w.quiet(minutes=1)
        assert (report.summary.exit_code, list(report.summary.sides)) == (75, ["zimun"])
        assert len(set(looked_at(w))) < 8
