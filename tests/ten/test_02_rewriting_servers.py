"""2. The server rewrites what is PUT, or answers with no or a weak ETag, and the client loops.

outlookcaldavsynchronizer 463: each side took the other's rewriting for an edit, until SEQUENCE stood at 743. Google and
Nextcloud transform bodies and send no ETag after a PUT (RFC 7231 §4.3.4), mail.ru strips unknown properties, Apache
adds -gzip to ETags, nginx makes them weak, some servers renew DTSTAMP in every answer.

syncd promises: where nobody did anything it writes nothing, on no server, for as long as one likes; and one change is
one write.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from urllib.parse import urljoin

import pytest

from tests.loop.ground import ON_ONE, THOROUGH
from tests.loop.world import HOUR, RESCHEDULE, World, at
from tests.servers import Server
from tests.ten.bender import Ask, Bend, Bender, Onward, Reply
from tests.ten.every import on_every
from tests.ten.stage import stage

_SERIAL = count(1)


def rewritten(text: str) -> str:
    """An object as some server keeps it: other letters everywhere, and what it does not know is gone."""
    text = re.sub(r"\r?\n[ \t]", "", text).replace("\r\n", "\n")
    text = re.sub(r"^X-.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^PRODID:.*$", "PRODID:-//Example//Rewriting server 1.0//EN", text, flags=re.MULTILINE)
    text = re.sub(r"^(DTSTAMP|LAST-MODIFIED|CREATED|SEQUENCE|TRANSP):.*\n", "", text, flags=re.MULTILINE)
    top, event = text.split("BEGIN:VEVENT\n")
    lines = re.split(r"\n(?=\S)", event.partition("END:VEVENT")[0].rstrip("\n"))
    stamp = f"20261123T{next(_SERIAL) % 86_400 // 3600:02}{next(_SERIAL) % 60:02}00Z"
    lines += [
        f"DTSTAMP:{stamp}",
        f"LAST-MODIFIED:{stamp}",
        f"SEQUENCE:{next(_SERIAL)}",
        "TRANSP:OPAQUE",
        "X-OF-SERVER:1",
    ]
    # the lines of what stands within (alarms) would be torn apart
    lines = lines if "BEGIN:VALARM" in event else sorted(set(lines))
    return (top + "BEGIN:VEVENT\n" + "\n".join(lines) + "\nEND:VEVENT\nEND:VCALENDAR\n").replace("\n", "\r\n")


def in_utc(text: str) -> str:
    """Times of Berlin's November in UTC, and no VTIMEZONE: some servers keep nothing else."""

    def utc(match: re.Match[str]) -> str:
        return f"{match[1]}:{match[2]}T{int(match[3]) - 1:02}{match[4]}Z"

    text = re.sub(r"BEGIN:VTIMEZONE.*END:VTIMEZONE\r?\n", "", text, flags=re.DOTALL)
    return re.sub(r"^(DT(?:START|END));TZID=Europe/Berlin:(\d{8})T(\d\d)(\d{4})", utc, text, flags=re.MULTILINE)


def stamped(text: str) -> str:
    """Another DTSTAMP, LAST-MODIFIED and SEQUENCE each time."""
    moment = f"2026112{next(_SERIAL) % 10}T{next(_SERIAL) % 24:02}0000Z"
    text = re.sub(r"(DTSTAMP|LAST-MODIFIED):\w+", rf"\g<1>:{moment}", text)
    text = re.sub(r"SEQUENCE:\d+\r?\n", "", text)
    return text.replace("END:VEVENT", f"SEQUENCE:{next(_SERIAL)}\r\nEND:VEVENT")


class Way:
    """How a server treats what is written, and what it says of it.

    `keeps`: what it makes of a PUT. `shows`: what it makes of every object that it gives. `tag`: of an ETag in a
    header, `listed`: of one in a multistatus; None leaves it out. What syncd sends back in If-Match is turned round by
    `true`. `packs`: all this only where the client would take a compressed answer. `owns_up`: the answer to a PUT has
    no ETag where the object was rewritten (RFC 7231 §4.3.4); many servers give one all the same.
    """

    def __init__(
        self,
        keeps: Callable[[str], str] = str,
        shows: Callable[[str], str] = str,
        tag: Callable[[str], str | None] = str,
        listed: Callable[[str], str | None] = str,
        true: Callable[[str], str] = str,
        packs: bool = False,
        owns_up: bool = True,
    ) -> None:
        self.keeps, self.shows, self.tag, self.listed, self.true = keeps, shows, tag, listed, true
        self.packs, self.owns_up = packs, owns_up

    async def __call__(self, ask: Ask, onward: Onward) -> Reply:
        if self.packs and ask.headers.get("accept-encoding", "gzip") == "identity":
            return await onward(ask)
        headers = dict(ask.headers)
        if "if-match" in headers:
            headers["if-match"] = self.true(headers["if-match"])
        body = self.keeps(ask.body.decode()).encode() if ask.method == "PUT" else ask.body
        reply = await onward(replace(ask, headers=headers, body=body))
        told = dict(reply.headers)
        etag = self.tag(told.pop("etag")) if "etag" in told else None
        if etag is not None and not (ask.method == "PUT" and self.keeps is not str and self.owns_up):
            told["etag"] = etag
        text = reply.text
        if ask.method in ("GET", "REPORT"):
            text = self.shows(text)
        if ask.method in ("PROPFIND", "REPORT"):
            text = re.sub(r"<((?:\w+:)?getetag)>([^<]*)</\1>", self._listed, text)
        return replace(reply, body=text.encode(), headers=told)

    def _listed(self, match: re.Match[str]) -> str:
        etag = self.listed(match[2].replace("&quot;", '"'))
        return "" if etag is None else f"<{match[1]}>{etag}</{match[1]}>"


