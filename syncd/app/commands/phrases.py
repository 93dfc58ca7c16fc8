"""Words for people: what an action does, why, what awaits, why an event was put back. Programs get the names."""

from collections.abc import Mapping
from typing import Final

from syncd.domain.actions import Why
from syncd.domain.link import AwaitKind
from syncd.domain.note import NoteKind

WHAT: Final[Mapping[str, str]] = {
    "create": "create event",
    "replace": "update event",
    "remove": "remove event",
    "reschedule": "reschedule",
    "cancel": "cancel",
    "hold": "book",
    "confirm": "book",
    "reschedule_by_hand": "reschedule",
    "cancel_by_hand": "cancel",
}

WHY: Final[Mapping[str, str]] = {
    Why.NEW: "new booking",
    Why.ADOPTED: "there is an event for it already; it is put right",
    Why.BOOKING_MOVED: "moved in Zimun",
    Why.BOOKING_CHANGED: "changed in Zimun, or its texts in the config",
    Why.BOOKING_CANCELLED: "cancelled in Zimun",
    Why.BOOKING_GONE: "Zimun does not know it any more",
    Why.BOOKING_FOUND: "Zimun knows it again",
    Why.BOOKING_REVIVED: "in force again in Zimun",
    Why.EVENT_MOVED: "its event was moved",
    Why.EVENT_EDITED: "its title, place or description was edited",
    Why.EVENT_DELETED: "its event was deleted",
    Why.EVENT_RETURNED: "its event came back",
    Why.EVENT_TRANSFERRED: "its event was put into another calendar",
    Why.EVENT_REPLAYED: "an app wrote an old version back",
    Why.LENGTH_CHANGED: "only its length was changed; the booking's counts",
    Why.ZONE_READ_ANEW: "its time zone has new rules",
    Why.SNAPPED: "dropped near a free time: it goes there",
    Why.MOVE_REFUSED: "the move is refused; back to where the booking is",
    Why.MOVE_WAITS: "the move waits for Zimun",
    Why.MOVE_AWAITS: "too many moves at once; awaits approval",
    Why.MOVE_REJECTED: "the move was rejected",
    Why.MOVE_WITHDRAWN: "its event was moved back before the move was booked",
    Why.LEFT_ALONE: "put back three times within an hour: left alone until it or the booking gets a new time",
    Why.CONFLICT: "moved on both sides",
    Why.GRACE_BEGUN: "its event was deleted; the grace period begins",
    Why.GRACE_RESTARTED: "the clock jumped; the grace period begins anew",
    Why.DELETION_HELD: "too many events deleted at once; held back, to be asked about",
    Why.CANCEL_AWAITS: "its event was deleted; cancelling it awaits approval",
    Why.CANCEL_REFUSED: "Zimun refused to cancel it",
    Why.REMOVAL_AWAITS: "too many bookings gone at once; awaits approval",
    Why.REROUTE_AWAITS: "too many would change their calendar; awaits approval",
    Why.DELETION_RESTORED: "its event was deleted; put back",
    Why.NEVER_SHOWN: "its event was gone before the calendar had listed it once; put back",
    Why.DELETED_PAST: "its event was deleted, and the appointment has begun or is over",
    Why.ROUTED: "it belongs in another calendar now",
    Why.REROUTED: "the config sends it to another calendar",
    Why.NOTE_DUE: "there is something to tell in the event",
    Why.NOTE_LAPSED: "its note is out of date",
    Why.APPROVAL_LAPSED: "what awaited approval has lapsed",
    Why.REJECTED: "you rejected it",
    Why.APPROVED: "you approved it",
    Why.BY_HAND: "you asked for it in the shell",
    Why.REQUESTED: "an event in the calendar asks for it",
    Why.DUPLICATE: "a second event of the same booking",
    Why.AGREED: "both sides agree",
    Why.REMEMBERED: "only remembered",
}

# what stands beside AwaitKind's: an event in the calendar asks for a booking
REQUEST: Final = "request"

