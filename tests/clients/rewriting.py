"""What a calendar app makes of an event when it stores a change: text in, text out."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

VENDOR = "/freeassociation.sourceforge.net/"
WINDOWS = "W. Europe Standard Time"
_RULES = """BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
DTSTART:19810329T020000
TZNAME:CEST
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
DTSTART:19961027T030000
TZNAME:CET
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
"""


def rewritten(text: str, traits: Mapping[str, str], changes: list[str], now: datetime, sequence: int) -> str:
    """The object as the app with these traits (the head of its file) stores it after the changes, unfolded, with LF.

    `sequence`: the highest SEQUENCE that the app has seen of this event.
    """
    if changes == ["as read"]:
        return text
    zone, event = _parts(text)
    alarms = "".join(re.findall(r"BEGIN:VALARM\n.*?END:VALARM\n", event, flags=re.DOTALL))
    event = event.replace(alarms, "")
    if kept := traits.get("keeps"):
        event = "".join(line + "\n" for line in event.splitlines() if _name(line) in kept.split())
    for name in traits.get("drops", "").split():
        event = _without(event, name)
    for line in filter(None, traits.get("adds", "").split(" | ")):
        event = _with(event, line)
    timed = False
    for change in changes:
        verb, _, rest = change.partition(" ")
        rest = rest.replace("{now}", f"{now:%Y%m%dT%H%M%SZ}")
        if verb in ("times", "end"):
            timed = True
            event = _moved(event, ("DTSTART", "DTEND") if verb == "times" else ("DTEND",), int(rest))
        elif verb == "set":
            event = _with(event, rest)
        elif verb == "append":
            found = re.search(r"^DESCRIPTION[;:].*$", event, flags=re.MULTILINE)
            assert found, event
            event = event.replace(found[0], found[0] + rest)
        elif verb == "alarm":
            assert alarms, text
            alarms = alarms.replace("END:VALARM", f"{rest}\nEND:VALARM", 1)
        elif change == "drop VALARM":
            assert alarms, text
            alarms = ""
        elif verb == "drop":
            event = _without(event, rest)
        else:
            raise ValueError(change)
    for stamp in traits.get("stamps", "").split():
        event = _with(event, f"{stamp}:{now:%Y%m%dT%H%M%SZ}")
    raises = traits["sequence"]
    chosen = any(change.startswith("set SEQUENCE") for change in changes)
    if not chosen and (raises == "always" or (raises == "times" and timed) or (raises == "present" and sequence)):
        event = _with(event, f"SEQUENCE:{sequence + 1}")
    return _whole(traits, zone, f"BEGIN:VEVENT\n{event}{alarms}END:VEVENT\n")


def _parts(text: str) -> tuple[str, str]:
    zone = re.search(r"BEGIN:VTIMEZONE\n.*END:VTIMEZONE\n", text, flags=re.DOTALL)
    event = re.search(r"BEGIN:VEVENT\n(.*)END:VEVENT\n", text, flags=re.DOTALL)
    assert event, text
    return zone[0] if zone else "", event[1]


def _whole(traits: Mapping[str, str], zone: str, event: str) -> str:
    how = traits["zone"].split()
    if how[0] != "kept":
        zone = _RULES
    if how[0] == "vendor":
        zone, event = (part.replace("Europe/Berlin", f"{VENDOR}Europe/Berlin") for part in (zone, event))
    if how[0] == "windows":
        zone, event = (part.replace("Europe/Berlin", WINDOWS) for part in (zone, event))
    body = event + zone if "last" in how else zone + event
    return f"BEGIN:VCALENDAR\nPRODID:{traits['prodid']}\nVERSION:2.0\n{body}END:VCALENDAR\n"


def _name(line: str) -> str:
    return re.split("[;:]", line, maxsplit=1)[0]


def _without(event: str, name: str) -> str:
    return re.sub(rf"^{name}[;:].*\n", "", event, flags=re.MULTILINE)


def _with(event: str, line: str) -> str:
    return f"{_without(event, _name(line))}{line}\n"


def _moved(event: str, names: tuple[str, ...], minutes: int) -> str:
    """These times moved within their zone."""

    def moved(found: re.Match[str]) -> str:
        at = datetime.strptime(found[2], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) + timedelta(minutes=minutes)
        return f"{found[1]}:{at:%Y%m%dT%H%M%S}"

    event, count = re.subn(rf"^((?:{'|'.join(names)})[^:\n]*):(\d{{8}}T\d{{6}})", moved, event, flags=re.MULTILINE)
    assert count == len(names), event
    return event
