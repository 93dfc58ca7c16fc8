"""The table: what to do about each booking and its event. Start reading here.

A dragged event becomes a reschedule call in `moves.move`; a deleted one becomes a cancel call in `deletions.delete`.
"""

from dataclasses import replace

from syncd.domain.actions import Action, Plan, Problem, ProblemKind, Record, Why
from syncd.domain.event import Observation
from syncd.domain.link import Decision, Link
from syncd.planning import deletions, duplicates, endings, moves, newcomers
from syncd.planning.case import Case, Outcome, noticed
from syncd.planning.instants import letters, roughly
from syncd.planning.keeping import agree, follow, keep, rehomed, remembered, transferred, write_ours_again
from syncd.planning.sides import (
    BookingCancelled,
    BookingMissing,
    BookingMoved,
    BookingSame,
    BookingSide,
    BookingUnseen,
    EventElsewhere,
    EventGone,
    EventMoved,
    EventParked,
    EventReplayed,
    EventSame,
    EventSide,
    EventTransferred,
    EventUnbookable,
    EventUnseen,
    booking_side,
    event_side,
    is_blind,
    seen_booking,
)
from syncd.planning.sides import transferred as found_again
from syncd.planning.snapshot import Policy, Snapshot

OWN_FAULT = "a fault of syncd's own"
BLIND = "no call of the Booking API can read this booking: it counts as it last was"


def make_plan(snapshot: Snapshot, policy: Policy) -> Plan:
    """What a cycle should do about everything that was seen, in a fixed order. The guard comes after this."""
    outcomes: list[Outcome] = []
    for _, link in sorted(snapshot.links.items()):
        case = Case(link, snapshot, policy)
        if is_alive(link, snapshot, policy):
            outcomes.append(_decide_safely(case))
        elif link.closed is None and link.awaiting is not None:
            # no answer would do anything about what is over
            outcomes.append(case.remember(replace(link, awaiting=None), Why.APPROVAL_LAPSED))
    outcomes += newcomers.welcome(snapshot, policy)
    actions: list[Action] = [outcome.action for outcome in outcomes if outcome.action is not None]
    problems: list[Problem] = [outcome.problem for outcome in outcomes if outcome.problem is not None]
    return Plan(tuple(actions), tuple(problems))


def is_alive(link: Link, snapshot: Snapshot, policy: Policy) -> bool:
    """Whether the pair is still looked after: open, and not older than `past_days`, when it is never touched again.

    Its event counts as well as its booking: one that stands where it is not that old looks like a booking to come.
    """
    if link.closed is not None:
        return False
    limit = snapshot.now - policy.past
    if link.booking.end >= limit:
        return True
    seen = seen_booking(link, snapshot)
    if seen is not None and seen.end >= limit:
        return True
    stands = snapshot.events.get((link.calendar, link.href)) or found_again(link, snapshot)
    if stands is None or stands.event is None or stands.calendar not in snapshot.managed:
        return False
    start = roughly(stands.event.start, snapshot.zone(link.booking))
    return start is not None and start >= limit


def _decide_safely(case: Case) -> Outcome:
    """One bad item never stops the others, also where the fault is ours."""
    try:
        return decide(case)
    except Exception as error:
        return case.problem(ProblemKind.PARKED, f"{OWN_FAULT} ({type(error).__name__}): left alone; please report it")


