"""Neither side moved, or only Zimun did: the event is made to say what it should, in one write or none."""

from dataclasses import replace

from syncd.domain.actions import Problem, ProblemKind, Record, Why
from syncd.domain.booking import Booking
from syncd.domain.event import Event, EventTime, Observation
from syncd.domain.ids import BookingId, parse_uid, stem
from syncd.domain.link import AwaitKind, Decision, Leftover, Link, changed
from syncd.domain.note import Note, NoteKind
from syncd.planning.case import Case, Outcome, left_behind, taken_over
from syncd.planning.instants import letters, resolved
from syncd.planning.merge import merge
from syncd.planning.sides import BookingMissing, BookingMoved, BookingSame, BookingSide, BookingUnseen, left_standing

WAITING = (NoteKind.NOT_YET_BOOKED, NoteKind.MOVE_AWAITS)
ANSWERS_TO_A_MARK = (
    NoteKind.ADOPTED,
    NoteKind.MOVED_AND_DELETED,
    NoteKind.MOVE_UNSURE,
    NoteKind.CANCEL_REFUSED,
    NoteKind.CANCEL_UNSURE,
)
LEFT = "its event stands in a calendar that the config does not name any more"
UNTOLD = f"{LEFT}: another one is written once Zimun tells of its booking"
TO_APPROVE = "approve it, and an event is written where the config sends it now; or name that calendar again"
NAME_IT = "left there, as you said, until its booking changes; or name it again, or move the event to one of the config"
# the reasons of writes that tell a person no
REFUSALS = frozenset({Why.MOVE_REFUSED, Why.CONFLICT, Why.DELETION_RESTORED, Why.CANCEL_REFUSED})


def keep(case: Case, booking: Booking, seen: Observation, start: EventTime) -> Outcome:
    """Texts, length, calendar and note are put right, in one write; nothing is done where all is right already."""
    assert seen.event is not None
    case = case.with_link(changed(case.link, wish=None, refusal=None))
    link, event = case.link, seen.event
    if event.noted and link.note is None:
        # an older database was restored, or a client brought an old version back: nobody knows this note, and it goes
        case = case.with_link(replace(link, note=case.note(NoteKind.ADOPTED, was=booking.start)))
        link = case.link
    target = case.route(booking)
    if event.uid != link.uid or (target not in (None, seen.calendar) and _may_leave(case)):
        return _relocate(case, booking, seen, target or seen.calendar)
    note = standing(case)
    end = resolved(event.end, case.zone)
    if (start.instant, end.instant) != (booking.start, booking.end):
        if (frozen := case.frozen(letters(start), booking)) is not None:
            return frozen
        why = _why_time(link, booking, start)
        if why in (Why.BOOKING_CHANGED, Why.BOOKING_MOVED):
            return Outcome(case.rewrite(seen, booking, why, span=booking.span, note=link.pending or note))
        return Outcome(case.put_back(seen, booking, why, link.pending or note))
    merged = merge(link.texts, event, case.texts)
    differs = (merged.title, merged.place, merged.description) != (event.title, event.place, event.description)
    lapsed = link.note is not None and note is None and event.noted
    if differs or lapsed or link.pending is not None or _bears_the_old_id(event, booking):
        why = Why.NOTE_DUE if link.pending is not None else Why.NOTE_LAPSED if lapsed else Why.BOOKING_CHANGED
        return Outcome(case.rewrite(seen, booking, why, span=None, note=link.pending or note))
    after = changed(
        link,
        booking=booking,
        start=start,
        texts=case.texts,
        etag=seen.etag,
        data=seen.data,
        event=event,
        since=taken_over(link, event),
        note=note,
    )
    outcome = case.remember(after, remembered(case.with_link(after)))
    return replace(outcome, problem=unrouted(booking.id).problem) if target is None else outcome


