"""Too much at once waits for a person's word."""

from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from syncd.domain.actions import Cancel, Why
from syncd.domain.booking import Status
from syncd.domain.ids import BookingId
from syncd.domain.link import AwaitKind, Decision
from syncd.domain.note import NoteKind
from syncd.planning.guard import check_safe
from syncd.planning.looks import questions
from syncd.planning.planner import make_plan
from syncd.planning.routing import Route
from tests.planning.builders import DAY, FOUR, HOME, HOUR, MINUTE, NOON, SIDE, TEN, policy
from tests.planning.world import World, calls, effects, paired

GRACE = 11 * MINUTE


def names(first: int, last: int) -> list[str]:
    return [f"b{number}" for number in range(first, last + 1)]


def kinds(world: World) -> dict[str, AwaitKind]:
    return {
        booking_id: link.awaiting.kind for booking_id, link in sorted(world.links.items()) if link.awaiting is not None
    }


def asked(world: World, count: int) -> None:
    """So many were deleted at once: each is put back with the question."""
    world.delete(*names(1, count))
    world.cycle()
    assert kinds(world) == dict.fromkeys(sorted(names(1, count)), AwaitKind.CANCEL)
    assert {world.note(name) for name in names(1, count)} == {NoteKind.CANCEL_ASKED}


def test_five_deletions_go_out() -> None:
    world = paired(8)
    world.delete(*names(1, 5))
    world.cycle()
    world.cycle(GRACE)
    assert len(calls(world)) == 5


def test_more_than_max_cancellations_await_and_nothing_is_cancelled() -> None:
    world = paired(8)
    asked(world, 6)
    world.cycle(GRACE)
    assert calls(world) == []


def test_those_in_grace_count() -> None:
    world = paired(8)
    world.delete(*names(1, 3))
    world.cycle()
    world.delete(*names(4, 6))
    world.cycle()
    assert sorted(kinds(world)) == names(1, 6)
    world.cycle(GRACE)
    assert calls(world) == []


def test_those_of_the_last_hour_count() -> None:
    world = paired(9)
    world.delete(*names(1, 5))
    world.cycle()
    world.cycle(GRACE)
    world.delete("b6")
    world.cycle()
    assert sorted(kinds(world)) == ["b6"]
    world.cycle(HOUR)
    world.delete("b7")
    world.cycle()
    world.cycle(GRACE)
    assert len(calls(world)) == 6


def test_one_by_one_is_too_many_too() -> None:
    world = paired(9, policy(max_cancellations=2))
    for name in names(1, 4):
        world.delete(name)
        world.cycle(GRACE)
    world.cycle(GRACE)
    assert len(calls(world)) <= 2
    assert kinds(world)


def test_a_calendar_that_lost_all_its_events_awaits() -> None:
    world = paired(3)
    asked(world, 3)


def test_a_calendar_of_two_may_lose_both() -> None:
    world = paired(2)
    world.delete("b1", "b2")
    world.cycle()
    world.cycle(GRACE)
    assert len(calls(world)) == 2


def test_emptied_once_more_it_has_answered_nothing() -> None:
    """Somebody made the calendar anew, on account of the questions in it."""
    world = paired(3)
    asked(world, 3)
    world.delete(*names(1, 3))
    world.cycle()
    world.cycle(GRACE)
    world.cycle()
    assert not calls(world)
    assert {world.note(name) for name in names(1, 3)} == {NoteKind.CANCEL_SHELL}


@pytest.mark.parametrize("away", [MINUTE, 90 * MINUTE])
def test_a_booking_that_came_since_does_not_stand_for_the_others(away: timedelta) -> None:
    """While another calendar cannot be read nothing is believed to be deleted, and new events are written."""
    world = paired(4)
    world.cycle(HOUR)
    world.delete(*names(1, 4))
    world.unreadable.add(SIDE)
    world.cycle()
    world.book("b9", TEN + 3 * DAY)
    world.cycle()
    world.unreadable.clear()
    world.cycle(away)
    assert kinds(world) == dict.fromkeys(names(1, 4), AwaitKind.CANCEL)


