"""What a person's own event asks for: each rule of reading, and that all else is left alone."""

from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.domain.booking import Catalog, Location, Service
from syncd.domain.event import Event
from syncd.domain.note import NEVER, Note, NoteKind
from syncd.domain.request import Request
from syncd.planning.addresses import addresses_in
from syncd.planning.requests import (
    JOINERS,
    LONGEST_NAME,
    Desk,
    Fault,
    Reading,
    customer_name,
    places_of,
    read_request,
    unless_unrouted,
    wish_of,
)
from syncd.planning.routing import Route
from syncd.texts import LANGUAGES, Words
from tests.planning.builders import DAY, HOME, HOUR, NOW, SIDE, TEN, all_day, floating, nowhere, zoned

MAIL = "dana@example.org"
MITTE = Location("mitte", "Salon Mitte", "Europe/Berlin", "Scherengasse 3, 10117 Berlin")
LONDON = Location("london", "Salon Shoreditch", "Europe/London", "12 Comb Lane, London E2")
SERVICES = (
    Service("cut", "Haircut", HOUR, ("mitte",)),
    Service("dry", "Cut - dry", HOUR, ("mitte",)),
    Service("short", "Cut", HOUR, ("mitte",)),
    Service("wash", "Wash & blow-dry", HOUR, ("mitte", "london")),
    Service("colour", "Färben und Strähnen", HOUR, ("mitte",)),
    Service("c30", "Massage 30", HOUR, ("mitte",)),
    Service("endless", "Consultation", None, ("mitte",)),
    Service("nails", "Manicure", HOUR, ("london",)),
)
CATALOG = Catalog({one.id: one for one in (MITTE, LONDON)}, {one.id: one for one in SERVICES})
DESK = Desk(CATALOG, NOW, DAY, ("mitte",))


def event(title: str = "Haircut – Dana Lee", description: str = MAIL, **changes: Any) -> Event:
    plain = Event("wish", "", zoned(TEN), zoned(TEN + HOUR), title, "", description, fingerprint="f")
    return replace(plain, **changes)


def read(title: str = "Haircut – Dana Lee", description: str = MAIL, desk: Desk = DESK, **changes: Any) -> Reading:
    return read_request(event(title, description, **changes), desk)


def kind(reading: Reading) -> NoteKind | None:
    return reading.kind if isinstance(reading, Fault) else None


# what is a request


@pytest.mark.parametrize(
    ("title", "description"),
    [
        ("Haircut – Dana Lee", MAIL),
        ("Haircut - Dana Lee", f"Mail: {MAIL}\nfirst visit"),
        ("Haircut — Dana Lee", f"<{MAIL}>"),
        ("Haircut: Dana Lee", f"mailto:{MAIL}"),
        ("haircut-Dana Lee", MAIL),
        ("HAIRCUT – Dana   Lee", MAIL),
        ("Hair cut – Dana Lee", MAIL),
        ("Haricut – Dana Lee", MAIL),
        (f"Haircut – Dana Lee {MAIL}", ""),
        (f"Haircut – Dana Lee <{MAIL}>", ""),
        (f"Haircut – {MAIL} Dana Lee", ""),
        (f"Haircut – Dana Lee ({MAIL})", MAIL.upper()),
    ],
)
def test_service_customer_and_address_are_a_request(title: str, description: str) -> None:
    found = read(title, description)
    assert isinstance(found, Request)
    assert (found.service_id, found.location_id, found.start) == ("cut", "mitte", TEN)
    assert (found.contact_name, found.contact_email.casefold()) == ("Dana Lee", MAIL)


@pytest.mark.parametrize(
    ("title", "service"),
    [
        ("Cut – Dana Lee", "short"),
        ("Cut - dry - Dana Lee", "dry"),
        ("Wash and blow dry – Dana Lee", "wash"),
        ("Faerben und Straehnen – Dana Lee", "colour"),
        ("farben strahnen – Dana Lee", "colour"),
        ("Massage 30 – Dana Lee", "c30"),
        ("c30 – Dana Lee", "c30"),
    ],
)
def test_the_service_is_found_by_its_name(title: str, service: str) -> None:
    found = read(title)
    assert isinstance(found, Request)
    assert (found.service_id, found.contact_name) == (service, "Dana Lee")


