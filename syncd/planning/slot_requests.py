"""What a person wrote into an open slot's event: a customer to be booked, one of whom something is missing, or nothing.

Meant as a booking is a slot's event (its UID names the slot) that has an e-mail address in its title or description;
not one that is marked as cancelled, has attendees or an organizer, or copies a booking's event. All else that people
write there is theirs: None. What is missing is told wherever there is an address, or something that was meant for one.

Service and place are the slot's, whatever the title says. The start is where the event stands: one that a person wrote
into and then dragged is booked where it lies, for that is what they see, and the note of a refusal names other open
times. Zimun decides about it like about any other. The customer's name is what is left of the title without its
addresses and the slot's own words: the whole of "Open: Haircut" wherever it stands, also where the person typed right
up to it without a blank, or what is left of it at either end. So a customer who is called like the service ("Anna
Meier" in a slot of "Anna") keeps the rest of the name only.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from syncd.domain.event import Event, TimeKind
from syncd.domain.note import NoteKind
from syncd.domain.opening import SlotKey, parse_slot_uid, slot_stem
from syncd.domain.request import Request
from syncd.planning.addresses import addresses_in, without_addresses
from syncd.planning.instants import resolved
from syncd.planning.requests import Desk, Fault, Reading, customer_name, names_a_booking

# an e-mail address may begin with a service's name: only what ends like a word of its own is taken off
_ENDS = r"(?=[\s:,;–—]|-\s|$)"


@dataclass(frozen=True, slots=True)
class OwnWords:
    """What syncd may have written into the title of a slot's event: all of it, in any language, and the service."""

    titles: tuple[str, ...]
    service: str

    def out_of(self, title: str) -> str:
        """The title without them."""
        rest = " ".join(title.split())
        for own in self.titles:
            rest = re.sub(re.escape(own), " ", rest, flags=re.IGNORECASE)
        for lead in self._leads():
            rest = re.sub(rf"^\W*{re.escape(lead)}{_ENDS}", "", rest, flags=re.IGNORECASE)
        if self.service:
            name = re.escape(self.service)
            rest = re.sub(rf"^[\s:,;–—-]*{name}{_ENDS}|(?<!\S){name}[\s:,;–—-]*$", "", rest, flags=re.IGNORECASE)
        return " ".join(rest.split())

    def _leads(self) -> Iterable[str]:
        """What stands before the service's name: "Open:"."""
        for own in self.titles:
            if lead := own.rpartition(self.service)[0].strip():
                yield lead


def read_slot_request(
    event: Event, slot: SlotKey, titles: Iterable[str], desk: Desk, *, length_told: bool = True
) -> Reading:
    """What the slot's event asks for. `titles` are those that syncd gives such an event, one for each language.

    `length_told`: Zimun tells how long it takes.
    """
    if parse_slot_uid(event.uid) != slot_stem(slot) or event.booking_id or event.cancelled or event.invitation:
        return None
    if names_a_booking(event, desk):
        return None
    service = desk.catalog.services.get(slot.service_id)
    own = OwnWords(tuple(titles), " ".join((service.name or service.id).split()) if service is not None else "")
    written = own.out_of(event.title)
    mails = addresses_in(written, event.description)
    if not mails.found and not mails.unreadable:
        return None
    start = resolved(event.start, desk.catalog.zone(slot.location_id)).instant
    name = customer_name(own.out_of(without_addresses(written)))

    def fault(kind: NoteKind, *names: str) -> Fault:
        return Fault(kind, start, names, slot.service_id, slot.location_id)

    missing, beside = None, addresses_in(name)
    # an address that is still in the name was written into another word
    if mails.unreadable or beside.unreadable or beside.found:
        missing = NoteKind.REQUEST_EMAIL_UNREADABLE
    elif len(mails.found) > 1:
        missing = NoteKind.REQUEST_EMAILS
    elif not name:
        missing = NoteKind.SLOT_NO_NAME
    if (start or slot.start) <= desk.now:
        # what has begun is told only where nothing else is missing
        late = missing is None and start is not None and start > desk.now - desk.past
        return fault(NoteKind.REQUEST_IN_THE_PAST) if late else None
    if missing is not None:
        return fault(missing)
    if event.recurring:
        return fault(NoteKind.REQUEST_RECURRING)
    if event.start.kind is TimeKind.DATE:
        return fault(NoteKind.REQUEST_ALL_DAY)
    if start is None:
        return fault(NoteKind.REQUEST_ZONE_UNKNOWN)
    if not length_told:
        return fault(NoteKind.REQUEST_NO_LENGTH, own.service or slot.service_id)
    return Request(slot.service_id, slot.location_id, start, name, mails.found[0])
