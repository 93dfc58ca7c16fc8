"""Open slots as events in a calendar of their own, after all that a cycle does about bookings and within a few seconds.

None of this is journalled. A slot's event has its name from the slot, so a write that a crash cut off is found by the
next look at the calendar; each write is conditional, and an event goes only if it is read unedited right before.
A fault here changes nothing about bookings, nor the cycle's outcome: it is told as a problem of the next cycle.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

import structlog

from syncd.domain.actions import Problem, ProblemKind
from syncd.domain.availability import DayKey, OpenDay
from syncd.domain.booking import Catalog, Span
from syncd.domain.errors import (
    CollectionGone,
    NotPermitted,
    OutcomeUnknown,
    PreconditionFailed,
    RateLimited,
    Refused,
    StoreError,
    SyncdError,
    UidConflict,
)
from syncd.domain.event import Draft, Event
from syncd.domain.ids import BookingId, stem
from syncd.domain.opening import Opening, SlotKey, parse_slot_href, parse_slot_uid, slot_name, slot_stem, slot_uid
from syncd.engine.observe import listing
from syncd.engine.sides import Managed, Sides
from syncd.planning import availability
from syncd.planning.openings import (
    Change,
    Closed,
    Offer,
    Show,
    Take,
    Wording,
    Write,
    changes,
    face_of,
    read_as,
    said_by,
    shown,
    written,
)
from syncd.ports import CalendarPort, Stored
from syncd.state.pairs import UNREAD
from syncd.state.store import Store
from syncd.texts.languages import LANGUAGES
from syncd.texts.words import Words

log = structlog.get_logger(__name__)

WRITES, READS = 50, 500
"""So many events are written, and read, in one cycle at most: bookings must never wait long for slots."""

SECONDS = 5.0
"""No further write is begun after so long."""

GENERATIONS = 5
TROUBLE = "openings.trouble"
PAUSE, LONG_PAUSE = timedelta(minutes=5), timedelta(hours=1)
NAME = "open slots"


def trouble(store: Store, managed: Managed) -> tuple[Problem, ...]:
    """What stands in the way of open slots, if anything does, and they are wanted."""
    told = store.fact(TROUBLE)
    if managed.openings is None or not told:
        return ()
    return (Problem(ProblemKind.PARKED, NAME, f"their calendar is not kept up to date: {json.loads(told)[1]}"),)


@dataclass(frozen=True)
class _Scene:
    """What should stand in the calendar, by what is known now."""

    catalog: Catalog
    known: Mapping[DayKey, OpenDay]
    words: Words
    now: datetime
    any_words: tuple[Words, ...]

    @cached_property
    def wordings(self) -> dict[Offer, Wording]:
        offers = {Offer(service, place) for service, place, _ in self.known}
        offers.update(Offer(*one) for one in availability.offers(self.catalog))
        return {offer: found for offer in offers if (found := self.wording(offer, self.words)) is not None}

    @cached_property
    def shown(self) -> dict[SlotKey, Show]:
        return shown(self.catalog, self.known, self.wordings, self.now)

    @cached_property
    def ids(self) -> tuple[dict[str, str], dict[str, str]]:
        """Services and places by what events are named after."""
        services, places = self.catalog.services, self.catalog.locations
        return {stem(BookingId(one)): one for one in services}, {stem(BookingId(one)): one for one in places}

    def wording(self, offer: Offer, words: Words) -> Wording | None:
        service = self.catalog.services.get(offer.service_id)
        place = self.catalog.locations.get(offer.location_id)
        if service is None or place is None:
            return None
        texts = words.opening(service, place)
        return Wording(texts.title, texts.place, "\n".join(texts.lines.values()))

    def said(self, offer: Offer) -> set[str]:
        """All that an event of that offer may say by syncd's hand."""
        found = (self.wording(offer, words) for words in self.any_words)
        return {wording.said for wording in found if wording is not None}

    def slot_at(self, href: str) -> SlotKey | None:
        """The slot whose event has that href; None where it is none, or of a service or place that is not known."""
        named = parse_slot_href(href)
        services, places = self.ids
        if named is None or named.service not in services or named.place not in places:
            return None
        return SlotKey(services[named.service], places[named.place], named.start)

    def draft(self, write: Write, uid: str) -> Draft:
        slot = write.slot
        offer = Offer(slot.service_id, slot.location_id)
        said, zone = self.wordings[offer], self.catalog.locations[slot.location_id].timezone
        span = Span(slot.start, write.show.until)
        return Draft(uid, BookingId(""), span, zone, said.title, said.place, said.description, transparent=True)

    def judged(self, before: Opening, event: Event) -> Opening:
        """What is remembered of an event as it was read now."""
        slot = before.slot
        offer = Offer(slot.service_id, slot.location_id)
        if parse_slot_uid(event.uid) != slot_stem(slot):
            return replace(before, edited=True)  # another object took its place
        wording = self.wordings.get(offer)
        face = face_of(wording, self.catalog, offer) if wording is not None else ""
        return read_as(event, before, face, wording.said if wording is not None else "", self.said(offer))


