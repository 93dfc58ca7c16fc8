"""Where the database lies: in memory, or in a file that is opened as the daemon opens it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from syncd.state.codec import EFFECT, LINK, OBSERVATION
from tests.simulation.process import SimStore

SHM = Path("/dev/shm")
_template: list[SimStore] = []


def new_store() -> SimStore:
    """A new store in memory; the tables are made once."""
    if not _template:
        made: Any = SimStore.open(None)
        _template.append(made)
    return _template[0].copy()


def _forget() -> None:
    for codec in (LINK, OBSERVATION, EFFECT):
        codec.forget()


class Memory:
    """The database is in memory: fast. What was not committed when the process died was rolled back on its way out."""

    def __init__(self) -> None:
        self.store = new_store()
        self._backups: list[SimStore] = []

    def killed(self) -> None:
        """The process dies at this very moment."""

    def restart(self) -> None:
        """A new process opens the database: it has only what can be read there."""
        _forget()
        self.store = SimStore(self.store._db, self.store._path)

    def backup(self) -> None:
        self._backups.append(self.store.copy())

    def restore(self, n: int) -> bool:
        """An older copy takes the database's place; False where there is none."""
        if not self._backups:
            return False
        self.store = self._backups[n % len(self._backups)].copy()
        return True

    def lose(self) -> None:
        self.store = new_store()

    @contextmanager
    def beside(self) -> Iterator[SimStore]:
        """The store through the eyes of a command that runs beside the daemon."""
        yield self.store

    def close(self) -> None:
        for store in (self.store, *self._backups):
            store.close()


class Disk:
    """The database is a file, opened as in production. Death leaves what is on the disk, the WAL with it.

    A process cannot be killed within this one: what stands on the disk at that moment is copied, without asking SQLite,
    and the next process opens the copy.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="syncd-simulation-", dir=SHM if SHM.is_dir() else None))
        self._numbers = count(1)
        self._backups: list[Path] = []
        self._left: Path | None = None
        self.store = self._opened(self._new())

    def killed(self) -> None:
        self._left = self._new()
        for end in ("", "-wal"):
            file = Path(f"{self.store._path}{end}")
            if file.exists():
                shutil.copyfile(file, f"{self._left}{end}")

    def restart(self) -> None:
        _forget()
        path = self._left or self.store._path
        self._left = None
        assert path is not None
        self._change(path)

    def backup(self) -> None:
        path = self._new()
        self.store._db.conn.execute("VACUUM INTO ?", (str(path),))
        self._backups.append(path)

    def restore(self, n: int) -> bool:
        if not self._backups:
            return False
        path = self._new()
        shutil.copyfile(self._backups[n % len(self._backups)], path)
        self._change(path)
        return True

    def lose(self) -> None:
        self._change(self._new())

    @contextmanager
    def beside(self) -> Iterator[SimStore]:
        assert self.store._path is not None
        with self._opened(self.store._path) as other:
            yield other

    def close(self) -> None:
        self.store.close()
        shutil.rmtree(self._folder)

    def _new(self) -> Path:
        return self._folder / f"state-{next(self._numbers)}.db"

    def _change(self, path: Path) -> None:
        self.store.close()
        self.store = self._opened(path)

    @staticmethod
    def _opened(path: Path) -> SimStore:
        made: Any = SimStore.open(path)
        return made
