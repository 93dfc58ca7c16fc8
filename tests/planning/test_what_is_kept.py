"""Both sides stand where they stood, or only Zimun moved: one write or none, and why, to the field."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from syncd.domain.actions import Action, Create, Problem, ProblemKind, Record, Replace, Why
from syncd.domain.booking import Status
from syncd.domain.event import EventTime, Observation, Texts
from syncd.domain.link import Awaiting, AwaitKind, Decision, Deletion, Frozen, Leftover, Link, PutBack, Refusal, Wish
from syncd.domain.note import Note, NoteKind
from syncd.planning import keeping
from syncd.planning.case import Case, Outcome
from syncd.planning.deletions import delete
from syncd.planning.keeping import NAME_IT, TO_APPROVE
from syncd.planning.routing import Route
from syncd.planning.sides import (
    BookingCancelled,
    BookingMissing,
    BookingMoved,
    BookingSame,
    BookingSide,
    BookingUnseen,
)
from tests.planning import builders as make
from tests.planning.builders import FOUR, HOME, HOUR, MINUTE, NOON, NOW, SIDE, TEN, policy
from tests.planning.lens import B1, B2, BOOKED, STOOD, case, done, draft, note, pair, stands

SAID = note(NoteKind.NOT_OPEN)
DUE = note(NoteKind.TRANSFERRED)
AT_TEN = make.zoned(TEN)
ELSEWHERE = make.booking(location_id="loc_2")


def keep(link: Link, *, start: EventTime = AT_TEN, rules: Any = None, **changes: Any) -> Outcome:
    seen = stands(**changes)
    return keeping.keep(case(link, seen, rules=rules), link.booking, seen, start)


def test_what_stands_there_now_is_remembered_with_its_tag() -> None:
    seen = stands()
    assert seen.event is not None
    assert STOOD.event is not None
    link = pair(booking=replace(BOOKED, contact_email="old@example.org"), wish=Wish(FOUR, NOW), start=make.utc(TEN))
    outcome = keeping.keep(case(link, seen, booking=BOOKED), BOOKED, seen, AT_TEN)
    after = replace(
        link,
        booking=BOOKED,
        start=AT_TEN,
        etag='"2"',
        data=seen.data,
        event=seen.event,
        since=(STOOD.event.fingerprint,),
        wish=None,
    )
    assert done(outcome) == Record(B1, Why.MOVE_WITHDRAWN, after)


def test_texts_that_syncd_would_write_now_are_remembered_where_the_event_says_so_already() -> None:
    link = pair(texts=Texts("Old", "Old", make.texts(BOOKED).lines))
    action = done(keep(link))
    assert (type(action), action.link.texts) == (Record, make.texts(BOOKED))


def test_a_refusal_and_a_wish_are_over_when_the_event_is_back() -> None:
    link = pair(wish=Wish(FOUR, NOW), refusal=Refusal(FOUR, SAID))
    after = done(keep(link)).link
    assert (after.wish, after.refusal) == (None, None)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"end": make.zoned(TEN + 2 * HOUR)}, Why.LENGTH_CHANGED),
        ({"end": make.all_day(TEN)}, Why.LENGTH_CHANGED),
    ],
)
def test_another_length_is_put_back_and_counted(changes: dict[str, Any], why: Why) -> None:
    action = done(keep(pair(note=SAID), **changes))
    assert (action.why, action.link.note) == (why, SAID)
    assert action.link.put_backs == (PutBack(NOW, f"Europe/Berlin:{AT_TEN.value}"),)


def test_a_floating_end_means_the_places_wall_time() -> None:
    assert isinstance(done(keep(pair(), end=make.floating(TEN + HOUR))), Record)


def test_our_other_reading_of_a_zone_is_called_so() -> None:
    action = done(keep(pair(), start=replace(AT_TEN, instant=NOON)))
    assert action.why is Why.ZONE_READ_ANEW


def test_an_adopted_event_gets_its_time_and_says_why() -> None:
    said = note(NoteKind.ADOPTED)
    action = done(keep(pair(pending=said), start=make.zoned(NOON)))
    assert (action.why, action.link.note) == (Why.ADOPTED, said)


def test_put_back_too_often_the_length_is_left_alone() -> None:
    start = f"Europe/Berlin:{AT_TEN.value}"
    outcome = keep(pair(put_backs=(PutBack(NOW, start),) * 3), end=make.zoned(NOON))
    assert outcome.problem is not None
    assert outcome.problem.kind is ProblemKind.FROZEN


@pytest.mark.parametrize("pending", [None, DUE])
def test_the_bookings_own_new_length_is_no_put_back(pending: Note | None) -> None:
    longer = make.booking(end=NOON)
    link, seen = pair(pending=pending, note=SAID), stands()
    action = done(keeping.keep(case(link, seen, booking=longer), longer, seen, AT_TEN))
    assert isinstance(action, Replace)
    assert (action.why, action.draft) == (Why.BOOKING_CHANGED, draft(longer))
    assert (action.link.note, action.link.put_backs) == (pending or SAID, ())


@pytest.mark.parametrize("what", ["title", "place", "description"])
def test_each_text_that_changed_is_written_and_the_note_stays(what: str) -> None:
    before = replace(make.texts(BOOKED), **({"lines": {"name": "Eve"}} if what == "description" else {what: "Old"}))
    link, seen = pair(note=SAID, texts=before), stands(**{what: "Eve" if what == "description" else "Old"})
    action = done(keeping.keep(case(link, seen), BOOKED, seen, AT_TEN))
    assert isinstance(action, Replace)
    assert (action.why, action.draft, action.link.note) == (Why.BOOKING_CHANGED, draft(BOOKED, span=None), SAID)


def test_what_is_to_be_said_is_written() -> None:
    action = done(keep(pair(pending=DUE, note=SAID)))
    assert isinstance(action, Replace)
    assert (action.why, action.draft, action.link.note) == (Why.NOTE_DUE, draft(BOOKED, span=None), DUE)


@pytest.mark.parametrize("left", [MINUTE, 0 * MINUTE, -MINUTE], ids=["before", "at", "after"])
def test_a_note_is_wiped_off_at_its_time(left: Any) -> None:
    outcome = keep(pair(note=replace(SAID, until=NOW + left)), noted=True)
    wiped = isinstance(outcome.action, Replace)
    assert wiped is (left <= 0 * MINUTE)
    assert outcome.action is not None
    if wiped:
        assert (outcome.action.why, outcome.action.link.note) == (Why.NOTE_LAPSED, None)
    else:
        assert outcome.action.link.note == replace(SAID, until=NOW + left)


def test_a_note_that_is_not_there_any_more_is_forgotten_without_a_write() -> None:
    assert done(keep(pair(note=replace(SAID, until=NOW)))).link.note is None


def test_a_note_that_nobody_knows_stays_for_its_time() -> None:
    action = done(keep(pair(), noted=True))
    assert (type(action), action.link.note) == (Record, note(NoteKind.ADOPTED, was=TEN))
    assert done(keep(pair(note=SAID), noted=True)).link.note == SAID


@pytest.mark.parametrize("kind", [NoteKind.NOT_YET_BOOKED, NoteKind.MOVE_AWAITS])
def test_not_yet_booked_is_said_while_there_is_a_wish(kind: NoteKind) -> None:
    said = note(kind)
    assert keeping.standing(case(pair(note=said))) is None
    assert keeping.standing(case(pair(note=said, wish=Wish(FOUR, NOW)))) == said
    assert keeping.standing(case(pair(note=SAID))) == SAID
    assert keeping.standing(case(pair())) is None


def test_the_id_that_a_reschedule_took_away_is_written_anew() -> None:
    """The UID stays made of the old id; X-ZIMUN-BOOKING-ID names the new one. A server that mangles it is let be."""
    new = make.booking("b9")
    link = replace(pair(), booking_id=new.id, booking=new, texts=make.texts(new))
    for named, kind in (("b1", Replace), ("b9", Record), ("mangled", Record)):
        seen = stands(booking_id=named, name="b1.ics")
        action = done(keeping.keep(case(link, seen), new, seen, AT_TEN))
        assert type(action) is kind
        assert action.why is (Why.BOOKING_CHANGED if kind is Replace else Why.REMEMBERED)


def test_an_unrouted_event_is_kept_and_named() -> None:
    outcome = keep(pair(), rules=policy(routes=()))
    assert outcome.problem is not None
    assert (outcome.problem.kind, outcome.problem.key) == (ProblemKind.UNROUTED, "b1")
    assert outcome.problem.text == (
        "no [[calendars]] entry takes this booking: add one that matches it, or fallback = true"
    )
    assert isinstance(outcome.action, Record)


def test_agreed_the_old_note_goes_and_the_rest_is_put_right() -> None:
    seen = stands(FOUR, noted=True)
    booked = make.booking(start=FOUR)
    action = done(keeping.agree(case(pair(note=SAID), seen, booking=booked), booked, seen, make.zoned(FOUR)))
    assert (type(action), action.why, action.link.note) == (Replace, Why.NOTE_LAPSED, None)
    assert (action.link.booking, action.link.start) == (booked, make.zoned(FOUR))
    quiet = stands(FOUR)
    after = done(keeping.agree(case(pair(), quiet, booking=booked), booked, quiet, make.zoned(FOUR)))
    assert (type(after), after.why) == (Record, Why.AGREED)
    assert (after.link.booking, after.link.start) == (booked, make.zoned(FOUR))


def test_agreed_on_the_start_with_another_length_only_the_length_is_put_right() -> None:
    """The base is the booking as it is now: its new length is no change that came after it."""
    seen, longer = stands(FOUR), make.booking(start=FOUR, end=FOUR + 2 * HOUR)
    action = done(keeping.agree(case(pair(), seen, booking=longer), longer, seen, make.zoned(FOUR)))
    assert (action.why, len(action.link.put_backs)) == (Why.LENGTH_CHANGED, 1)


@pytest.mark.parametrize(
    ("was", "why"), [(Status.CONFIRMED, Why.BOOKING_MOVED), (Status.CANCELLED, Why.BOOKING_REVIVED)]
)
def test_a_moved_booking_takes_its_event_along_and_the_old_note_goes(was: Status, why: Why) -> None:
    link, seen = pair(booking=replace(BOOKED, status=was), note=SAID, pending=DUE), stands()
    moved = make.booking(start=NOON)
    action = done(keeping.follow(case(link, seen, booking=moved), moved, seen))
    assert isinstance(action, Replace)
    assert (action.why, action.draft, action.link.note) == (why, draft(moved), DUE)
    assert action.link.put_backs == ()


@pytest.mark.parametrize(
    ("kind", "is_told"),
    [
        (NoteKind.MOVED_AND_DELETED, False),
        (NoteKind.CONFLICT_CALENDAR, False),
        (NoteKind.MOVE_UNSURE, True),
        (NoteKind.CANCEL_UNSURE, False),
        (NoteKind.ADOPTED, True),
    ],
)
def test_what_was_to_be_told_of_an_earlier_move_is_no_news_after_the_next(kind: NoteKind, *, is_told: bool) -> None:
    """But for a move of which nobody knows whether it was made: it may yet come out, at a time of its own."""
    link, seen = pair(pending=note(kind), note=None), stands()
    moved = make.booking(start=NOON)
    action = done(keeping.follow(case(link, seen, booking=moved), moved, seen))
    assert (action.link.note, action.link.pending) == (note(kind) if is_told else None, None)


def test_what_is_told_after_the_next_move_names_where_the_booking_is_now() -> None:
    link, seen = pair(pending=note(NoteKind.CANCEL_REFUSED, was=TEN), note=None), stands()
    moved = make.booking(start=NOON)
    action = done(keeping.follow(case(link, seen, booking=moved), moved, seen))
    assert action.link.note == note(NoteKind.CANCEL_REFUSED, was=NOON)


def test_what_came_about_by_the_next_move_is_not_told_as_refused() -> None:
    """Unless nobody knows whether there is another move to that time to come."""
    moved, seen = make.booking(start=NOON), stands()
    for kind, told in ((NoteKind.ADOPTED, False), (NoteKind.REFUSED, False), (NoteKind.MOVE_UNSURE, True)):
        link = pair(pending=note(kind, asked=NOON, was=TEN), note=None)
        action = done(keeping.follow(case(link, seen, booking=moved), moved, seen))
        assert (action.link.note is not None, action.link.pending) == (told, None)


def test_a_drag_to_where_the_booking_was_last_is_told_of_a_move_in_doubt() -> None:
    """Nobody can look where the booking is by now: it may go there again."""
    doubt, seen = note(NoteKind.MOVE_UNSURE, asked=NOON), stands(FOUR)
    booked = make.booking(start=FOUR)
    link = pair(booking=booked, pending=doubt, note=None)
    action = done(keeping.agree(case(link, seen, booking=booked), booked, seen, make.zoned(FOUR)))
    assert (type(action), action.why, action.link.note) == (Replace, Why.NOTE_DUE, doubt)


@pytest.mark.parametrize("written", [make.zoned, make.floating])
@pytest.mark.parametrize(("at", "told"), [(NOON, False), (FOUR, True)])
def test_revived_the_event_says_that_where_a_person_had_left_it_was_never_booked(
    written: Callable[[datetime], EventTime], at: datetime, *, told: bool
) -> None:
    link, seen = pair(booking=replace(BOOKED, status=Status.CANCELLED)), stands(start=written(at))
    revived = make.booking(start=NOON)
    action = done(keeping.follow(case(link, seen, booking=revived), revived, seen))
    assert action.why is Why.BOOKING_REVIVED
    assert action.link.note == (note(NoteKind.ADOPTED, asked=FOUR, was=NOON) if told else None)


def follow_elsewhere(staff: str = "", **more: Any) -> Action:
    moved = make.booking(start=NOON, location_id="loc_2", staff_name=staff)
    seen = stands()
    link = pair(note=SAID, awaiting=more.pop("awaiting", None))
    return done(keeping.follow(case(link, seen, booking=moved, **more), moved, seen))


def test_moved_to_another_place_the_event_is_made_there_and_names_the_new_staff() -> None:
    action = follow_elsewhere("Zoe")
    assert isinstance(action, Create)
    assert (action.why, action.calendar) == (Why.ROUTED, SIDE)
    assert action.link.note == note(NoteKind.REASSIGNED, was=NOON, staff="Zoe")
    assert len(action.link.leftovers) == 1
    assert follow_elsewhere().link.note is None


def test_revived_at_another_place_what_was_never_booked_is_told_before_the_staff() -> None:
    revived = make.booking(start=NOON, location_id="loc_2", staff_name="Zoe")
    link = pair(booking=replace(BOOKED, status=Status.CANCELLED))
    for at, said in ((FOUR, note(NoteKind.ADOPTED, asked=FOUR, was=NOON)), (NOON, None)):
        seen = stands(at)
        action = done(keeping.follow(case(link, seen, booking=revived), revived, seen))
        assert (type(action), action.why) == (Create, Why.ROUTED)
        assert action.link.note == (said or note(NoteKind.REASSIGNED, was=NOON, staff="Zoe"))


def test_into_a_calendar_that_cannot_be_read_or_awaits_a_word_nothing_is_made() -> None:
    assert isinstance(follow_elsewhere(readable=frozenset({HOME})), Replace)
    waiting = Awaiting(AwaitKind.REROUTE, NOW, BOOKED)
    assert isinstance(follow_elsewhere(awaiting=waiting), Replace)
    assert isinstance(follow_elsewhere(awaiting=replace(waiting, decision=Decision.REJECTED)), Replace)
    assert isinstance(follow_elsewhere(awaiting=replace(waiting, decision=Decision.APPROVED)), Create)
    assert isinstance(follow_elsewhere(awaiting=Awaiting(AwaitKind.MOVE, NOW, BOOKED)), Create)


def relocated(link: Link, *others: Any, booking: Any = ELSEWHERE, **more: Any) -> Outcome:
    seen = stands()
    return keeping.keep(case(link, seen, *others, booking=booking, **more), booking, seen, AT_TEN)


@pytest.mark.parametrize(
    ("link", "why", "said"),
    [
        (pair(note=SAID), Why.ROUTED, SAID),
        (pair(booking=ELSEWHERE), Why.REROUTED, None),
        (pair(booking=ELSEWHERE, pending=DUE, note=SAID), Why.EVENT_TRANSFERRED, DUE),
    ],
    ids=["booking", "config", "person"],
)
def test_into_the_calendar_where_it_belongs_and_why(link: Link, why: Why, said: Note | None) -> None:
    action = done(relocated(link))
    assert isinstance(action, Create)
    assert (action.why, action.calendar, action.link.note) == (why, SIDE, said)
    assert action.link.leftovers == (Leftover(HOME, "/home/b1.ics", '"2"', AT_TEN, ""),)


def test_brought_home_three_times_within_the_hour_it_is_left_where_a_person_puts_it() -> None:
    put = pair(booking=ELSEWHERE, pending=DUE, put_backs=(PutBack(NOW, HOME),) * 2)
    assert done(relocated(put)).link.put_backs == (PutBack(NOW, HOME),) * 3
    again = replace(put, put_backs=(PutBack(NOW, HOME),) * 3)
    outcome = relocated(again)
    left_alone = replace(again, frozen=Frozen(HOME, ELSEWHERE.start))
    assert outcome.action == Record(B1, Why.LEFT_ALONE, left_alone)
    assert outcome.problem is not None
    assert (outcome.problem.kind, outcome.problem.key) == (ProblemKind.FROZEN, "b1")
    assert relocated(left_alone, links={B1: left_alone}) == Outcome(problem=outcome.problem)
    rebooked = replace(left_alone, frozen=Frozen(HOME, NOON))
    assert done(relocated(rebooked)).link.put_backs == (PutBack(NOW, HOME),) * 4


def test_what_a_person_put_there_is_counted_from_the_first_time_on() -> None:
    assert done(relocated(pair(booking=ELSEWHERE, pending=DUE))).link.put_backs == (PutBack(NOW, HOME),)


@pytest.mark.parametrize("pending", [None, SAID])
def test_what_no_person_put_there_is_not_counted_as_put_back(pending: Note | None) -> None:
    backs = (PutBack(NOW, ""), PutBack(NOW - HOUR, HOME), PutBack(NOW, SIDE))
    action = done(relocated(pair(booking=ELSEWHERE, pending=pending, put_backs=backs)))
    assert (type(action), action.link.put_backs) == (Create, backs)


def test_one_that_said_something_else_since_is_still_one_that_a_person_put_there() -> None:
    action = done(relocated(pair(booking=ELSEWHERE, note=SAID, put_backs=(PutBack(NOW, HOME),))))
    assert (action.why, action.link.note) == (Why.EVENT_TRANSFERRED, SAID)
    assert action.link.put_backs == (PutBack(NOW, HOME),) * 2


def test_one_that_only_gets_its_uid_back_is_not_counted_as_put_back() -> None:
    seen = stands(uid="b1~3@zimun")
    action = done(keeping.keep(case(pair(pending=DUE), seen), BOOKED, seen, AT_TEN))
    assert (type(action), action.link.put_backs) == (Create, ())


def test_a_new_member_of_the_staff_is_named_in_the_event() -> None:
    zoe = make.booking(staff_name="Zoe")
    assert done(relocated(pair(note=SAID), booking=zoe)).link.note == note(NoteKind.REASSIGNED, was=TEN, staff="Zoe")


def test_a_calendar_that_cannot_be_read_gets_nothing_yet() -> None:
    assert relocated(pair(), readable=frozenset({HOME})) == Outcome()


def test_what_stands_there_already_is_taken_and_the_old_one_left_over() -> None:
    there = stands(calendar=SIDE, stamp=5, start=make.floating(TEN), end=make.zoned(TEN + HOUR))
    known = Leftover(SIDE, "/side/b1.ics", '"5"')
    other = Leftover(SIDE, "/side/x.ics", '"6"')
    link = pair(leftovers=(known, other))
    left = Leftover(HOME, "/home/b1.ics", '"2"', AT_TEN, "")
    after = replace(
        link,
        calendar=SIDE,
        href="/side/b1.ics",
        start=replace(make.floating(TEN), instant=TEN),
        leftovers=(other, left),
    )
    assert done(relocated(link, there)) == Record(B1, Why.EVENT_TRANSFERRED, after)


def test_where_nobody_touched_what_stands_there_what_was_written_into_the_other_comes_along() -> None:
    there = stands(calendar=SIDE, stamp=5)
    left, other = Leftover(SIDE, "/side/b1.ics", '"5"', stays_until=NOW), Leftover(SIDE, "/side/x.ics", '"6"')
    assert there.event is not None
    for version in ({"replay": there.event.fingerprint}, {"older": ("o1", there.event.fingerprint)}):
        link = pair(leftovers=(left, other), note=SAID, **version)
        action = done(relocated(link, there))
        assert isinstance(action, Replace)
        assert (action.why, action.calendar, action.href, action.etag) == (Why.REROUTED, SIDE, "/side/b1.ics", '"5"')
        assert (action.onto, action.draft.span) == ("2", ELSEWHERE.span)
        assert (action.link.calendar, action.link.href, action.link.booking) == (SIDE, "/side/b1.ics", ELSEWHERE)
        assert action.link.leftovers == (other, Leftover(HOME, "/home/b1.ics", '"2"', AT_TEN, ""))
        assert action.link.note == SAID
        assert done(relocated(replace(link, pending=DUE), there)).link.note == DUE
        zoe = replace(ELSEWHERE, staff_name="Zoe")
        told = note(NoteKind.REASSIGNED, was=TEN, staff="Zoe")
        assert done(relocated(link, there, booking=zoe)).link.note == told
        # without a tag to write over it by, as it is
        for tag in (None, 'W/"5"'):
            assert isinstance(done(relocated(link, replace(there, etag=tag))), Record)
    assert isinstance(done(relocated(pair(leftovers=(left,)), there)), Record)
    assert isinstance(done(relocated(pair(replay=there.event.fingerprint), there)), Record)


@pytest.mark.parametrize("written", [make.zoned, make.floating])
def test_taken_from_where_a_person_had_put_it_that_is_told(written: Callable[[datetime], EventTime]) -> None:
    """Nobody knows of it, as after a lost database: its time is no wish, and it is put right."""
    there = stands(calendar=SIDE, start=written(FOUR))
    said = note(NoteKind.ADOPTED, asked=FOUR, was=TEN)
    assert done(relocated(pair(), there)).link.pending == said
    assert done(relocated(pair(pending=DUE), there)).link.pending == DUE
    known = pair(leftovers=(Leftover(SIDE, "/side/b1.ics", '"5"'),))
    assert done(relocated(known, there)).link.pending is None
    assert done(relocated(pair(), stands(calendar=SIDE, start=written(TEN)))).link.pending is None


def test_taken_where_it_stood_wrong_when_nothing_was_known_that_is_told() -> None:
    left = Leftover(SIDE, "/side/b1.ics", '"5"', make.zoned(FOUR), stays_until=NOW)
    for there in (stands(calendar=SIDE), stands(FOUR, calendar=SIDE)):
        action = done(relocated(pair(leftovers=(left,)), there))
        assert (type(action), action.link.pending) == (Record, note(NoteKind.ADOPTED, asked=FOUR, was=TEN))


def test_what_is_linked_with_another_booking_is_not_taken() -> None:
    """Two links of one event: what ends one of the bookings would remove the other's."""
    there, link = stands(calendar=SIDE), pair()
    other = replace(link, booking_id=B2, calendar=SIDE, href=there.href)
    assert isinstance(done(relocated(link, there, links={B1: link, B2: other})), Create)


