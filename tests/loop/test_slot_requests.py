"""A customer written into an open slot's event becomes a booking: one, and the slot's event goes."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncd.calendars.dav import DavCalendar
from syncd.domain.errors import Unavailable
from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from syncd.sandbox import Kind, wire
from tests.loop.asking import ATTEMPTS, CONFIRM, HOLD, booked, close_list, held
from tests.loop.ground import ON_ONE
from tests.loop.ics import prop
from tests.loop.requesting import due, slowly_read, stages
from tests.loop.requesting import told as note_of
from tests.loop.requesting import write as request
from tests.loop.slotting import (
    DANA,
    EMAIL,
    FIRST,
    LAST,
    NEXT,
    erase,
    is_open,
    name_at,
    open_slots,
    put,
    slots,
    slots_url,
    text_at,
    told,
    write,
)
from tests.loop.world import World
from tests.servers import Server

Make = Callable[[], str]


async def is_booked_once(w: World) -> None:
    """One booking, whose event stands; its slot's event is gone; and nothing is done any more."""
    (booking,) = booked(w)
    assert (booking.start, booking.contact_name, booking.contact_email) == (FIRST, "Dana Lee", EMAIL)
    assert (held(w), w.store.open_intents()) == ([], [])
    assert await w.start(booking.booking_id) == ";TZID=Europe/Berlin:20261123T161500"
    assert len(await w.events()) == 1
    assert await text_at(w) == ""
    await w.quiet(minutes=1)
    assert (len(set(w.calls(HOLD))), len(set(w.calls(CONFIRM)))) == (1, 1)


async def test_it_is_booked_and_the_slots_event_goes(dav: Server, folder: Path, new_calendar: Make) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        assert len(await slots(w)) == 5
        await write(w, f"Open: Haircut {DANA}")
        await w.cycle(seconds=10)
        assert not booked(w)
        report = await w.quiet(seconds=20)
        assert report.summary.exit_code == 0
        report = await w.cycle(seconds=11)
        assert (report.summary.exit_code, report.summary.counts["booked"]) == (0, 1)
        (booking,) = booked(w)
        assert prop((await w.event(booking.booking_id))[1], "TRANSP") == ":OPAQUE"
        await is_booked_once(w)
        # all that it overlaps is taken
        assert set(await slots(w)) == {name_at(at) for at in (LAST,)} | {name_at(FIRST + 3 * (NEXT - FIRST))}
        rows = [row for row in w.store.history(BookingId(booking.booking_id), 9) if row.side == "zimun"]
        assert [(row.what, row.why) for row in rows] == [
            ("booking.held", "requested"), ("booking.confirmed", "requested"),
        ]  # fmt: skip
        for table in ("candidates", "openings", "intents"):
            assert EMAIL not in str(w.store._db.execute(f"SELECT * FROM {table}").fetchall())


@ON_ONE
@pytest.mark.parametrize("mail_in", ["title", "description"])
async def test_in_german_and_in_any_of_the_ways(dav: Server, folder: Path, new_calendar: Make, mail_in: str) -> None:
    async with open_slots(dav, folder, new_calendar(), language="de") as w:
        assert prop(await text_at(w), "SUMMARY") == ":Frei: Haircut"
        if mail_in == "title":
            await write(w, f"Dana Lee <{EMAIL}>")
        else:
            await write(w, "Frei: Haircut – Dana Lee", FIRST, (r"^DESCRIPTION:(.*)$", rf"DESCRIPTION:\1\\n{EMAIL}"))
        await due(w)
        await is_booked_once(w)


@ON_ONE
async def test_what_is_still_being_written_is_not_booked(dav: Server, folder: Path, new_calendar: Make) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, "Dana Lee dana@example.or")
        await w.cycle(seconds=10)
        await write(w, DANA)
        await w.cycle(seconds=31)
        await w.cycle(seconds=20)
        assert not w.posts
        # touched again without another text
        await write(w, DANA, FIRST, ("^SUMMARY:", "COLOR:red\nSUMMARY:"))
        await w.cycle(seconds=11)
        await w.cycle(seconds=29)
        assert not w.posts
        await w.cycle(seconds=2)
        await is_booked_once(w)


@ON_ONE
async def test_it_has_to_stand_from_when_it_was_read_however_long_the_cycle_takes(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, "Dana Lee dana@example.or")
        with slowly_read(w, lambda: write(w, DANA)):
            await w.cycle(seconds=10)
        for seconds in (1, 28):
            await w.cycle(seconds=seconds)
            assert not w.posts
        await w.cycle(seconds=2)
        await is_booked_once(w)


