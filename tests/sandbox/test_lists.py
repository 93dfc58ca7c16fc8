"""Lists: windows, pages, order, single look-ups."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.sandbox import Salon, Status
from tests.sandbox.conftest import Api

NOON = datetime(2026, 2, 20, 12, tzinfo=UTC)


async def test_pages_are_capped_and_lead_to_every_appointment_once(api: Api, salon: Salon) -> None:
    made = [salon.place("s_beard", NOON + timedelta(minutes=n // 2), "st_emre").booking_id for n in range(45)]
    seen: list[str] = []
    sizes, token = [], ""
    while token is not None:
        body = (await api.get("appointments", page_size=50, page_token=token)).json()
        seen += [each["booking_id"] for each in body["items"]]
        sizes.append(len(body["items"]))
        token = body["next_page_token"]
    assert sizes == [20, 20, 5]
    assert sorted(seen) == sorted(made)


async def test_a_full_last_page_has_no_next_one(api: Api, salon: Salon) -> None:
    for _ in range(20):
        salon.place("s_beard", NOON, "st_emre")
    assert (await api.get("appointments")).json()["next_page_token"] is None


@pytest.mark.parametrize("path", ["locations", "services"])
async def test_places_and_services_are_paged_too(api: Api, path: str) -> None:
    first = (await api.get(path, page_size=1)).json()
    second = (await api.get(path, page_size=1, page_token=first["next_page_token"])).json()
    assert first["items"][0]["id"] < second["items"][0]["id"]


async def test_a_booking_cancelled_between_two_pages_shifts_nothing(api: Api, salon: Salon) -> None:
    made = [salon.place("s_beard", NOON + timedelta(minutes=n), "st_emre").booking_id for n in range(4)]
    first = (await api.get("appointments", page_size=2)).json()
    salon.place("s_beard", NOON - timedelta(days=1), "st_emre")
    second = (await api.get("appointments", page_size=2, page_token=first["next_page_token"])).json()
    assert [each["booking_id"] for each in second["items"]] == made[2:]


@pytest.mark.parametrize(
    "query",
    [{"page_size": "0"}, {"page_size": "-1"}, {"page_size": "many"}, {"page_token": "é"}, {"page_token": "abc"}],
)
async def test_a_malformed_page_gets_422(api: Api, query: dict[str, str]) -> None:
    assert (await api.get("appointments", **query)).status_code == 422


async def test_the_window_is_half_open_on_the_start(api: Api, salon: Salon) -> None:
    _, at, _ = (salon.place("s_beard", NOON + timedelta(minutes=n), "st_emre") for n in (-1, 0, 60))
    window = {"from": NOON.isoformat(), "to": "2026-02-20T14:00:00+01:00"}
    body = (await api.get("appointments", **window)).json()
    assert [each["booking_id"] for each in body["items"]] == [at.booking_id]


@pytest.mark.parametrize("value", ["2026-02-20", "2026-02-20T12:00:00", "soon", "9999-12-31T23:59:59-14:00"])
async def test_a_window_without_offset_or_sense_gets_422(api: Api, value: str) -> None:
    assert (await api.get("appointments", **{"from": value})).status_code == 422


async def test_the_list_holds_held_scheduled_confirmed_and_cancelled(api: Api, salon: Salon) -> None:
    salon.hold("s_beard", "loc_mitte", NOON)
    salon.book("s_kids", NOON + timedelta(days=1))
    salon.cancel(salon.book("s_kids", NOON + timedelta(hours=2)).booking_id)
    salon.place("s_beard", NOON, "st_tomasz", status=Status.SCHEDULED)
    items = (await api.get("appointments")).json()["items"]
    assert sorted(each["status"] for each in items) == ["cancelled", "confirmed", "held", "scheduled"]


async def test_times_carry_the_offset_of_their_own_place(api: Api, salon: Salon) -> None:
    here = salon.book("s_kids", NOON)
    there = salon.book("s_manicure", NOON)
    assert (await api.get(f"appointments/{here.booking_id}")).json()["start_time"] == "2026-02-20T13:00:00+01:00"
    assert (await api.get(f"appointments/{there.booking_id}")).json()["start_time"] == "2026-02-20T12:00:00+00:00"


async def test_an_unknown_booking_gets_404(api: Api) -> None:
    answer = await api.get("appointments/b_none")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "booking_not_found")


async def test_an_id_with_a_slash_is_found_percent_encoded(api: Api, salon: Salon) -> None:
    salon.place("s_beard", NOON, "st_emre", booking_id="b/1 ü")
    assert (await api.get("appointments/b%2F1%20%C3%BC")).json()["booking_id"] == "b/1 ü"


async def test_unknown_paths_and_methods_get_json_errors(api: Api) -> None:
    answers = [await api.get("nothing"), await api.http.delete("/api/v1/locations")]
    assert [answer.status_code for answer in answers] == [404, 405]
    assert all(answer.json()["error"]["message"] for answer in answers)
