"""One simulated world: both sides, the clock, the process with its store, and the steps of a history taken in order."""

import asyncio
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any, TypeVar

import structlog

from syncd.domain.actions import Create, ProblemKind, Remove, Replace
from syncd.domain.errors import (
    CollectionGone,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    PreconditionFailed,
    Refused,
    UidConflict,
    Unavailable,
)
from syncd.domain.link import Decision
from syncd.engine.cycle import Engine
from syncd.engine.outcomes import href_in
from syncd.engine.sides import Managed, Sides
from syncd.planning import planner
from syncd.planning.case import Case
from syncd.planning.routing import Route
from syncd.planning.snapshot import Policy
from syncd.texts.words import Words
from tests.simulation.asks import Asks, taking
from tests.simulation.calendars import HOME, MANAGED, OPEN, ORIGIN, ROOM, SIDE, FakeAccount, FakeCalendar, Server
from tests.simulation.coverage import Decided
from tests.simulation.disk import Disk, Memory
from tests.simulation.faults import Faults, strike
from tests.simulation.hand import Hand
from tests.simulation.history import SHELF, SLOTS, WRITES, History, Step
from tests.simulation.imports import Imports
from tests.simulation.loop import Loop
from tests.simulation.losses import Losses
from tests.simulation.openings import DAYS_AHEAD, Openings
from tests.simulation.oracle import Oracle
from tests.simulation.people import People
from tests.simulation.process import Killed, Process, SimStore
from tests.simulation.slot_people import SlotPeople
from tests.simulation.steps import LIES
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


class SameWords(Words):
    """The real words, each asked for once in all histories: nothing but the booking goes into them."""

    texts = lru_cache(maxsize=20_000)(Words.texts)  # type: ignore[assignment]


WORDS = SameWords("en")


