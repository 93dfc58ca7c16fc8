"""What goes wrong in the calendar of open slots: for how long it is left alone, and how that is told."""

import json
from datetime import datetime, timedelta

import structlog

from syncd.domain.actions import Problem, ProblemKind
from syncd.domain.errors import CollectionGone, NotPermitted, RateLimited, Refused, SyncdError
from syncd.state.store import Store

log = structlog.get_logger(__name__)

PAUSE, LONG_PAUSE = timedelta(minutes=5), timedelta(hours=1)
# longer than a pause: those on whose account it was made must not be the first again when it ends
SET_ASIDE = 2 * LONG_PAUSE
NAME = "open slots"
MOST = 1_000
_TROUBLE, _REFUSED = "openings.trouble", "openings.refused"


class Setbacks:
    """Kept in the store: a new process does not begin again with what was refused just now."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def pause(self, error: SyncdError, now: datetime) -> None:
        """Leave the whole calendar alone for a while."""
        lasting = isinstance(error, NotPermitted | CollectionGone | Refused)
        wait = LONG_PAUSE if lasting else PAUSE
        if isinstance(error, RateLimited):
            wait = max(wait, timedelta(seconds=min(error.retry_after, LONG_PAUSE.total_seconds())))
        until = now + wait
        self._store.set_fact(_TROUBLE, json.dumps([until.isoformat(), str(error)]))
        log.warning("openings.paused", until=until.isoformat(), fault=str(error))

    def is_paused(self, now: datetime) -> bool:
        told = self._store.fact(_TROUBLE)
        # further away than any pause: the clock was set back meanwhile
        return bool(told) and now < datetime.fromisoformat(json.loads(told or "")[0]) <= now + LONG_PAUSE

    def over(self) -> None:
        """The calendar was read and written again."""
        if self._store.fact(_TROUBLE):
            self._store.set_fact(_TROUBLE, "")

    def refused(self, name: str, error: SyncdError, now: datetime) -> None:
        """The server will not have this one event changed: the others go on, and it is tried again in two hours."""
        known = {**self._refusals(now), name: now}
        kept = sorted(known.items(), key=lambda item: item[1])[-MOST:]
        self._store.set_fact(_REFUSED, json.dumps({name: at.isoformat() for name, at in kept}))
        log.warning("opening.refused", fault=str(error))

    def is_refused(self, now: datetime) -> frozenset[str]:
        """The names that were refused within the last two hours."""
        return frozenset(self._refusals(now))

    def problems(self, now: datetime) -> tuple[Problem, ...]:
        """What stands still on account of this."""
        told, refused = self._store.fact(_TROUBLE), self._refusals(now)
        texts = [f"their calendar is not kept up to date: {json.loads(told)[1]}"] if told else []
        if refused:
            texts.append(
                f"the calendar server refuses {len(refused)} of them: tried again every two hours; the log says why"
            )
        return tuple(Problem(ProblemKind.PARKED, NAME, text) for text in texts)

    def _refusals(self, now: datetime) -> dict[str, datetime]:
        told = self._store.fact(_REFUSED)
        if not told:
            return {}
        known = {name: datetime.fromisoformat(at) for name, at in json.loads(told).items()}
        return {name: at for name, at in known.items() if timedelta(0) <= now - at < SET_ASIDE}
