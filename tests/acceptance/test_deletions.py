"""Deletions, and everything that looks like one."""

import time
from urllib.parse import urljoin

import pytest

from tests.acceptance.conftest import SERVERS
from tests.acceptance.trial import Trial, day, start_of, value
from tests.servers import send

EVERY_SERVER = pytest.mark.parametrize("server", SERVERS, indirect=True)
ON_XANDIKOS = pytest.mark.parametrize("server", ["xandikos"], indirect=True)
GRACE = 1.2


def synced(trial: Trial, many: int) -> None:
    for n in range(many):
        trial.api.add(f"b{n}", day(3 + n // 9, 9 + n % 9))
    trial.sync()
    trial.sync()  # the calendar has listed them by then, as where people delete what has stood for a while


def live(trial: Trial) -> int:
    return sum(one.status == "booked" for one in trial.api.appointments.values())


@EVERY_SERVER
def test_one_deletion_cancels_after_the_grace_and_not_before(trial: Trial) -> None:
    synced(trial, 4)
    trial.delete("b1.ics")
    trial.sync()
    assert live(trial) == 4
    time.sleep(GRACE)
    trial.sync()
    assert [call.body for call in trial.api.posts()] == [{"booking_id": "b1"}]
    assert trial.api.appointments["b1"].status == "cancelled"
    trial.sync()
    trial.sync()
    assert len(trial.api.posts()) == 1
    assert set(trial.etags()) == {"b0.ics", "b2.ics", "b3.ics"}


@ON_XANDIKOS
def test_seven_deletions_at_once_cancel_nothing_and_ask(trial: Trial) -> None:
    synced(trial, 12)
    for n in range(7):
        trial.delete(f"b{n}.ics")
    trial.sync(code=1)
    time.sleep(GRACE)
    trial.sync(code=1)
    trial.sync(code=1)
    assert live(trial) == 12
    assert trial.api.posts() == []
    events = trial.etags()
    assert len(events) == 12
    asked = [text for name in events if value(text := trial.get(name), "SUMMARY").startswith("⚠ ")]
    assert len(asked) == 7
    assert all(value(text, "DESCRIPTION").startswith("⚠ ") for text in asked)


def test_an_asked_deletion_is_approved_by_deleting_again(trial: Trial) -> None:
    trial.options["sync"]["deletions"] = "ask"
    synced(trial, 3)
    trial.delete("b1.ics")
    for _ in range(2):
        trial.run("sync")
    assert "b1.ics" in trial.etags()
    assert trial.api.posts() == []
    trial.delete("b1.ics")
    for _ in range(3):
        trial.run("sync")
        time.sleep(0.6)
    assert [call.body for call in trial.api.posts("cancel")] == [{"booking_id": "b1"}]
    assert trial.sync().code == 0


@ON_XANDIKOS
def test_an_event_put_back_in_time_costs_nothing(trial: Trial) -> None:
    synced(trial, 2)
    text = trial.get("b1.ics")
    trial.delete("b1.ics")
    trial.sync()
    trial.put("b1.ics", text)
    trial.sync()
    time.sleep(GRACE)
    trial.sync()
    assert trial.api.posts() == []
    assert start_of(trial.get("b1.ics")) == day(3, 10)


def test_a_booking_that_moved_meanwhile_is_not_cancelled_but_its_event_put_back(trial: Trial) -> None:
    synced(trial, 2)
    trial.delete("b1.ics")
    trial.sync()
    trial.api.appointments["b1"].start = day(4, 15)
    time.sleep(GRACE)
    trial.sync()
    trial.sync()
    assert trial.api.posts() == []
    assert start_of(trial.get("b1.ics")) == day(4, 15)


def test_a_calendar_that_lost_all_its_events_cancels_nothing(trial: Trial) -> None:
    synced(trial, 4)
    for name in trial.etags():
        trial.delete(name)
    trial.sync(code=1)
    time.sleep(GRACE)
    trial.run("sync")
    trial.run("sync")
    assert trial.api.posts() == []
    assert len(trial.etags()) == 4


@EVERY_SERVER
def test_a_lost_database_is_rebuilt_without_a_duplicate_and_without_a_cancellation(trial: Trial) -> None:
    synced(trial, 6)
    before = trial.etags()
    text = trial.get("b2.ics")
    trial.put("b2.ics", text.replace("SUMMARY:", "SUMMARY:VIP "))
    trial.delete("b4.ics")
    for file in trial.folder.glob("state.db*"):
        file.unlink()
    trial.sync()
    after = trial.etags()
    assert set(after) == set(before)
    assert value(trial.get("b2.ics"), "SUMMARY").startswith("VIP ")
    time.sleep(GRACE)
    trial.sync()
    assert trial.etags() == after
    assert trial.api.posts() == []


def test_a_list_that_comes_back_empty_removes_nothing(trial: Trial) -> None:
    synced(trial, 8)
    before = trial.etags()
    trial.api.fail("empty", "GET", "/appointments", times=1)
    trial.run("sync")
    trial.sync()
    assert trial.etags() == before
    assert trial.api.posts() == []


def test_an_api_that_forgot_every_booking_removes_nothing(trial: Trial) -> None:
    synced(trial, 8)
    before = trial.etags()
    kept = dict(trial.api.appointments)
    trial.api.appointments.clear()
    trial.run("sync")
    time.sleep(GRACE)
    trial.run("sync")
    assert set(trial.etags()) == set(before)
    trial.api.appointments.update(kept)
    trial.run("sync")
    assert set(trial.etags()) == set(before)
    assert trial.api.posts() == []


def test_an_event_moved_to_another_calendar_of_the_account_is_not_cancelled(trial: Trial) -> None:
    synced(trial, 2)
    text = trial.get("b1.ics")
    trial.delete("b1.ics")
    elsewhere = urljoin(trial.server.calendar_url, "b1-moved.ics")
    send(trial.server, "PUT", elsewhere, text.replace("\n", "\r\n"), {"Content-Type": "text/calendar"})
    try:
        trial.run("sync")
        time.sleep(GRACE)
        trial.run("sync")
        trial.run("sync")
        assert trial.api.posts() == []
    finally:
        send(trial.server, "DELETE", elsewhere)
