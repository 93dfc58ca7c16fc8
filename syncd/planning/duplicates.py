"""Further events of one booking: what we left behind ourselves goes at once, a second one after a while."""

from dataclasses import replace

from syncd.domain.actions import Remove, Why
from syncd.domain.event import Event, Observation
from syncd.domain.ids import parse_uid
from syncd.domain.link import Leftover
from syncd.domain.note import Note, NoteKind
from syncd.planning.case import Case, Outcome, left_behind
from syncd.planning.sides import SETTLED, is_not_seen, left_seen
from syncd.planning.snapshot import LookEvent


def remove(case: Case, *, ended: bool = False) -> Outcome:
    """Remove one further event of this booking, without consequence, while the booking's own stands.

    `ended`: the booking is over, and none of them is on its way anywhere.
    """
    link, snapshot = case.link, case.snapshot
    own = snapshot.events.get((link.calendar, link.href))
    if own is None or link.calendar not in snapshot.readable:
        return Outcome()
    for leftover in link.leftovers:
        if leftover.calendar not in snapshot.readable:
            continue
        after = replace(link, leftovers=tuple(other for other in link.leftovers if other != leftover))
        if leftover.key == (link.calendar, link.href):
            return case.remember(after)  # it is the booking's own again
        if is_not_seen(leftover, snapshot):
            continue
        seen = left_seen(leftover, snapshot)
        if seen is None or seen.event is None:
            return case.remember(after)  # gone, or somebody else's now
        if leftover.stays(case.now) and not ended:
            continue
        # one that was marked as cancelled meanwhile is no better than a deleted one: the event that stands counts
        if leftover.is_unchanged(seen) or seen.event.cancelled:
            if not ended and not was_met(case):
                continue  # what was written in its place may never have been stored, or may be gone by now
            # for a moment a person saw two, and may have deleted the one that counts
            told = _told(case, leftover, seen.event) if not ended else None
            after = replace(after, twin_removed_at=case.now, pending=after.pending or told)
            return Outcome(
                Remove(link.booking_id, Why.DUPLICATE, after, seen.calendar, seen.href, seen.etag, seen.data)
            )
        # a person changed it meanwhile: that one counts, and ours is what is left over
        theirs = replace(
            after,
            calendar=seen.calendar,
            href=seen.href,
            # against where it stood when it was left: an edit that moved nothing is no move back
            start=leftover.start or link.start,
            replay=leftover.replay,
            pending=case.told_where_it_stood(leftover) or after.pending,
            shown=True,
            leftovers=(*after.leftovers, left_behind(own)),
        )
        return case.remember(theirs, Why.EVENT_TRANSFERRED)
    # a person may be about to finish a transfer: the booking's own event is looked at once more right before. Not where
    # the booking is over: it may be marked as cancelled as well, and once it went nobody would know the other
    if ended or was_met(case):
        for seen in settled_twins(case):
            after = replace(link, twin_removed_at=case.now)
            return Outcome(
                Remove(link.booking_id, Why.DUPLICATE, after, seen.calendar, seen.href, seen.etag, seen.data)
            )
    return Outcome()


def _told(case: Case, leftover: Leftover, event: Event) -> Note | None:
    """What is told of one that goes: a person may have dragged it, or made it repeat, while its calendar was out of the
    config, which nobody read.
    """
    if event.recurring:
        return case.note(NoteKind.RECURRING, was=case.link.booking.start)
    put = event.put
    dragged = put is None or leftover.start is None or leftover.start.instant != put.start
    return case.told_where_it_stood(leftover) if dragged else None


def was_met(case: Case) -> bool:
    """Whether a direct look in this cycle found the booking's own event standing."""
    looked = case.snapshot.looks.get(LookEvent(case.link.calendar, case.link.href))
    return isinstance(looked, Observation) and looked.event is not None and not looked.event.cancelled


def is_long_alone(case: Case) -> bool:
    """Whether a second event of this booking was removed a while ago, or the booking was asked for again then.

    Then a direct look tells whether the other stands (`looks`), for some servers' sync reports leave deletions out; and
    that is forgotten (`endings.lapse`).
    """
    times = [at for at in (case.link.twin_removed_at, case.link.asked_again_at) if at is not None]
    return bool(times) and case.now - max(times) >= SETTLED


def settled_twins(case: Case) -> list[Observation]:
    """Events with this booking's UID, of whichever generation, that have stood at other hrefs for a while.

    Or with the UID that it had under another id. A copy with a UID of its own is a person's and is never touched. No
    left-overs: those have their own while, and may have something to tell.
    """
    link, snapshot = case.link, case.snapshot
    if not snapshot.has_unlinked:
        return []
    left = {one.key for one in link.leftovers}
    named = [
        seen for seen in snapshot.by_booking_id.get(link.booking_id, ()) if seen.event and parse_uid(seen.event.uid)
    ]
    return [
        seen
        for seen in dict.fromkeys((*snapshot.of_uid(link.uid), *named))
        if seen.key not in case.snapshot.linked_keys
        and seen.key not in left
        and not snapshot.is_anothers(seen, link.booking_id)
        and seen.calendar in case.snapshot.readable
        and case.now - seen.seen_at >= SETTLED
    ]
