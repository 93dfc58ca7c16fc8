"""khal and vdirsyncer for real, against a real Radicale and the sandbox API; README.md says how to run it.

    python -m tests.clients.khal_vdirsyncer FOLDER

installs both into a virtual environment in FOLDER, edits events with `khal edit` as a person types, and runs syncd's
cycles between. What vdirsyncer stored is left in FOLDER. Ends with 1 where something did not go as it says it does.
"""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from syncd.app.config import load
from syncd.app.running import one_cycle
from syncd.sandbox import Salon, Sandbox, SandboxServer
from syncd.sandbox.data import MITTE, SERVICES, STAFF
from tests.clients.recorder import recorder
from tests.clients.thunderbird_drag import CONFIG, ZONE, at, check, say, told, working_days
from tests.loop.ics import prop, unfold
from tests.servers import make_calendar, radicale

NEEDS = ["khal==0.14.1", "vdirsyncer==0.21.0"]
VDIRSYNCER = """
[general]
status_path = "{folder}/status/"
[pair salon]
a = "local"
b = "server"
collections = ["cal", "private"]
conflict_resolution = null
[storage local]
type = "filesystem"
path = "{folder}/calendars/"
fileext = ".ics"
[storage server]
type = "caldav"
url = "{url}"
username = "{username}"
password = "{password}"
"""
KHAL = """
[calendars]
[[cal]]
path = {folder}/calendars/cal/
[[private]]
path = {folder}/calendars/private/
[locale]
local_timezone = {zone}
default_timezone = {zone}
timeformat = %H:%M
dateformat = %d.%m.%Y
longdateformat = %d.%m.%Y
datetimeformat = %d.%m.%Y %H:%M
longdatetimeformat = %d.%m.%Y %H:%M
[default]
default_calendar = cal
[sqlite]
path = {folder}/khal.db
"""


