"""Links, observations and cursors."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.state.store import Store
from syncd.state.withheld import Withheld
from tests.state.values import CALENDAR, NOW, foreign, link, seen

OTHER = "https://dav.example.org/desk/other/"


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path / "state.db") as store:
        yield store


def test_open_and_closed_links_come_back(store: Store) -> None:
    store.save_link(link("b2", closed=NOW))
    store.save_link(link("b1"))
    assert list(store.links().items()) == [("b1", link("b1")), ("b2", link("b2", closed=NOW))]


def test_saving_again_takes_the_place(store: Store) -> None:
    store.save_link(link())
    changed = replace(link(), etag='"2"', replay="x")
    store.save_link(changed)
    assert store.links() == {"b1": changed}


def test_a_renamed_link_is_the_same_pair_under_its_new_id(store: Store) -> None:
    store.save_link(link("old"))
    carried = replace(link("new"), href=link("old").href, uid=link("old").uid)
    store.rename_link("old", carried)
    assert store.links() == {"new": carried}


def test_a_renamed_link_takes_the_place_of_one_that_was_there(store: Store) -> None:
    store.save_link(link("old"))
    store.save_link(link("new"))
    carried = replace(link("new"), href=link("old").href, uid=link("old").uid)
    store.rename_link("old", carried)
    assert store.links() == {"new": carried}


def test_odd_ids_are_kept_as_they_are(store: Store) -> None:
    for odd in ["a/b", "..", "line\nbreak", "nul\0", "'; DROP TABLE links; --", "ü" * 10_000]:
        store.save_link(link(odd))
        assert store.links()[odd].booking_id == odd


def test_what_a_server_does_not_give_is_remembered_by_calendar_with_the_cursor_that_passes_it_by(store: Store) -> None:
    missing = {"/desk/bookings/b1.ics": Withheld(NOW, NOW + timedelta(minutes=1))}
    store.observe(CALENDAR, [], [], "c1", NOW, not_given=missing)
    store.observe(CALENDAR, [], [], "c2", None)
    assert (store.withheld(CALENDAR), store.withheld(OTHER)) == (missing, {})
    store.keep_openings(OTHER, [], not_given=missing)
    store.observe(CALENDAR, [], [], "c3", None, not_given={})
    assert (store.withheld(CALENDAR), store.withheld(OTHER)) == ({}, missing)


def test_of_somebody_elses_event_only_href_and_etag_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "foreign.db"
    with Store.open(path) as store:
        store.observe(CALENDAR, [foreign(), seen()], [], "c1", NOW)
        assert store.observations() == {seen().key: seen()}
        assert store.etags(CALENDAR) == {foreign().href: '"9"', seen().href: '"1"'}
    assert b"secret" not in path.read_bytes()


def test_an_unreadable_event_of_ours_is_kept_with_its_fault(store: Store) -> None:
    broken = replace(seen(), event=None, fault="no DTSTART")
    store.observe(CALENDAR, [broken], [], None, None)
    assert store.observations() == {broken.key: broken}


def test_an_event_that_is_ours_no_more_loses_its_content(store: Store) -> None:
    store.observe(CALENDAR, [seen()], [], "c1", None)
    store.observe(CALENDAR, [replace(seen(), event=None, data="x", etag='"2"')], [], "c2", None)
    assert store.observations() == {}
    assert store.etags(CALENDAR) == {seen().href: '"2"'}


def test_observing_changes_what_changed_and_leaves_the_rest(store: Store) -> None:
    store.observe(CALENDAR, [seen("b1"), seen("b2"), seen("b3"), foreign()], [], "c1", NOW)
    moved = seen("b2", NOW + timedelta(days=9), '"2"')
    store.observe(CALENDAR, [moved], [seen("b3").href, foreign().href, "/never/seen.ics"], "c2", None)
    assert store.observations() == {seen("b1").key: seen("b1"), moved.key: moved}
    assert store.etags(CALENDAR) == {seen("b1").href: '"1"', moved.href: '"2"'}


def test_the_same_href_in_two_calendars_is_two_events(store: Store) -> None:
    there = replace(seen(), calendar=OTHER, etag='"7"')
    store.observe(CALENDAR, [seen()], [], "c", None)
    store.observe(OTHER, [there], [], "d", None)
    store.observe(CALENDAR, [], [seen().href], "c2", None)
    assert store.observations() == {there.key: there}
    assert (store.etags(CALENDAR), store.etags(OTHER)) == ({}, {there.href: '"7"'})


def test_a_missing_etag_is_none(store: Store) -> None:
    store.observe(CALENDAR, [seen(etag=None)], [], None, None)
    assert store.etags(CALENDAR) == {seen().href: None}


def test_an_unknown_calendar_has_no_cursor(store: Store) -> None:
    assert store.cursor(CALENDAR) == (None, None)


def test_the_cursor_moves_and_remembers_the_last_full_listing(store: Store) -> None:
    store.observe(CALENDAR, [], [], "c1", NOW)
    store.observe(CALENDAR, [], [], "c2", None)
    assert store.cursor(CALENDAR) == ("c2", NOW)
    later = NOW + timedelta(hours=1)
    store.observe(CALENDAR, [], [], None, later)
    assert store.cursor(CALENDAR) == (None, later)


def test_forgetting_the_cursor_keeps_what_was_seen(store: Store) -> None:
    store.observe(CALENDAR, [seen()], [], "c1", NOW)
    store.forget_cursor(CALENDAR)
    assert store.cursor(CALENDAR) == (None, NOW)
    assert store.observations() == {seen().key: seen()}


def test_a_cursor_does_not_move_without_what_it_covers(store: Store) -> None:
    store.observe(CALENDAR, [seen("b1")], [], "c1", NOW)
    unwritable = replace(seen("b2"), data="\ud800")
    with pytest.raises(ValueError, match="cannot be written"):
        store.observe(CALENDAR, [seen("b3"), unwritable], [seen("b1").href], "c2", NOW)
    assert store.cursor(CALENDAR) == ("c1", NOW)
    assert store.observations() == {seen("b1").key: seen("b1")}
