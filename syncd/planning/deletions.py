"""A deleted event: a grace, then a cancel call; or a question to the person; or the event comes back."""

from dataclasses import replace
from datetime import datetime

from syncd.domain.actions import Cancel, Why
from syncd.domain.booking import Booking
from syncd.domain.event import Observation
from syncd.domain.link import AwaitKind, Closed, ClosedWhy, Decision, Deletion, Frozen, Link
from syncd.domain.note import Note, NoteKind
from syncd.planning.case import Case, Outcome
from syncd.planning.instants import resolved
from syncd.planning.keeping import remembered
from syncd.planning.sides import STALE, is_blind, is_due
from syncd.planning.snapshot import Policy


def delete(case: Case, booking: Booking, marked: Observation | None) -> Outcome:
    """The event was deleted and the booking stands. `marked`: it still is there, with STATUS:CANCELLED."""
    link = case.link
    since = link.deletion.since if link.deletion is not None else case.now
    if (moved := link.unsaid(NoteKind.MOVED_AND_DELETED)) is not None:
        # told from when it is written on, which may be days later
        told = replace(moved, until=case.now + case.policy.note)
        return bring_back(case, booking, marked, Why.BOOKING_MOVED, told)
    if (unsure := link.unsaid(NoteKind.MOVE_UNSURE)) is not None:
        # who asked for that move wants the booking to stand, and it may stand at another time than anybody deleted
        return bring_back(case, booking, marked, Why.NOTE_DUE, unsure)
    if booking.start <= since and (link.shown or booking.end <= case.now):
        return _over(case, booking)
    if (doubt := link.unsaid(NoteKind.CANCEL_UNSURE)) is not None:
        return bring_back(case, booking, marked, Why.NOTE_DUE, replace(doubt, until=case.now + case.policy.note))
    if (refused := link.unsaid(NoteKind.CANCEL_REFUSED)) is not None:
        return bring_back(case, booking, marked, Why.CANCEL_REFUSED, refused)
    if (revived := link.unsaid(NoteKind.REVIVED)) is not None:
        # a removal of syncd's own had no answer, and may have arrived only now
        return bring_back(case, booking, marked, Why.NOTE_DUE, revived)
    if link.unsaid(NoteKind.ADOPTED):
        # without a base nobody knows who marked it as cancelled, or when: Zimun is right
        return bring_back(case, booking, marked, Why.ADOPTED, link.pending)
    if link.asked_again_at is not None and link.deletion is None and case.policy.deletions != "restore":
        wanted = case.with_link(replace(link, asked_again_at=None, twin_removed_at=None))
        return bring_back(wanted, booking, marked, Why.NOTE_DUE, case.note(NoteKind.ASKED_AGAIN))
    if link.twin_removed_at is not None and link.deletion is None:
        # its twin was removed just now: what looks like a deletion may be the second half of a transfer
        alone = case.with_link(replace(link, twin_removed_at=None))
        return bring_back(alone, booking, marked, Why.EVENT_TRANSFERRED, case.note(NoteKind.TRANSFERRED))
    blind = is_blind(link, case.snapshot)
    unread = link.deletion is None or (link.deletion.blind and not blind)
    if changed_since(case, booking) if unread else _is_another(booking, link.booking):
        # it is not the booking any more whose event was deleted: a customer who writes or calls wants to come; and
        # where an older database was restored, it may have been cancelled and booked again since
        return _wanted_again(case, booking, Why.BOOKING_CHANGED, case.note(NoteKind.MOVED_AND_DELETED))
    asked = awaits_cancel(case)
    if case.policy.deletions == "restore":
        note = case.note(NoteKind.DELETION_RESTORED, was=booking.start)
        return bring_back(case, booking, marked, Why.DELETION_RESTORED, note)
    if link.went_unkept and link.shown and link.frozen != Frozen("", booking.start):
        # who tidies up a calendar that syncd does not keep has answered nothing, and need not mean the bookings
        return ask(case, booking, marked, NoteKind.CANCEL_ASKED)
    if case.policy.deletions == "ask" and not asked and link.shown:
        return ask(case, booking, marked, NoteKind.CANCEL_ASKED)
    unmarked = case.with_link(replace(link, deletion=None))
    if (frozen := unmarked.frozen("", booking)) is not None:
        return frozen  # put back three times and gone again: only the shell decides, or the event's coming back
    begun = link.deletion
    # gone before and marked now, or the other way: it may have stood meanwhile, which nobody could read
    if begun is None or begun.marked is not (marked is not None):
        begun = Deletion(case.now, case.snapshot.cycle, asked=asked, marked=marked is not None, blind=blind)
        return case.remember(replace(link, deletion=begun), Why.GRACE_BEGUN)
    if not is_due(link, case.snapshot, case.policy):
        return case.remember(link, remembered(case))
    if booking.end <= case.now:
        # Zimun was away for long: what has taken place by now is nobody's to cancel
        return _over(case, booking)
    if not link.shown:
        # a PUT may be answered by a page of some proxy; and Nextcloud hides private events where a calendar is shared
        return bring_back(case, booking, marked, Why.NEVER_SHOWN, case.note(NoteKind.NEVER_SHOWN))
    return cancel(case, booking, Why.EVENT_DELETED)


def _over(case: Case, booking: Booking) -> Outcome:
    """The event of a booking that is past or under way was tidied away: the pair ends, and nobody is called."""
    closed = Closed(case.now, ClosedWhy.DELETED_PAST)
    return case.remember(replace(case.link, booking=booking, closed=closed, deletion=None), Why.DELETED_PAST)


