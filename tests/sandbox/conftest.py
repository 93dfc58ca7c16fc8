"""An empty salon on a real port, a clock that only tests move, and a client that is logged in."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from syncd.sandbox import Salon, Sandbox, SandboxServer, make_salon

AUTH = ("sandbox", "sandbox-secret")
CONTACT = {"contact_name": "Dana Lee", "contact_email": "dana@example.com"}


class FakeClock:
    """Monday, 16 February 2026, 08:00 in London, 09:00 in Berlin; later only by `forward`."""

    def __init__(self) -> None:
        self.time = datetime(2026, 2, 16, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **by: float) -> None:
        self.time += timedelta(**by)


class Api:
    """The API as a client sees it: `get` and `post` send the token and give the whole answer."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def login(self, **form: str) -> None:
        answer = await self.http.post("/oauth/token", auth=AUTH, data={"grant_type": "client_credentials", **form})
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.http.get(f"/api/v1/{path}", params=params)

    async def post(self, path: str, body: object, key: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key is not None else {}
        return await self.http.post(f"/api/v1/appointments/{path}", json=body, headers=headers)

    async def starts(self, service_id: str, date: str, location_id: str = "loc_mitte") -> list[datetime]:
        answer = await self.get("availability", service_id=service_id, date=date, location_id=location_id)
        return [datetime.fromisoformat(slot["start_time"]) for slot in answer.json()["slots"]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def salon(clock: FakeClock) -> Salon:
    return make_salon(clock, count=0)


@pytest.fixture
async def server(salon: Salon) -> AsyncIterator[SandboxServer]:
    async with SandboxServer(Sandbox(salon)) as running:
        yield running


@pytest.fixture
async def api(server: SandboxServer) -> AsyncIterator[Api]:
    # verify=False spares reading the machine's certificates; nothing here is https
    async with httpx.AsyncClient(base_url=server.url, verify=False, trust_env=False) as http:
        api = Api(http)
        await api.login()
        yield api
