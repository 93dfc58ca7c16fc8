"""Open slots stand in a calendar of their own, as they are; what people do to them cancels and moves nothing."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

import pytest

from syncd.domain.errors import Unavailable
from syncd.domain.opening import SlotKey, slot_name
from syncd.engine import publishing
from syncd.sandbox import Kind
from tests.loop.ground import ON_ONE
from tests.loop.ics import dragged, prop, unfold
from tests.loop.world import HOUR, Crash, World, at, settled, world
from tests.servers import Server, drop_calendar

AVAILABILITY = "/api/v1/availability"


def openings(url: str, **more: object) -> str:
    lines = "\n".join(f"{key} = {value}" for key, value in {"days_ahead": 0, **more}.items())
    return f'[availability]\ncalendar_url = "{url}"\n{lines}'


async def filled(w: World, *, hours: float = 8) -> None:
    """Late in the day, when few slots are left, all of them stand."""
    w.clock.pass_by(hours=hours)
    for _ in range(8):
        await w.cycle(minutes=1)


async def there(w: World, url: str) -> dict[str, str]:
    """The events in the calendar of open slots: name -> unfolded text."""
    return {href.rsplit("/", 1)[-1]: unfold(text) for href, (_, text) in (await w.events(url)).items()}


@contextmanager
def put_after_the_look(w: World, url: str, texts: Mapping[str, str]) -> Iterator[None]:
    """A person writes these right after a cycle has looked at the slots' events."""
    look = publishing.Publishing._look

    async def meanwhile(self, *given):  # type: ignore[no-untyped-def]
        seen = await look(self, *given)
        for name, text in texts.items():
            await put(w, url, name, text)
        return seen

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publishing.Publishing, "_look", meanwhile)
        yield


def starts(w: World, service: str, place: str) -> list[datetime]:
    """What the salon has open today."""
    return [slot.start for slot in w.salon.open_slots(service, w.clock.at.date(), place) if slot.start > w.clock.at]


def wanted(w: World) -> set[str]:
    """The names of all slots that are open now, by the salon's own word."""
    return {
        slot_name(SlotKey(service.id, place, start.astimezone(UTC)))
        for service in w.salon.services.values()
        for place in service.location_ids
        for start in starts(w, service.id, place)
    }


async def put(w: World, url: str, name: str, text: str) -> None:
    answer = await w.http.put(urljoin(url, name), content=text.encode(), headers={"Content-Type": "text/calendar"})
    assert answer.status_code in (200, 201, 204), answer.text


def retitled(text: str, title: str) -> str:
    return re.sub(r"(?m)^SUMMARY:.*$", f"SUMMARY:{title}", text)


