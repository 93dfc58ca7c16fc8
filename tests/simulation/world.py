"""One simulated world: both sides, the clock, the process with its store, and the steps of a history taken in order."""

import asyncio
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

import structlog

from syncd.domain.errors import (
    CollectionGone,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    PreconditionFailed,
    RateLimited,
    Refused,
    UidConflict,
    Unavailable,
)
from syncd.domain.link import Decision
from syncd.engine.cycle import Engine
from syncd.engine.sides import Managed, Sides
from syncd.planning import planner
from syncd.planning.routing import Route
from syncd.planning.snapshot import Policy
from syncd.texts.words import Words
from tests.simulation.calendars import HOME, MANAGED, ROOM, SIDE, FakeAccount, FakeCalendar, Server
from tests.simulation.loop import Loop
from tests.simulation.oracle import Oracle
from tests.simulation.people import People
from tests.simulation.process import Killed, Process, SimStore
from tests.simulation.steps import LIES, SLOTS, WRITES, History, Step
from tests.simulation.zimun import FakeZimun, Zimun

T = TypeVar("T")
BEGIN = datetime(2026, 3, 23, 8, 0, tzinfo=UTC)  # a Monday; on the 29th Berlin's clocks go ahead
GRACE = timedelta(seconds=600)
ROUTES = (
    Route(SIDE, locations=("loc_2",)),
    Route(SIDE, staff=("Zoe",)),
    Route(ROOM, services=("color",)),
    Route(HOME, fallback=True),
)
WORDS = Words("en")
READ_FAULTS = ("down", "lost", "limited", "login")
APPLY = {
    "managed": ("down",),
    "catalog": READ_FAULTS,
    "bookings": (*READ_FAULTS, "forbidden", "empty", "partial", "stale", "malformed"),
    "booking": (*READ_FAULTS, "forbidden", "absent", "stale", "malformed"),
    "slots": (*READ_FAULTS, "forbidden", "refused", "empty", "partial"),
    "changes": (*READ_FAULTS, "forbidden", "gone", "expired", "empty", "partial"),
    "fetch": (*READ_FAULTS, "gone"),
    "get": (*READ_FAULTS, "gone"),
    "find": READ_FAULTS,
    "reschedule": (*READ_FAULTS, "unsure", "forbidden", "refused", "absent", "bug"),
    "cancel": (*READ_FAULTS, "unsure", "forbidden", "refused", "absent", "bug"),
    "create": (*READ_FAULTS, "unsure", "forbidden", "refused", "precondition", "uid", "gone", "bug"),
    "replace": (*READ_FAULTS, "unsure", "forbidden", "refused", "precondition", "gone", "bug"),
    "remove": (*READ_FAULTS, "unsure", "forbidden", "refused", "precondition", "gone", "bug"),
}
_structure: dict[str, Any] = {"template": None, "world": None}


