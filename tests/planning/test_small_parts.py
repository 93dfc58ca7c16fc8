"""The small parts that all decisions stand on: routing, zones, texts, what a snapshot knows, second events."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syncd.domain.actions import Plan, Problem, ProblemKind, Record, Remove, Why
from syncd.domain.booking import Catalog, Location
from syncd.domain.event import EventTime, Put, TimeKind
from syncd.domain.ids import BookingId
from syncd.domain.link import Awaiting, AwaitKind, Closed, ClosedWhy, Leftover, Missing
from syncd.domain.note import Note, NoteKind
from syncd.planning import duplicates, newcomers
from syncd.planning.case import Outcome, left_behind
from syncd.planning.instants import letters, resolved
from syncd.planning.merge import merge
from syncd.planning.planner import BLIND, is_alive, make_plan
from syncd.planning.routing import Route, may_take, request_calendars, route
from syncd.planning.snapshot import Look, LookBooking, LookEvent, Policy, Snapshot
from tests.planning import builders as make
from tests.planning.builders import BERLIN, DAY, FOUR, HOME, HOUR, MINUTE, NOW, SIDE, TEN, policy
from tests.planning.lens import B1, BOOKED, STOOD, case, done, note, pair, planned, stands

SECOND = timedelta(seconds=1)


# routing

ADA = make.booking(staff_name="Zoe")


@pytest.mark.parametrize(
    ("entry", "takes"),
    [
        (Route(SIDE), True),
        (Route(SIDE, locations=("loc_1",)), True),
        (Route(SIDE, locations=("loc_2",)), False),
        (Route(SIDE, services=("wash", "cut")), True),
        (Route(SIDE, services=("wash",)), False),
        (Route(SIDE, staff=("Zoe",)), True),
        (Route(SIDE, staff=("Bea",)), False),
        (Route(SIDE, ("loc_1",), ("cut",), ("Bea",)), False),
        (Route(SIDE, ("loc_2",), ("cut",), ("Zoe",)), False),
        (Route(SIDE, ("loc_1",), ("wash",), ("Zoe",)), False),
    ],
)
def test_an_entry_takes_what_matches_all_that_it_names(entry: Route, takes: bool) -> None:
    assert route(ADA, [entry]) == (SIDE if takes else None)


def test_a_fallback_that_names_nothing_stands_behind_all_others() -> None:
    fallback, named = Route(HOME, fallback=True), Route(SIDE, locations=("loc_1",))
    assert route(ADA, [fallback, named]) == SIDE
    assert route(ADA, [fallback, replace(named, locations=("loc_2",))]) == HOME
    for names in ({"locations": ("loc_1",)}, {"services": ("cut",)}, {"staff": ("Zoe",)}):
        assert route(ADA, [Route(HOME, **names, fallback=True), named]) == HOME
    assert route(ADA, [replace(named, locations=("loc_2",)), Route(HOME, staff=("Bea",), fallback=True)]) == HOME
    assert route(ADA, []) is None


@pytest.mark.parametrize(
    ("entry", "takes"),
    [
        (Route(SIDE), True),
        (Route(SIDE, fallback=True, services=("wash",)), True),
        (Route(SIDE, locations=("loc_1",), services=("cut",)), True),
        (Route(SIDE, locations=("loc_2",)), False),
        (Route(SIDE, services=("wash",)), False),
        (Route(SIDE, staff=("Bea",)), True),  # who will have it is not known before it is booked
        (Route(SIDE, staff=("Bea",), services=("wash",)), False),
    ],
)
def test_a_booking_to_be_has_a_calendar_where_one_may_take_it(entry: Route, takes: bool) -> None:
    assert may_take("cut", "loc_1", [Route(HOME, services=("wash",)), entry], staff_told=True) is takes
    # where Zimun names no place with it, it may name one once it is booked
    assert may_take("cut", "", [entry], staff_told=True) is (takes or entry.locations == ("loc_2",))
    assert not may_take("cut", "loc_1", [], staff_told=True)
    takes_without = takes and (entry.fallback or not entry.staff)
    assert may_take("cut", "loc_1", [entry], staff_told=False) is takes_without


def test_people_may_ask_for_bookings_where_an_entry_says_so() -> None:
    asked = Route(SIDE, create_bookings=True)
    assert request_calendars([Route(HOME), asked, replace(asked, staff=("Zoe",))]) == (SIDE,)


# times


def test_a_floating_time_is_the_wall_time_of_the_place() -> None:
    wall = make.floating(TEN)
    meant = resolved(wall, ZoneInfo(BERLIN))
    assert meant == replace(wall, instant=TEN)
    assert meant.instant is not None
    assert meant.instant.tzinfo is UTC
    assert resolved(wall, None) == wall
    assert resolved(make.utc(TEN), ZoneInfo(BERLIN)) == make.utc(TEN)
    broken = EventTime("tomorrow", "", TimeKind.FLOATING)
    assert resolved(broken, ZoneInfo(BERLIN)) == broken
    assert letters(make.zoned(TEN)) == f"Europe/Berlin:{make.zoned(TEN).value}"


# texts


def test_white_space_is_no_persons_edit() -> None:
    said = make.texts(BOOKED)
    eva = make.texts(make.booking(contact_name="Eva"))
    event = make.event(BOOKED, title=" Haircut  –  Ada ", description="Ada\n -\nKey under the mat")
    assert merge(said, event, eva).title == eva.title
    assert merge(said, event, eva).description == "Eva\n-\nKey under the mat"


def test_two_equal_lines_are_two() -> None:
    written = replace(make.texts(BOOKED), lines={"a": "same", "b": "same"})
    wanted = replace(written, lines={"a": "one", "b": "two", "c": "three"})
    event = make.event(BOOKED, description="mine\nsame\nsame\nyours")
    assert merge(written, event, wanted).description == "mine\none\ntwo\nthree\nyours"


def test_where_none_of_ours_stands_any_more_new_lines_come_first() -> None:
    written = replace(make.texts(BOOKED), lines={"a": "gone"})
    wanted = replace(written, lines={"a": "gone too", "b": "new"})
    event = make.event(BOOKED, description="mine\nyours")
    assert merge(written, event, wanted).description == "new\nmine\nyours"


def test_a_first_line_of_ours_that_goes_leaves_its_place_to_the_new_ones() -> None:
    written = replace(make.texts(BOOKED), lines={"a": "ours"})
    wanted = replace(written, lines={"b": "new"})
    event = make.event(BOOKED, description="ours\nmine")
    assert merge(written, event, wanted).description == "new\nmine"


# what a snapshot knows


def test_the_zone_is_the_places() -> None:
    def zone(name: str) -> tuple[Any, str]:
        look = replace(make.snapshot(), catalog=Catalog({"loc_1": Location("loc_1", timezone=name)}))
        return look.zone(BOOKED), look.zone_name(BOOKED)

    assert zone(BERLIN) == (ZoneInfo(BERLIN), BERLIN)
    assert zone("") == (None, "")
    assert zone("Custom/Moon") == (None, "Custom/Moon")
    assert zone("/etc/passwd") == (None, "/etc/passwd")
    unknown = replace(BOOKED, location_id="loc_9")
    assert (make.snapshot().zone(unknown), make.snapshot().zone_name(unknown)) == (None, "")


def test_every_managed_calendar_counts_and_no_other() -> None:
    assert make.snapshot().all_readable
    assert make.snapshot(readable=frozenset({HOME, SIDE, "x"})).all_readable
    assert not make.snapshot(readable=frozenset({HOME})).all_readable


def test_only_open_pairs_hold_their_events_and_names() -> None:
    look = make.snapshot(links=(pair(),))
    assert look.linked_keys == {(HOME, "/home/b1.ics"): B1}
    assert look.linked_stems == {"b1"}
    over = make.snapshot(links=(pair(closed=Closed(NOW, ClosedWhy.CANCELLED)),))
    assert (over.linked_keys, over.linked_stems) == ({}, frozenset())
    assert make.snapshot(links=(pair(uid="7f3a"),)).linked_stems == frozenset()


def test_events_are_found_by_name_by_uid_and_by_the_booking_they_name() -> None:
    first, second = stands(calendar=SIDE), stands(uid="b1~2@zimun")
    copy, nameless = stands(uid="7f3a", name="x.ics"), stands(uid="7f3b", name="y.ics", booking_id="")
    broken = replace(stands(name="z.ics"), event=None)
    look = make.snapshot(events=(first, copy, second, nameless, broken))
    assert look.names == {
        (SIDE, "b1.ics"),
        (HOME, "b1.ics"),
        (HOME, "x.ics"),
        (HOME, "y.ics"),
        (HOME, "z.ics"),
    }
    assert look.by_stem == {"b1": (second, first)}
    assert look.of_uid("b1~7@zimun") == (second, first)
    assert (look.of_uid("b2@zimun"), look.of_uid("7f3a")) == ((), ())
    assert look.by_booking_id == {"b1": (second, copy, first)}


def test_what_is_not_said_is_careful() -> None:
    assert Policy() == Policy(
        past=DAY,
        future=60 * DAY,
        conflict="zimun",
        deletions="cancel",
        cancel_grace=10 * MINUTE,
        max_cancellations=5,
        max_moves=10,
        note=72 * HOUR,
        klass="PUBLIC",
        alarm_minutes=0,
        routes=(),
    )
    bare = Snapshot(NOW, 1)
    assert (bare.window, bare.list_closed, bare.clock_jumped) == (None, False, False)
    assert (bare.cancelled_lately, bare.moved_now, bare.removed_now) == (0, 0, 0)


# further events of one booking


TWIN = replace(stands(name="x.ics"), seen_at=NOW - HOUR)
LOOKED = {LookEvent(HOME, STOOD.href): STOOD}


@pytest.mark.parametrize(("ago", "goes"), [(10 * MINUTE, True), (10 * MINUTE - SECOND, False)])
def test_a_second_event_goes_after_ten_minutes(ago: timedelta, goes: bool) -> None:
    twin = replace(TWIN, seen_at=NOW - ago)
    outcome = duplicates.remove(case(pair(), STOOD, twin, looks=LOOKED))
    removed = Remove(B1, Why.DUPLICATE, pair(twin_removed_at=NOW), HOME, "/home/x.ics", '"2"', "2")
    assert outcome == (Outcome(removed) if goes else Outcome())


def test_a_left_over_that_may_stay_is_no_second_event() -> None:
    """Its calendar is back in the config since this cycle, and what is to be told of it would be lost."""
    twin = replace(TWIN, seen_at=NOW - DAY)
    left = Leftover(*twin.key, twin.etag, make.zoned(FOUR), stays_until=NOW + MINUTE)
    there = case(pair(leftovers=(left,)), STOOD, twin, looks=LOOKED)
    assert duplicates.settled_twins(there) == []
    assert duplicates.remove(there) == Outcome()


def test_and_only_while_the_bookings_own_is_seen_to_stand() -> None:
    assert duplicates.remove(case(pair(), STOOD, TWIN)) == Outcome()
    absent = {LookEvent(HOME, STOOD.href): Look.ABSENT}
    assert duplicates.remove(case(pair(), STOOD, TWIN, looks=absent)) == Outcome()
    assert duplicates.remove(case(pair(), TWIN, looks=LOOKED)) == Outcome()
    # where the booking is over that is all one: its own may be marked as cancelled, too
    for looks in (LOOKED, {}, {key: stands(cancelled=True) for key in LOOKED}):
        over = done(duplicates.remove(case(pair(), STOOD, TWIN, looks=looks), ended=True))
        assert isinstance(over, Remove)
        assert (over.calendar, over.href) == TWIN.key
    assert duplicates.remove(case(pair(), STOOD, TWIN, looks=LOOKED, readable=frozenset({SIDE}))) == Outcome()


def test_a_second_event_in_an_unread_calendar_or_of_another_pair_stays() -> None:
    there = replace(stands(calendar=SIDE), seen_at=NOW - HOUR)
    assert duplicates.settled_twins(case(pair(), STOOD, there)) == [there]
    assert duplicates.settled_twins(case(pair(), STOOD, there, readable=frozenset({HOME}))) == []
    other = make.link(make.booking("b2"), there)
    assert duplicates.settled_twins(case(pair(), STOOD, there, links={B1: pair(), BookingId("b2"): other})) == []


def test_after_a_reschedule_gave_another_id_what_bears_the_old_uid_is_a_second_event_too() -> None:
    """Each once, those of the UID first; a person's copy that names the booking is not one, whatever it is called."""
    old = stands(uid="b7@zimun", name="a.ics")
    new, copy = stands(name="c.ics"), stands(uid="7f3a", name="d.ics")
    old, new, copy = (replace(seen, seen_at=NOW - DAY) for seen in (old, new, copy))
    assert duplicates.settled_twins(case(pair(), STOOD, old, new, copy)) == [new, old]


