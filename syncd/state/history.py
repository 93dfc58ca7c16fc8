"""What happened: the rows of `syncd log`, and the cycles of `syncd status`. Functions work inside a transaction."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import unquote

from pydantic import TypeAdapter
from sqlite_utils import Database

from syncd.domain.actions import (
    Asked,
    Cancel,
    CancelByHand,
    Confirm,
    Create,
    Effect,
    Hold,
    Problem,
    Record,
    Remove,
    Replace,
    Reschedule,
    RescheduleByHand,
    Why,
)
from syncd.domain.booking import Booking
from syncd.domain.candidate import Candidate, Stage
from syncd.domain.ids import BookingId
from syncd.domain.link import AwaitKind, Decision, Link
from syncd.domain.note import NoteKind
from syncd.domain.request import Known
from syncd.state.codec import Codec
from syncd.state.database import as_text


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One thing that happened. `side` is "zimun", "calendar" or "syncd"; `what` is noun.past_participle.

    `detail` begins with the start that it was about, or with "from -> to", in UTC. After a semicolon each there may
    stand: which service at which place was asked for, by their ids; the calendar, by the last part of its path; what of
    the booking was changed, by the names of its parts; what the event was made to tell (a NoteKind), with the start
    that a person had asked for; how a question to a person ended; how it failed. No customer's data stands in it.
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
    Hold: ("zimun", "booking.held"),
    Confirm: ("zimun", "booking.confirmed"),
    RescheduleByHand: ("zimun", "booking.rescheduled"),
    CancelByHand: ("zimun", "booking.cancelled"),
}

# of a booking, besides its time
_PARTS: dict[str, Callable[[Booking], object]] = {
    "length": lambda booking: booking.span.length,
    "service": lambda booking: booking.service_id,
    "place": lambda booking: booking.location_id,
    "staff": lambda booking: booking.staff_name,
    "contact": lambda booking: (booking.contact_name, booking.contact_email, booking.contact_phone),
    "notes": lambda booking: booking.notes,
}
_RENAMED, _WAS = "link.renamed", "was "
_APPROVED = "approved"
_CARRIES_OUT = {
    AwaitKind.CANCEL: Cancel, AwaitKind.MOVE: Reschedule, AwaitKind.REMOVAL: Remove, AwaitKind.REROUTE: Create
}  # fmt: skip


def row_of(
    action: Record | Effect, base: Link | None, cycle: int, now: datetime, outcome: str, detail: str = ""
) -> HistoryRow:
    """What the history says about an action. `base` is the link as it was before."""
    side, what = _WHAT[type(action)]
    what = "link.closed" if isinstance(action, Record) and action.link.closed is not None else what
    came_true = (_changed(action, base), _told(action, base), _ended(action, base)) if outcome == "done" else ()
    parts = (_starts(action, base), _place(action), *came_true, detail)
    return HistoryRow(
        now, cycle, action.booking_id, side, what, action.why.value, outcome, "; ".join(part for part in parts if part)
    )


def carried_over(row: HistoryRow, booking_id: BookingId) -> HistoryRow:
    """The row by which a pair's history goes on under another booking's id, after `row` of the old one."""
    detail = f"{row.detail}; {_WAS}{row.booking_id}"
    return HistoryRow(row.at, row.cycle, booking_id, "syncd", _RENAMED, row.why, row.outcome, detail)


_WAITS = (NoteKind.REQUEST_WAITS, NoteKind.REQUEST_NOT_PERMITTED)


def of_request(before: Candidate | None, now_is: Candidate, cycle: int, now: datetime) -> HistoryRow | None:
    """What the history says where an event that asks for a booking comes to this without Zimun being asked; or None."""
    was = (before.stage, before.note, before.told) if before is not None else ("", None, "")
    waits = now_is.told in _WAITS and now_is.told != was[2]
    if now_is.booking_id is not None and (before is None or before.booking_id != now_is.booking_id):
        what = "request.met"
    elif now_is.stage is Stage.CLOSED and now_is.note is not None and now_is.note != was[1]:
        what = "request.refused"
    elif now_is.stage is Stage.AWAITING != was[0]:
        what = "request.held_back"
    elif waits:
        what = "request.put_off"
    else:
        return None
    kind = now_is.note.kind.value if now_is.note is not None else now_is.told if waits else ""
    return _of_request(now_is, what, Why.REQUESTED, cycle, now, f"told {kind}" if kind else "")


def of_decision(one: Candidate, verb: Decision, cycle: int, now: datetime) -> HistoryRow:
    """What it says where a person decides about such an event."""
    why = Why.APPROVED if verb is Decision.APPROVED else Why.REJECTED
    return _of_request(one, f"request.{verb.value}", why, cycle, now)


def _of_request(one: Candidate, what: str, why: Why, cycle: int, now: datetime, told: str = "") -> HistoryRow:
    start = _letters(one.start) if one.start is not None else ""
    what_for = " at ".join(part for part in (one.service_id, one.location_id) if part)
    parts = (start, f"for {what_for}" if what_for else "", _called(one.calendar), told)
    detail = "; ".join(part for part in parts if part)
    return HistoryRow(now, cycle, one.booking_id or one.name, "syncd", what, why.value, "done", detail)


def imported(known: Known, cycle: int, now: datetime) -> HistoryRow:
    """A booking was taken in by its id."""
    booking = known.booking
    return HistoryRow(
        now, cycle, booking.id, "zimun", "booking.imported", Why.BY_HAND.value, "done", _letters(booking.start)
    )


def rename(db: Database, old: BookingId, new: BookingId) -> None:
    """What was told under a request's own name is told under its booking's id from now on."""
    db.execute("UPDATE history SET booking_id = ? WHERE booking_id = ?", (new, old))


def add(db: Database, row: HistoryRow) -> None:
    db.execute(
        "INSERT INTO history (at, cycle, booking_id, side, what, why, outcome, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (as_text(row.at), row.cycle, row.booking_id, row.side, row.what, row.why, row.outcome, row.detail),
    )


def history(db: Database, booking_id: BookingId | None, limit: int) -> list[HistoryRow]:
    """The newest `limit` rows, of one booking (by whichever id it went) or of all, oldest first."""
    names = None if booking_id is None else json.dumps(sorted(_names_of(db, booking_id)))
    rows = db.execute(
        "SELECT at, cycle, booking_id, side, what, why, outcome, detail FROM history"
        " WHERE :names IS NULL OR booking_id IN (SELECT value FROM json_each(:names)) ORDER BY id DESC LIMIT :limit",
        {"names": names, "limit": limit},
    ).fetchall()
    return [HistoryRow(datetime.fromisoformat(at), *rest) for at, *rest in reversed(rows)]


def cancellations_between(db: Database, since: datetime, until: datetime) -> tuple[int, frozenset[BookingId]]:
    """Our cancellations of that time, and the bookings of those whose answer was lost, or was never read.

    Whatever a look told of the latter afterwards ("dropped"): it may have been from before the call.
    """
    # the plus: SQLite would walk all that is kept by history_booking, to have it in groups
    rows = db.execute(
        "SELECT booking_id, sum(outcome = 'done'), sum(outcome IN ('unknown', 'dropped')), outcome, max(id)"
        " FROM history"
        " WHERE what = ? AND at BETWEEN ? AND ? GROUP BY +booking_id",
        (_WHAT[Cancel][1], as_text(since), as_text(until)),
    ).fetchall()
    lost = (BookingId(name) for name, _, unknown, last, _ in rows if unknown and last != "done")
    return sum(done for _, done, *_ in rows), frozenset(lost)


def removals_between(db: Database, since: datetime, until: datetime) -> int:
    """Events that went in that time, without a person's word, because Zimun did not know their bookings any more."""
    ((count,),) = db.execute(
        "SELECT count(*) FROM history WHERE what = ? AND why = ? AND outcome = 'done' AND at BETWEEN ? AND ?"
        " AND instr('; ' || detail || '; ', ?) = 0",
        (_WHAT[Remove][1], Why.BOOKING_GONE.value, as_text(since), as_text(until), f"; {_APPROVED}; "),
    ).fetchall()
    return int(count)


