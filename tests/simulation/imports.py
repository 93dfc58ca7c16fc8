"""Bookings that the operator has syncd take in, in every tenth world, mostly where Zimun's list is closed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from syncd.domain.ids import BookingId
from syncd.domain.request import ImportWanted, Reply
from syncd.engine.byhand import UNKNOWN_BOOKING
from tests.simulation.faults import APPLY
from tests.simulation.history import Step
from tests.simulation.storms import NAMES, pick, step

if TYPE_CHECKING:
    from tests.simulation.world import World

AIMS = tuple((call, kind) for call in ("booking", "create", "changes") for kind in APPLY[call])
KILLS = tuple(f"{when} the commit of {name}" for name in ("reply", "know", "journal") for when in ("before", "after"))
BEFORE = {"book": 6, "unknown": 1, "known again": 1, "move": 1, "cancel": 2, "revive": 2}
AFTERWARDS = {
    "move": 3, "cancel": 3, "revive": 3, "drag": 3, "delete": 2, "hand move": 2, "hand cancel": 1, "hand import": 2,
    "restart": 1, "backup": 1, "restore": 1, "lose": 1,
}  # fmt: skip


def steps_of(random: Random) -> list[Step]:
    """Something happens that syncd is not told of, somebody has it taken in, and life goes on."""
    name = random.choice(NAMES)
    steps = [Step("list closed")] if random.random() < 0.6 else []
    if random.random() < 0.3:
        steps += [step(random, "cancel", name), Step("cycle", after=60), step(random, "revive", name)]
    else:
        steps += [_one(random, BEFORE, name) for _ in range(random.choice((1, 1, 2)))]
    steps.append(step(random, "hand import", name))
    for _ in range(random.choice((1, 2, 3, 5))):
        faults = tuple(random.choice(AIMS) for _ in range(random.choice((0, 0, 0, 1, 2))))
        kill = random.choice(KILLS) if random.random() < 0.1 else 0
        steps.append(Step("cycle", after=random.choice((5, 60, 60, 130, 660)), faults=faults, kill=kill))
        if random.random() < 0.5:
            steps.append(_one(random, AFTERWARDS, name))
    return steps


def _one(random: Random, pool: dict[str, int], name: str) -> Step:
    return step(random, pick(random, pool), name)


@dataclass
class Imports:
    """What syncd said that it takes in, and what must come of it."""

    world: "World"
    taken: set[BookingId] = field(default_factory=set)
    """By the ids that they had then: what becomes of another id is told elsewhere."""
    away: set[BookingId] = field(default_factory=set)
    """Of which Zimun said at last that they are cancelled, or that it does not know them."""
    before_made: set[BookingId] = field(default_factory=set)
    """Which Zimun was asked about when there was no such booking: a customer may make it in the same cycle."""

    def told(self, wanted: ImportWanted, reply: Reply) -> None:
        """The answer to the command: it names each booking once, and is so."""
        fail, zimun = self.world.fail, self.world.zimun
        refused = dict(reply.refused)
        if reply.text != "imported":
            if reply.code == 0 or reply.booking_ids:
                fail(f"an import is told: {reply.code} {reply.text}")
            return
        if sorted([*reply.booking_ids, *refused]) != sorted(wanted.booking_ids):
            fail(f"an import of {wanted.booking_ids} is told of {reply.booking_ids} and {tuple(refused)}")
        for booking_id in reply.booking_ids:
            if zimun.now_called(booking_id) not in zimun.bookings:
                fail(f"{booking_id} is told to be taken in, and there is none")
        for booking_id, why in refused.items():
            booking = zimun.bookings.get(booking_id)
            if booking is None:
                continue
            was = [one for _, one in zimun.past[booking_id]]
            hidden = booking_id in zimun.unknown or self.world.oracle.said[booking_id].vanished
            hidden = hidden or booking_id in self.before_made
            if why == UNKNOWN_BOOKING and not hidden:
                fail(f"{booking_id} is told to be unknown, and Zimun never said so")
            if why == "it is cancelled" and not any(one.cancelled for one in was):
                fail(f"{booking_id} is told to be cancelled, and never was")
        self.takes_in(reply.booking_ids)

    def takes_in(self, booking_ids: Iterable[BookingId]) -> None:
        """syncd says that it knows them; but for one that it was told is gone, in the same cycle."""
        self.taken |= set(booking_ids) - self.away

    def seen(self, booking_id: BookingId) -> None:
        """syncd is told that it is there."""
        self.away.discard(booking_id)

    def gone(self, booking_id: BookingId) -> None:
        """syncd is told that it is cancelled, or not known: what comes after that has to be taken in anew."""
        self.away.add(booking_id)
        self.taken.discard(booking_id)

    def database_lost(self) -> None:
        self.taken.clear()
