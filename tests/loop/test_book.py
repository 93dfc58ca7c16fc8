"""Hold, then confirm: one booking and one event, whatever breaks off between."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from syncd.domain.ids import BookingId
from syncd.sandbox import Kind
from syncd.zimun import ZimunClient
from tests.loop.asking import (
    ATTEMPTS,
    CONFIRM,
    EMAIL,
    HOLD,
    booked,
    close_all_reading,
    close_list,
    drop_list,
    held,
    request,
    told,
    want,
)
from tests.loop.ground import ON_ONE
from tests.loop.world import Crash, World, at, world
from tests.servers import Server

pytestmark = ON_ONE
START = at(24, 9)


async def is_booked_once(w: World, ask_id: int) -> None:
    """The person is told of the one booking, whose event stands; and then nothing is done any more."""
    (booking,) = booked(w)
    reply = told(w, ask_id)
    assert reply is not None
    assert (reply.code, reply.booking_ids) == (0, (booking.booking_id,))
    assert (booking.start, booking.contact_name, booking.contact_email) == (START, "Dana Lee", EMAIL)
    assert held(w) == []
    assert await w.start(booking.booking_id) == ";TZID=Europe/Berlin:20261124T100000"
    assert len(await w.events()) == 1
    await w.quiet(minutes=1)
    assert w.store.open_intents() == []
    assert w.store.known() == []


async def test_it_is_booked_and_its_event_written_in_one_cycle(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        ask_id = want(w, request(START))
        report = await w.cycle()
        assert (report.summary.exit_code, report.summary.counts["booked"]) == (0, 1)
        await is_booked_once(w, ask_id)
        keys = w.calls(HOLD) + w.calls(CONFIRM)
        assert len(set(keys)) == 2
        (booking,) = booked(w)
        rows = [row for row in w.store.history(BookingId(booking.booking_id), 9) if row.side == "zimun"]
        assert [(row.what, row.outcome, row.detail) for row in rows] == [
            ("booking.held", "done", "2026-11-24T09:00Z"),
            ("booking.confirmed", "done", "2026-11-24T09:00Z"),
        ]


@pytest.mark.parametrize("path", [HOLD, CONFIRM])
async def test_killed_right_after_the_answer(dav: Server, folder: Path, path: str) -> None:
    async with world(dav, folder) as w:
        ask_id = want(w, request(START))
        w.crash_after = path
        with pytest.raises(Crash):
            await w.cycle()
        await w.cycle(minutes=1)
        await is_booked_once(w, ask_id)
        assert len(set(w.calls(HOLD))) == len(set(w.calls(CONFIRM))) == 1
        assert len(w.calls(path)) == (2 if path == HOLD else 1)  # what was confirmed is found by a look


async def test_killed_between_hold_and_confirm(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        ask_id = want(w, request(START))
        with patch.object(ZimunClient, "confirm", side_effect=Crash), pytest.raises(Crash):
            await w.cycle()
        assert len(held(w)) == 1
        await w.cycle(minutes=9)
        await is_booked_once(w, ask_id)
        assert (len(w.calls(HOLD)), len(w.calls(CONFIRM))) == (1, 1)


async def test_killed_before_anything_was_sent(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        ask_id = want(w, request(START))
        with patch.object(ZimunClient, "hold", side_effect=Crash), pytest.raises(Crash):
            await w.cycle()
        await w.cycle(minutes=1)
        await is_booked_once(w, ask_id)


async def test_killed_before_its_event_was_written(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        ask_id = want(w, request(START))
        with patch.object(w.store, "journal", side_effect=Crash), pytest.raises(Crash):
            await w.cycle()
        assert await w.events() == {}
        await w.cycle(minutes=1)
        await is_booked_once(w, ask_id)


@pytest.mark.parametrize("kind", [Kind.LOSE_ANSWER, Kind.LOSE_REQUEST, Kind.HALF_BODY])
@pytest.mark.parametrize("path", [HOLD, CONFIRM])
async def test_no_answer_to_any_attempt(dav: Server, folder: Path, path: str, kind: Kind) -> None:
    async with world(dav, folder) as w:
        ask_id = want(w, request(START))
        w.fault(kind, path, "POST", times=ATTEMPTS)
        assert (await w.cycle()).summary.exit_code == 1
        assert told(w, ask_id) is None
        assert "Dana" not in str(w.store._db.execute("SELECT * FROM asks").fetchall())
        assert len(w.store.open_intents()) == 1
        await w.cycle(minutes=1)
        await is_booked_once(w, ask_id)
        assert len(set(w.calls(HOLD))) == len(set(w.calls(CONFIRM))) == 1


async def test_a_hold_that_is_not_answered_in_time_is_let_go(dav: Server, folder: Path) -> None:
    """It lapsed by itself, if it was ever made; and hours later nobody wants to be booked for it."""
    async with world(dav, folder) as w:
        ask_id = want(w, request(START))
        w.fault(Kind.LOSE_ANSWER, HOLD, "POST", times=ATTEMPTS)
        await w.cycle()
        calls = len(w.calls(HOLD))
        await w.cycle(minutes=11)
        reply = told(w, ask_id)
        assert reply is not None
        assert (reply.code, reply.text) == (75, "no answer came in time: nothing is booked")
        assert (booked(w), held(w), w.store.open_intents()) == ([], [], [])
        assert (len(w.calls(HOLD)), w.calls(CONFIRM)) == (calls, [])


async def test_a_hold_that_lapses_before_it_can_be_confirmed_is_told_with_what_is_open(
    dav: Server, folder: Path
) -> None:
    async with world(dav, folder) as w:
        ask_id = want(w, request(START))
        down = w.fault(Kind.ANSWER, CONFIRM, "POST", times=None, status=503)
        await w.cycle()
        assert len(held(w)) == 1
        await w.cycle(minutes=4)
        assert told(w, ask_id) is None
        down.times = 0
        await w.cycle(minutes=7)
        reply = told(w, ask_id)
        assert reply is not None
        assert (reply.code, reply.text) == (1, "the hold could not be confirmed: This hold has expired.")
        assert START in reply.slots
        assert (booked(w), held(w), w.store.open_intents()) == ([], [], [])
        await w.quiet(minutes=1)


async def test_a_confirm_whose_key_is_forgotten_is_found_by_its_booking(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        ask_id = want(w, request(START))
        w.fault(Kind.LOSE_ANSWER, CONFIRM, "POST", times=ATTEMPTS)
        await w.cycle()
        w.salon.idempotency._records.clear()
        await w.cycle(minutes=1)
        await is_booked_once(w, ask_id)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [(409, 1, "as ordered"), (422, 1, "as ordered"), (404, 1, "knows no such"), (403, 1, "403"), (503, 75, None)],
)
async def test_a_refused_hold_is_told_and_spent(
    dav: Server, folder: Path, status: int, code: int, words: str | None
) -> None:
    async with world(dav, folder) as w:
        ask_id = want(w, request(START))
        w.fault(Kind.ANSWER, HOLD, "POST", times=ATTEMPTS, status=status, body={"detail": "as ordered"})
        await w.cycle()
        reply = told(w, ask_id)
        if words is None:
            # it may have been taken: nobody knows
            assert reply is None
            await w.cycle(minutes=11)
            reply = told(w, ask_id)
        assert reply is not None
        assert reply.code == code
        assert words is None or words in reply.text
        assert (booked(w), w.store.open_intents()) == ([], [])
        calls = len(w.calls(HOLD))
        await w.quiet(minutes=1)
        assert len(w.calls(HOLD)) == calls


async def test_zimun_that_cannot_be_reached_books_nothing_later(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        down = w.fault(Kind.ANSWER, "/", times=None, status=503)
        ask_id = want(w, request(START))
        await w.cycle()
        reply = told(w, ask_id)
        assert reply is not None
        assert (reply.code, reply.text.startswith("nothing was done: ")) == (75, True)
        down.times = 0
        await w.cycle(minutes=1)
        assert not w.calls(HOLD)


@pytest.mark.parametrize("ahead", [0, 2])
async def test_what_was_taken_back_or_is_too_old_is_not_done(dav: Server, folder: Path, ahead: int) -> None:
    """`ahead`: by so many hours the clock was while it was asked for; its command was killed."""
    async with world(dav, folder) as w:
        w.clock.at += timedelta(hours=ahead)
        taken_back, old = want(w, request(START)), want(w, request(at(25, 9)))
        assert w.store.collect(taken_back) == (False, None)
        w.clock.at -= timedelta(hours=ahead)
        await w.cycle(minutes=16)
        reply = told(w, old)
        assert reply is not None
        assert (reply.code, reply.text) == (1, "nothing was done: it was asked for too long ago")
        assert not w.posts
        assert w.store._db.execute("SELECT count(*) FROM asks").fetchone() == (0,)


async def test_another_customer_at_the_same_time_is_another_booking(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        asks = [want(w, request(START, email)) for email in (EMAIL, "ada@example.org", EMAIL.upper())]
        await w.cycle()
        ids = [reply.booking_ids for ask_id in asks if (reply := told(w, ask_id)) is not None]
        assert len(booked(w)) == 2
        assert ids[0] == ids[2] != ids[1]


TOM, MIA = (replace(request(START), contact_name=name) for name in ("Tom Lee", "Mia Lee"))


@pytest.mark.parametrize("when", ["before", "no answer to his", "no answer to hers", "at her hold"])
async def test_two_people_who_share_an_address_are_not_taken_for_one(dav: Server, folder: Path, when: str) -> None:
    async with world(dav, folder) as w:
        await w.cycle()
        hold = w.salon.hold

        def book_tom() -> None:
            w.salon.hold = hold  # type: ignore[method-assign]
            w.salon.book("s_haircut", START, location_id="loc_mitte", name="Tom Lee", email=EMAIL)
            w.salon.book("s_haircut", START, location_id="loc_mitte", name="Ada Moss", email="ada@example.org")

        def too_late(*what: object) -> object:
            book_tom()
            return hold(*what)  # type: ignore[arg-type]

        if when == "before":
            book_tom()
        elif when == "no answer to his":
            w.fault(Kind.LOSE_REQUEST, HOLD, "POST", times=2 * ATTEMPTS)
            want(w, TOM)
            await w.cycle(minutes=1)
        elif when == "at her hold":
            w.salon.hold = too_late  # type: ignore[method-assign,assignment]
        if when == "no answer to hers":
            w.fault(Kind.LOSE_REQUEST, HOLD, "POST", times=ATTEMPTS)
        hers = want(w, MIA)
        await w.cycle(seconds=1)
        if when == "no answer to hers":
            book_tom()
            await w.cycle(minutes=1)
        reply = told(w, hers)
        assert reply is not None
        assert (reply.code, reply.booking_ids) == (75 if when == "no answer to his" else 1, ())
        await w.cycle(minutes=1)
        assert [one.contact_name for one in booked(w) if one.contact_email == EMAIL] == ["Tom Lee"]
        again = want(w, replace(TOM, contact_name="TOM  lee"))
        await w.cycle(minutes=1)
        same = told(w, again)
        assert same is not None
        assert (same.code, same.text) == (0, "booked already")


async def test_one_that_is_gone_meanwhile_is_booked_again(dav: Server, folder: Path) -> None:
    """Zimun, not what syncd remembers, says whether there is such a booking already."""
    async with world(dav, folder, sync="future_days = 1") as w:
        far = at(27, 9)
        want(w, request(far))
        await w.cycle()
        (first,) = booked(w)
        assert [one.booking.id for one in w.store.known()] == [first.booking_id]
        del w.salon._appointments[first.booking_id]  # cancelled, and such are not listed
        want(w, request(far))
        await w.cycle(minutes=5)
        (second,) = booked(w)
        assert second.booking_id != first.booking_id
        assert len(w.calls(HOLD)) == 2


@pytest.mark.parametrize("closed", [close_list, drop_list, close_all_reading])
async def test_where_the_list_is_closed_what_syncd_booked_is_not_booked_again(
    dav: Server, folder: Path, closed: Callable[[World], None]
) -> None:
    async with world(dav, folder) as w:
        closed(w)
        first = want(w, request(START))
        await w.cycle()
        again = want(w, request(START))
        await w.cycle(minutes=5)
        replies = told(w, first), told(w, again)
        assert replies[0] is not None
        assert replies[1] is not None
        assert replies[0].booking_ids == replies[1].booking_ids
        (booking,) = booked(w)
        w.salon.cancel(booking.booking_id)
        want(w, request(START))
        await w.cycle(minutes=5)
        # nobody can tell where nothing can be read; else it is booked anew
        assert len(booked(w)) == (0 if closed is close_all_reading else 1)
