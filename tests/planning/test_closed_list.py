"""Where Zimun does not list bookings to this client."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from syncd.domain.actions import Why
from syncd.domain.booking import Booking
from syncd.domain.ids import BookingId
from syncd.domain.link import Awaiting, AwaitKind, Closed, ClosedWhy, Decision, Missing, Wish
from syncd.domain.note import NoteKind
from syncd.planning.looks import Turn, questions, turn
from syncd.planning.planner import make_plan
from syncd.planning.snapshot import Look, LookBooking, Snapshot
from tests.planning import builders as make
from tests.planning.builders import DAY, FOUR, HOUR, MINUTE, NOW, SIDE, policy
from tests.planning.lens import B1, STOOD, note, pair, stands

BY_ID = LookBooking(B1)


def test_where_the_list_is_closed_each_known_booking_is_looked_at_by_its_id() -> None:
    seen = make.observation(make.event(make.booking()))
    look = make.snapshot(links=(make.link(make.booking(), seen),), events=(seen,), window=None, list_closed=True)
    assert LookBooking(BookingId("b1")) in questions(look, policy())


def closed(old: Booking) -> Snapshot:
    """That booking and its event, as both sides agreed, where the list is closed."""
    seen = make.observation(make.event(old))
    return make.snapshot(links=(make.link(old, seen),), events=(seen,), window=None, list_closed=True)


@pytest.mark.parametrize(("earlier", "looked_at"), [(0 * MINUTE, True), (MINUTE, False)])
def test_what_ended_lately_is_looked_at_once_more_and_followed_where_its_customer_moved_it(
    earlier: timedelta, *, looked_at: bool
) -> None:
    ended = NOW - 3 * DAY
    old = make.booking(start=ended - HOUR - earlier)
    assert questions(closed(old), policy()) == set()
    look = replace(closed(old), ended_since=ended)
    assert questions(look, policy()) == ({BY_ID} if looked_at else set())
    same = replace(look, looks={BY_ID: old})
    assert (questions(same, policy()), make_plan(same, policy()).actions) == (set(), ())
    moved = replace(look, looks={BY_ID: make.booking(start=FOUR)})
    (action,) = make_plan(moved, policy()).actions
    assert action.link.booking.start == FOUR


def test_but_not_where_the_list_is_open_nor_what_is_none_of_ours_any_more() -> None:
    look = replace(closed(make.booking(start=NOW - 2 * DAY)), ended_since=NOW - 3 * DAY)
    assert questions(look, policy()) == {BY_ID}
    assert questions(replace(look, list_closed=False), policy()) == set()
    assert questions(replace(look, managed=frozenset({SIDE}), readable=frozenset({SIDE})), policy()) == set()
    over = replace(look.links[B1], closed=Closed(NOW - DAY, ClosedWhy.DELETED_PAST))
    assert questions(replace(look, links={B1: over}), policy()) == set()


@pytest.mark.parametrize(("start", "looked_at"), [(NOW, False), (NOW + MINUTE, True)])
def test_what_a_clock_that_was_ahead_took_for_past_is_looked_at_and_gets_its_event_again(
    start: datetime, *, looked_at: bool
) -> None:
    soon = make.booking(start=start)
    over = pair(booking=soon, closed=Closed(NOW + 2 * DAY, ClosedWhy.DELETED_PAST))
    look = make.snapshot(links=(over,), window=None, list_closed=True)
    assert questions(look, policy()) == ({BY_ID} if looked_at else set())
    assert questions(replace(look, list_closed=False), policy()) == set()
    assert questions(replace(look, bookings={B1: soon}), policy()) == set()
    assert questions(replace(look, clock_jumped=True), policy()) == set()
    if looked_at:
        for answer, why in ((soon, Why.DELETION_RESTORED), (make.booking(start=FOUR), Why.BOOKING_REVIVED)):
            (action,) = make_plan(replace(look, looks={BY_ID: answer}), policy()).actions
            assert (action.why, action.link.closed) == (why, None)
        # what no call can read counts as it last was
        (action,) = make_plan(replace(look, looks={BY_ID: Look.CLOSED}), policy()).actions
        assert (action.why, action.link.booking) == (Why.DELETION_RESTORED, soon)
        for gone in (Look.ABSENT, Look.UNKNOWN):
            assert make_plan(replace(look, looks={BY_ID: gone}), policy()).actions == ()


# whose turn it is


def when(**changes: Any) -> Turn:
    look = make.snapshot(links=(pair(**changes),), events=(STOOD,), window=None, list_closed=True)
    assert BY_ID in questions(look, policy())
    return turn(BY_ID, look, policy())


APPROVED = Awaiting(AwaitKind.REMOVAL, NOW, make.booking(), decision=Decision.APPROVED)
REJECTED = replace(APPROVED, decision=Decision.REJECTED)


@pytest.mark.parametrize(
    ("changes", "presses"),
    [
        ({}, False),
        ({"wish": Wish(FOUR, NOW)}, True),
        ({"pending": note(NoteKind.TRANSFERRED)}, True),
        ({"missing": Missing(NOW, 0)}, True),
        ({"note": note(NoteKind.NOT_OPEN, until=NOW)}, True),
        ({"event": None}, True),
        *(({"awaiting": replace(APPROVED, kind=kind)}, True) for kind in AwaitKind),
        # a no is carried out once, or stays for good
        ({"awaiting": replace(REJECTED, kind=AwaitKind.CANCEL)}, True),
        ({"awaiting": replace(REJECTED, kind=AwaitKind.MOVE)}, True),
        ({"awaiting": REJECTED, "missing": Missing(NOW, 0)}, False),
        ({"awaiting": replace(REJECTED, kind=AwaitKind.REROUTE)}, False),
        # hundreds may wait for a person's word, and for a night
        ({"awaiting": replace(APPROVED, decision=None)}, False),
        ({"awaiting": replace(APPROVED, decision=None), "missing": Missing(NOW, 0)}, False),
        ({"awaiting": replace(APPROVED, decision=None), "event": None}, True),
    ],
)
def test_where_something_waits_for_a_booking_it_is_looked_at_at_once(changes: dict[str, Any], *, presses: bool) -> None:
    assert when(**changes) is (Turn.AT_ONCE if presses else Turn.IN_TURN)


def test_so_it_is_where_its_event_was_moved_or_is_gone() -> None:
    links = (pair(),)
    for seen in ((stands(FOUR),), ()):
        look = make.snapshot(links=links, events=seen, window=None, list_closed=True)
        assert turn(BY_ID, look, policy()) is Turn.AT_ONCE
        assert turn(BY_ID, replace(look, list_closed=False), policy()) is Turn.AT_ONCE


@pytest.mark.parametrize("decision", [None, *Decision])
def test_where_its_calendar_left_the_config_only_a_persons_yes_presses(decision: Decision | None) -> None:
    awaiting = Awaiting(AwaitKind.REROUTE, NOW, make.booking(), target=SIDE, decision=decision)
    left = {"managed": frozenset({SIDE}), "readable": frozenset({SIDE})}
    for link in (pair(missing=Missing(NOW, 0)), pair(awaiting=awaiting)):
        look = replace(make.snapshot(links=(link,), window=None, list_closed=True), **left)
        assert BY_ID in questions(look, policy())
        goes = link.awaiting is not None and decision is Decision.APPROVED
        assert turn(BY_ID, look, policy()) is (Turn.AT_ONCE if goes else Turn.IN_TURN)


def test_what_is_over_has_turns_of_its_own_and_what_has_no_pair_is_looked_at_at_once() -> None:
    look = replace(closed(make.booking(start=NOW - 2 * DAY)), ended_since=NOW - 3 * DAY)
    assert turn(BY_ID, look, policy()) is Turn.LOOK_BACK
    assert turn(BY_ID, replace(look, links={}), policy()) is Turn.AT_ONCE
