from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest

from syncd.calendars.account import Account
from syncd.calendars.dav import DavCalendar
from tests.calendars.rogue import CAL, HOME, PRINCIPAL, Rogue, collection, empty, multistatus, resource
from tests.calendars.samples import NOW, Elapsed
from tests.servers import Server, make_calendar, radicale, xandikos

_STARTS = {"radicale": radicale, "xandikos": xandikos}
_NUMBERS = count(1)


@pytest.fixture(scope="session", params=sorted(_STARTS))
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with _STARTS[request.param](tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture
def calendar_url(server: Server) -> str:
    """A fresh calendar on the server."""
    return make_calendar(server, f"fresh{next(_NUMBERS)}")


@pytest.fixture
async def account(server: Server) -> AsyncIterator[Account]:
    account = Account(server.url, server.username, server.password, now=lambda: NOW)
    yield account
    await account.aclose()


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue() as running:
        yield running


@pytest.fixture
async def calendar(rogue: Rogue) -> AsyncIterator[DavCalendar]:
    """The calendar of the rogue server."""
    account = Account(rogue.url + "/", "u", "s3cret", now=lambda: NOW)
    yield await account.calendar(rogue.url + CAL)
    await account.aclose()


@pytest.fixture
def elapsed() -> Elapsed:
    return Elapsed()


@pytest.fixture
async def wild(rogue: Rogue, elapsed: Elapsed) -> AsyncIterator[Account]:
    """An account on a rogue server that has discovery and one calendar."""
    rogue.on("PROPFIND", "/", multistatus(resource("/", PRINCIPAL)))
    rogue.on("PROPFIND", "/p/", multistatus(resource("/p/", HOME.format("/home/"))))
    rogue.on("PROPFIND", "/home/", multistatus(resource("/home/"), collection()))
    empty(rogue, CAL)
    account = Account(rogue.url + "/", "u", "s3cret", now=lambda: NOW, monotonic=elapsed)
    yield account
    await account.aclose()
