"""The file: private, never overwritten when it is not right, of one account."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from syncd.domain.errors import StoreError
from syncd.state import database
from syncd.state.database import is_there
from syncd.state.lock import DaemonLock
from syncd.state.schema import APPLICATION_ID, VERSION
from syncd.state.store import Store
from tests.state.values import CALENDAR, NOW, link, seen


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def loose_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.usefixtures("loose_umask")
def test_a_new_store_and_its_companions_are_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.db"
    with Store.open(path) as store:
        store.begin_cycle(NOW)
        assert {each.name: mode(each) for each in path.parent.iterdir()} == {
            "state.db": 0o600,
            "state.db-wal": 0o600,
            "state.db-shm": 0o600,
        }
    assert mode(path.parent) == 0o700


@pytest.mark.usefixtures("loose_umask")
def test_a_store_that_others_could_read_is_made_private_with_what_a_crash_left(path: Path) -> None:
    with Store.open(path) as crashed:
        crashed.begin_cycle(NOW)
        for each in path.parent.iterdir():
            each.chmod(0o644)
        with Store.open(path):
            assert [mode(each) for each in path.parent.iterdir()] == [0o600] * 3
    path.chmod(0o644)
    with Store.open(path) as store:
        store.begin_cycle(NOW)
        assert [mode(each) for each in path.parent.iterdir()] == [0o600] * 3


def test_what_another_connection_removes_meanwhile_is_no_fault(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.open(path).close()
    companion = path.with_name("state.db-wal")
    companion.touch(0o600)
    companion.chmod(0o644)
    chmod = Path.chmod

    def too_late(self: Path, mode: int) -> None:
        self.unlink()
        chmod(self, mode)

    monkeypatch.setattr(Path, "chmod", too_late)
    with Store.open(path) as store:
        store.begin_cycle(NOW)
    assert not companion.exists()


def test_what_cannot_be_made_private_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.open(path).close()
    companion = path.with_name("state.db-wal")
    companion.touch(0o600)
    companion.chmod(0o644)

    def refuse(self: Path, mode: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(StoreError, match=r"state\.db-wal: cannot be made or made private .*: let this user change it"):
        Store.open(path)


def test_the_database_is_durable_and_strict(path: Path) -> None:
    with Store.open(path) as store:
        pragmas = ["journal_mode", "synchronous", "foreign_keys", "busy_timeout", "application_id", "user_version"]
        found = [store._db.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
        assert found == ["wal", 2, 1, 5000, APPLICATION_ID, VERSION]
        tables = [t for t in store._db.tables if not t.name.startswith(("_", "sqlite_"))]
        assert tables
        assert all(table.strict for table in tables)


def test_an_empty_file_is_a_new_store(path: Path) -> None:
    path.touch()
    with Store.open(path) as store:
        store.save_link(link())
    with Store.open(path) as store:
        assert store.links() == {"b1": link()}


def test_what_was_saved_is_there_after_closing(path: Path) -> None:
    with Store.open(path) as store:
        store.save_link(link())
        store.observe(CALENDAR, [seen()], [], "c1", NOW)
        cycle = store.begin_cycle(NOW)
    with Store.open(path) as store:
        assert store.links() == {"b1": link()}
        assert store.observations() == {seen().key: seen()}
        assert store.cursor(CALENDAR) == ("c1", NOW)
        assert store.begin_cycle(NOW) == cycle + 1


def test_a_newer_version_is_refused_and_not_touched(path: Path) -> None:
    Store.open(path).close()
    with sqlite3.connect(path) as conn:
        conn.execute(f"PRAGMA user_version = {VERSION + 1}")
    conn.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"made by a newer syncd .* upgrade syncd or move the file away"):
        Store.open(path)
    assert path.read_bytes() == before


def test_another_programs_database_is_refused_and_not_touched(path: Path) -> None:
    with sqlite3.connect(path) as conn:
        conn.execute("CREATE TABLE mail (id INTEGER)")
    conn.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program's database"):
        Store.open(path)
    assert path.read_bytes() == before


def filled(path: Path) -> bytes:
    with Store.open(path) as store:
        for number in range(50):
            store.save_link(link(f"b{number}"))
    return path.read_bytes()


def garbage(good: bytes) -> bytes:
    return b"this is no database, but somebody's letter\n" * 100


def cut(good: bytes) -> bytes:
    return good[: len(good) // 2]


def one_page_overwritten(good: bytes) -> bytes:
    return good[: 4096 * 3] + b"\xa5" * 4096 + good[4096 * 4 :]


def all_but_the_header_overwritten(good: bytes) -> bytes:
    return good[:100] + b"\x00" * (len(good) - 100)


@pytest.mark.parametrize("damage", [garbage, cut, one_page_overwritten, all_but_the_header_overwritten])
def test_a_damaged_store_is_refused_and_not_touched(path: Path, damage) -> None:
    path.write_bytes(damage(filled(path)))
    before = path.read_bytes()
    with pytest.raises(
        StoreError, match="restore a backup, or move it away: syncd rebuilds it from both sides"
    ) as caught:
        Store.open(path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="let this user write its folder"):
        Store.open(tmp_path / "file" / "state.db")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="let this user write its folder"):
        Store.open(tmp_path / "state.db")


def test_a_folder_in_the_place_of_the_file_says_so(path: Path) -> None:
    path.mkdir(mode=0o700)
    with pytest.raises(StoreError, match="is a folder: name a file in it"):
        Store.open(path)


def test_a_folder_in_the_place_of_a_companion_says_so_and_stays_as_it_is(path: Path) -> None:
    Store.open(path).close()
    companion = path.with_name("state.db-wal")
    companion.mkdir(mode=0o755)
    with pytest.raises(StoreError, match=r"state\.db-wal: is a folder"):
        Store.open(path)
    assert mode(companion) == 0o755


def test_a_full_disk_is_said_and_nothing_is_half_written(path: Path) -> None:
    with Store.open(path) as store:
        store.save_link(link())
        store._db.execute("PRAGMA max_page_count = 1")
        with pytest.raises(StoreError, match="disk full"):
            store.observe(CALENDAR, [seen(f"b{number}") for number in range(500)], [], "c1", NOW)
        assert store.cursor(CALENDAR) == (None, None)
        assert store.observations() == {}
        assert store.links() == {"b1": link()}


def test_a_copy_in_memory_has_all_and_leaves_no_trace(path: Path) -> None:
    with Store.open(path) as store:
        store.save_link(link())
        with store.copy_in_memory() as copy:
            assert copy.links() == {"b1": link()}
            cycle = copy.begin_cycle(NOW)
            copy.save_link(link("b2"))
            assert len(copy.last_cycles(1)) == cycle
        assert store.links() == {"b1": link()}
        assert store.last_cycles(1) == []


def test_a_store_in_memory_works_like_one_in_a_file() -> None:
    with Store.open(None) as store:
        store.save_link(link())
        with store.copy_in_memory() as copy:
            assert copy.links() == store.links() == {"b1": link()}


def test_a_store_belongs_to_one_account(path: Path) -> None:
    with Store.open(path) as store:
        store.bind("https://api.example.org", "salon")
    with Store.open(path) as store:
        store.bind("https://api.example.org/", "salon")
        for pair in [("https://api.example.org", "other"), ("https://api.example.net", "salon")]:
            with pytest.raises(StoreError, match=r"belongs to base_url https://api\.example\.org and client_id salon"):
                store.bind(*pair)
        store.bind("https://api.example.org", "salon")


def test_one_that_can_only_be_read_is_no_store_to_begin_with(path: Path) -> None:
    """SQLite begins a transaction there all the same."""
    account = ("https://api.example.org", "salon")
    with Store.open(path) as store:
        store.bind(*account)
    reading = Database(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None))
    with Store(reading, path) as store:
        assert store.last_cycles(1) == []
        with pytest.raises(StoreError, match="read-only: let this user write"):
            store.bind(*account)


FULL, READ_ONLY = OSError(errno.ENOSPC, "full"), OSError(errno.EROFS, "read-only")


@pytest.mark.parametrize(("fault", "passes"), [(FULL, True), (READ_ONLY, False)])
def test_whether_a_folder_may_be_written_later_is_said(
    path: Path, monkeypatch: pytest.MonkeyPatch, fault: OSError, *, passes: bool
) -> None:
    def refused(*_: object) -> int:
        raise fault

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(StoreError) as opened:
        Store.open(path)
    with pytest.raises(StoreError) as locked:
        DaemonLock(path).acquire()
    assert (opened.value.passes, locked.value.passes) == (passes, passes)


def test_a_full_disk_and_a_lock_may_pass_and_damage_does_not(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(path) as store:
        store._db.execute("PRAGMA max_page_count = 1")
        with pytest.raises(StoreError, match="disk full") as full:
            store.observe(CALENDAR, [seen(f"b{number}") for number in range(500)], [], "c1", NOW)
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.02)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another program") as locked:
        Store.open(path)
    other.close()
    path.write_bytes(b"no database" * 500)
    with pytest.raises(StoreError, match="damaged") as damaged:
        Store.open(path)
    assert (full.value.passes, locked.value.passes, damaged.value.passes) == (True, True, False)


@pytest.mark.parametrize("may", [True, False])
def test_what_cannot_be_opened_may_pass_unless_this_user_may_not(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, may: bool
) -> None:
    """SQLite calls both by one name; root may open everything, so that look is asked."""
    monkeypatch.setattr(os, "access", lambda *_: may)
    fault = sqlite3.OperationalError("unable to open database file")
    fault.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    with pytest.raises(StoreError, match="cannot be opened") as caught, database.Translated(path):
        raise fault
    assert caught.value.passes is may


def test_where_nobody_can_tell_whether_it_is_there_that_is_said(path: Path) -> None:
    assert not is_there(path)
    path.touch()
    assert is_there(path)
    with pytest.raises(StoreError, match=r"cannot be looked at \(Not a directory\)"):
        is_there(path / "state.db")
