"""Ten thousand open slots: a few writes in each cycle until all of them stand, and then none."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from syncd.domain.availability import OpenDay
from syncd.domain.booking import Catalog, Location, Service, Slot
from syncd.domain.event import Draft
from syncd.engine import publishing
from syncd.engine.publishing import Publishing
from syncd.engine.sides import Managed, Sides
from syncd.ports import Listing, Stored
from syncd.state.store import Store
from syncd.texts.words import Words
from tests.loop.ground import START, HandClock
from tests.simulation import objects

URL = "https://dav.example.org/open/"
HOUR, QUARTER, DAY = timedelta(hours=1), timedelta(minutes=15), timedelta(days=1)
SERVICES, DAYS, A_DAY = 20, 15, 34
CATALOG = Catalog(
    {"loc_1": Location("loc_1", "Salon", "Europe/Berlin")},
    {f"s_{number}": Service(f"s_{number}", f"Cut {number}", HOUR, ("loc_1",)) for number in range(SERVICES)},
)


class Calendar:
    """One on a server with sync tokens, in memory: a real one takes minutes to fill."""

    url = URL

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.changed: list[str] = []

    @property
    def writes(self) -> int:
        return len(self.changed)

    async def changes(self, cursor: str | None) -> Listing:
        named = self.texts if cursor is None else set(self.changed[int(cursor) :])
        there = {href: self._etag(href) for href in named if href in self.texts}
        gone = frozenset() if cursor is None else frozenset(named - there.keys())
        return Listing(cursor is None, there, gone, str(self.writes))

    async def read(self, hrefs: Sequence[str]) -> list[Stored]:
        there = [(href, self.texts[href]) for href in hrefs if href in self.texts]
        return [Stored(href, self._etag(href), objects.parse(text), text) for href, text in there]

    async def create(self, name: str, draft: Draft, onto: str) -> Stored:
        href = f"/open/{name}"
        assert href not in self.texts
        self.texts[href] = objects.render(draft, onto, "")
        self.changed.append(href)
        return (await self.read([href]))[0]

    async def remove(self, href: str, etag: str | None, onto: str = "") -> None:
        assert etag == self._etag(href)
        del self.texts[href]
        self.changed.append(href)

    def _etag(self, href: str) -> str:
        return f'"{objects.digest(self.texts[href])}"'


def open_day(service: str, ahead: int) -> OpenDay:
    first = START + 4 * HOUR + ahead * DAY
    slots = tuple(Slot(service, "loc_1", first + number * QUARTER) for number in range(A_DAY))
    return OpenDay(service, "loc_1", first.date(), START, START, slots)


async def test_a_few_are_written_in_each_cycle_until_all_stand_and_then_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calendar, clock, path = Calendar(), HandClock(), tmp_path / "state.db"

    async def cycle(minutes: int = 1) -> int:
        """How many events a new process writes, a while later."""
        clock.pass_by(minutes=minutes)
        before = calendar.writes
        with Store.open(path) as store:
            store._db.execute("PRAGMA synchronous = OFF")
            sides = cast(Sides, SimpleNamespace(store=store, clock=clock, words=Words("en"), open_days=DAYS - 1))
            managed = cast(Managed, SimpleNamespace(openings=calendar))
            await Publishing(sides, managed, lambda: False).publish(CATALOG)
        return calendar.writes - before

    days = [open_day(service, ahead) for service in CATALOG.services for ahead in range(DAYS)]
    with Store.open(path) as store:
        store.keep_open_days(days)
    assert [await cycle() for _ in range(2)] == [50, 50]
    soonest = sorted(slot.start for day in days for slot in day.slots)[:100]
    found = [objects.start_of(objects.read(text)) for text in calendar.texts.values()]
    assert sorted(start for start in found if start is not None) == soonest

    monkeypatch.setattr(publishing, "WRITES", 3_000)  # or it were two hundred cycles
    assert [await cycle() for _ in range(4)] == [3_000, 3_000, 3_000, 1_100]
    assert len(calendar.texts) == SERVICES * DAYS * A_DAY == 10_200
    assert [await cycle() for _ in range(2)] == [0, 0]
    assert await cycle(minutes=61) == 0  # the listing of each hour, in full

    # a booking for an hour is made: of each service, the slots that would overlap it are gone
    taken = START + 4 * HOUR + 7 * DAY + 4 * HOUR
    with Store.open(path) as store:
        for day in days:
            left = tuple(slot for slot in day.slots if not taken - HOUR < slot.start < taken + HOUR)
            store.keep_open_days([OpenDay(*day.key, tried_at=START, read_at=START, slots=left)])
    assert await cycle() == SERVICES * 7
    assert await cycle() == 0
