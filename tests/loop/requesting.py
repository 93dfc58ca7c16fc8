"""Events by which people ask for bookings, as an app of theirs writes them, and what becomes of them."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from syncd.engine.takers import Takers
from tests.loop.ics import prop, unfold
from tests.loop.world import World, world
from tests.servers import Server

EMAIL = "dana@example.org"
TITLE = "Haircut – Dana Lee"
PLACE = "Salon Mitte"
TAKES_REQUESTS = "create_bookings = true"
BERLIN = ZoneInfo("Europe/Berlin")


@asynccontextmanager
async def asking(
    dav: Server, folder: Path, *, read: bool = True, places: str = '["loc_mitte"]', sync: str = "", **how: Any
) -> AsyncIterator[World]:
    """A world whose calendar takes requests, for one place; it has been read once, unless told otherwise."""
    calendars = f"{TAKES_REQUESTS}\nlocations = {places}" + how.pop("calendars", "")
    async with world(dav, folder, calendars=calendars, sync=sync, **how) as w:
        if read:
            await w.cycle()
        yield w


def text(title: str, start: datetime, description: str = EMAIL, place: str = "", *more: str, uid: str = "wish") -> str:
    """An event of an hour on the clock of Berlin."""
    local = start.astimezone(BERLIN)
    stamp = f"{local:%Y%m%dT%H%M%S}"
    later = f"{local + timedelta(hours=1):%Y%m%dT%H%M%S}"
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//App//EN", "BEGIN:VEVENT", f"UID:{uid}",
        "DTSTAMP:20261101T080000Z", f"DTSTART;TZID=Europe/Berlin:{stamp}", f"DTEND;TZID=Europe/Berlin:{later}",
        f"SUMMARY:{title}", *([f"DESCRIPTION:{description}"] if description else []),
        *([f"LOCATION:{place}"] if place else []), *more, "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    return "\r\n".join(lines)


async def write(w: World, event: str, name: str = "wish") -> None:
    """A person's app stores an event."""
    url = urljoin(w.dav.calendar_url, f"{name}.ics")
    answer = await w.http.put(url, content=event.encode(), headers={"Content-Type": "text/calendar"})
    assert answer.status_code in (200, 201, 204), answer.text


async def ask(
    w: World, start: datetime, title: str = TITLE, description: str = EMAIL, name: str = "wish", *more: str
) -> None:
    await write(w, text(title, start, description, "", *more, uid=name), name)


async def rid(w: World, name: str = "wish") -> None:
    """A person deletes it."""
    answer = await w.http.delete(urljoin(w.dav.calendar_url, f"{name}.ics"))
    assert answer.status_code in (200, 204)


async def there(w: World, name: str = "wish") -> str:
    """The text of the event; empty where it is gone."""
    got = await w.http.get(urljoin(w.dav.calendar_url, f"{name}.ics"))
    return unfold(got.text) if got.status_code == 200 else ""


async def told(w: World, name: str = "wish") -> str:
    """The note in it; empty where there is none. Both its halves stand, or neither."""
    return note_in(await there(w, name))


def note_in(event: str) -> str:
    """As `told`, of the unfolded text of an event, which has to be there."""
    assert event, "it is gone"
    description = prop(event, "DESCRIPTION").removeprefix(":").replace("\\,", ",").replace("\\;", ";")
    note = description.split("\\n")[0] if description.startswith("⚠ ") else ""
    assert bool(note) == prop(event, "SUMMARY").startswith(":⚠ "), event
    return note


def stages(w: World) -> list[str]:
    """How far each event has come that is there."""
    return [one.stage.value for one in w.store.candidates() if not one.gone]


async def due(w: World) -> None:
    """Two cycles, between which the requests have settled."""
    await w.cycle(seconds=10)
    await w.cycle(seconds=31)


async def changed(w: World, *changes: tuple[str, str], name: str = "wish") -> None:
    """A person changes it by regular expressions, each of which must fit."""
    event = await there(w, name)
    for pattern, new in changes:
        event, count = re.subn(pattern, new, event, count=1, flags=re.MULTILINE)
        assert count, (pattern, event)
    await write(w, event.replace("\n", "\r\n"), name)


@contextmanager
def slowly_read(w: World, meanwhile: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """The next look at what events ask for takes most of a minute, and a person writes right before its end."""
    read, waiting = Takers.read, [meanwhile]

    async def late(takers: Takers, *what: Any) -> Any:
        if waiting:
            w.clock.pass_by(seconds=50)
            await waiting.pop()()
        return await read(takers, *what)

    with patch.object(Takers, "read", late):
        yield
    assert not waiting


@contextmanager
def not_given(w: World, of: tuple[type, str] = (Takers, "read")) -> Iterator[None]:
    """Looks at what the event asks for meet the server not giving it; or what another method looks at. Nothing else
    does.
    """
    read = getattr(*of)

    async def without(*what: Any) -> Any:
        w.withheld = "wish.ics"
        try:
            return await read(*what)
        finally:
            w.withheld = None

    with patch.object(*of, without):
        yield