@pytest.mark.parametrize("changes", [{"uid": "b1~2@zimun"}, {"cancelled": True}])
def test_another_generation_or_one_marked_as_cancelled_is_not_taken(changes: dict[str, Any]) -> None:
    there = stands(calendar=SIDE, stamp=5, **changes)
    assert isinstance(done(relocated(pair(), there)), Create)


def test_a_second_one_beside_it_is_not_taken_for_one_that_stands_there_already() -> None:
    assert isinstance(done(relocated(pair(), stands(name="a.ics", stamp=5))), Create)


def test_under_another_uid_it_is_written_anew_in_its_own_calendar() -> None:
    action = done(keep(pair(), uid="7f3a-android", name="7f3a.ics"))
    assert isinstance(action, Create)
    assert (action.calendar, action.draft.uid, action.why) == (HOME, "b1@zimun", Why.ROUTED)
    nowhere = done(keep(pair(), rules=policy(routes=()), uid="7f3a-android", name="7f3a.ics"))
    assert isinstance(nowhere, Create)
    assert nowhere.calendar == HOME


# the link follows its event


def transferred(link: Link, **where: Any) -> Link:
    seen = stands(**where)
    action = done(keeping.transferred(case(link, seen), seen))
    assert (type(action), action.why) == (Record, Why.EVENT_TRANSFERRED)
    return action.link


