"""iCalendar objects (RFC 5545) as other apps leave them, by plain changes of the letters."""

import re
from collections.abc import Callable

_HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nBEGIN:VEVENT\r\n"
_TIMES = "DTSTAMP:20300101T000000Z\r\nDTSTART:20300301T120000Z\r\nDTEND:20300301T130000Z\r\n"
_TAIL = "END:VEVENT\r\nEND:VCALENDAR\r\n"


class IcalTexts:
    def foreign(self, uid: str) -> str:
        return f"{_HEAD}UID:{uid}\r\n{_TIMES}SUMMARY:Dentist\r\n{_TAIL}"

    def ours(self, booking_id: str, uid: str) -> str:
        return f"{_HEAD}UID:{uid}\r\nX-ZIMUN-BOOKING-ID:{booking_id}\r\n{_TIMES}SUMMARY:Haircut\r\n{_TAIL}"

    def copied(self, booking_id: str, uid: str) -> str:
        said = f"DESCRIPTION:Dana\\nBooking: {booking_id}"
        return f"{_HEAD}UID:{uid}\r\n{_TIMES}SUMMARY:Haircut\r\n{said}\r\n{_TAIL}"

    def retitled(self, data: str, title: str) -> str:
        return _in_event(data, lambda event: re.sub(r"(?m)^SUMMARY[^\r\n]*", f"SUMMARY:{title}", event))

    def coloured(self, data: str) -> str:
        return _with(data, "COLOR:turquoise")

    def is_coloured(self, data: str) -> bool:
        return "\r\nCOLOR:turquoise\r\n" in data.replace("\r\n", "\n").replace("\n", "\r\n")

    def cancelled(self, data: str) -> str:
        return _in_event(data, lambda event: re.sub(r"(?m)^STATUS:[^\r\n]*", "STATUS:CANCELLED", event))

    def repeated(self, data: str) -> str:
        return _with(data, "RRULE:FREQ=DAILY")

    def timed(self, data: str, value: str, tzid: str) -> str:
        later = value if len(value) == 8 else value[:9] + f"{int(value[9:11]) + 1:02d}" + value[11:]
        kind = ";VALUE=DATE" if len(value) == 8 else f";TZID={tzid}" if tzid else ""

        def change(event: str) -> str:
            event = re.sub(r"(?m)^DTSTART[;:][^\r\n]*", f"DTSTART{kind}:{value}", event)
            # all day is one day: DTEND is the next (RFC 5545 §3.6.1)
            end = f"{int(value) + 1}" if len(value) == 8 else later
            return re.sub(r"(?m)^DTEND[;:][^\r\n]*", f"DTEND{kind}:{end}", event)

        return _in_event(data, change)

    def damaged(self, data: str) -> str:
        # made a task: the most that every server takes
        def change(event: str) -> str:
            return re.sub(r"(?m)^(DTEND|TRANSP)[;:][^\r\n]*\r?\n", "", event).replace("END:VEVENT", "END:VTODO")

        return _in_event(data, change).replace("BEGIN:VEVENT", "BEGIN:VTODO")

    def unreadable(self, data: str) -> str:
        # the same event twice in one object: which one counts?
        event = data[data.index("BEGIN:VEVENT") : data.index("END:VCALENDAR")]
        return data.replace("END:VCALENDAR", event + "END:VCALENDAR")


def _in_event(data: str, change: Callable[[str], str]) -> str:
    """Changed in the VEVENT alone: a VTIMEZONE has a DTSTART too."""
    head, begin, event = data.partition("BEGIN:VEVENT")
    return head + begin + change(event)


def _with(data: str, line: str) -> str:
    return data.replace("END:VEVENT", f"{line}\r\nEND:VEVENT")
