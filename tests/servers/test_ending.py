"""The servers end with the tests that use them, however those end."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import davical
from tests.servers.kinds import skipped

WAITING = Path(__file__).with_name("waiting.py")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where other users may enter; pytest's own are closed to them, and their names too long for a socket's path."""
    with tempfile.TemporaryDirectory(prefix="syncd-") as name:
        Path(name).chmod(0o755)
        yield Path(name)
        # what a test that failed has left
        for pid in alive(Path(name)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def alive(folder: Path) -> dict[int, str]:
    """The processes whose command or environment names that folder: all that the tests in it started."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes()
            if os.fsencode(folder) in command + (process / "environ").read_bytes():
                found[int(process.name)] = command.decode(errors="replace")
    return found


def left(folder: Path) -> list[object]:
    """The processes and folders that stay. What was killed may take a moment to be gone."""
    patience = time.monotonic() + 10
    while alive(folder) and time.monotonic() < patience:
        time.sleep(0.05)
    return [*alive(folder).values(), *folder.glob("syncd-*")]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_cancelled_job_leaves_no_server_and_no_folder(folder: Path, workers: int) -> None:
    env = {**os.environ, "TMPDIR": str(folder), "SYNCD_STARTED": str(folder)}
    wanted = ("one", "another") if workers else ("one",)
    which = [f"{WAITING}::test_{name}" for name in wanted] if workers else [str(WAITING)]
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", str(workers), *which]
        tests = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        patience = time.monotonic() + 120
        while not all((folder / name).exists() for name in wanted):
            assert tests.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < patience, (folder / "log").read_text()
            time.sleep(0.05)
        assert len(alive(folder)) > len(wanted)
        tests.send_signal(signal.SIGTERM)
        assert tests.wait(60) == pytest.ExitCode.INTERRUPTED, (folder / "log").read_text()
    finally:
        tests.kill()
        tests.wait()
    assert left(folder) == []


@pytest.mark.skipif(not davical.is_installed(), reason=skipped("davical"))
def test_a_database_whose_start_is_taken_for_failed_is_ended(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a minute in which it was not ready."""
    programs, starts = folder / "bin", folder / "bin" / "pg_ctl"
    programs.mkdir()
    (programs / "initdb").symlink_to(davical._POSTGRES / "initdb")
    starts.write_text(f'#!/bin/sh\n{davical._POSTGRES}/pg_ctl "$@"\n[ "$1" != start ]\n')
    starts.chmod(0o755)
    monkeypatch.setattr(davical, "_POSTGRES", programs)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with pytest.raises(RuntimeError, match="pg_ctl failed"), davical.davical(tmp_path):
        pass
    assert left(folder) == []
