"""What must hold of every text given as config: a Config, or ConfigError with keys and without values."""

import atexit
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from unittest import mock

from syncd.app import config, secrets
from syncd.domain.errors import ConfigError
from tests.fuzz.secret import SECRET


@lru_cache(maxsize=1)
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="syncd-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _not_run(words: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
    """In place of subprocess.run: a made-up command line is never run."""
    if any("\0" in word for word in words):
        raise ValueError("embedded null byte")
    return subprocess.CompletedProcess(words, 0, SECRET.encode() + b"\n")


def check(data: bytes) -> None:
    path = _folder() / "config.toml"
    path.write_bytes(data)
    with mock.patch.object(secrets.subprocess, "run", _not_run):
        try:
            found = config.load(path, {"HOME": str(_folder())})
        except ConfigError as exc:
            found, problems = None, exc.problems
    if found is None:
        assert problems
        for problem in problems:
            assert ": " in problem, "a fault names no key"
            assert SECRET not in problem, "a fault quotes a secret"
            assert "\n" not in problem
        return
    assert SECRET not in repr(found), "the config shows a secret"
    assert found.state.path.is_absolute()
