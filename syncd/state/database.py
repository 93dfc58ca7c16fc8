"""The SQLite file: opened safely or not at all; SQLite's errors turned into StoreErrors that say what to do."""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from sqlite_utils import Database

from syncd.domain.errors import StoreError
from syncd.state import schema

BUSY_SECONDS = 5.0
"""How long a write waits for another connection's transaction; each of ours takes milliseconds."""

OLDEST_SQLITE = (3, 37)
"""The first one with STRICT tables."""

_DAMAGED = "it is damaged or no database ({}): restore a backup, or move it away: syncd rebuilds it from both sides"
_ADVICE = {
    sqlite3.SQLITE_FULL: "disk full: make room on its disk",
    sqlite3.SQLITE_BUSY: "locked by another program for too long: close what has it open",
    sqlite3.SQLITE_LOCKED: "locked by another program for too long: close what has it open",
    sqlite3.SQLITE_READONLY: "read-only: let this user write the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: let this user read and write the file and its folder",
    sqlite3.SQLITE_PERM: "cannot be opened: let this user read and write the file and its folder",
    sqlite3.SQLITE_IOERR: "its disk cannot be read or written: look at the disk",
}
_PASSING = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
    }
)
_PASSING_OF_FILES = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.EAGAIN,
        errno.ESTALE,
        errno.ETIMEDOUT,
    }
)


def open_file(path: Path) -> Database:
    """The database at `path`, made if there is none, brought to this version; mode 0600, with -wal and -shm beside it.

    Raises StoreError, with the file's content as it was, where it is damaged, another program's, of a newer version, or
    not writable.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old for syncd: 3.37 or newer is needed")
    make_private(path)
    for left_behind in (path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        try:
            _close_to_others(left_behind)
        except FileNotFoundError:
            pass  # none, or gone just now: another connection removes them where it is the last to close
        except OSError as exc:
            raise _not_private(left_behind, exc, "let this user change it") from exc
    with Translated(path):
        if _ready(path):
            return _connect(path)
        with _alone_in(path.parent):
            _make(path)
            return _connect(path)


def open_memory() -> Database:
    """A new database in memory, of this version."""
    db = _wrap(sqlite3.connect(":memory:", isolation_level=None))
    with Transaction(db):
        schema.migrate(db)
    return db


def copy_to_memory(db: Database) -> Database:
    """A copy of the whole database, in memory: what is done to it leaves no trace."""
    conn = sqlite3.connect(":memory:", isolation_level=None)
    db.conn.backup(conn)
    return _wrap(conn)


class Transaction:
    """All of the block or nothing of it, on the disk when it ends."""

    __slots__ = ("_db",)

    def __init__(self, db: Database) -> None:
        self._db = db

    def __enter__(self) -> Database:
        # A deferred BEGIN that reads first fails at once, whatever the time-out, if somebody else wrote in between.
        self._db.conn.execute("BEGIN IMMEDIATE")
        return self._db

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._db.conn.rollback()
            return
        try:
            self._db.conn.commit()
        except BaseException:
            self._db.conn.rollback()
            raise


class Translated:
    """A block in which SQLite's errors are StoreErrors, each with the file's name and what to do.

    A broken constraint, or the use of a closed store, is a mistake in the program, not in the file: it passes.
    """

    __slots__ = ("_path",)

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def __enter__(self) -> object:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            return
        name = "in memory" if self._path is None else str(self._path)
        if isinstance(error, StoreError):
            raise StoreError(f"{name}: {error}", passes=error.passes) from error.__cause__
        if isinstance(error, sqlite3.DatabaseError):
            code = getattr(error, "sqlite_errorcode", None)
            # the low byte is the class of the error, what is above it the finer kind
            kind = None if code is None else code & 0xFF
            # it says the same of a disk that fails, of too many open files, and of what this user may never open
            closed = kind == sqlite3.SQLITE_CANTOPEN and not self._may_be_opened
            advice = None if kind is None else _ADVICE.get(kind)
            raise StoreError(
                f"{name}: {advice or _DAMAGED.format(error)}", passes=kind in _PASSING and not closed
            ) from error

    @property
    def _may_be_opened(self) -> bool:
        return self._path is None or (
            os.access(self._path, os.R_OK | os.W_OK) and os.access(self._path.parent, os.W_OK | os.X_OK)
        )


class Reading(Translated):
    """A block that reads: one object serves all reads of a store, of which a cycle makes dozens."""

    __slots__ = ("_db",)

    def __init__(self, db: Database, path: Path | None) -> None:
        super().__init__(path)
        self._db = db

    def __enter__(self) -> Database:
        return self._db


class Writing(Translated):
    """A transaction, and SQLite's errors in it as StoreErrors: one object serves all writes of a store, in turn."""

    __slots__ = ("_transaction",)

    def __init__(self, db: Database, path: Path | None) -> None:
        super().__init__(path)
        self._transaction = Transaction(db)

    def __enter__(self) -> Database:
        try:
            return self._transaction.__enter__()
        except sqlite3.Error as error:
            super().__exit__(type(error), error, None)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._transaction.__exit__(kind, error, trace)
        except sqlite3.Error as fault:
            super().__exit__(type(fault), fault, trace)
            raise
        super().__exit__(kind, error, trace)


