"""A side that is down, closed, garbled or lying is no evidence of anything."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncd.app.daemon import _outcome
from syncd.app.pace import Outcome
from syncd.domain.errors import NotPermitted, Unavailable
from syncd.sandbox import Kind
from tests.loop.ground import ON_ONE
from tests.loop.world import APPOINTMENTS, CANCEL, HOUR, RESCHEDULE, at, world
from tests.servers import Server, drop_calendar

DOWN: dict[str, tuple[Kind, dict[str, Any], int]] = {
    "cut": (Kind.LOSE_REQUEST, {}, 75),
    "503": (Kind.ANSWER, {"status": 503}, 75),
    "500": (Kind.ANSWER, {"status": 500, "body": {"detail": "oops"}}, 75),
    "HTML": (Kind.ANSWER, {"status": 200, "body": "<html>Please log in</html>"}, 75),
    "a page with 403": (Kind.ANSWER, {"status": 403, "body": "<html>nginx</html>"}, 75),
    "empty object": (Kind.ANSWER, {"status": 200, "body": {}}, 75),
    "half a body": (Kind.HALF_BODY, {}, 75),
    "401": (Kind.ANSWER, {"status": 401, "body": {"detail": "who?"}}, 77),
    "429": (Kind.ANSWER, {"status": 429, "headers": {"Retry-After": "90"}}, 75),
}


@ON_ONE
@pytest.mark.parametrize("how", DOWN)
async def test_while_the_api_is_not_itself_nothing_is_done_and_then_all_of_it(
    dav: Server, folder: Path, how: str
) -> None:
    kind, answer, exit_code = DOWN[how]
    async with world(dav, folder) as w:
        dragged, deleted, untouched = w.book(at(24, 9)), w.book(at(25, 9)), w.book(at(26, 9))
        await w.cycle()
        await w.delete(deleted)
        await w.cycle(minutes=1)
        await w.drag(dragged, 2 * HOUR)
        before = await w.events()
        # a 401 to some calls alone is a lacking scope
        fault = w.fault(kind, "/api/" if how == "401" else APPOINTMENTS, **(answer | {"times": None}))
        for minutes in (2, 2):
            report = await w.quiet(minutes=minutes)
            assert report.summary.exit_code == exit_code, report.summary.line
            assert report.retry_after == pytest.approx(90 if how == "429" else 0, abs=1)
        assert await w.events() == before
        assert not w.posts
        w.server.faults.remove(fault)
        await w.cycle(minutes=7)
        assert w.booking(dragged).start == at(24, 11)
        assert w.booking(deleted).status == "cancelled"
        assert w.booking(untouched).start == at(26, 9)
        assert len(w.calls(RESCHEDULE)) == len(w.calls(CANCEL)) == 1
        assert (await w.quiet(minutes=3)).summary.exit_code == 0


async def test_one_refused_token_costs_nothing(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        w.fault(Kind.ANSWER, APPOINTMENTS, status=401)
        assert (await w.cycle()).summary.exit_code == 0
        assert await w.exists(booked)


LOST: dict[str, tuple[Kind, dict[str, Any]]] = {
    "answer": (Kind.LOSE_ANSWER, {}),
    "half the answer": (Kind.HALF_BODY, {}),
    "500 after the deed": (Kind.REPLACE_ANSWER, {"status": 500}),
    "HTML after the deed": (Kind.REPLACE_ANSWER, {"status": 200, "body": "<html>?</html>"}),
}


@ON_ONE
@pytest.mark.parametrize("how", LOST)
@pytest.mark.parametrize("times", [1, 3])
async def test_a_lost_answer_is_one_effect_under_one_key(dav: Server, folder: Path, how: str, times: int) -> None:
    kind, answer = LOST[how]
    async with world(dav, folder) as w:
        dragged, deleted = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        await w.delete(deleted)
        await w.cycle(minutes=1)
        await w.drag(dragged, 2 * HOUR)
        etag, _ = await w.event(dragged)
        for path in (RESCHEDULE, CANCEL):
            w.fault(kind, path, "POST", times=times, **answer)
        await w.cycle(minutes=10)
        for minutes in (1, 3, 3):
            report = await w.cycle(minutes=minutes)
        assert w.booking(dragged).start == at(24, 11)
        assert w.booking(deleted).status == "cancelled"
        for path in (RESCHEDULE, CANCEL):
            assert len(set(w.calls(path))) == 1, path
        assert (await w.event(dragged))[0] == etag
        assert report.summary.exit_code == 0, report.summary.line
        assert not w.store.open_intents()
        await w.quiet()


async def test_a_request_that_never_arrived_is_a_new_intent_next_time(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        dragged = w.book(at(24, 9))
        await w.cycle()
        await w.drag(dragged, 2 * HOUR)
        w.fault(Kind.LOSE_REQUEST, RESCHEDULE, "POST", times=3)
        assert (await w.cycle()).summary.exit_code == 75
        await w.cycle(minutes=1)
        assert w.booking(dragged).start == at(24, 11)
        await w.quiet(minutes=3)


async def test_a_settled_move_that_the_person_dragged_on_meanwhile_is_not_undone(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        dragged = w.book(at(24, 9))
        await w.cycle()
        await w.drag(dragged, 2 * HOUR)
        w.fault(Kind.LOSE_ANSWER, RESCHEDULE, "POST", times=3)
        await w.cycle()
        await w.drag(dragged, 2 * HOUR)
        await w.cycle(minutes=1)
        await w.cycle(minutes=1)
        assert w.booking(dragged).start == at(24, 13)
        assert await w.start(dragged) == ";TZID=Europe/Berlin:20261124T140000"
        assert not await w.note(dragged)
        await w.quiet(minutes=3)


async def test_a_customers_move_after_a_lost_answer_counts(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        dragged = w.book(at(24, 9))
        await w.cycle()
        await w.drag(dragged, 2 * HOUR)
        w.fault(Kind.LOSE_ANSWER, RESCHEDULE, "POST", times=3)
        await w.cycle()
        w.salon.move(dragged, at(25, 14))
        await w.cycle(minutes=1)
        assert w.booking(dragged).start == at(25, 14)
        assert await w.start(dragged) == ";TZID=Europe/Berlin:20261125T150000"
        assert len(set(w.calls(RESCHEDULE))) == 1
        await w.quiet(minutes=3)


@ON_ONE
@pytest.mark.parametrize("status", [403, 406, 409, 422])
async def test_a_firewall_s_page_in_the_way_of_writes_refuses_nothing(dav: Server, folder: Path, status: int) -> None:
    async with world(dav, folder) as w:
        dragged, deleted = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        await w.delete(deleted)
        await w.cycle(minutes=1)
        await w.drag(dragged, 2 * HOUR)
        page = w.fault(Kind.ANSWER, APPOINTMENTS, "POST", times=None, status=status, body="<html>Not Acceptable</html>")
        report = await w.cycle(minutes=11)
        assert report.summary.exit_code == 75
        assert await w.start(dragged) == ";TZID=Europe/Berlin:20261124T120000"
        assert not await w.exists(deleted)
        w.server.faults.remove(page)
        await w.cycle(minutes=1)
        assert w.booking(dragged).start == at(24, 11)
        assert w.booking(deleted).status == "cancelled"
        assert await w.start(dragged) == ";TZID=Europe/Berlin:20261124T120000"
        await w.quiet(minutes=3)


@ON_ONE
@pytest.mark.parametrize("status", [401, 403])
async def test_where_writing_is_closed_reading_goes_on_and_the_move_waits(
    dav: Server, folder: Path, status: int
) -> None:
    """FastAPI's own examples say 401 where a scope is lacking: no login is refused, and nothing slows down."""
    async with world(dav, folder) as w:
        dragged, moved = w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        body = {"detail": "Not enough permissions"}
        closed = w.fault(Kind.ANSWER, APPOINTMENTS, "POST", times=None, status=status, body=body)
        await w.drag(dragged, 2 * HOUR)
        for minutes in (1, 1, 16):
            report = await w.cycle(minutes=minutes)
            assert (report.summary.exit_code, _outcome(report)) == (1, Outcome.WENT)
        w.salon.move(moved, at(26, 14))
        await w.cycle(minutes=1)
        assert await w.start(moved) == ";TZID=Europe/Berlin:20261126T150000"
        w.server.faults.remove(closed)
        await w.cycle(minutes=16)
        assert w.booking(dragged).start == at(24, 11)
        assert (await w.cycle(minutes=3)).summary.exit_code == 0


