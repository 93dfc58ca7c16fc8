"""1. An empty, partial, windowed, lagging or unparsable listing was read as "everything was deleted".

vdirsyncer 42, outlookcaldavsynchronizer 228: the tool took what a list did not show for deleted, and emptied the other
side. OX App Suite answers with a sliding window, Purelymail and Bedework lag up to three minutes behind, captive
portals answer 200 with a web page.

syncd promises: not seen is not deleted. Whatever a list says or leaves out, on either side, nothing is cancelled and no
event removed; and once the list tells the truth again, everything that people did meanwhile goes through.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.loop.ground import ON_ONE
from tests.loop.world import APPOINTMENTS, CANCEL, HOUR, RESCHEDULE, World, at
from tests.servers import Server
from tests.ten.bender import CUT, Ask, Bend, Onward, Reply
from tests.ten.every import on_every
from tests.ten.lies import HTML, PORTAL, XML, altered, answered, cut, each_response, lists, reads, with_status, without
from tests.ten.stage import stage

EMPTY = b'<?xml version="1.0"?><d:multistatus xmlns:d="DAV:"><d:sync-token>http://x.example/1</d:sync-token></d:multistatus>'


def other_half(href: str) -> bool:
    """Whether an href belongs to an arbitrary half of all."""
    return sum(href.encode()) % 2 == 0


def truncated(ask: Ask, reply: Reply) -> Reply:
    """The first object only, and 507 for the calendar: there is more (RFC 6578 §3.6)."""
    kept = without(lambda href: True)(ask, reply)
    more = (
        f"<response xmlns='DAV:'><href>{ask.path}</href><status>HTTP/1.1 507 Insufficient Storage</status></response>"
    )
    end = kept.body.rindex(b"</")
    return Reply(kept.status, kept.body[:end] + more.encode() + kept.body[end:], kept.headers)


def renamed(_: Ask, reply: Reply) -> Reply:
    """The same list under another name of the calendar."""
    return Reply(reply.status, reply.body.replace(b"/bookings", b"/Bookings-2"), reply.headers)


def gone_and_own(ask: Ask, reply: Reply) -> Reply:
    """Objects with the status of their properties: 403, as after a change of permissions."""
    return Reply(reply.status, reply.body.replace(b"200 OK", b"403 Forbidden"), reply.headers)


# how the calendar server lies; and whether syncd can know, and must say 75
CALDAV: dict[str, tuple[Bend, bool]] = {
    "no response at all": (answered(Reply(207, EMPTY, XML), lists), False),
    "the calendar without objects": (altered(without(lambda href: True), lists), False),
    "half of the objects": (altered(without(other_half), lists), False),
    "every object 404": (altered(with_status(404), lists), False),
    "every object 500": (altered(with_status(500), lists), False),
    "every property 403": (altered(gone_and_own, lists), False),
    "cut off by a 507": (altered(truncated, lists), True),
    "another name of the calendar": (altered(renamed, lists), False),
    "XML cut off": (altered(cut(0.6), lists), True),
    "no XML": (answered(Reply(207, b"\xff\xfe not xml", XML), lists), True),
    "no body": (answered(Reply(207, b"", XML), lists), True),
    "JSON": (answered(Reply(207, b'{"items": []}', {"content-type": "application/json"}), lists), True),
    "another document": (answered(Reply(207, b"<feed xmlns='http://www.w3.org/2005/Atom'/>", XML), lists), True),
    "a web page, 200": (answered(Reply(200, PORTAL, HTML), reads), True),
    "a web page, 207": (answered(Reply(207, PORTAL, HTML), reads), True),
    "connection cut in the body": (answered(Reply(207, EMPTY, XML, sent=40), lists), True),
    "connection cut": (answered(CUT, reads), True),
}


async def busy(w: World) -> tuple[str, str, str, str]:
    """Four bookings in sync: one stays, one the customer will move, one will be dragged, one is far ahead."""
    booked = (w.book(at(24, 9)), w.book(at(25, 9)), w.book(at(26, 9)), w.book(at(30, 9) + timedelta(days=21)))
    await w.cycle()
    await w.cycle(minutes=1)
    return booked


async def comes_true(w: World, booked: tuple[str, str, str, str]) -> None:
    """With the truth told again, what people did goes through, and nothing else was done."""
    stays, moved, dragged, _far = booked
    for minutes in (1, 11):
        await w.cycle(minutes=minutes)
    assert len(await w.events()) == 4
    assert w.booking(dragged).start == at(26, 11)
    assert await w.start(moved) == ";TZID=Europe/Berlin:20261125T140000"
    for each in booked:
        assert w.booking(each).status == "confirmed"
        assert not await w.note(each)
    assert w.booking(stays).start == at(24, 9)
    assert not w.calls(CANCEL)
    assert len(set(w.calls(RESCHEDULE))) == 1
    assert (await w.quiet(minutes=3)).summary.exit_code == 0


@on_every("half of the objects", "every object 404", "another name of the calendar", "cut off by a 507")
@pytest.mark.parametrize("how", CALDAV)
async def test_a_calendar_that_lists_wrongly_has_lost_nothing(dav: Server, folder: Path, how: str) -> None:
    bend, can_know = CALDAV[how]
    async with stage(dav, folder) as (w, caldav, _):
        booked = await busy(w)
        before = set(await w.events())
        caldav.bend = bend
        w.salon.move(booked[1], at(25, 13))
        await w.drag(booked[2], 2 * HOUR)
        for minutes in (1, 61, 11):  # the hour brings a full listing
            report = await w.cycle(minutes=minutes)
            assert set(await w.events()) == before
            assert not w.calls(CANCEL)
            if can_know:
                assert report.summary.exit_code == 75, report.summary.line
                assert not caldav.writes()[4:], caldav.writes()
        caldav.bend = None
        await comes_true(w, booked)


@on_every("the next seven days")
@pytest.mark.parametrize("shown", ["today and tomorrow", "the next seven days"])
async def test_a_calendar_that_lists_a_window_only_has_lost_nothing(dav: Server, folder: Path, shown: str) -> None:
    """As OX App Suite: what lies beyond is in no listing, and its direct GET finds it; the window slides on."""
    async with stage(dav, folder) as (w, caldav, _):
        booked = await busy(w)
        before = set(await w.events())
        names = [w.url(each).rpartition("/")[2] for each in booked]
        within = names[:1] if shown == "today and tomorrow" else names[:3]
        caldav.bend = altered(without(lambda href: href.rpartition("/")[2] not in within), lists)
        w.salon.move(booked[1], at(25, 13))
        await w.drag(booked[2], 2 * HOUR)
        for minutes in (1, 61, 11):
            await w.cycle(minutes=minutes)
            assert set(await w.events()) == before
            assert not w.calls(CANCEL)
        caldav.bend = None
        await comes_true(w, booked)


@on_every("look by look")
@pytest.mark.parametrize("looks", ["", "look by look"])
async def test_a_calendar_server_that_lags_has_lost_nothing(dav: Server, folder: Path, looks: str) -> None:
    """What is new is neither listed nor, perhaps, found by its href for three minutes."""
    async with stage(dav, folder) as (w, caldav, _):
        old = w.book(at(24, 9))
        await w.cycle()
        known = set(await w.events())

        async def lags(ask: Ask, onward: Onward) -> Reply:
            if looks and ask.method == "GET" and ask.path not in known:
                return Reply(404)
            return without(lambda href: href not in known)(ask, await onward(ask))

        caldav.bend = lags
        new = w.book(at(25, 9))
        await w.cycle(minutes=1)
        for _ in range(8):
            await w.quiet(seconds=20)
        caldav.bend = None
        for minutes in (1, 11, 11):
            await w.quiet(minutes=minutes)
        assert {w.url(old).rpartition("/")[2], w.url(new).rpartition("/")[2]} == {
            href.rpartition("/")[2] for href in await w.events()
        }


@on_every("404 for each")
@pytest.mark.parametrize("how", ["nothing", "404 for each", "no data"])
async def test_objects_that_a_multiget_does_not_bring_are_not_gone(dav: Server, folder: Path, how: str) -> None:
    """The list names new versions of two, and the REPORT that fetches them gives neither."""
    alter = {
        "nothing": without(lambda href: True),
        "404 for each": with_status(404),
        "no data": lambda _, reply: each_response(reply, lambda _, one: _dataless(one)),
    }[how]
    async with stage(dav, folder) as (w, caldav, _):
        booked = await busy(w)
        caldav.bend = altered(alter, lambda ask: b"multiget" in ask.body)
        w.salon.move(booked[1], at(25, 13))
        await w.drag(booked[2], 2 * HOUR)
        await w.edit(booked[0], (r"^END:VEVENT$", "COLOR:teal\nEND:VEVENT"))
        for minutes in (1, 61, 11):
            await w.cycle(minutes=minutes)
            assert len(await w.events()) == 4
        caldav.bend = None
        await comes_true(w, booked)


def _dataless(response: Any) -> bool:
    for data in list(response.iter("{urn:ietf:params:xml:ns:caldav}calendar-data")):
        data.text = ""
    return True


@on_every()
async def test_an_event_that_is_back_and_not_listed_yet_is_found_at_the_end_of_its_grace(
    dav: Server, folder: Path
) -> None:
    """The person undid the deletion, and the list lags: the third look, a direct one, saves the booking."""
    async with stage(dav, folder) as (w, caldav, _):
        undone, deleted = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        text = (await w.event(undone))[1]
        for each in (undone, deleted):
            await w.delete(each)
        await w.cycle(minutes=1)
        hidden = w.url(undone).rpartition("/")[2]
        caldav.bend = altered(without(lambda href: href.endswith(hidden)), lists)
        await w.put(undone, text)
        await w.quiet(minutes=5)
        await w.cycle(minutes=6)
        assert w.booking(deleted).status == "cancelled"
        assert w.booking(undone).status == "confirmed"
        caldav.bend = None
        for minutes in (1, 11, 11):
            await w.cycle(minutes=minutes)
        assert await w.exists(undone)
        assert len(w.calls(CANCEL)) == 1
        assert (await w.quiet(minutes=3)).summary.exit_code == 0


@on_every("404")
@pytest.mark.parametrize("listing", ["empty", "404"])
async def test_a_server_that_lies_in_every_read_cancels_nobody(dav: Server, folder: Path, listing: str) -> None:
    """No list shows them and no GET finds them: as far as anybody can see, a calendar of four lost all its events."""
    async with stage(dav, folder) as (w, caldav, _):
        booked = await busy(w)
        hidden = without(lambda href: True) if listing == "empty" else with_status(404)

        async def lies(ask: Ask, onward: Onward) -> Reply:
            return Reply(404) if ask.method == "GET" else hidden(ask, await onward(ask))

        caldav.bend = lies
        for minutes in (1, 61, 11):
            report = await w.cycle(minutes=minutes)
            assert len(await w.events()) == 4
        assert report.summary.exit_code != 0, report.summary.line
        caldav.bend = None
        w.salon.move(booked[1], at(25, 13))
        await w.drag(booked[2], 2 * HOUR)
        await comes_true(w, booked)


# what Zimun's list says instead of the truth; and whether syncd can know, and must say 75
Lie = Any
ZIMUN: dict[str, tuple[Lie, bool]] = {
    "empty": (lambda data: {"items": []}, False),
    "empty, bare": (lambda data: [], False),
    "first page only": (lambda data: {"items": data["items"][:1]}, False),
    "the last half": (lambda data: {"items": data["items"][len(data["items"]) // 2 :]}, False),
    "today only": (lambda data: {"items": [one for one in data["items"] if one["start_time"] < "2026-11-24"]}, False),
    "nulls": (lambda data: {"items": [None for _ in data["items"]]}, False),
    "no list": (lambda data: {}, True),
    "null": (lambda data: {"items": None}, True),
    "an error with 200": (lambda data: {"error": {"code": "oops", "message": "later"}}, True),
    "pages without end": (lambda data: {"items": [], "next_page_token": "again"}, True),
}
GARBLED: dict[str, Reply] = {
    "cut off": Reply(200, b'{"items": [{"booking_id": "b_', {"content-type": "application/json"}),
    "no body": Reply(200, b"", {"content-type": "application/json"}),
    "204": Reply(204),
    "a web page": Reply(200, PORTAL, HTML),
    "not UTF-8": Reply(200, b'{"items": ["\xff\xfe"]', {"content-type": "application/json"}),
    "connection cut in the body": Reply(200, b'{"items": []}', {"content-type": "application/json"}, sent=5),
    "connection cut": CUT,
}


def is_list(ask: Ask) -> bool:
    return ask.path.split("?")[0] == APPOINTMENTS


def retold(lie: Lie) -> Bend:
    def alter(_: Ask, reply: Reply) -> Reply:
        return Reply(200, json.dumps(lie(json.loads(reply.body))).encode(), reply.headers)

    return altered(alter, is_list)


@ON_ONE
@pytest.mark.parametrize("how", [*ZIMUN, *GARBLED, *(f"{how}, and 404 for each" for how in ZIMUN)])
async def test_a_list_of_bookings_that_is_wrong_cancels_nobody(dav: Server, folder: Path, how: str) -> None:
    how, _, single = how.partition(", and ")
    bend, can_know = ZIMUN.get(how, (None, True))
    bend = retold(bend) if bend is not None else answered(GARBLED[how], is_list)
    async with stage(dav, folder) as (w, _, zimun):
        booked = await busy(w)
        before = set(await w.events())

        async def lies(ask: Ask, onward: Onward) -> Reply:
            single_look = ask.method == "GET" and ask.path.startswith(APPOINTMENTS + "/")
            return Reply(404) if single and single_look else await bend(ask, onward)

        zimun.bend = lies
        w.salon.move(booked[1], at(25, 13))
        await w.drag(booked[2], 2 * HOUR)
        for minutes in (1, 61, 11):
            report = await w.cycle(minutes=minutes)
            assert set(await w.events()) == before
            assert not w.calls(CANCEL)
            if can_know:
                assert report.summary.exit_code == 75, report.summary.line
                assert not zimun.writes()
        zimun.bend = None
        await comes_true(w, booked)


@ON_ONE
async def test_a_list_of_bookings_that_lags_undoes_nothing(dav: Server, folder: Path) -> None:
    """For two minutes after our own calls the API answers, in every read, as it stood before them."""
    async with stage(dav, folder) as (w, _, zimun):
        dragged, deleted = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        await w.delete(deleted)
        await w.cycle()
        old: dict[str, Any] = dict.fromkeys((dragged, deleted))

        async def lags(ask: Ask, onward: Onward) -> Reply:
            reply = await onward(ask)
            if ask.method != "GET" or not ask.path.startswith(APPOINTMENTS) or reply.status != 200:
                return reply
            data = json.loads(reply.body)
            items = data.get("items", [data])
            for item in items:
                was = old.setdefault(item["booking_id"], None)
                if was is None:
                    old[item["booking_id"]] = dict(item)
                elif w.clock.at < until:
                    item.update(was)
            return Reply(200, json.dumps(data).encode(), reply.headers)

        until: datetime = w.clock.at + timedelta(hours=1)
        zimun.bend = lags
        await w.drag(dragged, 2 * HOUR)
        await w.cycle(minutes=10)
        until = w.clock.at + timedelta(seconds=119)
        for _ in range(5):
            await w.cycle(seconds=20)
            assert await w.start(dragged) == ";TZID=Europe/Berlin:20261124T120000"
            assert not await w.note(dragged)
            assert not await w.exists(deleted)
        await w.cycle(minutes=3)
        assert w.booking(dragged).start == at(24, 11)
        assert w.booking(deleted).status == "cancelled"
        assert len(set(w.calls(RESCHEDULE))) == len(set(w.calls(CANCEL))) == 1
        assert (await w.quiet(minutes=3)).summary.exit_code == 0
