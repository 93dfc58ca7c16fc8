"""What counts as evidence on Zimun's side, and what does not."""

from dataclasses import replace

import pytest

from syncd.domain.actions import Why
from syncd.domain.booking import Status
from syncd.domain.ids import BookingId
from syncd.domain.link import AwaitKind, Decision, Wrote
from syncd.domain.note import NoteKind
from syncd.planning.planner import make_plan
from syncd.planning.sides import (
    BookingCancelled,
    BookingMissing,
    BookingMoved,
    BookingSame,
    BookingUnseen,
    booking_side,
)
from syncd.planning.snapshot import Look, LookBooking
from tests.planning import builders as make
from tests.planning.builders import DAY, FOUR, HOUR, MINUTE, NOW, TEN, policy
from tests.planning.world import World, calls, effects, paired

B1, B2 = BookingId("b1"), BookingId("b2")
GRACE = 11 * MINUTE
POLICY = policy()


def test_absence_from_the_list_is_looked_up_and_is_no_evidence() -> None:
    world = paired(2)
    world.unlisted = {B1}
    assert world.cycle() == []
    assert LookBooking(B1) in world.asked


def test_a_booking_moved_out_of_the_list_is_found_by_its_id() -> None:
    world = paired(2)
    world.change("b1", start=TEN + 200 * DAY)
    world.cycle()
    assert world.start("b1") == TEN + 200 * DAY


def test_a_404_is_believed_when_it_stands_a_grace_later_while_another_booking_answers() -> None:
    world = paired(2)
    world.hidden = {B1}
    assert effects(world.cycle()) == []
    assert LookBooking(B2) in world.asked
    assert effects(world.cycle(9 * MINUTE)) == []
    done = effects(world.cycle(2 * MINUTE))
    assert [action.why for action in done] == [Why.BOOKING_GONE]
    assert world.seen("b1") is None


def test_a_404_without_another_booking_that_answers_is_no_evidence() -> None:
    world = paired(2)
    world.hidden = {B1, B2}
    world.cycle()
    world.cycle(GRACE)
    world.cycle(GRACE)
    assert len(world.objects) == 2


def test_a_404_seen_twice_in_one_cycle_is_one() -> None:
    world = paired(2, policy(cancel_grace=0 * MINUTE))
    world.hidden = {B1}
    assert effects(world.cycle()) == []
    assert len(effects(world.cycle())) == 1


def test_a_404_within_ten_minutes_of_our_own_write_is_no_evidence() -> None:
    world = paired(2)
    world.drag("b1", FOUR)
    world.cycle()
    world.hidden = {B1}
    world.cycle(9 * MINUTE)
    assert world.links[B1].missing is None
    world.cycle(2 * MINUTE)
    assert world.links[B1].missing is not None


def test_a_booking_that_answers_again_was_never_missing() -> None:
    world = paired(2)
    world.hidden = {B1}
    world.cycle()
    world.hidden = set()
    world.cycle(GRACE)
    world.hidden = {B1}
    world.cycle()
    assert effects(world.cycle(MINUTE)) == []


@pytest.mark.parametrize(("decision", "left"), [(None, 8), (Decision.APPROVED, 2), (Decision.REJECTED, 8)])
def test_more_removals_without_a_status_than_max_cancellations_await(decision: Decision | None, left: int) -> None:
    world = paired(8)
    world.hidden = {BookingId(f"b{number}") for number in range(1, 7)}
    world.cycle()
    world.cycle(GRACE)
    awaiting = [link.awaiting.kind for link in world.links.values() if link.awaiting is not None]
    assert awaiting == [AwaitKind.REMOVAL] * 6
    if decision is not None:
        world.decide(decision)
    world.settle()
    assert len(world.objects) == left


def test_many_cancelled_by_their_status_go_without_a_question() -> None:
    world = paired(8)
    for number in range(1, 8):
        world.cancel(f"b{number}")
    world.cycle()
    assert len(world.objects) == 1


def test_removals_that_await_lapse_when_the_bookings_answer_again() -> None:
    world = paired(8)
    world.hidden = {BookingId(f"b{number}") for number in range(1, 7)}
    world.cycle()
    world.cycle(GRACE)
    world.hidden = set()
    world.settle()
    assert [link.awaiting for link in world.links.values()] == [None] * 8


