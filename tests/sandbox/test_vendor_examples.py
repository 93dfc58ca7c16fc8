"""Every flow of the vendor's published examples, over HTTP, with nothing but what they send (no Idempotency-Key)."""

from datetime import datetime

import httpx

from syncd.sandbox import SandboxServer
from tests.sandbox.conftest import AUTH, CONTACT, Api


async def test_token_locations_services_availability_hold_confirm_reschedule_and_cancel(server: SandboxServer) -> None:
    async with httpx.AsyncClient(base_url=server.url, verify=False) as http:
        granted = await http.post("/oauth/token", auth=AUTH, data={"grant_type": "client_credentials"})
        headers = {"Authorization": f"Bearer {granted.json()['access_token']}"}
        places = (await http.get("/api/v1/locations?page_size=50", headers=headers)).json()
        location_id = places["items"][0]["id"]
        services = (await http.get("/api/v1/services?page_size=50", headers=headers)).json()
        service_id = next(each["id"] for each in services["items"] if location_id in each["location_ids"])
        query = f"service_id={service_id}&date=2026-02-20&location_id={location_id}"
        slots = (await http.get(f"/api/v1/availability?{query}", headers=headers)).json()["slots"]
        assert slots

        wish = {"service_id": service_id, "appointment_time": slots[0]["start_time"], "location_id": location_id}
        hold = await http.post("/api/v1/appointments/hold", headers=headers, json=wish)
        contact = {"hold_id": hold.json()["hold_id"], **CONTACT}
        confirmed = (await http.post("/api/v1/appointments/confirm", headers=headers, json=contact)).json()
        assert (confirmed["status"], confirmed["start_time"]) == ("confirmed", slots[0]["start_time"])

        move = {"booking_id": confirmed["booking_id"], "start_time": "2026-02-20T13:00:00Z"}
        moved = (await http.post("/api/v1/appointments/reschedule", headers=headers, json=move)).json()
        assert datetime.fromisoformat(moved["start_time"]) == datetime.fromisoformat("2026-02-20T13:00:00Z")

        gone = {"booking_id": confirmed["booking_id"]}
        cancelled = await http.post("/api/v1/appointments/cancel", headers=headers, json=gone)
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")


async def test_a_location_has_id_name_zone_and_address(api: Api) -> None:
    items = (await api.get("locations")).json()["items"]
    assert {each["timezone"] for each in items} == {"Europe/Berlin", "Europe/London"}
    assert all(each["id"] and each["name"] and each["address"] for each in items)


async def test_services_are_bookable_at_one_place_or_at_both(api: Api) -> None:
    items = (await api.get("services")).json()["items"]
    assert {len(each["location_ids"]) for each in items} == {1, 2}
    assert all(each["name"] and each["duration_minutes"] >= 15 for each in items)


async def test_a_booking_made_over_http_carries_what_the_customer_gave(api: Api) -> None:
    wish = {"service_id": "s_colour", "appointment_time": "2026-02-20T09:00:00+01:00"}
    hold = (await api.post("hold", wish)).json()
    more = {"contact_phone": "+49 30 23125000", "notes": "Zwei\nZeilen"}
    booking = (await api.post("confirm", {"hold_id": hold["hold_id"], **CONTACT, **more})).json()
    assert booking == {
        "booking_id": booking["booking_id"],
        "service_id": "s_colour",
        "location_id": "loc_mitte",
        "start_time": "2026-02-20T09:00:00+01:00",
        "end_time": "2026-02-20T11:00:00+01:00",
        "status": "confirmed",
        **CONTACT,
        **more,
        "staff_name": "Jana Köhler",
        "updated_at": "2026-02-16T08:00:00Z",
    }
    assert (await api.get(f"appointments/{booking['booking_id']}")).json() == booking
