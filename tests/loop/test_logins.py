"""A calendar with a login of its own, or found by its name: where it is refused or renamed it alone stands still."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from syncd.app.daemon import _outcome
from syncd.app.pace import Outcome
from syncd.sandbox import Kind
from tests.loop.ground import ON_ONE
from tests.loop.world import APPOINTMENTS, CANCEL, HOUR, World, at, world
from tests.servers import Server

# Xandikos takes any password
pytestmark = ON_ONE

LOGIN = 'locations = ["loc_shoreditch"]\nusername = "u"\npassword = "{}"\n'


def by_url(url: str, password: str) -> str:
    return f'[[calendars]]\nurl = "{url}"\n' + LOGIN.format(password)


def by_name(name: str, password: str) -> str:
    return f'[[calendars]]\nname = "{name}"\n' + LOGIN.format(password)


def name_of(url: str) -> str:
    return urlsplit(url).path.split("/")[-2]


async def the_first_calendar_goes_on(w: World, other: str, code: int) -> None:
    """Bookings come, go and are dragged in the first calendar; the other one is named, and nothing in it is touched."""
    booked, moved, deleted = w.book(at(25, 9)), w.book(at(25, 11)), w.book(at(25, 14))
    there = w.book(at(26, 9), place="loc_shoreditch")
    report = await w.cycle(minutes=1)
    assert report.summary.exit_code == code
    assert list(report.summary.sides) == [other]
    assert _outcome(report) is Outcome.WENT
    assert await w.exists(booked)
    w.salon.cancel(booked)
    await w.drag(moved, HOUR)
    await w.delete(deleted)
    for minutes in (1, 11, 11):
        assert (await w.cycle(minutes=minutes)).summary.exit_code == code
    assert not await w.exists(booked)
    assert w.booking(moved).start == at(25, 12)
    # it may have been carried into the other one
    assert not w.calls(CANCEL)
    assert not await w.exists(there, other)


async def test_a_login_that_is_refused_stops_its_own_calendar_alone(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    other = new_calendar()
    async with world(dav, folder, calendars=by_url(other, "p")) as w:
        before = w.book(at(24, 9), place="loc_shoreditch")
        assert (await w.cycle()).summary.exit_code == 0
        w.reconfigure(calendars=by_url(other, "expired"))
        await the_first_calendar_goes_on(w, other, 77)
        w.reconfigure(calendars=by_url(other, "p"))
        for minutes in (1, 11, 11):
            assert (await w.cycle(minutes=minutes)).summary.exit_code == 0
        assert len(w.calls(CANCEL)) == 1
        assert await w.exists(before, other)
        assert len(await w.events(other)) == 2


async def test_where_zimun_is_down_too_it_is_asked_at_the_pace_of_a_side_that_is_down(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    other = new_calendar()
    async with world(dav, folder, calendars=by_url(other, "expired")) as w:
        down = w.fault(Kind.ANSWER, APPOINTMENTS, status=503, times=None)
        report = await w.cycle()
        assert (report.summary.exit_code, _outcome(report)) == (77, Outcome.DOWN)
        w.server.faults.remove(down)
        w.fault(Kind.ANSWER, status=401, times=None)
        assert _outcome(await w.cycle(minutes=1)) is Outcome.REFUSED


@pytest.mark.parametrize("how", ["refused", "renamed"])
async def test_a_calendar_that_is_not_found_by_its_name_any_more_stands_still_alone(
    dav: Server, folder: Path, new_calendar: Callable[[], str], how: str
) -> None:
    other = new_calendar()
    async with world(dav, folder, calendars=by_name(name_of(other), "p")) as w:
        before = w.book(at(24, 9), place="loc_shoreditch")
        assert (await w.cycle()).summary.exit_code == 0
        if how == "refused":
            w.reconfigure(calendars=by_name(name_of(other), "expired"))
        else:
            await rename(w, other, "Old")
        await the_first_calendar_goes_on(w, other, 77 if how == "refused" else 78)
        if how == "refused":
            w.reconfigure(calendars=by_name(name_of(other), "p"))
        else:
            await rename(w, other, name_of(other))
        for minutes in (1, 11, 11):
            assert (await w.cycle(minutes=minutes)).summary.exit_code == 0
        assert len(w.calls(CANCEL)) == 1
        assert await w.exists(before, other)
        assert len(await w.events(other)) == 2


async def test_one_that_another_entry_finds_by_its_address_goes_on_without_its_name(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    other = new_calendar()
    by_address = f'[[calendars]]\nurl = "{other}"\nservices = ["s_beard"]\n'
    async with world(dav, folder, calendars=by_name(name_of(other), "p") + by_address) as w:
        booked = w.book(at(24, 9), place="loc_shoreditch")
        assert (await w.cycle()).summary.exit_code == 0
        await rename(w, other, "Old")
        w.reconfigure(calendars=by_name(name_of(other), "p") + by_address)
        await w.cycle(minutes=15)
        w.salon.cancel(booked)
        await w.cycle(minutes=15)
        assert not await w.exists(booked, other)
        await rename(w, other, name_of(other))


@pytest.mark.parametrize(("name", "password", "code"), [("no such", "p", 78), ("", "expired", 77)])
async def test_one_that_was_never_found_stops_all(
    dav: Server, folder: Path, new_calendar: Callable[[], str], name: str, password: str, code: int
) -> None:
    """Nobody knows which calendar it would be: its bookings would be written elsewhere."""
    async with world(dav, folder, calendars=by_name(name or name_of(new_calendar()), password)) as w:
        booked = w.book(at(24, 9))
        report = await w.cycle()
        assert report.summary.exit_code == code
        assert list(report.summary.sides) == ["calendars"]
        assert _outcome(report) is Outcome.DOWN
        assert not await w.exists(booked)


async def test_an_address_that_is_no_calendar_stands_still_alone_and_nothing_is_written_there(
    dav: Server, folder: Path
) -> None:
    home = f'[[calendars]]\nurl = "{dav.home_url}"\nlocations = ["loc_shoreditch"]\n'
    async with world(dav, folder) as w:
        assert (await w.cycle()).summary.exit_code == 0
        w.reconfigure(calendars=home)
        await the_first_calendar_goes_on(w, dav.home_url, 78)


async def test_of_a_name_and_a_login_nothing_is_remembered_that_can_be_read(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    other = new_calendar()
    async with world(dav, folder) as w:
        await rename(w, other, "Annas Termine")
        w.reconfigure(calendars=by_name("Annas Termine", "p"))
        assert (await w.cycle()).summary.exit_code == 0
        kept = "".join(map(str, w.store._db.execute("SELECT name, value FROM facts").fetchall()))
        assert other in kept
        assert "Annas" not in kept


async def rename(w: World, url: str, name: str) -> None:
    """As a calendar app does."""
    body = (
        '<d:propertyupdate xmlns:d="DAV:"><d:set><d:prop><d:displayname>'
        f"{name}</d:displayname></d:prop></d:set></d:propertyupdate>"
    )
    answer = await w.http.request("PROPPATCH", url, content=body, headers={"Content-Type": "application/xml"})
    assert answer.status_code == 207, answer.text
