"""The open starts nearest to one that was refused: a kindness, not worth a failure."""

from datetime import UTC, datetime, timedelta

from syncd.domain.errors import SyncdError
from syncd.engine.sides import Sides
from syncd.planning.landing import nearest

DAY = timedelta(days=1)


async def open_nearby(sides: Sides, service_id: str, location_id: str, to: datetime) -> tuple[datetime, ...]:
    """Up to three open starts of that day at the place, else of the days beside it, in their order."""
    try:
        if sides.catalog is None:
            sides.catalog, sides.catalog_age = await sides.bookings.catalog(), 0
        day = to.astimezone(sides.catalog.zone(location_id) or UTC).date()
        if slots := await sides.bookings.open_slots(service_id, location_id, day):
            return nearest(slots, to)
        beside = [await sides.bookings.open_slots(service_id, location_id, other) for other in (day - DAY, day + DAY)]
    except SyncdError:
        return ()
    return nearest((*beside[0], *beside[1]), to)
