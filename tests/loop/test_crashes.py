"""Whatever breaks off in the middle is settled by looking: one event, one call, and then quiet."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from syncd.calendars.dav import DavCalendar
from syncd.domain.errors import Unavailable
from syncd.sandbox import Kind
from tests.loop.ground import ON_ONE
from tests.loop.world import APPOINTMENTS, CANCEL, HOUR, RESCHEDULE, Crash, World, at, world
from tests.servers import Server


async def broken_off(w: World, method: str) -> None:
    """A cycle that ends right after that request had its effect."""
    w.crash_after = method
    with pytest.raises(Crash):
        await w.cycle(minutes=1)
    assert w.crash_after is None
    assert w.store.open_intents()


async def test_after_a_new_event_was_written(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = [w.book(at(24 + n, 9)) for n in range(3)]
        await broken_off(w, "PUT")
        report = await w.cycle(minutes=1)
        assert report.summary.exit_code == 0
        assert len(await w.events()) == 3
        for each in booked:
            assert not await w.note(each)
        await w.quiet(minutes=1)


async def test_after_an_event_was_changed(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        moved, refused = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        w.salon.move(moved, at(24, 14))
        await broken_off(w, "PUT")
        await w.quiet(minutes=1)
        assert await w.start(moved) == ";TZID=Europe/Berlin:20261124T150000"
        await w.drag(refused, 12 * HOUR)
        await broken_off(w, "PUT")
        await w.quiet(minutes=1)
        assert await w.start(refused) == ";TZID=Europe/Berlin:20261125T100000"
        assert "is not free" in await w.note(refused)
        assert not w.posts


@pytest.mark.parametrize("by", [-2 * HOUR, 2 * HOUR], ids=["back", "on"])
async def test_after_an_event_was_taken_to_its_booking_and_a_person_dragged_it_from_there(
    dav: Server, folder: Path, by: timedelta
) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        w.salon.move(booked, at(24, 11))
        await broken_off(w, "PUT")
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T120000"
        await w.drag(booked, by)
        await w.cycle(minutes=5)
        assert w.booking(booked).start == at(24, 11) + by
        assert not await w.note(booked)
        await w.quiet(minutes=3)


async def test_after_an_event_was_changed_that_is_deleted_before_it_was_looked_at(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        w.salon.move(booked, at(25, 14))
        await w.edit(booked, (r"^END:VEVENT$", "COLOR:teal\nEND:VEVENT"))
        await broken_off(w, "PUT")
        await w.delete(booked)
        await w.cycle(minutes=1)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261125T150000"
        assert "COLOR:teal" in (await w.event(booked))[1]
        assert not w.posts
        await w.quiet(minutes=1)


async def test_after_an_event_was_removed(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        w.salon.cancel(booked)
        await broken_off(w, "DELETE")
        await w.quiet(minutes=1)
        assert await w.events() == {}
        assert w.link(booked).closed is not None
        await w.quiet(minutes=11)


@ON_ONE
async def test_a_cancellation_that_nobody_recorded_counts_while_it_cannot_be_looked_at(
    dav: Server, folder: Path
) -> None:
    """One an hour may go: the next awaits a person's word."""
    async with world(dav, folder, sync="max_cancellations = 1") as w:
        first, second = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        await w.delete(first)
        await w.cycle(minutes=1)
        w.clock.pass_by(minutes=10)
        await broken_off(w, CANCEL)
        assert w.booking(first).status == "cancelled"
        w.fault(Kind.ANSWER, f"{APPOINTMENTS}/{first}", times=None, status=503)
        await w.delete(second)
        for minutes in (1, 11, 1):
            await w.cycle(minutes=minutes)
        assert w.booking(second).status == "confirmed"
        assert w.link(second).awaiting is not None


