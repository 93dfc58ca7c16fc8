"""What the calendar apps send (tests/recorded/apps), sent to a real server with syncd beside it.

The apps differ in all that a change brings along; what syncd makes of it must not.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.clients.apps import FOLDER, NEW, App, script
from tests.loop.ground import ON_ONE
from tests.loop.ics import prop, unfold
from tests.loop.requesting import TAKES_REQUESTS
from tests.loop.world import CANCEL, RESCHEDULE, World, at, world
from tests.servers import Server

APPS = {path.stem: script(path.stem) for path in sorted(FOLDER.glob("*.txt"))}
BEGINS, DRAGGED = at(25, 9), at(25, 11)
DISMISSED = {
    "thunderbird": "X-MOZ-LASTACK:", "apple_macos": "ACKNOWLEDGED:", "apple_ios": "ACKNOWLEDGED:",
    "evolution": "X-EVOLUTION-ALARM-UID:", "outlook_synchronizer": "X-MICROSOFT-CDO-BUSYSTATUS:",
}  # fmt: skip
"""What each app's dismissal leaves in the event; Outlook's nothing but what it adds to all that it stores."""
REMINDER = "alarm_minutes = 15"
SECOND = '[[calendars]]\nurl = "{}"\nlocations = ["loc_shoreditch"]\n'


def those_that(*actions: str) -> pytest.MarkDecorator:
    """Each app that can do one of these, with it."""
    cases = [(name, action) for name, app in APPS.items() for action in actions if action in app.sequences]
    return pytest.mark.parametrize(("name", "action"), cases)


@asynccontextmanager
async def using(dav: Server, folder: Path, name: str, other: str = "", managed: bool = False) -> AsyncIterator[App]:
    """One booking, its event with a reminder, and the app that has read it."""
    calendars = SECOND.format(other) if managed else ""
    async with world(dav, folder, event=REMINDER, calendars=calendars) as w:
        booked = w.book(BEGINS)
        await w.cycle()
        app = App(w, APPS[name], booked, other)
        await app.read()
        yield app


async def ends_at(w: World, booked: str, start: str) -> str:
    """Every grace goes by: one event, there, and nobody was cancelled. Its text; its name may be a new one."""
    for minutes in (1, 11, 11):
        await w.cycle(minutes=minutes)
    assert not w.calls(CANCEL)
    assert w.booking(booked).status == "confirmed"
    ours = [text for _, text in (await w.events()).values() if f"{booked}@zimun" in text or f"{booked}~" in text]
    assert len(ours) == 1, ours
    assert prop(ours[0].replace("\r\n", "\n"), "DTSTART").endswith(start), ours
    await w.quiet(minutes=1)
    return unfold(ours[0])


@ON_ONE
@those_that("drag")
async def test_a_drag_books(dav: Server, folder: Path, name: str, action: str) -> None:
    async with using(dav, folder, name) as app:
        await app.do(action)
        await app.w.cycle(minutes=1)
        assert app.w.booking(app.booked).start == DRAGGED
        assert len(app.w.calls(RESCHEDULE)) == 1
        assert not await app.w.note(app.booked)
        await ends_at(app.w, app.booked, "20261125T120000")


@ON_ONE
@those_that("undo a drag")
async def test_a_drag_undone_is_booked_back(dav: Server, folder: Path, name: str, action: str) -> None:
    async with using(dav, folder, name) as app:
        await app.do("drag")
        await app.w.cycle(minutes=1)
        app.etag = (await app.w.event(app.booked))[0]
        await app.do(action)
        await app.w.cycle(minutes=5)
        assert app.w.booking(app.booked).start == BEGINS
        assert len(app.w.calls(RESCHEDULE)) == 2
        await ends_at(app.w, app.booked, "20261125T100000")


@ON_ONE
@those_that("resize")
async def test_a_resize_is_put_back(dav: Server, folder: Path, name: str, action: str) -> None:
    async with using(dav, folder, name) as app:
        before = app.w.booking(app.booked)
        await app.do(action)
        await app.w.cycle(minutes=1)
        assert app.w.booking(app.booked) == before
        assert not app.w.posts
        assert prop((await app.w.event(app.booked))[1], "DTEND").endswith("20261125T104500")
        await ends_at(app.w, app.booked, "20261125T100000")


@ON_ONE
@those_that("dismiss", "title", "note")
async def test_what_is_no_move_changes_nothing_and_survives(dav: Server, folder: Path, name: str, action: str) -> None:
    left = {"title": "SUMMARY:Dana (regular)", "note": "allergic to ammonia"}.get(action) or DISMISSED[name]
    async with using(dav, folder, name) as app:
        w = app.w
        await app.do(action)
        stored = await w.event(app.booked)
        # Outlook's dismissal leaves no mark, but takes the reminder out
        rings = (action, name) != ("dismiss", "outlook_synchronizer")
        assert (left in stored[1], "BEGIN:VALARM" in stored[1]) == (True, rings)
        await w.quiet(minutes=1)
        await w.quiet(minutes=11)
        assert await w.event(app.booked) == stored
        # and later, when the customer moves it
        w.salon.move(app.booked, DRAGGED)
        await w.cycle(minutes=1)
        text = (await w.event(app.booked))[1]
        assert prop(text, "DTSTART").endswith("20261125T120000")
        assert (left in text, "BEGIN:VALARM" in text) == (True, rings)
        assert not w.posts


@those_that("move")
@pytest.mark.parametrize("managed", [True, False], ids=["managed", "unmanaged"])
async def test_a_move_to_another_calendar_is_no_cancellation(
    dav: Server, folder: Path, new_calendar: Callable[[], str], name: str, action: str, managed: bool
) -> None:
    sent = APPS[name].sequences[action]
    if dav.name != "radicale" and not any(one.method == "MOVE" or "{new}" in one.path for one in sent):
        pytest.skip("servers differ in MOVE, and in searching texts")
    async with using(dav, folder, name, new_calendar(), managed) as app:
        await app.do(action)
        text = await ends_at(app.w, app.booked, "20261125T100000")
        assert not app.w.posts
        carried_as_new = any("set UID:{new}" in (one.changes or ()) for one in sent)
        assert ("a copy of it still stands" in text) == carried_as_new


@ON_ONE
@those_that("delete")
async def test_a_deletion_cancels_after_the_grace(dav: Server, folder: Path, name: str, action: str) -> None:
    async with using(dav, folder, name) as app:
        await app.w.cycle(minutes=1)  # who deletes it has seen it for a while, and so has syncd
        await app.do(action)
        await app.w.cycle(minutes=1)
        await app.w.cycle(minutes=5)
        assert not app.w.posts
        await app.w.cycle(minutes=6)
        assert app.w.booking(app.booked).status == "cancelled"
        assert len(app.w.calls(CANCEL)) == 1
        await app.w.quiet(minutes=1)


@ON_ONE
@those_that("undo")
async def test_a_deletion_undone_within_the_grace_costs_nothing(
    dav: Server, folder: Path, name: str, action: str
) -> None:
    async with using(dav, folder, name) as app:
        await app.do("delete")
        await app.w.cycle(minutes=1)
        await app.w.cycle(minutes=1)
        await app.do(action)
        await ends_at(app.w, app.booked, "20261125T100000")
        assert not app.w.posts


@ON_ONE
@those_that("paste")
async def test_a_copy_is_no_second_booking(dav: Server, folder: Path, name: str, action: str) -> None:
    """Also where new bookings are taken from this calendar."""
    async with using(dav, folder, name) as app:
        w = app.w
        w.reconfigure(calendars=TAKES_REQUESTS, event=REMINDER)
        await w.cycle(minutes=1)
        bookings = len(w.salon._appointments)
        await app.do(action)
        copy = await w.event(NEW)
        for minutes in (1, 11):
            await w.cycle(minutes=minutes)
        assert await w.event(NEW) == copy
        assert len(w.salon._appointments) == bookings
        assert not w.posts
        assert w.booking(app.booked).start == BEGINS
        await ends_at(w, app.booked, "20261125T100000")


@ON_ONE
@those_that("drag")
@pytest.mark.parametrize("seen", [False, True], ids=["not yet in the calendar", "already in the calendar"])
async def test_a_drag_made_offline_of_a_booking_that_the_customer_moved_meanwhile(
    dav: Server, folder: Path, name: str, action: str, seen: bool
) -> None:
    """The phone comes back after a day.

    Where syncd has not yet brought the customer's move into the calendar, no condition fails: a conflict, and Zimun
    counts. Where it has, an app that heeds 412 loses its drag; one that overwrites it asks for a time like any.
    """
    async with using(dav, folder, name) as app:
        w = app.w
        w.salon.move(app.booked, at(26, 13))
        if seen:
            await w.cycle(minutes=1)
        w.clock.pass_by(hours=24)
        await app.do(action)
        await w.cycle()
        overwrote = app.answers[-1] != 412
        assert overwrote or seen
        if seen and overwrote:
            assert w.booking(app.booked).start == DRAGGED
            assert len(w.calls(RESCHEDULE)) == 1
            await ends_at(w, app.booked, "20261125T120000")
        else:
            assert w.booking(app.booked).start == at(26, 13)
            assert not w.posts
            assert bool(await w.note(app.booked)) == overwrote
            await ends_at(w, app.booked, "20261126T140000")


@ON_ONE
@those_that("dismiss", "title", "note")
async def test_an_old_version_edited_and_written_back_moves_nothing(
    dav: Server, folder: Path, name: str, action: str
) -> None:
    """The app missed the customer's move, and overwrites it: Evolution always does, others when their user says so.

    What is edited stays. Outlook CalDav Synchronizer alone writes nothing that it does not know: so nobody can tell
    its old version from a drag.
    """
    async with using(dav, folder, name) as app:
        w = app.w
        w.salon.move(app.booked, at(26, 13))
        await w.cycle(minutes=1)
        w.clock.pass_by(hours=24)
        await app.do(action, overwrite=True)
        sent = (await w.event(app.booked))[1]
        await w.cycle()
        if "X-ZIMUN-START" not in sent:
            assert name == "outlook_synchronizer"
            assert w.booking(app.booked).start == BEGINS
            assert len(w.calls(RESCHEDULE)) == 1
            return
        assert w.booking(app.booked).start == at(26, 13)
        assert not w.posts
        assert "is at 14:00 on Thu 26 Nov" in await w.note(app.booked)
        title = prop(sent, "SUMMARY").removeprefix(":")
        await ends_at(w, app.booked, "20261126T140000")
        text = (await w.event(app.booked))[1]
        assert title in text
        assert ("allergic to ammonia" in text) == (action == "note")
        assert ("BEGIN:VALARM" in text) == ("BEGIN:VALARM" in sent)
