"""First sync, quiet cycles, moves: what a calendar app's user sees, and what reaches Zimun."""

from datetime import timedelta

import pytest

from tests.acceptance.api import Api, serving
from tests.acceptance.conftest import SERVERS
from tests.acceptance.salon import Dialect
from tests.acceptance.trial import Trial, day, start_of, value

EVERY_SERVER = pytest.mark.parametrize("server", SERVERS, indirect=True)
ON_XANDIKOS = pytest.mark.parametrize("server", ["xandikos"], indirect=True)


def dragged_once(trial: Trial, to_hour: int) -> str:
    """Three bookings synced, the first of them dragged; its object's name."""
    for hour in (10, 11, 12):
        trial.api.add(f"b{hour}", day(3, hour))
    trial.sync()
    trial.drag("b10.ics", day(3, to_hour))
    return "b10.ics"


@EVERY_SERVER
def test_first_sync_writes_each_booking_once_and_quiet_cycles_write_nothing(trial: Trial) -> None:
    for n in range(17):
        trial.api.add(f"bk_{n}", day(2 + n // 3, 9 + n % 3), name=f"Åsa, {n}; O'Neil", email=f"a{n}@example.com")
    trial.sync()
    before = trial.etags()
    assert set(before) == {f"bk_{n}.ics" for n in range(17)}
    for n in (0, 16):
        text = trial.get(f"bk_{n}.ics")
        assert start_of(text) == trial.api.appointments[f"bk_{n}"].start
        assert value(text, "SUMMARY") == f"Schnitt & Föhnen – Åsa, {n}; O'Neil"
        assert f"a{n}@example.com" in value(text, "DESCRIPTION")
        assert value(text, "UID") == f"bk_{n}@zimun"
        assert "ATTENDEE" not in text
        assert "ORGANIZER" not in text
    for _ in range(2):
        trial.sync()
    assert trial.etags() == before
    assert trial.api.posts() == []


@EVERY_SERVER
def test_a_drag_to_a_free_time_is_one_reschedule_and_then_silence(trial: Trial) -> None:
    name = dragged_once(trial, 15)
    trial.sync()
    assert trial.api.appointments["b10"].start == day(3, 15)
    assert start_of(trial.get(name)) == day(3, 15)
    settled = trial.etags()
    trial.sync()
    assert trial.etags() == settled
    assert [(call.path.rsplit("/", 1)[1], bool(call.key)) for call in trial.api.posts()] == [("reschedule", True)]


@ON_XANDIKOS
def test_a_drag_to_a_taken_time_goes_back_and_says_why_with_the_nearest_slots(trial: Trial) -> None:
    name = dragged_once(trial, 11)
    trial.sync(code=1)
    text = trial.get(name)
    assert start_of(text) == day(3, 10)
    assert value(text, "SUMMARY").startswith("⚠ ")
    note = value(text, "DESCRIPTION").split("\n")[0]
    assert note.startswith("⚠ ")
    assert "11:00" in note
    assert "10:30" in note or "11:30" in note
    assert trial.api.appointments["b10"].start == day(3, 10)
    settled = trial.etags()
    trial.sync()
    assert trial.etags() == settled
    assert trial.api.posts() == []


def test_the_api_has_the_last_word_though_the_slot_looked_open(trial: Trial) -> None:
    name = dragged_once(trial, 15)
    trial.api.fail("409", "POST", "reschedule")
    trial.sync(code=1)
    assert start_of(trial.get(name)) == day(3, 10)
    assert value(trial.get(name), "SUMMARY").startswith("⚠ ")
    trial.sync()
    assert len(trial.api.posts("reschedule")) == 1


def test_the_same_refused_drag_is_a_new_wish_once_the_time_is_free(trial: Trial) -> None:
    name = dragged_once(trial, 11)
    trial.sync(code=1)
    trial.api.appointments["b11"].status = "cancelled"
    trial.sync()
    assert trial.api.appointments["b10"].start == day(3, 10)
    trial.drag(name, day(3, 11))
    trial.sync()
    assert trial.api.appointments["b10"].start == day(3, 11)
    assert not value(trial.get(name), "SUMMARY").startswith("⚠")


def test_a_drag_of_half_the_length_overlaps_itself_and_is_left_to_zimun(trial: Trial) -> None:
    trial.api.add("long", day(3, 10), minutes=60)
    trial.sync()
    trial.drag("long.ics", day(3, 10, 30))
    trial.sync()
    assert trial.api.appointments["long"].start == day(3, 10, 30)


def test_only_the_length_changed_is_put_back_and_reaches_nobody(trial: Trial) -> None:
    trial.api.add("b1", day(3, 10))
    trial.sync()
    text = trial.get("b1.ics")
    line = next(line for line in text.splitlines() if line.startswith("DTEND"))
    longer = line.replace("T1030", "T1200").replace("T0930", "T1100").replace("T0830", "T1000")
    assert longer != line
    trial.put("b1.ics", text.replace(line, longer))
    trial.sync()
    assert next(x for x in trial.get("b1.ics").splitlines() if x.startswith("DTEND")) == line
    assert trial.api.posts() == []


@ON_XANDIKOS
def test_a_change_by_the_customer_keeps_what_a_person_added(trial: Trial) -> None:
    trial.api.add("b1", day(3, 10))
    trial.sync()
    text = trial.get("b1.ics")
    title, description = value(text, "SUMMARY"), value(text, "DESCRIPTION")
    alarm = "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:soon\nTRIGGER:-PT20M\nEND:VALARM\n"
    edited = text.replace(f"SUMMARY:{title}", "SUMMARY:Ada (VIP)").replace("END:VEVENT", alarm + "END:VEVENT")
    start = edited.index("\nDESCRIPTION") + 1
    end = edited.index("\n", start)
    edited = edited[:end] + "\\nwants the window seat" + edited[end:]
    trial.put("b1.ics", edited)
    trial.sync()
    trial.api.appointments["b1"].start = day(4, 14)
    trial.sync()
    after = trial.get("b1.ics")
    assert start_of(after) == day(4, 14)
    assert value(after, "SUMMARY").removeprefix("⚠ ") == "Ada (VIP)"
    assert "wants the window seat" in value(after, "DESCRIPTION")
    assert all(line in value(after, "DESCRIPTION") for line in description.split("\n") if line)
    assert after.count("TRIGGER:-PT20M") == 1
    assert trial.api.posts() == []
    settled = trial.etags()
    trial.sync()
    assert trial.etags() == settled


def test_a_cancelled_booking_takes_its_event_away(trial: Trial) -> None:
    trial.api.add("b1", day(3, 10))
    trial.api.add("b2", day(3, 11))
    trial.sync()
    trial.api.appointments["b1"].status = "cancelled"
    trial.sync()
    assert set(trial.etags()) == {"b2.ics"}
    assert trial.api.posts() == []


def test_a_booking_that_is_only_held_has_no_event(trial: Trial) -> None:
    trial.api.add("b1", day(3, 10), status="held")
    trial.api.add("b2", day(3, 11), status="a word of tomorrow")
    trial.sync()
    assert set(trial.etags()) == {"b2.ics"}


@pytest.mark.parametrize("answer", ["whole", "renamed"])
def test_whatever_a_reschedule_answers_the_pair_holds_together(trial: Trial, answer: str) -> None:
    trial.api.dialect.reschedule = answer  # type: ignore[assignment]
    name = dragged_once(trial, 15)
    trial.sync()
    moved = next(a for a in trial.api.appointments.values() if a.start == day(3, 15))
    assert (str(moved.id) == "b10") == (answer == "whole")
    trial.sync()
    events = trial.etags()
    assert len(events) == 3, events
    assert name in events
    trial.drag(name, day(3, 16))
    trial.sync()
    assert moved.start == day(3, 16)
    assert len(trial.api.posts()) == 2
    assert len(trial.etags()) == 3


@pytest.fixture
def numbered() -> object:
    with serving(Dialect(numbers=True, slots="slots")) as one:
        yield one


def test_ids_as_numbers_and_slots_as_objects(trial: Trial, numbered: Api) -> None:
    trial.api = numbered
    numbered.add(41, day(3, 10))
    numbered.add(42, day(3, 11))
    trial.sync()
    assert set(trial.etags()) == {"41.ics", "42.ics"}
    trial.drag("41.ics", day(3, 14, 30))
    trial.sync()
    trial.drag("42.ics", day(3, 14, 30))
    trial.sync(code=1)
    assert numbered.appointments["41"].start == day(3, 14, 30)
    assert len(numbered.posts()) == 1


@EVERY_SERVER
def test_ids_of_any_letters_get_an_event_each_and_can_be_moved(trial: Trial) -> None:
    ids = ["a/b/../c", "ü b%2F?x=1#f", "UPPER", "upper", "x" * 200, "semi;colon,\\n", "..", "日本"]
    for n, id_ in enumerate(ids):
        trial.api.add(id_, day(5, 9) + timedelta(minutes=30 * n))
    trial.sync()
    before = trial.etags()
    assert len(before) == len(ids), before
    trial.sync()
    assert trial.etags() == before
    slots = {start_of(trial.get(name)): name for name in before}
    for n, id_ in enumerate(ids):
        trial.drag(slots[day(5, 9) + timedelta(minutes=30 * n)], day(6, 9) + timedelta(minutes=30 * n))
        assert trial.api.appointments[id_].start.astimezone(day(5, 9).tzinfo).date() == day(5, 9).date()
    trial.sync()
    for n, id_ in enumerate(ids):
        assert trial.api.appointments[id_].start == day(6, 9) + timedelta(minutes=30 * n), id_
