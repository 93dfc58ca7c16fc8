"""The real daemon, killed some hundred times while both sides change, and then left alone.

What it did before each death, and what came of it all in the end, keeps every promise that the simulation's oracle
watches over. SYNCD_KILLS says how many times, SYNCD_KILLS_SEED which story; without them: as many as fit, today's.
"""

import asyncio
import os
import random
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.crashes.ground import DEADLINE, MARK, Ground, ground
from tests.crashes.nursery import Nursery
from tests.crashes.people import WHAT, Act, People, some_act
from tests.crashes.reaper import Chapter, Reaper, story
from tests.crashes.witness import GRACE, Witness, faults
from tests.servers import Server

LEAST, MOST, SECONDS = 12, 300, 20.0
QUIET = 4


async def test_killed_at_any_moment_it_loses_nothing_and_does_nothing_twice(
    dav: Server, nursery: Nursery, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = int(os.environ.get("SYNCD_KILLS", "0"))
    seed = int(os.environ.get("SYNCD_KILLS_SEED", datetime.now(UTC).strftime("%Y%m%d")))
    told = f"SYNCD_KILLS_SEED={seed}"
    with capsys.disabled():
        sys.stdout.write(f"\n{told} ")
    async with ground(dav, tmp_path, nursery) as g:
        witness = Witness(g)
        people, reaper = People(g, witness), Reaper(g, witness)
        g.zimun.bend = g.caldav.bend = reaper.bend
        chapters = story(seed, wanted or MOST)
        began = time.monotonic()
        for act in _first(seed):
            await people.take(act)
        await _in_sync(g)
        killed = 0
        for chapter in chapters:
            if not wanted and killed >= LEAST and time.monotonic() - began > SECONDS:
                break
            await _live(g, people, reaper, chapter)
            killed += 1
            assert not witness.wrong, _told(told, witness)
        wrong = await _at_rest(g, witness, people)
        assert not wrong, _told(told, witness, wrong)
        await _silent(g, witness)
        assert not witness.wrong, _told(told, witness)
        _nothing_told(g)
        code, out, _ = await g.once("status", "--json")
        assert code == 0, out
        assert '"problems": []' in out
        report = _report(killed, time.monotonic() - began, reaper, people, witness)
        with capsys.disabled():
            sys.stdout.write(report)
        if wanted >= MOST:
            _everything_came(reaper.deaths, people.done, witness.effects)


def _first(seed: int) -> list[Act]:
    """A dozen bookings to begin with."""
    rng = random.Random(seed)
    return [some_act(rng, "book") for _ in range(12)]


async def _in_sync(g: Ground) -> None:
    """To begin with, one life that nobody disturbs: how a first start is cut off has a test of its own."""
    life = g.run()
    await g.more_cycles(1)
    life.kill()
    await life.end()


async def _live(g: Ground, people: People, reaper: Reaper, chapter: Chapter) -> None:
    for act in chapter.before:
        await people.take(act)
    life = g.run(fresh=chapter.death.fresh)

    async def meanwhile() -> None:
        done = 0.0
        for act in sorted(chapter.during, key=lambda each: each.after):
            await asyncio.sleep(act.after - done)
            done = act.after
            await people.take(act)

    async with asyncio.TaskGroup() as group:
        group.create_task(meanwhile())
        group.create_task(reaper.reap(life, chapter.death))


async def _at_rest(g: Ground, witness: Witness, people: People) -> list[str]:
    """With nobody killed any more, both sides come to agree: what is still wrong after a minute."""
    g.run()
    await asyncio.sleep(GRACE)
    deadline, wrong = time.monotonic() + DEADLINE, ["not looked"]
    while wrong and not witness.wrong and time.monotonic() < deadline:
        await g.more_cycles(2)
        wrong = await faults(g, witness, people.own)
    return wrong


async def _silent(g: Ground, witness: Witness) -> None:
    """Then nothing is written any more, on either side."""
    await g.more_cycles(1)
    before = g.asked()
    await g.more_cycles(QUIET)
    assert g.asked() == before, witness.happened[-20:]


def _nothing_told(g: Ground) -> None:
    """No log of any of its lives holds what people wrote, nor a password."""
    for life in g.lives:
        for path in (life.log, life.log.with_suffix(".out")):
            text = path.read_text()
            assert MARK not in text, f"{path.name}: personal data"
            assert "sandbox-secret" not in text, f"{path.name}: a password"
            assert "Traceback" not in text, text
    assert not [row for row in g.rows("SELECT detail FROM history") if MARK in str(row)]


def _told(seed: str, witness: Witness, wrong: list[str] | None = None) -> str:
    """What failed, with the end of the story: what happened to the bookings concerned, and what syncd has of it."""
    said = witness.wrong + (wrong or [])
    names = [name for name in witness.said if any(name in each for each in said)]
    lines, concerned = [], False
    for line in witness.happened:
        # what follows a line about one of them, indented or with dots, is how that ended
        concerned = any(name in line for name in names) or (concerned and (line[6:9] == "   " or "..." in line))
        if concerned or "killed: " in line or "WRONG" in line:
            lines.append(line)
    rows = witness.ground.rows
    log = [
        " ".join(map(str, row)) for name in names for row in rows("SELECT * FROM history WHERE booking_id = ?", name)
    ]
    links = [
        " ".join(map(str, row)) for name in names for row in rows("SELECT * FROM links WHERE booking_id = ?", name)
    ]
    last = [" ".join(map(str, row)) for row in rows("SELECT * FROM cycles ORDER BY number DESC LIMIT 2")]
    return "\n".join([seed, *said, *lines[-300:], *log, *links, *last])


def _report(killed: int, seconds: float, reaper: Reaper, people: People, witness: Witness) -> str:
    def table(title: str, counts: Counter[str]) -> str:
        return f"{title}\n" + "".join(f"{number:6} {what}\n" for what, number in sorted(counts.items()))

    return (
        f"{killed} kills in {seconds:.0f} s, {reaper.left_open} of them left an open intent\n"
        + table("killed", reaper.deaths)
        + table("people", people.done)
        + table("syncd's writes", witness.effects)
    )


def _everything_came(deaths: Counter[str], done: Counter[str], effects: Counter[str]) -> None:
    """A run of full length proves something only where it hit what it is for."""
    for what in ("POST reschedule", "POST cancel", "PUT", "DELETE"):
        assert deaths[f"{what}, after its effect"] + deaths[f"{what}, after its answer"] >= 2, deaths
    assert set(effects) == {"reschedule", "cancel", "PUT", "DELETE"}
    assert set(done) == set(WHAT), done
