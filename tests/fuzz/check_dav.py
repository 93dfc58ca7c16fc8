"""What must hold of every answer of a calendar server: a value or one of the domain's errors, whatever is in it."""

import asyncio
import re
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from typing import Any
from unittest import mock

from caldav.response import DAVResponse
from lxml.etree import XMLSyntaxError

from syncd.calendars import quirks, session, transport, wire
from syncd.calendars.account import Account
from syncd.calendars.stored import stored
from syncd.calendars.transport import Answer, Transport
from syncd.domain.errors import SyncdError, Unavailable
from syncd.domain.ids import BookingId
from tests.fuzz.check_ical import MOVE
from tests.fuzz.envelope import unpacked
from tests.fuzz.secret import PERSONAL

ORIGIN = "http://127.0.0.1:1"
# where the letters of a document type are letters and no more
_TEXT = re.compile(rb"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<\?.*?\?>", re.DOTALL)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def check_multistatus(data: bytes) -> None:
    """The parser as caldav sets it up, then ours: a Multistatus or Unavailable."""
    try:
        tree = _Response(data).tree
    except XMLSyntaxError:
        return
    # what is no multistatus may be an error's body
    quirks.write_error(Answer(400, {}, tree, ""))
    try:
        listing = wire.multistatus(tree, ORIGIN)
    except Unavailable:
        assert tree is None or tree.tag != "{DAV:}multistatus" or b"<!DOCTYPE" in data or b"\0" in data
        return
    # in UTF-16 these octets are other letters
    plain = b"" if b"\0" in data else _TEXT.sub(b"", data) if b"<!DOCTYPE" in data else data
    assert b"<!DOCTYPE" not in plain, "a document type is taken"
    listing.of("/cal/")
    for entry in listing.entries[:50]:
        assert entry.path is None or (entry.path.startswith("/") and "/../" not in entry.path)
        for prop in (wire.GETETAG, wire.RESOURCETYPE, wire.SYNC_TOKEN, wire.DISPLAYNAME, wire.HOME_SET):
            entry.text(prop)
            entry.children(prop)
            entry.hrefs(prop)
        entry.names(wire.COMPONENTS)
        if entry.data is not None and entry.path:
            stored(entry.path, entry.etag, entry.data)


class _Response(DAVResponse):
    """A body of XML by its Content-Type."""

    def __init__(self, body: bytes) -> None:
        super().__init__(session.received(207, {"Content-Type": "application/xml"}, body, "OK", ORIGIN))


class _Session:
    """Gives the same answer to everything."""

    def __init__(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self._answer = status, headers, content

    async def request(self, **_: Any) -> Any:
        return session.received(*self._answer, "OK", ORIGIN)


@lru_cache(maxsize=1)
def _client() -> Any:
    with mock.patch.object(session, "_Session"):
        return session.open_client(ORIGIN, "frontdesk", "password", "", 30)


def check_client(data: bytes) -> None:
    """The whole adapter on one answer: each call ends in a value or in one of the domain's errors."""
    head, status, body = unpacked(data)
    headers = {name.title(): value for name, value in head.items() if name not in ("call", "status")}
    headers |= {"ETag": headers["Etag"]} if "Etag" in headers else {}
    client = _client()
    client.session = _Session(status, headers, body)
    with mock.patch.object(transport, "_LOCKED_WAITS", (0,)):
        asyncio.run(_calls(client))


async def _calls(client: Any) -> None:
    # each call a day after the one before: a login that was refused is not used again at once
    account = Account(ORIGIN + "/cal/", "frontdesk", "password", now=lambda: NOW, monotonic=count(0, 86_400).__next__)
    carrier: Transport = account._transport
    carrier._client = client
    calendar = await account.calendar(ORIGIN + "/cal/")
    calls = (
        lambda: calendar.changes(None),
        lambda: calendar.changes("token"),
        lambda: calendar.fetch(["/cal/b_1.ics"]),
        lambda: calendar.get("/cal/b_1.ics"),
        lambda: calendar.create("b_1.ics", MOVE, ""),
        lambda: calendar.remove("/cal/b_1.ics", '"1"'),
        account.calendars,
        lambda: account.find("b_1@zimun", BookingId("b_1")),
    )
    for call in calls:
        try:
            await call()
        except SyncdError as exc:
            said = str(exc)
        else:
            said = ""
        assert PERSONAL not in said, "a fault quotes the answer"
