"""What events in the calendar ask for, from the shell: `status`, `approve`, `reject`, `plan` and `log` know it."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.app.salon import CUSTOMER, Desk, desk_of
from tests.loop.requesting import text
from tests.servers import Server, send


@pytest.fixture
def desk(server: Server, tmp_path: Path) -> Iterator[Desk]:
    with desk_of(server, tmp_path) as made:
        made.edit("fallback = true", 'fallback = true\ncreate_bookings = true\nlocations = ["loc_mitte"]')
        made.edit("[state]", "[sync]\nrequest_settle_seconds = 0\n[state]")
        yield made


def ask(desk: Desk, name: str, hour: int) -> None:
    event = text(f"Haircut – {CUSTOMER}", desk.at(2, hour), f"{name}@example.org", uid=name)
    send(desk.dav, "PUT", desk.url(name), event, {"Content-Type": "text/calendar; charset=utf-8"})


def is_there(desk: Desk, name: str) -> bool:
    try:
        send(desk.dav, "GET", desk.url(name))
    except HTTPError as error:
        return error.code != 404
    return True


def test_what_stood_there_awaits_and_what_is_new_is_booked(desk: Desk) -> None:
    for name, hour in (("one", 10), ("two", 12)):
        ask(desk, name, hour)
    synced = desk.run("sync", "--json")
    assert (synced.code, synced.json["counts"]["awaiting"]) == (1, 2)

    status = desk.run("status", "--json").json["awaiting"]
    assert [(each["booking_id"], each["kind"]) for each in status] == [("event-1", "request"), ("event-2", "request")]
    assert status[0]["start_time"] == f"{desk.at(2, 10):%Y-%m-%dT%H:%M:%SZ}"
    shown = desk.run("status").out
    assert "2 await approval" in shown
    assert "book what an event asks for" in shown
    assert CUSTOMER not in shown

    assert desk.run("approve", "event-9").code == 1
    approved = desk.run("approve", "event-1", "--json")
    assert approved.json["decided"] == ["event-1"]
    assert "approved: event-1" in approved.json["line"]
    (booking,) = desk.salon.appointments()
    assert (booking.contact_email, is_there(desk, "one"), is_there(desk, "two")) == ("one@example.org", False, True)
    assert desk.run("reject").code == 0
    assert desk.run("status", "--json").json["awaiting"] == []

    ask(desk, "three", 14)
    planned = desk.run("plan", "--json").json["actions"]
    assert [(each["booking_id"], each["action"], each["side"]) for each in planned] == [("event-3", "hold", "zimun")]
    assert len(desk.salon.appointments()) == 1
    assert desk.run("sync").code == 0
    assert [one.contact_email for one in desk.salon.appointments()] == ["one@example.org", "three@example.org"]
    told = desk.run("log", desk.salon.appointments()[1].booking_id).out
    assert "booked in Zimun" in told
    assert "an event in the calendar asks for it" in told
    assert "went on under another id" in told
    assert "was event-3" in told
    assert desk.run("log", "event-3").out == told


def test_what_was_refused_is_named(desk: Desk) -> None:
    desk.run("sync")
    ask(desk, "late", 21)
    assert desk.run("sync").code == 1
    (refused,) = desk.run("status", "--json").json["refused"]
    assert (refused["booking_id"], refused["why"]) == ("event-1", "request_not_open")
    assert "the time asked for is not open" in desk.run("status").out
    (row,) = desk.run("log", "event-1").out.splitlines()[1:]
    day = desk.at(2, 21)
    there = day.astimezone(desk.salon.locations["loc_mitte"].zone)
    assert f"{there:%a %d %b %H:%M}  " in desk.run("status", TZ="Pacific/Auckland").out
    assert f"{there:%a %d %b %H:%M}  " in desk.run("log", "event-1", TZ="Pacific/Auckland").out
    for part in (f"{day:%a %d %b}", "not booked", "an event in the calendar asks for it", "for s_haircut at loc_mitte",
                 "the event says: the time asked for is not open"):  # fmt: skip
        assert part in row
    assert "late@" not in desk.run("log", "--json").out


def test_what_has_no_time_and_what_a_person_decides_is_told(desk: Desk) -> None:
    ask(desk, "one", 10)
    desk.run("sync")
    assert desk.run("reject", "event-1").code == 0
    day = f"{desk.at(3, 0):%Y%m%d}"
    event = text(f"Haircut – {CUSTOMER}", desk.at(3, 9), "all@example.org", uid="all")
    event = re.sub(r"DTSTART[^\r]*", f"DTSTART;VALUE=DATE:{day}", re.sub(r"DTEND[^\r]*\r\n", "", event))
    send(desk.dav, "PUT", desk.url("all"), event, {"Content-Type": "text/calendar; charset=utf-8"})
    assert desk.run("sync").code == 1
    (row,) = desk.run("log", "event-2").out.splitlines()[1:]
    assert re.search(r"not booked  +an event in the calendar asks for it", row)
    assert "the event says: an all-day event has no time to book" in row
    refused = desk.run("status", "--json").json["refused"]
    assert [(each["booking_id"], each["start_time"]) for each in refused if each["why"] == "request_all_day"] == [
        ("event-2", None)
    ]
    assert re.search(r"event-2 +\d+ s ago +an all-day event has no time to book", desk.run("status").out)
    held_back, rejected = desk.run("log", "event-1").out.splitlines()[1:]
    assert "awaits approval" in held_back
    assert "not booked" in rejected
    assert "you rejected it" in rejected
