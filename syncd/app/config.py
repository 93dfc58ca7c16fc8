"""The config: every key with its type, default and bounds, and `load`, which names all faults at once.

The models are what `config.example.toml` shows. Nothing else reads the file or the environment.
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from syncd.app.config_checks import (
    collection_url,
    cross_checks,
    describe,
    path_without_control_characters,
    printable,
    service_url,
    title_template,
)
from syncd.app.places import place, user_folder
from syncd.app.secrets import held_inline, resolve_secrets
from syncd.domain.errors import ConfigError, SecretNotGiven

SYSTEM_CONFIG: Final = Path("/etc/syncd/config.toml")
_MAX_BYTES: Final = 1_000_000

Text = Annotated[str, AfterValidator(printable)]
Word = Annotated[str, Field(min_length=1), AfterValidator(printable)]
# strict, but for this: TOML has lists, and a frozen model wants tuples
Words = Annotated[tuple[Word, ...], Field(strict=False)]


class Section(BaseModel):
    """Strict: `true` is no number and `"60"` is none either. Frozen, and faults never quote what was given."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class Zimun(Section):
    """The Booking API. `client_secret` is resolved; the two keys after it only say where it came from."""

    base_url: Annotated[str, AfterValidator(service_url)] = "https://api.zimun.online"
    client_id: Word
    client_secret: SecretStr = SecretStr("")
    client_secret_file: Path | None = None
    client_secret_command: Text = ""


class Caldav(Section):
    """The calendar account. Username and password are both empty where the server asks for no login."""

    url: Annotated[str, AfterValidator(collection_url)]
    username: Text = ""
    password: SecretStr = SecretStr("")
    password_file: Path | None = None
    password_command: Text = ""
    ca_file: Path | None = None


class Calendar(Section):
    """One managed calendar: `url` or `name`, what is routed to it, and a login of its own or none (caldav's)."""

    url: Annotated[str, AfterValidator(collection_url)] = ""
    name: Text = ""
    locations: Words = ()
    services: Words = ()
    staff: Words = ()
    fallback: bool = False
    create_bookings: bool = False
    username: Text = ""
    password: SecretStr = SecretStr("")
    password_file: Path | None = None
    password_command: Text = ""


class Availability(Section):
    """Where open slots are published, and for how many days; an empty URL: nowhere."""

    calendar_url: Annotated[str, AfterValidator(collection_url)] = ""
    days_ahead: Annotated[int, Field(ge=0, le=60)] = 14


class EventStyle(Section):
    """How an event is written. `klass` is the key `class` (RFC 5545 §3.8.1.3)."""

    language: Literal["en", "de"] = "en"
    title: Annotated[Word, AfterValidator(title_template)] = "{service} – {contact_name}"
    contact: Literal["full", "name", "none"] = "full"
    klass: Annotated[Literal["PUBLIC", "PRIVATE", "CONFIDENTIAL"], Field(alias="class")] = "PUBLIC"
    alarm_minutes: Annotated[int, Field(ge=0, le=40_320)] = 0


class Sync(Section):
    """The cycle: its window, its waits, its limits."""

    interval_seconds: Annotated[int, Field(ge=1, le=86_400)] = 60
    past_days: Annotated[int, Field(ge=0, le=3_650)] = 1
    future_days: Annotated[int, Field(ge=1, le=3_650)] = 60
    conflict: Literal["zimun", "calendar"] = "zimun"
    deletions: Literal["cancel", "ask", "restore"] = "cancel"
    cancel_grace_seconds: Annotated[int, Field(ge=0, le=604_800)] = 600
    max_cancellations: Annotated[int, Field(ge=0, le=1_000)] = 5
    max_moves: Annotated[int, Field(ge=0, le=1_000)] = 10
    snap_minutes: Annotated[int, Field(ge=0, le=1_440)] = 0
    request_settle_seconds: Annotated[int, Field(ge=0, le=86_400)] = 30
    note_hours: Annotated[int, Field(ge=1, le=8_760)] = 72


class State(Section):
    """The store: an absolute path, and for how long the log of changes is kept."""

    path: Annotated[Path, AfterValidator(path_without_control_characters)]
    history_days: Annotated[int, Field(ge=1, le=36_500)] = 90


