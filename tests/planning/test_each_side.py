"""Each side against its half of the base: what is evidence, of what, and until when to the second."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from syncd.domain.booking import Booking, Span, Status
from syncd.domain.event import EVER, Draft, EventTime, Observation, Put
from syncd.domain.ids import BookingId, uid_of
from syncd.domain.link import Deletion, Leftover, Link, Missing, Write, Wrote
from syncd.domain.note import NoteKind
from syncd.planning.looks import questions
from syncd.planning.sides import (
    BookingCancelled,
    BookingMissing,
    BookingMoved,
    BookingSame,
    BookingSide,
    BookingUnseen,
    EventElsewhere,
    EventGone,
    EventMoved,
    EventParked,
    EventReplayed,
    EventSame,
    EventSide,
    EventTransferred,
    EventUnbookable,
    EventUnseen,
    booking_side,
    event_side,
    is_blind,
    is_due,
    is_missing,
    is_stale,
    our_write,
    transferred,
)
from syncd.planning.snapshot import FindEvent, Look, LookBooking, LookEvent, Snapshot
from tests.planning import builders as make
from tests.planning.builders import DAY, FOREIGN, FOUR, HOME, HOUR, MINUTE, NOON, NOW, SIDE, TEN, policy
from tests.planning.lens import B1, B2, BOOKED, STOOD, pair, stands

SECOND = timedelta(seconds=1)
GRACE = 10 * MINUTE
OFF = replace(BOOKED, status=Status.CANCELLED)
AT_NOON = make.booking(start=NOON)
OTHER = {LookBooking(B2): make.booking("b2")}
LOOK, FIND = LookEvent(HOME, STOOD.href), FindEvent("b1@zimun", B1)


def look(*seen: Observation, bookings: tuple[Booking, ...] = (), **more: Any) -> Snapshot:
    return replace(make.snapshot(bookings=bookings, events=seen), **more)


def zimun(link: Link, *bookings: Booking, **more: Any) -> BookingSide:
    return booking_side(link, look(bookings=bookings, **more), policy())


def calendar(link: Link, *seen: Observation, **more: Any) -> EventSide:
    return event_side(link, look(*seen, **{"links": {B1: link}, **more}), policy())


# the booking


def test_moved_is_another_start_and_nothing_else() -> None:
    longer = make.booking(end=NOON, staff_name="Bea")
    assert zimun(pair(), longer) == BookingSame(longer)
    assert zimun(pair(), AT_NOON) == BookingMoved(AT_NOON)
    assert zimun(pair(booking=OFF), BOOKED) == BookingMoved(BOOKED)
    assert zimun(pair(), OFF) == BookingCancelled(OFF, explicit=True)


def test_what_was_cancelled_stays_cancelled_where_a_list_does_not_name_it() -> None:
    assert zimun(pair(booking=OFF)) == BookingCancelled(OFF, explicit=True)


@pytest.mark.parametrize("look", [None, *Look])
def test_where_none_is_listed_it_stays_so_as_far_as_its_own_look_does_not_leave_that_open(look: Look | None) -> None:
    looks = {LookBooking(B1): look} if look is not None else {}
    told = look in (Look.ABSENT, Look.CLOSED)
    side = BookingCancelled(OFF, explicit=True) if told else BookingUnseen()
    assert zimun(pair(booking=OFF), window=None, list_closed=True, looks=looks) == side


def test_where_no_list_was_read_or_it_cannot_be_it_may_live_again() -> None:
    assert zimun(pair(booking=OFF), window=None) == BookingUnseen()
    assert zimun(pair(booking=OFF), unreadable=frozenset({B1})) == BookingUnseen()


def test_one_that_lived_again_is_not_cancelled_because_it_is_not_told_of_any_more() -> None:
    assert zimun(pair(booking=OFF), list_closed=True, told_otherwise={B1: TEN}) == BookingUnseen()
    assert zimun(pair(booking=OFF), list_closed=True, told_otherwise={B2: TEN}) == BookingCancelled(OFF, explicit=True)


def test_closed_to_us_it_counts_as_its_base() -> None:
    closed = {LookBooking(B1): Look.CLOSED}
    assert zimun(pair(), looks=closed) == BookingSame(BOOKED)
    # as Zimun told at last, and the pair has come to that since, or not yet
    assert zimun(pair(), looks=closed, told_otherwise={B1: TEN, B2: NOON}) == BookingSame(BOOKED)
    assert zimun(pair(), looks=closed, told_otherwise={B1: NOON}) == BookingMoved(make.booking(start=NOON))
    assert zimun(pair(), looks={LookBooking(B1): Look.UNKNOWN}) == BookingUnseen()


def test_the_answer_by_id_comes_before_the_list() -> None:
    assert zimun(pair(), BOOKED, looks={LookBooking(B1): AT_NOON}) == BookingMoved(AT_NOON)
    assert zimun(pair(), BOOKED, looks={LookBooking(B1): Look.ABSENT}) == BookingSame(BOOKED)


@pytest.mark.parametrize(("older", "stale"), [(MINUTE, True), (timedelta(0), False), (-MINUTE, False), (None, False)])
def test_shortly_after_our_write_what_is_older_than_what_was_read_then_is_stale(
    older: timedelta | None, *, stale: bool
) -> None:
    """A customer's move that came between our look and our call, and was never seen."""
    link = pair(booking=replace(AT_NOON, updated_at=NOW), wrote=Wrote(NOW - MINUTE, BOOKED))
    seen = make.booking(start=FOUR, updated_at=NOW - older if older is not None else None)
    assert is_stale(link, seen, NOW) is stale
    assert not is_stale(link, seen, NOW + MINUTE)


