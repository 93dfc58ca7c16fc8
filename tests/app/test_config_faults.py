"""Every fault in a config is named, all at once, each with its key, none with a value."""

import os
from pathlib import Path

import pytest

from syncd.app.config import load
from syncd.domain.errors import ConfigError

from .test_config import ENV, SMALL, read


def faults(folder: Path, text: str, env: dict[str, str] = ENV) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read(folder, text, env)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value.problems


def only(folder: Path, text: str, env: dict[str, str] = ENV) -> str:
    problems = faults(folder, text, env)
    assert len(problems) == 1, problems
    return problems[0]


BROKEN = """
intervall = 3
[zimun]
base_url = "http://geheim:geheim@h/"
client_id = ["geheim"]
[caldav]
url = "http://192.168.1.1/geheim"
ca_file = "geheim.pem"
timeout = 5
[[calendars]]
locations = "geheim"
fallback = true
[[calendars]]
url = "https://geheim.example/"
name = "geheim"
fallback = true
staff = ["ok", 5]
[availability]
days_ahead = 99
[event]
language = "geheim"
title = "{service.__class__.geheim}"
[sync]
interval_secconds = 5
interval_seconds = "geheim"
max_moves = true
level = "geheim"
past_days = 1.0
[state]
history_days = 0
[log]
level = "geheim"
[zimum]
"""
NAMED = """
intervall zimun.base_url zimun.client_id caldav.url caldav.ca_file caldav.timeout
calendars[0].locations calendars[0].url calendars[1].url calendars[1].fallback calendars[1].staff[1]
availability.days_ahead event.language event.title sync.interval_secconds sync.interval_seconds
sync.max_moves sync.level sync.past_days state.history_days log.level zimum zimun.client_secret
"""


def test_all_faults_come_at_once_each_with_its_key_and_no_value(tmp_path: Path) -> None:
    problems = faults(tmp_path, BROKEN, {"HOME": "/h"})
    assert sorted(problem.split(": ")[0] for problem in problems) == sorted(NAMED.split())
    assert "geheim" not in "".join(problems).replace("caldav.ca_file: cannot be read", "")


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("[sync]\nintervall_seconds = 5", "did you mean interval_seconds?"),
        ("[sync]\nlevel = 5", "belongs under [log]"),
        ("[sync]\nfallbak = 5", "did you mean fallback, under [[calendars]]?"),
        ("[loog]", "did you mean log?"),
        ("[event]\nklass = 'PUBLIC'", "did you mean class?"),
        ("[log]\nzzzzzz = 5", "Known here: format, level"),
        ('[log]\n"a\\u001b\\nb" = 5', "unknown key"),
    ],
)
def test_an_unknown_key_gets_a_suggestion(tmp_path: Path, key: str, hint: str) -> None:
    problem = only(tmp_path, f"{SMALL}\n{key}\n")
    assert hint in problem
    assert problem.isprintable()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[zimun]\nclient_id = c", "line 2, column 13"),
        ("[zimun\n", "line 1"),
        ("a = 1\na = 2", "Cannot overwrite"),
        ("a = " + "[" * 5000, "config.toml: "),
        ("a = " + "9" * 5000, "config.toml: "),
        ("#" * 1_000_001, "larger than"),
    ],
)
def test_what_is_no_toml_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    problem = only(tmp_path, text)
    assert str(tmp_path / "config.toml") in problem
    assert said in problem


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory"), (Path("a\0b"), "cannot be")):
        with pytest.raises(ConfigError) as caught:
            load(path, ENV)
        assert said in caught.value.problems[0]
    (tmp_path / "latin").write_bytes(b"[zimun]\nclient_id = '\xe4'")
    with pytest.raises(ConfigError, match=r"not UTF-8 text \(line 2\)"):
        load(tmp_path / "latin", ENV)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_closed_to_us_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").touch(0)
    with pytest.raises(ConfigError, match="Permission denied"):
        load(tmp_path / "config.toml", ENV)


def test_an_empty_file_names_what_is_missing(tmp_path: Path) -> None:
    problems = faults(tmp_path, "", {})
    keys = {problem.split(": ")[0] for problem in problems}
    assert keys == {"zimun.client_id", "zimun.client_secret", "caldav.url", "calendars", "state.path"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            SMALL.replace("[[calendars]]", "[calendars]"),
            "calendars: must be tables of their own",
        ),
        (SMALL.replace("[caldav]", "[[caldav]]"), "caldav: must be a table: write [caldav]"),
        ("log = 'x'\n" + SMALL, "log: must be a table"),
        ("sync = []\n" + SMALL, "sync: must be a table"),
        ("calendars = []\n" + SMALL.split("[[", maxsplit=1)[0], "calendars: empty; add a [[calendars]] entry"),
        ("calendars = [5]\n" + SMALL.split("[[", maxsplit=1)[0], "calendars[0]: must be tables"),
    ],
)
def test_a_table_of_the_wrong_shape_says_which_is_right(tmp_path: Path, text: str, said: str) -> None:
    assert said in only(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (SMALL.replace('"c"', '""'), "zimun.client_id"),
        (SMALL + '[event]\ntitle = ""\n', "event.title"),
        *((f'{SMALL}{key} = ["a", ""]\n', f"calendars[0].{key}[1]") for key in ("locations", "services", "staff")),
    ],
)
def test_what_must_not_be_empty_says_so(tmp_path: Path, text: str, key: str) -> None:
    assert only(tmp_path, text) == f"{key}: must not be empty"


