"""Several processes on one store, each with a connection of its own."""

import threading
from pathlib import Path

import pytest

from syncd.domain.errors import StoreError
from syncd.state import database
from syncd.state.store import Store
from tests.state.values import NOW, remember


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def test_a_lock_held_for_too_long_is_said(path: Path) -> None:
    with Store.open(path) as store, Store.open(path) as other:
        store._db.execute("PRAGMA busy_timeout = 20")
        with other._write(), pytest.raises(StoreError, match="locked by another program"):
            store.set_fact("a", "b")
        store.set_fact("a", "c")
        assert other.fact("a") == "c"


def test_many_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def go(path: Path, start: threading.Barrier) -> None:
        try:
            start.wait()
            with Store.open(path) as store:
                store.begin_cycle(NOW)
        except BaseException as exc:
            errors.append(exc)

    for number in range(20):
        start = threading.Barrier(4)
        path = tmp_path / f"{number}.db"
        threads = [threading.Thread(target=go, args=(path, start)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with Store.open(path) as store:
            assert len(store.last_cycles(9)) == 4
    assert errors == []


def test_only_one_at_a_time_makes_a_store(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both_inside = threading.Barrier(2)
    met: list[bool] = []
    make = database._make

    def watched(path: Path) -> None:
        try:
            both_inside.wait(timeout=0.3)
            met.append(True)
        except threading.BrokenBarrierError:
            met.append(False)
        make(path)

    monkeypatch.setattr(database, "_make", watched)
    start = threading.Barrier(2)

    def go() -> None:
        path.touch(0o600)
        start.wait()
        Store.open(path).close()

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met
    assert not any(met)


def test_two_writers_wait_for_each_other_also_where_they_read_first(path: Path) -> None:
    Store.open(path).close()
    errors: list[BaseException] = []

    def go(name: str) -> None:
        try:
            with Store.open(path) as store:
                for _ in range(40):
                    store.bind("https://api.example.org", "salon")
                    store.journal([remember(name)], store.begin_cycle(NOW), NOW)
        except BaseException as exc:
            errors.append(exc)

    threads = [threading.Thread(target=go, args=(name,)) for name in ("b1", "b2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with Store.open(path) as store:
        assert len(store.history(None, 999)) == 80


def test_a_reader_sees_the_old_state_until_the_writer_is_done(path: Path) -> None:
    with Store.open(path) as writer, Store.open(path) as reader:
        version = reader.data_version
        with writer._write() as db:
            db.execute("INSERT INTO facts (name, value) VALUES ('a', 'b')")
            assert reader.fact("a") is None
            assert reader.data_version == version
        assert reader.fact("a") == "b"
        assert reader.data_version != version


def test_own_writes_leave_the_data_version(path: Path) -> None:
    with Store.open(path) as store:
        before = store.data_version
        store.set_fact("a", "b")
        assert store.data_version == before
