"""The event's words in the user's language, and the note's overlay: how it is put on and how it is taken off again.

Reading order: words (the event's own texts), sentences (notes), overlay (taking notes off again), clean (what becomes
of untrusted texts), languages (the catalogs).
"""

from syncd.texts.languages import LANGUAGES
from syncd.texts.overlay import MARK, asks, strip_description, strip_title
from syncd.texts.words import Words, check_title

__all__ = ["LANGUAGES", "MARK", "Words", "asks", "check_title", "strip_description", "strip_title"]