def test_where_no_event_names_the_booking_those_of_its_uid_count() -> None:
    own, second = stands(booking_id="", name="b1.ics"), stands(booking_id="", uid="b1~2@zimun", name="x.ics")
    second = replace(second, seen_at=NOW - DAY)
    assert duplicates.settled_twins(case(pair(), own, second)) == [second]


LEFT = Leftover(SIDE, "/side/b1.ics", '"2"', make.zoned(FOUR), "r9")
LEFT_STANDS = stands(calendar=SIDE)


def test_without_etags_what_was_left_is_what_stands_where_it_was_left() -> None:
    left = Leftover(SIDE, "/side/b1.ics", None, make.zoned(FOUR))
    there = replace(stands(FOUR, calendar=SIDE), etag=None)
    assert left.is_unchanged(there)
    assert not left.is_unchanged(replace(stands(calendar=SIDE), etag=None))
    assert not left.is_unchanged(stands(FOUR, calendar=SIDE))
    assert not replace(left, etag='"2"').is_unchanged(there)
    assert replace(left, start=None).is_unchanged(there)
    assert left.is_unchanged(replace(there, event=None))


def test_what_syncd_left_behind_goes_at_once() -> None:
    link = pair(leftovers=(LEFT, Leftover(SIDE, "/side/y.ics", '"7"')))
    after = replace(link, leftovers=link.leftovers[1:], twin_removed_at=NOW)
    removed = Remove(B1, Why.DUPLICATE, after, SIDE, "/side/b1.ics", '"2"', "2")
    assert done(duplicates.remove(case(link, STOOD, LEFT_STANDS, looks=LOOKED))) == removed


