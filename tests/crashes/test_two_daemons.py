"""Two daemons on one store: one of them works, the other refuses; which one is never in doubt."""

from pathlib import Path

from syncd.state.lock import DaemonLock
from tests.crashes.ground import Ground, Life, ground, until
from tests.crashes.nursery import Nursery
from tests.crashes.people import Act, People
from tests.crashes.witness import Witness, faults
from tests.servers import Server

BUSY = 75
"""The exit code where somebody else is in the way: systemd tries again later."""
AT_ONCE = 6


def _refused(g: Ground, life: Life) -> None:
    """In one line, which says whose lock it is and who holds it; and nothing was asked of either side."""
    said = life.log.read_text().splitlines()
    assert life.code == BUSY, said
    assert said == [f"syncd: {DaemonLock(g.state).path}: held by a running daemon"]
    assert life.log.with_suffix(".out").read_text() == ""


async def test_a_second_one_is_refused_and_the_first_goes_on(dav: Server, nursery: Nursery, tmp_path: Path) -> None:
    async with ground(dav, tmp_path, nursery) as g:
        witness = Witness(g)
        people = People(g, witness)
        for number in range(3):
            assert await people.take(Act("book", 0, 150 * number))
        first = g.run()
        await g.more_cycles(1)
        for number, name in enumerate(people.names):
            second = g.run(fresh=not number)
            assert await people.take(Act("drag", 0, 600 + 150 * number), name)
            await second.end()
            _refused(g, second)
        await g.more_cycles(2)
        assert first.running
        assert await faults(g, witness, people.own) == []
        assert g.zimun.writes() == ["POST /api/v1/appointments/reschedule"] * 3
        logged = first.log.read_text()
        assert "Traceback" not in logged
        assert '"level": "error"' not in logged
        # each cycle has its end: nobody else began one
        assert len(g.rows("SELECT 1 FROM cycles WHERE ended_at IS NULL")) <= 1


async def test_of_many_started_at_once_on_no_store_yet_one_works(dav: Server, nursery: Nursery, tmp_path: Path) -> None:
    async with ground(dav, tmp_path, nursery) as g:
        witness = Witness(g)
        people = People(g, witness)
        for number in range(3):
            assert await people.take(Act("book", 0, 150 * number))
        lives = [g.run() for _ in range(AT_ONCE)]
        await until(lambda: sum(life.running for life in lives) == 1, "all but one to end")
        for life in lives:
            if not life.running:
                _refused(g, life)
        await g.more_cycles(2)
        assert await faults(g, witness, people.own) == []
        assert len(g.caldav.writes()) == 3


async def test_one_that_was_killed_leaves_its_place_to_the_next(dav: Server, nursery: Nursery, tmp_path: Path) -> None:
    async with ground(dav, tmp_path, nursery) as g:
        first = g.run()
        await g.more_cycles(1)
        second = g.run()
        await second.end()
        _refused(g, second)
        first.kill()
        third = g.run()
        await first.end()
        await g.more_cycles(1)
        assert third.running


async def test_another_name_of_the_same_file_is_the_same_store(dav: Server, nursery: Nursery, tmp_path: Path) -> None:
    async with ground(dav, tmp_path, nursery) as g:
        (tmp_path / "folder").symlink_to(tmp_path)
        (tmp_path / "other.db").symlink_to(g.state)
        g.run()
        await g.more_cycles(1)
        config = tmp_path / "config.toml"
        text = config.read_text()
        for name in ("folder/state.db", "other.db"):
            config.write_text(text.replace('"state.db"', f'"{name}"'))
            assert await g.run().end() == BUSY, name
