"""Cycles, history, asks, small facts, and what is dropped in time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from syncd.domain.actions import Problem, ProblemKind
from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from syncd.domain.request import Reply
from syncd.state.asks import Ask
from syncd.state.history import CycleRow, CycleSummary, HistoryRow, add
from syncd.state.journal import Outcome
from syncd.state.store import Store
from tests.state.values import NOW, create, link, remember, seen, update

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
GOOD = CycleSummary(
    "good",
    0,
    "1 created",
    {"created": 1},
    (Problem(ProblemKind.PARKED, "b7", "no time"),),
    {"zimun": "ok", "calendar": "ok"},
)
FAILED = CycleSummary("failed", 75, "the calendar cannot be reached", sides={"zimun": "ok", "calendar": "down"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def store(path: Path):
    with Store.open(path) as store:
        yield store


def test_cycles_come_back_newest_first_the_running_one_too(store: Store) -> None:
    numbers = [store.begin_cycle(NOW + DAY * n) for n in range(3)]
    store.end_cycle(numbers[0], NOW + timedelta(seconds=5), replace(GOOD, problems=()))
    store.end_cycle(numbers[1], NOW + DAY, FAILED)
    assert store.last_cycles(9) == [
        CycleRow(numbers[2], NOW + DAY * 2),
        CycleRow(numbers[1], NOW + DAY, NOW + DAY, FAILED),
        CycleRow(numbers[0], NOW, NOW + timedelta(seconds=5), replace(GOOD, problems=())),
    ]
    assert [row.number for row in store.last_cycles(1)] == [numbers[2]]
    assert store.last_good_cycle_at() == NOW + timedelta(seconds=5)


def test_only_the_last_cycle_that_ended_keeps_what_stood_still(store: Store) -> None:
    """200 bookings that stand still would make 250 MB of the cycles that are kept."""
    for _ in range(3):
        store.end_cycle(store.begin_cycle(NOW), NOW, GOOD)
        # killed, and one that runs
        store.begin_cycle(NOW)
    summaries = [row.summary for row in store.last_cycles(9)]
    over = replace(GOOD, problems=())
    assert summaries == [None, GOOD, None, over, None, over]


def test_without_a_good_cycle_there_is_no_time_of_it(store: Store) -> None:
    store.end_cycle(store.begin_cycle(NOW), NOW, FAILED)
    assert store.last_good_cycle_at() is None


def test_a_cycles_number_is_never_given_twice(store: Store) -> None:
    first = store.begin_cycle(NOW)
    store._db.execute("DELETE FROM cycles")
    assert store.begin_cycle(NOW) > first


def test_history_gives_the_newest_rows_oldest_first(store: Store) -> None:
    cycle = store.begin_cycle(NOW)
    for number in range(5):
        store.journal([remember(f"b{number % 2}")], cycle, NOW + DAY * number)
    assert [row.at for row in store.history(None, 3)] == [NOW + DAY * n for n in (2, 3, 4)]
    assert [row.at for row in store.history("b1", 9)] == [NOW + DAY * n for n in (1, 3)]
    assert store.history("b7", 9) == []


def test_pruning_drops_what_is_older_and_nothing_else(store: Store) -> None:
    old, limit = NOW, NOW + DAY
    cycle = store.begin_cycle(old)
    store.end_cycle(cycle, old, GOOD)
    done, still_open = store.journal([create("b1"), create("b2")], cycle, old)
    store.record(done, Outcome.DONE, old, link=link("b1"))
    store.save_link(link("buried", closed=old))
    store.save_link(link("fresh grave", closed=limit))
    store.answer(store.ask(Decision.APPROVED, ["b1"], old), old, "done", 0)
    waiting = store.ask(Decision.REJECTED, ["b2"], old)
    other = store.begin_cycle(limit)
    (kept,) = store.journal([update("b3")], other, limit)
    store.record(kept, Outcome.FAILED, limit)

    store.prune(limit)

    assert set(store.links()) == {"b1", "fresh grave"}
    assert store.open_intents() == [still_open]
    assert [row.booking_id for row in store.history(None, 9)] == ["b3"]
    assert [ask.id for ask in store.undecided()] == [waiting]
    assert store.collect(waiting - 1) == (False, None)
    assert [row[0] for row in store._db.execute("SELECT id FROM intents")] == [still_open.id, kept.id]


def test_pruning_keeps_the_last_cycle_the_last_good_one_and_those_of_open_intents(store: Store) -> None:
    numbers = [store.begin_cycle(NOW) for _ in range(6)]
    for number in numbers[:3]:
        store.end_cycle(number, NOW, GOOD)
    store.journal([create()], numbers[3], NOW)
    store.prune(NOW + DAY)
    assert [row.number for row in store.last_cycles(9)] == [numbers[5], numbers[3], numbers[2]]
    assert store.last_good_cycle_at() == NOW


def test_times_are_compared_as_instants_whatever_their_zone(store: Store) -> None:
    east = timezone(timedelta(hours=9))
    store.save_link(link("b1", closed=datetime(2026, 11, 20, 8, 0, tzinfo=east)))
    store.prune(datetime(2026, 11, 19, 23, 0, tzinfo=UTC))
    assert "b1" in store.links()
    store.prune(datetime(2026, 11, 19, 23, 0, 1, tzinfo=UTC))
    assert "b1" not in store.links()


def test_an_ask_waits_until_it_is_answered_and_wakes_the_other_side(path: Path, store: Store) -> None:
    with Store.open(path) as command:
        version = store.data_version
        first = command.ask(Decision.APPROVED, ["b1", "b2"], NOW)
        second = command.ask(None, [], NOW + DAY)
        assert store.data_version != version
        assert store.undecided() == [
            Ask(first, Decision.APPROVED, ("b1", "b2"), NOW),
            Ask(second, None, (), NOW + DAY),
        ]
        assert not command.replied(first)
        store.answer(first, NOW, "2 cancelled", 1)
        assert command.replied(first)
        assert [ask.id for ask in store.undecided()] == [second]
        assert command.collect(first) == (True, Reply(1, "2 cancelled"))
        assert command.collect(second) == (False, None)
        assert store.undecided() == [], "nobody waits for it any more"


def test_facts_are_kept_by_name(store: Store) -> None:
    assert store.fact("catalog") is None
    store.set_fact("catalog", "1")
    store.set_fact("catalog", "2")
    store.set_fact("other", "")
    assert (store.fact("catalog"), store.fact("other")) == ("2", "")


def test_the_clocks_are_remembered_together(store: Store) -> None:
    assert store.remembered_clock() is None
    store.remember_clock(NOW, "boot-1", 12.5)
    store.remember_clock(NOW + DAY, "boot-2", 0.25)
    assert store.remembered_clock() == (NOW + DAY, "boot-2", 0.25)


def test_pruning_drops_pairs_that_ended_long_ago_and_what_their_events_held(store: Store) -> None:
    old, new = seen("b1", NOW - 9 * DAY), seen("b2", NOW + DAY)
    store.observe(old.calendar, [old, new], [], "t1", NOW)
    store.save_link(link("b1", NOW - 9 * DAY))
    store.save_link(link("b2", NOW + DAY))
    store.prune(NOW - 8 * DAY)
    assert set(store.links()) == {"b2"}
    assert set(store.observations()) == {new.key}
    assert set(store.etags(old.calendar)) == {old.href, new.href}


def test_no_more_cycles_are_kept_than_anybody_looks_at(store: Store) -> None:
    store._db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('cycles', 20000)")
    store._db.execute("INSERT INTO cycles (number, begun_at) VALUES (9, ?)", (NOW.isoformat(),))
    last = store.begin_cycle(NOW)
    store.prune(NOW - DAY)
    assert [row.number for row in store.last_cycles(9)] == [last]


@pytest.mark.parametrize(
    ("outcomes", "done", "lost"),
    [
        (("done",), 1, False),
        (("unknown",), 0, True),
        (("unknown", "done"), 1, False),
        # a look after it may still tell of before the call
        (("unknown", "dropped"), 0, True),
        # killed after the call: the look may have been answered late, or the call may arrive late
        (("dropped",), 0, True),
        (("dropped", "done"), 1, False),
        (("superseded",), 0, False),
        (("refused",), 0, False),
        (("done", "done"), 2, False),
        (("done", "unknown"), 1, True),
    ],
)
def test_cancellations_and_those_without_an_answer_are_counted(
    store: Store, outcomes: tuple[str, ...], done: int, lost: bool
) -> None:
    name = BookingId("b_1")
    with store._write() as db:
        for minute, outcome in enumerate(outcomes):
            at = NOW + timedelta(minutes=minute)
            add(db, HistoryRow(at, 1, name, "zimun", "booking.cancelled", "event_deleted", outcome, ""))
    last = NOW + timedelta(minutes=len(outcomes) - 1)
    assert store.cancellations_between(NOW, last) == (done, frozenset({name} if lost else ()))
    for since, until in ((last + SECOND, last + DAY), (NOW - DAY, NOW - SECOND)):
        assert store.cancellations_between(since, until) == (0, frozenset())


def test_what_was_done_lately_is_found_by_its_time_however_much_is_kept(store: Store) -> None:
    """Each cycle asks for it; SQLite took the index of the bookings, and read the history of 90 days."""
    asked: list[str] = []
    store._db.conn.set_trace_callback(asked.append)
    store.cancellations_between(NOW, NOW + DAY)
    store.removals_between(NOW, NOW + DAY)
    store._db.conn.set_trace_callback(None)
    queries = [text for text in asked if "FROM history" in text]
    assert len(queries) == 2
    for query in queries:
        steps = [row[3] for row in store._db.execute(f"EXPLAIN QUERY PLAN {query}")]
        assert steps[0] == "SEARCH history USING INDEX history_at (at>? AND at<?)"


def test_events_that_went_for_a_404_are_counted_but_not_those_that_a_person_approved(store: Store) -> None:
    with store._write() as db:
        for why, outcome, detail in (
            ("booking_gone", "done", "in approved"),
            ("booking_gone", "done", "in home; approved"),
            ("booking_gone", "failed", ""),
            ("booking_cancelled", "done", ""),
        ):
            add(db, HistoryRow(NOW, 1, BookingId("b_1"), "calendar", "event.removed", why, outcome, detail))
    assert store.removals_between(NOW, NOW) == 1
    assert store.removals_between(NOW + SECOND, NOW + DAY) == 0
    assert store.removals_between(NOW - DAY, NOW - SECOND) == 0
