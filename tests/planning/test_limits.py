"""How much is too much: each limit exactly reached and passed by one, what counts towards it, and what is asked."""

from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from syncd.domain.actions import Action, Cancel, Create, Plan, Record, Remove, Replace, Reschedule, Why
from syncd.domain.booking import Booking, Status
from syncd.domain.event import Observation
from syncd.domain.ids import BookingId
from syncd.domain.link import (
    Awaiting,
    AwaitKind,
    Closed,
    ClosedWhy,
    Decision,
    Deletion,
    Frozen,
    Link,
    Missing,
    PutBack,
    Refusal,
)
from syncd.domain.note import NoteKind
from syncd.planning import guard
from syncd.planning.case import Case, left_behind
from syncd.planning.guard import check_safe
from syncd.planning.planner import make_plan
from syncd.planning.snapshot import FindEvent, Look, LookBooking, LookEvent, Policy, Snapshot
from tests.planning import builders as make
from tests.planning.builders import DAY, FOUR, HOME, HOUR, MINUTE, NOW, SIDE, TEN, policy
from tests.planning.lens import BOOKED, note, pair

SECOND = timedelta(seconds=1)
GRACE = 10 * MINUTE


class Salon:
    """Many pairs at rest, some of them changed."""

    def __init__(self, count: int) -> None:
        self.links: dict[BookingId, Link] = {}
        self.bookings: dict[BookingId, Booking] = {}
        self.events: dict[tuple[str, str], Observation] = {}
        for number in range(count):
            booking = make.booking(f"b{number + 1:02}", TEN + number * DAY)
            seen = replace(make.observation(make.event(booking), stamp=1), seen_at=NOW - DAY)
            self.links[booking.id] = make.link(booking, seen)
            self.bookings[booking.id], self.events[seen.key] = booking, seen

    def ids(self, count: int, after: int = 0) -> list[BookingId]:
        return list(self.links)[after : after + count]

    def change(self, booking_id: BookingId, **changes: Any) -> None:
        self.links[booking_id] = replace(self.links[booking_id], **changes)

    def delete(self, count: int, after: int = 0, since: timedelta | None = None) -> None:
        for booking_id in self.ids(count, after):
            link = self.links[booking_id]
            del self.events[link.calendar, link.href]
            if since is not None:
                self.change(booking_id, deletion=Deletion(NOW - since, 0))

    def drag(self, count: int, after: int = 0) -> None:
        """Each to half an hour later: it overlaps its own time, so Zimun alone is asked."""
        for booking_id in self.ids(count, after):
            link = self.links[booking_id]
            booking = self.bookings[booking_id]
            start = booking.start + HOUR / 2
            moved = make.event(booking, start=make.zoned(start), end=make.zoned(start + HOUR))
            self.events[link.calendar, link.href] = make.observation(moved, stamp=2)

    def look(self, **more: Any) -> Snapshot:
        looks = {LookEvent(link.calendar, link.href): Look.ABSENT for link in self.links.values()}
        finds = {FindEvent(link.uid, link.booking_id): Look.ABSENT for link in self.links.values()}
        made = make.snapshot(bookings=tuple(self.bookings.values()), links=tuple(self.links.values()))
        return replace(made, events=self.events, **{"looks": {**looks, **finds}, **more})

    def plan(self, rules: Policy | None = None, **more: Any) -> Plan:
        """What is done once it is remembered which deletions are asked about."""
        look = self.look(**more)
        plan = check_safe(make_plan(look, rules or policy()), look, rules or policy())
        held = {action.booking_id: action.link for action in plan.actions if isinstance(action, Record)}
        news = {each: link for each, link in held.items() if link.went_unkept and not self.links[each].went_unkept}
        if not news:
            return plan
        remembered = deepcopy(self)
        remembered.links |= news
        return remembered.plan(rules, **more)

    def kinds(self, rules: Policy | None = None, **more: Any) -> dict[AwaitKind | None, int]:
        """How many actions leave the pair waiting for which word."""
        found: dict[AwaitKind | None, int] = {}
        for action in self.plan(rules, **more).actions:
            kind = action.link.awaiting.kind if action.link.awaiting is not None else None
            found[kind] = found.get(kind, 0) + 1
        return found

    def asks(self, rules: Policy | None = None, **more: Any) -> int:
        return self.kinds(rules, **more).get(AwaitKind.CANCEL, 0)


