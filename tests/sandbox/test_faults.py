"""Faults on purpose, the log of calls, and the server's own start and end."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from syncd.domain.errors import ConfigError
from syncd.sandbox import Fault, Kind, Salon, Sandbox, SandboxServer, make_salon, serve
from tests.sandbox.conftest import AUTH, Api, FakeClock

NOON = datetime(2026, 2, 20, 12, tzinfo=UTC)
MOVE = "/api/v1/appointments/reschedule"


@pytest.fixture
def booking_id(salon: Salon) -> str:
    return salon.book("s_beard", NOON, location_id="loc_mitte").booking_id


def to_two(booking_id: str) -> dict[str, str]:
    return {"booking_id": booking_id, "start_time": NOON.replace(hour=14).isoformat()}


async def test_a_lost_answer_leaves_the_effect_and_the_key(
    api: Api, server: SandboxServer, salon: Salon, booking_id: str
) -> None:
    server.faults.append(Fault("POST", MOVE, Kind.LOSE_ANSWER))
    with pytest.raises(httpx.RemoteProtocolError):
        await api.post("reschedule", to_two(booking_id), "k1")
    assert salon.find(booking_id).start == NOON.replace(hour=14)
    assert (await api.post("reschedule", to_two(booking_id), "k1")).status_code == 200
    calls = [call for call in server.calls if call.path == MOVE]
    assert [(call.status, call.idempotency_key) for call in calls] == [(None, "k1"), (200, "k1")]


async def test_a_lost_request_has_no_effect_and_no_error_in_the_log(
    api: Api, server: SandboxServer, salon: Salon, booking_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.append(Fault("POST", MOVE, Kind.LOSE_REQUEST))
    with pytest.raises(httpx.RemoteProtocolError):
        await api.post("reschedule", to_two(booking_id))
    assert salon.find(booking_id).start == NOON
    await api.get("locations")
    assert [record.message for record in caplog.records if record.name.startswith("uvicorn")] == []


async def test_half_a_body_comes_after_the_effect(
    api: Api, server: SandboxServer, salon: Salon, booking_id: str
) -> None:
    server.faults.append(Fault("POST", MOVE, Kind.HALF_BODY))
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        await api.post("reschedule", to_two(booking_id))
    assert salon.find(booking_id).start == NOON.replace(hour=14)


async def test_a_503_is_answered_as_often_as_asked_and_nothing_is_done(
    api: Api, server: SandboxServer, salon: Salon, booking_id: str
) -> None:
    server.faults.append(Fault("POST", MOVE, Kind.ANSWER, times=2, headers={"Retry-After": "3"}))
    answers = [await api.post("reschedule", to_two(booking_id), "k1") for _ in range(2)]
    assert [(each.status_code, each.headers["retry-after"]) for each in answers] == [(503, "3"), (503, "3")]
    assert salon.find(booking_id).start == NOON
    assert (await api.post("reschedule", to_two(booking_id), "k1")).status_code == 200


async def test_a_gateway_can_time_out_after_the_effect(
    api: Api, server: SandboxServer, salon: Salon, booking_id: str
) -> None:
    server.faults.append(Fault("POST", MOVE, Kind.REPLACE_ANSWER, status=504))
    assert (await api.post("reschedule", to_two(booking_id))).status_code == 504
    assert salon.find(booking_id).start == NOON.replace(hour=14)


async def test_html_can_come_in_place_of_json(api: Api, server: SandboxServer) -> None:
    server.faults.append(Fault("GET", "/api/v1/", Kind.ANSWER, status=200, body="<html>Log in</html>"))
    answer = await api.get("locations")
    assert (answer.headers["content-type"], answer.text) == ("text/html", "<html>Log in</html>")


async def test_a_fault_without_end_lasts_until_it_is_taken_away(api: Api, server: SandboxServer) -> None:
    closed = Fault("GET", "/api/v1/appointments", Kind.ANSWER, times=None, status=403)
    server.faults.append(closed)
    assert [(await api.get("appointments")).status_code for _ in range(3)] == [403, 403, 403]
    assert (await api.get("locations")).status_code == 200
    server.faults.remove(closed)
    assert (await api.get("appointments")).status_code == 200


async def test_a_delayed_answer_outlasts_a_clients_patience_and_has_its_effect(
    api: Api, server: SandboxServer, salon: Salon, booking_id: str
) -> None:
    server.faults.append(Fault("POST", MOVE, Kind.DELAY, seconds=60))
    api.http.timeout = httpx.Timeout(5, read=0.05)
    with pytest.raises(httpx.ReadTimeout):
        await api.post("reschedule", to_two(booking_id))
    assert salon.find(booking_id).start == NOON.replace(hour=14)


async def test_a_short_delay_ends_with_the_answer(api: Api, server: SandboxServer) -> None:
    server.faults.append(Fault("GET", "/api/v1/locations", Kind.DELAY, seconds=0.01))
    assert len((await api.get("locations")).json()["items"]) == 2


async def test_every_call_is_logged_with_what_was_sent_and_answered(
    api: Api, server: SandboxServer, booking_id: str
) -> None:
    server.calls.clear()
    await api.get("locations", page_size=5)
    await api.post("reschedule", to_two(booking_id), "k1")
    await api.get("appointments/b_none")
    logged = [
        (call.method, call.path, call.query, call.status, call.idempotency_key, call.body) for call in server.calls
    ]
    assert logged == [
        ("GET", "/api/v1/locations", "page_size=5", 200, None, None),
        ("POST", MOVE, "", 200, "k1", to_two(booking_id)),
        ("GET", "/api/v1/appointments/b_none", "", 404, None, None),
    ]


async def test_the_log_holds_no_secret(api: Api, server: SandboxServer) -> None:
    assert server.calls[0].path == "/oauth/token"
    assert "sandbox-secret" not in repr(server.calls)


async def test_a_port_in_use_is_a_config_error(server: SandboxServer, salon: Salon) -> None:
    with pytest.raises(ConfigError, match="port"):
        async with SandboxServer(Sandbox(salon), port=int(server.url.rpartition(":")[2])):
            pass


async def test_after_its_block_the_port_is_free(salon: Salon) -> None:
    async with SandboxServer(Sandbox(salon)) as server:
        port = int(server.url.rpartition(":")[2])
    async with SandboxServer(Sandbox(salon), port=port) as again:
        assert again.url == server.url


async def test_the_end_does_not_wait_for_idle_connections(salon: Salon) -> None:
    async with httpx.AsyncClient(verify=False) as http:
        async with asyncio.timeout(10), SandboxServer(Sandbox(salon)) as server:
            await http.get(f"{server.url}/api/v1/locations")
        with pytest.raises(httpx.TransportError):
            await http.get(f"{server.url}/api/v1/locations")


async def test_the_end_cuts_a_call_that_is_under_way_without_an_error_in_the_log(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    arrived = asyncio.Event()

    def watched_clock() -> datetime:
        arrived.set()
        return clock()

    salon = make_salon(watched_clock, count=0)
    arrived.clear()
    async with httpx.AsyncClient(verify=False) as http:
        async with SandboxServer(Sandbox(salon)) as server:
            server.faults.append(Fault("GET", "/api/v1/locations", Kind.DELAY, seconds=60))
            call = asyncio.create_task(http.get(f"{server.url}/api/v1/locations", timeout=60))
            await arrived.wait()
        with pytest.raises(httpx.TransportError):
            await call
    assert [record.message for record in caplog.records if record.name.startswith("uvicorn")] == []


async def test_serve_announces_its_address_and_runs_until_cancelled() -> None:
    announced: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve("127.0.0.1", 0, client_id="me", client_secret="mine", announce=announced.set_result)
    )
    async with httpx.AsyncClient(base_url=await announced, verify=False) as http:
        grant = {"grant_type": "client_credentials"}
        assert (await http.post("/oauth/token", auth=AUTH, data=grant)).status_code == 401
        granted = await http.post("/oauth/token", auth=("me", "mine"), data=grant)
        http.headers["Authorization"] = f"Bearer {granted.json()['access_token']}"
        assert (await http.get("/api/v1/appointments")).json()["items"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
