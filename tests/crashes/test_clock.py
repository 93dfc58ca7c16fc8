"""The wall clock jumps an hour ahead, and back, under the running daemon.

Nothing is cancelled early, the grace of a deletion begins anew, and cycles go on at their interval.
"""

import time
from pathlib import Path

from syncd.domain.actions import Why
from syncd.engine.together import together
from tests.crashes.ground import Ground, ground, until
from tests.crashes.nursery import Nursery
from tests.crashes.people import Act, People, explained
from tests.crashes.reaper import kind_of
from tests.crashes.wall_clock import WallClock
from tests.crashes.witness import Witness, faults
from tests.servers import Server
from tests.ten.bender import Ask, Onward, Reply

HOUR = 3600
GRACE = 4
SYNC = f"interval_seconds = 1\ncancel_grace_seconds = {GRACE}"
PATIENCE = 40.0
"""So many seconds some cycles of a second each may take; an hour it is if the daemon waits for the wall clock."""
BOOKINGS = tuple(Act("book", 0, 150 * each) for each in range(4))


class Watch:
    """Sees when a cancel call arrives; sets the clock when a request of one kind does, where it was told to."""

    def __init__(self, witness: Witness, clock: WallClock) -> None:
        self.cancelled: list[float] = []
        self.jump: tuple[str, int] | None = None
        self._witness = witness
        self._clock = clock

    async def bend(self, ask: Ask, onward: Onward) -> Reply:
        kind = kind_of(ask)
        if kind == "POST cancel":
            self.cancelled.append(time.monotonic())
        before = await self._witness.arrives(ask)
        if self.jump is not None and kind == self.jump[0]:
            self._clock.set(self.jump[1])
            self.jump = None
        reply = await onward(ask)
        self._witness.answered(ask, reply, before)
        return reply


async def test_in_a_grace_it_begins_anew_and_nothing_is_cancelled_early(
    dav: Server, nursery: Nursery, tmp_path: Path
) -> None:
    async def story(name: str, first: int, then: int) -> None:
        folder = tmp_path / name
        folder.mkdir()
        clock = WallClock(folder)
        clock.set(first)
        async with ground(dav, folder, nursery, sync=SYNC) as g:
            g.env = clock.env
            witness = Witness(g)
            people, watch = People(g, witness), Watch(witness, clock)
            g.zimun.bend = g.caldav.bend = watch.bend
            for act in BOOKINGS:
                assert await people.take(act)
            g.run(fresh=True)
            await g.more_cycles(2)  # the second lists what the first wrote
            assert await people.take(Act("delete", 0, 0), people.names[0])
            await until(lambda: _has(g, people.names[0], Why.GRACE_BEGUN), "the grace")
            # these are under way while it jumps
            assert await people.take(Act("drag", 0, 600), people.names[1])
            assert await people.take(Act("move", 0, 750), people.names[2])
            jumped = time.monotonic()
            clock.set(then)
            await until(lambda: _has(g, people.names[0], Why.GRACE_RESTARTED), "the grace to begin anew", PATIENCE)
            assert await people.take(Act("delete", 0, 0), people.names[3])
            await until(lambda: len(watch.cancelled) == 2, "both to be cancelled")
            assert watch.cancelled[0] - jumped >= GRACE, name
            await g.more_cycles(2)
            assert (witness.wrong, await faults(g, witness, people.own)) == ([], [])
            assert explained(witness.effects, people.done), (witness.effects, people.done)
            restarted = g.rows("SELECT booking_id FROM history WHERE why = ?", Why.GRACE_RESTARTED.value)
            assert restarted == [(people.names[0],)], "once, and for what was deleted before the jump only"

    await together(story("ahead", 0, HOUR), story("back", HOUR, 0))


async def test_cycles_go_on_at_their_interval_whenever_it_jumps(dav: Server, nursery: Nursery, tmp_path: Path) -> None:
    async def story(name: str, kind: str, first: int, then: int) -> None:
        folder = tmp_path / name
        folder.mkdir()
        clock = WallClock(folder)
        clock.set(first)
        async with ground(dav, folder, nursery, sync=SYNC) as g:
            g.env = clock.env
            watch = Watch(Witness(g), clock)
            g.zimun.bend = watch.bend
            g.run(fresh=True)
            await g.more_cycles(2)
            if kind:
                watch.jump = kind, then
                await until(lambda: watch.jump is None, f"{name}: the jump", PATIENCE)
            else:
                clock.set(then)
            began = time.monotonic()
            await g.more_cycles(5)
            assert time.monotonic() - began < PATIENCE, name

    await together(
        story("ahead", "", 0, HOUR),
        story("back", "", HOUR, 0),
        story("ahead_in_a_cycle", "GET list", 0, HOUR),
        story("back_in_a_cycle", "GET list", HOUR, 0),
    )


def _has(g: Ground, booking_id: str, why: Why) -> bool:
    return bool(g.rows("SELECT 1 FROM history WHERE booking_id = ? AND why = ?", booking_id, why.value))
