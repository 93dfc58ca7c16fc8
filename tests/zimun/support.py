"""A scripted API over httpx.MockTransport, a time that only the test moves, and a raw server on loopback."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from syncd.zimun import ZimunClient

BASE = "http://127.0.0.1:1"
SECRET = "s3cr3t-of-the-client"
Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def reply(status: int = 200, json: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=json, headers={k.replace("_", "-"): v for k, v in headers.items()})


def items(*entries: Any, token: str | None = None) -> httpx.Response:
    return reply(json={"items": list(entries), "next_page_token": token})


class Time:
    """A monotonic clock that only sleeping and the test move."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Api:
    """Answers each "METHOD /path" with what was scripted for it, the last of it for ever; tokens are t1, t2, ..."""

    def __init__(self) -> None:
        self.time = Time()
        self.requests: list[httpx.Request] = []
        self.token_answers: list[Reply] = []
        self.tokens = 0
        self._script: dict[str, list[Reply]] = defaultdict(list)

    def on(self, call: str, *replies: Reply) -> None:
        self._script[call] = list(replies)

    def client(self, base_url: str = BASE, **more: Any) -> ZimunClient:
        more = {"sleep": self.time.sleep, "monotonic": self.time.monotonic, "random": lambda: 0.5, **more}
        return ZimunClient(base_url, "client-1", SECRET, transport=httpx.MockTransport(self._answer), **more)

    def calls(self, call: str) -> list[httpx.Request]:
        return [request for request in self.requests if _name(request) == call]

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        # as on a network, the other tasks go on meanwhile
        await asyncio.sleep(0)
        name = _name(request)
        if name.endswith("/oauth/token"):
            if not self.token_answers:
                self.tokens += 1
                return reply(json={"access_token": f"t{self.tokens}", "expires_in": 300})
            return _play(self.token_answers, request)
        return _play(self._script[name], request)


def _name(request: httpx.Request) -> str:
    return f"{request.method} {request.url.raw_path.decode().partition('?')[0]}"


def _play(script: list[Reply], request: httpx.Request) -> httpx.Response:
    if not script:
        raise AssertionError(f"not scripted: {_name(request)}")
    answer = script.pop(0) if len(script) > 1 else script[0]
    if isinstance(answer, Exception):
        raise answer
    if isinstance(answer, httpx.Response):
        # httpx closes a response once read; a fresh one for each time it is given
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
    return answer(request)


def closed(booking_id: str = "b_1", start: str = "2026-02-20T09:00:00Z", **more: Any) -> dict[str, Any]:
    """An appointment that names its end."""
    return {"booking_id": booking_id, "start_time": start, "end_time": "2026-02-20T10:00:00Z", **more}


Handler = Callable[[bytes, bytes, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(handle: Handler) -> AsyncIterator[str]:
    """A server that reads each request whole and lets `handle(head, body, writer)` answer; tokens it gives itself."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            body = await reader.readexactly(int(length[0].partition(b":")[2])) if length else b""
            if head.startswith(b"POST /oauth/token "):
                writer.write(whole(b'{"access_token": "t1"}'))
            else:
                await handle(head, body, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


def whole(body: bytes, status: bytes = b"200 OK", kind: bytes = b"application/json", more: bytes = b"") -> bytes:
    head = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%sConnection: close\r\n\r\n"
    return head % (status, kind, len(body), more) + body
