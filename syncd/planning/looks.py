"""What must be looked at before deciding: questions to both sides that the cycle's polls did not answer.

The engine answers them and asks again, until there are none; only then a plan is made.
"""

from enum import Enum

from syncd.domain.booking import Booking
from syncd.domain.ids import BookingId
from syncd.domain.link import AwaitKind, Decision, Link
from syncd.planning import landing, moves
from syncd.planning.case import Case
from syncd.planning.duplicates import is_long_alone, settled_twins
from syncd.planning.newcomers import booking_id_of, ended_early, is_past
from syncd.planning.planner import is_alive
from syncd.planning.sides import (
    BookingMoved,
    BookingSame,
    EventMoved,
    booking_side,
    event_side,
    is_all_told,
    is_due,
    is_not_seen,
    seen_booking,
    transferred,
)
from syncd.planning.snapshot import FindEvent, Look, LookBooking, LookEvent, Policy, Question, Snapshot

# so many listed bookings are asked for by their ids, before the single look-up counts as closed to us
ROUTE_LOOKS = 3


class Turn(Enum):
    """When a question has to be answered.

    IN_TURN: a booking about which nothing is known to have changed, where no list tells. LOOK_BACK: the same of one
    that is over. There may be hundreds of them, and one that is not asked about in a cycle stands still in it.
    """

    AT_ONCE = "at once"
    IN_TURN = "in turn"
    LOOK_BACK = "look back"


def questions(snapshot: Snapshot, policy: Policy) -> frozenset[Question]:
    """All that is still to be looked at; empty when a plan can be made."""
    asked: set[Question] = set()
    for link in snapshot.links.values():
        managed = link.calendar in snapshot.managed
        if is_alive(link, snapshot, policy):
            case = Case(link, snapshot, policy)
            asked |= _about(case) if managed else _about_an_unlisted(case)
        elif (managed and _ended_lately(link, snapshot)) or _lives_still(link, snapshot):
            asked.add(LookBooking(link.booking_id))
    asked |= _about_orphans(snapshot, policy)
    asked |= _about_the_route(snapshot)
    return frozenset(question for question in asked if question not in snapshot.looks)


def turn(question: Question, snapshot: Snapshot, policy: Policy) -> Turn:
    """When one of `questions` has to be answered."""
    link = snapshot.links.get(question.booking_id) if isinstance(question, LookBooking) else None
    if link is None or not snapshot.list_closed:
        return Turn.AT_ONCE
    if not is_alive(link, snapshot, policy):
        return Turn.LOOK_BACK
    return Turn.AT_ONCE if _presses(Case(link, snapshot, policy)) else Turn.IN_TURN


def _ended_lately(link: Link, snapshot: Snapshot) -> bool:
    """Whether a customer may have moved it away from what is past: no closed list tells of that."""
    since = snapshot.ended_since
    return link.closed is None and snapshot.list_closed and since is not None and link.booking.end >= since


def _lives_still(link: Link, snapshot: Snapshot) -> bool:
    """Whether a clock that was ahead ended the pair of a visit to come, of which no closed list tells."""
    return snapshot.list_closed and ended_early(link, snapshot) and link.booking_id not in snapshot.bookings


def _about(case: Case) -> set[Question]:
    try:
        return _about_booking(case) | _about_event(case) | _about_leftovers(case) | _about_slots(case)
    except Exception:
        # a fault of ours about one pair must not stop the others: the planner meets it again, and names it
        return set()


def _about_booking(case: Case) -> set[Question]:
    """A booking that the list should have named, or whose event changed while only near days were listed."""
    link, snapshot = case.link, case.snapshot
    if seen_booking(link, snapshot) is not None or link.booking_id in snapshot.unreadable:
        return set()
    window = snapshot.window
    if window is None:
        return {LookBooking(link.booking_id)} if snapshot.list_closed else set()
    if link.booking.cancelled:
        return set()  # lists need not name it any more; one that lives again is named
    listed = window.start <= link.booking.start < window.end
    return {LookBooking(link.booking_id)} if listed or _stirs(case) else set()


def _about_an_unlisted(case: Case) -> set[Question]:
    """The booking of an event in a calendar that left the config, where no list names it."""
    return _about_booking(case) if case.snapshot.list_closed else set()


def _stirs(case: Case) -> bool:
    """Whether something about the event waits for the booking to be seen."""
    return case.link.awaiting is not None or _waits(case.link) or _event_stirs(case)


