"""Zone names as apps write them, and the small VTIMEZONE that goes with an event."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.calendars.lines import Component, Line, read, write
from syncd.calendars.zones import instant, named, vtimezone, wall_times


def rules(*lines: str, tzid: str = "Salon") -> Component:
    body = "\r\n".join(lines)
    text = f"BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:{tzid}\r\n{body}\r\nEND:VTIMEZONE\r\nEND:VCALENDAR"
    return next(read(text).components())


def observance(kind: str, start: str, before: str, after: str, *more: str) -> list[str]:
    return [f"BEGIN:{kind}", f"DTSTART:{start}", f"TZOFFSETFROM:{before}", f"TZOFFSETTO:{after}", *more, f"END:{kind}"]


@pytest.mark.parametrize(
    ("tzid", "key"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ('"Europe/Berlin"', "Europe/Berlin"),
        ("/mozilla.org/20050126_1/Europe/Berlin", "Europe/Berlin"),
        ("/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin"),
        ("/citadel.org/20210210_1/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("/softwarestudio.org/Olson_20011030_5/America/New_York", "America/New_York"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Eastern Standard Time", "America/New_York"),
        ("UTC", "UTC"),
        ("Etc/UTC", "Etc/UTC"),
        ("GMT", "GMT"),
        ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", None),
        ("Europe", None),
        ("localtime", None),
        ("Factory", None),
        ("right/Europe/Berlin", None),
        ("../../etc/passwd", None),
        ("/etc/localtime", None),
        ("/vendor.example/Customized Time Zone", None),
        ("", None),
        ("Z\0", None),
        ("Middle-earth/Shire", None),
    ],
)
def test_a_name_is_resolved_or_left_unresolved(tzid: str, key: str | None) -> None:
    zone = named(tzid)
    assert (zone.key if zone else None) == key


@given(st.text(max_size=60))
def test_no_name_can_do_harm(tzid: str) -> None:
    named(tzid)


def test_a_name_counts_more_than_the_rules_beside_it() -> None:
    wrong = rules(*observance("STANDARD", "19700101T000000", "-0500", "-0500"), tzid="Europe/Berlin")
    assert instant(datetime.fromisoformat("2026-07-01T12:00"), "Europe/Berlin", [wrong]) == datetime(
        2026, 7, 1, 10, tzinfo=UTC
    )


SUMMER = (
    *observance("DAYLIGHT", "20070311T020000", "-0500", "-0400", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU"),
    *observance("STANDARD", "20071104T020000", "-0400", "-0500", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU"),
)


@pytest.mark.parametrize("tzid", ["EST", "GMT", "MST", "HST"])
def test_the_rules_beside_an_abbreviation_say_which_clock_it_is(tzid: str) -> None:
    """Some apps call New York's clock EST, in summer too: RFC 5545 §3.6.5."""
    noon = datetime.fromisoformat("2026-07-01T12:00")
    by_name = noon.replace(tzinfo=ZoneInfo(tzid)).astimezone(UTC)
    assert instant(noon, tzid, [rules(*SUMMER, tzid=tzid)]) == datetime(2026, 7, 1, 16, tzinfo=UTC)
    assert instant(noon, tzid, [rules(*SUMMER)]) == instant(noon, tzid) == by_name
    wrong = observance("STANDARD", "19700101T000000", "+0100", "+0100")
    assert instant(noon, tzid, [rules(*wrong, tzid=tzid)]) == by_name, "one offset alone tells of no summer time"
    assert instant(noon, tzid, [rules(*observance("STANDARD", "19700101T000000", "x", "y"), tzid=tzid)]) == by_name


@pytest.mark.parametrize(
    ("named", "names_itself"),
    [
        ("Amsterdam, Berlin; Bern", r"Amsterdam\, Berlin\; Bern"),
        (r"Amsterdam\, Berlin\; Bern", r"Amsterdam\, Berlin\; Bern"),
        ("Amsterdam, Berlin; Bern", '"Amsterdam, Berlin; Bern"'),
        (r"Salon\Berlin", r"Salon\Berlin"),
    ],
)
def test_a_zone_is_known_by_its_name_however_that_is_escaped(named: str, names_itself: str) -> None:
    """Xandikos escapes commas in the zone, and not in the parameter that names it."""
    zone = rules(*observance("STANDARD", "19700101T000000", "+0100", "+0100"), tzid=names_itself)
    found = instant(datetime.fromisoformat("2026-07-01T12:00"), named, [zone])
    assert found == datetime(2026, 7, 1, 11, tzinfo=UTC)


