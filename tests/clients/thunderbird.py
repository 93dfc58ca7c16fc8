"""Thunderbird on a screen of its own: a person's mouse through xdotool, their eyes through screenshots.

Marionette, Thunderbird's own remote control, tells where things stand on the screen and presses menu entries; events
are dragged by the X server's pointer alone.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from tests.clients.profile import SCALE, preferences
from tests.clients.screen import process, screen

_STEPS = 24

_EVENTS = """
const ratio = window.devicePixelRatio;
const boxes = [...document.querySelectorAll("#week-view calendar-event-box")];
return boxes.filter(box => box.occurrence).map(box => {
  const rect = box.getBoundingClientRect();
  return {
    title: box.occurrence.title, note: box.occurrence.descriptionText ?? "", uid: box.occurrence.id,
    start: box.occurrence.startDate.nativeTime / 1e6,
    x: (window.mozInnerScreenX + rect.x) * ratio, y: (window.mozInnerScreenY + rect.y) * ratio,
    width: rect.width * ratio, height: rect.height * ratio,
  };
});
"""
_COLUMNS = """
const ratio = window.devicePixelRatio;
return [...document.querySelectorAll("#week-view calendar-event-column")].map(column => {
  const rect = column.getBoundingClientRect();
  return {
    day: column.date.icalString,
    x: (window.mozInnerScreenX + rect.x) * ratio, y: (window.mozInnerScreenY + rect.y) * ratio,
    width: rect.width * ratio, minute: column.pixelsPerMinute * ratio,
  };
});
"""
_TOOLTIP = """
const rect = document.getElementById("itemTooltip").getBoundingClientRect();
return [window.mozInnerScreenX + rect.x, window.mozInnerScreenY + rect.y, rect.width, rect.height]
  .map(length => length * window.devicePixelRatio);
"""
_CALENDAR = """
const [url, username, password, name, color] = arguments;
const { cal } = ChromeUtils.importESModule("resource:///modules/calendar/calUtils.sys.mjs");
return (async () => {
  const uri = Services.io.newURI(url);
  const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
  login.init(uri.prePath, null, "Radicale - Password Required", username, password, "", "");
  const known = await Services.logins.searchLoginsAsync({ origin: uri.prePath });
  if (!known.length) await Services.logins.addLoginAsync(login);
  const calendar = cal.manager.createCalendar("caldav", uri);
  calendar.name = name;
  calendar.setProperty("username", username);
  calendar.setProperty("cache.enabled", true);
  calendar.setProperty("color", color);
  cal.manager.registerCalendar(calendar);
})();
"""
# not in the script itself: it would wait for the window that a command opens
_COMMAND = "const [name] = arguments; window.setTimeout(() => goDoCommand(name));"
_WINDOW = """
const found = [...Services.wm.getEnumerator(null)].find(each => each.location.href.includes(arguments[0]));
const box = found && found.document.readyState == "complete" && found.document.querySelector(arguments[1]);
if (!box) return null;
const rect = box.getBoundingClientRect();
return [found.mozInnerScreenX + rect.x + rect.width / 2, found.mozInnerScreenY + rect.y + rect.height / 2]
  .map(length => length * found.devicePixelRatio);
"""
_COUNT = """
const found = [...Services.wm.getEnumerator(null)].find(each => each.location.href.includes(arguments[0]));
return found ? found.document.querySelectorAll(arguments[1]).length : 0;
"""
_LAYOUT = """
const press = id => document.getElementById(id).doCommand();
if (!document.getElementById("today-pane-panel").collapsed) press("calendar_toggle_todaypane_command");
if (!document.getElementById("bottom-events-box").hidden) press("calendar_show_unifinder_command");
press("calendar_toggle_workdays_only_command");
press("calendar_toggle_calendarsidebar_command");
"""


@dataclass(frozen=True, slots=True)
class Box:
    """An event as it stands on the screen; x and y of its corner in the screen's pixels."""

    title: str
    note: str
    uid: str
    start: datetime
    x: float
    y: float
    width: float
    height: float


