"""A deleted event, to the field: the grace to the second, what the event says when it comes back, the call."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from syncd.domain.actions import Action, Cancel, Create, ProblemKind, Record, Replace, Reschedule, Why
from syncd.domain.booking import Booking, Slot
from syncd.domain.event import EventTime, Observation, Put
from syncd.domain.link import Awaiting, AwaitKind, Closed, ClosedWhy, Decision, Deletion, Link, PutBack, Wrote
from syncd.domain.note import NoteKind
from syncd.planning import deletions
from syncd.planning.case import Outcome
from syncd.planning.instants import letters
from syncd.planning.looks import questions
from syncd.planning.planner import decide
from syncd.planning.snapshot import FindEvent, Look, LookBooking, LookEvent, LookSlots, Policy
from tests.planning import builders as make
from tests.planning.builders import DAY, FOUR, HOME, HOUR, MINUTE, NOON, NOW, SIDE, TEN, policy
from tests.planning.lens import B1, BOOKED, STOOD, case, done, note, pair, planned, stands, worn

SECOND = timedelta(seconds=1)
GRACE = 10 * MINUTE
BEGUN = Deletion(NOW - GRACE, 0)
QUESTION = Awaiting(AwaitKind.CANCEL, NOW - HOUR, BOOKED)
GONE = {LookEvent(HOME, STOOD.href): Look.ABSENT, FindEvent("b1@zimun", B1): Look.ABSENT}


def delete(
    link: Link,
    *,
    booking: Booking | None = None,
    marked: Observation | None = None,
    rules: Policy | None = None,
    **more: Any,
) -> Action:
    at = case(link, *([marked] if marked else []), booking=booking, rules=rules, **more)
    return done(deletions.delete(at, booking or link.booking, marked))


def test_the_grace_begins_and_is_stored() -> None:
    assert delete(pair(), cycle=4) == Record(B1, Why.GRACE_BEGUN, pair(deletion=Deletion(NOW, 4)))


def test_deleted_again_after_the_question_the_grace_remembers_that_it_was_asked() -> None:
    action = delete(pair(awaiting=QUESTION), cycle=4)
    assert isinstance(action, Record)
    assert action.link.deletion == Deletion(NOW, 4, asked=True)


@pytest.mark.parametrize(("since", "over"), [(GRACE - SECOND, False), (GRACE, True), (GRACE + SECOND, True)])
@pytest.mark.parametrize(("begun", "later"), [(0, True), (1, False), (2, False)])
def test_the_grace_ends_to_the_second_and_in_a_later_cycle(
    since: timedelta, begun: int, *, over: bool, later: bool
) -> None:
    link = pair(deletion=Deletion(NOW - since, begun))
    outcome = deletions.delete(case(link), BOOKED, None)
    assert isinstance(outcome.action, Cancel) is (over and later)
    assert outcome == Outcome() or (over and later)


def test_marked_as_cancelled_after_it_was_gone_it_stood_meanwhile_and_has_its_own_grace() -> None:
    marked = stands(cancelled=True)
    began_anew = Record(B1, Why.GRACE_BEGUN, pair(deletion=Deletion(NOW, 4, marked=True)))
    assert delete(pair(deletion=BEGUN), marked=marked, cycle=4) == began_anew
    assert isinstance(delete(pair(deletion=replace(BEGUN, marked=True)), marked=marked), Cancel)
    gone_now = Record(B1, Why.GRACE_BEGUN, pair(deletion=Deletion(NOW, 4)))
    assert delete(pair(deletion=replace(BEGUN, marked=True)), cycle=4) == gone_now


def test_the_grace_is_the_configs() -> None:
    link = pair(deletion=Deletion(NOW - 2 * MINUTE, 0))
    assert isinstance(delete(link, rules=policy(cancel_grace=2 * MINUTE)), Cancel)


def test_the_call_names_the_booking_as_it_is_and_all_that_was_open_is_over() -> None:
    said = note(NoteKind.CANCEL_ASKED)
    eva = make.booking(contact_name="Eva")
    link = pair(deletion=BEGUN, awaiting=QUESTION, note=said)
    after = replace(link, booking=eva, deletion=None, awaiting=None, note=replace(said, until=NOW))
    assert delete(link, booking=eva) == Cancel(B1, Why.EVENT_DELETED, link, after, eva)
    assert delete(replace(link, note=None)) == Cancel(
        B1, Why.EVENT_DELETED, replace(link, note=None), replace(after, note=None, booking=BOOKED), BOOKED
    )


def test_an_approved_deletion_is_called_so() -> None:
    link = pair(awaiting=replace(QUESTION, decision=Decision.APPROVED), note=note(NoteKind.CANCEL_ASKED))
    action = planned(make.snapshot(bookings=(BOOKED,), links=(link,), looks=GONE))
    assert isinstance(action, Cancel)
    assert (action.why, action.expect) == (Why.APPROVED, BOOKED)


@pytest.mark.parametrize(("start", "past"), [(NOW - SECOND, True), (NOW, True), (NOW + SECOND, False)])
def test_a_booking_that_has_begun_is_tidied_away_not_cancelled(start: object, past: bool) -> None:
    begun = replace(BOOKED, start=start)
    action = delete(pair(), booking=begun)
    over = pair(booking=begun, closed=Closed(NOW, ClosedWhy.DELETED_PAST))
    assert (action == Record(B1, Why.DELETED_PAST, over)) is past


def test_past_is_judged_by_when_the_deletion_began() -> None:
    at_nine = replace(BOOKED, start=NOW - 5 * MINUTE)
    assert isinstance(delete(pair(booking=at_nine, deletion=BEGUN)), Cancel)
    action = delete(pair(booking=at_nine, deletion=Deletion(NOW - 5 * MINUTE, 0)))
    assert (action.why, action.link.deletion) == (Why.DELETED_PAST, None)


@pytest.mark.parametrize(
    ("kind", "why"), [(NoteKind.CANCEL_REFUSED, Why.CANCEL_REFUSED), (NoteKind.ADOPTED, Why.ADOPTED)]
)
@pytest.mark.parametrize("marked", [None, stands(cancelled=True)], ids=["gone", "marked"])
def test_what_the_event_still_has_to_tell_brings_it_back(kind: NoteKind, why: Why, marked: Observation | None) -> None:
    said = note(kind, at=NOW - MINUTE)
    action = delete(pair(pending=said, deletion=BEGUN), marked=marked)
    assert isinstance(action, Replace if marked else Create)
    assert (action.why, action.link.note, action.link.pending) == (why, said, None)


def test_any_other_word_for_the_event_holds_no_grace_up() -> None:
    assert delete(pair(pending=note(NoteKind.TRANSFERRED))).why is Why.GRACE_BEGUN


def test_when_its_twin_was_removed_and_it_was_not_seen_since_a_deletion_is_half_a_transfer() -> None:
    action = delete(pair(twin_removed_at=NOW - DAY))
    assert (action.why, action.link.note) == (Why.EVENT_TRANSFERRED, note(NoteKind.TRANSFERRED))
    assert action.link.twin_removed_at is None
    marked = delete(pair(twin_removed_at=NOW - DAY), marked=stands(cancelled=True))
    assert (type(marked), marked.why) == (Replace, Why.EVENT_TRANSFERRED)
    again = delete(pair(twin_removed_at=NOW - DAY, deletion=BEGUN), marked=None)
    assert isinstance(again, Cancel)


@pytest.mark.parametrize("marked", [None, stands(cancelled=True)], ids=["gone", "marked"])
def test_when_it_was_asked_for_again_a_deletion_counts_from_the_second_time_on(marked: Observation | None) -> None:
    action = delete(pair(asked_again_at=NOW - DAY, twin_removed_at=NOW - DAY), marked=marked)
    assert isinstance(action, Replace if marked else Create)
    assert (action.why, action.link.note) == (Why.NOTE_DUE, note(NoteKind.ASKED_AGAIN))
    assert (action.link.asked_again_at, action.link.twin_removed_at) == (None, None)
    begun = replace(BEGUN, marked=marked is not None)
    assert isinstance(delete(pair(asked_again_at=NOW - DAY, deletion=begun), marked=marked), Cancel)
    restored = delete(pair(asked_again_at=NOW - DAY), marked=marked, rules=policy(deletions="restore"))
    assert restored.why is Why.DELETION_RESTORED, "the note is not to say that deleting it again cancels the booking"


@pytest.mark.parametrize("kind", AwaitKind)
def test_asked_for_again_its_deletion_is_over_and_the_question_whether_it_was_meant(kind: AwaitKind) -> None:
    asking = Awaiting(kind, NOW - HOUR, BOOKED)
    said = note(NoteKind.CANCEL_ASKED, at=NOW - HOUR)
    before = pair(deletion=BEGUN, awaiting=asking, note=said)
    after = replace(before, deletion=None, asked_again_at=NOW)
    if kind is AwaitKind.CANCEL:
        after = replace(after, awaiting=None, note=replace(said, until=NOW))
    assert deletions.asked_again(before, NOW) == after
    told = note(NoteKind.REFUSED)
    assert deletions.asked_again(pair(awaiting=asking, note=told), NOW).note == told


@pytest.mark.parametrize(
    ("ago", "looked", "known"),
    [
        (GRACE, stands(), None),
        (GRACE, Look.ABSENT, NOW - GRACE),
        (GRACE, stands(cancelled=True), NOW - GRACE),
        (GRACE - SECOND, stands(), NOW - GRACE + SECOND),
    ],
)
def test_looked_at_again_a_while_later_it_is_known_to_be_the_only_one(
    ago: timedelta, looked: Observation | Look, known: datetime | None
) -> None:
    seen = stands(title="another")
    looks = {LookEvent(HOME, seen.href): looked}
    for since in ({"twin_removed_at": NOW - ago}, {"asked_again_at": NOW - ago, "twin_removed_at": NOW - DAY}):
        action = decide(case(pair(**since), seen, looks=looks)).action
        assert action is not None
        assert action.link == replace(action.link, **(dict.fromkeys(since) if known is None else since))


@pytest.mark.parametrize(("ago", "asked"), [(GRACE, True), (GRACE - SECOND, False)])
def test_that_look_is_a_direct_one(ago: timedelta, *, asked: bool) -> None:
    made = case(pair(twin_removed_at=NOW - ago), stands())
    assert (LookEvent(HOME, "/home/b1.ics") in questions(made.snapshot, made.policy)) is asked
    broken = case(made.link, replace(stands(), event=None, fault="no DTSTART"))
    assert not questions(broken.snapshot, broken.policy)


@pytest.mark.parametrize(("then", "now", "back"), [(0, 0, False), (0, 1, True), (1, 0, False)])
def test_a_booking_that_was_changed_since_is_another_than_the_one_deleted(then: int, now: int, back: bool) -> None:
    known = replace(BOOKED, updated_at=NOW - HOUR + then * MINUTE)
    seen = replace(BOOKED, updated_at=NOW - HOUR + now * MINUTE)
    action = delete(pair(booking=known), booking=seen)
    assert (action.why is Why.BOOKING_CHANGED) is back
    told = note(NoteKind.MOVED_AND_DELETED)
    marked = delete(pair(booking=known), booking=seen, marked=stands(cancelled=True))
    for one in (action, marked):
        assert isinstance(one, Record)
        assert (one.link.pending, one.link.booking) == ((told, seen) if back else (None, known))


def test_a_booking_that_tells_no_time_of_change_was_not_changed() -> None:
    timed = replace(BOOKED, updated_at=NOW)
    assert delete(pair(booking=BOOKED), booking=timed).why is Why.GRACE_BEGUN
    assert delete(pair(booking=timed), booking=BOOKED).why is Why.GRACE_BEGUN


@pytest.mark.parametrize(("ago", "ours"), [(2 * MINUTE - SECOND, True), (2 * MINUTE, False)])
def test_our_own_write_of_a_moment_ago_is_no_change_of_theirs(ago: timedelta, ours: bool) -> None:
    link = pair(booking=replace(BOOKED, updated_at=NOW - HOUR), wrote=Wrote(NOW - ago, BOOKED))
    seen = replace(BOOKED, updated_at=NOW)
    assert (delete(link, booking=seen).why is Why.GRACE_BEGUN) is ours


def test_a_change_within_the_grace_does_not_end_it() -> None:
    link = pair(booking=replace(BOOKED, updated_at=NOW - HOUR), deletion=BEGUN)
    assert isinstance(delete(link, booking=replace(BOOKED, updated_at=NOW)), Cancel)


@pytest.mark.parametrize("closed", [True, False])
def test_but_for_one_that_began_while_no_call_could_read_the_booking(*, closed: bool) -> None:
    """Until it is read, nobody knows whether it was changed before or after that."""
    looks = {LookBooking(B1): Look.CLOSED} if closed else {}
    begun = delete(pair(), looks=looks, list_closed=closed, cycle=7)
    assert begun.link.deletion == Deletion(NOW, 7, blind=closed)
    assert isinstance(delete(pair(deletion=replace(BEGUN, blind=True)), looks=looks, list_closed=closed), Cancel)
    link = pair(booking=replace(BOOKED, updated_at=NOW - HOUR), deletion=replace(BEGUN, blind=closed))
    changed = delete(link, booking=replace(BOOKED, updated_at=NOW))
    assert isinstance(changed, Record if closed else Cancel)
    assert (changed.link.pending == note(NoteKind.MOVED_AND_DELETED)) is closed


def test_restored_the_event_says_so() -> None:
    action = delete(pair(), rules=policy(deletions="restore"))
    assert (action.why, action.link.note) == (Why.DELETION_RESTORED, note(NoteKind.DELETION_RESTORED, was=TEN))
    marked = delete(pair(), marked=stands(cancelled=True), rules=policy(deletions="restore"))
    assert (type(marked), marked.why) == (Replace, Why.DELETION_RESTORED)


@pytest.mark.parametrize("marked", [None, stands(cancelled=True)], ids=["gone", "marked"])
def test_asked_the_event_asks_for_48_hours(marked: Observation | None) -> None:
    action = delete(pair(), marked=marked, rules=policy(deletions="ask"))
    until = NOW + 48 * HOUR
    assert isinstance(action, Replace if marked else Create)
    assert (action.why, action.link.note) == (Why.CANCEL_AWAITS, note(NoteKind.CANCEL_ASKED, was=TEN, until=until))
    assert action.link.awaiting == Awaiting(AwaitKind.CANCEL, NOW, BOOKED, until=until)


@pytest.mark.parametrize("marked", [None, stands(cancelled=True)], ids=["gone", "marked"])
def test_one_that_went_while_nobody_kept_its_calendar_is_asked_about_where_it_stands(
    marked: Observation | None,
) -> None:
    action = delete(pair(went_unkept=True), marked=marked)
    assert isinstance(action, Replace if marked else Create)
    said = note(NoteKind.CANCEL_ASKED, was=TEN, until=NOW + 48 * HOUR)
    assert (action.why, action.link.note, action.link.went_unkept) == (Why.CANCEL_AWAITS, said, False)


def test_put_back_three_times_and_gone_again_it_is_left_alone() -> None:
    backs = (PutBack(NOW, ""),) * 3
    outcome = deletions.delete(case(pair(put_backs=backs, deletion=BEGUN)), BOOKED, None)
    assert outcome.problem is not None
    assert outcome.action is not None
    assert outcome.action.link.deletion is None
    for outcome in (
        deletions.elsewhere(case(pair(put_backs=backs)), BOOKED, copied=False),
        deletions.bring_back(case(pair(put_backs=backs)), BOOKED, None, Why.REJECTED, None),
    ):
        assert outcome.problem is not None


@pytest.mark.parametrize(("copied", "kind"), [(False, NoteKind.FOREIGN), (True, NoteKind.COPIED)])
def test_found_in_a_calendar_of_somebody_elses_or_copied_it_comes_back_and_says_so(
    copied: bool, kind: NoteKind
) -> None:
    action = done(deletions.elsewhere(case(pair()), BOOKED, copied=copied))
    assert (type(action), action.why, action.link.note) == (
        Create,
        Why.EVENT_TRANSFERRED,
        note(kind, was=TEN),
    )
    assert action.link.put_backs == (PutBack(NOW, ""),)


def test_a_moved_booking_whose_event_was_deleted_says_where_it_stands_now() -> None:
    """Remembered first: the server may refuse that write for long, and Zimun tell of the booking no more."""
    moved, told = make.booking(start=NOON), note(NoteKind.MOVED_AND_DELETED, was=NOON)
    in_grace = pair(deletion=Deletion(NOW - HOUR, 0))
    known = done(deletions.moved_and_deleted(case(in_grace, booking=moved), moved))
    assert known == Record(B1, Why.BOOKING_MOVED, pair(booking=moved, put=Put(1, NOON), pending=told))
    for rules in (policy(), policy(deletions="ask"), policy(deletions="restore")):
        for marked, kind in ((None, Create), (stands(cancelled=True), Replace)):
            action = done(deletions.delete(case(known.link, rules=rules), moved, marked))
            assert (type(action), action.why) == (kind, Why.BOOKING_MOVED)
            assert (action.link.note, action.link.pending) == (told, None)
            assert isinstance(action, Create | Replace)
            assert action.draft.span == moved.span


@pytest.mark.parametrize(("known", "read"), [(2, 5), (5, 2)])
def test_its_move_is_counted_on_from_what_the_event_said_last_where_that_knows_of_more(known: int, read: int) -> None:
    """As after an older database was restored: with a lower number, that version, brought back, would be a drag."""
    moved = make.booking(start=NOON)
    link = pair(put=Put(known, TEN), event=make.event(BOOKED, put=Put(read, TEN)))
    action = done(deletions.moved_and_deleted(case(link, booking=moved), moved))
    assert action.link.put == Put(6, NOON)


def test_what_may_have_been_moved_by_hand_comes_back_and_says_so() -> None:
    """Whoever asked for that wants the booking to stand."""
    told = note(NoteKind.MOVE_UNSURE, asked=NOON)
    for rules in (policy(), policy(deletions="ask"), policy(deletions="restore")):
        for marked, kind in ((None, Create), (stands(cancelled=True), Replace)):
            action = done(deletions.delete(case(pair(pending=told), rules=rules), BOOKED, marked))
            assert (type(action), action.why) == (kind, Why.NOTE_DUE)
            assert (action.link.note, action.link.pending) == (told, None)


def test_what_may_have_been_cancelled_comes_back_and_says_so_but_for_a_visit_that_is_over() -> None:
    """From when it is written on, which may be days later."""
    told = replace(note(NoteKind.CANCEL_UNSURE), at=NOW - 7 * DAY, until=NOW - 4 * DAY)
    for rules in (policy(), policy(deletions="ask"), policy(deletions="restore")):
        action = done(deletions.delete(case(pair(pending=told), rules=rules), BOOKED, None))
        assert (action.why, action.link.pending) == (Why.NOTE_DUE, None)
        assert action.link.note == replace(told, until=note(NoteKind.CANCEL_UNSURE).until)
        past = make.booking(start=NOW - HOUR)
        over = done(deletions.delete(case(pair(booking=past, pending=told), rules=rules, booking=past), past, None))
        assert over.why is Why.DELETED_PAST


def test_what_a_late_removal_of_ours_may_have_taken_comes_back_and_says_so() -> None:
    told = note(NoteKind.REVIVED)
    for rules in (policy(), policy(deletions="ask"), policy(deletions="restore")):
        for marked, kind in ((None, Create), (stands(cancelled=True), Replace)):
            action = done(deletions.delete(case(pair(pending=told), rules=rules), BOOKED, marked))
            assert (type(action), action.why) == (kind, Why.NOTE_DUE)
            assert (action.link.note, action.link.pending) == (told, None)


@pytest.mark.parametrize("kind", ["cancel", "ask"])
def test_what_the_calendar_never_showed_nobody_can_have_deleted(kind: str) -> None:
    """A proxy's page may have answered the PUT."""
    link = pair(deletion=replace(BEGUN, asked=True), awaiting=QUESTION, shown=False)
    for marked, written in ((None, Create), (stands(cancelled=True), Replace)):
        begun = replace(link, deletion=replace(BEGUN, asked=True, marked=marked is not None))
        action = delete(begun, marked=marked, rules=policy(deletions=kind))
        assert (type(action), action.why) == (written, Why.NEVER_SHOWN)
        assert (action.link.note, action.link.deletion) == (note(NoteKind.NEVER_SHOWN), None)
    assert isinstance(delete(replace(link, shown=True)), Cancel)


