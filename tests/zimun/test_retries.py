"""What is tried again, when, with which key, and what is said once the tries are over."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from syncd.domain.errors import NotPermitted, OutcomeUnknown, RateLimited, Refused, Unavailable
from syncd.domain.ids import BookingId
from syncd.zimun import ZimunClient
from syncd.zimun.patience import retry_after
from tests.zimun.support import Api, closed, reply

ONE = "GET /api/v1/appointments/b_1"
CANCEL = "POST /api/v1/appointments/cancel"
RESCHEDULE = "POST /api/v1/appointments/reschedule"
B_1 = BookingId("b_1")
NINE = datetime(2026, 2, 20, 9, tzinfo=UTC)

HTML = httpx.Response(200, html="<html>Back soon</html>")
NEVER_SENT = [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full")]
MAYBE_SENT = [
    httpx.ReadTimeout("slow"),
    httpx.ReadError("reset"),
    httpx.WriteError("reset"),
    httpx.WriteTimeout("slow"),
    httpx.RemoteProtocolError("half"),
    reply(408),
    reply(500),
    reply(502),
    reply(503),
    HTML,
]
GET_ONLY = [httpx.Response(200, content=b'{"booking_id": "b_'), reply(204)]


def keys(api: Api, call: str) -> list[str]:
    return [request.headers["Idempotency-Key"] for request in api.calls(call)]


@pytest.mark.parametrize("fault", [*NEVER_SENT, *MAYBE_SENT, *GET_ONLY, reply(429)], ids=repr)
async def test_a_get_is_tried_again(api: Api, client: ZimunClient, fault: Any) -> None:
    api.on(ONE, fault, fault, reply(json=closed()))
    assert await client.booking(B_1) is not None


@pytest.mark.parametrize("fault", [*NEVER_SENT, *MAYBE_SENT, *GET_ONLY], ids=repr)
async def test_a_get_is_given_up_after_three_tries(api: Api, client: ZimunClient, fault: Any) -> None:
    api.on(ONE, fault)
    with pytest.raises(Unavailable, match=r"^GET /api/v1/appointments/\{booking_id\}: ") as caught:
        await client.booking(B_1)
    assert not isinstance(caught.value, OutcomeUnknown | RateLimited)
    assert len(api.calls(ONE)) == 3


@pytest.mark.parametrize("fault", [*NEVER_SENT, *MAYBE_SENT, reply(429)], ids=repr)
async def test_a_write_is_tried_again_with_the_same_key(api: Api, client: ZimunClient, fault: Any) -> None:
    api.on(RESCHEDULE, fault, fault, reply(json={"booking_id": "b_2"}))
    assert await client.reschedule(B_1, NINE, "key-7") == "b_2"
    assert keys(api, RESCHEDULE) == ["key-7"] * 3


@pytest.mark.parametrize("fault", MAYBE_SENT, ids=repr)
async def test_a_write_that_may_have_arrived_has_an_unknown_outcome(api: Api, client: ZimunClient, fault: Any) -> None:
    api.on(CANCEL, fault)
    with pytest.raises(OutcomeUnknown):
        await client.cancel(B_1, "key-7")
    assert keys(api, CANCEL) == ["key-7"] * 3


async def test_so_has_one_that_was_sent_once_and_then_could_not_connect(api: Api, client: ZimunClient) -> None:
    api.on(CANCEL, httpx.ReadTimeout("slow"), httpx.ConnectError("down"))
    with pytest.raises(OutcomeUnknown):
        await client.cancel(B_1, "key-7")


@pytest.mark.parametrize("fault", NEVER_SENT, ids=repr)
async def test_a_write_that_never_left_is_only_unavailable(api: Api, client: ZimunClient, fault: Any) -> None:
    api.on(CANCEL, fault)
    with pytest.raises(Unavailable) as caught:
        await client.cancel(B_1, "key-7")
    assert not isinstance(caught.value, OutcomeUnknown)
    assert len(api.calls(CANCEL)) == 3


@pytest.mark.parametrize("status", [401, 403, 404, 409, 422])
async def test_after_a_lost_answer_a_no_is_not_believed(api: Api, client: ZimunClient, status: int) -> None:
    api.on(CANCEL, httpx.ReadTimeout("slow"), reply(status))
    with pytest.raises(OutcomeUnknown):
        await client.cancel(B_1, "key-7")


@pytest.mark.parametrize("status", [400, 403, 404, 405, 406, 409, 410, 413])
async def test_after_a_lost_answer_a_gateway_s_page_leaves_it_unknown(
    api: Api, client: ZimunClient, status: int
) -> None:
    api.on(CANCEL, httpx.ReadTimeout("slow"), httpx.Response(status, html="<h1>nginx</h1>"))
    with pytest.raises(OutcomeUnknown, match=f"answered {status} with a web page"):
        await client.cancel(B_1, "key-7")
    assert keys(api, CANCEL) == ["key-7"] * 2


async def test_after_a_failed_connection_a_no_is_a_no(api: Api, client: ZimunClient) -> None:
    api.on(CANCEL, httpx.ConnectError("down"), reply(409, json={"message": "taken"}))
    with pytest.raises(Refused):
        await client.cancel(B_1, "key-7")


async def test_after_a_lost_answer_a_refused_login_hides_nothing(api: Api, client: ZimunClient) -> None:
    api.token_answers = [reply(json={"access_token": "t", "expires_in": 0}), reply(401)]
    api.on(CANCEL, httpx.ReadTimeout("slow"))
    with pytest.raises(OutcomeUnknown):
        await client.cancel(B_1, "key-7")
    with pytest.raises(NotPermitted):
        await client.cancel(B_1, "key-7")


async def test_a_redirected_write_is_not_followed_and_its_outcome_unknown(api: Api, client: ZimunClient) -> None:
    api.on(CANCEL, reply(303, Location="/elsewhere"))
    with pytest.raises(OutcomeUnknown, match="303"):
        await client.cancel(B_1, "key-7")
    assert len(api.calls(CANCEL)) == 1


async def test_the_waits_grow_and_are_fully_jittered(api: Api) -> None:
    draws = iter([0.0, 1.0, 0.25, 1.0])
    client = api.client(random=lambda: next(draws))
    api.on(ONE, reply(500))
    for _ in range(2):
        with pytest.raises(Unavailable):
            await client.booking(B_1)
    assert api.time.slept == [0.0, 2.0, 0.25, 2.0]
    await client.aclose()


async def test_retry_after_is_kept_to_within_the_call(api: Api, client: ZimunClient) -> None:
    api.on(ONE, reply(429, Retry_After="20"), reply(503, Retry_After="2"), reply(json=closed()))
    assert await client.booking(B_1) is not None
    assert api.time.slept == [20, 2]


async def test_a_long_retry_after_ends_the_call_and_keeps_all_others_off_the_network(
    api: Api, client: ZimunClient
) -> None:
    api.on(ONE, reply(429, Retry_After="21"))
    with pytest.raises(RateLimited) as caught:
        await client.booking(B_1)
    assert caught.value.retry_after == 21
    assert api.time.slept == []
    asked = len(api.requests)
    api.on(ONE, reply(json=closed()))
    api.on(CANCEL, reply(200))
    api.time.now += 0.5
    for call in (lambda: client.booking(B_1), lambda: client.cancel(B_1, "k"), lambda: client.catalog()):
        with pytest.raises(RateLimited) as caught:
            await call()
        assert caught.value.retry_after == 20.5
    assert len(api.requests) == asked
    api.time.now += 20.5
    assert await client.booking(B_1) is not None
    assert api.time.slept == []


async def test_a_write_that_was_limited_was_not_taken(api: Api, client: ZimunClient) -> None:
    api.on(CANCEL, reply(429, Retry_After="60"))
    with pytest.raises(RateLimited):
        await client.cancel(B_1, "key-7")


async def test_a_write_answered_503_with_a_long_wait_may_have_been_taken(api: Api, client: ZimunClient) -> None:
    api.on(CANCEL, reply(503, Retry_After="60"))
    with pytest.raises(OutcomeUnknown):
        await client.cancel(B_1, "key-7")
    assert len(api.calls(CANCEL)) == 1


async def test_a_limit_that_says_no_time_backs_off_and_then_names_one(api: Api, client: ZimunClient) -> None:
    api.on(ONE, reply(429))
    with pytest.raises(RateLimited) as caught:
        await client.booking(B_1)
    assert caught.value.retry_after > 0
    assert len(api.calls(ONE)) == 3


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("99999999999999999999", 3600.0),
        ("Fri, 20 Feb 2026 09:00:30 GMT", 30.0),
        ("Fri, 20 Feb 2026 08:00:00 GMT", 0.0),
        ("Fri, 20 Feb 2126 08:00:00 GMT", 3600.0),
        ("-5", None),
        ("soon", None),
        ("²", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_for_ever(value: str, seconds: float | None) -> None:
    assert retry_after(value, "Fri, 20 Feb 2026 09:00:00 GMT") == seconds


def test_a_date_without_the_answer_s_own_date_is_taken_by_our_clock() -> None:
    assert retry_after("Fri, 20 Feb 2126 08:00:00 GMT", "") == 3600.0
    assert retry_after("Fri, 20 Feb 2015 08:00:00 GMT", "nonsense") == 0.0


async def test_retries_are_logged_without_ids_and_texts(api: Api, client: ZimunClient) -> None:
    api.on(ONE, reply(500, json={"message": "Ada"}), reply(json=closed(notes="Ada")))
    with capture_logs() as logs:
        await client.booking(B_1)
    retried = [entry for entry in logs if entry["event"] == "call.retried"]
    assert [(entry["call"], entry["fault"], entry["attempt"]) for entry in retried] == [
        ("GET /api/v1/appointments/{booking_id}", "answered 500", 2)
    ]
    assert "Ada" not in repr(logs)
    assert "b_1" not in repr(logs)
