"""How long what came to nothing rests before it is asked for again."""

from datetime import UTC, datetime, timedelta

from syncd.domain.ids import BookingId
from syncd.engine import memory
from syncd.state.store import Store

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ONE, OTHER = BookingId("event-1"), BookingId("event-2")


def tries(store: Store, minutes: int) -> list[int]:
    """In which of so many cycles, one a minute, it is asked for, where it never comes to anything."""
    asked = []
    for minute in range(minutes):
        now = NOW + minute * MINUTE
        if not memory.is_put_off(store, ONE, now):
            memory.put_off(store, ONE, now)
            asked.append(minute)
    return asked


def test_it_rests_half_as_long_as_that_has_gone_on_and_a_quarter_of_an_hour_at_most() -> None:
    with Store.open(None) as store:
        assert tries(store, 90) == [0, 1, 2, 3, 5, 8, 12, 18, 27, 41, 56, 71, 86]
        assert not memory.is_put_off(store, OTHER, NOW)


def test_what_is_answered_begins_anew_and_only_it() -> None:
    with Store.open(None) as store:
        for name in (ONE, OTHER):
            for minute in (0, 20):
                memory.put_off(store, name, NOW + minute * MINUTE)
        memory.is_answered(store, ONE)
        later = NOW + 21 * MINUTE
        assert (memory.is_put_off(store, ONE, later), memory.is_put_off(store, OTHER, later)) == (False, True)
        memory.put_off(store, ONE, later)
        assert not memory.is_put_off(store, ONE, later)


def test_it_may_rest_longer_where_it_is_not_permitted() -> None:
    with Store.open(None) as store:
        memory.put_off(store, ONE, NOW, memory.CLOSED_FOR)
        assert memory.is_put_off(store, ONE, NOW + 14 * MINUTE)
        assert not memory.is_put_off(store, ONE, NOW + 15 * MINUTE)


def test_a_clock_that_was_set_back_puts_nothing_off_for_long() -> None:
    with Store.open(None) as store:
        memory.put_off(store, ONE, NOW, memory.CLOSED_FOR)
        assert not memory.is_put_off(store, ONE, NOW - 60 * MINUTE)


def test_what_rested_long_ago_is_forgotten() -> None:
    with Store.open(None) as store:
        memory.put_off(store, ONE, NOW)
        memory.put_off(store, OTHER, NOW + 50 * MINUTE)
        memory.forget_rests(store, NOW + 90 * MINUTE)
        assert ONE not in (store.fact("asks_put_off") or "")
        assert OTHER in (store.fact("asks_put_off") or "")
