"""The events of before stand in a calendar that comes into the config: it was named once, or has another address."""

from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import urljoin

import pytest

from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from syncd.engine import kept
from syncd.sandbox import Kind
from tests.loop.ground import ON_ONE
from tests.loop.ics import dragged
from tests.loop.test_renames import renaming
from tests.loop.world import CANCEL, HOUR, RESCHEDULE, World, at, world
from tests.servers import Server

pytestmark = ON_ONE

NewCalendar = Callable[[], str]


def only(url: str) -> str:
    return f'[[calendars]]\nurl = "{url}"\nlocations = ["loc_mitte"]\n'


async def moved_house(w: World, old: str, new: str) -> None:
    """The server has another address: all events stand there as they stood."""
    for href, (_, text) in (await w.events(old)).items():
        there = urljoin(new, href.rsplit("/", 1)[-1])
        answer = await w.http.put(there, content=text.encode(), headers={"Content-Type": "text/calendar"})
        assert answer.is_success
        await w.http.delete(urljoin(old, href))


async def cycles(w: World, *minutes: int) -> None:
    for each in minutes:
        await w.cycle(minutes=each)


async def goes_to(w: World, url: str) -> None:
    """That calendar alone is in the config, and the bookings have their events there."""
    w.reconfigure(calendars=only(url))
    await cycles(w, 1, 11)


async def write_into(w: World, booked: str, words: str, calendar: str) -> None:
    """A person writes that into the event's description."""
    text = (await w.event(booked, calendar))[1]
    await w.put(booked, text.replace("DESCRIPTION:", f"DESCRIPTION:{words}\\n", 1), calendar)


async def dismiss_the_alarm(w: World, booked: str, calendar: str) -> None:
    """As Thunderbird writes it."""
    text = (await w.event(booked, calendar))[1]
    seen = "STATUS:CONFIRMED\r\nX-MOZ-LASTACK:20261123T090000Z"
    await w.put(booked, text.replace("STATUS:CONFIRMED", seen), calendar)


