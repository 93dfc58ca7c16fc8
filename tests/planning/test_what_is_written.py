"""Each write, to the field: what stands in the event afterwards, and what is remembered of the pair."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from syncd.domain.actions import Create, ProblemKind, Replace, Why
from syncd.domain.booking import Status
from syncd.domain.event import Put, Texts
from syncd.domain.link import Awaiting, AwaitKind, Frozen, Leftover, PutBack
from syncd.domain.note import Note, NoteKind
from syncd.planning.case import Outcome, as_it_was_last, next_name, noticed, outdated, taken_over
from syncd.planning.routing import Route
from tests.planning import builders as make
from tests.planning.builders import FOUR, HOME, HOUR, MINUTE, NOON, NOW, SIDE, TEN, policy
from tests.planning.lens import B1, BOOKED, STOOD, UNTIL, case, done, draft, note, pair, stands, worn

NOTE = note(NoteKind.CONFLICT_ZIMUN, asked=FOUR)
EVA = make.booking(contact_name="Eva", start=NOON)  # the same booking, changed
AT_FOUR = f"Europe/Berlin:{make.zoned(FOUR).value}"
ASSERTED = STOOD.event
assert ASSERTED is not None
OLD = ("o1", "o2", "r1", "s1", ASSERTED.fingerprint)


def test_a_put_back_takes_the_bookings_time_and_texts_and_ends_all_that_was_open() -> None:
    link, seen = worn(), stands(FOUR)
    assert seen.event is not None
    assert case(link, seen, booking=EVA).put_back(seen, EVA, Why.MOVE_REFUSED, NOTE) == Replace(
        B1,
        Why.MOVE_REFUSED,
        replace(
            link,
            booking=EVA,
            texts=make.texts(EVA),
            note=NOTE,
            pending=None,
            frozen=None,
            wish=None,
            refusal=None,
            deletion=None,
            went_unkept=False,
            put=Put(1, EVA.start),
            replay=seen.event.fingerprint,
            older=OLD,
            since=(),
            put_backs=(PutBack(NOW - 30 * MINUTE, "lately"), PutBack(NOW, AT_FOUR)),
        ),
        HOME,
        "/home/b1.ics",
        '"2"',
        draft(EVA),
        seen.data,
    )


def test_a_note_alone_leaves_the_time_and_what_the_person_wishes() -> None:
    link, seen = worn(), stands(FOUR)
    assert seen.event is not None
    write = case(link, seen, booking=EVA).rewrite(seen, EVA, Why.MOVE_WAITS, span=None, note=NOTE)
    assert write.draft == draft(EVA, span=None)
    assert write.link == replace(
        link,
        booking=EVA,
        texts=make.texts(EVA),
        note=NOTE,
        pending=None,
        frozen=None,
        replay="",  # the person's version counts: it is no stale client's
        older=OLD,
        since=(seen.event.fingerprint,),
    )


def test_without_a_wish_the_version_that_a_note_replaced_is_known_as_old() -> None:
    seen = stands()
    assert seen.event is not None
    link = worn(wish=None)
    assert case(link, seen).rewrite(seen, BOOKED, Why.NOTE_DUE, span=None, note=NOTE).link.replay == (
        seen.event.fingerprint
    )


def test_a_new_event_goes_where_routing_wants_it_with_all_that_stood_in_the_old_one() -> None:
    link, seen, there = worn(), stands(FOUR, title="Ada, by the window"), replace(EVA, location_id="loc_2")
    written = case(link, seen, booking=there).recreate(there, Why.ROUTED, note=NOTE, source=seen)
    assert seen.event is not None
    assert written == Create(
        B1,
        Why.ROUTED,
        replace(
            link,
            calendar=SIDE,
            uid="b1@zimun",
            booking=there,
            texts=make.texts(there),
            note=NOTE,
            pending=None,
            frozen=None,
            put=Put(1, there.start),
            replay="",
            older=OLD,
            since=(),
            wish=None,
            refusal=None,
            deletion=None,
            went_unkept=False,
            leftovers=(*link.leftovers, Leftover(HOME, "/home/b1.ics", '"2"', seen.event.start, "r1")),
            made_at=NOW,
        ),
        SIDE,
        "b1.ics",
        draft(there, title="Ada, by the window"),
        seen.data,
    )


def test_an_event_that_comes_back_under_its_name_is_as_old_as_it_was() -> None:
    """A backup of the calendar has it, then. Not one that no calendar ever showed."""
    made = NOW - HOUR
    own, bare, unseen = pair(made_at=made), pair(made_at=made, href="b1.ics"), pair(made_at=made, shown=False)
    other = pair(made_at=made, href="/home/x.ics")
    for link, at in ((own, made), (bare, made), (other, NOW), (unseen, NOW), (pair(), None)):
        assert case(link).recreate(BOOKED, Why.EVENT_RETURNED, note=None).link.made_at == at


def test_an_event_that_comes_back_is_counted_and_leaves_nothing_behind() -> None:
    link = worn(event=replace(ASSERTED, title="Ada, by the window"), data="1|VALARM")
    back = case(link).recreate(BOOKED, Why.EVENT_RETURNED, note=None, put_back="")
    assert back.link.put_backs == (PutBack(NOW - 30 * MINUTE, "lately"), PutBack(NOW, ""))
    assert back.link.leftovers == link.leftovers
    assert (back.draft.title, back.onto) == ("Ada, by the window", "1|VALARM")
    assert case(link).recreate(BOOKED, Why.ROUTED, note=None).link.put_backs == link.put_backs


def test_without_a_last_object_the_event_is_written_afresh() -> None:
    assert case(worn(event=None)).recreate(BOOKED, Why.NEW, note=None).draft == draft(BOOKED)


def test_an_unrouted_booking_gets_its_event_back_where_it_was() -> None:
    link = pair(calendar=SIDE)
    assert case(link, rules=policy(routes=())).recreate(BOOKED, Why.NEW, note=None).calendar == SIDE


@pytest.mark.parametrize("kind", AwaitKind)
def test_a_new_event_answers_the_question_about_its_calendar_and_no_other(kind: AwaitKind) -> None:
    asked = Awaiting(kind, NOW, BOOKED)
    after = case(pair(awaiting=asked)).recreate(BOOKED, Why.REROUTED, note=None).link
    assert after.awaiting == (None if kind is AwaitKind.REROUTE else asked)


def test_a_closed_pair_is_opened_by_its_new_event() -> None:
    opened = case(worn(closed=make.HOUR)).recreate(BOOKED, Why.NEW, note=None).link
    assert opened.closed is None


def test_the_event_says_what_the_config_wants_of_new_ones() -> None:
    rules = policy(klass="PRIVATE", alarm_minutes=15)
    made = case(pair(), rules=rules).recreate(BOOKED, Why.NEW, note=None).draft
    assert made == draft(BOOKED, klass="PRIVATE", alarm_minutes=15)


def test_an_event_of_a_booking_that_was_not_seen_says_what_it_said() -> None:
    said = Texts("Haircut, as it was", "Salon", {"name": "Ada"})
    look = case(pair(texts=said))
    unseen = replace(look, snapshot=replace(look.snapshot, texts={}))
    assert (unseen.texts, look.texts) == (said, make.texts(BOOKED))


def test_a_new_event_takes_the_first_name_that_is_free() -> None:
    taken = stands(name="b1.ics")
    look = make.snapshot(events=(taken,), refused_uids=frozenset({"b1~2@zimun"}))
    assert next_name(B1, HOME, look) == ("b1~3@zimun", "b1~3.ics")
    assert next_name(B1, SIDE, look) == ("b1@zimun", "b1.ics")


def test_a_note_goes_after_note_hours_unless_it_says_otherwise() -> None:
    at = case(pair())
    assert at.note(NoteKind.NOT_OPEN) == Note(NoteKind.NOT_OPEN, NOW, UNTIL)
    assert at.note(
        NoteKind.REFUSED, asked=FOUR, was=TEN, slots=(NOON,), at=NOW - HOUR, until=NOW + HOUR, staff="Bea", reason="no"
    ) == Note(NoteKind.REFUSED, NOW - HOUR, NOW + HOUR, FOUR, TEN, (NOON,), "no", "Bea")
    assert case(pair(), rules=policy(note=HOUR)).note(NoteKind.NOT_OPEN).until == NOW + HOUR


@pytest.mark.parametrize(
    ("ago", "counts"),
    [(HOUR - timedelta(seconds=1), True), (HOUR, False), (HOUR + timedelta(seconds=1), False)],
)
def test_put_backs_count_for_an_hour(ago: timedelta, counts: bool) -> None:
    first = PutBack(NOW - ago, "x")
    link = pair(put_backs=(first, PutBack(NOW - MINUTE, "y"), PutBack(NOW, "y")))
    assert (case(link).frozen("x", BOOKED) is not None) is counts
    assert case(link).put_backs("z") == ((first,) if counts else ()) + (*link.put_backs[1:], PutBack(NOW, "z"))


def test_frozen_is_said_and_remembered_for_that_start_of_event_and_booking_alone() -> None:
    link = pair(put_backs=(PutBack(NOW, "x"), PutBack(NOW, "x"), PutBack(NOW, "x")))
    outcome = case(link).frozen("x", BOOKED)
    assert outcome is not None
    assert outcome.problem is not None
    assert (outcome.problem.kind, outcome.problem.key) == (ProblemKind.FROZEN, "b1")
    assert outcome.problem.text == (
        "its event was put back three times within an hour and comes again: left alone until it or the booking gets "
        "a new time"
    )
    assert outcome.action is not None
    frozen = outcome.action.link
    assert (outcome.action.why, frozen) == (Why.LEFT_ALONE, replace(link, frozen=Frozen("x", TEN)))
    later = replace(frozen, put_backs=())
    assert case(later).frozen("x", BOOKED) is not None
    assert case(later).frozen("y", BOOKED) is None
    assert case(later).frozen("x", EVA) is None


def test_two_put_backs_freeze_nothing_nor_three_from_other_starts() -> None:
    assert case(pair(put_backs=(PutBack(NOW, "x"), PutBack(NOW, "x")))).frozen("x", BOOKED) is None
    assert case(pair(put_backs=(PutBack(NOW, "y"),) * 3)).frozen("x", BOOKED) is None


def test_only_what_differs_is_remembered() -> None:
    link = pair()
    assert case(link).remember(link) == Outcome()
    other = replace(link, missing=None, replay="r2")
    assert (done(case(link).remember(other)).link, done(case(link).remember(other)).why) == (other, Why.REMEMBERED)


def test_eight_versions_are_known_as_old_each_once_the_newest_kept() -> None:
    many = tuple(f"v{number}" for number in range(8))
    assert outdated(worn(older=many, replay="v3", since=("", "s1"), event=None)) == (*many[1:], "s1")
    assert outdated(worn(older=(), replay="", since=())) == (ASSERTED.fingerprint,)


def test_a_version_that_a_person_replaced_is_kept_to_be_known_when_they_take_it_back() -> None:
    mine, theirs = ASSERTED, replace(ASSERTED, fingerprint="theirs")
    assert taken_over(worn(), theirs) == ("s1", mine.fingerprint)
    assert taken_over(worn(), mine) == ("s1",)
    assert taken_over(worn(event=None), theirs) == ("s1",)


def test_the_version_that_stands_there_now_is_noticed_once() -> None:
    there = stands(stamp=9)
    assert there.event is not None
    mark = there.event.fingerprint
    assert noticed(worn(), there) == worn(since=("s1", mark))
    assert noticed(worn(event=None), there) == worn(event=None, since=("s1", mark))
    known = (worn(replay=mark), worn(older=(mark,)), worn(since=(mark,)), worn(event=there.event))
    assert [noticed(link, there) for link in known] == list(known)
    assert [noticed(worn(), seen) for seen in (None, replace(there, event=None))] == [worn(), worn()]


def test_what_an_event_said_last_is_remembered_when_it_goes() -> None:
    there = stands(stamp=9)
    assert there.event is not None
    after = worn(event=there.event, data=there.data, etag=there.etag, since=("s1", ASSERTED.fingerprint))
    assert as_it_was_last(worn(), there) == after
    assert as_it_was_last(after, there) is after
    old = (worn(replay=there.event.fingerprint), worn(older=(there.event.fingerprint,)))
    assert [as_it_was_last(link, there) for link in old] == list(old)
    assert [as_it_was_last(worn(), seen) for seen in (None, replace(there, event=None))] == [worn(), worn()]


def test_a_route_is_the_configs() -> None:
    assert case(pair(), rules=policy(routes=(Route(SIDE),))).route(BOOKED) == SIDE


@pytest.mark.parametrize(("of_link", "of_event", "to", "number"), [(2, 2, TEN, 2), (2, 4, TEN, 4), (4, 2, FOUR, 5)])
def test_where_it_is_put_counts_the_moves_of_others(of_link: int, of_event: int, to: datetime, number: int) -> None:
    """The event may know more than a restored database. What a person moved, and syncd finished, they may take back."""
    link, moved, seen = pair(put=Put(of_link, TEN)), make.booking(start=to), stands(FOUR, put=Put(of_event, NOON))
    for write in (
        case(link, seen).put_back(seen, moved, Why.LENGTH_CHANGED, None),
        case(link, seen).recreate(moved, Why.ROUTED, note=None, source=seen),
    ):
        assert write.draft.put == write.link.put == Put(number, to)
    only_texts = case(link, seen).rewrite(seen, moved, Why.NOTE_DUE, span=None, note=None)
    assert (only_texts.draft.put, only_texts.link.put) == (None, link.put)


def test_a_booking_that_lives_again_counts_as_moved() -> None:
    """Where it was moved before it was cancelled, its event never was: what an app still has of that is old."""
    link = pair(booking=replace(BOOKED, status=Status.CANCELLED), put=Put(2, FOUR))
    assert case(link, stands()).recreate(BOOKED, Why.BOOKING_REVIVED, note=None).link.put == Put(3, TEN)
