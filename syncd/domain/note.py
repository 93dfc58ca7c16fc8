"""What syncd has to tell in an event, as a value. `syncd.texts` turns it into a sentence of the user's language."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
    ADOPTED = "adopted"
    CANCELLED = "cancelled"
    CANCEL_ASKED = "cancel_asked"
    CANCEL_SHELL = "cancel_shell"
    CANCEL_REFUSED = "cancel_refused"
    DELETION_RESTORED = "deletion_restored"
    TRANSFERRED = "transferred"
    REASSIGNED = "reassigned"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Note:
    """One note: what happened, when it was written, and what its sentence needs.

    `asked` is the start that a person asked for, `was` the start that counts, `slots` up to three nearest open starts,
    `at` when the thing happened; all aware. `reason` is the other side's own words, `staff` a name; both untrusted.
    `until` is when the note goes by itself.
    """

    kind: NoteKind
    at: datetime
    until: datetime
    asked: datetime | None = None
    was: datetime | None = None
    slots: tuple[datetime, ...] = ()
    reason: str = ""
    staff: str = ""

    @property
    def asks(self) -> bool:
        """Whether the title asks "Cancel?" instead of only being marked."""
        return self.kind in (NoteKind.CANCEL_ASKED, NoteKind.CANCEL_SHELL)
