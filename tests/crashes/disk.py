"""Two ways in which a store cannot be written any more, and can again: a disk that is full, and a limit to its files.

The second needs no rights, and the kernel refuses the same writes; only SQLite calls it by another name.
"""

import contextlib
import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from tests.crashes.ground import Life

PAGE = 4096


class Scarce(Protocol):
    """Where the store is. `said`: what syncd is to tell when it cannot write there."""

    said: str
    folder: Path

    def fill(self, life: Life, spare: int) -> None:
        """No room any more, but for so many pages."""

    def free(self, life: Life) -> None:
        """As much room as before."""


class SmallDisk:
    """A file system of a few megabytes, which somebody else fills."""

    said = "disk full: make room on its disk"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill_up(self, spare: int) -> None:
        with self._ballast.open("wb", buffering=0) as file:
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(PAGE))
            file.truncate(max(0, file.tell() // PAGE - spare) * PAGE)

    def make_room(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def fill(self, life: Life, spare: int) -> None:
        # or there would be room in the write-ahead log: it is kept and written over
        with closing(sqlite3.connect(self.folder / "state.db", timeout=10)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.fill_up(spare)

    def free(self, life: Life) -> None:
        self.make_room()


class Limited:
    """An ordinary folder; no file of that process may be written beyond a place that its log will not come to."""

    said = "its disk cannot be read or written: look at the disk"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, life: Life, spare: int) -> None:
        room = 2 * life.log.stat().st_size + spare * PAGE
        _, hard = resource.prlimit(life.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(life.pid, resource.RLIMIT_FSIZE, (room, hard))

    def free(self, life: Life) -> None:
        _, hard = resource.prlimit(life.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(life.pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Skips the test where this user may not mount one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "syncd-test", str(folder)]
    try:
        subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        told = error.stderr.strip() if isinstance(error, subprocess.CalledProcessError) else str(error)
        pytest.skip(f"no small disk, for this user may not mount one: {told}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def limited(folder: Path) -> Iterator[Limited]:
    folder.mkdir()
    yield Limited(folder)