@pytest.mark.parametrize(("apart", "stale"), [(2 * MINUTE - SECOND, True), (2 * MINUTE, False)])
def test_so_is_the_state_before_another_one_shortly_before_it(apart: timedelta, stale: bool) -> None:
    first = our_write(pair(), BOOKED, NOW - apart)
    assert first == Wrote(NOW - apart, BOOKED)
    second = our_write(pair(booking=AT_NOON, wrote=first), AT_NOON, NOW)
    assert second == Wrote(NOW, AT_NOON, (BOOKED.start,) if stale else ())
    link = pair(booking=replace(BOOKED, start=FOUR), wrote=second)
    assert is_stale(link, BOOKED, NOW) is stale
    assert is_stale(link, AT_NOON, NOW)
    assert not is_stale(link, replace(BOOKED, status=Status.CANCELLED), NOW)
    assert not is_stale(link, replace(BOOKED, start=FOUR), NOW)


@pytest.mark.parametrize(("ago", "stale"), [(2 * MINUTE - SECOND, True), (2 * MINUTE, False)])
def test_the_state_before_our_write_is_stale_for_two_minutes(ago: timedelta, stale: bool) -> None:
    link = pair(booking=AT_NOON, wrote=Wrote(NOW - ago, BOOKED))
    assert zimun(link, BOOKED) == (BookingSame(AT_NOON) if stale else BookingMoved(BOOKED))
    assert is_stale(link, BOOKED, NOW) is stale
    assert not is_stale(link, make.booking(start=FOUR), NOW)
    assert not is_stale(pair(), BOOKED, NOW)


def test_an_answer_may_lag_behind_a_customers_change_as_well() -> None:
    link = pair(booking=AT_NOON, wrote=Wrote(NOW - MINUTE, BOOKED))
    older = replace(BOOKED, contact_name="as it was", staff_name="Bea")
    assert is_stale(link, older, NOW)
    assert not is_stale(link, replace(older, status=OFF.status), NOW)


