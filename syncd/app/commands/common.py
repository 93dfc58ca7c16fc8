"""What every command shares: its options, its errors in words, its exit code, its logging."""

import contextlib
import errno
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

from syncd.app import logs
from syncd.app.config import Config, load
from syncd.domain.errors import ConfigError, SecretNotGiven, StoreBusy, StoreError, SyncdError
from syncd.engine.sides import EXIT_DOWN, EXIT_TROUBLE, exit_code_of

EXIT_USAGE, EXIT_CONFIG, EXIT_INTERRUPTED = 2, 78, 130
TRACE = "SYNCD_TRACE"
_FULL = (errno.ENOSPC, errno.EDQUOT)

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        envvar="SYNCD_CONFIG",
        readable=False,  # what cannot be read is told as any other fault of the config
        help="The config. Default: ~/.config/syncd/config.toml, else /etc/syncd/config.toml.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, with the field names of the Booking API.")]

P = ParamSpec("P")


class WrongUsage(SyncdError):
    """What was asked for on the command line cannot be: exit 2. Says what may be asked for instead."""


def command(function: Callable[P, int]) -> Callable[P, None]:
    """A command from a function that returns its exit code: errors are told in a line each, never as a traceback."""

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = function(*args, **kwargs)
        except KeyboardInterrupt:
            code = EXIT_INTERRUPTED
        except BrokenPipeError:
            # typer ends quietly on this one
            raise
        except SyncdError as error:
            code = _tell(error, as_json=bool(kwargs.get("as_json")))
        except OSError as error:
            code = unwritten(error) if error.errno in _FULL else _tell_unexpected(error)
        except Exception as error:
            code = _tell_unexpected(error)
        raise typer.Exit(code)

    return called


def read_config(path: Path | None, *, quiet: bool = True, secrets: bool = True) -> Config:
    """The config, and logging as it says. `quiet`: only errors, unless the level is debug. Raises ConfigError.

    `secrets` False, for what asks neither side: they are not looked for, and may be missing.
    """
    config = load(path, os.environ, secrets=secrets)
    level = "error" if quiet and config.log.level != "debug" else config.log.level
    logs.configure(config.log.format, level)
    return config


def print_json(value: object) -> None:
    """One JSON value on stdout; times in it are ISO 8601 in UTC with a Z."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=sys.stdout.encoding.lower() != "utf-8", default=_plain))
    sys.stdout.write("\n")


def drop_output() -> None:
    """Let what is still to be printed go nowhere: the interpreter would try once more at its end, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def unwritten(error: OSError) -> int:
    """Say that the output cannot be written, and drop the rest of it; the exit code."""
    drop_output()
    _say(f"not all of the output could be written: {error.strerror}")
    return EXIT_TROUBLE


def _say(problem: str) -> None:
    # where stderr is a full disk, the exit code still tells
    with contextlib.suppress(OSError):
        sys.stderr.write(f"syncd: {problem}\n")


def stamp(at: datetime | None) -> str | None:
    """A time for programs: ISO 8601, UTC, whole seconds, with a Z."""
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return stamp(value)
    raise TypeError(type(value).__name__)


def _tell(error: SyncdError, *, as_json: bool) -> int:
    """Say what went wrong, one problem a line; the exit code for it."""
    kind, code = _class_of(error)
    problems = error.problems if isinstance(error, ConfigError) else (str(error),)
    if as_json:
        print_json({"error": kind, "problems": list(problems)})
    else:
        for problem in problems:
            _say(logs.escape(problem))
    return code


def _class_of(error: SyncdError) -> tuple[str, int]:
    match error:
        case WrongUsage():
            return "usage", EXIT_USAGE
        case SecretNotGiven():
            return "config", EXIT_DOWN
        case ConfigError():
            return "config", EXIT_CONFIG
        case StoreBusy():
            return "busy", EXIT_DOWN
        case StoreError():
            return "store", EXIT_TROUBLE if error.passes else EXIT_CONFIG
        case _:
            return "side", exit_code_of(error)


def _tell_unexpected(error: Exception) -> int:
    # the message of a foreign exception may quote a customer; its type does not
    _say(f"unexpected {type(error).__name__}; this is a bug in syncd. {TRACE}=1 shows where.")
    if os.environ.get(TRACE):
        _say(logs.tell(error))
    return EXIT_TROUBLE
