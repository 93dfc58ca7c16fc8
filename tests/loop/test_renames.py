"""A reschedule that makes another booking of one: the pair goes on under the new id, with its one event."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from syncd.calendars.dav import DavCalendar
from syncd.domain.booking import BookingList
from syncd.domain.errors import OutcomeUnknown, Unavailable
from syncd.domain.ids import BookingId
from syncd.domain.request import CancelWanted, MoveWanted
from syncd.engine.byhand import UNSURE
from syncd.sandbox import Kind
from syncd.sandbox.model import Status
from syncd.zimun import ZimunClient
from tests.loop.asking import ATTEMPTS, close_list, refusing_lists_over, told, want
from tests.loop.ground import ON_ONE
from tests.loop.world import APPOINTMENTS, HOUR, RESCHEDULE, Crash, World, at, world
from tests.servers import Server

pytestmark = ON_ONE
BEGINS, TO = at(24, 9), at(24, 14)


def renamed(w: World, old: str, start: datetime, new: str) -> BookingId:
    """Zimun moves a booking, and makes another one of it."""
    moved = w.salon.move(old, start)
    del w.salon._appointments[old]
    return BookingId(w.salon.place("s_haircut", start, moved.staff_id, booking_id=new).booking_id)


def replaced(w: World, old: str, start: datetime, new: str) -> BookingId:
    """Zimun makes another booking at the new time, and goes on listing the old one as cancelled."""
    was = w.salon.find(old)
    made = w.salon.place("s_haircut", start, was.staff_id, booking_id=new)
    w.salon._appointments[old] = replace(was, status=Status.CANCELLED, updated_at=w.clock.at)
    return BookingId(made.booking_id)


@contextmanager
def renaming(w: World, *names: str) -> Iterator[None]:
    """Each reschedule gives the booking the next of these ids."""
    left = iter(names)

    async def reschedule(client: ZimunClient, old: str, start: datetime, key: str) -> BookingId:
        return renamed(w, old, start, next(left))

    with patch.object(ZimunClient, "reschedule", reschedule):
        yield


async def test_a_reschedule_that_gives_another_id_carries_the_pair_over(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()

        ask_id = want(w, MoveWanted(BookingId(booking_id), TO))
        with renaming(w, "b_new"):
            await w.cycle(minutes=1)
        reply = told(w, ask_id)
        assert reply is not None
        assert reply.booking_ids == ("b_new",)
        assert list(w.store.links()) == ["b_new"]
        await w.cycle(minutes=1)
        assert len(await w.events()) == 1
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T150000"
        await w.quiet(minutes=1)
        assert w.store.known() == []
        assert "link.renamed" in [row.what for row in w.store.history(BookingId("b_new"), 9)]


@pytest.mark.parametrize("closed", [False, True])
async def test_moved_by_hand_and_by_a_drag_in_one_cycle_no_id_that_it_had_is_a_booking(
    dav: Server, folder: Path, *, closed: bool
) -> None:
    """Each of the two moves gives it another id."""
    async with world(dav, folder, sync='conflict = "calendar"') as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        await w.drag(booking_id, 2 * HOUR)
        want(w, MoveWanted(BookingId(booking_id), TO))
        with renaming(w, "b_second", "b_third"):
            await w.cycle(minutes=1)
        assert list(w.store.links()) == ["b_third"]
        if closed:
            close_list(w)
        await w.cycle(seconds=20)
        assert (w.booking("b_third").start, len(await w.events())) == (at(24, 11), 1)
        want(w, CancelWanted(BookingId("b_third")))
        await w.cycle(seconds=20)
        assert await w.events() == {}
        await w.quiet(minutes=1)
        assert list(w.store.links()) == ["b_third"]


@pytest.mark.parametrize("seen", [True, False])
async def test_an_event_whose_write_had_no_answer_goes_on_with_the_id_that_a_move_by_hand_gives(
    dav: Server, folder: Path, *, seen: bool
) -> None:
    """Where nobody can look at it for a while, too: it is the pair's own write, and no person's drag."""
    async with world(dav, folder, sync='conflict = "calendar"') as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        w.salon.move(booking_id, at(24, 12))
        w.crash_after = "PUT"
        with pytest.raises(Crash):
            await w.cycle(minutes=1)

        want(w, MoveWanted(BookingId(booking_id), TO))
        with renaming(w, "b_new"):
            if seen:
                await w.cycle(minutes=1)
            else:
                with patch.object(DavCalendar, "get", side_effect=Unavailable("no answer came")):
                    await w.cycle(minutes=1)
                await w.cycle(minutes=1)
        assert list(w.store.links()) == ["b_new"]
        assert (w.booking("b_new").start, len(await w.events())) == (TO, 1)
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T150000"
        assert not await w.note(booking_id)
        await w.quiet(minutes=11)


async def test_an_id_whose_answer_was_lost_gets_no_event_of_its_own(dav: Server, folder: Path) -> None:
    """The list shows it; its customer moves it, and a person deletes the event that stands, before the answer comes."""
    async with world(dav, folder, sync='conflict = "calendar"') as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        calls = []

        async def reschedule(client: ZimunClient, old: str, start: datetime, key: str) -> BookingId:
            calls.append(key)
            if len(calls) == 1:
                renamed(w, old, start, "b_new")
                raise OutcomeUnknown("no answer came")
            return BookingId("b_new")

        ask_id = want(w, MoveWanted(BookingId(booking_id), TO))
        with patch.object(ZimunClient, "reschedule", reschedule):
            await w.cycle(minutes=1)
            assert (list(w.store.links()), len(await w.events())) == ([booking_id], 1)
            w.salon.move("b_new", at(25, 9))
            await w.delete(booking_id)
            await w.cycle(minutes=2)
        assert len(set(calls)) == 1
        assert told(w, ask_id) is not None
        await w.cycle(minutes=1)
        assert (w.booking("b_new").start, list(w.store.links())) == (at(25, 9), ["b_new"])
        assert len(await w.events()) == 1
        assert await w.start("b_new") == ";TZID=Europe/Berlin:20261125T100000"


async def test_an_id_whose_answer_was_lost_is_found_where_the_booking_was_to_be(dav: Server, folder: Path) -> None:
    """Nothing is asked for again, though the answer came so late that it would not be asked for any more."""
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        calls = []

        async def reschedule(client: ZimunClient, old: str, start: datetime, key: str) -> BookingId:
            calls.append(key)
            renamed(w, old, start, "b_new")
            raise OutcomeUnknown("no answer came")

        ask_id = want(w, MoveWanted(BookingId(booking_id), TO))
        with patch.object(ZimunClient, "reschedule", reschedule):
            await w.cycle(minutes=1)
            await w.cycle(minutes=20)
        reply = told(w, ask_id)
        assert reply is not None
        assert (reply.code, reply.booking_ids, len(calls)) == (0, ("b_new",), 1)
        assert list(w.store.links()) == ["b_new"]
        assert len(await w.events()) == 1
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T150000"


async def test_an_event_that_was_written_anew_goes_on_with_the_id_that_a_move_by_hand_gives(
    dav: Server, folder: Path
) -> None:
    """It has another UID than the one before, and nothing but the pair's last move tells whose it is."""
    async with world(dav, folder) as w:
        w.book(at(26, 9))
        booking_id = w.book(BEGINS)
        await w.cycle()
        with renaming(w, "b_second", "b_third"):
            want(w, MoveWanted(BookingId(booking_id), at(24, 11)))
            await w.cycle(minutes=1)
            await w.cycle(minutes=3)
            await w.delete(booking_id)
            w.salon.move("b_second", at(24, 12))
            w.crash_after = "PUT"
            with pytest.raises(Crash):
                await w.cycle(minutes=1)
            want(w, MoveWanted(BookingId("b_second"), TO))
            await w.cycle(minutes=1)
        await w.cycle(minutes=1)
        assert "b_second" not in w.store.links()
        assert len(await w.events()) == 2
        assert await w.start("b_second") == ";TZID=Europe/Berlin:20261124T150000"
        await w.quiet(minutes=11)


