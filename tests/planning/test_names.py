"""Names as people type them: how well they fit, and which of several is meant."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.planning.names import Fit, Meant, fit, meant


@pytest.mark.parametrize(
    ("typed", "name", "fits"),
    [
        ("Haircut", "haircut", Fit.EXACT),
        ("Łódź Ørsted", "lodz orsted", Fit.EXACT),
        ("Đuka’s kısa", "duka's kisa", Fit.EXACT),
        ("d`uka´s", "dukas", Fit.EXACT),
        ("Wash und go", "Wash & go", Fit.EXACT),
        # one slip of each kind, at the beginning and at the end
        ("Haircuts", "Haircut", Fit.CLOSE),
        ("Hircut", "Haircut", Fit.CLOSE),
        ("Hairkut", "Haircut", Fit.CLOSE),
        ("Hiarcut", "Haircut", Fit.CLOSE),
        ("Ahircut", "Haircut", Fit.CLOSE),
        ("Haircu", "Haircut", Fit.CLOSE),
        ("Hairctu", "Haircut", Fit.CLOSE),
        ("Wahs", "Wash", Fit.CLOSE),
        ("Long hiar – maessage", "Long hair: massage", Fit.CLOSE),
        # another letter in a short word is another word, and so is one more sign where each is a word
        ("Lash", "Wash", Fit.LOOSE),
        ("Wahs", "Wasp", Fit.NONE),
        ("Cold facial", "Gold facial", Fit.LOOSE),
        ("Waxing lips", "Waxing legs", Fit.LOOSE),
        ("Female massage", "Male massage", Fit.LOOSE),
        ("Massage A", "Massage B", Fit.LOOSE),
        ("Massage A", "Massage", Fit.LOOSE),
        ("Tsa massage", "Sat massage", Fit.LOOSE),
        ("女士剪发和染发", "男士剪发和染发", Fit.LOOSE),
        # two in one word make another, too
        ("Handpflege", "Hautpflege", Fit.LOOSE),
        ("Face 30x60 massages", "Face 30x90 massage", Fit.LOOSE),
        # two slips
        ("Hiarcutt", "Haircut", Fit.LOOSE),
        ("Hrcut", "Haircut", Fit.LOOSE),
        ("Slate", "Shave", Fit.LOOSE),
        ("Wave", "Wash", Fit.NONE),
        ("Hiarcoluor", "Haircolour", Fit.CLOSE),
        # three
        ("Slice", "Shave", Fit.NONE),
        ("Pedicure", "Manicure", Fit.LOOSE),
        # short names and figures are told apart by every sign
        ("Cup", "Cut", Fit.NONE),
        ("Cut 60", "Cut 30", Fit.LOOSE),
        ("Cut 6", "Cut 3", Fit.NONE),
        # a part of the words
        ("Damenschnitt", "Herrenschnitt", Fit.LOOSE),
        ("Colour", "Colour and highlights", Fit.LOOSE),
        ("Wash", "Wash & blow-dry", Fit.LOOSE),
        ("highlights and colour", "Colour and highlights", Fit.LOOSE),
        ("Washwhash", "Wash", Fit.NONE),
        ("and", "Colour and highlights", Fit.NONE),
        ("", "Haircut", Fit.NONE),
        ("", "", Fit.NONE),
    ],
)
def test_how_names_fit(typed: str, name: str, fits: Fit) -> None:
    assert fit(typed, name) is fits


def test_in_very_long_words_no_slip_is_forgiven_and_of_names_the_first_eighty_letters_are_compared() -> None:
    alike = "a" * 64
    assert fit(alike + "b" * 16, alike + "b" * 15) is Fit.CLOSE
    assert fit(alike + "b" * 17, alike + "b" * 16) is Fit.LOOSE
    assert fit(alike + "b" * 17, alike + "c" * 17) is Fit.LOOSE
    assert fit(alike + "b" * 50, alike + "c" * 50) is Fit.LOOSE


@settings(deadline=None)
@given(st.text(max_size=20), st.text(max_size=20))
def test_fitting_is_the_same_both_ways_where_it_books(one: str, other: str) -> None:
    """Which of two is typed does not matter for what is booked."""
    assert (fit(one, other) >= Fit.CLOSE) == (fit(other, one) >= Fit.CLOSE)
    assert fit(one, one) in (Fit.EXACT, Fit.NONE)


def test_the_best_fit_counts() -> None:
    names = {"a": "Haircut", "b": "Haircuts", "c": "Beard"}
    assert meant("haircuts", names).ids == ("b",)
    assert meant("haircutz", {"a": "Haircut1", "b": "Haircut2"}).fit is Fit.LOOSE
    assert meant("haircutt", names).ids == ("a", "b")
    assert meant("c", names).fit is Fit.EXACT
    assert meant("beard", names | {"beard": "Shave"}).ids == ("c",)
    assert meant("", names).fit is Fit.NONE
    assert meant("haircut", {}) == Meant(Fit.NONE)