def agree(case: Case, booking: Booking, seen: Observation, start: EventTime) -> Outcome:
    """The event stands where the booking is: nothing is left to do but the rest of the event; an old note goes."""
    note = replace(case.link.note, until=case.now) if case.link.note is not None else None
    link = replace(_moved_on(case.link, booking), booking=booking, start=start, stood=case.stood(), note=note)
    return keep(case.with_link(link), booking, seen, start)


def follow(case: Case, booking: Booking, seen: Observation) -> Outcome:
    """The booking moved, the event did not: it follows, with its place in the routing, and the old note goes."""
    case = case.with_link(_moved_on(case.link, booking))
    target = case.route(booking)
    told = _not_booked(case, booking, seen) if case.link.booking.cancelled else None
    if target not in (None, seen.calendar) and target in case.snapshot.readable and _may_leave(case):
        note = told or case.link.pending or _reassigned(case, booking)
        return Outcome(case.recreate(booking, Why.ROUTED, note=note, source=seen))
    why = Why.BOOKING_REVIVED if case.link.booking.cancelled else Why.BOOKING_MOVED
    return Outcome(case.rewrite(seen, booking, why, span=booking.span, note=case.link.pending or told))


def _moved_on(link: Link, booking: Booking) -> Link:
    """What was to be told of an earlier move is no news any more, nor what came about by this one; and all else names
    the time that counts now.
    """
    pending, moved = link.pending, booking.start != link.booking.start
    if pending is None:
        return link
    came_about = pending.asked == booking.start and pending.kind is not NoteKind.MOVE_UNSURE
    over = came_about or pending.kind in (NoteKind.CONFLICT_CALENDAR, NoteKind.CANCEL_UNSURE)
    if pending.kind is NoteKind.MOVED_AND_DELETED or (moved and over):
        return replace(link, pending=None)
    return replace(link, pending=replace(pending, was=booking.start)) if moved and pending.was is not None else link


def transferred(case: Case, seen: Observation) -> Outcome:
    """A person put the event elsewhere: the link follows it. A new time is a move, then routing brings it back."""
    link = case.link
    goes_back = seen.calendar != link.calendar and case.route(link.booking) not in (None, seen.calendar)
    pending = None if link.unsaid(NoteKind.TRANSFERRED) else link.pending  # a person carried it home themselves
    # one that syncd had left behind is compared with where it stood then
    left = next((one for one in link.leftovers if one.key == seen.key), None)
    start = left.start if left is not None and left.start is not None else link.start
    note = (
        # a mark as cancelled that the event carries along is answered by that: forgotten, it would count as a new one
        link.unsaid(*ANSWERS_TO_A_MARK, NoteKind.REVIVED)
        or (case.told_where_it_stood(left) if left is not None else None)
        or (case.note(NoteKind.TRANSFERRED) if goes_back else pending)
    )
    if link.unsaid(NoteKind.ADOPTED) and seen.event is not None:
        # without a base nobody knows which of two times a person wants: Zimun is right
        start = resolved(seen.event.start, case.zone)
    after = replace(
        link,
        calendar=seen.calendar,
        href=seen.href,
        start=start,
        leftovers=tuple(one for one in link.leftovers if one is not left),
        pending=note,
        deletion=None,
        went_unkept=False,
        shown=True,
    )
    return Outcome(Record(link.booking_id, Why.EVENT_TRANSFERRED, after))


def write_ours_again(case: Case, booking: Booking, seen: Observation) -> Outcome:
    """A stale client wrote back what stood there before our last write: ours again, and nobody is called.

    Where it edited that, the edit is a person's, and stays: only the time is put right.
    """
    assert seen.event is not None
    if (frozen := case.frozen(letters(seen.event.start), booking)) is not None:
        return frozen
    stale, link = seen.event, case.link
    # without a strong ETag a write is only done onto what is seen to stand there: then theirs is mended
    unedited = stale.fingerprint in (link.replay, *link.older)
    ours = replace(seen, data=link.data, event=link.event) if _is_strong(seen) and unedited and link.event else seen
    note = link.pending or standing(case)
    if stale.fingerprint != link.replay and not stale.cancelled:
        # it may have been somebody's undo of more than one step: then they are told
        asked = resolved(stale.start, case.zone).instant
        note = link.pending or case.note(NoteKind.ADOPTED, asked=asked, was=booking.start)
    write = case.put_back(ours, booking, Why.EVENT_REPLAYED, note)
    return Outcome(
        replace(
            write,
            link=replace(write.link, replay=stale.fingerprint, put_backs=case.put_backs(letters(stale.start))),
        )
    )


