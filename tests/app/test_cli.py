"""The commands against real servers, each in a process of its own: what they print, how they end, what they leave."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncd.state.history import CycleSummary
from syncd.state.lock import CycleLock, DaemonLock
from syncd.state.store import Store
from tests.app.salon import CUSTOMER, Desk, desk_of
from tests.servers import Server


@pytest.fixture
def desk(server: Server, tmp_path: Path) -> Iterator[Desk]:
    with desk_of(server, tmp_path) as made:
        yield made


def test_plan_tells_what_sync_then_does_and_leaves_no_trace(desk: Desk) -> None:
    booking_id = desk.book(2, 10)
    planned = desk.run("plan", "--json")
    assert planned.code == 0, planned.err
    assert [(each["booking_id"], each["action"]) for each in planned.json["actions"]] == [(booking_id, "create")]
    assert planned.json["actions"][0]["start_time"] == f"{desk.at(2, 10):%Y-%m-%dT%H:%M:%SZ}"
    assert not list(desk.folder.glob("state.db*"))
    told = desk.run("plan")
    assert booking_id in told.out
    assert "create event" in told.out

    synced = desk.run("sync", "--json")
    assert (synced.code, synced.json["counts"]["created"]) == (0, 1)
    assert desk.run("plan").out == "Nothing to do.\n"
    assert desk.run("sync").out == "1 bookings, nothing to do.\n"


def test_plan_tells_of_a_move_from_where_to_where(desk: Desk) -> None:
    booking_id = desk.book(2, 10)
    desk.run("sync")
    desk.drag(booking_id, timedelta(hours=2))
    [move] = desk.run("plan", "--json").json["actions"]
    assert (move["action"], move["side"]) == ("reschedule", "zimun")
    assert move["from_start_time"] == f"{desk.at(2, 10):%Y-%m-%dT%H:%M:%SZ}"
    assert move["start_time"] == f"{desk.at(2, 12):%Y-%m-%dT%H:%M:%SZ}"
    assert desk.salon.find(booking_id).start == desk.at(2, 10)


def test_a_refused_move_ends_with_1_and_status_and_log_say_why(desk: Desk) -> None:
    booking_id = desk.book(2, 10)
    desk.run("sync")
    desk.drag(booking_id, timedelta(hours=13))
    assert desk.run("sync").code == 1
    status = desk.run("status")
    assert status.code == 0
    assert "the time asked for is not open" in status.out
    [refused] = desk.run("status", "--json").json["refused"]
    assert (refused["booking_id"], refused["why"]) == (booking_id, "not_open")
    assert refused["asked_start_time"] == f"{desk.at(2, 23):%Y-%m-%dT%H:%M:%SZ}"
    rows = desk.run("log", booking_id, "--json").json
    assert rows[0]["what"] == "event.created"
    assert rows[-1]["why"] == "move_refused"
    assert len(desk.run("log", "--limit", "1", "--json").json) == 1
    assert desk.run("log", "b_of_nobody").out.startswith("Nothing is known of this booking.")


def test_the_log_tells_a_bookings_whole_story(desk: Desk) -> None:
    booking_id, other = desk.book(2, 10), desk.book(3, 10)
    desk.run("sync")
    desk.salon.move(booking_id, desk.at(2, 11))
    desk.run("sync")
    desk.drag(booking_id, timedelta(hours=1))
    desk.run("sync")
    desk.drag(booking_id, timedelta(hours=11))
    desk.run("sync")
    desk.retitle(booking_id, "A title of the staff's own")
    desk.run("sync")
    desk.delete(booking_id)
    desk.run("sync")
    ten, eleven, noon, night = (f"{desk.at(2, hour):%Y-%m-%dT%H:%MZ}" for hour in (10, 11, 12, 23))
    rows = [
        (row["side"], row["what"], row["why"], row["outcome"], row["detail"])
        for row in desk.run("log", booking_id, "--json").json
        if row["why"] != "booking_changed"  # a move may bring other staff, and so other texts
    ]
    calendar = desk.dav.calendar_url.rstrip("/").rsplit("/", 1)[-1]
    assert rows == [
        ("calendar", "event.created", "new", "done", f"{ten}; in {calendar}"),
        ("calendar", "event.updated", "booking_moved", "done", f"{ten} -> {eleven}"),
        ("zimun", "booking.rescheduled", "event_moved", "done", f"{eleven} -> {noon}; in {calendar}"),
        ("calendar", "event.updated", "move_refused", "done", f"{noon}; told not_open, asked for {night}"),
        ("syncd", "link.recorded", "event_edited", "done", noon),
        ("syncd", "link.recorded", "grace_begun", "done", noon),
    ]
    told = desk.run("log", booking_id)
    assert other not in told.out
    assert booking_id not in told.out
    lines = told.out.splitlines()
    assert "rescheduled in Zimun" in told.out
    assert "its event was moved" in next(line for line in lines if "rescheduled in Zimun" in line)
    refused = next(line for line in lines if "back to where the booking is" in line)
    assert "the event says: the time asked for is not open, asked for " in refused
    assert other in desk.run("log").out
    assert "staff's own" not in told.out


@pytest.mark.parametrize(("verb", "status"), [("approve", "cancelled"), ("reject", "confirmed")])
def test_what_awaits_is_listed_and_decided(desk: Desk, verb: str, status: str) -> None:
    desk.config.write_text(desk.config.read_text() + '[sync]\ndeletions = "ask"\ncancel_grace_seconds = 0\n')
    booking_id = desk.book(2, 10)
    desk.run("sync")
    desk.delete(booking_id)
    desk.run("sync")
    asked = desk.run("sync", "--json")
    assert asked.code == 1, asked.out
    [item] = asked.json["awaiting"]
    assert (item["booking_id"], item["kind"]) == (booking_id, "cancel")
    assert booking_id in desk.run("status").out
    other = desk.run(verb, "b_of_nobody")
    assert (other.code, other.out) == (1, "Nothing awaits for b_of_nobody.\n")
    decided = desk.run(verb, booking_id, "b_of_nobody")
    assert decided.code == 1
    assert "b_of_nobody" in decided.out
    assert desk.salon.find(booking_id).status == status
    assert desk.run(verb).out == "Nothing awaits approval.\n"


def test_status_before_the_first_cycle_is_kind_and_makes_no_store(desk: Desk) -> None:
    assert desk.run("status").out.startswith("Nothing yet")
    assert desk.run("status").code == 0
    assert desk.run("status", "--max-age", "60").code == 1
    assert desk.run("status", "--json").json["cycles"] == []
    assert desk.run("log", "--json").json == []
    assert desk.run("approve").code == 0
    assert not list(desk.folder.glob("state.db*"))


def test_status_judges_the_age_of_the_last_good_cycle_and_sees_the_daemon(desk: Desk) -> None:
    desk.run("sync")
    assert desk.run("status", "--max-age", "600").code == 0
    desk.edit(f"u/{desk.folder.name}", "u/nowhere")
    failed = desk.run("sync")
    assert failed.code == 1
    assert "there is no calendar" in failed.out
    status = desk.run("status", "--json").json
    assert [row["outcome"] for row in status["cycles"]] == ["failed", "good"]
    assert list(status["sides"].values()) != []
    assert not status["daemon"]
    with DaemonLock(desk.folder / "state.db"):
        assert desk.run("status", "--json").json["daemon"]


@pytest.mark.parametrize(
    ("ahead", "code"), [(timedelta(minutes=4), 0), (timedelta(minutes=6), 1), (timedelta(days=300), 1)]
)
def test_a_good_cycle_that_lies_far_ahead_says_nothing_of_today(desk: Desk, ahead: timedelta, code: int) -> None:
    """By a clock that was wrong; what came after the clock was set right may have stood still for long."""
    with Store.open(desk.folder / "state.db") as store:
        at = datetime.now(UTC) + ahead
        store.end_cycle(store.begin_cycle(at), at, CycleSummary("good"))
    status = desk.run("status", "--max-age", "600")
    assert status.code == code
    assert ("by a clock that was wrong" in status.out) is bool(code)


def test_a_side_that_is_down_ends_with_75_and_refused_credentials_with_77(desk: Desk) -> None:
    desk.edit('"sandbox-secret"', '"wrong"')
    assert [desk.run(name).code for name in ("plan", "check", "sync")] == [77, 77, 77]
    for file in desk.folder.glob("state.db*"):
        # bound to the address that is changed now
        file.unlink()
    desk.edit(desk.api.url, "http://127.0.0.1:9")
    assert [desk.run(name).code for name in ("plan", "check", "sync")] == [75, 75, 75]


def test_nothing_of_a_customer_is_printed(desk: Desk) -> None:
    desk.book(2, 10)
    outs = [desk.run(*words).out for words in (["plan"], ["sync"], ["check"], ["status"], ["log"])]
    outs += [desk.run(*words, "--json").out for words in (["plan"], ["sync"], ["check"], ["status"], ["log"])]
    assert all(outs)
    assert not [out for out in outs if CUSTOMER in out or "Dana" in out or "@example" in out]


def test_a_store_of_another_account_ends_with_78_and_says_what_to_do(desk: Desk) -> None:
    with Store.open(desk.folder / "state.db") as store:
        store.bind("https://api.example.org", "somebody-else")
    ended = desk.run("sync")
    assert ended.code == 78
    assert "put the config back" in ended.err
    assert ended.err.count("\n") == 1
    assert desk.run("check").code == 78


def test_a_cycle_that_was_killed_is_not_told_to_run(desk: Desk) -> None:
    path = desk.folder / "state.db"
    with Store.open(path) as store:
        store.begin_cycle(datetime.now(UTC))
    told = desk.run("status").out
    assert "killed" in told
    assert "the next cycle goes on from there" in " ".join(told.split())
    with CycleLock(path):
        told = desk.run("status").out
    assert "running" in told.split("Last cycles")[1]
    assert "killed" not in told
