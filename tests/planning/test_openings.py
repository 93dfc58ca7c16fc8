"""Open slots as events: which are shown and how, what is written and in which order, and what counts as edited."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.domain.availability import DayKey, OpenDay
from syncd.domain.booking import Catalog, Parked, Service, Slot
from syncd.domain.event import Event
from syncd.domain.ids import parse_uid
from syncd.domain.opening import Opening, SlotKey, parse_slot_href, parse_slot_uid, slot_name, slot_stem, slot_uid
from syncd.planning import availability
from syncd.planning.openings import (
    Change,
    Closed,
    Offer,
    Show,
    Take,
    Wording,
    Write,
    changes,
    is_edited,
    read_as,
    said_by,
    shown,
    written,
)
from tests.planning import builders as make
from tests.planning.builders import CATALOG, DAY, HOUR, MINUTE, NOW, TEN

QUARTER = 15 * MINUTE
CUT = Offer("cut", "loc_1")
WORDING = Wording("Open: Haircut", "Salon", "To book it, ...")
WORDINGS = {CUT: WORDING, Offer("wash", "loc_1"): Wording("Open: Wash", "Salon", "To book it, ...")}


def day(*starts: datetime, service: str = "cut", place: str = "loc_1", **more: object) -> OpenDay:
    of = starts[0] if starts else TEN
    slots = tuple(Slot(service, place, start) for start in starts)
    return replace(OpenDay(service, place, of.date(), NOW, NOW, slots), **more)  # type: ignore[arg-type]


def known(*days: OpenDay) -> dict[DayKey, OpenDay]:
    return {one.key: one for one in days}


def slot(start: datetime = TEN, service: str = "cut") -> SlotKey:
    return SlotKey(service, "loc_1", start)


def event(**changes: object) -> Event:
    """What syncd writes for ten o'clock."""
    made = Event(slot_uid(slot()), "", make.zoned(TEN), make.zoned(TEN + QUARTER), *WORDING)
    return replace(made, **changes)  # type: ignore[arg-type]


SHOW = Show(TEN + QUARTER, TEN + HOUR, "face")
SHOWN = {slot(): SHOW}
LOOK = (SHOW.face, WORDING.said)
OPENING = Opening("/open/" + slot_name(slot()), '"1"', *slot(), TEN, TEN + QUARTER, "face", WORDING.said)


def todo(show: dict[SlotKey, Show], *standing: Opening, closed: bool = True, now: datetime = NOW) -> list[Change]:
    return changes(show, standing, lambda _: closed, now)


# names


def test_a_slots_names_say_which_it_is_and_never_look_like_a_bookings() -> None:
    for generation in (1, 2, 12):
        uid, name = slot_uid(slot(), generation), slot_name(slot(), generation)
        assert parse_slot_uid(uid) == parse_slot_href(f"/u/open/{name}") == slot_stem(slot())
        assert parse_uid(uid) is None
        assert not uid.endswith("@zimun")
    assert slot_name(slot()) == "cut.loc_1.20260303T090000Z.ics"
    assert parse_slot_href("/u/open/cut.loc_1.20260303T090000Z%7E2.ics") == slot_stem(slot())


@pytest.mark.parametrize(
    "name", ["b_1.ics", "cut.loc_1.20260303T090000Z", "cut.loc_1.20260399T090000Z.ics", "cut.20260303T090000Z.ics", ""]
)
def test_all_else_is_nobodys_slot(name: str) -> None:
    assert parse_slot_href(f"/u/open/{name}") is None
    assert parse_slot_uid(name) is None


@given(st.text(max_size=80), st.text(max_size=80), st.integers(1, 30_000_000_000))
def test_any_ids_make_one_plain_name(service: str, place: str, seconds: int) -> None:
    one = SlotKey(service, place, NOW + timedelta(seconds=seconds))
    name = slot_name(one, 3)
    assert "/" not in name
    assert len(name) < 200
    assert parse_slot_href(name) == parse_slot_uid(slot_uid(one, 3)) == slot_stem(one)


# what is shown


def test_an_event_is_as_long_as_the_steps_so_that_they_do_not_overlap() -> None:
    """Starts each quarter of an hour for an hour's service: side by side in time, not four deep."""
    found = shown(CATALOG, known(day(TEN, TEN + QUARTER, TEN + 2 * HOUR)), WORDINGS, NOW)
    assert {key.start: one.until for key, one in found.items()} == {
        start: start + QUARTER for start in (TEN, TEN + QUARTER, TEN + 2 * HOUR)
    }