# moves


@pytest.mark.parametrize(("dragged", "waits"), [(10, False), (11, True)])
def test_ten_moves_go_out_and_eleven_wait(dragged: int, waits: bool) -> None:
    salon = Salon(12)
    salon.drag(dragged)
    assert salon.kinds() == {AwaitKind.MOVE if waits else None: dragged}


def test_moves_of_this_cycle_and_those_that_wait_count_too() -> None:
    salon = Salon(12)
    salon.drag(3)
    rules = policy(max_moves=4)
    assert salon.kinds(rules) == {None: 3}
    assert salon.kinds(rules, moved_now=1) == {None: 3}
    assert salon.kinds(rules, moved_now=2) == {AwaitKind.MOVE: 3}
    for number in (10, 11):
        waiting = Awaiting(AwaitKind.MOVE, NOW - HOUR + SECOND, make.booking("x"), to=FOUR)
        salon.change(BookingId(f"b{number}"), awaiting=waiting)
    assert salon.kinds(rules).get(AwaitKind.MOVE) == 3


def test_a_move_that_waits_keeps_the_persons_time_and_says_so() -> None:
    salon = Salon(1)
    salon.drag(1)
    (booking_id,) = salon.links
    booking, start = salon.bookings[booking_id], TEN + HOUR / 2
    salon.change(booking_id, refusal=Refusal(FOUR, note(NoteKind.REFUSED)))
    (action,) = salon.plan(policy(max_moves=0)).actions
    assert isinstance(action, Replace)
    assert action.why is Why.MOVE_AWAITS
    assert action.draft.span is None
    assert action.link.note == note(NoteKind.MOVE_AWAITS, asked=start, was=TEN)
    assert action.link.awaiting == Awaiting(AwaitKind.MOVE, NOW, booking, to=start)
    assert (action.link.booking, action.link.refusal) == (booking, None)
    assert action.link.wish is not None


def test_approved_moves_do_not_count() -> None:
    salon = Salon(2)
    salon.drag(2)
    first, second = salon.links
    yes = Awaiting(AwaitKind.MOVE, NOW, salon.bookings[first], to=TEN + HOUR / 2, decision=Decision.APPROVED)
    salon.change(first, awaiting=yes)
    assert {type(action) for action in salon.plan(policy(max_moves=1)).actions} == {Reschedule}
    kinds = {action.booking_id: type(action) for action in salon.plan(policy(max_moves=0)).actions}
    assert kinds == {first: Reschedule, second: Replace}


# deletions


@pytest.mark.parametrize(("gone", "waits"), [(5, False), (6, True)])
@pytest.mark.parametrize("since", [None, MINUTE, GRACE], ids=["now", "in grace", "due"])
def test_five_deletions_go_their_way_and_six_are_asked_about(gone: int, since: Any, *, waits: bool) -> None:
    salon = Salon(9)
    salon.delete(gone, since=since)
    assert salon.asks() == (gone if waits else 0)


def test_all_deletions_count_wherever_they_stand() -> None:
    salon = Salon(9)
    salon.delete(2)
    salon.delete(2, 2, MINUTE)
    salon.delete(1, 4, GRACE)
    assert salon.asks() == 0
    assert salon.asks(cancelled_lately=1) == 5
    assert salon.asks(policy(max_cancellations=6), cancelled_lately=1) == 0
    # one of those that are decided now is tried again, and is no further one
    assert salon.asks(perhaps_cancelled=frozenset({BookingId("elsewhere")})) == 5
    assert salon.asks(perhaps_cancelled=frozenset({next(iter(salon.links))})) == 0


