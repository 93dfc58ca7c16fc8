"""Bookings that syncd knows by its own doing: booked, moved, cancelled or taken in by hand.

They count where Zimun does not tell of them: its list is closed, or lags behind what it answered us.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from syncd.domain.booking import Booking, Span
from syncd.domain.errors import NotPermitted, SyncdError
from syncd.domain.ids import BookingId
from syncd.domain.link import Link
from syncd.domain.request import Known
from syncd.engine.sides import Sides
from syncd.planning.sides import STALE
from syncd.planning.snapshot import Policy

log = structlog.get_logger(__name__)

FAR_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Listed:
    """What Zimun's list told in this cycle. `window` is None where the list is closed to us."""

    bookings: Mapping[BookingId, Booking]
    window: Span | None
    unreadable: Iterable[str] = field(default=())


async def with_known(
    sides: Sides,
    listed: Listed,
    links: Mapping[BookingId, Link],
    policy: Policy,
    now: datetime,
    unsettled: Collection[BookingId],
) -> dict[BookingId, Booking]:
    """The listed bookings, and those that syncd knows besides. What needs no knowing any more is forgotten.

    `unsettled`: of these an intent is open, and their links may not be what they will be.
    """
    found, over = dict(listed.bookings), []
    known = sides.store.known()
    asking = [one for one in sides.store.candidates() if one.booking_id is not None] if known else []
    requested = {one.booking_id for one in asking}
    # how a booking ended decides what becomes of its request, as long as that stands, also where nobody looks now
    standing = {one.booking_id for one in asking if not one.gone or not sides.store.is_watched(one.calendar)}
    for one in known:
        booking_id, link = one.booking.id, links.get(one.booking.id)
        if link is not None and link.closed is not None and (link.closed.at < one.at or one.before is None):
            link = None  # the pair had ended when this was told, or it was taken in anew: the booking lives again
        if booking_id not in unsettled and _is_over(one, link, requested=booking_id in requested):
            over.append(booking_id)
            continue
        if booking_id not in unsettled and booking_id not in found and one.booking.end < now - policy.past:
            continue  # so may one to come be by a clock that is ahead: it is forgotten with all else that is old
        if link is None and one.booking.cancelled and booking_id in requested - standing:
            continue  # a listing that leaves the event out which asked for it may be wrong: then that is to be told
        far = (
            link is None
            and one.booking.start >= now + policy.future
            and booking_id not in requested
            and not one.booking.cancelled
        )
        # it has no event yet; where it is moved nearer the list tells, or where that is closed a look now and then
        if booking_id in listed.unreadable or (far and (listed.window is not None or abs(now - one.at) < FAR_EVERY)):
            continue
        seen = found.get(booking_id) or await _look(one, sides, listed.window, now)
        if seen is None:
            if far:
                sides.store.know(replace(one, at=now))  # nor is it asked for in each cycle where that fails
            continue
        found.setdefault(booking_id, seen)
        if far:
            sides.store.know(Known(seen, now))
            continue
        if not _says_the_same(seen, one.booking) and not _lags(one, seen, now):
            # somebody changed it since
            if link is None or booking_id in unsettled:
                sides.store.know(Known(seen, now))
            else:
                over.append(booking_id)
    if over:
        sides.store.forget_known(over)
    return found


def _is_over(one: Known, link: Link | None, *, requested: bool) -> bool:
    """Whether its link says the same, or no event will ever be written for it and no request waits to hear so."""
    if link is None:
        return one.booking.cancelled and not requested
    return link.closed is not None or _says_the_same(link.booking, one.booking)


async def _look(one: Known, sides: Sides, window: Span | None, now: datetime) -> Booking | None:
    """The booking as its own call tells it, else as it is known; None where it is not believed to be there."""
    try:
        found = await sides.bookings.booking(one.booking.id)
    except NotPermitted as error:
        return None if error.credentials else one.booking
    except SyncdError as error:
        log.info("booking.not_read_again", booking_id=one.booking.id, fault=type(error).__name__)
        return None
    if found is not None:
        return one.booking if _lags(one, found, now) else found
    # where nothing is listed, a 404 may be that of an API without such a call; and a new booking is not known at once
    return one.booking if window is None or one.booking.cancelled or now - one.at < STALE else None


def _lags(one: Known, seen: Booking, now: datetime) -> bool:
    """Whether an answer still shows what was there before our own write, and is not known to be newer."""
    if one.before is None or not seen.same_as(one.before) or now - one.at >= STALE:
        return False
    was = one.before.updated_at
    return was is None or seen.updated_at is None or seen.updated_at <= was


def _says_the_same(booking: Booking, other: Booking) -> bool:
    return (booking.start, booking.cancelled) == (other.start, other.cancelled)
