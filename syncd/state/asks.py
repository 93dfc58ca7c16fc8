"""What commands ask of the daemon: each leaves a row in one short transaction, the next cycle answers it.

What is wanted of Zimun by hand holds a customer's data: it stands in its row until it is taken up or withdrawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from syncd.domain.request import Reply, Wanted
from syncd.state.codec import BOOKING_IDS, REPLY, WANTED
from syncd.state.database import as_text


@dataclass(frozen=True, slots=True)
class Ask:
    """A person's word about those bookings; `verb` None asks for a cycle now, and decides nothing.

    `wanted`: what Zimun is to be asked for instead; then there is no verb and `booking_ids` is empty.
    """

    id: int
    verb: Decision | None
    booking_ids: tuple[BookingId, ...]
    at: datetime
    wanted: Wanted | None = None

    def is_about(self, since: datetime, now: datetime) -> bool:
        """Whether what awaits a word since then did so when this one was given: another question is not answered by it.

        Given late it may be, as where syncd was killed. A `since` that is still to come is from before a clock was set
        back, and tells nothing, unless the word is from before that too. A no is about whatever awaits: where clocks
        leave that unclear, it does no harm, and to pass over it might.
        """
        return self.verb is Decision.REJECTED or since < self.at or self.at <= now < since


def ask(db: Database, verb: Decision | None, booking_ids: Sequence[BookingId], now: datetime) -> int:
    number = db.execute(
        "INSERT INTO asks (verb, booking_ids, at) VALUES (?, ?, ?)",
        (None if verb is None else verb.value, BOOKING_IDS.dump(tuple(booking_ids)), as_text(now)),
    ).lastrowid
    assert number is not None
    return number


def want(db: Database, wanted: Wanted, now: datetime) -> int:
    number = db.execute(
        "INSERT INTO asks (booking_ids, at, wanted) VALUES ('[]', ?, ?)", (as_text(now), WANTED.dump(wanted))
    ).lastrowid
    assert number is not None
    return number


def undecided(db: Database) -> list[Ask]:
    """What was asked and is neither answered nor taken up, oldest first."""
    rows = db.execute(
        "SELECT id, verb, booking_ids, at, wanted FROM asks WHERE answered_at IS NULL AND taken_at IS NULL ORDER BY id"
    )
    return [
        Ask(
            number,
            None if verb is None else Decision(verb),
            BOOKING_IDS.load(ids),
            datetime.fromisoformat(at),
            None if wanted is None else WANTED.load(wanted),
        )
        for number, verb, ids, at, wanted in rows
    ]


def take(db: Database, ask_id: int, now: datetime) -> bool:
    """Mark it as taken up, for an intent carries it on; False where it was withdrawn meanwhile."""
    taken = db.execute(
        "UPDATE asks SET taken_at = ?, wanted = NULL WHERE id = ? AND taken_at IS NULL AND answered_at IS NULL",
        (as_text(now), ask_id),
    )
    return taken.rowcount == 1


def reply(db: Database, ask_id: int, now: datetime, told: Reply) -> None:
    """Answer what was asked. Where nobody waits any more, its row is gone, and nothing is told."""
    db.execute(
        "UPDATE asks SET answered_at = ?, reply = ?, wanted = NULL WHERE id = ?",
        (as_text(now), REPLY.dump(told), ask_id),
    )


def is_replied(db: Database, ask_id: int) -> bool:
    row = db.execute("SELECT reply FROM asks WHERE id = ?", (ask_id,)).fetchone()
    return row is not None and row[0] is not None


def collect(db: Database, ask_id: int) -> tuple[bool, Reply | None]:
    """Take the reply, or take back what was not taken up yet; both delete the row.

    Whether it was taken up, and the reply. A row that an intent works for stays, for its reply.
    """
    row = db.execute("SELECT taken_at, reply FROM asks WHERE id = ?", (ask_id,)).fetchone()
    if row is None:
        return False, None
    taken, told = row
    if taken is None or told is not None:
        db.execute("DELETE FROM asks WHERE id = ?", (ask_id,))
    return taken is not None or told is not None, None if told is None else REPLY.load(told)


def has_replies(db: Database, before: str, after: str) -> bool:
    row = db.execute(
        "SELECT 1 FROM asks WHERE reply IS NOT NULL AND answered_at NOT BETWEEN ? AND ?", (before, after)
    ).fetchone()
    return row is not None


def forget_replies(db: Database, before: str, after: str) -> None:
    db.execute("DELETE FROM asks WHERE reply IS NOT NULL AND answered_at NOT BETWEEN ? AND ?", (before, after))


def prune(db: Database, before: str) -> None:
    """Drop what was answered before then, or taken up and never answered."""
    db.execute("DELETE FROM asks WHERE answered_at < :before OR taken_at < :before", {"before": before})