def decide(case: Case) -> Outcome:
    """What to do about one pair."""
    case = endings.restarted(case)
    if case.link.calendar not in case.snapshot.managed:
        if (elsewhere := found_again(case.link, case.snapshot)) is not None:
            return transferred(case, elsewhere)
        # what is told of the booking meanwhile counts, though nothing is done about that event
        side = booking_side(case.link, case.snapshot, case.policy)
        before, case = case.link, endings.lapse(case, side, EventUnseen())
        if endings.is_over(before, case.link):
            return case.remember(case.link, remembered(case))
        outcome = rehomed(case, side)
        return outcome if outcome.action else replace(outcome, action=case.remember(case.link, remembered(case)).action)
    zimun = booking_side(case.link, case.snapshot, case.policy)
    event = event_side(case.link, case.snapshot, case.policy)
    seen = case.snapshot.events.get((case.link.calendar, case.link.href))
    before, case = case.link, endings.lapse(case.with_link(noticed(case.link, seen)), zimun, event)
    outcome = _cell(case, zimun, event)
    if not isinstance(outcome.action, Record | None) and endings.is_over(before, case.link):
        # first of all that is remembered: a side may refuse the rest for long, and what ended must not go on then
        return case.remember(case.link, remembered(case))
    if outcome == Outcome():
        outcome = duplicates.remove(case)
    if outcome.action is None and (ended := case.remember(case.link, remembered(case)).action) is not None:
        # what lapsed or ended is remembered, also where nothing else is done
        outcome = replace(outcome, action=ended)
    if outcome.problem is None and is_blind(case.link, case.snapshot):
        outcome = replace(outcome, problem=case.problem(ProblemKind.BLIND, BLIND).problem)
    return outcome


def _cell(case: Case, zimun: BookingSide, event: EventSide) -> Outcome:
    """One cell of the table; the rows are Zimun's, the columns the calendar's."""
    match zimun, event:
        case _, EventParked(fault):
            return case.problem(ProblemKind.PARKED, f"its event cannot be read: {fault}")
        case _, EventTransferred(seen):
            return transferred(case, seen)

        case BookingSame(booking), (EventSame() | EventGone()) if deletions.decided(case.link, Decision.APPROVED):
            return deletions.cancel(case, booking, Why.APPROVED)
        case BookingSame(booking), EventGone(marked) if deletions.decided(case.link, Decision.REJECTED):
            return deletions.reject(case, booking, marked)
        case BookingSame(booking), EventSame(seen, start):
            return keep(case, booking, seen, start)
        case ((BookingSame(booking) | BookingMoved(booking)), EventMoved(seen, start, to)) if to == booking.start:
            return agree(case, booking, seen, start)
        case BookingSame(booking), EventMoved(seen, start, to) if deletions.moved_unseen(case, booking):
            return moves.conflict(case, booking, seen, letters(start), to)
        case BookingSame(booking), EventMoved(seen, start, to):
            return moves.move(case, booking, seen, letters(start), to)
        case BookingSame(booking), EventGone(marked):
            return deletions.delete(case, booking, marked)

        case BookingMoved(booking), EventSame(seen):
            return follow(case, booking, seen)
        case BookingMoved(booking), EventMoved(seen, start, to):
            return moves.conflict(case, booking, seen, letters(start), to)
        case BookingMoved(booking), EventGone():
            return deletions.moved_and_deleted(case, booking)

        case ((BookingSame(booking) | BookingMoved(booking)), EventUnbookable(seen, kind)):
            return moves.unbookable(case, booking, seen, kind)
        case ((BookingSame(booking) | BookingMoved(booking)), EventReplayed(seen)):
            return write_ours_again(case, booking, seen)
        case ((BookingSame(booking) | BookingMoved(booking)), EventElsewhere(copied)):
            return deletions.elsewhere(case, booking, copied=copied)

        case BookingCancelled(explicit=False), _ if (waiting := endings.held(case)) is not None:
            return waiting
        case BookingCancelled(booking, explicit), EventGone(cancelled=Observation() as seen):
            return endings.remove(case, booking, seen, explicit=explicit)
        case BookingCancelled(booking, explicit), (EventSame(seen) | EventReplayed(seen)):
            return endings.remove(case, booking, seen, explicit=explicit)
        case BookingCancelled(booking, explicit), (EventMoved(seen) | EventUnbookable(seen)):
            return endings.keep_cancelled(case, booking, seen, explicit=explicit)
        case BookingCancelled(booking), (EventGone() | EventElsewhere()):
            return endings.agree(case, booking)

        case BookingMissing(), _:
            return endings.miss(case)
        case BookingUnseen(), EventMoved(seen, _, to) if to != case.link.booking.start:
            return moves.wait(case, case.link.booking, seen, to)
        case _:
            return Outcome()  # one side was not seen: no evidence, and nothing is done on its account