async def test_taken_meanwhile_it_says_so_and_may_be_dragged_to_another(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, DANA)
        await w.cycle(seconds=10)
        w.salon.book("s_haircut", FIRST, location_id="loc_mitte", email="ada@example.org")
        report = await w.cycle(seconds=31)
        assert (report.summary.exit_code, report.summary.counts["refused"]) == (1, 1)
        (row,) = (row for row in w.store.history(None, 99) if row.what == "request.refused")
        assert row.detail.startswith(f"{FIRST:%Y-%m-%dT%H:%MZ}; for s_haircut at loc_mitte; in ")
        assert row.detail.endswith("; told request_not_open")
        assert await told(w) == (
            "⚠ Not booked: 16:15 on Mon 23 Nov is not free for this. Free nearby: 17:00, 17:15. "
            "Change this event, and it is tried again."
        )
        assert (held(w), set(w.calls(HOLD))) == ([], set())
        await w.cycle(minutes=1)
        await w.quiet(minutes=1)
        text = await text_at(w)
        assert prop(text, "SUMMARY") == f":⚠ {DANA}"
        await write(w, f"⚠ {DANA}", FIRST, ("T161500", "T171500"), ("T163000", "T173000"))
        await due(w)
        assert [one.start for one in booked(w) if one.contact_email == EMAIL] == [LAST]
        assert await text_at(w) == ""
        assert await text_at(w, LAST) == ""
        await w.quiet(minutes=1)


@ON_ONE
async def test_a_refused_hold_and_a_hold_that_lapses_are_told(dav: Server, folder: Path, new_calendar: Make) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, DANA)
        await w.cycle(seconds=10)
        w.fault(Kind.ANSWER, HOLD, "POST", times=1, status=422, body={"detail": "as ordered"})
        await w.cycle(seconds=31)
        assert "as ordered" in await told(w)
        await w.quiet(minutes=1)
        # taken out again, the slot is as it was
        await write(w, "⚠ Open: Haircut")
        await w.cycle(seconds=10)
        assert await is_open(w)
        assert await told(w) == ""
        await w.quiet(seconds=40)
        # and the same once more is a new wish
        await write(w, DANA)
        await w.cycle(seconds=10)
        w.fault(Kind.ANSWER, CONFIRM, "POST", times=ATTEMPTS, status=503)
        await w.cycle(seconds=31)
        assert len(held(w)) == 1
        await w.cycle(minutes=11)
        assert "did not accept" in await told(w)
        assert (booked(w), held(w), w.store.open_intents()) == ([], [], [])
        await w.quiet(minutes=1)


