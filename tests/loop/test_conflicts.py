"""Both sides moved: the same time is agreed; else one counts, and the event says which."""

from pathlib import Path

from syncd.sandbox import Kind
from tests.loop.ground import ON_ONE
from tests.loop.world import HOUR, RESCHEDULE, at, settled, world
from tests.servers import Server

pytestmark = ON_ONE


async def test_both_to_the_same_time_is_agreed_without_a_write(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.drag(booked, 2 * HOUR)
        w.salon.move(booked, at(24, 11))
        await w.quiet(minutes=1)
        assert w.link(booked).booking.start == at(24, 11)
        await w.quiet()


async def test_to_different_times_zimun_counts(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.drag(booked, 2 * HOUR)
        w.salon.move(booked, at(25, 9))
        report = await w.cycle(minutes=1)
        assert not w.calls(RESCHEDULE)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261125T100000"
        note = await w.note(booked)
        assert "the time in Zimun counts: 10:00 on Wed 25 Nov. Your move to 12:00 on Tue 24 Nov was not booked" in note
        assert report.summary.exit_code == 1
        await w.quiet()


async def test_or_the_calendar_where_the_config_says_so(dav: Server, folder: Path) -> None:
    async with world(dav, folder, sync='conflict = "calendar"') as w:
        free, refused = w.book(at(24, 9)), w.book(at(26, 9))
        await w.cycle()
        await w.drag(free, 2 * HOUR)
        await w.drag(refused, 12 * HOUR)
        w.salon.move(free, at(25, 9))
        w.salon.move(refused, at(26, 14))
        await w.cycle(minutes=1)
        assert w.booking(free).start == at(24, 11)
        assert await w.start(free) == ";TZID=Europe/Berlin:20261124T120000"
        assert "the time here counts: 12:00 on Tue 24 Nov. In Zimun it had been moved to 10:00" in await w.note(free)
        assert w.booking(refused).start == at(26, 14)
        assert await w.start(refused) == ";TZID=Europe/Berlin:20261126T150000"
        assert "22:00 on Thu 26 Nov is not free" in await w.note(refused)
        await w.quiet()
        await w.quiet(minutes=5)


async def test_a_customers_move_just_before_our_call_is_not_overwritten(dav: Server, folder: Path) -> None:
    """The list still shows the old time; the look right before the call shows the new one."""
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.drag(booked, 2 * HOUR)
        listed = w.salon.open_slots

        def moves_meanwhile(*asked: object) -> object:
            w.salon.move(booked, at(25, 9))
            return listed(*asked)  # type: ignore[arg-type]

        w.salon.open_slots = moves_meanwhile  # type: ignore[method-assign,assignment]
        await w.cycle(minutes=1)
        w.salon.open_slots = listed  # type: ignore[method-assign]
        assert w.booking(booked).start == at(25, 9)
        assert not w.calls(RESCHEDULE)
        await w.cycle(minutes=1)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261125T100000"
        assert "the time in Zimun counts" in await w.note(booked)


async def test_a_version_that_a_person_replaced_while_syncd_wrote_is_old_when_it_comes_back(
    dav: Server, folder: Path
) -> None:
    """Marked as cancelled before the customer's move, and sent once more by a phone that was offline since."""
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.edit(booked, (r"^STATUS:CONFIRMED$", "STATUS:CANCELLED"))
        _, marked = await w.event(booked)
        w.salon.move(booked, at(25, 9))

        async def edited() -> None:
            await w.edit(booked, (r"^END:VEVENT", "CATEGORIES:VIP\r\nEND:VEVENT"))

        w.before_put = edited
        await w.cycle(minutes=1)
        await w.cycle(minutes=1)
        assert "STATUS:CONFIRMED" in (await w.event(booked))[1]
        await w.put(booked, marked)
        await settled(w)
        assert w.booking(booked).start == at(25, 9)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261125T100000"
        await w.quiet()


async def test_refused_and_then_moved_by_its_customer_the_event_says_where_the_booking_is(
    dav: Server, folder: Path
) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        w.fault(Kind.ANSWER, RESCHEDULE, "POST", status=409, body={"detail": "no"})
        await w.drag(booked, 4 * HOUR)

        async def meanwhile() -> None:
            await w.edit(booked, (r"^SUMMARY:", "SUMMARY:VIP "))
            w.salon.move(booked, at(24, 15))

        w.before_put = meanwhile
        await w.cycle(minutes=1)
        assert w.link(booked).refusal is not None
        await w.cycle(minutes=1)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T160000"
        assert "Zimun did not accept 14:00" in await w.note(booked)
        assert "The booking stays at 16:00" in await w.note(booked)
        await w.quiet(minutes=3)


async def test_a_conflict_that_was_not_told_yet_is_no_news_once_the_customer_moves_on(
    dav: Server, folder: Path
) -> None:
    async with world(dav, folder, sync='conflict = "calendar"') as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        w.salon.move(booked, at(24, 11))
        await w.drag(booked, 4 * HOUR)

        async def meanwhile() -> None:
            assert w.booking(booked).start == at(24, 13)
            await w.edit(booked, (r"^SUMMARY:", "SUMMARY:VIP "))
            w.salon.move(booked, at(24, 15))

        w.before_put = meanwhile
        await w.cycle(minutes=1)
        assert w.link(booked).pending is not None
        await w.cycle(minutes=5)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T160000"
        assert not await w.note(booked)
        assert w.posts == 1
        await w.quiet(minutes=3)
