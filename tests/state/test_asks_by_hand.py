"""What is asked by hand: taken up once, answered once, and the customer's data gone as soon as it can be."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from syncd.domain.request import Known, MoveWanted, Reply
from syncd.state.asks import Ask
from syncd.state.journal import Outcome
from syncd.state.store import Store
from tests.state.values import (
    NOW,
    START,
    booking,
    cancel_by_hand,
    confirm,
    hold,
    link,
    request,
    reschedule_by_hand,
)

LATER = NOW + timedelta(minutes=1)
DONE = Reply(0, "booked", (BookingId("b1"),))


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path / "state.db") as store:
        store.begin_cycle(NOW)
        yield store


def everything(store: Store) -> str:
    tables = ("asks", "intents", "history", "facts", "cycles")
    return str([store._db.execute(f"SELECT * FROM {table}").fetchall() for table in tables])


def test_a_wish_waits_for_a_cycle_of_another_process(store: Store, tmp_path: Path) -> None:
    with Store.open(tmp_path / "state.db") as command:
        number = command.want(request(), NOW)
        assert not command.replied(number)
    (ask,) = store.undecided()
    assert (ask.id, ask.verb, ask.booking_ids, ask.at, ask.wanted) == (number, None, (), NOW, request())


def test_it_is_taken_up_once_and_then_stands_in_the_intent_alone(store: Store) -> None:
    number = store.want(request(), NOW)
    intent = store.take_up(number, hold(number), 1, LATER)
    assert intent is not None
    assert store.open_intents() == [intent]
    assert store.undecided() == []
    assert "Ann" not in str(store._db.execute("SELECT * FROM asks").fetchall())
    assert store.take_up(number, hold(number), 1, LATER) is None
    assert store.open_intents() == [intent]
    assert store.collect(number) == (True, None)
    assert store.collect(number) == (True, None)


def test_what_is_taken_back_is_gone_and_not_taken_up(store: Store) -> None:
    number = store.want(request(), NOW)
    assert store.collect(number) == (False, None)
    assert store.take_up(number, hold(number), 1, LATER) is None
    assert store.undecided() == []
    assert "Ann" not in everything(store)


def test_a_hold_is_closed_and_its_confirm_opened_in_one_transaction(store: Store) -> None:
    number = store.want(request(), NOW)
    first = store.take_up(number, hold(number), 1, NOW)
    assert first is not None
    unwritable = replace(confirm(number), hold_id="\ud800")
    with pytest.raises(ValueError, match="cannot be written"):
        store.record(first, Outcome.DONE, LATER, then=unwritable)
    assert store.open_intents() == [first]
    second = store.record(first, Outcome.DONE, LATER, then=confirm(number))
    assert second is not None
    assert store.open_intents() == [second]
    assert (second.action, second.key != first.key) == (confirm(number), True)


def test_the_end_is_recorded_replied_to_and_known_at_once(store: Store) -> None:
    number = store.want(request(), NOW)
    first = store.take_up(number, hold(number), 1, NOW)
    assert first is not None
    second = store.record(first, Outcome.DONE, NOW, then=confirm(number))
    assert second is not None
    store.record(second, Outcome.UNKNOWN, NOW)
    assert not store.replied(number)
    store.record(second, Outcome.DONE, LATER, known=Known(booking("b1"), LATER), reply=DONE)
    assert store.replied(number)
    assert store.known() == [Known(booking("b1"), LATER)]
    assert [(row.booking_id, row.what, row.outcome) for row in store.history(BookingId("b1"), 9)] == [
        ("b1", "booking.held", "done"),
        ("b1", "booking.confirmed", "unknown"),
        ("b1", "booking.confirmed", "done"),
    ]
    assert store.history(BookingId("request-1"), 9) == []
    assert store.collect(number) == (True, DONE)
    assert store.collect(number) == (False, None)
    assert "Ann" not in everything(store)
    assert "ann@" not in everything(store)


def test_a_reply_to_nobody_is_told_to_nobody(store: Store) -> None:
    number = store.want(request(), NOW)
    store.collect(number)
    store.reply(number, NOW, DONE)
    assert not store.replied(number)
    intent = store.take_up(store.want(request(), NOW), hold(None), 1, NOW)
    assert intent is not None
    store.record(intent, Outcome.REFUSED, NOW, reply=DONE)
    assert store.open_intents() == []


def test_an_imported_booking_is_known_and_told(store: Store) -> None:
    number = store.want(MoveWanted(BookingId("b1"), START), NOW)
    store.reply(number, LATER, DONE, [Known(booking("b1"), LATER)], 1)
    (row,) = store.history(BookingId("b1"), 9)
    assert (row.side, row.what, row.why, row.detail) == ("zimun", "booking.imported", "by_hand", "2026-11-24T10:00Z")
    assert store.known() == [Known(booking("b1"), LATER)]
    store.forget_known([BookingId("b1"), BookingId("b2")])
    assert store.known() == []


def test_one_that_is_old_is_known_no_more(store: Store) -> None:
    store.know(Known(booking("b1"), NOW))
    end = booking("b1").end
    store.prune(end)
    assert [one.booking.id for one in store.known()] == ["b1"]
    store.prune(end + timedelta(seconds=1))
    assert store.known() == []


def test_a_booking_that_goes_on_under_another_id_is_known_once(store: Store) -> None:
    store.know(Known(booking("b1"), NOW))
    store.know(Known(booking("b9"), LATER, before=booking("b1")))
    assert [one.booking.id for one in store.known()] == ["b9"]


def test_changes_by_hand_tell_from_where_to_where_and_count_as_cancellations(store: Store) -> None:
    store.save_link(link("b1"))
    numbers = [store.want(MoveWanted(BookingId("b1"), START), NOW) for _ in range(2)]
    for number, action in zip(numbers, (reschedule_by_hand("b1"), cancel_by_hand("b1")), strict=True):
        intent = store.take_up(number, action, 1, NOW)
        assert intent is not None
        store.record(intent, Outcome.DONE, LATER, reply=DONE)
    assert [(row.what, row.why, row.detail) for row in store.history(BookingId("b1"), 9)] == [
        ("booking.rescheduled", "by_hand", "2026-11-24T10:00Z -> 2026-11-24T11:00Z"),
        ("booking.cancelled", "by_hand", "2026-11-24T10:00Z"),
    ]
    assert store.cancellations_between(NOW, LATER) == (1, frozenset())
    assert store.links() == {"b1": link("b1")}


def test_a_reply_that_nobody_collects_is_soon_forgotten(store: Store) -> None:
    first, second, ahead = (store.want(request(), NOW) for _ in range(3))
    store.reply(first, NOW, Reply(1, "no, Ann Example"))
    store.reply(second, LATER, DONE)
    store.reply(ahead, LATER + timedelta(seconds=1), Reply(1, "no, Ann Example"))
    store.forget_replies(LATER, LATER)
    assert [store.replied(each) for each in (first, second, ahead)] == [False, True, False]
    assert "Ann" not in everything(store)


def test_what_nobody_collected_is_dropped_in_time(store: Store) -> None:
    told, taken, waiting = (store.want(request(), NOW) for _ in range(3))
    store.reply(told, NOW, DONE)
    store.take_up(taken, hold(taken), 1, NOW)
    store.prune(LATER)
    assert [ask.id for ask in store.undecided()] == [waiting]
    assert store._db.execute("SELECT id FROM asks").fetchall() == [(waiting,)]


@pytest.mark.parametrize(
    ("since", "now", "is_about"),
    [
        (-1, 1, True),
        # asked in the very cycle that took the word in, which was killed: also where the clock was set back since
        (0, 1, False),
        (0, -60, False),
        (1, 2, False),
        # from before the clock was set back, and the word from after
        (60, 1, True),
    ],
)
def test_a_word_is_about_what_awaited_it_when_it_was_given(since: int, now: int, *, is_about: bool) -> None:
    minute = timedelta(minutes=1)
    word = Ask(1, Decision.APPROVED, (BookingId("b1"),), NOW)
    assert word.is_about(NOW + since * minute, NOW + now * minute) is is_about
    no = replace(word, verb=Decision.REJECTED)
    assert no.is_about(NOW + since * minute, NOW + now * minute), "passed over it might do harm"
