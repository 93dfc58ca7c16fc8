"""Hold, then confirm: how a booking is made, and found again where an answer was lost.

Both are safe to repeat under their keys, so that is how they are settled after a crash, too: a hold whose answer was
lost is asked for again and confirmed, and does not stay an orphan. Before that there is a look, for meanwhile the same
may have been booked otherwise. A confirm that never gets a good answer ends once its hold has surely lapsed: with a
last attempt under its key, which tells of an earlier one, and a last look.
"""

from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from syncd.domain.actions import Cancel, CancelByHand, Confirm, Hold
from syncd.domain.booking import Booking
from syncd.domain.candidate import Candidate
from syncd.domain.errors import Malformed, NotFound, NotPermitted, OutcomeUnknown, Refused, SyncdError, Unavailable
from syncd.domain.ids import BookingId
from syncd.domain.link import Decision, Link
from syncd.domain.request import Known, Reply, Request
from syncd.engine import memory
from syncd.engine.nearby import open_nearby
from syncd.engine.outcomes import Done, all_to_come, read_quietly
from syncd.engine.sides import EXIT_DONE, EXIT_TROUBLE, Sides, exit_code_of
from syncd.planning import deletions
from syncd.planning.sides import STALE
from syncd.ports import Confirmed
from syncd.state.journal import Intent, Outcome

log = structlog.get_logger(__name__)

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
HOLD_LIFE = timedelta(minutes=10)
NO_ANSWER = "no answer came in time: nothing is booked"
UNSURE = "no answer came in time, and Zimun does not list its bookings: look there whether it is booked"
UNLISTED = "no answer came in time, and Zimun's list cannot be read: look there whether it is booked"
PERHAPS_MOVED = "no answer came in time, and Zimun lists what may be it at another time: look there first"
IN_ANOTHER_NAME = "that e-mail address has a booking at that time already, in another name: nothing is booked"
UNNAMED_HOLD = "Zimun held the time, but its answer names no hold; the hold lapses by itself, and nothing is booked"
UNNAMED = "Zimun made the booking, but its answer does not name it: look it up there, and take it in with syncd import"


def may_stand(intent: Intent, now: datetime) -> bool:
    """Whether what was held under that intent may not have lapsed."""
    return now - intent.at <= HOLD_LIFE


async def book(intent: Intent, sides: Sides, *, again: bool = False) -> Done:
    """Carry out a hold and the confirm that follows it, or a confirm alone.

    The hold is closed here, in the transaction that opens its confirm; what came of the last of them is returned, to be
    recorded. `again`: it was sent before, and what came of that is not known. UNKNOWN: it is to be repeated.
    """
    action = intent.action
    assert isinstance(action, Hold | Confirm)
    if again and (met := await _met(intent, action.request, sides)) is not None:
        if isinstance(action, Hold) and action.candidate is None and _is_in_another_name(met, action.request):
            return Done(intent, Outcome.REFUSED, reply=Reply(EXIT_TROUBLE, IN_ANOTHER_NAME))
        return met
    if isinstance(action, Hold):
        opened = await _hold(intent, action, sides, again=again)
        if isinstance(opened, Done):
            return opened
        intent, action, again = opened, opened.action, False
        assert isinstance(action, Confirm)
    return await _confirm(intent, action, sides, again=again)


async def live_twin(request: Request, sides: Sides, *, surely: bool = False) -> Booking | None:
    """The live booking with the same service, place, start and e-mail: then it is what was asked for.

    Raises Unavailable or NotPermitted where that cannot be known; where the list is closed to us what syncd knows is
    enough, but for `surely`. Of two, one that is not in another name.
    """
    known = {one.booking.id: one for one in sides.store.known()}
    seen = {booking_id: one.booking for booking_id, one in known.items()}
    listed: dict[BookingId, Booking] | None = None
    try:
        found = await sides.bookings.bookings(request.start, request.start + SECOND)
    except NotPermitted as error:
        if error.credentials or surely:
            raise
        seen |= {link.booking_id: link.booking for link in sides.store.links().values() if link.closed is None}
    else:
        listed = {booking.id: booking for booking in found.bookings}
        seen |= listed
    for booking in sorted(filter(request.is_met_by, seen.values()), key=request.is_in_another_name):
        if listed is not None and booking.id in listed:
            return booking
        fresh = await _read(booking, sides)
        # where the list is open and does not name it, a 404 says that it is gone, unless both lag
        lately = booking.id in known and sides.clock.now() - known[booking.id].at < STALE
        if fresh is None and (listed is None or lately):
            return booking
        if fresh is not None and request.is_met_by(fresh):
            return fresh
    return None


def open_pair(booking_id: BookingId, sides: Sides) -> Link | None:
    """The pair of a booking, as it is stored now, where it has not ended."""
    link = sides.store.links().get(booking_id)
    return link if link is not None and link.closed is None else None


