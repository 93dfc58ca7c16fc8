"""Values for the store's tests: a few by hand, and any at all from the types' own declarations."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from syncd.domain.actions import (
    Cancel,
    CancelByHand,
    Confirm,
    Create,
    Hold,
    Record,
    Remove,
    Replace,
    Reschedule,
    RescheduleByHand,
    Why,
)
from syncd.domain.availability import OpenDay
from syncd.domain.booking import Booking, Slot
from syncd.domain.candidate import Candidate, Stage
from syncd.domain.event import Draft, Event, EventTime, Observation, Texts
from syncd.domain.ids import BookingId, name_of, uid_of
from syncd.domain.link import Closed, ClosedWhy, Link
from syncd.domain.opening import Opening, SlotKey, slot_name
from syncd.domain.request import Request

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
CALENDAR = "https://dav.example.org/desk/bookings/"
OPEN = "https://dav.example.org/open/"


def booking(name: str = "b1", start: datetime = START) -> Booking:
    return Booking(BookingId(name), start, start + timedelta(hours=1), contact_name="Ann Example")


def link(name: str = "b1", start: datetime = START, *, closed: datetime | None = None) -> Link:
    of = BookingId(name)
    return Link(
        booking_id=of,
        calendar=CALENDAR,
        href=f"/desk/bookings/{name_of(of)}",
        uid=uid_of(of),
        booking=booking(name, start),
        start=event_time(start),
        texts=Texts("Haircut – Ann", "Main street", {"service": "Haircut", "name": "Ann"}),
        data="BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        etag='"1"',
        closed=None if closed is None else Closed(closed, ClosedWhy.CANCELLED, '"1"'),
    )


def event_time(start: datetime = START) -> EventTime:
    return EventTime(f"{start:%Y%m%dT%H%M%SZ}", instant=start)


def seen(name: str = "b1", start: datetime = START, etag: str | None = '"1"') -> Observation:
    pair = link(name, start)
    event = Event(
        pair.uid, name, pair.start, event_time(start + timedelta(hours=1)), "Haircut", "", "", fingerprint="f"
    )
    return Observation(CALENDAR, pair.href, etag, NOW, event, pair.data)


def foreign(name: str = "dentist", etag: str | None = '"9"') -> Observation:
    return Observation(CALENDAR, f"/desk/bookings/{name}.ics", etag, NOW, None, "BEGIN:VCALENDAR secret END:VCALENDAR")


def draft(pair: Link) -> Draft:
    return Draft(pair.uid, pair.booking_id, pair.booking.span, "Europe/Berlin", "Haircut", "", "")


def create(name: str = "b1", start: datetime = START) -> Create:
    pair = link(name, start)
    return Create(pair.booking_id, Why.NEW, pair, CALENDAR, name_of(pair.booking_id), draft(pair))


def update(name: str = "b1", start: datetime = START) -> Replace:
    pair = link(name, start)
    return Replace(pair.booking_id, Why.BOOKING_MOVED, pair, CALENDAR, pair.href, '"1"', draft(pair), pair.data)


def remove(name: str = "b1") -> Remove:
    pair = link(name, closed=NOW)
    return Remove(pair.booking_id, Why.BOOKING_CANCELLED, pair, CALENDAR, pair.href, '"1"')


def reschedule(name: str = "b1", to: datetime = START + timedelta(hours=1)) -> Reschedule:
    before = replace(link(name), replay="before")
    return Reschedule(before.booking_id, Why.EVENT_MOVED, before, link(name, to), before.booking, to)


def cancel(name: str = "b1") -> Cancel:
    before = replace(link(name), replay="before")
    return Cancel(before.booking_id, Why.EVENT_DELETED, before, link(name, closed=NOW), before.booking)


def remember(name: str = "b1", why: Why = Why.GRACE_BEGUN) -> Record:
    return Record(BookingId(name), why, link(name))


def request() -> Request:
    return Request("cut", "loc_1", START, "Ann Example", "ann@example.org")


def hold(ask: int | None = None) -> Hold:
    return Hold(BookingId("request-1"), Why.BY_HAND, request(), ask)


def confirm(ask: int | None = None) -> Confirm:
    return Confirm(BookingId("request-1"), Why.BY_HAND, request(), "h_1", START + timedelta(hours=1), ask)


def candidate(name: str = "wish", stage: Stage = Stage.AWAITING, **changes: Any) -> Candidate:
    """An event that asks for a booking, as it is remembered."""
    href = f"/desk/bookings/{name}.ics"
    made = Candidate(0, CALENDAR, href, '"9"', "f", "w", stage, NOW, start=START, service_id="cut", location_id="loc_1")
    return replace(made, **changes)


def reschedule_by_hand(name: str = "b1", ask: int | None = None) -> RescheduleByHand:
    return RescheduleByHand(BookingId(name), Why.BY_HAND, booking(name), START + timedelta(hours=1), ask)


def cancel_by_hand(name: str = "b1", ask: int | None = None) -> CancelByHand:
    return CancelByHand(BookingId(name), Why.BY_HAND, booking(name), ask)


@cache
def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of that type; times aware and in UTC, as syncd keeps them. Another type fails loudly."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{field.name: values_of(hints[field.name]) for field in fields(kind)})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (UnionType, Union):
        return st.one_of([values_of(one) for one in inner])
    if origin is tuple:
        if inner[-1] is Ellipsis:
            return st.lists(values_of(inner[0]), max_size=3).map(tuple)
        return st.tuples(*(values_of(one) for one in inner))
    if origin is Mapping:
        return st.dictionaries(values_of(inner[0]), values_of(inner[1]), max_size=3)
    if origin is Literal:
        return st.sampled_from(inner)
    return {
        str: st.text(max_size=12),
        BookingId: st.text(max_size=12),
        int: st.integers(-(2**63), 2**63 - 1),
        bool: st.booleans(),
        NoneType: st.none(),
        datetime: st.datetimes(timezones=st.just(UTC)),
        timedelta: st.timedeltas(),
    }[kind]


def open_day(service_id: str = "cut", day: int = 24, **fields: Any) -> OpenDay:
    """A day at a place with one open slot, unless told otherwise."""
    slots = (Slot(service_id, "loc_1", NOW + timedelta(days=4)),)
    return replace(OpenDay(service_id, "loc_1", date(2026, 11, day), NOW, NOW, slots), **fields)


def opening(service_id: str = "cut", **fields: Any) -> Opening:
    """A slot's event at rest."""
    start = NOW + timedelta(days=4)
    slot = SlotKey(service_id, "loc_1", start)
    made = Opening(f"/open/{slot_name(slot)}", '"1"', service_id, "loc_1", start, start, start + timedelta(minutes=15))
    return replace(made, face="f", said="s", **fields)
