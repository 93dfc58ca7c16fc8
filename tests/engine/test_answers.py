"""What is looked at, and when a side is left alone."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import cast
from unittest.mock import AsyncMock

from syncd.domain.booking import Booking
from syncd.domain.errors import RateLimited, Unavailable
from syncd.domain.ids import BookingId
from syncd.domain.link import Missing
from syncd.engine.answers import AT_ONCE, MOST_FAILURES, Answering
from syncd.engine.sides import ZIMUN, Health, Managed, Sides
from syncd.engine.turns import LOOKS, Turns
from syncd.planning.looks import questions
from syncd.planning.snapshot import FindEvent, Look, LookBooking, LookSlots, Snapshot
from syncd.state.store import Store
from tests.planning import builders as make
from tests.planning.builders import DAY, NOW

DOWN, LIMITED = Unavailable("no answer"), RateLimited("wait", 60)
SLOTS = LookSlots("s_1", "loc_1", NOW.date())


class Zimun:
    """Tells of the bookings that it can tell of, and fails in its own way about the others."""

    def __init__(self, *fails: str, error: Exception = DOWN) -> None:
        self.fails, self.error = fails, error
        self.asked: list[str] = []
        self.open_slots = AsyncMock(return_value=())

    async def booking(self, booking_id: BookingId) -> Booking:
        self.asked.append(booking_id)
        await asyncio.sleep(0)
        if booking_id in self.fails:
            await asyncio.sleep(0.001)
            raise self.error
        return make.booking(booking_id)


def closed(count: int) -> Snapshot:
    """So many pairs at rest, where no list names them."""
    bookings = [make.booking(f"b{number:02}") for number in range(count)]
    seen = [make.observation(make.event(booking)) for booking in bookings]
    links = tuple(make.link(booking, one) for booking, one in zip(bookings, seen, strict=True))
    return make.snapshot(links=links, events=tuple(seen), window=None, list_closed=True)


def answering(
    zimun: Zimun, store: Store, health: Health, stopping: Callable[[], bool] = lambda: False, account: object = None
) -> Answering:
    sides = cast("Sides", SimpleNamespace(store=store, bookings=zimun, account=account))
    return Answering(sides, Managed({}, make.policy()), health, Turns(store, NOW), stopping)


async def test_each_look_tells_that_the_cycle_goes_on() -> None:
    zimun = Zimun()
    told: list[int] = []

    def stopping() -> bool:
        told.append(len(zimun.asked))
        return False

    with Store.open(None) as store:
        look = closed(9)
        await answering(zimun, store, Health(), stopping).answer(questions(look, make.policy()), look)
    assert len(told) == 9
    assert all(before >= number - AT_ONCE for number, before in enumerate(told))


async def test_who_is_told_to_stop_looks_at_no_more_and_goes_on_behind_them_the_next_time() -> None:
    zimun, look, health = Zimun(), closed(30), Health()
    names = sorted(look.links)
    with Store.open(None) as store:
        made = answering(zimun, store, health, lambda: len(zimun.asked) >= 9)
        answers = await made.answer(questions(look, make.policy()), look)
        assert zimun.asked == names[:9]
        assert [answers[LookBooking(name)] for name in names[9:]] == [Look.UNKNOWN] * 21
        assert (health.faults, made.troubles) == ({}, {})
        made.pace()
        zimun.asked.clear()
        await answering(zimun, store, Health()).answer(questions(look, make.policy()), look)
        assert zimun.asked == [*names[9:], *names[:9]]


async def test_many_that_fail_are_left_for_the_next_cycle_and_the_side_is_not_down() -> None:
    look, health = closed(30), Health()
    names = sorted(look.links)
    zimun = Zimun(*names[1:12])
    with Store.open(None) as store:
        made = answering(zimun, store, health)
        answers = await made.answer(questions(look, make.policy()), look)
        assert 1 + MOST_FAILURES <= len(zimun.asked) < 1 + MOST_FAILURES + AT_ONCE
        assert set(made.troubles) == set(zimun.asked) - {names[0]}
        assert answers.keys() == {LookBooking(name) for name in names}
        assert {answers[LookBooking(name)] for name in names[1:]} == {Look.UNKNOWN}
        assert health.faults == {}
        first = len(zimun.asked)
        zimun.asked.clear()
        await answering(zimun, store, health).answer(questions(look, make.policy()), look)
        assert zimun.asked[0] == names[first]
        assert set(names[12:]) <= set(zimun.asked)


async def test_where_it_asks_to_wait_nobody_else_is_asked_for_and_a_person_who_waits_is_told() -> None:
    look, health = closed(30), Health()
    names = sorted(look.links)
    zimun = Zimun(*names[10:], error=LIMITED)
    with Store.open(None) as store:
        made = answering(zimun, store, health)
        await made.answer(questions(look, make.policy()), look)
        assert len(zimun.asked) <= 10 + AT_ONCE
        assert (health.faults, made.troubles) == ({}, {})
        assert await made.answer([SLOTS], look) == {SLOTS: Look.UNKNOWN}
        assert (list(health.faults), health.retry_after) == ([ZIMUN], 60)
        assert not zimun.open_slots.await_count
        made.pace()
        zimun.asked.clear()
        zimun.fails = ()
        await answering(zimun, store, Health()).answer(questions(look, make.policy()), look)
        assert zimun.asked == names[10:15]


async def test_one_alone_on_whose_account_it_asks_to_wait_does_not_keep_its_turn() -> None:
    look = closed(30)
    names = sorted(look.links)
    zimun = Zimun(names[0], error=LIMITED)
    with Store.open(None) as store:
        await answering(zimun, store, Health()).answer(questions(look, make.policy()), look)
        zimun.asked.clear()
        await answering(zimun, store, Health()).answer(questions(look, make.policy()), look)
        assert zimun.asked == [*names[1:], names[0]]


async def test_where_all_that_presses_fails_the_others_are_asked_for_before_it_counts_as_down() -> None:
    look = closed(70)
    names = sorted(look.links)
    missing = {name: replace(look.links[name], missing=Missing(NOW, 0)) for name in names[:4]}
    look = replace(look, links={**look.links, **missing})
    for fails, down in ((names[:4], False), (names, True)):
        zimun, health = Zimun(*fails), Health()
        with Store.open(None) as store:
            made = answering(zimun, store, health)
            for _ in range(2):
                asked = questions(look, make.policy())
                looks = await made.answer(asked, look)
                look = replace(look, looks={**look.looks, **looks})
            assert questions(look, make.policy()) == set()
            assert set(names[:4]) < set(zimun.asked)
            assert (ZIMUN in health.faults) is down
            assert len(zimun.asked) <= (4 + AT_ONCE + 2 if down else 4 + LOOKS)
        look = replace(look, looks={})


async def test_what_is_over_is_gone_through_in_several_cycles_whatever_else_is_asked_for_in_them() -> None:
    look = closed(LOOKS + 20)
    over = {name: replace(link, booking=make.booking(name, NOW - 3 * DAY)) for name, link in look.links.items()}
    events = [make.observation(make.event(link.booking)) for link in over.values()]
    look = replace(look, links=over, events={seen.key: seen for seen in events}, ended_since=NOW - 9 * DAY)
    names = sorted(over)
    zimun = Zimun()
    with Store.open(None) as store:
        for asked, done in ((names[:LOOKS], False), (names[LOOKS:], True), (names[:LOOKS], False)):
            made = answering(zimun, store, Health())
            looks = await made.answer(questions(look, make.policy()), look)
            assert looks.keys() == {LookBooking(name) for name in names}
            await made.answer([SLOTS], look)
            assert zimun.asked == asked
            assert made.looked_back is done
            zimun.asked.clear()


def half_over(count: int) -> Snapshot:
    """So many pairs, every other one of a visit that is over."""
    look = closed(count)
    names = sorted(look.links)[::2]
    over = {name: replace(look.links[name], booking=make.booking(name, NOW - 3 * DAY)) for name in names}
    events = [make.observation(make.event(link.booking)) for link in over.values()]
    seen = {**look.events, **{one.key: one for one in events}}
    return replace(look, links={**look.links, **over}, events=seen, ended_since=NOW - 9 * DAY)


async def test_what_is_over_leaves_half_of_the_turns_to_the_others() -> None:
    look, zimun = half_over(2 * LOOKS), Zimun()
    names = sorted(look.links)
    with Store.open(None) as store:
        made = answering(zimun, store, Health())
        await made.answer(questions(look, make.policy()), look)
        assert not made.looked_back
    half = LOOKS // 2
    assert zimun.asked == [*names[::2][:half], *names[1::2][:half]]


async def test_what_is_over_was_not_looked_at_where_nothing_was_answered() -> None:
    look = half_over(4)
    names = sorted(look.links)
    for fails, done in ((names, False), (names[::2], True)):
        with Store.open(None) as store:
            made = answering(Zimun(*fails), store, Health())
            await made.answer(questions(look, make.policy()), look)
            assert made.looked_back is done


async def test_a_calendar_side_that_fails_counts_as_down_however_many_bookings_wait_for_their_turn() -> None:
    look = closed(LOOKS + 20)
    finds = [FindEvent(f"u{number}@zimun", BookingId(f"b{number:02}")) for number in range(5)]
    with Store.open(None) as store:
        health = Health()
        account = SimpleNamespace(find=AsyncMock(side_effect=DOWN))
        made = answering(Zimun(), store, health, account=account)
        asked = {*questions(look, make.policy()), *finds}
        found = await made.answer(asked, look)
        assert found.keys() == {*finds}
        await made.answer(asked - found.keys(), look)
        assert list(health.faults) == ["the account's calendars"]