@pytest.mark.parametrize("look_up", ["cancelled", "404"])
@pytest.mark.parametrize("by", ["hand", "drag"])
async def test_an_id_that_is_listed_as_cancelled_gives_way_to_the_one_made_of_it(
    dav: Server, folder: Path, by: str, look_up: str
) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        calls = []

        async def reschedule(client: ZimunClient, old: str, start: datetime, key: str) -> BookingId:
            calls.append(key)
            replaced(w, old, start, "b_new")
            raise OutcomeUnknown("no answer came")

        asked = want(w, MoveWanted(BookingId(booking_id), TO)) if by == "hand" else None
        if asked is None:
            await w.drag(booking_id, 5 * HOUR)
        with patch.object(ZimunClient, "reschedule", reschedule):
            await w.cycle(minutes=1)
            if look_up == "404":
                w.fault(Kind.ANSWER, f"{APPOINTMENTS}/{booking_id}", times=None, status=404, body={"detail": "no"})
            await w.cycle(minutes=1)
        if asked is not None:
            reply = told(w, asked)
            assert reply is not None
            assert (reply.code, reply.booking_ids) == (0, ("b_new",))
        await w.cycle(minutes=1)
        assert (len(calls), list(w.store.links()), len(await w.events())) == (1, ["b_new"], 1)
        assert await w.start(booking_id) == ";TZID=Europe/Berlin:20261124T150000"
        assert await w.note(booking_id) == ""


