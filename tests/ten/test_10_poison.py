"""10. One poison item blocks all the others; a reused UID is refused.

davx5-ose 1459: one event that the server would not take stopped the whole sync, for months. nextcloud/server 30096: a
UID that lies in the trash bin is refused for ever.

syncd promises: what cannot be read or written is parked and named, in the line and the exit code of that very cycle;
everything else goes on in the same cycle, and the poison item is not tried again each minute. Once it is well, it goes
on too. A refused UID is answered by a new generation of it.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.loop.ground import ON_ONE
from tests.loop.ics import dragged, unfold
from tests.loop.world import APPOINTMENTS, CANCEL, HOUR, RESCHEDULE, at
from tests.servers import Server
from tests.ten.bender import Ask, Bend, Onward, Reply
from tests.ten.every import on_every
from tests.ten.lies import XML, altered, each_response
from tests.ten.stage import Kept, stage

OTHERS = 4


async def others_at_work(w: Kept) -> list[str]:
    """Four that nothing is wrong with, in sync."""
    return [w.book(at(24 + n, 9)) for n in range(OTHERS)]


async def others_go_on(w: Kept, others: list[str]) -> None:
    """A move on each side, a new booking and a cancellation of the customer's, all in one cycle beside the poison."""
    await w.drag(others[0], 2 * HOUR)
    w.salon.move(others[1], at(25, 14))
    w.salon.cancel(others[2])
    new = w.book(at(30, 9))
    await w.cycle(minutes=1)
    if await w.exists(others[2]):
        # Xandikos may answer 500 to a DELETE beside a PUT: then it is looked for, and made in the next cycle
        await w.cycle(minutes=1)
    assert w.booking(others[0]).start == at(24, 11)
    assert await w.start(others[1]) == ";TZID=Europe/Berlin:20261125T150000"
    assert not await w.exists(others[2])
    assert await w.exists(new)
    assert w.booking(others[3]).status == "confirmed"


def dav_error(status: int, *inner: str, message: str = "") -> Reply:
    said = f"<s:message>{message}</s:message>" if message else ""
    names = "".join(f"<{name}/>" for name in inner)
    spaces = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:s="http://sabredav.org/ns"'
    return Reply(status, f'<?xml version="1.0"?><d:error {spaces}>{names}{said}</d:error>'.encode(), XML)


REFUSED_PUTS: dict[str, Reply] = {
    "400": Reply(400, b"bad"),
    "403": dav_error(403, "d:need-privileges"),
    "403, invalid data": dav_error(403, "c:valid-calendar-data"),
    "409": Reply(409, b"conflict"),
    "412, invalid data": dav_error(412, "c:valid-calendar-data"),
    "413": Reply(413, b"too large"),
    "415": Reply(415, b"what is that"),
    "422": Reply(422, b"no"),
    "500": Reply(500, b"oops"),
    "501": Reply(501, b"not for me"),
    "507": Reply(507, b"full"),
}


def poisoned(method: str, path: str, reply: Reply) -> Bend:
    async def bend(ask: Ask, onward: Onward) -> Reply:
        return reply if ask.method == method and ask.path == path else await onward(ask)

    return bend


