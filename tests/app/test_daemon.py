"""The daemon between a real calendar server and the sandbox: it goes on whatever happens, and ends when it is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count, pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from syncd.app.config import Config, load
from syncd.app.daemon import Daemon
from syncd.app.notify import STALLED, Notifier
from syncd.app.running import one_cycle
from syncd.domain.errors import StoreBusy, StoreError
from syncd.engine.cycle import Engine
from syncd.sandbox import Fault, Kind, Sandbox, SandboxServer, make_salon
from syncd.state.store import Store
from tests.loop.asking import Exactly
from tests.loop.ground import CONFIG
from tests.loop.world import APPOINTMENTS
from tests.servers import Server, make_calendar, send

SECONDS = 20
HOURLY = "interval_seconds = 3600"
EACH_SECOND = "interval_seconds = 1"
_NUMBERS = count(1)


@pytest.fixture
def dav(server: Server) -> Server:
    return replace(server, calendar_url=make_calendar(server, f"daemon{next(_NUMBERS)}"))


class Ears(Notifier):
    """What systemd would hear. `until` waits for something to be said."""

    def __init__(self, env: dict[str, str] | None = None) -> None:
        super().__init__(env or {})
        self.said: list[str] = []
        self._news = asyncio.Condition()

    def _send(self, *assignments: str) -> None:
        self.said += assignments
        self._waking = asyncio.ensure_future(self._wake())

    async def _wake(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def until(self, come: Callable[[list[str]], bool]) -> None:
        async with asyncio.timeout(SECONDS), self._news:
            await self._news.wait_for(lambda: come(self.said))

    async def cycles(self, number: int) -> str:
        """Until so many cycles have ended; the status after the last."""
        await self.until(lambda said: len(statuses(said)) >= number)
        return statuses(self.said)[-1]


def statuses(said: list[str]) -> list[str]:
    return [text for text in said if text.startswith("STATUS=") and "next cycle at" in text]


@dataclass
class Running:
    api: SandboxServer
    config: Config
    daemon: Daemon
    ears: Ears
    task: asyncio.Task[None]
    store: Store


def configured(folder: Path, api: SandboxServer, dav: Server, sync: str) -> Config:
    path = folder / "config.toml"
    path.write_text(
        CONFIG.format(
            base_url=api.url, dav=dav.url, username=dav.username, password=dav.password, calendar=dav.calendar_url,
            sync=sync, event="", calendars="",
        )
    )  # fmt: skip
    return load(path, {})


@contextlib.asynccontextmanager
async def daemon(
    dav: Server,
    folder: Path,
    *,
    sync: str = HOURLY,
    bookings: int = 3,
    fault: Fault | None = None,
    stalled_after: float = STALLED,
    env: dict[str, str] | None = None,
) -> AsyncIterator[Running]:
    salon = make_salon(lambda: datetime.now(UTC), count=bookings)
    async with SandboxServer(Sandbox(salon)) as api:
        api.faults.extend([fault] if fault else [])
        config = configured(folder, api, dav, sync)
        with Store.open(config.state.path) as store:
            ears = Ears(env)
            made = Daemon(config, ears, stalled_after)
            task = asyncio.create_task(made.run())
            try:
                yield Running(api, config, made, ears, task, store)
            finally:
                made.stop()
                async with asyncio.timeout(SECONDS):
                    await task


def hrefs(dav: Server) -> list[str]:
    _, text = send(dav, "PROPFIND", dav.calendar_url, headers={"Depth": "1"})
    return [part.split("<")[0] for part in text.split("<href>")[1:] if ".ics<" in part]


async def test_it_is_ready_at_once_and_tells_how_the_first_cycle_went(dav: Server, tmp_path: Path) -> None:
    async with daemon(dav, tmp_path) as running:
        told = await running.ears.cycles(1)
        assert running.ears.said[0] == "READY=1"
        assert "created" in told
    assert running.ears.said[-1] == "STOPPING=1"


async def test_a_person_s_word_is_carried_out_at_once(dav: Server, tmp_path: Path) -> None:
    async with daemon(dav, tmp_path) as running:
        await running.ears.cycles(1)
        number = running.store.ask(None, (), datetime.now(UTC))
        await running.ears.cycles(2)
        assert running.store.replied(number)


async def test_however_often_it_rings_in_a_cycle_one_follows(dav: Server, tmp_path: Path) -> None:
    slow = Fault("GET", "/api/v1/appointments", Kind.DELAY, seconds=1)
    async with daemon(dav, tmp_path, fault=slow) as running:
        await asyncio.wait_for(until(lambda: bool(running.store.last_cycles(1))), SECONDS)
        for _ in range(3):
            running.daemon.ring()
        await running.ears.cycles(2)
        running.store.ask(None, (), datetime.now(UTC))
        await running.ears.cycles(3)
        newest, second, first = running.store.last_cycles(9)
        assert first.ended_at is not None
        assert second.ended_at is not None
        assert first.begun_at < first.ended_at <= second.begun_at < second.ended_at <= newest.begun_at


async def test_the_timer_rings_again_and_again(dav: Server, tmp_path: Path) -> None:
    async with daemon(dav, tmp_path, sync=EACH_SECOND) as running:
        await running.ears.cycles(3)


async def test_a_side_that_is_down_is_waited_for_and_found_again(dav: Server, tmp_path: Path) -> None:
    down = Fault("GET", "/api/v1/", Kind.ANSWER, times=None, status=502, body="<html>bad gateway</html>")
    async with daemon(dav, tmp_path, sync=EACH_SECOND, fault=down) as running:
        assert "zimun" in await running.ears.cycles(1)
        assert hrefs(dav) == []
        running.api.faults.clear()
        await running.ears.until(lambda said: "created" in "".join(said[-1:]))


async def test_refused_credentials_are_tried_rarely_and_at_a_person_s_word(dav: Server, tmp_path: Path) -> None:
    async with daemon(dav, tmp_path, sync=EACH_SECOND) as running:
        refused = Fault("POST", "/oauth/token", Kind.ANSWER, times=None, status=401, body={"error": "invalid_client"})
        running.api.faults.extend([refused, Fault("GET", "/api/", Kind.ANSWER, times=None, status=401, body={})])
        await running.ears.until(lambda said: "credentials are refused" in "".join(said[-1:]))
        calls = len(running.api.calls)
        await asyncio.sleep(2.5)  # two intervals
        assert len(running.api.calls) == calls
        running.api.faults.clear()
        running.store.ask(None, (), datetime.now(UTC))
        await running.ears.until(lambda said: "credentials" not in statuses(said)[-1])
        assert len(running.api.calls) > calls


@pytest.mark.parametrize("error", [ValueError("of a customer"), StoreError("disk full")])
async def test_a_cycle_that_breaks_does_not_end_the_daemon(
    dav: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    good = Engine.cycle

    async def broken(engine: Engine, *args: object) -> None:
        engine._sides.store.begin_cycle(datetime.now(UTC))
        monkeypatch.setattr(Engine, "cycle", good)
        raise error

    monkeypatch.setattr(Engine, "cycle", broken)
    async with daemon(dav, tmp_path, sync=EACH_SECOND) as running:
        told = await running.ears.cycles(1)
        assert ("disk full" in told) == isinstance(error, StoreError)
        assert "customer" not in told
        assert "created" in await running.ears.cycles(2)
        failed = running.store.last_cycles(9)[-1].summary
        assert failed is not None
        assert failed.outcome == "failed"


async def test_a_cycle_that_hangs_is_not_told_to_be_alive(
    dav: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = asyncio.Event()

    async def hanging(engine: Engine, *args: object) -> None:
        hangs.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Engine, "cycle", hanging)
    with capture_logs() as logged:
        async with daemon(dav, tmp_path, stalled_after=0.3, env={"WATCHDOG_USEC": "150000"}) as running:
            await asyncio.wait_for(hangs.wait(), SECONDS)
            # on a busy machine the way to the cycle itself may have taken longer than that
            logged.clear()
            await asyncio.wait_for(until(lambda: any(line["event"] == "loop.stalled" for line in logged)), SECONDS)
            assert "WATCHDOG=1" in running.ears.said
            fed = running.ears.said.count("WATCHDOG=1")
            await asyncio.sleep(0.2)
            assert running.ears.said.count("WATCHDOG=1") == fed
            # it hangs at the stop too: a second word does not wait for it
            running.daemon.stop()


async def test_a_cycle_that_asks_for_long_and_goes_on_is_alive(dav: Server, tmp_path: Path) -> None:
    """Where Zimun lists no bookings, and takes its time to tell of each."""
    with capture_logs() as logged:
        async with daemon(
            dav, tmp_path, sync=HOURLY, bookings=40, stalled_after=1.5, env={"WATCHDOG_USEC": "300000"}
        ) as running:
            await running.ears.cycles(1)
            assert len(running.store.links()) > 30
            running.api.faults.append(Exactly("GET", APPOINTMENTS, Kind.ANSWER, None, 403))
            running.api.faults.append(Fault("GET", f"{APPOINTMENTS}/", Kind.DELAY, None, seconds=0.3))
            logged.clear()
            running.daemon.ring()
            begun = asyncio.get_running_loop().time()
            await running.ears.cycles(2)
            assert asyncio.get_running_loop().time() - begun > 1.5
            assert not [line for line in logged if line["event"] == "loop.stalled"]


async def test_a_second_daemon_is_refused(dav: Server, tmp_path: Path) -> None:
    async with daemon(dav, tmp_path) as running:
        await running.ears.cycles(1)
        with pytest.raises(StoreBusy, match="running daemon"):
            await Daemon(running.config, Ears()).run()
        assert not running.task.done()


async def test_a_command_runs_a_cycle_beside_it(dav: Server, tmp_path: Path) -> None:
    async with daemon(dav, tmp_path, sync=EACH_SECOND) as running:
        reports = [await one_cycle(running.config) for _ in range(3)]
        assert [report.summary.exit_code for report in reports] == [0, 0, 0]
        await running.ears.cycles(2)
        rows = [row for row in reversed(running.store.last_cycles(20)) if row.ended_at]
        assert all(a.ended_at and a.ended_at <= b.begun_at for a, b in pairwise(rows))
        assert len(hrefs(dav)) == len(running.store.links())


async def test_a_database_that_is_deleted_under_it_is_made_anew(dav: Server, tmp_path: Path) -> None:
    async with daemon(dav, tmp_path, sync=EACH_SECOND, bookings=6) as running:
        await running.ears.cycles(1)
        before = hrefs(dav)
        for file in list(tmp_path.glob("state.db*")):  # noqa: ASYNC240
            file.unlink()
        seen = len(statuses(running.ears.said))
        await running.ears.cycles(seen + 2)
        with Store.open(running.config.state.path) as store:
            assert len(store.links()) == len(before)
        assert hrefs(dav) == before


async def until(come: Callable[[], bool]) -> None:
    while not come():  # noqa: ASYNC110 -- what is waited for is in a file, or another's list
        await asyncio.sleep(0.02)
