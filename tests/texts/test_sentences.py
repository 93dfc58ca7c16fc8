"""Notes as people read them."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from syncd.domain.note import Note, NoteKind
from syncd.texts import LANGUAGES, Words, strip_description, strip_title

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ASKED = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
WAS = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SLOTS = tuple(ASKED + timedelta(minutes=30 * n) for n in (-1, 1, 2))


def note(kind: NoteKind, *, full: bool = True, until: timedelta = timedelta(hours=48)) -> Note:
    if not full:
        return Note(kind, NOW, NOW + until)
    return Note(kind, NOW, NOW + until, ASKED, WAS, SLOTS, "Bob\x1b[1m says\n“no”", "Ana\n⚠ Bo")


@pytest.mark.parametrize("kind", NoteKind)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("full", [True, False])
def test_every_note_is_one_plain_line_in_every_language(kind: NoteKind, language: str, full: bool) -> None:
    told = Words(language).sentence(note(kind, full=full), ZONE, NOW)
    assert told.startswith("⚠ ")
    assert len(told.splitlines()) == 1
    assert told.endswith((".", "`."))
    assert strip_description(told + "\nHaircut") == ("Haircut", True)
    for forbidden in (
        r"\bsync\b",
        r"\bAPI\b",
        r"\bUIDs?\b",
        r"\b4\d\d\b",
        r"\bETag",
        r"\bserver",
        "[{}]",
        "  ",
        r"\bNone\b",
    ):
        assert not re.search(forbidden, told, re.IGNORECASE), forbidden


@pytest.mark.parametrize("kind", NoteKind)
def test_no_note_reads_the_same_as_another_and_none_is_left_in_english(kind: NoteKind) -> None:
    english, german = (Words(language).sentence(note(kind), ZONE, NOW) for language in LANGUAGES)
    assert english != german
    others = [Words("en").sentence(note(other), ZONE, NOW) for other in NoteKind if other is not kind]
    assert english not in others


def test_not_open_says_what_was_asked_what_stays_and_what_is_free() -> None:
    told = note(NoteKind.NOT_OPEN)
    assert Words("en").sentence(told, ZONE, NOW) == (
        "⚠ 14:30 on Tue 24 Nov is not free for this. The booking stays at 10:00 on Tue 24 Nov. "
        "Free nearby: 14:00, 15:00, 15:30."
    )
    assert Words("de").sentence(told, ZONE, NOW) == (
        "⚠ Di., 24.11., 14:30 Uhr ist dafür nicht frei. Der Termin bleibt: Di., 24.11., 10:00 Uhr. "
        "In der Nähe frei: 14:00, 15:00, 15:30 Uhr."
    )


def test_times_are_told_in_the_places_zone() -> None:
    told = Words("en").sentence(note(NoteKind.NOT_OPEN), ZoneInfo("Asia/Tokyo"), NOW)
    assert "22:30 on Tue 24 Nov" in told


def test_where_no_zone_is_known_each_time_says_that_it_is_utc() -> None:
    told = Words("en").sentence(note(NoteKind.NOT_OPEN), UTC, NOW)
    assert "13:30 UTC on Tue 24 Nov is not free" in told
    assert "stays at 09:00 UTC on Tue 24 Nov" in told


def test_free_times_of_other_days_tell_their_day() -> None:
    other = Note(NoteKind.NOT_OPEN, NOW, NOW, ASKED, WAS, (ASKED, ASKED + timedelta(days=1)))
    assert "Free nearby: Tue 24 Nov, 14:30; Wed 25 Nov, 14:30." in Words("en").sentence(other, ZONE, NOW)


def test_another_year_is_told() -> None:
    then = NOW + timedelta(days=200)
    assert "14:30 on Tue 24 Nov 2026" in Words("en").sentence(note(NoteKind.NOT_OPEN), ZONE, then)
    assert "Di., 24.11.2026, 14:30 Uhr" in Words("de").sentence(note(NoteKind.NOT_OPEN), ZONE, then)


def test_the_other_sides_words_are_cleaned_cut_and_quoted() -> None:
    assert "“Bob says “no””" in Words("en").sentence(note(NoteKind.REFUSED), ZONE, NOW)
    long = Note(NoteKind.REFUSED, NOW, NOW, reason="x" * 500)
    assert "“" + "x" * 199 + "…”" in Words("en").sentence(long, ZONE, NOW)


def test_braces_in_foreign_words_stay_letters() -> None:
    told = Note(NoteKind.REFUSED, NOW, NOW, reason="{asked} {0} {reason.__class__}")
    assert "{asked} {0} {reason.__class__}" in Words("en").sentence(told, ZONE, NOW)


def test_asking_tells_how_and_until_when() -> None:
    told = Words("en").sentence(note(NoteKind.CANCEL_ASKED), ZONE, NOW)
    assert "delete it again within 48 hours (until 13:00 on Sun 22 Nov)" in told
    assert "Do nothing to keep it." in told
    soon = Words("en").sentence(note(NoteKind.CANCEL_ASKED, until=timedelta(hours=1)), ZONE, NOW)
    assert "delete it again (until 14:00 on Fri 20 Nov)" in soon
    assert "`syncd approve`" in Words("en").sentence(note(NoteKind.CANCEL_SHELL), ZONE, NOW)


@pytest.mark.parametrize("kind", NoteKind)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_mark_asks_only_where_the_note_does_and_is_stripped_again(kind: NoteKind, language: str) -> None:
    mark = Words(language).mark(note(kind))
    asking = {"en": "⚠ Cancel? ", "de": "⚠ Absagen? "}[language]
    assert mark == (asking if kind in (NoteKind.CANCEL_ASKED, NoteKind.CANCEL_SHELL) else "⚠ ")
    assert strip_title(mark + "Haircut") == ("Haircut", True)


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Free nearby: Wed 25 Nov, 09:15, 09:30."), ("de", "In der Nähe frei: Mi., 25.11., 09:15, 09:30 Uhr.")],
)
def test_open_times_on_another_day_than_the_bookings_name_their_day_once(language: str, said: str) -> None:
    at = datetime(2026, 11, 23, 9, tzinfo=UTC)
    asked, was = datetime(2026, 11, 25, 10, 45, tzinfo=UTC), datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
    slots = (datetime(2026, 11, 25, 8, 15, tzinfo=UTC), datetime(2026, 11, 25, 8, 30, tzinfo=UTC))
    note = Note(NoteKind.NOT_OPEN, at, at + timedelta(hours=72), asked=asked, was=was, slots=slots)
    assert Words(language).sentence(note, ZoneInfo("Europe/Berlin"), at).endswith(said)
