"""What may happen to the little world, in any order: for the properties."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from syncd.domain.actions import Action
from syncd.domain.event import Observation
from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from tests.planning import builders as make
from tests.planning.builders import DAY, HOME, HOUR, MINUTE, SIDE, TEN
from tests.planning.world import World

NAMES = ("b1", "b2", "b3", "b4", "b5", "b6")
STARTS = tuple(TEN + 5 * DAY + number * HOUR for number in range(6))


@dataclass(frozen=True)
class Step:
    """One thing that happens: to which booking, and when it is about a time."""

    what: str
    name: str
    to: datetime


PERSON = ("drag", "resize", "delete", "mark", "retitle", "alarm", "transfer", "paste", "replay", "undo")
CUSTOMER = ("move", "cancel", "book", "rename", "place", "staff")
TROUBLE = ("zimun down", "zimun up", "calendar down", "calendars up", "slots down", "not open", "refuses")
TIME = ("minute", "grace", "hours")
SHELL = ("approve", "reject")


def steps(*kinds: tuple[str, ...], most: int = 14) -> st.SearchStrategy[list[Step]]:
    words = [word for kind in kinds for word in kind]
    one = st.builds(Step, st.sampled_from(words), st.sampled_from(NAMES[:5]), st.sampled_from(STARTS))
    return st.lists(one, max_size=most)


def world(count: int = 4, **rules: Any) -> World:
    """Some bookings and their events, at rest, far enough ahead for all that may happen."""
    made = World(make.policy(**rules))
    for number, name in enumerate(NAMES[:count]):
        made.book(name, TEN + 4 * DAY + number * HOUR, location_id="loc_2" if number == 1 else "loc_1")
    made.cycle()
    made.log.clear()
    return made


class Life:
    """Steps, taken one after the other; one that makes no sense at that moment is left out."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.old: dict[str, Observation] = {}
        self.done: list[list[Action]] = []

    def take(self, step: Step) -> None:
        for group in (self._person, self._customer, self._trouble, self._time):
            if group(step):
                return
        self.world.decide(Decision.APPROVED if step.what == "approve" else Decision.REJECTED)

    def calm(self) -> None:
        """All trouble ends, and the graces go by."""
        world = self.world
        world.zimun_up = world.slots_up = True
        world.unreadable.clear()
        for after in (MINUTE, MINUTE, 11 * MINUTE, 11 * MINUTE, MINUTE, MINUTE):
            world.cycle(after)

    def _person(self, step: Step) -> bool:
        world, name = self.world, step.name
        if step.what not in PERSON:
            return False
        if step.what == "undo":
            if name in self.old and world.seen(name) is None:
                world.restore(self.old[name])
            return True
        seen = world.seen(name)
        if seen is None or seen.event is None:
            return True
        if step.what == "replay":
            if name in self.old and self.old[name].key in world.objects:
                world.restore(self.old[name])
            return True
        self.old[name] = seen
        match step.what:
            case "drag":
                world.drag(name, step.to)
            case "resize":
                world.edit(name, end=make.zoned((seen.event.start.instant or step.to) + 3 * HOUR))
            case "delete":
                world.delete(name)
            case "mark":
                world.edit(name, cancelled=True)
            case "retitle":
                world.edit(name, title=f"mine {step.to.hour}")
            case "alarm":
                world.edit(name, extra="VALARM")
            case "transfer" | "paste":
                other = SIDE if seen.calendar == HOME else HOME
                uid = f"pasted-{world.stamp}" if step.what == "paste" else ""
                world.copy(name, other, uid=uid)
                del world.objects[seen.key]
        return True

    def _customer(self, step: Step) -> bool:
        world, name = self.world, step.name
        if step.what not in CUSTOMER:
            return False
        known = world.bookings.get(BookingId(name))
        if step.what == "book":
            if known is None:
                world.book(name, step.to)
        elif known is not None and not known.cancelled:
            changes: dict[str, dict[str, Any]] = {
                "move": {"start": step.to},
                "rename": {"contact_name": f"Bea {step.to.hour}"},
                "place": {"location_id": "loc_2" if known.location_id == "loc_1" else "loc_1"},
                "staff": {"staff_name": "Zoe" if not known.staff_name else ""},
            }
            if step.what == "cancel":
                world.cancel(name)
            else:
                world.change(name, **changes[step.what])
        return True

    def _trouble(self, step: Step) -> bool:
        world = self.world
        match step.what:
            case "zimun down":
                world.zimun_up = False
            case "zimun up":
                world.zimun_up = world.slots_up = True
            case "calendar down":
                world.unreadable.add(SIDE if step.to.hour % 2 else HOME)
            case "calendars up":
                world.unreadable.clear()
            case "slots down":
                world.slots_up = False
            case "not open":
                world.taken = {step.to}
            case "refuses":
                world.refused = {step.to}
            case _:
                return False
        return True

    def _time(self, step: Step) -> bool:
        after = {"minute": MINUTE, "grace": 11 * MINUTE, "hours": 3 * HOUR}.get(step.what)
        if after is not None:
            self.done.append(self.world.cycle(after))
        return after is not None


def lived(world: World, steps: list[Step]) -> Life:
    life = Life(world)
    for step in steps:
        life.take(step)
    return life


def turned(world: World) -> World:
    """The same world with every mapping in another order."""
    other = World(world.policy)
    other.__dict__ |= world.__dict__
    for name in ("bookings", "objects", "links", "known"):
        setattr(other, name, dict(reversed(getattr(world, name).items())))
    return other


def told(world: World, name: str) -> bool:
    """Whether a person can see that something about this booking is not as they left it."""
    link = world.links.get(BookingId(name))
    if any(name in problem.key for problem in world.problems):
        return True
    return link is not None and (link.note is not None or link.awaiting is not None or link.deletion is not None)


def same_print(world: World) -> object:
    """What both sides look like, without tags, stamps and times of writing."""
    return (
        sorted((b.id, b.start, b.end, b.cancelled) for b in world.bookings.values()),
        sorted((k, repr(replace(s.event, fingerprint="")) if s.event else "") for k, s in world.objects.items()),
    )
