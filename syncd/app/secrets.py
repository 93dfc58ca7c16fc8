"""Secrets: where each is looked for, in which order, and what is wrong with where it was found.

No text here ever holds a secret, nor what a command printed.
"""

import os
import shlex
import stat
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from syncd.app.places import absolute
from syncd.domain.errors import ConfigError, SecretNotGiven

COMMAND_SECONDS: Final = 30
_MAX_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One secret: `name` is its table's in faults, `key` its own; the last two are empty where there is no such way."""

    table: dict[str, Any]
    name: str
    key: str
    credential: str = ""
    variable: str = ""

    @property
    def where(self) -> str:
        return f"{self.name}.{self.key}"


def held_inline(raw: Mapping[str, Any]) -> list[str]:
    """The keys that hold a secret in the parsed config itself."""
    return [one.where for one in _all_wanted(raw) if one.table.get(one.key)]


def resolve_secrets(
    raw: Mapping[str, Any], folder: Path, env: Mapping[str, str], *, look: bool = True
) -> tuple[list[str], list[str]]:
    """Put every secret into its key in the parsed config, and its file as a path.

    Answers with what is wrong, and with what was not given this time and may be the next. `folder` is where relative
    files and commands start; `look` False: no secret is looked for, only the files' paths are put in.
    """
    problems: list[str] = []
    missed: list[str] = []
    for one in _all_wanted(raw):
        try:
            if look:
                found = _find(one, folder, env)
                problems += _incomplete(one, found)
                if found:
                    one.table[one.key] = found
        except SecretNotGiven as error:
            missed += error.problems
        except ConfigError as error:
            problems += error.problems
        if isinstance(value := one.table.get(f"{one.key}_file"), str):
            one.table[f"{one.key}_file"] = absolute(value, folder, env) if value else None
    return problems, missed


def _all_wanted(raw: Mapping[str, Any]) -> Iterator[_Wanted]:
    zimun, caldav, calendars = raw.get("zimun"), raw.get("caldav"), raw.get("calendars")
    if isinstance(zimun, dict):
        yield _Wanted(zimun, "zimun", "client_secret", "zimun_client_secret", "ZIMUN_CLIENT_SECRET")
    if isinstance(caldav, dict):
        yield _Wanted(caldav, "caldav", "password", "caldav_password", "SYNCD_CALDAV_PASSWORD")
    for number, entry in enumerate(calendars if isinstance(calendars, list) else ()):
        if isinstance(entry, dict):
            yield _Wanted(entry, f"calendars[{number}]", "password")


def _find(one: _Wanted, folder: Path, env: Mapping[str, str]) -> str:
    """The secret from the first place that has it, empty for none. Raises ConfigError where that place is at fault."""
    handed = Path(env.get("CREDENTIALS_DIRECTORY") or os.devnull)
    if one.credential and os.path.lexists(handed / one.credential):
        return _from_file(
            handed / one.credential, f"{one.where}: {one.credential} in $CREDENTIALS_DIRECTORY", exempt=True
        )
    if (file := _text(one.table, f"{one.key}_file")) != "":
        path = absolute(file, folder, env)
        # systemd and container engines mount what is in there; its mode is not the user's to change
        return _from_file(path, f"{one.where}_file: the file", exempt=path.is_relative_to(handed))
    if (command := _text(one.table, f"{one.key}_command")) != "":
        return _from_command(command, f"{one.where}_command", folder, env)
    if one.variable and (value := env.get(one.variable)):
        return _checked(value, f"{one.where}: ${one.variable}")
    value = _text(one.table, one.key)
    return _checked(value, f"{one.where}: it") if value else ""


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key, "")
    # another type is named as such when the whole is validated
    return value if isinstance(value, str) else ""


def _incomplete(one: _Wanted, found: str) -> list[str]:
    """A login with half of it missing. Without both, a CalDAV server is used without a login."""
    if one.key == "client_secret":
        if found or not isinstance(one.table.get(one.key, ""), str):
            return []
        return [f"{one.where}: missing; give client_secret_file, client_secret_command or ZIMUN_CLIENT_SECRET"]
    username = one.table.get("username", "")
    if username and not found and isinstance(one.table.get(one.key, ""), str):
        more = f" or {one.variable}" if one.variable else ""
        return [f"{one.where}: missing; there is a username. Give password_file, password_command{more}"]
    if found and not username:
        return [f"{one.name}.username: missing; there is a password"]
    return []


def _from_file(path: Path, said: str, *, exempt: bool = False) -> str:
    try:
        # not to wait for a writer, should it be a pipe
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ConfigError([f"{said} is not a regular file"])
            if not exempt and status.st_mode & 0o077:
                raise ConfigError([f"{said} can be read by others; chmod 600 it"])
            data = file.read(_MAX_BYTES)
    except OSError as error:
        raise ConfigError([f"{said} cannot be read: {error.strerror}"]) from None
    except ValueError:
        raise ConfigError([f"{said} has no valid name"]) from None
    return _first_line(data, said)


def _from_command(command: str, where: str, folder: Path, env: Mapping[str, str]) -> str:
    """What the command prints. Raises SecretNotGiven where it runs and fails: what it asks may not be up yet."""
    try:
        words = shlex.split(command)
        if not words:
            raise ConfigError([f"{where}: is empty"])
        done = subprocess.run(
            words,
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SecretNotGiven([f"{where}: gave no answer within {COMMAND_SECONDS} seconds"]) from None
    except OSError as error:
        raise ConfigError([f"{where}: cannot be run: {error.strerror}"]) from None
    except ValueError:
        raise ConfigError([f"{where}: is not a command line; look for a quote that is not closed"]) from None
    if done.returncode < 0:
        raise SecretNotGiven([f"{where}: was ended by signal {-done.returncode}"])
    if done.returncode:
        raise SecretNotGiven([f"{where}: failed with exit status {done.returncode}; run it by hand to see why"])
    if not done.stdout.strip():
        # as a locked agent, or a pipe of which only the last command counts
        raise SecretNotGiven([f"{where}: its output is empty"])
    return _first_line(done.stdout, f"{where}: its output")


def _first_line(data: bytes, said: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError([f"{said} is not UTF-8 text"]) from None
    return _checked(text.split("\n", 1)[0].removesuffix("\r"), said)


def _checked(secret: str, said: str) -> str:
    if not secret:
        raise ConfigError([f"{said} is empty"])
    if any(ord(sign) < 0x20 or ord(sign) == 0x7F for sign in secret):
        raise ConfigError([f"{said} holds control characters"])
    if any("\ud800" <= sign <= "\udfff" for sign in secret):
        # so Python reads octets of the environment that are no UTF-8
        raise ConfigError([f"{said} is not UTF-8 text"])
    return secret