@ON_ONE
async def test_what_is_missing_is_told_and_what_asks_for_nothing_is_left_alone(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        two, none, half = NEXT, FIRST + 2 * (NEXT - FIRST), LAST
        await write(w, EMAIL)
        await write(w, f"{DANA} ada@example.org", two)
        await write(w, "reserved for Dana Lee", none)
        await write(w, "Dana Lee dana@", half)
        await due(w)
        assert await told(w) == (
            "⚠ Not booked: the customer's name is missing. Write it into the title, and it is tried again."
        )
        assert "more than one e-mail address" in await told(w, two)
        assert "cannot be read" in await told(w, half)
        assert (await told(w, none), prop(await text_at(w, none), "SUMMARY")) == ("", ":reserved for Dana Lee")
        await w.quiet(minutes=1)
        await write(w, f"⚠ {DANA}")
        await due(w)
        (booking,) = booked(w)
        assert (booking.start, booking.contact_name) == (FIRST, "Dana Lee")
        # when all is over they are still what a person wrote
        await w.cycle(hours=2)
        assert set(await slots(w)) == {name_at(each) for each in (two, none, half)}
        await w.quiet(minutes=1)


@ON_ONE
async def test_deleted_while_the_hold_has_no_answer_it_is_not_booked(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, DANA)
        await w.cycle(seconds=10)
        w.fault(Kind.LOSE_ANSWER, HOLD, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        assert len(held(w)) == 1
        await erase(w)
        await w.cycle(seconds=10)
        for _ in range(2):
            await w.cycle(minutes=11)
        assert (booked(w), held(w), w.store.open_intents()) == ([], [], [])


@ON_ONE
async def test_changed_after_it_was_confirmed_it_is_no_second_booking(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    async with open_slots(dav, folder, new_calendar(), staff=2) as w:
        await write(w, DANA)
        await w.cycle(seconds=10)
        w.fault(Kind.LOSE_ANSWER, CONFIRM, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        await write(w, "Dana Lee dana.lee@example.org")
        for _ in range(3):
            await w.cycle(minutes=1)
        assert [one.contact_email for one in booked(w)] == [EMAIL]
        assert "This was booked at 16:15 on Mon 23 Nov, before this event was changed here" in await told(w)
        await w.quiet(minutes=1)


@ON_ONE
async def test_where_two_can_be_booked_at_once_the_second_is_another_booking(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    async with open_slots(dav, folder, new_calendar(), staff=2) as w:
        await write(w, DANA)
        await due(w)
        (first,) = booked(w)
        assert await is_open(w)
        await write(w, "Ada Moss ada@example.org")
        await due(w)
        assert sorted(one.contact_email for one in booked(w)) == ["ada@example.org", EMAIL]
        assert await text_at(w) == ""
        # cancelled, and written into the same slot with the same words
        w.salon.cancel(first.booking_id)
        await w.cycle(minutes=1)
        assert await is_open(w)
        await write(w, DANA)
        await due(w)
        assert len(booked(w)) == 2
        assert await text_at(w) == ""
        await w.quiet(minutes=1)


@ON_ONE
@pytest.mark.parametrize("at_once", [True, False])
async def test_a_slot_that_another_device_still_had_is_another_customers_wish(
    dav: Server, folder: Path, new_calendar: Make, *, at_once: bool
) -> None:
    """It was offline while the slot's event went, and writes its copy of that back."""
    async with open_slots(dav, folder, new_calendar()) as w:
        copy = await text_at(w)
        await write(w, DANA)
        await due(w)
        if not at_once:
            await is_booked_once(w)
        await put(w, copy.replace("SUMMARY:Open: Haircut", "SUMMARY:Bob Ray bob@"))
        await due(w)
        assert "the e-mail address in this event cannot be read" in await told(w)
        await write(w, "⚠ Bob Ray bob@example.org")
        await due(w)
        assert (await told(w)).startswith("⚠ Not booked: 16:15 on Mon 23 Nov is not free for this. Free nearby: ")
        await w.quiet(minutes=1)
        await write(w, "⚠ Bob Ray bob@example.org", FIRST, ("T161500", "T171500"), ("T163000", "T173000"))
        await due(w)
        assert sorted(one.contact_email for one in booked(w)) == ["bob@example.org", EMAIL]
        assert await text_at(w) == ""


@ON_ONE
async def test_the_same_customer_in_such_a_copy_is_booked_no_second_time(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        copy = await text_at(w)
        await write(w, DANA)
        as_it_was = await text_at(w)
        await due(w)
        await is_booked_once(w)
        await put(w, as_it_was)
        await due(w)
        assert await text_at(w) == ""
        await put(w, copy.replace("SUMMARY:Open: Haircut", f"SUMMARY:{DANA} first visit"))
        await due(w)
        assert len(booked(w)) == 1
        assert "This was booked at 16:15 on Mon 23 Nov" in await told(w)
        await w.quiet(minutes=1)


@ON_ONE
async def test_what_was_booked_and_has_begun_is_not_told_as_past(dav: Server, folder: Path, new_calendar: Make) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, DANA)
        as_it_was = await text_at(w)
        await due(w)
        await is_booked_once(w)
        await w.cycle(minutes=20)
        await put(w, as_it_was)
        await due(w)
        assert await text_at(w) == ""


@ON_ONE
async def test_a_second_event_of_the_same_customer_is_the_same_booking(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    """Booked online meanwhile, by the customer in person."""
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, DANA)
        await w.cycle(seconds=10)
        there_already = w.salon.book("s_haircut", FIRST, location_id="loc_mitte", email=EMAIL).booking_id
        await w.cycle(seconds=31)
        assert [one.booking_id for one in booked(w)] == [there_already]
        assert not w.posts
        assert await text_at(w) == ""
        await w.quiet(minutes=1)


@ON_ONE
async def test_two_people_who_share_an_address_are_not_taken_for_one(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    """Also where the database is lost before that was found out."""
    async with open_slots(dav, folder, new_calendar(), staff=2) as w:
        await write(w, f"Tom Lee {EMAIL}")
        await due(w)
        await write(w, f"Mia Lee {EMAIL}")
        w.lose_database()
        await w.cycle(seconds=10)
        assert "Mia Lee" in await text_at(w)
        w.decide(Decision.APPROVED, w.store.awaiting()[0].name)
        await w.cycle(minutes=1)
        assert "this e-mail address has a booking at this time already, in another name" in await told(w)
        await w.quiet(minutes=1)
        assert [one.contact_name for one in booked(w)] == ["Tom Lee"]
        await write(w, "Mia Lee mum@example.org")
        await due(w)
        assert sorted(one.contact_name for one in booked(w)) == ["Mia Lee", "Tom Lee"]
        assert await text_at(w) == ""


@ON_ONE
async def test_more_than_five_at_once_await_a_persons_word(
    dav: Server, folder: Path, new_calendar: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncd.engine.requests.MAX_REQUESTS", 1)
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, DANA)
        await write(w, "Ada Moss ada@example.org", LAST)
        await w.cycle(seconds=10)
        report = await w.cycle(seconds=31)
        assert (report.summary.counts["awaiting"], booked(w)) == (2, [])
        assert "Many bookings were asked for at once" in await told(w)
        await w.quiet(minutes=1)
        first, second = w.store.awaiting()
        w.decide(Decision.APPROVED, first.name)
        w.decide(Decision.REJECTED, second.name)
        await w.cycle(minutes=1)
        assert [one.contact_email for one in booked(w)] == [EMAIL]
        assert await text_at(w) == ""
        assert "was not approved" in await told(w, LAST)
        await w.quiet(minutes=1)


@ON_ONE
async def test_peoples_own_events_there_are_never_touched(dav: Server, folder: Path, new_calendar: Make) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        own = (await text_at(w)).replace("Open: Haircut", f"Haircut – {DANA}").replace("@slots.zimun", "@example.org")
        answer = await w.http.put(f"{slots_url(w)}own.ics", content=own.replace("\n", "\r\n").encode())
        assert answer.status_code == 201
        # somebody's own object in the place of a slot's event
        await erase(w, LAST)
        await put(w, own.replace("s_haircut", "another"), LAST)
        before = await w.events(slots_url(w))
        await due(w)
        await w.quiet(minutes=1)
        after = await w.events(slots_url(w))
        for href in after:
            if href.endswith(("own.ics", name_at(LAST))):
                assert after[href] == before[href]
        assert not w.posts


@ON_ONE
async def test_a_calendar_that_cannot_be_read_waits_and_stops_no_booking(
    dav: Server, folder: Path, new_calendar: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = DavCalendar.read

    async def fails(self: DavCalendar, hrefs: list[str]) -> object:
        if self.url == slots_url(w):
            raise Unavailable("the calendar server answers 503")
        return await read(self, hrefs)

    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, DANA)
        await w.cycle(seconds=10)
        with monkeypatch.context() as broken:
            broken.setattr(DavCalendar, "read", fails)
            other = w.book(LAST)
            report = await w.cycle(seconds=31)
            assert await w.exists(other)
            assert [problem.key for problem in report.summary.problems] == ["open slots"]
            await w.quiet(minutes=1)
        assert len(booked(w)) == 1
        await w.cycle(minutes=5)
        await w.cycle(seconds=31)
        assert len(booked(w)) == 2
        assert await text_at(w) == ""


@ON_ONE
async def test_a_plan_names_what_would_be_booked_and_does_nothing(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, DANA)
        await w.cycle(seconds=10)
        w.clock.pass_by(seconds=31)
        assert [action.kind for action in (await w.plan()).effects] == ["hold"]
        assert (w.posts, stages(w)) == (0, ["standing"])


@ON_ONE
async def test_an_outage_is_told_after_ten_minutes_and_then_it_is_booked(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        close_list(w)
        await write(w, f"Dana Lee {EMAIL}", LAST)
        await w.cycle(seconds=10)
        down = w.fault(Kind.ANSWER, HOLD, "POST", times=None, status=503)
        await w.cycle(seconds=31)
        await w.cycle(minutes=10)
        assert "Not booked yet: Zimun has not answered so far" in await told(w, LAST)
        down.times = 0
        # it rests half as long as it has waited
        await w.cycle(minutes=6)
        await w.cycle(minutes=1)
        assert [one.start for one in booked(w)] == [LAST]
        assert await text_at(w, LAST) == ""


@ON_ONE
async def test_carried_over_into_a_calendar_of_bookings_it_asks_for_nothing_and_the_slot_comes_back(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        (entry,) = w.config.calendars
        w.config = w.config.model_copy(update={"calendars": (entry.model_copy(update={"create_bookings": True}),)})
        await w.cycle(minutes=1)
        carried = re.sub("^SUMMARY:.*$", "SUMMARY:Haircut – Dana Lee", await text_at(w), flags=re.MULTILINE)
        await request(w, carried.replace("DESCRIPTION:", f"DESCRIPTION:{EMAIL} ").replace("\n", "\r\n"), "carried")
        await erase(w)
        await due(w)
        await w.cycle(minutes=1)
        assert (w.posts, await note_of(w, "carried"), stages(w)) == (0, "", ["theirs"])
        assert await is_open(w)
        await w.quiet(minutes=1)


@ON_ONE
@pytest.mark.parametrize("path", ["/api/v1/services", "/api/v1/locations"])
async def test_where_one_answer_leaves_its_service_or_place_out_the_slots_own_words_are_nobodys_name(
    dav: Server, folder: Path, new_calendar: Make, path: str
) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, f"Open: Haircut {DANA}")
        await w.cycle(seconds=10)
        w.fault(Kind.ANSWER, path, times=1, status=200, body={"items": []})
        await w.quiet(seconds=31)
        await w.cycle(minutes=1)
        assert [one.contact_name for one in booked(w)] == ["Dana Lee"]
        assert await text_at(w) == ""


@ON_ONE
@pytest.mark.parametrize("ends", [True, False])
async def test_a_service_that_has_no_length_any_more_is_booked_only_where_the_slots_tell_it(
    dav: Server, folder: Path, new_calendar: Make, monkeypatch: pytest.MonkeyPatch, *, ends: bool
) -> None:
    async with open_slots(dav, folder, new_calendar()) as w:
        bare = [{"id": "s_haircut", "name": "Haircut", "location_ids": ["loc_mitte"]}]
        w.fault(Kind.ANSWER, "/api/v1/services", times=None, status=200, body={"items": bare})
        if not ends:
            monkeypatch.setattr(wire, "slot_json", lambda slot, zone: {"start_time": wire.local(slot.start, zone)})
            w.store.keep_open_days((), w.store.open_days())
        await write(w, DANA)
        await due(w)
        if ends:
            assert len(booked(w)) == 1
        else:
            assert not w.posts
            assert await told(w) == (
                "⚠ Not booked: Zimun does not tell how long this takes: Haircut. Please book it in Zimun."
            )


@ON_ONE
async def test_what_was_changed_right_before_a_note_has_to_stand_from_then_on(
    dav: Server, folder: Path, new_calendar: Make
) -> None:
    """A word that it waits was written over the new version, which passed for what had stood for minutes."""
    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, f"Dana Lee {EMAIL}", LAST)
        await w.cycle(seconds=10)
        await longer(w)
        await w.cycle(minutes=11)
        assert await told(w, LAST) == ""
        await w.cycle(seconds=20)
        assert (booked(w), w.posts) == ([], 0)
        await w.cycle(seconds=31)
        assert [one.start for one in booked(w)] == [LAST]


@ON_ONE
async def test_what_is_changed_while_its_note_is_written_has_to_stand_from_then_on(
    dav: Server, folder: Path, new_calendar: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = DavCalendar.replace

    async def changed_at_once(self: DavCalendar, *what: Any) -> Any:
        written = await replace(self, *what)
        if self.url == slots_url(w):
            await longer(w)
        return written

    async with open_slots(dav, folder, new_calendar()) as w:
        await write(w, f"Dana Lee {EMAIL}", LAST)
        await w.cycle(seconds=10)
        down = w.fault(Kind.ANSWER, "/api/v1/appointments", times=None, status=503)
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(DavCalendar, "replace", changed_at_once)
            await w.cycle(minutes=11)
        assert "Not booked yet" in await told(w, LAST)
        down.times = 0
        await w.cycle(seconds=20)
        assert (booked(w), w.posts) == ([], 0)
        await w.cycle(seconds=31)
        assert [one.start for one in booked(w)] == [LAST]


async def longer(w: World) -> None:
    """A person lets it end an hour later, which is no other wish."""
    event = await text_at(w, LAST)
    end = re.search(r"^DTEND.*T(\d\d)", event, re.MULTILINE)
    assert end is not None
    hour = end[1]
    await put(w, event.replace(end[0], f"{end[0][:-2]}{int(hour) + 1:02d}"), LAST)
