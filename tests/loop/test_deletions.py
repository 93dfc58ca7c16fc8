"""A deletion cancels, slowly and after two looks; what only looks like one does not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.app.wiring import Accounts
from syncd.calendars.dav import DavCalendar
from syncd.domain.booking import Booking
from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from syncd.engine.execute import Executing
from syncd.ports import Stored
from tests.loop.asking import close_all_reading, close_list
from tests.loop.world import CANCEL, HOUR, RESCHEDULE, World, at, settled, world
from tests.servers import Server


def several(w: World, number: int) -> list[str]:
    """So many bookings, two a day."""
    return [w.book(at(24 + n // 2, 9 + 4 * (n % 2))) for n in range(number)]


async def test_an_event_that_comes_back_within_the_grace_costs_nothing(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        _, text = await w.event(booked)
        await w.delete(booked)
        await w.cycle()
        assert w.link(booked).deletion is not None
        await w.put(booked, text)
        await w.cycle(minutes=5)
        assert w.link(booked).deletion is None
        await settled(w)
        # and a later deletion begins a grace of its own
        await w.delete(booked)
        await w.cycle()
        await w.quiet(minutes=9)
        await w.cycle(minutes=1)
        assert w.booking(booked).status == "cancelled"


async def test_so_it_is_where_what_comes_back_cannot_be_read(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        _, text = await w.event(booked)
        await w.delete(booked)
        await w.cycle()
        await w.put(booked, text.replace(f"X-ZIMUN-BOOKING-ID:{booked}\n", "").replace("@zimun", ""))
        await w.cycle(minutes=5)
        assert w.link(booked).deletion is None
        await w.quiet(minutes=60)
        # a later deletion begins a grace of its own
        await w.delete(booked)
        await w.cycle(minutes=1)
        await w.quiet(minutes=9)
        assert w.booking(booked).status == "confirmed"
        await w.cycle(minutes=1)
        assert w.booking(booked).status == "cancelled"


async def test_a_lid_that_is_closed_between_the_last_look_and_the_call(
    dav: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days later the event may stand again."""
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        _, text = await w.event(booked)
        await w.delete(booked)
        await w.cycle()
        read = Executing._read_afresh

        async def slept(self: Executing, expect: Booking) -> Booking | None:
            await w.put(booked, text)
            w.clock.pass_by(hours=8)
            return await read(self, expect)

        monkeypatch.setattr(Executing, "_read_afresh", slept)
        await w.cycle(minutes=11)
        monkeypatch.undo()
        await w.quiet(minutes=1)
        assert w.calls(CANCEL) == []
        assert w.link(booked).deletion is None


@pytest.mark.parametrize("tag", ["as listed", "none", "of a proxy"])
async def test_an_account_in_which_a_search_takes_minutes(
    dav: Server, folder: Path, monkeypatch: pytest.MonkeyPatch, tag: str
) -> None:
    """Where all looks take long, the event is looked at once more before the call; and the call goes out.

    Also where a proxy takes the tag from what it is looked at by, or gives another.
    """
    async with world(dav, folder) as w:
        deleted, dragged = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        find = Accounts.find

        async def slow(self: Accounts, uid: str, booking_id: BookingId) -> list[tuple[str, Stored]]:
            w.clock.pass_by(seconds=125)
            return await find(self, uid, booking_id)

        get = DavCalendar.get

        async def tagged(self: DavCalendar, href: str) -> Stored | None:
            found = await get(self, href)
            if found is None or tag == "as listed":
                return found
            return replace(found, etag=None if tag == "none" else f'"{found.etag}-gzip"')

        monkeypatch.setattr(Accounts, "find", slow)
        monkeypatch.setattr(DavCalendar, "get", tagged)
        await w.delete(deleted)
        await w.cycle(minutes=1)
        await w.drag(dragged, HOUR)
        await w.cycle(minutes=11)
        assert w.booking(deleted).status == "cancelled"
        assert w.booking(dragged).start == at(25, 10)


