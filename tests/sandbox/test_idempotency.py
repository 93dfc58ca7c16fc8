"""Idempotency keys and the rate limit."""

from datetime import UTC, datetime, timedelta

from syncd.sandbox import RateLimit, Salon, SandboxServer
from tests.sandbox.conftest import CONTACT, Api, FakeClock

NOON = datetime(2026, 2, 20, 12, tzinfo=UTC)


def a_move(booking_id: str, hour: int) -> dict[str, str]:
    return {"booking_id": booking_id, "start_time": NOON.replace(hour=hour).isoformat()}


async def test_the_same_key_again_answers_as_first_and_does_nothing(api: Api, salon: Salon) -> None:
    booking = salon.book("s_beard", NOON, location_id="loc_mitte")
    first = await api.post("reschedule", a_move(booking.booking_id, 14), "k1")
    salon.move(booking.booking_id, NOON)
    again = await api.post("reschedule", a_move(booking.booking_id, 14), "k1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert salon.find(booking.booking_id).start == NOON


async def test_a_repeated_hold_and_confirm_make_one_booking(api: Api) -> None:
    wish = {"service_id": "s_colour", "appointment_time": NOON.replace(hour=13).isoformat()}
    holds = [(await api.post("hold", wish, "k1")).json() for _ in range(2)]
    assert holds[0] == holds[1]
    bookings = [(await api.post("confirm", {"hold_id": holds[0]["hold_id"], **CONTACT}, "k2")).json() for _ in range(2)]
    assert bookings[0] == bookings[1]
    assert len((await api.get("appointments")).json()["items"]) == 1


async def test_a_refusal_is_repeated_too(api: Api, salon: Salon) -> None:
    blocker = salon.book("s_beard", NOON.replace(hour=14), location_id="loc_mitte")
    booking = salon.book("s_beard", NOON, location_id="loc_mitte")
    assert (await api.post("reschedule", a_move(booking.booking_id, 14), "k1")).status_code == 409
    salon.cancel(blocker.booking_id)
    assert (await api.post("reschedule", a_move(booking.booking_id, 14), "k1")).status_code == 409
    assert (await api.post("reschedule", a_move(booking.booking_id, 14), "k2")).status_code == 200


async def test_the_same_key_with_another_body_or_path_gets_422(api: Api, salon: Salon) -> None:
    booking = salon.book("s_beard", NOON, location_id="loc_mitte")
    await api.post("reschedule", a_move(booking.booking_id, 14), "k1")
    other_body = await api.post("reschedule", a_move(booking.booking_id, 15), "k1")
    other_path = await api.post("cancel", a_move(booking.booking_id, 14), "k1")
    codes = [answer.json()["error"]["code"] for answer in (other_body, other_path)]
    assert (other_body.status_code, other_path.status_code, set(codes)) == (422, 422, {"idempotency_key_reused"})
    assert salon.find(booking.booking_id).start == NOON.replace(hour=14)


async def test_the_order_of_a_bodys_fields_does_not_matter(api: Api, salon: Salon) -> None:
    booking = salon.book("s_beard", NOON, location_id="loc_mitte")
    body = a_move(booking.booking_id, 14)
    await api.post("reschedule", body, "k1")
    assert (await api.post("reschedule", dict(reversed(body.items())), "k1")).status_code == 200


async def test_a_key_is_kept_for_a_day(api: Api, salon: Salon, clock: FakeClock) -> None:
    booking = salon.book("s_beard", NOON, location_id="loc_mitte")
    await api.post("cancel", {"booking_id": booking.booking_id}, "k1")
    clock.forward(hours=23, minutes=59)
    await api.login()
    assert (await api.post("cancel", {"booking_id": booking.booking_id}, "k1")).status_code == 200
    clock.forward(minutes=1)
    assert (await api.post("cancel", {"booking_id": booking.booking_id}, "k1")).status_code == 409


async def test_without_a_key_each_call_stands_for_itself(api: Api, salon: Salon) -> None:
    booking = salon.book("s_beard", NOON, location_id="loc_mitte")
    answers = [await api.post("cancel", {"booking_id": booking.booking_id}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 409]


async def test_an_empty_or_endless_key_gets_422(api: Api) -> None:
    answers = [await api.post("cancel", {"booking_id": "b_1"}, key) for key in ("", "k" * 256)]
    assert [answer.status_code for answer in answers] == [422, 422]


async def test_too_many_requests_get_429_until_retry_after_has_passed(
    api: Api, server: SandboxServer, clock: FakeClock
) -> None:
    server.sandbox.rate_limit = RateLimit(2, timedelta(seconds=10))
    assert (await api.get("locations")).status_code == 200
    clock.forward(seconds=3.5)
    assert (await api.get("locations")).status_code == 200
    refused = await api.get("locations")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
    clock.forward(seconds=6)
    assert (await api.get("locations")).status_code == 429
    clock.forward(seconds=0.5)
    assert (await api.get("locations")).status_code == 200


async def test_there_is_no_limit_unless_asked_for(api: Api) -> None:
    assert {(await api.get("locations")).status_code for _ in range(100)} == {200}
