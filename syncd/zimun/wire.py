"""JSON of the Booking API <-> domain values. Pure; the one place where its unpublished shapes are assumed.

Lenient in names and forms, strict in meaning: a time or a length is read or the item is parked, never guessed. Unknown
fields are ignored. What is raised names fields and kinds of fault, never the values.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from syncd.domain.booking import Booking, Location, Parked, Service, Slot, Status
from syncd.domain.errors import Malformed
from syncd.domain.ids import BookingId
from syncd.zimun.fields import Fault, identifier, is_zone, plain
from syncd.zimun.shapes import (
    IDS,
    AppointmentWire,
    DurationWire,
    HoldWire,
    LocationWire,
    ServiceWire,
    SlotEndWire,
    SlotWire,
    StartWire,
)

# the spelling with one l is the same word; no other word is taken for a cancellation
_CANCELLED = frozenset({"cancelled", "canceled"})
_REASON_LENGTH = 300
# calendars are read from 1970 to 2999, in local time: in its own zone an event may be in the year beside
_YEARS = range(1971, 2999)

NOT_JSON: Final = object()


class ShapeError(ValueError):
    """The answer as a whole is not what it must be. Says what is missing."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `next_token` is empty on the last."""

    items: Sequence[object]
    next_token: str


def read_json(body: bytes) -> object:
    """The JSON value, or NOT_JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return NOT_JSON


def read_page(data: object, *names: str) -> Page:
    """The list under the first of `names` that holds one, or the bare list. Raises ShapeError."""
    if isinstance(data, list):
        return Page(data, "")
    if not isinstance(data, dict):
        raise ShapeError("no JSON object")
    items = next((data[name] for name in names if isinstance(data.get(name), list)), None)
    if items is None:
        raise ShapeError(f"no list under {' or '.join(names)}")
    token = data.get("next_page_token")
    if token is None or token == "":
        return Page(items, "")
    try:
        return Page(items, identifier(token))
    except Fault as exc:
        # taken for the last page, the list would be a part that looks whole
        raise ShapeError("next_page_token cannot be read") from exc


def read_booking(raw: object, services: Mapping[str, Service], key: str) -> Booking:
    """One appointment. Raises Malformed, under the appointment's id or, where it has none, under `key`."""
    key = id_of(raw) or key
    wire = AppointmentWire.read(raw, key)
    end = wire.end_time
    if end is None:
        end = wire.start_time + _length(wire, services, key)
    if end <= wire.start_time:
        raise Malformed(key, "end_time is not later than start_time")
    if wire.start_time.year < _YEARS[0] or end.year > _YEARS[-1]:
        raise Malformed(key, f"it is not in the years {_YEARS[0]} to {_YEARS[-1]}")
    return Booking(
        id=BookingId(wire.booking_id),
        start=wire.start_time,
        end=end,
        status=_status(wire.status),
        service_id=wire.service_id,
        location_id=wire.location_id,
        contact_name=wire.contact_name,
        contact_email=wire.contact_email,
        contact_phone=wire.contact_phone,
        notes=wire.notes,
        staff_name=wire.staff_name,
        updated_at=wire.updated_at,
    )


def lacks_length(raw: object) -> bool:
    """Whether only the service's duration can say when this appointment ends."""
    if not isinstance(raw, dict) or not raw.get("service_id"):
        return False
    return all(raw.get(name) in (None, "") for name in ("end_time", "duration_minutes"))


def unwrap(data: object) -> object:
    """A single appointment, also where it comes in an object of its own."""
    if isinstance(data, dict) and not any(data.get(name) for name in IDS):
        for name in ("appointment", "booking"):
            if isinstance(data.get(name), dict):
                return data[name]
    return data


def read_location(raw: object, key: str) -> tuple[Location, tuple[Parked, ...]]:
    """One place, and what of it could not be read. Raises Malformed where it has no id."""
    wire = LocationWire.read(raw, key)
    if wire.timezone and not is_zone(wire.timezone):
        return Location(wire.id, wire.name, "", wire.address), (Parked(wire.id, "timezone is not a known IANA name"),)
    return Location(wire.id, wire.name, wire.timezone, wire.address), ()


def read_service(raw: object, key: str) -> tuple[Service, tuple[Parked, ...]]:
    """One service, and what of it could not be read. Raises Malformed where it has no id."""
    wire = ServiceWire.read(raw, key)
    try:
        duration = DurationWire.read(raw, wire.id).duration_minutes
    except Malformed as exc:
        return Service(wire.id, wire.name, None, wire.location_ids), (Parked(wire.id, str(exc)),)
    return Service(wire.id, wire.name, duration, wire.location_ids), ()


