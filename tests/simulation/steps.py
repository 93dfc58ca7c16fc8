"""A history: what happens, in order, as values that one seed makes and JSON keeps."""

import json
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

STAFF = {
    "drag": 30, "resize": 4, "delete": 14, "undelete": 7, "copy": 4, "paste": 3, "retitle": 4, "line": 5, "place": 2,
    "alarm": 5, "dismiss": 4, "mark": 5, "unmark": 3, "put there": 6, "take away": 6, "move there": 4, "all day": 2,
    "repeat": 2, "odd zone": 2, "floating": 3, "rezone": 3, "replay": 6, "foreign": 3, "garble": 1, "mend": 2,
}  # fmt: skip
CUSTOMERS = {
    "book": 6, "move": 12, "cancel": 6, "rename": 3, "notes": 2, "staff": 3, "place of it": 3, "revive": 2, "longer": 2,
}  # fmt: skip
TROUBLE = {
    "zimun down": 2, "zimun up": 3, "calendar down": 2, "calendar gone": 1, "calendars up": 4, "slots down": 1,
    "no single": 1, "calendar lags": 1, "clock": 1,
}  # fmt: skip
OPERATOR = {"approve": 4, "reject": 3, "restart": 2, "backup": 2, "restore": 1, "lose": 1}
FAULTS = {
    "down": 5, "lost": 8, "unsure": 4, "limited": 2, "forbidden": 2, "login": 1, "refused": 3, "precondition": 3,
    "uid": 1, "expired": 3, "gone": 1, "absent": 3, "empty": 3, "partial": 3, "stale": 4, "malformed": 2, "bug": 1,
}  # fmt: skip
WAITS = (5, 30, 60, 60, 60, 60, 120, 300, 660, 660, 1300, 3700)
LIES = ("empty", "partial", "stale", "refused", "absent", "uid")
"""After these what syncd knows may be wrong until the next full listing."""
WRITES, SLOTS = 100, 200
"""A call's number beyond these: the nth write to a calendar, the nth look at open slots."""
NAMES = ("b1", "b2", "b3", "b4", "b5", "b6")


@dataclass(frozen=True)
class Step:
    """One thing that happens: to which booking, and `n` for what else is to be chosen.

    A cycle has the seconds since the last (`after`), faults as (number of the call, which), what others do just before
    a call as (number of the call, step), and the number of the point at which the process is killed, 0 for none.
    """

    what: str
    name: str = ""
    n: int = 0
    after: int = 0
    faults: tuple[tuple[int, str], ...] = ()
    meanwhile: tuple[tuple[int, "Step"], ...] = ()
    kill: int = 0

    def __str__(self) -> str:
        if self.what != "cycle":
            return " ".join(part for part in (self.what, self.name, str(self.n)) if part)
        parts = [f"cycle after {self.after} s"]
        parts += [f"call {at}: {kind}" for at, kind in self.faults]
        parts += [f"before call {at}: {step}" for at, step in self.meanwhile]
        parts += [f"killed at point {self.kill}"] if self.kill else []
        return "; ".join(parts)