def test_a_deletion_that_comes_back_for_its_booking_moved_counts_too() -> None:
    salon = Salon(9)
    salon.delete(6)
    first = BookingId("b01")
    moved = replace(salon.bookings[first], start=TEN + HOUR, end=TEN + 2 * HOUR)
    salon.bookings[first] = moved
    assert salon.asks() == 5
    (back,) = (action for action in salon.plan().actions if action.booking_id == first)
    assert (type(back), back.why) == (Record, Why.BOOKING_MOVED)
    salon.change(first, booking=moved, pending=back.link.pending)
    assert salon.asks() == 5
    (back,) = (action for action in salon.plan().actions if action.booking_id == first)
    assert (type(back), back.why) == (Create, Why.BOOKING_MOVED)


@pytest.mark.parametrize("where", ["pending", "note"])
def test_one_that_came_back_or_shall_counts_for_an_hour(where: str) -> None:
    """In each round and cycle: what is asked about the others may have been refused by their server."""
    salon = Salon(9)
    salon.delete(5)
    for kind, ago, asked in (
        (NoteKind.MOVED_AND_DELETED, timedelta(0), 5),
        (NoteKind.MOVED_AND_DELETED, HOUR - MINUTE, 5),
        (NoteKind.MOVED_AND_DELETED, MINUTE - HOUR, 5),  # the clock was set back
        (NoteKind.MOVED_AND_DELETED, HOUR, 0),
        (NoteKind.NOT_OPEN, timedelta(0), 0),
    ):
        salon.change(BookingId("b09"), **{where: note(kind, at=NOW - ago)})
        assert salon.asks() == asked
    # deleted once more it is one deletion, not two
    salon.change(BookingId("b01"), note=note(NoteKind.MOVED_AND_DELETED, at=NOW))
    assert salon.asks() == 0


def question(salon: Salon, booking_id: BookingId, **changes: Any) -> Awaiting:
    asked = Awaiting(AwaitKind.CANCEL, NOW - MINUTE, salon.bookings[booking_id], until=NOW + DAY)
    return replace(asked, **changes)


def ask(salon: Salon, count: int, after: int = 0, kind: NoteKind = NoteKind.CANCEL_ASKED, **changes: Any) -> None:
    """So many were asked about a minute ago."""
    for booking_id in salon.ids(count, after):
        salon.change(booking_id, awaiting=question(salon, booking_id, **changes), note=note(kind))


def test_those_asked_about_within_the_hour_count() -> None:
    salon = Salon(9)
    ask(salon, 3)
    salon.delete(2, 3)
    assert salon.asks() == 0
    salon.delete(1, 5)
    assert salon.asks() == 3


@pytest.mark.parametrize(("ago", "counts"), [(HOUR - SECOND, True), (HOUR, False)])
def test_and_only_those(ago: timedelta, counts: bool) -> None:
    salon = Salon(9)
    ask(salon, 3, since=NOW - ago)
    salon.delete(3, 3)
    assert salon.asks() == (3 if counts else 0)


@pytest.mark.parametrize(
    ("again", "asked_again"),
    [(5, 0), (6, 6)],
)
def test_deleted_again_up_to_five_go_and_six_take_the_shell(again: int, asked_again: int) -> None:
    salon = Salon(9)
    ask(salon, 6)
    salon.delete(again, since=MINUTE)
    for booking_id in salon.ids(again):
        salon.change(booking_id, deletion=Deletion(NOW - MINUTE, 0, asked=True))
    notes = [action.link.note for action in salon.plan().actions if action.link.note is not None]
    shell = [said for said in notes if said.kind is NoteKind.CANCEL_SHELL]
    assert len(shell) == asked_again


def test_what_takes_the_shell_takes_it_however_few_are_left() -> None:
    salon = Salon(9)
    ask(salon, 1, kind=NoteKind.CANCEL_SHELL)
    ask(salon, 1, 1)
    salon.delete(2, since=MINUTE)
    held = [action for action in salon.plan().actions if action.link.awaiting is not None]
    assert [(action.booking_id, type(action)) for action in held if isinstance(action, Create)] == [("b01", Create)]


def test_a_decided_question_is_not_held_again() -> None:
    salon = Salon(9)
    ask(salon, 6, decision=Decision.APPROVED)
    salon.delete(6, since=GRACE)
    assert {type(action) for action in salon.plan().actions} == {Cancel}


