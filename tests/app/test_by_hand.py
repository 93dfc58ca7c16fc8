"""`book`, `reschedule`, `cancel`, `import`: beside a daemon and without one, each in a process of its own."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syncd.app.commands.wishes import read_name
from syncd.sandbox import Fault, Kind
from syncd.state.lock import DaemonLock
from syncd.state.store import Store
from tests.acceptance.stable import Stable
from tests.app.counter import APPOINTMENTS, BOOK, EMAIL, Counter, counter, daemon, soon
from tests.servers import Server

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def stable() -> Iterator[Stable]:
    with Stable() as one:
        yield one


@pytest.fixture(params=["alone", "beside a daemon"])
def desk(server: Server, tmp_path: Path, stable: Stable, request: pytest.FixtureRequest) -> Iterator[Counter]:
    with counter(server, tmp_path, stable, beside=request.param != "alone") as made:
        yield made


@pytest.fixture
def alone(server: Server, tmp_path: Path, stable: Stable) -> Iterator[Counter]:
    with counter(server, tmp_path, stable, beside=False) as made:
        yield made


def letters(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def test_every_flow_of_the_vendors_examples_one_after_the_other(desk: Counter) -> None:
    """Token, places, services, slots, hold and confirm, reschedule, cancel; the calendar follows each."""
    place = desk.run("locations", "--json").json[0]["id"]
    service = next(each for each in desk.run("services", "--json").json if place in each["location_ids"])["id"]
    of = ("--service", service, "--location", place)
    slots = desk.run("slots", *of, "--date", f"{desk.at(2, 10):%Y-%m-%d}", "--json").json
    first, second = slots[0]["start_time"], slots[-1]["start_time"]

    whom = ("--name", "Dana Lee", "--email", EMAIL)
    booked = desk.run("book", *of, *whom, "--time", first, "--json")
    assert booked.code == 0, booked.err
    booking_id = booked.json["booking_id"]
    assert booked.json == {
        "booking_id": booking_id,
        "service_id": service,
        "location_id": place,
        "start_time": first,
        "end_time": slots[0]["end_time"],
        "status": "confirmed",
        "contact_name": "Dana Lee",
        "contact_email": EMAIL,
        "contact_phone": "",
        "notes": "",
        "staff_name": booked.json["staff_name"],
        "updated_at": booked.json["updated_at"],
    }
    assert letters(desk.salon.find(booking_id).start) == first
    assert "Dana Lee" in desk.event(booking_id)
    assert first not in [each["start_time"] for each in desk.run("slots", *of, "--date", first[:10], "--json").json]

    moved = desk.run("reschedule", booking_id, second, "--json")
    assert (moved.code, moved.json["booking_id"], moved.json["start_time"]) == (0, booking_id, second)
    assert letters(desk.salon.find(booking_id).start) == second
    local = datetime.fromisoformat(second).astimezone(BERLIN)
    assert place == "loc_mitte"
    desk_has(desk, booking_id, f"DTSTART;TZID=Europe/Berlin:{local:%Y%m%dT%H%M%S}")

    cancelled = desk.run("cancel", booking_id, "--json")
    assert (cancelled.code, cancelled.json["booking_id"], cancelled.json["status"]) == (0, booking_id, "cancelled")
    assert desk.salon.find(booking_id).status == "cancelled"
    assert desk.gone(booking_id)

    assert [len(desk.spoken(verb)) for verb in ("hold", "confirm", "reschedule", "cancel")] == [1, 1, 1, 1]
    keys = [key for verb in ("hold", "confirm", "reschedule", "cancel") for key in desk.spoken(verb)]
    assert None not in keys
    assert len(set(keys)) == 4

    rows = [row for row in desk.run("log", booking_id, "--json").json if row["side"] == "zimun"]
    assert [(row["what"], row["why"], row["outcome"]) for row in rows] == [
        ("booking.held", "by_hand", "done"),
        ("booking.confirmed", "by_hand", "done"),
        ("booking.rescheduled", "by_hand", "done"),
        ("booking.cancelled", "by_hand", "done"),
    ]
    told = desk.run("log", booking_id).out
    assert "booked in Zimun" in told
    assert "you asked for it in the shell" in told


def desk_has(desk: Counter, booking_id: str, line: str) -> None:
    soon(lambda: line in desk.event(booking_id))


def test_a_person_is_told_in_words_on_the_clock_of_the_place(desk: Counter) -> None:
    start = desk.at(2, 10)
    local = start.astimezone(BERLIN)
    booked = desk.run(*BOOK, f"{local:%Y-%m-%dT%H:%M}")
    assert (booked.code, booked.err) == (0, "")
    (booking,) = desk.salon.appointments()
    assert (booking.start, booking.contact_email) == (start, EMAIL)
    assert booked.out.startswith(f"Booked: {booking.booking_id}, {local:%a %d %b}")
    assert booked.out.endswith(f"{local:%H:%M}.\n")

    later = local + timedelta(hours=2)
    moved = desk.run("reschedule", booking.booking_id, f"{later:%Y-%m-%d %H:%M}")
    assert moved.out.startswith(f"Rescheduled: {booking.booking_id}, {later:%a %d %b}"), moved.err
    assert desk.salon.find(booking.booking_id).start == start + timedelta(hours=2)
    again = desk.run("reschedule", booking.booking_id, f"{later:%Y-%m-%d %H:%M}")
    assert (again.code, again.out.startswith("It is at that time already: ")) == (0, True)
    assert desk.run("cancel", booking.booking_id).out == f"Cancelled: {booking.booking_id}.\n"
    assert desk.run("cancel", booking.booking_id).out == f"Cancelled already: {booking.booking_id}.\n"
    assert [len(desk.spoken(verb)) for verb in ("reschedule", "cancel")] == [1, 1]


def test_a_time_that_is_not_open_is_refused_with_the_nearest_that_are(desk: Counter) -> None:
    start = desk.at(2, 10)
    day = f"{start:%Y-%m-%d}"
    while letters(start) in [slot["start_time"] for slot in slots_of(desk, day)]:
        desk.salon.book("s_haircut", start, location_id="loc_mitte", name="Zed", email="zed@example.org")
    open_now = [slot["start_time"] for slot in slots_of(desk, day)]
    refused = desk.run(*BOOK, letters(start), "--json")
    assert refused.code == 1
    assert refused.json["error"] == "refused"
    assert refused.json["problems"] == ["the time could not be held: This time is already taken."]
    near = [slot["start_time"] for slot in refused.json["open_slots"]]
    distance = {each: abs(datetime.fromisoformat(each) - start) for each in open_now}
    assert near == sorted(sorted(open_now, key=lambda each: (distance[each], each))[:3])
    assert refused.json["open_slots"][0]["service_id"] == "s_haircut"

    told = desk.run(*BOOK, letters(start))
    assert (told.code, told.out) == (1, "")
    first, last = (datetime.fromisoformat(each).astimezone(BERLIN) for each in (near[0], near[-1]))
    assert f"Open nearby: {first:%a %d %b}" in told.err
    assert told.err.endswith(f"{last:%H:%M}.\n")

    mine = desk.run(*BOOK, near[0], "--json").json["booking_id"]
    move = desk.run("reschedule", mine, letters(start), "--json")
    assert (move.code, move.json["problems"]) == (1, ["This time is already taken."])
    assert len(move.json["open_slots"]) == 3
    assert letters(desk.salon.find(mine).start) == near[0]
    assert not [each for each in desk.salon.appointments() if each.status == "held"]


def slots_of(desk: Counter, day: str) -> list[dict[str, str]]:
    told = desk.run("slots", "--service", "s_haircut", "--location", "loc_mitte", "--date", day, "--json")
    return list(told.json)


def test_what_is_asked_twice_is_booked_once(desk: Counter) -> None:
    start = letters(desk.at(2, 10))
    first = desk.run(*BOOK, start, "--json")
    second = desk.run(*BOOK, start, "--json")
    assert (first.code, second.code) == (0, 0)
    assert first.json["booking_id"] == second.json["booking_id"]
    assert len(desk.salon.appointments()) == 1
    assert desk.run(*BOOK, start).out.startswith("Booked already: ")
    other = list(BOOK)
    other[other.index(EMAIL)] = "somebody@example.org"
    assert desk.run(*other, start, "--json").json["booking_id"] != first.json["booking_id"]


def test_a_booking_of_a_customer_can_be_moved_and_cancelled_by_hand(desk: Counter) -> None:
    """Also one that was dragged meanwhile: then both moved it, and Zimun's time counts."""
    booking_id = desk.book(2, 10)
    desk.run("sync")
    desk.event(booking_id)
    assert desk.run("reschedule", booking_id, letters(desk.at(3, 10))).code == 0
    desk_has(desk, booking_id, f"{desk.at(3, 10).astimezone(BERLIN):%Y%m%dT%H%M%S}")
    assert desk.run("cancel", booking_id).code == 0
    assert desk.gone(booking_id)


