"""A server that is not here is told of loudly, and where all are needed its tests fail."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SAID = "ran without SabreDAV 1.8: not installed; tests/servers names the packages"
TESTS = Path(__file__).parents[1] / "calendars" / "test_every_server.py"


@pytest.mark.parametrize("needed", ["", "1"])
def test_a_server_without_its_programs(needed: str) -> None:
    # where no PHP is found
    env = {**os.environ, "PATH": "", "SYNCD_NEED_SERVERS": needed}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "0", str(TESTS)]
    command += ["-k", "of_a_listing and (sabredav18 or radicale)"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if needed:
        assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
        assert "SabreDAV 1.8 is not installed" in done.stdout
    else:
        assert done.returncode == pytest.ExitCode.OK, done.stdout
        assert "1 passed, 1 skipped" in done.stdout
    assert (SAID in done.stdout) == (not needed)
