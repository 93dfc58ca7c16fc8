"""Where the daemon is killed: a real Radicale and the sandbox, a bender before each, and the daemon as a process."""

import asyncio
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from syncd.app.config import Config, load
from syncd.sandbox import Salon, Sandbox, SandboxServer, make_salon
from tests.acceptance.stable import ROOT
from tests.crashes.nursery import Nursery
from tests.loop.ground import config_of
from tests.loop.ics import unfold
from tests.servers import Server, make_calendar
from tests.ten.bender import Bender

MARK = "qzx"
"""Stands in all that people write and in each customer's name: never in a log."""
DEADLINE = 60.0
SYNC = "interval_seconds = 1\ncancel_grace_seconds = 2\nmax_cancellations = 1000\nmax_moves = 1000"


@dataclass
class Life:
    """One process of syncd."""

    pid: int
    log: Path
    _ended: Callable[[], int | None]
    code: int | None = None

    def signal(self, number: int) -> None:
        """Quiet where it has ended: until that was asked for, its number is not another's."""
        if self.running:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)

    @property
    def running(self) -> bool:
        if self.code is None:
            self.code = self._ended()
        return self.code is None

    async def end(self, seconds: float = DEADLINE) -> int:
        """Its exit code, when it ends within so many seconds."""
        await until(lambda: not self.running, f"{self.log.name} to end", seconds)
        assert self.code is not None
        return self.code


@dataclass
class Ground:
    """Both sides, as people reach them, and syncd, which reaches them through the benders."""

    folder: Path
    dav: Server
    calendars: dict[str, str]
    """The calendar of each place."""
    sandbox: SandboxServer
    zimun: Bender
    caldav: Bender
    http: httpx.AsyncClient
    nursery: Nursery
    config: Config
    lives: list[Life] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)

    @property
    def salon(self) -> Salon:
        return self.sandbox.salon

    @property
    def state(self) -> Path:
        return self.config.state.path

    def command(self, *words: str, fresh: bool = False) -> Life:
        """`syncd words...`; `fresh`: by an interpreter of its own, which has everything to import."""
        number = len(self.lives)
        out, err = self.folder / f"{number:04}.out", self.folder / f"{number:04}.err"
        arguments = [*words, "--config", str(self.folder / "config.toml")]
        env = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "TMPDIR", "VIRTUAL_ENV")}
        env |= {"HOME": str(self.folder), **self.env}
        if fresh:
            with out.open("wb") as output, err.open("wb") as errors:
                started = subprocess.Popen(
                    [sys.executable, "-m", "syncd", *arguments], cwd=ROOT, env=env, stdout=output, stderr=errors,
                    stdin=subprocess.DEVNULL,
                )  # fmt: skip
            life = Life(started.pid, err, started.poll)
        else:
            pid = self.nursery.start(arguments, env, out, err)
            life = Life(pid, err, lambda: self.nursery.ended(pid))
        self.lives.append(life)
        return life

    def run(self, *, fresh: bool = False) -> Life:
        """The daemon."""
        return self.command("run", fresh=fresh)

    async def once(self, *words: str) -> tuple[int, str, str]:
        """A command to its end: exit code, output, errors."""
        life = self.command(*words)
        code = await life.end()
        return code, life.log.with_suffix(".out").read_text(), life.log.read_text()

    def asked(self) -> list[str]:
        """Every write that syncd has asked for so far, on either side."""
        return self.zimun.writes() + self.caldav.writes()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database says, read by another program, which changes nothing: not even a journal left by a kill."""
        if not self.state.exists():
            return []
        try:
            return _rows(f"file:{self.state}?mode=ro", query, values)
        except sqlite3.OperationalError:
            # without a process that has it open, reading means to recover it first: then a copy is
            with tempfile.TemporaryDirectory(dir=self.folder) as copy:
                for suffix in ("", "-wal"):
                    there = self.state.with_name(self.state.name + suffix)
                    if there.exists():
                        shutil.copyfile(there, Path(copy) / f"copy{suffix}")
                return _rows(f"file:{copy}/copy", query, values)

    def cycles(self) -> int:
        """How many cycles have ended well or badly so far."""
        return len(self.rows("SELECT 1 FROM cycles WHERE ended_at IS NOT NULL"))

    async def more_cycles(self, number: int) -> None:
        there = self.cycles() + number
        # each look opens the database: they are what a crowd of daemons would spend its time with
        try:
            await until(lambda: self.cycles() >= there, f"{number} more cycles", every=0.05)
        except AssertionError as error:
            error.add_note(self.lives[-1].log.read_text()[-3000:] if self.lives else "nobody runs")
            raise

    # the calendars, as another client

    def url(self, booking_id: str) -> str:
        return urljoin(self.calendars[self.salon.find(booking_id).location_id], f"{booking_id}.ics")

    async def event(self, url: str) -> tuple[str, str] | None:
        """ETag and unfolded text of an object; None where there is none."""
        got = await self.http.get(url)
        return (got.headers["etag"], unfold(got.text)) if got.status_code == 200 else None

    async def put(self, url: str, text: str, etag: str | None = None) -> bool:
        """Write as apps do, only over the version that was last seen; False where another one stands there."""
        headers = {"Content-Type": "text/calendar"} | ({"If-Match": etag} if etag else {"If-None-Match": "*"})
        answer = await self.http.put(url, content=text.encode(), headers=headers)
        assert answer.status_code in (201, 204, 409, 412), answer.text
        return answer.status_code < 300

    async def delete(self, url: str, etag: str) -> bool:
        answer = await self.http.delete(url, headers={"If-Match": etag})
        assert answer.status_code in (200, 204, 404, 412), answer.text
        return answer.status_code < 300

    async def events(self) -> dict[str, str]:
        """Every object of both calendars by its URL, unfolded."""
        found = {}
        for url in self.calendars.values():
            answer = await self.http.request(
                "PROPFIND", url, headers={"Depth": "1", "Content-Type": "application/xml"},
                content='<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>',
            )  # fmt: skip
            assert answer.status_code == 207, answer.text
            for href in re.findall(r"<(?:\w+:)?href>([^<]+\.ics)</", answer.text):
                there = await self.event(urljoin(url, href))
                if there is not None:
                    found[urljoin(url, href)] = there[1]
        return found


def _rows(uri: str, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(uri, uri=True, timeout=10)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'intents'").fetchone():
            return []
        return list(db.execute(query, values).fetchall())


async def until(come: Callable[[], bool], what: str, seconds: float = DEADLINE, every: float = 0.01) -> None:
    """Until that is so. What is waited for is in a file, another process or another's list."""
    try:
        async with asyncio.timeout(seconds):
            while not come():  # noqa: ASYNC110
                await asyncio.sleep(every)
    except TimeoutError:
        raise AssertionError(f"waited {seconds} s in vain for {what}") from None


