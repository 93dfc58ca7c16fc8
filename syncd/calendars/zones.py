"""Time zones of calendar objects: what a TZID means, and a small VTIMEZONE to write.

A name is resolved in this order: IANA; a vendor's prefix taken off; the table of Windows names; the rules of the
embedded VTIMEZONE; else not at all. UTC is never guessed: a booking moved by an hour is worse than a move refused.
Before the bare names EST, MST, HST and GMT those rules count: with summer time in them, "EST" is New York's clock.
"""

import re
from bisect import bisect_right
from calendar import isleap, monthrange
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from syncd.calendars.lines import Component, Line, unescape

_IANA = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")
# the longest IANA name has 32 characters, and a vendor's prefix as many. ZoneInfo recurses for each part of a name
_LONGEST_NAME = 128
# files beside the IANA zones: this machine's own zone, placeholders, and clocks that count leap seconds
_NO_ZONE = re.compile(r"(?:localtime|posixrules|Factory|leapseconds|right/.*)", re.IGNORECASE)
# IANA names that are abbreviations of clocks with and without summer time: an object's own rules say which is meant
_ABBREVIATIONS = frozenset({"EST", "MST", "HST", "GMT"})
_UTC_NAMES = frozenset(
    f"{prefix}{name}" for prefix in ("", "Etc/") for name in ("UTC", "UCT", "GMT", "Universal", "Zulu", "Greenwich")
)
_WALL = re.compile(r"(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})")
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?")
# what zone rules are made of in practice. Anything else (a rule that fires each second) could be spelled to keep us
# counting for hours.
_RULE_PART = re.compile(
    r"FREQ=YEARLY|INTERVAL=[1-9]\d?|BYMONTH=\d{1,2}|BYMONTHDAY=-?\d{1,2}(?:,-?\d{1,2}){0,30}|BYYEARDAY=-?\d{1,3}"
    r"|BYDAY=(?:[+-]?[1-9])?(?:MO|TU|WE|TH|FR|SA|SU)|BYHOUR=\d{1,2}|BYMINUTE=\d{1,2}|BYSECOND=\d{1,2}|COUNT=\d{1,4}"
    r"|BYSETPOS=-?[1-9]|UNTIL=\d{8}(?:T\d{6}Z?)?|WKST=(?:MO|TU|WE|TH|FR|SA|SU)",
    re.ASCII,
)
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# a rule of a zone fires every year; one that has not fired in so many of its turns will not
_TURNS = 40
# the zone with the longest history has some 150 observances, most of them without a rule
_MOST_RULES = 200


def named(tzid: str) -> ZoneInfo | None:
    """The zone that a name alone tells: an IANA name, one behind a vendor's prefix, or a Windows name."""
    name = tzid.strip().strip('"')
    if len(name) > _LONGEST_NAME:
        return None
    for candidate in _candidates(name):
        zone = _iana(candidate)
        if zone is not None:
            return zone
    windows = WINDOWS_TO_OLSON.get(name)
    return _iana(windows) if windows else None


def is_utc(zone: ZoneInfo) -> bool:
    return zone.key in _UTC_NAMES


def instant(wall: datetime, tzid: str, embedded: Sequence[Component] = ()) -> datetime | None:
    """The instant, in UTC, of a local time in that zone; None where nobody knows the zone.

    `wall` is naive. A time that the clock shows twice is the first of the two, and one that it skips is read with the
    offset before the gap (RFC 5545 §3.3.5). `embedded` are the object's VTIMEZONEs. Raises OverflowError at the ends
    of the calendar.
    """
    zone = named(tzid)
    if zone is None or zone.key in _ABBREVIATIONS:
        own = next((component for component in embedded if name_of(component) == unescape(tzid)), None)
        if zone is not None and own is not None and not any(own.components("DAYLIGHT")):
            own = None  # one offset alone may as well be wrong
        offset = None if own is None else _offset_by_rules(own, wall)
        if offset is not None:
            return (wall - offset).replace(tzinfo=UTC)
    return None if zone is None else wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def name_of(vtimezone: Component) -> str:
    """The name that a VTIMEZONE gives itself.

    There it is a TEXT (RFC 5545 §3.8.3.1), and Xandikos escapes the commas in Outlook's "Amsterdam, Berlin";
    in the parameter that names it nothing is escaped, but some apps do that too.
    """
    return unescape(vtimezone.value("TZID").strip('"'))


def wall_times(zone: ZoneInfo, *instants: datetime) -> list[datetime] | None:
    """The naive local times of these instants, or None where one of them is a time that the clock shows twice.

    None too at the ends of the calendar, where UTC alone can name the instant.
    """
    walls = []
    for moment in instants:
        try:
            local = moment.astimezone(zone)
        except OverflowError:
            return None
        if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
            return None
        walls.append(local.replace(tzinfo=None, fold=0))
    return walls


