"""What a drag comes to: booked, refused with the reason, or waiting; and what is no move at all."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from syncd.domain.actions import ProblemKind, Replace, Reschedule, Why
from syncd.domain.event import EventTime
from syncd.domain.ids import BookingId
from syncd.domain.note import NoteKind
from syncd.planning.case import VERSIONS
from syncd.planning.instants import resolved
from syncd.planning.snapshot import LookSlots
from tests.planning import builders as make
from tests.planning.builders import DAY, FOUR, HOUR, MINUTE, NOON, NOW, SIDE, TEN
from tests.planning.world import calls, effects, paired

B1 = BookingId("b1")
AMSTERDAM = "Europe/Amsterdam"


def test_the_length_goes_back_to_the_bookings_with_the_move() -> None:
    world = paired()
    world.edit("b1", start=make.zoned(FOUR), end=make.zoned(FOUR + 3 * HOUR))
    world.cycle()
    assert world.bookings[B1].span == make.booking(start=FOUR).span
    assert world.event().end.instant == FOUR + HOUR


def test_only_the_length_changed_is_put_back_without_a_call() -> None:
    world = paired()
    world.edit("b1", end=make.zoned(TEN + 2 * HOUR))
    done = effects(world.cycle())
    assert [(type(action), action.why) for action in done] == [(Replace, Why.LENGTH_CHANGED)]
    assert world.event().end.instant == TEN + HOUR


@pytest.mark.parametrize(
    "start",
    [make.zoned(TEN, AMSTERDAM), make.utc(TEN), replace(make.zoned(TEN), tzid="/vendor/Europe/Berlin")],
    ids=["renamed", "utc", "vendor"],
)
def test_a_zone_renamed_with_the_instant_unchanged_is_no_move(start: EventTime) -> None:
    world = paired()
    world.edit("b1", start=start)
    assert effects(world.cycle()) == []


def test_our_own_reading_of_the_zone_changed_rewrites_the_event_and_asks_nobody() -> None:
    world = paired()
    seen = world.event()
    world.edit("b1", start=replace(seen.start, instant=TEN + HOUR), end=replace(seen.end, instant=TEN + 2 * HOUR))
    done = effects(world.cycle())
    assert [(type(action), action.why) for action in done] == [(Replace, Why.ZONE_READ_ANEW)]
    assert world.start() == TEN


def test_alarms_colours_and_sequence_are_no_move_and_no_write() -> None:
    world = paired()
    world.edit("b1", extra="X-MOZ-LASTACK")
    world.edit("b1", extra="SEQUENCE:7")
    assert effects(world.cycle()) == []


def test_a_start_that_is_not_open_is_refused_with_up_to_three_nearest_starts() -> None:
    world = paired()
    world.taken = {FOUR}
    world.drag("b1", FOUR)
    done = effects(world.cycle())
    assert [(type(action), action.why) for action in done] == [(Replace, Why.MOVE_REFUSED)]
    note = world.links[B1].note
    assert note is not None
    assert (note.kind, note.asked, note.was) == (NoteKind.NOT_OPEN, FOUR, TEN)
    assert note.slots == (FOUR - HOUR, FOUR - 30 * MINUTE, FOUR + 30 * MINUTE)
    assert world.start() == TEN
    assert LookSlots("cut", "loc_1", FOUR.date()) in world.asked


def test_zimuns_refusal_puts_the_event_back_and_is_spent_by_it() -> None:
    world = paired()
    world.refused = {FOUR}
    world.drag("b1", FOUR)
    world.cycle()
    assert (world.start(), world.note()) == (TEN, NoteKind.REFUSED)
    world.settle()
    world.refused.clear()
    world.drag("b1", FOUR)
    world.settle()
    assert world.bookings[B1].start == FOUR


def test_where_the_span_overlaps_its_own_zimun_decides_without_a_look_at_the_slots() -> None:
    world = paired()
    world.taken = {TEN + 30 * MINUTE}
    world.drag("b1", TEN + 30 * MINUTE)
    world.cycle()
    assert world.bookings[B1].start == TEN + 30 * MINUTE
    assert not [question for question in world.asked if isinstance(question, LookSlots)]


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (make.all_day(TEN), NoteKind.ALL_DAY),
        (make.nowhere(FOUR), NoteKind.ZONE_UNKNOWN),
        (make.zoned(NOW - HOUR), NoteKind.IN_THE_PAST),
    ],
    ids=["all-day", "zone", "past"],
)
def test_refused_with_a_sentence_of_its_own(start: EventTime, kind: NoteKind) -> None:
    world = paired()
    world.edit("b1", start=start)
    world.cycle()
    assert (world.start(), world.note()) == (TEN, kind)
    assert calls(world) == []


def test_a_recurring_event_is_refused() -> None:
    world = paired()
    world.edit("b1", start=make.zoned(FOUR), recurring=True)
    world.cycle()
    assert (world.start(), world.note(), world.event().recurring) == (TEN, NoteKind.RECURRING, False)
    assert calls(world) == []


def test_a_booking_already_begun_is_not_moved() -> None:
    world = paired()
    world.cycle(25 * HOUR)
    world.drag("b1", FOUR)
    world.cycle()
    assert (world.start(), world.note()) == (TEN, NoteKind.BEGUN)
    assert calls(world) == []


@pytest.mark.parametrize("asleep", [True, False])
def test_nor_is_one_long_past_and_its_event_does_not_stay_at_a_time_to_come(asleep: bool) -> None:
    """Dragged while syncd slept over the visit, or last week's no-show: it would look booked there for ever."""
    world = paired()
    if not asleep:
        world.cycle(3 * DAY)
    world.drag("b1", TEN + 9 * DAY)
    world.cycle(3 * DAY)
    assert (world.start(), world.note()) == (TEN, NoteKind.BEGUN)
    assert calls(world) == []
    stands = world.seen("b1")
    world.settle(cycles=0)
    assert effects(world.cycle(9 * DAY)) == []
    assert world.seen("b1") == stands


