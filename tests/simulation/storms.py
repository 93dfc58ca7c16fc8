"""Storms: several bookings brought into rare cells of the table at once, and then a cycle full of trouble.

Left to chance, some cells and some calls are seen once in a thousand histories, and with a given fault never.
"""

from collections.abc import Mapping
from random import Random

from tests.simulation.faults import APPLY, KILLS
from tests.simulation.history import Aim, Step

AIMS: tuple[Aim, ...] = tuple((method, kind) for method, kinds in APPLY.items() for kind in kinds)
EARLY = ("managed", "catalog", "bookings", "changes")
"""Calls whose failure leaves nothing to be decided."""

ROWS = {
    "same": (), "moved": ("move",), "cancelled": ("cancel",), "missing": ("unknown",), "lives again": ("revive",),
}  # fmt: skip
"""What customers and Zimun do, by the row of the table that it leads to."""
ROW_WEIGHTS = {"same": 2, "moved": 12, "cancelled": 6, "missing": 17, "lives again": 1}
"""Higher where few of the acts come off, and where a cell soon becomes another, so that no cell is much rarer."""

KIND_WEIGHTS = {
    "late": 8.5, "absent": 1.6, "bug": 1.8, "gone": 1.5, "forbidden": 1.4, "refused": 1.4, "uid": 1.6, "unsure": 1.3,
    "precondition": 1.6, "down": 1.25, "lost": 1.1, "limited": 1.3, "login": 1.6, "empty": 1.0, "partial": 1.0,
    "stale": 0.8, "expired": 0.85, "malformed": 0.1,
}  # fmt: skip
"""So that each kind comes about as often as the others: some fit few calls, and one comes by itself."""

COLUMNS = {
    "same": (), "moved": ("drag",), "unbookable": ("all day", "odd zone", "repeat"), "replayed": ("replay",),
    "transferred": ("move there",), "twice": ("put there",), "elsewhere": ("move away",), "gone": ("delete",),
    "marked": ("mark",), "parked": ("garble",), "unseen": ("calendar down", "calendar gone"),
}  # fmt: skip
"""What the staff and their server do, by the column."""
COLUMN_WEIGHTS = {
    "same": 1, "moved": 6, "unbookable": 11, "replayed": 15, "transferred": 28, "twice": 1, "elsewhere": 8, "gone": 13,
    "marked": 1, "parked": 10, "unseen": 1,
}  # fmt: skip

HEALS = (
    "known again", "mend", "mend", "calendars up", "zimun up", "undelete", "unmark", "approve", "reject", "restart",
)  # fmt: skip
NAMES = ("b1", "b2", "b3", "b4", "b5", "b6")


def storm(random: Random) -> list[Step]:
    """Some steps: what was wrong before mostly ends, then comes one of the storms."""
    steps = [step(random, what, random.choice(NAMES)) for what in ("calendars up", "zimun up")]
    steps += random.choices((_table, _wishes, _deletions, _closed, _stale), (26, 4, 9, 1, 1))[0](random)
    steps += [step(random, what, random.choice(NAMES)) for what in random.sample(HEALS, 3)]
    steps.append(Step("cycle", after=random.choice((60, 660))))
    return steps


def _table(random: Random) -> list[Step]:
    """An old version is made, each booking is brought somewhere, and the trouble comes."""
    # a drag takes a booking out of its cell: those that are dragged have none
    others = random.sample(NAMES[:4], 2)
    cells = {name: (pick(random, ROW_WEIGHTS), pick(random, COLUMN_WEIGHTS)) for name in NAMES if name not in others}
    # what a stale client may write back is what syncd replaced: it has to write first
    steps = [
        step(random, random.choice(("rename", "longer")), name)
        for name, (_, column) in cells.items()
        if column == "replayed"
    ]
    if steps:
        steps.append(Step("cycle", after=random.choice((30, 60))))
    acts = [
        step(random, random.choice(done), name)
        for name, (row, column) in cells.items()
        for done in (ROWS[row], COLUMNS[column])
        if done
    ]
    # so that each call of a port is called for
    acts += [step(random, "drag", name) for name in others]
    acts += [step(random, what, random.choice(others)) for what in ("rename", "book")]
    random.shuffle(acts)
    steps += acts
    unseen = (("bookings", "malformed"),) if random.random() < 0.5 else ()
    steps.append(_troubled(random, random.choice((5, 30, 60, 300)), _of_all_kinds(random) + unseen, KILLS))
    if random.random() < 0.7:
        steps.append(_troubled(random, random.choice((660, 660, 1300)), _of_all_kinds(random) + unseen, KILLS))
    return steps


