"""`log`: what happened to a booking, from the store alone: seen on which side, why, what was done, what came of it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from syncd.app import tables
from syncd.app.commands import phrases, standing
from syncd.app.commands.common import ConfigOption, JsonOption, command, print_json, read_config, stamp
from syncd.app.tables import Column
from syncd.domain.actions import Why
from syncd.domain.ids import BookingId
from syncd.engine.sides import EXIT_DONE
from syncd.state.database import is_there
from syncd.state.history import HistoryRow
from syncd.state.store import Store

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ")
TOLD = re.compile(r"told (\w+)")
NEWEST = 50
EVERYTHING = 1_000_000


def add_to(app: typer.Typer) -> None:
    app.command("log")(command(_log))


def _log(
    booking_id: Annotated[
        str | None, typer.Argument(metavar="[BOOKING_ID]", help="Only of this booking.", show_default=False)
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            "-n",
            min=1,
            help=f"How many rows at most, the newest. Without it {NEWEST}, of one booking all.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    """What changed, when, why, and what came of it; the newest last. Kept for `state.history_days`.

    WHEN is on this machine's clock, a booking's start on the clock of its place; in UTC, and marked so, where its zone
    is not known.
    """
    known, now = read_config(config, secrets=False), datetime.now(UTC)
    rows: list[HistoryRow] = []
    zones: dict[BookingId, str] = {}
    there = is_there(known.state.path)
    if there:
        with Store.open(known.state.path) as store:
            most = limit or (NEWEST if booking_id is None else EVERYTHING)
            rows = store.history(None if booking_id is None else BookingId(booking_id), most)
            zones = standing.zones(store)
    if as_json:
        print_json([_row_json(row) for row in rows])
        return EXIT_DONE
    to = tables.console()
    if not rows:
        days = known.state.history_days
        nothing = f"Nothing is known of this booking. What is older than {days} days is not kept."
        if not there:
            nothing = f"Nothing yet: syncd has not run with this config ({known.state.path})."
        elif booking_id is None:
            nothing = "Nothing has happened yet."
        tables.line(to, nothing)
        return EXIT_DONE
    columns = [Column("WHEN"), Column("BOOKING", fold=True, least=16), Column("WHAT", fold=True, least=13)]
    columns += [Column("START", fold=True, least=16), Column("WHY", fold=True, least=12)]
    shown = [_cells(told, zones, now, alone=booking_id is not None) for told in _folded(rows)]
    tables.table(to, columns, shown)
    return EXIT_DONE


@dataclass(slots=True)
class _Told:
    """A row as it is told; `more`: when the same came to nothing again, and was not told again."""

    row: HistoryRow
    more: list[datetime]


def _folded(rows: Sequence[HistoryRow]) -> Iterable[_Told]:
    """The rows, without those of an outage that only repeat what the booking's last two say."""
    told: list[_Told] = []
    last: dict[BookingId, list[_Told]] = {}
    for row in rows:
        lately = last.setdefault(row.booking_id, [])
        same = next((one for one in lately[-2:] if row.outcome != "done" and _is_again(one.row, row)), None)
        if same is not None:
            same.more.append(row.at)
            continue
        told.append(_Told(row, []))
        lately.append(told[-1])
    return told


def _is_again(one: HistoryRow, other: HistoryRow) -> bool:
    return (one.what, one.why, one.outcome, one.detail) == (other.what, other.why, other.outcome, other.detail)


def _cells(told: _Told, zones: Mapping[BookingId, str], now: datetime, *, alone: bool) -> tuple[str, ...]:
    """A row of the table; where only one booking is asked for, its id is not said again."""
    row = told.row
    zone = zones.get(row.booking_id, "")
    starts, _, more = row.detail.partition("; ")
    if not STAMP.match(starts):
        # nobody knows when it was to be
        starts, more = "", row.detail
    # what a person said no to has not lapsed
    rejected = row.why == Why.APPROVAL_LAPSED and "rejected" in more.split("; ")
    parts = ["" if rejected else phrases.why(row.why), _worded(more, zone, now)]
    if told.more:
        last = tables.local(told.more[-1], now, seconds=True)
        parts.append(f"again {_times(len(told.more))}, the last time {last}")
    return (
        tables.local(row.at, now, seconds=True),
        "" if alone else row.booking_id,
        phrases.happened(row.what, row.why, row.outcome),
        _on_the_clock(starts, zone, now).replace(" -> ", " → "),
        "; ".join(part for part in parts if part),
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _worded(detail: str, zone: str, now: datetime) -> str:
    """What stands in a row behind the starts, in words."""
    told = TOLD.sub(lambda kind: f"the event says: {phrases.TOLD.get(kind[1], kind[1])}", detail)
    return _on_the_clock("; ".join(phrases.DETAILS.get(part, part) for part in told.split("; ")), zone, now)


def _on_the_clock(text: str, zone: str, now: datetime) -> str:
    """Each start in a text on the clock of the booking's place; in UTC, and marked so, where that is not known."""

    def there(found: re.Match[str]) -> str:
        at = datetime.strptime(found[0], "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
        return tables.in_zone(at, zone, now)

    return STAMP.sub(there, text)


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
