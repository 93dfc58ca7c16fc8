"""The guard: a plan that would do too much at once waits for a person's word.

A calendar that was emptied, restored from a backup or misread is not forty customers' wish.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syncd.domain.actions import Action, Cancel, Create, Plan, Record, Remove, Replace, Reschedule, Why
from syncd.domain.booking import Booking
from syncd.domain.ids import BookingId
from syncd.domain.link import Awaiting, AwaitKind, Decision, Link
from syncd.domain.note import NoteKind
from syncd.planning import deletions
from syncd.planning.case import Case
from syncd.planning.planner import is_alive
from syncd.planning.routing import route
from syncd.planning.sides import BookingSame, EventGone, booking_side, event_side, stands_in
from syncd.planning.snapshot import Policy, Snapshot

MAX_REROUTES = 5
EMPTIED = 2
LATELY = timedelta(hours=1)


def check_safe(plan: Plan, snapshot: Snapshot, policy: Policy) -> Plan:
    """The same plan, or one in which whatever is too much at once awaits approval instead."""
    actions = {action.booking_id: action for action in plan.actions}
    actions |= _hold_deletions(actions, snapshot, policy)
    for kind, limit, done, concerned, ask in (
        (AwaitKind.MOVE, policy.max_moves, snapshot.moved_now, is_move, _ask_about_move),
        (AwaitKind.REMOVAL, policy.max_cancellations, _gone(actions, snapshot, policy), is_removal, _await_removal),
        (AwaitKind.REROUTE, MAX_REROUTES, _to_follow(actions, snapshot, policy), _is_reroute, _await_reroute),
    ):
        found = [
            action
            for action in actions.values()
            if concerned(action) and not approved(snapshot.links.get(action.booking_id), kind)
        ]
        # a cycle has several rounds: what earlier ones did counts, too
        if len(found) + done + len(_awaiting_lately(snapshot, kind)) > limit:
            for action in found:
                actions[action.booking_id] = ask(action, snapshot, policy)
    return replace(plan, actions=tuple(actions.values()))


@dataclass(frozen=True, slots=True)
class _Deleted:
    case: Case
    booking: Booking
    side: EventGone
    asked: bool

    @property
    def needs_shell(self) -> bool:
        note = self.case.link.note
        return note is not None and note.kind is NoteKind.CANCEL_SHELL


def _hold_deletions(actions: dict[BookingId, Action], snapshot: Snapshot, policy: Policy) -> dict[BookingId, Action]:
    """Deletions in grace and those that begin now, with the cancellations of the last hour, against the limit."""
    gone = _deleted(actions, snapshot, policy)
    first = [deleted for deleted in gone if not deleted.asked]
    again = [deleted for deleted in gone if deleted.asked]
    asked = _awaiting_lately(snapshot, AwaitKind.CANCEL)
    links = [deleted.case.link for deleted in first]
    back = _came_back(actions, snapshot).difference(deleted.case.link.booking_id for deleted in gone)
    lost = snapshot.perhaps_cancelled.difference(deleted.case.link.booking_id for deleted in gone)
    lately = snapshot.cancelled_lately + len(lost)
    held = _emptied([*links, *asked], snapshot, policy) | _set_back(links, snapshot, policy, least=2)
    went_with = _went_with(links, held, snapshot)
    if len(first) + len(again) + len(asked) + len(back) + lately <= policy.max_cancellations:
        first = [one for one in first if one.case.link.calendar in held or one.case.link.went_unkept]
    # once so many were deleted again that it takes the shell, it does, however many are left; and a calendar that was
    # emptied or set back once more has answered nothing: somebody may have made it anew on account of the questions.
    # But two that were booked one after the other, a mother's and her child's, may well be deleted together
    links = [deleted.case.link for deleted in again]
    lost_again = _emptied(links, snapshot, policy) | _set_back(links, snapshot, policy, least=EMPTIED + 1)
    many = len(again) > policy.max_cancellations
    shell = [one for one in again if many or one.needs_shell or one.case.link.calendar in lost_again]
    found: dict[BookingId, Action] = {}
    for link in went_with:
        action = actions.get(link.booking_id, Record(link.booking_id, Why.DELETION_HELD, link))
        if isinstance(action, Record):
            found[link.booking_id] = replace(action, link=replace(action.link, went_unkept=True))
    for deleted, kind in (
        *((deleted, NoteKind.CANCEL_ASKED) for deleted in first),
        *((deleted, NoteKind.CANCEL_SHELL) for deleted in shell),
    ):
        link = deleted.case.link
        if kind is NoteKind.CANCEL_ASKED and not link.went_unkept:
            # remembered before it is asked: a server may refuse the question for long, and by then the others may have
            # been answered, and those that came since may stand
            held_back = replace(link, went_unkept=True)
            found[link.booking_id] = Record(link.booking_id, Why.DELETION_HELD, held_back)
            continue
        outcome = deletions.ask(deleted.case, deleted.booking, deleted.side.cancelled, kind)
        found[link.booking_id] = outcome.action or Record(
            link.booking_id, Why.CANCEL_AWAITS, replace(link, deletion=None)
        )
    return found


def _came_back(actions: Mapping[BookingId, Action], snapshot: Snapshot) -> set[BookingId]:
    """Bookings whose events were deleted within the hour, too, and come back anyway, for they were changed meanwhile.

    Also where that was remembered or written in an earlier cycle: a failed write must not let the others slip by.
    """
    links = [action.link for action in actions.values() if isinstance(action, Record | Create | Replace)]
    notes = (
        (link.booking_id, note) for link in (*snapshot.links.values(), *links) for note in (link.pending, link.note)
    )
    return {
        booking_id
        for booking_id, note in notes
        if note is not None and note.kind is NoteKind.MOVED_AND_DELETED and abs(snapshot.now - note.at) < LATELY
    }


def _deleted(actions: dict[BookingId, Action], snapshot: Snapshot, policy: Policy) -> list[_Deleted]:
    """Every pair whose event is believed deleted while the booking stands, approved ones left out."""
    found = []
    for booking_id, link in sorted(snapshot.links.items()):
        question = link.awaiting if link.awaiting is not None and link.awaiting.kind is AwaitKind.CANCEL else None
        if question is not None and question.decision is not None:
            continue
        action = actions.get(booking_id)
        begins = isinstance(action, Record) and action.link.deletion is not None
        goes = isinstance(action, Cancel)
        asks = link.went_unkept and action is not None and action.why is Why.CANCEL_AWAITS
        if not is_alive(link, snapshot, policy) or not (link.deletion is not None or begins or goes or asks):
            continue
        if not link.shown and question is None:
            continue  # nobody can have deleted it, and nothing is cancelled for that
        case = Case(link, snapshot, policy)
        side = event_side(link, snapshot, policy)
        zimun = booking_side(link, snapshot, policy)
        # a case in grace whose looks are not due is gone by the listing's word: it counts, and may be asked about
        if isinstance(side, EventGone) and isinstance(zimun, BookingSame):
            found.append(_Deleted(case, zimun.booking, side, question is not None))
    return found


def _emptied(lost: list[Link], snapshot: Snapshot, policy: Policy) -> set[str]:
    """The calendars of more than two events in which none stands any more; all of them, where none stands anywhere.

    Judged by what has stood through the loss. Not so what came back since: its question was asked, or its booking
    moved. Nor what was made since, for bookings are also written while a loss cannot be judged yet; nor the few of a
    calendar that people wrote in the very reading that lost more of it, as an app does that brings back its own. Nor
    the event of a booking that has begun: those to come may be lost all the same. What went in the same reading counts
    also where its pair has ended since: the loss gets no smaller for that. So does an event that syncd was about to
    remove, for its booking's stands elsewhere by now.
    """
    if not lost:
        return set()
    gone = {link.booking_id for link in lost}
    times = {_lost_at(link, snapshot) for link in lost}
    since = min(times)
    alive = [
        link
        for link in _managed(snapshot)
        if link.booking_id in gone or link.gone_at in times or is_alive(link, snapshot, policy)
    ]
    stands = [link for link in alive if link.booking_id not in gone and stands_in(snapshot.events, link)]
    through = [one for one in stands if one.booking.start > snapshot.now and not _is_since(one, since, snapshot)]
    standing = {one.calendar for one in through} - _written_back(lost, through, snapshot)
    begun = {link.booking_id for link in stands if link.booking.start <= snapshot.now}
    count = Counter(link.calendar for link in alive if link.booking_id not in begun)
    count.update(one.calendar for link in through for one in link.leftovers if one.key not in snapshot.events)
    if not standing and count.total() > EMPTIED:
        return {link.calendar for link in lost}
    return {link.calendar for link in lost if count[link.calendar] > EMPTIED} - standing


def _set_back(lost: list[Link], snapshot: Snapshot, policy: Policy, *, least: int) -> set[str]:
    """The calendars that lost, in one reading, all those events that were made last: as by a restored backup.

    `least`: so many of them. One alone looks like any deletion. A person may have deleted others beside them. What went
    with them counts whatever became of it since: it may stand again, and ask, or be written where its booking belongs
    by now.
    """
    found = set()
    links = [link for link in _managed(snapshot) if is_alive(link, snapshot, policy)] if lost else []
    for calendar, at in {(link.calendar, _lost_at(link, snapshot)) for link in lost}:
        went = [one for one in links if one.gone_at == at and (one.calendar == calendar or one.awaiting is not None)]
        stood = [
            one
            for one in links
            if one.calendar == calendar and stands_in(snapshot.events, one) and not _is_since(one, at, snapshot)
        ]
        made = [link.made_at for link in went if link.made_at is not None]
        old = [link.made_at for link in stood if link.made_at is not None]
        last = [when for when in made if all(one < when for one in old)]
        # since the database was lost nobody knows which were made last: it may be these
        count = len(last) if made or old else len(went)
        if stood and count >= least:
            found.add(calendar)
    return found


def _went_with(lost: list[Link], held: set[str], snapshot: Snapshot) -> list[Link]:
    """What went from those calendars with what was lost, and of whose bookings nobody can judge now: as Zimun does not
    know one for an hour. By the time when that is known the others may have been answered, or stand elsewhere.
    """
    times = {_lost_at(link, snapshot) for link in lost if link.calendar in held}
    known = {link.booking_id for link in lost}

    def went(link: Link) -> bool:
        marked = snapshot.events.get((link.calendar, link.href))
        at = link.gone_at if marked is None else marked.seen_at
        return at in times and not stands_in(snapshot.events, link)

    return [
        link
        for link in _managed(snapshot)
        if link.calendar in held
        and went(link)
        and not (link.closed or link.awaiting or link.went_unkept or link.booking_id in known)
    ]


def _managed(snapshot: Snapshot) -> list[Link]:
    """The pairs in calendars of the config: of others nobody knows what stands."""
    return [link for link in snapshot.links.values() if link.calendar in snapshot.managed]


def _lost_at(link: Link, snapshot: Snapshot) -> datetime:
    """Since when the event is missing, or is marked as cancelled."""
    if link.gone_at is not None and (link.calendar, link.href) not in snapshot.events:
        return link.gone_at
    return link.deletion.since if link.deletion is not None else snapshot.now


def _written_back(lost: list[Link], stand: list[Link], snapshot: Snapshot) -> set[str]:
    """The calendars of which all that stands was written in a reading that lost more than that."""
    gone = [link for link in lost if not stands_in(snapshot.events, link)]
    times = {_lost_at(link, snapshot) for link in gone}
    count = Counter(link.calendar for link in gone)
    count.subtract(link.calendar for link in stand)
    old = {one.calendar for one in stand if snapshot.events[one.calendar, one.href].seen_at not in times}
    return {calendar for calendar, more in count.items() if more > 0} - old


def _is_since(link: Link, at: datetime, snapshot: Snapshot) -> bool:
    """Whether its event was made at that time or later, or had been missing then and came back.

    Times that are still to come are from before the clock was set back, and tell nothing.
    """
    return any(when is not None and at <= when <= snapshot.now for when in (link.made_at, link.gone_at))


def _awaiting_lately(snapshot: Snapshot, kind: AwaitKind) -> list[Link]:
    """What was held back within the hour and is undecided: one that a failed write left out must not slip by."""
    return [
        link
        for link in snapshot.links.values()
        if awaits(link)
        and link.deletion is None
        and link.awaiting is not None
        and link.awaiting.kind is kind
        and snapshot.now - link.awaiting.since < LATELY
    ]


def is_move(action: Action) -> bool:
    return isinstance(action, Reschedule)


def _ask_about_move(action: Action, snapshot: Snapshot, policy: Policy) -> Action:
    """The event keeps the person's time and says that it is not booked yet."""
    assert isinstance(action, Reschedule)
    link = replace(
        action.before,
        awaiting=Awaiting(AwaitKind.MOVE, snapshot.now, action.expect, to=action.dropped_at),
        refusal=None,
    )
    case = Case(link, snapshot, policy)
    seen = snapshot.events[link.calendar, link.href]
    note = case.note(NoteKind.MOVE_AWAITS, asked=action.to, was=action.expect.start)
    return case.rewrite(seen, link.booking, Why.MOVE_AWAITS, span=None, note=note)


