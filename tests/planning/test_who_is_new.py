"""Bookings and events without a pair, to the field: created, adopted, brought back, tidied away, named."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from syncd.domain.actions import Action, Create, Plan, Problem, ProblemKind, Record, Remove, Replace, Why
from syncd.domain.booking import Booking, Span, Status
from syncd.domain.event import EventTime, Observation, Put, Texts
from syncd.domain.ids import BookingId
from syncd.domain.link import Closed, ClosedWhy, Leftover, Link, Wrote
from syncd.domain.note import NoteKind
from syncd.planning.case import outdated
from syncd.planning.duplicates import SETTLED
from syncd.planning.newcomers import UNREAD, UNREADABLE
from syncd.planning.planner import make_plan
from syncd.planning.snapshot import Look, LookBooking, Policy
from tests.planning import builders as make
from tests.planning.builders import DAY, FOUR, HOME, HOUR, MINUTE, NOON, NOW, SIDE, TEN, policy
from tests.planning.lens import B1, B2, BOOKED, draft, note, pair, planned, stands

SECOND = timedelta(seconds=1)
OFF = replace(BOOKED, status=Status.CANCELLED)
LINK = Link(B1, HOME, "", "b1@zimun", BOOKED, EventTime(""), make.texts(BOOKED), put=Put(0, TEN), made_at=NOW)


def plan(*bookings: Booking, events: tuple[Observation, ...] = (), rules: Policy | None = None, **more: Any) -> Plan:
    return make_plan(replace(make.snapshot(bookings=bookings, events=events), **more), rules or policy())


def parked(text: str) -> Problem:
    return Problem(ProblemKind.PARKED, "b1", text)


def one(*bookings: Booking, **more: Any) -> Action:
    (action,) = plan(*bookings, **more).actions
    return action


def adopted(seen: Observation, **changes: Any) -> Link:
    assert seen.event is not None
    made = Link(
        booking_id=B1,
        calendar=seen.calendar,
        href=seen.href,
        uid="b1@zimun",
        booking=BOOKED,
        start=make.zoned(TEN),
        texts=make.texts(BOOKED),
        data=seen.data,
        event=seen.event,
        etag=seen.etag,
    )
    return replace(made, **changes)


# created


def test_a_new_booking_gets_its_event() -> None:
    rules = policy(klass="PRIVATE", alarm_minutes=30)
    made = draft(BOOKED, klass="PRIVATE", alarm_minutes=30)
    assert one(BOOKED, rules=rules) == Create(B1, Why.NEW, LINK, HOME, "b1.ics", made)


def test_a_booking_whose_texts_are_not_known_is_called_by_its_id() -> None:
    action = one(BOOKED, texts={})
    assert action.link.texts == Texts("b1")
    assert isinstance(action, Create)
    assert action.draft.title == "b1"


@pytest.mark.parametrize(("ahead", "made"), [(-SECOND, True), (0 * SECOND, False)])
def test_new_bookings_get_events_up_to_future_days(ahead: timedelta, made: bool) -> None:
    far = make.booking(start=NOW + 60 * DAY + ahead)
    assert bool(plan(far).actions) is made
    # one that an event asked for takes the place of that event, however far ahead it is
    assert plan(far, requested=frozenset({B1})).actions
    assert bool(plan(far, requested=frozenset({B2})).actions) is made


@pytest.mark.parametrize(("late", "made"), [(0 * SECOND, True), (SECOND, False)])
def test_and_those_that_ended_up_to_past_days_ago(late: timedelta, made: bool) -> None:
    old = make.booking(start=NOW - DAY - HOUR - late)
    assert bool(plan(old).actions) is made


@pytest.mark.parametrize("status", Status)
def test_held_and_cancelled_bookings_have_none(status: Status) -> None:
    made = plan(replace(BOOKED, status=status)).actions
    assert bool(made) is (status not in (Status.HELD, Status.CANCELLED))


def test_nothing_is_made_where_it_may_stand_unseen() -> None:
    assert plan(BOOKED, never_read=frozenset({SIDE})) == Plan(problems=(parked(f"{UNREAD}: {SIDE}"),))
    assert plan(BOOKED, never_read=frozenset({SIDE, HOME})).problems == (parked(f"{UNREAD}: {HOME}, {SIDE}"),)
    assert plan(BOOKED, readable=frozenset({SIDE})) == Plan(problems=(parked(f"{UNREADABLE}: {HOME}"),))
    assert isinstance(one(BOOKED, readable=frozenset({HOME})), Create)


@pytest.mark.parametrize(
    ("calendar", "name", "data", "fault", "stands_in_the_way"),
    [
        (HOME, "b1.ics", "x", "no DTSTART", True),
        (HOME, "b1.ics", "", "no DTSTART", False),
        (HOME, "b2.ics", "x", "no DTSTART", False),
        (HOME, "xb1.ics", "x", "no DTSTART", False),
        (SIDE, "b1.ics", "x", "no DTSTART", True),
        (SIDE, "b1~2.ics", "x", "no DTSTART", True),
        (SIDE, "b1~x.ics", "x", "no DTSTART", False),
        (HOME, "b1.ics", "x", "", False),
    ],
)
def test_no_event_beside_a_broken_one_of_its_name(
    calendar: str, name: str, data: str, fault: str, *, stands_in_the_way: bool
) -> None:
    broken = replace(stands(calendar=calendar, name=name), event=None, data=data, fault=fault)
    known = plan(BOOKED, events=(broken,))
    assert bool(known.actions) is not stands_in_the_way
    named = Problem(ProblemKind.PARKED, broken.href, f"this event cannot be read: {fault}")
    assert known.problems == ((named,) if fault else ())


def test_a_broken_event_of_another_pair_stands_in_nobodys_way() -> None:
    """A reschedule gave the booking another id, and its event kept its name."""
    broken = replace(stands(), event=None, fault="no DTSTART")
    links = {BookingId("b9"): pair(booking_id=BookingId("b9"), booking=make.booking("b9"))}
    assert [action.booking_id for action in plan(BOOKED, events=(broken,), links=links).actions] == ["b1"]


def test_a_broken_event_in_a_calendar_that_left_the_config_stands_in_nobodys_way() -> None:
    broken = replace(stands(calendar=SIDE), event=None, data="x", fault="no DTSTART")
    known = plan(BOOKED, events=(broken,), managed=frozenset({HOME}), readable=frozenset({HOME}))
    assert [type(action) for action in known.actions] == [Create]
    assert known.problems == ()


def test_a_broken_event_of_a_pair_is_named_by_its_booking() -> None:
    broken = replace(stands(), event=None, fault="no DTSTART")
    known = plan(BOOKED, events=(broken,), links={B1: pair()})
    assert known.problems == (Problem(ProblemKind.PARKED, "b1", "its event cannot be read: no DTSTART"),)


def test_without_a_route_the_booking_is_named() -> None:
    (problem,) = plan(BOOKED, rules=policy(routes=())).problems
    assert (problem.kind, problem.key) == (ProblemKind.UNROUTED, "b1")


def test_a_booking_read_by_its_id_is_as_good_as_a_listed_one_and_newer() -> None:
    moved = make.booking(start=NOON)
    assert one(looks={LookBooking(B1): BOOKED}, texts={B1: make.texts(BOOKED)}).link.booking == BOOKED
    assert one(BOOKED, looks={LookBooking(B1): moved}).link.booking == moved


@pytest.mark.parametrize(("ago", "known"), [(2 * MINUTE - SECOND, True), (2 * MINUTE, False)])
def test_the_id_that_our_reschedule_took_away_is_no_new_booking_for_two_minutes(ago: timedelta, known: bool) -> None:
    new = make.booking("b2", NOON)
    link = make.link(new, stands(NOON), wrote=Wrote(NOW - ago, BOOKED))
    made = plan(BOOKED, new, events=(stands(NOON),), links={B2: link}).actions
    assert any(action.booking_id == B1 for action in made) is not known


def test_our_write_that_kept_the_id_hides_nothing() -> None:
    closed = Closed(NOW - DAY, ClosedWhy.DELETED_PAST)
    link = pair(wrote=Wrote(NOW, BOOKED), closed=closed)
    assert one(make.booking(start=NOON), links={B1: link}).why is Why.BOOKING_REVIVED


def test_all_are_looked_after_in_the_order_of_their_ids() -> None:
    many = [make.booking(name) for name in ("b3", "b1", "b2")]
    linked = plan(many[0], events=(stands(),), links={B1: pair()})
    assert [action.booking_id for action in plan(*many).actions] == ["b1", "b2", "b3"]
    assert [action.booking_id for action in linked.actions][-1] == "b3"


# a pair that ended


def test_a_past_booking_that_was_tidied_away_stays_so_until_it_moves() -> None:
    for start in (NOW - 2 * HOUR, NOW):
        begun = make.booking(start=start, end=start + HOUR)
        tidied = pair(booking=begun, closed=Closed(start, ClosedWhy.DELETED_PAST))
        assert plan(begun, links={B1: tidied}) == Plan()
        assert one(make.booking(start=NOON), links={B1: tidied}).why is Why.BOOKING_REVIVED


def test_what_a_clock_that_was_ahead_took_for_past_gets_its_event_again() -> None:
    soon = make.booking(start=NOW + SECOND, end=NOW + HOUR)
    tidied = pair(booking=soon, closed=Closed(NOW + DAY, ClosedWhy.DELETED_PAST))
    made = one(soon, links={B1: tidied})
    assert isinstance(made, Create)
    assert (made.why, made.link.closed, made.link.deletion) == (Why.DELETION_RESTORED, None, None)
    assert made.draft.span == soon.span
    assert plan(soon, links={B1: tidied}, clock_jumped=True) == Plan()
    # moved by its customer since, cancelled, or marked as cancelled where it stood
    assert one(make.booking(start=NOON), links={B1: tidied}).why is Why.BOOKING_REVIVED
    assert plan(replace(soon, status=Status.CANCELLED), links={B1: tidied}) == Plan()
    marked = one(soon, events=(stands(cancelled=True),), links={B1: tidied})
    assert marked.why is Why.ADOPTED
    assert marked.link.pending is not None


def test_what_people_wrote_into_its_event_comes_back_with_a_booking_that_lives_again() -> None:
    stood = stands(title="Ada, with her dog")
    ended = replace(pair(closed=Closed(NOW - DAY, ClosedWhy.CANCELLED)), event=stood.event, data=stood.data)
    made = one(make.booking(start=NOON), links={B1: ended})
    assert isinstance(made, Create)
    assert (made.onto, made.draft.title) == (stood.data, "Ada, with her dog")
    assert made.draft.span == Span(NOON, NOON + HOUR)
    assert made.link.older == outdated(ended)


def test_a_move_that_was_never_told_as_lost_is_told_when_the_booking_lives_again() -> None:
    """After a lost database, where the calendar refused that note until the booking had ended."""
    untold = note(NoteKind.ADOPTED, asked=FOUR, was=TEN)
    ended = pair(closed=Closed(NOW - DAY, ClosedWhy.CANCELLED), pending=untold)
    made = one(make.booking(start=NOON), links={B1: ended})
    assert (made.link.note, made.link.pending) == (replace(untold, was=made.link.booking.start), None)
    other = replace(ended, pending=note(NoteKind.NOT_OPEN))
    assert one(make.booking(start=NOON), links={B1: other}).link.note is None


@pytest.mark.parametrize(("ago", "stale"), [(MINUTE, True), (3 * MINUTE, False)])
def test_a_cancelled_booking_that_still_answers_is_stale_for_two_minutes(ago: timedelta, stale: bool) -> None:
    over = pair(booking=OFF, closed=Closed(NOW - ago, ClosedWhy.CANCELLED), wrote=Wrote(NOW - ago, BOOKED))
    assert bool(plan(BOOKED, links={B1: over}).actions) is not stale


def test_what_stood_there_before_the_pair_ended_is_known_as_old() -> None:
    over = pair(closed=Closed(NOW - DAY, ClosedWhy.CANCELLED), older=("o1",), replay="r1", event=stands(FOUR).event)
    for events, why in (((), Why.BOOKING_REVIVED), ((stands(),), Why.ADOPTED)):
        action = one(BOOKED, events=events, links={B1: over})
        assert (action.why, action.link.older) == (why, outdated(over))
        assert len(action.link.older) == 3


# adopted


def test_an_event_that_is_right_is_linked_as_it_stands() -> None:
    seen = stands(start=make.floating(TEN), end=make.floating(TEN + HOUR))
    link = adopted(seen, start=replace(make.floating(TEN), instant=TEN))
    assert one(BOOKED, events=(seen,)) == Record(B1, Why.ADOPTED, link)


def test_where_its_event_says_that_it_was_put_is_known_of_an_adopted_one() -> None:
    """Else an older version of it, brought back from before a customer's move, would count as a person's drag."""
    seen = stands(put=Put(2, TEN))
    assert one(BOOKED, events=(seen,)) == Record(B1, Why.ADOPTED, adopted(seen, put=Put(2, TEN)))


@pytest.mark.parametrize(
    ("at", "changes", "asked"),
    [
        (FOUR, {}, FOUR),
        (TEN, {"end": make.zoned(NOON)}, None),
        (TEN, {"cancelled": True}, None),
        (TEN, {"start": make.all_day(TEN)}, None),
    ],
)
def test_one_that_is_not_right_has_something_to_say(at: Any, changes: dict[str, Any], asked: Any) -> None:
    seen = stands(at, **changes)
    assert seen.event is not None
    said = note(NoteKind.ADOPTED, asked=asked, was=TEN)
    assert one(BOOKED, events=(seen,)).link == adopted(seen, start=seen.event.start, pending=said)


def test_a_note_of_times_unknown_stays_for_note_hours() -> None:
    seen = stands(noted=True)
    assert one(BOOKED, events=(seen,)).link == adopted(seen, note=note(NoteKind.ADOPTED, was=TEN))


def test_texts_of_a_booking_unseen_are_the_events_own() -> None:
    seen = stands(title="Ada, by the window")
    assert one(BOOKED, events=(seen,), texts={}).link.texts == Texts("Ada, by the window")


def test_the_best_of_many_is_adopted_and_older_generations_are_left_over() -> None:
    """The highest generation, of those the one where routing wants it; a copy with a UID of its own is a person's."""
    first = stands(name="b1.ics", stamp=1)
    side = stands(calendar=SIDE, uid="b1~2@zimun", name="b1~2.ics", stamp=2)
    home = stands(uid="b1~2@zimun", name="b1~2.ics", stamp=3)
    copy = stands(uid="7f3a", name="a.ics", stamp=4)
    (action,) = plan(BOOKED, events=(copy, first, side, home)).actions
    left = (Leftover(HOME, "/home/b1.ics", '"1"', make.zoned(TEN)),)
    beside = Leftover(SIDE, "/side/b1~2.ics", '"2"', make.zoned(TEN), stays_until=NOW + SETTLED)
    assert action.link == adopted(home, uid="b1~2@zimun", leftovers=(beside, *left))
    there = make.booking(location_id="loc_2")
    (action,) = plan(there, events=(first, side, home)).actions
    beside = Leftover(HOME, "/home/b1~2.ics", '"3"', make.zoned(TEN), stays_until=NOW + SETTLED)
    assert (action.link.calendar, action.link.leftovers) == (SIDE, (beside, *left))
    (action,) = plan(there, events=(first, home)).actions
    assert (action.link.href, action.link.leftovers) == (home.href, left)


