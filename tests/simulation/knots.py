"""Knots: whatever can happen to one booking, all within a few cycles.

Left to chance two rare things seldom meet at one booking, as a copy of its event and a calendar that leaves the config.
"""

from random import Random

from tests.simulation.history import Aim, Step
from tests.simulation.storms import AIMS, NAMES, pick, step

ACTS = {
    "drag": 3, "delete": 2, "undelete": 1, "copy": 1, "paste": 1, "move there": 1, "move away": 1, "put there": 1,
    "take away": 1, "mark": 1, "unmark": 1, "replay": 1, "overwrite": 1, "repeat": 1, "all day": 1, "line": 1,
    "resize": 1, "garble": 1, "mend": 1, "foreign": 1,
    "move": 3, "cancel": 1, "revive": 1, "rename": 1, "staff": 1, "place of it": 1, "longer": 1,
    "unknown": 1, "known again": 1, "no single": 1, "zimun down": 1, "zimun up": 1, "calendar down": 1,
    "calendar gone": 1, "calendars up": 1, "calendar lags": 1, "clock": 1,
    "server copies": 1, "server sets back": 1, "server empties": 1,
    "approve": 1, "reject": 1, "restart": 1, "backup": 1, "restore": 1, "lose": 1, "config": 1, "leave": 2,
    "return": 1, "hand move": 1, "hand cancel": 1,
}  # fmt: skip
WAITS = (5, 60, 60, 60, 60, 300, 660, 660, 1300)


def steps_of(random: Random) -> list[Step]:
    """Three to seven cycles, and before each of them an act or two, mostly on the same booking."""
    name = random.choice(NAMES[:3])
    steps: list[Step] = []
    for _ in range(random.randint(3, 7)):
        for _ in range(random.choice((1, 1, 1, 2))):
            what = pick(random, ACTS)
            steps.append(step(random, what, name if random.random() < 0.85 else random.choice(NAMES[:3])))
        if random.random() < 0.85:
            steps.append(_cycle(random))
    return steps


def _cycle(random: Random) -> Step:
    aims: tuple[Aim, ...] = tuple(random.choice(AIMS) for _ in range(random.choice((0, 0, 0, 1, 1, 2))))
    kill = random.randint(1, 25) if random.random() < 0.1 else 0
    return Step("cycle", after=random.choice(WAITS), faults=aims, kill=kill)