@pytest.mark.parametrize(
    ("begins", "ends", "shown", "why"),
    [
        (NOW - MINUTE, NOW + HOUR, False, Why.GRACE_BEGUN),
        (NOW - MINUTE, NOW + HOUR, True, Why.DELETED_PAST),
        (NOW - HOUR, NOW, False, Why.DELETED_PAST),
    ],
)
def test_a_visit_under_way_whose_event_was_never_shown_is_written_still(
    begins: datetime, ends: datetime, *, shown: bool, why: Why
) -> None:
    assert delete(pair(booking=make.booking(start=begins, end=ends), shown=shown)).why is why


@pytest.mark.parametrize(("ends", "over"), [(NOW - SECOND, True), (NOW, True), (NOW + SECOND, False)])
def test_what_has_taken_place_by_the_end_of_the_grace_is_not_cancelled(ends: datetime, *, over: bool) -> None:
    """Zimun was away, or the daemon off, from before its beginning until now."""
    booking = make.booking(start=ends - HOUR, end=ends)
    base = replace(booking, contact_name="as it was")
    action = delete(pair(booking=base, deletion=Deletion(NOW - DAY, 0)), booking=booking)
    assert isinstance(action, Record) is over
    assert isinstance(action, Cancel) is not over
    if over:
        closed = Closed(NOW, ClosedWhy.DELETED_PAST)
        assert (action.why, action.link) == (Why.DELETED_PAST, pair(booking=booking, closed=closed))


