"""Real CalDAV servers on loopback: started as subprocesses, in a folder of their own, and ended.

Radicale and Xandikos come with `pip` and are always there. The others are Debian packages; `kinds` has all five.
"""

import base64
import contextlib
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin
from xml.sax.saxutils import escape

from tests.servers.process import free_port, running

__all__ = ["Server", "drop_calendar", "free_port", "make_calendar", "radicale", "send", "xandikos"]


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `home_url` is where further calendars can be made, `calendar_url` one that is there already."""

    url: str
    calendar_url: str
    home_url: str
    username: str
    password: str
    name: str


@contextlib.contextmanager
def radicale(tmp_path: Path, rights: str = "") -> Iterator[Server]:
    """Radicale with one user by htpasswd, and one calendar named `cal`.

    `rights`: who may do what, as Radicale's rights file has it; then there is a second user, `owner`.
    """
    home = tmp_path / "radicale" / "collection-root" / "u"
    calendar = home / "cal"
    calendar.mkdir(parents=True)
    props = {"tag": "VCALENDAR", "D:displayname": "cal", "C:supported-calendar-component-set": "VEVENT"}
    (calendar / ".Radicale.props").write_text(json.dumps(props))
    users = tmp_path / "radicale-users"
    users.write_text("u:p\nowner:p\n" if rights else "u:p\n")
    port = free_port()
    command = [sys.executable, "-m", "radicale", "--config", "", f"--server-hosts=127.0.0.1:{port}"]
    command += ["--auth-type=htpasswd", f"--auth-htpasswd-filename={users}", "--auth-htpasswd-encryption=plain"]
    command += [f"--storage-filesystem-folder={tmp_path / 'radicale'}", "--logging-level=warning"]
    if rights:
        (tmp_path / "radicale-rights").write_text(rights)
        command += ["--rights-type=from_file", f"--rights-file={tmp_path / 'radicale-rights'}"]
    with running(command, port, tmp_path / "radicale.log"):
        url = f"http://127.0.0.1:{port}/"
        yield Server(url, url + "u/cal/", url + "u/", "u", "p", "radicale")


@contextlib.contextmanager
def xandikos(tmp_path: Path) -> Iterator[Server]:
    """Xandikos without a login, for its own needs TLS; it takes any credentials."""
    port = free_port()
    command = [sys.executable, "-m", "xandikos", "serve", "-d", str(tmp_path / "xandikos"), "--defaults"]
    command += ["--current-user-principal", "/u/", "--state-dir", str(tmp_path / "xandikos-state")]
    command += ["--no-detect-systemd", "-l", "127.0.0.1", "-p", str(port)]
    with running(command, port, tmp_path / "xandikos.log"):
        url = f"http://127.0.0.1:{port}/"
        yield Server(url, url + "u/calendars/calendar/", url + "u/calendars/", "u", "p", "xandikos")


def make_calendar(server: Server, name: str, displayname: str = "", components: tuple[str, ...] = ("VEVENT",)) -> str:
    """A further calendar by MKCALENDAR (RFC 4791 §5.3.1); its URL."""
    url = urljoin(server.home_url, f"{name}/")
    comps = "".join(f'<c:comp name="{component}"/>' for component in components)
    body = (
        '<?xml version="1.0" encoding="utf-8"?><c:mkcalendar xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">'
        f"<d:set><d:prop><d:displayname>{escape(displayname or name)}</d:displayname>"
        f"<c:supported-calendar-component-set>{comps}</c:supported-calendar-component-set></d:prop></d:set></c:mkcalendar>"
    )
    send(server, "MKCALENDAR", url, body, {"Content-Type": "application/xml; charset=utf-8"})
    return url


def drop_calendar(server: Server, url: str) -> None:
    """Delete a calendar; quiet where it is gone."""
    try:
        send(server, "DELETE", url)
    except urllib.error.HTTPError as error:
        # Cyrus deletes it and answers 404
        if error.code != 404:
            raise


def send(
    server: Server, method: str, url: str, body: str = "", headers: dict[str, str] | None = None
) -> tuple[dict[str, str], str]:
    """One request past all of our code, as another client would send it: the answer's headers and body.

    Raises urllib.error.HTTPError for 4xx and 5xx.
    """
    token = base64.b64encode(f"{server.username}:{server.password}".encode()).decode()
    request = urllib.request.Request(url, data=body.encode() or None, method=method, headers=headers or {})
    request.add_header("Authorization", f"Basic {token}")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return dict(answer.headers.items()), answer.read().decode()
