"""`syncd check --probe` as a process, against a real server that is bent, and killed in the middle."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from syncd.app.check_probe import remove_by_any
from syncd.calendars.account import Account
from syncd.domain.errors import CollectionGone, NotPermitted, Unavailable
from syncd.domain.findings import SCRATCH, Condition, Scratch
from syncd.state.store import Store
from tests.app.salon import Desk, desk_of
from tests.servers import Server, make_calendar, send
from tests.ten.bender import CUT, Ask, Bend, Bender, Onward, Reply

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
EVENT = (
    "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20261123T080000Z\r\nDTSTART:20260701T100000Z\r\n"
    "DTEND:20260701T110000Z\r\nSUMMARY:syncd\r\nEND:VEVENT\r\n"
)


@pytest.fixture
def desk(server: Server, tmp_path: Path) -> Iterator[Desk]:
    with desk_of(server, tmp_path, count=2) as made:
        yield made


@pytest.fixture
async def bent(desk: Desk) -> AsyncIterator[Bender]:
    """The desk's syncd reaches the calendar server through this."""
    async with Bender(desk.dav.url) as bender:
        desk.edit(desk.dav.url.rstrip("/"), bender.address)
        yield bender


async def syncd(desk: Desk, *words: str, bend: Bend | None = None, bender: Bender | None = None) -> tuple[int, str]:
    """One command; its exit code, and what it printed. `bend` is in force while it runs."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("SYNCD_", "ZIMUN_", "COLUMNS"))}
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "syncd", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=env | {"SYNCD_CONFIG": str(desk.config)},
    )  # fmt: skip
    if bender is not None and bend is not None:
        bender.bend = lambda ask, onward: bend(replace(ask, headers={**ask.headers, "pid": str(started.pid)}), onward)
    out, err = await asyncio.wait_for(started.communicate(), 60)
    if bender is not None:
        await bender.idle()
        bender.bend = None
    assert started.returncode is not None
    assert b"Traceback" not in err, err.decode()
    return started.returncode, out.decode()


def told(out: str) -> dict[str, Any]:
    """What a probe says about each thing that it tried."""
    return {row["about"]: row for row in json.loads(out)["checks"] if "about" in row}


def another(desk: Desk) -> str:
    """A further calendar on the desk's server."""
    return make_calendar(desk.dav, f"{desk.folder.name}-another")


def scratch(desk: Desk) -> list[str]:
    """The scratch events in the calendar."""
    return re.findall(SCRATCH, send(desk.dav, "PROPFIND", desk.dav.calendar_url, headers={"Depth": "1"})[1])


def at_put(number: int, sent: signal.Signals) -> Bend:
    """Send the process a signal when its PUT of that number has arrived."""
    seen = count(1)

    async def bend(ask: Ask, onward: Onward) -> Reply:
        reply = await onward(ask)
        if ask.method == "PUT" and next(seen) == number:
            os.kill(int(ask.headers["pid"]), sent)
        return reply

    return bend


def test_it_tells_what_the_server_does_keeps_it_and_leaves_nothing(desk: Desk) -> None:
    ended = desk.run("check", "--probe", "--json")
    assert ended.code == 0, ended.out
    rows = told(ended.out)
    assert {row["result"] for row in rows.values()} == {"ok"}
    assert rows["If-Match"]["what"] == rows["If-None-Match"]["what"] == rows["If-Match on DELETE"]["what"] == "honoured"
    # Radicale
    assert rows["What is stored"]["what"] == "the same event in other letters"
    assert rows["Sync token"]["what"] == "new: told; deleted: told"
    assert rows["Mail to attendees"]["what"] == "not known"
    assert rows["Time zone"]["what"] == rows["Unknown properties"]["what"] == "kept"
    assert not scratch(desk)
    with Store.open(desk.folder / "state.db") as store:
        found = store.findings(desk.dav.calendar_url)
        assert found is not None
        assert (found.careful, found.if_match, found.version, store.scratch()) == (False, Condition.HONOURED, 1, ())
    assert not [call for call in desk.api.calls if call.method == "POST" and "oauth" not in call.path]
    out = desk.run("check").out
    assert re.search(rf"Probe {desk.dav.calendar_url} +{found.at:%d %b %Y}: conditions on writes protect", out), out
    assert out.endswith("All is well.\n")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
async def test_interrupted_it_still_leaves_nothing(desk: Desk, bent: Bender, sent: signal.Signals) -> None:
    code, out = await syncd(desk, "check", "--probe", bender=bent, bend=at_put(2, sent))
    assert code == 130
    assert "interrupted" in out
    assert bent.writes()[-1].startswith("DELETE")
    assert not scratch(desk)
    with Store.open(desk.folder / "state.db") as store:
        assert store.scratch() == ()