@dataclass
class Thunderbird:
    """A running Thunderbird that shows its calendar's week. `environment` is what commands on its screen need."""

    environment: Mapping[str, str]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    calls: int = 0

    async def javascript(self, script: str, *arguments: object) -> Any:
        """The value of a script in Thunderbird's main window. Raises RuntimeError where it throws."""
        return (await self._call("WebDriver:ExecuteScript", {"script": script, "args": arguments}))["value"]

    async def subscribe(
        self, url: str, username: str, password: str, name: str = "Bookings", color: str = "#2a7de1"
    ) -> None:
        """Add a calendar of a Radicale, with its login saved, so that nothing is asked."""
        await self.javascript(_CALENDAR, url, username, password, name, color)

    async def events(self) -> list[Box]:
        """The events on show, by start."""
        found = await self.javascript(_EVENTS)
        boxes = [Box(**{**each, "start": datetime.fromtimestamp(each["start"], UTC)}) for each in found]
        return sorted(boxes, key=lambda box: box.start)

    async def event(self, words: str) -> Box:
        """The one event with these words in its title; LookupError where there is none, or more."""
        found = [box for box in await self.events() if words in box.title]
        if len(found) != 1:
            raise LookupError(f"{len(found)} events are titled {words!r}")
        return found[0]

    async def place(self, day: date, minute: int) -> tuple[float, float]:
        """Where a minute of a day is on the screen, in the middle of the day's column."""
        for column in await self.javascript(_COLUMNS):
            if column["day"].startswith(day.strftime("%Y%m%d")):
                return column["x"] + column["width"] / 2, column["y"] + minute * column["minute"]
        raise LookupError(f"{day} is not on show")

    async def hover(self, words: str) -> tuple[int, int, int, int]:
        """Point at an event until its tooltip shows: the tooltip's width, height, x and y on the screen."""
        box = await self.event(words)
        x, y = box.x + box.width / 2, box.y + box.height * 0.7
        await self.point(x - 2, y)
        await asyncio.sleep(0.3)
        await self.point(x, y)
        await _until(self, 'return document.getElementById("itemTooltip").state == "open";')
        await asyncio.sleep(0.5)
        x, y, width, height = await self.javascript(_TOOLTIP)
        return round(width), round(height), round(x), round(y)

    async def synchronize(self) -> None:
        """What the button "Synchronize all calendars" does."""
        await self.javascript('document.getElementById("calendar_reload_remote_calendars").doCommand();')

    async def click(self, words: str, times: int = 1) -> None:
        """Click on an event, beside its upper edge."""
        box = await self.event(words)
        await self.point(box.x + box.width / 2, box.y + box.height / 2)
        await self.run("xdotool", "click", "--repeat", str(times), "--delay", "60", "1")
        await asyncio.sleep(0.7)

    async def press(self, *keys: str) -> None:
        await self.run("xdotool", "key", *keys)
        await asyncio.sleep(0.3)

    async def menu(self, command: str) -> None:
        """What an entry of the menu Edit does: undo, copy, paste."""
        await self.javascript(_COMMAND, command)
        await asyncio.sleep(0.5)

    async def type(self, text: str) -> None:
        await self.run("xdotool", "type", "--delay", "30", text)

    async def click_in(self, address: str, selector: str) -> None:
        """Click on what a CSS selector finds in another window of Thunderbird's, once that window is there."""
        async with asyncio.timeout(30):
            while (at := await self.javascript(_WINDOW, address, selector)) is None:  # noqa: ASYNC110 - another process's state
                await asyncio.sleep(0.2)
        await asyncio.sleep(0.7)
        await self.point(*at)
        await self.run("xdotool", "click", "1")
        await asyncio.sleep(0.3)

    async def shows(self, address: str, selector: str, count: int) -> None:
        """Wait until another window of Thunderbird's has so many of something. Raises TimeoutError."""
        async with asyncio.timeout(30):
            while await self.javascript(_COUNT, address, selector) != count:  # noqa: ASYNC110 - another process's state
                await asyncio.sleep(0.2)

    async def windows(self) -> list[str]:
        """The addresses of Thunderbird's windows."""
        found = await self.javascript("return [...Services.wm.getEnumerator(null)].map(each => each.location.href);")
        return list(found)

    async def stretch(self, words: str, minutes: int) -> None:
        """Drag the lower edge of an event down."""
        box = await self.event(words)
        (column,) = {each["minute"] for each in await self.javascript(_COLUMNS)}
        x, y = box.x + box.width / 2, box.y + box.height - 2
        await self.point(x, y)
        await asyncio.sleep(0.3)
        await self._pull(x, y, x, y + minutes * column)
        await self.drop()

    async def grab(self, words: str, day: date, minute: int) -> tuple[float, float]:
        """Take an event by its upper edge and move it there, button still down: where the pointer is then."""
        box = await self.event(words)
        grip = min(10 * SCALE, box.height / 3)
        x, y = box.x + box.width / 3, box.y + grip
        to_x, to_y = await self.place(day, minute)
        to_x, to_y = to_x - box.width / 6, to_y + grip
        await self.point(x, y)
        await self._pull(x, y, to_x, to_y)
        return to_x, to_y

    async def drop(self) -> None:
        await self.run("xdotool", "mouseup", "1")

    async def point(self, x: float, y: float) -> None:
        await self.run("xdotool", "mousemove", str(round(x)), str(round(y)))

    async def screenshot(self, path: Path) -> None:
        await self.run("import", "-window", "root", str(path))

    async def run(self, *command: str) -> None:
        """A command on this screen. Raises RuntimeError where it fails."""
        process = await asyncio.create_subprocess_exec(*command, env=dict(self.environment))
        if await process.wait():
            raise RuntimeError(f"{command[0]} failed")

    async def _pull(self, x: float, y: float, to_x: float, to_y: float) -> None:
        await self.run("xdotool", "mousedown", "1")
        for step in range(1, _STEPS + 1):
            await self.point(x + (to_x - x) * step / _STEPS, y + (to_y - y) * step / _STEPS)
            await asyncio.sleep(0.03)
        # a hand comes to rest before it lets go; the app follows the pointer a frame later
        await self.point(to_x + 1, to_y)
        await asyncio.sleep(0.5)

    async def version(self) -> str:
        return str(await self.javascript("return Services.appinfo.version;"))

    async def _call(self, name: str, params: Mapping[str, object]) -> Any:
        self.calls += 1
        message = json.dumps([0, self.calls, name, params]).encode()
        self.writer.write(b"%d:%s" % (len(message), message))
        _, _, error, result = await _message(self.reader)
        if error:
            raise RuntimeError(f"{name}: {error['message']}")
        return result


