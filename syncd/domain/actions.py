"""What a cycle decides to do, as values that print, travel through the journal and are carried out by the engine."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from syncd.domain.booking import Booking
from syncd.domain.event import Draft
from syncd.domain.ids import BookingId
from syncd.domain.link import Link
from syncd.domain.request import Request


class Why(StrEnum):
    """The reason of an action; what `syncd plan` and `syncd log` show."""

    NEW = "new"
    ADOPTED = "adopted"
    BOOKING_MOVED = "booking_moved"
    BOOKING_CHANGED = "booking_changed"
    BOOKING_CANCELLED = "booking_cancelled"
    BOOKING_GONE = "booking_gone"
    BOOKING_FOUND = "booking_found"
    BOOKING_REVIVED = "booking_revived"
    EVENT_MOVED = "event_moved"
    EVENT_EDITED = "event_edited"
    EVENT_DELETED = "event_deleted"
    EVENT_RETURNED = "event_returned"
    EVENT_TRANSFERRED = "event_transferred"
    EVENT_REPLAYED = "event_replayed"
    LENGTH_CHANGED = "length_changed"
    SNAPPED = "snapped"
    ZONE_READ_ANEW = "zone_read_anew"
    MOVE_REFUSED = "move_refused"
    MOVE_WAITS = "move_waits"
    MOVE_AWAITS = "move_awaits_approval"
    MOVE_REJECTED = "move_rejected"
    MOVE_WITHDRAWN = "move_withdrawn"
    LEFT_ALONE = "left_alone"
    CONFLICT = "conflict"
    GRACE_BEGUN = "grace_begun"
    GRACE_RESTARTED = "grace_restarted"
    DELETION_HELD = "deletion_held"
    CANCEL_AWAITS = "cancel_awaits_approval"
    CANCEL_REFUSED = "cancel_refused"
    REMOVAL_AWAITS = "removal_awaits_approval"
    REROUTE_AWAITS = "reroute_awaits_approval"
    DELETION_RESTORED = "deletion_restored"
    DELETED_PAST = "deleted_past"
    NEVER_SHOWN = "never_shown"
    ROUTED = "routed"
    REROUTED = "rerouted"
    NOTE_DUE = "note_due"
    NOTE_LAPSED = "note_lapsed"
    APPROVAL_LAPSED = "approval_lapsed"
    REJECTED = "rejected"
    APPROVED = "approved"
    BY_HAND = "by_hand"
    REQUESTED = "requested"
    DUPLICATE = "duplicate"
    AGREED = "agreed"
    REMEMBERED = "remembered"


@dataclass(frozen=True, slots=True)
class Record:
    """Nothing to do on either side: only remember `link`."""

    booking_id: BookingId
    why: Why
    link: Link
    kind: Literal["record"] = "record"


@dataclass(frozen=True, slots=True)
class Create:
    """Write a new event, named `name`, into `calendar`, only if nothing is there. Done: `link` with what was stored."""

    booking_id: BookingId
    why: Why
    link: Link
    calendar: str
    name: str
    draft: Draft
    onto: str = ""
    kind: Literal["create"] = "create"


@dataclass(frozen=True, slots=True)
class Replace:
    """Write the event at `href`, only if it still is the version `etag`. Done: `link` with what was stored."""

    booking_id: BookingId
    why: Why
    link: Link
    calendar: str
    href: str
    etag: str | None
    draft: Draft
    onto: str
    kind: Literal["replace"] = "replace"


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete the event at `href`, only if it still is the version `etag`, or reads as `onto`. Done: `link`."""

    booking_id: BookingId
    why: Why
    link: Link
    calendar: str
    href: str
    etag: str | None
    onto: str = ""
    kind: Literal["remove"] = "remove"


@dataclass(frozen=True, slots=True)
class Reschedule:
    """Move the booking to `to`, if it still is as `expect`. `before` is remembered first; done: `link`."""

    booking_id: BookingId
    why: Why
    before: Link
    link: Link
    expect: Booking
    to: datetime
    kind: Literal["reschedule"] = "reschedule"

    @property
    def dropped_at(self) -> datetime:
        """Where the person left the event: with `snap_minutes`, `to` may be a slot near that."""
        return self.before.wish.to if self.before.wish is not None else self.to


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel the booking, if it still is as `expect`. `before` is remembered first; done: `link`."""

    booking_id: BookingId
    why: Why
    before: Link
    link: Link
    expect: Booking
    kind: Literal["cancel"] = "cancel"


@dataclass(frozen=True, slots=True)
class Hold:
    """Reserve a time for what is requested; a Confirm follows at once. Safe to repeat under its key.

    `booking_id` is what it is called until Zimun names the booking; `ask` the row of a command that waits for it,
    `candidate` that of the event which asks for it.
    """

    booking_id: BookingId
    why: Why
    request: Request
    ask: int | None = None
    candidate: int | None = None
    kind: Literal["hold"] = "hold"


@dataclass(frozen=True, slots=True)
class Confirm:
    """Make the hold a booking. Safe to repeat under its key. `end` is when it would end, where the hold told that."""

    booking_id: BookingId
    why: Why
    request: Request
    hold_id: str
    end: datetime | None = None
    ask: int | None = None
    candidate: int | None = None
    kind: Literal["confirm"] = "confirm"


@dataclass(frozen=True, slots=True)
class RescheduleByHand:
    """Move the booking to `to`, at a person's explicit word. `expect`: as last read, None where no call could.

    Its link keeps its base: that the booking moved is then seen, and its event follows, as after a customer's move.
    """

    booking_id: BookingId
    why: Why
    expect: Booking | None
    to: datetime
    ask: int | None = None
    kind: Literal["reschedule_by_hand"] = "reschedule_by_hand"


@dataclass(frozen=True, slots=True)
class CancelByHand:
    """Cancel the booking, at a person's explicit word; as RescheduleByHand."""

    booking_id: BookingId
    why: Why
    expect: Booking | None
    ask: int | None = None
    kind: Literal["cancel_by_hand"] = "cancel_by_hand"


ByHand = RescheduleByHand | CancelByHand
Asked = Hold | Confirm | ByHand
Effect = Create | Replace | Remove | Reschedule | Cancel | Asked
Action = Record | Effect


class ProblemKind(StrEnum):
    """Why something stands still, for `status`, `check` and the log."""

    PARKED = "parked"
    UNROUTED = "unrouted"
    FROZEN = "frozen"
    ORPHAN = "orphan"
    UNMANAGED = "unmanaged"
    BLIND = "blind"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that stands still: which, and a sentence on what it is and what to do. No customer's data in it."""

    kind: ProblemKind
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a cycle would do, in order, and what stands still."""

    actions: tuple[Action, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def effects(self) -> tuple[Effect, ...]:
        """The actions that touch one of the two sides."""
        return tuple(action for action in self.actions if not isinstance(action, Record))
