"""8. The sync token is gone, the calendar renamed (404 on the collection), or recreated empty.

field-notes: a lost token shows as 403, 409 or 412 with DAV:valid-sync-token, as 400, 410, 415, 418, 501, as 507 with or
without results, or as 200 without a new token; and clients took the list that followed, or the 404 of the whole
calendar, for the deletion of everything in it.

syncd promises: a lost token costs a full listing and nothing else; no deletion is believed that a direct GET has not
confirmed. A calendar that is not there stands still, loudly: exit code 1, its name in the cycle's line; nothing is
cancelled meanwhile, in no calendar; and drags elsewhere go on.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.loop.world import CANCEL, HOUR, World, at
from tests.servers import Server, drop_calendar, make_calendar
from tests.ten.bender import Ask, Bend, Onward, Reply
from tests.ten.every import on_every
from tests.ten.lies import XML, altered, answered, syncs, without
from tests.ten.stage import Kept, stage

SPACES = 'xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns"'


def error(status: int, named: bool = True) -> Reply:
    inner = "<d:valid-sync-token/>" if named else "<s:message>no</s:message>"
    return Reply(status, f'<?xml version="1.0"?><d:error {SPACES}>{inner}</d:error>'.encode(), XML)


def no_token(_: Ask, reply: Reply) -> Reply:
    """The real answer, without a new token."""
    start, end = reply.body.index(b"sync-token>"), reply.body.rindex(b"sync-token>")
    return replace(reply, body=reply.body[: reply.body.rindex(b"<", 0, start)] + reply.body[end + len("sync-token>") :])


def gone_for_507(ask: Ask, reply: Reply) -> Reply:
    """No result at all, and 507 for the calendar."""
    more = f"<d:response><d:href>{ask.path}</d:href><d:status>HTTP/1.1 507 Too much</d:status></d:response>"
    token = "<d:sync-token>http://x.example/next</d:sync-token>"
    return Reply(207, f"<d:multistatus {SPACES}>{more}{token}</d:multistatus>".encode(), XML)


LOST: dict[str, Bend] = {
    **{f"{status} with its name": answered(error(status), syncs) for status in (403, 409, 412)},
    **{f"{status}": answered(error(status, named=False), syncs) for status in (400, 403, 405, 410, 415, 418, 501, 507)},
    "410, no body": answered(Reply(410), syncs),
    "507 in a multistatus, without results": altered(gone_for_507, syncs),
    "200, no multistatus": answered(Reply(200, b"ok", {"content-type": "text/plain"}), syncs),
    "207, no new token": altered(no_token, syncs),
}
# what the full listing says that follows
LISTS: dict[str, Callable[[Ask, Reply], Reply] | None] = {
    "honest": None,
    "half": without(lambda href: sum(href.encode()) % 2 == 0),
    "empty": without(lambda _: True),
}


def then(lost: Bend, listing: Callable[[Ask, Reply], Reply] | None) -> Bend:
    async def bend(ask: Ask, onward: Onward) -> Reply:
        reply = await lost(ask, onward)
        return listing(ask, reply) if listing is not None and ask.method == "PROPFIND" else reply

    return bend


async def salon_of_four(w: World) -> list[str]:
    booked = [w.book(at(24 + n, 9)) for n in range(4)]
    await w.cycle()
    await w.cycle(minutes=1)
    return booked


CASES = [(how, "honest") for how in LOST]
CASES += [(how, listing) for how in ("403 with its name", "410", "207, no new token") for listing in ("half", "empty")]


@on_every("403 with its name-half", "207, no new token-honest")
@pytest.mark.parametrize(("how", "listing"), CASES)
async def test_a_lost_token_is_no_deletion(dav: Server, folder: Path, how: str, listing: str) -> None:
    async with stage(dav, folder) as (w, caldav, _):
        booked = await salon_of_four(w)
        before = await w.events()
        caldav.bend = then(LOST[how], LISTS[listing])
        for minutes in (1, 11, 11):
            report = await w.quiet(minutes=minutes)
            assert report.summary.exit_code == 0, report.summary.line
        assert await w.events() == before
        # what people do is seen all the same
        await w.drag(booked[0], 2 * HOUR)
        await w.delete(booked[1])
        for minutes in (1, 11, 1):
            await w.cycle(minutes=minutes)
        assert w.booking(booked[0]).start == at(24, 11)
        assert w.booking(booked[1]).status == "cancelled"
        assert len(w.calls(CANCEL)) == 1
        caldav.bend = None
        assert (await w.quiet(minutes=3)).summary.exit_code == 0


@on_every()
async def test_tokens_that_lapse_each_time_and_lists_that_hide_what_is_there_cancel_nobody(
    dav: Server, folder: Path
) -> None:
    """The search of the account is blind too; only the direct GET tells the truth."""
    async with stage(dav, folder) as (w, caldav, _):
        await salon_of_four(w)
        before = await w.events()
        hides = without(lambda _: True)

        async def bend(ask: Ask, onward: Onward) -> Reply:
            if syncs(ask):
                return error(403)
            reply = await onward(ask)
            return hides(ask, reply) if ask.method in ("PROPFIND", "REPORT") else reply

        caldav.bend = bend
        for _ in range(6):
            await w.quiet(minutes=6)
        caldav.bend = None
        assert await w.events() == before
        assert (await w.quiet(minutes=1)).summary.exit_code == 0


def under(path: str, reply: Reply) -> Bend:
    return answered(reply, lambda ask: ask.path.startswith(path))


def inside(path: str, status: int) -> Bend:
    """As Xandikos says it: 207, and the 404 within."""
    body = f'<d:multistatus xmlns:d="DAV:"><d:response><d:href>{path}</d:href>'
    body += f"<d:status>HTTP/1.1 {status} Not Found</d:status>"
    multi = Reply(207, f"{body}</d:response></d:multistatus>".encode(), XML)

    async def bend(ask: Ask, onward: Onward) -> Reply:
        if not ask.path.startswith(path):
            return await onward(ask)
        return multi if ask.method == "PROPFIND" else Reply(status)

    return bend


RENAMED: dict[str, Callable[[str], Bend]] = {
    "404": lambda path: under(path, Reply(404)),
    "410": lambda path: under(path, Reply(410)),
    "404 in a multistatus": lambda path: inside(path, 404),
    "410 in a multistatus": lambda path: inside(path, 410),
    "301": lambda path: under(path, Reply(301, headers={"location": path.replace("bookings", "renamed")})),
}


async def stands_still(w: Kept, name: str, here: list[str], there: list[str]) -> None:
    """While the second calendar is not there: loud, nothing cancelled, the first goes on."""
    await w.drag(here[0], 2 * HOUR)
    await w.delete(here[1])
    new = w.book(at(27, 14))
    w.salon.move(there[0], at(25, 14))
    for minutes in (1, 11, 11):
        report = await w.cycle(minutes=minutes)
        assert report.summary.exit_code in (1, 75), report.summary.line
        assert name in report.summary.line
        assert report.summary.outcome == "failed"
    assert w.booking(here[0]).start == at(24, 11)
    assert await w.exists(new)
    assert not w.calls(CANCEL)
    for each in (*here, *there):
        assert w.booking(each).status == "confirmed"


@on_every("404")
@pytest.mark.parametrize("how", RENAMED)
async def test_a_renamed_calendar_stands_still_loudly(
    dav: Server, folder: Path, new_calendar: Callable[[], str], how: str
) -> None:
    other = new_calendar()
    async with stage(dav, folder, more=[other]) as (w, caldav, _):
        here = [w.book(at(24 + n, 9)) for n in range(2)]
        there = [w.book(at(25 + n, 9), place="loc_shoreditch") for n in range(3)]
        await w.cycle()
        bent = caldav.url(other)
        theirs = await w.events(bent)
        path = bent.removeprefix(caldav.address)
        caldav.bend = RENAMED[how](path)
        await stands_still(w, bent, here, there)
        assert await w.events(bent) == theirs
        # it has its name again: the move goes through, and the deletion of its own calendar's event too
        caldav.bend = None
        for minutes in (1, 11, 3):
            await w.cycle(minutes=minutes)
        assert await w.start(there[0], bent) == ";TZID=Europe/London:20261125T140000"
        assert w.booking(here[1]).status == "cancelled"
        assert len(w.calls(CANCEL)) == 1
        assert (await w.quiet(minutes=3)).summary.exit_code == 0


@on_every()
async def test_a_deleted_calendar_stands_still_loudly(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    other = new_calendar()
    async with stage(dav, folder, more=[other]) as (w, caldav, _):
        here = [w.book(at(24 + n, 9)) for n in range(2)]
        there = [w.book(at(25 + n, 9), place="loc_shoreditch") for n in range(3)]
        await w.cycle()
        drop_calendar(dav, other)
        await stands_still(w, caldav.url(other), here, there)


@on_every()
@pytest.mark.parametrize("seen_gone", [False, True], ids=["between two cycles", "seen gone"])
async def test_a_calendar_made_anew_is_filled_again_and_nobody_is_cancelled(
    dav: Server, folder: Path, new_calendar: Callable[[], str], seen_gone: bool
) -> None:
    other = new_calendar()
    async with stage(dav, folder, more=[other]) as (w, caldav, _):
        there = [w.book(at(25 + n, 9), place="loc_shoreditch") for n in range(3)]
        await w.cycle()
        bent = caldav.url(other)
        drop_calendar(dav, other)
        if seen_gone:
            assert (await w.quiet(minutes=1)).summary.exit_code == 1
        make_calendar(dav, other.rstrip("/").rpartition("/")[2])
        for minutes in (1, 11, 11):
            report = await w.cycle(minutes=minutes)
            assert report.summary.exit_code == 1, report.summary.line
            assert report.summary.counts["awaiting"] == 3
        assert len(await w.events(bent)) == 3
        for each in there:
            assert (await w.title(each, bent)).startswith("⚠ Cancel? ")
        # nobody says a word for two days: they stay
        await w.cycle(hours=49)
        await w.cycle(minutes=11)
        assert not w.calls(CANCEL)
        assert len(await w.events(bent)) == 3
        for each in there:
            assert w.booking(each).status == "confirmed"