def test_nor_does_one_that_came_while_they_were_marked_as_cancelled_one_after_the_other() -> None:
    world = paired(3)
    for name in ("b1", "b2"):
        world.edit(name, cancelled=True)
    world.cycle()
    assert not kinds(world)
    world.book("b9", TEN + 3 * DAY)
    world.cycle()
    world.edit("b3", cancelled=True)
    world.cycle()
    assert kinds(world) == dict.fromkeys(names(1, 3), AwaitKind.CANCEL)


@pytest.mark.parametrize("wait", [MINUTE, HOUR])
def test_one_that_was_made_before_does_stand_for_the_others(wait: timedelta) -> None:
    world = paired(3)
    world.cycle(HOUR)
    world.book("b9", TEN + 3 * DAY)
    world.cycle()
    world.cycle(wait)
    world.delete(*names(1, 3))
    world.cycle()
    assert not kinds(world)


def test_an_account_that_lost_all_its_events_awaits_however_few_each_calendar_had() -> None:
    world = World()
    for number in range(4):
        world.book(f"b{number + 1}", TEN + number * HOUR, location_id="loc_2" if number < 2 else "loc_1")
    world.cycle()
    assert {link.calendar for link in world.links.values()} == {HOME, SIDE}
    world.delete(*names(1, 4))
    world.cycle()
    assert kinds(world) == dict.fromkeys(names(1, 4), AwaitKind.CANCEL)


def test_what_has_begun_was_lost_with_the_others() -> None:
    world = paired(3)
    world.now = TEN + MINUTE
    world.cycle()
    world.delete(*names(1, 3))
    world.cycle()
    world.cycle(GRACE)
    world.cycle()
    assert not calls(world)
    assert kinds(world) == dict.fromkeys(names(2, 3), AwaitKind.CANCEL)


def test_what_has_begun_and_stands_tells_nothing_of_the_others() -> None:
    world = paired(4)
    world.now = TEN + MINUTE
    world.cycle()
    world.delete(*names(2, 4))
    world.cycle()
    assert kinds(world) == dict.fromkeys(names(2, 4), AwaitKind.CANCEL)
    two = paired(3)
    two.now = TEN + MINUTE
    two.cycle()
    two.delete(*names(2, 3))
    two.cycle()
    assert not kinds(two)


@pytest.mark.parametrize(("older", "lost", "held"), [(4, 2, True), (4, 1, False), (1, 2, True), (0, 2, False)])
def test_a_calendar_that_lost_what_was_made_last_was_set_back(older: int, lost: int, *, held: bool) -> None:
    """As by last night's backup: nobody deleted today's events. One alone looks like any deletion."""
    world = paired(older)
    for number in range(lost):
        world.book(f"b{older + number + 1}", TEN + DAY + number * HOUR)
        world.cycle(HOUR)
    late = names(older + 1, older + lost)
    world.delete(*late)
    world.cycle()
    assert kinds(world) == (dict.fromkeys(late, AwaitKind.CANCEL) if held else {})


def set_back(world: World, *late: str) -> list[str]:
    """Two bookings, or these, are made after the others, an hour apart; their names."""
    late = late or ("b8", "b9")
    for number, name in enumerate(late):
        world.book(name, TEN + DAY + number * HOUR)
        world.cycle(HOUR)
    return list(late)


def test_set_back_it_is_judged_by_what_is_missing_whatever_becomes_of_it() -> None:
    """One of the two was moved by its customer in that minute; or has begun; or an older one was brought home today."""
    moved = paired(4)
    late = set_back(moved)
    moved.delete(*late)
    moved.change(late[0], start=TEN + 2 * DAY)
    moved.cycle()
    begun = paired(4)
    set_back(begun)
    begun.change(late[0], start=begun.now + 5 * MINUTE)
    begun.cycle()
    begun.cycle(10 * MINUTE)
    begun.delete(*late)
    begun.cycle()
    carried = paired(4)
    set_back(carried)
    carried.transfer("b1", SIDE)
    for _ in range(3):
        carried.cycle()
    carried.delete(*late)
    for world in (moved, begun, carried):
        world.cycle(GRACE)
        world.cycle()
        assert not calls(world)


