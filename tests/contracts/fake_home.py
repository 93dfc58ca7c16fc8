"""A home on the simulation's calendars, as each kind of server that they can be."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from syncd.ports import CalendarPort
from tests.contracts.home import Etags, Traits, Trouble
from tests.simulation import objects, steps
from tests.simulation.calendars import HOME, PRIVATE, ROOM, SIDE, FakeAccount, FakeCalendar
from tests.simulation.steps import History
from tests.simulation.world import World

_FAULTS = {
    Trouble.WRITES_LOST: "unsure", Trouble.ANSWERS_LOST: "lost", Trouble.READS_LOST: "lost", Trouble.DOWN: "down",
    Trouble.LIMITED: "limited", Trouble.LOGIN: "login", Trouble.FORBIDDEN: "forbidden",
}  # fmt: skip


class FakeTexts:
    """The simulation's objects, as its people leave them."""

    def foreign(self, uid: str) -> str:
        fields = {
            "uid": uid, "bid": "", "title": "Dentist", "place": "", "desc": "", "rrule": False, "cancelled": False,
            "extra": [], "stamp": "", "start": ["20300301T120000Z", ""], "end": ["20300301T130000Z", ""],
        }  # fmt: skip
        return objects.write(fields)

    def ours(self, booking_id: str, uid: str) -> str:
        return _with(self.foreign(uid), bid=booking_id, title="Haircut")

    def copied(self, booking_id: str, uid: str) -> str:
        return _with(self.foreign(uid), title="Haircut", desc=f"Dana\nBooking: {booking_id}")

    def retitled(self, data: str, title: str) -> str:
        return _with(data, title=title)

    def coloured(self, data: str) -> str:
        return _with(data, extra=[*objects.read(data)["extra"], "turquoise"])

    def is_coloured(self, data: str) -> bool:
        return "turquoise" in objects.read(data)["extra"]

    def cancelled(self, data: str) -> str:
        return _with(data, cancelled=True)

    def repeated(self, data: str) -> str:
        return _with(data, rrule=True)

    def timed(self, data: str, value: str, tzid: str) -> str:
        return _with(data, start=[value, tzid], end=[value, tzid])

    def damaged(self, data: str) -> str:
        return _with(data, broken=True)

    def unreadable(self, data: str) -> str:
        return self.damaged(data)


class FakeHome:
    """`kind` is what sort of server the simulation's shall be."""

    def __init__(self, kind: str, traits: Traits) -> None:
        self.world = World(History(0, plain_setup() | {"server": kind}))
        self.traits = traits
        self.texts = FakeTexts()
        self.account = FakeAccount(self.world)

    async def managed(self, number: int = 0) -> CalendarPort:
        return FakeCalendar(self.world, (HOME, SIDE)[number])

    async def private(self) -> str:
        return PRIVATE

    async def missing(self) -> CalendarPort:
        self.world.server.calendars[ROOM].gone = True
        return FakeCalendar(self.world, ROOM)

    def put(self, url: str, name: str, data: str) -> None:
        self.world.server.put(url, self._href(url, name), data, "person")

    def delete(self, url: str, name: str) -> None:
        self.world.server.delete(url, self._href(url, name), "person")

    def rebuild(self, url: str) -> None:
        old = self.world.server.calendars[url]
        old.objects.clear()
        old.changes.clear()
        old.put_at.clear()
        old.states.clear()
        old.revision = 0

    def close(self, url: str) -> None:
        self.world.server.calendars[url].down = True

    def withhold(self, href: str, *, withheld: bool = True) -> None:
        for url in (HOME, SIDE):
            (set.add if withheld else set.discard)(self.world.server.calendars[url].withheld, href)

    def trouble(self, trouble: Trouble) -> None:
        make_trouble(self.world, trouble)

    def _href(self, url: str, name: str) -> str:
        return self.world.server.calendars[url].path(name)


@contextmanager
def fake_home(kind: str, traits: Traits) -> Iterator[FakeHome]:
    home = FakeHome(kind, traits)
    try:
        yield home
    finally:
        home.world.store.close()


def make_trouble(world: World, trouble: Trouble) -> None:
    """The world gives each fault to one call, and one call is all that a test makes in trouble."""
    world.faults.cycle_begins(() if trouble is Trouble.NONE else ((0, _FAULTS[trouble]),))


def plain_setup() -> dict[str, Any]:
    """A history's setup in which Zimun does nothing out of the way."""
    return {key: False if isinstance(value, bool) else value for key, value in steps.make(0).setup.items()}


def _with(data: str, **changes: Any) -> str:
    return objects.write(objects.read(data) | changes)


KINDS = {
    "plain": Traits(),
    "weak": Traits(Etags.WEAK),
    "no etags": Traits(Etags.NONE),
    "content": Traits(),
    "rewrites": Traits(restates=True),
    "no tokens": Traits(tokens=False),
    "trash": Traits(revives=False),
    "unique": Traits(shares=False),
    "vendor zones": Traits(restates=True),
}
"""Each kind of server of the simulation. Which real one it is modelled on stands in README.md beside this file."""