def test_nothing_of_the_customer_is_left_where_it_is_not_needed(desk: Counter) -> None:
    assert desk.run(*BOOK, letters(desk.at(2, 10))).code == 0
    assert desk.run(*BOOK, letters(desk.at(2, 1))).code == 1
    with Store.open(desk.folder / "state.db") as store:
        assert store._db.execute("SELECT count(*) FROM asks").fetchone() == (0,)
        for table in ("intents", "history", "cycles", "facts"):
            assert "Dana" not in str(store._db.execute(f"SELECT * FROM {table}").fetchall())
            assert EMAIL not in str(store._db.execute(f"SELECT * FROM {table}").fetchall())
    log = desk.folder / "daemon.log"
    assert not log.exists() or not {"Dana", EMAIL} & set(log.read_text().replace('"', " ").split())


BAD = {
    "unknown service": (("--service", "s_nobody"), "there are: "),
    "two places and none given": (("--location", None), "can be booked at several places: loc_"),
    "unknown place": (("--location", "loc_x"), "is not offered there"),
    "no time": (("--time", "tomorrow at nine"), "--time tomorrow at nine: no time that can be read; say 2026-"),
    "only a date": (("--time", "2027-02-03"), "no time that can be read"),
    "no such day": (("--time", "2027-02-30T10:00Z"), "there is no such time"),
    "not there in spring": (("--time", "2027-03-28T02:30"), "the clocks are put forward"),
    "twice in autumn": (("--time", "2027-10-31T02:30"), "say the offset too"),
    "no name": (("--name", "  "), "--name: "),
    "a name that turns the text around": (("--name", "Dana\u202eLee"), "--name: "),
    "a name of joiners alone": (("--name", "\u200c\u200d"), "--name: "),
    "no e-mail": (("--email", "dana at home"), "--email: that is no e-mail address"),
}


