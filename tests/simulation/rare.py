"""What seldom happens: deaths where the process seldom comes by, a write that was answered and never stored, one that
arrives late, and an object that is not given.

For a death the process is made to come by, or waits there with it from early on.
"""

from random import Random

from tests.simulation import knots
from tests.simulation.history import Step
from tests.simulation.storms import NAMES, pick, step

SELDOM = {"forget_known": 0.11, "decide_candidate": 0.38, "forget_candidates": 0.4, "keep_openings": 0.02}
"""Transactions that few histories with requests have, and in how many of these the process dies before it, or after."""
RARE_KILLS = tuple(
    f"{when} the commit of {name}"
    for name in (*SELDOM, "begun_by_now", "save_link", "know", "watch_only")
    for when in ("before", "after")
)
"""Where the process dies here, besides the points that histories and storms choose."""
WRITTEN = ("book", "move", "rename", "cancel", "drag", "revive", "staff", "delete", "mark", "move there", "all day")
"""What makes syncd write to a calendar, sooner or later."""


def waiting(random: Random) -> list[Step]:
    """Cycles that doom the process to die at such points, whenever it gets there."""
    points = [(name, random.random() / chance) for name, chance in SELDOM.items()]
    return [_doomed("before" if at < 1 else "after", name) for name, at in points if at < 2]


def steps_of(random: Random, *, asks: bool) -> list[Step]:
    """What leads to one of the others, and the death there."""
    ways = (_changed_before_its_event, _nobody_may_ask) if asks else (_clock_set_back, _shown_again)
    # a customer cannot always be moved
    return random.choices(ways, (3, 2) if asks else (1, 1))[0](random, random.choice(("before", "after")))


def _clock_set_back(random: Random, when: str) -> list[Step]:
    """Calls without an answer, and then it is an hour earlier."""
    back = Step("clock", "", 2 * random.randrange(500))
    lost = tuple((call, "lost") for call in ("reschedule", "replace", "create"))
    acts = [step(random, what, name) for what, name in zip(("drag", "drag", "rename"), NAMES, strict=False)]
    return [*acts, Step("cycle", after=60, faults=lost), back, _doomed(when, "begun_by_now")]


def _shown_again(random: Random, when: str) -> list[Step]:
    """Zimun forgot a booking and shows it again, but what it is cannot be read yet."""
    name = random.choice(NAMES[:3])
    return [
        step(random, "unknown", name),
        Step("cycle", after=60),
        step(random, "known again", name),
        step(random, "restart", name),
        Step("cycle", after=60, faults=(("catalog", "down"),), kill=f"{when} the commit of save_link"),
    ]


def _changed_before_its_event(random: Random, when: str) -> list[Step]:
    """A booking is made for an event of a person's, its own event is refused, and its customer moves it."""
    refused = tuple(("create", "forbidden") for _ in range(4))
    asked = [Step("ask", "", random.randrange(1000)) for _ in range(3)]
    moved = [step(random, "move", f"n{number}") for number in range(1, 9)]
    rests = Step("cycle", after=180, kill=f"{when} the commit of know")
    return [*asked, Step("cycle", after=5), Step("cycle", after=60, faults=refused), *moved, rests]


def _nobody_may_ask(random: Random, when: str) -> list[Step]:
    """The config lets nobody ask for bookings any more, for a while."""
    off, on = step(random, "takers", ""), step(random, "takers", "")
    ask = Step("ask", "", random.randrange(1000))
    return [ask, Step("cycle", after=5), off, _doomed(when, "watch_only"), Step("cycle", after=60), on]


def never_stored(random: Random) -> list[Step]:
    """A booking is made, or more of them; its event is not, whatever syncd was told."""
    made = [step(random, "book", random.choice(NAMES)) for _ in range(random.choice((1, 1, 2)))]
    lost = tuple(("create", "swallowed") for _ in made[: random.choice((1, 2))])
    soon = [step(random, random.choice(("move", "cancel", "lose", "restart", "notes")), random.choice(NAMES))]
    later = Step("cycle", after=random.choice((60, 660, 660, 3700)))
    return [*made, Step("cycle", after=60, faults=lost), *random.choice(([], soon)), later, Step("cycle", after=60)]


def written_late(random: Random) -> list[Step]:
    """A write to a calendar gets no answer, and arrives minutes later, when the world has gone on."""
    steps: list[Step] = []
    for _ in range(random.choice((1, 1, 2))):
        acts = [step(random, random.choice(WRITTEN), random.choice(NAMES[:3])) for _ in range(random.choice((1, 2, 3)))]
        late = tuple((random.choice(("create", "replace", "replace", "remove")), "late") for _ in range(2))
        steps += [*acts, Step("cycle", after=60, faults=late)]
        for _ in range(random.choice((1, 2, 3))):
            since = [pick(random, knots.ACTS) for _ in range(random.choice((0, 1, 1, 2)))]
            steps += [step(random, what, random.choice(NAMES[:3])) for what in since]
            steps.append(Step("cycle", after=random.choice((5, 60, 60, 300, 660))))
    return steps


def not_given(random: Random, *, asks: bool, slots: bool) -> list[Step]:
    """People change things, and one object that a call asks for then is not given to it."""
    acts = [step(random, random.choice(("drag", "line", "put there", "mark")), random.choice(NAMES)) for _ in range(2)]
    acts += [Step(random.choice(("ask", "ask again")), "", random.randrange(1000))] if asks else []
    acts += [Step(random.choice(("slot write", "slot again")), "", random.randrange(1000))] if slots else []
    calls = random.choice((("fetch",), ("read",), ("read", "read"), ("fetch", "read"))) if asks else ("fetch",)
    faults = tuple((call, "withheld") for call in calls)
    later = [Step("cycle", after=after) for after in random.choice(((60,), (60, 60), (660,), (3700,)))]
    return [*acts, Step("cycle", after=random.choice((20, 60)), faults=faults), *later]


def _doomed(when: str, name: str) -> Step:
    return Step("cycle", after=60, kill=f"{when} the commit of {name}")
