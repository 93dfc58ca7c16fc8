"""An empty answer to a search, and when it is believed. Several servers answer any search of a text so."""

import pytest

from syncd.calendars import searching
from syncd.calendars.account import Account
from syncd.domain.errors import Unavailable
from syncd.domain.ids import BookingId
from tests.calendars.rogue import (
    CAL,
    TASKS,
    Reply,
    Rogue,
    collection,
    empty,
    member,
    multistatus,
    state,
    with_tasks,
)
from tests.calendars.samples import Elapsed, foreign, ours

ONE, TWO = CAL + "b_1.ics", CAL + "dentist.ics"
LISTED = multistatus(collection(), member(ONE), member(TWO))
THERE = multistatus(member(ONE, '"1"', ours()), member(TWO, '"1"', foreign()))
NOTHING = multistatus()


def kinds(rogue: Rogue, path: str = CAL) -> list[str]:
    """What was asked of a calendar: searches, each by its property, and all else."""
    said = []
    for request in rogue.requests:
        if request.path != path or request.method != "REPORT":
            continue
        search = request.body.partition('prop-filter name="')[2].partition('"')[0]
        said.append(search or "multiget")
    return said


async def found(account: Account, booking: str = "b_1") -> list[str]:
    return [one.href for _, one in await account.find(f"{booking}@zimun", BookingId(booking))]


async def test_what_an_empty_answer_hides_is_found_by_reading(rogue: Rogue, wild: Account) -> None:
    rogue.on("PROPFIND", CAL, LISTED)
    rogue.on("REPORT", CAL, NOTHING, NOTHING, NOTHING, THERE, NOTHING)
    assert await found(wild) == [ONE]
    assert kinds(rogue) == ["UID", "X-ZIMUN-BOOKING-ID", "DESCRIPTION", "multiget", "UID"]
    # and again without another fetch, but for what changed
    rogue.on("REPORT", CAL, NOTHING)
    assert await found(wild) == [ONE]
    assert await found(wild, "b_2") == []
    assert kinds(rogue).count("multiget") == 1
    carried = multistatus(member(CAL + "new.ics", '"1"', ours("b_2")))
    rogue.on("PROPFIND", CAL, multistatus(collection(), member(ONE), member(CAL + "new.ics")))
    rogue.on("REPORT", CAL, NOTHING, NOTHING, NOTHING, NOTHING, carried, NOTHING)
    assert await found(wild, "b_2") == [CAL + "new.ics"]


async def test_a_copy_and_a_broken_one_are_found_by_reading_too(rogue: Rogue, wild: Account) -> None:
    copy = foreign("by-some-app", "Haircut", "DESCRIPTION:Dana\\nBooking: b_1\r\n")
    broken = ours().replace("END:VEVENT\r\n", "")
    for text in (copy, broken, ours().replace("UID:b_1@", "UID:other@")):
        rogue.on("PROPFIND", CAL, multistatus(collection(), member(ONE, "")))
        rogue.on("REPORT", CAL, NOTHING, NOTHING, NOTHING, multistatus(member(ONE, "", text)), NOTHING)
        assert await found(wild) == [ONE]


async def test_a_search_that_finds_what_is_there_is_believed_for_ten_minutes(
    rogue: Rogue, wild: Account, elapsed: Elapsed
) -> None:
    there = multistatus(member(TWO, '"1"', foreign()))
    rogue.on("PROPFIND", CAL, multistatus(collection(), member(TWO)))
    rogue.on("REPORT", CAL, NOTHING, NOTHING, NOTHING, there, there, NOTHING)
    assert await found(wild) == []
    assert rogue.requests[-1].body.count("dentist-1") == 1
    asked = len(kinds(rogue))
    elapsed.seconds = 599
    assert await found(wild) == []
    assert len(kinds(rogue)) == asked + 3
    elapsed.seconds = 600
    rogue.on("REPORT", CAL, NOTHING, NOTHING, NOTHING, there, NOTHING)
    assert await found(wild) == []
    assert len(kinds(rogue)) == asked + 3 + 5


async def test_a_search_that_found_something_is_proof_of_itself(rogue: Rogue, wild: Account) -> None:
    rogue.on("REPORT", CAL, THERE)
    assert await found(wild) == [ONE]
    rogue.on("REPORT", CAL, NOTHING)
    assert await found(wild) == []
    assert "multiget" not in kinds(rogue)


async def test_an_empty_calendar_needs_no_proof_and_gives_none(rogue: Rogue, wild: Account) -> None:
    assert await found(wild) == []
    rogue.on("PROPFIND", CAL, LISTED)
    rogue.on("REPORT", CAL, NOTHING, NOTHING, NOTHING, THERE, NOTHING)
    assert await found(wild) == [ONE]


