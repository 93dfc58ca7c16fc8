"""`python -m tests.fuzz --inputs N`: N inputs over all targets, and the smallest of each kind that fails."""
# ruff: noqa: T201 - a command talks by printing

import argparse
import faulthandler
import logging
import multiprocessing
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path

import structlog

from tests.fuzz.runner import Failure, Report, failure, run, shrunk
from tests.fuzz.targets import CORPUS, TARGETS, Target

CHUNK = 250
# the address space of each process: an input that needs more fails with MemoryError
MEMORY = 1_000_000_000
# what a process may hold at its worst moment, in MB: more is a failure, even where no single input needs much
PEAK = 250
# seconds without an end of a chunk after which the process is given up: a loop in C hears no signal
STUCK = 900


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="how many, over all targets by their shares")
    parser.add_argument("--target", choices=[*TARGETS], help="only this one")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same inputs")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes")
    parser.add_argument("--replay", type=Path, help="check that file of the corpus; its folder names the target")
    parser.add_argument("--save", type=Path, default=CORPUS, help="where failing inputs go, a folder for each target")
    told = parser.parse_args()
    if told.replay is not None:
        return _replay(told.replay)
    targets = [TARGETS[told.target]] if told.target else [*TARGETS.values()]
    return _many(targets, told.inputs, told.seed, told.jobs, told.save)


def _replay(file: Path) -> int:
    found = failure(TARGETS[file.absolute().parent.name], file.read_bytes())
    print("holds" if found is None else f"{found.story}\nfails: {found.kind}")
    return 0 if found is None else 1


def _many(targets: list[Target], inputs: int, seed: int, jobs: int, save: Path) -> int:
    total: dict[str, Report] = {target.name: Report(target.name) for target in targets}
    first: dict[tuple[str, str], Failure] = {}
    count: Counter[tuple[str, str]] = Counter()
    done, begun, line = 0, time.monotonic(), 0.0
    for report in _until_stopped(_reports(targets, inputs, seed, jobs)):
        whole = total[report.target]
        done += report.count
        whole.count += report.count
        whole.octets += report.octets
        whole.seconds += report.seconds
        whole.slowest = max(whole.slowest, report.slowest)
        for found in report.failures:
            if (found.target, found.kind) not in first:
                first[found.target, found.kind] = found
                print(f"\n{found.target} {found.number}: {found.kind}", file=sys.stderr)
            count[found.target, found.kind] += 1
        now = time.monotonic()
        if now - line > 1:
            line = now
            _progress(done, inputs, now - begun, sum(count.values()))
    _progress(done, inputs, time.monotonic() - begun, sum(count.values()))
    print(file=sys.stderr)
    peak = _table(total, time.monotonic() - begun)
    for (name, kind), found in first.items():
        _tell(TARGETS[name], kind, found, count[name, kind], seed, save)
    if peak > PEAK:
        print(f"more than {PEAK} MB of memory")
    print("all hold" if not first else f"{sum(count.values())} inputs fail in {len(first)} ways")
    return 1 if first or peak > PEAK else 0


def _chunks(targets: list[Target], inputs: int) -> list[tuple[str, int, int]]:
    """Each target its share, in turns, so that a run cut short has tried all of them."""
    shares = sum(target.share for target in targets)
    chunks = []
    for at, target in enumerate(targets):
        # the shares are cut so that they add up to all
        before, upto = (inputs * sum(one.share for one in targets[:end]) // shares for end in (at, at + 1))
        size = upto - before
        chunks += [
            ((first + 1) / size, target.name, first, min(first + CHUNK, size)) for first in range(0, size, CHUNK)
        ]
    return [(name, first, last) for _, name, first, last in sorted(chunks)]


def _reports(targets: list[Target], inputs: int, seed: int, jobs: int) -> Iterator[Report]:
    work = [(name, seed, first, last) for name, first, last in _chunks(targets, inputs)]
    if jobs == 1:
        _prepare()
        yield from map(_work, work)
        return
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_prepare) as pool:
        yield from pool.map(_work, work)


def _until_stopped(reports: Iterator[Report]) -> Iterator[Report]:
    """All of them, or those that came before Ctrl+C: what was found until then is told."""
    with suppress(KeyboardInterrupt):
        yield from reports


def _prepare() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _work(told: tuple[str, int, int, int]) -> Report:
    name, seed, first, last = told
    faulthandler.dump_traceback_later(STUCK, exit=True)
    try:
        return run(TARGETS[name], seed, range(first, last))
    finally:
        faulthandler.cancel_dump_traceback_later()


def _progress(done: int, of: int, seconds: float, failed: int) -> None:
    bar = "#" * (30 * done // of)
    text = f"\r[{bar:<30}] {done}/{of} inputs, {done / max(seconds, 1e-9):.0f}/s, {failed} fail "
    print(text, end="", file=sys.stderr, flush=True)


def _table(total: dict[str, Report], seconds: float) -> float:
    """Print what was tried, and give the most memory that a process held, in MB."""
    print(f"{'target':<12}{'inputs':>10}{'MB':>8}{'CPU s':>8}{'per s':>8}   slowest input")
    for name, whole in total.items():
        rate = whole.count / max(whole.seconds, 1e-9)
        slow, number = whole.slowest
        row = f"{name:<12}{whole.count:>10}{whole.octets / 1e6:>8.0f}{whole.seconds:>8.0f}{rate:>8.0f}"
        print(f"{row}   {slow * 1000:.0f} ms (number {number})")
    peak = max(_own_peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024
    done = sum(whole.count for whole in total.values())
    print(f"{done} inputs in {seconds:.0f} s: {done / max(seconds, 1e-9):.0f}/s; at most {peak:.0f} MB of memory")
    return peak


def _own_peak() -> int:
    """The most memory that this process ever had, in KB. ru_maxrss would count what the one had that started it."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _tell(target: Target, kind: str, found: Failure, times: int, seed: int, save: Path) -> None:
    print(f"\n{'=' * 100}\n{target.name}: {kind} ({times} of seed {seed}, first number {found.number}); shrinking ...")
    small = shrunk(target, found)
    name = re.sub(r"[^a-z0-9]+", "-", kind.lower()).strip("-")[:60]
    file = save / target.name / f"{name}-{found.number}{target.suffix}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(small.data)
    print(small.story)
    print(f"{len(small.data)} octets: {small.data[:500]!r}")
    print(f"replay: python -m tests.fuzz --replay {file}")


if __name__ == "__main__":
    raise SystemExit(main())
