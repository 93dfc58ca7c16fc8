"""CalendarPort: what people's apps do to an event, how it reads then, and what our next write makes of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syncd.domain.booking import Span
from syncd.domain.event import TimeKind
from syncd.ports import CalendarPort, Stored
from tests.contracts.home import Home
from tests.contracts.samples import HOUR, START, create, draft, event, name, read

TEN = START + HOUR
LETTERS = {
    "moved within its zone": ("20300301T110000", "Europe/Berlin", TimeKind.ZONED, TEN),
    "in UTC": ("20300301T100000Z", "", TimeKind.UTC, TEN),
    "a vendor's name for the zone": ("20300301T110000", "/vendor.example/Europe/Berlin", TimeKind.ZONED, TEN),
    "floating": ("20300301T110000", "", TimeKind.FLOATING, None),
    "all day": ("20300301", "", TimeKind.DATE, None),
    "a zone that nobody knows": ("20300301T110000", "Custom/Moon", TimeKind.ZONED, None),
}


async def put(calendar: CalendarPort, home: Home, data: str) -> Stored:
    """A person's app stores this as the booking's event."""
    home.put(calendar.url, name(), data)
    return await read(calendar, next(iter((await calendar.changes(None)).etags)))


@pytest.mark.parametrize("how", LETTERS)
async def test_a_start_reads_as_its_letters_and_the_instant_that_they_mean(
    calendar: CalendarPort, home: Home, how: str
) -> None:
    value, tzid, kind, instant = LETTERS[how]
    stored = await create(calendar)
    seen = await put(calendar, home, home.texts.timed(stored.data, value, tzid))
    assert seen.event is not None
    start = seen.event.start
    assert (start.value, start.tzid, start.kind, start.instant) == (value, tzid, kind, instant)
    assert stored.event is not None
    assert not start.written_like(stored.event.start)


@pytest.mark.parametrize("how", LETTERS)
async def test_a_put_back_makes_the_time_the_bookings_whatever_it_was(
    calendar: CalendarPort, home: Home, how: str
) -> None:
    value, tzid, _, _ = LETTERS[how]
    stored = await create(calendar)
    seen = await put(calendar, home, home.texts.coloured(home.texts.timed(stored.data, value, tzid)))
    await calendar.replace(seen.href, draft(), seen.data, seen.etag)
    after = await read(calendar, seen.href)
    assert after.event is not None
    assert (after.event.start.instant, after.event.end.instant) == (START, TEN)
    assert home.texts.is_coloured(after.data)


@pytest.mark.parametrize("how", LETTERS)
async def test_without_a_span_the_time_stays_as_it_stands(calendar: CalendarPort, home: Home, how: str) -> None:
    value, tzid, _, _ = LETTERS[how]
    stored = await create(calendar)
    seen = await put(calendar, home, home.texts.timed(stored.data, value, tzid))
    await calendar.replace(seen.href, draft(span=None, title="asked"), seen.data, seen.etag)
    after = await event(calendar, seen.href)
    assert after.title == "asked"
    if not home.traits.restates:
        assert (after.start.value, after.start.tzid) == (value, tzid)
    assert seen.event is not None
    assert after.start.instant == seen.event.start.instant


async def test_what_we_write_stands_in_the_zone_of_the_place(calendar: CalendarPort, home: Home) -> None:
    start = (await event(calendar, (await create(calendar)).href)).start
    assert (start.value, start.kind, start.instant) == ("20300301T100000", TimeKind.ZONED, START)
    assert start.tzid.endswith("Europe/Berlin") if home.traits.restates else start.tzid == "Europe/Berlin"


@pytest.mark.parametrize("hour", [0, 1])
async def test_a_time_that_the_clock_shows_twice_keeps_its_instant(calendar: CalendarPort, hour: int) -> None:
    """On 27 October 2030 Berlin has two half past twos."""
    at = datetime(2030, 10, 27, hour, 30, tzinfo=UTC)
    stored = await create(calendar, span=Span(at, at + HOUR))
    found = await event(calendar, stored.href)
    assert (found.start.instant, found.end.instant) == (at, at + HOUR)


async def test_what_a_person_added_outlives_our_writes(calendar: CalendarPort, home: Home) -> None:
    stored = await create(calendar)
    seen = await put(calendar, home, home.texts.coloured(stored.data))
    later = Span(START + timedelta(days=1), TEN + timedelta(days=1))
    for span in (later, None, Span(START, TEN)):
        seen = await calendar.replace(seen.href, draft(span=span), seen.data, seen.etag)
    assert home.texts.is_coloured((await read(calendar, stored.href)).data)


async def test_an_edit_of_anything_is_another_fingerprint_and_no_other_time(calendar: CalendarPort, home: Home) -> None:
    first = await event(calendar, (stored := await create(calendar)).href)
    for changed in (home.texts.coloured(stored.data), home.texts.retitled(stored.data, "mine")):
        seen = await put(calendar, home, changed)
        assert seen.event is not None
        assert seen.event.fingerprint != first.fingerprint
        assert seen.event.start.instant == START


async def test_each_write_of_ours_is_another_fingerprint(calendar: CalendarPort) -> None:
    """A stale client's replay of the version before is known by that."""
    first = await create(calendar)
    second = await calendar.replace(first.href, draft(), first.data, first.etag)
    assert first.event is not None
    assert second.event is not None
    assert first.event.fingerprint != second.event.fingerprint