def _is_strong(seen: Observation) -> bool:
    return seen.etag is not None and not seen.etag.startswith("W/")


def _is_untouched(there: Observation, link: Link, newer: Event | None) -> bool:
    """Whether an event of before stands as our writes left it, and what people wrote into the `newer` one can be
    written over it.
    """
    old = there.event
    same = old is not None and newer is not None and old.uid == newer.uid
    return same and _is_strong(there) and old is not None and old.fingerprint in (link.replay, *link.older)


def standing(case: Case) -> Note | None:
    """The note that should still stand in the event."""
    note = case.link.note
    if note is None or case.now >= note.until:
        return None
    if note.kind in WAITING and case.link.wish is None:
        return None
    return note


def unrouted(booking_id: BookingId) -> Outcome:
    """No calendar is meant for this booking; said in `check` and `status`."""
    text = "no [[calendars]] entry takes this booking: add one that matches it, or fallback = true"
    return Outcome(problem=Problem(ProblemKind.UNROUTED, booking_id, text))


def _relocate(case: Case, booking: Booking, seen: Observation, target: str) -> Outcome:
    if target not in case.snapshot.readable:
        return Outcome()
    link = case.link
    # not one that is linked with another booking, as after a restored database and a reschedule that renamed
    free = (each for each in case.snapshot.of_uid(link.uid) if each.key not in case.snapshot.linked_keys)
    there = next((each for each in free if each.calendar == target and each.key != seen.key), None)
    if there is not None and there.event is not None and there.event.uid == link.uid and not there.event.cancelled:
        left = next((one for one in link.leftovers if one.key == there.key), None)
        others = tuple(one for one in link.leftovers if one is not left)
        if left is not None and _is_untouched(there, link, seen.event):
            # nobody touched it since, and what people wrote into the one that stood for it comes along
            note = link.pending or _reassigned(case, booking) or standing(case)
            newest = replace(there, event=seen.event, data=seen.data)
            return _written_over(case, booking, newest, note, (*others, left_behind(seen)))
        start = resolved(there.event.start, case.zone)
        # one that nobody knows of, as after a lost database: wherever a person put it, Zimun is right, and that is told
        if left is not None:
            told = case.told_where_it_stood(left)
        else:
            strange = start.instant != booking.start
            told = case.note(NoteKind.ADOPTED, asked=start.instant, was=booking.start) if strange else None
        after = replace(
            link,
            calendar=target,
            href=there.href,
            start=start,
            leftovers=(*others, left_behind(seen)),
            pending=link.pending or told,
        )
        return Outcome(Record(link.booking_id, Why.EVENT_TRANSFERRED, after))
    # also where another put-back has said its own since
    put_there = link.unsaid(NoteKind.TRANSFERRED) or any(back.letters == seen.calendar for back in case.put_back_lately)
    brought_home = put_there and target != seen.calendar
    if brought_home and (frozen := case.frozen(seen.calendar, booking)) is not None:
        return frozen
    if link.pending is not None or brought_home:
        why = Why.EVENT_TRANSFERRED
    elif link.booking.same_as(booking) and target != seen.calendar:
        why = Why.REROUTED
    else:
        why = Why.ROUTED
    note = link.pending or _reassigned(case, booking) or standing(case)
    put_back = seen.calendar if brought_home else None
    return Outcome(case.recreate(booking, why, note=note, source=seen, put_back=put_back))


