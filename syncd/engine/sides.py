"""What a cycle works with, and how each side fared in it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from syncd.domain.booking import Catalog
from syncd.domain.errors import (
    CollectionGone,
    ConfigError,
    NoCalendar,
    NotPermitted,
    RateLimited,
    SyncdError,
    Unavailable,
)
from syncd.planning.planner import OWN_FAULT
from syncd.planning.snapshot import Policy
from syncd.ports import AccountPort, BookingPort, CalendarPort, Clock
from syncd.state.store import Store
from syncd.texts.words import Words

ZIMUN = "zimun"

AHEAD = timedelta(days=60)
"""As far as cycles list by default (`future_days`)."""

GIVE_UP_AFTER = 3
"""So many failures of one side one after the other, and it is left alone until the next cycle."""

EXIT_DONE, EXIT_TROUBLE, EXIT_DOWN, EXIT_CREDENTIALS, EXIT_CONFIG = 0, 1, 75, 77, 78


@dataclass(frozen=True, slots=True)
class Managed:
    """The managed calendars by URL, and the policy whose routes name them.

    `openings` is the calendar of open slots, if there is one: never a managed one, for it holds no bookings.
    """

    calendars: Mapping[str, CalendarPort]
    policy: Policy
    openings: CalendarPort | None = None


@dataclass(slots=True)
class Sides:
    """Both sides, the store and the clock. `managed` finds the calendars, which may need the server: raises as a port.

    `far_every`: how often the days beyond the next week are listed. `catalog` is kept between cycles of one process,
    and `list_closed`: whether Zimun's list of bookings is closed to this client. `open_days`: for how many days after
    today open slots are asked for; None: nothing publishes them. `every`: how often there is a cycle. `ahead`: how far
    a look for one booking among all lists.
    """

    bookings: BookingPort
    account: AccountPort
    managed: Callable[[], Awaitable[Managed]]
    words: Words
    store: Store
    clock: Clock
    far_every: timedelta = timedelta(0)
    catalog: Catalog | None = None
    catalog_age: int = 0
    list_closed: bool = False
    open_days: int | None = None
    every: timedelta = timedelta(minutes=1)
    ahead: timedelta = AHEAD


@dataclass(slots=True)
class Health:
    """How each side fared: `faults` by side, and the worst exit code of each; the worst of all, and how many seconds a
    side asks us to stay away; `limited` are those that did.

    `whole` are the sides with a fault that is not of one event alone.
    """

    faults: dict[str, str] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    codes: dict[str, int] = field(default_factory=dict)
    exit_code: int = EXIT_DONE
    retry_after: float = 0.0
    limited: set[str] = field(default_factory=set)

    def failed(self, side: str, error: SyncdError, *, of_one: bool = False) -> None:
        """Remember that a side, or a part of it, could not be used; the worst word about it stays.

        `of_one`: that was about one event, and says nothing of the others yet.
        """
        self.faults.setdefault(side, str(error))
        if not of_one:
            self.whole.add(side)
        if isinstance(error, RateLimited):
            self.retry_after = max(self.retry_after, error.retry_after)
            self.limited.add(side)
        code = exit_code_of(error)
        self.codes[side] = max(self.codes.get(side, EXIT_DONE), code)
        self.exit_code = max(self.exit_code, code)

    def is_down(self, side: str) -> bool:
        """Whether nothing more is to be done there in this cycle: a fault of one event says nothing of the others."""
        return side in self.whole

    def broken(self, side: str, error: Exception) -> None:
        """The same for a fault of syncd's own. Only its name is told, for its text may hold a customer's data."""
        self.failed(side, SyncdError(f"{OWN_FAULT}: {type(error).__name__}"), of_one=True)


def exit_code_of(error: SyncdError) -> int:
    """The exit code that one error asks for."""
    match error:
        case NotPermitted(credentials=True):
            return EXIT_CREDENTIALS
        case NoCalendar() | ConfigError():
            # before what NoCalendar is one of
            return EXIT_CONFIG
        case CollectionGone():
            return EXIT_TROUBLE
        case Unavailable():
            return EXIT_DOWN
        case _:
            return EXIT_TROUBLE
