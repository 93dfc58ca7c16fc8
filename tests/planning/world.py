"""A tiny world without I/O: looks are answered, plans are made, guarded and carried out, as the engine does."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from syncd.domain.actions import Action, Cancel, Create, Effect, Plan, Record, Remove, Replace, Reschedule
from syncd.domain.booking import Slot, Span
from syncd.domain.event import Draft, Event, EventTime, Observation
from syncd.domain.link import Refusal, Wrote
from syncd.domain.note import Note, NoteKind
from syncd.planning.guard import check_safe
from syncd.planning.instants import resolved
from syncd.planning.looks import questions
from syncd.planning.planner import OWN_FAULT, make_plan
from syncd.planning.snapshot import Answer, FindEvent, Look, LookBooking, LookEvent, Policy, Question, Snapshot
from tests.planning import builders as make
from tests.planning.builders import CATALOG, DAY, HOUR, MINUTE, NOW, TEN
from tests.planning.scene import Scene

ROUNDS = 5
NEVER = EventTime("")


class World(Scene):
    """The scene with syncd in it."""

    def snapshot(self, looks: dict[Question, Answer]) -> Snapshot:
        window = Span(self.now - self.policy.past, self.now + self.near) if self.zimun_up else None
        listed = {
            each.id: self.lagging.get(each.id, each)
            for each in self.bookings.values()
            if window is not None
            and window.start <= each.start < window.end
            and each.id not in self.hidden | self.unlisted
        }
        readable = self.managed - self.unreadable
        for name, link in self.links.items():
            place = (link.calendar, link.href)
            if link.calendar in readable and place in self.known and place not in self.objects:
                self.links[name] = replace(link, gone_at=self.now)
        self.known = {key: seen for key, seen in self.known.items() if key[0] not in readable} | {
            key: self._listed(seen) for key, seen in self.objects.items() if key[0] in readable
        }
        known = {**self.bookings, **self.lagging}
        return Snapshot(
            now=self.now,
            cycle=self.cycle_number,
            catalog=CATALOG,
            links=dict(self.links),
            window=window,
            bookings={**listed, **self.fresh},
            events=dict(self.known),
            managed=frozenset(self.managed),
            readable=frozenset(readable),
            texts={each.id: make.texts(each) for each in known.values()},
            looks=looks,
            clock_jumped=self.clock_jumped,
            refused_uids=self.refused_uids,
            cancelled_lately=sum(self.now - at < HOUR for at in self.cancelled_at),
        )

    def _listed(self, seen: Observation) -> Observation:
        """As a listing tells of it: seen now, where it is new or another version than was listed before."""
        before = self.known.get(seen.key)
        if before is None:
            return replace(seen, seen_at=self.now)
        if replace(before, seen_at=seen.seen_at, first_at=seen.first_at) == seen:
            return before
        return replace(seen, seen_at=self.now, first_at=before.first_at or before.seen_at)

    def answer(self, question: Question) -> Answer:
        self.asked.append(question)
        if isinstance(question, LookBooking):
            if not self.zimun_up:
                return Look.UNKNOWN
            known = self.lagging.get(question.booking_id) or self.bookings.get(question.booking_id)
            if known is None or question.booking_id in self.hidden:
                return Look.ABSENT
            self.fresh[known.id] = known
            return known
        if isinstance(question, LookEvent):
            if question.calendar in self.unreadable:
                return Look.UNKNOWN
            return self.objects.get((question.calendar, question.href), Look.ABSENT)
        if isinstance(question, FindEvent):
            if self.unreadable:
                return Look.UNKNOWN
            return self._found(question)
        if not (self.zimun_up and self.slots_up):
            return Look.UNKNOWN
        first = datetime.combine(question.day, datetime.min.time(), NOW.tzinfo) + 8 * HOUR
        starts = [first + number * 30 * MINUTE for number in range(20)]
        return tuple(Slot(question.service_id, question.location_id, at) for at in starts if at not in self.taken)

    def _found(self, wanted: FindEvent) -> Answer:
        """Where it stands, if it is not managed; what a listing of ours has told of already is no news."""
        found = [seen for seen in self.objects.values() if _is_of(seen, wanted)]
        foreign = next((seen.calendar for seen in found if seen.calendar not in self.managed), None)
        unlisted = any(seen.key not in self.known for seen in found)
        return foreign or (Look.UNKNOWN if unlisted else Look.ABSENT)

    def plan(self) -> Plan:
        looks: dict[Question, Answer] = {}
        for _ in range(10):
            snapshot = self.snapshot(looks)
            asked = questions(snapshot, self.policy)
            if not asked:
                return check_safe(make_plan(snapshot, self.policy), snapshot, self.policy)
            looks |= {question: self.answer(question) for question in sorted(asked, key=repr)}
        raise AssertionError("the questions do not end")

    def cycle(self, after: timedelta = MINUTE, rounds: int = ROUNDS, without: str = "") -> list[Action]:
        """One cycle, some time later: what was done in it. `without`: no write or call about that booking is done."""
        self.now += after
        self.cycle_number += 1
        self.fresh.clear()
        done: list[Action] = []
        for _ in range(rounds):
            plan = self.plan()
            self.problems = plan.problems
            assert not [problem for problem in plan.problems if OWN_FAULT in problem.text]
            if not plan.actions:
                break
            for action in plan.actions:
                if action.booking_id != without or isinstance(action, Record):
                    self.apply(action)
            done += plan.actions
        self.log += done
        return done

    def settle(self, cycles: int = 3) -> None:
        """Cycles until one does nothing; fails where that takes more than a few."""
        for _ in range(cycles):
            if not effects(self.cycle()):
                return
        assert not effects(self.cycle()), "it does not come to rest"

    def apply(self, action: Action) -> None:
        """Carry one action out, as the engine does: a failed precondition leaves everything as it was."""
        match action:
            case Record():
                self.links[action.booking_id] = action.link
            case Create():
                self._create(action)
            case Replace():
                seen = self.objects.get((action.calendar, action.href))
                if seen is not None and seen.etag == action.etag and action.calendar not in self.unreadable:
                    self._store(action, action.href)
            case Remove():
                seen = self.objects.get((action.calendar, action.href))
                if action.calendar not in self.unreadable and (seen is None or seen.etag == action.etag):
                    self.objects.pop((action.calendar, action.href), None)
                    self.links[action.booking_id] = action.link
            case Reschedule() | Cancel():
                self._call(action)

    def _create(self, action: Create) -> None:
        if action.draft.uid in self.used_uids:
            self.refused_uids |= {action.draft.uid}
            return
        href = make.path(action.calendar, action.name)
        if (action.calendar, href) not in self.objects and action.calendar not in self.unreadable:
            self._store(action, href)

    def _store(self, action: Create | Replace, href: str) -> None:
        before = self.objects.get((action.calendar, href))
        old = before.event if before is not None else None
        event = _written(action.draft, old, action.link.note)
        extras = make.extras_of(action.onto)
        seen = self.put(event, action.calendar, href.rsplit("/", 1)[1], extras)
        after = replace(
            action.link, calendar=action.calendar, href=href, etag=seen.etag, data=seen.data, event=seen.event
        )
        if action.draft.span is not None:
            after = replace(after, start=resolved(event.start, None))
        self.links[action.booking_id] = after

    def _call(self, action: Reschedule | Cancel) -> None:
        known = self.bookings.get(action.booking_id)
        if not self.zimun_up or known is None or not known.same_as(action.expect):
            return
        if isinstance(action, Cancel):
            if self.not_cancellable:
                return
            self.cancel(action.booking_id)
            self.cancelled_at.append(self.now)
        elif action.to in self.refused:
            said = Note(NoteKind.REFUSED, self.now, self.now + self.policy.note, asked=action.to, reason="no")
            self.links[action.booking_id] = replace(action.before, refusal=Refusal(action.dropped_at, said))
            return
        else:
            self.change(action.booking_id, start=action.to, staff_name=self.staff_after_move or known.staff_name)
        now = self.fresh[action.booking_id] = self.bookings[action.booking_id]
        # the base records what was agreed, never what was seen meanwhile: another member of the staff is a change
        agreed = now if isinstance(action, Cancel) else replace(action.link.booking, updated_at=now.updated_at)
        self.links[action.booking_id] = replace(action.link, booking=agreed, wrote=Wrote(self.now, action.expect))


def effects(actions: Iterable[Action]) -> list[Effect]:
    return [action for action in actions if not isinstance(action, Record)]


def calls(world: World) -> list[Reschedule | Cancel]:
    """What was asked of Zimun so far."""
    return [action for action in world.log if isinstance(action, Reschedule | Cancel)]


def paired(count: int = 1, rules: Policy | None = None) -> World:
    """A world at rest with that many bookings, two hours apart, each with its event: b1, b2, ..."""
    world = World(rules)
    for number in range(count):
        world.book(f"b{number + 1}", TEN + number % 4 * 2 * HOUR + number // 4 * DAY)
    world.cycle()
    world.log.clear()
    assert len(world.objects) == count
    return world


def _written(draft: Draft, old: Event | None, note: Note | None) -> Event:
    event = Event(
        draft.uid, draft.booking_id, NEVER, NEVER, draft.title, draft.place, draft.description,
        noted=note is not None, asks=note is not None and note.asks,
    )  # fmt: skip
    if draft.span is not None:
        start, end = make.zoned(draft.span.start), make.zoned(draft.span.end)
        return replace(event, start=start, end=end, put=draft.put)
    assert old is not None
    return replace(event, start=old.start, end=old.end, put=old.put)


def _is_of(seen: Observation, wanted: FindEvent) -> bool:
    assert seen.event is not None
    return seen.event.uid == wanted.uid or seen.event.booking_id == wanted.booking_id
