"""Zimun as a fake: bookings, open slots, and answers by Idempotency-Key."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from syncd.domain.booking import Booking, BookingList, Catalog, Location, Parked, Service, Slot, Span, Status
from syncd.domain.errors import Malformed, NotFound, NotPermitted, Refused
from syncd.domain.ids import BookingId
from syncd.ports import Confirmed, Held

if TYPE_CHECKING:
    from tests.simulation.world import World

T = TypeVar("T")
BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
CATALOG = Catalog(
    locations={
        "loc_1": Location("loc_1", "Salon", "Europe/Berlin", "Street 1"),
        "loc_2": Location("loc_2", "Studio", "Europe/Berlin"),
    },
    services={
        "cut": Service("cut", "Haircut", 60 * MINUTE, ("loc_1", "loc_2")),
        "color": Service("color", "Colour", 90 * MINUTE, ("loc_1", "loc_2")),
    },
)
OPENS, CLOSES = 8, 18
HOLD_LIFE = 10 * MINUTE
STALE = timedelta(seconds=100)


class Zimun:
    """What Zimun knows, and what customers do there."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.bookings: dict[BookingId, Booking] = {}
        self.past: dict[BookingId, list[tuple[datetime, Booking]]] = {}
        self.answers: dict[str, tuple[Any, ...]] = {}
        self.down = self.slots_down = self.no_single = self.list_closed = False
        self.unknown: set[BookingId] = set()
        self.hides = False
        """Whether it ever said of a booking that it does not know it."""
        self.renamed: dict[BookingId, BookingId] = {}
        self.refused: set[str] = set()
        """Keys that were told no without a look: a first request that arrives later still is told the same."""
        self.own_write: dict[BookingId, tuple[datetime, Booking]] = {}
        self.holds: dict[str, tuple[datetime, Booking]] = {}
        """Until when each hold lives, and the booking that it would be; there for ever, so that an id is given once."""

    def held(self) -> list[Booking]:
        """What is held just now and not confirmed."""
        now = self.world.clock.true()
        return [held for until, held in self.holds.values() if now < until and held.id not in self.bookings]

    def put(self, booking: Booking, by: str) -> None:
        """A booking is as it is from now on."""
        before = self.bookings.get(booking.id)
        booking = replace(booking, updated_at=None if self.world.setup.get("undated") else self.world.clock.true())
        self.bookings[booking.id] = booking
        self.past.setdefault(booking.id, []).append((self.world.clock.true(), booking))
        self.world.oracle.booking_changed(booking.id, before, booking, by)

    def now_called(self, name: str) -> BookingId:
        """The id that a booking has now, by one that it had."""
        booking_id = BookingId(name)
        while booking_id in self.renamed:
            booking_id = self.renamed[booking_id]
        return booking_id

    def rename(self, booking_id: BookingId) -> BookingId:
        """A reschedule that makes a new booking out of the old one."""
        new = BookingId(f"{booking_id.split('r')[0]}r{len(self.renamed) + 1}")
        self.renamed[booking_id] = new
        del self.bookings[booking_id]
        self.past[new] = self.past.pop(booking_id)
        self.world.oracle.renamed(booking_id, new)
        return new

    def open_at(self, day: date, service_id: str, location_id: str, but: BookingId | None = None) -> tuple[Slot, ...]:
        """The open slots of a day: within the opening hours, not past, overlapping no other booking of the place."""
        service = CATALOG.services[service_id]
        length = service.duration or 60 * MINUTE
        busy = [
            other.span
            for other in (*self.bookings.values(), *self.held())
            if not other.cancelled and other.location_id == location_id and other.id != but
        ]
        # few, where each of them is an event; on the days for which most bookings are made as anywhere
        few = self.world.setup.get("slots") and day.day not in (28, 29, 30)
        opens, step = (OPENS + 1, 180 * MINUTE) if few else (OPENS, 30 * MINUTE)
        at = datetime(day.year, day.month, day.day, opens, tzinfo=BERLIN).astimezone(UTC)
        end = datetime(day.year, day.month, day.day, CLOSES, tzinfo=BERLIN).astimezone(UTC)
        found = []
        while at + length <= end:
            span = Span(at, at + length)
            if at > self.world.clock.true() and not any(span.overlaps(taken) for taken in busy):
                found.append(Slot(service_id, location_id, at, at + length))
            at += step
        return tuple(found)

    def takes(self, booking: Booking, to: datetime) -> bool:
        """Whether Zimun would move the booking there."""
        day = to.astimezone(BERLIN).date()
        slots = self.open_at(day, booking.service_id, booking.location_id, but=booking.id)
        return any(slot.start == to for slot in slots)

    def as_of(self, booking_id: BookingId, at: datetime) -> Booking | None:
        known = [booking for since, booking in self.past[booking_id] if since <= at]
        return known[-1] if known else None


