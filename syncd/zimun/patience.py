"""When to try again, and when to leave the API alone."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from syncd.domain.errors import RateLimited, Unavailable
from syncd.retry_after import retry_after
from syncd.zimun.exchange import Answer, Broken

ATTEMPTS = 3
# asked to wait no longer than this, a call waits by itself
_WAIT_IN_CALL = 20.0
_UNSTATED_WAIT = 30.0
_BACKOFF_BASE = 0.5
_BACKOFF_CAP = 8.0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Trail:
    """What is known of one request over all its attempts.

    `reached`: an attempt may have arrived, and its answer is not known. `accepted`: a 2xx came, its body did not.
    """

    reached: bool = False
    accepted: bool = False


class Patience:
    """Bounded retries with full jitter, and one waiting time that all calls to the API share."""

    def __init__(
        self,
        sleep: Callable[[float], Awaitable[None]],
        monotonic: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self._sleep = sleep
        self._monotonic = monotonic
        self._random = random
        self._not_before = -math.inf

    async def persist(self, what: str, send: Callable[[], Awaitable[Answer]], trail: Trail) -> Answer:
        """Send until a final answer comes, at most three times; waits in between.

        408, 429, 5xx and Broken are tried again. Raises RateLimited or Unavailable, or whatever else `send` raises.
        """
        fault = ""
        for attempt in range(1, ATTEMPTS + 1):
            await self._wait_for_leave(what)
            if attempt > 1:
                log.info("call.retried", call=what, fault=fault, attempt=attempt)
            asked: float | None = None
            try:
                answer = await send()
            except Broken as exc:
                fault = str(exc)
                trail.reached |= exc.reached
                trail.accepted |= exc.status is not None and 200 <= exc.status < 300
                if not exc.again:
                    break
            else:
                if answer.status not in (408, 429) and answer.status < 500:
                    return answer
                fault = f"answered {answer.status}"
                trail.reached |= answer.status != 429
                asked = self._heed(answer)
                if answer.status == 429 and attempt == ATTEMPTS:
                    raise RateLimited(f"{what}: {fault}", asked or _UNSTATED_WAIT)
            if attempt < ATTEMPTS and not asked:
                # full jitter: several daemons that failed together do not come back together
                await self._sleep(self._random() * min(_BACKOFF_CAP, _BACKOFF_BASE * 2**attempt))
        raise Unavailable(f"{what}: {fault}")

    async def pause(self, seconds: float) -> None:
        """Wait within an attempt."""
        await self._sleep(seconds)

    def _heed(self, answer: Answer) -> float | None:
        """The seconds that the answer asks to wait, from now on asked of every call."""
        if answer.status not in (429, 503):
            return None
        seconds = retry_after(answer.headers.get("retry-after", ""), answer.headers.get("date", ""))
        if seconds:
            self._not_before = max(self._not_before, self._monotonic() + seconds)
        return seconds

    async def _wait_for_leave(self, what: str) -> None:
        seconds = self._not_before - self._monotonic()
        if seconds > _WAIT_IN_CALL:
            raise RateLimited(f"{what}: the API asks to wait {math.ceil(seconds)} s", seconds)
        if seconds > 0:
            await self._sleep(seconds)
