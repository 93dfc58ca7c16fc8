"""Try inputs, each with a limit of time; find the smallest that fails in the same way."""

import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from tests.fuzz.targets import Target

# seconds of this process's own time, so that a busy machine makes no hang
LIMIT = 3.0


class Hang(BaseException):
    """An input took longer than LIMIT. Not an Exception: libraries catch these."""


@dataclass(frozen=True)
class Failure:
    """An input that broke a check: `kind` is what sort of failure it is, `story` the end of its traceback."""

    target: str
    number: int
    data: bytes
    kind: str
    story: str


@dataclass
class Report:
    """What came of a range of inputs."""

    target: str
    count: int = 0
    octets: int = 0
    seconds: float = 0.0
    slowest: tuple[float, int] = (0.0, -1)
    failures: list[Failure] = field(default_factory=list)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises Hang in the block once it has used so much processor time. For the main thread."""

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def failure(target: Target, data: bytes, number: int = -1, limit: float = LIMIT) -> Failure | None:
    """Check one input; None where all holds."""
    try:
        with time_limit(limit):
            target.check(data)
    except (Exception, Hang) as error:
        frames = traceback.extract_tb(error.__traceback__)
        # a hang is interrupted anywhere; where it is in our own code names it
        ours = [frame for frame in frames if "/syncd/" in frame.filename or "/tests/fuzz/" in frame.filename]
        ours = [frame for frame in ours if not frame.filename.endswith("runner.py")] or frames
        frame = ours[-1]
        where = f"{Path(frame.filename).name}:{frame.name}"
        kind = f"{type(error).__name__} in {where}" + (f": {error}" if isinstance(error, AssertionError) else "")
        story = "".join(traceback.format_exception(error)[-6:])
        return Failure(target.name, number, data, kind.split("\n")[0][:200], story)
    return None


def run(target: Target, seed: int, numbers: range, *, most: int = 20) -> Report:
    """Try these inputs; stops after `most` failures."""
    report = Report(target.name)
    begun = time.process_time()
    for number in numbers:
        data = target.input(seed, number)
        at = time.process_time()
        found = failure(target, data, number)
        took = time.process_time() - at
        report.count += 1
        report.octets += len(data)
        report.slowest = max(report.slowest, (took, number))
        if found is not None:
            report.failures.append(found)
            if len(report.failures) >= most:
                break
    report.seconds = time.process_time() - begun
    return report


def shrunk(target: Target, found: Failure, seconds: float = 10.0) -> Failure:
    """The smallest input found within that time that fails in the same way: pieces are left out, halves first."""
    best, ends = found, time.monotonic() + seconds
    size = max(1, len(best.data) // 2)
    while time.monotonic() < ends:
        at, smaller = 0, False
        while at < len(best.data) and time.monotonic() < ends:
            cut = failure(target, best.data[:at] + best.data[at + size :], found.number)
            if cut is not None and cut.kind == found.kind:
                best, smaller = cut, True
            else:
                at += size
        if size == 1 and not smaller:
            break
        size = max(1, size // 2)
    return best
