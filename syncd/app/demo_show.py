"""The demo's show: a person with a calendar app, played by plain CalDAV requests, and what comes of what she does."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from urllib.parse import urljoin

import httpx
from rich.console import Console
from rich.markup import escape

from syncd.app.demo_stage import PASSWORD, USER, Stage
from syncd.domain.ids import BookingId
from syncd.domain.opening import SlotStem, parse_slot_href
from syncd.sandbox import Appointment, Salon, Status, Unknown
from syncd.state.history import HistoryRow
from syncd.state.store import Store

STEP_SECONDS = 20.0
# after closing time the slots of tomorrow are asked for at the pace of the budget, one in a quarter of a minute
SLOT_SECONDS = 90.0
POLL_SECONDS = 0.1
SERVICE, PLACE = "s_haircut", "loc_mitte"
DAYS_TO_LOOK = 30
SLOTS_NEEDED = 20
HOUR = timedelta(hours=1)
SOON = timedelta(minutes=10)
NEWCOMER, ADDRESS = "Nora Field", "nora.field@example.com"
CALLER, CALLERS_ADDRESS = "Iris Cole", "iris.cole@example.com"
_EVENT = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//syncd//demo//EN
BEGIN:VEVENT
UID:{uid}
DTSTAMP:{now:%Y%m%dT%H%M%SZ}
DTSTART:{start:%Y%m%dT%H%M%SZ}
DTEND:{end:%Y%m%dT%H%M%SZ}
SUMMARY:{title}
DESCRIPTION:{email}
END:VEVENT
END:VCALENDAR
"""

_HAPPENED = {
    "event.created": "is in the calendar",
    "event.updated": "was written in the calendar",
    "event.removed": "left the calendar",
    "booking.confirmed": "was booked in Zimun",
    "request.refused": "is not booked; it says why",
    "request.held_back": "awaits approval: too many at once",
    "booking.rescheduled": "was moved in Zimun",
    "booking.cancelled": "was cancelled in Zimun",
}
_WHY = {
    "move_refused": "its event went back, with the reason",
    "deletion_restored": "its event was put back",
    "cancel_awaits_approval": "too many deletions at once: its event is back and asks",
    "length_changed": "its length was put back",
}
_REMEMBERED = {
    "event_returned": "its event is back in time, nothing else happens",
    "grace_begun": "its event is gone: cancelled in {grace} seconds, unless it comes back",
}


class Failed(Exception):
    """A step of the show did not come through in time."""


