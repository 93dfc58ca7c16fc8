"""Logs: one line for each thing that happened; events are named noun.past_participle.

Nothing of a customer and no secret may be logged. Callers do not pass them; what is here is the last line of defence.
"""

import contextlib
import logging
import os
import re
import sys
import traceback
from collections.abc import Iterator
from datetime import date, time, timedelta
from enum import Enum
from pathlib import Path
from typing import Final, Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from syncd.domain.errors import SyncdError

_LIBRARIES: Final = "apscheduler asyncio caldav httpcore httpx icalendar niquests radicale urllib3 uvicorn"
# of these a text without arguments is known to be a plain sentence too; others build theirs from calendar data
_PLAIN_SPOKEN: Final = ("apscheduler", "uvicorn")
_HIDDEN: Final = "[hidden]"
_PRIVATE_KEY: Final = re.compile(
    r"(?:.+_)?(?:attendee|authorization|body|comment|contact|content|cookie|credential|customer|data|description|e?mail"
    r"|headers?|ical|ics|message|name|note|organizer|passwd|password|payload|phone|reason|secret|staff|summary|text|title"
    r"|token|user|username)s?",
    re.IGNORECASE,
)
# an address with a dotted domain: syncd's own UIDs end in "@zimun" and stay readable
_ADDRESS: Final = re.compile(r"[^\s@<>\"'(),;:]+@[\w-]+(?:\.[\w-]+)+")
_CREDENTIALS: Final = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}|(?<=://)[^\s/@]+@")
_MAX_TEXT: Final = 1_000
_MAX_DEPTH: Final = 4
_MAX_FRAMES: Final = 40


class _Lossy:
    """Writes where it can: a line that is lost (a full disk, a closed pipe) must not end the daemon."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._out.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._out.flush()


def configure(form: Literal["auto", "console", "json"], level: str, stream: TextIO | None = None) -> None:
    """Send everything, the libraries' warnings included, to `stream` (stderr): JSON lines, or text on a terminal.

    `level` is debug, info, warning or error. May be called again. A server that is started in this
    process must be told to leave logging alone (uvicorn: `log_config=None`).
    """
    out = sys.stderr if stream is None else stream
    least = logging.getLevelNamesMapping()[level.upper()]
    console = form == "console" or (form == "auto" and out.isatty())
    render: Processor
    if console:
        colors = out.isatty() and "NO_COLOR" not in os.environ
        # our exceptions come as text already; the renderer's own would show foreign messages
        render = structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)
    else:
        render = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _hide_private,
            _tell_exception,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _Lossy(out))),
        cache_logger_on_first_use=False,
    )
    _capture_libraries(max(least, logging.WARNING))


def escape(text: str) -> str:
    """The text on one line and without control: escapes, line breaks, direction marks become `\\x1b` and the like."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def tell(error: BaseException) -> str:
    """The exception and what led to it, with the lines of code it went through, and without anybody's values.

    Only our own errors are quoted: a foreign message may hold what a customer wrote.
    """
    return "\n".join(_tell(error, set()))


def _tell(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None and id(earlier) not in seen:
        yield from _tell(earlier, seen)
        yield "which led to:"
    for frame in traceback.extract_tb(error.__traceback__)[-_MAX_FRAMES:]:
        yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
    yield _title(error)
    if isinstance(error, BaseExceptionGroup):
        for number, inner in enumerate(error.exceptions, 1):
            yield f"of these, number {number}:"
            yield from (f"  {line}" for line in _tell(inner, seen))


def _title(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"{name}: {_clean(str(error))}" if isinstance(error, SyncdError) else name


def _tell_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put the exception's text where `exc_info` was."""
    given: object = event.pop("exc_info", None)
    if isinstance(given, tuple):
        given = given[1]
    elif given and not isinstance(given, BaseException):
        given = sys.exc_info()[1]
    if isinstance(given, BaseException):
        event["exception"] = tell(given)
    return event


def _hide_private(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide what stands under a private key, whatever is no plain value, and addresses and passwords in any text."""
    return {key if key.isprintable() else escape(key): _value(key, value, 0) for key, value in event.items()}


def _value(key: str, value: object, depth: int) -> object:
    if key == "exc_info":
        return value
    if value is not None and _PRIVATE_KEY.fullmatch(key):
        return _HIDDEN
    if isinstance(value, Enum):
        value = value.value
    match value:
        case str():
            return _clean(value)
        case None | bool() | int() | float():
            return value
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Path():
            return _clean(str(value))
        case BaseException():
            return _title(value)
        case dict() if depth < _MAX_DEPTH:
            return {escape(str(inner)): _value(str(inner), item, depth + 1) for inner, item in value.items()}
        case list() | tuple() | set() | frozenset() if depth < _MAX_DEPTH:
            return [_value("", item, depth + 1) for item in value]
    # a Booking, an Event, a Response: its repr may say anything
    return f"<{type(value).__name__}>"


def _clean(text: str) -> str:
    short = text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "…"
    return escape(_ADDRESS.sub(_HIDDEN, _CREDENTIALS.sub(_HIDDEN, short)))


class _Foreign(logging.Handler):
    """Takes in what libraries log: who, where in the code, and the text as far as it holds no values."""

    def emit(self, record: logging.LogRecord) -> None:
        said: dict[str, object] = {"logger": record.name, "where": f"{record.module}:{record.lineno}"}
        if record.name == "py.warnings":
            # its one argument is "FILE:LINE: Category: text", and the text may be anything
            said["where"] = ":".join(record.getMessage().split(":")[:3])
        elif record.args or record.name.split(".")[0] in _PLAIN_SPOKEN:
            # the template, its arguments left out
            said["said"] = str(record.msg)
        if record.exc_info and record.exc_info[1]:
            said["exc_info"] = record.exc_info[1]
        try:
            level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
            structlog.get_logger().log(level, "library.warned", **said)
        except Exception:
            self.handleError(record)


def _capture_libraries(least: int) -> None:
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Foreign)]:
        root.removeHandler(handler)
    root.addHandler(_Foreign())
    root.setLevel(least)
    logging.captureWarnings(True)
    for name in _LIBRARIES.split():
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.NOTSET)