@asynccontextmanager
async def ground(
    dav: Server, folder: Path, nursery: Nursery, *, sync: str = SYNC, state: Path | None = None
) -> AsyncIterator[Ground]:
    """An empty salon of two places with a calendar each. `state`: where the database is to be."""
    names = ("loc_mitte", "loc_shoreditch")
    calendars = {name: make_calendar(dav, f"{folder.name}-{name}") for name in names}
    async with AsyncExitStack() as stack:
        salon = make_salon(lambda: datetime.now(UTC), count=0)
        sandbox = await stack.enter_async_context(SandboxServer(Sandbox(salon)))
        zimun = await stack.enter_async_context(Bender(sandbox.url))
        caldav = await stack.enter_async_context(Bender(dav.url))
        client = httpx.AsyncClient(auth=(dav.username, dav.password), verify=False, timeout=30)
        http = await stack.enter_async_context(client)
        mitte, shoreditch = (caldav.url(calendars[name]) for name in names)
        config = config_of(
            folder, zimun.address, replace(dav, url=caldav.url(dav.url), calendar_url=shoreditch), sync=sync, event="",
            calendars=f'[[calendars]]\nurl = "{mitte}"\nlocations = ["loc_mitte"]\n',
        )  # fmt: skip
        if state is not None:
            path = folder / "config.toml"
            path.write_text(path.read_text().replace('"state.db"', f'"{state}"'))
            config = load(path, {})
        made = Ground(folder, dav, calendars, sandbox, zimun, caldav, http, nursery, config)
        try:
            yield made
        finally:
            for life in made.lives:
                life.kill()
                await life.end()
            for url in calendars.values():
                await http.delete(url)