async def test_an_old_version_put_back_to_the_letter_has_its_old_fingerprint(
    calendar: CalendarPort, home: Home
) -> None:
    stored = await create(calendar)
    old = await read(calendar, stored.href)
    await calendar.replace(stored.href, draft(title="new"), stored.data, stored.etag)
    seen = await put(calendar, home, old.data)
    assert seen.event is not None
    assert old.event is not None
    assert seen.event.fingerprint == old.event.fingerprint


async def test_a_note_is_an_overlay(calendar: CalendarPort) -> None:
    stored = await create(calendar, mark="⚠ ", note="⚠ 18:15 is not free for this.")
    seen = await event(calendar, stored.href)
    assert (seen.noted, seen.title, seen.description) == (True, "Haircut – Ada", "Ada, ada@example.org")
    assert seen.asks is False
    asking = draft(mark="⚠ Cancel? ", note="⚠ To cancel it, delete it again.")
    stored = await calendar.replace(stored.href, asking, stored.data, stored.etag)
    asked = await event(calendar, stored.href)
    assert replace(asked, fingerprint="") == replace(seen, fingerprint="", asks=True)
    await calendar.replace(stored.href, draft(), stored.data, stored.etag)
    after = await event(calendar, stored.href)
    assert replace(after, fingerprint="") == replace(seen, fingerprint="", noted=False, asks=None)


async def test_texts_come_back_as_they_were(calendar: CalendarPort) -> None:
    texts = {"title": "Färben, Schnitt; 2×", "place": "C:\\Salon, Hof", "description": "eins\n\nzwei; drei, vier\n"}
    found = await event(calendar, (await create(calendar, **texts)).href)
    assert {"title": found.title, "place": found.place, "description": found.description} == texts


async def test_a_place_and_a_description_may_be_empty_and_go_away(calendar: CalendarPort) -> None:
    stored = await create(calendar)
    await calendar.replace(stored.href, draft(place="", description=""), stored.data, stored.etag)
    found = await event(calendar, stored.href)
    assert (found.place, found.description) == ("", "")


async def test_a_mark_of_cancelled_is_seen_and_our_next_write_takes_it_away(calendar: CalendarPort, home: Home) -> None:
    stored = await create(calendar)
    seen = await put(calendar, home, home.texts.cancelled(stored.data))
    assert seen.event is not None
    assert seen.event.cancelled
    await calendar.replace(seen.href, draft(), seen.data, seen.etag)
    assert not (await event(calendar, seen.href)).cancelled


async def test_an_event_made_to_repeat_is_seen_and_a_put_back_makes_it_one(calendar: CalendarPort, home: Home) -> None:
    stored = await create(calendar)
    seen = await put(calendar, home, home.texts.repeated(stored.data))
    assert seen.event is not None
    assert seen.event.recurring
    kept = await calendar.replace(seen.href, draft(span=None), seen.data, seen.etag)
    assert (await event(calendar, seen.href)).recurring
    await calendar.replace(seen.href, draft(), kept.data, kept.etag)
    assert not (await event(calendar, seen.href)).recurring


# Other people's, and broken ones


async def test_somebody_elses_event_comes_without_event_and_data(calendar: CalendarPort, home: Home) -> None:
    home.put(calendar.url, "dentist.ics", home.texts.foreign("dentist-1"))
    (href,) = (await calendar.changes(None)).etags
    for stored in [*(await calendar.fetch([href])), await read(calendar, href)]:
        assert (stored.event, stored.data, stored.fault) == (None, "", "")


async def test_what_we_write_and_remove_leaves_other_events_to_the_letter(calendar: CalendarPort, home: Home) -> None:
    home.put(calendar.url, "dentist.ics", home.texts.foreign("dentist-1"))
    before = dict((await calendar.changes(None)).etags)
    stored = await create(calendar)
    stored = await calendar.replace(stored.href, draft(title="moved"), stored.data, stored.etag)
    await calendar.remove(stored.href, stored.etag)
    assert dict((await calendar.changes(None)).etags) == before


async def test_a_pasted_copy_is_ours_by_the_booking_that_it_names(calendar: CalendarPort, home: Home) -> None:
    seen = await put(calendar, home, home.texts.ours("b_1", "made-by-an-app"))
    assert seen.event is not None
    assert (seen.event.uid, seen.event.booking_id) == ("made-by-an-app", "b_1")
    assert seen.data


async def test_one_of_ours_that_nobody_can_read_is_a_fault_and_stops_no_other(
    calendar: CalendarPort, home: Home
) -> None:
    stored = await create(calendar)
    other = await create(calendar, "b_2")
    home.put(calendar.url, name(), home.texts.damaged(stored.data))
    fetched = {one.href: one for one in await calendar.fetch([stored.href, other.href])}
    for found in (fetched[stored.href], await read(calendar, stored.href)):
        assert found.event is None
        assert found.data
        assert found.fault
        assert "Ada" not in found.fault
    assert fetched[other.href].event is not None


async def test_what_nobody_can_read_is_written_anew(calendar: CalendarPort, home: Home) -> None:
    stored = await create(calendar)
    home.put(calendar.url, name(), home.texts.damaged(stored.data))
    seen = await read(calendar, stored.href)
    await calendar.replace(seen.href, draft(title="mended"), seen.data, seen.etag)
    found = await event(calendar, stored.href)
    assert (found.title, found.start.instant) == ("mended", START)
