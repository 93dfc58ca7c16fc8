"""What the command line says before it asks anybody: help, wrong usage, wrong configs; and what it does not import."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from syncd import __version__
from syncd.app import cli
from syncd.state import database
from syncd.state.store import Store
from tests.app.salon import CONFIG, run
from tests.state.values import NOW

COMMANDS = ["demo", "sandbox", "run", "sync", "plan", "check", "status", "log", "approve", "reject"]
COMMANDS += ["locations", "services", "slots", "book", "reschedule", "cancel", "import"]
WORDS = {
    "slots": ("--service", "s", "--date", "2026-11-24"),
    "book": ("--service", "s", "--time", "2026-11-24T10:00Z", "--name", "Dana Lee", "--email", "dana@example.com"),
    "reschedule": ("b_1", "2026-11-24T10:00Z"),
    "cancel": ("b_1",),
    "import": ("b_1", "b_2"),
}
"""What a command cannot do without."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(
        CONFIG.format(
            base_url="https://api.example.org", dav="https://dav.example.org/", calendar="https://dav.example.org/cal/"
        )
    )
    return path


def test_help_names_every_command_whole_and_the_exit_codes() -> None:
    told = run("--help", COLUMNS="80").out
    assert [name for name in COMMANDS if f"\n  {name} " not in told] == []
    assert "..." not in told.split("Commands:")[1]
    assert all(max(map(len, run(name, "--help", COLUMNS="80").out.splitlines())) <= 80 for name in COMMANDS[:4])


def test_the_version_is_told() -> None:
    assert run("--version").out == f"syncd {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [["no-such-command"], ["log", "--limit", "none"], ["status", "--max-age", "-1"], *([name] for name in WORDS)],
)
def test_wrong_usage_ends_with_2(words: list[str]) -> None:
    ended = run(*words)
    assert ended.code == 2
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("demo", "sandbox")])
def test_every_command_names_all_faults_of_the_config_at_once(name: str, config: Path) -> None:
    config.write_text(config.read_text().replace("fallback = true", "fallback = 7\nlocation = []"))
    ended = run(name, *WORDS.get(name, ()), "--config", str(config))
    assert (ended.code, ended.out) == (78, "")
    assert len(ended.err.splitlines()) == 2
    assert "fallback" in ended.err
    assert "location" in ended.err


def test_the_faults_of_the_config_are_json_where_asked(config: Path) -> None:
    config.write_text("[zimun")
    ended = run("status", "--json", "--config", str(config))
    assert (ended.code, ended.json["error"], len(ended.json["problems"])) == (78, "config", 1)
    assert ended.err == ""
    assert run("status", SYNCD_CONFIG=str(config / "none")).code == 78


