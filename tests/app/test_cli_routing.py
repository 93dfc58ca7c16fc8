"""`check` where the config routes by what the API does not tell."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.sandbox import Fault, Kind
from tests.app.salon import Desk, sandbox
from tests.servers import radicale


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with radicale(tmp_path / "dav") as dav, sandbox() as (api, loop):
        made = Desk(tmp_path, dav, api, loop)
        made.write_config()
        yield made


@pytest.mark.parametrize("told", [True, False], ids=["the API names the staff", "the API names no staff"])
def test_routing_by_staff_needs_an_api_that_names_them(desk: Desk, told: bool) -> None:
    desk.edit("fallback = true", 'fallback = true\nstaff = ["Jana Weber"]')
    booking_id = desk.book(2, 10)
    if not told:
        start, end = (f"{desk.at(2, hour):%Y-%m-%dT%H:%M:%SZ}" for hour in (10, 11))
        item = {"booking_id": booking_id, "status": "confirmed", "start_time": start, "end_time": end}
        body = {"items": [item | {"service_id": "s_haircut", "location_id": "loc_mitte"}]}
        desk.api.faults.append(
            Fault("GET", "/api/v1/appointments", Kind.REPLACE_ANSWER, times=None, status=200, body=body)
        )
    checks = desk.run("check", "--json").json["checks"]
    said = [row for row in checks if "routing by staff cannot work" in row["what"]]
    assert len(said) == (not told)
    assert all("route by location or service" in row["advice"] for row in said)
