"""What all tests share: the real servers, each started once in a session, and a word about those that are not here."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.servers import Server
from tests.servers.kinds import KINDS, skipped, without


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """The server of that name, a key of `KINDS`; started when first asked for. Skips the test where it is not here."""
    servers: dict[str, Server] = {}
    with ExitStack() as stack:

        def of(name: str) -> Server:
            if name not in servers:
                if not KINDS[name].is_installed():
                    pytest.skip(skipped(name))
                servers[name] = stack.enter_context(KINDS[name].start(tmp_path_factory.mktemp(name)))
            return servers[name]

        yield of


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = [str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", ()) if report.longrepr]
    if said := without(reasons):
        terminalreporter.write_sep("!", said, yellow=True, bold=True)
