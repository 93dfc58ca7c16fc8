"""Whose turn it is, where Zimun lists no bookings and each that syncd knows is looked at by its id."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from syncd.domain.ids import BookingId
from syncd.planning.looks import Turn
from syncd.planning.snapshot import LookBooking
from syncd.state.store import Store

LOOKS = 50
"""So many of which nothing is known to have changed are looked at in a cycle, and for each minute since the last one.

500 bookings within ten minutes; all of them where a timer runs a cycle now and then.
"""
LEAST = 5
SPEED_UP = 8
"""By such a part there are more again in each cycle: a limit that stays as it is, is met about one time in seven."""
MINUTE = timedelta(minutes=1)
_TURNS = "looks_in_turn"


class Turns:
    """Behind which booking the next cycle goes on, and with how many: fewer where Zimun asks us to wait.

    Kept in the store, for a cycle may be a process of its own. Where all were asked for, nothing is to be kept.
    """

    def __init__(self, store: Store, now: datetime) -> None:
        self._store = store
        last = store.remembered_clock()
        self._minutes = max(1, (now - last[0]) // MINUTE) if last is not None else 1
        self._kept = store.fact(_TURNS) or json.dumps((None, {}))
        self._limit, self._last = json.loads(self._kept)

    @property
    def most(self) -> int:
        """How many are looked at in this cycle besides those that press; 0 where these may need all that there is."""
        return self._all if self._limit is None else min(self._limit, self._all)

    @property
    def _all(self) -> int:
        return LOOKS * self._minutes

    def in_order(self, when: Turn, questions: Iterable[LookBooking]) -> list[LookBooking]:
        """From behind the last one on. What is over is asked for from the first to the last, and is done then."""
        last = BookingId(self._last.get(when.value, ""))
        ordered = sorted(questions, key=lambda question: (question.booking_id <= last, question.booking_id))
        return [one for one in ordered if when is not Turn.LOOK_BACK or one.booking_id > last]

    def reached(self, when: Turn, order: Sequence[LookBooking], count: int) -> bool:
        """The first `count` of that order had their turn. Whether these were all."""
        if count == len(order):
            if when is Turn.LOOK_BACK:
                self._last.pop(when.value, None)
            return True
        if count:
            self._last[when.value] = order[count - 1].booking_id
        return False

    def slow_down(self, answered: int) -> None:
        """Zimun asked us to wait after so many: the next cycle leaves it time for what else there is to ask.

        Where even the fewest are too many, they have their turn in every other cycle.
        """
        few = LEAST if self._limit == 0 else 0
        self._limit = answered // 2 if answered // 2 >= LEAST else few

    def speed_up(self) -> None:
        """All that was asked for was answered, and there was more."""
        if self._limit is not None:
            more = self._limit + max(1, self._limit // SPEED_UP)
            self._limit = max(LEAST, more) if more < self._all else None

    def keep(self) -> None:
        """Remember it, if it is not as it was."""
        text = json.dumps((self._limit, self._last))
        if text != self._kept:
            self._store.set_fact(_TURNS, text)
            self._kept = text
