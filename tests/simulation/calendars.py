"""Calendars as a fake: a server that can be many servers, and syncd's ports to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from syncd.domain.errors import CollectionGone, CursorExpired, PreconditionFailed, UidConflict, Unavailable
from syncd.domain.event import Draft
from syncd.domain.ids import BookingId
from syncd.ports import Listing, Stored
from tests.simulation import objects

if TYPE_CHECKING:
    from tests.simulation.world import World

ORIGIN = "https://dav.example.org"
HOME, SIDE, ROOM, PRIVATE = (f"{ORIGIN}/{name}/" for name in ("home", "side", "room", "private"))
MANAGED = (HOME, SIDE, ROOM)
ALL = (*MANAGED, PRIVATE)
OPEN = f"{ORIGIN}/open/"
"""That of open slots, where this world has one: no events of bookings are in it."""
LAGS = timedelta(seconds=90)


@dataclass
class Collection:
    """One calendar on the server. `objects`: href -> (text, number of its version)."""

    url: str
    objects: dict[str, tuple[str, int]] = field(default_factory=dict)
    changes: list[tuple[int, str]] = field(default_factory=list)
    put_at: dict[str, datetime] = field(default_factory=dict)
    used_uids: set[str] = field(default_factory=set)
    states: dict[str, int] = field(default_factory=dict)
    revision: int = 0
    withheld: set[str] = field(default_factory=set)
    down: bool = False
    gone: bool = False
    lags: bool = False

    def path(self, name: str) -> str:
        return self.url.removeprefix(ORIGIN) + name


class Server:
    """All calendars of the account. `kind` is what sort of server it is."""

    def __init__(self, world: "World", kind: str) -> None:
        self.world = world
        self.kind = kind
        self.calendars = {url: Collection(url) for url in ((*ALL, OPEN) if world.setup.get("slots") else ALL)}
        self.version = 0

    def etag(self, data: str, version: int) -> str | None:
        match self.kind:
            case "no etags":
                return None
            case "weak":
                return f'W/"{version}"'
            case "content":
                return f'"{objects.digest(data)}"'
            case _:
                return f'"{version}"'

    def put(self, url: str, href: str, data: str, by: str) -> None:
        """Somebody stores an object; `by` is "syncd" or who else."""
        calendar = self.calendars[url]
        if by == "syncd":
            data = self._rewritten(data)
        before = calendar.objects.get(href)
        self.version += 1
        self._remember(calendar)
        calendar.objects[href] = (data, self.version)
        calendar.put_at.setdefault(href, self.world.clock.true())
        calendar.used_uids.add(objects.read(data)["uid"])
        self._changed(calendar, href)
        self.world.oracle.event_changed(url, href, before[0] if before else None, data, by)

    def delete(self, url: str, href: str, by: str) -> None:
        calendar = self.calendars[url]
        self._remember(calendar)
        data, _ = calendar.objects.pop(href)
        calendar.put_at.pop(href, None)
        self._changed(calendar, href)
        self.world.oracle.event_changed(url, href, data, None, by)

    def token(self, calendar: Collection) -> str | None:
        if self.kind == "no tokens":
            return None
        return self._state(calendar) if self.kind == "content" else f"t{calendar.revision}"

    def since(self, calendar: Collection, token: str) -> int:
        """The revision of a token. Raises CursorExpired for one that is not known."""
        if token == self.token(calendar):
            return calendar.revision
        if self.kind == "content":
            known = calendar.states.get(token)
        else:
            known = int(token[1:]) if token[1:].isdecimal() else None
        if known is None or known > calendar.revision:
            raise CursorExpired("the calendar server does not take the sync token (403)")
        return known

    def _state(self, calendar: Collection) -> str:
        return objects.digest(repr(sorted((href, data) for href, (data, _) in calendar.objects.items())))

    def _remember(self, calendar: Collection) -> None:
        if self.kind == "content":
            calendar.states[self._state(calendar)] = calendar.revision

    def _changed(self, calendar: Collection, href: str) -> None:
        calendar.revision += 1
        calendar.changes.append((calendar.revision, href))

    def _rewritten(self, data: str) -> str:
        if self.kind == "rewrites":
            self.version += 1
            fields = objects.read(data)
            return objects.write(fields | {"server": self.version})
        if self.kind == "vendor zones":
            fields = objects.read(data)
            for name in ("start", "end"):
                value, tzid = fields[name]
                fields[name] = [value, objects.VENDOR + tzid if tzid == objects.BERLIN else tzid]
            return objects.write(fields)
        return data


class FakeCalendar:
    """One calendar through the eyes of one process: a CalendarPort."""

    def __init__(self, world: "World", url: str) -> None:
        self._world = world
        self._server = world.server
        self._calendar = world.server.calendars[url]
        self.url = url

    async def changes(self, cursor: str | None) -> Listing:
        def read(fault: str) -> Listing:
            self._stands()
            calendar, server = self._calendar, self._server
            hidden = set()
            if calendar.lags:
                hidden = {href for href, at in calendar.put_at.items() if self._world.clock.true() - at < LAGS}
            if cursor is None:
                etags = {
                    href: server.etag(data, version)
                    for href, (data, version) in calendar.objects.items()
                    if href not in hidden
                }
                if fault == "empty":
                    etags = {}
                if fault == "partial":
                    etags = dict(list(etags.items())[: len(etags) // 2])
                self._world.asks.listed(self.url, calendar.objects.keys() - etags.keys())
                return Listing(True, etags, frozenset(), server.token(calendar))
            if fault == "expired":
                raise CursorExpired("the calendar server does not take the sync token (403)")
            since = server.since(calendar, cursor)
            untold = calendar.lags  # it does not tell of deletions either, then or later
            named = {href for revision, href in calendar.changes if revision > since} - hidden
            if fault in ("empty", "partial"):
                raise CursorExpired("the calendar server gave no new sync token")
            there = {href: server.etag(*calendar.objects[href]) for href in sorted(named) if href in calendar.objects}
            # a listing that hides what was put lately does not move on either
            token = cursor if hidden else server.token(calendar)
            removed = frozenset() if untold else frozenset(named - there.keys())
            return Listing(False, there, removed, token)

        return await self._world.call(self.url, "changes", read)

    async def fetch(self, hrefs: Sequence[str]) -> list[Stored]:
        def read(fault: str) -> list[Stored]:
            self._stands()
            withheld = self._withheld(hrefs, fault)
            there = [href for href in dict.fromkeys(hrefs) if href in self._calendar.objects]
            return [_not_given(href) if href in withheld else self._there(href) for href in there]

        self._own(*hrefs)
        return await self._world.call(self.url, "fetch", read)

    async def read(self, hrefs: Sequence[str]) -> list[Stored]:
        def read(fault: str) -> list[Stored]:
            self._stands()
            withheld = self._withheld(hrefs, fault)
            there = [(href, self._calendar.objects[href]) for href in hrefs if href in self._calendar.objects]
            return [
                _not_given(href)
                if href in withheld
                else Stored(href, self._server.etag(*one), objects.parse(one[0]), one[0])
                for href, one in there
                if href in withheld or objects.is_strange(one[0])
            ]

        self._own(*hrefs)
        self._world.slot_people.near = next(iter(hrefs), "")
        return await self._world.call(self.url, "read", read)

    async def get(self, href: str) -> Stored | None:
        def read(fault: str) -> Stored | None:
            self._stands()
            if href in self._calendar.withheld and href in self._calendar.objects:
                raise Unavailable("the calendar server does not give it")
            return self._stored(href)

        self._own(href)
        return await self._world.call(self.url, "get", read)

    async def create(self, name: str, draft: Draft, onto: str) -> Stored:
        href = self._calendar.path(name)

        def write(fault: str) -> Stored:
            self._stands()
            if href in self._calendar.objects:
                raise PreconditionFailed("there is one already")
            if self._refuses(draft.uid):
                raise UidConflict("the UID was used before")
            if fault == "swallowed":
                # somebody else answers that it is stored, as a proxy does with a page of its own
                return objects.stored(href, '"s"', objects.render(draft, onto, "s"))
            return self._written(href, draft, onto, read=fault != "late")

        return await self._world.call(self.url, "create", write, writes=href)

    async def replace(self, href: str, draft: Draft, onto: str, etag: str | None) -> Stored:
        def write(fault: str) -> Stored:
            self._stands()
            there = self._calendar.objects.get(href)
            if there is None or not self._matches(there, etag, onto):
                raise PreconditionFailed("the object is not the version that was expected")
            return self._written(href, draft, onto, read=fault != "late")

        self._own(href)
        return await self._world.call(self.url, "replace", write, writes=href)

    async def remove(self, href: str, etag: str | None, onto: str = "") -> None:
        def write(fault: str) -> None:
            self._stands()
            there = self._calendar.objects.get(href)
            if there is None:
                return
            known = is_strong(etag) or (there[0] == onto if onto else objects.is_ours(objects.read(there[0])))
            if not known or (etag is not None and etag != self._server.etag(*there)):
                raise PreconditionFailed("the object is not the version that was expected")
            self._server.delete(self.url, href, "syncd")

        self._own(href)
        await self._world.call(self.url, "remove", write, writes=href)

    def _own(self, *hrefs: str) -> None:
        if not all(href.startswith(self._calendar.path("")) for href in hrefs):
            raise ValueError("the href is not in this calendar")

    def _stands(self) -> None:
        if self._calendar.gone:
            raise CollectionGone("the calendar is not there any more")

    def _withheld(self, hrefs: Sequence[str], fault: str) -> set[str]:
        """What is not given of these: always, or this time, when it is the last of them."""
        there = [href for href in hrefs if href in self._calendar.objects]
        return self._calendar.withheld | set(there[-1:] if fault == "withheld" else ())

    def _stored(self, href: str) -> Stored | None:
        return self._there(href) if href in self._calendar.objects else None

    def _there(self, href: str) -> Stored:
        there = self._calendar.objects[href]
        self._world.oracle.event_read(self.url, href, there[0])
        return objects.stored(href, self._server.etag(*there), there[0])

    def _matches(self, there: tuple[str, int], etag: str | None, onto: str) -> bool:
        return etag == self._server.etag(*there) if is_strong(etag) else there[0] == onto

    def _refuses(self, uid: str) -> bool:
        if self._server.kind == "trash" and uid in self._calendar.used_uids:
            return True
        anywhere = (*ALL, OPEN) if self._server.kind == "unique" else (self.url,)
        anywhere = tuple(url for url in anywhere if url in self._server.calendars)
        return any(
            objects.read(data)["uid"] == uid
            for url in anywhere
            for data, _ in self._server.calendars[url].objects.values()
        )

    def _written(self, href: str, draft: Draft, onto: str, *, read: bool) -> Stored:
        """`read`: syncd gets the answer, and so knows what stands there."""
        self._world.stamp += 1
        self._server.put(self.url, href, objects.render(draft, onto, f"s{self._world.stamp}"), "syncd")
        data, version = self._calendar.objects[href]
        if read:
            self._world.oracle.event_read(self.url, href, data)
        return objects.stored(href, self._server.etag(data, version), data)


def _not_given(href: str) -> Stored:
    return Stored(href, None, fault="the calendar server lists it and does not give it", given=False)


def is_strong(etag: str | None) -> bool:
    """Whether it may stand in If-Match; with any other the adapter compares what it reads right before."""
    return etag is not None and etag.startswith('"')


class FakeAccount:
    """All calendars of the account: an AccountPort, of a server that searches texts."""

    def __init__(self, world: "World") -> None:
        self._world = world

    async def find(self, uid: str, booking_id: BookingId) -> list[tuple[str, Stored]]:
        def read(fault: str) -> list[tuple[str, Stored]]:
            found = []
            for url, calendar in self._world.server.calendars.items():
                self._world.stands(url)
                for href, (data, version) in calendar.objects.items():
                    fields = objects.read(data)
                    if fields["uid"] == uid or fields.get("bid") == booking_id:
                        found.append((url, objects.stored(href, self._world.server.etag(data, version), data)))
                    elif objects.is_strange(data) and objects.parse(data).is_copy_of(booking_id):
                        etag = self._world.server.etag(data, version)
                        found.append((url, Stored(href, etag, objects.parse(data), data)))
            return found

        return await self._world.call("account", "find", read)
