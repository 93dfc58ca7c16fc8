"""The real clock."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class SystemClock:
    """Fulfils the Clock port. `elapsed` counts through suspends (CLOCK_BOOTTIME): a sleeping laptop is no jump."""

    def __init__(self) -> None:
        try:
            self._boot = _BOOT_ID.read_text("ascii").strip()
        except OSError:
            self._boot = ""  # no Linux: then only a step back can be told between two processes

    def now(self) -> datetime:
        return datetime.now(UTC)

    def elapsed(self) -> tuple[str, float]:
        return self._boot, time.clock_gettime(time.CLOCK_BOOTTIME) if self._boot else time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
