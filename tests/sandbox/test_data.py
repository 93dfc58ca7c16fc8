"""The data to begin with: believable, and the same again for one seed and date."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.sandbox import Salon, make_salon
from tests.sandbox.conftest import FakeClock


def book(salon: Salon) -> list[object]:
    return list(salon.appointments())


def test_one_seed_and_date_give_the_same_book_again(clock: FakeClock) -> None:
    assert book(make_salon(clock)) == book(make_salon(clock))


def test_another_date_or_seed_gives_another_book_with_other_ids(clock: FakeClock) -> None:
    ids = {each.booking_id for each in make_salon(clock).appointments()}
    assert ids.isdisjoint(each.booking_id for each in make_salon(clock, seed=2).appointments())
    clock.forward(days=1)
    assert ids.isdisjoint(each.booking_id for each in make_salon(clock).appointments())


@pytest.mark.parametrize("weekday", range(7))
def test_bookings_reach_from_yesterday_to_two_weeks_ahead_at_both_places(clock: FakeClock, weekday: int) -> None:
    clock.forward(days=weekday)
    found = make_salon(clock).appointments()
    days = {(each.start.date() - clock.time.date()).days for each in found}
    assert len(found) == 32
    assert days == set(range(-1, 15))
    assert {each.location_id for each in found} == {"loc_mitte", "loc_shoreditch"}


def test_nobody_is_booked_twice_at_one_time(clock: FakeClock) -> None:
    live = [each for each in make_salon(clock).appointments() if each.status != "cancelled"]
    for one in live:
        others = [each for each in live if each.staff_id == one.staff_id and each is not one]
        assert not any(one.start < each.end and each.start < one.end for each in others)


def test_every_booking_lies_within_opening_hours(clock: FakeClock) -> None:
    salon = make_salon(clock)
    for each in salon.appointments():
        service, place = salon.choose(each.service_id, each.location_id)
        hours = salon.staff[each.staff_id].starts(
            place.zone, each.start.astimezone(place.zone).date(), service.duration
        )
        assert each.start in hours


def test_customers_are_reachable_nowhere(clock: FakeClock) -> None:
    found = make_salon(clock, count=40).appointments()
    assert {each.contact_email.rpartition("@")[2] for each in found} == {"example.com", "example.org"}
    assert all(each.contact_phone.startswith(("+49 30 23125", "+44 20 7946 0")) for each in found if each.contact_phone)
    assert len({each.contact_name for each in found}) == 40
    assert any(each.notes for each in found)


def test_a_thousand_bookings_can_be_asked_for(clock: FakeClock) -> None:
    assert len(make_salon(clock, count=1000, days=60).appointments()) == 1000


def test_more_bookings_than_fit_are_refused(clock: FakeClock) -> None:
    with pytest.raises(ValueError, match="fit into 1 days"):
        make_salon(clock, count=1000, days=1)


def test_what_the_customer_does_is_seen_at_once(salon: Salon, clock: FakeClock) -> None:
    start = datetime(2026, 2, 20, 13, tzinfo=UTC)
    booking = salon.book("s_colour", start, name="Zoë", email="zoe@example.org", notes="Hi")
    assert salon.find(booking.booking_id).contact_name == "Zoë"
    assert salon.move(booking.booking_id, start + timedelta(hours=1)).start == start + timedelta(hours=1)
    assert salon.cancel(booking.booking_id).status == "cancelled"
