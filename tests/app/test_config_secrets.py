"""Where secrets come from, in which order, and what is refused."""

import os
from pathlib import Path

import pytest

from syncd.app import secrets
from syncd.app.config import exposed, load
from syncd.domain.errors import ConfigError, SecretNotGiven

from .test_config import ENV, SMALL, read
from .test_config_faults import faults, only


def secret_file(path: Path, text: str, mode: int = 0o600) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def with_zimun(lines: str) -> str:
    return SMALL.replace("[zimun]", f"[zimun]\n{lines}")


BARE = {key: value for key, value in ENV.items() if key != "ZIMUN_CLIENT_SECRET"}


def test_each_place_gives_way_to_the_one_before(tmp_path: Path) -> None:
    env = {**ENV, "ZIMUN_CLIENT_SECRET": "from-env", "CREDENTIALS_DIRECTORY": str(tmp_path / "cred")}
    handed = secret_file(tmp_path / "cred" / "zimun_client_secret", "from-systemd\n", 0o444)
    secret_file(tmp_path / "file", "from-file\nsecond line")
    all_ways = [
        'client_secret_file = "file"',
        "client_secret_command = \"printf 'from command'\"",
        'client_secret = "key"',
    ]

    def secret(lines: list[str], env: dict[str, str]) -> str:
        text = with_zimun("\n".join(lines))
        path = tmp_path / "config.toml"
        path.touch(0o600)
        path.chmod(0o600)
        return read(tmp_path, text, env).zimun.client_secret.get_secret_value()

    assert secret(all_ways, env) == "from-systemd"
    handed.unlink()
    assert secret(all_ways, env) == "from-file"
    assert secret(all_ways[1:], env) == "from command"
    assert secret(all_ways[2:], env) == "from-env"
    assert secret(all_ways[2:], BARE) == "key"


def test_the_caldav_password_has_the_same_ways(tmp_path: Path) -> None:
    secret_file(tmp_path / "cred" / "caldav_password", "handed", 0o440)
    env = {**ENV, "CREDENTIALS_DIRECTORY": str(tmp_path / "cred")}
    assert read(tmp_path, SMALL, env).caldav.password.get_secret_value() == "handed"
    text = SMALL.replace('username = "u"', 'username = "u"\npassword_command = "echo pw"')
    assert read(tmp_path, text, {**ENV, "PATH": os.defpath}).caldav.password.get_secret_value() == "pw"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o777])
def test_a_secret_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    secret_file(tmp_path / "file", "geheim", mode)
    problem = only(tmp_path, with_zimun('client_secret_file = "file"'))
    assert problem.startswith("zimun.client_secret_file: ")
    assert "chmod 600" in problem
    assert "geheim" not in problem


def test_what_systemd_hands_over_keeps_its_mode(tmp_path: Path) -> None:
    file = secret_file(tmp_path / "cred" / "other", "handed", 0o444)
    env = {**BARE, "CREDENTIALS_DIRECTORY": str(tmp_path / "cred")}
    config = read(tmp_path, with_zimun(f'client_secret_file = "{file}"'), env)
    assert config.zimun.client_secret.get_secret_value() == "handed"
    assert config.zimun.client_secret_file == file


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602])
def test_a_config_with_a_secret_that_is_open_to_others_is_warned_of(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "config.toml"
    path.touch()
    path.chmod(mode)
    assert read(tmp_path, with_zimun('client_secret = "geheim"'), BARE)
    (warning,) = exposed(path, BARE)
    assert warning.startswith("zimun.client_secret: ")
    assert "chmod 600" in warning
    assert "geheim" not in warning
    path.chmod(0o640)
    assert exposed(path, BARE) == []
    path.chmod(mode)
    assert read(tmp_path, SMALL)
    assert exposed(path, BARE) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"\nx", "is empty"), (b"\xff", "not UTF-8"), (b"a\tb", "control characters")],
)
def test_a_file_without_a_usable_secret_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    secret_file(tmp_path / "file", "").write_bytes(content)
    assert said in only(tmp_path, with_zimun('client_secret_file = "file"'))


