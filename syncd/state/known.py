"""Bookings that syncd knows by its own doing, until their links say the same, or they are old.

Functions work inside a transaction.
"""

from collections.abc import Iterable

from sqlite_utils import Database

from syncd.domain.ids import BookingId
from syncd.domain.request import Known
from syncd.state.codec import KNOWN


def known(db: Database) -> list[Known]:
    """All of them, in the order of their ids."""
    return [KNOWN.load(text) for (text,) in db.execute("SELECT json FROM known ORDER BY booking_id")]


def keep(db: Database, one: Known) -> None:
    """Remember it in place of what was known of that booking."""
    db.execute(
        "INSERT INTO known (booking_id, json) VALUES (?, ?)"
        " ON CONFLICT (booking_id) DO UPDATE SET json = excluded.json",
        (one.booking.id, KNOWN.dump(one)),
    )
    if one.before is not None and one.before.id != one.booking.id:
        # a reschedule gave the booking another id
        db.execute("DELETE FROM known WHERE booking_id = ?", (one.before.id,))


def forget(db: Database, booking_ids: Iterable[BookingId]) -> None:
    db.conn.executemany("DELETE FROM known WHERE booking_id = ?", [(booking_id,) for booking_id in booking_ids])


def prune(db: Database, before: str) -> None:
    """Drop those that ended before then."""
    db.execute("DELETE FROM known WHERE datetime(json_extract(json, '$.booking.end')) < datetime(?)", (before,))
