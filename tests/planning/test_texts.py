"""A person's texts and syncd's in one event; and notes, which are neither's."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.domain.actions import Replace, Why
from syncd.domain.event import Event, Texts
from syncd.domain.ids import BookingId
from syncd.domain.note import NoteKind
from syncd.planning.merge import fresh, merge
from tests.planning import builders as make
from tests.planning.builders import DAY, FOUR, HOUR, NOON, TEN
from tests.planning.world import World, effects, paired

B1 = BookingId("b1")
OLD = Texts("Haircut – Ada", "Salon", {"name": "Ada", "phone": "+49 1", "link": "zimun/1"})
NEW = Texts("Haircut – Bea", "Studio", {"name": "Bea", "phone": "+49 2", "link": "zimun/1"})


def said(**changes: Any) -> Event:
    whole = fresh(OLD)
    made = make.event(make.booking(), title=whole.title, place=whole.place, description=whole.description)
    return replace(made, **changes)


def test_untouched_texts_become_the_new_ones() -> None:
    assert merge(OLD, said(), NEW) == fresh(NEW)


def test_a_persons_title_and_place_win() -> None:
    merged = merge(OLD, said(title="Ada!", place="Upstairs"), NEW)
    assert (merged.title, merged.place) == ("Ada!", "Upstairs")


@pytest.mark.parametrize(
    ("current", "merged"),
    [
        ("Ada\n+49 1\nzimun/1\nlikes tea", "Bea\n+49 2\nzimun/1\nlikes tea"),
        ("likes tea\nAda\n+49 1\nzimun/1", "likes tea\nBea\n+49 2\nzimun/1"),
        ("Ada\nlikes tea\n+49 1", "Bea\nlikes tea\n+49 2"),
        ("Ada\n\n+49 1\n\nlikes tea", "Bea\n\n+49 2\n\nlikes tea"),
        ("Ada\n+49 1 (mobile)\nzimun/1", "Bea\n+49 1 (mobile)\nzimun/1"),
        (" Ada \n+49  1\nzimun/1", "Bea\n+49 2\nzimun/1"),
        ("", ""),
    ],
    ids=["added below", "added above", "one deleted", "blank lines", "one edited", "white space", "all deleted"],
)
def test_lines_of_ours_that_still_stand_are_replaced_all_others_are_the_persons(current: str, merged: str) -> None:
    assert merge(OLD, said(description=current), NEW).description == merged


def test_a_new_line_follows_the_last_of_ours() -> None:
    more = replace(OLD, lines={**OLD.lines, "notes": "first visit"})
    assert merge(OLD, said(description="Ada\nzimun/1\nlikes tea"), more).description == (
        "Ada\nzimun/1\nfirst visit\nlikes tea"
    )


def test_a_line_that_syncd_does_not_write_any_more_goes() -> None:
    less = replace(OLD, lines={"name": "Ada"})
    assert merge(OLD, said(description="Ada\n+49 1\nlikes tea\nzimun/1"), less).description == "Ada\nlikes tea"


def test_nothing_new_leaves_every_letter_as_it_stands() -> None:
    event = said(title=" Ada ", description="zimun/1\n\n  Ada")
    assert merge(OLD, event, OLD).description == event.description


lines = st.lists(st.text("abc ", min_size=1, max_size=4).filter(str.strip), max_size=4)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["x1", "x2", "x3"])), lines.map(lambda given: [f"+{each}" for each in given]))
def test_no_line_of_a_person_is_ever_lost(ours: list[str], theirs: list[str]) -> None:
    written = Texts("t", "p", {str(number): line for number, line in enumerate(dict.fromkeys(ours))})
    current = "\n".join([*theirs, *written.lines.values()])
    wanted = Texts("t", "p", {key: line.upper() for key, line in written.lines.items()})
    merged = merge(written, said(description=current), wanted).description.splitlines()
    assert [line for line in merged if line.startswith("+")] == theirs
    assert [line for line in merged if not line.startswith("+")] == list(wanted.lines.values())


def test_what_a_person_added_survives_every_later_write() -> None:
    world = paired()
    world.edit("b1", extra="VALARM", title="Ada, by the window", description="Ada\n-\nlikes tea")
    assert effects(world.cycle()) == []
    world.change("b1", contact_name="Ada Lovelace", contact_phone="+49 1")
    world.cycle()
    assert (world.event().title, world.event().description) == ("Ada, by the window", "Ada Lovelace\n+49 1\nlikes tea")
    world.taken = {FOUR}
    world.drag("b1", FOUR)
    world.cycle()
    seen = world.seen("b1")
    assert seen is not None
    assert "VALARM" in seen.data
    assert world.event().title == "Ada, by the window"


def test_one_change_of_a_booking_is_one_write() -> None:
    world = paired()
    world.change("b1", start=NOON, end=NOON + 2 * HOUR, contact_name="Bea", contact_phone="1")
    assert [type(action) for action in effects(world.cycle())] == [Replace]
    assert effects(world.cycle()) == []


def noted() -> World:
    """An event that bears a note, in a week."""
    world = World()
    world.book(start=TEN + 7 * DAY)
    world.cycle()
    world.taken = {FOUR + 7 * DAY}
    world.drag("b1", FOUR + 7 * DAY)
    world.cycle()
    assert world.note() is NoteKind.NOT_OPEN
    assert effects(world.cycle()) == []
    return world


def test_a_note_goes_after_note_hours() -> None:
    world = noted()
    assert effects(world.cycle(71 * HOUR)) == []
    assert [action.why for action in effects(world.cycle(HOUR))] == [Why.NOTE_LAPSED]
    assert (world.note(), world.event().noted) == (None, False)


def test_a_note_goes_with_the_bookings_next_change_of_time() -> None:
    world = noted()
    world.change("b1", start=NOON + 7 * DAY)
    assert len(effects(world.cycle())) == 1
    assert world.note() is None


def test_a_note_goes_with_the_events_next_change_of_time() -> None:
    world = noted()
    world.drag("b1", NOON + 7 * DAY)
    world.settle()
    assert (world.start(), world.note(), world.event().noted) == (NOON + 7 * DAY, None, False)


def test_a_note_stays_through_a_change_of_text() -> None:
    world = noted()
    world.change("b1", contact_name="Bea")
    world.cycle()
    assert (world.event().title, world.note()) == ("Haircut – Bea", NoteKind.NOT_OPEN)


def test_a_note_that_a_person_wiped_off_is_not_written_again() -> None:
    world = noted()
    world.edit("b1", noted=False)
    assert effects(world.cycle()) == []
    assert effects(world.cycle(73 * HOUR)) == []
