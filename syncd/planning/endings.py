"""A booking that ended in Zimun, and questions that ended without an answer."""

from dataclasses import replace

from syncd.domain.actions import Action, ProblemKind, Record, Remove, Why
from syncd.domain.booking import Booking, Status
from syncd.domain.event import Event, Observation
from syncd.domain.link import Awaiting, AwaitKind, Closed, ClosedWhy, Decision, Link, Missing, changed
from syncd.domain.note import UNSURE, NoteKind
from syncd.planning import duplicates
from syncd.planning.case import Case, Outcome
from syncd.planning.sides import (
    BookingCancelled,
    BookingMoved,
    BookingSame,
    BookingSide,
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
    seen_booking,
    transferred,
)

_MAY_END = ("deletion", "missing", "awaiting")
PRESENT = EventSame | EventMoved | EventUnbookable | EventReplayed | EventTransferred


def remove(case: Case, booking: Booking, seen: Observation, *, explicit: bool) -> Outcome:
    """The booking was cancelled, the event not moved: it goes, unless it still has to tell of a cancelled move."""
    link = case.link
    note = link.note
    if note is not None and note.ended and case.now < note.until:
        return case.remember(replace(link, booking=booking))
    told = seen_booking(link, case.snapshot)
    if link.booking.cancelled and told is not None and told.live:
        return case.remember(link)  # a stale answer, or its customer has just taken that back: soon it is known which
    if (leftover := duplicates.remove(case, ended=True)) != Outcome():
        return leftover
    closed = Closed(case.now, ClosedWhy.CANCELLED, seen.etag)
    after = replace(link, booking=_cancelled(booking), closed=closed, deletion=None, missing=None, awaiting=None)
    why = Why.BOOKING_CANCELLED if explicit else Why.BOOKING_GONE
    return Outcome(Remove(link.booking_id, why, after, seen.calendar, seen.href, seen.etag, seen.data))


def held(case: Case) -> Outcome | None:
    """A believed 404 whose removal awaits a person's word, or was rejected; None for neither."""
    awaiting = case.link.awaiting
    if awaiting is None or awaiting.kind is not AwaitKind.REMOVAL or awaiting.decision is Decision.APPROVED:
        return None
    if awaiting.decision is None:
        return case.remember(case.link)
    return case.problem(ProblemKind.BLIND, "Zimun does not know this booking; its event was kept as you said")


def keep_cancelled(case: Case, booking: Booking, seen: Observation, *, explicit: bool = True) -> Outcome:
    """Cancelled in Zimun while a person moved the event: it stays for a while and says so, then it goes.

    `explicit`: a status said so; else Zimun does not know it any more, and nobody knows since when.
    """
    assert seen.event is not None
    note = case.link.note
    if note is not None and note.ended and case.now >= note.until:
        return remove(case, booking, seen, explicit=True)
    if note is not None and note.ended:
        after = replace(case.link, start=seen.event.start, etag=seen.etag, data=seen.data, event=seen.event)
        return case.remember(after)
    if explicit:
        why, note = Why.BOOKING_CANCELLED, case.note(NoteKind.CANCELLED, was=booking.start, at=booking.updated_at)
    else:
        why, note = Why.BOOKING_GONE, case.note(NoteKind.NOT_KNOWN, was=booking.start)
    cancelled = case.with_link(replace(case.link, wish=None, refusal=None, awaiting=None))
    write = cancelled.rewrite(seen, _cancelled(booking), why, span=None, note=note)
    return Outcome(replace(write, link=replace(write.link, start=seen.event.start)))


def agree(case: Case, booking: Booking) -> Outcome:
    """Gone on both sides."""
    closed = Closed(case.now, ClosedWhy.CANCELLED, case.link.etag)
    after = replace(case.link, booking=_cancelled(booking), closed=closed, deletion=None, missing=None, awaiting=None)
    return case.remember(after, Why.AGREED)


def miss(case: Case) -> Outcome:
    """A first 404: remembered. It is believed when it stands a grace later, in a later cycle."""
    if case.link.missing is not None:
        return case.remember(case.link)
    return case.remember(replace(case.link, missing=Missing(case.now, case.snapshot.cycle)), Why.BOOKING_GONE)


def restarted(case: Case) -> Case:
    """What waits for a time to go by waits anew when the wall clock jumped, also where nothing else is seen of it."""
    link, now, cycle = case.link, case.now, case.snapshot.cycle
    if not case.snapshot.clock_jumped:
        return case
    deletion = replace(link.deletion, since=now, cycle=cycle) if link.deletion is not None else None
    missing = Missing(now, cycle) if link.missing is not None else None
    return case.with_link(replace(link, deletion=deletion, missing=missing))


def known_again(case: Case, zimun: BookingSide) -> Case:
    """The hour in which a booking that Zimun does not know is waited for ends where it is seen."""
    ended = case.link.missing is not None and _was_seen(zimun)
    return case.with_link(replace(case.link, missing=None)) if ended else case


