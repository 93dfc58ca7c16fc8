"""7. A crash between the effect and the record of it.

What was done and not written down is done again: a second booking, a second event, a second mail to the customer.

syncd promises: killed at any request, before it arrived, after its effect, or with the answer lost on the way, the next
process looks for the effect instead of repeating it. In the end both sides are as they would be without the crash:
one event for each booking, no booking made, moved or cancelled twice, and no call for one wish under two keys.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from syncd.domain.link import Decision
from tests.loop.ground import THOROUGH
from tests.loop.ics import prop, unfold
from tests.loop.world import CANCEL, HOUR, RESCHEDULE, at
from tests.servers import Server
from tests.ten.bender import CUT, Ask, Onward, Reply
from tests.ten.every import on_every
from tests.ten.stage import Kept, Stage, entry, stage

Names = dict[str, str]


class Reaper:
    """Ends a cycle at its n-th request, whichever server that goes to; or only loses the answer.

    After the effect, or with the answer lost, only what writes counts: a read has no effect.
    """

    def __init__(self, when: str, at: int) -> None:
        self.when = when
        self.left = at
        self.hit: Ask | None = None
        self.cycle: asyncio.Task[object] | None = None

    async def __call__(self, ask: Ask, onward: Onward) -> Reply:
        self.left -= ask.writes or self.when == "before"
        if self.left or self.hit is not None:
            return await onward(ask)
        self.hit = ask
        if self.when == "before":
            return self._end()
        await onward(ask)
        return self._end() if self.when == "after" else CUT

    def _end(self) -> Reply:
        assert self.cycle is not None
        self.cycle.cancel()
        return CUT


async def everything(s: Stage, _: str) -> Names:
    """In sync; then one cycle has something of each kind to do: create, update, remove, move, refuse, cancel."""
    w = s.w
    names = {
        "moved by the customer": w.book(at(24, 9)),
        "cancelled by the customer": w.book(at(24, 14)),
        "dragged": w.book(at(25, 9)),
        "dragged to no slot": w.book(at(25, 14)),
        "deleted": w.book(at(26, 9)),
        "retitled and moved": w.book(at(26, 14)),
    }
    await w.cycle()
    await w.delete(names["deleted"])
    await w.cycle(minutes=1)
    w.clock.pass_by(minutes=11)
    w.salon.move(names["moved by the customer"], at(24, 11))
    w.salon.cancel(names["cancelled by the customer"])
    await w.drag(names["dragged"], 2 * HOUR)
    await w.drag(names["dragged to no slot"], 12 * HOUR)
    await w.edit(names["retitled and moved"], (r"^SUMMARY:.*$", "SUMMARY:Dana (regular)"))
    w.salon.move(names["retitled and moved"], at(26, 16))
    return names | {"new": w.book(at(27, 9)), "new too": w.book(at(27, 14))}


async def transfers(s: Stage, other: str) -> Names:
    """One event stands in the wrong calendar, one too and was dragged there, one is a copy of one that is gone."""
    w = s.w
    names = {"put elsewhere": w.book(at(24, 9)), "dragged there": w.book(at(25, 9)), "pasted": w.book(at(26, 9))}
    await w.cycle()
    for name, booked in names.items():
        _, text = await w.event(booked)
        uid = text.replace("@zimun", "-pasted@example.com")
        first = w.dav.name == "cyrus"  # which takes no UID twice in one account
        if first:
            await w.delete(booked)
        await w.put(booked if name != "pasted" else f"{booked}-copy", uid if name == "pasted" else text, other)
        if not first:
            await w.delete(booked)
    await w.drag(names["dragged there"], 2 * HOUR, other)
    w.clock.pass_by(minutes=1)
    return names


async def rerouted(s: Stage, other: str) -> Names:
    """The config sends all to another calendar; and one of them was dragged just before."""
    w = s.w
    names = {"stays": w.book(at(24, 9)), "dragged": w.book(at(25, 9)), "moved": w.book(at(26, 9))}
    await w.cycle()
    await w.drag(names["dragged"], 2 * HOUR)
    w.salon.move(names["moved"], at(26, 14))
    w.reconfigure(calendars=entry(other, "loc_mitte"))
    await w.restart()
    w.clock.pass_by(minutes=1)
    return names


async def asked(s: Stage, _: str) -> Names:
    """Six deletions are asked about; two are approved, two rejected in the shell, one is deleted again."""
    w = s.w
    booked = [w.book(at(24 + n // 2, 9 + 5 * (n % 2))) for n in range(6)]
    await w.cycle()
    for each in booked:
        await w.delete(each)
    await w.cycle(minutes=1)
    w.decide(Decision.APPROVED, *booked[:2])
    w.decide(Decision.REJECTED, *booked[2:4])
    await w.delete(booked[4])
    w.clock.pass_by(minutes=1)
    return {f"asked {n}": each for n, each in enumerate(booked)}


async def lost(s: Stage, _: str) -> Names:
    """The database is gone; meanwhile one was moved by the customer, one dragged, one booked."""
    w = s.w
    names = {"stays": w.book(at(24, 9)), "moved": w.book(at(25, 9)), "dragged": w.book(at(26, 9))}
    await w.cycle()
    await w.restart()
    w.lose_database()
    w.salon.move(names["moved"], at(25, 14))
    await w.drag(names["dragged"], 2 * HOUR)
    w.clock.pass_by(minutes=1)
    return names | {"new": w.book(at(27, 9))}


Scenario = Callable[[Stage, str], Awaitable[Names]]
SCENARIOS: dict[str, Scenario] = {
    "everything at once": everything,
    "transfers": transfers,
    "another routing": rerouted,
    "asked and answered": asked,
    "a lost database": lost,
}


async def looks(w: Kept, names: Names, calendars: list[str]) -> list[str]:
    """Both sides, as far as people see them: each booking, and each event with its time, title and note."""
    known = {booked: name for name, booked in names.items()}
    seen = [f"{name}: {w.booking(each).status.value} {w.booking(each).start}" for each, name in known.items()]
    for number, calendar in enumerate(calendars):
        for _, text in (await w.events(calendar)).values():
            plain = unfold(text)
            name = known[prop(plain, "X-ZIMUN-BOOKING-ID").removeprefix(":")]
            note = prop(plain, "DESCRIPTION").split("\\n")[0].partition(" Free nearby")[0] if "⚠" in plain else ""
            seen.append(f"{number} {name}: {prop(plain, 'DTSTART')} {prop(plain, 'SUMMARY')} {note}")
    return sorted(seen)


def one_key_each(w: Kept) -> None:
    """Whatever arrived for one booking and one wish came under one key."""
    keys: dict[str, set[str | None]] = {}
    for call in w.server.calls:
        if call.path in (RESCHEDULE, CANCEL):
            keys.setdefault(f"{call.path} {call.body}", set()).add(call.idempotency_key)
    assert all(len(each) == 1 for each in keys.values()), keys


async def settles(s: Stage) -> None:
    # to Cyrus a UID that stands elsewhere is refused twice before the next one is taken
    for minutes in (1, 1, 1, 12) if s.w.dav.name == "cyrus" else (1, 12):
        await s.w.cycle(minutes=minutes)
    await s.w.quiet(minutes=3)
    assert not s.w.store.open_intents()


async def run(dav: Server, folder: Path, other: str, scenario: Scenario, reaper: Reaper | None) -> list[str]:
    """How it ends, with or without somebody who ends the cycle in its middle."""
    folder.mkdir()  # noqa: ASYNC240 -- a test has nothing else to do meanwhile
    async with stage(dav, folder, more=[other]) as s:
        names = await scenario(s, s.caldav.url(other))
        if reaper is not None:
            s.caldav.bend = s.zimun.bend = reaper
            reaper.cycle = asyncio.ensure_future(s.w.cycle())
            await asyncio.wait([reaper.cycle])
            s.caldav.bend = s.zimun.bend = None
            for side in (s.caldav, s.zimun):
                await side.idle()
            if reaper.when != "lost" and reaper.hit is not None:
                assert reaper.cycle.cancelled()
            await s.w.restart()
        else:
            await s.w.cycle()
        await settles(s)
        one_key_each(s.w)
        ended = await looks(s.w, names, [s.w.dav.calendar_url, s.caldav.url(other)])
        await empty(s.w, [s.w.dav.calendar_url, s.caldav.url(other)])
        return ended


FEWER = {"before": (1, 3), "after": (1, 2), "lost": (2, 2)}
"""The first request, and how many on the next one is."""


async def empty(w: Kept, calendars: list[str]) -> None:
    """For the next run."""
    for calendar in calendars:
        for href in await w.events(calendar):
            answer = await w.http.delete(str(w.http.build_request("GET", calendar).url.join(href)))
            assert answer.status_code in (200, 204)


@on_every("a lost database-after")
@pytest.mark.parametrize("when", ["before", "after", "lost"])
@pytest.mark.parametrize("name", SCENARIOS)
async def test_killed_at_every_request_it_ends_as_if_nothing_had_been(
    dav: Server, folder: Path, new_calendar: Callable[[], str], name: str, when: str
) -> None:
    other, scenario = new_calendar(), SCENARIOS[name]
    expected = await run(dav, folder / "0", other, scenario, None)
    # before a request is nearly the same moment as after the one before it: of each kind some, unless told
    number, step = (1, 1) if THOROUGH else FEWER[when]
    hit = True
    while hit:
        reaper = Reaper(when, number)
        ended = await run(dav, folder / str(number), other, scenario, reaper)
        hit = reaper.hit is not None
        assert ended == expected, (number, when, str(reaper.hit))
        number += step
    assert number > (8 if when == "before" else 2)
