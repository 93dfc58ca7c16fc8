"""Against real sockets: broken, packed, endless and odd answers."""

import asyncio
import gzip
import json
import tracemalloc
import zlib
from datetime import UTC, datetime

import pytest

from syncd.domain.errors import OutcomeUnknown, Unavailable
from syncd.domain.ids import BookingId
from syncd.zimun import ZimunClient, exchange
from tests.zimun.support import SECRET, Handler, Time, closed, raw_server, whole

B_1 = BookingId("b_1")
NINE = datetime(2026, 2, 20, 9, tzinfo=UTC)
BODY = json.dumps(closed()).encode()


def connect(url: str) -> ZimunClient:
    time = Time()
    return ZimunClient(url, "client-1", SECRET, sleep=time.sleep, monotonic=time.monotonic)


class Server:
    """Writes the given bytes, one entry for each request, the last for ever; an empty one drops the connection."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.heads: list[bytes] = []

    async def __call__(self, head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        self.heads.append(head)
        writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


async def read_one(server: Handler) -> bool:
    async with raw_server(server) as url:
        client = connect(url)
        try:
            return await client.booking(B_1) is not None
        finally:
            await client.aclose()


HALF = whole(BODY)[:-20]
FAULTS = {
    "dropped": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "half a body": HALF,
    "half a body without length": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + BODY[:-20],
    "half of chunks": b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"boo\r\n',
    "no http": b"220 smtp ready\r\n\r\n",
    "html": whole(b"<!DOCTYPE html><p>Back soon", kind=b"text/html"),
    "html called json": whole(b" \n<html>"),
    "5xx": whole(b"oops", status=b"502 Bad Gateway", kind=b"text/plain"),
    "broken gzip": whole(b"\x1f\x8bnonsense", more=b"Content-Encoding: gzip\r\n"),
    "half of gzip": whole(gzip.compress(BODY)[:-9], more=b"Content-Encoding: gzip\r\n"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_a_broken_answer_to_a_get_is_asked_for_again(fault: bytes) -> None:
    server = Server(fault, fault, whole(BODY))
    assert await read_one(server)
    assert len(server.heads) == 3


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_one_that_stays_broken_is_unavailable(fault: bytes) -> None:
    server = Server(fault)
    with pytest.raises(Unavailable):
        await read_one(server)
    assert len(server.heads) == 3


async def test_nobody_listening_is_unavailable() -> None:
    async with raw_server(Server(b"")) as url:
        pass
    client = connect(url)
    with pytest.raises(Unavailable) as caught:
        await client.cancel(B_1, "k")
    assert not isinstance(caught.value, OutcomeUnknown)
    await client.aclose()


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
async def test_a_body_that_a_proxy_packed_is_read(pack: object) -> None:
    coding = b"gzip" if pack is gzip.compress else b"deflate"
    server = Server(whole(pack(BODY), more=b"Content-Encoding: %s\r\n" % coding))  # type: ignore[operator]
    assert await read_one(server)
    assert b"accept-encoding: identity\r\n" in server.heads[0].lower()


async def test_a_body_over_the_limit_is_refused_while_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MAX_BODY", 100_000)

    async def endless(head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n[")
        while not writer.is_closing():
            writer.write(b"0," * 10_000)
            await writer.drain()

    with pytest.raises(Unavailable, match="over 10 MB"):
        await read_one(endless)


@pytest.mark.parametrize("part", [b"{},", b"[],"])
async def test_a_body_of_too_many_parts_is_never_parsed(part: bytes) -> None:
    server = Server(whole(b'{"items": [' + part * 500_000 + b"0]}"))
    tracemalloc.start()
    try:
        with pytest.raises(Unavailable, match="more than 500,000 parts"):
            await read_one(server)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000
    assert len(server.heads) == 1


async def test_a_packed_body_over_the_limit_is_never_unpacked_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MAX_BODY", 100_000)
    server = Server(whole(gzip.compress(b"0" * 50_000_000, 1), more=b"Content-Encoding: gzip\r\n"))
    tracemalloc.start()
    try:
        with pytest.raises(Unavailable, match="over 10 MB"):
            await read_one(server)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000
    assert len(server.heads) == 1


@pytest.mark.parametrize(
    ("endless", "says"),
    [
        # a stored block of nothing, five octets that unpack to nothing
        (b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\0\0\0\xff\xff" * 100_000, "over 10 MB"),
        (gzip.compress(BODY) + b"0" * 1_000_000, "more than one packed body"),
    ],
    ids=["nothing in it", "more behind its end"],
)
async def test_a_packed_body_that_does_not_end_is_refused_while_it_comes(
    monkeypatch: pytest.MonkeyPatch, endless: bytes, says: str
) -> None:
    monkeypatch.setattr(exchange, "MAX_BODY", 100_000)
    with pytest.raises(Unavailable, match=says):
        await read_one(Server(whole(endless, more=b"Content-Encoding: gzip\r\n")))


async def test_a_body_packed_in_a_way_not_asked_for_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="packed"):
        await read_one(Server(whole(BODY, more=b"Content-Encoding: br\r\n")))


async def test_an_answer_that_drips_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "WHOLE_SECONDS", 0.05)

    async def drip(head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.005)

    with pytest.raises(Unavailable, match="timed out"):
        await read_one(drip)


async def told_by(url: str) -> str:
    client = connect(url)
    try:
        with pytest.raises(Unavailable) as caught:
            await client.booking(B_1)
    finally:
        await client.aclose()
    return str(caught.value)


async def test_where_nobody_answers_it_is_told_that_zimun_cannot_be_reached() -> None:
    async with raw_server(Server(b"")) as url:
        pass
    assert await told_by(url) == "POST /oauth/token: Zimun cannot be reached"


async def test_where_no_tls_comes_about_that_is_told() -> None:
    def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(whole(BODY))
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1") as server:
        told = await told_by(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert told == "POST /oauth/token: Zimun cannot be reached: no secure connection (TLS) comes about"


async def test_a_redirect_is_not_followed_for_it_would_carry_the_token_away() -> None:
    elsewhere = Server(whole(BODY))
    async with raw_server(elsewhere) as other:
        redirect = whole(b"", status=b"307 Temporary Redirect", more=b"Location: %s/x\r\n" % other.encode())
        with pytest.raises(Unavailable, match="307"):
            await read_one(Server(redirect))
    assert elsewhere.heads == []


async def test_plain_http_goes_through_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Server(whole(b"{}", status=b"407 Proxy Authentication Required"))
    async with raw_server(proxy) as url:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        assert await read_one(Server(whole(BODY)))
    assert proxy.heads == []


async def test_dots_reach_the_server_encoded() -> None:
    server = Server(whole(b"{}", status=b"404 Not Found"))
    async with raw_server(server) as url:
        client = connect(url)
        assert await client.booking(BookingId("../..")) is None
        await client.aclose()
    assert server.heads[0].startswith(b"GET /api/v1/appointments/%2E%2E%2F%2E%2E HTTP/1.1\r\n")


async def test_a_write_whose_answer_is_lost_after_its_effect_is_repeated_by_its_key() -> None:
    done: list[bytes] = []

    async def api(head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        key = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"idempotency-key:"))
        if key in done:
            writer.write(whole(b'{"booking_id": "b_1"}'))
        done.append(key)

    async with raw_server(api) as url:
        client = connect(url)
        assert await client.reschedule(B_1, NINE, "key-7") is None
        await client.aclose()
    assert done == [b"idempotency-key: key-7"] * 2


async def test_a_write_that_no_answer_ever_follows_has_an_unknown_outcome() -> None:
    async with raw_server(Server(b"")) as url:
        client = connect(url)
        with pytest.raises(OutcomeUnknown):
            await client.cancel(B_1, "key-7")
        await client.aclose()


@pytest.mark.parametrize("later", [HALF, b"", whole(b'{"error": "taken"}', status=b"409 Conflict")])
async def test_a_write_answered_with_half_a_2xx_was_accepted(later: bytes) -> None:
    async with raw_server(Server(HALF, later)) as url:
        client = connect(url)
        await client.cancel(B_1, "key-7")
        await client.aclose()


PAGE = b"<!doctype html><title>We are back soon</title>"
PAGES = {
    "cut short": whole(PAGE, kind=b"text/html; charset=utf-8")[:-10],
    "packed in a way not asked for": whole(PAGE, kind=b"text/html", more=b"Content-Encoding: br\r\n"),
    "half of gzip": whole(gzip.compress(PAGE)[:-9], kind=b"Text/HTML", more=b"Content-Encoding: gzip\r\n"),
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
async def test_a_write_answered_with_half_a_web_page_was_not(page: bytes) -> None:
    async with raw_server(Server(page)) as url:
        client = connect(url)
        for call in (lambda: client.cancel(B_1, "key-7"), lambda: client.reschedule(B_1, NINE, "key-8")):
            with pytest.raises(OutcomeUnknown):
                await call()
        await client.aclose()


async def test_the_time_outs_are_ten_seconds_to_connect_and_thirty_to_read() -> None:
    client = connect("http://127.0.0.1:1")
    timeout = client._exchange._http.timeout
    assert (timeout.connect, timeout.read, timeout.write) == (10, 30, 30)
    await client.aclose()


async def test_at_most_four_requests_are_under_way_at_once() -> None:
    under_way = most = 0
    four = asyncio.Event()

    async def count(head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == 4:
            four.set()
        await four.wait()
        under_way -= 1
        writer.write(whole(BODY))

    async with raw_server(count) as url:
        client = connect(url)
        await asyncio.gather(*(client.booking(B_1) for _ in range(20)))
        await client.aclose()
    assert most == 4
