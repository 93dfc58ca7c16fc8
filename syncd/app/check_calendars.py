"""`syncd check` on the calendar server: the account, then every calendar of the config."""

from collections.abc import Awaitable, Callable
from functools import partial

from syncd.app.check_rows import EXIT_CONFIG, Rows
from syncd.app.config import Config
from syncd.app.wiring import Accounts
from syncd.calendars.account import Account
from syncd.calendars.dav import NOT_ONE
from syncd.calendars.discovery import CalendarInfo, in_words
from syncd.domain.errors import CollectionGone, NoCalendar, NotPermitted, SyncdError
from syncd.planning.routing import Route
from syncd.ports import CalendarPort

_LOGIN = "look at the username and password of that calendar server"
_REACH = "look at the address and the network; try again later"


async def look_at_calendars(rows: Rows, accounts: Accounts, config: Config) -> list[Route] | None:
    """A row for each account and each calendar; the routes, or None where a calendar is not known."""
    known: dict[Account, list[CalendarInfo] | None] = {}
    routes: list[Route] = []
    for entry in config.calendars:
        account = accounts.of(entry)
        if account not in known:
            login = entry.username or config.caldav.username
            known[account] = await _look_at_account(rows, account, f"CalDAV {login}".strip())
        name = f"Calendar {entry.name or entry.url}"
        url = await _look_at_calendar(rows, name, partial(accounts.calendar, entry), known[account])
        if url:
            routes.append(Route(url, entry.locations, entry.services, entry.staff, entry.fallback))
    if openings := config.availability.calendar_url:
        if accounts.main not in known:
            known[accounts.main] = await _look_at_account(
                rows, accounts.main, f"CalDAV {config.caldav.username}".strip()
            )
        name = f"Open slots {openings}"
        url = await _look_at_calendar(rows, name, partial(accounts.main.beside, openings), known[accounts.main])
        if url in {route.calendar for route in routes}:
            rows.fail(name, "it is a calendar of bookings", "make a calendar for open slots alone, and name that one")
    return routes if len(routes) == len(config.calendars) else None


async def _look_at_account(rows: Rows, account: Account, name: str) -> list[CalendarInfo] | None:
    try:
        found = await account.calendars()
    except SyncdError as error:
        rows.failed(name, error, _advice(error))
        return None
    if found:
        rows.ok(name, f"{len(found)} {'calendar' if len(found) == 1 else 'calendars'}")
    else:
        rows.warn(
            name,
            "the server does not tell which calendars there are",
            "an event put into a calendar that the config does not name counts as deleted; name all calendars by url",
        )
    return found


async def _look_at_calendar(
    rows: Rows, name: str, found: Callable[[], Awaitable[CalendarPort]], infos: list[CalendarInfo] | None
) -> str | None:
    """Whether it is there, can be read and written; its URL."""
    try:
        calendar = await found()
    except SyncdError as error:
        rows.failed(name, error, _advice(error))
        return None
    try:
        listing = await calendar.changes(None)
    except NoCalendar:
        what = f"{calendar.url}: {NOT_ONE}" + _there(infos)
        rows.fail(name, what, "put the address of a calendar into the config", EXIT_CONFIG)
        return None
    except CollectionGone:
        what = f"there is no calendar at {calendar.url}" + _there(infos)
        rows.fail(name, what, "make the calendar, or put its address into the config")
        return None
    except SyncdError as error:
        rows.failed(name, error, _advice(error))
        return None
    info = next((one for one in infos or () if one.url == calendar.url), None)
    told = [f"{len(listing.etags)} {'event' if len(listing.etags) == 1 else 'events'}"]
    told.append("sync token" if listing.cursor else "no sync token: listed in full each time")
    if info is not None and not info.takes_events:
        rows.fail(name, "it takes no events", "name a calendar for events, not one for tasks")
    elif info is not None and info.writable is False:
        rows.fail(name, "it can be read, not written", "share it with this user for writing")
    elif info is None or info.writable is None:
        rows.ok(name, ", ".join([*told, "the server does not say whether it can be written"]))
    else:
        rows.ok(name, ", ".join([*told, "writable"]))
    return calendar.url


def _there(infos: list[CalendarInfo] | None) -> str:
    """Which calendars there are, as far as the server tells."""
    there = in_words(infos or ())
    return f"; there are: {there}" if there else ""


def _advice(error: SyncdError) -> str:
    if isinstance(error, NotPermitted):
        return _LOGIN if error.credentials else "let this user read it"
    return _REACH
