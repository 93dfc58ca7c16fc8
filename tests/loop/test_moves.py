"""A drag is a wish: it is booked, or the event goes back and says why."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from syncd.sandbox import Kind
from tests.loop.world import HOUR, RESCHEDULE, at, world
from tests.servers import Server


def times(start: str, end: str) -> tuple[tuple[str, str], ...]:
    return (r"^DTSTART;TZID=.*$", f"DTSTART{start}"), (r"^DTEND;TZID=.*$", f"DTEND{end}")


async def test_within_its_own_time_zimun_decides(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        free, blocked = w.book(at(24, 8), service="s_colour"), w.book(at(25, 9), service="s_colour")
        await w.cycle()
        await w.drag(free, HOUR)
        await w.drag(blocked, 1.5 * HOUR)  # into the lunch break
        report = await w.cycle()
        assert w.booking(free).start == at(24, 9)
        assert not await w.note(free)
        assert w.booking(blocked).start == at(25, 9)
        assert await w.start(blocked) == ";TZID=Europe/Berlin:20261125T100000"
        note = await w.note(blocked)
        assert "Zimun did not accept 11:30 on Wed 25 Nov." in note
        assert "“This time is not offered: outside opening hours, or between two slots.”" in note
        assert report.summary.exit_code == 1
        assert (await w.quiet()).summary.exit_code == 0
        assert len(w.calls(RESCHEDULE)) == 2


async def test_a_taken_time_names_the_three_nearest_in_the_places_zone(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(27, 9))
        for _ in range(2):
            w.book(at(27, 13))
        await w.cycle()
        await w.drag(booked, 4 * HOUR)
        await w.cycle()
        note = await w.note(booked)
        assert "14:00 on Fri 27 Nov is not free" in note
        assert "The booking stays at 10:00 on Fri 27 Nov." in note
        assert "Free nearby: 13:00, 13:15, 14:45." in note
        assert await w.title(booked) == "⚠ Haircut – Dana Lee"
        assert not w.calls(RESCHEDULE)
        await w.quiet()
        await w.drag(booked, 4 * HOUR)  # the same drag again is a new wish
        await w.cycle(hours=2)
        assert "14:00 on Fri 27 Nov is not free" in await w.note(booked)
        await w.cycle(hours=73)
        assert await w.title(booked) == "Haircut – Dana Lee"


REFUSED = {
    "past": (times(";TZID=Europe/Berlin:20261121T100000", ";TZID=Europe/Berlin:20261121T104500"), "is in the past"),
    "all-day": (times(";VALUE=DATE:20261126", ";VALUE=DATE:20261127"), "cannot become an all-day event"),
    "recurring": (((r"^END:VEVENT$", "RRULE:FREQ=WEEKLY;COUNT=3\nEND:VEVENT"),), "cannot repeat"),
    "zone": (
        times(";TZID=Middle Earth/Shire:20261126T120000", ";TZID=Middle Earth/Shire:20261126T124500"),
        "time zone of the new time is not known",
    ),
}


async def test_what_no_booking_can_be_is_put_back_each_with_its_own_sentence(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = {name: w.book(at(24 + day, 9)) for day, name in enumerate(REFUSED)}
        begun = w.book(at(23, 9))
        await w.cycle()
        letters = {name: await w.start(each) for name, each in booked.items()}
        w.clock.pass_by(minutes=70)
        for name, (changes, _) in REFUSED.items():
            await w.edit(booked[name], *changes)
        await w.drag(begun, 24 * HOUR)
        await w.cycle()
        for name, (_, sentence) in REFUSED.items():
            assert sentence in await w.note(booked[name]), name
            assert await w.start(booked[name]) == letters[name]
            assert "RRULE" not in (await w.event(booked[name]))[1].split("BEGIN:VEVENT")[1]
        assert "already begun" in await w.note(begun)
        assert not w.calls(RESCHEDULE)
        await w.quiet()


SPELLINGS = {
    "floating": (":20261126T120000", ":20261126T124500"),
    "utc": (":20261126T110000Z", ":20261126T114500Z"),
    "vendor": (";TZID=/freeassociation.sourceforge.net/Europe/Berlin:20261126T120000",) * 2,
    "windows": (";TZID=W. Europe Standard Time:20261126T120000",) * 2,
    "other zone": (";TZID=Europe/London:20261126T110000", ";TZID=Europe/London:20261126T114500"),
}


async def test_a_new_time_is_understood_however_it_is_spelled(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = {name: w.book(at(23 + n, 14)) for n, name in enumerate(SPELLINGS)}
        await w.cycle()
        for n, name in enumerate(SPELLINGS):
            letters = [each.replace("20261126", f"202611{23 + n}") for each in SPELLINGS[name]]
            await w.edit(booked[name], *times(*letters))
        await w.cycle()
        for n, name in enumerate(SPELLINGS):
            assert w.booking(booked[name]).start == at(23 + n, 11), name
            assert not await w.note(booked[name])
        assert len(set(w.calls(RESCHEDULE))) == len(SPELLINGS)
        await w.quiet()


NO_MOVES: dict[str, tuple[tuple[str, str], ...]] = {
    "alarm dismissed": ((r"^END:VEVENT$", "X-MOZ-LASTACK:20261123T080000Z\nX-MOZ-GENERATION:2\nEND:VEVENT"),),
    "alarm acknowledged": (
        (
            r"^END:VEVENT$",
            "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:soon\nTRIGGER:-PT15M\nACKNOWLEDGED:20261123T080000Z\nEND:VALARM\nEND:VEVENT",
        ),
    ),
    "colour": ((r"^END:VEVENT$", "COLOR:turquoise\nX-APPLE-CALENDAR-COLOR:#40E0D0\nEND:VEVENT"),),
    "category": ((r"^END:VEVENT$", "CATEGORIES:VIP,New\nEND:VEVENT"),),
    "line": ((r"^(DESCRIPTION:.*)$", r"\1\\nbring the blue dye"),),
    "title": ((r"^SUMMARY:.*$", "SUMMARY:Dana (regular)"),),
    "sequence": ((r"^END:VEVENT$", "SEQUENCE:7\nEND:VEVENT"),),
    "zone renamed": (
        (r"^DTSTART;TZID=Europe/Berlin", "DTSTART;TZID=Europe/Paris"),
        (r"^DTEND;TZID=Europe/Berlin", "DTEND;TZID=Europe/Paris"),
    ),
    "windows zone": (
        (r"^DTSTART;TZID=Europe/Berlin", "DTSTART;TZID=W. Europe Standard Time"),
        (r"^DTEND;TZID=Europe/Berlin", "DTEND;TZID=W. Europe Standard Time"),
    ),
    "floating": ((r"^DTSTART;TZID=Europe/Berlin", "DTSTART"), (r"^DTEND;TZID=Europe/Berlin", "DTEND")),
    "duration": ((r"^DTEND;TZID=Europe/Berlin.*$", "DURATION:PT45M"),),
    "stamped": (),
}


async def test_what_is_no_move_stays_and_reaches_nobody(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = {name: w.book(at(24 + n % 4, 9 + 2 * (n // 4))) for n, name in enumerate(NO_MOVES)}
        await w.cycle()
        for name, changes in NO_MOVES.items():
            await w.edit(booked[name], *changes)
        before = await w.events()
        for _ in range(3):
            report = await w.quiet(minutes=1)
            assert report.summary.exit_code == 0, report.summary
        assert await w.events() == before


async def test_what_the_person_added_survives_the_customers_change(dav: Server, folder: Path) -> None:
    kept = [NO_MOVES[name] for name in ("alarm acknowledged", "colour", "category", "line", "title", "sequence")]
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9), notes="First visit")
        await w.cycle()
        await w.edit(booked, *(change for changes in kept for change in changes))
        await w.cycle()
        w.salon.move(booked, at(25, 14))
        w.salon._change(w.booking(booked), notes="Second visit")
        await w.cycle()
        text = (await w.event(booked))[1]
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261125T150000"
        for left in ("SUMMARY:Dana (regular)", "ACKNOWLEDGED", "COLOR:", "VIP", "bring the blue dye", "Second visit"):
            assert left in text, left
        assert "First visit" not in text
        await w.quiet()


async def test_another_length_alone_is_put_back_without_a_call(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.edit(booked, (r"^DTEND;TZID=Europe/Berlin:.*$", "DTEND;TZID=Europe/Berlin:20261124T130000"))
        await w.cycle()
        assert "DTEND;TZID=Europe/Berlin:20261124T104500" in (await w.event(booked))[1]
        assert not w.posts
        await w.quiet()


async def test_there_and_back_and_there_again_are_three_calls_with_three_keys(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        for by, start in ((2, at(24, 11)), (-2, at(24, 9)), (2, at(24, 11))):
            await w.drag(booked, by * HOUR)
            await w.cycle(minutes=3)
            assert w.booking(booked).start == start
            assert not await w.note(booked)
        assert len(set(w.calls(RESCHEDULE))) == 3
        await w.quiet()


async def test_a_drag_is_booked_even_right_after_our_own_write(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        for by, start in ((2, at(24, 11)), (-2, at(24, 9)), (2, at(24, 11))):
            await w.drag(booked, by * HOUR)
            await w.cycle(seconds=20)
            assert w.booking(booked).start == start
        assert len(w.calls(RESCHEDULE)) == 3
        await w.quiet()


async def test_while_zimun_is_down_the_event_keeps_the_wish_and_says_so(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        down = w.fault(Kind.LOSE_REQUEST, times=None)
        await w.drag(booked, 2 * HOUR)
        wished = await w.event(booked)
        for _ in range(2):
            report = await w.cycle(minutes=4)
            assert report.summary.exit_code == 75
            assert await w.event(booked) == wished
        await w.cycle(minutes=8)
        assert (await w.note(booked)).startswith("⚠ Not yet booked: Zimun cannot be reached")
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T120000"
        await w.quiet(minutes=5)
        w.server.faults.remove(down)
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(24, 11)
        assert len(w.calls(RESCHEDULE)) == 1
        assert not await w.note(booked)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T120000"
        await w.quiet()


async def test_dragged_while_syncd_slept_over_the_visit_it_does_not_stay_at_the_new_time(
    dav: Server, folder: Path
) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        w.book(at(30, 14))
        await w.cycle()
        await w.quiet(minutes=1)
        await w.drag(booked, timedelta(days=6))
        await w.cycle(days=3)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T100000"
        assert "already begun" in await w.note(booked)
        assert not w.calls(RESCHEDULE)
        for days in (0, 1, 8):
            assert (await w.quiet(days=days, minutes=11)).summary.exit_code == 0


async def test_three_put_backs_within_an_hour_and_syncd_lets_go(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        for _ in range(3):
            await w.drag(booked, timedelta(hours=14))
            await w.cycle(minutes=5)
            assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T100000"
        await w.drag(booked, timedelta(hours=14))
        for _ in range(2):
            report = await w.quiet(minutes=1)
            assert report.summary.problems[0].kind == "frozen"
            assert report.summary.exit_code == 1
        await w.drag(booked, timedelta(hours=-12))
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(24, 11)


async def test_across_a_change_of_the_clock_the_wall_time_counts(dav: Server, folder: Path) -> None:
    async with world(dav, folder, sync="future_days = 200") as w:
        booked = w.book(datetime(2027, 3, 27, 11, tzinfo=UTC), place="loc_shoreditch")
        await w.cycle()
        await w.drag(booked, 24 * HOUR)
        await w.cycle(minutes=1)
        assert w.booking(booked).start == datetime(2027, 3, 28, 10, tzinfo=UTC)
        assert await w.start(booked) == ";TZID=Europe/London:20270328T110000"
        await w.quiet(minutes=3)


async def test_where_open_slots_are_closed_to_us_zimun_decides(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        free, taken = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        w.fault(Kind.ANSWER, "/api/v1/availability", status=403, times=None)
        await w.drag(free, 2 * HOUR)
        await w.drag(taken, 12 * HOUR)
        await w.cycle(minutes=1)
        assert w.booking(free).start == at(24, 11)
        assert "Its answer: “This time is not offered" in await w.note(taken)
        assert len(w.calls(RESCHEDULE)) == 2
        await w.quiet(minutes=3)


async def test_with_a_snap_a_drag_lands_on_the_nearest_open_slot_or_back_on_its_own(dav: Server, folder: Path) -> None:
    async with world(dav, folder, sync="snap_minutes = 10") as w:
        near, own, far = w.book(at(24, 9)), w.book(at(25, 9)), w.book(at(26, 9))
        inside = w.book(at(27, 8), service="s_colour")
        await w.cycle()
        await w.drag(near, 2 * HOUR + timedelta(minutes=7))
        await w.drag(own, timedelta(minutes=6))
        await w.drag(far, timedelta(hours=10, minutes=7))  # after closing
        await w.drag(inside, timedelta(hours=1, minutes=-4))  # a start on its own time, which no list names
        await w.cycle(minutes=1)
        assert [w.booking(one).start for one in (near, own, inside)] == [at(24, 11), at(25, 9), at(27, 9)]
        assert await w.start(near) == ";TZID=Europe/Berlin:20261124T120000"
        assert await w.start(own) == ";TZID=Europe/Berlin:20261125T100000"
        assert await w.start(inside) == ";TZID=Europe/Berlin:20261127T100000"
        assert not any([await w.note(one) for one in (near, own, inside)])
        assert w.booking(far).start == at(26, 9)
        assert "20:07 on Thu 26 Nov is not free" in await w.note(far)
        assert len(w.calls(RESCHEDULE)) == 2
        await w.quiet(minutes=3)


async def test_dragged_to_where_its_booking_is_nothing_waits_for_zimun(dav: Server, folder: Path) -> None:
    """It went to a slot near the drop, and the person after it before syncd could take the event there."""
    async with world(dav, folder, sync="snap_minutes = 10") as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.drag(booked, 3 * HOUR + timedelta(minutes=7))
        w.before_put = lambda: w.drag(booked, -timedelta(minutes=7))
        await w.cycle(minutes=1)
        assert w.booking(booked).start == at(24, 12)
        assert await w.start(booked) == ";TZID=Europe/Berlin:20261124T130000"
        down = w.fault(Kind.ANSWER, status=503, times=None)
        for _ in range(3):
            await w.quiet(minutes=6)
        assert not await w.note(booked)
        w.server.faults.remove(down)
        await w.cycle(minutes=1)
        assert not await w.note(booked)
        await w.quiet(minutes=3)


async def test_on_a_day_without_an_open_slot_those_of_the_days_beside_are_named(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(27, 9))
        await w.cycle()
        await w.drag(booked, timedelta(days=2))  # a Sunday
        await w.cycle(minutes=1)
        note = await w.note(booked)
        assert "10:00 on Sun 29 Nov is not free" in note
        assert "Free nearby: " in note
        assert ("Sat 28 Nov" in note) or ("Mon 30 Nov" in note)
        await w.quiet(minutes=3)
