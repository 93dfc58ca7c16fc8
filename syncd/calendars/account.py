"""One CalDAV account: one address, one pair of credentials, all calendars behind them."""

import contextlib
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from syncd.calendars.dav import DavCalendar
from syncd.calendars.discovery import CalendarInfo, discover, in_words
from syncd.calendars.hrefs import collection_path, normal_path, origin_of
from syncd.calendars.probe import Probe
from syncd.calendars.searching import Search, Wanted
from syncd.calendars.transport import Transport, Unasked
from syncd.domain.errors import CollectionGone, ConfigError, NotPermitted, SyncdError, Unavailable
from syncd.domain.ids import BookingId
from syncd.ports import Stored

# Seconds for which the list of calendars is taken as known where their names are wanted.
_FRESH = 600.0

# The name of the fact whether there is discovery, before the origin; and what it says, the first for ever.
_DISCOVERY = "discovery "
_SOME, _NONE = "some", "none"


class Facts(Protocol):
    """Small things that are remembered longer than a process lives."""

    def fact(self, name: str) -> str | None: ...
    def set_fact(self, name: str, value: str) -> None: ...


class Account:
    """The calendars of one account; fulfils AccountPort.

    `now` gives the wall clock, aware; `monotonic` seconds for the age of what was discovered, and of a refused login;
    `careful` tells the calendars, by URL, in which no condition on a write protects; `facts` keeps that discovery once
    worked at this origin. Raises ConfigError for an address or a `ca_file` that cannot be used.
    """

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        ca_file: str = "",
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        careful: Callable[[str], bool] = lambda url: False,
        facts: Facts | None = None,
    ) -> None:
        try:
            if urlsplit(url).username is not None:
                raise ConfigError(["caldav.url: put the credentials into username and password, not into the address"])
            self._origin = origin_of(url)
            self._start = normal_path(urlsplit(url).path or "/")
        except ValueError as exc:
            raise ConfigError(["caldav.url: not an http or https address"]) from exc
        if ca_file and not Path(ca_file).is_file():
            raise ConfigError(["caldav.ca_file: there is no such file"])
        self._transport = Transport(self._origin, username, password, ca_file, monotonic)
        self._transport.suppose(url)
        self._now = now
        self._monotonic = monotonic
        self._careful = careful
        self._facts = facts
        self._had_discovery: str | None = None
        self._managed: dict[str, DavCalendar] = {}
        self._beside: dict[str, DavCalendar] = {}
        self._discovered: tuple[float, list[CalendarInfo]] | None = None
        self._search = Search(self._transport, now, monotonic)

    async def calendars(self) -> list[CalendarInfo]:
        """All calendars of the user, from the server or as known for ten minutes; empty where it has no discovery.

        Raises Unavailable, also where it had discovery before, RateLimited or NotPermitted.
        """
        if self._discovered is not None and self._monotonic() - self._discovered[0] < _FRESH:
            return self._discovered[1]
        return await self._calendars_now()

    async def _calendars_now(self) -> list[CalendarInfo]:
        at, self._discovered = self._monotonic(), None
        found = await discover(self._transport, self._start)
        if found is None:
            if self._worked_before():
                # a landing page, or a rule of a proxy: a search of what the config names would miss the others
                raise Unavailable("the calendar server does not tell any more which calendars there are")
            # not remembered: it may have been a captive portal that spoke
            return []
        self._remember(_SOME)
        self._discovered = (at, found)
        return found

    async def learn(self) -> None:
        """Ask whether there is discovery while nothing depends on it, until there is an answer. Raises nothing."""
        if self._remembered() is None:
            with contextlib.suppress(SyncdError):
                if not await self.calendars():
                    self._remember(_NONE)

    def _worked_before(self) -> bool:
        return self._remembered() == _SOME

    def _remembered(self) -> str | None:
        if self._had_discovery is None and self._facts is not None:
            self._had_discovery = self._facts.fact(_DISCOVERY + self._origin)
        return self._had_discovery

    def _remember(self, found: str) -> None:
        if self._facts is not None and self._remembered() != found:
            self._facts.set_fact(_DISCOVERY + self._origin, found)
        self._had_discovery = found

    async def calendar(self, url: str) -> DavCalendar:
        """The calendar at that address, which counts as managed from now on. Sends nothing. Raises ConfigError."""
        return self._at(url, self._managed, "calendars.url")

    async def unread(self, url: str, fault: SyncdError) -> DavCalendar:
        """The calendar at that address as one that cannot be used now: each call of it raises `fault`.

        It counts as managed, and a search looks into it. Raises ConfigError.
        """
        calendar = await self.calendar(url)
        return DavCalendar(Unasked(self._origin, fault), collection_path(calendar.url), self._now, self._careful)

    async def beside(self, url: str) -> DavCalendar:
        """The calendar at that address, which holds no bookings. Sends nothing. Raises ConfigError.

        A search looks into it, for a person may put a booking's event there; but one that is not there holds nothing.
        """
        return self._at(url, self._beside, "availability.calendar_url")

    def _at(self, url: str, known: dict[str, DavCalendar], key: str) -> DavCalendar:
        try:
            origin, path = origin_of(url), collection_path(url)
        except ValueError as exc:
            raise ConfigError([f"{key}: not the address of a calendar"]) from exc
        if origin != self._origin:
            raise ConfigError([f"{key}: of another server than caldav.url; it needs credentials of its own"])
        self._transport.suppose(url if url.endswith("/") else url + "/")
        return known.setdefault(origin + path, DavCalendar(self._transport, path, self._now, self._careful))

    async def find_by_name(self, name: str) -> DavCalendar:
        """The one calendar of that display name. Raises ConfigError, saying what there is, and as `calendars` does."""
        infos = [info for info in await self.calendars() if info.takes_events]
        matching = [info for info in infos if info.name == name]
        if len(matching) == 1:
            return await self.calendar(matching[0].url)
        fault = "no calendar has the name" if not matching else "more than one calendar has the name"
        there = in_words(infos) or "none that can be discovered: give a url"
        raise ConfigError([f'calendars.name: {fault} "{name}"; there are: {there}'])

    async def find(self, uid: str, booking_id: BookingId) -> list[tuple[str, Stored]]:
        """Every event with that UID or X-ZIMUN-BOOKING-ID, or whose description names the booking, in all calendars
        discovered and all managed ones.

        Discovered afresh each time: a person may have carried it into a calendar that was made a moment ago.
        In those for tasks too, for Radicale and DAViCal take events there; one of them that refuses a search has none.
        Where a search finds nothing, not even what stands there, the calendar is read instead, see `Search`.
        Raises Unavailable, RateLimited or NotPermitted where one calendar could not be searched: then nothing is known.
        """
        known = await self._calendars_now()
        expected = [*self._managed, *(info.url for info in known if info.takes_events)]
        tasks = [info.url for info in known if not info.takes_events and info.url not in self._managed]
        urls = dict.fromkeys([*expected, *self._beside, *tasks])
        wanted = Wanted(uid, booking_id)
        found: list[tuple[str, Stored]] = []
        for url in urls:
            try:
                found += [(url, one) for one in await self._search.find(url, wanted, url in tasks)]
            except (CollectionGone, NotPermitted) as exc:
                if isinstance(exc, CollectionGone) and url not in expected:
                    continue
                if isinstance(exc, NotPermitted) and exc.credentials:
                    raise
                raise Unavailable("one of the calendars cannot be searched") from exc
        return found

    def probe(self, calendar: DavCalendar, name: str, stopping: Callable[[], bool]) -> Probe:
        """A probe of one of this account's calendars, which will write a scratch event of that name."""
        return Probe(self._transport, calendar, name, self._now, stopping)

    async def aclose(self) -> None:
        """Close the connections; the account can be used again afterwards."""
        await self._transport.aclose()
