"""Open slots in a calendar of their own: what people do with their events, and what must come of it."""

import re
from collections import Counter
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Any

from syncd.domain.booking import Booking, Slot, Status
from syncd.domain.ids import BookingId
from syncd.domain.opening import SlotKey, SlotStem, parse_slot_href
from syncd.texts import strip_description, strip_title
from tests.simulation import objects
from tests.simulation.asks import Wish, told
from tests.simulation.calendars import OPEN
from tests.simulation.faults import APPLY, ASKING, ASKING_KILLS
from tests.simulation.history import SHELF, Step
from tests.simulation.zimun import BERLIN, CATALOG, MINUTE

if TYPE_CHECKING:
    from tests.simulation.world import World

DAYS_AHEAD = 1
TITLES = {service.id: f"Open: {service.name}" for service in CATALOG.services.values()}
ACTS = {
    "slot write": 6, "slot again": 3, "slot back": 3, "slot other": 4, "slot own": 1, "slot taken": 2, "slot free": 1,
}  # fmt: skip
TROUBLE = ("slot trouble", "lose", "restart", "restart", "zimun down", "zimun up")
CALLS = ("slots", "changes", "read", "create", "replace", "remove", "hold", "confirm")
AIMS = tuple((method, kind) for method in CALLS for kind in (APPLY | ASKING)[method])
KILLS = (
    *ASKING_KILLS,
    *(f"{when} {method}" for method in ("create", "replace", "remove", "slots") for when in ("before", "sent", "done")),
    *(f"{when} the commit of {name}" for name in ("keep_openings", "keep_open_days") for when in ("before", "after")),
)
MAIL = re.compile(r"g\d+@qzx\.example")
ROUNDS = 25
GENERATIONS = 4
"""So many events of a slot a server takes that refuses each UID which was used before."""


slot_of = lru_cache(maxsize=4096)(parse_slot_href)


def steps_of(random: Random) -> list[Step]:
    """Some people write into slots, change their minds or not, and trouble comes."""
    steps = [Step("cycle", after=random.choice((60, 310)))]
    for _ in range(random.choice((1, 2, 2, 3))):
        steps += [_act(random) for _ in range(random.choice((1, 1, 2, 3, 7)))]
        for _ in range(random.choice((1, 2, 3))):
            faults = tuple(random.choice(AIMS) for _ in range(random.choice((0, 0, 1, 1, 2))))
            meanwhile = ((SHELF + random.randint(1, 12), _act(random)),) if random.random() < 0.3 else ()
            kill = random.choice(KILLS) if random.random() < 0.25 else 0
            after = random.choice((20, 60, 60, 310, 660))
            steps.append(Step("cycle", after=after, faults=faults, meanwhile=meanwhile, kill=kill))
        if random.random() < 0.2:
            steps.append(Step(random.choice(TROUBLE), "", random.randrange(1000)))
    return steps


def _act(random: Random) -> Step:
    return Step(random.choices(list(ACTS), list(ACTS.values()))[0], "", random.randrange(1000))


