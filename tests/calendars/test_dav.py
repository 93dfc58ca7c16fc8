"""The calendar adapter on real servers: what is about HTTP and iCalendar. The rest is in tests/contracts."""

from urllib.parse import urljoin

import pytest

from syncd.calendars.account import Account
from syncd.calendars.dav import DavCalendar
from syncd.ports import CalendarPort
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
def app(server: Server, calendar_url: str) -> OtherApp:
    return OtherApp(server, calendar_url)


async def test_fetch_goes_on_over_many_batches(calendar: CalendarPort) -> None:
    stored = [await calendar.create(name(f"b{n}"), draft(f"b{n}"), "") for n in range(51)]
    assert {one.href for one in await calendar.fetch([one.href for one in stored])} == {one.href for one in stored}


async def test_one_of_ours_that_lost_its_uid_is_a_fault_and_never_somebody_elses(
    server: Server, calendar: DavCalendar, app: OtherApp
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


async def test_todos_are_nobodys_fault(server: Server, account: Account, app: OtherApp) -> None:
    calendar = await account.calendar(server.calendar_url)
    todo = foreign("todo-1").replace("VEVENT", "VTODO").replace("DTEND:20300301T130000Z\r\n", "")
    send(server, "PUT", urljoin(server.calendar_url, "todo.ics"), todo, {"Content-Type": "text/calendar"})
    listing = await calendar.changes(None)
    (read,) = await calendar.fetch([href for href in listing.etags if href.endswith("todo.ics")])
    assert (read.event, read.data, read.fault) == (None, "", "")
