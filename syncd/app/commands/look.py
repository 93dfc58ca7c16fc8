"""`status`: how syncd is doing. No network, so it answers at once, also when both sides are down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from syncd.app import probed, tables
from syncd.app.commands import standing
from syncd.app.commands.common import ConfigOption, JsonOption, command, print_json, read_config, stamp
from syncd.app.probed import Unsafe
from syncd.app.tables import Column
from syncd.domain.findings import Scratch
from syncd.domain.link import Link
from syncd.engine.sides import EXIT_DONE, EXIT_TROUBLE
from syncd.state.database import is_there
from syncd.state.history import CycleRow, CycleSummary
from syncd.state.lock import CycleLock, DaemonLock
from syncd.state.store import Store

CYCLES = 5
AHEAD = timedelta(minutes=5)
"""So far ahead the last good cycle may lie, for clocks are set right; further away it says nothing of today."""


def add_to(app: typer.Typer) -> None:
    app.command("status")(command(_status))


def _status(
    config: ConfigOption = None,
    max_age: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Exit 1 where the last good cycle is older, or there is none.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """How syncd is doing, and what needs you.

    The last cycles, what awaits approval, what stands still or was refused, and why. Asks neither side.
    """
    known, now = read_config(config, secrets=False), datetime.now(UTC)
    path = known.state.path
    good_at: datetime | None = None
    cycles: list[CycleRow] = []
    links: list[Link] = []
    unsafe: list[Unsafe] = []
    scratch: list[Scratch] = []
    awaiting: list[standing.Waiting] = []
    refused: list[standing.Pair] = []
    running = CycleLock.held_elsewhere(path)
    if is_there(path):
        with Store.open(path) as store:
            good_at, cycles = store.last_good_cycle_at(), store.last_cycles(CYCLES)
            links = list(store.links().values())
            awaiting, refused = standing.awaiting(store), standing.refused_requests(store)
            unsafe, scratch = probed.unsafe(store, known), probed.left_over(store, known, now)
    grace = timedelta(seconds=known.sync.cancel_grace_seconds)
    daemon = DaemonLock.held_elsewhere(path)
    # looked at before and after, for a cycle may have ended or begun while this read
    running = running or CycleLock.held_elsewhere(path)
    it = _Standing(path, daemon, running, good_at, cycles, links, awaiting, refused, unsafe, scratch, grace, now)
    if as_json:
        print_json(_json(it))
    else:
        _show(it)
    if max_age is not None and (good_at is None or not -AHEAD <= now - good_at <= timedelta(seconds=max_age)):
        return EXIT_TROUBLE
    return EXIT_DONE


@dataclass(frozen=True, slots=True)
class _Standing:
    """All that `status` tells."""

    path: Path
    daemon: bool
    running: bool
    good_at: datetime | None
    cycles: Sequence[CycleRow]
    links: Sequence[Link]
    awaiting: Sequence[standing.Waiting]
    refused_requests: Sequence[standing.Pair]
    unsafe: Sequence[Unsafe]
    scratch: Sequence[Scratch]
    grace: timedelta
    now: datetime

    @property
    def last(self) -> CycleSummary:
        """What the last cycle that ended left behind."""
        return next((row.summary for row in self.cycles if row.summary is not None), CycleSummary("good"))

    @property
    def refused(self) -> list[standing.Pair]:
        return [*standing.refused(self.links), *self.refused_requests]

    @property
    def linked(self) -> int:
        return sum(link.closed is None for link in self.links)


def _json(it: _Standing) -> dict[str, object]:
    return {
        "state": str(it.path),
        "daemon": it.daemon,
        "last_good_cycle_at": stamp(it.good_at),
        "last_good_cycle_age": None if it.good_at is None else int((it.now - it.good_at).total_seconds()),
        "bookings": it.linked,
        "closed": len(it.links) - it.linked,
        "sides": dict(it.last.sides),
        "cycles": [
            {
                "cycle": row.number,
                "begun_at": stamp(row.begun_at),
                "ended_at": stamp(row.ended_at),
                "outcome": row.summary.outcome if row.summary else None,
                "exit_code": row.summary.exit_code if row.summary else None,
                "line": row.summary.line if row.summary else "",
            }
            for row in it.cycles
        ],
        "awaiting": standing.awaiting_json(it.awaiting),
        "problems": standing.problems_json(it.last.problems),
        "unsafe": [{"calendar": one.calendar, "what": one.what, "advice": one.advice} for one in it.unsafe],
        "scratch": [{"calendar": one.calendar, "since": stamp(one.since)} for one in it.scratch],
        "refused": [pair.json() for pair in it.refused],
        "waiting": [pair.json() for pair in standing.wishes(it.links)],
        "grace": [pair.json() for pair in standing.in_grace(it.links, it.grace)],
    }


def _show(it: _Standing) -> None:
    to, now = tables.console(), it.now
    if not it.cycles:
        _show_probed(to, it)
        tables.line(to, f"Nothing yet: syncd has not run with this config ({it.path}). Try: syncd sync")
        return
    good = "no good cycle yet" if it.good_at is None else f"last good cycle {tables.age(now - it.good_at)} ago"
    if it.good_at is not None and it.good_at - now > AHEAD:
        good = f"last good cycle at {tables.local(it.good_at, now)}, by a clock that was wrong"
    runs = "The daemon is running" if it.daemon else "No daemon is running"
    tables.line(
        to,
        f"{runs}; {good}; {it.linked} {'booking has its event' if it.linked == 1 else 'bookings have their events'}.",
    )
    _show_probed(to, it)
    tables.heading(to, "Last cycles")
    tables.table(
        to,
        (Column("BEGAN"), Column("OUTCOME"), Column("WHAT CAME OF IT", fold=True, least=24)),
        [
            (tables.local(row.begun_at, now, seconds=True), *_outcome(row, newest=not at, running=it.running))
            for at, row in enumerate(it.cycles)
        ],
    )
    standing.show_sides(to, it.last.sides)
    standing.show_awaiting(to, it.awaiting, now)
    standing.show_problems(to, it.last.problems)
    standing.show_pairs(to, "Refused; the event says so too", it.refused, now)
    standing.show_pairs(to, "Moves that wait for Zimun", standing.wishes(it.links), now)
    standing.show_pairs(
        to, "Deleted: cancelled when due, unless the event comes back", standing.in_grace(it.links, it.grace), now
    )


def _show_probed(to: Console, it: _Standing) -> None:
    what, advice = Column("WHAT", fold=True, least=24), Column("WHAT TO DO", fold=True, least=24)
    if it.unsafe:
        tables.heading(to, "Not safe, by the last probe (syncd check --probe)")
        rows = [(one.calendar, one.what, one.advice) for one in it.unsafe]
        tables.table(to, (Column("CALENDAR", fold=True), what, advice), rows)
    if it.scratch:
        tables.heading(to, "Scratch events of a probe that may still stand")
        left = [(one.calendar, tables.local(one.since, it.now), probed.REMOVE) for one in it.scratch]
        tables.table(to, (Column("CALENDAR", fold=True), Column("SINCE"), advice), left)


def _outcome(row: CycleRow, *, newest: bool, running: bool) -> tuple[tables.Cell, str]:
    if row.summary is not None:
        return tables.word(row.summary.outcome), row.summary.line
    if newest and running:
        return "running", ""
    return "killed", f"ended before it was done; the next cycle {'goes' if newest else 'went'} on from there"
