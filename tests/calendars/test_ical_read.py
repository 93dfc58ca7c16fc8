"""Reading calendar objects as apps and servers really write them."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import icalendar
import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st

from syncd.calendars.ical import is_ours, parse
from syncd.calendars.lines import decode
from syncd.domain.errors import Malformed
from syncd.domain.event import Put, TimeKind

RECORDED = Path(__file__).parent.parent / "recorded"
DRAGGED = ("thunderbird", "apple", "davx5", "evolution", "outlook_synchronizer")
AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def recorded(name: str) -> str:
    return decode((RECORDED / f"{name}.ics").read_bytes())


def event(*lines: str, outside: str = "") -> str:
    body = "\r\n".join(("UID:b_1@zimun", *lines))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{outside}BEGIN:VEVENT\r\n{body}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


@pytest.mark.parametrize("app", DRAGGED)
def test_a_drag_in_every_app_is_read_as_the_same_instant_and_texts(app: str) -> None:
    found = parse(recorded(app))
    assert found.start.instant == AT
    assert found.start.value == "20261124T103000"
    assert (found.end.instant, found.end.value) == (AT.replace(hour=10), "20261124T113000")
    assert (found.uid, found.booking_id) == ("b_1@zimun", "b_1")
    assert (found.title, found.place) == ("Haircut – Dana Lee", "Main Street 1, Berlin")
    assert found.description == "Haircut\nCustomer: Dana Lee\nallergic to ammonia"
    assert (found.noted, found.recurring, found.cancelled) == (False, False, False)


@pytest.mark.parametrize(
    ("app", "tzid"),
    [
        ("thunderbird", "Europe/Berlin"),
        ("evolution", "/freeassociation.sourceforge.net/Europe/Berlin"),
        ("outlook_synchronizer", "W. Europe Standard Time"),
    ],
)
def test_the_zone_keeps_the_letters_that_the_app_wrote(app: str, tzid: str) -> None:
    assert parse(recorded(app)).start.tzid == tzid


def test_a_floating_time_has_no_instant() -> None:
    found = parse(recorded("android_floating"))
    assert (found.start.kind, found.start.instant, found.start.value) == (TimeKind.FLOATING, None, "20261124T103000")


def test_an_all_day_event_has_a_date_and_no_instant() -> None:
    found = parse(recorded("all_day"))
    assert (found.start.kind, found.start.instant, found.start.value) == (TimeKind.DATE, None, "20261125")
    assert found.end.value == "20261126"


def test_a_cancelled_status_is_read_and_a_note_is_stripped_with_and_without_its_selector() -> None:
    found = parse(recorded("cancelled"))
    assert found.cancelled
    assert found.noted
    assert (found.title, found.description) == ("Haircut – Dana Lee", "Haircut")
    assert found.start.kind is TimeKind.UTC


def test_of_a_repeating_event_the_master_counts_wherever_it_stands() -> None:
    found = parse(recorded("recurring"))
    assert found.recurring
    assert (found.title, found.start.value) == ("Haircut – Dana Lee", "20261124T100000")


@pytest.mark.parametrize("line", ["RRULE:FREQ=DAILY", "RDATE:20261125T100000Z", "EXDATE:20261125T100000Z"])
def test_one_sign_of_repeating_is_enough(line: str) -> None:
    assert parse(event("DTSTART:20261124T090000Z", line)).recurring


def test_an_override_alone_is_recurring() -> None:
    assert parse(event("DTSTART:20261124T090000Z", "RECURRENCE-ID:20261124T090000Z")).recurring


def test_broken_properties_cost_no_more_than_themselves() -> None:
    found = parse(recorded("broken"))
    assert found.start.instant == AT
    assert (found.end.kind, found.end.instant) == (TimeKind.BROKEN, None)
    assert found.description.endswith("allergic to ammonia")


@pytest.mark.parametrize(
    "line",
    [
        "DTSTART:tomorrow",
        "DTSTART:20261124T10",
        "DTSTART:20261324T100000Z",
        "DTSTART:20261124T256100Z",
        "DTSTART;VALUE=DATE:20261131",
        "DTSTART;TZID=Europe/Berlin:00010101T000000",
        "DTSTART:20261124T100000Z\r\nDTSTART:20261124T110000Z",
        "SUMMARY:none at all",
    ],
)
def test_a_start_that_cannot_be_read_is_broken_and_the_event_still_parsed(line: str) -> None:
    found = parse(event(line))
    assert (found.start.kind, found.start.instant) == (TimeKind.BROKEN, None)


def test_a_leap_second_is_the_second_before() -> None:
    found = parse(event("DTSTART:20161231T235960Z"))
    assert found.start.instant == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_an_unknown_zone_gives_no_instant_and_is_never_taken_for_utc() -> None:
    found = parse(event("DTSTART;TZID=Middle-earth/Shire:20261124T100000"))
    assert (found.start.kind, found.start.instant) == (TimeKind.ZONED, None)


def test_a_zone_that_only_the_embedded_rules_know_is_read_by_them() -> None:
    rules = recorded("outlook_synchronizer").split("BEGIN:VTIMEZONE")[1].split("END:VTIMEZONE")[0]
    zone = f"BEGIN:VTIMEZONE{rules}END:VTIMEZONE\r\n".replace("W. Europe Standard Time", "Our salon")
    assert parse(event("DTSTART;TZID=Our salon:20261124T103000", outside=zone)).start.instant == AT
    summer = parse(event('DTSTART;TZID="Our salon":20260701T103000', outside=zone)).start.instant
    assert summer == datetime(2026, 7, 1, 8, 30, tzinfo=UTC)


def test_one_objects_rules_say_nothing_about_another_object() -> None:
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Custom\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0300\r\n"
        "TZOFFSETTO:+0300\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    start = "DTSTART;TZID=Custom:20261124T100000"
    assert parse(event(start, outside=zone)).start.instant == datetime(2026, 11, 24, 7, tzinfo=UTC)
    assert parse(event(start)).start.instant is None
    other = zone.replace("+0300", "-0300")
    assert parse(event(start, outside=other)).start.instant == datetime(2026, 11, 24, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        ("20261025T023000", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # shown twice: the first
        ("20260329T023000", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # never shown: the offset before the gap
    ],
)
@pytest.mark.parametrize("tzid", ["Europe/Berlin", "Our salon"])
def test_clock_changes_are_read_by_the_rfc_with_names_and_with_rules(wall: str, utc: datetime, tzid: str) -> None:
    rules = recorded("apple").split("BEGIN:VTIMEZONE")[1].split("END:VTIMEZONE")[0]
    zone = f"BEGIN:VTIMEZONE{rules}END:VTIMEZONE\r\n".replace("Europe/Berlin", "Our salon")
    assert parse(event(f"DTSTART;TZID={tzid}:{wall}", outside=zone)).start.instant == utc


def test_without_an_end_the_end_is_the_start() -> None:
    found = parse(event("DTSTART:20261124T090000Z"))
    assert found.end == found.start


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("DTSTART:20261124T090000Z", "PT1H30M", "20261124T103000Z"),
        ("DTSTART;VALUE=DATE:20261124", "P1D", "20261125"),
        ("DTSTART;TZID=Europe/Berlin:20261124T233000", "P1DT1H", "20261126T003000"),
        ("DTSTART:20261124T090000Z", "P1W", "20261201T090000Z"),
    ],
)
def test_a_duration_stands_for_the_end(start: str, duration: str, end: str) -> None:
    assert parse(event(start, f"DURATION:{duration}")).end.value == end


def test_bom_bare_line_feeds_and_folds_inside_of_a_character_are_survived() -> None:
    plain = event("DTSTART:20261124T090000Z", "SUMMARY:Größe – Ä", "X-LONG:" + "ä" * 80)
    octets = plain.encode().replace("ö".encode(), b"\xc3\r\n \xb6")
    found = parse(decode(b"\xef\xbb\xbf" + octets))
    assert found.title == "Größe – Ä"
    assert parse("\ufeff" + plain.replace("\r\n", "\n")).fingerprint == found.fingerprint


def test_a_byte_that_is_no_utf8_costs_one_character() -> None:
    octets = event("DTSTART:20261124T090000Z", "SUMMARY:caf\N{LATIN SMALL LETTER E WITH ACUTE}").encode("latin-1")
    assert parse(decode(octets)).title == "caf\ufffd"


@pytest.mark.parametrize(
    "data",
    [
        "",
        "hello",
        "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:x\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
        event("DTSTART:20261124T090000Z").replace("UID:b_1@zimun\r\n", ""),
        event("DTSTART:20261124T090000Z").replace("UID:b_1@zimun", "UID: "),
        event("DTSTART:20261124T090000Z").replace("END:VCALENDAR", ""),
        event("DTSTART:20261124T090000Z").replace("END:VEVENT", "END:VTODO"),
        event("DTSTART:20261124T090000Z", "END:VEVENT", "BEGIN:VEVENT", "UID:other"),
        event("DTSTART:20261124T090000Z", "END:VEVENT", "BEGIN:VEVENT", "UID:b_1@zimun"),
        event("DTSTART:20261124T090000Z") * 2,
        "BEGIN:A\r\n" * 50_000,
        "END:VCALENDAR",
    ],
)
def test_what_is_no_event_is_malformed(data: str) -> None:
    with pytest.raises(Malformed):
        parse(data)


def test_a_large_picture_is_one_line_and_too_many_lines_are_no_event() -> None:
    at = "DTSTART:20261124T090000Z"
    picture = "ATTACH;ENCODING=BASE64;VALUE=BINARY:" + "\r\n ".join(["QUJD" * 18] * 50_000)
    assert parse(event(at, picture)).start.instant == datetime(2026, 11, 24, 9, tzinfo=UTC)
    for lines in (["X:"] * 100_001, [picture, picture]):
        with pytest.raises(Malformed):
            parse(event(at, *lines))


def test_malformed_names_the_uid_where_it_is_known_and_never_the_contents() -> None:
    twice = event("SUMMARY:Dana Lee", "END:VEVENT", "BEGIN:VEVENT", "UID:b_1@zimun", "SUMMARY:Dana Lee")
    with pytest.raises(Malformed) as caught:
        parse(twice)
    assert caught.value.key == "b_1@zimun"
    assert "Dana" not in str(caught.value)


@given(st.binary(max_size=300), st.integers(0, 900))
def test_garbage_raises_nothing_but_malformed(garbage: bytes, place: int) -> None:
    octets = (RECORDED / "apple.ics").read_bytes()
    for data in (garbage, octets[:place] + garbage + octets[place:]):
        text = decode(data)
        is_ours(text)
        with suppress(Malformed):
            parse(text)


@pytest.mark.parametrize("app", [*DRAGGED, "android_floating", "cancelled", "all_day", "recurring", "broken"])
def test_ours_is_told_by_uid_or_by_property_alone(app: str) -> None:
    data = recorded(app)
    assert is_ours(data)
    assert is_ours(data.replace("b_1@zimun", "6F9A"))
    assert is_ours(data.replace("X-ZIMUN-BOOKING-ID", "X-OTHER"))
    assert not is_ours(data.replace("b_1@zimun", "6F9A").replace("X-ZIMUN-BOOKING-ID", "X-OTHER"))


def test_ours_is_told_through_folds_case_and_parameters() -> None:
    assert is_ours("begin:vevent\nuid:b_1@zi\n mun\nend:vevent")
    assert is_ours("BEGIN:VEVENT\r\nUID;X-P=1:b_1@ZIMUN\r\n")
    assert is_ours("x-zimun-bo\r\n\toking-id;value=text:b_1")
    assert not is_ours(event("SUMMARY:mail b_1@zimun").replace("UID:b_1@zimun", "UID:b_1@zimun.example"))


def test_a_booking_id_is_decoded_and_unreadable_ones_are_empty() -> None:
    assert parse(event("X-ZIMUN-BOOKING-ID:a%2Fb%20%C3%A4")).booking_id == "a/b ä"
    assert parse(event("X-ZIMUN-BOOKING-ID:%FF")).booking_id == ""
    assert parse(event()).booking_id == ""


@pytest.mark.parametrize(
    "value",
    [
        "",
        "2",
        "20261124T100000Z",
        "2/20261124T100000",
        "2/20261324T100000Z",
        "-2/20261124T100000Z",
        "²/20261124T100000Z",
    ],
)
def test_where_we_put_it_is_unknown_where_it_cannot_be_read(value: str) -> None:
    assert parse(event(f"X-ZIMUN-START:{value}")).put is None
    assert parse(event()).put is None
    assert parse(event("X-ZIMUN-START:2/20261124T100000Z")).put == Put(2, datetime(2026, 11, 24, 10, tzinfo=UTC))


@pytest.mark.parametrize("app", [*DRAGGED, "all_day", "recurring"])
def test_the_fingerprint_survives_servers_that_rewrite(app: str) -> None:
    """Radicale stores through vobject, others through icalendar; both reorder, refold and re-escape."""
    data = recorded(app).replace("SUMMARY:", "X-SEMI:a;b\r\nx-lower:1\r\nSUMMARY:", 1)
    data = data.replace("geo:52.520000,13.400000", "geo:52.5")  # Radicale cuts a value at its comma
    before = parse(data).fingerprint
    assert parse(vobject.readOne(data).serialize()).fingerprint == before
    if app != "evolution":  # icalendar warns of the vendor's zone name
        assert parse(icalendar.Calendar.from_ical(data).to_ical().decode()).fingerprint == before


def test_the_fingerprint_survives_each_category_on_its_own_line_and_a_server_that_adds_a_zone() -> None:
    data = recorded("thunderbird")
    cyrus = data.replace("CATEGORIES:VIP,Regular", "CATEGORIES:VIP\r\nCATEGORIES:Regular")
    bare = data[: data.index("BEGIN:VTIMEZONE")] + data[data.index("BEGIN:VEVENT") :]
    assert parse(data).fingerprint == parse(cyrus).fingerprint == parse(bare).fingerprint


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("DTSTAMP:20261123T101500Z", "DTSTAMP:20261123T101501Z"),
        ("LAST-MODIFIED:20261123T101500Z", "LAST-MODIFIED:20261123T101501Z"),
        ("T103000", "T104500"),
        ("TRIGGER:-PT15M", "TRIGGER:-PT20M"),
        ("X-APPLE-RADIUS=70", "X-APPLE-RADIUS=71"),
        ("allergic", "not allergic"),
        ("SEQUENCE:1", "SEQUENCE:2"),
    ],
)
def test_the_fingerprint_tells_every_other_version_apart(old: str, new: str) -> None:
    data = recorded("apple")
    assert old in data
    assert parse(data).fingerprint != parse(data.replace(old, new)).fingerprint


@pytest.mark.parametrize("value", ["00010101T000000Z", "19691231T235959", "30000101T000000Z", "99991231T233000Z"])
def test_a_start_that_no_booking_can_have_is_broken(value: str) -> None:
    assert parse(event(f"DTSTART:{value}")).start.kind is TimeKind.BROKEN