def lapse(case: Case, zimun: BookingSide, event: EventSide) -> Case:
    """A deletion ends when its event is back. What awaited lapses when its time is over, when the booking changed, when
    the person took the move back, or when the config wants the event where it is after all; a rejected question too.
    A rejected move is put back by the table.
    """
    link = case.link
    back = isinstance(event, PRESENT | EventElsewhere | EventParked)  # what cannot be read stands there, too
    if link.deletion is not None and (back or _stands_elsewhere(case, event)):
        link = replace(link, deletion=None)
    if isinstance(event, PRESENT):
        link = changed(link, went_unkept=False)
    if link.unanswered is not None and isinstance(event, PRESENT) and not isinstance(event, EventReplayed):
        # over another version, or elsewhere, it arrives no more
        link = link if event.seen.etag == link.unanswered.onto else replace(link, unanswered=None)
    if isinstance(event, PRESENT) and duplicates.is_long_alone(case) and duplicates.was_met(case):
        # who deletes it now has seen that it is the only one
        link = replace(link, twin_removed_at=None, asked_again_at=None)
    if link.unsaid(*UNSURE) and isinstance(event, PRESENT) and seen_booking(link, case.snapshot):
        link = replace(link, pending=None)  # Zimun tells of the booking, and its event was not deleted
    link = known_again(case.with_link(link), zimun).link
    awaiting = link.awaiting
    if awaiting is None or not _over(case, link, awaiting, zimun, event):
        return case.with_link(link)
    note = replace(link.note, until=case.now) if link.note is not None and link.note.asks else link.note
    return case.with_link(replace(link, awaiting=None, note=note))


def _over(case: Case, link: Link, awaiting: Awaiting, zimun: BookingSide, event: EventSide) -> bool:
    now = case.now
    if isinstance(zimun, BookingSame | BookingMoved) and not zimun.booking.same_as(awaiting.was):
        return True
    if awaiting.until is not None and now >= awaiting.until and awaiting.decision is None and link.deletion is None:
        return True
    match awaiting.kind:
        case AwaitKind.CANCEL:
            # a person who moves it wants it; and a deletion answers no question that the event does not ask, but for
            # one that is left alone: the shell may still decide about that
            asks = (link.note is not None and link.note.asks) or link.frozen is not None
            moved = isinstance(event, EventMoved | EventUnbookable)
            rejected = awaiting.decision is Decision.REJECTED and isinstance(event, EventSame)
            begun = link.deletion is None and link.booking.start <= now
            # as where an older database was restored: it was answered since, and the event asks nothing
            asks = asks and (link.frozen is not None or not _asks_nothing(event))
            return moved or rejected or begun or (awaiting.decision is None and not asks)
        case AwaitKind.MOVE:
            return isinstance(event, EventSame) or (isinstance(event, EventMoved) and event.to != awaiting.to)
        case AwaitKind.REMOVAL:
            return _was_seen(zimun)
        case AwaitKind.REROUTE:
            # else an answer to this change of the config would count for the next one
            wanted = case.route(link.booking)
            return wanted == link.calendar or (wanted is not None and awaiting.target not in ("", wanted))


def _stands_elsewhere(case: Case, event: EventSide) -> bool:
    """Whether it was seen in a managed calendar, though whether its own place is empty could not be looked at."""
    link, snapshot = case.link, case.snapshot
    if not isinstance(event, EventUnseen) or (link.calendar, link.href) in snapshot.events:
        return False
    other = transferred(link, snapshot)
    return other is not None and other.event is not None and not other.event.cancelled


def _asks_nothing(event: EventSide) -> bool:
    """Whether it has no note, or another one. Without a mark in the title the note in its text may ask all the same."""
    seen = event.seen if isinstance(event, EventSame) else event.cancelled if isinstance(event, EventGone) else None
    return seen is not None and seen.event is not None and _is_silent(seen.event)


def _is_silent(event: Event) -> bool:
    return event.asks is False or (event.asks is None and not event.noted)


def is_over(before: Link, after: Link) -> bool:
    """Whether a grace, a first 404 or a question ended between the two."""
    return any(getattr(before, each) is not None and getattr(after, each) is None for each in _MAY_END)


def only_what_ended(before: Link | None, action: Action, *, jumped: bool) -> Record | None:
    """Of what is to be remembered of a pair while the answer to a call is waited for: what `is_over`, what begins anew
    after a clock that `jumped`, and that it went with others; None for nothing. Else it would go on when that answer is
    known.
    """
    if before is None or not isinstance(action, Record):
        return None
    after = action.link
    ended = {each: getattr(after, each) for each in _MAY_END if jumped or getattr(after, each) is None}
    link = changed(before, **{each: value for each, value in ended.items() if getattr(before, each) is not None})
    if after.went_unkept:
        link = changed(link, went_unkept=True)
    return replace(action, link=link) if link is not before else None


def _was_seen(zimun: BookingSide) -> bool:
    return isinstance(zimun, BookingSame | BookingMoved) or (isinstance(zimun, BookingCancelled) and zimun.explicit)


def _cancelled(booking: Booking) -> Booking:
    return replace(booking, status=Status.CANCELLED)
