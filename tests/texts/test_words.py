"""What an event says of its booking."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.domain.booking import Booking, Location, Service
from syncd.domain.ids import BookingId
from syncd.texts import Words, check_title

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BOOKING = Booking(
    id=BookingId("b_1"),
    start=START,
    end=START + timedelta(hours=1),
    service_id="svc_1",
    contact_name="Dana Lee",
    contact_email="dana@example.org",
    contact_phone="+49 30 1234",
    notes="allergic to ammonia\nlikes tea",
    staff_name="Ana",
)
SERVICE = Service("svc_1", "Haircut")
LOCATION = Location("loc_1", "Salon Mitte", address="Main Street 1, Berlin")


def title(template: str, **changes: str) -> str:
    return Words("en", template).texts(replace(BOOKING, **changes), SERVICE, LOCATION).title


def test_the_lines_stand_under_keys_in_both_languages() -> None:
    found = Words("en").texts(BOOKING, SERVICE, LOCATION)
    assert found.title == "Haircut – Dana Lee"
    assert found.place == "Salon Mitte, Main Street 1, Berlin"
    assert dict(found.lines) == {
        "service": "Haircut",
        "staff": "With: Ana",
        "contact": "Customer: Dana Lee",
        "email": "E-mail: dana@example.org",
        "phone": "Phone: +49 30 1234",
        "notes.0": "Notes: allergic to ammonia",
        "notes.1": "likes tea",
        "booking": "Booking: b_1",
    }
    german = Words("de").texts(BOOKING, SERVICE, LOCATION)
    assert german.lines["staff"] == "Bei: Ana"
    assert german.lines["booking"] == "Buchung: b_1"


def test_nothing_that_is_said_depends_on_the_time() -> None:
    later = replace(BOOKING, start=START + timedelta(days=400), end=START + timedelta(days=401), updated_at=START)
    assert Words("en").texts(later, SERVICE, LOCATION) == Words("en").texts(BOOKING, SERVICE, LOCATION)


def test_only_the_name_is_told_where_the_config_says_so() -> None:
    found = Words("en", contact="name").texts(BOOKING, SERVICE, LOCATION)
    assert list(found.lines) == ["service", "staff", "contact", "booking"]
    assert found.title == "Haircut – Dana Lee"


def test_nothing_of_the_customer_is_told_where_the_config_says_so() -> None:
    template = "{contact_name} – {service} ({contact_phone}, {contact_email})"
    found = Words("en", template, "none").texts(BOOKING, SERVICE, LOCATION)
    assert found.title == "Haircut"
    whole = repr(found)
    for private in ("Dana", "1234", "example.org", "ammonia", "tea"):
        assert private not in whole


def test_empty_values_give_no_line() -> None:
    bare = Booking(BookingId("b_1"), START, START)
    found = Words("en").texts(bare, None, None)
    assert dict(found.lines) == {"booking": "Booking: b_1"}
    assert (found.title, found.place) == ("Booking", "")
    assert Words("de").texts(bare, None, None).title == "Termin"


def test_a_service_without_a_name_is_told_by_its_id() -> None:
    assert Words("en").texts(BOOKING, Service("svc_1"), None).title == "svc_1 – Dana Lee"


@pytest.mark.parametrize(
    ("template", "changes", "shown"),
    [
        ("{service} – {contact_name}", {"contact_name": ""}, "Haircut"),
        ("{contact_name} – {service}", {"contact_name": ""}, "Haircut"),
        ("{service} – {contact_name} – {staff}", {"contact_name": ""}, "Haircut – Ana"),
        ("{contact_name}: {staff} – {service}", {"contact_name": "", "staff_name": ""}, "Haircut"),
        ("{service} ({contact_name})", {"contact_name": ""}, "Haircut"),
        ("{service} – ({contact_name})", {"contact_name": ""}, "Haircut"),
        ("{service} ({contact_name}, {staff})", {"contact_name": ""}, "Haircut (Ana)"),
        ("{service} ({contact_name}, {staff})", {"contact_name": "", "staff_name": ""}, "Haircut"),
        ("{service} ({contact_name}, {staff})", {"staff_name": ""}, "Haircut (Dana Lee)"),
        ("{service} [{contact_name}] {staff}", {"contact_name": ""}, "Haircut Ana"),
        ("{contact_name}", {"contact_name": ""}, "Haircut"),
        ("{{{service}}} {location}", {}, "{Haircut} Salon Mitte"),
        ("{contact_name}", {"contact_name": "C++ – {service}"}, "C++ – {service}"),
        ("{booking_id} {contact_phone}", {}, "b_1 +49 30 1234"),
    ],
)
def test_an_empty_value_leaves_no_gap_in_the_title(template: str, changes: dict[str, str], shown: str) -> None:
    assert title(template, **changes) == shown


@pytest.mark.parametrize(
    ("location", "place"),
    [
        (Location("l", "Mitte"), "Mitte"),
        (Location("l", "", address="Main Street 1"), "Main Street 1"),
        (Location("l", "Salon Mitte", address="Salon Mitte, Main Street 1"), "Salon Mitte, Main Street 1"),
        (Location("l"), ""),
        (Location("l", "x" * 200, address="y" * 300), "x" * 200 + ", " + "y" * 97 + "…"),
    ],
)
def test_the_place_is_name_and_address(location: Location, place: str) -> None:
    assert Words("en").texts(BOOKING, SERVICE, location).place == place


@given(st.text(), st.text(), st.text(), st.text())
def test_no_customer_can_forge_a_note_or_a_second_line(name: str, mail: str, notes: str, service: str) -> None:
    booking = replace(BOOKING, contact_name=name, contact_email=mail, notes="⚠ " + notes)
    found = Words("en", "{contact_name} – {service}").texts(booking, Service("s", service), None)
    for line in (found.title, *found.lines.values()):
        assert line
        assert len(line.splitlines()) == 1
        assert not line.startswith("⚠")
        line.encode()
    assert len(found.title) <= 200


@pytest.mark.parametrize(
    "template", ["{service} – {contact_name}", "Booking", "{{x}} {staff}", "{location}{booking_id}"]
)
def test_a_good_template_has_no_problems(template: str) -> None:
    assert check_title(template) == []


@pytest.mark.parametrize(
    "template",
    ["", "  ", "{servce}", "{service", "}", "{}", "{0}", "{service.__class__}", "{service[0]}", "{service!r}",
     "{service:>100}", "⚠ {service}", "a\x1b[31m", "x" * 201],
)  # fmt: skip
def test_a_bad_template_is_told_and_never_used(template: str) -> None:
    assert len(check_title(template)) == 1
    with pytest.raises(ValueError, match="template"):
        Words("en", template)


def test_an_unknown_language_or_choice_is_refused() -> None:
    with pytest.raises(KeyError):
        Words("tlh")
    with pytest.raises(ValueError, match="customer"):
        Words("en", contact="all")


@pytest.mark.parametrize(
    ("language", "title", "how"),
    [
        ("en", "Open: Haircut", "Takes 45 minutes. To book it, write the customer's name and e-mail address"),
        ("de", "Frei: Haircut", "Dauert 45 Minuten. Zum Buchen Namen und E-Mail-Adresse"),
    ],
)
def test_an_open_slot_says_in_one_line_how_to_book_it(language: str, title: str, how: str) -> None:
    found = Words(language).opening(Service("s", "Haircut", timedelta(minutes=45)), LOCATION)
    (line,) = found.lines.values()
    assert (found.title, line.startswith(how)) == (title, True)
    assert found.place == Words(language).texts(BOOKING, SERVICE, LOCATION).place
    # an address in it would be taken for the customer's
    assert "@" not in line
    bare = Words(language).opening(Service("s_1"), LOCATION)
    assert bare.title.endswith(": s_1")
    assert "45" not in repr(bare)


def test_a_hostile_name_of_a_service_is_one_clean_line_there_too() -> None:
    name = "Cut\r\nATTENDEE:x\x1b[31m " + "y" * 500
    found = Words("en").opening(Service("s", name, timedelta(minutes=45)), LOCATION)
    assert len(found.title) <= 200
    assert len(found.title.splitlines()) == 1
    assert "\x1b" not in found.title
