"""What ended is remembered before a write that a calendar may refuse for long: it must not go on meanwhile."""

from dataclasses import replace
from typing import Any

import pytest

from syncd.domain.actions import Action, Cancel, Create, Record, Replace, Why
from syncd.domain.booking import Status
from syncd.domain.link import Awaiting, AwaitKind, Decision, Deletion, Frozen, Link, Missing, PutBack
from syncd.domain.note import NoteKind
from syncd.planning.case import Case
from syncd.planning.endings import only_what_ended
from syncd.planning.planner import decide
from syncd.planning.snapshot import FindEvent, Look, LookEvent
from tests.planning import builders as make
from tests.planning.builders import FOUR, HOME, HOUR, MINUTE, NOON, NOW, TEN
from tests.planning.lens import B1, BOOKED, STOOD, case, done, note, pair, stands

ELSEWHERE = {LookEvent(HOME, STOOD.href): Look.ABSENT, FindEvent("b1@zimun", B1): "https://dav.example.org/private/"}


def decided(made: Case, **looks: Any) -> Action:
    return done(decide(replace(made, snapshot=replace(made.snapshot, **looks))))


def test_a_grace_whose_event_stands_elsewhere_is_over_before_the_event_comes_back() -> None:
    begun = pair(deletion=Deletion(NOW - 11 * MINUTE, 0))
    assert decided(case(begun), looks=ELSEWHERE) == Record(B1, Why.EVENT_RETURNED, pair())
    assert isinstance(decided(case(pair()), looks=ELSEWHERE), Create)


def test_a_first_404_is_over_before_the_event_follows_its_booking() -> None:
    missing = pair(missing=Missing(NOW - 11 * MINUTE, 0))
    moved = make.booking(start=NOON)
    assert decided(case(missing, STOOD, booking=moved)) == Record(B1, Why.BOOKING_FOUND, pair())
    assert isinstance(decided(case(pair(), STOOD, booking=moved)), Replace)


def test_a_question_is_over_before_the_event_stops_asking() -> None:
    asks = note(NoteKind.CANCEL_ASKED, until=NOW + HOUR)
    asked = pair(note=asks, awaiting=Awaiting(AwaitKind.CANCEL, NOW - HOUR, make.booking(start=FOUR)))
    action = decided(case(asked, stands(noted=True)))
    assert action == Record(B1, Why.APPROVAL_LAPSED, pair(note=replace(asks, until=NOW), since=action.link.since))


BEGUN, GONE = Deletion(NOW - 11 * MINUTE, 0), Missing(NOW - 11 * MINUTE, 0)
QUESTION = Awaiting(AwaitKind.CANCEL, NOW - HOUR, BOOKED)


@pytest.mark.parametrize("ended", ["deletion", "missing", "awaiting"])
def test_of_a_pair_that_waits_for_an_answer_only_what_ended_is_remembered(ended: str) -> None:
    before = pair(deletion=BEGUN, missing=GONE, awaiting=QUESTION)
    after = replace(before, booking=make.booking(start=NOON), **{ended: None})
    over = only_what_ended(before, Record(B1, Why.EVENT_RETURNED, after), jumped=False)
    assert over == Record(B1, Why.EVENT_RETURNED, replace(before, **{ended: None}))


def test_nothing_is_where_nothing_ended_or_more_than_that_is_to_be_done() -> None:
    begun = pair(deletion=BEGUN)
    for before, after in ((begun, replace(begun, missing=GONE)), (pair(), begun), (begun, begun)):
        assert only_what_ended(before, Record(B1, Why.GRACE_BEGUN, after), jumped=False) is None
    later = replace(begun, deletion=Deletion(NOW, 9))
    assert only_what_ended(begun, Record(B1, Why.REMEMBERED, later), jumped=False) is None
    for jumped in (False, True):
        assert only_what_ended(None, Record(B1, Why.NEW, pair()), jumped=jumped) is None
        assert only_what_ended(begun, Cancel(B1, Why.EVENT_DELETED, begun, pair(), BOOKED), jumped=jumped) is None


def test_and_that_it_went_with_others() -> None:
    """Else it would be a single deletion once those have been answered."""
    before = pair(deletion=BEGUN)
    held = replace(before, booking=make.booking(start=NOON), went_unkept=True)
    record = only_what_ended(before, Record(B1, Why.DELETION_HELD, held), jumped=False)
    assert record == Record(B1, Why.DELETION_HELD, replace(before, went_unkept=True))


def test_and_what_begins_anew_after_a_clock_that_jumped() -> None:
    """Where its booking is left alone in that cycle, as while the answer to a change by hand is missing."""
    before = pair(deletion=BEGUN, missing=GONE)
    after = replace(before, booking=make.booking(start=NOON), deletion=Deletion(NOW, 9), missing=Missing(NOW, 9))
    again = replace(before, deletion=Deletion(NOW, 9), missing=Missing(NOW, 9))
    for why in (Why.GRACE_RESTARTED, Why.REMEMBERED):
        assert only_what_ended(before, Record(B1, why, after), jumped=True) == Record(B1, why, again)
    fresh = Record(B1, Why.REMEMBERED, replace(after, missing=None))
    assert only_what_ended(pair(), fresh, jumped=True) is None


def test_a_booking_that_lives_again_says_where_its_event_had_been_left() -> None:
    over: Link = pair(booking=replace(BOOKED, status=Status.CANCELLED), start=make.zoned(FOUR))
    action = decided(case(over, stands(FOUR), booking=BOOKED))
    assert action.why is Why.BOOKING_REVIVED
    assert action.link.note == note(NoteKind.ADOPTED, asked=FOUR, was=TEN)


def test_one_that_stands_where_it_is_booked_says_nothing() -> None:
    over: Link = pair(booking=replace(BOOKED, status=Status.CANCELLED))
    action = decided(case(over, stands(), booking=BOOKED))
    assert (action.why, action.link.note) == (Why.BOOKING_REVIVED, None)


def test_the_shells_no_tells_of_a_move_that_was_made_after_the_event_was_marked() -> None:
    waits = Awaiting(AwaitKind.CANCEL, NOW - HOUR, BOOKED, decision=Decision.REJECTED)
    marked = stands(FOUR, cancelled=True)
    action = decided(case(pair(awaiting=waits), marked), looks={LookEvent(HOME, marked.href): marked})
    assert (action.why, action.link.note) == (Why.REJECTED, note(NoteKind.ADOPTED, asked=FOUR, was=TEN))
    unmoved = stands(cancelled=True)
    action = decided(case(pair(awaiting=waits), unmoved), looks={LookEvent(HOME, unmoved.href): unmoved})
    assert (action.why, action.link.note) == (Why.REJECTED, None)


def test_a_question_about_one_that_is_left_alone_stays_for_the_shell() -> None:
    backs = tuple(PutBack(NOW - minutes * MINUTE, "") for minutes in (1, 2, 3))
    alone = pair(put_backs=backs, frozen=Frozen("", TEN), awaiting=Awaiting(AwaitKind.CANCEL, NOW, BOOKED))
    gone = {**ELSEWHERE, FindEvent("b1@zimun", B1): Look.ABSENT}
    for rules in (make.policy(), make.policy(deletions="ask")):
        made = case(alone, rules=rules)
        outcome = decide(replace(made, snapshot=replace(made.snapshot, looks=gone)))
        assert outcome.action is None
        assert outcome.problem is not None
