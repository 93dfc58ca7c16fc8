"""What is told of a cycle: one line, an exit code, and what stands still."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncd.domain.actions import Problem
from syncd.domain.ids import BookingId
from syncd.domain.link import Link
from syncd.engine.outcomes import Done
from syncd.engine.sides import EXIT_TROUBLE, Health
from syncd.planning.guard import awaits
from syncd.planning.keeping import REFUSALS
from syncd.state.history import CycleSummary
from syncd.state.journal import Outcome

_WORDS = {
    "create": "created",
    "replace": "updated",
    "remove": "removed",
    "reschedule": "rescheduled",
    "cancel": "cancelled",
    "hold": "held",
    "confirm": "booked",
    "reschedule_by_hand": "rescheduled",
    "cancel_by_hand": "cancelled",
}


@dataclass(frozen=True, slots=True)
class Report:
    """One cycle, told. `retry_after`: for how many seconds a side asks to be left alone. `codes`: of each side that
    failed, the worst exit code.
    """

    cycle: int
    summary: CycleSummary
    retry_after: float = 0.0
    codes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """Of requests in the calendar: how many were told no in this cycle without asking Zimun, and how many await."""

    refused: int = 0
    awaiting: int = 0


def summarised(
    cycle: int,
    health: Health,
    done: Sequence[Done],
    problems: tuple[Problem, ...],
    links: Mapping[BookingId, Link],
    requests: Told,
) -> Report:
    """The cycle's summary; its exit code is 1 where something was refused, awaits approval, stands still or failed."""
    counts = Counter(_WORDS[one.intent.action.kind] for one in done if one.outcome is Outcome.DONE)
    counts["failed"] = sum(one.outcome in (Outcome.FAILED, Outcome.UNKNOWN) for one in done)
    counts["refused"] = sum(_refused(one) for one in done) + requests.refused
    counts["awaiting"] = sum(awaits(link) for link in links.values()) + requests.awaiting
    counts["bookings"] = sum(link.closed is None for link in links.values())
    exit_code = health.exit_code
    if counts["failed"] or counts["refused"] or counts["awaiting"] or problems:
        exit_code = max(exit_code, EXIT_TROUBLE)
    summary = CycleSummary(
        outcome="failed" if health.faults else "good",
        exit_code=exit_code,
        line=_line(counts, health, problems),
        counts=dict(counts),
        problems=problems,
        sides=dict(health.faults),
    )
    return Report(cycle, summary, health.retry_after, dict(health.codes))


def _refused(done: Done) -> bool:
    """Whether somebody was told no: by a side, or by syncd putting an event back with a reason."""
    return done.outcome is Outcome.REFUSED or (done.outcome is Outcome.DONE and done.intent.action.why in REFUSALS)


def _line(counts: Mapping[str, int], health: Health, problems: Sequence[Problem]) -> str:
    parts = [f"{counts['bookings']} bookings"]
    told = dict.fromkeys((*_WORDS.values(), "refused", "failed"))
    parts += [f"{counts[word]} {word}" for word in told if counts.get(word)]
    if len(parts) == 1:
        parts.append("nothing to do")
    if counts["awaiting"]:
        parts.append(f"{counts['awaiting']} await approval")
    if problems:
        parts.append(f"{len(problems)} stand still")
    parts += [f"{side}: {reason}" for side, reason in health.faults.items()]
    return ", ".join(parts)
