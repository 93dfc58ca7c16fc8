"""JSON in, domain values out; nothing guessed, nothing told about customers."""

import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.domain.booking import Booking, Location, Parked, Service, Slot, Status
from syncd.domain.errors import Malformed
from syncd.domain.ids import BookingId
from syncd.zimun import wire
from tests.zimun.support import closed

NINE = datetime(2026, 2, 20, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def read(raw: object, **services: timedelta | None) -> Booking:
    known = {key: Service(key, duration=duration) for key, duration in services.items()}
    return wire.read_booking(raw, known, "appointments item 3")


def fault(raw: object, **services: timedelta | None) -> tuple[str, str]:
    with pytest.raises(Malformed) as caught:
        read(raw, **services)
    return caught.value.key, str(caught.value)


def test_an_appointment_is_read_whole() -> None:
    raw = {
        "booking_id": "b_1",
        "service_id": "s_1",
        "location_id": "loc_1",
        "start_time": "2026-02-20T10:00:00+01:00",
        "end_time": "2026-02-20T11:00:00+01:00",
        "status": "scheduled",
        "contact_name": "Ada\x1b[31m\nLovelace",
        "contact_email": "ada@example.org",
        "contact_phone": 491701234,
        "notes": None,
        "staff_name": "Kim",
        "updated_at": "2026-02-01T00:00:00.25Z",
        "colour": {"unknown": ["field"]},
    }
    assert read(raw) == Booking(
        id=BookingId("b_1"),
        start=NINE,
        end=NINE + HOUR,
        status=Status.SCHEDULED,
        service_id="s_1",
        location_id="loc_1",
        contact_name="Ada\x1b[31m\nLovelace",
        contact_email="ada@example.org",
        contact_phone="491701234",
        notes="",
        staff_name="Kim",
        updated_at=datetime(2026, 2, 1, 0, 0, 0, 250_000, tzinfo=UTC),
    )


@pytest.mark.parametrize("name", ["booking_id", "id", "appointment_id"])
def test_the_id_goes_by_three_names_and_may_be_an_integer(name: str) -> None:
    raw = {"start_time": "2026-02-20T09:00:00Z", "duration_minutes": 30, "booking_id": None, name: 42}
    assert read(raw).id == "42"


def test_the_start_goes_by_two_names() -> None:
    raw = {"id": "b", "appointment_time": "2026-02-20T09:00:00Z", "duration_minutes": 30}
    assert read(raw).start == NINE


@pytest.mark.parametrize(
    "time",
    [
        "2026-02-20T09:00:00Z",
        "2026-02-20T09:00Z",
        "2026-02-20t09:00:00.999999999z",
        "2026-02-20 10:00:00+0100",
        "2026-02-20T08:00:00,5-01",
        "2026-02-20T04:00:00-05:00",
    ],
)
def test_a_time_with_an_offset_is_an_instant_in_whole_seconds(time: str) -> None:
    assert read(closed(start=time)).start == NINE
    assert read(closed(start=time)).start.tzinfo is UTC


@pytest.mark.parametrize(
    ("time", "why"),
    [
        ("2026-02-20T09:00:00", "start_time has no offset from UTC"),
        ("2026-02-20", "start_time is not an ISO 8601 time"),
        ("2026-02-30T09:00:00Z", "start_time is no time that exists"),
        ("2026-02-20T25:00:00Z", "start_time is no time that exists"),
        ("0001-01-01T00:00:00+14:00", "start_time is no time that exists"),
        ("9999-12-31T00:00:00Z", "start_time is not in the years 1970 to 2999"),
        (1771578000, "start_time is not an ISO 8601 time"),
        (True, "start_time is not an ISO 8601 time"),
        (["2026-02-20T09:00:00Z"], "start_time is not an ISO 8601 time"),
        ("tomorrow at Ada's", "start_time is not an ISO 8601 time"),
        (None, "start_time is missing"),
        ("", "start_time is missing"),
    ],
)
def test_any_other_time_parks_the_appointment(time: Any, why: str) -> None:
    assert fault(closed(start=time)) == ("b_1", why)


@pytest.mark.parametrize("booking_id", [None, "", "  ", True, 1.5, {}, "\ud800"])
def test_without_an_id_it_is_parked_by_its_place(booking_id: Any) -> None:
    key, why = fault(closed(booking_id))
    assert key == "appointments item 3"
    assert why.startswith("booking_id is ")


@pytest.mark.parametrize("raw", [None, "b_1", 7, ["b_1"]])
def test_what_is_no_object_is_parked(raw: object) -> None:
    assert fault(raw) == ("appointments item 3", "the entry is not an object")


def test_all_faults_are_named_and_no_value() -> None:
    raw = {"id": "b_1", "start_time": "Ada's", "end_time": "Bob's", "duration_minutes": "Eve's", "notes": "Mallory"}
    key, why = fault(raw)
    assert key == "b_1"
    assert [part.split()[0] for part in why.split("; ")] == ["start_time", "end_time", "duration_minutes"]
    assert not any(name in why for name in ("Ada", "Bob", "Eve", "Mallory"))


def test_the_cause_of_a_fault_holds_no_value_either() -> None:
    with pytest.raises(Malformed) as caught:
        read(closed(start="Ada's"))
    assert "Ada" not in str(caught.value.__cause__)


@pytest.mark.parametrize("length", [45, 45.0, "45"])
def test_a_missing_end_comes_from_the_duration(length: Any) -> None:
    raw = closed(end_time=None, duration_minutes=length, service_id="s_1")
    assert read(raw, s_1=HOUR).end == NINE + timedelta(minutes=45)


def test_else_from_the_service() -> None:
    raw = closed(end_time=None, service_id="s_1")
    assert wire.lacks_length(raw)
    assert read(raw, s_1=HOUR).end == NINE + HOUR


def test_a_length_that_nobody_knows_is_not_guessed() -> None:
    why = "end_time and duration_minutes are missing, and "
    assert fault(closed(end_time=None, service_id="s_1")) == ("b_1", why + "service s_1 has no known duration")
    assert fault(closed(end_time=None, service_id="s_1"), s_1=None)[1] == why + "service s_1 has no known duration"
    assert fault(closed(end_time=None)) == ("b_1", why + "it has no service")


@pytest.mark.parametrize("length", [0, -5, True, "long", 1e300, float("nan"), float("inf"), [30]])
def test_a_duration_that_is_none_parks_it(length: Any) -> None:
    assert fault(closed(end_time=None, duration_minutes=length, service_id="s_1"), s_1=HOUR)[0] == "b_1"


@pytest.mark.parametrize("start", ["2026-02-20T10:00:00Z", "2026-02-20T11:00:00Z"])
def test_an_end_that_is_not_later_than_the_start_parks_it(start: str) -> None:
    assert fault(closed(start=start)) == ("b_1", "end_time is not later than start_time")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("held", Status.HELD),
        ("Confirmed", Status.CONFIRMED),
        (" CANCELLED ", Status.CANCELLED),
        ("canceled", Status.CANCELLED),
        ("no_show", Status.OTHER),
        ("cancel_requested", Status.OTHER),
        (None, Status.OTHER),
        (7, Status.OTHER),
        ({"code": "cancelled"}, Status.OTHER),
    ],
)
def test_an_unknown_status_is_live(word: Any, status: Status) -> None:
    assert read(closed(status=word)).status is status


