"""A home on a real CalDAV server, with a proxy before it that can lose, close, and weaken."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import urljoin, urlsplit

from syncd.calendars.account import Account
from syncd.calendars.dav import DavCalendar
from tests.contracts.home import Etags, Traits, Trouble
from tests.contracts.ical_texts import IcalTexts
from tests.servers import Server, drop_calendar, make_calendar, send
from tests.ten.bender import CUT, Ask, Bender, Onward, Reply

BEGIN = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)
_WRITES = frozenset({"PUT", "DELETE"})
# what Nextcloud makes by default
_KINDS = ("VEVENT", "VTODO")
_ANSWERS = {
    Trouble.DOWN: Reply(503), Trouble.LIMITED: Reply(429, headers={"retry-after": "30"}), Trouble.LOGIN: Reply(401),
    Trouble.FORBIDDEN: Reply(403),
}  # fmt: skip
_NUMBERS = count(1)
_REST = timedelta(hours=6).total_seconds()


class RealHome:
    """`traits.etags` other than strong are the proxy's doing: nginx makes weak ones, some servers give none."""

    def __init__(self, server: Server, bender: Bender, traits: Traits) -> None:
        self.traits = traits
        self.texts = IcalTexts()
        address = bender.url(server.url)
        self._elapsed = 0.0
        self.account = Account(address, server.username, server.password, now=_clock(), monotonic=lambda: self._elapsed)
        self._server = server
        self._bender = bender
        self._trouble = Trouble.NONE
        self._closed: set[str] = set()
        self._withheld: set[str] = set()
        self._made: dict[str, str] = {}
        bender.bend = self._bend

    async def managed(self, number: int = 0) -> DavCalendar:
        return await self.account.calendar(self._calendar(f"managed-{number}"))

    async def private(self) -> str:
        return self._calendar("private")

    async def missing(self) -> DavCalendar:
        return await self.account.calendar(self._bender.url(urljoin(self._server.home_url, f"never-{next(_NUMBERS)}/")))

    def put(self, url: str, name: str, data: str) -> None:
        send(self._server, "PUT", self._direct(url) + name, data, {"Content-Type": "text/calendar; charset=utf-8"})

    def delete(self, url: str, name: str) -> None:
        send(self._server, "DELETE", self._direct(url) + name)

    def rebuild(self, url: str) -> None:
        name = self._direct(url).split("/")[-2]
        drop_calendar(self._server, self._direct(url))
        make_calendar(self._server, name, components=_KINDS)

    def tidy_up(self) -> None:
        """Its calendars go: a server in which they stay searches them all, and Cyrus takes none of their UIDs again."""
        for url in self._made.values():
            drop_calendar(self._server, url)

    def close(self, url: str) -> None:
        self._closed.add(urlsplit(url).path)

    def withhold(self, href: str, *, withheld: bool = True) -> None:
        (set.add if withheld else set.discard)(self._withheld, href)

    def trouble(self, trouble: Trouble) -> None:
        self._trouble = trouble
        # a login that was refused is not used again before
        self._elapsed += _REST

    def _calendar(self, name: str) -> str:
        """Its URL by way of the proxy; made when it is first asked for."""
        if name not in self._made:
            self._made[name] = make_calendar(self._server, f"{name}-{next(_NUMBERS)}", components=_KINDS)
        return self._bender.url(self._made[name])

    def _direct(self, url: str) -> str:
        return urljoin(self._server.url, urlsplit(url).path)

    async def _bend(self, ask: Ask, onward: Onward) -> Reply:
        if any(ask.path.startswith(path) for path in self._closed):
            return Reply(503)
        if ask.path in self._withheld:
            return Reply(500)
        if self._withheld and b"calendar-multiget" in ask.body:
            return Reply(501)
        if self._trouble in _ANSWERS:
            return _ANSWERS[self._trouble]
        if ask.method not in _WRITES:
            return CUT if self._trouble is Trouble.READS_LOST else self._weakened(await onward(ask))
        if self._trouble is Trouble.WRITES_LOST:
            return CUT
        reply = await onward(ask)
        return CUT if self._trouble is Trouble.ANSWERS_LOST else self._weakened(reply)

    def _weakened(self, reply: Reply) -> Reply:
        if self.traits.etags is Etags.STRONG:
            return reply
        if self.traits.etags is Etags.WEAK:
            headers = {name: f"W/{value}" if name == "etag" else value for name, value in reply.headers.items()}
            body = reply.body.replace(b"getetag>&quot;", b"getetag>W/&quot;").replace(b'getetag>"', b'getetag>W/"')
        else:
            headers = {name: value for name, value in reply.headers.items() if name != "etag"}
            body = reply.body.replace(b"getetag>", b"nothing>")
        return replace(reply, headers=headers, body=body)


@asynccontextmanager
async def real_home(server: Server, traits: Traits) -> AsyncIterator[RealHome]:
    async with Bender(server.url) as bender:
        home = RealHome(server, bender, traits)
        try:
            yield home
        finally:
            await home.account.aclose()
            home.tidy_up()


def _clock() -> Callable[[], datetime]:
    """A second later each time it is asked: two writes of one draft are two versions."""
    seconds = count()
    return lambda: BEGIN + timedelta(seconds=next(seconds))
