"""`syncd check` against real servers: each row by itself, what to do, and nothing written."""

import os
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from syncd.sandbox import Fault, Kind
from tests.app.salon import Desk, Ended, desk_of
from tests.servers import Server, make_calendar, send

NUMBERS = count(1)


@pytest.fixture
def desk(server: Server, tmp_path: Path) -> Iterator[Desk]:
    with desk_of(server, tmp_path, count=8) as made:
        yield made


def rows(ended: Ended, result: str) -> dict[str, Any]:
    return {row["name"]: row for row in ended.json["checks"] if row["result"] == result}


def listed(desk: Desk) -> str:
    """What stands in the calendar; an empty one was modified just now, by Radicale's word."""
    answer = send(desk.dav, "PROPFIND", desk.dav.calendar_url, headers={"Depth": "1"})[1]
    return re.sub(r"<getlastmodified>[^<]*<", "", answer)


def test_all_well_is_told_row_by_row_and_nothing_is_written(desk: Desk) -> None:
    before = listed(desk)
    ended = desk.run("check", "--json")
    assert ended.code == 0, ended.out
    assert {row["result"] for row in ended.json["checks"]} == {"ok"}
    names = [row["name"] for row in ended.json["checks"]]
    zimun = [
        "Zimun token",
        "Zimun locations",
        "Zimun services",
        "Zimun bookings",
        "Zimun one booking",
        "Zimun open slots",
    ]
    assert [name for name in names if name.startswith("Zimun")] == zimun
    assert f"Calendar {desk.dav.calendar_url}" in names
    assert {call.path for call in desk.api.calls if call.method == "POST"} == {"/oauth/token"}
    assert listed(desk) == before
    assert not list(desk.folder.glob("state.db*"))
    assert desk.run("check").out.endswith("All is well.\n")


def test_each_closed_call_has_a_row_of_its_own_and_the_others_go_on(desk: Desk) -> None:
    desk.api.faults.append(Fault("GET", "/api/v1/appointments", Kind.ANSWER, times=None, status=403))
    desk.api.faults.append(Fault("GET", "/api/v1/availability", Kind.ANSWER, times=None, status=403))
    ended = desk.run("check", "--json")
    assert ended.code == 1
    failed = rows(ended, "fail")
    assert set(failed) == {"Zimun open slots"}
    closed = rows(ended, "warn")["Zimun bookings"]
    assert "goes on with those it knows" in closed["advice"]
    assert "appointments:read" in closed["advice"]
    assert "availability:read" in failed["Zimun open slots"]["advice"]
    assert f"Calendar {desk.dav.calendar_url}" in rows(ended, "ok")


def test_a_look_up_by_id_that_is_closed_is_only_a_warning(desk: Desk) -> None:
    desk.api.faults.append(Fault("GET", "/api/v1/appointments/", Kind.ANSWER, times=None, status=403))
    ended = desk.run("check", "--json")
    assert ended.code == 0
    assert set(rows(ended, "warn")) == {"Zimun one booking"}


def test_refused_credentials_of_both_sides_are_both_told(desk: Desk) -> None:
    desk.edit('"sandbox-secret"', '"wrong"')
    desk.edit('password = "p"', 'password = "wrong"')
    ended = desk.run("check", "--json")
    assert ended.code == 77
    failed = rows(ended, "fail")
    assert {"Zimun token", "CalDAV u"} <= set(failed)
    assert "client_secret" in failed["Zimun token"]["advice"]
    assert "password" in failed["CalDAV u"]["advice"]


def test_a_calendar_name_that_is_not_there_ends_with_78_and_says_what_there_is(desk: Desk) -> None:
    desk.edit(f'url = "{desk.dav.calendar_url}"', 'name = "Bookings"')
    ended = desk.run("check", "--json")
    assert ended.code == 78
    assert "there are" in rows(ended, "fail")["Calendar Bookings"]["what"]
    assert desk.run("sync").code != 0


def test_bookings_that_belong_nowhere_and_strange_ids_are_named(desk: Desk) -> None:
    desk.edit("fallback = true", 'locations = ["loc_mittle"]')
    ended = desk.run("check", "--json")
    assert ended.code == 1
    told = [row["what"] for row in ended.json["checks"] if row["name"] == "Routing"]
    assert any("loc_mittle" in what for what in told)
    assert any("belong in no calendar" in what for what in told)


