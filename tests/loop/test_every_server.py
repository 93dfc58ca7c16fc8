"""The main stories, told in short on every server that syncd is tried on. In full: the other files, on two of them."""

from pathlib import Path

from tests.loop.ground import ON_EVERY
from tests.loop.world import CANCEL, HOUR, RESCHEDULE, World, at, world
from tests.servers import Server


async def still(w: World) -> None:
    """Nothing is written, seen by the cursor, and after an hour by a full listing."""
    for minutes in (1, 61):
        report = await w.quiet(minutes=minutes)
        assert report.summary.exit_code == 0, report.summary


@ON_EVERY
async def test_created_moved_refused_deleted_and_restored(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        dragged, refused, deleted, undone, moved, noted = booked = [
            w.book(at(25 + n // 3, 9 + n % 3)) for n in range(6)
        ]
        report = await w.cycle()
        assert report.summary.counts["created"] == len(await w.events()) == len(booked)
        await still(w)

        # what people and customers do between two cycles
        await w.drag(dragged, 5 * HOUR)
        await w.drag(refused, 14 * HOUR)
        await w.delete(deleted)
        _, text = await w.event(undone)
        await w.delete(undone)
        await w.delete(moved)
        w.salon.move(moved, at(26, 15))
        await w.edit(
            noted, (r"^SUMMARY:.*$", "SUMMARY:Dana (regular)"), (r"^END:VEVENT$", "X-DESK-COLOR:teal\nEND:VEVENT")
        )
        await w.cycle(minutes=1)

        assert w.booking(dragged).start == at(25, 14)
        assert len(set(w.calls(RESCHEDULE))) == 1
        assert await w.start(dragged) == ";TZID=Europe/Berlin:20261125T150000"
        assert not await w.note(dragged)
        assert await w.start(refused) == ";TZID=Europe/Berlin:20261125T110000"
        assert "is not free for this. The booking stays at 11:00 on Wed 25 Nov" in await w.note(refused)
        assert w.booking(refused).start == at(25, 10)
        # a moved booking is not a cancelled one
        assert await w.start(moved) == ";TZID=Europe/Berlin:20261126T160000"
        assert "so it was not cancelled" in await w.note(moved)
        assert not w.calls(CANCEL)

        # within the grace one deletion is taken back
        await w.put(undone, text)
        await w.cycle(minutes=5)
        await w.cycle(minutes=5)
        assert len(w.calls(CANCEL)) == 1
        assert w.booking(deleted).status == "cancelled"
        assert {w.booking(each).status for each in booked if each != deleted} == {"confirmed"}

        # what a person wrote survives the customer's move
        w.salon.move(noted, at(27, 9))
        await w.cycle(minutes=3)
        _, text = await w.event(noted)
        assert "SUMMARY:Dana (regular)" in text
        assert "X-DESK-COLOR:teal" in text
        assert "DTSTART;TZID=Europe/Berlin:20261127T100000" in text
        w.salon.cancel(undone)
        await w.cycle(minutes=3)
        assert not await w.exists(undone)
        assert len(await w.events()) == 4
        await still(w)
        assert len(set(w.calls(RESCHEDULE))) == len(w.calls(CANCEL)) == 1


@ON_EVERY
async def test_adopted_after_the_database_was_lost(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        stays, titled, dragged, deleted, cancelled = [w.book(at(25, 9 + n)) for n in range(5)]
        await w.cycle()
        await w.edit(titled, (r"^SUMMARY:.*$", "SUMMARY:Dana (regular)"))
        await w.cycle(minutes=1)
        before = await w.events()
        w.lose_database()
        await still(w)
        assert await w.events() == before

        # once more, with what happened on both sides meanwhile: Zimun is right, and nobody is called
        await w.drag(dragged, 5 * HOUR)
        await w.delete(deleted)
        w.salon.cancel(cancelled)
        w.lose_database()
        for minutes in (1, 11):
            await w.cycle(minutes=minutes)
        assert not w.posts
        assert await w.start(dragged) == ";TZID=Europe/Berlin:20261125T120000"
        assert "stood at 17:00 on Wed 25 Nov" in await w.note(dragged)
        assert await w.exists(deleted)
        assert not await w.exists(cancelled)
        assert await w.title(titled) == "Dana (regular)"
        assert not await w.note(stays)
        await still(w)

        # and all goes on as before
        await w.drag(dragged, 5 * HOUR)
        await w.cycle(minutes=1)
        assert w.booking(dragged).start == at(25, 16)
        assert not await w.note(dragged)
        assert len(w.calls(RESCHEDULE)) == 1
        await still(w)