@pytest.mark.parametrize(
    ("seen", "base", "before", "stale"),
    [
        (None, 0, 0, True),
        (0, 0, None, True),
        (1, 0, 2, False),
        (-1, 0, None, True),
        (1, None, 0, False),
        (0, None, 0, True),
        (1, None, None, True),
    ],
)
def test_unless_it_says_that_it_is_newer(seen: int | None, base: int | None, before: int | None, stale: bool) -> None:
    def at(booking: Booking, minute: int | None) -> Booking:
        return replace(booking, updated_at=None if minute is None else NOW + minute * MINUTE)

    link = pair(booking=at(AT_NOON, base), wrote=Wrote(NOW, at(BOOKED, before)))
    assert is_stale(link, at(BOOKED, seen), NOW) is stale


def test_after_our_cancel_the_stale_answer_raises_nobody() -> None:
    link = pair(booking=OFF, wrote=Wrote(NOW, BOOKED))
    assert zimun(link, BOOKED) == BookingCancelled(OFF, explicit=True)


def test_a_404_counts_only_while_the_same_route_answers_for_another_booking() -> None:
    absent = {LookBooking(B1): Look.ABSENT}
    assert is_missing(pair(), look(looks={**absent, **OTHER}))
    assert not is_missing(pair(), look(looks=absent))
    assert not is_missing(pair(), look(looks={**absent, LookBooking(B2): Look.ABSENT}))
    assert not is_missing(pair(), look(looks={**absent, LOOK: stands()}))
    assert not is_missing(pair(), look(looks={LookBooking(B1): BOOKED, **OTHER}))
    assert not is_missing(pair(), look(looks={LookBooking(B1): Look.UNKNOWN, **OTHER}))


@pytest.mark.parametrize(("ago", "counts"), [(10 * MINUTE - SECOND, False), (10 * MINUTE, True)])
def test_and_not_within_ten_minutes_of_our_own_write(ago: timedelta, counts: bool) -> None:
    looks = {LookBooking(B1): Look.ABSENT, **OTHER}
    assert is_missing(pair(wrote=Wrote(NOW - ago, BOOKED)), look(looks=looks)) is counts


@pytest.mark.parametrize(
    ("since", "first", "jumped", "side"),
    [
        (GRACE, 0, False, BookingCancelled(BOOKED, explicit=False)),
        (GRACE - SECOND, 0, False, BookingMissing()),
        (GRACE, 1, False, BookingMissing()),
        (GRACE, 0, True, BookingMissing()),
        (None, 0, False, BookingMissing()),
    ],
)
def test_a_404_is_believed_a_grace_later_in_a_later_cycle(since: Any, first: int, jumped: bool, side: object) -> None:
    link = pair(missing=None if since is None else Missing(NOW - since, first))
    assert zimun(link, looks={LookBooking(B1): Look.ABSENT, **OTHER}, clock_jumped=jumped) == side


def test_blind_is_what_no_call_can_read() -> None:
    closed, absent = {LookBooking(B1): Look.CLOSED}, {LookBooking(B1): Look.ABSENT}
    assert is_blind(pair(), look(looks=closed))
    assert is_blind(pair(), look(looks=absent, list_closed=True))
    assert not is_blind(pair(), look(looks=absent))
    assert not is_blind(pair(), look(looks={**absent, **OTHER}, list_closed=True))
    assert not is_blind(pair(), look(list_closed=True))


# the event


def test_an_unread_calendar_says_nothing() -> None:
    assert calendar(pair(), stands(FOUR), readable=frozenset({SIDE})) == EventUnseen()


