"""Idempotency keys: the same key again answers as the first call did."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from syncd.sandbox.model import Invalid

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it went out: the HTTP status and the JSON body's bytes."""

    status: int
    body: bytes


class IdempotencyKeys:
    """What was answered under which key. A record is kept for `KEPT_FOR`; `now` is aware."""

    def __init__(self) -> None:
        self._records: dict[str, tuple[datetime, str, Reply]] = {}

    def recall(self, key: str, request: str, now: datetime) -> Reply | None:
        """The first answer under this key, or None for a new key.

        `request` stands for the call's path and body; raises `Invalid` where the key belongs to another one.
        """
        self._records = {each: record for each, record in self._records.items() if now - record[0] < KEPT_FOR}
        record = self._records.get(key)
        if record is None:
            return None
        _, first, reply = record
        if first != request:
            raise Invalid("idempotency_key_reused", "This Idempotency-Key was used for another request.")
        return reply

    def remember(self, key: str, request: str, reply: Reply, now: datetime) -> None:
        """Keep the answer; to be called right after the effect, with nothing awaited in between."""
        self._records[key] = (now, request, reply)
