"""What else a person does to a booking's event in a real Thunderbird; README.md says how to run it.

    python -m tests.clients.thunderbird_edits FOLDER

dismisses alarms, edits a title, adds a note, makes an event longer, takes back a drag, puts an event into another
calendar, deletes one and takes it back, deletes one for good, and copies one. Two are dragged while their customers
move them, one of them offline: that drag is discarded, the other submitted anyway. Writes into FOLDER what Thunderbird
sent, and screenshots. Ends with 1 where something did not go as it says it does.
"""

import asyncio
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

from syncd.app.config import Config, load
from syncd.sandbox import Appointment, Salon, Sandbox, SandboxServer
from syncd.sandbox.data import MITTE, SERVICES, STAFF
from tests.clients.recorder import Recorder, recorder
from tests.clients.thunderbird import Thunderbird, thunderbird
from tests.clients.thunderbird_drag import CONFIG, SCREEN, ZONE, at, check, cycle, say, until, working_days
from tests.loop.ics import prop, unfold
from tests.servers import free_port, make_calendar, radicale

# reminders that are due already, and deletions that end within the run
MORE = "[event]\nalarm_minutes = 10080\n[sync]\ncancel_grace_seconds = 0\n"
ALARMS, EDITOR, CONFLICT = (f"calendar-{name}-dialog.xhtml" for name in ("alarm", "event", "conflicts"))
TITLED, LONGER, DRAGGED, CARRIED, UNDONE, DELETED, COPIED, OFFLINE = NAMES = (
    "Dana Lee", "Tom Barker", "Ben Hart", "Aylin Kaya", "Zoe Connor", "Mia Wolf", "Ida Moss", "Lou Fox",
)  # fmt: skip


class Desk:
    """The person at Thunderbird, and all that they can look at afterwards."""

    def __init__(self, app: Thunderbird, proxy: Recorder, config: Config, salon: Salon, home: Path, out: Path) -> None:
        self.app, self.proxy, self.config, self.salon, self.home, self.out = app, proxy, config, salon, home, out
        self.ids = {each.contact_name: each.booking_id for each in salon.appointments()}
        self.sent = 0

    def booking(self, name: str) -> Appointment:
        return self.salon.find(self.ids[name])

    def events(self, name: str, calendar: str = "cal") -> list[str]:
        """The events of a booking that lie in a calendar of the server's."""
        texts = [unfold(path.read_bytes().decode()) for path in sorted((self.home / calendar).glob("*.ics"))]
        return [text for text in texts if f"Booking: {self.ids[name]}" in text]

    def event(self, name: str) -> str:
        found = self.events(name)
        check(len(found) == 1, f"{name} has one event")
        return found[0]

    async def sends(self, *methods: str) -> None:
        """Wait until Thunderbird stored what was done, and see that these requests and no others did it."""
        await self.proxy.wait_for(self.sent + len(methods))
        await asyncio.sleep(1)
        told = [one.request.partition(b" ")[0].decode() for one in self.proxy.writes[self.sent :]]
        check(told == list(methods), f"Thunderbird sent {', '.join(told)}")
        self.sent = len(self.proxy.writes)

    async def round(self, cycles: int = 1) -> None:
        """Some cycles of syncd, and Thunderbird's look at what came of them."""
        for _ in range(cycles):
            await cycle(self.config)
        await self.app.synchronize()
        await asyncio.sleep(3)

    async def nothing_came_of_it(self, name: str, before: Appointment, what: str) -> None:
        await self.round()
        check(self.booking(name) == before, f"{what}: the booking is as it was")


