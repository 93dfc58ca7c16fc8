"""The sandbox's salon: in memory, no HTTP. The API's handlers and the tests' "customer" use the same methods."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from syncd.sandbox.idempotency import IdempotencyKeys
from syncd.sandbox.model import Appointment, Conflict, Invalid, Location, Service, Slot, Staff, Status, Unknown

HOLD_LIFETIME = timedelta(minutes=10)
HORIZON = timedelta(days=365)
"""How far ahead the salon takes bookings."""


class Salon:
    """Places, services, staff, and what is booked.

    `clock` gives the aware time now. Every method that takes a time wants it aware. Raises `Unknown`, `Conflict` and
    `Invalid` where it says no; then nothing has changed.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        locations: Iterable[Location],
        services: Iterable[Service],
        staff: Iterable[Staff],
    ) -> None:
        self._clock = clock
        self.locations = {location.id: location for location in locations}
        self.services = {service.id: service for service in services}
        self.staff = {person.id: person for person in staff}
        self.idempotency = IdempotencyKeys()
        self._appointments: dict[str, Appointment] = {}
        self._holds: dict[str, str] = {}

    def now(self) -> datetime:
        """The clock's time, in UTC."""
        return self._clock().astimezone(UTC)

    def find(self, booking_id: str) -> Appointment:
        """The appointment as it stands; a lapsed hold is unknown."""
        appointment = self._appointments.get(booking_id)
        if appointment is None or appointment.lapsed(self.now()):
            raise Unknown("booking_not_found", "There is no booking with this id.")
        return appointment

    def appointments(self, start: datetime | None = None, end: datetime | None = None) -> list[Appointment]:
        """All that start in the half-open window, of every status, ordered by start and id."""
        now = self.now()
        found = [
            each
            for each in self._appointments.values()
            if (start is None or start <= each.start) and (end is None or each.start < end) and not each.lapsed(now)
        ]
        return sorted(found, key=lambda each: (each.start, each.booking_id))

    def choose(self, service_id: str, location_id: str | None) -> tuple[Service, Location]:
        """The service and the place meant; the place may be left open only where the service has one."""
        service = self.services.get(service_id)
        if service is None:
            raise Unknown("service_not_found", "There is no service with this id.")
        if location_id is None:
            if len(service.location_ids) != 1:
                raise Invalid("location_required", "This service has more than one location: location_id is required.")
            location_id = service.location_ids[0]
        if location_id not in service.location_ids:
            raise Invalid("location_invalid", "This service is not offered at this location.")
        return service, self.locations[location_id]

    def open_slots(self, service_id: str, day: date, location_id: str | None = None) -> list[Slot]:
        """The open slots of that day in the place's zone, none of them in the past or beyond the horizon."""
        service, location = self.choose(service_id, location_id)
        now = self.now()
        today = now.astimezone(location.zone).date()
        if not today <= day <= today + HORIZON:
            return []
        starts = self.openings(service, location, day)
        return [Slot(start, start + service.duration) for start in starts if start >= now]

    def hold(self, service_id: str, location_id: str | None, start: datetime) -> Appointment:
        """Reserve a slot for `HOLD_LIFETIME`; it counts as busy until then."""
        service, location = self.choose(service_id, location_id)
        person = self._free_staff(service, location, start)
        now = self.now()
        held = Appointment(
            booking_id=_new_id("b"),
            service_id=service.id,
            location_id=location.id,
            staff_id=person.id,
            start=start.astimezone(UTC),
            end=start.astimezone(UTC) + service.duration,
            status=Status.HELD,
            updated_at=now,
            hold_id=_new_id("h"),
            expires_at=now + HOLD_LIFETIME,
        )
        self._holds[held.hold_id] = held.booking_id
        return self._keep(held)

    def confirm(self, hold_id: str, name: str, email: str, *, phone: str = "", notes: str = "") -> Appointment:
        """Make the hold a booking. A hold is good once, and not after it lapsed."""
        booking_id = self._holds.get(hold_id)
        if booking_id is None:
            raise Unknown("hold_not_found", "There is no hold with this id.")
        held = self._appointments[booking_id]
        if held.status is not Status.HELD:
            raise Conflict("hold_used", "This hold has been confirmed already.")
        if held.lapsed(self.now()):
            raise Conflict("hold_expired", "This hold has expired.")
        confirmed = replace(held, status=Status.CONFIRMED, expires_at=None, contact_name=name, contact_email=email)
        return self._change(confirmed, contact_phone=phone, notes=notes)

    def move(self, booking_id: str, start: datetime) -> Appointment:
        """Give the booking another start. Its own time does not block it; its staff stay where they are free then."""
        booking = self._alter(booking_id)
        if start == booking.start:
            return booking
        service, location = self.choose(booking.service_id, booking.location_id)
        person = self._free_staff(service, location, start, moving=booking)
        start = start.astimezone(UTC)
        length = booking.end - booking.start
        return self._change(booking, start=start, end=start + length, staff_id=person.id)

    def cancel(self, booking_id: str) -> Appointment:
        """Cancel the booking; it stays in the list as cancelled."""
        return self._change(self._alter(booking_id), status=Status.CANCELLED)

    def book(
        self,
        service_id: str,
        start: datetime,
        *,
        location_id: str | None = None,
        name: str = "Dana Lee",
        email: str = "dana@example.com",
        phone: str = "",
        notes: str = "",
    ) -> Appointment:
        """What a customer does on the salon's own page: hold and confirm in one."""
        held = self.hold(service_id, location_id, start)
        return self.confirm(held.hold_id, name, email, phone=phone, notes=notes)

    def place(
        self,
        service_id: str,
        start: datetime,
        staff_id: str,
        *,
        booking_id: str = "",
        status: Status = Status.CONFIRMED,
        updated_at: datetime | None = None,
        name: str = "Dana Lee",
        email: str = "dana@example.com",
        phone: str = "",
        notes: str = "",
    ) -> Appointment:
        """Write a booking into the book without asking whether the time is open, as the front desk may.

        An id that is there already is written over.
        """
        service, person = self.services[service_id], self.staff[staff_id]
        appointment = Appointment(
            booking_id=booking_id or _new_id("b"),
            service_id=service.id,
            location_id=person.location_id,
            staff_id=person.id,
            start=start.astimezone(UTC),
            end=start.astimezone(UTC) + service.duration,
            status=status,
            updated_at=updated_at or self.now(),
            contact_name=name,
            contact_email=email,
            contact_phone=phone,
            notes=notes,
        )
        return self._keep(appointment)

    def openings(
        self, service: Service, location: Location, day: date, ignoring: str = ""
    ) -> dict[datetime, list[Staff]]:
        """Each start of that day, past ones included, with the staff who are free then; `ignoring` blocks nothing."""
        now = self.now()
        booked = [each for each in self._appointments.values() if each.busy(now) and each.booking_id != ignoring]
        return self._starts(service, location, day, booked)

    def _starts(
        self, service: Service, location: Location, day: date, booked: Iterable[Appointment]
    ) -> dict[datetime, list[Staff]]:
        found: dict[datetime, list[Staff]] = {}
        for person in self.staff.values():
            if person.location_id != location.id or service.id not in person.service_ids:
                continue
            theirs = [each for each in booked if each.staff_id == person.id]
            for start in person.starts(location.zone, day, service.duration):
                end = start + service.duration
                if not any(each.start < end and start < each.end for each in theirs):
                    found.setdefault(start, []).append(person)
        return dict(sorted(found.items()))

    def _free_staff(
        self, service: Service, location: Location, start: datetime, moving: Appointment | None = None
    ) -> Staff:
        now = self.now()
        if start < now:
            raise Conflict("in_the_past", "This time has passed.")
        if start > now + HORIZON:
            raise Conflict("too_far_ahead", "Bookings are not taken that far ahead.")
        day = start.astimezone(location.zone).date()
        free = self.openings(service, location, day, moving.booking_id if moving else "").get(start, [])
        if not free and start in self._starts(service, location, day, ()):
            raise Conflict("slot_taken", "This time is already taken.")
        if not free:
            raise Conflict("outside_hours", "This time is not offered: outside opening hours, or between two slots.")
        return next((person for person in free if moving and person.id == moving.staff_id), free[0])

    def _alter(self, booking_id: str) -> Appointment:
        booking = self.find(booking_id)
        if booking.status is Status.CANCELLED:
            raise Conflict("booking_cancelled", "This booking is cancelled.")
        if booking.status is Status.HELD:
            raise Conflict("booking_held", "This booking has not been confirmed yet.")
        return booking

    def _change(self, appointment: Appointment, **changes: object) -> Appointment:
        return self._keep(replace(appointment, updated_at=self.now(), **changes))  # type: ignore[arg-type]

    def _keep(self, appointment: Appointment) -> Appointment:
        self._appointments[appointment.booking_id] = appointment
        return appointment


def _new_id(kind: str) -> str:
    # random, so that a restarted sandbox never gives an id of yesterday to another booking
    return f"{kind}_{secrets.token_hex(6)}"
