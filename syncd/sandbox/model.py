"""The values and the refusals of the sandbox's salon. Instants are aware and in UTC; wall times belong to a place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

GRID = timedelta(minutes=15)
"""Slots begin at the start of a shift and every GRID after it."""

Week = Mapping[int, tuple[tuple[time, time], ...]]
"""Working hours in the place's wall time, by weekday (Monday is 0); a shift does not pass midnight."""


class Refusal(Exception):
    """The salon says no. `code` is for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Unknown(Refusal):
    """No such service, hold or booking (404)."""


class Conflict(Refusal):
    """Understood, and not possible as things stand (409)."""


class Invalid(Refusal):
    """The request itself is wrong (422)."""


class Status(StrEnum):
    HELD = "held"
    SCHEDULED = "scheduled"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Location:
    """A place; `timezone` is an IANA name."""

    id: str
    name: str
    timezone: str
    address: str = ""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


@dataclass(frozen=True, slots=True)
class Service:
    id: str
    name: str
    duration: timedelta
    location_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who works at one place, does some services, and keeps hours."""

    id: str
    name: str
    location_id: str
    service_ids: frozenset[str]
    week: Week

    def starts(self, zone: ZoneInfo, day: date, duration: timedelta) -> Iterator[datetime]:
        """The instants of that day at which a service of that duration fits into a shift, whatever is booked.

        Opening and closing are wall times, the steps between them are real time: on the day of a clock change
        a shift across the change is an hour longer or shorter.
        """
        for opens, closes in self.week.get(day.weekday(), ()):
            start = datetime.combine(day, opens, zone).astimezone(UTC)
            end = datetime.combine(day, closes, zone).astimezone(UTC)
            while start + duration <= end:
                yield start
                start += GRID


@dataclass(frozen=True, slots=True)
class Appointment:
    """One booking, or a hold on the way to become one. `expires_at` is set while it is held."""

    booking_id: str
    service_id: str
    location_id: str
    staff_id: str
    start: datetime
    end: datetime
    status: Status
    updated_at: datetime
    contact_name: str = ""
    contact_email: str = ""
    contact_phone: str = ""
    notes: str = ""
    hold_id: str = ""
    expires_at: datetime | None = None

    def lapsed(self, now: datetime) -> bool:
        """Whether this was a hold that nobody confirmed in time: then it is as if it had never been."""
        return self.status is Status.HELD and self.expires_at is not None and self.expires_at <= now

    def busy(self, now: datetime) -> bool:
        """Whether it takes its time: held, scheduled and confirmed do."""
        return self.status is not Status.CANCELLED and not self.lapsed(now)


@dataclass(frozen=True, slots=True)
class Slot:
    """A start at which the service can be booked, and where it would end."""

    start: datetime
    end: datetime
