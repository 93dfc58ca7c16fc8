"""`locations`, `services`, `slots`: what Zimun offers, for people and for programs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.app.salon import Desk, sandbox
from tests.servers import Server


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """No calendar server runs: none of these asks for one."""
    nowhere = Server("http://127.0.0.1:9/", "http://127.0.0.1:9/bookings/", "http://127.0.0.1:9/", "u", "p", "none")
    with sandbox() as (api, loop):
        made = Desk(tmp_path, replace(nowhere), api, loop)
        made.write_config()
        yield made


def test_places_and_services_are_listed_with_the_apis_own_names(desk: Desk) -> None:
    places = desk.run("locations", "--json")
    assert places.code == 0, places.err
    mitte = next(place for place in places.json if place["id"] == "loc_mitte")
    assert (mitte["timezone"], set(mitte)) == ("Europe/Berlin", {"id", "name", "timezone", "address"})
    services = desk.run("services", "--json").json
    haircut = next(service for service in services if service["id"] == "s_haircut")
    assert set(haircut) == {"id", "name", "duration_minutes", "location_ids"}
    assert haircut["duration_minutes"] == 45
    assert "loc_mitte" in haircut["location_ids"]
    assert "Europe/Berlin" in desk.run("locations").out
    table = desk.run("services").out
    assert all(service["name"] in table and service["id"] in table for service in services)
    assert not list(desk.folder.glob("state.db*"))


def test_slots_are_those_that_can_be_booked(desk: Desk) -> None:
    day = desk.at(2, 10)
    told = ["slots", "--service", "s_haircut", "--date", f"{day:%Y-%m-%d}", "--location", "loc_mitte"]
    before = desk.run(*told, "--json")
    assert before.code == 0, before.err
    starts = [slot["start_time"] for slot in before.json]
    assert f"{day:%Y-%m-%dT%H:%M:%SZ}" in starts
    assert starts == sorted(starts)
    while f"{day:%Y-%m-%dT%H:%M:%SZ}" in starts:
        desk.book(2, 10)
        starts = [slot["start_time"] for slot in desk.run(*told, "--json").json]
    assert starts
    table = desk.run(*told).out
    assert starts[0] in table
    hours = {line.split()[3] for line in table.splitlines()[1:]}
    assert f"{day.astimezone(ZoneInfo('Europe/Berlin')):%H:%M}" not in hours
    assert len(hours) == len(starts)


def test_a_day_without_slots_says_so(desk: Desk) -> None:
    sunday = desk.at(6, 10)
    told = ["slots", "--service", "s_haircut", "--date", f"{sunday:%Y-%m-%d}", "--location", "loc_mitte"]
    assert desk.run(*told).out == f"Nothing is open on {sunday:%Y-%m-%d}.\n"
    assert desk.run(*told, "--json").json == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--service", "s_nobody"), "--service s_nobody: Zimun has no such service; there are: "),
        (("--service", "s_haircut"), "--location: s_haircut can be booked at several places: loc_"),
        (("--service", "s_haircut", "--location", "loc_x"), "--location loc_x: s_haircut is not offered there, but at"),
        (("--service", "s_haircut", "--date", "24.11.2026"), "24.11.2026"),
    ],
)
def test_what_cannot_be_asked_is_wrong_usage(desk: Desk, words: tuple[str, ...], told: str) -> None:
    date = () if "--date" in words else ("--date", f"{desk.at(2, 10):%Y-%m-%d}")
    ended = desk.run("slots", *words, *date)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err


def test_with_zimun_down_or_a_wrong_secret_they_end_as_every_command(desk: Desk) -> None:
    desk.edit("sandbox-secret", "another-secret")
    for words in (["locations"], ["services"], ["slots", "--service", "s_haircut", "--date", "2026-11-24"]):
        ended = desk.run(*words)
        assert ended.code == 77
        assert "another-secret" not in ended.err
    desk.edit(desk.api.url, "http://127.0.0.1:9")
    assert desk.run("services", "--json").code == 75
