"""A reschedule may make another booking of one. Where its answer was lost, the new one is found by whose it is."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from syncd.domain.actions import Reschedule, RescheduleByHand
from syncd.domain.booking import Booking
from syncd.domain.ids import BookingId
from syncd.domain.link import Link
from syncd.engine.sides import Sides
from syncd.state.journal import Intent


async def made_of(action: Reschedule | RescheduleByHand, sides: Sides) -> Booking | None:
    """The booking that this reschedule made, its old id being unknown now: the one like it that stands at the target.

    None where there are several, or none. Raises what listing raises, NotPermitted where the list is closed to us.
    """
    links = sides.store.links()
    listed = await sides.bookings.bookings(action.to, action.to + timedelta(seconds=1))
    same = [booking for booking in listed.bookings if booking.id not in links and _is_at_target(booking, action)]
    return same[0] if len(same) == 1 else None


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