def rehomed(case: Case, side: BookingSide) -> Outcome:
    """Its calendar left the config, where nothing is touched: an event is written where the booking belongs now.

    The old one stays. Should its calendar come back it is a second event of the booking, which cancels and moves
    nothing: it is taken again where routing wants it there, else `duplicates` removes it.
    """
    link = case.link
    booking = side.booking if isinstance(side, BookingSame | BookingMoved) else None
    home = case.route(link.booking)
    there = left_standing(link, case.snapshot, home) if home in case.snapshot.readable else None
    if there is not None:
        told = not isinstance(side, BookingMissing | BookingUnseen)
        return _taken_again(case, booking, there, told=told)
    if not _may_leave(case):
        asked = link.awaiting is not None and link.awaiting.decision is None
        return case.problem(ProblemKind.UNMANAGED, f"{LEFT}: {TO_APPROVE if asked else NAME_IT}")
    if isinstance(side, BookingMissing | BookingUnseen):
        return case.problem(ProblemKind.UNMANAGED, UNTOLD)
    if booking is None or booking.start <= case.now:
        return case.problem(ProblemKind.UNMANAGED, f"{LEFT}: it is left there")
    target = case.route(booking)
    if target is None:
        return unrouted(booking.id)
    if target not in case.snapshot.readable:
        return case.problem(ProblemKind.UNMANAGED, f"{LEFT}, and the one that it belongs in cannot be read: {target}")
    case, note = _with_what_it_says(case, booking)
    left = link.leftovers
    if _is_of_another_id(link.uid, link.booking_id):
        # an app that writes its old version back there takes the new id with it: nothing would tell whose event it is
        left = (*left, Leftover(link.calendar, link.href, link.etag, link.start, link.replay))
    # a version that was noticed there and never decided about is no old one: it is told when that calendar is back
    case = case.with_link(replace(case.link, since=(), leftovers=left))
    return Outcome(case.recreate(booking, Why.REROUTED, note=note))


def _is_of_another_id(uid: str, booking_id: BookingId) -> bool:
    """Whether a reschedule gave the booking another id since its event was made."""
    named = parse_uid(uid)
    return named is not None and named[0] != stem(booking_id)


def _taken_again(case: Case, booking: Booking | None, there: Observation, *, told: bool) -> Outcome:
    """An event of before stands where the booking belongs, for its calendar is back in the config, or has another
    address now. Where nobody touched it since, what people wrote into the one that stood for it comes along.

    `booking`: None where it is over, or where Zimun has not `told` of it.
    """
    link = case.link
    untouched = _is_untouched(there, link, link.event)
    if untouched and not told:
        return case.problem(ProblemKind.UNMANAGED, UNTOLD)
    if booking is None or link.event is None or not untouched:
        lost = _never_asked_for(case, link.booking)
        return transferred(case if lost is None else case.with_link(replace(link, pending=lost)), there)
    case, note = _with_what_it_says(case, booking)
    newest = replace(there, event=link.event, data=link.data)
    others = tuple(one for one in link.leftovers if one.key != there.key)
    return _written_over(case, booking, newest, note, others)


def _written_over(
    case: Case, booking: Booking, newest: Observation, note: Note | None, leftovers: tuple[Leftover, ...]
) -> Outcome:
    """`newest`: the event of before as it stands, by its tag, with what it is to say from now on."""
    taken = replace(case.link, calendar=newest.calendar, href=newest.href, leftovers=leftovers)
    return Outcome(case.with_link(taken).rewrite(newest, booking, Why.REROUTED, span=booking.span, note=note))


