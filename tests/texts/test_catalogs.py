"""The catalogs hold every text of the code, translated, and are what is compiled."""

from io import BytesIO
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

import syncd.texts
from syncd.domain.note import NoteKind
from syncd.texts import LANGUAGES
from syncd.texts.sentences import SENTENCES

HOME = Path(syncd.texts.__file__).parent
KEYWORDS = {"_": None, "gettext": None, "N_": None}


def po(language: str) -> Catalog:
    with (HOME / "locale" / language / "LC_MESSAGES" / "syncd.po").open("rb") as file:
        return read_po(file, locale=language)


def used() -> set[str]:
    return {str(message) for _, _, message, _, _ in extract_from_dir(HOME, [("**.py", "python")], keywords=KEYWORDS)}


def test_every_kind_of_note_has_its_sentences() -> None:
    assert set(SENTENCES) == set(NoteKind)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_text_of_the_code_is_translated_and_none_is_left_over(language: str) -> None:
    catalog = po(language)
    messages = [message for message in catalog if message.id]
    assert {str(message.id) for message in messages} == used()
    assert not catalog.obsolete
    assert not [message.id for message in messages if message.fuzzy or not message.string]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_names_the_same_values(language: str) -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}

    for message in po(language):
        if message.id:
            assert names(str(message.string)) == names(str(message.id)), message.id


def test_english_says_what_the_code_says() -> None:
    assert not [message.id for message in po("en") if message.id and message.string != message.id]


def texts(catalog: Catalog) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in catalog if message.id}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalog_is_the_one_that_people_edit(language: str) -> None:
    """To compile: pybabel compile -d syncd/texts/locale -D syncd"""
    compiled = BytesIO()
    write_mo(compiled, po(language))
    compiled.seek(0)
    with (HOME / "locale" / language / "LC_MESSAGES" / "syncd.mo").open("rb") as file:
        shipped = read_mo(file)
    assert texts(shipped) == texts(read_mo(compiled)) == texts(po(language))


def test_there_is_a_catalog_for_each_language_and_no_other() -> None:
    assert {path.name for path in (HOME / "locale").iterdir()} == set(LANGUAGES)
