"""Which calendar a booking's event belongs in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from syncd.domain.booking import Booking


@dataclass(frozen=True, slots=True)
class Route:
    """One `[[calendars]]` entry: empty tuples match all. `calendar` is the collection's URL.

    `create_bookings`: people may ask for bookings by new events in it.
    """

    calendar: str
    locations: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    fallback: bool = False
    create_bookings: bool = False

    @property
    def takes_all(self) -> bool:
        return not (self.locations or self.services or self.staff)

    def matches(self, booking: Booking) -> bool:
        return (
            _matches(self.locations, booking.location_id)
            and _matches(self.services, booking.service_id)
            and _matches(self.staff, booking.staff_name)
        )


def route(booking: Booking, routes: Sequence[Route]) -> str | None:
    """The calendar of the first entry that matches; else the fallback's; else None: the booking is unrouted.

    A fallback that names nothing stands behind all others, wherever it is written: it is for what nobody else takes.
    """
    for entry in routes:
        if entry.matches(booking) and not (entry.fallback and entry.takes_all):
            return entry.calendar
    return next((entry.calendar for entry in routes if entry.fallback), None)


def may_take(service_id: str, location_id: str, routes: Iterable[Route], *, staff_told: bool) -> bool:
    """Whether a booking of that service has a calendar at that place ("": at some), for some of the staff at least.

    `staff_told`: Zimun names the staff in its bookings; where it does not, no entry for some of them ever matches.
    """
    return any(
        entry.fallback
        or (
            (staff_told or not entry.staff)
            and _matches(entry.services, service_id)
            and (not location_id or _matches(entry.locations, location_id))
        )
        for entry in routes
    )


def _matches(wanted: tuple[str, ...], value: str) -> bool:
    return not wanted or value in wanted


def request_calendars(routes: Iterable[Route]) -> tuple[str, ...]:
    """The calendars in which people may ask for bookings, each once."""
    return tuple(dict.fromkeys(entry.calendar for entry in routes if entry.create_bookings))