@pytest.mark.parametrize("away", [MINUTE, 90 * MINUTE])
def test_set_back_while_nothing_is_believed_and_a_booking_comes(away: timedelta) -> None:
    world = paired(4)
    late = set_back(world)
    world.delete(*late)
    world.unreadable.add(SIDE)
    world.cycle()
    world.book("b99", TEN + 3 * DAY)
    world.cycle()
    world.unreadable.clear()
    world.cycle(away)
    assert kinds(world) == dict.fromkeys(late, AwaitKind.CANCEL)


def test_set_back_once_more_it_has_answered_nothing() -> None:
    world = paired(4)
    late = set_back(world, "b7", "b8", "b9")
    world.delete(*late)
    world.cycle()
    world.cycle(HOUR)
    world.delete(*late)
    world.cycle()
    world.cycle(GRACE)
    assert not calls(world)
    assert {world.note(name) for name in late} == {NoteKind.CANCEL_SHELL}


def test_two_that_were_booked_in_a_row_are_cancelled_by_deleting_them_again() -> None:
    world = paired(4)
    late = set_back(world)
    world.delete(*late)
    world.cycle()
    world.cycle(HOUR)
    world.delete(*late)
    world.cycle()
    world.cycle(GRACE)
    assert sorted(action.booking_id for action in calls(world)) == late


def test_what_the_calendar_has_never_shown_is_no_deletion_to_ask_about() -> None:
    world = paired(4)
    world.links |= {name: replace(link, shown=False) for name, link in world.links.items()}
    world.delete(*names(1, 4))
    world.cycle()
    assert not kinds(world)
    world.cycle(GRACE)
    assert not calls(world)
    assert {world.note(name) for name in names(1, 4)} == {NoteKind.NEVER_SHOWN}


def test_times_from_before_the_clock_was_set_back_tell_nothing() -> None:
    world = paired(4)
    world.links = {name: replace(link, made_at=world.now + HOUR) for name, link in world.links.items()}
    world.delete("b1")
    world.cycle()
    world.cycle(GRACE)
    assert [action.booking_id for action in calls(world)] == ["b1"]


def test_a_question_that_is_refused_for_long_is_asked_all_the_same() -> None:
    """Also once another of that loss has been answered."""
    world = paired(3)
    world.delete(*names(1, 3))
    world.cycle(without="b1")
    world.cycle(HOUR, without="b1")
    world.delete("b2")
    world.cycle(without="b1")
    world.cycle(GRACE, without="b1")
    world.cycle()
    world.cycle(GRACE)
    assert [action.booking_id for action in calls(world)] == ["b2"]
    assert world.note("b1") is NoteKind.CANCEL_ASKED


def test_one_that_begins_between_its_deletion_and_that_of_the_others_comes_back() -> None:
    """Whether a visit is over is judged by when its deletion was first seen."""
    world = paired(3)
    world.now = TEN - 4 * MINUTE
    world.cycle()
    world.delete("b1")
    world.cycle()
    world.delete("b2", "b3")
    world.cycle(5 * MINUTE)
    assert kinds(world) == dict.fromkeys(["b2", "b3"], AwaitKind.CANCEL)
    assert world.links[BookingId("b1")].closed is None


def test_frozen_meanwhile_it_waits_for_the_shell_alone_and_a_no_there_holds() -> None:
    world = paired(1, policy(deletions="restore"))
    for _ in range(3):
        world.delete("b1")
        world.cycle()
    world.policy = policy()
    world.delete("b1")
    b1 = BookingId("b1")
    world.links[b1] = replace(world.links[b1], went_unkept=True)
    world.cycle()
    world.cycle()
    since = world.links[b1].awaiting
    world.cycle()
    assert world.links[b1].awaiting == since
    world.decide(Decision.REJECTED, "b1")
    for _ in range(3):
        world.cycle(GRACE)
    assert world.links[b1].awaiting is None
    assert not calls(world)


