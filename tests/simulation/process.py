"""The process that syncd runs in: it can be killed at any call and any transaction, and its store outlives it."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from syncd.domain.actions import Action
from syncd.state.journal import Intent
from syncd.state.store import Store


class Killed(BaseException):
    """The process ends here: nothing after it runs, and nobody catches it."""


class Process:
    """Passes the points at which it may die, and dies at one of them: by its number in this cycle, or by its name.

    `doomed` are the names; the one at which it dies is taken out.
    """

    def __init__(self, reached: Counter[str], doomed: list[str], dying: Callable[[], None] = lambda: None) -> None:
        self.alive = True
        self._doomed = doomed
        self.died_at = ""
        self._dying = dying
        self._passed = 0
        self._kill = 0
        self._reached = reached

    def cycle_begins(self, kill: int) -> None:
        self._passed = 0
        self._kill = kill

    def journals(self, actions: Sequence[Action]) -> None:
        """What was decided is written down."""
        for action in actions:
            self._reached[f"why: {action.kind}, {action.why}"] += 1

    def point(self, name: str) -> None:
        """A moment between two effects. Raises Killed for the chosen one, and ever after."""
        if not self.alive:
            raise Killed
        self._passed += 1
        if self._passed == self._kill or name in self._doomed:
            if name in self._doomed:
                self._doomed.remove(name)
            self.alive = False
            self.died_at = name
            self._reached[f"kill: {name}"] += 1
            self._dying()
            raise Killed


class _Watched:
    """A transaction at whose end the process may die, just before it counts or just after."""

    __slots__ = ("_name", "_process", "_writing")

    def __init__(self, writing: Any, process: Process | None, name: str) -> None:
        self._writing, self._process, self._name = writing, process, name

    def __enter__(self) -> Database:
        db: Database = self._writing.__enter__()
        return db

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if error is None and self._process is not None:
            try:
                self._process.point(f"before the commit of {self._name}")
            except Killed as killed:
                self._writing.__exit__(Killed, killed, None)
                raise
        self._writing.__exit__(kind, error, trace)
        if error is None and self._process is not None:
            self._process.point(f"after the commit of {self._name}")


class SimStore(Store):
    """The real store, in which the process can die at each side of a transaction's end."""

    process: Process | None = None

    def _write(self) -> Any:
        # the frame is that of the store's method: its name is the transaction's
        return _Watched(self._writing, self.process, sys._getframe(1).f_code.co_name)

    def journal(self, actions: Sequence[Action], cycle: int, now: datetime) -> list[Intent]:
        if self.process is not None:
            self.process.journals(actions)
        return super().journal(actions, cycle, now)

    def copy(self) -> "SimStore":
        """All that it holds at this moment, in memory."""
        made: Any = self.copy_in_memory()
        return SimStore(made._db, made._path)
