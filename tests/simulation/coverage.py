"""What a run reached: cells of the planner's table, faults, kill points, each cell with each fault; and what it missed.

A cell counts once for a booking in a cycle, however many rounds of planning the cycle has. It counts with each fault
that happened in that cycle, before it was decided or between the decision and its record, and with the point at which
the process died in it.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import product
from typing import get_args

from syncd.planning.sides import BookingSide, EventSide
from tests.simulation.faults import APPLY, ASKING, ASKING_KILLS, KILLS
from tests.simulation.hand import HAND_KILLS
from tests.simulation.rare import RARE_KILLS

Cell = tuple[type, type]

CELLS = tuple(product(get_args(BookingSide), get_args(EventSide)))
KINDS = tuple(dict.fromkeys(kind for kinds in APPLY.values() for kind in kinds))


class Decided:
    """The cells that were decided in one history, each with what went wrong in that cycle."""

    def __init__(self, reached: Counter[str]) -> None:
        self._reached = reached
        self._cells: Counter[Cell] = Counter()
        self._pairs: Counter[tuple[Cell, str]] = Counter()
        self._now: set[tuple[str, Cell]] = set()

    def cycle_begins(self) -> None:
        self._now = set()

    def cell(self, booking_id: str, zimun: object, event: object) -> None:
        """A pair is decided."""
        self._now.add((booking_id, (type(zimun), type(event))))

    def cycle_ends(self, faults: Iterable[str], killed_at: str) -> None:
        """These faults happened in the cycle, before a decision or between it and its record; "" for no death."""
        kinds = tuple(faults)
        for _, here in self._now:
            self._cells[here] += 1
            for kind in kinds:
                self._pairs[here, kind] += 1
            if killed_at:
                self._reached[f"cell then kill: {_name(here)}, {killed_at}"] += 1

    def end(self) -> None:
        """Count it all."""
        for here, count in self._cells.items():
            self._reached[f"cell: {_name(here)}"] += count
        for (here, fault), count in self._pairs.items():
            self._reached[f"cell with fault: {_name(here)}, {fault}"] += count


def table(reached: Counter[str], *, pairs: bool) -> str:
    """One line each, the rarest first."""
    lines = []
    for group in ("cell", "fault", "kill", "why", "step"):
        rows = _rows(reached, group)
        lines.append(f"{group}s: {len(rows)}")
        lines += [f"  {count:>9}  {name}" for count, name in rows]
    for group in ("cell with fault", "cell then kill"):
        rows = _rows(reached, group)
        lines.append(f"{group}: {len(rows)} pairs; the rarest {rows[0][0] if rows else 0} times")
        lines += [f"  {count:>9}  {name}" for count, name in rows if pairs]
    return "\n".join(lines)


def missed(reached: Counter[str], floor: int) -> list[str]:
    """What was reached less often than that: one line each."""
    wanted = [f"cell: {_name(cell)}" for cell in CELLS]
    wanted += [f"fault: {kind} in {method}" for method, kinds in {**APPLY, **ASKING}.items() for kind in kinds]
    wanted += [f"kill: {point}" for point in (*KILLS, *ASKING_KILLS, *HAND_KILLS, *RARE_KILLS)]
    wanted += [f"cell with fault: {_name(cell)}, {kind}" for cell in CELLS for kind in KINDS]
    return [f"{reached[name]:>9}  {name}" for name in wanted if reached[name] < floor]


def _rows(reached: Counter[str], group: str) -> list[tuple[int, str]]:
    found = [
        (count, name.removeprefix(f"{group}: ")) for name, count in reached.items() if name.startswith(f"{group}: ")
    ]
    return sorted(found)


def _name(cell: Cell) -> str:
    zimun, event = cell
    return f"{zimun.__name__} × {event.__name__}"
