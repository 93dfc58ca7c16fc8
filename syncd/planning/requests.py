"""What a person's own event asks for: a booking, one that something is missing of, or nothing.

Meant as a booking is an event of somebody else's (no UID of ours, no X-ZIMUN-BOOKING-ID, no copy that names a booking),
not marked as cancelled, without attendees and organizer (a server mails those people when such an event is changed or
deleted), whose title is the name of a service, a separator (a dash or a colon) and the customer's name, and that names
the customer's e-mail address in its title, place or description. All else is people's own: None, and never touched.

A fault is told only where the event is clearly meant so. With exactly one address: also where the service's name is
only similar, where the name is missing beside an address in the title, and for an all-day or recurring event. With two
addresses, or one that cannot be read: where the title names a service closely. Without any: where the title is exactly
a service, a separator and a name, for such an event looks just like a booking, and nobody must take it for one. What
has begun is told only where nothing else is missing and it began within `past`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NoReturn

from syncd.domain.booking import Catalog, Location, Service
from syncd.domain.event import Event, TimeKind
from syncd.domain.ids import parse_uid
from syncd.domain.note import NoteKind
from syncd.domain.opening import parse_slot_uid
from syncd.domain.request import Request
from syncd.planning.addresses import Addresses, addresses_in, without_addresses
from syncd.planning.instants import resolved
from syncd.planning.names import Fit, Meant, fit, meant
from syncd.planning.routing import Route, may_take

DAY = timedelta(days=1)
LONGEST_NAME = 200
JOINERS = "\u200c\u200d"
"""Not printable by themselves, and yet a part of names: Persian ones, and emoji that are made of several."""

# one word with a figure or an underscore: "Booking: please" is a person's
_ID = re.compile(r"[\w-]*[\d_][\w-]*", re.ASCII)
# a hyphen within a word separates only where what stands before it is a service to the letter
_SEPARATOR = re.compile(r"\s*[–—:]\s*|\s+-+\s*|\s*-+\s+|-")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an event that is meant as a booking cannot be one. `names` are the services or places that may be meant."""

    kind: NoteKind
    start: datetime | None = None
    names: tuple[str, ...] = ()
    service_id: str = ""
    location_id: str = ""


Reading = Request | Fault | None


@dataclass(frozen=True, slots=True)
class Desk:
    """What is needed to read the events of one calendar.

    `locations` are the places that routing sends there, empty for all; `copies` the lines by which syncd's own events
    name their bookings, and `labels` what stands before the id in them, in each language. `gone` are the names of
    services that Zimun names no more, as far as they are known: who writes one of them means no other.
    """

    catalog: Catalog
    now: datetime
    past: timedelta
    locations: tuple[str, ...] = ()
    copies: frozenset[str] = frozenset()
    labels: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def places_of(calendar: str, routes: Iterable[Route]) -> tuple[str, ...]:
    """The places whose bookings routing sends to that calendar; empty where an entry of it takes all."""
    named = [entry.locations for entry in routes if entry.calendar == calendar]
    return tuple(dict.fromkeys(one for each in named for one in each)) if all(named) else ()


def wish_of(event: Event) -> str:
    """A hash of what counts for a request: when it is, and its texts, without blanks and without a note."""
    when = event.start.instant.isoformat() if event.start.instant else (event.start.value, event.start.tzid)
    texts = [" ".join(text.split()) for text in (event.title, event.place, event.description)]
    said = repr((when, event.recurring, event.cancelled, event.invitation, texts))
    return "1:" + sha256(said.encode()).hexdigest()


def read_request(event: Event, desk: Desk) -> Reading:
    """What the event asks for; None where it is not meant as a booking."""
    try:
        return _read(event, desk)
    except _Told as told:
        return told.fault


def unless_unrouted(reading: Reading, routes: Iterable[Route], *, staff_told: bool) -> Reading:
    """The same; a fault where no calendar would take the booking's event: nothing would show that it is booked."""
    if not isinstance(reading, Request):
        return reading
    if may_take(reading.service_id, reading.location_id, routes, staff_told=staff_told):
        return reading
    return Fault(NoteKind.REQUEST_UNROUTED, reading.start, (), reading.service_id, reading.location_id)


def names_a_booking(event: Event, desk: Desk) -> bool:
    """Whether a line names a booking as our events do: a copy, as of apps that drop the marks.

    Of one that is not known, too: its id may be one that it had once, or the database may be lost.
    """
    lines = [line.strip() for line in event.description.splitlines()]
    return not desk.copies.isdisjoint(lines) or any(
        line.startswith(label) and _ID.fullmatch(line.removeprefix(label).strip())
        for line in lines
        for label in desk.labels
    )


