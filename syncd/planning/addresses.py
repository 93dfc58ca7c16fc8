"""E-mail addresses in what people type into an event. An address that is read wrong books a stranger."""

import re
from dataclasses import dataclass

LONGEST = 200

# from the first letter of a word on, and not from each: an event may hold a picture of millions
_URL = re.compile(r"(?<!\w)\w{1,40}://\S*")
# what can stand around an address without being a part of it; and what only behind it, for before it may be one
_BETWEEN = re.compile(r"[\s<>()\[\]{}\"“”„«»,:;\\]+")
_BESIDE = re.compile(r"[|/]")
# no address ends with one of these, but some begin so: before it, those in pairs are taken off where they pair
_BEHIND = ".!?'’*_-"
_PAIRED = "'’*_"
_ADDRESS = re.compile(r"(?![.!?'*-])[\w.!#$%&'*+=?^`{}~-]+@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Addresses:
    """What was found: each address once, as it was first written; and whether something else was meant for one."""

    found: tuple[str, ...] = ()
    unreadable: bool = False


def addresses_in(*texts: str) -> Addresses:
    """Every e-mail address in these texts. Equal but for case is the same.

    Unreadable is what has a sign for "at" in it with something before: `dana@`, `dana@example`, `a@b@example.org`, and
    what may be more than the address, as in `mail/dana@example.org` or `-dana@example.org`. What only begins with the
    sign is somebody's name elsewhere (`@salon`), and an address of a web page is none.
    """
    found: dict[str, str] = {}
    unreadable = False
    for text in texts:
        for word in _words(text):
            if is_address(word):
                found.setdefault(word.casefold(), word)
            elif word.lstrip(_BEHIND).find("@") > 0:
                unreadable = True
    return Addresses(tuple(found.values()), unreadable)


def without_addresses(text: str) -> str:
    """The text without its e-mail addresses, the brackets around them, and what they left behind."""
    for word in _words(text):
        if is_address(word):
            text = re.sub(
                rf"[<(\[\"]*\s*(?:mailto:)?{re.escape(word)}\s*[>)\]\"]*", " ", text, count=1, flags=re.IGNORECASE
            )
    return " ".join(text.split()).strip(" ,;")


def is_address(word: str) -> bool:
    return len(word) <= LONGEST and word.isprintable() and ".." not in word and bool(_ADDRESS.fullmatch(word))


def _words(text: str) -> list[str]:
    """The words with a sign for "at", freed of what stands around them."""
    words = (word for word in _BETWEEN.split(_URL.sub(" ", text)) if "@" in word)
    return [bare for word in words for one in _apart(word) if "@" in (bare := _bare(one))]


def _apart(word: str) -> list[str]:
    """What stands before a slash that leads up to an address may be a part of it; what stands behind one is not."""
    pieces = _BESIDE.split(word)
    named = [piece for piece in pieces if piece.lstrip(_BEHIND).find("@") > 0]
    return named if named in ([], pieces[:1]) else [word]


def _bare(word: str) -> str:
    """Without the marks behind it, and before it without those that pair with them: `'x'.`, `*x*`, `_x_`."""
    bare = word.rstrip(_BEHIND)
    behind = word[len(bare) :]
    while bare and bare[0] in _PAIRED and bare[0] in behind:
        behind = behind.replace(bare[0], "", 1)
        bare = bare[1:]
    return bare
