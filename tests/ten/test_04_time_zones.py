"""4. DST, Windows zone names, floating times, all-day and broken VTIMEZONEs shifted a booking.

easyappointments 1626, cal.diy 28112: a zone that was not understood was taken for UTC or for the machine's own, and the
customer stood before a closed door. Outlook writes Windows names, Evolution and Lightning put a vendor's path before
the IANA name, some Android apps write no zone at all, and Exchange embeds rules under names of its own.

syncd promises: the instant that the person meant is kept, or the move refused with a sentence in the event; it never
guesses. An object rewritten in another zone with the instant unchanged is no move, on both nights of the clock too.
"""

import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syncd.sandbox import Staff
from tests.loop.world import HOUR, RESCHEDULE, at
from tests.servers import Server
from tests.ten.every import on_every
from tests.ten.stage import Kept, stage

BERLIN = ZoneInfo("Europe/Berlin")
LENGTH = timedelta(minutes=45)
YEAR = "future_days = 364"

# rules under a name that is no zone's, as Exchange and old Outlooks embed them
CUSTOM = """BEGIN:VTIMEZONE
TZID:{name}
BEGIN:STANDARD
DTSTART:16010101T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
"""
FIXED = "BEGIN:VTIMEZONE\nTZID:{name}\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:{offset}\n"
FIXED += "TZOFFSETTO:{offset}\nEND:STANDARD\nEND:VTIMEZONE\n"
OWN = "(UTC+01:00) Salon"

# zones of the same wall time as Berlin's, by what an app may call it: the name, and what is embedded beside it
BERLINS: dict[str, tuple[str, str]] = {
    "IANA": ("Europe/Berlin", CUSTOM.format(name="Europe/Berlin")),
    "IANA without VTIMEZONE": ("Europe/Berlin", ""),
    "IANA with a lying VTIMEZONE": ("Europe/Berlin", FIXED.format(name="Europe/Berlin", offset="+0500")),
    "IANA with an empty VTIMEZONE": ("Europe/Berlin", "BEGIN:VTIMEZONE\nTZID:Europe/Berlin\nEND:VTIMEZONE\n"),
    "another city of the same clock": ("Europe/Vienna", ""),
    "quoted": ('"Europe/Berlin"', ""),
    "Windows": ("W. Europe Standard Time", ""),
    "Windows, with rules": ("W. Europe Standard Time", CUSTOM.format(name="W. Europe Standard Time")),
    "Windows, of Paris": ("Romance Standard Time", ""),
    "Evolution": ("/freeassociation.sourceforge.net/Europe/Berlin", ""),
    "Evolution of old": ("/softwarestudio.org/Olson_20011030_5/Europe/Berlin", ""),
    "Mozilla of old": ("/mozilla.org/20050126_1/Europe/Berlin", ""),
    "Citadel": ("/citadel.org/20210210_1/Europe/Berlin", ""),
    "rules under a name of its own": (OWN, CUSTOM.format(name=OWN)),
    "floating": ("", ""),
}
UNKNOWN: dict[str, tuple[str, str]] = {
    "a name of nowhere": ("Middle Earth/Shire", ""),
    "rules of another name": (OWN, CUSTOM.format(name="Somewhere else")),
    "rules without offsets": (OWN, f"BEGIN:VTIMEZONE\nTZID:{OWN}\nBEGIN:STANDARD\nEND:STANDARD\nEND:VTIMEZONE\n"),
    "rules in words": (OWN, CUSTOM.format(name=OWN).replace("+0", "plus ")),
    "empty rules": (OWN, f"BEGIN:VTIMEZONE\nTZID:{OWN}\nEND:VTIMEZONE\n"),
    "an offset as a name": ("GMT+1 or so", ""),
}
# winter, summer, and the days on which the clock changes
DAYS = {"winter": at(24, 9), "summer": datetime(2027, 7, 6, 8, tzinfo=UTC)}
CHANGES = {"spring": datetime(2027, 3, 28, 9, tzinfo=UTC), "autumn": datetime(2027, 10, 31, 9, tzinfo=UTC)}