async def test_what_a_killed_one_left_is_removed_by_the_next_cycle_or_probe(desk: Desk, bent: Bender) -> None:
    for after in ("sync", "check"):
        code, _ = await syncd(desk, "check", "--probe", bender=bent, bend=at_put(1, signal.SIGKILL))
        assert code == -signal.SIGKILL
        assert scratch(desk)
        if after == "sync":
            code, out = await syncd(desk, "sync")
        else:
            # not even the note of it is there
            for file in desk.folder.glob("state.db*"):
                file.unlink()
            code, out = await syncd(desk, "check", "--probe")
            assert "1 scratch event of an earlier probe removed" in out
        assert code == 0, out
        assert not scratch(desk)
    assert not [call for call in desk.api.calls if call.method == "POST" and "oauth" not in call.path]
    with Store.open(desk.folder / "state.db") as store:
        assert store.scratch() == ()


async def test_what_was_left_in_a_calendar_that_left_the_config_is_told_and_removed(desk: Desk, bent: Bender) -> None:
    code, _ = await syncd(desk, "check", "--probe", bender=bent, bend=at_put(1, signal.SIGKILL))
    assert code == -signal.SIGKILL
    left = bent.url(desk.dav.calendar_url)
    desk.edit(desk.dav.calendar_url.replace(desk.dav.url.rstrip("/"), bent.address), bent.url(another(desk)))
    assert (await syncd(desk, "sync"))[0] == 0
    assert scratch(desk)
    out = (await syncd(desk, "check"))[1]
    assert re.search(rf"warn +Probe {left} +a scratch event may stand there", out), out
    status = json.loads((await syncd(desk, "status", "--json"))[1])
    assert [one["calendar"] for one in status["scratch"]] == [left]
    assert "Scratch events of a probe that may still stand" in (await syncd(desk, "status"))[1]
    code, out = await syncd(desk, "check", "--probe")
    assert code == 0
    assert re.search(rf"ok +Probe {left} +scratch event of an earlier probe removed", out), out
    assert not scratch(desk)
    assert json.loads((await syncd(desk, "status", "--json"))[1])["scratch"] == []
    assert "Scratch events" not in (await syncd(desk, "status"))[1]


async def test_what_was_left_where_nobody_can_look_any_more_is_told_once(desk: Desk) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    gone, elsewhere = f"{desk.dav.home_url}never/", "https://dav.example.org/cal/"
    with Store.open(desk.folder / "state.db") as store:
        store.note_scratch(
            [Scratch(url, f"{urlsplit(url).path}{SCRATCH}1.ics", long_ago, long_ago) for url in (gone, elsewhere)]
        )
    assert {one["calendar"] for one in desk.run("status", "--json").json["scratch"]} == {gone, elsewhere}
    rows = {row["name"]: row for row in desk.run("check", "--probe", "--json").json["checks"] if "about" not in row}
    assert f"Probe {gone}" not in rows
    assert rows[f"Probe {elsewhere}"]["result"] == "warn"
    assert "no account of the config reaches" in rows[f"Probe {elsewhere}"]["what"]
    assert desk.run("status", "--json").json["scratch"] == []


@pytest.mark.parametrize("passwords", [("wrong", "p"), ("p", "wrong")])
async def test_what_was_left_is_removed_by_whichever_account_may(desk: Desk, passwords: tuple[str, str]) -> None:
    url = desk.dav.calendar_url
    one = Scratch(url, f"{urlsplit(url).path}{SCRATCH}1.ics", NOW, NOW)
    text = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{EVENT.format(uid=f'{SCRATCH}1')}END:VCALENDAR\r\n"
    send(desk.dav, "PUT", urljoin(url, one.href), text, {"Content-Type": "text/calendar; charset=utf-8"})
    assert scratch(desk)
    accounts = [Account(desk.dav.url, "u", password, now=lambda: NOW) for password in passwords]
    right = accounts[passwords.index("p")]
    wrong = accounts[passwords.index("wrong")]
    assert await remove_by_any(accounts, one) is True
    assert not scratch(desk)
    assert await remove_by_any(accounts, one) is False
    with pytest.raises(NotPermitted):
        await remove_by_any([wrong], one)
    assert await remove_by_any(accounts, replace(one, calendar="https://dav.example.org/cal/")) is None
    gone = f"{desk.dav.home_url}never/"
    never = replace(one, calendar=gone, href=f"{urlsplit(gone).path}{SCRATCH}1.ics")
    with pytest.raises(CollectionGone):
        await remove_by_any([right], never)
    with pytest.raises(NotPermitted):
        await remove_by_any(accounts, never)
    down = Account(desk.dav.url.replace("127.0.0.1", "127.0.0.2"), "u", "p", now=lambda: NOW)
    down._origin = right._origin
    with pytest.raises(Unavailable):
        await remove_by_any([right, down], one)
    for account in (*accounts, down):
        await account.aclose()


