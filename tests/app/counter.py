"""A desk whose commands run beside a real daemon or without one."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TypeVar
from urllib.error import HTTPError

from syncd.state.lock import DaemonLock
from syncd.state.store import Store
from tests.acceptance.stable import Stable
from tests.app.salon import Desk, Ended, sandbox
from tests.servers import Server, make_calendar, send

T = TypeVar("T")
NUMBERS = count(1)
SECONDS = 30
EMAIL = "dana@example.com"
BOOK = ("book", "--service", "s_haircut", "--location", "loc_mitte", "--name", "Dana Lee", "--email", EMAIL, "--time")
APPOINTMENTS = "/api/v1/appointments"


@dataclass
class Counter(Desk):
    """A desk of a calendar of its own. `beside`: a daemon runs, with a cycle each hour and at a person's word."""

    stable: Stable
    beside: bool

    def run(self, *words: str, **env: str) -> Ended:
        """As Desk's, in a process that has imported everything already: these tests run a hundred commands."""
        known = {key: value for key, value in os.environ.items() if not key.startswith(("SYNCD_", "ZIMUN_", "COLUMNS"))}
        ended = self.stable.run(words, known | {"SYNCD_CONFIG": str(self.config)} | env, self.folder)
        assert "Traceback" not in ended[2], ended[2]
        return Ended(*ended)

    def spoken(self, verb: str) -> list[str | None]:
        """The idempotency keys of the calls that Zimun heard of that kind."""
        return [call.idempotency_key for call in self.api.calls if call.path == f"{APPOINTMENTS}/{verb}"]

    def event(self, booking_id: str) -> str:
        """The booking's event, unfolded, as soon as it is there."""
        return soon(lambda: self._event(booking_id))

    def gone(self, booking_id: str) -> bool:
        """Whether the event goes."""
        return soon(lambda: not self._event(booking_id))

    def _event(self, booking_id: str) -> str:
        try:
            return send(self.dav, "GET", self.url(booking_id))[1].replace("\r\n ", "")
        except HTTPError as error:
            assert error.code == 404  # noqa: PT017 -- not there yet, or not any more
            return ""


def soon(look: Callable[[], T]) -> T:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)
    return found


@contextlib.contextmanager
def counter(server: Server, folder: Path, stable: Stable, *, beside: bool) -> Iterator[Counter]:
    dav = replace(server, calendar_url=make_calendar(server, f"counter{next(NUMBERS)}"))
    with sandbox() as (api, loop):
        made = Counter(folder, dav, api, loop, stable, beside)
        made.write_config()
        made.edit("[state]", "[sync]\ninterval_seconds = 3600\n[state]")
        with daemon(made) if beside else contextlib.nullcontext():
            yield made


@contextlib.contextmanager
def daemon(desk: Desk) -> Iterator[subprocess.Popen[bytes]]:
    """`syncd run` on this desk's config, once its first cycle is over."""
    with (desk.folder / "daemon.log").open("ab") as out:
        started = subprocess.Popen(
            [sys.executable, "-m", "syncd", "run"], stdout=out, stderr=out,
            env={**os.environ, "SYNCD_CONFIG": str(desk.config)},
        )  # fmt: skip
    try:
        soon(lambda: DaemonLock.held_elsewhere(desk.folder / "state.db") and _has_run(desk.folder / "state.db"))
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        assert started.wait(SECONDS) == 0


def _has_run(path: Path) -> bool:
    with Store.open(path) as store:
        return store.last_good_cycle_at() is not None
