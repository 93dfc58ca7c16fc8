"""An object that the server lists and does not give, once or for long: nobody knows what it says; it is read again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from syncd.calendars.searching import Search
from syncd.domain.ids import BookingId, name_of
from syncd.engine.tidy import Tidying
from syncd.ports import Stored
from tests.loop.asking import booked
from tests.loop.ground import ON_ONE
from tests.loop.requesting import ask, asking, changed, due, not_given, stages, there, told
from tests.loop.requesting import write as put_there
from tests.loop.slotting import DANA, FIRST, name_at, open_slots, put, text_at, write
from tests.loop.test_probe import NAME, noted
from tests.loop.test_transfers import SECOND
from tests.loop.world import CANCEL, HOUR, RESCHEDULE, World, at, settled, world
from tests.servers import Server

pytestmark = ON_ONE
Make = Callable[[], str]


@contextmanager
def nowhere_found(w: World, answer: int = 500) -> Iterator[None]:
    """The object "zz" is not given, and the account's search does not find it."""

    async def nothing(*what: Any) -> list[Stored]:
        return []

    w.withheld, w.withheld_by = name_of(BookingId("zz")), answer
    with patch.object(Search, "find", nothing):
        yield
    w.withheld = None


async def test_a_request_is_no_less_booked_for_that(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await ask(w, at(24, 9))
        with not_given(w):
            await w.cycle(seconds=10)
        await due(w)
        assert [one.start for one in booked(w)] == [at(24, 9)]
        assert await there(w) == ""


async def test_one_that_was_read_before_stays_what_it_was(dav: Server, folder: Path) -> None:
    """Changed, and not given just then: what was known of it is not forgotten, and it is booked as it stands."""
    async with asking(dav, folder) as w:
        await ask(w, at(24, 9))
        await w.cycle(seconds=10)
        await ask(w, at(24, 10))
        with not_given(w):
            await w.cycle(minutes=1)
        assert (stages(w), booked(w)) == (["standing"], [])
        await due(w)
        assert [one.start for one in booked(w)] == [at(24, 10)]


async def test_what_stood_there_at_the_first_read_awaits_a_persons_word_however_late_it_is_given(
    dav: Server, folder: Path
) -> None:
    async with asking(dav, folder, read=False) as w:
        await ask(w, at(24, 9))
        w.withheld = "wish.ics"
        for _ in range(3):
            await w.cycle(minutes=1)
        await ask(w, at(24, 12), "Haircut – Lea Ray", "lea@example.org", "new")
        w.withheld = None
        for _ in range(3):
            await w.cycle(minutes=1)
        assert [one.start for one in booked(w)] == [at(24, 12)]
        assert "awaiting" in stages(w)
        assert await there(w)


async def test_our_note_in_what_asks_for_nothing_any_more_is_taken_out_once_it_is_given(
    dav: Server, folder: Path
) -> None:
    async with asking(dav, folder) as w:
        await ask(w, at(24, 9), description="")
        await due(w)
        assert await told(w)
        await changed(w, ("^SUMMARY:.*$", "SUMMARY:⚠ Lunch"))
        with not_given(w, of=(Tidying, "_as_it_stands")):
            await w.cycle(minutes=1)
        assert stages(w) == ["theirs"]
        await w.cycle(minutes=1)
        assert await told(w) == ""


@pytest.mark.parametrize("by", ["an app", "a person"])
async def test_a_slots_event_is_edited_only_where_it_was_read(
    dav: Server, folder: Path, new_calendar: Make, by: str
) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        if by == "a person":
            await write(w, f"Open: Haircut {DANA}")
        else:
            await put(w, (await text_at(w)).replace("END:VEVENT", "X-MOZ-LASTACK:20261123T150000Z\nEND:VEVENT"))
        w.withheld = name_at(FIRST)
        await w.cycle(seconds=10)
        w.withheld = None
        if by == "a person":
            await due(w)
            assert [one.contact_name for one in booked(w)] == ["Dana Lee"]
        else:
            w.book(FIRST)
        await w.cycle(minutes=1)
        await w.cycle(minutes=1)
        assert await text_at(w) == ""


async def test_after_a_lost_database_a_slots_event_that_is_not_given_is_not_written_over(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        before = await text_at(w)
        w.lose_database()
        w.withheld = name_at(FIRST)
        report = await w.cycle(minutes=1)
        assert "PUT" not in w.requests
        assert report.summary.problems == ()
        w.withheld = None
        await w.cycle(minutes=1)
        assert await text_at(w) == before
        w.book(FIRST)
        await w.cycle(minutes=1)
        await w.cycle(minutes=1)
        assert await text_at(w) == ""


async def test_a_drag_is_seen_in_the_next_cycle(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        moved = w.book(at(24, 9))
        await w.cycle()
        await w.cycle(minutes=1)
        await w.drag(moved, HOUR)
        w.withheld = name_of(BookingId(moved))
        report = await w.cycle(minutes=1)
        assert "does not give it" in report.summary.problems[0].text
        w.withheld = None
        await w.cycle(minutes=1)
        assert (w.booking(moved).start, len(w.calls(RESCHEDULE))) == (at(24, 10), 1)
        await w.quiet(minutes=1)


async def test_its_pair_stands_still_and_is_not_forgotten(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        moved = w.book(at(24, 9))
        await w.cycle()
        await w.edit(moved, ("^SUMMARY:(.*)$", r"SUMMARY:\1 (bring the photo)"))
        await w.cycle(minutes=1)
        await w.drag(moved, HOUR)
        w.withheld = name_of(BookingId(moved))
        w.salon.move(moved, at(24, 14))
        for minutes in (1, 1, 61):
            await w.cycle(minutes=minutes)
            assert "PUT" not in w.requests
            (seen,) = w.store.observations().values()
            assert seen.fault
            assert seen.event is not None
            assert "(bring the photo)" in seen.event.title
        await w.delete(moved)
        await w.cycle(minutes=1)
        w.withheld = None
        await w.cycle(minutes=1)
        assert "(bring the photo)" in await w.title(moved)
        assert await w.start(moved) == ";TZID=Europe/Berlin:20261124T150000"


async def test_one_that_is_never_given_is_asked_for_less_and_less_and_stops_nothing_else(
    dav: Server, folder: Path
) -> None:
    async with world(dav, folder) as w:
        moved, other = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        await w.cycle(minutes=1)
        await w.drag(moved, HOUR)
        w.withheld = name_of(BookingId(moved))
        asked = 0
        for _ in range(59):
            await w.cycle(minutes=1)
            asked += w.requests.count("GET")
        assert 8 <= asked <= 12
        await w.drag(other, HOUR)
        await w.cycle(minutes=1)
        assert w.booking(other).start == at(25, 10)


@pytest.mark.parametrize("answer", [500, 404])
async def test_an_event_that_is_carried_to_where_it_is_not_given_was_not_deleted(
    dav: Server, folder: Path, new_calendar: Make, answer: int
) -> None:
    """Nor does the account's search name it."""
    other = new_calendar()
    async with world(dav, folder, calendars=SECOND.format(other)) as w:
        carried = w.book(at(24, 9))
        await w.cycle()
        await w.cycle(minutes=1)
        _, text = await w.event(carried)
        await w.put("zz", text, other)
        await w.delete(carried)
        with nowhere_found(w, answer):
            for minutes in (1, 1, 11, 11):
                report = await w.cycle(minutes=minutes)
            (problem,) = report.summary.problems
            assert "does not give" in problem.text
            assert w.requests.count("REPORT") <= 4
        assert not w.posts
        await settled(w)
        assert "was put into another calendar and is back here" in await w.note(carried)
        assert not w.posts
        await w.quiet()


async def test_one_that_was_never_given_before_keeps_no_deletion_from_counting(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    other = new_calendar()
    async with world(dav, folder, calendars=SECOND.format(other)) as w:
        gone = w.book(at(24, 9))
        await w.cycle()
        _, text = await w.event(gone)
        await w.put("zz", text.replace(gone, "zz"), other)
        with nowhere_found(w):
            for minutes in (1, 1, 60, 11):
                await w.cycle(minutes=minutes)
            await w.delete(gone)
            await w.cycle(minutes=1)
            await w.cycle(minutes=11)
        assert len(w.calls(CANCEL)) == 1


async def test_a_probes_event_is_removed_once_it_is_given(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await put_there(w, await noted(w), NAME)
        w.withheld = f"{NAME}.ics"
        await w.cycle(minutes=11)
        assert len(w.store.scratch()) == 1
        w.withheld = None
        await w.cycle(minutes=61)
        assert (await there(w, NAME), w.store.scratch()) == ("", ())
