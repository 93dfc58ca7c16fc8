"""Open slots: hours in the place's zone, clock changes, what is booked, how many can work at once."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import httpx
import pytest

from syncd.sandbox import Location, Salon, Sandbox, SandboxServer, Service, Staff
from tests.sandbox.conftest import Api, FakeClock

FRIDAY = "2026-02-20"


def at(hour: int, minute: int = 0, day: int = 20) -> datetime:
    return datetime(2026, 2, day, hour, minute, tzinfo=UTC)


async def test_a_service_at_several_places_wants_a_location(api: Api) -> None:
    answer = await api.get("availability", service_id="s_haircut", date=FRIDAY)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "location_required")


async def test_a_service_at_one_place_needs_no_location(api: Api) -> None:
    answer = await api.get("availability", service_id="s_colour", date=FRIDAY)
    assert answer.json()["location_id"] == "loc_mitte"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"service_id": "s_none", "date": FRIDAY}, 404),
        ({"service_id": "s_colour", "date": FRIDAY, "location_id": "loc_shoreditch"}, 422),
        ({"service_id": "s_colour", "date": FRIDAY, "location_id": "loc_none"}, 422),
        ({"service_id": "s_colour", "date": "tomorrow"}, 422),
        ({"service_id": "s_colour"}, 422),
        ({"date": FRIDAY}, 422),
    ],
)
async def test_a_wrong_question_is_refused(api: Api, query: dict[str, str], status: int) -> None:
    assert (await api.get("availability", **query)).status_code == status


async def test_opening_hours_are_wall_time_of_each_place(api: Api) -> None:
    berlin = await api.starts("s_beard", FRIDAY, "loc_mitte")
    london = await api.starts("s_beard", FRIDAY, "loc_shoreditch")
    assert (berlin[0], berlin[-1]) == (at(9), at(17, 30))
    assert (london[0], london[-1]) == (at(10), at(17, 30))


async def test_a_service_must_fit_before_a_break(api: Api) -> None:
    starts = await api.starts("s_colour", FRIDAY)
    # Jana is out from 13:00 to 14:00 in Berlin, colour takes two hours
    assert at(10) in starts
    assert not {start for start in starts if at(10) < start < at(13)}
    assert at(13) in starts


async def test_a_closed_day_has_no_slots(api: Api) -> None:
    assert await api.starts("s_haircut", "2026-02-22") == []


async def test_slots_in_the_past_are_not_offered(api: Api, clock: FakeClock) -> None:
    clock.time = at(12, 10)
    await api.login()
    assert (await api.starts("s_beard", FRIDAY))[0] == at(12, 15)
    assert await api.starts("s_beard", "2026-02-19") == []


@pytest.mark.parametrize("date", ["0001-01-01", "9999-12-31"])
async def test_days_at_the_ends_of_time_have_no_slots(api: Api, date: str) -> None:
    assert await api.starts("s_beard", date) == []


async def test_a_booking_takes_every_slot_that_it_overlaps(api: Api, salon: Salon) -> None:
    salon.book("s_beard", at(12), location_id="loc_mitte")
    starts = await api.starts("s_beard", FRIDAY)
    assert [start for start in starts if at(11, 15) <= start <= at(12, 45)] == [
        at(11, 15),
        at(11, 30),
        at(12, 30),
        at(12, 45),
    ]


async def test_a_cancelled_booking_frees_its_time(api: Api, salon: Salon) -> None:
    booking = salon.book("s_beard", at(12), location_id="loc_mitte")
    salon.cancel(booking.booking_id)
    assert at(12) in await api.starts("s_beard", FRIDAY)


async def test_a_time_is_open_while_one_of_those_who_do_the_service_is_free(api: Api, salon: Salon) -> None:
    first = salon.book("s_haircut", at(13), location_id="loc_mitte")
    assert at(13) in await api.starts("s_haircut", FRIDAY)
    second = salon.book("s_haircut", at(13), location_id="loc_mitte")
    assert at(13) not in await api.starts("s_haircut", FRIDAY)
    assert first.staff_id != second.staff_id


async def test_a_booking_blocks_the_other_services_of_its_staff_only(api: Api, salon: Salon) -> None:
    salon.book("s_colour", at(13))
    assert at(13, 30) not in await api.starts("s_blowdry", FRIDAY)
    assert at(13, 30) in await api.starts("s_beard", FRIDAY)


async def test_a_clock_change_shifts_the_hours_with_the_wall_clock(api: Api, clock: FakeClock) -> None:
    # Berlin and London go to summer time on Sunday, 29 March 2026
    friday = await api.starts("s_beard", "2026-03-27")
    tuesday = await api.starts("s_beard", "2026-03-31")
    assert friday[0] == datetime(2026, 3, 27, 9, tzinfo=UTC)
    assert tuesday[0] == datetime(2026, 3, 31, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "hours", "offsets"),
    [("2026-03-29", 3, ["+01:00", "+02:00"]), ("2026-10-25", 5, ["+02:00", "+01:00"]), ("2026-03-30", 4, ["+02:00"])],
)
async def test_a_shift_across_the_clock_change_is_an_hour_shorter_or_longer(
    clock: FakeClock, date: str, hours: int, offsets: list[str]
) -> None:
    place = Location("loc", "Night shift", "Europe/Berlin")
    service = Service("s", "Nap", timedelta(minutes=15), ("loc",))
    week = {day: ((time(0), time(4)),) for day in range(7)}
    salon = Salon(clock, [place], [service], [Staff("st", "Night Owl", "loc", frozenset({"s"}), week)])
    async with SandboxServer(Sandbox(salon)) as server, httpx.AsyncClient(base_url=server.url, verify=False) as http:
        api = Api(http)
        await api.login()
        slots = (await api.get("availability", service_id="s", date=date)).json()["slots"]
    starts = [datetime.fromisoformat(slot["start_time"]) for slot in slots]
    assert len(starts) == hours * 4
    assert {b - a for a, b in pairwise(starts)} == {timedelta(minutes=15)}
    assert list(dict.fromkeys(slot["start_time"][-6:] for slot in slots)) == offsets
