"""When the store forgets what is old, and by which clock."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from syncd.app.config import load
from syncd.app.running import prune
from syncd.engine.report import Report
from syncd.engine.sides import ZIMUN
from syncd.state.history import CycleSummary
from syncd.state.store import Store
from tests.loop.ground import START, HandClock
from tests.state.values import link

CONFIG = """
[zimun]
client_id = "x"
client_secret = "s"
[caldav]
url = "https://dav.example.org/"
[[calendars]]
url = "https://dav.example.org/a/"
fallback = true
[state]
path = "state.db"
history_days = 7
"""
HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)
GOOD = Report(1, CycleSummary("good"))
CLOSED = Report(1, CycleSummary("failed", 1), codes={ZIMUN: 1})
UNREACHED = [
    Report(1, CycleSummary("failed", 75), codes={ZIMUN: 75}),
    Report(1, CycleSummary("failed", 77), codes={ZIMUN: 77}),
    Report(1, CycleSummary("failed", 75), codes={"calendars": 75}),
]


class Boots(HandClock):
    """A clock of a machine that may start anew."""

    boot = 1

    def elapsed(self) -> tuple[str, float]:
        return str(self.boot), self.seconds

    def start_anew(self) -> None:
        self.boot, self.seconds = self.boot + 1, 5.0


class Kept:
    """A store, the clock, and a cycle each hour that ends in a report."""

    def __init__(self, folder: Path) -> None:
        path = folder / "config.toml"
        path.write_text(CONFIG)
        self.config = load(path, {})
        self.store = Store.open(self.config.state.path)
        self.clock = Boots()

    def booking(self, name: str, end: datetime) -> None:
        one = link(name)
        self.store.save_link(replace(one, booking=replace(one.booking, start=end - HOUR, end=end)))

    def cycles(self, hours: int, report: Report = GOOD, *, anew: bool = False) -> set[str]:
        """So many of them, each in a boot of its own where that is wanted; which bookings are known then."""
        for _ in range(hours):
            self.clock.pass_by(hours=1)
            if anew:
                self.clock.start_anew()
            prune(self.config, self.store, self.clock, report)
        return set(self.store.links())


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    made = Kept(tmp_path)
    made.booking("old", START - timedelta(days=8))
    made.booking("to come", START + timedelta(days=6))
    made.cycles(1)
    return made


@pytest.mark.parametrize("anew", [False, True])
@pytest.mark.parametrize("report", [GOOD, CLOSED])
def test_what_is_old_goes_a_day_later(kept: Kept, report: Report, anew: bool) -> None:
    assert kept.cycles(23, report, anew=anew) == {"old", "to come"}
    assert kept.cycles(1, report, anew=anew) == {"to come"}
    assert kept.cycles(24 * 12, report, anew=anew) == {"to come"}
    assert kept.cycles(24 * 3, report, anew=anew) == set()


@pytest.mark.parametrize("anew", [False, True])
def test_a_clock_that_is_far_ahead_for_less_than_a_day_forgets_nothing(kept: Kept, anew: bool) -> None:
    kept.clock.at += YEAR
    assert "to come" in kept.cycles(23, anew=anew)
    kept.clock.at -= YEAR
    assert "to come" in kept.cycles(24 * 3, anew=anew)


@pytest.mark.parametrize("anew", [False, True])
@pytest.mark.parametrize("report", UNREACHED)
def test_while_zimun_is_not_reached_nothing_is_forgotten_and_then_once(
    kept: Kept, report: Report, anew: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pruned: list[datetime] = []
    monkeypatch.setattr(kept.store, "prune", pruned.append)
    kept.cycles(24 * 3, report, anew=anew)
    assert pruned == []
    kept.cycles(5, anew=anew)
    assert pruned == [START + HOUR - timedelta(days=7)]


@pytest.mark.parametrize("anew", [False, True])
@pytest.mark.parametrize("report", UNREACHED)
def test_nor_does_one_by_which_zimun_is_not_reached_however_long(kept: Kept, report: Report, anew: bool) -> None:
    kept.clock.at += YEAR
    assert "to come" in kept.cycles(24 * 5, report, anew=anew)


def test_a_clock_that_was_set_back_forgets_nothing_more(kept: Kept) -> None:
    kept.clock.at -= timedelta(days=3)
    assert kept.cycles(24 * 2) == {"old", "to come"}