AWAITS: Final[Mapping[str, str]] = {
    REQUEST: "book what an event asks for",
    AwaitKind.CANCEL: "cancel the booking",
    AwaitKind.MOVE: "reschedule",
    AwaitKind.REMOVAL: "remove the event",
    AwaitKind.REROUTE: "change the calendar",
}

REFUSED: Final[Mapping[str, str]] = {
    NoteKind.NOT_OPEN: "the time asked for is not open",
    NoteKind.REFUSED: "Zimun refused the time asked for",
    NoteKind.ALL_DAY: "an all-day event has no time to book",
    NoteKind.RECURRING: "a recurring event cannot be booked",
    NoteKind.IN_THE_PAST: "the time asked for is past",
    NoteKind.BEGUN: "the booking has already begun",
    NoteKind.ZONE_UNKNOWN: "its time zone cannot be resolved",
    NoteKind.MOVE_REJECTED: "the move was rejected",
    NoteKind.CANCEL_REFUSED: "Zimun refused to cancel it",
    NoteKind.REQUEST_NOT_OPEN: "the time asked for is not open",
    NoteKind.REQUEST_REFUSED: "Zimun refused to book it",
    NoteKind.REQUEST_IN_THE_PAST: "the time asked for is past",
    NoteKind.REQUEST_ALL_DAY: "an all-day event has no time to book",
    NoteKind.REQUEST_RECURRING: "a recurring event cannot be booked",
    NoteKind.REQUEST_ZONE_UNKNOWN: "its time zone cannot be resolved",
    NoteKind.REQUEST_NO_EMAIL: "the customer's e-mail address is missing",
    NoteKind.REQUEST_EMAILS: "there is more than one e-mail address in it",
    NoteKind.REQUEST_EMAIL_UNREADABLE: "the e-mail address cannot be read",
    NoteKind.REQUEST_NO_NAME: "the customer's name is missing",
    NoteKind.REQUEST_LONG_NAME: "the customer's name is too long",
    NoteKind.SLOT_NO_NAME: "the customer's name is missing",
    NoteKind.REQUEST_SERVICE_UNKNOWN: "no service is called like this",
    NoteKind.REQUEST_SERVICE_UNCLEAR: "more than one service may be meant",
    NoteKind.REQUEST_NO_LENGTH: "Zimun does not tell how long it takes",
    NoteKind.REQUEST_PLACE_UNCLEAR: "it is not clear at which place",
    NoteKind.REQUEST_NOT_THERE: "not offered at this place",
    NoteKind.REQUEST_UNROUTED: "no calendar of the config takes its booking",
    NoteKind.REQUEST_REJECTED: "you rejected it",
    NoteKind.REQUEST_BOOKED_BEFORE: "it was booked before it was changed",
    NoteKind.REQUEST_CANCELLED_SINCE: "it was booked, and cancelled since",
    NoteKind.REQUEST_OTHER_NAME: "its address has a booking at that time already, in another name",
    NoteKind.REQUEST_UNNAMED: "booked, but Zimun did not tell as what",
    NoteKind.REQUEST_UNANSWERED: "Zimun did not confirm it in time",
    NoteKind.REQUEST_UNSURE: "Zimun did not say in time whether it is booked",
}


HAPPENED: Final[Mapping[str, str]] = {
    "link.recorded": "noticed",
    "link.renamed": "went on under another id",
    "link.closed": "closed",
    "event.created": "event created",
    "event.updated": "event updated",
    "event.removed": "event removed",
    "booking.rescheduled": "rescheduled in Zimun",
    "booking.cancelled": "cancelled in Zimun",
    "booking.held": "held in Zimun",
    "booking.confirmed": "booked in Zimun",
    "booking.imported": "taken in by its id",
    "request.refused": "not booked",
    "request.held_back": "awaits approval",
    "request.put_off": "waits for Zimun",
    "request.met": "booked already",
    "request.approved": "to be booked",
    "request.rejected": "not booked",
}

