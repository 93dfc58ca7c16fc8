"""The Booking API as the engine's BookingPort."""

import asyncio
import math
import random as random_module
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from urllib.parse import quote

import httpx

from syncd.domain.booking import Booking, BookingList, Catalog, Location, Parked, Service, Slot
from syncd.domain.errors import Malformed, NotFound, NotPermitted, OutcomeUnknown, Refused, SyncdError, Unavailable
from syncd.domain.ids import BookingId
from syncd.ports import Confirmed, Held
from syncd.zimun import wire
from syncd.zimun.calls import LOCATIONS, Caller
from syncd.zimun.exchange import Answer, Exchange
from syncd.zimun.patience import Patience
from syncd.zimun.token import TokenSource

PAGE_SIZE = 50
MAX_PAGES = 10_000
# in a row: some take what the window does not want out of pages that they have already cut
MAX_EMPTY_PAGES = 100
# of all pages of a list together: octets, for some 100,000 bookings; and what takes many times its octets once it is
# read: items, and objects and lists within them
MAX_LIST = 50_000_000
MAX_ITEMS = 200_000
MAX_PARTS = 1_000_000
# durations only fill in for appointments that name no end
_SERVICES_KEPT_SECONDS = 300.0
# httpx takes no URL over 64 kB, and one such id must not look like an API that is down
_LONGEST_SEGMENT = 60_000
_NO_SUCH_CALL = frozenset({404, 410})

_SERVICES = "/api/v1/services"
_AVAILABILITY = "/api/v1/availability"
_APPOINTMENTS = "/api/v1/appointments"


