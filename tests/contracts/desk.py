"""What a contract test is given of Zimun, real or fake: the port, and the customers' and the front desk's side of it.

Both have the catalog of the simulation: `cut` (an hour) and `color` (90 minutes) at loc_1 and loc_2; both places in
Berlin, open from 8:00 to 18:00, with one person each. It is Monday, 23 March 2026, 8:00 UTC.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Protocol

from syncd.domain.booking import Booking, Status
from syncd.domain.ids import BookingId
from syncd.ports import BookingPort
from syncd.sandbox import Appointment, Fault, Kind, Location, Salon, Sandbox, SandboxServer, Service, Staff
from syncd.zimun import ZimunClient
from tests.contracts.fake_home import make_trouble, plain_setup
from tests.contracts.home import Trouble
from tests.simulation.steps import History
from tests.simulation.world import BEGIN, World
from tests.simulation.zimun import CATALOG, CLOSES, OPENS, FakeZimun

MINUTE = timedelta(minutes=1)
CONTACT = {"contact_name": "Ada Lovelace", "contact_email": "ada@example.org", "contact_phone": "+49 30 23125000"}
NOTES = "Vorsicht: „Pony“;\nzwei Zeilen"
ATTEMPTS = 3
"""How often the client tries a call."""


class Desk(Protocol):
    @property
    def port(self) -> BookingPort: ...

    def now(self) -> datetime: ...

    def forward(self, seconds: float) -> None: ...

    def book(self, start: datetime, service_id: str = "cut", location_id: str = "loc_1") -> BookingId:
        """A customer's booking, with CONTACT and NOTES."""
        ...

    def move(self, booking_id: BookingId, start: datetime) -> None: ...

    def cancel(self, booking_id: BookingId) -> None: ...

    def hide(self, booking_id: BookingId) -> None:
        """No call answers for that booking, until it is shown again."""
        ...

    def show(self, booking_id: BookingId) -> None: ...

    def known(self, booking_id: BookingId) -> tuple[datetime, bool]:
        """When the booking starts, and whether it is cancelled, by Zimun's own books."""
        ...

    def changes(self, booking_id: BookingId) -> int:
        """How often the booking was changed through the port."""
        ...

    def trouble(self, trouble: Trouble) -> None:
        """What happens to the next call, to each of its attempts."""
        ...


class FakeDesk:
    def __init__(self) -> None:
        self.world = World(History(0, plain_setup()))
        self.port = FakeZimun(self.world)
        self._count = 0
        self._hidden: dict[BookingId, Booking] = {}

    def now(self) -> datetime:
        return self.world.clock.true()

    def forward(self, seconds: float) -> None:
        self.world.clock.passes(seconds)

    def book(self, start: datetime, service_id: str = "cut", location_id: str = "loc_1") -> BookingId:
        self._count += 1
        booking_id = BookingId(f"b{self._count}")
        length = CATALOG.services[service_id].duration
        assert length is not None
        booking = Booking(
            booking_id, start, start + length, Status.CONFIRMED, service_id, location_id, notes=NOTES, staff_name="Zoe",
            **CONTACT,
        )  # fmt: skip
        assert self.world.zimun.takes(booking, start)
        self.world.zimun.put(booking, "customer")
        return booking_id

    def move(self, booking_id: BookingId, start: datetime) -> None:
        booking = self.world.zimun.bookings[booking_id]
        self.world.zimun.put(replace(booking, start=start, end=start + booking.span.length), "customer")

    def cancel(self, booking_id: BookingId) -> None:
        self.world.zimun.put(replace(self.world.zimun.bookings[booking_id], status=Status.CANCELLED), "customer")

    def hide(self, booking_id: BookingId) -> None:
        self._hidden[booking_id] = self.world.zimun.bookings.pop(booking_id)

    def show(self, booking_id: BookingId) -> None:
        self.world.zimun.bookings[booking_id] = self._hidden.pop(booking_id)

    def known(self, booking_id: BookingId) -> tuple[datetime, bool]:
        booking = self.world.zimun.bookings[booking_id]
        return booking.start, booking.cancelled

    def changes(self, booking_id: BookingId) -> int:
        return sum(f"> syncd: {booking_id} " in line for line in self.world.trace)

    def trouble(self, trouble: Trouble) -> None:
        make_trouble(self.world, trouble)


