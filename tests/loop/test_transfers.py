"""An event that only went elsewhere is no deletion, however the app carries it there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.loop.ics import dragged
from tests.loop.world import HOUR, at, settled, world
from tests.servers import Server

SECOND = '[[calendars]]\nurl = "{}"\nlocations = ["loc_shoreditch"]\n'


@pytest.mark.parametrize("how", ["add, delete", "delete, add", "at once", "MOVE"])
async def test_a_transfer_to_another_managed_calendar_is_no_deletion(
    dav: Server, folder: Path, new_calendar: Callable[[], str], how: str
) -> None:
    other = new_calendar()
    async with world(dav, folder, calendars=SECOND.format(other)) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        _, text = await w.event(booked)
        if how == "MOVE":
            headers = {"Destination": w.url(booked, other), "Overwrite": "F"}
            answer = await w.http.request("MOVE", w.url(booked), headers=headers)
            if answer.status_code in (405, 501):
                pytest.skip("this server has no MOVE")
            assert answer.status_code in (200, 201, 204), answer.text
        else:
            for step in ("delete", "add") if how == "delete, add" else ("add", "delete"):
                await (w.delete(booked) if step == "delete" else w.put(booked, text, other))
                if how != "at once":
                    await w.cycle(minutes=1)
        await settled(w)
        assert await w.events(other) == {}
        assert len(await w.events()) == 1
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T100000"
        assert "was put into another calendar and is back here" in await w.note(booked)
        assert not w.posts
        await w.quiet()


async def test_a_transfer_with_a_new_time_is_a_move(dav: Server, folder: Path, new_calendar: Callable[[], str]) -> None:
    other = new_calendar()
    async with world(dav, folder, calendars=SECOND.format(other)) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        _, text = await w.event(booked)
        await w.put(booked, text, other)
        await w.drag(booked, 2 * HOUR, other)
        await w.delete(booked)
        await settled(w)
        assert w.booking(booked).start == at(24, 11)
        assert await w.events(other) == {}
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T120000"
        await w.quiet()


@pytest.mark.parametrize("where", ["elsewhere", "here"])
async def test_cut_and_pasted_under_a_new_uid_it_is_still_the_bookings_event(
    dav: Server, folder: Path, new_calendar: Callable[[], str], where: str
) -> None:
    """As Android apps do: deleted and made anew, with a UID of their own, perhaps at another time."""
    other = new_calendar()
    async with world(dav, folder, calendars=SECOND.format(other)) as w:
        stays, moves = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        for each in (stays, moves):
            _, text = await w.event(each)
            await w.delete(each)
            if each == moves:
                text = dragged(text, 2 * HOUR, w.clock.at)
            target = other if where == "elsewhere" else dav.calendar_url
            await w.put(f"{each}-new", text.replace("@zimun", "-pasted@example.com"), target)
        await settled(w)
        assert w.booking(stays).start == at(24, 9)
        assert w.booking(moves).start == at(25, 11)
        assert len(await w.events()) == 2
        assert await w.events(other) == {}
        assert await w.start(moves) == ";TZID=Europe/Berlin:20261125T120000"
        await w.quiet()


@pytest.mark.parametrize("first", ["add", "delete"])
async def test_a_transfer_to_an_unmanaged_calendar_brings_the_event_back(
    dav: Server, folder: Path, new_calendar: Callable[[], str], first: str
) -> None:
    private = new_calendar()
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        _, text = await w.event(booked)
        for step in (first, "delete" if first == "add" else "add"):
            await (w.delete(booked) if step == "delete" else w.put(booked, text, private))
            await w.cycle(minutes=1)
        theirs = await w.events(private)
        await settled(w)
        assert "a calendar that is not connected to Zimun" in await w.note(booked)
        assert await w.events(private) == theirs
        await w.quiet()


async def test_an_undo_may_bring_it_back_under_another_name(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        _, text = await w.event(booked)
        await w.delete(booked)
        await w.cycle(minutes=1)
        await w.put("0F3A-undo", text)
        await w.quiet(minutes=1)
        await settled(w)
        assert len(await w.events()) == 1
        assert not await w.note("0F3A-undo")
        await w.drag("0F3A-undo", 2 * HOUR)
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(24, 11)
        await w.delete("0F3A-undo")
        await w.cycle(minutes=1)
        await w.cycle(minutes=10)
        assert w.booking(booked).status == "cancelled"