def test_a_name_with_a_dash_is_a_name() -> None:
    found = read("Haircut – Anna-Lena Groß-Meier")
    assert isinstance(found, Request)
    assert found.contact_name == "Anna-Lena Groß-Meier"


def test_the_address_may_stand_where_the_place_would() -> None:
    assert isinstance(read(description="", place=MAIL), Request)


# what is nobody's business


@pytest.mark.parametrize(
    ("title", "description", "changes"),
    [
        ("Dentist – Dr. Miller", MAIL, {}),
        ("Dentist", "", {}),
        ("Lunch with Dana Lee", MAIL, {}),
        ("Haircut", MAIL, {}),
        ("Haircut Dana Lee", MAIL, {}),
        ("Call: Dana Lee", MAIL, {}),
        ("Meeting - haircut prices", MAIL, {}),
        ("Haircat school – Dana Lee", "", {}),
        ("Haricut – Dana Lee", "", {}),
        ("Haircut – ", "", {}),
        ("Massage 30", MAIL, {}),
        (f"Haricut {MAIL}", "", {}),
        ("Haricut-Dana Lee", MAIL, {}),
        ("Massage – Dana Lee", "dana@", {}),
        ("Massage – Dana Lee", "a@b.example c@d.example", {}),
        ("", MAIL, {}),
        ("– Dana Lee", MAIL, {}),
        ("Haircut – Dana Lee", MAIL, {"uid": "b_1@zimun"}),
        ("Haircut – Dana Lee", MAIL, {"uid": "b_1~2@zimun"}),
        ("Haircut – Dana Lee", MAIL, {"uid": "cut.mitte.20261124T090000Z@slots.zimun"}),
        ("Haircut – Dana Lee", MAIL, {"uid": "cut.mitte.20261124T090000Z~2@slots.zimun"}),
        ("Haircut – Dana Lee", MAIL, {"booking_id": "b_1"}),
        ("Haircut – Dana Lee", MAIL, {"cancelled": True}),
        ("Haircut – Dana Lee", MAIL, {"invitation": True}),
        ("Haircut – Dana Lee", f"{MAIL}\nBooking: b_1", {}),
        ("Haircut – Dana Lee", "", {"start": zoned(NOW - HOUR)}),
        ("Haircut – Dana Lee", "", {"recurring": True}),
        ("Haircut – Dana Lee", "a@b.example c@d.example", {"start": zoned(NOW - HOUR)}),
        ("Haircut – Dana Lee", "", {"start": zoned(NOW)}),
        ("Haircut – Dana Lee", MAIL, {"start": zoned(NOW), "recurring": True}),
        ("Haircut – Dana Lee", MAIL, {"start": all_day(NOW - DAY)}),
        ("Haircut – Dana Lee", MAIL, {"start": zoned(NOW - DAY)}),
        ("Manicure – Dana Lee", MAIL, {"start": zoned(NOW - HOUR)}),
        ("Hair – Dana Lee", MAIL, {"start": zoned(NOW - HOUR)}),
        ("Haircut – Dana Lee", MAIL, {"start": zoned(NOW - HOUR), "recurring": True}),
    ],
)
def test_all_else_is_peoples_own(title: str, description: str, changes: dict[str, Any]) -> None:
    desk = replace(DESK, labels=("Booking:", "Buchung:"))
    assert read(title, description, desk, **changes) is None


@pytest.mark.parametrize(
    ("line", "copied"),
    [("Booking: b_1", True), ("  Buchung: 4711 ", True), ("Booking: please", False), ("Booking: at 10", False)],
)
def test_a_line_that_names_any_booking_makes_it_a_copy(line: str, copied: bool) -> None:
    desk = replace(DESK, labels=("Booking:", "Buchung:"))
    found = read("Haircut – Dana Lee", f"{MAIL}\n{line}", desk)
    assert (found is None) is copied
    # of a booking that is linked, whatever its id is like
    known = replace(desk, copies=frozenset({line.strip()}))
    assert read("Haircut – Dana Lee", f"{MAIL}\n{line}", known) is None


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=60), st.text(max_size=20))
def test_whatever_stands_in_an_event_without_an_address_is_never_booked(title: str, text: str, place: str) -> None:
    if "@" not in title + text + place:
        assert not isinstance(read(title, text, place=place), Request)


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=60))
def test_whatever_is_booked_has_one_address_one_name_and_a_service(title: str, text: str) -> None:
    found = read(f"Haircut – {title}", f"{text}\n{MAIL}")
    if isinstance(found, Request):
        assert (found.contact_email, found.service_id) == (MAIL, "cut")
        assert is_plain(found.contact_name)
        assert found.contact_name.strip()
        assert "@" not in text or not addresses_in(text).found


