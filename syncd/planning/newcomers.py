"""Bookings without an event and events without a booking: created, adopted, told apart, or left alone."""

from dataclasses import replace
from datetime import timedelta

from syncd.domain.actions import Create, Problem, ProblemKind, Record, Why
from syncd.domain.booking import Booking, Status
from syncd.domain.event import Event, EventTime, Observation, Put, Texts
from syncd.domain.ids import BookingId, parse_uid, stem, stem_of_href, uid_of
from syncd.domain.link import ClosedWhy, Link
from syncd.domain.note import NoteKind
from syncd.planning import endings
from syncd.planning.case import Case, Outcome, draft, left_behind, next_name, outdated
from syncd.planning.instants import resolved
from syncd.planning.keeping import unrouted
from syncd.planning.merge import fresh
from syncd.planning.routing import route
from syncd.planning.sides import SETTLED, STALE, is_stale
from syncd.planning.snapshot import Look, LookBooking, Policy, Snapshot

# Purelymail and Bedework list up to three minutes behind
LAG = timedelta(minutes=5)

NOT_GIVEN = (
    "an object that the calendar server lists and does not give, so nobody knows what it is: an event that goes about "
    "then, or later, does not count as deleted until it is given or gone"
)
UNREADABLE = "it has no event yet, for the calendar that it belongs in cannot be read"
UNREAD = (
    "it has no event yet, for one may stand in a calendar that was never read with this database: make it readable, or "
    "take it out of the config"
)


def welcome(snapshot: Snapshot, policy: Policy) -> list[Outcome]:
    """What to do about every booking and every event of ours that no open link pairs."""
    known = _all_seen(snapshot)
    outcomes = []
    taken: set[tuple[str, str]] = set()
    renamed = _renamed_lately(snapshot)
    for booking_id in sorted(known):
        link = snapshot.links.get(booking_id)
        if (link is not None and link.closed is None) or booking_id in renamed:
            continue
        outcome, adopted = _booking(known[booking_id], link, snapshot, policy)
        outcomes.append(outcome)
        taken |= adopted
    for name in sorted(snapshot.by_stem):
        for seen in snapshot.by_stem[name]:
            if seen.key not in snapshot.linked_keys and seen.key not in taken:
                outcomes.append(_event(name, seen, known, snapshot, policy))
    outcomes += [
        Outcome(problem=Problem(ProblemKind.PARKED, seen.href, f"this event cannot be read: {seen.fault}"))
        for seen in _broken(snapshot)
        if seen.key not in snapshot.linked_keys
    ]
    # not at once: it may be given in the next cycle, or be gone by then
    outcomes += [
        Outcome(problem=Problem(ProblemKind.PARKED, href, NOT_GIVEN))
        for (_, href), since in sorted(snapshot.unknown.items())
        if since != snapshot.now
    ]
    return outcomes


def _all_seen(snapshot: Snapshot) -> dict[BookingId, Booking]:
    looked = {answer.id: answer for answer in snapshot.looks.values() if isinstance(answer, Booking)}
    # of one that no call can read the tombstone is all there is, as else the base
    blind = {
        link.booking_id: link.booking
        for link in snapshot.links.values()
        if snapshot.looks.get(LookBooking(link.booking_id)) is Look.CLOSED and ended_early(link, snapshot)
    }
    return {**blind, **snapshot.bookings, **looked}


def _renamed_lately(snapshot: Snapshot) -> set[BookingId]:
    """Ids that our own reschedule took from a booking a moment ago: a list that lags still names them."""
    return {
        link.wrote.before.id
        for link in snapshot.links.values()
        if link.wrote is not None and link.wrote.before.id != link.booking_id and snapshot.now - link.wrote.at < STALE
    }


def _booking(
    booking: Booking, tombstone: Link | None, snapshot: Snapshot, policy: Policy
) -> tuple[Outcome, set[tuple[str, str]]]:
    nothing = Outcome(), set[tuple[str, str]]()
    if booking.cancelled or booking.status is Status.HELD or booking.end < snapshot.now - policy.past:
        return nothing
    if tombstone is not None and _is_settled(booking, tombstone, snapshot):
        return nothing
    candidates = _candidates(booking.id, snapshot)
    if any(seen.calendar not in snapshot.readable for seen in candidates):
        # what was last seen there may have gone since: linked with it, the booking would be cancelled for that
        return Outcome(), {seen.key for seen in candidates}
    if candidates:
        return _adopt(booking, candidates, snapshot, policy), {seen.key for seen in candidates}
    if booking.start >= snapshot.now + policy.future and booking.id not in snapshot.requested:
        return nothing
    return _create(booking, snapshot, policy), set()


