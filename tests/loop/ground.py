"""What a world stands on: a clock in hand, a config, a store."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncd.app.config import Config, load
from syncd.state.store import Store
from tests.servers import Server
from tests.servers.kinds import KINDS

# for stories in which the calendar server plays no part
ON_ONE = pytest.mark.parametrize("server", ["radicale"], indirect=True)
ON_EVERY = pytest.mark.parametrize("server", list(KINDS), indirect=True)

THOROUGH = bool(os.environ.get("SYNCD_THOROUGH"))
"""Whether to try each moment and each repetition, as before a release; else as many as fit into a run of all tests."""

EVERY = bool(os.environ.get("SYNCD_EVERY"))
"""Whether to tell each story on all servers; else on those that its part of the tests names."""

_EMPTY: list[bytes] = []
START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class HandClock:
    """A clock that moves when told. `elapsed` goes with it, unless the wall clock alone is set."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at
        self.seconds = 1000.0

    def __call__(self) -> datetime:
        return self.at

    def now(self) -> datetime:
        return self.at

    def elapsed(self) -> tuple[str, float]:
        return "boot", self.seconds

    async def sleep(self, seconds: float) -> None:
        self.pass_by(seconds=seconds)

    def pass_by(self, **by: float) -> None:
        self.at += timedelta(**by)
        self.seconds += timedelta(**by).total_seconds()


CONFIG = """
[zimun]
base_url = "{base_url}"
client_id = "sandbox"
client_secret = "sandbox-secret"
[caldav]
url = "{dav}"
username = "{username}"
password = "{password}"
[[calendars]]
url = "{calendar}"
fallback = true
{calendars}
[event]
language = "en"
{event}
[sync]
{sync}
[state]
path = "state.db"
"""


def open_store(config: Config) -> Store:
    """The real store, but for the wait until the disk has it; a new one is a copy of the first that was made."""
    path = config.state.path
    if not path.exists():
        if not _EMPTY:
            Store.open(path).close()
            _EMPTY.append(path.read_bytes())
        path.write_bytes(_EMPTY[0])
        path.chmod(0o600)
    store = Store.open(path)
    store._db.execute("PRAGMA synchronous = OFF")
    return store


def config_of(folder: Path, base_url: str, dav: Server, *, calendars: str, sync: str, event: str) -> Config:
    path = folder / "config.toml"
    path.write_text(
        CONFIG.format(
            base_url=base_url, dav=dav.url, username=dav.username, password=dav.password,
            calendar=dav.calendar_url, sync=sync, event=event, calendars=calendars,
        )
    )  # fmt: skip
    return load(path, {})