# faults


@pytest.mark.parametrize(
    ("title", "description", "changes", "fault"),
    [
        ("Haircut – Dana Lee", "", {}, Fault(NoteKind.REQUEST_NO_EMAIL, TEN)),
        ("Haircut – Dana Lee", "", {"start": floating(TEN)}, Fault(NoteKind.REQUEST_NO_EMAIL, TEN)),
        ("Haircut – Dana Lee", "no mail @ home, see @dana", {}, Fault(NoteKind.REQUEST_NO_EMAIL, TEN)),
        ("Haircut – Dana Lee", f"{MAIL}, lee@example.org", {}, Fault(NoteKind.REQUEST_EMAILS, TEN)),
        ("Haricut – Dana Lee", f"{MAIL}, lee@example.org", {}, Fault(NoteKind.REQUEST_EMAILS, TEN)),
        ("Haircut – Dana Lee", "dana@", {}, Fault(NoteKind.REQUEST_EMAIL_UNREADABLE, TEN)),
        ("Haricut – Dana Lee", "dana@", {}, Fault(NoteKind.REQUEST_EMAIL_UNREADABLE, TEN)),
        ("Haircut – Dana Lee", "dana@example", {}, Fault(NoteKind.REQUEST_EMAIL_UNREADABLE, TEN)),
        ("Haircut – Dana Lee", f"{MAIL} or lee@@example.org", {}, Fault(NoteKind.REQUEST_EMAIL_UNREADABLE, TEN)),
        (f"Haircut – {MAIL}", "", {}, Fault(NoteKind.REQUEST_NO_NAME, TEN)),
        (f"Haircut {MAIL}", "", {}, Fault(NoteKind.REQUEST_NO_NAME, TEN)),
        (f"Haircut – {'x' * 201}", MAIL, {}, Fault(NoteKind.REQUEST_LONG_NAME, TEN)),
        ("Hairy cat – Dana Lee", MAIL, {}, Fault(NoteKind.REQUEST_SERVICE_UNKNOWN, TEN, ("Haircut",))),
        ("Massage – Dana Lee", MAIL, {}, Fault(NoteKind.REQUEST_SERVICE_UNKNOWN, TEN, ("Massage 30",))),
        ("Massage 60 – Dana Lee", MAIL, {}, Fault(NoteKind.REQUEST_SERVICE_UNKNOWN, TEN, ("Massage 30",))),
        (
            "Consultation – Dana Lee", MAIL, {},
            Fault(NoteKind.REQUEST_NO_LENGTH, TEN, ("Consultation",), "endless", "mitte"),
        ),
        ("Manicure – Dana Lee", MAIL, {}, Fault(NoteKind.REQUEST_NOT_THERE, TEN, ("Salon Shoreditch",), "nails")),
        (
            "Haircut – Dana Lee", MAIL, {"place": "Salon Shoreditch"},
            Fault(NoteKind.REQUEST_NOT_THERE, TEN, ("Salon Mitte",), "cut"),
        ),
        (
            "Haircut – Dana Lee", MAIL, {"start": zoned(NOW)},
            Fault(NoteKind.REQUEST_IN_THE_PAST, NOW, (), "cut", "mitte"),
        ),
        ("Haircut – Dana Lee", MAIL, {"recurring": True}, Fault(NoteKind.REQUEST_RECURRING, TEN)),
        ("Haircut – Dana Lee", MAIL, {"start": all_day(NOW)}, Fault(NoteKind.REQUEST_ALL_DAY)),
        (
            "Haircut – Dana Lee", MAIL, {"start": nowhere(TEN)},
            Fault(NoteKind.REQUEST_ZONE_UNKNOWN, None, (), "cut", "mitte"),
        ),
    ],
)  # fmt: skip
def test_a_fault_is_told_where_it_is_clearly_meant(
    title: str, description: str, changes: dict[str, Any], fault: Fault
) -> None:
    assert read(title, description, **changes) == fault