def customer_name(text: str) -> str:
    """A customer's name as one line; empty where none can be read, or one that is too long."""
    name = _one_line(text)
    return name if len(name) <= LONGEST_NAME and any(sign.isalnum() for sign in name) else ""


def _one_line(text: str) -> str:
    signs = (sign if sign.isprintable() or sign in JOINERS else " " for sign in without_addresses(text))
    return " ".join("".join(signs).split()).strip(" -–—:,;<>()" + JOINERS)


class _Told(Exception):
    """A way out of the reading, with what came of it."""

    def __init__(self, fault: Fault | None) -> None:
        super().__init__()
        self.fault = fault


def _tell(fault: Fault | None) -> NoReturn:
    raise _Told(fault)


@dataclass(frozen=True, slots=True)
class _Heading:
    """A title taken apart. `too_long`: what stands where the customer's name is to be."""

    service: Meant
    customer: str = ""
    too_long: bool = False


def _read(event: Event, desk: Desk) -> Request | None:
    if _is_ours(event.uid) or event.booking_id or event.cancelled or event.invitation:
        return None
    if names_a_booking(event, desk):
        return None
    mails = addresses_in(event.title, event.place, event.description)
    heading = _heading(event.title, desk)
    if heading is None:
        return None
    if mails.unreadable or len(mails.found) != 1:
        _tell(_without_an_address(event, desk, heading, mails))
    start = _start(event, desk, heading.service.ids)
    begun = start is not None and start <= desk.now
    fault = _first_fault(event, heading, desk, start)
    if fault is not None:
        _tell(None if begun else fault)
    service = _service(heading.service, desk, start, begun=begun)
    place = _place(event.place, service, desk, start, begun=begun)
    at = resolved(event.start, place.zone).instant
    if at is None:
        _tell(Fault(NoteKind.REQUEST_ZONE_UNKNOWN, None, (), service.id, place.id))
    if at <= desk.now:
        _tell(Fault(NoteKind.REQUEST_IN_THE_PAST, at, (), service.id, place.id) if at > desk.now - desk.past else None)
    if service.duration is None or service.duration <= timedelta(0):
        _tell(
            Fault(
                NoteKind.REQUEST_NO_LENGTH,
                at,
                tuple(_named((service.id,), desk.catalog.services)),
                service.id,
                place.id,
            )
        )
    return Request(service.id, place.id, at, heading.customer, mails.found[0])


def _is_ours(uid: str) -> bool:
    """Also an open slot's: carried over into this calendar it is none any more, and comes back where it was."""
    return parse_uid(uid) is not None or parse_slot_uid(uid) is not None


def _heading(title: str, desk: Desk) -> _Heading | None:
    """The service that the title names and what comes after it; None where it names none.

    A name may hold a separator itself: of all places to cut, the one where the service fits best; of those, the last.
    """
    names = {service.id: service.name or service.id for service in desk.catalog.services.values()}
    best: _Heading | None = None
    for cut in _SEPARATOR.finditer(title):
        typed = without_addresses(title[: cut.start()])
        found = meant(typed, names)
        if found.fit is Fit.CLOSE and any(fit(typed, name) is Fit.EXACT for name in desk.gone):
            found = replace(found, fit=Fit.LOOSE)
        if found.fit is Fit.NONE or (cut[0] == "-" and found.fit is not Fit.EXACT):
            continue
        if best is None or found.fit >= best.service.fit:
            rest = title[cut.end() :]
            best = _Heading(found, customer_name(rest), len(_one_line(rest)) > LONGEST_NAME)
    if best is None and (bare := without_addresses(title)) != " ".join(title.split()):
        # an address in the title, and no separator: "Haircut dana@example.org"
        found = meant(bare, names)
        best = _Heading(found) if found.fit is Fit.EXACT else None
    return best


def _without_an_address(event: Event, desk: Desk, heading: _Heading, mails: Addresses) -> Fault | None:
    """What is told where there is no address, more than one, or one that cannot be read."""
    fit, start = heading.service.fit, _start(event, desk, heading.service.ids)
    if start is None or start <= desk.now or event.recurring or event.start.kind is TimeKind.DATE:
        return None
    if mails.unreadable:
        return Fault(NoteKind.REQUEST_EMAIL_UNREADABLE, start) if fit >= Fit.CLOSE else None
    if mails.found:
        return Fault(NoteKind.REQUEST_EMAILS, start) if fit >= Fit.CLOSE else None
    return Fault(NoteKind.REQUEST_NO_EMAIL, start) if fit is Fit.EXACT and heading.customer else None


