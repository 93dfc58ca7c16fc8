"""How a booking is named in a calendar, and the way back."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncd.domain.ids import BookingId, name_of, parse_uid, stem, stem_of_href, uid_of

SEGMENT = re.compile(r"[A-Za-z0-9_-]{1,64}(~[1-9][0-9]*)?\.ics")
hostile = st.text(st.characters(), max_size=200) | st.from_regex(r"[./\\%~@?#A-Za-z0-9_-]{0,80}", fullmatch=True)
quick = settings(max_examples=150, deadline=None, derandomize=True)


@quick
@given(hostile, st.integers(1, 9999))
@example("../../etc/passwd", 1)
@example("..", 1)
@example("", 1)
@example("a/b", 2)
@example("a%2Fb", 1)
@example("b_1~2", 1)
@example("b_1@zimun", 1)
@example("b_1\n", 1)
@example("\ud800", 1)
@example("x" * 65, 1)
def test_any_id_is_one_plain_segment_and_comes_back(name: str, generation: int) -> None:
    booking_id = BookingId(name)
    assert SEGMENT.fullmatch(name_of(booking_id, generation))
    assert parse_uid(uid_of(booking_id, generation)) == (stem(booking_id), generation)
    assert stem_of_href("/cal/" + name_of(booking_id, generation)) == stem(booking_id)


@quick
@given(hostile, hostile)
@example("a/b", "a_b")
@example("x" * 65, "x" * 64)
def test_two_bookings_never_share_a_name(one: str, other: str) -> None:
    assert (uid_of(BookingId(one)) == uid_of(BookingId(other))) == (one == other)
    assert (name_of(BookingId(one)) == name_of(BookingId(other))) == (one == other)


def test_a_plain_id_stands_in_the_name_as_it_is() -> None:
    assert uid_of(BookingId("bk_Ab-9")) == "bk_Ab-9@zimun"
    assert name_of(BookingId("bk_Ab-9")) == "bk_Ab-9.ics"
    assert uid_of(BookingId("bk_1"), 2) == "bk_1~2@zimun"
    assert name_of(BookingId("bk_1"), 2) == "bk_1~2.ics"


@pytest.mark.parametrize(
    "uid",
    [
        "",
        "@zimun",
        "b_1",
        "b_1@zimun.example.org",
        "b_1@ZIMUN",
        "b_1~@zimun",
        "b_1~0@zimun",
        "b_1~01@zimun",
        "b_1~-2@zimun",
        "b_1~2~3@zimun",
        "a/b@zimun",
        "b_1@zimun\n",
        "x" * 65 + "@zimun",
        "b_1~2²@zimun",
    ],
)
def test_a_uid_of_somebody_else_is_not_ours(uid: str) -> None:
    assert parse_uid(uid) is None
