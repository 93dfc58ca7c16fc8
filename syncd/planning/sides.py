"""Each side against its own half of the base: the rows and the columns of the planner's table."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syncd.domain.booking import Booking
from syncd.domain.event import EVER, Event, EventTime, Observation, Put, TimeKind
from syncd.domain.ids import parse_uid
from syncd.domain.link import Leftover, Link, Wrote
from syncd.domain.note import NoteKind
from syncd.planning.instants import resolved
from syncd.planning.snapshot import FindEvent, Look, LookBooking, LookEvent, Policy, Snapshot

STALE = timedelta(minutes=2)
OWN_WRITE = timedelta(minutes=10)
SETTLED = timedelta(minutes=10)
"""For so long two events of one booking may be one that is on its way: Thunderbird writes the new before it deletes."""
CARRIED = timedelta(hours=1) + SETTLED
"""So long before an event is missed it may have come to stand elsewhere: a change list may leave out that it went, and
all is listed once an hour.
"""


@dataclass(frozen=True, slots=True)
class BookingSame:
    booking: Booking


@dataclass(frozen=True, slots=True)
class BookingMoved:
    booking: Booking


@dataclass(frozen=True, slots=True)
class BookingCancelled:
    """`explicit`: a status said so; else it is a 404 that was believed."""

    booking: Booking
    explicit: bool


@dataclass(frozen=True, slots=True)
class BookingMissing:
    """A 404 that counts as evidence, but is not believed yet."""


@dataclass(frozen=True, slots=True)
class BookingUnseen:
    """No evidence in this cycle."""


@dataclass(frozen=True, slots=True)
class EventSame:
    seen: Observation
    start: EventTime


@dataclass(frozen=True, slots=True)
class EventMoved:
    seen: Observation
    start: EventTime
    to: datetime


@dataclass(frozen=True, slots=True)
class EventUnbookable:
    """It was changed into something that no booking can be: `kind` says what."""

    seen: Observation
    kind: NoteKind


@dataclass(frozen=True, slots=True)
class EventReplayed:
    """A stale client wrote the version before our last write back, perhaps with an edit of its own."""

    seen: Observation


@dataclass(frozen=True, slots=True)
class EventTransferred:
    """It is gone from its place and stands at another href, perhaps in another managed calendar."""

    seen: Observation


@dataclass(frozen=True, slots=True)
class EventGone:
    """Two independent looks found it deleted. `cancelled`: it still stands, with STATUS:CANCELLED."""

    cancelled: Observation | None = None


@dataclass(frozen=True, slots=True)
class EventElsewhere:
    """It is gone from its place and stands in a calendar of the account that syncd does not manage.

    `copied`: or in any calendar, as a copy that only its text shows.
    """

    copied: bool = False


@dataclass(frozen=True, slots=True)
class EventUnseen:
    """No evidence in this cycle."""


@dataclass(frozen=True, slots=True)
class EventParked:
    """It cannot be read."""

    fault: str


BookingSide = BookingSame | BookingMoved | BookingCancelled | BookingMissing | BookingUnseen
EventSide = (
    EventSame
    | EventMoved
    | EventUnbookable
    | EventReplayed
    | EventTransferred
    | EventGone
    | EventElsewhere
    | EventUnseen
    | EventParked
)


def booking_side(link: Link, snapshot: Snapshot, policy: Policy) -> BookingSide:
    """The booking against its half of the base. Absence from a list is no evidence; a 404 is some, under conditions."""
    seen = seen_booking(link, snapshot)
    if seen is None:
        if link.booking.cancelled:
            # a list need not name it any more; where none was read, or this one cannot be, it may live again
            if link.booking_id in snapshot.told_otherwise:
                return BookingUnseen()  # it lived again when Zimun told of it at last
            # where none is listed, only its own look tells: it may not have been its turn
            looked = snapshot.looks.get(LookBooking(link.booking_id)) in (Look.ABSENT, Look.CLOSED)
            told = snapshot.window is not None or (snapshot.list_closed and looked)
            known = told and link.booking_id not in snapshot.unreadable
            return BookingCancelled(link.booking, explicit=True) if known else BookingUnseen()
        if snapshot.looks.get(LookBooking(link.booking_id)) is Look.CLOSED:
            # blind: no call can read it, and it counts as its base, or as Zimun told at last, where that was otherwise
            start = snapshot.told_otherwise.get(link.booking_id, link.booking.start)
            if start != link.booking.start:
                return BookingMoved(replace(link.booking, start=start, end=start + link.booking.span.length))
            return BookingSame(link.booking)
        return _missing(link, snapshot, policy)
    if is_stale(link, seen, snapshot.now):
        seen = link.booking
    if seen.cancelled:
        return BookingCancelled(seen, explicit=True)
    if seen.start != link.booking.start or link.booking.cancelled:
        return BookingMoved(seen)
    return BookingSame(seen)


def seen_booking(link: Link, snapshot: Snapshot) -> Booking | None:
    """The booking as read in this cycle, by its id where that was needed, else from the list."""
    answer = snapshot.looks.get(LookBooking(link.booking_id))
    if isinstance(answer, Booking):
        return answer
    return snapshot.bookings.get(link.booking_id)


def our_write(link: Link, before: Booking, at: datetime) -> Wrote:
    """What is remembered of a write of ours to the booking, which was as `before`, and the base as it is now."""
    last = link.wrote
    if last is None or at - last.at >= STALE:
        return Wrote(at, before)
    return Wrote(at, before, (*last.earlier, last.before.start))


def is_stale(link: Link, seen: Booking, now: datetime) -> bool:
    """Whether the answer is from before our own last write: lagging for two minutes, unless it is newer.

    Judged by what our writes change, the start and the status: it may lag behind a customer's change as well.
    """
    last = link.wrote
    if last is None or now - last.at >= STALE:
        return False
    if link.booking.is_newer_than(seen):
        return True  # older than what we read after it: of a change, say, that came between two looks
    before = (seen.start, seen.cancelled) == (last.before.start, last.before.cancelled)
    if not before and (seen.cancelled or seen.start not in last.earlier):
        return False
    known = link.booking.updated_at or last.before.updated_at
    return not (seen.updated_at is not None and known is not None and seen.updated_at > known)


def is_blind(link: Link, snapshot: Snapshot) -> bool:
    """Whether no call can read this booking: closed to us, or not listed while the look-up by id knows none at all."""
    answer = snapshot.looks.get(LookBooking(link.booking_id))
    if answer is Look.ABSENT and snapshot.list_closed:
        return not any(isinstance(one, Booking) for one in snapshot.looks.values())
    return answer is Look.CLOSED


def _missing(link: Link, snapshot: Snapshot, policy: Policy) -> BookingSide:
    if not is_missing(link, snapshot):
        return BookingUnseen()
    seen = link.missing
    if seen is None or snapshot.clock_jumped:
        return BookingMissing()
    if snapshot.cycle > seen.cycle and snapshot.now - seen.since >= policy.cancel_grace:
        return BookingCancelled(link.booking, explicit=False)
    return BookingMissing()


def is_missing(link: Link, snapshot: Snapshot) -> bool:
    """Whether a 404 for this booking counts: the same route answered for another one, and we did not just write."""
    if snapshot.looks.get(LookBooking(link.booking_id)) is not Look.ABSENT:
        return False
    if link.wrote is not None and snapshot.now - link.wrote.at < OWN_WRITE:
        return False
    return any(
        isinstance(question, LookBooking) and isinstance(answer, Booking) and question.booking_id != link.booking_id
        for question, answer in snapshot.looks.items()
    )


def event_side(link: Link, snapshot: Snapshot, policy: Policy) -> EventSide:
    """The event against its half of the base."""
    if link.calendar not in snapshot.readable:
        return EventUnseen()
    seen = snapshot.events.get((link.calendar, link.href))
    if seen is None:
        return _absent(link, snapshot, policy)
    if seen.fault or seen.event is None:
        return EventParked(seen.fault or "it is not this booking's event any more")
    if seen.event.cancelled and not _is_old(link, seen.event):
        return _marked_cancelled(link, snapshot)
    return _present(link, seen, snapshot)


def _present(link: Link, seen: Observation, snapshot: Snapshot) -> EventSide:
    assert seen.event is not None
    event = seen.event
    start = resolved(event.start, snapshot.zone(link.booking))
    if (link.replay and event.fingerprint == link.replay) or (event.cancelled and _is_old(link, event)):
        return EventReplayed(seen)
    same = start.written_like(link.start) or (start.instant is not None and start.instant == link.start.instant)
    if same and not event.recurring:
        return EventSame(seen, start)
    if _is_old(link, event):
        return EventReplayed(seen)
    if event.recurring:
        return EventUnbookable(seen, NoteKind.RECURRING)
    if start.kind is TimeKind.DATE:
        return EventUnbookable(seen, NoteKind.ALL_DAY)
    if start.instant is None:
        return EventUnbookable(seen, NoteKind.ZONE_UNKNOWN)
    booking = seen_booking(link, snapshot)
    ours = _was_put_there(link, event, start.instant) or _arrived_late(link, event, start.instant)
    if ours and (booking is None or booking.start != start.instant):
        return EventReplayed(seen)
    return EventMoved(seen, start, start.instant)


def _was_put_there(link: Link, event: Event, start: datetime) -> bool:
    """Whether the event stands where it had stood before its booking was moved by others, by syncd's hand or booked
    for a person: nobody dragged it since.

    A client that missed our write of that move dismissed an alarm, say, and overwrote ours: Evolution never asks
    whether it may, Thunderbird asks its user. A calendar that was restored from a backup has such events too. The event
    may as well know more than a restored database: then its number is the higher one.
    """
    put, last = event.put, link.put
    if put is None or last is None or put.number >= last.number:
        return False
    return put.start == start or Put(put.number, start) in link.stood


def _arrived_late(link: Link, event: Event, start: datetime) -> bool:
    """Whether a write of syncd's own that had no answer put it there after all, minutes later."""
    write = link.unanswered
    return write is not None and write.draft.span is not None and write.is_met_by(event, start)


