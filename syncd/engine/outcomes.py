"""What came of an intent, as the record and the next round of the cycle need it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog

from syncd.domain.actions import Action, Cancel, Create, Remove, Replace, Reschedule
from syncd.domain.booking import Booking, BookingList, Status
from syncd.domain.errors import NotPermitted, SyncdError
from syncd.domain.event import Observation
from syncd.domain.ids import BookingId
from syncd.domain.link import Link
from syncd.domain.request import Known, Reply
from syncd.engine.sides import Sides
from syncd.planning.case import noticed
from syncd.planning.instants import resolved
from syncd.planning.sides import our_write
from syncd.planning.snapshot import Snapshot
from syncd.ports import BookingPort, Stored
from syncd.state.journal import Intent, Outcome

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an intent, for the record and for the next round of the same cycle.

    `booking` is the booking as it is now, where that is known; `refused_uid` a UID that the server will not take;
    `refused_write`: a calendar will not have the event as it was to be written. `known` and `reply` are of what a
    person asked for: the booking by Zimun's word, and what the person is told; `fault` is why it came to nothing.
    """

    intent: Intent
    outcome: Outcome
    link: Link | None = None
    seen: Observation | None = None
    removed: tuple[str, str] | None = None
    booking: Booking | None = None
    refused_uid: str = ""
    refused_write: bool = False
    detail: str = ""
    known: Known | None = None
    reply: Reply | None = None
    fault: SyncdError | None = None

    @property
    def booking_id(self) -> BookingId:
        return self.intent.action.booking_id


def written_as(intent: Intent, action: Create | Replace, written: Stored, snapshot: Snapshot) -> Done:
    """An event was written: the link remembers it as the server stored it."""
    link = replace(
        action.link, calendar=action.calendar, href=written.href, etag=written.etag, data=written.data, unanswered=None
    )
    if isinstance(action, Create):
        link = replace(link, shown=False)
    if written.event is not None:
        link = replace(link, event=written.event)
        if action.draft.span is not None:
            link = replace(link, start=resolved(written.event.start, snapshot.zone(link.booking)))
    seen = Observation(
        action.calendar, written.href, written.etag, snapshot.now, written.event, written.data, written.fault
    )
    if isinstance(action, Replace) and (before := snapshot.events.get(seen.key)) is not None:
        # what people did there last is older than that: the guard asks when
        seen = replace(seen, seen_at=before.seen_at, first_at=before.first_at)
    return Done(intent, Outcome.DONE, link=link, seen=seen)


def rescheduled(intent: Intent, action: Reschedule, booking_id: BookingId, now: Booking | None, at: datetime) -> Done:
    """The booking is at its target. The base records what was agreed; an answer that still lags is not it."""
    booking = replace(action.link.booking, id=booking_id)
    if now is not None and now.start == action.to and not now.cancelled:
        booking = now
    # staff that came of it, or just before it, was not agreed: the next look at the pair sees the change, and tells it
    agreed = replace(booking, staff_name=action.before.booking.staff_name)
    link = replace(action.link, booking_id=booking_id, booking=agreed, wrote=our_write(action.link, action.expect, at))
    return Done(intent, Outcome.DONE, link=link, booking=booking)


def cancelled(intent: Intent, action: Cancel, at: datetime) -> Done:
    """The booking is cancelled; the next look at the pair closes it, or removes the event that still stands."""
    agreed = replace(action.expect, status=Status.CANCELLED)
    link = replace(action.link, booking=agreed, wrote=our_write(action.link, action.expect, at))
    return Done(intent, Outcome.DONE, link=link, booking=agreed)


def unwritten(action: Action, snapshot: Snapshot) -> Link | None:
    """Of a write that came to nothing, all that is remembered: the version that was to be replaced; None for no news.

    A person may change it before the next cycle, and a stale client write it back long after.
    """
    link = snapshot.links.get(action.booking_id)
    if link is None or not isinstance(action, Create | Replace | Remove):
        return None
    kept = noticed(link, snapshot.events.get((link.calendar, link.href)))
    return kept if kept is not link else None


async def read_quietly(port: BookingPort, booking_id: BookingId) -> Booking | None:
    """The booking as it is just now; None where that cannot be read, whatever the reason."""
    try:
        return await port.booking(booking_id)
    except SyncdError as error:
        log.info("booking.not_read_again", booking_id=booking_id, fault=type(error).__name__)
        return None


async def read_booking(port: BookingPort, booking_id: BookingId, *starts: datetime) -> Booking | None:
    """The booking as it is just now; by lists around `starts` where the single look-up does not tell.

    A 404 may be that of an API without such a call. Raises NotPermitted where neither call is open to us.
    """
    closed = False
    try:
        found = await port.booking(booking_id)
    except NotPermitted as error:
        if error.credentials:
            raise
        found, closed = None, True
    if found is not None:
        return found
    try:
        lists = [await port.bookings(start, start + timedelta(seconds=1)) for start in starts]
    except NotPermitted as error:
        if error.credentials or closed:
            raise
        return None
    return next((booking for listed in lists for booking in listed.bookings if booking.id == booking_id), None)


async def all_to_come(sides: Sides, since: datetime, to: datetime) -> BookingList:
    """What a list tells from then on, as far ahead as cycles list, that time among it. Raises what listing raises."""
    now = sides.clock.now()
    return await sides.bookings.bookings(min(since, now), max(now + sides.ahead, to + timedelta(seconds=1)))


def href_in(calendar: str, name: str) -> str:
    """The href of an object of ours in a calendar: its name is one plain segment."""
    return urlsplit(calendar).path + name
