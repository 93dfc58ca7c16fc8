"""6. The customer reschedules while the owner drags; the slot is taken; 412 on the PUT; 409 on the call.

Two people decide at once, and most tools let the last writer win without a word to the other.

syncd promises: wherever in a cycle the other one comes in, both sides end equal; no accepted booking is lost; whoever
did not get his wish is told, in the event; and what a person wrote is not overwritten by a PUT that came later.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syncd.sandbox import Conflict
from tests.loop.ground import ON_ONE
from tests.loop.world import CANCEL, HOUR, RESCHEDULE, at
from tests.servers import Server
from tests.ten.bender import Ask, Onward, Reply
from tests.ten.every import on_every
from tests.ten.stage import Kept, Stage, stage
from tests.ten.test_02_rewriting_servers import SERVERS

BERLIN = ZoneInfo("Europe/Berlin")
Deed = Callable[[Kept, str], Awaitable[None]]


class Meanwhile:
    """Somebody does something right before the n-th request of a cycle, to whichever side."""

    def __init__(self, number: int, does: Callable[[], Awaitable[None]]) -> None:
        self.left, self.does, self.hit = number, does, ""

    async def __call__(self, ask: Ask, onward: Onward) -> Reply:
        self.left -= 1
        if self.left == 0:
            self.hit = str(ask)
            await self.does()
        return await onward(ask)


async def equal(s: Stage, booked: str) -> datetime:
    """Both sides agree in the end, and are quiet; the time that they agree on."""
    w = s.w
    for minutes in (1, 3, 11):
        await w.cycle(minutes=minutes)
    await w.quiet(minutes=3)
    start = w.booking(booked).start
    assert w.booking(booked).status == "confirmed"
    assert await w.start(booked) == f";TZID=Europe/Berlin:{start.astimezone(BERLIN):%Y%m%dT%H%M%S}"
    assert not w.calls(CANCEL)
    return start


async def customer_moves(w: Kept, booked: str) -> None:
    w.salon.move(booked, at(25, 9))


async def customer_moves_there_too(w: Kept, booked: str) -> None:
    w.salon.move(booked, at(24, 11))


async def customer_cancels_and_books_again(w: Kept, booked: str) -> None:
    """The time asked for is gone: another customer has it."""
    for _ in range(2):
        try:
            w.book(at(24, 11))
        except Conflict:
            return


async def owner_drags_on(w: Kept, booked: str) -> None:
    await w.drag(booked, HOUR)


async def owner_writes(w: Kept, booked: str) -> None:
    await w.edit(booked, (r"^END:VEVENT$", "COLOR:teal\nEND:VEVENT"))


DEEDS: dict[str, Deed] = {
    "the customer moves": customer_moves,
    "the customer moves to the same time": customer_moves_there_too,
    "others take the slot": customer_cancels_and_books_again,
    "the owner drags on": owner_drags_on,
    "the owner writes something": owner_writes,
}


async def each_request(
    dav: Server,
    folder: Path,
    sync: str,
    set_up: Deed,
    deed: Deed,
    ends: Callable[[Stage, str, str], Awaitable[None]],
) -> None:
    """The same story with the deed before each request in turn."""
    for number in range(1, 100):
        (folder / str(number)).mkdir()
        async with stage(dav, folder / str(number), sync=sync) as s:
            booked = s.w.book(at(24, 9))
            await s.w.cycle()
            await set_up(s.w, booked)
            meanwhile = Meanwhile(number, lambda s=s, booked=booked: deed(s.w, booked))
            s.caldav.bend = s.zimun.bend = meanwhile
            await s.w.cycle(minutes=1)
            s.caldav.bend = s.zimun.bend = None
            if not meanwhile.hit:
                assert number > 3
                return
            await ends(s, booked, meanwhile.hit)
            for href in await s.w.events():
                assert (await s.w.http.delete(s.caldav.address + href)).status_code in (200, 204)


@on_every("the owner drags on-zimun")
@pytest.mark.parametrize(
    ("what", "conflict"), [*((what, "zimun") for what in DEEDS), ("the customer moves", "calendar")]
)
async def test_somebody_comes_in_while_a_drag_is_booked(dav: Server, folder: Path, what: str, conflict: str) -> None:
    async def drags(w: Kept, booked: str) -> None:
        await w.drag(booked, 2 * HOUR)

    async def ends(s: Stage, booked: str, hit: str) -> None:
        start = await equal(s, booked)
        accepted = len(s.w.calls(RESCHEDULE))
        if what == "the customer moves":
            assert start in (at(25, 9), at(24, 11)), hit
            if start == at(25, 9) and not accepted:
                assert "Your move to 12:00 on Tue 24 Nov was not booked" in await s.w.note(booked), hit
            if start == at(24, 11) and hit != f"POST {RESCHEDULE}":
                # the owner won, and only because the config says so: the customer's time is named
                assert conflict == "calendar", hit
                assert "the time here counts: 12:00 on Tue 24 Nov" in await s.w.note(booked), hit
        elif what == "others take the slot":
            others = [one for one in s.w.salon.appointments() if one.booking_id != booked]
            assert others
            for one in others:
                assert one.status == "confirmed"
                assert await s.w.exists(one.booking_id)
            if start != at(24, 11):
                assert start == at(24, 9)
                assert "12:00 on Tue 24 Nov" in await s.w.note(booked), hit
        elif what == "the owner drags on":
            assert start == at(24, 12), hit
            assert not await s.w.note(booked)
        else:
            assert start == at(24, 11), hit
        if what == "the owner writes something":
            assert "COLOR:teal" in (await s.w.event(booked))[1], hit
        assert len(set(s.w.calls(RESCHEDULE))) <= 2

    await each_request(dav, folder, f'conflict = "{conflict}"', drags, DEEDS[what], ends)


@on_every("the owner drags on", "the customer moves")
@pytest.mark.parametrize("what", ["the owner drags on", "the owner writes something", "the customer moves"])
async def test_somebody_comes_in_while_our_put_is_under_way(dav: Server, folder: Path, what: str) -> None:
    """412 where they came first; and no edit is lost where the server answers it."""

    async def moved(w: Kept, booked: str) -> None:
        w.salon.move(booked, at(26, 9))

    async def ends(s: Stage, booked: str, hit: str) -> None:
        start = await equal(s, booked)
        if what == "the owner writes something":
            assert start == at(26, 9), hit
            assert "COLOR:teal" in (await s.w.event(booked))[1], hit
        elif what == "the customer moves":
            assert start == at(25, 9), hit
            assert not await s.w.note(booked)
        elif start == at(26, 9):
            assert "was not booked" in await s.w.note(booked), hit
        else:
            # he saw our new time, and dragged on from there
            assert start == at(26, 10), hit

    await each_request(dav, folder, "", moved, DEEDS[what], ends)


@ON_ONE
@pytest.mark.parametrize("how", ["no ETag anywhere", "weak ETags", "no ETag but in lists"])
async def test_a_drag_right_after_our_put_is_a_wish_where_nothing_tells_it_from_our_own(
    dav: Server, folder: Path, how: str
) -> None:
    """What is read back after the PUT is the owner's version already."""
    async with stage(dav, folder) as s:
        booked = s.w.book(at(24, 9))
        dragged: list[Ask] = []

        async def drags(ask: Ask, onward: Onward) -> Reply:
            reply = await SERVERS[how](ask, onward)
            if ask.method == "PUT" and not dragged:
                dragged.append(ask)
                s.w.clock.pass_by(seconds=1)
                await s.w.drag(booked, 2 * HOUR)
            return reply

        s.caldav.bend = drags
        await s.w.cycle()
        assert dragged
        assert await equal(s, booked) == at(24, 11)
        assert len(s.w.calls(RESCHEDULE)) == 1
        assert not await s.w.note(booked)