def _first_fault(event: Event, heading: _Heading, desk: Desk, start: datetime | None) -> Fault | None:
    if heading.service.fit is Fit.LOOSE:
        if not heading.customer:
            return None
        names = tuple(_named(heading.service.ids, desk.catalog.services))
        return Fault(NoteKind.REQUEST_SERVICE_UNKNOWN, start, names)
    if not heading.customer:
        return Fault(NoteKind.REQUEST_LONG_NAME if heading.too_long else NoteKind.REQUEST_NO_NAME, start)
    if event.recurring:
        return Fault(NoteKind.REQUEST_RECURRING, start)
    return Fault(NoteKind.REQUEST_ALL_DAY) if event.start.kind is TimeKind.DATE else None


def _service(found: Meant, desk: Desk, start: datetime | None, *, begun: bool) -> Service:
    """The one service that is meant: of several, those that are offered at the calendar's places."""
    services = desk.catalog.services
    ids = tuple(one for one in found.ids if _offered(services[one], desk)) or found.ids
    if len(ids) > 1:
        fault = Fault(NoteKind.REQUEST_SERVICE_UNCLEAR, start, tuple(_named(ids, services)))
        _tell(None if begun else fault)
    return services[ids[0]]


def _place(typed: str, service: Service, desk: Desk, start: datetime | None, *, begun: bool) -> Location:
    """The place: the one that the event names, else the only one that is possible; without an id where there are none.

    What the event says of its place and nobody knows is "the back room": it counts only where it has to.
    """
    known = desk.catalog.locations
    possible = _offered(service, desk)
    offered = service.location_ids or tuple(known)
    if not offered:
        return Location("")
    named = _named_place(without_addresses(typed), known)
    if len(named) == 1 and named[0] in possible:
        return known[named[0]]
    if not possible or (len(named) == 1 and named[0] not in offered):
        fault = Fault(NoteKind.REQUEST_NOT_THERE, start, tuple(_named(offered, known)), service.id)
        _tell(None if begun else fault)
    if len(possible) == 1 and not named:
        return known.get(possible[0], Location(possible[0]))
    fault = Fault(NoteKind.REQUEST_PLACE_UNCLEAR, start, tuple(_named(possible, known)), service.id)
    _tell(None if begun else fault)


def _offered(service: Service, desk: Desk) -> tuple[str, ...]:
    """Where the service can be booked, among the places of the calendar."""
    offered = service.location_ids or tuple(sorted(desk.catalog.locations))
    return tuple(one for one in offered if not desk.locations or one in desk.locations)


def _named_place(typed: str, locations: Mapping[str, Location]) -> tuple[str, ...]:
    """The places that an event's place may mean: by name, address or both, or the name as a part of what is written."""
    if not typed:
        return ()
    exact: set[str] = set()
    for place in locations.values():
        for name in (place.name, place.address, f"{place.name}, {place.address}", place.id):
            if name and meant(typed, {place.id: name}).fit >= Fit.CLOSE:
                exact.add(place.id)
    if exact:
        return tuple(sorted(exact))
    parts = (place for place in locations.values() if place.name)
    folded = typed.casefold()
    return tuple(sorted(place.id for place in parts if place.name.casefold() in folded))


def _start(event: Event, desk: Desk, service_ids: Iterable[str]) -> datetime | None:
    """When it begins, as far as that can be told before the place is known; an all-day event when its day is over."""
    if event.start.kind is TimeKind.DATE:
        return datetime.strptime(event.start.value, "%Y%m%d").replace(tzinfo=UTC) + DAY
    catalog = desk.catalog
    places = (place for one in service_ids for place in _offered(catalog.services[one], desk))
    zone = next((found for place in places if (found := catalog.zone(place)) is not None), None)
    return resolved(event.start, zone).instant


def _named(ids: Iterable[str], known: Mapping[str, Service] | Mapping[str, Location]) -> Iterable[str]:
    """The names of these, each with its id where another is called the same."""
    named = {one: known[one].name if one in known else "" for one in ids}
    alike = list(named.values())
    return (name if name and alike.count(name) == 1 else f"{name} ({one})".strip() for one, name in named.items())
