"""The catalogs: English is the text in the code, the others are under `locale`."""

from functools import cache
from gettext import GNUTranslations
from pathlib import Path

LANGUAGES = ("en", "de")

_LOCALE = Path(__file__).parent / "locale"


@cache
def catalog(language: str) -> GNUTranslations:
    """The texts of one of LANGUAGES. Raises KeyError for any other."""
    if language not in LANGUAGES:
        raise KeyError(language)
    with (_LOCALE / language / "LC_MESSAGES" / "syncd.mo").open("rb") as file:
        return GNUTranslations(file)
