"""Bookings become events, a drag reschedules, a deletion cancels, and a quiet cycle does nothing."""

from datetime import timedelta
from pathlib import Path

from tests.loop.world import HOUR, at, world
from tests.servers import Server


async def test_a_first_sync_writes_each_booking_once_and_then_nothing(dav: Server, folder: Path) -> None:
    async with world(dav, folder, count=12) as salon:
        first = await salon.cycle()
        assert first.summary.counts["created"] == len(await salon.events())
        before = await salon.events()
        calls = len(salon.server.calls)
        for _ in range(3):
            salon.clock.pass_by(minutes=1)
            quiet = await salon.cycle()
            assert quiet.summary.exit_code == 0, quiet.summary
        assert await salon.events() == before
        assert {call.method for call in list(salon.server.calls)[calls:] if "oauth" not in call.path} == {"GET"}


async def test_a_drag_to_a_free_time_reschedules_once_and_leaves_the_event_alone(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as salon:
        booked = salon.salon.book("s_haircut", at(24, 10), location_id="loc_mitte", name="Dana Lee")
        await salon.cycle()
        await salon.drag(booked.booking_id, 2 * HOUR)
        report = await salon.cycle()
        assert report.summary.counts["rescheduled"] == 1, report.summary
        assert salon.salon.find(booked.booking_id).start == at(24, 12)
        etag, text = await salon.event(booked.booking_id)
        assert "T130000" in text
        assert "⚠" not in text
        await salon.cycle()
        assert len(salon.calls("/reschedule")) == 1
        assert (await salon.event(booked.booking_id))[0] == etag


async def test_a_drag_to_a_taken_time_goes_back_and_says_why(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as salon:
        booked = salon.salon.book("s_colour", at(24, 10), location_id="loc_mitte", name="Dana Lee")
        await salon.cycle()
        await salon.drag(booked.booking_id, timedelta(hours=14))
        report = await salon.cycle()
        _, text = await salon.event(booked.booking_id)
        assert "SUMMARY:⚠ " in text
        assert "T110000" in text
        assert report.summary.exit_code == 1
        assert salon.calls("/reschedule") == []
        assert salon.salon.find(booked.booking_id).start == at(24, 10)
        quiet = await salon.cycle()
        assert quiet.summary.counts.get("updated", 0) == 0


async def test_a_deletion_cancels_after_its_grace(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as salon:
        booked = salon.salon.book("s_haircut", at(24, 10), location_id="loc_mitte", name="Dana Lee")
        await salon.cycle()
        await salon.delete(booked.booking_id)
        await salon.cycle()
        assert salon.calls("/cancel") == []
        salon.clock.pass_by(seconds=599)
        await salon.cycle()
        assert salon.calls("/cancel") == []
        salon.clock.pass_by(seconds=1)
        await salon.cycle()
        assert len(salon.calls("/cancel")) == 1
        assert salon.salon.find(booked.booking_id).status == "cancelled"
        salon.clock.pass_by(minutes=5)
        report = await salon.cycle()
        assert report.summary.exit_code == 0
        assert not await salon.exists(booked.booking_id)


async def test_a_lost_database_adopts_what_is_there(dav: Server, folder: Path) -> None:
    async with world(dav, folder, count=12) as salon:
        await salon.cycle()
        before = await salon.events()
        salon.lose_database()
        calls = len(salon.server.calls)
        report = await salon.cycle()
        assert report.summary.exit_code == 0, report.summary
        assert await salon.events() == before
        assert {call.method for call in list(salon.server.calls)[calls:] if "oauth" not in call.path} == {"GET"}
