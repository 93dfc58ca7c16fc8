"""What a person's own event asks for: each rule of reading, and that all else is left alone."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.domain.booking import Catalog, Location, Service
from syncd.domain.event import Event, EventTime, TimeKind
from syncd.domain.note import NoteKind
from syncd.domain.request import Request
from syncd.planning.addresses import addresses_in, is_address, without_addresses
from syncd.planning.names import Fit, fit, meant
from syncd.planning.requests import Desk, Fault, Reading, customer_name, places_of, read_request, wish_of
from syncd.planning.routing import Route
from tests.planning.builders import DAY, HOME, HOUR, NOW, SIDE, TEN, floating, zoned

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
        ("", MAIL, {}),
        ("– Dana Lee", MAIL, {}),
        ("Haircut – Dana Lee", MAIL, {"uid": "b_1@zimun"}),
        ("Haircut – Dana Lee", MAIL, {"uid": "b_1~2@zimun"}),
        ("Haircut – Dana Lee", MAIL, {"booking_id": "b_1"}),
        ("Haircut – Dana Lee", MAIL, {"cancelled": True}),
        ("Haircut – Dana Lee", MAIL, {"invitation": True}),
        ("Haircut – Dana Lee", f"{MAIL}\nBooking: b_1", {}),
        ("Haircut – Dana Lee", "", {"start": zoned(NOW - HOUR)}),
        ("Haircut – Dana Lee", "", {"recurring": True}),
        ("Haircut – Dana Lee", "a@b.example c@d.example", {"start": zoned(NOW - HOUR)}),
        ("Haircut – Dana Lee", MAIL, {"start": zoned(NOW - 2 * DAY)}),
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
        assert found.contact_name.isprintable()
        assert found.contact_name.strip()
        assert "@" not in text or not addresses_in(text).found


# faults


@pytest.mark.parametrize(
    ("title", "description", "changes", "fault"),
    [
        ("Haircut – Dana Lee", "", {}, NoteKind.REQUEST_NO_EMAIL),
        ("Haircut – Dana Lee", "no mail @ home, see @dana", {}, NoteKind.REQUEST_NO_EMAIL),
        ("Haircut – Dana Lee", f"{MAIL}, lee@example.org", {}, NoteKind.REQUEST_EMAILS),
        ("Haircut – Dana Lee", "dana@", {}, NoteKind.REQUEST_EMAIL_UNREADABLE),
        ("Haircut – Dana Lee", "dana@example", {}, NoteKind.REQUEST_EMAIL_UNREADABLE),
        ("Haircut – Dana Lee", f"{MAIL} or lee@@example.org", {}, NoteKind.REQUEST_EMAIL_UNREADABLE),
        (f"Haircut – {MAIL}", "", {}, NoteKind.REQUEST_NO_NAME),
        (f"Haircut {MAIL}", "", {}, NoteKind.REQUEST_NO_NAME),
        (f"Haircut – {'x' * 201}", MAIL, {}, NoteKind.REQUEST_NO_NAME),
        ("Hairy cat – Dana Lee", MAIL, {}, NoteKind.REQUEST_SERVICE_UNKNOWN),
        ("Massage – Dana Lee", MAIL, {}, NoteKind.REQUEST_SERVICE_UNKNOWN),
        ("Massage 60 – Dana Lee", MAIL, {}, NoteKind.REQUEST_SERVICE_UNKNOWN),
        ("Consultation – Dana Lee", MAIL, {}, NoteKind.REQUEST_NO_LENGTH),
        ("Manicure – Dana Lee", MAIL, {}, NoteKind.REQUEST_NOT_THERE),
        ("Haircut – Dana Lee", MAIL, {"place": "Salon Shoreditch"}, NoteKind.REQUEST_NOT_THERE),
        ("Haircut – Dana Lee", MAIL, {"start": zoned(NOW - HOUR)}, NoteKind.REQUEST_IN_THE_PAST),
        ("Haircut – Dana Lee", MAIL, {"recurring": True}, NoteKind.REQUEST_RECURRING),
        ("Haircut – Dana Lee", MAIL, {"start": EventTime("20260304", "", TimeKind.DATE)}, NoteKind.REQUEST_ALL_DAY),
        (
            "Haircut – Dana Lee", MAIL, {"start": EventTime("20260304T100000", "Nowhere", TimeKind.ZONED)},
            NoteKind.REQUEST_ZONE_UNKNOWN,
        ),
    ],
)  # fmt: skip
def test_a_fault_is_told_where_it_is_clearly_meant(
    title: str, description: str, changes: dict[str, Any], fault: NoteKind
) -> None:
    assert kind(read(title, description, **changes)) is fault


def test_an_unclear_service_is_told_with_the_candidates() -> None:
    twins = (Service("a", "Trim", HOUR, ("mitte",)), Service("b", "trim", HOUR, ("mitte",)))
    catalog = replace(CATALOG, services={one.id: one for one in twins})
    fault = read("Trim – Dana Lee", desk=replace(DESK, catalog=catalog))
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.names) == (NoteKind.REQUEST_SERVICE_UNCLEAR, ("Trim", "trim"))
    same = replace(CATALOG, services={one.id: replace(one, name="Trim") for one in twins})
    fault = read("Trim – Dana Lee", desk=replace(DESK, catalog=same))
    assert isinstance(fault, Fault)
    assert fault.names == ("Trim (a)", "Trim (b)")
    # and as it is told it can be typed
    assert isinstance(read("Trim (b) – Dana Lee", desk=replace(DESK, catalog=same)), Request)
    elsewhere = replace(CATALOG, services={"a": twins[0], "b": replace(twins[1], location_ids=("london",))})
    assert isinstance(read("Trim – Dana Lee", desk=replace(DESK, catalog=elsewhere)), Request)


def test_a_service_that_is_only_similar_is_asked_about_and_not_booked() -> None:
    fault = read("Massage – Dana Lee")
    assert isinstance(fault, Fault)
    assert fault.names == ("Massage 30",)


# places and times


@pytest.mark.parametrize(
    ("place", "location"),
    [
        ("Salon Mitte", "mitte"),
        ("salon mitte", "mitte"),
        ("Salon Shoreditch, 12 Comb Lane, London E2", "london"),
        ("12 Comb Lane, London E2", "london"),
        ("the back room of Salon Mitte", "mitte"),
        ("", None),
        ("the back room", None),
        ("Salon Mitte or Salon Shoreditch", None),
    ],
)
def test_where_several_places_are_possible_the_event_names_one(place: str, location: str | None) -> None:
    found = read("Wash & blow-dry – Dana Lee", desk=replace(DESK, locations=()), place=place)
    if location is None:
        assert isinstance(found, Fault)
        assert (found.kind, found.names) == (
            NoteKind.REQUEST_PLACE_UNCLEAR, ("Salon Mitte", "Salon Shoreditch"),
        )  # fmt: skip
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


def test_a_floating_time_is_the_places() -> None:
    desk = replace(DESK, locations=("london",))
    found = read("Wash & blow-dry – Dana Lee", desk=desk, start=floating(TEN))
    assert isinstance(found, Request)
    assert found.start == TEN + HOUR


def test_the_places_of_a_calendar_are_those_that_routing_sends_there() -> None:
    routes = (Route(HOME, ("a",)), Route(SIDE, ("b",)), Route(HOME, ("c", "a")))
    assert places_of(HOME, routes) == ("a", "c")
    assert places_of(HOME, (*routes, Route(HOME, fallback=True))) == ()


# what counts as a change


def test_a_note_blanks_and_colours_are_no_change_and_all_that_counts_is_one() -> None:
    plain = event()
    same = (replace(plain, noted=True), replace(plain, fingerprint="other"), event("Haircut –  Dana Lee "))
    assert {wish_of(one) for one in same} == {wish_of(plain)}
    assert wish_of(replace(plain, start=replace(zoned(TEN), tzid="vendor/Europe/Berlin"))) == wish_of(plain)
    other = (
        event("Haircut – Dana Lea"), event(description="other"), replace(plain, place="x"),
        replace(plain, start=zoned(TEN + HOUR)), replace(plain, cancelled=True), replace(plain, recurring=True),
    )  # fmt: skip
    assert len({wish_of(one) for one in (plain, *other)}) == 7
    assert wish_of(replace(plain, end=zoned(TEN + 2 * HOUR))) == wish_of(plain)


# parts


@pytest.mark.parametrize(
    ("text", "found", "unreadable"),
    [
        ("", (), False),
        ("write to dana@example.org.", ("dana@example.org",), False),
        ("„dana@example.org“; DANA@example.org", ("dana@example.org",), False),
        ("E-Mail:dana+salon@sub.example.co.uk!", ("dana+salon@sub.example.co.uk",), False),
        ("jürgen@exämple.de", ("jürgen@exämple.de",), False),
        ("https://example.org/@dana https://u@example.org/", (), False),
        ("@dana at @salon", (), False),
        ("a @ b", (), False),
        ("dana@example.org@evil.example", (), True),
        ("dana@example..org", (), True),
        ("dana@example.c", (), True),
        ("dana@-", (), True),
        (f"{'x' * 190}@example.org", (), True),
    ],
)
def test_addresses(text: str, found: tuple[str, ...], unreadable: bool) -> None:
    read = addresses_in(text)
    assert (read.found, read.unreadable) == (found, unreadable)


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_looked_through(text: str) -> None:
    assert all(map(is_address, addresses_in(text).found))
    without_addresses(text)
    assert customer_name(text).isprintable()


@pytest.mark.parametrize(
    ("typed", "name", "fits"),
    [
        ("Haircut", "haircut", Fit.EXACT),
        ("Haircuts", "Haircut", Fit.CLOSE),
        ("Hiarcut", "Haircut", Fit.CLOSE),
        ("Hiarcutt", "Haircut", Fit.LOOSE),
        ("Cup", "Cut", Fit.NONE),
        ("Cut 60", "Cut 30", Fit.LOOSE),
        ("Pedicure", "Manicure", Fit.LOOSE),
        ("Damenschnitt", "Herrenschnitt", Fit.LOOSE),
        ("Colour", "Colour and highlights", Fit.LOOSE),
        ("and", "Colour and highlights", Fit.NONE),
        ("", "", Fit.NONE),
        ("Łódź Ørsted", "lodz orsted", Fit.EXACT),
    ],
)
def test_how_names_fit(typed: str, name: str, fits: Fit) -> None:
    assert fit(typed, name) is fits


@settings(deadline=None)
@given(st.text(max_size=20), st.text(max_size=20))
def test_fitting_is_the_same_both_ways_where_it_books(one: str, other: str) -> None:
    """Which of two is typed does not matter for what is booked."""
    assert (fit(one, other) >= Fit.CLOSE) == (fit(other, one) >= Fit.CLOSE)
    assert fit(one, one) in (Fit.EXACT, Fit.NONE)


def test_the_best_fit_counts() -> None:
    names = {"a": "Haircut", "b": "Haircuts", "c": "Beard"}
    assert meant("haircuts", names).ids == ("b",)
    assert meant("haircutz", {"a": "Haircut1", "b": "Haircut2"}).fit is Fit.LOOSE
    assert meant("haircutt", names).ids == ("a", "b")
    assert meant("c", names).fit is Fit.EXACT
    assert meant("beard", names | {"beard": "Shave"}).ids == ("c",)
    assert meant("", names).fit is Fit.NONE
