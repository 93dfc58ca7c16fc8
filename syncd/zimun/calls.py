"""One call of the Booking API: token, retries, and each end of it as one of the domain's errors."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from syncd.domain.errors import NotFound, NotPermitted, OutcomeUnknown, Refused, Unavailable
from syncd.zimun.exchange import Answer, Broken, Exchange
from syncd.zimun.patience import Patience, Trail
from syncd.zimun.token import TokenSource
from syncd.zimun.wire import NOT_JSON, read_reason

# gateways and firewalls answer in HTML, and the API in JSON. To a POST with any 4xx: ModSecurity says 406, Cloudflare
# 409 for its error 1001, nginx 405 where it shows a page for maintenance (401, 408 and 429 have ways of their own). To
# a GET 405 is only a framework's, that has no such call
_SAID_BY_GATEWAYS = {
    "GET": frozenset({400, 403, 404, 410, 413, 422}),
    "POST": frozenset(range(400, 500)) - {401, 408, 429},
}
LOCATIONS = "/api/v1/locations"
"""Asked for with the scope org:read, and small: the call that shows whether a token is taken at all."""
# a new token may not be known everywhere yet, or be valid from a second on that the API's clock has not reached
_TOKEN_SETTLES_SECONDS = 2.0
# so long a call that lacked its scope asks for no new token: a list of bookings that are each looked at would hammer
_SCOPE_LACKS_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked. `template` is the path without ids, for people; `key` the Idempotency-Key that every POST has.

    `closed`: the answers by which a framework says in HTML that the API has no such call, where it may have none.
    """

    method: str
    template: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] | None = None
    key: str = ""
    closed: frozenset[int] = frozenset()

    @property
    def what(self) -> str:
        return f"{self.method} {self.template}"


class Caller:
    """Makes calls with a token, and again where that is safe."""

    def __init__(
        self, exchange: Exchange, patience: Patience, tokens: TokenSource, monotonic: Callable[[], float]
    ) -> None:
        self._exchange = exchange
        self._patience = patience
        self._tokens = tokens
        self._monotonic = monotonic
        self._lacks_until: dict[str, float] = {}

    async def get(
        self, path: str, template: str, params: Mapping[str, str], closed: frozenset[int] = frozenset()
    ) -> Answer:
        """The answer to a GET: a 2xx with JSON, or a 4xx but 401, 403, 408 and 429.

        Raises Unavailable, RateLimited or NotPermitted. `closed`: the statuses that are the API's word also in HTML.
        """
        call = Call("GET", template, path, params, closed=closed)
        lacks = self._lacks_scope(call)
        answer = await self._persist(call, Trail(), renew=not lacks)
        if answer.status == 401 and path != LOCATIONS:
            await self._check_login(call, renew=lacks)
        _check_permitted(call, answer)
        return answer

    async def post(self, path: str, body: Mapping[str, str], key: str) -> Answer:
        """The 2xx answer to a POST, made with the same Idempotency-Key in every attempt.

        Raises Refused, NotFound or NotPermitted where the API says no, Unavailable or RateLimited where the call was
        never taken, and OutcomeUnknown once an attempt may have been. After such an attempt only a 2xx is believed: a
        409 may speak of that attempt, still at work or already done.
        """
        call = Call("POST", path, path, body=body, key=key)
        trail = Trail()
        lacks = self._lacks_scope(call)
        try:
            answer = await self._persist(call, trail, renew=not lacks)
        except (Unavailable, NotPermitted) as exc:
            if trail.accepted:
                return Answer(200)
            if trail.reached:
                raise OutcomeUnknown(f"{call.what}: sent, and no usable answer came ({exc})") from exc
            raise
        if answer.ok:
            return answer
        if trail.accepted:
            return Answer(200)
        if trail.reached or answer.status < 400:
            raise OutcomeUnknown(f"{call.what}: sent, and answered {answer.status}")
        if answer.status == 401:
            await self._check_login(call, renew=lacks)
        _check_permitted(call, answer)
        if answer.status in (404, 410):
            raise NotFound(f"{call.what} answered {answer.status}")
        raise Refused(f"{call.what} answered {answer.status}", read_reason(answer.data))

    async def _check_login(self, refused: Call, *, renew: bool) -> None:
        """Returns where the API takes the token for no other call either. Raises Unavailable or RateLimited.

        Else raises NotPermitted for this one call: FastAPI's own examples say 401, not 403, where a scope is lacking.
        That closes one call, not the whole side. A 403 shows as well that the token is known. `renew`: where the call
        itself asked for no new token; else one request tells.
        """
        call = Call("GET", LOCATIONS, LOCATIONS, {"page_size": "1"})
        answer = await self._persist(call, Trail(), renew=renew)
        if not answer.ok and answer.status != 403:
            return
        if not renew:
            self._lacks_until[refused.what] = self._monotonic() + _SCOPE_LACKS_SECONDS
        raise NotPermitted(f"{refused.what} answered 401: this client lacks the scope for it", credentials=False)

    def _lacks_scope(self, call: Call) -> bool:
        return self._monotonic() < self._lacks_until.get(call.what, -math.inf)

    async def _persist(self, call: Call, trail: Trail, *, renew: bool) -> Answer:
        """The final answer. `renew`: a 401 is believed of a new token only."""
        renewed = not renew

        async def send() -> Answer:
            nonlocal renewed
            token = await self._tokens.get()
            answer = await self._send(call, token)
            if answer.status == 401 and not renewed:
                renewed = True
                token = await self._tokens.get(refused=token)
                answer = await self._send(call, token)
                if answer.status == 401:
                    await self._patience.pause(_TOKEN_SETTLES_SECONDS)
                    answer = await self._send(call, token)
            return answer

        answer = await self._patience.persist(call.what, send, trail)
        if answer.status != 401:
            self._lacks_until.pop(call.what, None)
        return answer

    async def _send(self, call: Call, token: str) -> Answer:
        headers = {"Authorization": f"Bearer {token}"}
        content = None
        if call.body is not None:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": call.key}
            content = json.dumps(call.body).encode("ascii")
        answer = await self._exchange.send(
            call.method, call.path, headers=headers, params=call.params or None, content=content
        )
        if answer.ok and answer.html:
            # a gateway's or a portal's page with 200 is not the API's word, not even to a POST
            raise Broken("HTML instead of JSON", reached=True)
        if answer.html and answer.status in _SAID_BY_GATEWAYS[call.method] - call.closed:
            # nor is one with a 4xx: whoever turns a call away did not hand it on
            raise Broken(f"answered {answer.status} with a web page", reached=False, again=False)
        if answer.ok and call.method == "GET" and answer.data is NOT_JSON:
            raise Broken("no whole JSON", reached=True)
        return answer


def _check_permitted(call: Call, answer: Answer) -> None:
    if answer.status == 401:
        raise NotPermitted(f"{call.what} answered 401 to a new token", credentials=True)
    if answer.status == 403:
        raise NotPermitted(f"{call.what} answered 403: this client lacks the scope for it", credentials=False)
    if 300 <= answer.status < 400:
        raise Unavailable(f"{call.what} answered {answer.status}: redirects are not followed")
