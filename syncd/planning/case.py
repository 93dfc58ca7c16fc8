"""One link in one snapshot, and the writes that all decisions about it are made of."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from itertools import count

from syncd.domain.actions import Action, Create, Problem, ProblemKind, Record, Replace, Why
from syncd.domain.booking import Booking, Span
from syncd.domain.event import Draft, Event, Observation, Put, Texts
from syncd.domain.ids import BookingId, name_of, uid_of
from syncd.domain.link import Awaiting, AwaitKind, Frozen, Leftover, Link, PutBack, changed
from syncd.domain.note import Note, NoteKind
from syncd.planning.instants import letters, resolved
from syncd.planning.merge import Merged, fresh, merge
from syncd.planning.routing import route
from syncd.planning.snapshot import Policy, Snapshot

PUT_BACKS = 3
PUT_BACK_WINDOW = timedelta(hours=1)
VERSIONS = 8
ANSWER_WITHIN = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one case comes to: at most one action, and perhaps a problem to show."""

    action: Action | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be decided: one link, everything that was seen, and what the config says."""

    link: Link
    snapshot: Snapshot
    policy: Policy

    @property
    def now(self) -> datetime:
        return self.snapshot.now

    @property
    def zone(self) -> tzinfo | None:
        return self.snapshot.zone(self.link.booking)

    @property
    def texts(self) -> Texts:
        """What the event should say; what it said where the booking was not seen."""
        return self.snapshot.texts.get(self.link.booking_id, self.link.texts)

    def with_link(self, link: Link) -> "Case":
        return self if link is self.link else Case(link, self.snapshot, self.policy)

    def route(self, booking: Booking) -> str | None:
        return route(booking, self.policy.routes)

    def note(
        self,
        kind: NoteKind,
        *,
        asked: datetime | None = None,
        was: datetime | None = None,
        slots: tuple[datetime, ...] = (),
        at: datetime | None = None,
        until: datetime | None = None,
        staff: str = "",
        reason: str = "",
    ) -> Note:
        """A note of this moment; it goes after `note_hours` unless `until` says otherwise."""
        return Note(
            kind=kind,
            at=at or self.now,
            until=until or self.now + self.policy.note,
            # where it stood right, something else about it differed
            asked=asked if asked != was else None,
            was=was,
            slots=slots,
            reason=reason,
            staff=staff,
        )

    def asking(self, booking: Booking, kind: NoteKind) -> tuple["Case", Note]:
        """The case in which it is asked whether the booking shall be cancelled, and the question for its event."""
        until = self.now + ANSWER_WITHIN
        awaiting = Awaiting(AwaitKind.CANCEL, self.now, booking, until=until)
        case = self.with_link(replace(self.link, awaiting=awaiting))
        return case, case.note(kind, was=booking.start, until=until)

    def told_where_it_stood(self, left: Leftover) -> Note | None:
        """The note for a second event that counts from now on, where it stood at another time than the booking before
        anything was known of either: Zimun is right. None for any other.
        """
        stood = left.start.instant if left.start is not None else self.link.booking.start
        if left.stays_until is None or stood == self.link.booking.start:
            return None
        return self.note(NoteKind.ADOPTED, asked=stood, was=self.link.booking.start)

    def remember(self, link: Link, why: Why = Why.REMEMBERED) -> Outcome:
        """Remember the link, if it differs from what is remembered."""
        known = self.snapshot.links.get(link.booking_id)
        return Outcome() if link == known else Outcome(Record(link.booking_id, why, link))

    def frozen(self, start: str, booking: Booking) -> Outcome | None:
        """The pair is left alone, and that is said, once this start was put back three times within an hour.

        It stays so until the event or the booking gets a new start. None: it is not.
        """
        stands = Frozen(start, booking.start)
        known = self.link.frozen
        rebooked = known is not None and known.letters == start and known.booking_start != booking.start
        lately = [back.letters for back in self.put_back_lately]
        fought_over = len(lately) >= PUT_BACKS and start in lately and not rebooked
        if self.link.frozen != stands and not fought_over:
            return None
        problem = Problem(
            ProblemKind.FROZEN,
            self.link.booking_id,
            "its event was put back three times within an hour and comes again: left alone until it or the booking "
            "gets a new time",
        )
        return replace(self.remember(replace(self.link, frozen=stands), Why.LEFT_ALONE), problem=problem)

    def problem(self, kind: ProblemKind, text: str) -> Outcome:
        return Outcome(problem=Problem(kind, self.link.booking_id, text))

    @property
    def put_back_lately(self) -> list[PutBack]:
        """The put-backs of the last hour."""
        return [back for back in self.link.put_backs if self.now - back.at < PUT_BACK_WINDOW]

    def put_backs(self, start: str) -> tuple[PutBack, ...]:
        return (*self.put_back_lately, PutBack(self.now, start))

    def rewrite(
        self,
        seen: Observation,
        booking: Booking,
        why: Why,
        *,
        span: Span | None,
        note: Note | None,
        put_back: bool = False,
    ) -> Replace:
        """Write the event onto what stands there: the time of `span` (None: leave it), the texts merged, the note."""
        assert seen.event is not None
        link = self.link
        # while a wish is open the person's version counts: it must not be taken for a stale client's
        waiting = seen.event.fingerprint if link.wish is not None and span is None else ""
        after = replace(
            link,
            booking=booking,
            texts=self.texts,
            note=note,
            pending=None,
            frozen=None,
            replay="" if waiting else seen.event.fingerprint,
            older=tuple(version for version in outdated(link) if version != waiting),
            since=(waiting,) if waiting else (),
        )
        if span is not None:
            after = replace(
                after,
                put=self.put(booking, seen.event),
                stood=self.stood(seen.event),
                wish=None,
                refusal=None,
                deletion=None,
                went_unkept=False,
            )
        if put_back:
            after = replace(after, put_backs=self.put_backs(letters(seen.event.start)))
        merged = merge(link.texts, seen.event, self.texts)
        return Replace(
            link.booking_id,
            why,
            after,
            seen.calendar,
            seen.href,
            seen.etag,
            draft(self.snapshot, self.policy, booking, seen.event.uid, merged, span, after.put),
            seen.data,
        )

    def put(self, booking: Booking, event: Event | None) -> Put:
        """Where a write puts the event from now on. What a person moved is not counted: they may take it back.

        A booking that lives again counts as moved: it may have been, before it was cancelled, and its event was not.
        """
        known = [one.number for one in (self.link.put, event.put if event is not None else None) if one is not None]
        moved = booking.start != self.link.booking.start or self.link.booking.cancelled
        return Put(max(known, default=0) + moved, booking.start)

    def stood(self, seen: Event | None = None) -> tuple[Put, ...]:
        """Where people had put the event, with where it stood last and where it is `seen`: told or refused, booked or
        not. Until others move its booking they may put it there again.
        """
        last, start = self.link.put, self.link.start.instant
        places = [Put(last.number, start)] if last is not None and start is not None else []
        there = resolved(seen.start, self.zone).instant if seen is not None else None
        if seen is not None and seen.put is not None and there is not None:
            places.append(Put(seen.put.number, there))
        puts = (last, seen.put if seen is not None else None)
        return tuple(dict.fromkeys((*self.link.stood, *(one for one in places if one not in puts))))[-VERSIONS:]

    def put_back(self, seen: Observation, booking: Booking, why: Why, note: Note | None) -> Replace:
        """The event goes back to where the booking is. Counted, so that two programs cannot fight for ever."""
        return self.rewrite(seen, booking, why, span=booking.span, note=note, put_back=True)

    def recreate(
        self,
        booking: Booking,
        why: Why,
        *,
        note: Note | None,
        source: Observation | None = None,
        put_back: str | None = None,
    ) -> Create:
        """Write the event as a new object where routing wants it, from `source` or else the last complete object.

        `put_back`: counted as put back from there, as in `PutBack.letters`.
        """
        link = self.link
        event, data = (source.event, source.data) if source is not None else (link.event, link.data)
        target = self.route(booking) or link.calendar
        uid, name = next_name(link.booking_id, target, self.snapshot)
        # a backup has it under that name, unless its pair had ended, or no calendar ever showed it
        same = (link.calendar, link.href.rsplit("/", 1)[-1]) == (target, name)
        made_before = link.closed is None and link.shown and same
        rerouted = link.awaiting is not None and link.awaiting.kind is AwaitKind.REROUTE
        after = replace(
            link,
            calendar=target,
            awaiting=None if rerouted else link.awaiting,
            uid=uid,
            booking=booking,
            texts=self.texts,
            note=note,
            pending=None,
            frozen=None,
            put=self.put(booking, event),
            stood=self.stood(source.event if source is not None else None),
            replay="",
            older=outdated(link),
            since=(),
            wish=None,
            refusal=None,
            deletion=None,
            went_unkept=False,
            closed=None,
            made_at=link.made_at if made_before else self.now,
            put_backs=link.put_backs if put_back is None else self.put_backs(put_back),
            leftovers=(*link.leftovers, left_behind(source, link.replay)) if source is not None else link.leftovers,
        )
        merged = fresh(self.texts) if event is None else merge(link.texts, event, self.texts)
        return Create(
            link.booking_id,
            why,
            after,
            target,
            name,
            draft(self.snapshot, self.policy, booking, uid, merged, booking.span, after.put),
            data,
        )


def outdated(link: Link) -> tuple[str, ...]:
    """What our next write makes old, besides the version that it replaces."""
    return _few((*link.older, link.replay, *link.since, link.event.fingerprint if link.event is not None else ""))


def made_old(link: Link, event: Event) -> Link:
    """The link that knows that version for one from before what syncd wants there: it is no person's wish."""
    return replace(link, older=_few((*link.older, event.fingerprint)))


