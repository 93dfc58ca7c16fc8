"""Whether an event of a booking stands in a calendar, by a search of the server, or by reading what is there."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from urllib.parse import quote

from syncd.calendars import ical, lines, quirks, wire
from syncd.calendars.dav import DavCalendar
from syncd.calendars.hrefs import collection_path
from syncd.calendars.stored import stored, strange
from syncd.calendars.transport import Transport
from syncd.domain.errors import Malformed, Unavailable
from syncd.domain.event import Event
from syncd.domain.ids import BookingId
from syncd.ports import Stored

# CALDAV:supported-filter (RFC 4791 §7.8) is a 403. A server that cannot search texts can still find our properties.
_NO_SUCH_FILTER = (400, 403, 412, 422, 501)
# Seconds for which a search that found what was there is taken as one that finds.
_PROVEN = 600.0
# Objects of a calendar that are read where its search finds nothing, and so many at a time; and characters of them all.
_MOST, _STEP = 5_000, 50
_LIMIT = 50_000_000
_FAR = datetime(1, 1, 2, tzinfo=UTC)


class Wanted:
    """The event of one booking, as a search knows it."""

    def __init__(self, uid: str, booking_id: BookingId) -> None:
        self.uid = uid
        self.booking_id = booking_id
        self.encoded = quote(booking_id, safe="", errors="surrogatepass")

    def judge(self, path: str, etag: str | None, data: str) -> Stored | None:
        """The object, where it is the booking's event or a copy of it."""
        text = lines.unfold(data)
        if self.encoded == self.booking_id and self.booking_id not in text and self.uid not in text:
            # a parse of thousands takes seconds
            return None
        one = stored(path, etag, data)
        if self._is_it(one):
            return one
        copy = strange(path, etag, data)
        return copy if copy.event is not None and copy.event.is_copy_of(self.booking_id) else None

    def _is_it(self, one: Stored) -> bool:
        if one.event is not None:
            return one.event.uid == self.uid or one.event.booking_id == self.booking_id
        # One of ours that cannot be read counts as found where its text names the booking: better kept than cancelled.
        text = lines.unfold(one.data)
        return self.uid in text or f":{self.encoded}\n" in text