@pytest.mark.parametrize(
    ("starts", "length"), [([0], 60), ([0, 45, 90], 45), ([0, 5], 15), ([0, 90], 60)], ids=["one", "45", "5", "90"]
)
def test_never_longer_than_the_service_and_long_enough_to_be_read(starts: list[int], length: int) -> None:
    found = shown(CATALOG, known(day(*(TEN + start * MINUTE for start in starts))), WORDINGS, NOW)
    assert {one.until - key.start for key, one in found.items()} == {length * MINUTE}


def test_the_step_is_that_of_all_days_so_that_a_full_day_looks_like_the_others() -> None:
    busy = day(TEN + DAY, TEN + DAY + 4 * HOUR)
    found = shown(CATALOG, known(day(TEN, TEN + QUARTER), busy), WORDINGS, NOW)
    assert {one.until - key.start for key, one in found.items()} == {QUARTER}


def test_what_is_over_or_unknown_or_has_no_length_is_not_shown() -> None:
    assert shown(CATALOG, known(day(NOW, NOW - MINUTE)), WORDINGS, NOW) == {}
    assert shown(CATALOG, known(day(TEN, read_at=None)), WORDINGS, NOW) == {}
    assert shown(CATALOG, known(day(TEN, service="wash")), WORDINGS, NOW) == {}
    endless = replace(CATALOG, services={"cut": Service("cut", "Haircut")})
    assert shown(endless, known(day(TEN)), WORDINGS, NOW) == {}
    nowhere = replace(CATALOG, locations={"loc_1": replace(CATALOG.locations["loc_1"], timezone="Mars")})
    assert shown(nowhere, known(day(TEN)), WORDINGS, NOW) == {}
    no_time = replace(day(TEN), slots=(Slot("cut", "loc_1", TEN, TEN),))
    assert shown(CATALOG, known(no_time), WORDINGS, NOW) == {}


def test_what_is_not_shown_hides_no_other() -> None:
    assert list(shown(CATALOG, known(day(TEN, service="wash"), day(TEN)), WORDINGS, NOW)) == [slot()]


def test_where_zimun_tells_the_end_that_counts() -> None:
    told = replace(day(TEN), slots=(Slot("cut", "loc_1", TEN, TEN + 40 * MINUTE),))
    assert shown(CATALOG, known(told), WORDINGS, NOW)[slot()].until == TEN + 40 * MINUTE


def test_a_new_text_or_zone_is_a_new_face() -> None:
    days = known(day(TEN))
    faces = {
        shown(catalog, days, {CUT: wording}, NOW)[slot()].face
        for catalog in (
            CATALOG,
            replace(CATALOG, locations={"loc_1": replace(CATALOG.locations["loc_1"], timezone="Europe/Paris")}),
        )
        for wording in (WORDING, WORDING._replace(title="Frei: Haircut"))
    }
    assert len(faces) == 4


def test_the_hashes_are_those_of_earlier_versions() -> None:
    """They are remembered: other ones would write every slot's event anew."""
    assert WORDING.said == "9ec5f37b61e836adf54b22ad06896a42"
    assert shown(CATALOG, known(day(TEN)), WORDINGS, NOW)[slot()].face == "e301501ef146c17c484eda1a4ff309f2"


def test_any_text_has_a_hash() -> None:
    assert said_by("\ud800", "", "") != said_by("", "", "")


# what is written


def test_nothing_where_all_stands_as_it_should() -> None:
    assert todo(SHOWN, OPENING) == []


def test_what_is_missing_is_written_and_what_is_not_open_any_more_goes() -> None:
    other = slot(TEN + HOUR)
    assert todo(SHOWN | {other: SHOW}, OPENING) == [Write(other, SHOW)]
    assert todo({}, OPENING) == [Take(OPENING)]
    assert todo({}, OPENING, closed=False) == []


@pytest.mark.parametrize(
    "moved",
    [
        {"from_": TEN + HOUR},
        {"until": TEN + HOUR + MINUTE},
        {"until": TEN},
        {"from_": None, "until": None},
        {"face": "old"},
    ],
)
def test_what_is_not_right_is_put_right(moved: dict[str, object]) -> None:
    one = replace(OPENING, **moved)  # type: ignore[arg-type]
    assert todo(SHOWN, one) == [Write(slot(), SHOW, one)]


