"""The doctor behind `syncd check`: one row for each thing that syncd needs, each looked at whatever the others say.

It only reads; its one POST fetches the access token. With `probe` it also writes a scratch event into each calendar.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime

from syncd.app.check_calendars import look_at_calendars
from syncd.app.check_probe import probe_calendars, tell_probed
from syncd.app.check_rows import MOST_NAMED, Row, Rows, Verdict
from syncd.app.check_zimun import Found, look_at_zimun
from syncd.app.clock import SystemClock
from syncd.app.config import Config
from syncd.app.wiring import Accounts
from syncd.domain.actions import ProblemKind
from syncd.domain.booking import Booking, Status
from syncd.domain.errors import ConfigError, StoreError
from syncd.planning.routing import Route, route
from syncd.state.database import is_there
from syncd.state.store import Store
from syncd.zimun import ZimunClient

__all__ = ["Row", "Verdict", "examine"]

_SHORT_CYCLES = 10

# Seconds; Purelymail and Bedework list a new event up to so much later.
LISTING_LAG = 180


async def examine(config: Config, warnings: Sequence[str], now: datetime, *, probe: bool = False) -> list[Row]:
    """Every row, in the order in which syncd needs the things. `warnings` are what the config itself gives rise to."""
    rows = Rows()
    rows.ok("Config", f"{len(config.calendars)} {'calendar' if len(config.calendars) == 1 else 'calendars'}")
    if config.sync.cancel_grace_seconds < LISTING_LAG:
        advice = "some calendar servers show new events that late, and until then they look deleted: give 180 or more"
        rows.warn("Config", f"sync.cancel_grace_seconds is less than {LISTING_LAG}", advice)
    if config.availability.calendar_url and config.availability.days_ahead > config.sync.future_days:
        advice = (
            "an open slot beyond future_days that is booked online goes, and its booking's event comes only when it is "
            "near: give future_days as much"
        )
        rows.warn("Config", "availability.days_ahead is more than sync.future_days", advice)
    for warning in warnings:
        what, _, advice = warning.partition("; ")
        rows.warn("Config", what, advice)
    _look_at_store(rows, config)
    zimun = config.zimun
    async with AsyncExitStack() as stack:
        client = ZimunClient(zimun.base_url, zimun.client_id, zimun.client_secret.get_secret_value())
        stack.push_async_callback(client.aclose)
        found = await look_at_zimun(rows, client, config, now)
        routes = None
        try:
            accounts = Accounts(config, SystemClock())
        except ConfigError as error:
            rows.failed("CalDAV", error, "")
        else:
            stack.push_async_callback(accounts.aclose)
            routes = await look_at_calendars(rows, accounts, config)
            if probe:
                await probe_calendars(rows, accounts, config, SystemClock())
            else:
                urls = [one.calendar for one in routes or ()]
                if openings := config.availability.calendar_url:
                    with suppress(ConfigError):  # has a row of its own
                        urls.append((await accounts.main.beside(openings)).url)
                tell_probed(rows, config, urls, complete=routes is not None)
    _look_at_routing(rows, config, found, routes)
    return rows.all


def _look_at_store(rows: Rows, config: Config) -> None:
    """Whether the store is there, whole and this account's; what stood still in its last cycle."""
    path = config.state.path
    try:
        if not is_there(path):
            rows.ok("Store", f"none yet; the first cycle makes {path}")
            return
        with Store.open(path) as store, store.copy_in_memory() as copy:
            store.try_to_write()
            # on the copy, for it would be remembered
            copy.bind(config.zimun.base_url, config.zimun.client_id)
            cycles, links = copy.last_cycles(_SHORT_CYCLES), copy.links()
    except StoreError as error:
        rows.failed("Store", error, "")
        return
    rows.ok("Store", f"{sum(link.closed is None for link in links.values())} bookings with their events")
    last = next((row.summary for row in cycles if row.summary is not None), None)
    if last is None:
        return
    for kind, number in Counter(problem.kind for problem in last.problems).items():
        # routing is looked at afresh below
        if kind is not ProblemKind.UNROUTED:
            named = [problem for problem in last.problems if problem.kind is kind][:MOST_NAMED]
            told = ", ".join(problem.key for problem in named) + (", ..." if number > len(named) else "")
            rows.warn("Last cycle", f"{number} {kind.value}: {told}", f"{named[0].text} (syncd status has all)")


def _look_at_routing(rows: Rows, config: Config, found: Found, routes: Sequence[Route] | None) -> None:
    if found.bookings is None:
        rows.warn("Routing", "not looked at: the bookings cannot be listed")
        return
    live = [booking for booking in found.bookings if not booking.cancelled and booking.status is not Status.HELD]
    if any(entry.staff for entry in config.calendars) and live and not any(one.staff_name for one in live):
        rows.fail(
            "Routing",
            "routing by staff cannot work: the API names no staff in any booking",
            "take staff out of [[calendars]]; route by location or service",
        )
    _look_for_strangers(rows, config, found)
    if routes is None:
        rows.warn("Routing", "not looked at: a calendar is not known")
        return
    unrouted = [booking for booking in live if route(booking, routes) is None]
    if unrouted:
        named = ", ".join(booking.id for booking in unrouted[:MOST_NAMED])
        more = ", ..." if len(unrouted) > MOST_NAMED else ""
        rows.fail(
            "Routing",
            f"{len(unrouted)} of {len(live)} bookings belong in no calendar: {named}{more}",
            "add a [[calendars]] entry that matches them, or fallback = true",
        )
    else:
        rows.ok("Routing", _shares(live, routes) + _others(len(found.bookings) - len(live)))


def _look_for_strangers(rows: Rows, config: Config, found: Found) -> None:
    """Ids in [[calendars]] that Zimun does not have: mostly a slip of the pen."""
    if found.catalog is None:
        return
    wanted = {
        "locations": ({name for entry in config.calendars for name in entry.locations}, found.catalog.locations),
        "services": ({name for entry in config.calendars for name in entry.services}, found.catalog.services),
    }
    for key, (named, there) in wanted.items():
        strange = sorted(named - there.keys())
        if strange:
            rows.warn("Routing", f"calendars.{key}: Zimun has no {', '.join(strange)}", f"it has: {', '.join(there)}")


def _shares(live: Sequence[Booking], routes: Sequence[Route]) -> str:
    count = Counter(route(booking, routes) for booking in live)
    # several entries may name one calendar
    calendars = dict.fromkeys(entry.calendar for entry in routes)
    if len(calendars) == 1:
        return f"all {len(live)} bookings have their calendar"
    return "bookings for each calendar: " + ", ".join(str(count[calendar]) for calendar in calendars)


def _others(number: int) -> str:
    return f"; {number} more, cancelled or only held, need none" if number else ""
