"""The places and services that Zimun names: events keep their words for what it does not name just now, or any more."""

from dataclasses import replace
from pathlib import Path

import pytest

from syncd.domain.booking import Catalog
from syncd.engine import memory
from syncd.sandbox import Kind
from tests.loop.asking import HOLD, booked
from tests.loop.ground import ON_ONE
from tests.loop.ics import prop
from tests.loop.requesting import TITLE, ask, asking, due, told
from tests.loop.world import HOUR, World, at, world
from tests.servers import Server

pytestmark = ON_ONE
SERVICES, LOCATIONS = "/api/v1/services", "/api/v1/locations"


def goes_away(w: World) -> None:
    for method in ("GET", "POST"):
        w.fault(Kind.ANSWER, "/", method=method, status=503, body={}, times=None)


def names_none(w: World, path: str) -> None:
    w.fault(Kind.ANSWER, path, status=200, body={"items": []}, times=None)


def retire(w: World, service: str) -> None:
    w.salon.services = {key: one for key, one in w.salon.services.items() if key != service}


def known_services(w: World) -> set[str]:
    return set(memory.catalog(w.store, Catalog()).services)


@pytest.mark.parametrize("remembered", [True, False])
async def test_a_process_that_begins_in_an_outage_keeps_the_texts_and_the_salons_clock(
    dav: Server, folder: Path, *, remembered: bool
) -> None:
    """Also where the database is an older version's, which remembered no places and services."""
    async with world(dav, folder) as w:
        booked = w.book(at(26, 9))
        await w.cycle()
        _, before = await w.event(booked)
        if not remembered:
            w.store.set_fact("catalog", "{}")
        goes_away(w)
        await w.drag(booked, 2 * HOUR)
        for _ in range(3):
            await w.cycle(minutes=11)
        _, after = await w.event(booked)
        assert prop(after, "SUMMARY") == ":⚠ Haircut – Dana Lee"
        assert prop(after, "LOCATION") == prop(before, "LOCATION") != ""
        note = await w.note(booked)
        assert "still at 10:00 on Thu 26 Nov. The move to 12:00 on Thu 26 Nov" in note
        w.server.faults.clear()
        await w.cycle(minutes=11)
        assert w.booking(booked).start == at(26, 11)
        assert await w.title(booked) == "Haircut – Dana Lee"


async def test_without_any_place_or_service_nothing_is_decided(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        w.book(at(26, 9))
        w.fault(Kind.ANSWER, SERVICES, status=503, body={}, times=None)
        report = await w.quiet()
        assert report.summary.exit_code == 75
        assert w.store.links() == {}


@pytest.mark.parametrize("path", [SERVICES, LOCATIONS])
async def test_one_empty_answer_rewrites_no_event(dav: Server, folder: Path, path: str) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(26, 9))
        await w.cycle()
        names_none(w, path)
        await w.quiet(minutes=1)
        await w.drag(booked, 14 * HOUR)
        await w.cycle(minutes=1)
        assert "The booking stays at 10:00 on Thu 26 Nov" in await w.note(booked)
        assert await w.title(booked) == "⚠ Haircut – Dana Lee"
        w.server.faults.clear()
        await w.quiet(minutes=1)


async def test_a_retired_service_keeps_its_name_while_a_booking_is_of_it(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(26, 9))
        await w.cycle()
        retire(w, "s_haircut")
        await w.quiet(minutes=1)
        assert known_services(w) == {*w.salon.services, "s_haircut"}
        w.salon.cancel(booked)
        await w.cycle(minutes=1)
        assert not await w.exists(booked)
        # Zimun lists it, cancelled, until it is over
        await w.quiet(hours=24 * 14)
        assert known_services(w) == set(w.salon.services)


async def test_what_zimun_names_now_counts(dav: Server, folder: Path) -> None:
    async with world(dav, folder) as w:
        booked = w.book(at(26, 9))
        await w.cycle()
        w.salon.services["s_haircut"] = replace(w.salon.services["s_haircut"], name="Cut")
        await w.cycle(minutes=1)
        assert await w.title(booked) == "Cut – Dana Lee"


async def test_a_retired_service_is_neither_asked_about_nor_booked(dav: Server, folder: Path) -> None:
    async with asking(dav, folder) as w:
        w.open_days = 1
        w.book(at(26, 9))
        for _ in range(20):
            await w.cycle(minutes=1)
        assert "s_haircut" in {key[0] for key in w.store.open_days()}
        retire(w, "s_haircut")
        before = len(w.server.calls)
        await w.cycle(minutes=1)
        assert "s_haircut" in known_services(w)
        await ask(w, at(24, 9), TITLE)
        await due(w)
        for _ in range(20):
            await w.cycle(minutes=1)
        assert w.calls(HOLD) == []
        assert "service" in await told(w)
        assert "s_haircut" not in {key[0] for key in w.store.open_days()}
        assert not any("s_haircut" in call.query for call in list(w.server.calls)[before:])


@pytest.mark.parametrize("whole", [True, False], ids=["all of them", "its service"])
async def test_a_request_waits_where_one_answer_leaves_its_service_out(
    dav: Server, folder: Path, *, whole: bool
) -> None:
    async with asking(dav, folder) as w:
        await ask(w, at(24, 9))
        await w.cycle(seconds=10)
        services = w.salon.services
        if whole:
            w.fault(Kind.ANSWER, SERVICES, status=200, body={"items": []}, times=1)
        else:
            retire(w, "s_haircut")
        await w.quiet(seconds=31)
        w.salon.services = services
        await w.cycle(minutes=1)
        assert [one.contact_name for one in booked(w)] == ["Dana Lee"]


async def test_a_request_whose_service_does_not_come_back_is_told(dav: Server, folder: Path) -> None:
    """Nothing that is offered now is called like it."""
    async with asking(dav, folder) as w:
        await ask(w, at(24, 9))
        await w.cycle(seconds=10)
        w.salon.services = {"s_shave": replace(w.salon.services["s_haircut"], id="s_shave", name="Shave")}
        for _ in range(2):
            await w.cycle(minutes=6)
        assert "Not booked: this is not offered at this place." in await told(w)
        assert w.posts == 0


async def test_who_writes_the_name_of_one_that_is_not_offered_any_more_means_no_other(
    dav: Server, folder: Path
) -> None:
    async with asking(dav, folder) as w:
        haircut = w.salon.services["s_haircut"]
        w.salon.services["s_haircuts"] = replace(haircut, id="s_haircuts", name="Haircuts")
        w.salon.place("s_haircuts", at(26, 9), "st_jana", booking_id="b_ada", email="ada@example.org")
        await w.cycle()
        retire(w, "s_haircuts")
        await ask(w, at(24, 9), "Haircuts – Dana Lee")
        await due(w)
        assert await told(w) == (
            "⚠ Not booked: no service is called like this. Did you mean: Haircut? "
            "Change this event, and it is tried again."
        )
        assert not w.posts
