"""The scratch event of a probe, as a cycle sees it."""

from pathlib import Path

from syncd.calendars.account import Account
from syncd.domain.errors import Refused
from syncd.domain.findings import SCRATCH, Scratch
from syncd.state.lock import ProbeLock
from tests.loop.ground import ON_ONE
from tests.loop.requesting import asking, text, there, write
from tests.loop.world import World, at
from tests.servers import Server

NAME = f"{SCRATCH}1"


async def noted(w: World) -> str:
    """A scratch event, as a probe notes it; what it says."""
    account = Account(w.dav.url, w.dav.username, w.dav.password, now=w.clock)
    probe = account.probe(await account.calendar(w.dav.calendar_url), NAME, lambda: False)
    w.store.note_scratch([Scratch(w.dav.calendar_url, probe.href, w.clock.at, w.clock.at)])
    return probe._text("")


@ON_ONE
async def test_while_a_probe_is_at_work_its_event_is_taken_for_nothing_and_left(dav: Server, folder: Path) -> None:
    """Neither for a booking's event nor for a request, in a calendar that takes requests."""
    async with asking(dav, folder) as w:
        w.book(at(24, 9))
        await w.cycle(minutes=1)
        await write(w, await noted(w), NAME)
        before = await w.events()
        with ProbeLock(w.config.state.path):
            for minutes in (1, 1, 61):
                report = await w.quiet(minutes=minutes)
                assert (report.summary.exit_code, report.summary.problems) == (0, ())
        assert await w.events() == before
        assert w.store.awaiting() == []
        report = await w.cycle(minutes=1)
        assert report.summary.exit_code == 0
        assert w.requests.count("DELETE") == 1
        assert await there(w, NAME) == ""
        assert w.store.scratch() == ()
        assert len(await w.events()) == 1
        await w.quiet(minutes=1)


@ON_ONE
async def test_one_that_arrives_late_is_removed_and_another_event_at_its_href_is_not(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        scratch = await noted(w)
        await w.quiet(minutes=1)
        await write(w, scratch, NAME)
        await w.cycle(minutes=1)
        assert (await there(w, NAME), w.store.scratch()) == ("", ())
        await noted(w)
        await write(w, text("Lunch", at(24, 9), "", uid="lunch"), NAME)
        await w.quiet(minutes=1)
        await w.quiet(minutes=10)
        assert "Lunch" in await there(w, NAME)
        assert w.store.scratch() == ()


@ON_ONE
async def test_while_the_server_does_not_let_it_go_it_is_tried_each_hour(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await write(w, await noted(w), NAME)
        w.dav_fault = Refused("the calendar server refuses the object (403)")
        await w.cycle(minutes=1)
        w.dav_fault = None
        await w.quiet(minutes=59)
        assert await there(w, NAME)
        await w.cycle(minutes=1)
        assert (await there(w, NAME), w.store.scratch()) == ("", ())


@ON_ONE
async def test_where_its_lock_cannot_be_opened_it_waits_and_the_cycle_ends_as_it_went(
    dav: Server, folder: Path
) -> None:
    """As where root, who probed beside the service, made the lock's file."""
    async with asking(dav, folder) as w:
        await write(w, await noted(w), NAME)
        lock = ProbeLock(w.config.state.path).path
        lock.mkdir()
        report = await w.quiet(minutes=1)
        assert (report.summary.outcome, report.summary.exit_code) == ("good", 0)
        assert w.store.last_good_cycle_at() == w.clock.at
        assert await there(w, NAME)
        lock.rmdir()
        await w.cycle(minutes=1)
        assert (await there(w, NAME), w.store.scratch()) == ("", ())
