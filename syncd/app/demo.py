"""`syncd demo` and `syncd sandbox`: everything on this machine, with invented people; nothing of it stays."""

import asyncio
import importlib.util
import shlex
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from syncd.app.demo_stage import Stage

EXIT_MISSING, EXIT_FAILED, EXIT_INTERRUPTED = 1, 1, 130


def demo(*, once: bool) -> int:
    """The whole of syncd with nothing but this machine; `once`: end after the show. 0, or 1 where a step failed."""
    if not _there():
        return EXIT_MISSING
    return asyncio.run(_until_signalled(_demo(once, Console(highlight=False)), EXIT_INTERRUPTED if once else 0))


def sandbox(host: str, port: int, client_id: str, client_secret: str) -> int:
    """Serve the sandbox API alone until a signal comes. Raises ConfigError where the port cannot be had."""
    if not _there():
        return EXIT_MISSING
    from syncd.sandbox import serve

    console = Console(highlight=False)

    def announce(url: str) -> None:
        for what, value in (("Booking API", url), ("client id", client_id), ("client secret", client_secret)):
            console.print(f"{what + ':':15}{escape(value)}", soft_wrap=True)
        console.print("It begins anew each time that it is started. Ctrl-C ends it.", soft_wrap=True)

    async def served() -> int:
        await serve(host, port, client_id=client_id, client_secret=client_secret, announce=announce)
        return 0

    return asyncio.run(_until_signalled(served(), 0))


async def _until_signalled(work: Coroutine[Any, Any, int], interrupted: int) -> int:
    """What the work returns, or `interrupted` where a signal ends it; either way it has cleaned up."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return interrupted


def _there() -> bool:
    if all(importlib.util.find_spec(name) for name in ("starlette", "uvicorn", "radicale")):
        return True
    sys.stderr.write("syncd: this needs a few more libraries: pip install 'zimun-syncd[demo]'\n")
    return False


async def _demo(once: bool, console: Console) -> int:
    from syncd.app.daemon import Daemon
    from syncd.app.demo_show import Failed, Show
    from syncd.app.demo_stage import make_stage
    from syncd.app.notify import Notifier

    async with make_stage() as stage:
        show = Show(stage, console)
        console.print(_welcome(stage))
        # in a line of its own, to be copied as it stands
        look = f"{_command()} status --config {shlex.quote(str(stage.folder / 'config.toml'))}"
        console.print(f"Look inside: {escape(look)}", soft_wrap=True)
        console.print("First, somebody shows how:")
        daemon = Daemon(stage.config, Notifier({}))
        running = asyncio.create_task(daemon.run())
        try:
            await _both(show.run(), running)
            if once:
                console.print("That was it. Without --once you go on by yourself.", soft_wrap=True)
            else:
                console.print("Now you, in your calendar app. Ctrl-C ends it.", soft_wrap=True)
                await _both(show.watch(), running)
        except Failed as failure:
            console.print(f"This did not come through: {escape(str(failure))}. The log's end:", soft_wrap=True)
            for line in stage.log_lines()[-20:]:
                console.print(escape(line), soft_wrap=True)
            return EXIT_FAILED
        finally:
            daemon.stop()
            await asyncio.gather(running, return_exceptions=True)
    return 0


async def _both(scene: Coroutine[Any, Any, None], daemon: asyncio.Task[None]) -> None:
    """The scene to its end, or the daemon's error where that ends before it."""
    playing = asyncio.ensure_future(scene)
    try:
        await asyncio.wait([playing, daemon], return_when=asyncio.FIRST_COMPLETED)
        if not playing.done():
            daemon.result()
        else:
            playing.result()
    finally:
        playing.cancel()


def _command() -> str:
    """How to call the syncd that runs here, also where it is on nobody's PATH."""
    own = Path(sys.executable).with_name("syncd")
    return shlex.quote(str(own)) if own.exists() else f"{shlex.quote(sys.executable)} -m syncd"


def _welcome(stage: "Stage") -> Panel:
    from syncd.app.demo_stage import PASSWORD, USER

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("Calendar", f"{stage.dav}   user {USER}   password {PASSWORD}")
    table.add_row("", "calendars “Salon Mitte”, “Salon Shoreditch” and “Open slots”")
    table.add_row("Booking API", f"{stage.server.url}   client sandbox   secret sandbox-secret")
    tips = Text(
        "Add the account to a calendar app (Thunderbird: New Calendar, On the Network). Drag a booking to another "
        "time, or to one that is taken; delete one; write a new event “Haircut – ” and a name into “Salon Mitte”, with "
        "an e-mail address in it, or a name and an e-mail address into an open slot."
    )
    return Panel(Group(table, "", tips), title="syncd demo", title_align="left")