def is_removal(action: Action) -> bool:
    return isinstance(action, Remove) and action.why is Why.BOOKING_GONE


def _gone(actions: Mapping[BookingId, Action], snapshot: Snapshot, policy: Policy) -> int:
    """How many other events went for a 404, or will.

    Where the list is closed bookings are looked at in turn, and what is gone at once is not found so in one cycle.
    """
    if not snapshot.list_closed:
        return snapshot.removed_now
    goes = {action.booking_id for action in actions.values() if is_removal(action)}
    records = {action.booking_id: action.link for action in actions.values() if isinstance(action, Record)}
    waits = [
        link
        for booking_id, link in {**snapshot.links, **records}.items()
        if link.missing is not None and link.awaiting is None and link.booking.live and booking_id not in goes
    ]
    # where its calendar left the config it stays as it is
    here = (link for link in waits if link.calendar in snapshot.managed)
    return snapshot.removed_now + sum(is_alive(link, snapshot, policy) for link in here)


def _await_removal(action: Action, snapshot: Snapshot, policy: Policy) -> Action:
    link = snapshot.links[action.booking_id]
    awaiting = Awaiting(AwaitKind.REMOVAL, snapshot.now, link.booking)
    return Record(action.booking_id, Why.REMOVAL_AWAITS, replace(link, awaiting=awaiting))