def test_texts_of_another_kind_are_empty_and_park_nothing() -> None:
    booking = read(closed(contact_name={"first": "Ada"}, notes=["x"], staff_name=False, service_id={}, updated_at="x"))
    assert (booking.contact_name, booking.notes, booking.staff_name, booking.service_id) == ("", "", "", "")
    assert booking.updated_at is None


def test_lone_surrogates_in_texts_can_be_stored() -> None:
    assert read(
        json.loads('{"id":1,"start_time":"2026-02-20T09:00Z","duration_minutes":5,"notes":"a\\ud800b"}')
    ).notes == ("a\ufffdb")


def test_a_location_keeps_a_zone_that_is_known() -> None:
    raw = {"id": 7, "name": "Mitte", "timezone": "Europe/Berlin", "address": "Am Markt 1"}
    assert wire.read_location(raw, "k") == (Location("7", "Mitte", "Europe/Berlin", "Am Markt 1"), ())


@pytest.mark.parametrize(
    "zone", ["Mars/Base", "Europe", "+02:00", "../passwd", "/etc/passwd", "a\0b", "localtime", "x" * 9000]
)
def test_an_unknown_zone_is_empty_and_said(zone: str) -> None:
    location, parked = wire.read_location({"id": "loc_1", "timezone": zone}, "k")
    assert location == Location("loc_1")
    assert parked == (Parked("loc_1", "timezone is not a known IANA name"),)


