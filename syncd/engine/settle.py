"""Settle: intents that a crash or a lost answer left open are turned into done or dropped by looking for their effect.

What had no effect is dropped, and planned anew from what is seen. Our own write counts as of now: a request whose
answer was lost may have arrived only a moment ago, and an answer from before it is stale from then on.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import structlog

from syncd.domain.actions import (
    Asked,
    ByHand,
    Cancel,
    CancelByHand,
    Create,
    Effect,
    Remove,
    Replace,
    Reschedule,
    Why,
)
from syncd.domain.booking import Booking
from syncd.domain.errors import Malformed, NotFound, NotPermitted, Refused, SyncdError, Unavailable
from syncd.domain.event import Event, EventTime
from syncd.domain.ids import BookingId
from syncd.domain.link import Decision, Link, Write
from syncd.domain.note import Note, NoteKind
from syncd.domain.request import Reply
from syncd.engine import memory, renames
from syncd.engine.byhand import CHANGED_SINCE, PATIENCE
from syncd.engine.execute import side_of
from syncd.engine.outcomes import Done, cancelled, href_in, read_booking, read_quietly, rescheduled, written_as
from syncd.engine.sides import EXIT_TROUBLE, Health, Managed, Sides
from syncd.planning import deletions, endings
from syncd.planning.case import made_old
from syncd.planning.instants import resolved
from syncd.planning.keeping import ANSWERS_TO_A_MARK
from syncd.planning.sides import STALE, is_stale
from syncd.planning.snapshot import Snapshot
from syncd.ports import BookingPort, CalendarPort, Stored
from syncd.state.journal import Intent, Outcome
from syncd.state.store import Store

log = structlog.get_logger(__name__)


async def settle(sides: Sides, managed: Managed, snapshot: Snapshot, health: Health) -> frozenset[BookingId]:
    """Settle what can be settled; the bookings whose intents must stay open are left out of this cycle."""
    open_still: list[Intent] = []
    intents = sides.store.open_intents()
    if intents:
        snapshot = replace(snapshot, events=sides.store.observations())
    for intent in intents:
        if isinstance(intent.action, Asked):
            # it was tried again before this, and its outcome is still not known
            open_still.append(intent)
            continue
        try:
            done = await _look(intent, sides, managed, snapshot)
        except Malformed as error:
            # this booking alone cannot be read: it waits, the others go on
            log.warning("intent.unreadable", booking_id=intent.action.booking_id, fault=str(error))
            open_still.append(intent)
            continue
        except SyncdError as error:
            # whether all of that calendar cannot be read its listing tells
            health.failed(side_of(intent.action), error, of_one=True)
            open_still.append(intent)
            continue
        except Exception as error:
            # a fault of ours about one item must not stop the others
            log.exception("intent.broken", booking_id=intent.action.booking_id, action=intent.action.kind)
            health.broken(side_of(intent.action), error)
            open_still.append(intent)
            continue
        if done.link is not None:
            links = sides.store.links()
            link = _both(intent, done.link, links) if _is_of_a_move(intent.action) else done.link
            done = replace(done, link=_carried_on(intent, link, links))
        sides.store.record(
            intent, done.outcome, sides.clock.now(), link=done.link, observed=done.seen, removed=done.removed,
            detail="settled",
        )  # fmt: skip
        log.info("intent.settled", booking_id=done.booking_id, action=intent.action.kind, outcome=done.outcome.value)
        if done.outcome is Outcome.UNKNOWN:
            open_still.append(intent)
    return renames.concerned(open_still, sides.store.links())


def _is_of_a_move(action: Effect) -> bool:
    return isinstance(action, Reschedule) or (isinstance(action, Replace) and action.why is Why.MOVE_WAITS)


def _both(intent: Intent, settled: Link, links: Mapping[BookingId, Link]) -> Link:
    """A pair of which two answers were lost: a move's, and that of the write which said in its event that it waits.

    Whichever is settled last was planned before the other was known, and must not take that back: the booking and what
    was agreed are the move's, what stands in the calendar is the write's, and what the event says has ended.
    """
    action = intent.action
    known = links.get(action.booking_id) or renames.pair_of(settled, links, intent.at)
    if known is None or known.wrote == settled.wrote:
        return settled
    moved, written = (settled, known) if isinstance(action, Reschedule) else (known, settled)
    note = replace(written.note, until=written.note.at) if written.note is not None else None
    return replace(
        moved, calendar=written.calendar, href=written.href, uid=written.uid, texts=written.texts, note=note,
        data=written.data, event=written.event, etag=written.etag, put=written.put, replay=written.replay,
        older=written.older, since=written.since, leftovers=written.leftovers,
    )  # fmt: skip


def _carried_on(intent: Intent, settled: Link, links: Mapping[BookingId, Link]) -> Link:
    """What came of a write, with what a change by hand has made of its pair since: its id, and that it was our write.

    Recorded under the old id it would be a second pair of that event; and of an event that syncd had removed, the pair
    under the new id would think that a person had. And what a change by hand left in doubt is to be told still, and a
    person's word about what awaits it, that they want the booking or that it stays where it is, said since the write
    was planned, is their last.
    """
    now = links.get(settled.booking_id)
    word = now.awaiting if now is not None else None
    if word is not None and settled.awaiting is not None and word.since == settled.awaiting.since:
        settled = replace(settled, awaiting=replace(settled.awaiting, decision=word.decision))
    doubt = now.unsaid(NoteKind.MOVE_UNSURE) if now is not None else None
    if doubt is not None and settled.closed is None and doubt != settled.note:
        settled = replace(settled, pending=doubt)
    if now is not None and settled.closed is None and not isinstance(intent.action, Cancel):
        # what was said before the write was planned, it may have spent
        if now.asked_again_at is not None and now.asked_again_at >= intent.at:
            settled = replace(settled, deletion=None, asked_again_at=now.asked_again_at)
        if now.refusal is not None and now.refusal.to is None and now.refusal.note.at >= intent.at:
            settled = replace(settled, refusal=now.refusal)
    if isinstance(intent.action, Reschedule | Cancel):
        return settled
    known = renames.pair_of(settled, links, intent.at)
    if known is None:
        return settled
    booking = replace(settled.booking, id=known.booking_id)
    return replace(settled, booking_id=known.booking_id, booking=booking, wrote=known.wrote)


async def _look(intent: Intent, sides: Sides, managed: Managed, snapshot: Snapshot) -> Done:
    action, calendars = intent.action, managed.calendars
    dropped = Done(intent, Outcome.DROPPED)
    assert not isinstance(action, Asked)
    match action:
        case Reschedule() | Cancel():
            try:
                return await _look_at_booking(intent, action, sides)
            except NotPermitted as error:
                if error.credentials:
                    raise
                return await _repeat(intent, action, sides, managed)
        case Create() | Replace() if action.calendar not in calendars:
            return dropped
        case Remove(calendar=calendar, href=href) if calendar not in calendars:
            # nobody can look whether it went. Taken for standing, it would count as a person's deletion once that
            # calendar is back in the config; taken for gone, it is found there by a full listing
            sides.store.forget_cursor(calendar)
            return replace(dropped, link=action.link, removed=(calendar, href))
        case Create(calendar=calendar, name=name):
            return _written(intent, action, await calendars[calendar].get(href_in(calendar, name)), snapshot)
        case Replace(calendar=calendar, href=href):
            stored = await calendars[calendar].get(href)
            if stored is not None and stored.event is not None and _is_untouched(action, stored):
                return replace(dropped, link=_with_unanswered(action, stored.event, sides, snapshot))
            return _written(intent, action, stored, snapshot)
        case Remove(calendar=calendar, href=href):
            if await calendars[calendar].get(href) is not None:
                return replace(dropped, link=_to_be_kept(action, sides, managed))
            return Done(intent, Outcome.DONE, link=action.link, removed=(calendar, href))


def _with_unanswered(action: Replace, stands: Event, sides: Sides, snapshot: Snapshot) -> Link | None:
    """The pair of a write that had no answer, while what it was to replace still stands: should it arrive yet.

    Where that is what the write before it had made of the event, late as well, it stays known for what it is. But what
    a write that left the time alone would have left elsewhere, a person has put there.
    """
    link = _own_pair(action, sides)
    if link is None:
        return None
    before = link.unanswered
    there = resolved(stands.start, snapshot.zone(link.booking)).instant
    if before is not None and (before.draft.span is not None or there == link.start.instant):
        link = made_old(link, stands) if before.is_met_by(stands, there) else link
    return replace(link, unanswered=_as_written(action))


def _as_written(action: Create | Replace) -> Write:
    etag = action.etag if isinstance(action, Replace) else None
    note = action.link.note
    return Write(action.draft, noted=note is not None, asks=note.asks if note is not None else None, onto=etag)


def _own_pair(action: Replace | Remove, sides: Sides) -> Link | None:
    """The pair whose event that is, and no left-over of it."""
    link = sides.store.links().get(action.booking_id)
    return link if link is not None and (link.calendar, link.href) == (action.calendar, action.href) else None


def _to_be_kept(action: Remove, sides: Sides, managed: Managed) -> Link | None:
    """The pair of an event that was to be removed and stands, should its booking be alive after all.

    The removal may arrive yet, and would look like a person's deletion. What is told then makes another version of the
    event, which that removal does not meet; and is an answer, should it be gone before.
    """
    link = _own_pair(action, sides)
    if link is None or link.unsaid(*ANSWERS_TO_A_MARK):
        return None
    now = sides.clock.now()
    return replace(link, pending=Note(NoteKind.REVIVED, now, now + managed.policy.note))


async def _look_at_booking(intent: Intent, action: Reschedule | Cancel, sides: Sides) -> Done:
    if isinstance(action, Cancel):
        booking = await read_booking(sides.bookings, action.booking_id, action.expect.start)
        if booking is not None and booking.cancelled:
            return cancelled(intent, action, sides.clock.now())
        if booking is not None and booking.start != action.expect.start:
            memory.remember_start(sides.store, booking, sides.clock.now())
        return Done(intent, Outcome.DROPPED)
    booking = await read_booking(sides.bookings, action.booking_id, action.expect.start, action.to)
    if booking is None or booking.cancelled:
        if _was_cancelled_since(intent, sides):
            return Done(intent, Outcome.DROPPED)  # another one of that customer's at the target was not made of it
        booking = await _looked_for(intent, action, sides) or booking
        if booking is not None and booking.cancelled and abs(sides.clock.now() - intent.at) < STALE:
            return Done(intent, Outcome.UNKNOWN)  # the one made of it may not be listed yet
    if booking is not None and not booking.cancelled and booking.start == action.to:
        return rescheduled(intent, action, booking.id, booking, sides.clock.now())
    return Done(intent, Outcome.DROPPED)


def _was_cancelled_since(intent: Intent, sides: Sides) -> bool:
    """Whether Zimun cancelled it at our word, or may have, asked by hand after that call was sent."""
    known = (one for one in sides.store.known() if one.booking.id == intent.action.booking_id)
    return any(one.booking.cancelled and one.before is not None and one.at >= intent.at for one in known)


async def _looked_for(intent: Intent, action: Reschedule, sides: Sides) -> Booking | None:
    try:
        return await renames.looked_for(action, sides)
    except Unavailable:
        if abs(sides.clock.now() - intent.at) > PATIENCE:
            return await renames.at_target(action, sides)  # so long a list may be refused each time
        raise
    except NotPermitted as error:
        if error.credentials:
            raise
        return None


async def drop_outdated(
    store: Store,
    port: BookingPort,
    bookings: Mapping[BookingId, Booking],
    links: Mapping[BookingId, Link],
    now: datetime,
) -> frozenset[BookingId]:
    """Drop what was to be asked for a booking that the list shows otherwise than it was then.

    Where no look by its id tells, it would be asked for again: of a booking which its customer has changed since.
    Returns the bookings for which nothing is left open.
    """
    dropped: set[BookingId] = set()
    for intent in store.open_intents():
        action = intent.action
        if not isinstance(action, Reschedule | Cancel | ByHand) or (listed := bookings.get(action.booking_id)) is None:
            continue
        link = links.get(action.booking_id)
        if listed.cancelled or _may_be_after(action, listed) or (link is not None and is_stale(link, listed, now)):
            continue
        by_hand = isinstance(action, ByHand)
        seen = await read_quietly(port, action.booking_id) if by_hand else None
        then = action.expect
        lags = seen is not None and then is not None and then.is_newer_than(seen)
        if seen is not None and (seen.cancelled or _may_be_after(action, seen) or lags):
            continue  # the list may lag behind it, or both do, and it decides about that change
        reply = Reply(EXIT_TROUBLE, CHANGED_SINCE) if by_hand else None
        store.record(intent, Outcome.DROPPED, now, detail="settled", reply=reply)
        if by_hand:
            memory.is_answered(store, action.booking_id)
            memory.set_aside(store, action.booking_id, now)
        log.info("intent.settled", booking_id=action.booking_id, action=action.kind, outcome=Outcome.DROPPED.value)
        dropped.add(action.booking_id)
    return frozenset(dropped - {intent.action.booking_id for intent in store.open_intents()})


def _may_be_after(action: Reschedule | Cancel | ByHand, listed: Booking) -> bool:
    """Whether the booking is as it was when the call was sent, or as the call alone would have made it."""
    then = action.expect
    if then is None:
        return True  # nobody knows how it was
    if isinstance(action, Cancel):
        return listed.same_as(then)
    same = (listed.service_id, listed.location_id) == (then.service_id, then.location_id)
    starts = (then.start,) if isinstance(action, CancelByHand) else (then.start, action.to)
    return same and listed.start in starts


async def _repeat(intent: Intent, action: Reschedule | Cancel, sides: Sides, managed: Managed) -> Done:
    """A booking that no call can read cannot be looked at: the same key again answers as the first call did.

    Neither is asked for again where a person has asked for something else in the shell since, and was heard or may have
    been, or has taken a yes back; nor a cancellation whose reason has ended meanwhile: the event is back, or the
    question over. Nor one that would not go out by now: then the event comes back, and says that nobody knows.
    """
    link = sides.store.links().get(action.booking_id)
    by_hand = (one.action for one in sides.store.open_intents() if isinstance(one.action, ByHand))
    set_aside = memory.was_set_aside(sides.store, action.booking_id, sides.clock.now()) is not None
    if link is None or link.wrote != action.before.wrote or set_aside:
        return Done(intent, Outcome.DROPPED)
    if any(each.booking_id == action.booking_id for each in by_hand):
        return Done(intent, Outcome.UNKNOWN)  # first comes what became of that
    if link.awaiting is not None and link.awaiting.decision is Decision.REJECTED:
        return Done(intent, Outcome.DROPPED)
    if isinstance(action, Cancel):
        over = endings.is_over(action.before, link) or await _is_back(link, sides, managed.calendars)
        if over is not False:
            return Done(intent, Outcome.UNKNOWN if over is None else Outcome.DROPPED)
        if not deletions.may_cancel(link, managed.policy):
            now = sides.clock.now()
            note = Note(NoteKind.CANCEL_UNSURE, now, now + managed.policy.note)
            untold = link.unsaid(*ANSWERS_TO_A_MARK) or note
            return Done(intent, Outcome.DROPPED, link=replace(link, deletion=None, pending=untold))
    try:
        if isinstance(action, Cancel):
            await sides.bookings.cancel(action.booking_id, intent.key)
            return cancelled(intent, action, sides.clock.now())
        renamed = await sides.bookings.reschedule(action.booking_id, action.to, intent.key)
    except (Refused, NotFound):
        return Done(intent, Outcome.DROPPED)
    return rescheduled(intent, action, renamed or action.booking_id, None, sides.clock.now())


async def _is_back(link: Link, sides: Sides, calendars: Mapping[str, CalendarPort]) -> bool | None:
    """Whether the event that was deleted stands again, by the two looks that a deletion is believed by; None where they
    cannot be had now. They come here: the process may have ended before it asked for anything, and been away for long.

    Of a calendar that left the config since, nothing is believed to be deleted.
    """
    if link.deletion is None or deletions.decided(link, Decision.APPROVED):
        return False
    if link.calendar not in calendars:
        return True
    try:
        own = await calendars[link.calendar].get(link.href)
        if own is not None and own.stands:
            return True
        return any(each.stands for _, each in await sides.account.find(link.uid, link.booking_id))
    except SyncdError as error:
        # the calendars' fault, and no reason to take Zimun for down
        log.warning("event.not_looked_at", booking_id=link.booking_id, fault=str(error))
        return None


def _changed_since(intent: Intent, action: Create | Replace, stored: Stored, snapshot: Snapshot) -> Done:
    """Nothing came of our write; but where the event bears the number that this write gave it, for its booking had been
    moved, it arrived, and a person has changed the event since: against where our write had put it, and not against
    where it stood before.
    """
    draft, event, before = action.draft, stored.event, snapshot.links.get(action.booking_id)
    moved = before is not None and before.booking.start != action.link.booking.start
    if not isinstance(action, Replace) or not moved or event is None or draft.put is None or event.put != draft.put:
        return Done(intent, Outcome.DROPPED)
    start = draft.put.start
    link = replace(action.link, start=EventTime(f"{start:%Y%m%dT%H%M%SZ}", instant=start))
    return Done(intent, Outcome.DONE, link=link)


def _is_untouched(action: Replace, stored: Stored) -> bool:
    """Whether what was to be replaced still stands there."""
    # None and weak tags may be those of several versions: that two are alike tells nothing
    strong = stored.etag is not None and not stored.etag.startswith("W/")
    return (strong and stored.etag == action.etag) or stored.data == action.onto


def _written(intent: Intent, action: Create | Replace, stored: Stored | None, snapshot: Snapshot) -> Done:
    """Our write is known by what it says, where another version stands than it was to replace."""
    # what we write is never marked as cancelled
    if stored is None or stored.event is None or stored.event.cancelled:
        return Done(intent, Outcome.DROPPED)
    start = resolved(stored.event.start, snapshot.zone(action.link.booking)).instant
    if not _as_written(action).is_met_by(stored.event, start):
        return _changed_since(intent, action, stored, snapshot)
    return written_as(intent, action, stored, snapshot)
