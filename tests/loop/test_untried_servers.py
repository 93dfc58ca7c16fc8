"""Habits of servers that are not among those of the tests, each bent into the answers of one that is."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

import pytest

from syncd.calendars import quirks
from tests.loop.ground import ON_ONE
from tests.loop.ics import prop, unfold
from tests.loop.world import CANCEL, HOUR, RESCHEDULE, at
from tests.servers import Server
from tests.ten.bender import Ask, Onward, Reply
from tests.ten.stage import stage

XML = {"content-type": "application/xml; charset=utf-8"}
ICS = {"Content-Type": "text/calendar; charset=utf-8"}
NOTHING = Reply(207, b'<d:multistatus xmlns:d="DAV:"/>', XML)


@ON_ONE
async def test_where_a_search_finds_nothing_an_event_put_elsewhere_was_not_deleted(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    """Bedework 5, Zimbra, Stalwart 0.15.5, iCloud at times: an empty 207 to each search of a text."""

    async def bend(ask: Ask, onward: Onward) -> Reply:
        return NOTHING if b"calendar-query" in ask.body else await onward(ask)

    other = new_calendar()
    async with stage(dav, folder) as (w, caldav, _):
        moved, copied, deleted = (w.book(at(24, hour)) for hour in (9, 11, 13))
        w.book(at(25, 9))
        caldav.bend = bend
        for _ in range(2):
            await w.cycle(minutes=1)
        for booking in (moved, copied, deleted):
            _, text = await w.event(booking)
            await w.delete(booking)
            if booking == copied:
                # as Android apps carry it over
                text = re.sub(r"(?m)^X-ZIMUN.*\n", "", text).replace("UID:", "UID:by-some-app-").replace("@zimun", "")
            if booking != deleted:
                await w.put(booking, text, other)
        for minutes in (1, 11, 11):
            await w.cycle(minutes=minutes)
        assert {w.booking(each).status for each in (moved, copied)} == {"confirmed"}
        assert len(w.calls(CANCEL)) == 1
        assert w.booking(deleted).status == "cancelled"
        assert "not connected to Zimun" in await w.note(moved)
        assert await w.exists(copied)


@ON_ONE
async def test_an_object_that_the_server_does_not_give_stops_no_deletion_where_its_search_is_well(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    """A server that stumbles over somebody's event may do so for years."""
    bad = "aaa-bad.ics"

    async def bend(ask: Ask, onward: Onward) -> Reply:
        if ask.path.endswith(bad):
            return Reply(500)
        if b"multiget" in ask.body and bad.encode() in ask.body:
            body = re.sub(rb"<d:href>[^<]*aaa-bad[^<]*</d:href>", b"", ask.body)
            reply = await onward(Ask(ask.method, ask.path, {**ask.headers, "content-length": str(len(body))}, body))
            state = f'<response xmlns="DAV:"><href>{ask.path}{bad}</href><status>HTTP/1.1 500 X</status></response>'
            told = re.sub(rb"(</[^>]*multistatus>)", state.encode() + rb"\1", reply.body)
            return Reply(reply.status, told, {k: v for k, v in reply.headers.items() if k.lower() != "content-length"})
        return await onward(ask)

    other = new_calendar()
    async with stage(dav, folder) as (w, caldav, _):
        deleted = w.book(at(24, 9))
        w.book(at(25, 9))
        for _ in range(2):
            await w.cycle(minutes=1)
        _, text = await w.event(deleted)
        theirs = unfold(text).replace("\r\n", "\n")
        theirs = re.sub(r"(?m)^(X-ZIMUN|DESCRIPTION).*\n", "", theirs)
        for name in (bad, "bbb.ics"):
            put = re.sub("(?m)^UID:.*$", f"UID:{name}", theirs).replace("\n", "\r\n")
            assert (await w.http.put(urljoin(other, name), content=put.encode(), headers=ICS)).is_success
        caldav.bend = bend
        await w.delete(deleted)
        for minutes in (1, 11, 11):
            await w.cycle(minutes=minutes)
        assert w.booking(deleted).status == "cancelled"


