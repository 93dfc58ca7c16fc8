"""Events that may ask for bookings, in the database. Functions work inside a transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from syncd.domain.candidate import Candidate, Stage, named
from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from syncd.domain.note import NEVER, Note, NoteKind
from syncd.domain.request import Reply
from syncd.state import history
from syncd.state.codec import CANDIDATE, Kept
from syncd.state.database import as_text

_UNANSWERED = {"unanswered": NoteKind.REQUEST_UNANSWERED, "unsure": NoteKind.REQUEST_UNSURE}
QUOTED = 300
"""How many characters of Zimun's own words are kept until they stand in the event."""


def candidates(db: Database, kept: Kept[Candidate]) -> list[Candidate]:
    """All of them, in the order in which they were first seen."""
    rows = db.execute(
        "SELECT json_set(json, '$.id', id, '$.gone', json(iif(gone_at IS NULL, 'false', 'true')))"
        " FROM candidates ORDER BY id"
    )
    return kept.load_all(text for (text,) in rows)


def watched(db: Database) -> list[str]:
    """The calendars whose events have been read before, to see what they ask for."""
    return [url for (url,) in db.execute("SELECT url FROM request_calendars")]


def calendars(db: Database) -> list[str]:
    """The calendars of which anything is remembered, also those that could not be read whole yet."""
    rows = db.execute("SELECT url FROM request_calendars UNION SELECT calendar FROM candidates WHERE gone_at IS NULL")
    return [url for (url,) in rows]


def watch(db: Database, calendar: str, now: datetime) -> None:
    db.execute(
        "INSERT INTO request_calendars (url, read_at) VALUES (?, ?) ON CONFLICT (url) DO NOTHING",
        (calendar, as_text(now)),
    )


def forget(db: Database, calendars: Iterable[str], now: datetime) -> None:
    """Forget these calendars: when one of them takes requests again, all in it is read for the first time.

    But for what became a booking, or may be one or become one, its answer being lost: it still stands there, and is
    gone from here only. Asked for anew when that calendar is back it would be booked twice.
    """
    for url in calendars:
        rows = db.execute(
            "SELECT id, json FROM candidates WHERE calendar = ? AND NOT EXISTS"
            " (SELECT 1 FROM intents WHERE closed_at IS NULL"
            " AND json_extract(intents.json, '$.candidate') = candidates.id)",
            (url,),
        ).fetchall()
        here = [replace(CANDIDATE.load(text), id=number) for number, text in rows]
        drop(db, [one for one in here if not _may_be_booked(one)])
        mark_gone(db, here, now)
        db.execute("DELETE FROM request_calendars WHERE url = ?", (url,))


def foreign(db: Database, calendar: str) -> dict[str, str | None]:
    """Every href in that calendar at which somebody else's object stands, with its version."""
    rows = db.execute(
        "SELECT href, etag FROM observations WHERE calendar = ? AND json IS NULL ORDER BY href", (calendar,)
    )
    return dict(rows.fetchall())


def keep(db: Database, seen: Iterable[Candidate], cycle: int, now: datetime) -> None:
    """Remember these in place of what was known of them; they are there. The history tells what came of them."""
    for one in seen:
        text = CANDIDATE.dump(replace(one, id=0, gone=False))
        where = (one.calendar, one.href)
        known = db.execute("SELECT id, json FROM candidates WHERE calendar = ? AND href = ?", where).fetchone()
        if known is not None:
            number, before = known[0], CANDIDATE.load(known[1])
            db.execute("UPDATE candidates SET gone_at = NULL, json = ? WHERE id = ?", (text, number))
        else:
            before = None
            put = db.execute("INSERT INTO candidates (calendar, href, json) VALUES (?, ?, ?)", (*where, text))
            assert put.lastrowid is not None
            number = put.lastrowid
        if (row := history.of_request(before, replace(one, id=number), cycle, now)) is not None:
            history.add(db, row)
            if one.stage is Stage.BOOKED and one.booking_id is not None:
                # its story is the booking's from now on, as where it was held and confirmed
                history.rename(db, named(number), one.booking_id)
                history.add(db, history.carried_over(replace(row, booking_id=named(number)), one.booking_id))