def test_the_link_follows_an_event_that_was_put_elsewhere_and_says_that_it_goes_back() -> None:
    link = pair(deletion=Deletion(NOW, 1), pending=SAID, went_unkept=True, shown=False)
    seen_there: dict[str, Any] = {"deletion": None, "went_unkept": False, "shown": True}
    there = replace(link, calendar=SIDE, href="/side/b1.ics", **seen_there)
    assert transferred(link, calendar=SIDE) == replace(there, pending=note(NoteKind.TRANSFERRED))
    renamed = replace(link, href="/home/x.ics", **seen_there)
    assert transferred(link, name="x.ics") == renamed
    home = replace(link, booking=ELSEWHERE)
    assert transferred(home, calendar=SIDE) == replace(there, booking=ELSEWHERE)
    assert transferred(home, name="x.ics") == replace(renamed, booking=ELSEWHERE)


@pytest.mark.parametrize(
    "kind", [NoteKind.ADOPTED, NoteKind.MOVED_AND_DELETED, NoteKind.MOVE_UNSURE, NoteKind.CANCEL_REFUSED]
)
def test_a_mark_as_cancelled_that_was_answered_already_is_so_wherever_its_event_is_put(kind: NoteKind) -> None:
    """It would count as a new one, and cancel the booking: syncd had not come to take it out."""
    answer = note(kind, was=FOUR)
    link = pair(pending=answer, leftovers=(Leftover(SIDE, "/side/b1.ics", '"1"', make.zoned(FOUR)),))
    for there in ({"calendar": SIDE}, {"name": "x.ics"}, {"calendar": SIDE, "name": "x.ics"}):
        after = transferred(link, cancelled=True, **there)
        assert after.pending == answer
        marked = stands(cancelled=True, **there)
        assert isinstance(done(delete(case(after, marked), BOOKED, marked)), Replace)