def test_a_service_is_kept_without_a_duration_that_cannot_be_read() -> None:
    raw = {"id": "s_1", "name": "Cut", "duration_minutes": 30, "location_ids": ["loc_1", 2, None]}
    assert wire.read_service(raw, "k") == (Service("s_1", "Cut", timedelta(minutes=30), ("loc_1", "2")), ())
    service, parked = wire.read_service({**raw, "duration_minutes": "Ada", "location_ids": "loc_1"}, "k")
    assert service == Service("s_1", "Cut", None, ())
    assert parked == (Parked("s_1", "duration_minutes is not a number of minutes"),)


@pytest.mark.parametrize("reader", [wire.read_location, wire.read_service])
def test_an_entry_without_id_is_parked_by_its_place(reader: Any) -> None:
    with pytest.raises(Malformed, match=r"^id is missing$") as caught:
        reader({"name": "Ada"}, "services item 2")
    assert caught.value.key == "services item 2"


def test_slots_are_texts_or_objects_sorted_and_single() -> None:
    entries = [
        {"start": "2026-02-20T11:00:00Z", "end": "2026-02-20T11:30:00Z"},
        "2026-02-20T10:00:00+01:00",
        {"start_time": "2026-02-20T09:00:00Z", "end_time": "2026-02-20T08:00:00Z"},
        "2026-02-20T12:00:00",
        None,
    ]
    later = NINE + 2 * HOUR
    assert wire.read_slots(entries, "s", "l") == (Slot("s", "l", NINE), Slot("s", "l", later, later + HOUR / 2))


def test_slots_of_which_none_can_be_read_are_not_nothing_open() -> None:
    with pytest.raises(wire.ShapeError):
        wire.read_slots(["2026-02-20T12:00:00"], "s", "l")
    assert wire.read_slots([], "s", "l") == ()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"error": {"code": "taken", "message": "The time is taken."}}, "The time is taken."),
        ({"error": {"code": "taken"}}, "taken"),
        ({"error": "taken", "message": "The time is taken."}, "The time is taken."),
        ({"error": "No such time"}, "No such time"),
        ({"detail": "Closed"}, "Closed"),
        ({"detail": [{"msg": "too late", "loc": ["body"]}, {"msg": "no"}, 7]}, "too late; no"),
        ({"detail": {"message": "Closed"}}, "Closed"),
        ({"message": "Closed"}, "Closed"),
        ({"message": "a\x1b[31mb\r\n\tc\u202ed\x00"}, "a[31mb cd"),
        ({"error": 7, "detail": None}, ""),
        (["x"], ""),
        (wire.NOT_JSON, ""),
    ],
)
def test_the_reason_is_the_api_s_own_words_made_plain(data: object, words: str) -> None:
    assert wire.read_reason(data) == words


def test_the_reason_is_cut() -> None:
    assert wire.read_reason({"message": "x" * 5000}) == "x" * 300


@pytest.mark.parametrize(
    ("data", "other"),
    [
        ({"booking_id": "b_2"}, "b_2"),
        ({"id": 2, "start_time": "2026-02-20T09:00:00Z"}, "2"),
        ({"id": "b_2", "appointment_time": "2026-02-20T10:00+01:00", "start_time": None}, "b_2"),
        ({"booking": {"id": "b_2"}, "id": "call_7"}, "b_2"),
        ({"booking": {"start_time": "2026-02-20T09:00:00Z"}, "id": "call_7"}, None),
        ({"id": "evt_9", "status": "ok"}, None),
        ({"id": "evt_9", "start_time": "soon"}, None),
        ({"appointment": {"appointment_id": "b_2"}}, "b_2"),
        ({"booking_id": "b_1", "id": "call_7"}, None),
        ({"ok": True}, None),
        (["b_2"], None),
        (wire.NOT_JSON, None),
    ],
)
def test_the_answer_to_a_reschedule_may_name_another_booking(data: object, other: str | None) -> None:
    assert wire.read_other_id(data, BookingId("b_1")) == other