async def main(out: Path) -> None:
    """The whole story, told on standard output."""
    tools = install(out)
    one, two, _ = working_days()
    salon = Salon(
        lambda: datetime.now(UTC), (MITTE,), SERVICES, [each for each in STAFF if each.location_id == MITTE.id]
    )
    names = ("Dana Lee", "Tom Barker", "Aylin Kaya", "Zoe Connor", "Mia Wolf")
    hours = (10, 11, 12, 13, 14)
    booked = {
        name: salon.place("s_beard", at(one, hour), "st_jana", name=name, email="someone@example.com").booking_id
        for name, hour in zip(names, hours, strict=True)
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with radicale(folder) as dav:
            make_calendar(dav, "private")
            port = urlsplit(dav.url).port or 0
            async with recorder(port) as proxy, SandboxServer(Sandbox(salon)) as api:
                url = dav.url.replace(f":{port}/", f":{proxy.port}/")
                filled = {"folder": folder, "zone": ZONE.key, "url": url, "username": "u", "password": "p"}
                (folder / "vdirsyncer").write_text(VDIRSYNCER.format(**filled))
                (folder / "khal").write_text(KHAL.format(**filled))
                path = folder / "config.toml"
                given = {"dav": dav.url, "username": "u", "password": "p", "calendar": dav.calendar_url}
                # deletions end within the run
                path.write_text(CONFIG.format(base_url=api.url, **given) + "[sync]\ncancel_grace_seconds = 0\n")
                config = load(path, {})

                async def cycle() -> None:
                    say(f"syncd: {(await one_cycle(config)).summary.line}")

                async def run(*command: str, typed: Sequence[str] = ()) -> str:
                    return await asyncio.to_thread(tool, tools, folder, command, typed)

                async def sync() -> None:
                    await run("vdirsyncer", "sync")

                async def edit(name: str, *typed: str) -> None:
                    await run("khal", "edit", "--show-past", name, typed=typed)
                    await sync()

                def file(name: str) -> Path:
                    """vdirsyncer gives it a random name, for "@" in a UID is none of the letters that it takes."""
                    files = (folder / "calendars" / "cal").glob("*.ics")
                    (found,) = (each for each in files if f"UID:{booked[name]}@zimun" in unfold(each.read_text()))
                    return found

                def event(name: str) -> str:
                    return unfold(file(name).read_text())

                await cycle()
                await run("vdirsyncer", "discover", typed=["y"] * 6)
                await sync()
                check(len(list((folder / "calendars" / "cal").glob("*.ics"))) == 5, "khal has the five events")

                await edit("Dana Lee", "t", f"{two:%d.%m.%Y} 15:00 {two:%d.%m.%Y} 15:20", "n")
                await cycle()
                told("Dana Lee", salon.find(booked["Dana Lee"]), "after its time was edited")
                check(salon.find(booked["Dana Lee"]).start == at(two, 15), "the booking was rescheduled")

                before = salon.find(booked["Tom Barker"])
                await edit(
                    "Tom Barker", "s", "Tom Barker (regular)", "d", f"{text(event('Tom Barker'))} likes tea", "n"
                )
                await cycle()
                await sync()
                check(salon.find(booked["Tom Barker"]) == before, "a title and a note changed no booking")
                check("SUMMARY:Tom Barker (regular)" in event("Tom Barker"), "the title stands")
                check("likes tea" in event("Tom Barker"), "the note stands")

                before = salon.find(booked["Aylin Kaya"])
                local = before.start.astimezone(ZONE)
                length = f"{local:%d.%m.%Y %H:%M} {local + timedelta(hours=2):%d.%m.%Y %H:%M}"
                await edit("Aylin Kaya", "t", length, "n")
                await cycle()
                await sync()
                check(salon.find(booked["Aylin Kaya"]) == before, "a longer event changed no booking")
                end = before.end.astimezone(ZONE)
                check(prop(event("Aylin Kaya"), "DTEND").endswith(f"{end:%Y%m%dT%H%M%S}"), "and is as long as it was")

                moved = file("Zoe Connor")
                moved.rename(folder / "calendars" / "private" / moved.name)
                await sync()
                for _ in range(3):
                    await cycle()
                await sync()
                check(
                    salon.find(booked["Zoe Connor"]).status == "confirmed", "put into another calendar: not cancelled"
                )
                check(file("Zoe Connor").exists(), "and back where it belongs")

                # the customer moves while khal holds an edit of the same event
                salon.move(booked["Mia Wolf"], at(two, 11))
                await run("khal", "edit", "--show-past", "Mia Wolf", typed=["s", "Mia Wolf (new)", "n"])
                await cycle()
                say(await run("vdirsyncer", "sync"))
                await cycle()
                check(
                    salon.find(booked["Mia Wolf"]).start == at(two, 11), "a conflict of vdirsyncer's moved nothing back"
                )

                await edit("Dana Lee", "D", "y")
                for _ in range(3):
                    await cycle()
                check(salon.find(booked["Dana Lee"]).status == "cancelled", "deleted: the booking is cancelled")
                recorded = out / "khal-0.14.1-vdirsyncer-0.21.0.txt"
                recorded.write_text("\n".join(exchange.text for exchange in proxy.writes))
                say(f"{len(proxy.writes)} writes are in {recorded}")


def install(out: Path) -> Path:
    """Both programs in an environment of their own; where its programs are."""
    folder = out / "venv"
    if not (folder / "bin" / "khal").exists():
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "pip", "install", "-q", *NEEDS], check=True)
    return folder / "bin"


def tool(tools: Path, folder: Path, command: Sequence[str], typed: Sequence[str]) -> str:
    """One run of a program, with what a person types; what it said. vdirsyncer ends with 1 at a conflict."""
    name, *rest = command
    environment = {**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8", "COLUMNS": "200"}
    said = subprocess.run(
        [tools / name, "-c", folder / name, *rest], input="".join(f"{line}\n" for line in typed), env=environment,
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False,
    )  # fmt: skip
    if said.returncode and "onflict" not in said.stdout:
        raise SystemExit(f"{' '.join(command)} ended with {said.returncode}:\n{said.stdout}")
    return said.stdout


def text(event: str) -> str:
    """The description in one line, as a person retypes it at khal's prompt."""
    return re.sub(r"\\n", " | ", prop(event, "DESCRIPTION").removeprefix(":")).replace("\\", "")


if __name__ == "__main__":
    folder = Path(sys.argv[1]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(folder))
