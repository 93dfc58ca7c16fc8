"""What a config gives, and where it and the store are looked for."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from syncd.app import config as config_module
from syncd.app.config import SECTIONS, Config, find, load
from syncd.domain.errors import ConfigError

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.toml"
ENV = {"HOME": "/home/anna", "ZIMUN_CLIENT_SECRET": "s3cret", "SYNCD_CALDAV_PASSWORD": "pa55"}
SMALL = """
[zimun]
client_id = "c"
[caldav]
url = "https://dav.example.org"
username = "u"
[[calendars]]
name = "Bookings"
"""


def read(folder: Path, text: str, env: dict[str, str] = ENV) -> Config:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, env)


def keys_of(text: str) -> dict[str, dict[str, Any]]:
    """The example's keys by section, those behind a "# " too."""
    found: dict[str, dict[str, Any]] = {}
    section = ""
    for line in text.splitlines():
        if header := re.fullmatch(r"\[\[?(\w+)\]\]?", line):
            section = header[1]
            found[section] = {}
        elif re.match(r"(# )?\w+ = ", line):
            key, value = next(iter(tomllib.loads(line.removeprefix("# ")).items()))
            assert key not in found[section], f"{key} stands twice under {section}"
            found[section][key] = value
    return found


def test_the_example_loads_with_secrets_from_the_environment() -> None:
    config = load(EXAMPLE, ENV)
    assert config.zimun.client_secret.get_secret_value() == "s3cret"
    assert config.caldav.password.get_secret_value() == "pa55"
    assert config.calendars[0].url == "https://dav.example.org/frontdesk/bookings/"


def test_the_example_shows_every_key_and_no_other() -> None:
    shown = {section: set(keys) for section, keys in keys_of(EXAMPLE.read_text("utf-8")).items()}
    known = {s: {f.alias or name for name, f in model.model_fields.items()} for s, model in SECTIONS.items()}
    assert shown == known
    assert set(SECTIONS) == set(Config.model_fields)


def test_the_example_shows_the_defaults() -> None:
    examples = {"zimun.client_id", "caldav.url", "caldav.username", "calendars.url", "calendars.name"}
    shown = keys_of(EXAMPLE.read_text("utf-8"))
    active = tomllib.loads(EXAMPLE.read_text("utf-8"))
    compared = 0
    for section, model in SECTIONS.items():
        table = active[section][0] if section == "calendars" else active[section]
        for name, field in model.model_fields.items():
            key = field.alias or name
            if key in table and f"{section}.{key}" not in examples:
                default = list(field.default) if isinstance(field.default, tuple) else field.default
                assert shown[section][key] == ("" if default is None else default), f"{section}.{key}"
                compared += 1
    assert compared > 25


def test_every_line_of_the_example_has_its_comment() -> None:
    explained = False
    for line in EXAMPLE.read_text("utf-8").splitlines():
        if not line or line.startswith("["):
            explained = explained and bool(line)
        elif re.match(r"(# )?\w+ = ", line):
            assert explained, line
        else:
            assert line.startswith("#"), line
            explained = True


def test_a_small_config_gets_the_documented_defaults(tmp_path: Path) -> None:
    config = read(tmp_path, SMALL)
    assert config.zimun.base_url == "https://api.zimun.online"
    assert config.sync.interval_seconds == 60
    assert config.sync.cancel_grace_seconds == 600
    assert config.event.title == "{service} – {contact_name}"
    assert config.event.klass == "PUBLIC"
    assert config.caldav.ca_file is None
    assert config.calendars[0].locations == ()


def test_repr_and_str_hide_secrets(tmp_path: Path) -> None:
    config = read(tmp_path, SMALL)
    assert "s3cret" not in f"{config!r}{config}"
    assert "pa55" not in f"{config!r}{config}"


def test_urls_come_in_one_spelling(tmp_path: Path) -> None:
    text = SMALL.replace("https://dav.example.org", "HTTPS://DAV.Example.org:443/x")
    config = read(tmp_path, text.replace("[zimun]", '[zimun]\nbase_url = "http://[::1]:8080/"'))
    assert config.caldav.url == "https://dav.example.org/x/"
    assert config.zimun.base_url == "http://[::1]:8080"


def test_two_entries_may_name_one_calendar(tmp_path: Path) -> None:
    config = read(tmp_path, SMALL + 'locations = ["a"]\n[[calendars]]\nname = "Bookings"\nfallback = true\n')
    assert [entry.locations for entry in config.calendars] == [("a",), ()]


def test_a_server_without_login_needs_none(tmp_path: Path) -> None:
    config = read(tmp_path, SMALL.replace('username = "u"', ""), {"HOME": "/h", "ZIMUN_CLIENT_SECRET": "s"})
    assert config.caldav.username == ""
    assert config.caldav.password.get_secret_value() == ""


def test_the_client_id_and_the_secret_come_from_the_same_place(tmp_path: Path) -> None:
    assert read(tmp_path, SMALL, {**ENV, "ZIMUN_CLIENT_ID": "from-env"}).zimun.client_id == "from-env"
    assert read(tmp_path, SMALL.replace('client_id = "c"', ""), {**ENV, "ZIMUN_CLIENT_ID": "e"}).zimun.client_id == "e"


@pytest.mark.parametrize(
    ("env", "place"),
    [
        ({"STATE_DIRECTORY": "/var/lib/syncd", "XDG_STATE_HOME": "/x"}, "/var/lib/syncd/state.db"),
        ({"STATE_DIRECTORY": "/var/lib/syncd:/var/lib/more"}, "/var/lib/syncd/state.db"),
        ({"XDG_STATE_HOME": "/x"}, "/x/syncd/state.db"),
        ({"XDG_STATE_HOME": "relative"}, "/home/anna/.local/state/syncd/state.db"),
        ({}, "/home/anna/.local/state/syncd/state.db"),
    ],
)
def test_the_store_is_where_state_belongs(tmp_path: Path, env: dict[str, str], place: str) -> None:
    assert read(tmp_path, SMALL, {**ENV, **env}).state.path == Path(place)


@pytest.mark.parametrize(
    ("given", "place"), [("my.db", "{folder}/my.db"), ("/abs/my.db", "/abs/my.db"), ("~/my.db", "/home/anna/my.db")]
)
def test_relative_paths_start_at_the_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "config.toml").write_text(f'{SMALL}[state]\npath = "{given}"\n', "utf-8")
    config = load(Path("sub/config.toml"), {**ENV, "STATE_DIRECTORY": "/elsewhere"})
    assert config.state.path == Path(place.format(folder=tmp_path / "sub"))


def test_the_users_own_config_comes_before_the_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system, own = tmp_path / "etc.toml", tmp_path / "xdg" / "syncd" / "config.toml"
    monkeypatch.setattr(config_module, "SYSTEM_CONFIG", system)
    env = {**ENV, "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    with pytest.raises(ConfigError) as fault:
        load(None, env)
    assert str(system) in fault.value.problems[0]
    assert str(own) in fault.value.problems[0]
    system.write_text(SMALL, "utf-8")
    assert find(env) == system
    own.parent.mkdir(parents=True)
    own.write_text(SMALL.replace('"c"', '"mine"'), "utf-8")
    assert load(None, env).zimun.client_id == "mine"


def test_a_byte_order_mark_and_crlf_are_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert load(path, ENV).zimun.client_id == "c"
