"""What becomes of texts from outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.texts import clean


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Dana\x1b[31m Lee\x1b[0m", "Dana Lee"),
        ("\x1b]0;owned\x07Dana", "Dana"),
        ("\x9b2JDana", "Dana"),
        ("Dana\0 Lee\x7f\x85x", "Dana Lee x"),
        ("a\u202eb\u2066c\u200fd\ufeff", "abcd"),
        ("one\r\ntwo\u2028three\u2029four\vfive", "one two three four five"),
        ("half \ud83d pair", "half pair"),
        ("  a \t b  ", "a b"),
        ("⚠ Cancel? me", "Cancel? me"),
        ("⚠\ufe0f⚠  twice", "twice"),
        ("\u202e⚠ hidden", "hidden"),
        ("a ⚠ within", "a ⚠ within"),
        ("Zoë 👩‍🔧 שלום", "Zoë 👩‍🔧 שלום"),
    ],
)
def test_a_line_is_made_fit(text: str, kept: str) -> None:
    assert clean.line(text, 200) == kept


def test_a_line_is_cut_with_an_ellipsis() -> None:
    assert clean.line("x" * 201, 200) == "x" * 199 + "…"
    assert clean.line("x" * 200, 200) == "x" * 200


def test_lines_lose_blanks_marks_and_all_that_is_too_much() -> None:
    assert clean.lines("a\n\n  \n⚠ b\r\nc\u2028d", 100, 10) == ["a", "b", "c", "d"]
    many = clean.lines("\n".join(map(str, range(100))), 4000, 60)
    assert len(many) == 60
    assert many[-1].endswith("…")
    long = clean.lines("y" * 5000, 4000, 60)
    assert [len(line) for line in long] == [4000]
    assert long[0].endswith("…")


@given(st.text(), st.integers(1, 50), st.integers(1, 5))
def test_no_text_breaks_its_limits_or_forges_a_note(text: str, limit: int, most: int) -> None:
    one = clean.line(text, limit)
    assert len(one) <= limit
    several = clean.lines(text, limit, most)
    assert len(several) <= most
    assert len("\n".join(several)) <= limit
    for line in (one, *several):
        assert len(line.splitlines()) <= 1
        assert not line.startswith("⚠")
        assert line == line.strip()
        line.encode()
