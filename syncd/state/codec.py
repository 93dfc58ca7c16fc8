"""Domain values to JSON and back, exactly. A field that a value gained since is filled with its default."""

from collections.abc import Iterable
from typing import Annotated, Generic, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from syncd.domain.actions import Effect
from syncd.domain.availability import OpenDay
from syncd.domain.booking import Catalog
from syncd.domain.candidate import Candidate
from syncd.domain.errors import StoreError
from syncd.domain.event import Observation
from syncd.domain.findings import Findings, Scratch
from syncd.domain.ids import BookingId
from syncd.domain.link import Link
from syncd.domain.opening import Opening
from syncd.domain.request import Known, Reply, Wanted

T = TypeVar("T")


WRITTEN = 500
"""How many texts a codec remembers the values of. Most of what a cycle reads back it wrote itself a moment ago."""


class Codec(Generic[T]):
    """Turns one type of value into JSON and back: what `load` gives equals what `dump` got, times as instants."""

    def __init__(self, adapter: TypeAdapter[T], noun: str) -> None:
        self._adapter = adapter
        self._noun = noun
        self._written: dict[str, T] = {}

    def dump(self, value: T) -> str:
        """The value as JSON.

        Raises ValueError for what would not come back: a field of another type than declared (a mapping is a dict), or
        a text that is no Unicode (a lone surrogate).
        """
        try:
            text = self._adapter.dump_json(value, warnings="error").decode()
            if len(self._written) >= WRITTEN:
                self._written.clear()
            self._written[text] = value
            return text
        except PydanticSerializationError:
            pass
        # Outside the handler on purpose, here and below: the original shows values, and they are customers' data.
        raise ValueError(f"a {self._noun} cannot be written as JSON: a field has a wrong type, or a text is no Unicode")

    def forget(self) -> None:
        """Decode whatever is read next, as a new process does."""
        self._written.clear()

    def load(self, text: str) -> T:
        """The value in that JSON. Raises StoreError where it is none."""
        try:
            return self._written[text] if text in self._written else self._adapter.validate_json(text)
        except ValidationError as exc:
            place = ".".join(str(part) for part in exc.errors(include_input=False)[0]["loc"])
        raise StoreError(
            f"the database holds a {self._noun} that cannot be read (at {place or 'its root'}): "
            "restore a backup, or move the file away: syncd rebuilds it from both sides"
        )


class Kept(Generic[T]):
    """The values of a table's rows, each decoded again only when its text is another one.

    It is keyed by the text alone, so it does not matter who wrote it: this process, another one, or a restored backup.
    What one reading of all rows does not find any more is let go.
    """

    def __init__(self, codec: Codec[T]) -> None:
        self._codec = codec
        self._texts: list[str] = []
        self._values: list[T] = []

    def load_all(self, texts: Iterable[str]) -> list[T]:
        """The values of all rows, in their order."""
        rows = list(texts)
        # most readings find what the last one did: to compare costs less than to hash each text
        if rows != self._texts:
            known = dict(zip(self._texts, self._values, strict=True))
            self._values = [known[text] if text in known else self._codec.load(text) for text in rows]
            self._texts = rows
        return self._values.copy()


LINK = Codec(TypeAdapter(Link), "link")
OBSERVATION = Codec(TypeAdapter(Observation), "observation")
EFFECT: Codec[Effect] = Codec(TypeAdapter(Annotated[Effect, Field(discriminator="kind")]), "intent")
BOOKING_IDS = Codec(TypeAdapter(tuple[BookingId, ...]), "list of bookings")
WANTED: Codec[Wanted] = Codec(TypeAdapter(Annotated[Wanted, Field(discriminator="kind")]), "request")
REPLY = Codec(TypeAdapter(Reply), "reply")
KNOWN = Codec(TypeAdapter(Known), "known booking")
CANDIDATE = Codec(TypeAdapter(Candidate), "candidate")
CATALOG = Codec(TypeAdapter(Catalog), "list of places and services")
OPEN_DAY = Codec(TypeAdapter(OpenDay), "day's open slots")
OPENING = Codec(TypeAdapter(Opening), "slot's event")
FINDINGS = Codec(TypeAdapter(Findings), "probe's findings")
SCRATCHES = Codec(TypeAdapter(tuple[Scratch, ...]), "list of scratch events")
