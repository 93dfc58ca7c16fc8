"""From the table to what decides: the marked event, the start asked for, the version that stands there, the reason."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from syncd.domain.actions import Action, Create, ProblemKind, Record, Remove, Replace, Why
from syncd.domain.booking import Status
from syncd.domain.link import Deletion, PutBack, Wish
from syncd.domain.note import NoteKind
from syncd.planning.case import Case
from syncd.planning.instants import letters
from syncd.planning.planner import decide, is_alive
from syncd.planning.snapshot import FindEvent, Look, LookEvent
from tests.planning import builders as make
from tests.planning.builders import DAY, FOUR, HOME, HOUR, NOON, NOW, SIDE, policy
from tests.planning.lens import B1, BOOKED, case, done, note, pair, stands


def decided(made: Case, **looks: Any) -> Action:
    return done(decide(replace(made, snapshot=replace(made.snapshot, **looks))))


def test_a_move_while_zimun_is_down_waits_and_the_version_that_asks_for_it_is_noticed() -> None:
    dragged = stands(FOUR)
    assert dragged.event is not None
    waiting = pair(wish=Wish(FOUR, NOW), since=(dragged.event.fingerprint,))
    assert decided(case(pair(), dragged), bookings={}, window=None) == Record(B1, Why.MOVE_WAITS, waiting)


def test_an_event_marked_as_cancelled_is_brought_back_in_its_place() -> None:
    marked = stands(cancelled=True)
    action = decided(
        case(pair(), marked, rules=policy(deletions="restore")), looks={LookEvent(HOME, marked.href): marked}
    )
    assert isinstance(action, Replace)
    assert (action.why, action.href) == (Why.DELETION_RESTORED, marked.href)


def test_an_event_of_which_a_copy_stands_comes_back_and_says_that() -> None:
    looks = {LookEvent(HOME, "/home/b1.ics"): Look.ABSENT, FindEvent("b1@zimun", B1): Look.COPIED}
    action = decided(case(pair()), looks=looks)
    assert (type(action), action.link.note) == (Create, note(NoteKind.COPIED, was=BOOKED.start))


def test_a_booking_that_was_cancelled_while_its_event_was_marked_so_takes_it_away_as_cancelled() -> None:
    marked = stands(cancelled=True)
    off = replace(BOOKED, status=Status.CANCELLED)
    action = decided(case(pair(), marked, booking=off), looks={LookEvent(HOME, marked.href): marked})
    assert (type(action), action.why) == (Remove, Why.BOOKING_CANCELLED)


def test_both_moved_and_put_back_from_there_three_times_it_is_left_alone() -> None:
    dragged = stands(FOUR)
    assert dragged.event is not None
    fought = pair(put_backs=(PutBack(NOW, letters(dragged.event.start)),) * 3)
    outcome = decide(case(fought, dragged, booking=make.booking(start=NOON), rules=policy(conflict="calendar")))
    assert outcome.problem is not None
    assert outcome.problem.kind is ProblemKind.FROZEN


@pytest.mark.parametrize("managed", [frozenset({HOME, SIDE}), frozenset({SIDE})], ids=["managed", "not any more"])
def test_a_grace_that_begins_anew_is_remembered_as_that_where_nothing_else_is_done(managed: frozenset[str]) -> None:
    begun = case(pair(deletion=Deletion(NOW - HOUR, 0)))
    outcome = decide(
        replace(begun, snapshot=replace(begun.snapshot, bookings={}, window=None, managed=managed, clock_jumped=True))
    )
    assert outcome.action == Record(B1, Why.GRACE_RESTARTED, pair(deletion=Deletion(NOW, 1)))


@pytest.mark.parametrize(("late", "alive"), [(timedelta(0), True), (timedelta(seconds=1), False)])
def test_a_booking_that_was_moved_out_of_the_past_is_looked_after(late: timedelta, alive: bool) -> None:
    old = pair(booking=make.booking(start=NOW - 9 * DAY))
    seen = make.booking(start=NOW - DAY - HOUR - late)
    assert is_alive(old, make.snapshot(bookings=(seen,), links=(old,)), policy()) is alive
