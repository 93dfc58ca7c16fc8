"""Which days Zimun is asked about open slots, and when: near days often, far ones seldom, never above a budget.

The API's documentation names rate limits and no numbers, so the budget is a small one: a bucket of BURST calls that
fills at an even pace. Where a salon's services, places and days ask for more, every interval grows by the same factor.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from syncd.domain.availability import DayKey, OpenDay
from syncd.domain.booking import Booking, Catalog
from syncd.domain.ids import BookingId

HOURLY = 240
"""Calls within any hour at most."""

BURST = 8
"""Calls in one cycle at most, however long the last one is ago."""

HOUR = timedelta(hours=1)
PER_CALL = HOUR / (HOURLY - BURST)
"""The time that earns one call. A full bucket and what an hour earns are HOURLY together."""

# (up to so many days ahead, asked again after)
NEAR = (1, timedelta(minutes=5))
WEEK = (7, timedelta(minutes=30))
FAR = timedelta(hours=3)
NEVER = datetime.min.replace(tzinfo=UTC)
REST = HOUR
"""After how long a day that Zimun refused is asked about again, and a service of which it tells nothing."""

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


def interval(ahead: int, every: timedelta) -> timedelta:
    """After how long a day that is so many days ahead is asked about again, where the budget allows it.

    It is a whole number of cycles, of which there is one `every` so often.
    """
    wanted = NEAR[1] if ahead <= NEAR[0] else WEEK[1] if ahead <= WEEK[0] else FAR
    return max(1, round(wanted / every)) * every


def demand(aheads: Iterable[int], every: timedelta) -> float:
    """Calls per hour that these days would ask for without a budget."""
    return sum(HOUR / interval(ahead, every) for ahead in aheads)


def capacity(every: timedelta) -> float:
    """Calls per hour that the budget has, with a cycle `every` so often."""
    return min(HOUR / PER_CALL, BURST * (HOUR / every))


def stretch(aheads: Iterable[int], every: timedelta) -> float:
    """By how much every interval grows, for the budget has no more; 1 where it is enough."""
    return max(1.0, demand(aheads, every) / capacity(every))


def allowance(filling_since: datetime | None, now: datetime) -> int:
    """How many calls may be made now, where the bucket is filling since then; None: it is full.

    That moment is all that is kept of it: so no part of a call is lost between cycles, whatever their interval is.
    """
    return BURST if filling_since is None else max(0, min(BURST, (now - filling_since) // PER_CALL))


def charged(filling_since: datetime | None, now: datetime) -> datetime:
    """Since when the bucket would be filling, after one more call."""
    full = now - BURST * PER_CALL
    return max(filling_since or full, full) + PER_CALL


def due(known: Mapping[DayKey, OpenDay], days: Mapping[DayKey, int], now: datetime, every: timedelta) -> list[DayKey]:
    """The days to ask about now, the most urgent first. The budget decides how many of them are asked about.

    First what is stale, then what is the most overdue for its distance; nearer days first. So where the budget is too
    small, each interval comes out longer by the same factor, and what was never asked counts as twice as late as that:
    a first fill leaves near days half their pace. A day that was refused rests. Of a service that is silent, one day of
    the next week is asked about, another one each time.
    """
    asked = {key: known[key].tried_at if key in known and known[key].tried_at <= now else NEVER for key in days}
    quiet, unasked = silent(known, days), 2 * stretch(days.values(), every)
    late: list[tuple[bool, float, int, DayKey]] = []
    for key, ahead in days.items():
        if key[:2] in quiet:
            continue
        one, wanted, ago = known.get(key), interval(ahead, every), now - asked[key]
        if one is not None and one.refused:
            wanted = max(wanted, REST)
        stale = one is not None and one.stale
        # cycles do not come to the second: what falls due in half a cycle is nearer to this one than to the next
        if stale or ago + every / 2 >= wanted:
            late.append((not stale, -(ago / wanted if asked[key] > NEVER else unasked), ahead, key))
    for week in quiet.values():
        ago = now - max(asked[key] for key in week)
        if ago + every / 2 >= REST:
            longest_ago = min(week, key=lambda key: asked[key])
            late.append((True, -(ago / REST), days[longest_ago], longest_ago))
    return [key for *_, key in sorted(late)]


def silent(known: Mapping[DayKey, OpenDay], days: Mapping[DayKey, int]) -> dict[tuple[str, str], list[DayKey]]:
    """Each service and place of which Zimun tells nothing, with its days of the next week: it refused all of them.

    Where it refused some, it is these alone: they may be too far ahead, say, or too near to be booked.
    """
    weeks: dict[tuple[str, str], list[DayKey]] = defaultdict(list)
    for key, ahead in days.items():
        if ahead <= WEEK[0]:
            weeks[key[:2]].append(key)
    return {offer: week for offer, week in weeks.items() if all(key in known and known[key].refused for key in week)}


def is_closed(known: Mapping[DayKey, OpenDay], days: Mapping[DayKey, int]) -> bool:
    """Whether all that is offered is silent, and it is more than one service."""
    offered = {key[:2] for key in days}
    return len({service for service, _ in offered}) > 1 and offered <= silent(known, days).keys()


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
