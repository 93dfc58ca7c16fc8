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
        return replace(time, instant=wall.astimezone(UTC))
    except (ValueError, OverflowError):
        return time  # no time at all, or before the year 1


def letters(time: EventTime) -> str:
    """The letters of a time, for remembering which wish was put back."""
    return f"{time.tzid}:{time.value}"


def roughly(time: EventTime, zone: tzinfo | None) -> datetime | None:
    """Its instant; midnight of its day in UTC where it has none: all-day, or in a zone that nobody knows."""
    if (instant := resolved(time, zone).instant) is not None:
        return instant
    try:
        return datetime.strptime(time.value[:8], "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None