@pytest.mark.parametrize("stamp", [2, 9])
def test_what_may_be_on_its_way_stays_its_while(stamp: int) -> None:
    due, waits = (replace(LEFT, stays_until=NOW + later) for later in (timedelta(0), timedelta(seconds=1)))
    there = stands(calendar=SIDE, cancelled=stamp == 9, stamp=stamp)
    assert isinstance(done(duplicates.remove(case(pair(leftovers=(due,)), STOOD, there, looks=LOOKED))), Remove)
    assert duplicates.remove(case(pair(leftovers=(waits,)), STOOD, there)) == Outcome()


def test_changed_by_a_person_it_stays_its_while_too_and_then_counts_and_is_told() -> None:
    changed = stands(FOUR, calendar=SIDE, stamp=9)
    waits = pair(leftovers=(replace(LEFT, stays_until=NOW + SECOND),))
    assert duplicates.remove(case(waits, STOOD, changed)) == Outcome()
    due = pair(leftovers=(replace(LEFT, stays_until=NOW),))
    action = done(duplicates.remove(case(due, STOOD, changed)))
    assert (action.why, action.link.calendar, action.link.start) == (Why.EVENT_TRANSFERRED, SIDE, make.zoned(FOUR))
    assert action.link.pending == note(NoteKind.ADOPTED, asked=FOUR, was=BOOKED.start)


