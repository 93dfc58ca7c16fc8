"""A note as one line, as a kind receptionist would say it: what happened, what counts now, what to do."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from gettext import GNUTranslations
from string import Formatter

from syncd.domain.note import Note, NoteKind
from syncd.texts import clean
from syncd.texts.overlay import MARK
from syncd.texts.times import Times

QUOTED = 200
"""How many characters of the other side's own words are kept."""


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
        (N_("{asked} is not booked."), N_("{was} is not booked any more."), N_("It is not booked any more.")),
        (N_("This event will go by itself."),),
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
