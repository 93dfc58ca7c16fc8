"""`syncd run`: cycles by a timer and at a person's word, never two at once, until a signal ends it within five seconds.

The timer only rings a bell; the loop in `Daemon.run` runs the cycle, for APScheduler's shutdown cancels what it runs.
"""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog

from syncd.app.clock import SystemClock
from syncd.app.config import Config
from syncd.app.notify import STALLED, Notifier, Pulse
from syncd.app.pace import Outcome
from syncd.app.running import LOCK_SECONDS, prune
from syncd.app.timer import Timer
from syncd.app.wiring import sides
from syncd.domain.errors import StoreError, SyncdError
from syncd.engine.cycle import Engine
from syncd.engine.report import Report
from syncd.engine.sides import EXIT_CREDENTIALS, EXIT_DOWN, EXIT_TROUBLE, ZIMUN
from syncd.state.history import CycleSummary
from syncd.state.lock import CycleLock, DaemonLock
from syncd.state.store import Store

log = structlog.get_logger(__name__)

TICK = 1.0
"""How often a resting daemon looks whether somebody asked for something."""
CUT_AFTER = 4.0
"""For so long the write in hand may take to end when the daemon stops; its intent is settled at the next start."""
LEAVE_AFTER = 4.8
LOOK_SECONDS = 1.0
REOPEN_SECONDS = 30.0


def run_daemon(config: Config) -> int:
    """The daemon until SIGTERM, SIGINT or SIGHUP; then 0. A second signal does not wait for the write in hand.

    Raises StoreError where the store cannot be opened, and StoreBusy where another daemon runs on it.
    """
    # asyncio waits for its threads, and the look-up of a host name in one of them cannot be cancelled
    leaving = threading.Timer(LEAVE_AFTER, os._exit, (0,))
    leaving.daemon = True

    async def main() -> None:
        loop = asyncio.get_running_loop()
        daemon = Daemon(config, Notifier(os.environ))

        def stop() -> None:
            if leaving.ident is None:
                leaving.start()
            daemon.stop()

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            # ignored: as nohup wants it
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, stop)
        await daemon.run()

    try:
        asyncio.run(main())
    finally:
        leaving.cancel()
    return 0


@dataclass(slots=True)
class _Opened:
    """What the loop works with while the database is one and the same file."""

    store: Store
    engine: Engine
    file: tuple[int, int] | None
    version: int | None = None
    asked: bool = False
    taken: int = 0


