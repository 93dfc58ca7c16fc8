"""What syncd has to tell in an event, as a value. `syncd.texts` turns it into a sentence of the user's language."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class NoteKind(StrEnum):
    """Each is one sentence that a person may find in an event."""

    NOT_OPEN = "not_open"
    REFUSED = "refused"
    ALL_DAY = "all_day"
    RECURRING = "recurring"
    IN_THE_PAST = "in_the_past"
    BEGUN = "begun"
    ZONE_UNKNOWN = "zone_unknown"
    NOT_YET_BOOKED = "not_yet_booked"
    MOVE_AWAITS = "move_awaits"
    MOVE_REJECTED = "move_rejected"
    CONFLICT_ZIMUN = "conflict_zimun"
    CONFLICT_CALENDAR = "conflict_calendar"
    MOVED_AND_DELETED = "moved_and_deleted"
    MOVE_UNSURE = "move_unsure"
    ADOPTED = "adopted"
    CANCELLED = "cancelled"
    NOT_KNOWN = "not_known"
    CANCEL_ASKED = "cancel_asked"
    CANCEL_SHELL = "cancel_shell"
    CANCEL_REFUSED = "cancel_refused"
    CANCEL_UNSURE = "cancel_unsure"
    REVIVED = "revived"
    DELETION_RESTORED = "deletion_restored"
    NEVER_SHOWN = "never_shown"
    ASKED_AGAIN = "asked_again"
    TRANSFERRED = "transferred"
    REASSIGNED = "reassigned"
    FOREIGN = "foreign"
    COPIED = "copied"
    REQUEST_NOT_OPEN = "request_not_open"
    REQUEST_REFUSED = "request_refused"
    REQUEST_IN_THE_PAST = "request_in_the_past"
    REQUEST_ALL_DAY = "request_all_day"
    REQUEST_RECURRING = "request_recurring"
    REQUEST_ZONE_UNKNOWN = "request_zone_unknown"
    REQUEST_NO_EMAIL = "request_no_email"
    REQUEST_EMAILS = "request_emails"
    REQUEST_EMAIL_UNREADABLE = "request_email_unreadable"
    REQUEST_NO_NAME = "request_no_name"
    REQUEST_LONG_NAME = "request_long_name"
    SLOT_NO_NAME = "slot_no_name"
    REQUEST_SERVICE_UNKNOWN = "request_service_unknown"
    REQUEST_SERVICE_UNCLEAR = "request_service_unclear"
    REQUEST_NO_LENGTH = "request_no_length"
    REQUEST_PLACE_UNCLEAR = "request_place_unclear"
    REQUEST_NOT_THERE = "request_not_there"
    REQUEST_UNROUTED = "request_unrouted"
    REQUEST_BOOKED_UNROUTED = "request_booked_unrouted"
    REQUEST_AWAITS = "request_awaits"
    REQUEST_REJECTED = "request_rejected"
    REQUEST_WAITS = "request_waits"
    REQUEST_NOT_PERMITTED = "request_not_permitted"
    REQUEST_BOOKED_BEFORE = "request_booked_before"
    REQUEST_CANCELLED_SINCE = "request_cancelled_since"
    REQUEST_OTHER_NAME = "request_other_name"
    REQUEST_UNNAMED = "request_unnamed"
    REQUEST_UNANSWERED = "request_unanswered"
    REQUEST_UNSURE = "request_unsure"


UNSURE = (NoteKind.MOVE_UNSURE, NoteKind.CANCEL_UNSURE)
"""Zimun did not say whether it was done: over where it tells of the booking."""


@dataclass(frozen=True, slots=True)
class Note:
    """One note: what happened, when it was written, and what its sentence needs.

    `asked` is the start that a person asked for, `was` the start that counts, `slots` up to three nearest open starts,
    `at` when the thing happened; all aware. `reason` is the other side's own words, `staff` a name, `names` those of
    services or places that may be meant; all untrusted. `until` is when the note goes by itself, NEVER where it stays.
    """

    kind: NoteKind
    at: datetime
    until: datetime
    asked: datetime | None = None
    was: datetime | None = None
    slots: tuple[datetime, ...] = ()
    reason: str = ""
    staff: str = ""
    names: tuple[str, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether the title asks "Cancel?" instead of only being marked."""
        return self.kind in (NoteKind.CANCEL_ASKED, NoteKind.CANCEL_SHELL)

    @property
    def ended(self) -> bool:
        """Whether it tells that the booking is no more: the event goes with the note."""
        return self.kind in (NoteKind.CANCELLED, NoteKind.NOT_KNOWN)