REASONS = {
    409: b'{"error": {"code": "slot_taken", "message": "Someone was faster."}}',
    422: b'{"detail": [{"msg": "Not on a holiday.", "type": "closed"}]}',
    400: b'{"message": "No."}',
}


@on_every("409")
@pytest.mark.parametrize("status", REASONS)
async def test_a_refused_call_goes_back_with_the_reason_and_is_spent(dav: Server, folder: Path, status: int) -> None:
    async with stage(dav, folder) as s:
        booked = s.w.book(at(24, 9))
        await s.w.cycle()

        async def refuses(ask: Ask, onward: Onward) -> Reply:
            if ask.path != RESCHEDULE:
                return await onward(ask)
            return Reply(status, REASONS[status], {"content-type": "application/json"})

        s.zimun.bend = refuses
        await s.w.drag(booked, 2 * HOUR)
        report = await s.w.cycle(minutes=1)
        assert report.summary.exit_code == 1
        note = await s.w.note(booked)
        assert "Zimun did not accept 12:00 on Tue 24 Nov" in note
        said = re.search(rb'"(?:message|msg)": "([^"]+)"', REASONS[status])
        assert said is not None
        assert said[1].decode() in note
        assert await s.w.start(booked) == ";TZID=Europe/Berlin:20261124T100000"
        await s.w.quiet(minutes=1)
        assert len([ask for ask in s.zimun.asked if ask.path == RESCHEDULE]) == 1
        # the same drag is a new wish
        s.zimun.bend = None
        await s.w.drag(booked, 2 * HOUR)
        await s.w.cycle(minutes=5)
        assert await equal(s, booked) == at(24, 11)
        assert not await s.w.note(booked)


@on_every()
async def test_412_at_each_put_for_a_while_loses_nothing(dav: Server, folder: Path) -> None:
    """Somebody types into the event faster than syncd can write it: his text stays, our time comes when he stops."""
    async with stage(dav, folder) as s:
        booked = s.w.book(at(24, 9))
        await s.w.cycle()
        typed = 0

        async def types(ask: Ask, onward: Onward) -> Reply:
            nonlocal typed
            if ask.method == "PUT":
                typed += 1
                text = re.sub(r"X-TYPED:.*\n", "", (await s.w.event(booked))[1])
                await s.w.put(booked, text.replace("END:VEVENT", f"X-TYPED:{typed}\nEND:VEVENT"))
            return await onward(ask)

        s.caldav.bend = types
        s.w.salon.move(booked, at(24, 14))
        for _ in range(5):
            await s.w.cycle(seconds=30)
        assert 1 <= typed <= 5
        assert await s.w.start(booked) == ";TZID=Europe/Berlin:20261124T100000"
        s.caldav.bend = None
        await s.w.cycle(minutes=11)
        assert await equal(s, booked) == at(24, 14)
        assert f"X-TYPED:{typed}" in (await s.w.event(booked))[1]
        assert not s.w.posts