def _is_settled(booking: Booking, tombstone: Link, snapshot: Snapshot) -> bool:
    """Whether the pair ended with this very booking: a past one that was tidied away, or an answer that lags."""
    assert tombstone.closed is not None
    if tombstone.closed.why is ClosedWhy.DELETED_PAST:
        return booking.start == tombstone.booking.start and not ended_early(tombstone, snapshot)
    return is_stale(tombstone, booking, snapshot.now)


def ended_early(link: Link, snapshot: Snapshot) -> bool:
    """Whether its event was deleted as that of a visit that had begun, by a clock that was ahead, and it is to come.

    Not by a clock that has just jumped: after a start of the machine it may be the one that is wrong, and soon be set.
    """
    tidied = link.closed is not None and link.closed.why is ClosedWhy.DELETED_PAST
    return tidied and link.booking.start > snapshot.now and not snapshot.clock_jumped


def _candidates(booking_id: BookingId, snapshot: Snapshot) -> list[Observation]:
    """Events of this booking, the best first: the highest generation, and those that bear our UID before copies."""
    ours = [seen for seen in snapshot.by_stem.get(stem(booking_id), ()) if _is_free(seen, snapshot)]
    if ours:
        return sorted(ours, key=lambda seen: (-_generation(seen), seen.key))
    return [seen for seen in snapshot.by_booking_id.get(booking_id, ()) if _is_free(seen, snapshot)]


def _is_free(seen: Observation, snapshot: Snapshot) -> bool:
    """Whether it may be taken: no other's, and in a calendar of the config; in no other one anything is looked at."""
    return seen.calendar in snapshot.managed and seen.key not in snapshot.linked_keys


def _generation(seen: Observation) -> int:
    parsed = parse_uid(_event_of(seen).uid)
    return parsed[1] if parsed is not None else 0


def _create(booking: Booking, snapshot: Snapshot, policy: Policy) -> Outcome:
    texts = snapshot.texts.get(booking.id, Texts(title=booking.id))
    target = route(booking, policy.routes)
    if target is None:
        return unrouted(booking.id)
    if snapshot.never_read:
        # its event may stand in a calendar that could not be read since the database was lost
        return _waits(booking.id, f"{UNREAD}: {', '.join(sorted(snapshot.never_read))}")
    if target not in snapshot.readable:
        return _waits(booking.id, f"{UNREADABLE}: {target}")
    if _is_parked(booking.id, snapshot):
        return Outcome()
    if (tombstone := snapshot.links.get(booking.id)) is not None:
        # it lives again, and so does what people had written into its event, and what they were still to be told
        early = ended_early(tombstone, snapshot) and tombstone.booking.start == booking.start
        why = Why.DELETION_RESTORED if early else Why.BOOKING_REVIVED
        case, untold = Case(tombstone, snapshot, policy), tombstone.unsaid(NoteKind.ADOPTED)
        if untold is not None and untold.asked == booking.start:
            untold = None  # it is where the person wanted it
        told = case.note(NoteKind.ADOPTED, asked=untold.asked, was=booking.start) if untold is not None else None
        return Outcome(case.recreate(booking, why, note=told))
    uid, name = next_name(booking.id, target, snapshot)
    put = Put(0, booking.start)
    link = Link(booking.id, target, "", uid, booking, EventTime(""), texts, put=put, made_at=snapshot.now)
    made = draft(snapshot, policy, booking, uid, fresh(texts), booking.span, link.put)
    return Outcome(Create(booking.id, Why.NEW, link, target, name, made))


def _waits(booking_id: BookingId, why: str) -> Outcome:
    return Outcome(problem=Problem(ProblemKind.PARKED, booking_id, why))


def _is_parked(booking_id: BookingId, snapshot: Snapshot) -> bool:
    """Whether an event that says it is ours, and cannot be read, bears this booking's name in any calendar.

    Nobody knows where a person has put it. A second one beside it would be the one that counts once it can be read.
    """
    return any(
        seen.data and stem_of_href(seen.href) == stem(booking_id) and seen.key not in snapshot.linked_keys
        for seen in _broken(snapshot)
    )


def _broken(snapshot: Snapshot) -> list[Observation]:
    """Events that cannot be read, in the calendars of the config."""
    return [seen for _, seen in sorted(snapshot.events.items()) if seen.fault and seen.calendar in snapshot.managed]