def test_secrets_in_a_file_that_others_can_read_are_warned_of(desk: Desk) -> None:
    desk.config.chmod(0o644)
    ended = desk.run("check", "--json")
    assert ended.code == 0
    assert "Config" in rows(ended, "warn")


def test_open_slots_further_ahead_than_bookings_are_warned_of(desk: Desk) -> None:
    desk.edit("[state]", "[availability]\ndays_ahead = 8\n[sync]\nfuture_days = 7\n[state]")
    assert "Config" not in rows(desk.run("check", "--json"), "warn")  # for none are shown
    desk.edit("[availability]", f'[availability]\ncalendar_url = "{desk.dav.home_url}open/"')
    assert "future_days" in rows(desk.run("check", "--json"), "warn")["Config"]["what"]
    desk.edit("days_ahead = 8", "days_ahead = 7")
    assert "Config" not in rows(desk.run("check", "--json"), "warn")


def test_a_calendar_that_is_gone_is_a_failure_of_its_row_alone(desk: Desk) -> None:
    send(desk.dav, "DELETE", desk.dav.calendar_url)
    ended = desk.run("check", "--json")
    assert ended.code == 1
    assert set(rows(ended, "fail")) == {f"Calendar {desk.dav.calendar_url}"}


def publishing(desk: Desk, url: str, days: int = 14) -> None:
    desk.edit("[state]", f'[availability]\ncalendar_url = "{url}"\ndays_ahead = {days}\n[state]')


def test_where_open_slots_are_published_it_tells_how_many_calls_that_takes(desk: Desk) -> None:
    url = make_calendar(desk.dav, f"open{next(NUMBERS)}")
    publishing(desk, url)
    ended = desk.run("check", "--json")
    assert ended.code == 0, ended.out
    told = rows(ended, "ok")
    assert told["Zimun calls for open slots"]["what"] == (
        "232 an hour, of 240 at most: 9 services by place, 15 days; today and tomorrow every 7.4 minutes; "
        "looks for moves, requests and nearby times, further pages and retries come on top"
    )
    assert told[f"Open slots {url}"]["what"].startswith("0 events")


def test_cycles_that_are_far_apart_make_fewer_calls(desk: Desk) -> None:
    publishing(desk, make_calendar(desk.dav, f"open{next(NUMBERS)}"))
    desk.edit("[state]", "[sync]\ninterval_seconds = 600\n[state]")
    told = rows(desk.run("check", "--json"), "ok")["Zimun calls for open slots"]["what"]
    assert told.startswith("48 an hour, of 240 at most: 9 services by place, 15 days; ")
    assert "; today and tomorrow every 49.4 minutes; " in told


def test_a_service_that_names_no_places_is_looked_up_at_one_of_them(desk: Desk) -> None:
    services = {"items": [{"id": "s_haircut", "name": "Haircut", "duration_minutes": 45}]}
    desk.api.faults.append(Fault("GET", "/api/v1/services", Kind.ANSWER, times=None, status=200, body=services))
    told = rows(desk.run("check", "--json"), "ok")["Zimun open slots"]["what"]
    assert told.endswith(" for s_haircut at loc_mitte")


def test_one_service_without_slots_to_tell_of_is_a_warning_and_all_of_them_a_failure(desk: Desk) -> None:
    gone = Fault("GET", "/api/v1/availability", Kind.ANSWER, times=1, status=404)
    desk.api.faults.append(gone)
    ended = desk.run("check", "--json")
    assert ended.code == 0
    first = min(desk.api.salon.services)
    assert f"404 for {first} at " in rows(ended, "warn")["Zimun open slots"]["what"]
    assert first not in rows(ended, "ok")["Zimun open slots"]["what"]
    gone.times = None
    ended = desk.run("check", "--json")
    assert ended.code == 1
    assert "availability:read" in rows(ended, "fail")["Zimun open slots"]["advice"]


