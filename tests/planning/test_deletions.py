"""A deleted event: believed late, cancelled later, and only after a person could have changed their mind."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from syncd.domain.actions import Cancel, Create, ProblemKind, Reschedule, Why
from syncd.domain.ids import BookingId
from syncd.domain.link import ClosedWhy, Deletion
from syncd.domain.note import NoteKind
from syncd.planning.planner import make_plan
from syncd.planning.sides import EventGone, EventUnseen, event_side
from syncd.planning.snapshot import FindEvent, Look, LookEvent, Policy
from tests.planning import builders as make
from tests.planning.builders import DAY, FOREIGN, FOUR, HOME, HOUR, MINUTE, NOON, NOW, SIDE, TEN, policy
from tests.planning.world import World, calls, effects, paired

B1, B2 = BookingId("b1"), BookingId("b2")
GRACE = 11 * MINUTE


def deleted(world: World | None = None) -> World:
    """A deletion whose grace has begun."""
    world = world or paired(2)
    world.delete("b1")
    assert effects(world.cycle()) == []
    assert world.links[B1].deletion is not None
    return world


def test_a_deletion_is_looked_at_directly_and_searched_for_in_the_whole_account() -> None:
    world = deleted()
    assert LookEvent(world.links[B1].calendar, world.links[B1].href) in world.asked
    assert FindEvent("b1@zimun", B1) in world.asked


def test_the_grace_goes_by_before_the_call() -> None:
    world = deleted()
    world.cycle(9 * MINUTE)
    assert calls(world) == []
    world.cycle(2 * MINUTE)
    assert [type(action) for action in calls(world)] == [Cancel]


def test_after_the_grace_the_event_is_looked_for_again() -> None:
    world = deleted()
    world.asked.clear()
    world.cycle(GRACE)
    assert any(isinstance(question, LookEvent) for question in world.asked)
    assert any(isinstance(question, FindEvent) for question in world.asked)


def test_the_grace_does_not_end_in_the_cycle_that_began_it() -> None:
    world = paired(2, policy(cancel_grace=timedelta(0)))
    world.delete("b1")
    world.cycle()
    assert calls(world) == []
    world.cycle()
    assert len(calls(world)) == 1


def test_a_jump_of_the_wall_clock_starts_the_grace_anew() -> None:
    world = deleted()
    world.clock_jumped = True
    done = world.cycle(20 * HOUR)
    assert [action.why for action in done] == [Why.GRACE_RESTARTED]
    world.clock_jumped = False
    world.cycle(5 * MINUTE)
    assert calls(world) == []
    world.cycle(6 * MINUTE)
    assert len(calls(world)) == 1


def test_an_event_that_comes_back_within_the_grace_costs_nothing() -> None:
    world = paired(2)
    seen = world.seen("b1")
    assert seen is not None
    world = deleted(world)
    world.restore(seen)
    assert effects(world.cycle()) == []
    assert world.links[B1].deletion is None
    world.cycle(GRACE)
    assert calls(world) == []
    world.delete("b1")
    world.cycle()
    assert calls(world) == []


def test_an_event_unmarked_within_the_grace_costs_nothing() -> None:
    world = paired(2)
    world.edit("b1", cancelled=True)
    world.cycle()
    world.edit("b1", cancelled=False)
    world.cycle(GRACE)
    world.settle()
    assert calls(world) == []


def test_one_calendar_that_cannot_be_read_stops_all_belief_in_deletions() -> None:
    world = paired(2)
    world.delete("b1")
    world.unreadable = {SIDE}
    world.cycle()
    world.cycle(GRACE)
    assert (world.links[B1].deletion, calls(world)) == (None, [])


def test_one_calendar_that_cannot_be_read_at_the_end_of_the_grace_holds_the_call() -> None:
    world = deleted()
    world.unreadable = {SIDE}
    world.cycle(GRACE)
    assert calls(world) == []
    world.unreadable = set()
    world.cycle()
    assert len(calls(world)) == 1


def test_found_in_a_calendar_that_is_not_managed_the_event_comes_back_and_says_so() -> None:
    world = paired(2)
    world.transfer("b1", FOREIGN)
    world.cycle()
    assert (world.note(), world.start()) == (NoteKind.FOREIGN, TEN)
    world.cycle(GRACE)
    assert calls(world) == []


def test_past_bookings_are_never_cancelled() -> None:
    world = paired(2)
    world.cycle(25 * HOUR)
    world.delete("b1")
    world.cycle()
    closed = world.links[B1].closed
    assert closed is not None
    assert closed.why is ClosedWhy.DELETED_PAST
    world.cycle(GRACE)
    assert (calls(world), world.seen("b1")) == ([], None)


def test_whether_past_is_judged_when_the_deletion_was_first_seen() -> None:
    world = paired(2)
    world.cycle(TEN - world.now - 6 * MINUTE)
    deleted(world)
    world.cycle(GRACE)
    assert world.bookings[B1].cancelled


def test_a_tidied_past_booking_that_moves_to_the_future_gets_its_event_again() -> None:
    world = paired(2)
    world.cycle(25 * HOUR)
    world.delete("b1")
    world.cycle()
    world.change("b1", start=FOUR + 5 * DAY)
    world.cycle()
    assert world.start() == FOUR + 5 * DAY


@pytest.mark.parametrize("again", [True, False], ids=["deleted again", "nothing done"])
def test_ask_puts_the_event_back_with_a_question(again: bool) -> None:
    world = paired(2, policy(deletions="ask"))
    world.delete("b1")
    done = world.cycle()
    assert [(type(action), action.why) for action in effects(done)] == [(Create, Why.CANCEL_AWAITS)]
    note = world.links[B1].note
    assert note is not None
    assert (note.kind, note.until - note.at, note.asks) == (NoteKind.CANCEL_ASKED, 48 * HOUR, True)
    if again:
        world.delete("b1")
        world.cycle()
        assert calls(world) == []
        world.cycle(GRACE)
    assert world.bookings[B1].cancelled == again


def test_a_question_without_an_answer_lapses_after_48_hours() -> None:
    world = World(policy(deletions="ask"))
    world.book(start=TEN + 5 * DAY)
    world.cycle()
    world.delete("b1")
    world.cycle()
    world.cycle(47 * HOUR)
    assert world.note() is NoteKind.CANCEL_ASKED
    world.cycle(HOUR + MINUTE)
    assert (world.note(), world.links[B1].awaiting, calls(world)) == (None, None, [])
    world.delete("b1")
    world.cycle()
    assert world.note() is NoteKind.CANCEL_ASKED


def test_a_question_lapses_when_the_booking_changes() -> None:
    world = paired(2, policy(deletions="ask"))
    world.delete("b1")
    world.cycle()
    world.change("b1", start=FOUR)
    world.settle()
    assert (world.links[B1].awaiting, world.note(), world.start()) == (None, None, FOUR)


def test_a_drag_answers_the_question_with_a_move() -> None:
    world = paired(2, policy(deletions="ask"))
    world.delete("b1")
    world.cycle()
    world.drag("b1", FOUR)
    world.settle()
    assert (world.bookings[B1].start, world.note(), world.links[B1].awaiting) == (FOUR, None, None)


def test_restore_puts_the_event_back_and_never_cancels() -> None:
    world = paired(2, policy(deletions="restore"))
    world.delete("b1")
    world.cycle()
    assert (world.note(), world.start()) == (NoteKind.DELETION_RESTORED, TEN)
    world.cycle(GRACE)
    assert calls(world) == []


def test_the_event_comes_back_from_its_last_complete_version() -> None:
    world = paired(2, policy(deletions="restore"))
    world.edit("b1", extra="VALARM", title="Ada (window seat)")
    world.cycle()
    world.delete("b1")
    world.cycle()
    seen = world.seen("b1")
    assert seen is not None
    assert "VALARM" in seen.data
    assert world.event().title == "Ada (window seat)"


def test_a_stale_phone_cannot_raise_a_cancelled_pair_from_the_dead() -> None:
    world = paired(2)
    seen = world.seen("b1")
    assert seen is not None
    deleted(world)
    world.cycle(GRACE)
    assert world.links[B1].closed is not None
    world.restore(seen)
    world.cycle()
    assert (world.note(), world.bookings[B1].cancelled) == (NoteKind.CANCELLED, True)
    assert [type(action) for action in calls(world)] == [Cancel]


def test_a_listing_that_lags_behind_our_own_delete_is_silent() -> None:
    world = paired()
    world.cancel("b1")
    seen = world.seen("b1")
    assert seen is not None
    world.cycle()
    world.objects[seen.key] = seen
    assert world.cycle() == []


def test_a_booking_revived_in_zimun_gets_its_event_again() -> None:
    world = paired()
    world.cancel("b1")
    world.cycle()
    world.change("b1", status="confirmed")
    world.cycle()
    assert world.start() == TEN


def test_an_unread_calendar_gets_no_write_and_gives_no_move() -> None:
    world = paired(3)
    world.unreadable = {HOME}
    world.change("b1", start=NOON)
    world.cancel("b2")
    world.drag("b3", FOUR)
    assert effects(world.cycle()) == []


@pytest.mark.parametrize("marked", [True, False])
def test_second_looks_count_only_while_every_calendar_is_read(marked: bool) -> None:
    of = make.booking()
    seen = make.observation(make.event(of, cancelled=marked), stamp=1)
    pair = make.link(of, make.observation(make.event(of)))
    looks = {
        LookEvent(seen.calendar, seen.href): seen if marked else Look.ABSENT,
        FindEvent(pair.uid, of.id): Look.ABSENT,
    }
    look = make.snapshot(bookings=(of,), events=(seen,) if marked else (), links=(pair,), looks=looks)
    assert type(event_side(pair, look, policy())) is EventGone
    assert type(event_side(pair, replace(look, readable=frozenset({HOME})), policy())) is EventUnseen


@pytest.mark.parametrize("marked", [False, True], ids=["gone", "marked"])
@pytest.mark.parametrize(
    ("since", "believed"),
    [(NOW, False), (NOW - HOUR, False), (NOW - 2 * HOUR, True), (NOW + HOUR, False)],
    ids=["as it went", "listed before", "long before", "later"],
)
def test_nor_while_an_object_is_not_given_that_may_be_the_event(
    marked: bool, since: datetime, *, believed: bool
) -> None:
    of = make.booking()
    seen = make.observation(make.event(of, cancelled=marked), stamp=1)
    pair = replace(make.link(of, make.observation(make.event(of))), gone_at=None if marked else NOW)
    looks = {
        LookEvent(seen.calendar, seen.href): seen if marked else Look.ABSENT,
        FindEvent(pair.uid, of.id): Look.ABSENT,
    }
    look = make.snapshot(bookings=(of,), events=(seen,) if marked else (), links=(pair,), looks=looks)
    unknown = replace(look, not_given={(SIDE, "/desk/side/zz.ics"): since})
    assert type(event_side(pair, unknown, policy())) is (EventGone if believed else EventUnseen)
    linked = replace(look, not_given={(pair.calendar, pair.href): since})
    assert type(event_side(pair, linked, policy())) is EventGone


def test_what_was_missed_before_the_clock_was_set_back_waits_for_what_came_since_its_grace_began_anew() -> None:
    of = make.booking()
    begun = Deletion(NOW, 1)
    pair = replace(make.link(of, make.observation(make.event(of))), gone_at=NOW + 5 * HOUR, deletion=begun)
    look = make.snapshot(bookings=(of,), links=(pair,), not_given={(SIDE, "/desk/side/zz.ics"): NOW})
    assert type(event_side(pair, look, policy())) is EventUnseen


def test_an_object_that_is_not_given_is_named_from_the_next_cycle_on() -> None:
    of = make.booking()
    seen = make.observation(make.event(of))
    pair = make.link(of, seen)
    at_once, later = (
        make.snapshot(bookings=(of,), events=(seen,), links=(pair,), not_given={(SIDE, "/desk/side/zz.ics"): since})
        for since in (NOW, NOW - MINUTE)
    )
    assert make_plan(at_once, policy()).problems == ()
    (problem,) = make_plan(later, policy()).problems
    assert (problem.kind, problem.key) == (ProblemKind.PARKED, "/desk/side/zz.ics")


def test_a_stale_client_that_marks_it_cancelled_once_more_cancels_nothing() -> None:
    world = paired()
    world.policy = policy(deletions="ask")
    world.edit("b1", cancelled=True)
    marked = world.seen("b1")
    assert marked is not None
    world.cycle()
    assert world.note() is NoteKind.CANCEL_ASKED
    world.restore(marked)
    world.cycle()
    world.cycle(11 * MINUTE)
    world.cycle(11 * MINUTE)
    assert not calls(world)
    assert not world.event().cancelled


def test_a_booking_that_was_changed_after_both_agreed_is_not_cancelled_with_its_old_event() -> None:
    """As after an older database was restored: it was cancelled meanwhile, its event removed, and booked again."""
    world = paired()
    world.now += HOUR
    world.change("b1", notes="I come ten minutes late")
    world.delete("b1")
    world.settle()
    world.cycle(11 * MINUTE)
    assert not calls(world)
    assert (world.start(), world.note()) == (TEN, NoteKind.MOVED_AND_DELETED)
    note = world.links[B1].note
    assert note is not None
    assert note.was is None
    world.delete("b1")
    world.settle()
    world.cycle(11 * MINUTE)
    assert [type(action) for action in calls(world)] == [Cancel]


def test_what_syncd_itself_changed_just_now_is_no_customers_change() -> None:
    world = paired()
    world.drag("b1", FOUR)
    world.settle()
    link = world.links[B1]
    world.links[B1] = replace(link, booking=replace(link.booking, updated_at=NOW - HOUR))  # it was not read back
    world.change("b1", updated_at=world.now)
    world.delete("b1")
    world.settle()
    world.cycle(11 * MINUTE)
    assert [type(action) for action in calls(world)] == [Reschedule, Cancel]


@pytest.mark.parametrize("unseen", ["its calendar", "Zimun"])
def test_a_jump_of_the_clock_begins_the_grace_anew_also_while_a_side_is_not_seen(unseen: str) -> None:
    world = paired()
    world.delete("b1")
    world.cycle()
    if unseen == "Zimun":
        world.zimun_up = False
    else:
        world.unreadable = {HOME}
    world.clock_jumped = True
    world.cycle(HOUR)
    world.zimun_up, world.unreadable, world.clock_jumped = True, set(), False
    world.cycle(MINUTE)
    assert not calls(world)
    world.cycle(11 * MINUTE)
    assert [type(action) for action in calls(world)] == [Cancel]


def test_a_jump_of_the_clock_counts_also_while_the_calendar_is_not_in_the_config() -> None:
    world = paired()
    world.delete("b1")
    world.cycle()
    world.managed, world.clock_jumped = {SIDE}, True
    world.cycle(HOUR)
    world.managed, world.clock_jumped = {HOME, SIDE}, False
    world.cycle(MINUTE)
    assert not calls(world)


@pytest.mark.parametrize("rules", [policy(), policy(deletions="ask")])
@pytest.mark.parametrize("marked", [True, False])
def test_what_went_while_its_calendar_was_out_of_the_config_is_asked_about(rules: Policy, marked: bool) -> None:
    world = paired(2, rules)
    if marked:
        world.edit("b1", cancelled=True)
    else:
        world.delete("b1")
    world.links[B1] = replace(world.links[B1], went_unkept=True)
    for _ in range(3):
        world.cycle(GRACE)
    assert (world.note(), calls(world)) == (NoteKind.CANCEL_ASKED, [])
    # deleted again, it is the answer
    world.delete("b1")
    world.cycle()
    world.cycle(GRACE)
    assert world.bookings[B1].cancelled


def test_and_not_any_more_once_it_was_seen_again() -> None:
    world = paired(2)
    world.links[B1] = replace(world.links[B1], went_unkept=True)
    world.cycle()
    assert not world.links[B1].went_unkept
    deleted(world)
    world.cycle(GRACE)
    assert world.bookings[B1].cancelled


def test_nor_is_anything_asked_where_deletions_are_restored() -> None:
    world = paired(2, policy(deletions="restore"))
    world.delete("b1")
    world.links[B1] = replace(world.links[B1], went_unkept=True)
    world.cycle()
    assert world.note() is NoteKind.DELETION_RESTORED
