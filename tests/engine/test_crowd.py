"""Fifty events of ours in a calendar of twenty thousand. (What a first sync of it costs: `benchmarks/crowd.py`.)"""

import re
import resource
from collections import Counter
from datetime import timedelta
from pathlib import Path

from tests.calendars.rogue import CAL, XML, collection, member, multistatus, state
from tests.calendars.samples import foreign
from tests.loop.ics import dragged, prop, unfold
from tests.loop.world import CANCEL, RESCHEDULE, World, at, world
from tests.servers import Server
from tests.ten.bender import Ask, Bender, Onward, Reply

THEIRS = 19_950
OURS = 50
OTHER, HREF = f"{CAL}other-7.ics", CAL + "b_{}.ics"
DAY = timedelta(days=1)


class Crowd:
    """A server of our own, for a real one takes minutes to fill: one calendar, and no discovery.

    `searches`: it honours the filters of a calendar-query; else it answers each with all there is, as SOGo and Calypso.
    """

    def __init__(self) -> None:
        self.objects = {f"{CAL}other-{n}.ics": ("1", foreign(f"other-{n}")) for n in range(THEIRS)}
        self.changed: list[str] = []
        self.searches = True

    def put(self, href: str, text: str) -> None:
        self.changed.append(href)
        self.objects[href] = (f"v{len(self.changed)}", text)

    def delete(self, href: str) -> None:
        self.changed.append(href)
        del self.objects[href]

    def ours(self) -> dict[str, str]:
        return {href: text for href, (_, text) in self.objects.items() if "other-" not in href}

    async def answer(self, ask: Ask, onward: Onward) -> Reply:
        body = ask.body.decode()
        if ask.path != CAL:
            return self._one(ask, body)
        token = f"t{len(self.changed)}"
        if ask.method == "PROPFIND" and ask.headers["depth"] == "1":
            made = multistatus(collection(), *map(self._listed, self.objects))
        elif ask.method == "PROPFIND":
            made = multistatus(collection(token=token))
        elif "sync-collection" in body:
            known = re.search(r">t(\d+)<", body)
            if known is None:
                return Reply(403)
            made = multistatus(*map(self._listed, dict.fromkeys(self.changed[int(known[1]) :])), token=token)
        elif "calendar-query" in body:
            wanted = re.search(r"text-match[^>]*>([^<]*)<", body)
            assert wanted, body
            found = [href for href, (_, text) in self.objects.items() if not self.searches or wanted[1] in unfold(text)]
            made = multistatus(*map(self._given, found))
        else:
            made = multistatus(*map(self._given, re.findall(r"href>([^<]+)<", body)))
        assert isinstance(made.body, str)
        return Reply(made.status, made.body.encode(), {"content-type": XML})

    def _one(self, ask: Ask, body: str) -> Reply:
        there = self.objects.get(ask.path)
        if not ask.path.startswith(CAL) or (ask.method in ("GET", "DELETE") and there is None):
            return Reply(404)
        etag = there and f'"{there[0]}"'
        if ask.headers.get("if-match", etag) != etag or (there and "if-none-match" in ask.headers):
            return Reply(412)
        if ask.method == "PUT":
            self.put(ask.path, body)
        elif ask.method == "DELETE":
            self.delete(ask.path)
            return Reply(204)
        etag, text = self.objects[ask.path]
        return Reply(
            201 if ask.method == "PUT" else 200, text.encode() if ask.method == "GET" else b"", {"etag": f'"{etag}"'}
        )

    def _listed(self, href: str) -> str:
        return member(href, f'"{self.objects[href][0]}"') if href in self.objects else state(href, 404)

    def _given(self, href: str) -> str:
        if href not in self.objects:
            return state(href, 404)
        etag, text = self.objects[href]
        return member(href, f'"{etag}"', text)


async def asked(w: World, bender: Bender, **later: float) -> Counter[str]:
    """The requests to the calendar server in one cycle, in which nothing was amiss."""
    bender.asked.clear()
    report = await w.cycle(**later)
    assert report.summary.exit_code == 0, report.summary
    return Counter(ask.method for ask in bender.asked)


async def test_among_twenty_thousand_each_of_ours_is_kept_and_none_of_theirs_is_touched(tmp_path: Path) -> None:
    crowd = Crowd()
    theirs = dict(crowd.objects)
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with Bender("http://127.0.0.1:1") as bender:
        bender.bend = crowd.answer
        dav = Server(f"{bender.address}/", bender.address + CAL, f"{bender.address}/", "u", "p", "crowd")
        async with world(dav, tmp_path) as w:
            for n in range(OURS):
                w.salon.place("s_haircut", at(24 + n % 4, 7 + n // 4), "st_jana", booking_id=f"b_{n}")
            # the first read: each of theirs is looked at once, fifty at a time, and ours once they are written; and the
            # server is asked for discovery
            assert await asked(w, bender) == {"PROPFIND": 4, "REPORT": THEIRS / 50 + 1, "PUT": OURS}
            # what was written since is listed
            assert await asked(w, bender, minutes=1) == {"PROPFIND": 2}
            assert len(w.store.etags(dav.calendar_url)) == THEIRS + OURS
            assert {href for _, href in w.store.observations()} == set(crowd.ours())
            # from then on they cost a line in the hourly listing, and what changed: a token that tells it, whether
            # tokens are known, and its new version
            assert await asked(w, bender, minutes=1) == {"REPORT": 1}
            crowd.put(OTHER, foreign("other-7", "moved"))
            theirs[OTHER] = crowd.objects[OTHER]
            assert await asked(w, bender, minutes=1) == {"REPORT": 3}
            assert await asked(w, bender, minutes=61) == {"PROPFIND": 2}

            crowd.put(HREF.format(8), dragged(unfold(crowd.ours()[HREF.format(8)]), 6 * DAY, w.clock.at))
            await w.cycle(minutes=1)
            assert w.booking("b_8").start == at(30, 9)
            assert len(w.calls(RESCHEDULE)) == 1
            assert prop(unfold(crowd.ours()[HREF.format(8)]), "DTSTART").endswith("20261130T100000")

            for n, crowd.searches in ((9, True), (10, False)):
                crowd.delete(HREF.format(n))
                for minutes in (1, 11):
                    assert w.booking(f"b_{n}").status == "confirmed"
                    await w.cycle(minutes=minutes)
                assert w.booking(f"b_{n}").status == "cancelled"
            assert len(w.calls(CANCEL)) == 2
            # one that an app puts back under a name of its own was not deleted
            crowd.searches = True
            text = crowd.ours()[HREF.format(11)]
            crowd.delete(HREF.format(11))
            crowd.put(f"{CAL}renamed.ics", text)
            for minutes in (1, 11, 11):
                await w.cycle(minutes=minutes)
            assert len(w.calls(CANCEL)) == 2
            left = [text for text in crowd.ours().values() if "X-ZIMUN-BOOKING-ID:b_" in text]
            assert len(left) == OURS - 2
            assert await asked(w, bender, minutes=1) == {"REPORT": 1}
    assert {href: crowd.objects[href] for href in theirs} == theirs
    # kilobytes, this server's own among them
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - size < 300_000
