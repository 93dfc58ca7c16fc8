"""Before anything is cancelled or removed it is looked for again; what lies too far ahead or behind is left alone."""

from datetime import timedelta
from pathlib import Path

from syncd.domain.link import Decision
from syncd.sandbox import Appointment
from tests.loop.ground import ON_ONE
from tests.loop.test_lists import empty_list
from tests.loop.world import CANCEL, HOUR, RESCHEDULE, World, at, settled, world
from tests.servers import Server
from tests.ten.bender import CUT, Ask, Onward, Reply
from tests.ten.stage import stage

pytestmark = ON_ONE


def forgets(w: World, *booked: str) -> None:
    """From now on Zimun knows nothing of these."""
    for each in booked:
        del w.salon._appointments[each]


async def test_a_booking_that_the_list_leaves_out_is_looked_up_by_its_id(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        cancelled, stays = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        empty_list(w)
        await w.quiet(minutes=1)
        w.salon.cancel(cancelled)
        w.salon.move(stays, at(25, 14))
        await w.cycle(minutes=1)
        assert not await w.exists(cancelled)
        assert await w.start(stays) == ";TZID=Europe/Berlin:20261125T150000"
        assert not w.posts
        await w.quiet(minutes=1)


async def test_a_404_soon_after_our_own_move_is_an_answer_that_lags(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        moved, _other = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        await w.drag(moved, 2 * HOUR)
        await w.cycle(minutes=1)
        forgets(w, moved)
        await w.quiet(minutes=9)
        assert w.link(moved).missing is None
        # ten minutes after the move it counts, and a grace begins; that is over later
        await w.quiet(minutes=2)
        assert w.link(moved).missing is not None
        await w.quiet(minutes=9)
        assert await w.exists(moved)
        await w.cycle(minutes=1)
        assert not await w.exists(moved)
        assert len(w.calls(RESCHEDULE)) == w.posts == 1


async def test_a_404_that_ends_within_its_grace_was_none(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked, _other = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        kept = w.booking(booked)
        forgets(w, booked)
        await w.quiet(minutes=1)
        w.salon._appointments[booked] = kept
        await w.quiet(minutes=5)
        forgets(w, booked)
        await w.quiet(minutes=6)
        await w.quiet(minutes=9)
        assert await w.exists(booked)
        await w.cycle(minutes=1)
        assert not await w.exists(booked)


async def test_a_404_ends_when_the_list_shows_the_booking_also_while_an_answer_is_waited_for(
    dav: Server, folder: Path
) -> None:
    """The removal was sent on account of it, and got no answer; nor does the look that would tell what came of it."""
    async with stage(dav, folder) as (w, caldav, _):
        booked, _other = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        kept = w.booking(booked)
        forgets(w, booked)
        await w.cycle(minutes=1)

        async def lost(ask: Ask, onward: Onward) -> Reply:
            return CUT if ask.method in ("DELETE", "GET") else await onward(ask)

        caldav.bend = lost
        await w.cycle(minutes=11)
        assert w.store.open_intents()
        w.salon._appointments[booked] = kept
        await w.cycle(minutes=1)
        assert w.store.open_intents()
        caldav.bend = None
        forgets(w, booked)
        await w.cycle(minutes=1)
        assert await w.exists(booked)
        await w.cycle(minutes=11)
        assert not await w.exists(booked)


async def test_what_a_server_does_not_let_us_look_at_stands_still_and_is_named(dav: Server, folder: Path) -> None:
    async with stage(dav, folder) as (w, caldav, _):
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.delete(booked)

        async def closed(ask: Ask, onward: Onward) -> Reply:
            return Reply(403) if ask.method == "GET" else await onward(ask)

        caldav.bend = closed
        for _ in range(3):
            report = await w.cycle(minutes=11)
            (problem,) = report.summary.problems
            assert "does not let this user read" in problem.text
        assert not w.posts
        caldav.bend = None
        await w.cycle(minutes=1)
        await w.cycle(minutes=11)
        assert w.booking(booked).status == "cancelled"


async def test_bookings_that_are_gone_go_when_approved_and_stay_when_rejected(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = [w.book(at(24 + n % 4, 9 + 4 * (n // 4))) for n in range(8)]
        await w.cycle()
        forgets(w, *booked[:6])
        await w.quiet(minutes=1)
        report = await w.quiet(minutes=11)
        assert report.summary.counts["awaiting"] == 6
        w.decide(Decision.APPROVED, *booked[:4])
        w.decide(Decision.REJECTED, *booked[4:6])
        await w.cycle(minutes=1)
        assert [await w.exists(each) for each in booked] == [False] * 4 + [True] * 4
        report = await w.quiet(minutes=11)
        assert {problem.key for problem in report.summary.problems} == set(booked[4:6])
        assert not w.posts


async def test_a_customers_move_just_before_our_cancellation_saves_the_booking(dav: Server, folder: Path) -> None:
    """The list still shows the old time; the look right before the call shows the new one."""
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.delete(booked)
        await w.cycle(minutes=1)
        find = w.salon.find

        def moves_meanwhile(booking_id: str) -> Appointment:
            w.salon.find = find  # type: ignore[method-assign]
            w.salon.move(booked, at(25, 14))
            return find(booking_id)

        w.salon.find = moves_meanwhile  # type: ignore[method-assign]
        await w.cycle(minutes=11)
        assert w.salon.find == find
        assert not w.calls(CANCEL)
        await w.cycle(minutes=1)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261125T150000"
        assert "so it was not cancelled" in await w.note(booked)
        await settled(w)


async def test_what_syncd_let_go_it_takes_up_again_when_the_customer_moves(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        for _ in range(3):
            await w.drag(booked, 14 * HOUR)
            await w.cycle(minutes=5)
        await w.drag(booked, 14 * HOUR)
        assert [problem.kind for problem in (await w.quiet(minutes=1)).summary.problems] == ["frozen"]
        # long after the hour it is let go of still: two programs must not take turns
        assert [problem.kind for problem in (await w.quiet(hours=3)).summary.problems] == ["frozen"]
        w.salon.move(booked, at(25, 14))
        await w.cycle(minutes=1)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261125T150000"
        assert (await w.quiet(minutes=1)).summary.problems == ()


async def test_a_booking_too_far_ahead_has_its_event_when_its_time_comes(dav: Server, folder: Path) -> None:
    async with world(dav, folder, sync="future_days = 20") as w:
        far, linked = w.book(at(30, 9) + timedelta(days=21)), w.book(at(30, 9))
        await w.cycle()
        assert not await w.exists(far)
        assert await w.exists(linked)
        # one that has its event keeps it, however far its customer moves it
        w.salon.move(linked, at(30, 9) + timedelta(days=22))
        await w.cycle(minutes=1)
        assert await w.start(linked) == ";TZID=Europe/Berlin:20261222T100000"
        await w.quiet(hours=1)
        await w.cycle(days=9)
        assert await w.start(far) == ";TZID=Europe/Berlin:20261221T100000"
        assert not w.posts


async def test_what_is_past_is_never_touched_again(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = [w.book(at(23, 9 + 2 * n)) for n in range(4)]
        w.book(at(30, 9))
        await w.cycle()
        await w.quiet(days=3)
        kept, dragged, deleted, changed = booked
        await w.drag(dragged, 14 * HOUR)
        await w.delete(deleted)
        w.salon._change(w.booking(changed), contact_name="Dana Levi")
        left = await w.events()
        for minutes in (1, 11, 11):
            assert (await w.quiet(minutes=minutes)).summary.exit_code == 0
        assert await w.events() == left
        assert await w.exists(kept)
        assert [w.booking(each).status for each in booked] == ["confirmed"] * 4
