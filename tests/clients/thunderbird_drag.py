"""Bookings dragged in a real Thunderbird, against a real Radicale and the sandbox API; README.md says how to run it.

    python -m tests.clients.thunderbird_drag FOLDER

writes into FOLDER the screenshots, `drag.png` made of them, and what Thunderbird sent for each drag. Ends with
1 where something did not go as it says it does.
"""

import asyncio
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from syncd.app.config import Config, load
from syncd.app.running import one_cycle
from syncd.sandbox import Appointment, Salon, Sandbox, SandboxServer
from syncd.sandbox.data import MITTE, SERVICES, STAFF
from tests.clients.picture import Panel, compose
from tests.clients.profile import SCALE
from tests.clients.recorder import Recorder, recorder
from tests.clients.thunderbird import Box, Thunderbird, thunderbird
from tests.servers import Server, free_port, radicale

SCREEN = (690 * SCALE, 640 * SCALE)
WIDTH = 1800
ZONE = ZoneInfo(MITTE.timezone)
MOVED, REFUSED = "Dana Lee", "Zoë O'Connor"

CONFIG = """
[zimun]
base_url = "{base_url}"
client_id = "sandbox"
client_secret = "sandbox-secret"
[caldav]
url = "{dav}"
username = "{username}"
password = "{password}"
[[calendars]]
url = "{calendar}"
fallback = true
[state]
path = "state.db"
"""


async def main(out: Path) -> None:
    """The whole story, told on standard output."""
    days = working_days()
    one, two, _ = days
    staff = [each for each in STAFF if each.location_id == MITTE.id]
    salon = Salon(lambda: datetime.now(UTC), (MITTE,), SERVICES, staff)
    bookings = fill(salon, one, two)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with radicale(folder) as dav:
            port = urlsplit(dav.url).port or 0
            async with recorder(port) as proxy, SandboxServer(Sandbox(salon)) as api:
                config = configure(folder, api.url, dav)
                await cycle(config)
                today = datetime.now(ZONE).date()
                async with thunderbird(folder, ZONE.key, set(days), today, free_port(), SCREEN) as app:
                    version = await app.version()
                    say(f"Thunderbird {version}")
                    calendar = dav.calendar_url.replace(f":{port}/", f":{proxy.port}/")
                    await app.subscribe(calendar, dav.username, dav.password)
                    try:
                        panels = await story(app, out, proxy, config, salon, bookings, one, two)
                    finally:
                        await app.screenshot(out / "last.png")
    await compose(panels, out / "drag.png", WIDTH)
    recorded = out / f"thunderbird-{version}-drag.txt"
    recorded.write_text("\n".join(exchange.text for exchange in proxy.writes))
    say(f"{len(proxy.writes)} writes are in {recorded}; the picture is {out / 'drag.png'}")