def test_routing_does_not_prefer_an_older_generation() -> None:
    old_there = stands(calendar=SIDE, name="b1.ics")
    new_here = stands(uid="b1~2@zimun", name="b1~2.ics")
    (action,) = plan(make.booking(location_id="loc_2"), events=(old_there, new_here)).actions
    assert action.link.calendar == HOME


def test_a_pasted_copy_is_adopted_under_our_uid_and_leaves_nothing_over() -> None:
    one_copy, other = (stands(uid=name, name=f"{name}.ics", stamp=5) for name in ("x", "y"))
    (action,) = plan(BOOKED, events=(other, one_copy)).actions
    assert action.link == adopted(one_copy)


def test_what_is_adopted_is_no_orphan_however_many_are() -> None:
    second = make.booking("b2", FOUR)
    both = (stands(), make.observation(make.event(second)))
    known = plan(BOOKED, second, events=both, asked_lately=frozenset({B1, B2}))
    assert ([action.why for action in known.actions], known.problems) == ([Why.ADOPTED, Why.ADOPTED], ())


def test_beside_an_event_that_bears_the_old_id_a_pasted_copy_is_not_left_over() -> None:
    """A reschedule gave the booking another id: its event is found by the new one, and so is a person's copy."""
    renamed, copy = stands(booking_id="b2", name="b1.ics"), stands(booking_id="b2", uid="x", name="x.ics")
    (action,) = plan(make.booking("b2"), events=(renamed, copy)).actions
    assert (action.why, action.link.href, action.link.leftovers) == (Why.ADOPTED, "/home/b1.ics", ())


