"""A person copies a booking's event, for the next visit say, and later deletes the first one."""

from collections.abc import Callable
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


async def after_the_grace(w: World) -> None:
    for minutes in (1, 11, 1):
        await w.cycle(minutes=minutes)


async def test_days_later_the_copy_is_no_new_time_for_the_first(dav: Server, folder: Path) -> None:
    """The first comes back and says why; deleted with its copy it is cancelled."""
    async with world(dav, folder) as w:
        booking_id = w.book(at(27, 9))
        await w.cycle()
        await copy(w, booking_id)
        await w.cycle(hours=24)
        await w.delete(booking_id)
        await after_the_grace(w)
        assert (w.calls(RESCHEDULE), w.calls(CANCEL)) == ([], [])
        assert "a copy of it still stands" in await w.note(booking_id)
        (left,) = [text for _, text in (await w.events()).values() if "UID:copy" in text]
        assert "20261204T100000" in left
        for name in (booking_id, "copy"):
            await w.delete(name)
        await after_the_grace(w)
        assert (w.booking(booking_id).status, w.calls(RESCHEDULE)) == ("cancelled", [])


async def test_after_the_visit_the_first_is_tidied_away_and_the_copy_stays(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(at(23, 14))
        await w.cycle()
        await w.cycle(hours=8)
        await copy(w, booking_id)
        await w.delete(booking_id)
        await after_the_grace(w)
        (left,) = [text for _, text in (await w.events()).values()]
        assert "20261130T150000" in left
        assert (w.booking(booking_id).status, w.calls(CANCEL), w.calls(RESCHEDULE)) == ("confirmed", [], [])


async def test_a_copy_that_was_edited_lately_is_none_the_younger(dav: Server, folder: Path) -> None:
    """Its reminder was dismissed a moment before the first one went."""
    async with world(dav, folder) as w:
        booking_id = w.book(at(27, 9))
        await w.cycle()
        await copy(w, booking_id)
        await w.cycle(hours=24)
        (text,) = [text for _, text in (await w.events()).values() if "UID:copy" in text]
        dismissed = text.replace("END:VEVENT", "X-MOZ-LASTACK:20261124T080000Z\nEND:VEVENT").replace("\r\n", "\n")
        await w.put("copy", dismissed.replace("\n", "\r\n"))
        await w.cycle(minutes=1)
        await w.delete(booking_id)
        await after_the_grace(w)
        assert (w.calls(RESCHEDULE), w.calls(CANCEL)) == ([], [])


async def test_after_the_database_was_lost_every_copy_may_be_an_old_one(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(at(27, 9))
        await w.cycle()
        await copy(w, booking_id)
        await w.cycle(hours=24)
        w.lose_database()
        await w.cycle(minutes=1)
        await w.delete(booking_id)
        await after_the_grace(w)
        assert (w.calls(RESCHEDULE), w.calls(CANCEL)) == ([], [])


async def test_carried_into_a_private_calendar_beside_an_old_copy_it_was_not_deleted(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    private = new_calendar()
    async with world(dav, folder) as w:
        booking_id = w.book(at(27, 9))
        await w.cycle()
        await copy(w, booking_id)
        await w.cycle(hours=24)
        _, text = await w.event(booking_id)
        await w.put(booking_id, text, private)
        await w.delete(booking_id)
        await after_the_grace(w)
        assert (w.booking(booking_id).status, w.calls(CANCEL)) == ("confirmed", [])
        assert "a copy of it still stands" not in await w.note(booking_id)
