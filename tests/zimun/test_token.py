"""The token: fetched once, reused, renewed in time; refused credentials are said so and stay secret."""

import asyncio
import base64
import logging
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from syncd.domain.errors import NotPermitted, RateLimited, Unavailable
from syncd.domain.ids import BookingId
from syncd.zimun import ZimunClient
from tests.zimun.support import SECRET, Api, closed, items, reply

TOKEN = "POST /oauth/token"
ONE = "GET /api/v1/appointments/b_1"
B_1 = BookingId("b_1")


def bearers(api: Api) -> list[str]:
    return [request.headers["Authorization"] for request in api.calls(ONE)]


async def test_the_token_is_asked_for_as_rfc_6749_says(api: Api, client: ZimunClient) -> None:
    api.on(ONE, reply(json=closed()))
    await client.booking(B_1)
    (request,) = api.calls(TOKEN)
    assert request.content == b"grant_type=client_credentials"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")) == f"client-1:{SECRET}".encode()
    assert "Idempotency-Key" not in request.headers
    assert request.headers["User-Agent"].startswith("zimun-syncd/")
    assert bearers(api) == ["Bearer t1"]


async def test_it_is_fetched_once_however_many_calls_start_together(api: Api, client: ZimunClient) -> None:
    api.on(ONE, reply(json=closed()))
    await asyncio.gather(*(client.booking(B_1) for _ in range(10)))
    assert len(api.calls(TOKEN)) == 1
    assert bearers(api) == ["Bearer t1"] * 10


@pytest.mark.parametrize(
    ("life", "good_for"),
    [(3600, 3570), (100, 90), ("100", 90), (None, 270), ("soon", 270), (True, 270), (float("inf"), 86370), (-5, 0)],
)
async def test_it_is_renewed_before_it_lapses(api: Api, client: ZimunClient, life: Any, good_for: float) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        content = str({"access_token": "t"}).replace("'", '"')
        if life is not None:
            value = {True: "true", float("inf"): "Infinity"}.get(
                life, f'"{life}"' if isinstance(life, str) else str(life)
            )
            content = content.replace("}", f', "expires_in": {value}}}')
        return httpx.Response(200, content=content)

    api.token_answers = [answer]
    api.on(ONE, reply(json=closed()))
    await client.booking(B_1)
    if good_for:
        api.time.now += good_for - 0.5
        await client.booking(B_1)
        assert len(api.calls(TOKEN)) == 1
    api.time.now += 0.5
    await client.booking(B_1)
    assert len(api.calls(TOKEN)) == 2


async def test_a_401_on_a_call_renews_it_once(api: Api, client: ZimunClient) -> None:
    api.on(ONE, reply(401), reply(json=closed()))
    assert await client.booking(B_1) is not None
    assert bearers(api) == ["Bearer t1", "Bearer t2"]


async def test_a_401_to_the_new_token_too_is_a_refused_login(api: Api, client: ZimunClient) -> None:
    api.on(ONE, reply(401))
    api.on("GET /api/v1/locations", reply(401))
    with pytest.raises(NotPermitted) as caught:
        await client.booking(B_1)
    assert caught.value.credentials
    assert bearers(api) == ["Bearer t1", "Bearer t2", "Bearer t2"]
    assert len(api.calls(TOKEN)) == 2


async def test_a_new_token_that_the_api_knows_a_moment_later_is_no_refused_login(api: Api, client: ZimunClient) -> None:
    api.on(ONE, reply(401, json={"detail": "token used before nbf"}), reply(401), reply(json=closed()))
    assert await client.booking(B_1) is not None
    assert bearers(api) == ["Bearer t1", "Bearer t2", "Bearer t2"]
    assert api.time.slept == [2]


async def test_calls_that_get_a_401_together_renew_once(api: Api, client: ZimunClient) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return reply(401) if request.headers["Authorization"] == "Bearer t1" else reply(json=closed())

    api.on(ONE, answer)
    await asyncio.gather(*(client.booking(B_1) for _ in range(8)))
    assert len(api.calls(TOKEN)) == 2


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_refused_credentials_are_not_permitted_and_not_repeated(
    api: Api, client: ZimunClient, status: int
) -> None:
    api.token_answers = [reply(status, json={"error": "invalid_client", "error_description": f"not {SECRET}"})]
    with pytest.raises(NotPermitted) as caught:
        await client.booking(B_1)
    assert caught.value.credentials
    assert SECRET not in str(caught.value)
    assert len(api.requests) == 1


async def test_refused_credentials_are_tried_once_by_calls_that_wait_together(api: Api, client: ZimunClient) -> None:
    api.token_answers = [reply(401)]
    ends = await asyncio.gather(*(client.booking(B_1) for _ in range(10)), return_exceptions=True)
    assert all(isinstance(end, NotPermitted) for end in ends)
    assert len(api.requests) == 1


async def test_after_a_refusal_a_later_call_tries_again(api: Api, client: ZimunClient) -> None:
    api.token_answers = [reply(401), reply(json={"access_token": "t9"})]
    api.on(ONE, reply(json=closed()))
    with pytest.raises(NotPermitted):
        await client.booking(B_1)
    assert await client.booking(B_1) is not None


@pytest.mark.parametrize(
    "answer",
    [
        reply(500),
        reply(503, json={"error": "down"}),
        reply(404),
        reply(302, Location="https://elsewhere.example/"),
        httpx.Response(200, html="<html>Welcome to the hotel</html>"),
        httpx.Response(403, html="<html>blocked</html>"),
        reply(json={"token": "t"}),
        reply(json=["t"]),
        reply(json={"access_token": ""}),
        reply(json={"access_token": "a\nX-Evil: 1"}),
        reply(json={"access_token": "tökén"}),
        reply(json={"access_token": 5}),
        httpx.ConnectError("no route"),
        httpx.ReadTimeout("slow"),
    ],
)
async def test_any_other_end_is_no_refusal(api: Api, client: ZimunClient, answer: httpx.Response) -> None:
    api.token_answers = [answer]
    with pytest.raises(Unavailable):
        await client.booking(B_1)
    assert api.calls(ONE) == []


async def test_a_rate_limit_on_the_token_is_one_for_all_calls(api: Api, client: ZimunClient) -> None:
    api.token_answers = [reply(429, Retry_After="90")]
    for _ in range(2):
        with pytest.raises(RateLimited) as caught:
            await client.booking(B_1)
        assert caught.value.retry_after == 90
    assert len(api.requests) == 1


async def test_secrets_are_in_no_repr_no_log_and_no_error(
    api: Api, client: ZimunClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api.token_answers = [reply(json={"access_token": "t0ken-t0ken"})]
    api.on(ONE, httpx.ReadTimeout("Bearer t0ken-t0ken"), reply(500), reply(401))
    api.on("GET /api/v1/appointments", items(closed(notes="Ada")), httpx.ConnectError(SECRET))
    said = []
    with capture_logs() as logs:
        for call in (client.booking(B_1), client.bookings(*[datetime(2026, 2, 20, tzinfo=UTC)] * 2)):
            try:
                await call
            except Exception as exc:
                said.append(f"{exc!r} {exc}")
    parts = [
        client,
        *vars(client).values(),
        *(v for part in vars(client).values() for v in getattr(part, "__dict__", {}).values()),
    ]
    everything = " ".join([*said, *map(repr, parts), repr(logs), caplog.text])
    assert [entry["event"] for entry in logs if entry["event"] == "token.fetched"] == ["token.fetched"] * 2
    assert not any(secret in everything for secret in (SECRET, "t0ken", "Ada"))
