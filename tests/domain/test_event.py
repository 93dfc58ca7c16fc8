"""What an event shows of itself."""

from dataclasses import replace

import pytest

from syncd.domain.event import Event
from tests.planning.lens import STOOD


def copied(description: str, **more: object) -> Event:
    return replace(STOOD.event, uid="4c6f2d0e", booking_id="", description=description, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["Booking: b1", "Dana\nBuchung: b1  \nTel. 030", "Booking: b1\r\n"])
def test_a_line_that_names_the_booking_makes_a_copy(text: str) -> None:
    assert copied(text).is_copy_of("b1")


@pytest.mark.parametrize("text", ["", "b1", "Booking: b12", "Booking: b1 or so", "Booking:b1"])
def test_less_than_that_is_none(text: str) -> None:
    assert not copied(text).is_copy_of("b1")


def test_an_event_of_ours_or_one_marked_as_cancelled_is_none() -> None:
    assert not replace(copied("Booking: b1"), uid="b1@zimun").is_copy_of("b1")
    assert not replace(copied("Booking: b1"), booking_id="b1").is_copy_of("b1")
    assert not copied("Booking: b1", cancelled=True).is_copy_of("b1")