def _is_old(link: Link, event: Event) -> bool:
    """Whether the event is, to the letter, a version from before our last write: no person's wish."""
    return event.fingerprint != "" and event.fingerprint in (link.replay, *link.older)


def _absent(link: Link, snapshot: Snapshot, policy: Policy) -> EventSide:
    looked = snapshot.looks.get(LookEvent(link.calendar, link.href))
    if (moved_to := transferred(link, snapshot)) is not None:
        # a transfer, too, is believed only after a second look at the place that it left
        return EventTransferred(moved_to) if looked is Look.ABSENT else EventUnseen()
    if not is_all_told(link, snapshot):
        return EventUnseen()
    if link.deletion is not None and not is_due(link, snapshot, policy):
        return EventGone()
    if looked is not Look.ABSENT:
        return EventUnseen()
    if (seen := left_standing(link, snapshot)) is not None:
        return EventTransferred(seen)
    if any(is_not_seen(leftover, snapshot) for leftover in link.leftovers):
        return EventUnseen()
    named = (seen for seen in snapshot.by_booking_id.get(link.booking_id, ()) if seen.calendar in snapshot.readable)
    copied = any(_is_copy(seen, link, snapshot) for seen in named)
    match snapshot.looks.get(FindEvent(link.uid, link.booking_id)):
        case Look.ABSENT if not copied:
            return EventGone()
        case Look.ABSENT | Look.COPIED:
            return EventElsewhere(copied=True)
        case str(calendar) if calendar not in snapshot.managed:
            return EventElsewhere()
        case _:
            return EventUnseen()


