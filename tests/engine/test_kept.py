"""Which calendars are kept, and what is remembered of one that comes back into the config."""

from dataclasses import replace
from datetime import timedelta

from syncd.engine import kept
from syncd.state.store import Store
from tests.state.values import CALENDAR, NOW, link, seen

OTHER = "https://dav.example.org/desk/other/"


def read(store: Store, *names: str, removed: tuple[str, ...] = ()) -> None:
    """The calendar is listed in full."""
    store.observe(CALENDAR, [seen(name) for name in names], removed, "token", NOW)


def cycle(store: Store, *managed: str, unread: tuple[str, ...] = ()) -> frozenset[str]:
    """What came into the config by this cycle, in which all but `unread` is read."""
    came = kept.came(store, managed)
    kept.remember(store, managed, came, set(managed) - set(unread), NOW)
    return came


def test_one_that_comes_back_is_new_until_it_was_read_and_is_listed_in_full() -> None:
    with Store.open(None) as store:
        assert cycle(store, CALENDAR) == {CALENDAR}
        read(store, "b1")
        assert cycle(store, CALENDAR) == set()
        cycle(store, OTHER)
        assert store.cursor(CALENDAR) == ("token", NOW)
        assert cycle(store, CALENDAR, OTHER, unread=(CALENDAR,)) == {CALENDAR}
        assert store.cursor(CALENDAR) == (None, NOW)
        assert cycle(store, CALENDAR, OTHER) == {CALENDAR}
        assert cycle(store, CALENDAR, OTHER) == set()


def test_when_one_left_is_remembered_until_it_is_back() -> None:
    with Store.open(None) as store:
        assert kept.left(store, (CALENDAR, OTHER), NOW) == {}
        cycle(store, CALENDAR, OTHER)
        later, back = NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)
        assert kept.left(store, (OTHER,), later) == {CALENDAR: later}
        # as after a cycle that came to nothing
        assert kept.left(store, (OTHER,), back) == {CALENDAR: later}
        cycle(store, OTHER)
        assert kept.left(store, (OTHER,), back) == {CALENDAR: later}
        assert kept.left(store, (CALENDAR, OTHER), back) == {}
        cycle(store, CALENDAR, OTHER)
        assert kept.left(store, (CALENDAR,), back) == {OTHER: back}


def test_what_is_gone_by_then_or_marked_as_cancelled_went_while_it_was_not_kept() -> None:
    with Store.open(None) as store:
        for name in ("b1", "b2", "b3"):
            store.save_link(link(name))
        store.save_link(link("b4", closed=NOW))
        read(store, "b1", "b2", "b3")
        cycle(store, CALENDAR)
        cycle(store, OTHER)
        marked = seen("b3")
        assert marked.event is not None
        cycle(store, CALENDAR, OTHER, unread=(CALENDAR,))
        assert not any(one.went_unkept for one in store.links().values())
        marked = replace(marked, event=replace(marked.event, cancelled=True))
        store.observe(CALENDAR, [marked], [seen("b2").href], "token", NOW)
        cycle(store, CALENDAR, OTHER)
        assert [name for name, one in store.links().items() if one.went_unkept] == ["b2", "b3"]


def test_events_of_before_are_remembered_under_each_id_that_their_booking_had_but_for_anothers_own() -> None:
    with Store.open(None) as store:
        cycle(store, OTHER)
        for name, uid in (("b2", "b2"), ("b_new", "b3"), ("b5", "b5")):
            moved = replace(link(name), calendar=OTHER, href=f"/desk/other/{name}.ics", uid=f"{uid}@zimun")
            store.save_link(moved)
        # a booking of its own, whose event bears what another one's id was
        store.save_link(replace(link("b9"), href=seen("b5").href))
        read(store, "b2", "b3", "b4", "b5")
        cycle(store, CALENDAR, OTHER)
        assert {name: [left.href for left in one.leftovers] for name, one in store.links().items()} == {
            "b2": [seen("b2").href],
            "b5": [],
            "b9": [],
            "b_new": [seen("b3").href],
        }


def test_a_database_from_before_that_was_remembered_kept_what_it_had_read() -> None:
    with Store.open(None) as store:
        store.save_link(link("b1"))
        read(store)
        assert cycle(store, CALENDAR, OTHER) == {OTHER}
        assert not any(one.went_unkept for one in store.links().values())


def test_once_all_were_read_a_later_one_is_no_reason_to_doubt_what_is_known() -> None:
    with Store.open(None) as store:
        assert not kept.was_whole(store, {OTHER})
        assert kept.was_whole(store, set())
        assert kept.was_whole(store, {OTHER})
