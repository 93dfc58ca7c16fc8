"""What a port raises where its side answers and does nothing: 503, 429, 401, 403. The engine tells them apart."""

from collections.abc import Awaitable, Callable

import pytest

from syncd.domain.errors import NotPermitted, OutcomeUnknown, RateLimited, Refused, Unavailable
from syncd.domain.ids import BookingId
from syncd.ports import BookingPort, CalendarPort
from tests.contracts.desk import Desk
from tests.contracts.desk_samples import DAY, at
from tests.contracts.home import Home, Trouble
from tests.contracts.samples import create, draft, title

Call = Callable[[], Awaitable[object]]
ANSWERED = (Trouble.DOWN, Trouble.LIMITED, Trouble.LOGIN)


async def says(call: Call, trouble: Trouble, *, writes: bool) -> None:
    """The call raises what that trouble is to the engine."""
    with pytest.raises((Unavailable, NotPermitted)) as caught:
        await call()
    error = caught.value
    match trouble:
        case Trouble.LIMITED:
            assert isinstance(error, RateLimited)
            assert error.retry_after == 30
        case Trouble.LOGIN:
            assert isinstance(error, NotPermitted)
            assert error.credentials
        case Trouble.FORBIDDEN:
            assert isinstance(error, NotPermitted)
            assert not error.credentials
        case _:
            assert isinstance(error, Unavailable)
            # a 503 may come from before the server or from behind it: whether a write was done, nobody knows
            assert writes or not isinstance(error, OutcomeUnknown)


# The calendar


@pytest.mark.parametrize("trouble", ANSWERED)
async def test_a_calendar_that_answers_no_says_which_no_and_nothing_is_done(
    home: Home, calendar: CalendarPort, trouble: Trouble
) -> None:
    stored = await create(calendar)
    reads: list[Call] = [
        lambda: calendar.changes(None),
        lambda: calendar.fetch([stored.href]),
        lambda: calendar.get(stored.href),
        lambda: home.account.find("b_1@zimun", BookingId("b_1")),
    ]
    writes: list[Call] = [
        lambda: create(calendar, "b_2"),
        lambda: calendar.replace(stored.href, draft(title="ours"), stored.data, stored.etag),
        lambda: calendar.remove(stored.href, stored.etag),
    ]
    for call in (*reads, *writes):
        home.trouble(trouble)
        await says(call, trouble, writes=call in writes)
    home.trouble(Trouble.NONE)
    assert await title(calendar, stored.href) == "Haircut – Ada"
    assert set((await calendar.changes(None)).etags) == {stored.href}


async def test_a_calendar_that_is_closed_to_us_is_not_permitted_and_no_login_is_refused(
    home: Home, calendar: CalendarPort
) -> None:
    await create(calendar)
    home.trouble(Trouble.FORBIDDEN)
    await says(lambda: calendar.changes(None), Trouble.FORBIDDEN, writes=False)


async def test_a_write_that_is_forbidden_is_refused_or_not_permitted_and_not_done(
    home: Home, calendar: CalendarPort
) -> None:
    stored = await create(calendar)
    for call in (
        lambda: create(calendar, "b_2"),
        lambda: calendar.replace(stored.href, draft(title="ours"), stored.data, stored.etag),
        lambda: calendar.remove(stored.href, stored.etag),
    ):
        home.trouble(Trouble.FORBIDDEN)
        with pytest.raises((Refused, NotPermitted)) as caught:
            await call()
        assert not getattr(caught.value, "credentials", False)
    home.trouble(Trouble.NONE)
    assert set((await calendar.changes(None)).etags) == {stored.href}


# Zimun


@pytest.mark.parametrize("trouble", [*ANSWERED, Trouble.FORBIDDEN])
async def test_zimun_answering_no_says_which_no_and_nothing_is_done(
    desk: Desk, port: BookingPort, trouble: Trouble
) -> None:
    booking_id = desk.book(at(9))
    reads: list[Call] = [
        lambda: port.bookings(at(0), at(23)),
        lambda: port.booking(booking_id),
        lambda: port.open_slots("cut", "loc_1", DAY),
    ]
    writes: list[Call] = [
        lambda: port.reschedule(booking_id, at(12), "k1"),
        lambda: port.cancel(booking_id, "k2"),
    ]
    for call in (*reads, *writes):
        desk.trouble(trouble)
        await says(call, trouble, writes=call in writes)
        # who was asked to wait may keep to it by himself
        desk.forward(seconds=31)
    desk.trouble(Trouble.NONE)
    assert desk.known(booking_id) == (at(9), False)
    # none of it was an answer to its key
    await port.reschedule(booking_id, at(12), "k1")
    assert desk.known(booking_id) == (at(12), False)
