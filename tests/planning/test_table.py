"""The table of the planner: one test per cell. Rows are Zimun's, columns the calendar's, each against the base."""

from syncd.domain.actions import Cancel, Create, Remove, Replace, Reschedule, Why
from syncd.domain.booking import Status
from syncd.domain.ids import BookingId
from syncd.domain.link import ClosedWhy
from syncd.domain.note import NoteKind
from syncd.planning.routing import Route
from tests.planning import builders as make
from tests.planning.builders import DAY, FOUR, HOME, HOUR, MINUTE, NOON, NOW, TEN, policy
from tests.planning.world import World, calls, effects, paired

B1 = BookingId("b1")
GRACE = 11 * MINUTE


def test_same_same_nothing() -> None:
    world = paired(3)
    assert world.cycle() == []
    assert world.problems == ()


def test_same_moved_reschedules() -> None:
    world = paired()
    world.drag("b1", FOUR)
    done = world.cycle()
    assert [(action.why, action.to) for action in done if isinstance(action, Reschedule)] == [(Why.EVENT_MOVED, FOUR)]
    assert world.bookings[B1].start == FOUR
    assert world.start() == FOUR
    assert effects(world.cycle()) == []


def test_same_deleted_cancels_after_the_grace() -> None:
    world = paired(2)
    world.delete("b1")
    assert effects(world.cycle()) == []
    done = world.cycle(GRACE)
    assert [type(action) for action in effects(done)] == [Cancel]
    assert world.bookings[B1].cancelled
    assert world.links[B1].closed is not None


def test_same_marked_cancelled_counts_as_deleted() -> None:
    world = paired(2)
    world.edit("b1", cancelled=True)
    assert effects(world.cycle()) == []
    world.cycle(GRACE)
    assert world.bookings[B1].cancelled


def test_same_new_is_adopted_without_a_write_where_it_is_right() -> None:
    world = World()
    world.put(make.event(make.booking()))
    world.book()
    done = world.cycle()
    assert [action.why for action in done] == [Why.ADOPTED]
    assert world.links[B1].href == make.path(HOME, "b1.ics")
    assert world.cycle() == []


def test_moved_same_updates_the_event_in_one_write() -> None:
    world = paired()
    world.change("b1", start=NOON)
    done = effects(world.cycle())
    assert [(type(action), action.why) for action in done] == [(Replace, Why.BOOKING_MOVED)]
    assert world.start() == NOON


def test_moved_moved_to_the_same_time_is_agreed() -> None:
    world = paired()
    world.change("b1", start=FOUR)
    world.drag("b1", FOUR)
    done = world.cycle()
    assert effects(done) == []
    assert [action.why for action in done] == [Why.AGREED]
    assert world.links[B1].booking.start == FOUR


def test_moved_moved_elsewhere_zimun_decides_and_the_event_says_so() -> None:
    world = paired()
    world.change("b1", start=NOON)
    world.drag("b1", FOUR)
    world.cycle()
    assert (world.bookings[B1].start, world.start()) == (NOON, NOON)
    assert world.note() is NoteKind.CONFLICT_ZIMUN
    assert calls(world) == []
    note = world.links[B1].note
    assert note is not None
    assert (note.asked, note.was) == (FOUR, NOON)


def test_moved_moved_elsewhere_the_calendar_decides_and_the_event_says_so() -> None:
    world = paired(rules=policy(conflict="calendar"))
    world.change("b1", start=NOON)
    world.drag("b1", FOUR)
    world.cycle()
    assert (world.bookings[B1].start, world.start()) == (FOUR, FOUR)
    assert world.note() is NoteKind.CONFLICT_CALENDAR


def test_moved_deleted_puts_the_event_back() -> None:
    world = paired()
    world.change("b1", start=NOON)
    world.delete("b1")
    done = effects(world.cycle())
    assert [type(action) for action in done] == [Create]
    assert world.start() == NOON
    assert world.note() is NoteKind.MOVED_AND_DELETED
    world.settle()
    assert not world.bookings[B1].cancelled