@pytest.mark.parametrize("change", [{"service_id": "color"}, {"location_id": "loc_2"}, {"end": TEN + 2 * HOUR}])
@pytest.mark.parametrize("since", [MINUTE, GRACE])
def test_another_visit_made_of_it_within_the_grace_is_wanted(change: dict[str, Any], since: timedelta) -> None:
    link, changed = pair(deletion=Deletion(NOW - since, 0)), replace(BOOKED, **change)
    action = delete(link, booking=changed)
    told = note(NoteKind.MOVED_AND_DELETED)
    assert (action.why, action.link.pending, action.link.booking) == (Why.BOOKING_CHANGED, told, changed)
    assert action.link.deletion is None


def test_a_copy_of_a_visit_that_has_begun_brings_nothing_back() -> None:
    past = make.booking(start=NOW, end=NOW + HOUR)
    for copied, why in ((True, Why.DELETED_PAST), (False, Why.EVENT_TRANSFERRED)):
        action = done(deletions.elsewhere(case(pair(booking=past)), past, copied=copied))
        assert (action.why, action.link.booking) == (why, past)
    # but for one that may have been moved by hand: whoever asked for that wants it
    unsure = pair(booking=past, pending=note(NoteKind.MOVE_UNSURE))
    assert isinstance(done(deletions.elsewhere(case(unsure), past, copied=True)), Create)
    soon = make.booking(start=NOW + SECOND, end=NOW + HOUR)
    assert isinstance(done(deletions.elsewhere(case(pair(booking=soon)), soon, copied=True)), Create)


