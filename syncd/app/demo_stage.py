"""What the demo plays on: a sandbox of the Booking API, a real Radicale, and a config between the two."""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from syncd.app import logs
from syncd.app.config import Config, load
from syncd.domain.errors import Unavailable
from syncd.sandbox import Sandbox, SandboxServer, make_salon

GRACE_SECONDS = 15
INTERVAL_SECONDS = 2
SETTLE_SECONDS = 5
USER = PASSWORD = "demo"  # noqa: S105 -- of a server on loopback that lives as long as the demo
DAV_PORT, API_PORT = 5232, 8765
RADICALE_START_SECONDS = 30.0
_CALENDARS = (
    ("mitte", "Salon Mitte", "#b5651d"),
    ("shoreditch", "Salon Shoreditch", "#2e6f9e"),
    ("open", "Open slots", "#8fa876"),
)
_CONFIG = """\
[zimun]
base_url = "{api}"
client_id = "sandbox"
client_secret = "sandbox-secret"
[caldav]
url = "{dav}"
username = "{user}"
password = "{password}"
[[calendars]]
url = "{dav}{user}/mitte/"
locations = ["loc_mitte"]
create_bookings = true
[[calendars]]
url = "{dav}{user}/shoreditch/"
fallback = true
[availability]
calendar_url = "{dav}{user}/open/"
days_ahead = 1
[sync]
interval_seconds = {interval}
cancel_grace_seconds = {grace}
request_settle_seconds = {settle}
[state]
path = "state.db"
"""
# Radicale as its own command starts it; and it ends with us, however we end: then its standard input is closed
_RADICALE = (
    "import os, sys, threading\n"
    "threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()\n"
    "from radicale.__main__ import run\n"
    "run()\n"
)


@dataclass(frozen=True, slots=True)
class Stage:
    """What runs while the demo runs. `dav`: the calendar server's URL; `folder` holds config, store and log."""

    server: SandboxServer
    dav: str
    config: Config
    folder: Path

    def calendar(self, location_id: str) -> str:
        """The URL of the calendar of a place."""
        return self.config.calendars[0 if location_id == "loc_mitte" else 1].url

    def log_lines(self) -> list[str]:
        return (self.folder / "syncd.log").read_text("utf-8").splitlines()


@contextlib.asynccontextmanager
async def make_stage() -> AsyncIterator[Stage]:
    """Both servers and a config between them, in a folder that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="syncd-demo-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with (folder / "syncd.log").open("w", encoding="utf-8", buffering=1) as log:
            logs.configure("json", "info", log)
            salon = make_salon(lambda: datetime.now(UTC))
            try:
                async with SandboxServer(Sandbox(salon), port=_free_port(API_PORT)) as server:
                    with _radicale(folder) as (dav, process):
                        await _answers(dav, process)
                        yield Stage(server, dav, _write_config(folder, server.url, dav), folder)
            finally:
                logs.configure("auto", "error")


def _write_config(folder: Path, api: str, dav: str) -> Config:
    path = folder / "config.toml"
    path.touch(mode=0o600)
    path.write_text(
        _CONFIG.format(
            api=api, dav=dav, user=USER, password=PASSWORD, interval=INTERVAL_SECONDS, grace=GRACE_SECONDS,
            settle=SETTLE_SECONDS,
        ),
        encoding="utf-8",
    )  # fmt: skip
    return load(path, {})


@contextlib.contextmanager
def _radicale(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    home = folder / "radicale" / "collection-root" / USER
    for name, title, colour in _CALENDARS:
        collection = home / name
        collection.mkdir(parents=True)
        props = {"tag": "VCALENDAR", "D:displayname": title, "ICAL:calendar-color": colour}
        props["C:supported-calendar-component-set"] = "VEVENT"
        (collection / ".Radicale.props").write_text(json.dumps(props), "utf-8")
    users = folder / "radicale-users"
    users.write_text(f"{USER}:{PASSWORD}\n", "utf-8")
    port = _free_port(DAV_PORT)
    command = [sys.executable, "-c", _RADICALE, "--config", "", f"--server-hosts=127.0.0.1:{port}"]
    command += ["--auth-type=htpasswd", f"--auth-htpasswd-filename={users}", "--auth-htpasswd-encryption=plain"]
    command += [f"--storage-filesystem-folder={folder / 'radicale'}", "--logging-level=warning"]
    with (folder / "radicale.log").open("wb") as output:
        # a session of its own: Ctrl-C is for us, and we end it after the daemon
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
        )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}/", process
    finally:
        process.kill()
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


async def _answers(dav: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until Radicale takes connections."""
    port = int(dav.rstrip("/").rsplit(":", 1)[1])
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(RADICALE_START_SECONDS):
            while process.poll() is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return
    raise Unavailable("Radicale did not start")


def _free_port(wanted: int) -> int:
    """The wanted port where it is free, so that a calendar app finds the demo again; else any."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise Unavailable("no port of 127.0.0.1 is free")
