"""A server's process: on a free port of loopback, with a log, ended with all its children."""

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_START_TIMEOUT = 30.0
_STOP_TIMEOUT = 5.0


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(
    command: Sequence[str],
    port: int,
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
) -> Iterator[None]:
    """The server, from when it takes connections until it is ended.

    `env` is added to ours. `user` is who it runs as, where that is not us. In a session of its own: PHP's workers
    outlive their master, and hold its port, unless the whole group is told to stop.
    """
    both = {**os.environ, **(env or {})}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=both,
            start_new_session=True, **as_user(user),
        )  # fmt: skip
    try:
        _wait(process, port, log)
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_TIMEOUT)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def folder_of(user: str) -> Iterator[tuple[Path, str | None]]:
    """A folder that is removed at the end, and whom to run as in it: that user if we are root, else nobody else.

    Cyrus and PostgreSQL refuse to run as root. Their folder is not in pytest's, for no other user can enter there; nor
    may the path of a socket be longer than 107 octets.
    """
    with tempfile.TemporaryDirectory(prefix="syncd-") as name:
        if os.geteuid() != 0:
            yield Path(name), None
            return
        entry = pwd.getpwnam(user)
        os.chown(name, entry.pw_uid, entry.pw_gid)
        yield Path(name), user


def as_user(user: str | None) -> dict[str, Any]:
    """The arguments for subprocess that make it run as that user."""
    return {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')}")
