"""What people ask by hand: taken up, journalled and carried out before the cycle looks at both sides.

So the looks see what came of it, and it shows in the calendar in the same cycle. Each ask is answered once, in the
transaction that records what came of it. One that gets no good answer rests, longer each time, and stops neither the
others nor its side, which counts as down only when several fail one after the other.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from syncd.domain.actions import Asked, CancelByHand, Confirm, Hold, Reschedule, RescheduleByHand, Why
from syncd.domain.booking import Booking
from syncd.domain.errors import Malformed, NotPermitted, RateLimited, StoreError, SyncdError, Unavailable
from syncd.domain.ids import BookingId
from syncd.domain.link import Link
from syncd.domain.request import CancelWanted, ImportWanted, Known, MoveWanted, Reply, Request
from syncd.engine import memory
from syncd.engine.book import (
    IN_ANOTHER_NAME,
    NO_ANSWER,
    asked_again,
    book,
    is_being_cancelled,
    live_twin,
    may_stand,
    open_pair,
)
from syncd.engine.byhand import UNKNOWN_BOOKING, UNSURE, change, in_doubt, settle_change, stays
from syncd.engine.nearby import open_nearby
from syncd.engine.outcomes import Done, read_booking
from syncd.engine.sides import EXIT_DONE, EXIT_DOWN, EXIT_TROUBLE, GIVE_UP_AFTER, ZIMUN, Health, Sides, exit_code_of
from syncd.planning import deletions
from syncd.planning.planner import OWN_FAULT
from syncd.planning.sides import STALE
from syncd.state.asks import Ask
from syncd.state.journal import Intent, Outcome

log = structlog.get_logger(__name__)

# nobody waits for it any more: its command was killed before a cycle came
TOO_OLD = timedelta(minutes=15)
BEGUN = "it has already begun"
SET_ASIDE = "no answer came, and it is not asked for again: something else was asked for meanwhile"
BEING_CANCELLED = "it is booked, and being cancelled, and there is no answer to that yet: ask again in a while"
BEING_MOVED = "it is booked, and a move of it has no answer yet: ask again in a while"
ASKED_ALREADY = "it is being asked for already, and there is no answer yet: ask again in a while"


class AskedByHand:
    """Carries out what stands in the store for people, in one cycle. Raises StoreError only."""

    def __init__(self, sides: Sides, health: Health, cycle: int, stopping: Callable[[], bool]) -> None:
        self._sides = sides
        self._health = health
        self._cycle = cycle
        self._stopping = stopping
        self._in_a_row = 0
        self._done: list[Done] = []

    async def all(self) -> list[Done]:
        """What came of each intent: first of those that were left open, then of what is asked anew, one by one."""
        self._sides.store.forget_replies(self._now() - TOO_OLD, self._now() + TOO_OLD)
        self._sides.store.begun_by_now(self._now())
        memory.forget_rests(self._sides.store, self._now())
        for ask in self._sides.store.undecided():
            self._set_aside(ask)
        self._done = [
            await self.carry_out(intent, intent.action, again=True)
            for intent in self._sides.store.open_intents()
            if isinstance(intent.action, Asked) and not _is_withdrawable(intent.action) and self._may_ask(intent.action)
        ]
        for ask in self._sides.store.undecided():
            if ask.wanted is None or self._stopping():
                continue
            told = await self._decided(ask)
            if isinstance(told, Reply):
                self._sides.store.reply(ask.id, self._sides.clock.now(), told)
            elif told is not None:
                intent = self._sides.store.take_up(ask.id, told, self._cycle, self._sides.clock.now())
                if intent is not None:
                    self._done.append(await self.carry_out(intent, told, again=False))
        return self._done

    async def _decided(self, ask: Ask) -> Asked | Reply | None:
        """What is to be done about it, or the reply where there is nothing to do; None where it is replied to."""
        try:
            return await self._decide(ask)
        except StoreError:
            raise
        except SyncdError as error:
            # it could not even be looked at
            self._failed(error)
            return Reply(exit_code_of(error), f"nothing was done: {error}")
        except Exception as error:
            log.exception("ask.broken", ask=ask.id)
            return Reply(EXIT_TROUBLE, f"{OWN_FAULT}: {type(error).__name__}")

    async def _decide(self, ask: Ask) -> Asked | Reply | None:
        if self._is_old(ask):
            return Reply(EXIT_TROUBLE, "nothing was done: it was asked for too long ago")
        self._set_aside(ask)
        if (fault := self._health.faults.get(ZIMUN)) is not None:
            # it counts as down in this cycle: nobody hammers it
            return Reply(self._health.exit_code, f"nothing was done: {fault}")
        match ask.wanted:
            case Request() as request:
                return await self._book(ask.id, request)
            case MoveWanted(booking_id, to):
                if (told := await self._being_asked(ask.wanted)) is not None:
                    return told
                booking, read = await self._as_it_is(booking_id)
                told = self._no_move(booking_id, to, booking, read=read)
                if told is None:
                    return RescheduleByHand(booking_id, Why.BY_HAND, booking, to, ask.id)
                self._answer(ask.id, told, self._stays(booking_id) if told.code == EXIT_DONE else None)
            case CancelWanted(booking_id):
                if (told := await self._being_asked(ask.wanted)) is not None:
                    return told
                booking, read = await self._as_it_is(booking_id)
                # what is only remembered may come of Zimun's not knowing it for a while
                if read and booking is not None and booking.cancelled:
                    return Reply(EXIT_DONE, "cancelled already", (booking_id,))
                if booking is not None and booking.start <= self._now():
                    return Reply(EXIT_TROUBLE, BEGUN)
                return CancelByHand(booking_id, Why.BY_HAND, booking, ask.id)
            case ImportWanted(booking_ids):
                await self._import(ask.id, booking_ids)
        return None

    async def _book(self, ask_id: int, request: Request) -> Hold | Reply | None:
        if request.start <= self._now():
            slots = await open_nearby(self._sides, request.service_id, request.location_id, request.start)
            return Reply(EXIT_TROUBLE, "that time is past", slots=slots)
        if (told := await self._being_asked(request)) is not None:
            return told
        if (twin := await live_twin(request, self._sides)) is not None:
            if request.is_in_another_name(twin):
                return Reply(EXIT_TROUBLE, IN_ANOTHER_NAME)
            if is_being_cancelled(twin, self._sides):
                return Reply(EXIT_DOWN, BEING_CANCELLED)
            if self._is_unsure(twin.id) and not (await self._as_it_is(twin.id))[1]:
                return Reply(EXIT_DOWN, BEING_MOVED)  # by what is remembered alone it is there
            link = self._stays(twin.id)
            if link is None:
                # its event is to come, also where no list names it then
                self._sides.store.know(Known(twin, self._now()))
            self._answer(ask_id, Reply(EXIT_DONE, "booked already", (twin.id,)), link)
            return None
        return Hold(BookingId(f"request-{ask_id}"), Why.BY_HAND, request, ask_id)

    def _answer(self, ask_id: int, told: Reply, link: Link | None) -> None:
        """Reply to what needs no call; `link`: the pair for which that word counts."""
        self._sides.store.reply(ask_id, self._now(), told, links=[link] if link is not None else [])

    def _stays(self, booking_id: BookingId) -> Link | None:
        """The pair of a booking that is to be where it is, by a person's word; None where there is none."""
        link = open_pair(booking_id, self._sides)
        return stays(link, self._now()) if link is not None else None

    def _set_aside(self, ask: Ask) -> None:
        """What was asked before about a booking, and has no answer yet, is not asked for again where a person now
        wants something else of it: a cancellation would end a booking that is to stand.

        So it is whatever comes of the new wish: it is closed before that is looked at, and before what is open is
        sent again. Whether it was heard is seen by reading the booking.
        """
        wanted, now = ask.wanted, self._now()
        if not isinstance(wanted, MoveWanted | CancelWanted) or self._is_old(ask):
            return
        if isinstance(wanted, MoveWanted) and wanted.to <= now:
            return  # a slip, which is told no; what was asked before is wanted still
        for intent in self._sides.store.open_intents():
            action = intent.action
            if not isinstance(action, RescheduleByHand | CancelByHand) or action.booking_id != wanted.booking_id:
                continue
            if not _is_same(action, wanted):
                left = in_doubt(action, self._sides)
                self._sides.store.record(
                    intent, Outcome.DROPPED, now, link=left, detail="settled", reply=Reply(EXIT_TROUBLE, SET_ASIDE)
                )
                memory.is_answered(self._sides.store, action.booking_id)
                memory.set_aside(self._sides.store, action.booking_id, now)
                log.info("ask.set_aside", booking_id=action.booking_id, action=action.kind)

    def _is_old(self, ask: Ask) -> bool:
        """Whether nobody waits for it any more; one that is from a time to come is from before a clock was set back."""
        return abs(self._now() - ask.at) > TOO_OLD

    async def _being_asked(self, wanted: Request | MoveWanted | CancelWanted) -> Reply | None:
        """The reply where the same is open still: it is asked for now, rest or not, and both are told what comes of it.

        A second hold beside it could be confirmed as well as the first. An event's hold is left to it (`requests`), and
        of two people who share an address none is told what comes of the other's wish.
        """
        for intent in self._sides.store.open_intents():
            action = intent.action
            if not isinstance(action, Asked) or not _is_same(action, wanted):
                continue
            request = action.request if isinstance(action, Hold | Confirm) else None
            theirs = isinstance(wanted, Request) and request is not None and wanted.is_in_another_name(request)
            if theirs or _is_withdrawable(action):
                if isinstance(action, Confirm) or may_stand(intent, self._now()):
                    return Reply(EXIT_DOWN, ASKED_ALREADY)
                continue
            done = await self.carry_out(intent, action, again=True)
            self._done.append(done)
            if done.outcome is not Outcome.DROPPED:  # nothing came of it
                return done.reply or Reply(EXIT_DOWN, ASKED_ALREADY)
        return None

    def _is_unsure(self, booking_id: BookingId) -> bool:
        """Whether a move may have been heard that was set aside, or has no answer, and what was read is from before."""
        moves = (one.action for one in self._sides.store.open_intents() if isinstance(one.action, Reschedule))
        if any(action.booking_id == booking_id for action in moves):
            return True
        ago = memory.was_set_aside(self._sides.store, booking_id, self._now())
        return ago is not None and ago < STALE

    def _no_move(self, booking_id: BookingId, to: datetime, booking: Booking | None, *, read: bool) -> Reply | None:
        """The reply where Zimun is not even asked. `read`: by Zimun's own word, and not as it was last known."""
        if to <= self._now():
            return Reply(EXIT_TROUBLE, "that time is past")
        # what is only remembered may have been moved since, or be known to Zimun again
        if read and booking is not None and booking.cancelled:
            return Reply(EXIT_TROUBLE, "the booking is cancelled")
        if read and booking is not None and booking.start == to and not self._is_unsure(booking_id):
            return Reply(EXIT_DONE, "it is at that time already", (booking_id,))
        if booking is not None and booking.start <= self._now():
            return Reply(EXIT_TROUBLE, BEGUN)
        return None

    async def _as_it_is(self, booking_id: BookingId) -> tuple[Booking | None, bool]:
        """The booking, and whether it was read afresh; as it was last known where no call reads it, None where nothing
        is known of it.
        """
        store = self._sides.store
        known = {one.booking.id: one.booking for one in store.known()}
        link = store.links().get(booking_id)
        base = known.get(booking_id) or (link.booking if link is not None else None)
        try:
            starts = [base.start] if base is not None else []
            found = await read_booking(self._sides.bookings, booking_id, *starts)
        except NotPermitted as error:
            if error.credentials:
                raise
            found = None
        return found or base, found is not None

    async def _import(self, ask_id: int, booking_ids: tuple[BookingId, ...]) -> None:
        links, taken, found, refused = self._sides.store.links(), [], [], []
        unsettled = {intent.action.booking_id for intent in self._sides.store.open_intents()}
        for booking_id in dict.fromkeys(booking_ids):
            link = links.get(booking_id)
            # one that is over may have been moved since it was let go, and what an open intent does may let one go; the
            # others are looked at in each cycle
            looked_at = link is not None and link.closed is None and link.booking.end > self._now()
            if looked_at and booking_id not in unsettled:
                taken.append(booking_id)
                continue
            try:
                booking = await self._sides.bookings.booking(booking_id)
            except Malformed as error:
                refused.append((booking_id, f"it cannot be read: {error}"))
                continue
            if (fault := self._unfit(booking)) or booking is None:
                refused.append((booking_id, fault))
                continue
            taken.append(booking_id)
            found.append(Known(booking, self._now()))
        reply = Reply(EXIT_TROUBLE if refused else EXIT_DONE, "imported", tuple(taken), tuple(refused))
        # who wants one looked after does not want it cancelled for what was deleted before
        deleted = (link for one in taken if (link := links.get(one)) is not None and link.deletion is not None)
        again = [deletions.asked_again(link, self._now()) for link in deleted]
        self._sides.store.reply(ask_id, self._now(), reply, found, self._cycle, again)

    def _unfit(self, booking: Booking | None) -> str:
        """Why a booking cannot be taken in; empty where it can."""
        if booking is None:
            return UNKNOWN_BOOKING
        if not booking.live:
            return "it is cancelled" if booking.cancelled else "it is only held"
        return "it is past" if booking.end <= self._now() else ""

    async def carry_out(self, intent: Intent, action: Asked, *, again: bool) -> Done:
        """What came of it, recorded. `again`: it was left open before."""
        try:
            done = await self._attempt(intent, action, again=again)
        except StoreError:
            raise
        except SyncdError as error:
            done = Done(intent, Outcome.UNKNOWN, fault=error)
        except Exception as error:
            # a fault of ours about one ask must not stop the rest; its intent stays open
            log.exception("intent.broken", booking_id=action.booking_id, action=action.kind)
            self.put_off(action.booking_id, SyncdError(f"{OWN_FAULT}: {type(error).__name__}"))
            return Done(intent, Outcome.UNKNOWN)
        if done.fault is None or done.intent.id != intent.id:
            self._in_a_row = 0
            memory.is_answered(self._sides.store, action.booking_id)
        if done.outcome is Outcome.DROPPED and done.reply is not None and done.reply.text == UNSURE:
            memory.set_aside(self._sides.store, action.booking_id, self._now())
        if isinstance(action, Hold | Confirm) and done.booking is not None:
            # where it was there already
            by_hand = action.candidate is None
            link = self._stays(done.booking.id) if by_hand else asked_again(done.booking, self._sides)
            done = replace(done, link=link)
        if done.fault is not None:
            self.put_off(action.booking_id, done.fault, held=isinstance(done.intent.action, Confirm))
        self._sides.store.record(
            done.intent, done.outcome, self._now(), link=done.link, detail=done.detail, known=done.known,
            reply=done.reply,
        )  # fmt: skip
        log.info(
            "intent.closed", booking_id=action.booking_id, action=done.intent.action.kind, outcome=done.outcome.value
        )
        return done

    async def _attempt(self, intent: Intent, action: Asked, *, again: bool) -> Done:
        if isinstance(action, RescheduleByHand | CancelByHand):
            step = settle_change if again else change
            return await step(intent, action, self._sides)
        if isinstance(action, Hold) and again and not may_stand(intent, self._now()):
            # it has lapsed, if it was ever made; to hold again now is no more what the person asked for
            reply = Reply(EXIT_DOWN, NO_ANSWER)
            return Done(intent, Outcome.DROPPED, reply=reply, detail="settled")
        return await book(intent, self._sides, again=again)

    def rests(self, name: BookingId) -> bool:
        """Whether what is asked for under that name came to nothing lately, and is left alone for a while."""
        return memory.is_put_off(self._sides.store, name, self._now())

    def put_off(self, name: BookingId, error: SyncdError, *, held: bool = False) -> None:
        """Zimun gave no good answer about it: it rests, and only it.

        `held`: a hold waits for it, which lives ten minutes: a quarter of an hour would lose it for certain.
        """
        self._failed(error)
        log.warning("ask.put_off", booking_id=name, fault=str(error))
        if isinstance(error, NotPermitted) and error.credentials:
            return  # all are refused, and as soon as they are not this one may be asked for
        closed = isinstance(error, NotPermitted) and not held
        memory.put_off(self._sides.store, name, self._now(), memory.CLOSED_FOR if closed else timedelta(0))

    def _failed(self, error: SyncdError) -> None:
        """One call failed. It alone tells nothing of its side, but where the login is refused or a wait asked for."""
        self._health.exit_code = max(self._health.exit_code, EXIT_TROUBLE)
        self._in_a_row += isinstance(error, Unavailable)
        refused = isinstance(error, NotPermitted) and error.credentials
        if refused or isinstance(error, RateLimited) or self._in_a_row >= GIVE_UP_AFTER:
            self._health.failed(ZIMUN, error)

    def _may_ask(self, action: Asked) -> bool:
        return not self._stopping() and ZIMUN not in self._health.faults and not self.rests(action.booking_id)

    def _now(self) -> datetime:
        return self._sides.clock.now()


def _is_same(action: Asked, wanted: Request | MoveWanted | CancelWanted) -> bool:
    """Whether what is asked for is that very wish."""
    match wanted:
        case Request():
            return isinstance(action, Hold | Confirm) and action.request.is_same_as(wanted)
        case MoveWanted(booking_id, to):
            return isinstance(action, RescheduleByHand) and (action.booking_id, action.to) == (booking_id, to)
        case CancelWanted(booking_id):
            return isinstance(action, CancelByHand) and action.booking_id == booking_id


def _is_withdrawable(action: Asked) -> bool:
    """Whether it is a hold for an event: nothing is confirmed yet, so the event is looked at first (`requests`)."""
    return isinstance(action, Hold) and action.candidate is not None
