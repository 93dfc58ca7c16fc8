"""When an object that is not given is asked for again."""

from datetime import timedelta

from syncd.engine.withheld import due, kept
from tests.loop.ground import START

MINUTE = timedelta(minutes=1)


def test_at_once_and_then_after_as_long_again_but_within_ten_minutes() -> None:
    known = kept({}, (), ["/a.ics"], START)
    asked = []
    for minute in range(1, 61):
        now = START + minute * MINUTE
        if due(known, now):
            asked.append(minute)
            known = kept(known, ["/a.ics"], ["/a.ics"], now)
    assert asked == [1, 2, 4, 8, 16, 26, 36, 46, 56]


def test_what_was_given_or_is_gone_is_not_asked_for_any_more() -> None:
    known = kept({}, (), ["/a.ics", "/b.ics", "/c.ics"], START)
    assert kept(known, ["/a.ics", "/b.ics"], ["/b.ics"], START + MINUTE).keys() == {"/b.ics", "/c.ics"}


def test_a_clock_that_was_set_back_keeps_nothing_waiting() -> None:
    known = kept(kept({}, (), ["/a.ics"], START), ["/a.ics"], ["/a.ics"], START + MINUTE)
    assert due(known, START - MINUTE) == {"/a.ics"}


def test_nor_is_it_asked_for_each_time_until_the_clock_is_there_again() -> None:
    known = kept({}, (), ["/a.ics"], START)
    asked = 0
    for minute in range(1, 61):
        now = START - 180 * MINUTE + minute * MINUTE
        if due(known, now):
            asked += 1
            known = kept(known, ["/a.ics"], ["/a.ics"], now)
    assert asked == 6
