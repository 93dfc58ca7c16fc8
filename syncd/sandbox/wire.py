"""JSON and query strings in and out of the sandbox. Pure; what cannot be read raises `Invalid`."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from syncd.sandbox.model import Appointment, Invalid, Location, Service, Slot
from syncd.sandbox.salon import Salon

Json = dict[str, object]
T = TypeVar("T")


def encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def fingerprint(path: str, body: Json) -> str:
    """What a call asks for, whatever the order and spacing of its JSON."""
    return hashlib.sha256(json.dumps([path, body], sort_keys=True).encode()).hexdigest()


def read_object(raw: bytes) -> Json:
    """The JSON object of a request's body."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise Invalid("malformed", "The body is not JSON.") from exc
    if not isinstance(value, dict):
        raise Invalid("malformed", "The body is not a JSON object.")
    return value


def text(source: Mapping[str, object], key: str) -> str:
    """A required, non-empty text."""
    value = optional_text(source, key)
    if value is None:
        raise Invalid("malformed", f"{key} is required.")
    return value


def optional_text(source: Mapping[str, object], key: str) -> str | None:
    """A text, or None where it is absent, null or empty."""
    value = source.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Invalid("malformed", f"{key} is not a text.")
    try:
        value.encode()
    except UnicodeEncodeError as exc:
        # JSON can spell half of a surrogate pair, UTF-8 cannot: it would break every later answer
        raise Invalid("malformed", f"{key} is not valid Unicode.") from exc
    return value


def instant(source: Mapping[str, object], key: str) -> datetime:
    """A required ISO 8601 time with an offset, in UTC."""
    try:
        value = datetime.fromisoformat(text(source, key))
        if value.tzinfo is None:
            raise Invalid("malformed", f"{key} has no UTC offset.")
        return value.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise Invalid("malformed", f"{key} is not an ISO 8601 time.") from exc


def day(source: Mapping[str, object], key: str) -> date:
    """A required date, YYYY-MM-DD."""
    try:
        return date.fromisoformat(text(source, key))
    except ValueError as exc:
        raise Invalid("malformed", f"{key} is not a date.") from exc


def page(query: Mapping[str, str], items: Sequence[tuple[str, T]], limit: int) -> tuple[list[T], str | None]:
    """One page of items that are sorted by their keys, and the token of the next page, None on the last.

    The token names the last key given, so what is added or taken away between two pages shifts nothing. A page_size
    above `limit` is cut to it without a word, as servers do.
    """
    asked = query.get("page_size", str(limit))
    if not (asked.isascii() and asked.isdigit() and int(asked[:9]) > 0):
        raise Invalid("malformed", "page_size is not a positive number.")
    size = min(int(asked[:9]), limit)
    after = _open_token(query.get("page_token", ""))
    rest = [(key, item) for key, item in items if key > after]
    shown = rest[:size]
    token = base64.urlsafe_b64encode(shown[-1][0].encode()).decode() if len(rest) > size else None
    return [item for _, item in shown], token


def _open_token(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as exc:
        raise Invalid("malformed", "page_token is not one of ours.") from exc


def location_json(location: Location) -> Json:
    return {
        "id": location.id,
        "name": location.name,
        "timezone": location.timezone,
        "address": location.address,
    }


def service_json(service: Service) -> Json:
    return {
        "id": service.id,
        "name": service.name,
        "duration_minutes": int(service.duration.total_seconds()) // 60,
        "location_ids": list(service.location_ids),
    }


def slot_json(slot: Slot, zone: ZoneInfo) -> Json:
    return {"start_time": local(slot.start, zone), "end_time": local(slot.end, zone)}


def hold_json(held: Appointment, salon: Salon) -> Json:
    shown = appointment_json(held, salon)
    kept = {key: shown[key] for key in ("service_id", "location_id", "start_time", "end_time", "status")}
    return {"hold_id": held.hold_id, "expires_at": held.expires_at and utc(held.expires_at), **kept}


def appointment_json(appointment: Appointment, salon: Salon) -> Json:
    """An appointment as the API shows it: its times with the place's offset, null for what is not known."""
    zone = salon.locations[appointment.location_id].zone
    return {
        "booking_id": appointment.booking_id,
        "service_id": appointment.service_id,
        "location_id": appointment.location_id,
        "start_time": local(appointment.start, zone),
        "end_time": local(appointment.end, zone),
        "status": appointment.status.value,
        "contact_name": appointment.contact_name or None,
        "contact_email": appointment.contact_email or None,
        "contact_phone": appointment.contact_phone or None,
        "notes": appointment.notes or None,
        "staff_name": salon.staff[appointment.staff_id].name,
        "updated_at": utc(appointment.updated_at),
    }


def local(value: datetime, zone: ZoneInfo) -> str:
    return value.astimezone(zone).isoformat()


def utc(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
