"""More than one event of one booking, or something else where the event should stand."""

from dataclasses import replace

from syncd.domain.actions import Remove
from syncd.domain.event import Event
from syncd.domain.ids import BookingId
from syncd.domain.link import AwaitKind
from syncd.domain.note import NoteKind
from syncd.planning.planner import make_plan
from syncd.planning.routing import Route
from syncd.planning.snapshot import FindEvent, Look, LookEvent
from tests.planning import builders as make
from tests.planning.builders import FOUR, HOME, HOUR, MINUTE, NOON, NOW, SIDE, policy
from tests.planning.world import World, calls, effects, paired

B1, B2 = BookingId("b1"), BookingId("b2")
GRACE = 11 * MINUTE


def test_a_lagging_list_does_not_make_a_leftover_the_event() -> None:
    """Transferred: the event is at its new place; the list does not show it yet, only what we left behind."""
    world = paired()
    world.change("b1", location_id="loc_2", start=NOON)
    world.now += MINUTE
    world.cycle_number += 1
    for action in world.plan().actions:
        world.apply(action)
    assert [left.href for left in world.links[B1].leftovers] == ["/home/b1.ics"]
    new = world.objects.pop((SIDE, "/side/b1.ics"))  # not listed yet
    answer = world.answer
    world.answer = lambda asked: new if isinstance(asked, LookEvent) and asked.href == new.href else answer(asked)  # type: ignore[assignment,method-assign]
    world.cycle()
    assert calls(world) == []
    assert world.bookings[B1].start == NOON


def test_a_twin_is_not_removed_while_the_events_own_calendar_is_unread() -> None:
    own = make.observation(make.event(make.booking()))
    twin = make.observation(make.event(make.booking()), calendar=SIDE, at=NOW - HOUR)
    pair = make.link(make.booking(), own)
    look = make.snapshot(bookings=(make.booking(),), events=(own, twin), links=(pair,), readable=frozenset({SIDE}))
    assert make_plan(look, policy()).effects == ()


def test_found_in_a_managed_calendar_is_transferred_not_foreign() -> None:
    own = make.observation(make.event(make.booking()))
    pair = make.link(make.booking(), own)
    looks = {LookEvent(HOME, own.href): Look.ABSENT, FindEvent("b1@zimun", B1): SIDE}
    look = make.snapshot(bookings=(make.booking(),), links=(pair,), looks=looks)
    assert make_plan(look, policy()).effects == ()


def test_a_twin_does_not_take_the_place_of_a_cancelled_bookings_event() -> None:
    world = World()
    world.used_uids = {"b1@zimun"}
    world.book()
    world.settle()
    assert world.links[B1].uid == "b1~2@zimun"
    world.put(make.event(make.booking()), SIDE, "b1.ics")
    world.cancel("b1")
    world.settle()
    assert (HOME, "/home/b1~2.ics") not in world.objects


def test_the_same_tag_long_after_our_delete_is_no_lag() -> None:
    """Radicale's ETag is a hash of the content: an event restored to the letter has the tag that we deleted."""
    world = paired(2)
    seen = world.seen("b1")
    assert seen is not None
    world.delete("b1")
    world.cycle()
    world.cycle(GRACE)
    assert world.bookings[B1].cancelled
    world.now += HOUR
    world.objects[seen.key] = replace(seen, seen_at=world.now)
    world.cycle()
    assert world.note() is NoteKind.CANCELLED


def test_an_event_put_into_a_managed_calendar_leaves_the_unmanaged_one() -> None:
    world = paired()
    world.managed = {SIDE}
    world.policy = policy(routes=(Route(SIDE),))
    world.transfer("b1", SIDE)
    world.settle()
    assert world.links[B1].calendar == SIDE
    assert world.problems == ()


def test_two_events_of_a_cancelled_booking_both_go() -> None:
    world = World()
    world.book()
    world.cancel("b1")
    world.put(make.event(make.booking()), HOME, "b1.ics")
    world.put(make.event(make.booking(), uid="b1~2@zimun"), HOME, "b1~2.ics")
    world.settle()
    assert world.objects == {}


def test_an_event_whose_number_was_mangled_is_not_written_for_ever() -> None:
    world = paired()

    def mangle(what: Event, *more: object, **others: object) -> object:
        return put(replace(what, booking_id=what.booking_id.upper()), *more, **others)  # type: ignore[arg-type]

    put = world.put
    world.put = mangle  # type: ignore[method-assign,assignment]
    world.edit("b1", extra="SEQUENCE:2")
    for _ in range(10):
        world.cycle()
    assert len(effects(world.log)) <= 3


def test_what_stands_at_our_href_does_not_stop_the_event() -> None:
    """A copy under a UID of its own, or somebody else's event, at the href that ours would get: a 412 for ever."""
    world = World()
    world.book()
    world.put(make.event(make.booking(), uid="7f3a-android"), HOME, "b1.ics")
    world.settle()
    assert world.event().uid in ("b1@zimun", "b1~2@zimun")
    world = World()
    world.book()
    stranger = replace(make.observation(make.event(make.booking())), event=None, data="")
    world.objects[stranger.key] = stranger
    world.settle()
    assert world.links[B1].uid == "b1~2@zimun"


def test_a_drag_of_the_old_event_while_it_is_left_over_is_not_lost() -> None:
    world = paired()
    world.change("b1", location_id="loc_2")
    world.now += MINUTE
    world.cycle_number += 1
    for action in world.plan().actions:
        world.apply(action)
    old = world.objects[HOME, "/home/b1.ics"].event
    assert old is not None
    world.put(replace(old, start=make.zoned(FOUR), end=make.zoned(FOUR + HOUR)))
    done = world.cycle()
    removed = [action for action in done if isinstance(action, Remove)]
    assert not removed or world.bookings[B1].start == FOUR


def test_a_question_is_not_overwritten_by_the_rerouting() -> None:
    world = paired(7, policy(deletions="ask"))
    world.delete("b1")
    world.cycle()
    world.policy = policy(deletions="ask", routes=(Route(SIDE),))
    world.cycle()
    awaiting = world.links[B1].awaiting
    assert awaiting is not None
    assert awaiting.kind is AwaitKind.CANCEL
