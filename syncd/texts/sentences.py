"""A note as one line, as a kind receptionist would say it: what happened, what counts now, what to do."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from gettext import GNUTranslations
from string import Formatter

from syncd.domain.note import Note, NoteKind
from syncd.texts import clean
from syncd.texts.overlay import MARK
from syncd.texts.times import Times

QUOTED, NAMED = 200, 6
"""How many characters of the other side's own words are kept, and how many names of what may be meant."""


def N_(message: str) -> str:  # gettext knows it by this name
    """Marks a text for the catalogs where it is not translated on the spot."""
    return message


# A note is a row of sentences. Each is told in the first wording for which every value is known, or not at all.
_Wordings = tuple[str, ...]
_STAYS: _Wordings = (N_("The booking stays at {was}."), N_("The booking stays as it is."))
_STILL: _Wordings = (N_("The customer's booking is still at {was}."), N_("The customer's booking is unchanged."))
_FREE: _Wordings = (N_("Free nearby: {free}."),)
_REASON: _Wordings = (N_("Its answer: “{reason}”."),)
_MOVE_AGAIN = N_("Please move it once more, with the time zone that you use otherwise.")
_KEEP = N_("Do nothing to keep it.")
_NO_MORE: _Wordings = (
    N_("{asked} is not booked."),
    N_("{was} is not booked any more."),
    N_("It is not booked any more."),
)
_GOES: _Wordings = (N_("This event will go by itself."),)
_AGAIN: _Wordings = (N_("Change this event, and it is tried again."),)