def _marked_cancelled(link: Link, snapshot: Snapshot) -> EventSide:
    other = transferred(link, snapshot)
    if other is not None and other.event is not None and not other.event.cancelled and parse_uid(other.event.uid):
        # some apps mark the old one where others delete it
        return EventTransferred(other)
    if not is_all_told(link, snapshot):
        return EventUnseen()
    if (left := left_standing(link, snapshot)) is not None:
        return EventTransferred(left)
    if any(is_not_seen(leftover, snapshot) for leftover in link.leftovers):
        return EventUnseen()
    again = snapshot.looks.get(LookEvent(link.calendar, link.href))
    if isinstance(again, Observation) and again.event is not None and again.event.cancelled:
        return EventGone(cancelled=again)
    return EventUnseen()


def left_standing(link: Link, snapshot: Snapshot, calendar: str | None = None) -> Observation | None:
    """What syncd left behind, in that calendar or in any, and has not got round to removing: the person still sees it,
    so nothing was deleted.
    """
    left = (leftover for leftover in link.leftovers if calendar in (None, leftover.calendar))
    stands = (left_seen(leftover, snapshot) for leftover in left)
    return next(
        (seen for seen in stands if seen is not None and seen.event is not None and not seen.event.cancelled), None
    )


def stands_in(events: Mapping[tuple[str, str], Observation], link: Link) -> bool:
    """Whether the pair's event is among these, and is not marked as cancelled."""
    seen = events.get((link.calendar, link.href))
    return seen is not None and not (seen.event is not None and seen.event.cancelled)