def test_asked_about_the_event_comes_back_with_the_question() -> None:
    salon = Salon(3)
    salon.delete(1)
    (action,) = salon.plan(policy(max_cancellations=0)).actions
    assert (type(action), action.why) == (Create, Why.CANCEL_AWAITS)
    assert action.link.note == note(NoteKind.CANCEL_ASKED, was=TEN, until=NOW + 48 * HOUR)
    assert action.link.deletion is None


def test_marked_as_cancelled_the_question_is_written_where_it_stands() -> None:
    salon = Salon(3)
    link = salon.links[BookingId("b01")]
    marked = make.observation(make.event(link.booking, cancelled=True), stamp=2)
    salon.events[marked.key] = marked
    look = salon.look()
    looks = {**look.looks, LookEvent(marked.calendar, marked.href): marked}
    (action,) = salon.plan(policy(max_cancellations=0), looks=looks).actions
    assert (type(action), action.why) == (Replace, Why.CANCEL_AWAITS)


def test_a_frozen_one_is_held_without_a_write() -> None:
    """Put back three times within the hour and asked about: nothing is written, and no call goes out."""
    salon = Salon(3)
    salon.delete(1, since=GRACE)
    salon.change(BookingId("b01"), put_backs=(PutBack(NOW, ""),) * 3)
    (action,) = salon.plan(policy(max_cancellations=0)).actions
    assert isinstance(action, Record)
    assert action.link.frozen == Frozen("", TEN)


def test_a_frozen_one_that_waits_already_is_held_all_the_same() -> None:
    """Nothing about its question is new. What must not be is that its cancellation goes on, for nothing was planned."""
    salon = Salon(3)
    ask(salon, 1, kind=NoteKind.CANCEL_SHELL, since=NOW, until=NOW + 48 * HOUR)
    salon.delete(1, since=GRACE)
    (first,) = salon.ids(1)
    salon.change(first, frozen=Frozen("", TEN))
    held = replace(salon.links[first], deletion=None)
    assert check_safe(Plan(), salon.look(), policy()).actions == (Record(first, Why.CANCEL_AWAITS, held),)


def test_those_deleted_again_count_with_the_first() -> None:
    salon = Salon(9)
    ask(salon, 3)
    salon.delete(3, since=MINUTE)
    salon.delete(2, 3)
    assert asked_now(salon) == 0
    salon.delete(1, 5)
    assert asked_now(salon) == 3


def asked_now(salon: Salon) -> int:
    return sum(action.why is Why.CANCEL_AWAITS for action in salon.plan().actions)


def test_a_decided_question_hides_no_other_deletion() -> None:
    salon = Salon(3)
    ask(salon, 1, decision=Decision.APPROVED)
    salon.delete(2)
    kinds = [type(action) for action in salon.plan(policy(max_cancellations=0)).actions]
    assert kinds == [Cancel, Create]


def test_the_deletion_of_a_booking_that_is_gone_too_is_not_asked_about() -> None:
    salon = Salon(3)
    looks = missing(salon, 1)
    salon.delete(1, since=MINUTE)
    assert salon.asks(policy(max_cancellations=0), looks=looks) == 0


def test_ended_or_past_pairs_are_no_deletions() -> None:
    salon = Salon(3)
    salon.delete(1, since=MINUTE)
    first = BookingId("b01")
    rules = policy(max_cancellations=0)
    salon.change(first, closed=Closed(NOW, ClosedWhy.DELETED_PAST))
    assert salon.asks(rules) == 0


# an emptied calendar


@pytest.mark.parametrize(("count", "waits"), [(1, False), (2, False), (3, True), (4, True)])
def test_a_calendar_that_lost_all_of_more_than_two_is_asked_about(count: int, waits: bool) -> None:
    salon = Salon(count)
    salon.delete(count)
    assert salon.asks() == (count if waits else 0)


def test_one_that_still_stands_is_enough() -> None:
    salon = Salon(4)
    salon.delete(3)
    assert salon.asks() == 0