def test_no_other_service_is_booked_than_the_one_that_is_named() -> None:
    services = (Service("male", "Male massage", HOUR, ("mitte",)), Service("brow", "Frauen färben", HOUR, ("mitte",)))
    desk = replace(DESK, catalog=replace(CATALOG, services={one.id: one for one in services}))
    told = Fault(NoteKind.REQUEST_SERVICE_UNKNOWN, TEN, ("Male massage",))
    assert read("Female massage – Dana Lee", desk=desk) == told
    # one that Zimun does not offer any more is named to the letter
    typed = "Brauen färben – Dana Lee"
    assert isinstance(read(typed, desk=desk), Request)
    assert isinstance(read(typed, desk=replace(desk, gone=("Augen färben",))), Request)
    gone = replace(desk, gone=("Augen färben", "Brauen Färben"))
    assert read(typed, desk=gone) == replace(told, names=("Frauen färben",))
    assert isinstance(read("Frauen färben – Dana Lee", desk=replace(gone, gone=("Frauen färben",))), Request)


def test_a_service_that_takes_no_time_has_no_length() -> None:
    services = CATALOG.services | {"cut": replace(CATALOG.services["cut"], duration=0 * HOUR)}
    assert kind(read(desk=replace(DESK, catalog=replace(CATALOG, services=services)))) is NoteKind.REQUEST_NO_LENGTH


def test_an_unclear_service_is_told_with_the_candidates() -> None:
    twins = (Service("a", "Trim", HOUR, ("mitte",)), Service("b", "trim", HOUR, ("mitte",)))
    catalog = replace(CATALOG, services={one.id: one for one in twins})
    fault = read("Trim – Dana Lee", desk=replace(DESK, catalog=catalog))
    assert fault == Fault(NoteKind.REQUEST_SERVICE_UNCLEAR, TEN, ("Trim", "trim"))
    assert read("Trim – Dana Lee", desk=replace(DESK, catalog=catalog), start=zoned(NOW - HOUR)) is None
    same = replace(CATALOG, services={one.id: replace(one, name="Trim") for one in twins})
    fault = read("Trim – Dana Lee", desk=replace(DESK, catalog=same))
    assert isinstance(fault, Fault)
    assert fault.names == ("Trim (a)", "Trim (b)")
    # and as it is told it can be typed
    assert isinstance(read("Trim (b) – Dana Lee", desk=replace(DESK, catalog=same)), Request)
    elsewhere = replace(CATALOG, services={"a": twins[0], "b": replace(twins[1], location_ids=("london",))})
    assert isinstance(read("Trim – Dana Lee", desk=replace(DESK, catalog=elsewhere)), Request)


# places and times


@pytest.mark.parametrize(
    ("place", "location"),
    [
        ("Salon Mitte", "mitte"),
        ("salon mitte", "mitte"),
        ("Salon Mite", "mitte"),
        ("Salon Shoreditch, 12 Comb Lane, London E2", "london"),
        ("12 Comb Lane, London E2", "london"),
        ("the back room of Salon Mitte", "mitte"),
        ("", None),
        ("the back room", None),
        ("Salon Mitte or Salon Shoreditch", None),
    ],
)
def test_where_several_places_are_possible_the_event_names_one(place: str, location: str | None) -> None:
    title, desk = "Wash & blow-dry – Dana Lee", replace(DESK, locations=())
    found = read(title, desk=desk, place=place)
    if location is None:
        assert found == Fault(NoteKind.REQUEST_PLACE_UNCLEAR, TEN, ("Salon Mitte", "Salon Shoreditch"), "wash")
        assert read(title, desk=desk, place=place, start=zoned(NOW - HOUR)) is None
    else:
        assert isinstance(found, Request)
        assert found.location_id == location


def test_where_one_place_is_possible_what_nobody_knows_of_is_a_room() -> None:
    assert isinstance(read(place="the back room"), Request)


def test_where_zimun_names_no_places_there_is_none() -> None:
    catalog = Catalog({}, {"cut": Service("cut", "Haircut", HOUR)})
    found = read(desk=Desk(catalog, NOW, DAY))
    assert isinstance(found, Request)
    assert found.location_id == ""


