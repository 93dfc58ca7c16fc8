"""A reschedule may make another booking of one. Where its answer was lost, the new one is found by whose it is."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from syncd.domain.actions import Asked, Reschedule, RescheduleByHand
from syncd.domain.booking import Booking, BookingList
from syncd.domain.errors import Malformed
from syncd.domain.ids import BookingId
from syncd.domain.link import Link
from syncd.engine.outcomes import all_to_come
from syncd.engine.sides import Sides
from syncd.state.journal import Intent


async def looked_for(action: Reschedule | RescheduleByHand, sides: Sides) -> Booking | None:
    """What became of a booking that was to be moved, where a look-up by its id finds none; by a list of all to come.

    Its id counts first where it is live, for a 404 may be wrong; else the one like it that stands at the target, for
    the old one may have been cancelled in its favour. None where there is neither, or several at the target. Raises
    what listing raises, NotPermitted where the list is closed to us.
    """
    links, now = sides.store.links(), sides.clock.now()
    listed = await all_to_come(sides, now, action.to)
    if any(item.key == action.booking_id for item in listed.parked):
        raise Malformed(action.booking_id, "the list names it, and it cannot be read")
    named = next((booking for booking in listed.bookings if booking.id == action.booking_id), None)
    if named is not None and not named.cancelled:
        return named
    return _alike(listed, action, links) or named


async def at_target(action: Reschedule, sides: Sides) -> Booking | None:
    """The one like it that stands at the target, by a list of that moment alone: where no long one is to be had."""
    listed = await sides.bookings.bookings(action.to, action.to + timedelta(seconds=1))
    return _alike(listed, action, sides.store.links())


def _alike(listed: BookingList, action: Reschedule | RescheduleByHand, links: Collection[BookingId]) -> Booking | None:
    """None for several: nobody could say which."""
    same = [booking for booking in listed.bookings if booking.id not in links and _is_at_target(booking, action)]
    return same[0] if len(same) == 1 else None


def concerned(intents: Iterable[Intent], links: Mapping[BookingId, Link]) -> frozenset[BookingId]:
    """The bookings that these are about, also by the id which a change by hand has given one of them since."""
    found: set[BookingId] = set()
    for intent in intents:
        action = intent.action
        found.add(action.booking_id)
        if not isinstance(action, Asked) and action.booking_id not in links:
            now = pair_of(action.link, links, intent.at)
            found |= {now.booking_id} if now is not None else set()
    return frozenset(found)


def pair_of(then: Link, links: Mapping[BookingId, Link], since: datetime) -> Link | None:
    """The open pair that this one is now, if its booking has another id since then.

    Its event keeps its UID; and where one was to be written anew, the pair remembers the booking before its last move.
    """
    alive = [link for link in links.values() if link.closed is None]
    by_event = (link for link in alive if link.uid == then.uid)
    moved = ((link, link.wrote) for link in alive if link.wrote is not None and link.wrote.at >= since)
    by_move = (link for link, wrote in moved if wrote.before.id == then.booking_id)
    return next(by_event, None) or next(by_move, None)


def under_any_id(booking_id: BookingId, links: Mapping[BookingId, Link]) -> Link | None:
    """The open pair of a booking, also by the id that it had before syncd's last move: a person may still name that."""
    alive = [link for link in links.values() if link.closed is None]
    named = (link for link in alive if link.booking_id == booking_id)
    moved = (link for link in alive if link.wrote is not None and link.wrote.before.id == booking_id)
    return next(named, None) or next(moved, None)


def perhaps_renamed(
    intents: Iterable[Intent], bookings: Iterable[Booking], links: Mapping[BookingId, Link]
) -> frozenset[BookingId]:
    """Unlinked bookings that an open reschedule may have made of others: they get no event until that is known."""
    moves = [intent.action for intent in intents if isinstance(intent.action, Reschedule | RescheduleByHand)]
    return frozenset(
        booking.id
        for booking in bookings
        if booking.id not in links and any(_is_at_target(booking, action) for action in moves)
    )


def _is_at_target(booking: Booking, action: Reschedule | RescheduleByHand) -> bool:
    was = action.expect
    return was is not None and booking.start == action.to and not booking.cancelled and _is_of(booking, was)


def _is_of(booking: Booking, other: Booking) -> bool:
    """Whether both are of the same customer, for the same service at the same place."""
    whose = (booking.contact_email, booking.service_id, booking.location_id)
    return whose == (other.contact_email, other.service_id, other.location_id) and booking.contact_email != ""