def test_carried_home_by_a_person_there_is_nothing_to_say_about_it() -> None:
    assert transferred(pair(pending=DUE), name="x.ics").pending is None


def test_a_customers_move_of_one_that_a_person_put_elsewhere_brings_it_home_and_says_why() -> None:
    moved = make.booking(location_id="loc_2", start=NOON)
    seen = stands()
    action = done(keeping.follow(case(pair(booking=ELSEWHERE, pending=DUE), seen), moved, seen))
    assert (type(action), action.link.calendar, action.link.note) == (Create, SIDE, DUE)


def test_into_another_calendar_without_a_route_it_does_not_go_back() -> None:
    seen = stands(calendar=SIDE)
    action = done(keeping.transferred(case(pair(pending=SAID), seen, rules=policy(routes=())), seen))
    assert action.link.pending == SAID


@pytest.mark.parametrize("start", [make.zoned(NOON), None])
def test_one_that_syncd_left_behind_is_compared_with_where_it_stood_then(start: EventTime | None) -> None:
    left = Leftover(SIDE, "/side/b1.ics", '"1"', start)
    others = (Leftover(SIDE, "/side/x.ics", '"1"', make.zoned(FOUR)), Leftover(HOME, "/home/x.ics", '"1"'))
    after = transferred(pair(leftovers=(others[0], left, others[1])), calendar=SIDE)
    assert (after.start, after.leftovers) == (start or AT_TEN, others)


