"""Habits of servers that are not among those of the tests, each bent into the answers of one that is."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.loop.ground import ON_ONE
from tests.loop.world import CANCEL, at
from tests.servers import Server
from tests.ten.bender import Ask, Onward, Reply
from tests.ten.stage import stage

XML = {"content-type": "application/xml; charset=utf-8"}
NOTHING = Reply(207, b'<d:multistatus xmlns:d="DAV:"/>', XML)


@ON_ONE
async def test_where_a_search_finds_nothing_an_event_put_elsewhere_was_not_deleted(
    dav: Server, folder: Path, new_calendar: Callable[[], str]
) -> None:
    """Bedework 5, Zimbra, Stalwart 0.15.5, iCloud at times: an empty 207 to each search of a text."""

    async def bend(ask: Ask, onward: Onward) -> Reply:
        return NOTHING if b"calendar-query" in ask.body else await onward(ask)

    other = new_calendar()
    async with stage(dav, folder) as (w, caldav, _):
        moved, copied, deleted = (w.book(at(24, hour)) for hour in (9, 11, 13))
        w.book(at(25, 9))
        caldav.bend = bend
        for _ in range(2):
            await w.cycle(minutes=1)
        for booking in (moved, copied, deleted):
            _, text = await w.event(booking)
            await w.delete(booking)
            if booking == copied:
                # as Android apps carry it over
                text = re.sub(r"(?m)^X-ZIMUN.*\n", "", text).replace("UID:", "UID:by-some-app-").replace("@zimun", "")
            if booking != deleted:
                await w.put(booking, text, other)
        for minutes in (1, 11, 11):
            await w.cycle(minutes=minutes)
        assert {w.booking(each).status for each in (moved, copied)} == {"confirmed"}
        assert len(w.calls(CANCEL)) == 1
        assert w.booking(deleted).status == "cancelled"
        assert "not connected to Zimun" in await w.note(moved)
        assert await w.exists(copied)
