"""A proxy on loopback that passes everything through and keeps what writes, as it went over the wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_WRITES = (b"PUT", b"DELETE", b"POST", b"MOVE", b"PROPPATCH")
_SECRETS = ("authorization:", "cookie:")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that writes, and the head of its answer."""

    request: bytes
    answer: bytes

    @property
    def text(self) -> str:
        """Both as text, without what logs somebody in."""
        head, _, body = self.request.decode(errors="replace").replace("\r\n", "\n").partition("\n\n")
        kept = [line for line in head.split("\n") if not line.lower().startswith(_SECRETS)]
        answer = self.answer.decode(errors="replace").replace("\r\n", "\n").partition("\n\n")[0]
        return "\n".join([*kept, "", body.rstrip("\n"), "", "--- answered by", answer, ""])


@dataclass
class Recorder:
    """Where apps are sent in place of the server at `upstream`, which must close each connection after one answer.

    Radicale does: it speaks HTTP/1.0. So a connection is an exchange.
    """

    upstream: int
    port: int = 0
    writes: list[Exchange] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def wait_for(self, count: int, seconds: float = 30) -> None:
        """Return once so many writes were answered. Raises TimeoutError."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: len(self.writes) >= count)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.upstream)
        sending = asyncio.create_task(_pump(reader, back))
        answer = await _pump(there, writer)
        sending.cancel()
        await asyncio.wait([sending])
        request = b"" if sending.cancelled() else sending.result()
        back.close()
        writer.close()
        if request.startswith(_WRITES):
            async with self._changed:
                self.writes.append(Exchange(request, answer))
                self._changed.notify_all()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Copy until the end, or until cancelled; what was copied."""
    copied = b""
    try:
        while data := await reader.read(65536):
            copied += data
            writer.write(data)
            await writer.drain()
    except (asyncio.CancelledError, ConnectionError):
        # the answer ends the exchange: an app leaves its half of the connection open
        pass
    return copied


@asynccontextmanager
async def recorder(upstream: int) -> AsyncIterator[Recorder]:
    """A recorder on a free port of loopback, before the server on port `upstream`."""
    made = Recorder(upstream)
    server = await asyncio.start_server(made._connection, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