def test_other_steps_between_the_slots_are_no_reason_to_write_them_again() -> None:
    assert todo(SHOWN, replace(OPENING, until=TEN + HOUR)) == []
    assert todo({slot(): SHOW._replace(until=TEN + HOUR)}, OPENING) == []


def test_an_edited_event_is_left_alone_and_stands_for_its_slot() -> None:
    edited = replace(OPENING, edited=True, from_=TEN + HOUR, face="old")
    assert todo(SHOWN, edited) == []
    assert todo({}, edited) == []
    assert todo({}, edited, now=TEN + DAY) == []
    spare = replace(OPENING, href="/open/a.ics")
    assert todo(SHOWN, spare, edited) == [Take(spare)]


def test_of_two_events_of_a_slot_one_goes() -> None:
    second = replace(OPENING, href="/open/" + slot_name(slot(), 2))
    assert todo(SHOWN, second, OPENING) == [Take(second)]


def test_what_would_mislead_goes_first_then_sooner_before_later_and_last_what_is_over() -> None:
    def stands(hours: int, **more: object) -> Opening:
        start = NOW + hours * HOUR
        return replace(OPENING, href=f"/open/{hours}.ics", start=start, **more)  # type: ignore[arg-type]

    show = {slot(at): Show(at + QUARTER, at + HOUR, "face") for at in (NOW + hours * HOUR for hours in (2, 7, 3))}
    done = todo(show, stands(0), stands(-5), stands(9), stands(-1), stands(4), stands(3, face="old"))
    assert [(type(one), one.slot.start if isinstance(one, Write) else one.opening.start) for one in done] == [
        (kind, NOW + hours * HOUR)
        for kind, hours in [(Take, 4), (Take, 9), (Write, 2), (Write, 3), (Write, 7), (Take, -5), (Take, -1), (Take, 0)]
    ]


def test_a_day_with_thirty_slots_and_one_booking_is_few_writes() -> None:
    starts = [TEN + number * QUARTER for number in range(30)]
    before = shown(CATALOG, known(day(*starts)), WORDINGS, NOW)
    standing = [_done(Write(key, show)) for key, show in before.items()]
    taken = {start for start in starts if start + HOUR > TEN + HOUR and start < TEN + 2 * HOUR}
    after = shown(CATALOG, known(day(*(start for start in starts if start not in taken))), WORDINGS, NOW)
    done = todo(after, *standing)
    assert len(done) == len(taken) == 7
    assert all(isinstance(one, Take) for one in done)


# what is known not to be open


def test_closed_is_what_was_read_without_it_or_is_over_or_not_asked_about() -> None:
    days = availability.wanted(CATALOG, NOW, 7)
    of_cut = Closed(CATALOG, known(day(TEN)), days, NOW)
    assert of_cut(slot(TEN + HOUR))
    assert of_cut(slot(NOW))
    assert of_cut(slot(TEN.replace(hour=23) - DAY))  # midnight at the place: the day that was read
    assert of_cut(slot(TEN + 20 * DAY))
    assert of_cut(slot(service="gone"))
    assert of_cut(SlotKey("cut", "loc_gone", TEN))
    assert not of_cut(slot(TEN + DAY))
    assert not Closed(CATALOG, {}, days, NOW)(slot())
    assert not Closed(CATALOG, known(day(TEN, read_at=None)), days, NOW)(slot())


@pytest.mark.parametrize(
    "catalog",
    [
        Catalog(),
        replace(CATALOG, parked=(Parked("wash", "no id"),)),
        replace(CATALOG, locations={}),
        replace(CATALOG, services={}),
    ],
    ids=["none", "an entry unread", "no places", "no services"],
)
def test_where_the_catalogue_is_not_complete_what_is_missing_in_it_stays(catalog: Catalog) -> None:
    days = availability.wanted(catalog, NOW, 7)
    assert not Closed(catalog, {}, days, NOW)(slot(service="gone"))
    assert not Closed(catalog, {}, days, NOW)(SlotKey("cut", "loc_gone", TEN))
    assert Closed(catalog, {}, days, NOW)(slot(NOW - HOUR))


