"""`syncd check --probe`: a scratch event in each calendar; what was found is kept, and nothing of the event is left."""

import asyncio
import signal
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple
from uuid import uuid4

from syncd.app.check_findings import in_short, told
from syncd.app.check_rows import Rows
from syncd.app.config import Config
from syncd.app.probed import REMOVE
from syncd.app.wiring import Accounts
from syncd.calendars.account import Account
from syncd.calendars.dav import DavCalendar
from syncd.calendars.probe import Probe, Stopped
from syncd.domain.errors import (
    CollectionGone,
    ConfigError,
    NotPermitted,
    Refused,
    StoreBusy,
    StoreError,
    SyncdError,
    Unavailable,
)
from syncd.domain.findings import SCRATCH, SCRATCH_TITLE, Scratch
from syncd.engine.scratch import PATIENCE, remove_scratch
from syncd.ports import Clock
from syncd.state.database import is_there
from syncd.state.lock import ProbeLock
from syncd.state.store import Store

EXIT_INTERRUPTED = 130
PROBE = "Probe"
_UNREACHED = "a scratch event may stand there; no account of the config reaches that calendar"
_OUTSIDE = "a scratch event may stand there; the calendar is not in the config any more"
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
            seen: set[str] = set()
            async for place in _places(accounts, config):
                if stop():
                    rows.fail(place.name, "interrupted: not tried", "", EXIT_INTERRUPTED)
                else:
                    await _probe(rows, place, store, clock, stop)
                    seen.add(place.calendar.url)
            if not stop():
                await _remove_outside(rows, accounts, store, clock, seen)
    except StoreBusy as error:
        rows.fail(PROBE, str(error), "wait until it is through", 1)
    except StoreError as error:
        rows.failed(PROBE, error, "")


def tell_probed(rows: Rows, config: Config, calendars: Collection[str], *, complete: bool) -> None:
    """A row for each of these calendars that was probed before, by what is remembered of it.

    `complete`: they are all of the config. Then a scratch event that was noted elsewhere is told too.
    """
    try:
        if not is_there(config.state.path):
            return
        with Store.open(config.state.path) as store:
            for url in dict.fromkeys(calendars):
                found = store.findings(url)
                if found is not None:
                    rows.ok(f"{PROBE} {url}", in_short(found))
            for one in store.scratch():
                if complete and one.calendar not in calendars:
                    rows.warn(f"{PROBE} {one.calendar}", _OUTSIDE, REMOVE)
    except StoreError:
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


async def _remove_outside(rows: Rows, accounts: Accounts, store: Store, clock: Clock, probed: Collection[str]) -> None:
    """Remove what was left in calendars that were not probed now: those that left the config no cycle looks at.

    What cannot be reached is told one last time.
    """
    for one in store.scratch():
        if one.calendar in probed:
            continue
        name = f"{PROBE} {one.calendar}"
        try:
            removed = await remove_by_any(accounts.all, one)
        except CollectionGone:
            # and the event with it
            store.note_scratch(gone=[one])
            continue
        except SyncdError as error:
            rows.failed(name, error, REMOVE)
            continue
        if removed is None:
            rows.warn(
                name, _UNREACHED, f'look there for "{SCRATCH_TITLE}" of last July, and delete it; it is not told again'
            )
        if removed:
            rows.ok(name, "scratch event of an earlier probe removed")
        if removed or removed is None or not one.since <= clock.now() < one.since + PATIENCE:
            store.note_scratch(gone=[one])


async def remove_by_any(accounts: Iterable[Account], one: Scratch) -> bool | None:
    """Whether one of the config's accounts removed it; None where none of them is on its server.

    Each is tried, for the calendar may have been that of any. Raises what they met where none of them could look, or
    one cannot be asked now.
    """
    looked: bool | None = None
    met: list[SyncdError] = []
    for account in accounts:
        try:
            if await remove_scratch(await account.beside(one.calendar), one.href):
                return True
            looked = False
        except ConfigError:
            continue
        except SyncdError as error:
            met.append(error)
    if met and (looked is None or any(isinstance(error, Unavailable) for error in met)):
        # that a calendar is gone counts where all say so: to an account of somebody else's it may be hidden
        raise min(met, key=lambda error: isinstance(error, CollectionGone))
    return looked


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
