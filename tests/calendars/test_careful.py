"""Where conditions on writes do not protect, as a probe found: a look right before each write, and one after it."""

from collections.abc import AsyncIterator

import pytest

from syncd.calendars.account import Account
from syncd.calendars.dav import DavCalendar
from syncd.domain.errors import PreconditionFailed
from tests.calendars.rogue import CAL, Reply, Rogue, multistatus, state
from tests.calendars.samples import NOW, draft, name, ours

ONE = CAL + "b_1.ics"
MINE = '"1"'


def served(data: str, etag: str) -> Reply:
    return Reply(200, data, {"Content-Type": "text/calendar", "ETag": etag})


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    """A server that takes every write, whatever its condition."""
    async with Rogue() as running:
        running.on("PUT", ONE, Reply(204, "", {"ETag": '"2"'}))
        running.on("DELETE", ONE, Reply(204))
        running.on("REPORT", CAL, multistatus(state(ONE, 404)))
        yield running


@pytest.fixture
async def calendar(rogue: Rogue) -> AsyncIterator[DavCalendar]:
    account = Account(rogue.url, "u", "p", now=lambda: NOW, careful=lambda url: url == rogue.url + CAL)
    yield await account.calendar(rogue.url + CAL)
    await account.aclose()


def written(rogue: Rogue) -> list[str]:
    return [request.method for request in rogue.requests if request.method in ("PUT", "DELETE")]


async def test_nothing_is_written_over_another_version(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("GET", ONE, served(ours(), '"of another"'))
    with pytest.raises(PreconditionFailed):
        await calendar.replace(ONE, draft(), ours(), MINE)
    with pytest.raises(PreconditionFailed):
        await calendar.remove(ONE, MINE)
    with pytest.raises(PreconditionFailed):
        await calendar.create(name(), draft(), "")
    assert written(rogue) == []


async def test_the_version_that_is_meant_is_written_over_and_deleted(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("GET", ONE, served(ours(), MINE))
    await calendar.replace(ONE, draft(), ours(), MINE)
    await calendar.remove(ONE, MINE)
    assert written(rogue) == ["PUT", "DELETE"]
    assert rogue.asked("PUT")[0].headers["if-match"] == MINE


async def test_what_is_not_there_is_created(rogue: Rogue, calendar: DavCalendar) -> None:
    rogue.on("GET", ONE, Reply(404))
    rogue.on("PROPFIND", CAL, multistatus(state(CAL, 200)))
    await calendar.create(name(), draft(), "")
    assert written(rogue) == ["PUT"]


@pytest.mark.parametrize("after", ["another version", "another version under our ETag", "it cannot be read", "ours"])
async def test_somebody_who_wrote_at_the_same_time_is_seen_by_the_next_listing(
    rogue: Rogue, calendar: DavCalendar, after: str
) -> None:
    """Our ETag is kept only where what we wrote stands there."""
    other = ours().replace("END:VEVENT", "X-OTHER:1\r\nEND:VEVENT")
    again = {
        "another version": served(other, '"3"'),
        "another version under our ETag": served(other, '"2"'),
        "it cannot be read": Reply(500),
        "ours": served(ours(), '"2"'),
    }[after]
    rogue.on("GET", ONE, served(ours(), MINE), again)
    if after == "ours":
        rogue.on("GET", ONE, served(ours(), MINE))
        await calendar.replace(ONE, draft(), ours(), MINE)
        rogue.on("GET", ONE, served(ours(), MINE), served(rogue.asked("PUT")[0].body, '"2"'))
    stored = await calendar.replace(ONE, draft(), ours(), MINE)
    assert stored.etag == ('"2"' if after == "ours" else None)
    assert stored.event is not None
