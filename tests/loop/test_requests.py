"""A new event in a calendar that takes requests becomes a booking: one, and only when it is meant so."""

from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from syncd.calendars.dav import DavCalendar
from syncd.domain.errors import CollectionGone, OutcomeUnknown, Refused, SyncdError
from syncd.domain.ids import BookingId, name_of
from syncd.domain.link import Decision
from syncd.domain.request import MoveWanted
from syncd.sandbox import Kind
from tests.loop.asking import ATTEMPTS, CONFIRM, HOLD, booked, held, want
from tests.loop.ground import ON_ONE
from tests.loop.requesting import (
    EMAIL,
    TITLE,
    ask,
    asking,
    changed,
    due,
    rid,
    slowly_read,
    stages,
    text,
    there,
    told,
    write,
)
from tests.loop.world import HOUR, World, at
from tests.servers import Server

START = at(24, 9)


async def is_booked_once(w: World, events: int = 1) -> None:
    """One booking, whose event stands; the request is gone; and nothing is done any more."""
    (booking,) = booked(w)
    assert (booking.start, booking.contact_name, booking.contact_email) == (START, "Dana Lee", EMAIL)
    assert held(w) == []
    assert await w.start(booking.booking_id) == ";TZID=Europe/Berlin:20261124T100000"
    assert await there(w) == ""
    assert len(await w.events()) == events
    await w.quiet(minutes=1)
    await w.quiet(minutes=61)
    assert w.store.open_intents() == []
    assert (len(set(w.calls(HOLD))), len(set(w.calls(CONFIRM)))) == (1, 1)


async def test_it_is_booked_and_the_request_goes(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        report = await w.cycle(seconds=10)
        assert (report.summary.exit_code, booked(w)) == (0, [])
        await w.quiet(seconds=19)
        report = await w.cycle(seconds=11)
        assert (report.summary.exit_code, report.summary.counts["booked"]) == (0, 1)
        await is_booked_once(w)
        (booking,) = booked(w)
        rows = [row for row in w.store.history(BookingId(booking.booking_id), 9) if row.side == "zimun"]
        assert [(row.what, row.why) for row in rows] == [
            ("booking.held", "requested"), ("booking.confirmed", "requested"),
        ]  # fmt: skip
        assert "Dana" not in str(w.store._db.execute("SELECT * FROM candidates").fetchall())
        assert EMAIL not in str(w.store._db.execute("SELECT * FROM intents").fetchall())


async def test_what_is_still_being_written_is_not_booked(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START, description="dana@example.co")
        await w.cycle(seconds=10)
        await changed(w, ("example.co", "example.org"))
        await w.cycle(seconds=25)
        await w.cycle(seconds=20)
        assert booked(w) == []
        # nobody may touch it in between, whatever is changed
        await changed(w, ("^SUMMARY:", "COLOR:red\nSUMMARY:"))
        await w.cycle(seconds=5)
        await w.cycle(seconds=29)
        assert booked(w) == []
        await w.cycle(seconds=2)
        await is_booked_once(w)


@pytest.mark.parametrize("jumps", [False, True])
async def test_it_has_to_stand_from_when_it_was_read_however_long_the_cycle_takes(
    dav: Server, folder: Path, *, jumps: bool
) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START, description="dana@example.co")
        if jumps:
            w.clock.at += HOUR
        with slowly_read(w, lambda: changed(w, ("example.co$", EMAIL.partition("@")[2]))):
            await w.cycle(seconds=10)
        for seconds in (1, 28):
            await w.cycle(seconds=seconds)
            assert booked(w) == []
        await w.cycle(seconds=2)
        await is_booked_once(w)


async def test_what_stands_there_at_the_first_read_awaits_a_persons_word(dav: Server, folder: Path) -> None:
    async with asking(dav, folder, read=False) as w:
        before = [text(TITLE, START, uid="wish"), text("Haircut – Ada", at(24, 13), "", uid="ada")]
        await write(w, before[0])
        await write(w, before[1], "ada")
        await ask(w, at(20, 9), name="past")
        await w.cycle(minutes=1)
        report = await w.quiet(minutes=10)
        assert (report.summary.exit_code, report.summary.counts["awaiting"]) == (1, 1)
        assert (await there(w) + await there(w, "ada")).replace("\n", "\r\n").count("⚠") == 0
        (one,) = w.store.awaiting()
        w.decide(Decision.APPROVED, one.name)
        await w.cycle(minutes=1)
        await is_booked_once(w, events=3)


