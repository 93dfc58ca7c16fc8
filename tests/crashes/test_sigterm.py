"""SIGTERM in each phase of the cycle: the daemon ends in good order and soon, and the next one completes what it began.

Its process is told in its first sync, at an API that hangs and twice in `tests/app/test_daemon_signals.py`.
"""

import asyncio
import json
import signal
import time
from itertools import count
from pathlib import Path

from syncd.engine.together import together
from syncd.state.lock import CycleLock, DaemonLock
from tests.crashes.ground import DEADLINE, Ground, Life, ground
from tests.crashes.hand import Hand, Phase
from tests.crashes.nursery import Nursery
from tests.crashes.people import Act, People, explained
from tests.crashes.witness import Witness, faults
from tests.servers import Server

SOON = 5 + 10.0
"""What is promised, and what a machine that has other things to do may add."""
RESTING = "interval_seconds = 60\ncancel_grace_seconds = 2\nmax_cancellations = 1000"

# each is a daemon's life; a chain of them works on one database
BEFORE_A_WRITE = (
    Phase("observe", "PROPFIND"),
    Phase("observe", "REPORT", answer=False),
    Phase("plan", "GET availability", answer=False),
    Phase("plan", "GET event"),
    Phase("settle", "GET booking", killed_at="POST reschedule", journalled=True),
    Phase("settle", "GET event", killed_at="PUT", journalled=True, answer=False),
)
IN_A_WRITE = (
    Phase("execute", "GET booking", journalled=True),
    Phase("execute", "POST reschedule", "has happened", journalled=True),
    Phase("execute", "POST cancel", "arrives", journalled=True),
    Phase("execute", "PUT", "arrives", journalled=True),
    Phase("execute", "DELETE", "has happened", journalled=True),
)
WITHOUT_ANSWER_FROM_ZIMUN = (
    Phase("execute", "POST reschedule", "arrives", answer=False, journalled=True),
    Phase("execute", "POST cancel", "has happened", answer=False, journalled=True),
    Phase("execute", "POST reschedule", "has happened", answer=False, journalled=True),
)
WITHOUT_ANSWER_FROM_A_CALENDAR = (
    Phase("execute", "PUT", "has happened", answer=False, journalled=True),
    Phase("execute", "DELETE", "arrives", answer=False, journalled=True),
    Phase("execute", "PUT", "arrives", answer=False, journalled=True),
)
CHAINS = {
    "before": BEFORE_A_WRITE,
    "in": IN_A_WRITE,
    "zimun": WITHOUT_ANSWER_FROM_ZIMUN,
    "calendar": WITHOUT_ANSWER_FROM_A_CALENDAR,
}
LEADS_TO = {"POST cancel": "delete", "PUT": "move", "DELETE": "cancel", "GET event": "delete"}
"""What a person does that such a request comes of; a drag, otherwise."""


async def test_in_each_phase_it_ends_in_good_order_and_the_next_completes_what_it_began(
    dav: Server, nursery: Nursery, tmp_path: Path
) -> None:
    await together(*(_chain(dav, nursery, _folder(tmp_path, name), phases) for name, phases in CHAINS.items()))


async def _chain(dav: Server, nursery: Nursery, folder: Path, phases: tuple[Phase, ...]) -> None:
    async with ground(dav, folder, nursery) as g:
        witness = Witness(g)
        people, hand = People(g, witness, apart=True), Hand(g, witness)
        g.zimun.bend = g.caldav.bend = hand.bend
        # seven in a row are on other days and at other times
        places = count(0, 150)
        try:
            for _ in range(2 * len(phases)):
                assert await people.take(Act("book", 0, next(places)))
            life = g.run()
            await g.more_cycles(1)
            life.signal(signal.SIGTERM)
            await _ends(g, life)
            for number, phase in enumerate(phases):
                for name, what in zip(
                    people.names[2 * number :], (LEADS_TO.get(phase.kind, "drag"), "move"), strict=False
                ):
                    assert await people.take(Act(what, 0, next(places)), name), what
                await _life(g, hand, phase)
            await _at_rest(g, witness, people)
        except Exception as error:
            error.add_note(f"{folder.name}\n" + "\n".join(witness.happened[-80:]))
            raise