def test_a_damaged_store_ends_with_78_without_a_traceback(config: Path) -> None:
    (config.parent / "state.db").write_bytes(b"no database" * 500)
    ended = run("status", "--config", str(config))
    assert ended.code == 78
    assert "restore a backup" in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_store_that_may_be_well_again_ends_with_1_so_that_it_is_tried_again(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.02)
    path = config.parent / "state.db"
    Store.open(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert cli.app(["run", "--config", str(config)], standalone_mode=False) == 1
    assert "locked by another program for too long" in capsys.readouterr().err
    other.close()


@pytest.mark.parametrize(
    "words", ["approve", "reject b_1", "log", "status", "plan", "check", "reschedule b_1 2026-11-24T10:00"]
)
def test_a_store_at_which_nobody_may_look_is_not_taken_for_none(words: str, config: Path) -> None:
    # a file in the place of a folder: what root, too, cannot look into
    config.write_text(config.read_text().replace('"state.db"', '"config.toml/state.db"'))
    ended = run(*words.split(), "--config", str(config))
    if words != "check":  # its other faults are told too
        assert (ended.code, ended.out) == (78, ""), ended.err
    assert "cannot be looked at" in ended.err + " ".join(ended.out.split()) or "cannot be opened" in ended.err


def test_what_has_no_store_yet_names_where_it_would_be(config: Path) -> None:
    for words in (["approve"], ["reject"], ["log"], ["log", "b_1"], ["status"]):
        told = run(*words, "--config", str(config)).out
        assert f"syncd has not run with this config ({config.parent / 'state.db'})" in told


@pytest.mark.parametrize("command", ["false", "sh -c 'kill -9 $$'"])
def test_a_secret_that_is_not_given_now_ends_with_75_and_those_that_need_none_go_on(command: str, config: Path) -> None:
    config.write_text(config.read_text().replace('password = "p"', f'password_command = "{command}"'))
    for words in (["run"], ["sync"], ["plan"], ["check"], ["approve"], ["cancel", "b_1"]):
        ended = run(*words, "--config", str(config))
        assert (ended.code, ended.out) == (75, "")
        assert ended.err.startswith("syncd: caldav.password_command: ")
    assert [run(name, "--config", str(config)).code for name in ("status", "log")] == [0, 0]
    assert run("status", "--max-age", "600", "--config", str(config)).code == 1, "there was no cycle"
    config.write_text(config.read_text().replace("fallback = true", "fallback = 7"))
    assert run("run", "--config", str(config)).code == 78, "another try would not help that"
    assert run("status", "--config", str(config)).code == 78


@pytest.mark.parametrize("path", ["a\\u0000b", "a\\nb", "a\\u007fb"])
def test_a_path_that_no_file_has_is_a_fault_of_the_config(path: str, config: Path) -> None:
    keys = ("state.path", "caldav.ca_file", "caldav.password_file", "zimun.client_secret_file")
    good = config.read_text().replace('path = "state.db"', "")
    for key in keys:
        table, name = key.split(".")
        config.write_text(good.replace(f"[{table}]\n", f'[{table}]\n{name} = "{path}"\n'))
        ended = run("run", "--config", str(config))
        assert ended.code == 78, ended.err
        assert [line.split(": ")[1] for line in ended.err.splitlines()] == [key]


def test_what_the_output_cannot_hold_is_a_question_mark(config: Path) -> None:
    with Store.open(config.parent / "state.db") as store:
        store.begin_cycle(NOW)
        store._db.execute(
            "INSERT INTO history (at, cycle, booking_id, side, what, why, outcome, detail)"
            " VALUES (?, 1, 'b1', 'zimun', 'reschedule', 'moved_in_calendar', 'done',"
            " '2026-11-24T10:00Z -> 2026-11-24T11:00Z')",
            (NOW.isoformat(timespec="microseconds"),),
        )
    assert "10:00 UTC → " in run("log", "--config", str(config), PYTHONIOENCODING="utf-8").out
    ended = run("log", "--config", str(config), PYTHONIOENCODING="latin-1")
    assert (ended.code, ended.err) == (0, "")
    assert "10:00 UTC ? " in ended.out


def test_control_characters_in_a_problem_cannot_reach_the_terminal(config: Path) -> None:
    ended = run("status", "--config", str(config.parent / "\x1b[31mred"))
    assert ended.code == 78
    assert "\x1b" not in ended.err


@pytest.mark.parametrize("name", ["status", "log", "approve"])
def test_looking_at_the_store_imports_no_network_library(name: str, config: Path) -> None:
    script = f"""
import sys
from syncd.app.cli import main
sys.argv = ["syncd", {name!r}, "--config", {str(config)!r}]
code = main()
slow = {{"httpx", "caldav", "niquests", "icalendar", "uvicorn", "starlette", "apscheduler"}} & set(sys.modules)
sys.exit(f"imported: {{slow}}" if slow else code)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr


def test_an_unexpected_error_is_one_line_without_its_message(config: Path) -> None:
    script = f"""
import sys
from syncd.app import cli
from syncd.app.commands import look
def broken(*_): raise RuntimeError("Dana Lee")
look.Store.open = broken
open({str(config.parent / "state.db")!r}, "w").close()
sys.argv = ["syncd", "log", "--config", {str(config)!r}]
sys.exit(cli.main())
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
    assert "RuntimeError" in ended.stderr
    assert "Dana" not in ended.stderr


def test_a_reader_that_leaves_is_no_error(config: Path) -> None:
    ended = subprocess.run(
        f"{sys.executable} -m syncd status --json --config {config} | true; exit ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.stderr == ""


@pytest.mark.parametrize("words", ["status", "status --json", "log", "--help"])
def test_a_closed_output_is_no_error_and_a_full_one_is_told_in_a_line(words: str, config: Path) -> None:
    def ended(where: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            f"{sys.executable} -m syncd {words} {where}", env=os.environ | {"SYNCD_CONFIG": str(config)},
            shell=True, executable="/bin/bash", capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    closed, full = ended(">&-"), ended(">/dev/full")
    assert (closed.returncode, closed.stderr) == (0, "")
    assert (full.returncode, full.stderr) == (
        1,
        "syncd: not all of the output could be written: No space left on device\n",
    )


def test_where_no_word_can_be_written_the_exit_code_tells(tmp_path: Path) -> None:
    ended = subprocess.run(
        f"{sys.executable} -m syncd status -c {tmp_path / 'none.toml'} 2>/dev/full",
        shell=True, executable="/bin/bash", capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 78


def test_a_config_that_cannot_be_read_is_a_fault_of_the_config(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where typer would look first: root can read everything, so that look is asked."""
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    assert cli.app(["status", "--config", str(config)], standalone_mode=False) == 0
    config.chmod(0)
    if os.geteuid():
        ended = run("status", "--config", str(config))
        assert (ended.code, "cannot be read: Permission denied" in ended.err) == (78, True)
