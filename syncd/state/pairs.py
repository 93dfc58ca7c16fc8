"""Links and observations in the database: what is paired, what was last seen. Functions work inside a transaction."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlite_utils import Database

from syncd.domain.event import Observation
from syncd.domain.ids import BookingId
from syncd.domain.link import Link
from syncd.state.codec import LINK, OBSERVATION, Kept
from syncd.state.database import as_text

Position = tuple[str | None, datetime | None]
"""Our cursor in a calendar, None where the next listing is a full one; and when it was last listed in full."""

UNREAD: Position = (None, None)


def links(db: Database, kept: Kept[Link]) -> dict[BookingId, Link]:
    """All links, open and closed, in the order of their bookings' ids."""
    rows = db.execute("SELECT json FROM links ORDER BY booking_id")
    return {link.booking_id: link for link in kept.load_all(text for (text,) in rows)}


def link(db: Database, booking_id: BookingId) -> Link | None:
    row = db.execute("SELECT json FROM links WHERE booking_id = ?", (booking_id,)).fetchone()
    return None if row is None else LINK.load(row[0])


def save_link(db: Database, link: Link) -> None:
    """Remember the link in place of the one that its booking had."""
    closed_at = None if link.closed is None else as_text(link.closed.at)
    db.execute(
        "INSERT INTO links (booking_id, closed_at, json) VALUES (?, ?, ?)"
        " ON CONFLICT (booking_id) DO UPDATE SET closed_at = excluded.closed_at, json = excluded.json",
        (link.booking_id, closed_at, LINK.dump(link)),
    )


def rename_link(db: Database, old_id: BookingId, link: Link) -> None:
    """Carry the pair over to the booking that `link` names.

    A link which that booking has already gives way: its event is found by its UID, as a second one of the same booking.
    What was known of the booking by its old id is over: nobody is called so any more.
    """
    if link.booking_id != old_id:
        db.execute("DELETE FROM known WHERE booking_id = ?", (old_id,))
        db.execute("DELETE FROM links WHERE booking_id = ?", (link.booking_id,))
        db.execute("UPDATE links SET booking_id = ? WHERE booking_id = ?", (link.booking_id, old_id))
    save_link(db, link)


def prune_links(db: Database, before: str) -> None:
    """Drop the tombstones set before then, and the pairs that ended before then with what their events held."""
    db.execute(
        "DELETE FROM links WHERE closed_at < :before"
        " OR datetime(json_extract(json, '$.booking.end')) < datetime(:before)",
        {"before": before},
    )
    db.execute(
        "UPDATE observations SET json = NULL WHERE datetime(coalesce("
        "json_extract(json, '$.event.end.instant'), json_extract(json, '$.event.start.instant'))) < datetime(?)",
        (before,),
    )


def observations(db: Database, kept: Kept[Observation]) -> dict[tuple[str, str], Observation]:
    """What was last seen of our own events, the unreadable ones included, by (calendar, href)."""
    rows = db.execute("SELECT json FROM observations WHERE json IS NOT NULL ORDER BY calendar, href")
    return {seen.key: seen for seen in kept.load_all(text for (text,) in rows)}


def etags(db: Database, calendar: str) -> dict[str, str | None]:
    """Every href known in that calendar, other people's events included, with its version."""
    rows = db.execute("SELECT href, etag FROM observations WHERE calendar = ? ORDER BY href", (calendar,))
    return dict(rows.fetchall())


def observe(db: Database, calendar: str, seen: Sequence[Observation], removed: Collection[str]) -> None:
    """Upsert what was seen and drop what is gone. Of somebody else's event only href and ETag are kept."""
    if removed:
        db.conn.executemany(
            "DELETE FROM observations WHERE calendar = ? AND href = ?", [(calendar, href) for href in removed]
        )
    if seen:
        db.execute("INSERT INTO calendars (url) VALUES (?) ON CONFLICT (url) DO NOTHING", (calendar,))
        db.conn.executemany(
            "INSERT INTO observations (calendar, href, etag, json) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (calendar, href) DO UPDATE SET etag = excluded.etag, json = excluded.json",
            [(calendar, one.href, one.etag, _kept(one)) for one in seen],
        )


def cursors(db: Database) -> dict[str, Position]:
    """Where we stand in each calendar that was ever listed."""
    rows = db.execute("SELECT url, cursor, full_at FROM calendars")
    return {
        url: (cursor, None if full_at is None else datetime.fromisoformat(full_at)) for url, cursor, full_at in rows
    }


def move_cursor(db: Database, calendar: str, cursor: str | None, full_at: datetime | None) -> None:
    """Stand at `cursor`; `full_at` None leaves the time of the last full listing as it is."""
    db.execute(
        "INSERT INTO calendars (url, cursor, full_at) VALUES (?, ?, ?)"
        " ON CONFLICT (url) DO UPDATE SET cursor = excluded.cursor, full_at = coalesce(excluded.full_at, full_at)",
        (calendar, cursor, None if full_at is None else as_text(full_at)),
    )


def _kept(seen: Observation) -> str | None:
    return OBSERVATION.dump(seen) if seen.event is not None or seen.fault else None
