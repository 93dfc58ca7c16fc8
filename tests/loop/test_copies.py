"""A person copies a booking's event, for the next visit say, and later deletes the first one."""

from datetime import timedelta
from pathlib import Path

from tests.loop.ground import ON_ONE
from tests.loop.ics import dragged
from tests.loop.requesting import write
from tests.loop.world import CANCEL, RESCHEDULE, World, at, world
from tests.servers import Server

pytestmark = ON_ONE
WEEK = timedelta(days=7)


async def copy(w: World, booking_id: str) -> None:
    """As an app pastes it: a week later, with a UID of its own and all else that the first one has."""
    text = dragged((await w.event(booking_id))[1], WEEK, w.clock.at).replace(f"UID:{booking_id}@zimun", "UID:copy")
    await write(w, text.replace("\n", "\r\n"), "copy")
    await w.cycle(minutes=1)


async def test_days_later_the_copy_is_no_new_time_for_the_first(dav: Server, folder: Path) -> None:
    """The first comes back and says why; deleted again it is cancelled, and the copy stays as it is."""
    async with world(dav, folder) as w:
        booking_id = w.book(at(27, 9))
        await w.cycle()
        await copy(w, booking_id)
        await w.cycle(hours=24)
        await w.delete(booking_id)
        for minutes in (1, 11, 1):
            await w.cycle(minutes=minutes)
        assert (w.calls(RESCHEDULE), w.calls(CANCEL)) == ([], [])
        assert "a copy of it still stands" in await w.note(booking_id)
        await w.delete(booking_id)
        for minutes in (1, 11, 1):
            await w.cycle(minutes=minutes)
        assert (w.booking(booking_id).status, w.calls(RESCHEDULE)) == ("cancelled", [])
        (left,) = [text for _, text in (await w.events()).values()]
        assert "UID:copy" in left
        assert "20261204T100000" in left


async def test_after_the_visit_the_first_is_tidied_away_and_the_copy_stays(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(at(23, 14))
        await w.cycle()
        await w.cycle(hours=8)
        await copy(w, booking_id)
        await w.delete(booking_id)
        for minutes in (1, 11, 1):
            await w.cycle(minutes=minutes)
        (left,) = [text for _, text in (await w.events()).values()]
        assert "20261130T150000" in left
        assert (w.booking(booking_id).status, w.calls(CANCEL), w.calls(RESCHEDULE)) == ("confirmed", [], [])