MOVED = make.booking(start=NOON)
TOLD = note(NoteKind.MOVED_AND_DELETED, at=NOW - HOUR, until=NOW + HOUR, was=NOON)
UNWRITTEN = pair(booking=MOVED, put=Put(1, NOON), pending=TOLD)


def test_what_was_moved_while_its_event_was_deleted_is_told_from_when_it_is_written_on() -> None:
    action = done(deletions.delete(case(UNWRITTEN), MOVED, None))
    assert isinstance(action, Create)
    assert action.link.note == replace(TOLD, until=note(NoteKind.MOVED_AND_DELETED).until)
    # it may have begun before its server took the event back
    begun = done(deletions.delete(case(UNWRITTEN, now=NOON + MINUTE), MOVED, None))
    assert isinstance(begun, Create)


def test_put_back_by_hand_where_it_was_it_goes_to_where_its_booking_was_moved() -> None:
    action = done(decide(case(UNWRITTEN, stands())))
    assert isinstance(action, Replace)
    assert (action.why, action.draft.span, action.link.note) == (Why.BOOKING_MOVED, MOVED.span, TOLD)
    assert action.link.put_backs == ()


@pytest.mark.parametrize(("who", "kind"), [("zimun", Replace), ("calendar", Reschedule)])
def test_put_back_by_hand_at_another_time_it_was_moved_on_both_sides(who: str, kind: type) -> None:
    open_then = {LookSlots("cut", "loc_1", FOUR.date()): (Slot("cut", "loc_1", FOUR),)}
    action = done(decide(case(UNWRITTEN, stands(FOUR), rules=policy(conflict=who), looks=open_then)))
    assert (type(action), action.why) == (kind, Why.CONFLICT)