async def test_one_that_its_customer_cancelled_is_told_as_that_where_no_list_is_read(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        close_list(w)
        asked = want(w, MoveWanted(BookingId(booking_id), TO))
        w.fault(Kind.LOSE_REQUEST, RESCHEDULE, "POST", times=ATTEMPTS)
        await w.cycle(minutes=1)
        w.salon.cancel(booking_id)
        await w.cycle(minutes=3)
        reply = told(w, asked)
        assert reply is not None
        assert (reply.code, w.booking(booking_id).status, len(w.calls(RESCHEDULE))) == (75, "cancelled", ATTEMPTS)


async def test_it_is_found_by_a_short_list_where_no_long_one_is_read(dav: Server, folder: Path) -> None:
    """Long after the process died with the answer."""
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        await w.drag(booking_id, 5 * HOUR)

        async def reschedule(client: ZimunClient, old: str, start: datetime, key: str) -> BookingId:
            renamed(w, old, start, "b_new")
            raise Crash

        with patch.object(ZimunClient, "reschedule", reschedule), pytest.raises(Crash):
            await w.cycle(minutes=1)
        with refusing_lists_over(timedelta(days=1)):
            await w.cycle(minutes=20)
        for minutes in (1, 11):
            await w.cycle(minutes=minutes)
        assert (list(w.store.links()), len(await w.events())) == (["b_new"], 1)
        assert await w.note(booking_id) == ""


@pytest.mark.parametrize("by", ["hand", "drag"])
async def test_a_list_that_lags_does_not_make_the_old_one_count(dav: Server, folder: Path, by: str) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        calls = []

        async def reschedule(client: ZimunClient, old: str, start: datetime, key: str) -> BookingId:
            calls.append(key)
            replaced(w, old, start, "b_new")
            raise OutcomeUnknown("no answer came")

        lists = ZimunClient.bookings

        async def lags(client: ZimunClient, start: datetime, end: datetime) -> BookingList:
            listed = await lists(client, start, end)
            return replace(listed, bookings=tuple(one for one in listed.bookings if one.id != "b_new"))

        asked = want(w, MoveWanted(BookingId(booking_id), TO)) if by == "hand" else None
        if asked is None:
            await w.drag(booking_id, 5 * HOUR)
        with patch.object(ZimunClient, "reschedule", reschedule):
            await w.cycle(minutes=1)
            with patch.object(ZimunClient, "bookings", lags):
                await w.cycle(seconds=20)
            for minutes in (1, 1, 3):
                await w.cycle(minutes=minutes)
        reply = told(w, asked) if asked is not None else None
        assert (reply is None) is (asked is None)
        assert reply is None or (reply.code, reply.booking_ids) == (0, ("b_new",))
        assert (len(calls), list(w.store.links()), len(await w.events())) == (1, ["b_new"], 1)
        assert await w.note(booking_id) == ""


async def test_an_id_that_lives_again_takes_no_event_of_the_one_made_of_it(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        with renaming(w, "b_new"):
            want(w, MoveWanted(BookingId(booking_id), TO))
            await w.cycle(minutes=1)
        await w.cycle(minutes=3)
        stood = w.link("b_new").href
        w.salon.place("s_haircut", at(25, 9), w.booking("b_new").staff_id, booking_id=booking_id)
        w.crash_after = "PUT"
        with pytest.raises(Crash):
            await w.cycle(minutes=1)
        for minutes in (1, 1, 11):
            await w.cycle(minutes=minutes)
        assert (w.link("b_new").href, len(await w.events())) == (stood, 2)
        assert w.link(booking_id).href != stood
        assert await w.note(booking_id) == ""


async def test_a_move_in_doubt_under_the_id_that_it_had_keeps_what_was_deleted_from_being_cancelled(
    dav: Server, folder: Path
) -> None:
    """Who asks for a move may still name the id from before syncd's last one, and Zimun may have heard it."""
    async with world(dav, folder) as w:
        booking_id = w.book(BEGINS)
        await w.cycle()
        await w.drag(booking_id, 5 * HOUR)
        with renaming(w, "b_new"):
            await w.cycle(minutes=1)
        await w.cycle(minutes=3)
        await w.delete(booking_id)
        asked = want(w, MoveWanted(BookingId(booking_id), at(25, 9)))
        w.fault(Kind.LOSE_REQUEST, RESCHEDULE, "POST", times=ATTEMPTS)
        for minutes in (1, 16, 1, 11, 1):
            await w.cycle(minutes=minutes)
        reply = told(w, asked)
        assert reply is not None
        assert (reply.code, reply.text) == (75, UNSURE)
        assert w.booking("b_new").status == "confirmed"
        assert "Zimun did not say whether it was" in await w.note("b_new")
