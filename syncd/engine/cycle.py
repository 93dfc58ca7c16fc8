"""One cycle: settle, observe, plan, guard, journal, execute, record. Start reading the engine here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache

import structlog

from syncd.domain.actions import (
    Action,
    Cancel,
    Create,
    Effect,
    Plan,
    Problem,
    ProblemKind,
    Record,
    Remove,
    Replace,
    Reschedule,
    Why,
)
from syncd.domain.booking import Booking, Catalog
from syncd.domain.errors import SyncdError
from syncd.domain.event import Observation, Texts
from syncd.domain.ids import BookingId
from syncd.domain.link import AwaitKind, Decision
from syncd.engine import kept, memory, withheld
from syncd.engine.answers import Answering
from syncd.engine.asked import AskedByHand
from syncd.engine.execute import Executing
from syncd.engine.known import Listed, with_known
from syncd.engine.observe import look_at_new, observe_bookings, observe_calendars
from syncd.engine.outcomes import Done, unwritten
from syncd.engine.polling import Polling
from syncd.engine.publishing import Publishing
from syncd.engine.renames import concerned, perhaps_renamed
from syncd.engine.report import Report, Told, summarised
from syncd.engine.requests import Requests
from syncd.engine.scratch import remove_left_over
from syncd.engine.setbacks import Setbacks
from syncd.engine.settle import drop_outdated, settle
from syncd.engine.sides import ZIMUN, Health, Managed, Sides
from syncd.engine.tidy import Tidying
from syncd.engine.together import together
from syncd.engine.turns import Turns
from syncd.planning.endings import only_what_ended
from syncd.planning.guard import approved, check_safe, is_move, is_removal
from syncd.planning.looks import questions
from syncd.planning.planner import make_plan
from syncd.planning.snapshot import Answer, Look, LookBooking, LookEvent, Snapshot
from syncd.state.journal import Outcome
from syncd.state.pairs import UNREAD

log = structlog.get_logger(__name__)

# a transferred event that was also moved takes five: linked anew, rescheduled, written home, the old one removed, quiet
ROUNDS = 5
LOOK_ROUNDS = 7
HOUR = timedelta(hours=1)
TEXTS_KEPT = 10_000
REFUSED = "the calendar server refuses its event: tried again each hour, and when it changes; the log says why"


@dataclass(slots=True)
class _Round:
    """What a cycle knows while it runs."""

    managed: Managed
    snapshot: Snapshot
    health: Health
    clocks: memory.Clocks
    answering: Answering
    parked: tuple[Problem, ...] = ()
    left_out: frozenset[BookingId] = frozenset()
    problems: tuple[Problem, ...] = ()
    done: list[Done] = field(default_factory=list)


class Engine:
    """Runs cycles on two sides and a store. The caller holds the store's cycle lock."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        # the same for an unchanged booking in each round of each cycle
        self._worded = lru_cache(maxsize=TEXTS_KEPT)(sides.words.texts)

    async def cycle(
        self,
        stopping: Callable[[], bool] = lambda: False,
        progress: Callable[[int, int], None] = lambda done, of: None,
    ) -> Report:
        """One whole cycle. Raises StoreError only: what goes wrong on a side is in the report.

        `stopping` is asked before each write; `progress` is told how many of a round's writes are done.
        """
        store = self._sides.store
        number = store.begin_cycle(self._sides.clock.now())
        health = Health()
        polling = Polling(self._sides, health, stopping)
        answers, approvals = self._decide_asks(number)
        by_hand = AskedByHand(self._sides, health, number, stopping)
        asked = await by_hand.all()
        current = await self._observe(number, health, stopping)
        if current is not None:
            requests = Requests(self._sides, current.managed, health, by_hand, number, stopping)
            booked = await requests.book(current.snapshot)
            self._remember(current, requests.met, booked)
            await self._act(current, stopping, progress)
            if not stopping():
                await look_at_new(store, current.managed.calendars, current.snapshot.links.values())
            memory.remember_told(store, current.snapshot)
            # the looks tell by themselves whether Zimun answered them, whatever else it does not let us do
            read = current.snapshot.list_closed or ZIMUN not in health.faults
            if current.snapshot.ended_since is not None and current.answering.looked_back and read:
                memory.remember_looked_back(store, current.snapshot.now)
            tidying = Tidying(self._sides, current.managed, health, stopping)
            current.problems += await tidying.all(current.snapshot)
            if current.managed.openings is not None:
                current.problems += Setbacks(store).problems(current.snapshot.now)
            for ask_id, booking_ids in approvals.items():
                answers[ask_id] = _with_lapsed(answers[ask_id], booking_ids, current)
            done, told = [*asked, *booked, *current.done], Told(requests.refused, len(store.awaiting()))
            report = summarised(number, health, done, current.problems, current.snapshot.links, told)
        else:
            report = summarised(number, health, asked, (), store.links(), Told(0, len(store.awaiting())))
        ended = self._sides.clock.now()
        for ask_id, answer in answers.items():
            store.answer(ask_id, ended, answer or report.summary.line, report.summary.exit_code)
        if current is not None:
            # last of all: neither a booking nor a person in the shell waits for it
            offered = current.snapshot.offered
            await polling.poll(offered)
            await Publishing(self._sides, current.managed, stopping).publish(offered)
            await requests.notice_slots(current.snapshot)
            if not stopping():
                await remove_left_over(store, current.managed, self._sides.clock.now())
            current.answering.pace()
        store.end_cycle(number, self._sides.clock.now(), report.summary)
        log.info("cycle.finished", cycle=number, exit_code=report.summary.exit_code, line=report.summary.line)
        return report

    async def plan(self) -> tuple[Plan, Health]:
        """What a cycle would do, with nothing done on either side. The store is written: give it a copy in memory."""
        health = Health()
        number = self._sides.store.begin_cycle(self._sides.clock.now())
        self._decide_asks(number)
        current = await self._observe(number, health, lambda: False)
        if current is None:
            return Plan(), health
        by_hand = AskedByHand(self._sides, health, number, lambda: True)
        requests = Requests(self._sides, current.managed, health, by_hand, number)
        effects: list[Effect] = [*await requests.planned(current.snapshot)]
        touched: frozenset[BookingId] | None = None
        for _ in range(ROUNDS):
            actions = await self._planned(current, touched)
            effects += [action for action in actions if not isinstance(action, Record)]
            touched = self._remember(current, [action for action in actions if isinstance(action, Record)], [])
            if not touched:
                break
        return Plan(tuple(effects), current.problems), health

    def _decide_asks(self, number: int) -> tuple[dict[int, str], dict[int, list[BookingId]]]:
        """Take in what people decided in the shell: the word of `approve` and `reject` goes into the links.

        What is to be answered, and what each ask approved.
        """
        store = self._sides.store
        answers: dict[int, str] = {}
        approvals: dict[int, list[BookingId]] = {}
        asks, now = store.undecided(), self._sides.clock.now()
        links = store.links() if asks else {}
        waiting = {one.name: one for one in store.awaiting()} if asks else {}
        records: list[Action] = []
        for ask in asks:
            if ask.wanted is not None:
                continue
            if ask.verb is None:
                answers[ask.id] = ""
                continue
            decided: list[BookingId] = []
            for booking_id in ask.booking_ids:
                link = links.get(booking_id)
                event = waiting.get(booking_id) if link is None else None
                if (
                    event is not None
                    and ask.is_about(event.since, now)
                    and store.decide_candidate(event.name, ask.verb, number, now)
                ):
                    decided.append(booking_id)
                    continue
                awaiting = link.awaiting if link is not None and link.closed is None else None
                if link is not None and awaiting is not None and ask.is_about(awaiting.since, now):
                    links[booking_id] = replace(link, awaiting=replace(awaiting, decision=ask.verb))
                    records.append(Record(booking_id, _told_at_once(awaiting.kind, ask.verb), links[booking_id]))
                    decided.append(booking_id)
            if ask.verb is Decision.APPROVED:
                approvals[ask.id] = [booking_id for booking_id in decided if booking_id in links]
            word = "approved" if ask.verb is Decision.APPROVED else "rejected"
            told = [f"{word}: {', '.join(decided)}"] if decided else []
            told += [f"nothing awaits for {name}" for name in ask.booking_ids if name not in decided]
            answers[ask.id] = "; ".join(told)
        if records:
            store.journal(records, number, now)
        return answers, approvals

    async def _observe(self, number: int, health: Health, stopping: Callable[[], bool]) -> _Round | None:
        """Both sides, as far as they can be read. None where not even the calendars are known."""
        sides, now = self._sides, self._sides.clock.now()
        try:
            managed = await sides.managed()
        except SyncdError as error:
            health.failed("calendars", error)
            log.warning("calendars.unseen", fault=str(error))
            return None
        clocks = memory.clocks(sides.store, sides.clock, now)
        named = memory.catalog(sides.store, sides.catalog or Catalog())
        known = Snapshot(now=now, cycle=number, catalog=named, links=sides.store.links())
        left_out = await settle(sides, managed, known, health)
        links = sides.store.links()
        left_at = kept.left(sides.store, managed.calendars, now)
        came = kept.came(sides.store, managed.calendars)
        cursors = {**sides.store.cursors(), **dict.fromkeys(came, UNREAD)}
        (offered, listed, window), readable = await together(
            observe_bookings(sides, managed.policy, links.values(), now, health),
            observe_calendars(sides.store, managed.calendars, cursors, links.values(), now, health),
        )
        kept.remember(sides.store, managed.calendars, came, readable, now)
        links = sides.store.links()  # with what events that went had said at last
        unread = {url for url in managed.calendars if cursors.get(url, UNREAD)[1] is None} - readable
        parked = (*listed.parked, *offered.parked) if listed is not None else ()
        unreadable = frozenset(item.key for item in parked)
        catalog = known.catalog
        bookings = {booking.id: booking for booking in listed.bookings} if listed is not None else {}
        if listed is not None:
            everything = Listed(bookings, window, unreadable)
            bookings = await with_known(sides, everything, links, managed.policy, now, left_out)
            linked = (link.booking for link in links.values() if link.closed is None)
            catalog = memory.remember_catalog(sides.store, offered, (*linked, *bookings.values()))
        if left_out:
            left_out -= await drop_outdated(sides.store, sides.bookings, bookings, links, now)
            left_out |= perhaps_renamed(sides.store.open_intents(), bookings.values(), links)
        cancelled, perhaps_cancelled = sides.store.cancellations_between(*self._lately(now))
        snapshot = Snapshot(
            now=now,
            cycle=number,
            catalog=catalog,
            offered=offered,
            links=links,
            window=window,
            list_closed=listed is not None and sides.list_closed,
            bookings=bookings,
            unreadable=unreadable,
            events=sides.store.observations(),
            managed=frozenset(managed.calendars),
            readable=readable,
            not_given=withheld.not_given(sides.store, readable),
            left_at=left_at,
            clock_jumped=clocks.jumped,
            ended_since=memory.ended_since(sides.store, managed.policy.past, now),
            told_otherwise=memory.told_otherwise(sides.store, links),
            asked_lately=memory.asked_lately(sides.store, now),
            refused_uids=memory.refused_uids(sides.store),
            never_read=frozenset() if kept.was_whole(sides.store, unread) else frozenset(unread),
            cancelled_lately=cancelled,
            perhaps_cancelled=perhaps_cancelled,
            removed_now=sides.store.removals_between(*self._lately(now)) if sides.list_closed else 0,
        )
        problems = tuple(Problem(ProblemKind.PARKED, item.key, item.reason) for item in parked)
        answering = Answering(sides, managed, health, Turns(sides.store, now), stopping)
        return _Round(managed, snapshot, health, clocks, answering, problems, left_out)

    async def _act(self, current: _Round, stopping: Callable[[], bool], progress: Callable[[int, int], None]) -> None:
        """Plan and act, and again for what an outcome calls for: a refusal its put-back, a move its calendar."""
        store = self._sides.store
        touched: frozenset[BookingId] | None = None
        for _ in range(ROUNDS):
            actions = await self._planned(current, touched)
            if touched is None:
                memory.remember_told(store, current.snapshot)
            if stopping():
                break
            intents = store.journal(actions, current.snapshot.cycle, current.snapshot.now) if actions else []
            if touched is None:
                memory.remember_clocks(store, current.clocks)
            if not actions:
                break
            executing = Executing(
                self._sides,
                current.managed,
                current.snapshot,
                current.health,
                stopping,
                progress,
                current.clocks.elapsed,
            )
            done = await executing.all(intents)
            current.done += done
            touched = self._remember(current, [action for action in actions if isinstance(action, Record)], done)
            if not touched:
                break

    async def _planned(self, current: _Round, touched: frozenset[BookingId] | None) -> list[Action]:
        """The guarded plan of this round, for the bookings that the last round touched; None: for all."""
        policy = current.managed.policy
        answering = current.answering
        booked = (one.booking_id for one in self._sides.store.candidates())
        requested = frozenset(booking_id for booking_id in booked if booking_id is not None)
        snapshot = replace(current.snapshot, texts=self._texts(current.snapshot), requested=requested)
        for _ in range(LOOK_ROUNDS):
            asked = questions(snapshot, policy)
            if not asked:
                break
            answers = await answering.answer(asked, snapshot)
            snapshot = self._looked(replace(snapshot, looks={**snapshot.looks, **answers}), answers.values())
            snapshot = replace(snapshot, texts=self._texts(snapshot))
        self._remember_orphans(snapshot)
        current.snapshot = snapshot
        plan = check_safe(make_plan(snapshot, policy), snapshot, policy)
        troubles = [Problem(ProblemKind.PARKED, key, text) for key, text in sorted(answering.troubles.items())]
        answering.troubles.clear()
        current.parked = (*current.parked, *troubles)
        blind = memory.blind(self._sides.store, snapshot, plan.problems)
        current.problems = (*current.parked, *plan.problems, *blind)
        wanted: list[Action] = []
        unread = self._unread() if current.left_out else frozenset()
        for action in plan.actions:
            # what waits for a lost answer is left alone, but for what ended and the word that it is not booked yet
            waits = action.why is Why.MOVE_WAITS and action.booking_id not in unread
            if action.booking_id not in current.left_out or waits:
                wanted.append(action)
                continue
            before = snapshot.links.get(action.booking_id)
            if (ended := only_what_ended(before, action, jumped=snapshot.clock_jumped)) is not None:
                wanted.append(ended)
        # what a calendar refused is named whichever round it is
        allowed = self._not_refused(current, wanted)
        return [action for action in allowed if touched is None or action.booking_id in touched]

    def _lately(self, now: datetime) -> tuple[datetime, datetime]:
        """The last hour. What was done more than an hour from now was done by a clock that was ahead: who knows when.

        It is told by the clock of its own moment, and a machine may have slept since the cycle began.
        """
        return now - HOUR, max(now, self._sides.clock.now()) + HOUR

    def _unread(self) -> frozenset[BookingId]:
        """The bookings of whose events nobody knows whether they are as syncd wrote them, or as a person did since."""
        writes = (one for one in self._sides.store.open_intents() if isinstance(one.action, Create | Replace))
        return concerned(writes, self._sides.store.links())

    def _not_refused(self, current: _Round, actions: list[Action]) -> list[Action]:
        """Without the writes that a calendar refused within the hour: they are named, and wait.

        What people made of their events meanwhile is remembered in their stead.
        """
        refused = memory.refused_writes(self._sides.store, current.snapshot.now) if actions else frozenset()
        if not refused:
            return actions
        allowed: list[Action] = []
        for action in actions:
            if memory.print_of(action) not in refused:
                allowed.append(action)
                continue
            current.problems += (Problem(ProblemKind.PARKED, action.booking_id, REFUSED),)
            if (link := unwritten(action, current.snapshot)) is not None:
                allowed.append(Record(action.booking_id, Why.REMEMBERED, link))
        return allowed

    def _looked(self, snapshot: Snapshot, answers: Iterable[Answer]) -> Snapshot:
        """What a direct GET found and the listing did not have: kept, for the listing lags, and was never gone."""
        found = {
            answer.key: answer
            for answer in answers
            if isinstance(answer, Observation) and answer.key not in snapshot.events
        }
        for seen in found.values():
            self._sides.store.observe(seen.calendar, [seen], [], *self._sides.store.cursor(seen.calendar))
        there = {
            link.booking_id: replace(link, gone_at=None)
            for link in (snapshot.links.values() if found else ())
            if link.gone_at is not None and (link.calendar, link.href) in found
        }
        for link in there.values():
            self._sides.store.save_link(link)
        if not found:
            return snapshot
        return replace(snapshot, events={**snapshot.events, **found}, links={**snapshot.links, **there})

    def _texts(self, snapshot: Snapshot) -> dict[BookingId, Texts]:
        """What each event should say, by the booking as seen; as remembered where it was not seen.

        Where then nobody knows what its service or place is called, the event says what it said.
        """
        catalog = snapshot.catalog
        known: dict[BookingId, Booking] = {
            link.booking_id: link.booking for link in snapshot.links.values() if catalog.names(link.booking)
        }
        looked = {answer.id: answer for answer in snapshot.looks.values() if isinstance(answer, Booking)}
        return {
            booking.id: self._worded(
                booking, catalog.services.get(booking.service_id), catalog.locations.get(booking.location_id)
            )
            for booking in {**known, **snapshot.bookings, **looked}.values()
        }

    def _remember_orphans(self, snapshot: Snapshot) -> None:
        unknown = [
            question.booking_id
            for question, answer in snapshot.looks.items()
            if isinstance(question, LookBooking) and answer is Look.ABSENT and question.booking_id not in snapshot.links
        ]
        memory.remember_asked(self._sides.store, unknown, snapshot.now)

    def _remember(self, current: _Round, records: list[Record], done: list[Done]) -> frozenset[BookingId]:
        """Bring the snapshot up to what was done; the bookings about which there may be more to do at once."""
        snapshot = current.snapshot
        links, events = dict(snapshot.links), dict(snapshot.events)
        bookings, looks = dict(snapshot.bookings), dict(snapshot.looks)
        touched = {record.link.booking_id for record in records if record.why is not Why.REMEMBERED}
        for record in records:
            links[record.link.booking_id] = record.link
        for one in done:
            if one.refused_write:
                memory.remember_refused_write(self._sides.store, one.intent.action, snapshot.now)
            if one.refused_uid:
                memory.remember_conflict(self._sides.store, one.refused_uid)
            if one.link is not None:
                links.pop(one.booking_id, None)
                links[one.link.booking_id] = one.link
                touched.add(one.link.booking_id)
            if one.seen is not None:
                events[one.seen.key] = one.seen
                looks.pop(LookEvent(*one.seen.key), None)
            if one.removed is not None:
                events.pop(one.removed, None)
            if one.booking is not None:
                bookings.pop(one.booking_id, None)
                looks.pop(LookBooking(one.booking_id), None)
                bookings[one.booking.id] = one.booking
        cancelled, perhaps_cancelled = snapshot.cancelled_lately, snapshot.perhaps_cancelled
        if any(isinstance(one.intent.action, Cancel) for one in done):
            lately = self._lately(snapshot.now)
            cancelled, perhaps_cancelled = self._sides.store.cancellations_between(*lately)
        current.snapshot = replace(
            snapshot,
            links=links,
            events=events,
            bookings=bookings,
            looks=looks,
            cancelled_lately=cancelled,
            perhaps_cancelled=perhaps_cancelled,
            moved_now=snapshot.moved_now + _tried(done, snapshot, is_move, AwaitKind.MOVE),
            removed_now=snapshot.removed_now + _tried(done, snapshot, is_removal, AwaitKind.REMOVAL),
        )
        return frozenset(touched)


