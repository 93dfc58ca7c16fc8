"""Hold and confirm on the wire: what is sent, under which key, and in how many shapes the answers are read."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from syncd.domain.errors import Malformed, NotFound, NotPermitted, OutcomeUnknown, RateLimited, Refused
from syncd.ports import Confirmed, Held
from syncd.zimun import wire
from tests.zimun.support import Api, closed, items, reply

HOLD, CONFIRM = "POST /api/v1/appointments/hold", "POST /api/v1/appointments/confirm"
START = datetime(2026, 2, 20, 9, tzinfo=UTC)
WHO = ("Dana Lee", "dana@example.org")


def body(api: Api, call: str) -> Any:
    return json.loads(api.calls(call)[-1].content)


async def test_a_hold_sends_what_the_vendor_documents_and_its_key(api: Api) -> None:
    api.on(HOLD, reply(201, {"hold_id": "h_1", "expires_at": "2026-02-20T08:10:00Z"}))
    assert await api.client().hold("s_1", "loc_1", START, "key-1") == Held("h_1")
    assert body(api, HOLD) == {
        "service_id": "s_1",
        "appointment_time": "2026-02-20T09:00:00Z",
        "location_id": "loc_1",
    }
    assert api.calls(HOLD)[0].headers["Idempotency-Key"] == "key-1"


async def test_a_place_that_is_not_there_is_left_out(api: Api) -> None:
    api.on(HOLD, reply(201, {"hold_id": "h_1"}))
    await api.client().hold("s_1", "", START, "key-1")
    assert "location_id" not in body(api, HOLD)


async def test_a_confirm_sends_what_the_vendor_documents_and_its_key(api: Api) -> None:
    api.on(CONFIRM, reply(201, closed("b_1", contact_name="Dana Lee", status="confirmed")))
    made = await api.client().confirm("h_1", *WHO, "key-2")
    assert made.booking is not None
    assert (made.booking_id, made.booking.start, made.booking.contact_name) == ("b_1", START, "Dana Lee")
    assert body(api, CONFIRM) == {"hold_id": "h_1", "contact_name": "Dana Lee", "contact_email": "dana@example.org"}
    assert api.calls(CONFIRM)[0].headers["Idempotency-Key"] == "key-2"


HOLDS = {
    "documented": ({"hold_id": "h_1"}, "h_1"),
    "a number": ({"hold_id": 17}, "17"),
    "by its plain id": ({"id": "h_1"}, "h_1"),
    "in an object of its own": ({"hold": {"id": "h_1"}, "id": "call-9"}, "h_1"),
}


@pytest.mark.parametrize("shape", HOLDS)
async def test_a_hold_is_read_in_each_shape(api: Api, shape: str) -> None:
    answer, hold_id = HOLDS[shape]
    api.on(HOLD, reply(200, answer))
    assert (await api.client().hold("s_1", "loc_1", START, "k")).id == hold_id


@pytest.mark.parametrize(
    ("end", "read"),
    [("2026-02-20T10:00:00Z", datetime(2026, 2, 20, 10, tzinfo=UTC)), ("later", None), (None, None), (7, None)],
)
async def test_the_end_of_a_hold_is_read_where_it_can_be(api: Api, end: Any, read: datetime | None) -> None:
    api.on(HOLD, reply(200, {"hold_id": "h_1", "end_time": end}))
    assert await api.client().hold("s_1", "loc_1", START, "k") == Held("h_1", read)


CONFIRMED = {
    "whole": (closed("b_1"), True),
    "by its plain id": ({"id": "b_1", "appointment_time": "2026-02-20T09:00:00Z", "duration_minutes": 60}, True),
    "an older name": ({"appointment_id": "b_1"}, False),
    "the id alone": ({"booking_id": "b_1"}, False),
    "a time that is none": ({"booking_id": "b_1", "start_time": "soon"}, False),
    "in an object of its own": ({"booking": closed("b_1")}, True),
    "beside the id of the call": ({"id": "call-7", "appointment": closed("b_1")}, True),
    "beside an object without one": ({"id": "b_1", "booking": {"colour": "teal"}}, False),
}


@pytest.mark.parametrize("shape", CONFIRMED)
async def test_a_confirmed_booking_is_read_in_each_shape(api: Api, shape: str) -> None:
    answer, whole = CONFIRMED[shape]
    api.on(CONFIRM, reply(200, answer))
    made = await api.client().confirm("h_1", *WHO, "k")
    assert (made.booking_id, made.booking is not None) == ("b_1", whole)
    assert made.booking is None or made.booking.start == START


async def test_a_length_that_only_the_service_tells_is_looked_up(api: Api) -> None:
    api.on(CONFIRM, reply(200, {"booking_id": "b_1", "start_time": "2026-02-20T09:00:00Z", "service_id": "s_1"}))
    api.on("GET /api/v1/services", items({"id": "s_1", "duration_minutes": 45}))
    made = await api.client().confirm("h_1", *WHO, "k")
    assert made.booking is not None
    assert made.booking.end == datetime(2026, 2, 20, 9, 45, tzinfo=UTC)


async def test_a_booking_is_made_also_where_its_length_cannot_be_looked_up(api: Api) -> None:
    api.on(CONFIRM, reply(200, {"booking_id": "b_1", "start_time": "2026-02-20T09:00:00Z", "service_id": "s_1"}))
    api.on("GET /api/v1/services", reply(503))
    assert await api.client().confirm("h_1", *WHO, "k") == Confirmed("b_1")


@pytest.mark.parametrize("answer", [{}, {"ok": True}, [], "done", {"hold_id": None}, {"hold_id": ""}, {"id": {}}, 3])
async def test_a_whole_answer_that_names_nothing_is_told_apart_from_a_lost_one(api: Api, answer: Any) -> None:
    api.on(HOLD, reply(200, answer))
    api.on(CONFIRM, reply(200, answer))
    for call in (
        lambda: api.client().hold("s_1", "loc_1", START, "k"),
        lambda: api.client().confirm("h_1", *WHO, "k"),
    ):
        with pytest.raises(Malformed) as caught:
            await call()
        assert "Dana" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b'{"hold_id": "h', b"<html>Sign in</html>"])
async def test_an_answer_that_is_not_whole_leaves_it_open(api: Api, content: bytes) -> None:
    for call in (HOLD, CONFIRM):
        api.on(call, httpx.Response(200, content=content))
    for ask in (
        lambda: api.client().hold("s_1", "loc_1", START, "k"),
        lambda: api.client().confirm("h_1", *WHO, "k"),
    ):
        with pytest.raises(OutcomeUnknown):
            await ask()


@pytest.mark.parametrize(
    ("status", "error"),
    [(409, Refused), (422, Refused), (400, Refused), (404, NotFound), (410, NotFound), (403, NotPermitted)],
)
async def test_each_no_is_told_apart_and_names_nobody(api: Api, status: int, error: type[Exception]) -> None:
    for call in (HOLD, CONFIRM):
        api.on(call, reply(status, {"detail": "no, Dana Lee"}))
    for ask in (
        lambda: api.client().hold("s_1", "loc_1", START, "k"),
        lambda: api.client().confirm("h_1", *WHO, "k"),
    ):
        with pytest.raises(error) as caught:
            await ask()
        assert "Dana" not in str(caught.value)


async def test_every_attempt_has_the_same_key_and_only_a_2xx_is_believed_after_one_that_may_have_arrived(
    api: Api,
) -> None:
    api.on(HOLD, reply(503), reply(201, {"hold_id": "h_1"}))
    await api.client().hold("s_1", "loc_1", START, "key-1")
    assert [each.headers["Idempotency-Key"] for each in api.calls(HOLD)] == ["key-1", "key-1"]
    api.on(CONFIRM, reply(503), reply(409))
    with pytest.raises(OutcomeUnknown):
        await api.client().confirm("h_1", *WHO, "key-2")
    api.on(HOLD, reply(429, retry_after="600"))
    with pytest.raises(RateLimited):
        await api.client().hold("s_1", "loc_1", START, "key-3")


def test_the_words_of_the_answers_are_read_without_a_network() -> None:
    assert wire.read_hold({"hold_id": "h_1"}) == ("h_1", None)
    assert wire.confirmed({"booking_id": "b_1"})[0] == "b_1"
    for data in (None, wire.NOT_JSON, {"hold": []}):
        with pytest.raises(Malformed):
            wire.read_hold(data)
        with pytest.raises(Malformed):
            wire.confirmed(data)
