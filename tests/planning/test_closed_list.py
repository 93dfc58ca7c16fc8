"""Where Zimun does not list bookings to this client."""

from syncd.domain.ids import BookingId
from syncd.planning.looks import questions
from syncd.planning.snapshot import LookBooking
from tests.planning import builders as make
from tests.planning.builders import policy


def test_where_the_list_is_closed_each_known_booking_is_looked_at_by_its_id() -> None:
    seen = make.observation(make.event(make.booking()))
    look = make.snapshot(links=(make.link(make.booking(), seen),), events=(seen,), window=None, list_closed=True)
    assert LookBooking(BookingId("b1")) in questions(look, policy())
