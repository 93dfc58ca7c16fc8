"""What a calendar app makes of an event when it stores a change: text in, text out."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

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
# as khal 0.14 makes it anew, for the winter and the summer after the event
_NEAREST = """BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:20261025T020000
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20270328T030000
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
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
            # "times": for both, or for the start and for the end
            by = [int(minutes) for minutes in rest.split()]
            event = _moved(event, {"DTEND": by[-1]} | ({"DTSTART": by[0]} if verb == "times" else {}))
        elif verb == "set":
            event = _with(event, rest)
        elif verb == "append":
            event = _described(event, rest)
        elif verb == "html":
            event = _described(event, "", html=True)
        elif verb == "count":
            found = re.search(rf"^{rest}:(\d+)$", event, flags=re.MULTILINE)
            event = _with(event, f"{rest}:{int(found[1]) + 1 if found else 1}")
        elif change == "weeks":
            alarms = re.sub(r"^(TRIGGER.*P)(\d+)D$", _in_weeks, alarms, flags=re.MULTILINE)
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
    if raises == "each":
        sequence = (
            sequence + len(changes) - 1 if re.search("^SEQUENCE:", event, flags=re.MULTILINE) else len(changes) - 2
        )
    chosen = any(change.startswith("set SEQUENCE") for change in changes)
    if not chosen and (
        raises in ("always", "each") or (raises == "times" and timed) or (raises == "present" and sequence)
    ):
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
        zone = _NEAREST if how[0] == "nearest" else _RULES
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


def _described(event: str, more: str, html: bool = False) -> str:
    """The description with more text at its end; `html`: and the whole beside it, as Thunderbird's window writes it."""
    found = re.search(r"^DESCRIPTION[^:]*:(.*)$", event, flags=re.MULTILINE)
    assert found, event
    text = found[1] + more
    if not html:
        return event.replace(found[0], f"{found[0]}{more}")
    page = re.sub(r"\\(.)", lambda escaped: "<br>" if escaped[1] in "nN" else escaped[1], text)
    page = re.sub(r"[\w.+-]+@[\w.-]+\w", r'<a class="moz-txt-link-abbreviated" href="mailto:\g<0>">\g<0></a>', page)
    return event.replace(found[0], f'DESCRIPTION;ALTREP="data:text/html,{quote(page, safe="!~*()")}":{text}')


def _in_weeks(found: re.Match[str]) -> str:
    weeks, rest = divmod(int(found[2]), 7)
    return found[0] if rest else f"{found[1]}{weeks}W"


def _moved(event: str, by: Mapping[str, int]) -> str:
    """These times moved by so many minutes within their zone."""

    def moved(found: re.Match[str]) -> str:
        at = datetime.strptime(found[3], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) + timedelta(minutes=by[found[2]])
        return f"{found[1]}:{at:%Y%m%dT%H%M%S}"

    event, count = re.subn(rf"^(({'|'.join(by)})[^:\n]*):(\d{{8}}T\d{{6}})", moved, event, flags=re.MULTILINE)
    assert count == len(by), event
    return event