async def test_a_lid_that_is_closed_while_another_event_is_written(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    """The call comes in a later round of that cycle; the person has put the event back by then."""
    other = new_calendar()
    entry = f'[[calendars]]\nurl = "{other}"\nlocations = ["loc_shoreditch"]\n'
    async with world(dav, folder, calendars=entry) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.cycle(minutes=15)
        _, text = await w.event(booked)
        await w.drag(booked, 3 * HOUR)
        _, moved = await w.event(booked)
        await w.delete(booked)
        await w.put(booked, moved, other)
        w.book(at(25, 9))

        async def meanwhile() -> None:
            w.clock.pass_by(hours=8)
            await w.http.delete(w.url(booked, other))
            await w.put(booked, text)

        w.before_put = meanwhile
        await w.cycle(minutes=1)
        assert w.calls(RESCHEDULE) == []


async def test_the_grace_starts_anew_when_the_clock_jumps(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.delete(booked)
        await w.cycle()
        w.clock.at += HOUR
        await w.cycle()
        await w.cycle(minutes=9)
        assert not w.calls(CANCEL)
        await w.cycle(minutes=1)
        assert len(w.calls(CANCEL)) == 1


@pytest.mark.parametrize("read", ["listed", "by id", "not at all"])
async def test_what_is_deleted_while_the_clock_is_far_ahead_comes_back_once_it_is_right(
    dav: Server, folder: Path, read: str
) -> None:
    """By that clock the visit is over. Nobody can tell how that was meant."""
    async with world(dav, folder) as w:
        soon, moved, later, tidied = w.book(at(24, 9)), w.book(at(24, 12)), w.book(at(26, 9)), w.book(at(23, 9))
        await w.cycle()
        if read == "by id":
            close_list(w)
        elif read == "not at all":
            close_all_reading(w)
        w.clock.at += timedelta(days=2)
        await w.cycle(minutes=1)
        for each in (soon, moved, tidied):
            await w.delete(each)
        await w.cycle(minutes=1)
        assert [w.link(each).closed is not None for each in (soon, moved, later, tidied)] == [True, True, False, False]
        w.clock.at -= timedelta(days=2)
        w.salon.move(moved, at(24, 14))
        await w.cycle(minutes=61)
        await settled(w)
        assert await w.exists(soon)
        moved_to = ";TZID=Europe/Berlin:20261124T" + ("130000" if read == "not at all" else "150000")
        assert await w.start(moved) == moved_to
        assert not await w.exists(tidied)
        await w.quiet(minutes=1)


async def test_what_was_cancelled_while_the_clock_was_ahead_counts_no_longer_than_an_hour(
    dav: Server, folder: Path
) -> None:
    async with world(dav, folder, sync="max_cancellations = 1") as w:
        first, second = w.book(at(27, 9)), w.book(at(27, 12))
        await w.cycle()
        w.clock.at += timedelta(days=2)
        await w.cycle(minutes=1)
        await w.delete(first)
        for minutes in (1, 11):
            await w.cycle(minutes=minutes)
        assert w.booking(first).status == "cancelled"
        w.clock.at -= timedelta(days=2)
        await w.cycle(minutes=1)
        await w.delete(second)
        for minutes in (1, 11):
            await w.cycle(minutes=minutes)
        assert w.booking(second).status == "cancelled"


async def test_a_status_of_cancelled_is_a_deletion(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked, undone = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        for each in (booked, undone):
            await w.edit(each, (r"^STATUS:CONFIRMED$", "STATUS:CANCELLED"))
        await w.cycle()
        await w.edit(undone, (r"^STATUS:CANCELLED$", "STATUS:CONFIRMED"))
        await w.cycle(minutes=5)
        await w.cycle(minutes=6)
        assert w.booking(booked).status == "cancelled"
        assert w.booking(undone).status == "confirmed"
        await w.cycle(minutes=3)
        assert not await w.exists(booked)
        await w.quiet()


@pytest.mark.parametrize(("word", "sentence"), [("restore", "that does not cancel"), ("ask", "not cancelled yet")])
async def test_by_the_config_a_deletion_is_undone_or_asked_about(
    dav: Server, folder: Path, word: str, sentence: str
) -> None:
    async with world(dav, folder, sync=f'deletions = "{word}"') as w:
        booked = w.book(at(26, 9))
        await w.cycle()
        await w.delete(booked)
        report = await w.cycle(minutes=1)
        assert report.summary.exit_code == 1
        assert sentence in await w.note(booked)
        assert await w.title(booked) == f"⚠ {'Cancel? ' if word == 'ask' else ''}Haircut – Dana Lee"
        await settled(w)
        await w.delete(booked)
        await w.cycle(minutes=1)
        await w.cycle(minutes=11)
        assert len(w.calls(CANCEL)) == (word == "ask")
        assert await w.exists(booked) == (word == "restore")


async def test_six_at_once_are_asked_about_and_a_second_deletion_is_the_answer(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = several(w, 10)
        await w.cycle()
        for each in booked[:6]:
            await w.delete(each)
        report = await w.cycle(minutes=1)
        assert report.summary.exit_code == 1
        assert report.summary.counts["awaiting"] == 6
        for each in booked[:6]:
            assert await w.title(each) == "⚠ Cancel? Haircut – Dana Lee"
            assert "delete it again within 48 hours" in await w.note(each)
        await settled(w)
        for each in booked[:2]:
            await w.delete(each)
        await w.cycle(minutes=1)
        await w.quiet(minutes=5)
        await w.cycle(minutes=6)
        assert [w.booking(each).status for each in booked[:3]] == ["cancelled", "cancelled", "confirmed"]
        await w.cycle(hours=48)
        await w.cycle(minutes=1)
        assert len(w.calls(CANCEL)) == 2
        late = [each for each in booked[2:6] if w.booking(each).start > w.clock.at]
        assert late
        for each in late:
            assert await w.title(each) == "Haircut – Dana Lee"
        await w.quiet()


async def test_approve_and_reject_decide_from_the_shell(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = several(w, 8)
        await w.cycle()
        for each in booked[:6]:
            await w.delete(each)
        await w.cycle(minutes=1)
        w.decide(Decision.APPROVED, *booked[:2])
        w.decide(Decision.REJECTED, booked[2])
        await w.cycle(minutes=1)
        assert [w.booking(each).status for each in booked[:3]] == ["cancelled", "cancelled", "confirmed"]
        assert await w.title(booked[2]) == "Haircut – Dana Lee"
        assert await w.title(booked[3]) == "⚠ Cancel? Haircut – Dana Lee"
        report = await w.cycle(minutes=3)
        assert report.summary.counts["awaiting"] == 3
        assert not await w.exists(booked[0])
        await w.quiet()


async def test_many_second_deletions_need_the_shell(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = several(w, 8)
        await w.cycle()
        for times in (1, 2):
            for each in booked[:6]:
                await w.delete(each)
            await w.cycle(minutes=times)
        for each in booked[:6]:
            assert "run `syncd approve`" in await w.note(each)
        await settled(w)
        w.decide(Decision.APPROVED, *booked[:6])
        await w.cycle(minutes=1)
        assert len(w.calls(CANCEL)) == 6
        await w.cycle(minutes=3)
        assert len(await w.events()) == 2
        await w.quiet()


async def test_an_emptied_calendar_of_three_cancels_nothing(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = several(w, 3)
        await w.cycle()
        for each in booked:
            await w.delete(each)
        await w.cycle(minutes=1)
        for each in booked:
            assert (await w.title(each)).startswith("⚠ Cancel? ")
        await settled(w)


async def test_deletions_one_by_one_count_together(dav: Server, folder: Path) -> None:
    """Five within the hour are cancelled; the sixth is asked about."""
    async with world(dav, folder) as w:
        booked = several(w, 8)
        await w.cycle()
        for each in booked[:5]:
            await w.delete(each)
        await w.cycle(minutes=1)
        await w.cycle(minutes=10)
        assert len(w.calls(CANCEL)) == 5
        await w.delete(booked[5])
        await w.cycle(minutes=3)
        assert (await w.title(booked[5])).startswith("⚠ Cancel? ")
        await w.cycle(minutes=11)
        assert len(w.calls(CANCEL)) == 5


async def test_a_booking_moved_meanwhile_is_not_cancelled(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.delete(booked)
        await w.cycle()
        w.salon.move(booked, at(25, 14))
        await w.cycle(minutes=5)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261125T150000"
        assert "so it was not cancelled" in await w.note(booked)
        await settled(w)


async def test_a_past_bookings_deletion_is_housekeeping(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(23, 9))
        await w.cycle()
        w.clock.pass_by(hours=2)
        await w.delete(booked)
        await settled(w)
        assert not await w.exists(booked)
        assert w.booking(booked).status == "confirmed"
        await w.quiet()


async def test_whether_past_is_judged_when_the_deletion_was_first_seen(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(23, 9))
        await w.cycle(minutes=55)
        await w.delete(booked)
        await w.cycle()
        await w.cycle(minutes=11)
        assert w.booking(booked).status == "cancelled"


async def test_what_syncd_writes_itself_in_that_minute_makes_no_deletion_a_lost_calendar(
    dav: Server, folder: Path
) -> None:
    """The customer of the only one that stands moves it just then."""
    async with world(dav, folder) as w:
        stands, *deleted = several(w, 3)
        await w.cycle()
        for each in deleted:
            await w.delete(each)
        w.salon.move(stands, w.booking(stands).start + HOUR)
        for minutes in (1, 11):
            await w.cycle(minutes=minutes)
        assert {w.booking(each).status for each in deleted} == {"cancelled"}
