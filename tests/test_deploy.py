"""The systemd unit, as systemd itself reads it, and the libraries under its hardest rule."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from syncd.app.config import load

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "deploy" / "syncd.service"
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="NOT CHECKED: systemd-analyze is missing; apt install systemd"
)


def settings() -> list[tuple[str, str]]:
    pairs = (line.split("=", 1) for line in UNIT.read_text("utf-8").splitlines() if re.match(r"\w+=", line))
    return [(key, value) for key, value in pairs]


@needs_systemd
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    program = tmp_path / "syncd"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = UNIT.read_text("utf-8")
    assert text.count("/opt/syncd/bin/syncd") == 1
    copy = tmp_path / "syncd.service"
    copy.write_text(text.replace("/opt/syncd/bin/syncd", str(program)))
    done = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if "syncd.service" in line]
    assert (done.returncode, said) == (0, [])


@needs_systemd
def test_systemd_rates_the_unit_1_3_or_better() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=13", "--no-pager", UNIT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    exposure = re.search(r"Overall exposure level for syncd.service: ([\d.]+)", done.stdout)
    assert exposure
    assert float(exposure[1]) <= 1.3


def test_the_unit_does_what_the_daemon_counts_on() -> None:
    unit = settings()
    wanted = {
        ("Type", "notify"),
        ("DynamicUser", "yes"),
        ("StateDirectory", "syncd"),
        ("StateDirectoryMode", "0700"),
        ("LoadCredential", "zimun_client_secret:/etc/syncd/zimun_client_secret"),
        ("LoadCredential", "caldav_password:/etc/syncd/caldav_password"),
        ("ExecStart", "/opt/syncd/bin/syncd run --config /etc/syncd/config.toml"),
        ("MemoryDenyWriteExecute", "yes"),
        ("ProtectSystem", "strict"),
    }
    assert wanted <= set(unit)
    assert "78" in dict(unit)["RestartPreventExitStatus"].split(), "a wrong config is not started again for ever"
    assert not {"1", "75"} & set(dict(unit)["RestartPreventExitStatus"].split()), "what may pass is tried again"
    assert dict(unit)["Restart"] == "always", "a SIGHUP begins it anew"
    assert int(dict(unit)["WatchdogSec"]) > 0


def test_the_readme_uses_the_units_paths() -> None:
    readme = (UNIT.parent / "README.md").read_text("utf-8")
    for path in (
        "/opt/syncd/bin/",
        "/etc/syncd/config.toml",
        "/etc/syncd/zimun_client_secret",
        "/var/lib/private/syncd",
    ):
        assert path in readme


def test_the_readmes_command_for_a_password_finds_it_in_the_service_and_in_a_shell(tmp_path: Path) -> None:
    (line,) = re.findall(r"^password_command = .*$", (UNIT.parent / "README.md").read_text("utf-8"), re.MULTILINE)
    (tmp_path / "anna_password").write_text("geheim\n")
    config = tmp_path / "config.toml"
    config.write_text(
        '[zimun]\nclient_id = "x"\n[caldav]\nurl = "https://dav.example.org/"\n'
        f'[[calendars]]\nname = "Anna"\nusername = "anna"\n{line}\n'
    )
    env = {"CREDENTIALS_DIRECTORY": str(tmp_path), "PATH": os.defpath, "HOME": "/root", "ZIMUN_CLIENT_SECRET": "s"}
    assert load(config, env).calendars[0].password.get_secret_value() == "geheim"


def test_the_readmes_backup_is_the_owners_alone_from_the_first_byte(tmp_path: Path) -> None:
    (line,) = re.findall(r"^.*sqlite3 .*\.backup.*$", (UNIT.parent / "README.md").read_text("utf-8"), re.MULTILINE)
    told = tmp_path / "told"
    (tmp_path / "sqlite3").write_text(f"#!/bin/sh\numask > {told}\n")
    (tmp_path / "sqlite3").chmod(0o755)
    subprocess.run(["sh", "-c", f"umask 022; {line}"], env={"PATH": f"{tmp_path}:{os.defpath}"}, check=True)
    assert told.read_text() == "0077\n"


UNDER_MDWE = """
import ctypes, mmap, sys
# prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN): what MemoryDenyWriteExecute=yes is on kernels from 6.3
if ctypes.CDLL(None, use_errno=True).prctl(65, 1, 0, 0, 0):
    sys.exit(77)
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    sys.exit("the kernel does not hold what it promised")
except OSError:
    pass
import asyncio, ssl
import apscheduler.schedulers.asyncio, caldav.async_davclient, httpx, icalendar, lxml.etree, niquests, pydantic
import rich.console, sqlite_utils, structlog, typer

class Model(pydantic.BaseModel):
    x: int

async def main():
    async def answer(reader, writer):
        await reader.readuntil(b"\\r\\n\\r\\n")
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\nConnection: close\\r\\n\\r\\n<a/>")
        await writer.drain()
        writer.close()
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = "http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
        async with niquests.AsyncSession() as session:
            assert lxml.etree.fromstring((await session.get(url)).content).tag == "a"
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(url)).status_code == 200

assert Model.model_validate({"x": 1}).x == 1
sqlite_utils.Database(memory=True)["t"].insert({"a": 1})
ssl.create_default_context()
asyncio.run(main())
"""


def test_the_libraries_work_where_memory_is_never_writable_and_executable() -> None:
    done = subprocess.run([sys.executable, "-c", UNDER_MDWE], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip("NOT CHECKED: this kernel has no PR_SET_MDWE (Linux 6.3 and later have)")
    assert (done.returncode, done.stderr) == (0, "")