class SandboxDesk:
    def __init__(self, salon: Salon, server: SandboxServer, port: BookingPort) -> None:
        self.port = port
        self._salon = salon
        self._server = server
        self._hidden: dict[BookingId, Appointment] = {}

    def now(self) -> datetime:
        return self._salon.now()

    def forward(self, seconds: float) -> None:
        clock = self._salon._clock
        assert isinstance(clock, Clock)
        clock.at += timedelta(seconds=seconds)

    def book(self, start: datetime, service_id: str = "cut", location_id: str = "loc_1") -> BookingId:
        contact = {name.removeprefix("contact_"): value for name, value in CONTACT.items()}
        made = self._salon.book(service_id, start, location_id=location_id, notes=NOTES, **contact)
        return BookingId(made.booking_id)

    def move(self, booking_id: BookingId, start: datetime) -> None:
        self._salon.move(booking_id, start)

    def cancel(self, booking_id: BookingId) -> None:
        self._salon.cancel(booking_id)

    def hide(self, booking_id: BookingId) -> None:
        self._hidden[booking_id] = self._salon._appointments.pop(booking_id)

    def show(self, booking_id: BookingId) -> None:
        self._salon._appointments[booking_id] = self._hidden.pop(booking_id)

    def known(self, booking_id: BookingId) -> tuple[datetime, bool]:
        found = self._salon.find(booking_id)
        return found.start, found.status == "cancelled"

    def changes(self, booking_id: BookingId) -> int:
        keys = {
            call.idempotency_key
            for call in self._server.calls
            if call.status == 200 and isinstance(call.body, dict) and call.body.get("booking_id") == booking_id
        }
        return len(keys)

    def trouble(self, trouble: Trouble) -> None:
        lost = {
            Trouble.WRITES_LOST: ("POST", Kind.LOSE_REQUEST),
            Trouble.ANSWERS_LOST: ("POST", Kind.LOSE_ANSWER),
            Trouble.READS_LOST: ("GET", Kind.LOSE_ANSWER),
        }
        answered = {Trouble.DOWN: 503, Trouble.LIMITED: 429, Trouble.LOGIN: 401, Trouble.FORBIDDEN: 403}
        self._server.faults.clear()
        if trouble in lost:
            method, kind = lost[trouble]
            self._server.faults.append(Fault(method, "/api/v1/", kind, times=ATTEMPTS))
        if trouble in answered:
            wait = {"Retry-After": "30"} if trouble is Trouble.LIMITED else {}
            self._server.faults.extend(
                Fault(method, "/api/v1/", Kind.ANSWER, None, answered[trouble], wait) for method in ("GET", "POST")
            )


class Clock:
    """A time that only the test moves."""

    def __init__(self) -> None:
        self.at = BEGIN

    def __call__(self) -> datetime:
        return self.at


class Overlapping(Salon):
    """A salon whose list names all that overlaps the window: which of the two Zimun does is not published."""

    def appointments(self, start: datetime | None = None, end: datetime | None = None) -> list[Appointment]:
        return [each for each in super().appointments(None, end) if start is None or start < each.end]


@contextmanager
def fake_desk() -> Iterator[FakeDesk]:
    desk = FakeDesk()
    try:
        yield desk
    finally:
        desk.world.store.close()


@asynccontextmanager
async def sandbox_desk(kind: type[Salon] = Salon) -> AsyncIterator[SandboxDesk]:
    salon = kind(Clock(), *_catalog())
    async with SandboxServer(Sandbox(salon, max_page_size=2)) as server:
        client = ZimunClient(
            server.url, "sandbox", "sandbox-secret", sleep=_at_once, monotonic=lambda: salon.now().timestamp()
        )
        try:
            yield SandboxDesk(salon, server, client)
        finally:
            await client.aclose()


def _catalog() -> tuple[list[Location], list[Service], list[Staff]]:
    """The simulation's catalog as the sandbox has it."""
    week = {day: ((time(OPENS), time(CLOSES)),) for day in range(7)}
    locations = [Location(each.id, each.name, each.timezone, each.address) for each in CATALOG.locations.values()]
    services = [
        Service(each.id, each.name, each.duration or timedelta(), each.location_ids)
        for each in CATALOG.services.values()
    ]
    staff = [
        Staff(f"st_{place.id}", "Zoe", place.id, frozenset(each.id for each in services), week) for place in locations
    ]
    return locations, services, staff


async def _at_once(_seconds: float) -> None:
    """No waiting between attempts."""