def test_where_the_booking_is_over_nothing_is_on_its_way() -> None:
    waits = pair(leftovers=(replace(LEFT, stays_until=NOW + DAY),))
    action = done(duplicates.remove(case(waits, STOOD, LEFT_STANDS), ended=True))
    assert isinstance(action, Remove)
    assert action.link.pending is None


@pytest.mark.parametrize(
    ("stays_until", "put", "pending", "told"),
    [
        (NOW, Put(1, TEN), None, note(NoteKind.ADOPTED, asked=FOUR, was=TEN)),
        (NOW, None, None, note(NoteKind.ADOPTED, asked=FOUR, was=TEN)),
        (NOW, Put(1, TEN), note(NoteKind.REASSIGNED), note(NoteKind.REASSIGNED)),
        (NOW, Put(1, FOUR), None, None),
        (None, Put(1, TEN), None, None),
    ],
    ids=["dragged", "who put it is not known", "more is to be told", "put there by syncd", "left by syncd"],
)
def test_where_a_person_had_put_it_while_nobody_read_it_is_told_as_it_goes(
    stays_until: datetime | None, put: Put | None, pending: Note | None, told: Note | None
) -> None:
    link = pair(leftovers=(replace(LEFT, stays_until=stays_until),), pending=pending)
    action = done(duplicates.remove(case(link, STOOD, stands(FOUR, calendar=SIDE, put=put), looks=LOOKED)))
    assert isinstance(action, Remove)
    assert action.link.pending == told


