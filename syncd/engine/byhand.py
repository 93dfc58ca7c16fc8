"""A reschedule or a cancel at a person's explicit word: no guard, no look at the slots; Zimun has the last word.

The link keeps its base, so that the booking is seen to have changed, and its event follows as after a customer's
change. The link remembers our write, for a while an answer that lags behind it is told by that.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from syncd.domain.actions import ByHand, CancelByHand, RescheduleByHand
from syncd.domain.booking import Booking, Status
from syncd.domain.errors import Malformed, NotFound, NotPermitted, OutcomeUnknown, Refused, Unavailable
from syncd.domain.ids import BookingId
from syncd.domain.link import AwaitKind, Link, Refusal
from syncd.domain.note import Note, NoteKind
from syncd.domain.request import Known, Reply
from syncd.engine import memory, renames
from syncd.engine.book import not_sent, open_pair
from syncd.engine.nearby import open_nearby
from syncd.engine.outcomes import Done, read_booking, read_quietly
from syncd.engine.sides import EXIT_DONE, EXIT_DOWN, EXIT_TROUBLE, Sides
from syncd.planning import deletions
from syncd.planning.keeping import ANSWERS_TO_A_MARK
from syncd.planning.sides import STALE, is_stale, our_write
from syncd.state.journal import Intent, Outcome

UNKNOWN_BOOKING = "Zimun knows no such booking"
CHANGED_SINCE = "no answer came, and it is not asked for again: the booking was changed meanwhile"
NO_EFFECT = "no answer came, and it had no effect: ask again"
UNSURE = "no answer came, and no call tells of this booking: look in Zimun whether it was done"
PATIENCE = timedelta(minutes=15)
DOUBT = timedelta(hours=72)
"""How long the event tells of it, at most: as long as other notes do where the config does not say otherwise."""


async def change(intent: Intent, action: ByHand, sides: Sides, *, again: bool = False) -> Done:
    """Ask Zimun, and say what came of it, to be recorded. `again`: it was sent before, under the same key."""
    try:
        if isinstance(action, CancelByHand):
            await sides.bookings.cancel(action.booking_id, intent.key)
            return _cancelled(intent, action, sides)
        renamed = await sides.bookings.reschedule(action.booking_id, action.to, intent.key)
        booking_id = renamed or action.booking_id
        return _moved(intent, action, booking_id, await read_quietly(sides.bookings, booking_id), sides)
    except OutcomeUnknown as error:
        return Done(intent, Outcome.UNKNOWN, fault=error)
    except NotFound:
        return Done(intent, Outcome.REFUSED, reply=Reply(EXIT_TROUBLE, UNKNOWN_BOOKING), detail="NotFound")
    except Refused as error:
        return await _refused(intent, action, sides, error)
    except (NotPermitted, Unavailable) as error:
        return not_sent(intent, error, again=again)


async def settle_change(intent: Intent, action: ByHand, sides: Sides) -> Done:
    """What came of a change whose answer was lost, by reading the booking; by the same key again where no call can.

    And while what is read may be an answer that lags. Raises what reading it raises: then it stays open. Where no call
    tells, it ends after a while: nobody knows what its customer, or a person in the calendar, has wanted since.
    """
    starts = [action.expect.start] if action.expect is not None else []
    starts += [action.to] if isinstance(action, RescheduleByHand) else []
    listed, is_old = True, abs(sides.clock.now() - intent.at) > PATIENCE
    try:
        found = await read_booking(sides.bookings, action.booking_id, *starts)
        if (found is None or found.cancelled) and isinstance(action, RescheduleByHand):
            found = await _looked_for(action, found, sides, is_old=is_old)
    except NotPermitted as error:
        if error.credentials:
            raise
        found, listed = None, False
    if found is None:
        if is_old:
            return _unsure(Done(intent, Outcome.DROPPED, detail="settled"), action, sides)
        if isinstance(action, CancelByHand) and starts and listed:
            # it is not where it was: its customer may have moved it, and wants it to stand
            return Done(intent, Outcome.UNKNOWN)
        done = await change(intent, action, sides, again=True)
        # the one before it may have been heard
        return _unsure(done, action, sides) if done.outcome is Outcome.REFUSED and not listed else done
    if isinstance(action, CancelByHand):
        if found.cancelled:
            return _cancelled(intent, action, sides)
    elif not found.cancelled and found.start == action.to:
        link = sides.store.links().get(found.id)
        if not is_old and link is not None and is_stale(link, found, sides.clock.now()):
            return Done(intent, Outcome.UNKNOWN)  # it was there before syncd moved it away: soon it is known
        return _moved(intent, action, found.id, found, sides)
    if found.cancelled and not is_old and abs(sides.clock.now() - intent.at) < STALE:
        return Done(intent, Outcome.UNKNOWN)  # the one made of it may not be listed yet
    if action.expect is not None and found.same_as(action.expect) and sides.clock.now() - intent.at < STALE:
        return await change(intent, action, sides, again=True)
    elsewhere = action.expect is not None and found.start != action.expect.start
    if elsewhere and not is_old and _wrote_lately(action.booking_id, sides):
        return Done(intent, Outcome.UNKNOWN)  # perhaps from before what syncd did before this: soon it is known
    reply = Reply(EXIT_TROUBLE, CHANGED_SINCE) if elsewhere else Reply(EXIT_DOWN, NO_EFFECT)
    return Done(intent, Outcome.DROPPED, reply=reply, detail="settled")


def _unsure(done: Done, action: ByHand, sides: Sides) -> Done:
    """Nobody knows whether it was done: whoever asked is told so, and of a move the event tells it, too."""
    return replace(done, reply=Reply(EXIT_DOWN, UNSURE), link=in_doubt(action, sides))


def in_doubt(action: ByHand, sides: Sides) -> Link | None:
    """The pair of a move of which nobody knows whether it was done; None for a cancellation, or where there is none.

    Who asks for a move wants the booking to stand: what was deleted before that comes back, as after a move that was
    answered.
    """
    link = renames.under_any_id(action.booking_id, sides.store.links())
    if not isinstance(action, RescheduleByHand) or link is None:
        return None
    now = sides.clock.now()
    note = Note(NoteKind.MOVE_UNSURE, now, now + DOUBT, asked=action.to)
    return replace(link, deletion=None, pending=link.unsaid(*ANSWERS_TO_A_MARK) or note)


def stays(link: Link, now: datetime) -> Link:
    """The pair of a booking that is to be where it is, by a person's word: a move that waits is over, as is a deletion.

    So is what people made of its event and syncd has not read yet; both are put right, and the event says so.
    """
    awaiting = link.awaiting
    if awaiting is not None and awaiting.kind is AwaitKind.MOVE:
        awaiting = None
    refusal = Refusal(None, Note(NoteKind.MOVE_REJECTED, now, now + DOUBT))
    return replace(deletions.asked_again(link, now), refusal=refusal, awaiting=awaiting)


def _wrote_lately(booking_id: BookingId, sides: Sides) -> bool:
    """Whether syncd had changed the booking so shortly before that what is read may be from before that.

    Or may have: by what it does not ask for again.
    """
    aside = memory.was_set_aside(sides.store, booking_id, sides.clock.now())
    if aside is not None and aside < STALE:
        return True
    link = sides.store.links().get(booking_id)
    ats = [link.wrote.at] if link is not None and link.wrote is not None else []
    ats += [one.at for one in sides.store.known() if one.booking.id == booking_id and one.before is not None]
    return any(sides.clock.now() - at < STALE for at in ats)


async def _looked_for(action: RescheduleByHand, seen: Booking | None, sides: Sides, *, is_old: bool) -> Booking | None:
    """The booking by a list. As it was `seen` by its id, cancelled or not at all, where a list does not tell: closed to
    us, or not to be read by the time that the wish waits no longer for it.
    """
    try:
        return await renames.looked_for(action, sides) or seen
    except NotPermitted as error:
        if error.credentials or seen is None:
            raise
        return seen
    except (Malformed, Unavailable):
        if not is_old:
            raise
        return seen


def _moved(intent: Intent, action: RescheduleByHand, booking_id: BookingId, now: Booking | None, sides: Sides) -> Done:
    at, expect = sides.clock.now(), action.expect
    booking = now if now is not None and now.start == action.to and not now.cancelled else None
    if booking is None and expect is not None:
        booking = replace(expect, id=booking_id, start=action.to, end=action.to + expect.span.length)
    link = _written(sides, action.booking_id, booking_id, expect)
    if link is not None and link.booking.start == action.to:
        link = stays(link, at)  # by what its event was compared with last it moved nowhere
    reply = Reply(EXIT_DONE, "rescheduled", (booking_id,))
    known = Known(booking, at, expect) if booking is not None else None
    return Done(intent, Outcome.DONE, link=link, booking=booking, known=known, reply=reply)


def _cancelled(intent: Intent, action: CancelByHand, sides: Sides, *, by_us: bool = True) -> Done:
    at, expect = sides.clock.now(), action.expect
    link = _written(sides, action.booking_id, action.booking_id, expect)
    before = expect if by_us else None
    known = Known(replace(expect, status=Status.CANCELLED), at, before) if expect is not None else None
    reply = Reply(EXIT_DONE, "cancelled", (action.booking_id,))
    return Done(intent, Outcome.DONE, link=link, known=known, reply=reply)


def _written(sides: Sides, old_id: BookingId, booking_id: BookingId, expect: Booking | None) -> Link | None:
    """The booking's link with our write, under the id that the booking has now; None where nothing is to be written."""
    link = open_pair(old_id, sides)
    if link is None:
        return None
    # the base is not told where it went: a start that it had before other writes may be the true one now
    wrote = our_write(link, expect, sides.clock.now()) if expect is not None else link.wrote
    return replace(link, booking_id=booking_id, booking=replace(link.booking, id=booking_id), wrote=wrote)


async def _refused(intent: Intent, action: ByHand, sides: Sides, error: Refused) -> Done:
    fresh = await read_quietly(sides.bookings, action.booking_id)
    slots: tuple[datetime, ...] = ()
    if isinstance(action, CancelByHand):
        if fresh is not None and fresh.cancelled:
            # before that was asked for: a move of it may have made another booking of it
            return _cancelled(intent, action, sides, by_us=False)
    else:
        if fresh is not None and not fresh.cancelled and fresh.start == action.to:
            return _moved(intent, action, action.booking_id, fresh, sides)
        booking = fresh or action.expect
        if booking is not None and booking.live and booking.service_id:
            slots = await open_nearby(sides, booking.service_id, booking.location_id, action.to, refused=True)
    reply = Reply(EXIT_TROUBLE, error.reason or "Zimun refused it", slots=slots)
    return Done(intent, Outcome.REFUSED, reply=reply)
