"""Whatever stands in a calendar or comes from the API: an href is one plain segment, and a stranger's event is his."""

from pathlib import Path

import pytest

from tests.loop.ics import foreign
from tests.loop.world import CANCEL, HOUR, at, world
from tests.servers import Server

IDS = ("a/b", "..", ".", "a.b", "../../x", "b ü€𝄞", "x" * 200, "tab\tin", "%2e%2e", "a?b#c", "<x>&amp;", "a\\b;c,d")


async def test_hostile_ids_go_there_and_back(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        for n, name in enumerate(IDS):
            w.salon.place("s_haircut", at(24 + n % 4, 8 + n // 4), "st_jana", booking_id=name)
        report = await w.cycle()
        assert report.summary.exit_code == 0, report.summary.line
        events = await w.events()
        assert len(events) == len(IDS)
        assert all(href.rsplit("/", 1)[0] == next(iter(events)).rsplit("/", 1)[0] for href in events)
        await w.quiet(minutes=1)
        for name in IDS:
            await w.drag(name, 5 * HOUR)
        w.reconfigure(sync="max_moves = 50\nmax_cancellations = 50")
        await w.cycle(minutes=1)
        for n, name in enumerate(IDS):
            assert w.booking(name).start == at(24 + n % 4, 13 + n // 4), name
        await w.quiet(minutes=3)
        for name in IDS[1:]:
            await w.delete(name)
        await w.cycle(minutes=1)
        await w.cycle(minutes=11)
        assert {w.booking(name).status.value for name in IDS[1:]} == {"cancelled"}
        assert len(w.calls(CANCEL)) == len(IDS) - 1
        w.lose_database()
        await w.quiet(minutes=3)


NAMES = (
    "Eve \x1b[31mred\x1b[0m \x00\x07",
    "[bold]<b>Eve</b>[/bold] {service} %s",
    "E" * 10_000,
    "Eve\r\nBEGIN:VEVENT\r\nUID:other\r\nEND:VEVENT",
    "⚠ Cancel? Eve",
    "Eve; DTSTART=x, \\n \\",
    "\u202eevE\ud800".encode("utf-8", "replace").decode(),
)


async def test_hostile_names_are_texts_and_stay_quiet(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = []
        for n, name in enumerate(NAMES):
            made = w.salon.place("s_haircut", at(24 + n % 4, 9 + n // 4), "st_jana", name=name, notes=name)
            booked.append(made.booking_id)
        report = await w.cycle()
        assert report.summary.exit_code == 0, report.summary.line
        for each in booked:
            text = (await w.event(each))[1]
            assert text.splitlines().count("BEGIN:VEVENT") == 1
            assert not await w.note(each)
            assert not set(text) & {"\x1b", "\x00", "\x07", "\u202e"}
            assert max(map(len, text.splitlines())) < 12_000
        await w.quiet(minutes=1)
        w.lose_database()
        await w.quiet(minutes=1)


async def test_other_peoples_events_are_never_touched(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        for name, uid in (("dentist", "dentist-1@example.com"), ("lookalike", "b_1@zimun.example")):
            await w.put(name, foreign(uid, "Dentist", at(25, 9)))
        theirs = await w.events()
        await w.cycle()
        w.salon.cancel(booked)
        await w.cycle(minutes=1)
        await w.cycle(minutes=11)
        assert await w.events() == theirs
        await w.put("dentist", foreign("dentist-1@example.com", "Dentist, later", at(25, 12)))
        await w.delete("lookalike")
        await w.quiet(minutes=1)
        assert not w.posts


BROKEN = {
    "UID lost": (r"^UID:.*$", "UID:something-else@example.com"),
    "start lost": (r"^DTSTART;TZID=.*\n", ""),
    "start unreadable": (r"^DTSTART;TZID=.*$", "DTSTART:tomorrow"),
    "id lost too": (r"^UID:.*\n((?:.*\n)*?)X-ZIMUN-BOOKING-ID:.*\n", r"UID:else@example.com\n\1"),
}


@pytest.mark.parametrize("how", BROKEN)
async def test_an_event_that_cannot_be_read_changes_nothing_in_zimun(dav: Server, folder: Path, how: str) -> None:
    async with world(dav, folder) as w:
        broken, fine = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        try:
            await w.edit(broken, BROKEN[how])
        except AssertionError:
            pytest.skip("this server takes no such event")
        w.salon.move(fine, at(25, 14))
        for minutes in (1, 11, 11):
            await w.cycle(minutes=minutes)
        assert not w.posts
        assert w.booking(broken).start == at(24, 9)
        assert await w.start(fine) == ";TZID=Europe/Berlin:20261125T150000"
        await w.quiet(minutes=1)
