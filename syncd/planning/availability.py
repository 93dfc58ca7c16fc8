"""Which days Zimun is asked about open slots, and when: near days often, far ones seldom, never above a budget.

The API's documentation names rate limits and no numbers, so the budget is a small one. Where a salon's services,
places and days ask for more, every interval grows by the same factor.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from math import inf

from syncd.domain.availability import DayKey, OpenDay
from syncd.domain.booking import Booking, Catalog
from syncd.domain.ids import BookingId

HOURLY = 240
"""Calls per hour at most, once the first round is through."""

BURST = 8
"""Calls in one cycle at most, however long the last one is ago."""

HOUR = timedelta(hours=1)
# (up to so many days ahead, asked again after)
NEAR = (1, timedelta(minutes=5))
WEEK = (7, timedelta(minutes=30))
FAR = timedelta(hours=3)

Change = tuple[Booking | None, Booking | None]


def offers(catalog: Catalog) -> list[tuple[str, str]]:
    """Each service with each place where it is bookable; a service that names none is bookable at all."""
    everywhere = tuple(catalog.locations)
    pairs = ((one.id, place) for one in catalog.services.values() for place in one.location_ids or everywhere)
    return sorted({(service, place) for service, place in pairs if catalog.zone(place) is not None})


def wanted(catalog: Catalog, now: datetime, days_ahead: int) -> dict[DayKey, int]:
    """Every day to know, today and `days_ahead` more, and how many days ahead of the place's today it is."""
    days: dict[DayKey, int] = {}
    for service, place in offers(catalog):
        zone = catalog.zone(place)
        assert zone is not None
        today = now.astimezone(zone).date()
        days |= {(service, place, today + timedelta(days=ahead)): ahead for ahead in range(days_ahead + 1)}
    return days


def interval(ahead: int) -> timedelta:
    """After how long a day that is so many days ahead is asked about again, within the budget."""
    if ahead <= NEAR[0]:
        return NEAR[1]
    return WEEK[1] if ahead <= WEEK[0] else FAR


def demand(aheads: Iterable[int]) -> float:
    """Calls per hour that these days would ask for without a budget."""
    return sum(HOUR / interval(ahead) for ahead in aheads)


def stretch(aheads: Iterable[int]) -> float:
    """By how much every interval grows so that the budget holds; 1 where it holds anyway."""
    return max(1.0, demand(aheads) / HOURLY)


def allowance(known: Collection[OpenDay], now: datetime) -> int:
    """How many calls may be made now: the budget's share of the time since the last one.

    So the budget holds whatever the cycle's interval is. A call from the future is one that a clock misdated.
    """
    last = max((one.tried_at for one in known if one.tried_at <= now), default=None)
    return BURST if last is None else min(BURST, int((now - last) / HOUR * HOURLY))


def due(known: Mapping[DayKey, OpenDay], days: Mapping[DayKey, int], now: datetime) -> list[DayKey]:
    """The days to ask about now, the most urgent first, as many as the budget allows.

    First what is stale, then what was never asked, then what is the most overdue for its distance; nearer days first.
    """
    factor = stretch(days.values())
    late: list[tuple[bool, float, int, DayKey]] = []
    for key, ahead in days.items():
        one = known.get(key)
        lateness = inf
        if one is not None and one.tried_at <= now:
            lateness = (now - one.tried_at) / (interval(ahead) * factor)
        stale = one is not None and one.stale
        if stale or lateness >= 1:
            late.append((not stale, -lateness, ahead, key))
    return [key for *_, key in sorted(late)[: allowance(known.values(), now)]]


def outdated(known: Iterable[DayKey], days: Collection[DayKey], catalog: Catalog, now: datetime) -> list[DayKey]:
    """What need not be remembered: days that are over, and what is not offered any more.

    A service or place may be missing only because its entry could not be read: then what is known stays, until its
    day is over everywhere on earth.
    """
    if not catalog.parked and catalog.services and catalog.locations:
        return [key for key in known if key not in days]
    over = (now - timedelta(hours=12)).date()
    return [key for key in known if key[2] < over]


def touched(known: Iterable[DayKey], changes: Iterable[Change], catalog: Catalog) -> list[DayKey]:
    """The days whose open slots may be others now, for bookings were made, moved or cancelled.

    Services share staff and rooms, so it is every service at that place.
    """
    days = {
        day
        for before, after in changes
        for booking in (before, after)
        if booking is not None
        for day in _days_of(booking, catalog)
    }
    return [key for key in known if (key[1], key[2]) in days]


def changes(before: Mapping[BookingId, Booking], after: Mapping[BookingId, Booking]) -> list[Change]:
    """Each booking that takes up another time or place than before. Both hold those in force only."""
    pairs = [(before.get(one), after.get(one)) for one in sorted(before.keys() | after.keys())]
    return [(old, new) for old, new in pairs if old is None or new is None or not old.same_as(new)]


def _days_of(booking: Booking, catalog: Catalog) -> set[tuple[str, date]]:
    zone = catalog.zone(booking.location_id)
    if zone is None:
        return set()
    first, last = (moment.astimezone(zone).date() for moment in (booking.start, booking.end))
    return {(booking.location_id, first + timedelta(days=more)) for more in range((last - first).days + 1)}