def file_fault(what: str, error: OSError, advice: str) -> StoreError:
    """A call on files that failed, as a StoreError: it passes where nobody has to do more than to make room."""
    return StoreError(f"{what} ({error.strerror}): {advice}", passes=error.errno in _PASSING_OF_FILES)


def is_there(path: Path) -> bool:
    """Whether there is a database at `path`: opening it would make one. Raises StoreError where nobody can tell."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except OSError as exc:
        advice = "let this user read its folder, or run as the user of syncd"
        raise file_fault(f"{path}: cannot be looked at", exc, advice) from exc
    return True


def make_private(path: Path) -> None:
    """The file at `path`, made empty if there is none, readable by its owner alone; its folder made if there is none.

    What root makes belongs to the owner of its folder: a service's user could not open it otherwise. Raises StoreError
    where the folder or the file cannot be made or changed.
    """
    try:
        try:
            # SQLite would take the umask's mode, and gives -wal and -shm the mode that this file has. An existing file
            # is not opened here: closing it again would drop the locks of every connection that this process has on it.
            os.close(_made(path, path.parent))
        except FileExistsError:
            _close_to_others(path)
    except OSError as exc:
        raise _not_private(path, exc, "let this user write its folder") from exc


def _close_to_others(path: Path) -> None:
    if path.is_dir():
        raise StoreError(f"{path}: is a folder: name a file in it")
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)


def open_private(path: Path, beside: Path) -> int:
    """A descriptor of the file at `path`, which is made and made private as `make_private` does; a link is none.

    What root makes belongs to the owner of the file `beside` it, or else of its folder. Raises StoreError as well where
    it cannot be opened.
    """
    try:
        try:
            return _made(path, beside if beside.exists() else path.parent)
        except FileExistsError:
            # the folder is a service's, and who works in it may be root: a link would say what root makes private
            fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if os.fstat(fd).st_mode & 0o077:
                os.fchmod(fd, 0o600)
        except OSError:
            os.close(fd)
            raise
        return fd
    except OSError as exc:
        advice = "remove that link" if exc.errno == errno.ELOOP else "let this user write it and its folder"
        raise _not_private(path, exc, advice) from exc


def _made(path: Path, like: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        if os.geteuid() == 0:
            _give_away(made, like)
    except OSError:
        os.close(made)
        raise
    return made


def _not_private(path: Path, error: OSError, advice: str) -> StoreError:
    advice = "look at its disk" if error.errno in _PASSING_OF_FILES else advice
    return file_fault(f"{path}: cannot be made or made private", error, advice)


def _give_away(made: int, like: Path) -> None:
    owner = like.stat()
    # not by its name, which may be another's file by now. A root that may not do this (a container's) keeps it
    with suppress(OSError):
        os.fchown(made, owner.st_uid, owner.st_gid)


def as_text(at: datetime) -> str:
    """An aware time as it stands in a column: in UTC, and all of one length, so that they sort."""
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat(timespec="microseconds")


def _ready(path: Path) -> bool:
    """Whether the file is of this version, in WAL mode, and whole. Raises StoreError where it must not be written.

    Looks through a connection that cannot write.
    """
    db = _wrap(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS))
    try:
        found = schema.version_of(db)
        if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise StoreError(_DAMAGED.format("quick_check"))
        return found == schema.VERSION and db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    finally:
        db.close()


def _make(path: Path) -> None:
    db = _wrap(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None))
    try:
        db.execute("PRAGMA journal_mode = WAL")
        with Transaction(db):
            schema.migrate(db)
    finally:
        db.close()


def _connect(path: Path) -> Database:
    # isolation_level None: transactions begin where we say so, never by themselves
    db = _wrap(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None))
    # a promise made to a person survives the power cut right after it
    db.execute("PRAGMA synchronous = FULL")
    return db


def _wrap(conn: sqlite3.Connection) -> Database:
    conn.execute("PRAGMA foreign_keys = ON")
    # plugins are the sqlite-utils command's: whatever else is installed shall not change our connection
    return Database(conn, execute_plugins=False)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One process at a time makes or migrates a database there.

    SQLite answers a second one that turns the same file to WAL with "locked", at once and whatever the time-out.
    """
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as exc:
        raise file_fault("its folder cannot be read", exc, "let this user read it") from exc
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
