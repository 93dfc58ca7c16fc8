"""Names of services and places as people type them: case, accents, blanks and small slips are forgiven."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "’": None, "'": None, "`": None, "´": None})
# "Wash & go" is "Wash and go"
_JOINING = frozenset({"and", "und"})
# shorter names are told apart by a single letter
_SHORTEST = 4
_LONGEST = 80
"""Slips are counted in so many letters, and forgiven in no longer word."""


class Fit(IntEnum):
    """How well a typed name fits a real one. LOOSE is worth a question, and not more."""

    NONE = 0
    LOOSE = 1
    CLOSE = 2
    EXACT = 3


@dataclass(frozen=True, slots=True)
class Meant:
    """Which of the names are meant, by their ids: those that fit best, all equally well."""

    fit: Fit
    ids: tuple[str, ...] = ()


def meant(typed: str, names: Mapping[str, str]) -> Meant:
    """Which of `names` (by id) are meant by what was typed: the name, the id, or as in "Haircut (s_2)"."""
    fits = {one: fit(typed, name) for one, name in names.items()}
    if Fit.EXACT not in fits.values():
        fits |= {one: Fit.EXACT for one, name in names.items() if _is_id(typed, one, name)}
    best = max(fits.values(), default=Fit.NONE)
    if best is Fit.NONE:
        return Meant(Fit.NONE)
    return Meant(best, tuple(sorted(one for one, found in fits.items() if found is best)))


def fit(typed: str, name: str) -> Fit:
    """How well these two fit.

    CLOSE: the same words, with slips within them (`_is_slip`), never in a figure: "Cut 30" is not "Cut 60", "Massage A"
    not "Massage B", and "Female massage" not "Male massage". LOOSE is two slips in five letters of the whole, or one
    where there are only four, or a part of the words.
    """
    words, real = _words(typed), _words(name)
    one, other = "".join(words), "".join(real)
    if one == other:
        return Fit.EXACT if one else Fit.NONE
    same_figures = _figures(one) == _figures(other)
    if same_figures and len(words) == len(real) and all(map(_is_slip, words, real)):
        return Fit.CLOSE
    shortest, slips = min(len(one), len(other)), _slips(one, other)
    few = shortest > _SHORTEST and 5 * slips <= 2 * shortest
    if few or _is_part(words, real) or (same_figures and shortest == _SHORTEST and slips == 1):
        return Fit.LOOSE
    return Fit.NONE


def _is_slip(one: str, other: str) -> bool:
    """Whether these are one word, of which one may be mistyped: what is booked by it must be no other service's.

    In five letters or more one may be too many, too few or wrong: "Handpflege" is two away from "Hautpflege". Letters
    in the wrong order make no other word: that may happen in four, and once more in each five. Where each sign is a
    word by itself none is forgiven.
    """
    if one == other:
        return True
    longest = max(len(one), len(other))
    if longest > _LONGEST or any(unicodedata.east_asian_width(sign) in "FW" for sign in one + other):
        return False
    slips = _slips(one, other)
    if sorted(one) == sorted(other):
        return longest >= _SHORTEST and slips <= max(1, longest // 5)
    return longest > _SHORTEST and slips == 1


def _is_id(typed: str, one: str, name: str) -> bool:
    return typed.strip().casefold() in (one.casefold(), f"{name} ({one})".casefold())


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    bare = "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold()
    return [word for word in re.findall(r"[^\W_]+", bare) if word not in _JOINING]


def _figures(text: str) -> list[str]:
    return [sign for sign in text if sign.isdigit()]


def _is_part(words: Sequence[str], real: Sequence[str]) -> bool:
    return set(words) <= set(real) and any(len(word) >= _SHORTEST for word in words)


def _slips(one: str, other: str) -> int:
    """How many slips lie between two words (optimal string alignment distance)."""
    one, other = one[:_LONGEST], other[:_LONGEST]
    before = last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
