"""Whatever breaks off between a request and its booking: one booking, no hold left behind, and then quiet."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from unittest.mock import patch

import pytest

from syncd.domain.errors import Malformed
from syncd.domain.ids import BookingId
from syncd.sandbox import Kind
from syncd.state.database import Writing
from syncd.zimun import ZimunClient
from tests.loop.asking import ATTEMPTS, CONFIRM, EMAIL, HOLD, booked, close_all_reading, close_list, drop_list, held
from tests.loop.ground import ON_ONE
from tests.loop.requesting import TAKES_REQUESTS, ask, asking, changed, due, rid, stages, there, told, write
from tests.loop.world import HOUR, Crash, World, at
from tests.servers import Server

pytestmark = ON_ONE
START = at(24, 9)


async def ends_as_one(w: World) -> None:
    """One booking with its event; the request and every hold are gone; and nothing is done any more."""
    (booking,) = booked(w)
    assert (booking.start, booking.contact_email) == (START, EMAIL)
    assert (held(w), w.store.open_intents()) == ([], [])
    assert await w.start(booking.booking_id) == ";TZID=Europe/Berlin:20261124T100000"
    assert await there(w) == ""
    assert len(await w.events()) == 1
    await w.quiet(minutes=1)
    await w.quiet(minutes=61)


async def is_killed(w: World, number: int) -> bool:
    """A cycle that ends right after its n-th transaction, which is on the disk; False where there are not so many."""
    leave, left = Writing.__exit__, number

    def then_killed(
        self: Writing, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        nonlocal left
        leave(self, kind, error, trace)
        left -= 1
        if not left and error is None:
            raise Crash

    with patch.object(Writing, "__exit__", then_killed):
        try:
            await w.cycle(seconds=31)
        except Crash:
            return True
    return False


async def test_killed_after_any_transaction(dav: Server, folder: Path, new_calendar: Callable[[], str]) -> None:
    """Each of the cycle that books, one after the other, until there is none left."""
    number, killed = 0, True
    while killed:
        number += 1
        (folder / str(number)).mkdir()
        async with asking(replace(dav, calendar_url=new_calendar()), folder / str(number)) as w:
            await ask(w, START)
            await w.cycle(seconds=10)
            killed = await is_killed(w, number)
            for _ in range(3):
                await w.cycle(seconds=40)
            await ends_as_one(w)
            assert len(set(w.calls(HOLD))) == len(set(w.calls(CONFIRM))) == 1, number
    assert number > 6  # it was not over before it began


@pytest.mark.parametrize("step", [HOLD, CONFIRM, "PUT", "DELETE"])
async def test_killed_right_after_the_answer(dav: Server, folder: Path, step: str) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        w.crash_after = step
        with pytest.raises(Crash):
            await w.cycle(seconds=31)
        await w.cycle(minutes=1)
        await ends_as_one(w)
        assert len(set(w.calls(HOLD))) == len(set(w.calls(CONFIRM))) == 1


@pytest.mark.parametrize("kind", [Kind.LOSE_ANSWER, Kind.LOSE_REQUEST, Kind.HALF_BODY])
@pytest.mark.parametrize("path", [HOLD, CONFIRM])
async def test_no_answer_to_any_attempt(dav: Server, folder: Path, path: str, kind: Kind) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        w.fault(kind, path, "POST", times=ATTEMPTS)
        assert (await w.cycle(seconds=31)).summary.exit_code == 1
        assert len(w.store.open_intents()) == 1
        await w.cycle(minutes=1)
        await ends_as_one(w)
        assert len(set(w.calls(HOLD))) == len(set(w.calls(CONFIRM))) == 1


async def test_changed_while_the_answer_to_the_hold_is_missing_the_old_wish_is_not_booked(
    dav: Server, folder: Path
) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START + HOUR)
        await w.cycle(seconds=10)
        w.fault(Kind.LOSE_ANSWER, HOLD, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        assert len(held(w)) == 1
        await changed(w, ("T110000", "T100000"), ("T120000", "T110000"))
        await w.cycle(seconds=10)
        for _ in range(2):
            await w.cycle(minutes=11)
        await ends_as_one(w)


async def test_taken_back_while_the_answer_to_the_hold_is_missing_it_is_not_booked(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        w.fault(Kind.LOSE_ANSWER, HOLD, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        await rid(w)
        await w.cycle(seconds=10)
        for _ in range(2):
            await w.quiet(minutes=11)
        assert (booked(w), held(w), w.store.open_intents()) == ([], [], [])


@pytest.mark.parametrize("cycles_down", [0, 2])
async def test_changed_after_it_was_confirmed_it_is_no_second_booking(
    dav: Server, folder: Path, cycles_down: int
) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        w.fault(Kind.LOSE_ANSWER, CONFIRM, "POST", times=ATTEMPTS * (1 + cycles_down))
        await w.cycle(seconds=31)
        await changed(w, ("T100000", "T120000"), ("T110000", "T130000"))
        for _ in range(2 + cycles_down):
            await w.cycle(minutes=1)
        await w.quiet(minutes=20)
        (booking,) = booked(w)
        assert booking.start == START
        assert "This was booked at 10:00 on Tue 24 Nov, before this event was changed here" in await told(w)
        assert len(await w.events()) == 2
        # changed once more, it may still mean the first: one event books once
        await changed(w, ("T120000", "T140000"))
        await due(w)
        assert [one.start for one in booked(w)] == [START]


@pytest.mark.parametrize("unreadable", [False, True])
async def test_nor_where_it_asks_for_nothing_in_between(dav: Server, folder: Path, *, unreadable: bool) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        w.fault(Kind.LOSE_ANSWER, CONFIRM, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        await changed(w, ("T100000", "T120000"), ("T110000", "T130000"))
        await w.cycle(minutes=1)
        as_it_is = await there(w)
        if unreadable:
            await changed(w, ("BEGIN:VEVENT", "BEGIN:VTODO"), ("END:VEVENT", "END:VTODO"), ("^DTEND", "DUE"))
        else:
            await changed(w, ("^SUMMARY:.*", "SUMMARY:Lunch"))
        await w.cycle(minutes=1)
        await write(w, as_it_is.replace("\n", "\r\n"))
        for _ in range(2):
            await w.cycle(minutes=1)
        assert [one.start for one in booked(w)] == [START]
        assert "before this event was changed here" in await told(w)


async def test_changed_just_before_it_would_be_removed_it_stays_and_is_told(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)

        async def meanwhile() -> None:
            await changed(w, ("Dana Lee", "Dana Lee and Robin"))

        w.before_put = meanwhile
        await w.cycle(seconds=31)
        await w.cycle(minutes=1)
        assert "This was booked at 10:00 on Tue 24 Nov" in await told(w)
        await w.quiet(minutes=20)
        assert len(booked(w)) == 1


async def test_a_lost_database_books_nothing_again(dav: Server, folder: Path) -> None:
    """Lost just when the booking's event stood beside its request."""
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        w.crash_after = "PUT"
        with pytest.raises(Crash):
            await w.cycle(seconds=31)
        w.lose_database()
        await w.cycle(minutes=1)
        await w.quiet(minutes=20)
        assert len(booked(w)) == 1
        assert stages(w) == ["theirs"]
        assert len(await w.events()) == 2


