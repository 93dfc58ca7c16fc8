"""A reverse proxy on loopback before a real server. What syncd asks and is answered can be bent in it, in any way."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from urllib.parse import urlsplit

WRITES = frozenset({"PUT", "DELETE", "POST", "MOVE"})
_HOP = frozenset({"connection", "keep-alive", "content-length", "transfer-encoding", "date", "server"})


@dataclass(frozen=True, slots=True)
class Ask:
    """A request. The names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def writes(self) -> bool:
        """Whether it can change anything; fetching a token does not."""
        return self.method in WRITES and "/oauth/" not in self.path

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. Of its body `sent` bytes arrive before the connection is cut; None: all; -1: not even its head."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int | None = None

    @property
    def text(self) -> str:
        return self.body.decode()


CUT = Reply(500, sent=-1)

Onward = Callable[[Ask], Awaitable[Reply]]
Bend = Callable[[Ask, Onward], Awaitable[Reply]]


class Bender:
    """Everybody's requests go through to `upstream`; those of syncd alone are written down in `asked`, and bent.

    `bend` is given the request and a way to the real server, and makes the answer.
    """

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._host, self._port = parts.hostname, parts.port
        self.bend: Bend | None = None
        self.asked: list[Ask] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._at_work = 0
        self._news = asyncio.Condition()

    async def __aenter__(self) -> "Bender":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def url(self, url: str) -> str:
        """That URL of the server, by way of the bender."""
        return self.address + urlsplit(url).path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def writes(self) -> list[str]:
        return [str(ask) for ask in self.asked if ask.writes]

    async def idle(self) -> None:
        """Until nothing is under way to the real server, for a client that is gone neither."""
        async with self._news:
            await self._news.wait_for(lambda: not self._at_work)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            await self._serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except asyncio.CancelledError:
            # only __aexit__ cancels; the server's own callback would complain
            pass
        finally:
            self._under_way.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request of a connection, which is closed after it."""
        top, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = top.split(" ")
        headers = _fields(lines)
        ask = Ask(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))
        ours = "syncd" in headers.get("user-agent", "")
        if ours:
            self.asked.append(ask)
        reply = await (self.bend(ask, self._onward) if ours and self.bend is not None else self._onward(ask))
        if reply.sent == -1:
            return
        top = f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"
        length = len(reply.body) if reply.status != 204 else None
        writer.write(_head(top, reply.headers, length) + reply.body[: reply.sent])
        await writer.drain()

    async def _onward(self, ask: Ask) -> Reply:
        """The real server's answer."""
        self._at_work += 1
        try:
            return await self._forward(ask)
        finally:
            self._at_work -= 1
            async with self._news:
                self._news.notify_all()

    async def _forward(self, ask: Ask) -> Reply:
        """On a connection of its own, by hand: this is done some ten thousand times."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(_head(str(ask) + " HTTP/1.1", ask.headers, len(ask.body)) + ask.body)
            answer = await reader.read()
        finally:
            writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head:
            return CUT
        top, *lines = head.decode("latin-1").split("\r\n")
        headers = _fields(lines)
        if "chunked" in headers.get("transfer-encoding", ""):
            body = _dechunked(body)
        kept = {name: value for name, value in headers.items() if name not in _HOP}
        length = int(headers.get("content-length", len(body)))
        lost = None if length == len(body) else len(body)
        return Reply(int(top.split()[1]), body.ljust(length, b" "), kept, lost)


def _fields(lines: Sequence[str]) -> dict[str, str]:
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}


def _head(top: str, headers: Mapping[str, str], length: int | None) -> bytes:
    lines = [top, *(f"{name}: {value}" for name, value in headers.items() if name not in _HOP), "connection: close"]
    lines += [f"content-length: {length}"] if length is not None else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _dechunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        whole += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    return whole
