"""How often Zimun is really asked about open slots: with calls that take their time and cycles that come early or late,
it is as often as `check` says, and in no hour more often than the budget allows.
"""

import random
from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from syncd.domain.booking import Catalog, Location, Service, Slot
from syncd.domain.errors import NotFound, Refused, StoreError, SyncdError
from syncd.engine.polling import Polling
from syncd.engine.sides import Health, Sides
from syncd.planning import availability as plan
from syncd.state.store import Store
from tests.loop.ground import START, HandClock

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAYS_AHEAD = 14


class Salon:
    """Services at one place, and all that was asked about them: (when, service, day).

    `refused`: so many days ahead Zimun does not tell.
    """

    def __init__(
        self,
        folder: Path,
        services: int,
        every: timedelta,
        *,
        days_ahead: int = DAYS_AHEAD,
        refused: Collection[int] = (),
    ) -> None:
        self.catalog = Catalog(
            {"loc_1": Location("loc_1", timezone="Europe/Berlin")},
            {f"s_{number}": Service(f"s_{number}") for number in range(services)},
        )
        self.every, self.clock, self.rng = every, HandClock(), random.Random(services)
        self.days_ahead, self.refused = days_ahead, refused
        self.asked: list[tuple[datetime, str, date]] = []
        self.answers: dict[str, SyncdError] = {}
        self.began = START
        self._path = folder / "state.db"
        self._cycles = 0

    async def open_slots(self, service_id: str, location_id: str, day: date) -> tuple[Slot, ...]:
        self.asked.append((self.clock.now(), service_id, day))
        self.clock.pass_by(seconds=self.rng.uniform(0.05, 1.5))
        if service_id in self.answers:
            raise self.answers[service_id]
        if (day - self.began.date()).days in self.refused:
            raise Refused("GET answered 422")
        return ()

    async def run(self, span: timedelta) -> None:
        """So many cycles of a process, as the daemon's timer times them: on a grid, each a tenth off."""
        self._path.parent.mkdir(exist_ok=True)
        with Store.open(self._path) as store:
            store._db.execute("PRAGMA synchronous = OFF")
            parts = SimpleNamespace(
                store=store, clock=self.clock, bookings=self, open_days=self.days_ahead, every=self.every
            )
            sides = cast(Sides, parts)
            for _ in range(round(span / self.every)):
                due = self.began + (self._cycles + self.rng.uniform(-0.1, 0.1)) * self.every
                self._cycles += 1
                self.clock.at = max(self.clock.at, due) + timedelta(seconds=self.rng.uniform(0.2, 4))
                await Polling(sides, Health(), lambda: False).poll(self.catalog)

    def per_hour(self, since: timedelta) -> float:
        times = [at for at, *_ in self.asked if at >= START + since]
        return len(times) * (HOUR / (self.clock.now() - START - since))

    def busiest_hour(self) -> int:
        times = [at for at, *_ in self.asked]
        return max(sum(first <= at <= first + HOUR for at in times) for first in times)

    def gap_today(self, since: timedelta) -> timedelta:
        """How long it is from one question about today to the next, on an average."""
        by_service: dict[str, list[datetime]] = defaultdict(list)
        for at, service, day in self.asked:
            if at >= START + since and day == at.date():
                by_service[service].append(at)
        gaps = [later - at for found in by_service.values() for at, later in pairwise(found)]
        return sum(gaps, timedelta()) / len(gaps)

    def longest_gaps(self, service: str) -> dict[int, timedelta]:
        """How long each day was left alone at most, from the first minute on, by how many days ahead it is."""
        by_ahead: dict[int, list[datetime]] = {ahead: [START] for ahead in range(self.days_ahead + 1)}
        for at, asked, day in self.asked:
            if asked == service:
                by_ahead[(day - START.date()).days].append(at)
        return {
            ahead: max(later - at for at, later in pairwise([*times, self.clock.now()]))
            for ahead, times in by_ahead.items()
        }

    @property
    def said(self) -> tuple[float, timedelta]:
        """What `check` says: calls per hour, and how often today is asked about."""
        aheads = plan.wanted(self.catalog, START, self.days_ahead).values()
        factor = plan.stretch(aheads, self.every)
        return plan.demand(aheads, self.every) / factor, plan.interval(0, self.every) * factor