@pytest.mark.parametrize(("gone", "written", "waits"), [(0, 0, True), (0, 1, False), (1, 1, True), (1, 0, False)])
def test_one_that_was_written_in_the_same_reading_proves_nothing(gone: int, written: int, *, waits: bool) -> None:
    """A server lost all, and an app that had something to store there wrote its own event back."""
    salon = Salon(4)
    salon.delete(3)
    for name in salon.ids(3):
        salon.change(name, gone_at=NOW - gone * MINUTE)
    last = BookingId("b04")
    salon.change(last, made_at=NOW - DAY)
    key = (salon.links[last].calendar, salon.links[last].href)
    salon.events[key] = replace(salon.events[key], seen_at=NOW - written * MINUTE)
    assert salon.asks() == (3 if waits else 0)


@pytest.mark.parametrize(("written", "waits"), [(1, True), (2, False)])
def test_those_written_beside_as_few_that_went_prove_it(written: int, *, waits: bool) -> None:
    """A phone that comes online may have several to store, and one or two that were deleted."""
    salon = Salon(2 + written)
    salon.delete(2)
    for name in salon.ids(2 + written):
        salon.change(name, gone_at=NOW if name in salon.ids(2) else None, made_at=NOW - DAY)
    for key, seen in salon.events.items():
        salon.events[key] = replace(seen, seen_at=NOW)
    assert salon.asks() == (2 if waits else 0)


@pytest.mark.parametrize("stands", [True, False])
def test_one_that_was_to_be_removed_there_counts_as_well(*, stands: bool) -> None:
    """Its booking's event stands in another calendar by now."""
    salon = Salon(3)
    salon.delete(2)
    last = BookingId("b03")
    there = salon.events[salon.links[last].calendar, salon.links[last].href]
    moved = replace(there, calendar=SIDE, href="/side/b03.ics")
    salon.events[moved.key] = moved
    if not stands:
        del salon.events[there.key]
    salon.change(last, calendar=SIDE, href=moved.href, leftovers=(left_behind(there),))
    assert salon.asks() == (0 if stands else 2)


def test_one_that_was_written_in_another_reading_than_lost_it_proves_it() -> None:
    """Though one was asked about a while ago, and stands: that is not lost any more."""
    salon = Salon(3)
    ask(salon, 1)
    salon.delete(1, 1)
    salon.change(BookingId("b02"), gone_at=NOW - MINUTE, deletion=Deletion(NOW - MINUTE, 0), made_at=NOW - DAY)
    salon.change(BookingId("b03"), made_at=NOW - DAY)
    link = salon.links[BookingId("b03")]
    key = (link.calendar, link.href)
    salon.events[key] = replace(salon.events[key], seen_at=NOW)
    assert salon.asks() == 0


def test_one_that_stands_marked_as_cancelled_or_is_past_is_not() -> None:
    salon = Salon(4)
    salon.delete(3)
    last = BookingId("b04")
    marked = make.observation(make.event(salon.bookings[last], cancelled=True), stamp=2)
    salon.events[marked.key] = marked
    assert salon.asks() == 3


@pytest.mark.parametrize(("start", "past"), [(NOW, True), (NOW + SECOND, False)])
@pytest.mark.parametrize(("lost", "many"), [(3, True), (2, False)])
def test_an_event_of_the_past_proves_nothing(start: datetime, lost: int, *, past: bool, many: bool) -> None:
    salon = Salon(lost + 1)
    salon.delete(lost)
    last = list(salon.links)[-1]
    booking = replace(salon.bookings[last], start=start, end=start + HOUR)
    salon.bookings[last] = booking
    seen = replace(make.observation(make.event(booking), stamp=1), seen_at=NOW - DAY)
    salon.links[last], salon.events[seen.key] = make.link(booking, seen), seen
    assert salon.asks() == (lost if past and many else 0)


def test_a_pair_that_had_ended_before_is_no_part_of_a_loss() -> None:
    salon = Salon(3)
    salon.delete(3)
    last = BookingId("b03")
    del salon.bookings[last]
    salon.change(last, closed=Closed(NOW - DAY, ClosedWhy.CANCELLED))
    assert salon.asks() == 0


def test_one_that_was_never_shown_hides_no_other_deletion() -> None:
    salon = Salon(4)
    salon.delete(4)
    salon.change(BookingId("b01"), shown=False)
    assert salon.asks() == 3


