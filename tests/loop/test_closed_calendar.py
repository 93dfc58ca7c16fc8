"""A calendar that takes nothing for a while: read-only, full, or for tasks alone. Nothing is lost."""

from pathlib import Path

import pytest

from tests.loop.ground import ON_ONE
from tests.loop.world import CANCEL, HOUR, RESCHEDULE, at
from tests.servers import Server
from tests.ten.bender import Ask, Onward, Reply
from tests.ten.stage import stage

ERROR = '<d:error xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><{}/></d:error>'
XML = {"content-type": "application/xml; charset=utf-8"}
CLOSED: dict[str, tuple[Reply, frozenset[str]]] = {
    "read-only": (Reply(403, ERROR.format("d:need-privileges").encode(), XML), frozenset({"PUT", "DELETE"})),
    "full": (Reply(507, ERROR.format("d:quota-not-exceeded").encode(), XML), frozenset({"PUT"})),
    "for tasks": (Reply(403, ERROR.format("c:supported-calendar-component").encode(), XML), frozenset({"PUT"})),
}


@ON_ONE
@pytest.mark.parametrize("how", CLOSED)
async def test_what_happens_meanwhile_is_kept_and_written_once_it_opens(dav: Server, folder: Path, how: str) -> None:
    reply, methods = CLOSED[how]

    async def bend(ask: Ask, onward: Onward) -> Reply:
        return reply if ask.method in methods else await onward(ask)

    async with stage(dav, folder) as (w, caldav, _):
        moved, dragged, refused, gone = (w.book(at(24 + day, 9)) for day in range(4))
        await w.cycle()
        caldav.bend = bend
        new = w.book(at(24, 14))
        w.salon.move(moved, at(24, 11))
        w.salon.cancel(gone)
        await w.drag(dragged, HOUR)
        # nobody is open at night: it would go back with a note
        await w.drag(refused, 10 * HOUR)
        told: set[str] = set()
        for _ in range(30):
            report = await w.cycle(minutes=1)
            assert report.summary.exit_code == 1, report.summary.line
            told |= {problem.key for problem in report.summary.problems}
        assert {new, moved, refused} <= told
        # each refusal is a word, and is asked about again within the hour at the earliest
        assert len(caldav.writes()) <= 4 + 2 * 5
        assert (len(w.calls(RESCHEDULE)), len(w.calls(CANCEL))) == (1, 0)
        assert w.booking(dragged).start == at(25, 10)
        assert w.booking(refused).start == at(26, 9)
        caldav.bend = None
        await w.cycle(minutes=61)
        await w.cycle(minutes=1)
        assert await w.start(new) == ";TZID=Europe/Berlin:20261124T150000"
        assert await w.start(moved) == ";TZID=Europe/Berlin:20261124T120000"
        assert await w.start(dragged) == ";TZID=Europe/Berlin:20261125T110000"
        assert await w.start(refused) == ";TZID=Europe/Berlin:20261126T100000"
        assert not await w.exists(gone)
        assert (len(w.calls(RESCHEDULE)), len(w.calls(CANCEL))) == (1, 0)
        assert (await w.quiet(minutes=3)).summary.exit_code == 0
