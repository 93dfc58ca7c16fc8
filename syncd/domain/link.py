"""The lasting pairing of a booking and its event, and all that is remembered about the pair."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from syncd.domain.booking import Booking
from syncd.domain.event import Draft, Event, EventTime, Observation, Put, Texts
from syncd.domain.ids import BookingId
from syncd.domain.note import Note, NoteKind


@dataclass(frozen=True, slots=True)
class Wish:
    """A move that a person made and that is not booked yet: the start asked for, and since when."""

    to: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """A move that was refused, until its put-back is recorded; then it is spent, and the same drag is a new wish.

    `to` None: any, for somebody said by hand that the booking stays where it is; until its event is next seen, and no
    longer than that note.
    """

    to: datetime | None
    note: Note


@dataclass(frozen=True, slots=True)
class Deletion:
    """A believed deletion in its grace. `cycle` began it; `asked`: the person had been asked and deleted it again.

    `marked`: the event stood there with STATUS:CANCELLED. `blind`: no call could read the booking when it began.
    """

    since: datetime
    cycle: int
    asked: bool = False
    marked: bool = False
    blind: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """Zimun answered 404 for this booking while it answered for another: seen first in that cycle."""

    since: datetime
    cycle: int


class AwaitKind(StrEnum):
    """What waits for a person's word."""

    CANCEL = "cancel"
    MOVE = "move"
    REMOVAL = "removal"
    REROUTE = "reroute"


