"""What is fuzzed: for each target how an input is made from a seed, and what must hold of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

from tests.fuzz import (
    check_api,
    check_config,
    check_dav,
    check_ical,
    envelope,
    make_ical,
    make_json,
    make_toml,
    make_xml,
    mutate,
)

CORPUS = Path(__file__).parent / "corpus"
RECORDED = Path(__file__).parent.parent / "recorded"


@dataclass(frozen=True)
class Target:
    """`make` gives a new input, `words` are what mutation puts in; `share` is its part of all inputs.

    The slow ones get few inputs, and a fair part of the time.
    """

    name: str
    suffix: str
    share: int
    make: Callable[[Random], bytes]
    words: Sequence[bytes]
    checks: Sequence[Callable[[bytes], None]]

    def input(self, seed: int, number: int) -> bytes:
        """The input of that number, the same for ever."""
        return self.drawn(Random(f"{seed}/{self.name}/{number}"))

    def drawn(self, rng: Random) -> bytes:
        """An input made new, made and mutated, or mutated from the corpus."""
        kind = rng.random()
        if kind < 0.4:
            return self.make(rng)
        data = self.make(rng) if kind < 0.6 else rng.choice(corpus(self))[1]
        return mutate.mutated(rng, data, rng.choice(corpus(self))[1], self.words)

    def check(self, data: bytes) -> None:
        for check in self.checks:
            check(data)


def _api_answer(rng: Random) -> bytes:
    return envelope.packed(rng, make_json.answer(rng), rng.choice(check_api.CALLS), "application/json")


def _dav_answer(rng: Random) -> bytes:
    xml = rng.random() < 0.8
    body = make_xml.multistatus(rng) if xml else make_ical.object_of(rng)
    return envelope.packed(rng, body, "", "application/xml" if xml else "text/calendar")


def _zoned(rng: Random) -> bytes:
    return make_ical.object_of(rng, zones=True)


_ICAL = (check_ical.check, check_ical.round_trip)
TARGETS = {
    target.name: target
    for target in (
        Target("api", ".json", 44, make_json.answer, make_json.WORDS, (check_api.check_wire,)),
        Target("api-client", ".http", 1, _api_answer, make_json.WORDS, (check_api.check_client,)),
        Target("ical", ".ics", 3, make_ical.object_of, make_ical.WORDS, _ICAL),
        Target("zones", ".ics", 2, _zoned, make_ical.WORDS, _ICAL),
        Target("xml", ".xml", 47, make_xml.multistatus, make_xml.WORDS, (check_dav.check_multistatus,)),
        Target("dav-client", ".http", 1, _dav_answer, make_xml.WORDS, (check_dav.check_client,)),
        Target("config", ".toml", 2, make_toml.config, make_toml.WORDS, (check_config.check,)),
    )
}


@lru_cache
def corpus(target: Target) -> list[tuple[str, bytes]]:
    """The target's own inputs by name, and those that stand elsewhere in the tests."""
    files = sorted((CORPUS / target.name).glob(f"*{target.suffix}"))
    if target.suffix == ".ics":
        files += sorted(RECORDED.glob("*.ics"))
    if target.suffix == ".toml":
        files.append(Path(__file__).parent.parent.parent / "config.example.toml")
    return [(file.name, file.read_bytes()) for file in files] or [("empty", b"")]
