"""What a calendar server does with what is written, as `syncd check --probe` saw it on a scratch event."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

VERSION = 1

SCRATCH = "syncd-probe-"
"""The UID and the last segment of the href of every scratch event begin so; nothing else does."""
SCRATCH_TITLE = "syncd tries this server and deletes this event again"


class Etag(StrEnum):
    """What a PUT answers with (RFC 9110 §8.8.1)."""

    STRONG = "strong"
    WEAK = "weak"
    NONE = "none"


class Rewrites(StrEnum):
    """What a GET gives after a PUT: the same letters; others that mean the same; something else."""

    NOTHING = "nothing"
    LETTERS = "letters"
    CONTENT = "content"


class Zone(StrEnum):
    """What became of DTSTART: zone name and instant kept; the instant alone; neither."""

    KEPT = "kept"
    INSTANT = "instant"
    CHANGED = "changed"


class Condition(StrEnum):
    """What a condition on a write does. REFUSED: also the true one is. UNTRIED: there was no strong ETag for it."""

    HONOURED = "honoured"
    IGNORED = "ignored"
    REFUSED = "refused"
    UNTRIED = "untried"


class Tokens(StrEnum):
    """What a sync token brings (RFC 6578): all that changed; only by a full listing; not all; there is none."""

    TOLD = "told"
    FULL = "full"
    SILENT = "silent"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Findings:
    """One probe of one calendar at the aware time `at`.

    `listing_lag` is in seconds, 0 where the event was listed at the first look, None where it was not within the
    probe's patience. `etag_changes`: a changed event has another ETag. `strange_token_refused` is None without sync
    tokens. `atomic`: of several writes at once under one ETag never more than one was accepted. `uid_reused`: a UID can
    be written again after its deletion. `schedules`: the server says that it mails attendees (RFC 6638 §2).
    """

    at: datetime
    etag: Etag
    etag_changes: bool
    rewrites: Rewrites
    zone: Zone
    unknown_properties: bool
    listing_lag: float | None
    created: Tokens
    deleted: Tokens
    strange_token_refused: bool | None
    if_match: Condition
    if_none_match: Condition
    delete_if_match: Condition
    atomic: bool
    uid_reused: bool
    schedules: bool
    version: int = VERSION

    @property
    def careful(self) -> bool:
        """Whether a condition is no protection there: each write looks right before and reads back after."""
        conditions = (self.if_match, self.if_none_match, self.delete_if_match)
        return Condition.IGNORED in conditions or not self.atomic

    def after(self, before: "Findings | None") -> "Findings":
        """What is to be kept: that two writers won once is not taken back by a later probe in which none did."""
        return self if before is None else replace(self, atomic=self.atomic and before.atomic)


@dataclass(frozen=True, slots=True)
class Scratch:
    """A scratch event that may stand in a calendar. Both times are aware: noted then, looked for not before."""

    calendar: str
    href: str
    since: datetime
    look_at: datetime


def is_scratch(uid: str) -> bool:
    """Whether that is the UID of a scratch event."""
    return uid.startswith(SCRATCH)
