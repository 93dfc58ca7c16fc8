"""When the next cycle is due. APScheduler rings the bell; the pace says how far apart."""

import asyncio
import contextlib
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from syncd.app.pace import Outcome, Pace
from syncd.ports import Clock

JITTER = 0.1
SPREAD = 2.0
LATE = 5.0


class _Every(IntervalTrigger):  # type: ignore[misc]  # the library has no types
    """Each interval after the run before; after one that comes later than that, from now on.

    The library walks through all runs that were missed, before it makes one of them: where a clock that began in 1970
    is set right, that is minutes, in which the loop stands still.
    """

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        late = previous is not None and now - previous >= self.interval
        next_at: datetime = super().get_next_fire_time(now if late else previous, now)
        return next_at


class Timer:
    """A bell that rings when a cycle is due. However often it rings while a cycle runs, one cycle follows.

    The first is due at once, but for a random part of two seconds; then every `interval` seconds, or as the pace says.
    """

    def __init__(self, interval: float, clock: Clock) -> None:
        self._clock = clock
        self._pace = Pace(interval)
        self._bell = asyncio.Event()
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        # no grace: a run that comes late is one cycle all the same, while the library's default drops it after a second
        self._job: Any = self._scheduler.add_job(
            self._wake, self._trigger(interval), misfire_grace_time=None, coalesce=True, max_instances=1
        )
        self._due = 0.0
        self._not_before = 0.0

    def start(self) -> None:
        """Begin to count, in the running loop."""
        # several daemons that a machine starts together do not call in the same second
        self._due = self.elapsed() + random.random() * min(SPREAD, self._pace.interval / 10)  # noqa: S311
        self._scheduler.start()

    def shutdown(self) -> None:
        self._scheduler.shutdown(wait=False)

    def ring(self) -> None:
        self._bell.set()

    @property
    def is_due(self) -> bool:
        return self._bell.is_set() or self.elapsed() >= self._due

    @property
    def may_be_hurried(self) -> bool:
        """Whether a person's word may bring the next cycle forward: any time, but when a side asked to wait."""
        return self.elapsed() >= self._not_before

    async def wait(self, seconds: float) -> None:
        """Until the bell rings, or for so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, min(seconds, self._due - self.elapsed()))):
                await self._bell.wait()

    def begin(self) -> None:
        """A cycle begins: who rings from now on means the next one."""
        self._bell.clear()

    def plan(self, outcome: Outcome, retry_after: float) -> datetime:
        """A cycle ended: when the next is due. `retry_after`: for how many seconds a side wants to be left alone."""
        was_slowed, self._pace = self._pace.slowed, self._pace.after(outcome)
        now = self.elapsed()
        self._not_before = now + retry_after
        delay = self._pace.delay(retry_after, random.random())  # noqa: S311
        if self._pace.slowed:
            # who rang while that cycle ran waits with all others
            self._bell.clear()
        if self._pace.slowed or was_slowed or delay > self._pace.interval or now >= self._due or self._is_far:
            self._job.reschedule(self._trigger(delay))
        next_at: datetime = self._job.next_run_time
        # the scheduler goes by the wall clock: where that is set back, nobody waits longer than this
        self._due = now + max(0.0, (next_at - self._clock.now()).total_seconds()) + LATE
        return next_at

    @property
    def _is_far(self) -> bool:
        """Whether the scheduler waits longer than it may: the wall clock was set back after the bell had rung."""
        away = self._job.next_run_time - self._clock.now()
        return bool(away > timedelta(seconds=self._pace.interval * (1 + JITTER)))

    def elapsed(self) -> float:
        """Seconds that count through suspends."""
        return self._clock.elapsed()[1]

    async def _wake(self) -> None:
        # a coroutine: the scheduler would run a plain function in another thread
        self._bell.set()

    def _trigger(self, delay: float) -> _Every:
        interval = self._pace.interval
        begin = self._clock.now() + timedelta(seconds=delay)
        # the library's jitter only ever makes it later
        return _Every(seconds=interval, start_date=begin, timezone=UTC, jitter=interval * JITTER)