def test_put_back_from_there_three_times_before_it_is_left_alone_there_too() -> None:
    fought = replace(UNWRITTEN, put_backs=(PutBack(NOW, letters(make.zoned(FOUR))),) * 3)
    outcome = decide(case(fought, stands(FOUR), rules=policy(conflict="calendar")))
    assert outcome.problem is not None
    assert outcome.problem.kind is ProblemKind.FROZEN


@pytest.mark.parametrize("stood", [TEN, FOUR])
def test_moved_on_meanwhile_the_earlier_move_is_not_told(stood: datetime) -> None:
    action = done(decide(case(UNWRITTEN, stands(stood), booking=make.booking(start=FOUR))))
    assert (action.link.note, action.link.pending, action.link.booking.start) == (None, None, FOUR)


def test_an_event_marked_as_cancelled_is_put_right_in_its_place_and_counted() -> None:
    marked = stands(FOUR, cancelled=True)
    action = done(deletions.bring_back(case(worn(), marked), BOOKED, marked, Why.REJECTED, None))
    assert isinstance(action, Replace)
    assert (action.why, action.draft.span, action.href, action.etag) == (
        Why.REJECTED,
        BOOKED.span,
        marked.href,
        marked.etag,
    )
    assert action.link.put_backs == (PutBack(NOW - 30 * MINUTE, "lately"), PutBack(NOW, ""))


