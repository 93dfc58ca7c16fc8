"""Without a base: adopted, told apart, or left alone."""

from dataclasses import replace

from syncd.domain.actions import ProblemKind, Why
from syncd.domain.ids import BookingId
from syncd.domain.note import NoteKind
from syncd.planning.looks import questions
from syncd.planning.planner import make_plan
from syncd.planning.snapshot import Look, LookBooking
from tests.planning import builders as make
from tests.planning.builders import DAY, FOUR, HOME, HOUR, MINUTE, NOON, SIDE, TEN, policy
from tests.planning.world import World, calls, effects, paired

B1 = BookingId("b1")


def lost(count: int = 1) -> World:
    """A world whose database was lost."""
    world = paired(count)
    world.links.clear()
    return world


def test_a_lost_database_is_rebuilt_without_a_write_or_a_call() -> None:
    world = lost(8)
    assert effects(world.cycle()) == []
    assert len(world.links) == 8
    assert world.cycle() == []


def test_a_lost_database_and_an_emptied_calendar_cancel_nothing() -> None:
    world = lost(8)
    world.objects.clear()
    world.cycle()
    assert (calls(world), len(world.objects)) == ([], 8)


def test_without_a_base_zimun_is_right_about_the_time_and_a_persons_texts_stay() -> None:
    world = lost()
    world.drag("b1", FOUR)
    world.edit("b1", title="Ada, by the window", extra="VALARM")
    world.cycle()
    assert (world.start(), world.bookings[B1].start) == (TEN, TEN)
    assert (world.event().title, world.note()) == ("Ada, by the window", NoteKind.ADOPTED)
    note = world.links[B1].note
    assert note is not None
    assert (note.asked, note.was) == (FOUR, TEN)


def test_without_a_base_a_mark_of_cancellation_is_nobodys_word() -> None:
    world = lost()
    world.edit("b1", cancelled=True)
    world.settle()
    world.cycle(11 * MINUTE)
    assert (world.event().cancelled, calls(world)) == (False, [])


def test_without_a_base_an_all_day_event_gets_its_time_back() -> None:
    world = lost()
    world.edit("b1", start=make.all_day(TEN), end=make.all_day(TEN + DAY))
    world.settle()
    assert (world.start(), calls(world)) == (TEN, [])


def test_an_old_note_in_an_adopted_event_goes_in_its_time() -> None:
    world = World()
    world.book(start=TEN + 9 * DAY)
    world.cycle()
    world.edit("b1", noted=True)
    world.links.clear()
    world.settle()
    world.cycle(73 * HOUR)
    assert not world.event().noted


def test_the_highest_generation_is_the_bookings_and_lower_ones_go() -> None:
    world = World()
    world.book()
    world.put(make.event(make.booking()), HOME, "b1.ics")
    world.put(make.event(make.booking(), uid="b1~2@zimun"), HOME, "b1~2.ics")
    world.settle()
    assert list(world.objects) == [(HOME, "/home/b1~2.ics")]
    assert calls(world) == []


def test_of_two_equals_the_one_where_routing_wants_it_is_adopted() -> None:
    world = World()
    world.book(location_id="loc_2")
    world.put(make.event(make.booking()), HOME, "b1.ics")
    world.put(make.event(make.booking()), SIDE, "b1.ics")
    world.cycle()
    assert world.links[B1].calendar == SIDE
    world.cycle(11 * MINUTE)
    assert list(world.objects) == [(SIDE, "/side/b1.ics")]


def test_a_pasted_event_is_known_by_the_booking_it_names() -> None:
    world = World()
    world.book()
    world.put(make.event(make.booking(), uid="7f3a-android"), HOME, "7f3a.ics")
    world.settle()
    assert [seen.event.uid for seen in world.objects.values() if seen.event] == ["b1@zimun"]


def test_an_id_that_is_no_plain_segment_finds_its_event_again() -> None:
    world = World()
    world.book("Bo/oking ä")
    world.cycle()
    world.links.clear()
    assert effects(world.cycle()) == []
    assert list(world.links) == ["Bo/oking ä"]


def test_an_orphan_is_looked_up_named_and_left_alone() -> None:
    world = paired()
    orphan = world.put(make.event(make.booking("b9")))
    assert effects(world.cycle()) == []
    assert LookBooking(BookingId("b9")) in world.asked
    assert [(problem.kind, problem.key) for problem in world.problems] == [(ProblemKind.ORPHAN, orphan.href)]
    assert world.objects[orphan.key] == orphan


def test_an_orphan_is_looked_up_once_an_hour() -> None:
    orphan = make.observation(make.event(make.booking("b9")))
    look = make.snapshot(events=(orphan,))
    assert questions(look, policy()) == {LookBooking(BookingId("b9"))}
    assert questions(replace(look, asked_lately=frozenset({BookingId("b9")})), policy()) == frozenset()


def test_an_orphan_whose_booking_answers_is_adopted() -> None:
    world = World()
    world.book()
    world.unlisted = {B1}
    world.put(make.event(make.booking()))
    world.settle()
    assert world.links[B1].href == "/home/b1.ics"


def test_without_an_answer_an_event_of_ours_is_left_alone() -> None:
    orphan = make.observation(make.event(make.booking("b9")))
    for answer in (Look.UNKNOWN, Look.CLOSED):
        look = make.snapshot(events=(orphan,), looks={LookBooking(BookingId("b9")): answer})
        assert make_plan(look, policy()).actions == ()


def test_an_event_that_cannot_be_read_is_parked_and_the_others_go_on() -> None:
    world = paired(2)
    seen = world.objects[HOME, "/home/b1.ics"]
    world.objects[seen.key] = replace(seen, event=None, fault="no DTSTART")
    world.drag("b2", FOUR)
    world.cycle()
    assert [(problem.kind, problem.key) for problem in world.problems] == [(ProblemKind.PARKED, "b1")]
    assert world.bookings[BookingId("b2")].start == FOUR
    world.cycle(11 * MINUTE)
    assert not world.bookings[B1].cancelled


def test_no_second_event_beside_one_that_cannot_be_read() -> None:
    world = paired()
    seen = world.objects[HOME, "/home/b1.ics"]
    world.objects[seen.key] = replace(seen, event=None, fault="no DTSTART")
    world.links.clear()
    assert world.cycle() == []
    assert [problem.kind for problem in world.problems] == [ProblemKind.PARKED]


def test_a_booking_linked_anew_is_reasoned_as_adopted() -> None:
    world = lost()
    world.change("b1", start=NOON)
    assert {action.why for action in world.cycle()} <= {Why.ADOPTED, Why.REMEMBERED}
    assert world.start() == NOON
