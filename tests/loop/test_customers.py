"""What customers do in Zimun shows in the calendar, in one write each."""

from pathlib import Path

from tests.loop.world import HOUR, RESCHEDULE, at, world
from tests.servers import Server


async def test_a_cancelled_booking_takes_its_event_with_it(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        w.salon.cancel(booked)
        report = await w.cycle(minutes=1)
        assert not await w.exists(booked)
        assert report.summary.exit_code == 0
        assert w.requests.count("DELETE") == 1
        assert not w.posts
        await w.quiet()


async def test_cancelled_while_the_person_dragged_it_stays_for_a_while_and_says_so(dav: Server, folder: Path) -> None:
    async with world(dav, folder, sync="note_hours = 2") as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        w.salon.cancel(booked)
        await w.drag(booked, 2 * HOUR)
        await w.cycle(minutes=1)
        assert "was cancelled in Zimun (09:00 on Mon 23 Nov)" in await w.note(booked)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T120000"
        await w.quiet(minutes=30)
        await w.drag(booked, HOUR)  # once more: still nothing to book
        await w.quiet(minutes=30)
        await w.cycle(minutes=60)
        assert not await w.exists(booked)
        assert not w.posts
        await w.quiet()


async def test_a_move_and_a_change_of_staff_are_one_write(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        w.salon._change(w.booking(booked), staff_id="st_emre", start=at(24, 12), end=at(24, 12, 45))
        await w.cycle(minutes=1)
        text = (await w.event(booked))[1]
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T130000"
        assert "With: Emre Aydın" in text
        assert "Jana" not in text
        assert w.requests.count("PUT") == 1
        await w.quiet()


async def test_changed_texts_are_one_write(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9), notes="First visit")
        await w.cycle()
        w.salon._change(w.booking(booked), contact_name="Dana Levi", contact_phone="+49 30 23125000", notes="")
        await w.cycle(minutes=1)
        text = (await w.event(booked))[1]
        assert await w.title(booked) == "Haircut – Dana Levi"
        assert "Phone: +49 30 23125000" in text
        assert "First visit" not in text
        assert w.requests.count("PUT") == 1
        await w.quiet()


async def test_another_length_is_one_write_and_no_note(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        w.salon._change(w.booking(booked), end=at(24, 10, 30))
        await w.cycle(minutes=1)
        assert "DTEND;TZID=Europe/Berlin:20261124T113000" in (await w.event(booked))[1]
        assert not await w.note(booked)
        await w.quiet()


async def test_a_note_goes_with_the_next_change_of_time(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.drag(booked, 14 * HOUR)
        await w.cycle(minutes=1)
        assert await w.note(booked)
        w.salon.move(booked, at(25, 14))
        await w.cycle(minutes=1)
        assert not await w.note(booked)
        await w.drag(booked, 14 * HOUR)
        await w.cycle(minutes=1)
        assert await w.note(booked)
        await w.drag(booked, -HOUR)
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(25, 13)
        assert not await w.note(booked)
        assert len(w.calls(RESCHEDULE)) == 1
        await w.quiet()


async def test_a_hold_has_no_event_until_it_is_confirmed(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        held = w.salon.hold("s_haircut", "loc_mitte", at(24, 9))
        await w.quiet()
        w.salon.confirm(held.hold_id, "Dana Lee", "dana@example.com")
        await w.cycle(minutes=1)
        assert await w.title(held.booking_id) == "Haircut – Dana Lee"


async def test_a_cancelled_booking_that_lives_again_has_its_event_again(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        alive = w.booking(booked)
        w.salon.cancel(booked)
        await w.cycle(minutes=1)
        w.live_again(alive)
        await w.cycle(minutes=5)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T100000"
        await w.quiet()