def taken_over(link: Link, event: Event) -> tuple[str, ...]:
    """The versions since our last write, now that a person's `event` takes the place of the link's."""
    if link.event is None or link.event.fingerprint == event.fingerprint:
        return link.since
    return _few((*link.since, link.event.fingerprint))


def noticed(link: Link, seen: Observation | None) -> Link:
    """The link with the version that stands there now: whatever is decided about it, our next write makes it old."""
    event = seen.event if seen is not None else None
    known = (link.replay, *link.older, *link.since, link.event.fingerprint if link.event is not None else "")
    if event is None or event.fingerprint in known:
        return link
    return replace(link, since=_few((*link.since, event.fingerprint)))


def as_it_was_last(link: Link, seen: Observation | None) -> Link:
    """The link of an event that is gone: what people wrote into it last comes back with it.

    A write that would have remembered it may have come to nothing. A version that our writes had made old is no news.
    """
    event = seen.event if seen is not None else None
    if seen is None or event is None or event.fingerprint in (link.replay, *link.older):
        return link
    return changed(link, data=seen.data, event=event, etag=seen.etag, since=taken_over(link, event))


def _few(versions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(version for version in versions if version))[-VERSIONS:]


def left_behind(seen: Observation, replay: str = "") -> Leftover:
    start = seen.event.start if seen.event is not None else None
    return Leftover(seen.calendar, seen.href, seen.etag, start, replay)


def next_name(booking_id: BookingId, calendar: str, snapshot: Snapshot) -> tuple[str, str]:
    """The UID and the href of a new event: the first generation that is not refused, and whose href is not taken."""
    free = (
        generation
        for generation in count(1)
        if uid_of(booking_id, generation) not in snapshot.refused_uids
        and (calendar, name_of(booking_id, generation)) not in snapshot.names
    )
    generation = next(free)
    return uid_of(booking_id, generation), name_of(booking_id, generation)


def draft(
    snapshot: Snapshot, policy: Policy, booking: Booking, uid: str, merged: Merged, span: Span | None, put: Put | None
) -> Draft:
    """`put` goes with the time of `span`, and counts only with one."""
    return Draft(
        uid=uid,
        booking_id=booking.id,
        span=span,
        zone=snapshot.zone_name(booking),
        title=merged.title,
        place=merged.place,
        description=merged.description,
        klass=policy.klass,
        alarm_minutes=policy.alarm_minutes,
        put=put if span is not None else None,
    )