def _presses(case: Case) -> bool:
    """The same, where each booking is looked at by itself: not for a question that a person has not answered yet.

    A no to a removal or to another calendar is remembered for good, and there is nothing to be done about it. What left
    the config with its calendar is asked about all at once, and nothing is read of its events.
    """
    link = case.link
    decision = link.awaiting.decision if link.awaiting is not None else None
    ends = link.awaiting is not None and link.awaiting.kind in (AwaitKind.CANCEL, AwaitKind.MOVE)
    if decision is Decision.APPROVED or (decision is Decision.REJECTED and ends):
        return True
    if link.calendar not in case.snapshot.managed:
        return False
    return (link.awaiting is None and _waits(link)) or _event_stirs(case)


def _waits(link: Link) -> bool:
    return any(one is not None for one in (link.wish, link.refusal, link.pending, link.missing))


def _event_stirs(case: Case) -> bool:
    link, snapshot = case.link, case.snapshot
    seen = snapshot.events.get((link.calendar, link.href))
    if seen is None:
        return True
    if link.note is not None and snapshot.now >= link.note.until:
        return True
    if seen.event is None or link.event is None:
        return True
    return seen.event.fingerprint != link.event.fingerprint


def _about_event(case: Case) -> set[Question]:
    """An event that seems to be gone: a direct GET, then a search through the whole account."""
    link, snapshot = case.link, case.snapshot
    if link.calendar not in snapshot.readable:
        return set()
    look = LookEvent(link.calendar, link.href)
    seen = snapshot.events.get((link.calendar, link.href))
    if seen is not None and seen.fault:
        return set()  # it stands still
    if seen is not None:
        marked = seen.event is not None and seen.event.cancelled
        alone = seen.event is not None and is_long_alone(case)
        goes = (one.calendar in snapshot.readable and not one.stays(snapshot.now) for one in link.leftovers)
        left = seen.event is not None and any(goes)
        return {look} if marked or alone or left or settled_twins(case) else set()
    if transferred(link, snapshot) is not None:
        return {look}
    if not is_all_told(link, snapshot):
        return set()
    if link.deletion is not None and not is_due(link, snapshot, case.policy) and not _decided(link):
        return set()
    if snapshot.looks.get(look) is Look.ABSENT:
        return {FindEvent(link.uid, link.booking_id)}
    return {look}


def _about_leftovers(case: Case) -> set[Question]:
    """What syncd left behind itself and no listing names any more: a direct GET, before that is forgotten."""
    return {LookEvent(one.calendar, one.href) for one in case.link.leftovers if is_not_seen(one, case.snapshot)}


def _decided(link: Link) -> bool:
    return link.awaiting is not None and link.awaiting.kind is AwaitKind.CANCEL and link.awaiting.decision is not None


def _about_slots(case: Case) -> set[Question]:
    """The open slots for a move that is wanted."""
    event = event_side(case.link, case.snapshot, case.policy)
    if not isinstance(event, EventMoved):
        return set()
    zimun = booking_side(case.link, case.snapshot, case.policy)
    if not isinstance(zimun, BookingSame | BookingMoved):
        return set()
    if isinstance(zimun, BookingMoved) and (event.to == zimun.booking.start or case.policy.conflict == "zimun"):
        return set()
    if moves.refusal(case, zimun.booking, event.to) is not None:
        return set()
    return set(landing.looks(case, zimun.booking, event.to))


def _about_orphans(snapshot: Snapshot, policy: Policy) -> set[Question]:
    """Events of ours without a link whose booking the list did not name."""
    if snapshot.window is None and not snapshot.list_closed:
        return set()
    asked: set[Question] = set()
    for name, group in snapshot.by_stem.items():
        for seen in group:
            booking_id = booking_id_of(name, seen)
            if seen.key in snapshot.linked_keys or booking_id is None or is_past(seen, snapshot, policy):
                continue
            if _needs_look(booking_id, snapshot):
                asked.add(LookBooking(booking_id))
    return asked


def _needs_look(booking_id: BookingId, snapshot: Snapshot) -> bool:
    known = booking_id in snapshot.bookings or booking_id in snapshot.asked_lately or booking_id in snapshot.unreadable
    return not known and booking_id not in snapshot.links


def _about_the_route(snapshot: Snapshot) -> set[Question]:
    """A 404 for one booking counts only while the same route answers for another: ask for one that was listed."""
    answers = {question: answer for question, answer in snapshot.looks.items() if isinstance(question, LookBooking)}
    if Look.ABSENT not in answers.values() or any(isinstance(answer, Booking) for answer in answers.values()):
        return set()
    asked = [booking_id for booking_id in snapshot.bookings if LookBooking(booking_id) in answers]
    other = next((booking_id for booking_id in sorted(snapshot.bookings) if booking_id not in asked), None)
    return {LookBooking(other)} if other is not None and len(asked) < ROUTE_LOOKS else set()
