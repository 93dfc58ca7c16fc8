"""The access token: OAuth 2.0 client credentials (RFC 6749 §4.4), fetched once and kept until just before it lapses."""

import asyncio
import math
import re
from collections.abc import Callable

import httpx
import structlog

from syncd.domain.errors import NotPermitted, SyncdError, Unavailable
from syncd.zimun.exchange import Answer, Exchange
from syncd.zimun.patience import Patience, Trail

PATH = "/oauth/token"
_WHAT = f"POST {PATH}"
_UNSTATED_LIFE = 300.0
_LONGEST_LIFE = 86_400.0
_MARGIN_SECONDS = 30.0
_MARGIN_SHARE = 0.1
# RFC 6749 §A.12 without the blank. Anything else fits into no header, and the library's complaint would quote it
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")

log = structlog.get_logger(__name__)


class TokenSource:
    """Gives the token for a call. However many ask at once, one request is made. Its repr holds no secret."""

    def __init__(
        self,
        exchange: Exchange,
        patience: Patience,
        client_id: str,
        client_secret: str,
        monotonic: Callable[[], float],
    ) -> None:
        self._exchange = exchange
        self._patience = patience
        # the vendor's examples put both into Basic as they are, without the form encoding of RFC 6749 §2.3.1
        self._auth = httpx.BasicAuth(client_id, client_secret)
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._token = ""
        self._good_until = -math.inf
        self._rounds = 0
        self._failure: SyncdError | None = None

    async def get(self, refused: str = "") -> str:
        """A token, newly fetched where there is none, it is about to lapse, or it is the `refused` one.

        Raises NotPermitted with `credentials` where the API refuses the client, else Unavailable or RateLimited.
        """
        rounds = self._rounds
        async with self._lock:
            if self._token and self._token != refused and self._monotonic() < self._good_until:
                return self._token
            if self._rounds != rounds and self._failure is not None:
                # those who waited for a fetch that failed share its end: ten calls are not ten refused logins
                raise self._failure
            try:
                self._failure = None
                return await self._fetch()
            except SyncdError as exc:
                self._token = ""
                self._failure = exc
                raise
            finally:
                self._rounds += 1

    async def _fetch(self) -> str:
        asked_at = self._monotonic()
        answer = await self._patience.persist(_WHAT, self._ask, Trail())
        if answer.status in (400, 401, 403) and not (answer.html and answer.status != 401):
            raise NotPermitted(
                f"{_WHAT} answered {answer.status}: the client id or secret is refused", credentials=True
            )
        if not answer.ok:
            # HTML with 400 or 403 is a gateway's word, not the API's
            raise Unavailable(f"{_WHAT} answered {answer.status}")
        data = answer.data if isinstance(answer.data, dict) else {}
        token = data.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise Unavailable(f"{_WHAT}: no access_token in the answer")
        life = _life(data.get("expires_in"))
        self._token = token
        self._good_until = asked_at + life - min(_MARGIN_SECONDS, life * _MARGIN_SHARE)
        log.debug("token.fetched", life=life)
        return token

    async def _ask(self) -> Answer:
        return await self._exchange.send(
            "POST",
            PATH,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            content=b"grant_type=client_credentials",
            auth=self._auth,
        )


def _life(value: object) -> float:
    """`expires_in` in seconds (RFC 6749 §5.1); 300 where it is absent or no number."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        value = int(value)
    # not math.isnan: it raises for an integer of some hundreds of digits
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return _UNSTATED_LIFE
    return float(min(max(value, 0), _LONGEST_LIFE))