def test_one_that_cannot_be_read_stands() -> None:
    salon = Salon(4)
    salon.delete(3)
    link = salon.links[BookingId("b04")]
    seen = salon.events[link.calendar, link.href]
    salon.events[seen.key] = replace(seen, event=None, fault="no DTSTART")
    assert salon.asks() == 0


def test_those_asked_about_before_are_lost_with_the_others() -> None:
    salon = Salon(4)
    ask(salon, 1)
    salon.delete(3, 1)
    assert salon.asks() == 3


def test_another_calendar_is_another_matter() -> None:
    salon = Salon(6)
    for booking_id in salon.ids(1):
        salon.change(booking_id, calendar=SIDE, href="/side/x.ics")
    look = salon.look().looks | {
        LookEvent(SIDE, "/side/x.ics"): Look.ABSENT,
    }
    for booking_id in salon.ids(2, 1):
        link = salon.links[booking_id]
        del salon.events[link.calendar, link.href]
    assert salon.asks(looks=look) == 0


# removals without a word


def missing(salon: Salon, count: int) -> dict[Any, Any]:
    looks: dict[Any, Any] = dict(salon.look().looks)
    for booking_id in salon.ids(count):
        salon.change(booking_id, missing=Missing(NOW - HOUR, 0))
        looks[LookBooking(booking_id)] = Look.ABSENT
        del salon.bookings[booking_id]
    last = list(salon.bookings)[-1]
    looks[LookBooking(last)] = salon.bookings[last]
    return looks


@pytest.mark.parametrize(("count", "before", "waits"), [(5, 0, False), (6, 0, True), (4, 1, False), (5, 1, True)])
def test_events_that_would_go_for_a_404_wait_beyond_the_limit(count: int, before: int, waits: bool) -> None:
    salon = Salon(9)
    looks = missing(salon, count)
    actions = salon.plan(looks=looks, removed_now=before).actions
    assert {type(action) for action in actions} == {Record if waits else Remove}
    if waits:
        action = actions[0]
        assert action.why is Why.REMOVAL_AWAITS
        assert action.link == replace(
            salon.links[action.booking_id],
            awaiting=Awaiting(AwaitKind.REMOVAL, NOW, salon.links[action.booking_id].booking),
        )


@pytest.mark.parametrize(("count", "found", "waits"), [(4, 1, False), (4, 2, True)])
def test_where_bookings_are_looked_at_in_turn_what_is_found_gone_by_and_by_is_gone_at_once(
    count: int, found: int, *, waits: bool
) -> None:
    """The others answer 404 as well, and their grace is not over."""
    salon = Salon(12)
    looks = missing(salon, count)
    later = salon.ids(found, after=count)
    for booking_id in later:
        salon.change(booking_id, missing=Missing(NOW - MINUTE, 0))
    # over, decided or asked about, of a booking that ended anyway, of a visit long past, or left with its calendar
    ended, asked, off, past, left = salon.ids(5, after=count + found)
    salon.change(ended, closed=Closed(NOW, ClosedWhy.CANCELLED), missing=Missing(NOW, 0))
    salon.change(asked, awaiting=Awaiting(AwaitKind.REMOVAL, NOW - DAY, BOOKED), missing=Missing(NOW - DAY, 0))
    salon.change(off, booking=replace(salon.links[off].booking, status=Status.CANCELLED), missing=Missing(NOW, 0))
    old = make.booking(past, NOW - 9 * DAY)
    salon.change(past, booking=old, missing=Missing(NOW - 9 * DAY, 0))
    salon.change(left, calendar="https://dav.example/left/", missing=Missing(NOW - 5 * DAY, 0))
    del salon.events[HOME, salon.links[past].href], salon.events[HOME, salon.links[left].href]
    for booking_id in (*later, asked, off, past, left):
        del salon.bookings[booking_id]  # nobody tells of them in this cycle
    for closed in (False, True):
        actions = salon.plan(looks=looks, list_closed=closed).actions
        gone = {type(action) for action in actions if action.booking_id in salon.ids(count)}
        assert gone == {Record if closed and waits else Remove}


