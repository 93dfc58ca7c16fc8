"""Things that seldom meet: graces, questions, notes and refusals that end in the middle of something else."""

from dataclasses import replace

import pytest

from syncd.domain.actions import ProblemKind, Record, Reschedule, Why
from syncd.domain.booking import Slot, Status
from syncd.domain.ids import BookingId
from syncd.domain.link import Awaiting, AwaitKind, Decision, Deletion, Missing
from syncd.domain.note import NoteKind
from syncd.engine.outcomes import rescheduled
from syncd.planning.guard import check_safe
from syncd.planning.looks import questions
from syncd.planning.planner import decide, make_plan
from syncd.planning.sides import BookingCancelled, BookingSame, booking_side, event_side
from syncd.planning.snapshot import Look, LookBooking, LookEvent
from syncd.state.journal import Intent
from tests.planning import builders as make
from tests.planning.builders import DAY, FOUR, HOUR, MINUTE, NOON, NOW, SIDE, TEN, policy
from tests.planning.lens import case, pair, stands
from tests.planning.world import World, calls, effects, paired

B1, B2 = BookingId("b1"), BookingId("b2")
GRACE = 11 * MINUTE


def test_marked_cancelled_and_cancelled_the_event_goes() -> None:
    world = paired(2)
    world.edit("b1", cancelled=True)
    world.cycle()
    world.cycle(GRACE)
    world.settle()
    assert world.bookings[B1].cancelled
    assert world.seen("b1") is None


def test_marked_cancelled_on_both_sides_the_event_goes() -> None:
    world = paired(2)
    world.edit("b1", cancelled=True)
    world.cancel("b1")
    world.settle()
    assert world.seen("b1") is None


def test_an_unrouted_event_that_comes_back_ends_its_grace() -> None:
    world = paired(2)
    world.policy = policy(routes=())
    seen = world.seen("b1")
    assert seen is not None
    world.delete("b1")
    world.cycle()
    world.restore(seen)
    world.cycle()
    assert world.links[B1].deletion is None
    world.cycle(GRACE)
    world.delete("b1")
    world.cycle()
    assert calls(world) == []


def test_an_event_that_comes_back_while_zimun_is_down_ends_its_grace() -> None:
    world = paired(2)
    seen = world.seen("b1")
    assert seen is not None
    world.delete("b1")
    world.cycle()
    world.restore(seen)
    world.zimun_up = False
    world.cycle()
    world.zimun_up = True
    world.delete("b1")
    world.cycle(GRACE)
    assert calls(world) == []


@pytest.mark.parametrize("marked", [False, True])
def test_one_that_is_back_in_another_calendar_ends_its_grace_though_its_old_place_cannot_be_looked_at(
    *, marked: bool
) -> None:
    link = pair(deletion=Deletion(NOW - HOUR, 0))
    looks = {LookEvent(link.calendar, link.href): Look.UNKNOWN}
    action = decide(case(link, stands(calendar=SIDE, cancelled=marked), looks=looks)).action
    ended = Record(B1, Why.EVENT_RETURNED, replace(link, deletion=None))
    assert action == (None if marked else ended)


def test_an_event_that_comes_back_moved_ends_its_grace() -> None:
    world = paired(2)
    event = world.event()
    world.delete("b1")
    world.cycle()
    world.slots_up = False
    world.put(replace(event, start=make.zoned(FOUR), end=make.zoned(FOUR + HOUR)))
    world.cycle()
    world.delete("b1")
    world.cycle(GRACE)
    assert calls(world) == []


def test_frozen_until_a_new_start_not_for_an_hour() -> None:
    world = paired()
    world.refused = {FOUR}
    for _ in range(4):
        world.drag("b1", FOUR)
        world.cycle()
    assert [problem.kind for problem in world.problems] == [ProblemKind.FROZEN]
    assert effects(world.cycle(2 * HOUR)) == []
    assert [problem.kind for problem in world.problems] == [ProblemKind.FROZEN]


def test_a_recurring_event_of_a_cancelled_booking_goes_after_note_hours() -> None:
    world = World()
    world.book(start=TEN + 9 * DAY)
    world.cycle()
    world.cancel("b1")
    world.edit("b1", recurring=True)
    world.cycle()
    assert world.note() is NoteKind.CANCELLED
    world.edit("b1", recurring=True)
    world.cycle(73 * HOUR)
    world.settle()
    assert world.seen("b1") is None


def test_approved_deletions_in_grace_are_not_held_with_the_others() -> None:
    world = paired(9)
    world.policy = policy(deletions="ask")
    names = [f"b{number}" for number in range(1, 7)]
    world.delete(*names)
    world.cycle()
    world.policy = policy()
    world.delete(*names[:3])
    world.cycle()
    world.decide(Decision.APPROVED, *names[:3])
    world.delete(*names[3:])
    world.cycle()
    assert [action.why for action in calls(world)] == [Why.APPROVED] * 3