class Openings:
    """The calendar of open slots. What is asked for in it is kept with what people ask for elsewhere."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.near = ""
        """The event that syncd's last call there is about."""
        self.plain: dict[str, tuple[str, str, str]] = {}
        """What syncd wrote into each event."""
        self.made: Counter[SlotStem] = Counter()
        self.count = 0
        self.is_off = OPEN not in world.server.calendars
        """The config names no such calendar, or not any more: then it is not touched."""

    # what people do

    def take(self, step: Step) -> bool:
        done: bool = getattr(self, "_" + step.what.removeprefix("slot "))(step)
        return done

    def _write(self, step: Step) -> bool:
        """A customer is written into one, in one of the ways that people have."""
        found = self._chosen(step, edited=False)
        if found is None:
            return False
        href, fields = found
        self.world.asks.count += 1
        number, n = self.world.asks.count, step.n
        name, mail = f"Gil qzx {number}", f"g{number}@qzx.example"
        title = (f"{name} {mail}", f"{fields['title']} {name} {mail}", f"{name} <{mail}>", name)[n % 4]
        if n % 4 == 3:
            fields["desc"] += f"\n{mail}"
        if n % 7 == 0:
            fields |= self._at(self._when(n) or objects.start_of(fields))
        self._put(href, fields | {"title": title})
        return True

    def _again(self, step: Step) -> bool:
        """What was written is changed, or dragged."""
        found = self._chosen(step, edited=True)
        if found is None:
            return False
        href, fields = found
        match step.n % 4:
            case 0 | 1:
                fields |= self._at(self._when(step.n) or objects.start_of(fields))
            case 2:
                fields["title"] = fields["title"].replace("Gil", "Gill")
            case _:
                fields["desc"] += f"\nline qzx {step.n}"
        self._put(href, fields)
        return True

    def _back(self, step: Step) -> bool:
        """What was written is taken out again, with our note or without."""
        found = self._chosen(step, edited=True)
        if found is None:
            return False
        href, fields = found
        title, place, desc = self.plain[href]
        note = fields["desc"].split("\n")[0] + "\n" if fields["title"].startswith("⚠") and step.n % 2 else ""
        fields |= {"title": ("⚠ " if note else "") + title, "place": place, "desc": note + desc}
        self._put(href, fields)
        return True

    def _other(self, step: Step) -> bool:
        """Moved, deleted, marked, or made somebody's own by a word."""
        found = self._chosen(step, edited=None if step.n % 3 == 0 else False)
        if found is None:
            return False
        href, fields = found
        match step.n % 7:
            case 0 | 1:
                fields |= self._at(self._when(step.n) or objects.start_of(fields))
            case 2:
                self.world.server.delete(OPEN, href, "person")
                return True
            case 3:
                fields["title"] = f"Lunch qzx {step.n}"
            case 4:
                fields["desc"] += f"\nline qzx {step.n}"
            case 5:
                fields["cancelled"] = True
            case _:
                fields["extra"] = [*fields["extra"], f"alarm {step.n}"]
        self._put(href, fields)
        return True

    def _own(self, step: Step) -> bool:
        """An event of somebody's own, or a copy of a slot's with a UID of its own: neither asks for anything."""
        self.count += 1
        found = self._chosen(step, edited=None) if step.n % 2 else None
        start = datetime(2026, 3, 24, 12, tzinfo=BERLIN)
        fields = found[1] if found is not None else {
            "bid": "", "place": "", "desc": "qzx", "cancelled": False, "rrule": False, "extra": [], **self._at(start),
        }  # fmt: skip
        fields |= {"uid": f"mine-{self.count}", "title": f"Open: Haircut Kim qzx k{self.count}@qzx.example"}
        self._put(self._path(f"mine-{self.count}.ics"), fields)
        return True

    def _taken(self, step: Step) -> bool:
        """Somebody books an open slot elsewhere."""
        slots = self.open_now()
        if not slots:
            return False
        slot = slots[step.n % len(slots)]
        self.count += 1
        name = BookingId(f"w{self.count}")
        booking = Booking(
            name, slot.start, slot.end or slot.start, Status.CONFIRMED, slot.service_id, slot.location_id,
            f"Ada qzx {name}", f"{name}@qzx.example",
        )  # fmt: skip
        self.world.zimun.put(booking, "customer")
        return True

    def _free(self, step: Step) -> bool:
        """Somebody cancels such a booking, or one that was asked for in a slot."""
        live = [one for one in self.world.zimun.bookings.values() if one.id[0] in "wn" and not one.cancelled]
        return bool(live) and self.world.people.take(Step("cancel", live[step.n % len(live)].id))

    def _trouble(self, step: Step) -> bool:
        calendar = self.world.server.calendars[OPEN]
        calendar.down, calendar.gone = step.n % 4 < 2, step.n % 4 == 2
        return True

    def _chosen(self, step: Step, *, edited: bool | None) -> tuple[str, dict[str, Any]] | None:
        """The event that the step is about: mostly that which syncd is at, if it is one of these."""
        there = [
            (href, fields)
            for href, fields in self._events()
            if edited is None or self._is_edited(href, fields) is edited
        ]
        near = [one for one in there if step.name == one[0]]
        if not there:
            return None
        return near[0] if near else there[step.n // 7 % len(there)]

    def _when(self, n: int) -> datetime | None:
        slots = self.open_now()
        if n % 5 == 0 or not slots:
            return None
        return slots[n % len(slots)].start + (7 * MINUTE if n % 5 == 1 else timedelta(0))

    def _at(self, start: datetime | None) -> dict[str, Any]:
        assert start is not None
        return {"start": objects.zoned(start), "end": objects.zoned(start + timedelta(hours=1))}

    def _put(self, href: str, fields: dict[str, Any]) -> None:
        asks, slot = self.world.asks, slot_of(href)
        if slot is not None and (mail := mail_in(fields)):
            asks.said.setdefault(mail, []).append(
                Wish(href, slot.service, objects.start_of(fields), self.world.clock.seconds, slot.place)
            )
        asks.approved.discard(href)
        asks.rejected.discard(href)
        self.world.server.put(OPEN, href, objects.write(fields | {"stamp": f"o{self.world.seq}"}), "person")

    def _path(self, name: str) -> str:
        return self.world.server.calendars[OPEN].path(name)

    # what there is

    def _events(self) -> list[tuple[str, dict[str, Any]]]:
        """The slots' events, as they stand."""
        found = self.world.server.calendars[OPEN].objects.items()
        return [(href, objects.read(data)) for href, (data, _) in found if href in self.plain]

    def _is_edited(self, href: str, fields: dict[str, Any]) -> bool:
        return _texts(fields) != self.plain[href]

    def open_now(self) -> list[Slot]:
        """What is open, on the days that are to be shown."""
        today = self.world.clock.true().astimezone(BERLIN).date()
        return [
            slot
            for ahead in range(DAYS_AHEAD + 1)
            for service in CATALOG.services.values()
            for place in service.location_ids
            for slot in self.world.zimun.open_at(today + timedelta(days=ahead), service.id, place)
        ]

    # what syncd does

    def changed(self, href: str, old: dict[str, Any] | None, new: dict[str, Any] | None, by: str) -> None:
        """An event there was written or removed."""
        slot = slot_of(href)
        if by != "syncd":
            return
        if self.is_off:
            self.world.fail(f"syncd writes {href}, in a calendar that is not its any more")
        if slot is None or (old is not None and href not in self.plain):
            self.world.fail(f"syncd writes {href}, somebody's own event")
        elif old is None:
            assert new is not None
            twins = [other for other, _ in self._events() if other != href and slot_of(other) == slot]
            if twins and not self.world.is_lied_to:
                self.world.fail(f"syncd writes {href}, though {twins[0]} stands")
            self._written(href, new, slot)
            self.made[slot] += 1
        elif self._is_edited(href, old):
            self._of_a_person(href, old, new)
        elif new is not None:
            self._written(href, new, slot)
            if _meaning(old) == _meaning(new):
                self.world.fail(f"syncd writes {href} as it was")

    def _written(self, href: str, new: dict[str, Any], slot: SlotStem) -> None:
        self.plain[href] = _texts(new)
        if (new["title"], objects.start_of(new)) != (TITLES[slot.service], slot.start) or new["cancelled"]:
            self.world.fail(f"syncd writes {href}, and not as an open slot")

    def _of_a_person(self, href: str, old: dict[str, Any], new: dict[str, Any] | None) -> None:
        """Nothing but a note in it is changed, and it goes only once its booking's event was written."""
        if new is not None:
            if told(old) != told(new):
                self.world.fail(f"syncd writes {href}, and changes more than the note")
            return
        booked = self.world.asks.booked.get(mail_in(old), [])
        if not booked:
            self.world.fail(f"syncd removes {href}, for which nothing was booked")
        names = [self.world.zimun.now_called(one.id) for one in booked]
        if not any(self.world.oracle.said[name].met or self.world.zimun.bookings[name].cancelled for name in names):
            self.world.fail(f"syncd removes {href}, before its booking's event stood")

    # how it has to end

    def settle(self) -> None:
        """Within some cycles the calendar shows what is open, and is silent then."""
        world = self.world
        if self.is_off:
            return
        # at ten, one and so on: no slot begins in such an hour, nor a day
        local = world.clock.true().astimezone(BERLIN)
        world.clock.passes((3 - (local.hour - 1) % 3) * 3600 + 300 - local.minute * 60 - local.second)
        for _ in range(ROUNDS):
            before = world.shown
            world.cycle(Step("cycle", after=61))
            if world.wrong:
                return
            if world.shown == before and not self._differs() and not self._unanswered():
                break
        else:
            world.fail(self._differs() or self._unanswered() or "the open slots do not come to rest")
            return
        before = world.shown
        for _ in range(2):
            world.cycle(Step("cycle", after=61))
        if world.shown != before:
            world.fail("the open slots do not stay silent")
        self._refused_for_nothing()
        world.trace.append("the config names no calendar of open slots any more")
        self.is_off = True
        world.restart()

    def _differs(self) -> str:
        """What is not shown as it should be; empty where all is."""
        wanted = {(slot.service_id, slot.location_id, slot.start) for slot in self.open_now()}
        stand: Counter[tuple[str, str, datetime]] = Counter()
        edited = set()
        for href, fields in self._events():
            slot = slot_of(href)
            assert slot is not None
            if self._is_edited(href, fields):
                edited.add(tuple(slot))
                continue
            stand[tuple(slot)] += 1
            if objects.start_of(fields) != slot.start or fields["cancelled"] or fields["title"].startswith("⚠"):
                return f"{href} does not stand as an open slot"
        for key in sorted(stand.keys() | wanted):
            worn = self.world.server.kind == "trash" and self.made[SlotStem(*key)] >= GENERATIONS
            if stand[key] > 1 or (key in edited and stand[key]):
                return f"{SlotKey(*key)} is shown twice"
            if key in wanted and key not in edited and not stand[key] and not worn:
                return f"{SlotKey(*key)} is open and not shown"
            if key not in wanted and stand[key]:
                return f"{SlotKey(*key)} is shown and not open"
        return ""

    def _unanswered(self) -> str:
        """Who is written into a slot to come, and neither booked nor told why not."""
        asks = self.world.asks
        for href, fields in self._events():
            start, mail = objects.start_of(fields), mail_in(fields)
            if not mail or fields["cancelled"] or start is None or start <= self.world.clock.true():
                continue
            if fields["title"].startswith("⚠") or href in asks.rejected or (asks.lost and asks.booked.get(mail)):
                continue
            return f"{href} is neither booked nor told why not"
        return ""

    def _refused_for_nothing(self) -> None:
        """Where nothing refused and nobody else wanted that time, whoever is written into a slot is booked."""
        world = self.world
        if not self._honest():
            return
        free = {(slot.service_id, slot.location_id, slot.start): slot for slot in self.open_now()}
        for href, fields in self._events():
            wishes = world.asks.said.get(mail_in(fields), [])
            if not fields["title"].startswith("⚠") or not wishes or href in world.asks.rejected:
                continue
            slot = free.get((wishes[-1].service_id, wishes[-1].location_id, wishes[-1].start or world.clock.true()))
            if slot is None or world.asks.booked.get(mail_in(fields)) or fields["cancelled"]:
                continue
            ever = [one for past in world.zimun.past.values() for _, one in past]
            ever += [held for _, held in world.zimun.holds.values()]
            if not any(
                one.location_id == slot.location_id and one.start < (slot.end or slot.start) and slot.start < one.end
                for one in ever
            ):
                world.fail(f"{href} was refused, and could have been booked: {fields['desc'][:80]}")

    def _honest(self) -> bool:
        """Whether nothing refused or lied, and so little was asked that none of it awaits a word."""
        world = self.world
        faulty = any(step.faults for step in world.history.steps)
        return not (faulty or world.is_lied_to or world.asks.lost) and world.asks.count <= 5


def mail_in(fields: dict[str, Any]) -> str:
    """The customer's address in an event."""
    found = MAIL.search(fields["title"]) or MAIL.search(fields["desc"])
    return found[0] if found is not None else ""


def _texts(fields: dict[str, Any]) -> tuple[str, str, str]:
    title, desc = strip_title(fields["title"])[0], strip_description(fields["desc"])[0]
    return title, fields["place"], desc


def _meaning(fields: dict[str, Any]) -> dict[str, Any]:
    """All that is in it but what shows only who wrote it and when, with times as instants."""
    times = {"from": objects.start_of(fields), "until": objects.start_of({"start": fields["end"]})}
    return {key: each for key, each in fields.items() if key not in ("stamp", "server", "start", "end")} | times
