"""How many of some writers at once win, on each server: `python -m tests.servers.race [ROUNDS [SERVER ...]]`.

All of a round write the same object under the same condition, If-Match or `If-None-Match: *`, within a few thousandths
of a second. Not one of the tests: who wins is chance. docs/servers-and-apps.md has the numbers.
"""

import asyncio
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

import httpx

from tests.calendars.samples import foreign
from tests.servers import Server
from tests.servers.kinds import KINDS

WRITERS, WITHIN = 8, 0.015
ICS = {"Content-Type": "text/calendar; charset=utf-8"}


async def race(server: Server, rounds: int) -> None:
    changed: Counter[int] = Counter()
    created: Counter[int] = Counter()
    async with httpx.AsyncClient(auth=(server.username, server.password), timeout=60, trust_env=False) as http:

        async def write(url: str, uid: str, title: str, condition: dict[str, str]) -> bool:
            await asyncio.sleep(random.random() * WITHIN)
            answer = await http.put(url, content=foreign(uid, title).encode(), headers=ICS | condition)
            return answer.is_success

        async def winners(url: str, uid: str, condition: dict[str, str]) -> int:
            writes = (write(url, uid, f"writer {writer}", condition) for writer in range(WRITERS))
            return sum(await asyncio.gather(*writes))

        for number in range(rounds):
            uid = f"race-{number}"
            url = f"{server.calendar_url}{uid}.ics"
            created[await winners(url, uid, {"If-None-Match": "*"})] += 1
            await http.put(url, content=foreign(uid, "as it was").encode(), headers=ICS)
            etag = (await http.get(url)).headers["etag"]
            changed[await winners(url, uid, {"If-Match": etag})] += 1
            await http.delete(url)
    for how, counted in (("If-Match", changed), ("If-None-Match: *", created)):
        told = ", ".join(f"{won} in {times}" for won, times in sorted(counted.items()))
        sys.stdout.write(f"{server.name}, {how}: winners in how many of {rounds} rounds: {told}\n")
        sys.stdout.flush()


def main(rounds: str = "100", *names: str) -> None:
    for name in names or [name for name, kind in KINDS.items() if kind.is_installed()]:
        with tempfile.TemporaryDirectory() as folder, KINDS[name].start(Path(folder)) as server:
            asyncio.run(race(server, int(rounds)))


if __name__ == "__main__":
    main(*sys.argv[1:])
