"""What `syncd check` says of an address at which no usable calendar is: the fault by its name, and what to do."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from syncd.app.check_calendars import look_at_calendars
from syncd.app.check_rows import Row, Rows, Verdict
from syncd.app.config import load
from syncd.app.wiring import Accounts
from tests.calendars.rogue import CAL, Reply, Rogue, collection, multistatus, resource
from tests.calendars.test_tls import certificate
from tests.loop.ground import HandClock

__all__ = ["certificate"]

CONFIG = """
[zimun]
client_id = "c"
client_secret = "s"
[caldav]
url = "{url}/"
username = "u"
password = "s3cret"
ca_file = "{ca_file}"
[[calendars]]
url = "{url}/cal/"
fallback = true
[state]
path = "state.db"
"""
PAGE = Reply(200, "<html><body>Welcome</body></html>", {"Content-Type": "text/html; charset=utf-8"})
PRINCIPAL = "<d:current-user-principal><d:href>/p/</d:href></d:current-user-principal>"
HOME = "<c:calendar-home-set><d:href>/home/</d:href></c:calendar-home-set>"
TASKS = '<c:supported-calendar-component-set><c:comp name="VTODO"/></c:supported-calendar-component-set>'
READ_ONLY = "<d:current-user-privilege-set><d:privilege><d:read/></d:privilege></d:current-user-privilege-set>"


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue() as running:
        yield running


async def checked(rogue: Rogue, folder: Path, ca_file: str = "") -> tuple[Row, int]:
    """What is said of the calendar, and the exit code of all rows."""
    path = folder / "config.toml"
    path.write_text(CONFIG.format(url=rogue.url, ca_file=ca_file))
    path.chmod(0o600)
    rows, config = Rows(), load(path, {})
    accounts = Accounts(config, HandClock())
    await look_at_calendars(rows, accounts, config)
    await accounts.aclose()
    assert not [request for request in rogue.requests if request.method not in ("PROPFIND", "REPORT", "OPTIONS")]
    assert "s3cret" not in repr(rows.all)
    (row,) = [row for row in rows.all if row.name.startswith("Calendar ")]
    return row, max(row.code for row in rows.all)


def everywhere(rogue: Rogue, reply: Reply) -> None:
    for path in ("/", "/.well-known/caldav", CAL):
        rogue.on("PROPFIND", path, reply)


def with_calendar(rogue: Rogue, *props: str) -> None:
    rogue.on("PROPFIND", "/", multistatus(resource("/", PRINCIPAL)))
    rogue.on("PROPFIND", "/p/", multistatus(resource("/p/", HOME)))
    rogue.on("PROPFIND", "/home/", multistatus(resource("/home/"), collection(CAL, "t1", *props)))
    rogue.on("PROPFIND", CAL, multistatus(collection(CAL, "t1")))


async def test_a_web_page(rogue: Rogue, tmp_path: Path) -> None:
    everywhere(rogue, PAGE)
    row, code = await checked(rogue, tmp_path)
    assert (row.verdict, code) == (Verdict.FAIL, 75)
    assert "web page" in row.what
    assert "look at the address" in row.advice


async def test_a_redirect_to_another_host_gets_no_password(rogue: Rogue, tmp_path: Path) -> None:
    async with Rogue() as other:
        everywhere(rogue, Reply(301, "", {"Location": other.url + CAL}))
        row, code = await checked(rogue, tmp_path)
        assert (row.verdict, code) == (Verdict.FAIL, 75)
        assert "redirects to another address (127.0.0.1); the password is not sent there" in row.what
        assert "put its address into the config" in row.what
        assert other.requests == []


async def test_a_redirect_loop_ends(rogue: Rogue, tmp_path: Path) -> None:
    everywhere(rogue, Reply(302, "", {"Location": CAL}))
    row, code = await checked(rogue, tmp_path)
    assert (row.verdict, code) == (Verdict.FAIL, 75)
    assert "redirects more than once" in row.what
    assert len(rogue.requests) <= 8


@pytest.mark.parametrize(
    ("prop", "what", "advice"),
    [
        (READ_ONLY, "it can be read, not written", "share it with this user for writing"),
        (TASKS, "it takes no events", "name a calendar for events, not one for tasks"),
    ],
    ids=["read-only", "for tasks"],
)
async def test_a_calendar_that_takes_no_events(rogue: Rogue, tmp_path: Path, prop: str, what: str, advice: str) -> None:
    with_calendar(rogue, prop)
    row, code = await checked(rogue, tmp_path)
    assert (row.verdict, row.what, row.advice, code) == (Verdict.FAIL, what, advice, 1)


async def test_a_self_signed_certificate(certificate: Path, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with Rogue(tls=context) as rogue:
        with_calendar(rogue)
        row, code = await checked(rogue, tmp_path)
        assert (row.verdict, code) == (Verdict.FAIL, 75)
        assert "save it as a file and name that file in caldav.ca_file" in row.what
        assert rogue.requests == []
        # and so done, in the folder of the config
        row, code = await checked(rogue, tmp_path, ca_file=certificate.name)
        assert (row.verdict, code) == (Verdict.OK, 0), row