class Search:
    """Looks for an event in calendars of one account.

    That a search brings nothing (RFC 4791 §7.8) is believed where, within ten minutes, it brought something in that
    calendar. Else what is there is listed, and one event of it is searched for; where that is not found, all is read.

    So it is known that the server finds a UID, and no more. Of one that finds no other texts, or that searches a window
    of time alone (OX: about a year around now), a copy without our UID, or an event beyond, is not seen.
    """

    def __init__(self, transport: Transport, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._transport = transport
        self._now = now
        self._monotonic = monotonic
        # by the URL of a calendar: when its search found something; and what was read there by href, where it does not
        self._proven: dict[str, float] = {}
        self._texts: dict[str, dict[str, tuple[str | None, str]]] = {}
        self._reading = asyncio.Lock()

    async def find(self, url: str, wanted: Wanted, for_tasks: bool) -> list[Stored]:
        """Three calendar-queries, for RFC 4791 §9.7.2 knows no "or". What they bring is looked at again: SOGo and
        Calypso ignore filters and give everything, and a text-match is about a part of the value.

        The third is for Outlook CalDav Synchronizer and Android apps: what they carry into another calendar has a new
        UID and none of our properties, but the text that we wrote.

        `for_tasks`: a calendar for tasks, which may refuse a search, and needs no proof of its own where there is one
        of another calendar: in thousands of tasks there is no event to search for. Raises Unavailable where nothing is
        known, and as DavCalendar.
        """
        path = collection_path(url)
        found: dict[str, Stored] = {}
        judged: set[tuple[str | None, str]] = set()
        nothing = False
        for prop, value in (("UID", wanted.uid), (ical.BOOKING_ID, wanted.encoded), ("DESCRIPTION", wanted.booking_id)):
            hits = await self._query(path, prop, value, optional=prop == "DESCRIPTION" or for_tasks)
            if prop == "UID":
                nothing = hits == []
                if hits:
                    self._prove(url)
            for at, etag, data in hits or ():
                if (at, data) in judged:
                    continue
                judged.add((at, data))
                one = wanted.judge(at or path, etag, data)
                if one is not None and at is None:
                    raise Unavailable("the calendar server finds the event at another address than its own")
                if one is not None:
                    found[one.href] = one
        if nothing and not any(one.stands for one in found.values()):
            # several are looked for at once
            async with self._reading:
                if not self._is_proven(url) and not (for_tasks and any(map(self._is_proven, self._proven))):
                    found |= {one.href: one for one in await self._read_through(url, wanted)}
        return list(found.values())

    async def _query(
        self, path: str, prop: str, value: str, *, optional: bool = False
    ) -> list[tuple[str | None, str | None, str]] | None:
        """What a search of one property brings: path, ETag and data; the path is None where it is no address here.

        None where the server knows no such search, and it is `optional`.
        """
        headers = {**wire.XML_TYPE, "Depth": "1"}
        answer = await self._transport.send("REPORT", path, wire.events_where(prop, value), headers)
        if optional and answer.status in _NO_SUCH_FILTER:
            return None
        if answer.status != 207:
            raise quirks.read_error(answer)
        listing = wire.multistatus(answer.tree, self._transport.origin)
        if listing.truncated:
            raise Unavailable("the calendar server did not answer a search completely")
        hits = []
        for entry in listing.entries:
            if entry.gone or (entry.path is not None and entry.path.rstrip("/") == path.rstrip("/")):
                continue
            if entry.data is None:
                raise Unavailable("the calendar server found an object and did not give it")
            hits.append((entry.path, entry.etag, entry.data))
        return hits

    def _prove(self, url: str) -> None:
        self._proven[url] = self._monotonic()
        self._texts.pop(url, None)

    def _is_proven(self, url: str) -> bool:
        at = self._proven.get(url)
        return at is not None and self._monotonic() - at < _PROVEN

    async def _finds(self, url: str, control: Event) -> bool:
        if not await self._query(collection_path(url), "UID", control.uid):
            return False
        self._prove(url)
        return True

    async def _read_through(self, url: str, wanted: Wanted) -> list[Stored]:
        """What is wanted, by reading the calendar; nothing of it where the search turns out to find what stands there.

        Bedework, Zimbra, Stalwart 0.15.5 and iCloud at times answer each search of a text with an empty 207. A search
        may be well again, so it is asked each time. What was read stays read, whatever fails after it.
        """
        calendar = DavCalendar(self._transport, collection_path(url), self._now)
        etags = (await calendar.changes(None)).etags
        known = self._texts.get(url, {})
        read = {href: known[href] for href, etag in etags.items() if _is_same(known.get(href), etag)}
        self._texts[url] = read
        control = self._nearest(text for _, text in read.values())
        if control is not None and await self._finds(url, control):
            return []
        hrefs = [href for href in etags if href not in read]
        lacking = False
        for at in range(0, len(hrefs), _STEP):
            # of more than can be read no more is read than it takes to ask the search
            too_many = len(etags) > _MOST and (control is not None or len(read) >= _MOST)
            if too_many or sum(len(text) for _, text in read.values()) > _LIMIT:
                raise Unavailable(
                    "the server's search does not find what is in one of the calendars, and there is too much in it to"
                    " be read: no deletion is believed"
                )
            step = hrefs[at : at + _STEP]
            given = {one.href: (one.etag, one.data) for one in await calendar.whole(step) if one.data}
            lacking = lacking or len(given) < len(step)
            if control is None:
                control = self._nearest(text for _, text in given.values())
                if control is not None and await self._finds(url, control):
                    return []
            read |= given
        if lacking:
            # it may be what is looked for
            raise Unavailable("the calendar server lists an object and does not give it")
        judged = (wanted.judge(href, etag, data) for href, (etag, data) in read.items())
        return [one for one in judged if one is not None]

    def _nearest(self, texts: Iterable[str]) -> Event | None:
        """Of the first events among these objects the one nearest to now: a server may search a window of time alone.

        Of the first ones, for a parse of thousands takes seconds.
        """
        events: list[Event] = []
        for text in texts:
            if "VEVENT" in text:
                with contextlib.suppress(Malformed):
                    events.append(ical.parse(text))
            if len(events) == _STEP:
                break
        now = self._now()
        return min(events, key=lambda one: abs((one.start.instant or _FAR) - now), default=None)


def _is_same(known: tuple[str | None, str] | None, etag: str | None) -> bool:
    return known is not None and known[0] == etag and quirks.is_strong(etag)