async def test_the_event_nearest_to_now_is_searched_for(rogue: Rogue, wild: Account) -> None:
    """OX searches about a year around now alone."""
    old = foreign("old").replace("20300301", "19990301")
    day = (
        foreign("day")
        .replace("DTSTART:20300301T120000Z", "DTSTART;VALUE=DATE:20300102")
        .replace("DTEND:2030", "X:2030")
    )
    task = foreign("task").replace("VEVENT", "VTODO")
    texts = {"old": old, "day": day, "task": task, "near": foreign("near")}
    members = [member(f"{CAL}{name}.ics", '"1"', text) for name, text in texts.items()]
    rogue.on("PROPFIND", CAL, multistatus(collection(), *members))
    rogue.on("REPORT", CAL, NOTHING, NOTHING, NOTHING, multistatus(*members), multistatus(members[-1]))
    assert await found(wild) == []
    assert ">near<" in rogue.requests[-1].body


TROUBLE = {
    "the list fails": (Reply(500), THERE),
    "the list is cut": (multistatus(collection(), state(CAL, 507)), THERE),
    "closed": (Reply(403), THERE),
    "no calendar any more": (Reply(404), THERE),
    "an object is listed and not given": (LISTED, multistatus(member(TWO, '"1"', foreign()), state(ONE, 404))),
    "an object cannot be read": (LISTED, multistatus(member(TWO, '"1"', foreign()), state(ONE, 500))),
}


@pytest.mark.parametrize("what", TROUBLE)
async def test_where_it_can_be_neither_searched_nor_read_nothing_is_known(
    rogue: Rogue, wild: Account, what: str
) -> None:
    listing, objects = TROUBLE[what]
    rogue.on("PROPFIND", CAL, listing)
    rogue.on("REPORT", CAL, NOTHING, NOTHING, NOTHING, objects, NOTHING)
    with pytest.raises(Unavailable):
        await found(wild)


async def test_a_search_that_is_well_is_believed_though_an_object_is_not_given(rogue: Rogue, wild: Account) -> None:
    """A server that stumbles over one object (500) may do so for years."""
    near = member(TWO, '"1"', foreign())
    rogue.on("PROPFIND", CAL, LISTED)
    rogue.on("GET", ONE, Reply(500))
    rogue.on("REPORT", CAL, NOTHING, NOTHING, NOTHING, multistatus(near, state(ONE, 500)), multistatus(near), NOTHING)
    assert await found(wild, "b_2") == []


