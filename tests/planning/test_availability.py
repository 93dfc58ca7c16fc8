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
    # cycles do not come to the second: a cycle that is half of one early is the right one
    before = known(tried(key, NOW - minutes * MINUTE + timedelta(seconds=31)))
    assert plan.due(before, only, NOW, MINUTE) == []
    assert plan.due(known(tried(key, NOW - minutes * MINUTE + timedelta(seconds=30))), only, NOW, MINUTE) == [key]


@pytest.mark.parametrize(
    ("seconds", "near", "week"), [(1, 300, 1800), (60, 300, 1800), (90, 270, 1800), (300, 300, 1800), (600, 600, 1800),
                                  (3600, 3600, 3600)],
)  # fmt: skip
def test_an_interval_is_a_whole_number_of_cycles(seconds: int, near: int, week: int) -> None:
    every = timedelta(seconds=seconds)
    assert (plan.interval(1, every), plan.interval(2, every)) == (timedelta(seconds=near), timedelta(seconds=week))


def test_one_service_at_one_place_asks_for_39_calls_an_hour() -> None:
    # 2 days x 12, 6 days x 2, 7 days x 1/3
    assert plan.demand(plan.wanted(catalog(BERLIN), NOW, 14).values(), MINUTE) == pytest.approx(24 + 12 + 7 / 3)
    assert plan.stretch(plan.wanted(catalog(BERLIN), NOW, 14).values(), MINUTE) == 1


@pytest.mark.parametrize(("seconds", "hourly"), [(1, 232), (60, 232), (120, 232), (300, 96), (600, 48), (3600, 8)])
def test_the_budget_of_an_hour_leaves_room_for_a_burst_and_few_cycles_have_few_calls(seconds: int, hourly: int) -> None:
    every = timedelta(seconds=seconds)
    assert plan.capacity(every) == pytest.approx(hourly)
    days = plan.wanted(catalog(BERLIN, services=40), NOW, 14).values()
    assert plan.stretch(days, every) == pytest.approx(plan.demand(days, every) / hourly)


def test_first_what_is_stale_then_what_is_late_and_never_asked_is_twice_as_late_as_the_budget_makes_all() -> None:
    days = plan.wanted(catalog(BERLIN), NOW, 5)
    keys = list(days)
    before = known(
        tried(keys[0], NOW - 9 * MINUTE),
        tried(keys[1], NOW - 11 * MINUTE),
        tried(keys[5], NOW - 5 * MINUTE, stale=True),
        tried(keys[4], NOW - 5 * MINUTE),
    )
    assert plan.due(before, days, NOW, MINUTE) == [keys[5], keys[1], keys[2], keys[3], keys[0]]
    many = plan.wanted(catalog(BERLIN, services=20), NOW, 5)
    assert plan.stretch(many.values(), MINUTE) > 2
    first = known(*(tried(key, NOW) for key in many if key not in keys))
    assert plan.due(first | before, many, NOW, MINUTE) == [keys[5], keys[2], keys[3], keys[1], keys[0]]


def test_no_cycle_bursts_also_after_a_long_time_and_no_part_of_a_call_is_lost() -> None:
    assert plan.allowance(None, NOW) == 8
    assert plan.allowance(NOW - 9 * HOUR, NOW) == 8
    assert plan.allowance(NOW, NOW) == 0
    assert plan.allowance(NOW + HOUR, NOW) == 0
    assert plan.allowance(NOW - MINUTE, NOW) == 3
    since = NOW - MINUTE
    for _ in range(3):
        since = plan.charged(since, NOW)
    assert [plan.allowance(since, NOW + minutes * MINUTE) for minutes in (0, 1)] == [0, 4]
    full = plan.charged(NOW - 9 * HOUR, NOW)
    assert (plan.allowance(full, NOW), full) == (7, plan.charged(None, NOW))


def test_a_time_from_the_future_is_due_and_stops_nothing() -> None:
    days = plan.wanted(catalog(BERLIN), NOW, 0)
    (key,) = days
    assert plan.due(known(tried(key, NOW + 9 * HOUR)), days, NOW, MINUTE) == [key]


@settings(deadline=None, max_examples=30)
@given(
    services=st.integers(1, 40),
    ahead=st.integers(0, 60),
    every=st.integers(1, 1_800),
)
def test_the_budget_holds_whatever_the_salon_and_the_interval(services: int, ahead: int, every: int) -> None:
    offered, now, since = catalog(BERLIN, services=services), NOW, None
    state: dict[DayKey, OpenDay] = {}
    asked = cycles = 0
    while now < NOW + HOUR and cycles < 40:
        days = plan.wanted(offered, now, ahead)
        keys = plan.due(state, days, now, timedelta(seconds=every))[: plan.allowance(since, now)]
        assert len(keys) <= plan.BURST
        for _ in keys:
            since = plan.charged(since, now)
        state |= known(*(tried(key, now) for key in keys))
        asked, cycles, now = asked + len(keys), cycles + 1, now + timedelta(seconds=every)
    assert asked <= plan.BURST + (now - NOW) / plan.PER_CALL