def left_seen(leftover: Leftover, snapshot: Snapshot) -> Observation | None:
    """What stands where syncd left an event behind: by the listing, else by a direct look."""
    looked = snapshot.looks.get(LookEvent(leftover.calendar, leftover.href))
    listed = snapshot.events.get(leftover.key)
    return listed or (looked if isinstance(looked, Observation) else None)


def is_not_seen(leftover: Leftover, snapshot: Snapshot) -> bool:
    """Whether neither a listing nor a direct look told of it yet: a listing may leave out what stands."""
    looked = snapshot.looks.get(LookEvent(leftover.calendar, leftover.href))
    return (
        leftover.calendar in snapshot.readable and left_seen(leftover, snapshot) is None and looked is not Look.ABSENT
    )


def is_due(link: Link, snapshot: Snapshot, policy: Policy) -> bool:
    """Whether the grace of a deletion is over: its time has gone by, and this is a later cycle than the first."""
    begun = link.deletion
    return (
        begun is not None
        and not snapshot.clock_jumped
        and snapshot.cycle > begun.cycle
        and snapshot.now - begun.since >= policy.cancel_grace
    )


def is_all_told(link: Link, snapshot: Snapshot) -> bool:
    """Whether nothing that the calendars did not tell may be the pair's event: only then is its deletion believed.

    A person may have carried it to where the server does not give it. What stood there long before it went is not it.
    """
    if not snapshot.all_readable:
        return False
    if not snapshot.unknown:
        return True
    marked = snapshot.events.get((link.calendar, link.href))
    went = link.gone_at if marked is None else marked.seen_at
    begun = link.deletion.since if link.deletion is not None else None
    times = [at for at in (went, begun) if at is not None]
    return bool(times) and all(since < min(times) - CARRIED for since in snapshot.unknown.values())


def _is_copy(seen: Observation, link: Link, snapshot: Snapshot) -> bool:
    """Whether it is a person's entry of its own, made from the booking's event a while ago: for the next visit, say.

    Cut and pasted, the one goes as the other comes. Where the calendar of the one left the config nobody sees it go:
    then it is what came after that. In a calendar that was first read just now either may stand, and what stands where
    the booking is was pasted. And nobody moves a booking that has begun.
    """
    if seen.event is None or parse_uid(seen.event.uid) is not None:
        return False
    if link.booking.start <= snapshot.now:
        return True
    if seen.first_at == EVER and snapshot.now - seen.seen_at <= SETTLED:
        return resolved(seen.event.start, snapshot.zone(link.booking)).instant != link.booking.start
    left_at = snapshot.left_at.get(link.calendar)
    # a time that is still to come is from before the clock was set back, and tells nothing
    if left_at is not None and (seen.first_at or seen.seen_at) < left_at <= snapshot.now:
        return True  # it stood beside that event before its calendar left
    return snapshot.now - (seen.first_at or seen.seen_at) > SETTLED


def transferred(link: Link, snapshot: Snapshot) -> Observation | None:
    """The event of this booking at another place in a managed calendar, if its own place is empty.

    Of several the one that stands, before what is marked as cancelled, and of those one with a UID of ours.
    """
    left = {leftover.key: leftover for leftover in link.leftovers}
    free = []
    for seen in (*snapshot.of_uid(link.uid), *snapshot.by_booking_id.get(link.booking_id, ())):
        # what syncd left behind itself is not it, unless a person changed it since
        ours = seen.key in left and left[seen.key].is_unchanged(seen)
        theirs = seen.key in snapshot.linked_keys or snapshot.is_anothers(seen, link.booking_id)
        if seen.calendar in snapshot.readable and not ours and not theirs and not _is_copy(seen, link, snapshot):
            free.append(seen)
    return min(free, key=_how_unlikely, default=None)


def _how_unlikely(seen: Observation) -> tuple[bool, bool]:
    event = seen.event
    return event is None or event.cancelled, event is None or parse_uid(event.uid) is None
