"""A calendar that takes nothing for a while: read-only, full, or for tasks alone. Nothing is lost."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.app.check_calendars import look_at_calendars
from syncd.app.check_rows import Row, Rows, Verdict
from syncd.app.wiring import Accounts
from tests.loop.ground import ON_EVERY, ON_ONE
from tests.loop.world import CANCEL, HOUR, RESCHEDULE, World, at, settled, world
from tests.servers import Server, drop_calendar, make_calendar, radicale
from tests.ten.bender import Ask, Onward, Reply
from tests.ten.stage import stage

ERROR = '<d:error xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><{}/></d:error>'
ICS = {"Content-Type": "text/calendar; charset=utf-8"}
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


async def checked(w: World) -> Row:
    """What `syncd check` says of the calendar."""
    rows, accounts = Rows(), Accounts(w.config, w.clock)
    await look_at_calendars(rows, accounts, w.config)
    await accounts.aclose()
    (row,) = [row for row in rows.all if row.name.startswith("Calendar ")]
    return row


TAKES_THEM_ALL = ("radicale", "davical")
"""The servers that take an event into a calendar for tasks."""


@pytest.fixture
def tasks(server: Server) -> Iterator[str]:
    url = make_calendar(server, "tasks", components=("VTODO",))
    yield url
    drop_calendar(server, url)


@ON_EVERY
async def test_a_calendar_for_tasks_is_told_and_loses_nothing(dav: Server, folder: Path, tasks: str) -> None:
    """Where it takes the events all the same, and where it refuses them."""
    async with world(replace(dav, calendar_url=tasks), folder) as w:
        row = await checked(w)
        assert (row.verdict, row.what) == (Verdict.FAIL, "it takes no events")
        booked, cancelled = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        report = await w.cycle(minutes=1)
        taken = await w.exists(booked)
        assert taken == (dav.name in TAKES_THEM_ALL)
        assert report.summary.exit_code == (0 if taken else 1), report.summary.line
        assert {problem.key for problem in report.summary.problems} == (set() if taken else {booked, cancelled})
        w.salon.cancel(cancelled)
        await w.cycle(minutes=1)
        # the config is mended; what stands among the tasks is left there
        w.dav = dav
        w.reconfigure()
        assert (await checked(w)).verdict is Verdict.OK
        report = await w.cycle(minutes=61)
        assert report.summary.problems == ()
        assert await w.exists(booked, tasks) == taken
        await settled(w)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T100000"
        assert not await w.exists(cancelled)
        assert not w.posts
        assert w.booking(booked).status == "confirmed"
        assert (await w.quiet(minutes=3)).summary.exit_code == 0


@ON_EVERY
async def test_an_event_put_among_tasks_was_not_deleted(dav: Server, folder: Path, tasks: str) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        _, text = await w.event(booked)
        await w.delete(booked)
        refused = (await w.http.put(w.url(booked, tasks), content=text.encode(), headers=ICS)).is_error
        assert refused == (dav.name not in TAKES_THEM_ALL)
        if refused:
            # an app puts it back, or somewhere else
            await w.put(booked, text)
        await settled(w)
        assert w.booking(booked).status == "confirmed"
        assert await w.exists(booked)


RIGHTS = """
[owner]
user: owner
collection: .*
permissions: RrWw
[shared with syncd]
user: u
collection: u/cal
permissions: r
[its own]
user: u
collection: (u)?
permissions: R
"""


async def test_a_calendar_that_is_shared_for_reading_only_is_told_and_loses_nothing(folder: Path) -> None:
    """A real one: its owner writes, and syncd may not for a while."""
    with radicale(folder, RIGHTS) as reader:
        owner = replace(reader, username="owner")
        async with world(owner, folder) as w:
            moved, dragged, refused, gone = (w.book(at(24 + day, 9)) for day in range(4))
            await w.cycle()
            w.dav = reader
            w.reconfigure()
            row = await checked(w)
            assert (row.verdict, row.what) == (Verdict.FAIL, "it can be read, not written")
            before = await w.events()
            new = w.book(at(24, 14))
            w.salon.move(moved, at(24, 11))
            w.salon.cancel(gone)
            for _ in range(3):
                report = await w.cycle(minutes=1)
                assert report.summary.exit_code == 1, report.summary.line
            assert {new, moved} <= {problem.key for problem in report.summary.problems}
            assert await w.events() == before
            # what its owner does there counts
            await w.drag(dragged, HOUR)
            # nobody is open at night
            await w.drag(refused, 10 * HOUR)
            await w.cycle(minutes=1)
            assert w.booking(dragged).start == at(25, 10)
            w.dav = owner
            w.reconfigure()
            await w.cycle(minutes=61)
            await w.cycle(minutes=1)
            assert await w.start(new) == ";TZID=Europe/Berlin:20261124T150000"
            assert await w.start(moved) == ";TZID=Europe/Berlin:20261124T120000"
            assert await w.start(refused) == ";TZID=Europe/Berlin:20261126T100000"
            assert not await w.exists(gone)
            assert (len(w.calls(RESCHEDULE)), len(w.calls(CANCEL))) == (1, 0)
            assert (await w.quiet(minutes=3)).summary.exit_code == 0
