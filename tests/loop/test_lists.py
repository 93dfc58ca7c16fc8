"""A list that is empty, cut, closed or wrong is no cancellation."""

from pathlib import Path
from typing import Any

import pytest

from syncd.sandbox import Fault, Kind
from tests.loop.asking import close_all_reading
from tests.loop.ground import ON_ONE
from tests.loop.world import APPOINTMENTS, CANCEL, HOUR, RESCHEDULE, World, at, world
from tests.servers import Server

pytestmark = ON_ONE

NOT_FOUND: dict[str, Any] = {"status": 404, "body": {"detail": "not found"}, "times": None}


class Exactly(Fault):
    """A fault of one path, and of none below it."""

    def matches(self, method: str, path: str) -> bool:
        return self.times != 0 and method == self.method and path == self.path_prefix


def empty_list(w: World) -> Fault:
    w.server.faults.append(Exactly("GET", APPOINTMENTS, Kind.ANSWER, None, 200, body={"items": []}))
    return w.server.faults[-1]


async def test_an_empty_list_removes_nothing(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        for n in range(3):
            w.book(at(24 + n, 9))
        await w.cycle()
        before = await w.events()
        empty_list(w)
        for minutes in (1, 11, 11):
            assert (await w.quiet(minutes=minutes)).summary.exit_code == 0
        assert await w.events() == before


async def test_neither_does_a_route_that_answers_404_to_everything(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        for n in range(3):
            w.book(at(24 + n, 9))
        await w.cycle()
        before = await w.events()
        empty_list(w)
        w.fault(Kind.ANSWER, f"{APPOINTMENTS}/", **NOT_FOUND)
        for minutes in (1, 11, 11):
            await w.quiet(minutes=minutes)
        assert await w.events() == before


class FromTheSecondPageOn(Fault):
    """The first page of the list is given, and no other."""

    def matches(self, method: str, path: str) -> bool:
        if (method, path) != (self.method, self.path_prefix):
            return False
        self.seconds += 1  # counts the pages
        return self.seconds > 1


async def test_half_a_list_is_no_list(dav: Server, folder: Path) -> None:
    async with world(dav, folder, count=30) as w:
        report = await w.cycle()
        before = await w.events()
        assert report.summary.counts["bookings"] > 20
        fault = FromTheSecondPageOn("GET", APPOINTMENTS, Kind.ANSWER, status=503)
        w.server.faults.append(fault)
        for minutes in (1, 11, 11):
            fault.seconds = 0
            assert (await w.quiet(minutes=minutes)).summary.exit_code == 75
        assert await w.events() == before


async def test_one_404_among_answers_is_believed_a_grace_later(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        gone, stays = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        del w.salon._appointments[gone]
        await w.quiet(minutes=1)
        await w.quiet(minutes=9)
        await w.cycle(minutes=1)
        assert not await w.exists(gone)
        assert await w.exists(stays)
        assert not w.posts


async def test_many_404s_await_a_persons_word(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = [w.book(at(24 + n % 4, 9 + 4 * (n // 4))) for n in range(8)]
        await w.cycle()
        for each in booked[:6]:
            del w.salon._appointments[each]
        for minutes in (1, 11, 11):
            report = await w.quiet(minutes=minutes)
        assert report.summary.counts["awaiting"] == 6
        assert report.summary.exit_code == 1


async def test_a_malformed_appointment_is_parked_and_its_event_untouched(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        bad, good = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        etag, _ = await w.event(bad)
        w.salon._change(w.booking(bad), end=at(24, 8))
        w.salon.move(good, at(25, 14))
        report = await w.cycle(minutes=1)
        assert [problem.key for problem in report.summary.problems] == [bad]
        assert report.summary.exit_code == 1
        assert (await w.event(bad))[0] == etag
        assert await w.start(good) == ";TZID=Europe/Berlin:20261125T150000"
        await w.quiet(minutes=11)
        # deleted meanwhile, it is not cancelled: nobody knows what it is now
        await w.delete(bad)
        for minutes in (1, 11, 11):
            await w.quiet(minutes=minutes)
        assert not w.posts


async def test_where_no_booking_can_be_read_moves_and_deletions_go_out_on_our_own_word(
    dav: Server, folder: Path
) -> None:
    async with world(dav, folder) as w:
        dragged, deleted, stays = w.book(at(24, 9)), w.book(at(25, 9)), w.book(at(26, 9))
        await w.cycle()
        w.fault(Kind.ANSWER, APPOINTMENTS, status=403, body={"detail": "not yours"}, times=None)
        await w.drag(dragged, 2 * HOUR)
        await w.delete(deleted)
        for minutes in (1, 11, 11):
            report = await w.cycle(minutes=minutes)
            assert "blind" in {problem.kind for problem in report.summary.problems}
        assert w.booking(dragged).start == at(24, 11)
        assert w.booking(deleted).status == "cancelled"
        assert (len(w.calls(RESCHEDULE)), len(w.calls(CANCEL))) == (1, 1)
        assert await w.exists(stays)
        await w.quiet(minutes=1)


@pytest.mark.parametrize("word", ["ask", "restore"])
@pytest.mark.parametrize("heard", [False, True])
async def test_a_cancellation_without_an_answer_that_the_config_forbids_by_now_is_not_asked_for_again(
    dav: Server, folder: Path, word: str, *, heard: bool
) -> None:
    """Where Zimun has not heard it, the same call again would cancel what the config wants back. Nobody knows which."""
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        close_all_reading(w)
        await w.delete(booked)
        await w.cycle(minutes=1)
        w.fault(Kind.LOSE_ANSWER if heard else Kind.LOSE_REQUEST, CANCEL, "POST", times=None)
        await w.cycle(minutes=11)
        w.server.faults.pop()
        assert w.store.open_intents()
        w.reconfigure(sync=f'deletions = "{word}"')
        for _ in range(3):
            await w.cycle(minutes=1)
        assert w.booking(booked).status == ("cancelled" if heard else "confirmed")
        assert not w.store.open_intents()
        assert "was to be cancelled, and Zimun did not say whether it was" in await w.note(booked)
        await w.quiet(minutes=1)
        # looked up, and deleted once more
        await w.delete(booked)
        await w.cycle(minutes=1)
        assert (w.link(booked).awaiting is not None) is (word == "ask")
