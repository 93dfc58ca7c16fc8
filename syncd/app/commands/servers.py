"""`demo`, `sandbox` and `run`: the commands that stay until they are stopped."""

from collections.abc import Callable
from typing import Annotated

import typer

from syncd.app.commands.common import ConfigOption, command, read_config
from syncd.domain.errors import ConfigError

_DEMO_LIBRARIES = {"radicale", "starlette", "uvicorn"}


def add_to(app: typer.Typer) -> None:
    app.command("demo")(command(_demo))
    app.command("sandbox")(command(_sandbox))
    app.command("run")(command(_run))


def _demo(
    once: Annotated[
        bool, typer.Option("--once", help="End after the show: moves, a refusal, a deletion and two new bookings.")
    ] = False,
) -> int:
    """Try syncd on this machine, without any account.

    A sandbox of the Booking API, a real CalDAV server and the daemon between them, for a calendar app to connect to.
    """

    def start() -> int:
        from syncd.app.demo import demo

        return demo(once=once)

    return _with_extra(start)


def _sandbox(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8710,
    client_id: Annotated[str, typer.Option(help="The client id it accepts.")] = "sandbox",
    client_secret: Annotated[str, typer.Option(help="The client secret it accepts.")] = "sandbox-secret",  # noqa: S107 -- guards invented data
) -> int:
    """Only the sandbox of the Booking API, with invented data."""

    def start() -> int:
        from syncd.app.demo import sandbox

        return sandbox(host, port, client_id, client_secret)

    return _with_extra(start)


def _run(config: ConfigOption = None) -> int:
    """The daemon: keep both sides the same until stopped."""
    known = read_config(config, quiet=False)
    from syncd.app.daemon import run_daemon

    return run_daemon(known)


def _with_extra(start: Callable[[], int]) -> int:
    try:
        return start()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _DEMO_LIBRARIES:
            raise
        raise ConfigError(['this needs the extra "demo": pip install "zimun-syncd[demo]"']) from error