def test_an_event_of_another_pair_is_not_taken() -> None:
    theirs = stands(booking_id="b2")
    link = make.link(make.booking("b2"), theirs)
    made = plan(BOOKED, make.booking("b2"), events=(theirs,), links={B2: link}).actions
    assert [type(action) for action in made if action.booking_id == B1] == [Create]
    pasted = stands(uid="x", name="x.ics")
    link = make.link(make.booking("b2"), pasted)
    made = plan(BOOKED, make.booking("b2"), events=(pasted,), links={B2: link}).actions
    assert [type(action) for action in made if action.booking_id == B1] == [Create]


@pytest.mark.parametrize("uid", ["b1@zimun", "pasted"])
def test_what_was_last_seen_in_a_calendar_that_left_the_config_is_not_taken(uid: str) -> None:
    """It may have gone since. Linked with it, the booking would be cancelled once that calendar is back."""
    last = stands(calendar=SIDE, uid=uid, booking_id="b1")
    assert isinstance(one(BOOKED, events=(last,), managed=frozenset({HOME})), Create)


@pytest.mark.parametrize("uid", ["b1@zimun", "pasted"])
def test_where_its_calendar_cannot_be_read_it_waits(uid: str) -> None:
    there = (stands(calendar=SIDE, uid=uid, booking_id="b1"), stands(booking_id="b1"))
    assert plan(BOOKED, events=there[:1], readable=frozenset({HOME})) == Plan()
    assert plan(BOOKED, events=there, readable=frozenset({HOME})) == (
        Plan() if uid == "b1@zimun" else plan(BOOKED, events=there)
    )


