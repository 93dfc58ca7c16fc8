"""Answers to the planner's questions: second looks at single bookings, events and days."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping

from syncd.domain.booking import Booking
from syncd.domain.errors import CollectionGone, Malformed, NotFound, NotPermitted, Refused, SyncdError
from syncd.domain.event import Observation
from syncd.engine.observe import observed
from syncd.engine.sides import ZIMUN, Health, Sides
from syncd.engine.together import together
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
from syncd.ports import CalendarPort

AT_ONCE = 4
# more that a list left out at once are first checked on so many: a list may lie, and then the rest is not asked for
SAMPLE = 5
GIVE_UP_AFTER = 3


class Answering:
    """Asks both sides what the planner wants to know. A question that cannot be answered now is answered UNKNOWN.

    `troubles` says why, by booking: one that cannot be looked at does not stop the others, nor its side, which counts
    as down only when several looks fail one after the other.
    """

    def __init__(self, sides: Sides, calendars: Mapping[str, CalendarPort], health: Health) -> None:
        self._sides = sides
        self._calendars = calendars
        self._health = health
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._in_a_row: Counter[str] = Counter()
        self.troubles: dict[str, str] = {}

    async def answer(self, questions: Iterable[Question], snapshot: Snapshot) -> dict[Question, Answer]:
        """An answer to each question."""
        # what a person waits for is not asked behind what may fail
        asked = sorted(questions, key=lambda question: (not isinstance(question, LookSlots), repr(question)))
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
            return await self._one(question, snapshot)

    async def _one(self, question: Question, snapshot: Snapshot) -> Answer:
        side = self._side(question)
        if side in self._health.faults or self._in_a_row[side] >= GIVE_UP_AFTER:
            return Look.UNKNOWN  # it failed in this cycle: the next one asks again
        try:
            answer = await self._ask(question, snapshot)
        except (Malformed, NotFound, Refused) as error:
            self._trouble(question, error)
            return Look.CLOSED if isinstance(question, LookSlots) else Look.UNKNOWN
        except NotPermitted as error:
            if not error.credentials:
                if isinstance(question, LookEvent):
                    self._trouble(question, error)  # what cannot be looked at stands still, and says so
                return Look.CLOSED
            self._health.failed(side, error)
            return Look.UNKNOWN
        except SyncdError as error:
            self._in_a_row[side] += 1
            self._trouble(question, error)
            if isinstance(question, LookSlots) or self._in_a_row[side] >= GIVE_UP_AFTER:
                self._health.failed(side, error)
            return Look.UNKNOWN
        self._in_a_row[side] = 0
        return answer

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