@pytest.mark.parametrize(
    ("start", "stays_until", "told"),
    [
        (make.zoned(FOUR), NOW, note(NoteKind.ADOPTED, asked=FOUR, was=TEN)),
        (make.zoned(TEN), NOW, note(NoteKind.TRANSFERRED)),
        (None, NOW, note(NoteKind.TRANSFERRED)),
        (make.zoned(FOUR), None, note(NoteKind.TRANSFERRED)),
    ],
)
def test_where_it_stood_when_nothing_was_known_is_no_wish_and_told(
    start: EventTime | None, stays_until: datetime | None, told: Note
) -> None:
    left = Leftover(SIDE, "/side/b1.ics", '"1"', start, stays_until=stays_until)
    after = transferred(pair(leftovers=(left,)), calendar=SIDE)
    assert (after.start, after.pending) == (start or AT_TEN, told)


# its calendar left the config


GONE_HOME = {"managed": frozenset({SIDE}), "readable": frozenset({SIDE})}
NAMED_NEXT = policy(routes=(Route(SIDE),))
EVA = make.booking(contact_name="Eva")
ASKED_48 = note(NoteKind.CANCEL_ASKED, was=TEN, until=NOW + 48 * HOUR)
WAITS = {kind: Awaiting(kind, NOW - HOUR, BOOKED, to=FOUR if kind is AwaitKind.MOVE else None) for kind in AwaitKind}
CANCEL_48 = Awaiting(AwaitKind.CANCEL, NOW, EVA, until=NOW + 48 * HOUR)