def test_beyond_future_days_an_event_that_stands_is_adopted_all_the_same() -> None:
    far = make.booking(start=NOW + 61 * DAY)
    (action,) = plan(far, events=(make.observation(make.event(far)),)).actions
    assert action.why is Why.ADOPTED


# an event without a live booking


ORPHAN = Problem(
    ProblemKind.ORPHAN,
    "/home/b1.ics",
    "an event that names a booking which Zimun does not know: left alone; delete it if it is of no use",
)


def test_an_orphan_is_named_once_zimun_does_not_know_it() -> None:
    assert plan(events=(stands(),)) == Plan()
    assert plan(events=(stands(),), looks={LookBooking(B1): Look.UNKNOWN}) == Plan()
    assert plan(events=(stands(),), looks={LookBooking(B1): Look.ABSENT}) == Plan(problems=(ORPHAN,))
    assert plan(events=(stands(),), asked_lately=frozenset({B1})) == Plan(problems=(ORPHAN,))


def test_an_event_that_names_nobody_or_is_unread_or_old_is_left_alone() -> None:
    looks = {LookBooking(B1): Look.ABSENT}
    assert plan(events=(stands(),), looks=looks, readable=frozenset({SIDE})) == Plan()
    old = stands(NOW - DAY - HOUR - SECOND)
    assert plan(events=(old,), looks=looks) == Plan()
    assert plan(events=(stands(NOW - DAY - HOUR),), looks=looks) == Plan(problems=(ORPHAN,))
    unnamed = stands(uid=f"{'a' * 64}@zimun", booking_id="", name="x.ics")
    named = LookBooking(BookingId("a" * 64))
    assert len(plan(events=(unnamed,), looks={named: Look.ABSENT}).problems) == 1


