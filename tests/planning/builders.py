"""Short ways to say what a test needs: bookings, events, observations, links, snapshots, policies."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from syncd.domain.booking import Booking, Catalog, Location, Service, Span
from syncd.domain.event import Event, EventTime, Observation, Texts, TimeKind
from syncd.domain.ids import BookingId, name_of, uid_of
from syncd.domain.link import Link
from syncd.planning.routing import Route
from syncd.planning.snapshot import Policy, Snapshot

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TEN = NOW + DAY + HOUR  # ten o'clock in Berlin, tomorrow
NOON = TEN + 2 * HOUR
FOUR = TEN + 6 * HOUR
HOME = "https://dav.example.org/home/"
SIDE = "https://dav.example.org/side/"
FOREIGN = "https://dav.example.org/private/"
BERLIN = "Europe/Berlin"
CATALOG = Catalog(
    locations={"loc_1": Location("loc_1", "Salon", BERLIN), "loc_2": Location("loc_2", "Studio", BERLIN)},
    services={"cut": Service("cut", "Haircut", HOUR, ("loc_1", "loc_2"))},
)
ROUTES = (Route(SIDE, locations=("loc_2",)), Route(SIDE, staff=("Zoe",)), Route(HOME, fallback=True))


def policy(**changes: Any) -> Policy:
    return replace(Policy(routes=ROUTES), **changes)


def booking(name: str = "b1", start: datetime = TEN, **changes: Any) -> Booking:
    """An hour at the salon, for Ada."""
    made = Booking(BookingId(name), start, start + HOUR, service_id="cut", location_id="loc_1", contact_name="Ada")
    return replace(made, **changes)


def texts(of: Booking) -> Texts:
    """What syncd would write about a booking."""
    return Texts(f"Haircut – {of.contact_name}", "Salon", {"name": of.contact_name, "phone": of.contact_phone or "-"})


def zoned(instant: datetime, zone: str = BERLIN) -> EventTime:
    """A time with a zone, as most clients and syncd itself write it."""
    wall = instant.astimezone(ZoneInfo(zone))
    return EventTime(wall.strftime("%Y%m%dT%H%M%S"), zone, TimeKind.ZONED, instant)


def utc(instant: datetime) -> EventTime:
    return EventTime(instant.strftime("%Y%m%dT%H%M%SZ"), "", TimeKind.UTC, instant)


def floating(instant: datetime, zone: str = BERLIN) -> EventTime:
    """A time without a zone that means `instant` where the wall clock is the zone's."""
    return replace(zoned(instant, zone), tzid="", kind=TimeKind.FLOATING, instant=None)


def all_day(instant: datetime) -> EventTime:
    return EventTime(instant.strftime("%Y%m%d"), "", TimeKind.DATE)


def nowhere(instant: datetime) -> EventTime:
    """A time in a zone that nobody can resolve."""
    return EventTime(instant.strftime("%Y%m%dT%H%M%S"), "Custom/Moon", TimeKind.ZONED)


def event(of: Booking, **changes: Any) -> Event:
    """The event that syncd would write for a booking."""
    said = texts(of)
    made = Event(
        uid=uid_of(of.id),
        booking_id=of.id,
        start=zoned(of.start),
        end=zoned(of.end),
        title=said.title,
        place=said.place,
        description="\n".join(said.lines.values()),
    )
    return replace(made, **changes)


def path(calendar: str, name: str) -> str:
    return calendar.removeprefix("https://dav.example.org") + name


def observation(
    what: Event,
    *,
    calendar: str = HOME,
    name: str = "",
    stamp: int = 0,
    extras: tuple[str, ...] = (),
    at: datetime = NOW,
    etag: str | None = "",
) -> Observation:
    """What a calendar has: `stamp` stands for DTSTAMP and LAST-MODIFIED, `extras` for all that syncd does not know."""
    data = "|".join((str(stamp), *extras))
    print_of = hashlib.sha256(repr((replace(what, fingerprint=""), data)).encode()).hexdigest()
    name = name or name_of(BookingId(what.booking_id))
    etag = f'"{stamp}"' if etag == "" else etag
    return Observation(calendar, path(calendar, name), etag, at, replace(what, fingerprint=print_of), data)


def extras_of(data: str) -> tuple[str, ...]:
    return tuple(data.split("|")[1:])


def link(of: Booking, seen: Observation, **changes: Any) -> Link:
    """A pair at rest: both sides are as agreed."""
    assert seen.event is not None
    made = Link(
        booking_id=of.id,
        calendar=seen.calendar,
        href=seen.href,
        uid=seen.event.uid,
        booking=of,
        start=seen.event.start,
        texts=texts(of),
        data=seen.data,
        event=seen.event,
        etag=seen.etag,
    )
    return replace(made, **changes)


def snapshot(
    *,
    bookings: tuple[Booking, ...] = (),
    events: tuple[Observation, ...] = (),
    links: tuple[Link, ...] = (),
    **more: Any,
) -> Snapshot:
    """A complete look at both sides."""
    known: Mapping[BookingId, Booking] = {each.id: each for each in bookings}
    made = Snapshot(
        now=NOW,
        cycle=1,
        catalog=CATALOG,
        links={each.booking_id: each for each in links},
        window=Span(NOW - DAY, NOW + 60 * DAY),
        bookings=known,
        events={each.key: each for each in events},
        managed=frozenset({HOME, SIDE}),
        readable=frozenset({HOME, SIDE}),
        texts={each.id: texts(each) for each in bookings},
    )
    return replace(made, **more)
