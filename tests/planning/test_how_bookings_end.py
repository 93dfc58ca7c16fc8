"""A booking that was cancelled in Zimun, to the field: what goes, what stays for a while, what is remembered of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.domain.actions import Action, ProblemKind, Record, Remove, Replace, Why
from syncd.domain.booking import Booking, Status
from syncd.domain.event import Observation
from syncd.domain.link import (
    Awaiting,
    AwaitKind,
    Closed,
    ClosedWhy,
    Decision,
    Deletion,
    Frozen,
    Leftover,
    Link,
    Missing,
    Write,
)
from syncd.domain.note import NoteKind
from syncd.planning import endings
from syncd.planning.case import Outcome
from syncd.planning.sides import (
    BookingCancelled,
    BookingMissing,
    BookingMoved,
    BookingSame,
    BookingSide,
    BookingUnseen,
    EventGone,
    EventMoved,
    EventReplayed,
    EventSame,
    EventSide,
    EventTransferred,
    EventUnbookable,
    EventUnseen,
)
from syncd.planning.snapshot import Policy
from tests.planning import builders as make
from tests.planning.builders import DAY, FOUR, HOME, HOUR, NOON, NOW, SIDE, TEN
from tests.planning.lens import B1, BOOKED, case, done, draft, note, pair, stands, worn
from tests.planning.world import World, calls

SECOND = timedelta(seconds=1)
OFF = replace(BOOKED, status=Status.CANCELLED)
TOLD = note(NoteKind.CANCELLED)
CANCELLED = BookingCancelled(OFF, explicit=True)
MISSED = BookingCancelled(BOOKED, explicit=False)
SAME = EventSame(stands(noted=True, asks=True), make.zoned(TEN))
MOVED = EventMoved(stands(FOUR), make.zoned(FOUR), FOUR)


def closed(link: Link, etag: str | None) -> Link:
    over = Closed(NOW, ClosedWhy.CANCELLED, etag)
    return replace(link, booking=OFF, closed=over, deletion=None, missing=None, awaiting=None)


@pytest.mark.parametrize(("explicit", "why"), [(True, Why.BOOKING_CANCELLED), (False, Why.BOOKING_GONE)])
def test_the_event_goes_and_the_pair_is_closed_with_what_was_deleted(explicit: bool, why: Why) -> None:
    link, seen = worn(leftovers=()), stands()
    removed = done(endings.remove(case(link, seen), BOOKED, seen, explicit=explicit))
    assert removed == Remove(B1, why, closed(link, '"2"'), HOME, "/home/b1.ics", '"2"', "2")


@pytest.mark.parametrize(("listed", "waits"), [(BOOKED, True), (OFF, False)])
def test_it_stays_while_an_answer_says_that_the_booking_lives_after_all(listed: Booking, waits: bool) -> None:
    """A stale one, or its customer took our cancellation back: what is there need not come back then."""
    link, seen = worn(booking=OFF, leftovers=()), stands()
    outcome = endings.remove(case(link, seen, booking=listed), OFF, seen, explicit=True)
    assert (outcome == Outcome()) is waits


def test_what_syncd_left_behind_goes_first() -> None:
    link = pair(leftovers=(Leftover(SIDE, "/side/b1.ics", '"3"'),))
    seen, left = stands(), stands(stamp=3, calendar=SIDE)
    removed = done(endings.remove(case(link, seen, left), BOOKED, seen, explicit=True))
    assert removed == Remove(
        B1, Why.DUPLICATE, replace(link, leftovers=(), twin_removed_at=NOW), SIDE, "/side/b1.ics", '"3"', "3"
    )


def test_what_was_to_stay_beside_it_for_a_while_goes_with_its_booking() -> None:
    """Nobody has to carry an event over whose booking is cancelled; and a closed pair is looked after no more."""
    link = pair(leftovers=(Leftover(SIDE, "/side/b1.ics", '"3"', stays_until=NOW + HOUR),))
    seen, left = stands(), stands(stamp=3, calendar=SIDE)
    removed = done(endings.remove(case(link, seen, left), BOOKED, seen, explicit=True))
    assert isinstance(removed, Remove)
    assert (removed.why, removed.calendar, removed.link.closed) == (Why.DUPLICATE, SIDE, None)


@pytest.mark.parametrize(("until", "stays"), [(NOW + SECOND, True), (NOW, False)])
def test_a_cancellation_that_the_event_tells_stays_until_its_time_is_over(until: object, stays: bool) -> None:
    link, seen = pair(note=replace(TOLD, until=until), leftovers=()), stands()
    action = done(endings.remove(case(link, seen), OFF, seen, explicit=True))
    expected: Action = Record(B1, Why.REMEMBERED, replace(link, booking=OFF))
    assert (action == expected) if stays else isinstance(action, Remove)


def test_any_other_note_holds_nothing_up() -> None:
    link, seen = pair(note=note(NoteKind.NOT_OPEN)), stands()
    assert isinstance(done(endings.remove(case(link, seen), OFF, seen, explicit=True)), Remove)


def test_cancelled_while_a_person_moved_it_is_told_where_the_person_put_it() -> None:
    known = replace(BOOKED, updated_at=NOW - HOUR)
    link, seen = worn(), stands(FOUR)
    assert seen.event is not None
    write = done(endings.keep_cancelled(case(link, seen, booking=known), known, seen))
    assert isinstance(write, Replace)
    assert (write.why, write.draft) == (Why.BOOKING_CANCELLED, draft(BOOKED, span=None))
    assert write.link.note == note(NoteKind.CANCELLED, was=TEN, at=NOW - HOUR)
    assert write.link.booking == replace(known, status=Status.CANCELLED)
    assert (write.link.start, write.link.deletion) == (seen.event.start, link.deletion)
    assert (write.link.wish, write.link.refusal, write.link.awaiting) == (None, None, None)
    assert write.link.replay == seen.event.fingerprint


def test_where_zimun_does_not_know_it_any_more_nobody_says_that_it_was_cancelled_or_when() -> None:
    known = replace(BOOKED, updated_at=NOW - HOUR)
    seen = stands(FOUR)
    write = done(endings.keep_cancelled(case(pair(), seen, booking=known), known, seen, explicit=False))
    assert (write.why, write.link.note) == (Why.BOOKING_GONE, note(NoteKind.NOT_KNOWN, was=TEN))


def test_dragged_and_then_not_known_any_more_it_says_so_and_goes() -> None:
    world = World()
    for name in ("b1", "b2"):
        world.book(name, TEN + 9 * DAY)
    world.cycle()
    world.drag("b1", FOUR + 9 * DAY)
    world.zimun_up = False
    world.cycle()
    world.zimun_up = True
    world.hidden.add(B1)
    for _ in range(3):
        world.cycle(2 * HOUR)
    assert (world.note(), calls(world)) == (NoteKind.NOT_KNOWN, [])
    world.cycle(73 * HOUR)
    assert world.seen("b1") is None


def test_told_already_only_what_stands_there_now_is_remembered() -> None:
    link, seen = pair(note=TOLD), stands(FOUR)
    assert seen.event is not None
    after = replace(link, start=seen.event.start, etag='"2"', data=seen.data, event=seen.event)
    assert done(endings.keep_cancelled(case(link, seen), OFF, seen)) == Record(B1, Why.REMEMBERED, after)


@pytest.mark.parametrize("kind", [NoteKind.CANCELLED, NoteKind.NOT_KNOWN])
@pytest.mark.parametrize(("until", "goes"), [(NOW, True), (NOW + SECOND, False)])
def test_told_long_enough_it_goes_as_cancelled(until: object, goes: bool, kind: NoteKind) -> None:
    link, seen = pair(note=replace(TOLD, kind=kind, until=until)), stands(FOUR)
    action = done(endings.keep_cancelled(case(link, seen), OFF, seen))
    assert (action.why is Why.BOOKING_CANCELLED) is goes
    assert isinstance(action, Remove) is goes


def test_a_note_of_another_matter_does_not_stand_for_the_cancellation() -> None:
    seen = stands(FOUR)
    for until in (NOW, NOW + HOUR):
        other = pair(note=note(NoteKind.NOT_OPEN, until=until))
        assert isinstance(done(endings.keep_cancelled(case(other, seen), OFF, seen)), Replace)


def test_gone_on_both_sides_is_agreed() -> None:
    link = worn(etag='"7"')
    assert done(endings.agree(case(link), BOOKED)) == Record(B1, Why.AGREED, closed(link, '"7"'))


def test_a_first_404_is_remembered_a_later_one_adds_nothing() -> None:
    first = done(endings.miss(case(pair(), cycle=7)))
    assert first == Record(B1, Why.BOOKING_GONE, pair(missing=Missing(NOW, 7)))
    assert endings.miss(case(pair(missing=Missing(NOW - HOUR, 3)), cycle=7)) == Outcome()


@pytest.mark.parametrize("kind", AwaitKind)
@pytest.mark.parametrize("decision", [None, *Decision])
def test_a_removal_is_held_until_a_person_approves_it(kind: AwaitKind, decision: Decision | None) -> None:
    held = endings.held(case(pair(awaiting=Awaiting(kind, NOW, BOOKED, decision=decision))))
    if kind is not AwaitKind.REMOVAL or decision is Decision.APPROVED:
        assert held is None
    elif decision is None:
        assert held == Outcome()
    else:
        assert held is not None
        assert held.problem is not None
        assert (held.action, held.problem.kind, held.problem.key) == (None, ProblemKind.BLIND, "b1")
        assert held.problem.text == "Zimun does not know this booking; its event was kept as you said"


def test_nothing_awaits_nothing_is_held() -> None:
    assert endings.held(case(pair())) is None


@pytest.mark.parametrize(
    ("event", "ends"),
    [
        (SAME, True),
        (MOVED, True),
        (EventUnbookable(stands(), NoteKind.ALL_DAY), True),
        (EventReplayed(stands()), True),
        (EventTransferred(stands()), True),
        (EventGone(), False),
        (EventUnseen(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_deletion_ends_when_its_event_is_back(event: EventSide, ends: bool) -> None:
    link = pair(deletion=Deletion(NOW - HOUR, 0))
    assert endings.lapse(case(link), BookingUnseen(), event).link == (replace(link, deletion=None) if ends else link)


@pytest.mark.parametrize(("own", "ends"), [((), True), ((stands(cancelled=True),), False)], ids=["unread", "marked"])
def test_one_seen_elsewhere_ends_a_deletion_only_while_nothing_is_known_of_its_own_place(
    own: tuple[Observation, ...], *, ends: bool
) -> None:
    """A copy beside one that is marked as cancelled is no return of it."""
    link = pair(deletion=Deletion(NOW - HOUR, 0, marked=bool(own)))
    there = stands(calendar=SIDE, uid="copied", name="copied.ics")
    after = endings.lapse(case(link, there, *own), BookingUnseen(), EventUnseen()).link
    assert after == (replace(link, deletion=None) if ends else link)


def test_when_the_clock_jumped_what_waits_for_a_time_waits_anew() -> None:
    link = pair(deletion=Deletion(NOW - HOUR, 0, asked=True), missing=Missing(NOW - HOUR, 0))
    anew = replace(link, deletion=Deletion(NOW, 7, asked=True), missing=Missing(NOW, 7))
    assert endings.restarted(case(link, cycle=7, clock_jumped=True)).link == anew
    assert endings.restarted(case(link, cycle=7)).link == link
    assert endings.restarted(case(pair(), cycle=7, clock_jumped=True)).link == pair()


@pytest.mark.parametrize(
    ("zimun", "ends"),
    [
        (BookingSame(BOOKED), True),
        (BookingMoved(BOOKED), True),
        (CANCELLED, True),
        (MISSED, False),
        (BookingMissing(), False),
        (BookingUnseen(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_404_is_forgotten_when_the_booking_is_seen(zimun: BookingSide, ends: bool) -> None:
    asked = Awaiting(AwaitKind.REMOVAL, NOW, replace(BOOKED, status=Status.CANCELLED) if ends else BOOKED)
    link = pair(missing=Missing(NOW, 0), awaiting=asked)
    after = endings.lapse(case(link), zimun, EventUnseen()).link
    assert after == (replace(link, missing=None, awaiting=None) if ends else link)


@pytest.mark.parametrize("onto", ['"1"', '"2"', None])
@pytest.mark.parametrize(
    ("event", "met"),
    [
        (SAME, True),
        (MOVED, True),
        (EventUnbookable(stands(), NoteKind.ALL_DAY), True),
        (EventTransferred(stands()), True),
        (EventReplayed(stands()), False),
        (EventGone(), False),
        (EventUnseen(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_write_without_an_answer_is_over_where_another_version_stands(
    event: EventSide, *, met: bool, onto: str | None
) -> None:
    """But for the one that it made."""
    link = pair(unanswered=Write(draft(BOOKED), noted=False, onto=onto))
    ends = met and onto != event.seen.etag  # type: ignore[union-attr]
    after = endings.lapse(case(link), BookingUnseen(), event).link
    assert after == (replace(link, unanswered=None) if ends else link)


REROUTED = make.policy(routes=(make.Route(SIDE, fallback=True),))


@pytest.mark.parametrize(
    ("kind", "event", "told_of", "ends"),
    [
        (NoteKind.MOVE_UNSURE, SAME, True, True),
        (NoteKind.CANCEL_UNSURE, SAME, True, True),
        (NoteKind.MOVE_UNSURE, SAME, False, False),
        (NoteKind.MOVE_UNSURE, EventGone(), True, False),
        (NoteKind.TRANSFERRED, SAME, True, False),
    ],
)
def test_that_nobody_knows_whether_it_was_moved_is_over_where_its_event_stands_and_zimun_tells_of_it(
    kind: NoteKind, event: EventSide, *, told_of: bool, ends: bool
) -> None:
    link = pair(pending=note(kind))
    at = case(link, **({} if told_of else {"bookings": {}}))
    assert endings.lapse(at, BookingUnseen(), event).link == (replace(link, pending=None) if ends else link)


def lapses(link: Link, zimun: BookingSide, event: EventSide, rules: Policy = REROUTED) -> bool:
    """Whether a question ends; one about another calendar is asked where the config names another."""
    return endings.lapse(case(link, rules=rules), zimun, event).link.awaiting is None


ASKED = note(NoteKind.CANCEL_ASKED)


def asked(
    kind: AwaitKind, *, was: object = BOOKED, note: object = ASKED, deletion: object = None, **more: object
) -> Link:
    return pair(awaiting=Awaiting(kind, NOW - HOUR, was, **more), note=note, deletion=deletion)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [AwaitKind.CANCEL, AwaitKind.REROUTE])
def test_a_question_stands_while_nothing_changes_and_lapses_when_the_booking_does(kind: AwaitKind) -> None:
    assert not lapses(asked(kind), BookingSame(BOOKED), SAME)
    assert not lapses(asked(kind), BookingUnseen(), SAME)
    assert lapses(asked(kind, was=replace(BOOKED, staff_name="Bea")), BookingSame(BOOKED), SAME)
    assert lapses(asked(kind), BookingMoved(replace(BOOKED, start=NOON)), SAME)
    assert not lapses(asked(kind), CANCELLED, SAME)


def test_a_question_that_its_event_does_not_ask_is_over() -> None:
    silent = EventSame(stands(), make.zoned(TEN))
    assert lapses(asked(AwaitKind.CANCEL), BookingSame(BOOKED), silent)
    frozen = replace(asked(AwaitKind.CANCEL), frozen=Frozen("", BOOKED.start))
    assert not lapses(frozen, BookingSame(BOOKED), silent)
    assert not lapses(asked(AwaitKind.REROUTE), BookingSame(BOOKED), silent)


@pytest.mark.parametrize("kind", [EventSame, EventGone])
def test_a_question_that_another_note_took_the_place_of_is_over(kind: type[EventSame | EventGone]) -> None:
    """As where an older database was restored: the event says something else, be it marked as cancelled or not."""

    def stood(*, asks: bool | None, noted: bool = True) -> EventSide:
        cancelled = kind is EventGone
        seen = stands(noted=noted, cancelled=cancelled, asks=asks)
        return EventGone(seen) if cancelled else EventSame(seen, make.zoned(TEN))

    assert lapses(asked(AwaitKind.CANCEL), BookingSame(BOOKED), stood(asks=False))
    assert lapses(asked(AwaitKind.CANCEL), BookingSame(BOOKED), stood(asks=None, noted=False))
    assert not lapses(asked(AwaitKind.CANCEL), BookingSame(BOOKED), stood(asks=True))
    assert not lapses(asked(AwaitKind.CANCEL, decision=Decision.APPROVED), BookingSame(BOOKED), stood(asks=False))
    # Outlook's word leads the title, and the app left the note's line out
    assert not lapses(asked(AwaitKind.CANCEL), BookingSame(BOOKED), stood(asks=True, noted=False))
    # its title was changed, or it was read by a syncd that did not tell notes apart: the question may stand in its text
    assert not lapses(asked(AwaitKind.CANCEL), BookingSame(BOOKED), stood(asks=None))
    assert not lapses(asked(AwaitKind.CANCEL), BookingSame(BOOKED), EventGone())


@pytest.mark.parametrize(("until", "over"), [(NOW + SECOND, False), (NOW, True), (NOW - SECOND, True)])
def test_a_question_without_an_answer_ends_at_its_time(until: object, over: bool) -> None:
    assert lapses(asked(AwaitKind.REROUTE, until=until), BookingSame(BOOKED), SAME) is over
    answered = asked(AwaitKind.REROUTE, until=until, decision=Decision.APPROVED)
    assert not lapses(answered, BookingSame(BOOKED), SAME)
    gone = asked(AwaitKind.REROUTE, until=until, deletion=Deletion(NOW, 0))
    assert not lapses(gone, BookingSame(BOOKED), EventGone())


@pytest.mark.parametrize("decision", [None, Decision.APPROVED, Decision.REJECTED])
def test_a_question_about_another_calendar_ends_where_its_own_is_wanted_again(decision: Decision | None) -> None:
    """An answer to it, too: it would count for the next change of the config."""
    question = asked(AwaitKind.REROUTE, decision=decision)
    assert lapses(question, BookingSame(BOOKED), SAME, make.policy(routes=(make.Route(HOME, fallback=True),)))
    assert not lapses(question, BookingSame(BOOKED), SAME)
    # nor does an answer about one calendar count for a third
    about = asked(AwaitKind.REROUTE, decision=decision, target=SIDE)
    assert not lapses(about, BookingSame(BOOKED), SAME)
    assert lapses(about, BookingSame(BOOKED), SAME, make.policy(routes=(make.Route(make.FOREIGN, fallback=True),)))
    assert not lapses(about, BookingSame(BOOKED), SAME, make.policy(routes=()))
    # where no calendar takes it, nobody knows yet where it shall go
    assert not lapses(question, BookingSame(BOOKED), SAME, make.policy(routes=()))


def test_whether_to_cancel_is_answered_by_a_move() -> None:
    question = asked(AwaitKind.CANCEL)
    assert lapses(question, BookingSame(BOOKED), MOVED)
    assert lapses(question, BookingSame(BOOKED), EventUnbookable(stands(), NoteKind.ALL_DAY))


def test_whether_to_cancel_is_asked_no_more_where_the_event_does_not_ask_it() -> None:
    for silent in (None, note(NoteKind.NOT_OPEN)):
        assert lapses(asked(AwaitKind.CANCEL, note=silent), BookingSame(BOOKED), SAME)
        approved = asked(AwaitKind.CANCEL, note=silent, decision=Decision.APPROVED)
        assert not lapses(approved, BookingSame(BOOKED), SAME)


def test_a_rejected_question_ends_when_the_event_stands() -> None:
    rejected = asked(AwaitKind.CANCEL, decision=Decision.REJECTED)
    assert lapses(rejected, BookingSame(BOOKED), SAME)
    assert not lapses(rejected, BookingSame(BOOKED), EventGone())
    assert not lapses(asked(AwaitKind.CANCEL, decision=Decision.APPROVED), BookingSame(BOOKED), SAME)


@pytest.mark.parametrize(("start", "begun"), [(NOW + SECOND, False), (NOW, True)])
def test_a_booking_that_has_begun_is_not_asked_about(start: object, begun: bool) -> None:
    of = replace(BOOKED, start=start)
    question = replace(asked(AwaitKind.CANCEL, was=of), booking=of)
    assert lapses(question, BookingSame(of), SAME) is begun
    in_grace = replace(question, deletion=Deletion(NOW - HOUR, 0))
    assert not lapses(in_grace, BookingSame(of), EventGone())


def test_a_move_that_awaits_stands_for_that_move_alone() -> None:
    waiting = asked(AwaitKind.MOVE, to=FOUR)
    assert not lapses(waiting, BookingSame(BOOKED), MOVED)
    assert lapses(waiting, BookingSame(BOOKED), EventMoved(stands(NOON), make.zoned(NOON), NOON))
    assert lapses(waiting, BookingSame(BOOKED), SAME)
    assert not lapses(waiting, BookingSame(BOOKED), EventUnseen())


def test_with_the_question_goes_its_note_and_no_other() -> None:
    for kind, goes in ((NoteKind.CANCEL_ASKED, True), (NoteKind.CANCEL_SHELL, True), (NoteKind.NOT_OPEN, False)):
        said = note(kind)
        link = asked(AwaitKind.CANCEL, note=said)
        after = endings.lapse(case(link), BookingSame(BOOKED), MOVED).link
        assert after == replace(link, awaiting=None, note=replace(said, until=NOW) if goes else said)
