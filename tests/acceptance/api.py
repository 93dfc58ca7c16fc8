"""A second Booking API, written from the API's description alone, and as far from `syncd.sandbox` as that allows.

Whatever is not documented is answered in another way here: other names, other shapes, other forms of an error. Times
carry the offset of a zone far from the salon, ids may be numbers, a reschedule may answer nothing or a new id.
Standard library only. Every call is kept in `Api.calls`; `Api.fail` makes coming calls go wrong.
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from tests.acceptance.salon import Dialect, Salon

CLIENT_ID, CLIENT_SECRET = "client-7", "s3cret:with/colon%"
How = Literal["drop", "half", "html", "garbled", "empty", "500", "503", "429", "401", "403", "404", "409", "422"]


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    key: str
    status: int


@dataclass
class Fault:
    how: How
    method: str
    path: str
    times: int


@dataclass
class Api(Salon):
    """The salon and its server."""

    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.lock = threading.RLock()
        self._tokens: set[str] = set()
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        """Listen, on the same port as before if there was one."""
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def down(self) -> None:
        """Refuse connections, until `up`."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def fail(self, how: How, method: str = "", path: str = "", times: int = 1) -> None:
        """Let the next `times` calls of that method, with that text in their path, go wrong."""
        self.faults.append(Fault(how, method, path, times))

    def posts(self, end: str = "") -> list[Call]:
        """The writing calls that came in so far; tokens are none."""
        return [c for c in self.calls if c.method == "POST" and c.path.startswith("/api/") and c.path.endswith(end)]

    def fault(self, method: str, path: str) -> How | None:
        for one in self.faults:
            if one.times and one.method in ("", method) and one.path in path:
                one.times -= 1
                return one.how
        return None

    def token(self, authorization: str, form: dict[str, str]) -> tuple[int, Any]:
        wanted = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if authorization != f"Basic {wanted}":
            return 401, {"detail": "Invalid client."}
        if form.get("grant_type") != "client_credentials":
            return 400, {"detail": "unsupported grant type"}
        self._tokens.add(token := f"tok-{len(self._tokens)}")
        return 200, {"access_token": token, "token_type": "bearer"}

    def knows(self, authorization: str) -> bool:
        return authorization.removeprefix("Bearer ") in self._tokens


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: Api

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def log_message(self, *_: object) -> None:
        pass

    def _serve(self, method: str) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        api, authorization = self.api, self.headers.get("Authorization", "")
        with api.lock:
            how = api.fault(method, parts.path)
            body: dict[str, Any] = {}
            if how is not None and how not in ("drop", "half"):
                status, answer = self._wrong(how)
            elif parts.path == "/oauth/token":
                form = {name: values[0] for name, values in parse_qs(raw.decode()).items()}
                status, answer = api.token(authorization, form)
            elif not api.knows(authorization):
                status, answer = 401, {"detail": "Token expired."}
            else:
                body = json.loads(raw) if raw else {}
                key = self.headers.get("Idempotency-Key", "")
                status, answer = api.answer(method, parts.path, query, body, key)
            key = self.headers.get("Idempotency-Key", "")
            api.calls.append(Call(method, parts.path, query, body, key, status))
        if how == "drop":
            self.close_connection = True
            return
        self._send(status, answer, half=how == "half")

    def _wrong(self, how: How) -> tuple[int, Any]:
        texts = {"html": b"<html><body>Sign in to the hotel WLAN</body></html>", "garbled": b'{"items": [{"id": "x\xff'}
        if how == "empty":
            return 200, {"items": []}
        return (200, texts[how]) if how in texts else (int(how), {"detail": "as ordered"})

    def _send(self, status: int, answer: Any, *, half: bool) -> None:
        data = answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if data.startswith(b"<") else "application/json; charset=utf-8")
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        if status == 429:
            self.send_header("Retry-After", format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if half else data)
        if half:
            self.close_connection = True


@contextmanager
def serving(dialect: Dialect | None = None) -> Iterator[Api]:
    """The API, listening on loopback."""
    api = Api(dialect or Dialect())
    api.up()
    try:
        yield api
    finally:
        api.down()