SENTENCES: Mapping[NoteKind, tuple[_Wordings, ...]] = {
    NoteKind.NOT_OPEN: ((N_("{asked} is not free for this."), N_("That time is not free for this.")), _STAYS, _FREE),
    NoteKind.REFUSED: (
        (N_("Zimun did not accept {asked}."), N_("Zimun did not accept this change.")),
        _REASON,
        _STAYS,
        _FREE,
    ),
    NoteKind.ALL_DAY: ((N_("A booking needs a time of day, so it cannot become an all-day event."),), _STAYS),
    NoteKind.RECURRING: ((N_("A booking cannot repeat, so nothing was moved."),), _STAYS),
    NoteKind.IN_THE_PAST: (
        (N_("{asked} is in the past, so nothing was moved."), N_("That time is in the past, so nothing was moved.")),
        _STAYS,
    ),
    NoteKind.BEGUN: ((N_("This booking has already begun and cannot be moved any more."),), _STAYS),
    NoteKind.ZONE_UNKNOWN: (
        (N_("The time zone of the new time is not known, so nothing was moved."),),
        _STAYS,
        (_MOVE_AGAIN,),
    ),
    NoteKind.NOT_YET_BOOKED: (
        (N_("Not yet booked: Zimun cannot be reached at the moment."),),
        _STILL,
        (N_("The move to {asked} is tried again by itself."), N_("The move is tried again by itself.")),
    ),
    NoteKind.MOVE_AWAITS: (
        (N_("Many bookings were moved at once, so this move is not booked yet."),),
        _STILL,
        (N_("To go through with it, run {approve} on the computer that connects the calendar; to undo it, {reject}."),),
    ),
    NoteKind.MOVE_REJECTED: ((N_("The move to {asked} was not approved."), N_("The move was not approved.")), _STAYS),
    NoteKind.CONFLICT_ZIMUN: (
        (
            N_("This booking was moved in Zimun and here at the same time; the time in Zimun counts: {was}."),
            N_("This booking was moved in Zimun and here at the same time; the time in Zimun counts."),
        ),
        (N_("Your move to {asked} was not booked."), N_("Your move was not booked.")),
    ),
    NoteKind.CONFLICT_CALENDAR: (
        (
            N_("This booking was moved in Zimun and here at the same time; the time here counts: {asked}."),
            N_("This booking was moved in Zimun and here at the same time; the time here counts."),
        ),
        (N_("In Zimun it had been moved to {was}."),),
    ),
    NoteKind.MOVED_AND_DELETED: (
        (
            N_("This booking was moved to {was} while its event was deleted here, so it was not cancelled."),
            N_("This booking was changed in Zimun while its event was deleted here, so it was not cancelled."),
        ),
        (N_("To cancel it, delete it again."),),
    ),
    NoteKind.MOVE_UNSURE: (
        (
            N_("This booking was to be moved to {asked}, and Zimun did not say whether it was."),
            N_("This booking was to be moved, and Zimun did not say whether it was."),
        ),
        (N_("Please look it up there; it may stand at either time."),),
    ),
    NoteKind.CANCEL_UNSURE: (
        (N_("This booking was to be cancelled, and Zimun did not say whether it was."),),
        (N_("Please look it up there."),),
    ),
    NoteKind.REVIVED: ((N_("This booking counted as cancelled for a while. It stands."),),),
    NoteKind.ADOPTED: (
        (
            N_("This event stood at {asked}, but the booking is at {was}; it was put right."),
            N_("This event differed from the booking and was put right; the booking is at {was}."),
            N_("This event differed from the booking and was put right."),
        ),
        (N_("If the other time was a wish of yours, please move it again."),),
    ),
    NoteKind.CANCELLED: (
        (N_("This booking was cancelled in Zimun ({at})."),),
        _NO_MORE,
        _GOES,
    ),
    NoteKind.NOT_KNOWN: (
        (N_("Zimun does not know this booking any more."),),
        _NO_MORE,
        _GOES,
    ),
    NoteKind.CANCEL_ASKED: (
        (N_("This event was deleted, but the booking is not cancelled yet."),),
        (
            N_("To cancel it, delete it again within {hours} hours (until {until})."),
            N_("To cancel it, delete it again (until {until})."),
        ),
        (_KEEP,),
    ),
    NoteKind.CANCEL_SHELL: (
        (N_("Many bookings were deleted at once, so nothing was cancelled."),),
        (
            N_(
                "To cancel this one, run {approve} on the computer that connects the calendar, until {until}; "
                "deleting it again is not enough."
            ),
        ),
        (_KEEP,),
    ),
    NoteKind.CANCEL_REFUSED: (
        (N_("Zimun did not cancel this booking."),),
        _REASON,
        _STAYS,
        (N_("Please cancel it in Zimun."),),
    ),
    NoteKind.DELETION_RESTORED: (
        (N_("This event was deleted, but that does not cancel the booking."),),
        _STAYS,
        (N_("To cancel it, please use Zimun."),),
    ),
    NoteKind.NEVER_SHOWN: (
        (N_("This event was gone before the calendar had shown it to syncd once, so the booking was not cancelled."),),
        (N_("To cancel it, delete it again."),),
    ),
    NoteKind.ASKED_AGAIN: (
        (N_("This event was deleted, but the booking was asked for again, so it was not cancelled."),),
        (N_("To cancel it, delete it again."),),
    ),
    NoteKind.TRANSFERRED: (
        (N_("This event was put into another calendar and is back here, where its booking belongs."),),
        (N_("To give a booking to somebody else, please use Zimun."),),
    ),
    NoteKind.REASSIGNED: (
        (N_("This booking is now with {staff}."), N_("This booking is now with somebody else.")),
        (N_("Its time: {was}."),),
    ),
    NoteKind.FOREIGN: (
        (N_("This event was put into a calendar that is not connected to Zimun, so it is back here."),),
        _STAYS,
        (N_("You can delete the other copy; that cancels nothing."),),
    ),
    NoteKind.COPIED: (
        (N_("This event was deleted here, but a copy of it still stands in a calendar, so it is back."),),
        _STAYS,
        (N_("You can delete the other copy; that cancels nothing."),),
        (N_("To cancel the booking, delete both."),),
    ),
    NoteKind.REQUEST_NOT_OPEN: (
        (N_("Not booked: {asked} is not free for this."), N_("Not booked: that time is not free for this.")),
        _FREE,
        _AGAIN,
    ),
    NoteKind.REQUEST_REFUSED: (
        (N_("Not booked: Zimun did not accept {asked}."), N_("Not booked: Zimun did not accept this.")),
        _REASON,
        _FREE,
        _AGAIN,
    ),
    NoteKind.REQUEST_IN_THE_PAST: (
        (N_("Not booked: {asked} is in the past."), N_("Not booked: that time is in the past.")),
    ),
    NoteKind.REQUEST_ALL_DAY: (
        (N_("Not booked: a booking needs a time of day, and this is an all-day event."),),
        _AGAIN,
    ),
    NoteKind.REQUEST_RECURRING: (
        (N_("Not booked: a booking cannot repeat, and this event does."),),
        (N_("Please write one event for each booking."),),
    ),
    NoteKind.REQUEST_ZONE_UNKNOWN: ((N_("Not booked: the time zone of this event is not known."),), _AGAIN),
    NoteKind.REQUEST_NO_EMAIL: (
        (N_("Not booked: the customer's e-mail address is missing."),),
        (N_("Add it to this event, and it is booked."),),
    ),
    NoteKind.REQUEST_EMAILS: (
        (N_("Not booked: there is more than one e-mail address in this event."),),
        (N_("Please leave only the customer's, and it is tried again."),),
    ),
    NoteKind.REQUEST_EMAIL_UNREADABLE: (
        (N_("Not booked: the e-mail address in this event cannot be read."),),
        (N_("Please put it right, and it is tried again."),),
    ),
    NoteKind.REQUEST_NO_NAME: (
        (N_("Not booked: the customer's name is missing."),),
        (N_("Write it behind the service, after a dash, and it is tried again."),),
    ),
    NoteKind.REQUEST_LONG_NAME: (
        (N_("Not booked: the customer's name is too long; 200 letters are the most."),),
        (N_("Shorten it, and it is tried again."),),
    ),
    NoteKind.SLOT_NO_NAME: (
        (N_("Not booked: the customer's name is missing."),),
        (N_("Write it into the title, and it is tried again."),),
    ),
    NoteKind.REQUEST_SERVICE_UNKNOWN: (
        (N_("Not booked: no service is called like this."),),
        (N_("Did you mean: {names}?"),),
        _AGAIN,
    ),
    NoteKind.REQUEST_SERVICE_UNCLEAR: (
        (
            N_("Not booked: more than one service may be meant: {names}."),
            N_("Not booked: more than one service may be meant."),
        ),
        _AGAIN,
    ),
    NoteKind.REQUEST_NO_LENGTH: (
        (
            N_("Not booked: Zimun does not tell how long this takes: {names}."),
            N_("Not booked: Zimun does not tell how long this takes."),
        ),
        (N_("Please book it in Zimun."),),
    ),
    NoteKind.REQUEST_PLACE_UNCLEAR: (
        (N_("Not booked: it is not clear at which place this shall be."),),
        (N_("Write one of these as the place of this event: {names}."),),
    ),
    NoteKind.REQUEST_NOT_THERE: (
        (N_("Not booked: this is not offered at this place."),),
        (N_("It is offered here: {names}."),),
        _AGAIN,
    ),
    NoteKind.REQUEST_UNROUTED: (
        (N_("Not booked: no calendar is set up for bookings of this service at this place."),),
        (N_("Please tell whoever looks after syncd."),),
        _AGAIN,
    ),
    NoteKind.REQUEST_BOOKED_UNROUTED: (
        (N_("This is booked in Zimun, but no calendar is set up for the booking: nothing else shows it here."),),
        (N_("Please tell whoever looks after syncd."),),
    ),
    NoteKind.REQUEST_AWAITS: (
        (N_("Many bookings were asked for at once, so this one is not booked yet."),),
        (N_("To book it, run {approve} on the computer that connects the calendar; if it shall not be, {reject}."),),
    ),
    NoteKind.REQUEST_REJECTED: ((N_("Not booked: this was not approved."),), _AGAIN),
    NoteKind.REQUEST_WAITS: (
        (N_("Not booked yet: Zimun has not answered so far."),),
        (N_("It is tried again by itself."),),
    ),
    NoteKind.REQUEST_NOT_PERMITTED: (
        (N_("Not booked yet: Zimun does not permit syncd to book."),),
        (N_("Please tell whoever looks after syncd."),),
        (N_("It is tried again by itself."),),
    ),
    NoteKind.REQUEST_BOOKED_BEFORE: (
        (
            N_("This was booked at {was}, before this event was changed here."),
            N_("This was booked before this event was changed here."),
        ),
        (N_("The booking has an event of its own: please change that one, and delete this."),),
    ),
    NoteKind.REQUEST_CANCELLED_SINCE: (
        (
            N_("This was booked at {was} and has been cancelled since."),
            N_("This was booked and has been cancelled since."),
        ),
        (N_("To book it again, delete this and write it anew."),),
    ),
    NoteKind.REQUEST_OTHER_NAME: (
        (N_("Not booked: this e-mail address has a booking at this time already, in another name."),),
        (
            N_(
                "If that is the same one, delete this event; if not, change the address, and it is tried again, "
                "or book it in Zimun."
            ),
        ),
    ),
    NoteKind.REQUEST_UNNAMED: (
        (N_("Zimun made this booking, but did not tell which one it is."),),
        (N_("Please look it up there; it is not booked a second time."),),
    ),
    NoteKind.REQUEST_UNANSWERED: (
        (
            N_("Not booked: Zimun did not confirm {asked} in time."),
            N_("Not booked: Zimun did not confirm this in time."),
        ),
        _FREE,
        _AGAIN,
    ),
    NoteKind.REQUEST_UNSURE: (
        (N_("Zimun did not say in time whether this is booked."),),
        (N_("Please look it up there before you try it again."),),
    ),
}


