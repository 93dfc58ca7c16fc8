"""What every CalendarPort promises, real or fake.

A subclass gives two fixtures: `calendar`, an empty CalendarPort, and `app`, the same collection in a person's hands.
"""

from datetime import timedelta
from typing import Protocol

import pytest

from syncd.domain.errors import CursorExpired, PreconditionFailed
from syncd.ports import CalendarPort, Stored
from tests.calendars.samples import START, draft, foreign, name


class App(Protocol):
    """A calendar app on the same collection, free of all our code."""

    async def put(self, name: str, data: str) -> None: ...

    async def delete(self, name: str) -> None: ...


class CalendarContract:
    async def test_an_empty_calendar_lists_nothing_and_completely(self, calendar: CalendarPort) -> None:
        listing = await calendar.changes(None)
        assert (listing.full, dict(listing.etags), listing.removed) == (True, {}, frozenset())

    async def test_what_is_created_is_listed_with_the_etag_that_create_gave(self, calendar: CalendarPort) -> None:
        stored = await calendar.create(name(), draft(), "")
        listing = await calendar.changes(None)
        assert dict(listing.etags) == {stored.href: stored.etag}
        assert stored.etag
        assert stored.href.endswith("/b_1.ics")
        assert calendar.url.endswith(stored.href.removesuffix("b_1.ics"))

    async def test_what_is_created_reads_back_as_the_same_event(self, calendar: CalendarPort) -> None:
        stored = await calendar.create(name(), draft(), "")
        read = await calendar.get(stored.href)
        assert read is not None
        assert read.event is not None
        assert stored.event is not None
        assert (read.event.uid, read.event.booking_id) == ("b_1@zimun", "b_1")
        assert read.event.start.instant == stored.event.start.instant == START
        assert (read.event.title, read.event.place) == ("Haircut – Ada", "Main Street 1")
        assert read.event.fingerprint == stored.event.fingerprint
        assert read.etag == stored.etag

    async def test_create_never_overwrites(self, calendar: CalendarPort) -> None:
        stored = await calendar.create(name(), draft(title="first"), "")
        with pytest.raises(PreconditionFailed):
            await calendar.create(name(), draft(title="second"), "")
        assert await title_of(calendar, stored) == "first"

    async def test_a_cursor_gives_what_changed_since_and_no_more(self, calendar: CalendarPort, app: App) -> None:
        kept = await calendar.create(name("kept"), draft("kept"), "")
        changed = await calendar.create(name("changed"), draft("changed"), "")
        deleted = await calendar.create(name("deleted"), draft("deleted"), "")
        before = await calendar.changes(None)
        changed = await calendar.replace(changed.href, draft("changed", title="other"), changed.data, changed.etag)
        await app.delete(name("deleted"))
        await app.put("dentist.ics", foreign())
        listing = await calendar.changes(before.cursor)
        dentist = deleted.href.replace(name("deleted"), "dentist.ics")
        assert not listing.full
        assert set(listing.etags) == {changed.href, dentist}
        assert listing.etags[changed.href] == changed.etag
        assert listing.removed == {deleted.href}
        assert kept.href not in listing.etags

    async def test_a_cursor_without_changes_gives_nothing(self, calendar: CalendarPort) -> None:
        await calendar.create(name(), draft(), "")
        before = await calendar.changes(None)
        listing = await calendar.changes(before.cursor)
        assert (listing.full, dict(listing.etags), listing.removed) == (False, {}, frozenset())
        assert listing.cursor

    async def test_a_cursor_that_nobody_gave_is_expired(self, calendar: CalendarPort) -> None:
        with pytest.raises(CursorExpired):
            await calendar.changes("bogus")

    async def test_fetch_gives_what_is_there_and_leaves_out_what_is_not(self, calendar: CalendarPort) -> None:
        stored = [await calendar.create(name(f"b{n}"), draft(f"b{n}"), "") for n in range(3)]
        missing = stored[0].href.replace("b0", "b9")
        fetched = await calendar.fetch([*(one.href for one in stored), missing])
        assert {one.href: one.etag for one in fetched} == {one.href: one.etag for one in stored}
        assert all(one.event is not None and one.data and not one.fault for one in fetched)

    async def test_fetch_of_nothing_is_nothing(self, calendar: CalendarPort) -> None:
        assert await calendar.fetch([]) == []

    async def test_get_gives_none_for_what_is_not_there(self, calendar: CalendarPort) -> None:
        stored = await calendar.create(name(), draft(), "")
        assert await calendar.get(stored.href.replace("b_1", "b_2")) is None

    async def test_replace_needs_the_version_it_was_planned_on(self, calendar: CalendarPort, app: App) -> None:
        stored = await calendar.create(name(), draft(), "")
        await app.put(name(), stored.data.replace("SUMMARY:Haircut – Ada", "SUMMARY:dragged"))
        with pytest.raises(PreconditionFailed):
            await calendar.replace(stored.href, draft(title="ours"), stored.data, stored.etag)
        assert await title_of(calendar, stored) == "dragged"

    async def test_replace_moves_the_event_and_keeps_what_a_person_added(
        self, calendar: CalendarPort, app: App
    ) -> None:
        first = await calendar.create(name(), draft(), "")
        await app.put(name(), first.data.replace("END:VEVENT", "COLOR:turquoise\r\nEND:VEVENT"))
        seen = await calendar.get(first.href)
        assert seen is not None
        later = START + timedelta(days=1)
        await calendar.replace(seen.href, draft(start=later), seen.data, seen.etag)
        after = await calendar.get(first.href)
        assert after is not None
        assert after.event is not None
        assert after.event.start.instant == later
        assert "COLOR:turquoise" in after.data

    async def test_replace_of_what_is_gone_writes_nothing(self, calendar: CalendarPort, app: App) -> None:
        stored = await calendar.create(name(), draft(), "")
        await app.delete(name())
        with pytest.raises(PreconditionFailed):
            await calendar.replace(stored.href, draft(title="ours"), stored.data, stored.etag)
        assert await calendar.get(stored.href) is None

    async def test_replace_without_an_etag_compares_the_content(self, calendar: CalendarPort, app: App) -> None:
        stored = await calendar.create(name(), draft(), "")
        again = await calendar.replace(stored.href, draft(title="second"), stored.data, None)
        assert await title_of(calendar, stored) == "second"
        await app.put(name(), again.data.replace("SUMMARY:second", "SUMMARY:dragged"))
        with pytest.raises(PreconditionFailed):
            await calendar.replace(stored.href, draft(title="third"), again.data, None)
        assert await title_of(calendar, stored) == "dragged"

    async def test_remove_needs_the_version_it_was_planned_on(self, calendar: CalendarPort, app: App) -> None:
        stored = await calendar.create(name(), draft(), "")
        await app.put(name(), stored.data.replace("SUMMARY:Haircut – Ada", "SUMMARY:dragged"))
        with pytest.raises(PreconditionFailed):
            await calendar.remove(stored.href, stored.etag)
        assert await title_of(calendar, stored) == "dragged"

    @pytest.mark.parametrize("known", [True, False])
    async def test_remove_deletes_and_is_quiet_the_second_time(self, calendar: CalendarPort, known: bool) -> None:
        stored = await calendar.create(name(), draft(), "")
        etag = stored.etag if known else None
        await calendar.remove(stored.href, etag)
        assert await calendar.get(stored.href) is None
        await calendar.remove(stored.href, etag)

    async def test_somebody_elses_event_comes_without_event_and_data(self, calendar: CalendarPort, app: App) -> None:
        await app.put("dentist.ics", foreign())
        (href,) = (await calendar.changes(None)).etags
        for stored in [*(await calendar.fetch([href])), await calendar.get(href)]:
            assert stored is not None
            assert (stored.event, stored.data, stored.fault) == (None, "", "")

    async def test_without_an_etag_somebody_elses_event_is_never_removed(
        self, calendar: CalendarPort, app: App
    ) -> None:
        await app.put("dentist.ics", foreign())
        (href,) = (await calendar.changes(None)).etags
        with pytest.raises(PreconditionFailed):
            await calendar.remove(href, None)
        assert await calendar.get(href) is not None

    async def test_an_href_of_another_calendar_is_a_mistake(self, calendar: CalendarPort) -> None:
        with pytest.raises(ValueError, match="not in this calendar"):
            await calendar.get("/elsewhere/b_1.ics")

    async def test_the_hrefs_of_a_listing_are_those_of_fetch(self, calendar: CalendarPort, app: App) -> None:
        await app.put("a%20%c3%bc%40b.ics", foreign())
        (href,) = (await calendar.changes(None)).etags
        assert href.endswith("/a%20%C3%BC@b.ics")
        (stored,) = await calendar.fetch([href])
        assert stored.href == href


async def title_of(calendar: CalendarPort, stored: Stored) -> str:
    read = await calendar.get(stored.href)
    assert read is not None
    assert read.event is not None
    return read.event.title
