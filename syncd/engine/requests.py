"""Bookings that people ask for: by events of their own where that is allowed, or by writing into an open slot's event.

Taken up once both sides are read, and booked before the plan is made, so that the plan writes the booking's event in
the same cycle; then the request goes (`tidy`). What is asked is written down as a hold and a confirm in the journal,
with the event's number: the transaction that records what came of them says so of the event, too.

A hold whose answer was lost stays open. It is asked for again under its key as long as the event asks for that time;
for whom does not matter, for a hold names nobody. Where the event asks for another time by now, or for nothing, the
hold is not confirmed; it lapses by itself, and until then what is refused may be so on its account alone.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from syncd.domain.actions import Confirm, Hold, Record, Why
from syncd.domain.booking import Booking
from syncd.domain.candidate import Candidate, Stage
from syncd.domain.errors import StoreError, SyncdError
from syncd.domain.note import NEVER, Note, NoteKind
from syncd.domain.request import Known, Request
from syncd.engine import memory
from syncd.engine.asked import AskedByHand
from syncd.engine.book import HOLD_LIFE, asked_again, is_being_cancelled, live_twin, may_be_ours, may_stand
from syncd.engine.nearby import open_nearby
from syncd.engine.noticing import Noticing, OpenAsk, being_confirmed, open_asks
from syncd.engine.outcomes import Done
from syncd.engine.sides import ZIMUN, Health, Managed, Sides
from syncd.engine.takers import Takers
from syncd.planning.candidates import (
    MAX_REQUESTS,
    PATIENCE,
    faulty,
    held_back,
    is_due,
    lapsed,
    not_offered,
    refused,
)
from syncd.planning.planner import OWN_FAULT
from syncd.planning.requests import Fault, Reading
from syncd.planning.snapshot import Snapshot
from syncd.state.journal import Outcome

log = structlog.get_logger(__name__)


class Requests:
    """What the events of one cycle ask for. Raises StoreError only.

    `refused` counts those that were told no without asking Zimun; `met` are the pairs of those that are booked already.
    """

    def __init__(
        self,
        sides: Sides,
        managed: Managed,
        health: Health,
        asked: AskedByHand,
        cycle: int,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._sides = sides
        self._store = sides.store
        self._managed = managed
        self._health = health
        self._asked = asked
        self._cycle = cycle
        self._stopping = stopping
        self._takers = Takers(sides, managed, health)
        self._noticing = Noticing(sides, self._takers)
        self.refused = 0
        self.met: list[Record] = []

    async def book(self, snapshot: Snapshot) -> list[Done]:
        """Take up what is new, and book what is due; what came of each hold or confirm."""
        if not self._takers.urls and not open_asks(self._store):
            self._store.watch_only((), snapshot.now)
            return []
        self._drop_lapsed()
        await self._noticing.events(snapshot)
        done: list[Done] = []
        for candidate, request in await self._due(snapshot):
            if self._stopping() or ZIMUN in self._health.faults:
                break
            if not self._has_its_turn(candidate, request):
                continue
            try:
                made = await self._book(candidate, request, snapshot)
            except StoreError:
                raise
            except SyncdError as error:
                self._asked.put_off(candidate.name, error)
                continue
            except Exception as error:
                # a fault of ours about one item must not stop the others
                log.exception("request.broken", request=candidate.name)
                self._asked.put_off(candidate.name, SyncdError(f"{OWN_FAULT}: {type(error).__name__}"))
                continue
            done += made
        return done

    async def planned(self, snapshot: Snapshot) -> list[Hold]:
        """What would be asked for now. The store is written: give it a copy."""
        await self._noticing.events(snapshot)
        due = await self._due(snapshot)
        return [_hold(candidate, request) for candidate, request in due if self._has_its_turn(candidate, request)]

    async def notice_slots(self, snapshot: Snapshot) -> None:
        """Read what people wrote into the events of open slots, as publishing has just found it.

        It comes last in a cycle, as all about slots; what is due is booked in a later one. Raises StoreError only.
        """
        if not self._stopping():
            await self._noticing.slots(snapshot)

    def _drop_lapsed(self) -> None:
        """Holds whose answer never came, and that can stand no more whichever attempt at them was heard last."""
        for intent, action in open_asks(self._store):
            if isinstance(action, Hold) and self._now() - intent.at > 2 * HOLD_LIFE:
                self._store.record(intent, Outcome.DROPPED, self._now(), detail="withdrawn")
                log.info("request.withdrawn", booking_id=action.booking_id)

    async def _due(self, snapshot: Snapshot) -> list[tuple[Candidate, Request]]:
        """The requests that may be asked for now, as they stand; what is told no, or held back, is remembered."""
        policy, now = self._managed.policy, snapshot.now
        known = self._store.candidates()
        self._keep([one for each in known if (one := lapsed(each, now)) is not None])
        if snapshot.clock_jumped:
            # nobody knows for how long they stood; one may have been read a moment ago, long after the cycle began
            self._keep([replace(one, since=self._now()) for one in known if one.stage is Stage.STANDING])
            return []
        confirming = being_confirmed(self._store)
        due = [one for one in known if is_due(one, now, policy.request_settle) and one.id not in confirming]
        if not due or not self._zimun_was_read(snapshot):
            return []
        read = await self._as_they_stand(due, snapshot)
        begun = {one.action.candidate for one in open_asks(self._store)}
        # what was asked for already was one of few enough then
        passed = [
            pair
            for pair in read
            if pair[0].stage is Stage.APPROVED or pair[0].asked_at is not None or pair[0].id in begun
        ]
        fresh = [pair for pair in read if pair not in passed]
        if len(fresh) > MAX_REQUESTS:
            self._keep([held_back(one, reading, now) for one, reading in fresh])
            fresh = []
        wanted = []
        for one, reading in (*fresh, *passed):
            if isinstance(reading, Request):
                wanted.append((one, reading))
            elif isinstance(reading, Fault):
                self._tell(faulty(one, reading, now))
        return wanted

    async def _as_they_stand(self, due: list[Candidate], snapshot: Snapshot) -> list[tuple[Candidate, Reading]]:
        """The events that are due, read afresh: those that still are what was remembered, with what they ask for."""
        read: list[tuple[Candidate, Reading]] = []
        for url in dict.fromkeys(one.calendar for one in due):
            if not self._takers.is_usable(url, snapshot):
                continue
            # a listing that left one out, as when a server loses its files for a moment: nobody knows what it was then
            there = self._takers.there(url)
            here = [one for one in due if one.calendar == url and one.href in there]
            found = await self._takers.read(url, [one.href for one in here])
            reader = self._takers.reader(url, snapshot)
            for one in here:
                stored = (found or {}).get(one.href)
                if stored is None or stored.event is None or stored.event.fingerprint != one.version:
                    continue
                reading = reader(one.href, stored.event)
                begun = one.start is not None and one.start <= snapshot.now
                if not begun and not self._takers.is_offered(one, snapshot.offered):
                    # one answer of Zimun's may leave it out, and without its name the event reads like another
                    if timedelta(0) <= snapshot.now - one.since < PATIENCE:
                        continue
                    reading = reading if isinstance(reading, Fault) else not_offered(one)
                if reading is None:
                    self._keep([replace(one, stage=Stage.THEIRS)])
                else:
                    read.append((one, reading))
        return read

    async def _book(self, candidate: Candidate, request: Request, snapshot: Snapshot) -> list[Done]:
        if candidate.asked_at is None:
            candidate = replace(candidate, asked_at=self._now())
            self._keep([candidate])
        twin = await live_twin(request, self._sides)
        if twin is not None and request.is_in_another_name(twin):
            # no confirm was sent for this event, which would have ended it: so it cannot have become that booking
            self._tell(refused(candidate, Note(NoteKind.REQUEST_OTHER_NAME, snapshot.now, NEVER, asked=request.start)))
            return []
        if twin is not None:
            if not is_being_cancelled(twin, self._sides):  # else it is asked for again once that is known
                self._is_booked_already(candidate, twin, snapshot)
            return []
        if (lost := self._unanswered(candidate, request)) is not None:
            action = replace(lost.action, request=request)
            return [await self._asked.carry_out(replace(lost.intent, action=action), action, again=True)]
        slots = await open_nearby(self._sides, request.service_id, request.location_id, request.start)
        if slots and request.start not in slots:
            if may_be_ours(request, self._sides, candidate):
                memory.put_off(self._store, candidate.name, self._now())
                return []
            note = Note(NoteKind.REQUEST_NOT_OPEN, snapshot.now, NEVER, asked=request.start, slots=slots)
            self._tell(refused(candidate, note))
            return []
        action = _hold(candidate, request)
        (intent,) = self._store.journal([action], self._cycle, self._now())
        return [await self._asked.carry_out(intent, action, again=False)]

    def _unanswered(self, candidate: Candidate, request: Request) -> OpenAsk | None:
        """Its hold of that time whose answer was lost, if it may stand long enough to be confirmed."""
        for one in open_asks(self._store):
            asked = one.action.request
            same = (asked.service_id, asked.location_id, asked.start)
            if (
                isinstance(one.action, Hold)
                and one.action.candidate == candidate.id
                and same == (request.service_id, request.location_id, request.start)
                and may_stand(one.intent, self._now())
            ):
                return one
        return None

    def _is_booked_already(self, candidate: Candidate, twin: Booking, snapshot: Snapshot) -> None:
        """It is that booking, and a deletion of its event that has begun is over: that person wants it.

        What stood there at the first read is a person's own note of it, and stays. Not so in a slot's event: that is
        ours, and of no use any more.
        """
        own = candidate.first and candidate.calendar != self._takers.slots
        stage = Stage.THEIRS if own else Stage.BOOKED
        known = {one.booking.id for one in self._store.known()}
        if twin.id not in known | snapshot.bookings.keys() | snapshot.links.keys():
            # too far ahead to be listed: the next cycle writes its event, and then the request goes
            self._store.know(Known(twin, self._now()))
        link = asked_again(twin, self._sides)
        links = [link] if link is not None else []
        one = replace(candidate, stage=stage, booking_id=twin.id)
        self._store.keep_candidates([one], self._cycle, self._now(), links)
        self.met += [Record(each.booking_id, Why.REMEMBERED, each) for each in links]
        log.info("request.met", request=candidate.name, booking_id=twin.id)

    def _tell(self, candidate: Candidate) -> None:
        self.refused += 1
        self._keep([candidate])
        log.info("request.refused", request=candidate.name, why=candidate.note.kind.value if candidate.note else "")

    def _has_its_turn(self, candidate: Candidate, request: Request) -> bool:
        """Whether it may be asked for now. Each rests by itself, also after a 403: that may be about it alone."""
        return not self._asked.rests(candidate.name) and not self._is_asked_for_elsewhere(candidate, request)

    def _is_asked_for_elsewhere(self, candidate: Candidate, request: Request) -> bool:
        """Whether the same is being asked for by another event or by hand, and its answer is not known."""
        return any(
            isinstance(one.action, Hold | Confirm)
            and one.action.candidate != candidate.id
            and one.action.request.is_same_as(request)
            and (isinstance(one.action, Confirm) or may_stand(one, self._now()))
            for one in self._store.open_intents()
        )

    def _zimun_was_read(self, snapshot: Snapshot) -> bool:
        """Whether all bookings were seen that can be seen: else nobody knows whether it is booked already."""
        return ZIMUN not in self._health.faults and (snapshot.window is not None or snapshot.list_closed)

    def _keep(self, seen: list[Candidate]) -> None:
        self._store.keep_candidates(seen, self._cycle, self._now())

    def _now(self) -> datetime:
        return self._sides.clock.now()


def _hold(candidate: Candidate, request: Request) -> Hold:
    return Hold(candidate.name, Why.REQUESTED, request, candidate=candidate.id)
