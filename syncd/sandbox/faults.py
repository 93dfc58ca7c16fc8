"""What goes wrong on the way, on purpose, and a log of every call: the outermost layer around the API."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG_LENGTH = 20_000


class Kind(Enum):
    """What happens to a call."""

    ANSWER = auto()
    """Nothing is done; the answer is the fault's `status`, `headers` and `body` (a text as HTML, else as JSON)."""
    LOSE_REQUEST = auto()
    """Nothing is done, and the connection is cut."""
    LOSE_ANSWER = auto()
    """The call takes effect, and the connection is cut without a byte."""
    HALF_BODY = auto()
    """The call takes effect; half of the answer's body arrives, then the connection is cut."""
    REPLACE_ANSWER = auto()
    """The call takes effect; the answer is the fault's, as with ANSWER."""
    DELAY = auto()
    """The call takes effect; the answer comes `seconds` later."""


@dataclass(slots=True)
class Fault:
    """One rule: the next `times` calls of that method whose path begins with the prefix; None: all of them."""

    method: str
    path_prefix: str
    kind: Kind
    times: int | None = 1
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    seconds: float = 0.0

    def matches(self, method: str, path: str) -> bool:
        return self.times != 0 and method == self.method and path.startswith(self.path_prefix)

    def spend(self) -> None:
        if self.times is not None:
            self.times -= 1


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came in. `status` is what was sent back, None where the connection was cut or given up."""

    method: str
    path: str
    query: str
    status: int | None
    idempotency_key: str | None
    body: object


class FaultLayer:
    """An ASGI middleware: logs each call in `calls`, and lets the first matching rule of `faults` happen to it.

    `hang_up` cuts the connection of a client's address; ASGI itself has no word for that.
    """

    def __init__(self, app: ASGIApp, hang_up: Callable[[tuple[str, int]], None]) -> None:
        self._app = app
        self._hang_up = hang_up
        self.faults: list[Fault] = []
        self.calls: deque[Call] = deque(maxlen=LOG_LENGTH)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        request = await _read(receive)
        sent: list[int] = []

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.append(message["status"])
            await send(message)

        fault = next((each for each in self.faults if each.matches(scope["method"], scope["path"])), None)
        try:
            if fault is None:
                await self._app(scope, _replay(request), watched)
            else:
                fault.spend()
                await self._misbehave(fault, scope, request, receive, watched)
        finally:
            self.calls.append(_call(scope, request, sent[0] if sent else None))

    async def _misbehave(self, fault: Fault, scope: Scope, request: bytes, receive: Receive, send: Send) -> None:
        answer: list[Message] = []
        if fault.kind not in (Kind.ANSWER, Kind.LOSE_REQUEST):
            await self._app(scope, _replay(request), _collect(answer))
        match fault.kind:
            case Kind.ANSWER | Kind.REPLACE_ANSWER:
                await _send_instead(fault, send)
            case Kind.LOSE_REQUEST | Kind.LOSE_ANSWER:
                await self._cut(scope, receive)
            case Kind.HALF_BODY:
                start, body = answer[0], b"".join(each.get("body", b"") for each in answer[1:])
                await send(start)
                await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
                await self._cut(scope, receive)
            case Kind.DELAY:
                if not await _gone_within(fault.seconds, receive):
                    for message in answer:
                        await send(message)

    async def _cut(self, scope: Scope, receive: Receive) -> None:
        self._hang_up(tuple(scope["client"]))
        # returning before the server has noticed would make it answer 500
        while (await receive())["type"] != "http.disconnect":
            pass


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body", False):
            return body


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _collect(into: list[Message]) -> Send:
    async def send(message: Message) -> None:
        into.append(message)

    return send


async def _send_instead(fault: Fault, send: Send) -> None:
    html = isinstance(fault.body, str)
    content = fault.body.encode() if isinstance(fault.body, str) else json.dumps(fault.body).encode()
    headers = {"content-type": "text/html" if html else "application/json", "content-length": str(len(content))}
    headers |= {name.lower(): value for name, value in fault.headers.items()}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": fault.status, "headers": raw})
    await send({"type": "http.response.body", "body": content})


async def _gone_within(seconds: float, receive: Receive) -> bool:
    """Whether the client hung up before that time had passed."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


def _call(scope: Scope, raw: bytes, status: int | None) -> Call:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    try:
        body = json.loads(raw) if raw else None
    except (ValueError, RecursionError):
        body = None
    query = scope["query_string"].decode("latin-1")
    return Call(scope["method"], scope["path"], query, status, headers.get("idempotency-key"), body)
