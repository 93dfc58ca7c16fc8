"""The store: everything that syncd remembers between two cycles, in one file or in memory.

One thread uses it. Every writing method is one transaction, on the disk when it returns; readers in other processes see
all of it or nothing. Every method raises StoreError where the file cannot be read or written (disk full, locked,
damaged). All times are aware and come back in UTC.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlite_utils import Database

from syncd.domain.actions import Action, Asked, Cancel
from syncd.domain.availability import DayKey, OpenDay
from syncd.domain.candidate import Candidate, Stage
from syncd.domain.event import Observation
from syncd.domain.findings import Findings, Scratch
from syncd.domain.ids import BookingId
from syncd.domain.link import Decision, Link
from syncd.domain.opening import Opening
from syncd.domain.request import Known, Reply, Wanted
from syncd.state import (
    asks,
    candidates,
    database,
    facts,
    history,
    journal,
    known,
    open_days,
    openings,
    pairs,
    probes,
    withheld,
)
from syncd.state.asks import Ask
from syncd.state.codec import CANDIDATE, LINK, OBSERVATION, OPENING, Kept
from syncd.state.history import CycleRow, CycleSummary, HistoryRow
from syncd.state.journal import Intent, Outcome
from syncd.state.pairs import UNREAD, Position
from syncd.state.withheld import Withheld


class Store:
    """Opened with `Store.open`; closed with `close`, or as a context manager."""

    def __init__(self, db: Database, path: Path | None) -> None:
        self._db = db
        self._path = path
        self._reading = database.Reading(db, path)
        self._writing = database.Writing(db, path)
        self._links = Kept(LINK)
        self._observations = Kept(OBSERVATION)
        self._candidates = Kept(CANDIDATE)
        self._openings = Kept(OPENING)

    @classmethod
    def open(cls, path: Path | None) -> "Store":
        """The store at `path`, made if there is none; None: a new one in memory.

        Raises StoreError, and leaves the file as it is, where it is damaged, of a newer version, or not ours.
        """
        return cls(database.open_memory() if path is None else database.open_file(path), path)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def path(self) -> Path | None:
        """Its file; None in memory."""
        return self._path

    def copy_in_memory(self) -> "Store":
        """A copy whose changes leave no trace."""
        with self._read() as db:
            return Store(database.copy_to_memory(db), self._path)

    @property
    def data_version(self) -> int:
        """A number that changes when another connection has written; not through our own writes."""
        with self._read() as db:
            return int(db.execute("PRAGMA data_version").fetchone()[0])

    def try_to_write(self) -> None:
        """Raises StoreError where nothing can be written. Changes nothing."""
        with self._write() as db:
            # a transaction alone begins on a file that can only be read, too
            db.execute("DELETE FROM facts WHERE 0")

    def bind(self, base_url: str, client_id: str) -> None:
        """Remember whose bookings these are.

        Raises StoreError where it remembers another pair, or cannot be written.
        """
        self.try_to_write()
        with self._write() as db:
            facts.bind(db, base_url, client_id)

    # cycles

    def begin_cycle(self, now: datetime) -> int:
        """The number of the cycle that begins: greater than any before, whatever was pruned."""
        with self._write() as db:
            return history.begin_cycle(db, now)

    def end_cycle(self, cycle: int, now: datetime, summary: CycleSummary) -> None:
        with self._write() as db:
            history.end_cycle(db, cycle, now, summary)

    def last_cycles(self, limit: int) -> list[CycleRow]:
        """The newest cycles, the newest first, the one that runs included."""
        with self._read() as db:
            return history.last_cycles(db, limit)

    def last_good_cycle_at(self) -> datetime | None:
        """When the last good cycle ended."""
        with self._read() as db:
            return history.last_good_cycle_at(db)

    # links

    def links(self) -> dict[BookingId, Link]:
        """All links, open and closed, in the order of their bookings' ids."""
        with self._read() as db:
            return pairs.links(db, self._links)

    def save_link(self, link: Link) -> None:
        with self._write() as db:
            pairs.save_link(db, link)

    def rename_link(self, old_id: BookingId, link: Link) -> None:
        """Carry a pair over to another booking's id; a link which that booking has already gives way."""
        with self._write() as db:
            pairs.rename_link(db, old_id, link)

    # observations

    def observations(self) -> dict[tuple[str, str], Observation]:
        """What was last seen of our own events, the unreadable ones included, by (calendar, href)."""
        with self._read() as db:
            return pairs.observations(db, self._observations)

    def etags(self, calendar: str) -> dict[str, str | None]:
        """Every href known in that calendar, other people's events included, with its version."""
        with self._read() as db:
            return pairs.etags(db, calendar)

    def observe(
        self,
        calendar: str,
        seen: Sequence[Observation],
        removed: Collection[str],
        cursor: str | None,
        full_at: datetime | None,
        links: Iterable[Link] = (),
        not_given: Mapping[str, Withheld] | None = None,
    ) -> None:
        """Keep what was seen and drop the hrefs in `removed`, and stand at the cursor that covers it.

        `seen` holds what is new or has another ETag. Of somebody else's event only href and ETag are kept.
        `full_at` None: not listed in full this time. `links`: what is remembered of removed ones. `not_given`: what is
        to be asked for again; None leaves that as it is.
        """
        with self._write() as db:
            pairs.observe(db, calendar, seen, removed)
            if not_given is not None:
                withheld.keep(db, calendar, not_given)
            for link in links:
                pairs.save_link(db, link)
            pairs.move_cursor(db, calendar, cursor, full_at)

    def withheld(self, calendar: str) -> dict[str, Withheld]:
        """The objects in that calendar which its server does not give, by their hrefs."""
        with self._read() as db:
            return withheld.withheld(db, calendar)

    def cursors(self) -> dict[str, Position]:
        """Our position in each calendar that was ever listed."""
        with self._read() as db:
            return pairs.cursors(db)

    def cursor(self, calendar: str) -> Position:
        """Our position in that calendar; UNREAD for one that was never listed."""
        return self.cursors().get(calendar, UNREAD)

    def forget_cursor(self, calendar: str) -> None:
        """The next listing of that calendar is a full one; what was seen in it stays."""
        with self._write() as db:
            pairs.move_cursor(db, calendar, None, None)

    # journal

    def journal(self, actions: Sequence[Action], cycle: int, now: datetime) -> list[Intent]:
        """Carry out the records and write down the effects as open intents, returned in order.

        The `before` of a reschedule or a cancel is remembered with its intent. `cycle` has been begun here.
        """
        with self._write() as db:
            return journal.journal(db, actions, cycle, now)

    def open_intents(self) -> list[Intent]:
        """The intents whose outcome is not known, oldest first."""
        with self._read() as db:
            return journal.open_intents(db)

    def record(
        self,
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
        """Write down what came of an intent: `link` takes its place (under another booking's id: is carried over).

        `observed` and `removed` (calendar, href) are what the write left in the calendar; the cursor stays, so the next
        report names them once more. UNKNOWN leaves the intent open. `detail` carries no customer's data. Of what was
        asked by hand: `known` is the booking as it is now, `reply` what the person is told, and `then` what must
        follow; it is written down in the same transaction, and returned as an intent. Raises LookupError for an intent
        that is not open.
        """
        with self._write() as db:
            return journal.record(
                db, intent, outcome, now, link=link, observed=observed, removed=removed, detail=detail, known=known,
                reply=reply, then=then,
            )  # fmt: skip

    def take_up(self, ask_id: int, action: Asked, cycle: int, now: datetime) -> Intent | None:
        """Turn what was asked by hand into an intent; None where it was withdrawn meanwhile."""
        with self._write() as db:
            return journal.open_intent(db, action, cycle, now) if asks.take(db, ask_id, now) else None

    def begun_by_now(self, now: datetime) -> None:
        """After a clock that was set back: no open intent begins later than now."""
        if late := [intent for intent in self.open_intents() if intent.at > now]:
            with self._write() as db:
                journal.begun_by_now(db, late, now)

    def drop(self, intents: Sequence[Intent], now: datetime) -> None:
        """Close intents that were never begun, all at once."""
        with self._write() as db:
            journal.drop(db, intents, now)

    # history

    def history(self, booking_id: BookingId | None, limit: int) -> list[HistoryRow]:
        """The newest `limit` rows, of one booking or of all, oldest first."""
        with self._read() as db:
            return history.history(db, booking_id, limit)

    def cancellations_between(self, since: datetime, until: datetime) -> tuple[int, frozenset[BookingId]]:
        """How many bookings were cancelled by us in that time, and which perhaps, for no answer came.

        The latter with each whose call is still open: the process may have died between its effect and the record.
        """
        with self._read() as db:
            done, perhaps = history.cancellations_between(db, since, until)
        opened = (one.action for one in self.open_intents())
        return done, perhaps | {action.booking_id for action in opened if isinstance(action, Cancel)}

    def removals_between(self, since: datetime, until: datetime) -> int:
        """How many events went in that time, with no person's word, for Zimun did not know their bookings any more."""
        with self._read() as db:
            return history.removals_between(db, since, until)

    def prune(self, before: datetime) -> None:
        """Drop what is older: history, closed intents, answered asks, tombstones, and cycles but the last good one.

        So are bookings that ended before then, and what is known of them.
        """
        limit = database.as_text(before)
        with self._write() as db:
            journal.prune(db, limit)
            history.prune(db, limit)
            asks.prune(db, limit)
            pairs.prune_links(db, limit)
            known.prune(db, limit)
            candidates.prune(db, limit)

    # asks

    def ask(self, verb: Decision | None, booking_ids: Sequence[BookingId], now: datetime) -> int:
        """Leave a person's word for the next cycle (None: only ask for a cycle); the number by which it is answered."""
        with self._write() as db:
            return asks.ask(db, verb, booking_ids, now)

    def undecided(self) -> list[Ask]:
        """What was asked and not answered yet, oldest first."""
        with self._read() as db:
            return asks.undecided(db)

    def answer(self, ask_id: int, now: datetime, text: str, code: int) -> None:
        """Reply to a person's word, with the exit code of the cycle that took it in."""
        with self._write() as db:
            asks.reply(db, ask_id, now, Reply(code, text))

    def want(self, wanted: Wanted, now: datetime) -> int:
        """Leave what a person wants of Zimun for the next cycle; the number by which it is answered."""
        with self._write() as db:
            return asks.want(db, wanted, now)

    def reply(
        self,
        ask_id: int,
        now: datetime,
        told: Reply,
        imported: Sequence[Known] = (),
        cycle: int = 0,
        links: Iterable[Link] = (),
    ) -> None:
        """Answer what was wanted, with the bookings that were taken in for it, if there are any.

        `links`: the pairs for which that word of a person counts.
        """
        with self._write() as db:
            asks.reply(db, ask_id, now, told)
            for link in links:
                pairs.save_link(db, link)
            for one in imported:
                known.keep(db, one)
                history.add(db, history.imported(one, cycle, now))

    def replied(self, ask_id: int) -> bool:
        """Whether what was wanted is answered."""
        with self._read() as db:
            return asks.is_replied(db, ask_id)

    def collect(self, ask_id: int) -> tuple[bool, Reply | None]:
        """Take the reply, or take back what was not taken up yet: whether it was taken up, and the reply.

        Nothing of it is kept then, unless an intent still works for it.
        """
        with self._write() as db:
            return asks.collect(db, ask_id)

    def forget_replies(self, before: datetime, after: datetime) -> None:
        """Drop what was replied before the one or after the other, by a clock that was ahead, and nobody collected.

        Its words are Zimun's, and may name a customer.
        """
        limits = database.as_text(before), database.as_text(after)
        with self._read() as db:
            stale = asks.has_replies(db, *limits)
        if stale:
            with self._write() as db:
                asks.forget_replies(db, *limits)

    # bookings that syncd knows by its own doing

    def known(self) -> list[Known]:
        """Those whose links do not say the same yet, in the order of their ids."""
        with self._read() as db:
            return known.known(db)

    def know(self, one: Known) -> None:
        with self._write() as db:
            known.keep(db, one)

    def forget_known(self, booking_ids: Sequence[BookingId]) -> None:
        with self._write() as db:
            known.forget(db, booking_ids)

    # events that may ask for bookings

    def candidates(self) -> list[Candidate]:
        """All of them, also those that are not listed now, in the order in which they were first seen."""
        with self._read() as db:
            return candidates.candidates(db, self._candidates)

    def awaiting(self) -> list[Candidate]:
        """Those that wait for a person's word."""
        return [one for one in self.candidates() if one.stage is Stage.AWAITING and not one.gone]

    def foreign(self, calendar: str) -> dict[str, str | None]:
        """Every href in that calendar at which somebody else's object stands, with its version."""
        with self._read() as db:
            return candidates.foreign(db, calendar)

    def is_watched(self, calendar: str) -> bool:
        """Whether the events of that calendar were read before, to see what they ask for."""
        with self._read() as db:
            return calendar in candidates.watched(db)

    def watch_only(self, calendars: Collection[str], now: datetime) -> None:
        """Forget what stood in calendars that take no requests any more, but for what was booked for it."""
        with self._read() as db:
            others = [url for url in candidates.calendars(db) if url not in calendars]
        if others:
            with self._write() as db:
                candidates.forget(db, others, now)

    def take_notice(
        self,
        calendar: str,
        seen: Sequence[Candidate],
        gone: Sequence[Candidate],
        cycle: int,
        now: datetime,
        *,
        watched: bool = True,
    ) -> None:
        """Remember what was read in that calendar, and what it does not list any more.

        It is watched from now on, but for `watched` False: then not all of it could be read yet. What comes of a
        request with this is told in the history, here and below.
        """
        with self._write() as db:
            if watched:
                candidates.watch(db, calendar, now)
            candidates.keep(db, seen, cycle, now)
            candidates.mark_gone(db, gone, now)

    def keep_candidates(self, seen: Sequence[Candidate], cycle: int, now: datetime, links: Iterable[Link] = ()) -> None:
        """Remember these in place of what was known of them. `links`: the pairs of the bookings that they became."""
        if not seen:
            return
        with self._write() as db:
            candidates.keep(db, seen, cycle, now)
            for link in links:
                pairs.save_link(db, link)

    def forget_candidates(self, over: Sequence[Candidate]) -> None:
        """Drop these: what comes at their hrefs later is new."""
        if not over:
            return
        with self._write() as db:
            candidates.drop(db, over)

    def decide_candidate(self, name: BookingId, verb: Decision, cycle: int, now: datetime) -> bool:
        """A person's word about one that awaits it, by its name; False where it does not."""
        with self._write() as db:
            return candidates.decide(db, name, verb, cycle, now)

    # open slots

    def open_days(self) -> dict[DayKey, OpenDay]:
        """What is known of open slots, by service, place and day."""
        with self._read() as db:
            return open_days.open_days(db)

    def keep_open_days(self, days: Collection[OpenDay], gone: Collection[DayKey] = ()) -> None:
        """Remember these in place of what was known of them, and forget those in `gone`."""
        if not days and not gone:
            return
        with self._write() as db:
            open_days.keep(db, days)
            open_days.forget(db, gone)

    def openings(self, calendar: str) -> list[Opening]:
        """The slots' events in the calendar of open slots, as they were last read or written."""
        with self._read() as db:
            return openings.openings(db, calendar, self._openings)

    def openings_position(self, calendar: str) -> Position:
        """Our cursor in the calendar of open slots, and when it was last listed in full."""
        with self._read() as db:
            return openings.position(db, calendar)

    def keep_openings(
        self,
        calendar: str,
        seen: Collection[Opening],
        gone: Collection[str] = (),
        at: Position | None = None,
        not_given: Mapping[str, Withheld] | None = None,
    ) -> None:
        """Remember these in place of what was known of them, forget those at the hrefs in `gone`, and the position.

        `not_given` as for `observe`.
        """
        if not seen and not gone and at is None and not_given is None:
            return
        with self._write() as db:
            openings.keep(db, calendar, seen, gone)
            if not_given is not None:
                withheld.keep(db, calendar, not_given)
            if at is not None:
                openings.move_to(db, calendar, at)

    # probes of calendar servers

    def findings(self, calendar: str) -> Findings | None:
        """What the last `syncd check --probe` found there."""
        with self._read() as db:
            return probes.findings(db, calendar)

    def all_findings(self) -> dict[str, Findings]:
        """What the last probe of each calendar found, by its URL; of those that left the config, too."""
        with self._read() as db:
            return probes.all_findings(db)

    def needs_care(self, calendar: str) -> bool:
        """Whether a probe found that no condition on a write protects there."""
        found = self.findings(calendar)
        return found is not None and found.careful

    def keep_findings(self, calendar: str, found: Findings) -> None:
        with self._write() as db:
            probes.keep_findings(db, calendar, found)

    def scratch(self) -> tuple[Scratch, ...]:
        """The scratch events that may stand in calendars: a probe is at work, or was cut off."""
        with self._read() as db:
            return probes.scratch(db)

    def note_scratch(self, noted: Collection[Scratch] = (), gone: Collection[Scratch] = ()) -> None:
        """Remember these in place of what was known of them, and forget those in `gone`."""
        with self._write() as db:
            probes.note_scratch(db, noted, gone)

    # small facts

    def fact(self, name: str) -> str | None:
        with self._read() as db:
            return facts.fact(db, name)

    def set_fact(self, name: str, value: str) -> None:
        with self._write() as db:
            facts.set_fact(db, name, value)

    def remember_clock(self, wall: datetime, boot: str, elapsed: float) -> None:
        """Remember both clocks as they stood together: the wall clock, and seconds since the boot of that name."""
        with self._write() as db:
            facts.remember_clock(db, wall, boot, elapsed)

    def remembered_clock(self) -> tuple[datetime, str, float] | None:
        with self._read() as db:
            return facts.remembered_clock(db)

    def _read(self) -> database.Reading:
        return self._reading

    def _write(self) -> database.Writing:
        return self._writing
