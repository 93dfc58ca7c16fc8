"""What commands ask of the daemon: each leaves a row in one short transaction, the next cycle answers it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from syncd.state.codec import BOOKING_IDS
from syncd.state.database import as_text


@dataclass(frozen=True, slots=True)
class Ask:
    """A person's word about those bookings; `verb` None asks for a cycle now, and decides nothing."""

    id: int
    verb: Decision | None
    booking_ids: tuple[BookingId, ...]
    at: datetime


def ask(db: Database, verb: Decision | None, booking_ids: Sequence[BookingId], now: datetime) -> int:
    number = db.execute(
        "INSERT INTO asks (verb, booking_ids, at) VALUES (?, ?, ?)",
        (None if verb is None else verb.value, BOOKING_IDS.dump(tuple(booking_ids)), as_text(now)),
    ).lastrowid
    assert number is not None
    return number


def undecided(db: Database) -> list[Ask]:
    rows = db.execute("SELECT id, verb, booking_ids, at FROM asks WHERE answered_at IS NULL ORDER BY id")
    return [
        Ask(number, None if verb is None else Decision(verb), BOOKING_IDS.load(ids), datetime.fromisoformat(at))
        for number, verb, ids, at in rows
    ]


def answer(db: Database, ask_id: int, now: datetime, text: str) -> None:
    db.execute("UPDATE asks SET answered_at = ?, answer = ? WHERE id = ?", (as_text(now), text, ask_id))


def answered(db: Database, ask_id: int) -> str | None:
    row = db.execute("SELECT answer FROM asks WHERE id = ?", (ask_id,)).fetchone()
    return None if row is None else row[0]


def prune(db: Database, before: str) -> None:
    """Drop what was answered before then."""
    db.execute("DELETE FROM asks WHERE answered_at < ?", (before,))