def gone(_: str) -> None:
    return None


def weak(etag: str) -> str:
    return "W/" + etag.removeprefix("W/")


def gzipped(etag: str) -> str:
    return etag[:-1] + '-gzip"'


def changing(etag: str) -> str:
    """Another strong one at each look; the object is the same."""
    return f'"{next(_SERIAL)}-{etag.strip(chr(34))}"'


def unchanged(etag: str) -> str:
    return f'"{etag.strip(chr(34)).partition("-")[2]}"'


SERVERS: dict[str, Bend] = {
    "rewrites every PUT": Way(rewritten),
    "rewrites every PUT and does not say so": Way(rewritten, owns_up=False),
    "keeps UTC only and does not say so": Way(in_utc, owns_up=False),
    "rewrites every PUT, knows no ETag": Way(rewritten, tag=gone, listed=gone),
    "keeps UTC only": Way(in_utc),
    "keeps UTC only and strips": Way(lambda text: rewritten(in_utc(text))),
    "no ETag anywhere": Way(tag=gone, listed=gone),
    "no ETag but in lists": Way(tag=gone),
    "no ETag in lists": Way(listed=gone),
    "weak ETags": Way(tag=weak, listed=weak),
    "weak ETags but in lists": Way(tag=weak),
    "-gzip": Way(tag=gzipped, listed=gzipped, true=lambda etag: etag.replace("-gzip", "")),
    "-gzip but in lists": Way(tag=gzipped),
    "-gzip where it may compress, and refused in If-Match": Way(tag=gzipped, listed=gzipped, packs=True),
    "another ETag at each look": Way(tag=changing, listed=changing, true=unchanged),
    "another body at each look": Way(shows=stamped),
    "another body and ETag at each look": Way(shows=stamped, tag=changing, listed=changing, true=unchanged),
    "another body at each look, no ETag": Way(shows=stamped, tag=gone, listed=gone),
    "rewrites, another body and ETag at each look": Way(rewritten, stamped, changing, changing, unchanged),
}
WORST = "rewrites, another body and ETag at each look"


async def still(w: World, caldav: Bender, times: int) -> None:
    """So many cycles, half a minute apart, in none of which anything is written anywhere."""
    written, posts = len(caldav.writes()), w.posts
    for _ in range(times):
        report = await w.cycle(seconds=30)
        assert len(caldav.writes()) == written, (report.summary.line, caldav.writes()[written:])
        assert report.summary.exit_code == 0, report.summary.line
    assert w.posts == posts


@on_every("rewrites every PUT", "weak ETags", "no ETag anywhere")
@pytest.mark.parametrize("how", SERVERS)
async def test_quiet_cycles_write_nothing_and_one_change_is_one_write(dav: Server, folder: Path, how: str) -> None:
    async with stage(dav, folder) as (w, caldav, _):
        caldav.bend = SERVERS[how]
        booked = [w.book(at(24 + n, 9)) for n in range(3)]
        await w.cycle()
        assert len(caldav.writes()) == 3
        await still(w, caldav, 60 if THOROUGH else 12)
        w.salon.move(booked[0], at(24, 14))
        await w.drag(booked[1], 2 * HOUR)
        await w.edit(booked[2], (r"^SUMMARY:.*$", "SUMMARY:Dana (regular)"))
        await w.cycle(minutes=1)
        await w.cycle(minutes=1)
        assert len(caldav.writes()) == 4, caldav.writes()
        assert len(set(w.calls(RESCHEDULE))) == 1
        assert w.booking(booked[1]).start == at(25, 11)
        assert await w.title(booked[2]) == "Dana (regular)"
        await still(w, caldav, 40 if THOROUGH else 8)
        for each in booked:
            assert not await w.note(each)
        w.salon.cancel(booked[0])
        await w.cycle(minutes=1)
        assert len(caldav.writes()) == 5
        assert len(await w.events()) == 2


@ON_ONE
async def test_hundreds_of_quiet_cycles_write_nothing(dav: Server, folder: Path) -> None:
    async with stage(dav, folder, sync="note_hours = 24") as (w, caldav, _):
        caldav.bend = SERVERS[WORST]
        for n in range(2):
            w.book(at(26 + n, 9))
        await w.cycle()
        await still(w, caldav, 1_000 if THOROUGH else 200)


@on_every("weak ETags")
@pytest.mark.parametrize("how", SERVERS)
async def test_open_slots_are_written_once_come_back_once_and_go(
    dav: Server, folder: Path, new_calendar: Callable[[], str], how: str
) -> None:
    async with stage(dav, folder) as (w, caldav, _):
        caldav.bend = SERVERS[how]
        url = caldav.url(new_calendar())
        w.reconfigure(event=f'[availability]\ncalendar_url = "{url}"\ndays_ahead = 0')
        w.clock.pass_by(hours=8)  # late in the day: few slots are left, and none passes by within the next minutes
        for _ in range(4):
            await w.cycle(minutes=1)
        names = sorted(await w.events(url, tags=False))
        assert len(caldav.writes()) == len(names) > 5
        await still(w, caldav, 8)
        first, second, *_ = names
        await w.http.delete(urljoin(url, first))
        text = (await w.http.get(urljoin(url, second))).text
        await w.http.put(urljoin(url, second), content=re.sub("SUMMARY:.*", "SUMMARY:Dana", text).encode())
        await w.cycle(seconds=30)
        assert sorted(await w.events(url, tags=False)) == names
        written = len(caldav.writes())
        await still(w, caldav, 4)
        await w.cycle(hours=4)
        await w.cycle(minutes=1)
        assert list(await w.events(url, tags=False)) == [second]
        assert len(caldav.writes()) == written + len(names) - 1
