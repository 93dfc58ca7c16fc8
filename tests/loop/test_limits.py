"""Too much at once is not a person's wish: it waits for a word."""

from pathlib import Path

from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from syncd.domain.request import Reply
from tests.loop.world import HOUR, RESCHEDULE, World, at, world
from tests.servers import Server


async def dragged(w: World) -> list[str]:
    """Eleven bookings, all dragged by an hour."""
    booked = [w.book(at(24 + n % 4, 9 + 3 * (n // 4))) for n in range(11)]
    await w.cycle()
    for each in booked:
        await w.drag(each, HOUR)
    return booked


async def test_eleven_moves_await_and_are_booked_when_approved(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = await dragged(w)
        starts = {each: await w.start(each) for each in booked}
        report = await w.cycle(minutes=1)
        assert report.summary.counts["awaiting"] == 11
        assert report.summary.exit_code == 1
        for each in booked:
            assert "this move is not booked yet" in await w.note(each)
            assert await w.start(each) == starts[each]
        await w.quiet(minutes=5)
        await w.quiet(minutes=70)
        w.decide(Decision.APPROVED, *booked)
        await w.cycle(minutes=1)
        assert len(w.calls(RESCHEDULE)) == 11
        for each in booked:
            assert not await w.note(each)
            assert await w.start(each) == starts[each]
        assert (await w.quiet(minutes=3)).summary.exit_code == 0


async def test_rejected_they_go_back_and_one_taken_back_by_hand_lapses(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = await dragged(w)
        await w.cycle(minutes=1)
        await w.drag(booked[0], -HOUR)
        report = await w.cycle(minutes=1)
        assert report.summary.counts["awaiting"] == 10
        assert not await w.note(booked[0])
        w.decide(Decision.REJECTED, *booked[1:])
        await w.cycle(minutes=1)
        assert not w.posts
        for n, each in enumerate(booked[1:], 1):
            assert "was not approved" in await w.note(each)
            assert (await w.start(each)).endswith(f"T{10 + 3 * (n // 4)}0000")
        await w.quiet(minutes=1)


async def test_ten_moves_are_ten_wishes(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = await dragged(w)
        await w.drag(booked[0], -HOUR)
        await w.cycle(minutes=1)
        assert len(set(w.calls(RESCHEDULE))) == 10
        await w.quiet(minutes=3)


async def test_an_approval_holds_for_the_booking_as_it_was(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = await dragged(w)
        await w.cycle(minutes=1)
        w.salon.move(booked[0], at(27, 16))
        w.decide(Decision.APPROVED, *booked)
        await w.cycle(minutes=1)
        assert w.booking(booked[0]).start == at(27, 16)
        assert len(w.calls(RESCHEDULE)) == 10
        assert await w.start(booked[0]) == ";TZID=Europe/Berlin:20261127T170000"
        await w.quiet(minutes=3)


async def test_an_approval_of_what_changed_meanwhile_says_that_it_came_too_late(dav: Server, folder: Path) -> None:
    async with world(dav, folder, sync='deletions = "ask"') as w:
        kept, gone = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        for each in (kept, gone):
            await w.delete(each)
        await w.cycle(minutes=1)
        w.salon.move(kept, at(26, 14))
        number = w.store.ask(Decision.APPROVED, [BookingId(kept), BookingId(gone)], w.clock.now() + HOUR / 3600)
        report = await w.cycle(minutes=1)
        told = f"approved: {kept}, {gone}; lapsed, for it had changed since: {kept}"
        assert w.store.collect(number)[1] == Reply(report.summary.exit_code, told)
        assert [w.booking(each).status for each in (kept, gone)] == ["confirmed", "cancelled"]
        await w.quiet(minutes=11)


async def test_an_approval_answers_only_what_awaited_when_it_was_given(dav: Server, folder: Path) -> None:
    """As where syncd was killed after it took it in: it is taken in once more, when another question may stand."""
    async with world(dav, folder) as w:
        booked = await dragged(w)
        before = w.clock.at
        await w.cycle(minutes=1)
        asked = w.store.ask(Decision.APPROVED, [BookingId(each) for each in booked], before)
        await w.quiet(minutes=1)
        told = "; ".join(f"nothing awaits for {each}" for each in booked)
        assert w.store.collect(asked)[1] == Reply(1, told), "they still await"
        w.decide(Decision.APPROVED, *booked)
        await w.cycle(minutes=1)
        assert len(w.calls(RESCHEDULE)) == 11
