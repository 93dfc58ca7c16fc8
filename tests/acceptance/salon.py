"""The salon behind the second Booking API: its appointments, and its answer to each call. Knows no HTTP."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, Literal
from urllib.parse import unquote
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
SERVICE, PLACE = "svc-cut", "house-1"
LIVE = ("held", "scheduled", "confirmed", "booked")


@dataclass
class Dialect:
    """What the description leaves open."""

    numbers: bool = False
    slots: Literal["items", "slots"] = "items"
    reschedule: Literal["empty", "renamed", "whole"] = "empty"
    page: int = 7
    zone: timezone = timezone(timedelta(hours=-3, minutes=-30))


@dataclass
class Appointment:
    id: str | int
    start: datetime
    minutes: int = 30
    status: str = "booked"
    name: str = "Ada Lovelace"
    email: str = "ada@example.com"
    service: str = SERVICE
    place: str = PLACE


@dataclass
class Salon:
    """One place, one service, one chair, open from nine to six. `appointments` may be changed between calls."""

    dialect: Dialect = field(default_factory=Dialect)
    appointments: dict[str, Appointment] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._answers: dict[tuple[str, str], tuple[int, Any]] = {}
        self._serial = 9000

    def add(self, id_: str | int, start: datetime, **fields: Any) -> Appointment:
        made = self.appointments[str(id_)] = Appointment(id_, start, **fields)
        return made

    def answer(self, method: str, path: str, query: dict[str, str], body: dict[str, Any], key: str) -> tuple[int, Any]:
        """One call's status and JSON."""
        if method == "POST" and (done := self._answers.get((path, key))):
            return done
        route = path.removeprefix("/api/v1/")
        if method == "POST":
            if not key:
                return 400, {"detail": "Idempotency-Key missing"}
            made = {"hold": self._hold, "confirm": self._confirm, "reschedule": self._move, "cancel": self._cancel}
            name = route.removeprefix("appointments/")
            result = made[name](body) if name in made else (404, {"detail": "no such route"})
            self._answers[path, key] = result
            return result
        if route == "locations":
            place = {"id": PLACE, "name": "Salon am Fluss", "timezone": "Europe/Berlin", "address": "Uferweg 3, Köln"}
            return 200, {"items": [place | {"opening": "9-18"}], "total": 1}
        if route == "services":
            service = {"id": SERVICE, "name": "Schnitt & Föhnen", "location_ids": [PLACE], "duration_minutes": 30}
            return 200, {"items": [service | {"price": {"amount": "32.50"}}], "next_page_token": None}
        if route == "availability":
            return self._availability(query)
        if route == "appointments":
            return self._list(query)
        if route.startswith("appointments/"):
            found = self.appointments.get(unquote(route.removeprefix("appointments/")))
            return (200, self._view(found)) if found else (404, {"detail": "Not found."})
        return 404, {"detail": "no such route"}

    def _view(self, one: Appointment) -> dict[str, Any]:
        return {
            "id": one.id,
            "service_id": one.service,
            "location_id": one.place,
            "appointment_time": one.start.astimezone(self.dialect.zone).isoformat(),
            "duration_minutes": one.minutes,
            "status": one.status,
            "contact_name": one.name,
            "contact_email": one.email,
            "colour": "teal",
            "_links": {"self": {"href": f"/api/v1/appointments/{one.id}"}},
        }

    def _list(self, query: dict[str, str]) -> tuple[int, Any]:
        start, end = datetime.fromisoformat(query["from"]), datetime.fromisoformat(query["to"])
        found = [a for a in self.appointments.values() if start <= a.start < end]
        first, size = int(query.get("page_token", "0")), min(int(query.get("page_size", "50")), self.dialect.page)
        page: dict[str, Any] = {"items": [self._view(a) for a in found[first : first + size]], "count": len(found)}
        if first + size < len(found):
            page["next_page_token"] = first + size
        return 200, page

    def free(self, start: datetime, minutes: int, but: Appointment | None = None) -> bool:
        local = start.astimezone(BERLIN)
        end = start + timedelta(minutes=minutes)
        opens, closes = (datetime.combine(local.date(), time(hour), BERLIN) for hour in (9, 18))
        busy = (a for a in self.appointments.values() if a is not but and a.status in LIVE)
        if local.minute % 30 or local.second or start <= datetime.now(UTC) or not opens <= start or not end <= closes:
            return False
        return all(end <= a.start or a.start + timedelta(minutes=a.minutes) <= start for a in busy)

    def _availability(self, query: dict[str, str]) -> tuple[int, Any]:
        if query.get("service_id") != SERVICE or query.get("location_id", PLACE) != PLACE:
            return 422, {"detail": "unknown service or location"}
        opens = datetime.combine(date.fromisoformat(query["date"]), time(9), BERLIN)
        slots = [s for n in range(18) if self.free(s := opens + timedelta(minutes=30 * n), 30)]
        words = [s.astimezone(self.dialect.zone).isoformat() for s in slots]
        return 200, {"items": words} if self.dialect.slots == "items" else {"slots": [{"start": w} for w in words]}

    def _new_id(self) -> str | int:
        self._serial += 1
        return self._serial if self.dialect.numbers else f"new-{self._serial}"

    def _hold(self, body: dict[str, Any]) -> tuple[int, Any]:
        start = datetime.fromisoformat(body["appointment_time"])
        if body["service_id"] != SERVICE or not self.free(start, 30):
            return 409, {"detail": "slot taken"}
        made = self.add(self._new_id(), start, status="held")
        return 201, {"hold_id": f"h:{made.id}"}

    def _confirm(self, body: dict[str, Any]) -> tuple[int, Any]:
        one = self.appointments.get(str(body["hold_id"]).removeprefix("h:"))
        if one is None or one.status != "held":
            return 409, {"detail": "hold lapsed"}
        one.status, one.name, one.email = "booked", body["contact_name"], body["contact_email"]
        return 201, self._view(one)

    def _move(self, body: dict[str, Any]) -> tuple[int, Any]:
        one, start = self.appointments.get(str(body["booking_id"])), datetime.fromisoformat(body["start_time"])
        if one is None:
            return 404, {"detail": "Not found."}
        if one.status not in LIVE or not self.free(start, one.minutes, one):
            return 409, {"detail": [{"msg": "That time is taken.", "type": "conflict"}]}
        one.start = start
        if self.dialect.reschedule == "renamed":
            del self.appointments[str(one.id)]
            one.id = self._new_id()
            self.appointments[str(one.id)] = one
            return 200, {"id": one.id, "ok": True}
        return 200, None if self.dialect.reschedule == "empty" else self._view(one)

    def _cancel(self, body: dict[str, Any]) -> tuple[int, Any]:
        one = self.appointments.get(str(body["booking_id"]))
        if one is None:
            return 404, {"detail": "Not found."}
        one.status = "cancelled"
        return 204, None