@dataclass(frozen=True)
class History:
    """A world's rules and servers, and what happens in it."""

    seed: int
    setup: dict[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    def dump(self) -> str:
        return json.dumps({"seed": self.seed, "setup": self.setup, "steps": [_plain(step) for step in self.steps]})


def load(text: str) -> History:
    raw = json.loads(text)
    return History(raw["seed"], raw["setup"], tuple(_step(each) for each in raw["steps"]))


def make(seed: int) -> History:
    """The history of a seed."""
    random = Random(seed)
    setup = {
        "bookings": random.choice((2, 3, 4, 5)),
        "conflict": random.choice(("zimun", "zimun", "calendar")),
        "deletions": random.choice(("cancel", "cancel", "cancel", "ask", "restore")),
        "max_cancellations": random.choice((1, 2, 5, 5)),
        "max_moves": random.choice((1, 2, 10, 10)),
        "server": random.choice(
            (
                "plain",
                "plain",
                "plain",
                "weak",
                "no etags",
                "content",
                "rewrites",
                "no tokens",
                "trash",
                "unique",
                "vendor zones",
            )
        ),
        "far": random.choice((0, 0, 900)),
        "reassigns": random.choice((False, False, True)),
    }
    mood = random.choice(((6, 3, 1, 1), (8, 1, 0, 0), (3, 6, 1, 1), (5, 3, 3, 2), (5, 4, 1, 3)))
    pools = [(STAFF, mood[0]), (CUSTOMERS, mood[1]), (TROUBLE, mood[2]), (OPERATOR, mood[3])]
    troubled = random.choice((0.0, 0.1, 0.3, 0.6))
    steps: list[Step] = [Step("cycle", after=5)]
    for _ in range(random.randint(50, 130)):
        if random.random() < 0.45:
            steps.append(_cycle(random, troubled, pools))
        else:
            steps.append(_any(random, pools))
    return History(seed, setup, tuple(steps))


def _any(random: Random, pools: list[tuple[dict[str, int], int]]) -> Step:
    pool = random.choices([pool for pool, _ in pools], [weight for _, weight in pools])[0]
    return _one(random, pool)


def _one(random: Random, pool: dict[str, int]) -> Step:
    what = random.choices(list(pool), list(pool.values()))[0]
    return Step(what, random.choice(NAMES[:5]), random.randrange(1000))


def _cycle(random: Random, troubled: float, pools: list[tuple[dict[str, int], int]]) -> Step:
    after = random.choice(WAITS)
    faults: list[tuple[int, str]] = []
    meanwhile: list[tuple[int, Step]] = []
    kill = 0
    if random.random() < troubled:
        for _ in range(random.choice((1, 1, 2, 3))):
            faults.append((_early(random), random.choices(list(FAULTS), list(FAULTS.values()))[0]))
    if random.random() < 0.25:
        group, pool = random.choice(
            ((0, STAFF), (0, CUSTOMERS), (WRITES, STAFF), (WRITES, CUSTOMERS), (SLOTS, CUSTOMERS))
        )
        at = group + random.choice((1, 1, 1, 2, 3)) if group else _early(random)
        meanwhile = [(at, _one(random, pool))]
    if random.random() < troubled / 3:
        kill = random.randint(1, random.choice((10, 30, 60)))
    return Step("cycle", after=after, faults=tuple(sorted(faults)), meanwhile=tuple(meanwhile), kill=kill)


def _early(random: Random) -> int:
    return random.randint(1, random.choice((4, 8, 14, 22)))


def parts(history: History) -> list[tuple[int, str]]:
    """All that can be taken out of a history: each step, and within a cycle each fault, meanwhile and the kill."""
    found = []
    for at, step in enumerate(history.steps):
        found.append((at, "step"))
        found += [(at, f"fault {n}") for n in range(len(step.faults))]
        found += [(at, f"meanwhile {n}") for n in range(len(step.meanwhile))]
        if step.kill:
            found.append((at, "kill"))
    return found


def without(history: History, at: int, part: str) -> History:
    """The history without that part of its step."""
    steps = list(history.steps)
    step = steps[at]
    kind, _, number = part.partition(" ")
    if kind == "step":
        del steps[at]
    elif kind == "fault":
        steps[at] = replace(step, faults=_cut(step.faults, int(number)))
    elif kind == "meanwhile":
        steps[at] = replace(step, meanwhile=_cut(step.meanwhile, int(number)))
    else:
        steps[at] = replace(step, kill=0)
    return replace(history, steps=tuple(steps))


def _cut(items: tuple[Any, ...], number: int) -> tuple[Any, ...]:
    return items[:number] + items[number + 1 :]


def _plain(step: Step) -> dict[str, Any]:
    plain: dict[str, Any] = {"what": step.what}
    plain |= {name: value for name in ("name", "n", "after", "kill") if (value := getattr(step, name))}
    if step.faults:
        plain["faults"] = [list(each) for each in step.faults]
    if step.meanwhile:
        plain["meanwhile"] = [[at, _plain(inner)] for at, inner in step.meanwhile]
    return plain


def _step(raw: dict[str, Any]) -> Step:
    return Step(
        raw["what"],
        raw.get("name", ""),
        raw.get("n", 0),
        raw.get("after", 0),
        tuple((at, kind) for at, kind in raw.get("faults", ())),
        tuple((at, _step(inner)) for at, inner in raw.get("meanwhile", ())),
        raw.get("kill", 0),
    )
