"""What reaches the log, and what never does."""

import errno
import io
import json
import logging
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from syncd.app import logs
from syncd.domain.errors import Refused, Unavailable
from syncd.domain.note import NoteKind


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def log_json(level: str = "debug") -> io.StringIO:
    stream = io.StringIO()
    logs.configure("auto", level, stream)
    return stream


def test_off_a_terminal_each_event_is_one_json_line_with_a_utc_time() -> None:
    stream = log_json()
    structlog.get_logger().info("cycle.finished", changed=3, at=datetime(2026, 1, 2, tzinfo=UTC), kind=NoteKind.BEGUN)
    (line,) = lines(stream)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("timestamp"))
    assert line == {
        "event": "cycle.finished",
        "level": "info",
        "changed": 3,
        "at": "2026-01-02T00:00:00+00:00",
        "kind": "begun",
    }


def test_on_a_terminal_it_is_text() -> None:
    stream = Terminal()
    logs.configure("auto", "info", stream)
    structlog.get_logger().info("cycle.finished", changed=3)
    assert "cycle.finished" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_json_can_be_asked_for_on_a_terminal_and_console_without_one() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    logs.configure("json", "info", terminal)
    structlog.get_logger().info("a.b")
    assert lines(terminal)[0]["event"] == "a.b"
    logs.configure("console", "info", pipe)
    structlog.get_logger().info("a.b")
    assert "a.b" in pipe.getvalue()
    assert "\x1b" not in pipe.getvalue(), "no colours where nobody sees them"


def test_the_level_holds_for_us_and_for_libraries() -> None:
    stream = log_json("error")
    structlog.get_logger().warning("a.b")
    logging.getLogger("apscheduler").warning("late")
    structlog.get_logger().error("c.d")
    logging.getLogger("apscheduler").error("later")
    assert [line["level"] for line in lines(stream)] == ["error", "error"]


@pytest.mark.parametrize(
    "key",
    [
        *("name", "contact_name", "email", "Authorization", "title", "summary", "password", "caldav_password"),
        *(
            "client_secret",
            "access_token",
            "sync_token",
            "cookies",
            "description",
            "notes",
            "attendees",
            "reason",
            "body",
        ),
    ],
)
def test_private_keys_are_hidden_wherever_they_stand(key: str) -> None:
    stream = log_json()
    structlog.get_logger().info("a.b", **{key: "Geheim"}, inner={"list": [{key: "Geheim"}]})
    structlog.contextvars.bind_contextvars(**{key: "Geheim"})
    structlog.get_logger().info("a.b")
    assert "Geheim" not in stream.getvalue()
    assert stream.getvalue().count("[hidden]") == 3


def test_what_people_search_for_stays() -> None:
    stream = log_json()
    told = {"booking_id": "b_1", "uid": "b_1@zimun", "href": "/a@b/b_1.ics", "calendar": "https://dav.example.org/u/c/"}
    structlog.get_logger().info("event.created", **told, status=412, path=Path("/x"))
    (line,) = lines(stream)
    assert line.items() >= {**told, "status": 412, "path": "/x"}.items()


@pytest.mark.parametrize(
    "text",
    [
        "sent to geheim@example.org today",
        "Authorization: Bearer Geheim.geheim-1234",
        "basic geheim1234==",
        "https://user:geheim@example.org/",
        "mailto:geheim@mail.example.org",
    ],
)
def test_addresses_and_credentials_in_any_text_are_hidden(text: str) -> None:
    stream = log_json()
    structlog.get_logger().info(text, where=text, inner=[text])
    assert "geheim" not in stream.getvalue().lower()
    assert lines(stream)[0]["where"].count("[hidden]") == 1


@dataclass
class Customer:
    who: str = "Geheim"


def test_objects_are_named_not_shown() -> None:
    stream = log_json()
    structlog.get_logger().info("a.b", thing=Customer(), deep=[[[[[["Geheim"]]]]]], error=ValueError("Geheim"))
    assert lines(stream)[0]["thing"] == "<Customer>"
    assert lines(stream)[0]["error"] == "ValueError"
    assert "Geheim" not in stream.getvalue()