def test_carried_to_another_calendar_as_well_it_goes_back_too() -> None:
    world = paired()
    world.cycle(3 * DAY)
    world.transfer("b1", SIDE, to=TEN + 9 * DAY)
    world.cycle()
    assert (world.start(), world.note()) == (TEN, NoteKind.BEGUN)
    assert calls(world) == []
    world.settle()


def test_what_is_past_and_is_dragged_within_the_past_is_left_alone() -> None:
    world = paired()
    world.cycle(5 * DAY)
    world.drag("b1", TEN + DAY)
    left, asked = world.seen("b1"), len(world.asked)
    for _ in range(3):
        assert world.cycle() == []
    assert (world.seen("b1"), world.problems, len(world.asked)) == (left, (), asked)


@pytest.mark.parametrize("marked", [True, False])
def test_dragged_out_of_the_past_and_deleted_nothing_is_cancelled(marked: bool) -> None:
    world = paired(2)
    world.cycle(3 * DAY)
    world.drag("b1", TEN + 9 * DAY)
    if marked:
        world.edit("b1", cancelled=True)
    else:
        world.delete("b1")
    for _ in range(3):
        assert effects(world.cycle(11 * MINUTE)) == []
    assert not world.bookings[B1].cancelled


def test_what_waited_for_zimun_until_its_visit_was_past_is_put_back_when_zimun_is_there_again() -> None:
    world = paired()
    world.zimun_up = False
    world.drag("b1", TEN + 9 * DAY)
    world.cycle()
    world.cycle(11 * MINUTE)
    assert world.note() is NoteKind.NOT_YET_BOOKED
    world.cycle(4 * DAY)
    world.zimun_up = True
    world.cycle()
    assert (world.start(), world.note()) == (TEN, NoteKind.BEGUN)
    assert calls(world) == []
    world.settle()


