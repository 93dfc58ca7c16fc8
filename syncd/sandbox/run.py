"""The sandbox on a real port, inside the running event loop."""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import TracebackType

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from syncd.domain.errors import ConfigError
from syncd.sandbox.data import make_salon
from syncd.sandbox.faults import Call, Fault, FaultLayer
from syncd.sandbox.server import Sandbox, build_app

GRACE_SECONDS = 0.5
"""How long calls under way may take to end when the server stops."""


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, for the process belongs to the daemon or to the tests, and stopping at once.

    uvicorn looks only every 100 ms whether to stop and then sleeps as long again: too much for hundreds of tests.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self.should_exit = True
        self._stopping.set()

    def hang_up(self, client: tuple[str, int]) -> None:
        """Cut the connection that comes from this address."""
        for connection in self._connections():
            if connection.client == client:
                connection.transport.close()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        # tick 0 is the one that renews the Date header
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await self._calls_end()
        # cut, not cancelled: a call that still waits sees its client gone, and ends without an error in the log
        for connection in self._connections():
            connection.transport.abort()
        # the sockets are closed in the loop's next round
        await asyncio.sleep(0)
        await self._calls_end()

    async def _calls_end(self) -> None:
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=GRACE_SECONDS)

    def _connections(self) -> list[H11Protocol]:
        return [each for each in self.server_state.connections if isinstance(each, H11Protocol)]


class SandboxServer:
    """Serves a `Sandbox` while its `async with` block runs.

    Port 0 takes a free one. `url` is the base URL, without a closing slash; `faults` may be filled at any time;
    `calls` is every call so far, the newest last. Raises `ConfigError` on entry where the port cannot be had.
    """

    def __init__(self, sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> None:
        self.sandbox = sandbox
        self.salon = sandbox.salon
        self._host = host
        self._port = port
        self._layer = FaultLayer(build_app(sandbox), lambda client: self._server.hang_up(client))
        # the API has neither lifespan nor websockets; h11 is the protocol that `_Server` knows
        self._config = uvicorn.Config(
            self._layer,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
        )

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def faults(self) -> list[Fault]:
        return self._layer.faults

    @property
    def calls(self) -> deque[Call]:
        return self._layer.calls

    async def __aenter__(self) -> "SandboxServer":
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        # asyncio turns Nagle's delay off only where the protocol is named, and create_server names none: 40 ms a call
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
            # calls wait in the socket's queue until uvicorn takes them, so nobody need wait for uvicorn
            listener.listen()
        except (OSError, OverflowError) as exc:
            listener.close()
            raise ConfigError([f"port: cannot listen on {self._host}:{self._port} ({exc}); choose another"]) from exc
        self._port = listener.getsockname()[1]
        self._server = _Server(self._config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        await self._task


async def serve(host: str, port: int, *, client_id: str, client_secret: str, announce: Callable[[str], None]) -> None:
    """Serve a freshly made salon until cancelled; `announce` is called with the base URL once it answers.

    Raises `ConfigError` where the port cannot be had.
    """
    sandbox = Sandbox(make_salon(lambda: datetime.now(UTC)), client_id, client_secret)
    async with SandboxServer(sandbox, host, port) as server:
        announce(server.url)
        await asyncio.Event().wait()
