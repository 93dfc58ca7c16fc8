"""A request of syncd's own to a calendar gets no answer, and arrives minutes later, when the world has gone on."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urljoin

import httpx
import pytest

from syncd.calendars.transport import Answer, Transport
from syncd.domain.errors import OutcomeUnknown
from syncd.domain.note import Note, NoteKind
from syncd.sandbox import Appointment
from tests.loop.asking import dating_nothing
from tests.loop.world import CANCEL, HOUR, RESCHEDULE, World, at, world
from tests.servers import Server

STANDS = "⚠ This booking counted as cancelled for a while. It stands."
Sent = list[tuple[str, str, str, Mapping[str, str]]]
"""Method, path, body and headers."""


@contextmanager
def unanswered(method: str, times: int = 1, then: str = "") -> Iterator[Sent]:
    """The next `times` requests of that method are not heard yet; and after them none of `then`."""
    send = Transport.send
    sent: Sent = []

    async def slow(
        self: Transport, asked: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
    ) -> Answer:
        if asked == method and len(sent) < times:
            sent.append((asked, path, body, headers or {}))
            raise OutcomeUnknown("no answer came")
        if asked == then and sent:
            raise OutcomeUnknown("no answer came")
        return await send(self, asked, path, body, headers)

    with patch.object(Transport, "send", slow):
        yield sent


async def arrives(w: World, sent: Sent) -> httpx.Response:
    ((method, path, body, headers),) = sent
    url = urljoin(w.dav.calendar_url, path)
    return await w.http.request(method, url, content=body.encode(), headers=dict(headers))


@asynccontextmanager
async def over(dav: Server, folder: Path) -> AsyncIterator[tuple[World, Appointment]]:
    """A booking has its event, and its customer has just cancelled it; with what it was before."""
    async with world(dav, folder) as w:
        booking_id = w.book(at(24, 9))
        await w.cycle()
        await w.cycle(minutes=3)
        alive = w.booking(booking_id)
        w.salon.cancel(booking_id)
        yield w, alive


@pytest.mark.parametrize("write", ["is stored", "fails"])
async def test_a_late_removal_is_no_persons_deletion(dav: Server, folder: Path, write: str) -> None:
    """The event is written once more, and says that its booking stands; the removal finds another version of it."""
    async with over(dav, folder) as (w, alive):
        booking_id = alive.booking_id
        with unanswered("DELETE", then="PUT" if write == "fails" else "") as sent:
            await w.cycle(minutes=1)
            w.live_again(alive)
            await w.cycle(minutes=1)
        assert (await arrives(w, sent)).status_code in ({412} if write == "is stored" else {200, 204})
        for minutes in (1, 11, 1):
            await w.cycle(minutes=minutes)
        assert w.calls(CANCEL) == []
        assert w.booking(booking_id).status == "confirmed"
        assert await w.note(booking_id) == STANDS
        await w.delete(booking_id)
        for minutes in (1, 11):
            await w.cycle(minutes=minutes)
        assert w.booking(booking_id).status == "cancelled"


@pytest.mark.parametrize("kind", [NoteKind.TRANSFERRED, NoteKind.REASSIGNED])
async def test_so_it_is_where_its_event_had_something_else_to_tell(dav: Server, folder: Path, kind: NoteKind) -> None:
    """Which could not be written; and Zimun does not date what its customer did."""
    with dating_nothing():
        async with over(dav, folder) as (w, alive):
            booking_id = alive.booking_id
            note = Note(kind, w.clock.at, w.clock.at + 72 * HOUR)
            w.store.save_link(replace(w.link(booking_id), pending=note))
            with unanswered("DELETE", then="PUT") as sent:
                await w.cycle(minutes=1)
                w.live_again(alive)
                await w.cycle(minutes=1)
            await arrives(w, sent)
            for minutes in (1, 11, 1):
                await w.cycle(minutes=minutes)
            assert w.booking(booking_id).status == "confirmed"
            assert await w.note(booking_id) == STANDS


async def test_a_late_refusal_of_a_drag_does_not_take_back_that_it_was_booked_since(dav: Server, folder: Path) -> None:
    """The place was taken, the event was to go back and to say so; then it was free after all."""
    async with world(dav, folder) as w:
        w.salon.staff = {"st_jana": w.salon.staff["st_jana"]}
        booking_id, other = w.book(at(24, 9)), w.book(at(24, 11))
        await w.cycle()
        await w.cycle(minutes=3)
        await w.drag(booking_id, 2 * HOUR)
        with unanswered("PUT") as sent:
            await w.cycle(minutes=1)
            w.salon.cancel(other)
            await w.cycle(minutes=1)
        assert (w.booking(booking_id).start, len(w.calls(RESCHEDULE))) == (at(24, 11), 1)
        assert (await arrives(w, sent)).status_code in (200, 201, 204)
        assert "T100000" in await w.start(booking_id)
        for minutes in (1, 1):
            await w.cycle(minutes=minutes)
        assert (w.booking(booking_id).start, len(w.calls(RESCHEDULE))) == (at(24, 11), 1)
        assert "T120000" in await w.start(booking_id)
        await w.drag(booking_id, -2 * HOUR)
        await w.cycle(minutes=1)
        assert w.booking(booking_id).start == at(24, 9)


@pytest.mark.parametrize("times", [1, 2])
async def test_a_write_that_can_arrive_no_more_is_no_measure_of_what_a_person_does(
    dav: Server, folder: Path, times: int
) -> None:
    """They had changed the event by then, and much later they drag it back to where that write was to put it."""
    async with world(dav, folder) as w:
        booking_id = w.book(at(24, 9))
        await w.cycle()
        await w.cycle(minutes=3)
        await w.edit(booking_id, (r"^DTEND(.*)T104500", r"DTEND\1T111500"))
        with unanswered("PUT", times):
            for _ in range(times):
                await w.cycle(minutes=1)
        assert (w.link(booking_id).unanswered is not None) is (times == 2)
        await w.edit(booking_id, (r"^DTEND(.*)T111500", r"DTEND\1T104500"))
        await w.drag(booking_id, 2 * HOUR)
        await w.cycle(minutes=1)
        assert w.booking(booking_id).start == at(24, 11)
        assert w.link(booking_id).unanswered is None
        await w.cycle(minutes=60)
        await w.drag(booking_id, -2 * HOUR)
        await w.cycle(minutes=1)
        assert w.booking(booking_id).start == at(24, 9)
