"""`python -m tests.simulation --seeds A:B`: many histories on all cores, and the smallest story of each failure."""
# ruff: noqa: T201 - a command talks by printing

import argparse
import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.simulation import coverage, steps
from tests.simulation.history import load
from tests.simulation.runner import Result, kind_of, run, shrunk, story

CHUNK = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", default="0:1000", help="A:B, the seeds from A up to but without B")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many processes")
    parser.add_argument("--seed", type=int, help="run one seed and print its trace")
    parser.add_argument("--trace", type=Path, help="run the history in that file and print its trace")
    parser.add_argument("--failures", type=Path, default=Path("simulation-failures"), help="where failing ones go")
    parser.add_argument("--keep-going", action="store_true", help="go on after the first failure, one of each kind")
    parser.add_argument("--minutes", type=float, help="begin no further seeds after so many")
    parser.add_argument(
        "--floor",
        type=int,
        default=0,
        help="fail where a cell, fault, kill point, or cell with a fault was reached less often",
    )
    parser.add_argument("--pairs", action="store_true", help="also list each cell with each fault")
    told = parser.parse_args()
    if told.trace is not None or told.seed is not None:
        chosen = load(told.trace.read_text()) if told.trace is not None else steps.make(told.seed)
        print(story(chosen))
        return 1 if run(chosen).wrong else 0
    first, last = (int(each) for each in told.seeds.split(":"))
    return _many(range(first, last), told)


def _many(seeds: range, told: argparse.Namespace) -> int:
    reached: Counter[str] = Counter()
    failures: dict[str, tuple[int, str]] = {}
    count: Counter[str] = Counter()
    events, done, begun = 0, 0, time.monotonic()
    line = begun
    often = 0.5 if sys.stderr.isatty() else 60
    # with Ctrl-C: what was reached until then
    with contextlib.suppress(KeyboardInterrupt):
        for many, happened, counted, wrong in _results(seeds, told.jobs):
            done += many
            events += happened
            reached.update(counted)
            for seed, fault in wrong:
                print(f"\nseed {seed}: {fault}", file=sys.stderr, flush=True)
                failures.setdefault(kind_of(fault), (seed, fault))
                count[kind_of(fault)] += 1
            now = time.monotonic()
            if now - line > often or done == len(seeds):
                line = now
                _progress(done, len(seeds), events, now - begun, sum(count.values()))
            if failures and not told.keep_going:
                break
            if told.minutes is not None and now - begun > told.minutes * 60:
                break
    print(coverage.table(reached, pairs=told.pairs))
    seconds = time.monotonic() - begun
    print(
        f"{done} seeds, {events} events, {seconds:.0f} s: {done / seconds:.1f} seeds/s, {events / seconds:.0f} events/s"
    )
    for kind, (seed, fault) in failures.items():
        print(f"\n{'=' * 100}\n{count[kind]} like this; seed {seed}: {fault}\nshrinking ...", flush=True)
        small = shrunk(steps.make(seed), fault)
        told.failures.mkdir(exist_ok=True)
        file = told.failures / f"{seed}.json"
        file.write_text(small.dump())
        print(story(small))
        print(f"replay: python -m tests.simulation --trace {file}")
    print("no violation" if not failures else f"{sum(count.values())} violations of {len(failures)} kinds")
    seldom = coverage.missed(reached, told.floor)
    if seldom:
        print(f"reached less than {told.floor} times:", *seldom, sep="\n")
    return 1 if failures or seldom else 0


def _results(seeds: range, jobs: int) -> Iterator[tuple[int, int, Counter[str], list[tuple[int, str]]]]:
    chunks = [seeds[at : at + CHUNK] for at in range(0, len(seeds), CHUNK)]
    if jobs == 1:
        yield from map(_chunk, chunks)
        return
    with multiprocessing.get_context("fork").Pool(jobs, initializer=_begin_worker) as pool:
        yield from pool.imap_unordered(_chunk, chunks)


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process tells what was reached
    _rarely_collected()


def _rarely_collected() -> None:
    """Next to nothing in a history is garbage in cycles: looking for it takes a tenth of the time."""
    gc.set_threshold(100_000, 50, 50)


def _chunk(seeds: range) -> tuple[int, int, Counter[str], list[tuple[int, str]]]:
    reached: Counter[str] = Counter()
    events, wrong = 0, []
    for seed in seeds:
        result: Result = run(steps.make(seed))
        reached.update(result.reached)
        events += result.events
        if result.wrong:
            wrong.append((seed, result.wrong))
    return len(seeds), events, reached, wrong


def _progress(done: int, of: int, events: int, seconds: float, wrong: int) -> None:
    bar = "#" * (30 * done // of)
    text = f"[{bar:<30}] {done}/{of} seeds, {done / seconds:.0f}/s, {events / seconds:.0f} events/s, {wrong} wrong "
    print(f"\r{text}" if sys.stderr.isatty() else f"{text}\n", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