def test_without_an_end_its_start_says_whether_it_is_past() -> None:
    looks = {LookBooking(B1): Look.ABSENT}
    for start, past in ((NOW - DAY - SECOND, True), (NOW - DAY, False)):
        event = stands(start=make.zoned(start), end=make.all_day(start))
        assert (plan(events=(event,), looks=looks) == Plan()) is past
    timeless = stands(start=make.all_day(NOW), end=make.all_day(NOW))
    assert plan(events=(timeless,), looks=looks) == Plan(problems=(ORPHAN,))


def test_a_further_event_of_a_linked_booking_is_no_orphan() -> None:
    further = stands(name="x.ics")
    look = plan(BOOKED, events=(stands(), further), links={B1: pair()}, looks={LookBooking(B1): Look.ABSENT})
    assert ProblemKind.ORPHAN not in [problem.kind for problem in look.problems]


@pytest.mark.parametrize(("uid", "named"), [("b1@zimun", "b9"), ("b9@zimun", "b1")])
def test_nor_is_one_that_has_only_the_uid_or_only_the_id_of_a_linked_booking(uid: str, named: str) -> None:
    further = stands(uid=uid, booking_id=named, name="x.ics")
    unknown = frozenset({BookingId("b9"), B1})
    known = plan(BOOKED, events=(stands(), further), links={B1: pair()}, asked_lately=unknown)
    assert known.problems == ()


GONE = pair(booking=OFF, closed=Closed(NOW - HOUR, ClosedWhy.CANCELLED, '"2"'), wrote=Wrote(NOW - HOUR, BOOKED))


