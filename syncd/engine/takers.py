"""The calendars in which people may ask for bookings: those with `create_bookings`, and that of open slots.

They differ in which events may ask, in how one is read, and in what a fault of the calendar means: bookings stand in
the former, so it is a fault of the cycle; the latter is left alone for a while, as when slots are published.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

from syncd.domain.booking import Catalog
from syncd.domain.candidate import Candidate
from syncd.domain.errors import OutcomeUnknown, SyncdError
from syncd.domain.event import Event
from syncd.domain.opening import SlotKey
from syncd.engine.display import Display, any_words
from syncd.engine.setbacks import Setbacks
from syncd.engine.sides import GIVE_UP_AFTER, Health, Managed, Sides
from syncd.planning.openings import Offer
from syncd.planning.requests import Desk, Reading, places_of, read_request, unless_unrouted
from syncd.planning.routing import request_calendars
from syncd.planning.slot_requests import read_slot_request
from syncd.planning.snapshot import Snapshot
from syncd.ports import CalendarPort, Stored
from syncd.state.pairs import UNREAD

Reader = Callable[[str, Event], Reading]
"""What the event at an href asks for."""


class Takers:
    """`requests` are the URLs of the former, `slots` that of the latter, if there is one; `urls` are all of them."""

    def __init__(self, sides: Sides, managed: Managed, health: Health) -> None:
        self._sides = sides
        self._store = sides.store
        self._managed = managed
        self._health = health
        self._setbacks = Setbacks(sides.store)
        self._in_a_row: Counter[str] = Counter()
        self.requests = request_calendars(managed.policy.routes)
        self.slots = managed.openings.url if managed.openings is not None else None
        self.urls = (*self.requests, *([self.slots] if self.slots is not None else []))

    def calendar(self, url: str) -> CalendarPort:
        openings = self._managed.openings
        return openings if openings is not None and url == self.slots else self._managed.calendars[url]

    def is_usable(self, url: str, snapshot: Snapshot) -> bool:
        """Whether its events may be acted on in this cycle."""
        if self._health.is_down(url) or self._in_a_row[url] >= GIVE_UP_AFTER:
            return False
        if url == self.slots:
            return not self._setbacks.is_paused(self._sides.clock.now())
        return url in snapshot.readable

    def failed(self, url: str, error: SyncdError) -> None:
        """The calendar could not be used, or an event in it could not be written."""
        if url == self.slots:
            self._setbacks.pause(error, self._sides.clock.now())
        else:
            # those of bookings' events do not count here: some of them may never be written
            self._in_a_row[url] += 1
            self._health.failed(url, error, of_one=isinstance(error, OutcomeUnknown))

    def went_well(self, url: str) -> None:
        """What was to be done about an event in the calendar is done."""
        self._in_a_row[url] = 0

    def is_written(self, url: str) -> None:
        """Something of it is about to be written: its next listing is a full one.

        As with all writes of ours: Xandikos' tokens are hashes, and one from before would be true again.
        """
        if url == self.slots:
            self._store.keep_openings(url, (), (), UNREAD)
        else:
            self._store.forget_cursor(url)

    def there(self, url: str) -> dict[str, str | None]:
        """Every href at which an event stands that may ask for something, with its version, as last seen."""
        if url == self.slots:
            return {one.href: one.etag for one in self._store.openings(url) if one.edited}
        return self._store.foreign(url)

    def is_read(self, url: str) -> bool:
        """Whether all that stands there was seen: only then is what comes later new."""
        return url != self.slots or self._store.openings_position(url) != UNREAD

    async def read(self, url: str, hrefs: Iterable[str]) -> dict[str, Stored] | None:
        """The events at these hrefs; None where the calendar cannot be read."""
        wanted = list(hrefs)
        if not wanted:
            return {}
        if self._health.is_down(url):
            return None
        try:
            return {one.href: one for one in await self.calendar(url).read(wanted)}
        except SyncdError as error:
            self.failed(url, error)
            return None

    def reader(self, url: str, snapshot: Snapshot) -> Reader:
        """How the events of that calendar are read."""
        desk, routes = self._desk(snapshot), self._managed.policy.routes
        seen = (*snapshot.bookings.values(), *(link.booking for link in snapshot.links.values()))
        # where nothing is known yet, nobody knows that it does not: what none takes after all says so
        staff_told = not seen or any(booking.staff_name for booking in seen)
        if url != self.slots:
            desk = replace(desk, locations=places_of(url, routes))
            return lambda href, event: unless_unrouted(read_request(event, desk), routes, staff_told=staff_told)
        slots = {one.href: one.slot for one in self._store.openings(url)}
        words = any_words(self._sides.words)
        scene = Display(snapshot.offered, {}, self._sides.words, desk.now, words)

        def read(href: str, event: Event) -> Reading:
            if (slot := slots.get(href)) is None:
                return None
            wordings = (scene.wording(Offer(slot.service_id, slot.location_id), each) for each in words)
            titles = {one.title for one in wordings if one is not None}
            told = self._is_length_told(slot, desk.catalog)
            reading = read_slot_request(event, slot, titles, desk, length_told=told)
            return unless_unrouted(reading, routes, staff_told=staff_told)

        return read

    def is_offered(self, one: Candidate, offered: Catalog) -> bool:
        """Whether Zimun names the service that it asked for when it was read last; of an open slot, its place too."""
        place = one.calendar != self.slots or one.location_id in offered.locations
        return not one.service_id or (one.service_id in offered.services and place)

    def _is_length_told(self, slot: SlotKey, catalog: Catalog) -> bool:
        """Whether the service or the list of its open slots tells how long it takes: as where a slot is shown."""
        service = catalog.services.get(slot.service_id)
        if service is None or (service.duration is not None and service.duration > timedelta(0)):
            return True
        days = (day for day in self._store.open_days().values() if day.key[:2] == slot[:2])
        return any(one.end is not None and one.end > one.start for day in days for one in day.slots)

    def _desk(self, snapshot: Snapshot) -> Desk:
        labels = tuple(words.booking_label for words in any_words(self._sides.words))
        lines = (link.texts.lines.get("booking", "") for link in snapshot.links.values())
        copies = frozenset(line for line in lines if line)
        offered, named = snapshot.offered, snapshot.catalog.services
        gone = tuple(named[one].name for one in named.keys() - offered.services.keys())
        return Desk(offered, snapshot.now, self._managed.policy.past, copies=copies, labels=labels, gone=gone)