def spelled(text: str, start: datetime, tzid: str, rules: str) -> str:
    """The object with its times as that app spells them; `start` is Berlin's wall time, naive."""
    text = re.sub(r"BEGIN:VTIMEZONE\n.*?END:VTIMEZONE\n", "", text, flags=re.DOTALL)
    for name, value in (("DTSTART", start), ("DTEND", start + LENGTH)):
        # a parameter with a colon in it is quoted (RFC 5545 §3.2)
        zone = f';TZID="{tzid}"' if ":" in tzid else f";TZID={tzid}" if tzid else ""
        text = re.sub(rf"^{name}[;:].*$", f"{name}{zone}:{value:%Y%m%dT%H%M%S}", text, flags=re.MULTILINE)
    return text.replace("BEGIN:VEVENT\n", rules + "BEGIN:VEVENT\n", 1)


def wall(moment: datetime) -> datetime:
    return moment.astimezone(BERLIN).replace(tzinfo=None)


def place(w: Kept, start: datetime) -> str:
    return w.salon.place("s_haircut", start, "st_jana").booking_id


async def taken(w: Kept, booked: str, text: str) -> None:
    """Written as an app does. What the server itself refuses is no case for us."""
    answer = await w.http.put(w.url(booked), content=text.encode(), headers={"Content-Type": "text/calendar"})
    if answer.status_code >= 400:
        pytest.skip(f"this server takes no such event ({answer.status_code})")


@on_every("Windows, with rules", "Evolution", "rules under a name of its own")
@pytest.mark.parametrize("how", BERLINS)
async def test_the_same_instant_in_other_letters_is_no_move(dav: Server, folder: Path, how: str) -> None:
    tzid, rules = BERLINS[how]
    async with stage(dav, folder, sync=YEAR) as (w, caldav, _):
        booked = {name: place(w, day) for name, day in {**DAYS, **CHANGES}.items()}
        await w.cycle()
        written = len(caldav.writes())
        for name, each in booked.items():
            day = {**DAYS, **CHANGES}[name]
            await taken(w, each, spelled((await w.event(each))[1], wall(day), tzid, rules))
        for _ in range(2):
            report = await w.quiet(minutes=1)
            assert report.summary.exit_code == 0, report.summary.line
        assert len(caldav.writes()) == written
        for name, each in booked.items():
            assert w.booking(each).start == {**DAYS, **CHANGES}[name]


@on_every("Windows", "rules under a name of its own")
@pytest.mark.parametrize("how", BERLINS)
async def test_a_move_in_other_letters_is_the_instant_that_was_meant(dav: Server, folder: Path, how: str) -> None:
    tzid, rules = BERLINS[how]
    async with stage(dav, folder, sync=YEAR) as (w, _, _):
        booked = {name: place(w, day) for name, day in DAYS.items()}
        await w.cycle()
        for name, each in booked.items():
            to = wall(DAYS[name]) + 2 * HOUR
            await taken(w, each, spelled((await w.event(each))[1], to, tzid, rules))
        await w.cycle(minutes=1)
        for name, each in booked.items():
            assert w.booking(each).start == DAYS[name] + 2 * HOUR, name
            assert not await w.note(each)
        assert len(w.calls(RESCHEDULE)) == 2
        await w.quiet(minutes=3)


@on_every("a name of nowhere")
@pytest.mark.parametrize("how", UNKNOWN)
async def test_a_zone_that_nobody_knows_is_refused_and_said(dav: Server, folder: Path, how: str) -> None:
    tzid, rules = UNKNOWN[how]
    async with stage(dav, folder, sync=YEAR) as (w, _, _):
        booked = {name: place(w, day) for name, day in DAYS.items()}
        await w.cycle()
        before = {each: await w.start(each) for each in booked.values()}
        for name, each in booked.items():
            to = wall(DAYS[name]) + 2 * HOUR
            await taken(w, each, spelled((await w.event(each))[1], to, tzid, rules))
        report = await w.cycle(minutes=1)
        assert report.summary.exit_code == 1, report.summary.line
        for name, each in booked.items():
            assert w.booking(each).start == DAYS[name]
            assert await w.start(each) == before[each]
            assert "The time zone of the new time is not known, so nothing was moved." in await w.note(each)
        assert not w.posts
        await w.quiet(minutes=3)


