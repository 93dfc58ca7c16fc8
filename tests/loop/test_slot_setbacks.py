"""What does not go well in the calendar of open slots: fought over, refused, or read only in part."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.calendars.dav import DavCalendar
from syncd.domain.errors import Refused
from syncd.engine import publishing
from syncd.ports import Listing
from syncd.sandbox import Kind
from tests.loop.asking import EMAIL, booked
from tests.loop.ground import ON_ONE
from tests.loop.requesting import due, stages
from tests.loop.slotting import DANA, FIRST, LAST, NEXT, erase, is_open, name_at, open_slots, slots_url, text_at, write
from tests.loop.world import World
from tests.servers import Server

pytestmark = ON_ONE
Make = Callable[[], str]
STEP = NEXT - FIRST
MOVED = (("T171500", "T174500"), ("T173000", "T180000"))


async def unsettle(w: World, how: str) -> None:
    """A person deletes the last slot's event, or moves it."""
    if how == "deleted":
        await erase(w, LAST)
    else:
        await write(w, "Open: Haircut", LAST, *MOVED)


async def is_right(w: World) -> bool:
    return await is_open(w, LAST) and "T171500" in await text_at(w, LAST)


@pytest.mark.parametrize("how", ["deleted", "moved"])
async def test_three_times_an_hour_it_is_put_back_and_then_left_alone_for_that_long(
    dav: Server, folder: Path, new_calendar: Make, how: str
) -> None:
    async with open_slots(dav, folder, new_calendar(), hours=4) as w:
        for _ in range(3):
            await unsettle(w, how)
            await w.cycle(minutes=1)
            assert await is_right(w)
        await unsettle(w, how)
        left = await text_at(w, LAST)
        for minutes in (1, 1, 55):
            await w.cycle(minutes=minutes)
            assert await text_at(w, LAST) == left
        # an hour after the first time, once more; and then the second one is an hour ago, too
        await w.cycle(minutes=1)
        assert await is_right(w)
        await unsettle(w, how)
        await w.cycle(minutes=1)
        assert await is_right(w)


class Stubborn:
    """The calendar server refuses to write the events of some slots; `tried` counts how often it was asked to."""

    def __init__(self, patch: pytest.MonkeyPatch, *names: str) -> None:
        self.names, self.tried = set(names), Counter[str]()
        create = DavCalendar.create

        async def refuses(calendar: DavCalendar, name: str, *how: object) -> object:
            self.tried[name] += 1
            if name in self.names:
                raise Refused("the calendar server answered 403", "no")
            return await create(calendar, name, *how)  # type: ignore[arg-type]

        patch.setattr(DavCalendar, "create", refuses)


async def test_what_the_server_refuses_is_set_aside_for_two_hours_and_the_others_go_on(
    dav: Server, folder: Path, new_calendar: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_slots(dav, folder, new_calendar(), hours=4) as w:
        server = Stubborn(monkeypatch, name_at(LAST))
        await erase(w, LAST)
        await erase(w)
        await w.cycle(minutes=1)
        assert await is_open(w)
        for minutes in (1, 59, 59):
            (problem,) = (await w.cycle(minutes=minutes)).summary.problems
            assert problem.key == "open slots"
            assert "refuses 1 of them" in problem.text
        assert server.tried[name_at(LAST)] == 1
        server.names.clear()
        await w.cycle(minutes=2)
        assert await is_open(w, LAST)
        assert not (await w.cycle(minutes=1)).summary.problems


async def test_three_refused_in_a_row_and_the_calendar_is_left_alone_but_they_are_not_the_first_again(
    dav: Server, folder: Path, new_calendar: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_slots(dav, folder, new_calendar(), hours=4) as w:
        refused = [name_at(FIRST + STEP * n) for n in range(3)]
        server = Stubborn(monkeypatch, *refused)
        for n in range(3):
            await erase(w, FIRST + STEP * n)
        await erase(w, LAST)
        for minutes in (1, 1, 57):
            await w.cycle(minutes=minutes)
            assert not await is_open(w, LAST)
        assert server.tried == Counter(refused)
        assert "not kept up to date" in (await w.cycle(minutes=1)).summary.problems[0].text
        for _ in range(2):
            await w.cycle(minutes=1)
        assert await is_open(w, LAST)
        assert server.tried == Counter([*refused, name_at(LAST)])


async def what_stood_there_awaits(w: World, start: object) -> None:
    await w.cycle(seconds=10)
    await due(w)
    assert (stages(w), booked(w)) == (["awaiting"], [])
    (one,) = w.store.awaiting()
    assert one.start == start


async def test_where_a_service_cannot_be_read_its_slots_are_read_for_the_first_time_once_it_can(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    """The database was lost; nobody knows which slots these are, and who was written into one long ago."""
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, DANA, LAST)
        w.lose_database()
        other = {"id": "s_other", "name": "Other", "duration_minutes": 30, "location_ids": ["loc_mitte"]}
        body = {"items": [{"name": "Haircut"}, other]}
        unread = w.fault(Kind.ANSWER, "/api/v1/services", times=None, status=200, body=body)
        for _ in range(2):
            report = await w.cycle(seconds=20)
            assert [problem.key for problem in report.summary.problems] == ["services item 1"]
        unread.times = 0
        await what_stood_there_awaits(w, LAST)


async def test_where_not_all_can_be_read_at_once_the_rest_is_read_for_the_first_time_later(
    dav: Server, folder: Path, new_calendar: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, DANA, LAST)
        w.lose_database()
        monkeypatch.setattr(publishing, "READS", 2)
        for seen in (2, 4, 5):
            assert not w.store.is_watched(slots_url(w))
            await w.cycle(seconds=10)
            assert len(w.store.openings(slots_url(w))) == seen
        assert w.store.is_watched(slots_url(w))
        await what_stood_there_awaits(w, LAST)
        assert EMAIL in await text_at(w, LAST)


@pytest.fixture
def tells_no_etags(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calendar server has no sync reports, and no ETags in its listings."""
    changes = DavCalendar.changes

    async def plain(calendar: DavCalendar, cursor: str | None) -> Listing:
        listed = await changes(calendar, None)
        return replace(listed, etags=dict.fromkeys(listed.etags), cursor=None)

    monkeypatch.setattr(DavCalendar, "changes", plain)


@pytest.mark.usefixtures("tells_no_etags")
async def test_without_etags_each_has_its_turn_to_be_read_again(
    dav: Server, folder: Path, new_calendar: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_slots(dav, folder, new_calendar(), hours=4) as w:
        monkeypatch.setattr(publishing, "READS", 5)
        assert 10 < len(w.store.openings(slots_url(w))) <= 15
        await write(w, DANA)
        await write(w, "Ada Moss ada@example.org", LAST)
        for _ in range(3):
            await w.cycle(seconds=5)
        assert len([one for one in w.store.openings(slots_url(w)) if one.edited]) == 2
        await due(w)
        assert sorted(one.start for one in booked(w)) == [FIRST, LAST]


@pytest.mark.usefixtures("tells_no_etags")
async def test_without_etags_and_database_all_are_read_for_the_first_time_and_then_watched(
    dav: Server, folder: Path, new_calendar: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, DANA, LAST)
        w.lose_database()
        monkeypatch.setattr(publishing, "READS", 2)
        for _ in range(3):
            assert not w.store.is_watched(slots_url(w))
            await w.cycle(seconds=10)
        assert w.store.is_watched(slots_url(w))
        await what_stood_there_awaits(w, LAST)
