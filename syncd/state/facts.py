"""Small things to remember, one row each. Functions work inside a transaction."""

from datetime import datetime

from sqlite_utils import Database

from syncd.domain.errors import StoreError
from syncd.state.database import as_text


def bind(db: Database, base_url: str, client_id: str) -> None:
    """Remember whose bookings these are; raises StoreError where another pair is remembered."""
    given = (base_url.rstrip("/"), client_id)
    bound = db.execute("SELECT base_url, client_id FROM account").fetchone()
    if bound is None:
        db.execute("INSERT INTO account (id, base_url, client_id) VALUES (1, ?, ?)", given)
    elif bound != given:
        raise StoreError(
            f"it belongs to base_url {bound[0]} and client_id {bound[1]}, not to {given[0]} and {given[1]}: "
            "put the config back, or give this account a file of its own (state.path)"
        )


def remember_clock(db: Database, wall: datetime, boot: str, elapsed: float) -> None:
    db.execute(
        "INSERT INTO clock (id, wall, boot, elapsed) VALUES (1, ?, ?, ?) ON CONFLICT (id) DO UPDATE"
        " SET wall = excluded.wall, boot = excluded.boot, elapsed = excluded.elapsed",
        (as_text(wall), boot, elapsed),
    )


def remembered_clock(db: Database) -> tuple[datetime, str, float] | None:
    row = db.execute("SELECT wall, boot, elapsed FROM clock").fetchone()
    return None if row is None else (datetime.fromisoformat(row[0]), row[1], row[2])


def fact(db: Database, name: str) -> str | None:
    row = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else row[0]


def names(db: Database, prefix: str) -> list[str]:
    """The names of all that is remembered under names that begin so."""
    rows = db.execute("SELECT name FROM facts WHERE substr(name, 1, ?) = ? ORDER BY name", (len(prefix), prefix))
    return [row[0] for row in rows.fetchall()]


def set_fact(db: Database, name: str, value: str) -> None:
    db.execute(
        "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )
