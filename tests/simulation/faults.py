"""What can go wrong with a call, where syncd can be killed, and when it is whose turn."""

from collections import Counter

from syncd.domain.errors import (
    CollectionGone,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    PreconditionFailed,
    RateLimited,
    Refused,
    UidConflict,
    Unavailable,
)

READ_FAULTS = ("down", "lost", "limited", "login")
APPLY = {
    "managed": ("down",),
    "catalog": READ_FAULTS,
    "bookings": (*READ_FAULTS, "forbidden", "empty", "partial", "stale", "malformed"),
    "booking": (*READ_FAULTS, "forbidden", "absent", "stale", "malformed"),
    "slots": (*READ_FAULTS, "forbidden", "refused", "empty", "partial"),
    "changes": (*READ_FAULTS, "forbidden", "gone", "expired", "empty", "partial"),
    "fetch": (*READ_FAULTS, "gone"),
    "get": (*READ_FAULTS, "gone"),
    "find": READ_FAULTS,
    "reschedule": (*READ_FAULTS, "unsure", "late", "forbidden", "refused", "absent", "bug"),
    "cancel": (*READ_FAULTS, "unsure", "late", "forbidden", "refused", "absent", "bug"),
    "create": (*READ_FAULTS, "unsure", "forbidden", "refused", "precondition", "uid", "gone", "bug"),
    "replace": (*READ_FAULTS, "unsure", "forbidden", "refused", "precondition", "gone", "bug"),
    "remove": (*READ_FAULTS, "unsure", "forbidden", "refused", "precondition", "gone", "bug"),
}
"""Which faults each call of a port can have."""
BY_HAND = dict.fromkeys(("hold", "confirm"), (*READ_FAULTS, "unsure", "late", "forbidden", "refused", "absent", "bug"))
BY_HAND["read"] = APPLY["fetch"]
"""Those of calls that no history makes yet: the contracts alone do."""

TRANSACTIONS = (
    "begin_cycle", "end_cycle", "remember_clock", "set_fact", "observe", "forget_cursor", "journal", "record", "drop",
    "answer",
)  # fmt: skip
KILLS = tuple(f"{when} {method}" for method in APPLY for when in ("before", "sent", "done")) + tuple(
    f"{when} the commit of {name}" for name in TRANSACTIONS for when in ("before", "after")
)
"""Where the process can be killed: around each call of a port, and around the end of each transaction."""


class Faults:
    """The faults to come: of this cycle by the number of the call, and aimed ones, which wait for a call of theirs."""

    def __init__(self, reached: Counter[str]) -> None:
        self.now: set[str] = set()
        """Those that happened in this cycle."""
        self._numbered: list[tuple[int, str]] = []
        self._aimed: list[tuple[str, str]] = []
        self._reached = reached

    def cycle_begins(self, faults: tuple[tuple[int | str, str], ...]) -> None:
        self.now = set()
        self._numbered = [(at, kind) for at, kind in faults if isinstance(at, int)]
        self._aimed += [(at, kind) for at, kind in faults if isinstance(at, str)]

    def end(self) -> None:
        """The trouble ends: what was aimed and met nothing is called off."""
        self._aimed.clear()

    def due(self, number: int, method: str) -> str:
        """The first fault whose turn has come and that fits this call; "" for none."""
        for at, kind in self._numbered:
            if at <= number and kind in (APPLY if method in APPLY else BY_HAND)[method]:
                self._numbered.remove((at, kind))
                return self._happens(kind, method)
        for aim, kind in self._aimed:
            if aim == method:
                self._aimed.remove((aim, kind))
                return self._happens(kind, method)
        return ""

    def _happens(self, kind: str, method: str) -> str:
        self._reached[f"fault: {kind} in {method}"] += 1
        self.now.add(kind)
        return kind


def strike(fault: str, *, writes: bool) -> None:
    """Raise what a call raises that never got to its effect. The other faults come with the effect, or after it."""
    match fault:
        case "down":
            raise Unavailable("it cannot be reached")
        case "unsure":
            raise OutcomeUnknown("no answer came")
        case "limited":
            raise RateLimited("it asks to wait", 30.0)
        case "forbidden":
            raise NotPermitted("answered 403", credentials=False)
        case "login":
            raise NotPermitted("answered 401", credentials=True)
        case "refused":
            raise Refused("answered 422", "no, says qzx")
        case "precondition":
            raise PreconditionFailed("answered 412")
        case "uid":
            raise UidConflict("no-uid-conflict")
        case "gone":
            raise CollectionGone("the calendar is not there any more")
        case "bug":
            raise RuntimeError("a fault of its own")
        case "absent" if writes:
            raise NotFound("answered 404")