def asked_again(twin: Booking, sides: Sides) -> Link | None:
    """The pair of a live twin, as it is once that is taken for what a person asks for now; None where there is none."""
    link = open_pair(twin.id, sides)
    return deletions.asked_again(link, sides.clock.now()) if link is not None else None


def is_being_cancelled(twin: Booking, sides: Sides) -> bool:
    """Whether syncd is asking Zimun to cancel it, or is about to at a person's word, and what comes of that is open."""
    link = open_pair(twin.id, sides)
    if link is not None and deletions.decided(link, Decision.APPROVED):
        return True
    asked = (one.action for one in sides.store.open_intents() if isinstance(one.action, Cancel | CancelByHand))
    return any(action.booking_id == twin.id for action in asked)


def may_be_ours(request: Request, sides: Sides, by: Intent | Candidate) -> bool:
    """Whether that time may be taken by another hold of ours whose end is not known: then a refusal is none yet.

    Zimun does not tell whose time a hold takes: it may be any at that place that overlaps. Of holds for others those
    count that were asked for before this was: an event that never gets an answer is held for anew again and again.
    """
    now = sides.clock.now()
    asker = by.action.candidate if isinstance(by, Intent) and isinstance(by.action, Hold | Confirm) else None
    asker = by.id if isinstance(by, Candidate) else asker
    since = next((one.asked_at for one in sides.store.candidates() if one.id == asker), None) or now

    def counts(one: Intent) -> bool:
        if not isinstance(one.action, Hold | Confirm) or abs(now - one.at) > 2 * HOLD_LIFE:
            return False
        if isinstance(by, Intent) and one.id == by.id:
            return False
        earlier = isinstance(one.action, Confirm) or one.action.candidate == asker or one.at <= since
        return earlier and _may_overlap(one.action.request, request, sides)

    return any(counts(one) for one in sides.store.open_intents())


def _may_overlap(one: Request, other: Request, sides: Sides) -> bool:
    """Whether the two cannot both be booked where one person is there for them."""
    if one.location_id != other.location_id:
        return False
    first, second = sorted((one, other), key=lambda each: each.start)
    service = sides.catalog.services.get(first.service_id) if sides.catalog is not None else None
    return second.start - first.start < ((service.duration if service is not None else None) or DAY)


async def _read(booking: Booking, sides: Sides) -> Booking | None:
    """The booking read afresh, None for 404; as it is remembered where the call is closed to us or tells nothing."""
    try:
        return await sides.bookings.booking(booking.id)
    except Malformed:
        return booking
    except NotPermitted as error:
        if error.credentials:
            raise
        return booking


def not_sent(intent: Intent, error: SyncdError, *, again: bool) -> Done:
    """Zimun could not be asked. What was never sent before had no effect, and the person is told."""
    if again:
        return Done(intent, Outcome.UNKNOWN, fault=error)
    return Done(
        intent, Outcome.FAILED, reply=Reply(exit_code_of(error), f"nothing was done: {error}"),
        detail=type(error).__name__, fault=error,
    )  # fmt: skip


async def _hold(intent: Intent, action: Hold, sides: Sides, *, again: bool) -> Done | Intent:
    """The intent to confirm what is held now, or what came of the hold instead."""
    request = action.request
    try:
        held = await sides.bookings.hold(request.service_id, request.location_id, request.start, intent.key)
    except OutcomeUnknown as error:
        return Done(intent, Outcome.UNKNOWN, fault=error)
    except (Refused, NotFound) as error:
        met = await _met(intent, request, sides)
        # nothing was confirmed yet: one in another name is somebody else's, who was faster
        if met is not None and not _is_in_another_name(met, request):
            return met
        if action.candidate is not None and may_be_ours(request, sides, intent):
            return Done(intent, Outcome.DROPPED, detail="settled", fault=error)  # its event asks again
        return await _refused(intent, request, sides, error)
    except Malformed:
        return Done(intent, Outcome.FAILED, reply=Reply(EXIT_TROUBLE, UNNAMED_HOLD), detail="Malformed")
    except (NotPermitted, Unavailable) as error:
        _remember(error, sides)
        return not_sent(intent, error, again=again)
    then = Confirm(action.booking_id, action.why, request, held.id, held.end, action.ask, action.candidate)
    opened = sides.store.record(intent, Outcome.DONE, sides.clock.now(), then=then)
    assert opened is not None
    log.info("intent.closed", booking_id=action.booking_id, action=action.kind, outcome=Outcome.DONE.value)
    return opened


