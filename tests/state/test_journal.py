"""Intents: written down before the deed, closed together with what follows from it."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.domain.actions import Why
from syncd.domain.note import Note, NoteKind
from syncd.state.journal import Outcome
from syncd.state.store import Store
from tests.state.values import (
    CALENDAR,
    NOW,
    START,
    cancel,
    create,
    link,
    remember,
    remove,
    reschedule,
    seen,
    update,
)

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path / "state.db") as store:
        store.begin_cycle(NOW)
        yield store


def test_effects_become_open_intents_in_order_and_survive(store: Store, tmp_path: Path) -> None:
    actions = [create("b1"), remember("b2"), update("b3"), remove("b4"), reschedule("b5"), cancel("b6")]
    intents = store.journal(actions, 1, NOW)
    assert [intent.action for intent in intents] == [actions[0], *actions[2:]]
    assert {(intent.cycle, intent.at) for intent in intents} == {(1, NOW)}
    with Store.open(tmp_path / "state.db") as other:
        assert other.open_intents() == intents


def test_each_intent_has_a_key_of_its_own_also_for_the_same_wish(store: Store) -> None:
    first = store.journal([reschedule(), reschedule()], 1, NOW)
    second = store.journal([reschedule()], 1, LATER)
    assert len({intent.key for intent in first + second}) == 3


def test_records_are_done_at_once_each_with_a_history_row(store: Store) -> None:
    assert store.journal([remember("b1"), remember("b2", Why.REMEMBERED)], 1, NOW) == []
    assert store.links() == {"b1": link("b1"), "b2": link("b2")}
    (row,) = store.history(None, 9)
    assert (row.booking_id, row.side, row.what, row.why) == ("b1", "syncd", "link.recorded", "grace_begun")


def test_before_is_remembered_with_the_intent_and_link_is_not(store: Store) -> None:
    actions = [reschedule("b1"), cancel("b2"), create("b3")]
    store.journal(actions, 1, NOW)
    assert store.links() == {"b1": actions[0].before, "b2": actions[1].before}


def test_a_journal_is_written_whole_or_not_at_all(store: Store) -> None:
    unwritable = replace(create("b3"), onto="\ud800")
    with pytest.raises(ValueError, match="cannot be written"):
        store.journal([remember("b1"), reschedule("b2"), unwritable], 1, NOW)
    assert (store.links(), store.open_intents(), store.history(None, 9)) == ({}, [], [])


def test_a_journal_belongs_to_a_cycle_that_was_begun(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        store.journal([create()], 99, NOW)
    assert store.open_intents() == []


def test_done_keeps_observation_and_link_and_closes_the_intent(store: Store) -> None:
    (intent,) = store.journal([create()], 1, NOW)
    stored = replace(intent.action.link, etag='"server"')
    store.record(intent, Outcome.DONE, LATER, link=stored, observed=seen(etag='"server"'))
    assert store.open_intents() == []
    assert store.links() == {"b1": stored}
    assert store.etags(CALENDAR) == {seen().href: '"server"'}
    (row,) = store.history(None, 9)
    assert (row.at, row.cycle, row.side, row.what, row.outcome) == (LATER, 1, "calendar", "event.created", "done")


def test_done_removes_the_row_of_a_removed_event(store: Store) -> None:
    store.observe(CALENDAR, [seen("b1"), seen("b2")], [], "c", NOW)
    (intent,) = store.journal([remove()], 1, NOW)
    store.record(intent, Outcome.DONE, LATER, link=intent.action.link, removed=seen("b1").key)
    assert store.observations() == {seen("b2").key: seen("b2")}
    assert store.cursor(CALENDAR) == ("c", NOW)
    assert store.links()["b1"].closed is not None


def test_a_write_into_a_calendar_never_listed_can_be_recorded(store: Store) -> None:
    (intent,) = store.journal([create()], 1, NOW)
    store.record(intent, Outcome.DONE, LATER, link=intent.action.link, observed=seen())
    assert store.cursor(CALENDAR) == (None, None)
    assert store.observations() == {seen().key: seen()}


def test_unknown_stays_open_is_told_once_and_can_be_settled(store: Store) -> None:
    (intent,) = store.journal([cancel()], 1, NOW)
    store.record(intent, Outcome.UNKNOWN, NOW)
    store.record(intent, Outcome.UNKNOWN, LATER)
    assert store.open_intents() == [intent]
    store.record(intent, Outcome.DROPPED, LATER)
    assert store.open_intents() == []
    assert [row.outcome for row in store.history(None, 9)] == ["unknown", "dropped"]
    assert store.links() == {"b1": intent.action.before}


@pytest.mark.parametrize("outcome", [each for each in Outcome if each is not Outcome.UNKNOWN])
def test_every_other_outcome_closes_for_good(store: Store, outcome: Outcome) -> None:
    (intent,) = store.journal([update()], 1, NOW)
    store.record(intent, outcome, NOW)
    with pytest.raises(LookupError, match="not open"):
        store.record(intent, Outcome.DONE, LATER, link=link("b1", LATER))
    assert store.open_intents() == []
    assert store.links() == {}
    assert [row.outcome for row in store.history(None, 9)] == [outcome.value]


def test_a_reschedule_that_answers_with_another_id_carries_the_pair_over(store: Store) -> None:
    (intent,) = store.journal([reschedule("b1")], 1, NOW)
    carried = replace(intent.action.link, booking_id="b9")
    store.record(intent, Outcome.DONE, LATER, link=carried)
    assert store.links() == {"b9": carried}
    for name in ("b1", "b9"):
        moved, row = store.history(name, 9)
        assert (moved.booking_id, moved.what) == ("b1", "booking.rescheduled")
        assert (row.booking_id, row.side, row.what) == ("b9", "syncd", "link.renamed")
        assert row.detail == "2026-11-24T10:00Z -> 2026-11-24T11:00Z; in bookings; was b1"


def test_a_closed_intent_keeps_no_customers_data(store: Store) -> None:
    (intent,) = store.journal([cancel()], 1, NOW)
    store.record(intent, Outcome.DONE, LATER)
    rows = store._db.execute("SELECT * FROM intents").fetchall()
    assert intent.key in str(rows)
    assert "Ann" not in str(rows)


def test_history_tells_the_starts_and_no_names(store: Store) -> None:
    to = START + timedelta(hours=2)
    store.save_link(link("b2"))
    actions = [create("b1"), update("b2", to), remove("b2"), reschedule("b3"), cancel("b4")]
    for intent in store.journal(actions, 1, NOW):
        store.record(intent, Outcome.DONE, LATER, detail="412" if intent.action.kind == "cancel" else "")
    rows = store.history(None, 9)
    assert [(row.what, row.detail) for row in rows] == [
        ("event.created", "2026-11-24T10:00Z; in bookings"),
        ("event.updated", "2026-11-24T10:00Z -> 2026-11-24T12:00Z"),
        ("event.removed", "2026-11-24T10:00Z; in bookings"),
        ("booking.rescheduled", "2026-11-24T10:00Z -> 2026-11-24T11:00Z; in bookings"),
        ("booking.cancelled", "2026-11-24T10:00Z; in bookings; 412"),
    ]
    assert "Ann" not in str(rows)


def test_history_tells_which_note_an_event_was_given_once(store: Store) -> None:
    note = Note(NoteKind.NOT_OPEN, NOW, NOW + timedelta(hours=72), asked=START + timedelta(hours=9), reason="says Ann")
    store.save_link(link("b2"))
    for at in (NOW, LATER):
        told = update("b2")
        (intent,) = store.journal([replace(told, link=replace(told.link, note=note))], 1, at)
        store.record(intent, Outcome.DONE, at, link=intent.action.link)
    assert [row.detail for row in store.history("b2", 9)] == [
        "2026-11-24T10:00Z; told not_open, asked for 2026-11-24T19:00Z",
        "2026-11-24T10:00Z",
    ]


def test_intents_that_never_began_are_closed_at_once_and_tell_nothing(store: Store) -> None:
    cycle = store.begin_cycle(NOW)
    one, two, three = store.journal([create("b1"), create("b2"), create("b3")], cycle, NOW)
    store.drop([one, three], NOW)
    assert store.open_intents() == [two]
    assert store.history(None, 9) == []
