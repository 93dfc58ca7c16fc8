"""The life of an event that may ask for a booking: how it is taken up, when it is due, how many are too many."""

from dataclasses import replace
from datetime import datetime, timedelta

from syncd.domain.candidate import Candidate, Stage
from syncd.domain.event import Event
from syncd.domain.ids import BookingId
from syncd.domain.link import ClosedWhy
from syncd.domain.note import NEVER, Note, NoteKind
from syncd.domain.request import Request
from syncd.planning.requests import Fault, Reading, wish_of
from syncd.planning.snapshot import Snapshot

MAX_REQUESTS = 5
PATIENCE = timedelta(minutes=10)


def taken_up(
    known: Candidate | None,
    where: tuple[str, str, str | None],
    event: Event,
    reading: Reading,
    now: datetime,
    *,
    first: bool,
    over: bool = False,
) -> Candidate:
    """What is remembered of an event that is new, or of another version. `where` is its calendar, href and ETag.

    `over`: the booking that it became was cancelled. Then one that was gone and is back, as from a trash bin, says so:
    somebody means it.

    What stands in a calendar at its first read was written for somebody else: it awaits a person's word if it reads
    like a request, and is left alone if it does not quite. An event with a note that nobody remembers writing was
    refused before the database was lost, or is a copy of such a one: it rests until a person changes it.
    """
    calendar, href, etag = where
    wish = wish_of(event)
    if known is not None and known.wish == wish:
        again = known.since if known.version == event.fingerprint or known.stage is not Stage.STANDING else now
        seen = replace(known, etag=etag, version=event.fingerprint, since=again, gone=False)
        if over and known.gone and known.stage is Stage.BOOKED:
            return refused(seen, Note(NoteKind.REQUEST_CANCELLED_SINCE, now, NEVER, was=known.start))
        return seen
    fresh = Candidate(0, calendar, href, etag, event.fingerprint, wish, Stage.STANDING, now)
    if known is not None:
        fresh = replace(fresh, id=known.id, told=known.told)
    fresh = _asking_for(fresh, reading)
    if known is not None and _was_booked(known) and reading is not None:
        # the start of one that was changed since is not that of the booking
        was = known.start if known.stage is Stage.BOOKED else None
        kind = NoteKind.REQUEST_CANCELLED_SINCE if over else NoteKind.REQUEST_BOOKED_BEFORE
        note = Note(kind, now, NEVER, was=was)
        return replace(fresh, stage=Stage.CLOSED, note=note, booking_id=known.booking_id)
    if reading is None:
        # whatever it says later, it was booked
        booked = known.booking_id if known is not None and _was_booked(known) else None
        return replace(fresh, stage=Stage.THEIRS, booking_id=booked)
    if known is not None and NoteKind.REQUEST_UNNAMED in (known.told, known.note.kind if known.note else ""):
        return replace(fresh, stage=Stage.CLOSED, note=Note(NoteKind.REQUEST_UNNAMED, now, NEVER))
    if known is not None and known.note is not None and known.note.kind is NoteKind.REQUEST_UNSURE:
        # changed before that could be told: what it asked for until then may be booked
        return replace(fresh, stage=Stage.CLOSED, note=known.note)
    if known is None and event.noted:
        return replace(fresh, stage=Stage.CLOSED, first=first)
    if first:
        return replace(fresh, stage=Stage.AWAITING if isinstance(reading, Request) else Stage.THEIRS, first=True)
    return fresh


def is_due(candidate: Candidate, now: datetime, settle: timedelta) -> bool:
    """Whether it is to be acted on: it stood unchanged for long enough, or a person approved it."""
    if candidate.gone or not candidate.version:
        return False
    # without a while to stand it need not even have been read before the cycle began
    standing = candidate.stage is Stage.STANDING and (not settle or now - candidate.since >= settle)
    return standing or candidate.stage is Stage.APPROVED


def is_overdue(candidate: Candidate, now: datetime, why: NoteKind) -> bool:
    """Whether it has waited so long for Zimun that the event is to say so, and `why`, which it does not say yet."""
    waits = candidate.stage is Stage.STANDING and not candidate.gone and now - candidate.since >= PATIENCE
    return waits and candidate.told != why


def refused(candidate: Candidate, note: Note) -> Candidate:
    """It is told no, and rests until a person changes it."""
    return replace(candidate, stage=Stage.CLOSED, note=note)


def faulty(candidate: Candidate, fault: Fault, now: datetime) -> Candidate:
    """The same for one that is not even asked for."""
    return refused(candidate, Note(fault.kind, now, NEVER, asked=fault.start, names=fault.names))


def not_offered(candidate: Candidate) -> Fault:
    """Why it cannot be booked where Zimun names its service or its place no more."""
    return Fault(NoteKind.REQUEST_NOT_THERE, candidate.start, (), candidate.service_id, candidate.location_id)


def held_back(candidate: Candidate, reading: Reading, now: datetime) -> Candidate:
    """One of too many at once: a request awaits a person's word; with what is none quite nobody is bothered."""
    if not isinstance(reading, Request):
        return replace(candidate, stage=Stage.THEIRS)
    return replace(candidate, stage=Stage.AWAITING, since=now, note=Note(NoteKind.REQUEST_AWAITS, now, NEVER))


def lapsed(candidate: Candidate, now: datetime) -> Candidate | None:
    """One that awaited a person's word until its time had come; None where it has not."""
    if candidate.stage is not Stage.AWAITING or candidate.start is None or candidate.start > now:
        return None
    if not candidate.told:
        return replace(candidate, stage=Stage.THEIRS)
    return refused(candidate, Note(NoteKind.REQUEST_IN_THE_PAST, now, NEVER, asked=candidate.start))


def is_over(booking_id: BookingId | None, snapshot: Snapshot) -> bool:
    """Whether that booking was cancelled, by Zimun's list, else as far as is known."""
    if booking_id is None:
        return False
    if (booking := snapshot.bookings.get(booking_id)) is not None:
        return booking.cancelled
    link = snapshot.links.get(booking_id)
    return link is not None and link.closed is not None and link.closed.why is ClosedWhy.CANCELLED


def _was_booked(known: Candidate) -> bool:
    """Whether it became a booking, however often it was changed since: whoever drags it twice means that one.

    What stood there at the first read, and is a person's own note of a booking, did not.
    """
    return known.booking_id is not None and not (known.stage is Stage.THEIRS and known.first)


def _asking_for(candidate: Candidate, reading: Reading) -> Candidate:
    if reading is None:
        return candidate
    return replace(candidate, start=reading.start, service_id=reading.service_id, location_id=reading.location_id)