async def test_status_tells_what_makes_a_calendar_unsafe(desk: Desk, bent: Bender) -> None:
    async def refuses_the_true_etag(ask: Ask, onward: Onward) -> Reply:
        return Reply(412) if "if-match" in ask.headers else await onward(ask)

    assert (await syncd(desk, "check", "--probe", bender=bent, bend=refuses_the_true_etag))[0] == 1
    unsafe = json.loads((await syncd(desk, "status", "--json"))[1])["unsafe"]
    assert {one["calendar"] for one in unsafe} == {bent.url(desk.dav.calendar_url)}
    assert "If-Match: the true ETag is refused, too: nothing can be changed" in [one["what"] for one in unsafe]
    assert {one["advice"] for one in unsafe} == {"keep bookings in a calendar on another server"}
    assert "Not safe, by the last probe" in (await syncd(desk, "status"))[1]
    # of a calendar that is not used any more nothing is told
    desk.edit(desk.dav.calendar_url.replace(desk.dav.url.rstrip("/"), bent.address), bent.url(another(desk)))
    assert json.loads((await syncd(desk, "status", "--json"))[1])["unsafe"] == []


async def test_where_conditions_are_ignored_syncd_looks_before_and_after_each_write(desk: Desk, bent: Bender) -> None:
    async def ignores(ask: Ask, onward: Onward) -> Reply:
        kept = {name: value for name, value in ask.headers.items() if name not in ("if-match", "if-none-match")}
        return await onward(replace(ask, headers=kept))

    code, out = await syncd(desk, "check", "--probe", "--json", bender=bent, bend=ignores)
    rows = told(out)
    assert code == 0, out
    warned = {about for about, row in rows.items() if row["result"] == "warn"}
    assert warned == {"If-Match", "If-None-Match", "If-Match on DELETE"}
    assert rows["If-Match"]["syncd"] == "looks right before each write and reads back after it"
    assert not scratch(desk)
    desk.book(0, 10)
    bent.asked.clear()
    assert (await syncd(desk, "sync", bender=bent, bend=ignores))[0] == 0
    asked = [str(ask) for ask in bent.asked]
    put = next(number for number, ask in enumerate(asked) if ask.startswith("PUT"))
    get = asked[put].replace("PUT", "GET")
    assert get in asked[:put]
    assert asked[put + 1] == get


async def test_that_two_writers_won_is_kept_also_when_a_later_probe_has_more_luck(desk: Desk, bent: Bender) -> None:
    async def lets_all_win(ask: Ask, onward: Onward) -> Reply:
        reply = await onward(ask)
        return Reply(204) if b"of round" in ask.body else reply

    url = bent.url(desk.dav.calendar_url)
    last, kept = None, []
    for bend in (None, lets_all_win, None):
        code, out = await syncd(desk, "check", "--probe", "--json", bender=bent, bend=bend)
        assert code == 0, out
        assert told(out)["Writes at once"]["result"] == ("warn" if bend else "ok")
        with Store.open(desk.folder / "state.db") as store:
            found = store.findings(url)
            assert found is not None
            kept.append((found.atomic, found.careful, store.needs_care(url)))
        # all else is the last one's
        assert last is None or found.at > last
        last = found.at
    assert kept == [(True, False, False), (False, True, True), (False, True, True)]
    assert "syncd looks right before each write" in (await syncd(desk, "check"))[1]


@pytest.mark.parametrize("answer", [CUT, Reply(502)], ids=["lost", "502"])
async def test_a_write_that_may_still_arrive_stays_noted_and_is_removed_when_it_does(
    desk: Desk, bent: Bender, answer: Reply
) -> None:
    late: list[Ask] = []

    async def is_slow(ask: Ask, onward: Onward) -> Reply:
        if ask.method == "PUT" and "if-match" in ask.headers:
            late.append(ask)
            return answer
        return await onward(ask)

    code, out = await syncd(desk, "check", "--probe", bender=bent, bend=is_slow)
    assert code == 75, out
    assert not scratch(desk)
    (ask,) = late
    with Store.open(desk.folder / "state.db") as store:
        assert [one.href for one in store.scratch()] == [ask.path]
    send(desk.dav, "PUT", urljoin(desk.dav.url, ask.path), ask.body.decode(), {"Content-Type": "text/calendar"})
    assert scratch(desk)
    assert (await syncd(desk, "sync"))[0] == 0
    assert not scratch(desk)
    with Store.open(desk.folder / "state.db") as store:
        assert store.scratch() == ()


@pytest.mark.parametrize(
    ("status", "words", "advice"),
    [(403, "refuses the object (403)", "for writing"), (507, "no room left", "make room where it is full")],
)
async def test_a_calendar_that_takes_nothing_is_told(
    desk: Desk, bent: Bender, status: int, words: str, advice: str
) -> None:
    async def refuses(ask: Ask, onward: Onward) -> Reply:
        return Reply(status, b"no") if ask.method == "PUT" else await onward(ask)

    code, out = await syncd(desk, "check", "--probe", "--json", bender=bent, bend=refuses)
    assert code == 1
    (row,) = [row for row in json.loads(out)["checks"] if row["name"].startswith("Probe")]
    assert row["result"] == "fail"
    assert words in row["what"]
    assert advice in row["advice"]
    with Store.open(desk.folder / "state.db") as store:
        assert store.scratch() == ()
        assert store.findings(bent.url(desk.dav.calendar_url)) is None