async def _life(g: Ground, hand: Hand, phase: Phase) -> None:
    """A daemon that is told to stop in that phase."""
    if phase.killed_at:
        life, death = g.run(), Phase("killed", phase.killed_at, "has happened", answer=False, journalled=True)
        hand.aim(life, death, signal.SIGKILL)
        assert await life.end() == -signal.SIGKILL
        hand.gone.set()
    life = g.run()
    hand.aim(life, phase)
    await asyncio.wait_for(hand.struck.wait(), DEADLINE)
    asked = g.asked()
    await _ends(g, life)
    hand.gone.set()
    if not phase.journalled:
        assert g.asked() == asked, "it began something new"
    if phase.answer:
        in_hand = g.rows("SELECT id FROM intents WHERE closed_at IS NULL")
        assert not in_hand, "what was answered is recorded, and what had not begun is dropped"


async def _ends(g: Ground, life: Life) -> None:
    """It ends soon with 0, says so, and leaves a closed database, a cycle that has ended and no lock."""
    assert await life.end(SOON) == 0, life.log.read_text()
    logged = life.log.read_text()
    assert "Traceback" not in logged
    # a library may have a word to say about the connection that was cut off
    events = [event for one in logged.splitlines() if (event := json.loads(one)["event"]) != "library.warned"]
    assert events[-1] == "daemon.stopped"
    assert not g.state.with_name("state.db-wal").exists()
    assert g.rows("SELECT ended_at IS NOT NULL FROM cycles ORDER BY number DESC LIMIT 1") == [(1,)]
    assert g.rows("PRAGMA integrity_check") == [("ok",)]
    assert not DaemonLock.held_elsewhere(g.state)


async def _at_rest(g: Ground, witness: Witness, people: People) -> None:
    """With nobody told to stop any more both sides come to agree, with one write for each thing that people did."""
    g.run()
    deadline, wrong = time.monotonic() + DEADLINE, ["not looked"]
    while (wrong or not explained(witness.effects, people.done)) and not witness.wrong and time.monotonic() < deadline:
        await g.more_cycles(1)
        wrong = await faults(g, witness, people.own)
    assert (witness.wrong, wrong) == ([], [])
    assert explained(witness.effects, people.done), (witness.effects, people.done)
    before = g.asked()
    await g.more_cycles(1)
    assert g.asked() == before
    assert not g.rows("SELECT 1 FROM intents WHERE closed_at IS NULL")


async def test_between_two_cycles_it_ends_at_once(dav: Server, nursery: Nursery, tmp_path: Path) -> None:
    async def story(number: int) -> None:
        async with ground(dav, _folder(tmp_path, f"signal{number}"), nursery, sync=RESTING) as g:
            await People(g, Witness(g)).take(Act("book", 0, 0))
            life = g.run()
            await g.more_cycles(1)
            life.signal(number)
            await _ends(g, life)
            assert g.cycles() == 1

    await together(*(story(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)))


async def test_while_another_command_has_the_cycle_it_does_not_wait_for_it(
    dav: Server, nursery: Nursery, tmp_path: Path
) -> None:
    async with ground(dav, tmp_path, nursery) as g:
        life = g.run()
        await g.more_cycles(1)
        other = CycleLock(g.state)
        await other.acquire_within(DEADLINE, asyncio.sleep)
        try:
            # the cycle that is due within a second waits for the lock by now
            await asyncio.sleep(2)
            cycles = g.cycles()
            life.signal(signal.SIGTERM)
            await _ends(g, life)
        finally:
            other.release()
        assert g.cycles() == cycles


async def test_while_it_starts_it_leaves_nothing_that_the_next_cannot_use(
    dav: Server, nursery: Nursery, tmp_path: Path
) -> None:
    async def story(after: float) -> None:
        async with ground(dav, _folder(tmp_path, f"after{after}"), nursery) as g:
            witness = Witness(g)
            people = People(g, witness)
            await people.take(Act("book", 0, 0))
            life = g.run(fresh=True)
            await asyncio.sleep(after)
            life.signal(signal.SIGTERM)
            # before syncd has said what is to come of it, the signal does what it always does
            assert await life.end(SOON) in (0, -signal.SIGTERM)
            assert "Traceback" not in life.log.read_text()
            g.run()
            await g.more_cycles(2)
            assert await faults(g, witness, people.own) == []

    await together(*(story(after) for after in (0.1, 0.6, 1.2)))


def _folder(above: Path, name: str) -> Path:
    folder = above / name
    folder.mkdir()
    return folder