def rehomed(link: Link, side: BookingSide, rules: Any = NAMED_NEXT, **more: Any) -> Outcome:
    return keeping.rehomed(case(link, rules=rules, **{**GONE_HOME, **more}), side)


@pytest.mark.parametrize(
    ("link", "side", "said"),
    [
        (pair(awaiting=WAITS[AwaitKind.REROUTE]), BookingSame(BOOKED), TO_APPROVE),
        (pair(awaiting=WAITS[AwaitKind.REROUTE]), BookingUnseen(), TO_APPROVE),
        (pair(awaiting=replace(WAITS[AwaitKind.REROUTE], decision=Decision.REJECTED)), BookingSame(BOOKED), NAME_IT),
        (pair(), BookingMissing(), "another one is written once Zimun tells of its booking"),
        (pair(), BookingUnseen(), "another one is written once Zimun tells of its booking"),
        (pair(), BookingCancelled(BOOKED, explicit=True), "it is left there"),
        (pair(), BookingSame(make.booking(start=NOW)), "it is left there"),
    ],
)
def test_out_of_the_config_it_is_named_and_left(link: Link, side: BookingSide, said: str) -> None:
    text = f"its event stands in a calendar that the config does not name any more: {said}"
    assert rehomed(link, side) == Outcome(problem=Problem(ProblemKind.UNMANAGED, "b1", text))


def test_out_of_the_config_without_a_calendar_to_go_to_that_is_named() -> None:
    assert rehomed(pair(), BookingSame(BOOKED), policy(routes=())) == keeping.unrouted(B1)
    text = (
        "its event stands in a calendar that the config does not name any more, and the one that it belongs in cannot "
        f"be read: {SIDE}"
    )
    unread = rehomed(pair(), BookingSame(BOOKED), readable=frozenset())
    assert unread == Outcome(problem=Problem(ProblemKind.UNMANAGED, "b1", text))


