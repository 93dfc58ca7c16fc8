"""What is known of open slots, by service, place and day. Functions work inside a transaction."""

from collections.abc import Collection, Iterable

from sqlite_utils import Database

from syncd.domain.availability import DayKey, OpenDay
from syncd.state.codec import OPEN_DAY


def open_days(db: Database) -> dict[DayKey, OpenDay]:
    """All of them, by service, place and day."""
    rows = db.execute("SELECT json FROM open_days ORDER BY service_id, location_id, day")
    return {one.key: one for one in (OPEN_DAY.load(text) for (text,) in rows)}


def keep(db: Database, days: Iterable[OpenDay]) -> None:
    """Remember these in place of what was known of them."""
    db.conn.executemany(
        "INSERT INTO open_days (service_id, location_id, day, json) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (service_id, location_id, day) DO UPDATE SET json = excluded.json",
        [(one.service_id, one.location_id, one.day.isoformat(), OPEN_DAY.dump(one)) for one in days],
    )


def forget(db: Database, keys: Collection[DayKey]) -> None:
    db.conn.executemany(
        "DELETE FROM open_days WHERE service_id = ? AND location_id = ? AND day = ?",
        [(service, place, day.isoformat()) for service, place, day in keys],
    )
