"""One pair under the lens: what a single decision writes and remembers, to the field."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from syncd.domain.actions import Action
from syncd.domain.booking import Booking
from syncd.domain.event import Draft, Observation, Put
from syncd.domain.ids import BookingId
from syncd.domain.link import (
    Awaiting,
    AwaitKind,
    Deletion,
    Frozen,
    Leftover,
    Link,
    Missing,
    PutBack,
    Refusal,
    Wish,
    Wrote,
)
from syncd.domain.note import Note, NoteKind
from syncd.planning.case import Case, Outcome
from syncd.planning.planner import OWN_FAULT, make_plan
from syncd.planning.snapshot import Policy, Snapshot
from tests.planning import builders as make
from tests.planning.builders import BERLIN, FOUR, HOME, HOUR, MINUTE, NOON, NOW, SIDE, TEN

B1, B2 = BookingId("b1"), BookingId("b2")
BOOKED = make.booking()
STOOD = make.observation(make.event(BOOKED), stamp=1)  # as both sides agreed
UNTIL = NOW + 72 * HOUR  # when a note of this moment goes


def pair(**changes: Any) -> Link:
    """At rest: both sides are as agreed."""
    return make.link(BOOKED, STOOD, **changes)


def worn(**changes: Any) -> Link:
    """A pair that has been through everything at once: whatever a decision should end stands open here."""
    been = {
        "replay": "r1",
        "older": ("o1", "o2"),
        "since": ("s1",),
        "note": note(NoteKind.NOT_OPEN),
        "pending": note(NoteKind.TRANSFERRED),
        "wish": Wish(FOUR, NOW - HOUR),
        "refusal": Refusal(FOUR, note(NoteKind.REFUSED)),
        "deletion": Deletion(NOW - HOUR, 0),
        "missing": Missing(NOW - HOUR, 0),
        "awaiting": Awaiting(AwaitKind.CANCEL, NOW - HOUR, BOOKED),
        "put_backs": (PutBack(NOW - 2 * HOUR, "long ago"), PutBack(NOW - 30 * MINUTE, "lately")),
        "wrote": Wrote(NOW - HOUR, BOOKED),
        "frozen": Frozen("x", NOON),
        "leftovers": (Leftover(SIDE, "/side/old.ics", '"0"'),),
        "twin_removed_at": NOW - HOUR,
        "asked_again_at": NOW - HOUR,
        "went_unkept": True,
    }
    return replace(pair(), **{**been, **changes})


def stands(at: datetime = TEN, *, stamp: int = 2, calendar: str = HOME, name: str = "", **changes: Any) -> Observation:
    """The booking's event as it stands now, an hour from `at`, in a later version than both sides agreed on."""
    moved = {"start": make.zoned(at), "end": make.zoned(at + HOUR), **changes}
    return make.observation(make.event(BOOKED, **moved), calendar=calendar, name=name, stamp=stamp)


def case(
    link: Link, *seen: Observation, booking: Booking | None = None, rules: Policy | None = None, **more: Any
) -> Case:
    """The pair, the events that stand, and its booking as listed (else as agreed)."""
    look = make.snapshot(bookings=(booking or link.booking,), links=(link,), events=seen)
    return Case(link, replace(look, **more), rules or make.policy())


def note(kind: NoteKind, **changes: Any) -> Note:
    """A note of this moment."""
    return replace(Note(kind, NOW, UNTIL), **changes)


def draft(booking: Booking, uid: str = "b1@zimun", **changes: Any) -> Draft:
    """What syncd writes for a booking, its time included; of one that was moved since it was paired, that it was."""
    said = make.texts(booking)
    lines = "\n".join(said.lines.values())
    put = Put(int(booking.start != BOOKED.start), booking.start) if changes.get("span", booking.span) else None
    return replace(Draft(uid, booking.id, booking.span, BERLIN, said.title, said.place, lines, put=put), **changes)


def done(outcome: Outcome | None) -> Action:
    """The one action of an outcome without a problem."""
    assert outcome is not None
    assert outcome.problem is None
    assert outcome.action is not None
    return outcome.action


def planned(look: Snapshot, rules: Policy | None = None) -> Action:
    """The one action that is planned."""
    plan = make_plan(look, rules or make.policy())
    assert not [problem for problem in plan.problems if OWN_FAULT in problem.text]
    (action,) = plan.actions
    return action
