"""The corpus holds, and so do fresh inputs, other ones each day. What is long runs apart: `python -m tests.fuzz`."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.runner import failure, run, shrunk
from tests.fuzz.targets import CORPUS, TARGETS, Target, corpus

ROOT = Path(__file__).parent.parent.parent
FILES = [(name, file) for name, target in TARGETS.items() for file in sorted(CORPUS.glob(f"{name}/*{target.suffix}"))]
FRESH = 3_000
TODAY = datetime.now(UTC).toordinal()


@pytest.mark.parametrize(("name", "file"), FILES, ids=[f"{name}/{file.stem}" for name, file in FILES])
def test_an_input_of_the_corpus_holds(name: str, file: Path) -> None:
    found = failure(TARGETS[name], file.read_bytes())
    assert found is None, found.story


def test_the_corpus_is_small_and_each_of_it_has_a_target() -> None:
    assert sorted(file for _, file in FILES) == sorted(file for file in CORPUS.rglob("*") if file.is_file())
    assert {name for name, _ in FILES} == TARGETS.keys()
    assert sum(file.stat().st_size for _, file in FILES) < 300_000


def test_fresh_inputs_hold(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """In a process of its own, whose memory is bounded."""
    command = [sys.executable, "-W", "error", "-m", "tests.fuzz", "--inputs", str(FRESH), "--seed", str(TODAY)]
    done = subprocess.run([*command, "--save", str(tmp_path)], cwd=ROOT, check=False, capture_output=True, text=True)
    with capfd.disabled():
        print(f"\n{FRESH} fresh inputs of seed {TODAY}: python -m tests.fuzz --inputs {FRESH} --seed {TODAY}")  # noqa: T201
    assert done.returncode == 0, done.stdout + done.stderr[-2_000:]
    assert f"{FRESH} inputs in" in done.stdout
    assert "all hold" in done.stdout


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(rng=st.randoms(use_true_random=False))
def test_what_hypothesis_draws_holds(name: str, rng: Random) -> None:
    """The same makers with hypothesis's dice: it throws the rare sides on purpose, and shrinks by the throws."""
    found = failure(TARGETS[name], TARGETS[name].drawn(rng))
    assert found is None, f"{found.data!r}\n{found.story}"


@pytest.mark.parametrize("name", TARGETS)
def test_a_seed_gives_the_same_inputs_for_ever_and_another_gives_others(name: str) -> None:
    one, again, other = ([TARGETS[name].input(seed, number) for number in range(20)] for seed in (1, 1, 2))
    assert one == again
    assert len(set(one) & set(other)) < 5


def test_a_crash_a_hang_and_a_lack_of_memory_are_found_and_made_small() -> None:
    def check(data: bytes) -> None:
        if b"spin" in data:
            while True:
                pass
        if b"eat" in data:
            raise MemoryError
        assert b"\xff" not in data, "an octet that breaks it"

    target = Target("t", ".t", 1, lambda rng: rng.randbytes(100), (b"x",), (check,))
    assert failure(target, b"good") is None
    hang, memory = failure(target, b"spin", limit=0.1), failure(target, b"eat")
    assert hang is not None
    assert hang.kind == "Hang in test_fuzz.py:check"
    assert memory is not None
    assert memory.kind.startswith("MemoryError")
    report = run(target, 0, range(20))
    assert report.count == 20
    assert report.failures
    assert shrunk(target, report.failures[0]).data == b"\xff"


def test_every_target_is_fed_from_its_corpus() -> None:
    assert all(len(corpus(target)) > 1 for target in TARGETS.values())
