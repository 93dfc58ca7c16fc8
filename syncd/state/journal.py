"""The write-ahead log: what is about to be done is written down first, and closed together with what came of it.

It is no work queue. An intent that a crash left open is settled by looking for its effect; truth is what is observed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from sqlite_utils import Database

from syncd.domain.actions import Action, Asked, Cancel, Confirm, Effect, Hold, Record, Reschedule, Why
from syncd.domain.event import Observation
from syncd.domain.link import Link
from syncd.domain.request import Known, Reply
from syncd.state import asks, candidates, history, pairs
from syncd.state import known as knowledge
from syncd.state.codec import EFFECT
from syncd.state.database import as_text


class Outcome(StrEnum):
    """What came of an intent. UNKNOWN leaves it open: it is to be settled by looking."""

    DONE = "done"
    SUPERSEDED = "superseded"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    FAILED = "failed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Intent:
    """An action that is written down. `key` is random and its own: the Idempotency-Key of every attempt at it."""

    id: int
    key: str
    action: Effect
    cycle: int
    at: datetime


def journal(db: Database, actions: Sequence[Action], cycle: int, now: datetime) -> list[Intent]:
    """Carry out the records and write down the effects, in order; the intents of the effects, in order."""
    intents = []
    for action in actions:
        if isinstance(action, Record):
            base = pairs.link(db, action.booking_id)
            pairs.rename_link(db, action.booking_id, action.link)
            candidates.rename(db, action.booking_id, action.link.booking_id)
            if action.why is not Why.REMEMBERED:
                history.add(db, history.row_of(action, base, cycle, now, Outcome.DONE.value))
            continue
        if isinstance(action, Reschedule | Cancel):
            pairs.save_link(db, action.before)
        intents.append(open_intent(db, action, cycle, now))
    return intents


def open_intents(db: Database) -> list[Intent]:
    """The intents whose outcome is not known, in the order in which they were written down."""
    rows = db.execute("SELECT id, key, cycle, at, json FROM intents WHERE closed_at IS NULL ORDER BY id")
    return [
        Intent(number, key, EFFECT.load(text), cycle, datetime.fromisoformat(at))
        for number, key, cycle, at, text in rows
    ]


def begun_by_now(db: Database, intents: Sequence[Intent], now: datetime) -> None:
    """These were begun at a time that is still to come, and count as begun now: the clock was set back since.

    For how long it may stand, or is asked for again, is counted from there.
    """
    db.conn.executemany("UPDATE intents SET at = ? WHERE id = ?", [(as_text(now), one.id) for one in intents])


def record(
    db: Database,
    intent: Intent,
    outcome: Outcome,
    now: datetime,
    *,
    link: Link | None = None,
    observed: Observation | None = None,
    removed: tuple[str, str] | None = None,
    detail: str = "",
    known: Known | None = None,
    reply: Reply | None = None,
    then: Asked | None = None,
) -> Intent | None:
    """Write down what came of an intent, with the observation and the link that follow from it.

    Of what was asked by hand: with the booking as it is known now, the reply to the person, and what must follow, which
    is returned as an intent; the link is that of a booking which was there already. Raises LookupError for an intent
    that is not open: its outcome stands already.
    """
    row = db.execute("SELECT outcome FROM intents WHERE id = ? AND closed_at IS NULL", (intent.id,)).fetchone()
    if row is None:
        raise LookupError(f"intent {intent.id} is not open")
    action = intent.action
    entry = history.row_of(action, pairs.link(db, action.booking_id), intent.cycle, now, outcome.value, detail)
    if removed is not None:
        pairs.observe(db, removed[0], (), (removed[1],))
    if observed is not None:
        pairs.observe(db, observed.calendar, (observed,), ())
    met = isinstance(action, Hold | Confirm)
    if link is not None and met:
        pairs.save_link(db, link)
    elif link is not None:
        pairs.rename_link(db, action.booking_id, link)
        candidates.rename(db, action.booking_id, link.booking_id)
    db.execute("UPDATE intents SET outcome = ? WHERE id = ?", (outcome.value, intent.id))
    if outcome is not Outcome.UNKNOWN:
        # nobody reads a closed intent's action again, and it holds customers' data
        db.execute("UPDATE intents SET closed_at = ?, json = '' WHERE id = ?", (as_text(now), intent.id))
    # an intent may stay unknown for many cycles, while a side is down: it is told once
    if row[0] != outcome.value:
        history.add(db, entry)
    if link is not None and link.booking_id != action.booking_id and not met:
        history.add(db, history.carried_over(entry, link.booking_id))
    if known is not None:
        knowledge.keep(db, known)
        if isinstance(action, Hold | Confirm):
            # the story of the request is the booking's, from its first row, and is found by either name
            history.rename(db, action.booking_id, known.booking.id)
            if action.candidate is not None:
                history.add(db, history.carried_over(entry, known.booking.id))
        else:
            candidates.rename(db, action.booking_id, known.booking.id)
    if reply is not None and isinstance(action, Asked) and action.ask is not None:
        asks.reply(db, action.ask, now, reply)
    if isinstance(action, Hold | Confirm) and action.candidate is not None:
        candidates.settle(db, action.candidate, outcome.value, detail, reply, now)
    return None if then is None else open_intent(db, then, intent.cycle, now)


def drop(db: Database, intents: Sequence[Intent], now: datetime) -> None:
    """Close intents that were never begun: nothing came of them, and nothing is told."""
    db.conn.executemany(
        "UPDATE intents SET outcome = ?, closed_at = ?, json = '' WHERE id = ? AND closed_at IS NULL",
        [(Outcome.DROPPED.value, as_text(now), intent.id) for intent in intents],
    )


def prune(db: Database, before: str) -> None:
    """Drop the intents that were closed before then; open ones stay."""
    db.execute("DELETE FROM intents WHERE closed_at < ?", (before,))


def open_intent(db: Database, action: Effect, cycle: int, now: datetime) -> Intent:
    """Write one effect down, under a key of its own."""
    # Random, never made from the content: the API would replay its first answer when a drag goes there, back and there.
    key = str(uuid4())
    number = db.execute(
        "INSERT INTO intents (key, cycle, at, json) VALUES (?, ?, ?, ?)",
        (key, cycle, as_text(now), EFFECT.dump(action)),
    ).lastrowid
    assert number is not None
    return Intent(number, key, action, cycle, now)
