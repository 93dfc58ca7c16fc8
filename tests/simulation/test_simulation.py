"""Some histories, the same trace twice, and faults put in on purpose that must be found."""

import os
import subprocess
import sys

import pytest

from tests.simulation import steps
from tests.simulation.history import load
from tests.simulation.mutations import CAUGHT_BY, MUTATIONS, caught_by
from tests.simulation.runner import run, shrunk, story

SEEDS = 200


@pytest.fixture(scope="module")
def base() -> int:
    """The first seed: SYNCD_SEED_BASE for other histories than the usual ones."""
    return int(os.environ.get("SYNCD_SEED_BASE", "0"))


def test_no_promise_is_broken(base: int) -> None:
    for seed in range(base, base + SEEDS):
        history = steps.make(seed)
        result = run(history)
        if result.wrong:
            pytest.fail(f"{story(shrunk(history, result.wrong))}\nagain: python -m tests.simulation --seed {seed}")


def test_the_same_seed_gives_the_same_trace() -> None:
    for seed in range(40):
        assert run(steps.make(seed)).trace == run(steps.make(seed)).trace


def test_it_is_the_same_in_whatever_order_sets_are() -> None:
    """In this one syncd dies between two calendars of a set."""
    told = "from tests.simulation import runner, steps; print(*runner.run(steps.make(121600008)).trace, sep=chr(10))"
    traces = {
        subprocess.run(
            [sys.executable, "-c", told], env=os.environ | {"PYTHONHASHSEED": seed}, stdout=subprocess.PIPE, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(traces) == 1


def test_a_history_survives_its_file() -> None:
    history = steps.make(7)
    assert load(history.dump()) == history


def test_another_seed_is_another_history() -> None:
    assert len({steps.make(seed).dump() for seed in range(50)}) == 50


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_a_fault_put_in_is_found(name: str) -> None:
    seed = CAUGHT_BY[name]
    assert caught_by(name, range(seed, seed + 1)) == seed
    assert not run(steps.make(seed)).wrong
