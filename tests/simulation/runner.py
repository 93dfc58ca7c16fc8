"""Run histories, find the smallest that fails in the same way, and tell it in lines."""
# ruff: noqa: T201 - a command talks by printing

import sys
import traceback
from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.history import History, parts, without
from tests.simulation.steps import make
from tests.simulation.world import World


@dataclass
class Result:
    """What came of one history."""

    history: History
    wrong: str = ""
    trace: list[str] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)
    events: int = 0


def run(history: History) -> Result:
    world = World(history)
    try:
        world.run()
    except Exception as error:
        world.fail(f"the simulation broke: {error!r}\n" + "".join(traceback.format_exception(error)[-5:]))
    return Result(history, world.wrong[0] if world.wrong else "", world.trace, world.reached, world.events)


def kind_of(wrong: str) -> str:
    """What sort of violation it is, without the names and times in it."""
    words = wrong.split("\n")[0].split(": ")[0].split()
    return " ".join(word for word in words if not any(letter.isdigit() for letter in word))


def shrunk(history: History, wrong: str, tries: int = 600) -> History:
    """The history without all that can be left out and still fails so."""
    kind, best = kind_of(wrong), history
    size = len(best.steps) // 2
    while size >= 2 and tries > 0:
        at = 0
        while at < len(best.steps) and tries > 0:
            tries -= 1
            cut = History(best.seed, best.setup, best.steps[:at] + best.steps[at + size :])
            if kind_of(run(cut).wrong) == kind:
                best = cut
            else:
                at += size
        size //= 2
    again = True
    while again and tries > 0:
        again = False
        for at, part in reversed(parts(best)):
            tries -= 1
            if tries <= 0:
                break
            cut = without(best, at, part)
            if kind_of(run(cut).wrong) == kind:
                best, again = cut, True
    return best


def story(history: History) -> str:
    """A failing history as lines."""
    result = run(history)
    told = [f"seed {history.seed}, {history.setup}", *result.trace, f"=> {result.wrong}"]
    return "\n".join(told)


def seed(number: int) -> Result:
    return run(make(number))


if __name__ == "__main__":
    print(story(make(int(sys.argv[1]))))
