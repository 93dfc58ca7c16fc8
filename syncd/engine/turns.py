"""Whose turn it is, where Zimun lists no bookings and each that syncd knows is looked at by its id."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from syncd.domain.ids import BookingId
from syncd.planning.looks import Turn
from syncd.planning.snapshot import LookBooking
from syncd.state.store import Store

LOOKS = 50
"""So many of which nothing is known to have changed are looked at for each minute since the last cycle.

500 bookings within ten minutes; all of them where a timer runs a cycle now and then.
"""
LEAST = 5
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
        text = store.fact(_TURNS)
        self._most, self._last = json.loads(text) if text is not None else (LOOKS, {})

    @property
    def most(self) -> int:
        """How many are looked at in this cycle besides those that press."""
        return int(self._most) if self._most < LOOKS else LOOKS * self._minutes

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
        """Zimun asked us to wait after so many: the next cycle leaves it time for what else there is to ask."""
        self._most = max(LEAST, answered // 2)

    def speed_up(self) -> None:
        self._most = min(LOOKS, self._most + 1)

    def keep(self) -> None:
        """Remember it, if it is not as it was."""
        text = json.dumps((self._most, self._last))
        if text != (self._store.fact(_TURNS) or json.dumps((LOOKS, {}))):
            self._store.set_fact(_TURNS, text)
