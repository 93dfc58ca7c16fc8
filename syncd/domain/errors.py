"""Errors, classed by what the caller does next. Adapters translate a library's errors into these, once, at their rim.

Messages are shown to people and logged: they never carry secrets, nor names, addresses or titles of customers.
"""

from collections.abc import Sequence


class SyncdError(Exception):
    """The root of all that syncd raises on purpose."""


class ConfigError(SyncdError):
    """The config, or what belongs to it, is wrong: exit 78. `problems` names each fault with its key and what to do."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class SecretNotGiven(ConfigError):
    """The command for a secret gave none this time, and nothing else is wrong: worth another try, exit 75."""


class Unavailable(SyncdError):
    """That side cannot be read or reached now; it is unseen for this cycle."""


class RateLimited(Unavailable):
    """The remote side asks to wait: `retry_after` in seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OutcomeUnknown(Unavailable):
    """A write was sent and no answer came: it may or may not have happened. Look, do not repeat."""


class NotPermitted(SyncdError):
    """Credentials were refused, or do not cover this: stop that side, tell a person, do not hammer.

    `credentials` is True where the login itself was refused (exit 77), False where only this call is closed to us.
    """

    def __init__(self, message: str, *, credentials: bool) -> None:
        super().__init__(message)
        self.credentials = credentials


class CollectionGone(SyncdError):
    """The calendar itself answers 404 or 410. Nothing in it is believed deleted."""


class NoCalendar(CollectionGone):
    """What stands at the calendar's address is none: the account's home, or a folder. Nothing is written there."""


class PreconditionFailed(SyncdError):
    """Somebody wrote first (412, or a create onto an existing href): superseded, the next cycle decides afresh."""


class UidConflict(SyncdError):
    """The server refuses this UID: it stands at another href, or was used before."""


class Refused(SyncdError):
    """The remote side understood and said no (409, 422 and other 4xx).

    `reason` is its own words: untrusted, for a person to read.
    """

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class NotFound(SyncdError):
    """The one thing asked for is not there (404, 410)."""


class Malformed(SyncdError):
    """One item that cannot be read: it is parked under `key`."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class CursorExpired(SyncdError):
    """The sync token is not known any more (RFC 6578 §3.2): list everything."""


class StoreError(SyncdError):
    """The store cannot be used: damaged, of a newer version, or bound to another account. Says what to do.

    `passes`: it may be well again by itself or with some room made (a full disk, a lock), so it is worth another try.
    """

    def __init__(self, message: str, *, passes: bool = False) -> None:
        super().__init__(message)
        self.passes = passes


class StoreBusy(SyncdError):
    """Another process holds the store's lock."""