def test_the_question_stands_for_the_booking_as_it_was_seen() -> None:
    world = paired(8)
    world.delete(*(f"b{number}" for number in range(1, 7)))
    world.change("b1", end=TEN + 2 * HOUR, updated_at=None)  # the API need not tell when
    world.settle()
    assert world.note("b1") is NoteKind.CANCEL_ASKED
    assert world.links[B1].awaiting is not None


def test_an_agreed_move_takes_the_old_note_along() -> None:
    world = World()
    world.book(start=TEN + 7 * DAY)
    world.cycle()
    world.taken = {FOUR + 7 * DAY}
    world.drag("b1", FOUR + 7 * DAY)
    world.cycle()
    world.change("b1", start=NOON + 7 * DAY)
    world.drag("b1", NOON + 7 * DAY)
    world.settle()
    assert (world.note(), world.event().noted) == (None, False)


def test_a_waiting_move_is_tried_again_while_only_near_days_are_listed() -> None:
    world = paired()
    world.drag("b1", FOUR)
    world.zimun_up = False
    world.cycle()
    world.cycle(GRACE)
    assert world.note() is NoteKind.NOT_YET_BOOKED
    world.zimun_up, world.near = True, HOUR
    world.cycle()
    assert world.bookings[B1].start == FOUR


def test_few_bookings_are_asked_whether_the_route_answers() -> None:
    world = paired(12)
    world.unlisted = {B1}
    world.answer = lambda asked: Look.ABSENT  # type: ignore[method-assign,assignment]
    world.now += MINUTE
    looks: dict[object, object] = {}
    for _ in range(20):
        asked = questions(world.snapshot(looks), world.policy)  # type: ignore[arg-type]
        if not asked:
            break
        looks |= dict.fromkeys(asked, Look.ABSENT)
    assert len(looks) <= 1 + 3


def test_a_booking_that_no_call_can_read_counts_as_its_base() -> None:
    seen = make.observation(make.event(make.booking(start=FOUR)), stamp=1)
    pair = make.link(make.booking(), make.observation(make.event(make.booking())))
    looks = {LookBooking(B1): Look.CLOSED}
    look = make.snapshot(links=(pair,), events=(seen,), window=None, looks=looks)
    assert type(booking_side(pair, look, policy())) is BookingSame


def test_a_reschedule_remembers_what_was_agreed_not_the_staff_that_came_of_it() -> None:
    """Else nothing tells afterwards that the staff changed: the move home is taken for a change of the config."""
    seen = make.observation(make.event(make.booking(start=FOUR)), stamp=1)
    pair = make.link(make.booking(), make.observation(make.event(make.booking())))
    look = make.snapshot(bookings=(make.booking(),), links=(pair,), events=(seen,))
    slots = {question: (Slot("cut", "loc_1", FOUR),) for question in questions(look, policy())}
    (action,) = make_plan(replace(look, looks=slots), policy()).actions
    assert isinstance(action, Reschedule)
    intent = Intent(1, "k", action, 1, NOW)
    done = rescheduled(intent, action, B1, make.booking(start=FOUR, staff_name="Zoe"), NOW)
    assert done.link is not None
    assert done.booking is not None
    assert (done.link.booking.staff_name, done.booking.staff_name) == ("", "Zoe")


def test_a_jump_of_the_clock_makes_no_404_believed() -> None:
    pair = make.link(make.booking(), make.observation(make.event(make.booking())), missing=Missing(NOW - 5 * HOUR, 0))
    looks = {LookBooking(B1): Look.ABSENT, LookBooking(B2): make.booking("b2")}
    look = make.snapshot(links=(pair,), looks=looks, clock_jumped=True)
    assert type(booking_side(pair, look, policy())) is not BookingCancelled


def test_a_start_dragged_to_where_the_booking_is_needs_no_call() -> None:
    """A link whose event is not right yet (adopted, the write failed): the person puts it right."""
    old = make.observation(make.event(make.booking(start=NOON)))
    pair = make.link(make.booking(), old, start=make.zoned(NOON))
    seen = make.observation(make.event(make.booking()), stamp=1)
    look = make.snapshot(bookings=(make.booking(),), events=(seen,), links=(pair,))
    assert not [action for action in make_plan(look, policy()).actions if isinstance(action, Reschedule)]


def test_a_rejected_removal_keeps_the_event_also_when_it_is_moved() -> None:
    seen = make.observation(make.event(make.booking(start=FOUR)), stamp=1)
    pair = make.link(
        make.booking(),
        make.observation(make.event(make.booking())),
        missing=Missing(NOW - HOUR, 0),
        awaiting=Awaiting(AwaitKind.REMOVAL, NOW - HOUR, make.booking(), decision=Decision.REJECTED),
    )
    looks = {LookBooking(B1): Look.ABSENT, LookBooking(B2): make.booking("b2")}
    look = make.snapshot(links=(pair,), events=(seen,), looks=looks)
    plan = check_safe(make_plan(look, policy()), look, policy())
    assert all(not action.link.booking.cancelled for action in plan.actions)
    assert type(event_side(pair, look, policy())).__name__ == "EventMoved"
    assert pair.booking.status is not Status.CANCELLED
