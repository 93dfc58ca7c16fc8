"""When a booking is in another name than the one it is asked for in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syncd.domain.booking import Booking
from syncd.domain.ids import BookingId
from syncd.domain.request import Request

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BOOKING = Booking(BookingId("b1"), NINE, NINE + timedelta(hours=1))
REQUEST = Request("cut", "loc_1", NINE, "Zoë Strauß", "zoe@example.org")


@pytest.mark.parametrize(
    ("name", "another"),
    [
        ("Zoë Strauß", False),
        ("  zoe\tSTRAUSS ", False),
        ("Zoe\u0308 Strauß", False),
        ("", False),
        (" ", False),
        ("Max Strauß", True),
        ("Zoë", True),
    ],
)
def test_two_who_share_an_address_are_told_apart_by_what_is_clearly_another_name(name: str, another: bool) -> None:
    assert REQUEST.is_in_another_name(replace(BOOKING, contact_name=name)) is another
    booking = replace(BOOKING, contact_name=REQUEST.contact_name)
    assert replace(REQUEST, contact_name=name).is_in_another_name(booking) is another
