"""Fifty events of ours in a calendar of twenty thousand. (What a first sync of it costs: `benchmarks/crowd.py`.)"""

import re
import resource
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from syncd.calendars.account import Account
from syncd.domain.event import Observation
from syncd.engine.observe import observe_calendars
from syncd.engine.sides import Health
from syncd.state.pairs import UNREAD
from syncd.state.store import Store
from tests.calendars.rogue import CAL, collection, member, multistatus
from tests.calendars.samples import ours
from tests.ten.bender import Ask, Bender, Onward, Reply

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
THEIRS = {f"{CAL}other-{n}.ics": '"1"' for n in range(19_950)}
OURS = {f"{CAL}b_{n}.ics": '"1"' for n in range(50)}


def body_of(href: str) -> str:
    name = href.removeprefix(CAL).removesuffix(".ics")
    return (
        ours().replace("b_1", name) if href in OURS else ours().replace("b_1@zimun", name).replace("X-ZIMUN", "X-NOT")
    )


async def answered(ask: Ask, onward: Onward) -> Reply:
    """A server of our own, for a real one takes minutes to fill."""
    body = ask.body.decode()
    if ask.method == "PROPFIND" and ask.headers["depth"] == "1":
        made = multistatus(collection(), *(member(href, etag) for href, etag in (THEIRS | OURS).items()))
    elif ask.method == "PROPFIND":
        made = multistatus(collection(token="t1"))
    elif "sync-collection" in body:
        if ">t1<" not in body:
            return Reply(403)
        made = multistatus(member(f"{CAL}other-7.ics", '"2"'), token="t2")
    else:
        hrefs = re.findall(r"href>([^<]+)<", body)
        made = multistatus(*(member(href, '"1"', body_of(href)) for href in hrefs))
    assert isinstance(made.body, str)
    return Reply(made.status, made.body.encode(), {"content-type": "application/xml"})


async def test_what_is_theirs_costs_a_line_in_the_listing_and_nothing_else(tmp_path: Path) -> None:
    async with Bender("http://127.0.0.1:1") as bender:
        bender.bend = answered
        account = Account(bender.address, "u", "p", now=lambda: NOW)
        calendar = await account.calendar(bender.address + CAL)
        with Store.open(tmp_path / "state.db") as store:
            # as their first read left them
            known = [Observation(calendar.url, href, etag, NOW) for href, etag in THEIRS.items()]
            store.observe(calendar.url, known, (), None, None)

            async def observed(after: timedelta) -> Counter[str]:
                bender.asked.clear()
                health, cursors = Health(), store.cursors()
                read = await observe_calendars(
                    store, {calendar.url: calendar}, {calendar.url: cursors.get(calendar.url, UNREAD)}, (),
                    NOW + after, health,
                )  # fmt: skip
                assert (list(read), health.faults) == ([calendar.url], {})
                return Counter(ask.method for ask in bender.asked)

            began, size = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            # all of them are listed, ours alone are fetched
            assert await observed(timedelta()) == {"PROPFIND": 2, "REPORT": 1}
            assert {href for _, href in store.observations()} == set(OURS)
            # one of theirs changed: a token that tells it, whether tokens are known, and its new version
            assert await observed(timedelta(minutes=1)) == {"REPORT": 3}
            # the hourly listing
            assert await observed(timedelta(hours=2)) == {"PROPFIND": 2}
            assert len(store.etags(calendar.url)) == 20_000
            assert {href for _, href in store.observations()} == set(OURS)
            # seconds of CPU, this server's own among them; kilobytes
            assert time.process_time() - began < 20
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - size < 200_000
        await account.aclose()
