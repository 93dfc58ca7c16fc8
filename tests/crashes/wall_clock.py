"""A wall clock that is set while the daemon runs: for its process alone, and for nothing else on the machine."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_SOURCE = Path(__file__).with_name("wall_clock.c")


class WallClock:
    """The clock of every process that is started with `env`; `set` is felt by those that run already."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("no C compiler (cc): the wall clock of a real process cannot be set. Debian: apt install gcc")
        library, self._file = folder / "wall_clock.so", folder / "ahead"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, _SOURCE, "-ldl"], check=True)
        self.set(0)
        self.env = {"LD_PRELOAD": str(library), "TEST_CLOCK": str(self._file)}

    def set(self, ahead: int) -> None:
        """So many seconds ahead of the true time; less than 0: behind."""
        with self._file.open("r+b" if self._file.exists() else "wb", buffering=0) as file:
            file.write(ahead.to_bytes(8, sys.byteorder, signed=True))
