"""What must never happen, watched between syncd and both sides while it happens; and who said what last.

The same promises as the simulation's oracle keeps watch over, as far as they can be seen from outside. All of it runs
in one event loop, so whatever happens has its place in one order: `seq`.
"""

import json
import re
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote, urljoin

from syncd.calendars.ical import parse
from syncd.domain.event import Event
from syncd.sandbox import Appointment
from syncd.sandbox.model import Status
from tests.crashes.ground import Ground
from tests.loop.ics import prop, unfold
from tests.ten.bender import Ask, Reply

GRACE = 2.0
NOTE = "⚠"
TOKEN = re.compile(r"own-qzx-\d+")


@dataclass
class Said:
    """Numbers are places in the order of everything that happened."""

    asked: dict[datetime, int] = field(default_factory=dict)
    """Each start that a person gave to its event, and when last."""
    drag: int = 0
    drag_to: datetime | None = None
    customer: int = 0
    read: int = 0
    """syncd was told how the booking is."""
    told: int = 0
    """syncd wrote a note into its event."""
    times_told: int = 0
    deleted: int = 0
    """A person deleted its event, which syncd had a link to, and did not bring it back."""
    gone: int = 0
    gone_at: float = 0.0
    """A person deleted its event, and nobody has brought it back since."""
    back: int = 0
    looked: int = 0
    """syncd was told that its event is not there."""
    added: set[str] = field(default_factory=set)
    """What people have put into the event that stands."""


