"""3. A dismissed alarm was taken for an edit.

nextcloud/calendar 8842: every client writes the object anew when somebody dismisses or snoozes an alarm, with a new
DTSTAMP, LAST-MODIFIED and often SEQUENCE; some regenerate the VTIMEZONE, rename the zone or rewrite the whole object.

syncd promises: only another start is a move. Such PUTs, of each client, make no call to Zimun and no write to the
calendar, and what they wrote stays. The same client's drag is a move, once.
"""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.loop.ics import prop, unfold
from tests.loop.world import HOUR, RESCHEDULE, World, at
from tests.servers import Server
from tests.ten.every import on_every
from tests.ten.stage import stage

RECORDED = Path(__file__).parents[1] / "recorded"
DRAGGED_TO = at(24, 9, 30)
"""The recorded objects are dragged to 10:30 in Berlin, and last an hour."""

ALARM = "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:Reminder\nTRIGGER:-PT15M\n{}END:VALARM\n"
END = r"^END:VEVENT$"
Changes = tuple[tuple[str, str], ...]


def added(lines: str) -> Changes:
    return ((END, f"{lines.strip()}\nEND:VEVENT"),)


# by client: what it writes when ... ; each change must fit the client's recorded object
MARKS: dict[str, dict[str, Changes]] = {
    "thunderbird": {
        "alarm dismissed": (
            (r"^X-MOZ-LASTACK:.*$", "X-MOZ-LASTACK:20261123T111500Z"),
            (r"^X-MOZ-GENERATION:.*$", "X-MOZ-GENERATION:8"),
        ),
        "alarm snoozed": added("X-MOZ-SNOOZE-TIME:20261123T112000Z"),
        "alarm added": added(ALARM.format("")),
        "category": ((r"^CATEGORIES:.*$", "CATEGORIES:Follow-up"),),
        "attachment": added("ATTACH:https://example.com/before.jpg"),
        "shown as free": ((r"^TRANSP:OPAQUE$", "TRANSP:TRANSPARENT"),),
        "task of the priority": added("PRIORITY:1"),
        "sequence": ((r"^SEQUENCE:.*$", "SEQUENCE:4"),),
        "title": ((r"^SUMMARY:.*$", "SUMMARY:Dana (regular)"),),
    },
    "apple": {
        "alarm dismissed": ((r"^ACKNOWLEDGED:.*$", "ACKNOWLEDGED:20261123T111500Z"),),
        "alarm snoozed": added(
            ALARM.format(
                "UID:5C1F7C0A-0000-4000-8000-000000000009\n"
                "RELATED-TO;RELTYPE=SNOOZE:5C1F7C0A-0000-4000-8000-000000000001\nX-APPLE-SNOOZE:TRUE\n"
            )
        ),
        "default alarm off": ((r"^X-APPLE-LOCAL-DEFAULT-ALARM:TRUE$", "X-APPLE-DEFAULT-ALARM:TRUE"),),
        "travel time": added("X-APPLE-TRAVEL-DURATION;VALUE=DURATION:PT30M"),
        "colour of the calendar": ((r"^X-APPLE-CALENDAR-COLOR:.*$", "X-APPLE-CALENDAR-COLOR:#FF0000"),),
        "place on a map": ((r"geo:52\.520000", "geo:52.530000"),),
        "stamps only": ((r"^LAST-MODIFIED:.*$", "LAST-MODIFIED:20261123T111500Z"),),
    },
    "davx5": {
        "reminder of the phone": ((r"^TRIGGER:-PT30M$", "TRIGGER:-PT10M"),),
        "reminder removed": ((r"^BEGIN:VALARM\n(?:.*\n)*?END:VALARM\n", ""),),
        "colour": ((r"^COLOR:crimson$", "COLOR:teal"),),
        "end in place of duration": ((r"^DURATION:PT1H$", "DTEND;TZID=Europe/Berlin:20261124T113000"),),
        "private": ((r"^CLASS:PUBLIC$", "CLASS:PRIVATE"),),
    },
    "evolution": {
        "alarm with its mark": added(ALARM.format("X-EVOLUTION-ALARM-UID:1f2e3d@host\n")),
        "attachment removed": ((r"^ATTACH:.*\n", ""),),
        "another vendor path": (
            (r"^(DTSTART;TZID=)/freeassociation\.sourceforge\.net/", r"\1/softwarestudio.org/Olson_20011030_5/"),
            (r"^(DTEND;TZID=)/freeassociation\.sourceforge\.net/", r"\1/softwarestudio.org/Olson_20011030_5/"),
        ),
    },
    "outlook_synchronizer": {
        "sequence grows": ((r"^SEQUENCE:743$", "SEQUENCE:744"),),
        "reminder dismissed": added("X-MICROSOFT-CDO-REPLYTIME:20261123T111500Z"),
        "busy status": ((r"^X-MICROSOFT-CDO-BUSYSTATUS:BUSY$", "X-MICROSOFT-CDO-BUSYSTATUS:OOF"),),
        "text in HTML": ((r"^X-ALT-DESC;FMTTYPE=text/html:.*$", "X-ALT-DESC;FMTTYPE=text/html:<p>nice</p>"),),
    },
    "android_floating": {
        "reminder": added(ALARM.format("")),
        "stamps only": ((r"^DTSTAMP:.*$", "DTSTAMP:20261123T111500Z"),),
    },
}
MISSED = {"thunderbird": "alarm dismissed", "apple": "alarm dismissed", "evolution": "alarm with its mark"}
"""What a device that missed a move may do. All of these carry along what they do not know."""
CASES = [(client, mark) for client, marks in MARKS.items() for mark in marks]