def test_what_cannot_be_read_is_parked_with_its_fault() -> None:
    broken = replace(stands(), event=None)
    assert calendar(pair(), replace(broken, fault="no DTSTART")) == EventParked("no DTSTART")
    assert calendar(pair(), broken) == EventParked("it is not this booking's event any more")
    assert calendar(pair(), replace(stands(), fault="half of it")) == EventParked("half of it")


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (make.zoned(FOUR), FOUR),
        (make.utc(FOUR), FOUR),
        (make.floating(FOUR), FOUR),
        (make.zoned(TEN), None),
        (make.utc(TEN), None),
        (make.floating(TEN), None),
        (replace(make.zoned(TEN), instant=NOON), None),  # another reading of the same letters
        (make.all_day(TEN), NoteKind.ALL_DAY),
        (make.nowhere(TEN), NoteKind.ZONE_UNKNOWN),
    ],
)
def test_a_move_needs_other_letters_and_another_instant(start: EventTime, kind: Any) -> None:
    seen = stands(start=start)
    side = calendar(pair(), seen)
    if isinstance(kind, NoteKind):
        assert side == EventUnbookable(seen, kind)
    elif kind is None:
        assert isinstance(side, EventSame)
        assert side.start.instant is not None
    else:
        assert side == EventMoved(seen, replace(start, instant=FOUR), FOUR)


def test_a_base_without_an_instant_is_moved_by_any_time() -> None:
    link = pair(start=make.all_day(TEN))
    assert isinstance(calendar(link, stands()), EventMoved)
    assert isinstance(calendar(link, stands(start=make.all_day(TEN))), EventSame)
    assert isinstance(calendar(link, stands(start=make.nowhere(TEN))), EventUnbookable)


def test_a_recurring_one_is_no_booking_wherever_it_stands() -> None:
    for at in (TEN, FOUR):
        seen = stands(at, recurring=True)
        assert calendar(pair(), seen) == EventUnbookable(seen, NoteKind.RECURRING)


def known(seen: Observation) -> str:
    assert seen.event is not None
    return seen.event.fingerprint


def test_the_version_before_our_last_write_is_a_replay() -> None:
    for seen in (stands(), stands(FOUR), stands(FOUR, recurring=True), stands(FOUR, cancelled=True)):
        assert calendar(pair(replay=known(seen)), seen) == EventReplayed(seen)


def test_an_older_one_is_a_replay_where_it_would_be_a_wish() -> None:
    for seen in (stands(FOUR), stands(recurring=True), stands(start=make.all_day(TEN)), stands(cancelled=True)):
        assert calendar(pair(older=("o", known(seen))), seen) == EventReplayed(seen)
    assert isinstance(calendar(pair(older=(known(stands()),)), stands()), EventSame)


def test_where_syncd_had_put_it_before_others_moved_the_booking_nobody_dragged_it() -> None:
    def seen(at: datetime, put: Put | None, **changes: Any) -> Observation:
        return stands(at, put=put, **changes)

    link = pair(put=Put(3, TEN))
    edited = seen(FOUR, Put(2, FOUR), title="Ada (regular)")
    assert calendar(link, edited) == EventReplayed(edited)
    # a drag, also of an old version; back to where it was, which nobody else has moved since; and what is newer than
    # all that a restored database knows
    for put in (Put(3, TEN), Put(2, NOON), Put(3, FOUR), Put(4, FOUR), None):
        assert isinstance(calendar(link, seen(FOUR, put)), EventMoved)
    # written by a syncd that did not say so yet
    assert isinstance(calendar(pair(), edited), EventMoved)
    # it stands where its booking is, whatever it missed
    assert isinstance(calendar(link, edited, bookings=(make.booking(start=FOUR),)), EventMoved)
    assert calendar(link, edited, bookings=(make.booking(start=NOON),)) == EventReplayed(edited)
    recurring = seen(FOUR, Put(2, FOUR), recurring=True)
    assert calendar(link, recurring) == EventUnbookable(recurring, NoteKind.RECURRING)