@pytest.mark.parametrize("most", [5_000, 3])
async def test_a_search_that_found_nothing_once_is_asked_again(
    rogue: Rogue, wild: Account, elapsed: Elapsed, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """In a calendar of any size. Nothing is read to ask it, for that was read before."""
    monkeypatch.setattr(searching, "_MOST", most)
    monkeypatch.setattr(searching, "_STEP", 2)
    names = [f"{CAL}{number}.ics" for number in range(4)]
    one, other = ([member(name, '"1"', foreign(name)) for name in some] for some in (names[:2], names[2:]))
    rogue.on("PROPFIND", CAL, multistatus(collection(), *one, *other))
    rogue.on("REPORT", CAL, NOTHING, NOTHING, NOTHING, multistatus(*one), NOTHING, multistatus(*other))
    if most == 3:
        with pytest.raises(Unavailable, match="too much"):
            await found(wild)
    else:
        assert await found(wild) == []
    read = kinds(rogue).count("multiget")
    for _ in range(2):
        rogue.on("REPORT", CAL, NOTHING, NOTHING, NOTHING, multistatus(one[0]), NOTHING)
        assert await found(wild) == []
    assert kinds(rogue).count("multiget") == read
    # and proven it needs no list
    assert [(request.path, request.headers["depth"]) for request in rogue.asked("PROPFIND")].count((CAL, "1")) == 2
    # nor is kept what was read
    elapsed.seconds = 600
    rogue.on("REPORT", CAL, NOTHING, NOTHING, NOTHING, multistatus(*one), multistatus(one[0]))
    assert await found(wild) == []
    assert kinds(rogue).count("multiget") == read + 1


@pytest.mark.parametrize("last", [state(CAL + "3.ics", 500), ""], ids=["not given", "down"])
async def test_what_was_read_is_not_read_again_where_something_fails_after_it(
    rogue: Rogue, wild: Account, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    """One object that is not given, and a server that is down in between."""
    monkeypatch.setattr(searching, "_STEP", 2)
    names = [f"{CAL}{number}.ics" for number in range(4)]
    members = [member(name, '"1"', foreign(name)) for name in names]
    rogue.on("PROPFIND", CAL, multistatus(collection(), *members))
    rogue.on("GET", names[3], Reply(500))
    failing = multistatus(members[2], last) if last else Reply(500)
    rogue.on("REPORT", CAL, NOTHING, NOTHING, NOTHING, multistatus(*members[:2]), NOTHING, failing, NOTHING)
    with pytest.raises(Unavailable):
        await found(wild)
    rogue.on("REPORT", CAL, NOTHING, NOTHING, NOTHING, NOTHING, multistatus(*members[2:]))
    assert await found(wild) == []
    again = rogue.requests[-1].body
    assert [name in again for name in names] == [False, False, not last, True]


async def test_what_is_too_long_to_be_kept_is_not_known(
    rogue: Rogue, wild: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures in events."""
    monkeypatch.setattr(searching, "_LIMIT", 1_000)
    monkeypatch.setattr(searching, "_STEP", 1)
    long = member(ONE, '"1"', foreign("long", "S", f"ATTACH:{'A' * 1_000}\r\n"))
    rogue.on("PROPFIND", CAL, LISTED)
    rogue.on("REPORT", CAL, NOTHING, NOTHING, NOTHING, multistatus(long), NOTHING)
    for _ in range(2):
        with pytest.raises(Unavailable, match="too much"):
            await found(wild)
    assert kinds(rogue).count("multiget") == 1


async def test_what_one_search_found_is_known_though_another_found_nothing_and_the_calendar_is_large(
    rogue: Rogue, wild: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "_MOST", 1)
    monkeypatch.setattr(searching, "_STEP", 1)
    rogue.on("PROPFIND", CAL, LISTED)
    other = ours().replace("UID:b_1@", "UID:other@")
    rest = (NOTHING, multistatus(member(TWO, '"1"', foreign())), NOTHING)
    rogue.on("REPORT", CAL, NOTHING, multistatus(member(ONE, '"1"', other)), *rest)
    assert await found(wild) == [ONE]
    # one that is cancelled does not stand there, and perhaps another does
    cancelled = other.replace("STATUS:CONFIRMED", "STATUS:CANCELLED")
    rogue.on("REPORT", CAL, NOTHING, multistatus(member(ONE, '"1"', cancelled)), *rest)
    with pytest.raises(Unavailable):
        await found(wild)


async def test_more_than_can_be_read_is_not_known(rogue: Rogue, wild: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "_MOST", 3)
    monkeypatch.setattr(searching, "_STEP", 2)
    names = [f"{CAL}{n}.ics" for n in range(4)]
    rogue.on("PROPFIND", CAL, multistatus(collection(), *(member(name) for name in names)))
    texts = [multistatus(*(member(name, '"1"', foreign(name)) for name in some)) for some in (names[:2], names[2:])]
    rogue.on("REPORT", CAL, NOTHING, NOTHING, NOTHING, texts[0], NOTHING)
    for _ in range(2):
        with pytest.raises(Unavailable, match="too much"):
            await found(wild)
    assert kinds(rogue).count("multiget") == 1
    # where the search is well, there may be any number of them
    monkeypatch.setattr(searching, "_MOST", 1)
    fresh = multistatus(*(member(name, '"2"', foreign(name)) for name in names[:2]))
    rogue.on("PROPFIND", CAL, multistatus(collection(), *(member(name, '"2"') for name in names)))
    rogue.on("REPORT", CAL, NOTHING, NOTHING, NOTHING, fresh, fresh)
    assert await found(wild) == []


async def test_a_calendar_for_tasks_is_read_where_no_search_of_the_account_is_known_to_find(
    rogue: Rogue, wild: Account
) -> None:
    """One of thousands of tasks has no event to search for, and need not be read where the server's search is well."""
    with_tasks(rogue)
    empty(rogue, TASKS)
    todo = member(TASKS + "todo.ics", '"1"', foreign("todo").replace("VEVENT", "VTODO"))
    rogue.on("PROPFIND", TASKS, multistatus(collection(TASKS), todo, member(TASKS + "b_1.ics")))
    hidden = multistatus(todo, member(TASKS + "b_1.ics", '"1"', ours()))
    rogue.on("REPORT", TASKS, NOTHING, NOTHING, NOTHING, hidden, NOTHING)
    assert await found(wild) == [TASKS + "b_1.ics"]
    rogue.on("REPORT", TASKS, NOTHING)
    rogue.on("REPORT", CAL, multistatus(member(TWO, '"1"', foreign())))
    before = len(kinds(rogue, TASKS))
    assert await found(wild) == []
    assert len(kinds(rogue, TASKS)) == before + 3


async def test_what_is_found_at_another_address_of_the_calendar_is_judged_by_what_it_says(
    rogue: Rogue, wild: Account
) -> None:
    """OX has two addresses of a calendar; behind a proxy the server's own may be another origin."""
    alias, elsewhere = "/caldav/Y2FsOi8vMC8xMzYw/", "http://dav.internal:8080/cal/"
    for place in (alias, elsewhere):
        rogue.on("REPORT", CAL, multistatus(member(place + "dentist.ics", '"1"', foreign())))
        assert await found(wild) == []
    rogue.on("REPORT", CAL, multistatus(member(alias + "b_1.ics", '"1"', ours())))
    assert await found(wild) == [alias + "b_1.ics"]
    for unclear in (
        member(elsewhere + "b_1.ics", '"1"', ours()),
        member(elsewhere + "b_1.ics"),
        member(alias + "b_1.ics"),
    ):
        rogue.on("REPORT", CAL, multistatus(unclear))
        with pytest.raises(Unavailable):
            await found(wild)
    # the calendar itself, among the answers, is none of them
    rogue.on("REPORT", CAL, multistatus(collection()))
    rogue.on("PROPFIND", CAL, multistatus(collection()))
    assert await found(wild) == []
