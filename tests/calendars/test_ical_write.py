"""Writing drafts: new objects, and onto objects that people and their apps have filled."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.calendars.ical import is_ours, parse, render
from syncd.calendars.lines import read, unfold, writable
from syncd.calendars.stored import same_version, says_the_same
from syncd.domain.booking import Span
from syncd.domain.errors import Malformed
from syncd.domain.event import Draft, Put, TimeKind
from syncd.domain.ids import BookingId
from syncd.texts import strip_description, strip_title
from tests.calendars.test_ical_read import DRAGGED, event, recorded

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SPAN = Span(datetime(2026, 11, 24, 9, 0, tzinfo=UTC), datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
DRAFT = Draft(
    uid="b_1@zimun",
    booking_id=BookingId("b_1"),
    span=SPAN,
    zone="Europe/Berlin",
    title="Haircut – Dana Lee",
    place="Main Street 1, Berlin",
    description="Haircut\nCustomer: Dana Lee\nallergic to ammonia",
)


def lines_of(data: str) -> list[str]:
    return unfold(data).splitlines()


def test_an_open_slot_takes_up_no_time_and_names_no_booking() -> None:
    draft = replace(DRAFT, uid="cut.loc.20261124T090000Z@slots.zimun", booking_id=BookingId(""), transparent=True)
    data = render(draft, "", NOW)
    assert lines_of(data).count("TRANSP:TRANSPARENT") == 1
    assert not any(line.startswith(("TRANSP:OPAQUE", "X-ZIMUN")) for line in lines_of(data))
    assert not is_ours(data)


def test_a_new_object_is_complete_and_names_nobody() -> None:
    data = render(replace(DRAFT, klass="PRIVATE", alarm_minutes=15), "", NOW)
    lines = lines_of(data)
    for line in (
        "VERSION:2.0",
        "UID:b_1@zimun",
        "DTSTAMP:20261123T120000Z",
        "LAST-MODIFIED:20261123T120000Z",
        "CREATED:20261123T120000Z",
        "DTSTART;TZID=Europe/Berlin:20261124T100000",
        "DTEND;TZID=Europe/Berlin:20261124T110000",
        "SUMMARY:Haircut – Dana Lee",
        "LOCATION:Main Street 1\\, Berlin",
        "STATUS:CONFIRMED",
        "CLASS:PRIVATE",
        "TRANSP:OPAQUE",
        "X-ZIMUN-BOOKING-ID:b_1",
        "TRIGGER:-PT15M",
    ):
        assert lines.count(line) == 1, line
    assert not any(line.startswith(("ATTENDEE", "ORGANIZER", "METHOD")) for line in lines)
    calendar = icalendar.Calendar.from_ical(data)
    calendar.validate()
    (vevent,) = calendar.events
    assert not vevent.errors
    assert vevent.start == SPAN.start
    assert vevent.end == SPAN.end
    assert calendar.get_missing_tzids() == set()


def test_where_we_put_it_stays_through_a_drag_and_a_write_that_does_not_say() -> None:
    put = Put(2, SPAN.start)
    ours = render(replace(DRAFT, put=put), "", NOW)
    assert lines_of(ours).count("X-ZIMUN-START:2/20261124T090000Z") == 1
    dragged = ours.replace("T100000", "T140000")
    kept = render(replace(DRAFT, span=None), dragged, NOW)
    assert parse(kept).put == put
    assert parse(kept).start.instant == SPAN.start + timedelta(hours=4)
    later = Put(3, SPAN.start + timedelta(days=1))
    assert parse(render(replace(DRAFT, put=later), dragged, NOW)).put == later


def test_lines_end_with_crlf_and_are_at_most_75_octets() -> None:
    data = render(replace(DRAFT, description="Größe, ⚠️ und \\ und ; " * 40), "", NOW)
    assert "\n" not in data.replace("\r\n", "")
    assert max(len(line.encode()) for line in data.split("\r\n")) <= 75


def test_without_alarm_place_and_description_there_is_none() -> None:
    lines = lines_of(render(replace(DRAFT, place="", description=""), "", NOW))
    assert not any(line.startswith(("LOCATION", "DESCRIPTION", "BEGIN:VALARM")) for line in lines)


def test_the_note_leads_title_and_description_and_is_stripped_again() -> None:
    data = render(replace(DRAFT, mark="⚠ ", note="⚠ 14:30 is not free."), "", NOW)
    assert "SUMMARY:⚠ Haircut – Dana Lee" in lines_of(data)
    assert any(line.startswith("DESCRIPTION:⚠ 14:30 is not free.\\nHaircut\\n") for line in lines_of(data))
    found = parse(data)
    assert found.noted
    assert (found.title, found.description) == (DRAFT.title, DRAFT.description)
    assert found.asks is False
    assert parse(render(replace(DRAFT, mark="⚠ Cancel? ", note="⚠ delete it again"), "", NOW)).asks is True
    without = parse(render(DRAFT, data, NOW))
    assert (without.noted, without.asks) == (False, None)
    worded = data.replace("SUMMARY:⚠ ", "SUMMARY:Canceled: ⚠ Cancel? ").replace("DESCRIPTION:⚠", "DESCRIPTION:-")
    assert (parse(worded).noted, parse(worded).asks) == (False, True)
    # what a person calls themselves is no mark
    assert parse(render(replace(DRAFT, title="Haircut – Dana ⚠ Cancel?"), "", NOW)).asks is None


@pytest.mark.parametrize("app", [*DRAGGED, "android_floating", "all_day", "recurring", "broken", "cancelled"])
def test_a_put_back_reaches_the_bookings_time_and_texts_in_every_apps_object(app: str) -> None:
    data = render(DRAFT, recorded(app), NOW)
    found = parse(data)
    assert (found.start.instant, found.end.instant) == (SPAN.start, SPAN.end)
    assert (found.title, found.place, found.description) == (DRAFT.title, DRAFT.place, DRAFT.description)
    assert (found.recurring, found.cancelled, found.noted) == (False, False, False)
    assert data.count("BEGIN:VEVENT") == data.count("BEGIN:VTIMEZONE") == 1
    names = {line.name for line in next(read(data).components("VEVENT")).lines()}
    assert not names & {"DURATION", "RRULE", "EXDATE", "RECURRENCE-ID", "X-MICROSOFT-CDO-ALLDAYEVENT"}
    assert render(DRAFT, data, NOW) == data


OURS = ("UID", "X-ZIMUN-BOOKING-ID", "SUMMARY", "LOCATION", "DESCRIPTION", "STATUS", "DTSTAMP", "LAST-MODIFIED")
TIMES = ("DTSTART", "DTEND", "DURATION")


@pytest.mark.parametrize("app", [*DRAGGED, "broken"])
@pytest.mark.parametrize("span", [SPAN, None])
def test_what_people_and_apps_added_survives_letter_by_letter_and_in_order(app: str, span: Span | None) -> None:
    before, after = recorded(app), render(replace(DRAFT, span=span, title="Other"), recorded(app), NOW)
    ours = OURS if span is None else OURS + TIMES

    def kept(data: str) -> list[str]:
        inside = data[data.index("BEGIN:VEVENT") : data.index("END:VEVENT")].split("BEGIN:VALARM", 1)
        own = [line for line in lines_of(inside[0]) if not line.startswith(ours)]
        return own + (lines_of(inside[1]) if len(inside) > 1 else [])

    assert [line for line in kept(before) if not line.startswith("X-ALT-DESC")] == [
        line for line in kept(after) if not line.startswith("X-ALT-DESC")
    ]


@pytest.mark.parametrize("app", [*DRAGGED, "android_floating", "recurring", "all_day", "broken"])
def test_without_a_span_the_times_stay_as_they_are_letter_by_letter(app: str) -> None:
    before, after = recorded(app), render(replace(DRAFT, span=None), recorded(app), NOW)

    def times(data: str) -> list[str]:
        lines = lines_of(data)
        zone = lines[lines.index("BEGIN:VTIMEZONE") : lines.index("END:VTIMEZONE")] if "VTIMEZONE" in data else []
        return zone + [line for line in lines if line.startswith((*TIMES, "RRULE", "EXDATE", "RECURRENCE-ID"))]

    assert times(after) == times(before)
    assert (parse(after).start, parse(after).end) == (parse(before).start, parse(before).end)


def test_every_write_is_a_fresh_version() -> None:
    onto = render(DRAFT, "", NOW)
    again = render(DRAFT, onto, NOW + timedelta(seconds=1))
    assert parse(again).fingerprint != parse(onto).fingerprint


def test_the_html_copy_goes_only_with_the_text_it_copies() -> None:
    onto = recorded("outlook_synchronizer")
    assert "X-ALT-DESC" in render(DRAFT, onto, NOW)
    assert "X-ALT-DESC" not in render(replace(DRAFT, note="⚠ moved"), onto, NOW)


def test_a_changed_text_keeps_its_language_and_loses_its_alternative() -> None:
    onto = event("DTSTART:20261124T090000Z", 'SUMMARY;LANGUAGE=de;ALTREP="http://x.example/;a":Alt', "SEQUENCE:4")
    assert 'SUMMARY;LANGUAGE=de;ALTREP="http://x.example/;a":Alt' in lines_of(
        render(replace(DRAFT, title="Alt"), onto, NOW)
    )
    assert "SUMMARY;LANGUAGE=de:Neu" in lines_of(render(replace(DRAFT, title="Neu"), onto, NOW))


@pytest.mark.parametrize("status", ["TENTATIVE", "CONFIRMED"])
def test_a_status_that_is_no_cancellation_is_the_persons(status: str) -> None:
    onto = event("DTSTART:20261124T090000Z", f"STATUS:{status}")
    assert f"STATUS:{status}" in lines_of(render(DRAFT, onto, NOW))


def test_a_cancelled_event_lives_again() -> None:
    data = render(DRAFT, recorded("cancelled"), NOW)
    assert "STATUS:CONFIRMED" in lines_of(data)
    assert "METHOD:PUBLISH" not in lines_of(data)


def test_a_persons_own_event_stays_marked_as_cancelled_when_it_is_told_something() -> None:
    own = replace(DRAFT, booking_id=BookingId(""), span=None, note="⚠ Not open.")
    assert "STATUS:CANCELLED" in lines_of(render(own, event("DTSTART:20261124T090000Z", "STATUS:CANCELLED"), NOW))
    slot = replace(DRAFT, booking_id=BookingId(""))
    assert "STATUS:CONFIRMED" in lines_of(render(slot, event("DTSTART:20261124T090000Z", "STATUS:CANCELLED"), NOW))


def test_the_uid_follows_the_draft_in_every_part() -> None:
    data = render(replace(DRAFT, uid="b_1~2@zimun", span=None), recorded("recurring"), NOW)
    assert lines_of(data).count("UID:b_1~2@zimun") == 2
    assert parse(data).uid == "b_1~2@zimun"


@pytest.mark.parametrize("onto", ["", "garbage", "BEGIN:VCALENDAR\r\nEND:VCALENDAR", recorded("apple")[:400]])
def test_an_unreadable_object_is_like_none(onto: str) -> None:
    assert render(DRAFT, onto, NOW) == render(DRAFT, "", NOW)
    with pytest.raises(Malformed):
        render(replace(DRAFT, span=None), onto, NOW)


def test_a_zone_that_another_property_names_stays() -> None:
    onto = event(
        "DTSTART;TZID=Custom:20261124T100000",
        "X-REMIND;TZID=Custom:20261124T080000",
        outside="BEGIN:VTIMEZONE\r\nTZID:Custom\r\nEND:VTIMEZONE\r\nBEGIN:VTIMEZONE\r\nTZID:Old\r\nEND:VTIMEZONE\r\n",
    )
    data = render(DRAFT, onto, NOW)
    assert "TZID:Custom" in lines_of(data)
    assert "TZID:Old" not in lines_of(data)
    assert "TZID:Europe/Berlin" in lines_of(data)


def test_so_does_one_whose_name_is_escaped() -> None:
    zone = "BEGIN:VTIMEZONE\r\nTZID:Amsterdam\\, Berlin\r\nEND:VTIMEZONE\r\n"
    data = render(DRAFT, event('X-REMIND;TZID="Amsterdam, Berlin":20261124T080000', outside=zone), NOW)
    assert "TZID:Amsterdam\\, Berlin" in lines_of(data)


@pytest.mark.parametrize("zone", ["", "Middle-earth/Shire", "UTC", "Etc/UTC"])
def test_without_a_zone_times_are_written_in_utc(zone: str) -> None:
    data = render(replace(DRAFT, zone=zone), recorded("apple"), NOW)
    assert "DTSTART:20261124T090000Z" in lines_of(data)
    assert "VTIMEZONE" not in data


@pytest.mark.parametrize("hour", [0, 1])
def test_a_time_that_the_clock_shows_twice_is_written_in_utc(hour: int) -> None:
    start = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
    found = parse(render(replace(DRAFT, span=Span(start, start + timedelta(hours=3))), "", NOW))
    assert (found.start.kind, found.start.instant) == (TimeKind.UTC, start)


@pytest.mark.parametrize("booking_id", ["a/b", "ä ö", "50%;,\\", "x" * 300])
def test_any_booking_id_is_carried_in_plain_letters(booking_id: str) -> None:
    data = render(replace(DRAFT, booking_id=BookingId(booking_id)), "", NOW)
    (line,) = (line for line in lines_of(data) if line.startswith("X-ZIMUN-BOOKING-ID:"))
    assert not set(line.partition(":")[2]) & set(",;\\ ")
    assert line.isascii()
    assert parse(data).booking_id == booking_id


IDS = st.text(min_size=1, max_size=40)
TEXTS = st.text(max_size=200)
ZONES = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu", "Europe/Dublin"]
)
STARTS = st.integers(0, 60 * 24 * 365 * 100).map(
    lambda minutes: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
LENGTHS = st.integers(0, 60 * 24 * 3).map(lambda minutes: timedelta(minutes=minutes))


@settings(deadline=None)
@given(IDS, TEXTS, TEXTS, TEXTS, ZONES, STARTS, LENGTHS)
def test_what_is_written_is_read_back(
    booking_id: str, title: str, place: str, description: str, zone: str, start: datetime, length: timedelta
) -> None:
    draft = Draft(
        "b_1@zimun", BookingId(booking_id), Span(start, start + length), zone, title, place, description, "⚠ x", "⚠ "
    )
    data = render(draft, "", NOW)
    found = parse(data)
    assert found.booking_id == booking_id
    assert (found.start.instant, found.end.instant) == (start, start + length)
    assert found.title == strip_title("⚠ " + writable(title))[0]
    assert found.place == writable(place)
    assert found.description == strip_description(writable(description))[0]
    assert found.noted
    assert render(draft, data, NOW) == data
    plain = parse(render(replace(draft, note="", mark=""), data, NOW))
    assert plain.title == strip_title(writable(title))[0]
    assert not icalendar.Calendar.from_ical(data).events[0].errors


@settings(max_examples=40, deadline=None)
@given(ZONES, STARTS)
def test_the_clock_changes_of_every_zone_and_year_are_survived(zone: str, near: datetime) -> None:
    """Starts around each change of the clock in that year."""
    tz = ZoneInfo(zone)
    hours = [near.replace(month=1, day=1, minute=0, second=0, hour=0) + timedelta(hours=n) for n in range(0, 8760, 6)]
    for one, other in pairwise(hours):
        if one.astimezone(tz).utcoffset() != other.astimezone(tz).utcoffset():
            for quarter in range(24):
                start = one + timedelta(minutes=15 * quarter)
                draft = replace(DRAFT, zone=zone, span=Span(start, start + timedelta(hours=1)))
                assert parse(render(draft, "", NOW)).start.instant == start


def test_an_event_says_the_same_with_other_stamps_and_more_in_it_but_not_when_it_was_moved() -> None:
    known = event("DTSTART:20261124T090000Z", "DTEND:20261124T100000Z", "DTSTAMP:20261101T000000Z")
    read_back = event("DTSTART:20261124T090000Z", "DTEND:20261124T100000Z", "DTSTAMP:20261102T000000Z", "X-READ:17")
    assert not same_version(read_back, known)
    assert says_the_same(read_back, known)
    assert not says_the_same(known.replace("T090000Z", "T093000Z"), known)
    assert not says_the_same(known.replace("END:VEVENT", "STATUS:CANCELLED\r\nEND:VEVENT"), known)
    assert not says_the_same("", known)