def test_an_event_that_is_made_again_is_counted_too() -> None:
    action = done(deletions.bring_back(case(worn()), BOOKED, None, Why.REJECTED, None))
    assert isinstance(action, Create)
    assert action.link.put_backs == (PutBack(NOW - 30 * MINUTE, "lately"), PutBack(NOW, ""))


@pytest.mark.parametrize("marked", [None, stands(cancelled=True)], ids=["gone", "marked"])
def test_a_person_said_that_the_booking_stays(marked: Observation | None) -> None:
    link = pair(awaiting=replace(QUESTION, decision=Decision.REJECTED), note=note(NoteKind.CANCEL_ASKED))
    action = done(deletions.reject(case(link), BOOKED, marked))
    assert isinstance(action, Replace if marked else Create)
    assert (action.why, action.link.awaiting, action.link.note) == (Why.REJECTED, None, None)


@pytest.mark.parametrize("written", [make.zoned, make.floating])
@pytest.mark.parametrize(("at", "moved"), [(TEN, False), (FOUR, True)])
def test_moved_too_after_it_was_marked_it_says_that_the_move_was_not_asked_for(
    written: Callable[[datetime], EventTime], at: datetime, *, moved: bool
) -> None:
    marked = stands(start=written(at), end=written(at + HOUR), cancelled=True)
    link = pair(awaiting=replace(QUESTION, decision=Decision.REJECTED), note=note(NoteKind.CANCEL_ASKED))
    action = done(deletions.reject(case(link, marked), BOOKED, marked))
    assert action.link.note == (note(NoteKind.ADOPTED, asked=FOUR, was=TEN) if moved else None)


