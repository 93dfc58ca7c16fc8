"""What happened: the rows of `syncd log`, and the cycles of `syncd status`. Functions work inside a transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import unquote

from pydantic import TypeAdapter
from sqlite_utils import Database

from syncd.domain.actions import Cancel, Create, Effect, Problem, Record, Remove, Replace, Reschedule, Why
from syncd.domain.ids import BookingId
from syncd.domain.link import Link
from syncd.state.codec import Codec
from syncd.state.database import as_text


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One thing that happened. `side` is "zimun", "calendar" or "syncd"; `what` is noun.past_participle.

    `detail` begins with the start that it was about, or with "from -> to", in UTC. After a semicolon each there may
    stand: the calendar, by the last part of its path; what the event was made to tell (a NoteKind), with the start that
    a person had asked for; how it failed. No customer's data stands in it.
    """

    at: datetime
    cycle: int
    booking_id: BookingId
    side: str
    what: str
    why: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CycleSummary:
    """What came of one cycle. `line` is it in one sentence; `sides` says for each side "ok", or why it is not."""

    outcome: Literal["good", "failed"]
    exit_code: int = 0
    line: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    sides: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CycleRow:
    """One cycle. `ended_at` and `summary` are None while it runs, and for ever if it was killed."""

    number: int
    begun_at: datetime
    ended_at: datetime | None = None
    summary: CycleSummary | None = None


SUMMARY = Codec(TypeAdapter(CycleSummary), "summary of a cycle")

_WHAT: dict[type[Record] | type[Effect], tuple[str, str]] = {
    Record: ("syncd", "link.recorded"),
    Create: ("calendar", "event.created"),
    Replace: ("calendar", "event.updated"),
    Remove: ("calendar", "event.removed"),
    Reschedule: ("zimun", "booking.rescheduled"),
    Cancel: ("zimun", "booking.cancelled"),
}


def row_of(
    action: Record | Effect, base: Link | None, cycle: int, now: datetime, outcome: str, detail: str = ""
) -> HistoryRow:
    """What the history says about an action. `base` is the link as it was before."""
    side, what = _WHAT[type(action)]
    parts = (_starts(action, base), _place(action), _told(action, base), detail)
    return HistoryRow(
        now, cycle, action.booking_id, side, what, action.why.value, outcome, "; ".join(part for part in parts if part)
    )


def carried_over(row: HistoryRow, booking_id: BookingId) -> HistoryRow:
    """The row by which a pair's history goes on under another booking's id, after `row` of the old one."""
    detail = f"{row.detail}; was {row.booking_id}"
    return HistoryRow(row.at, row.cycle, booking_id, "syncd", "link.renamed", row.why, row.outcome, detail)


def add(db: Database, row: HistoryRow) -> None:
    db.execute(
        "INSERT INTO history (at, cycle, booking_id, side, what, why, outcome, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (as_text(row.at), row.cycle, row.booking_id, row.side, row.what, row.why, row.outcome, row.detail),
    )


def history(db: Database, booking_id: BookingId | None, limit: int) -> list[HistoryRow]:
    """The newest `limit` rows, of one booking or of all, oldest first."""
    rows = db.execute(
        "SELECT at, cycle, booking_id, side, what, why, outcome, detail FROM history"
        " WHERE :booking_id IS NULL OR booking_id = :booking_id ORDER BY id DESC LIMIT :limit",
        {"booking_id": booking_id, "limit": limit},
    ).fetchall()
    return [HistoryRow(datetime.fromisoformat(at), *rest) for at, *rest in reversed(rows)]


def cancellations_since(db: Database, since: datetime) -> int:
    what = _WHAT[Cancel][1]
    row = db.execute(
        "SELECT count(*) FROM history WHERE what = ? AND outcome = 'done' AND at >= ?", (what, as_text(since))
    ).fetchone()
    return int(row[0])


def begin_cycle(db: Database, now: datetime) -> int:
    number = db.execute("INSERT INTO cycles (begun_at) VALUES (?)", (as_text(now),)).lastrowid
    assert number is not None
    return number


def end_cycle(db: Database, cycle: int, now: datetime, summary: CycleSummary) -> None:
    db.execute(
        "UPDATE cycles SET ended_at = ?, outcome = ?, json = ? WHERE number = ?",
        (as_text(now), summary.outcome, SUMMARY.dump(summary), cycle),
    )


def last_cycles(db: Database, limit: int) -> list[CycleRow]:
    """The newest cycles, the newest first, the one that runs included."""
    rows = db.execute("SELECT number, begun_at, ended_at, json FROM cycles ORDER BY number DESC LIMIT ?", (limit,))
    return [
        CycleRow(
            number,
            datetime.fromisoformat(begun_at),
            None if ended_at is None else datetime.fromisoformat(ended_at),
            None if text is None else SUMMARY.load(text),
        )
        for number, begun_at, ended_at, text in rows
    ]


def last_good_cycle_at(db: Database) -> datetime | None:
    row = db.execute("SELECT ended_at FROM cycles WHERE outcome = 'good' ORDER BY number DESC LIMIT 1").fetchone()
    return None if row is None else datetime.fromisoformat(row[0])


def prune(db: Database, before: str) -> None:
    """Drop the history and the cycles that are older.

    The last cycle and the last good one stay, for `status`, and those that an intent still names. Of the others no more
    than the newest 10,000 are kept: with a cycle each second they would outgrow all else.
    """
    db.execute("DELETE FROM history WHERE at < ?", (before,))
    db.execute(
        "DELETE FROM cycles WHERE (begun_at < ? OR number <= (SELECT max(number) - 10000 FROM cycles))"
        " AND number NOT IN (SELECT cycle FROM intents)"
        " AND number <> (SELECT max(number) FROM cycles)"
        " AND number <> coalesce((SELECT max(number) FROM cycles WHERE outcome = 'good'), 0)",
        (before,),
    )


def _starts(action: Record | Effect, base: Link | None) -> str:
    was = None if base is None else base.booking.start
    match action:
        case Reschedule():
            was, now = action.before.booking.start, action.to
        case Cancel():
            was = now = action.before.booking.start
        case Create() | Replace() if action.draft.span is not None:
            now = action.draft.span.start
        case _:
            now = action.link.booking.start
    return " -> ".join(dict.fromkeys(_letters(at) for at in (was, now) if at is not None))


def _place(action: Record | Effect) -> str:
    """Which calendar, where it matters for the story."""
    if isinstance(action, Create | Remove):
        calendar = action.calendar
    elif action.why is Why.EVENT_TRANSFERRED:
        calendar = action.link.calendar
    else:
        return ""
    return f"in {unquote(calendar.rstrip('/').rsplit('/', 1)[-1])}"


def _told(action: Record | Effect, base: Link | None) -> str:
    """What the event begins to tell with this write."""
    note = action.link.note if isinstance(action, Create | Replace) else None
    if note is None or (base is not None and note == base.note):
        return ""
    return f"told {note.kind.value}" + (f", asked for {_letters(note.asked)}" if note.asked is not None else "")


def _letters(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