@pytest.mark.parametrize(
    "url",
    [
        "http://dav.example.org/",
        "http://10.0.0.1/",
        "http://127.0.0.1.example.org/",
        "http://localhost.example.org/",
        "http://127.0.0.1@example.org/",
        "http://127.0.0.1\\\\@example.org/",
        "http://0.0.0.0/",
        "http://127.1/",
        "https://u:p@dav.example.org/",
        "https://u@dav.example.org/",
        "https://dav.example.org/?a=b",
        "https://dav.example.org/#a",
        "https://dav.example.org/?",
        "https://dav.example.org:99999/",
        "https://dav.example.org:0/",
        "https://dav.exa mple.org/",
        "https://dav.example.org/\\n",
        "https://[::1",
        "https://[oops]/",
        "https:///path",
        "https:dav.example.org",
        "dav.example.org",
        "ftp://dav.example.org/",
        "file:///etc/passwd",
    ],
)
def test_a_url_that_could_spill_a_password_is_refused(tmp_path: Path, url: str) -> None:
    assert only(tmp_path, SMALL.replace("https://dav.example.org", url)).startswith("caldav.url: ")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:5232/", "http://127.9.9.9/", "http://[::1]:1/", "http://localhost/a@b/"]
)
def test_loopback_may_go_without_tls(tmp_path: Path, url: str) -> None:
    assert read(tmp_path, SMALL.replace("https://dav.example.org", url)).caldav.url == url


@pytest.mark.parametrize(
    "template",
    [
        *("", "⚠ {service}", "{service", "service}", "{}", "{0}", "{email}", "a\\nb"),
        *("{service.real}", "{service[0]}", "{service!r}", "{service:>9}", "{service:{staff}}"),
    ],
)
def test_a_title_holds_known_placeholders_only(tmp_path: Path, template: str) -> None:
    assert only(tmp_path, f'{SMALL}[event]\ntitle = "{template}"\n').startswith("event.title: ")


def test_a_title_may_hold_braces_of_its_own(tmp_path: Path) -> None:
    title = read(tmp_path, f'{SMALL}[event]\ntitle = "{{{{x}}}} {{staff}} {{booking_id}}"\n').event.title
    assert title.format(service="", contact_name="", location="", staff="Eva", booking_id="b_1") == "{x} Eva b_1"


def test_a_calendar_elsewhere_needs_a_login_of_its_own(tmp_path: Path) -> None:
    other = '[[calendars]]\nurl = "https://other.example.org/c/"\n'
    assert only(tmp_path, SMALL + other).startswith("calendars[1].username: missing")
    assert only(tmp_path, SMALL + other + 'username = "a"').startswith("calendars[1].password: missing")
    (tmp_path / "pw").touch(0o600)
    (tmp_path / "pw").write_text("own\n")
    calendar = read(tmp_path, SMALL + other + 'username = "a"\npassword_file = "pw"').calendars[1]
    assert calendar.password.get_secret_value() == "own"


def test_other_ports_and_schemes_are_another_server(tmp_path: Path) -> None:
    for url in ("https://dav.example.org:8443/c/", "http://127.0.0.1/c/"):
        assert "calendars[1].username" in only(tmp_path, f'{SMALL}[[calendars]]\nurl = "{url}"\n')
    assert read(tmp_path, SMALL + '[[calendars]]\nurl = "https://DAV.example.org:443/c"\n')


def test_open_slots_go_to_the_account_only(tmp_path: Path) -> None:
    text = SMALL + '[availability]\ncalendar_url = "https://other.example.org/c/"\n'
    assert only(tmp_path, text).startswith("availability.calendar_url: ")


def test_half_a_login_is_named(tmp_path: Path) -> None:
    no_password = {"HOME": "/h", "ZIMUN_CLIENT_SECRET": "s"}
    assert only(tmp_path, SMALL, no_password).startswith("caldav.password: missing")
    assert only(tmp_path, SMALL.replace('username = "u"', "")).startswith("caldav.username: missing")
    assert only(tmp_path, SMALL.replace('"u"', '"u:v"')).startswith("caldav.username: must not hold a colon")


def test_certificates_are_looked_at_now_not_later(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    text = SMALL.replace("[caldav]", '[caldav]\nca_file = "ca.pem"')
    assert only(tmp_path, text) == "caldav.ca_file: holds no certificate in PEM form"
    (tmp_path / "ca.pem").unlink()
    assert "No such file" in only(tmp_path, text)


def test_the_store_cannot_be_a_directory(tmp_path: Path) -> None:
    assert only(tmp_path, f'{SMALL}[state]\npath = "."\n').startswith("state.path: is a directory")


@pytest.mark.parametrize("spelling", ["https://dav.example.org/u/bookings", "https://DAV.example.org:443/u/bookings/"])
def test_open_slots_need_a_calendar_of_their_own(tmp_path: Path, spelling: str) -> None:
    text = f"""
[zimun]
base_url = "https://api.example.org"
client_id = "salon"
client_secret = "s"
[caldav]
url = "https://dav.example.org/"
username = "u"
password = "p"
[[calendars]]
name = "Anna"
[[calendars]]
url = "https://dav.example.org/u/bookings/"
[availability]
calendar_url = "{spelling}"
"""
    told = only(tmp_path, text)
    assert told == "availability.calendar_url: calendars[1] holds bookings; open slots need a calendar of their own"
    read(tmp_path, text.replace(f'calendar_url = "{spelling}"', 'calendar_url = "https://dav.example.org/u/slots/"'))
