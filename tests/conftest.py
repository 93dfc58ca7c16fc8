"""What all tests share: the real servers, each started once in a session, and a word about those that are not here."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.servers import Server
from tests.servers.kinds import KINDS, skipped, without

_WORKERS: list[Any] = []
"""The nodes of xdist, where they run the tests for us."""


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """The server of that name, a key of `KINDS`; started when first asked for.

    Where it is not here the test is skipped; with `SYNCD_NEED_SERVERS=1` in the environment, as in .ci/run, it fails.
    """
    servers: dict[str, Server] = {}
    with ExitStack() as stack:

        def of(name: str) -> Server:
            if name not in servers:
                if not KINDS[name].is_installed():
                    give_up = pytest.fail if os.environ.get("SYNCD_NEED_SERVERS") else pytest.skip
                    give_up(skipped(name))
                servers[name] = stack.enter_context(KINDS[name].start(tmp_path_factory.mktemp(name)))
            return servers[name]

        yield of


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: most tests wait for a server or a process half of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_configure() -> None:
    """SIGTERM is Ctrl-C: a job that is cancelled ends its servers, and removes their folders."""
    signal.signal(signal.SIGTERM, _interrupt)


def pytest_runtest_setup() -> None:
    # anew: an event loop that handled the signal in the last test has left it to the system
    signal.signal(signal.SIGTERM, _interrupt)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodeready(node: Any) -> None:
    _WORKERS.append(node)


def _interrupt(*_: object) -> None:
    # once: what ends the servers is not to be interrupted, nor by xdist, which sends its workers a SIGINT after a while
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    for worker in _WORKERS:
        worker.gateway._io.popen.send_signal(signal.SIGTERM)
    raise KeyboardInterrupt


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = [str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", ()) if report.longrepr]
    if said := without(reasons):
        terminalreporter.write_sep("!", said, yellow=True, bold=True)
