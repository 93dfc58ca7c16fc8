"""When a daemon is killed: at a moment of its life, right at a request, or when it writes its database."""

import asyncio
import contextlib
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.crashes.ground import Ground, Life, until
from tests.crashes.people import Act, some_act
from tests.crashes.witness import Witness
from tests.ten.bender import CUT, Ask, Onward, Reply

PATIENCE, CYCLES = 3.5, 4
"""For so many seconds, and so many cycles of a busy machine, a death may wait for its request; then it comes anyway."""
KINDS = (
    ("POST reschedule", 6, ("drag",)), ("POST cancel", 4, ("delete",)), ("PUT", 6, ("book", "move", "drag nowhere")),
    ("DELETE", 4, ("cancel",)), ("REPORT", 2, ()), ("PROPFIND", 1, ()), ("GET event", 1.5, ("delete",)),
    ("GET booking", 1.5, ("drag",)), ("GET list", 1.5, ()), ("GET availability", 1, ("drag",)), ("POST token", 0.5, ()),
)  # fmt: skip
MOMENTS = {"lost on its way": 2, "before its effect": 2, "after its effect": 3, "after its answer": 3}


def kind_of(ask: Ask) -> str:
    """What a request is, as the table of deaths has it."""
    path = ask.path.split("?")[0]
    if ask.method == "POST":
        return "POST " + path.rsplit("/", 1)[1]
    if ask.method != "GET":
        return ask.method
    if path.endswith(".ics"):
        return "GET event"
    if path.endswith("/appointments"):
        return "GET list"
    return "GET booking" if re.search(r"/appointments/[^/]+$", path) else "GET " + path.rsplit("/", 1)[1]


@dataclass(frozen=True)
class Death:
    """`how`: "time", "commit", or one of MOMENTS at the `nth` request of a kind. `after`: seconds, for the first."""

    how: str
    kind: str = ""
    nth: int = 1
    after: float = 0.0
    fresh: bool = False


@dataclass(frozen=True)
class Chapter:
    """One life: what people do before it and in it, and how it ends."""

    before: tuple[Act, ...]
    during: tuple[Act, ...]
    death: Death


def story(seed: int, number: int) -> list[Chapter]:
    """So many lives; a longer story of the same seed begins with the shorter one."""
    return [_chapter(random.Random(f"{seed} {each}")) for each in range(number)]


def _chapter(rng: random.Random) -> Chapter:
    how = rng.choices(("time", "commit", "request"), (25, 20, 55))[0]
    fitting: tuple[str, ...] = ()
    if how == "time":
        fresh = rng.random() < 0.3
        # the imports of a fresh interpreter take half a second: nothing but a start can be hit in it
        death = Death(how, after=rng.uniform(0.3, 1.8) if fresh else rng.uniform(0, 1.2), fresh=fresh)
    elif how == "commit":
        death = Death(how, nth=rng.randint(1, 15), after=rng.choice((0, 0, 0.002)))
    else:
        kind, _, fitting = rng.choices(KINDS, [weight for _, weight, _ in KINDS])[0]
        moment = rng.choices(list(MOMENTS), list(MOMENTS.values()))[0]
        nth = rng.choice((1, 1, 1, 2, 3)) if kind in ("PUT", "REPORT", "PROPFIND") else 1
        death = Death(moment, kind, nth, rng.choice((0, 0, 0.001, 0.003, 0.01)))
    before = [some_act(rng) for _ in range(rng.randint(0, 3))]
    before += [some_act(rng, *fitting) for _ in range(death.nth if fitting else 0)]
    during = []
    for _ in range(rng.randint(0, 2)):
        act = some_act(rng)
        during.append(Act(act.what, act.who, act.n, rng.uniform(0.02, 0.9)))
    return Chapter(tuple(before), tuple(during), death)


@dataclass
class Reaper:
    """Stands between syncd and both sides. Whom it kills, and where it was then, is in `deaths`."""

    ground: Ground
    witness: Witness
    deaths: Counter[str] = field(default_factory=Counter)
    left_open: int = 0
    _death: Death | None = None
    _life: Life | None = None
    _left: int = 0
    _last: str = ""
    _under_way: Counter[str] = field(default_factory=Counter)
    _dead: asyncio.Event = field(default_factory=asyncio.Event)

    async def bend(self, ask: Ask, onward: Onward) -> Reply:
        """One request of syncd."""
        kind, life = kind_of(ask), self._life
        self._under_way[kind] += 1
        try:
            death = self._meant(kind)
            before = await self.witness.arrives(ask)
            if death in ("lost on its way", "before its effect"):
                self._kill(f"{kind}, {death}")
                if death == "lost on its way":
                    return CUT
            reply = await onward(ask)
            self.witness.answered(ask, reply, before)
            if death == "after its effect":
                self._kill(f"{kind}, {death}")
                return CUT
        finally:
            self._under_way[kind] -= 1
        if life is self._life:
            self._last = kind
        if death == "after its answer":
            assert self._death is not None
            asyncio.get_running_loop().call_later(self._death.after, self._kill, f"{kind}, {death}")
        return reply

    async def reap(self, life: Life, death: Death) -> None:
        """Let it live until its death."""
        self._life, self._death, self._left, self._last = life, death, death.nth, ""
        self._under_way.clear()
        self._dead.clear()
        if death.how == "time":
            await asyncio.sleep(death.after)
            self._kill(self._where("at its time"))
        elif death.how == "commit":
            await self._commits(life, death)
        else:
            there = self.ground.cycles() + CYCLES
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._dead.wait()
            await until(
                lambda: self._dead.is_set() or not life.running or self.ground.cycles() >= there, "a few cycles"
            )
        self._kill(self._where("nothing came of what was waited for"))
        assert await life.end() == -9, f"it ended by itself: {life.log.read_text()[-2000:]}"
        self._life = self._death = None
        self.left_open += bool(self.ground.rows("SELECT 1 FROM intents WHERE closed_at IS NULL"))

    async def _commits(self, life: Life, death: Death) -> None:
        """Until the database was written so often."""
        journal = self.ground.state.with_name("state.db-wal")
        seen, deadline = 0, asyncio.get_running_loop().time() + PATIENCE
        changed = _changed(journal)
        while seen < death.nth and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.0005)
            if (now := _changed(journal)) != changed:
                seen, changed = seen + 1, now
        if seen == death.nth:
            await asyncio.sleep(death.after)
            self._kill(self._where("at a write of the database"))

    def _meant(self, kind: str) -> str:
        """The moment of this request at which death comes; empty where it does not."""
        if self._death is None or self._death.kind != kind:
            return ""
        self._left -= 1
        return self._death.how if not self._left else ""

    def _kill(self, where: str) -> None:
        if self._life is not None and self._death is not None and self._life.running:
            self._life.kill()
            self.witness.seq(f"killed: {where}")
            self.deaths[where] += 1
            self._death = None
            self._dead.set()

    def _where(self, how: str) -> str:
        under_way = sorted(+self._under_way)
        phase = f"in {under_way[0]}" if under_way else f"after {self._last}" if self._last else "before any request"
        return f"{how}: {phase}"


def _changed(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_mtime_ns, status.st_size
