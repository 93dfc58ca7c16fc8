"""What the config promises about the events: a calendar by name, the language, what of the customer is shown."""

import os
import subprocess
import sys

import pytest

from tests.acceptance.api import CLIENT_SECRET
from tests.acceptance.trial import Trial, day, value
from tests.servers import make_calendar, send


def test_a_calendar_can_be_given_by_its_name(trial: Trial) -> None:
    named = make_calendar(trial.server, "by-name", "Termine & Café")
    try:
        trial.calendar_name, trial.calendar_url = "Termine & Café", named
        trial.api.add("b1", day(3, 10))
        trial.sync()
        assert set(trial.etags()) == {"b1.ics"}
    finally:
        send(trial.server, "DELETE", named)


def test_a_name_that_no_calendar_has_is_a_wrong_config(trial: Trial) -> None:
    trial.calendar_name = "Nowhere"
    done = trial.sync(code=78)
    assert "Nowhere" in done.out + done.err


def test_notes_are_german_where_asked_for(trial: Trial) -> None:
    trial.options["event"] = {"language": "de"}
    trial.api.add("b1", day(3, 10))
    trial.api.add("b2", day(3, 11))
    trial.sync()
    trial.drag("b1.ics", day(3, 11))
    trial.sync(code=1)
    note = value(trial.get("b1.ics"), "DESCRIPTION").split("\n")[0]
    assert note.startswith("⚠ ")
    assert "nicht" in note
    assert "11:00" in note


@pytest.mark.parametrize(
    ("contact", "name", "email"), [("full", True, True), ("name", True, False), ("none", False, False)]
)
def test_no_more_of_the_customer_is_shown_than_allowed(trial: Trial, contact: str, name: bool, email: bool) -> None:
    trial.options["event"] = {"contact": contact}
    trial.api.add("b1", day(3, 10), name="Grace Hopper", email="gh@example.com")
    trial.sync()
    text = trial.get("b1.ics")
    assert ("Hopper" in text) == name
    assert ("gh@example.com" in text) == email
    assert value(text, "SUMMARY").startswith("Schnitt & Föhnen")


def test_class_and_alarm_are_as_configured(trial: Trial) -> None:
    trial.options["event"] = {"class": "PRIVATE", "alarm_minutes": 45}
    trial.api.add("b1", day(3, 10))
    trial.sync()
    text = trial.get("b1.ics")
    assert value(text, "CLASS") == "PRIVATE"
    assert "TRIGGER:-PT45M" in text


def test_python_m_syncd_ends_with_the_same_codes(trial: Trial) -> None:
    """The one test in which the interpreter is started as by a shell."""
    command = [sys.executable, "-m", "syncd", "sync", "--config", str(trial.config())]
    env = os.environ | {"ZIMUN_CLIENT_SECRET": CLIENT_SECRET, "SYNCD_CALDAV_PASSWORD": "p"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert subprocess.run(command[:-1], env=env, capture_output=True, timeout=60, check=False).returncode == 2
