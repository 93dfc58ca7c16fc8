"""Where Zimun does not list bookings to this client."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.domain.booking import Booking
from syncd.domain.ids import BookingId
from syncd.domain.link import Closed, ClosedWhy
from syncd.planning.looks import questions
from syncd.planning.planner import make_plan
from syncd.planning.snapshot import LookBooking, Snapshot
from tests.planning import builders as make
from tests.planning.builders import DAY, FOUR, HOUR, MINUTE, NOW, SIDE, policy
from tests.planning.lens import B1

BY_ID = LookBooking(B1)


def test_where_the_list_is_closed_each_known_booking_is_looked_at_by_its_id() -> None:
    seen = make.observation(make.event(make.booking()))
    look = make.snapshot(links=(make.link(make.booking(), seen),), events=(seen,), window=None, list_closed=True)
    assert LookBooking(BookingId("b1")) in questions(look, policy())


def closed(old: Booking) -> Snapshot:
    """That booking and its event, as both sides agreed, where the list is closed."""
    seen = make.observation(make.event(old))
    return make.snapshot(links=(make.link(old, seen),), events=(seen,), window=None, list_closed=True)


@pytest.mark.parametrize(("earlier", "looked_at"), [(0 * MINUTE, True), (MINUTE, False)])
def test_what_ended_lately_is_looked_at_once_more_and_followed_where_its_customer_moved_it(
    earlier: timedelta, *, looked_at: bool
) -> None:
    ended = NOW - 3 * DAY
    old = make.booking(start=ended - HOUR - earlier)
    assert questions(closed(old), policy()) == set()
    look = replace(closed(old), ended_since=ended)
    assert questions(look, policy()) == ({BY_ID} if looked_at else set())
    same = replace(look, looks={BY_ID: old})
    assert (questions(same, policy()), make_plan(same, policy()).actions) == (set(), ())
    moved = replace(look, looks={BY_ID: make.booking(start=FOUR)})
    (action,) = make_plan(moved, policy()).actions
    assert action.link.booking.start == FOUR


def test_but_not_where_the_list_is_open_nor_what_is_none_of_ours_any_more() -> None:
    look = replace(closed(make.booking(start=NOW - 2 * DAY)), ended_since=NOW - 3 * DAY)
    assert questions(look, policy()) == {BY_ID}
    assert questions(replace(look, list_closed=False), policy()) == set()
    assert questions(replace(look, managed=frozenset({SIDE}), readable=frozenset({SIDE})), policy()) == set()
    over = replace(look.links[B1], closed=Closed(NOW - DAY, ClosedWhy.DELETED_PAST))
    assert questions(replace(look, links={B1: over}), policy()) == set()