def _is_another(booking: Booking, then: Booking) -> bool:
    """Whether it was changed within the grace into another visit; a new start is `moved_and_deleted`."""
    now, was = ((one.service_id, one.location_id, one.span.length) for one in (booking, then))
    return now != was


def changed_since(case: Case, booking: Booking) -> bool:
    """Whether Zimun says that the booking was changed after both sides last agreed, and not by ourselves just now."""
    now, then, wrote = booking.updated_at, case.link.booking.updated_at, case.link.wrote
    if now is None or then is None or now <= then:
        return False
    return wrote is None or now - wrote.at >= STALE


def cancel(case: Case, booking: Booking, why: Why) -> Outcome:
    """Cancel the booking. Where its event still stands, the next look at the pair removes it."""
    after = replace(
        case.link,
        booking=booking,
        deletion=None,
        awaiting=None,
        note=replace(case.link.note, until=case.now) if case.link.note is not None else None,
    )
    return Outcome(Cancel(case.link.booking_id, why, case.link, after, booking))


def ask(case: Case, booking: Booking, marked: Observation | None, kind: NoteKind) -> Outcome:
    """The event comes back and asks whether the booking shall be cancelled."""
    asking, note = case.asking(booking, kind)
    return bring_back(asking, booking, marked, Why.CANCEL_AWAITS, note)


def moved_and_deleted(case: Case, booking: Booking) -> Outcome:
    """A moved booking is not a cancelled one: the event comes back at the new time."""
    return _wanted_again(case, booking, Why.BOOKING_MOVED, case.note(NoteKind.MOVED_AND_DELETED, was=booking.start))


def moved_unseen(case: Case, booking: Booking) -> bool:
    """Whether the booking stands where its customer moved it while its event was deleted, and no event shows that."""
    moved = case.link.unsaid(NoteKind.MOVED_AND_DELETED)
    return moved is not None and moved.was == booking.start


def _wanted_again(case: Case, booking: Booking, why: Why, note: Note) -> Outcome:
    """That the customer changed it is remembered before its event is written again: a server may refuse that for long,
    and then Zimun may tell of the booking no more.
    """
    put = case.put(booking, case.link.event)
    after = replace(case.link, booking=booking, put=put, stood=case.stood(), deletion=None, pending=note)
    return case.remember(after, why)


def elsewhere(case: Case, booking: Booking, *, copied: bool) -> Outcome:
    """It stands in a calendar that is not ours to read, or a copy of it in any: no deletion. It comes back.

    But for one that has begun, of which only a copy is left: who tidies up does not want it back.
    """
    if copied and booking.start <= case.now and not case.link.unsaid(NoteKind.MOVE_UNSURE):
        return _over(case, booking)
    if (frozen := case.frozen("", booking)) is not None:
        return frozen
    note = case.note(NoteKind.COPIED if copied else NoteKind.FOREIGN, was=booking.start)
    return Outcome(case.recreate(booking, Why.EVENT_TRANSFERRED, note=note, put_back=""))


def bring_back(case: Case, booking: Booking, marked: Observation | None, why: Why, note: Note | None) -> Outcome:
    """Write the deleted event again, from its last complete version."""
    if (frozen := case.frozen("", booking)) is not None:
        return frozen
    if marked is not None:
        write = case.rewrite(marked, booking, why, span=booking.span, note=note)
        return Outcome(replace(write, link=replace(write.link, put_backs=case.put_backs(""))))
    return Outcome(case.recreate(booking, why, note=note, put_back=""))


def reject(case: Case, booking: Booking, marked: Observation | None) -> Outcome:
    """A person said in the shell that the booking stays: its event comes back, and asks no more.

    One that was also moved meanwhile says that it was put right.
    """
    case = case.with_link(replace(case.link, awaiting=None))
    note = None
    if marked is not None and marked.event is not None:
        asked = resolved(marked.event.start, case.zone).instant
        if asked != booking.start:
            # moved too, after it was marked: nobody decided about that, and the word of the shell goes back on it
            note = case.note(NoteKind.ADOPTED, asked=asked, was=booking.start)
    return bring_back(case, booking, marked, Why.REJECTED, note)


def awaits_cancel(case: Case) -> bool:
    """Whether the person was asked about this booking and the question is still open."""
    awaiting = case.link.awaiting
    return awaiting is not None and awaiting.kind is AwaitKind.CANCEL


def decided(link: Link, decision: Decision) -> bool:
    """Whether a person decided so about cancelling this booking."""
    awaiting = link.awaiting
    return awaiting is not None and awaiting.kind is AwaitKind.CANCEL and awaiting.decision is decision


def asked_again(link: Link, now: datetime) -> Link:
    """The pair of a booking that is taken for what a person asks for now, by an event of their own or by hand.

    Its deletion is over with that, and so is the question whether it shall be cancelled. What went and was not seen to
    go yet comes back once as well, and for a while what goes after that: who writes an event anew and deletes the old
    one may do that in either order.
    """
    awaiting, note = link.awaiting, link.note
    if awaiting is not None and awaiting.kind is AwaitKind.CANCEL:
        awaiting, note = None, replace(note, until=now) if note is not None and note.asks else note
    return replace(link, deletion=None, awaiting=awaiting, note=note, asked_again_at=now)


def may_cancel(link: Link, policy: Policy) -> bool:
    """Whether the deletion that has begun may still cancel its booking: by now the config may want it undone or asked
    about, or it is to be asked about for what went with it.
    """
    if link.deletion is None or decided(link, Decision.APPROVED):
        return True
    if policy.deletions == "restore" or (link.went_unkept and not link.deletion.asked):
        return False
    return policy.deletions == "cancel" or link.deletion.asked
