"""CalendarPort, the reading half: listings, cursors, objects."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import pytest

from syncd.domain.errors import CollectionGone, CursorExpired, OutcomeUnknown, Refused, Unavailable
from syncd.ports import CalendarPort, Listing
from tests.contracts.home import Etags, Home, Trouble
from tests.contracts.samples import applied, create, draft, name, read, title


async def cursor_of(calendar: CalendarPort, home: Home) -> Listing:
    """A full listing with a cursor to go on from."""
    listing = await calendar.changes(None)
    if not home.traits.tokens:
        assert listing.cursor is None
        pytest.skip("this server has no sync tokens: every listing is full")
    return listing


def news(before: Listing, since: Listing, home: Home) -> tuple[dict[str, str | None], frozenset[str]]:
    """What a cursor gave, with ETags, and what it removed. Out of a full listing where that is allowed."""
    if since.full:
        assert not home.traits.vouches
        fresh = {href: etag for href, etag in since.etags.items() if before.etags.get(href) != etag}
        return fresh, frozenset(before.etags.keys() - since.etags.keys())
    return dict(since.etags), since.removed


async def test_an_empty_calendar_lists_nothing_and_completely(calendar: CalendarPort) -> None:
    listing = await calendar.changes(None)
    assert (listing.full, dict(listing.etags), listing.removed) == (True, {}, frozenset())


async def test_a_full_listing_names_everything_with_its_etag(calendar: CalendarPort, home: Home) -> None:
    stored = [await create(calendar, f"b_{n}") for n in range(3)]
    home.put(calendar.url, "dentist.ics", home.texts.foreign("dentist-1"))
    listing = await calendar.changes(None)
    assert listing.full
    assert len(listing.etags) == 4
    assert {one.href: one.etag for one in stored}.items() <= listing.etags.items()
    assert all(calendar.url.endswith(href.rpartition("/")[0] + "/") for href in listing.etags)


async def test_an_etag_is_as_the_server_gives_it(calendar: CalendarPort, home: Home) -> None:
    etag = (await create(calendar)).etag
    match home.traits.etags:
        case Etags.STRONG:
            assert etag is not None
            assert etag.startswith('"')
        case Etags.WEAK:
            assert etag is not None
            assert etag.startswith('W/"')
        case Etags.NONE:
            assert etag is None


async def test_each_write_is_another_etag_whoever_wrote(calendar: CalendarPort, home: Home) -> None:
    if home.traits.etags is Etags.NONE:
        pytest.skip("this server has none")
    first = await create(calendar)
    second = await calendar.replace(first.href, draft(title="second"), first.data, first.etag)
    home.put(calendar.url, name(), home.texts.retitled(second.data, "third"))
    third = await read(calendar, first.href)
    assert len({first.etag, second.etag, third.etag}) == 3


# Cursors


async def test_a_cursor_gives_what_changed_since_and_no_more(calendar: CalendarPort, home: Home) -> None:
    kept = await create(calendar, "kept")
    changed = await create(calendar, "changed")
    deleted = await create(calendar, "deleted")
    before = await cursor_of(calendar, home)
    changed = await calendar.replace(changed.href, draft("changed", title="other"), changed.data, changed.etag)
    home.delete(calendar.url, name("deleted"))
    home.put(calendar.url, "dentist.ics", home.texts.foreign("dentist-1"))
    since = await calendar.changes(before.cursor)
    told, removed = news(before, since, home)
    assert set(told) == {changed.href, kept.href.replace(name("kept"), "dentist.ics")}
    assert told[changed.href] == changed.etag
    assert removed == {deleted.href}
    assert applied(before, since) == (await calendar.changes(None)).etags


async def test_a_cursor_without_changes_gives_nothing(calendar: CalendarPort, home: Home) -> None:
    await create(calendar)
    before = await cursor_of(calendar, home)
    since = await calendar.changes(before.cursor)
    assert (since.full, dict(since.etags), since.removed) == (False, {}, frozenset())
    assert since.cursor


async def test_cursors_lead_from_one_to_the_next_and_miss_nothing(calendar: CalendarPort, home: Home) -> None:
    known = await cursor_of(calendar, home)
    for n in range(4):
        one = await create(calendar, f"b_{n}")
        home.put(calendar.url, name(f"b_{n}"), home.texts.retitled(one.data, "mine"))
        if n:
            home.delete(calendar.url, name(f"b_{n - 1}"))
        since = await calendar.changes(known.cursor)
        known = Listing(True, applied(known, since), frozenset(), since.cursor)
        assert known.etags == (await calendar.changes(None)).etags


async def test_an_older_cursor_still_gives_all_that_came_after_it(calendar: CalendarPort, home: Home) -> None:
    before = await cursor_of(calendar, home)
    first = await create(calendar, "b_1")
    await calendar.changes((await calendar.changes(before.cursor)).cursor)
    second = await create(calendar, "b_2")
    told, removed = news(before, await calendar.changes(before.cursor), home)
    assert (set(told), removed) == ({first.href, second.href}, frozenset())


async def test_what_was_made_and_deleted_between_two_looks_is_not_there(calendar: CalendarPort, home: Home) -> None:
    """Radicale names it among the removed, Xandikos does not know that anything was."""
    before = await cursor_of(calendar, home)
    stored = await create(calendar)
    home.delete(calendar.url, name())
    since = await calendar.changes(before.cursor)
    assert (dict(since.etags), since.removed - {stored.href}) == ({}, frozenset())


async def test_what_was_deleted_and_made_again_is_there(calendar: CalendarPort, home: Home) -> None:
    stored = await create(calendar)
    before = await cursor_of(calendar, home)
    home.delete(calendar.url, name())
    home.put(calendar.url, name(), home.texts.retitled(stored.data, "again"))
    told, removed = news(before, await calendar.changes(before.cursor), home)
    assert (set(told), removed) == ({stored.href}, frozenset())


async def test_an_old_version_that_is_put_back_leaves_what_the_listing_says(calendar: CalendarPort, home: Home) -> None:
    """Where the token is a hash of all that is there (Radicale, Xandikos), the old token is true again."""
    home.put(calendar.url, name(), home.texts.ours("b_1", "b_1@zimun"))
    (href,) = (await calendar.changes(None)).etags
    old = await read(calendar, href)
    before = await cursor_of(calendar, home)
    home.put(calendar.url, name(), home.texts.retitled(old.data, "dragged"))
    home.put(calendar.url, name(), old.data)
    since = await calendar.changes(before.cursor)
    assert applied(before, since) == (await calendar.changes(None)).etags
    assert (await read(calendar, href)).data == old.data


async def everything(calendar: CalendarPort, cursor: str | None, home: Home) -> Listing:
    """What comes of a cursor that the server does not know: it is expired, or answered by a full listing."""
    try:
        listing = await calendar.changes(cursor)
    except CursorExpired:
        return await calendar.changes(None)
    assert listing.full
    assert not home.traits.vouches
    return listing


async def test_a_cursor_that_nobody_gave_is_expired(calendar: CalendarPort, home: Home) -> None:
    stored = await create(calendar)
    await cursor_of(calendar, home)
    assert dict((await everything(calendar, "bogus", home)).etags) == {stored.href: stored.etag}


async def test_a_cursor_of_a_calendar_that_was_made_anew_is_expired(calendar: CalendarPort, home: Home) -> None:
    await create(calendar, "b_1")
    await create(calendar, "b_2")
    before = await cursor_of(calendar, home)
    home.rebuild(calendar.url)
    home.put(calendar.url, "dentist.ics", home.texts.foreign("dentist-1"))
    listing = await everything(calendar, before.cursor, home)
    assert [href.rpartition("/")[2] for href in listing.etags] == ["dentist.ics"]


# Objects


async def test_fetch_gives_what_is_there_and_leaves_out_what_is_not(calendar: CalendarPort) -> None:
    stored = [await create(calendar, f"b{n}") for n in range(3)]
    missing = stored[0].href.replace("b0", "b9")
    fetched = await calendar.fetch([*(one.href for one in stored), missing])
    assert {one.href: one.etag for one in fetched} == {one.href: one.etag for one in stored}
    assert all(one.event is not None and one.data and not one.fault for one in fetched)


async def test_fetch_gives_each_object_once(calendar: CalendarPort) -> None:
    stored = await create(calendar)
    assert [one.href for one in await calendar.fetch([stored.href, stored.href])] == [stored.href]


async def test_fetch_of_nothing_is_nothing(calendar: CalendarPort) -> None:
    assert await calendar.fetch([]) == []


async def test_fetch_and_get_give_the_same(calendar: CalendarPort, home: Home) -> None:
    stored = await create(calendar)
    home.put(calendar.url, name(), home.texts.coloured(stored.data))
    (fetched,) = await calendar.fetch([stored.href])
    got = await read(calendar, stored.href)
    assert fetched.event is not None
    assert got.event is not None
    assert (fetched.href, fetched.etag, fetched.event) == (got.href, got.etag, got.event)


async def test_get_gives_none_for_what_is_not_there(calendar: CalendarPort, home: Home) -> None:
    stored = await create(calendar)
    assert await calendar.get(stored.href.replace("b_1", "b_2")) is None
    home.delete(calendar.url, name())
    assert await calendar.get(stored.href) is None


async def test_read_gives_somebody_elses_events_whole_and_nothing_else(calendar: CalendarPort, home: Home) -> None:
    ours = await create(calendar)
    home.put(calendar.url, "dentist.ics", home.texts.foreign("dentist-1"))
    home.put(calendar.url, "task.ics", home.texts.damaged(home.texts.foreign("task-1")))
    listed = dict((await calendar.changes(None)).etags)
    found = await calendar.read([*listed, ours.href.replace("b_1", "b_9")])
    assert [one.href.rpartition("/")[2] for one in found] == ["dentist.ics"]
    (one,) = found
    assert one.etag == listed[one.href]
    assert one.data
    assert one.event is not None
    assert (one.event.uid, one.event.title, one.event.booking_id) == ("dentist-1", "Dentist", "")
    assert await calendar.read([]) == []


@pytest.mark.parametrize("whose", ["ours", "theirs"])
async def test_what_a_server_does_not_give_is_not_left_out_and_stops_no_other(
    calendar: CalendarPort, home: Home, whose: str
) -> None:
    ours = await create(calendar)
    home.put(calendar.url, "dentist.ics", home.texts.foreign("dentist-1"))
    listed = dict((await calendar.changes(None)).etags)
    theirs = next(href for href in listed if href != ours.href)
    withheld = {"ours": ours.href, "theirs": theirs}[whose]
    home.withhold(withheld)
    assert (await calendar.changes(None)).etags.keys() == listed.keys()
    for found in (await calendar.fetch([ours.href, theirs]), await calendar.read([ours.href, theirs])):
        (missing,) = (one for one in found if not one.given)
        assert (missing.href, missing.etag, missing.event, missing.data) == (withheld, None, None, "")
        assert missing.fault
    assert {one.href for one in await calendar.fetch(list(listed))} == listed.keys()
    with pytest.raises(Unavailable):
        await calendar.get(withheld)
    home.withhold(withheld, withheld=False)
    assert all(one.given for one in await calendar.fetch(list(listed)))
    assert [one.href for one in await calendar.read(list(listed))] == [theirs]


async def test_an_href_of_another_calendar_is_a_mistake(calendar: CalendarPort) -> None:
    with pytest.raises(ValueError, match="not in this calendar"):
        await calendar.get("/elsewhere/b_1.ics")


# Trouble


def reads(calendar: CalendarPort, href: str) -> list[Callable[[], Awaitable[object]]]:
    """Each way to read."""
    return [
        lambda: calendar.changes(None),
        lambda: calendar.fetch([href]),
        lambda: calendar.read([href]),
        lambda: calendar.get(href),
    ]


async def test_a_read_that_is_cut_off_tells_nothing(calendar: CalendarPort, home: Home) -> None:
    stored = await create(calendar)
    for call in reads(calendar, stored.href):
        home.trouble(Trouble.READS_LOST)
        with pytest.raises(Unavailable) as caught:
            await call()
        assert not isinstance(caught.value, OutcomeUnknown)
    home.trouble(Trouble.NONE)
    assert await title(calendar, stored.href) == "Haircut – Ada"


async def test_a_calendar_that_is_not_there_is_gone_in_every_call(calendar: CalendarPort, home: Home) -> None:
    cursor = (await calendar.changes(None)).cursor
    gone = await home.missing()
    for call in reads(gone, urlsplit(gone.url).path + "b_1.ics"):
        with pytest.raises(CollectionGone):
            await call()
    if cursor is not None:
        with pytest.raises(CollectionGone):
            await gone.changes(cursor)
    with pytest.raises((CollectionGone, Refused)):
        await create(gone)
    assert await title(calendar, (await create(calendar)).href) == "Haircut – Ada"


async def test_a_calendar_that_cannot_be_read_is_unavailable(calendar: CalendarPort, home: Home) -> None:
    stored = await create(calendar)
    home.close(calendar.url)
    for call in reads(calendar, stored.href):
        with pytest.raises(Unavailable):
            await call()
