"""A small HTTP server on loopback that answers as it is told, wrongly too."""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from xml.sax.saxutils import escape

CAL = "/cal/"
TASKS = "/tasks/"
PRINCIPAL = "<d:current-user-principal><d:href>/p/</d:href></d:current-user-principal>"
HOME = "<c:calendar-home-set><d:href>{}</d:href></c:calendar-home-set>"
XML = "application/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. Where `sent` is given, so much of the body is sent; -1 closes the connection without an answer."""

    status: int = 200
    body: str | bytes = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: str


class Rogue:
    """`on` says what a method on a path is answered, one reply after the other, the last one for ever; else 404.

    While `hold` is an event that is not set, requests are taken and no answer is given; where `held` names paths, so it
    is with those alone.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.requests: list[Request] = []
        self.hold: asyncio.Event | None = None
        self.held: frozenset[str] = frozenset()
        self._news = asyncio.Condition()
        self._replies: dict[tuple[str, str], list[Reply]] = defaultdict(list)

    async def __aenter__(self) -> "Rogue":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    def on(self, method: str, path: str, *replies: Reply) -> None:
        self._replies[method, path] = list(replies)

    def asked(self, method: str) -> list[Request]:
        return [request for request in self.requests if request.method == method]

    async def seen(self, count: int) -> None:
        """Until so many requests have come."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.requests) >= count)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        async with self._news:
            self.requests.append(Request(method, path, headers, body.decode()))
            self._news.notify_all()
        if self.hold is not None and (not self.held or path in self.held):
            await self.hold.wait()
        replies = self._replies[method, path] or [Reply(404)]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if reply.sent == -1:
            return
        content = reply.body.encode() if isinstance(reply.body, str) else reply.body
        lines = {"Content-Length": str(len(content)), "Connection": "close", **reply.headers}
        phrase = HTTPStatus(reply.status).phrase
        top = f"HTTP/1.1 {reply.status} {phrase}\r\n" + "".join(f"{key}: {value}\r\n" for key, value in lines.items())
        writer.write(top.encode() + b"\r\n" + content[: reply.sent])
        await writer.drain()


def multistatus(*responses: str, token: str = "", head: str = "") -> Reply:
    sync = f"<d:sync-token>{token}</d:sync-token>" if token else ""
    spaces = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'
    body = f'<?xml version="1.0"?>{head}<d:multistatus {spaces}>{"".join(responses)}{sync}</d:multistatus>'
    return Reply(207, body, {"Content-Type": XML})


def resource(href: str, *props: str, status: int = 200) -> str:
    return (
        f"<d:response><d:href>{href}</d:href><d:propstat><d:prop>{''.join(props)}</d:prop>"
        f"<d:status>HTTP/1.1 {status} X</d:status></d:propstat></d:response>"
    )


def state(href: str, status: int) -> str:
    return f"<d:response><d:href>{href}</d:href><d:status>HTTP/1.1 {status} X</d:status></d:response>"


def collection(href: str = CAL, token: str = "", *props: str) -> str:
    sync = f"<d:sync-token>{token}</d:sync-token>" if token else ""
    return resource(href, "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>", sync, *props)


def member(href: str, etag: str = '"1"', data: str = "") -> str:
    content = f"<c:calendar-data>{escape(data)}</c:calendar-data>" if data else ""
    return resource(href, f"<d:getetag>{escape(etag)}</d:getetag>" if etag else "", content)


def error(status: int, precondition: str = "", message: str = "") -> Reply:
    inner = (f"<{precondition}/>" if precondition else "") + (f"<s:message>{message}</s:message>" if message else "")
    spaces = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:s="http://sabredav.org/ns"'
    return Reply(status, f"<d:error {spaces}>{inner}</d:error>", {"Content-Type": XML})


def empty(rogue: Rogue, path: str) -> None:
    """A calendar in which nothing stands."""
    rogue.on("REPORT", path, multistatus())
    rogue.on("PROPFIND", path, multistatus(collection(path)))


def with_tasks(rogue: Rogue) -> None:
    """A second calendar, for tasks."""
    kind = '<c:supported-calendar-component-set><c:comp name="VTODO"/></c:supported-calendar-component-set>'
    rogue.on("PROPFIND", "/home/", multistatus(resource("/home/"), collection(), collection(TASKS, "", kind)))
