"""What syncd knows by its own doing is forgotten where nothing waits for it any more, and no sooner."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import cast
from unittest.mock import AsyncMock

import pytest

from syncd.domain.booking import Status
from syncd.domain.candidate import Candidate, Stage
from syncd.domain.ids import BookingId
from syncd.domain.request import Known
from syncd.engine.known import Listed, with_known
from syncd.engine.sides import Sides
from syncd.state.store import Store
from tests.planning import builders as make
from tests.planning.builders import HOME, NOON, NOW
from tests.planning.lens import BOOKED

OFF = replace(BOOKED, status=Status.CANCELLED)
ASKED = Candidate(0, HOME, "/home/ask.ics", None, "v", "w", Stage.BOOKED, NOW, booking_id=BOOKED.id)


@pytest.mark.parametrize(
    ("asked", "gone", "known", "looks"), [(True, False, 1, 1), (True, True, 1, 0), (False, False, 0, 0)]
)
async def test_how_a_booking_ended_is_known_as_long_as_the_event_that_asked_for_it_is_remembered(
    *, asked: bool, gone: bool, known: int, looks: int
) -> None:
    """A listing that leaves it out may be wrong; while it does, nobody looks."""
    with Store.open(None) as store:
        store.know(Known(OFF, NOW))
        store.take_notice(HOME, [ASKED] if asked else [], [], store.begin_cycle(NOW), NOW)
        store.take_notice(HOME, [], store.candidates() if gone else [], 1, NOW)
        port = SimpleNamespace(booking=AsyncMock(return_value=OFF))
        sides = cast("Sides", SimpleNamespace(store=store, bookings=port))
        later = NOW + timedelta(days=1)
        await with_known(sides, Listed({}, None), {}, make.policy(), later, ())
        assert (len(store.known()), port.booking.await_count) == (known, looks)


@pytest.mark.parametrize("unsettled", [(), (BOOKED.id,)])
async def test_one_of_which_an_intent_is_open_is_not_judged_by_its_pair(unsettled: tuple[BookingId, ...]) -> None:
    link = make.link(BOOKED, make.observation(make.event(BOOKED)))
    with Store.open(None) as store:
        store.know(Known(BOOKED, NOW))
        port = SimpleNamespace(booking=AsyncMock(return_value=BOOKED))
        sides = cast("Sides", SimpleNamespace(store=store, bookings=port))
        await with_known(sides, Listed({}, None), {BOOKED.id: link}, make.policy(), NOW, unsettled)
        assert len(store.known()) == len(unsettled)
        # moved by its customer before that is settled
        store.know(Known(BOOKED, NOW))
        port.booking.return_value = moved = make.booking(start=NOON)
        await with_known(sides, Listed({}, None), {BOOKED.id: link}, make.policy(), NOW, unsettled)
        assert [one.booking for one in store.known()] == ([moved] if unsettled else [])