def test_a_place_that_zimun_names_with_the_service_only_is_one() -> None:
    catalog = replace(CATALOG, services={"cut": Service("cut", "Haircut", HOUR, ("gone",))})
    desk = replace(DESK, catalog=catalog, locations=())
    found = read(desk=desk)
    assert isinstance(found, Request)
    assert found.location_id == "gone"
    # without a name it is called by its id
    there = Fault(NoteKind.REQUEST_NOT_THERE, TEN, ("(gone)",), "cut")
    assert read(desk=desk, place="Salon Mitte") == there


def test_a_floating_time_is_the_places() -> None:
    desk = replace(DESK, locations=("london",))
    found = read("Wash & blow-dry – Dana Lee", desk=desk, start=floating(TEN))
    assert isinstance(found, Request)
    assert found.start == TEN + HOUR


def test_the_places_of_a_calendar_are_those_that_routing_sends_there() -> None:
    routes = (Route(HOME, ("a",)), Route(SIDE, ("b",)), Route(HOME, ("c", "a")))
    assert places_of(HOME, routes) == ("a", "c")
    assert places_of(HOME, (*routes, Route(HOME, fallback=True))) == ()


def test_a_request_that_no_calendar_would_take_is_told_so() -> None:
    asked = read()
    assert unless_unrouted(asked, [Route(HOME, services=("cut",))], staff_told=True) == asked
    told = Fault(NoteKind.REQUEST_UNROUTED, TEN, (), "cut", "mitte")
    assert unless_unrouted(asked, [Route(HOME, services=("nails",))], staff_told=True) == told
    assert unless_unrouted(asked, [Route(HOME, locations=("london",))], staff_told=True) == told
    for staff_told, reading in ((True, asked), (False, told)):
        assert unless_unrouted(asked, [Route(HOME, staff=("Zoe",))], staff_told=staff_told) == reading
    for other in (read("Haircut"), read(description="")):
        assert unless_unrouted(other, [], staff_told=True) == other


# what counts as a change


def test_a_note_blanks_and_colours_are_no_change_and_all_that_counts_is_one() -> None:
    plain = event()
    same = (replace(plain, noted=True), replace(plain, fingerprint="other"), event("Haircut –  Dana Lee "))
    assert {wish_of(one) for one in same} == {wish_of(plain)}
    assert wish_of(replace(plain, start=replace(zoned(TEN), tzid="vendor/Europe/Berlin"))) == wish_of(plain)
    other = (
        event("Haircut – Dana Lea"), event(description="other"), replace(plain, place="x"),
        replace(plain, start=zoned(TEN + HOUR)), replace(plain, cancelled=True), replace(plain, recurring=True),
        replace(plain, invitation=True), replace(plain, start=floating(TEN)), replace(plain, start=all_day(TEN)),
        replace(plain, start=nowhere(TEN)), event("\ud800"),
    )  # fmt: skip
    assert len({wish_of(one) for one in (plain, *other)}) == 1 + len(other)
    assert wish_of(replace(plain, end=zoned(TEN + 2 * HOUR))) == wish_of(plain)


def test_the_hash_of_a_wish_is_that_of_earlier_versions() -> None:
    """It is remembered: another one would make a change by a person of every event."""
    assert wish_of(event()) == "1:aeaea72b77bf04f6ce9a8e9cac17849ea50218321879147701a77e48b705667a"


# the customer's name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (" - Xaver X: ", "Xaver X"),
        ("(Dana\aLee)", "Dana Lee"),
        (f"Dana Lee, {MAIL}", "Dana Lee"),
        ("x" * 200, "x" * 200),
        ("x" * 201, ""),
        ("?!", ""),
        ("مهدی\u200cزاده", "مهدی\u200cزاده"),
        ("Mo 👩\u200d👧\u200d", "Mo 👩\u200d👧"),
        ("\u200c\u200d", ""),
        ("Dana\u202eLee\u2066", "Dana Lee"),
    ],
)
def test_a_name_is_one_line_without_what_separates_it(text: str, name: str) -> None:
    assert customer_name(text) == name


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_looked_through_for_a_name(text: str) -> None:
    assert is_plain(customer_name(text))


def is_plain(name: str) -> bool:
    return "".join(sign for sign in name if sign not in JOINERS).isprintable()


def test_the_note_says_how_long_a_name_may_be() -> None:
    note = Note(NoteKind.REQUEST_LONG_NAME, NOW, NEVER)
    for language in LANGUAGES:
        assert f" {LONGEST_NAME} " in Words(language).sentence(note, UTC, NOW)