def test_moved_marked_cancelled_puts_the_event_right() -> None:
    world = paired()
    world.change("b1", start=NOON)
    world.edit("b1", cancelled=True)
    done = effects(world.cycle())
    assert [type(action) for action in done] == [Replace]
    assert (world.start(), world.event().cancelled) == (NOON, False)


def test_moved_new_is_adopted_and_written_to_zimuns_time() -> None:
    world = World()
    world.put(make.event(make.booking(), title="Ada, as always"))
    world.book(start=NOON)
    world.cycle()
    assert world.start() == NOON
    assert world.event().title == "Ada, as always"
    assert world.note() is NoteKind.ADOPTED
    assert calls(world) == []


def test_cancelled_same_removes_the_event() -> None:
    world = paired()
    world.cancel("b1")
    done = effects(world.cycle())
    assert [(type(action), action.why) for action in done] == [(Remove, Why.BOOKING_CANCELLED)]
    assert world.objects == {}
    closed = world.links[B1].closed
    assert closed is not None
    assert closed.why is ClosedWhy.CANCELLED


def test_cancelled_moved_keeps_the_event_and_says_so_then_removes_it() -> None:
    world = World()
    world.book(start=TEN + 20 * DAY)
    world.cycle()
    world.cancel("b1")
    world.drag("b1", FOUR + 20 * DAY)
    world.cycle()
    assert world.note() is NoteKind.CANCELLED
    assert world.start() == FOUR + 20 * DAY
    world.cycle(71 * HOUR)
    assert world.seen("b1") is not None
    world.cycle(HOUR)
    assert world.objects == {}
    assert calls(world) == []


def test_cancelled_deleted_is_agreed() -> None:
    world = paired()
    world.cancel("b1")
    world.delete("b1")
    done = world.cycle()
    assert effects(done) == []
    assert [action.why for action in done] == [Why.AGREED]
    assert world.cycle() == []


def test_cancelled_new_removes_what_a_lost_database_left() -> None:
    world = World()
    world.book()
    world.cancel("b1")
    world.put(make.event(make.booking()))
    world.cycle()
    assert world.objects == {}


def test_cancelled_new_at_another_time_says_so_before_it_goes() -> None:
    world = World()
    world.book()
    world.cancel("b1")
    world.put(make.event(make.booking(start=FOUR)))
    world.cycle()
    assert world.note() is NoteKind.CANCELLED


def test_new_booking_gets_its_event_where_routing_wants_it() -> None:
    world = World()
    world.book(location_id="loc_2")
    done = effects(world.cycle())
    assert [(type(action), action.why) for action in done] == [(Create, Why.NEW)]
    link = world.links[B1]
    assert (link.calendar, link.href, link.uid) == (make.SIDE, "/side/b1.ics", "b1@zimun")
    assert world.start() == TEN


def test_new_held_has_no_event() -> None:
    world = World()
    world.book(status=Status.HELD)
    assert world.cycle() == []
    world.change("b1", status=Status.SCHEDULED)
    world.cycle()
    assert world.start() == TEN


def test_new_of_an_unknown_status_is_live() -> None:
    world = World()
    world.book(status=Status.OTHER)
    world.cycle()
    assert world.start() == TEN


def test_new_beyond_the_future_has_none_yet_a_linked_one_keeps_it() -> None:
    world = paired()
    world.near = 400 * DAY
    world.book("b2", NOW + 61 * DAY)
    world.change("b1", start=NOW + 90 * DAY)
    world.cycle()
    assert world.start("b1") == NOW + 90 * DAY
    assert world.seen("b2") is None


def test_older_than_past_days_is_never_touched_again() -> None:
    world = paired()
    world.cycle(4 * DAY)
    world.delete("b1")
    world.cycle()
    world.change("b1", contact_name="Somebody else")
    assert world.cycle() == []
    assert not world.bookings[B1].cancelled


def test_new_unrouted_is_named() -> None:
    world = World(policy(routes=(Route(HOME, locations=("loc_9",)),)))
    world.book()
    assert world.cycle() == []
    assert [(problem.kind, problem.key) for problem in world.problems] == [("unrouted", "b1")]
