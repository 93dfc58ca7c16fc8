"""A reverse proxy in front of a calendar server: it counts requests by method, and can spoil answers."""

import http.client
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

How = Literal["", "html", "half", "garbled", "503", "empty", "drop"]
EMPTY = b'<?xml version="1.0"?><d:multistatus xmlns:d="DAV:"><d:sync-token>http://x/1</d:sync-token></d:multistatus>'


class Proxy:
    """`how` spoils the answer to every method of `methods`; "drop" lets the server do it and then says nothing."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self.how: How = ""
        self.methods: tuple[str, ...] = ("PROPFIND", "REPORT", "GET", "PUT", "DELETE")
        self.counts: Counter[str] = Counter()
        self.port = 0
        self._server: ThreadingHTTPServer | None = None

    def url(self, url: str) -> str:
        """That URL of the server, by way of the proxy."""
        return f"http://127.0.0.1:{self.port}{urlsplit(url).path}"

    def up(self) -> None:
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def down(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def handle_one_request(self) -> None:
        # http.server wants a method of its own for each verb; WebDAV has a dozen
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        self._forward()
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        pass

    def _forward(self) -> None:
        proxy = self.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        proxy.counts[self.command] += 1
        how = proxy.how if self.command in proxy.methods else ""
        if how in ("html", "garbled", "503", "empty"):
            made = {"html": (200, b"<html>Sign in</html>"), "garbled": (207, b"<?xml version='1.0'?><d:multi \xff")}
            status, data = made.get(how, (207, EMPTY) if how == "empty" else (503, b"later"))
            self._send(status, [("Content-Type", "text/html" if how == "html" else "text/xml")], data)
            return
        upstream = http.client.HTTPConnection(proxy.upstream.hostname or "", proxy.upstream.port, timeout=30)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "accept-encoding")}
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            data = answer.read()
        finally:
            upstream.close()
        if how == "drop":
            self.close_connection = True
            return
        skip = ("content-length", "transfer-encoding", "connection", "date", "server")
        self._send(answer.status, [h for h in answer.getheaders() if h[0].lower() not in skip], data, how == "half")

    def _send(self, status: int, headers: list[tuple[str, str]], data: bytes, half: bool = False) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if half else data)
        if half:
            self.close_connection = True


@contextmanager
def proxying(upstream: str) -> Iterator[Proxy]:
    proxy = Proxy(upstream)
    proxy.up()
    try:
        yield proxy
    finally:
        proxy.down()
