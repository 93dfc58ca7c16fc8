"""SIGTERM at one request of the daemon: the moment that the daemon is in then is known exactly."""

import asyncio
import signal
from dataclasses import dataclass, field

from tests.crashes.ground import Ground, Life
from tests.crashes.reaper import kind_of
from tests.crashes.witness import Witness
from tests.ten.bender import CUT, Ask, Onward, Reply

A_MOMENT = 0.4


@dataclass(frozen=True)
class Phase:
    """Where in the cycle: at the first request of that kind while intents are open, or while none is.

    `moment`: when it "arrives", or when it "has happened". `answer`: whether its answer comes, a moment after the
    signal, or never. `killed_at`: the life before was killed right after the effect of such a request, so there is
    something to settle.
    """

    name: str
    kind: str
    moment: str = "arrives"
    answer: bool = True
    journalled: bool = False
    killed_at: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.kind} {self.moment}, {'answered' if self.answer else 'never answered'}"


@dataclass
class Hand:
    """Stands between syncd and both sides. Sends one signal, to the life that it was given, at one request."""

    ground: Ground
    witness: Witness
    struck: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process has ended: nothing of a request that waited is handed on after that."""
    _life: Life | None = None
    _number: int = signal.SIGTERM
    _phase: Phase | None = None

    def aim(self, life: Life, phase: Phase, number: int = signal.SIGTERM) -> None:
        self.struck.clear()
        self.gone.clear()
        self._life, self._phase, self._number = life, phase, number

    async def bend(self, ask: Ask, onward: Onward) -> Reply:
        """One request of syncd."""
        phase = self._phase
        before = await self.witness.arrives(ask)
        meant = phase is not None and kind_of(ask) == phase.kind and self._journalled() == phase.journalled
        if phase is not None and meant and phase.moment == "arrives" and not await self._go_on(phase):
            return CUT
        reply = await onward(ask)
        self.witness.answered(ask, reply, before)
        if phase is not None and meant and phase.moment == "has happened" and not await self._go_on(phase):
            return CUT
        return reply

    async def _go_on(self, phase: Phase) -> bool:
        """Send the signal; whether the request goes on, a moment later."""
        if self.struck.is_set():
            return True  # several are under way at once: one signal
        assert self._life is not None
        self.witness.seq(f"signal {self._number}: {phase}")
        self.struck.set()
        self._life.signal(self._number)
        if not phase.answer:
            await self.gone.wait()
            return False
        await asyncio.sleep(A_MOMENT)
        return True

    def _journalled(self) -> bool:
        return bool(self.ground.rows("SELECT 1 FROM intents WHERE closed_at IS NULL"))
