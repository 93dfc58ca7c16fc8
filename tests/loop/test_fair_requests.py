"""Requests beside others that come to nothing: each has its turn, its answer, and counts once."""

from datetime import timedelta
from pathlib import Path

import pytest

from syncd.sandbox import Kind
from tests.loop.asking import HOLD
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