@pytest.mark.parametrize(("location", "booked"), [("loc_1", FOUR), ("loc_9", TEN)], ids=["known", "unknown place"])
def test_a_floating_time_is_the_places_wall_time(location: str, booked: datetime) -> None:
    world = paired()
    if location != "loc_1":
        world.change("b1", location_id=location)
        world.cycle()
    world.edit("b1", start=make.floating(FOUR), end=make.floating(FOUR + HOUR))
    world.cycle()
    assert world.bookings[B1].start == booked
    assert resolved(world.event().start, ZoneInfo(make.BERLIN)).instant == booked
    assert effects(world.cycle()) == []


def test_an_outage_is_not_a_refusal_and_is_told_after_ten_minutes() -> None:
    world = paired()
    world.drag("b1", FOUR)
    world.zimun_up = False
    assert effects(world.cycle()) == []
    assert effects(world.cycle(9 * MINUTE)) == []
    world.cycle(2 * MINUTE)
    assert (world.start(), world.note()) == (FOUR, NoteKind.NOT_YET_BOOKED)
    assert effects(world.cycle(HOUR)) == []
    world.zimun_up = True
    world.settle()
    assert (world.bookings[B1].start, world.start(), world.note()) == (FOUR, FOUR, None)


def test_unknown_slots_make_a_move_wait() -> None:
    world = paired()
    world.slots_up = False
    world.drag("b1", FOUR)
    assert effects(world.cycle()) == []
    world.slots_up = True
    world.cycle()
    assert world.bookings[B1].start == FOUR


def test_a_waiting_move_that_is_dragged_back_loses_its_note() -> None:
    world = paired()
    world.zimun_up = False
    world.drag("b1", FOUR)
    world.cycle()
    world.cycle(11 * MINUTE)
    world.drag("b1", TEN)
    world.zimun_up = True
    world.settle()
    assert (world.start(), world.note(), calls(world)) == (TEN, None, [])


def test_three_put_backs_within_an_hour_stop_writing_and_asking_until_a_new_start() -> None:
    world = paired()
    world.refused = {FOUR}
    for _ in range(4):
        world.drag("b1", FOUR)
        world.cycle()
    assert world.start() == FOUR
    assert [problem.kind for problem in world.problems] == [ProblemKind.FROZEN]
    asked = len(calls(world))
    assert effects(world.cycle(5 * MINUTE)) == []
    assert len(calls(world)) == asked == 3
    world.drag("b1", NOON)
    world.settle()
    assert (world.bookings[B1].start, world.problems) == (NOON, ())


def test_a_frozen_event_follows_the_bookings_new_start() -> None:
    world = paired()
    world.refused = {FOUR}
    for _ in range(4):
        world.drag("b1", FOUR)
        world.cycle()
    world.change("b1", start=NOON)
    world.cycle()
    assert world.start() == NOON


def test_a_stale_clients_replay_is_overwritten_and_nobody_is_called() -> None:
    world = paired()
    old = world.seen("b1")
    assert old is not None
    world.change("b1", start=FOUR)
    world.cycle()
    world.restore(old)
    done = effects(world.cycle())
    assert [(type(action), action.why) for action in done] == [(Replace, Why.EVENT_REPLAYED)]
    assert (world.start(), world.bookings[B1].start) == (FOUR, FOUR)


def test_two_programs_do_not_fight_for_ever() -> None:
    world = paired()
    old = world.seen("b1")
    assert old is not None
    world.change("b1", start=FOUR)
    world.cycle()
    for _ in range(10):
        world.restore(old)
        world.cycle()
    assert len([action for action in world.log if action.why is Why.EVENT_REPLAYED]) == 3
    assert [problem.kind for problem in world.problems] == [ProblemKind.FROZEN]


def test_staff_changed_by_a_reschedule_takes_the_event_to_their_calendar_and_says_so() -> None:
    world = paired()
    world.staff_after_move = "Zoe"
    world.drag("b1", FOUR)
    world.settle()
    link = world.links[B1]
    assert (link.calendar, list(world.objects)) == (make.SIDE, [(make.SIDE, "/side/b1.ics")])
    assert (world.note(), world.start()) == (NoteKind.REASSIGNED, FOUR)
    assert link.note is not None
    assert link.note.staff == "Zoe"


