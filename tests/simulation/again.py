"""Some want a booking again whose event went, or want it where it is though its event was dragged away."""

from random import Random

from tests.simulation.faults import APPLY
from tests.simulation.history import Aim, Step
from tests.simulation.storms import AIMS, NAMES

WENT = ("delete", "delete", "delete", "mark", "drag", "drag")
MEANWHILE = ("delete", "delete", "undelete", "mark", "drag", "drag", "cancel", "move", "approve", "line")
CALLS = tuple((call, kind) for call in ("reschedule", "cancel", "booking", "bookings") for kind in APPLY[call])
WAITS = (5, 20, 40, 60, 60, 130, 300, 660)


def steps_of(random: Random, *, asks: bool) -> list[Step]:
    """What is done to the event and who wants the booking come in either order, with a cycle or two between."""
    name = random.choice((*NAMES[:3], "n1")) if asks else random.choice(NAMES[:3])
    wants = ("write anew", "write anew", "hand book again", "hand stay") if asks else ("hand book again", "hand stay")
    acts = [Step(random.choice(WENT), name, random.randrange(1000)) for _ in range(random.choice((1, 1, 2)))]
    acts += [Step(random.choice(wants), name, random.randrange(1000)) for _ in range(random.choice((1, 1, 1, 2)))]
    random.shuffle(acts)
    steps: list[Step] = []
    for act in acts:
        steps.append(act)
        if random.random() < 0.7:
            steps.append(_cycle(random, name))
    for _ in range(random.choice((1, 2, 3))):
        steps.append(_cycle(random, name))
        if random.random() < 0.4:
            what = random.choice((*MEANWHILE, "ask away")) if asks else random.choice(MEANWHILE)
            steps.append(Step(what, name, random.randrange(1000)))
    return [*steps, Step("cycle", after=660)]


def _cycle(random: Random, name: str) -> Step:
    faults: tuple[Aim, ...] = tuple(random.choice((*CALLS, *AIMS)) for _ in range(random.choice((0, 0, 0, 1, 2))))
    kill = random.randint(1, 25) if random.random() < 0.1 else 0
    act = Step(random.choice(MEANWHILE), name, random.randrange(1000))
    meanwhile = ((random.randint(4, 14), act),) if random.random() < 0.2 else ()
    return Step("cycle", after=random.choice(WAITS), faults=faults, meanwhile=meanwhile, kill=kill)
