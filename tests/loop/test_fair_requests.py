"""Requests beside others that come to nothing: each has its turn, its answer, and counts once."""

from datetime import timedelta
from pathlib import Path

import pytest

from syncd.sandbox import Kind
from tests.loop.asking import HOLD, booked
from tests.loop.ground import ON_ONE
from tests.loop.requesting import ask, asking, due, told
from tests.loop.world import HOUR, at
from tests.servers import Server

pytestmark = ON_ONE
START = at(24, 9)
QUARTER = 0.25 * HOUR


@pytest.mark.parametrize(("apart", "minutes"), [(2 * QUARTER, 35), (3 * QUARTER, 0)])
async def test_a_hold_that_never_gets_an_answer_does_not_keep_another_from_its_own(
    dav: Server, folder: Path, apart: timedelta, minutes: int
) -> None:
    """Where the two overlap it waits until that hold has surely lapsed, once; else that is no reason to wait."""
    async with asking(dav, folder) as w:
        w.salon.staff = {"st_jana": w.salon.staff["st_jana"]}
        w.book(START + 3 * QUARTER)
        await ask(w, START, "Haircut – Cy Fox", "cy@example.org", "first")
        await ask(w, START + apart, name="second")
        w.fault(Kind.ANSWER, HOLD, "POST", times=None, status=500)
        await due(w)
        for _ in range(minutes):
            await w.cycle(minutes=1)
        assert "is not free for this" in await told(w, "second")
        assert await told(w, "first") != await told(w, "second")


async def test_what_zimun_does_not_permit_for_one_it_may_permit_for_another(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START, "Haircut – Cy Fox", "cy@example.org", "first")
        await ask(w, at(25, 9), name="second")
        await w.cycle(seconds=10)
        w.fault(Kind.ANSWER, HOLD, "POST", status=403, body={"detail": "no"})
        await w.cycle(seconds=31)
        assert [one.start for one in booked(w)] == [at(25, 9)]
        assert (await w.plan()).effects == ()  # the other rests
        await w.cycle(minutes=14)
        assert len(w.calls(HOLD)) == 2
        await w.cycle(minutes=2)
        assert [one.start for one in booked(w)] == [START, at(25, 9)]


async def test_those_that_were_asked_for_already_do_not_count_towards_too_many(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        closed = w.fault(Kind.ANSWER, HOLD, "POST", times=None, status=403, body={"detail": "no"})
        for number in range(5):
            await ask(w, START + number * HOUR, name=f"wish{number}", description=f"c{number}@example.org")
            await due(w)
        closed.times = 0
        await ask(w, at(25, 9))
        await due(w)
        assert [one.start for one in booked(w)] == [at(25, 9)]
        await w.cycle(minutes=16)
        assert (len(booked(w)), w.store.awaiting()) == (6, [])