def test_nor_does_one_stand_for_it_that_came_before_the_clock_was_set_back() -> None:
    world = paired(3)
    world.now += HOUR
    world.delete(*names(1, 3))
    world.cycle(without="b1")
    world.now -= HOUR
    world.book("b9", TEN + 3 * DAY)
    world.cycle(without="b1")
    world.cycle()
    world.cycle(GRACE)
    assert not calls(world)
    assert world.note("b1") is NoteKind.CANCEL_ASKED


def test_set_back_after_the_database_was_lost() -> None:
    """Nobody knows when any of them was made, until new ones come: then those would be the last."""
    world = paired(5)
    world.links = {name: replace(link, made_at=None) for name, link in world.links.items()}
    later = deepcopy(world)
    world.delete("b4", "b5")
    world.cycle()
    assert kinds(world) == dict.fromkeys(["b4", "b5"], AwaitKind.CANCEL)
    later.book("b9", TEN + 3 * DAY)
    later.cycle()
    later.delete("b4", "b5")
    later.cycle()
    assert not kinds(later)


def test_what_was_last_seen_in_a_calendar_out_of_the_config_stands_for_nothing() -> None:
    world = World()
    world.book("b1", location_id="loc_2")
    for number in range(2, 6):
        world.book(f"b{number}", TEN + number * HOUR)
    world.cycle()
    world.managed = {HOME}
    world.delete(*names(2, 5))
    world.cycle()
    assert kinds(world) == dict.fromkeys(names(2, 5), AwaitKind.CANCEL)


def test_where_all_were_made_at_once_they_were_deleted() -> None:
    world = paired(4)
    world.delete("b3", "b4")
    world.cycle()
    assert not kinds(world)


def test_set_back_beside_what_a_person_deleted() -> None:
    for delete in (World.delete, lambda world, name: world.edit(name, cancelled=True)):
        world = paired(4)
        late = set_back(world)
        delete(world, "b1")
        world.cycle()
        world.delete(*late)
        world.cycle()
        assert kinds(world) == dict.fromkeys(["b1", *late], AwaitKind.CANCEL)


def test_set_back_while_a_person_deletes_an_older_one_all_are_asked_about() -> None:
    world = paired(4)
    late = set_back(world)
    world.delete("b1", *late)
    world.cycle()
    assert kinds(world) == dict.fromkeys(["b1", *late], AwaitKind.CANCEL)


def test_an_older_one_and_the_last_that_are_deleted_together_were_deleted() -> None:
    world = paired(4)
    (last,) = set_back(world, "b9")
    world.delete("b1", last)
    world.cycle()
    assert not kinds(world)


def test_set_back_or_emptied_and_one_of_them_could_not_be_asked_about_in_time() -> None:
    """A search that failed, or a write that was refused for hours: the others of that loss stand and ask by then."""
    for lost in (["b8", "b9"], ["b1", "b2", "b3", "b4", "b8", "b9"]):
        for after in (MINUTE, 2 * HOUR):
            world = World(policy(max_cancellations=10))
            for number in range(4):
                world.book(f"b{number + 1}", TEN + number * HOUR)
            world.cycle()
            set_back(world)
            world.delete(*lost)
            world.cycle(without="b9")
            world.links[BookingId("b9")] = replace(world.links[BookingId("b9")], deletion=None)
            assert kinds(world) == dict.fromkeys(lost[:-1], AwaitKind.CANCEL)
            world.cycle(after)
            world.cycle(GRACE)
            assert not calls(world)
            assert kinds(world) == dict.fromkeys(lost, AwaitKind.CANCEL)