def mark_gone(db: Database, gone: Sequence[Candidate], now: datetime) -> None:
    """The calendar does not list these. They are remembered for a while: a listing may have been wrong."""
    db.conn.executemany(
        "UPDATE candidates SET gone_at = ? WHERE id = ? AND gone_at IS NULL",
        [(as_text(now), one.id) for one in gone],
    )


def decide(db: Database, name: BookingId, verb: Decision, cycle: int, now: datetime) -> bool:
    """A person's word about one that awaits it; False where it does not."""
    for number, one in _awaiting(db):
        if named(number) == name:
            _put(db, number, _decided(one, verb))
            history.add(db, history.of_decision(replace(one, id=number), verb, cycle, now))
            return True
    return False


def settle(db: Database, number: int, outcome: str, detail: str, reply: Reply | None, now: datetime) -> None:
    """What came of the hold or the confirm for that event. Where no answer came it stays as it was: tried again."""
    row = db.execute("SELECT json FROM candidates WHERE id = ?", (number,)).fetchone()
    if row is None or reply is None:
        return
    one = CANDIDATE.load(row[0])
    if outcome == "done" and reply.booking_ids:
        _put(db, number, replace(one, stage=Stage.BOOKED, booking_id=reply.booking_ids[0], note=None))
    elif outcome == "done":
        _put(db, number, replace(one, stage=Stage.CLOSED, note=Note(NoteKind.REQUEST_UNNAMED, now, NEVER)))
    elif outcome == "refused" or detail == "Malformed":
        note = Note(
            NoteKind.REQUEST_REFUSED, now, NEVER, asked=one.start, slots=reply.slots, reason=reply.reason[:QUOTED]
        )
        _put(db, number, replace(one, stage=Stage.CLOSED, note=note))
    elif detail in _UNANSWERED:
        note = Note(_UNANSWERED[detail], now, NEVER, asked=one.start, slots=reply.slots)
        _put(db, number, replace(one, stage=Stage.CLOSED, note=note))


def rename(db: Database, old: BookingId, new: BookingId) -> None:
    """What became the booking of the old id became that of the new one: a reschedule may give it another."""
    if new == old:
        return
    found = db.execute("SELECT id, json FROM candidates WHERE json_extract(json, '$.booking_id') = ?", (old,))
    for number, text in found.fetchall():
        _put(db, number, replace(CANDIDATE.load(text), booking_id=new))


def drop(db: Database, over: Iterable[Candidate]) -> None:
    db.conn.executemany("DELETE FROM candidates WHERE id = ?", [(one.id,) for one in over])


def prune(db: Database, before: str) -> None:
    """Drop those that have not been there since then."""
    db.execute("DELETE FROM candidates WHERE gone_at < ?", (before,))


def _may_be_booked(one: Candidate) -> bool:
    """Whether there is a booking for it, or nobody can say that there is none: as its event says, or is yet to say."""
    said = {one.told, one.note.kind.value if one.note is not None else ""}
    return one.booking_id is not None or bool(said & {NoteKind.REQUEST_UNSURE, NoteKind.REQUEST_UNNAMED})


def _awaiting(db: Database) -> list[tuple[int, Candidate]]:
    rows = db.execute("SELECT id, json FROM candidates").fetchall()
    found = ((number, CANDIDATE.load(text)) for number, text in rows)
    return [(number, one) for number, one in found if one.stage is Stage.AWAITING]


def _decided(one: Candidate, verb: Decision) -> Candidate:
    if verb is Decision.APPROVED:
        return replace(one, stage=Stage.APPROVED, note=None)
    # where the event says nothing of waiting, there is nothing to take back
    note = Note(NoteKind.REQUEST_REJECTED, one.since, NEVER) if one.told or one.note else None
    return replace(one, stage=Stage.CLOSED, note=note)


def _put(db: Database, number: int, one: Candidate) -> None:
    db.execute("UPDATE candidates SET json = ? WHERE id = ?", (CANDIDATE.dump(one), number))
