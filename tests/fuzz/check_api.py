"""What must hold of every answer of the Booking API: it is read, parked or refused, and nothing else happens."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from syncd.calendars import ical
from syncd.domain.booking import Booking, Location, Service
from syncd.domain.errors import Malformed, SyncdError
from syncd.domain.event import Draft
from syncd.domain.ids import BookingId, uid_of
from syncd.texts.words import Words
from syncd.zimun import ZimunClient, wire
from tests.fuzz.envelope import unpacked
from tests.fuzz.secret import PERSONAL

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SERVICES = {"s_1": Service("s_1", "Haircut", timedelta(minutes=45), ())}
PLACE = Location("l_1", "Mitte", "Europe/Berlin", "Main Street 1")
WORDS = Words("en")
_LENGTHS = (timedelta(), timedelta(days=367))


def check_wire(data: bytes) -> None:
    """Every reader of `wire` on one body. Each entry is a value or Malformed; the whole is a value or ShapeError."""
    value = wire.read_json(data)
    line = wire.read_reason(value)
    assert len(line) <= 300
    assert "\n" not in line
    line.encode()
    other = wire.read_other_id(value, BookingId("b_1"))
    assert other is None or (other.strip() and other != "b_1")
    entries = [wire.unwrap(value)]
    for names in (("items",), ("slots", "items")):
        try:
            page = wire.read_page(value, *names)
        except wire.ShapeError:
            continue
        page.next_token.encode()
        entries += page.items
        try:
            slots = wire.read_slots(page.items, "s_1", "l_1")
        except wire.ShapeError:
            continue
        assert [slot.start for slot in slots] == sorted({slot.start for slot in slots})
        assert all(slot.end is None or slot.end > slot.start for slot in slots)
    for raw in entries[:200]:
        _check_entry(raw)


def _check_entry(raw: object) -> None:
    before = None
    for services in (SERVICES, {}):
        wire.lacks_length(raw)
        booking = _read(lambda services=services: wire.read_booking(raw, services, "item 1"))
        # most say their length themselves, and are the same twice
        if booking is not None and booking != before:
            _check_booking(booking)
        before = booking
    found = _read(lambda: wire.read_location(raw, "item 1"))
    assert found is None or not (found[1] and found[0].timezone)
    _read(lambda: wire.read_service(raw, "item 1"))


def _read(reader: Callable[[], Any]) -> Any:
    """What the reader makes of an entry, None where it is parked, with a key and without its words."""
    try:
        return reader()
    except Malformed as exc:
        fault = exc
    assert fault.key
    assert PERSONAL not in str(fault), "a fault quotes the answer"
    return None


def _check_booking(booking: Booking) -> None:
    """What was read can be stored, sent and written as an event that says the same."""
    assert booking.start.tzinfo is UTC
    assert _LENGTHS[0] < booking.end - booking.start
    for text in (booking.id, booking.contact_name, booking.notes, booking.staff_name, booking.service_id):
        text.encode()
    wire.write_instant(booking.start)
    wire.write_instant(booking.end, up=True)
    texts = WORDS.texts(booking, SERVICES.get(booking.service_id), PLACE)
    draft = Draft(
        uid=uid_of(booking.id),
        booking_id=booking.id,
        span=booking.span,
        zone="Europe/Berlin",
        title=texts.title,
        place=texts.place,
        description="\n".join(texts.lines.values()),
    )
    event = ical.parse(ical.render(draft, "", NOW))
    assert (event.uid, event.booking_id) == (draft.uid, draft.booking_id)
    assert (event.start.instant, event.end.instant) == (booking.start, booking.end), "the event stands elsewhere"
    assert (event.title, event.place, event.description) == (draft.title, draft.place, draft.description)
    assert not event.noted, "a text of the API passes for a note"


def check_client(data: bytes) -> None:
    """The whole client on one answer, with any status and headers: a value or one of the domain's errors."""
    head, status, body = unpacked(data)
    headers = {name: value for name, value in head.items() if name not in ("call", "status")}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token" and head.get("call") != "token":
            return httpx.Response(200, json={"access_token": "t1", "expires_in": 300})
        # as it comes from a network: httpx would have read a content already
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))

    asyncio.run(_call(head.get("call", ""), answer))


async def _call(call: str, answer: object) -> None:
    now = 1000.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        assert 0 <= seconds <= 20, "a call waits too long"
        now += seconds

    client = ZimunClient(
        "http://127.0.0.1:1",
        "client-1",
        "secret",
        transport=httpx.MockTransport(answer),  # type: ignore[arg-type]
        sleep=sleep,
        monotonic=lambda: now,
        random=lambda: 0.5,
    )
    try:
        match call:
            case "bookings":
                await client.bookings(NOW, NOW + timedelta(days=1))
            case "booking":
                found = await client.booking(BookingId("b_1"))
                assert found is None or found.id == "b_1"
            case "slots":
                await client.open_slots("s_1", "l_1", date(2026, 11, 24))
            case "reschedule":
                await client.reschedule(BookingId("b_1"), NOW, "k")
            case "cancel":
                await client.cancel(BookingId("b_1"), "k")
            case _:
                await client.catalog()
    except SyncdError as exc:
        said = str(exc)
    else:
        said = ""
    finally:
        await client.aclose()
    assert PERSONAL not in said, "a fault quotes the answer"


CALLS = ("bookings", "booking", "slots", "reschedule", "cancel", "catalog", "token")