def _adopt(booking: Booking, candidates: list[Observation], snapshot: Snapshot, policy: Policy) -> Outcome:
    """Link the booking with what has its UID. Zimun is right about the time; a person's texts stay."""
    routed = route(booking, policy.routes)
    top = _generation(candidates[0])
    best = next((seen for seen in candidates if seen.calendar == routed and _generation(seen) == top), candidates[0])
    link = _link(booking, best, snapshot)
    case = Case(link, snapshot, policy)
    event = _event_of(best)
    end = resolved(event.end, case.zone)
    right = (link.start.instant, end.instant) == (booking.start, booking.end) and not event.cancelled
    link = replace(
        link,
        pending=None if right else case.note(NoteKind.ADOPTED, asked=link.start.instant, was=booking.start),
        note=case.note(NoteKind.ADOPTED, was=booking.start) if event.noted else None,
        leftovers=tuple(
            replace(left_behind(seen), stays_until=snapshot.now + SETTLED if _generation(seen) == top else None)
            for seen in candidates
            if seen is not best and _generation(seen) > 0
        ),
    )
    return Outcome(Record(booking.id, Why.ADOPTED, link))


def _event(
    name: str, seen: Observation, known: dict[BookingId, Booking], snapshot: Snapshot, policy: Policy
) -> Outcome:
    """An event with a UID of ours that belongs to no open link and no live booking that was seen."""
    booking_id = booking_id_of(name, seen)
    if booking_id is None or is_past(seen, snapshot, policy) or seen.calendar not in snapshot.readable:
        return Outcome()
    tombstone = snapshot.links.get(booking_id)
    if name in snapshot.linked_stems or (tombstone is not None and tombstone.closed is None):
        return Outcome()  # a further event of a linked booking: `duplicates` knows it
    if tombstone is not None and tombstone.closed is not None:
        lately = snapshot.now - tombstone.closed.at < LAG
        if lately and seen.etag is not None and seen.etag == tombstone.closed.etag:
            return Outcome()  # a listing that lags behind our own DELETE
        if tombstone.closed.why is ClosedWhy.CANCELLED and tombstone.booking.cancelled:
            return _returned(tombstone.booking, seen, snapshot, policy)
    booking = known.get(booking_id)
    if booking is not None and booking.cancelled:
        return _returned(booking, seen, snapshot, policy)
    if snapshot.looks.get(LookBooking(booking_id)) is Look.ABSENT or booking_id in snapshot.asked_lately:
        text = "an event that names a booking which Zimun does not know: left alone; delete it if it is of no use"
        return Outcome(problem=Problem(ProblemKind.ORPHAN, seen.href, text))
    return Outcome()


def _returned(booking: Booking, seen: Observation, snapshot: Snapshot, policy: Policy) -> Outcome:
    """The event of a cancelled booking: brought back by a person or a stale phone, or left over by a lost database."""
    link = _link(booking, seen, snapshot)
    if (tombstone := snapshot.links.get(booking.id)) is not None:
        link = replace(link, wrote=tombstone.wrote)  # the guard counts the cancellations of the last hour by it
    case = Case(link, snapshot, policy)
    if booking.id in snapshot.links or case.link.start.instant != booking.start:
        return endings.keep_cancelled(case, booking, seen)
    others = [other for other in _candidates(booking.id, snapshot) if other.key != seen.key and _generation(other) > 0]
    if others:
        link = replace(case.link, leftovers=tuple(left_behind(other) for other in others))
        return Outcome(Record(booking.id, Why.ADOPTED, link))
    return endings.remove(case, booking, seen, explicit=True)


def _link(booking: Booking, seen: Observation, snapshot: Snapshot) -> Link:
    event = _event_of(seen)
    ours = parse_uid(event.uid) is not None
    return Link(
        booking_id=booking.id,
        calendar=seen.calendar,
        href=seen.href,
        # a copy with a UID of its own is written anew under ours
        uid=event.uid if ours else uid_of(booking.id),
        booking=booking,
        start=resolved(event.start, snapshot.zone(booking)),
        texts=snapshot.texts.get(booking.id, Texts(title=event.title)),
        data=seen.data,
        event=event,
        put=event.put,
        etag=seen.etag,
        older=_older(booking.id, snapshot),
    )


def _older(booking_id: BookingId, snapshot: Snapshot) -> tuple[str, ...]:
    """The versions that the pair had before it ended: a stale client may write one of them back."""
    tombstone = snapshot.links.get(booking_id)
    return outdated(tombstone) if tombstone is not None else ()


def booking_id_of(name: str, seen: Observation) -> BookingId | None:
    """Which booking an event of ours names: its X-ZIMUN-BOOKING-ID, else its UID where that is the plain id."""
    event = _event_of(seen)
    if event.booking_id:
        return BookingId(event.booking_id)
    return BookingId(name) if stem(BookingId(name)) == name else None


def is_past(seen: Observation, snapshot: Snapshot, policy: Policy) -> bool:
    end = _event_of(seen).end.instant or _event_of(seen).start.instant
    return end is not None and end < snapshot.now - policy.past


def _event_of(seen: Observation) -> Event:
    assert seen.event is not None
    return seen.event
