"""What holds whatever happens: properties of the planner and the guard in the little world."""

from collections import Counter
from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.domain.actions import Cancel, Create, ProblemKind, Remove, Replace, Reschedule, Why
from syncd.domain.booking import Status
from syncd.domain.event import Event, Observation
from syncd.domain.ids import BookingId, uid_of
from syncd.domain.link import AwaitKind
from syncd.domain.note import NoteKind
from syncd.planning.routing import route
from tests.planning import builders as make
from tests.planning.builders import DAY, HOME, HOUR, MINUTE, SIDE, TEN
from tests.planning.people import (
    CUSTOMER,
    NAMES,
    PERSON,
    SHELL,
    STARTS,
    TIME,
    TROUBLE,
    Step,
    lived,
    same_print,
    steps,
    told,
    turned,
    world,
)
from tests.planning.world import World, calls, effects

quick = settings(max_examples=60, deadline=None, derandomize=True)
everything = steps(PERSON, CUSTOMER, TROUBLE, TIME, SHELL)


def right(world: World) -> None:
    """Each live booking has one event of ours, where and when it should be, or somebody is told why not."""
    frozen = {problem.key for problem in world.problems if problem.kind is ProblemKind.FROZEN}
    for booking in world.bookings.values():
        own = [seen for seen in world.objects.values() if seen.event and seen.event.uid.startswith(f"{booking.id}@")]
        link = world.links[booking.id]
        if booking.cancelled:
            assert not own or link.note is None or link.note.kind is NoteKind.CANCELLED
        elif booking.id not in frozen and link.closed is None and link.awaiting is None:
            (seen,) = own
            assert seen.event is not None
            assert (seen.event.start.instant, seen.event.end.instant) == (booking.start, booking.end)
            assert seen.calendar == route(booking, world.policy.routes)
            assert seen.event.uid == uid_of(booking.id)


@quick
@given(everything)
def test_settles(happened: list[Step]) -> None:
    life = lived(world(), happened)
    life.calm()
    assert effects(life.world.cycle()) == []
    assert life.world.cycle() == []
    right(life.world)


@quick
@given(everything)
def test_idle_and_echo_is_silent(happened: list[Step]) -> None:
    life = lived(world(), happened)
    life.calm()
    for seen in list(life.world.objects.values()):
        life.world.restore(seen)  # stored again to the letter, under a new tag
    assert effects(life.world.cycle()) == []
    assert life.world.cycle() == []


@quick
@given(everything)
def test_deterministic_and_order_free(happened: list[Step]) -> None:
    life = lived(world(), happened)
    life.world.now += MINUTE
    life.world.cycle_number += 1
    plan = deepcopy(life.world).plan()
    assert deepcopy(life.world).plan() == plan
    assert turned(life.world).plan() == plan


def edits(name: str) -> st.SearchStrategy[Step]:
    return st.builds(
        Step, st.sampled_from(["drag", "delete", "mark", "resize", "paste"]), st.just(name), st.sampled_from(STARTS)
    )


@quick
@given(
    steps(CUSTOMER, TIME, ("refuses", "not open", "slots down"), most=5),
    edits("b1"),
    steps(("move", "cancel", "rename", "place", "zimun down"), most=2),
    st.sampled_from(["zimun", "calendar"]),
    st.sampled_from(["cancel", "ask", "restore"]),
)
def test_no_silent_loss(before: list[Step], edit: Step, after: list[Step], conflict: str, deletions: str) -> None:
    """A person's edit ends on both sides, or somebody is told."""
    life = lived(world(conflict=conflict, deletions=deletions), before)
    life.world.refused, refused = set(), life.world.refused
    life.calm()
    life.world.refused = refused
    known = life.world.bookings[BookingId("b1")]
    if known.cancelled or life.world.seen("b1") is None:
        return
    life.take(edit)
    event = life.world.seen("b1")
    life = lived(life.world, after)
    life.calm()
    booking = life.world.bookings[known.id]
    if edit.what == "drag":
        assert booking.start == edit.to or booking.cancelled or told(life.world, "b1")
    elif edit.what in ("delete", "mark"):
        assert booking.cancelled or told(life.world, "b1")
    else:
        assert event is not None
        assert booking.cancelled == any(step.what == "cancel" and step.name == "b1" for step in after)


@quick
@given(steps(CUSTOMER, most=8), steps(("drag", "delete", "resize", "retitle"), most=3))
def test_no_customers_word_is_lost(customers: list[Step], persons: list[Step]) -> None:
    """Where Zimun decides, what customers did counts, whatever a person did in the same minute."""
    at_first = dict(world().bookings)
    life = lived(world(), customers)
    wanted = dict(life.world.bookings)
    touched = {step.name for step in persons}
    moved = {name for name, booking in wanted.items() if name in at_first and booking.start != at_first[name].start}
    for step in persons:
        life.take(step)
    life.calm()
    for booking_id, booking in life.world.bookings.items():
        if booking_id not in touched or booking_id in moved:
            assert (booking.start, booking.cancelled) == (wanted[booking_id].start, wanted[booking_id].cancelled)


