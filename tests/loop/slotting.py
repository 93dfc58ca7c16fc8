"""Events of open slots into which people write customers, and what becomes of them."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urljoin

from syncd.domain.opening import parse_slot_href
from tests.loop.ics import dragged, prop, unfold
from tests.loop.requesting import note_in
from tests.loop.world import World, at, world
from tests.servers import Server

EMAIL = "dana@example.org"
DANA = f"Dana Lee {EMAIL}"
FIRST = at(23, 15, 15)
"""The first of the five slots that are left when the world begins: a quarter past four in Berlin."""
NEXT = at(23, 15, 30)
LAST = at(23, 16, 15)


@asynccontextmanager
async def open_slots(
    dav: Server, folder: Path, url: str, *, staff: int = 1, language: str = "en", hours: float = 7
) -> AsyncIterator[World]:
    """A salon with one service at one place, late in the day: the few slots that are left stand in their calendar.

    `staff`: how many can be booked at the same time; `hours`: how long after eight in the morning (UTC) it is.
    """
    table = f'[availability]\ncalendar_url = "{url}"\ndays_ahead = 0'
    async with world(dav, folder, event=table) as w:
        w.config = w.config.model_copy(update={"event": w.config.event.model_copy(update={"language": language})})
        service = replace(w.salon.services["s_haircut"], location_ids=("loc_mitte",))
        w.salon.services = {service.id: service}
        jana = w.salon.staff["st_jana"]
        w.salon.staff = {one.id: one for one in (replace(jana, id=f"st_{number}") for number in range(staff))}
        w.clock.pass_by(hours=hours)
        await w.cycle(seconds=10)
        yield w


async def slots(w: World) -> dict[str, str]:
    """The events in the calendar of open slots: name -> unfolded text."""
    return {href.rsplit("/", 1)[-1]: unfold(text) for href, (_, text) in (await w.events(slots_url(w))).items()}


def slots_url(w: World) -> str:
    return w.config.availability.calendar_url


def name_at(start: datetime) -> str:
    name = f"s_haircut.loc_mitte.{start:%Y%m%dT%H%M%SZ}.ics"
    assert parse_slot_href(name) is not None
    return name


async def text_at(w: World, start: datetime = FIRST) -> str:
    """The slot's event; empty where there is none."""
    got = await w.http.get(urljoin(slots_url(w), name_at(start)))
    return unfold(got.text) if got.status_code == 200 else ""


async def is_open(w: World, start: datetime = FIRST) -> bool:
    """Whether the slot's event stands as syncd writes it."""
    event = await text_at(w, start)
    return bool(event) and prop(event, "SUMMARY") in (":Open: Haircut", ":Frei: Haircut")


async def put(w: World, text: str, start: datetime = FIRST) -> None:
    answer = await w.http.put(
        urljoin(slots_url(w), name_at(start)),
        content=text.replace("\n", "\r\n").encode(),
        headers={"Content-Type": "text/calendar"},
    )
    assert answer.status_code in (200, 201, 204), answer.text


async def write(w: World, title: str, start: datetime = FIRST, *changes: tuple[str, str]) -> None:
    """A person writes into a slot's event: its title, and what else by regular expressions, each of which must fit."""
    event = dragged((await text_at(w, start)).replace("\n", "\r\n"), start - start, w.clock.at).replace("\r\n", "\n")
    for pattern, new in ((r"^SUMMARY:.*$", f"SUMMARY:{title}"), *changes):
        event, count = re.subn(pattern, new, event, count=1, flags=re.MULTILINE)
        assert count, (pattern, event)
    await put(w, event, start)


async def erase(w: World, start: datetime = FIRST) -> None:
    """A person deletes it."""
    answer = await w.http.delete(urljoin(slots_url(w), name_at(start)))
    assert answer.status_code in (200, 204)


async def told(w: World, start: datetime = FIRST) -> str:
    """The note in it; empty where there is none. Both its halves stand, or neither."""
    return note_in(await text_at(w, start))
