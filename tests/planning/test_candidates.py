"""How an event that may ask for a booking is taken up, when it is due, and what is held back."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.domain.booking import Status
from syncd.domain.candidate import Candidate, Stage
from syncd.domain.event import Event
from syncd.domain.ids import BookingId
from syncd.domain.link import Closed, ClosedWhy
from syncd.domain.note import NEVER, Note, NoteKind
from syncd.domain.request import Request
from syncd.planning.candidates import faulty, held_back, is_due, is_over, is_overdue, lapsed, taken_up
from syncd.planning.requests import Fault, Reading, wish_of
from tests.planning.builders import HOME, HOUR, MINUTE, NOW, TEN, booking, link, observation, snapshot, zoned
from tests.planning.builders import event as event_of

WHERE = (HOME, "/home/wish.ics", '"2"')
WANTED = Request("cut", "loc_1", TEN, "Dana Lee", "dana@example.org")
FAULT = Fault(NoteKind.REQUEST_NO_EMAIL, TEN, (), "cut")
SETTLE = MINUTE / 2


def event(**changes: Any) -> Event:
    return replace(
        Event("wish", "", zoned(TEN), zoned(TEN + HOUR), "Haircut – Dana Lee", "", "", fingerprint="f2"), **changes
    )


def known(stage: Stage, **changes: Any) -> Candidate:
    """The same event as it was seen an hour ago, in an earlier version."""
    made = Candidate(7, HOME, WHERE[1], '"1"', "f1", wish_of(event()), stage, NOW - HOUR, start=TEN)
    return replace(made, **changes)


def take(before: Candidate | None, reading: Reading = WANTED, *, first: bool = False, **changes: Any) -> Candidate:
    return taken_up(before, WHERE, event(**changes), reading, NOW, first=first)


@pytest.mark.parametrize(
    ("reading", "first", "noted", "stage"),
    [
        (WANTED, False, False, Stage.STANDING),
        (FAULT, False, False, Stage.STANDING),
        (None, False, False, Stage.THEIRS),
        (WANTED, True, False, Stage.AWAITING),
        (FAULT, True, False, Stage.THEIRS),
        (None, True, False, Stage.THEIRS),
        (WANTED, True, True, Stage.CLOSED),
        (WANTED, False, True, Stage.CLOSED),
        (FAULT, False, True, Stage.CLOSED),
        (None, True, True, Stage.THEIRS),
    ],
)
def test_a_new_one(reading: Reading, first: bool, noted: bool, stage: Stage) -> None:
    one = take(None, reading, first=first, noted=noted)
    fresh = Candidate(0, *WHERE, "f2", wish_of(event()), stage, NOW)
    if reading is not None:
        asked = (reading.start, reading.service_id, reading.location_id)
        fresh = replace(fresh, first=first, start=asked[0], service_id=asked[1], location_id=asked[2])
    assert one == fresh
    # nothing of its texts is kept
    assert "Dana" not in repr(one)
    assert "dana" not in repr(one)


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("noted", [True, False])
def test_another_version_of_the_same_wish_stays_where_it_is(stage: Stage, noted: bool) -> None:
    before = known(stage, gone=True)
    one = take(before, noted=noted)
    since = NOW if stage is Stage.STANDING else before.since
    assert one == replace(before, etag='"2"', version="f2", since=since, gone=False)


def test_the_same_version_under_another_etag_goes_on_standing() -> None:
    assert take(known(Stage.STANDING, version="f2")).since == NOW - HOUR


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.BOOKED])
def test_another_wish_is_a_new_one_by_a_person(stage: Stage) -> None:
    before = known(stage, first=True, told="request_refused", note=Note(NoteKind.REQUEST_REFUSED, NOW, NEVER))
    one = take(before, title="Haircut – Robin", noted=True)
    assert (one.stage, one.since, one.note, one.first, one.id) == (Stage.STANDING, NOW, None, False, 7)
    # so that the note is taken out where the event asks for nothing any more
    assert take(before, None, title="Lunch").told == "request_refused"
    assert take(before, None, title="Lunch").stage is Stage.THEIRS


def test_what_is_booked_and_changed_is_told_and_not_booked_again() -> None:
    before = known(Stage.BOOKED, booking_id=BookingId("b_1"))
    one = take(before, title="Haircut – Robin")
    assert one.stage is Stage.CLOSED
    assert one.note == Note(NoteKind.REQUEST_BOOKED_BEFORE, NOW, NEVER, was=TEN)
    assert take(before, None, title="Lunch").stage is Stage.THEIRS


def test_what_is_booked_and_changed_twice_is_not_booked_again_either() -> None:
    once = known(Stage.CLOSED, booking_id=BookingId("b1"), start=TEN + HOUR)
    one = take(once, title="another")
    assert (one.stage, one.booking_id) == (Stage.CLOSED, BookingId("b1"))
    assert one.note == Note(NoteKind.REQUEST_BOOKED_BEFORE, NOW, NEVER)


def test_what_was_booked_and_cancelled_and_comes_back_or_is_changed_is_told() -> None:
    before, note = known(Stage.BOOKED, booking_id=BookingId("b_1"), gone=True), NoteKind.REQUEST_CANCELLED_SINCE
    told = Note(note, NOW, NEVER, was=TEN)
    back = taken_up(before, WHERE, event(), WANTED, NOW, first=False, over=True)
    assert back == replace(before, etag=WHERE[2], version="f2", stage=Stage.CLOSED, note=told, gone=False)
    changed = taken_up(before, WHERE, event(title="Haircut – Robin"), WANTED, NOW, first=False, over=True)
    assert (changed.stage, changed.note, changed.booking_id) == (Stage.CLOSED, told, "b_1")
    # one that was there all the time goes, as where its booking stands
    for one, over in ((replace(before, gone=False), True), (before, False)):
        assert taken_up(one, WHERE, event(), WANTED, NOW, first=False, over=over).stage is Stage.BOOKED
    own = replace(before, stage=Stage.THEIRS)
    assert taken_up(own, WHERE, event(), WANTED, NOW, first=False, over=True).stage is Stage.THEIRS


def test_whether_a_booking_was_cancelled_its_link_says_or_zimun() -> None:
    one = booking()
    pair = link(one, observation(event_of(one)))
    over = {why: snapshot(links=(replace(pair, closed=Closed(NOW, why)),)) for why in ClosedWhy}
    again = snapshot(bookings=(one,), links=(replace(pair, closed=Closed(NOW, ClosedWhy.CANCELLED)),))
    lives = [snapshot(), snapshot(bookings=(one,), links=(pair,)), over[ClosedWhy.DELETED_PAST], again]
    cancelled = snapshot(bookings=(replace(one, status=Status.CANCELLED),), links=(pair,))
    assert [is_over(one.id, each) for each in lives] == [False] * 4
    assert [is_over(one.id, each) for each in (cancelled, over[ClosedWhy.CANCELLED])] == [True] * 2
    assert not is_over(None, cancelled)


@pytest.mark.parametrize("stage", [Stage.BOOKED, Stage.CLOSED])
def test_nor_is_what_asked_for_nothing_in_between(stage: Stage) -> None:
    before = known(stage, booking_id=BookingId("b_1"), first=True)
    lunch = take(before, None, title="Lunch")
    assert (lunch.stage, lunch.booking_id) == (Stage.THEIRS, BookingId("b_1"))
    one = take(replace(lunch, told=""), title="another")
    assert (one.stage, one.note) == (Stage.CLOSED, Note(NoteKind.REQUEST_BOOKED_BEFORE, NOW, NEVER))
    # a person's own note of a booking that was made otherwise
    own = known(Stage.THEIRS, booking_id=BookingId("b_1"), first=True)
    assert take(own, title="another").stage is Stage.STANDING


def test_what_zimun_booked_without_saying_which_it_is_is_not_booked_again_however_often_it_is_changed() -> None:
    unnamed = Note(NoteKind.REQUEST_UNNAMED, NOW, NEVER)
    for before in (known(Stage.CLOSED, note=unnamed), known(Stage.CLOSED, told=unnamed.kind.value)):
        one = take(before, title="another")
        assert (one.stage, one.note) == (Stage.CLOSED, unnamed)


def test_changed_before_it_was_told_that_nobody_knows_whether_it_is_booked_it_is_told_first() -> None:
    unsure = Note(NoteKind.REQUEST_UNSURE, NOW, NEVER, asked=TEN)
    one = take(known(Stage.CLOSED, note=unsure), title="another")
    assert (one.stage, one.note, one.wish) == (Stage.CLOSED, unsure, take(None, title="another").wish)
    assert take(known(Stage.CLOSED, note=unsure), None, title="Lunch").stage is Stage.THEIRS
    told = known(Stage.CLOSED, told=NoteKind.REQUEST_UNSURE)
    refused = known(Stage.CLOSED, note=replace(unsure, kind=NoteKind.REQUEST_REFUSED))
    assert [take(each, title="another").stage for each in (told, refused)] == [Stage.STANDING, Stage.STANDING]


def test_it_is_due_once_it_stood_long_enough_or_was_approved() -> None:
    standing = known(Stage.STANDING, since=NOW - SETTLE)
    assert is_due(standing, NOW, SETTLE)
    assert not is_due(standing, NOW - SETTLE / 30, SETTLE)
    assert not is_due(replace(standing, gone=True), NOW, SETTLE)
    # nobody can read it now
    assert not is_due(replace(standing, version=""), NOW, SETTLE)
    assert is_due(known(Stage.APPROVED, since=NOW), NOW, SETTLE)
    # read after the cycle began, which counts only where it has to stand at all
    late = replace(standing, since=NOW + SETTLE / 30)
    assert not is_due(late, NOW, SETTLE / 30)
    assert is_due(late, NOW, 0 * SETTLE)
    assert not any(is_due(known(stage), NOW, SETTLE) for stage in set(Stage) - {Stage.STANDING, Stage.APPROVED})


def test_it_is_overdue_after_ten_minutes_and_told_once() -> None:
    standing = known(Stage.STANDING, since=NOW - 10 * MINUTE)
    down, closed = NoteKind.REQUEST_WAITS, NoteKind.REQUEST_NOT_PERMITTED
    assert is_overdue(standing, NOW, down)
    told = replace(standing, told=down.value)
    assert not is_overdue(told, NOW, down)
    assert is_overdue(told, NOW, closed)
    assert not is_overdue(standing, NOW - MINUTE, down)
    assert not is_overdue(known(Stage.CLOSED), NOW, down)


def test_of_too_many_requests_await_and_what_is_none_quite_is_left_alone() -> None:
    held = held_back(known(Stage.STANDING), WANTED, NOW)
    assert (held.stage, held.note, held.since) == (Stage.AWAITING, Note(NoteKind.REQUEST_AWAITS, NOW, NEVER), NOW)
    assert held_back(known(Stage.STANDING), FAULT, NOW) == known(Stage.THEIRS)


def test_a_fault_is_told() -> None:
    told = faulty(known(Stage.STANDING), replace(FAULT, names=("a",)), NOW)
    assert (told.stage, told.note) == (
        Stage.CLOSED, Note(NoteKind.REQUEST_NO_EMAIL, NOW, NEVER, asked=TEN, names=("a",)),
    )  # fmt: skip


def test_what_awaits_lapses_with_its_time() -> None:
    waiting = known(Stage.AWAITING)
    assert lapsed(waiting, TEN - MINUTE) is None
    assert lapsed(waiting, TEN) == replace(waiting, stage=Stage.THEIRS)
    told = lapsed(replace(waiting, told=NoteKind.REQUEST_AWAITS.value), TEN)
    assert told is not None
    assert told.note == Note(NoteKind.REQUEST_IN_THE_PAST, TEN, NEVER, asked=TEN)
    assert lapsed(known(Stage.STANDING), TEN) is None


@settings(deadline=None)
@given(st.sampled_from(Stage), st.booleans(), st.booleans(), st.sampled_from([WANTED, FAULT, None]), st.booleans())
def test_nothing_is_due_at_once_that_was_not_approved(
    stage: Stage, first: bool, noted: bool, reading: Reading, again: bool
) -> None:
    """Whatever is taken up now, and however: nothing is booked before it stood for a while."""
    one = take(known(stage) if again else None, reading, first=first, noted=noted, title="Haircut – Robin")
    assert not is_due(one, NOW, SETTLE)
    assert not (first and not again and is_due(one, NOW + 100 * HOUR, SETTLE))