async def test_after_a_booking_was_moved_or_cancelled(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        dragged, deleted = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        await w.drag(dragged, 2 * HOUR)
        await broken_off(w, RESCHEDULE)
        await w.quiet(minutes=1)
        assert w.booking(dragged).start == at(24, 11)
        await w.delete(deleted)
        await w.cycle(minutes=1)
        w.clock.pass_by(minutes=10)
        await broken_off(w, CANCEL)
        await w.quiet(minutes=1)
        await w.quiet(minutes=11)
        assert w.booking(deleted).status == "cancelled"
        assert (len(w.calls(RESCHEDULE)), len(w.calls(CANCEL))) == (1, 1)
        assert w.link(deleted).closed is not None
        assert not await w.note(dragged)


async def test_a_person_who_writes_after_our_crash_is_told(dav: Server, folder: Path) -> None:
    """Our write is not there to be found any more, and the app dropped what tells of it: nobody knows what the person
    saw, and Zimun counts.
    """
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        w.salon.move(booked, at(24, 14))
        await broken_off(w, "PUT")
        await w.drag(booked, HOUR)
        await w.edit(booked, (r"^X-ZIMUN-START:.*\n", ""))
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(24, 14)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T150000"
        assert "Your move to 16:00 on Tue 24 Nov was not booked" in await w.note(booked)
        assert not w.posts
        await w.quiet(minutes=3)


@ON_ONE
async def test_what_may_be_our_own_write_is_no_wish_that_waits_for_zimun(dav: Server, folder: Path) -> None:
    """Nobody can look whether that write was heard, its customer moves the booking on, and Zimun tells of no slots."""
    async with world(dav, folder, sync='conflict = "calendar"') as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        w.salon.move(booked, at(24, 14))
        await broken_off(w, "PUT")
        w.salon.move(booked, at(25, 9))
        down = w.fault(Kind.ANSWER, "/api/v1/availability", times=None, status=500)
        with patch.object(DavCalendar, "get", side_effect=Unavailable("no answer came")):
            await w.cycle(minutes=1)
            assert not await w.note(booked)
            await w.cycle(minutes=11)
            assert not await w.note(booked)
        down.times = 0
        await w.cycle(minutes=1)
        await w.cycle(minutes=11)
        assert w.booking(booked).start == at(25, 9)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261125T100000"
        assert not await w.note(booked)
        assert not w.posts


@pytest.mark.parametrize("how", ["crash", "down"])
async def test_an_event_on_its_way_to_another_calendar_ends_there_once(
    dav: Server, folder: Path, new_calendar: Callable[[], str], how: str
) -> None:
    other = new_calendar()
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        w.reconfigure(calendars=f'[[calendars]]\nurl = "{other}"\nlocations = ["loc_mitte"]\n')
        if how == "crash":
            await broken_off(w, "PUT")
        else:

            async def goes_down() -> None:
                w.dav_fault = Unavailable("the calendar server cannot be reached")

            w.before_put = goes_down
            await w.cycle(minutes=1)
            w.dav_fault = None
            assert len(await w.events()) == 1
        for _ in range(2):
            await w.cycle(minutes=1)
        assert await w.events() == {}
        assert await w.start(booked, other) == ";TZID=Europe/Berlin:20261124T100000"
        assert not w.posts
        await w.quiet(minutes=11)


@ON_ONE
@pytest.mark.parametrize("heard", [True, False])
@pytest.mark.parametrize("lives", [True, False])
async def test_an_event_that_was_being_removed_when_its_calendar_left_the_config(
    dav: Server, folder: Path, new_calendar: Callable[[], str], *, heard: bool, lives: bool
) -> None:
    """The calendar comes back without the event that syncd itself removed; and Zimun knows the booking again."""
    other = new_calendar()
    entry = f'[[calendars]]\nurl = "{other}"\nlocations = ["loc_mitte"]\n'
    remove = DavCalendar.remove

    async def killed(self: DavCalendar, *what: Any) -> None:
        if heard:
            await remove(self, *what)
        raise Crash

    async with world(dav, folder, calendars=entry, sync="note_hours = 1") as w:
        booked, _ = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        forgotten = w.salon._appointments.pop(booked)
        await w.cycle(minutes=1)
        with patch.object(DavCalendar, "remove", killed), pytest.raises(Crash):
            await w.cycle(minutes=11)
        assert await w.exists(booked, other) is not heard
        if lives:
            w.salon._appointments[booked] = forgotten
        w.reconfigure()
        await w.cycle(minutes=1)
        w.reconfigure(calendars=entry, sync="note_hours = 1")
        for minutes in (1, 11, 11, 1):
            await w.cycle(minutes=minutes)
        assert not w.posts
        assert not lives or w.booking(booked).status == "confirmed"
        if not (heard or lives):
            assert "cancelled in Zimun" in await w.note(booked, other)  # it came back after its booking had ended
            await w.cycle(minutes=61)
        assert len(await w.events(other)) == (2 if lives else 1)
        await w.quiet(minutes=11)


async def test_after_a_jump_of_the_clock_was_seen(dav: Server, folder: Path) -> None:
    """The jump is not forgotten before the grace that it restarts is remembered."""
    async with world(dav, folder) as w:
        deleted = w.book(at(24, 9))
        await w.cycle()
        await w.delete(deleted)
        await w.cycle(minutes=1)
        w.clock.at += HOUR  # the wall clock alone
        with patch.object(w.store, "journal", side_effect=Crash), pytest.raises(Crash):
            await w.cycle(minutes=1)
        await w.cycle(minutes=1)
        assert not w.calls(CANCEL)
        await w.cycle(minutes=11)
        assert w.booking(deleted).status == "cancelled"
