"""Calendar objects of the simulation: a small stand-in for iCalendar text, in JSON, with the same meaning.

`parse` and `render` do what `syncd.calendars.ical` does; that those two are right is tested elsewhere.
"""

import json
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

from syncd.domain.errors import Malformed
from syncd.domain.event import Draft, Event, EventTime, Put, TimeKind
from syncd.ports import Stored
from syncd.texts import asks, strip_description, strip_title

BERLIN = "Europe/Berlin"
VENDOR = "/vendor.example/"
_ZONE = ZoneInfo(BERLIN)


@lru_cache(maxsize=8192)
def _read(data: str) -> dict[str, Any]:
    return dict(json.loads(data))


def read(data: str) -> dict[str, Any]:
    """What stands in an object."""
    return dict(_read(data))


def write(fields: dict[str, Any]) -> str:
    return json.dumps(fields, sort_keys=True, ensure_ascii=False)


def digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()


@lru_cache(maxsize=4096)
def when(value: str, tzid: str) -> EventTime:
    """DTSTART as it stands and what it means."""
    if len(value) == 8:
        return EventTime(value, tzid, TimeKind.DATE)
    if value.endswith("Z"):
        return EventTime(value, "", TimeKind.UTC, datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))
    if not tzid:
        return EventTime(value, "", TimeKind.FLOATING)
    if tzid.removeprefix(VENDOR) != BERLIN:
        return EventTime(value, tzid, TimeKind.ZONED)
    wall = datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=_ZONE)
    return EventTime(value, tzid, TimeKind.ZONED, wall.astimezone(UTC))


def zoned(at: datetime, tzid: str = BERLIN) -> list[str]:
    """An instant as the letters of a time: in Berlin, in UTC ("Z") or floating ("")."""
    if tzid == "Z":
        return [at.strftime("%Y%m%dT%H%M%SZ"), ""]
    return [at.astimezone(_ZONE).strftime("%Y%m%dT%H%M%S"), tzid]


def _twice(at: datetime) -> bool:
    """Whether Berlin's clocks show this time twice."""
    wall = at.astimezone(_ZONE)
    return wall.utcoffset() != wall.replace(fold=1 - wall.fold).utcoffset()


def start_of(fields: dict[str, Any]) -> datetime | None:
    """The instant at which the event begins; a floating time is Berlin's."""
    value, tzid = fields["start"]
    if not tzid and len(value) == 15:
        tzid = BERLIN
    return when(value, tzid).instant


def put_of(fields: dict[str, Any]) -> Put | None:
    """Where syncd put the event last, as it says itself."""
    if "put" not in fields:
        return None
    number, value = fields["put"]
    start = when(value, "").instant
    assert start is not None
    return Put(number, start)


@lru_cache(maxsize=4096)
def parse(data: str) -> Event:
    fields = read(data)
    title, title_noted = strip_title(fields["title"])
    description, description_noted = strip_description(fields["desc"])
    return Event(
        uid=fields["uid"],
        booking_id=fields["bid"],
        start=when(*fields["start"]),
        end=when(*fields["end"]),
        title=title,
        place=fields["place"],
        description=description,
        noted=title_noted or description_noted,
        asks=asks(fields["title"]),
        recurring=fields["rrule"],
        cancelled=fields["cancelled"],
        fingerprint="1:" + digest(data),
        put=put_of(fields),
    )


def render(draft: Draft, onto: str, stamp: str) -> str:
    fields = read(onto) if onto else {"cancelled": False, "rrule": False, "extra": []}
    if "broken" in fields:
        fields = {"cancelled": False, "rrule": False, "extra": []}
    if draft.span is not None:
        # a time that the clock shows twice is written in UTC
        tzid = "Z" if _twice(draft.span.start) or _twice(draft.span.end) else BERLIN
        fields |= {"start": zoned(draft.span.start, tzid), "end": zoned(draft.span.end, tzid), "rrule": False}
    elif "start" not in fields:
        raise Malformed(draft.uid, "no time to write, and no readable event to keep it from")
    description = "\n".join(part for part in (draft.note, draft.description) if part)
    fields |= {
        "uid": draft.uid, "bid": draft.booking_id, "title": draft.mark + draft.title, "place": draft.place,
        "desc": description, "stamp": stamp,
    }  # fmt: skip
    if draft.put is not None:
        fields["put"] = [draft.put.number, zoned(draft.put.start, "Z")[0]]
    if draft.booking_id or draft.span is not None:
        fields["cancelled"] = False
    return write(fields)


def is_ours(fields: dict[str, Any]) -> bool:
    return fields["uid"].endswith("@zimun") or bool(fields.get("bid"))


def is_strange(data: str) -> bool:
    """Whether it is somebody else's event, and can be read."""
    fields = read(data)
    return not is_ours(fields) and "broken" not in fields


def stored(href: str, etag: str | None, data: str) -> Stored:
    fields = read(data)
    if not is_ours(fields):
        return Stored(href, etag)
    if "broken" in fields:
        return Stored(href, etag, data=data, fault="no VEVENT in it")
    return Stored(href, etag, parse(data), data)