def sentence(catalog: GNUTranslations, note: Note, zone: tzinfo, now: datetime) -> str:
    """The one line that leads the description; it begins with the mark. Times are told in `zone`, the place's."""
    values = _values(Times(catalog, zone, now), note)
    told = (_told(catalog, wordings, values) for wordings in SENTENCES[note.kind])
    return MARK + " ".join(part for part in told if part)


def _values(times: Times, note: Note) -> dict[str, str]:
    hours = round((note.until - note.at) / timedelta(hours=1))
    return {
        "asked": times.at(note.asked) if note.asked else "",
        "was": times.at(note.was) if note.was else "",
        "at": times.at(note.at),
        "until": times.at(note.until),
        "hours": str(hours) if hours > 1 else "",
        "free": _free(times, note),
        "reason": clean.line(note.reason, QUOTED),
        "staff": clean.line(note.staff, QUOTED),
        "names": ", ".join(clean.line(name, QUOTED) for name in note.names[:NAMED]),
        "approve": "`syncd approve`",
        "reject": "`syncd reject`",
    }


def _free(times: Times, note: Note) -> str:
    """The open starts: only clock times where the whole sentence speaks of one day."""
    days = [day for day in (note.asked, note.was) if day is not None]
    if days and all(times.same_day(days[0], other) for other in (*days[1:], *note.slots)):
        return ", ".join(times.clock(slot) for slot in note.slots)
    if note.slots and all(times.same_day(note.slots[0], other) for other in note.slots):
        return times.listed(*note.slots)
    return "; ".join(times.listed(slot) for slot in note.slots)


def _told(catalog: GNUTranslations, wordings: _Wordings, values: Mapping[str, str]) -> str:
    for wording in wordings:
        names = [name for _, name, _, _ in Formatter().parse(wording) if name]
        if all(values[name] for name in names):
            return catalog.gettext(wording).format_map(values)
    return ""
