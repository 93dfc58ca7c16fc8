"""An event that syncd wrote and that no calendar has shown since: nobody can have deleted it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from syncd.domain.link import Link, Missing
from syncd.engine.observe import observe_calendars
from syncd.engine.sides import Health
from syncd.ports import Listing, Stored
from tests.loop.ground import ON_ONE
from tests.loop.world import CANCEL, at, world
from tests.servers import Server
from tests.ten.bender import CUT, Ask, Onward, Reply
from tests.ten.lies import without
from tests.ten.stage import stage

pytestmark = ON_ONE


@pytest.mark.parametrize("headers", [{"etag": '"65f1c0de-2a3"'}, {}], ids=["etag", "no etag"])
async def test_a_put_that_somebody_else_acknowledged(dav: Server, folder: Path, headers: dict[str, str]) -> None:
    """The booking stands, and its event comes."""

    async def acknowledged(ask: Ask, onward: Onward) -> Reply:
        return Reply(201, b"", headers) if ask.method == "PUT" else await onward(ask)

    async with stage(dav, folder) as (w, caldav, _):
        booking_id = w.book(at(24, 9))
        caldav.bend = acknowledged
        await w.cycle()
        caldav.bend = None
        for minutes in (1, 1, 11, 1, 11, 61, 1):
            await w.cycle(minutes=minutes)
        assert (w.booking(booking_id).status, w.calls(CANCEL)) == ("confirmed", [])
        assert len(await w.events()) == 1
        await w.delete(booking_id)
        for minutes in (1, 11, 1):
            await w.cycle(minutes=minutes)
        assert w.booking(booking_id).status == "cancelled"


async def test_private_events_in_a_calendar_that_is_shared_with_syncd(dav: Server, folder: Path) -> None:
    """Nextcloud shows them to the calendar's owner only, and says that there is one when they are written again."""
    hides = without(lambda href: href.endswith(".ics"))

    async def hiding(ask: Ask, onward: Onward) -> Reply:
        if ask.method == "GET" and ask.path.endswith(".ics"):
            return Reply(404)
        reply = await onward(ask)
        return hides(ask, reply) if ask.method in ("PROPFIND", "REPORT") else reply

    async with stage(dav, folder) as (w, caldav, _):
        w.reconfigure(event='class = "PRIVATE"')
        caldav.bend = hiding
        booked = [w.book(at(24 + n, 14)) for n in range(2)]
        for minutes in (0, 1, 1, 11, 1, 11):
            report = await w.cycle(minutes=minutes)
        assert [w.booking(each).status for each in booked] == ["confirmed", "confirmed"]
        assert report.summary.exit_code == 1
        puts = w.requests.count("PUT")
        await w.cycle(minutes=1)
        assert w.requests.count("PUT") == 0 <= puts
        caldav.bend = None
        await w.cycle(minutes=61)
        assert len(await w.events()) == 2


async def test_listed_under_another_name_it_was_shown(dav: Server, folder: Path) -> None:
    """An app had renamed it before the first listing: that one names it, and to delete it then counts."""
    async with world(dav, folder) as w:
        booking_id = w.book(at(24, 9))
        await w.cycle()
        _, text = await w.event(booking_id)
        assert (await w.http.delete(w.url(booking_id))).status_code in (200, 204)
        await w.put("undone", text)
        for _ in range(3):
            await w.cycle(minutes=1)
        (link,) = w.store.links().values()
        assert link.shown


async def test_deleted_before_the_next_cycle_it_counts(dav: Server, folder: Path) -> None:
    """A timer may run syncd in half an hour. What stood right after it was written has been deleted by a person."""
    async with world(dav, folder) as w:
        booking_id = w.book(at(24, 9))
        await w.cycle()
        assert w.link(booking_id).shown
        await w.delete(booking_id)
        for _ in range(2):
            await w.cycle(minutes=30)
        assert w.booking(booking_id).status == "cancelled"