def begin_cycle(db: Database, now: datetime) -> int:
    number = db.execute("INSERT INTO cycles (begun_at) VALUES (?)", (as_text(now),)).lastrowid
    assert number is not None
    return number


def end_cycle(db: Database, cycle: int, now: datetime, summary: CycleSummary) -> None:
    """What stood still in the cycle that ended before is forgotten: it may be hundreds of bookings, for weeks."""
    db.execute(
        "UPDATE cycles SET json = json_set(json, '$.problems', json('[]')) WHERE number ="
        " (SELECT number FROM cycles WHERE number < ? AND ended_at IS NOT NULL ORDER BY number DESC LIMIT 1)",
        (cycle,),
    )
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


def _names_of(db: Database, booking_id: BookingId) -> set[str]:
    """All ids that this booking went by: a reschedule may give it another one."""
    rows = db.execute("SELECT booking_id, detail FROM history WHERE what = ? ORDER BY id", (_RENAMED,)).fetchall()
    renamed = [(new, detail.rpartition(f"; {_WAS}")[2]) for new, detail in rows]
    names: set[str] = {booking_id}
    # earlier ids are told by later rows, and later ids by earlier ones
    for pair in (*reversed(renamed), *renamed):
        if names & set(pair):
            names |= set(pair)
    return names


