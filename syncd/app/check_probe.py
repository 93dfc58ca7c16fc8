"""`syncd check --probe`: a scratch event in each calendar; what was found is kept, and nothing of the event is left."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple
from uuid import uuid4

from syncd.app.check_findings import in_short, told
from syncd.app.check_rows import Rows
from syncd.app.config import Config
from syncd.app.wiring import Accounts
from syncd.calendars.account import Account
from syncd.calendars.dav import DavCalendar
from syncd.calendars.probe import Probe, Stopped
from syncd.domain.errors import NotPermitted, Refused, StoreBusy, StoreError, SyncdError
from syncd.domain.findings import SCRATCH, Scratch
from syncd.engine.scratch import remove_scratch
from syncd.ports import Clock
from syncd.state.lock import ProbeLock
from syncd.state.store import Store

EXIT_INTERRUPTED = 130
PROBE = "Probe"
_LEFT = "syncd removes it in its next cycle, and syncd check --probe too; or delete it in the calendar app"
_WRITABLE = "let this user write it: share the calendar for writing, and make room where it is full"
_REACH = "look at the calendar server; try again later"


class _Place(NamedTuple):
    """A calendar to be probed, and the account that reaches it."""

    name: str
    account: Account
    calendar: DavCalendar


class _Stop:
    """Whether a signal asked for the end."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self) -> bool:
        return self.asked


async def probe_calendars(rows: Rows, accounts: Accounts, config: Config, clock: Clock) -> None:
    """Rows about each calendar that can be written. Two probes never run at once."""
    try:
        with Store.open(config.state.path) as store, ProbeLock(config.state.path), _signals() as stop:
            store.bind(config.zimun.base_url, config.zimun.client_id)
            async for place in _places(accounts, config):
                if stop():
                    rows.fail(place.name, "interrupted: not tried", "", EXIT_INTERRUPTED)
                else:
                    await _probe(rows, place, store, clock, stop)
    except StoreBusy as error:
        rows.fail(PROBE, str(error), "wait until it is through", 1)
    except StoreError as error:
        rows.failed(PROBE, error, "")


def tell_probed(rows: Rows, config: Config, calendars: Iterable[str]) -> None:
    """A row for each of these calendars that was probed before, by what is remembered of it."""
    try:
        if not config.state.path.exists():
            return
        with Store.open(config.state.path) as store:
            for url in dict.fromkeys(calendars):
                found = store.findings(url)
                if found is not None:
                    rows.ok(f"{PROBE} {url}", in_short(found))
    except (StoreError, OSError):
        # has a row of its own
        return


async def _places(accounts: Accounts, config: Config) -> AsyncIterator[_Place]:
    """Every calendar of the config once. What cannot be found or written is left out: it has a failed row already."""
    wanted = [
        (accounts.of(entry), entry.name or entry.url, partial(accounts.calendar, entry)) for entry in config.calendars
    ]
    if openings := config.availability.calendar_url:
        wanted.append((accounts.main, openings, partial(accounts.main.beside, openings)))
    seen: set[str] = set()
    for account, name, found in wanted:
        try:
            infos = await account.calendars()
            calendar = await found()
        except SyncdError:
            continue
        info = next((one for one in infos if one.url == calendar.url), None)
        closed = info is not None and (info.writable is False or not info.takes_events)
        if calendar.url not in seen and not closed:
            seen.add(calendar.url)
            yield _Place(f"{PROBE} {name}", account, calendar)


async def _probe(rows: Rows, place: _Place, store: Store, clock: Clock, stop: _Stop) -> None:
    name, calendar = place.name, place.calendar
    try:
        left = await _remove_left_over(calendar, store)
    except SyncdError as error:
        rows.failed(name, error, _advice(error))
        return
    if left:
        rows.ok(name, f"{left} {'scratch event' if left == 1 else 'scratch events'} of an earlier probe removed")
    probe = place.account.probe(calendar, f"{SCRATCH}{uuid4().hex}", stop)
    now = clock.now()
    noted = Scratch(calendar.url, probe.href, now, now)
    store.note_scratch([noted])
    found = None
    try:
        found = await probe.run()
    except Stopped:
        rows.fail(name, "interrupted", "", EXIT_INTERRUPTED)
    except SyncdError as error:
        reason = f": {error.reason}" if isinstance(error, Refused) and error.reason else ""
        rows.failed(name, Refused(f"{error}{reason}") if reason else error, _advice(error))
    finally:
        await _clear(rows, name, probe, store, noted)
    if found is not None:
        store.keep_findings(calendar.url, found.after(store.findings(calendar.url)))
        rows.all += told(name, found)


async def _clear(rows: Rows, name: str, probe: Probe, store: Store, noted: Scratch) -> None:
    """Leave nothing. Where a write may still arrive after this, the event stays noted."""
    try:
        gone = await probe.clear()
    except SyncdError as error:
        rows.failed(name, Refused(f"a scratch event may be left: {error}"), _LEFT)
        return
    if not gone:
        rows.fail(name, "the scratch event is still there after it was deleted", _LEFT)
    elif not probe.lost:
        store.note_scratch(gone=[noted])


async def _remove_left_over(calendar: DavCalendar, store: Store) -> int:
    """Remove what earlier probes left, by what is noted and by the hrefs; how many there were."""
    noted = {one.href: one for one in store.scratch() if one.calendar == calendar.url}
    listed = [href for href in (await calendar.changes(None)).etags if href.rpartition("/")[2].startswith(SCRATCH)]
    removed = 0
    for href in dict.fromkeys([*noted, *listed]):
        if await remove_scratch(calendar, href):
            removed += 1
            if href in noted:
                store.note_scratch(gone=[noted[href]])
    return removed


def _advice(error: SyncdError) -> str:
    return _WRITABLE if isinstance(error, Refused | NotPermitted) else _REACH


@contextmanager
def _signals() -> Iterator[_Stop]:
    """The first SIGINT or SIGTERM only asks for the end, so that the event can be removed; the second ends at once."""
    stop, loop = _Stop(), asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def asked() -> None:
        stop.asked = True
        for one in signals:
            loop.remove_signal_handler(one)

    for one in signals:
        loop.add_signal_handler(one, asked)
    try:
        yield stop
    finally:
        for one in signals:
            loop.remove_signal_handler(one)
