"""Events as apps write them: text in, text out."""

import re
from datetime import UTC, datetime, timedelta


def unfold(text: str) -> str:
    return re.sub(r"\r?\n[ \t]", "", text).replace("\r\n", "\n")


def prop(text: str, name: str) -> str:
    """What follows a property's name in the VEVENT, parameters included; empty where it is not there."""
    event = re.split(r"BEGIN:VEVENT\n", text, maxsplit=1)[1]
    found = re.search(rf"^{name}([;:].*)$", event, flags=re.MULTILINE)
    return found[1] if found else ""


def dragged(text: str, by: timedelta, now: datetime) -> str:
    """The object as an app writes it after a drag: both times moved within their zone, and freshly stamped."""

    def moved(match: re.Match[str]) -> str:
        at = datetime.strptime(match[2], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) + by
        return f"{match[1]}:{at:%Y%m%dT%H%M%S}"

    # a VTIMEZONE has DTSTARTs too: only the VEVENT's count
    before, event, after = re.split(r"(BEGIN:VEVENT.*END:VEVENT)", text, maxsplit=1, flags=re.DOTALL)
    event = re.sub(r"^(DT(?:START|END)[^:\r\n]*):(\d{8}T\d{6})", moved, event, flags=re.MULTILINE)
    event = re.sub(r"^(DTSTAMP|LAST-MODIFIED):\w+", rf"\g<1>:{now:%Y%m%dT%H%M%SZ}", event, flags=re.MULTILINE)
    return before + event + after


def foreign(uid: str, title: str, start: datetime) -> str:
    """An event of somebody else's."""
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//App//EN", "BEGIN:VEVENT", f"UID:{uid}",
        f"DTSTAMP:{start:%Y%m%dT%H%M%SZ}", f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
        f"DTEND:{start + timedelta(hours=1):%Y%m%dT%H%M%SZ}", f"SUMMARY:{title}", "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    return "\r\n".join(lines)