@pytest.mark.parametrize(
    ("changes", "side", "said", "waits"),
    [
        ({"note": SAID}, BookingSame(EVA), SAID, None),
        ({"note": SAID}, BookingSame(make.booking(start=NOW + timedelta(seconds=1))), SAID, None),
        (
            {"note": SAID, "awaiting": replace(WAITS[AwaitKind.REROUTE], decision=Decision.APPROVED)},
            BookingSame(EVA),
            SAID,
            None,
        ),
        ({"note": SAID, "awaiting": WAITS[AwaitKind.CANCEL]}, BookingSame(EVA), SAID, WAITS[AwaitKind.CANCEL]),
        (
            {"note": SAID},
            BookingMoved(make.booking(start=NOON, staff_name="Zoe")),
            note(NoteKind.REASSIGNED, was=NOON, staff="Zoe"),
            None,
        ),
        ({"note": SAID, "pending": DUE}, BookingSame(make.booking(staff_name="Zoe")), DUE, None),
        (
            {"pending": DUE, "wish": Wish(FOUR, NOW)},
            BookingMoved(make.booking(start=NOON)),
            note(NoteKind.ADOPTED, asked=FOUR, was=NOON),
            None,
        ),
        (
            {"pending": DUE, "awaiting": WAITS[AwaitKind.MOVE]},
            BookingSame(EVA),
            note(NoteKind.ADOPTED, asked=FOUR, was=TEN),
            None,
        ),
        (
            {"wish": Wish(NOON, NOW), "awaiting": WAITS[AwaitKind.MOVE]},
            BookingSame(EVA),
            note(NoteKind.ADOPTED, asked=NOON, was=TEN),
            None,
        ),
        ({"note": SAID, "awaiting": replace(WAITS[AwaitKind.MOVE], to=None)}, BookingSame(EVA), SAID, None),
        ({"note": SAID, "deletion": Deletion(NOW, 1)}, BookingSame(EVA), ASKED_48, CANCEL_48),
        (
            {"pending": DUE, "deletion": Deletion(NOW, 1), "wish": Wish(FOUR, NOW)},
            BookingSame(EVA),
            ASKED_48,
            CANCEL_48,
        ),
        ({"deletion": Deletion(NOW, 1), "awaiting": WAITS[AwaitKind.MOVE]}, BookingSame(EVA), ASKED_48, CANCEL_48),
        (
            {"note": SAID, "deletion": Deletion(NOW, 1), "awaiting": WAITS[AwaitKind.CANCEL]},
            BookingSame(EVA),
            SAID,
            WAITS[AwaitKind.CANCEL],
        ),
        ({"note": SAID, "deletion": Deletion(NOW, 1)}, BookingMoved(make.booking(start=NOON)), SAID, None),
    ],
)
def test_out_of_the_config_another_is_written_that_tells_what_is_not_done_any_more(
    changes: dict[str, Any], side: BookingSame | BookingMoved, said: Note, waits: Awaiting | None
) -> None:
    action = done(rehomed(pair(**changes), side))
    assert isinstance(action, Create)
    assert (action.why, action.calendar, action.draft.span) == (Why.REROUTED, SIDE, side.booking.span)
    assert (action.link.note, action.link.pending, action.link.awaiting) == (said, None, waits)
    assert (action.link.booking, action.link.leftovers, action.link.put_backs) == (side.booking, (), ())


# a stale client's replay


@pytest.mark.parametrize(("kind", "start"), [(NoteKind.ADOPTED, FOUR), (NoteKind.REASSIGNED, TEN)])
def test_without_a_base_the_time_of_the_other_event_is_no_wish(kind: NoteKind, start: datetime) -> None:
    seen = stands(FOUR, calendar=SIDE)
    action = done(keeping.transferred(case(pair(pending=note(kind)), seen, rules=policy(routes=())), seen))
    assert isinstance(action, Record)
    assert action.link.start.instant == start


def test_without_a_base_a_floating_time_is_read_in_the_zone_of_the_place() -> None:
    """Left without its instant, the same time would count as a drag once an app writes it with a zone."""
    link = pair(pending=note(NoteKind.ADOPTED))
    assert transferred(link, calendar=SIDE, start=make.floating(FOUR)).start.instant == FOUR


def replayed(link: Link, etag: str | None = '"9"', **changes: Any) -> Replace:
    old = replace(stands(NOON, **changes), etag=etag)
    action = done(keeping.write_ours_again(case(link, old), BOOKED, old))
    assert isinstance(action, Replace)
    assert (action.why, action.etag, action.draft.span) == (Why.EVENT_REPLAYED, etag, BOOKED.span)
    assert old.event is not None
    assert action.link.replay == old.event.fingerprint
    assert action.link.put_backs == (PutBack(NOW, f"Europe/Berlin:{make.zoned(NOON).value}"),)
    return action


def stale(link: Link, **changes: Any) -> Link:
    """The pair whose last write replaced the version that now stands there again."""
    old = stands(NOON, **changes).event
    assert old is not None
    return replace(link, replay=old.fingerprint)


def test_ours_is_written_again_from_our_last_object() -> None:
    assert STOOD.event is not None
    ours = replace(STOOD.event, title="Ada, by the window")
    link = stale(pair(event=ours, data="1|VALARM", note=SAID))
    action = replayed(link)
    assert (action.onto, action.draft.title, action.link.note) == ("1|VALARM", "Ada, by the window", SAID)


@pytest.mark.parametrize("etag", [None, 'W/"9"'])
def test_where_tags_are_weak_theirs_is_mended(etag: str | None) -> None:
    action = replayed(stale(pair(data="1|VALARM"), title="Theirs"), etag, title="Theirs")
    assert (action.onto, action.draft.title) == ("2", "Theirs")


def test_what_a_stale_client_edited_stays() -> None:
    """Its alarm, its title: only the time is put right, and they are told."""
    action = replayed(pair(data="1|VALARM"), title="Theirs")
    assert (action.onto, action.draft.title) == ("2", "Theirs")
    assert action.link.note is not None
    assert (action.link.note.kind, action.link.note.asked) == (NoteKind.ADOPTED, NOON)


def test_without_an_object_of_ours_theirs_is_mended() -> None:
    assert replayed(stale(pair(event=None, data=""))).onto == "2"


@pytest.mark.parametrize("pending", [None, DUE])
def test_an_older_version_may_be_an_undo_and_is_answered(pending: Note | None) -> None:
    action = replayed(pair(pending=pending, note=SAID))
    assert action.link.note == (pending or note(NoteKind.ADOPTED, asked=NOON, was=TEN))


def test_an_older_floating_version_is_answered_by_the_places_wall_time() -> None:
    old = stands(start=make.floating(NOON))
    action = done(keeping.write_ours_again(case(pair(), old), BOOKED, old))
    assert action.link.note == note(NoteKind.ADOPTED, asked=NOON, was=TEN)


def test_an_older_version_marked_as_cancelled_is_nobodys_undo() -> None:
    assert replayed(pair(note=SAID), cancelled=True).link.note == SAID


def test_put_back_too_often_a_replay_is_left_alone() -> None:
    start = f"Europe/Berlin:{make.zoned(NOON).value}"
    old = stands(NOON)
    outcome = keeping.write_ours_again(case(pair(put_backs=(PutBack(NOW, start),) * 3), old), BOOKED, old)
    assert outcome.problem is not None