def _wishes(random: Random) -> list[Step]:
    """Several events are dragged; then again, for what Zimun may not be asked for a while."""
    aims = tuple(aim for aim in AIMS if aim[0] in ("slots", "booking", "reschedule", "replace"))
    kills = tuple(point for point in KILLS if point.split()[-1] in ("slots", "booking", "reschedule", "drop"))
    steps: list[Step] = []
    for _ in range(2):
        steps += [step(random, "drag", name) for name in random.sample(NAMES, 3)]
        steps.append(_troubled(random, random.choice((30, 60, 120)), _few(random, aims), kills))
    return steps


def _deletions(random: Random) -> list[Step]:
    """Events are deleted, their graces end, and what awaits a word gets one."""
    aims = tuple(aim for aim in AIMS if aim[0] in ("find", "booking", "cancel"))
    kills = tuple(point for point in KILLS if point.split()[-1] in ("find", "cancel", "answer"))
    many = random.choice((1, 2, 2, 5))
    steps = [step(random, random.choice(("delete", "delete", "mark")), name) for name in random.sample(NAMES, many)]
    steps.append(Step("cycle", after=random.choice((30, 60))))
    if random.random() < 0.2:
        steps.append(step(random, "clock", random.choice(NAMES)))
    steps.append(_troubled(random, random.choice((120, 660, 660)), _few(random, aims), kills))
    steps.append(step(random, random.choice(("approve", "approve", "reject")), random.choice(NAMES)))
    steps.append(_troubled(random, random.choice((60, 660)), _few(random, aims), kills))
    return steps


def _closed(random: Random) -> list[Step]:
    """Several events are dragged, and Zimun takes no change: what was not begun is dropped."""
    steps = [step(random, "drag", name) for name in NAMES]
    points = tuple(point for point in KILLS if point.endswith("of drop"))
    steps.append(Step("cycle", after=60, faults=(("reschedule", "forbidden"),), kill=random.choice(points)))
    return steps


def _stale(random: Random) -> list[Step]:
    """Customers move, syncd follows, and clients that missed it edit what they know."""
    steps = [step(random, random.choice(("move", "move", "drag")), name) for name in NAMES]
    steps.append(_troubled(random, 60, _few(random, AIMS), KILLS))
    steps += [step(random, random.choice(("overwrite", "overwrite", "replay", "drag")), name) for name in NAMES]
    steps.append(_troubled(random, random.choice((5, 60)), _few(random, AIMS), KILLS))
    return steps


def _troubled(random: Random, after: int, faults: tuple[Aim, ...], kills: tuple[str, ...]) -> Step:
    """A cycle with these faults, and sometimes the end of the process."""
    return Step("cycle", after=after, faults=faults, kill=random.choice(kills) if random.random() < 0.5 else 0)


def _few(random: Random, aims: tuple[Aim, ...]) -> tuple[Aim, ...]:
    """Few of these, so that some calls have their effect."""
    return tuple(random.sample(aims, random.choice((1, 1, 2, 4))))


def _of_all_kinds(random: Random) -> tuple[Aim, ...]:
    """Many kinds; each mostly where it leaves something to be decided."""
    kinds = dict.fromkeys(random.choices(list(KIND_WEIGHTS), list(KIND_WEIGHTS.values()), k=random.choice((8, 11, 14))))
    return tuple(_aim(random, kind) for kind in kinds)


def _aim(random: Random, kind: str) -> Aim:
    """At some call that can have this kind of fault, but for `cancel`: it comes after a grace, in `_deletions`."""
    fit = [method for method, kinds in APPLY.items() if kind in kinds and method != "cancel"]
    later = [method for method in fit if method not in EARLY]
    return random.choice(later if later and random.random() < 0.7 else fit), kind


def step(random: Random, what: str, name: str) -> Step:
    return Step(what, name, random.randrange(1000))


def pick(random: Random, weights: Mapping[str, int]) -> str:
    return random.choices(list(weights), list(weights.values()))[0]