def vtimezone(zone: ZoneInfo, year: int) -> Component:
    """A VTIMEZONE for times in that year and in the ones beside it (RFC 5545 §3.6.5).

    Three years and not the usual seventy: it is sent with each event, and apps that know the name take their own rules.
    """
    component = Component("VTIMEZONE", [Line.of(f"TZID:{zone.key}")])
    for (name, before, after), (tzname, onsets) in _observances(zone.key, year).items():
        dates = [f"{onset:%Y%m%dT%H%M%S}".zfill(15) for onset in onsets]
        raws = [f"DTSTART:{dates[0]}", f"TZOFFSETFROM:{_written(before)}", f"TZOFFSETTO:{_written(after)}"]
        raws += [f"TZNAME:{tzname}"] if tzname else []
        # a line each: Radicale cuts a list to its first date
        raws += [f"RDATE:{date}" for date in dates[1:]]
        component.items.append(Component(name, [Line.of(raw) for raw in raws]))
    return component


@lru_cache(maxsize=64)
def _observances(key: str, year: int) -> dict[tuple[str, timedelta, timedelta], tuple[str, list[datetime]]]:
    """The onsets of that year and of the ones beside it, each told in the time before it.

    icalendar's Timezone.from_tzinfo looks in steps of 64 days, and so misses Morocco's month of Ramadan.
    """
    zone = ZoneInfo(key)
    day = datetime(max(year - 1, 2), 1, 1, tzinfo=UTC)
    end = datetime(min(year + 2, 9998), 1, 2, tzinfo=UTC)
    found = [(day, _offset_at(zone, day), _offset_at(zone, day))]
    while day < end:
        following = day + timedelta(days=1)
        before, after = _offset_at(zone, day), _offset_at(zone, following)
        if before != after:
            found.append((_change(zone, day, following), before, after))
        day = following
    first_is_daylight = len(found) > 1 and found[1][2] < found[1][1]
    observances: dict[tuple[str, timedelta, timedelta], tuple[str, list[datetime]]] = {}
    for moment, before, after in found:
        daylight = after > before or (before == after and first_is_daylight)
        tzname = moment.astimezone(zone).tzname() or ""
        observance = ("DAYLIGHT" if daylight else "STANDARD", before, after)
        observances.setdefault(observance, (tzname, []))[1].append((moment + before).replace(tzinfo=None))
    return observances


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The second in (low, high] at which the zone's offset changes."""
    before = _offset_at(zone, low)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (middle, high) if _offset_at(zone, middle) == before else (low, middle)
    return high