@pytest.mark.parametrize("over", [False, True])
def test_one_that_was_made_to_repeat_meanwhile_is_told_as_it_goes(*, over: bool) -> None:
    link = pair(leftovers=(replace(LEFT, stays_until=NOW),))
    there = stands(calendar=SIDE, put=Put(1, TEN), recurring=True)
    action = done(duplicates.remove(case(link, STOOD, there, looks=LOOKED), ended=over))
    assert isinstance(action, Remove)
    assert action.link.pending == (None if over else note(NoteKind.RECURRING, was=TEN))


def test_one_that_waits_holds_up_no_other() -> None:
    waits, other = replace(LEFT, stays_until=NOW + DAY), Leftover(HOME, "/home/x.ics", '"2"')
    outcome = duplicates.remove(case(pair(leftovers=(waits, other)), STOOD, LEFT_STANDS, TWIN, looks=LOOKED))
    assert done(outcome).link.leftovers == (waits,)


def test_nor_does_one_that_nobody_looked_at_yet() -> None:
    unseen, other = Leftover(SIDE, "/side/y.ics", '"7"'), Leftover(HOME, "/home/x.ics", '"2"')
    removed = done(duplicates.remove(case(pair(leftovers=(unseen, other)), STOOD, TWIN, looks=LOOKED)))
    assert isinstance(removed, Remove)
    assert (removed.href, removed.link.leftovers) == ("/home/x.ics", (unseen,))


@pytest.mark.parametrize("shown", [False, True])
def test_it_stays_until_the_other_is_seen_to_stand_and_holds_up_no_other(*, shown: bool) -> None:
    """What was written in its place may never have been stored, or is gone, which a listing may not tell. Where the
    booking is over, that is all one.
    """
    link = pair(leftovers=(LEFT,), shown=shown)
    nothing = [dict.fromkeys(LOOKED, Look.ABSENT), dict.fromkeys(LOOKED, Look.UNKNOWN)]
    marked = [{key: stands(cancelled=True) for key in LOOKED}, {key: replace(STOOD, event=None) for key in LOOKED}]
    for looks in ({}, *nothing, *marked):
        assert duplicates.remove(case(link, STOOD, LEFT_STANDS, looks=looks)) == Outcome()
    assert isinstance(done(duplicates.remove(case(link, STOOD, LEFT_STANDS, looks=LOOKED))), Remove)
    assert isinstance(done(duplicates.remove(case(link, STOOD, LEFT_STANDS), ended=True)), Remove)
    gone = replace(link, leftovers=(LEFT, Leftover(SIDE, "/side/y.ics", '"7"')))
    looks = {LookEvent(SIDE, "/side/y.ics"): Look.ABSENT}
    assert done(duplicates.remove(case(gone, STOOD, LEFT_STANDS, looks=looks))) == Record(B1, Why.REMEMBERED, link)


def test_marked_as_cancelled_it_goes_in_whatever_version() -> None:
    link = pair(leftovers=(LEFT,))
    marked = stands(calendar=SIDE, cancelled=True, stamp=9)
    assert done(duplicates.remove(case(link, STOOD, marked, looks=LOOKED))) == Remove(
        B1, Why.DUPLICATE, replace(link, leftovers=(), twin_removed_at=NOW), SIDE, "/side/b1.ics", '"9"', "9"
    )


@pytest.mark.parametrize("start", [make.zoned(FOUR), None])
def test_changed_by_a_person_it_is_the_event_and_ours_is_left_over(start: EventTime | None) -> None:
    link = pair(leftovers=(replace(LEFT, start=start),), shown=False)
    changed = stands(calendar=SIDE, stamp=9)
    assert done(duplicates.remove(case(link, STOOD, changed, looks=LOOKED))) == Record(
        B1,
        Why.EVENT_TRANSFERRED,
        replace(
            link,
            calendar=SIDE,
            href="/side/b1.ics",
            start=start or make.zoned(TEN),
            replay="r9",
            shown=True,
            leftovers=(Leftover(HOME, "/home/b1.ics", '"1"', make.zoned(TEN)),),
        ),
    )


