"""A history: what happens, in order, as values that JSON keeps; and what can be taken out of it."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

WRITES, SLOTS, SHELF = 100, 200, 300
"""A call's number beyond these: the nth write to a calendar, look at open slots, or call to their calendar."""
Aim = tuple[int | str, str]
"""When a fault strikes, by the number of the call in its cycle or by the name of the next one; and which."""


@dataclass(frozen=True)
class Step:
    """One thing that happens: to which booking, and `n` for what else is to be chosen.

    A cycle has the seconds since the last (`after`), faults as (number of the call, which), what others do just before
    a call as (number of the call, step), and the number of the point at which the process is killed, 0 for none. A
    fault can also be aimed at the next call of that name, and a kill at the next point of that name, in this cycle or
    a later one.
    """

    what: str
    name: str = ""
    n: int = 0
    after: int = 0
    faults: tuple[Aim, ...] = ()
    meanwhile: tuple[tuple[int, "Step"], ...] = ()
    kill: int | str = 0

    def __str__(self) -> str:
        if self.what != "cycle":
            return " ".join(part for part in (self.what, self.name, str(self.n)) if part)
        parts = [f"cycle after {self.after} s"]
        parts += [f"{f'call {at}' if isinstance(at, int) else f'next {at}'}: {kind}" for at, kind in self.faults]
        parts += [f"before {_turn(at)}: {step}" for at, step in self.meanwhile]
        parts += [f"killed at {f'point {self.kill}' if isinstance(self.kill, int) else self.kill}"] if self.kill else []
        return "; ".join(parts)


def _turn(at: int) -> str:
    if at < WRITES:
        return f"call {at}"
    if at < SLOTS:
        return f"write {at - WRITES}"
    return f"look at slots {at - SLOTS}" if at < SHELF else f"call about slots' events {at - SHELF}"


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
