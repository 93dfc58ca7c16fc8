"""`sync` and `plan`: one cycle, done or only thought through."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from syncd.app import tables
from syncd.app.commands import phrases, standing
from syncd.app.commands.common import ConfigOption, JsonOption, command, print_json, read_config, stamp
from syncd.domain.actions import (
    Asked,
    Cancel,
    Confirm,
    Create,
    Effect,
    Hold,
    Remove,
    Replace,
    Reschedule,
    RescheduleByHand,
)
from syncd.domain.errors import Malformed
from syncd.engine.sides import EXIT_TROUBLE
from syncd.state.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

# fewer writes than this are done before a bar has been read
BAR_FROM = 20


def add_to(app: typer.Typer) -> None:
    app.command("sync")(command(_sync))
    app.command("plan")(command(_plan))


def _sync(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    """One cycle, then exit.

    Looks at both sides, acts, and says what was done, what awaits approval and what stands still.
    """
    known = read_config(config)
    from syncd.app.running import one_cycle

    with _bar(wanted=not as_json) as progress:
        report = asyncio.run(one_cycle(known, progress))
    with Store.open(known.state.path) as store:
        awaiting = standing.awaiting(store)
    summary = report.summary
    if as_json:
        print_json(
            {
                "cycle": report.cycle,
                "exit_code": summary.exit_code,
                "outcome": summary.outcome,
                "line": summary.line,
                "counts": dict(summary.counts),
                "sides": dict(summary.sides),
                "problems": standing.problems_json(summary.problems),
                "awaiting": standing.awaiting_json(awaiting),
            }
        )
        return summary.exit_code
    to, now = tables.console(), datetime.now(UTC)
    tables.line(to, f"{summary.line[:1].upper()}{summary.line[1:]}.")
    standing.show_sides(to, summary.sides)
    standing.show_awaiting(to, awaiting, now)
    standing.show_problems(to, summary.problems)
    return summary.exit_code


def _plan(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    """What a cycle would do now, with nothing done."""
    known = read_config(config)
    from syncd.app.running import what_would_happen

    plan, health = asyncio.run(what_would_happen(known))
    code = max(health.exit_code, EXIT_TROUBLE if plan.problems else 0)
    if as_json:
        print_json(
            {
                "exit_code": code,
                "actions": [_action_json(action) for action in plan.effects],
                "sides": dict(health.faults),
                "problems": standing.problems_json(plan.problems),
            }
        )
        return code
    to = tables.console()
    if plan.effects:
        _show_actions(plan.effects)
    elif not health.faults:
        tables.line(to, "Nothing to do.")
    standing.show_sides(to, health.faults)
    standing.show_problems(to, plan.problems)
    return code


def _show_actions(effects: Sequence[Effect]) -> None:
    to, now = tables.console(), datetime.now(UTC)
    rows = []
    timed = sorted(((action, *_times(action)) for action in effects), key=lambda one: one[2] or one[1] or now)
    for action, was, then, zone in timed:
        rows.append(
            (
                action.booking_id,
                phrases.WHAT[action.kind],
                tables.in_zone(was, zone, now),
                tables.in_zone(then, zone, now),
                phrases.why(action.why.value),
            )
        )
    columns = ("BOOKING", "WHAT", "FROM", "TO", "WHY")
    tables.table(
        to,
        [tables.Column(name, fold=name in ("BOOKING", "WHY"), least=12 if name == "WHY" else 16) for name in columns],
        rows,
    )
    count = len(rows)
    to.print()
    tables.line(
        to, f"{count} {'write' if count == 1 else 'writes'}, none of them done. Times are the places' own.", "dim"
    )


def _action_json(action: Effect) -> dict[str, object]:
    was, then, _ = _times(action)
    if isinstance(action, Asked):
        side, calendar = "zimun", ""
    elif isinstance(action, Reschedule | Cancel):
        side, calendar = "zimun", action.before.calendar
    else:
        side, calendar = "calendar", action.calendar
    return {
        "booking_id": action.booking_id,
        "action": action.kind,
        "side": side,
        "calendar": calendar,
        "from_start_time": stamp(was),
        "start_time": stamp(then),
        "why": action.why.value,
        "why_text": phrases.why(action.why.value),
    }


def _times(action: Effect) -> tuple[datetime | None, datetime | None, str]:
    """Where it stands now, where it will stand (None: nowhere, or as it stands), and the zone of the place."""
    match action:
        case Create():
            return None, action.draft.span.start if action.draft.span else None, action.draft.zone
        case Replace():
            was = _start_in(action.onto)
            then = action.draft.span.start if action.draft.span else was
            return was, then if then != was else None, action.draft.zone
        case Remove():
            return action.link.booking.start, None, action.link.start.tzid
        case Reschedule():
            return action.expect.start, action.to, action.before.start.tzid
        case Cancel():
            return action.expect.start, None, action.before.start.tzid
        case Hold() | Confirm():
            return None, action.request.start, ""
        case _:
            to = action.to if isinstance(action, RescheduleByHand) else None
            return action.expect.start if action.expect is not None else None, to, ""


def _start_in(data: str) -> datetime | None:
    """Where the event that will be written over stands; None where it names no instant."""
    from syncd.calendars import ical

    try:
        return ical.parse(data).start.instant
    except Malformed:
        return None


@contextmanager
def _bar(*, wanted: bool) -> "Iterator[Callable[[int, int], None]]":
    """A progress bar on stderr, from the moment on when there is enough to do; none where nobody looks."""
    console = tables.err_console()
    if not wanted or not console.is_terminal:
        yield lambda done, of: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Writing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True)
    task = bar.add_task("", total=None)

    def told(done: int, of: int) -> None:
        if of > BAR_FROM:
            bar.start()
            bar.update(task, completed=done, total=of)

    try:
        yield told
    finally:
        bar.stop()