async def test_a_calendar_with_another_address_has_its_events_already(
    dav: Server, folder: Path, new_calendar: NewCalendar
) -> None:
    """Many: nothing is to be approved, for nothing goes anywhere; and all that is done there counts at once."""
    old, new = new_calendar(), new_calendar()
    async with world(dav, folder, calendars=only(old)) as w:
        booked = [w.book(at(24 + n % 4, 9 + 3 * (n // 4))) for n in range(8)]
        await w.cycle()
        await moved_house(w, old, new)
        w.reconfigure(calendars=only(new))
        report = await w.cycle(minutes=30)
        assert (report.summary.counts["awaiting"], len(await w.events(new))) == (0, 8)
        w.salon.cancel(booked[3])
        w.salon.move(booked[2], at(26, 15))
        await w.delete(booked[6], new)
        await cycles(w, 1, 11, 11)
        assert not await w.exists(booked[3], new)
        assert await w.start(booked[2], new) == ";TZID=Europe/Berlin:20261126T160000"
        assert len(w.calls(CANCEL)) == 1


async def test_back_to_the_calendar_of_before_a_cancelled_booking_has_no_event_there(
    dav: Server, folder: Path, new_calendar: NewCalendar
) -> None:
    old, new = new_calendar(), new_calendar()
    async with world(dav, folder, calendars=only(old)) as w:
        stays, goes = w.book(at(26, 9)), w.book(at(26, 12))
        await w.cycle()
        await goes_to(w, new)
        assert len(await w.events(new)) == 2
        w.reconfigure(calendars=only(old))
        w.salon.cancel(goes)
        await cycles(w, 1, 11, 11, 60 * 24)
        assert (await w.exists(stays, old), await w.exists(goes, old)) == (True, False)


async def test_what_was_done_there_meanwhile_stays_or_is_told(
    dav: Server, folder: Path, new_calendar: NewCalendar
) -> None:
    old, new = new_calendar(), new_calendar()
    async with world(dav, folder, calendars=only(old)) as w:
        edited, dragged = w.book(at(26, 9)), w.book(at(26, 12))
        await w.cycle()
        await goes_to(w, new)
        await w.drag(dragged, HOUR, old)
        await write_into(w, edited, "blue dye", old)
        w.reconfigure(calendars=only(old))
        await cycles(w, 1, 1, 11, 11, 60)
        assert "blue dye" in (await w.event(edited, old))[1]
        assert "14:00" in (await w.note(dragged, old) or "")
        assert await w.start(dragged, old) == ";TZID=Europe/Berlin:20261126T130000"
        assert w.calls(RESCHEDULE) == []


@pytest.mark.parametrize("touched", [False, True])
async def test_an_old_event_of_a_booking_that_has_another_id_by_now_moves_nothing(
    dav: Server, folder: Path, new_calendar: NewCalendar, *, touched: bool
) -> None:
    """A phone dismissed its alarm meanwhile: it is a version of its own, at the time of before."""
    old, new = new_calendar(), new_calendar()
    async with world(dav, folder, calendars=only(old)) as w:
        booked = w.book(at(26, 9))
        await w.cycle()
        w.reconfigure(calendars=only(new))
        await w.cycle(minutes=11)
        await w.drag(booked, HOUR, new)
        with renaming(w, "b_new"):
            await w.cycle(minutes=11)
        await w.cycle(minutes=1)
        if touched:
            await dismiss_the_alarm(w, booked, old)
        w.reconfigure(calendars=only(old))
        await cycles(w, 1, 1, 11, 11)
        assert w.booking("b_new").start == at(26, 10)
        assert w.calls(RESCHEDULE) == []  # the one before was answered with the new id, and is not counted


@pytest.mark.parametrize("hours", [0, 2])
async def test_an_old_version_under_the_id_of_before_written_back_as_its_calendar_left_does_not_stay_beside_the_new_one(
    dav: Server, folder: Path, new_calendar: NewCalendar, *, hours: int
) -> None:
    """By a phone that missed the move, and dismissed the alarm of what it knew; or dragged it then by `hours`."""
    old, new = new_calendar(), new_calendar()
    async with world(dav, folder, calendars=only(old)) as w:
        booked = w.book(at(26, 9))
        await w.cycle()
        before = (await w.event(booked, old))[1]
        await w.drag(booked, HOUR, old)
        with renaming(w, "b_new"):
            await cycles(w, 11, 1)
        await w.put(booked, before, old)
        await dismiss_the_alarm(w, booked, old)
        await goes_to(w, new)
        if hours:
            await w.drag(booked, hours * HOUR, old)
        w.reconfigure(calendars=only(old))
        await cycles(w, 1, 1, 11, 11, 60, 121, 1)
        assert w.booking("b_new").start == at(26, 10)
        assert w.calls(RESCHEDULE) == []
        assert len(await w.events(old)) == 1
        assert w.store.links()[BookingId("b_new")].leftovers == ()


async def test_what_was_written_into_the_event_that_stood_for_it_comes_along(
    dav: Server, folder: Path, new_calendar: NewCalendar
) -> None:
    other = new_calendar()
    async with world(dav, folder, calendars=only(other)) as w:
        booked = w.book(at(27, 9))
        await w.cycle()
        w.reconfigure()
        await w.cycle(minutes=1)
        await w.edit(booked, (r"^(DESCRIPTION:.*)$", r"\1\\nallergic to dye"))
        await w.cycle(hours=24)
        w.reconfigure(calendars=only(other))
        await cycles(w, 15, 1, 11, 11)
        assert "allergic to dye" in (await w.event(booked, other))[1]
        assert (len(await w.events()), len(await w.events(other))) == (0, 1)


async def test_a_customer_who_moves_a_booking_of_a_calendar_that_is_gone_lets_no_question_come_and_go(
    dav: Server, folder: Path, new_calendar: NewCalendar
) -> None:
    other = new_calendar()
    async with world(dav, folder, calendars=only(other)) as w:
        booked = [w.book(at(24 + n % 4, 9 + 3 * (n // 4))) for n in range(7)]
        await w.cycle()
        w.reconfigure()
        await w.cycle(minutes=1)
        w.salon.move(booked[0], at(26, 15))
        await w.cycle(minutes=1)
        awaiting = [(await w.cycle(minutes=1)).summary.counts["awaiting"] for _ in range(4)]
        assert awaiting == [7, 7, 7, 7]
        w.decide(Decision.REJECTED, *booked)
        await cycles(w, 1, 1, 1)
        assert await w.events() == {}


async def test_deleted_right_before_its_calendar_left_it_asks_in_the_next_one(
    dav: Server, folder: Path, new_calendar: NewCalendar
) -> None:
    old, new = new_calendar(), new_calendar()
    async with world(dav, folder, calendars=only(old)) as w:
        booked = w.book(at(26, 9))
        await w.cycle()
        await w.delete(booked, old)
        await w.cycle(minutes=1)
        w.reconfigure(calendars=only(new))
        await cycles(w, 5, 11)
        assert (w.calls(CANCEL), "delete" in (await w.note(booked, new) or "")) == ([], True)
        await w.delete(booked, new)
        await cycles(w, 1, 11)
        assert len(w.calls(CANCEL)) == 1


async def test_what_was_written_into_the_one_that_left_comes_along_too(
    dav: Server, folder: Path, new_calendar: NewCalendar
) -> None:
    old, new = new_calendar(), new_calendar()
    async with world(dav, folder, calendars=only(old)) as w:
        booked = w.book(at(27, 9))
        await w.cycle()
        await goes_to(w, new)
        await write_into(w, booked, "allergic to dye", new)
        await cycles(w, 11, 11)
        w.reconfigure(calendars=only(old))
        await cycles(w, 1, 1, 11, 11, 60)
        assert len(await w.events(old)) == 1
        assert "allergic to dye" in (await w.event(booked, old))[1]


async def test_an_old_event_of_a_booking_that_had_another_id_by_then_moves_nothing(
    dav: Server, folder: Path, new_calendar: NewCalendar
) -> None:
    old, new = new_calendar(), new_calendar()
    async with world(dav, folder, calendars=only(old)) as w:
        booked = w.book(at(26, 9))
        await w.cycle()
        await w.drag(booked, HOUR, old)
        with renaming(w, "b_new"):
            await w.cycle(minutes=11)
        await cycles(w, 1, 1)
        w.reconfigure(calendars=only(new))
        await cycles(w, 11, 1)
        w.salon.move("b_new", at(26, 14))
        await cycles(w, 1, 11)
        await dismiss_the_alarm(w, booked, old)
        w.reconfigure(calendars=only(old))
        await cycles(w, 1, 1, 11, 11)
        assert w.booking("b_new").start == at(26, 14)


async def test_a_drag_that_waits_for_zimun_when_its_calendar_leaves_is_told_where_the_old_event_counts(
    dav: Server, folder: Path, new_calendar: NewCalendar
) -> None:
    old, new = new_calendar(), new_calendar()
    async with world(dav, folder, calendars=only(old)) as w:
        booked = w.book(at(26, 9))
        await w.cycle()
        await goes_to(w, new)
        await w.drag(booked, HOUR, new)
        w.fault(Kind.LOSE_REQUEST, "/api/v1/appointments", times=None)
        await cycles(w, 1, 1)
        w.server.faults.clear()
        w.reconfigure(calendars=only(old))
        await cycles(w, 1, 1, 11)
        assert "11:00" in (await w.note(booked, old) or "")
        assert w.calls(RESCHEDULE) == []


async def test_a_drag_of_a_booking_that_zimun_did_not_know_when_its_calendar_left_is_told_there(
    dav: Server, folder: Path, new_calendar: NewCalendar
) -> None:
    """It was seen, and nothing could be decided about it yet: so it is no old version of the event."""
    old, new = new_calendar(), new_calendar()
    async with world(dav, folder, calendars=only(old)) as w:
        booked = w.book(at(26, 9))
        w.book(at(26, 14))
        await w.cycle()
        forgotten = w.salon._appointments.pop(booked)
        await w.drag(booked, HOUR, old)
        await w.cycle(minutes=1)
        w.salon._appointments[booked] = forgotten
        w.reconfigure(calendars=only(new))
        await cycles(w, 1)
        w.reconfigure(calendars=only(old))
        await cycles(w, 1, 1)
        assert "11:00" in (await w.note(booked, old) or "")
        assert w.calls(RESCHEDULE) == []


async def test_many_that_belong_elsewhere_by_now_await_wherever_their_old_events_stand(
    dav: Server, folder: Path, new_calendar: NewCalendar
) -> None:
    old, new = new_calendar(), new_calendar()
    async with world(dav, folder, calendars=only(old)) as w:
        booked = [w.book(at(24 + n % 4, 9 + 3 * (n // 4))) for n in range(8)]
        await w.cycle()
        w.reconfigure(calendars=only(new))
        await w.cycle(minutes=1)
        w.decide(Decision.APPROVED, *booked)
        await cycles(w, 1, 11)
        # the old one is for another place now, and the new one is no more: all go to the fallback
        w.reconfigure(calendars=only(old).replace("loc_mitte", "loc_shoreditch"))
        await cycles(w, 1, 1)
        assert (await w.cycle(minutes=11)).summary.counts["awaiting"] == 8
        assert await w.events() == {}


async def test_of_several_events_of_before_the_one_counts_that_stands_where_the_booking_belongs(
    dav: Server, folder: Path, new_calendar: NewCalendar
) -> None:
    other, home, last = sorted(new_calendar() for _ in range(3))
    async with world(dav, folder, calendars=only(home)) as w:
        booked = [w.book(at(24 + n % 4, 9 + 3 * (n // 4))) for n in range(6)]
        await w.cycle()
        for url in (other, last):
            w.reconfigure(calendars=only(url))
            await w.cycle(minutes=1)
            w.decide(Decision.APPROVED, *booked)
            await cycles(w, 1, 11)
        w.reconfigure(calendars=only(home) + only(other).replace("loc_mitte", "loc_shoreditch"))
        assert (await w.cycle(minutes=1)).summary.counts["awaiting"] == 0
        await cycles(w, 1, 11)
        assert (len(await w.events(home)), len(await w.events(other))) == (6, 0)


async def test_one_that_was_pasted_under_a_uid_of_its_own_goes_where_the_old_one_stands(
    dav: Server, folder: Path, new_calendar: NewCalendar
) -> None:
    other = new_calendar()
    async with world(dav, folder, calendars=only(other)) as w:
        booked = w.book(at(27, 9))
        await w.cycle()
        w.reconfigure()
        await cycles(w, 1, 11)
        text = (await w.event(booked))[1].replace(f"UID:{booked}@zimun", "UID:6f2b-pasted")
        await w.put("pasted", text, dav.calendar_url)
        await w.delete(booked)
        w.reconfigure(calendars=only(other))
        await cycles(w, 1, 1, 11, 60)
        assert (len(await w.events()), len(await w.events(other))) == (0, 1)


async def test_a_copy_that_stood_beside_an_event_whose_calendar_leaves_the_config_moves_nothing(
    dav: Server, folder: Path, new_calendar: NewCalendar
) -> None:
    """It was pasted before the event was dragged, and bears the time from before that."""
    other = new_calendar()
    both = only(other) + only(dav.calendar_url).replace("loc_mitte", "loc_shoreditch")
    async with world(dav, folder, calendars=both) as w:
        booked = w.book(at(27, 9))
        await w.cycle()
        text = (await w.event(booked, other))[1].replace(f"UID:{booked}@zimun", "UID:6f2b-pasted")
        await w.put("pasted", text, dav.calendar_url)
        await w.drag(booked, HOUR, other)
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(27, 10)
        w.reconfigure()
        await cycles(w, 1, 1, 11, 60)
        assert w.booking(booked).start == at(27, 10)
        assert len(w.calls(RESCHEDULE)) == 1
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261127T110000"
        assert len(await w.events()) == 2


async def test_one_that_was_carried_over_since_counts_also_where_the_cycle_that_saw_it_came_to_nothing(
    dav: Server, folder: Path, new_calendar: NewCalendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_calendar()
    both = only(other) + only(dav.calendar_url).replace("loc_mitte", "loc_shoreditch")
    async with world(dav, folder, calendars=both) as w:
        booked = w.book(at(27, 9))
        await w.cycle()
        _, text = await w.event(booked, other)
        await w.delete(booked, other)
        carried = dragged(text.replace(f"UID:{booked}@zimun", "UID:6f2b-pasted"), HOUR, w.clock.at)
        await w.put("pasted", carried, dav.calendar_url)
        w.reconfigure()
        with monkeypatch.context() as killed:
            killed.setattr(kept, "remember", Mock(side_effect=SystemExit))
            with pytest.raises(SystemExit):
                await w.cycle(minutes=1)
        await cycles(w, 1, 11)
        assert w.booking(booked).start == at(27, 10)
        assert len(await w.events()) == 1
