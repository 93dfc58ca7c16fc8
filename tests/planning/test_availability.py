"""When Zimun is asked about open slots: near days often, a small budget, days as the place's clocks have them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.domain.availability import DayKey, OpenDay
from syncd.domain.booking import Catalog, Location, Parked, Service, Status
from syncd.domain.ids import BookingId
from syncd.planning import availability as plan
from tests.planning import builders as make

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
BERLIN, AUCKLAND, NEW_YORK = (
    Location("berlin", timezone="Europe/Berlin"),
    Location("auckland", timezone="Pacific/Auckland"),
    Location("new_york", timezone="America/New_York"),
)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def catalog(*places: Location, services: int = 1, at: tuple[str, ...] = ()) -> Catalog:
    offered = [Service(f"s{number}", location_ids=at) for number in range(services)]
    return Catalog({one.id: one for one in places}, {one.id: one for one in offered})


def tried(key: DayKey, at: datetime, *, stale: bool = False) -> OpenDay:
    return OpenDay(*key, tried_at=at, read_at=at, stale=stale)


def known(*days: OpenDay) -> dict[DayKey, OpenDay]:
    return {one.key: one for one in days}


def test_a_service_is_asked_for_at_each_of_its_places_and_everywhere_where_it_names_none() -> None:
    assert plan.offers(catalog(BERLIN, AUCKLAND, at=("berlin",))) == [("s0", "berlin")]
    assert plan.offers(catalog(BERLIN, AUCKLAND)) == [("s0", "auckland"), ("s0", "berlin")]


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc"])
def test_a_place_without_a_known_zone_has_no_days(zone: str) -> None:
    assert plan.wanted(catalog(Location("berlin", timezone=zone)), NOW, 3) == {}
    assert plan.offers(catalog(BERLIN, at=("elsewhere",))) == []


def test_a_day_is_the_places_day() -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    firsts = {key[1]: key[2].day for key, ahead in plan.wanted(catalog(BERLIN, AUCKLAND, NEW_YORK), late, 1).items()
              if ahead == 0}  # fmt: skip
    assert firsts == {"berlin": 25, "auckland": 25, "new_york": 24}


@pytest.mark.parametrize("now", [datetime(2026, 3, 28, 23, 30, tzinfo=UTC), datetime(2026, 10, 24, 22, 30, tzinfo=UTC)])
def test_each_day_comes_once_where_the_clocks_change(now: datetime) -> None:
    first = date(2026, 3, 29) if now.month == 3 else date(2026, 10, 25)
    days = [key[2] for key in plan.wanted(catalog(BERLIN), now, 2)]
    assert days == [first + timedelta(days=more) for more in range(3)]


@pytest.mark.parametrize(("ahead", "minutes"), [(0, 5), (1, 5), (2, 30), (7, 30), (8, 180), (60, 180)])
def test_near_days_are_asked_about_more_often(ahead: int, minutes: int) -> None:
    days = plan.wanted(catalog(BERLIN), NOW, 60)
    (key,) = [key for key, value in days.items() if value == ahead]
    only = {key: ahead}
    before = known(tried(key, NOW - minutes * MINUTE + timedelta(seconds=1)))
    assert plan.due(before, only, NOW) == []
    assert plan.due(known(tried(key, NOW - minutes * MINUTE)), only, NOW) == [key]


def test_one_service_at_one_place_asks_for_39_calls_an_hour() -> None:
    # 2 days x 12, 6 days x 2, 7 days x 1/3
    assert plan.demand(plan.wanted(catalog(BERLIN), NOW, 14).values()) == pytest.approx(24 + 12 + 7 / 3)
    assert plan.stretch(plan.wanted(catalog(BERLIN), NOW, 14).values()) == 1


def test_what_is_over_the_budget_stretches_each_interval() -> None:
    days = plan.wanted(catalog(BERLIN, services=20), NOW, 14)
    factor = plan.stretch(days.values())
    assert factor == pytest.approx(20 * (36 + 7 / 3) / 240)
    key = next(iter(days))
    at = NOW - 5 * MINUTE * factor
    rest = {one: tried(one, NOW - 5 * MINUTE) for one in days}
    assert plan.due(rest | known(tried(key, at + timedelta(seconds=1))), days, NOW) == []
    assert plan.due(rest | known(tried(key, at - timedelta(seconds=1))), days, NOW) == [key]


def test_first_what_is_stale_then_what_was_never_asked_then_what_is_late_and_nearer_days_first() -> None:
    days = plan.wanted(catalog(BERLIN), NOW, 5)
    keys = list(days)
    before = known(
        tried(keys[0], NOW - 6 * MINUTE),
        tried(keys[1], NOW - 20 * MINUTE),
        tried(keys[5], NOW - 5 * MINUTE, stale=True),
        tried(keys[4], NOW - 5 * MINUTE),
    )
    assert plan.due(before, days, NOW) == [keys[5], keys[2], keys[3], keys[1], keys[0]]


def test_no_cycle_bursts_also_after_a_long_time() -> None:
    days = plan.wanted(catalog(BERLIN, services=30), NOW, 14)
    assert len(plan.due({}, days, NOW)) == 8
    assert plan.allowance([tried(next(iter(days)), NOW - 9 * HOUR)], NOW) == 8
    assert plan.allowance([tried(next(iter(days)), NOW - MINUTE)], NOW) == 4
    assert plan.allowance([tried(next(iter(days)), NOW)], NOW) == 0


def test_a_time_from_the_future_is_due_and_stops_nothing() -> None:
    days = plan.wanted(catalog(BERLIN), NOW, 0)
    (key,) = days
    assert plan.due(known(tried(key, NOW + 9 * HOUR)), days, NOW) == [key]


@settings(deadline=None, max_examples=30)
@given(
    services=st.integers(1, 40),
    ahead=st.integers(0, 60),
    every=st.integers(1, 1_800),
)
def test_the_budget_holds_whatever_the_salon_and_the_interval(services: int, ahead: int, every: int) -> None:
    offered, now = catalog(BERLIN, services=services), NOW
    state: dict[DayKey, OpenDay] = {}
    asked = cycles = 0
    while now < NOW + HOUR and cycles < 40:
        keys = plan.due(state, plan.wanted(offered, now, ahead), now)
        assert len(keys) <= plan.BURST
        state |= known(*(tried(key, now) for key in keys))
        asked, cycles, now = asked + len(keys), cycles + 1, now + timedelta(seconds=every)
    assert asked <= plan.BURST + plan.HOURLY * ((now - NOW) / HOUR)


def test_each_day_of_a_big_salon_is_asked_about_in_time() -> None:
    offered, now = catalog(BERLIN, AUCKLAND, services=5), NOW
    state: dict[DayKey, OpenDay] = {}
    for _ in range(6 * 60):
        keys = plan.due(state, plan.wanted(offered, now, 14), now)
        state |= known(*(tried(key, now) for key in keys))
        now += MINUTE
    days = plan.wanted(offered, now, 14)
    factor = plan.stretch(days.values())
    assert factor > 1
    # a day that only just came near was a far one until then
    assert all(now - state[key].tried_at <= 1.5 * factor * plan.interval(ahead + 1) for key, ahead in days.items())


def test_what_is_over_or_not_offered_any_more_is_forgotten() -> None:
    offered = catalog(BERLIN)
    days = plan.wanted(offered, NOW, 1)
    over, gone = ("s0", "berlin", date(2026, 11, 23)), ("s9", "berlin", date(2026, 11, 25))
    assert plan.outdated([*days, over, gone], days, offered, NOW) == [over, gone]


@pytest.mark.parametrize("unsure", [Catalog(), replace(catalog(BERLIN), parked=(Parked("s9", "no id"),))])
def test_what_a_damaged_catalogue_leaves_out_stays_known_until_it_is_over_everywhere(unsure: Catalog) -> None:
    yesterday, gone = ("s0", "berlin", date(2026, 11, 23)), ("s9", "berlin", date(2026, 11, 25))
    noon = NOW.replace(hour=12)  # midnight, twelve hours west of Greenwich
    assert plan.outdated([yesterday, gone], {}, unsure, noon - MINUTE) == []
    assert plan.outdated([yesterday, gone], {}, unsure, noon) == [yesterday]


def test_a_booking_made_moved_or_cancelled_touches_its_days_at_its_place() -> None:
    offered = catalog(BERLIN, AUCKLAND, services=2)
    keys = list(plan.wanted(offered, NOW, 6))
    old = make.booking(location_id="berlin", start=NOW, end=NOW + HOUR)
    moved = replace(old, start=old.start + timedelta(days=2), end=old.end + timedelta(days=2))
    by_id = BookingId("b1")
    for before, after, days in (
        ({}, {by_id: old}, {24}),
        ({by_id: old}, {}, {24}),
        ({by_id: old}, {by_id: moved}, {24, 26}),
        ({by_id: old}, {by_id: replace(old, contact_name="Eve", status=Status.CONFIRMED)}, set()),
    ):
        found = plan.touched(keys, plan.changes(before, after), offered)
        assert {(service, place, day.day) for service, place, day in found} == {
            (service, "berlin", day) for service in ("s0", "s1") for day in days
        }


def test_a_booking_over_midnight_touches_both_days() -> None:
    offered = catalog(BERLIN)
    late = make.booking(
        location_id="berlin", start=NOW.replace(hour=22, minute=30), end=NOW.replace(hour=23, minute=30)
    )
    found = plan.touched(plan.wanted(offered, NOW, 6), plan.changes({}, {late.id: late}), offered)
    assert [key[2].day for key in found] == [24, 25]
