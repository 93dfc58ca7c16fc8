"""Texts from outside, made fit for an event: a customer's name must not be able to redraw a terminal or fake a note."""

import re

# terminal escapes whole (CSI, OSC, two-letter ones): without their ESC the rest would stay as litter
_TERMINAL = re.compile(
    "\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[ -/]*[0-~])?|\x9b[0-?]*[ -/]*[@-~]"
)
_BREAK = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# controls; marks that turn the direction of text around; half surrogates and noncharacters, which XML cannot carry
_UNFIT = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\uffff"
    "\ud800-\udfff\ufdd0-\ufdef\U000e0001]"
)
_NOTE_SIGN = re.compile("(?:\\s*⚠[\ufe0e\ufe0f]?)+\\s*")


def line(text: str, limit: int) -> str:
    """The text as one clean line of at most `limit` characters; "…" ends what was cut."""
    return _cut(" ".join(_fit(text).split()), limit)


def lines(text: str, limit: int, most: int) -> list[str]:
    """The text's clean lines without the empty ones: at most `most`, of at most `limit` characters altogether."""
    kept: list[str] = []
    room = limit
    for part in _fit(text).split("\n"):
        clean = _unmarked(" ".join(part.split()))
        if not clean:
            continue
        if len(kept) == most or room < 1:
            kept[-1] = _cut(kept[-1] + " …", max(len(kept[-1]), 1))
            break
        kept.append(_cut(clean, room))
        room -= len(kept[-1]) + 1
    return kept


def _fit(text: str) -> str:
    return _unmarked(_UNFIT.sub("", _BREAK.sub("\n", _TERMINAL.sub("", text))))


def _unmarked(text: str) -> str:
    found = _NOTE_SIGN.match(text)
    return text[found.end() :] if found else text


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