@on_every("413-a moved one")
@pytest.mark.parametrize("what", ["a new one", "a moved one"])
@pytest.mark.parametrize("how", REFUSED_PUTS)
async def test_a_put_that_one_href_always_refuses(dav: Server, folder: Path, how: str, what: str) -> None:
    async with stage(dav, folder) as (w, caldav, _):
        others = await others_at_work(w)
        poison = w.book(at(26, 14))
        path = w.url(poison).removeprefix(caldav.address)
        if what == "a new one":
            caldav.bend = poisoned("PUT", path, REFUSED_PUTS[how])
        await w.cycle()
        caldav.bend = poisoned("PUT", path, REFUSED_PUTS[how])
        w.salon.move(poison, at(26, 16))
        report = await w.cycle(minutes=1)
        assert report.summary.exit_code != 0, report.summary.line
        await others_go_on(w, others)
        tried = caldav.writes().count(f"PUT {path}")
        told = []
        for _ in range(20):
            report = await w.cycle(minutes=1)
            assert report.summary.exit_code != 0, report.summary.line
            told += [problem.key for problem in report.summary.problems] or [*report.summary.sides]
        assert told
        if not how.startswith("5") or how in ("501", "507"):
            # a refusal is a word: asked again each hour. 500 is none: it may have been done, and is looked for
            assert poison in told
            assert caldav.writes().count(f"PUT {path}") - tried <= 1
        caldav.bend = None
        await w.cycle(minutes=61)
        await w.cycle(minutes=1)
        assert await w.start(poison) == ";TZID=Europe/Berlin:20261126T170000"
        assert not w.posts or len(set(w.calls(RESCHEDULE))) == 1
        assert (await w.quiet(minutes=3)).summary.exit_code == 0


REUSED: dict[str, Reply] = {
    "400 in words": dav_error(400, message="Calendar object with uid already exists in this calendar collection."),
    "403": dav_error(403, "c:no-uid-conflict"),
    "409": dav_error(409, "c:no-uid-conflict"),
    "412": dav_error(412, "c:no-uid-conflict"),
    "403, of the user": dav_error(403, "c:unique-scheduling-object-resource"),
}


@on_every("403, of the user")
@pytest.mark.parametrize("how", REUSED)
async def test_a_uid_that_was_used_before_is_answered_by_a_new_one(dav: Server, folder: Path, how: str) -> None:
    async with stage(dav, folder) as (w, caldav, _):
        others = await others_at_work(w)
        await w.cycle()
        poison = w.book(at(26, 14))
        uid = f"UID:{poison}@zimun".encode()

        async def bend(ask: Ask, onward: Onward) -> Reply:
            return REUSED[how] if ask.method == "PUT" and uid in ask.body else await onward(ask)

        caldav.bend = bend
        await w.cycle(minutes=1)
        await others_go_on(w, others)
        for _ in range(4):
            await w.cycle(minutes=1)
        theirs = [text for _, text in (await w.events()).values() if f"X-ZIMUN-BOOKING-ID:{poison}" in text]
        assert len(theirs) == 1
        assert f"UID:{poison}~2@zimun" in theirs[0]
        assert len([each for each in caldav.asked if each.method == "PUT" and uid in each.body]) <= 3
        assert (await w.quiet(minutes=3)).summary.exit_code == 0
        # it is its booking's event like any other
        href = next(href for href, (_, text) in (await w.events()).items() if text == theirs[0])
        text = dragged(unfold(theirs[0]), HOUR, w.clock.at)
        answer = await w.http.put(
            caldav.address + href, content=text.encode(), headers={"Content-Type": "text/calendar"}
        )
        assert answer.status_code in (200, 201, 204)
        await w.cycle(minutes=1)
        assert w.booking(poison).start == at(26, 15)
        w.salon.cancel(poison)
        await w.cycle(minutes=3)
        assert href not in await w.events()
        assert not w.calls(CANCEL)


@on_every("403")
@pytest.mark.parametrize("status", [403, 409, 500])
async def test_a_delete_that_one_href_always_refuses(dav: Server, folder: Path, status: int) -> None:
    """Nextcloud answers the third DELETE of one object with 403."""
    async with stage(dav, folder) as (w, caldav, _):
        others = await others_at_work(w)
        poison = w.book(at(26, 14))
        await w.cycle()
        path = w.url(poison).removeprefix(caldav.address)
        caldav.bend = poisoned("DELETE", path, Reply(status, b"no"))
        w.salon.cancel(poison)
        report = await w.cycle(minutes=1)
        assert report.summary.exit_code != 0, report.summary.line
        await others_go_on(w, others)
        for _ in range(10):
            report = await w.cycle(minutes=1)
            assert report.summary.exit_code != 0, report.summary.line
        assert not w.posts or len(w.calls(RESCHEDULE)) == w.posts
        caldav.bend = None
        await w.cycle(minutes=61)
        assert not await w.exists(poison)
        assert (await w.quiet(minutes=3)).summary.exit_code == 0


