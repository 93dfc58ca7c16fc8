"""A store of any older version becomes one of this version, or stays as it was."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from syncd.domain.actions import Hold
from syncd.domain.link import Decision
from syncd.domain.request import Known
from syncd.state import schema
from syncd.state.store import Store
from tests.state.values import (
    CALENDAR,
    NOW,
    OPEN,
    booking,
    candidate,
    confirm,
    foreign,
    link,
    open_day,
    opening,
    request,
    reschedule,
    seen,
)

RECORDED = Path(__file__).parent
OLDEST = 1


def recorded(version: int, path: Path) -> None:
    """The store that this version of the tables left behind."""
    with sqlite3.connect(path) as conn:
        conn.executescript((RECORDED / f"version_{version}.sql").read_text())
    conn.close()


def version_in(path: Path) -> int:
    with sqlite3.connect(path) as conn:
        found = conn.execute("PRAGMA user_version").fetchone()[0]
    conn.close()
    return int(found)


def tables_of(path: Path) -> set[tuple[str, str]]:
    with sqlite3.connect(path) as conn:
        rows = conn.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    conn.close()
    return {(name, " ".join(sql.split())) for name, sql in rows}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> Migrations:
    """The next version of the tables, with its migration still to be written."""
    migrations = Migrations("syncd")
    migrations(name="1")(schema.first)
    migrations(name="2")(schema.second)
    migrations(name="3")(schema.third)
    migrations(name="4")(schema.fourth)
    migrations(name="5")(schema.fifth)
    monkeypatch.setattr(schema, "MIGRATIONS", migrations)
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    return migrations


def holds_all(store: Store) -> None:
    store.bind("https://api.example.org", "salon")
    assert store.remembered_clock() == (NOW, "boot-1", 12.5)
    assert store.links() == {"b1": reschedule("b1").before, "b2": link("b2", closed=NOW), "b3": link("b3")}
    assert store.observations() == {seen("b1").key: seen("b1"), seen("b3").key: seen("b3")}
    assert set(store.etags(CALENDAR)) == {seen("b1").href, seen("b3").href, foreign().href}
    assert store.cursor(CALENDAR) == ("c1", NOW)
    assert store.open_intents()[0].action == reschedule("b1")
    assert [row.what for row in store.history(None, 9)] == ["event.created"]
    assert store.last_good_cycle_at() == NOW
    assert store.begin_cycle(NOW) == 2
    first = store.undecided()[0]
    assert (first.verb, first.booking_ids, first.wanted) == (Decision.APPROVED, ("b1",), None)
    assert store.fact("catalog") == "{}"


@pytest.mark.parametrize("version", range(OLDEST, schema.VERSION + 1))
def test_a_store_of_each_version_is_read_in_full(path: Path, version: int) -> None:
    recorded(version, path)
    with Store.open(path) as store:
        holds_all(store)
    assert version_in(path) == schema.VERSION


@pytest.mark.parametrize("version", range(OLDEST, schema.VERSION + 1))
def test_an_old_store_gets_the_tables_of_a_new_one(path: Path, tmp_path: Path, version: int) -> None:
    recorded(version, path)
    for each in (path, tmp_path / "new.db"):
        Store.open(each).close()
    assert tables_of(path) == tables_of(tmp_path / "new.db")


def test_what_was_asked_by_hand_in_version_2_is_kept(path: Path) -> None:
    recorded(2, path)
    with Store.open(path) as store:
        assert [intent.action for intent in store.open_intents()] == [reschedule("b1"), confirm(ask=2)]
        assert [(ask.id, ask.wanted) for ask in store.undecided()] == [(1, None), (3, request())]
        assert store.known() == [Known(booking("b4"), NOW)]
        assert store.collect(2) == (True, None)


def test_what_asks_for_a_booking_in_version_3_is_kept(path: Path) -> None:
    recorded(3, path)
    with Store.open(path) as store:
        assert [one.name for one in store.candidates()] == ["event-1"]
        assert replace(store.candidates()[0], id=0) == candidate()
        assert store.is_watched(CALENDAR)
        asked = store.open_intents()[-1]
        assert isinstance(asked.action, Hold)
        assert (asked.action.candidate, asked.action.request) == (1, request())


def test_what_is_known_of_open_slots_in_version_4_is_kept(path: Path) -> None:
    recorded(4, path)
    with Store.open(path) as store:
        assert store.open_days() == {open_day().key: open_day()}


def test_what_stands_in_the_calendar_of_open_slots_in_version_5_is_kept(path: Path) -> None:
    recorded(5, path)
    with Store.open(path) as store:
        assert store.openings(OPEN) == [opening()]
        assert store.openings_position(OPEN) == ("o1", NOW)


def test_the_version_counts_the_migrations() -> None:
    with Store.open(None) as store:
        names = [each.name for each in schema.MIGRATIONS.applied(store._db)]
    assert names == [str(number) for number in range(1, schema.VERSION + 1)]


def test_a_migration_keeps_what_is_there(path: Path, next_version: Migrations) -> None:
    @next_version(name="6")
    def sixth(db: Database) -> None:
        db.execute("ALTER TABLE links ADD COLUMN colour TEXT")

    recorded(1, path)
    with Store.open(path) as store:
        holds_all(store)
        assert "colour" in store._db["links"].columns_dict
    assert version_in(path) == 6


def test_a_migration_that_fails_leaves_the_store_as_it_was(
    path: Path, next_version: Migrations, monkeypatch: pytest.MonkeyPatch
) -> None:
    @next_version(name="6")
    def sixth(db: Database) -> None:
        db.execute("DROP TABLE links")
        raise ZeroDivisionError

    recorded(1, path)
    before = tables_of(path)
    with pytest.raises(ZeroDivisionError):
        Store.open(path)
    assert (version_in(path), tables_of(path)) == (1, before)
    monkeypatch.undo()
    with Store.open(path) as store:
        holds_all(store)
