"""How long syncd waits: the interval, five minutes at most for what is down, hours for refused credentials."""

import itertools

import pytest

from syncd.app.pace import Outcome, Pace


def after(interval: float, *outcomes: Outcome) -> Pace:
    pace = Pace(interval)
    for outcome in outcomes:
        pace = pace.after(outcome)
    return pace


def test_what_goes_well_goes_on_at_the_interval() -> None:
    pace = after(60, Outcome.WENT, Outcome.WENT)
    assert pace.delay(0, 0.5) == 60
    assert not pace.slowed


def test_what_is_down_is_asked_ever_less_often_up_to_five_minutes() -> None:
    delays = [after(20, *[Outcome.DOWN] * times).delay(0, 0) for times in range(1, 7)]
    assert delays == [40, 80, 160, 300, 300, 300]


def test_refused_credentials_wait_a_quarter_of_an_hour_and_up_to_six_hours() -> None:
    delays = [after(60, *[Outcome.REFUSED] * times).delay(0, 0) for times in range(1, 8)]
    assert delays == [900, 1800, 3600, 7200, 14_400, 21_600, 21_600]


@pytest.mark.parametrize("outcome", [Outcome.DOWN, Outcome.REFUSED])
def test_one_good_cycle_is_back_at_the_interval(outcome: Outcome) -> None:
    assert after(60, *[outcome] * 9, Outcome.WENT) == Pace(60)


def test_a_side_that_answers_again_but_refuses_begins_at_a_quarter_of_an_hour() -> None:
    assert after(60, *[Outcome.DOWN] * 5, Outcome.REFUSED).delay(0, 0) == 900


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("interval", [1, 60, 3600, 86_400])
def test_nobody_comes_earlier_than_the_interval_or_than_asked(interval: float, outcome: Outcome) -> None:
    for times, random in itertools.product((1, 5, 100_000), (0.0, 0.5, 1.0)):
        pace = Pace(interval, down=times) if outcome is Outcome.DOWN else Pace(interval)
        pace = Pace(interval, refused=times) if outcome is Outcome.REFUSED else pace
        assert pace.delay(0, random) >= interval
        assert pace.delay(100_000, random) >= 100_000


def test_those_that_failed_together_come_back_apart() -> None:
    down, refused = after(60, *[Outcome.DOWN] * 9), after(60, Outcome.REFUSED)
    assert down.delay(0, 1) == down.delay(0, 0) / 2
    assert refused.delay(0, 1) < refused.delay(0, 0)
