"""5. A move to another calendar was taken for a cancellation, and mailed.

SergeyMosin/Appointments 361: the owner put an appointment into another of his calendars, and the customer was told that
it was cancelled. Thunderbird writes the new one first and deletes the old; DAVx5 deletes and creates, often under a new
UID; Apple sends MOVE.

syncd promises: in either order, by MOVE, under the old UID or a new one, and wherever its polls fall between: nothing
is cancelled; the event ends once, in the calendar that routing gives it, and says why it is back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.loop.ground import ON_ONE, THOROUGH
from tests.loop.ics import dragged
from tests.loop.world import CANCEL, HOUR, RESCHEDULE, at
from tests.servers import Server, drop_calendar
from tests.ten.bender import Ask, Onward, Reply
from tests.ten.every import on_every
from tests.ten.stage import Kept, Stage, stage

Step = Callable[[], Awaitable[None]]
HOWS = ["add, delete", "delete, add", "MOVE", "add, delete, new UID", "delete, add, new UID", "add moved, delete"]


async def steps(w: Kept, booked: str, other: str, how: str) -> list[Step]:
    """What the app does, request by request."""
    _, text = await w.event(booked)
    name = booked
    if "new UID" in how:
        text, name = text.replace("@zimun", "-pasted@example.com"), f"{booked}-pasted"
    if "moved" in how:
        text = dragged(text, 2 * HOUR, w.clock.at)

    async def add() -> None:
        if w.dav.name == "cyrus" and how.startswith("add") and name == booked:
            pytest.skip("this server takes a UID once: an app has to delete first")
        await w.put(name, text, other)

    async def delete() -> None:
        await w.delete(booked)

    async def move() -> None:
        headers = {"Destination": w.url(booked, other), "Overwrite": "F"}
        answer = await w.http.request("MOVE", w.url(booked), headers=headers)
        if answer.status_code in (405, 501):
            pytest.skip("this server has no MOVE")
        # 200 from DAViCal
        assert answer.status_code in (200, 201, 204), answer.text

    return [move] if how == "MOVE" else [add, delete] if how.startswith("add") else [delete, add]


async def ends_at_home(s: Stage, booked: str, other: str, how: str, *, managed: bool) -> None:
    """Every grace goes by; the event is where it belongs, once, and nobody was cancelled."""
    w = s.w
    start = w.booking(booked).start
    assert start in ((at(24, 9), at(24, 11)) if "moved" in how and managed else (at(24, 9),))
    # Cyrus refuses the UID as long as it stands in the other calendar: twice, then it gets the next one
    for minutes in (1, 11, 11, 1):
        await w.cycle(minutes=minutes)
    assert not w.calls(CANCEL)
    assert w.booking(booked).status == "confirmed"
    here = await w.events()
    assert len(here) == 1, here
    text = next(iter(here.values()))[1]
    assert f"X-ZIMUN-BOOKING-ID:{booked}" in text
    assert len(await w.events(other)) == (not managed)
    moved = managed and "moved" in how
    assert w.booking(booked).start == (at(24, 11) if moved else at(24, 9))
    assert len(w.calls(RESCHEDULE)) == moved
    local = f"{12 if moved else 10}0000"
    assert f"T{local}" in text.split("BEGIN:VEVENT")[1]
    if not moved:
        assert "⚠" in text, text
    await w.quiet(minutes=1)


@on_every(
    "managed-add, delete-0",
    "managed-delete, add-2",
    "managed-MOVE-0",
    "managed-add, delete, new UID-2",
    "managed-add moved, delete-2",
    "unmanaged-delete, add-0",
    "unmanaged-delete, add-2",
    "unmanaged-MOVE-2",
    "unmanaged-add, delete, new UID-0",
)
@pytest.mark.parametrize("polls", [0, 2])
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("managed", [True, False], ids=["managed", "unmanaged"])
async def test_a_transfer_with_polls_after_each_step(
    dav: Server, folder: Path, new_calendar: Callable[[], str], how: str, polls: int, managed: bool
) -> None:
    other = new_calendar()
    async with stage(dav, folder, more=[other] if managed else []) as s:
        booked = s.w.book(at(24, 9))
        await s.w.cycle()
        for step in await steps(s.w, booked, s.caldav.url(other), how):
            await step()
            for _ in range(polls):
                await s.w.cycle(minutes=1)
        await ends_at_home(s, booked, s.caldav.url(other), how, managed=managed)


class Between:
    """Does something right before syncd's n-th request, or right after its effect."""

    def __init__(self, at_request: int, does: Step) -> None:
        self.left, self.does, self.done = at_request, does, False

    async def __call__(self, ask: Ask, onward: Onward) -> Reply:
        self.left -= 1
        if self.left == 0:
            await self.does()
            self.done = True
        return await onward(ask)


@on_every("whole-delete, add", "whole-MOVE")
@pytest.mark.parametrize("how", ["add, delete", "delete, add", "MOVE"])
@pytest.mark.parametrize("split", ["whole", "first half before", "second half after"])
async def test_a_transfer_in_the_middle_of_a_cycle_at_each_request(
    dav: Server, folder: Path, new_calendar: Callable[[], str], how: str, split: str
) -> None:
    """One calendar is read before the step and the other after it, or the other way round."""
    if how == "MOVE" and split != "whole":
        pytest.skip("MOVE is one step")
    for number in range(1, 100, 1 if THOROUGH else 2):
        other, home = new_calendar(), new_calendar()
        (folder / str(number)).mkdir()
        here = type(dav)(dav.url, home, dav.home_url, dav.username, dav.password, dav.name)
        async with stage(here, folder / str(number), more=[other]) as s:
            booked = s.w.book(at(24, 9))
            await s.w.cycle()
            await s.w.cycle(minutes=1)
            todo = await steps(s.w, booked, s.caldav.url(other), how)
            before = [todo.pop(0)] if split == "first half before" else []
            after = [todo.pop()] if split == "second half after" else []
            for step in before:
                await step()

            async def does(steps: list[Step] = todo) -> None:
                for step in steps:
                    await step()

            between = Between(number, does)
            s.caldav.bend = between
            await s.w.cycle(minutes=1)
            s.caldav.bend = None
            if not between.done:
                return
            for step in after:
                await step()
            await ends_at_home(s, booked, s.caldav.url(other), how, managed=True)
        for url in (other, home):
            await asyncio.to_thread(drop_calendar, dav, url)


@ON_ONE
async def test_there_and_back_and_there_again(dav: Server, folder: Path, new_calendar: Callable[[], str]) -> None:
    """Each time it comes home; at the third put-back within an hour syncd lets go, and says so; nobody is cancelled."""
    other = new_calendar()
    async with stage(dav, folder, more=[other]) as s:
        booked = s.w.book(at(30, 9))
        await s.w.cycle()
        bent = s.caldav.url(other)
        until: datetime = s.w.clock.at + timedelta(hours=3)
        while s.w.clock.at < until:
            home = await s.w.exists(booked)
            _, text = await s.w.event(booked, None if home else bent)
            await s.w.put(booked, text, bent)
            if home:
                await s.w.delete(booked)
            report = await s.w.cycle(minutes=5)
        assert not s.w.calls(CANCEL)
        assert not s.w.posts
        assert report.summary.exit_code == 1, report.summary.line
        events = [*await s.w.events(), *await s.w.events(bent)]
        assert 1 <= len(events) <= 2, events
