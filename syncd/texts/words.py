"""What an event says of its booking, in the user's language.

Nothing here depends on the time: a drag must not change a word of an event.
"""

import re
from datetime import datetime, tzinfo
from itertools import pairwise
from string import Formatter

from syncd.domain.booking import Booking, Location, Service
from syncd.domain.event import Texts
from syncd.domain.note import Note
from syncd.texts import clean
from syncd.texts.languages import catalog
from syncd.texts.overlay import mark_of
from syncd.texts.sentences import sentence

TITLE, PLACE, NAME, NOTES, NOTE_LINES = 200, 300, 200, 4000, 60
"""How many characters of an untrusted text are kept, and how many lines of a customer's notes."""

PLACEHOLDERS = ("service", "contact_name", "contact_email", "contact_phone", "location", "staff", "booking_id")
CONTACTS = ("full", "name", "none")

_BRACKETS = {"(": ")", "[": "]"}
_JOINTS = " \t-–—|/·•,;:@+&#"
_DANGLING = re.compile(r"\s+[-–—|/·•,;:@+&#]*\s*$")


class Words:
    """Texts of events in one language. `contact` is one of CONTACTS: what of the customer may stand in an event."""

    def __init__(
        self, language: str, title_template: str = "{service} – {contact_name}", contact: str = "full"
    ) -> None:
        if contact not in CONTACTS:
            raise ValueError("no such choice of what of the customer is told")
        if problems := check_title(title_template):
            raise ValueError(f"the title's template {'; '.join(problems)}")
        self._catalog = catalog(language)
        self._template = list(Formatter().parse(title_template))
        self._contact = contact

    def texts(self, booking: Booking, service: Service | None, location: Location | None) -> Texts:
        """The booking's texts, cleaned and cut. An empty value gives no line and leaves no gap in the title."""
        _ = self._catalog.gettext
        named, full = self._contact != "none", self._contact == "full"
        values = {
            "service": clean.line(service.name if service and service.name else booking.service_id, NAME),
            "staff": clean.line(booking.staff_name, NAME),
            "contact_name": clean.line(booking.contact_name, NAME) if named else "",
            "contact_email": clean.line(booking.contact_email, NAME) if full else "",
            "contact_phone": clean.line(booking.contact_phone, NAME) if full else "",
            "location": clean.line(location.name, NAME) if location else "",
            "booking_id": clean.line(booking.id, NAME),
        }
        labelled = {
            "service": values["service"],
            "staff": _labelled(_("With: {name}"), name=values["staff"]),
            "contact": _labelled(_("Customer: {name}"), name=values["contact_name"]),
            "email": _labelled(_("E-mail: {address}"), address=values["contact_email"]),
            "phone": _labelled(_("Phone: {number}"), number=values["contact_phone"]),
        }
        for number, text in enumerate(clean.lines(booking.notes, NOTES, NOTE_LINES) if full else []):
            labelled[f"notes.{number}"] = _labelled(_("Notes: {text}"), text=text) if number == 0 else text
        labelled["booking"] = _labelled(_("Booking: {id}"), id=values["booking_id"])
        return Texts(
            title=self._title(values) or values["service"] or _("Booking"),
            place=_place(location),
            lines={key: text for key, text in labelled.items() if text},
        )

    @property
    def booking_label(self) -> str:
        """What stands before the booking's id in the last line of its event."""
        _ = self._catalog.gettext
        return _("Booking: {id}").format(id="").strip()

    def opening(self, service: Service, location: Location) -> Texts:
        """What an open slot's event says. No e-mail address is in it: one that is, is a customer's."""
        _ = self._catalog.gettext
        minutes = int(service.duration.total_seconds() // 60) if service.duration is not None else 0
        how = _("Takes {minutes} minutes. To book it, write the customer's name and e-mail address into the title.")
        if not minutes:
            how = _("To book it, write the customer's name and e-mail address into the title.")
        title = _("Open: {service}").format(service=clean.line(service.name or service.id, NAME))
        return Texts(clean.line(title, TITLE), _place(location), {"how": how.format(minutes=minutes)})

    def sentence(self, note: Note, zone: tzinfo, now: datetime) -> str:
        """The note as the one line that leads the description; it begins with MARK. Times are told in `zone`."""
        return sentence(self._catalog, note, zone, now)

    def mark(self, note: Note) -> str:
        """What leads the title while the note stands."""
        return mark_of(self._catalog, asks=note.asks)

    def _title(self, values: dict[str, str]) -> str:
        """The template filled in. What joined an empty value to its neighbours goes with it."""
        title = ""
        pieces = [[literal, name] for literal, name, _, _ in self._template] + [["", None]]
        for (literal, name), following in pairwise(pieces):
            value = values[name] if name else ""
            if name and not value:
                bare = title + (literal or "").rstrip(_JOINTS)
                after = (following[0] or "").lstrip()
                closing = _BRACKETS.get(bare[-1:])
                if closing and after.startswith(closing):
                    bare, following[0] = _DANGLING.sub("", bare[:-1]), after[1:]
                elif closing or not bare:
                    # nothing in front that a joint could join
                    following[0] = after.lstrip(_JOINTS)
                title, literal = bare, ""
            title += f"{literal}{value}"
        return clean.line(title, TITLE)


def check_title(template: str) -> list[str]:
    """What is wrong with a title's template, in words for the config; an empty list where nothing is."""
    problems = []
    if not template.strip():
        problems.append("is empty")
    if clean.line(template, TITLE) != " ".join(template.split()):
        problems.append(f"begins with ⚠, holds control characters, or is longer than {TITLE} characters")
    try:
        fields = list(Formatter().parse(template))
    except ValueError:
        return [*problems, "has a brace without its other half (for a plain brace write it twice)"]
    named = [field[1:] for field in fields if field[1] is not None]
    if any(name not in PLACEHOLDERS or spec or conversion for name, spec, conversion in named):
        problems.append(f"can hold {', '.join(f'{{{known}}}' for known in PLACEHOLDERS)} and nothing else in braces")
    return problems


def _labelled(template: str, **value: str) -> str:
    return template.format(**value) if all(value.values()) else ""


def _place(location: Location | None) -> str:
    """The place's name and address; the address alone where it says the name already."""
    if location is None:
        return ""
    name, address = clean.line(location.name, NAME), clean.line(location.address, PLACE)
    parts = [address] if name.casefold() in address.casefold() else [name, address]
    return clean.line(", ".join(part for part in parts if part), PLACE)
