"""A write whose answer was lost is known by what stands there, also where the server has no ETags."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import cast
from unittest.mock import AsyncMock

import pytest

from syncd.domain.actions import Cancel, CancelByHand, Remove, Replace, Reschedule, RescheduleByHand, Why
from syncd.domain.booking import Booking, BookingList, Slot, Status
from syncd.domain.errors import NotPermitted, Refused, Unavailable
from syncd.domain.event import Event, Observation, Put
from syncd.domain.ids import BookingId
from syncd.domain.link import Awaiting, AwaitKind, Decision, Deletion, Link, Wish, Write, Wrote
from syncd.domain.note import Note, NoteKind
from syncd.domain.request import Known
from syncd.engine.byhand import change
from syncd.engine.renames import perhaps_renamed
from syncd.engine.settle import _written, drop_outdated, settle
from syncd.engine.sides import Health, Managed, Sides
from syncd.planning.endings import keep_cancelled
from syncd.planning.planner import decide
from syncd.planning.snapshot import Look, LookBooking, LookEvent, LookSlots, Policy
from syncd.ports import BookingPort, CalendarPort, Stored
from syncd.state.journal import Intent, Outcome
from syncd.state.store import Store
from tests.planning import builders as make
from tests.planning.builders import DAY, FOUR, HOME, MINUTE, NOON, NOW, TEN
from tests.planning.lens import BOOKED, case, done


def manages(get: Callable[[str], Awaitable[Stored | None]]) -> Managed:
    """One calendar, with nothing in it but what `get` finds."""
    calendars = cast("dict[str, CalendarPort]", {HOME: SimpleNamespace(get=get)})
    return Managed(calendars, Policy())


def shows(seen: Observation) -> Managed:
    """One calendar, in which that stands."""
    return manages(AsyncMock(return_value=Stored(seen.href, seen.etag, seen.event, seen.data)))


@pytest.mark.parametrize("etag", [None, 'W/"1"', '"1"'])
@pytest.mark.parametrize("arrived", [True, False])
def test_whether_a_lost_write_arrived_is_seen_by_what_stands_there(etag: str | None, arrived: bool) -> None:
    moved = make.booking(start=NOON)
    stood = make.observation(make.event(BOOKED), stamp=1, etag=etag)
    write = done(decide(case(make.link(BOOKED, stood), stood, booking=moved)))
    assert isinstance(write, Replace)
    now = make.event(moved if arrived else BOOKED)
    strong = etag is not None and etag.startswith('"')
    tag = '"2"' if arrived and strong else etag
    stored = Stored(stood.href, tag, now, "2" if arrived else stood.data)
    settled = _written(Intent(1, "key", write, 1, NOW), write, stored, make.snapshot())
    assert settled.outcome is (Outcome.DONE if arrived else Outcome.DROPPED)
    if arrived:
        assert settled.link is not None
        assert settled.link.start.instant == NOON != TEN


@pytest.mark.parametrize(("put", "ours"), [(Put(1, NOON), True), (None, True), (Put(0, TEN), False)])
def test_a_drag_to_where_a_lost_write_would_have_put_it_is_a_drag(put: Put | None, *, ours: bool) -> None:
    """The booking went there, and on, and a person went after it before the event could."""
    moved = make.booking(start=NOON)
    stood = make.observation(make.event(BOOKED, put=Put(0, TEN)), stamp=1)
    link = replace(make.link(BOOKED, stood), put=Put(0, TEN))
    write = done(decide(case(link, stood, booking=moved)))
    assert isinstance(write, Replace)
    assert write.draft.put == Put(1, NOON)
    stored = Stored(stood.href, '"2"', make.event(moved, put=put), "2")
    settled = _written(Intent(1, "key", write, 1, NOW), write, stored, make.snapshot())
    assert settled.outcome is (Outcome.DONE if ours else Outcome.DROPPED)


def test_what_an_open_reschedule_may_have_made_of_another_booking_waits() -> None:
    booked = replace(BOOKED, contact_email="dana@example.com")
    link = make.link(booked, make.observation(make.event(booked)))
    move = Reschedule(booked.id, Why.EVENT_MOVED, link, link, booked, NOON)
    intents = [Intent(1, "key", move, 1, NOW)]
    new = replace(booked, id=BookingId("b9"), start=NOON)
    assert perhaps_renamed(intents, [booked, new], {booked.id: link}) == {new.id}
    assert perhaps_renamed(intents, [new], {new.id: link}) == frozenset()
    for other in (replace(new, start=TEN), replace(new, contact_email="x@y.z"), replace(new, status=Status.CANCELLED)):
        assert perhaps_renamed(intents, [other], {}) == frozenset()
    assert perhaps_renamed([], [new], {}) == frozenset()


OFF = replace(BOOKED, status=Status.CANCELLED)
LAGS = replace(make.booking(start=FOUR), updated_at=NOW - MINUTE)
LINK = make.link(BOOKED, make.observation(make.event(BOOKED)))
CANCEL = Cancel(BOOKED.id, Why.EVENT_DELETED, LINK, LINK, BOOKED)
PORT = AsyncMock(spec=BookingPort)
MOVE = Reschedule(BOOKED.id, Why.EVENT_MOVED, LINK, LINK, BOOKED, NOON)


@pytest.mark.parametrize(
    ("action", "listed", "dropped"),
    [
        (CANCEL, [make.booking(start=NOON)], True),
        (CANCEL, [make.booking(service_id="wash")], True),
        (CANCEL, [BOOKED], False),
        (CANCEL, [OFF], False),
        (CANCEL, [], False),
        (MOVE, [make.booking(start=FOUR)], True),
        (MOVE, [make.booking(start=NOON, service_id="wash")], True),
        (MOVE, [make.booking(start=NOON, staff_name="Zoe")], False),
        (MOVE, [BOOKED], False),
        (MOVE, [replace(OFF, start=FOUR)], False),
    ],
)
async def test_what_was_to_be_asked_for_another_booking_than_the_list_shows_is_dropped(
    action: Cancel | Reschedule, listed: list[Booking], *, dropped: bool
) -> None:
    with Store.open(None) as store:
        store.journal([action], store.begin_cycle(NOW), NOW)
        outdated = await drop_outdated(store, PORT, {each.id: each for each in listed}, {BOOKED.id: LINK}, NOW)
        assert outdated == ({BOOKED.id} if dropped else frozenset())
        assert bool(store.open_intents()) is not dropped


async def test_an_answer_from_before_our_own_last_call_drops_nothing() -> None:
    then = make.booking(start=FOUR)
    link = replace(LINK, wrote=Wrote(NOW - MINUTE, then))
    with Store.open(None) as store:
        store.journal([MOVE], store.begin_cycle(NOW), NOW)
        assert await drop_outdated(store, PORT, {BOOKED.id: then}, {BOOKED.id: link}, NOW) == frozenset()
        assert store.open_intents()
        assert await drop_outdated(store, PORT, {BOOKED.id: then}, {BOOKED.id: link}, NOW + MINUTE) == {BOOKED.id}


@pytest.mark.parametrize(
    ("seen", "dropped"), [(None, True), (make.booking(start=FOUR), True), (BOOKED, False), (OFF, False), (LAGS, False)]
)
async def test_by_hand_its_own_look_up_has_the_last_word(seen: Booking | None, *, dropped: bool) -> None:
    """Where it tells what the list does, that is known now: in the next cycle neither may be open to us."""
    port = AsyncMock(spec=BookingPort)
    port.booking.return_value = seen
    with Store.open(None) as store:
        expect = replace(BOOKED, updated_at=NOW)
        store.journal([RescheduleByHand(BOOKED.id, Why.BY_HAND, expect, NOON)], store.begin_cycle(NOW), NOW)
        outdated = await drop_outdated(store, port, {BOOKED.id: make.booking(start=FOUR)}, {BOOKED.id: LINK}, NOW)
        assert (bool(outdated), bool(store.open_intents())) == (dropped, not dropped)


async def test_a_booking_of_which_something_else_is_open_waits_on() -> None:
    note = done(decide(case(LINK, make.observation(make.event(BOOKED)), booking=make.booking(start=NOON))))
    with Store.open(None) as store:
        _, other = store.journal([MOVE, note], store.begin_cycle(NOW), NOW)
        assert await drop_outdated(store, PORT, {BOOKED.id: make.booking(start=FOUR)}, {}, NOW) == frozenset()
        assert store.open_intents() == [other]


@pytest.mark.parametrize("then", [None, Decision.APPROVED])
@pytest.mark.parametrize("word", list(Decision))
async def test_a_person_s_word_counts_that_came_while_a_write_to_its_event_had_no_answer(
    then: Decision | None, word: Decision
) -> None:
    """The write was planned before that word, and knows an older one or none."""
    asks = Awaiting(AwaitKind.CANCEL, NOW - MINUTE, BOOKED, decision=then)
    told = replace(LINK, awaiting=asks)
    stood, at_noon = make.observation(make.event(BOOKED), stamp=1), make.booking(start=NOON)
    moved = done(decide(case(LINK, stood, booking=at_noon)))
    assert isinstance(moved, Replace)
    written = replace(moved, link=replace(moved.link, awaiting=asks))
    stored = Stored(stood.href, '"2"', make.event(at_noon), "2")
    with Store.open(None) as store:
        store.save_link(told)
        cycle = store.begin_cycle(NOW)
        store.journal([written], cycle, NOW)
        store.save_link(replace(told, awaiting=replace(asks, decision=word)))
        sides = SimpleNamespace(store=store, clock=SimpleNamespace(now=lambda: NOW))
        managed = manages(AsyncMock(return_value=stored))
        assert await settle(cast("Sides", sides), managed, make.snapshot(), Health()) == frozenset()
        link = store.links()[BOOKED.id]
    assert (link.start.instant, link.awaiting) == (NOON, replace(asks, decision=word))


async def test_a_note_about_a_move_that_was_done_meanwhile_does_not_take_the_move_back() -> None:
    """Both answers were lost: the move's, and that of the note which said that it waits. Then it is dragged back."""
    at_noon = make.booking(start=NOON)
    dragged = make.observation(make.event(BOOKED, start=make.zoned(NOON), end=make.zoned(FOUR)), stamp=2)
    waiting = replace(LINK, wish=Wish(NOON, NOW - 16 * MINUTE), since=("from before the drag",))
    written = done(decide(case(waiting, dragged, looks={LookBooking(BOOKED.id): Look.UNKNOWN})))
    assert isinstance(written, Replace)
    assert written.why is Why.MOVE_WAITS
    agreed = replace(waiting, booking=at_noon, start=make.zoned(NOON), wish=None)
    move = Reschedule(BOOKED.id, Why.EVENT_MOVED, waiting, agreed, BOOKED, NOON)
    stands = make.observation(
        make.event(BOOKED, title=written.draft.title, description=written.draft.description, noted=True), stamp=3
    )
    looks: list[Stored | Exception] = [Unavailable("not now"), Stored(stands.href, '"3"', stands.event, stands.data)]

    async def get(href: str) -> Stored:
        look = looks.pop(0)
        if isinstance(look, Exception):
            raise look
        return look

    async def booking(booking_id: BookingId) -> Booking:
        return at_noon

    with Store.open(None) as store:
        store.save_link(waiting)
        store.journal([move, written], store.begin_cycle(NOW), NOW)
        sides = SimpleNamespace(
            store=store, clock=SimpleNamespace(now=lambda: NOW), bookings=SimpleNamespace(booking=booking)
        )
        managed = manages(get)
        assert await settle(cast("Sides", sides), managed, make.snapshot(), Health()) == {BOOKED.id}
        assert store.links()[BOOKED.id].event == LINK.event
        assert await settle(cast("Sides", sides), managed, make.snapshot(), Health()) == frozenset()
        link = store.links()[BOOKED.id]
    assert (link.booking, link.start.instant, link.wish) == (at_noon, NOON, None)
    assert (link.event, link.data, link.etag) == (stands.event, stands.data, '"3"')
    assert (link.older, link.since) == (written.link.older, written.link.since)
    assert (link.older, link.since) != (waiting.older, waiting.since)
    assert link.note is not None
    assert link.note.until == link.note.at, "what it says has ended"
    ten = LookSlots("cut", "loc_1", TEN.date())
    back = done(decide(case(link, stands, looks={LookBooking(BOOKED.id): at_noon, ten: (Slot("cut", "loc_1", TEN),)})))
    assert isinstance(back, Reschedule)
    assert back.to == TEN