async def test_one_calendar_that_is_gone_stops_no_drag_in_the_other(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    other = new_calendar()
    entry = f'[[calendars]]\nurl = "{other}"\nlocations = ["loc_shoreditch"]\n'
    async with world(dav, folder, calendars=entry) as w:
        there, dragged, deleted = w.book(at(24, 9), place="loc_shoreditch"), w.book(at(24, 9)), w.book(at(25, 9))
        await w.cycle()
        drop_calendar(dav, other)
        await w.drag(dragged, 2 * HOUR)
        await w.delete(deleted)
        new = w.book(at(26, 9))
        for minutes in (1, 11, 11):
            report = await w.cycle(minutes=minutes)
            assert report.summary.exit_code == 1
        assert w.booking(dragged).start == at(24, 11)
        assert await w.exists(new)
        assert not w.calls(CANCEL)
        assert {w.booking(each).status.value for each in (there, deleted)} == {"confirmed"}


async def test_a_refused_cancellation_brings_the_event_back_with_the_reason(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(24, 9))
        await w.cycle()
        await w.delete(booked)
        await w.cycle()
        refusal = {"error": {"code": "too_late", "message": "Not within 48 hours."}}
        w.fault(Kind.ANSWER, CANCEL, "POST", status=409, body=refusal)
        await w.cycle(minutes=10)
        note = await w.note(booked)
        assert "Zimun did not cancel this booking. Its answer: “Not within 48 hours.”" in note
        await w.quiet(minutes=11)


@pytest.mark.parametrize(("fault", "exit_code"), [
    (Unavailable("the calendar server cannot be reached"), 75),
    (NotPermitted("the calendar server refuses the user name or password", credentials=True), 77),
])  # fmt: skip
async def test_while_the_calendar_is_down_nothing_is_done(
    dav: Server, folder: Path, fault: Exception, exit_code: int
) -> None:
    async with world(dav, folder) as w:
        dragged, deleted, moved = w.book(at(24, 9)), w.book(at(25, 9)), w.book(at(26, 9))
        await w.cycle()
        await w.delete(deleted)
        await w.cycle(minutes=1)
        await w.drag(dragged, 2 * HOUR)
        w.salon.move(moved, at(26, 14))
        w.dav_fault = fault  # type: ignore[assignment]
        for _ in range(2):
            assert (await w.quiet(minutes=11)).summary.exit_code == exit_code
        assert not w.posts
        w.dav_fault = None
        await w.cycle(minutes=1)
        assert w.booking(dragged).start == at(24, 11)
        assert w.booking(deleted).status == "cancelled"
        assert await w.start(moved) == ";TZID=Europe/Berlin:20261126T150000"


async def test_a_calendar_that_is_gone_stands_still_loudly(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = [w.book(at(24 + n, 9)) for n in range(3)]
        await w.cycle()
        drop_calendar(dav, dav.calendar_url)
        w.salon.move(booked[0], at(24, 12))
        for minutes in (1, 11, 11):
            report = await w.quiet(minutes=minutes)
            assert report.summary.exit_code == 1
            assert "there is no calendar" in report.summary.line
        assert not w.posts
