"""9. 401, 403, 429, 5xx and time-outs were read as "gone", or hammered.

easyappointments f54ed562: any error of the calendar server deleted the appointment. nextcloud/server 51533: a client
with an old password knocked until the server locked everybody out.

syncd promises, for each side: none of these is ever read as gone; each is shown within one cycle by exit code and line;
the number of requests is bounded, in a cycle and over a day; a refused login is tried again after a quarter of an hour
at first, then ever more rarely; Retry-After is honoured in both of its forms; and when it is over, all goes on.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from syncd.app.daemon import _outcome
from syncd.app.pace import Pace
from tests.loop.ground import ON_ONE
from tests.loop.world import CANCEL, HOUR, RESCHEDULE, at
from tests.servers import Server
from tests.ten.bender import CUT, Ask, Bend, Bender, Onward, Reply
from tests.ten.every import on_every
from tests.ten.stage import Kept, Stage, stage

HOURS = 2
# a cycle's requests to a side that answers nothing useful; three tries each, and a few at once
IN_A_CYCLE = 12


def json(status: int, **headers: str) -> Reply:
    return Reply(status, b'{"detail": "as ordered"}', {"content-type": "application/json", **headers})


def until(seconds: int, status: int) -> Bend:
    """Retry-After as an HTTP date."""

    async def bend(_: Ask, __: Onward) -> Reply:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
        return json(status, **{"retry-after": date})

    return bend


def always(reply: Reply) -> Bend:
    async def bend(_: Ask, __: Onward) -> Reply:
        return reply

    return bend


async def silent(_: Ask, __: Onward) -> Reply:
    """No answer, for as long as anybody waits."""
    await asyncio.Event().wait()
    raise AssertionError


# how a side fails, the exit code, and for how many seconds it asks to be left alone
WAYS: dict[str, tuple[Bend, int, float]] = {
    "401": (always(json(401)), 77, 0),
    "403": (always(json(403)), 1, 0),
    "429": (always(json(429)), 75, 30),
    "429, seconds": (always(json(429, **{"retry-after": "90"})), 75, 90),
    "429, date": (until(600, 429), 75, 600),
    "503, seconds": (always(json(503, **{"retry-after": "90"})), 75, 90),
    "500": (always(json(500)), 75, 0),
    "502": (always(json(502)), 75, 0),
    "503": (always(json(503)), 75, 0),
    "504": (always(json(504)), 75, 0),
    "cut": (always(CUT), 75, 0),
}
SIDES = ["caldav", "zimun"]
TIME_OUT = {"caldav": "syncd.calendars.transport._WHOLE_TIMEOUT", "zimun": "syncd.zimun.exchange.WHOLE_SECONDS"}


async def at_work(set_up: Stage) -> list[str]:
    """In sync; then the owner deletes one and drags one, the customer moves one."""
    w = set_up.w
    booked = [w.book(at(24 + n, 9)) for n in range(4)]
    await w.cycle()
    await w.delete(booked[0])
    await w.cycle(minutes=1)
    await w.drag(booked[1], 2 * HOUR)
    w.salon.move(booked[2], at(26, 14))
    return booked


async def goes_on(w: Kept, booked: list[str]) -> None:
    for minutes in (1, 11):
        await w.cycle(minutes=minutes)
    assert w.booking(booked[0]).status == "cancelled"
    assert w.booking(booked[1]).start == at(25, 11)
    assert await w.start(booked[2]) == ";TZID=Europe/Berlin:20261126T150000"
    assert w.booking(booked[3]).start == at(27, 9)
    assert len(await w.events()) == 3
    assert (len(set(w.calls(RESCHEDULE))), len(set(w.calls(CANCEL)))) == (1, 1)
    assert not await w.note(booked[1])
    assert (await w.quiet(minutes=3)).summary.exit_code == 0


@on_every("503-caldav", "cut-caldav")
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("how", WAYS)
async def test_a_side_that_fails_is_not_gone_and_is_shown_at_once(
    dav: Server, folder: Path, side: str, how: str
) -> None:
    bend, code, wait = WAYS[how]
    async with stage(dav, folder) as set_up:
        w, failing = set_up.w, getattr(set_up, side)
        booked = await at_work(set_up)
        before = await w.events()
        failing.bend = bend
        for minutes in (1, 11, 11):
            await w.restart()  # as `syncd sync` by cron: nobody remembers in memory that it was told to wait
            asked = len(failing.asked)
            report = await w.cycle(minutes=minutes)
            assert report.summary.exit_code == code or how == "403", report.summary.line
            assert report.summary.exit_code != 0, report.summary.line
            assert report.summary.outcome == "failed" or report.summary.problems
            assert report.retry_after >= wait - 2, report.retry_after
            assert len(failing.asked) - asked <= IN_A_CYCLE, failing.asked[asked:]
            if side == "caldav" or code != 1:
                assert not w.posts
                assert {*await w.events()} == {*before}
        assert not w.calls(CANCEL)
        failing.bend = None
        await w.restart()
        # a client that may not write is asked again after a quarter of an hour
        w.clock.pass_by(minutes=16)
        await goes_on(w, booked)


@pytest.mark.parametrize("side", SIDES)
async def test_a_side_that_never_answers_is_not_gone(
    dav: Server, folder: Path, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole time for one request, two minutes in life, is a twentieth of a second here."""
    async with stage(dav, folder) as set_up:
        w, failing = set_up.w, getattr(set_up, side)
        booked = await at_work(set_up)
        before = await w.events()
        failing.bend = silent
        monkeypatch.setattr(TIME_OUT[side], 0.05)
        for minutes in (1, 7):  # after ten minutes the dragged event says that it waits
            asked = len(failing.asked)
            report = await w.quiet(minutes=minutes)
            assert report.summary.exit_code == 75, report.summary.line
            assert len(failing.asked) - asked <= IN_A_CYCLE
        assert await w.events() == before
        failing.bend = None
        monkeypatch.undo()
        await w.restart()
        await goes_on(w, booked)


async def hours(w: Kept, failing: Bender) -> int:
    """The requests that a daemon sends in two hours to a side that fails, by its own pace of a minute."""
    asked, passed, pace = len(failing.asked), 0.0, Pace(60)
    await w.restart()
    while passed < HOURS * 3600:
        report = await w.cycle()
        pace = pace.after(_outcome(report))
        wait = pace.delay(report.retry_after, 0.5)
        assert wait >= report.retry_after
        w.clock.pass_by(seconds=wait)
        passed += wait
    return len(failing.asked) - asked


# so many requests in two hours are no hammering: a login after a quarter of an hour, then ever more rarely; else an
# attempt every five minutes, thrice at most; 403 is asked about in one request a cycle
PATIENCE = {"401": 6, "403": 121, "429, date": 121, "503": 121, "cut": 121}


@ON_ONE
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("how", PATIENCE)
async def test_a_side_that_fails_for_hours_is_not_hammered(dav: Server, folder: Path, side: str, how: str) -> None:
    async with stage(dav, folder) as set_up:
        w, failing = set_up.w, getattr(set_up, side)
        booked = [w.book(at(26 + n, 9)) for n in range(2)]
        await w.cycle()
        before = await w.events()
        failing.bend = WAYS[how][0]
        sent = await hours(w, failing)
        assert sent <= PATIENCE[how], sent
        assert await w.events() == before
        assert not w.posts
        failing.bend = None
        await w.restart()
        await w.drag(booked[0], 2 * HOUR)
        await w.cycle(minutes=16)
        assert w.booking(booked[0]).start == at(26, 11)
