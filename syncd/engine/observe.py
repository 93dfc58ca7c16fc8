"""Observe: what changed on each side since its cursor, or all of it; the calendars' part is stored with the cursor."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from syncd.domain.booking import BookingList, Catalog, Span
from syncd.domain.errors import CursorExpired, NotPermitted, SyncdError
from syncd.domain.event import EVER, Observation
from syncd.domain.link import Link, changed
from syncd.engine import withheld
from syncd.engine.sides import ZIMUN, Health, Sides
from syncd.engine.together import together
from syncd.planning.case import as_it_was_last
from syncd.planning.snapshot import Policy
from syncd.ports import CalendarPort, Listing, Stored
from syncd.state.pairs import UNREAD, Position
from syncd.state.store import Store

log = structlog.get_logger(__name__)

NEAR = timedelta(days=7)
FULL_LISTING_EVERY = timedelta(hours=1)
CATALOG_CYCLES = 15
FAR_LISTED = "far_listed_at"


async def observe_bookings(
    sides: Sides, policy: Policy, links: Iterable[Link], now: datetime, health: Health
) -> tuple[Catalog, BookingList | None, Span | None]:
    """The catalog, the bookings of a window, and that window; None and None where Zimun could not be read.

    Where the list is closed to this client: no bookings and no window, for each is looked at by its id.
    """
    links = list(links)
    window, far = _window(sides, policy, links, now)
    listed = BookingList(())
    try:
        try:
            listed = await sides.bookings.bookings(window.start, window.end)
        except NotPermitted as error:
            if error.credentials:
                raise
            if not sides.list_closed:
                log.warning("bookings.list_closed", fault=str(error))
            sides.list_closed = True
            return await _catalog(sides, BookingList(())), BookingList(()), None
        sides.list_closed = False
        catalog = await _catalog(sides, listed)
    except SyncdError as error:
        health.failed(ZIMUN, error)
        log.warning("bookings.unseen", fault=str(error))
        # without the catalog nothing is decided; but what the list shows is there, and no 404 of before counts any more
        shown = {booking.id for booking in listed.bookings if not booking.cancelled}
        for link in sides.store.links().values():
            if link.missing is not None and link.booking_id in shown:
                sides.store.save_link(replace(link, missing=None))
        return sides.catalog or Catalog(), None, None
    if far:
        sides.store.set_fact(FAR_LISTED, now.isoformat())
    return catalog, listed, window


def _window(sides: Sides, policy: Policy, links: Iterable[Link], now: datetime) -> tuple[Span, bool]:
    """Near days each time; now and then all that is wanted, and as far ahead as there are linked bookings."""
    start = now - policy.past
    listed_at = sides.store.fact(FAR_LISTED)
    last = datetime.fromisoformat(listed_at) if listed_at is not None else None
    if last is not None and last <= now < last + sides.far_every:
        return Span(start, min(now + NEAR, now + policy.future)), False
    furthest = max((link.booking.start for link in links if link.closed is None), default=now)
    return Span(start, max(now + policy.future, furthest + timedelta(seconds=1))), True


async def _catalog(sides: Sides, listed: BookingList) -> Catalog:
    """Places and services; read again now and then, and when a booking names one that is not known."""
    sides.catalog_age += 1
    known = sides.catalog
    strange = known is None or not all(known.names(booking) for booking in listed.bookings)
    if known is None or (strange and sides.catalog_age > 1) or sides.catalog_age > CATALOG_CYCLES:
        known = await sides.bookings.catalog()
        sides.catalog, sides.catalog_age = known, 0
    return known


async def observe_calendars(
    store: Store,
    calendars: Mapping[str, CalendarPort],
    cursors: Mapping[str, Position],
    links: Iterable[Link],
    now: datetime,
    health: Health,
) -> frozenset[str]:
    """Store what changed in each calendar since our cursor in it; the URLs of those that were read completely."""
    linked: dict[str, dict[str, Link]] = {url: {} for url in calendars}
    for link in links:
        if link.closed is None and link.calendar in linked:
            linked[link.calendar][link.href] = link
    read = await together(
        *(
            _observe_calendar(store, calendars[url], cursors.get(url, UNREAD), by_href, now, health)
            for url, by_href in linked.items()
        )
    )
    return frozenset(url for url, complete in zip(linked, read, strict=True) if complete)


async def _observe_calendar(
    store: Store, calendar: CalendarPort, at: Position, linked: Mapping[str, Link], now: datetime, health: Health
) -> bool:
    """Store what changed in one calendar since `at`, with the cursor that covers it. False: it could not be read whole.

    `linked` are the links in it by their hrefs: what cannot be read there is a fault of ours to name.
    """
    try:
        cursor, full_at = at
        listed = await listing(calendar, cursor, full_at, now)
        waiting = store.withheld(calendar.url)
        again = withheld.due(waiting, now) - listed.removed if not listed.full else set()
        if not (listed.full or listed.etags or listed.removed or listed.cursor != cursor or again):
            return True
        known = store.etags(calendar.url)
        changed = [href for href, etag in listed.etags.items() if etag is None or known.get(href, "") != etag]
        changed += sorted(again.difference(changed))
        fetched = {one.href: one for one in await calendar.fetch(changed)} if changed else {}
    except SyncdError as error:
        health.failed(calendar.url, error)
        log.warning("calendar.unseen", calendar=calendar.url, fault=str(error))
        return False
    gone = known.keys() - listed.etags.keys() if listed.full else listed.removed & known.keys()
    # listed a moment ago and not there any more: deleted in between; a second look follows before it is believed
    gone = gone | {href for href in changed if href not in fetched and href in known}
    given = [fetched[href] for href in changed if href in fetched and fetched[href].given]
    missing = {href: one for href, one in fetched.items() if not one.given}
    seen = [observed(calendar.url, one, linked.keys(), now) for one in given]
    seen += _not_given(missing, calendar.url, linked.keys(), known.keys(), store, now)
    # what stands there when a calendar is first read may have stood for long
    seen = _news(seen, store, EVER if full_at is None else None) if seen else []
    shown = {href for href in listed.etags if href in linked and not linked[href].shown}
    over = waiting.keys() if listed.full else {*changed, *listed.removed}
    # an object that nobody knows yet is either gone by the next listing, or one that is given to no fetch
    untold = {href for href in changed if not (href in fetched or href in known or href in linked)}
    missed = withheld.kept(waiting, over, missing.keys() | untold, now)
    if seen or gone or shown or missed != waiting or listed.full or listed.cursor != cursor:
        told = _told(calendar.url, shown, gone & linked.keys(), store, now)
        store.observe(calendar.url, seen, gone, listed.cursor, now if listed.full else full_at, told, missed)
    return True


def _not_given(
    missing: Mapping[str, Stored],
    calendar: str,
    linked: Collection[str],
    known: Collection[str],
    store: Store,
    now: datetime,
) -> list[Observation]:
    """What is remembered of objects that their server did not give: on the word of a pair's event nothing is done
    meanwhile, though what was last seen of it is kept. Any other stays as it is known.

    Without an ETag: should the old version come back, it is read all the same.
    """
    before = store.observations() if missing else {}
    return [
        replace(last, etag=None, fault=one.fault)
        if (last := before.get((calendar, href))) is not None
        else observed(calendar, one, linked, now)
        for href, one in sorted(missing.items())
        if href in linked or href not in known
    ]


def _told(calendar: str, shown: Collection[str], gone: Collection[str], store: Store, now: datetime) -> list[Link]:
    """The links, as they are by now, whose events were listed for the first time, or are gone: since now, and with what
    they had said at last.
    """
    if not (shown or gone):
        return []
    known, told = store.observations(), []
    for link in store.links().values():
        if link.calendar != calendar or link.closed is not None:
            continue
        # a grace from before it was ever shown is none of an event that stands now
        after = changed(link, shown=True, deletion=None) if link.href in shown else link
        if link.href in gone:
            after = as_it_was_last(replace(after, gone_at=now), known.get((calendar, link.href)))
        told += [after] if after is not link else []
    return told


async def look_at_new(store: Store, calendars: Mapping[str, CalendarPort], links: Iterable[Link]) -> None:
    """Look once, right after they were written, at the events that their calendars have not shown yet.

    That a write was answered proves little, see `Link.shown`; and whoever deletes an event before the next cycle, which
    a timer may run in half an hour, means it. What cannot be read now the next listing may show.
    """
    unseen = [link for link in links if not link.shown and link.closed is None]
    for url, calendar in calendars.items():
        hrefs = [link.href for link in unseen if link.calendar == url]
        if not hrefs:
            continue
        try:
            found = {one.href for one in await calendar.fetch(hrefs) if one.given}
        except SyncdError as error:
            log.info("calendar.not_shown", calendar=url, fault=str(error))
            continue
        for link in store.links().values():
            if link.calendar == url and link.href in found and not link.shown:
                store.save_link(replace(link, shown=True, deletion=None))


def _news(seen: list[Observation], store: Store, since: datetime | None) -> list[Observation]:
    """Those that say something new: without ETags all are fetched each time. `since`: since when they stand there, for
    those of which nothing was known.
    """
    known, news = store.observations(), []
    for one in seen:
        if (before := known.get(one.key)) is None:
            news.append(replace(one, first_at=since))
        elif replace(one, seen_at=before.seen_at, first_at=before.first_at) != before:
            news.append(replace(one, first_at=before.first_at or before.seen_at))
    return news


async def listing(calendar: CalendarPort, cursor: str | None, full_at: datetime | None, now: datetime) -> Listing:
    """What changed in the calendar since the cursor; all of it once an hour, and where the cursor is of no use."""
    if cursor is None or full_at is None or not full_at <= now < full_at + FULL_LISTING_EVERY:
        return await calendar.changes(None)
    try:
        return await calendar.changes(cursor)
    except CursorExpired:
        log.info("cursor.expired", calendar=calendar.url)
        return await calendar.changes(None)


def observed(calendar: str, stored: Stored, linked: Collection[str], now: datetime) -> Observation:
    """What a server gave, as an observation. A broken object is ours where it says so, or where a link expects it."""
    ours = stored.event is not None or bool(stored.data) or stored.href in linked
    fault = stored.fault if ours else ""
    if stored.event is None and not fault and stored.href in linked:
        fault = "it does not say any more which booking it is"
    return Observation(calendar, stored.href, stored.etag, now, stored.event, stored.data, fault)
