"""Small things that outlive a cycle, kept as facts in the store: clocks, suspect UIDs, events that name no booking."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from syncd.domain.actions import Action, Create, Problem, ProblemKind, Remove, Replace
from syncd.domain.booking import Booking, Catalog
from syncd.domain.ids import BookingId
from syncd.domain.link import Link
from syncd.planning.sides import is_stale, seen_booking
from syncd.planning.snapshot import Look, LookBooking, Snapshot
from syncd.ports import Clock
from syncd.state.codec import CATALOG
from syncd.state.store import Store

JUMP = timedelta(seconds=30)
ASK_AGAIN = timedelta(hours=1)
_UIDS = "conflicting_uids"
_ORPHANS = "orphans_asked_at"
_REFUSED = "writes_refused_at"
_CLOSED = "zimun_closed_at"
_BOOKS_NOTHING = "zimun_books_nothing_at"
_PUT_OFF = "asks_put_off"
_SET_ASIDE = "asks_set_aside"
_OTHERWISE = "told_otherwise"
_BLIND = "blind"
_LOOKED_BACK = "looked_back_at"
_CATALOG = "catalog"
CLOSED_FOR = timedelta(minutes=15)
LOOK_BACK = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Clocks:
    """Both clocks as they stood together, and whether the wall clock moved by itself since they were remembered."""

    wall: datetime
    boot: str
    elapsed: float
    jumped: bool


def clocks(store: Store, clock: Clock, now: datetime) -> Clocks:
    """Both clocks. They are remembered once what follows from a jump is: a crash in between must not forget it."""
    boot, elapsed = clock.elapsed()
    return Clocks(now, boot, elapsed, _jumped(store.remembered_clock(), now, boot, elapsed))


def remember_clocks(store: Store, clocks: Clocks) -> None:
    store.remember_clock(clocks.wall, clocks.boot, clocks.elapsed)


def _jumped(last: tuple[datetime, str, float] | None, now: datetime, boot: str, elapsed: float) -> bool:
    """Between two boots nobody can tell: a clock without a battery begins anywhere, so it counts as moved."""
    if last is None:
        return False
    wall, last_boot, last_elapsed = last
    if boot != last_boot:
        return True
    return abs((now - wall) - timedelta(seconds=elapsed - last_elapsed)) > JUMP


def refused_uids(store: Store) -> frozenset[str]:
    """UIDs that a server refused twice, with a full listing in between that did not show them: used before."""
    return frozenset(uid for uid, times in _load(store, _UIDS).items() if int(times) > 1)


def remember_conflict(store: Store, uid: str) -> None:
    known = _load(store, _UIDS)
    store.set_fact(_UIDS, json.dumps(known | {uid: str(int(known.get(uid, "0")) + 1)}))


def asked_lately(store: Store, now: datetime) -> frozenset[BookingId]:
    """Bookings of unlinked events that Zimun did not know within the last hour."""
    known = _load(store, _ORPHANS)
    return frozenset(BookingId(name) for name, at in known.items() if _age(at, now) < ASK_AGAIN)


def remember_asked(store: Store, unknown: Collection[BookingId], now: datetime) -> None:
    if unknown:
        known = {name: at for name, at in _load(store, _ORPHANS).items() if _age(at, now) < ASK_AGAIN}
        store.set_fact(_ORPHANS, json.dumps(known | dict.fromkeys(unknown, now.isoformat())))


def told_otherwise(store: Store, links: Mapping[BookingId, Link]) -> dict[BookingId, datetime]:
    """The starts that Zimun told at last of live bookings whose pairs had not come to that; but for our writes since.

    An event may not be written for long, and then Zimun may tell of the booking no more.
    """
    found = {}
    for name, (start, at) in _pairs(store, _OTHERWISE).items():
        link = links.get(BookingId(name))
        if link is not None and not _wrote_since(link, at):
            found[link.booking_id] = datetime.fromisoformat(start)
    return found


def remember_told(store: Store, snapshot: Snapshot) -> None:
    """Remember them, by what a cycle has read and as it leaves both sides; as before of a booking that was not read."""
    known = _pairs(store, _OTHERWISE)
    told: dict[str, tuple[str, str]] = {}
    for booking_id, link in snapshot.links.items():
        if link.closed is not None:
            continue
        seen = seen_booking(link, snapshot)
        if seen is None and booking_id in known:
            told[booking_id] = known[booking_id]
        elif seen is not None and _is_otherwise(link, seen, snapshot.now):
            start, at = known.get(booking_id, ("", ""))
            again = start == seen.start.isoformat() and not _wrote_since(link, at)
            told[booking_id] = (start, at) if again else (seen.start.isoformat(), snapshot.now.isoformat())
    if told != known:
        store.set_fact(_OTHERWISE, json.dumps(told))


def blind(store: Store, snapshot: Snapshot, problems: Collection[Problem]) -> tuple[Problem, ...]:
    """Bookings that no call could read when they were looked at last, besides those that `problems` names.

    Where the list is closed each has its turn, and stands still until then. Remembered for the next cycle, too.
    """
    if not snapshot.list_closed and snapshot.window is None:
        return ()  # nothing was read of Zimun
    known: dict[str, str] = json.loads(store.fact(_BLIND) or "{}")
    kept = {name: text for name, text in known.items() if snapshot.list_closed and _stands(name, snapshot)}
    new = {one.key: one.text for one in problems if one.kind is ProblemKind.BLIND}
    if kept | new != known:
        store.set_fact(_BLIND, json.dumps(kept | new))
    named = {one.key for one in problems}
    return tuple(Problem(ProblemKind.BLIND, name, text) for name, text in sorted(kept.items()) if name not in named)


def _stands(name: str, snapshot: Snapshot) -> bool:
    """Whether that booking has an open pair, and was not looked at in this cycle."""
    link = snapshot.links.get(BookingId(name))
    looked = snapshot.looks.get(LookBooking(BookingId(name)), Look.UNKNOWN) is not Look.UNKNOWN
    return link is not None and link.closed is None and not looked and seen_booking(link, snapshot) is None


def remember_start(store: Store, booking: Booking, now: datetime) -> None:
    """The same of one booking that was read by its id before a cycle reads both sides."""
    known = _pairs(store, _OTHERWISE)
    told = (booking.start.isoformat(), now.isoformat())
    if known.get(booking.id, ("", ""))[0] != told[0]:
        store.set_fact(_OTHERWISE, json.dumps(known | {booking.id: told}))


def ended_since(store: Store, past: timedelta, now: datetime) -> datetime | None:
    """Since when bookings ended that are to be looked at once more; None: they were within the hour.

    Those that were let go within the last days, and all that ended while syncd saw nothing of Zimun.
    """
    at = store.fact(_LOOKED_BACK)
    if at is None:
        return now - LOOK_BACK - past
    return min(now - LOOK_BACK, datetime.fromisoformat(at)) - past if _age(at, now) >= ASK_AGAIN else None


def remember_looked_back(store: Store, now: datetime) -> None:
    """Zimun was read, by its list or by each id."""
    store.set_fact(_LOOKED_BACK, now.isoformat())


def _is_otherwise(link: Link, seen: Booking, now: datetime) -> bool:
    changed = seen.start != link.booking.start or link.booking.cancelled
    return seen.live and changed and not is_stale(link, seen, now)


def _wrote_since(link: Link, at: str) -> bool:
    return link.wrote is not None and link.wrote.at > datetime.fromisoformat(at)


def catalog(store: Store, named: Catalog) -> Catalog:
    """The places and services that Zimun names; after them, as it named them last, those that it does not any more."""
    return _after(named, _last_catalog(store))


def _after(named: Catalog, last: Catalog) -> Catalog:
    return Catalog(
        {**named.locations, **last.locations, **named.locations},
        {**named.services, **last.services, **named.services},
    )


def remember_catalog(store: Store, named: Catalog, bookings: Iterable[Booking]) -> Catalog:
    """Remember what Zimun names, for a process that begins while it is away, and what any of the bookings is of.

    A service that is not offered any more, or is left out of one answer, keeps its name in the events of its bookings.
    """
    last = _last_catalog(store)
    known = _after(named, last)
    used = {name for booking in bookings for name in (booking.location_id, booking.service_id)}
    kept = Catalog(
        {key: one for key, one in known.locations.items() if key in named.locations or key in used},
        {key: one for key, one in known.services.items() if key in named.services or key in used},
    )
    if kept != last:
        store.set_fact(_CATALOG, CATALOG.dump(kept))
    return kept


def _last_catalog(store: Store) -> Catalog:
    text = store.fact(_CATALOG)
    return CATALOG.load(text) if text is not None else Catalog()


def remember_closed(store: Store, now: datetime) -> None:
    """Zimun does not let this client change bookings: nobody hammers it with what it will not take."""
    store.set_fact(_CLOSED, now.isoformat())


def is_closed(store: Store, now: datetime) -> bool:
    """Whether Zimun did not let this client change bookings within the last quarter of an hour."""
    return _lately(store.fact(_CLOSED), now)


def remember_no_bookings(store: Store, now: datetime) -> None:
    """Zimun did not let this client hold a time or confirm it: people are told so, and not that it is out of reach."""
    store.set_fact(_BOOKS_NOTHING, now.isoformat())


def books_nothing(store: Store, now: datetime) -> bool:
    """Whether it was so within the last quarter of an hour, after which it is asked again."""
    return _lately(store.fact(_BOOKS_NOTHING), now)


def put_off(store: Store, name: BookingId, now: datetime, at_least: timedelta = timedelta(0)) -> None:
    """What is asked for under that name came to nothing: it rests, half as long as that has gone on.

    A quarter of an hour at most. Kept in the store, for a cycle may be a process of its own.
    """
    known = _rests(store)
    first = known[name][0] if name in known else now.isoformat()
    rest = max(at_least, min(_age(first, now) / 2, CLOSED_FOR))
    store.set_fact(_PUT_OFF, json.dumps(known | {name: (first, (now + rest).isoformat())}))


def is_put_off(store: Store, name: BookingId, now: datetime) -> bool:
    """Whether it is to rest still."""
    told = _rests(store).get(name)
    # further away than any rest: the clock was set back meanwhile
    return told is not None and now < datetime.fromisoformat(told[1]) <= now + CLOSED_FOR


def forget_rests(store: Store, now: datetime) -> None:
    """Forget those that ended long ago: what was asked for is gone, or nobody asks for it any more."""
    known = _rests(store)
    lately = {name: told for name, told in known.items() if _age(told[1], now) < ASK_AGAIN}
    if lately != known:
        store.set_fact(_PUT_OFF, json.dumps(lately))


def is_answered(store: Store, name: BookingId) -> None:
    """Something came of it: what is asked for under that name next does not rest on account of that."""
    known = _rests(store)
    if known.pop(name, None) is not None:
        store.set_fact(_PUT_OFF, json.dumps(known))


def set_aside(store: Store, booking_id: BookingId, now: datetime) -> None:
    """What was asked by hand about that booking, and has no answer, is not asked for again. It may have been heard."""
    known = {each: at for each, at in _load(store, _SET_ASIDE).items() if _age(at, now) < ASK_AGAIN}
    store.set_fact(_SET_ASIDE, json.dumps(known | {booking_id: now.isoformat()}))


def was_set_aside(store: Store, booking_id: BookingId, now: datetime) -> timedelta | None:
    """How long ago, within the hour; None where nothing was."""
    at = _load(store, _SET_ASIDE).get(booking_id)
    return _age(at, now) if at is not None and _age(at, now) < ASK_AGAIN else None


def print_of(action: Action) -> str:
    """A hash of what an action writes and where; empty for one that writes no event."""
    match action:
        case Create(calendar=calendar, name=name, draft=draft):
            said = repr((calendar, name, draft))
        case Replace(calendar=calendar, href=href, draft=draft):
            said = repr((calendar, href, draft))
        case Remove(calendar=calendar, href=href, etag=etag):
            said = repr((calendar, href, etag))
        case _:
            return ""
    return sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def refused_writes(store: Store, now: datetime) -> frozenset[str]:
    """The prints of writes that a calendar refused within the last hour."""
    known = _load(store, _REFUSED)
    return frozenset(written for written, at in known.items() if _age(at, now) < ASK_AGAIN)


def remember_refused_write(store: Store, action: Action, now: datetime) -> None:
    known = {written: at for written, at in _load(store, _REFUSED).items() if _age(at, now) < ASK_AGAIN}
    store.set_fact(_REFUSED, json.dumps(known | {print_of(action): now.isoformat()}))


def _lately(at: str | None, now: datetime) -> bool:
    return at is not None and _age(at, now) < CLOSED_FOR


def _age(at: str, now: datetime) -> timedelta:
    return abs(now - datetime.fromisoformat(at))


def _rests(store: Store) -> dict[str, tuple[str, str]]:
    """Since when each comes to nothing, and until when it rests."""
    return _pairs(store, _PUT_OFF)


def _pairs(store: Store, name: str) -> dict[str, tuple[str, str]]:
    text = store.fact(name)
    return {key: (first, second) for key, (first, second) in json.loads(text).items()} if text is not None else {}


def _load(store: Store, name: str) -> dict[str, str]:
    text = store.fact(name)
    return dict(json.loads(text)) if text is not None else {}