class Log(Section):
    """How syncd logs; `auto` is console on a terminal, else JSON lines."""

    format: Literal["auto", "console", "json"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(Section):
    """The whole config as it was meant: defaults filled in, paths absolute, secrets resolved, URLs normalised."""

    zimun: Zimun
    caldav: Caldav
    calendars: Annotated[tuple[Calendar, ...], Field(strict=False)]
    availability: Availability = Availability()
    event: EventStyle = EventStyle()
    sync: Sync = Sync()
    state: State
    log: Log = Log()

    def kept_since(self, now: datetime) -> datetime:
        """What ended before then is pruned from the store; nothing that a cycle still looks after."""
        return now - timedelta(days=max(self.state.history_days, self.sync.past_days + 1))


SECTIONS: Final[Mapping[str, type[Section]]] = {
    "zimun": Zimun,
    "caldav": Caldav,
    "calendars": Calendar,
    "availability": Availability,
    "event": EventStyle,
    "sync": Sync,
    "state": State,
    "log": Log,
}


def load(path: Path | None, env: Mapping[str, str], *, secrets: bool = True) -> Config:
    """Read and check the config at `path`, or where `find` finds it. `env` stands for the environment.

    Raises ConfigError with every fault there is, each led by its key; SecretNotGiven where there is none but that a
    command gave no secret. No fault quotes a value. `secrets` False: those that stand elsewhere are not looked for.
    """
    path = find(env) if path is None else path
    raw, _ = _read(path)
    folder = path.absolute().parent
    for name in ("zimun", "caldav", "state"):
        raw.setdefault(name, {})
    tables = {name: table for name in SECTIONS if isinstance(table := raw.get(name), dict)}
    problems = []
    if "zimun" in tables and (client_id := env.get("ZIMUN_CLIENT_ID")):
        # before the key, as the secret is: else an id and a secret of two accounts would be paired
        tables["zimun"]["client_id"] = client_id
    wrong, missed = resolve_secrets(raw, folder, env, look=secrets)
    problems += wrong
    problems += place(tables, folder, env)
    problems += cross_checks(raw)
    config = None
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        problems = describe(error, SECTIONS) + problems
    if config is None or problems:
        raise ConfigError(problems + missed)
    if missed:
        raise SecretNotGiven(missed)
    return config


def exposed(path: Path | None, env: Mapping[str, str]) -> list[str]:
    """What `syncd check` warns of: secrets that stand in a config file which every user of this machine can read.

    Raises ConfigError as `load` does where the file cannot be read.
    """
    raw, mode = _read(find(env) if path is None else path)
    if not mode & 0o007:
        return []
    return [
        f"{key}: stands in a file that others can read; chmod 600 it, or use {key}_file" for key in held_inline(raw)
    ]


def find(env: Mapping[str, str]) -> Path:
    """The config that is read when none is named: the user's own, else the system's. Raises ConfigError for neither."""
    own = user_folder(env, "XDG_CONFIG_HOME", ".config")
    candidates = [*([own / "config.toml"] if own else []), SYSTEM_CONFIG]
    for candidate in candidates:
        if os.path.lexists(candidate):
            return candidate
    said = " nor at ".join(str(candidate) for candidate in candidates)
    raise ConfigError([f"config: none at {said}; write one after config.example.toml, or name it: --config FILE"])


def _read(path: Path) -> tuple[dict[str, Any], int]:
    """The parsed file, and its mode (0 where it is no plain file, as with a shell's `<(...)`)."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise ConfigError([f"{path}: is larger than {_MAX_BYTES} bytes; is this the config?"])
        # a byte order mark is what some editors put first; TOML knows none
        return tomllib.loads(data.decode("utf-8-sig")), status.st_mode if stat.S_ISREG(status.st_mode) else 0
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}; name another with --config FILE"]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{path}: is not UTF-8 text (line {line}); save it as UTF-8"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: is not valid TOML: {error}"]) from None
    except (ValueError, RecursionError):
        # not a syntax error for tomllib: numbers of thousands of digits, lists nested hundreds deep, NUL in a path
        raise ConfigError([f"{path}: cannot be read as TOML"]) from None