@pytest.mark.parametrize(
    ("services", "seconds", "warm", "hours"),
    [(9, 60, 2, 6), (6, 60, 2, 5), (1, 60, 1, 4), (9, 10, 2, 4), (9, 300, 3, 10), (9, 600, 5, 14), (1, 600, 1, 9)],
)
async def test_as_often_as_check_says_and_within_the_budget_in_every_hour(
    tmp_path: Path, services: int, seconds: int, warm: int, hours: int
) -> None:
    salon = Salon(tmp_path, services, timedelta(seconds=seconds))
    for _ in range(hours):  # a new process each hour, which knows no more than the store
        await salon.run(HOUR)
    rate, gap = salon.said
    # many days that fall due at once wait for one another, most of all where the budget is just enough
    assert salon.per_hour(warm * HOUR) == pytest.approx(rate, rel=0.06)
    assert salon.gap_today(warm * HOUR) / gap == pytest.approx(1, abs=0.09)
    assert salon.busiest_hour() <= plan.HOURLY


async def test_a_process_that_starts_again_and_again_gets_no_new_budget(tmp_path: Path) -> None:
    salon = Salon(tmp_path, 9, timedelta(seconds=5))
    for _ in range(60):
        await salon.run(timedelta(seconds=5))
    assert len(salon.asked) <= plan.BURST + 5 * MINUTE / plan.PER_CALL + 1


async def test_a_clock_that_is_set_back_neither_stops_the_questions_nor_makes_them_a_burst(tmp_path: Path) -> None:
    salon = Salon(tmp_path, 9, MINUTE)
    await salon.run(10 * MINUTE)
    before = len(salon.asked)
    salon.began -= 24 * HOUR
    salon.clock.at -= 24 * HOUR
    await salon.run(10 * MINUTE)
    assert before < len(salon.asked) <= before + 10 * MINUTE / plan.PER_CALL + 1


@pytest.mark.parametrize("answer", [NotFound("GET answered 404"), Refused("GET answered 422")])
async def test_a_service_of_which_zimun_tells_nothing_is_asked_about_once_an_hour(
    tmp_path: Path, answer: SyncdError
) -> None:
    salon = Salon(tmp_path, 3, MINUTE)
    salon.answers["s_1"] = answer
    await salon.run(6 * HOUR)
    days = [day for _, service, day in salon.asked if service == "s_1"]
    week = plan.WEEK[0] + 1
    assert len(days) - week in (5, 6)
    assert len(set(days[:week])) == len(set(days)) == week  # it may be that day alone
    for other in ("s_0", "s_2"):
        assert len({day for _, service, day in salon.asked if service == other}) == DAYS_AHEAD + 1
    assert salon.per_hour(HOUR) == pytest.approx(salon.said[0] * 2 / 3, rel=0.1)
    salon.answers.clear()
    await salon.run(2 * HOUR)
    assert len({day for _, service, day in salon.asked if service == "s_1"}) == DAYS_AHEAD + 1


async def test_where_no_service_is_known_any_more_one_question_an_hour_is_left(tmp_path: Path) -> None:
    salon = Salon(tmp_path, 3, MINUTE)
    salon.answers = {service: NotFound("GET answered 404") for service in salon.catalog.services}
    await salon.run(5 * HOUR)
    assert len(salon.asked) <= len(salon.answers) * (plan.WEEK[0] + 1) + 5
    assert {service for _, service, _ in salon.asked} == set(salon.answers)
    salon.answers.clear()
    await salon.run(2 * HOUR)
    assert len({(service, day) for _, service, day in salon.asked}) == 3 * (DAYS_AHEAD + 1)


