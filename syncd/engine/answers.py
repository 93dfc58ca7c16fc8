"""Answers to the planner's questions: second looks at single bookings, events and days."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import takewhile

import structlog

from syncd.domain.booking import Booking
from syncd.domain.errors import CollectionGone, Malformed, NotFound, NotPermitted, RateLimited, Refused, SyncdError
from syncd.domain.event import Observation
from syncd.engine.observe import observed
from syncd.engine.sides import GIVE_UP_AFTER, ZIMUN, Health, Managed, Sides
from syncd.engine.together import together
from syncd.engine.turns import LEAST, Turns
from syncd.planning.looks import Turn, turn
from syncd.planning.snapshot import (
    Answer,
    FindEvent,
    Look,
    LookBooking,
    LookEvent,
    LookSlots,
    Question,
    Snapshot,
)

log = structlog.get_logger(__name__)

AT_ONCE = 4
# more that a list left out at once are first checked on so many: a list may lie, and then the rest is not asked for
SAMPLE = 5
MOST_FAILURES = 8
"""Of the looks that are asked for together: each may take minutes."""


class Answering:
    """Asks both sides what the planner wants to know, in one cycle. What cannot be answered now is answered UNKNOWN.

    `troubles` says why, by booking: one that cannot be looked at does not stop the others, nor its side, which counts
    as down only where several looks failed and it has answered nothing in this cycle. Zimun may also ask us to wait.
    `stopping` is asked before each look: nothing more is asked for then. `looked_back`: whether all that is over was
    looked at which had to be.
    """

    def __init__(
        self, sides: Sides, managed: Managed, health: Health, turns: Turns, stopping: Callable[[], bool]
    ) -> None:
        self._sides = sides
        self._calendars = managed.calendars
        self._policy = managed.policy
        self._health = health
        self._stopping = stopping
        self._turns = turns
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._failed: Counter[tuple[str, bool]] = Counter()
        self._faults: dict[str, SyncdError] = {}
        self._answered: set[str] = set()
        self._asked: set[Question] = set()
        self._in_turn: set[Question] = set()
        self._put_off: set[Question] = set()
        self._limited: RateLimited | None = None
        self._left = self._pressed = False
        self.looked_back = True
        self.troubles: dict[str, str] = {}

    async def answer(self, questions: Iterable[Question], snapshot: Snapshot) -> dict[Question, Answer]:
        """An answer to each question; or only to what presses, where there is more than can be asked in one cycle.

        What follows from that comes first, then: it is asked for again.
        """
        if snapshot.window is not None:
            self._answered.add(ZIMUN)  # it has just listed bookings
        self._failed.clear()
        self._faults.clear()
        found: dict[Question, Answer] = {}
        presses: list[Question] = []
        rest: dict[Turn, list[LookBooking]] = {Turn.LOOK_BACK: [], Turn.IN_TURN: []}
        for question in questions:
            when = turn(question, snapshot, self._policy)
            if isinstance(question, LookBooking) and when is not Turn.AT_ONCE:
                rest[when].append(question)
                found[question] = Look.UNKNOWN  # unless it is its turn
            else:
                presses.append(question)
        if rest[Turn.LOOK_BACK]:
            self.looked_back = False
        # what a person waits for is not asked behind what may fail
        others = [question for question in presses if not isinstance(question, LookBooking)]
        others.sort(key=lambda question: (not isinstance(question, LookSlots), repr(question)))
        bookings = [question for question in presses if isinstance(question, LookBooking)]
        bookings = self._turns.in_order(Turn.AT_ONCE, bookings)
        self._pressed |= bool(presses)
        # where nothing presses there is room for a few
        most = self._turns.most or (0 if self._pressed else LEAST)
        if presses and len(found) > most:
            answers = await self._all([*others, *bookings], snapshot)
            self._judge(side for side in self._faults if side != ZIMUN)
        else:
            back, quiet = (self._turns.in_order(when, some) for when, some in rest.items())
            # what is over keeps half of it for the others, for it may come again and again
            chosen = [*back[: most - min(len(quiet), most // 2)], *quiet][:most]
            self._in_turn.update(chosen)
            answers = found | await self._all([*others, *bookings, *chosen], snapshot)
            if rest[Turn.LOOK_BACK]:
                self.looked_back = self._reached(Turn.LOOK_BACK, back, chosen) and ZIMUN in self._answered
            self._reached(Turn.IN_TURN, quiet, chosen)
            self._judge(self._faults)
            self._left |= len(chosen) < len(back) + len(quiet)
        self._reached(Turn.AT_ONCE, bookings, bookings)
        self._turns.keep()
        return answers

    def pace(self) -> None:
        """How many the next cycle looks at in turn: to be told once this one has asked Zimun for all else."""
        if self._limited is not None or ZIMUN in self._health.limited:
            self._turns.slow_down(len(self._in_turn & self._asked - self._put_off))
        elif self._left:
            self._turns.speed_up()
        self._turns.keep()

    def _reached(self, when: Turn, order: list[LookBooking], chosen: list[LookBooking]) -> bool:
        """Remember how far it went in that order; whether to its end."""
        had = takewhile(lambda question: question in chosen and question not in self._put_off, order)
        count = len(list(had))
        if not count and order and order[0] in self._asked:
            count = 1  # Zimun may ask to wait on account of this one alone
        return self._turns.reached(when, order, count)

    async def _all(self, asked: list[Question], snapshot: Snapshot) -> dict[Question, Answer]:
        found: dict[Question, Answer] = {}
        lists: dict[str, list[Question]] = {}
        for question in asked:
            if _left_out(question, snapshot):
                lists.setdefault(self._side(question), []).append(question)
        for left_out in lists.values():
            if len(left_out) > SAMPLE and await self._list_lies(left_out[:SAMPLE], snapshot, found):
                found |= dict.fromkeys(left_out[SAMPLE:], Look.UNKNOWN)
        rest = [question for question in asked if question not in found]
        answers = await together(*(self._gated(question, snapshot) for question in rest))
        return found | dict(zip(rest, answers, strict=True))

    async def _list_lies(self, sample: list[Question], snapshot: Snapshot, found: dict[Question, Answer]) -> bool:
        """Whether all that is asked for is there, as if the list had named it."""
        answers = await together(*(self._gated(question, snapshot) for question in sample))
        found |= zip(sample, answers, strict=True)
        return all(
            isinstance(answer, Observation) or (isinstance(answer, Booking) and not answer.cancelled)
            for answer in answers
        )

    @staticmethod
    def _side(question: Question) -> str:
        match question:
            case LookEvent(calendar):
                return calendar
            case FindEvent():
                return "the account's calendars"
            case _:
                return ZIMUN

    async def _gated(self, question: Question, snapshot: Snapshot) -> Answer:
        async with self._gate:
            if self._stopping():
                self._put_off.add(question)
                return Look.UNKNOWN  # there may be thousands
            return await self._one(question, snapshot)

    async def _one(self, question: Question, snapshot: Snapshot) -> Answer:
        side = self._side(question)
        slots = isinstance(question, LookSlots)
        limit = self._limited if side == ZIMUN else None
        if limit is not None and slots:
            self._health.failed(side, limit)
        enough = not slots and self._failed[self._kind(question)] >= self._most_failures(question)
        if side in self._health.faults or limit is not None or enough:
            self._put_off.add(question)
            return Look.UNKNOWN  # the next cycle asks again
        self._asked.add(question)
        try:
            answer = await self._ask(question, snapshot)
        except (Malformed, NotFound, Refused) as error:
            self._trouble(question, error)
            return Look.CLOSED if slots else Look.UNKNOWN
        except NotPermitted as error:
            if not error.credentials:
                self._answered.add(side)
                if isinstance(question, LookEvent):
                    self._trouble(question, error)  # what cannot be looked at stands still, and says so
                return Look.CLOSED
            self._health.failed(side, error)
            return Look.UNKNOWN
        except SyncdError as error:
            self._fail(question, side, error)
            return Look.UNKNOWN
        self._answered.add(side)
        return answer

    def _fail(self, question: Question, side: str, error: SyncdError) -> None:
        if side == ZIMUN and isinstance(error, RateLimited):
            self._limited = error
            self._put_off.add(question)
            if question in self._in_turn and side in self._answered:
                log.info("looks.limited", fault=str(error))
                return
        self._failed[self._kind(question)] += 1
        self._faults[side] = error
        self._trouble(question, error)
        if isinstance(question, LookSlots) or error is self._limited:
            self._health.failed(side, error)

    def _kind(self, question: Question) -> tuple[str, bool]:
        return self._side(question), question in self._in_turn

    def _most_failures(self, question: Question) -> int:
        side, in_turn = self._kind(question)
        # a person waits for what presses, and it may be that Zimun cannot tell of just these
        return GIVE_UP_AFTER if in_turn and side not in self._answered else MOST_FAILURES

    def _judge(self, sides: Iterable[str]) -> None:
        """Whether they are down: once all were asked, for those that fail may be the first of them."""
        for side in sides:
            error = self._faults[side]
            failed = sum(count for (of, _), count in self._failed.items() if of == side)
            if failed >= GIVE_UP_AFTER and side not in self._answered:
                self._health.failed(side, error)

    async def _ask(self, question: Question, snapshot: Snapshot) -> Answer:
        match question:
            case LookBooking(booking_id):
                return await self._sides.bookings.booking(booking_id) or Look.ABSENT
            case LookEvent():
                return await self._look_event(question, snapshot)
            case FindEvent():
                return await self._find(question, snapshot)
            case LookSlots(service_id, location_id, day):
                return await self._sides.bookings.open_slots(service_id, location_id, day)

    def _trouble(self, question: Question, error: SyncdError) -> None:
        match question:
            case LookBooking(booking_id) | FindEvent(booking_id=booking_id):
                self.troubles[booking_id] = str(error)
            case LookEvent(href=href):
                self.troubles[href] = str(error)

    async def _look_event(self, question: LookEvent, snapshot: Snapshot) -> Answer:
        stored = await self._calendars[question.calendar].get(question.href)
        if stored is None:
            return Look.ABSENT
        return observed(question.calendar, stored, frozenset({question.href}), snapshot.now)

    async def _find(self, question: FindEvent, snapshot: Snapshot) -> Answer:
        try:
            found = await self._sides.account.find(question.uid, question.booking_id)
        except CollectionGone:
            return Look.UNKNOWN
        copied = [hit for hit in found if hit[1].event is not None and hit[1].event.is_copy_of(question.booking_id)]
        found = [hit for hit in found if hit not in copied]
        for calendar, _ in found:
            if calendar not in self._calendars:
                return calendar
        # what a managed calendar's search finds, and its listing does not or cannot be read, is no deletion
        known = [snapshot.events.get((calendar, one.href)) for calendar, one in found]
        for calendar, one in found:
            if (calendar, one.href) not in snapshot.events:
                self._sides.store.forget_cursor(calendar)  # listed in full the next time
                self.troubles[question.booking_id] = "a search finds its event where the listing names none: left alone"
        if any(seen is None or seen.event is None or seen.fault for seen in known):
            return Look.UNKNOWN
        return Look.COPIED if copied else Look.ABSENT


def _left_out(question: Question, snapshot: Snapshot) -> bool:
    """Whether a list should have named what is asked about."""
    if isinstance(question, LookEvent):
        return (question.calendar, question.href) not in snapshot.events
    if not isinstance(question, LookBooking) or snapshot.window is None:
        return False
    link = snapshot.links.get(question.booking_id)
    return link is not None and snapshot.window.start <= link.booking.start < snapshot.window.end