@pytest.mark.parametrize("name", ["مهدی\u200cزاده", "Mo 👩\u200d👧"])
def test_a_name_may_hold_what_joins_its_letters(name: str) -> None:
    assert read_name(f" {name}  Lee ") == f"{name} Lee"


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_meant_is_wrong_usage_and_nobody_is_asked(alone: Counter, what: str) -> None:
    (option, value), told = BAD[what]
    words = [*BOOK, letters(alone.at(2, 10))]
    at = words.index(option)
    words[at : at + 2] = [] if value is None else [option, value]
    ended = alone.run(*words)
    assert (ended.code, ended.out) == (2, ""), ended.err
    assert told in ended.err
    assert "dana at home" not in ended.err
    assert not [call for call in alone.api.calls if call.path.startswith("/api/v1/appointments")]
    assert not list(alone.folder.glob("state.db*"))


def test_the_past_and_what_nobody_knows_are_refused(desk: Counter) -> None:
    past = desk.run(*BOOK, letters(datetime.now(UTC) - timedelta(days=1)), "--json")
    assert (past.code, past.json["problems"]) == (1, ["that time is past"])
    for words in (("reschedule", "b_none", letters(desk.at(2, 10))), ("cancel", "b_none"), ("import", "b_none")):
        ended = desk.run(*words)
        assert (ended.code, ended.out) == (1, "")
        assert "Zimun knows no such booking" in ended.err
    # each cycle lists a week: the coming Monday, and on a Monday the Wednesday before that
    day = 0 if datetime.now(UTC).weekday() else -5
    mine = desk.book(day, 10)
    ended = desk.run("reschedule", mine, letters(datetime.now(UTC) - timedelta(hours=1)))
    assert (ended.code, ended.err) == (1, "syncd: that time is past\n")
    soon(lambda: "event created" in desk.run("log", mine).out)
    ended = desk.run("reschedule", "b_none", "2027-02-03T10:00")
    assert (ended.code, ended.err) == (1, "syncd: Zimun knows no such booking\n")
    assert desk.run("cancel", " ").code == 2
    assert not [key for verb in ("hold", "confirm") for key in desk.spoken(verb)]
    assert desk.salon.find(mine).start == desk.at(day, 10)


def test_where_no_call_tells_of_any_booking_the_offset_is_asked_for(alone: Counter) -> None:
    alone.book(2, 10)
    assert alone.run("sync").code == 0
    alone.api.faults.append(Fault("GET", f"{APPOINTMENTS}/", Kind.ANSWER, times=None, status=404))
    ended = alone.run("reschedule", "b_none", "2027-02-03T10:00")
    assert (ended.code, "say the time with its offset" in ended.err) == (2, True)


def test_what_has_begun_is_neither_moved_nor_cancelled(alone: Counter) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    staff = next(each for each in alone.salon.staff.values() if each.location_id == "loc_mitte")
    begun = alone.salon.place("s_haircut", now - timedelta(minutes=5), staff.id).booking_id
    for words in (("reschedule", begun, letters(alone.at(2, 10))), ("cancel", begun)):
        ended = alone.run(*words)
        assert (ended.code, ended.err) == (1, "syncd: it has already begun\n")
    assert not alone.spoken("reschedule")
    assert not alone.spoken("cancel")