def test_what_a_write_of_ours_without_an_answer_was_to_make_of_it_nobody_dragged() -> None:
    at_four = Span(FOUR, FOUR + HOUR)
    event = make.event(BOOKED)
    draft = Draft(
        event.uid, B1, at_four, "Europe/Berlin", event.title, event.place, event.description, put=Put(3, FOUR)
    )
    link = pair(put=Put(3, TEN), unanswered=Write(draft, noted=True))
    came = stands(FOUR, put=Put(3, FOUR), noted=True)
    assert calendar(link, came) == EventReplayed(came)
    # a server may drop what it does not know
    bare = stands(FOUR, noted=True)
    assert calendar(link, bare) == EventReplayed(bare)
    # whether it asks is told apart where that is known of both
    asking = replace(link, unanswered=Write(draft, noted=True, asks=True))
    for asks, met in ((True, EventReplayed), (None, EventReplayed), (False, EventMoved)):
        assert isinstance(calendar(asking, stands(FOUR, put=Put(3, FOUR), noted=True, asks=asks)), met)
        assert isinstance(calendar(link, stands(FOUR, put=Put(3, FOUR), noted=True, asks=asks)), EventReplayed)
    # it stands where its booking is by now
    assert isinstance(calendar(link, came, bookings=(make.booking(start=FOUR),)), EventMoved)
    # no note, another time, other words, another put; and what left the time as it was tells nothing of it
    for seen in (
        stands(FOUR, put=Put(3, FOUR)),
        stands(NOON, put=Put(3, FOUR), noted=True),
        stands(FOUR, put=Put(3, TEN), noted=True),
        *(stands(FOUR, put=Put(3, FOUR), noted=True, **{part: "else"}) for part in ("title", "place", "description")),
    ):
        assert isinstance(calendar(link, seen), EventMoved)
    texts_alone = replace(link, unanswered=Write(replace(draft, span=None), noted=True))
    assert isinstance(calendar(texts_alone, came), EventMoved)


def test_a_version_without_a_fingerprint_is_like_no_other() -> None:
    seen = stands(FOUR)
    assert seen.event is not None
    bare = replace(seen, event=replace(seen.event, fingerprint=""))
    assert isinstance(calendar(pair(replay="", older=("",)), bare), EventMoved)


GONE = {LOOK: Look.ABSENT, FIND: Look.ABSENT}


def test_gone_is_what_two_looks_and_the_whole_account_do_not_have() -> None:
    assert calendar(pair(), looks=GONE) == EventGone()
    assert calendar(pair(), looks={LOOK: Look.ABSENT}) == EventUnseen()
    assert calendar(pair(), looks={FIND: Look.ABSENT}) == EventUnseen()
    assert calendar(pair(), looks={LOOK: Look.UNKNOWN, FIND: Look.ABSENT}) == EventUnseen()
    assert calendar(pair(), looks={LOOK: Look.ABSENT, FIND: Look.UNKNOWN}) == EventUnseen()
    assert calendar(pair(), looks={LOOK: stands(), FIND: Look.ABSENT}) == EventUnseen()
    assert calendar(pair(), looks=GONE, readable=frozenset({HOME})) == EventUnseen()


def test_found_in_a_calendar_of_somebody_elses_or_in_one_not_listed_yet() -> None:
    assert calendar(pair(), looks={LOOK: Look.ABSENT, FIND: FOREIGN}) == EventElsewhere()
    assert calendar(pair(), looks={LOOK: Look.ABSENT, FIND: SIDE}) == EventUnseen()


def test_found_as_a_copy_that_only_its_text_shows_it_was_not_deleted() -> None:
    assert calendar(pair(), looks={LOOK: Look.ABSENT, FIND: Look.COPIED}) == EventElsewhere(copied=True)


@pytest.mark.parametrize(("stood", "copied"), [(GRACE, False), (GRACE + SECOND, True)])
def test_a_copy_that_stood_beside_it_for_a_while_is_a_persons_own(stood: timedelta, *, copied: bool) -> None:
    """Cut and pasted, the one goes as the other comes. One that was pasted days ago is for the next visit, perhaps."""
    copy = replace(stands(FOUR, name="copy.ics", uid="copy"), seen_at=NOW - stood)
    expected = EventElsewhere(copied=True) if copied else EventTransferred(copy)
    assert calendar(pair(), copy, looks=GONE) == expected
    # with its own UID it is the event itself, however long it took to go where it was
    same = replace(stands(FOUR, name="same.ics"), seen_at=NOW - DAY)
    assert calendar(pair(), same, looks=GONE) == EventTransferred(same)