class Clock:
    """Wall clock and seconds since boot; both move when told, and a little with every call."""

    def __init__(self) -> None:
        self.at = BEGIN
        self.seconds = 1000.0

    def now(self) -> datetime:
        return self.at

    def elapsed(self) -> tuple[str, float]:
        return "boot", self.seconds

    async def sleep(self, seconds: float) -> None:
        self.passes(seconds)

    def true(self) -> datetime:
        """The time that everybody else has."""
        return BEGIN + timedelta(seconds=self.seconds - 1000.0)

    def passes(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds


class World:
    """A history's world. `wrong` gathers what broke a promise; the first ends the run."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.setup = history.setup
        self.clock = Clock()
        self.stamp = 0
        self.seq = 0
        self.trace: list[str] = []
        self.wrong: list[str] = []
        self.reached: Counter[str] = Counter()
        self.events = 0
        self.loop = Loop()  # type: ignore[abstract]
        self.process = Process(self.reached)
        self.oracle = Oracle(self)
        self.zimun = Zimun(self)
        self.server = Server(self, self.setup["server"])
        self.people = People(self)
        self.store = new_store()
        self.backups: list[SimStore] = []
        self.policy = Policy(
            routes=ROUTES,
            conflict=self.setup["conflict"],
            deletions=self.setup["deletions"],
            max_cancellations=self.setup["max_cancellations"],
            max_moves=self.setup["max_moves"],
            cancel_grace=GRACE,
        )
        self.sides: Sides | None = None
        self._cycle_step = Step("cycle")
        self._faults: list[tuple[int, str]] = []
        self._index = 0
        self._groups: Counter[int] = Counter()
        self._lied = 0.0
        self._pauses = Random(0)
        self._bugs = 0
        self.faults_now: set[str] = set()
        self.effects = 0

    # running

    def run(self) -> None:
        """Take all steps, then let the trouble end and look at what came of it."""
        with self._watched():
            for number in range(self.setup["bookings"]):
                self.people.take(Step("book", f"b{number + 1}", number))
            for step in self.history.steps:
                self.take(step)
                if self.wrong:
                    return
            from tests.simulation.ending import settle

            settle(self)

    def take(self, step: Step) -> None:
        self.seq += 1
        self.trace.append(f"{self.clock.at:%d %H:%M:%S} {step}")
        if step.what == "cycle":
            self.cycle(step)
        else:
            self.events += 1
            self.reached[f"step: {step.what}"] += self.people.take(step)

    def cycle(self, step: Step) -> str:
        """One cycle; its line, or how the process ended."""
        self.events += 1
        self.clock.passes(step.after)
        self._cycle_step = step
        self._faults = list(step.faults)
        self._index = 0
        self._pauses = Random(self.history.seed * 1000 + self.seq)
        self.faults_now = set()
        self.effects = 0
        self._groups = Counter()
        self.oracle.cycle_begins()
        if self.sides is None:
            self.process = Process(self.reached)
            self.sides = self._started()
        self.process.points = 0
        self.process.dies_at = step.kill
        self.store.process = self.process
        try:
            report = self.loop.run(Engine(self.sides).cycle())
            line = report.summary.line
        except Killed:
            self.sides = None
            line = f"killed: {self.process.died_at}"
        except BaseException as error:
            line = f"broken: {error!r}"
            self.fail(f"the cycle broke: {error!r}\n" + "".join(traceback.format_exception(error)[-4:]))
        finally:
            self.store.process = None
        if self.loop.faults:
            self.fail(f"a task ended unseen: {self.loop.faults}")
        if "qzx" in line:
            self.fail("personal data in the cycle's line")
        self.trace.append(f"  {line}")
        if not (step.faults or step.meanwhile or step.kill):
            self._nothing_missed()
        return line

    def _nothing_missed(self) -> None:
        """After a cycle without trouble syncd knows each version in each calendar, however it was told."""
        honest = self.clock.seconds - self._lied > 3700 or not self._lied
        if not honest or any(each.down or each.gone or each.lags for each in self.server.calendars.values()):
            return
        for url in MANAGED:
            calendar = self.server.calendars[url]
            there = {href: self.server.etag(*one) for href, one in calendar.objects.items()}
            if self.store.etags(url) != there:
                self.fail(f"syncd missed a change in {url}")

    def _started(self) -> Sides:
        async def managed() -> Managed:
            calendars = {url: FakeCalendar(self, url) for url in MANAGED}
            return await self.call("calendars", "managed", lambda fault: Managed(calendars, self.policy))

        return Sides(
            FakeZimun(self),
            FakeAccount(self),
            managed,
            WORDS,
            self.store,
            self.clock,
            far_every=timedelta(seconds=self.setup["far"]),
        )

    def fail(self, what: str) -> None:
        self.wrong.append(what)
        self.trace.append(f"  WRONG: {what}")

    # what a port's call goes through

    async def call(self, side: str, method: str, effect: Callable[[str], T], writes: str = "") -> T:
        """One call: the world goes on meanwhile, something may go wrong before or after the effect, syncd may die."""
        process = self.process
        process.point(f"before {method}")
        for _ in range(self._pauses.randrange(3)):
            await asyncio.sleep(0)
        self._index += 1
        for step in self._due(method, writes):
            self.seq += 1
            self.events += 1
            self.trace.append(f"    meanwhile {step}")
            self.people.take(step)
        self.clock.passes(0.25)
        process.point(f"sent {method}")
        fault = self._fault(method)
        self.trace.append(f"    {self._index} {side.removeprefix('https://dav.example.org')} {method} {fault}")
        self._standing(side, method)
        self._before(fault, writes)
        if writes:
            self.effects += 1
            self.oracle.writing(side, method, writes)
        result = effect(fault)
        process.point(f"done {method}")
        if fault == "lost":
            self.clock.passes(20)
            raise OutcomeUnknown("no answer came") if writes else Unavailable("no answer came")
        for _ in range(self._pauses.randrange(2)):
            await asyncio.sleep(0)
        return result

    def _due(self, method: str, writes: str) -> list[Step]:
        """What others do just before this call: by its number, or before the nth write to a calendar or look at slots.

        The latter two are about the booking that the call is about.
        """
        group = WRITES if method in ("create", "replace", "remove") else SLOTS if method == "slots" else 0
        if not self._cycle_step.meanwhile:
            return []
        self._groups[group] += 1
        found = []
        for at, step in self._cycle_step.meanwhile:
            if at == self._index:
                found.append(step)
            elif group and at == group + self._groups[group]:
                name = self.oracle.dragged_last() if group == SLOTS else writes.rsplit("/", 1)[-1]
                found.append(replace(step, name=name.removesuffix(".ics").split("~")[0] or step.name))
        return found

    def _fault(self, method: str) -> str:
        """The first fault whose turn has come and that fits this call."""
        for at, kind in self._faults:
            if at <= self._index and kind in APPLY[method]:
                self._faults.remove((at, kind))
                self.reached[f"fault: {kind} in {method}"] += 1
                self.faults_now.add(kind)
                if kind in LIES:
                    self._lied = self.clock.seconds
                return kind
        return ""

    def _standing(self, side: str, method: str) -> None:
        if side == "zimun":
            if self.zimun.down:
                raise Unavailable("Zimun cannot be reached")
            if self.zimun.slots_down and method == "slots":
                raise Unavailable("GET availability answered 503")
            if self.zimun.no_single and method == "booking":
                raise NotPermitted("GET answered 405", credentials=False)
        elif side in self.server.calendars and self.server.calendars[side].down:
            raise Unavailable("the calendar server cannot be reached")

    def stands(self, url: str) -> None:
        """Raises where that calendar cannot be searched."""
        calendar = self.server.calendars[url]
        if calendar.down or calendar.gone:
            raise Unavailable("one of the calendars cannot be searched")

    def _before(self, fault: str, writes: str) -> None:
        match fault:
            case "down":
                raise Unavailable("it cannot be reached")
            case "unsure":
                raise OutcomeUnknown("no answer came")
            case "limited":
                raise RateLimited("it asks to wait", 30.0)
            case "forbidden":
                raise NotPermitted("answered 403", credentials=False)
            case "login":
                raise NotPermitted("answered 401", credentials=True)
            case "refused":
                raise Refused("answered 422", "no, says qzx")
            case "precondition":
                raise PreconditionFailed("answered 412")
            case "uid":
                raise UidConflict("no-uid-conflict")
            case "gone":
                raise CollectionGone("the calendar is not there any more")
            case "bug":
                self._bugs += 1
                raise RuntimeError("a fault of its own")
            case "absent" if writes:
                raise NotFound("answered 404")

    # the process and its database

    def restart(self) -> None:
        self.sides = None

    def lies(self) -> None:
        """Something was told that is not so; a full listing heals it within the hour."""
        self._lied = self.clock.seconds

    def backup(self) -> None:
        self.backups.append(self.store.copy())

    def restore(self, n: int) -> bool:
        if not self.backups:
            return False
        self.store = self.backups[n % len(self.backups)].copy()
        self.sides = None
        self.oracle.database_lost(restored=True)
        return True

    def lose(self) -> None:
        self.store = new_store()
        self.sides = None
        self.oracle.database_lost(restored=False)

    def decide(self, verb: Decision, names: list[str]) -> bool:
        """A person says `syncd approve` or `syncd reject`; of all that awaits where none is named."""
        waiting = [link for link in self.store.links().values() if link.closed is None and link.awaiting is not None]
        chosen = [link for link in waiting if not names or link.booking_id in names]
        if chosen:
            self.oracle.decided(verb, chosen)
            self.store.ask(verb, [link.booking_id for link in chosen], self.clock.now())
        return bool(chosen)

    # watching

    @contextmanager
    def _watched(self) -> Iterator[None]:
        _structure["world"] = self
        cell = planner._cell

        def counted(case: Any, zimun: Any, event: Any) -> Any:
            name = f"cell: {type(zimun).__name__} × {type(event).__name__}"
            self.reached[name] += 1
            for fault in self.faults_now:
                self.reached[f"{name} with {fault}"] += 1
            return cell(case, zimun, event)

        planner._cell = counted
        configured = structlog.get_config()
        structlog.configure(processors=[self._logged], cache_logger_on_first_use=False)
        try:
            yield
        finally:
            planner._cell = cell
            structlog.configure(**configured)
            for store in (self.store, *self.backups):
                store.close()

    def _logged(self, logger: object, method: str, event: Any) -> Any:
        if "qzx" in repr(event):
            self.fail(f"personal data in the log: {event.get('event')}")
        if event["event"] == "intent.broken":
            if self._bugs:
                self._bugs -= 1
            else:
                self.fail("a fault of syncd's own: " + traceback.format_exc()[-900:])
        raise structlog.DropEvent


def new_store() -> SimStore:
    """A new store in memory; the tables are made once."""
    if _structure["template"] is None:
        made: Any = SimStore.open(None)
        _structure["template"] = SimStore(made._db, None)
    return SimStore(_structure["template"].copy_in_memory()._db, None)