@pytest.mark.parametrize("leftover", [LEFT, left_behind(STOOD)])
def test_gone_meanwhile_or_the_pairs_own_again_it_is_forgotten(leftover: Leftover) -> None:
    link = pair(leftovers=(leftover,))
    forgotten = Record(B1, Why.REMEMBERED, replace(link, leftovers=()))
    at = LookEvent(leftover.calendar, leftover.href)
    assert done(duplicates.remove(case(link, STOOD, looks={at: Look.ABSENT}))) == forgotten
    assert done(duplicates.remove(case(link, STOOD, replace(LEFT_STANDS, event=None)))) == forgotten


def test_what_no_listing_names_is_forgotten_after_a_direct_look_and_removed_where_that_finds_it() -> None:
    link, at = pair(leftovers=(LEFT,)), LookEvent(LEFT.calendar, LEFT.href)
    assert duplicates.remove(case(link, STOOD)) == Outcome()
    assert duplicates.remove(case(link, STOOD, looks={at: Look.UNKNOWN})) == Outcome()
    found = done(duplicates.remove(case(link, STOOD, looks={at: LEFT_STANDS, **LOOKED})))
    assert isinstance(found, Remove)
    assert (found.calendar, found.href, found.etag) == (LEFT.calendar, LEFT.href, LEFT_STANDS.etag)


def test_in_an_unread_calendar_it_waits_and_holds_up_no_other() -> None:
    here = Leftover(HOME, "/home/x.ics", '"2"')
    link = pair(leftovers=(LEFT, here))
    outcome = duplicates.remove(case(link, STOOD, LEFT_STANDS, TWIN, looks=LOOKED, readable=frozenset({HOME})))
    assert done(outcome) == Remove(
        B1, Why.DUPLICATE, replace(link, leftovers=(LEFT,), twin_removed_at=NOW), HOME, "/home/x.ics", '"2"', "2"
    )


def test_what_is_left_behind_is_remembered_as_it_stood() -> None:
    assert left_behind(STOOD, "r") == Leftover(HOME, "/home/b1.ics", '"1"', make.zoned(TEN), "r")
    assert left_behind(replace(STOOD, event=None)) == Leftover(HOME, "/home/b1.ics", '"1"', None, "")


# the planner itself


def test_a_fault_of_ours_about_one_pair_is_named_and_stops_nobody() -> None:
    broken = replace(pair(), note="not a note")  # type: ignore[arg-type]
    other = make.booking("b2", FOUR)
    look = make.snapshot(bookings=(BOOKED, other), events=(STOOD,), links=(broken,))
    plan = make_plan(look, policy())
    assert [action.booking_id for action in plan.actions] == ["b2"]
    (problem,) = plan.problems
    assert (problem.kind, problem.key) == (ProblemKind.PARKED, "b1")
    assert problem.text == "a fault of syncd's own (AttributeError): left alone; please report it"


def test_a_blind_pair_is_said_to_be_so() -> None:
    look = make.snapshot(events=(STOOD,), links=(pair(),), looks={LookBooking(B1): Look.CLOSED}, window=None)
    text = "no call of the Booking API can read this booking: it counts as it last was"
    assert (text, make_plan(look, policy()).problems) == (BLIND, (Problem(ProblemKind.BLIND, "b1", text),))


def test_a_blind_pair_with_another_problem_says_that_one() -> None:
    broken = replace(STOOD, event=None, fault="no DTSTART")
    look = make.snapshot(events=(broken,), links=(pair(),), looks={LookBooking(B1): Look.CLOSED}, window=None)
    (problem,) = make_plan(look, policy()).problems
    assert problem.kind is ProblemKind.PARKED


def test_a_calendar_that_the_config_does_not_name_any_more_is_named() -> None:
    begun = replace(BOOKED, start=NOW, end=NOW + HOUR)
    look = make.snapshot(
        bookings=(begun,), links=(pair(booking=begun),), managed=frozenset({SIDE}), readable=frozenset({SIDE})
    )
    text = "its event stands in a calendar that the config does not name any more: it is left there"
    assert make_plan(look, policy()) == Plan(problems=(Problem(ProblemKind.UNMANAGED, "b1", text),))
    there = stands(calendar=SIDE)
    found = planned(replace(look, events={there.key: there}))
    assert (found.why, found.link.calendar) == (Why.EVENT_TRANSFERRED, SIDE)


