"""One cycle from a command: with the store's lock, beside a daemon or without one."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from syncd.app.config import Config
from syncd.app.wiring import sides
from syncd.domain.actions import Plan
from syncd.domain.booking import Booking
from syncd.domain.errors import StoreBusy
from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from syncd.domain.request import Reply, Wanted
from syncd.engine.cycle import Engine
from syncd.engine.report import Report
from syncd.engine.sides import EXIT_DONE, EXIT_DOWN, EXIT_TROUBLE, ZIMUN, Health
from syncd.planning.guard import awaits
from syncd.ports import Clock
from syncd.state.database import is_there
from syncd.state.lock import CycleLock, DaemonLock
from syncd.state.store import Store

T = TypeVar("T")

# a first sync of thousands of events holds the lock for minutes
LOCK_SECONDS = 600.0
ANSWER_SECONDS = 120.0
NOT_REACHED = "the daemon did not come to it within two minutes, and nothing was done: see syncd status"
NOT_ANSWERED = "Zimun was asked, and its answer did not come; the next cycle finds out what came of it: see syncd log"
NOT_DECIDED = "the daemon has not answered yet; it will carry this out: see syncd status"
POLL_SECONDS = 0.1
LEAVE_AFTER = 5
"""Seconds after a signal: what was asked is taken back at once, if it can be."""
DAY = timedelta(days=1)
_REACHED = "zimun_reached_at"


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, for what leaves something in the store and takes it back: SIGTERM and SIGHUP end it as SIGINT
    does.

    Raises SystemExit with 128 and the signal's number then.
    """
    caught: list[int] = []

    async def main() -> T:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None

        def end(number: int) -> None:
            caught.append(number)
            # a name that is being looked up cannot be cut short: this ends the process whatever it waits for
            signal.alarm(LEAVE_AFTER)
            task.cancel()

        for number in (signal.SIGTERM, signal.SIGHUP):
            # ignored: as nohup wants it
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, end, number)
        return await work

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        if not caught:
            raise
        raise SystemExit(128 + caught[0]) from None
    finally:
        signal.alarm(0)


@asynccontextmanager
async def cycle_lock(config: Config, clock: Clock) -> AsyncIterator[None]:
    """Hold the store's cycle lock. Raises StoreBusy where another process does not let go of it for ten minutes."""
    lock = CycleLock(config.state.path)
    await lock.acquire_within(LOCK_SECONDS, clock.sleep)
    try:
        yield
    finally:
        lock.release()


async def one_cycle(config: Config, progress: Callable[[int, int], None] = lambda done, of: None) -> Report:
    """One whole cycle on the store. Raises StoreError and ConfigError; the rest is in the report."""
    with Store.open(config.state.path) as store:
        async with sides(config, store, once=True) as both, cycle_lock(config, both.clock):
            report = await Engine(both).cycle(progress=progress)
            # where cycles are run by a timer, no daemon does it
            prune(config, store, both.clock, report)
            return report


def prune(config: Config, store: Store, clock: Clock, report: Report) -> None:
    """Forget what is older than the config says, after a cycle that reached Zimun, at most once a day.

    By the clock as it was when Zimun was reached a day before, or longer where no cycle reached it since.

    A clock that is far ahead makes bookings to come look long past, and what syncd knows of them may be known to nobody
    else. So a time counts when a day has gone by since Zimun was reached in it, where no certificate is valid far from
    the right time; and when it is not later than now.
    """
    # without the calendars nobody asks Zimun
    if report.codes.get(ZIMUN, EXIT_DONE) > EXIT_TROUBLE or "calendars" in report.codes:
        return
    now, (boot, elapsed) = clock.now(), clock.elapsed()
    if (told := store.fact(_REACHED)) is not None:
        wall, last_boot, last_elapsed = json.loads(told)
        reached_at = datetime.fromisoformat(wall)
        passed = timedelta(seconds=elapsed - last_elapsed) if boot == last_boot else now - reached_at
        if timedelta(0) <= passed < DAY:
            return
        if reached_at <= now:
            store.prune(config.kept_since(reached_at))
    store.set_fact(_REACHED, json.dumps((now.isoformat(), boot, elapsed)))


async def what_would_happen(config: Config) -> tuple[Plan, Health]:
    """What a cycle would do. Neither side is written and the store is left as it is; without one, as if it were new."""
    if not is_there(config.state.path):
        with Store.open(None) as empty:
            async with sides(config, empty, once=True) as both:
                return await Engine(both).plan()
    with Store.open(config.state.path) as store, store.copy_in_memory() as copy:
        async with sides(config, copy, once=True) as both:
            return await Engine(both).plan()


def awaiting(store: Store) -> list[BookingId]:
    """The bookings and requests that wait for a person's word at this moment, by their names."""
    links = [link.booking_id for link in store.links().values() if awaits(link)]
    return links + [one.name for one in store.awaiting()]


async def decide(config: Config, verb: Decision, booking_ids: Sequence[BookingId], clock: Clock) -> tuple[str, int]:
    """Approve or reject, by the daemon where one runs, else in a cycle of our own: what came of it, and the exit code.

    `booking_ids` empty: all that await at this moment. Raises StoreBusy where the daemon does not answer; then it does
    so later. Where this ends in any other way, what no cycle has taken in is taken back.
    """
    with Store.open(config.state.path) as store:
        chosen = tuple(booking_ids) or tuple(awaiting(store))
        if not chosen:
            return "nothing awaits approval", 0
        known = set(awaiting(store))
        ask_id = store.ask(verb, chosen, clock.now())
        try:
            await _reach(config, store, ask_id, clock)
        except BaseException:
            store.collect(ask_id)
            raise
        if not store.replied(ask_id):
            raise StoreBusy(NOT_DECIDED)
        _, reply = store.collect(ask_id)
        assert reply is not None
        return reply.text, reply.code if set(chosen) <= known else max(reply.code, EXIT_TROUBLE)


async def by_hand(config: Config, wanted: Wanted, clock: Clock) -> tuple[Reply, Mapping[BookingId, Booking]]:
    """Ask Zimun for something, by the daemon where one runs, else in a cycle of our own.

    What came of it, and the bookings that it was about as syncd knows them now. What was not begun when this ends, for
    whatever reason, is taken back.
    """
    with Store.open(config.state.path) as store:
        ask_id = store.want(wanted, clock.now())
        fault: Exception | None = None
        try:
            await _reach(config, store, ask_id, clock)
        except Exception as error:
            fault = error
        finally:
            taken, reply = store.collect(ask_id)
        if reply is None and fault is not None:
            raise fault
        if reply is None:
            reply = Reply(EXIT_DOWN, NOT_ANSWERED if taken else NOT_REACHED)
        links, known = store.links(), {one.booking.id: one.booking for one in store.known()}
        linked = {booking_id: links[booking_id].booking for booking_id in reply.booking_ids if booking_id in links}
        return reply, linked | {
            booking_id: known[booking_id] for booking_id in reply.booking_ids if booking_id in known
        }


async def _reach(config: Config, store: Store, ask_id: int, clock: Clock) -> None:
    """Let it be taken in: wait for the daemon where one runs, two minutes at most, else run a cycle."""
    if not DaemonLock.held_elsewhere(config.state.path):
        async with sides(config, store, once=True) as both, cycle_lock(config, clock):
            await Engine(both).cycle()
        return
    waited = 0.0
    while not store.replied(ask_id) and waited < ANSWER_SECONDS:
        await clock.sleep(POLL_SECONDS)
        waited += POLL_SECONDS