@pytest.mark.parametrize(
    ("data", "bare"),
    [
        ({"id": "evt_9", "status": "ok"}, "evt_9"),
        ({"id": 9}, "9"),
        ({"id": "b_1"}, None),
        ({"booking_id": "b_1", "id": "call_7"}, None),
        ({"booking": {"start_time": "2026-02-20T09:00:00Z"}, "id": "call_7"}, "call_7"),
        ({"booking": {"id": "b_1"}, "id": "call_7"}, None),
        (["b_2"], None),
        (wire.NOT_JSON, None),
    ],
)
def test_a_bare_id_may_be_the_booking_s_where_nothing_else_is(data: object, bare: str | None) -> None:
    assert wire.read_bare_id(data, BookingId("b_1")) == bare


@pytest.mark.parametrize("data", [None, "x", {}, {"items": {}}, {"items": None}, {"slots": []}])
def test_a_page_without_a_list_is_no_page(data: object) -> None:
    with pytest.raises(wire.ShapeError):
        wire.read_page(data, "items")


def test_a_page_token_that_cannot_be_read_is_not_the_last_page() -> None:
    assert wire.read_page({"items": [], "next_page_token": 2}, "items").next_token == "2"
    assert wire.read_page([1], "items") == wire.Page([1], "")
    with pytest.raises(wire.ShapeError):
        wire.read_page({"items": [], "next_page_token": {"p": 2}}, "items")


def test_times_go_out_in_utc_and_never_without_zone() -> None:
    odd = datetime(2026, 2, 20, 10, 0, 0, 1, tzinfo=UTC)
    assert wire.write_instant(odd) == "2026-02-20T10:00:00Z"
    assert wire.write_instant(odd, up=True) == "2026-02-20T10:00:01Z"
    with pytest.raises(ValueError, match="zone"):
        wire.write_instant(datetime(2026, 2, 20, 10))  # noqa: DTZ001 - that is the fault


TEXTS = st.text(st.characters(), max_size=12)
TIMES = st.sampled_from(["2026-02-20T09:00:00Z", "2026-02-20T10:00+01:00", "2026-02-20T09:00", "9999-12-31T23:59:59Z"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | TIMES
NAMES = st.sampled_from(
    [
        *("booking_id", "id", "appointment_id", "start_time", "appointment_time", "end_time", "duration_minutes"),
        *("status", "service_id", "location_id", "contact_name", "notes", "updated_at", "timezone", "name"),
        *("location_ids", "start", "end", "items", "slots", "next_page_token", "booking", "appointment"),
        *("error", "code", "message", "detail", "msg"),
    ]
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | TEXTS, inner, max_size=8),
    max_leaves=20,
)


@given(raw=st.dictionaries(NAMES, JSON, max_size=8) | JSON, duration=st.none() | st.just(HOUR))
def test_whatever_json_comes_is_read_or_parked(raw: Any, duration: timedelta | None) -> None:
    services = {"": Service("", duration=duration), "s": Service("s", duration=duration)}
    with contextlib.suppress(Malformed):
        booking = wire.read_booking(wire.unwrap(raw), services, "key")
        assert booking.id.strip()
        assert booking.start < booking.end
        assert booking.start.utcoffset() == timedelta(0) == booking.end.utcoffset()
        "".join((booking.id, booking.contact_name, booking.notes, booking.staff_name)).encode()
    for reader in (wire.read_location, wire.read_service):
        with contextlib.suppress(Malformed):
            reader(raw, "key")
    with contextlib.suppress(wire.ShapeError):
        wire.read_slots(wire.read_page(raw, "slots", "items").items, "s", "l")
    assert len(wire.read_reason(raw)) <= 300
    wire.read_other_id(raw, BookingId("b_1"))
    wire.lacks_length(raw)


@given(TEXTS | st.text(st.characters(categories=["Cc", "Cs", "Cf", "Zs", "L"])))
def test_a_reason_has_no_control_characters(words: str) -> None:
    line = wire.read_reason({"message": words})
    assert line.isprintable() or all(c.isprintable() or ord(c) > 0x9F for c in line)
    assert "\x1b" not in line
    line.encode()


@given(st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_json_or_not(body: bytes) -> None:
    wire.read_json(body)


def test_a_body_nested_without_end_is_not_json() -> None:
    assert wire.read_json(b"[" * 1_000_000) is wire.NOT_JSON
    assert wire.read_json(b"1" * 5_000) is wire.NOT_JSON