async def test_what_is_rejected_stays_as_it_is_until_it_is_changed(dav: Server, folder: Path) -> None:
    async with asking(dav, folder, read=False) as w:
        await ask(w, START)
        await w.cycle(minutes=1)
        w.decide(Decision.REJECTED, w.store.awaiting()[0].name)
        report = await w.quiet(minutes=1)
        assert (report.summary.exit_code, await told(w)) == (0, "")
        await changed(w, ("Dana Lee", "Dana  Lee"))
        await due(w)
        assert booked(w) == []
        await changed(w, ("Dana  Lee", "Dana Lea"))
        await due(w)
        assert [one.contact_name for one in booked(w)] == ["Dana Lea"]


def as_task(event: str) -> str:
    """What nobody can read as an event."""
    return event.replace("VEVENT", "VTODO").replace("DTEND", "DUE")


@ON_ONE
@pytest.mark.parametrize("decision", [None, Decision.APPROVED, Decision.REJECTED])
async def test_what_cannot_be_read_for_a_moment_and_says_the_same_again_is_no_new_wish(
    dav: Server, folder: Path, decision: Decision | None
) -> None:
    async with asking(dav, folder, read=False) as w:
        event = text(TITLE, START)
        await write(w, event)
        await w.cycle(minutes=1)
        if decision is not Decision.APPROVED:
            if decision:
                w.decide(decision, w.store.awaiting()[0].name)
            await w.cycle(minutes=1)
        await write(w, as_task(event))
        await w.cycle(minutes=1)
        if decision is Decision.APPROVED:
            w.decide(decision, w.store.awaiting()[0].name)
        await w.quiet(minutes=11)
        await write(w, event)
        await due(w)
        if decision is Decision.APPROVED:
            await is_booked_once(w)
        else:
            assert (stages(w), w.posts) == (["closed" if decision else "awaiting"], 0)


@ON_ONE
async def test_what_could_not_be_read_when_the_calendar_was_first_read_awaits_a_persons_word(
    dav: Server, folder: Path
) -> None:
    async with asking(dav, folder, read=False) as w:
        event = text(TITLE, START)
        await write(w, as_task(event))
        await w.cycle(minutes=1)
        await write(w, as_task(event).replace("BEGIN:VTODO", "BEGIN:VTODO\r\nCOLOR:red"))
        await w.cycle(minutes=1)
        await write(w, event)
        await due(w)
        assert (stages(w), w.posts) == (["awaiting"], 0)
        # and as ever it is a new wish where a person writes another one
        await write(w, event.replace("Dana Lee", "Dana Lea"))
        await due(w)
        assert [one.contact_name for one in booked(w)] == ["Dana Lea"]


@ON_ONE
async def test_a_note_is_taken_out_also_of_what_could_not_be_read_for_a_moment(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START, description="")
        await due(w)
        event = (await there(w)).replace("\n", "\r\n")
        assert await told(w)
        lunch = event.replace(TITLE, "Lunch")
        await write(w, as_task(lunch))
        await w.quiet(seconds=10)
        await write(w, lunch)
        await w.cycle(seconds=10)
        assert await told(w) == ""
        await w.quiet(minutes=1)