async def in_sync(w: World) -> tuple[str, str]:
    """One booking of an hour at 10:00 in Berlin, and its event as we wrote it."""
    made = w.salon.place("s_haircut", at(24, 9), "st_jana", booking_id="b_1")
    w.salon._change(made, end=made.start + HOUR)
    await w.cycle()
    return made.booking_id, (await w.event(made.booking_id))[1]


def recorded(client: str) -> str:
    """The client's object, dragged to half past ten."""
    return unfold((RECORDED / f"{client}.ics").read_text())


def undragged(text: str) -> str:
    """The same object at ten."""
    for was, now in (("T113000", "T110000"), ("T103000", "T100000")):
        text = text.replace(f"20261124{was}", f"20261124{now}")
    return text


def changed(text: str, changes: Changes) -> str:
    for pattern, new in changes:
        text, count = re.subn(pattern, new, text, count=1, flags=re.MULTILINE)
        assert count, (pattern, text)
    return text


@on_every("thunderbird-alarm dismissed")
@pytest.mark.parametrize(("client", "mark"), CASES)
async def test_what_is_no_move_makes_no_call_and_no_write(dav: Server, folder: Path, client: str, mark: str) -> None:
    async with stage(dav, folder) as (w, caldav, _):
        booked, _ = await in_sync(w)
        written = len(caldav.writes())
        # its own copy first, as after any edit of a text; then the mark; and the mark once more, as by a second device
        whole = undragged(recorded(client))
        for text in (whole, marked := undragged(changed(recorded(client), MARKS[client][mark])), whole, marked):
            await w.put(booked, text)
            stored = await w.event(booked)
            for _ in range(2):
                report = await w.quiet(minutes=1)
                assert report.summary.exit_code == 0, report.summary.line
            assert await w.event(booked) == stored
        assert len(caldav.writes()) == written
        assert w.booking(booked).start == at(24, 9)


@on_every()
@pytest.mark.parametrize("client", MARKS)
async def test_the_same_clients_drag_is_a_move_once(dav: Server, folder: Path, client: str) -> None:
    async with stage(dav, folder) as (w, _, _):
        booked, _ = await in_sync(w)
        await w.put(booked, undragged(recorded(client)))
        await w.quiet(minutes=1)
        await w.put(booked, recorded(client))
        await w.cycle(minutes=1)
        assert w.booking(booked).start == DRAGGED_TO
        assert len(w.calls(RESCHEDULE)) == 1
        await w.quiet(minutes=3)
        # and its alarm dismissed afterwards is none
        await w.put(booked, recorded(client).replace("DTSTAMP:20261123T101500Z", "DTSTAMP:20261123T111500Z"))
        await w.quiet(minutes=1)
        assert not await w.note(booked)


async def test_sequence_may_grow_for_ever(dav: Server, folder: Path) -> None:
    """Outlook CalDav Synchronizer 463: each round one more."""
    async with stage(dav, folder) as (w, caldav, _):
        booked, ours = await in_sync(w)
        written = len(caldav.writes())
        for sequence in range(1, 41):
            await w.put(booked, ours.replace("END:VEVENT", f"SEQUENCE:{sequence}\nEND:VEVENT"))
            await w.quiet(seconds=30)
        assert len(caldav.writes()) == written


@on_every("thunderbird")
@pytest.mark.parametrize("client", MISSED)
async def test_an_alarm_dismissed_on_a_device_that_missed_the_customers_move_moves_nothing(
    dav: Server, folder: Path, client: str
) -> None:
    """The device has the event as it stood before, adds its mark, and overwrites ours with it."""
    async with stage(dav, folder) as (w, _, _):
        booked, ours = await in_sync(w)
        said = prop(ours, "X-ZIMUN-START")
        carried = added(f"X-ZIMUN-START{said}")
        await w.put(booked, undragged(changed(recorded(client), carried)))
        await w.quiet(minutes=1)
        w.salon.move(booked, at(24, 9) + timedelta(days=1))
        await w.cycle(minutes=1)
        await w.put(booked, undragged(changed(recorded(client), (*MARKS[client][MISSED[client]], *carried))))
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(25, 9)
        assert not w.posts
        assert "20261125T10" in await w.start(booked)
        assert "is at 10:00 on Wed 25 Nov" in await w.note(booked)
        await w.quiet(minutes=1)