def test_emptied_and_one_that_was_lost_has_ended_before_the_others_could_be_asked_about() -> None:
    """Its customer cancelled, or our own late cancellation arrived: the loss gets no smaller for that."""
    for ended in ("b1", "b2", "b3"):
        world = paired(3)
        asked = [name for name in names(1, 3) if name != ended]
        world.delete(*names(1, 3))
        world.cancel(ended)
        world.cycle(without=asked[0])
        world.links[BookingId(asked[0])] = replace(world.links[BookingId(asked[0])], deletion=None)
        world.cycle()
        world.cycle(GRACE)
        assert not calls(world)
        assert kinds(world) == dict.fromkeys(asked, AwaitKind.CANCEL)


@pytest.mark.parametrize("marked", [False, True])
def test_emptied_while_zimun_does_not_know_one_of_them(*, marked: bool) -> None:
    """Once it does, the others stand, one where a person put it since: it was lost with them all the same."""
    world = paired(3)
    world.book("b9", FOUR, location_id="loc_2")
    world.cycle()
    for name in names(1, 3):
        world.edit(name, cancelled=True) if marked else world.delete(name)
    forgotten = world.bookings.pop(BookingId("b3"))
    world.cycle()
    assert kinds(world) == dict.fromkeys(names(1, 2), AwaitKind.CANCEL)
    seen = world.event("b2")
    world.delete("b2")
    world.put(seen, SIDE, "b2.ics")
    world.cycle(without="b2")
    world.bookings[forgotten.id] = forgotten
    world.cycle(without="b2")
    world.cycle(GRACE)
    assert not calls(world)
    assert world.note("b3") is NoteKind.CANCEL_ASKED


def test_emptied_while_one_that_had_ended_comes_back() -> None:
    """Its event is a new one, and stands for none of those that are lost."""
    world = paired(4)
    world.cancel("b4")
    world.cycle()
    world.cycle(HOUR)
    world.delete("b1", "b2", "b3")
    world.unreadable.add(SIDE)
    world.cycle()
    world.change("b4", status=Status.CONFIRMED)
    world.cycle()
    world.unreadable.clear()
    world.cycle()
    world.cycle(GRACE)
    assert not calls(world)


def test_an_emptied_calendar_beside_a_full_one_awaits_alone() -> None:
    world = World()
    for number, name in enumerate(names(1, 7)):
        world.book(name, TEN + number * HOUR, location_id="loc_2" if number < 3 else "loc_1")
    world.cycle()
    world.delete("b1", "b2", "b3", "b7")
    world.cycle()
    assert sorted(kinds(world)) == names(1, 3)
    world.cycle(GRACE)
    assert [action.booking_id for action in calls(world)] == ["b7"]


def test_deleted_again_cancels_that_one() -> None:
    world = paired(8)
    asked(world, 6)
    world.delete("b2")
    world.cycle()
    world.cycle(GRACE)
    assert [action.booking_id for action in calls(world)] == ["b2"]


def test_deleting_too_many_of_them_again_needs_the_shell() -> None:
    world = paired(8)
    asked(world, 6)
    world.delete(*names(1, 6))
    world.cycle()
    world.cycle(GRACE)
    assert calls(world) == []
    assert {world.note(name) for name in names(1, 6)} == {NoteKind.CANCEL_SHELL}


def test_approve_cancels_and_the_events_go() -> None:
    world = paired(8)
    asked(world, 6)
    world.decide(Decision.APPROVED)
    world.settle()
    assert len(calls(world)) == 6
    assert {action.why for action in calls(world)} == {Why.APPROVED}
    assert len(world.objects) == 2


def test_approve_with_the_event_deleted_again_cancels_at_once() -> None:
    world = paired(8)
    asked(world, 6)
    world.delete("b1")
    world.decide(Decision.APPROVED, "b1")
    world.cycle()
    assert [(type(action), action.why) for action in calls(world)] == [(Cancel, Why.APPROVED)]


