"""A salon for the commands: the sandbox in a thread of its own, a real Radicale, and `syncd` run in between."""

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from syncd.sandbox import Salon, Sandbox, SandboxServer, make_salon
from tests.loop.world import dragged
from tests.servers import Server, make_calendar, send

CUSTOMER = "Dana Lee"
CONFIG = """
[zimun]
base_url = "{base_url}"
client_id = "sandbox"
client_secret = "sandbox-secret"
[caldav]
url = "{dav}"
username = "u"
password = "p"
[[calendars]]
url = "{calendar}"
fallback = true
[state]
path = "state.db"
"""


@dataclass
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Desk:
    """Where the commands run: a folder with a config, and hands on both servers."""

    folder: Path
    dav: Server
    api: SandboxServer
    loop: asyncio.AbstractEventLoop

    @property
    def salon(self) -> Salon:
        return self.api.salon

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def write_config(self) -> None:
        self.config.write_text(CONFIG.format(base_url=self.api.url, dav=self.dav.url, calendar=self.dav.calendar_url))
        self.config.chmod(0o600)

    def edit(self, old: str, new: str) -> None:
        text = self.config.read_text()
        assert old in text
        self.config.write_text(text.replace(old, new))

    def run(self, *words: str, **env: str) -> Ended:
        """`syncd words...` with this desk's config."""
        return run(*words, SYNCD_CONFIG=str(self.config), **env)

    def at(self, days: int, hour: int) -> datetime:
        """An hour in UTC of a day after the coming Monday: the salon is open then, whatever day it is today."""
        today = datetime.now(UTC)
        monday = today + timedelta(days=7 - today.weekday())
        return (monday + timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0)

    def book(self, days: int, hour: int) -> str:
        """A haircut of somebody; the booking's id."""
        return self.salon.book("s_haircut", self.at(days, hour), location_id="loc_mitte", name=CUSTOMER).booking_id

    def delete(self, booking_id: str) -> None:
        send(self.dav, "DELETE", self.url(booking_id))

    def drag(self, booking_id: str, by: timedelta) -> None:
        _, text = send(self.dav, "GET", self.url(booking_id))
        moved = dragged(text.replace("\r\n ", ""), by, datetime.now(UTC))
        send(self.dav, "PUT", self.url(booking_id), moved, {"Content-Type": "text/calendar; charset=utf-8"})

    def retitle(self, booking_id: str, title: str) -> None:
        _, text = send(self.dav, "GET", self.url(booking_id))
        changed = re.sub(r"^SUMMARY:.*$", f"SUMMARY:{title}", text.replace("\r\n ", ""), flags=re.MULTILINE)
        send(self.dav, "PUT", self.url(booking_id), changed, {"Content-Type": "text/calendar; charset=utf-8"})

    def url(self, booking_id: str) -> str:
        return f"{self.dav.calendar_url}{booking_id}.ics"


def run(*words: str, **env: str) -> Ended:
    """One command in a process of its own."""
    known = {key: value for key, value in os.environ.items() if not key.startswith(("SYNCD_", "ZIMUN_", "COLUMNS"))}
    ended = subprocess.run(
        [sys.executable, "-m", "syncd", *words], capture_output=True, text=True, timeout=120, env=known | env
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@contextlib.contextmanager
def sandbox(count: int = 0) -> Iterator[tuple[SandboxServer, asyncio.AbstractEventLoop]]:
    """The sandbox API on the real clock, in a thread with a loop of its own."""
    ready = threading.Event()
    held: list[Any] = []

    async def serve() -> None:
        over = asyncio.Event()
        salon = make_salon(lambda: datetime.now(UTC), count=count)
        async with SandboxServer(Sandbox(salon)) as server:
            held.extend((server, asyncio.get_running_loop(), over))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(30)
    server, loop, over = held
    try:
        yield server, loop
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30)


@contextlib.contextmanager
def desk_of(server: Server, folder: Path, count: int = 0) -> Iterator[Desk]:
    """A desk in that folder, with a calendar of its own on the server, and a sandbox with so many bookings."""
    dav = replace(server, calendar_url=make_calendar(server, folder.name))
    with sandbox(count) as (api, loop):
        made = Desk(folder, dav, api, loop)
        made.write_config()
        yield made
