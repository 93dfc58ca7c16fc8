"""The note's overlay in an event: a mark that leads the title, a first line that begins with the mark.

It is stripped on every read, in every language: a daemon whose language was changed must still know its own notes.
"""

import re
from gettext import GNUTranslations

from syncd.texts.languages import LANGUAGES, catalog

MARK = "⚠ "

# apps add or drop the selector that asks for the coloured or the plain picture
_SIGN = "⚠[\ufe0e\ufe0f]?"


def _asks() -> list[str]:
    return [catalog(language).gettext("Cancel?") for language in LANGUAGES]


_ASK = f"(?:{'|'.join(map(re.escape, _asks()))})"
_MARKS = rf"(?:{_SIGN}\s*(?:{_ASK}\s*)?)+"
_LEADING = re.compile(rf"\s*{_MARKS}")
# an app writes a word of its own before what leads the title: "Canceled: " (Outlook)
_BEHIND_A_WORD = re.compile(rf"(?:[^⚠:]*:)?\s*({_MARKS})")
_ASKING = re.compile(rf"{_SIGN}\s*{_ASK}")
_NOTE_LINE = re.compile(rf"[^\S\n]*{_SIGN}[^\n]*(?:\n|\Z)")


def mark_of(language: GNUTranslations, *, asks: bool) -> str:
    """What leads the title of an event with a note."""
    return f"{MARK}{language.gettext('Cancel?')} " if asks else MARK


def strip_title(title: str) -> tuple[str, bool]:
    """The title without any leading marks, and whether there was one."""
    found = _LEADING.match(title)
    return (title[found.end() :], True) if found else (title, False)


def asks(title: str) -> bool | None:
    """Whether a mark that leads it asks "Cancel?", also behind what an app writes before that; None where none does."""
    found = _BEHIND_A_WORD.match(title)
    return None if found is None else _ASKING.search(found[1]) is not None


def strip_description(text: str) -> tuple[str, bool]:
    """The description without its first line, if that begins with the mark, and whether it did.

    One line and no more: a second one is a person's own.
    """
    found = _NOTE_LINE.match(text)
    return (text[found.end() :], True) if found else (text, False)