@ON_ONE
async def test_an_event_under_a_name_that_the_server_spells_in_its_own_way_is_there(dav: Server, folder: Path) -> None:
    """Stalwart lists what an app called UID.ics as b_1%40zimun.ics, and knows no b_1@zimun.ics."""

    async def bend(ask: Ask, onward: Onward) -> Reply:
        if "@" in ask.path:
            # a condition on what is not there is not met (RFC 9110 §13.1.1)
            return Reply(412 if any(key.lower() == "if-match" for key in ask.headers) else 404)
        if b"multiget" in ask.body:
            body = re.sub(rb"<d:href>[^<]*@[^<]*</d:href>", b"", ask.body)
            if b"<d:href>" not in body:
                return NOTHING
            ask = Ask(ask.method, ask.path, {**ask.headers, "content-length": str(len(body))}, body)
        reply = await onward(ask)
        spelled = re.sub(rb"(href>[^<]*)@", rb"\1%40", reply.body) if reply.status == 207 else reply.body
        return Reply(reply.status, spelled, reply.headers)

    async with stage(dav, folder) as (w, caldav, _):
        caldav.bend = bend
        booked = w.book(at(24, 9))
        w.book(at(24, 12))
        await w.cycle()
        await w.cycle(minutes=1)
        # deleted, and undone by an app that calls it by its UID
        _, text = await w.event(booked)
        await w.delete(booked)
        url = urljoin(w.dav.calendar_url, f"{booked}%40zimun.ics")
        for by in (0, 1):
            moved = re.sub(r"(?m)^DTSTART(.*T)10", rf"DTSTART\g<1>{10 + by}", text)
            assert (await w.http.put(url, content=moved.encode(), headers=ICS)).is_success
            for minutes in (1, 11, 11, 61):
                report = await w.cycle(minutes=minutes)
            assert report.summary.exit_code == 0, report.summary
            assert w.booking(booked).start == at(24, 9 + by)
        # a process that has listed nothing yet writes there, and takes it away
        await w.restart()
        w.salon.move(booked, at(24, 15))
        await w.cycle(minutes=1)
        assert prop(unfold((await w.http.get(url)).text), "DTSTART") == ";TZID=Europe/Berlin:20261124T160000"
        await w.restart()
        w.salon.cancel(booked)
        report = await w.cycle(minutes=1)
        assert (await w.http.get(url)).status_code == 404
        assert report.summary.exit_code == 0, report.summary
        assert not w.calls(CANCEL)
        assert len(await w.events()) == 1


@ON_ONE
async def test_a_server_that_stumbles_over_a_strange_token_is_read_all_the_same(dav: Server, folder: Path) -> None:
    """CCS, and Xandikos up to 0.4.9: 500 to a token of another form than theirs."""

    async def bend(ask: Ask, onward: Onward) -> Reply:
        return Reply(500) if quirks.NEVER_GIVEN.encode() in ask.body else await onward(ask)

    async with stage(dav, folder) as (w, caldav, _):
        caldav.bend = bend
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.cycle(minutes=1)
        for count in (1, 2):
            await w.drag(booked, HOUR)
            report = await w.cycle(minutes=1)
            assert report.summary.exit_code == 0, report.summary
            assert len(w.calls(RESCHEDULE)) == count


ERROR = '<d:error xmlns:d="DAV:" xmlns:o="{}">{}</d:error>'
TAKEN = {
    "Cyrus": (403, ERROR.format("urn:ietf:params:xml:ns:caldav", "<o:no-uid-conflict/>")),
    "Purelymail": (403, ERROR.format("urn:ietf:params:xml:ns:carddav", "<o:no-uid-conflict/>")),
    "SOGo": (409, ""),
    "a sentence": (
        409,
        ERROR.format("http://sabredav.org/ns", "<o:message>Object with uid already exists</o:message>"),
    ),
}


@ON_ONE
@pytest.mark.parametrize("who", TAKEN)
async def test_an_event_whose_uid_stands_elsewhere_in_the_account_comes_home_under_another(
    dav: Server, folder: Path, new_calendar: Callable[[], str], who: str
) -> None:
    status, said = TAKEN[who]
    uid = ""

    async def bend(ask: Ask, onward: Onward) -> Reply:
        if uid and ask.method == "PUT" and f"UID:{uid}\r\n".encode() in ask.body:
            return Reply(status, said.encode(), XML if said else {})
        return await onward(ask)

    other = new_calendar()
    async with stage(dav, folder) as (w, caldav, _):
        caldav.bend = bend
        booked = w.book(at(24, 9))
        w.book(at(24, 12))
        await w.cycle()
        await w.cycle(minutes=1)
        _, text = await w.event(booked)
        uid = prop(text, "UID").removeprefix(":")
        await w.put(booked, text, other)
        await w.delete(booked)
        for minutes in (1, 1, 1, 1):
            report = await w.cycle(minutes=minutes)
        assert len(await w.events()) == 2
        assert not w.calls(CANCEL)
        assert report.summary.exit_code == 0, report.summary
