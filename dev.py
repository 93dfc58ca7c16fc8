#!/usr/bin/env python3
"""Runs syncd from a checkout, in a virtual environment of its own (.venv), made here when it is missing or stale.

python3 dev.py demo [ARGUMENT...]   the whole thing on this machine, no accounts needed
python3 dev.py test [ARGUMENT...]   the tests, on all cores; or as the arguments to pytest say
python3 dev.py check                formatting, lint, types, architecture, tests
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMP = VENV / "syncd.stamp"
# most tests wait for a server or a process; a few take a minute, so who is done takes some of the others
ON_ALL_CORES = ["-n", "auto", "--dist", "worksteal"]
ROOM = 2 * 1024**3
"""What the tests want for their temporary files, in bytes; all together leave a quarter of it."""
CHECKS = ["ruff check .", "ruff format --check .", "mypy", "lint-imports", " ".join(["pytest", *ON_ALL_CORES])]


def main(command: "str", arguments: "list[str]") -> int:
    if command not in ("demo", "test", "check") or (command == "check" and arguments):
        print(__doc__, end="")
        return 0 if command in ("-h", "--help", "help") else 2
    if sys.version_info < (3, 11):  # noqa: UP036 - in plain words, before something breaks in its own
        print("syncd needs Python 3.11 or later; this is", sys.version.split()[0])
        return 1
    if not prepare("demo" if command == "demo" else "dev"):
        return 1
    os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    if command == "demo":
        # in place of this process: what is pressed on the keyboard reaches syncd alone
        os.execv(BIN / "syncd", ["syncd", "demo", *arguments])  # noqa: S606
    os.chdir(ROOT)
    keep_in_memory()
    if command == "test":
        os.execv(BIN / "python", ["python", "-m", "pytest", *(arguments or ON_ALL_CORES)])  # noqa: S606
    failed = [check for check in CHECKS if not run(BIN / check.split()[0], *check.split()[1:])]
    print("failed: " + ", ".join(failed) if failed else "all well")
    return 1 if failed else 0


def keep_in_memory() -> None:
    """The tests' temporary files go to memory where there is room: servers and stores sync each write to the disk.

    TMPDIR in the environment has the say.
    """
    shm = Path("/dev/shm")  # noqa: S108 - tempfile and pytest make folders of their own in it
    if "TMPDIR" in os.environ or not os.access(shm, os.W_OK) or shutil.disk_usage(shm).free < ROOM:
        return
    # nothing in a container's may be run, and tests run what they build
    if not os.statvfs(shm).f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(shm)


def run(program: "Path", *arguments: "str") -> bool:
    print("::", program.name, *arguments, flush=True)
    return subprocess.run([program, *arguments], check=False).returncode == 0


def prepare(extra: "str") -> bool:
    """Make .venv fit. Its stamp is written last, so what was interrupted has none and is made anew."""
    python = f"{sys.executable} {sys.version} {VENV}".replace("\n", " ")
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = STAMP.read_text().splitlines() if STAMP.is_file() else []
    # a full disk leaves an empty one
    made_by, made_of, *extras = stamp if len(stamp) > 1 else ("", "")
    if (made_by, made_of) == (python, wanted) and extra in extras:
        return True
    if not importlib.util.find_spec("venv") or not importlib.util.find_spec("ensurepip"):
        print("Python's venv is missing here. Install it, then try again:\n  apt install python3-venv")
        return False
    print("making .venv: this takes a minute or two, and only the first time", flush=True)
    STAMP.unlink(missing_ok=True)
    if made_by != python:
        extras = []
        if not run(Path(sys.executable), "-m", "venv", "--clear", str(VENV)):
            return False
    extras = sorted({extra, *extras})
    pip = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-e", f"{ROOT}[{','.join(extras)}]"]
    if not run(BIN / "python", *pip):
        print("That failed, as said above. Run the same command again when it is mended.")
        return False
    STAMP.write_text("\n".join([python, wanted, *extras]))
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "", sys.argv[2:]))
