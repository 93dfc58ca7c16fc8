"""SIGTERM to a real process: it ends in time, with what was begun recorded and nothing done twice afterwards."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from syncd.app.running import one_cycle
from syncd.sandbox import Fault, Kind, Sandbox, SandboxServer, make_salon
from syncd.state.store import Store
from tests.app.test_daemon import configured, dav, hrefs, until
from tests.servers import Server

__all__ = ["dav"]

_RUN = """
import sys
from pathlib import Path
from syncd.app import logs
from syncd.app.config import load
from syncd.app.daemon import run_daemon
logs.configure("json", "info")
sys.exit(run_daemon(load(Path(sys.argv[1]), {})))
"""


@asynccontextmanager
async def process(folder: Path) -> Any:
    """The daemon as systemd starts it, once it is ready."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(folder / "notify"))
        listener.setblocking(False)
        env = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify")}
        with (folder / "log").open("wb") as out:
            started = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _RUN, str(folder / "config.toml"), env=env, stdout=out, stderr=out
            )
            try:
                said = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(listener, 4096), 30)
                assert said.startswith(b"READY=1")
                yield started
            finally:
                if started.returncode is None:
                    started.kill()
                    await started.wait()


async def ends(started: asyncio.subprocess.Process) -> None:
    assert await asyncio.wait_for(started.wait(), 5) == 0


async def soon(come: Callable[[], bool]) -> None:
    await asyncio.wait_for(until(come), 20)


async def test_sigterm_in_a_first_sync_leaves_nothing_open_and_nothing_twice(dav: Server, tmp_path: Path) -> None:
    salon = make_salon(lambda: datetime.now(UTC), count=70)
    async with SandboxServer(Sandbox(salon)) as api:
        config = configured(tmp_path, api, dav, "interval_seconds = 60")
        async with process(tmp_path) as started:
            await soon(lambda: len(hrefs(dav)) > 5)
            started.send_signal(signal.SIGTERM)
            await ends(started)
        there = hrefs(dav)
        with Store.open(config.state.path) as store:
            assert store.open_intents() == []
            done = [row for row in store.history(None, 999) if (row.what, row.outcome) == ("event.created", "done")]
            assert len(done) == len(there)
        report = await one_cycle(config)
        assert report.summary.counts["created"] > 0
        assert len(hrefs(dav)) == len(there) + report.summary.counts["created"] == report.summary.counts["bookings"]


async def test_sigterm_does_not_wait_for_an_api_that_hangs(dav: Server, tmp_path: Path) -> None:
    salon = make_salon(lambda: datetime.now(UTC), count=1)
    async with SandboxServer(Sandbox(salon)) as api:
        api.faults.append(Fault("GET", "/api/", Kind.DELAY, times=None, seconds=60))
        config = configured(tmp_path, api, dav, "interval_seconds = 60")
        async with process(tmp_path) as started:
            await soon(lambda: len(api.calls) > 0)
            started.send_signal(signal.SIGTERM)
            await ends(started)
        with Store.open(config.state.path) as store:
            summary = store.last_cycles(1)[0].summary
            assert summary is not None
            assert "cut off" in summary.line


async def test_a_second_signal_does_not_wait_at_all(dav: Server, tmp_path: Path) -> None:
    salon = make_salon(lambda: datetime.now(UTC), count=1)
    async with SandboxServer(Sandbox(salon)) as api:
        api.faults.append(Fault("GET", "/api/", Kind.DELAY, times=None, seconds=60))
        configured(tmp_path, api, dav, "interval_seconds = 60")
        async with process(tmp_path) as started:
            await soon(lambda: len(api.calls) > 0)
            started.send_signal(signal.SIGINT)
            started.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(started.wait(), 3) == 0
