"""`syncd log` read a month later: why is this booking where it is, and who said so?"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncd.app.commands.phrases import OUTCOMES, happened
from syncd.app.running import _REACHED
from syncd.domain.actions import Record, Why
from syncd.domain.ids import BookingId
from syncd.domain.link import Awaiting, AwaitKind, Decision
from syncd.sandbox import Fault, Kind
from syncd.state.history import _WHAT
from syncd.state.store import Store
from tests.app.salon import Desk, desk_of
from tests.servers import Server
from tests.state.values import NOW, START, link, remember

RESCHEDULE = "/api/v1/appointments/reschedule"
ASKED = '[sync]\ndeletions = "ask"\ncancel_grace_seconds = 0\n'
HOUR = timedelta(hours=1)
SECONDS = 60


@pytest.fixture
def desk(server: Server, tmp_path: Path) -> Iterator[Desk]:
    with desk_of(server, tmp_path) as made:
        yield made


def told(desk: Desk, *words: str, **env: str) -> list[str]:
    """The lines of the log under its headings, each column apart by two blanks."""
    return desk.run("log", *words, **env).out.splitlines()[1:]


def ask(desk: Desk) -> str:
    """A deletion that is asked about: the booking."""
    desk.config.write_text(desk.config.read_text() + ASKED)
    booking_id = desk.book(2, 10)
    desk.run("sync")
    desk.delete(booking_id)
    desk.run("sync")
    assert desk.run("status", "--json").json["awaiting"]
    return booking_id


def test_a_question_and_its_answer_in_the_shell_are_told(desk: Desk) -> None:
    booking_id = ask(desk)
    assert desk.run("approve", booking_id).code == 0
    created, asked, cancelled, removed = told(desk, booking_id)
    assert "event created" in created
    assert "new booking" in created
    assert "event put back" in asked
    assert "its event was deleted; cancelling it awaits approval" in asked
    assert "the event says: delete it again to cancel the booking" in asked
    assert "cancelled in Zimun" in cancelled
    assert "you approved it" in cancelled
    assert "event removed" in removed


def test_a_question_that_was_rejected_is_told(desk: Desk) -> None:
    booking_id = ask(desk)
    assert desk.run("reject", booking_id).code == 0
    assert any("you rejected it" in line for line in told(desk, booking_id))
    assert desk.salon.find(booking_id).status == "confirmed"


def test_a_question_that_was_answered_by_a_second_deletion_is_told(desk: Desk) -> None:
    booking_id = ask(desk)
    desk.run("sync")
    desk.delete(booking_id)
    desk.run("sync")
    desk.run("sync")
    begun, cancelled, closed = told(desk, booking_id)[-3:]
    assert "its event was deleted; the grace period begins" in begun
    assert "cancelled in Zimun" in cancelled
    assert "asked, and deleted again" in cancelled
    assert "closed" in closed


def test_an_outage_is_told_once_with_how_often_and_until_when(desk: Desk) -> None:
    booking_id = desk.book(2, 10)
    desk.run("sync")
    desk.api.faults.append(Fault("POST", RESCHEDULE, Kind.LOSE_REQUEST, times=None))
    desk.drag(booking_id, 2 * HOUR)
    for _ in range(4):
        assert desk.run("sync").code == 75
    desk.api.faults.clear()
    desk.run("sync")
    _created, asked, looked, moved, *_staff = told(desk, booking_id)
    assert "reschedule in Zimun: no answer" in asked
    assert "again 3 times, the last time " in asked
    assert "reschedule in Zimun: not done" in looked
    assert "found out by looking; again 3 times, the last time " in looked
    assert "rescheduled in Zimun" in moved
    assert desk.salon.find(booking_id).start == desk.at(2, 12)
    # programs are told each
    outcomes = [row["outcome"] for row in desk.run("log", booking_id, "--json").json]
    assert (outcomes.count("unknown"), outcomes.count("dropped")) == (4, 4)


def test_what_was_done_is_told_each_time_however_alike(desk: Desk) -> None:
    booking_id = desk.book(2, 10)
    desk.run("sync")
    for by in (HOUR, -HOUR, HOUR):
        desk.drag(booking_id, by)
        desk.run("sync")
    assert len([line for line in told(desk, booking_id) if "rescheduled in Zimun" in line]) == 3


def test_starts_are_on_the_clock_of_the_place_and_what_was_done_on_this_machines(desk: Desk) -> None:
    booking_id = desk.book(2, 10)
    desk.run("sync")
    desk.drag(booking_id, 13 * HOUR)
    desk.run("sync")
    created, refused = told(desk, booking_id, TZ="Pacific/Auckland")
    hour = desk.salon.find(booking_id).start.astimezone(desk.salon.locations["loc_mitte"].zone).hour
    assert f" {hour}:00  " in created
    asked = desk.at(2, 23).astimezone(desk.salon.locations["loc_mitte"].zone)
    assert f"asked for {asked:%a %d %b}" in refused
    assert f"{asked:%H:%M}" in refused
    utc, auckland = (line.split("  ")[0] for line in (told(desk, booking_id, TZ="UTC")[0], created))
    assert utc != auckland


def test_a_start_at_a_place_that_nobody_knows_is_in_utc_and_says_so(desk: Desk) -> None:
    story_of(desk, "request-1", [HOUR])
    (row,) = told(desk, "request-1", TZ="Pacific/Auckland")
    assert f"{START:%a %d %b %H:%M} UTC" in row


def test_an_event_whose_app_writes_its_time_in_utc_is_on_the_clock_of_its_place(desk: Desk) -> None:
    booking_id = desk.book(2, 10)
    desk.run("sync")
    with Store.open(desk.folder / "state.db") as store:
        known = store.links()[BookingId(booking_id)]
        store.save_link(replace(known, start=replace(known.start, tzid="")))
    assert "UTC" not in told(desk, booking_id)[0]


def test_what_a_person_said_no_to_has_not_lapsed(desk: Desk) -> None:
    rejected = Awaiting(AwaitKind.REROUTE, NOW, link().booking, decision=Decision.REJECTED)
    with Store.open(desk.folder / "state.db") as store:
        cycle = store.begin_cycle(NOW)
        store.journal([Record(BookingId("b1"), Why.NEW, replace(link(), awaiting=rejected))], cycle, NOW)
        store.journal([remember("b1", Why.APPROVAL_LAPSED)], cycle, NOW)
    row = told(desk, "b1")[-1]
    assert "you rejected it" in row
    assert "lapsed" not in row


def story_of(desk: Desk, name: str, ages: list[timedelta]) -> None:
    """Rows of one booking, so old."""
    with Store.open(desk.folder / "state.db") as store:
        cycle = store.begin_cycle(datetime.now(UTC))
        for age in ages:
            store.journal([remember(name)], cycle, datetime.now(UTC) - age)


@pytest.mark.parametrize("what", sorted({what for side, what in _WHAT.values() if side != "syncd"}))
def test_all_that_is_tried_is_told_in_words(what: str) -> None:
    for outcome in OUTCOMES:
        assert what not in happened(what, "", outcome)


def test_of_one_booking_the_whole_story_is_told_of_all_the_newest(desk: Desk) -> None:
    story_of(desk, "b_long", [timedelta(minutes=90 - n) for n in range(80)])
    assert len(told(desk, "b_long")) == 80
    assert len(told(desk)) == 50
    assert len(told(desk, "b_long", "-n", "3")) == len(told(desk, "-n", "3")) == 3


def test_what_is_older_than_the_config_says_is_gone_and_the_log_says_why(desk: Desk) -> None:
    story_of(desk, "b_old", [timedelta(days=9)])
    story_of(desk, "b_young", [timedelta(days=10), timedelta(days=6)])
    yesterday = datetime.now(UTC) - timedelta(hours=25)
    with Store.open(desk.folder / "state.db") as store:
        store.set_fact(_REACHED, json.dumps((yesterday.isoformat(), "the boot before", 0)))
    desk.edit('path = "state.db"', 'path = "state.db"\nhistory_days = 7')
    assert (len(told(desk, "b_old")), len(told(desk, "b_young"))) == (1, 2)
    env = {key: value for key, value in os.environ.items() if not key.startswith(("SYNCD_", "ZIMUN_"))}
    daemon = subprocess.Popen(
        [sys.executable, "-m", "syncd", "run"], env=env | {"SYNCD_CONFIG": str(desk.config)}, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + SECONDS
        with Store.open(desk.folder / "state.db") as store:
            while len(store.history(None, 9)) > 1:
                assert time.monotonic() < until
                assert daemon.poll() is None
                time.sleep(0.1)
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(SECONDS)
    assert desk.run("log", "b_old").out == (
        "Nothing is known of this booking. What is older than 7 days is not kept.\n"
    )
    assert len(told(desk, "b_young")) == 1
