"""Where a drag lands: to the minute, or with `snap_minutes` on the nearest free time; and what is offered instead."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.domain.actions import Replace, Reschedule, Why
from syncd.domain.booking import Slot
from syncd.domain.ids import BookingId
from syncd.domain.link import AwaitKind, Decision
from syncd.domain.note import NoteKind
from syncd.planning import landing
from syncd.planning.snapshot import Answer, Look, LookSlots, Policy
from tests.planning import builders as make
from tests.planning.builders import DAY, FOUR, HOUR, MINUTE, NOON, NOW, TEN, policy
from tests.planning.lens import BOOKED, case, pair
from tests.planning.world import World, calls, effects, paired

B1 = BookingId("b1")
SNAP = policy(snap=20 * MINUTE)
TODAY = LookSlots("cut", "loc_1", FOUR.date())
BEFORE, AFTER = (replace(TODAY, day=TODAY.day + day) for day in (-DAY, DAY))


def slots(*starts: datetime) -> tuple[Slot, ...]:
    return tuple(Slot("cut", "loc_1", start) for start in starts)


def lands(to: datetime, *starts: datetime, rules: Policy = SNAP, **looks: Answer) -> datetime | Look | None:
    at = case(pair(), rules=rules, looks={TODAY: looks.get("today", slots(*starts)), AFTER: looks.get("after", ())})
    return landing.landing(at, BOOKED, to)


@pytest.mark.parametrize("rules", [policy(), SNAP], ids=["exact", "snap"])
def test_a_drop_on_an_open_slot_lands_there(rules: Policy) -> None:
    assert lands(FOUR, FOUR - 15 * MINUTE, FOUR, FOUR + 15 * MINUTE, rules=rules) == FOUR


@pytest.mark.parametrize(
    ("off", "landed"),
    [
        (-21, None),
        (-20, FOUR),
        (-1, FOUR),
        (1, FOUR),
        (14, FOUR),
        (15, FOUR),  # equally far from half past: the earlier
        (16, FOUR + 30 * MINUTE),
        (50, FOUR + 30 * MINUTE),
        (51, None),
    ],
)
def test_a_drop_beside_open_slots_lands_on_the_nearest_within_reach(off: int, landed: datetime | None) -> None:
    assert lands(FOUR + off * MINUTE, FOUR, FOUR + 30 * MINUTE) == landed


def test_without_a_snap_it_has_to_be_exact() -> None:
    assert lands(FOUR + MINUTE, FOUR, rules=policy()) is None


@pytest.mark.parametrize(("rules", "drop"), [(policy(), NOW), (SNAP, NOW + MINUTE)], ids=["exact", "snap"])
def test_what_is_over_is_nowhere_to_land(rules: Policy, drop: datetime) -> None:
    at = case(pair(), rules=rules, looks={replace(TODAY, day=NOW.date()): slots(NOW - 5 * MINUTE, NOW)})
    assert landing.landing(at, BOOKED, drop) is None
    assert landing.offers(at, BOOKED, drop) == ()


def test_nor_is_what_is_over_on_its_own_time() -> None:
    soon = make.booking(start=NOW + 30 * MINUTE)
    listed = slots(NOON - DAY, NOON - DAY + 30 * MINUTE)
    at = case(pair(), booking=soon, rules=SNAP, looks={replace(TODAY, day=NOW.date()): listed})
    assert landing.landing(at, soon, NOW + MINUTE) == NOW + MINUTE


def test_back_onto_its_own_time_it_stays() -> None:
    assert lands(TEN + 7 * MINUTE) == TEN
    assert lands(TEN - 20 * MINUTE) == TEN
    assert lands(TEN + 7 * MINUTE, TEN + 10 * MINUTE) == TEN + 10 * MINUTE  # a listed one is nearer


@pytest.mark.parametrize(
    ("off", "landed"), [(15, 15), (17, 15), (22, 15), (23, 30), (-14, -15), (6, 0), (-7, 0), (-8, -15), (58, 60)]
)
def test_on_its_own_time_the_steps_of_the_list_go_on(off: int, landed: int) -> None:
    """A booking can be moved by less than its length, though no list names such a start."""
    listed = [NOON + number * 15 * MINUTE for number in range(4)] + [TEN + HOUR]
    assert lands(TEN + off * MINUTE, *listed) == TEN + landed * MINUTE


def test_on_its_own_time_and_near_nothing_zimun_decides() -> None:
    assert lands(TEN + 25 * MINUTE, NOON) == TEN + 25 * MINUTE


def test_a_drop_in_reach_of_its_own_start_only_from_outside_stays_too() -> None:
    long = case(pair(), rules=policy(snap=2 * HOUR), looks={TODAY: ()})
    assert landing.landing(long, BOOKED, TEN + 90 * MINUTE) == TEN


def test_where_the_list_is_closed_zimun_decides_but_its_own_time_is_known() -> None:
    assert lands(FOUR, today=Look.CLOSED) == FOUR
    assert lands(TEN + 3 * MINUTE, today=Look.CLOSED) == TEN
    assert lands(FOUR, today=Look.UNKNOWN) is Look.UNKNOWN


def test_the_snap_reaches_over_midnight_at_the_place() -> None:
    late = NOW.replace(hour=22, minute=55) + DAY  # five to twelve in Berlin
    tomorrow = LookSlots("cut", "loc_1", (late + DAY).date())
    at = case(pair(), rules=SNAP)
    asked = landing.looks(at, BOOKED, late)
    assert asked == (replace(tomorrow, day=tomorrow.day - DAY), tomorrow)
    assert landing.landing(at, BOOKED, late) is Look.UNKNOWN
    at = case(pair(), rules=SNAP, looks={asked[0]: (), tomorrow: slots(late + 5 * MINUTE)})
    assert landing.landing(at, BOOKED, late) == late + 5 * MINUTE
    at = case(pair(), rules=SNAP, looks={asked[0]: slots(late - 5 * MINUTE), tomorrow: Look.CLOSED})
    assert landing.landing(at, BOOKED, late) == late - 5 * MINUTE


def test_and_back_over_the_midnight_before() -> None:
    early = NOW.replace(hour=23, minute=5) + DAY  # five past twelve in Berlin
    day = early.date()
    assert [one.day for one in landing.looks(case(pair(), rules=SNAP), BOOKED, early)] == [day + DAY, day]


def test_days_that_are_over_at_the_place_are_not_asked_about() -> None:
    now = NOW.replace(hour=23, minute=30)  # the next day in Berlin
    soon = now + HOUR
    asked = landing.looks(case(pair(), rules=policy(snap=24 * HOUR), now=now), BOOKED, soon)
    assert [one.day for one in asked] == [soon.date(), (soon + DAY).date()]


def test_where_nothing_is_open_that_day_the_days_beside_are_offered() -> None:
    nothing: Any = {TODAY: ()}
    assert landing.looks(case(pair(), looks=nothing), BOOKED, FOUR) == (TODAY, BEFORE, AFTER)
    assert landing.looks(case(pair(), looks={TODAY: slots(NOON)}), BOOKED, FOUR) == (TODAY,)
    both = nothing | {BEFORE: slots(FOUR - 25 * HOUR), AFTER: slots(*(FOUR + DAY + hour * HOUR for hour in range(3)))}
    offered = landing.offers(case(pair(), looks=both), BOOKED, FOUR)
    assert offered == (FOUR - 25 * HOUR, FOUR + DAY, FOUR + DAY + HOUR)
    failed = nothing | {BEFORE: Look.CLOSED, AFTER: Look.UNKNOWN}
    assert landing.offers(case(pair(), looks=failed), BOOKED, FOUR) == ()


OFF = st.integers(-90, 90).map(lambda minutes: minutes * MINUTE)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(to=OFF, starts=st.lists(OFF, max_size=8), snap=st.sampled_from([0, 1, 5, 15, 60]))
def test_it_lands_within_reach_on_nothing_that_is_not_known_or_its_own(
    to: timedelta, starts: list[timedelta], snap: int
) -> None:
    listed = {TEN + start for start in starts}
    rules = policy(snap=snap * MINUTE)
    target = lands(TEN + to, *listed, rules=rules)
    inside = abs(to) < HOUR
    if target is None:
        assert not inside
        assert all(abs(start - TEN - to) > rules.snap for start in listed)
        return
    assert isinstance(target, datetime)
    distance = abs(target - TEN - to)
    assert distance <= rules.snap
    assert target in listed | {TEN} or inside
    assert all(distance <= abs(start - TEN - to) for start in listed if abs(start - TEN - to) <= rules.snap)


# from the drag to the event


def test_booked_at_the_slot_near_the_drop_the_event_goes_there_without_a_note() -> None:
    world = paired(rules=SNAP)
    world.edit("b1", start=make.zoned(FOUR + 7 * MINUTE), end=make.zoned(FOUR + 67 * MINUTE), title="mine")
    done = effects(world.cycle())
    assert [(type(one), one.why) for one in done] == [(Reschedule, Why.EVENT_MOVED), (Replace, Why.SNAPPED)]
    assert world.bookings[B1].start == FOUR
    assert (world.start(), world.event().end.instant, world.note()) == (FOUR, FOUR + HOUR, None)
    assert world.event().title == "mine"
    assert world.cycle() == []


def test_back_onto_its_own_time_it_is_put_back_without_a_call_or_a_note() -> None:
    world = paired(rules=SNAP)
    world.drag("b1", TEN + 7 * MINUTE)
    done = effects(world.cycle())
    assert [(type(one), one.why) for one in done] == [(Replace, Why.SNAPPED)]
    assert (world.start(), world.note(), calls(world)) == (TEN, None, [])
    assert world.cycle() == []


def test_a_slot_on_its_own_time_is_asked_for() -> None:
    world = paired(rules=SNAP)
    world.taken = {TEN, TEN + 30 * MINUTE}
    world.drag("b1", TEN + 26 * MINUTE)
    world.cycle()
    assert (world.start(), world.note()) == (TEN + 30 * MINUTE, None)
    assert [one.to for one in calls(world) if isinstance(one, Reschedule)] == [TEN + 30 * MINUTE]


def test_zimuns_no_to_the_slot_is_a_no_to_the_drop() -> None:
    world = paired(rules=SNAP)
    world.refused = {FOUR}
    world.drag("b1", FOUR + 7 * MINUTE)
    world.settle()
    assert (world.start(), world.note()) == (TEN, NoteKind.REFUSED)
    assert [one.to for one in calls(world) if isinstance(one, Reschedule)] == [FOUR]


def test_too_many_drops_near_slots_await_approval_as_they_are_and_then_land() -> None:
    rules = replace(SNAP, max_moves=1)
    world = paired(2, rules)
    for name, start in (("b1", FOUR + 7 * MINUTE), ("b2", FOUR + 67 * MINUTE)):
        world.drag(name, start + DAY)
    for _ in range(3):
        world.cycle()
    awaiting = [link.awaiting for link in world.links.values()]
    assert [(one.kind, one.to) for one in awaiting if one is not None] == [
        (AwaitKind.MOVE, FOUR + DAY + 7 * MINUTE),
        (AwaitKind.MOVE, FOUR + DAY + 67 * MINUTE),
    ]
    assert calls(world) == []
    world.decide(Decision.APPROVED)
    world.settle()
    assert [world.bookings[BookingId(name)].start for name in ("b1", "b2")] == [FOUR + DAY, FOUR + DAY + HOUR]
    assert world.start() == FOUR + DAY


def test_killed_between_the_call_and_the_write_the_next_cycle_puts_it_there() -> None:
    world = paired(rules=SNAP)
    world.drag("b1", FOUR + 7 * MINUTE)
    world.cycle(rounds=1)
    assert (world.bookings[B1].start, world.start()) == (FOUR, FOUR + 7 * MINUTE)
    world.cycle()
    assert (world.start(), len(calls(world))) == (FOUR, 1)
    assert world.cycle() == []


def test_put_back_onto_its_own_time_by_two_programs_it_is_left_alone_in_the_end() -> None:
    world = paired(rules=SNAP)
    for _ in range(6):
        world.drag("b1", TEN + 7 * MINUTE)
        world.cycle()
    assert world.start() == TEN + 7 * MINUTE
    assert [problem.key for problem in world.problems] == ["b1"]
    assert calls(world) == []


MINUTES = st.integers(-600, 600).map(lambda minutes: minutes * MINUTE)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(drops=st.lists(MINUTES, min_size=1, max_size=4), snap=st.sampled_from([0, 5, 15, 30]))
def test_settles_wherever_it_is_dropped(drops: list[timedelta], snap: int) -> None:
    """Both sides end equal, on a time that is open or was the booking's own, or the event says why not."""
    world = World(policy(snap=snap * MINUTE))
    world.book("b1", TEN + 3 * DAY)
    world.cycle()
    for drop in drops:
        world.cycle(HOUR)  # what is put back three times within an hour is left alone
        before, where = world.bookings[B1].start, world.bookings[B1].start + drop
        world.drag("b1", where)
        world.settle()
        after = world.bookings[B1].start
        assert world.start() == after
        if after == before and world.note() is None:
            assert abs(drop) <= snap * MINUTE
        elif after != before:
            assert abs(after - where) <= snap * MINUTE