async def _confirm(intent: Intent, action: Confirm, sides: Sides, *, again: bool) -> Done:
    request = action.request
    try:
        made = await sides.bookings.confirm(action.hold_id, request.contact_name, request.contact_email, intent.key)
    except (Refused, NotFound, Malformed) as error:
        # it may speak of an earlier attempt, whose answer the API does not remember any more
        surely = exit_code_of(error) if again and not isinstance(error, Malformed) else None
        if (met := await _met(intent, request, sides, surely=surely)) is not None:
            return met
        if isinstance(error, Malformed):
            return Done(intent, Outcome.DONE, reply=Reply(EXIT_TROUBLE, UNNAMED), detail="Malformed")
        return await _refused(intent, request, sides, error)
    except (NotPermitted, Unavailable) as error:
        _remember(error, sides)
        # while the hold stands it can be confirmed; and a list may lag for a while behind an attempt that was heard
        if sides.clock.now() - intent.at < HOLD_LIFE + STALE:
            return Done(intent, Outcome.UNKNOWN, fault=error)
        return await _unanswered(intent, request, sides, error)
    booking = await _booking_of(made, action, sides)
    known = Known(booking, sides.clock.now()) if booking is not None else None
    reply = Reply(EXIT_DONE, "booked", (made.booking_id,))
    return Done(intent, Outcome.DONE, booking=booking, known=known, reply=reply)


async def _unanswered(intent: Intent, request: Request, sides: Sides, error: SyncdError) -> Done:
    """What became of a confirm whose hold has lapsed, and which no attempt, this last one neither, got an answer to."""
    code = exit_code_of(error)
    if (met := await _met(intent, request, sides, surely=code)) is not None:
        return met
    slots = await open_nearby(sides, request.service_id, request.location_id, request.start)
    return Done(intent, Outcome.FAILED, reply=Reply(code, NO_ANSWER, slots=slots), detail="unanswered")


async def _doubt(request: Request, sides: Sides, since: datetime) -> str | None:
    """Why nobody can say that it is not booked, though it is not where it was to be; None where it surely is not.

    Its customer may have moved it before any answer came: then there is such a booking of theirs at another time, after
    `since`, when it was asked for.
    """
    try:
        listed = await all_to_come(sides, since, request.start)
    except SyncdError:
        return UNLISTED
    found = (replace(booking, start=request.start) for booking in listed.bookings)
    return PERHAPS_MOVED if listed.parked or any(map(request.is_met_by, found)) else None


def _remember(error: SyncdError, sides: Sides) -> None:
    if isinstance(error, NotPermitted) and not error.credentials:
        memory.remember_no_bookings(sides.store, sides.clock.now())


async def _booking_of(made: Confirmed, action: Confirm, sides: Sides) -> Booking | None:
    """The booking as Zimun tells it, else as it was asked for; None where nobody says how long it is."""
    request, booking = action.request, made.booking
    if booking is None or not booking.live:
        booking = await read_quietly(sides.bookings, made.booking_id)
    if booking is None or not booking.live:
        service = sides.catalog.services.get(request.service_id) if sides.catalog is not None else None
        length = service.duration if service is not None else None
        end = action.end or (request.start + length if length is not None else None)
        if end is None or end <= request.start:
            return None
        booking = Booking(made.booking_id, request.start, end)
    return replace(
        booking,
        service_id=booking.service_id or request.service_id,
        location_id=booking.location_id or request.location_id,
        contact_name=booking.contact_name or request.contact_name,
        contact_email=booking.contact_email or request.contact_email,
    )


async def _met(intent: Intent, request: Request, sides: Sides, *, surely: int | None = None) -> Done | None:
    """What came of it by a look: the booking that is there, or that none can be had now; None where there is none.

    `surely`: what syncd knows is not enough where the list is closed, nor that it is not where it was to be where it
    may have been moved. Then nobody can tell, with that exit code.
    """
    try:
        twin = await live_twin(request, sides, surely=surely is not None)
    except SyncdError as fault:
        if surely is not None and isinstance(fault, NotPermitted) and not fault.credentials:
            return Done(intent, Outcome.FAILED, reply=Reply(surely, UNSURE), detail="unsure")
        return Done(intent, Outcome.UNKNOWN, fault=fault)
    if twin is None and surely is not None and (doubt := await _doubt(request, sides, intent.at)) is not None:
        return Done(intent, Outcome.FAILED, reply=Reply(surely, doubt), detail="unsure")
    if twin is None:
        return None
    reply = Reply(EXIT_DONE, "booked already", (twin.id,))
    return Done(intent, Outcome.DONE, booking=twin, known=Known(twin, sides.clock.now()), reply=reply)


def _is_in_another_name(met: Done, request: Request) -> bool:
    return met.booking is not None and request.is_in_another_name(met.booking)


async def _refused(intent: Intent, request: Request, sides: Sides, error: SyncdError) -> Done:
    action = intent.action
    what = "the time could not be held" if isinstance(action, Hold) else "the hold could not be confirmed"
    reason = error.reason if isinstance(error, Refused) else "Zimun knows no such service, place or hold"
    # a hold that lapsed has set its time free
    no = isinstance(action, Hold)
    slots = await open_nearby(sides, request.service_id, request.location_id, request.start, refused=no)
    reply = Reply(EXIT_TROUBLE, f"{what}: {reason or 'Zimun refused it'}", slots=slots, reason=reason)
    return Done(intent, Outcome.REFUSED, reply=reply)
