"""Where nobody did anything, syncd does nothing; and `plan` does nothing ever."""

from pathlib import Path

from syncd.domain.actions import Cancel, Create, Replace, Reschedule
from tests.loop.world import HOUR, at, world
from tests.servers import Server


async def test_fifty_quiet_cycles_write_nothing_and_ask_for_what_changed_only(dav: Server, folder: Path) -> None:
    async with world(dav, folder, count=20) as w:
        report = await w.cycle()
        before = await w.events()
        assert report.summary.counts["created"] == len(before)
        for number in range(50):
            report = await w.quiet(seconds=30)
            assert report.summary.exit_code == 0, report.summary.line
            if number:
                # one report, and our own writes are not fetched again
                assert w.requests == ["REPORT"]
        assert await w.events() == before


async def test_our_own_write_is_not_fetched_again(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.quiet(minutes=1)
        w.salon.move(booked, at(25, 14))
        await w.cycle(minutes=1)
        assert w.requests.count("PUT") == 1
        await w.quiet(minutes=1)
        assert w.requests == ["PROPFIND", "PROPFIND"]  # a list of versions, and all of them are known
        await w.quiet(minutes=1)
        assert w.requests == ["REPORT"]


async def test_a_plan_tells_all_and_does_nothing(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        dragged, deleted, refused = w.book(at(24, 9)), w.book(at(25, 9)), w.book(at(26, 9))
        await w.cycle()
        await w.delete(deleted)
        await w.cycle(minutes=1)
        await w.drag(dragged, 2 * HOUR)
        await w.drag(refused, 12 * HOUR)
        new = w.book(at(27, 9))
        w.clock.pass_by(minutes=10)
        events, links, posts = await w.events(), w.store.links(), w.posts
        history = w.store.history(None, 1000)
        told = {effect.booking_id: type(effect) for effect in (await w.plan()).effects}
        assert told == {dragged: Reschedule, deleted: Cancel, refused: Replace, new: Create}
        assert set(w.requests) <= {"GET", "PROPFIND", "REPORT"}
        assert await w.events() == events
        assert w.store.links() == links
        assert w.store.history(None, 1000) == history
        assert not w.store.open_intents()
        assert w.posts == posts
        report = await w.cycle()
        counts = report.summary.counts
        assert [counts[each] for each in ("rescheduled", "cancelled", "updated", "created")] == [1, 1, 1, 1]


async def test_a_clock_that_jumps_makes_nobody_write(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(26, 9))
        await w.cycle()
        await w.drag(booked, 12 * HOUR)
        await w.cycle(minutes=1)
        before = await w.events()
        for jump in (-3, 5, -2):
            w.clock.at += jump * HOUR
            await w.quiet()
            await w.quiet(minutes=1)
        assert await w.events() == before


async def test_an_alarm_that_the_person_took_off_stays_off(dav: Server, folder: Path) -> None:
    async with world(dav, folder, event="alarm_minutes = 15") as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        assert "TRIGGER:-PT15M" in (await w.event(booked))[1]
        await w.edit(booked, (r"^BEGIN:VALARM\n(?:.*\n)*?END:VALARM\n", ""))
        await w.quiet(minutes=1)
        w.salon.move(booked, at(24, 14))
        await w.cycle(minutes=1)
        text = (await w.event(booked))[1]
        assert "T150000" in text
        assert "VALARM" not in text