@pytest.mark.parametrize("kind", AwaitKind)
@pytest.mark.parametrize("decision", [None, *Decision])
def test_only_a_question_about_the_cancellation_counts(kind: AwaitKind, decision: Decision | None) -> None:
    at = case(pair(awaiting=Awaiting(kind, NOW, BOOKED, decision=decision)))
    cancel = kind is AwaitKind.CANCEL
    assert deletions.awaits_cancel(at) is cancel
    for answer in Decision:
        assert deletions.decided(at.link, answer) is (cancel and decision is answer)


def test_asked_nothing_nothing_is_decided() -> None:
    assert not deletions.awaits_cancel(case(pair()))
    assert not deletions.decided(pair(), Decision.APPROVED)


@pytest.mark.parametrize("word", ["cancel", "ask", "restore"])
@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("unkept", [False, True])
@pytest.mark.parametrize("decision", [None, *Decision])
def test_what_the_config_lets_a_deletion_do(
    word: str, decision: Decision | None, *, answered: bool, unkept: bool
) -> None:
    awaiting = Awaiting(AwaitKind.CANCEL, NOW, BOOKED, decision=decision) if decision is not None else None
    link = pair(deletion=Deletion(NOW, 1, asked=answered), went_unkept=unkept, awaiting=awaiting)
    may = {"cancel": answered or not unkept, "ask": answered, "restore": False}[word]
    policy = Policy(deletions=word)
    assert deletions.may_cancel(link, policy) is (may or decision is Decision.APPROVED)
    assert deletions.may_cancel(replace(link, deletion=None), policy), "it was approved, or is over, which others tell"


def test_an_event_that_goes_back_to_another_calendar_is_made_there() -> None:
    there = make.booking(location_id="loc_2")
    action = done(deletions.bring_back(case(pair(), booking=there), there, None, Why.REJECTED, None))
    assert isinstance(action, Create)
    assert action.calendar == SIDE
