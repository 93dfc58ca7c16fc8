"""DTSTART, DTEND and DURATION (RFC 5545 §3.3.5, §3.6.1) <-> what they mean."""

import re
from datetime import UTC, datetime, timedelta

from syncd.calendars import zones
from syncd.calendars.lines import Component
from syncd.domain.event import EventTime, TimeKind

# no booking is outside of these, and sums and zones cannot overflow within
FIRST_YEAR, LAST_YEAR = 1970, 2999

_DATE_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?", re.ASCII)
_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?", re.ASCII
)


def start_of(whole: Component, event: Component) -> EventTime:
    """DTSTART as it stands; BROKEN where it is missing or cannot be read. `whole` holds the VTIMEZONEs."""
    return _time(whole, event, "DTSTART")


def end_of(whole: Component, event: Component, start: EventTime) -> EventTime:
    """DTEND; else the start and DURATION, counted on the clock on the wall; else the start.

    Across a change of the clock that may be an hour off for a DURATION in hours; only the start moves a booking.
    """
    if event.line("DTEND") is not None:
        return _time(whole, event, "DTEND")
    shift = length_of(event.value("DURATION"))
    if shift is None or start.kind is TimeKind.BROKEN:
        return start
    try:
        layout = "%Y%m%d" if start.kind is TimeKind.DATE else "%Y%m%dT%H%M%S"
        suffix = "Z" if start.value.endswith("Z") else ""
        wall = datetime.strptime(start.value.removesuffix("Z"), layout) + shift  # noqa: DTZ007
    except (ValueError, OverflowError):
        return EventTime(start.value, start.tzid, TimeKind.BROKEN)
    return _time_of(whole, wall.strftime(layout).zfill(len(start.value.removesuffix("Z"))) + suffix, start.tzid)


def length_of(value: str) -> timedelta | None:
    """A DURATION (RFC 5545 §3.3.6), days taken as 24 hours; None where it cannot be read."""
    match = _DURATION.fullmatch(value)
    if match is None:
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if match[1] == "-" else length


def written(moment: datetime) -> str:
    """A DATE-TIME (RFC 5545 §3.3.5): aware times in UTC, naive ones as local time. Fractions of a second are cut."""
    utc = "" if moment.tzinfo is None else "Z"
    plain = moment if moment.tzinfo is None else moment.astimezone(UTC)
    return plain.strftime("%Y%m%dT%H%M%S").zfill(15) + utc


def utc_of(value: str) -> datetime | None:
    """A DATE-TIME in UTC (RFC 5545 §3.3.5, form 2); None for anything else."""
    found = _time_of(Component("VCALENDAR", []), value, "")
    return found.instant if found.kind is TimeKind.UTC else None


def _time(whole: Component, event: Component, name: str) -> EventTime:
    """DTSTART or DTEND as it stands. Two that differ are no time at all: nobody can say which is meant."""
    lines = list(event.lines(name))
    if len({line.raw for line in lines}) != 1:
        return EventTime(value="", kind=TimeKind.BROKEN)
    line = lines[0]
    return _time_of(whole, line.value.strip(), line.parameter("TZID"))


def _time_of(whole: Component, value: str, tzid: str) -> EventTime:
    match = _DATE_TIME.fullmatch(value)
    try:
        if match is None:
            return EventTime(value, tzid, TimeKind.BROKEN)
        year, month, day, *clock = (int(part) for part in match.groups()[:6] if part is not None)
        if not FIRST_YEAR <= year <= LAST_YEAR:
            return EventTime(value, tzid, TimeKind.BROKEN)
        if not clock:
            datetime(year, month, day, tzinfo=UTC)
            return EventTime(value, tzid, TimeKind.DATE)
        hour, minute, second = clock
        # a leap second is read as the one before it (RFC 5545 §3.3.12)
        wall = datetime(year, month, day, hour, minute, 59 if second == 60 else second)  # noqa: DTZ001
        if match[7]:
            return EventTime(value, tzid, TimeKind.UTC, wall.replace(tzinfo=UTC))
        if not tzid:
            return EventTime(value, tzid, TimeKind.FLOATING)
        instant = zones.instant(wall, tzid, list(whole.components("VTIMEZONE")))
    except (ValueError, OverflowError):
        return EventTime(value, tzid, TimeKind.BROKEN)
    return EventTime(value, tzid, TimeKind.ZONED, instant)
