"""`log`: what happened to a booking, from the store alone: seen on which side, why, what was done, what came of it."""

import os
import re
from datetime import UTC, datetime
from typing import Annotated

import typer

from syncd.app import tables
from syncd.app.commands import phrases
from syncd.app.commands.common import ConfigOption, JsonOption, command, print_json, read_config, stamp
from syncd.app.tables import Column
from syncd.domain.ids import BookingId
from syncd.engine.sides import EXIT_DONE
from syncd.state.history import HistoryRow
from syncd.state.store import Store

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ")
TOLD = re.compile(r"told (\w+)")


def add_to(app: typer.Typer) -> None:
    app.command("log")(command(_log))


def _log(
    booking_id: Annotated[
        str | None, typer.Argument(metavar="[BOOKING_ID]", help="Only of this booking.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many rows at most, the newest.")] = 50,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    """What changed, when, why, and what came of it; the newest last. Kept for `state.history_days`."""
    known, now = read_config(config), datetime.now(UTC)
    rows: list[HistoryRow] = []
    if os.path.lexists(known.state.path):
        with Store.open(known.state.path) as store:
            rows = store.history(None if booking_id is None else BookingId(booking_id), limit)
    if as_json:
        print_json([_row_json(row) for row in rows])
        return EXIT_DONE
    to = tables.console()
    if not rows:
        tables.line(to, "Nothing has happened yet." if booking_id is None else "Nothing is known of this booking.")
        return EXIT_DONE
    columns = [Column("WHEN"), Column("BOOKING", fold=True, least=16), Column("WHAT", fold=True, least=13)]
    columns += [Column("START", fold=True, least=16), Column("WHY", fold=True, least=12)]
    tables.table(to, columns, [_cells(row, now, alone=booking_id is not None) for row in rows])
    return EXIT_DONE


def _cells(row: HistoryRow, now: datetime, *, alone: bool) -> tuple[str, ...]:
    """A row of the table; where only one booking is asked for, its id is not said again."""
    what = phrases.HAPPENED.get(row.what, row.what)
    starts, _, more = row.detail.partition("; ")
    why = "; ".join(part for part in (phrases.why(row.why), _worded(more, now)) if part)
    return (
        tables.local(row.at, now, seconds=True),
        "" if alone else row.booking_id,
        what + ("" if row.outcome == "done" else f": {row.outcome}"),
        _local(starts, now).replace(" -> ", " → "),
        why,
    )


def _worded(detail: str, now: datetime) -> str:
    """What stands in a row behind the starts, in words."""
    told = TOLD.sub(lambda kind: f"the event says: {phrases.TOLD.get(kind[1], kind[1])}", _local(detail, now))
    return "; ".join(phrases.FAULTS.get(part, part) for part in told.split("; "))


def _local(text: str, now: datetime) -> str:
    """Each time in a text on this machine's clock."""

    def local(found: re.Match[str]) -> str:
        return tables.local(datetime.strptime(found[0], "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC), now)

    return STAMP.sub(local, text)


def _row_json(row: HistoryRow) -> dict[str, object]:
    return {
        "at": stamp(row.at),
        "cycle": row.cycle,
        "booking_id": row.booking_id,
        "side": row.side,
        "what": row.what,
        "why": row.why,
        "outcome": row.outcome,
        "detail": row.detail,
    }
