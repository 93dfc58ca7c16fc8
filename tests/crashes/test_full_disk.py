"""The store cannot be written, at any moment of a cycle: nothing is lost, it is told clearly, and later all goes on."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.crashes.disk import Scarce, limited, small_disk
from tests.crashes.ground import DEADLINE, MARK, Ground, ground, until
from tests.crashes.nursery import Nursery
from tests.crashes.people import Act, People, explained
from tests.crashes.reaper import kind_of
from tests.crashes.witness import Witness, faults
from tests.servers import Server
from tests.ten.bender import Ask, Onward, Reply

SYNC = "interval_seconds = 1\ncancel_grace_seconds = 2\nmax_cancellations = 1000"
TRY_AGAIN = 1
BETWEEN = (("", 0), ("", 10))
"""Filled up between two cycles, with some pages left: the first write that finds none is another one each time."""
AFTER_AN_EFFECT = (("POST reschedule", 0), ("PUT", 0), ("POST cancel", 1))
"""What came of a request cannot be written down."""
WHAT = {"PUT": "move", "POST cancel": "delete"}
"""What a person does that such a request comes of; a drag, otherwise."""


class Filling:
    """Between syncd and both sides: fills the disk when a request of one kind has had its effect."""

    def __init__(self, witness: Witness) -> None:
        self.at: tuple[str, Callable[[], None]] | None = None
        self._witness = witness

    async def bend(self, ask: Ask, onward: Onward) -> Reply:
        before = await self._witness.arrives(ask)
        reply = await onward(ask)
        self._witness.answered(ask, reply, before)
        if self.at is not None and self.at[0] == kind_of(ask):
            self.at[1]()
            self.at = None
        return reply


@pytest.mark.parametrize(
    ("kind", "moments"), [(small_disk, BETWEEN + AFTER_AN_EFFECT), (limited, AFTER_AN_EFFECT)], ids=["disk", "limit"]
)
async def test_while_both_sides_change_nothing_is_lost_and_later_all_goes_on(
    dav: Server,
    nursery: Nursery,
    tmp_path: Path,
    kind: Callable[[Path], AbstractContextManager[Scarce]],
    moments: tuple[tuple[str, int], ...],
) -> None:
    with kind(tmp_path / "disk") as disk:
        async with ground(dav, tmp_path, nursery, sync=SYNC, state=disk.folder / "state.db") as g:
            witness = Witness(g)
            people, filling = People(g, witness), Filling(witness)
            g.zimun.bend = g.caldav.bend = filling.bend
            places = count(0, 150)
            for _ in range(2 * len(moments)):
                assert await people.take(Act("book", 0, next(places)))
            life = g.run()
            await g.more_cycles(1)
            for number, (moment, spare) in enumerate(moments):
                told = life.log.read_text().count(disk.said)
                if moment:
                    filling.at = moment, partial(disk.fill, life, spare)
                else:
                    disk.fill(life, spare)
                for name, what in zip(people.names[2 * number :], (WHAT.get(moment, "drag"), "cancel"), strict=False):
                    assert await people.take(Act(what, 0, next(places)), name), what
                await until(partial(_more, life.log, disk.said, told), f"the error {moment} {spare}")
                assert life.running
                disk.free(life)
                await g.more_cycles(1)
                assert not witness.wrong, witness.happened[-60:]
            await _at_rest(g, witness, people)
            _told_clearly(life.log.read_text(), disk, len(moments))


def _more(log: Path, said: str, told: int) -> bool:
    return log.read_text().count(said) > told


async def _at_rest(g: Ground, witness: Witness, people: People) -> None:
    """Both sides agree, by one write for each thing that people did."""
    deadline, wrong = time.monotonic() + DEADLINE, ["not looked"]
    while (wrong or not explained(witness.effects, people.done)) and not witness.wrong and time.monotonic() < deadline:
        await g.more_cycles(1)
        wrong = await faults(g, witness, people.own)
    assert (witness.wrong, wrong) == ([], [])
    assert explained(witness.effects, people.done), (witness.effects, people.done)
    before = g.asked()
    await g.more_cycles(2)
    assert g.asked() == before
    assert not g.rows("SELECT 1 FROM intents WHERE closed_at IS NULL")
    assert g.rows("PRAGMA integrity_check") == [("ok",)]


def _told_clearly(logged: str, disk: Scarce, times: int) -> None:
    """Each time with the file and what to do, never as a fault of syncd's own, and without what people wrote."""
    assert logged.count(f"{disk.folder}/state.db: {disk.said}") >= times
    assert "Traceback" not in logged
    assert "fault of syncd" not in logged
    assert MARK not in logged


async def test_started_on_a_full_disk_it_says_so_and_later_it_starts(
    dav: Server, nursery: Nursery, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        async with ground(dav, tmp_path, nursery, sync=SYNC, state=disk.folder / "state.db") as g:
            witness = Witness(g)
            people = People(g, witness)
            g.zimun.bend = g.caldav.bend = Filling(witness).bend
            assert await people.take(Act("book", 0, 0))
            for spare in (0, 5, 20):
                # there is no database yet, and so many pages are not enough for one
                disk.fill_up(spare)
                life = g.run()
                assert await life.end() == TRY_AGAIN
                said = life.log.read_text().splitlines()
                assert len(said) == 1
                assert said[0].startswith(f"syncd: {disk.folder}/")
                assert "disk" in said[0].split(": ", 2)[2]
                disk.make_room()
            life = g.run()
            await g.more_cycles(1)
            life.kill()
            await life.end()
            assert await people.take(Act("book", 0, 150))
            disk.fill_up(0)
            # what a kill leaves can be read without a page more: it starts, and waits for room
            life = g.run()
            await until(lambda: life.log.exists() and disk.said in life.log.read_text(), "the error")
            assert g.caldav.writes() == [f"PUT {urlsplit(g.url(people.names[0])).path}"]
            disk.make_room()
            await g.more_cycles(1)
            assert life.running
            assert await faults(g, witness, people.own) == []
            assert (witness.wrong, witness.effects) == ([], {"PUT": 2})
