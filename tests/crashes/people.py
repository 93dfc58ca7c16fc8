"""What customers and staff do while syncd is being killed: all of it laid down by the seed before it begins.

What an act finds when its moment comes (whether an event is there, whether a time is open) depends on the machine's
pace; an act that makes no sense then is left out.
"""

import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from syncd.calendars.ical import parse
from syncd.sandbox.model import Conflict, Status
from tests.crashes.ground import MARK, Ground
from tests.crashes.witness import Witness
from tests.loop.ics import dragged, foreign

WHAT = {
    "book": 3, "move": 4, "cancel": 1.5, "drag": 7, "drag nowhere": 0.7, "delete": 3, "undelete": 2, "retitle": 2,
    "remark": 2, "alarm": 1, "own": 0.5,
}  # fmt: skip
OFFERS = (("s_haircut", "loc_mitte"), ("s_haircut", "loc_shoreditch"), ("s_beard", "loc_mitte"))
MOST = 60
FAR = timedelta(hours=3)
Edit = Callable[[str, str], str]


@dataclass(frozen=True)
class Act:
    """`who`: which booking, counted among those there are then. `n`: what else there is to choose."""

    what: str
    who: int
    n: int
    after: float = 0.0


def some_act(rng: random.Random, *what: str) -> Act:
    """One act, of these kinds where some are given."""
    kind = rng.choice(what) if what else rng.choices(list(WHAT), list(WHAT.values()))[0]
    return Act(kind, rng.randrange(1_000_000), rng.randrange(1_000_000))


