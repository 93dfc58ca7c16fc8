"""Removes the scratch events that a probe of the calendar server left behind, because it was killed or cut off.

A probe notes each of them in the store before it is written. It holds a lock as long as it runs, which the kernel drops
when it dies, so whatever is noted while nobody holds that lock is left over.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from syncd.domain.errors import StoreBusy, StoreError, SyncdError, Unavailable
from syncd.domain.findings import Scratch, is_scratch
from syncd.engine.sides import Managed
from syncd.ports import CalendarPort
from syncd.state.lock import ProbeLock
from syncd.state.store import Store

log = structlog.get_logger(__name__)

# Purelymail and Bedework find a new event up to three minutes late; and a PUT whose answer was lost may arrive late
PATIENCE = timedelta(minutes=10)
TRY_AGAIN = timedelta(hours=1)


async def remove_left_over(store: Store, managed: Managed, now: datetime) -> None:
    """Remove what a probe left in these calendars, unless one is at work. Raises StoreError only."""
    due = [one for one in store.scratch() if one.look_at <= now or one.since > now]
    if not due or store.path is None:
        return
    lock = ProbeLock(store.path)
    try:
        lock.acquire()
    except StoreBusy:
        return
    except StoreError as error:
        # as where a probe of root's made the lock's file: the cycle is not to fail for that
        log.warning("scratch.not_looked_for", fault=str(error))
        return
    try:
        calendars = dict(managed.calendars)
        if managed.openings is not None:
            calendars[managed.openings.url] = managed.openings
        for one in due:
            await _remove(store, calendars, one, now)
    finally:
        lock.release()


async def remove_scratch(calendar: CalendarPort, href: str) -> bool:
    """Remove the scratch event at that href; False where none stands there. Raises as a CalendarPort.

    What else stands there is left alone.
    """
    found = next(iter(await calendar.read([href])), None)
    if found is not None and not found.given:
        raise Unavailable(found.fault)
    if found is None or found.event is None or not is_scratch(found.event.uid):
        return False
    await calendar.remove(href, found.etag, found.data)
    return True


async def _remove(store: Store, calendars: Mapping[str, CalendarPort], one: Scratch, now: datetime) -> None:
    calendar = calendars.get(one.calendar)
    if calendar is None:
        return
    try:
        removed = await remove_scratch(calendar, one.href)
    except StoreError:
        raise
    except SyncdError as error:
        log.warning("scratch.not_removed", calendar=one.calendar, fault=str(error))
        store.note_scratch([replace(one, look_at=now + TRY_AGAIN)])
        return
    if removed:
        log.info("scratch.removed", calendar=one.calendar)
    if removed or not one.since <= now < one.since + PATIENCE:
        store.note_scratch(gone=[one])
