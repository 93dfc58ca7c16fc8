"""What people ask by hand, in a world, and what they are told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from unittest.mock import patch

from syncd.domain.booking import Booking, BookingList
from syncd.domain.errors import Unavailable
from syncd.domain.ids import BookingId
from syncd.domain.request import Reply, Request, Wanted
from syncd.sandbox import Appointment, Fault, Kind
from syncd.sandbox.model import Status
from syncd.zimun import ZimunClient
from tests.loop.world import APPOINTMENTS, World

HOLD = f"{APPOINTMENTS}/hold"
CONFIRM = f"{APPOINTMENTS}/confirm"
EMAIL = "dana@example.org"
ATTEMPTS = 3
"""How often a call is tried in one cycle."""


def request(start: datetime, email: str = EMAIL) -> Request:
    return Request("s_haircut", "loc_mitte", start, "Dana Lee", email)


def want(w: World, wanted: Wanted) -> int:
    """A command leaves its wish, and waits."""
    return w.store.want(wanted, w.clock.at)


def told(w: World, ask_id: int) -> Reply | None:
    """What the command is told, if it is told something yet."""
    return w.store.collect(ask_id)[1]


def booked(w: World) -> list[Appointment]:
    """What is in force in Zimun's own book."""
    return [each for each in w.salon.appointments() if each.status in (Status.SCHEDULED, Status.CONFIRMED)]


def held(w: World) -> list[Appointment]:
    """What is held there and not confirmed."""
    return [each for each in w.salon.appointments() if each.status is Status.HELD]


class Exactly(Fault):
    """A fault of one path, and of none below it."""

    def matches(self, method: str, path: str) -> bool:
        return self.times != 0 and method == self.method and path == self.path_prefix


def close_list(w: World) -> None:
    """The list of bookings is closed to this client from now on."""
    w.server.faults.append(Exactly("GET", APPOINTMENTS, Kind.ANSWER, None, 403, body={"detail": "forbidden"}))


def drop_list(w: World) -> None:
    """The API has no such list from now on; each booking can be read still."""
    w.server.faults.append(Exactly("GET", APPOINTMENTS, Kind.ANSWER, None, 404, body={"detail": "Not Found"}))


@contextmanager
def refusing_lists_over(length: timedelta) -> Iterator[None]:
    """Zimun lists no more than that at once."""
    plain = ZimunClient.bookings

    async def bookings(client: ZimunClient, start: datetime, end: datetime) -> BookingList:
        if end - start > length:
            raise Unavailable("GET /api/v1/appointments answered 400")
        return await plain(client, start, end)

    with patch.object(ZimunClient, "bookings", bookings):
        yield


@contextmanager
def dating_nothing() -> Iterator[None]:
    """Zimun does not say when a booking was changed."""
    many, one = ZimunClient.bookings, ZimunClient.booking

    async def bookings(client: ZimunClient, start: datetime, end: datetime) -> BookingList:
        listed = await many(client, start, end)
        return replace(listed, bookings=tuple(replace(each, updated_at=None) for each in listed.bookings))

    async def booking(client: ZimunClient, booking_id: BookingId) -> Booking | None:
        found = await one(client, booking_id)
        return replace(found, updated_at=None) if found is not None else None

    with patch.object(ZimunClient, "bookings", bookings), patch.object(ZimunClient, "booking", booking):
        yield


def close_all_reading(w: World) -> None:
    """No call reads a booking any more."""
    close_list(w)
    w.fault(Kind.ANSWER, f"{APPOINTMENTS}/", times=None, status=403, body={"detail": "forbidden"})
