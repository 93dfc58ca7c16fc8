"""What an event is: whose, where it stands, and what of it is the person's."""

from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from syncd.app.config import load
from syncd.sandbox import Kind
from tests.loop.ground import ON_ONE
from tests.loop.test_lists import Exactly
from tests.loop.test_routing import ENTRY
from tests.loop.world import APPOINTMENTS, CANCEL, HOUR, RESCHEDULE, World, at, settled, world
from tests.servers import Server
from tests.ten.stage import stage

ALARM = "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:soon\nTRIGGER:-PT15M\nEND:VALARM"


# Routing


async def test_the_first_entry_that_matches_takes_the_booking(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    styling, london = new_calendar(), new_calendar()
    entries = ENTRY.format(styling, "services", "s_blowdry") + ENTRY.format(london, "locations", "loc_shoreditch")
    async with world(dav, folder, calendars=entries) as w:
        both = w.book(at(24, 9), service="s_blowdry", place="loc_shoreditch")
        by_place = w.book(at(25, 9), place="loc_shoreditch")
        by_service = w.book(at(26, 9), service="s_blowdry")
        neither = w.book(at(27, 9))
        await w.cycle()
        assert {each for each in (both, by_service) if await w.exists(each, styling)} == {both, by_service}
        assert await w.exists(by_place, london)
        assert await w.exists(neither)
        assert [len(await w.events(each)) for each in (styling, london, None)] == [2, 1, 1]
        await w.quiet(minutes=1)


@ON_ONE
async def test_a_booking_that_no_calendar_takes_is_named_and_the_others_go_on(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        everywhere = w.config
        config = folder / "config.toml"
        config.write_text(config.read_text().replace("fallback = true", 'locations = ["loc_mitte"]'))
        w.config = load(config, {})
        here, nowhere = w.book(at(24, 9)), w.book(at(24, 9), place="loc_shoreditch")
        report = await w.cycle()
        assert [(problem.kind, problem.key) for problem in report.summary.problems] == [("unrouted", nowhere)]
        assert report.summary.exit_code == 1
        assert await w.exists(here)
        assert len(await w.events()) == 1
        w.config = everywhere
        assert (await w.cycle(minutes=1)).summary.exit_code == 0
        assert await w.exists(nowhere)


# Notes, and what people add


async def test_a_note_that_the_person_wiped_off_stays_off(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(30, 9))
        await w.cycle()
        await w.drag(booked, 14 * HOUR)
        await w.cycle(minutes=1)
        assert await w.note(booked)
        await w.edit(booked, (r"^SUMMARY:⚠ ", "SUMMARY:"), (r"^DESCRIPTION:⚠ .*?\\n", "DESCRIPTION:"))
        for hours in (1, 24, 73):
            await w.quiet(hours=hours)
        assert await w.title(booked) == "Haircut – Dana Lee"
        assert not await w.note(booked)


async def test_a_deleted_event_comes_back_with_all_that_the_person_had_added(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.edit(
            booked,
            (r"^SUMMARY:.*$", "SUMMARY:Dana (regular)"),
            (r"^(DESCRIPTION:.*)$", r"\1\\nbring the blue dye"),
            (r"^END:VEVENT$", f"COLOR:teal\nCATEGORIES:VIP\n{ALARM}\nEND:VEVENT"),
        )
        await w.cycle(minutes=1)
        await w.delete(booked)
        w.salon.move(booked, at(25, 14))
        await w.cycle(minutes=1)
        text = (await w.event(booked))[1]
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261125T150000"
        assert await w.title(booked) == "⚠ Dana (regular)"
        for added in ("bring the blue dye", "COLOR:teal", "CATEGORIES:VIP", "TRIGGER:-PT15M"):
            assert added in text, added
        await settled(w)


async def test_a_place_that_the_person_wrote_stays(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9), notes="First visit")
        await w.cycle()
        await w.edit(booked, (r"^LOCATION:.*$", "LOCATION:Back room"))
        await w.quiet(minutes=1)
        w.salon._change(w.booking(booked), notes="Second visit")
        await w.cycle(minutes=1)
        text = (await w.event(booked))[1]
        assert "LOCATION:Back room" in text
        assert "Second visit" in text
        assert "First visit" not in text
        await w.quiet(minutes=1)


# Whose event it is


async def put(w: World, name: str, text: str) -> None:
    answer = await w.http.put(
        w.dav.calendar_url + name, content=text.encode(), headers={"Content-Type": "text/calendar"}
    )
    assert answer.status_code in (201, 204), answer.text


async def test_of_two_events_the_higher_generation_is_the_bookings(dav: Server, folder: Path) -> None:
    """A server once refused the UID, the event got the next one, the old one came back from a trash bin."""
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        text = (await w.event(booked))[1].replace(f"UID:{booked}@zimun", f"UID:{booked}~2@zimun")
        await put(w, f"{booked}~2.ics", text)
        w.lose_database()
        for minutes in (1, 11, 11):
            await w.cycle(minutes=minutes)
        (href,) = await w.events()
        assert href.endswith((f"{booked}~2.ics", f"{booked}%7E2.ics"))
        assert not w.posts
        await w.quiet(minutes=1)
        moved = text.replace("T100000", "T120000").replace("T104500", "T124500")
        await put(w, f"{booked}~2.ics", moved.replace("DTSTAMP:2026", "DTSTAMP:2027"))
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(24, 11)
        assert len(w.calls(RESCHEDULE)) == w.posts == 1


# Where the API does not list appointments


@ON_ONE
@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_closed_list_is_told_once_and_the_known_bookings_are_looked_at_by_id(
    dav: Server, folder: Path, status: int
) -> None:
    async with stage(dav, folder) as (w, _, _):
        dragged, deleted, moved, cancelled = (w.book(at(24 + n, 9)) for n in range(4))
        await w.cycle()
        await w.restart()
        w.server.faults.append(Exactly("GET", APPOINTMENTS, Kind.ANSWER, None, status))
        await w.drag(dragged, 2 * HOUR)
        await w.delete(deleted)
        w.salon.move(moved, at(26, 14))
        w.salon.cancel(cancelled)
        new = w.book(at(30, 9))
        with capture_logs() as logs:
            for minutes in (1, 11, 1, 1):
                await w.cycle(minutes=minutes)
        assert [each["log_level"] for each in logs if each["event"] == "bookings.list_closed"] == ["warning"]
        assert w.booking(dragged).start == at(24, 11)
        assert w.booking(deleted).status == "cancelled"
        assert await w.start(moved) == ";TZID=Europe/Berlin:20261126T150000"
        assert not await w.exists(cancelled)
        assert not await w.exists(new)
        assert (len(w.calls(RESCHEDULE)), len(w.calls(CANCEL))) == (1, 1)
        await w.quiet(minutes=3)