# what names its booking, and no time: a person's edit that is refused, and put back
PUT_BACK = ("no start", "a start in words")
UNREADABLE: dict[str, Callable[[str], str]] = {
    "no start": lambda text: re.sub(r"(BEGIN:VEVENT(?:.*\n)*?)DTSTART.*\r?\n", r"\1", text),
    "a start in words": lambda text: re.sub(r"(BEGIN:VEVENT(?:.*\n)*?)DTSTART.*\r?\n", r"\1DTSTART:tomorrow\n", text),
    "cut off": lambda text: text[: len(text) // 2],
    "no calendar": lambda _: "<html>no</html>",
    "empty": lambda _: "",
    "two events": lambda text: text.replace(
        "END:VCALENDAR", text[text.index("BEGIN:VEVENT") :].replace("@zimun", "@else")
    ),
}


def shown(href: str, change: Callable[[str], str]) -> Bend:
    """One object is given like this, by GET and by REPORT."""

    def alter(ask: Ask, reply: Reply) -> Reply:
        if ask.method == "GET" and ask.path == href and reply.status == 200:
            return Reply(200, change(reply.text).encode(), reply.headers)

        def one(path: str, response: Any) -> bool:
            for data in response.iter("{urn:ietf:params:xml:ns:caldav}calendar-data") if path == href else ():
                data.text = change(data.text or "")
            return True

        return each_response(reply, one) if ask.method == "REPORT" else reply

    return altered(alter, lambda _: True)


@on_every("no start")
@pytest.mark.parametrize("how", UNREADABLE)
async def test_an_event_that_cannot_be_read(dav: Server, folder: Path, how: str) -> None:
    async with stage(dav, folder) as (w, caldav, _):
        others = await others_at_work(w)
        poison = w.book(at(26, 14))
        await w.cycle()
        await w.cycle(minutes=1)
        caldav.bend = shown(w.url(poison).removeprefix(caldav.address), UNREADABLE[how])
        await w.edit(poison, (r"^END:VEVENT$", "COLOR:teal\nEND:VEVENT"))
        before = await w.event(poison)
        report = await w.cycle(minutes=1)
        if how in PUT_BACK:
            assert report.summary.exit_code == 1, report.summary.line
        elif how != "two events":
            assert report.summary.exit_code == 1, report.summary.line
            assert any(poison in problem.key for problem in report.summary.problems), report.summary
        await others_go_on(w, others)
        for minutes in (1, 11, 11):
            await w.cycle(minutes=minutes)
        assert how in PUT_BACK or await w.event(poison) == before
        assert not w.calls(CANCEL)
        assert w.booking(poison).start == at(26, 14)
        caldav.bend = None
        await w.edit(poison, (r"^COLOR:.*$", "COLOR:red"))
        await w.cycle(minutes=61)
        await w.drag(poison, 2 * HOUR)
        await w.cycle(minutes=1)
        assert w.booking(poison).start == at(26, 16)
        assert (await w.quiet(minutes=3)).summary.exit_code == 0


@on_every("500")
@pytest.mark.parametrize("status", [403, 404, 500, 502])
async def test_an_event_that_the_server_lists_and_does_not_give(dav: Server, folder: Path, status: int) -> None:
    """Listed with a new version; the multiget answers it with that status, and so does a GET."""
    async with stage(dav, folder) as (w, caldav, _):
        others = await others_at_work(w)
        poison = w.book(at(26, 14))
        await w.cycle()
        await w.cycle(minutes=1)
        href = w.url(poison).removeprefix(caldav.address)

        def alter(ask: Ask, reply: Reply) -> Reply:
            if ask.method == "GET" and ask.path == href:
                return Reply(status)

            def one(path: str, response: Any) -> bool:
                if path == href and b"multiget" in ask.body:
                    for child in list(response)[1:]:
                        response.remove(child)
                    status_line = response.makeelement("{DAV:}status")
                    status_line.text = f"HTTP/1.1 {status} No"
                    response.append(status_line)
                return True

            return each_response(reply, one)

        caldav.bend = altered(alter, lambda _: True)
        await w.edit(poison, (r"^END:VEVENT$", "COLOR:teal\nEND:VEVENT"))
        report = await w.cycle(minutes=1)
        if status != 404:
            assert report.summary.exit_code != 0, report.summary.line
        await others_go_on(w, others)
        for minutes in (1, 11, 11):
            await w.cycle(minutes=minutes)
        assert not w.calls(CANCEL)
        caldav.bend = None
        await w.cycle(minutes=61)
        assert await w.exists(poison)
        assert (await w.quiet(minutes=3)).summary.exit_code == 0


GARBLED_ITEMS: dict[str, dict[str, Any]] = {
    "no start": {"start_time": None},
    "a start in words": {"start_time": "tomorrow"},
    "a start without zone": {"start_time": "2026-11-26T14:00:00"},
    "an end before the start": {"end_time": "2026-11-26T13:00:00Z"},
    "a start of another kind": {"start_time": {"at": 1}},
    "no length at all": {"end_time": None, "duration_minutes": None, "service_id": "s_unknown"},
    "a name of another kind": {"contact_name": ["Dana"]},
}


@ON_ONE
@pytest.mark.parametrize("how", GARBLED_ITEMS)
async def test_an_item_of_the_api_that_cannot_be_read(dav: Server, folder: Path, how: str) -> None:
    async with stage(dav, folder) as (w, _caldav, zimun):
        others = await others_at_work(w)
        poison, alien = w.book(at(26, 14)), w.book(at(27, 14))
        await w.cycle()

        def alter(_: Ask, reply: Reply) -> Reply:
            if reply.status != 200:
                return reply
            data = json.loads(reply.body)
            for item in data.get("items", [data]):
                if item["booking_id"] == poison:
                    item.update(GARBLED_ITEMS[how])
                if item["booking_id"] == alien:
                    item.update(dict.fromkeys(("booking_id", "id", "appointment_id")))
            return Reply(200, json.dumps(data).encode(), reply.headers)

        zimun.bend = altered(alter, lambda ask: ask.method == "GET" and ask.path.startswith(APPOINTMENTS))
        before = {each: await w.event(each) for each in (poison, alien)}
        report = await w.cycle(minutes=1)
        if how != "a name of another kind":
            assert report.summary.exit_code == 1, report.summary.line
            assert poison in {problem.key for problem in report.summary.problems}
        await others_go_on(w, others)
        for minutes in (1, 11, 11):
            await w.cycle(minutes=minutes)
        if how != "a name of another kind":
            assert {each: await w.event(each) for each in (poison, alien)} == before
        zimun.bend = None
        await w.drag(poison, 2 * HOUR)
        await w.cycle(minutes=1)
        assert w.booking(poison).start == at(26, 16)
        assert not w.calls(CANCEL)
        assert (await w.quiet(minutes=3)).summary.exit_code == 0


@ON_ONE
@pytest.mark.parametrize("status", [400, 404, 409, 422, 500])
async def test_a_move_that_zimun_always_refuses_for_one(dav: Server, folder: Path, status: int) -> None:
    async with stage(dav, folder) as (w, _, zimun):
        others = await others_at_work(w)
        poison = w.book(at(26, 14))
        await w.cycle()

        async def bend(ask: Ask, onward: Onward) -> Reply:
            hit = ask.path == RESCHEDULE and poison.encode() in ask.body
            return Reply(status, b'{"detail": "no"}') if hit else await onward(ask)

        zimun.bend = bend
        await w.drag(poison, 2 * HOUR)
        report = await w.cycle(minutes=1)
        assert report.summary.exit_code != 0, report.summary.line
        await others_go_on(w, others)
        sent = len([ask for ask in zimun.asked if ask.path == RESCHEDULE and poison.encode() in ask.body])
        assert sent <= 6
        if status in (400, 409, 422):
            assert "Zimun did not accept" in await w.note(poison)
            assert sent == 1
        zimun.bend = None
        if status in (400, 409, 422):
            await w.drag(poison, 2 * HOUR)
        await w.cycle(minutes=16)
        await w.cycle(minutes=1)
        assert w.booking(poison).start == at(26, 16)
        assert not await w.note(poison)


SLOTS = '[availability]\ncalendar_url = "{}"\ndays_ahead = 0'


async def some_slots(w: Kept) -> None:
    """Late in the day few are left, and all of them are known."""
    w.clock.pass_by(hours=8)
    for _ in range(4):
        await w.cycle(minutes=1)


@on_every("PUT")
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_slots_event_that_is_always_refused(
    dav: Server, folder: Path, new_calendar: Callable[[], str], method: str
) -> None:
    async with stage(dav, folder) as (w, caldav, _):
        url = caldav.url(new_calendar())
        w.reconfigure(event=SLOTS.format(url))
        poison: list[str] = []

        async def bend(ask: Ask, onward: Onward) -> Reply:
            if ask.method == method and "/s_manicure." in ask.path and "161500Z" in ask.path:
                poison.append(ask.path)
                return Reply(403, b"no")
            return await onward(ask)

        caldav.bend = bend
        await some_slots(w)
        names = {href.rsplit("/", 1)[-1].partition(".")[0] for href in await w.events(url)}
        assert {"s_manicure", "s_haircut"} <= names
        report = await w.cycle(minutes=1) if method == "PUT" else await after_closing(w)
        assert len(poison) == 1
        (problem,) = report.summary.problems
        assert "refuses 1 of them" in problem.text
        if method == "DELETE":
            assert [href for href in await w.events(url) if href not in poison[0]] == []
        booked = w.book(at(24, 9))
        await w.cycle(minutes=1)
        assert await w.exists(booked)


async def after_closing(w: Kept) -> Any:
    await w.cycle(hours=4)
    return await w.cycle(minutes=1)


@ON_ONE
@pytest.mark.parametrize("how", REUSED)
async def test_a_slot_that_opens_again_where_its_uid_was_used_before(
    dav: Server, folder: Path, new_calendar: Callable[[], str], how: str
) -> None:
    async with stage(dav, folder) as (w, caldav, _):
        url = caldav.url(new_calendar())
        w.reconfigure(event=SLOTS.format(url))
        deleted: set[str] = set()

        async def bend(ask: Ask, onward: Onward) -> Reply:
            if ask.method == "DELETE":
                deleted.add(ask.path)
            return REUSED[how] if ask.method == "PUT" and ask.path in deleted else await onward(ask)

        caldav.bend = bend
        await some_slots(w)
        before = len(await w.events(url))
        booked = w.book(at(23, 16, 30), service="s_manicure", place="loc_shoreditch")
        for _ in range(3):
            await w.cycle(minutes=1)
        assert len(await w.events(url)) < before
        w.salon.cancel(booked)
        for _ in range(4):
            await w.cycle(minutes=1)
        there = [href.rsplit("/", 1)[-1] for href in await w.events(url)]
        assert any("~2.ics" in name or "%7E2.ics" in name for name in there)
        slots = {name.replace("~2", "").replace("%7E2", "") for name in there}
        assert len(slots) == len(there) == before
        written = len(caldav.writes())
        w.lose_database()
        await w.restart()
        for _ in range(4):
            await w.cycle(seconds=30)
        assert len(caldav.writes()) == written
