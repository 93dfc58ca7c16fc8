"""What must hold of every calendar object: it is read or has a fault, and what is written onto it can be read."""

import re
from dataclasses import replace
from datetime import UTC, datetime

from syncd.calendars import ical
from syncd.calendars.lines import Component, Line, decode, read, write
from syncd.calendars.stored import stored
from syncd.domain.booking import Span
from syncd.domain.errors import Malformed
from syncd.domain.event import Draft, Event, Put
from syncd.domain.ids import BookingId
from tests.fuzz.secret import PERSONAL

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SPAN = Span(datetime(2026, 11, 24, 9, 0, tzinfo=UTC), datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
MOVE = Draft(
    uid="b_1@zimun",
    booking_id=BookingId("b_1"),
    span=SPAN,
    zone="Europe/Berlin",
    title="Haircut – Dana Lee",
    place="Main Street 1, Berlin",
    description="Haircut\nCustomer: Dana Lee",
    note="⚠ Not free.",
    mark="⚠ ",
    put=Put(3, SPAN.start),
)
# 2:30 that night is shown twice, so it has to be written in UTC
TWICE = replace(MOVE, span=Span(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), SPAN.end), note="", mark="", place="")
TEXTS_ONLY = replace(MOVE, span=None, put=None, uid="b_1~2@zimun")

# what a write may change; all else is a person's and comes back letter by letter
_WRITTEN = frozenset(
    [
        "UID",
        "DTSTAMP",
        "LAST-MODIFIED",
        "DTSTART",
        "DTEND",
        "DURATION",
        "SUMMARY",
        "LOCATION",
        "DESCRIPTION",
        "STATUS",
        "RRULE",
        "RDATE",
        "EXDATE",
        "EXRULE",
        "RECURRENCE-ID",
        "X-ALT-DESC",
        "X-ZIMUN-BOOKING-ID",
        "X-ZIMUN-START",
        "X-MICROSOFT-CDO-ALLDAYEVENT",
        "X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT",
    ]
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def check(data: bytes) -> None:
    text = decode(data)
    one = stored("/cal/b_1.ics", '"1"', text)
    event = _parsed(text)
    if event is not None:
        assert one.event in (event, None)
        if event.uid.endswith("@zimun"):
            assert ical.is_ours(text), "an event of ours is taken for somebody's own"
        for word in (event.uid, event.title, event.place, event.description, event.booking_id, event.start.tzid):
            word.encode()
    else:
        assert PERSONAL not in one.fault, "a fault quotes the event"
    # one of them, by the input itself: all three would try a third of the inputs in the same time
    draft = (MOVE, TWICE, TEXTS_ONLY)[len(data) % 3]
    try:
        written = ical.render(draft, text, NOW)
    except Malformed:
        assert draft.span is None
        assert event is None
    else:
        _check_written(draft, text, event, written)


def _parsed(text: str) -> Event | None:
    try:
        return ical.parse(text)
    except Malformed:
        return None


def _check_written(draft: Draft, text: str, before: Event | None, written: str) -> None:
    rows = written.split("\r\n")
    assert all(len(row.encode()) <= 75 for row in rows), "a line is too long"
    assert not any(_CONTROLS.search(row) or "\n" in row for row in rows), "a control character is sent"
    after = _parsed(written)
    assert after is not None, "what was written cannot be read"
    assert ical.is_ours(written)
    assert (after.uid, after.booking_id) == (draft.uid, draft.booking_id)
    assert (after.title, after.place, after.description) == (draft.title, draft.place, draft.description)
    assert after.noted == bool(draft.note)
    assert after.put == (draft.put or (before.put if before is not None else None))
    assert not after.cancelled
    if draft.span is None:
        assert before is not None
        assert after.start == before.start, "a write of texts moved the event"
        assert after.end == before.end
    else:
        assert (after.start.instant, after.end.instant) == (draft.span.start, draft.span.end), "not at the asked time"
        assert not after.recurring
    if before is not None:
        assert _theirs(text) == _theirs(written), "what a person added is lost"
    again = ical.render(draft, written, NOW)
    assert again == written, "written twice is not written once"


def _theirs(text: str) -> tuple[list[str], list[str]]:
    """The master's lines that are none of ours, and all inside of it."""
    master = ical._object(text).master
    rows = [line.raw for line in master.lines() if line.name not in _WRITTEN]
    return rows, [write(inner) for inner in master.components()]


def round_trip(data: bytes) -> None:
    """What `lines` reads and writes again is the same tree."""
    try:
        tree = read(decode(data))
    except ValueError:
        return
    assert _shape(read(write(tree))) == _shape(tree)


def _shape(component: Component) -> list[object]:
    return [component.name, *(item.raw if isinstance(item, Line) else _shape(item) for item in component.items)]