class Show:
    """Tells what it does and what happens, a line each, with the time; times of bookings are in their place's zone."""

    def __init__(self, stage: Stage, console: Console) -> None:
        self._stage = stage
        self._console = console
        self._salon: Salon = stage.server.salon
        self._grace = stage.config.sync.cancel_grace_seconds
        self._told: HistoryRow | None = None

    async def run(self) -> None:
        """The whole show. Raises Failed for the first step that does not come through."""
        starts = self._quiet_day()
        moved = self._book(starts[0], "Robin Ashe")
        stays = self._book(starts[-4], "Mira Vogel")
        goes = self._book(starts[4], "Theo Marsh")
        taken = self._fill(starts[-1])
        async with httpx.AsyncClient(auth=(USER, PASSWORD), trust_env=False) as self._http:
            try:
                await self._bookings_become_events()
                await self._a_drag_moves(moved, self._free_beside(moved))
                await self._a_drag_to_a_taken_time_goes_back(stays, taken)
                await self._a_customer_moves(moved)
                await self._a_deletion_cancels(goes)
                await self._a_new_event_is_booked(self._free_beside(self._salon.find(moved.booking_id)))
                await self._a_slot_is_booked()
            except httpx.HTTPError as error:
                raise Failed(f"a request of the calendar app ({type(error).__name__})") from error

    async def watch(self) -> None:
        """Tell every change from now on, until cancelled."""
        with Store.open(self._stage.config.state.path) as store:
            self._news(store)
            while True:
                for row in self._news(store):
                    if line := self._line(row):
                        self._say(line)
                await asyncio.sleep(POLL_SECONDS)

    # the scenes

    async def _bookings_become_events(self) -> None:
        with Store.open(self._stage.config.state.path) as store:

            async def synced() -> bool:
                return any(row.summary is not None and row.summary.exit_code == 0 for row in store.last_cycles(9))

            await self._until(synced, "the first sync")
            self._say(f"{len(store.links())} bookings stand in two calendars now.")

    async def _a_drag_moves(self, booking: Appointment, to: datetime) -> None:
        self._say(f"A person drags {self._named(booking)} to {self._clock(to)}, which is free ...")
        await self._drag(booking, to)

        async def moved() -> bool:
            return self._salon.find(booking.booking_id).start == to

        await self._until(moved, "the move")
        self._came(f"moved in Zimun: {self._named(self._salon.find(booking.booking_id))}")

    async def _a_drag_to_a_taken_time_goes_back(self, booking: Appointment, to: datetime) -> None:
        self._say(f"A person drags {self._named(booking)} to {self._clock(to)}, which is taken ...")
        await self._drag(booking, to)

        async def back() -> bool:
            text = await self._text(booking)
            return "SUMMARY:⚠" in text and _stamp(booking.start, self._zone) in text

        await self._until(back, "the event's way back")
        text = await self._text(booking)
        self._came(f"the event is back, and says: “{_value(text, 'SUMMARY')}”")
        self._came(_value(text, "DESCRIPTION").split("\n")[0])

    async def _a_customer_moves(self, booking: Appointment) -> None:
        booking = self._salon.find(booking.booking_id)
        to = self._free_beside(booking)
        self._say(f"The customer moves {self._named(booking)} online to {self._clock(to)} ...")
        self._salon.move(booking.booking_id, to)

        async def followed() -> bool:
            return _stamp(to, self._zone) in await self._text(booking)

        await self._until(followed, "the event's move")
        self._came("the event stands there now")

    async def _a_deletion_cancels(self, booking: Appointment) -> None:
        self._say(f"A person deletes {self._named(booking)} ...")
        answer = await self._http.delete(self._url(booking))
        answer.raise_for_status()
        with Store.open(self._stage.config.state.path) as store:

            async def believed() -> bool:
                link = store.links().get(BookingId(booking.booking_id))
                return link is not None and (link.deletion is not None or link.closed is not None)

            await self._until(believed, "the deletion")
        self._came(f"seen; for {self._grace} seconds the deletion can be undone, and Zimun hears nothing")

        async def cancelled() -> bool:
            return self._salon.find(booking.booking_id).status is Status.CANCELLED

        # the grace, the last look after it, and the cycles in between
        await self._until(cancelled, "the cancellation", self._grace + STEP_SECONDS)
        self._came(f"cancelled in Zimun: {self._named(booking)}")

    async def _a_new_event_is_booked(self, start: datetime) -> None:
        service, uid = self._salon.services[SERVICE], "demo-new-event"
        title, end = f"{service.name} – {CALLER}", start + service.duration
        event = _EVENT.format(uid=uid, now=datetime.now(UTC), start=start, end=end, title=title, email=CALLERS_ADDRESS)
        when = start.astimezone(self._zone)
        self._say(f"A person writes a new event “{title}” with {CALLERS_ADDRESS} in it, {when:%a %d %b %H:%M} ...")
        url = f"{self._stage.calendar(PLACE)}{uid}.ics"
        written = await self._http.put(
            url,
            content=event.replace("\n", "\r\n").encode(),
            headers={"Content-Type": "text/calendar; charset=utf-8", "If-None-Match": "*"},
        )
        written.raise_for_status()
        place = await self._booked_in_place_of(url, CALLERS_ADDRESS)
        self._came(f"its event stands in “{place}”, and the one that asked for it is gone")

    async def _a_slot_is_booked(self) -> None:
        url, slot = await self._last_open_slot()
        service = self._salon.services[slot.service].name
        start = slot.start.astimezone(self._salon.locations[slot.place].zone)
        customer = f"{NEWCOMER} {ADDRESS}"
        self._say(f"A person writes “{customer}” into the open slot {service}, {start:%a %d %b %H:%M} ...")
        await self._write(url, lambda event: re.sub(r"^SUMMARY:[^\r\n]*", f"SUMMARY:{customer}", event, flags=re.M))

        place = await self._booked_in_place_of(url, ADDRESS)
        self._came(f"its event stands in “{place}”, and the open slot's is gone")

    async def _booked_in_place_of(self, url: str, email: str) -> str:
        """Wait until that customer is booked, and the booking's event has taken the place of the one at the URL.

        The name of the booking's place.
        """

        async def booked() -> bool:
            return self._booking_of(email) is not None

        await self._until(booked, "the booking")
        booking = self._booking_of(email)
        assert booking is not None
        self._came(f"booked in Zimun: {self._named(booking)}")

        async def in_its_place() -> bool:
            gone = (await self._http.get(url)).status_code == 404
            return gone and bool(await self._text(booking))

        await self._until(in_its_place, "the booking's event")
        return self._salon.locations[booking.location_id].name

    # the salon's book

    def _quiet_day(self) -> list[datetime]:
        """The open slots of the first day from tomorrow on that has enough of them."""
        today = self._salon.now().astimezone(self._zone).date()
        for ahead in range(1, DAYS_TO_LOOK):
            starts = self._open(today + timedelta(days=ahead))
            if len(starts) >= SLOTS_NEEDED:
                return starts
        raise Failed("the salon is booked up")

    def _open(self, day: date) -> list[datetime]:
        return [slot.start for slot in self._salon.open_slots(SERVICE, day, PLACE)]

    def _is_open(self, slot: SlotStem) -> bool:
        """Whether it is open for a while yet: somebody may have taken it since its event was written."""
        day = slot.start.astimezone(self._salon.locations[slot.place].zone).date()
        starts = [one.start for one in self._salon.open_slots(slot.service, day, slot.place)]
        return slot.start in starts and slot.start > self._salon.now() + SOON

    def _book(self, near: datetime, name: str) -> Appointment:
        """A booking at that start, or at the next that is open still."""
        day = near.astimezone(self._zone).date()
        start = min(self._open(day), key=lambda start: abs(start - near))
        email = f"{name.lower().replace(' ', '.')}@example.com"
        return self._salon.book(SERVICE, start, location_id=PLACE, name=name, email=email)

    def _fill(self, start: datetime) -> datetime:
        """Let customers take that time until nobody is free; the time."""
        day = start.astimezone(self._zone).date()
        while start in self._open(day):
            self._book(start, "Ana Brook")
        return start

    def _free_beside(self, booking: Appointment) -> datetime:
        """An open slot of that day that does not touch the booking itself."""
        day = booking.start.astimezone(self._zone).date()
        apart = [start for start in self._open(day) if abs(start - booking.start) >= HOUR]
        if not apart:
            raise Failed("the salon has no other time on that day")
        return apart[len(apart) // 2]

    def _booking_of(self, email: str) -> Appointment | None:
        """The confirmed booking of that customer."""
        booked = (one for one in self._salon.appointments() if one.contact_email == email)
        return next((one for one in booked if one.status is Status.CONFIRMED), None)

    # the calendar app

    async def _drag(self, booking: Appointment, to: datetime) -> None:
        def changed(event: str) -> str:
            for name, at in (("DTSTART", to), ("DTEND", to + (booking.end - booking.start))):
                stamp = rf"\g<1>:{_stamp(at, self._zone)}"
                event = re.sub(rf"^({name}[^:\r\n]*):\d{{8}}T\d{{6}}\b", stamp, event, flags=re.MULTILINE)
            return event

        await self._write(self._url(booking), changed)

    async def _write(self, url: str, change: Callable[[str], str]) -> None:
        """What an app does: the object as it was, its event changed, written over the version that was read."""
        read = await self._http.get(url)
        read.raise_for_status()
        before, event, after = re.split(r"(BEGIN:VEVENT.*END:VEVENT)", read.text, maxsplit=1, flags=re.DOTALL)
        written = await self._http.put(
            url,
            content=(before + change(event) + after).encode(),
            headers={"Content-Type": "text/calendar; charset=utf-8", "If-Match": read.headers["etag"]},
        )
        written.raise_for_status()

    async def _last_open_slot(self) -> tuple[str, SlotStem]:
        """The URL of the last event of a slot that is open still, and which slot it is of."""
        found: dict[str, SlotStem] = {}

        async def stands() -> bool:
            calendar = self._stage.config.availability.calendar_url
            listed = await self._http.request("PROPFIND", calendar, headers={"Depth": "1"})
            hrefs = re.findall(r"<(?:\w+:)?href>([^<]*)<", listed.text)
            slots = ((urljoin(calendar, href), parse_slot_href(href)) for href in hrefs)
            found.update((url, slot) for url, slot in slots if slot is not None and self._is_open(slot))
            return bool(found)

        await self._until(stands, "an open slot's event", SLOT_SECONDS)
        return max(found.items(), key=lambda one: (one[1].start, one[0]))

    async def _text(self, booking: Appointment) -> str:
        """The event as it stands, its lines unfolded (RFC 5545 §3.1); empty where it is not there."""
        read = await self._http.get(self._url(booking))
        return re.sub(r"\r?\n[ \t]", "", read.text) if read.status_code == 200 else ""

    def _url(self, booking: Appointment) -> str:
        return f"{self._stage.calendar(booking.location_id)}{booking.booking_id}.ics"

    async def _until(self, come: Callable[[], Awaitable[bool]], what: str, seconds: float = STEP_SECONDS) -> None:
        try:
            async with asyncio.timeout(seconds):
                while True:
                    if await come():
                        return
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise Failed(f"{what}, within {seconds:.0f} seconds") from None

    # telling

    def _news(self, store: Store) -> list[HistoryRow]:
        rows = store.history(None, 200)
        if self._told in rows:
            rows = rows[rows.index(self._told) + 1 :]
        self._told = rows[-1] if rows else self._told
        return rows

    def _line(self, row: HistoryRow) -> str:
        """What a row of the history says to somebody who watches; empty for what only syncd needs to remember."""
        happened = _WHY.get(row.why) or _HAPPENED.get(row.what)
        if row.what.startswith("link."):
            happened = _REMEMBERED.get(row.why)
        if happened is None or row.outcome != "done":
            return ""
        try:
            named = self._named(self._salon.find(row.booking_id))
        except Unknown:
            named = row.booking_id
        return f"{named}: {happened.format(grace=self._grace)}"

    def _named(self, booking: Appointment) -> str:
        zone = self._salon.locations[booking.location_id].zone
        service = self._salon.services[booking.service_id].name
        return f"{booking.contact_name}, {service}, {booking.start.astimezone(zone):%a %d %b %H:%M}"

    def _clock(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%H:%M}"

    @property
    def _zone(self) -> tzinfo:
        return self._salon.locations[PLACE].zone

    def _say(self, line: str) -> None:
        self._print(line)

    def _came(self, line: str) -> None:
        self._print(f"  → {line}")

    def _print(self, line: str) -> None:
        now = datetime.now(UTC).astimezone()
        self._console.print(f"[dim]{now:%H:%M:%S}[/dim]  {escape(line)}", soft_wrap=True)


def _stamp(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y%m%dT%H%M%S}"


def _value(text: str, name: str) -> str:
    """The first value of a text property, its escapes resolved (RFC 5545 §3.3.11)."""
    found = re.search(rf"^{name}(?:;[^:\r\n]*)?:(.*?)\r?$", text, flags=re.MULTILINE)
    return re.sub(r"\\(.)", lambda sign: "\n" if sign[1] in "nN" else sign[1], found[1]) if found else ""