@pytest.mark.parametrize(("services", "seconds", "days_ahead"), [(20, 60, 14), (3, 60, 60), (20, 600, 14)])
async def test_a_first_fill_leaves_near_days_half_their_pace(
    tmp_path: Path, services: int, seconds: int, days_ahead: int
) -> None:
    every = timedelta(seconds=seconds)
    salon = Salon(tmp_path, services, every, days_ahead=days_ahead)
    await salon.run(8 * HOUR)
    assert len({(service, day) for _, service, day in salon.asked}) == services * (days_ahead + 1)
    for service in salon.catalog.services:
        assert salon.longest_gaps(service)[0] <= 2.2 * salon.said[1] + every


PACES = [(1, 60, 4), (3, 60, 4), (20, 600, 14), (6, 1800, 14), (1, 1800, 14), (1, 3600, 14)]


@pytest.mark.parametrize("refused", [range(1, 61), range(8, 61), range(15, 61), range(1), range(3)])
@pytest.mark.parametrize("days_ahead", [14, 60])
@pytest.mark.parametrize(("services", "seconds", "hours"), PACES)
async def test_a_day_too_far_ahead_or_too_near_costs_the_others_nothing(
    tmp_path: Path, services: int, seconds: int, hours: int, days_ahead: int, refused: range
) -> None:
    every = timedelta(seconds=seconds)
    all_told = Salon(tmp_path / "all", services, every, days_ahead=days_ahead)
    salon = Salon(tmp_path / "some", services, every, days_ahead=days_ahead, refused=refused)
    for one in (all_told, salon):
        await one.run(hours * HOUR)
    for service in salon.catalog.services:
        usual, gaps = all_told.longest_gaps(service), salon.longest_gaps(service)
        week = set(range(plan.WEEK[0] + 1)).difference(refused)
        assert {ahead: gaps[ahead] for ahead in week if gaps[ahead] > usual[ahead] + every} == {}


@pytest.mark.parametrize("days_ahead", [14, 60])
@pytest.mark.parametrize(("services", "seconds", "hours"), [pace for pace in PACES if pace[0] > 1])
async def test_a_service_of_which_zimun_tells_nothing_costs_the_others_nothing(
    tmp_path: Path, services: int, seconds: int, hours: int, days_ahead: int
) -> None:
    every = timedelta(seconds=seconds)
    all_told = Salon(tmp_path / "all", services, every, days_ahead=days_ahead)
    salon = Salon(tmp_path / "some", services, every, days_ahead=days_ahead)
    salon.answers["s_0"] = NotFound("GET answered 404")
    for one in (all_told, salon):
        await one.run(hours * HOUR)
    assert sum(service == "s_0" for _, service, _ in salon.asked) <= plan.WEEK[0] + 1 + hours
    for service in salon.catalog.services.keys() - salon.answers.keys():
        usual, gaps = all_told.longest_gaps(service), salon.longest_gaps(service)
        assert {ahead: gaps[ahead] for ahead in range(plan.WEEK[0] + 1) if gaps[ahead] > usual[ahead] + every} == {}


def test_an_hour_is_full_with_a_full_bucket_and_what_an_hour_earns() -> None:
    now, since, calls = datetime(2026, 11, 24, tzinfo=UTC), None, 0
    end = now + HOUR
    while now <= end:
        while plan.allowance(since, now):
            since, calls = plan.charged(since, now), calls + 1
        now += timedelta(seconds=1)
    assert plan.HOURLY - 1 <= calls <= plan.HOURLY


async def test_a_store_that_cannot_be_used_is_no_fault_of_zimuns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(self: Store, days: object, gone: object = ()) -> None:
        if days:
            raise StoreError("the disk is full")

    monkeypatch.setattr(Store, "keep_open_days", damaged)
    with pytest.raises(StoreError):
        await Salon(tmp_path, 1, MINUTE).run(MINUTE)