async def _message(reader: asyncio.StreamReader) -> Any:
    length = int((await reader.readuntil(b":"))[:-1])
    return json.loads(await reader.readexactly(length))


@contextlib.asynccontextmanager
async def thunderbird(
    folder: Path,
    zone: str,
    days: set[date],
    first: date,
    marionette: int,
    size: tuple[int, int],
    *,
    alarms: bool = False,
) -> AsyncIterator[Thunderbird]:
    """Thunderbird with a fresh profile and an empty calendar view.

    The week begins at `first` and shows `days` only. `size`: the screen's, in pixels. `alarms`: whether they are shown.
    """
    profile = folder / "profile"
    profile.mkdir()
    prefs = preferences(zone, days, first, marionette, alarms)
    (profile / "user.js").write_text("".join(f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in prefs))
    async with contextlib.AsyncExitStack() as stack:
        environment = await stack.enter_async_context(screen(folder, zone, size))
        command = ["dbus-run-session", "--", "thunderbird", "--profile", str(profile), "--no-remote"]
        command += ["--marionette", "--remote-allow-system-access", "-calendar"]
        await stack.enter_async_context(process(folder, command, environment))
        reader, writer = await _connect(marionette)
        app = Thunderbird(environment, reader, writer)
        await _message(reader)
        await app._call("WebDriver:NewSession", {"capabilities": {}})
        await app._call("Marionette:SetContext", {"value": "chrome"})
        await _until(app, 'return !!document.querySelector("#week-view calendar-event-column");')
        await app.javascript("window.maximize();" + _LAYOUT)
        try:
            yield app
        finally:
            # ended from within: a signal would reach only the session bus around it
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, RuntimeError):
                await app._call("Marionette:Quit", {"flags": ["eForceQuit"]})
            writer.close()


async def _until(app: Thunderbird, script: str) -> None:
    async with asyncio.timeout(60):
        while not await app.javascript(script):  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.1)


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(90):
        while True:
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0.2)
