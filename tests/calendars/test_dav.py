"""The calendar adapter on real servers."""

from urllib.parse import urljoin

import pytest

from syncd.calendars.account import Account
from syncd.calendars.dav import DavCalendar
from syncd.domain.errors import CollectionGone, Refused, UidConflict
from syncd.ports import CalendarPort
from tests.calendars.contract import App, CalendarContract, title_of
from tests.calendars.samples import draft, foreign, name
from tests.servers import Server, send


class OtherApp:
    """Another client on the same collection."""

    def __init__(self, server: Server, url: str) -> None:
        self._server = server
        self._url = url

    async def put(self, name: str, data: str) -> None:
        send(self._server, "PUT", urljoin(self._url, name), data, {"Content-Type": "text/calendar; charset=utf-8"})

    async def delete(self, name: str) -> None:
        send(self._server, "DELETE", urljoin(self._url, name))


@pytest.fixture
async def calendar(account: Account, calendar_url: str) -> DavCalendar:
    return await account.calendar(calendar_url)


@pytest.fixture
def app(server: Server, calendar_url: str) -> App:
    return OtherApp(server, calendar_url)


class TestDavCalendar(CalendarContract):
    pass


async def test_a_uid_that_stands_at_another_href_is_a_uid_conflict(calendar: CalendarPort) -> None:
    await calendar.create(name(), draft(), "")
    with pytest.raises(UidConflict):
        await calendar.create("elsewhere.ics", draft(), "")


async def test_fetch_goes_on_over_many_batches(calendar: CalendarPort) -> None:
    stored = [await calendar.create(name(f"b{n}"), draft(f"b{n}"), "") for n in range(51)]
    assert {one.href for one in await calendar.fetch([one.href for one in stored])} == {one.href for one in stored}


async def test_a_collection_that_is_gone_is_gone_in_every_call(
    account: Account, server: Server, calendar_url: str, calendar: DavCalendar
) -> None:
    stored = await calendar.create(name(), draft(), "")
    before = await calendar.changes(None)
    gone = await account.calendar(urljoin(calendar_url, "../never-made/"))
    href = stored.href.replace(calendar_url.split("/")[-2], "never-made")
    with pytest.raises(CollectionGone):
        await gone.changes(None)
    with pytest.raises(CollectionGone):
        await gone.changes(before.cursor)
    with pytest.raises(CollectionGone):
        await gone.fetch([href])
    with pytest.raises(CollectionGone):
        await gone.get(href)
    with pytest.raises((CollectionGone, Refused)):
        await gone.create(name(), draft(), "")


async def test_one_of_ours_that_lost_its_uid_is_a_fault_and_never_somebody_elses(
    server: Server, calendar: DavCalendar, app: App
) -> None:
    stored = await calendar.create(name(), draft(), "")
    damaged = stored.data.replace("UID:b_1@zimun\r\n", "")
    if server.name == "radicale":
        pytest.skip("Radicale refuses an object without UID")
    await app.put(name(), damaged)
    read = await calendar.get(stored.href)
    assert read is not None
    assert read.event is None
    assert read.fault
    assert "Ada" not in read.fault


async def test_todos_are_nobodys_fault(server: Server, account: Account, app: App) -> None:
    calendar = await account.calendar(server.calendar_url)
    todo = foreign("todo-1").replace("VEVENT", "VTODO").replace("DTEND:20300301T130000Z\r\n", "")
    send(server, "PUT", urljoin(server.calendar_url, "todo.ics"), todo, {"Content-Type": "text/calendar"})
    listing = await calendar.changes(None)
    (read,) = await calendar.fetch([href for href in listing.etags if href.endswith("todo.ics")])
    assert (read.event, read.data, read.fault) == (None, "", "")


async def test_replace_does_not_stop_at_a_broken_version(server: Server, calendar: DavCalendar, app: App) -> None:
    stored = await calendar.create(name(), draft(), "")
    await app.put(name(), stored.data.replace("DTSTART;TZID=Europe/Berlin:", "DTSTART;TZID=Nowhere/Land:"))
    seen = await calendar.get(stored.href)
    assert seen is not None
    await calendar.replace(seen.href, draft(title="mended"), seen.data, seen.etag)
    assert await title_of(calendar, stored) == "mended"