class ZimunClient:
    """Reads and changes bookings over HTTP; fulfils BookingPort.

    Each call is tried up to three times, with up to 20 s of waiting where the API asks for it. Close it with `aclose`.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self._exchange = Exchange(base_url, transport)
        patience = Patience(sleep, monotonic, random)
        tokens = TokenSource(self._exchange, patience, client_id, client_secret, monotonic)
        self._calls = Caller(self._exchange, patience, tokens, monotonic)
        self._monotonic = monotonic
        self._services: Mapping[str, Service] = {}
        self._services_read_at = -math.inf
        self._services_lock = asyncio.Lock()
        self._list_closed = False

    async def aclose(self) -> None:
        """Close the connections. The client is of no use afterwards."""
        await self._exchange.aclose()

    async def catalog(self) -> Catalog:
        """All locations and services, every page. Raises Unavailable, RateLimited or NotPermitted."""
        locations: dict[str, Location] = {}
        parked: list[Parked] = []
        async for key, raw in self._items(LOCATIONS, "locations"):
            try:
                location, faults = wire.read_location(raw, key)
            except Malformed as exc:
                parked.append(Parked(exc.key, str(exc)))
            else:
                locations[location.id] = location
                parked += faults
        services, faults = await self._read_services()
        return Catalog(locations, services, (*parked, *faults))

    async def bookings(self, start: datetime, end: datetime) -> BookingList:
        """All bookings that start in the half-open window, every page, each id once; and what could not be read.

        Raises Unavailable, RateLimited, or NotPermitted where the list is closed to this client.
        """
        window = {"from": wire.write_instant(start), "to": wire.write_instant(end, up=True)}
        try:
            raws = [entry async for entry in self._items(_APPOINTMENTS, "appointments", window)]
        except NotPermitted as exc:
            self._list_closed = not exc.credentials
            raise
        self._list_closed = False
        services = await self._services_for([raw for _, raw in raws])
        found: dict[BookingId, Booking] = {}
        parked: dict[str, Parked] = {}
        for key, raw in raws:
            try:
                booking = wire.read_booking(raw, services, key)
            except Malformed as exc:
                parked[exc.key] = Parked(exc.key, str(exc))
                continue
            known = found.get(booking.id)
            if known is None or not known.is_newer_than(booking):
                found[booking.id] = booking
        # an id that could not be read on one of two pages stays as it was: the other page may be the older state
        return BookingList(tuple(b for b in found.values() if b.id not in parked), tuple(parked.values()))

    async def booking(self, booking_id: BookingId) -> Booking | None:
        """One booking, read afresh; None for 404 and 410, but for a web page where the list is closed, too.

        A framework that has no such call says so, and so may a gateway: NotPermitted then, not a booking that is gone.
        Raises Malformed where it cannot be read or the API cannot take the id, else as `catalog`.
        """
        template = f"{_APPOINTMENTS}/{{booking_id}}"
        segment = _segment(booking_id)
        if not 0 < len(segment) <= _LONGEST_SEGMENT:
            # empty, its path would be the list's
            raise Malformed(booking_id, "the id is empty, or too long for a path")
        closed = _NO_SUCH_CALL if self._list_closed else frozenset[int]()
        answer = await self._calls.get(f"{_APPOINTMENTS}/{segment}", template, {}, closed)
        if answer.status == 405 or (answer.html and answer.status in _NO_SUCH_CALL):
            raise NotPermitted(f"GET {template} answered {answer.status}: the API has no such call", credentials=False)
        if answer.status in (404, 410):
            return None
        if not answer.ok:
            raise Malformed(booking_id, f"GET {template} answered {answer.status}")
        raw = wire.unwrap(answer.data)
        services = await self._services_for([raw])
        try:
            booking = wire.read_booking(raw, services, booking_id)
        except Malformed as exc:
            raise Malformed(booking_id, str(exc)) from exc
        if booking.id != booking_id:
            raise Malformed(booking_id, "the answer is about another booking")
        return booking

    async def open_slots(self, service_id: str, location_id: str, day: date) -> tuple[Slot, ...]:
        """The open slots of that day in the place's zone, by start. An empty location_id is left out of the call.

        Raises as `catalog`; Refused where Zimun will not tell for that service or day (400, 422), NotFound where it
        knows no such service there (404, 410; 405 too); Unavailable too where there are slots and none of them can be
        read.
        """
        params = {"service_id": service_id, "date": day.isoformat()}
        if location_id:
            params["location_id"] = location_id
        items = [raw async for _, raw in self._items(_AVAILABILITY, "slots", params, ("slots", "items"))]
        try:
            return wire.read_slots(items, service_id, location_id)
        except wire.ShapeError as exc:
            raise Unavailable(f"GET {_AVAILABILITY}: {exc}") from exc

    async def reschedule(self, booking_id: BookingId, start: datetime, key: str) -> BookingId | None:
        """Move the booking to `start`. Answers with the booking's id where the API names another one than asked.

        `key` is the Idempotency-Key of this intent, the same in every attempt. Raises Refused, NotFound, NotPermitted,
        Unavailable, RateLimited, or OutcomeUnknown: it was sent, and no usable answer came.
        """
        body = {"booking_id": booking_id, "start_time": wire.write_instant(start)}
        answer = await self._calls.post(f"{_APPOINTMENTS}/reschedule", body, key)
        if (other := wire.read_other_id(answer.data, booking_id)) is not None:
            return other
        bare = wire.read_bare_id(answer.data, booking_id)
        return bare if bare is not None and await self._is_at(bare, start) else None

    async def cancel(self, booking_id: BookingId, key: str) -> None:
        """Cancel the booking; raises as `reschedule` does."""
        await self._calls.post(f"{_APPOINTMENTS}/cancel", {"booking_id": booking_id}, key)

    async def hold(self, service_id: str, location_id: str, start: datetime, key: str) -> Held:
        """Reserve a time for ten minutes. An empty location_id is left out of the call.

        Raises as `reschedule`; Malformed where it was taken and the answer names no hold.
        """
        body = {"service_id": service_id, "appointment_time": wire.write_instant(start)}
        if location_id:
            body["location_id"] = location_id
        data = await self._made("hold", body, key)
        return Held(*wire.read_hold(data))

    async def confirm(self, hold_id: str, contact_name: str, contact_email: str, key: str) -> Confirmed:
        """Make a hold a booking.

        Raises as `reschedule`; Malformed where it was taken and the answer names no booking.
        """
        body = {"hold_id": hold_id, "contact_name": contact_name, "contact_email": contact_email}
        booking_id, raw = wire.confirmed(await self._made("confirm", body, key))
        try:
            return Confirmed(booking_id, wire.read_booking(raw, await self._services_for([raw]), booking_id))
        except SyncdError:
            # the booking is made, whatever else cannot be read of it
            return Confirmed(booking_id)

    async def _is_at(self, booking_id: BookingId, start: datetime) -> bool:
        try:
            found = await self.booking(booking_id)
        except SyncdError:
            return False
        return found is not None and found.start == start.replace(microsecond=0)

    async def _made(self, verb: str, body: Mapping[str, str], key: str) -> object:
        """The JSON by which Zimun names what a POST has made. Where it was lost on the way, the same key brings it."""
        answer = await self._calls.post(f"{_APPOINTMENTS}/{verb}", body, key)
        if answer.data is wire.NOT_JSON:
            raise OutcomeUnknown(f"POST {_APPOINTMENTS}/{verb}: taken, and its answer was lost")
        return answer.data

    async def _items(
        self,
        path: str,
        noun: str,
        params: Mapping[str, str] | None = None,
        names: tuple[str, ...] = ("items",),
    ) -> AsyncIterator[tuple[str, object]]:
        """Every entry of every page, each with the name it is parked under where it has no id.

        Raises as `_page` for the first page. A no to a later one says nothing about the call (a page token may have
        lapsed): Unavailable.
        """
        params = dict(params or {})
        if path != _AVAILABILITY:
            # the vendor documents availability without it
            params["page_size"] = str(PAGE_SIZE)
        seen: set[str] = set()
        ids: set[str] = set()
        before: Sequence[object] = ()
        count = size = parts = empty = 0
        for _ in range(MAX_PAGES):
            try:
                page, answer = await self._page(path, params, names)
            except (NotPermitted, NotFound, Refused) as exc:
                if not seen or (isinstance(exc, NotPermitted) and exc.credentials):
                    raise
                raise Unavailable(f"GET {path}: a page after the first was refused") from exc
            size += answer.size
            parts += answer.parts
            if size > MAX_LIST:
                raise Unavailable(f"GET {path}: the list is over 50 MB")
            if count + len(page.items) > MAX_ITEMS:
                raise Unavailable(f"GET {path}: the list has more than {MAX_ITEMS:,} items")
            if parts > MAX_PARTS:
                raise Unavailable(f"GET {path}: the list has more than {MAX_PARTS:,} parts")
            for raw in page.items:
                count += 1
                yield f"{noun} item {count}", raw
            if not page.next_token:
                return
            if page.next_token in seen:
                raise Unavailable(f"GET {path}: a page token came twice")
            seen.add(page.next_token)
            # who ignores the token gives one page for ever, with a new token each time. No sign of that are an empty
            # page, and a last page of what moved on while it was read. A slot's id may be its room's
            found = set() if path == _AVAILABILITY else {wire.id_of(raw) for raw in page.items} - {""}
            if page.items and (found <= ids if found else page.items == before):
                raise Unavailable(f"GET {path}: a page after the first brings nothing new")
            empty = 0 if page.items else empty + 1
            if empty >= MAX_EMPTY_PAGES:
                raise Unavailable(f"GET {path}: {MAX_EMPTY_PAGES} empty pages in a row")
            ids |= found
            before = page.items or before
            params["page_token"] = page.next_token
        raise Unavailable(f"GET {path}: more than {MAX_PAGES} pages")

    async def _page(self, path: str, params: Mapping[str, str], names: tuple[str, ...]) -> tuple[wire.Page, Answer]:
        """A page, and the answer that it came in."""
        closed = _NO_SUCH_CALL | {403} if path == _APPOINTMENTS else frozenset[int]()
        answer = await self._calls.get(path, path, params, closed)
        if answer.status in (404, 405, 410) and path == _AVAILABILITY:
            # of this service, place or day: that the whole call is closed only others can show
            raise NotFound(f"GET {path} answered {answer.status}")
        if answer.status in (404, 405, 410):
            raise NotPermitted(
                f"GET {path} answered {answer.status}: the list is closed to this client", credentials=False
            )
        if answer.status in (400, 422) and path == _AVAILABILITY:
            # it has nothing to say about this service or day; that is an answer, not an outage
            raise Refused(f"GET {path} answered {answer.status}")
        if not answer.ok:
            raise Unavailable(f"GET {path} answered {answer.status}")
        try:
            return wire.read_page(answer.data, *names), answer
        except wire.ShapeError as exc:
            raise Unavailable(f"GET {path}: {exc}") from exc

    async def _read_services(self) -> tuple[Mapping[str, Service], tuple[Parked, ...]]:
        services: dict[str, Service] = {}
        parked: list[Parked] = []
        async for key, raw in self._items(_SERVICES, "services"):
            try:
                service, faults = wire.read_service(raw, key)
            except Malformed as exc:
                parked.append(Parked(exc.key, str(exc)))
            else:
                services[service.id] = service
                parked += faults
        self._services, self._services_read_at = services, self._monotonic()
        return services, tuple(parked)

    async def _services_for(self, raws: list[object]) -> Mapping[str, Service]:
        """The services, read only where one of these appointments needs a duration, and at most every five minutes."""
        if not any(map(wire.lacks_length, raws)):
            return {}
        async with self._services_lock:
            if self._monotonic() >= self._services_read_at + _SERVICES_KEPT_SECONDS:
                try:
                    await self._read_services()
                except NotPermitted as exc:
                    if exc.credentials:
                        raise
                    # raised from here it would say that the appointments are closed; these few are parked instead
                    self._services, self._services_read_at = {}, self._monotonic()
            return self._services


def _segment(booking_id: str) -> str:
    """The id as one path segment. Dots are encoded too: clients and servers take "." and ".." out of a path."""
    return quote(booking_id.encode("utf-8", "surrogatepass"), safe="").replace(".", "%2E")