def test_nor_does_one_that_is_found_gone_in_this_cycle_slip_by() -> None:
    salon = Salon(12)
    looks = missing(salon, 4)
    looks |= dict.fromkeys(map(LookBooking, salon.ids(2, after=4)), Look.ABSENT)
    for booking_id in salon.ids(2, after=4):
        del salon.bookings[booking_id]
    actions = {action.booking_id: action for action in salon.plan(looks=looks, list_closed=True).actions}
    assert {type(actions[booking_id]) for booking_id in salon.ids(4)} == {Record}


# another routing


@pytest.mark.parametrize(("count", "waits"), [(5, False), (6, True)])
def test_a_config_that_moves_more_than_five_waits(count: int, waits: bool) -> None:
    salon = Salon(count)
    rules = policy(routes=(make.Route(SIDE, fallback=True),))
    assert salon.kinds(rules) == ({AwaitKind.REROUTE: count} if waits else {None: count})
    if waits:
        action = salon.plan(rules).actions[0]
        link = salon.links[action.booking_id]
        asked = Awaiting(AwaitKind.REROUTE, NOW, link.booking, target=SIDE)
        assert action == Record(link.booking_id, Why.REROUTE_AWAITS, replace(link, awaiting=asked))


@pytest.mark.parametrize(("others", "waits"), [(3, False), (4, True)])
def test_where_bookings_are_looked_at_in_turn_those_that_follow_later_count(others: int, *, waits: bool) -> None:
    """Their calendar is in the config still, and nobody tells of them in this cycle."""
    salon = Salon(2 + others)
    for booking_id in salon.ids(others, after=2):
        del salon.bookings[booking_id]
    rules = policy(routes=(make.Route(SIDE, fallback=True),))
    assert salon.kinds(rules) == {None: 2}
    assert salon.kinds(rules, list_closed=True) == {AwaitKind.REROUTE if waits else None: 2}


def test_but_not_those_that_stand_where_they_belong_nor_what_is_over_nor_what_was_answered() -> None:
    salon = Salon(9)
    for booking_id in salon.ids(7, after=2):
        del salon.bookings[booking_id]
    ended, off, past, asked, *stay = salon.ids(7, after=2)
    salon.change(ended, closed=Closed(NOW, ClosedWhy.CANCELLED))
    salon.change(off, booking=replace(salon.links[off].booking, status=Status.CANCELLED))
    salon.change(past, booking=make.booking(past, NOW - 9 * DAY))
    del salon.events[HOME, salon.links[past].href]
    no = Awaiting(AwaitKind.REROUTE, NOW - DAY, BOOKED, target=SIDE, decision=Decision.REJECTED)
    salon.change(asked, awaiting=no)
    for booking_id in stay:
        salon.change(booking_id, booking=replace(salon.links[booking_id].booking, location_id="loc_2"))
    rules = policy(routes=(make.Route(HOME, locations=("loc_2",)), make.Route(SIDE, fallback=True)))
    look = salon.look(list_closed=True)
    assert guard._to_follow({}, look, rules) == 2
    assert guard._to_follow({}, replace(look, list_closed=False), rules) == 0
    assert guard._to_follow({}, look, policy(routes=())) == 0


def test_one_question_at_a_time() -> None:
    salon = Salon(6)
    ask(salon, 1)
    link = salon.links[BookingId("b01")]
    seen = salon.events[link.calendar, link.href]
    assert seen.event is not None
    salon.events[seen.key] = replace(seen, event=replace(seen.event, noted=True, asks=True))
    (first, *_) = salon.plan(policy(routes=(make.Route(SIDE, fallback=True),))).actions
    assert first == Record(link.booking_id, Why.REMEMBERED, link)


@pytest.mark.parametrize(("start", "follows"), [(NOW, 0), (NOW + SECOND, 1)])
def test_where_its_calendar_left_the_config_what_has_begun_follows_no_other(start: datetime, follows: int) -> None:
    link = pair(booking=make.booking(start=start))
    look = make.snapshot(links=(link,), managed=frozenset({SIDE}))
    assert guard._to_follow({}, look, policy()) == follows