def test_imported_bookings_are_taken_in_each_for_itself(desk: Counter) -> None:
    good, cancelled = desk.book(2, 10), desk.book(3, 10)
    desk.salon.cancel(cancelled)
    ended = desk.run("import", good, cancelled, "b_none", good, "--json")
    assert ended.code == 1
    assert [each["booking_id"] for each in ended.json] == [good, cancelled, "b_none"]
    assert ended.json[0]["contact_name"] == "Dana Lee"
    assert [each.get("error") for each in ended.json[1:]] == ["it is cancelled", "Zimun knows no such booking"]
    desk.event(good)
    told = desk.run("import", good)
    assert (told.code, told.out) == (0, f"Imported: {good}.\n")
    assert desk.run("log", good, "--json").json[0]["what"] == "booking.imported"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_is_interrupted_before_it_was_begun_is_taken_back(alone: Counter, number: signal.Signals) -> None:
    """No daemon that comes later does it."""
    is_taken_back(alone, number, *BOOK, letters(alone.at(2, 10)))
    assert alone.run("sync").code == 0
    assert not alone.spoken("hold")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_so_is_an_approval(alone: Counter, number: signal.Signals) -> None:
    booking_id = asked_about(alone)
    is_taken_back(alone, number, "approve", booking_id)
    assert alone.run("sync").code == 1, "it still awaits"
    assert alone.salon.find(booking_id).status == "confirmed"


@pytest.mark.parametrize("beside", [False, True])
def test_an_approval_ends_with_the_code_of_its_cycle(alone: Counter, *, beside: bool) -> None:
    booking_id = asked_about(alone)
    with daemon(alone) if beside else contextlib.nullcontext():
        alone.api.faults.append(
            Fault("POST", "/api/v1/appointments/cancel", Kind.ANSWER, times=None, status=502, body="")
        )
        ended = alone.run("approve", booking_id)
        assert ended.code != 0, ended.out
        assert ended.out.startswith(f"Approved: {booking_id}")


def is_taken_back(desk: Counter, number: signal.Signals, *words: str) -> None:
    """Beside a daemon that does not come to it the command is ended by that signal, and leaves nothing behind."""
    lock = DaemonLock(desk.folder / "state.db")
    with Store.open(desk.folder / "state.db") as store:
        lock.acquire()
        waiting = subprocess.Popen(
            [sys.executable, "-m", "syncd", *words], stderr=subprocess.PIPE,
            env={**os.environ, "SYNCD_CONFIG": str(desk.config)},
        )  # fmt: skip
        soon(store.undecided)
        waiting.send_signal(number)
        _, err = waiting.communicate(timeout=30)
        assert (waiting.returncode, err) == (128 + number, b"")
        assert store.undecided() == []
        lock.release()


def asked_about(desk: Counter) -> str:
    """A booking whose deletion awaits a word."""
    desk.edit("[state]", 'deletions = "ask"\ncancel_grace_seconds = 0\n[state]')
    booking_id = desk.book(2, 10)
    desk.run("sync")
    desk.delete(booking_id)
    desk.run("sync")
    assert desk.run("status", "--json").json["awaiting"]
    return booking_id


def test_it_is_booked_also_while_the_calendar_is_down(alone: Counter) -> None:
    alone.edit(alone.dav.calendar_url, "http://127.0.0.1:9/bookings/")
    alone.edit(f'url = "{alone.dav.url}"', 'url = "http://127.0.0.1:9/"')
    booked = alone.run(*BOOK, letters(alone.at(2, 10)), "--json")
    assert booked.code == 0, booked.err
    booking_id = booked.json["booking_id"]
    assert booked.json["contact_email"] == EMAIL
    alone.edit("http://127.0.0.1:9/bookings/", alone.dav.calendar_url)
    alone.edit('url = "http://127.0.0.1:9/"', f'url = "{alone.dav.url}"')
    assert alone.run("sync").code == 0
    assert "Dana Lee" in alone.event(booking_id)


def test_with_zimun_down_or_a_wrong_secret_nothing_is_kept_for_later(alone: Counter) -> None:
    words = (("cancel", "b_1"), ("reschedule", "b_1", "2027-02-03T10:00Z"), ("import", "b_1"))
    alone.edit("sandbox-secret", "another-secret")
    assert alone.run(*BOOK, letters(alone.at(2, 10))).code == 77
    assert [alone.run(*each).code for each in words] == [77, 77, 77]
    alone.edit(alone.api.url, "http://127.0.0.1:9")
    with Store.open(alone.folder / "state.db") as store:
        assert store._db.execute("SELECT count(*) FROM asks").fetchone() == (0,)
    for file in alone.folder.glob("state.db*"):
        file.unlink()
    assert alone.run(*BOOK, letters(alone.at(2, 10))).code == 75
    ended = alone.run("cancel", "b_1", "--json")
    assert (ended.code, ended.json["error"]) == (75, "side")
    assert ended.json["problems"][0].startswith("nothing was done: ")
