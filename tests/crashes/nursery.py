"""Starts commands of syncd in processes that were forked from one that had imported it already, and ends none of them.

A start costs half a second of imports otherwise, in which nothing can go wrong. As a program: reads an order a line,
["start", arguments, environment, output file, errors file] or ["ended", pid], and answers each with a line of JSON.
"""

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests.acceptance.stable import ROOT, _child


class Nursery:
    """One process with everything imported, and its forks. `before`: what it is to be started by, as `unshare` is."""

    def __init__(self, *before: str) -> None:
        self._before = before
        self._alive: set[int] = set()

    def __enter__(self) -> Self:
        command = [*self._before, sys.executable, "-m", __name__]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self._process.pid
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self._alive:
            # not waited for yet, so the number is nobody else's
            os.kill(pid, signal.SIGKILL)
        self._process.communicate()

    def start(self, arguments: Sequence[str], env: Mapping[str, str], out: Path, err: Path) -> int:
        """Begin a command; its pid, which stays its own until `ended` has told its end."""
        pid = int(self._ask("start", list(arguments), dict(env), str(out), str(err)))
        self._alive.add(pid)
        return pid

    def ended(self, pid: int) -> int | None:
        """The exit code, less than 0 for a signal; None while it runs."""
        code = self._ask("ended", pid)
        if code is not None:
            self._alive.discard(pid)
        return None if code is None else int(code)

    def _ask(self, *order: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def serve() -> None:
    # what a cycle imports late, too: caldav, and the parts of syncd itself
    import caldav.async_davclient  # noqa: F401

    import syncd.app.cli
    import syncd.app.daemon
    import syncd.app.running  # noqa: F401

    gc.freeze()
    for line in sys.stdin:
        order, *arguments = json.loads(line)
        answer = _started(*arguments) if order == "start" else _ended(*arguments)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _started(arguments: list[str], env: dict[str, str], out: str, err: str) -> int:
    pid = os.fork()
    if not pid:
        _child(arguments, env, out, err)
    return pid


def _ended(pid: int) -> int | None:
    with contextlib.suppress(InterruptedError):
        found, status = os.waitpid(pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if found else None
    return None


if __name__ == "__main__":
    serve()
