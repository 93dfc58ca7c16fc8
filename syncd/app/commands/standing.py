"""What stands still, awaits or was refused: picked from links, as rows for people and as values for programs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Console

from syncd.app import tables
from syncd.app.commands import phrases
from syncd.app.commands.common import stamp
from syncd.app.tables import Column
from syncd.domain.actions import Problem
from syncd.domain.booking import Catalog
from syncd.domain.candidate import Stage
from syncd.domain.ids import BookingId
from syncd.domain.link import Link
from syncd.engine import memory
from syncd.planning.guard import awaits
from syncd.state.store import Store


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a person's word, under the name by which it is decided. `kind` is a name for programs."""

    booking_id: BookingId
    kind: str
    start: datetime | None
    since: datetime
    asked: datetime | None = None
    until: datetime | None = None
    zone: str = ""


def zones(store: Store) -> dict[BookingId, str]:
    """The zone of the place of each booking and each event that asks for one, where syncd knows it."""
    catalog, links = memory.catalog(store, Catalog()), store.links().values()
    places = {one.name: one.location_id for one in store.candidates()}
    places |= {one.booking.id: one.booking.location_id for one in store.known()}
    places |= {link.booking_id: link.booking.location_id for link in links}
    there = {name: zone.key for name, place in places.items() if (zone := catalog.zone(place)) is not None}
    # an event whose app writes its time in UTC tells no zone
    return there | {link.booking_id: link.start.tzid for link in links if link.start.tzid}


def awaiting(store: Store) -> list[Waiting]:
    """All that waits. A request in the calendar is no booking yet: it goes by `event-` and a number."""
    known = zones(store)
    found = [
        Waiting(link.booking_id, item.kind.value, item.was.start, item.since, item.to, item.until, link.start.tzid)
        for link in store.links().values()
        if awaits(link) and (item := link.awaiting) is not None
    ]
    return found + [
        Waiting(one.name, phrases.REQUEST, one.start, one.since, zone=known.get(one.name, ""))
        for one in store.awaiting()
    ]


def awaiting_json(found: Iterable[Waiting]) -> list[dict[str, object]]:
    return [
        {
            "booking_id": item.booking_id,
            "kind": item.kind,
            "start_time": stamp(item.start),
            "asked_start_time": stamp(item.asked),
            "since": stamp(item.since),
            "until": stamp(item.until),
        }
        for item in found
    ]


def show_awaiting(to: Console, found: Sequence[Waiting], now: datetime) -> None:
    if not found:
        return
    tables.heading(to, f"{len(found)} await approval: syncd approve [BOOKING_ID...], or syncd reject [BOOKING_ID...]")
    columns = [
        Column("BOOKING", fold=True, least=16),
        Column("DO WHAT"),
        Column("STARTS"),
        Column("ASKED FOR"),
        Column("SINCE"),
    ]
    tables.table(
        to,
        [*columns, Column("LAPSES")],
        [
            (
                item.booking_id,
                phrases.AWAITS[item.kind],
                tables.in_zone(item.start, item.zone, now),
                tables.in_zone(item.asked, item.zone, now),
                f"{tables.age(now - item.since)} ago",
                f"in {tables.age(item.until - now)}" if item.until else "",
            )
            for item in found
        ],
    )


def problems_json(problems: Iterable[Problem]) -> list[dict[str, str]]:
    return [{"kind": one.kind.value, "key": one.key, "text": one.text} for one in problems]


def show_problems(to: Console, problems: Sequence[Problem]) -> None:
    if not problems:
        return
    tables.heading(to, f"{len(problems)} stand still")
    columns = (Column("WHICH", fold=True, least=16), Column("KIND"), Column("WHY, AND WHAT TO DO", fold=True, least=24))
    tables.table(to, columns, [(one.key, one.kind.value, one.text) for one in problems])


def show_sides(to: Console, faults: Mapping[str, str]) -> None:
    if not faults:
        return
    tables.heading(to, "Not read in this cycle, or not completely")
    tables.table(to, (Column("SIDE", fold=True), Column("WHY", fold=True, least=24)), list(faults.items()))


@dataclass(frozen=True, slots=True)
class Pair:
    """A booking that is not as somebody wanted it. `why` is a name for programs, `asked` the start asked for.

    `start` is None for an event that asks for a booking and names no time: all-day, or in a zone that is not known.
    """

    booking_id: BookingId
    zone: str
    start: datetime | None
    why: str
    since: datetime
    asked: datetime | None = None
    until: datetime | None = None

    def json(self) -> dict[str, object]:
        return {
            "booking_id": self.booking_id,
            "start_time": stamp(self.start),
            "asked_start_time": stamp(self.asked),
            "why": self.why,
            "since": stamp(self.since),
            "until": stamp(self.until),
        }


def refused(links: Iterable[Link]) -> list[Pair]:
    """Open pairs whose event says that a wish was refused. The other side's own words are left out: they may name."""
    found = []
    for link in links:
        refusal = link.refusal if link.refusal is not None and link.refusal.to is not None else None
        note = refusal.note if refusal is not None else link.note
        if link.closed is None and note is not None and (refusal is not None or note.kind in phrases.REFUSED):
            zone, start = link.start.tzid, link.booking.start
            found.append(Pair(link.booking_id, zone, start, note.kind.value, note.at, asked=note.asked))
    return found


def refused_requests(store: Store) -> list[Pair]:
    """Events whose note says that they were not booked."""
    known = zones(store)
    return [
        Pair(one.name, known.get(one.name, ""), one.start, one.told, one.since, asked=one.start)
        for one in store.candidates()
        if one.stage is Stage.CLOSED and not one.gone and one.told in phrases.REFUSED
    ]


def wishes(links: Iterable[Link]) -> list[Pair]:
    """Moves that wait for Zimun to answer."""
    return [
        Pair(link.booking_id, link.start.tzid, link.booking.start, "waits", link.wish.since, asked=link.wish.to)
        for link in links
        if link.closed is None and link.wish is not None and not awaits(link)
    ]


def in_grace(links: Iterable[Link], grace: timedelta) -> list[Pair]:
    """Deleted events whose booking is cancelled when the grace is over, unless the event comes back."""
    return [
        Pair(link.booking_id, link.start.tzid, link.booking.start, "deleted", since, until=since + grace)
        for link in links
        if link.closed is None and link.deletion is not None
        for since in (link.deletion.since,)
    ]


def show_pairs(to: Console, title: str, pairs: Sequence[Pair], now: datetime) -> None:
    if not pairs:
        return
    tables.heading(to, title)
    columns = [
        Column("BOOKING", fold=True, least=16),
        Column("STARTS"),
        Column("ASKED FOR"),
        Column("SINCE"),
        Column("DUE"),
    ]
    tables.table(
        to,
        [*columns, Column("WHY", fold=True)],
        [
            (
                pair.booking_id,
                tables.in_zone(pair.start, pair.zone, now),
                tables.in_zone(pair.asked, pair.zone, now),
                f"{tables.age(now - pair.since)} ago",
                "" if pair.until is None else f"in {tables.age(pair.until - now)}" if pair.until > now else "now",
                phrases.REFUSED.get(pair.why, ""),
            )
            for pair in pairs
        ],
    )