async def story(
    app: Thunderbird, out: Path, proxy: Recorder, config: Config, salon: Salon, bookings: dict[str, str],
    one: date, two: date,
) -> list[Panel]:  # fmt: skip
    """Drag one event to a free time and one onto a taken time; the picture's panels."""

    def booking(name: str) -> Appointment:
        return salon.find(bookings[name])

    async def panel(name: str, caption: str, pointer: tuple[float, float] | None = None) -> Panel:
        await app.screenshot(out / f"{name}.png")
        return Panel(out / f"{name}.png", await view(app, one, two), caption, pointer)

    await until(app, lambda events: len(events) == len(bookings))
    await app.screenshot(out / "0-before.png")
    panels = []

    pointer = await app.grab(MOVED, two, 10 * 60)
    panels.append(await panel("1-dragging", "1  An event is dragged to a free time in Thunderbird ...", pointer))
    told(MOVED, booking(MOVED), "while it is dragged")
    await app.drop()
    await proxy.wait_for(1)
    await cycle(config)
    await app.synchronize()
    # nothing is to change on the screen, so there is nothing to wait for
    await asyncio.sleep(3)
    told(MOVED, booking(MOVED), "after the cycle")
    check(booking(MOVED).start == at(two, 10), "the booking was rescheduled")
    event = await app.event(MOVED)
    check(event.start == at(two, 10) and "⚠" not in event.title, "its event stayed, without a note")
    panels.append(await panel("2-stayed", "... and stays: the booking is rescheduled."))

    before = booking(REFUSED)
    pointer = await app.grab(REFUSED, two, 11 * 60 + 45)
    panels.append(await panel("3-dragging", "2  Another is dragged onto a taken time ...", pointer))
    await app.drop()
    await proxy.wait_for(2)
    await cycle(config)
    await app.synchronize()
    await until(app, lambda events: any(REFUSED in each.title and "⚠" in each.title for each in events))
    check(booking(REFUSED) == before, "the other booking is as it was")
    event = await app.event(REFUSED)
    check(event.start == before.start, "its event is back where it was")
    say(f"  its title: {event.title}\n  its text: {event.note.splitlines()[0]}")
    panels.append(await panel("4-put-back", "... and is put back, marked with a sign."))
    tooltip = await app.hover(REFUSED)
    await app.screenshot(out / "5-why.png")
    panels.append(Panel(out / "5-why.png", tooltip, "The event itself says why, and which times are free."))
    await cycle(config)
    check(len(await app.events()) == len(bookings), "there is one event for each booking")
    return panels


async def view(app: Thunderbird, one: date, two: date) -> tuple[int, int, int, int]:
    """The part of the screen that the picture shows: both days with their headings, from 9:00 to 13:15."""
    x, y = await app.javascript(
        'const rect = document.getElementById("week-view").getBoundingClientRect();'
        "return [window.mozInnerScreenX + rect.x, window.mozInnerScreenY + rect.y].map(at => at * devicePixelRatio);"
    )
    (middle, _), (next_middle, bottom) = await app.place(one, 0), await app.place(two, 13 * 60 + 15)
    right = next_middle + (next_middle - middle) / 2
    return round(right - x), min(round(bottom), SCREEN[1]) - round(y), round(x), round(y)


async def until(app: Thunderbird, wanted: Callable[[list[Box]], bool], seconds: float = 30) -> None:
    """Wait for what Thunderbird shows. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not wanted(await app.events()):  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.2)


async def cycle(config: Config) -> None:
    report = await one_cycle(config)
    say(f"syncd: {report.summary.line}")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def check(held: bool, promise: str) -> None:
    if not held:
        raise SystemExit(f"NOT SO: {promise}")
    say(f"  so it is: {promise}")


def told(name: str, booking: Appointment, when: str) -> None:
    say(f"  {when}, Zimun has {name} at {booking.start.astimezone(ZONE):%a %H:%M}")


def working_days() -> list[date]:
    """The next three days on which the salon's staff all work."""
    today = datetime.now(ZONE).date()
    coming = (today + timedelta(days=number) for number in range(1, 7))
    return [day for day in coming if day.isoweekday() <= 5][:3]


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


def fill(salon: Salon, one: date, two: date) -> dict[str, str]:
    """The salon's bookings: the customer's name -> the booking's id."""
    wanted = [
        (MOVED, "dana@example.com", "s_haircut", at(one, 10), "st_jana"),
        (REFUSED, "zoe.oconnor@example.com", "s_blowdry", at(one, 11, 30), "st_jana"),
        ("Tom Barker", "tom.barker@example.com", "s_beard", at(one, 12, 30), "st_emre"),
        ("Aylin Öztürk", "aylin@example.org", "s_colour", at(two, 11), "st_jana"),
    ]
    return {
        name: salon.place(service, start, staff, name=name, email=email).booking_id
        for name, email, service, start, staff in wanted
    }


def configure(folder: Path, base_url: str, dav: Server) -> Config:
    path = folder / "config.toml"
    filled = {"dav": dav.url, "username": dav.username, "password": dav.password, "calendar": dav.calendar_url}
    path.write_text(CONFIG.format(base_url=base_url, **filled))
    return load(path, {})


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(folder))
