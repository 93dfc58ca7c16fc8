"""Locks between processes, beside the database: one cycle at a time, one daemon at a time.

They are flock(2) locks, so the kernel drops them when their process dies, however it dies. Reading the store needs none
(WAL: readers and the writer do not wait for each other); neither does leaving an ask, which is one short transaction.
"""

import fcntl
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from syncd.domain.errors import StoreBusy
from syncd.state.database import file_fault, open_private

POLL_SECONDS = 0.1


class FileLock:
    """An exclusive lock named after the store's file. The lock file is never deleted: two processes could hold two."""

    suffix: ClassVar[str]
    holder: ClassVar[str]

    def __init__(self, state: Path) -> None:
        # by its real name: who reaches the same file by a link must find the same lock, as SQLite does with -wal
        real = Path(os.path.realpath(state))
        self._state = real
        self.path = real.with_name(real.name + self.suffix)
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds it."""
        return self._fd is not None

    @classmethod
    def held_elsewhere(cls, state: Path) -> bool:
        """Whether somebody holds it. Makes no file. Raises StoreError where that cannot be found out."""
        path = cls(state).path
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError as exc:
            raise file_fault(f"{path}: cannot be opened", exc, "let this user read it") from exc
        try:
            # shared: two that look do not see each other
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False

    def acquire(self) -> None:
        """Take the lock, at once or not at all.

        Raises StoreBusy where it is held, and StoreError where the file cannot be made or is a link.
        """
        if self._fd is not None:
            raise StoreBusy(f"{self.path}: held by {self.holder}")
        fd = open_private(self.path, self._state)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            os.close(fd)
            raise StoreBusy(f"{self.path}: held by {self.holder}") from exc
        except OSError as exc:
            os.close(fd)
            raise file_fault(f"{self.path}: cannot be locked", exc, "use a local file system") from exc
        self._fd = fd

    async def acquire_within(self, seconds: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Take the lock as soon as it is free, looking every tenth of a second for that long; then raises StoreBusy."""
        waited = 0.0
        while True:
            try:
                return self.acquire()
            except StoreBusy:
                if waited >= seconds:
                    raise
            await sleep(POLL_SECONDS)
            waited += POLL_SECONDS

    def release(self) -> None:
        """Give the lock back; quiet where it is not held."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class CycleLock(FileLock):
    """Held for one cycle, by the daemon or by a command that runs the cycle itself.

    They take it with `acquire_within`: a look holds it for a moment.
    """

    suffix = ".cycle.lock"
    holder = "another syncd, in its cycle"


class DaemonLock(FileLock):
    """Held by the daemon as long as it runs. It takes it with `acquire_within`: a look holds it for a moment."""

    suffix = ".daemon.lock"
    holder = "a running daemon"


class ProbeLock(FileLock):
    """Held while scratch events are written: those that stand while nobody holds it are left over."""

    suffix = ".probe.lock"
    holder = "another syncd check --probe"