def test_reject_keeps_the_booking_and_the_question_goes() -> None:
    world = paired(8)
    asked(world, 6)
    world.decide(Decision.REJECTED)
    world.settle()
    assert (calls(world), kinds(world)) == ([], {})
    assert {world.note(name) for name in names(1, 6)} == {None}


def test_reject_with_the_event_gone_again_brings_it_back_without_a_question() -> None:
    world = paired(8)
    asked(world, 6)
    world.delete("b1")
    world.decide(Decision.REJECTED, "b1")
    world.cycle()
    assert (world.start("b1"), world.note("b1"), "b1" in kinds(world)) == (TEN, None, False)
    world.cycle(GRACE)
    assert calls(world) == []


def test_an_approval_holds_for_the_booking_as_it_was() -> None:
    world = paired(8)
    asked(world, 6)
    world.decide(Decision.APPROVED, "b1")
    world.change("b1", staff_name="Bea")
    world.settle()
    assert (calls(world), "b1" in kinds(world), world.note("b1")) == ([], False, None)


def test_ten_moves_go_out_eleven_await() -> None:
    world = paired(10)
    for name in names(1, 10):
        world.drag(name, FOUR + 9 * DAY)
    world.cycle()
    assert len(calls(world)) == 10
    world = moves_await()
    assert {world.start(name) for name in names(1, 11)} == {FOUR + 9 * DAY}


def moves_await(to: datetime = FOUR + 9 * DAY) -> World:
    world = paired(11)
    for name in names(1, 11):
        world.drag(name, to)
    world.cycle()
    assert calls(world) == []
    assert {world.note(name) for name in names(1, 11)} == {NoteKind.MOVE_AWAITS}
    assert effects(world.cycle()) == []
    return world


def test_approved_moves_are_booked() -> None:
    world = moves_await()
    world.decide(Decision.APPROVED)
    world.settle()
    assert {each.start for each in world.bookings.values()} == {FOUR + 9 * DAY}
    assert {world.note(name) for name in names(1, 11)} == {None}


def test_rejected_moves_are_put_back_and_say_so() -> None:
    world = moves_await()
    world.decide(Decision.REJECTED)
    world.settle()
    assert calls(world) == []
    assert {world.note(name) for name in names(1, 11)} == {NoteKind.MOVE_REJECTED}
    assert all(world.start(name) == world.bookings[BookingId(name)].start for name in names(1, 11))


def test_a_move_that_awaits_lapses_when_it_is_taken_back() -> None:
    world = moves_await()
    world.drag("b1", TEN)
    world.settle()
    assert (world.note("b1"), "b1" in kinds(world), calls(world)) == (None, False, [])


def test_a_move_that_awaits_lapses_when_the_booking_changes() -> None:
    world = moves_await()
    world.change("b1", start=TEN + 5 * DAY)
    world.settle()
    assert (world.note("b1"), world.start("b1")) == (NoteKind.CONFLICT_ZIMUN, TEN + 5 * DAY)
    assert calls(world) == []


@pytest.mark.parametrize("to", [FOUR + 9 * DAY, FOUR + 4 * DAY], ids=["to come", "past as well"])
def test_moves_that_await_while_zimun_is_away_until_their_visits_are_past_lapse(to: datetime) -> None:
    """Those that stand at a time to come go back; nobody is asked about what is over."""
    world = moves_await(to)
    world.zimun_up = False
    for _ in range(8):
        world.cycle(DAY)
    world.zimun_up = True
    world.cycle(MINUTE)
    assert (kinds(world), calls(world)) == ({}, [])
    went_back = to > world.now
    assert all((world.start(name) != to) is went_back for name in names(1, 11))
    assert {world.note(name) for name in names(1, 11)} == {NoteKind.BEGUN if went_back else NoteKind.MOVE_AWAITS}
    assert world.cycle() == []


@pytest.mark.parametrize(("count", "moved"), [(5, 5), (6, 0)])
def test_a_config_that_would_move_more_than_five_awaits(count: int, moved: int) -> None:
    world = paired(count)
    world.policy = policy(routes=(Route(SIDE),))
    world.settle()
    assert sum(key[0] == SIDE for key in world.objects) == moved
    assert len(world.objects) == count
    assert set(kinds(world).values()) == ({AwaitKind.REROUTE} if not moved else set())