def test_just_before_a_call_the_booking_counts_as_it_is() -> None:
    world = paired()
    world.drag("b1", FOUR)
    world.now += MINUTE
    world.cycle_number += 1
    plan = world.plan()
    world.change("b1", start=NOON)
    for action in plan.actions:
        assert isinstance(action, Reschedule)
        world.apply(action)
    assert world.bookings[B1].start == NOON
    world.cycle()
    assert (world.start(), world.note()) == (NOON, NoteKind.CONFLICT_ZIMUN)


def test_a_move_back_and_forth_ends_where_the_person_left_it() -> None:
    world = paired()
    for to in (FOUR, TEN, FOUR, NOON):
        world.drag("b1", to)
        world.cycle()
    assert world.bookings[B1].start == NOON
    assert [action.to for action in calls(world) if isinstance(action, Reschedule)] == [FOUR, TEN, FOUR, NOON]


def test_a_date_beyond_the_list_is_still_moved() -> None:
    world = paired()
    world.near = HOUR
    world.drag("b1", FOUR + DAY)
    world.settle()
    assert world.bookings[B1].start == FOUR + DAY


def test_the_persons_own_version_written_again_is_no_replay_while_the_move_waits() -> None:
    world = paired()
    world.drag("b1", FOUR)
    wanted = world.seen("b1")
    assert wanted is not None
    world.zimun_up = False
    world.cycle()
    world.cycle(11 * MINUTE)
    assert world.note() is NoteKind.NOT_YET_BOOKED
    world.restore(wanted)
    world.zimun_up = True
    world.settle()
    assert world.bookings[B1].start == FOUR


def test_an_older_version_than_the_one_before_our_last_write_is_no_wish_and_its_sender_is_told() -> None:
    """A device that was off for days has not seen any of the booking's last moves."""
    world = paired()
    old = world.seen("b1")
    assert old is not None
    for to in (FOUR, NOON):
        world.change("b1", start=to)
        world.cycle()
    world.restore(old)
    done = effects(world.cycle())
    assert [(type(action), action.why) for action in done] == [(Replace, Why.EVENT_REPLAYED)]
    assert (world.start(), world.bookings[B1].start, world.note()) == (NOON, NOON, NoteKind.ADOPTED)
    assert not calls(world)
    world.settle()


def test_a_version_that_a_person_had_replaced_is_no_wish_once_syncd_wrote_again() -> None:
    world = paired()
    old = world.seen("b1")
    assert old is not None
    world.drag("b1", FOUR)
    world.settle()
    world.change("b1", start=NOON)
    world.settle()
    world.restore(old)
    world.settle()
    assert (world.start(), world.bookings[B1].start) == (NOON, NOON)
    assert len(calls(world)) == 1


def test_to_take_ones_own_move_back_to_the_letter_is_a_wish() -> None:
    """An undo: nothing was written by syncd since, so there is nothing that its device could have missed."""
    world = paired()
    old = world.seen("b1")
    assert old is not None
    world.drag("b1", FOUR)
    world.settle()
    world.restore(old)
    world.settle()
    assert (world.start(), world.bookings[B1].start) == (TEN, TEN)


def test_an_old_version_is_known_also_when_its_event_was_made_anew() -> None:
    world = paired()
    world.drag("b1", FOUR)
    world.settle()
    old = world.seen("b1")
    assert old is not None
    world.change("b1", start=NOON)
    world.delete("b1")
    world.settle()
    assert world.note() is NoteKind.MOVED_AND_DELETED
    world.restore(old)
    world.settle()
    assert (world.start(), world.bookings[B1].start) == (NOON, NOON)
    assert len(calls(world)) == 1


def test_so_many_old_versions_are_known_and_no_more() -> None:
    world = paired()
    for number in range(20):
        world.change("b1", start=(FOUR, NOON)[number % 2])
        world.cycle(61 * MINUTE)
    assert len(world.links[B1].older) == VERSIONS
