"""From the config to an engine: which adapter stands behind which port."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from pydantic import SecretStr

from syncd.app.clock import SystemClock
from syncd.app.config import Calendar, Config
from syncd.calendars.account import Account
from syncd.calendars.dav import DavCalendar
from syncd.domain.errors import ConfigError, SyncdError
from syncd.domain.ids import BookingId
from syncd.engine.sides import AHEAD, Managed, Sides
from syncd.planning.routing import Route
from syncd.planning.snapshot import Policy
from syncd.ports import CalendarPort, Clock, Stored
from syncd.state.store import Store
from syncd.texts.words import Words
from syncd.zimun import ZimunClient

FAR_CYCLES = 5


class Accounts:
    """Every account in use: caldav's, and that of each calendar with a login of its own. Fulfils AccountPort.

    `store` knows what was found about the servers before.
    """

    def __init__(self, config: Config, clock: Clock, store: Store | None = None) -> None:
        self._config = config
        self._store = store
        ca_file = str(config.caldav.ca_file or "")
        careful = store.needs_care if store is not None else lambda url: False

        def account(url: str, username: str, password: str) -> Account:
            return Account(
                url, username, password, ca_file, now=clock.now, monotonic=lambda: clock.elapsed()[1],
                careful=careful, facts=store,
            )  # fmt: skip

        caldav = config.caldav
        self._main = account(caldav.url, caldav.username, caldav.password.get_secret_value())
        self._own: dict[tuple[str, str, SecretStr], Account] = {}
        for entry in config.calendars:
            if entry.username and (key := _login(entry)) not in self._own:
                url = entry.url or caldav.url
                self._own[key] = account(url, entry.username, entry.password.get_secret_value())

    @property
    def main(self) -> Account:
        return self._main

    @property
    def all(self) -> tuple[Account, ...]:
        return (self._main, *self._own.values())

    def of(self, entry: Calendar) -> Account:
        """The account that a calendar of the config belongs to."""
        return self._own[_login(entry)] if entry.username else self._main

    async def calendar(self, entry: Calendar) -> DavCalendar:
        """The calendar of one entry: by its URL, else by its name. Raises as `Account.find_by_name`."""
        account = self.of(entry)
        if entry.url:
            return await account.calendar(entry.url)
        found = await account.find_by_name(entry.name)
        if self._store is not None and self._store.fact(self._fact(entry)) != found.url:
            self._store.set_fact(self._fact(entry), found.url)
        return found

    async def unread(self, entry: Calendar, fault: SyncdError) -> DavCalendar:
        """The calendar that had the entry's name when it was found last, as one that cannot be used now.

        Raises `fault` where it was never found: nobody knows what is to be left alone then.
        """
        url = self._store.fact(self._fact(entry)) if self._store is not None and entry.name else None
        if url is None:
            raise fault
        return await self.of(entry).unread(url, fault)

    def _fact(self, entry: Calendar) -> str:
        """Under which name it is remembered where that calendar is; hashed, for it has a login and a name in it."""
        caldav = self._config.caldav
        said = json.dumps([caldav.url, entry.username or caldav.username, entry.name])
        return "named " + sha256(said.encode("utf-8", "surrogatepass")).hexdigest()

    async def find(self, uid: str, booking_id: BookingId) -> list[tuple[str, Stored]]:
        return [hit for account in self.all for hit in await account.find(uid, booking_id)]

    async def aclose(self) -> None:
        for account in self.all:
            await account.aclose()


def _login(entry: Calendar) -> tuple[str, str, SecretStr]:
    # a person may have a password for each app
    return (urlsplit(entry.url).netloc if entry.url else "", entry.username, entry.password)


class Calendars:
    """Finds the managed calendars once, and again only while that fails for one of them.

    One that was found by its name before and is not now (renamed, or its login is refused) stands still; the rest goes
    on.
    """

    def __init__(self, config: Config, accounts: Accounts) -> None:
        self._config = config
        self._accounts = accounts
        self._found: Managed | None = None

    async def __call__(self) -> Managed:
        """The managed calendars and their routes.

        Raises Unavailable, NotPermitted, or ConfigError for a wrong name, where a calendar was never found before.
        """
        for account in self._accounts.all:
            await account.learn()
        if self._found is None:
            found: list[tuple[Calendar, DavCalendar]] = []
            unread: dict[str, CalendarPort] = {}
            for entry in self._config.calendars:
                try:
                    calendar = await self._accounts.calendar(entry)
                except SyncdError as error:
                    calendar = await self._accounts.unread(entry, error)
                    unread[calendar.url] = calendar
                found.append((entry, calendar))
            routes = tuple(
                Route(calendar.url, entry.locations, entry.services, entry.staff, entry.fallback, entry.create_bookings)
                for entry, calendar in found
            )
            # two entries may name one calendar, of which one can be found
            seen = (calendar for _, calendar in found if calendar not in unread.values())
            calendars = unread | {calendar.url: calendar for calendar in seen}
            openings = await self._openings()
            if openings is not None and openings.url in calendars:
                raise ConfigError(
                    ["availability.calendar_url: names a calendar of bookings; open slots need their own"]
                )
            managed = Managed(calendars, replace(policy_of(self._config), routes=routes), openings)
            if unread:
                return managed
            self._found = managed
        return self._found

    async def _openings(self) -> CalendarPort | None:
        url = self._config.availability.calendar_url
        return await self._accounts.main.beside(url) if url else None


def open_days(config: Config) -> int | None:
    """For how many days after today open slots are needed; None where they are not published."""
    return config.availability.days_ahead if config.availability.calendar_url else None


def policy_of(config: Config) -> Policy:
    """The planner's policy, without its routes: those need the calendars' URLs."""
    sync = config.sync
    return Policy(
        past=timedelta(days=sync.past_days),
        future=timedelta(days=sync.future_days),
        conflict=sync.conflict,
        deletions=sync.deletions,
        cancel_grace=timedelta(seconds=sync.cancel_grace_seconds),
        max_cancellations=sync.max_cancellations,
        max_moves=sync.max_moves,
        snap=timedelta(minutes=sync.snap_minutes),
        note=timedelta(hours=sync.note_hours),
        request_settle=timedelta(seconds=sync.request_settle_seconds),
        klass=config.event.klass,
        alarm_minutes=config.event.alarm_minutes,
    )


@asynccontextmanager
async def sides(config: Config, store: Store, *, once: bool) -> AsyncIterator[Sides]:
    """Both sides as the config names them, closed at the end. `once`: a single cycle, which lists every day.

    Raises StoreError where the store belongs to another account.
    """
    store.bind(config.zimun.base_url, config.zimun.client_id)
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        client = ZimunClient(
            config.zimun.base_url, config.zimun.client_id, config.zimun.client_secret.get_secret_value()
        )
        stack.push_async_callback(client.aclose)
        accounts = Accounts(config, clock, store)
        stack.push_async_callback(accounts.aclose)
        yield Sides(
            bookings=client,
            account=accounts,
            managed=Calendars(config, accounts),
            words=Words(config.event.language, config.event.title, config.event.contact),
            store=store,
            clock=clock,
            far_every=timedelta(0) if once else timedelta(seconds=FAR_CYCLES * config.sync.interval_seconds),
            open_days=open_days(config),
            every=timedelta(seconds=config.sync.interval_seconds),
            ahead=max(AHEAD, timedelta(days=config.sync.future_days)),
        )
