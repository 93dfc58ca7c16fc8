"""A dragged event, to the field: the call, the wait, the put-back, and what each tells."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syncd.domain.actions import Action, ProblemKind, Record, Replace, Reschedule, Why
from syncd.domain.booking import Slot, Status
from syncd.domain.link import Awaiting, AwaitKind, Decision, Link, PutBack, Refusal, Wish
from syncd.domain.note import UNSURE, Note, NoteKind
from syncd.planning import landing, moves
from syncd.planning.case import Outcome
from syncd.planning.looks import questions
from syncd.planning.snapshot import Look, LookSlots
from tests.planning import builders as make
from tests.planning.builders import FOUR, HOUR, MINUTE, NOON, NOW, TEN, policy
from tests.planning.lens import B1, BOOKED, STOOD, case, done, draft, note, pair, planned, stands, worn

SECOND = timedelta(seconds=1)
DRAGGED = stands(FOUR)
AT_FOUR = f"Europe/Berlin:{make.zoned(FOUR).value}"
ASKED = LookSlots("cut", "loc_1", FOUR.date())
OPEN = {ASKED: (Slot("cut", "loc_1", FOUR),)}
WAITING = Awaiting(AwaitKind.MOVE, NOW, BOOKED, to=FOUR)


def move(link: Link, to: datetime = FOUR, said: Note | None = None, looks: Any = OPEN, **more: Any) -> Action:
    at = case(link, DRAGGED, looks=looks, **more)
    return done(moves.move(at, link.booking, DRAGGED, AT_FOUR, to, said))


def test_the_call_asks_for_that_start_and_what_follows_is_remembered() -> None:
    link = worn(put_backs=(), awaiting=None, refusal=None, wish=None, frozen=None)
    assert DRAGGED.event is not None
    assert STOOD.event is not None
    before = replace(link, wish=Wish(FOUR, NOW))
    assert link.note is not None
    after = replace(
        before,
        booking=make.booking(start=FOUR),
        start=make.zoned(FOUR),
        data=DRAGGED.data,
        event=DRAGGED.event,
        since=("s1", STOOD.event.fingerprint),
        etag='"2"',
        note=replace(link.note, until=NOW),
        wish=None,
    )
    assert move(link) == Reschedule(B1, Why.EVENT_MOVED, before, after, BOOKED, FOUR)


def test_the_call_ends_what_was_open_and_takes_the_wish_along() -> None:
    approved = replace(WAITING, decision=Decision.APPROVED)
    known = Refusal(NOON, note(NoteKind.REFUSED))
    link = worn(put_backs=(), frozen=None, note=None, pending=None, awaiting=approved, refusal=known)
    action = move(replace(link, wish=Wish(FOUR, NOW - MINUTE)))
    assert isinstance(action, Reschedule)
    assert action.before.wish == Wish(FOUR, NOW - MINUTE)
    after = action.link
    assert (after.wish, after.refusal, after.awaiting, after.note, after.pending) == (None, None, None, None, None)


def test_the_booking_keeps_its_own_length_when_it_moves() -> None:
    action = move(pair(booking=make.booking(end=TEN + 90 * MINUTE)))
    assert action.link.booking == make.booking(start=FOUR, end=FOUR + 90 * MINUTE)


def test_a_conflict_that_the_calendar_wins_is_told_once_it_is_booked() -> None:
    said = note(NoteKind.CONFLICT_CALENDAR)
    action = move(pair(pending=note(NoteKind.TRANSFERRED)), said=said)
    assert (action.why, action.link.pending) == (Why.CONFLICT, said)
    assert move(pair(pending=said)).link.pending == said


def test_where_it_stands_is_known_by_a_move_that_comes_after_one_in_doubt() -> None:
    for kind in UNSURE:
        assert move(pair(pending=note(kind))).link.pending is None


def test_a_floating_drag_is_remembered_as_it_is_written_with_its_instant() -> None:
    seen = stands(start=make.floating(FOUR))
    action = done(moves.move(case(pair(), seen, looks=OPEN), BOOKED, seen, "x", FOUR))
    assert action.link.start == replace(make.floating(FOUR), instant=FOUR)


@pytest.mark.parametrize("to", [NOW - SECOND, NOW, NOW + SECOND])
def test_the_past_begins_now(to: datetime) -> None:
    past = moves.refusal(case(pair()), BOOKED, to)
    assert past == (note(NoteKind.IN_THE_PAST, asked=to, was=TEN) if to <= NOW else None)
    begun = replace(BOOKED, start=to)
    told = moves.refusal(case(pair()), begun, FOUR)
    assert told == (note(NoteKind.BEGUN, asked=FOUR, was=to) if to <= NOW else None)


def test_a_refusal_is_told_for_that_start_alone() -> None:
    said = note(NoteKind.REFUSED, reason="no", was=TEN)
    refused = pair(refusal=Refusal(FOUR, said))
    assert moves.refusal(case(refused), BOOKED, FOUR) == said
    assert moves.refusal(case(refused), BOOKED, NOON) is None
    assert move(refused).link.note == said


def test_one_by_hand_is_told_for_any_start_until_its_event_is_seen() -> None:
    said = note(NoteKind.MOVE_REJECTED, at=NOW - HOUR, until=NOW + SECOND)
    stays = pair(refusal=Refusal(None, said))
    # told for as long as any other
    assert moves.refusal(case(stays), BOOKED, NOON) == note(NoteKind.MOVE_REJECTED, asked=NOON, was=TEN)
    assert (move(stays).why, move(stays).link.refusal) == (Why.MOVE_REFUSED, None)
    assert moves.refusal(case(pair(refusal=Refusal(None, replace(said, until=NOW)))), BOOKED, NOON) is None


@pytest.mark.parametrize("kind", AwaitKind)
@pytest.mark.parametrize("decision", [None, *Decision])
def test_a_rejected_move_is_told(kind: AwaitKind, decision: Decision | None) -> None:
    rejected = kind is AwaitKind.MOVE and decision is Decision.REJECTED
    link = pair(awaiting=Awaiting(kind, NOW, BOOKED, to=FOUR, decision=decision))
    told = moves.refusal(case(link), BOOKED, FOUR)
    assert told == (note(NoteKind.MOVE_REJECTED, asked=FOUR, was=TEN) if rejected else None)
    outcome = moves.move(case(link, DRAGGED, looks=OPEN), BOOKED, DRAGGED, AT_FOUR, FOUR)
    if kind is AwaitKind.MOVE and decision is None:
        assert outcome == Outcome()
    else:
        assert isinstance(outcome.action, Replace if rejected else Reschedule)
        assert outcome.action.link.awaiting is None


def test_dropped_near_its_own_start_it_goes_back_and_what_was_to_be_said_is_said() -> None:
    said = note(NoteKind.TRANSFERRED)
    action = move(pair(pending=said), to=TEN + MINUTE, rules=policy(snap=5 * MINUTE))
    assert (action.why, action.link.note, action.link.pending) == (Why.SNAPPED, said, None)
    assert action.link.booking == BOOKED


def test_put_back_with_the_reason_and_counted() -> None:
    open_then = tuple(Slot("cut", "loc_1", start) for start in (NOON, TEN, FOUR + HOUR, FOUR - HOUR, FOUR + 3 * HOUR))
    action = move(pair(note=note(NoteKind.ADOPTED)), looks={ASKED: open_then})
    assert isinstance(action, Replace)
    assert (action.why, action.draft) == (Why.MOVE_REFUSED, draft(BOOKED))
    nearest = (FOUR - HOUR, FOUR + HOUR, FOUR + 3 * HOUR)
    assert action.link.note == note(NoteKind.NOT_OPEN, asked=FOUR, was=TEN, slots=nearest)
    assert action.link.put_backs == (PutBack(NOW, AT_FOUR),)


def test_a_put_back_leaves_a_question_of_another_matter_open() -> None:
    other = Awaiting(AwaitKind.REROUTE, NOW, BOOKED)
    assert move(pair(awaiting=other), looks={ASKED: ()}).link.awaiting == other


@pytest.mark.parametrize("looks", [OPEN, {ASKED: ()}], ids=["open", "not open"])
def test_put_back_too_often_neither_writes_nor_asks(looks: Any) -> None:
    backs = (PutBack(NOW, AT_FOUR),) * 3
    for link in (pair(put_backs=backs), pair(put_backs=backs, refusal=Refusal(FOUR, note(NoteKind.REFUSED)))):
        outcome = moves.move(case(link, DRAGGED, looks=looks), BOOKED, DRAGGED, AT_FOUR, FOUR)
        assert outcome.problem is not None
        assert outcome.problem.kind is ProblemKind.FROZEN
    kept = moves.unbookable(case(pair(put_backs=backs), DRAGGED), BOOKED, DRAGGED, NoteKind.ALL_DAY)
    assert kept.problem is not None


def test_what_no_booking_can_be_is_put_back_with_its_own_sentence() -> None:
    action = done(moves.unbookable(case(pair(), DRAGGED), BOOKED, DRAGGED, NoteKind.ALL_DAY))
    assert (action.why, action.link.note) == (Why.MOVE_REFUSED, note(NoteKind.ALL_DAY, was=TEN))
    assert action.link.put_backs == (PutBack(NOW, AT_FOUR),)


@pytest.mark.parametrize("looks", [{}, {ASKED: Look.UNKNOWN}], ids=["not asked", "no answer"])
def test_without_an_answer_the_wish_waits(looks: Any) -> None:
    assert move(pair(), looks=looks) == Record(B1, Why.MOVE_WAITS, pair(wish=Wish(FOUR, NOW)))
    other = pair(wish=Wish(NOON, NOW - HOUR))
    assert move(other, looks=looks).link.wish == Wish(FOUR, NOW)


def test_where_slots_are_closed_to_us_zimun_alone_decides() -> None:
    assert isinstance(move(pair(), looks={ASKED: Look.CLOSED}), Reschedule)


@pytest.mark.parametrize(("waited", "told"), [(10 * MINUTE - SECOND, False), (10 * MINUTE, True)])
def test_after_ten_minutes_the_event_says_that_it_is_not_booked_yet(waited: timedelta, told: bool) -> None:
    link = pair(wish=Wish(FOUR, NOW - waited))
    seen = case(link, DRAGGED)
    outcome = moves.wait(seen, BOOKED, DRAGGED, FOUR)
    assert isinstance(outcome.action, Replace) is told
    asked = move(link)
    assert isinstance(asked, Replace) is told
    if told:
        assert outcome.action == asked == move(link, looks={})
        assert (asked.why, asked.link.wish) == (Why.MOVE_WAITS, link.wish)
        assert asked.link.note == note(NoteKind.NOT_YET_BOOKED, asked=FOUR, was=TEN)
        assert isinstance(asked, Replace)
        assert asked.draft == draft(BOOKED, span=None)


def test_what_says_that_it_was_cancelled_does_not_say_that_it_is_not_booked_yet() -> None:
    off = replace(BOOKED, status=Status.CANCELLED)
    said = note(NoteKind.CANCELLED)
    link = pair(booking=off, wish=Wish(FOUR, NOW - HOUR), note=said)
    assert moves.wait(case(link, DRAGGED), off, DRAGGED, FOUR).action is None
    assert moves.wait(case(link, DRAGGED), BOOKED, DRAGGED, FOUR).action is None


def test_told_once_it_is_asked_again_and_told_no_more() -> None:
    link = pair(wish=Wish(FOUR, NOW - HOUR), note=note(NoteKind.NOT_YET_BOOKED, asked=FOUR))
    assert isinstance(move(link), Reschedule)
    for said in (note(NoteKind.NOT_YET_BOOKED, asked=NOON), note(NoteKind.NOT_OPEN, asked=FOUR)):
        assert isinstance(move(replace(link, note=said)), Replace)


def test_an_open_question_is_not_talked_over() -> None:
    link = pair(wish=Wish(FOUR, NOW - HOUR), awaiting=replace(WAITING, decision=Decision.APPROVED))
    assert isinstance(move(link), Reschedule)


@pytest.mark.parametrize(
    ("service", "place", "to", "asked"),
    [
        ("cut", "loc_1", FOUR, True),
        ("", "loc_1", FOUR, False),
        ("cut", "loc_9", FOUR, False),
        ("cut", "loc_1", TEN + HOUR, True),
        ("cut", "loc_1", TEN + HOUR - SECOND, False),
        ("cut", "loc_1", TEN - HOUR, True),
        ("cut", "loc_1", TEN - HOUR + SECOND, False),
    ],
)
def test_slots_are_asked_for_where_they_can_tell(service: str, place: str, to: datetime, asked: bool) -> None:
    of = replace(BOOKED, service_id=service, location_id=place)
    assert landing.looks(case(pair()), of, to) == ((LookSlots(service, place, to.date()),) if asked else ())
    if not asked:
        assert landing.open_slots(case(pair()), of, to) is None


def test_the_day_is_the_places() -> None:
    late = datetime(2026, 3, 4, 0, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    asked = landing.looks(case(pair()), BOOKED, late.astimezone(NOW.tzinfo))
    assert asked == (LookSlots("cut", "loc_1", late.date()),)


@pytest.mark.parametrize(
    ("starts", "nearest"),
    [
        ([0, 60, 120], [0, 60, 120]),
        ([-30, 30], [-30, 30]),
        ([-90, -60, 60, 90], [-90, -60, 60]),  # equally far: the earlier
        ([-60, -60, 30, 90, 200], [-60, 30, 90]),
        ([], []),
    ],
)
def test_up_to_three_nearest_in_the_order_of_the_day(starts: list[int], nearest: list[int]) -> None:
    slots = tuple(Slot("cut", "loc_1", FOUR + number * MINUTE) for number in starts)
    assert landing.nearest(slots, FOUR) == tuple(FOUR + number * MINUTE for number in nearest)


# both sides moved


MOVED = make.booking(start=NOON)


def conflict(link: Link, who: str, **more: Any) -> Action:
    at = case(link, DRAGGED, booking=MOVED, rules=policy(conflict=who), **more)
    return done(moves.conflict(at, MOVED, DRAGGED, AT_FOUR, FOUR))


def test_zimun_decides_and_the_event_says_what_was_asked() -> None:
    action = conflict(pair(), "zimun")
    assert isinstance(action, Replace)
    assert (action.why, action.draft) == (Why.CONFLICT, draft(MOVED))
    assert action.link.note == note(NoteKind.CONFLICT_ZIMUN, asked=FOUR, was=NOON)
    assert action.link.put_backs == ()


def test_the_calendar_decides_and_zimun_is_asked() -> None:
    action = conflict(pair(), "calendar", looks=OPEN)
    assert isinstance(action, Reschedule)
    assert (action.why, action.expect, action.to) == (Why.CONFLICT, MOVED, FOUR)
    assert action.link.pending == note(NoteKind.CONFLICT_CALENDAR, asked=FOUR, was=NOON)


@pytest.mark.parametrize("who", ["zimun", "calendar"])
def test_refused_before_it_is_that_refusal_that_is_told(who: str) -> None:
    said = note(NoteKind.REFUSED, reason="no", was=TEN)
    action = conflict(pair(refusal=Refusal(FOUR, said)), who)
    assert (action.why, action.link.note) == (Why.CONFLICT, replace(said, was=NOON))


def test_put_back_too_often_a_conflict_is_not_asked_for_either() -> None:
    link = pair(put_backs=(PutBack(NOW, AT_FOUR),) * 3)
    at = case(link, DRAGGED, booking=MOVED, rules=policy(conflict="calendar"), looks=OPEN)
    outcome = moves.conflict(at, MOVED, DRAGGED, AT_FOUR, FOUR)
    assert outcome.problem is not None
    assert outcome.problem.kind is ProblemKind.FROZEN


# the looks that a move needs


def slots_asked(link: Link, booking: Any = BOOKED, to: datetime = FOUR, who: str = "zimun", **more: Any) -> bool:
    look = case(link, stands(to), booking=booking, **more).snapshot
    return any(isinstance(asked, LookSlots) for asked in questions(look, policy(conflict=who)))


def test_slots_are_looked_at_only_for_a_move_that_will_be_asked_for() -> None:
    assert slots_asked(pair())
    assert not slots_asked(pair(), to=TEN)
    assert not slots_asked(pair(), booking=MOVED)
    assert slots_asked(pair(), booking=MOVED, who="calendar")
    assert not slots_asked(pair(), booking=MOVED, to=NOON, who="calendar")
    assert not slots_asked(pair(refusal=Refusal(FOUR, note(NoteKind.REFUSED))))
    assert not slots_asked(pair(), to=TEN + 30 * MINUTE)
    assert not slots_asked(pair(), bookings={}, window=None)


def test_a_move_is_planned_from_what_was_looked_at() -> None:
    look = case(pair(), DRAGGED, looks=OPEN).snapshot
    assert questions(look, policy()) == frozenset()
    assert isinstance(planned(look), Reschedule)