# what it was that is only remembered


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ({"deletion": Deletion(NOW, 1)}, {"deletion": None}, Why.EVENT_RETURNED),
        ({"deletion": Deletion(NOW, 1)}, {"replay": "x"}, Why.REMEMBERED),
        ({"awaiting": Awaiting(AwaitKind.MOVE, NOW, BOOKED)}, {"awaiting": None}, Why.APPROVAL_LAPSED),
        ({"awaiting": Awaiting(AwaitKind.MOVE, NOW, BOOKED)}, {"replay": "x"}, Why.REMEMBERED),
        ({}, {"event": stands(title="x").event}, Why.EVENT_EDITED),
        ({}, {"event": stands(place="x").event}, Why.EVENT_EDITED),
        ({}, {"event": stands(description="x").event}, Why.EVENT_EDITED),
        ({}, {"event": stands(stamp=9).event}, Why.REMEMBERED),
        ({}, {"event": None}, Why.EVENT_EDITED),
        ({}, {"booking": make.booking(start=NOON)}, Why.AGREED),
        ({}, {"booking": make.booking(contact_name="Eva")}, Why.REMEMBERED),
    ],
)
def test_what_is_only_remembered_has_a_reason(before: dict[str, Any], after: dict[str, Any], why: Why) -> None:
    known: Case = case(pair(**before))
    assert keeping.remembered(known.with_link(pair(**{**before, **after}))) is why


def test_a_pair_that_was_not_known_is_remembered() -> None:
    unknown = case(pair())
    assert keeping.remembered(replace(unknown, snapshot=replace(unknown.snapshot, links={}))) is Why.REMEMBERED


# an event of before stands in the calendar that is back

BACK = stands(calendar=SIDE, stamp=5)
LEFT_THERE = Leftover(SIDE, "/side/b1.ics", '"5"', AT_TEN)
LEFT_ELSEWHERE = Leftover(HOME, "/home/y.ics", '"7"')


def known_there(**changes: Any) -> Link:
    assert BACK.event is not None
    return pair(leftovers=(LEFT_ELSEWHERE, LEFT_THERE), older=(BACK.event.fingerprint,), note=SAID, **changes)


def taken_again(link: Link, side: BookingSide = BookingSame(BOOKED), there: Observation = BACK) -> Outcome:  # noqa: B008
    return keeping.rehomed(case(link, there, rules=NAMED_NEXT, **GONE_HOME), side)


@pytest.mark.parametrize(
    ("waits", "still"),
    [
        (None, None),
        *((WAITS[kind], None if kind in (AwaitKind.MOVE, AwaitKind.REROUTE) else WAITS[kind]) for kind in WAITS),
    ],
)
def test_untouched_it_is_written_over_by_the_one_that_stood_for_it(
    waits: Awaiting | None, still: Awaiting | None
) -> None:
    link = known_there(awaiting=waits)
    write = done(taken_again(link, BookingMoved(make.booking(start=NOON))))
    assert isinstance(write, Replace)
    assert (write.why, write.calendar, write.href, write.etag) == (Why.REROUTED, SIDE, "/side/b1.ics", '"5"')
    assert (write.onto, write.draft.span) == (link.data, make.booking(start=NOON).span)
    after = write.link
    assert (after.calendar, after.href, after.leftovers) == (SIDE, "/side/b1.ics", (LEFT_ELSEWHERE,))
    asked = note(NoteKind.ADOPTED, asked=FOUR, was=NOON) if waits is WAITS[AwaitKind.MOVE] else SAID
    assert (after.note, after.awaiting) == (asked, still)


def test_touched_it_is_taken_as_it_stands_and_a_move_that_was_not_asked_for_is_told() -> None:
    link = replace(known_there(), older=(), pending=SAID)
    told = note(NoteKind.ADOPTED, asked=FOUR, was=TEN)
    for wish, said in ((None, SAID), (Wish(FOUR, NOW), told)):
        action = done(taken_again(replace(link, wish=wish)))
        assert (type(action), action.why) == (Record, Why.EVENT_TRANSFERRED)
        assert (action.link.calendar, action.link.pending) == (SIDE, said)


@pytest.mark.parametrize(
    "changes",
    [{"event": None}, {"event": stands(uid="b1~2@zimun").event}, {"older": ()}],
    ids=["nothing known", "another UID", "another version"],
)
def test_what_cannot_be_written_over_it_is_not(changes: dict[str, Any]) -> None:
    assert isinstance(done(taken_again(replace(known_there(), **changes))), Record)


def test_over_it_goes_and_untold_it_waits() -> None:
    assert isinstance(done(taken_again(known_there(), BookingCancelled(BOOKED, explicit=True))), Record)
    waits = Outcome(problem=Problem(ProblemKind.UNMANAGED, "b1", keeping.UNTOLD))
    for side in (BookingMissing(), BookingUnseen()):
        assert taken_again(known_there(), side) == waits
        assert isinstance(done(taken_again(replace(known_there(), older=()), side)), Record)


def test_of_several_of_before_the_one_where_it_belongs_counts() -> None:
    third = make.FOREIGN
    other = stands(calendar=third, stamp=8)
    link = replace(known_there(), leftovers=(Leftover(third, other.href, '"8"', AT_TEN), LEFT_THERE))
    both = frozenset({SIDE, third})
    look = case(link, other, BACK, rules=NAMED_NEXT, managed=both, readable=both)
    action = done(keeping.rehomed(look, BookingSame(BOOKED)))
    assert (type(action), action.link.calendar) == (Replace, SIDE)
