"""A calendar of many events of other people among which a few are ours. `python -m benchmarks.crowd --help`.

Cycles as in `benchmarks.cycle`. The other people's events are put into Radicale's folder before it starts.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import httpx

from benchmarks.cycle import Bench, fill, row, say
from tests.acceptance.api import serving
from tests.acceptance.proxy import proxying
from tests.acceptance.salon import Dialect
from tests.servers import radicale

OTHERS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//App//EN
BEGIN:VEVENT
UID:other-{number}
DTSTAMP:20260101T080000Z
DTSTART:20{year:02}{month:02}{day:02}T{hour:02}0000Z
DTEND:20{year:02}{month:02}{day:02}T{hour:02}3000Z
SUMMARY:Meeting {number}
DESCRIPTION:What people write into their calendars\\, a line or two of it.
LOCATION:Room {hour}
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:Meeting {number}
TRIGGER:-PT15M
END:VALARM
END:VEVENT
END:VCALENDAR
"""


def crowd(calendar: Path, many: int) -> None:
    for n in range(many):
        text = OTHERS.format(number=n, year=16 + n % 12, month=1 + n // 12 % 12, day=1 + n // 144 % 28, hour=8 + n % 10)
        (calendar / f"other-{n}.ics").write_text(text.replace("\n", "\r\n"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowd", description="A few among many.")
    parser.add_argument("-n", type=int, default=50, help="bookings (default 50)")
    parser.add_argument("--others", type=int, default=20_000, help="events of other people (default 20000)")
    chosen = parser.parse_args()
    say(f"{len(os.sched_getaffinity(0))} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            radicale(folder) as server,
            serving(Dialect(page=50)) as api,
            proxying(server.url) as proxy,
        ):
            crowd(folder / "radicale" / "collection-root" / "u" / "cal", chosen.others)
            # Radicale reads each of them once, which takes it minutes
            httpx.request(
                "PROPFIND", server.calendar_url, auth=(server.username, server.password), headers={"Depth": "1"},
                timeout=1800, trust_env=False,
            )  # fmt: skip
            bench = Bench(server, api, proxy, folder)
            fill(api, chosen.n)
            say(f"\nRadicale, {chosen.n} bookings among {chosen.others} events\n")
            say(f"{'':34}{'wall s':>8}{'CPU s':>8}{'RSS MB':>8}{'API':>5}  calendar requests")
            row("first sync", *bench.sync(server.calendar_url), "")
            row("second cycle (lists all)", *bench.sync(server.calendar_url), "")
            row("quiet cycle", *bench.sync(server.calendar_url), "")
            bench.forget()
            row("without its database", *bench.sync(server.calendar_url), "")
            bench.forget()
            say(f"its requests: {bench.counts(server.calendar_url)}")


if __name__ == "__main__":
    main()
