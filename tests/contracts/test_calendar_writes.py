"""CalendarPort, the writing half: each write is conditional, and says what came of it."""

import pytest

from syncd.domain.errors import Malformed, PreconditionFailed, UidConflict
from syncd.ports import CalendarPort, Stored
from tests.contracts.home import Etags, Home
from tests.contracts.samples import START, create, draft, name, read, title


async def test_what_is_created_is_listed_with_the_etag_that_create_gave(calendar: CalendarPort) -> None:
    stored = await create(calendar)
    assert dict((await calendar.changes(None)).etags) == {stored.href: stored.etag}
    assert stored.href.endswith("/b_1.ics")
    assert calendar.url.endswith(stored.href.removesuffix("b_1.ics"))


async def test_what_is_created_reads_back_as_the_same_event(calendar: CalendarPort) -> None:
    stored = await create(calendar)
    found = await read(calendar, stored.href)
    assert found.event is not None
    assert stored.event is not None
    assert (found.event.uid, found.event.booking_id) == ("b_1@zimun", "b_1")
    assert found.event.start.instant == stored.event.start.instant == START
    assert (found.event.title, found.event.place) == ("Haircut – Ada", "Main Street 1")
    assert found.event.fingerprint == stored.event.fingerprint
    assert found.etag == stored.etag


async def test_create_never_overwrites(calendar: CalendarPort) -> None:
    stored = await create(calendar, title="first")
    with pytest.raises(PreconditionFailed):
        await create(calendar, title="second")
    assert await title(calendar, stored.href) == "first"


async def test_a_uid_that_stands_at_another_href_is_a_uid_conflict(calendar: CalendarPort, home: Home) -> None:
    stored = await create(calendar)
    if home.traits.twins:
        other = await calendar.create("elsewhere.ics", draft(), "")
        assert set((await calendar.changes(None)).etags) == {stored.href, other.href}
        return
    with pytest.raises(UidConflict):
        await calendar.create("elsewhere.ics", draft(), "")
    assert set((await calendar.changes(None)).etags) == {stored.href}


async def test_a_uid_in_another_calendar_is_taken_or_refused_as_such(home: Home, calendar: CalendarPort) -> None:
    await create(calendar)
    other = await home.managed(1)
    if home.traits.shares:
        await create(other)
        return
    with pytest.raises(UidConflict):
        await create(other)
    assert not (await other.changes(None)).etags


async def test_a_uid_that_was_deleted_is_taken_again_or_refused_as_such(calendar: CalendarPort, home: Home) -> None:
    stored = await create(calendar)
    await calendar.remove(stored.href, stored.etag)
    if home.traits.revives:
        again = await create(calendar, title="again")
        assert again.href == stored.href
        assert await title(calendar, stored.href) == "again"
        return
    with pytest.raises(UidConflict):
        await create(calendar, title="again")
    assert await calendar.get(stored.href) is None


async def test_create_onto_a_complete_object_keeps_what_a_person_had_added(calendar: CalendarPort, home: Home) -> None:
    stored = await create(calendar)
    home.put(calendar.url, name(), home.texts.coloured(stored.data))
    coloured = await read(calendar, stored.href)
    home.delete(calendar.url, name())
    again = await calendar.create("b_1~2.ics", draft(uid="b_1~2@zimun", title="again"), coloured.data)
    found = await read(calendar, again.href)
    assert home.texts.is_coloured(found.data)
    assert found.event is not None
    assert (found.event.uid, found.event.title) == ("b_1~2@zimun", "again")


# Replace


async def test_replace_with_the_etag_writes_and_gives_the_new_one(calendar: CalendarPort) -> None:
    first = await create(calendar)
    second = await calendar.replace(first.href, draft(title="second"), first.data, first.etag)
    assert await title(calendar, first.href) == "second"
    third = await calendar.replace(first.href, draft(title="third"), second.data, second.etag)
    assert (third.href, await title(calendar, first.href)) == (first.href, "third")
    assert dict((await calendar.changes(None)).etags) == {first.href: third.etag}


async def test_replace_needs_the_version_it_was_planned_on(calendar: CalendarPort, home: Home) -> None:
    stored = await create(calendar)
    home.put(calendar.url, name(), home.texts.retitled(stored.data, "dragged"))
    with pytest.raises(PreconditionFailed):
        await calendar.replace(stored.href, draft(title="ours"), stored.data, stored.etag)
    assert await title(calendar, stored.href) == "dragged"


@pytest.mark.parametrize("etag", ['"never-given"', "never-given", 'W/"never-given"'])
async def test_replace_with_an_etag_that_nobody_gave(calendar: CalendarPort, etag: str) -> None:
    """Strong, it decides. Else it is no condition that a server could check, and the content decides."""
    stored = await create(calendar)
    if etag.startswith('"'):
        with pytest.raises(PreconditionFailed):
            await calendar.replace(stored.href, draft(title="ours"), stored.data, etag)
        assert await title(calendar, stored.href) == "Haircut – Ada"
    else:
        await calendar.replace(stored.href, draft(title="ours"), stored.data, etag)
        assert await title(calendar, stored.href) == "ours"


