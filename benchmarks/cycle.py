"""How much a cycle costs: the first sync of many bookings, then quiet cycles. `python -m benchmarks.cycle --help`.

Each cycle is one `syncd sync` of its own, as a timer would start it, between the API of `tests.acceptance` and a real
calendar server. Requests are counted in cycles of their own, by way of a proxy, so that the proxy is in no time.
"""

import argparse
import asyncio
import base64
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urljoin

import httpx

from tests.acceptance.api import CLIENT_ID, CLIENT_SECRET, Api, serving
from tests.acceptance.proxy import Proxy, proxying
from tests.acceptance.salon import Dialect
from tests.acceptance.trial import day
from tests.servers import Server, make_calendar, radicale, send, xandikos

SERVERS: dict[str, Callable[[Path], AbstractContextManager[Server]]] = {"radicale": radicale, "xandikos": xandikos}
ROOT = Path(__file__).parents[1]
ROUNDS = 3


@dataclass(frozen=True)
class Cost:
    """Of one process: seconds of wall and of CPU, and its greatest resident size in MB."""

    wall: float
    cpu: float
    rss: float


def fill(api: Api, many: int) -> None:
    """Bookings from tomorrow on, spread over eight weeks."""
    for n in range(many):
        start = day(1 + n % 56, 9) + timedelta(minutes=30 * (n // 56 % 18))
        api.add(f"bk_{n:05}", start, name=f"Customer {n}", email=f"customer{n}@example.com")


def config(folder: Path, api: Api, server: Server, caldav_url: str, calendar_url: str) -> Path:
    path = folder / "config.toml"
    path.write_text(
        f'[zimun]\nbase_url = "{api.url}"\nclient_id = "{CLIENT_ID}"\n'
        f'[caldav]\nurl = "{caldav_url}"\nusername = "{server.username}"\n'
        f'[[calendars]]\nurl = "{calendar_url}"\n[state]\npath = "state.db"\n'
    )
    return path


def command(arguments: list[str]) -> Cost:
    """Run it to its end, by the operating system's own account of it."""
    env = os.environ | {"ZIMUN_CLIENT_SECRET": CLIENT_SECRET, "SYNCD_CALDAV_PASSWORD": "p"}
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=env, stdout=subprocess.PIPE)
    said = process.stdout.read().decode() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"exit {process.returncode}: {said}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


async def bare(server: Server, calendar_url: str, bodies: dict[str, str]) -> float:
    """The same objects by PUT, one after the other, and nothing else: the seconds it takes."""
    token = base64.b64encode(f"{server.username}:{server.password}".encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "text/calendar; charset=utf-8", "If-None-Match": "*"}
    async with httpx.AsyncClient(headers=headers, timeout=60, trust_env=False) as client:
        began = time.perf_counter()
        for name, body in bodies.items():
            (await client.put(urljoin(calendar_url, name), content=body.encode())).raise_for_status()
        return time.perf_counter() - began


def bare_put(server: Server, calendar_url: str, bodies: dict[str, str]) -> Cost:
    """`bare`, with the CPU of this process; its size says nothing."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    wall = asyncio.run(bare(server, calendar_url, bodies))
    after = resource.getrusage(resource.RUSAGE_SELF)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 0)


def objects(server: Server, calendar_url: str, many: int) -> dict[str, str]:
    """What syncd wrote, to be written again elsewhere."""
    names = [f"bk_{n:05}.ics" for n in range(many)]
    return {name: send(server, "GET", urljoin(calendar_url, name))[1] for name in names}


def daemon(path: Path, cycles: int) -> Cost:
    """One cycle of `syncd run` once it has settled: mean CPU of `cycles`. It waits in between, so wall says nothing."""
    env = os.environ | {"ZIMUN_CLIENT_SECRET": CLIENT_SECRET, "SYNCD_CALDAV_PASSWORD": "p"}
    path.write_text(path.read_text() + '[sync]\ninterval_seconds = 1\n[log]\nformat = "json"\n')
    arguments = [sys.executable, "-m", "syncd", "run", "--config", str(path)]
    process = subprocess.Popen(
        arguments, cwd=ROOT, env=env, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        ended = (line for line in process.stdout if '"cycle.finished"' in line)
        next(ended)
        next(ended)
        before = _cpu(process.pid)
        for _ in range(cycles):
            next(ended)
        used = _cpu(process.pid) - before
    finally:
        process.terminate()
        process.communicate()
    return Cost(0, used / cycles, 0)


def _cpu(pid: int) -> float:
    """User and system seconds so far, from Linux's proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def middle(costs: list[Cost]) -> Cost:
    return Cost(*(statistics.median(getattr(cost, key) for cost in costs) for key in ("wall", "cpu", "rss")))


@dataclass
class Bench:
    """One calendar server, the API and a proxy, with one database."""

    server: Server
    api: Api
    proxy: Proxy
    folder: Path

    def sync(self, calendar_url: str, *, counted: bool = False) -> tuple[Cost, int]:
        """One cycle: its cost, and how often it called the API."""
        before = len(self.api.calls)
        return command(["-m", "syncd", "sync", "--config", str(self.config(calendar_url, counted))]), (
            len(self.api.calls) - before
        )

    def counts(self, calendar_url: str) -> str:
        """The requests of one cycle to the calendar server."""
        self.proxy.counts.clear()
        self.sync(calendar_url, counted=True)
        return ", ".join(f"{method} {number}" for method, number in sorted(self.proxy.counts.items()))

    def forget(self) -> None:
        """A new database."""
        for file in self.folder.glob("state.db*"):
            file.unlink()

    def config(self, calendar_url: str, counted: bool = False) -> Path:
        url = self.proxy.url if counted else str
        return config(self.folder, self.api, self.server, url(self.server.url), url(calendar_url))


def measure(name: str, many: int, quiet: int, folder: Path) -> None:
    with SERVERS[name](folder) as server, serving(Dialect(page=50)) as api, proxying(server.url) as proxy:
        bench = Bench(server, api, proxy, folder)
        fill(api, many)
        firsts: list[tuple[Cost, int]] = []
        bares: list[Cost] = []
        # by turns: a machine that changes its pace does so for both
        for n in range(ROUNDS):
            bench.forget()
            timed = make_calendar(server, f"timed{n}")
            firsts.append(bench.sync(timed))
            if n == ROUNDS - 1:
                second = bench.sync(timed)
                quiets = [bench.sync(timed) for _ in range(quiet)]
                running = daemon(bench.config(timed), 2 * quiet)
            bodies = objects(server, timed, many)
            send(server, "DELETE", timed)
            plain = make_calendar(server, f"plain{n}")
            bares.append(bare_put(server, plain, bodies))
            send(server, "DELETE", plain)
        bench.forget()
        counted = make_calendar(server, "counted")
        requests = [bench.counts(counted) for _ in range(3)]

        loop = middle(bares)
        say(f"\n{name}, {many} bookings")
        say(f"{'':34}{'wall s':>8}{'CPU s':>8}{'RSS MB':>8}{'API':>5}  calendar requests")
        first = middle([cost for cost, _ in firsts])
        row(f"first sync, median of {ROUNDS}", first, firsts[-1][1], requests[0])
        row("second cycle (lists all)", *second, requests[1])
        row(f"quiet cycle, median of {quiet}", middle([cost for cost, _ in quiets]), quiets[-1][1], requests[2])
        row(f"quiet cycle in `run`, mean of {2 * quiet}", running, 0, "")
        row(f"bare httpx PUTs, median of {ROUNDS}", loop, 0, f"PUT {many}")
        walls = " ".join(f"{cost.wall:.2f}" for cost, _ in quiets)
        pairs = ", ".join(f"{cost.wall:.1f}/{bare.wall:.1f}" for (cost, _), bare in zip(firsts, bares, strict=True))
        say(f"quiet wall: {walls}; first/bare wall by turns: {pairs}")
        say(f"first sync / bare: wall x{first.wall / loop.wall:.2f}, CPU x{first.cpu / loop.cpu:.2f}")


def row(what: str, cost: Cost, calls: int, requests: str) -> None:
    wall, size = (f"{cost.wall:.2f}" if cost.wall else "-"), (f"{cost.rss:.0f}" if cost.rss else "-")
    say(f"{what:34}{wall:>8}{cost.cpu:8.2f}{size:>8}{calls or '-':>5}  {requests}")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cycle", description="What a cycle costs.")
    parser.add_argument("-n", type=int, default=1000, help="bookings (default 1000)")
    parser.add_argument("--quiet", type=int, default=5, help="quiet cycles (default 5)")
    parser.add_argument("--server", choices=SERVERS, action="append", help="default: each")
    chosen = parser.parse_args()
    say(f"{len(os.sched_getaffinity(0))} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}")
    start = command(["-m", "syncd", "--version"])
    say(f"of each cycle, the start alone: {start.wall:.2f} s wall, {start.cpu:.2f} s CPU, {start.rss:.0f} MB")
    for name in chosen.server or SERVERS:
        with tempfile.TemporaryDirectory() as folder:
            measure(name, chosen.n, chosen.quiet, Path(folder))


if __name__ == "__main__":
    main()