HERE, ELSEWHERE = make.event(BOOKED), "https://dav.example.org/private/"
MARKED = replace(HERE, cancelled=True)


class Refusing:
    """Zimun refuses to tell of any booking; what it is asked to do, it does."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []

    async def booking(self, booking_id: BookingId) -> Booking:
        raise NotPermitted(booking_id, credentials=False)

    async def bookings(self, start: datetime, end: datetime) -> BookingList:
        raise NotPermitted("list", credentials=False)

    async def cancel(self, booking_id: BookingId, key: str) -> None:
        self.cancelled.append(key)


def empty(
    store: Store,
    zimun: Refusing | BookingPort,
    own: Event | None = None,
    found: Sequence[Event] = (),
    fault: Exception | None = None,
) -> tuple[Sides, Managed]:
    """Both sides, with these events in the calendars."""

    async def get(href: str) -> Stored | None:
        return Stored(href, None, own) if own is not None else None

    async def find(uid: str, booking_id: BookingId) -> list[tuple[str, Stored]]:
        if fault is not None:
            raise fault
        return [(ELSEWHERE, Stored("/x.ics", None, each)) for each in found]

    clock, account = SimpleNamespace(now=lambda: NOW), SimpleNamespace(find=find)
    sides = SimpleNamespace(store=store, clock=clock, bookings=zimun, account=account, list_closed=True, ahead=90 * DAY)
    return cast("Sides", sides), manages(get)


@pytest.mark.parametrize("back", [False, True])
async def test_a_cancellation_that_nothing_tells_of_is_asked_for_again_unless_its_event_is_back(*, back: bool) -> None:
    begun = replace(LINK, deletion=Deletion(NOW, 1))
    zimun = Refusing()
    with Store.open(None) as store:
        sides, managed = empty(store, zimun)
        (intent,) = store.journal([replace(CANCEL, before=begun)], store.begin_cycle(NOW), NOW)
        store.save_link(LINK if back else begun)
        assert await settle(sides, managed, make.snapshot(), Health()) == frozenset()
        assert zimun.cancelled == ([] if back else [intent.key])
        assert not store.open_intents()


@pytest.mark.parametrize(
    ("own", "found", "approved", "asked"),
    [
        (None, [], None, True),
        (MARKED, [MARKED], None, True),
        (HERE, [], None, False),
        (None, [HERE], None, False),
        (MARKED, [MARKED, HERE], None, False),
        (HERE, [HERE], AwaitKind.CANCEL, True),
        (HERE, [HERE], AwaitKind.REROUTE, False),
    ],
)
async def test_a_cancellation_that_was_never_sent_is_not_asked_for_once_its_event_stands_again(
    own: Event | None, found: list[Event], approved: AwaitKind | None, *, asked: bool
) -> None:
    """syncd ended before it asked, a person put the event back, and no call reads the booking."""
    decided = Awaiting(approved, NOW, BOOKED, decision=Decision.APPROVED) if approved is not None else None
    begun = replace(LINK, deletion=Deletion(NOW, 1), awaiting=decided)
    zimun = Refusing()
    with Store.open(None) as store:
        sides, managed = empty(store, zimun, own, found)
        (intent,) = store.journal([replace(CANCEL, before=begun)], store.begin_cycle(NOW), NOW)
        store.save_link(begun)
        await settle(sides, managed, make.snapshot(), Health())
        assert zimun.cancelled == ([intent.key] if asked else [])
        assert not store.open_intents()


@pytest.mark.parametrize(
    ("word", "answered", "approved", "asked"),
    [
        ("restore", False, False, False),
        ("restore", True, False, False),
        ("restore", False, True, True),
        ("ask", False, False, False),
        ("ask", True, False, True),
        ("ask", False, True, True),
    ],
)
async def test_a_cancellation_that_the_config_forbids_by_now_is_not_asked_for_again(
    word: str, *, answered: bool, approved: bool, asked: bool
) -> None:
    decided = Awaiting(AwaitKind.CANCEL, NOW, BOOKED, decision=Decision.APPROVED) if approved else None
    begun = replace(LINK, deletion=Deletion(NOW, 1, asked=answered), awaiting=decided)
    zimun = Refusing()
    with Store.open(None) as store:
        sides, managed = empty(store, zimun)
        (intent,) = store.journal([replace(CANCEL, before=begun)], store.begin_cycle(NOW), NOW)
        store.save_link(begun)
        forbidding = replace(managed, policy=Policy(deletions=word))
        assert await settle(sides, forbidding, make.snapshot(), Health()) == frozenset()
        assert zimun.cancelled == ([intent.key] if asked else [])
        assert not store.open_intents()
        told = store.links()[BOOKED.id].unsaid(NoteKind.CANCEL_UNSURE)
        assert (told is None) is asked
        # what is not known any more is no deletion among others, which would be asked about
        assert asked or store.links()[BOOKED.id].deletion is None


async def test_while_its_calendars_cannot_be_searched_it_stays_open_and_zimun_does_not_count_as_down() -> None:
    begun = replace(LINK, deletion=Deletion(NOW, 1))
    zimun, health = Refusing(), Health()
    with Store.open(None) as store:
        sides, managed = empty(store, zimun, fault=Unavailable("one of the calendars cannot be searched"))
        store.journal([replace(CANCEL, before=begun)], store.begin_cycle(NOW), NOW)
        store.save_link(begun)
        for _ in range(2):
            assert await settle(sides, managed, make.snapshot(), health) == {BOOKED.id}
        assert (zimun.cancelled, health.faults, len(store.open_intents())) == ([], {}, 1)
        # of one that left the config nothing is believed
        assert await settle(sides, replace(managed, calendars={}), make.snapshot(), health) == frozenset()
        assert (zimun.cancelled, store.open_intents()) == ([], [])


@pytest.mark.parametrize(
    ("link", "told"),
    [
        (LINK, NoteKind.REVIVED),
        (replace(LINK, pending=Note(NoteKind.ADOPTED, NOW, NOW)), NoteKind.ADOPTED),
        (replace(LINK, href="/home/b1~2.ics"), None),
    ],
)
async def test_a_removal_without_an_answer_or_an_effect_is_told_in_the_booking_s_own_event(
    link: Link, told: NoteKind | None
) -> None:
    """But for one that has something else to tell: that is as well another version of it."""
    remove = Remove(BOOKED.id, Why.BOOKING_CANCELLED, LINK, LINK.calendar, LINK.href, LINK.etag, LINK.data)
    with Store.open(None) as store:
        sides, managed = empty(store, Refusing(), make.event(BOOKED))
        store.journal([remove], store.begin_cycle(NOW), NOW)
        store.save_link(link)
        assert await settle(sides, managed, make.snapshot(), Health()) == frozenset()
        pending = store.links()[BOOKED.id].pending
        assert (pending.kind if pending is not None else None, store.open_intents()) == (told, [])


@pytest.mark.parametrize(
    ("href", "data", "known"),
    [(LINK.href, LINK.data, True), ("/home/b1~2.ics", LINK.data, False), (LINK.href, "a person's", False)],
)
async def test_a_write_without_an_answer_is_known_by_its_pair_while_what_it_replaces_stands(
    href: str, data: str, *, known: bool
) -> None:
    write = done(decide(case(LINK, make.observation(make.event(BOOKED)), booking=make.booking(start=NOON))))
    assert isinstance(write, Replace)

    async def get(href: str) -> Stored:
        return Stored(href, None, make.event(BOOKED), data)

    with Store.open(None) as store:
        sides, _ = empty(store, Refusing())
        store.journal([write], store.begin_cycle(NOW), NOW)
        store.save_link(replace(LINK, href=href))
        assert await settle(sides, manages(get), make.snapshot(), Health()) == frozenset()
        expected = Write(write.draft, noted=False, onto=write.etag)
        assert store.links()[BOOKED.id].unanswered == (expected if known else None)


@pytest.mark.parametrize("came", [True, False])
async def test_what_one_late_write_made_of_an_event_is_known_though_the_next_has_no_answer_either(
    *, came: bool
) -> None:
    """The first brought it to noon after all, as nobody wants it; the second was to put that right."""
    first = done(decide(case(LINK, make.observation(make.event(BOOKED)), booking=make.booking(start=NOON))))
    assert isinstance(first, Replace)
    stands = make.observation(make.event(make.booking(start=NOON if came else FOUR)))
    second = replace(first, etag=stands.etag, onto=stands.data)

    with Store.open(None) as store:
        sides, _ = empty(store, Refusing())
        store.journal([second], store.begin_cycle(NOW), NOW)
        store.save_link(replace(LINK, unanswered=Write(first.draft, noted=False, onto=LINK.etag)))
        assert await settle(sides, shows(stands), make.snapshot(), Health()) == frozenset()
        link = store.links()[BOOKED.id]
        assert link.unanswered == Write(second.draft, noted=False, onto=second.etag)
        assert stands.event is not None
        assert link.older == ((stands.event.fingerprint,) if came else ())


async def test_what_a_late_write_that_left_the_time_as_it_was_made_is_old_once_the_booking_moved() -> None:
    """The name was put right, late; then the booking's move was written, without an answer as well. A stale app that
    writes the first back asks for nothing.
    """
    stood, named = make.observation(make.event(BOOKED), stamp=1), replace(BOOKED, contact_name="Bea")
    first = done(decide(case(LINK, stood, booking=named, texts={BOOKED.id: make.texts(named)})))
    assert isinstance(first, Replace)
    assert first.draft.span is None
    came = make.observation(make.event(named), stamp=2)
    link = replace(LINK, unanswered=Write(first.draft, noted=False, onto=first.etag))
    moved = replace(named, start=FOUR, end=FOUR + BOOKED.span.length)
    second = done(decide(case(link, came, booking=moved, texts={BOOKED.id: make.texts(moved)})))
    assert isinstance(second, Replace)

    with Store.open(None) as store:
        sides, _ = empty(store, Refusing())
        store.journal([second], store.begin_cycle(NOW), NOW)
        store.save_link(link)
        assert await settle(sides, shows(came), make.snapshot(), Health()) == frozenset()
        assert came.event is not None
        assert store.links()[BOOKED.id].older == (came.event.fingerprint,)


async def test_what_a_person_put_there_is_no_work_of_a_late_write_that_left_the_time_as_it_was() -> None:
    """It was to say that the booking is not known any more, where they had dragged it: that is to be told."""
    dragged = make.observation(make.event(BOOKED, start=make.zoned(NOON), end=make.zoned(FOUR)), stamp=2)
    told = done(keep_cancelled(case(LINK, dragged), BOOKED, dragged))
    assert isinstance(told, Replace)
    assert told.draft.span is None

    with Store.open(None) as store:
        sides, _ = empty(store, Refusing())
        store.journal([told], store.begin_cycle(NOW), NOW)
        store.save_link(replace(LINK, unanswered=Write(told.draft, noted=False, onto=told.etag)))
        assert await settle(sides, shows(dragged), make.snapshot(), Health()) == frozenset()
        assert store.links()[BOOKED.id].older == ()


@pytest.mark.parametrize("asks", [True, False])
async def test_another_note_in_the_event_is_not_the_question_that_was_to_stand_there(*, asks: bool) -> None:
    """As where the store was lost and an older copy took its place: marking that event again would be the answer."""
    marked = make.observation(make.event(BOOKED, cancelled=True), stamp=1)
    look = {LookEvent(HOME, marked.href): marked}
    write = done(decide(case(LINK, marked, rules=make.policy(deletions="ask"), looks=look)))
    assert isinstance(write, Replace)
    assert write.why is Why.CANCEL_AWAITS
    there = make.observation(make.event(BOOKED, noted=True, asks=asks, put=write.draft.put), stamp=2)

    with Store.open(None) as store:
        sides, _ = empty(store, Refusing())
        store.journal([write], store.begin_cycle(NOW), NOW)
        store.save_link(LINK)
        assert await settle(sides, shows(there), make.snapshot(), Health()) == frozenset()
        assert (store.links()[BOOKED.id].awaiting is not None) is asks


@pytest.mark.parametrize(
    ("known_at", "before", "follows"),
    [(NOW + MINUTE, BOOKED, False), (NOW - MINUTE, BOOKED, True), (NOW + MINUTE, None, True), (None, None, True)],
)
async def test_a_booking_that_was_cancelled_by_hand_since_was_made_into_no_other_one(
    known_at: datetime | None, before: Booking | None, *, follows: bool
) -> None:
    """The same customer has booked the target by other ways: that booking is no part of what was asked for.

    But for one that was cancelled before that was asked for: the move may have cancelled it.
    """
    booked = replace(BOOKED, contact_email="dana@example.com")
    off, other = replace(booked, status=Status.CANCELLED), replace(booked, id=BookingId("b9"), start=NOON)
    link = make.link(booked, make.observation(make.event(booked)))
    move = Reschedule(booked.id, Why.EVENT_MOVED, link, link, booked, NOON)
    port = AsyncMock(spec=BookingPort)
    port.booking.return_value = off
    port.bookings.return_value = BookingList((off, other), ())
    with Store.open(None) as store:
        sides, managed = empty(store, port)
        store.save_link(link)
        store.journal([move], store.begin_cycle(NOW), NOW)
        if known_at is not None:
            store.know(Known(off, known_at, before))
        assert await settle(sides, managed, make.snapshot(), Health()) == frozenset()
        assert (BookingId("b9") in store.links(), store.open_intents()) == (follows, [])


@pytest.mark.parametrize("refused", [True, False])
async def test_what_was_cancelled_before_that_was_asked_for_by_hand_is_known_as_no_change_of_ours(
    *, refused: bool
) -> None:
    """A move without an answer may have made another booking of it."""
    port = AsyncMock(spec=BookingPort)
    port.booking.return_value = OFF
    port.cancel.side_effect = Refused("it is cancelled") if refused else None
    asked = CancelByHand(BOOKED.id, Why.BY_HAND, BOOKED)
    with Store.open(None) as store:
        sides, _ = empty(store, port)
        done = await change(Intent(1, "key", asked, 1, NOW), asked, sides)
    assert done.reply is not None
    assert done.reply.code == 0
    assert done.known == Known(OFF, NOW, None if refused else BOOKED)
