"""Regular customers, in every fifth world: many bookings bear one address, where syncd could take one for another."""

from random import Random

from tests.simulation.faults import APPLY, ASKING
from tests.simulation.history import Step
from tests.simulation.storms import NAMES, step

ADDRESSES = ("c1", "c2", "c1", "g1", "g2", "hand1")
"""Whose bookings customers make: two people's, and those who ask by an event, or have somebody ask by hand."""
LOST = dict.fromkeys(("reschedule", "confirm", "hold"), ("lost", "unsure", "late", "down", "limited"))
LOOKS = tuple((call, kind) for call in ("bookings", "booking") for kind in APPLY[call])
MOVES = ("drag", "drag", "hand move", "hand move")
"""What syncd asks Zimun for, which may be lost; a customer's own move needs no call."""


def steps_of(random: Random, *, asks: bool) -> list[Step]:
    """A call gets no answer, and a booking of the same customer stands where its effect would be seen, or elsewhere."""
    return (_requested if asks and random.random() < 0.5 else _moved)(random)


def address(n: int) -> str:
    """The address that a customer gives with the n-th choice."""
    return f"{ADDRESSES[n // 66 % len(ADDRESSES)]}@qzx.example"


def _moved(random: Random) -> list[Step]:
    name, n = random.choice(NAMES), random.randrange(1000)
    others = [
        _at(random, n),
        _at(random, n),
        step(random, "book", random.choice(NAMES)),
        step(random, "cancel", random.choice(NAMES)),
    ]
    steps = [Step(random.choice(MOVES), name, n)]
    steps.append(_lost(random, random.choice(("reschedule", "reschedule", "bookings")), others))
    return steps + _afterwards(random, others, ("move", "cancel", "drag", "hand move", "hand cancel"))


def _requested(random: Random) -> list[Step]:
    n = random.randrange(1000)
    others = [
        _at(random, n),
        _at(random, n),
        step(random, "book", random.choice(NAMES)),
        step(random, "move", f"n{random.randint(1, 3)}"),
    ]
    steps = [Step(random.choice(("ask", "ask", "hand book")), "", n), Step("cycle", after=5)]
    steps += [_lost(random, random.choice(("confirm", "confirm", "hold")), others) for _ in range(2)]
    return steps + _afterwards(random, others, ("ask again", "ask again", "ask away", "hand book"))


def _at(random: Random, n: int) -> Step:
    """Somebody books that very time, as often as not under one of few addresses."""
    return Step("book", random.choice(NAMES), n + 22 * random.randrange(60))


def _lost(random: Random, call: str, others: list[Step]) -> Step:
    kinds = LOST.get(call) or (ASKING.get(call) or APPLY[call])
    faults = tuple((call, random.choice(kinds)) for _ in range(random.choice((1, 1, 2, 4))))
    faults += tuple(random.choice(LOOKS) for _ in range(random.choice((0, 0, 1, 3))))
    meanwhile = ((random.randint(4, 12), random.choice(others)),) if random.random() < 0.4 else ()
    kill = f"{random.choice(('sent', 'done'))} {call}" if random.random() < 0.2 else 0
    return Step("cycle", after=random.choice((30, 60, 130)), faults=faults, meanwhile=meanwhile, kill=kill)


def _afterwards(random: Random, others: list[Step], acts: tuple[str, ...]) -> list[Step]:
    steps: list[Step] = []
    for _ in range(random.choice((1, 2, 3))):
        steps.append(random.choice(others))
        if random.random() < 0.5:
            steps.append(step(random, random.choice(acts), random.choice(NAMES)))
        faults = tuple(random.choice(LOOKS) for _ in range(random.choice((0, 0, 1))))
        steps.append(Step("cycle", after=random.choice((5, 60, 60, 130, 660, 960)), faults=faults))
    return steps