def _tried(done: list[Done], snapshot: Snapshot, concerned: Callable[[Action], bool], kind: AwaitKind) -> int:
    """How many such actions were sent out without a person's approval, whatever came of them."""
    return sum(
        concerned(one.intent.action)
        and one.outcome not in (Outcome.DROPPED, Outcome.SUPERSEDED)
        and not approved(snapshot.links.get(one.booking_id), kind)
        for one in done
    )


def _told_at_once(kind: AwaitKind, verb: Decision) -> Why:
    """A no to a removal or to another calendar is followed by nothing that could tell of it in the history."""
    silent = verb is Decision.REJECTED and kind in (AwaitKind.REMOVAL, AwaitKind.REROUTE)
    return Why.REJECTED if silent else Why.REMEMBERED


def _with_lapsed(answer: str, approved_ids: list[BookingId], current: _Round) -> str:
    """The answer to an approval, with what it came too late for: nothing awaits there, and it was not carried out."""
    done = {
        one.booking_id
        for one in current.done
        if one.outcome is not Outcome.DROPPED
        and (isinstance(one.intent.action, Cancel | Reschedule | Remove) or one.intent.action.why is Why.REROUTED)
    }
    links = current.snapshot.links
    lapsed = [
        name
        for name in approved_ids
        if name not in done and ((link := links.get(name)) is None or link.awaiting is None)
    ]
    return f"{answer}; lapsed, for it had changed since: {', '.join(lapsed)}" if lapsed else answer
