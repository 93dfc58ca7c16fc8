"""Each booking's event stands in the calendar that routing gives it, and follows when that changes."""

from collections.abc import Callable
from pathlib import Path

from syncd.domain.link import Decision
from tests.loop.world import CANCEL, HOUR, RESCHEDULE, at, world
from tests.servers import Server

ENTRY = '[[calendars]]\nurl = "{}"\n{} = ["{}"]\n'


async def test_two_places_two_calendars(dav: Server, folder: Path, new_calendar: Callable[[], str]) -> None:
    london = new_calendar()
    async with world(dav, folder, calendars=ENTRY.format(london, "locations", "loc_shoreditch")) as w:
        here, there = w.book(at(24, 9)), w.book(at(24, 9), place="loc_shoreditch")
        await w.cycle()
        assert await w.start(here) == ";TZID=Europe/Berlin:20261124T100000"
        assert await w.start(there, london) == ";TZID=Europe/London:20261124T090000"
        assert (len(await w.events()), len(await w.events(london))) == (1, 1)
        await w.drag(there, 2 * HOUR, london)
        await w.cycle(minutes=1)
        assert w.booking(there).start == at(24, 11)
        await w.quiet(minutes=3)


async def test_a_booking_whose_staff_changed_follows_in_one_piece(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    emre = new_calendar()
    async with world(dav, folder, calendars=ENTRY.format(emre, "staff", "Emre Aydın")) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.edit(booked, (r"^(DESCRIPTION:.*)$", r"\1\\nblue dye"))
        w.salon._change(w.booking(booked), staff_id="st_emre")
        await w.cycle(minutes=1)
        assert await w.events() == {}
        assert "blue dye" in (await w.event(booked, emre))[1]
        assert "This booking is now with Emre Aydın." in await w.note(booked, emre)
        assert w.requests.index("PUT") < w.requests.index("DELETE")
        await w.quiet(minutes=1)


async def test_after_a_reschedule_to_other_staff_the_event_follows_and_says_so(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    emre = new_calendar()
    async with world(dav, folder, calendars=ENTRY.format(emre, "staff", "Emre Aydın")) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.drag(booked, 8 * HOUR)  # Jana is at home then
        await w.cycle(minutes=1)
        assert w.booking(booked).staff_id == "st_emre"
        assert await w.start(booked, emre) == ";TZID=Europe/Berlin:20261124T180000"
        assert "now with Emre" in await w.note(booked, emre)
        assert await w.events() == {}
        await w.quiet(minutes=3)


async def test_given_to_other_staff_while_its_event_is_dragged_it_says_so_too(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    emre = new_calendar()
    async with world(dav, folder, calendars=ENTRY.format(emre, "staff", "Emre Aydın")) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        w.salon._change(w.booking(booked), staff_id="st_emre")
        await w.drag(booked, 2 * HOUR)
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(24, 11)
        assert await w.start(booked, emre) == ";TZID=Europe/Berlin:20261124T120000"
        assert "now with Emre" in await w.note(booked, emre)
        assert await w.events() == {}
        await w.quiet(minutes=3)


async def test_a_config_that_reroutes_two_is_followed(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    other = new_calendar()
    async with world(dav, folder) as w:
        booked = [w.book(at(24 + n, 9)) for n in range(2)]
        stays = w.book(at(24, 9), place="loc_shoreditch")
        await w.cycle()
        w.reconfigure(calendars=ENTRY.format(other, "locations", "loc_mitte"))
        assert (await w.cycle(minutes=1)).summary.exit_code == 0
        assert len(await w.events(other)) == 2
        assert len(await w.events()) == 1
        for each in booked:
            assert not await w.note(each, other)
        assert await w.exists(stays)
        assert not w.posts
        await w.quiet(minutes=11)


async def test_one_that_reroutes_six_awaits_and_follows_when_approved(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    other = new_calendar()
    async with world(dav, folder) as w:
        booked = [w.book(at(24 + n % 4, 9 + 3 * (n // 4))) for n in range(6)]
        await w.cycle()
        before = await w.events()
        w.reconfigure(calendars=ENTRY.format(other, "locations", "loc_mitte"))
        for minutes in (1, 11, 70):
            report = await w.quiet(minutes=minutes)
            assert report.summary.counts["awaiting"] == 6
            assert report.summary.exit_code == 1
        assert await w.events() == before
        # while they wait they are looked after where they stand
        await w.drag(booked[0], HOUR)
        await w.cycle(minutes=1)
        assert w.booking(booked[0]).start == at(24, 10)
        w.decide(Decision.APPROVED, *booked)
        await w.cycle(minutes=3)
        await w.cycle(minutes=1)
        assert len(await w.events(other)) >= 5
        assert len(await w.events()) + len(await w.events(other)) == 6
        assert len(w.calls("/reschedule")) == 1


async def test_a_calendar_taken_out_of_the_config_cancels_nothing_and_its_bookings_get_events_where_they_belong(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    other = new_calendar()
    async with world(dav, folder, calendars=ENTRY.format(other, "locations", "loc_mitte")) as w:
        booked = [w.book(at(24 + n, 9)) for n in range(3)]
        await w.cycle()
        before = await w.events(other)
        w.reconfigure()
        report = await w.cycle(minutes=1)
        assert report.summary.exit_code == 0
        assert [await w.exists(each) for each in booked] == [True] * 3
        assert await w.events(other) == before
        w.salon.move(booked[0], at(24, 15))
        await w.cycle(minutes=1)
        assert await w.start(booked[0]) == ";TZID=Europe/Berlin:20261124T160000"
        # named again, each booking has one event
        w.reconfigure(calendars=ENTRY.format(other, "locations", "loc_mitte"))
        for minutes in (11, 11, 11):
            await w.cycle(minutes=minutes)
        assert (len(await w.events()), len(await w.events(other))) == (0, 3)
        assert not w.calls(CANCEL)
        assert not w.calls(RESCHEDULE)
        await w.quiet(minutes=11)


async def test_events_that_were_tidied_away_while_their_calendar_was_out_of_the_config_are_asked_about(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    other = new_calendar()
    entry = ENTRY.format(other, "locations", "loc_mitte")
    async with world(dav, folder, calendars=entry) as w:
        booked = [w.book(at(24 + n % 4, 9 + 3 * (n // 4))) for n in range(6)]
        w.book(at(24, 9), place="loc_shoreditch")
        await w.cycle()
        w.reconfigure()
        for minutes in (1, 11):
            report = await w.quiet(minutes=minutes)
            assert report.summary.counts["awaiting"] == 6
        assert {problem.key for problem in report.summary.problems} == set(booked)
        for each in booked[:2]:
            await w.delete(each, other)
        await w.cycle(hours=3)
        w.reconfigure(calendars=entry)
        for minutes in (11, 11, 11):
            await w.cycle(minutes=minutes)
        assert not w.calls(CANCEL)
        for each in booked[:2]:
            assert "Cancel" in await w.title(each, other)
        # from now on a deletion is one again
        await w.delete(booked[2], other)
        for minutes in (1, 11):
            await w.cycle(minutes=minutes)
        assert len(w.calls(CANCEL)) == 1


async def test_the_old_event_that_was_dragged_out_of_the_config_moves_nothing_when_its_calendar_is_back(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    """Nobody watched that, and the customer has moved the booking since. The person sees two, and deletes the newer."""
    other = new_calendar()
    entry = ENTRY.format(other, "locations", "loc_shoreditch")
    async with world(dav, folder, calendars=entry) as w:
        booked = w.book(at(26, 9), place="loc_shoreditch")
        await w.cycle()
        w.reconfigure()
        await w.cycle(minutes=1)
        await w.drag(booked, HOUR, other)
        await w.cycle(hours=1)
        w.salon.move(booked, at(26, 14))
        await w.cycle(hours=1)
        w.reconfigure(calendars=entry)
        await w.delete(booked)
        for minutes in (1, 1, 11, 1):
            await w.cycle(minutes=minutes)
        assert (w.calls(RESCHEDULE), w.calls(CANCEL)) == ([], [])
        assert await w.start(booked, other) == ";TZID=Europe/London:20261126T140000"


async def test_a_drag_that_nobody_read_before_its_calendar_left_the_config_is_told_when_it_is_back(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    other = new_calendar()
    entry = ENTRY.format(other, "locations", "loc_shoreditch")
    async with world(dav, folder, calendars=entry) as w:
        booked = w.book(at(26, 9), place="loc_shoreditch")
        await w.cycle()
        await w.drag(booked, HOUR, other)
        w.reconfigure()
        await w.cycle(minutes=1)
        w.reconfigure(calendars=entry)
        for minutes in (15, 1, 11, 1):
            await w.cycle(minutes=minutes)
        assert await w.start(booked, other) == ";TZID=Europe/London:20261126T090000"
        assert "10:00" in (await w.note(booked, other) or "")
        assert (w.calls(RESCHEDULE), len(await w.events())) == ([], 0)


async def test_a_calendar_that_comes_later_and_cannot_be_read_stops_the_bookings_that_go_there_alone(
    dav: Server, folder: Path
) -> None:
    missing = ENTRY.format(f"{dav.home_url}no-such-calendar/", "locations", "loc_shoreditch")
    async with world(dav, folder) as w:
        w.book(at(24, 9))
        await w.cycle()
        w.reconfigure(calendars=missing)
        here, there = w.book(at(25, 9)), w.book(at(25, 9), place="loc_shoreditch")
        report = await w.cycle(minutes=1)
        assert await w.exists(here)
        assert [problem.key for problem in report.summary.problems] == [there]
        # with a lost database nobody knows what stands in the one that cannot be read, and each is named
        w.lose_database()
        third = w.book(at(26, 9))
        report = await w.cycle(minutes=1)
        assert not await w.exists(third)
        assert {there, third} <= {problem.key for problem in report.summary.problems}