LEFT_AT = NOW - SECOND


@pytest.mark.parametrize("first_at", [None, NOW - MINUTE, NOW - DAY])
def test_beside_an_event_whose_calendar_left_the_config_a_copy_stays_a_persons_own(first_at: datetime | None) -> None:
    """Pasted since, it is what was carried over, in whichever cycle that is seen; changed since, it is not."""
    old = replace(stands(FOUR, name="copy.ics", uid="copy", calendar=SIDE), seen_at=NOW - MINUTE, first_at=first_at)
    new = replace(old, seen_at=LEFT_AT, first_at=None)
    changed = replace(old, seen_at=NOW, first_at=NOW - MINUTE)
    same = replace(old, event=replace(make.event(BOOKED), uid=f"{B1}@zimun"))
    left = {"managed": frozenset({SIDE}), "readable": frozenset({SIDE}), "left_at": {HOME: LEFT_AT}}
    for seen, carried in ((old, False), (changed, False), (new, True), (same, True)):
        there = make.snapshot(bookings=(BOOKED,), events=(seen,), links=(pair(),), **left)
        assert transferred(pair(), there) == (seen if carried else None)
        # a time that is still to come tells nothing: then it is as long ago as for any other
        young = seen is same or (seen.first_at or seen.seen_at) >= NOW - MINUTE
        set_back = replace(there, left_at={HOME: NOW + SECOND})
        assert transferred(pair(), set_back) == (seen if young else None)


def test_in_a_calendar_that_is_new_to_the_config_what_stands_where_the_booking_is_was_pasted() -> None:
    there, elsewhere = (replace(stands(at, name="copy.ics", uid="copy"), first_at=EVER) for at in (TEN, FOUR))
    floating = replace(stands(start=make.floating(TEN), name="copy.ics", uid="copy"), first_at=EVER)
    still = replace(there, seen_at=NOW - GRACE)
    for pasted in (there, floating, still):
        assert calendar(pair(), pasted, looks=GONE) == EventTransferred(pasted)
    assert calendar(pair(), elsewhere, looks=GONE) == EventElsewhere(copied=True)
    # a while after that it has stood beside the other, as it does after a lost database
    long = replace(there, seen_at=NOW - GRACE - SECOND)
    assert calendar(pair(), long, looks=GONE) == EventElsewhere(copied=True)


def test_a_copy_in_a_calendar_that_left_the_config_keeps_nothing_from_being_deleted() -> None:
    copy = replace(stands(FOUR, name="copy.ics", uid="copy", calendar=SIDE), seen_at=NOW - DAY)
    only = frozenset({HOME})
    assert calendar(pair(), copy, looks=GONE, managed=only, readable=only) == EventGone()


def test_a_copy_of_what_has_begun_moves_nothing() -> None:
    copy = stands(FOUR, name="copy.ics", uid="copy")
    for start, side in ((NOW, EventElsewhere(copied=True)), (NOW + SECOND, EventTransferred(copy))):
        assert calendar(pair(booking=make.booking(start=start)), copy, looks=GONE) == side


def test_beside_a_copy_the_account_is_searched_all_the_same() -> None:
    copy = replace(stands(FOUR, name="copy.ics", uid="copy"), seen_at=NOW - DAY)
    assert calendar(pair(), copy, looks={LOOK: Look.ABSENT, FIND: FOREIGN}) == EventElsewhere()
    assert calendar(pair(), copy, looks={LOOK: Look.ABSENT, FIND: Look.UNKNOWN}) == EventUnseen()


