"""Execute: each intent is one conditional write, and its outcome is recorded before anything builds on it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from syncd.domain.actions import Asked, Cancel, Create, Effect, Remove, Replace, Reschedule
from syncd.domain.booking import Booking, zone_named
from syncd.domain.errors import (
    CollectionGone,
    Malformed,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    PreconditionFailed,
    Refused,
    SyncdError,
    UidConflict,
    Unavailable,
)
from syncd.domain.event import Draft
from syncd.domain.ids import BookingId
from syncd.domain.link import AwaitKind, Link, Refusal
from syncd.domain.note import Note, NoteKind
from syncd.engine import memory
from syncd.engine.nearby import open_nearby
from syncd.engine.observe import observed
from syncd.engine.outcomes import Done, cancelled, href_in, read_booking, rescheduled, unwritten, written_as
from syncd.engine.sides import GIVE_UP_AFTER, ZIMUN, Health, Managed, Sides
from syncd.engine.together import together
from syncd.planning.snapshot import Snapshot
from syncd.state.journal import Intent, Outcome

log = structlog.get_logger(__name__)

LOOKS_LAST = 120.0
"""Seconds. After that the event is looked at once more before Zimun is asked to change its booking."""
CLOSED = "Zimun does not let this client change bookings; asked again after a quarter of an hour"


class Executing:
    """Carries out intents: one after the other on Zimun and in each calendar, the calendars beside each other.

    Two writes at once into one calendar gain a tenth at most, for servers do them in turns; Xandikos, which keeps a
    calendar as one git index, answers 423 to the second, and 500 where it is a deletion.
    """

    def __init__(
        self,
        sides: Sides,
        managed: Managed,
        snapshot: Snapshot,
        health: Health,
        stopping: Callable[[], bool],
        progress: Callable[[int, int], None],
        looked_at: float,
    ) -> None:
        """`looked_at`: when the cycle began to look at what the intents were decided by, in seconds since boot."""
        self._sides = sides
        self._calendars = managed.calendars
        self._policy = managed.policy
        self._snapshot = snapshot
        self._health = health
        self._stopping = stopping
        self._progress = progress
        self._looked_at = looked_at
        self._turn = defaultdict[str, asyncio.Lock](asyncio.Lock)
        self._in_a_row: Counter[str] = Counter()

    async def all(self, intents: Sequence[Intent]) -> list[Done]:
        """Each intent's outcome, recorded. When syncd is stopping, what has not begun is dropped."""
        finished = 0
        # Xandikos' token is a hash of the whole calendar: an event created by us and deleted by a person, or an old
        # version put back over ours, makes the token from before our write true again, and nothing would be reported
        for calendar in sorted({side_of(intent.action) for intent in intents} - {ZIMUN}):
            self._sides.store.forget_cursor(calendar)

        async def one(intent: Intent) -> Done:
            nonlocal finished
            side = side_of(intent.action)
            async with self._turn[side]:
                if not self._may_begin(side):
                    return Done(intent, Outcome.DROPPED)
                done = await self._attempt(intent)
                failed = done.outcome in (Outcome.FAILED, Outcome.UNKNOWN) or done.refused_write
                self._in_a_row[side] = self._in_a_row[side] + 1 if failed else 0
                self._record(done)
            finished += 1
            self._progress(finished, len(intents))
            return done

        # another one is first each time, so that a few which always fail do not keep the others waiting for ever
        first = self._snapshot.cycle % max(len(intents), 1)
        done = await together(*(one(intent) for intent in (*intents[first:], *intents[:first])))
        # those that did not begin, in one transaction: a daemon that ends has a few seconds
        dropped = [each.intent for each in done if each.outcome is Outcome.DROPPED]
        if dropped:
            self._sides.store.drop(dropped, self._sides.clock.now())
        return list(done)

    def _may_begin(self, side: str) -> bool:
        if self._stopping() or self._in_a_row[side] >= GIVE_UP_AFTER:
            return False
        if side == ZIMUN and memory.is_closed(self._sides.store, self._snapshot.now):
            self._health.failed(ZIMUN, NotPermitted(CLOSED, credentials=False))
            return False
        return True

    def _record(self, done: Done) -> None:
        self._sides.store.record(
            done.intent,
            done.outcome,
            self._sides.clock.now(),
            link=done.link or unwritten(done.intent.action, self._snapshot),
            observed=done.seen,
            removed=done.removed,
            detail=done.detail,
        )
        log.info(
            "intent.closed",
            booking_id=done.booking_id,
            action=done.intent.action.kind,
            why=done.intent.action.why.value,
            outcome=done.outcome.value,
        )

    async def _attempt(self, intent: Intent) -> Done:
        action = intent.action
        side = side_of(action)
        try:
            return await self._carry_out(intent, action)
        except PreconditionFailed:
            return await self._superseded(intent)
        except UidConflict:
            return self._uid_refused(intent)
        except OutcomeUnknown as error:
            # a server may answer 500 to one PUT for months, and the others go on
            self._health.failed(side, error, of_one=True)
            return Done(intent, Outcome.UNKNOWN)
        except Refused as error:
            return await self._refused(intent, error)
        except Malformed as error:
            # this booking alone cannot be read
            return Done(intent, Outcome.FAILED, detail=type(error).__name__)
        except (NotFound, CollectionGone, NotPermitted, Unavailable) as error:
            if isinstance(error, NotPermitted) and not error.credentials and side == ZIMUN:
                memory.remember_closed(self._sides.store, self._snapshot.now)
            # what was listed in this cycle is hardly gone
            self._health.failed(side, error, of_one=isinstance(error, CollectionGone))
            return Done(intent, Outcome.FAILED, detail=type(error).__name__)
        except Exception as error:
            # a fault of ours about one item must not stop the others; whether it was sent is looked up before the next
            log.exception("intent.broken", booking_id=action.booking_id, action=action.kind)
            self._health.broken(side, error)
            return Done(intent, Outcome.UNKNOWN, detail=type(error).__name__)

    async def _carry_out(self, intent: Intent, action: Effect) -> Done:
        assert not isinstance(action, Asked)  # no plan holds it: it is carried out before one is made (`asked`)
        match action:
            case Create():
                written = await self._calendars[action.calendar].create(
                    action.name, self._worded(action.draft, action.link), action.onto
                )
                return written_as(intent, action, written, self._snapshot)
            case Replace():
                written = await self._calendars[action.calendar].replace(
                    action.href, self._worded(action.draft, action.link), action.onto, action.etag
                )
                return written_as(intent, action, written, self._snapshot)
            case Remove():
                await self._calendars[action.calendar].remove(action.href, action.etag, action.onto)
                return Done(intent, Outcome.DONE, link=action.link, removed=(action.calendar, action.href))
            case Reschedule():
                return await self._reschedule(intent, action)
            case Cancel():
                return await self._cancel(intent, action)

    def _worded(self, draft: Draft, link: Link) -> Draft:
        """The draft with its note in words, in the zone of the booking's place, or else of the event."""
        if link.note is None:
            return draft
        words = self._sides.words
        zone = self._snapshot.zone(link.booking) or zone_named(link.start.tzid) or UTC
        return replace(draft, note=words.sentence(link.note, zone, self._snapshot.now), mark=words.mark(link.note))

    async def _reschedule(self, intent: Intent, action: Reschedule) -> Done:
        fresh = await self._read_afresh(action.expect)
        if fresh is None or not fresh.same_as(action.expect) or await self._is_overtaken(action):
            return Done(intent, Outcome.SUPERSEDED, booking=fresh)
        renamed = await self._sides.bookings.reschedule(action.booking_id, action.to, intent.key)
        booking_id = renamed or action.booking_id
        # read again: another member of the staff may have it now
        now = await self._read_quietly(booking_id)
        return rescheduled(intent, action, booking_id, now, self._sides.clock.now())

    async def _cancel(self, intent: Intent, action: Cancel) -> Done:
        fresh = await self._read_afresh(action.expect)
        if fresh is None or not fresh.same_as(action.expect) or await self._is_overtaken(action):
            return Done(intent, Outcome.SUPERSEDED, booking=fresh)
        await self._sides.bookings.cancel(action.booking_id, intent.key)
        return cancelled(intent, action, self._sides.clock.now())

    async def _is_overtaken(self, action: Reschedule | Cancel) -> bool:
        """Whether the event is not as it was when this was decided, where that is long ago: a lid was closed, say.

        One that cannot be read now counts as such: the next cycle decides anew.
        """
        if self._sides.clock.elapsed()[1] - self._looked_at <= LOOKS_LAST:
            return False
        link = action.before
        seen, calendar = self._snapshot.events.get((link.calendar, link.href)), self._calendars.get(link.calendar)
        try:
            there = await calendar.get(link.href) if calendar is not None else None
        except SyncdError:
            return True
        if seen is None or there is None:
            return seen is not None or there is not None
        # a proxy may take the tag from the answer to a GET, or give another one
        tagged = there.etag is not None and there.etag == seen.etag
        return not tagged and (there.event != seen.event or (there.event is None and there.data != seen.data))

    async def _read_afresh(self, expect: Booking) -> Booking | None:
        """The booking as it is just now. One that no call can read counts as its base."""
        try:
            return await read_booking(self._sides.bookings, expect.id, expect.start)
        except NotPermitted as error:
            if error.credentials:
                raise
            return expect

    async def _read_quietly(self, booking_id: BookingId) -> Booking | None:
        try:
            return await self._sides.bookings.booking(booking_id)
        except SyncdError as error:
            log.info("booking.not_read_again", booking_id=booking_id, fault=type(error).__name__)
            return None

    async def _superseded(self, intent: Intent) -> Done:
        """Somebody wrote first. The next cycle lists everything and decides; what a create ran into is read now."""
        action = intent.action
        if not isinstance(action, Create):
            return Done(intent, Outcome.SUPERSEDED)
        href = href_in(action.calendar, action.name)
        try:
            stored = await self._calendars[action.calendar].get(href)
        except SyncdError:
            return Done(intent, Outcome.SUPERSEDED)
        if stored is None:
            # something stands there, it says, and shows nothing: not a thing to pass over in silence
            return Done(intent, Outcome.FAILED, refused_write=True, detail="hidden")
        there = observed(action.calendar, stored, frozenset({href}), self._snapshot.now)
        return Done(intent, Outcome.SUPERSEDED, seen=there)

    def _uid_refused(self, intent: Intent) -> Done:
        """The UID stands at another href of the calendar, or was used before: a full listing tells, or a new UID."""
        action = intent.action
        assert isinstance(action, Create | Replace)
        return Done(intent, Outcome.REFUSED, refused_uid=action.draft.uid, detail="uid")

    async def _refused(self, intent: Intent, error: Refused) -> Done:
        action = intent.action
        if isinstance(action, Reschedule):
            return await self._reschedule_refused(intent, action, error)
        if isinstance(action, Cancel):
            fresh = await self._read_quietly(action.booking_id)
            if fresh is not None and fresh.cancelled:
                return cancelled(intent, action, self._sides.clock.now())
            note = self._note(NoteKind.CANCEL_REFUSED, was=action.expect.start, reason=error.reason)
            link = replace(action.before, deletion=None, awaiting=None, pending=note)
            return Done(intent, Outcome.REFUSED, link=link, booking=fresh)
        assert not isinstance(action, Asked)  # they are told no in their own way
        log.warning("event.refused", booking_id=action.booking_id, calendar=action.calendar, fault=str(error))
        return Done(intent, Outcome.REFUSED, refused_write=True, detail="calendar")

    async def _reschedule_refused(self, intent: Intent, action: Reschedule, error: Refused) -> Done:
        """Zimun has the last word; unless the booking is at its target, by an earlier attempt whose answer was lost."""
        fresh = await self._read_quietly(action.booking_id)
        if fresh is not None and not fresh.cancelled and fresh.start == action.to:
            return rescheduled(intent, action, action.booking_id, fresh, self._sides.clock.now())
        asked, was = action.to, action.expect
        slots: tuple[datetime, ...] = ()
        if was.service_id:
            slots = await open_nearby(self._sides, was.service_id, was.location_id, asked, refused=True)
        note = self._note(NoteKind.REFUSED, asked=asked, was=was.start, reason=error.reason, slots=slots)
        before = action.before
        awaiting = before.awaiting
        link = replace(
            before,
            refusal=Refusal(action.dropped_at, note),
            awaiting=None if awaiting is not None and awaiting.kind is AwaitKind.MOVE else awaiting,
        )
        return Done(intent, Outcome.REFUSED, link=link, booking=fresh)

    def _note(
        self,
        kind: NoteKind,
        *,
        was: datetime,
        reason: str,
        asked: datetime | None = None,
        slots: tuple[datetime, ...] = (),
    ) -> Note:
        now = self._snapshot.now
        return Note(kind, now, now + self._policy.note, asked=asked, was=was, reason=reason[:300], slots=slots)


def side_of(action: Effect) -> str:
    """Which side an action touches: Zimun, or a calendar's URL."""
    return ZIMUN if isinstance(action, Reschedule | Cancel | Asked) else action.calendar
