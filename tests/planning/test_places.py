"""Where events stand: transferred by a person, routed by the config, or standing twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.domain.actions import Remove, Reschedule, Why
from syncd.domain.ids import BookingId
from syncd.domain.link import AwaitKind, Decision, Leftover
from syncd.domain.note import NoteKind
from syncd.planning.case import left_behind
from syncd.planning.keeping import LEFT, NAME_IT, TO_APPROVE, UNTOLD
from syncd.planning.routing import Route, route
from tests.planning import builders as make
from tests.planning.builders import DAY, FOUR, HOME, HOUR, MINUTE, NOON, SIDE, TEN, policy
from tests.planning.world import World, calls, effects, paired

B1 = BookingId("b1")
GRACE = 11 * MINUTE


def at_rest(world: World) -> None:
    """The event stands once, where routing wants it, under our UID, and nothing more happens."""
    world.settle()
    assert list(world.objects) == [(HOME, "/home/b1.ics")]
    assert world.event().uid == "b1@zimun"
    world.cycle(GRACE)
    assert world.cycle(GRACE) == []
    assert not world.bookings[B1].cancelled


def test_added_there_then_deleted_here_is_a_transfer() -> None:
    world = paired()
    world.copy("b1", SIDE)
    world.cycle()
    del world.objects[HOME, "/home/b1.ics"]
    world.cycle()
    assert world.note() is NoteKind.TRANSFERRED
    at_rest(world)
    assert calls(world) == []


def test_deleted_here_then_added_there_is_a_transfer() -> None:
    world = paired()
    event = world.event()
    world.delete("b1")
    world.cycle()
    world.put(event, SIDE, "b1.ics")
    world.cycle()
    assert world.note() is NoteKind.TRANSFERRED
    at_rest(world)
    assert calls(world) == []


def test_a_transfer_with_a_new_time_is_a_move_and_then_goes_back() -> None:
    world = paired()
    world.transfer("b1", SIDE, to=FOUR)
    world.cycle()
    assert [(type(action), action.why) for action in calls(world)] == [(Reschedule, Why.EVENT_MOVED)]
    assert (world.start(), world.note()) == (FOUR, NoteKind.TRANSFERRED)
    at_rest(world)


def test_a_transfer_with_a_new_time_that_is_not_open_goes_back_to_the_booking() -> None:
    world = paired()
    world.taken = {FOUR}
    world.transfer("b1", SIDE, to=FOUR)
    world.settle()
    assert world.start() == TEN
    assert world.note() is NoteKind.NOT_OPEN
    at_rest(world)


@pytest.mark.parametrize("calendar", [SIDE, HOME])
def test_cut_and_paste_with_a_new_uid_is_a_transfer(calendar: str) -> None:
    world = paired()
    world.transfer("b1", calendar, uid="7f3a-android", to=FOUR)
    at_rest(world)
    assert world.bookings[B1].start == FOUR


def test_a_copy_beside_the_original_is_a_persons_and_stays_untouched() -> None:
    world = paired()
    copy = world.copy("b1", HOME, uid="7f3a-android", to=FOUR)
    for _ in range(4):
        assert effects(world.cycle(GRACE)) == []
    assert world.objects[copy.key] == copy
    assert calls(world) == []


def test_renamed_by_a_client_the_link_follows() -> None:
    world = paired()
    event = world.event()
    world.delete("b1")
    world.put(event, HOME, "renamed.ics")
    world.settle()
    assert effects(world.log) == []
    assert world.links[B1].href == "/home/renamed.ics"


def test_a_second_event_of_ours_goes_after_ten_minutes() -> None:
    world = paired()
    world.copy("b1", SIDE)
    assert effects(world.cycle()) == []
    assert effects(world.cycle(9 * MINUTE)) == []
    done = effects(world.cycle(MINUTE))
    assert [(type(action), action.why) for action in done] == [(Remove, Why.DUPLICATE)]
    assert [action.calendar for action in done if isinstance(action, Remove)] == [SIDE]
    at_rest(world)


def test_a_booking_whose_place_changed_follows_new_event_first() -> None:
    world = paired()
    world.change("b1", location_id="loc_2")
    world.cycle()
    assert [action.kind for action in effects(world.log)] == ["create", "remove"]
    assert list(world.objects) == [(SIDE, "/side/b1.ics")]


def test_a_booking_moved_and_rerouted_in_zimun_follows_in_one_write() -> None:
    world = paired()
    world.change("b1", location_id="loc_2", start=NOON)
    world.cycle()
    assert [action.kind for action in effects(world.log)] == ["create", "remove"]
    assert (world.start(), list(world.objects)) == (NOON, [(SIDE, "/side/b1.ics")])


def test_what_a_person_added_goes_along_with_the_rerouted_event() -> None:
    world = paired()
    world.edit("b1", extra="VALARM", title="Ada (VIP)")
    world.cycle()
    world.change("b1", location_id="loc_2")
    world.settle()
    seen = world.seen("b1")
    assert seen is not None
    assert "VALARM" in seen.data
    assert world.event().title == "Ada (VIP)"


def test_the_old_event_waits_for_its_calendar_and_then_goes() -> None:
    world = paired()
    world.change("b1", location_id="loc_2")
    world.now += MINUTE
    world.cycle_number += 1
    for action in world.plan().actions:
        world.apply(action)
    world.unreadable = {HOME}
    world.cycle()
    assert len(world.objects) == 2
    world.unreadable = set()
    world.cycle()
    assert list(world.objects) == [(SIDE, "/side/b1.ics")]


def test_a_calendar_that_cannot_be_read_gets_no_event() -> None:
    world = paired()
    world.unreadable = {SIDE}
    world.change("b1", location_id="loc_2")
    world.book("b2", NOON, location_id="loc_2")
    assert effects(world.cycle()) == []


def test_a_uid_that_a_server_refuses_gets_the_next_generation() -> None:
    world = World()
    world.used_uids = {"b1@zimun", "b1~2@zimun"}
    world.book()
    world.cycle()
    assert (world.links[B1].uid, world.links[B1].href) == ("b1~3@zimun", "/home/b1~3.ics")
    world.settle()
    assert world.cycle() == []


# a calendar that left the config


def left(count: int = 1, there: World | None = None) -> World:
    """The home calendar is not in the config any more, and all bookings go to the other one."""
    world = there or paired(count)
    world.managed, world.policy = {SIDE}, policy(routes=(Route(SIDE),))
    return world


def named_again(world: World, *routes: Route) -> None:
    world.managed, world.policy = {HOME, SIDE}, policy(routes=routes)


def test_the_event_in_a_calendar_that_left_the_config_stays_and_the_booking_gets_another_where_it_belongs_now() -> None:
    world = paired()
    world.edit("b1", extra="COLOR:red")
    world.cycle()
    before = world.objects[HOME, "/home/b1.ics"]
    world = left(there=world)
    world.cycle()
    assert world.objects[HOME, "/home/b1.ics"] == before
    assert "COLOR:red" in world.objects[SIDE, "/side/b1.ics"].data
    assert (world.links[B1].calendar, world.note(), world.problems) == (SIDE, None, ())
    world.change("b1", start=FOUR)
    world.settle()
    assert (world.start(), calls(world)) == (FOUR, [])


@pytest.mark.parametrize("home", [True, False])
@pytest.mark.parametrize("meanwhile", ["nothing", "dragged", "deleted", "marked", "customer"])
def test_when_that_calendar_comes_back_one_of_the_two_goes_and_nothing_is_moved_or_cancelled(
    meanwhile: str, home: bool
) -> None:
    world = left()
    old = world.objects[HOME, "/home/b1.ics"]
    world.settle()
    if meanwhile == "dragged":
        world.put(
            replace(make.event(make.booking()), start=make.zoned(NOON), end=make.zoned(NOON + HOUR)), HOME, "b1.ics"
        )
    elif meanwhile == "deleted":
        del world.objects[old.key]
    elif meanwhile == "marked":
        world.put(replace(make.event(make.booking()), cancelled=True), HOME, "b1.ics")
    elif meanwhile == "customer":
        world.change("b1", start=FOUR)
        world.settle()
    named_again(world, Route(HOME if home else SIDE))
    for _ in range(5):
        world.cycle(GRACE)
    assert [key[0] for key in world.objects] == [HOME if home else SIDE]
    assert world.start() == world.bookings[B1].start == (FOUR if meanwhile == "customer" else TEN)
    assert not world.bookings[B1].cancelled
    assert calls(world) == []


@pytest.mark.parametrize("home", [True, False])
def test_who_deletes_one_of_the_two_when_that_calendar_is_back_has_not_cancelled(home: bool) -> None:
    world = left()
    world.settle()
    named_again(world, Route(HOME if home else SIDE))
    world.delete("b1")
    for _ in range(4):
        world.cycle(GRACE)
    assert (len(world.objects), calls(world)) == (1, [])
    assert not world.bookings[B1].cancelled


def test_an_event_deleted_while_the_old_one_stands_out_of_the_config_comes_back() -> None:
    world = left()
    world.settle()
    world.delete("b1")
    for _ in range(3):
        world.cycle(GRACE)
    assert (world.note(), calls(world)) == (NoteKind.FOREIGN, [])
    # both deleted is a deletion
    world.objects.clear()
    world.settle()
    world.cycle(GRACE)
    assert world.bookings[B1].cancelled


@pytest.mark.parametrize(("count", "waits"), [(5, False), (6, True)])
def test_more_than_five_events_of_a_calendar_that_left_await(count: int, waits: bool) -> None:
    world = left(count)
    world.settle()
    assert sum(key[0] == SIDE for key in world.objects) == (0 if waits else count)
    assert len(world.problems) == (count if waits else 0)
    assert all(TO_APPROVE in problem.text for problem in world.problems)
    world.decide(Decision.APPROVED)
    world.settle()
    assert (sum(key[0] == SIDE for key in world.objects), world.problems) == (count, ())


def test_rejected_they_are_left_there_until_their_booking_changes() -> None:
    world = left(6)
    world.settle()
    world.decide(Decision.REJECTED)
    world.settle()
    assert {key[0] for key in world.objects} == {HOME}
    assert all(problem.text == f"{LEFT}: {NAME_IT}" for problem in world.problems)
    world.change("b1", start=FOUR + DAY)
    world.cycle(2 * HOUR)
    assert [key for key in world.objects if key[0] == SIDE] == [(SIDE, "/side/b1.ics")]


THIRD = make.FOREIGN
NAMES = tuple(f"b{number}" for number in range(1, 7))


@pytest.mark.parametrize("answer", [None, Decision.REJECTED, Decision.APPROVED])
def test_an_answer_about_one_calendar_is_none_about_a_third(answer: Decision | None) -> None:
    world = left(6)
    world.settle()
    if answer is not None:
        world.unreadable = {SIDE}  # nothing comes of a yes yet
        world.decide(answer)
        world.cycle()
    world.unreadable, world.managed, world.policy = set(), {THIRD}, policy(routes=(Route(THIRD),))
    world.settle()
    world.settle()
    assert {(link.awaiting.target, link.awaiting.decision) for link in world.links.values() if link.awaiting} == {
        (THIRD, None)
    }
    assert {key[0] for key in world.objects} == {HOME}
    world.decide(Decision.APPROVED)
    world.settle()
    assert sum(key[0] == THIRD for key in world.objects) == 6


def test_moves_that_awaited_when_their_calendar_left_are_told_once_their_events_are_elsewhere() -> None:
    world = World(policy(max_moves=1))
    for name in NAMES:
        world.book(name, TEN + int(name[1]) * DAY)
    world.cycle()
    for name in NAMES:
        world.drag(name, TEN + int(name[1]) * DAY + HOUR)
    world.cycle()
    assert {link.awaiting.kind for link in world.links.values() if link.awaiting} == {AwaitKind.MOVE}
    left(there=world).settle()
    assert {link.awaiting.kind for link in world.links.values() if link.awaiting} == {AwaitKind.REROUTE}
    world.decide(Decision.APPROVED)
    world.settle()
    assert ({world.note(name) for name in NAMES}, calls(world)) == ({NoteKind.ADOPTED}, [])


def test_those_of_days_that_are_not_listed_yet_count_as_well() -> None:
    world = World()
    for number in range(10):
        world.book(f"b{number + 1}", TEN + (number % 5) * DAY + number // 5 * 30 * DAY)
    world.cycle()
    left(there=world)
    world.near = 7 * DAY
    world.settle()
    assert {key[0] for key in world.objects} == {HOME}
    assert sum("once Zimun tells of its booking" in problem.text for problem in world.problems) == 5
    world.near = 61 * DAY
    world.settle()
    assert {link.awaiting.kind for link in world.links.values() if link.awaiting} == {AwaitKind.REROUTE}
    assert {key[0] for key in world.objects} == {HOME}


def test_a_move_that_zimun_was_not_asked_for_when_its_calendar_left_is_told() -> None:
    world = paired()
    world.zimun_up = False
    world.drag("b1", NOON)
    world.cycle()
    assert world.links[B1].wish is not None
    world = left(there=world)
    world.cycle()
    assert (list(world.objects), len(world.problems)) == ([(HOME, "/home/b1.ics")], 1)
    world.zimun_up = True
    world.cycle()
    assert (world.start(), world.note(), calls(world)) == (TEN, NoteKind.ADOPTED, [])


@pytest.mark.parametrize("count", [1, 6])
def test_deleted_when_its_calendar_left_it_asks_in_the_next_one(count: int) -> None:
    """Nobody watched the rest of its grace. Many are approved first, as always."""
    world = paired(count)
    world.delete("b1")
    world.cycle()
    assert world.links[B1].deletion is not None
    left(there=world).settle()
    if count > 1:
        world.decide(Decision.APPROVED)
        world.settle()
    asked = world.links[B1].awaiting
    assert (world.note("b1"), asked and (asked.kind, asked.since)) == (
        NoteKind.CANCEL_ASKED,
        (AwaitKind.CANCEL, world.links[B1].made_at),
    )
    assert sum(key[0] == SIDE for key in world.objects) == count
    world.delete("b1")
    world.cycle()
    world.cycle(GRACE)
    assert world.bookings[B1].cancelled


@pytest.mark.parametrize("how", ["never shown", "restore"])
def test_what_nobody_can_have_deleted_or_that_no_deletion_cancels_is_not_asked_about(how: str) -> None:
    world = paired()
    world.delete("b1")
    world.cycle()
    world.links[B1] = replace(world.links[B1], shown=how != "never shown")
    left(there=world)
    if how == "restore":
        world.policy = replace(world.policy, deletions="restore")
    world.settle()
    assert (world.note(), world.links[B1].awaiting) == (None, None)


def test_deleted_again_where_it_asked_the_question_is_the_same_in_the_next_one() -> None:
    world = paired()
    world.policy = policy(deletions="ask")
    world.delete("b1")
    world.cycle()
    asked = world.links[B1].awaiting
    world.cycle(HOUR)
    world.delete("b1")
    world.cycle()
    assert asked is not None
    assert world.links[B1].deletion is not None
    left(there=world).settle()
    assert (world.note(), world.links[B1].awaiting) == (NoteKind.CANCEL_ASKED, asked)


def test_deleted_and_moved_when_its_calendar_left_nobody_is_asked() -> None:
    world = paired()
    world.delete("b1")
    world.cycle()
    world.change("b1", start=NOON)
    left(there=world).settle()
    assert (world.start(), world.links[B1].awaiting) == (NOON, None)


def with_an_event_of_before() -> World:
    """It was left in the other calendar, as it was."""
    world = paired()
    left = Leftover(SIDE, "/side/b1.ics", '"9"', make.zoned(TEN), stays_until=world.now + HOUR)
    own = replace(world.links[B1], leftovers=(left,))
    world.links[B1] = own
    world.objects[SIDE, "/side/b1.ics"] = replace(
        world.objects[own.calendar, own.href], calendar=SIDE, href="/side/b1.ics", etag='"9"'
    )
    return world


def test_the_event_of_before_stands_in_the_calendar_that_is_back() -> None:
    """The one that was made since is out of the config, and nobody looks at it."""
    world = with_an_event_of_before()
    world.managed, world.policy = {SIDE}, policy(routes=(Route(SIDE),))
    world.settle()
    after = world.links[B1]
    assert (effects(world.log[1:]), after.calendar, after.leftovers) == ([], SIDE, ())


@pytest.mark.parametrize("near", [7 * DAY, 61 * DAY])
def test_what_was_written_into_the_one_that_stood_for_it_waits_until_zimun_tells_of_the_booking(
    near: timedelta,
) -> None:
    """Days that are far ahead are listed each quarter of an hour."""
    world = World()
    world.book(start=TEN + 20 * DAY)
    world.cycle()
    before = world.objects[HOME, "/home/b1.ics"]
    world.delete("b1")
    left(there=world).cycle()
    world.edit("b1", description="allergic to dye\n" + world.event().description)
    world.cycle()
    world.objects[before.key] = before
    own = world.links[B1]
    world.links[B1] = replace(own, leftovers=(left_behind(before),))
    world.managed, world.policy, world.near = {HOME}, policy(routes=(Route(HOME),)), near
    world.cycle()
    assert (world.links[B1].calendar, [problem.text for problem in world.problems]) == (
        (HOME, []) if near == 61 * DAY else (SIDE, [UNTOLD])
    )
    world.near = 61 * DAY
    world.cycle()
    seen = world.objects[before.key]
    assert seen.event is not None
    assert "allergic" in seen.event.description


def test_one_that_cannot_be_read_where_it_was_left_does_not_count_yet() -> None:
    world = with_an_event_of_before()
    world.cycle()
    world.managed, world.unreadable, world.policy = {SIDE}, {SIDE}, policy(routes=(Route(SIDE),))
    assert world.cycle() == []
    assert world.links[B1].calendar == HOME


@pytest.mark.parametrize("moved", [False, True])
def test_a_customer_who_moves_one_that_awaits_another_calendar_lets_no_question_come_and_go(*, moved: bool) -> None:
    world = left(6)
    world.settle()
    if moved:
        world.change("b1", start=FOUR + DAY)
    world.cycle()
    since = {name: link.awaiting.since for name, link in world.links.items() if link.awaiting is not None}
    assert len(since) == 6
    for _ in range(3):
        assert world.cycle() == []
    assert {name: link.awaiting.since for name, link in world.links.items() if link.awaiting is not None} == since


def test_those_that_no_calendar_is_meant_for_hold_up_no_other() -> None:
    world = World()
    for number in range(7):
        world.book(f"b{number + 1}", TEN + number % 5 * DAY, location_id="loc_9" if number else "loc_1")
    world.cycle()
    world.managed, world.policy = {SIDE}, policy(routes=(Route(SIDE, locations=("loc_1",)),))
    world.settle()
    assert [key for key in world.objects if key[0] == SIDE] == [(SIDE, "/side/b1.ics")]


def test_one_that_has_no_calendar_to_go_to_or_need_not_go_is_named_and_left() -> None:
    world = left()
    world.unreadable = {SIDE}
    assert world.cycle() == []
    assert [problem.text for problem in world.problems] == [
        f"{LEFT}, and the one that it belongs in cannot be read: {SIDE}"
    ]
    world.unreadable, world.policy = set(), policy(routes=())
    assert world.cycle() == []
    assert [problem.kind for problem in world.problems] == ["unrouted"]
    world = left()
    world.cancel("b1")
    assert world.cycle() == []
    assert [problem.text for problem in world.problems] == [f"{LEFT}: it is left there"]


@pytest.mark.parametrize(
    ("routes", "calendar"),
    [
        ((Route(HOME, locations=("loc_1",)), Route(SIDE)), HOME),
        ((Route(SIDE, services=("colour",)), Route(HOME)), HOME),
        ((Route(SIDE, staff=("Zoe",)), Route(HOME)), SIDE),
        ((Route(SIDE, locations=("loc_1",), staff=("Bea",)), Route(HOME, fallback=True)), HOME),
        ((Route(HOME, fallback=True), Route(SIDE, services=("cut",))), SIDE),
        ((Route(HOME, locations=("loc_9",), fallback=True),), HOME),
        ((Route(HOME, locations=("loc_9",)),), None),
        ((), None),
    ],
)
def test_the_first_entry_that_matches_else_the_fallback(routes: tuple[Route, ...], calendar: str | None) -> None:
    assert route(make.booking(staff_name="Zoe"), routes) == calendar


def test_a_route_to_nowhere_names_the_booking_and_leaves_its_event() -> None:
    world = paired()
    world.policy = policy(routes=())
    assert effects(world.cycle()) == []
    assert [problem.kind for problem in world.problems] == ["unrouted"]


def test_a_foreign_event_is_never_touched() -> None:
    world = paired()
    world.objects[HOME, "/home/dentist.ics"] = replace(
        make.observation(make.event(make.booking("x"))), href="/home/dentist.ics", event=None, data=""
    )
    assert world.cycle(HOUR) == []
    assert world.problems == ()
