"""The history that one seed makes: stretches of everything at random, and storms."""

from collections.abc import Callable
from functools import partial
from random import Random

from tests.simulation import again, asks, hand, imports, knots, losses, rare, regulars, slot_people
from tests.simulation.faults import KILLS
from tests.simulation.history import SLOTS, WRITES, Aim, History, Step
from tests.simulation.storms import AIMS, NAMES, pick, storm

STAFF = {
    "drag": 30, "resize": 4, "delete": 14, "undelete": 7, "copy": 4, "paste": 3, "retitle": 4, "line": 5, "place": 2,
    "alarm": 5, "dismiss": 4, "mark": 5, "unmark": 3, "put there": 6, "take away": 6, "move there": 4, "all day": 2,
    "repeat": 2, "odd zone": 2, "floating": 3, "rezone": 3, "replay": 5, "foreign": 3, "garble": 1, "mend": 2,
    "overwrite": 3,
}  # fmt: skip
CUSTOMERS = {
    "book": 6, "move": 12, "cancel": 6, "rename": 3, "notes": 2, "staff": 3, "place of it": 3, "revive": 2, "longer": 2,
}  # fmt: skip
TROUBLE = {
    "zimun down": 2, "zimun up": 3, "calendar down": 2, "calendar gone": 1, "calendars up": 4, "slots down": 1,
    "no single": 1, "calendar lags": 1, "clock": 1, "reboot": 1, "unknown": 1, "known again": 1,
}  # fmt: skip
OPERATOR = {"approve": 4, "reject": 3, "restart": 2, "backup": 2, "restore": 1, "lose": 1, "config": 3}
FAULTS = {
    "down": 5, "lost": 8, "unsure": 4, "limited": 2, "forbidden": 2, "login": 1, "refused": 3, "precondition": 3,
    "uid": 1, "expired": 3, "gone": 1, "absent": 3, "empty": 3, "partial": 3, "stale": 4, "malformed": 2, "bug": 1,
    "late": 4,
}  # fmt: skip
WAITS = (5, 30, 60, 60, 60, 60, 120, 300, 660, 660, 1300, 3700)
LIES = ("empty", "partial", "stale", "refused", "absent", "uid")
"""After these what syncd knows may be wrong until the next full listing."""
SERVERS = (
    "plain", "plain", "plain", "weak", "no etags", "content", "rewrites", "no tokens", "trash", "unique",
    "vendor zones",
)  # fmt: skip


