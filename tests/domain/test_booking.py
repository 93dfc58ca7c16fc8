"""Bookings and spans as values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.domain.actions import Cancel, Plan, Record, Why
from syncd.domain.booking import Booking, Span, Status
from syncd.domain.event import EventTime, Texts
from syncd.domain.ids import BookingId
from syncd.domain.link import Link

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BOOKING = Booking(BookingId("b1"), NINE, NINE + HOUR, service_id="cut", location_id="loc_1", staff_name="Zoe")
quick = settings(max_examples=100, deadline=None, derandomize=True)
minutes = st.integers(0, 200).map(lambda number: NINE + timedelta(minutes=number))


@pytest.mark.parametrize("naive", ["start", "end"])
def test_a_span_needs_aware_times(naive: str) -> None:
    times = {"start": NINE, "end": NINE + HOUR}
    times[naive] = times[naive].replace(tzinfo=None)
    with pytest.raises(ValueError, match="aware"):
        Span(**times)


def test_spans_that_touch_do_not_overlap() -> None:
    assert not Span(NINE, NINE + HOUR).overlaps(Span(NINE + HOUR, NINE + 2 * HOUR))
    assert Span(NINE, NINE + HOUR).overlaps(Span(NINE + HOUR / 2, NINE + 2 * HOUR))
    assert Span(NINE, NINE + 3 * HOUR).overlaps(Span(NINE + HOUR, NINE + 2 * HOUR))


@quick
@given(minutes, minutes, minutes, minutes)
def test_overlap_is_mutual_and_means_a_minute_in_common(a: datetime, b: datetime, c: datetime, d: datetime) -> None:
    one, other = Span(min(a, b), max(a, b) + HOUR / 60), Span(min(c, d), max(c, d) + HOUR / 60)
    common = min(one.end, other.end) - max(one.start, other.start)
    assert one.overlaps(other) == other.overlaps(one) == (common > timedelta(0))


def test_a_span_knows_its_length() -> None:
    assert BOOKING.span == Span(NINE, NINE + HOUR)
    assert BOOKING.span.length == HOUR


@pytest.mark.parametrize(
    "change",
    [
        {"start": NINE - HOUR},
        {"end": NINE + 2 * HOUR},
        {"service_id": "colour"},
        {"location_id": "loc_2"},
        {"staff_name": "Bea"},
        {"status": Status.CANCELLED},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_a_person_decides_makes_another_booking(change: dict[str, Any]) -> None:
    assert not BOOKING.same_as(replace(BOOKING, **change))


@pytest.mark.parametrize(
    "change",
    [
        {"status": Status.SCHEDULED},
        {"updated_at": NINE},
        {"contact_name": "Ada"},
        {"contact_email": "ada@example.org"},
        {"contact_phone": "+49 1"},
        {"notes": "first visit"},
        {"start": NINE.astimezone(timezone(HOUR))},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_nobody_decides_leaves_it_the_same(change: dict[str, Any]) -> None:
    assert BOOKING.same_as(replace(BOOKING, **change))


@pytest.mark.parametrize("status", list(Status))
def test_only_cancelled_is_cancelled(status: Status) -> None:
    assert replace(BOOKING, status=status).cancelled == (status == "cancelled")


def test_letters_are_the_same_whatever_they_are_read_as() -> None:
    one = EventTime("20260302T100000", "Europe/Berlin", instant=NINE)
    assert one.written_like(replace(one, instant=NINE + HOUR))
    assert not one.written_like(replace(one, tzid="Europe/Paris"))
    assert not one.written_like(replace(one, value="20260302T110000"))


def test_a_plans_effects_leave_out_what_is_only_remembered() -> None:
    link = Link(BOOKING.id, "c", "h", "u", BOOKING, EventTime(""), Texts(""))
    record, cancel = Record(BOOKING.id, Why.AGREED, link), Cancel(BOOKING.id, Why.APPROVED, link, link, BOOKING)
    assert Plan((record, cancel)).effects == (cancel,)