class People:
    """Both kinds of them. `own` are the events of theirs that are nobody's booking, by URL.

    `apart`: nobody goes where another is being dragged to, so that Zimun refuses nothing.
    """

    def __init__(self, ground: Ground, witness: Witness, *, apart: bool = False) -> None:
        self.apart = apart
        self.ground = ground
        self.witness = witness
        self.names: list[str] = []
        self.own: dict[str, str] = {}
        self.done: Counter[str] = Counter()
        self._trash: dict[str, tuple[str, datetime | None, set[str]]] = {}
        self._been: dict[str, set[datetime]] = {}
        self._tokens = 0

    async def take(self, act: Act, name: str = "") -> bool:
        """Do it, where it makes sense: whether it did. `name`: to this booking, whatever the act says."""
        live = [name for name in self.names if self.ground.salon.find(name).status is not Status.CANCELLED]
        # mostly one that can still be moved, or there were fewer of them the longer the story gets
        names = live if live and act.who % 8 else self.names
        name = name or (names[act.who // 8 % len(names)] if names else "")
        done = bool(await getattr(self, "_" + act.what.replace(" ", "_"))(name, act.n))
        self.done[act.what] += done
        return done

    # customers

    async def _book(self, _: str, n: int) -> bool:
        live = sum(self.ground.salon.find(name).status is not Status.CANCELLED for name in self.names)
        service, place = OFFERS[n % len(OFFERS)]
        slot = self._slot(service, place, n)
        if slot is None or live >= MOST:
            return False
        number = len(self.names)
        booking = self.ground.salon.book(
            service, slot, location_id=place, name=f"{MARK} Customer {number}", email=f"c{number}@{MARK}.example",
            notes=f"{MARK} comes by bus",
        )  # fmt: skip
        self.names.append(booking.booking_id)
        self._been[booking.booking_id] = {slot}
        self.witness.said[booking.booking_id].customer = self.witness.seq(
            f"customer: {booking.booking_id} at {slot:%d %H:%M}"
        )
        return True

    async def _move(self, name: str, n: int) -> bool:
        booking = self.ground.salon.find(name)
        slot = self._slot(booking.service_id, booking.location_id, n)
        if booking.status is Status.CANCELLED or slot is None:
            return False
        if slot in self._been[name] | set(self.witness.said[name].asked):
            return False  # there and back again is no change to a syncd that was dead meanwhile: no word to go by
        try:
            self.ground.salon.move(name, slot)
        except Conflict:
            return False
        self._been[name].add(slot)
        self.witness.said[name].customer = self.witness.seq(f"customer: {name} moved to {slot:%d %H:%M}")
        return True

    async def _cancel(self, name: str, _: int) -> bool:
        if self.ground.salon.find(name).status is Status.CANCELLED:
            return False
        self.ground.salon.cancel(name)
        self.witness.said[name].customer = self.witness.seq(f"customer: {name} cancelled")
        return True

    def _slot(self, service: str, place: str, n: int) -> datetime | None:
        today = datetime.now(UTC).date()
        for ahead in range(7):
            day = today + timedelta(days=2 + (n // 3 + ahead) % 7)
            slots = self.ground.salon.open_slots(service, day, place)
            if self.apart:
                # what an event was dragged to is still open in the salon, until syncd is let do its work
                wanted = [said.drag_to for said in self.witness.said.values() if said.drag_to is not None]
                slots = [slot for slot in slots if all(abs(slot.start - to) > FAR for to in wanted)]
            if slots:
                return slots[n // 50 % len(slots)].start
        return None

    # staff

    async def _drag(self, name: str, n: int) -> bool:
        booking = self.ground.salon.find(name)
        slot = self._slot(booking.service_id, booking.location_id, n)
        return slot is not None and await self._drag_to(name, slot)

    async def _drag_nowhere(self, name: str, n: int) -> bool:
        """Where no booking can be: at night."""
        booking = self.ground.salon.find(name)
        if self.witness.said[name].times_told:
            return False  # three put-backs, and syncd would let go
        night = booking.start.replace(hour=1, minute=5 * (n % 12)) + timedelta(days=1)
        return await self._drag_to(name, night)

    async def _drag_to(self, name: str, to: datetime) -> bool:
        said = self.witness.said[name]
        there = await self.ground.event(self.ground.url(name))
        if there is None or self.ground.salon.find(name).status is Status.CANCELLED:
            return False
        start = _start(there[1])
        if to in (start, self.ground.salon.find(name).start):
            return False
        # syncd may hear of it before we do
        said.asked[to] = self.witness.seq(f"staff: {name} is dragged to {to:%d %H:%M} ...")
        text = dragged(there[1], _apart(there[1], start, to), datetime.now(UTC))
        if not await self.ground.put(self.ground.url(name), text, there[0]):
            self.witness.seq("staff: ... too late")
            return False
        said.asked[to] = said.drag = self.witness.seq("staff: ... done")
        said.drag_to = to
        return True

    async def _delete(self, name: str, _: int) -> bool:
        said, url = self.witness.said[name], self.ground.url(name)
        there = await self.ground.event(url)
        if there is None:
            return False
        known = self.ground.rows("SELECT 1 FROM links WHERE booking_id = ? AND closed_at IS NULL", name)
        gone = self.witness.seq(f"staff: {name} is deleted ..."), time.monotonic()
        before = said.gone, said.gone_at
        said.gone, said.gone_at = gone
        if not await self.ground.delete(url, there[0]):
            said.gone, said.gone_at = before
            self.witness.seq("staff: ... too late")
            return False
        done = self.witness.seq("staff: ... done")
        wish = said.drag_to if said.drag > max(said.customer, said.told) else None
        self._trash[name] = there[1], wish, said.added
        # an event that was made in the cycle that was cut off is unknown to the next: it is made again
        said.deleted = done if known else 0
        said.drag, said.added = 0, set()
        if said.back > gone[0]:
            said.gone = 0  # made anew in between
        return True

    async def _undelete(self, _: str, n: int) -> bool:
        if not self._trash:
            return False
        name = list(self._trash)[n % len(self._trash)]
        said, (text, wish, added) = self.witness.said[name], self._trash.pop(name)
        if self.ground.salon.find(name).status is Status.CANCELLED:
            # stamped anew: the very version that went is taken for a listing that lags, for five minutes
            text = dragged(text, timedelta(0), datetime.now(UTC))
        start = _start(text)
        said.asked[start] = self.witness.seq(f"staff: {name} is undeleted ...")
        if not await self.ground.put(self.ground.url(name), text):
            self.witness.seq("staff: ... too late")
            return False
        said.back = said.asked[start] = self.witness.seq("staff: ... done")
        said.gone = said.deleted = 0
        said.added = set(added)
        said.drag, said.drag_to = (said.back, wish) if wish is not None else (0, None)
        return True

    async def _retitle(self, name: str, _: int) -> bool:
        return await self._edit(name, r"^SUMMARY:.*$", lambda token, old: f"SUMMARY:{MARK} {token}", replaces=True)

    async def _remark(self, name: str, _: int) -> bool:
        return await self._edit(name, r"^DESCRIPTION:.*$", lambda token, old: f"{old}\\nask her {token}")

    async def _alarm(self, name: str, _: int) -> bool:
        alarm = "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:{}\nTRIGGER:-PT5M\nEND:VALARM\n"
        return await self._edit(name, "^END:VEVENT$", lambda token, old: alarm.format(token) + old)

    async def _edit(self, name: str, pattern: str, new: Edit, *, replaces: bool = False) -> bool:
        said = self.witness.said[name]
        there = await self.ground.event(self.ground.url(name))
        if there is None:
            return False
        text = dragged(there[1], timedelta(0), datetime.now(UTC))
        found = re.search(pattern, text, flags=re.MULTILINE)
        if found is None:
            return False
        self._tokens += 1
        token = f"own-{MARK}-{self._tokens}"
        changed = text[: found.start()] + new(token, found[0]) + text[found.end() :]
        if not await self.ground.put(self.ground.url(name), changed, there[0]):
            return False
        self.witness.seq(f"staff: {name} gets {token}")
        replaced = {each for each in said.added if replaces and each in found[0]}
        said.added = (said.added - replaced) | {token}
        return True

    async def _own(self, _: str, n: int) -> bool:
        """Somebody's own event comes, changes or goes."""
        urls = list(self.own)
        if urls and n % 2:
            url = urls[n % len(urls)]
            there = await self.ground.event(url)
            assert there is not None, f"{url} is gone"
            text = re.sub(r"(?m)^SUMMARY:.*$", f"SUMMARY:{MARK} dentist {n}", there[1])
            done = await (self.ground.put(url, text, there[0]) if n % 3 else self.ground.delete(url, there[0]))
        else:
            url = list(self.ground.calendars.values())[n % 2] + f"own-{len(self.done)}-{n}.ics"
            text = foreign(f"{n}@example.org", f"{MARK} dentist", datetime.now(UTC) + timedelta(days=2, hours=n % 9))
            done = await self.ground.put(url, text)
        assert done, f"{url}: somebody else wrote it"
        there = await self.ground.event(url)
        self.own.pop(url, None)
        if there is not None:
            self.own[url] = there[1]
        return True


def explained(effects: Counter[str], did: Counter[str]) -> bool:
    """Whether syncd's writes are what these acts take, each of them once.

    A dragged event is written once more where the booking is somebody else's of the staff at its new time.
    """
    once = effects["reschedule"], effects["cancel"], effects["DELETE"]
    puts = did["book"] + did["move"]
    return once == (did["drag"], did["delete"], did["cancel"]) and puts <= effects["PUT"] <= puts + did["drag"]


def _start(text: str) -> datetime:
    start = parse(text.replace("\n", "\r\n")).start.instant
    assert start is not None
    return start


def _apart(text: str, start: datetime, to: datetime) -> timedelta:
    """How far apart two instants are on the clock that the event's times are written by."""
    zone = parse(text.replace("\n", "\r\n")).start.tzid
    if not zone:
        return to - start
    wall = ZoneInfo(zone)
    return to.astimezone(wall).replace(tzinfo=None) - start.astimezone(wall).replace(tzinfo=None)
