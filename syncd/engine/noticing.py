"""What events ask for, taken notice of: read where they are new or changed, once the services and places are known."""

from dataclasses import replace
from typing import NamedTuple

import structlog

from syncd.domain.actions import Confirm, Hold
from syncd.domain.candidate import Candidate, Stage
from syncd.domain.errors import StoreError, SyncdError
from syncd.domain.event import Event
from syncd.domain.request import Request
from syncd.engine import memory
from syncd.engine.setbacks import Setbacks
from syncd.engine.sides import Sides
from syncd.engine.takers import Reader, Takers
from syncd.planning.candidates import is_over, taken_up
from syncd.planning.planner import OWN_FAULT
from syncd.planning.requests import Reading, wish_of
from syncd.planning.snapshot import Snapshot
from syncd.ports import Stored
from syncd.state.journal import Intent
from syncd.state.store import Store

log = structlog.get_logger(__name__)


class OpenAsk(NamedTuple):
    """What is being asked for, and came to no known end yet."""

    intent: Intent
    action: Hold | Confirm


def open_asks(store: Store) -> list[OpenAsk]:
    """What is being asked for on account of events."""
    asked = [OpenAsk(one, one.action) for one in store.open_intents() if isinstance(one.action, Hold | Confirm)]
    return [one for one in asked if one.action.candidate is not None]


def being_confirmed(store: Store) -> frozenset[int]:
    """The numbers of the events for which a hold is being confirmed: whatever they become, that may book."""
    asked = (one.action for one in open_asks(store) if isinstance(one.action, Confirm))
    return frozenset(action.candidate for action in asked if action.candidate is not None)


class Noticing:
    """Raises StoreError only."""

    def __init__(self, sides: Sides, takers: Takers) -> None:
        self._sides = sides
        self._store = sides.store
        self._takers = takers

    async def events(self, snapshot: Snapshot) -> None:
        """Of people's own events in the calendars that take requests."""
        self._store.watch_only(self._takers.urls, snapshot.now)
        if not self._takers.requests or not snapshot.offered.services:
            return
        known = self._store.candidates()
        for url in self._takers.requests:
            if self._takers.is_usable(url, snapshot):
                await self._notice(url, [one for one in known if one.calendar == url], snapshot)

    async def slots(self, snapshot: Snapshot) -> None:
        """Of the events of open slots: those that publishing has just found edited."""
        url = self._takers.slots
        if url is None or not snapshot.offered.services or not self._takers.is_usable(url, snapshot):
            return
        # one in which our note is still to be taken out is not yet: forgotten, what comes next passed for told by it
        plain = {one.href for one in self._store.openings(url) if not one.edited and one.face}
        here = [one for one in self._store.candidates() if one.calendar == url]
        # what a slot's event said once is over when it stands there as syncd writes it: what comes then is new
        self._store.forget_candidates([one for one in here if one.href in plain])
        try:
            await self._notice(url, [one for one in here if one.href not in plain], snapshot)
        except StoreError:
            raise
        except Exception as error:
            # a fault of ours about slots must not stop bookings
            log.exception("openings.broken")
            Setbacks(self._store).pause(SyncdError(f"{OWN_FAULT}: {type(error).__name__}"), self._sides.clock.now())

    async def _notice(self, url: str, here: list[Candidate], snapshot: Snapshot) -> None:
        known = {one.href: one for one in here}
        # what is being booked is compared with what was asked, once that is known
        confirming = being_confirmed(self._store)
        busy = {one.href for one in here if one.id in confirming}
        there, first = self._takers.there(url), not self._store.is_watched(url)
        changed = [
            href
            for href, etag in there.items()
            if href not in busy and (href not in known or known[href].gone or etag is None or known[href].etag != etag)
        ]
        gone = [one for href, one in known.items() if href not in there and not one.gone]
        if not (changed or gone or first):
            return
        found = await self._takers.read(url, changed)
        if found is None:
            return
        # from now on it has to stand: when the cycle began, or the read, it may have been another
        snapshot = replace(snapshot, now=self._sides.clock.now())
        reader = self._takers.reader(url, snapshot)
        seen = []
        for href in changed:
            where, stored, before = (url, href, there[href]), found.get(href), known.get(href)
            if stored is not None and not stored.given:
                # nobody knows what it says: this version is not remembered, so it is read again
                if first and before is None:
                    seen.append(Candidate(0, url, href, None, "", "", Stage.THEIRS, snapshot.now, first=True))
                continue
            one = self._seen(before, where, stored, reader, snapshot, first=first)
            if one != before:  # without ETags all are read each time
                seen.append(one)
        if seen or gone or first:
            self._store.take_notice(url, seen, gone, snapshot.cycle, snapshot.now, watched=self._takers.is_read(url))
            for one in seen:
                before = known.get(one.href)
                if before is not None and before.wish != one.wish:
                    # another wish does not rest on account of the old one
                    memory.is_answered(self._store, before.name)

    def _seen(
        self,
        known: Candidate | None,
        where: tuple[str, str, str | None],
        stored: Stored | None,
        reader: Reader,
        snapshot: Snapshot,
        *,
        first: bool,
    ) -> Candidate:
        """What is remembered of an event as it was read now. `where` is its calendar, href and ETag."""
        calendar, href, etag = where
        if stored is not None and stored.event is not None:
            if known is not None and _was_never_read(known):
                known, first = None, True
            reading = reader(href, stored.event)
            twin = None
            if first and isinstance(reading, Request):
                twins = filter(reading.is_met_by, snapshot.bookings.values())
                twin = next((one for one in twins if not reading.is_in_another_name(one)), None)
            if twin is not None and calendar != self._takers.slots:
                reading = None  # a person's own note of that booking
            if calendar == self._takers.slots and _is_anothers(known, stored.event, reading, snapshot):
                known = None
            over = known is not None and is_over(known.booking_id, snapshot)
            seen = taken_up(known, where, stored.event, reading, snapshot.now, first=first, over=over)
            if twin is not None and calendar == self._takers.slots:
                # the database was lost before the slot's event could go, which is of no use any more
                seen = replace(seen, stage=Stage.BOOKED, booking_id=twin.id)
            return seen
        # a task, one of ours by now, or one that nobody can read
        if known is None:
            return Candidate(0, calendar, href, etag, "", "", Stage.THEIRS, snapshot.now, first=first)
        if known.stage is Stage.BOOKED:
            return replace(known, etag=etag, gone=False)  # whatever it becomes, it was booked
        # it may say the same again in a moment, and what came of that then still holds
        return replace(known, etag=etag, version="", gone=False)


def _was_never_read(known: Candidate) -> bool:
    """Whether it stood there when the calendar was first read, and nobody has known since what it says."""
    return known.first and not (known.wish or known.told or known.booking_id)


def _is_anothers(known: Candidate | None, event: Event, reading: Reading, snapshot: Snapshot) -> bool:
    """Whether a slot's event that went when it was booked is back, and is not about that booking's customer any more.

    As where another device had a copy of the slot still.
    """
    if known is None or known.stage is not Stage.BOOKED or known.booking_id is None:
        return False
    if known.version or known.wish == wish_of(event):
        return False
    link = snapshot.links.get(known.booking_id)
    booking = snapshot.bookings.get(known.booking_id) or (link.booking if link is not None else None)
    mail = reading.contact_email if isinstance(reading, Request) else ""
    return booking is not None and booking.contact_email.casefold() != mail.casefold()
