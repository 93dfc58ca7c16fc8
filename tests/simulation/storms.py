"""Storms: several bookings brought into rare cells of the table at once, and then a cycle full of trouble.

Left to chance, some cells and some calls are seen once in a thousand histories, and with a given fault never.
"""

from random import Random

from tests.simulation.faults import APPLY, KILLS
from tests.simulation.history import Aim, Step

AIMS: tuple[Aim, ...] = tuple((method, kind) for method, kinds in APPLY.items() for kind in kinds)
KINDS = tuple(dict.fromkeys(kind for _, kind in AIMS))
EARLY = ("managed", "catalog", "bookings", "changes")
"""Calls whose failure leaves nothing to be decided."""
WRITES = tuple(aim for aim in AIMS if aim[0] in ("reschedule", "create", "replace", "remove"))
"""What goes wrong late in a cycle, so that all of it is decided before."""
SPARSE = tuple(
    aim
    for aim in AIMS
    if aim[1] in ("late", "empty", "partial", "refused", "precondition", "bug", "unsure", "down", "lost")
    and aim[0] not in ("cancel", *EARLY)
)
"""What else is seldom met in the rarest cells."""
ALL_BUT_CANCEL = tuple(aim for aim in AIMS if aim[0] != "cancel")
OFTEN = ("managed", "bookings", "changes", "begin_cycle", "end_cycle", "remember_clock", "observe", "set_fact")
"""Calls and transactions that every cycle has."""
SELDOM = tuple(point for point in KILLS if point.split()[-1] not in OFTEN)
"""Where few cycles come by."""
COMMITS = tuple(point for point in KILLS if "commit" in point)

ROWS = {
    "same": (), "moved": ("move",), "cancelled": ("cancel",), "missing": ("unknown",), "lives again": ("revive",),
}  # fmt: skip
"""What customers and Zimun do, by the row of the table that it leads to."""
ROW_WEIGHTS = {"same": 3, "moved": 4, "cancelled": 3, "missing": 6, "lives again": 1}

KIND_WEIGHTS = {
    "late": 7.0, "bug": 1.5, "unsure": 1.3, "empty": 1.5, "partial": 1.5, "expired": 1.5, "down": 0.7, "lost": 0.5,
    "malformed": 0.5,
}  # fmt: skip
"""Kinds that are rare otherwise, for they fit few calls; and those that come by themselves."""

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

HEALS = (
    "known again", "mend", "mend", "calendars up", "zimun up", "undelete", "unmark", "approve", "reject", "restart",
)  # fmt: skip
NAMES = ("b1", "b2", "b3", "b4", "b5", "b6")
MANY, FEW = (6, 9, 14), (1, 1, 2, 4)
"""How many faults a cycle gets; where there are few, some of its calls have their effect."""


def storm(random: Random) -> list[Step]:
    """Some steps: what was wrong before mostly ends, then comes one of the storms."""
    steps = [_step(random, what, random.choice(NAMES)) for what in ("calendars up", "zimun up")]
    steps += random.choices((_table, _wishes, _deletions, _closed), (24, 4, 10, 1))[0](random)
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
    acts += [_step(random, what, random.choice(NAMES)) for what in ("book", "rename", "drag", "drag", "drag", "drag")]
    random.shuffle(acts)
    steps += acts
    aims = random.choice((WRITES, SPARSE, SPARSE, ALL_BUT_CANCEL, ALL_BUT_CANCEL, ALL_BUT_CANCEL))
    unseen = random.random() < 0.45
    kills = random.choice((KILLS, COMMITS, SELDOM, SELDOM))
    steps.append(_troubled(random, random.choice((5, 30, 60, 300)), aims, kills, MANY, unseen=unseen))
    if random.random() < 0.7:
        steps.append(_troubled(random, random.choice((660, 660, 1300)), aims, kills, MANY, unseen=unseen))
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
    kills = tuple(point for point in KILLS if point.split()[-1] in ("find", "cancel", "answer"))
    many = random.choice((1, 2, 2, 5))
    steps = [_step(random, random.choice(("delete", "delete", "mark")), name) for name in random.sample(NAMES, many)]
    steps.append(Step("cycle", after=random.choice((30, 60))))
    if random.random() < 0.2:
        steps.append(_step(random, "clock", random.choice(NAMES)))
    steps.append(_troubled(random, random.choice((120, 660, 660)), aims, kills))
    steps.append(_step(random, random.choice(("approve", "approve", "reject")), random.choice(NAMES)))
    steps.append(_troubled(random, random.choice((60, 660)), aims, kills))
    return steps


def _closed(random: Random) -> list[Step]:
    """Several events are dragged, and Zimun takes no change: what was not begun is dropped."""
    steps = [_step(random, "drag", name) for name in NAMES]
    points = tuple(point for point in KILLS if point.endswith("of drop"))
    steps.append(Step("cycle", after=60, faults=(("reschedule", "forbidden"),), kill=random.choice(points)))
    return steps


def _troubled(
    random: Random,
    after: int,
    aims: tuple[Aim, ...],
    kills: tuple[str, ...],
    many: tuple[int, ...] = FEW,
    *,
    unseen: bool = False,
) -> Step:
    """A cycle with some of these faults. `unseen`: and with a list in which some bookings cannot be read."""
    kinds = tuple(dict.fromkeys(kind for _, kind in aims))
    weights = [KIND_WEIGHTS.get(kind, 1.0) for kind in kinds]
    chosen = dict.fromkeys(random.choices(kinds, weights, k=random.choice(many)))
    faults = tuple(_aim(random, aims, kind) for kind in chosen)
    if unseen:
        faults += (("bookings", "malformed"),)
    kill = random.choice(kills) if random.random() < 0.5 else 0
    return Step("cycle", after=after, faults=faults, kill=kill)


def _aim(random: Random, aims: tuple[Aim, ...], kind: str) -> Aim:
    """Where that kind strikes; mostly not where it leaves nothing to be decided."""
    fit = [aim for aim in aims if aim[1] == kind]
    later = [aim for aim in fit if aim[0] not in EARLY]
    return random.choice(later if later and random.random() < 0.8 else fit)


def _step(random: Random, what: str, name: str) -> Step:
    return Step(what, name, random.randrange(1000))


def _one(random: Random, weights: dict[str, int]) -> str:
    return random.choices(list(weights), list(weights.values()))[0]