def test_in_such_a_calendar_a_404_does_not_outlive_that_zimun_knows_the_booking_again() -> None:
    waits = pair(missing=Missing(NOW - HOUR, 0))
    look = make.snapshot(bookings=(BOOKED,), links=(waits,), managed=frozenset({SIDE}), readable=frozenset({SIDE}))
    assert planned(look) == Record(B1, Why.BOOKING_FOUND, pair())
    assert make_plan(replace(look, bookings={}), policy()).actions == ()
    # nor is one that is gone written elsewhere
    looks = {LookBooking(B1): Look.ABSENT, LookBooking(BookingId("b2")): make.booking("b2")}
    gone = make_plan(
        replace(look, bookings={}, looks=looks, links={B1: pair(missing=Missing(NOW - HOUR, 0))}), policy()
    )
    text = "its event stands in a calendar that the config does not name any more: it is left there"
    assert gone.problems[0] == Problem(ProblemKind.UNMANAGED, "b1", text)


def test_a_question_about_what_is_past_lapses_and_one_of_a_pair_that_ended_is_let_be() -> None:
    old = make.booking(start=NOW - 9 * DAY)
    link = pair(booking=old, awaiting=Awaiting(AwaitKind.CANCEL, NOW - 9 * DAY, old))
    lapsed = Record(B1, Why.APPROVAL_LAPSED, replace(link, awaiting=None))
    assert planned(make.snapshot(links=(link,))) == lapsed
    ended = replace(link, closed=Closed(NOW - DAY, ClosedWhy.DELETED_PAST))
    assert make_plan(make.snapshot(links=(ended,)), policy()) == Plan()


@pytest.mark.parametrize(("late", "alive"), [(0 * SECOND, True), (SECOND, False)])
def test_pairs_are_looked_after_until_past_days_after_their_end(late: timedelta, alive: bool) -> None:
    old = make.booking(start=NOW - DAY - HOUR - late)
    look = make.snapshot(bookings=(old,), events=(stands(NOW - 9 * DAY),), links=(pair(booking=old),))
    assert bool(make_plan(look, policy()).actions) is alive
    again = replace(look, bookings={B1: make.booking(start=FOUR)})
    assert make_plan(again, policy()).actions


@pytest.mark.parametrize(
    ("start", "alive"),
    [
        (make.zoned(NOW - DAY), True),
        (make.zoned(NOW - DAY - SECOND), False),
        (make.floating(NOW - DAY), True),
        (make.floating(NOW - DAY - SECOND), False),
        (make.all_day(NOW), True),
        (make.all_day(NOW - DAY), False),
        (make.nowhere(FOUR), True),
        (make.nowhere(NOW - 2 * DAY), False),
        (EventTime("some day"), False),
        (EventTime("00010101T000000", kind=TimeKind.FLOATING), False),
    ],
)
def test_or_while_their_event_stands_where_it_is_not_that_old(start: EventTime, alive: bool) -> None:
    old = make.booking(start=NOW - 9 * DAY)
    look = make.snapshot(bookings=(old,), events=(stands(start=start),), links=(pair(booking=old),))
    assert is_alive(pair(booking=old), look, policy()) is alive
    assert bool(make_plan(look, policy()).actions) is alive
    elsewhere = replace(look, managed=frozenset({SIDE}), readable=frozenset({SIDE}))
    assert make_plan(elsewhere, policy()) == Plan()


def test_pairs_are_decided_on_in_the_order_of_their_ids() -> None:
    names = ("b2", "b3", "b1")
    links = tuple(make.link(make.booking(name), stands(name=f"{name}.ics")) for name in names)
    events = tuple(stands(name=f"{name}.ics", stamp=7, uid=f"{name}@zimun", booking_id=name) for name in names)
    look = make.snapshot(bookings=tuple(make.booking(name) for name in names), links=links, events=events)
    assert [action.booking_id for action in make_plan(look, policy()).actions] == ["b1", "b2", "b3"]


def test_an_event_of_ours_names_its_booking_or_its_uid_does() -> None:
    assert newcomers.booking_id_of("x", stands()) == B1
    unnamed = stands(booking_id="", name="b1.ics")
    assert newcomers.booking_id_of("b1", unnamed) == B1
    assert newcomers.booking_id_of("no plain name", unnamed) is None
