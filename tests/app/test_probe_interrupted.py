"""`syncd check --probe`, interrupted at each of its requests: its event is gone, or it is noted and goes later."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from syncd.app.check_probe import EXIT_INTERRUPTED, probe_calendars
from syncd.app.check_rows import Rows
from syncd.app.clock import SystemClock
from syncd.app.config import Config
from syncd.app.wiring import Accounts, Calendars
from syncd.domain.findings import SCRATCH
from syncd.engine.scratch import PATIENCE, remove_left_over
from syncd.state.store import Store
from tests.app.salon import Desk
from tests.app.test_probe import bent, desk, scratch, syncd
from tests.loop.ground import config_of
from tests.servers import Server, send, xandikos
from tests.ten.bender import CUT, Ask, Bend, Bender, Onward, Reply

__all__ = ["bent", "desk"]

# more than that a probe asks for on every server; its races end sooner where one is lost at once
REQUESTS = 30


@pytest.fixture(scope="module")
def dav(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with xandikos(tmp_path_factory.mktemp("xandikos")) as running:
        yield running


@pytest.fixture
async def bender(dav: Server) -> AsyncIterator[Bender]:
    async with Bender(dav.url) as running:
        yield running


@pytest.fixture
def config(dav: Server, bender: Bender, tmp_path: Path) -> Config:
    """As which syncd reaches the server by way of the bender alone."""
    through = replace(dav, url=f"{bender.address}/", calendar_url=bender.url(dav.calendar_url))
    return config_of(tmp_path, "http://127.0.0.1:1", through, calendars="", sync="", event="")


async def probed(config: Config) -> Rows:
    rows, accounts = Rows(), Accounts(config, SystemClock())
    await probe_calendars(rows, accounts, config, SystemClock())
    await accounts.aclose()
    return rows


@pytest.fixture
def store(config: Config) -> Iterator[Store]:
    """Beside the one of the probe."""
    with Store.open(config.state.path) as made:
        yield made


async def cleaned(config: Config, store: Store, after: timedelta) -> None:
    """What a cycle does about scratch events, so long after now."""
    accounts = Accounts(config, SystemClock())
    await remove_left_over(store, await Calendars(config, accounts)(), SystemClock().now() + after)
    await accounts.aclose()


def stands(dav: Server) -> bool:
    return SCRATCH in send(dav, "PROPFIND", dav.calendar_url, headers={"Depth": "1"})[1]


def interrupts(bender: Bender, number: int, failed: list[Ask]) -> Bend:
    """Ctrl-C when the request of that number arrives, or SIGTERM when it is done, in turns. Keeps who met a 5xx."""

    async def bend(ask: Ask, onward: Onward) -> Reply:
        now = number in (place for place, each in enumerate(bender.asked, 1) if each is ask)
        if now and number % 2:
            signal.raise_signal(signal.SIGINT)
        reply = await onward(ask)
        if now and not number % 2:
            signal.raise_signal(signal.SIGTERM)
        if reply.status >= 500:
            failed.append(ask)
        return reply

    return bend


def dies(bender: Bender, number: int) -> Bend:
    """The request of that number still arrives, but nothing is answered from then on."""

    async def bend(ask: Ask, onward: Onward) -> Reply:
        dead = len(bender.asked) >= number
        if not dead or ask is bender.asked[number - 1]:
            reply = await onward(ask)
        return CUT if dead else reply

    return bend


def round_of(ask: Ask) -> list[bytes]:
    return re.findall(rb"of round (\d)", ask.body)


async def test_asked_to_end_at_any_moment_it_begins_no_further_write_and_leaves_nothing(
    dav: Server, bender: Bender, config: Config, store: Store
) -> None:
    for number in count(1):
        bender.asked.clear()
        failed: list[Ask] = []
        bender.bend = interrupts(bender, number, failed)
        rows = await probed(config)
        if len(bender.asked) < number:
            break
        at, later = bender.asked[number - 1], bender.asked[number:]
        told = [str(ask) for ask in (at, *later)]
        assert not stands(dav), told
        # Xandikos may stumble over two writers at once, and then nobody knows whether that write is still to come
        assert failed or not store.scratch(), told
        store.note_scratch(gone=store.scratch())
        # but for those at once with this one, which are on their way
        assert all(round_of(at) and round_of(ask) == round_of(at) for ask in later if ask.method == "PUT"), told
        through = "OPTIONS" in [ask.method for ask in bender.asked]
        assert through or EXIT_INTERRUPTED in [row.code for row in rows.all], told
    assert number > REQUESTS


async def test_cut_off_at_any_moment_what_it_left_is_noted_and_removed_by_the_next_cycle(
    dav: Server, bender: Bender, config: Config, store: Store
) -> None:
    """As by a kill, or a line that is dead from then on."""
    left = 0
    for number in count(1):
        bender.asked.clear()
        bender.bend = dies(bender, number)
        await probed(config)
        bender.bend = None
        if len(bender.asked) < number:
            break
        await bender.idle()
        at = str(bender.asked[number - 1])
        if stands(dav):
            left += 1
            assert len(store.scratch()) == 1, at
        await cleaned(config, store, timedelta(0))
        assert not stands(dav), at
        await cleaned(config, store, PATIENCE)
        assert not store.scratch(), at
    assert number > REQUESTS
    assert left > REQUESTS / 2


def at_moment(is_it: Callable[[Ask, Bender], bool], bender: Bender, sent: signal.Signals) -> Bend:
    """Send the process a signal once, when the request of that moment is done."""
    over = False

    async def bend(ask: Ask, onward: Onward) -> Reply:
        nonlocal over
        reply = await onward(ask)
        if is_it(ask, bender) and not over:
            over = True
            os.kill(int(ask.headers["pid"]), sent)
        return reply

    return bend


def _deletions(bender: Bender) -> int:
    return len([ask for ask in bender.asked if ask.method == "DELETE"])


MOMENTS: dict[str, Callable[[Ask, Bender], bool]] = {
    "the race": lambda ask, _: b"of round 1" in ask.body,
    "it is deleted": lambda ask, bender: ask.method == "DELETE" and _deletions(bender) == 2,
    "its UID is used again": lambda ask, bender: ask.method == "PUT" and _deletions(bender) == 2,
    "it is deleted for good": lambda ask, bender: ask.method == "DELETE" and _deletions(bender) == 3,
}


@pytest.mark.parametrize(
    ("moment", "sent", "code"),
    [
        ("the race", signal.SIGINT, 130),
        ("the race", signal.SIGKILL, -signal.SIGKILL),
        ("it is deleted", signal.SIGTERM, 130),
        ("its UID is used again", signal.SIGKILL, -signal.SIGKILL),
        ("it is deleted for good", signal.SIGINT, 0),
    ],
)
async def test_a_process(desk: Desk, bent: Bender, moment: str, sent: signal.Signals, code: int) -> None:
    ended, out = await syncd(desk, "check", "--probe", bender=bent, bend=at_moment(MOMENTS[moment], bent, sent))
    assert ended == code, out
    assert bool(scratch(desk)) == (sent is signal.SIGKILL)
    if sent is signal.SIGKILL:
        ended, out = await syncd(desk, "check", "--probe")
        assert ended == 0, out
        assert "1 scratch event of an earlier probe removed" in out
        assert not scratch(desk)
    with Store.open(desk.folder / "state.db") as store:
        assert store.scratch() == ()


async def test_a_second_ctrl_c_ends_at_once_and_the_next_cycle_removes_what_is_left(desk: Desk, bent: Bender) -> None:
    async def bend(ask: Ask, onward: Onward) -> Reply:
        if ask.method == "DELETE":
            os.kill(int(ask.headers["pid"]), signal.SIGINT)
            # it gets no further
            await asyncio.Event().wait()
        reply = await onward(ask)
        if ask.method == "PUT":
            os.kill(int(ask.headers["pid"]), signal.SIGINT)
        return reply

    code, out = await syncd(desk, "check", "--probe", bender=bent, bend=bend)
    assert code == 130, out
    assert [write.split()[0] for write in bent.writes()] == ["PUT", "DELETE"]
    assert scratch(desk)
    assert (await syncd(desk, "sync"))[0] == 0
    assert not scratch(desk)
    with Store.open(desk.folder / "state.db") as store:
        assert store.scratch() == ()
