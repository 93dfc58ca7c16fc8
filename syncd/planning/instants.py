"""From what stands in an event to instants."""

from dataclasses import replace
from datetime import UTC, datetime, tzinfo

from syncd.domain.event import EventTime, TimeKind


def resolved(time: EventTime, zone: tzinfo | None) -> EventTime:
    """The same time with its instant: a floating one is the place's wall time. Unresolvable ones keep None."""
    if time.kind is not TimeKind.FLOATING or zone is None:
        return time
    try:
        wall = datetime.strptime(time.value, "%Y%m%dT%H%M%S").replace(tzinfo=zone)
    except ValueError:
        return time
    return replace(time, instant=wall.astimezone(UTC))


def letters(time: EventTime) -> str:
    """The letters of a time, for remembering which wish was put back."""
    return f"{time.tzid}:{time.value}"
