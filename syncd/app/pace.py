"""How long to wait until the next cycle: the interval, and longer where a side is down or Zimun refuses us."""

from dataclasses import dataclass, replace
from enum import Enum, auto

DOWN_CAP = 300.0
REFUSED_FIRST, REFUSED_CAP = 900.0, 21_600.0
# 2 ** n of a side that was down for a month is no number to multiply with
_MOST_DOUBLINGS = 30


class Outcome(Enum):
    """How a cycle ended, as far as the pace goes."""

    WENT = auto()
    """Both sides answered; what they refused is no reason to come less often."""
    DOWN = auto()
    """A side, the store or syncd itself failed: it may work again soon."""
    REFUSED = auto()
    """Zimun refuses the credentials: a person has to act, and a server may lock an account that knocks too often."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The cycles since things last went well, by how they ended. All times are in seconds."""

    interval: float
    down: int = 0
    refused: int = 0

    @property
    def slowed(self) -> bool:
        """Whether the next cycle comes later than the interval asks for."""
        return bool(self.down or self.refused)

    def after(self, outcome: Outcome) -> "Pace":
        """The pace after one more cycle. One that went is all that it takes to be back at the interval."""
        match outcome:
            case Outcome.WENT:
                return Pace(self.interval)
            case Outcome.DOWN:
                return replace(self, down=self.down + 1, refused=0)
            case Outcome.REFUSED:
                return replace(self, down=0, refused=self.refused + 1)

    def delay(self, retry_after: float, random: float) -> float:
        """From the end of a cycle to the next; never less than the interval, or than a side asked for.

        Down: the interval doubled each time, up to five minutes. Refused: fifteen minutes doubled, up to six hours.
        `random`, from 0 to 1, takes off up to half of the one and a tenth of the other, so that several daemons that
        failed together do not come back together.
        """
        if self.refused:
            wait = min(REFUSED_CAP, REFUSED_FIRST * _doubled(self.refused - 1)) * (1 - random / 10)
        elif self.down:
            wait = min(DOWN_CAP, self.interval * _doubled(self.down)) * (1 - random / 2)
        else:
            wait = self.interval
        return max(wait, self.interval, retry_after)


def _doubled(times: int) -> float:
    return 2.0 ** min(times, _MOST_DOUBLINGS)
