"""Inputs made from other inputs: bytes and lines taken out, doubled, swapped, mixed and replaced by words that hurt."""

import re
from collections.abc import Sequence
from random import Random

# an input longer than this costs more time than it finds; the few big ones are made on purpose
LONGEST = 30_000

_DIGIT = re.compile(rb"[0-9]")
ODD = (
    b"\x00",
    b"\xff",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xa8",
    b"\xc2\x85",
    b"\x0b",
    b"\x1b[31m",
    b"\r",
    b"\n",
    b"\r\n ",
    b"\n\t",
    b"\\",
    b'"',
    b":",
    b";",
    b",",
    b"%",
    b"%00",
    b"-1",
    b"0",
    b"99999999999999999999",
    b"\xe2\x9a\xa0\xef\xb8\x8f ",
    b"\xf0\x9f\x92\x87",
)


def mutated(rng: Random, data: bytes, other: bytes, words: Sequence[bytes]) -> bytes:
    """The data after one to eight changes; `other` is mixed in now and then, `words` are the format's own."""
    for _ in range(rng.choice((1, 1, 2, 3, 5, 8))):
        data = rng.choice(_CHANGES)(rng, data, other, words)[:LONGEST]
    return data


def _span(rng: Random, data: bytes, longest: int = 64) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.randint(0, longest))


def _cut(rng: Random, data: bytes, other: bytes, words: Sequence[bytes]) -> bytes:
    start, end = _span(rng, data)
    return data[:start] + data[end:]


def _double(rng: Random, data: bytes, other: bytes, words: Sequence[bytes]) -> bytes:
    start, end = _span(rng, data)
    return data[:end] + data[start:end] * rng.choice((1, 1, 2, 9, 200)) + data[end:]


def _flip(rng: Random, data: bytes, other: bytes, words: Sequence[bytes]) -> bytes:
    if not data:
        return data
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]


def _put(rng: Random, data: bytes, other: bytes, words: Sequence[bytes]) -> bytes:
    start, end = _span(rng, data, rng.choice((0, 0, 8)))
    return data[:start] + rng.choice(words if rng.random() < 0.6 else ODD) + data[end:]


def _lines(rng: Random, data: bytes, other: bytes, words: Sequence[bytes]) -> bytes:
    rows = data.splitlines(keepends=True)
    if not rows:
        return data
    one, two = rng.randrange(len(rows)), rng.randrange(len(rows))
    match rng.randrange(4):
        case 0:
            del rows[one]
        case 1:
            rows.insert(two, rows[one])
        case 2:
            rows[one], rows[two] = rows[two], rows[one]
        case _:
            theirs = other.splitlines(keepends=True) or [b""]
            rows.insert(one, rng.choice(theirs))
    return b"".join(rows)


def _splice(rng: Random, data: bytes, other: bytes, words: Sequence[bytes]) -> bytes:
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def _digits(rng: Random, data: bytes, other: bytes, words: Sequence[bytes]) -> bytes:
    """Another number where one stands: times, lengths and offsets are made of them."""
    found = _DIGIT.search(data, rng.randrange(len(data) + 1)) or _DIGIT.search(data)
    if found is None:
        return data
    at = found.start()
    return data[:at] + rng.choice((b"0", b"9", b"6", b"00", b"", b"-", b"\xd9\xa3")) + data[at + 1 :]


_CHANGES = (_cut, _double, _flip, _put, _put, _lines, _lines, _splice, _digits)
