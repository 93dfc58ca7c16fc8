"""What an event asked for is in the calendar however far ahead it is; and is not booked where no calendar takes it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.app.config import Availability
from tests.loop.asking import CONFIRM, EMAIL, HOLD, booked, close_all_reading, close_list, drop_list
from tests.loop.ground import ON_ONE
from tests.loop.ics import prop
from tests.loop.requesting import ask, asking, due, rid, stages, there, told
from tests.loop.slotting import DANA, text_at, write
from tests.loop.slotting import told as told_in_slot
from tests.loop.world import CANCEL, HOUR, Crash, World, at
from tests.servers import Server

Make = Callable[[], str]
SOON = "future_days = 3"
FAR = at(30, 9)
TEN = ";TZID=Europe/Berlin:20261130T100000"


@asynccontextmanager
async def with_slots(dav: Server, folder: Path, url: str) -> AsyncIterator[World]:
    """As `asking`, for a salon with one service, whose open slots are shown further ahead than bookings."""
    async with asking(dav, folder, read=False, sync="future_days = 1") as w:
        w.config = w.config.model_copy(update={"availability": Availability(calendar_url=url, days_ahead=3)})
        service = replace(w.salon.services["s_haircut"], location_ids=("loc_mitte",))
        w.salon.services = {service.id: service}
        for _ in range(4):
            await w.cycle(minutes=1)
        yield w


async def is_told_as_booked(w: World) -> str:
    """One booking, whose event stands; the request is gone; and nothing is done any more. Its id."""
    (booking,) = booked(w)
    assert (booking.start, await w.start(booking.booking_id)) == (FAR, TEN)
    assert (await there(w), len(await w.events())) == ("", 1)
    for hours in (0.02, 1.1, 20):
        await w.quiet(hours=hours)
    assert (len(set(w.calls(HOLD))), w.store.known()) == (1, [])
    return booking.booking_id


async def is_cancelled_by_a_deletion(w: World, booking_id: str) -> None:
    await w.delete(booking_id)
    await w.cycle(minutes=1)
    await w.cycle(minutes=9)
    assert not w.calls(CANCEL)
    await w.cycle(minutes=2)
    assert w.booking(booking_id).status == "cancelled"
    await w.cycle(minutes=1)
    await w.cycle(days=5)
    assert await w.events() == {}


@pytest.mark.parametrize("closing", [None, close_list, drop_list, close_all_reading])
async def test_it_has_its_event_beyond_future_days_too_and_a_deletion_cancels_it(
    dav: Server, folder: Path, closing: Callable[[World], None] | None
) -> None:
    async with asking(dav, folder, sync=SOON) as w:
        if closing is not None:
            closing(w)
        await ask(w, FAR)
        await due(w)
        await is_cancelled_by_a_deletion(w, await is_told_as_booked(w))


@ON_ONE
async def test_it_follows_its_customer_and_a_drag(dav: Server, folder: Path) -> None:
    async with asking(dav, folder, sync=SOON) as w:
        await ask(w, FAR)
        await due(w)
        booking_id = await is_told_as_booked(w)
        w.salon.move(booking_id, at(30, 11))
        await w.cycle(hours=1.1)
        assert await w.start(booking_id) == TEN.replace("T10", "T12")
        await w.drag(booking_id, -2 * HOUR)
        await w.cycle(minutes=1)
        assert w.booking(booking_id).start == FAR
        w.salon.cancel(booking_id)
        await w.cycle(hours=1.1)
        assert await w.events() == {}


@ON_ONE
async def test_its_event_is_found_again_after_a_lost_database(dav: Server, folder: Path) -> None:
    async with asking(dav, folder, sync=SOON) as w:
        await ask(w, FAR)
        await due(w)
        booking_id = await is_told_as_booked(w)
        w.lose_database()
        await w.quiet(minutes=1)
        await is_cancelled_by_a_deletion(w, booking_id)


@ON_ONE
@pytest.mark.parametrize("closing", [None, close_list])
@pytest.mark.parametrize("step", [HOLD, CONFIRM, "PUT"])
async def test_a_crash_on_the_way_leaves_none_without_its_event(
    dav: Server, folder: Path, step: str, closing: Callable[[World], None] | None
) -> None:
    async with asking(dav, folder, sync=SOON) as w:
        if closing is not None:
            closing(w)
        await ask(w, FAR)
        await w.cycle(seconds=10)
        w.crash_after = step
        with pytest.raises(Crash):
            await w.cycle(seconds=31)
        await w.cycle(minutes=1)
        await is_told_as_booked(w)


@ON_ONE
async def test_nor_does_taking_the_request_away_before_it_could_be_written(dav: Server, folder: Path) -> None:
    async with asking(dav, folder, sync=SOON) as w:
        await ask(w, FAR)
        await w.cycle(seconds=10)
        w.crash_after = CONFIRM
        with pytest.raises(Crash):
            await w.cycle(seconds=31)
        await rid(w)
        await w.cycle(minutes=1)
        await is_told_as_booked(w)


@ON_ONE
async def test_booked_online_already_it_has_its_event_in_place_of_the_request(dav: Server, folder: Path) -> None:
    async with asking(dav, folder, sync=SOON) as w:
        w.salon.book("s_haircut", FAR, location_id="loc_mitte", email=EMAIL)
        w.book(at(30, 13))
        await w.cycle(minutes=1)
        assert await w.events() == {}
        await ask(w, FAR)
        await due(w)
        await w.cycle(minutes=1)
        (first, _) = booked(w)
        assert not w.posts
        assert (await w.start(first.booking_id), len(await w.events())) == (TEN, 1)
        await w.quiet(hours=2)
        assert w.store.known() == []


@ON_ONE
async def test_so_it_is_with_an_open_slot(dav: Server, folder: Path, new_calendar: Make) -> None:
    slot = at(26, 12)
    async with with_slots(dav, folder, new_calendar()) as w:
        await write(w, DANA, slot)
        await due(w)
        (booking,) = booked(w)
        assert await w.start(booking.booking_id) == ";TZID=Europe/Berlin:20261126T130000"
        assert await text_at(w, slot) == ""
        await is_cancelled_by_a_deletion(w, booking.booking_id)


@ON_ONE
async def test_what_no_calendar_takes_is_not_booked_and_says_why(dav: Server, folder: Path, new_calendar: Make) -> None:
    note = (
        "⚠ Not booked: no calendar is set up for bookings of this service at this place. "
        "Please tell whoever looks after syncd. Change this event, and it is tried again."
    )
    async with with_slots(dav, folder, new_calendar()) as w:
        (entry,) = w.config.calendars
        takes_beards = entry.model_copy(update={"services": ("s_beard",), "fallback": False})
        everything = w.config
        w.config = w.config.model_copy(update={"calendars": (takes_beards,)})
        await w.cycle(minutes=1)
        await ask(w, FAR)
        await write(w, DANA, at(24, 9))
        await due(w)
        assert (await told(w), await told_in_slot(w, at(24, 9))) == (note, note)
        assert (w.posts, stages(w)) == (0, ["closed", "closed"])
        await w.cycle(minutes=20)
        assert await told(w) == note
        w.config = everything
        await ask(w, FAR, "Haircut – Dana  Lea")
        await due(w)
        (booking,) = booked(w)
        assert prop((await w.event(booking.booking_id))[1], "SUMMARY") == ":Haircut – Dana Lea"


@ON_ONE
async def test_nor_what_only_entries_for_staff_would_take_where_zimun_names_none(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        w.salon.staff = {each: replace(one, name="") for each, one in w.salon.staff.items()}
        w.book(at(25, 9))
        route_by_staff(w)
        await ask(w, FAR)
        await due(w)
        assert "Not booked: no calendar is set up" in await told(w)
        assert (w.posts, stages(w)) == (0, ["closed"])


@ON_ONE
async def test_the_first_booking_of_a_salon_that_routes_by_staff_is_made(dav: Server, folder: Path) -> None:
    """Nobody knows yet whether Zimun names staff."""
    async with asking(dav, folder) as w:
        route_by_staff(w, w.salon.staff["st_jana"].name)
        w.salon.staff = {"st_jana": w.salon.staff["st_jana"]}
        await ask(w, at(24, 9))
        await due(w)
        assert len(booked(w)) == len(await w.events()) == 1


@ON_ONE
async def test_what_is_booked_and_taken_by_none_after_all_says_so_until_one_takes_it(dav: Server, folder: Path) -> None:
    """Zimun names the staff, but who will have the booking shows only once it is made."""
    async with asking(dav, folder) as w:
        everything = w.config
        w.book(at(25, 9))
        await w.cycle(minutes=1)
        route_by_staff(w)
        await ask(w, at(24, 9))
        await due(w)
        assert len(booked(w)) == 2
        assert await told(w) == (
            "⚠ This is booked in Zimun, but no calendar is set up for the booking: nothing else shows it here. "
            "Please tell whoever looks after syncd."
        )
        await w.quiet(minutes=20)
        w.config = everything
        await w.cycle(minutes=1)
        assert (await there(w), len(await w.events())) == ("", 2)


def route_by_staff(w: World, name: str = "Nobody") -> None:
    """The only calendar is for that one of the staff; by default for one who has no booking."""
    (entry,) = w.config.calendars
    named = entry.model_copy(update={"staff": (name,), "fallback": False})
    w.config = w.config.model_copy(update={"calendars": (named,)})