async def test_replace_without_an_etag_compares_the_content(calendar: CalendarPort, home: Home) -> None:
    stored = await create(calendar)
    again = await calendar.replace(stored.href, draft(title="second"), stored.data, None)
    assert await title(calendar, stored.href) == "second"
    home.put(calendar.url, name(), home.texts.retitled(again.data, "dragged"))
    with pytest.raises(PreconditionFailed):
        await calendar.replace(stored.href, draft(title="third"), again.data, None)
    assert await title(calendar, stored.href) == "dragged"


@pytest.mark.parametrize("known", [True, False])
async def test_replace_of_what_is_gone_writes_nothing(calendar: CalendarPort, home: Home, known: bool) -> None:
    stored = await create(calendar)
    home.delete(calendar.url, name())
    with pytest.raises(PreconditionFailed):
        await calendar.replace(stored.href, draft(title="ours"), stored.data, stored.etag if known else None)
    assert await calendar.get(stored.href) is None


async def test_replace_starts_from_the_object_it_is_given(calendar: CalendarPort, home: Home) -> None:
    """A put-back starts from the last complete object that is remembered, not from what stands there."""
    if not _strong(home):
        pytest.skip("without strong ETags the object given must be the one that stands there")
    stored = await create(calendar)
    home.put(calendar.url, name(), home.texts.coloured(stored.data))
    coloured = await read(calendar, stored.href)
    bare = await calendar.replace(stored.href, draft(), "", coloured.etag)
    assert not home.texts.is_coloured((await read(calendar, stored.href)).data)
    await calendar.replace(stored.href, draft(), coloured.data, bare.etag)
    assert home.texts.is_coloured((await read(calendar, stored.href)).data)


async def test_without_a_time_to_write_or_to_keep_nothing_is_written(calendar: CalendarPort) -> None:
    with pytest.raises(Malformed):
        await create(calendar, span=None)
    assert not (await calendar.changes(None)).etags


# Remove


async def test_remove_needs_the_version_it_was_planned_on(calendar: CalendarPort, home: Home) -> None:
    stored = await create(calendar)
    if stored.etag is None:
        pytest.skip("without ETags what stands there is removed if it is ours")
    home.put(calendar.url, name(), home.texts.retitled(stored.data, "dragged"))
    with pytest.raises(PreconditionFailed):
        await calendar.remove(stored.href, stored.etag)
    assert await title(calendar, stored.href) == "dragged"


@pytest.mark.parametrize("known", [True, False])
async def test_remove_deletes_and_is_quiet_the_second_time(calendar: CalendarPort, known: bool) -> None:
    stored = await create(calendar)
    etag = stored.etag if known else None
    await calendar.remove(stored.href, etag)
    assert await calendar.get(stored.href) is None
    assert not (await calendar.changes(None)).etags
    await calendar.remove(stored.href, etag)


async def test_without_an_etag_somebody_elses_event_is_never_removed(calendar: CalendarPort, home: Home) -> None:
    home.put(calendar.url, "dentist.ics", home.texts.foreign("dentist-1"))
    (href,) = (await calendar.changes(None)).etags
    with pytest.raises(PreconditionFailed):
        await calendar.remove(href, None)
    assert await calendar.get(href) is not None


async def dentist(calendar: CalendarPort, home: Home) -> Stored:
    """Somebody else's event, as it stands."""
    home.put(calendar.url, "dentist.ics", home.texts.foreign("dentist-1"))
    (one,) = await calendar.read(list((await calendar.changes(None)).etags))
    return one


@pytest.mark.parametrize("known", [True, False])
async def test_somebody_elses_event_is_removed_only_as_it_was_read(
    calendar: CalendarPort, home: Home, known: bool
) -> None:
    stored = await dentist(calendar, home)
    etag = stored.etag if known else None
    home.put(calendar.url, "dentist.ics", home.texts.retitled(stored.data, "Surgeon"))
    with pytest.raises(PreconditionFailed):
        await calendar.remove(stored.href, etag, stored.data)
    (again,) = await calendar.read([stored.href])
    await calendar.remove(again.href, again.etag if known else None, again.data)
    assert await calendar.read([stored.href]) == []
    await calendar.remove(again.href, again.etag if known else None, again.data)


@pytest.mark.parametrize("known", [True, False])
async def test_a_note_in_somebody_elses_event_leaves_it_theirs(calendar: CalendarPort, home: Home, known: bool) -> None:
    stored = await dentist(calendar, home)
    assert stored.event is not None
    theirs = draft(
        "", uid=stored.event.uid, span=None, title="Dentist", place="", description="", note="⚠ No.", mark="⚠ "
    )
    etag = stored.etag if known else None
    await calendar.replace(stored.href, theirs, stored.data, etag)
    (noted,) = await calendar.read([stored.href])
    assert noted.event is not None
    assert (noted.event.noted, noted.event.title, noted.event.uid) == (True, "Dentist", "dentist-1")
    assert noted.event.start.instant == stored.event.start.instant
    with pytest.raises(PreconditionFailed):
        await calendar.replace(stored.href, theirs, stored.data, etag)


async def test_what_is_damaged_and_ours_is_removed(calendar: CalendarPort, home: Home) -> None:
    stored = await create(calendar)
    home.put(calendar.url, name(), home.texts.damaged(stored.data))
    found = await read(calendar, stored.href)
    await calendar.remove(stored.href, found.etag)
    assert await calendar.get(stored.href) is None


def _strong(home: Home) -> bool:
    return home.traits.etags is Etags.STRONG
