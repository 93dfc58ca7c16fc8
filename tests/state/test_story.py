"""What `syncd log` is made of: what each row says of an action, beyond its kind and its reason."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syncd.domain.actions import Action, Record, Why
from syncd.domain.link import Awaiting, AwaitKind, Decision, Deletion, Link, Wish
from syncd.domain.note import Note, NoteKind
from syncd.state.history import row_of
from syncd.state.journal import Outcome
from syncd.state.store import Store
from tests.state.values import NOW, START, cancel, create, link, remember, remove, reschedule, update

HOUR = timedelta(hours=1)
AT = "2026-11-24T10:00Z"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "state.db") as store:
        yield store


def details(action: Action, base: Link | None, outcome: str = "done") -> list[str]:
    """What a row says after the starts."""
    return row_of(action, base, 1, NOW, outcome).detail.split("; ")[1:]


def waiting(kind: AwaitKind, decision: Decision | None = None) -> Link:
    return replace(link(), awaiting=Awaiting(kind, NOW, link().booking, decision=decision))


# What was changed


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"contact_email": "ann@example.org"}, "contact"),
        ({"contact_name": "Ann Other"}, "contact"),
        ({"contact_phone": "1"}, "contact"),
        ({"notes": "Ann comes late"}, "notes"),
        ({"staff_name": "Zoe"}, "staff"),
        ({"service_id": "cut"}, "service"),
        ({"location_id": "loc_2"}, "place"),
        ({"end": START + 2 * HOUR}, "length"),
        ({"staff_name": "Zoe", "notes": "-"}, "staff, notes"),
    ],
)
def test_what_of_a_booking_was_changed_is_named_and_not_said(changes: dict[str, Any], named: str) -> None:
    changed = replace(update().link, booking=replace(link().booking, **changes))
    action = replace(update(), why=Why.BOOKING_CHANGED, link=changed)
    assert details(action, link()) == [f"changed {named}"]


def test_a_move_alone_changes_nothing_else() -> None:
    assert details(update(start=START + HOUR), link()) == []
    assert details(create(), None) == ["in bookings"]


# Where, and what a person had asked for


def test_a_move_and_a_cancellation_name_the_calendar_in_which_the_person_did_it() -> None:
    for action in (reschedule(), cancel()):
        there = replace(action, before=replace(action.before, calendar="https://dav.example.org/desk/Salon%20Mitte/"))
        assert details(there, link()) == ["in Salon Mitte"]


def test_a_move_that_waits_says_what_was_asked_for() -> None:
    wishing = Record(link().booking_id, Why.MOVE_WAITS, replace(link(), wish=Wish(START + HOUR, NOW)))
    assert details(wishing, link()) == ["asked for 2026-11-24T11:00Z"]


def test_a_write_that_was_not_done_told_nothing() -> None:
    note = Note(NoteKind.NOT_OPEN, NOW, NOW + HOUR, asked=START + HOUR)
    told = replace(update(), link=replace(update().link, note=note))
    assert details(told, link()) == ["told not_open, asked for 2026-11-24T11:00Z"]
    for outcome in set(Outcome) - {Outcome.DONE}:
        assert details(told, link(), outcome.value) == []


# How a question ended

ANSWERED: dict[AwaitKind, Action] = {
    AwaitKind.CANCEL: replace(cancel(), why=Why.EVENT_DELETED),
    AwaitKind.MOVE: reschedule(),
    AwaitKind.REMOVAL: remove(),
    AwaitKind.REROUTE: replace(create(), why=Why.REROUTED),
}


@pytest.mark.parametrize("kind", AwaitKind)
def test_what_was_approved_and_done_says_so(kind: AwaitKind) -> None:
    assert details(ANSWERED[kind], waiting(kind, Decision.APPROVED))[-1] == "approved"


@pytest.mark.parametrize("kind", AwaitKind)
def test_what_was_approved_too_late_has_lapsed(kind: AwaitKind) -> None:
    assert details(update(start=START + HOUR), waiting(kind, Decision.APPROVED)) == ["lapsed"]


@pytest.mark.parametrize("kind", AwaitKind)
def test_what_was_rejected_says_so(kind: AwaitKind) -> None:
    noted = replace(update(), why=Why.NOTE_LAPSED)
    assert details(noted, waiting(kind, Decision.REJECTED)) == ["rejected"]
    assert details(remember(why=Why.APPROVAL_LAPSED), waiting(kind, Decision.REJECTED)) == ["rejected"]


def test_a_second_deletion_is_an_answer() -> None:
    assert details(cancel(), waiting(AwaitKind.CANCEL))[-1] == "deleted again"


def test_an_answer_that_the_reason_names_is_not_said_twice() -> None:
    asked = waiting(AwaitKind.CANCEL, Decision.APPROVED)
    assert details(replace(cancel(), why=Why.APPROVED), asked) == ["in bookings"]
    rejected = waiting(AwaitKind.CANCEL, Decision.REJECTED)
    assert details(replace(create(), why=Why.REJECTED), rejected) == ["in bookings"]
    assert details(remember(why=Why.APPROVAL_LAPSED), waiting(AwaitKind.MOVE)) == []


def test_a_question_that_is_still_open_has_not_ended() -> None:
    asked = waiting(AwaitKind.CANCEL)
    again = replace(asked, deletion=Deletion(NOW, 1, asked=True))
    assert details(Record(asked.booking_id, Why.GRACE_BEGUN, again), asked) == []


def test_the_end_of_a_pair_is_called_so() -> None:
    over = Record(link().booking_id, Why.AGREED, link(closed=NOW))
    assert row_of(over, link(), 1, NOW, "done").what == "link.closed"


# Under which name


def test_a_booking_that_went_by_several_ids_has_one_story(store: Store) -> None:
    store.begin_cycle(NOW)
    for old, new in (("b1", "b2"), ("x1", "x2"), ("b2", "b3")):
        (intent,) = store.journal([reschedule(old)], 1, NOW)
        store.record(intent, Outcome.DONE, NOW, link=replace(intent.action.link, booking_id=new))
    told = [
        ("b1", "booking.rescheduled"),
        ("b2", "link.renamed"),
        ("b2", "booking.rescheduled"),
        ("b3", "link.renamed"),
    ]
    for name in ("b1", "b2", "b3"):
        assert [(row.booking_id, row.what) for row in store.history(name, 9)] == told
    assert {row.booking_id for row in store.history("x2", 9)} == {"x1", "x2"}
    assert [row.booking_id for row in store.history("b3", 2)] == ["b2", "b3"]


# Nothing of a customer

SECRET = "qzx"
PLAIN = {"booking_id", "id", "calendar", "href", "name", "uid", "kind"}
NOTE = Note(NoteKind.REASSIGNED, NOW, NOW + HOUR, asked=START, staff="Zoe", reason="says Ann")


def secretive(value: Any) -> Any:
    """The same value with a secret in each text in it, but for what names the booking, its calendar and its event."""
    if type(value) is str:
        return value + SECRET
    if not is_dataclass(value):
        return value
    named = {each.name: getattr(value, each.name) for each in fields(value)}
    return replace(value, **{name: one if name in PLAIN else secretive(one) for name, one in named.items()})


@pytest.mark.parametrize("action", [remember(), create(), update(), remove(), reschedule(), cancel()])
@pytest.mark.parametrize("why", Why)
def test_no_row_carries_a_customers_data(action: Action, why: Why) -> None:
    told = replace(action, why=why, link=replace(action.link, note=NOTE, wish=Wish(START, NOW)))
    hidden, base = secretive(told), waiting(AwaitKind.MOVE)
    assert SECRET in str(hidden)
    for outcome in Outcome:
        row = row_of(hidden, base, 1, NOW, outcome.value)
        assert SECRET not in str(row)
        assert "Ann" not in str(row)
