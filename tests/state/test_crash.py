"""kill -9 at every statement of a transaction: afterwards all of it is there, or nothing."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syncd.state.journal import Outcome
from syncd.state.store import Store
from tests.state.values import CALENDAR, NOW, create, link, remember, reschedule, seen


def begin(store: Store) -> None:
    store.begin_cycle(NOW)
    store.observe(CALENDAR, [seen("b1")], [], "c1", NOW)
    store.save_link(link("b1"))
    store.journal([reschedule("b1")], 1, NOW)


def record(store: Store) -> None:
    (intent,) = store.open_intents()
    store.record(intent, Outcome.DONE, NOW, link=link("b9"), observed=seen("b9", etag='"2"'), removed=seen("b1").key)


def journal(store: Store) -> None:
    store.journal([remember("b2"), reschedule("b1"), create("b3")], 1, NOW)


def observe(store: Store) -> None:
    store.observe(CALENDAR, [seen("b2"), seen("b3")], [seen("b1").href], "c2", NOW)


def state(path: Path) -> tuple[Any, ...]:
    with Store.open(path) as store:
        actions = [intent.action for intent in store.open_intents()]
        return store.links(), store.observations(), store.cursor(CALENDAR), actions, store.history(None, 99)


def die_at(path: Path, deed: Callable[[Store], None], statement: int) -> bool:
    """Run the deed in a process of its own, killed as its nth statement begins; whether it got that far."""
    child = os.fork()
    if child == 0:
        try:
            store = Store.open(path)
            left = statement

            def count(_sql: str) -> None:
                nonlocal left
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            store._db.conn.set_trace_callback(count)
            deed(store)
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


@pytest.mark.parametrize("deed", [record, journal, observe])
def test_a_kill_leaves_all_or_nothing(tmp_path: Path, deed: Callable[[Store], None]) -> None:
    statement, killed = 0, True
    while killed:
        path = tmp_path / f"{statement}.db"
        with Store.open(path) as store:
            begin(store)
        before = state(path)
        killed = die_at(path, deed, statement)
        after = state(path)
        assert (after == before) is killed
        statement += 1
    # BEGIN, at least three statements, COMMIT
    assert statement > 5


def test_an_error_inside_leaves_nothing_and_the_store_usable(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with Store.open(path) as store:
        begin(store)
        before = state(path)
        (intent,) = store.open_intents()
        bad = replace(link("b9"), data="\ud800")
        with pytest.raises(ValueError, match="cannot be written"):
            store.record(intent, Outcome.DONE, NOW, link=bad, observed=seen("b9"), removed=seen("b1").key)
        assert state(path) == before
        record(store)
        assert state(path) != before
