"""The open starts that a person is offered instead of one that was refused."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from syncd.domain.booking import Catalog, Location, Service, Slot
from syncd.domain.errors import Refused
from syncd.engine.nearby import open_nearby
from syncd.engine.sides import Sides
from tests.loop.ground import HandClock

QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)
TEN = datetime(2026, 11, 24, 10, tzinfo=UTC)
PLACES = {"loc_1": Location("loc_1", timezone="Europe/Berlin"), "loc_2": Location("loc_2", timezone="Europe/Berlin")}
CATALOG = Catalog(PLACES, {"one": Service("one", location_ids=("loc_2",)), "any": Service("any")})


class Zimun:
    """What is open, and what was asked: (service, place, day)."""

    def __init__(self, starts: Mapping[date, list[datetime]]) -> None:
        self.starts = starts
        self.asked: list[tuple[str, str, date]] = []

    async def open_slots(self, service_id: str, location_id: str, day: date) -> tuple[Slot, ...]:
        if not location_id:
            raise Refused("GET answered 422")
        self.asked.append((service_id, location_id, day))
        return tuple(Slot(service_id, location_id, start) for start in self.starts.get(day, []))


def sides(zimun: Zimun, now: datetime = TEN - DAY, catalog: Catalog = CATALOG) -> Sides:
    return cast(Sides, SimpleNamespace(bookings=zimun, catalog=catalog, catalog_age=0, clock=HandClock(now)))


def day_of(start: datetime) -> dict[date, list[datetime]]:
    return {start.date(): [start - QUARTER, start, start + QUARTER, start + 2 * QUARTER]}


async def test_the_start_that_was_refused_is_not_offered_though_the_list_names_it() -> None:
    zimun = Zimun(day_of(TEN))
    assert await open_nearby(sides(zimun), "one", "loc_2", TEN) == (TEN - QUARTER, TEN, TEN + QUARTER)
    offered = await open_nearby(sides(zimun), "one", "loc_2", TEN, refused=True)
    assert offered == (TEN - QUARTER, TEN + QUARTER, TEN + 2 * QUARTER)


async def test_where_it_was_the_only_one_those_of_the_days_beside_are_offered() -> None:
    zimun = Zimun({TEN.date(): [TEN], (TEN + DAY).date(): [TEN + DAY]})
    assert await open_nearby(sides(zimun), "one", "loc_2", TEN, refused=True) == (TEN + DAY,)


async def test_what_is_past_is_not_offered_and_days_that_are_over_are_not_asked_about() -> None:
    zimun = Zimun(day_of(TEN) | {(TEN - DAY).date(): [TEN - DAY], (TEN + DAY).date(): [TEN + DAY]})
    assert await open_nearby(sides(zimun, TEN), "one", "loc_2", TEN) == (TEN + QUARTER, TEN + 2 * QUARTER)
    zimun.asked.clear()
    assert await open_nearby(sides(zimun, TEN + 2 * QUARTER), "one", "loc_2", TEN) == (TEN + DAY,)
    assert [day for *_, day in zimun.asked] == [TEN.date(), (TEN + DAY).date()]


@pytest.mark.parametrize(
    ("service", "place", "asked"),
    [("one", "", "loc_2"), ("any", "", None), ("any", "loc_1", "loc_1"), ("no", "", None)],
)
async def test_a_place_is_always_given_and_where_it_is_not_known_nothing_is_asked(
    service: str, place: str, asked: str | None
) -> None:
    zimun = Zimun(day_of(TEN))
    assert bool(await open_nearby(sides(zimun), service, place, TEN)) == bool(zimun.asked) == (asked is not None)
    assert {place for _, place, _ in zimun.asked} == ({asked} if asked else set())
