"""The calendar adapter on all five servers: what none may refuse, and how they spell hrefs."""

from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from itertools import count
from urllib.error import HTTPError
from urllib.parse import urljoin

import pytest

from syncd.calendars.account import Account
from syncd.calendars.dav import DavCalendar
from syncd.domain.findings import SCRATCH, Condition, Etag, Rewrites, Tokens, Zone
from tests.calendars.samples import NOW, draft, foreign, name, ours
from tests.servers import Server, drop_calendar, make_calendar, send
from tests.servers.kinds import KINDS

_NUMBERS = count(1)
_OF_OTHERS = "X-APP-EMPTY:\r\nX-APP-EMPTY-TOO;VALUE=TEXT:\r\nX-APP-COLOR:teal\r\nX-APP-FOLDED:\r\n value\r\n"

# what a probe finds: on most servers, and what is otherwise on the others
USUAL = {
    "etag": Etag.STRONG, "etag_changes": True, "rewrites": Rewrites.NOTHING, "zone": Zone.KEPT,
    "unknown_properties": True, "listing_lag": 0.0, "created": Tokens.TOLD, "deleted": Tokens.TOLD,
    "strange_token_refused": True, "if_match": Condition.HONOURED, "if_none_match": Condition.HONOURED,
    "delete_if_match": Condition.HONOURED, "atomic": True, "uid_reused": True, "schedules": False, "version": 1,
}  # fmt: skip
UNLIKE = {
    "radicale": {"rewrites": Rewrites.LETTERS},
    "xandikos": {"rewrites": Rewrites.LETTERS, "schedules": True},
    "davical": {"created": Tokens.FULL, "strange_token_refused": False},
    "sabredav18": {"created": Tokens.NONE, "deleted": Tokens.NONE, "strange_token_refused": None},
}


@pytest.fixture(scope="module", params=list(KINDS))
def server(request: pytest.FixtureRequest, running: Callable[[str], Server]) -> Server:
    return running(request.param)


@pytest.fixture
async def account(server: Server) -> AsyncIterator[Account]:
    account = Account(server.url, server.username, server.password, now=lambda: NOW)
    yield account
    await account.aclose()


@pytest.fixture
async def calendar(server: Server, account: Account) -> AsyncIterator[DavCalendar]:
    url = make_calendar(server, f"every{next(_NUMBERS)}")
    yield await account.calendar(url)
    drop_calendar(server, url)


async def test_an_object_of_another_server_is_taken_with_what_is_empty_in_it_and_its_method(
    calendar: DavCalendar,
) -> None:
    """As after a change of servers: an event is made anew from what the last one had stored."""
    onto = ours().replace("BEGIN:VEVENT", "METHOD:PUBLISH\r\nBEGIN:VEVENT")
    written = await calendar.create(name(), draft(), onto.replace("END:VEVENT", f"{_OF_OTHERS}END:VEVENT"))
    (found,) = await calendar.fetch([written.href])
    assert found.event is not None
    assert written.event is not None
    assert found.event.fingerprint == written.event.fingerprint
    assert "METHOD" not in found.data
    assert "X-APP-COLOR:teal" in found.data
    assert "X-APP-FOLDED" in found.data
    again = await calendar.replace(written.href, draft(title="again"), written.data, written.etag)
    assert again.event is not None
    assert again.event.title == "again"


async def test_the_hrefs_of_a_listing_are_those_of_fetch_and_remove(server: Server, calendar: DavCalendar) -> None:
    send(server, "PUT", urljoin(calendar.url, "a%20%c3%bc%40b.ics"), foreign(), {"Content-Type": "text/calendar"})
    etags = (await calendar.changes(None)).etags
    (href,) = etags
    assert href.endswith("/a%20%C3%BC@b.ics")
    (stored,) = await calendar.fetch([href])
    assert stored.href == href
    await calendar.remove(href, etags[href])
    assert not (await calendar.changes(None)).etags


async def test_a_probe_finds_what_this_server_does_and_leaves_nothing(
    server: Server, account: Account, calendar: DavCalendar
) -> None:
    probe = account.probe(calendar, f"{SCRATCH}1", lambda: False)
    found = await probe.run()
    unlike = {name: value for name, value in asdict(found).items() if value != USUAL.get(name)}
    del unlike["at"]
    if server.name not in ("radicale", "cyrus"):
        # there two win at once, but not in each probe
        unlike.pop("atomic", None)
    assert unlike == UNLIKE.get(server.name, {})
    assert await probe.clear()
    assert not (await calendar.changes(None)).etags
    with pytest.raises(HTTPError, match="404"):
        send(server, "GET", urljoin(calendar.url, probe.href))
