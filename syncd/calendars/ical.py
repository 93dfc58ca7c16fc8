"""A calendar object as text (RFC 5545, RFC 4791 §4.1) <-> the domain's Event and Draft. Pure: no I/O, no clock.

Writing starts from the last complete object and changes only what is ours to change; all else keeps its letters.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import NoReturn
from urllib.parse import quote, unquote_to_bytes

from syncd.calendars import zones
from syncd.calendars.lines import Component, Line, NotCalendar, read, unescape, unfold, write
from syncd.calendars.times import end_of, length_of, start_of, utc_of, written
from syncd.domain.booking import Span
from syncd.domain.errors import Malformed
from syncd.domain.event import Draft, Event, Put
from syncd.texts import asks, strip_description, strip_title

BOOKING_ID = "X-ZIMUN-BOOKING-ID"
START = "X-ZIMUN-START"
PRODID = "-//syncd//Zimun bookings//EN"

_RECURRENCE = ("RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID")
# said by the letters of the value already
_IMPLIED = (("VALUE", "TEXT"), ("VALUE", "DATE-TIME"), ("VALUE", "DURATION"))
# an all-day event that Outlook wrote says so twice; the second would outlive the put-back
_ALL_DAY_FLAGS = ("X-MICROSOFT-CDO-ALLDAYEVENT", "X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT")
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
# not one whose value begins on the next line
_EMPTY = re.compile(r"^X-[^:\r\n]*:\r?\n(?![ \t])", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Object:
    """One calendar object: the event that counts, the UID that all its VEVENTs share, and the whole."""

    whole: Component
    master: Component
    events: list[Component]
    uid: str


def is_ours(data: str) -> bool:
    """Whether an object claims to be a booking's event, by its UID or X-ZIMUN-BOOKING-ID. Reads unreadable ones too."""
    return any(map(_names_booking, unfold(data).split("\n")))


def parse(data: str) -> Event:
    """The event in a calendar object. What is broken beside UID and structure costs no more than itself.

    Raises Malformed, with the UID as key where it is known.
    """
    found = _object(data)
    master = found.master
    start = start_of(found.whole, master)
    marked_title = unescape(_text(master, "SUMMARY"))
    title, title_noted = strip_title(marked_title)
    description, description_noted = strip_description(unescape(_text(master, "DESCRIPTION")))
    return Event(
        uid=found.uid,
        booking_id=_booking_id(master),
        start=start,
        end=end_of(found.whole, master, start),
        title=title,
        place=unescape(_text(master, "LOCATION")),
        description=description,
        noted=title_noted or description_noted,
        asks=asks(marked_title),
        recurring=len(found.events) > 1 or any(master.line(name) for name in _RECURRENCE),
        cancelled=master.value("STATUS").upper() == "CANCELLED",
        invitation=any(event.line(name) for event in found.events for name in ("ATTENDEE", "ORGANIZER")),
        fingerprint=_fingerprint(found.events),
        put=_put(master),
    )


def render(draft: Draft, onto: str, now: datetime) -> str:
    """The object to be written: the draft put onto a complete object, or a new one where `onto` is none.

    DTSTAMP and LAST-MODIFIED are always `now` (aware): that tells a stale client's replay of an older version from a
    new wish. Raises Malformed where the draft names no time and `onto` has none to keep.
    """
    try:
        found = _object(onto)
    except Malformed:
        if draft.span is None:
            raise Malformed(draft.uid, "no time to write, and no readable event to keep it from") from None
        found = _new(draft, now)
    whole, master = found.whole, found.master
    if draft.put is not None:
        master.set(Line.of(f"{START}:{draft.put.number}/{written(draft.put.start)}"))
    if draft.span is not None:
        _make_single(found)
        _set_times(whole, master, draft.span, draft.zone)
    for event in found.events:
        event.set(Line.text("UID", draft.uid))
        if draft.booking_id:
            event.set(Line.of(f"{BOOKING_ID}:{quote(draft.booking_id, safe='', errors='surrogatepass')}"))
        for name in ("DTSTAMP", "LAST-MODIFIED"):
            event.set(Line.of(f"{name}:{written(now)}"))
    _set_text(master, "SUMMARY", draft.mark + draft.title)
    _set_text(master, "LOCATION", draft.place)
    if _set_text(master, "DESCRIPTION", "\n".join(part for part in (draft.note, draft.description) if part)):
        # the description once more, as HTML (Outlook, Thunderbird): stale, and shown instead of ours
        master.drop("X-ALT-DESC")
    # a person's own event that gets or loses a note stays as they marked it
    of_ours = draft.booking_id or draft.span is not None
    if of_ours and master.value("STATUS").upper() == "CANCELLED":
        master.set(Line.of("STATUS:CONFIRMED"))
    # METHOD belongs to mail; stored with it, servers answer 403 and 415 (RFC 4791 §4.1)
    whole.drop("METHOD")
    for name, value in (("PRODID", PRODID), ("VERSION", "2.0")):
        if whole.line(name) is None:
            whole.items.insert(0, Line.of(f"{name}:{value}"))
    return write(whole)


def without_empty(data: str) -> str:
    """The object without the X- properties that have no value: they say nothing, and Cyrus takes none of them."""
    return _EMPTY.sub("", data)


def _names_booking(raw: str) -> bool:
    name = raw[: len(BOOKING_ID) + 1].upper()
    if name.startswith((f"{BOOKING_ID}:", f"{BOOKING_ID};")):
        return True
    # by hand, for a regular expression takes hours over a megabyte of colons
    return name.startswith(("UID:", "UID;")) and ":" in raw and unescape(raw).strip().lower().endswith("@zimun")


