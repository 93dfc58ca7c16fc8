"""Locks between processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from syncd.domain.errors import StoreBusy, StoreError
from syncd.state.lock import CycleLock, DaemonLock, FileLock, ProbeLock
from syncd.state.store import Store
from tests.state.values import NOW

HOLD = """
import sys
from pathlib import Path
from syncd.state.lock import CycleLock, DaemonLock
with CycleLock(Path(sys.argv[1])), DaemonLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.mark.parametrize("kind", [CycleLock, DaemonLock])
def test_one_at_a_time(state: Path, kind: type[FileLock]) -> None:
    first, second = kind(state), kind(state)
    first.acquire()
    with pytest.raises(StoreBusy, match="held by"):
        second.acquire()
    assert (first.held, second.held) == (True, False)
    first.release()
    with second:
        with pytest.raises(StoreBusy):
            first.acquire()
        with pytest.raises(StoreBusy):
            second.acquire()
    with first:
        assert first.held


def test_the_two_locks_do_not_stand_in_each_others_way(state: Path) -> None:
    with CycleLock(state), DaemonLock(state):
        pass


def test_the_files_are_private_and_stay(state: Path) -> None:
    with CycleLock(state), DaemonLock(state):
        pass
    found = {each.name: each.stat().st_mode & 0o777 for each in state.parent.iterdir()}
    assert found == {"state.db.cycle.lock": 0o600, "state.db.daemon.lock": 0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_makes_beside_a_service_belongs_to_the_service(state: Path) -> None:
    os.chown(state.parent, 4711, 4712)
    with DaemonLock(state), Store.open(state):
        pass
    assert {(each.stat().st_uid, each.stat().st_gid) for each in state.parent.iterdir()} == {(4711, 4712)}
    os.chown(state.parent, 0, 4712)
    with ProbeLock(state) as lock:
        assert (lock.path.stat().st_uid, lock.path.stat().st_mode & 0o777) == (4711, 0o600)


@pytest.mark.parametrize("there", [True, False])
def test_a_lock_is_never_a_link(state: Path, tmp_path: Path, there: bool) -> None:
    """By one in a service's folder its user would choose what root makes private."""
    other = tmp_path / "other"
    if there:
        other.touch(0o644)
        other.chmod(0o644)
    lock = ProbeLock(state)
    lock.path.symlink_to(other)
    with pytest.raises(StoreError, match=r"probe\.lock: .*: remove that link"):
        lock.acquire()
    assert other.exists() is there
    assert not there or other.stat().st_mode & 0o777 == 0o644


def test_one_that_others_could_read_is_made_private(state: Path) -> None:
    lock = ProbeLock(state)
    lock.path.touch()
    lock.path.chmod(0o664)
    with lock:
        assert lock.path.stat().st_mode & 0o777 == 0o600


def test_a_root_that_may_give_nothing_away_keeps_it(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(fd: int, uid: int, gid: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", forbidden)
    with CycleLock(state) as lock:
        assert lock.held


def test_a_lock_needs_a_folder_that_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError):
        CycleLock(tmp_path / "file" / "state.db").acquire()


@pytest.mark.parametrize("kind", [CycleLock, DaemonLock])
def test_whether_it_is_held_can_be_seen_without_a_trace(state: Path, kind: type[FileLock]) -> None:
    assert not kind.held_elsewhere(state)
    assert list(state.parent.iterdir()) == []
    with kind(state):
        assert kind.held_elsewhere(state)
    assert not kind.held_elsewhere(state)
    kind(state).acquire()


def test_a_killed_process_leaves_no_lock(state: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(state)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        assert DaemonLock.held_elsewhere(state)
        with pytest.raises(StoreBusy):
            CycleLock(state).acquire()
        # reading, and leaving an ask, need no lock
        with Store.open(state) as store:
            assert store.links() == {}
            store.ask(None, [], NOW)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert not DaemonLock.held_elsewhere(state)
        with CycleLock(state):
            pass


async def test_waiting_takes_the_lock_as_soon_as_it_is_free(state: Path) -> None:
    holder, lock = CycleLock(state), CycleLock(state)
    holder.acquire()
    naps: list[float] = []

    async def sleep(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            holder.release()

    await lock.acquire_within(10, sleep)
    assert lock.held
    assert len(naps) == 3


async def test_waiting_ends_at_the_deadline(state: Path) -> None:
    naps: list[float] = []

    async def sleep(seconds: float) -> None:
        naps.append(seconds)

    with CycleLock(state):
        with pytest.raises(StoreBusy):
            await CycleLock(state).acquire_within(1, sleep)
        assert sum(naps) == pytest.approx(1, abs=0.11)


async def test_a_free_lock_is_taken_without_waiting(state: Path) -> None:
    async def sleep(seconds: float) -> None:
        raise AssertionError("waited")

    await CycleLock(state).acquire_within(0, sleep)