def _with_what_it_says(case: Case, booking: Booking) -> tuple[Case, Note | None]:
    """What the event says that stands in another calendar from now on: what was wanted where it stood, and did not come
    about, is told or asked about, for nobody watches that any more.
    """
    link = case.link
    lost = _never_asked_for(case, booking)
    if link.awaiting is not None and link.awaiting.kind in (AwaitKind.MOVE, AwaitKind.REROUTE):
        case = case.with_link(replace(link, awaiting=None))
    asked = link.awaiting is not None and link.awaiting.kind is AwaitKind.CANCEL
    deleted = link.deletion is not None and link.shown and booking.same_as(link.booking)
    if deleted and not asked and case.policy.deletions != "restore":
        return case.asking(booking, NoteKind.CANCEL_ASKED)
    return case, lost or link.pending or _reassigned(case, booking) or standing(case)


def _never_asked_for(case: Case, booking: Booking) -> Note | None:
    """The word that a move is not booked which was wanted there, and which Zimun was not asked for yet."""
    link = case.link
    # of what awaits, a move alone has a start that was asked for
    asked_for = link.wish.to if link.wish is not None else link.awaiting.to if link.awaiting is not None else None
    return case.note(NoteKind.ADOPTED, asked=asked_for, was=booking.start) if asked_for is not None else None


def _reassigned(case: Case, booking: Booking) -> Note | None:
    if booking.staff_name == case.link.booking.staff_name:
        return None
    return case.note(NoteKind.REASSIGNED, was=booking.start, staff=booking.staff_name)


def _not_booked(case: Case, booking: Booking, seen: Observation) -> Note | None:
    """A cancelled booking lives again, and its event stands where a person had left it: that time is not booked."""
    assert seen.event is not None
    stood = resolved(seen.event.start, case.zone).instant
    return case.note(NoteKind.ADOPTED, asked=stood, was=booking.start) if stood != booking.start else None


def _may_leave(case: Case) -> bool:
    awaiting = case.link.awaiting
    return awaiting is None or awaiting.kind is not AwaitKind.REROUTE or awaiting.decision is Decision.APPROVED


def _why_time(link: Link, booking: Booking, start: EventTime) -> Why:
    if link.unsaid(NoteKind.ADOPTED):
        return Why.ADOPTED
    if link.unsaid(NoteKind.MOVED_AND_DELETED):
        return Why.BOOKING_MOVED
    if start.instant != booking.start:
        # where it was left when its booking went to a slot near that, or where our own reading of it changed
        landed = start.instant is not None and start.instant == link.start.instant != link.booking.start
        return Why.SNAPPED if landed else Why.ZONE_READ_ANEW
    return Why.BOOKING_CHANGED if link.booking.end != booking.end else Why.LENGTH_CHANGED


def remembered(case: Case) -> Why:
    """What it was that is only to be remembered."""
    known = case.snapshot.links.get(case.link.booking_id)
    if case.snapshot.clock_jumped and case.link.deletion is not None:
        return Why.GRACE_RESTARTED
    if known is not None and known.deletion is not None and case.link.deletion is None:
        return Why.EVENT_RETURNED
    if known is not None and known.awaiting is not None and case.link.awaiting is None:
        return Why.APPROVAL_LAPSED
    if known is not None and known.missing is not None and case.link.missing is None:
        return Why.BOOKING_FOUND
    if known is not None and known.wish is not None and case.link.wish is None:
        return Why.MOVE_WITHDRAWN
    if known is not None and _texts_of(known.event) != _texts_of(case.link.event):
        return Why.EVENT_EDITED
    return Why.AGREED if known is not None and known.booking.start != case.link.booking.start else Why.REMEMBERED


def _texts_of(event: Event | None) -> tuple[str, str, str] | None:
    return None if event is None else (event.title, event.place, event.description)


def _bears_the_old_id(event: Event, booking: Booking) -> bool:
    """Whether a reschedule gave the booking another id, and the event still names the one that its UID is made of.

    A server that mangles the property is no reason to write it again.
    """
    names_it_still = not _is_of_another_id(event.uid, BookingId(event.booking_id))
    return _is_of_another_id(event.uid, booking.id) and names_it_still
