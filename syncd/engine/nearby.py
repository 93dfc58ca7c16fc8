"""The open starts nearest to one that was refused: a kindness, not worth a failure."""

from datetime import UTC, datetime, timedelta

from syncd.domain.booking import Catalog
from syncd.domain.errors import SyncdError
from syncd.engine.sides import Sides
from syncd.planning.landing import nearest

DAY = timedelta(days=1)


async def open_nearby(
    sides: Sides, service_id: str, location_id: str, to: datetime, *, refused: bool = False
) -> tuple[datetime, ...]:
    """Up to three open starts to come, of that day at the place, else of the days beside it, in their order.

    `refused`: Zimun said no to that very start, so it is not among them. A list of slots may still name it.
    """
    now = sides.clock.now()
    try:
        if sides.catalog is None:
            sides.catalog, sides.catalog_age = await sides.bookings.catalog(), 0
        place = location_id or _only_place(sides.catalog, service_id)
        if place is None:
            return ()
        zone = sides.catalog.zone(place) or UTC
        day, today = (moment.astimezone(zone).date() for moment in (to, now))
        for days in ((day,), (day - DAY, day + DAY)):
            asked = [await sides.bookings.open_slots(service_id, place, each) for each in days if each >= today]
            # whether the list leaves out what is past is not published
            found = [slot for slots in asked for slot in slots if slot.start > now]
            if starts := nearest((slot for slot in found if not (refused and slot.start == to)), to):
                return starts
    except SyncdError:
        pass
    return ()


def _only_place(catalog: Catalog, service_id: str) -> str | None:
    """Where the service is bookable, empty where Zimun names no places; None where it is more than one: which is meant
    is not known, and a call that names none is refused then.
    """
    service = catalog.services.get(service_id)
    places = (service.location_ids if service is not None else ()) or tuple(catalog.locations)
    if len(places) > 1:
        return None
    return places[0] if places else ""