def test_a_copy_that_was_edited_lately_is_none_the_younger() -> None:
    copy = replace(stands(FOUR, name="copy.ics", uid="copy"), seen_at=NOW, first_at=NOW - DAY)
    assert calendar(pair(), copy, looks=GONE) == EventElsewhere(copied=True)
    assert calendar(pair(), replace(copy, first_at=NOW), looks=GONE) == EventTransferred(replace(copy, first_at=NOW))


def test_within_the_grace_it_is_gone_by_the_listing_alone() -> None:
    begun = pair(deletion=Deletion(NOW - MINUTE, 0))
    assert calendar(begun) == EventGone()
    due = pair(deletion=Deletion(NOW - GRACE, 0))
    assert calendar(due) == EventUnseen()
    assert calendar(due, looks=GONE) == EventGone()


@pytest.mark.parametrize(
    ("deletion", "jumped", "due"),
    [
        (None, False, False),
        (Deletion(NOW - GRACE, 0), False, True),
        (Deletion(NOW - GRACE, 0), True, False),
        (Deletion(NOW - GRACE, 1), False, False),
        (Deletion(NOW - GRACE + SECOND, 0), False, False),
    ],
)
def test_the_grace_is_over_at_its_time_in_a_later_cycle(deletion: Any, jumped: bool, due: bool) -> None:
    assert is_due(pair(deletion=deletion), look(clock_jumped=jumped), policy()) is due


def test_another_place_is_believed_after_a_second_look_at_the_first() -> None:
    there = stands(calendar=SIDE)
    assert calendar(pair(), there) == EventUnseen()
    assert calendar(pair(), there, looks={LOOK: stands()}) == EventUnseen()
    assert calendar(pair(), there, looks={LOOK: Look.ABSENT}) == EventTransferred(there)


def test_what_syncd_left_behind_is_what_the_person_still_sees() -> None:
    left = stands(calendar=SIDE)
    link = pair(leftovers=(Leftover(SIDE, "/side/none.ics", '"1"'), Leftover(SIDE, left.href, left.etag)))
    assert transferred(link, look(left)) is None
    assert calendar(link, left, looks=GONE) == EventTransferred(left)
    none = {LookEvent(SIDE, "/side/none.ics"): Look.ABSENT}
    assert calendar(link, replace(left, event=None), looks=GONE | none) == EventGone()
    assert calendar(link, left, looks={FIND: Look.ABSENT}) == EventUnseen()


def test_marked_as_cancelled_counts_as_gone_after_two_equal_looks() -> None:
    marked = stands(cancelled=True)
    assert calendar(pair(), marked) == EventUnseen()
    assert calendar(pair(), marked, looks={LOOK: stands()}) == EventUnseen()
    assert calendar(pair(), marked, looks={LOOK: replace(marked, event=None)}) == EventUnseen()
    again = replace(marked, etag='"again"')
    assert calendar(pair(), marked, looks={LOOK: again}) == EventGone(cancelled=again)
    assert calendar(pair(), marked, looks={LOOK: again}, readable=frozenset({HOME})) == EventUnseen()


def test_marked_here_while_what_syncd_left_behind_stands_it_is_no_deletion() -> None:
    marked, left = stands(cancelled=True), stands(calendar=SIDE)
    link = pair(leftovers=(Leftover(SIDE, left.href, left.etag),))
    again = {LOOK: marked}
    assert calendar(link, marked, left, looks=again) == EventTransferred(left)
    assert calendar(link, marked, stands(calendar=SIDE, cancelled=True), looks=again) == EventGone(cancelled=marked)
    at = LookEvent(SIDE, left.href)
    assert calendar(link, marked, looks=again | {at: Look.ABSENT}) == EventGone(cancelled=marked)