def test_a_side_that_cannot_be_read_changes_nothing_in_the_calendar() -> None:
    world = paired(3)
    world.zimun_up = False
    assert [world.cycle(HOUR) for _ in range(3)] == [[], [], []]


def test_an_answer_that_equals_the_state_before_our_write_is_stale_for_two_minutes() -> None:
    world = paired()
    before = world.bookings[B1]
    world.drag("b1", FOUR)
    world.cycle()
    world.lagging = {B1: before}
    assert effects(world.cycle(MINUTE)) == []
    assert world.start() == FOUR
    world.cycle(2 * MINUTE)
    assert world.start() == TEN


def test_a_newer_updated_at_makes_the_same_state_fresh() -> None:
    world = paired()
    before = world.bookings[B1]
    world.drag("b1", FOUR)
    world.cycle()
    world.bookings[B1] = replace(before, updated_at=world.now + MINUTE / 2)
    world.cycle(MINUTE)
    assert world.start() == TEN


def test_a_stale_answer_after_our_cancel_raises_nobody_from_the_dead() -> None:
    world = paired(2)
    before = world.bookings[B1]
    world.delete("b1")
    world.cycle()
    world.cycle(GRACE)
    world.lagging = {B1: before}
    assert effects(world.cycle(MINUTE)) == []


def test_what_neither_side_decides_is_no_change() -> None:
    world = paired()
    world.change("b1", status=Status.SCHEDULED, contact_email="ada@example.org")
    assert effects(world.cycle()) == []


def test_a_new_length_is_written_without_a_call() -> None:
    world = paired()
    world.change("b1", end=TEN + 2 * HOUR)
    done = effects(world.cycle())
    assert [action.why for action in done] == [Why.BOOKING_CHANGED]
    assert world.event().end.instant == TEN + 2 * HOUR


@pytest.mark.parametrize(
    ("answer", "side"),
    [
        (make.booking(), BookingSame),
        (make.booking(start=FOUR), BookingMoved),
        (make.booking(status=Status.CANCELLED), BookingCancelled),
        (Look.ABSENT, BookingMissing),
        (Look.UNKNOWN, BookingUnseen),
    ],
    ids=["same", "moved", "cancelled", "absent", "unknown"],
)
def test_the_look_up_by_id_speaks_for_the_booking(answer: object, side: type) -> None:
    pair = make.link(make.booking(), make.observation(make.event(make.booking())))
    looks = {LookBooking(B1): answer, LookBooking(B2): make.booking("b2")}
    assert type(booking_side(pair, make.snapshot(links=(pair,), looks=looks), POLICY)) is side


def test_a_write_of_long_ago_makes_nothing_stale() -> None:
    seen = make.observation(make.event(make.booking(start=FOUR)))
    pair = make.link(make.booking(start=FOUR), seen, wrote=Wrote(NOW - 3 * MINUTE, make.booking()))
    plan = make_plan(make.snapshot(links=(pair,), bookings=(make.booking(),), events=(seen,)), POLICY)
    assert [action.why for action in plan.actions] == [Why.BOOKING_MOVED]


def test_a_move_of_a_booking_that_is_not_seen_is_told_not_booked() -> None:
    world = paired(2)
    world.hidden = {B1, B2}
    world.drag("b1", FOUR)
    world.cycle()
    world.cycle(GRACE)
    assert (calls(world), world.note("b1")) == ([], NoteKind.NOT_YET_BOOKED)


def test_an_unreadable_item_is_neither_looked_up_nor_gone() -> None:
    pair = make.link(make.booking(), make.observation(make.event(make.booking())))
    look = make.snapshot(links=(pair,), unreadable=frozenset({"b1"}))
    assert type(booking_side(pair, look, POLICY)) is BookingUnseen
    assert World().plan().actions == ()


def test_a_quiet_cycle_asks_nothing_about_days_that_were_not_listed() -> None:
    world = paired(8)
    world.near = HOUR
    world.asked.clear()
    assert world.cycle() == []
    assert world.asked == []