OTHERS: dict[str, tuple[str, str, datetime | str]] = {
    "UTC": ("DTSTART:20261124T110000Z", "DTEND:20261124T114500Z", at(24, 11)),
    "UTC as a zone": ("DTSTART;TZID=Etc/UTC:20261124T110000", "DTEND;TZID=Etc/UTC:20261124T114500", at(24, 11)),
    "London": ("DTSTART;TZID=Europe/London:20261124T110000", "DTEND;TZID=Europe/London:20261124T114500", at(24, 11)),
    "Windows' London": (
        "DTSTART;TZID=GMT Standard Time:20261124T110000", "DTEND;TZID=GMT Standard Time:20261124T114500", at(24, 11)
    ),
    "Windows' New York": (
        "DTSTART;TZID=Eastern Standard Time:20261124T060000", "DTEND;TZID=Eastern Standard Time:20261124T064500",
        at(24, 11),
    ),
    "Kolkata": ("DTSTART;TZID=Asia/Kolkata:20261124T163000", "DTEND;TZID=Asia/Kolkata:20261124T171500", at(24, 11)),
    "start and end in two zones": (
        "DTSTART;TZID=Europe/London:20261124T110000", "DTEND;TZID=Europe/Berlin:20261124T124500", at(24, 11)
    ),
    "a duration": ("DTSTART;TZID=Europe/Berlin:20261124T120000", "DURATION:PT45M", at(24, 11)),
    "no end": ("DTSTART;TZID=Europe/Berlin:20261124T120000", "TRANSP:OPAQUE", at(24, 11)),
    "all day": ("DTSTART;VALUE=DATE:20261125", "DTEND;VALUE=DATE:20261126", "cannot become an all-day event"),
    "all day, that day": ("DTSTART;VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261125", "cannot become an all-day event"),
}  # fmt: skip


@on_every("UTC as a zone", "Windows' New York", "a duration", "no end", "all day")
@pytest.mark.parametrize("how", OTHERS)
async def test_other_spellings_are_understood_or_refused(dav: Server, folder: Path, how: str) -> None:
    start, end, wanted = OTHERS[how]
    async with stage(dav, folder) as (w, _, _):
        booked = place(w, at(24, 9))
        await w.cycle()
        before = await w.start(booked)
        text = (await w.event(booked))[1]
        for name, line in (("DTSTART", start), ("DTEND", end)):
            text = re.sub(rf"^{name};TZID=.*$", line, text, flags=re.MULTILINE)
        await taken(w, booked, text)
        await w.cycle(minutes=1)
        await w.cycle(minutes=1)
        if isinstance(wanted, datetime):
            assert w.booking(booked).start == wanted
            assert not await w.note(booked)
            assert len(w.calls(RESCHEDULE)) == 1
        else:
            assert wanted in await w.note(booked)
            assert await w.start(booked) == before
            assert not w.posts
        await w.quiet(minutes=3)


# Berlin's nights: 02:00 to 03:00 is skipped on 28 March 2027, and shown twice on 31 October 2027
NIGHTS = {
    "before the gap": datetime(2027, 3, 28, 0, 30, tzinfo=UTC),
    "after the gap": datetime(2027, 3, 28, 1, 0, tzinfo=UTC),
    "well after the gap": datetime(2027, 3, 28, 4, 0, tzinfo=UTC),
    "across the gap": datetime(2027, 3, 28, 0, 45, tzinfo=UTC),
    "first of two": datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
    "second of two": datetime(2027, 10, 31, 1, 30, tzinfo=UTC),
    "the first hour's last quarter": datetime(2027, 10, 31, 0, 45, tzinfo=UTC),
    "after both": datetime(2027, 10, 31, 2, 0, tzinfo=UTC),
}


def open_at_night(w: Kept) -> None:
    """Somebody who works on Sundays from midnight on."""
    hours = {6: ((time(0), time(8)),)}
    w.salon.staff["st_night"] = Staff("st_night", "Nora", "loc_mitte", frozenset({"s_haircut"}), hours)


