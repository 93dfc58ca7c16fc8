"""SabreDAV 1.8 on PHP's own web server. Debian: php-cli, php-sqlite3, php-xml, php-mbstring, php-sabre-dav.

It is of 2015 and has no sync-collection: it stands for all old servers.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tests.servers import Server, php
from tests.servers.process import free_port, running

_TABLES = Path("/usr/share/doc/php-sabre-dav/examples/sql")


def is_installed() -> bool:
    files = (Path("/usr/share/php/Sabre/autoload.php"), _TABLES / "sqlite.calendars.sql")
    return {"pdo_sqlite", "dom", "mbstring"} <= php.modules() and all(file.exists() for file in files)


@contextlib.contextmanager
def sabredav(tmp_path: Path) -> Iterator[Server]:
    """SabreDAV with one user, and one calendar named `cal`."""
    folder = tmp_path / "sabredav"
    folder.mkdir()
    with contextlib.closing(sqlite3.connect(folder / "db.sqlite")) as db:
        for name in ("calendars", "principals"):
            db.executescript((_TABLES / f"sqlite.{name}.sql").read_text())
        db.execute("DELETE FROM principals")
        db.execute("INSERT INTO principals (uri, email, displayname) VALUES ('principals/u', 'u@example.org', 'u')")
        db.execute(
            "INSERT INTO calendars (principaluri, displayname, uri, ctag, components, transparent)"
            " VALUES ('principals/u', 'cal', 'cal', 1, 'VEVENT', 0)"
        )
        db.commit()
    port = free_port()
    command, env = php.serving(Path(__file__).with_name("sabredav.php"), port, SABREDAV_DB=str(folder / "db.sqlite"))
    with running(command, port, folder / "log", env=env):
        url = f"http://127.0.0.1:{port}/"
        yield Server(url, url + "calendars/u/cal/", url + "calendars/u/", "u", "p", "sabredav18")
