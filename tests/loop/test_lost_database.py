"""The store can be deleted at any time: what is there is adopted, nothing is doubled and nobody is called."""

from collections.abc import Callable
from pathlib import Path

import pytest

from syncd.domain.errors import StoreError
from tests.loop.ics import dragged, unfold
from tests.loop.test_transfers import SECOND
from tests.loop.world import HOUR, at, settled, world
from tests.servers import Server


async def test_what_persons_wrote_stays_and_needs_no_write(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.edit(booked, (r"^SUMMARY:.*$", "SUMMARY:Dana (regular)"), (r"^(DESCRIPTION:.*)$", r"\1\\nblue dye"))
        await w.cycle(minutes=1)
        w.lose_database()
        await w.quiet(minutes=1)
        assert await w.title(booked) == "Dana (regular)"
        w.salon.move(booked, at(25, 14))
        await w.cycle(minutes=1)
        text = (await w.event(booked))[1]
        assert "SUMMARY:Dana (regular)" in text
        assert "blue dye" in text
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261125T150000"


async def test_a_note_is_no_text_and_goes_in_time(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(30, 9))
        await w.cycle()
        await w.drag(booked, 14 * HOUR)
        await w.cycle(minutes=1)
        note = await w.note(booked)
        w.lose_database()
        await w.quiet(minutes=1)
        assert await w.note(booked) == note
        await w.cycle(hours=73)
        assert await w.title(booked) == "Haircut – Dana Lee"
        assert not await w.note(booked)
        await w.quiet(minutes=1)


async def test_a_dragged_event_is_put_back_and_told(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.drag(booked, 2 * HOUR)
        w.lose_database()
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(24, 9)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T100000"
        note = await w.note(booked)
        assert "stood at 12:00 on Tue 24 Nov, but the booking is at 10:00 on Tue 24 Nov; it was put right" in note
        assert not w.posts
        await w.quiet(minutes=1)
        await w.drag(booked, 2 * HOUR)
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(24, 11)


async def test_an_event_of_a_cancelled_booking_goes(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked, moved = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        w.salon.cancel(booked)
        w.salon.move(moved, at(25, 14))
        w.lose_database()
        await w.cycle(minutes=1)
        assert not await w.exists(booked)
        assert await w.start(moved) == ";TZID=Europe/Berlin:20261125T150000"
        assert not w.posts
        await w.quiet(minutes=1)


async def test_a_deleted_event_is_made_again_and_nothing_is_cancelled(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.delete(booked)
        await w.cycle(minutes=1)
        w.lose_database()
        for minutes in (11, 11, 11):
            await w.cycle(minutes=minutes)
        assert await w.exists(booked)
        assert not w.posts


async def test_one_marked_as_cancelled_is_put_right_and_nothing_is_cancelled(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.edit(booked, (r"^STATUS:CONFIRMED$", "STATUS:CANCELLED"))
        w.lose_database()
        for minutes in (1, 11, 11):
            await w.cycle(minutes=minutes)
        assert not w.posts
        assert "STATUS:CONFIRMED" in (await w.event(booked))[1]
        assert "put right" in await w.note(booked)


@pytest.mark.parametrize("how", ["deleted", "marked"])
async def test_of_two_events_at_two_times_neither_time_is_a_wish(
    dav: Server, folder: Path, new_calendar: Callable[[], str], how: str
) -> None:
    other = new_calendar()
    async with world(dav, folder, calendars=SECOND.format(other)) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        _, text = await w.event(booked)
        await w.put(booked, dragged(text, 2 * HOUR, w.clock.at), other)
        w.lose_database()
        await w.quiet(minutes=1)
        assert await w.exists(booked, other)
        if how == "marked":
            await w.edit(booked, (r"^STATUS:CONFIRMED$", "STATUS:CANCELLED"))
        else:
            await w.delete(booked)
        await settled(w)
        assert not w.posts
        (event,) = (text for _, text in (await w.events()).values())
        assert "DTSTART;TZID=Europe/Berlin:20261124T100000" in event
        assert "stood at 12:00 on Tue 24 Nov" in unfold(event).replace("\\,", ",")
        assert await w.events(other) == {}
        await w.quiet()


async def test_a_second_event_may_be_on_its_way_and_goes_after_ten_minutes(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    other = new_calendar()
    async with world(dav, folder, calendars=SECOND.format(other)) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.put(booked, (await w.event(booked))[1], other)
        w.lose_database()
        await w.quiet(minutes=1)
        await w.quiet(minutes=9)
        assert await w.exists(booked, other)
        await w.cycle(minutes=1)
        assert await w.events(other) == {}
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T100000"
        await w.quiet()


async def test_a_database_of_another_client_is_refused(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        zimun = w.config.zimun
        w.store.bind(zimun.base_url, zimun.client_id)
        w.store.bind(zimun.base_url, zimun.client_id)
        for base_url, client_id in ((zimun.base_url, "another"), ("https://api.example.com", zimun.client_id)):
            with pytest.raises(StoreError):
                w.store.bind(base_url, client_id)
