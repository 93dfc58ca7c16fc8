"""A dragged event: a reschedule call, a put-back with the reason, or a wait."""

from dataclasses import replace
from datetime import datetime, timedelta

from syncd.domain.actions import Reschedule, Why
from syncd.domain.booking import Booking
from syncd.domain.event import Observation
from syncd.domain.link import AwaitKind, Decision, Wish
from syncd.domain.note import UNSURE, Note, NoteKind
from syncd.planning.case import Case, Outcome, taken_over
from syncd.planning.instants import letters
from syncd.planning.landing import landing, offers
from syncd.planning.snapshot import Look

PATIENCE = timedelta(minutes=10)


def move(
    case: Case, booking: Booking, seen: Observation, start: str, to: datetime, note: Note | None = None
) -> Outcome:
    """The person wants another start: ask Zimun, or put the event back and say why not, or wait.

    `start` is the letters of the event's DTSTART, `note` what the event shall say once it is booked.
    """
    if (frozen := case.frozen(start, booking)) is not None:
        return frozen
    if (told := refusal(case, booking, to)) is not None:
        return _put_back(case, booking, seen, told)
    awaiting = case.link.awaiting
    if awaiting is not None and awaiting.kind is AwaitKind.MOVE and awaiting.decision is not Decision.APPROVED:
        return case.remember(case.link)
    target = landing(case, booking, to)
    if isinstance(target, Look):
        return wait(case, booking, seen, to)
    if target is None:
        told = case.note(NoteKind.NOT_OPEN, asked=to, was=booking.start, slots=offers(case, booking, to))
        return _put_back(case, booking, seen, told)
    if target == booking.start:
        return _put_back(case, booking, seen, case.link.pending, Why.SNAPPED)
    # asked before, and no answer came: the event says so first, then Zimun is asked again
    return _overdue(case, booking, seen, to) or _ask(case, booking, seen, to, target, note)


def refusal(case: Case, booking: Booking, to: datetime) -> Note | None:
    """Why this start cannot even be asked for: Zimun said no just now, a person rejected it, or it is too late."""
    link = case.link
    known = link.refusal
    if known is not None and known.to is None and case.now < known.note.until:
        return case.note(NoteKind.MOVE_REJECTED, asked=to, was=booking.start)
    if known is not None and known.to == to:
        return replace(known.note, was=booking.start)  # its customer may have moved it since
    if booking.start <= case.now:
        return case.note(NoteKind.BEGUN, asked=to, was=booking.start)
    if to <= case.now:
        return case.note(NoteKind.IN_THE_PAST, asked=to, was=booking.start)
    awaiting = link.awaiting
    if awaiting is not None and awaiting.kind is AwaitKind.MOVE and awaiting.decision is Decision.REJECTED:
        return case.note(NoteKind.MOVE_REJECTED, asked=to, was=booking.start)
    return None


def conflict(case: Case, booking: Booking, seen: Observation, start: str, to: datetime) -> Outcome:
    """Both sides moved, to different times: `conflict` decides, and the event says so."""
    if case.policy.conflict == "calendar" and refusal(case, booking, to) is None:
        note = case.note(NoteKind.CONFLICT_CALENDAR, asked=to, was=booking.start)
        return move(case, booking, seen, start, to, note)
    note = refusal(case, booking, to) or case.note(NoteKind.CONFLICT_ZIMUN, asked=to, was=booking.start)
    return Outcome(case.rewrite(seen, booking, Why.CONFLICT, span=booking.span, note=note))


def unbookable(case: Case, booking: Booking, seen: Observation, kind: NoteKind) -> Outcome:
    """All-day, recurring, or in a zone that nobody can resolve: put back with a sentence of its own."""
    assert seen.event is not None
    frozen = case.frozen(letters(seen.event.start), booking)
    return frozen or _put_back(case, booking, seen, case.note(kind, was=booking.start))


def wait(case: Case, booking: Booking, seen: Observation, to: datetime) -> Outcome:
    """Zimun cannot be asked now. The event keeps the person's time; after ten minutes it says that it is not booked."""
    case = _wishing(case, to)
    return _overdue(case, booking, seen, to) or case.remember(case.link, Why.MOVE_WAITS)


def _ask(case: Case, booking: Booking, seen: Observation, to: datetime, target: datetime, note: Note | None) -> Outcome:
    """Ask Zimun for `target`. The base has the event where the person left it, at `to`; from there it goes on."""
    assert seen.event is not None
    before = _wishing(case, to).link
    old = replace(before.note, until=case.now) if before.note is not None else None
    after = replace(
        before,
        booking=replace(booking, start=target, end=target + booking.span.length),
        start=replace(seen.event.start, instant=to),
        stood=case.stood(),
        data=seen.data,
        event=seen.event,
        since=taken_over(before, seen.event),
        etag=seen.etag,
        note=old,
        pending=note or (None if before.unsaid(*UNSURE) else before.pending),
        wish=None,
        refusal=None,
        awaiting=None,
    )
    why = Why.CONFLICT if note is not None else Why.EVENT_MOVED
    return Outcome(Reschedule(before.booking_id, why, before, after, booking, target))


def _put_back(
    case: Case, booking: Booking, seen: Observation, note: Note | None, why: Why = Why.MOVE_REFUSED
) -> Outcome:
    awaiting = case.link.awaiting
    if awaiting is not None and awaiting.kind is AwaitKind.MOVE:
        case = case.with_link(replace(case.link, awaiting=None))
    return Outcome(case.put_back(seen, booking, why, note))


def _overdue(case: Case, booking: Booking, seen: Observation, to: datetime) -> Outcome | None:
    """The note "not yet booked", where this wish has waited for ten minutes and the event does not say so yet.

    Not where the event says that its booking was cancelled: it stays for what it says.
    """
    link = case.link
    if link.booking.cancelled:
        return None
    told = link.note is not None and link.note.kind is NoteKind.NOT_YET_BOOKED and link.note.asked == to
    if link.wish is None or link.wish.to != to or link.awaiting is not None or told:
        return None
    if case.now - link.wish.since < PATIENCE:
        return None
    note = case.note(NoteKind.NOT_YET_BOOKED, asked=to, was=booking.start)
    return Outcome(case.rewrite(seen, link.booking, Why.MOVE_WAITS, span=None, note=note))


def _wishing(case: Case, to: datetime) -> Case:
    wish = case.link.wish
    if wish is not None and wish.to == to:
        return case
    return case.with_link(replace(case.link, wish=Wish(to, case.now)))
