"""Storms: several bookings brought into rare cells of the table at once, and then a cycle full of trouble.

Left to chance, some cells and some calls are seen once in a thousand histories, and with a given fault never.
"""

from random import Random

from tests.simulation.faults import APPLY, KILLS
from tests.simulation.history import Aim, Step

AIMS: tuple[Aim, ...] = tuple((method, kind) for method, kinds in APPLY.items() for kind in kinds)
KINDS = tuple(dict.fromkeys(kind for _, kind in AIMS))
OFTEN = ("managed", "bookings", "changes", "begin_cycle", "end_cycle", "remember_clock", "observe", "set_fact")
"""Calls and transactions that every cycle has."""
SELDOM = tuple(point for point in KILLS if point.split()[-1] not in OFTEN)
"""Where few cycles come by."""

ROWS = {
    "same": (), "moved": ("move",), "cancelled": ("cancel",), "missing": ("unknown",), "lives again": ("revive",),
}  # fmt: skip
"""What customers and Zimun do, by the row of the table that it leads to."""
ROW_WEIGHTS = {"same": 3, "moved": 4, "cancelled": 3, "missing": 6, "lives again": 1}

COLUMNS = {
    "same": (), "moved": ("drag",), "unbookable": ("all day", "odd zone", "repeat"), "replayed": ("replay",),
    "transferred": ("move there",), "twice": ("put there",), "elsewhere": ("move away",), "gone": ("delete",),
    "marked": ("mark",), "parked": ("garble",), "unseen": ("calendar down", "calendar gone"),
}  # fmt: skip
"""What the staff and their server do, by the column."""
COLUMN_WEIGHTS = {
    "same": 1, "moved": 4, "unbookable": 4, "replayed": 5, "transferred": 7, "twice": 1, "elsewhere": 4, "gone": 3,
    "marked": 1, "parked": 3, "unseen": 1,
}  # fmt: skip

HEALS = ("known again", "mend", "mend", "calendars up", "zimun up", "undelete", "unmark", "approve", "reject")
NAMES = ("b1", "b2", "b3", "b4", "b5")


def storm(random: Random) -> list[Step]:
    """Some steps: what was wrong before mostly ends, then comes one of the storms."""
    steps = [_step(random, what, random.choice(NAMES)) for what in ("calendars up", "zimun up")]
    steps += random.choice((_table, _table, _table, _table, _wishes, _deletions))(random)
    steps += [_step(random, what, random.choice(NAMES)) for what in random.sample(HEALS, 3)]
    steps.append(Step("cycle", after=random.choice((60, 660))))
    return steps


def _table(random: Random) -> list[Step]:
    """An old version is made, each booking is brought somewhere, and the trouble comes."""
    steps: list[Step] = []
    columns = {name: _one(random, COLUMN_WEIGHTS) for name in NAMES}
    replayed = [name for name, column in columns.items() if column == "replayed"]
    if replayed:
        # what a stale client may write back is what syncd replaced: it has to write first
        steps += [_step(random, random.choice(("rename", "longer", "move")), name) for name in replayed]
        steps.append(Step("cycle", after=random.choice((30, 60))))
    acts = [
        _step(random, random.choice(done), name)
        for name, column in columns.items()
        for done in (COLUMNS[column], ROWS[_one(random, ROW_WEIGHTS)])
        if done
    ]
    # so that each call of a port is called for
    acts += [_step(random, what, random.choice(NAMES)) for what in ("book", "rename", "drag", "drag")]
    random.shuffle(acts)
    steps += acts
    aims = tuple(aim for aim in AIMS if aim[0] != "cancel")
    kills = KILLS if random.random() < 0.3 else SELDOM
    steps.append(_troubled(random, random.choice((5, 30, 60, 300)), aims, kills))
    if random.random() < 0.4:
        steps.append(_troubled(random, random.choice((660, 660, 1300)), aims, kills))
    return steps


def _wishes(random: Random) -> list[Step]:
    """Several events are dragged; then again, for what Zimun may not be asked for a while."""
    aims = tuple(aim for aim in AIMS if aim[0] in ("slots", "booking", "reschedule", "replace"))
    kills = tuple(point for point in KILLS if point.split()[-1] in ("slots", "booking", "reschedule", "drop"))
    steps: list[Step] = []
    for _ in range(2):
        steps += [_step(random, "drag", name) for name in random.sample(NAMES, 3)]
        steps.append(_troubled(random, random.choice((30, 60, 120)), aims, kills))
    return steps


def _deletions(random: Random) -> list[Step]:
    """Events are deleted, their graces end, and what awaits a word gets one."""
    aims = tuple(aim for aim in AIMS if aim[0] in ("find", "booking", "cancel"))
    kills = tuple(point for point in KILLS if point.split()[-1] in ("find", "cancel", "cancel", "answer", "remove"))
    many = random.choice((1, 2, 2, 5))
    steps = [_step(random, random.choice(("delete", "delete", "mark")), name) for name in random.sample(NAMES, many)]
    steps.append(Step("cycle", after=random.choice((30, 60))))
    if random.random() < 0.2:
        steps.append(_step(random, "clock", random.choice(NAMES)))
    steps.append(_troubled(random, random.choice((120, 660, 660)), aims, kills))
    steps.append(_step(random, random.choice(("approve", "approve", "reject")), random.choice(NAMES)))
    steps.append(_troubled(random, random.choice((60, 660)), aims, kills))
    return steps


def _troubled(random: Random, after: int, aims: tuple[Aim, ...], kills: tuple[str, ...]) -> Step:
    chosen = random.sample(KINDS, random.choice((3, 5, 7)))
    faults = tuple(random.choice(fit) for kind in chosen if (fit := [aim for aim in aims if aim[1] == kind]))
    kill = random.choice(kills) if random.random() < 0.5 else 0
    return Step("cycle", after=after, faults=faults, kill=kill)


def _step(random: Random, what: str, name: str) -> Step:
    return Step(what, name, random.randrange(1000))


def _one(random: Random, weights: dict[str, int]) -> str:
    return random.choices(list(weights), list(weights.values()))[0]