@pytest.mark.parametrize("closing", [close_list, drop_list, close_all_reading])
async def test_where_bookings_cannot_be_listed_it_is_still_one(dav: Server, folder: Path, closing: object) -> None:
    async with asking(dav, folder) as w:
        assert callable(closing)
        closing(w)
        await ask(w, START)
        await ask(w, START, name="again")
        await due(w)
        for _ in range(2):
            await w.cycle(minutes=1)
        assert (len(booked(w)), len(await w.events())) == (1, 1)
        await w.quiet(minutes=1)


async def test_cancelled_by_the_customer_before_syncd_could_write_it_the_request_goes_all_the_same(
    dav: Server, folder: Path
) -> None:
    """What the list told of it last is lost with the process, and then the list is closed."""
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        w.crash_after = CONFIRM
        with pytest.raises(Crash):
            await w.cycle(seconds=31)
        (booking,) = booked(w)
        w.salon.cancel(booking.booking_id)
        w.book(at(25, 9))
        w.crash_after = "PUT"
        with pytest.raises(Crash):
            await w.cycle(minutes=1)
        close_list(w)
        await w.cycle(minutes=1)
        assert await there(w) == ""
        await w.quiet(minutes=1)


async def test_a_hold_that_lapses_before_it_can_be_confirmed_is_told(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        down = w.fault(Kind.ANSWER, CONFIRM, "POST", times=None, status=503)
        await w.cycle(seconds=31)
        await w.cycle(minutes=4)
        assert len(held(w)) == 1
        down.times = 0
        await w.cycle(minutes=7)
        assert booked(w) == []
        assert "Its answer: “This hold has expired.”" in await told(w)
        assert "Free nearby: " in await told(w)
        await w.quiet(minutes=20)


async def test_an_outage_is_no_refusal_and_is_told_after_ten_minutes(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        down = w.fault(Kind.ANSWER, "/api/v1/appointments", times=None, status=503)
        await w.cycle(seconds=31)
        assert await told(w) == ""
        await w.cycle(minutes=10)
        assert await told(w) == ("⚠ Not booked yet: Zimun has not answered so far. It is tried again by itself.")
        await w.cycle(minutes=10)
        down.times = 0
        await w.cycle(minutes=1)
        await ends_as_one(w)


async def test_one_whose_confirm_hangs_in_an_outage_says_so_however_it_was_touched_meanwhile(
    dav: Server, folder: Path
) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        w.fault(Kind.ANSWER, CONFIRM, "POST", times=None, status=503)
        await w.cycle(seconds=31)
        w.fault(Kind.ANSWER, "/api/v1/appointments", times=None, status=503)
        await changed(w, (r"^DTSTAMP:.*$", "DTSTAMP:20261123T150000Z"))
        for minutes in (5, 6):
            await w.cycle(minutes=minutes)
        assert await told(w) == ("⚠ Not booked yet: Zimun has not answered so far. It is tried again by itself.")


@pytest.mark.parametrize(("status", "words"), [(409, "as ordered"), (422, "as ordered"), (404, "did not accept")])
async def test_a_refused_hold_is_told_in_zimuns_words_and_not_tried_again(
    dav: Server, folder: Path, status: int, words: str
) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        w.fault(Kind.ANSWER, HOLD, "POST", times=1, status=status, body={"detail": "as ordered"})
        await w.cycle(seconds=31)
        assert words in await told(w)
        await w.quiet(minutes=20)
        assert len(w.calls(HOLD)) == 1
        assert "as ordered" not in str(w.store._db.execute("SELECT * FROM candidates").fetchall())


async def test_a_client_that_may_not_book_hammers_nobody_and_touches_nothing(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        fault = w.fault(Kind.ANSWER, HOLD, "POST", times=None, status=403, body={"detail": "no"})
        await w.cycle(seconds=31)
        for _ in range(3):
            await w.cycle(minutes=1)
        assert len(w.calls(HOLD)) == 1
        assert await told(w) == ""
        await w.cycle(minutes=7)
        assert await told(w) == (
            "⚠ Not booked yet: Zimun does not permit syncd to book. Please tell whoever looks after syncd. "
            "It is tried again by itself."
        )
        await w.cycle(minutes=1)
        assert len(w.calls(HOLD)) == 1
        fault.times = 0
        await w.cycle(minutes=15)
        await ends_as_one(w)


async def test_a_client_that_may_not_confirm_is_told_so_and_not_that_zimun_is_out_of_reach(
    dav: Server, folder: Path
) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        w.fault(Kind.ANSWER, CONFIRM, "POST", times=None, status=403, body={"detail": "no"})
        await w.cycle(seconds=31)
        await w.cycle(minutes=10)
        assert "does not permit syncd to book" in await told(w)
        assert not booked(w)


async def test_what_waits_says_why_also_where_the_reason_changes(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        down = w.fault(Kind.ANSWER, "/api/v1/appointments", times=None, status=503)
        await w.cycle(minutes=11)
        assert "has not answered so far" in await told(w)
        down.times = 0
        closed = w.fault(Kind.ANSWER, HOLD, "POST", times=None, status=403, body={"detail": "no"})
        await w.cycle(minutes=1)
        assert "does not permit syncd to book" in await told(w)
        puts_of_notes = [row.what for row in w.store.history(BookingId("event-1"), 99)].count("request.put_off")
        assert puts_of_notes == 2
        closed.times = 0
        await w.cycle(minutes=16)
        await ends_as_one(w)


async def test_a_confirm_that_names_no_booking_is_not_made_again(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        close_list(w)
        await ask(w, START)
        await w.cycle(seconds=10)
        confirm = ZimunClient.confirm

        async def nameless(*how: object) -> object:
            await confirm(*how)  # type: ignore[arg-type]
            raise Malformed("confirm", "it names no booking")

        with patch.object(ZimunClient, "confirm", nameless):
            await w.cycle(seconds=31)
        assert "did not tell which one it is" in await told(w)
        await w.quiet(minutes=20)
        assert len(booked(w)) == 1
        # and whoever drags it means that one
        for was, now in (("1[01]", 14), ("1[45]", 16)):
            await changed(w, (f"T{was}0000", f"T{now}0000"), (f"T{was}0000", f"T{now + 1}0000"))
            await due(w)
            assert "it is not booked a second time" in await told(w)
        assert len(booked(w)) == 1


@pytest.mark.parametrize("down", [False, True], ids=["settled at once", "Zimun is away"])
async def test_booked_as_its_calendar_leaves_the_config_it_goes_when_that_is_back(
    dav: Server, folder: Path, new_calendar: Callable[[], str], *, down: bool
) -> None:
    """The answer to its confirm was lost, too; and a customer has moved the booking, so that nothing is alike."""
    mitte = 'locations = ["loc_mitte"]'
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        w.fault(Kind.LOSE_ANSWER, CONFIRM, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        (one,) = booked(w)
        away = w.fault(Kind.ANSWER, status=503) if down else None
        w.reconfigure(calendars=f'[[calendars]]\nurl = "{new_calendar()}"\n{mitte}\n')
        await w.cycle(minutes=1)
        if away is not None:
            w.server.faults.remove(away)
        for minutes in (1, 20):
            await w.cycle(minutes=minutes)
        w.salon.move(one.booking_id, at(25, 9))
        await w.cycle(minutes=1)
        assert await there(w) != ""
        w.reconfigure(calendars=f"{TAKES_REQUESTS}\n{mitte}")
        for minutes in (1, 1, 20):
            await w.cycle(minutes=minutes)
        assert await there(w) == ""
        assert [each.booking_id for each in booked(w)] == [one.booking_id]
        assert w.store.awaiting() == []
        await w.quiet(minutes=1)


@pytest.mark.parametrize(
    ("how", "says"),
    [({"status": 503}, "did not say in time"), ({"status": 200, "body": {"ok": True}}, "did not tell which one it is")],
    ids=["no answer", "unnamed"],
)
async def test_what_nobody_can_say_of_it_while_its_calendar_is_out_of_the_config_is_told_when_that_is_back(
    dav: Server, folder: Path, new_calendar: Callable[[], str], how: dict[str, object], says: str
) -> None:
    """Its customer has moved it: what its event asks for looks like a new wish."""
    mitte = 'locations = ["loc_mitte"]'
    async with asking(dav, folder) as w:
        await ask(w, START)
        await w.cycle(seconds=10)
        w.fault(Kind.LOSE_ANSWER, CONFIRM, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        (one,) = booked(w)
        w.fault(Kind.ANSWER, CONFIRM, "POST", times=None, **how)
        w.reconfigure(calendars=f'[[calendars]]\nurl = "{new_calendar()}"\n{mitte}\n')
        w.salon.move(one.booking_id, at(25, 9))
        for _ in range(4):
            await w.cycle(minutes=5)
        assert w.store.open_intents() == []
        w.server.faults.clear()
        w.reconfigure(calendars=f"{TAKES_REQUESTS}\n{mitte}")
        await w.cycle(minutes=1)
        assert says in await told(w)
        assert w.store.awaiting() == []


async def test_cancelled_while_its_calendar_takes_no_requests_it_is_told_when_that_does_again(
    dav: Server, folder: Path
) -> None:
    """Nothing else tells of that booking: the list is closed, and no calendar takes it."""
    async with asking(dav, folder) as w:
        before = w.config
        close_list(w)
        await ask(w, START)
        await w.cycle(seconds=10)
        w.fault(Kind.LOSE_ANSWER, CONFIRM, "POST", times=ATTEMPTS)
        await w.cycle(seconds=31)
        (entry,) = w.config.calendars
        off = {"create_bookings": False, "fallback": False, "locations": ("loc_shoreditch",)}
        w.config = before.model_copy(update={"calendars": (entry.model_copy(update=off),)})
        await w.cycle(minutes=1)
        w.salon.cancel(booked(w)[0].booking_id)
        for _ in range(2):
            await w.cycle(minutes=10)
        w.config = before
        for _ in range(2):
            await w.cycle(minutes=1)
        assert "This was booked at 10:00 on Tue 24 Nov and has been cancelled since." in await told(w)
        assert booked(w) == []