class FakeZimun:
    """Zimun through the eyes of one process: a BookingPort."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._zimun = world.zimun

    async def catalog(self) -> Catalog:
        return await self._world.call("zimun", "catalog", lambda fault: CATALOG)

    async def bookings(self, start: datetime, end: datetime) -> BookingList:
        def read(fault: str) -> BookingList:
            if self._zimun.list_closed:
                raise NotPermitted("GET answered 403", credentials=False)
            found, parked = [], []
            for booking in list(self._zimun.bookings.values()):
                shown: Booking | None = booking
                if fault == "stale":
                    shown = self._zimun.as_of(booking.id, self._world.clock.true() - STALE)
                if shown is None or not start <= shown.start < end or booking.id in self._zimun.unknown:
                    continue
                found.append(shown if shown.id == booking.id else replace(shown, id=booking.id))
            if fault == "empty":
                found = []
            if fault == "partial":
                found = found[: len(found) // 2]
            if fault == "malformed" and found:
                parked = [Parked(each.id, "no start") for each in found[::2]]
                found = found[1::2]
            for shown in found if fault != "lost" else ():
                self._world.oracle.booking_read(shown)
            return BookingList(tuple(found), tuple(parked))

        return await self._world.call("zimun", "bookings", read)

    async def booking(self, booking_id: BookingId) -> Booking | None:
        self._world.oracle.booking_asked(booking_id)

        def read(fault: str) -> Booking | None:
            booking = self._zimun.bookings.get(booking_id)
            if fault == "absent" or booking_id in self._zimun.unknown:
                if fault != "lost":
                    self._world.oracle.booking_absent(booking_id)
                return None
            if fault == "malformed":
                raise Malformed(booking_id, "no start")
            if fault == "stale" and booking_id in self._zimun.own_write and booking_id in self._zimun.past:
                at, before = self._zimun.own_write[booking_id]
                untouched = self._zimun.past[booking_id][-1][0] <= at
                if untouched and self._world.clock.true() - at < STALE:
                    return before
            if booking is None:
                self._world.imports.before_made.add(booking_id)
            elif fault != "lost":
                self._world.oracle.booking_read(booking)
            return booking

        return await self._world.call("zimun", "booking", read)

    async def open_slots(self, service_id: str, location_id: str, day: date) -> tuple[Slot, ...]:
        def read(fault: str) -> tuple[Slot, ...]:
            service = CATALOG.services.get(service_id)
            if service is None or location_id not in service.location_ids:
                raise Refused("GET answered 422")
            slots = self._zimun.open_at(day, service_id, location_id)
            return slots[: len(slots) // 2] if fault == "partial" else () if fault == "empty" else slots

        return await self._world.call("zimun", "slots", read)

    async def reschedule(self, booking_id: BookingId, start: datetime, key: str) -> BookingId | None:
        self._world.hand.sending(key)

        def move(fault: str) -> BookingId | None:
            def act() -> BookingId | None:
                booking = self._known(booking_id)
                if booking.cancelled:
                    raise Refused("POST answered 409", "the booking is cancelled")
                if booking.start <= self._world.clock.true() or not self._zimun.takes(booking, start):
                    raise Refused("POST answered 409", "not free, says qzx")
                if (wish := self._world.hand.sent.get(key)) is not None:
                    self._world.hand.changing(wish, booking, start, late=fault == "late")
                else:
                    again = key in self._world.oracle.cut_short
                    self._world.oracle.rescheduling(booking, start, late=fault == "late", again=again)
                staff = booking.staff_name
                if self._world.setup["reassigns"] and start.hour % 2:
                    staff = "Zoe" if staff != "Zoe" else ""
                renames = self._world.setup.get("renames", False)
                new = self._zimun.rename(booking_id) if renames else booking_id
                moved = replace(booking, id=new, start=start, end=start + booking.span.length, staff_name=staff)
                self._zimun.put(moved, self._by(key, fault))
                if fault != "late":  # of one that arrives late syncd knows nothing: what it reads is no stale answer
                    self._zimun.own_write[new] = (self._world.clock.true(), replace(booking, id=new))
                return new if renames else None

            return self._once(key, ("reschedule", booking_id, start), act)

        return await self._world.call("zimun", "reschedule", move, writes=key)

    async def cancel(self, booking_id: BookingId, key: str) -> None:
        self._world.hand.sending(key)

        def end(fault: str) -> None:
            def act() -> None:
                booking = self._known(booking_id)
                if booking.cancelled:
                    raise Refused("POST answered 409", "it is cancelled already")
                if (wish := self._world.hand.sent.get(key)) is not None:
                    self._world.hand.changing(wish, booking, None, late=fault == "late")
                else:
                    self._world.oracle.cancelling(booking, late=fault == "late")
                self._zimun.put(replace(booking, status=Status.CANCELLED), self._by(key, fault))
                self._zimun.own_write[booking_id] = (self._world.clock.true(), booking)

            self._once(key, ("cancel", booking_id), act)
            if not self._zimun.bookings[booking_id].cancelled:
                self._world.oracle.answered_again(booking_id)

        await self._world.call("zimun", "cancel", end, writes=key)

    async def hold(self, service_id: str, location_id: str, start: datetime, key: str) -> Held:
        asked = self._world.asks.holding(key)
        self._world.hand.sending(key)

        def reserve(fault: str) -> Held:
            def act() -> Held:
                service = CATALOG.services.get(service_id)
                if service is None:
                    raise NotFound("POST answered 404")
                if location_id not in service.location_ids:
                    raise Refused("POST answered 422", "not offered there")
                slots = self._zimun.open_at(start.astimezone(BERLIN).date(), service_id, location_id)
                slot = next((slot for slot in slots if slot.start == start), None)
                if slot is None:
                    raise Refused("POST answered 409", "not free, says qzx")
                number, end = len(self._zimun.holds) + 1, slot.end or start
                held = Booking(BookingId(f"n{number}"), start, end, Status.HELD, service_id, location_id)
                self._world.asks.holds[held.id] = asked
                self._zimun.holds[f"h{number}"] = (self._world.clock.true() + HOLD_LIFE, held)
                return Held(f"h{number}", end)

            return self._once(key, ("hold", service_id, location_id, start), act)

        return await self._world.call("zimun", "hold", reserve, writes=key)

    async def confirm(self, hold_id: str, contact_name: str, contact_email: str, key: str) -> Confirmed:
        self._world.hand.sending(key)

        def make(fault: str) -> Confirmed:
            def act() -> Confirmed:
                if hold_id not in self._zimun.holds:
                    raise NotFound("POST answered 404")
                until, held = self._zimun.holds[hold_id]
                if held.id in self._zimun.bookings:
                    raise Refused("POST answered 409", "confirmed already")
                if until <= self._world.clock.true():
                    raise Refused("POST answered 409", "the hold lapsed")
                who = {"contact_name": contact_name, "contact_email": contact_email}
                booking = replace(held, status=Status.CONFIRMED, **who)
                if (wish := self._world.hand.sent.get(key)) is not None:
                    self._world.hand.confirmed(wish, booking)
                else:
                    self._world.asks.confirmed(booking)
                self._zimun.put(booking, "a late request" if fault == "late" else "syncd")
                return Confirmed(booking.id, self._zimun.bookings[booking.id])

            return self._once(key, ("confirm", hold_id, contact_name, contact_email), act)

        return await self._world.call("zimun", "confirm", make, writes=key)

    def _by(self, key: str, fault: str) -> str:
        """Who changes a booking by that call: syncd, or the operator through it."""
        return "a late request" if fault == "late" else "hand" if key in self._world.hand.sent else "syncd"

    def _known(self, booking_id: BookingId) -> Booking:
        found = self._zimun.bookings.get(booking_id)
        if found is None or booking_id in self._zimun.unknown:
            raise NotFound("POST answered 404")
        return found

    def _once(self, key: str, what: tuple[Any, ...], act: Callable[[], T]) -> T:
        """The same key again answers as the first call did; with another request it is refused."""
        if key in self._zimun.refused:
            raise Refused("POST answered 422", "no, says qzx")
        if key in self._zimun.answers:
            said, answer = self._zimun.answers[key]
            if said != what:
                raise Refused("POST answered 422", "this key was used for something else")
            if isinstance(answer, Refused | NotFound):
                raise answer
            return answer
        try:
            answer = act()
        except (Refused, NotFound) as error:
            self._zimun.answers[key] = (what, error)
            raise
        self._zimun.answers[key] = (what, answer)
        return answer
