"""Open slots as events in a calendar of their own, after all that a cycle does about bookings and within a few seconds.

None of this is journalled. A slot's event has its name from the slot, so a write that a crash cut off is found by the
next look at the calendar; each write is conditional, and an event goes only if it is read unedited right before.
A fault here changes nothing about bookings, nor the cycle's outcome: it is told as a problem of the next cycle.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

import structlog

from syncd.domain.booking import Catalog
from syncd.domain.candidate import Candidate
from syncd.domain.errors import (
    OutcomeUnknown,
    PreconditionFailed,
    Refused,
    StoreError,
    SyncdError,
    UidConflict,
)
from syncd.domain.opening import Opening, SlotKey, parse_slot_href, slot_name, slot_uid
from syncd.engine import withheld
from syncd.engine.display import Display, any_words
from syncd.engine.observe import listing
from syncd.engine.setbacks import Setbacks
from syncd.engine.sides import Managed, Sides
from syncd.planning import availability
from syncd.planning.openings import (
    Change,
    Closed,
    Offer,
    Take,
    Write,
    changes,
    is_to_write,
    said_by,
    written,
)
from syncd.ports import CalendarPort, Stored
from syncd.state.pairs import UNREAD

log = structlog.get_logger(__name__)

WRITES, READS = 50, 500
"""So many events are written, and read, in one cycle at most: bookings must never wait long for slots."""

SECONDS = 5.0
"""No further write is begun after so long."""

GENERATIONS = 5
_LAST_READ = "openings.last_read"
# so many refused one after the other, and it is the calendar that refuses
GIVE_UP_AFTER = 3


class Publishing:
    """What one cycle does in the calendar of open slots."""

    def __init__(self, sides: Sides, managed: Managed, stopping: Callable[[], bool]) -> None:
        self._sides = sides
        self._store = sides.store
        self._calendar = managed.openings
        self._setbacks = Setbacks(sides.store)
        self._stopping = stopping
        self._any_words = any_words(sides.words)
        self._asked: list[Candidate] = []

    async def publish(self, catalog: Catalog) -> None:
        """Bring the calendar up to what is known of open slots. Raises StoreError only."""
        calendar, now = self._calendar, self._sides.clock.now()
        if calendar is None or self._sides.open_days is None or self._stopping() or self._setbacks.is_paused(now):
            return
        if not catalog.services or not catalog.locations:
            return  # nobody could tell which slot an event is of
        scene = Display(catalog, self._store.open_days(), self._sides.words, now, self._any_words)
        days = availability.wanted(catalog, now, self._sides.open_days)
        try:
            standing, unread = await self._look(calendar, scene)
            todo = changes(scene.shown, standing, Closed(catalog, scene.known, days, now), now)
            refused = self._setbacks.is_refused(now)
            # of what could not be read yet nobody knows what it says
            todo = [one for one in todo if one.name not in refused and (one.opening or one.slot not in unread)]
            await self._do_all(calendar, todo, scene)
        except StoreError:
            raise
        except SyncdError as error:
            self._setbacks.pause(error, self._sides.clock.now())
        except Exception as error:
            # a fault of ours about slots must not stop bookings
            log.exception("openings.broken")
            fault = SyncdError(f"a fault of syncd's own: {type(error).__name__}; please report it")
            self._setbacks.pause(fault, self._sides.clock.now())
        else:
            self._setbacks.over()

    async def _look(self, calendar: CalendarPort, scene: Display) -> tuple[list[Opening], set[SlotKey]]:
        """What stands there, as far as it is ours, and the slots of events that were left for the next cycle."""
        url, now = calendar.url, scene.now
        cursor, full_at = self._store.openings_position(url)
        listed = await listing(calendar, cursor, full_at, now)
        known = {one.href: one for one in self._store.openings(url)}
        absent = known.keys() - listed.etags.keys() if listed.full else listed.removed & known.keys()
        # kept while its slot is open: who deletes it again and again is left alone, like who moves it
        deleted = [
            replace(one, etag=None, from_=None, until=None, gone=True)
            for one in known.values()
            if one.href in absent and not one.edited and one.slot in scene.shown
        ]
        gone = {one.href for one in known.values() if one.gone and one.slot not in scene.shown}
        gone |= absent - {one.href for one in deleted}
        # read before, and the server tells by no ETag whether they changed since
        untold = {
            href
            for href, etag in listed.etags.items()
            if listed.full and etag is None and href in known and not known[href].gone
        }
        waiting = self._store.withheld(url)
        again = withheld.due(waiting, now) - absent if not listed.full else set()
        to_read = again | {
            href
            for href, etag in listed.etags.items()
            if href not in untold and (href not in known or etag is None or known[href].etag != etag)
        }
        changed = {
            href: slot
            for href in to_read
            if (slot := known[href].slot if href in known else scene.slot_at(href)) is not None
        }
        reading = sorted(changed, key=lambda href: (changed[href].start, href))[:READS]
        left = changed.keys() - set(reading)
        reading += self._in_turn(untold, READS - len(reading))
        found = {one.href: one for one in await calendar.read(reading)} if reading else {}
        before = [known[href] if href in known else Opening(href, None, *changed[href]) for href in reading]
        # what one says that is not given nobody knows: it is read again, and one that was never read is left alone
        missing = {href for href, one in found.items() if not one.given}
        seen = [
            replace(one, edited=True)
            if one.href in missing
            else self._seen(one, listed.etags.get(one.href), found, scene)
            for one in before
            if one.href not in missing or one.href not in known
        ]
        # where the catalog could not be read whole, nobody knows yet what these are
        strange = scene.catalog.parked and any(
            parse_slot_href(href) and not scene.slot_at(href) for href in listed.etags
        )
        at = UNREAD if left or strange else (listed.cursor, now if listed.full else full_at)
        seen += deleted
        over = waiting.keys() if listed.full and not left else {*reading, *absent}
        missed = withheld.kept(waiting, over, missing, now)
        if seen or gone or listed.full or missed != waiting or at != (cursor, full_at):
            self._store.keep_openings(url, [one for one in seen if one != known.get(one.href)], gone, at, missed)
        standing = {href: one for href, one in known.items() if href not in gone} | {one.href: one for one in seen}
        return list(standing.values()), {changed[href] for href in left}

    def _in_turn(self, hrefs: Collection[str], most: int) -> list[str]:
        """So many of them, beginning behind the last one of the cycle before: each has its turn."""
        if len(hrefs) <= most:
            return sorted(hrefs)
        last = self._store.fact(_LAST_READ) or ""
        turn = sorted(hrefs, key=lambda href: (href <= last, href))[:most]
        if turn:
            self._store.set_fact(_LAST_READ, turn[-1])
        return turn

    def _seen(self, before: Opening, etag: str | None, found: Mapping[str, Stored], scene: Display) -> Opening:
        stored = found.get(before.href)
        if stored is None or stored.event is None:
            # not an event any more that we can read: not ours to write over
            return replace(before, etag=etag, edited=True, gone=False)
        return scene.judged(replace(before, etag=stored.etag or etag, gone=False), stored.event)

    async def _do_all(self, calendar: CalendarPort, todo: list[Change], scene: Display) -> None:
        begun, in_a_row = self._sides.clock.elapsed()[1], 0
        self._asked = [one for one in self._store.candidates() if one.calendar == calendar.url] if todo else []
        for change in todo[:WRITES]:
            if self._stopping() or self._sides.clock.elapsed()[1] - begun > SECONDS:
                return
            try:
                await self._do(calendar, change, scene)
                in_a_row = 0
            except Refused as error:
                in_a_row += 1
                self._setbacks.refused(change.name, error, scene.now)
                if in_a_row == GIVE_UP_AFTER:
                    raise
            except PreconditionFailed:
                # somebody wrote there meanwhile: the next cycle reads it
                self._store.keep_openings(calendar.url, (), (), UNREAD)
            except OutcomeUnknown:
                self._store.keep_openings(calendar.url, (), (), UNREAD)
                raise

    async def _do(self, calendar: CalendarPort, change: Change, scene: Display) -> None:
        if isinstance(change, Take):
            await self._take(calendar, change.opening, scene)
        else:
            await self._write(calendar, change, scene)

    async def _take(self, calendar: CalendarPort, opening: Opening, scene: Display) -> None:
        fresh, _ = await self._fresh(calendar, opening, scene)
        if fresh is not None:
            await calendar.remove(opening.href, fresh.etag, fresh.data)
            self._store.keep_openings(calendar.url, (), [opening.href])
            log.info("opening.removed", service=opening.service_id, location=opening.location_id)

    async def _write(self, calendar: CalendarPort, write: Write, scene: Display) -> None:
        slot, opening = write.slot, write.opening
        if opening is None or opening.gone:
            stored = await self._create(calendar, write, scene)
            # what had been asked for there is over: where it is written again, it is asked for again
            self._store.forget_candidates([one for one in self._asked if one.href == stored.href])
        else:
            fresh, now = await self._fresh(calendar, opening, scene)
            if fresh is None or fresh.event is None:
                return
            if not is_to_write(now, write.show, scene.now):
                self._store.keep_openings(calendar.url, [now])  # it was put right meanwhile
                return
            draft = scene.draft(write, fresh.event.uid)
            stored = await calendar.replace(opening.href, draft, fresh.data, fresh.etag)
        said = scene.wordings[Offer(slot.service_id, slot.location_id)].said
        before = replace(opening or Opening(stored.href, None, *slot), href=stored.href, etag=stored.etag, said=said)
        renamed = [opening.href] if opening is not None and opening.href != stored.href else []
        self._store.keep_openings(calendar.url, [_as_stored(written(write, before, scene.now), stored)], renamed)
        log.info("opening.written", service=slot.service_id, location=slot.location_id, again=opening is not None)

    async def _create(self, calendar: CalendarPort, write: Write, scene: Display) -> Stored:
        """A new event, under the first of its names that the server takes: Nextcloud refuses what it saw deleted."""
        for generation in range(1, GENERATIONS):
            draft = scene.draft(write, slot_uid(write.slot, generation))
            try:
                return await calendar.create(slot_name(write.slot, generation), draft, "")
            except UidConflict:
                continue
        raise Refused("the calendar server takes no event of that slot again")

    async def _fresh(self, calendar: CalendarPort, opening: Opening, scene: Display) -> tuple[Stored | None, Opening]:
        """The event as it stands now, and what it is by that; None where it is gone or edited, which is remembered.

        And where it is not given.
        """
        stored = next(iter(await calendar.read([opening.href])), None)
        if stored is not None and not stored.given:
            return None, opening
        if stored is None or stored.event is None:
            self._store.keep_openings(calendar.url, (), [opening.href], UNREAD)
            return None, opening
        now = scene.judged(replace(opening, etag=stored.etag), stored.event)
        if not now.edited:
            return stored, now
        self._store.keep_openings(calendar.url, [now])
        return None, now


def _as_stored(after: Opening, stored: Stored) -> Opening:
    """Without a strong ETag the server may have stored something else than was sent; the port read it back: it is ours.

    What somebody else wrote in that moment is not: then the port gives what was sent, without an ETag, and the next
    look reads it.
    """
    if stored.event is None:
        return after
    event = stored.event
    said = said_by(event.title, event.place, event.description)
    return replace(after, said=said, from_=event.start.instant, until=event.end.instant)
