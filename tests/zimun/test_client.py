"""What the calls ask, page by page, and what they make of the answers."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from syncd.domain.booking import Parked, Service, Slot, Status
from syncd.domain.errors import Malformed, NotFound, NotPermitted, OutcomeUnknown, Refused, Unavailable
from syncd.domain.ids import BookingId
from syncd.ports import BookingPort
from syncd.zimun import ZimunClient
from syncd.zimun import client as client_module
from tests.zimun.support import BASE, Api, closed, items, reply

LIST = "GET /api/v1/appointments"
ONE = "GET /api/v1/appointments/b_1"
SERVICES = "GET /api/v1/services"
LOCATIONS = "GET /api/v1/locations"
SLOTS = "GET /api/v1/availability"
RESCHEDULE = "POST /api/v1/appointments/reschedule"
CANCEL = "POST /api/v1/appointments/cancel"
B_1 = BookingId("b_1")
NINE = datetime(2026, 2, 20, 9, tzinfo=UTC)
DAY = timedelta(days=1)
GATEWAY = pytest.mark.parametrize("status", [400, 403, 404, 410, 413, 422])


def test_it_is_a_booking_port(api: Api) -> None:
    port: BookingPort = api.client()
    assert port


async def test_bookings_are_read_page_by_page(api: Api, client: ZimunClient) -> None:
    api.on(LIST, items(closed("a"), token="p/2"), items(closed("b"), token="3"), items(closed("c")))
    berlin = timezone(timedelta(hours=1))
    listed = await client.bookings(NINE.astimezone(berlin), NINE + DAY + timedelta(microseconds=1))
    assert [b.id for b in listed.bookings] == ["a", "b", "c"]
    window = {"from": "2026-02-20T09:00:00Z", "to": "2026-02-21T09:00:01Z", "page_size": "50"}
    asked = [dict(request.url.params) for request in api.calls(LIST)]
    assert asked == [window, {**window, "page_token": "p/2"}, {**window, "page_token": "3"}]
    assert api.requests[-1].headers["Accept"] == "application/json"


async def test_one_bad_appointment_is_parked_and_the_others_are_there(api: Api, client: ZimunClient) -> None:
    api.on(LIST, items(closed("a"), {"notes": "Ada"}, token="2"), items(None, closed("d", start="soon"), closed("e")))
    listed = await client.bookings(NINE, NINE + DAY)
    assert [b.id for b in listed.bookings] == ["a", "e"]
    assert listed.parked == (
        Parked("appointments item 2", "booking_id is missing; start_time is missing"),
        Parked("appointments item 3", "the entry is not an object"),
        Parked("d", "start_time is not an ISO 8601 time"),
    )


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ("2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z", "second"),
        ("2026-02-02T00:00:00Z", "2026-02-01T00:00:00Z", "first"),
        (None, "2026-02-01T00:00:00Z", "second"),
        ("2026-02-02T00:00:00Z", None, "second"),
        (None, None, "second"),
    ],
)
async def test_an_id_that_comes_twice_is_one_booking_the_newer(
    api: Api, client: ZimunClient, first: str | None, second: str | None, kept: str
) -> None:
    api.on(
        LIST,
        items(closed(updated_at=first, notes="first"), token="2"),
        items(closed(updated_at=second, notes="second")),
    )
    assert [b.notes for b in (await client.bookings(NINE, NINE + DAY)).bookings] == [kept]


async def test_an_id_that_could_be_read_on_one_page_only_stays_parked(api: Api, client: ZimunClient) -> None:
    api.on(LIST, items(closed(), token="2"), items(closed(start="soon")))
    listed = await client.bookings(NINE, NINE + DAY)
    assert listed.bookings == ()
    assert [p.key for p in listed.parked] == ["b_1"]


async def test_items_outside_of_the_window_are_kept(api: Api, client: ZimunClient) -> None:
    api.on(LIST, items(closed(start="2020-01-01T00:00:00Z")))
    assert len((await client.bookings(NINE, NINE + DAY)).bookings) == 1


async def test_a_page_token_that_comes_again_does_not_go_round(api: Api, client: ZimunClient) -> None:
    api.on(LIST, items(token="1"), items(token="2"), items(token="1"))
    with pytest.raises(Unavailable, match="token came twice"):
        await client.bookings(NINE, NINE + DAY)


async def test_a_page_that_brings_nothing_new_does_not_go_round(api: Api, client: ZimunClient) -> None:
    """By a server that ignores the token and makes a new one each time."""
    api.on(LIST, lambda request: items(closed(), closed("b_2"), token=str(len(api.requests))))
    with pytest.raises(Unavailable, match="a page after the first brings nothing new"):
        await client.bookings(NINE, NINE + DAY)
    assert len(api.calls(LIST)) == 2


async def test_an_empty_page_or_what_moved_on_meanwhile_ends_no_list(api: Api, client: ZimunClient) -> None:
    api.on(
        LIST,
        items(closed(), closed("b_2"), token="2"),
        items(token="3"),
        items(closed("b_2"), closed("b_3"), token="4"),
        items({"start_time": "2026-02-20T09:00:00Z"}, token="5"),
        *(items(token=f"5/{n}") for n in range(30)),
        items({"start_time": "2026-02-20T10:00:00Z"}, token="6"),
        items(closed("b_3")),
    )
    listed = await client.bookings(NINE, NINE + DAY)
    assert [booking.id for booking in listed.bookings] == ["b_1", "b_2", "b_3"]
    assert len(listed.parked) == 2


async def test_a_page_of_which_an_item_has_no_id_does_not_go_round_either(api: Api, client: ZimunClient) -> None:
    api.on(LIST, lambda request: items(closed(), {"notes": "Ada"}, token=str(len(api.requests))))
    with pytest.raises(Unavailable, match="a page after the first brings nothing new"):
        await client.bookings(NINE, NINE + DAY)
    assert len(api.calls(LIST)) == 2


@pytest.mark.parametrize("slot", ["2026-02-20T09:00:00Z", {"start": "2026-02-20T09:00:00Z"}])
async def test_nor_does_one_of_open_slots(api: Api, client: ZimunClient, slot: object) -> None:
    api.on(SLOTS, lambda request: items(slot, token=str(len(api.requests))))
    with pytest.raises(Unavailable, match="a page after the first brings nothing new"):
        await client.open_slots("s_1", "", date(2026, 2, 20))
    assert len(api.calls(SLOTS)) == 2


async def test_slots_that_bear_the_id_of_their_room_are_all_read(api: Api, client: ZimunClient) -> None:
    pages = [items({"id": "room", "start": f"2026-02-20T{hour}:00:00Z"}, token=str(hour)) for hour in (10, 11, 12)]
    api.on(SLOTS, *pages, items())
    assert len(await client.open_slots("s_1", "", date(2026, 2, 20))) == 3


async def test_empty_pages_without_end_end(api: Api, client: ZimunClient) -> None:
    api.on(LIST, items(closed(), token="first"), lambda request: items(token=str(len(api.requests))))
    with pytest.raises(Unavailable, match="100 empty pages in a row"):
        await client.bookings(NINE, NINE + DAY)
    assert len(api.calls(LIST)) == 101


@pytest.mark.parametrize("status", [403, 404, 405, 410])
@pytest.mark.parametrize("html", [None, "<h1>Gone</h1>"])
async def test_a_no_to_a_later_page_closes_no_list(
    api: Api, client: ZimunClient, status: int, html: str | None
) -> None:
    api.on(LIST, items(closed(), token="2"), httpx.Response(status, html=html))
    with pytest.raises(Unavailable, match="a page after the first was refused"):
        await client.bookings(NINE, NINE + DAY)
    api.on(SLOTS, items({"start_time": "2026-02-20T09:00:00Z"}, token="2"), reply(status))
    with pytest.raises(Unavailable, match="a page after the first was refused"):
        await client.open_slots("s_1", "", date(2026, 2, 20))


async def test_a_login_that_is_refused_at_a_later_page_is_refused(api: Api, client: ZimunClient) -> None:
    api.on(LIST, items(closed(), token="2"), reply(401))
    api.on(LOCATIONS, reply(401))
    with pytest.raises(NotPermitted) as caught:
        await client.bookings(NINE, NINE + DAY)
    assert caught.value.credentials


async def test_a_list_of_too_many_items_ends_however_small_they_are(
    api: Api, client: ZimunClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAX_ITEMS", 1_000)
    pages = [items(*[closed(f"b_{page}_{n}") for n in range(250)], token=str(page)) for page in range(4)]
    api.on(LIST, *pages, items())
    assert len((await client.bookings(NINE, NINE + DAY)).bookings) == 1_000
    api.on(LIST, *pages, items({}))
    with pytest.raises(Unavailable, match="appointments: the list has more than 1,000 items"):
        await client.bookings(NINE, NINE + DAY)


async def test_a_list_of_too_many_parts_ends_however_few_its_items_are(
    api: Api, client: ZimunClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAX_PARTS", 1_000)
    api.on(LIST, lambda _: items(closed(f"b_{len(api.requests)}", more=[{}] * 200), token=str(len(api.requests))))
    with pytest.raises(Unavailable, match="appointments: the list has more than 1,000 parts"):
        await client.bookings(NINE, NINE + DAY)
    assert len(api.calls(LIST)) == 5


async def test_pages_without_end_end(api: Api, client: ZimunClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_PAGES", 20)
    api.on(LIST, lambda request: items(token=str(len(api.requests))))
    with pytest.raises(Unavailable, match="more than 20 pages"):
        await client.bookings(NINE, NINE + DAY)
    assert len(api.calls(LIST)) == 20


async def test_a_list_that_grows_without_end_ends(
    api: Api, client: ZimunClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = items(closed(notes="x" * 10_000), token="1")
    monkeypatch.setattr(client_module, "MAX_LIST", 5 * len(page.content))
    api.on(LIST, lambda _: items(closed(f"b_{len(api.requests)}", notes="x" * 10_000), token=str(len(api.requests))))
    with pytest.raises(Unavailable, match="over 50 MB"):
        await client.bookings(NINE, NINE + DAY)
    assert len(api.calls(LIST)) in (5, 6)


@pytest.mark.parametrize("second", [reply(500), reply(json={"items": None}), httpx.ReadError("gone")])
async def test_a_listing_of_which_a_page_is_missing_is_no_listing(api: Api, client: ZimunClient, second: Any) -> None:
    api.on(LIST, items(closed(), token="2"), second)
    with pytest.raises(Unavailable):
        await client.bookings(NINE, NINE + DAY)


async def test_services_are_read_only_for_appointments_without_a_length(api: Api, client: ZimunClient) -> None:
    api.on(LIST, items(closed()))
    await client.bookings(NINE, NINE + DAY)
    assert api.calls(SERVICES) == []
    api.on(SERVICES, items({"id": "s_1", "duration_minutes": 45}))
    api.on(LIST, items(closed(end_time=None, service_id="s_1"), closed("b_2", end_time=None, service_id="s_2")))
    for _ in range(2):
        listed = await client.bookings(NINE, NINE + DAY)
        assert [b.end - b.start for b in listed.bookings] == [timedelta(minutes=45)]
        assert [p.key for p in listed.parked] == ["b_2"]
    assert len(api.calls(SERVICES)) == 1
    api.time.now += 301
    api.on(SERVICES, items({"id": "s_1", "duration_minutes": 60}))
    assert (await client.bookings(NINE, NINE + DAY)).bookings[0].end == NINE + timedelta(hours=1)


async def test_look_ups_that_start_together_read_the_services_once(api: Api, client: ZimunClient) -> None:
    api.on(SERVICES, items({"id": "s_1", "duration_minutes": 45}))
    api.on(ONE, reply(json=closed(end_time=None, service_id="s_1")))
    await asyncio.gather(*(client.booking(B_1) for _ in range(6)))
    assert len(api.calls(SERVICES)) == 1


async def test_closed_services_do_not_say_that_the_appointments_are_closed(api: Api, client: ZimunClient) -> None:
    api.on(SERVICES, reply(403))
    api.on(LIST, items(closed(), closed("b_2", end_time=None, service_id="s_1")))
    listed = await client.bookings(NINE, NINE + DAY)
    assert [b.id for b in listed.bookings] == ["b_1"]
    assert [p.key for p in listed.parked] == ["b_2"]


async def test_services_that_are_down_are_no_answer(api: Api, client: ZimunClient) -> None:
    api.on(SERVICES, reply(500))
    api.on(LIST, items(closed(end_time=None, service_id="s_1")))
    with pytest.raises(Unavailable):
        await client.bookings(NINE, NINE + DAY)


async def test_the_catalog_holds_every_page_and_names_what_it_could_not_read(api: Api, client: ZimunClient) -> None:
    api.on(
        LOCATIONS,
        items({"id": "loc_1", "timezone": "Europe/Berlin"}, token="2"),
        items({"id": "loc_2", "timezone": "Mars"}, "x"),
    )
    api.on(SERVICES, items({"id": "s_1", "duration_minutes": 30}, {"name": "no id"}, {"id": 2, "duration_minutes": -1}))
    catalog = await client.catalog()
    assert {key: place.timezone for key, place in catalog.locations.items()} == {"loc_1": "Europe/Berlin", "loc_2": ""}
    assert catalog.services == {"s_1": Service("s_1", duration=timedelta(minutes=30)), "2": Service("2")}
    assert [p.key for p in catalog.parked] == ["loc_2", "locations item 3", "services item 2", "2"]
    assert dict(api.calls(LOCATIONS)[0].url.params) == {"page_size": "50"}


@pytest.mark.parametrize("status", [403, 404, 405, 410])
async def test_a_closed_list_is_not_permitted_but_no_fault_of_the_login(
    api: Api, client: ZimunClient, status: int
) -> None:
    api.on(LIST, reply(status))
    with pytest.raises(NotPermitted, match="/api/v1/appointments answered") as caught:
        await client.bookings(NINE, NINE + DAY)
    assert not caught.value.credentials
    assert len(api.calls(LIST)) == 1


@pytest.mark.parametrize("status", [403, 404, 405, 410])
async def test_a_list_is_closed_also_where_a_framework_says_so_in_html(
    api: Api, client: ZimunClient, status: int
) -> None:
    api.on(LIST, httpx.Response(status, html="<h1>Not Found</h1>"))
    with pytest.raises(NotPermitted, match="/api/v1/appointments answered") as caught:
        await client.bookings(NINE, NINE + DAY)
    assert not caught.value.credentials


@GATEWAY
async def test_a_gateway_s_page_says_nothing_about_a_booking_a_day_or_the_catalog(
    api: Api, client: ZimunClient, status: int
) -> None:
    for call in (ONE, SLOTS, LOCATIONS, SERVICES):
        api.on(call, httpx.Response(status, html="<h1>nginx</h1>"))
    asks = {
        r"appointments/\{booking_id\}": lambda: client.booking(B_1),
        "availability": lambda: client.open_slots("s_1", "", date(2026, 2, 20)),
        "locations": client.catalog,
    }
    for call, ask in asks.items():
        with pytest.raises(Unavailable, match=f"^GET /api/v1/{call}: answered {status} with a web page$"):
            await ask()
    api.on(LOCATIONS, items())
    with pytest.raises(Unavailable, match="services: answered"):
        await client.catalog()
    assert len(api.calls(ONE)) == len(api.calls(SLOTS)) == 1


@pytest.mark.parametrize("status", [404, 410])
async def test_where_the_list_is_closed_a_page_says_that_there_is_no_look_up_either(
    api: Api, client: ZimunClient, status: int
) -> None:
    """Taken for an outage nothing would ever be done there; taken for a booking that is gone, it would be given up."""
    page = httpx.Response(status, html="<h1>Cannot GET</h1>")
    api.on(LIST, page, items(), page)
    api.on(ONE, page)
    for is_closed in (True, False):
        if is_closed:
            with pytest.raises(NotPermitted):
                await client.bookings(NINE, NINE + DAY)
        else:
            await client.bookings(NINE, NINE + DAY)
        with pytest.raises(NotPermitted if is_closed else Unavailable, match=f"answered {status}"):
            await client.booking(B_1)
    api.on(ONE, httpx.Response(403, html="<h1>nginx</h1>"))
    with pytest.raises(NotPermitted):
        await client.bookings(NINE, NINE + DAY)
    with pytest.raises(Unavailable):
        await client.booking(B_1)


async def test_where_a_gateway_hides_the_services_no_booking_is_parked_for_that(api: Api, client: ZimunClient) -> None:
    api.on(SERVICES, httpx.Response(403, html="<h1>nginx</h1>"))
    api.on(LIST, items(closed(end_time=None, service_id="s_1")))
    with pytest.raises(Unavailable):
        await client.bookings(NINE, NINE + DAY)


@pytest.mark.parametrize("answer", [reply(400), reply(422), reply(302, Location="/login"), reply(204)])
async def test_a_list_that_answers_oddly_is_unavailable(api: Api, client: ZimunClient, answer: httpx.Response) -> None:
    api.on(LIST, answer)
    with pytest.raises(Unavailable, match=r"204|400|422|302|JSON"):
        await client.bookings(NINE, NINE + DAY)


async def test_one_booking_is_read_also_out_of_a_wrapper(api: Api, client: ZimunClient) -> None:
    api.on(ONE, reply(json=closed(status="cancelled")), reply(json={"appointment": closed()}))
    first, second = await client.booking(B_1), await client.booking(B_1)
    assert first is not None
    assert first.status is Status.CANCELLED
    assert second is not None
    assert second.start == NINE


@pytest.mark.parametrize("status", [404, 410])
async def test_a_booking_that_is_not_there_is_none(api: Api, client: ZimunClient, status: int) -> None:
    api.on(ONE, reply(status, json={"detail": "no such"}))
    assert await client.booking(B_1) is None


@pytest.mark.parametrize("answer", [reply(403), reply(405), httpx.Response(405, html="<h1>Method Not Allowed</h1>")])
async def test_a_closed_look_up_is_not_permitted_and_names_the_path(
    api: Api, client: ZimunClient, answer: httpx.Response
) -> None:
    api.on(ONE, answer)
    with pytest.raises(NotPermitted, match=r"/api/v1/appointments/\{booking_id\}") as caught:
        await client.booking(B_1)
    assert not caught.value.credentials


@pytest.mark.parametrize(
    "answer",
    [
        reply(400),
        reply(414),
        reply(422),
        reply(json={}),
        reply(json=[closed()]),
        reply(json=closed("b_2")),
        reply(json=closed("b_2", start="soon")),
        reply(json=closed(start="soon")),
    ],
)
async def test_a_booking_that_cannot_be_read_is_malformed_under_the_id_asked_for(
    api: Api, client: ZimunClient, answer: httpx.Response
) -> None:
    api.on(ONE, answer)
    with pytest.raises(Malformed) as caught:
        await client.booking(B_1)
    assert caught.value.key == "b_1"


@pytest.mark.parametrize("booking_id", ["", "ü" * 30_000])
async def test_an_id_that_makes_no_path_is_malformed_without_a_call(
    api: Api, client: ZimunClient, booking_id: str
) -> None:
    with pytest.raises(Malformed):
        await client.booking(BookingId(booking_id))
    assert api.requests == []


@pytest.mark.parametrize(
    ("booking_id", "segment"),
    [
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("a/../b?c#d", "a%2F%2E%2E%2Fb%3Fc%23d"),
        ("a%2Fb", "a%252Fb"),
        ("ü\r\n ", "%C3%BC%0D%0A%20"),
        ("\udcff", "%ED%B3%BF"),
    ],
)
async def test_an_id_is_always_one_segment_of_the_path(
    api: Api, client: ZimunClient, booking_id: str, segment: str
) -> None:
    call = f"GET /api/v1/appointments/{segment}"
    api.on(call, reply(404))
    assert await client.booking(BookingId(booking_id)) is None
    assert len(api.calls(call)) == 1


@pytest.mark.parametrize("status", [400, 422])
async def test_a_day_that_the_api_will_not_tell_about_is_no_outage(api: Api, client: ZimunClient, status: int) -> None:
    api.on(SLOTS, reply(status, json={"detail": "no such service"}))
    with pytest.raises(Refused):
        await client.open_slots("s_gone", "", date(2026, 2, 20))


@pytest.mark.parametrize("status", [404, 405, 410])
async def test_a_service_without_slots_to_tell_of_is_not_the_whole_call(
    api: Api, client: ZimunClient, status: int
) -> None:
    api.on(SLOTS, reply(status))
    with pytest.raises(NotFound, match=f"availability answered {status}"):
        await client.open_slots("s_gone", "", date(2026, 2, 20))


async def test_slots_that_are_closed_to_this_client_are_not_permitted(api: Api, client: ZimunClient) -> None:
    api.on(SLOTS, reply(403))
    with pytest.raises(NotPermitted) as caught:
        await client.open_slots("s_1", "", date(2026, 2, 20))
    assert not caught.value.credentials


@pytest.mark.parametrize("answer", [{"slots": ["2026-02-20T09:00:00Z"]}, {"items": [{"start": "2026-02-20T09:00Z"}]}])
async def test_open_slots(api: Api, client: ZimunClient, answer: Any) -> None:
    api.on(SLOTS, reply(json=answer))
    assert await client.open_slots("s_1", "loc_1", date(2026, 2, 20)) == (Slot("s_1", "loc_1", NINE),)
    asked = dict(api.requests[-1].url.params)
    assert asked == {"service_id": "s_1", "date": "2026-02-20", "location_id": "loc_1"}


async def test_an_empty_location_is_left_out_and_a_bare_list_will_do(api: Api, client: ZimunClient) -> None:
    api.on(SLOTS, reply(json=[]))
    assert await client.open_slots("s_1", "", date(2026, 2, 20)) == ()
    assert dict(api.requests[-1].url.params) == {"service_id": "s_1", "date": "2026-02-20"}


async def test_slots_that_nobody_can_read_are_not_a_full_day(api: Api, client: ZimunClient) -> None:
    api.on(SLOTS, reply(json={"slots": ["09:00", "10:00"]}))
    with pytest.raises(Unavailable):
        await client.open_slots("s_1", "", date(2026, 2, 20))


async def test_a_reschedule_sends_the_booking_the_start_in_utc_and_the_key(api: Api, client: ZimunClient) -> None:
    api.on(RESCHEDULE, reply(json={"booking_id": "b_1"}))
    assert await client.reschedule(B_1, NINE.astimezone(timezone(timedelta(hours=1))), "key-1") is None
    (request,) = api.calls(RESCHEDULE)
    assert json.loads(request.content) == {"booking_id": "b_1", "start_time": "2026-02-20T09:00:00Z"}
    assert request.headers["Idempotency-Key"] == "key-1"
    assert request.headers["Content-Type"] == "application/json"


async def test_a_reschedule_gives_the_id_that_the_api_names_instead(api: Api, client: ZimunClient) -> None:
    api.on(RESCHEDULE, reply(json={"booking": {"id": "b_9"}}))
    assert await client.reschedule(B_1, NINE, "key-1") == "b_9"


@pytest.mark.parametrize(
    ("there", "other"),
    [
        (reply(json=closed("b_9", start="2026-02-20T09:00:00Z")), "b_9"),
        (reply(json=closed("b_9", start="2026-02-20T08:00:00Z", end="2026-02-20T08:30:00Z")), None),
        (reply(404), None),
        (reply(403), None),
        (httpx.ConnectError("down"), None),
    ],
)
async def test_a_bare_id_is_the_booking_s_where_such_a_one_stands_at_the_new_time(
    api: Api, client: ZimunClient, there: httpx.Response | Exception, other: str | None
) -> None:
    """Else it may be that of the call, or of an entry in a log."""
    api.on(RESCHEDULE, reply(json={"id": "b_9", "ok": True}))
    api.on("GET /api/v1/appointments/b_9", there)
    assert await client.reschedule(B_1, NINE + timedelta(microseconds=7), "key-1") == other


async def test_a_cancel_sends_the_booking_and_the_key(api: Api, client: ZimunClient) -> None:
    api.on(CANCEL, reply(204))
    await client.cancel(B_1, "key-1")
    (request,) = api.calls(CANCEL)
    assert json.loads(request.content) == {"booking_id": "b_1"}
    assert request.headers["Idempotency-Key"] == "key-1"


@pytest.mark.parametrize("answer", [reply(204), httpx.Response(200, content=b"OK"), httpx.Response(201, content=b"{")])
async def test_the_body_of_an_accepted_write_is_not_needed(
    api: Api, client: ZimunClient, answer: httpx.Response
) -> None:
    api.on(RESCHEDULE, answer)
    assert await client.reschedule(B_1, NINE, "key-1") is None
    assert len(api.calls(RESCHEDULE)) == 1


@pytest.mark.parametrize("status", [400, 405, 409, 422])
async def test_a_no_is_refused_with_the_api_s_own_words(api: Api, client: ZimunClient, status: int) -> None:
    api.on(CANCEL, reply(status, json={"error": {"code": "x", "message": "Too\x1b[1m late, Ada." + "!" * 999}}))
    with pytest.raises(Refused) as caught:
        await client.cancel(B_1, "key-1")
    assert caught.value.reason.startswith("Too[1m late, Ada.!")
    assert len(caught.value.reason) == 300
    assert str(caught.value) == f"POST /api/v1/appointments/cancel answered {status}"
    assert len(api.calls(CANCEL)) == 1


@pytest.mark.parametrize("status", [400, 402, 403, 404, 405, 406, 407, 409, 410, 413, 418, 422, 431, 451, 499])
async def test_a_write_that_a_gateway_turned_away_is_no_refusal(api: Api, client: ZimunClient, status: int) -> None:
    page = httpx.Response(status, html="<h1>nginx</h1>")
    for verb, ask in {
        "reschedule": lambda: client.reschedule(B_1, NINE, "key-1"),
        "cancel": lambda: client.cancel(B_1, "key-1"),
        "hold": lambda: client.hold("s_1", "", NINE, "key-1"),
        "confirm": lambda: client.confirm("h_1", "Ada", "ada@example.org", "key-1"),
    }.items():
        call = f"POST /api/v1/appointments/{verb}"
        api.on(call, page)
        with pytest.raises(Unavailable, match=f"^{call}: answered {status} with a web page$") as caught:
            await ask()
        assert not isinstance(caught.value, OutcomeUnknown)
        assert len(api.calls(call)) == 1


@pytest.mark.parametrize("status", [404, 410])
async def test_a_write_to_a_booking_that_is_not_there_is_not_found(api: Api, client: ZimunClient, status: int) -> None:
    api.on(RESCHEDULE, reply(status))
    with pytest.raises(NotFound):
        await client.reschedule(B_1, NINE, "key-1")


@pytest.mark.parametrize(("status", "credentials"), [(401, True), (403, False)])
async def test_a_write_that_is_not_permitted(api: Api, client: ZimunClient, status: int, credentials: bool) -> None:
    api.on(CANCEL, reply(status))
    api.on(LOCATIONS, reply(status))
    with pytest.raises(NotPermitted, match="/api/v1/appointments/cancel") as caught:
        await client.cancel(B_1, "key-1")
    assert caught.value.credentials is credentials


@pytest.mark.parametrize("known", [items(), reply(403, json={"detail": "org:read is missing"})])
async def test_a_401_to_a_write_where_the_same_token_is_taken_elsewhere_is_a_scope_and_no_refused_login(
    api: Api, client: ZimunClient, known: httpx.Response
) -> None:
    api.on(CANCEL, reply(401, json={"detail": "Not enough permissions"}))
    api.on(LOCATIONS, known)
    with pytest.raises(NotPermitted, match="lacks the scope") as caught:
        await client.cancel(B_1, "key-1")
    assert not caught.value.credentials
    assert {ask.headers["Authorization"] for ask in [*api.calls(LOCATIONS), api.calls(CANCEL)[-1]]} == {"Bearer t2"}
    assert (len(api.calls(CANCEL)), len(api.calls(LOCATIONS))) == (3, 1)


@pytest.mark.parametrize("known", [items(), reply(403)])
async def test_so_is_a_401_to_what_reads_bookings(api: Api, client: ZimunClient, known: httpx.Response) -> None:
    for call in (LIST, ONE, SLOTS):
        api.on(call, reply(401, json={"detail": "Not enough permissions"}))
    api.on(LOCATIONS, known)
    asks = (
        client.bookings(NINE, NINE + DAY),
        client.booking(B_1),
        client.open_slots("s_1", "", date(2026, 2, 20)),
    )
    for ask in asks:
        with pytest.raises(NotPermitted, match="lacks the scope") as caught:
            await ask
        assert not caught.value.credentials


async def test_what_lacks_its_scope_asks_for_no_new_token_each_time(api: Api, client: ZimunClient) -> None:
    api.on(ONE, reply(401))
    api.on(LOCATIONS, items())
    for _ in range(20):
        with pytest.raises(NotPermitted):
            await client.booking(B_1)
    assert (api.tokens, api.time.slept) == (2, [2])
    assert (len(api.calls(ONE)), len(api.calls(LOCATIONS))) == (22, 20)
    api.time.now += 290
    api.on(ONE, lambda ask: reply(json=closed()) if ask.headers["Authorization"] == "Bearer t4" else reply(401))
    with pytest.raises(NotPermitted):
        await client.booking(B_1)
    api.time.now += 10
    assert await client.booking(B_1) is not None


async def test_a_token_that_is_revoked_while_a_call_lacks_its_scope_is_renewed(api: Api, client: ZimunClient) -> None:
    api.on(ONE, reply(401))
    api.on(LOCATIONS, items())
    with pytest.raises(NotPermitted):
        await client.booking(B_1)
    api.on(LOCATIONS, lambda ask: reply(401) if ask.headers["Authorization"] == "Bearer t2" else items())
    with pytest.raises(NotPermitted) as caught:
        await client.booking(B_1)
    assert not caught.value.credentials
    api.token_answers = [reply(401)]
    api.on(LOCATIONS, reply(401))
    with pytest.raises(NotPermitted) as caught:
        await client.booking(B_1)
    assert caught.value.credentials


async def test_a_refused_login_is_asked_about_once_more(api: Api, client: ZimunClient) -> None:
    for call in (LIST, CANCEL, LOCATIONS):
        api.on(call, reply(401))
    for ask in (client.bookings(NINE, NINE + DAY), client.cancel(B_1, "key-1")):
        before = len(api.calls(LOCATIONS))
        with pytest.raises(NotPermitted, match="answered 401 to a new token") as caught:
            await ask
        assert caught.value.credentials
        assert len(api.calls(LOCATIONS)) == before + 1


async def test_a_401_to_a_write_after_a_revocation_is_a_refused_login(api: Api, client: ZimunClient) -> None:
    api.on(LOCATIONS, items())
    api.on(SERVICES, items())
    await client.catalog()
    api.on(CANCEL, reply(401))
    api.on(LOCATIONS, reply(401))
    with pytest.raises(NotPermitted) as caught:
        await client.cancel(B_1, "key-1")
    assert caught.value.credentials
    api.token_answers = [reply(401)]
    with pytest.raises(NotPermitted) as caught:
        await client.cancel(B_1, "key-1")
    assert caught.value.credentials


async def test_where_nobody_can_tell_why_a_write_got_a_401_it_waits(api: Api, client: ZimunClient) -> None:
    api.on(CANCEL, reply(401))
    api.on(LOCATIONS, reply(503))
    with pytest.raises(Unavailable) as caught:
        await client.cancel(B_1, "key-1")
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("slash", ["", "/", "//"])
async def test_the_base_url_may_have_a_path_and_a_slash(api: Api, slash: str) -> None:
    client = api.client(f"{BASE}/zimun/v9{slash}")
    api.on("GET /zimun/v9/api/v1/appointments/b_1", reply(404))
    assert await client.booking(B_1) is None
    assert len(api.calls("POST /zimun/v9/oauth/token")) == 1
    await client.aclose()