class Witness:
    """Told of every request of syncd, before and after its effect. What breaks a promise goes to `wrong`."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.said: dict[str, Said] = defaultdict(Said)
        self.wrong: list[str] = []
        self.happened: list[str] = []
        self.effects: Counter[str] = Counter()
        self._seq = 0
        self._keys: dict[str, tuple[str, bytes]] = {}

    def seq(self, what: str) -> int:
        """Something happened: its number."""
        self._seq += 1
        self.happened.append(f"{self._seq:5} {what}")
        return self._seq

    def fail(self, what: str) -> None:
        self.seq(f"WRONG: {what}")
        self.wrong.append(what)

    async def arrives(self, ask: Ask) -> str | None:
        """A request of syncd, not handed on yet. What an event that it writes over says now, for `answered`."""
        if not ask.writes:
            return None
        self.seq(f"syncd: {ask}")
        self._in_journal(ask)
        if ask.method == "POST":
            self._posting(ask)
            return None
        if self._booking(ask) is None:
            self.fail(f"{ask}: somebody's own event")
            return None
        there = await self.ground.event(urljoin(self.ground.dav.url, ask.path))
        if ask.headers.get("if-match") is None and ask.headers.get("if-none-match") != "*":
            self.fail(f"{ask} without a condition")
        return there[1] if there is not None and there[0] == ask.headers.get("if-match") else None

    def answered(self, ask: Ask, reply: Reply, before: str | None) -> None:
        """The server did it and answers; whether syncd hears of it is another matter."""
        if "/api/v1/appointments" in ask.path and ask.method == "GET" and reply.status == 200:
            name = ask.path.rsplit("/", 1)[1]
            if name in self.said:
                self.said[name].read = self._seq
        elif ask.method == "GET" and ask.path.endswith(".ics") and reply.status in (404, 410):
            if (of := self._booking(ask)) is not None:
                self.said[of].looked = self._seq
        elif ask.writes:
            self.seq(f"       {reply.status}")
            if reply.status >= 300:
                return
            self.effects[ask.method if ask.method != "POST" else ask.path.rsplit("/", 1)[1]] += 1
            if ask.method in ("PUT", "DELETE"):
                self._wrote(ask, before)

    def _in_journal(self, ask: Ask) -> None:
        """Before the effect of a write it is written down."""
        name = unquote(ask.path.rsplit("/", 1)[1])
        key = ask.headers.get("idempotency-key", "")
        rows = self.ground.rows("SELECT key, json FROM intents WHERE closed_at IS NULL")
        if not any(row[0] == key if ask.method == "POST" else name in str(row[1]) for row in rows):
            self.fail(f"{ask} without an open intent")

    def _posting(self, ask: Ask) -> None:
        key, body = ask.headers.get("idempotency-key", ""), json.loads(ask.body)
        if not key:
            self.fail(f"{ask} without a key")
        if key in self._keys:
            if self._keys[key] != (ask.path, ask.body):
                self.fail(f"{ask} under a key that belongs to another call")
            return  # sent once more: the sandbox answers as it did, and does nothing
        self._keys[key] = (ask.path, ask.body)
        name = str(body["booking_id"])
        booking, said = self.ground.salon.find(name), self.said[name]
        if booking.status is Status.CANCELLED and said.customer <= said.read:
            self.fail(f"{ask}: {name} is cancelled already, and syncd knew it")
        elif ask.path.endswith("/reschedule"):
            self._rescheduling(booking, said, datetime.fromisoformat(body["start_time"]))
        elif ask.path.endswith("/cancel"):
            self._cancelling(booking, said)
        else:
            self.fail(f"{ask}: nobody asked for it")

    def _rescheduling(self, booking: Appointment, said: Said, to: datetime) -> None:
        name, asked = booking.booking_id, said.asked.get(to)
        if asked is None:
            self.fail(f"{name} is moved to {to}, which nobody asked for")
        elif booking.start == to and said.customer <= said.read:
            self.fail(f"{name} is moved to {to}, where it is already: one wish, two calls")
        elif asked < said.customer <= said.read:
            self.fail(f"{name} is moved to {to}, though a customer changed it since, and syncd knew it")

    def _cancelling(self, booking: Appointment, said: Said) -> None:
        name = booking.booking_id
        if not said.gone and said.looked >= said.back:
            self.fail(f"{name} is cancelled, though its event stands")
        elif not said.gone_at:
            self.fail(f"{name} is cancelled, and no person deleted its event")
        elif time.monotonic() - said.gone_at < GRACE:
            self.fail(f"{name} is cancelled {time.monotonic() - said.gone_at:.2f} s after its event went")
        elif said.gone and said.gone < said.customer <= said.read:
            self.fail(f"{name} is cancelled, though a customer changed it since, and syncd knew it")

    def _wrote(self, ask: Ask, before: str | None) -> None:
        name = self._booking(ask)
        assert name is not None
        said = self.said[name]
        if ask.method == "DELETE":
            if self.ground.salon.find(name).status is not Status.CANCELLED:
                self.fail(f"{ask}: the event of a booking that lives")
            return
        text = unfold(ask.body.decode())
        said.gone, said.back = 0, self._seq
        if title(text).startswith(NOTE):
            said.told, said.times_told = self._seq, said.times_told + 1
        tokens = set(TOKEN.findall(text))
        if before is not None and (lost := set(TOKEN.findall(before)) - tokens):
            self.fail(f"{ask} without {sorted(lost)}, which a person put there")
        said.added &= tokens if before is None else said.added

    def _booking(self, ask: Ask) -> str | None:
        name = unquote(ask.path.rsplit("/", 1)[1]).removesuffix(".ics").split("~")[0]
        return name if name in self.said else None


def _read(text: str) -> Event:
    return parse(text.replace("\n", "\r\n"))


def title(text: str) -> str:
    return prop(text, "SUMMARY").removeprefix(":")


async def faults(ground: Ground, witness: Witness, own: dict[str, str]) -> list[str]:
    """What is not as it should be when all is quiet: the two sides, and each person's last word."""
    wrong: list[str] = []
    events = await ground.events()
    closed = ground.rows("SELECT booking_id, json FROM links WHERE closed_at IS NOT NULL")
    left = {str(name): json.loads(str(text))["closed"]["etag"] for name, text in closed}
    frozen = {
        str(name)
        for name, text in ground.rows("SELECT booking_id, json FROM links WHERE closed_at IS NULL")
        if json.loads(str(text)).get("frozen")
    }
    for url, text in own.items():
        if events.pop(url, None) != text:
            wrong.append(f"{url}: a person's own event is not as it was left")
    by_booking: dict[str, list[str]] = defaultdict(list)
    for url, text in events.items():
        named = [name for name in witness.said if f"{name}@zimun" in text or f"{name}~" in prop(text, "UID")]
        if not named:
            wrong.append(f"{url} belongs to nobody")
        for name in named:
            by_booking[name].append(url)
    for name, said in witness.said.items():
        booking, urls = ground.salon.find(name), by_booking[name]
        if len(urls) > 1:
            wrong.append(f"{name} has {len(urls)} events")
        if booking.status is Status.CANCELLED:
            # in its title or in its description: a person may have given it another title since
            silent = [url for url in urls if not _read(events[url]).noted]
            # for five minutes the very version that went may be a listing that lags
            etags = [there[0] for url in silent if (there := await ground.event(url)) is not None]
            wrong += [f"{name} is cancelled, and its event says nothing" for tag in etags if tag != left.get(name)]
            continue
        if not urls:
            wrong.append(f"{name} has no event")
            continue
        if name in left:
            wrong.append(f"{name} lives, and its link is closed")
        if name in frozen and said.times_told >= 3:
            continue  # three put-backs within an hour: left alone
        text = events[urls[0]]
        event = _read(text)
        if event.start.instant != booking.start or urls[0] != ground.url(name):
            wrong.append(f"{name} is at {booking.start}, its event at {event.start.instant}, {urls[0]}")
        if said.drag > max(said.told, said.customer) and said.drag_to != booking.start:
            wrong.append(f"{name} was dragged to {said.drag_to}, is at {booking.start}, and nobody was told")
        if said.deleted > max(said.told, said.customer):
            wrong.append(f"{name}: its event was deleted, it is not cancelled, and nobody was told")
        if lost := said.added - set(TOKEN.findall(text)):
            wrong.append(f"{name}: its event lacks {sorted(lost)}, which a person put there")
    return wrong
