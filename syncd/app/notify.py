"""What a daemon tells systemd (sd_notify(3)): ready, status, watchdog, stopping. Silent where nobody listens."""

import asyncio
import os
import socket
from collections.abc import Mapping

import structlog

from syncd.app.logs import escape

log = structlog.get_logger(__name__)

STALLED = 900.0
"""A loop that shows no progress for so many seconds is not alive. Each single request ends within two minutes."""

# systemd takes datagrams of some kilobytes; a status is one line in `systemctl status`
_LONGEST = 1_000


class Notifier:
    """Sends to the socket that `env` names. Never raises: a daemon does not end because its supervisor is deaf."""

    def __init__(self, env: Mapping[str, str]) -> None:
        name = env.get("NOTIFY_SOCKET", "")
        # a leading @ stands for the NUL of an abstract address; what is neither that nor a path (vsock:) is not ours
        self._address = "\0" + name[1:] if name.startswith("@") else name if name.startswith("/") else ""
        self._watchdog = _watchdog(env)

    @property
    def watchdog_seconds(self) -> float | None:
        """Within how many seconds systemd wants to hear `alive`; None: it does not watch this process."""
        return self._watchdog

    def ready(self, status: str) -> None:
        self._send("READY=1", _status(status))

    def status(self, text: str) -> None:
        """The line that `systemctl status` shows; line breaks in it become visible signs."""
        self._send(_status(text))

    def alive(self) -> None:
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def _send(self, *assignments: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                # the loop must not wait for a supervisor whose queue is full
                out.setblocking(False)
                out.sendto("\n".join(assignments).encode(), self._address)
        except (OSError, ValueError) as error:
            log.debug("notification.lost", error=type(error).__name__)


class Pulse:
    """Tells systemd that the loop lives, as long as the loop itself shows progress by `beat`: a hung cycle does not."""

    def __init__(self, notifier: Notifier, stalled_after: float = STALLED) -> None:
        self._notifier = notifier
        self._stalled_after = stalled_after
        self._beat_at = 0.0

    def beat(self) -> None:
        self._beat_at = asyncio.get_running_loop().time()

    async def feed(self) -> None:
        """Until cancelled, three times within the watchdog's time; ends at once where systemd does not watch."""
        watchdog = self._notifier.watchdog_seconds
        if watchdog is None:
            return
        while True:
            silent = asyncio.get_running_loop().time() - self._beat_at
            if silent < self._stalled_after:
                self._notifier.alive()
            else:
                log.error("loop.stalled", seconds=round(silent))
            await asyncio.sleep(watchdog / 3)


def _status(text: str) -> str:
    # a line break would begin an assignment of its own
    return "STATUS=" + escape(text)[:_LONGEST]


def _watchdog(env: Mapping[str, str]) -> float | None:
    """WATCHDOG_USEC in seconds, where it is meant for this process (sd_watchdog_enabled(3))."""
    for_pid = env.get("WATCHDOG_PID", "")
    if for_pid and for_pid != str(os.getpid()):
        return None
    try:
        microseconds = int(env.get("WATCHDOG_USEC", ""))
    except ValueError:
        return None
    return microseconds / 1e6 if microseconds > 0 else None
