"""What these stories found, each once a bug."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syncd.domain.link import Decision
from syncd.sandbox import Kind
from tests.loop.ground import ON_ONE, open_store
from tests.loop.world import APPOINTMENTS, CANCEL, HOUR, RESCHEDULE, Crash, World, at, world
from tests.servers import Server


def saved(w: World) -> bytes:
    """The database as a backup has it."""
    w.store.close()
    data = w.config.state.path.read_bytes()
    w.store = open_store(w.config)
    return data


def restored(w: World, data: bytes) -> None:
    w.store.close()
    for file in w.folder.glob("state.db*"):
        file.unlink()
    w.config.state.path.write_bytes(data)
    w.config.state.path.chmod(0o600)
    w.store = open_store(w.config)


def restamped(text: str) -> str:
    """An old version, written once more by an app."""
    return re.sub(r"^(DTSTAMP|LAST-MODIFIED):.*$", r"\1:20261123T230000Z", text, flags=re.MULTILINE)


async def test_an_event_brought_back_unchanged_after_a_cancellation_says_so_and_goes(dav: Server, folder: Path) -> None:
    async with world(dav, folder, sync="note_hours = 1") as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        _, text = await w.event(booked)
        w.salon.cancel(booked)
        await w.cycle(minutes=1)
        await w.put(booked, text)
        await w.cycle(minutes=11)
        assert "was cancelled in Zimun" in await w.note(booked)
        await w.quiet(minutes=5)
        await w.cycle(minutes=60)
        assert not await w.exists(booked)
        assert not w.calls(CANCEL)
        await w.quiet()


async def test_a_booking_that_only_the_list_shows_can_be_moved_and_cancelled(dav: Server, folder: Path) -> None:
    """The API may have no call for a single booking: its 404 is no reason to keep a wish back for ever."""
    async with world(dav, folder) as w:
        dragged, deleted = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        w.fault(Kind.ANSWER, f"{APPOINTMENTS}/", status=404, body={"detail": "Not Found"}, times=None)
        await w.drag(dragged, 2 * HOUR)
        await w.delete(deleted)
        await w.cycle(minutes=1)
        await w.cycle(minutes=11)
        assert w.booking(dragged).start == at(24, 11)
        assert w.booking(deleted).status == "cancelled"
        await w.quiet(minutes=3)


async def test_a_stale_client_that_writes_an_old_version_back_is_no_wish(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        _, old = await w.event(booked)
        w.salon.move(booked, at(25, 14))
        await w.cycle(minutes=1)
        await w.put(booked, old)
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(25, 14)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261125T150000"
        assert not w.posts
        await w.quiet(minutes=1)


async def test_a_stale_client_that_edits_an_old_version_moves_nothing_and_its_edit_stays(
    dav: Server, folder: Path
) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        _, old = await w.event(booked)
        w.salon.move(booked, at(25, 14))
        await w.cycle(minutes=1)
        # an alarm dismissed, in Evolution: no condition, and everything as it knew it
        await w.put(booked, old)
        await w.edit(booked, (r"^END:VEVENT$", "X-MOZ-LASTACK:20261123T111500Z\nEND:VEVENT"))
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(25, 14)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261125T150000"
        assert "X-MOZ-LASTACK:20261123T111500Z" in (await w.event(booked))[1]
        assert "10:00" in await w.note(booked)
        assert not w.posts
        await w.quiet(minutes=1)
        # it has the new version now: a drag back is a wish
        await w.drag(booked, at(24, 9) - at(25, 14))
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(24, 9)
        assert w.posts == 1


async def test_so_it_is_with_an_old_version_that_stood_where_a_person_had_put_it(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.drag(booked, 2 * HOUR)
        await w.cycle(minutes=1)
        _, old = await w.event(booked)
        w.salon.move(booked, at(25, 14))
        await w.cycle(minutes=5)
        posts = w.posts
        await w.put(booked, old)
        await w.edit(booked, (r"^END:VEVENT$", "X-MOZ-LASTACK:20261123T111500Z\nEND:VEVENT"))
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(25, 14)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261125T150000"
        assert "X-MOZ-LASTACK:20261123T111500Z" in (await w.event(booked))[1]
        assert "12:00" in await w.note(booked)
        assert w.posts == posts
        await w.quiet(minutes=1)
        # it has the new version now: a drag back is a wish
        await w.drag(booked, at(24, 11) - at(25, 14))
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(24, 11)


@pytest.mark.parametrize("again", [False, True], ids=["lost to its customer's move", "taken elsewhere since"])
async def test_and_with_one_where_a_person_had_put_it_for_a_while(dav: Server, folder: Path, *, again: bool) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.drag(booked, 2 * HOUR)
        _, old = await w.event(booked)
        if again:
            await w.cycle(minutes=1)
            _, old = await w.event(booked)
            await w.drag(booked, HOUR)
            await w.cycle(minutes=1)
            assert w.booking(booked).start == at(24, 12)
        w.salon.move(booked, at(25, 14))
        await w.cycle(minutes=5)
        posts = w.posts
        await w.put(booked, old)
        await w.edit(booked, (r"^END:VEVENT$", "X-MOZ-LASTACK:20261123T111500Z\nEND:VEVENT"))
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(25, 14)
        assert w.posts == posts
        await w.quiet(minutes=1)
        # it has the new version now: a drag back is a wish
        await w.drag(booked, at(24, 11) - at(25, 14))
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(24, 11)


async def test_after_a_restored_database_what_stands_right_stays(dav: Server, folder: Path) -> None:
    """Yesterday's database knows less than the event: no write, no note; where no call reads bookings it is a wish."""
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        yesterday = saved(w)
        w.salon.move(booked, at(25, 14))
        await w.cycle(minutes=1)
        stood = await w.event(booked)
        restored(w, yesterday)
        await w.quiet(minutes=1)
        assert await w.event(booked) == stood
        restored(w, yesterday)
        w.fault(Kind.ANSWER, APPOINTMENTS, status=403, body={"detail": "closed"}, times=None)
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(25, 14)
        assert "20261125T150000" in await w.start(booked)
        assert not await w.note(booked)