def _offset_at(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _written(offset: timedelta) -> str:
    seconds = abs(offset) // timedelta(seconds=1)
    sign = "-" if offset < timedelta() else "+"
    text = f"{sign}{seconds // 3600:02}{seconds // 60 % 60:02}"
    return text + (f"{seconds % 60:02}" if seconds % 60 else "")


def _candidates(name: str) -> Iterator[str]:
    yield name
    # /mozilla.org/20050126_1/Europe/Berlin, /freeassociation.sourceforge.net/Europe/Berlin (RFC 5545 §3.2.19)
    parts = name.strip("/").split("/")
    if name.startswith("/") or "." in parts[0]:
        for start in range(1, len(parts)):
            yield "/".join(parts[start:])


def _iana(name: str) -> ZoneInfo | None:
    if name.count("/") > 3 or not _IANA.fullmatch(name) or _NO_ZONE.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # ZoneInfoNotFoundError is a KeyError; a folder of the zone database ("Europe") is an OSError
        return None


def _offset_by_rules(component: Component, wall: datetime) -> timedelta | None:
    """The offset from UTC at a local time by a VTIMEZONE's own rules; None where they cannot be read."""
    onsets: list[tuple[datetime, timedelta, timedelta]] = []
    if sum(1 for inner in component.components() for _ in inner.lines("RRULE")) > _MOST_RULES:
        return None
    try:
        for observance in component.components():
            if observance.name in ("STANDARD", "DAYLIGHT"):
                before, after = _offset(observance, "TZOFFSETFROM"), _offset(observance, "TZOFFSETTO")
                # onsets are told in the time before them; in a gap the offset before still holds
                shift = max(after - before, timedelta())
                onsets += [(onset + shift, before, after) for onset in _onsets(observance, before, wall)]
    except (ValueError, OverflowError):
        return None
    if not onsets:
        return None
    onsets.sort(key=lambda item: item[0])
    place = bisect_right(onsets, wall, key=lambda item: item[0])
    return onsets[place - 1][2] if place else onsets[0][1]


def _onsets(observance: Component, before: timedelta, wall: datetime) -> Iterator[datetime]:
    """The first onset of an observance and all later ones up to that local time, told in the time before them."""
    first = _wall(observance.value("DTSTART"))
    yield first
    for line in observance.lines("RDATE"):
        yield from (_wall(value) for value in line.value.split(","))
    for line in observance.lines("RRULE"):
        last = _last_onset(line, first, before, wall)
        if last is not None:
            yield last


def _last_onset(line: Line, first: datetime, before: timedelta, wall: datetime) -> datetime | None:
    """The last onset by a rule up to that local time and a day.

    Not dateutil's: it looks for an onset of a rule that never fires until the year 9999, a second for each such rule.
    """
    parts = line.value.strip().upper().split(";")
    if "FREQ=YEARLY" not in parts or not all(_RULE_PART.fullmatch(part) for part in parts):
        raise ValueError("not a rule of a time zone")
    rule = {name: value for name, _, value in (part.partition("=") for part in parts)}
    end = wall + timedelta(days=1)
    if "UNTIL" in rule:
        end = min(end, _until(rule["UNTIL"], before))
    interval = int(rule.get("INTERVAL", "1"))
    years = range(first.year, end.year + 1, interval)
    if "COUNT" in rule:
        onsets = (onset for year in years for onset in _onsets_in(rule, first, year))
        return max((onset for onset in islice(onsets, int(rule["COUNT"])) if onset <= end), default=None)
    for year in reversed(years[-_TURNS:]):
        if found := [onset for onset in _onsets_in(rule, first, year) if onset <= end]:
            return found[-1]
    return None


def _onsets_in(rule: Mapping[str, str], first: datetime, year: int) -> list[datetime]:
    """The onsets of that year, from the first of all on, in order: each part of the rule narrows the others."""
    clock = first.replace(
        hour=int(rule.get("BYHOUR", first.hour)),
        minute=int(rule.get("BYMINUTE", first.minute)),
        second=int(rule.get("BYSECOND", first.second)),
    ).time()
    month = int(rule["BYMONTH"]) if "BYMONTH" in rule else None
    month_days = {int(day) for day in rule.get("BYMONTHDAY", "").split(",") if day}
    if not rule.keys() & {"BYMONTHDAY", "BYYEARDAY", "BYDAY"}:
        # a bare rule fires on the day of the first onset
        month = first.month if month is None else month
        month_days = {first.day}
    months = range(1, 13) if month is None else range(month, month + 1) if 1 <= month <= 12 else ()
    whole = [date(year, each, day) for each in months for day in range(1, monthrange(year, each)[1] + 1)]
    days = whole
    if month_days:
        days = [day for day in days if month_days & {day.day, day.day - monthrange(year, day.month)[1] - 1}]
    if "BYYEARDAY" in rule:
        number, length = int(rule["BYYEARDAY"]), 366 if isleap(year) else 365
        days = [day for day in days if (day - date(year, 1, 1)).days + 1 in (number, number + length + 1)]
    if "BYDAY" in rule:
        same = [day for day in whole if day.weekday() == _WEEKDAYS.index(rule["BYDAY"][-2:])]
        days = [day for day in _pick(same, rule["BYDAY"][:-2]) if day in days]
    return [onset for day in _pick(days, rule.get("BYSETPOS", "")) if (onset := datetime.combine(day, clock)) >= first]


def _pick(days: list[date], position: str) -> list[date]:
    """The day at that position, counted from 1 or from the end; all of them for none."""
    if not position:
        return days
    place = int(position)
    return days[place - 1 : place] if place > 0 else days[place : place + 1 or None] if -place <= len(days) else []


def _until(value: str, before: timedelta) -> datetime:
    """UNTIL as local time: it is in UTC and the onsets are not (RFC 5545 §3.3.10)."""
    if value.endswith("Z"):
        return _wall(value.removesuffix("Z")) + before
    return _wall(value if "T" in value else f"{value}T000000")


def _wall(value: str) -> datetime:
    match = _WALL.fullmatch(value.strip())
    if match is None:
        raise ValueError("not a local time")
    return datetime(*(int(part) for part in match.groups()))  # type: ignore[arg-type]  # noqa: DTZ001


def _offset(observance: Component, name: str) -> timedelta:
    match = _OFFSET.fullmatch(observance.value(name))
    if match is None:
        raise ValueError("not an offset")
    size = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4] or 0))
    if size >= timedelta(days=1):
        raise ValueError("not an offset")
    return -size if match[1] == "-" else size
