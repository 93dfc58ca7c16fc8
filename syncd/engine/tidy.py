"""What is left to do in the calendar about a request: it goes once its booking's event stands, or is told why not.

Neither is journalled: both are conditional on the version that was read right before, and the next look at the event
shows whether they had their effect.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, timedelta, tzinfo

import structlog

from syncd.domain.actions import Problem, ProblemKind
from syncd.domain.candidate import Candidate, Stage
from syncd.domain.errors import PreconditionFailed, Refused, StoreError, SyncdError
from syncd.domain.event import Draft, Event
from syncd.domain.ids import BookingId
from syncd.domain.note import NEVER, Note, NoteKind
from syncd.engine import memory
from syncd.engine.noticing import being_confirmed
from syncd.engine.polling import outdate
from syncd.engine.sides import Health, Managed, Sides
from syncd.engine.takers import Takers
from syncd.planning.candidates import is_over, is_overdue
from syncd.planning.requests import wish_of
from syncd.planning.routing import route
from syncd.planning.snapshot import Snapshot
from syncd.ports import Stored

log = structlog.get_logger(__name__)

TRY_AGAIN = timedelta(hours=1)
_NOT_DELETED = "deletion refused by the calendar"
_NOT_NOTED = "note refused by the calendar"
_STUCK = (
    "it is booked, and the calendar does not let its request be deleted: tried again each hour; or delete that event, "
    "for it is of no use"
)
_UNTOLD = "its event does not say what came of it, for the calendar does not take that: tried again each hour"


class Tidying:
    """Removes what is booked and tells what is not, in one cycle. Raises StoreError only."""

    def __init__(self, sides: Sides, managed: Managed, health: Health, stopping: Callable[[], bool]) -> None:
        self._sides = sides
        self._store = sides.store
        self._calendars = managed.calendars
        self._takers = Takers(sides, managed, health)
        self._routes = managed.policy.routes
        self._health = health
        self._stopping = stopping
        self._why_waiting = NoteKind.REQUEST_WAITS

    async def all(self, snapshot: Snapshot) -> tuple[Problem, ...]:
        """All that is to be done now; what stands still."""
        problems: list[Problem] = []
        if memory.books_nothing(self._store, snapshot.now):
            self._why_waiting = NoteKind.REQUEST_NOT_PERMITTED
        usable = {url for url in self._takers.urls if self._takers.is_usable(url, snapshot)}
        to_do: list[Candidate] = []
        for one in self._store.candidates() if usable else ():
            if one.gone or not one.version or one.calendar not in usable:
                continue
            if one.told == _refusal(one) and abs(snapshot.now - one.since) < TRY_AGAIN:
                problems.append(_stuck(one))
            elif self._is_to_do(one, snapshot):
                to_do.append(one)
        # another one is first each time, so that a few which always fail do not keep the others waiting for ever
        first = snapshot.cycle % max(len(to_do), 1)
        for one in (*to_do[first:], *to_do[:first]):
            if not self._stopping() and self._takers.is_usable(one.calendar, snapshot):
                problems += await self._safely(one, snapshot)
        return tuple(problems)

    def _is_to_do(self, one: Candidate, snapshot: Snapshot) -> bool:
        if one.stage is Stage.BOOKED:
            return _is_settled(one.booking_id, snapshot) or self._is_shown_nowhere(one, snapshot)
        stale = (one.stage is Stage.THEIRS and bool(one.told)) or _is_untrue(one, snapshot)
        return one.note is not None or stale or is_overdue(one, snapshot.now, self._why_waiting)

    def _is_shown_nowhere(self, one: Candidate, snapshot: Snapshot) -> bool:
        """Whether no calendar takes its booking, which the event does not say yet: by whose it became, say."""
        if one.booking_id is None or one.booking_id in snapshot.links:
            return False
        booking = snapshot.bookings.get(one.booking_id)
        unrouted = booking is not None and booking.live and route(booking, self._routes) is None
        return unrouted and one.told != NoteKind.REQUEST_BOOKED_UNROUTED

    async def _safely(self, one: Candidate, snapshot: Snapshot) -> list[Problem]:
        try:
            await self._do(one, snapshot)
            self._takers.went_well(one.calendar)
        except PreconditionFailed:
            log.info("request.changed", request=one.name)  # the next cycle sees what it says now
        except Refused as error:
            log.warning("request.not_written", request=one.name, calendar=one.calendar, fault=str(error))
            stuck = replace(one, told=_refusal(one), since=snapshot.now)
            self._store.keep_candidates([stuck], snapshot.cycle, snapshot.now)
            return [_stuck(one)]
        except StoreError:
            raise
        except SyncdError as error:
            self._takers.failed(one.calendar, error)
        except Exception as error:
            # a fault of ours about one item must not stop the others
            log.exception("request.broken", request=one.name)
            self._health.broken(one.calendar, error)
        return []

    async def _do(self, one: Candidate, snapshot: Snapshot) -> None:
        stored = await self._as_it_stands(one)
        if stored is None or stored.event is None or wish_of(stored.event) != one.wish:
            return
        changed = stored.event.fingerprint != one.version
        if one.stage is Stage.STANDING and changed and one.id not in being_confirmed(self._store):
            return  # it has to stand from then on, which the next look at it begins
        if one.stage is Stage.BOOKED and _is_settled(one.booking_id, snapshot):
            if not await self._really_stands(one.booking_id, snapshot):
                return
            if one.calendar == self._takers.slots:
                self._outdate(one, snapshot)
            self._takers.is_written(one.calendar)
            await self._takers.calendar(one.calendar).remove(one.href, stored.etag, stored.data)
            log.info("request.removed", request=one.name, booking_id=one.booking_id)
            self._store.keep_candidates([replace(one, etag=None, version="")], snapshot.cycle, snapshot.now)
            return
        note = one.note
        if note is None and one.stage is Stage.STANDING:
            note = Note(self._why_waiting, snapshot.now, NEVER)
        elif one.stage is Stage.BOOKED:
            note = Note(NoteKind.REQUEST_BOOKED_UNROUTED, snapshot.now, NEVER)
        elif _is_untrue(one, snapshot):
            note = Note(NoteKind.REQUEST_CANCELLED_SINCE, snapshot.now, NEVER, was=note.was if note else None)
        if note is not None or stored.event.noted:
            stored = await self._write(one, stored, stored.event, note, snapshot)
        version = stored.event.fingerprint if stored.event is not None else one.version
        told = note.kind.value if note is not None else ""
        written = replace(one, etag=stored.etag, version=version, note=None, told=told)
        self._store.keep_candidates([written], snapshot.cycle, snapshot.now)

    async def _really_stands(self, booking_id: BookingId | None, snapshot: Snapshot) -> bool:
        """Whether the booking's event, where there is to be one and no calendar has listed it yet, is found there.

        A PUT may be answered by some proxy, and the request would be all that tells of the booking.
        """
        link = snapshot.links.get(booking_id) if booking_id is not None else None
        if link is None or link.closed is not None or link.shown:
            return True
        if link.calendar not in self._calendars:
            return False
        try:
            return await self._calendars[link.calendar].get(link.href) is not None
        except SyncdError as error:
            log.warning("event.not_looked_at", booking_id=link.booking_id, fault=str(error))
            return False

    def _outdate(self, one: Candidate, snapshot: Snapshot) -> None:
        """What is known of open slots is from before the booking: without its event the slot would be shown again."""
        link = snapshot.links.get(one.booking_id) if one.booking_id is not None else None
        if link is not None:
            outdate(self._store, link.booking, snapshot.catalog)

    async def _as_it_stands(self, one: Candidate) -> Stored | None:
        return next(iter(await self._takers.calendar(one.calendar).read([one.href])), None)

    async def _write(
        self, one: Candidate, stored: Stored, event: Event, note: Note | None, snapshot: Snapshot
    ) -> Stored:
        """The event with that note, or without any; all else in it stays as it is. As it stands then."""
        words, calendar = self._sides.words, self._takers.calendar(one.calendar)
        draft = Draft(event.uid, BookingId(""), None, "", event.title, event.place, event.description)
        if note is not None:
            told = words.sentence(note, _zone(one, snapshot), snapshot.now)
            draft = replace(draft, note=told, mark=words.mark(note))
        self._takers.is_written(one.calendar)
        written = await calendar.replace(one.href, draft, stored.data, stored.etag)
        log.info("request.told", request=one.name, note=note.kind.value if note is not None else "")
        again = await self._as_it_stands(one)
        # changed between the two: the next cycle compares it with what is remembered
        if again is None or again.event is None:
            return replace(written, event=None)
        same = (wish_of(again.event), again.event.end) == (one.wish, event.end)
        return again if same else replace(written, event=None)


def _refusal(one: Candidate) -> str:
    """What is remembered where the calendar refused what is to be done: that of a note says nothing of the deletion."""
    return _NOT_DELETED if one.stage is Stage.BOOKED else _NOT_NOTED


def _stuck(one: Candidate) -> Problem:
    return Problem(ProblemKind.PARKED, one.name, _STUCK if one.stage is Stage.BOOKED else _UNTOLD)


def _is_settled(booking_id: BookingId | None, snapshot: Snapshot) -> bool:
    """Whether the booking's own event stands, or there will never be one: then its request is of no use any more."""
    if booking_id is None:
        return False
    link = snapshot.links.get(booking_id)
    if link is not None:
        return link.closed is not None or (link.calendar, link.href) in snapshot.events
    booking = snapshot.bookings.get(booking_id)
    return booking is not None and booking.cancelled


def _is_untrue(one: Candidate, snapshot: Snapshot) -> bool:
    """Whether it says, or is to say, that its booking has an event of its own, and that was cancelled since."""
    says = one.note.kind if one.note is not None else one.told
    untrue = one.stage is Stage.CLOSED and says == NoteKind.REQUEST_BOOKED_BEFORE
    return untrue and is_over(one.booking_id, snapshot)


def _zone(one: Candidate, snapshot: Snapshot) -> tzinfo:
    """The zone of the place that it asks for; of the first there is where it names none."""
    catalog = snapshot.catalog
    return catalog.zone(one.location_id or next(iter(catalog.locations), "")) or UTC