def read_slots(items: Sequence[object], service_id: str, location_id: str) -> tuple[Slot, ...]:
    """The slots that can be read, by start, each once. Raises ShapeError where there are some and none can be.

    That is not "nothing is open": every move would be refused on its word.
    """
    slots: dict[datetime, Slot] = {}
    for item in items:
        raw = {"start_time": item} if isinstance(item, str) else item
        try:
            start = SlotWire.read(raw, "slot").start_time
        except Malformed:
            continue
        try:
            end = SlotEndWire.read(raw, "slot").end_time
        except Malformed:
            end = None
        slots[start] = Slot(service_id, location_id, start, end if end is not None and end > start else None)
    if items and not slots:
        raise ShapeError("no slot has a start that can be read")
    return tuple(slots[start] for start in sorted(slots))


def read_hold(data: object) -> tuple[str, datetime | None]:
    """The hold's id and, where it is told, when the booking would end. Raises Malformed where it has no id."""
    if isinstance(data, dict) and not data.get("hold_id") and isinstance(data.get("hold"), dict):
        data = data["hold"]
    hold_id = HoldWire.read(data, "hold").hold_id
    try:
        return hold_id, SlotEndWire.read(data, "hold").end_time
    except Malformed:
        return hold_id, None


def confirmed(data: object) -> tuple[BookingId, object]:
    """The id in the answer to a confirm, and the appointment in it. Raises Malformed where it names no booking."""
    raw = data
    if isinstance(data, dict):
        # a bare top-level id comes last: it may as well be the id of the call
        inner = [data[name] for name in ("booking", "appointment") if isinstance(data.get(name), dict)]
        named = any(data.get(name) for name in ("booking_id", "appointment_id"))
        raw = data if named else next((each for each in inner if id_of(each)), data)
    found = id_of(raw)
    if not found:
        raise Malformed("confirm", "the answer names no booking")
    return BookingId(found), raw


def read_reason(data: object) -> str:
    """The API's own words for a refusal, as one plain line of at most 300 characters; empty where it has none."""
    if not isinstance(data, dict):
        return ""
    error = data.get("error")
    inner = error if isinstance(error, dict) else {}
    detail = data.get("detail")
    if isinstance(detail, list):
        # FastAPI's validation errors
        detail = "; ".join(str(part["msg"]) for part in detail if isinstance(part, dict) and part.get("msg"))
    elif isinstance(detail, dict):
        detail = detail.get("message") or detail.get("msg")
    for words in (inner.get("message"), detail, data.get("message"), error, inner.get("code")):
        if isinstance(words, str) and (line := plain(words, _REASON_LENGTH)):
            return line
    return ""


def read_other_id(data: object, asked: BookingId) -> BookingId | None:
    """The booking's id in the answer to a reschedule, where it is another than the one asked for.

    What a reschedule answers is published nowhere, and not needed. So a bare top-level `id` counts only beside a start,
    where the answer is an appointment: else it may be that of the call, or of an entry in a log. Taken for the
    booking's, it would carry the pair over to a booking that Zimun does not know, whose event then goes.
    """
    found = _named(data) or (_bare(data) if _has_start(data) else "")
    return BookingId(found) if found and found != asked else None


def read_bare_id(data: object, asked: BookingId) -> BookingId | None:
    """The bare id in the answer to a reschedule that may be the booking's: worth a look whether there is such a one."""
    found = "" if _named(data) else _bare(data)
    return BookingId(found) if found and found != asked else None


def write_instant(moment: datetime, *, up: bool = False) -> str:
    """RFC 3339 in UTC and whole seconds, rounded down, or `up` for a window's end. Raises ValueError without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time for the API needs its zone")
    if up and moment.microsecond:
        moment += timedelta(seconds=1)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _length(wire: AppointmentWire, services: Mapping[str, Service], key: str) -> timedelta:
    if wire.duration_minutes is not None:
        return wire.duration_minutes
    service = services.get(wire.service_id)
    if service is None or service.duration is None:
        which = (
            f"service {plain(wire.service_id, 64)} has no known duration" if wire.service_id else "it has no service"
        )
        raise Malformed(key, f"end_time and duration_minutes are missing, and {which}")
    return service.duration


def _named(data: object) -> str:
    """The id that the answer to a reschedule calls the booking's; empty for none."""
    if not isinstance(data, dict):
        return ""
    inner = [data[name] for name in ("booking", "appointment") if isinstance(data.get(name), dict)]
    known = {name: data.get(name) for name in ("booking_id", "appointment_id")}
    return next(filter(None, map(id_of, (known, *inner))), "")


def _bare(data: object) -> str:
    return id_of({"id": data.get("id")}) if isinstance(data, dict) else ""


def _has_start(raw: object) -> bool:
    try:
        StartWire.read(raw, "")
    except Malformed:
        return False
    return True


def _status(word: str) -> Status:
    word = word.strip().lower()
    if word in _CANCELLED:
        return Status.CANCELLED
    try:
        return Status(word)
    except ValueError:
        return Status.OTHER


def id_of(raw: object) -> str:
    """The id of a booking, a place or a service as the API sends it; empty where it has none that can be read."""
    found = (
        next((raw[name] for name in IDS if raw.get(name) not in (None, "")), None) if isinstance(raw, dict) else None
    )
    try:
        return identifier(found)
    except Fault:
        return ""
