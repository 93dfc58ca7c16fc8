"""How the commands print: plain tables as wide as the terminal, no colour where nobody sees it.

All texts are taken literally, their control characters made visible. In a pipe nothing is wrapped: a row is a line.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.console import Console
from rich.table import Table
from rich.text import Text

from syncd.app.logs import escape

_ENDLESS = 10_000
STYLES = {"ok": "green", "good": "green", "warn": "yellow", "fail": "bold red", "failed": "bold red"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `fold`: it may be broken into lines where the terminal is narrow. `least`: its smallest width then."""

    title: str
    fold: bool = False
    least: int = 12


Cell = str | Text


def console() -> Console:
    """Where results go: stdout as it is now."""
    return _console(stderr=False)


def err_console() -> Console:
    return _console(stderr=True)


def heading(to: Console, text: str) -> None:
    """A line over a table, set apart from what is above."""
    to.print()
    to.print(Text(escape(text), style="bold"))


def line(to: Console, text: str, style: str = "") -> None:
    """One paragraph, taken literally."""
    to.print(Text(escape(text), style=style))


def table(to: Console, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
    """Print the rows; a column that is empty in every row is left out."""
    made = [[cell if isinstance(cell, Text) else Text(escape(cell)) for cell in row] for row in rows]
    shown = [number for number in range(len(columns)) if any(row[number].plain for row in made)]
    grid = Table(box=None, pad_edge=True, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    full = {n: max(len(columns[n].title), *(row[n].cell_len for row in made)) for n in shown}
    least = {n: min(columns[n].least, full[n]) if columns[n].fold else full[n] for n in shown}
    # rich would cut letters off where the smallest widths do not fit: then every column may be broken into lines
    fits = sum(least.values()) + 2 * len(shown) <= to.width
    for n in shown:
        grid.add_column(
            Text(columns[n].title),
            no_wrap=fits and not columns[n].fold,
            overflow="fold",
            min_width=least[n] if fits else None,
        )
    for row in made:
        grid.add_row(*(row[number] for number in shown))
    to.print(grid)


def word(text: str) -> Text:
    """A verdict, coloured by what it says."""
    return Text(text, style=STYLES.get(text, ""))


def local(at: datetime | None, now: datetime, *, seconds: bool = False) -> str:
    """A time on the wall clock of this machine, the year only where it is another one."""
    return "" if at is None else _written(at.astimezone(), now.astimezone(), seconds=seconds)


def in_zone(at: datetime | None, zone: str, now: datetime) -> str:
    """A time on the wall clock of a place; in UTC, and marked so, where its zone is not known."""
    if at is None:
        return ""
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"{at:%a %d %b %H:%M} UTC"
    return _written(at.astimezone(place), now.astimezone(place), seconds=False)


def age(span: timedelta) -> str:
    """A length of time as people say it, to two units at most."""
    seconds = max(int(span.total_seconds()), 0)
    for size, letter, rest_size, rest_letter in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = seconds % size // rest_size
            return f"{seconds // size} {letter}" + (f" {rest} {rest_letter}" if rest else "")
    return f"{seconds} s"


def _written(at: datetime, now: datetime, *, seconds: bool) -> str:
    year = "" if at.year == now.year else f" {at:%Y}"
    if seconds:
        return f"{at:%d %b}{year} {at:%H:%M:%S}"
    return f"{at:%a %d %b}{year} {at:%H:%M}"


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    wide = None if stream.isatty() or os.environ.get("COLUMNS") else _ENDLESS
    return Console(file=stream, width=wide, highlight=False, markup=False, emoji=False, soft_wrap=False)