async def test_what_could_not_be_looked_at_comes_back_and_deleted_again_it_counts(dav: Server, folder: Path) -> None:
    async def unread(ask: Ask, onward: Onward) -> Reply:
        return Reply(503) if ask.method == "REPORT" and written(ask) else await onward(ask)

    def written(ask: Ask) -> bool:
        return b"calendar-multiget" in ask.body

    async with stage(dav, folder) as (w, caldav, _):
        booking_id = w.book(at(24, 9))
        caldav.bend = unread
        await w.cycle()
        assert not w.link(booking_id).shown
        caldav.bend = None
        await w.delete(booking_id)
        for minutes in (1, 11, 1):
            await w.cycle(minutes=minutes)
        assert "gone before the calendar had shown it" in await w.note(booking_id)
        await w.delete(booking_id)
        for minutes in (1, 11, 1):
            await w.cycle(minutes=minutes)
        assert w.booking(booking_id).status == "cancelled"


async def test_deleted_once_it_was_shown_it_has_a_grace_of_its_own(dav: Server, folder: Path) -> None:
    """Acknowledged and never stored, then written with an answer that got lost, and deleted right after that."""

    async def acknowledged(ask: Ask, onward: Onward) -> Reply:
        return Reply(201, b"", {}) if ask.method == "PUT" else await onward(ask)

    async def unanswered(ask: Ask, onward: Onward) -> Reply:
        reply = await onward(ask)
        return CUT if ask.method == "PUT" else reply

    async with stage(dav, folder) as (w, caldav, _):
        booking_id = w.book(at(24, 9))
        caldav.bend = acknowledged
        await w.cycle()
        caldav.bend = None
        await w.cycle(minutes=1)
        caldav.bend = unanswered
        await w.cycle(minutes=11)
        caldav.bend = None
        assert w.link(booking_id).shown
        await w.delete(booking_id)
        for minutes in (1, 1):
            await w.cycle(minutes=minutes)
            assert w.booking(booking_id).status == "confirmed"
        await w.cycle(minutes=11)
        assert w.booking(booking_id).status == "cancelled"


@pytest.mark.parametrize("deletions", ["cancel", "ask"])
async def test_many_that_were_acknowledged_and_never_stored_ask_nothing(
    dav: Server, folder: Path, deletions: str
) -> None:
    async def acknowledged(ask: Ask, onward: Onward) -> Reply:
        return Reply(201, b"", {}) if ask.method == "PUT" else await onward(ask)

    async with stage(dav, folder) as (w, caldav, _):
        w.reconfigure(sync=f'deletions = "{deletions}"')
        booked = [w.book(at(24 + n // 2, 9 + 4 * (n % 2))) for n in range(7)]
        caldav.bend = acknowledged
        await w.cycle()
        caldav.bend = None
        for minutes in (1, 11, 1, 11):
            await w.cycle(minutes=minutes)
        assert {w.booking(each).status for each in booked} == {"confirmed"}
        for each in booked:
            assert "gone before the calendar had shown it" in await w.note(each)


async def test_what_was_remembered_beside_it_stays(dav: Server, folder: Path) -> None:
    """Zimun's side is read at the same time, and ends a first 404 there; its catalog fails, so no plan repeats that."""
    async with world(dav, folder) as w:
        booking_id = w.book(at(24, 9))
        await w.cycle()
        before = replace(w.link(booking_id), missing=Missing(w.clock.at, 1))
        health, calendar = Health(), Once(before)
        await observe_calendars(w.store, {before.calendar: calendar}, w.store.cursors(), [before], w.clock.at, health)
        assert (w.link(booking_id).missing, w.link(booking_id).shown) == (None, True)


@dataclass
class Once:
    """A calendar that lists one event, as it is known."""

    link: Link

    @property
    def url(self) -> str:
        return self.link.calendar

    async def changes(self, cursor: str | None) -> Listing:
        return Listing(True, {self.link.href: self.link.etag}, frozenset(), "c")

    async def fetch(self, hrefs: Sequence[str]) -> list[Stored]:
        return []
