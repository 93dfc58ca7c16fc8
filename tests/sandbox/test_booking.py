"""Hold, confirm, reschedule, cancel: what is taken, what is refused, and how."""

from datetime import UTC, datetime

import httpx
import pytest

from syncd.sandbox import Conflict, Salon
from tests.sandbox.conftest import CONTACT, Api, FakeClock

BEARD = {"service_id": "s_beard", "location_id": "loc_mitte"}  # in Berlin only Emre trims beards


def at(hour: int, minute: int = 0, day: int = 20) -> datetime:
    return datetime(2026, 2, day, hour, minute, tzinfo=UTC)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def hold(api: Api, when: datetime) -> httpx.Response:
    return await api.post("hold", {**BEARD, "appointment_time": when.isoformat()})


async def test_a_hold_says_when_it_lapses(api: Api) -> None:
    answer = await hold(api, at(12))
    assert answer.status_code == 201
    assert answer.json()["expires_at"] == "2026-02-16T08:10:00Z"


async def test_a_hold_is_busy_until_it_lapses(api: Api, clock: FakeClock) -> None:
    await hold(api, at(12))
    clock.forward(minutes=4, seconds=59)
    assert refusal(await hold(api, at(12))) == (409, "slot_taken")
    clock.forward(minutes=5, seconds=1)
    await api.login()
    assert (await hold(api, at(12))).status_code == 201


async def test_a_lapsed_hold_is_not_listed_and_cannot_be_confirmed(api: Api, clock: FakeClock) -> None:
    held = (await hold(api, at(12))).json()
    assert len((await api.get("appointments")).json()["items"]) == 1
    clock.forward(minutes=10)
    await api.login()
    assert (await api.get("appointments")).json()["items"] == []
    assert refusal(await api.post("confirm", {"hold_id": held["hold_id"], **CONTACT})) == (409, "hold_expired")


async def test_a_hold_can_be_confirmed_until_its_last_second(api: Api, clock: FakeClock) -> None:
    held = (await hold(api, at(12))).json()
    clock.forward(minutes=9, seconds=59)
    await api.login()
    assert (await api.post("confirm", {"hold_id": held["hold_id"], **CONTACT})).status_code == 201


async def test_a_hold_is_confirmed_once(api: Api) -> None:
    body = {"hold_id": (await hold(api, at(12))).json()["hold_id"], **CONTACT}
    await api.post("confirm", body)
    assert refusal(await api.post("confirm", body)) == (409, "hold_used")


async def test_an_unknown_hold_gets_404(api: Api) -> None:
    assert refusal(await api.post("confirm", {"hold_id": "h_none", **CONTACT})) == (404, "hold_not_found")


@pytest.mark.parametrize(
    ("when", "code"),
    [
        (at(7), "outside_hours"),
        (at(17, 45), "outside_hours"),
        (at(12, 7), "outside_hours"),
        (at(7, 59, day=16), "in_the_past"),
        (datetime(2027, 3, 1, 12, tzinfo=UTC), "too_far_ahead"),
    ],
)
async def test_a_time_that_is_not_offered_is_not_held(api: Api, when: datetime, code: str) -> None:
    assert refusal(await hold(api, when)) == (409, code)


async def test_a_reschedule_moves_the_booking_and_its_updated_at(api: Api, salon: Salon, clock: FakeClock) -> None:
    booking = salon.book("s_beard", at(12), location_id="loc_mitte")
    clock.forward(minutes=1)
    answer = await api.post("reschedule", {"booking_id": booking.booking_id, "start_time": "2026-02-20T15:00:00+01:00"})
    assert answer.status_code == 200
    moved = salon.find(booking.booking_id)
    assert (moved.start, moved.end) == (at(14), at(14, 30))
    assert moved.updated_at == clock.time
    assert at(12) in await api.starts("s_beard", "2026-02-20")


async def test_the_older_name_appointment_id_is_understood(api: Api, salon: Salon) -> None:
    booking = salon.book("s_beard", at(12), location_id="loc_mitte")
    await api.post("reschedule", {"appointment_id": booking.booking_id, "start_time": at(14).isoformat()})
    assert salon.find(booking.booking_id).start == at(14)
    await api.post("cancel", {"appointment_id": booking.booking_id})
    assert salon.find(booking.booking_id).status == "cancelled"


@pytest.mark.parametrize(
    ("when", "code"),
    [(at(15), "slot_taken"), (at(14, 45), "slot_taken"), (at(20), "outside_hours"), (at(8, day=1), "in_the_past")],
)
async def test_a_reschedule_to_a_time_not_free_gets_409_and_changes_nothing(
    api: Api, salon: Salon, when: datetime, code: str
) -> None:
    salon.book("s_beard", at(15), location_id="loc_mitte")
    booking = salon.book("s_beard", at(12), location_id="loc_mitte")
    answer = await api.post("reschedule", {"booking_id": booking.booking_id, "start_time": when.isoformat()})
    assert refusal(answer) == (409, code)
    assert salon.find(booking.booking_id) == booking


