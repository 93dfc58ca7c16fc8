"""What people do with the events of open slots, and when."""

from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from syncd.domain.booking import Booking, Status
from syncd.domain.ids import BookingId
from tests.simulation import objects
from tests.simulation.asks import Wish
from tests.simulation.calendars import OPEN
from tests.simulation.faults import APPLY, ASKING, ASKING_KILLS
from tests.simulation.history import SHELF, Step
from tests.simulation.openings import Openings, mail_in, slot_of
from tests.simulation.storms import pick
from tests.simulation.zimun import BERLIN, MINUTE

if TYPE_CHECKING:
    from tests.simulation.world import World

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


def steps_of(random: Random) -> list[Step]:
    """Some people write into slots, change their minds or not, and trouble comes."""
    steps = [Step("cycle", after=random.choice((60, 310)))]
    for _ in range(random.choice((1, 2, 2, 3))):
        steps += [_act(random) for _ in range(random.choice((1, 1, 2, 3, 7)))]
        for _ in range(random.choice((1, 2, 3))):
            faults = tuple(random.choice(AIMS) for _ in range(random.choice((0, 0, 1, 1, 2))))
            meanwhile = ((SHELF + random.randint(1, 12), _act(random)),) if random.random() < 0.3 else ()
            kill = random.choice(KILLS) if random.random() < 0.3 else 0
            after = random.choice((20, 60, 60, 310, 660))
            steps.append(Step("cycle", after=after, faults=faults, meanwhile=meanwhile, kill=kill))
        if random.random() < 0.2:
            steps.append(Step(random.choice(TROUBLE), "", random.randrange(1000)))
    return steps


def _act(random: Random) -> Step:
    return Step(pick(random, ACTS), "", random.randrange(1000))


class SlotPeople:
    def __init__(self, world: "World", openings: Openings) -> None:
        self.world = world
        self.openings = openings
        self.near = ""
        """The event that syncd's last look there was about."""
        self.count = 0

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
        title, place, desc = self.openings.plain[href]
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
        slots = self.openings.open_now()
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
            for href, fields in self.openings.events()
            if edited is None or self.openings.is_edited(href, fields) is edited
        ]
        near = [one for one in there if step.name == one[0]]
        if not there:
            return None
        return near[0] if near else there[step.n // 7 % len(there)]

    def _when(self, n: int) -> datetime | None:
        slots = self.openings.open_now()
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
        asks.changed(OPEN, href, fields)
        self.world.server.put(OPEN, href, objects.write(fields | {"stamp": f"o{self.world.seq}"}), "person")

    def _path(self, name: str) -> str:
        return self.world.server.calendars[OPEN].path(name)