async def test_each_open_slot_is_a_transparent_event_at_its_place(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    url = new_calendar()
    async with world(dav, folder, event=openings(url)) as w:
        booked = w.book(at(24, 9))
        await filled(w)
        found = await there(w, url)
        assert set(found) == wanted(w) != set()
        name = next(each for each in sorted(found) if each.startswith("s_manicure.loc_shoreditch"))
        text = found[name]
        assert prop(text, "SUMMARY") == ":Open: Manicure"
        assert prop(text, "TRANSP") == ":TRANSPARENT"
        assert prop(text, "DTSTART").startswith(";TZID=Europe/London:20261123T")
        assert prop(text, "LOCATION") == ":Salon Shoreditch\\, 12 Comb Lane\\, London E2"
        told = "Takes 60 minutes. To book it, write the customer's name and e-mail address into the title."
        assert prop(text, "DESCRIPTION").replace("\\,", ",") == f":{told}"
        assert not any("X-ZIMUN" in each or "ATTENDEE" in each or "@zimun" in each for each in found.values())
        assert await w.exists(booked)
        assert len(await w.events()) == 1
        for _ in range(3):
            await w.quiet(minutes=1)


async def test_a_booking_costs_its_own_slots_and_no_more(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    url = new_calendar()
    async with world(dav, folder, event=openings(url)) as w:
        await filled(w)
        before = await w.events(url)
        start = starts(w, "s_manicure", "loc_shoreditch")[-1]
        w.book(start, service="s_manicure", place="loc_shoreditch")
        for _ in range(4):
            await w.cycle(minutes=1)
        after = await w.events(url)
        names = {href.rsplit("/", 1)[-1] for href in after}
        assert names == wanted(w)
        assert 0 < len(after) < len(before)
        assert {href: after[href] for href in after} == {href: before[href] for href in after}
        await w.quiet(minutes=1)


async def test_deleted_or_moved_it_comes_back_and_nothing_else_follows(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    url = new_calendar()
    async with world(dav, folder, event=openings(url)) as w:
        booked = w.book(at(24, 9))
        await filled(w)
        found = await there(w, url)
        deleted, moved, cancelled, *_ = sorted(found, reverse=True)
        await w.http.delete(urljoin(url, deleted))
        await put(w, url, moved, dragged(found[moved], 2 * HOUR, w.clock.at))
        await put(w, url, cancelled, found[cancelled].replace("STATUS:CONFIRMED", "STATUS:CANCELLED"))
        posts = w.posts
        await w.cycle(minutes=1)
        again = await there(w, url)
        assert set(again) == set(found)
        for name in (deleted, moved, cancelled):
            for each in ("DTSTART", "DTEND", "SUMMARY", "STATUS", "TRANSP"):
                assert prop(again[name], each) == prop(found[name], each)
        await settled(w)
        assert (w.posts, w.booking(booked).start) == (posts, at(24, 9))


async def test_an_edited_one_is_left_alone_also_when_its_slot_is_gone(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    url = new_calendar()
    async with world(dav, folder, event=openings(url)) as w:
        await filled(w)
        found = await there(w, url)
        name = max(each for each in found if each.startswith("s_manicure"))
        theirs = retitled(dragged(found[name], HOUR, w.clock.at), "reserved for Dana Lee")
        await put(w, url, name, theirs)
        start = starts(w, "s_manicure", "loc_shoreditch")[-1]
        while start in starts(w, "s_manicure", "loc_shoreditch"):
            w.book(start, service="s_manicure", place="loc_shoreditch")
        for minutes in (1, 1, 1, 240):
            await w.cycle(minutes=minutes)
        assert set(await there(w, url)) == {name}
        text = (await there(w, url))[name]
        assert (prop(text, "SUMMARY"), prop(text, "DTSTART")) == (prop(theirs, "SUMMARY"), prop(theirs, "DTSTART"))
        assert [one.href.rsplit("/", 1)[-1] for one in w.store.openings(url) if one.edited] == [name]


async def test_edited_between_the_look_and_the_deletion_it_is_left_alone(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    """The fresh look right before sees it, though the listing of the cycle did not."""
    url = new_calendar()
    async with world(dav, folder, event=openings(url)) as w:
        await filled(w)
        found = await there(w, url)
        names = sorted(found)
        with put_after_the_look(w, url, {name: retitled(found[name], "Dana Lee dana@example.com") for name in names}):
            await w.cycle(hours=4)  # all of them are over
        assert sorted(await there(w, url)) == names
        assert all(one.edited for one in w.store.openings(url))


async def test_put_right_between_the_look_and_the_write_it_is_not_written(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    url = new_calendar()
    async with world(dav, folder, event=openings(url)) as w:
        await filled(w)
        found = await there(w, url)
        name = sorted(found)[-1]
        await put(w, url, name, dragged(found[name], HOUR, w.clock.at))
        with put_after_the_look(w, url, {name: found[name]}):
            await w.quiet(minutes=1)
        assert await there(w, url) == found
        assert all(not one.put_back_at for one in w.store.openings(url))
        await w.quiet(minutes=1)


async def test_peoples_own_events_in_it_are_never_touched(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    url = new_calendar()
    async with world(dav, folder, event=openings(url)) as w:
        await filled(w)
        found = await there(w, url)
        copied = max(found)
        own = re.sub(r"(?m)^UID:.*$", "UID:copy-of-a-slot", found[copied])
        await put(w, url, "copy.ics", own)
        await put(w, url, "dentist.ics", retitled(own.replace("copy-of-a-slot", "dentist"), "Dentist"))
        await w.cycle(minutes=1)
        before = {name: (await there(w, url))[name] for name in ("copy.ics", "dentist.ics")}
        for hours in (1, 3):
            await w.cycle(hours=hours)
        assert await there(w, url) == before


async def test_a_lost_database_writes_nothing_and_knows_what_is_edited(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    url = new_calendar()
    async with world(dav, folder, event=openings(url)) as w:
        await filled(w)
        found = await there(w, url)
        edited, gone, *_ = sorted(found, reverse=True)
        await put(w, url, edited, retitled(found[edited], "Dana Lee dana@example.com"))
        before = await w.events(url)
        w.lose_database()
        for _ in range(5):
            await w.quiet(minutes=0)
            w.clock.pass_by(minutes=1)
        assert await w.events(url) == before
        await w.http.delete(urljoin(url, gone))
        await w.cycle(minutes=1)
        assert set(await there(w, url)) == set(found)
        assert [one.href.rsplit("/", 1)[-1] for one in w.store.openings(url) if one.edited] == [edited]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "REPORT"])
async def test_killed_after_any_request_no_slot_stands_twice(
    dav: Server, folder: Path, new_calendar: Callable[[], str], method: str
) -> None:
    url = new_calendar()
    async with world(dav, folder, event=openings(url)) as w:
        await filled(w)
        w.clock.pass_by(minutes=20)  # some are over, so some are to be deleted
        await w.http.delete(urljoin(url, max(await there(w, url))))
        for _ in range(6):
            w.crash_after = method
            try:
                await w.cycle(minutes=1)
            except Crash:
                continue
            break
        w.crash_after = None
        for _ in range(3):
            await w.cycle(minutes=1)
        assert set(await there(w, url)) == wanted(w)
        await w.quiet()


@ON_ONE
async def test_a_new_language_rewrites_them_and_leaves_edited_ones(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    url = new_calendar()
    async with world(dav, folder, event=openings(url)) as w:
        await filled(w, hours=9)
        found = await there(w, url)
        edited = max(found)
        await put(w, url, edited, retitled(found[edited], "Dana Lee"))
        await w.cycle(minutes=1)
        w.config = w.config.model_copy(update={"event": w.config.event.model_copy(update={"language": "de"})})
        await w.cycle()
        titles = {prop(text, "SUMMARY") for name, text in (await there(w, url)).items() if name != edited}
        assert titles
        assert all(title.startswith(":Frei: ") for title in titles)
        assert prop((await there(w, url))[edited], "SUMMARY") == ":Dana Lee"
        await w.quiet()


@ON_ONE
async def test_bookings_come_first_and_slots_are_written_a_few_at_a_time(
    dav: Server, folder: Path, new_calendar: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "WRITES", 3)
    url = new_calendar()
    async with world(dav, folder, event=openings(url)) as w:
        w.clock.pass_by(hours=8)
        booked = [w.book(at(24, 9)), w.book(at(25, 9))]
        await w.cycle()
        assert [await w.exists(one) for one in booked] == [True, True]
        assert len(await w.events(url)) == 3
        late = w.book(at(26, 9))
        await w.cycle(minutes=1)
        assert await w.exists(late)
        assert len(await w.events(url)) == 6
        soonest = sorted(SLOT.sub(r"\1", name) for name in await there(w, url))
        assert soonest[-1] < "20261123T163000Z"


SLOT = re.compile(r".*\.(\d{8}T\d{6}Z)\.ics")


@ON_ONE
@pytest.mark.parametrize("trouble", ["gone", "down", "availability"])
async def test_what_goes_wrong_there_is_told_and_disturbs_no_booking(
    dav: Server, folder: Path, new_calendar: Callable[[], str], trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_calendar()
    async with world(dav, folder, event=openings(url)) as w:
        deleted = w.book(at(25, 9))
        await filled(w)
        before = await w.events(url)

        async def fails(self, *given):  # type: ignore[no-untyped-def]
            raise Unavailable("the calendar server answers 503")

        if trouble == "gone":
            drop_calendar(w.dav, url)
        elif trouble == "down":
            monkeypatch.setattr(publishing.Publishing, "_look", fails)
        else:
            w.fault(Kind.ANSWER, AVAILABILITY, times=None, status=403)
        assert (await w.cycle(minutes=1)).summary.exit_code == 0
        booked = w.book(at(24, 9))
        await w.delete(deleted)
        report = await w.cycle(minutes=1)
        assert await w.exists(booked)
        assert (
            [problem.key for problem in report.summary.problems] == [] if trouble == "availability" else ["open slots"]
        )
        for minutes in (11, 11):
            await w.cycle(minutes=minutes)
        assert w.booking(deleted).status == "cancelled"  # a calendar that is not there hides no event
        if trouble == "availability":
            assert set(await w.events(url)) <= set(before)
        elif trouble == "down":
            monkeypatch.undo()
            await w.cycle(minutes=6)
            assert not (await w.cycle(minutes=1)).summary.problems
            assert set(await there(w, url)) == wanted(w)


async def test_a_bookings_event_put_there_was_not_deleted(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    url = new_calendar()
    async with world(dav, folder, event=openings(url)) as w:
        booked = w.book(at(25, 9))
        await filled(w)
        _, text = await w.event(booked)
        await put(w, url, f"{booked}.ics", text)
        await w.delete(booked)
        await settled(w)
        assert await w.exists(booked)
        assert "calendar that is not connected to Zimun" in await w.note(booked)
        assert f"{booked}.ics" in await there(w, url)


@ON_ONE
async def test_slots_over_a_change_of_the_clock_stand_at_the_places_wall_time(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    url = new_calendar()
    async with world(dav, folder, event=openings(url, days_ahead=1)) as w:
        w.clock.pass_by(seconds=(datetime(2027, 3, 27, 17, 30, tzinfo=UTC) - w.clock.at).total_seconds())
        for _ in range(14):
            await w.cycle(minutes=1)
        found = await there(w, url)
        stand = {prop(text, "DTSTART") for name, text in found.items() if "loc_shoreditch" in name}
        # Sunday: the clock went forward at one, and the salon opens at ten on it
        assert ";TZID=Europe/London:20270328T100000" in stand
        assert not any(start < ";TZID=Europe/London:20270328T100000" for start in stand if "0328T" in start)
