"""The demo, as a new user runs it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from syncd.app import logs
from syncd.app.demo_show import PLACE, SERVICE, Show
from syncd.app.demo_stage import PASSWORD, USER, make_stage
from syncd.domain.opening import SlotKey, slot_name, slot_uid

_DEMO = """
import sys
from syncd.app import demo_stage
demo_stage.GRACE_SECONDS, demo_stage.INTERVAL_SECONDS = 3, 1
demo_stage.DAV_PORT = demo_stage.API_PORT = 0
from syncd.engine import publishing
from syncd.planning import availability
availability.BURST = 99  # at night, those of tomorrow would come in one by one
publishing.WRITES = 5  # a few slots are enough to see
from syncd.app.demo import demo, sandbox
sys.exit(eval(sys.argv[1]))
"""


def start(what: str, folder: Path) -> "subprocess.Popen[str]":
    env = {**os.environ, "TMPDIR": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-c", _DEMO, what], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env
    )


def test_the_show_goes_through_and_nothing_of_it_stays(tmp_path: Path) -> None:
    with start("demo(once=True)", tmp_path) as running:
        said, _ = running.communicate(timeout=180)
    assert running.returncode == 0, said
    assert re.search(r"http://127\.0\.0\.1:\d+/   user demo   password demo", said)
    looked = re.search(r"^Look inside: (\S+)( -m syncd)? status --config \S+/config\.toml$", said, re.MULTILINE)
    assert looked is not None, said
    assert Path(looked[1]).is_file()
    for step in ("bookings stand in", "moved in Zimun", "“⚠ ", "Free nearby", "stands there now", "cancelled in Zimun"):
        assert step in said
    written = re.search(r"a new event “Haircut – Iris Cole” with \S+@example\.com in it, (.+) \.\.\.", said)
    booked = re.search(r"booked in Zimun: Iris Cole, Haircut, (.+)", said)
    assert written is not None, said
    assert booked is not None, said
    assert written[1] == booked[1]
    assert "its event stands in “Salon Mitte”, and the one that asked for it is gone" in said
    customer, slot = "Nora Field", r".+, \w{3} \d\d \w{3} \d\d:\d\d"
    asked = re.search(rf"writes “{customer} \S+@example\.com” into the open slot ({slot}) \.\.\.", said)
    booked = re.search(rf"booked in Zimun: {customer}, ({slot})", said)
    assert asked is not None, said
    assert booked is not None, said
    assert asked[1] == booked[1]
    assert re.search(r"its event stands in “Salon \w+”, and the open slot's is gone", said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_nothing_of_it_stays(tmp_path: Path, number: signal.Signals) -> None:
    with start("demo(once=False)", tmp_path) as running:
        assert running.stdout is not None
        said = next(line for line in running.stdout if "A person drags" in line)
        assert "free" in said
        running.send_signal(number)
        running.communicate(timeout=20)
    assert running.returncode == 0
    assert list(tmp_path.iterdir()) == []


async def test_the_show_leaves_a_slot_that_somebody_has_taken_since(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "configure", lambda *to: None)  # it would stay so for the other tests
    event = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{}\r\n"
    event += "DTSTAMP:20260101T000000Z\r\nDTSTART:{:%Y%m%dT%H%M%SZ}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    async with make_stage() as stage, httpx.AsyncClient(auth=(USER, PASSWORD), trust_env=False) as http:
        salon, show = stage.server.salon, Show(stage, Console(quiet=True))
        show._http = http
        starts = show._quiet_day()
        for start in (starts[0], starts[-1]):
            slot = SlotKey(SERVICE, PLACE, start)
            url = stage.config.availability.calendar_url + slot_name(slot)
            (await http.put(url, content=event.format(slot_uid(slot), start))).raise_for_status()
        assert (await show._last_open_slot())[1].start == starts[-1]
        show._fill(starts[-1])
        assert starts[0] in [one.start for one in salon.open_slots(SERVICE, starts[0].date(), PLACE)]
        url, chosen = await show._last_open_slot()
        assert chosen.start == starts[0]
        assert (await http.get(url)).status_code == 200


def test_the_sandbox_alone_says_where_it_is_and_ends_with_a_signal(tmp_path: Path) -> None:
    with start("sandbox('127.0.0.1', 0, 'me', 'my-secret')", tmp_path) as running:
        assert running.stdout is not None
        lines = [running.stdout.readline() for _ in range(3)]
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=20)
    assert running.returncode == 0
    assert re.search(r"http://127\.0\.0\.1:\d+$", lines[0].strip())
    assert lines[1].split()[-1] == "me"
    assert lines[2].split()[-1] == "my-secret"


def test_what_is_missing_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from syncd.app import demo

    monkeypatch.setattr(demo.importlib.util, "find_spec", lambda name: None)
    assert demo.demo(once=True) == 1
    assert capsys.readouterr().err == "syncd: this needs a few more libraries: pip install 'zimun-syncd[demo]'\n"
