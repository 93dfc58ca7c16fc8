"""Where a drag lands: where it was dropped, or on the nearest free time within `snap_minutes`; or nowhere."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

from syncd.domain.booking import Booking, Slot, Span
from syncd.planning.case import Case
from syncd.planning.snapshot import Look, LookSlots

NEAREST = 3
DAY = timedelta(days=1)


def landing(case: Case, booking: Booking, to: datetime) -> datetime | Look | None:
    """The start that a drop at `to` means; the booking's own where it stays. None: nothing is open there.

    UNKNOWN where the open slots could not be read now. Without a snap a start has to be open to the minute; where
    Zimun alone can tell, it is the one that was asked for.

    A booking's own time is free for its own move, and no list names it. With a snap, its own start counts like an open
    slot, and for a drop that overlaps it so do the starts on its own time, at the list's step from its own start:
    else nobody could move a booking by less than its length. Zimun has the last word about those, too.
    """
    slots, snap = open_slots(case, booking, to), case.policy.snap
    if isinstance(slots, Look):
        return slots
    alone = slots is None or overlaps(booking, to)
    starts = _ahead(slots or (), case.now)
    if snap:
        meant = starts | {booking.start} | (_on_its_own_time(booking, starts, to) if alone else set())
        near = [start for start in meant if abs(start - to) <= snap and start > case.now]
        if near:
            return min(near, key=lambda start: (abs(start - to), start))
    return to if alone or to in starts else None


def looks(case: Case, booking: Booking, to: datetime) -> tuple[LookSlots, ...]:
    """The looks at open slots that this move needs, none where Zimun alone can tell.

    Where nothing could be offered instead, the days beside are looked at too, for the person who is told no.
    """
    asked = needed(case, booking, to)
    if landing(case, booking, to) is None and not offers(case, booking, to):
        asked += beside(case, booking, to)
    return asked


def needed(case: Case, booking: Booking, to: datetime) -> tuple[LookSlots, ...]:
    """The day of the drop, and those that the snap reaches into.

    Slots are asked for by the day at the place, so a place without a known zone has none to ask for. Where the wanted
    span overlaps the booking's own, the list cannot tell: the booking's own time is not in it. Only a snap needs it.
    """
    snap = case.policy.snap
    if not snap and overlaps(booking, to):
        return ()
    return _days(case, booking, (to, to - snap, to + snap))


def beside(case: Case, booking: Booking, to: datetime) -> tuple[LookSlots, ...]:
    """The days before and after."""
    return _days(case, booking, (to - DAY, to + DAY))


def open_slots(case: Case, booking: Booking, to: datetime) -> tuple[Slot, ...] | Look | None:
    """The open slots within reach; None where Zimun decides alone; UNKNOWN where they could not be read now."""
    asked = needed(case, booking, to)
    answers = [case.snapshot.looks.get(one) for one in asked]
    if not asked or answers[0] is Look.CLOSED:
        return None
    if any(not isinstance(answer, tuple) and answer is not Look.CLOSED for answer in answers):
        return Look.UNKNOWN
    return _listed(answers)


def offers(case: Case, booking: Booking, to: datetime) -> tuple[datetime, ...]:
    """Up to three open starts nearest to the one asked for, of what was looked at."""
    asked = (*needed(case, booking, to), *beside(case, booking, to))
    found = _listed(case.snapshot.looks.get(one) for one in asked)
    return nearest([slot for slot in found if slot.start > case.now], to)


def nearest(slots: Iterable[Slot], to: datetime) -> tuple[datetime, ...]:
    """Up to three open starts nearest to the one asked for, in the order of the day."""
    by_distance = sorted({slot.start for slot in slots}, key=lambda start: (abs(start - to), start))
    return tuple(sorted(by_distance[:NEAREST]))


def overlaps(booking: Booking, to: datetime) -> bool:
    """Whether the booking at `to` would overlap its own time."""
    return Span(to, to + booking.span.length).overlaps(booking.span)


def _on_its_own_time(booking: Booking, starts: Iterable[datetime], to: datetime) -> set[datetime]:
    """The two starts around `to` that would be in the list if this booking did not stand there, by the list's step."""
    step = min((later - earlier for earlier, later in pairwise(sorted(starts))), default=None)
    if step is None:
        return set()
    before = booking.start + (to - booking.start) // step * step
    return {start for start in (before, before + step) if overlaps(booking, start)}


def _days(case: Case, booking: Booking, moments: Iterable[datetime]) -> tuple[LookSlots, ...]:
    """Their days as the place has them, each once; none that is over, for nothing is open there."""
    zone = case.snapshot.zone(booking)
    if not booking.service_id or zone is None:
        return ()
    today = case.now.astimezone(zone).date()
    days = dict.fromkeys(moment.astimezone(zone).date() for moment in moments)
    return tuple(LookSlots(booking.service_id, booking.location_id, day) for day in days if day >= today)


def _listed(answers: Iterable[object]) -> tuple[Slot, ...]:
    return tuple(slot for answer in answers if isinstance(answer, tuple) for slot in answer)


def _ahead(slots: Iterable[Slot], now: datetime) -> set[datetime]:
    return {slot.start for slot in slots if slot.start > now}
