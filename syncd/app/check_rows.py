"""The rows of `syncd check`."""

from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from syncd.domain.booking import Parked
from syncd.domain.errors import ConfigError, NotPermitted, RateLimited, StoreError, SyncdError, Unavailable
from syncd.engine.sides import EXIT_TROUBLE, exit_code_of

EXIT_CONFIG = 78
MOST_NAMED = 5

T = TypeVar("T")


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing looked at: what was found, what to do about it, and the exit code that it asks for.

    Of what a probe found `about` says what was tried, and `does` what syncd does about it by itself.
    """

    verdict: Verdict
    name: str
    what: str
    advice: str = ""
    code: int = 0
    about: str = ""
    does: str = ""


@dataclass(slots=True)
class Rows:
    """The rows so far."""

    all: list[Row] = field(default_factory=list)

    def ok(self, name: str, what: str) -> None:
        self.all.append(Row(Verdict.OK, name, what))

    def warn(self, name: str, what: str, advice: str = "") -> None:
        self.all.append(Row(Verdict.WARN, name, what, advice))

    def fail(self, name: str, what: str, advice: str, code: int = 1) -> None:
        self.all.append(Row(Verdict.FAIL, name, what, advice, code))

    def failed(self, name: str, error: SyncdError, advice: str) -> None:
        """A row for an error; `advice` counts where the error itself does not say what to do."""
        if isinstance(error, ConfigError):
            self.fail(name, str(error), "change it in the config", EXIT_CONFIG)
        elif isinstance(error, StoreError):
            self.fail(name, str(error), "", EXIT_TROUBLE if error.passes else EXIT_CONFIG)
        elif isinstance(error, RateLimited):
            self.fail(name, str(error), f"wait {error.retry_after:.0f} s, then check again", exit_code_of(error))
        elif isinstance(error, NotPermitted | Unavailable):
            self.fail(name, str(error), advice, exit_code_of(error))
        else:
            self.fail(name, str(error) or type(error).__name__, advice, exit_code_of(error))

    async def tried(self, name: str, call: Awaitable[T], advice: str) -> T | None:
        """What the call gives; None after a failed row."""
        try:
            return await call
        except SyncdError as error:
            self.failed(name, error, advice)
            return None

    def parked(self, name: str, items: Iterable[Parked]) -> None:
        """One row for items that could not be read, if there are any."""
        found = list(items)
        if found:
            told = "; ".join(f"{item.key}: {item.reason}" for item in found[:MOST_NAMED])
            more = f"; and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
            self.warn(
                name, f"{len(found)} cannot be read: {told}{more}", "they are left as they are; correct them in Zimun"
            )