def _starts(action: Record | Effect, base: Link | None) -> str:
    was = None if base is None else base.booking.start
    match action:
        case Reschedule():
            was, now = action.before.booking.start, action.to
        case Cancel():
            was = now = action.before.booking.start
        case Create() | Replace() if action.draft.span is not None:
            now = action.draft.span.start
        case Hold() | Confirm():
            now = action.request.start
        case RescheduleByHand():
            was, now = action.expect.start if action.expect is not None else was, action.to
        case CancelByHand():
            return "" if action.expect is None else _letters(action.expect.start)
        case _:
            now = action.link.booking.start
    return " -> ".join(dict.fromkeys(_letters(at) for at in (was, now) if at is not None))


def _place(action: Record | Effect) -> str:
    """Which calendar, where it matters for the story."""
    match action:
        case Create() | Remove():
            calendar = action.calendar
        case Reschedule() | Cancel():
            calendar = action.before.calendar
        case _ if action.why is Why.EVENT_TRANSFERRED and not isinstance(action, Asked):
            calendar = action.link.calendar
        case _:
            return ""
    return _called(calendar)


def _called(calendar: str) -> str:
    return f"in {unquote(calendar.rstrip('/').rsplit('/', 1)[-1])}"


def _changed(action: Record | Effect, base: Link | None) -> str:
    """What of the booking was changed in Zimun besides its time: the names of it, never the values."""
    if base is None or isinstance(action, Reschedule | Cancel | Asked):
        return ""
    old, new = base.booking, action.link.booking
    names = [name for name, part in _PARTS.items() if part(old) != part(new)]
    return f"changed {', '.join(names)}" if names else ""


def _told(action: Record | Effect, base: Link | None) -> str:
    """What the event begins to tell with this write; of a move that only waits, what was asked for."""
    if isinstance(action, Record) and action.why is Why.MOVE_WAITS and action.link.wish is not None:
        return f"asked for {_letters(action.link.wish.to)}"
    note = action.link.note if isinstance(action, Create | Replace) else None
    if note is None or (base is not None and note == base.note):
        return ""
    return f"told {note.kind.value}" + (f", asked for {_letters(note.asked)}" if note.asked is not None else "")


def _ended(action: Record | Effect, base: Link | None) -> str:
    """How a question to a person ended with this: by which word, or without one; empty where `why` says it."""
    question = base.awaiting if base is not None else None
    if question is None or isinstance(action, Asked) or action.link.awaiting is not None:
        return ""
    if action.why in (Why.APPROVED, Why.REJECTED):
        return ""
    if question.decision is Decision.REJECTED:
        return "rejected"
    if question.decision is Decision.APPROVED and isinstance(action, _CARRIES_OUT[question.kind]):
        return _APPROVED
    if isinstance(action, Cancel):
        return "deleted again"
    return "" if action.why is Why.APPROVAL_LAPSED else "lapsed"


def _letters(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
