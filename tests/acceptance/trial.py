"""One trial of syncd's command line between the second API and a real calendar server, in real time."""

import os
import re
import urllib.error
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree

from tests.acceptance.api import CLIENT_ID, CLIENT_SECRET, Api
from tests.acceptance.salon import BERLIN
from tests.acceptance.stable import Stable
from tests.servers import Server, send

LISTING = '<?xml version="1.0"?><d:propfind xmlns:d="DAV:"><d:prop><d:getetag/></d:prop></d:propfind>'
DAV = "{DAV:}"


@dataclass(frozen=True)
class Run:
    """What came of one command."""

    code: int
    out: str
    err: str


@dataclass
class Trial:
    """The API, the calendar as another client sees it, and the command line."""

    api: Api
    server: Server
    calendar_url: str
    folder: Path
    stable: Stable
    options: dict[str, dict[str, object]] = field(default_factory=dict)
    caldav_url: str = ""
    synced_url: str = ""
    calendar_name: str = ""
    password: str = "p"

    def config(self) -> Path:
        """The config file as the trial stands now."""
        which = (
            f'name = "{self.calendar_name}"'
            if self.calendar_name
            else f'url = "{self.synced_url or self.calendar_url}"'
        )
        text = (
            f'[zimun]\nbase_url = "{self.api.url}"\nclient_id = "{CLIENT_ID}"\n'
            f'[caldav]\nurl = "{self.caldav_url or self.server.url}"\nusername = "{self.server.username}"\n'
            f'[[calendars]]\n{which}\n[state]\npath = "state.db"\n'
        )
        for section, keys in self.options.items():
            text += f"[{section}]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in keys.items())
        path = self.folder / "config.toml"
        path.write_text(text)
        return path

    def run(self, *arguments: str, secret: str = CLIENT_SECRET) -> Run:
        """One command of syncd, as a shell would run it."""
        env = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "TMPDIR", "VIRTUAL_ENV")}
        env |= {"HOME": str(self.folder), "ZIMUN_CLIENT_SECRET": secret, "SYNCD_CALDAV_PASSWORD": self.password}
        code, out, err = self.stable.run([*arguments, "--config", str(self.config())], env, self.folder)
        assert "Traceback" not in err, err
        return Run(code, out, err)

    def sync(self, code: int = 0) -> Run:
        """One cycle, which ends with that exit code."""
        done = self.run("sync")
        assert done.code == code, f"exit {done.code}, not {code}\n{done.out}\n{done.err}"
        return done

    def etags(self) -> dict[str, str]:
        """Every object of the calendar by its name, with its ETag."""
        _, body = send(
            self.server,
            "PROPFIND",
            self.calendar_url,
            LISTING,
            {"Depth": "1", "Content-Type": "text/xml; charset=utf-8"},
        )
        found = {}
        for response in ElementTree.fromstring(body).iter(f"{DAV}response"):
            path = unquote(urlsplit(response.findtext(f"{DAV}href") or "").path)
            if not path.endswith("/"):
                found[path.rsplit("/", 1)[1]] = response.findtext(f".//{DAV}getetag") or ""
        return found

    def get(self, name: str) -> str:
        """One object, its lines unfolded."""
        _, body = send(self.server, "GET", urljoin(self.calendar_url, name))
        return re.sub(r"\r?\n[ \t]", "", body).replace("\r\n", "\n")

    def put(self, name: str, text: str) -> None:
        """Write an object as a calendar app does: only over the version that was last seen."""
        headers = {"Content-Type": "text/calendar; charset=utf-8"}
        etag = self.etags().get(name)
        headers |= {"If-Match": etag} if etag else {"If-None-Match": "*"}
        send(self.server, "PUT", urljoin(self.calendar_url, name), text.replace("\n", "\r\n"), headers)

    def delete(self, name: str) -> None:
        send(self.server, "DELETE", urljoin(self.calendar_url, name))

    def drag(self, name: str, start: datetime) -> None:
        """Move an event, its length kept, as Thunderbird does."""
        text = self.get(name)
        by = start - start_of(text)
        for key in ("DTSTART", "DTEND"):
            text = re.sub(rf"(?m)^({key}[^:\n]*):(\d{{8}}T\d{{6}})", lambda m: f"{m[1]}:{_shifted(m[2], by)}", text)
        self.put(name, text)

    def gone(self, name: str) -> bool:
        try:
            self.get(name)
        except urllib.error.HTTPError as error:
            return error.code in (404, 410)
        return False


def day(ahead: int, hour: int, minute: int = 0) -> datetime:
    """A time of the salon's wall clock, so many days from today."""
    return datetime.combine(datetime.now(BERLIN).date() + timedelta(days=ahead), time(hour, minute), BERLIN)


def value(text: str, key: str) -> str:
    """The first value of that property in the VEVENT, unescaped."""
    event = text[text.index("BEGIN:VEVENT") :]
    found = re.search(rf"(?m)^{key}(?:;[^:\n]*)?:(.*)$", event)
    assert found, f"no {key} in\n{text}"
    return re.sub(r"\\([nN;,\\])", lambda m: "\n" if m[1] in "nN" else m[1], found[1])


def start_of(text: str) -> datetime:
    raw = value(text, "DTSTART")
    moment = datetime.strptime(raw.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - the zone follows
    return moment.replace(tzinfo=UTC if raw.endswith("Z") else BERLIN)


def _shifted(raw: str, by: timedelta) -> str:
    return (datetime.strptime(raw, "%Y%m%dT%H%M%S") + by).strftime("%Y%m%dT%H%M%S")  # noqa: DTZ007


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | int) else f'"{value}"'
