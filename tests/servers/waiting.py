"""Tests that start servers and wait to be ended: tests/servers/test_ending.py runs this file by its name."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.servers import Server
from tests.servers.kinds import KINDS


def started(running: Callable[[str], Server], test: str, *names: str) -> None:
    for name in ("radicale", *names):
        if KINDS[name].is_installed():
            running(name)
    Path(os.environ["SYNCD_STARTED"], test).touch()


async def test_a_loop_takes_the_signal_and_lets_it_go() -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, print)
    loop.remove_signal_handler(signal.SIGTERM)


async def test_one(running: Callable[[str], Server]) -> None:
    started(running, "one", "davical")
    await asyncio.sleep(600)


def test_another(running: Callable[[str], Server]) -> None:
    started(running, "another", "cyrus", "sabredav18")
    time.sleep(600)
