"""Where the contracts are tried. A further server is a further line in REAL."""

from collections.abc import AsyncIterator, Callable

import pytest

from syncd.ports import BookingPort, CalendarPort
from tests.contracts.desk import Desk, Overlapping, fake_desk, sandbox_desk
from tests.contracts.fake_home import KINDS, fake_home
from tests.contracts.home import Etags, Home, Traits
from tests.contracts.real_home import real_home
from tests.servers import Server

# By the names of tests.servers.kinds. Radicale's and Xandikos' ETags and tokens come from the content: they number
# nothing. Who lets two writers win, and how often: tests/servers/race.py.
REAL: dict[str, tuple[str, Traits]] = {
    "radicale": ("radicale", Traits(tidy=True)),
    "radicale, weak etags": ("radicale", Traits(Etags.WEAK, tidy=True)),
    "radicale, no etags": ("radicale", Traits(Etags.NONE, tidy=True)),
    "xandikos": ("xandikos", Traits(atomic=False)),
    "cyrus": ("cyrus", Traits(shares=False)),
    "davical": ("davical", Traits(twins=True, vouches=False, atomic=False)),
    "sabredav18": ("sabredav18", Traits(tokens=False, twins=True, atomic=False)),
}


@pytest.fixture(scope="module", params=[*(f"fake, {kind}" for kind in KINDS), *REAL])
def place(request: pytest.FixtureRequest, running: Callable[[str], Server]) -> str | Server:
    """The kind of a fake, or a real server that runs."""
    name = request.param
    return running(REAL[name][0]) if name in REAL else name.removeprefix("fake, ")


@pytest.fixture
async def home(request: pytest.FixtureRequest, place: str | Server) -> AsyncIterator[Home]:
    if isinstance(place, str):
        with fake_home(place, KINDS[place]) as fake:
            yield fake
        return
    name = request.node.callspec.params["place"]
    async with real_home(place, REAL[name][1]) as real:
        yield real


@pytest.fixture
async def calendar(home: Home) -> CalendarPort:
    return await home.managed()


@pytest.fixture(params=["fake", "sandbox", "sandbox, listing what overlaps"])
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    if request.param == "fake":
        with fake_desk() as fake:
            yield fake
        return
    async with sandbox_desk(*([Overlapping] if "overlaps" in request.param else [])) as sandbox:
        yield sandbox


@pytest.fixture
def port(desk: Desk) -> BookingPort:
    return desk.port