def make(seed: int) -> History:
    """The history of a seed."""
    random = Random(seed)
    setup = {
        "bookings": random.choice((3, 4, 5, 6)),
        "conflict": random.choice(("zimun", "zimun", "calendar")),
        "deletions": random.choice(("cancel", "cancel", "cancel", "ask", "restore")),
        "max_cancellations": random.choice((1, 2, 5, 5)),
        "max_moves": random.choice((1, 2, 10, 10)),
        "server": random.choice(SERVERS),
        "far": random.choice((0, 0, 900)),
        "reassigns": random.choice((False, False, True)),
        "renames": random.random() < 0.15,
        "undated": random.random() < 0.2,
        "file": random.random() < 0.1,
    }
    mood = random.choice(((6, 3, 1, 1), (8, 1, 0, 0), (3, 6, 1, 1), (5, 3, 3, 2), (5, 4, 1, 3)))
    pools = [(STAFF, mood[0]), (CUSTOMERS, mood[1]), (TROUBLE, mood[2]), (OPERATOR, mood[3])]
    troubled = random.choice((0.0, 0.1, 0.3, 0.6))
    stormy = random.choice((0.0, 0.8, 0.9, 1.0, 1.0))
    steps: list[Step] = [Step("cycle", after=5)]
    length = random.choice((10, 10, 20, 20, 20, 30, 40, 50, 90))
    while len(steps) < length:
        if random.random() < stormy:
            steps += storm(random)
            continue
        for _ in range(random.randint(4, 16)):
            often = random.random() < 0.4
            steps.append(_cycle(random, troubled, pools) if often else _any(random, pools))
    if random.random() < 0.08:
        steps.insert(random.randrange(len(steps)), Step("list closed"))
    # by numbers of their own: the other histories stay as they are
    random = Random(f"asks {seed}")
    if random.random() < 0.25:
        setup["asks"] = True
        for _ in range(random.choice((1, 2, 4))):
            _put_in(random, steps, asks.steps_of)
    random = Random(f"slots {seed}")
    if setup.get("asks") and random.random() < 0.5:
        setup["slots"] = True
        for _ in range(random.choice((1, 2, 4))):
            _put_in(random, steps, slot_people.steps_of)
    random = Random(f"slow {seed}")
    if setup.get("asks") and random.random() < 0.5:
        _put_in(random, steps, asks.in_a_slow_cycle)
    random = Random(f"rare {seed}")
    if random.random() < (0.5 if setup.get("asks") else 0.15):
        _put_in(random, steps, partial(rare.steps_of, asks=setup.get("asks", False)))
    if setup.get("asks"):
        steps[1:1] = rare.waiting(random)
        for _ in range(random.choice((0, 1, 2, 5))):
            steps.insert(random.randint(len(steps) // 3, len(steps)), asks.to_what_came_of_it(random))
    random = Random(f"hand {seed}")
    if random.random() < 0.2:
        for _ in range(random.choice((1, 2, 4))):
            _put_in(random, steps, hand.steps_of)
    random = Random(f"config {seed}")
    if random.random() < 0.15:
        for _ in range(random.choice((1, 2))):
            at = random.randint(1, len(steps))
            left = random.choice((2, 5, 10, 20))
            steps.insert(at, Step("leave", "", random.randrange(1000)))
            if random.random() < 0.7:
                steps.insert(min(at + left, len(steps)), Step("return"))
    random = Random(f"future {seed}")
    if random.random() < 0.1:
        setup["future_days"] = random.choice((1, 5, 5, 6))
    random = Random(f"regulars {seed}")
    if random.random() < 0.2:
        setup["regulars"] = True
        for _ in range(random.choice((1, 2, 3))):
            _put_in(random, steps, partial(regulars.steps_of, asks=setup.get("asks", False)))
    random = Random(f"imports {seed}")
    if random.random() < 0.1:
        for _ in range(random.choice((1, 1, 2))):
            _put_in(random, steps, imports.steps_of)
    random = Random(f"blind {seed}")
    if random.random() < 0.05:
        _put_in(random, steps, hand.blindly)
    random = Random(f"swallowed {seed}")
    if random.random() < 0.08:
        _put_in(random, steps, rare.never_stored)
    random = Random(f"late {seed}")
    if random.random() < 0.08:
        _put_in(random, steps, rare.written_late)
    random = Random(f"losses {seed}")
    if random.random() < 0.06:
        _put_in(random, steps, losses.steps_of)
    random = Random(f"knots {seed}")
    if random.random() < 0.15:
        for _ in range(random.choice((1, 1, 2))):
            _put_in(random, steps, knots.steps_of)
    random = Random(f"withheld {seed}")
    if random.random() < 0.1:
        asking, slots = setup.get("asks", False), setup.get("slots", False)
        for _ in range(random.choice((1, 1, 2))):
            _put_in(random, steps, partial(rare.not_given, asks=asking, slots=slots))
    random = Random(f"again {seed}")
    if random.random() < (0.25 if setup.get("asks") else 0.08):
        for _ in range(random.choice((1, 1, 2))):
            _put_in(random, steps, partial(again.steps_of, asks=setup.get("asks", False)))
    return History(seed, setup, tuple(steps))


def _put_in(random: Random, steps: list[Step], made: Callable[[Random], list[Step]]) -> None:
    """Some more steps, one after the other, somewhere among those that there are."""
    at = random.randint(1, len(steps))
    steps[at:at] = made(random)


def _any(random: Random, pools: list[tuple[dict[str, int], int]]) -> Step:
    pool = random.choices([pool for pool, _ in pools], [weight for _, weight in pools])[0]
    return _one(random, pool)


def _one(random: Random, pool: dict[str, int]) -> Step:
    what = pick(random, pool)
    return Step(what, random.choice(NAMES), random.randrange(1000))


def _cycle(random: Random, troubled: float, pools: list[tuple[dict[str, int], int]]) -> Step:
    after = random.choice(WAITS)
    faults: list[Aim] = []
    meanwhile: list[tuple[int, Step]] = []
    kill: int | str = 0
    if random.random() < troubled:
        for _ in range(random.choice((1, 1, 2, 3))):
            faults.append((_early(random), pick(random, FAULTS)))
    if random.random() < troubled / 5:
        faults.append(random.choice(AIMS))
    if random.random() < 0.25:
        group, pool = random.choice(
            ((0, STAFF), (0, CUSTOMERS), (WRITES, STAFF), (WRITES, CUSTOMERS), (SLOTS, CUSTOMERS))
        )
        at = group + random.choice((1, 1, 1, 2, 3)) if group else _early(random)
        meanwhile = [(at, _one(random, pool))]
    if random.random() < troubled / 3:
        kill = random.choice(KILLS) if random.random() < 0.5 else random.randint(1, random.choice((10, 30, 60)))
    return Step("cycle", after=after, faults=tuple(faults), meanwhile=tuple(meanwhile), kill=kill)


def _early(random: Random) -> int:
    return random.randint(1, random.choice((4, 8, 14, 22)))
