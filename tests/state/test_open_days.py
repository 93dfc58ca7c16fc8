"""What is known of open slots is kept by service, place and day."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from syncd.state.store import Store
from tests.state.values import NOW, open_day


def test_it_is_there_again_in_the_next_process(tmp_path: Path) -> None:
    one, other = open_day(), open_day("wash", slots=(), read_at=None, stale=True)
    with Store.open(tmp_path / "state.db") as store:
        store.keep_open_days([other, one])
    with Store.open(tmp_path / "state.db") as store:
        assert store.open_days() == {one.key: one, other.key: other}


def test_the_newest_word_takes_the_place_of_the_one_before() -> None:
    newer = open_day(tried_at=NOW + timedelta(minutes=5), slots=())
    with Store.open(None) as store:
        store.keep_open_days([open_day()])
        store.keep_open_days([newer])
        assert list(store.open_days().values()) == [newer]


def test_one_day_is_forgotten_and_its_neighbours_stay() -> None:
    days = [open_day(), open_day(day=25), open_day("wash"), replace(open_day(), location_id="loc_2")]
    with Store.open(None) as store:
        store.keep_open_days(days)
        store.keep_open_days([], [("cut", "loc_1", date(2026, 11, 24))])
        assert set(store.open_days()) == {one.key for one in days[1:]}