def test_a_calendar_of_open_slots_that_is_not_there_is_a_failure_of_its_row_alone(desk: Desk) -> None:
    url = f"{desk.dav.calendar_url.rsplit('/', 2)[0]}/nowhere/"
    publishing(desk, url, days=0)
    ended = desk.run("check", "--json")
    assert ended.code == 1
    assert set(rows(ended, "fail")) == {f"Open slots {url}"}


def test_named_as_a_calendar_of_bookings_by_its_name_it_is_one_too_many(desk: Desk) -> None:
    """Only the server knows which calendar a name means."""
    url = desk.dav.calendar_url
    name = url.rstrip("/").rsplit("/", 1)[1]
    send(desk.dav, "PROPPATCH", url, NAMED.format(name))
    desk.edit(f'url = "{url}"', f'name = "{name}"')
    publishing(desk, url)
    assert set(rows(desk.run("check", "--json"), "fail")) == {f"Open slots {url}"}
    ended = desk.run("sync")
    assert ended.code == 78
    assert "availability.calendar_url" in ended.err + ended.out


NAMED = (
    '<d:propertyupdate xmlns:d="DAV:"><d:set><d:prop><d:displayname>{}</d:displayname></d:prop></d:set>'
    "</d:propertyupdate>"
)


def test_the_accounts_home_is_no_calendar_and_nothing_is_written_there(desk: Desk) -> None:
    """Radicale would make a calendar of each event that is put there."""
    desk.edit(f'url = "{desk.dav.calendar_url}"', f'url = "{desk.dav.home_url}"')
    ended = desk.run("check", "--json")
    assert ended.code == 78
    failed = rows(ended, "fail")
    assert set(failed) == {f"Calendar {desk.dav.home_url}"}
    told = failed[f"Calendar {desk.dav.home_url}"]["what"]
    assert "no calendar" in told
    assert f"({desk.dav.calendar_url})" in told
    before = send(desk.dav, "PROPFIND", desk.dav.home_url, headers={"Depth": "1"})[1].count("<href>")
    synced = desk.run("sync")
    assert synced.code == 78
    assert f"{desk.dav.home_url}: it is no calendar" in synced.out + synced.err
    assert send(desk.dav, "PROPFIND", desk.dav.home_url, headers={"Depth": "1"})[1].count("<href>") == before


def test_nor_do_open_slots_belong_there(desk: Desk) -> None:
    publishing(desk, desk.dav.home_url, days=0)
    ended = desk.run("check", "--json")
    assert ended.code == 78
    assert set(rows(ended, "fail")) == {f"Open slots {desk.dav.home_url}"}


def test_a_slip_in_an_address_is_told_with_the_calendars_that_are_there(desk: Desk) -> None:
    url = f"{desk.dav.home_url}nowhere/"
    desk.edit(f'url = "{desk.dav.calendar_url}"', f'url = "{url}"')
    told = rows(desk.run("check", "--json"), "fail")[f"Calendar {url}"]["what"]
    assert told.startswith(f"there is no calendar at {url}; there are: ")
    assert f"({desk.dav.calendar_url})" in told


def test_a_calendar_that_two_entries_name_is_counted_once(desk: Desk) -> None:
    url = desk.dav.calendar_url
    desk.edit("[state]", f'[[calendars]]\nurl = "{url}"\nlocations = ["loc_mitte"]\n[state]')
    (told,) = [row["what"] for row in desk.run("check", "--json").json["checks"] if row["name"] == "Routing"]
    assert told.startswith("all ")
    assert "have their calendar" in told


def test_bookings_that_need_no_event_are_told_apart(desk: Desk) -> None:
    desk.salon.cancel(desk.book(1, 10))
    (told,) = [row["what"] for row in desk.run("check", "--json").json["checks"] if row["name"] == "Routing"]
    assert told.endswith("; 1 more, cancelled or only held, need none")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_database_that_can_only_be_read_fails_and_no_daemon_begins(desk: Desk) -> None:
    assert desk.run("sync").code == 0
    (desk.folder / "state.db").chmod(0o400)
    ended = desk.run("check", "--json")
    assert ended.code == 78
    assert "read-only: let this user write the file" in rows(ended, "fail")["Store"]["what"]
    for command in ("sync", "run"):
        ended = desk.run(command)
        assert ended.code == 78
        assert "read-only: let this user write the file" in ended.err
