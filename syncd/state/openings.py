"""What stands in the calendar of open slots, and up to where it was read. Functions work inside a transaction."""

import json
from collections.abc import Iterable
from datetime import datetime

from sqlite_utils import Database

from syncd.domain.opening import Opening
from syncd.state import facts
from syncd.state.codec import OPENING, Kept
from syncd.state.database import as_text
from syncd.state.pairs import UNREAD, Position

_POSITION = "openings.position"


def openings(db: Database, calendar: str, kept: Kept[Opening]) -> list[Opening]:
    """The slots' events in that calendar."""
    rows = db.execute("SELECT json FROM openings WHERE calendar = ? ORDER BY href", (calendar,))
    return kept.load_all(text for (text,) in rows)


def keep(db: Database, calendar: str, seen: Iterable[Opening], gone: Iterable[str]) -> None:
    """Remember these in place of what was known of them, and forget those at `gone`."""
    db.conn.executemany(
        "INSERT INTO openings (calendar, href, json) VALUES (?, ?, ?)"
        " ON CONFLICT (calendar, href) DO UPDATE SET json = excluded.json",
        [(calendar, one.href, OPENING.dump(one)) for one in seen],
    )
    db.conn.executemany("DELETE FROM openings WHERE calendar = ? AND href = ?", [(calendar, href) for href in gone])


def position(db: Database, calendar: str) -> Position:
    """Our cursor in that calendar, and when it was last listed in full."""
    told = facts.fact(db, _POSITION)
    if told is None:
        return UNREAD
    where, cursor, full_at = json.loads(told)
    return (cursor, datetime.fromisoformat(full_at)) if where == calendar and full_at else UNREAD


def move_to(db: Database, calendar: str, at: Position) -> None:
    """Remember the position. What is known of any other calendar is forgotten: its events stay as they are."""
    cursor, full_at = at
    facts.set_fact(db, _POSITION, json.dumps([calendar, cursor, as_text(full_at) if full_at is not None else None]))
    db.execute("DELETE FROM openings WHERE calendar <> ?", (calendar,))
