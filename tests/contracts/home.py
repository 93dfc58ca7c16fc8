"""What a contract test is given of a calendar server, real or fake: ports to it, and people's hands on it."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from syncd.ports import AccountPort, CalendarPort


class Etags(Enum):
    STRONG = auto()
    WEAK = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True)
class Traits:
    """In what a server may differ from others and still keep the contract.

    `tokens`: it has sync tokens. `restates`: what it stores is another version than what was sent. `revives`: it takes
    a UID again that was deleted. `shares`: it takes one UID in two calendars. `twins`: and at two hrefs of one.
    `tidy`: it takes no event that cannot be read. `vouches`: it refuses a token that it does not know. `atomic`: of two
    writes with one If-Match only one is done.
    """

    etags: Etags = Etags.STRONG
    tokens: bool = True
    restates: bool = False
    revives: bool = True
    shares: bool = True
    twins: bool = False
    tidy: bool = False
    vouches: bool = True
    atomic: bool = True


class Trouble(Enum):
    """What happens to syncd's requests from now on."""

    NONE = auto()
    WRITES_LOST = auto()
    """A write does not arrive, and the connection is cut."""
    ANSWERS_LOST = auto()
    """A write is done, and the connection is cut without a byte."""
    READS_LOST = auto()
    """A read is cut off."""
    DOWN = auto()
    """Every request is answered 503."""
    LIMITED = auto()
    """Every request is answered 429, with Retry-After: 30."""
    LOGIN = auto()
    """Every request is answered 401."""
    FORBIDDEN = auto()
    """Every request is answered 403, without a reason."""


class Texts(Protocol):
    """Calendar objects as other apps write them, free of all our code. Only these know what a text says."""

    def foreign(self, uid: str) -> str:
        """Somebody's own event."""
        ...

    def ours(self, booking_id: str, uid: str) -> str:
        """An event that names a booking, under that UID."""
        ...

    def copied(self, booking_id: str, uid: str) -> str:
        """What is left of a booking's event once an app has carried it elsewhere: the line that names the booking."""
        ...

    def retitled(self, data: str, title: str) -> str: ...

    def coloured(self, data: str) -> str:
        """The event with something in it that syncd knows nothing of."""
        ...

    def is_coloured(self, data: str) -> bool: ...

    def cancelled(self, data: str) -> str:
        """The event marked as cancelled."""
        ...

    def repeated(self, data: str) -> str:
        """The event every day from then on."""
        ...

    def timed(self, data: str, value: str, tzid: str) -> str:
        """The event beginning at these letters (RFC 5545 §3.3.5)."""
        ...

    def damaged(self, data: str) -> str:
        """The object without any event in it; whose it is can still be told."""
        ...

    def unreadable(self, data: str) -> str:
        """The event so that nobody can say when it is."""
        ...


class Home(Protocol):
    """One account on one server. Texts given to `put` come from `texts`, or from a port."""

    @property
    def traits(self) -> Traits: ...

    @property
    def texts(self) -> Texts: ...

    @property
    def account(self) -> AccountPort: ...

    async def managed(self, number: int = 0) -> CalendarPort:
        """A calendar that syncd keeps, empty at first; another one for another number (0 or 1)."""
        ...

    async def private(self) -> str:
        """The URL of a calendar that syncd does not keep, empty at first."""
        ...

    async def missing(self) -> CalendarPort:
        """A calendar that syncd shall keep, and that is not there any more."""
        ...

    def put(self, url: str, name: str, data: str) -> None:
        """A person's app stores an object in the calendar at that URL, whatever is there."""
        ...

    def delete(self, url: str, name: str) -> None: ...

    def rebuild(self, url: str) -> None:
        """The calendar is deleted and made anew, empty."""
        ...

    def close(self, url: str) -> None:
        """That calendar cannot be read from now on."""
        ...

    def withhold(self, href: str, *, withheld: bool = True) -> None:
        """That object of a managed calendar is listed, and not given from now on; or given again."""
        ...

    def trouble(self, trouble: Trouble) -> None: ...
