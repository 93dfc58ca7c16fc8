"""What calendar apps write besides plain moves and deletions, and what both sides do at once."""

import re
import time
from datetime import UTC, timedelta

import pytest

from tests.acceptance.trial import Trial, day, start_of, value

GRACE = 1.2


def synced(trial: Trial, many: int = 3) -> None:
    for n in range(many):
        trial.api.add(f"b{n}", day(3 + n // 9, 9 + n % 9))
    trial.sync()


def event_lines(text: str, start: str, end: str) -> str:
    """The VEVENT's DTSTART and DTEND replaced, the VTIMEZONE's left alone."""
    head, event = text.split("BEGIN:VEVENT", 1)
    event = re.sub(r"(?m)^DTSTART.*$", start, event, count=1)
    return head + "BEGIN:VEVENT" + re.sub(r"(?m)^DTEND.*$", end, event, count=1)


@pytest.mark.parametrize(("conflict", "hour"), [("zimun", 14), ("calendar", 16)])
def test_moved_on_both_sides_is_decided_as_configured_and_said(trial: Trial, conflict: str, hour: int) -> None:
    trial.options["sync"]["conflict"] = conflict
    synced(trial)
    trial.api.appointments["b1"].start = day(3, 14)
    trial.drag("b1.ics", day(3, 16))
    trial.run("sync")
    trial.run("sync")
    assert trial.api.appointments["b1"].start == day(3, hour)
    assert start_of(trial.get("b1.ics")) == day(3, hour)
    assert len(trial.api.posts()) == (conflict == "calendar")
    assert value(trial.get("b1.ics"), "SUMMARY").startswith("⚠ ") or conflict == "calendar"


def test_moved_to_the_same_time_on_both_sides_is_agreed(trial: Trial) -> None:
    synced(trial)
    trial.api.appointments["b1"].start = day(3, 14)
    trial.drag("b1.ics", day(3, 14))
    trial.sync()
    assert trial.api.posts() == []
    assert not value(trial.get("b1.ics"), "SUMMARY").startswith("⚠")


def test_a_drag_of_what_the_customer_cancelled_says_so(trial: Trial) -> None:
    synced(trial)
    trial.api.appointments["b1"].status = "cancelled"
    trial.drag("b1.ics", day(3, 16))
    trial.run("sync")
    assert value(trial.get("b1.ics"), "SUMMARY").startswith("⚠ ")
    trial.run("sync")
    assert trial.api.posts() == []


def test_a_zone_written_in_another_way_is_no_move(trial: Trial) -> None:
    synced(trial)
    start = day(3, 10).astimezone(UTC)
    stamp = "%Y%m%dT%H%M%SZ"
    end = start + timedelta(minutes=30)
    text = event_lines(trial.get("b1.ics"), f"DTSTART:{start:{stamp}}", f"DTEND:{end:{stamp}}")
    trial.put("b1.ics", text)
    trial.sync()
    trial.sync()
    assert trial.api.posts() == []
    assert trial.api.appointments["b1"].start == day(3, 10)


def test_a_floating_time_is_the_salons_wall_time(trial: Trial) -> None:
    synced(trial)
    local = day(3, 15)
    text = event_lines(trial.get("b1.ics"), f"DTSTART:{local:%Y%m%dT%H%M%S}", f"DTEND:{local:%Y%m%dT%H}3000")
    trial.put("b1.ics", text)
    trial.sync()
    assert trial.api.appointments["b1"].start == day(3, 15)


@pytest.mark.parametrize("what", ["all-day", "past", "recurring", "zone"])
def test_what_cannot_be_booked_goes_back_with_a_reason(trial: Trial, what: str) -> None:
    synced(trial)
    text, to, past = trial.get("b1.ics"), day(4, 15), day(-2, 10)
    lines = {
        "all-day": (f"DTSTART;VALUE=DATE:{to:%Y%m%d}", f"DTEND;VALUE=DATE:{day(5, 9):%Y%m%d}"),
        "past": (f"DTSTART:{past:%Y%m%dT%H}0000Z", f"DTEND:{past:%Y%m%dT%H}3000Z"),
        "recurring": (f"DTSTART:{to:%Y%m%dT%H}0000Z\nRRULE:FREQ=DAILY;COUNT=3", f"DTEND:{to:%Y%m%dT%H}3000Z"),
        "zone": (f"DTSTART;TZID=Mars/Olympus:{to:%Y%m%dT%H}0000", f"DTEND;TZID=Mars/Olympus:{to:%Y%m%dT%H}3000"),
    }
    trial.put("b1.ics", event_lines(text, *lines[what]))
    trial.sync(code=1)
    after = trial.get("b1.ics")
    assert start_of(after) == day(3, 10)
    assert "RRULE" not in after.split("BEGIN:VEVENT")[1]
    assert value(after, "SUMMARY").startswith("⚠ ")
    assert trial.api.posts() == []


def test_a_dismissed_alarm_and_other_marks_reach_nobody(trial: Trial) -> None:
    synced(trial)
    text = trial.get("b1.ics")
    marks = "X-MOZ-LASTACK:20261123T120000Z\nX-MOZ-GENERATION:4\nSEQUENCE:7\nCOLOR:teal\nCATEGORIES:VIP\n"
    text = re.sub(r"(?m)^SEQUENCE.*\n", "", text)
    trial.put("b1.ics", text.replace("END:VEVENT", marks + "END:VEVENT"))
    before = trial.etags()
    trial.sync()
    trial.sync()
    assert trial.etags() == before
    assert trial.api.posts() == []


def test_a_client_that_marks_an_event_as_cancelled_cancels_the_booking(trial: Trial) -> None:
    synced(trial)
    trial.put("b1.ics", trial.get("b1.ics").replace("STATUS:CONFIRMED", "STATUS:CANCELLED"))
    for _ in range(3):
        trial.run("sync")
        time.sleep(GRACE / 2)
    trial.run("sync")
    assert [call.body for call in trial.api.posts()] == [{"booking_id": "b1"}]


def test_a_stale_copy_written_back_calls_nobody(trial: Trial) -> None:
    synced(trial)
    old = trial.get("b1.ics")
    trial.api.appointments["b1"].start = day(3, 16)
    trial.sync()
    trial.put("b1.ics", old)
    trial.sync()
    assert trial.api.posts() == []
    assert start_of(trial.get("b1.ics")) == day(3, 16)


def test_more_moves_than_allowed_await_and_the_shell_decides(trial: Trial) -> None:
    trial.options["sync"]["max_moves"] = 2
    synced(trial, 4)
    for n in range(3):
        trial.drag(f"b{n}.ics", day(5, 9 + n))
    trial.sync(code=1)
    assert trial.api.posts() == []
    assert trial.run("approve").code == 0
    trial.run("sync")
    assert [trial.api.appointments[f"b{n}"].start for n in range(3)] == [day(5, 9 + n) for n in range(3)]
    assert trial.sync().code == 0


def test_somebody_elses_events_are_never_touched(trial: Trial) -> None:
    event = f"UID:mine@home\nDTSTAMP:20260101T000000Z\nDTSTART:{day(3, 10):%Y%m%dT%H}0000Z\nSUMMARY:Dentist\n"
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//y//EN\nBEGIN:VEVENT\n{event}END:VEVENT\nEND:VCALENDAR\n"
    trial.put("mine.ics", text)
    before = trial.etags()["mine.ics"]
    synced(trial)
    trial.api.appointments.clear()
    trial.run("sync")
    assert trial.etags()["mine.ics"] == before
