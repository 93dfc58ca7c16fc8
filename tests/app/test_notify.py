"""What systemd hears, over real datagram sockets."""

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.app.notify import Notifier, Pulse


def listen(address: str | bytes) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(address)
    listener.settimeout(5)
    return listener


@pytest.fixture(params=["path", "abstract"])
def heard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    if request.param == "abstract" and sys.platform != "linux":
        pytest.skip("abstract sockets are Linux's")
    name = f"syncd-test-{os.getpid()}"
    shown = f"@{name}" if request.param == "abstract" else str(tmp_path / "notify")
    with listen(f"\0{name}" if request.param == "abstract" else shown) as listener:
        yield listener, shown


def test_each_word_arrives_as_systemd_reads_it(heard: tuple[socket.socket, str]) -> None:
    listener, address = heard
    notifier = Notifier({"NOTIFY_SOCKET": address})
    notifier.ready("up")
    notifier.status("42 bookings – nothing to do")
    notifier.alive()
    notifier.stopping()
    said = [listener.recv(4096).decode() for _ in range(4)]
    assert said == ["READY=1\nSTATUS=up", "STATUS=42 bookings – nothing to do", "WATCHDOG=1", "STOPPING=1"]


def test_a_status_is_one_line_and_cannot_say_anything_else(tmp_path: Path) -> None:
    with listen(str(tmp_path / "notify")) as listener:
        Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")}).status("odd\nMAINPID=1" + "x" * 10_000)
        said = listener.recv(100_000).decode()
    assert "\n" not in said
    assert len(said) < 2_000


@pytest.mark.parametrize("address", ["", "@", "vsock:2:1", "relative", "/no/such/socket", "/" + "x" * 500, "/a\0b"])
def test_nobody_there_is_no_fault(address: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": address})
    notifier.ready("up")
    notifier.alive()


@pytest.mark.parametrize(
    ("env", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "180000000"}, 180.0),
        ({"WATCHDOG_USEC": "180000000", "WATCHDOG_PID": str(os.getpid())}, 180.0),
        ({"WATCHDOG_USEC": "180000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_the_watchdog_is_this_process_s_or_none(env: dict[str, str], seconds: float | None) -> None:
    assert Notifier(env).watchdog_seconds == seconds


class Counting(Notifier):
    def __init__(self) -> None:
        super().__init__({"WATCHDOG_USEC": "30000"})
        self.fed = 0
        self.again = asyncio.Event()

    def alive(self) -> None:
        self.fed += 1
        if self.fed > 3:
            self.again.set()


async def test_a_loop_that_goes_round_is_fed() -> None:
    notifier = Counting()
    pulse = Pulse(notifier, stalled_after=60)
    pulse.beat()
    feeding = asyncio.create_task(pulse.feed())
    await asyncio.wait_for(notifier.again.wait(), 5)
    feeding.cancel()


async def test_a_loop_that_stands_still_is_not_fed() -> None:
    notifier = Counting()
    pulse = Pulse(notifier, stalled_after=0)
    pulse.beat()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(pulse.feed(), 0.1)
    assert notifier.fed == 0


async def test_without_a_watchdog_there_is_nothing_to_feed() -> None:
    await asyncio.wait_for(Pulse(Notifier({})).feed(), 5)