@quick
@given(steps(PERSON, CUSTOMER, TROUBLE, TIME, most=20))
def test_unseen_is_not_gone(happened: list[Step]) -> None:
    life = lived(world(), [])
    for step in happened:
        down, dark = not life.world.zimun_up, set(life.world.unreadable)
        before = {link.booking_id: link.calendar for link in life.world.links.values()}
        count = len(life.done)
        life.take(step)
        for action in effects(life.done[-1]) if len(life.done) > count else []:
            if down:
                assert not isinstance(action, Reschedule | Cancel)
                assert action.why not in (Why.BOOKING_GONE, Why.BOOKING_CANCELLED) or _agreed(
                    life.world, action.booking_id
                )
            if dark:
                assert not isinstance(action, Cancel)
                assert not (isinstance(action, Reschedule) and before[action.booking_id] in dark)
            if isinstance(action, Create | Replace | Remove):
                assert action.calendar not in dark


def _agreed(world: World, booking_id: BookingId) -> bool:
    return world.links[booking_id].booking.cancelled


@quick
@given(st.integers(3, 12), st.integers(1, 3), st.sampled_from(["zimun", "calendar"]))
def test_an_emptied_calendar_awaits(count: int, batches: int, conflict: str) -> None:
    life = World(make.policy(conflict=conflict))
    names = [f"b{number}" for number in range(count)]
    for number, name in enumerate(names):
        life.book(name, TEN + number * HOUR / 2)
    life.cycle()
    for first in range(batches):
        life.delete(*names[first::batches])
        life.cycle()
    for _ in range(4):
        life.cycle(11 * MINUTE)
    assert calls(life) == []
    awaiting = Counter(link.awaiting.kind for link in life.links.values() if link.awaiting is not None)
    assert awaiting == {AwaitKind.CANCEL: count}
    assert len(life.objects) == count


@quick
@given(st.integers(1, 12), st.booleans())
def test_an_emptied_zimun_is_no_evidence(count: int, found: bool) -> None:
    life = World()
    for number in range(count):
        life.book(f"b{number}", TEN + number * HOUR / 2)
    life.cycle()
    (life.unlisted if found else life.hidden).update(life.bookings)
    for _ in range(4):
        assert effects(life.cycle(11 * MINUTE)) == []
    assert len(life.objects) == count


@quick
@given(everything)
def test_no_livelock(happened: list[Step]) -> None:
    """Twenty cycles after the last edit: no more writes than the edits explain, and then none."""
    life = lived(world(), happened)
    life.calm()
    life.world.log.clear()
    late = [effects(life.world.cycle()) for _ in range(20)]
    assert sum(map(len, late)) == 0
    assert len(effects(life.world.log)) <= 6 * (len(happened) + 1)


@pytest.mark.parametrize("rewrites", ["title", "utc", "texts", "length", "stamp"])
def test_a_server_that_rewrites_what_it_stores_is_not_written_to_for_ever(rewrites: str) -> None:
    class Rewriting(World):
        def put(self, what: Event, *more: object, **others: object) -> Observation:
            start, end = what.start.instant or TEN, what.end.instant or TEN
            changes: dict[str, dict[str, object]] = {
                "title": {"title": what.title[:5]},
                "utc": {"start": make.utc(start), "end": make.utc(end)},
                "texts": {"description": what.description.upper() + "\n", "place": ""},
                "length": {"end": make.zoned(start + HOUR / 2)},
                "stamp": {"recurring": False},
            }
            return super().put(replace(what, **changes[rewrites]), *more, **others)  # type: ignore[arg-type]

    life = Rewriting()
    for name in NAMES:
        life.book(name, TEN + 3 * DAY)
    for _ in range(6):
        life.cycle()
    life.change("b1", contact_name="Bea", start=TEN + 4 * DAY)
    life.cycle()
    life.cycle()
    life.log.clear()
    for _ in range(30):
        life.cycle()
    assert effects(life.log) == []
    assert calls(life) == []


@quick
@given(steps(PERSON, TIME, ("refuses", "not open"), most=10))
def test_incremental_equals_full(happened: list[Step]) -> None:
    """Listing the near days only, and looking up the few that stir, comes to the same as listing all."""
    full, near = world(), world()
    near.near = HOUR
    ends = []
    for each in (full, near):
        life = lived(each, happened)
        life.calm()
        ends.append(same_print(each))
    assert ends[0] == ends[1]


@quick
@given(steps(PERSON, CUSTOMER, TIME))
def test_held_and_foreign_things_are_never_touched(happened: list[Step]) -> None:
    life = lived(world(), [])
    life.world.book("held", STARTS[0], status=Status.HELD)
    private = life.world.put(make.event(make.booking("x"), booking_id="", uid="dentist@phone"), SIDE, "dentist.ics")
    for step in happened:
        life.take(step)
    life.calm()
    assert life.world.objects[private.key] == private
    assert life.world.seen("held") is None
    assert not [action for action in life.world.log if action.booking_id in ("held", "x")]
    assert HOME in life.world.managed
