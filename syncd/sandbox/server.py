"""The Booking API over HTTP: routes, tokens, pages, limits and errors around a `Salon`.

Handlers are plain functions of the request; nothing is awaited between a booking's change and the record of its
Idempotency-Key, so two requests never interleave.
"""

import math
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syncd.sandbox import wire
from syncd.sandbox.auth import ALL_SCOPES, ScopeMissing, TokenOffice, TokenRefused, Unauthorized
from syncd.sandbox.idempotency import Reply
from syncd.sandbox.model import Conflict, Invalid, Refusal, Unknown
from syncd.sandbox.salon import Salon

Endpoint = Callable[[Request], Awaitable[Response]]
Answer = Callable[[wire.Json], tuple[int, object]]

_STATUS = {Unknown: 404, Conflict: 409, Invalid: 422}


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `requests` in any `window`; what is refused does not count."""

    requests: int
    window: timedelta


@dataclass(slots=True)
class Sandbox:
    """A salon and how its API is offered. `max_page_size` caps every page; `rate_limit` may be set while it runs."""

    salon: Salon
    client_id: str = "sandbox"
    client_secret: str = "sandbox-secret"  # noqa: S105 -- guards invented data on this machine
    token_lifetime: timedelta = timedelta(seconds=300)
    scopes: tuple[str, ...] = ALL_SCOPES
    max_page_size: int = 20
    rate_limit: RateLimit | None = None
    tokens: TokenOffice = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = TokenOffice(self.client_id, self.client_secret, self.token_lifetime, self.scopes)


class RateExceeded(Exception):
    """Too many requests (429): `retry_after` in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class Api:
    """The handlers. What a refused call gets is decided in `refused`, once for all."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._salon = sandbox.salon
        self._recent: deque[datetime] = deque()

    def routes(self) -> list[Route]:
        base = "/api/v1/appointments"
        return [
            Route("/oauth/token", self.token, methods=["POST"]),
            Route("/api/v1/locations", self._get("org:read", self.locations)),
            Route("/api/v1/services", self._get("org:read", self.services)),
            Route("/api/v1/availability", self._get("availability:read", self.availability)),
            Route(base, self._get("appointments:read", self.appointments)),
            Route(f"{base}/hold", self._post(self.hold), methods=["POST"]),
            Route(f"{base}/confirm", self._post(self.confirm), methods=["POST"]),
            Route(f"{base}/reschedule", self._post(self.reschedule), methods=["POST"]),
            Route(f"{base}/cancel", self._post(self.cancel), methods=["POST"]),
            Route(base + "/{booking_id:path}", self._get("appointments:read", self.appointment)),
        ]

    async def token(self, request: Request) -> Response:
        self._throttle()
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        authorization = request.headers.get("authorization", "")
        issued = self._sandbox.tokens.issue(authorization, form, self._salon.now())
        # RFC 6749 §5.1
        return _json(200, issued, {"Cache-Control": "no-store"})

    def locations(self, query: Mapping[str, str]) -> object:
        found = sorted((each.id, each) for each in self._salon.locations.values())
        items, token = wire.page(query, found, self._sandbox.max_page_size)
        return {"items": [wire.location_json(each) for each in items], "next_page_token": token}

    def services(self, query: Mapping[str, str]) -> object:
        found = sorted((each.id, each) for each in self._salon.services.values())
        items, token = wire.page(query, found, self._sandbox.max_page_size)
        return {"items": [wire.service_json(each) for each in items], "next_page_token": token}

    def appointments(self, query: Mapping[str, str]) -> object:
        start = wire.instant(query, "from") if "from" in query else None
        end = wire.instant(query, "to") if "to" in query else None
        found = [
            (f"{each.start.isoformat(timespec='microseconds')} {each.booking_id}", each)
            for each in self._salon.appointments(start, end)
        ]
        items, token = wire.page(query, found, self._sandbox.max_page_size)
        return {"items": [wire.appointment_json(each, self._salon) for each in items], "next_page_token": token}

    def appointment(self, query: Mapping[str, str]) -> object:
        return wire.appointment_json(self._salon.find(query["booking_id"]), self._salon)

    def availability(self, query: Mapping[str, str]) -> object:
        service_id, day = wire.text(query, "service_id"), wire.day(query, "date")
        service, location = self._salon.choose(service_id, wire.optional_text(query, "location_id"))
        slots = self._salon.open_slots(service.id, day, location.id)
        return {
            "service_id": service.id,
            "location_id": location.id,
            "date": day.isoformat(),
            "slots": [wire.slot_json(slot, location.zone) for slot in slots],
        }

    def hold(self, body: wire.Json) -> tuple[int, object]:
        service_id, location_id = wire.text(body, "service_id"), wire.optional_text(body, "location_id")
        held = self._salon.hold(service_id, location_id, wire.instant(body, "appointment_time"))
        return 201, wire.hold_json(held, self._salon)

    def confirm(self, body: wire.Json) -> tuple[int, object]:
        hold_id, name, email = (wire.text(body, key) for key in ("hold_id", "contact_name", "contact_email"))
        if "@" not in email.strip("@"):
            raise Invalid("malformed", "contact_email is not an e-mail address.")
        phone, notes = (wire.optional_text(body, key) or "" for key in ("contact_phone", "notes"))
        booking = self._salon.confirm(hold_id, name, email, phone=phone, notes=notes)
        return 201, wire.appointment_json(booking, self._salon)

    def reschedule(self, body: wire.Json) -> tuple[int, object]:
        booking = self._salon.move(_booking_id(body), wire.instant(body, "start_time"))
        return 200, wire.appointment_json(booking, self._salon)

    def cancel(self, body: wire.Json) -> tuple[int, object]:
        return 200, wire.appointment_json(self._salon.cancel(_booking_id(body)), self._salon)

    def _get(self, scope: str, answer: Callable[[Mapping[str, str]], object]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            self._admit(request, scope)
            return _json(200, answer({**request.query_params, **request.path_params}))

        return endpoint

    def _post(self, answer: Answer) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            self._admit(request, "appointments:write")
            raw = await request.body()
            reply = self._once(request, raw, answer)
            return Response(reply.body, reply.status, media_type="application/json")

        return endpoint

    def _once(self, request: Request, raw: bytes, answer: Answer) -> Reply:
        """The reply to a POST: the first one again where the key is known, refusals included."""
        key = request.headers.get("idempotency-key")
        body = wire.read_object(raw)
        if key is None:
            return _attempt(answer, body)
        if not 1 <= len(key) <= 255:
            raise Invalid("malformed", "An Idempotency-Key has 1 to 255 characters.")
        meant, now = wire.fingerprint(request.url.path, body), self._salon.now()
        reply = self._salon.idempotency.recall(key, meant, now)
        if reply is None:
            reply = _attempt(answer, body)
            self._salon.idempotency.remember(key, meant, reply, now)
        return reply

    def _admit(self, request: Request, scope: str) -> None:
        self._throttle()
        self._sandbox.tokens.check(request.headers.get("authorization", ""), scope, self._salon.now())

    def _throttle(self) -> None:
        limit, now = self._sandbox.rate_limit, self._salon.now()
        if limit is None:
            return
        while self._recent and self._recent[0] + limit.window <= now:
            self._recent.popleft()
        if len(self._recent) >= limit.requests:
            raise RateExceeded(math.ceil((self._recent[0] + limit.window - now).total_seconds()))
        self._recent.append(now)


def build_app(sandbox: Sandbox) -> Starlette:
    """The API as an ASGI application."""
    handled = (Refusal, HTTPException, Unauthorized, ScopeMissing, TokenRefused, RateExceeded)
    return Starlette(routes=Api(sandbox).routes(), exception_handlers=dict.fromkeys(handled, refused))


async def refused(_request: Request, exc: Exception) -> Response:
    """What a call that is refused gets."""
    match exc:
        case Refusal():
            return _error(_STATUS[type(exc)], exc.code, exc.message)
        case TokenRefused():
            body = {"error": exc.error, "error_description": str(exc)}
            return _json(exc.status, body, {"WWW-Authenticate": 'Basic realm="sandbox"'} if exc.status == 401 else {})
        case Unauthorized():
            # RFC 6750 §3
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            return _error(401, "invalid_token", "The access token is missing, unknown or expired.", challenge)
        case ScopeMissing():
            return _error(403, "insufficient_scope", "The access token does not cover this call.")
        case RateExceeded():
            headers = {"Retry-After": str(exc.retry_after)}
            return _error(429, "rate_limited", "Too many requests.", headers)
        case HTTPException():
            return _error(exc.status_code, "http_error", exc.detail, exc.headers)
        case _:
            raise exc


def _attempt(answer: Answer, body: wire.Json) -> Reply:
    try:
        status, value = answer(body)
    except Refusal as exc:
        status, value = _STATUS[type(exc)], _error_body(exc.code, exc.message)
    return Reply(status, wire.encode(value))


def _booking_id(body: wire.Json) -> str:
    # an older edition of the vendor's guide names it appointment_id
    return wire.text(body, "booking_id" if "booking_id" in body else "appointment_id")


def _error_body(code: str, message: str) -> wire.Json:
    return {"error": {"code": code, "message": message}}


def _error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return _json(status, _error_body(code, message), headers)


def _json(status: int, value: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(wire.encode(value), status, headers, media_type="application/json")