@on_every("second of two")
@pytest.mark.parametrize("how", NIGHTS)
async def test_a_booking_in_the_night_of_the_clock_keeps_its_instant(dav: Server, folder: Path, how: str) -> None:
    """As it is written, as the customer moves it, and as UTC: by the instant, none of it asks Zimun for anything."""
    start = NIGHTS[how]
    async with stage(dav, folder, sync=YEAR) as (w, _, _):
        open_at_night(w)
        booked = w.salon.place("s_haircut", start, "st_night").booking_id
        moved = w.salon.place("s_haircut", start - 21 * HOUR, "st_night").booking_id
        await w.cycle()
        assert _instant(await w.start(booked)) == start
        await w.quiet(minutes=1)
        text = (await w.event(booked))[1]
        text = re.sub(r"^DTSTART[;:].*$", f"DTSTART:{start:%Y%m%dT%H%M%SZ}", text, flags=re.MULTILINE)
        text = re.sub(r"^DTEND[;:].*$", f"DTEND:{start + LENGTH:%Y%m%dT%H%M%SZ}", text, flags=re.MULTILINE)
        await w.put(booked, text)
        await w.quiet(minutes=1)
        w.salon.cancel(booked)
        await w.cycle(minutes=3)
        w.salon.move(moved, start)
        await w.cycle(minutes=3)
        assert _instant(await w.start(moved)) == start
        await w.quiet(minutes=1)
        assert not w.posts


# where a person drags it to, on the clock on the wall, and the instant that this is (RFC 5545 §3.3.5)
DRAGS = {
    "into the gap": (wall(datetime(2027, 3, 28, 2, 30, tzinfo=BERLIN)), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
    "right after the gap": (wall(datetime(2027, 3, 28, 3, 0, tzinfo=BERLIN)), datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
    "right before it": (wall(datetime(2027, 3, 28, 1, 45, tzinfo=BERLIN)), datetime(2027, 3, 28, 0, 45, tzinfo=UTC)),
    "into both": (wall(datetime(2027, 10, 31, 2, 30, tzinfo=BERLIN)), datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),
    "right after both": (wall(datetime(2027, 10, 31, 3, 0, tzinfo=BERLIN)), datetime(2027, 10, 31, 2, 0, tzinfo=UTC)),
}  # fmt: skip


@on_every("into the gap-W. Europe Standard Time")
@pytest.mark.parametrize("zone", ["Europe/Berlin", "W. Europe Standard Time", OWN, ""])
@pytest.mark.parametrize("how", DRAGS)
async def test_a_drag_into_the_night_of_the_clock(dav: Server, folder: Path, how: str, zone: str) -> None:
    to, instant = DRAGS[how]
    rules = CUSTOM.format(name=OWN) if zone == OWN else ""
    async with stage(dav, folder, sync=YEAR) as (w, _, _):
        open_at_night(w)
        booked = w.salon.place("s_haircut", instant - timedelta(days=1, hours=-4), "st_night").booking_id
        await w.cycle()
        was = await w.start(booked)
        await taken(w, booked, spelled((await w.event(booked))[1], to, zone, rules))
        asked = await w.start(booked)
        await w.cycle(minutes=1)
        await w.cycle(minutes=3)
        if how.startswith("right") or w.booking(booked).start == instant:
            assert w.booking(booked).start == instant
            # as the person wrote it; or spelled anew, where his clock shows that time twice or never
            letters = await w.start(booked)
            assert letters == asked or _instant(letters) == instant
            assert not await w.note(booked)
        else:
            # refused, and said; and the event is back
            assert not w.posts
            assert await w.start(booked) == was
            assert await w.note(booked)
        await w.quiet(minutes=3)


def _instant(letters: str) -> datetime:
    """What a DTSTART says, read by another hand than syncd's: Berlin's time, the first of two, or UTC."""
    value = letters.rpartition(":")[2]
    moment = datetime.strptime(value.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 -- its zone follows
    zone = UTC if value.endswith("Z") or not letters.startswith(";TZID=Europe/Berlin") else BERLIN
    assert letters.startswith((";TZID=Europe/Berlin:", ":")), letters
    return moment.replace(tzinfo=zone).astimezone(UTC)