class Decision(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Awaiting:
    """An action that the guard let wait. It holds for the booking as it `was`: a changed booking makes it lapse.

    `until` is when it lapses by itself, None for never; `to` is the start asked for, of a move; `target` the calendar
    of a reroute, by its URL.
    """

    kind: AwaitKind
    since: datetime
    was: Booking
    until: datetime | None = None
    to: datetime | None = None
    decision: Decision | None = None
    target: str = ""


@dataclass(frozen=True, slots=True)
class PutBack:
    """An event was put back at that time: from that start, as its letters stood; from that calendar, by its URL, where
    it was put into another one; empty for a deletion.
    """

    at: datetime
    letters: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """The pair is left alone while the event stands there (letters as in `PutBack`) and the booking at this start."""

    letters: str
    booking_start: datetime


@dataclass(frozen=True, slots=True)
class Leftover:
    """An event of this booking that syncd left behind itself, as it was then: it goes without consequence.

    `replay` as of the link at that time. `stays_until`: it was found beside the booking's own where nothing was known
    of either, so a person may just be carrying one over to the other's calendar; it stays until then.
    """

    calendar: str
    href: str
    etag: str | None
    start: EventTime | None = None
    replay: str = ""
    stays_until: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        """As `Observation.key`."""
        return (self.calendar, self.href)

    def stays(self, now: datetime) -> bool:
        """Whether it is not long enough ago that it was found."""
        return self.stays_until is not None and now < self.stays_until

    def is_unchanged(self, seen: Observation) -> bool:
        """Whether it stands as it was left; on a server without ETags, at the time at which it was left."""
        if seen.etag is not None or self.etag is not None or seen.event is None or self.start is None:
            return seen.etag == self.etag
        now, then = seen.event.start, self.start
        return now.written_like(then) or (now.instant is not None and now.instant == then.instant)


@dataclass(frozen=True, slots=True)
class Wrote:
    """Our own last write to the booking, and the booking before it: for a while that state is a stale answer.

    So are the starts that it had before other writes of ours just before that one (`earlier`, aware).
    """

    at: datetime
    before: Booking
    earlier: tuple[datetime, ...] = ()


class ClosedWhy(StrEnum):
    CANCELLED = "cancelled"
    DELETED_PAST = "deleted_past"


@dataclass(frozen=True, slots=True)
class Closed:
    """A tombstone: kept so that a stale client cannot raise the pair from the dead. `etag`: what we deleted."""

    at: datetime
    why: ClosedWhy
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Write:
    """What a write was to make of an event: all that its draft says, whether a note leads it, and whether that asks
    "Cancel?"; None where there is none, or where that was not kept yet.

    `onto`: the ETag of the version that it was to replace. Over any other it does not come.
    """

    draft: Draft
    noted: bool
    asks: bool | None = None
    onto: str | None = None

    def is_met_by(self, event: Event, start: datetime | None) -> bool:
        """Whether an event that stands at that `start` says so: our UID, the time, the texts, a note or none, and where
        it was put.

        The last tells it from a drag to that very time, where the server and the person's app keep that property. A
        question is told from any other note, for marking that event as cancelled would be the answer to it.
        """
        draft = self.draft
        same = (draft.uid, draft.title, draft.place, draft.description) == (
            event.uid,
            event.title,
            event.place,
            event.description,
        )
        put = event.put in (None, draft.put) or draft.put is None
        note = event.noted is self.noted and (None in (event.asks, self.asks) or event.asks is self.asks)
        return same and note and put and (draft.span is None or start == draft.span.start)


@dataclass(frozen=True, slots=True)
class Link:
    """One booking and its event.

    The base has two halves, and each side is compared with its own: `booking` as agreed, and the event as the server
    stored it (`start` with its instant resolved, `texts` as syncd wrote them, `etag`). `data` is the last complete
    calendar object and `event` the same, parsed; put-backs start from it. `replay` is the fingerprint of the version
    that our last write replaced, `older` those of a few versions before it, the oldest first: a stale client may write
    any of them back. `since` are the versions that people replaced after our last write, which they may take back.
    `put` is where we put the event last; `stood` where people had put it, booked or not, with the number of the `put`
    that such a version bears: once others moved its booking that is no drag any more.
    `note` stands in the event; `pending` is still to be written.
    `made_at`: when syncd made the event; None where it did not, or did not remember that yet. `shown`: whether the
    calendar has shown it since: before that nobody can have deleted it. `gone_at`: when a reading of its calendar last
    missed it, and no look found it there all the same. `went_unkept`: it was gone, or marked as cancelled, when its
    calendar came back into the config; or went with so many others that somebody is asked whether that was meant.
    `unanswered`: what our last write to the event was to make of it, where nobody saw that it did: it may arrive yet.
    `twin_removed_at`: when a second event of the booking was removed, which a person may just have made the only one.
    `asked_again_at`: when a person asked for the booking once more, who may delete its event for one that they wrote.
    """

    booking_id: BookingId
    calendar: str
    href: str
    uid: str
    booking: Booking
    start: EventTime
    texts: Texts
    data: str = ""
    event: Event | None = None
    etag: str | None = None
    put: Put | None = None
    stood: tuple[Put, ...] = ()
    replay: str = ""
    older: tuple[str, ...] = ()
    since: tuple[str, ...] = ()
    note: Note | None = None
    pending: Note | None = None
    wish: Wish | None = None
    refusal: Refusal | None = None
    deletion: Deletion | None = None
    missing: Missing | None = None
    awaiting: Awaiting | None = None
    put_backs: tuple[PutBack, ...] = ()
    wrote: Wrote | None = None
    frozen: Frozen | None = None
    leftovers: tuple[Leftover, ...] = ()
    twin_removed_at: datetime | None = None
    asked_again_at: datetime | None = None
    closed: Closed | None = None
    made_at: datetime | None = None
    shown: bool = True
    gone_at: datetime | None = None
    went_unkept: bool = False
    unanswered: Write | None = None

    def unsaid(self, *kinds: NoteKind) -> Note | None:
        """The note of one of those kinds that is still to be written into the event; None where there is none."""
        return self.pending if self.pending is not None and self.pending.kind in kinds else None


def changed(link: Link, **fields: Any) -> Link:
    """The link with these fields; itself where it has them already, as in a quiet cycle nearly every link does."""
    for name, value in fields.items():
        if getattr(link, name) != value:
            return replace(link, **fields)
    return link
