"""When a cycle is due, whatever the wall clock does meanwhile."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from syncd.app.clock import SystemClock
from syncd.app.timer import Timer


@pytest.mark.parametrize(("interval", "days"), [(1.0, 1), (3600.0, 57 * 365)])
async def test_a_clock_that_is_set_forward_is_one_run_and_not_each_that_was_missed(interval: float, days: int) -> None:
    timer = Timer(interval, SystemClock())
    timer.start()
    try:
        then = datetime.now(UTC) + timedelta(days=days)
        began = time.perf_counter()
        missed = timer._job._get_run_times(then)
        assert time.perf_counter() - began < 0.5
        assert len(missed) == 1
        following = timer._job.trigger.get_next_fire_time(missed[0], then)
        assert timedelta(seconds=interval) <= following - then <= timedelta(seconds=1.11 * interval)
    finally:
        timer.shutdown()


async def test_a_run_that_comes_a_little_late_does_not_shift_the_next() -> None:
    timer = Timer(60.0, SystemClock())
    timer.start()
    try:
        due = timer._job.next_run_time
        following = timer._job.trigger.get_next_fire_time(due, due + timedelta(seconds=20))
        assert timedelta(seconds=60) <= following - due <= timedelta(seconds=66)
        await asyncio.sleep(0)
    finally:
        timer.shutdown()