@pytest.mark.parametrize(("decision", "calendar"), [(Decision.APPROVED, SIDE), (Decision.REJECTED, HOME)])
def test_rerouting_is_decided_by_a_person(decision: Decision, calendar: str) -> None:
    world = paired(6)
    world.policy = policy(routes=(Route(SIDE),))
    world.settle()
    world.decide(decision)
    world.settle()
    assert {key[0] for key in world.objects} == {calendar}
    assert len(world.objects) == 6


@pytest.mark.parametrize("decision", [None, Decision.REJECTED])
def test_a_config_that_was_put_right_is_asked_about_no_more_and_a_later_change_anew(decision: Decision | None) -> None:
    world = paired(6)
    there, away = world.policy, policy(routes=(Route(SIDE),))
    world.policy = away
    world.settle()
    if decision is not None:
        world.decide(decision)
        world.settle()
    world.policy = there
    world.settle()
    assert kinds(world) == {}
    world.policy = away
    world.settle()
    assert set(kinds(world).values()) == {AwaitKind.REROUTE}
    world.decide(Decision.APPROVED)
    world.settle()
    assert {key[0] for key in world.objects} == {SIDE}


def test_a_move_that_a_failed_write_left_out_does_not_slip_by() -> None:
    world = paired(11)
    for name in names(1, 11):
        world.drag(name, FOUR + 9 * DAY)
    world.now += MINUTE
    world.cycle_number += 1
    plan = world.plan()
    world.edit("b1", extra="VALARM")  # the write that asks about it fails
    for action in plan.actions:
        world.apply(action)
    assert len(kinds(world)) == 10
    world.cycle()
    assert (len(kinds(world)), calls(world)) == (11, [])


def test_a_rejected_rerouting_does_not_switch_the_guard_off_for_deletions() -> None:
    world = paired(8)
    world.policy = policy(routes=(Route(SIDE),))
    world.cycle()
    world.decide(Decision.REJECTED)
    world.cycle()
    world.delete(*names(1, 8))
    for _ in range(20):
        world.cycle()
    assert calls(world) == []


def test_deleted_again_and_again_takes_the_shell_however_many_are_left() -> None:
    """A client that deletes six events in every cycle; then a customer moves one of them: five are left."""
    world = paired(6)
    for _ in range(8):
        world.delete(*(name for name in names(1, 6) if world.seen(name) is not None))
        world.cycle()
    world.change("b1", start=NOON + DAY)
    for _ in range(30):
        world.cycle()
    assert calls(world) == []


def test_a_deletion_whose_booking_comes_back_anyway_counts_with_the_others() -> None:
    """A calendar was wiped: that a customer moved one of its bookings makes the wipe no smaller."""
    world = paired(8)
    world.delete(*names(1, 6))
    world.change("b1", start=TEN + 30 * DAY)
    world.cycle()
    assert world.note("b1") is NoteKind.MOVED_AND_DELETED
    assert sorted(kinds(world)) == names(2, 6)
    world.cycle(GRACE)
    world.cycle(GRACE)
    assert calls(world) == []


@pytest.mark.parametrize(("before", "held"), [(0, False), (1, False), (2, True)])
def test_moves_of_earlier_rounds_of_the_same_cycle_count(before: int, held: bool) -> None:
    world = paired()
    world.policy = policy(max_moves=2)
    world.drag("b1", FOUR)
    snapshot = world.snapshot({})
    while asked := questions(snapshot, world.policy):
        snapshot = replace(snapshot, looks={**snapshot.looks, **{each: world.answer(each) for each in asked}})
    snapshot = replace(snapshot, moved_now=before)
    (action,) = check_safe(make_plan(snapshot, world.policy), snapshot, world.policy).actions
    assert (action.why is Why.MOVE_AWAITS) is held
