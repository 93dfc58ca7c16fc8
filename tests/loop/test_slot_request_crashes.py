"""Whatever breaks off between a slot's event and its booking: one booking, no hold left behind, and then quiet."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.domain.link import Decision
from syncd.sandbox import Kind
from syncd.state.pairs import UNREAD
from tests.loop.asking import ATTEMPTS, CONFIRM, EMAIL, HOLD, booked, held
from tests.loop.ground import ON_ONE, THOROUGH
from tests.loop.requesting import due, stages
from tests.loop.slotting import DANA, FIRST, LAST, open_slots, text_at, told, write
from tests.loop.test_request_crashes import is_killed
from tests.loop.world import Crash, World
from tests.servers import Server

pytestmark = ON_ONE
Make = Callable[[], str]


async def ends_as_one(w: World) -> None:
    """One booking with its event; the slot's event and every hold are gone; and nothing is done any more."""
    (booking,) = booked(w)
    assert (booking.start, booking.contact_email) == (FIRST, EMAIL)
    assert (held(w), w.store.open_intents()) == ([], [])
    assert await w.start(booking.booking_id) == ";TZID=Europe/Berlin:20261123T161500"
    assert (await text_at(w), len(await w.events())) == ("", 1)
    await w.quiet(minutes=1)


async def test_killed_after_any_transaction(dav: Server, folder: Path, new_calendar: Make) -> None:
    """Each of the cycle that books, one after the other, until there is none left."""
    number, killed = 0, True
    while killed:
        number += 1 if THOROUGH or not number else 2
        (folder / str(number)).mkdir()
        server = replace(dav, calendar_url=new_calendar())
        async with open_slots(server, folder / str(number), new_calendar()) as w:
            await write(w, DANA)
            await w.cycle(seconds=10)
            killed = await is_killed(w, number)
            for _ in range(2):
                await w.cycle(seconds=40)
            await ends_as_one(w)
            assert len(set(w.calls(HOLD))) == len(set(w.calls(CONFIRM))) == 1, number
    assert number > 6  # it was not over before it began


async def test_killed_after_any_transaction_that_takes_notice(dav: Server, folder: Path, new_calendar: Make) -> None:
    """Of the cycle in which it is seen for the first time: never sooner booked than it has stood for long enough."""
    for number in range(1, 9):
        (folder / str(number)).mkdir()
        server = replace(dav, calendar_url=new_calendar())
        async with open_slots(server, folder / str(number), new_calendar()) as w:
            await write(w, DANA)
            killed = await is_killed(w, number)
            assert not w.posts
            for _ in range(3):
                await w.cycle(seconds=31)
            await ends_as_one(w)
        if not killed:
            break
    assert not killed


async def test_killed_when_the_calendar_had_been_listed_as_empty(dav: Server, folder: Path, new_calendar: Make) -> None:
    """What such a cycle left of the slots is all that the next one knows before it books; that it forgets nobody."""
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, DANA)
        await w.cycle(seconds=10)
        (url,) = {one.calendar for one in w.store.candidates()}
        w.store.keep_openings(url, (), [one.href for one in w.store.openings(url)], UNREAD)
        for _ in range(4):
            await w.cycle(seconds=40)
        await ends_as_one(w)


@pytest.mark.parametrize("step", [HOLD, CONFIRM, "PUT", "DELETE"])
async def test_killed_right_after_the_answer(dav: Server, folder: Path, new_calendar: Make, step: str) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, DANA)
        await w.cycle(seconds=10)
        w.crash_after = step
        with pytest.raises(Crash):
            await w.cycle(seconds=31)
        for _ in range(2):
            await w.cycle(seconds=40)
        await ends_as_one(w)
        assert len(set(w.calls(HOLD))) == len(set(w.calls(CONFIRM))) == 1


@pytest.mark.parametrize("kind", [Kind.LOSE_ANSWER, Kind.LOSE_REQUEST])
@pytest.mark.parametrize("path", [HOLD, CONFIRM])
async def test_no_answer_to_any_attempt(dav: Server, folder: Path, new_calendar: Make, path: str, kind: Kind) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, DANA)
        await w.cycle(seconds=10)
        w.fault(kind, path, "POST", times=ATTEMPTS)
        assert (await w.cycle(seconds=31)).summary.exit_code == 1
        assert len(w.store.open_intents()) == 1
        await w.cycle(minutes=1)
        await ends_as_one(w)
        assert len(set(w.calls(HOLD))) == len(set(w.calls(CONFIRM))) == 1


async def test_the_database_is_lost_just_when_the_bookings_event_stood_beside_the_slots(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, DANA)
        await w.cycle(seconds=10)
        w.crash_after = "PUT"
        with pytest.raises(Crash):
            await w.cycle(seconds=31)
        w.lose_database()
        for _ in range(2):
            await w.cycle(minutes=1)
        await ends_as_one(w)


async def test_without_the_database_nothing_is_booked_and_nothing_tried_again_without_a_persons_word(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        w.fault(Kind.ANSWER, HOLD, "POST", times=1, status=409)
        await write(w, "Ada Moss ada@example.org", LAST)
        await due(w)
        note = await told(w, LAST)
        await write(w, DANA)
        w.lose_database()
        await w.cycle(seconds=10)
        await w.quiet(minutes=1)
        assert (booked(w), await told(w, LAST), sorted(stages(w))) == ([], note, ["awaiting", "closed"])
        (one,) = w.store.awaiting()
        w.decide(Decision.APPROVED, one.name)
        await w.cycle(minutes=1)
        await ends_as_one(w)