def _object(data: str) -> _Object:
    try:
        whole = read(data)
    except NotCalendar as exc:
        raise Malformed("", str(exc)) from exc
    events = list(whole.components("VEVENT"))
    if not events:
        _malformed("", "no VEVENT in it")
    uids = {unescape(event.value("UID")).strip() for event in events}
    if len(uids) > 1:
        _malformed("", "several events with different UIDs in one object")
    uid = uids.pop()
    if not uid:
        _malformed("", "no UID")
    masters = [event for event in events if event.line("RECURRENCE-ID") is None]
    if len(masters) > 1:
        _malformed(uid, "the same event twice in one object")
    return _Object(whole, masters[0] if masters else events[0], events, uid)


def _malformed(key: str, message: str) -> NoReturn:
    raise Malformed(key, message)


def _text(event: Component, name: str) -> str:
    line = event.line(name)
    return line.value if line else ""


def _booking_id(event: Component) -> str:
    value = unescape(event.value(BOOKING_ID))
    try:
        # strictly: an id with lone surrogates never came from the API, and cannot be stored
        return unquote_to_bytes(value).decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _put(event: Component) -> Put | None:
    number, _, start = unescape(event.value(START)).strip().partition("/")
    at = utc_of(start)
    return Put(int(number), at) if at is not None and _NUMBER.fullmatch(number) else None


def _fingerprint(events: list[Component]) -> str:
    """A hash of the events with all that is in them; zones and who wrote the object do not count."""
    seen = "\n".join(sorted(_normal(event) for event in events))
    return "1:" + sha256(seen.encode("utf-8", "surrogatepass")).hexdigest()


def _normal(component: Component) -> str:
    """A component in one order and one spelling.

    Servers reorder properties and parameters (Radicale, Xandikos), raise the case of names, escape and unescape
    `;` and `,` (Radicale, Cyrus), spell durations anew (Radicale) and give each category a line of its own (Cyrus):
    none of that is a person's edit.
    """
    properties = []
    for line in component.lines():
        if not line.name:
            properties.append(repr(line.raw.strip()))
            continue
        parameters = sorted(pair for pair in line.parameters() if pair not in _IMPLIED)
        values = re.split(r"(?<!\\),", line.value) if line.name == "CATEGORIES" else [line.value]
        for value in values:
            length = length_of(value.strip()) if line.name in ("TRIGGER", "DURATION") else None
            properties.append(repr((line.name, parameters, unescape(value).strip() if length is None else length)))
    inner = [_normal(item) for item in component.components()]
    return f"{component.name}[{'|'.join(sorted(properties))}|{'|'.join(sorted(inner))}]"


def _new(draft: Draft, now: datetime) -> _Object:
    master = Component("VEVENT", [Line.of(f"{name}:") for name in ("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY")])
    whole = Component("VCALENDAR", [Line.of("VERSION:2.0"), Line.of(f"PRODID:{PRODID}"), master])
    busy = "TRANSPARENT" if draft.transparent else "OPAQUE"
    fixed = (f"CREATED:{written(now)}", "STATUS:CONFIRMED", f"CLASS:{draft.klass}", f"TRANSP:{busy}")
    master.items += [Line.of(raw) for raw in fixed]
    if draft.alarm_minutes > 0:
        alarm = [Line.of("ACTION:DISPLAY"), Line.text("DESCRIPTION", draft.title)]
        master.items.append(Component("VALARM", [*alarm, Line.of(f"TRIGGER:-PT{draft.alarm_minutes}M")]))
    return _Object(whole, master, [master], draft.uid)


def _make_single(found: _Object) -> None:
    """A booking happens once: what makes the event repeat goes, and so do the exceptions to it."""
    others = {id(event) for event in found.events if event is not found.master}
    found.whole.items = [item for item in found.whole.items if id(item) not in others]
    found.events[:] = [found.master]
    found.master.drop(*_RECURRENCE)


def _set_times(whole: Component, event: Component, span: Span, zone_name: str) -> None:
    zone = zones.named(zone_name)
    walls = None if zone is None or zones.is_utc(zone) else zones.wall_times(zone, span.start, span.end)
    if zone is None or walls is None:
        # no zone to write, or a time that the clock shows twice, which no TZID can tell from its twin
        texts = [f":{written(moment)}" for moment in (span.start, span.end)]
    else:
        texts = [f";TZID={zone.key}:{written(wall)}" for wall in walls]
    event.drop("DURATION", *_ALL_DAY_FLAGS)
    event.set(Line.of("DTSTART" + texts[0]))
    event.set(Line.of("DTEND" + texts[1]))
    _set_zones(whole, zones.vtimezone(zone, walls[0].year) if zone is not None and walls is not None else None)


def _set_zones(whole: Component, wanted: Component | None) -> None:
    """Put the VTIMEZONE in and take out those that no property names any more."""
    used = {
        unescape(line.parameter("TZID"))
        for component in whole.walk()
        for line in component.lines()
        if component.name != "VTIMEZONE"
    }
    if wanted is not None:
        used.discard(wanted.value("TZID"))
    whole.items = [
        item
        for item in whole.items
        if isinstance(item, Line) or item.name != "VTIMEZONE" or zones.name_of(item) in used
    ]
    if wanted is not None:
        place = next(i for i, item in enumerate(whole.items) if isinstance(item, Component))
        whole.items.insert(place, wanted)


def _set_text(event: Component, name: str, text: str) -> bool:
    """Set a text; True where it changed. Its language stays, a pointer to the same text elsewhere (ALTREP) does not."""
    line = event.line(name)
    if line is not None and text and unescape(line.value) == unescape(Line.text(name, text).value):
        return False
    if text:
        event.set(Line.text(name, text, line.without("ALTREP") if line else ""))
    else:
        event.drop(name)
    return line is not None or bool(text)
