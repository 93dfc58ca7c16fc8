"""E-mail addresses in what people type: which are read, which were meant for one, and what is left without them."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.planning.addresses import addresses_in, is_address, without_addresses

MAIL = "dana@example.org"


@pytest.mark.parametrize(
    ("text", "found", "unreadable"),
    [
        ("", (), False),
        ("write to dana@example.org.", (MAIL,), False),
        ("dana@example.org: mornings only", (MAIL,), False),
        ("mail:*dana@example.org*", (MAIL,), False),
        ("„dana@example.org“; DANA@example.org", (MAIL,), False),
        ("**dana@example.org**, *_dana@example.org_*!", (MAIL,), False),
        ("_dana@example.org_.", (MAIL,), False),
        ("'dana@example.org' ’dana@example.org’", (MAIL,), False),
        ("<mailto:dana@example.org>", (MAIL,), False),
        ("dana@example.org/0170 1234567", (MAIL,), False),
        ("mail|dana@example.org|Dana", (), True),
        ("E-Mail:dana+salon@sub.example.co.uk!", ("dana+salon@sub.example.co.uk",), False),
        ("Xaver@example.org", ("Xaver@example.org",), False),
        ("jürgen@exämple.de", ("jürgen@exämple.de",), False),
        ("https://example.org/@dana https://u@example.org/", (), False),
        ("@dana at @salon", (), False),
        (".@dana, *@dana* and _@dana", (), False),
        ("@dana@social.example", (), False),
        ("a @ b", (), False),
        ("d@example", (), True),
        # what stands before it may be a part of it: cut off, it is somebody else's
        ("_dana@example.org", ("_dana@example.org",), False),
        ("__dana@example.org_", ("_dana@example.org",), False),
        ("-dana@example.org", (), True),
        ("-dana-@example.org", (), True),
        ("*dana@example.org", (), True),
        ("'dana@example.org", (), True),
        ("_*dana@example.org_", (), True),
        ("!dana@example.org!", (), True),
        (".dana@example.org", (), True),
        ("m/dana@example.org", (), True),
        ("dana@example.org/bob@example.org", (), True),
        ("dana@example.org insta/@dana_lee", ("dana@example.org",), False),
        ("dana@example.org|@dana", ("dana@example.org",), False),
        ("dana@example.org:bob@example.org", (MAIL, "bob@example.org"), False),
        ("dana@example.org@evil.example", (), True),
        ("dana@example..org", (), True),
        ("dana..lee@example.org", (), True),
        ("dana@example.https://example.org", (), True),
        ("dana@example.c", (), True),
        ("dana@-", (), True),
        (f"{'x' * 190}@example.org", (), True),
    ],
)
def test_what_is_an_address(text: str, found: tuple[str, ...], unreadable: bool) -> None:
    read = addresses_in(text)
    assert (read.found, read.unreadable) == (found, unreadable)


def test_an_address_has_a_greatest_length() -> None:
    longest = "x" * 188 + "@example.org"
    assert len(longest) == 200
    assert is_address(longest)
    assert not is_address("x" + longest)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"Xaver,  {MAIL};", "Xaver"),
        (f"Dana <MAILTO:{MAIL}> Lee", "Dana Lee"),
        (f'Dana ["{MAIL}"]', "Dana"),
        (f"{MAIL} {MAIL} Dana", "Dana"),
        (f"{MAIL} x{MAIL} Dana", "Dana"),
    ],
)
def test_without_its_addresses_the_rest_of_a_text_is_left(text: str, left: str) -> None:
    assert without_addresses(text) == left


@settings(deadline=None)
@given(st.lists(st.sampled_from([MAIL, *"_*'’-!?./|:+a ,<"]), max_size=8).map("".join))
def test_an_address_is_taken_whole_or_not_at_all(text: str) -> None:
    for found in addresses_in(text).found:
        assert re.search(rf"(?:^|[ :,<])[_*'’]*{re.escape(found)}(?![a-z@])", text)


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_looked_through(text: str) -> None:
    assert all(map(is_address, addresses_in(text).found))
    without_addresses(text)


@pytest.mark.parametrize("text", ["a" * 5_000_000, "a/" * 1_000_000 + "@x", "/" * 1_000_000 + "a@"])
def test_millions_of_letters_are_read_in_one_go(text: str) -> None:
    """A picture in an event's text, say: where each letter was tried as the first of a word, this took hours."""
    assert addresses_in(text).found == ()
