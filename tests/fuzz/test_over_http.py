"""Odd heads over real HTTP: what the libraries below the adapters make of them. The targets begin above these."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from syncd.calendars.account import Account
from syncd.domain.errors import SyncdError
from syncd.domain.ids import BookingId
from syncd.zimun import ZimunClient
from tests.fuzz.check_ical import MOVE
from tests.fuzz.envelope import HEADERS
from tests.zimun.support import Time, raw_server

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
STATUSES = (200, 204, 207, 302, 403, 429)
MORE = (
    "Content-Length: 9999999999999999999999",
    "Content-Length: -5",
    "Content-Length: 3, 5",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, \u00ff",
    "Connection: upgrade",
    "Set-Cookie: a=b; Max-Age=99999999999999999999; Domain=..",
    'Content-Type: application/json; charset=no-such; boundary="',
    'Alt-Svc: h3=":99999"; ma=99999999999999999999',
    "Strict-Transport-Security: max-age=99999999999999999999",
    "X: " + "x" * 70_000,
)


BROKEN = (
    b"HTTP/1.1 99999999999999999999 X\r\n\r\n",
    b"HTTP/1.1 \xc2\xb2\xc2\xb2\xc2\xb2 X\r\n\r\n",
    b"HTTP/1.1 200 X\r\n no: start\r\n\r\n",
    b"HTTP/1.1 200 X\r\n: no name\r\n\r\n",
    b"HTTP/1.1 200 X\r\nnul: \0\r\n\r\n",
    b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    b"HTTP/1.1 100 X\r\n\r\n" * 500,
    b"HTTP/1.1 200 X\r\n" + b"a: b\r\n" * 20_000,
    b"\xff" * 200_000,
)


@pytest.mark.parametrize("row", [*HEADERS, *MORE])
async def test_an_odd_header_is_an_answer_or_one_of_our_errors(row: str) -> None:
    await _ask_both(*(f"HTTP/1.1 {status} X\r\nConnection: close\r\n{row}\r\n\r\n{{}}".encode() for status in STATUSES))


@pytest.mark.parametrize("data", BROKEN)
async def test_a_broken_answer_is_no_value(data: bytes) -> None:
    # of a cancellation the status alone says that it was done
    assert await _ask_both(data) <= {"cancel"}


async def _ask_both(*answers: bytes) -> set[str]:
    """The calls of both adapters that end in a value; the others end in one of our errors."""
    data = b""

    async def answer(head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    values = set()
    async with raw_server(answer) as url:
        account = Account(url + "/", "u", "p", now=lambda: NOW)
        time = Time()
        client = ZimunClient(url, "client-1", "secret", sleep=time.sleep, monotonic=time.monotonic, random=lambda: 0.5)
        calendar = await account.calendar(url + "/cal/")
        calls = {
            "get": lambda: calendar.get("/cal/b_1.ics"),
            "create": lambda: calendar.create("b_1.ics", MOVE, ""),
            "booking": lambda: client.booking(BookingId("b_1")),
            "cancel": lambda: client.cancel(BookingId("b_1"), "k"),
        }
        for each in answers:
            data = each
            for name, call in calls.items():
                with suppress(SyncdError):
                    await call()
                    values.add(name)
        await account.aclose()
        await client.aclose()
    return values