@pytest.mark.parametrize(("ago", "etag", "lags"), [(299, '"2"', True), (300, '"2"', False), (299, '"3"', False)])
def test_for_five_minutes_what_we_deleted_may_still_be_listed(ago: int, etag: str, lags: bool) -> None:
    closed = replace(GONE, closed=Closed(NOW - ago * SECOND, ClosedWhy.CANCELLED, etag))
    assert bool(plan(events=(stands(),), links={B1: closed}).actions) is not lags


def test_without_tags_a_listing_is_not_known_to_lag() -> None:
    untagged = replace(GONE, closed=Closed(NOW, ClosedWhy.CANCELLED, None))
    assert plan(events=(replace(stands(), etag=None),), links={B1: untagged}).actions


def test_the_event_of_a_cancelled_booking_that_comes_back_is_told_so() -> None:
    action = one(events=(stands(stamp=9),), links={B1: GONE}, texts={B1: make.texts(BOOKED)})
    assert isinstance(action, Replace)
    assert (action.why, action.link.wrote, action.link.closed) == (Why.BOOKING_CANCELLED, GONE.wrote, None)
    assert action.link.note == note(NoteKind.CANCELLED, was=TEN)


def test_a_tidied_pair_says_nothing_about_an_event_that_comes_back() -> None:
    tidied = pair(closed=Closed(NOW - HOUR, ClosedWhy.DELETED_PAST))
    assert plan(events=(stands(),), links={B1: tidied}) == Plan()
    live = pair(closed=Closed(NOW - HOUR, ClosedWhy.CANCELLED))
    assert plan(events=(stands(),), links={B1: live}) == Plan()


def test_after_a_lost_database_what_is_left_of_a_cancelled_booking_goes() -> None:
    seen = stands()
    over = adopted(seen, booking=OFF, closed=Closed(NOW, ClosedWhy.CANCELLED, '"2"'))
    assert one(OFF, events=(seen,)) == Remove(B1, Why.BOOKING_CANCELLED, over, HOME, "/home/b1.ics", '"2"', "2")


def test_moved_before_it_was_lost_it_says_so_before_it_goes() -> None:
    action = one(OFF, events=(stands(FOUR),))
    assert isinstance(action, Replace)
    assert action.link.note == note(NoteKind.CANCELLED, was=TEN)


def test_beside_a_left_over_that_bears_the_old_id_a_pasted_copy_stays() -> None:
    renamed, copy = stands(booking_id="b2", name="b1.ics"), stands(booking_id="b2", uid="x", name="x.ics")
    action = one(replace(OFF, id=B2), events=(renamed, copy))
    assert isinstance(action, Remove)
    assert (action.href, action.link.leftovers) == ("/home/b1.ics", ())


def test_of_several_left_overs_all_go_and_a_persons_copy_stays() -> None:
    first, second = stands(), stands(uid="b1~2@zimun", name="b1~2.ics", stamp=3)
    copy = stands(uid="x", name="x.ics", stamp=4)
    made = plan(OFF, events=(first, second, copy)).actions
    assert made == (
        Record(
            B1,
            Why.ADOPTED,
            adopted(first, booking=OFF, leftovers=(Leftover(HOME, second.href, '"3"', make.zoned(TEN)),)),
        ),
        Record(
            B1,
            Why.ADOPTED,
            adopted(
                second,
                booking=OFF,
                uid="b1~2@zimun",
                leftovers=(Leftover(HOME, first.href, '"2"', make.zoned(TEN)),),
            ),
        ),
    )
    assert isinstance(planned(make.snapshot(bookings=(OFF,), events=(first, copy))), Remove)


@pytest.mark.parametrize("again", [TEN, NOON])
def test_what_was_never_told_is_told_as_it_is_when_it_lives_again(again: datetime) -> None:
    """However long ago it was noticed."""
    untold = replace(note(NoteKind.ADOPTED, asked=FOUR, was=TEN), at=NOW - 7 * DAY, until=NOW - 4 * DAY)
    ended = pair(closed=Closed(NOW - 6 * DAY, ClosedWhy.CANCELLED), pending=untold)
    made = one(make.booking(start=again), links={B1: ended})
    assert made.link.note == note(NoteKind.ADOPTED, asked=FOUR, was=again)


def test_and_not_told_where_it_is_as_the_person_wanted() -> None:
    ended = pair(closed=Closed(NOW - DAY, ClosedWhy.CANCELLED), pending=note(NoteKind.ADOPTED, asked=FOUR, was=TEN))
    assert one(make.booking(start=FOUR), links={B1: ended}).link.note is None