async def test_a_refused_one_says_why_and_rests_until_a_person_changes_it(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        for _ in range(2):
            w.book(START)
        await w.cycle()
        await ask(w, START)
        await w.cycle(seconds=10)
        report = await w.cycle(seconds=31)
        assert (report.summary.exit_code, report.summary.counts["refused"]) == (1, 1)
        assert await told(w) == (
            "⚠ Not booked: 10:00 on Tue 24 Nov is not free for this. Free nearby: 09:00, 09:15, 10:45. "
            "Change this event, and it is tried again."
        )
        assert len(booked(w)) == 2
        await w.quiet(minutes=1)
        # a note that goes is no change by a person
        await changed(w, ("^SUMMARY:⚠ ", "SUMMARY:"), (r"^DESCRIPTION:⚠.*?\\n", "DESCRIPTION:"))
        await w.quiet(minutes=1)
        await w.quiet(minutes=100)
        await changed(w, ("T100000", "T104500"), ("T110000", "T114500"))
        await due(w)
        assert [one.start for one in booked(w) if one.contact_email == EMAIL] == [START + 0.75 * HOUR]
        assert await there(w) == ""


async def test_a_refusal_outlives_the_database(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        for _ in range(2):
            w.book(START)
        await ask(w, START)
        await due(w)
        note = await told(w)
        assert note
        w.lose_database()
        for one in booked(w):
            w.salon.cancel(one.booking_id)
        await w.cycle(minutes=1)
        await w.quiet(minutes=5)
        assert (booked(w), await told(w), stages(w)) == ([], note, ["closed"])


async def test_peoples_own_events_are_never_touched(dav: Server, folder: Path) -> None:
    own = {
        "dentist": text("Dentist – Dr. Miller", START, "practice@example.org", uid="dentist"),
        "lunch": text("Lunch with Anna", START, EMAIL, uid="lunch"),
        "invitation": text(TITLE, START, EMAIL, "", f"ATTENDEE:mailto:{EMAIL}", uid="invitation"),
        "copy": text(TITLE, START, f"Customer: Dana Lee\\nE-mail: {EMAIL}", "", "X-ZIMUN-BOOKING-ID:b_1", uid="copy"),
        "cancelled": text(TITLE, START, EMAIL, "", "STATUS:CANCELLED", uid="cancelled"),
        "plain": text("Haircut", START, EMAIL, uid="plain"),
    }
    async with asking(dav, folder) as w:
        for name, event in own.items():
            await write(w, event, name)
        before = await w.events()
        await due(w)
        await w.quiet(minutes=30)
        assert await w.events() == before
        assert not w.posts


async def test_one_that_lacks_an_address_is_told(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START, description="regular customer")
        await ask(w, START, "Haircut – Ada", "ada@example.org\\nor bob@example.org", "two")
        await due(w)
        assert "e-mail address is missing" in await told(w)
        assert "more than one e-mail address" in await told(w, "two")
        await changed(w, ("regular customer", EMAIL))
        await due(w)
        assert [one.contact_email for one in booked(w)] == [EMAIL]


async def test_more_than_five_at_once_await_a_persons_word(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        for number in range(6):
            await ask(w, START + number * HOUR, name=f"wish{number}", description=f"c{number}@example.org")
        await w.cycle(seconds=10)
        report = await w.cycle(seconds=31)
        assert report.summary.counts["awaiting"] == 6
        assert booked(w) == []
        assert "Many bookings were asked for at once" in await told(w, "wish3")
        await w.quiet(minutes=10)
        first, second, *rest = w.store.awaiting()
        w.decide(Decision.APPROVED, first.name)
        w.decide(Decision.REJECTED, second.name)
        await w.cycle(minutes=1)
        assert [one.contact_email for one in booked(w)] == ["c0@example.org"]
        assert "was not approved" in await told(w, "wish1")
        assert len(w.store.awaiting()) == len(rest) == 4
        await w.quiet(minutes=1)


async def test_five_are_booked_one_after_the_other(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        for number in range(5):
            await ask(w, START + number * HOUR, name=f"wish{number}", description=f"c{number}@example.org")
        await due(w)
        assert len(booked(w)) == len(await w.events()) == 5
        assert not [name for name in await w.events() if "wish" in name]


async def test_the_same_twice_is_one_booking(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        await ask(w, START, description=f"E-mail:mailto:{EMAIL}\\nas said", name="again")
        await due(w)
        assert await there(w, "again") == ""
        await is_booked_once(w)


async def test_a_booking_that_is_there_already_is_what_was_asked_for(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        there_already = w.salon.book("s_haircut", START, location_id="loc_mitte", email=EMAIL).booking_id
        await w.cycle()
        await ask(w, START)
        await due(w)
        assert [one.booking_id for one in booked(w)] == [there_already]
        assert not w.posts
        assert len(await w.events()) == 1


IN_ANOTHER_NAME = "this e-mail address has a booking at this time already, in another name"


async def test_two_people_who_share_an_address_are_not_taken_for_one(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START, "Haircut – Tom Lee", name="tom")
        await ask(w, START, "Haircut – Mia Lee", name="mia")
        await due(w)
        await w.cycle(minutes=1)
        (name,) = (one.contact_name for one in booked(w))
        left = "mia" if name == "Tom Lee" else "tom"
        assert IN_ANOTHER_NAME in await told(w, left)
        assert len(await w.events()) == 2
        await w.quiet(minutes=1)
        await changed(w, (EMAIL, "mum@example.org"), name=left)
        await due(w)
        assert sorted(one.contact_name for one in booked(w)) == ["Mia Lee", "Tom Lee"]
        assert await there(w, left) == ""


@pytest.mark.parametrize("again", [False, True])
async def test_nor_is_one_whose_hold_came_to_nothing(dav: Server, folder: Path, *, again: bool) -> None:
    """Asked for in vain before, or refused as the other one was booked right then: no confirm was sent, so the booking
    cannot be of this event.
    """
    async with asking(dav, folder) as w:
        await ask(w, START, "Haircut – Mia Lee")
        await w.cycle(seconds=10)
        hold = w.salon.hold

        def too_late(*what: object) -> object:
            w.salon.hold = hold  # type: ignore[method-assign]
            for name, mail in (("Tom Lee", EMAIL), ("Ada Moss", "ada@example.org")):
                w.salon.book("s_haircut", START, location_id="loc_mitte", name=name, email=mail)
            return hold(*what)  # type: ignore[arg-type]

        if again:
            w.fault(Kind.ANSWER, HOLD, "POST", times=ATTEMPTS)
            await w.cycle(seconds=31)
            assert w.store.open_intents()
            w.salon.book("s_haircut", START, location_id="loc_mitte", name="Tom Lee", email=EMAIL)
        else:
            w.salon.hold = too_late  # type: ignore[method-assign,assignment]
            await w.cycle(seconds=31)
        await w.cycle(minutes=1)
        await w.cycle(minutes=1)
        assert (IN_ANOTHER_NAME if again else "already taken") in await told(w)
        assert "Mia Lee" not in [one.contact_name for one in booked(w)]


async def test_of_two_bookings_the_one_in_its_own_name_is_what_was_asked_for(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        for name in ("Tom Lee", "DÁNA  lee"):
            w.salon.book("s_haircut", START, location_id="loc_mitte", name=name, email=EMAIL)
        await w.cycle()
        await ask(w, START)
        await due(w)
        assert (await there(w), len(booked(w)), w.posts) == ("", 2, 0)


async def test_at_the_first_read_one_in_another_name_is_nobodys_note(dav: Server, folder: Path) -> None:
    async with asking(dav, folder, read=False) as w:
        w.salon.book("s_haircut", START, location_id="loc_mitte", name="Tom Lee", email=EMAIL)
        await ask(w, START, "Haircut – Tom Lee", name="tom")
        await ask(w, START, "Haircut – Mia Lee", name="mia")
        await w.cycle()
        assert sorted(stages(w)) == ["awaiting", "theirs"]
        w.decide(Decision.APPROVED, w.store.awaiting()[0].name)
        await w.cycle(minutes=1)
        assert IN_ANOTHER_NAME in await told(w, "mia")
        assert (len(booked(w)), w.posts) == (1, 0)


async def copy_of(w: World, booking_id: str) -> str:
    """The booking's event as an app copies it that drops what it does not know."""
    _, event = await w.event(booking_id)
    lines = [line for line in event.split("\n") if not line.startswith("X-ZIMUN")]
    return "\r\n".join(lines).replace(f"UID:{booking_id}@zimun", "UID:copy")


async def test_a_copy_of_a_bookings_event_without_our_marks_is_no_request(dav: Server, folder: Path) -> None:
    """As apps make them that drop what they do not know: its texts still name the booking."""
    async with asking(dav, folder) as w:
        original = w.salon.book("s_haircut", START, location_id="loc_mitte", email=EMAIL).booking_id
        await w.cycle()
        await write(w, (await copy_of(w, original)).replace("20261124T", "20261125T"), "copy")
        await due(w)
        assert len(booked(w)) == 1
        assert await told(w, "copy") == ""
        await w.quiet(minutes=1)


async def test_nor_is_one_of_a_booking_that_an_older_database_does_not_know(dav: Server, folder: Path) -> None:
    """The copy may be read before the event itself, as where the calendar of that cannot be read for a while."""
    async with asking(dav, folder) as w:
        original = w.salon.book("s_haircut", START, location_id="loc_mitte", email=EMAIL).booking_id
        await w.cycle()
        copied = await copy_of(w, original)
        await write(w, copied, "copy")
        await write(w, copied.replace("UID:copy", "UID:other").replace("20261124T", "20261125T"), "other")
        for seconds in (10, 31):
            w.store._db["links"].delete_where()
            await w.cycle(seconds=seconds)
        assert len(booked(w)) == 1
        assert sorted(stages(w)) == ["theirs", "theirs"]
        assert len(await w.events()) == 3
        await w.quiet(minutes=1)


CANCELLED_SINCE = "has been cancelled since. To book it again, delete this and write it anew."


@ON_ONE
@pytest.mark.parametrize("start", [START, at(26, 9)], ids=["as it was", "changed"])
async def test_one_that_comes_back_when_its_booking_was_cancelled_says_so_and_stays(
    dav: Server, folder: Path, start: datetime
) -> None:
    """Out of a trash bin, say: somebody means it."""
    async with asking(dav, folder) as w:
        await ask(w, START)
        await due(w)
        # while the booking stands it is of no use
        await w.cycle(minutes=1)
        await ask(w, START)
        await due(w)
        await is_booked_once(w)
        w.salon.cancel(booked(w)[0].booking_id)
        await w.cycle(minutes=1)
        await w.cycle(minutes=30)
        await ask(w, start)
        await due(w)
        assert await told(w) == f"⚠ This was booked at 10:00 on Tue 24 Nov and {CANCELLED_SINCE}"
        await w.quiet(minutes=1)
        await w.quiet(hours=2)
        assert booked(w) == []
        # changed it says the same, and another event is another wish
        await changed(w, (TITLE, "Haircut – Dana Lea"))
        await due(w)
        assert await told(w) == f"⚠ This was booked and {CANCELLED_SINCE}"
        await ask(w, START, name="anew")
        await due(w)
        assert [one.start for one in booked(w)] == [START]


@ON_ONE
@pytest.mark.parametrize("told_before", [True, False])
async def test_what_says_that_its_booking_has_an_event_says_so_no_more_once_that_is_cancelled(
    dav: Server, folder: Path, *, told_before: bool
) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        w.fault(Kind.LOSE_ANSWER, CONFIRM, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        await changed(w, ("T100000", "T120000"), ("T110000", "T130000"))
        replace = DavCalendar.replace if told_before else never
        with patch.object(DavCalendar, "replace", replace):
            for _ in range(3):
                await w.cycle(minutes=1)
        assert ("has an event of its own" in await told(w)) is told_before
        w.salon.cancel(booked(w)[0].booking_id)
        await w.cycle(minutes=61)
        when = "" if told_before else "at 10:00 on Tue 24 Nov "
        assert await told(w) == f"⚠ This was booked {when}and {CANCELLED_SINCE}"
        assert await w.events()
        await w.quiet(minutes=1)


async def never(*told: object) -> None:
    raise Refused("the calendar server answered 403", "no")


async def test_withdrawn_in_time_it_is_not_booked(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        await rid(w)
        await w.cycle(seconds=31)
        assert not w.posts
        assert stages(w) == []


async def test_a_calendar_that_refuses_to_let_it_go_is_asked_again_each_hour(dav: Server, folder: Path) -> None:
    async def refuse(*told: object) -> None:
        raise Refused("the calendar server answered 403", "no")

    async with asking(dav, folder) as w:
        await ask(w, START)
        with patch.object(DavCalendar, "remove", refuse):
            await due(w)
            report = await w.cycle(minutes=1)
        assert "deleted" in next(problem.text for problem in report.summary.problems)
        await w.quiet(minutes=50)
        assert await there(w) != ""
        await w.cycle(minutes=15)
        await is_booked_once(w)


@pytest.mark.parametrize("events", [1, 3])
@pytest.mark.parametrize("error", [OutcomeUnknown("500"), CollectionGone("404")], ids=["500", "404"])
async def test_events_that_are_never_written_keep_no_request_waiting(
    dav: Server, folder: Path, error: SyncdError, events: int
) -> None:
    """Neither one that is booked nor one that is told no."""
    create = DavCalendar.create
    poison: set[str] = set()

    async def fail(self: DavCalendar, name: str, *what: Any) -> Any:
        if name in poison:
            raise error
        return await create(self, name, *what)

    with patch.object(DavCalendar, "create", fail):
        async with asking(dav, folder) as w:
            poison |= {name_of(BookingId(w.book(at(25, 12 + n)))) for n in range(events)}
            await w.cycle(seconds=10)
            await ask(w, START)
            await ask(w, at(24, 12), description="", name="lacking")
            await due(w)
            for _ in range(events):
                report = await w.cycle(minutes=1)
            assert report.summary.sides
            assert len(booked(w)) == events + 1
            assert await there(w) == ""
            assert "the customer's e-mail address is missing" in await told(w, "lacking")


async def test_requests_that_are_never_written_keep_no_other_waiting(dav: Server, folder: Path) -> None:
    replace = DavCalendar.replace

    async def fail(self: DavCalendar, href: str, *what: Any) -> Any:
        if "poison" in href:
            raise OutcomeUnknown("500")
        return await replace(self, href, *what)

    with patch.object(DavCalendar, "replace", fail):
        async with asking(dav, folder) as w:
            for n in range(3):
                await ask(w, at(25, 9 + n), description="", name=f"poison{n}")
            await w.cycle(seconds=10)
            await ask(w, at(24, 12), description="", name="lacking")
            for _ in range(4):
                await due(w)
            assert "the customer's e-mail address is missing" in await told(w, "lacking")


async def test_a_calendar_that_takes_no_write_is_left_alone_until_the_next_cycle(dav: Server, folder: Path) -> None:
    tried: list[str] = []

    async def fail(self: DavCalendar, href: str, *what: Any) -> Any:
        tried.append(href)
        raise OutcomeUnknown("500")

    async with asking(dav, folder) as w:
        for n in range(5):
            await ask(w, at(24 + n, 9), description="", name=f"lacking{n}")
        await w.cycle(seconds=10)
        with patch.object(DavCalendar, "replace", fail):
            await w.cycle(seconds=31)
        assert len(tried) == 3


@pytest.mark.parametrize("by_hand", [False, True], ids=["dragged", "by hand"])
async def test_it_goes_too_where_the_booking_got_another_id_before_it_could(
    dav: Server, folder: Path, by_hand: bool
) -> None:
    async def refuse(*told: object) -> None:
        raise Refused("the calendar server answered 403", "no")

    async with asking(dav, folder) as w:
        move = w.salon.move

        def renaming(booking_id: str, start: object) -> object:
            moved = move(booking_id, start)  # type: ignore[arg-type]
            del w.salon._appointments[booking_id]
            return w.salon.place(moved.service_id, moved.start, moved.staff_id, booking_id="b_renamed", email=EMAIL)

        await ask(w, START)
        with patch.object(DavCalendar, "remove", refuse):
            await due(w)
        (booking,) = booked(w)
        w.salon.move = renaming  # type: ignore[method-assign,assignment]
        if by_hand:
            want(w, MoveWanted(BookingId(booking.booking_id), START + 2 * HOUR))
        else:
            await w.drag(booking.booking_id, 2 * HOUR)
        await w.cycle(minutes=5)
        assert [one.booking_id for one in booked(w)] == ["b_renamed"]
        assert await there(w) != ""
        await w.cycle(minutes=61)
        assert await there(w) == ""
        assert len(await w.events()) == 1
        await w.quiet(minutes=1)


async def test_a_calendar_that_refuses_the_note_is_asked_again_each_hour(dav: Server, folder: Path) -> None:
    async def refuse(*told: object) -> None:
        raise Refused("the calendar server answered 403", "no")

    async with asking(dav, folder) as w:
        await ask(w, START, description="")
        with patch.object(DavCalendar, "replace", refuse):
            await due(w)
            report = await w.cycle(minutes=1)
        assert [problem.key for problem in report.summary.problems] == ["event-1"]
        assert await told(w) == ""
        await w.cycle(minutes=61)
        assert "e-mail" in await told(w)
        await w.quiet(minutes=61)


async def test_a_refused_note_does_not_keep_a_booked_request_standing(dav: Server, folder: Path) -> None:
    async def refuse(*told: object) -> None:
        raise Refused("the calendar server answered 403", "no")

    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        down = w.fault(Kind.ANSWER, "/api/v1/appointments", times=None, status=503)
        with patch.object(DavCalendar, "replace", refuse):
            await w.cycle(minutes=11)
            report = await w.cycle(minutes=1)
        assert [problem.key for problem in report.summary.problems if problem.key == "event-1"]
        down.times = 0
        await w.cycle(minutes=1)
        await w.cycle(minutes=1)
        await is_booked_once(w)
