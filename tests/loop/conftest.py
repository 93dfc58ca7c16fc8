"""Real servers, each once a session; each test with calendars of its own, which go with it.

Every story is told on Radicale and Xandikos. Most are about syncd and not about a server: what a server has a part in
is in the contracts (`tests/contracts`), and `test_every_server.py` tells the main ones in short on all of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from tests.servers import Server, drop_calendar, make_calendar
from tests.servers.kinds import PYPI

_NUMBERS = count(1)


@pytest.fixture(scope="session", params=list(PYPI))
def server(request: pytest.FixtureRequest, running: Callable[[str], Server]) -> Server:
    return running(request.param)


@pytest.fixture
def new_calendar(server: Server) -> Iterator[Callable[[], str]]:
    """Makes further calendars on the server; their URLs. A search of the account looks into every one that is there."""
    made: list[str] = []

    def make() -> str:
        made.append(make_calendar(server, f"bookings{next(_NUMBERS)}"))
        return made[-1]

    yield make
    for url in made:
        drop_calendar(server, url)


@pytest.fixture
def dav(server: Server, new_calendar: Callable[[], str]) -> Server:
    """The server with an empty calendar."""
    return replace(server, calendar_url=new_calendar())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