def test_each_day_of_a_big_salon_is_asked_about_in_time() -> None:
    """How often on an average: tests/engine/test_polling.py."""
    offered, now, since = catalog(BERLIN, AUCKLAND, services=5), NOW, None
    state: dict[DayKey, OpenDay] = {}
    for _ in range(6 * 60):
        for key in plan.due(state, plan.wanted(offered, now, 14), now, MINUTE)[: plan.allowance(since, now)]:
            since = plan.charged(since, now)
            state[key] = tried(key, now)
        now += MINUTE
    days = plan.wanted(offered, now, 14)
    factor = plan.stretch(days.values(), MINUTE)
    assert factor > 1
    # a day that only just came near was a far one until then
    assert all(
        now - state[key].tried_at <= 1.3 * factor * plan.interval(ahead + 1, MINUTE) for key, ahead in days.items()
    )


def refused(key: DayKey, at: datetime, read_at: datetime | None = None) -> OpenDay:
    return OpenDay(*key, tried_at=at, read_at=read_at, refused=True)


@pytest.mark.parametrize(("ahead", "minutes"), [(0, 60), (7, 60), (8, 180)])
def test_a_day_that_was_refused_alone_rests_for_an_hour_at_least(ahead: int, minutes: int) -> None:
    days = plan.wanted(catalog(BERLIN), NOW, 14)
    key = list(days)[ahead]
    state = known(*(tried(one, NOW) for one in days if one != key))
    early, late = (NOW - minutes * MINUTE + timedelta(seconds=seconds) for seconds in (31, 30))
    assert plan.due(state | known(refused(key, early)), days, NOW, MINUTE) == []
    assert plan.due(state | known(refused(key, late)), days, NOW, MINUTE) == [key]
    touched = replace(refused(key, NOW), stale=True)
    assert plan.due(state | known(touched), days, NOW, MINUTE) == [key]


def test_a_service_is_silent_where_each_day_of_the_next_week_is_refused() -> None:
    days = plan.wanted(catalog(BERLIN), NOW, 14)
    week, far = list(days)[:8], list(days)[8]
    state = known(*(refused(key, NOW - HOUR, NOW - 2 * HOUR) for key in week))
    assert plan.silent(state, days) == {("s0", "berlin"): week}
    # a far day may be known for hours already
    assert plan.silent(state | known(tried(far, NOW)), days) == {("s0", "berlin"): week}
    for key in week:
        # also where it was read long ago: cycles may be hours apart, and the budget small
        assert plan.silent(state | known(tried(key, NOW - 9 * HOUR)), days) == {}
        assert plan.silent({one: day for one, day in state.items() if one != key}, days) == {}
    assert plan.silent({}, days) == plan.silent({}, {}) == {}


def test_of_a_silent_service_the_day_of_the_week_that_was_asked_about_longest_ago_is_asked_once_an_hour() -> None:
    days = plan.wanted(catalog(BERLIN), NOW, 14)
    keys = list(days)
    state = known(*(refused(key, NOW - 2 * HOUR - number * MINUTE) for number, key in enumerate(keys)))
    state[keys[1]] = replace(state[keys[1]], stale=True)
    assert plan.due(state, days, NOW, MINUTE) == [keys[7]]
    assert plan.due(state | known(refused(keys[7], NOW - 59 * MINUTE)), days, NOW, MINUTE) == []
    assert plan.due(state | known(refused(keys[7], NOW - HOUR + MINUTE / 2)), days, NOW, MINUTE) == [keys[6]]
    # one from the future is one that a clock misdated
    assert plan.due(state | known(refused(keys[3], NOW + HOUR)), days, NOW, MINUTE) == [keys[3]]


def test_a_silent_service_takes_its_turn_among_the_others_by_how_late_it_is() -> None:
    days = plan.wanted(catalog(BERLIN, services=2), NOW, 7)
    silent, others = list(days)[:8], list(days)[8:]
    state = known(
        *(refused(key, NOW - 2 * HOUR) for key in silent),
        tried(others[0], NOW - 15 * MINUTE),
        tried(others[1], NOW - 6 * MINUTE),
        tried(others[2], NOW, stale=True),
        *(tried(key, NOW) for key in others[3:]),
    )
    assert plan.due(state, days, NOW, MINUTE) == [others[2], others[0], silent[0], others[1]]


def test_availability_is_closed_where_each_of_several_services_is_silent() -> None:
    days = plan.wanted(catalog(BERLIN, services=2), NOW, 1)
    state = known(*(refused(key, NOW) for key in days))
    assert plan.is_closed(state, days)
    for key in days:
        assert not plan.is_closed(state | known(tried(key, NOW)), days)
        assert not plan.is_closed({one: day for one, day in state.items() if one != key}, days)
    alone = plan.wanted(catalog(BERLIN, AUCKLAND), NOW, 1)
    assert not plan.is_closed(known(*(refused(key, NOW) for key in alone)), alone)


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