class Publishing:
    """What one cycle does in the calendar of open slots."""

    def __init__(self, sides: Sides, managed: Managed, stopping: Callable[[], bool]) -> None:
        self._sides = sides
        self._store = sides.store
        self._calendar = managed.openings
        self._stopping = stopping
        self._any_words = (sides.words, *(Words(language) for language in LANGUAGES))

    async def publish(self, catalog: Catalog) -> None:
        """Bring the calendar up to what is known of open slots. Raises StoreError only."""
        calendar, now = self._calendar, self._sides.clock.now()
        if calendar is None or self._sides.open_days is None or self._stopping() or self._is_paused(now):
            return
        scene = _Scene(catalog, self._store.open_days(), self._sides.words, now, self._any_words)
        days = availability.wanted(catalog, now, self._sides.open_days)
        try:
            standing, unread = await self._look(calendar, scene)
            todo = changes(scene.shown, standing, Closed(catalog, scene.known, days, now), now)
            # of what could not be read yet nobody knows what it says
            todo = [one for one in todo if not isinstance(one, Write) or one.opening or one.slot not in unread]
            await self._do_all(calendar, todo, scene)
        except StoreError:
            raise
        except SyncdError as error:
            self._pause(error)
        except Exception as error:
            # a fault of ours about slots must not stop bookings
            log.exception("openings.broken")
            self._pause(SyncdError(f"a fault of syncd's own: {type(error).__name__}; please report it"))
        else:
            if self._store.fact(TROUBLE):
                self._store.set_fact(TROUBLE, "")

    async def _look(self, calendar: CalendarPort, scene: _Scene) -> tuple[list[Opening], set[SlotKey]]:
        """What stands there, as far as it is ours, and the slots of events that were left for the next cycle."""
        url, now = calendar.url, scene.now
        cursor, full_at = self._store.openings_position(url)
        listed = await listing(calendar, cursor, full_at, now)
        known = {one.href: one for one in self._store.openings(url)}
        gone = known.keys() - listed.etags.keys() if listed.full else listed.removed & known.keys()
        changed = {
            href: slot
            for href, etag in listed.etags.items()
            if (href not in known or etag is None or known[href].etag != etag)
            and (slot := known[href].slot if href in known else scene.slot_at(href)) is not None
        }
        reading = sorted(changed, key=lambda href: (changed[href].start, href))[:READS]
        found = {one.href: one for one in await calendar.read(reading)} if reading else {}
        seen = [
            self._seen(known.get(href) or Opening(href, None, *changed[href]), listed.etags[href], found, scene)
            for href in reading
        ]
        left = changed.keys() - set(reading)
        at = UNREAD if left else (listed.cursor, now if listed.full else full_at)
        if seen or gone or listed.full or at != (cursor, full_at):
            self._store.keep_openings(url, [one for one in seen if one != known.get(one.href)], gone, at)
        standing = {href: one for href, one in known.items() if href not in gone} | {one.href: one for one in seen}
        return list(standing.values()), {changed[href] for href in left}

    def _seen(self, before: Opening, etag: str | None, found: Mapping[str, Stored], scene: _Scene) -> Opening:
        stored = found.get(before.href)
        if stored is None or stored.event is None:
            # not an event any more that we can read: not ours to write over
            return replace(before, etag=etag, edited=True)
        return scene.judged(replace(before, etag=stored.etag or etag), stored.event)

    async def _do_all(self, calendar: CalendarPort, todo: list[Change], scene: _Scene) -> None:
        begun = self._sides.clock.elapsed()[1]
        for change in todo[:WRITES]:
            if self._stopping() or self._sides.clock.elapsed()[1] - begun > SECONDS:
                return
            try:
                await (
                    self._take(calendar, change.opening, scene)
                    if isinstance(change, Take)
                    else self._write(calendar, change, scene)
                )
            except PreconditionFailed:
                # somebody wrote there meanwhile: the next cycle reads it
                self._store.keep_openings(calendar.url, (), (), UNREAD)
            except OutcomeUnknown:
                self._store.keep_openings(calendar.url, (), (), UNREAD)
                raise

    async def _take(self, calendar: CalendarPort, opening: Opening, scene: _Scene) -> None:
        fresh = await self._fresh(calendar, opening, scene)
        if fresh is not None:
            await calendar.remove(opening.href, fresh.etag, fresh.data)
            self._store.keep_openings(calendar.url, (), [opening.href])
            log.info("opening.removed", service=opening.service_id, location=opening.location_id)

    async def _write(self, calendar: CalendarPort, write: Write, scene: _Scene) -> None:
        slot, opening = write.slot, write.opening
        if opening is None:
            stored = await self._create(calendar, write, scene)
        else:
            fresh = await self._fresh(calendar, opening, scene)
            if fresh is None or fresh.event is None:
                return
            draft = scene.draft(write, fresh.event.uid)
            stored = await calendar.replace(opening.href, draft, fresh.data, fresh.etag)
        said = scene.wordings[Offer(slot.service_id, slot.location_id)].said
        before = replace(opening or Opening(stored.href, None, *slot), href=stored.href, etag=stored.etag, said=said)
        after = written(write, before, scene.now)
        if stored.etag is None or not stored.etag.startswith('"'):
            after = await self._as_stored(calendar, after)
        self._store.keep_openings(calendar.url, [after])
        log.info("opening.written", service=slot.service_id, location=slot.location_id, again=opening is not None)

    async def _create(self, calendar: CalendarPort, write: Write, scene: _Scene) -> Stored:
        """A new event, under the first of its names that the server takes: Nextcloud refuses what it saw deleted."""
        for generation in range(1, GENERATIONS):
            draft = scene.draft(write, slot_uid(write.slot, generation))
            try:
                return await calendar.create(slot_name(write.slot, generation), draft, "")
            except UidConflict:
                continue
        raise Refused("the calendar server takes no event of that slot again")

    async def _as_stored(self, calendar: CalendarPort, after: Opening) -> Opening:
        """Without a strong ETag the server may have stored something else than was sent: then that is ours."""
        stored = next(iter(await calendar.read([after.href])), None)
        if stored is None or stored.event is None:
            return after
        event = stored.event
        said = said_by(event.title, event.place, event.description)
        return replace(after, etag=stored.etag, said=said, from_=event.start.instant, until=event.end.instant)

    async def _fresh(self, calendar: CalendarPort, opening: Opening, scene: _Scene) -> Stored | None:
        """The event as it stands now; None where it is gone or edited, which is remembered."""
        stored = next(iter(await calendar.read([opening.href])), None)
        if stored is None or stored.event is None:
            self._store.keep_openings(calendar.url, (), [opening.href], UNREAD)
            return None
        now = scene.judged(replace(opening, etag=stored.etag), stored.event)
        if not now.edited:
            return stored
        self._store.keep_openings(calendar.url, [now])
        return None

    def _pause(self, error: SyncdError) -> None:
        lasting = isinstance(error, NotPermitted | CollectionGone | Refused)
        wait = LONG_PAUSE if lasting else PAUSE
        if isinstance(error, RateLimited):
            wait = max(wait, timedelta(seconds=min(error.retry_after, LONG_PAUSE.total_seconds())))
        until = self._sides.clock.now() + wait
        self._store.set_fact(TROUBLE, json.dumps([until.isoformat(), str(error)]))
        log.warning("openings.paused", until=until.isoformat(), fault=str(error))

    def _is_paused(self, now: datetime) -> bool:
        told = self._store.fact(TROUBLE)
        # further away than any pause: the clock was set back meanwhile
        return bool(told) and now < datetime.fromisoformat(json.loads(told or "")[0]) <= now + LONG_PAUSE
