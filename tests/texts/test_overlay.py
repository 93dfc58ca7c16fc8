"""Taking notes off again."""

import pytest

from syncd.texts import asks, strip_description, strip_title


@pytest.mark.parametrize(
    ("title", "kept", "noted"),
    [
        ("Haircut", "Haircut", False),
        ("", "", False),
        ("⚠ Haircut", "Haircut", True),
        ("⚠\ufe0f Haircut", "Haircut", True),
        ("⚠Haircut", "Haircut", True),
        ("⚠ Cancel? Haircut", "Haircut", True),
        ("⚠ Absagen? Haircut", "Haircut", True),
        ("⚠ ⚠\ufe0f Cancel? ⚠ Absagen? Haircut", "Haircut", True),
        ("  ⚠\xa0Haircut", "Haircut", True),
        ("⚠", "", True),
        ("Cancel? Haircut", "Cancel? Haircut", False),
        ("Haircut ⚠ bring gloves", "Haircut ⚠ bring gloves", False),
    ],
)
def test_every_leading_mark_of_every_language_goes(title: str, kept: str, noted: bool) -> None:
    assert strip_title(title) == (kept, noted)


@pytest.mark.parametrize(
    ("title", "asked"),
    [
        ("⚠ Cancel? Haircut", True),
        ("⚠\ufe0fAbsagen? Haircut", True),
        ("⚠ Cancel? ⚠ Haircut", True),
        ("Canceled: ⚠ Cancel? Haircut", True),
        ("⚠ Haircut", False),
        ("Canceled: ⚠ Haircut", False),
        ("⚠ Haircut Cancel?", False),
        ("⚠ Haircut – Dana ⚠ Cancel?", False),
        ("Haircut – Dana ⚠ Cancel?", None),
        ("Cancel? Haircut", None),
        ("Haircut", None),
        ("", None),
    ],
)
def test_a_question_is_told_from_other_marks(title: str, asked: bool | None) -> None:
    assert asks(title) is asked


@pytest.mark.parametrize(
    ("text", "kept", "noted"),
    [
        ("Haircut\nWith: Ana", "Haircut\nWith: Ana", False),
        ("⚠ moved\nHaircut", "Haircut", True),
        ("⚠\ufe0f one\n⚠ two\nHaircut\n⚠ mine", "⚠ two\nHaircut\n⚠ mine", True),
        ("⚠ alone", "", True),
        ("⚠ moved\n\nHaircut", "\nHaircut", True),
        (" ⚠ moved\nHaircut", "Haircut", True),
        ("Haircut\n⚠ mine", "Haircut\n⚠ mine", False),
        ("", "", False),
    ],
)
def test_only_the_first_line_goes_if_it_is_marked(text: str, kept: str, noted: bool) -> None:
    assert strip_description(text) == (kept, noted)
