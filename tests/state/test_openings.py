"""What is remembered of the calendar of open slots."""

from dataclasses import replace

from syncd.state.pairs import UNREAD
from syncd.state.store import Store
from tests.state.values import CALENDAR, NOW, OPEN, opening


def test_they_are_kept_changed_and_forgotten_one_by_one() -> None:
    cut, colour = opening(), opening("colour")
    with Store.open(None) as store:
        store.keep_openings(OPEN, [cut, colour])
        assert store.openings(OPEN) == [colour, cut]
        edited = replace(cut, edited=True, etag='"2"')
        store.keep_openings(OPEN, [edited], [colour.href])
        assert store.openings(OPEN) == [edited]
        assert store.openings(CALENDAR) == []


def test_the_position_comes_with_what_it_covers() -> None:
    with Store.open(None) as store:
        assert store.openings_position(OPEN) == UNREAD
        store.keep_openings(OPEN, [opening()], (), ("c1", NOW))
        store.keep_openings(OPEN, [replace(opening(), edited=True)])
        assert store.openings_position(OPEN) == ("c1", NOW)
        store.keep_openings(OPEN, (), (), (None, NOW))
        assert store.openings_position(OPEN) == (None, NOW)
        store.keep_openings(OPEN, (), (), UNREAD)
        assert store.openings_position(OPEN) == UNREAD


def test_another_calendar_begins_anew() -> None:
    with Store.open(None) as store:
        store.keep_openings(OPEN, [opening()], (), ("c1", NOW))
        assert store.openings_position(CALENDAR) == UNREAD
        store.keep_openings(CALENDAR, (), (), ("c2", NOW))
        assert (store.openings(OPEN), store.openings_position(OPEN)) == ([], UNREAD)
