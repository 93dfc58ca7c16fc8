"""Several things at once: each person's word counts once, and both sides end equal."""

from datetime import datetime
from pathlib import Path
from unittest.mock import patch

from syncd.domain.booking import Booking
from syncd.domain.errors import Malformed, OutcomeUnknown
from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from syncd.sandbox import Kind
from syncd.zimun import ZimunClient
from tests.loop.world import CANCEL, HOUR, RESCHEDULE, at, world
from tests.servers import Server


async def test_a_drag_and_a_customers_new_text_both_arrive(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9), notes="First visit")
        await w.cycle()
        await w.drag(booked, 2 * HOUR)
        await w.edit(booked, (r"^SUMMARY:.*$", "SUMMARY:Dana (regular)"))
        w.salon._change(w.booking(booked), notes="Second visit")
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(24, 11)
        text = (await w.event(booked))[1]
        assert "Second visit" in text
        assert "First visit" not in text
        assert "SUMMARY:Dana (regular)" in text
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T120000"
        await w.quiet(minutes=3)


async def test_a_later_start_with_the_old_end_is_a_move_and_keeps_the_length(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.edit(booked, (r"^DTSTART;TZID=.*$", "DTSTART;TZID=Europe/Berlin:20261124T101500"))
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(24, 9, 15)
        assert "DTEND;TZID=Europe/Berlin:20261124T110000" in (await w.event(booked))[1]
        assert len(w.calls(RESCHEDULE)) == 1
        await w.quiet(minutes=3)


async def test_deleted_on_both_sides_is_agreed(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        at_once, in_grace = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        await w.delete(at_once)
        w.salon.cancel(at_once)
        await w.delete(in_grace)
        await w.cycle(minutes=1)
        w.salon.cancel(in_grace)
        await w.cycle(minutes=1)
        await w.quiet(minutes=11)
        assert not w.posts
        assert await w.events() == {}
        w.lose_database()
        await w.quiet(minutes=1)


async def test_a_copy_of_an_event_is_the_persons_own(dav: Server, folder: Path) -> None:
    """Copied and pasted, it still names the booking: with the event gone it may be what the person kept."""
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        _, text = await w.event(booked)
        await w.put("copy", text.replace(f"UID:{booked}@zimun", "UID:copied-1@example.com"))
        copy = (await w.event("copy"))[1]
        for minutes in (1, 11):
            await w.quiet(minutes=minutes)
        assert (await w.event("copy"))[1] == copy
        await w.delete(booked)
        for minutes in (1, 11, 11):
            await w.cycle(minutes=minutes)
        assert not w.calls(CANCEL)
        assert await w.exists(booked)
        await w.quiet(minutes=1)


async def test_a_question_lapses_when_the_booking_moves(dav: Server, folder: Path) -> None:
    async with world(dav, folder, sync='deletions = "ask"') as w:
        booked, dragged = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        for each in (booked, dragged):
            await w.delete(each)
        await w.cycle(minutes=1)
        w.salon.move(booked, at(24, 14))
        await w.drag(dragged, 2 * HOUR)
        w.decide(Decision.APPROVED, booked)
        report = await w.cycle(minutes=1)
        assert not w.calls(CANCEL)
        assert w.booking(dragged).start == at(25, 11)
        for each, start in ((booked, "24T150000"), (dragged, "25T120000")):
            assert await w.start(each) == f";TZID=Europe/Berlin:202611{start}"
            assert not await w.note(each)
        assert "awaiting" not in report.summary.counts or not report.summary.counts["awaiting"]
        # and a deletion now is a new question
        await w.delete(booked)
        await w.cycle(minutes=1)
        assert (await w.title(booked)).startswith("⚠ Cancel? ")


async def test_no_cancellation_goes_out_without_a_question_where_the_limit_is_none(dav: Server, folder: Path) -> None:
    async with world(dav, folder, sync="max_cancellations = 0\nmax_moves = 0\ncancel_grace_seconds = 0") as w:
        deleted, dragged = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        await w.delete(deleted)
        await w.drag(dragged, 2 * HOUR)
        report = await w.cycle(minutes=1)
        assert report.summary.counts["awaiting"] == 2
        await w.quiet(minutes=11)
        w.decide(Decision.APPROVED, deleted, dragged)
        await w.cycle(minutes=1)
        assert w.booking(deleted).status == "cancelled"
        assert w.booking(dragged).start == at(25, 11)


async def test_without_a_grace_a_deletion_still_takes_two_cycles(dav: Server, folder: Path) -> None:
    async with world(dav, folder, sync="cancel_grace_seconds = 0") as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.delete(booked)
        await w.quiet()
        await w.cycle()
        assert w.booking(booked).status == "cancelled"


async def test_a_reschedule_that_answers_with_another_id_carries_the_pair_over(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        move = w.salon.move

        def renaming(booking_id: str, start: object) -> object:
            moved = move(booking_id, start)  # type: ignore[arg-type]
            del w.salon._appointments[booking_id]
            return w.salon.place(moved.service_id, moved.start, moved.staff_id, booking_id="b_renamed")

        w.salon.move = renaming  # type: ignore[method-assign,assignment]
        await w.drag(booked, 2 * HOUR)
        await w.cycle(minutes=1)
        w.salon.move = move  # type: ignore[method-assign]
        await w.cycle(minutes=3)
        await w.quiet(minutes=11)
        assert len(await w.events()) == 1
        assert w.link("b_renamed").booking.start == at(24, 11)
        w.lose_database()
        await w.quiet(minutes=1)
        await w.delete(booked)  # its href is the old id's
        await w.cycle(minutes=1)
        await w.cycle(minutes=11)
        assert w.booking("b_renamed").status == "cancelled"


async def test_a_lost_answer_that_gave_another_id_makes_no_second_pair(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        move, reschedule = w.salon.move, ZimunClient.reschedule

        def renaming(booking_id: str, start: object) -> object:
            moved = move(booking_id, start)  # type: ignore[arg-type]
            del w.salon._appointments[booking_id]
            return w.salon.place(moved.service_id, moved.start, moved.staff_id, booking_id="b_renamed")

        async def lost(client: ZimunClient, booking_id: BookingId, start: datetime, key: str) -> BookingId | None:
            await reschedule(client, booking_id, start, key)
            raise OutcomeUnknown("no answer came")

        async def garbled(client: ZimunClient, booking_id: BookingId) -> Booking | None:
            raise Malformed(booking_id, "no start")

        w.salon.move = renaming  # type: ignore[method-assign,assignment]
        await w.drag(booked, 2 * HOUR)
        with patch.object(ZimunClient, "reschedule", lost):
            await w.cycle(minutes=1)
        w.salon.move = move  # type: ignore[method-assign]
        await w.drag(booked, -2 * HOUR)
        with patch.object(ZimunClient, "booking", garbled):
            await w.cycle(minutes=3)
        assert len(await w.events()) == 1
        # the person has the last word: back to where it was
        await w.cycle(minutes=1)
        assert w.booking("b_renamed").start == at(24, 9)
        await w.cycle(minutes=3)
        await w.quiet(minutes=11)
        assert len(await w.events()) == 1


async def test_an_edit_between_our_look_and_our_write_is_not_lost(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        w.salon.move(booked, at(25, 14))

        async def edits() -> None:
            await w.edit(booked, (r"^SUMMARY:.*$", "SUMMARY:Dana (regular)"))

        w.before_put = edits
        await w.cycle(minutes=1)
        assert await w.title(booked) == "Dana (regular)"
        await w.cycle(minutes=1)
        assert await w.title(booked) == "Dana (regular)"
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261125T150000"
        await w.quiet(minutes=1)


async def test_a_drag_beyond_the_window_is_still_looked_after(dav: Server, folder: Path) -> None:
    async with world(dav, folder, sync="future_days = 10") as w:
        booked, far = w.book(at(24, 9)), w.salon.book("s_haircut", at(30, 9).replace(month=12), location_id="loc_mitte")
        await w.cycle()
        assert not await w.exists(far.booking_id)
        await w.drag(booked, 28 * 24 * HOUR)
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(22, 9).replace(month=12)
        await w.quiet(minutes=3)
        w.salon.cancel(booked)
        await w.cycle(minutes=3)
        assert not await w.exists(booked)


async def test_a_wish_taken_back_while_zimun_is_down_costs_nothing(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        down = w.fault(Kind.LOSE_REQUEST, times=None)
        await w.drag(booked, 2 * HOUR)
        await w.cycle(minutes=1)
        await w.cycle(minutes=11)
        assert await w.note(booked)
        await w.drag(booked, -2 * HOUR)
        await w.cycle(minutes=1)
        w.server.faults.remove(down)
        await w.cycle(minutes=1)
        assert not w.posts
        assert not await w.note(booked)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T100000"
        await w.quiet(minutes=1)


async def test_a_drag_while_the_put_back_is_under_way_is_a_new_wish(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        dragged, edited = w.book(at(24, 9), service="s_colour"), w.book(at(25, 9), service="s_colour")
        await w.cycle()
        await w.drag(dragged, 1.5 * HOUR)
        w.before_put = lambda: w.drag(dragged, -2.5 * HOUR)
        await w.cycle(minutes=1)
        await w.cycle(minutes=1)
        assert w.booking(dragged).start == at(24, 8)
        assert not await w.note(dragged)
        await w.drag(edited, 1.5 * HOUR)
        w.before_put = lambda: w.edit(edited, (r"^SUMMARY:.*$", "SUMMARY:Dana (regular)"))
        await w.cycle(minutes=1)
        await w.cycle(minutes=1)
        assert await w.start(edited) == ";TZID=Europe/Berlin:20261125T100000"
        assert await w.title(edited) == "⚠ Dana (regular)"
        assert "Zimun did not accept" in await w.note(edited)
        assert len(w.calls(RESCHEDULE)) == 3
        await w.quiet(minutes=3)


async def test_another_template_for_titles_is_one_write_each_and_spares_a_persons(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked, own = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        await w.edit(own, (r"^SUMMARY:.*$", "SUMMARY:Dana (regular)"))
        await w.cycle(minutes=1)
        w.reconfigure(event='title = "{contact_name}: {service}"')
        await w.cycle(minutes=1)
        assert await w.title(booked) == "Dana Lee: Haircut"
        assert await w.title(own) == "Dana (regular)"
        assert w.requests.count("PUT") == 1
        await w.quiet(minutes=1)


async def test_a_list_that_lags_behind_our_own_calls_undoes_nothing(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        dragged, deleted = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        await w.delete(deleted)
        await w.cycle(minutes=1)
        await w.drag(dragged, 2 * HOUR)
        old = [w.booking(each) for each in (dragged, deleted)]
        await w.cycle(minutes=10)
        assert (len(w.calls(RESCHEDULE)), len(w.calls(CANCEL))) == (1, 1)
        now = w.salon.appointments
        w.salon.appointments = lambda *window: old  # type: ignore[method-assign]
        await w.quiet(seconds=30)
        await w.quiet(seconds=80)
        w.salon.appointments = now  # type: ignore[method-assign]
        await w.quiet(minutes=1)
        assert await w.start(dragged) == ";TZID=Europe/Berlin:20261124T120000"
        assert not await w.exists(deleted)
