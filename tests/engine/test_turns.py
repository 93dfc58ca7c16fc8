"""Where each booking is looked at by itself, each has its turn, whatever happens in between."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from syncd.domain.ids import BookingId
from syncd.engine.turns import LEAST, LOOKS, Turns
from syncd.planning.looks import Turn
from syncd.planning.snapshot import LookBooking
from syncd.state.store import Store
from tests.planning.builders import NOW

MANY = [LookBooking(BookingId(f"b{number:02}")) for number in range(20)]


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(None) as opened:
        yield opened


def cycle(store: Store, when: Turn, count: int, known: list[LookBooking] = MANY) -> list[LookBooking]:
    """A cycle of a new process that gets so far."""
    turns = Turns(store, NOW)
    order = turns.in_order(when, reversed(known))
    turns.reached(when, order, min(count, len(order)))
    turns.keep()
    return order[:count]


@pytest.mark.parametrize("count", range(1, 20))
@pytest.mark.parametrize("when", [Turn.AT_ONCE, Turn.IN_TURN])
def test_round_and_round(store: Store, when: Turn, count: int) -> None:
    asked = Counter(each for _ in range(20) for each in cycle(store, when, count))
    assert set(asked.values()) == {count}


def test_each_kind_has_turns_of_its_own_and_who_comes_or_goes_disturbs_nobody(store: Store) -> None:
    assert cycle(store, Turn.IN_TURN, 8) == MANY[:8]
    assert cycle(store, Turn.AT_ONCE, 3) == MANY[:3]
    assert cycle(store, Turn.IN_TURN, 4, [*MANY[:7], *MANY[9:]]) == MANY[9:13]
    assert cycle(store, Turn.IN_TURN, 9) == [*MANY[13:], *MANY[:2]]


def test_what_is_over_is_gone_through_once_and_then_from_the_first_again(store: Store) -> None:
    for first in (0, 8, 16, 0):
        assert cycle(store, Turn.LOOK_BACK, 8) == MANY[first : first + 8]


def test_where_all_are_reached_nothing_is_kept(store: Store) -> None:
    for when in Turn:
        assert cycle(store, when, 20) == MANY
    assert cycle(store, Turn.IN_TURN, 0) == []
    assert store.fact("looks_in_turn") is None


def test_there_are_fewer_after_zimun_asked_to_wait_and_more_by_and_by(store: Store) -> None:
    def most(answered: int | None) -> int:
        turns = Turns(store, NOW)
        if answered is not None:
            turns.slow_down(answered)
        else:
            turns.speed_up()
        turns.keep()
        return Turns(store, NOW).most

    assert Turns(store, NOW).most == most(None) == LOOKS
    assert [most(30), most(None), most(None)] == [15, 16, 18]
    assert [most(None) for _ in range(99)][-1] == LOOKS
    # so few that what presses may need all that there is: in every other cycle
    assert [most(9), most(0), most(2), most(None)] == [0, LEAST, 0, LEAST]


@pytest.mark.parametrize(("seconds", "minutes"), [(-3600, 1), (15, 1), (60, 1), (119, 1), (120, 2), (3600, 60)])
def test_who_comes_rarely_looks_at_more_unless_zimun_asked_to_wait(store: Store, seconds: int, minutes: int) -> None:
    later = NOW + timedelta(seconds=seconds)
    store.remember_clock(NOW, "boot", 0.0)
    turns = Turns(store, later)
    assert turns.most == LOOKS * minutes
    turns.slow_down(20)
    turns.keep()
    assert Turns(store, later).most == 10


def test_who_comes_rarely_is_slowed_down_too_and_has_all_of_it_again_by_and_by(store: Store) -> None:
    later = NOW + timedelta(minutes=30)
    store.remember_clock(NOW, "boot", 0.0)
    turns = Turns(store, later)
    turns.slow_down(400)
    turns.keep()
    assert (Turns(store, later).most, Turns(store, NOW).most) == (200, LOOKS)
    for _ in range(20):
        turns.speed_up()
    turns.keep()
    assert Turns(store, later).most == 30 * LOOKS
    assert store.fact("looks_in_turn") == "[null, {}]"
    assert Turns(store, NOW + timedelta(hours=5)).most == 300 * LOOKS