# what counts as edited


@pytest.mark.parametrize(
    "edit",
    [
        {"title": "Dana Lee dana@example.com"},
        {"title": "Open: Haircut Dana"},
        {"description": "To book it, ...\nDana Lee"},
        {"description": ""},
        {"place": "at home"},
        {"invitation": True},
    ],
)
def test_a_persons_words_are_an_edit(edit: dict[str, object]) -> None:
    assert is_edited(event(**edit), {WORDING.said})
    assert read_as(event(**edit), OPENING, *LOOK, {WORDING.said}) == replace(OPENING, edited=True)


@pytest.mark.parametrize(
    "change",
    [
        {"start": make.zoned(TEN + HOUR)},
        {"end": make.zoned(TEN + 3 * HOUR)},
        {"recurring": True},
        {"cancelled": True},
        {"fingerprint": "an alarm"},
        {"title": " Open:  Haircut", "description": "To book it, ...\n"},
    ],
)
def test_a_new_time_or_an_alarm_is_none(change: dict[str, object]) -> None:
    assert not is_edited(event(**change), {WORDING.said})
    again = read_as(event(**change), OPENING, *LOOK, {WORDING.said})
    assert not again.edited
    moved = set(change) & {"start", "end", "recurring", "cancelled"}
    assert [type(one) for one in todo(SHOWN, again)] == ([Write] if moved else [])


@pytest.mark.parametrize("change", [{"recurring": True}, {"cancelled": True}])
def test_cancelled_or_made_to_repeat_it_stands_nowhere(change: dict[str, object]) -> None:
    assert read_as(event(**change), OPENING, *LOOK, {WORDING.said}) == replace(OPENING, from_=None, until=None)


def test_a_note_about_words_that_were_taken_back_is_written_away() -> None:
    again = read_as(event(noted=True), OPENING, *LOOK, {WORDING.said})
    assert again == replace(OPENING, face="")
    assert todo(SHOWN, again) == [Write(slot(), SHOW, again)]
    assert read_as(event(noted=True, title="Dana"), OPENING, *LOOK, {WORDING.said}) == replace(OPENING, edited=True)


def test_taken_back_it_is_none_any_more() -> None:
    edited = read_as(event(title="Dana"), OPENING, *LOOK, {WORDING.said})
    assert read_as(event(), edited, *LOOK, {WORDING.said}) == OPENING


def test_what_the_server_made_of_our_words_is_no_edit() -> None:
    before = replace(OPENING, said=said_by("Open: HAIRCUT", *WORDING[1:]))
    assert read_as(event(title="Open: HAIRCUT"), before, *LOOK, {WORDING.said}) == before


def test_without_a_database_our_words_are_known_in_every_language() -> None:
    blank = Opening(OPENING.href, '"1"', *slot())
    german = WORDING._replace(title="Frei: Haircut")
    both = {WORDING.said, german.said}
    assert read_as(event(), blank, *LOOK, both) == OPENING
    other = read_as(event(title=german.title), blank, *LOOK, both)
    assert not other.edited
    assert todo(SHOWN, other) == [Write(slot(), SHOW, other)]
    assert read_as(event(title="Dana"), blank, *LOOK, both).edited
    assert read_as(event(), blank, "", "", both).face == ""


def test_moved_again_and_again_it_is_left_alone_for_an_hour() -> None:
    one, now = OPENING, NOW
    for _ in range(3):
        moved = replace(one, from_=TEN + HOUR)
        (write,) = todo(SHOWN, moved, now=now)
        assert isinstance(write, Write)
        one = written(write, moved, now)
        now += MINUTE
    assert todo(SHOWN, replace(one, from_=TEN + HOUR), now=now) == []
    assert todo(SHOWN, replace(one, from_=TEN + HOUR), now=now + HOUR) != []


def test_deleted_again_and_again_it_is_left_alone_for_an_hour() -> None:
    one, now = OPENING, NOW
    for _ in range(3):
        deleted = replace(one, etag=None, from_=None, until=None, gone=True)
        (write,) = todo(SHOWN, deleted, now=now)
        assert isinstance(write, Write)
        one = written(write, deleted, now)
        assert not one.gone
        now += MINUTE
    assert todo(SHOWN, replace(one, from_=None, gone=True), now=now) == []
    assert todo(SHOWN, replace(one, from_=None, gone=True), now=now + HOUR) != []