# why an event that was gone is written again
PUT_BACK: Final = frozenset(
    {
        Why.BOOKING_MOVED,
        Why.BOOKING_CHANGED,
        Why.EVENT_TRANSFERRED,
        Why.CANCEL_AWAITS,
        Why.CANCEL_REFUSED,
        Why.DELETION_RESTORED,
        Why.NEVER_SHOWN,
        Why.REJECTED,
    }
)

TRIED: Final[Mapping[str, str]] = {
    "event.created": "create event",
    "event.updated": "update event",
    "event.removed": "remove event",
    "booking.rescheduled": "reschedule in Zimun",
    "booking.cancelled": "cancel in Zimun",
    "booking.held": "hold in Zimun",
    "booking.confirmed": "book in Zimun",
}

OUTCOMES: Final[Mapping[str, str]] = {
    "refused": "refused",
    "superseded": "overtaken by another change",
    "unknown": "no answer",
    "dropped": "not done",
    "failed": "failed",
}

TOLD: Final[Mapping[str, str]] = {
    **REFUSED,
    NoteKind.NOT_YET_BOOKED: "not yet booked",
    NoteKind.MOVE_AWAITS: "the move awaits approval",
    NoteKind.CONFLICT_ZIMUN: "moved on both sides, Zimun's time counts",
    NoteKind.CONFLICT_CALENDAR: "moved on both sides, the calendar's time counts",
    NoteKind.MOVED_AND_DELETED: "the booking was changed meanwhile, so deleting the event does not cancel it",
    NoteKind.MOVE_UNSURE: "nobody knows whether it was moved by hand",
    NoteKind.CANCEL_UNSURE: "nobody knows whether it was cancelled",
    NoteKind.REVIVED: "it counted as cancelled for a while",
    NoteKind.ADOPTED: "its time was put right",
    NoteKind.CANCELLED: "the booking is cancelled",
    NoteKind.NOT_KNOWN: "Zimun does not know the booking any more",
    NoteKind.CANCEL_ASKED: "delete it again to cancel the booking",
    NoteKind.CANCEL_SHELL: "cancelling it needs the shell",
    NoteKind.DELETION_RESTORED: "deleting it does not cancel the booking",
    NoteKind.ASKED_AGAIN: "the booking was asked for again, so it is not cancelled",
    NoteKind.NEVER_SHOWN: "the calendar had not shown it yet, so the booking is not cancelled",
    NoteKind.TRANSFERRED: "it cannot change calendars",
    NoteKind.REASSIGNED: "somebody else has it now",
    NoteKind.FOREIGN: "it was put into a calendar that syncd does not keep",
    NoteKind.REQUEST_BOOKED_UNROUTED: "booked, but no calendar of the config takes it",
    NoteKind.REQUEST_AWAITS: "it awaits approval",
    NoteKind.REQUEST_WAITS: "not booked yet",
    NoteKind.REQUEST_NOT_PERMITTED: "Zimun does not permit syncd to book",
    NoteKind.COPIED: "it was deleted, and a copy of it stands",
}

DETAILS: Final[Mapping[str, str]] = {
    "settled": "found out by looking",
    "approved": "you approved it",
    "rejected": "you rejected it",
    "deleted again": "asked, and deleted again",
    "lapsed": "what awaited approval has lapsed",
    "uid": "the server refuses its UID",
    "calendar": "the server refuses the event",
    "Unavailable": "could not be reached",
    "RateLimited": "asked to wait",
    "NotPermitted": "not permitted",
    "NotFound": "not found",
    "CollectionGone": "the calendar is gone",
    "NoCalendar": "what stands at its address is no calendar",
    "Malformed": "its answer cannot be read",
    "unanswered": "no answer in time, and Zimun lists no such booking",
    "unsure": "no answer in time, and no call tells whether it is booked",
}


def why(name: str) -> str:
    """Why, in words; an unknown name as it is."""
    return WHY.get(name, name)


def happened(what: str, why: str, outcome: str) -> str:
    """What was done, or what came of the attempt; unknown names as they are."""
    if outcome != "done":
        return f"{TRIED.get(what, what)}: {OUTCOMES.get(outcome, outcome)}"
    return "event put back" if what == "event.created" and why in PUT_BACK else HAPPENED.get(what, what)