def test_long_texts_are_cut() -> None:
    stream = log_json()
    structlog.get_logger().info("a.b", what="x" * 10_000)
    assert len(stream.getvalue()) < 1_200


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_control_character_reaches_the_terminal(form: Any) -> None:
    stream = io.StringIO()
    logs.configure(form, "info", stream)
    bad = "a\x1b[2Jb\nc\r\x07\u202e\x9b\u2028\ud800"
    structlog.get_logger().info(bad, what=bad, **{bad: bad})
    (line,) = stream.getvalue().splitlines()
    assert line.isprintable()
    assert "[2J" in line


def fail_with_a_customer() -> None:
    customer = "Geheim"
    try:
        raise ValueError(f"no such person: {customer}")
    except ValueError as error:
        raise Unavailable("the server answers 503") from error


@pytest.mark.parametrize("form", ["console", "json"])
def test_exceptions_tell_types_frames_and_our_own_words_only(form: Any) -> None:
    stream = io.StringIO()
    logs.configure(form, "info", stream)
    try:
        fail_with_a_customer()
    except Unavailable:
        structlog.get_logger().exception("cycle.failed")
    text = stream.getvalue()
    assert "Geheim" not in text
    assert "Unavailable: the server answers 503" in text
    assert "ValueError" in text
    assert "in fail_with_a_customer" in text
    assert text.index("ValueError") < text.index("Unavailable")


def test_groups_notes_and_loops_of_causes_are_told_once() -> None:
    one, two = Refused("not open"), KeyError("Geheim")
    one.__cause__, two.__cause__ = two, one
    one.add_note("Geheim")
    told = logs.tell(ExceptionGroup("Geheim", [one, two]))
    assert "Geheim" not in told
    assert told.count("syncd.domain.errors.Refused: not open") >= 1
    assert "KeyError" in told


def test_libraries_speak_through_us_without_their_values() -> None:
    stream = log_json()
    logging.getLogger("caldav").warning("changed to %s", "Geheim")
    logging.getLogger("caldav").warning("changed to Geheim")
    logging.getLogger("apscheduler.scheduler").warning("Run time of job was missed")
    try:
        raise ValueError("Geheim")
    except ValueError:
        logging.getLogger("asyncio").exception("Geheim")
    logging.getLogger("httpx").info("GET https://example.org/Geheim")
    logging.getLogger("strange").log(35, "Geheim %s", "x")
    assert "Geheim" not in stream.getvalue().replace('"said": "Geheim %s"', "")
    first, second, third, fourth, fifth = lines(stream)
    assert (first["event"], first["logger"], first["said"]) == ("library.warned", "caldav", "changed to %s")
    assert second["where"].startswith("test_logs:")
    assert third["said"] == "Run time of job was missed"
    assert "ValueError" in fourth["exception"]
    assert fifth["level"] == "warning"


def test_a_librarys_own_handlers_are_taken_off() -> None:
    own, library = io.StringIO(), logging.getLogger("uvicorn.error")
    parent = logging.getLogger("uvicorn")
    parent.addHandler(logging.StreamHandler(own))
    stream = log_json()
    library.error("Exception in ASGI application")
    assert own.getvalue() == ""
    assert lines(stream)[0]["said"] == "Exception in ASGI application"


def test_python_warnings_are_told_without_their_text() -> None:
    stream = log_json()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("Geheim", UserWarning, stacklevel=1)
    assert "Geheim" not in stream.getvalue()
    assert lines(stream)[0]["where"].endswith("UserWarning")


class Full(io.StringIO):
    """A file on a full disk: what is written stays in its buffer, and cannot be flushed."""

    full = True

    def flush(self) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_line_that_cannot_be_written_is_lost_and_stops_nothing(form: Any) -> None:
    stream = Full()
    logs.configure(form, "info", stream)
    structlog.get_logger().info("cycle.finished", changed=3)
    logging.getLogger("apscheduler").warning("late")
    stream.full = False
    structlog.get_logger().info("cycle.started")
    assert "cycle.started" in stream.getvalue()
    stream.close()
    structlog.get_logger().info("cycle.finished")


def test_configuring_twice_logs_once() -> None:
    log_json()
    stream = log_json()
    logging.getLogger("apscheduler").warning("once")
    assert len(lines(stream)) == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Ä – 日本", "Ä – 日本"), ("a\x1bb", r"a\x1bb"), ("a\nb", r"a\nb"), ("\ud800", r"\ud800")],
)
def test_escape_shows_what_cannot_be_seen(text: str, shown: str) -> None:
    assert logs.escape(text) == shown
