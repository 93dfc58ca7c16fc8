from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from tests.acceptance.api import Api, serving
from tests.acceptance.proxy import Proxy, proxying
from tests.acceptance.stable import Stable
from tests.acceptance.trial import Trial
from tests.servers import Server, make_calendar, radicale, send, xandikos

SERVERS = {"radicale": radicale, "xandikos": xandikos}
_serial = count(1)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(start(tmp_path_factory.mktemp(name))) for name, start in SERVERS.items()}


@pytest.fixture(params=["radicale"])
def server(request: pytest.FixtureRequest, servers: dict[str, Server]) -> Server:
    return servers[request.param]


@pytest.fixture(scope="session")
def stable() -> Iterator[Stable]:
    with Stable() as one:
        yield one


@pytest.fixture
def api() -> Iterator[Api]:
    with serving() as one:
        yield one


@pytest.fixture
def trial(api: Api, server: Server, tmp_path: Path, stable: Stable) -> Iterator[Trial]:
    """A calendar of its own, deleted at the end: other calendars of the account are searched too."""
    url = make_calendar(server, f"trial-{next(_serial)}")
    yield Trial(api, server, url, tmp_path, stable, {"sync": {"cancel_grace_seconds": 1}, "log": {"format": "json"}})
    send(server, "DELETE", url)


@pytest.fixture
def proxy(trial: Trial) -> Iterator[Proxy]:
    """A proxy between syncd and the calendar server; the trial looks past it."""
    with proxying(trial.server.url) as one:
        trial.caldav_url, trial.synced_url = one.url(trial.server.url), one.url(trial.calendar_url)
        yield one
