"""Runs commands of syncd in processes that were forked from one that had imported it already.

Three quarters of a command's CPU time are imports, and these tests run hundreds of commands. Each still is a process
of its own, with its own arguments, environment, folder, output and exit code. As a program: reads one JSON line per
command, [arguments, environment, output file, errors file], and answers each with its exit code.
"""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]


class Stable:
    """One process with everything imported, and its forks."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", __name__]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, arguments: Sequence[str], env: Mapping[str, str], folder: Path) -> tuple[int, str, str]:
        """Run it to its end: exit code, output, errors."""
        out, err = folder / "stdout", folder / "stderr"
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([list(arguments), dict(env), str(out), str(err)]) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return code, out.read_text(), err.read_text()


def serve() -> None:
    # what a cycle imports late, too: caldav, and the parts of syncd itself
    import caldav.async_davclient  # noqa: F401

    import syncd.app.cli
    import syncd.app.running  # noqa: F401

    gc.freeze()
    for line in sys.stdin:
        arguments, env, out, err = json.loads(line)
        pid = os.fork()
        if not pid:
            _child(arguments, env, out, err)
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _child(arguments: list[str], env: dict[str, str], out: str, err: str) -> None:
    """`python -m syncd`, in this process. Ends it."""
    from syncd.app.cli import main

    for path, number in ((os.devnull, 0), (out, 1), (err, 2)):
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY, 0o600)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["syncd", *arguments]
    try:
        code = main()
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    serve()
