"""The command line: `syncd COMMAND`. Each command stands in `syncd.app.commands`; what is slow is imported there, late.

Exit codes: 0 done; 1 something was refused, awaits approval, stands still or failed; 2 wrong usage; 75 a remote side
is down, another daemon runs, or a command gave no secret; 77 credentials refused; 78 config wrong; 130 interrupted.
"""

import io
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from syncd import __version__
from syncd.app.commands import byhand, catalog, cycle, decide, doctor, history, look, servers
from syncd.app.commands.common import drop_output, unwritten

_EPILOG = (
    "Exit codes: 0 done, 1 something was refused, awaits approval, stands still or failed, 2 wrong usage, 75 a remote "
    "side is down, or another daemon runs, 77 credentials refused, 78 config wrong, 130 interrupted. Only `syncd run` "
    "logs as the config says; the other commands print what they did, and log errors alone unless log.level is "
    '"debug".'
)

app = typer.Typer(
    name="syncd",
    help="Keeps Zimun bookings and CalDAV calendars the same: drag an event to reschedule, delete it to cancel.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"syncd {__version__}")
        raise typer.Exit


@app.callback()
def _syncd(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


for _module in (servers, cycle, doctor, look, history, decide, catalog, byhand):
    _module.add_to(app)


def main() -> int:
    """Run one command; its exit code. Prints no traceback, and is quiet where the reader of a pipe has gone."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # closed by the shell (`>&-`): nobody wants to hear it
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 -- for good
    if isinstance(sys.stdout, io.TextIOWrapper):
        # a terminal that knows no arrow gets a question mark; stderr does the like by itself
        sys.stdout.reconfigure(errors="replace")
    code = 0
    try:
        app(prog_name="syncd")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except OSError as error:
        code = unwritten(error)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        drop_output()
    except OSError as error:
        code = unwritten(error)
    return code