def test_rules_with_dates_ends_and_an_early_first_onset_are_read() -> None:
    zone = rules(
        *observance("STANDARD", "20200101T000000", "+0100", "+0100"),
        *observance("DAYLIGHT", "20260329T020000", "+0100", "+0200", "RDATE:20270328T020000,20280326T020000"),
        *observance(
            "STANDARD",
            "20261025T030000",
            "+0200",
            "+0100",
            "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10;UNTIL=20271031T010000Z",
        ),
    )

    def hour(day: str) -> int | None:
        found = instant(datetime.fromisoformat(f"{day}T12:00"), "Salon", [zone])
        return found.hour if found else None

    assert hour("1999-01-01") == 11
    assert hour("2026-02-01") == 11
    assert hour("2026-07-01") == 10
    assert hour("2026-11-01") == 11
    assert hour("2027-07-01") == 10
    assert hour("2027-11-02") == 11
    assert hour("2028-07-01") == 10
    assert hour("2028-11-01") == 10


@pytest.mark.parametrize(
    "zone",
    [
        rules("X-EMPTY:1"),
        rules("BEGIN:STANDARD", "DTSTART:19700101T000000", "END:STANDARD"),
        rules(*observance("STANDARD", "yesterday", "+0100", "+0100")),
        rules(*observance("STANDARD", "19700101T000000", "one", "+0100")),
        rules(*observance("STANDARD", "19700101T000000", "+9900", "+0100")),
        rules(*observance("STANDARD", "19700101T000000", "+0100", "+0200", "RRULE:FREQ=SECONDLY")),
        rules(*observance("STANDARD", "19700101T000000", "+0100", "+0200", "RRULE:nonsense")),
        rules(*observance("STANDARD", "19700101T000000", "+0100", "+0200", "RRULE:FREQ=YEARLY;BYSECOND=1,2,3")),
        rules(*observance("STANDARD", "19700101T000000", "+0100", "+0200"), tzid="Another"),
    ],
)
def test_rules_that_cannot_be_read_resolve_nothing(zone: Component) -> None:
    assert instant(datetime.fromisoformat("2026-07-01T12:00"), "Salon", [zone]) is None


def test_a_rule_that_never_fires_does_not_count_for_ever() -> None:
    never = observance("STANDARD", "00010101T000000", "+0100", "+0200", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
    found = instant(datetime.fromisoformat("2026-07-01T12:00"), "Salon", [rules(*never)])
    assert found == datetime(2026, 7, 1, 10, tzinfo=UTC)


def test_rules_that_pick_the_last_sunday_by_position_are_read() -> None:
    """As Lotus Notes writes them."""
    last_sunday = "RRULE:FREQ=YEARLY;BYDAY=SU;BYSETPOS=-1;BYMONTH="
    zone = rules(
        *observance("DAYLIGHT", "19810329T020000", "+0100", "+0200", last_sunday + "3"),
        *observance("STANDARD", "19961027T030000", "+0200", "+0100", last_sunday + "10"),
    )
    for wall, hour in (("2026-03-28T12:00", 11), ("2026-03-30T12:00", 10), ("2026-10-26T12:00", 11)):
        found = instant(datetime.fromisoformat(wall), "Salon", [zone])
        assert found is not None
        assert found.hour == hour


KEYS = (
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Antarctica/Troll",
)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("year", [2011, 2026, 2037])
def test_the_written_rules_alone_tell_every_instant_of_three_years(key: str, year: int) -> None:
    zone = ZoneInfo(key)
    component = vtimezone(zone, year)
    if year >= 2026:  # in 2011 Samoa left out a whole day, which takes its room
        assert len(write(component)) < 700
    own = Component("VTIMEZONE", [Line.of("TZID:Salon"), *component.items[1:]])
    for hours in range(0, 3 * 8760, 29):
        moment = datetime(year - 1, 1, 2, tzinfo=UTC) + timedelta(hours=hours)
        walls = wall_times(zone, moment)
        if walls is not None:
            assert instant(walls[0], "Salon", [own]) == moment


@pytest.mark.parametrize("key", KEYS)
def test_another_reader_of_the_written_rules_agrees(key: str) -> None:
    zone = ZoneInfo(key)
    text = write(vtimezone(zone, 2026)).replace(f"TZID:{key}", "TZID:Salon")
    other = icalendar.Timezone.from_ical(text).to_tz(lookup_tzid=False)
    for day in range(700):
        wall = datetime.fromisoformat("2025-06-01T12:00") + timedelta(days=day)
        assert wall.replace(tzinfo=other).utcoffset() == wall.replace(tzinfo=zone).utcoffset()
