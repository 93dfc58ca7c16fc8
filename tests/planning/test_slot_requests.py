"""What a person wrote into an open slot's event: each rule of reading, and that all else is left alone."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.domain.booking import Catalog, Location, Service
from syncd.domain.event import Event, EventTime, TimeKind
from syncd.domain.note import NoteKind
from syncd.domain.opening import SlotKey, slot_uid
from syncd.domain.request import Request
from syncd.planning.addresses import addresses_in
from syncd.planning.requests import Desk, Fault, Reading
from syncd.planning.slot_requests import read_slot_request
from tests.planning.builders import DAY, HOUR, NOW, TEN, floating, utc, zoned

MAIL = "dana@example.com"
SLOT = SlotKey("cut", "mitte", TEN)
OWN_LINE = "Takes 60 minutes. To book it, write the customer's name and e-mail address into the title."
SERVICES = (Service("cut", "Haircut", HOUR, ("mitte",)), Service("yoga", "Yoga@Home (2)", HOUR, ("mitte",)))
CATALOG = Catalog({"mitte": Location("mitte", "Mitte", "Europe/Berlin")}, {one.id: one for one in SERVICES})
DESK = Desk(CATALOG, NOW, DAY, labels=("Booking:", "Buchung:"))


def titles(service: str) -> list[str]:
    return [f"Open: {service}", f"Frei: {service}"]


def event(title: str, description: str = OWN_LINE, slot: SlotKey = SLOT, **changes: Any) -> Event:
    plain = Event(slot_uid(slot), "", zoned(TEN), zoned(TEN + HOUR), title, "Mitte", description, fingerprint="f")
    return replace(plain, **changes)


def read(title: str, description: str = OWN_LINE, desk: Desk = DESK, slot: SlotKey = SLOT, **changes: Any) -> Reading:
    service = CATALOG.services[slot.service_id].name
    return read_slot_request(event(title, description, slot, **changes), slot, titles(service), desk)


def kind(reading: Reading) -> NoteKind | None:
    return reading.kind if isinstance(reading, Fault) else None


@pytest.mark.parametrize(
    ("title", "description"),
    [
        (f"Dana Lee {MAIL}", OWN_LINE),
        (f"Dana Lee <{MAIL}>", OWN_LINE),
        (f"Open: Haircut Dana Lee {MAIL}", OWN_LINE),
        (f"Open: Haircut – Dana Lee {MAIL}", OWN_LINE),
        (f"Frei: Haircut Dana Lee, {MAIL}", ""),
        (f"open: haircut  Dana Lee ({MAIL})", ""),
        (f"Dana Lee {MAIL} Open: Haircut", ""),
        (f"{MAIL} Dana Lee", ""),
        (f"Open: Dana Lee {MAIL}", ""),
        (f"Haircut Dana Lee {MAIL}", ""),
        (f"Haircut: Dana Lee <mailto:{MAIL}>", ""),
        (f"Haircut – Dana Lee – {MAIL}", ""),
        (f"Dana Lee – Haircut {MAIL}", ""),
        (f"Dana Lee {MAIL} {MAIL.upper()}", MAIL),
        ("Dana Lee", f"{OWN_LINE}\n{MAIL}"),
        ("Open: Haircut Dana Lee", f"E-mail: {MAIL}\nfirst visit"),
        # typed right up to what stood there
        (f"Open: HaircutDana Lee {MAIL}", ""),
        (f"Open: Haircut{MAIL} Dana Lee", ""),
        (f"Dana Lee {MAIL}Open: Haircut", ""),
        (f"open: haircutDana Lee {MAIL}", ""),
        (f"open: Dana Lee {MAIL}", ""),
        (f"haircut Dana Lee {MAIL}", ""),
    ],
)
def test_a_name_and_an_address_are_a_request_for_the_slot(title: str, description: str) -> None:
    found = read(title, description)
    assert isinstance(found, Request)
    assert (found.service_id, found.location_id, found.start) == SLOT
    assert (found.contact_name, found.contact_email.casefold()) == ("Dana Lee", MAIL)


@pytest.mark.parametrize("address", ["haircut@example.com", "haircut.dana@example.com", "haircut-dana@example.com"])
def test_an_address_that_begins_like_the_service_keeps_its_letters(address: str) -> None:
    for title in (f"{address} Dana Lee", f"Dana Lee {address}", f"Open: Haircut {address} Dana Lee"):
        found = read(title)
        assert isinstance(found, Request)
        assert (found.contact_name, found.contact_email) == ("Dana Lee", address)


def test_a_service_whose_name_looks_like_an_address_confuses_nobody() -> None:
    slot = SLOT._replace(service_id="yoga")
    for title in (f"Open: Yoga@Home (2) Dana Lee {MAIL}", f"Yoga@Home (2): Dana Lee {MAIL}"):
        found = read(title, slot=slot)
        assert isinstance(found, Request)
        assert (found.contact_name, found.contact_email) == ("Dana Lee", MAIL)


def test_a_service_that_is_called_like_a_part_of_our_words_confuses_nobody() -> None:
    services = CATALOG.services | {"cut": Service("cut", "pen", HOUR, ("mitte",))}
    desk = replace(DESK, catalog=replace(CATALOG, services=services))
    found = read_slot_request(event(f"Open: Dana Lee {MAIL}"), SLOT, titles("pen"), desk)
    assert isinstance(found, Request)
    assert found.contact_name == "Dana Lee"


@pytest.mark.parametrize("start", [utc(TEN), floating(TEN), zoned(TEN, "Europe/London")])
def test_the_start_is_an_instant_however_it_is_written(start: EventTime) -> None:
    found = read(f"Dana Lee {MAIL}", start=start)
    assert isinstance(found, Request)
    assert found.start == TEN


def test_dragged_as_well_it_is_asked_for_where_it_lies() -> None:
    found = read(f"Dana Lee {MAIL}", start=zoned(TEN + 2 * HOUR))
    assert isinstance(found, Request)
    assert (found.service_id, found.start) == ("cut", TEN + 2 * HOUR)


@pytest.mark.parametrize(
    ("title", "description", "changes"),
    [
        ("Dana Lee", OWN_LINE, {}),
        ("Open: Haircut Dana Lee", OWN_LINE, {}),
        ("Open: Haircut @ the mirror", OWN_LINE, {}),
        ("Closed, see https://example.com/@salon", OWN_LINE, {}),
        ("Open: Haircut", "", {}),
        (f"Dana Lee {MAIL}", "", {"cancelled": True}),
        (f"Dana Lee {MAIL}", "", {"invitation": True}),
        (f"Dana Lee {MAIL}", "", {"booking_id": "b_1"}),
        (f"Dana Lee {MAIL}", "Customer: Dana Lee\nBooking: b_1", {}),
        (f"Dana Lee {MAIL}", "", {"uid": "somebody-elses"}),
        (f"Dana Lee {MAIL}", "", {"uid": slot_uid(SLOT._replace(start=TEN + HOUR))}),
        # an address in the place is the salon's own
        ("Dana Lee", OWN_LINE, {"place": "Mitte, salon@example.com"}),
    ],
)
def test_all_else_is_left_alone(title: str, description: str, changes: dict[str, Any]) -> None:
    assert read(title, description, **changes) is None


@pytest.mark.parametrize(
    ("title", "description", "told"),
    [
        (f"Dana Lee {MAIL} ada@example.com", "", NoteKind.REQUEST_EMAILS),
        (f"Dana Lee {MAIL}", "ada@example.com", NoteKind.REQUEST_EMAILS),
        ("Dana Lee dana@example", "", NoteKind.REQUEST_EMAIL_UNREADABLE),
        ("Dana Lee dana@", OWN_LINE, NoteKind.REQUEST_EMAIL_UNREADABLE),
        (f"Dana Lee {MAIL} bob@", "", NoteKind.REQUEST_EMAIL_UNREADABLE),
        (f"Open: Haircut {MAIL}", "", NoteKind.SLOT_NO_NAME),
        (MAIL, "", NoteKind.SLOT_NO_NAME),
        ("Open: Haircut", f"Dana Lee {MAIL}", NoteKind.SLOT_NO_NAME),
        (f"{'x' * 201} {MAIL}", "", NoteKind.SLOT_NO_NAME),
        # still in the name, for it was written into another word
        (f"Dana Lee https://{MAIL} https://{MAIL} {MAIL}", "", NoteKind.REQUEST_EMAIL_UNREADABLE),
        (f"Dana Lee @salon\abob@ {MAIL}", "", NoteKind.REQUEST_EMAIL_UNREADABLE),
    ],
)
def test_what_is_missing_is_told(title: str, description: str, told: NoteKind) -> None:
    found = read(title, description)
    assert found == Fault(told, TEN, (), "cut", "mitte")
    # and not any more when it has begun
    assert read(title, description, desk=replace(DESK, now=TEN)) is None


def test_what_a_booking_cannot_be_is_told() -> None:
    title = f"Dana Lee {MAIL}"
    assert kind(read(title, recurring=True)) is NoteKind.REQUEST_RECURRING
    assert kind(read(title, start=EventTime("20260303", "", TimeKind.DATE))) is NoteKind.REQUEST_ALL_DAY
    broken = EventTime("20260303T100000", "Nowhere", TimeKind.BROKEN)
    assert kind(read(title, start=broken)) is NoteKind.REQUEST_ZONE_UNKNOWN


def test_what_has_begun_is_told_for_a_while_and_then_no_more() -> None:
    title = f"Dana Lee {MAIL}"
    assert kind(read(title, desk=replace(DESK, now=TEN))) is NoteKind.REQUEST_IN_THE_PAST
    assert read(title, desk=replace(DESK, now=TEN + DAY)) is None
    assert read(title, desk=replace(DESK, now=TEN), start=EventTime("20260303", "", TimeKind.DATE)) is None


def test_a_service_that_zimun_does_not_name_any_more_is_zimuns_to_refuse() -> None:
    desk = replace(DESK, catalog=replace(CATALOG, services={}))
    found = read_slot_request(event(f"Dana Lee {MAIL}"), SLOT, [], desk)
    assert isinstance(found, Request)
    assert (found.service_id, found.contact_name) == ("cut", "Dana Lee")


PIECES = (
    "Open: Haircut",
    "Frei: ",
    "Open:",
    "Haircut",
    "Dana Lee",
    MAIL,
    "bob@",
    "x@y.org",
    " ",
    "<",
    ">",
    "–",
    "\n",
    "é",
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.sampled_from(("", OWN_LINE, MAIL, "bob@")))
def test_whatever_is_written_an_address_is_taken_as_it_stands_or_not_at_all(title: str, description: str) -> None:
    found = read(title, description)
    if isinstance(found, Request):
        assert found.contact_email in title or found.contact_email == description
        # what a title says twice, once with an address glued to it, no slot has said
        assert title.count("Open:") > 1 or "Open: Haircut" not in f"{found.contact_name} {found.contact_email}"
        assert not addresses_in(found.contact_name).found


def test_one_whose_length_nobody_tells_is_not_booked() -> None:
    asked = event(f"Dana Lee {MAIL}")
    assert isinstance(read_slot_request(asked, SLOT, titles("Haircut"), DESK), Request)
    untold = read_slot_request(asked, SLOT, titles("Haircut"), DESK, length_told=False)
    assert untold == Fault(NoteKind.REQUEST_NO_LENGTH, TEN, ("Haircut",), "cut", "mitte")