class Clock:
    """Wall clock and seconds since boot; both move when told, and a little with every call."""

    def __init__(self) -> None:
        self.at = BEGIN
        self.seconds = 1000.0
        self.boot = "boot"

    def now(self) -> datetime:
        return self.at

    def elapsed(self) -> tuple[str, float]:
        return self.boot, self.seconds

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
        self.decided = Decided(self.reached)
        self.events = 0
        self.loop = Loop()  # type: ignore[abstract]
        self.process = Process(self.reached, [])
        # one that arrives late and gives the booking another id, which no answer ever told, nobody could follow
        self.faults = Faults(self.reached, late=not self.setup.get("renames"))
        self.oracle = Oracle(self)
        self.zimun = Zimun(self)
        self.server = Server(self, self.setup["server"])
        self.people = People(self)
        self.asks = Asks(self)
        self.hand = Hand(self)
        self.imports = Imports(self)
        self.openings = Openings(self)
        self.slot_people = SlotPeople(self, self.openings)
        self.losses = Losses(self)
        self.disk = Disk() if self.setup.get("file") else Memory()
        self.takes = True
        """Whether the config lets people ask, in a world in which they do."""
        self.policy = Policy(
            routes=ROUTES,
            conflict=self.setup["conflict"],
            deletions=self.setup["deletions"],
            max_cancellations=self.setup["max_cancellations"],
            max_moves=self.setup["max_moves"],
            cancel_grace=GRACE,
        )
        self.policy = self.with_askers(self.policy)
        if days := self.setup.get("future_days"):
            self.policy = replace(self.policy, future=timedelta(days=days))
        self.managed: tuple[str, ...] = MANAGED
        """The calendars that stand in the config."""
        self.engine: Engine | None = None
        self._cycle_step = Step("cycle")
        self._index = 0
        self._groups: Counter[int] = Counter()
        self._lied = 0.0
        self._lied_at = BEGIN
        self._pauses = Random(0).random
        self._bugs = 0
        self.doomed: list[str] = []
        self.later: list[tuple[float, Callable[[], object]]] = []
        self.is_late = False
        """While one of them arrives."""
        self.effects = 0
        self.shown = 0
        """Writes to the calendar of open slots."""

    def with_askers(self, policy: Policy) -> Policy:
        """The same policy, with a calendar in which people may ask for bookings, where this world has one."""
        return replace(policy, routes=taking(policy.routes, self.takes)) if self.setup.get("asks") else policy

    @property
    def store(self) -> SimStore:
        return self.disk.store

    @property
    def faults_now(self) -> set[str]:
        """What went wrong in this cycle."""
        return self.faults.now

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

            self.faults.end()
            self.doomed.clear()
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
        self.faults.cycle_begins(step.faults)
        self.decided.cycle_begins()
        self._index = 0
        self._pauses = Random(self.history.seed * 1000 + self.seq).random
        self.effects = 0
        self._groups = Counter()
        self.oracle.cycle_begins()
        self.hand.cycle_begins()
        if self.engine is None:
            self.process = Process(self.reached, self.doomed, self.disk.killed)
            self.engine = Engine(self._started())
        # an aimed one waits until the process passes that point
        if isinstance(step.kill, str) and step.kill not in self.doomed:
            self.doomed.append(step.kill)
        self.process.cycle_begins(step.kill if isinstance(step.kill, int) else 0)
        self.store.process = self.process
        try:
            report = self.loop.run(self.engine.cycle())
            line = report.summary.line
            self.oracle.cycle_ends()
        except Killed:
            line = f"killed: {self.process.died_at}"
            self.restart()
            # an answer that was not recorded is none
            self.oracle.unanswered |= {
                (one.action.calendar, getattr(one.action, "href", "") or href_in(one.action.calendar, one.action.name))
                for one in self.store.open_intents()
                if isinstance(one.action, Create | Replace | Remove)
            }
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            line = f"broken: {error!r}"
            self.fail(f"the cycle broke: {error!r}\n" + "".join(traceback.format_exception(error)[-4:]))
        finally:
            self.store.process = None
            self.decided.cycle_ends(self.faults.now, self.process.died_at)
            self.asks.cycle_ends()
        self.hand.listen()
        if self.loop.faults:
            self.fail(f"a task ended unseen: {self.loop.faults}")
        if "qzx" in line:
            self.fail("personal data in the cycle's line")
        self.trace.append(f"  {line}")
        if self.engine is not None and not (step.faults or step.meanwhile or self.faults.now) and self.seq % 3 == 0:
            self._nothing_missed()
        return line

    @property
    def is_lied_to(self) -> bool:
        """Whether something was told lately that is not so, and no full listing healed it yet."""
        lags = any(each.lags for each in self.server.calendars.values())
        if lags or not self._lied:
            return lags
        by_its_clock = abs(self.clock.at - self._lied_at).total_seconds()
        return min(self.clock.seconds - self._lied, by_its_clock) <= 3700

    def _nothing_missed(self) -> None:
        """After a cycle without trouble syncd knows each version in each calendar, however it was told."""
        if self.is_lied_to or any(each.down or each.gone for each in self.server.calendars.values()):
            return
        for url in self.managed:
            calendar = self.server.calendars[url]
            there = {href: self.server.etag(*one) for href, one in calendar.objects.items()}
            known, waits = self.store.etags(url), self.store.withheld(url)
            # what syncd writes into the event of somebody who asks is listed anew in the next cycle; and what was not
            # given twice is asked for again up to ten minutes later
            apart = {href for href, _ in there.items() ^ known.items()}
            if any("/ask-" not in href and href not in waits for href in apart):
                self.fail(f"syncd missed a change in {url}")

    def _started(self) -> Sides:
        async def managed() -> Managed:
            calendars = {url: FakeCalendar(self, url) for url in self.managed}
            openings = None if self.openings.is_off else FakeCalendar(self, OPEN)
            return await self.call("calendars", "managed", lambda fault: Managed(calendars, self.policy, openings))

        return Sides(
            FakeZimun(self),
            FakeAccount(self),
            managed,
            WORDS,
            self.store,
            self.clock,
            far_every=timedelta(seconds=self.setup["far"]),
            open_days=None if self.openings.is_off else DAYS_AHEAD,
        )

    def fail(self, what: str) -> None:
        self.wrong.append(what)
        self.trace.append(f"  WRONG: {what}")

    # what a port's call goes through

    async def call(self, side: str, method: str, effect: Callable[[str], T], writes: str = "") -> T:
        """One call: the world goes on meanwhile, something may go wrong before or after the effect, syncd may die."""
        process = self.process
        process.point(f"before {method}")
        for _ in range(int(self._pauses() * 3)):
            await asyncio.sleep(0)
        if not process.alive:
            raise Killed  # it died while this call was on its way: what people do now is told to the next process
        self._index += 1
        for step in self._due(side, method, writes):
            self.seq += 1
            self.events += 1
            self.trace.append(f"    meanwhile {step}")
            self.people.take(step)
        self.clock.passes(0.25)
        process.point(f"sent {method}")
        fault = self.faults.due(self._index, method)
        if fault:
            self._noted(fault)
        self.trace.append(f"    {self._index} {side.removeprefix(ORIGIN)} {method} {fault}")
        self.late_ones()
        self._standing(side, method)
        if fault == "late":
            arrives = self.clock.seconds + 40 + 300 * (self._index % 3)
            self.later.append((arrives, lambda: self._arrives_late(side, writes, effect)))
            raise OutcomeUnknown("no answer came")
        if side == "zimun" and writes and fault in ("refused", "absent") and writes not in self.zimun.answers:
            self.zimun.refused.add(writes)
        strike(fault, writes=bool(writes))
        if writes:
            if side == OPEN:
                self.shown += 1
            else:
                self.effects += 1
            self.oracle.writing(side, method, writes)
        result = effect(fault)
        if writes:
            self.oracle.unanswered.add((side, writes))
        process.point(f"done {method}")
        if fault == "lost":
            self.clock.passes(20)
            raise OutcomeUnknown("no answer came") if writes else Unavailable("no answer came")
        self.oracle.unanswered.discard((side, writes))
        if self._pauses() < 0.5:
            await asyncio.sleep(0)
        return result

    def _due(self, side: str, method: str, writes: str) -> list[Step]:
        """What others do just before this call: by its number, or before the nth write to a calendar, look at slots or
        call to their calendar.

        The latter are about the booking or the slot's event that the call is about.
        """
        if side == OPEN:
            group = SHELF
        else:
            group = WRITES if method in ("create", "replace", "remove") else SLOTS if method == "slots" else 0
        if not self._cycle_step.meanwhile:
            return []
        self._groups[group] += 1
        found = []
        for at, step in self._cycle_step.meanwhile:
            if at == self._index:
                found.append(step)
            elif group and at == group + self._groups[group]:
                if group == SHELF:
                    found.append(replace(step, name=writes or self.slot_people.near))
                    continue
                name = self.oracle.dragged_last() if group == SLOTS else writes.rsplit("/", 1)[-1]
                name = "" if name.startswith("ask-") else name.removesuffix(".ics").split("~")[0]
                found.append(replace(step, name=name or step.name))
        return found

    def _noted(self, fault: str) -> None:
        if fault in LIES:
            self.lies()
        if fault == "bug":
            self._bugs += 1

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

    def late_ones(self, *, all_of_them: bool = False) -> None:
        """Requests whose answer was lost long ago arrive only now."""
        due = [effect for at, effect in self.later if all_of_them or at <= self.clock.seconds]
        self.later = [] if all_of_them else [one for one in self.later if one[0] > self.clock.seconds]
        for effect in due:
            self.trace.append("    a late request arrives")
            with suppress(CollectionGone, NotFound, PreconditionFailed, Refused, UidConflict):
                effect()

    def _arrives_late(self, side: str, writes: str, effect: Callable[[str], object]) -> None:
        """To a calendar without strong ETags it does not, for nothing would keep it from what was written since; nor to
        one that has left the config, where nobody can look for it.
        """
        if side in self.server.calendars:
            if self.server.kind in ("weak", "no etags") or side not in self.managed:
                return
            self.oracle.unanswered.add((side, writes))
        self.is_late = True
        try:
            effect("late")
        finally:
            self.is_late = False

    def stands(self, url: str) -> None:
        """Raises where that calendar cannot be searched."""
        calendar = self.server.calendars[url]
        if calendar.down or calendar.gone:
            raise Unavailable("one of the calendars cannot be searched")

    # the process and its database

    def restart(self) -> None:
        """The next cycle is that of a new process."""
        self.engine = None
        self.disk.restart()

    def lies(self, longer: float = 0.0) -> None:
        """Something was told that is not so; a full listing heals it within the hour, by the clock that syncd has."""
        self._lied = max(self._lied, self.clock.seconds + longer)
        self._lied_at = self.clock.at + timedelta(seconds=self._lied - self.clock.seconds)

    def backup(self) -> None:
        self.disk.backup()
        self.hand.backup()

    def restore(self, n: int) -> bool:
        if not self.disk.restore(n):
            return False
        self.engine = None
        self.hand.restored(n)
        self.oracle.database_lost(restored=True)
        self.asks.restored()
        self.imports.database_lost()
        return True

    def lose(self) -> None:
        self.disk.lose()
        self.engine = None
        self.hand.lost()
        self.oracle.database_lost(restored=False)
        self.asks.database_lost()
        self.imports.database_lost()

    def decide(self, verb: Decision, names: list[str]) -> bool:
        """A person says `syncd approve` or `syncd reject`; of all that awaits where none is named."""
        waiting = [link for link in self.store.links().values() if link.closed is None and link.awaiting is not None]
        chosen = [link for link in waiting if not names or link.booking_id in names]
        asking = [] if names else self.store.awaiting()
        if chosen or asking:
            self.oracle.decided(verb, chosen)
            self.asks.decided(verb, asking)
            with self.disk.beside() as store:
                decided = [*(link.booking_id for link in chosen), *(each.name for each in asking)]
                store.ask(verb, decided, self.clock.now())
        return bool(chosen or asking)

    # watching

    @contextmanager
    def _watched(self) -> Iterator[None]:
        cell = planner._cell

        def counted(case: Any, zimun: Any, event: Any) -> Any:
            self.decided.cell(case.link.booking_id, zimun, event)
            return cell(case, zimun, event)

        problem = Case.problem

        def told(case: Case, kind: ProblemKind, text: str) -> Any:
            if planner.OWN_FAULT in text:
                self.fail("a fault of syncd's own: " + traceback.format_exc()[-900:])
            return problem(case, kind, text)

        Case.problem = told  # type: ignore[method-assign]
        planner._cell = counted
        configured = structlog.get_config()
        structlog.configure(processors=[self._logged], cache_logger_on_first_use=False)
        try:
            yield
        finally:
            planner._cell = cell
            Case.problem = problem  # type: ignore[method-assign]
            structlog.configure(**configured)
            self.decided.end()
            self.disk.close()

    def _logged(self, logger: object, method: str, event: Any) -> Any:
        if "qzx" in repr(event):
            self.fail(f"personal data in the log: {event.get('event')}")
        if event["event"] == "intent.broken":
            if self._bugs:
                self._bugs -= 1
            else:
                self.fail("a fault of syncd's own: " + traceback.format_exc()[-900:])
        raise structlog.DropEvent
