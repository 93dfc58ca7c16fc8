"""What is stored comes back as it was."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.domain.actions import (
    Cancel,
    CancelByHand,
    Confirm,
    Create,
    Hold,
    Remove,
    Replace,
    Reschedule,
    RescheduleByHand,
)
from syncd.domain.booking import Booking
from syncd.domain.errors import StoreError
from syncd.domain.event import Observation, Texts
from syncd.domain.link import Link
from syncd.domain.request import CancelWanted, ImportWanted, Known, MoveWanted, Reply, Request
from syncd.state.codec import EFFECT, KNOWN, LINK, OBSERVATION, REPLY, WANTED, Codec
from syncd.state.history import SUMMARY, CycleSummary
from tests.state.values import link, values_of


@pytest.mark.parametrize(
    ("codec", "kind"),
    [
        (LINK, Link),
        (OBSERVATION, Observation),
        (EFFECT, Create),
        (EFFECT, Replace),
        (EFFECT, Remove),
        (EFFECT, Reschedule),
        (EFFECT, Cancel),
        (EFFECT, Hold),
        (EFFECT, Confirm),
        (EFFECT, RescheduleByHand),
        (EFFECT, CancelByHand),
        (WANTED, Request),
        (WANTED, MoveWanted),
        (WANTED, CancelWanted),
        (WANTED, ImportWanted),
        (REPLY, Reply),
        (KNOWN, Known),
        (SUMMARY, CycleSummary),
    ],
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_value_comes_back_equal(codec: Codec[Any], kind: type, data: st.DataObject) -> None:
    value = data.draw(values_of(kind))
    back = codec.load(codec.dump(value))
    assert type(back) is kind
    assert back == value


def test_times_come_back_aware_and_in_utc() -> None:
    back = LINK.load(LINK.dump(link()))
    assert back.booking.start.utcoffset() is not None
    assert back.booking.start.isoformat() == "2026-11-24T10:00:00+00:00"


def test_the_order_of_the_lines_is_kept() -> None:
    texts = Texts("t", "", {"zeta": "1", "alpha": "2", "mid": "3"})
    back = LINK.load(LINK.dump(replace(link(), texts=texts)))
    assert list(back.texts.lines) == ["zeta", "alpha", "mid"]


def test_a_field_that_came_later_gets_its_default() -> None:
    text = LINK.dump(link())
    assert '"leftovers":[],' in text
    assert LINK.load(text.replace('"leftovers":[],', "")) == link()


def test_unreadable_json_is_an_error_that_shows_no_customer() -> None:
    text = LINK.dump(link()).replace('"2026-11-24T10:00:00Z"', '"Ann Example"')
    with pytest.raises(StoreError, match="link that cannot be read") as caught:
        LINK.load(text)
    assert "Ann" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "wrong",
    [
        replace(link(), texts=Texts("Ann Example", "", MappingProxyType({"a": "b"}))),
        replace(link(), booking=Booking("b1", "Ann Example", "never")),  # type: ignore[arg-type]
        replace(link(), data="Ann Example \ud800"),
    ],
)
def test_what_would_not_come_back_is_not_written(wrong: Link) -> None:
    with pytest.raises(ValueError, match="cannot be written") as caught:
        LINK.dump(wrong)
    assert "Ann" not in str(caught.value)
    assert caught.value.__context__ is None
