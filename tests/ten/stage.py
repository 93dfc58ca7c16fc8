"""A salon, a calendar, syncd between them, and a bender on each side."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import NamedTuple

from syncd.engine.cycle import Engine
from syncd.engine.report import Report
from tests.loop.ground import config_of, open_store
from tests.loop.world import World, world
from tests.servers import Server
from tests.ten.bender import Bender


@dataclass
class Kept(World):
    """A world whose syncd reaches the API by another address, and is one process until `restart`."""

    api_url: str = ""
    engine: Engine | None = None

    def __post_init__(self) -> None:
        self._process = AsyncExitStack()

    async def cycle(self, **later: float) -> Report:
        """One cycle of the process that runs; of a new one where none does."""
        self.clock.pass_by(**later)
        self.requests.clear()
        if self.engine is None:
            self.engine = await self._process.enter_async_context(self._engine(self.store))
        return await self.engine.cycle()

    async def restart(self) -> None:
        """The process ends. The next cycle is a new one's, on the database as it is on disk."""
        self.engine = None
        await self._process.aclose()
        self.store.close()
        self.store = open_store(self.config)

    def reconfigure(self, *, calendars: str = "", sync: str = "", event: str = "") -> None:
        """Another config; for the next process."""
        self.config = config_of(self.folder, self.api_url, self.dav, calendars=calendars, sync=sync, event=event)


class Stage(NamedTuple):
    """The world, and what stands before its calendar server and before its API."""

    w: Kept
    caldav: Bender
    zimun: Bender


def entry(url: str, *places: str) -> str:
    """A further calendar of the config."""
    return f'[[calendars]]\nurl = "{url}"\nlocations = {list(places)}\n'.replace("'", '"')


@asynccontextmanager
async def stage(
    dav: Server, folder: Path, *, more: Sequence[str] = (), place: str = "loc_shoreditch", sync: str = ""
) -> AsyncIterator[Stage]:
    """An empty salon and calendar. `more`: the URLs of further managed calendars, for the bookings of `place`."""
    async with Bender(dav.url) as caldav:
        bent = replace(dav, url=caldav.url(dav.url), calendar_url=caldav.url(dav.calendar_url))
        calendars = "".join(entry(caldav.url(url), place) for url in more)
        async with world(bent, folder) as made, Bender(made.server.url) as zimun:
            w = Kept(**{one.name: getattr(made, one.name) for one in fields(made)}, api_url=zimun.address)
            w.reconfigure(calendars=calendars, sync=sync)
            try:
                yield Stage(w, caldav, zimun)
            finally:
                await w.restart()
                # what closes the world closes the store that was opened last
                made.store = w.store