def _is_reroute(action: Action) -> bool:
    return isinstance(action, Create) and action.why is Why.REROUTED


def _to_follow(actions: Mapping[BookingId, Action], snapshot: Snapshot, policy: Policy) -> int:
    """How many more go elsewhere once Zimun tells of them: their calendar left the config and they are far ahead, or
    they are looked at in turn.

    Not those of which a person said that they stay, nor those for which the config has no calendar.
    """
    return sum(
        link.closed is None
        and link.booking.live
        and _belongs_elsewhere(link, snapshot, policy)
        and not (link.awaiting is not None and link.awaiting.kind is AwaitKind.REROUTE)
        and not isinstance(actions.get(link.booking_id), Create)
        for link in snapshot.links.values()
    )


def _belongs_elsewhere(link: Link, snapshot: Snapshot, policy: Policy) -> bool:
    """Whether its event goes elsewhere on account of the config, and nothing tells of that in this cycle's plan yet."""
    home = route(link.booking, policy.routes)
    if link.calendar not in snapshot.managed:
        return home is not None and link.booking.start > snapshot.now
    return snapshot.list_closed and home not in (None, link.calendar) and is_alive(link, snapshot, policy)


def _await_reroute(action: Action, snapshot: Snapshot, policy: Policy) -> Action:
    assert isinstance(action, Create)
    link = snapshot.links[action.booking_id]
    # one question at a time; but where its calendar left the config, nobody moves what awaited that
    if link.awaiting is not None and (link.awaiting.kind is not AwaitKind.MOVE or link.calendar in snapshot.managed):
        return Record(action.booking_id, Why.REMEMBERED, link)
    awaiting = Awaiting(AwaitKind.REROUTE, snapshot.now, action.link.booking, target=action.calendar)
    told = action.link.note if link.awaiting is not None else link.pending
    return Record(action.booking_id, Why.REROUTE_AWAITS, replace(link, awaiting=awaiting, pending=told))


def approved(link: Link | None, kind: AwaitKind) -> bool:
    awaiting = link.awaiting if link is not None else None
    return awaiting is not None and awaiting.kind is kind and awaiting.decision is Decision.APPROVED


def awaits(link: Link) -> bool:
    """Whether this pair waits for a person's word."""
    return link.closed is None and link.awaiting is not None and link.awaiting.decision is None