async def test_a_bookings_own_time_does_not_block_its_move(api: Api, salon: Salon) -> None:
    booking = salon.book("s_beard", at(12), location_id="loc_mitte")
    assert at(12, 15) not in await api.starts("s_beard", "2026-02-20")
    answer = await api.post("reschedule", {"booking_id": booking.booking_id, "start_time": at(12, 15).isoformat()})
    assert answer.status_code == 200


async def test_a_move_to_where_it_is_changes_nothing(api: Api, salon: Salon, clock: FakeClock) -> None:
    booking = salon.book("s_beard", at(12), location_id="loc_mitte")
    clock.forward(minutes=1)
    answer = await api.post("reschedule", {"booking_id": booking.booking_id, "start_time": at(12).isoformat()})
    assert answer.status_code == 200
    assert salon.find(booking.booking_id) == booking


async def test_a_move_keeps_its_staff_where_they_are_free_and_changes_them_where_not(salon: Salon) -> None:
    jana = salon.place("s_haircut", at(13), "st_jana").booking_id
    emre = salon.place("s_haircut", at(13), "st_emre").booking_id
    salon.place("s_colour", at(15), "st_jana")
    assert salon.move(emre, at(14)).staff_id == "st_emre"
    assert salon.move(jana, at(15)).staff_id == "st_emre"


async def test_a_cancelled_booking_is_neither_moved_nor_cancelled_again(api: Api, salon: Salon) -> None:
    booking_id = salon.book("s_beard", at(12), location_id="loc_mitte").booking_id
    assert (await api.post("cancel", {"booking_id": booking_id})).status_code == 200
    move = await api.post("reschedule", {"booking_id": booking_id, "start_time": at(14).isoformat()})
    assert refusal(move) == (409, "booking_cancelled")
    assert refusal(await api.post("cancel", {"booking_id": booking_id})) == (409, "booking_cancelled")


async def test_a_cancellation_is_a_change_with_its_updated_at(api: Api, salon: Salon, clock: FakeClock) -> None:
    booking_id = salon.book("s_beard", at(12), location_id="loc_mitte").booking_id
    clock.forward(seconds=5)
    body = (await api.post("cancel", {"booking_id": booking_id})).json()
    assert body["updated_at"] == "2026-02-16T08:00:05Z"


async def test_a_held_booking_is_not_moved(api: Api, salon: Salon) -> None:
    held = salon.hold("s_beard", "loc_mitte", at(12))
    move = await api.post("reschedule", {"booking_id": held.booking_id, "start_time": at(14).isoformat()})
    assert refusal(move) == (409, "booking_held")


async def test_moving_or_cancelling_an_unknown_booking_gets_404(api: Api) -> None:
    move = await api.post("reschedule", {"booking_id": "b_none", "start_time": at(14).isoformat()})
    assert refusal(move) == (404, "booking_not_found")
    assert refusal(await api.post("cancel", {"booking_id": "b_none"})) == (404, "booking_not_found")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("reschedule", {}),
        ("reschedule", {"booking_id": "b_1"}),
        ("reschedule", {"booking_id": "b_1", "start_time": "2026-02-20T13:00:00"}),
        ("reschedule", {"booking_id": "b_1", "start_time": "noon"}),
        ("reschedule", {"booking_id": "b_1", "start_time": 1771592400}),
        ("reschedule", {"booking_id": 7, "start_time": "2026-02-20T13:00:00Z"}),
        ("cancel", {"booking_id": ""}),
        ("cancel", ["b_1"]),
        ("cancel", "b_1"),
        ("hold", {**BEARD}),
        ("hold", {"service_id": "s_beard", "appointment_time": "2026-02-20T13:00:00Z"}),
        ("confirm", {"hold_id": "h_1", "contact_name": "Dana Lee"}),
        ("confirm", {"hold_id": "h_1", "contact_name": "Dana Lee", "contact_email": "dana"}),
    ],
)
async def test_a_malformed_request_gets_422(api: Api, path: str, body: object) -> None:
    assert (await api.post(path, body)).status_code == 422


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b'{"booking_id": "\\ud800"}'])
async def test_a_body_that_cannot_be_read_gets_422(api: Api, content: bytes) -> None:
    answer = await api.http.post("/api/v1/appointments/cancel", content=content)
    assert answer.status_code == 422


def test_the_customer_is_refused_as_the_api_refuses(salon: Salon) -> None:
    salon.book("s_beard", at(12), location_id="loc_mitte")
    with pytest.raises(Conflict, match="already taken"):
        salon.book("s_beard", at(12), location_id="loc_mitte")
