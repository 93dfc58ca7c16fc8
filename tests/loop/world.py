"""One salon between a sandbox and a CalDAV server, with a clock that stands still until it is told."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from syncd.app.config import Config
from syncd.app.wiring import Accounts, Calendars, open_days
from syncd.calendars.transport import Answer, Transport
from syncd.domain.actions import Plan
from syncd.domain.errors import SyncdError
from syncd.domain.ids import BookingId, name_of
from syncd.domain.link import Decision, Link
from syncd.engine.cycle import Engine
from syncd.engine.report import Report
from syncd.engine.sides import AHEAD, Sides
from syncd.sandbox import Appointment, Fault, Kind, Salon, Sandbox, SandboxServer, make_salon
from syncd.state.store import Store
from syncd.texts.words import Words
from syncd.zimun import ZimunClient
from tests.loop.ground import HandClock, config_of, open_store
from tests.loop.ics import dragged, prop, unfold
from tests.servers import Server

HOUR = timedelta(hours=1)
READS = {"GET", "PROPFIND", "REPORT", "OPTIONS"}
APPOINTMENTS = "/api/v1/appointments"
RESCHEDULE = f"{APPOINTMENTS}/reschedule"
CANCEL = f"{APPOINTMENTS}/cancel"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A time in the salon's November; the 23rd is a Monday, and Berlin is an hour ahead of these."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


class Crash(BaseException):
    """The process ends here: nothing after it runs."""


@dataclass
class World:
    """Both sides, and hands to do on each what people do there."""

    clock: HandClock
    server: SandboxServer
    dav: Server
    config: Config
    folder: Path
    http: httpx.AsyncClient
    store: Store
    dav_fault: SyncdError | None = None
    before_put: Callable[[], Awaitable[None]] | None = None
    """What happens once, just before syncd's next PUT."""
    withheld: str | None = None
    """The name of an object that the server lists and does not give: it answers 500 for it, or `withheld_by`."""
    withheld_by: int = 500
    crash_after: str | None = None
    """A method to the calendar, or a path of the API: syncd ends right after its next such request."""
    open_days: int | None = None
    """For how many days after today open slots are asked for."""
    requests: list[str] = field(default_factory=list)
    """The methods of the last cycle's requests to the calendar server."""

    @property
    def salon(self) -> Salon:
        return self.server.salon

    async def cycle(self, **later: float) -> Report:
        """One cycle of a new process, after so much time: nothing is kept but the store."""
        self.clock.pass_by(**later)
        self.requests.clear()
        async with self._engine(self.store) as engine:
            return await engine.cycle()

    async def quiet(self, **later: float) -> Report:
        """A cycle in which nothing is written anywhere."""
        posts = self.posts
        report = await self.cycle(**later)
        assert set(self.requests) <= READS, (self.requests, report.summary.line)
        assert self.posts == posts, report.summary.line
        return report

    async def plan(self) -> Plan:
        """What a cycle would do."""
        self.requests.clear()
        with self.store.copy_in_memory() as copy:
            async with self._engine(copy) as engine:
                return (await engine.plan())[0]

    @asynccontextmanager
    async def _engine(self, store: Store) -> AsyncIterator[Engine]:
        zimun, event = self.config.zimun, self.config.event
        client = ZimunClient(
            zimun.base_url,
            zimun.client_id,
            zimun.client_secret.get_secret_value(),
            # no certificates to load, which would be half of a cycle's time
            transport=httpx.AsyncHTTPTransport(verify=False),
            sleep=_no_wait,
        )
        accounts = Accounts(self.config, self.clock, store)
        self._watch(accounts.main._transport)
        post = client._calls.post

        async def posted(path: str, body: Mapping[str, str], key: str) -> object:
            answer = await post(path, body, key)
            self._crash_at(path)
            return answer

        client._calls.post = posted  # type: ignore[method-assign,assignment]
        try:
            yield Engine(
                Sides(
                    bookings=client,
                    account=accounts,
                    managed=Calendars(self.config, accounts),
                    words=Words(event.language, event.title, event.contact),
                    store=store,
                    clock=self.clock,
                    open_days=self.open_days if self.open_days is not None else open_days(self.config),
                    ahead=max(AHEAD, timedelta(days=self.config.sync.future_days)),
                )
            )
        finally:
            await client.aclose()
            await accounts.aclose()

    def _watch(self, transport: Transport) -> None:
        send = transport.send

        async def watched(method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None) -> Answer:
            self.requests.append(method)
            if self.dav_fault is not None:
                raise self.dav_fault
            if self.withheld is not None:
                if method == "GET" and path.endswith(self.withheld):
                    return Answer(self.withheld_by, {}, None, "")
                if "calendar-multiget" in body:
                    return Answer(501, {}, None, "")
            if method == "PUT" and self.before_put is not None:
                meanwhile, self.before_put = self.before_put, None
                await meanwhile()
            answer = await send(method, path, body, headers)
            self._crash_at(method)
            return answer

        transport.send = watched  # type: ignore[method-assign]

    def _crash_at(self, step: str) -> None:
        if step == self.crash_after:
            self.crash_after = None
            raise Crash

    def reconfigure(self, *, calendars: str = "", sync: str = "", event: str = "") -> None:
        """Another config from the next cycle on."""
        self.config = config_of(self.folder, self.server.url, self.dav, calendars=calendars, sync=sync, event=event)

    def lose_database(self) -> None:
        self.store.close()
        for file in self.folder.glob("state.db*"):
            file.unlink()
        self.store = open_store(self.config)

    def link(self, booking_id: str) -> Link:
        return self.store.links()[BookingId(booking_id)]

    def decide(self, verb: Decision, *booking_ids: str) -> None:
        """`syncd approve` and `syncd reject`."""
        read = self.clock.at + timedelta(seconds=1)  # what a cycle asks is read after it has begun
        self.store.ask(verb, [BookingId(each) for each in booking_ids], read)

    # the calendar side, as another client

    async def events(self, calendar: str | None = None, *, tags: bool = True) -> dict[str, tuple[str, str]]:
        """Every object of a calendar: href -> (etag, text). `tags`: the server gives them."""
        url = calendar or self.dav.calendar_url
        answer = await self.http.request(
            "PROPFIND", url, headers={"Depth": "1", "Content-Type": "application/xml"},
            content='<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>',
        )  # fmt: skip
        assert answer.status_code == 207, answer.text
        hrefs = re.findall(r"<(?:\w+:)?href>([^<]+\.ics)</", answer.text)
        found = {}
        for href in hrefs:
            got = await self.http.get(urljoin(url, href))
            found[href] = (got.headers["etag"] if tags else "", got.text)
        return found

    def url(self, booking_id: str, calendar: str | None = None) -> str:
        return urljoin(calendar or self.dav.calendar_url, name_of(BookingId(booking_id)))

    async def event(self, booking_id: str, calendar: str | None = None) -> tuple[str, str]:
        """ETag and unfolded text of a booking's event."""
        got = await self.http.get(self.url(booking_id, calendar))
        assert got.status_code == 200, (booking_id, got.status_code)
        return got.headers["etag"], unfold(got.text)

    async def start(self, booking_id: str, calendar: str | None = None) -> str:
        """DTSTART as it stands, with its parameters."""
        return prop((await self.event(booking_id, calendar))[1], "DTSTART")

    async def title(self, booking_id: str, calendar: str | None = None) -> str:
        return prop((await self.event(booking_id, calendar))[1], "SUMMARY").removeprefix(":")

    async def note(self, booking_id: str, calendar: str | None = None) -> str:
        """The note in an event; empty where there is none. Both its halves stand, or neither."""
        text = (await self.event(booking_id, calendar))[1]
        description = prop(text, "DESCRIPTION").removeprefix(":").replace("\\,", ",").replace("\\;", ";")
        note = description.split("\\n")[0] if description.startswith("⚠ ") else ""
        assert bool(note) == prop(text, "SUMMARY").startswith(":⚠ "), text
        return note

    def live_again(self, alive: Appointment) -> None:
        """A customer takes a cancellation back: the booking is as it was."""
        self.salon._keep(replace(alive, updated_at=self.clock.at))

    async def put(self, booking_id: str, text: str, calendar: str | None = None) -> None:
        answer = await self.http.put(
            self.url(booking_id, calendar), content=text.encode(), headers={"Content-Type": "text/calendar"}
        )
        assert answer.status_code in (200, 201, 204), answer.text

    async def edit(self, booking_id: str, *changes: tuple[str, str]) -> None:
        """Change an event by regular expressions, each of which must fit; as apps do, freshly stamped."""
        text = dragged((await self.event(booking_id))[1], timedelta(0), self.clock.at)
        for pattern, new in changes:
            text, count = re.subn(pattern, new, text, count=1, flags=re.MULTILINE)
            assert count, (pattern, text)
        await self.put(booking_id, text)

    async def drag(self, booking_id: str, by: timedelta, calendar: str | None = None) -> None:
        """Move an event as Thunderbird does: DTSTART and DTEND, DTSTAMP and SEQUENCE too."""
        _, text = await self.event(booking_id, calendar)
        await self.put(booking_id, dragged(text, by, self.clock.at), calendar)

    async def delete(self, booking_id: str, calendar: str | None = None) -> None:
        """A person deletes an event."""
        answer = await self.http.delete(self.url(booking_id, calendar))
        assert answer.status_code in (200, 204), answer.status_code

    async def exists(self, booking_id: str, calendar: str | None = None) -> bool:
        return (await self.http.get(self.url(booking_id, calendar))).status_code == 200

    # the API side

    def book(self, start: datetime, *, service: str = "s_haircut", place: str = "loc_mitte", notes: str = "") -> str:
        """A customer books; the booking's id."""
        return self.salon.book(service, start, location_id=place, notes=notes).booking_id

    def booking(self, booking_id: str) -> Appointment:
        return self.salon.find(booking_id)

    def fault(self, kind: Kind, path: str = "/", method: str = "GET", **how: Any) -> Fault:
        """Let something go wrong from now on."""
        made = Fault(method, path, kind, **how)
        self.server.faults.append(made)
        return made

    def calls(self, path: str) -> list[str | None]:
        """The idempotency keys of all calls to a path so far."""
        return [call.idempotency_key for call in self.server.calls if call.path.endswith(path)]

    @property
    def posts(self) -> int:
        """How many calls so far could have changed a booking."""
        return sum(call.method != "GET" and "oauth" not in call.path for call in self.server.calls)


async def _no_wait(seconds: float) -> None:
    """Stands for asyncio.sleep between two attempts at a call."""


@asynccontextmanager
async def world(
    dav: Server, folder: Path, *, count: int = 0, sync: str = "", event: str = "", calendars: str = ""
) -> AsyncIterator[World]:
    """A salon with `count` bookings of its own, a calendar, and an empty store."""
    clock = HandClock()
    sandbox = Sandbox(make_salon(clock, count=count))
    async with (
        SandboxServer(sandbox) as server,
        httpx.AsyncClient(auth=(dav.username, dav.password), verify=False) as http,
    ):
        config = config_of(folder, server.url, dav, calendars=calendars, sync=sync, event=event)
        store = open_store(config)
        made = World(clock, server, dav, config, folder, http, store)
        try:
            yield made
        finally:
            made.store.close()


async def settled(w: World) -> None:
    """Time goes by until every grace is over, and nothing is cancelled."""
    for minutes in (1, 11, 11):
        await w.cycle(minutes=minutes)
    assert not w.calls(CANCEL)
