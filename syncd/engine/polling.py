"""Asks Zimun which slots are open, day by day, after all that a cycle does about bookings. The answers are kept.

Nothing here stands in the way of a booking: a call that fails changes neither the cycle's outcome nor what is known,
and no further one is made for a while. What a crash leaves undone is asked for again when it is next due.

Where Zimun knows no such service there (404), or does not tell (422), it is that day of that service alone; where that
is so for each day of the next week, it is that service. What is shown of it stays: its list of services still names it,
and by that list its events go, when it is taken out there. Until then a customer who is written into one is told no by
the hold.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from syncd.domain.availability import DayKey, OpenDay
from syncd.domain.booking import Booking, Catalog
from syncd.domain.errors import Malformed, NotFound, NotPermitted, RateLimited, Refused, StoreError, SyncdError
from syncd.domain.ids import BookingId
from syncd.domain.link import Link
from syncd.engine.sides import ZIMUN, Health, Sides
from syncd.planning import availability
from syncd.state.store import Store

log = structlog.get_logger(__name__)

PAUSED = "availability.paused_until"
BUDGET = "availability.filling_since"
PAUSE, CLOSED_PAUSE = timedelta(minutes=5), timedelta(hours=1)


class Polling:
    """One cycle's questions about open slots. Begun before the cycle, so that it sees which bookings changed."""

    def __init__(self, sides: Sides, health: Health, stopping: Callable[[], bool]) -> None:
        self._sides = sides
        self._health = health
        self._stopping = stopping
        self._filling_since: datetime | None = None
        self._before = self._in_force() if sides.open_days is not None else {}

    async def poll(self, catalog: Catalog) -> None:
        """Ask about the days that are due. Raises StoreError only."""
        if (days_ahead := self._sides.open_days) is None:
            return
        store, now = self._sides.store, self._sides.clock.now()
        days = availability.wanted(catalog, now, days_ahead)
        known = store.open_days()
        changes = availability.changes(self._before, self._in_force())
        stale = [replace(known[key], stale=True) for key in availability.touched(known, changes, catalog)]
        gone = availability.outdated(known, days, catalog, now)
        store.keep_open_days(stale, gone)
        if ZIMUN in self._health.faults or self._is_paused(now):
            return
        known = {key: one for key, one in known.items() if key not in gone} | {one.key: one for one in stale}
        for key in availability.due(known, days, now, self._sides.every)[: self._allowed(now)]:
            if self._stopping():
                return
            try:
                known[key] = await self._ask(key, known.get(key))
            except StoreError:
                raise
            except SyncdError as error:
                self._pause(error)
                return
            if known[key].refused and availability.is_closed(known, days):
                self._pause(NotPermitted("no service has open slots to tell of", credentials=False))
                return

    async def _ask(self, key: DayKey, before: OpenDay | None) -> OpenDay:
        """Ask about one day, and keep and give the answer. Raises where the next one should not be asked for now."""
        store, now = self._sides.store, self._sides.clock.now()
        # first, so that a question which ends the process costs its call and is not put again at once
        self._filling_since = availability.charged(self._filling_since, now)
        store.set_fact(BUDGET, self._filling_since.isoformat())
        after = replace(before, tried_at=now) if before is not None else OpenDay(*key, tried_at=now)
        store.keep_open_days([after])
        try:
            slots = await self._sides.bookings.open_slots(*key)
        except (Malformed, NotFound, Refused) as error:
            log.warning("availability.unread", service=key[0], location=key[1], day=str(key[2]), fault=str(error))
            after = replace(after, stale=False, refused=True)
        else:
            after = OpenDay(*key, tried_at=now, read_at=now, slots=slots)
        store.keep_open_days([after])
        return after

    def _allowed(self, now: datetime) -> int:
        told = self._sides.store.fact(BUDGET)
        self._filling_since = datetime.fromisoformat(told) if told is not None else None
        if self._filling_since is not None and self._filling_since > now:
            # the clock was set back meanwhile
            self._filling_since = now
            self._sides.store.set_fact(BUDGET, now.isoformat())
        return availability.allowance(self._filling_since, now)

    def _pause(self, error: SyncdError) -> None:
        wait = CLOSED_PAUSE if isinstance(error, NotPermitted) else PAUSE
        if isinstance(error, RateLimited):
            wait = max(wait, timedelta(seconds=min(error.retry_after, CLOSED_PAUSE.total_seconds())))
        until = self._sides.clock.now() + wait
        self._sides.store.set_fact(PAUSED, until.isoformat())
        log.warning("availability.paused", until=until.isoformat(), fault=str(error))

    def _is_paused(self, now: datetime) -> bool:
        told = self._sides.store.fact(PAUSED)
        # further away than any pause: the clock was set back meanwhile
        return told is not None and now < datetime.fromisoformat(told) <= now + CLOSED_PAUSE

    def _in_force(self) -> dict[BookingId, Booking]:
        return {one.booking_id: one.booking for one in self._sides.store.links().values() if _is_in_force(one)}


def outdate(store: Store, booking: Booking, catalog: Catalog) -> None:
    """The days that this booking takes time of are asked about before all others, also by another process.

    Until then its own start counts as taken: one in which more can be booked is shown again once it is read.
    """
    known = store.open_days()
    own = (booking.service_id, booking.location_id)
    for key in availability.touched(known, [(None, booking)], catalog):
        day = replace(known[key], stale=True)
        if key[:2] == own:
            day = replace(day, slots=tuple(slot for slot in day.slots if slot.start != booking.start))
        store.keep_open_days([day])


def _is_in_force(link: Link) -> bool:
    return link.closed is None and not link.booking.cancelled
