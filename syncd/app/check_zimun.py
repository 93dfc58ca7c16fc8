"""`syncd check` on the Booking API: the token, then every endpoint that is read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncd.app.check_rows import Rows
from syncd.app.config import Config
from syncd.domain.booking import Booking, Catalog, Service
from syncd.domain.errors import NotFound, NotPermitted, SyncdError
from syncd.planning import availability
from syncd.ports import BookingPort

TOKEN = "Zimun token"  # noqa: S105 -- the name of a row
LOCATIONS, SERVICES = "Zimun locations", "Zimun services"
LIST, ONE, SLOTS = "Zimun bookings", "Zimun one booking", "Zimun open slots"
CALLS = "Zimun calls for open slots"
_REACH = "look at zimun.base_url and the network; try again later"


@dataclass(frozen=True, slots=True)
class Found:
    """What could be read of Zimun; None: not readable."""

    catalog: Catalog | None
    bookings: tuple[Booking, ...] | None


async def look_at_zimun(rows: Rows, port: BookingPort, config: Config, now: datetime) -> Found:
    """A row for each call that syncd reads with. Without a token the others are not tried: each would ask for one."""
    catalog: Catalog | None = None
    try:
        catalog = await port.catalog()
    except SyncdError as error:
        if "/oauth/token" in str(error) or (isinstance(error, NotPermitted) and error.credentials):
            secret = "look at zimun.client_id and zimun.client_secret"  # noqa: S105 -- advice
            rows.failed(TOKEN, error, secret if isinstance(error, NotPermitted) else _REACH)
            return Found(None, None)
        rows.ok(TOKEN, "given")
        rows.failed(SERVICES if "/services" in str(error) else LOCATIONS, error, _scope(error, "org:read"))
    else:
        rows.ok(TOKEN, "given")
        _tell_catalog(rows, catalog)
    start, end = now - timedelta(days=config.sync.past_days), now + timedelta(days=config.sync.future_days)
    bookings: tuple[Booking, ...] | None = None
    try:
        listed = await port.bookings(start, end)
    except SyncdError as error:
        if isinstance(error, NotPermitted) and not error.credentials:
            known = "new bookings cannot be seen; syncd goes on with those it knows, each looked at by its id; "
            rows.warn(LIST, str(error), known + _scope(error, "appointments:read"))
        else:
            rows.failed(LIST, error, _scope(error, "appointments:read"))
    else:
        bookings = listed.bookings
        rows.ok(LIST, f"{len(bookings)} from {start:%d %b} to {end:%d %b %Y}")
        rows.parked(LIST, listed.parked)
    await _look_at_one(rows, port, bookings)
    await _look_at_slots(rows, port, catalog, now)
    if config.availability.calendar_url and catalog is not None:
        every = timedelta(seconds=config.sync.interval_seconds)
        _tell_calls(rows, catalog, config.availability.days_ahead, every, now)
    return Found(catalog, bookings)


def _tell_catalog(rows: Rows, catalog: Catalog) -> None:
    if catalog.locations:
        rows.ok(LOCATIONS, ", ".join(catalog.locations))
    else:
        rows.warn(LOCATIONS, "none", "times are written in UTC; add a location in Zimun")
    unknown = [place.id for place in catalog.locations.values() if place.zone is None]
    if unknown:
        rows.warn(
            LOCATIONS,
            f"no usable time zone: {', '.join(unknown)}",
            "times there are written in UTC; set the zone in Zimun",
        )
    if catalog.services:
        rows.ok(SERVICES, ", ".join(catalog.services))
    else:
        rows.warn(SERVICES, "none", "without services no open slot can be looked up")
    rows.parked("Zimun catalogue", catalog.parked)


async def _look_at_one(rows: Rows, port: BookingPort, bookings: Iterable[Booking] | None) -> None:
    """The look-up by id, on a booking that the list names."""
    one = next(iter(bookings or ()), None)
    if one is None:
        rows.warn(ONE, "not tried: no booking is known", "check again when there is one")
        return
    try:
        read = await port.booking(one.id)
    except NotPermitted as error:
        if error.credentials:
            rows.failed(ONE, error, "look at zimun.client_id and zimun.client_secret")
            return
        rows.warn(
            ONE, str(error), "moves and deletions go out on the list's word; " + _scope(error, "appointments:read")
        )
    except SyncdError as error:
        rows.failed(ONE, error, _scope(error, "appointments:read"))
    else:
        if read is None:
            rows.warn(
                ONE, f"404 for {one.id}, which the list names", "a booking gone from the list counts as still there"
            )
        else:
            rows.ok(ONE, f"read {one.id}")


async def _look_at_slots(rows: Rows, port: BookingPort, catalog: Catalog | None, now: datetime) -> None:
    """One service, one place, tomorrow. Where Zimun knows no slots of that service (404), that of others tells more."""
    if catalog is None or not catalog.services:
        rows.warn(SLOTS, "not tried: no service is known")
        return
    unknown: NotFound | None = None
    for service, place in _some_offers(catalog):
        zone = catalog.zone(place)
        day = (now.astimezone(zone) if zone else now).date() + timedelta(days=1)
        try:
            slots = await port.open_slots(service.id, place, day)
        except NotFound as error:
            unknown = error
            rows.warn(SLOTS, f"{error} for {service.id}" + (f" at {place}" if place else ""), "look at it in Zimun")
        except SyncdError as error:
            rows.failed(SLOTS, error, "ask Zimun for the scope availability:read")
            return
        else:
            rows.ok(SLOTS, f"{len(slots)} on {day} for {service.id}" + (f" at {place}" if place else ""))
            return
    if unknown is not None:
        rows.failed(SLOTS, unknown, "ask Zimun for the scope availability:read")


def _tell_calls(rows: Rows, catalog: Catalog, days_ahead: int, every: timedelta, now: datetime) -> None:
    """How often open slots are asked for, to be published."""
    offers, days = availability.offers(catalog), availability.wanted(catalog, now, days_ahead)
    if not offers:
        advice = "each needs a place with a time zone: set it in Zimun"
        rows.warn(CALLS, "none: no service is bookable at a place whose time zone is known", advice)
        return
    wanted, factor = availability.demand(days.values(), every), availability.stretch(days.values(), every)
    today = availability.interval(0, every) * factor
    rows.ok(
        CALLS,
        f"{wanted / factor:.0f} an hour, of {availability.HOURLY} at most: {len(offers)} "
        f"{'service' if len(offers) == 1 else 'services'} by place, {days_ahead + 1} days; "
        f"today and tomorrow every {round(today.total_seconds() / 60, 1):g} minutes; "
        "looks for moves, requests and nearby times, further pages and retries come on top",
    )
    endless = [name for name in dict.fromkeys(one for one, _ in offers) if catalog.services[name].duration is None]
    if endless:
        rows.warn(CALLS, f"without a duration: {', '.join(endless)}", "they are not published; set it in Zimun")


def _some_offers(catalog: Catalog) -> list[tuple[Service, str]]:
    """Up to three services, each with a place where it is bookable; empty where Zimun names none."""
    named = sorted(catalog.services.values(), key=lambda service: not service.location_ids)
    everywhere = (*catalog.locations, "")
    return [(service, (service.location_ids or everywhere)[0]) for service in named[:3]]


def _scope(error: SyncdError, scope: str) -> str:
    if isinstance(error, NotPermitted):
        return "look at zimun.client_id and its secret" if error.credentials else f"ask Zimun for the scope {scope}"
    return _REACH