@pytest.mark.parametrize("marked", [True, False])
def test_what_syncd_left_behind_counts_as_gone_after_a_direct_look(*, marked: bool) -> None:
    """A listing may lie: an empty one, of a calendar whose files are away for a moment."""
    own, left = stands(cancelled=True), stands(calendar=SIDE)
    link = pair(leftovers=(Leftover(SIDE, left.href, left.etag),))
    at = LookEvent(SIDE, left.href)
    seen, looks = ((own,), {LOOK: own}) if marked else ((), GONE)
    assert at in questions(look(*seen, links={B1: link}), policy())
    assert calendar(link, *seen, looks=looks) == EventUnseen()
    assert calendar(link, *seen, looks=looks | {at: Look.UNKNOWN}) == EventUnseen()
    assert calendar(link, *seen, looks=looks | {at: left}) == EventTransferred(left)
    assert calendar(link, *seen, looks=looks | {at: Look.ABSENT}) == EventGone(cancelled=own if marked else None)
    assert calendar(link, *seen, looks=looks, readable=frozenset({HOME}), managed=frozenset({HOME})) == EventGone(
        cancelled=own if marked else None
    ), "of a calendar that left the config nobody can know"


def test_marked_here_and_standing_there_it_was_transferred() -> None:
    marked, there = stands(cancelled=True), stands(calendar=SIDE)
    assert calendar(pair(), marked, there) == EventTransferred(there)
    assert calendar(pair(), marked, stands(calendar=SIDE, cancelled=True)) == EventUnseen()
    assert calendar(pair(), marked, stands(calendar=SIDE, uid="7f3a")) == EventUnseen()


def test_of_several_the_one_that_stands_is_the_event() -> None:
    """Marked as cancelled, it was copied as well: what stands there is found behind the copies that are marked, too."""
    own, marked, there = stands(cancelled=True), stands(cancelled=True, name="a.ics"), stands(calendar=SIDE)
    copy = stands(calendar=SIDE, uid="7f3a", name="x.ics")
    assert transferred(pair(), look(own, marked, there, links={B1: pair()})) == there
    assert calendar(pair(), own, marked, there) == EventTransferred(there)
    assert transferred(pair(), look(marked, copy)) == copy
    renamed = stands(calendar=SIDE, uid=uid_of(B2), name="y.ics")
    assert transferred(pair(), look(copy, renamed)) == renamed, "with a UID of ours, though not with that of the link"


def test_what_counts_as_the_event_at_another_place() -> None:
    there, copy = stands(calendar=SIDE), stands(calendar=SIDE, uid="7f3a", name="x.ics")
    assert transferred(pair(), look(there)) == there
    assert transferred(pair(), look(copy)) == copy
    assert transferred(pair(), look(copy, there)) == there
    assert transferred(pair(), look()) is None
    assert transferred(pair(), look(there, readable=frozenset({HOME}))) is None
    other = make.link(make.booking("b2"), there)
    assert transferred(pair(), look(there, links={BookingId("b2"): other})) is None
    # left behind by ourselves, unless a person changed it since
    left = pair(leftovers=(Leftover(SIDE, there.href, there.etag),))
    assert transferred(left, look(there, copy)) == copy
    assert transferred(left, look(replace(there, etag='"new"'))) == replace(there, etag='"new"')


def test_an_event_that_names_another_booking_of_zimuns_is_that_ones_whatever_its_uid() -> None:
    renamed = stands(calendar=SIDE, booking_id="b2")
    assert transferred(pair(), look(renamed)) == renamed
    assert transferred(pair(), look(renamed, bookings=(make.booking("b2"),))) is None
    assert transferred(pair(), look(renamed, looks=OTHER)) is None
    assert transferred(pair(), look(renamed, looks={LookBooking(B2): Look.ABSENT})) == renamed
    replaced = make.booking("b2", status=Status.CANCELLED)
    assert transferred(pair(), look(renamed, bookings=(replaced,))) == renamed
    assert transferred(pair(), look(renamed, looks={LookBooking(B2): replaced})) == renamed
    assert transferred(pair(), look(stands(calendar=SIDE, booking_id="b1"), bookings=(BOOKED,))) is not None