@pytest.mark.parametrize("managed", [True, False])
@pytest.mark.parametrize("kind", [None, *AwaitKind])
def test_where_its_calendar_left_the_config_a_move_that_awaits_gives_way_and_is_told(
    kind: AwaitKind | None, *, managed: bool
) -> None:
    """Nobody moves it from there. Any other question stays, and one about another calendar has to wait."""
    due, told, moved = note(NoteKind.REASSIGNED), note(NoteKind.ADOPTED, asked=FOUR, was=TEN), make.booking(start=FOUR)
    link = pair(pending=due, awaiting=Awaiting(kind, NOW - HOUR, BOOKED) if kind is not None else None)
    rules = policy(routes=(make.Route(SIDE),))
    look = make.snapshot(bookings=(moved,), links=(link,), managed=frozenset({HOME, SIDE} if managed else {SIDE}))
    action = Case(link, look, rules).recreate(moved, Why.REROUTED, note=told)
    asks = replace(link, awaiting=Awaiting(AwaitKind.REROUTE, NOW, moved, target=SIDE))
    if kind is not None and (managed or kind is not AwaitKind.MOVE):
        expected = Record(link.booking_id, Why.REMEMBERED, link)
    else:
        expected = Record(link.booking_id, Why.REROUTE_AWAITS, replace(asks, pending=told if kind else due))
    assert guard._await_reroute(action, look, rules) == expected


# what counts as what


@pytest.mark.parametrize(("asks", "held"), [(True, {HOME}), (False, set())])
def test_what_went_in_the_same_reading_elsewhere_was_set_back_with_it_only_where_it_asks_by_now(
    *, asks: bool, held: set[str]
) -> None:
    """It may have been written where its booking belongs by now; else somebody deleted it there."""
    salon = Salon(5)
    for booking_id in salon.ids(3):
        salon.change(booking_id, made_at=NOW - DAY)
    salon.delete(2, after=3)
    here, there = salon.ids(2, after=3)
    salon.change(here, made_at=NOW - HOUR, gone_at=NOW)
    salon.change(there, made_at=NOW - HOUR, gone_at=NOW, calendar=SIDE)
    if asks:
        salon.change(there, awaiting=question(salon, there))
    assert guard._set_back([salon.links[here]], salon.look(), policy(), least=2) == held


@pytest.mark.parametrize("of", ["made_at", "gone_at"])
@pytest.mark.parametrize(
    ("at", "since"),
    [(NOW - HOUR - SECOND, False), (NOW - HOUR, True), (NOW, True), (NOW + SECOND, False), (None, False)],
)
def test_what_was_made_or_came_back_since_the_loss(of: str, at: datetime | None, *, since: bool) -> None:
    assert guard._is_since(pair(**{of: at}), NOW - HOUR, make.snapshot()) is since


def test_only_what_waits_open_and_undecided_awaits() -> None:
    salon = Salon(1)
    (link,) = salon.links.values()
    waiting = replace(link, awaiting=question(salon, link.booking_id))
    assert guard.awaits(waiting)
    assert not guard.awaits(link)
    assert not guard.awaits(replace(waiting, closed=Closed(NOW, ClosedWhy.CANCELLED)))
    assert not guard.awaits(replace(link, awaiting=question(salon, link.booking_id, decision=Decision.APPROVED)))


@pytest.mark.parametrize("kind", AwaitKind)
@pytest.mark.parametrize("decision", [None, *Decision])
def test_approved_is_that_question_answered_with_yes(kind: AwaitKind, decision: Decision | None) -> None:
    salon = Salon(1)
    (link,) = salon.links.values()
    answered = replace(link, awaiting=question(salon, link.booking_id, kind=kind, decision=decision))
    for wanted in AwaitKind:
        assert guard.approved(answered, wanted) is (kind is wanted and decision is Decision.APPROVED)
    assert not guard.approved(link, kind)
    assert not guard.approved(None, kind)


def test_nothing_too_much_leaves_the_plan_as_it_is() -> None:
    salon = Salon(3)
    salon.drag(2)
    look = salon.look()
    plan = make_plan(look, policy())
    assert check_safe(plan, look, policy()) == plan
    actions: list[Action] = list(plan.actions)
    assert len(actions) == 2
    assert {link.calendar for link in salon.links.values()} == {HOME}