async def main(out: Path) -> None:
    """The whole story, told on standard output."""
    days = working_days()
    one, two, three = days
    salon = Salon(
        lambda: datetime.now(UTC), (MITTE,), SERVICES, [each for each in STAFF if each.location_id == MITTE.id]
    )
    for number, name in enumerate(NAMES):
        start = at((one, two)[number // 4], 9 + number % 4)
        salon.place("s_haircut", start, "st_jana", name=name, email="someone@example.com")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with radicale(folder) as dav:
            other = make_calendar(dav, "private")
            port = urlsplit(dav.url).port or 0
            async with recorder(port) as proxy, SandboxServer(Sandbox(salon)) as api:
                path = folder / "config.toml"
                given = {"dav": dav.url, "username": "u", "password": "p", "calendar": dav.calendar_url}
                path.write_text(CONFIG.format(base_url=api.url, **given) + MORE)
                config = load(path, {})
                await cycle(config)
                today = datetime.now(ZONE).date()
                marionette = free_port()
                async with thunderbird(folder, ZONE.key, set(days), today, marionette, SCREEN, alarms=True) as app:
                    version = await app.version()
                    say(f"Thunderbird {version}")
                    for url, label, color in ((dav.calendar_url, "Bookings", "#2a7de1"), (other, "Private", "#8a5")):
                        await app.subscribe(url.replace(f":{port}/", f":{proxy.port}/"), "u", "p", label, color)
                    home = folder / "radicale" / "collection-root" / "u"
                    desk = Desk(app, proxy, config, salon, home, out)
                    try:
                        await story(desk, three)
                    finally:
                        await app.screenshot(out / "last.png")
                        recorded = out / f"thunderbird-{version}-edits.txt"
                        # of the reminders one is enough
                        recorded.write_text("\n".join(exchange.text for exchange in proxy.writes[len(NAMES) - 1 :]))
    say(f"what Thunderbird sent is in {recorded}")


async def story(desk: Desk, free: date) -> None:
    """One action after the other, each with a cycle of syncd's and both sides looked at."""
    await until(desk.app, lambda events: len(events) == len(NAMES))
    await alarms_dismissed(desk)
    await title_edited(desk)
    await note_added(desk)
    await made_longer(desk)
    await drag_taken_back(desk, free)
    await carried(desk)
    await deletion_taken_back(desk)
    await deleted(desk)
    await discarded(desk, free)
    await submitted(desk, free)
    await copied(desk)
    await desk.round()
    await desk.round()
    left = [name for name in NAMES if name != DELETED]
    check(all(desk.booking(name).status == "confirmed" for name in left), "all other bookings are confirmed")


async def alarms_dismissed(desk: Desk) -> None:
    say("the reminders are dismissed, all at once")
    before = {name: desk.booking(name) for name in NAMES}
    # the last of them rings a moment after the window has opened
    await desk.app.shows(ALARMS, "#alarm-richlist > *", len(NAMES))
    await desk.app.click_in(ALARMS, "#alarm-dismiss-all-button")
    await desk.sends(*["PUT"] * len(NAMES))
    await desk.round()
    check({name: desk.booking(name) for name in NAMES} == before, "no booking changed")
    check(all(prop(desk.event(name), "X-MOZ-LASTACK") for name in NAMES), "each event says that it was dismissed")
    # what is written anew in another calendar would ring in the way of the pointer
    await desk.app.javascript('Services.prefs.setBoolPref("calendar.alarms.show", false);')


async def title_edited(desk: Desk) -> None:
    say("a title is edited in the event itself")
    before = desk.booking(TITLED)
    await desk.app.click(TITLED)
    await desk.app.click(TITLED)
    await desk.app.press("End")
    await desk.app.type(" (regular)")
    await desk.app.press("Return")
    await desk.sends("PUT")
    await desk.nothing_came_of_it(TITLED, before, "a title")
    check(prop(desk.event(TITLED), "SUMMARY").endswith("Dana Lee (regular)"), "and it stands")


async def note_added(desk: Desk) -> None:
    say("a note is added in the event's own window")
    before = desk.booking(TITLED)
    await desk.app.click(TITLED, times=2)
    await desk.app.javascript(_FOCUS, EDITOR)
    await desk.app.press("ctrl+End", "Return")
    await desk.app.type("likes the window seat")
    await desk.app.screenshot(desk.out / "note.png")
    await desk.app.press("ctrl+l")
    await desk.sends("PUT")
    await desk.nothing_came_of_it(TITLED, before, "a note")
    check("likes the window seat" in prop(desk.event(TITLED), "DESCRIPTION"), "and it stands")


async def made_longer(desk: Desk) -> None:
    say("an event is made longer by its lower edge")
    before = desk.booking(LONGER)
    await desk.app.stretch(LONGER, 30)
    await desk.sends("PUT")
    check(not prop(desk.event(LONGER), "DTEND").endswith(ends(before)), "its event ends later")
    await desk.nothing_came_of_it(LONGER, before, "longer")
    check(prop(desk.event(LONGER), "DTEND").endswith(ends(before)), "and ends when it did")


async def drag_taken_back(desk: Desk, free: date) -> None:
    say("a drag is taken back with Edit > Undo once it is booked")
    before = desk.booking(DRAGGED)
    await desk.app.grab(DRAGGED, free, 10 * 60)
    await desk.app.drop()
    await desk.sends("PUT")
    await desk.round()
    check(desk.booking(DRAGGED).start == at(free, 10), "the booking was rescheduled")
    await desk.app.menu("cmd_undo")
    await desk.sends("PUT")
    await desk.round()
    check(desk.booking(DRAGGED).start == before.start, "and rescheduled back")
    check("⚠" not in desk.event(DRAGGED), "without a note")


async def carried(desk: Desk) -> None:
    say("an event is put into the other calendar in its own window")
    before = desk.booking(CARRIED)
    await desk.app.click(CARRIED, times=2)
    await desk.app.javascript(_CHOOSE, EDITOR, "Private")
    await desk.app.press("ctrl+l")
    await desk.sends("PUT", "DELETE")
    check(not desk.events(CARRIED), "its event is not in the bookings any more")
    await desk.round(3)
    check(desk.booking(CARRIED) == before, "the booking is as it was")
    said = prop(desk.event(CARRIED), "DESCRIPTION")
    check("⚠" in said, f"its event is back, and says: {said[1:].partition(chr(92) + 'n')[0]}")
    check(len(desk.events(CARRIED, "private")) == 1, "and the other one stands, too")


async def deletion_taken_back(desk: Desk) -> None:
    say("an event is deleted, and that is taken back with Edit > Undo within the grace")
    before = desk.booking(UNDONE)
    await delete(desk, UNDONE)
    await desk.sends("DELETE")
    await desk.round()
    check(not desk.events(UNDONE), "its event is gone")
    await desk.app.menu("cmd_undo")
    await desk.sends("PUT")
    await desk.round(3)
    check(desk.booking(UNDONE) == before, "the booking is as it was")
    check("⚠" not in desk.event(UNDONE), "without a note")


async def deleted(desk: Desk) -> None:
    say("an event is deleted")
    await delete(desk, DELETED)
    await desk.sends("DELETE")
    await desk.round(3)
    check(desk.booking(DELETED).status == "cancelled", "its booking is cancelled")


async def copied(desk: Desk) -> None:
    say("an event is copied and pasted")
    before = desk.booking(COPIED)
    await desk.app.click(COPIED)
    await desk.app.menu("cmd_copy")
    await desk.app.menu("cmd_paste")
    await asyncio.sleep(2)
    await desk.app.screenshot(desk.out / "paste.png")
    # it asks into which calendar
    await desk.app.press("Return")
    await desk.sends("PUT")
    await desk.round(3)
    check(desk.booking(COPIED) == before, "the booking is as it was")
    check(len(desk.salon.appointments()) == len(NAMES), "and there is no second one")


async def discarded(desk: Desk, free: date) -> None:
    say("an event is dragged offline, its customer moves it meanwhile, and the person lets the drag go")
    await desk.app.javascript("Services.io.offline = true;")
    await desk.app.grab(OFFLINE, free, 11 * 60)
    await desk.app.drop()
    desk.salon.move(desk.ids[OFFLINE], at(free, 12))
    await cycle(desk.config)
    await desk.app.javascript("Services.io.offline = false;")
    await desk.app.synchronize()
    await answered(desk, "Discard my changes and reload", "cancel")
    await desk.round(2)
    check(desk.booking(OFFLINE).start == at(free, 12), "discarded: the customer's time stands")
    event = await desk.app.event(OFFLINE)
    check(event.start == at(free, 12), "and the event shows it")


async def submitted(desk: Desk, free: date) -> None:
    say("a customer moves a booking, its event is dragged before Thunderbird has seen that, and the person insists")
    desk.salon.move(desk.ids[DRAGGED], at(free, 9))
    await cycle(desk.config)
    await desk.app.grab(DRAGGED, free, 10 * 60)
    await desk.app.drop()
    await answered(desk, "Submit my changes anyway", "accept")
    await desk.sends("PUT")
    check(b"If-Match" not in desk.proxy.writes[-1].request, "without a condition")
    await desk.round(2)
    check(desk.booking(DRAGGED).start == at(free, 10), "submitted: the booking is where the person put it")
    event = await desk.app.event(DRAGGED)
    check(event.start == at(free, 10), "and so is its event")


async def answered(desk: Desk, label: str, button: str) -> None:
    """Wait until Thunderbird asks what to do about a 412, and press that button."""
    await desk.app.shows(CONFLICT, "dialog", 1)
    await asyncio.sleep(3)
    answers = {one.answer.split(b" ")[1] for one in desk.proxy.writes[desk.sent :]}
    check(answers == {b"412"}, "Thunderbird was refused by 412, and asks what to do")
    desk.sent = len(desk.proxy.writes)
    await desk.app.screenshot(desk.out / f"{button}.png")
    pressed = await desk.app.javascript(_BUTTON, CONFLICT, button)
    check(pressed == label, label)
    await desk.app.press("space")
    await desk.app.shows(CONFLICT, "dialog", 0)


async def delete(desk: Desk, name: str) -> None:
    """With the key, and yes to its question."""
    await desk.app.click(name)
    await desk.app.press("Delete")
    # no script meanwhile: Marionette would say no to the question
    await asyncio.sleep(2)
    await desk.app.screenshot(desk.out / "question.png")
    await desk.app.press("Return")


def ends(booking: Appointment) -> str:
    return f"{booking.end.astimezone(ZONE):%Y%m%dT%H%M%S}"


# what is looked for in an event's own window, once it is there
_WHEN_THERE = """
const whenThere = async (address, find) => {
  for (;;) {
    const found = [...Services.wm.getEnumerator(null)].find(each => each.location.href.includes(address));
    const frame = found && found.document.querySelector("iframe");
    const part = frame && find(frame.contentDocument);
    await new Promise(done => window.setTimeout(done, 200));
    if (part) return part;
  }
};
"""
_FOCUS = f"""{_WHEN_THERE}
return whenThere(arguments[0], page => page.getElementById("item-description")).then(text => {{ text.focus(); }});
"""
_BUTTON = """
const [address, name] = arguments;
const found = [...Services.wm.getEnumerator(null)].find(each => each.location.href.includes(address));
const button = found.document.querySelector("dialog").getButton(name);
button.focus();
return button.label;
"""
_CHOOSE = f"""{_WHEN_THERE}
const [address, name] = arguments;
const items = page => page.getElementById("item-calendar")?.menupopup?.children ?? [];
return whenThere(address, page => [...items(page)].find(each => each.label == name)).then(item => {{
  const list = item.closest("menulist");
  list.selectedItem = item;
  list.doCommand();
}});
"""


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(folder))
