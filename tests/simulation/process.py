"""The process that syncd runs in: it can be killed at any call and any transaction, and its store outlives it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlite_utils import Database

from syncd.state.database import transaction, translated
from syncd.state.store import Store


class Killed(BaseException):
    """The process ends here: nothing after it runs, and nobody catches it."""


class Process:
    """Counts the points at which it may die, and dies at one of them."""

    def __init__(self, reached: Counter[str]) -> None:
        self.alive = True
        self.points = 0
        self.dies_at = 0
        self.died_at = ""
        self.writes = 0
        self._reached = reached

    def point(self, name: str) -> None:
        """A moment between two effects. Raises Killed for the chosen one, and ever after."""
        if not self.alive:
            raise Killed
        self.points += 1
        if self.points == self.dies_at:
            self.alive = False
            self.died_at = name
            self._reached[f"kill: {name}"] += 1
            raise Killed


class SimStore(Store):
    """The real store, in which the process can die at each side of a transaction's end."""

    process: Process | None = None

    @contextmanager
    def _write(self) -> Iterator[Database]:
        process = self.process
        if process is None:
            with translated(self._path), transaction(self._db):
                yield self._db
            return
        with translated(self._path), transaction(self._db):
            yield self._db
            process.point("before commit")
        process.writes += 1
        process.point("after commit")

    def copy(self) -> "SimStore":
        """All that it holds at this moment."""
        made: Any = self.copy_in_memory()
        return SimStore(made._db, made._path)
