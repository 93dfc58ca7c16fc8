"""AccountPort: where in the account an event of a booking stands."""

from itertools import count

import pytest

from syncd.domain.errors import OutcomeUnknown, Unavailable
from syncd.domain.ids import BookingId
from syncd.ports import CalendarPort
from tests.contracts.home import Home, Trouble
from tests.contracts.samples import create, name, title

_NUMBERS = count(1)


async def found(home: Home, booking_id: str) -> set[tuple[str, str]]:
    """Where the booking's event is found: the calendar's URL and the object's name."""
    everything = await home.account.find(f"{booking_id}@zimun", BookingId(booking_id))
    return {(url, stored.href.rpartition("/")[2]) for url, stored in everything}


@pytest.fixture
def booking_id() -> str:
    """One that no other test on this server uses."""
    return f"b_{next(_NUMBERS):06d}"


async def test_what_stands_nowhere_is_not_found(home: Home, calendar: CalendarPort, booking_id: str) -> None:
    await create(calendar, f"{booking_id}9")
    home.put(calendar.url, "dentist.ics", home.texts.foreign("dentist-1"))
    assert await home.account.find(f"{booking_id}@zimun", BookingId(booking_id)) == []


async def test_an_event_is_found_by_its_uid_and_by_its_booking(
    home: Home, calendar: CalendarPort, booking_id: str
) -> None:
    stored = await create(calendar, booking_id)
    for uid, booking in (
        (f"{booking_id}@zimun", "zzz"),
        ("zzz@zimun", booking_id),
        (f"{booking_id}@zimun", booking_id),
    ):
        ((url, one),) = await home.account.find(uid, BookingId(booking))
        assert (url, one.href, one.etag) == (calendar.url, stored.href, stored.etag)
        assert one.event is not None
        assert one.data


async def test_a_copy_under_another_uid_is_found_by_its_booking(
    home: Home, calendar: CalendarPort, booking_id: str
) -> None:
    home.put(calendar.url, "pasted.ics", home.texts.ours(booking_id, f"pasted-{booking_id}"))
    assert await found(home, booking_id) == {(calendar.url, "pasted.ics")}


async def test_a_copy_of_which_the_text_alone_names_the_booking_is_found_and_told_apart(
    home: Home, calendar: CalendarPort, booking_id: str
) -> None:
    """As DAVx5 and Outlook CalDav Synchronizer carry an event into another calendar."""
    private = await home.private()
    home.put(private, "carried.ics", home.texts.copied(booking_id, f"carried-{booking_id}"))
    home.put(calendar.url, "other.ics", home.texts.copied(f"{booking_id}9", f"other-{booking_id}"))
    ((url, one),) = await home.account.find(f"{booking_id}@zimun", BookingId(booking_id))
    assert (url, one.href.rpartition("/")[2]) == (private, "carried.ics")
    assert one.event is not None
    assert one.event.is_copy_of(booking_id)
    assert one.data


async def test_an_event_is_found_in_a_calendar_that_nobody_keeps(
    home: Home, calendar: CalendarPort, booking_id: str
) -> None:
    private = await home.private()
    home.put(private, "mine.ics", home.texts.ours(booking_id, f"{booking_id}@zimun"))
    assert await found(home, booking_id) == {(private, "mine.ics")}


async def test_all_events_of_a_booking_are_found(home: Home, calendar: CalendarPort, booking_id: str) -> None:
    await create(calendar, booking_id)
    private, other = await home.private(), (await home.managed(1)).url
    home.put(private, "mine.ics", home.texts.ours(booking_id, f"one-{booking_id}"))
    home.put(other, "mine.ics", home.texts.ours(booking_id, f"two-{booking_id}"))
    assert await found(home, booking_id) == {
        (calendar.url, name(booking_id)),
        (private, "mine.ics"),
        (other, "mine.ics"),
    }


async def test_one_that_nobody_can_read_counts_as_found(home: Home, calendar: CalendarPort, booking_id: str) -> None:
    if home.traits.tidy:
        pytest.skip("this server takes nothing that cannot be read")
    stored = await create(calendar, booking_id)
    home.put(calendar.url, name(booking_id), home.texts.unreadable(stored.data))
    ((url, one),) = await home.account.find(f"{booking_id}@zimun", BookingId(booking_id))
    assert (url, one.href, one.event) == (calendar.url, stored.href, None)
    assert one.fault


# Moved to another calendar


async def test_put_there_first_and_deleted_here_later(home: Home, calendar: CalendarPort, booking_id: str) -> None:
    """As Thunderbird does it."""
    if not home.traits.shares:
        pytest.skip("this server takes a UID in one calendar only")
    stored = await create(calendar, booking_id)
    private, file = await home.private(), name(booking_id)
    home.put(private, file, stored.data)
    assert await found(home, booking_id) == {(calendar.url, file), (private, file)}
    home.delete(calendar.url, file)
    assert await found(home, booking_id) == {(private, file)}
    assert await calendar.get(stored.href) is None


async def test_deleted_here_first_and_put_there_later(home: Home, calendar: CalendarPort, booking_id: str) -> None:
    """As DAVx5 does it, and whoever moves on a server that takes a UID in one calendar only."""
    stored = await create(calendar, booking_id)
    private, file = await home.private(), name(booking_id)
    home.delete(calendar.url, file)
    assert await found(home, booking_id) == set()
    home.put(private, file, stored.data)
    assert await found(home, booking_id) == {(private, file)}


async def test_there_and_back_again(home: Home, calendar: CalendarPort, booking_id: str) -> None:
    stored = await create(calendar, booking_id)
    other, file = await home.managed(1), name(booking_id)
    home.delete(calendar.url, file)
    home.put(other.url, file, home.texts.retitled(stored.data, "there"))
    (there,) = (await other.changes(None)).etags
    assert await title(other, there) == "there"
    home.delete(other.url, file)
    home.put(calendar.url, file, home.texts.retitled(stored.data, "back"))
    assert await found(home, booking_id) == {(calendar.url, file)}
    assert await title(calendar, stored.href) == "back"


# Where something cannot be searched, nothing is known


async def test_where_one_calendar_cannot_be_read_nothing_is_known(
    home: Home, calendar: CalendarPort, booking_id: str
) -> None:
    await create(calendar, booking_id)
    home.close((await home.managed(1)).url)
    with pytest.raises(Unavailable):
        await found(home, booking_id)


async def test_where_a_calendar_of_ours_is_gone_nothing_is_known(
    home: Home, calendar: CalendarPort, booking_id: str
) -> None:
    await create(calendar, booking_id)
    await home.missing()
    with pytest.raises(Unavailable):
        await found(home, booking_id)


async def test_a_search_that_is_cut_off_tells_nothing(home: Home, calendar: CalendarPort, booking_id: str) -> None:
    await create(calendar, booking_id)
    home.trouble(Trouble.READS_LOST)
    with pytest.raises(Unavailable) as caught:
        await found(home, booking_id)
    assert not isinstance(caught.value, OutcomeUnknown)
    home.trouble(Trouble.NONE)
    assert await found(home, booking_id) == {(calendar.url, name(booking_id))}
