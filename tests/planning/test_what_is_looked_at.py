"""What a cycle asks before it decides, no more and no less."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from syncd.domain.booking import Booking, Span, Status
from syncd.domain.event import Observation
from syncd.domain.ids import BookingId
from syncd.domain.link import (
    Awaiting,
    AwaitKind,
    Closed,
    ClosedWhy,
    Decision,
    Deletion,
    Leftover,
    Link,
    Missing,
    Refusal,
    Wish,
)
from syncd.domain.note import NoteKind
from syncd.planning.looks import questions
from syncd.planning.snapshot import FindEvent, Look, LookBooking, LookEvent, Question
from tests.planning import builders as make
from tests.planning.builders import DAY, FOUR, HOME, HOUR, MINUTE, NOW, SIDE, TEN, policy
from tests.planning.lens import B1, B2, BOOKED, STOOD, note, pair, stands

SECOND = timedelta(seconds=1)
GRACE = 10 * MINUTE
BY_ID, LOOK, FIND = LookBooking(B1), LookEvent(HOME, STOOD.href), FindEvent("b1@zimun", B1)


def asked(
    link: Link | None, *seen: Observation, bookings: tuple[Booking, ...] = (BOOKED,), **more: Any
) -> set[Question]:
    links = (link,) if link is not None else ()
    look = replace(make.snapshot(bookings=bookings, events=seen, links=links), **more)
    return set(questions(look, policy()))


def unlisted(link: Link, *seen: Observation, **more: Any) -> set[Question]:
    return asked(link, *seen, bookings=(), **more)


def test_a_quiet_pair_is_not_looked_at() -> None:
    assert asked(pair(), STOOD) == set()


def test_a_booking_that_the_list_should_have_named_is_read_by_its_id() -> None:
    assert unlisted(pair(), STOOD) == {BY_ID}
    assert unlisted(pair(), STOOD, looks={BY_ID: BOOKED}) == set()
    assert unlisted(pair(), STOOD, unreadable=frozenset({"b1"})) == set()
    off = pair(booking=replace(BOOKED, status=Status.CANCELLED))
    assert unlisted(off, STOOD) == set()


def test_without_a_list_each_is_read_where_lists_are_closed_to_us_and_none_while_zimun_is_down() -> None:
    assert unlisted(pair(), STOOD, window=None) == set()
    assert unlisted(pair(), STOOD, window=None, list_closed=True) == {BY_ID}


def test_of_one_whose_calendar_left_the_config_only_the_booking_and_only_where_no_list_names_it() -> None:
    only_side = {"managed": frozenset({SIDE}), "readable": frozenset({SIDE})}
    assert unlisted(pair(), **only_side) == set()
    assert unlisted(pair(), window=None, list_closed=True, **only_side) == {BY_ID}
    assert asked(pair(), window=None, list_closed=True, **only_side) == set()


@pytest.mark.parametrize(
    ("window", "listed"),
    [
        (Span(TEN, TEN + HOUR), True),
        (Span(TEN - HOUR, TEN), False),
        (Span(TEN + SECOND, FOUR), False),
        (Span(TEN - HOUR, TEN + SECOND), True),
    ],
)
def test_beyond_what_was_listed_absence_is_none(window: Span, listed: bool) -> None:
    assert (unlisted(pair(), STOOD, window=window) == {BY_ID}) is listed


FAR = Span(NOW - DAY, NOW)


@pytest.mark.parametrize(
    "stirs",
    [
        {"wish": Wish(FOUR, NOW)},
        {"refusal": Refusal(FOUR, note(NoteKind.REFUSED))},
        {"awaiting": Awaiting(AwaitKind.MOVE, NOW, BOOKED)},
        {"pending": note(NoteKind.TRANSFERRED)},
        {"missing": Missing(NOW, 0)},
        {"note": note(NoteKind.NOT_OPEN, until=NOW)},
        {"event": None},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_beyond_the_list_a_booking_is_read_when_something_about_its_event_waits_for_it(stirs: dict[str, Any]) -> None:
    assert unlisted(pair(), STOOD, window=FAR) == set()
    assert BY_ID in unlisted(pair(**stirs), STOOD, window=FAR)


def test_and_when_its_event_changed_went_or_cannot_be_read() -> None:
    assert BY_ID in unlisted(pair(), stands(), window=FAR)
    assert BY_ID in unlisted(pair(), replace(STOOD, event=None), window=FAR)
    assert BY_ID in unlisted(pair(), window=FAR)
    assert unlisted(pair(note=note(NoteKind.NOT_OPEN, until=NOW + SECOND)), STOOD, window=FAR) == set()


def test_an_event_that_is_not_there_is_looked_for_directly_and_then_everywhere() -> None:
    assert asked(pair()) == {LOOK}
    assert asked(pair(), looks={LOOK: Look.ABSENT}) == {FIND}
    assert asked(pair(), looks={LOOK: Look.UNKNOWN}) == set()
    assert asked(pair(), looks={LOOK: STOOD}) == set()
    assert asked(pair(), looks={LOOK: Look.ABSENT, FIND: Look.ABSENT}) == set()


def test_only_while_every_calendar_is_read() -> None:
    assert asked(pair(), readable=frozenset({HOME})) == set()
    assert asked(pair(), readable=frozenset({SIDE})) == set()
    assert asked(pair(), managed=frozenset({SIDE})) == set()


def test_at_another_place_the_one_that_it_left_is_looked_at_too() -> None:
    assert asked(pair(), stands(calendar=SIDE)) == {LOOK}
    third = "https://dav.example.org/third/"
    assert asked(pair(), stands(calendar=SIDE), managed=frozenset({HOME, SIDE, third})) == {LOOK}


@pytest.mark.parametrize(
    ("since", "kind", "decision", "looked"),
    [
        (GRACE - SECOND, None, None, False),
        (GRACE, None, None, True),
        (GRACE - SECOND, AwaitKind.CANCEL, None, False),
        (GRACE - SECOND, AwaitKind.CANCEL, Decision.APPROVED, True),
        (GRACE - SECOND, AwaitKind.CANCEL, Decision.REJECTED, True),
        (GRACE - SECOND, AwaitKind.REROUTE, Decision.APPROVED, False),
    ],
)
def test_within_the_grace_nobody_looks_unless_a_person_decided(
    since: timedelta, kind: AwaitKind | None, decision: Decision | None, looked: bool
) -> None:
    question = Awaiting(kind, NOW, BOOKED, decision=decision) if kind is not None else None
    link = pair(deletion=Deletion(NOW - since, 0), awaiting=question)
    assert asked(link) == ({LOOK} if looked else set())


def test_a_mark_of_cancellation_and_a_second_event_are_looked_at_twice() -> None:
    assert asked(pair(), stands(cancelled=True)) == {LOOK}
    assert asked(pair(), replace(stands(), event=None)) == set()
    twin = stands(name="x.ics")
    assert asked(pair(), stands(), replace(twin, seen_at=NOW - GRACE)) == {LOOK}
    assert asked(pair(), stands(), replace(twin, seen_at=NOW - GRACE + SECOND)) == set()


@pytest.mark.parametrize(("stays", "looked"), [(None, True), (NOW, True), (NOW + SECOND, False)])
def test_before_what_was_left_behind_goes_the_other_is_looked_at(stays: datetime | None, *, looked: bool) -> None:
    there = stands(calendar=SIDE)
    link = pair(leftovers=(Leftover(SIDE, there.href, there.etag, stays_until=stays),))
    assert asked(link, STOOD, there) == ({LOOK} if looked else set())
    assert asked(link, STOOD, readable=frozenset({HOME})) == set()
    assert asked(pair(), STOOD, there) == set()


def test_a_move_of_a_booking_that_is_gone_keeps_no_other_look_back() -> None:
    """Its booking answered 404 for longer than the grace: no slots are asked for, the second event is."""
    gone = pair(missing=Missing(NOW - HOUR, 0))
    answers = {BY_ID: Look.ABSENT, LookBooking(B2): make.booking("b2")}
    second = replace(stands(name="x.ics"), seen_at=NOW - HOUR)
    assert unlisted(gone, stands(FOUR), second, looks=answers) == {LOOK}


def test_pairs_that_ended_or_are_past_are_not_looked_at() -> None:
    assert unlisted(pair(closed=Closed(NOW, ClosedWhy.CANCELLED)), STOOD) == set()
    old = make.booking(start=NOW - DAY - HOUR - SECOND)
    assert unlisted(pair(booking=old), stands(old.start), window=Span(NOW - 9 * DAY, NOW)) == set()
    just = make.booking(start=NOW - DAY - HOUR)
    assert unlisted(pair(booking=just), STOOD, window=Span(NOW - 9 * DAY, NOW)) == {LookBooking(B1)}


def test_a_past_one_whose_event_was_dragged_to_a_time_to_come_is() -> None:
    old = make.booking(start=NOW - 9 * DAY)
    assert unlisted(pair(booking=old), stands(FOUR), window=Span(NOW - DAY, NOW + DAY)) == {BY_ID}
    assert unlisted(pair(booking=old), stands(NOW - 2 * DAY), window=Span(NOW - DAY, NOW + DAY)) == set()


# events of ours without a pair


def test_an_orphan_is_looked_up_once() -> None:
    orphan = stands()
    assert asked(None, orphan, bookings=()) == {BY_ID}
    assert asked(None, orphan) == set()
    assert asked(None, orphan, bookings=(), asked_lately=frozenset({B1})) == set()
    assert asked(None, orphan, bookings=(), unreadable=frozenset({"b1"})) == set()
    assert asked(None, orphan, bookings=(), looks={BY_ID: Look.UNKNOWN}) == set()
    assert asked(None, stands(NOW - DAY - HOUR - SECOND), bookings=()) == set()
    assert asked(None, stands(uid=f"{'a' * 63}@zimun", booking_id="", name="x.ics"), bookings=()) == {
        LookBooking(BookingId("a" * 63))
    }


def test_a_further_event_of_a_pair_is_no_orphan() -> None:
    link = pair(booking=make.booking(start=NOW + 90 * DAY))
    assert asked(link, STOOD, stands(name="x.ics"), bookings=()) == set()


def test_the_event_of_a_pair_is_no_orphan_whatever_booking_it_names() -> None:
    named = stands(booking_id="b9", name="b1.ics")
    assert asked(make.link(BOOKED, named), named) == set()


def test_one_orphan_without_a_question_hides_no_other() -> None:
    past, orphan = stands(NOW - 9 * DAY, name="a.ics"), stands(name="b.ics")
    other = stands(uid="b2@zimun", booking_id="b2", name="c.ics")
    assert asked(None, past, orphan, other, bookings=()) == {BY_ID, LookBooking(B2)}


def test_while_zimun_is_down_no_orphan_is_looked_up() -> None:
    assert asked(None, stands(), bookings=(), window=None) == set()
    assert asked(None, stands(), bookings=(), window=None, list_closed=True) == {BY_ID}


# whether the route answers


MANY = tuple(make.booking(f"b{number}") for number in range(2, 9))


def route(**answers: Any) -> set[Question]:
    looks = {LookBooking(BookingId(name)): answer for name, answer in answers.items()}
    return asked(pair(), STOOD, bookings=MANY, looks=looks, links={B1: pair()})


def by_id(*names: str) -> set[Question]:
    return {LookBooking(BookingId(name)) for name in names}


def routed(**answers: Any) -> set[Question]:
    return {
        question for question in route(**answers) if isinstance(question, LookBooking) and question.booking_id != B1
    }


def test_a_404_asks_whether_the_route_answers_for_another_that_was_listed() -> None:
    gone = Look.ABSENT
    assert routed() == set()
    assert routed(b1=Look.UNKNOWN) == set()
    assert routed(b1=gone) == by_id("b2")
    assert routed(b1=gone, b2=MANY[0]) == set()
    assert routed(b1=gone, b2=gone) == by_id("b3")
    assert routed(b1=gone, b2=gone, b3=gone) == by_id("b4")
    assert routed(b1=gone, b2=gone, b3=gone, b4=gone) == set()


def test_with_nothing_listed_there_is_nothing_to_ask() -> None:
    assert unlisted(pair(), STOOD, looks={BY_ID: Look.ABSENT}) == set()


def test_a_fault_of_ours_about_one_pair_asks_nothing_and_stops_nobody() -> None:
    broken = replace(pair(), href=[])  # type: ignore[arg-type]
    link = make.link(make.booking("b2"), stands(name="b2.ics"))
    look = make.snapshot(links=(broken, link), bookings=(BOOKED, make.booking("b2")))
    assert questions(look, policy()) == {LookEvent(HOME, "/home/b2.ics")}