class Daemon:
    """One daemon, made in a running event loop. `run` ends after `stop`. `stalled_after`: as `Pulse` has it."""

    def __init__(self, config: Config, notifier: Notifier, stalled_after: float = STALLED) -> None:
        self._config = config
        self._notifier = notifier
        self._pulse = Pulse(notifier, stalled_after)
        self._clock = SystemClock()
        self._timer = Timer(config.sync.interval_seconds, self._clock)
        self._stopping = False
        self._up = False
        self._cycling: asyncio.Task[Report] | None = None
        self._writing = False

    async def run(self) -> None:
        """Run cycles until stopped. Raises StoreError where it cannot begin, StoreBusy where another daemon runs."""
        feeding: asyncio.Task[None] | None = None
        try:
            while not self._stopping:
                try:
                    async with self._opened() as opened:
                        if not self._up:
                            self._up = True
                            self._pulse.beat()
                            feeding = asyncio.create_task(self._pulse.feed())
                            self._timer.start()
                            log.info("daemon.started", interval_seconds=self._config.sync.interval_seconds)
                            self._notifier.ready("the first cycle begins")
                        await self._serve(opened)
                except StoreError as error:
                    if not self._up:
                        raise
                    log.error("database.unusable", error=error)
                    self._notifier.status(str(error))
                    await self._pause(REOPEN_SECONDS)
        finally:
            self._notifier.stopping()
            if feeding is not None:
                feeding.cancel()
            if self._up:
                self._timer.shutdown()
                log.info("daemon.stopped")

    def ring(self) -> None:
        """Ask for a cycle now, or one more after the one that runs."""
        self._timer.ring()

    def stop(self) -> None:
        """Begin nothing new, end after the write in hand; asked once more: do not wait for that either."""
        again, self._stopping = self._stopping, True
        self._timer.ring()
        if again or not self._writing:
            self._cut()
        else:
            asyncio.get_running_loop().call_later(CUT_AFTER, self._cut)

    def _cut(self) -> None:
        if self._cycling is not None:
            self._cycling.cancel()

    @contextlib.asynccontextmanager
    async def _opened(self) -> AsyncIterator[_Opened]:
        path = self._config.state.path
        lock = DaemonLock(path)
        # a command that looks whether a daemon runs holds it for a moment
        await lock.acquire_within(LOOK_SECONDS, self._clock.sleep)
        try:
            with Store.open(path) as store:
                async with sides(self._config, store, once=False) as both:
                    yield _Opened(store, Engine(both), self._file())
        finally:
            lock.release()

    async def _serve(self, opened: _Opened) -> None:
        """Cycles on one store, until stopped or until another file stands in the database's place."""
        while not self._stopping:
            await self._rest(opened)
            if self._file() != opened.file:
                log.warning("database.replaced")
                return
            if not self._stopping:
                await self._one(opened)

    async def _rest(self, opened: _Opened) -> None:
        """Until a cycle is due, somebody asks for something, or the database is another one."""
        while not self._stopping and self._file() == opened.file:
            self._pulse.beat()
            if self._timer.is_due or self._asked(opened):
                return
            await self._timer.wait(TICK)

    def _asked(self, opened: _Opened) -> bool:
        """Whether a person's word waits that no cycle has taken up. It may break a back-off, but no Retry-After."""
        try:
            version = opened.store.data_version
            if version != opened.version:
                opened.asked = any(ask.id > opened.taken for ask in opened.store.undecided())
                opened.version = version
        except StoreError as error:
            log.debug("asks.unread", error=error)
            return False
        return opened.asked and self._timer.may_be_hurried

    def _file(self) -> tuple[int, int] | None:
        try:
            status = self._config.state.path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    async def _one(self, opened: _Opened) -> None:
        """One cycle, whatever comes of it; then the next is planned and the status told."""
        self._timer.begin()
        self._cycling = asyncio.create_task(self._cycle(opened))
        retry_after = 0.0
        try:
            report = await self._cycling
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            outcome, line = Outcome.DOWN, _told(error)
            log.warning("cycle.cut_off")
        except SyncdError as error:
            outcome, line = Outcome.DOWN, _told(error)
            log.error("cycle.failed", error=error)
        except Exception as error:
            # a mistake in syncd: told with its trace and tried again, rather than no sync at all until somebody looks
            outcome, line = Outcome.DOWN, _told(error)
            log.exception("cycle.failed")
        else:
            outcome, line, retry_after = _outcome(report), report.summary.line, report.retry_after
        finally:
            self._cycling = None
        if self._stopping:
            return
        next_at = self._timer.plan(outcome, retry_after)
        if outcome is not Outcome.WENT:
            log.warning("daemon.slowed", outcome=outcome.name.lower(), next_at=next_at)
        if outcome is Outcome.REFUSED:
            line = f"credentials are refused, so syncd tries rarely: {line}"
        self._notifier.status(f"{line}; next cycle at {next_at.astimezone():%H:%M:%S}")

    async def _cycle(self, opened: _Opened) -> Report:
        lock = CycleLock(self._config.state.path)
        await lock.acquire_within(LOCK_SECONDS, self._wait_for_lock)
        store = opened.store
        try:
            self._writing = True
            opened.asked = False
            opened.taken = max((ask.id for ask in store.undecided()), default=opened.taken)
            report = await opened.engine.cycle(self._asked_to_stop, lambda done, of: self._pulse.beat())
            prune(self._config, store, self._clock, report)
            return report
        except BaseException as error:
            # the cycle could not say itself how it ended
            with contextlib.suppress(StoreError):
                last = store.last_cycles(1)
                if last and last[0].ended_at is None:
                    summary = CycleSummary("failed", EXIT_TROUBLE, _told(error))
                    store.end_cycle(last[0].number, self._clock.now(), summary)
            raise
        finally:
            self._writing = False
            lock.release()

    async def _wait_for_lock(self, seconds: float) -> None:
        self._pulse.beat()
        await self._clock.sleep(seconds)

    def _asked_to_stop(self) -> bool:
        self._pulse.beat()
        return self._stopping

    async def _pause(self, seconds: float) -> None:
        for _ in range(int(seconds / TICK)):
            if not self._stopping:
                self._pulse.beat()
                await self._clock.sleep(TICK)


def _told(error: BaseException) -> str:
    """How a cycle ended that could not report: our own errors are quoted, of others only their kind is told."""
    if isinstance(error, SyncdError):
        return str(error)
    if isinstance(error, asyncio.CancelledError):
        return "cut off, for syncd was stopped"
    return f"unexpected {type(error).__name__}, see the log"


def _outcome(report: Report) -> Outcome:
    codes = report.codes
    # a login to calendars that is refused rests by itself (`Transport`), and the other calendars need not wait for it
    if codes.get(ZIMUN) == EXIT_CREDENTIALS:
        return Outcome.REFUSED
    # without the calendars nothing can be done: one that the config names may not be there any more
    if EXIT_DOWN in codes.values() or "calendars" in codes:
        return Outcome.DOWN
    return Outcome.WENT