async def test_an_edit_of_what_was_written_right_before_a_kill_is_told_nothing(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        w.salon.move(booked, at(25, 14))
        w.crash_after = "PUT"
        with pytest.raises(Crash):
            await w.cycle(minutes=1)
        await w.edit(booked, (r"^SUMMARY:.*$", "SUMMARY:Dana (regular)"))
        await w.quiet(minutes=1)
        assert await w.title(booked) == "Dana (regular)"
        assert "20261125T150000" in await w.start(booked)
        assert not w.posts


async def test_a_drag_that_snapped_can_be_undone(dav: Server, folder: Path) -> None:
    """The app writes back what it had, with what it does not know: that is where syncd had put it, and still a wish."""
    async with world(dav, folder, sync="snap_minutes = 30") as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        _, old = await w.event(booked)
        await w.drag(booked, timedelta(hours=2, minutes=7))
        await w.cycle(minutes=1)
        await w.cycle(minutes=1)
        assert "20261124T120000" in await w.start(booked)
        await w.put(booked, restamped(old))
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(24, 9)
        assert w.posts == 2


async def test_a_calendar_restored_from_yesterdays_backup_takes_no_customers_move_back(
    dav: Server, folder: Path
) -> None:
    """The events come back with new stamps, as they stood: no person dragged them."""
    async with world(dav, folder) as w:
        booked = [w.book(at(24, hour)) for hour in (9, 11, 13)]
        await w.cycle()
        backup = {each: (await w.event(each))[1] for each in booked}
        for each in booked:
            w.salon.move(each, w.booking(each).start + timedelta(days=1))
        await w.cycle(minutes=1)
        for each, text in backup.items():
            await w.put(each, restamped(text))
        await w.cycle(minutes=1)
        assert [w.booking(each).start for each in booked] == [at(25, hour) for hour in (9, 11, 13)]
        assert not w.posts
        for each in booked:
            assert "20261125T" in await w.start(each)
        await w.quiet(minutes=1)


async def test_six_marked_as_cancelled_at_once_are_asked_about(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = [w.book(at(24 + n // 2, 9 + 4 * (n % 2))) for n in range(6)]
        await w.cycle()
        for each in booked:
            await w.edit(each, (r"^STATUS:CONFIRMED$", "STATUS:CANCELLED"))
        await w.cycle(minutes=1)
        for each in booked:
            assert await w.title(each) == "⚠ Cancel? Haircut – Dana Lee"
            assert "STATUS:CONFIRMED" in (await w.event(each))[1]
        await w.quiet(minutes=11)
        await w.edit(booked[0], (r"^STATUS:CONFIRMED$", "STATUS:CANCELLED"))
        await w.cycle(minutes=1)
        await w.cycle(minutes=11)
        assert w.booking(booked[0]).status == "cancelled"
        assert len(w.calls(CANCEL)) == 1


async def test_an_approval_stands_while_other_deletions_are_held(dav: Server, folder: Path) -> None:
    """Approved in the shell while in their second grace, they are not asked about a third time."""
    async with world(dav, folder) as w:
        booked = [w.book(at(24 + n // 2, 9 + 4 * (n % 2))) for n in range(8)]
        await w.cycle()
        for each in booked[:6]:
            await w.delete(each)
        await w.cycle(minutes=1)
        for each in booked[:3]:
            await w.delete(each)
        await w.cycle(minutes=1)
        for each in booked[3:6]:
            await w.delete(each)
        w.decide(Decision.APPROVED, *booked[:3])
        await w.cycle(minutes=1)
        assert [w.booking(each).status.value for each in booked[:4]] == ["cancelled"] * 3 + ["confirmed"]
        assert len(w.calls(CANCEL)) == 3


@ON_ONE
@pytest.mark.parametrize(
    "how",
    [
        (Kind.ANSWER, {"status": 503}),
        (Kind.LOSE_REQUEST, {}),
        (Kind.ANSWER, {"status": 403, "body": {"detail": "this client may only read"}}),
        (Kind.ANSWER, {"status": 404, "body": {"detail": "Not Found"}}),
    ],
    ids=["503", "lost", "403", "404"],
)
async def test_a_move_that_zimun_cannot_take_says_so_though_zimun_can_be_read(
    dav: Server, folder: Path, how: tuple[Kind, dict[str, Any]]
) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        broken = w.fault(how[0], RESCHEDULE, "POST", times=None, **how[1])
        await w.drag(booked, 2 * HOUR)
        wished = await w.event(booked)
        for minutes in (1, 5):
            report = await w.cycle(minutes=minutes)
            assert report.summary.exit_code != 0
        assert await w.event(booked) == wished
        await w.cycle(minutes=6)
        assert (await w.note(booked)).startswith("⚠ Not yet booked")
        told = await w.event(booked)
        await w.cycle(minutes=6)
        assert await w.event(booked) == told
        w.server.faults.remove(broken)
        # what is not allowed is asked again after a quarter of an hour, all else at once
        await w.cycle(minutes=16 if how[1].get("status") == 403 else 1)
        assert w.booking(booked).start == at(24, 11)
        assert not await w.note(booked)
        await w.quiet(minutes=3)


async def test_an_api_that_knows_no_booking_at_all_is_told(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        dragged, deleted = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        w.fault(Kind.ANSWER, APPOINTMENTS, status=404, body={"detail": "Not Found"}, times=None)
        await w.drag(dragged, 2 * HOUR)
        for minutes in (1, 11, 11):
            report = await w.cycle(minutes=minutes)
            assert report.summary.exit_code == 1, report.summary.line
            assert {problem.kind for problem in report.summary.problems} == {"blind"}
        assert await w.exists(deleted)
        assert not w.calls(CANCEL)