def test_a_variable_that_is_no_utf8_is_refused_and_not_shown(tmp_path: Path) -> None:
    for variable, key in {
        "ZIMUN_CLIENT_SECRET": "zimun.client_secret",
        "SYNCD_CALDAV_PASSWORD": "caldav.password",
    }.items():
        # as Python reads the octets g\xe9heim
        problem = only(tmp_path, SMALL, {**ENV, variable: "g\udce9heim"})
        assert problem == f"{key}: ${variable} is not UTF-8 text"


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(0o700)
    cases = {"none": "No such file", "pipe": "not a regular", "folder": "Is a directory", "a\\u0000b": "no valid name"}
    for name, said in cases.items():
        problem = only(tmp_path, with_zimun(f'client_secret_file = "{name}"'))
        assert problem.startswith("zimun.client_secret_file: ")
        assert said in problem


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("sh -c 'echo geheim; exit 3'", "failed with exit status 3"),
        ("sh -c 'kill -9 $$'", "ended by signal 9"),
        ("no-such-program-here geheim", "cannot be run"),
        ("echo 'geheim", "quote"),
        (" ", "is empty"),
        ("true", "its output is empty"),
    ],
)
def test_a_command_that_gives_no_secret_is_named_without_its_output(tmp_path: Path, command: str, said: str) -> None:
    problem = only(tmp_path, with_zimun(f'client_secret_command = "{command}"'), {**ENV, "PATH": os.environ["PATH"]})
    assert problem.startswith("zimun.client_secret_command: ")
    assert said in problem
    assert "geheim" not in problem


@pytest.mark.parametrize(
    ("command", "again"),
    [("false", True), ("sh -c 'kill -9 $$'", True), ("no-such-program-here", False), ("true", True)],
)
def test_a_command_that_fails_is_worth_another_try_and_one_that_is_not_there_is_not(
    tmp_path: Path, command: str, *, again: bool
) -> None:
    text, env = with_zimun(f'client_secret_command = "{command}"'), {**ENV, "PATH": os.environ["PATH"]}
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, env)
    assert isinstance(caught.value, SecretNotGiven) is again
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text.replace("[caldav]", "[caldav]\nother = 1"), env)
    assert not isinstance(caught.value, SecretNotGiven), "another try would not help the rest"
    assert len(caught.value.problems) == 2


def test_a_command_runs_without_a_shell_in_the_configs_folder(tmp_path: Path) -> None:
    secret_file(tmp_path / "tool", '#!/bin/sh\necho "$1"\n', 0o755)
    env = {**BARE, "PATH": os.environ["PATH"]}
    config = read(tmp_path, with_zimun("client_secret_command = './tool $HOME;ls'"), env)
    assert config.zimun.client_secret.get_secret_value() == "$HOME;ls"


def test_a_command_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "COMMAND_SECONDS", 0.2)
    problem = only(tmp_path, with_zimun('client_secret_command = "sleep 60"'), {**ENV, "PATH": os.environ["PATH"]})
    assert "gave no answer" in problem
    with pytest.raises(SecretNotGiven):
        load(tmp_path / "config.toml", {**ENV, "PATH": os.environ["PATH"]})


def test_a_secret_of_the_wrong_type_is_a_fault_of_its_type(tmp_path: Path) -> None:
    text = with_zimun("client_secret = 5\nclient_secret_file = 6\nclient_secret_command = 7")
    problems = faults(tmp_path, text, {**BARE})
    keys = ("client_secret", "client_secret_file", "client_secret_command")
    assert {f"zimun.{key}: must be text in quotes" for key in keys} <= set(problems)


def test_no_secret_at_all_says_where_to_put_one(tmp_path: Path) -> None:
    assert "ZIMUN_CLIENT_SECRET" in only(tmp_path, SMALL, BARE)
    assert "ZIMUN_CLIENT_SECRET" in only(tmp_path, with_zimun('client_secret = ""'), BARE)
