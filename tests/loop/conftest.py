"""Both servers of PyPI, each once a session; each test with calendars of its own, which go with it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.servers import Server, make_calendar, radicale, send, xandikos

_NUMBERS = count(1)


@pytest.fixture(scope="session", params=[radicale, xandikos], ids=["radicale", "xandikos"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with request.param(tmp_path_factory.mktemp("dav")) as running:
        yield running


@pytest.fixture
def new_calendar(server: Server) -> Iterator[Callable[[], str]]:
    """Makes further calendars on the server; their URLs. A search of the account looks into every one that is there."""
    made: list[str] = []

    def make() -> str:
        made.append(make_calendar(server, f"bookings{next(_NUMBERS)}"))
        return made[-1]

    yield make
    for url in made:
        try:
            send(server, "DELETE", url)
        except HTTPError as error:
            assert error.code == 404  # noqa: PT017 -- the test deleted it


@pytest.fixture
def dav(server: Server, new_calendar: Callable[[], str]) -> Server:
    """The server with an empty calendar."""
    return replace(server, calendar_url=new_calendar())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
