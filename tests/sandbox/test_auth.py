"""Tokens: who gets one, how long it lasts, what it covers."""

import base64
from datetime import timedelta
from urllib.parse import quote_plus

import httpx
import pytest

from syncd.sandbox import Salon, Sandbox, SandboxServer
from tests.sandbox.conftest import AUTH, Api, FakeClock

GRANT = {"grant_type": "client_credentials"}


async def test_a_token_names_its_type_lifetime_and_scopes(api: Api) -> None:
    answer = await api.http.post("/oauth/token", auth=AUTH, data=GRANT)
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 300)
    assert body["scope"].split() == ["org:read", "availability:read", "appointments:read", "appointments:write"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("auth", [("sandbox", "wrong"), ("somebody", "sandbox-secret"), None])
async def test_wrong_or_missing_credentials_get_401_invalid_client(api: Api, auth: tuple[str, str] | None) -> None:
    del api.http.headers["Authorization"]
    answer = await api.http.post("/oauth/token", auth=auth, data=GRANT)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize("header", ["Basic", "Basic ???", "Basic /w==", "Bearer abc"])
async def test_unreadable_basic_credentials_get_401(api: Api, header: str) -> None:
    answer = await api.http.post("/oauth/token", headers={"Authorization": header}, data=GRANT)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({**GRANT, "scope": "org:write"}, "invalid_scope"),
    ],
)
async def test_a_wrong_grant_gets_400_with_its_code(api: Api, form: dict[str, str], error: str) -> None:
    answer = await api.http.post("/oauth/token", auth=AUTH, data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize("encode", [str, quote_plus])
async def test_basic_credentials_are_taken_plain_and_form_encoded(salon: Salon, encode: type[str]) -> None:
    client_id, secret = "salon.1&2", "p:ä %+/="
    pair = f"{encode(client_id)}:{encode(secret)}".encode()
    header = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    async with (
        SandboxServer(Sandbox(salon, client_id, secret)) as server,
        httpx.AsyncClient(base_url=server.url, verify=False) as http,
    ):
        assert (await http.post("/oauth/token", headers=header, data=GRANT)).status_code == 200


async def test_a_token_expires_after_its_lifetime(api: Api, clock: FakeClock) -> None:
    clock.forward(seconds=299)
    assert (await api.get("locations")).status_code == 200
    clock.forward(seconds=1)
    answer = await api.get("locations")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_token")


async def test_the_lifetime_can_be_chosen(salon: Salon, clock: FakeClock) -> None:
    sandbox = Sandbox(salon, token_lifetime=timedelta(seconds=5))
    async with SandboxServer(sandbox) as server, httpx.AsyncClient(base_url=server.url, verify=False) as http:
        assert (await http.post("/oauth/token", auth=AUTH, data=GRANT)).json()["expires_in"] == 5
        await Api(http).login()
        clock.forward(seconds=5)
        assert (await http.get("/api/v1/locations")).status_code == 401


async def test_a_revoked_token_gets_401(api: Api, server: SandboxServer) -> None:
    server.sandbox.tokens.revoke_all()
    assert (await api.get("locations")).status_code == 401


@pytest.mark.parametrize("path", ["locations", "services", "availability", "appointments", "appointments/b_1"])
async def test_every_read_needs_a_token(api: Api, path: str) -> None:
    del api.http.headers["Authorization"]
    assert (await api.get(path)).status_code == 401


@pytest.mark.parametrize("path", ["hold", "confirm", "reschedule", "cancel"])
async def test_every_write_needs_a_token(api: Api, path: str) -> None:
    api.http.headers["Authorization"] = "Bearer made-up"
    assert (await api.post(path, {})).status_code == 401


async def test_a_token_covers_only_the_scopes_asked_for(api: Api) -> None:
    await api.login(scope="org:read appointments:read")
    assert (await api.get("appointments")).status_code == 200
    answer = await api.post("cancel", {"booking_id": "b_1"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "insufficient_scope")
    assert (await api.get("availability")).status_code == 403