def test_what_was_put_back_an_hour_ago_counts_no_more() -> None:
    recent = (NOW - HOUR + MINUTE, NOW)
    moved = replace(OPENING, from_=TEN + HOUR, put_back_at=(NOW - HOUR, *recent))
    assert todo(SHOWN, moved) == [Write(slot(), SHOW, moved)]
    assert written(Write(slot(), SHOW, moved), moved, NOW) == replace(OPENING, put_back_at=(*recent, NOW))


def test_just_written_it_is_nobodys_and_stands() -> None:
    assert written(Write(slot(), SHOW), replace(OPENING, edited=True, gone=True, face="old"), NOW) == OPENING


def test_our_own_change_of_its_look_is_no_put_back() -> None:
    assert written(Write(slot(), SHOW, replace(OPENING, face="old")), OPENING, NOW).put_back_at == ()


# all together

HOURS = st.sets(st.integers(1, 40), max_size=12)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(HOURS, HOURS, HOURS, st.integers(1, 7))
def test_it_converges_within_any_budget_and_then_rests(
    first: set[int], then: set[int], edited: set[int], budget: int
) -> None:
    """Whatever stood there, in the end exactly the open slots do, and every edited event is as it was."""
    days = availability.wanted(CATALOG, NOW, 7)
    standing = _settled(_known(first), {}, days, budget)
    for href, one in standing.items():
        if (one.start - NOW) // HOUR in edited:
            standing[href] = replace(one, edited=True, from_=None)
    persons = {href: one for href, one in standing.items() if one.edited}
    after = _settled(_known(then), standing, days, budget)
    assert {href: one for href, one in after.items() if one.edited} == persons
    starts = {one.start for one in after.values() if not one.edited}
    assert starts == {NOW + hours * HOUR for hours in then} - {one.start for one in persons.values()}


def test_ten_thousand_slots_are_planned_in_no_time_and_written_soonest_first() -> None:
    """The pure part alone: a cycle must not get longer by it."""
    services = {f"s{number}": Service(f"s{number}", "S", HOUR, ("loc_1",)) for number in range(20)}
    catalog = replace(CATALOG, services=services)
    days = known(
        *(
            day(*(TEN + ahead * DAY + number * QUARTER for number in range(34)), service=service)
            for service in services
            for ahead in range(15)
        )
    )
    wordings = {Offer(service, "loc_1"): WORDING for service in services}
    begun = process_time()
    show = shown(catalog, days, wordings, NOW)
    fresh = todo(show)
    standing = [_done(one) for one in fresh if isinstance(one, Write)]
    quiet = todo(show, *standing)
    took = process_time() - begun
    assert len(show) == len(fresh) == 10_200
    assert quiet == []
    assert all(one.slot.start <= other.slot.start for one, other in pairwise(_writes(fresh)))
    assert took < 5  # a tenth of that on a slow machine


def _writes(found: Iterable[Change]) -> list[Write]:
    return [one for one in found if isinstance(one, Write)]


def _known(hours: set[int]) -> dict[DayKey, OpenDay]:
    """All slots at these hours from now, of three days that were read completely."""
    starts = [NOW + number * HOUR for number in hours]
    days = {(NOW + number * DAY).date() for number in range(3)}
    found = [
        replace(day(service="cut"), day=one, slots=tuple(Slot("cut", "loc_1", at) for at in starts if at.date() == one))
        for one in days
    ]
    return known(*found)


def _done(write: Write) -> Opening:
    before = write.opening or Opening("/open/" + slot_name(write.slot), '"1"', *write.slot, said=WORDING.said)
    return written(write, before, NOW)


def _settled(
    days: dict[DayKey, OpenDay], standing: dict[str, Opening], wanted: dict[DayKey, int], budget: int
) -> dict[str, Opening]:
    standing = dict(standing)
    for _ in range(60):
        show = shown(CATALOG, days, WORDINGS, NOW)
        left = changes(show, standing.values(), Closed(CATALOG, days, wanted, NOW), NOW)
        if not left:
            return standing
        for one in left[:budget]:
            if isinstance(one, Take):
                assert not one.opening.edited
                del standing[one.opening.href]
            else:
                standing[_done(one).href] = _done(one)
    raise AssertionError("it does not come to rest")
