"""DAViCal on PHP's own web server, with a PostgreSQL of its own.

Debian: davical, libdbd-pg-perl, libyaml-perl, postgresql, php-cli, php-pgsql, php-xml, php-curl.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.servers import Server, php
from tests.servers.process import as_user, folder_of, free_port, running

# the newest that is installed
_POSTGRES = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: int(found.parent.name), default=Path())
_SHARE = Path("/usr/share/davical")
_AWL = Path("/usr/share/awl/inc")
# nothing has to outlive a crash
_SETTINGS = "-c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off"
_WHO = """
INSERT INTO usr (active, username, password, fullname, email, joined)
  VALUES (true, 'u', '**p', 'u', 'u@example.org', now());
INSERT INTO principal (type_id, user_no, displayname, default_privileges)
  SELECT 1, user_no, 'u', 0::bit(24) FROM usr WHERE username = 'u';
INSERT INTO collection (user_no, parent_container, dav_name, dav_etag, dav_displayname, is_calendar, created, modified,
    resourcetypes)
  SELECT user_no, '/u/', '/u/cal/', 'x', 'cal', true, now(), now(),
    '<DAV::collection/><urn:ietf:params:xml:ns:caldav:calendar/>' FROM usr WHERE username = 'u';
"""
_CONFIG = """<?php
$c->domain_name = $_SERVER['SERVER_NAME'] = '127.0.0.1';
$c->pg_connect[] = 'host={sock} dbname=davical user=davical_app';
$c->system_name = 'tests';
$c->admin_email = 'a@example.org';
$c->enable_auto_schedule = false;
"""


def is_installed() -> bool:
    files = (_SHARE / "htdocs" / "caldav.php", _AWL / "AWLUtilities.php", _POSTGRES / "initdb")
    if not {"pdo_pgsql", "dom", "curl"} <= php.modules() or not all(file.exists() for file in files):
        return False
    return subprocess.run(["perl", "-MDBD::Pg", "-MYAML", "-e1"], capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def davical(tmp_path: Path) -> Iterator[Server]:
    """DAViCal with one user, and one calendar named `cal`."""
    port = free_port()
    with _database() as sock:
        config = tmp_path / "davical-conf.php"
        config.write_text(_CONFIG.format(sock=sock))
        command, env = php.serving(
            Path(__file__).with_name("davical.php"), port, f"{_SHARE}/inc:{_AWL}:.",
            DAVICAL_CONFIG=str(config), DAVICAL_SHARE=str(_SHARE),
        )  # fmt: skip
        with running(command, port, tmp_path / "davical.log", env=env):
            url = f"http://127.0.0.1:{port}/caldav.php/"
            yield Server(url, url + "u/cal/", url + "u/", "u", "p", "davical")


@contextlib.contextmanager
def _database() -> Iterator[Path]:
    """A cluster with DAViCal's tables; the folder of its socket."""
    with folder_of("postgres") as (folder, user):
        env = {**os.environ, "PGHOST": str(folder), "PGUSER": "postgres", "HOME": str(folder), "TMPDIR": str(folder)}

        def run(*command: str | Path, text: str = "") -> None:
            done = subprocess.run(
                command, env=env, input=text, cwd=folder, capture_output=True, text=True, check=False, **as_user(user)
            )
            if done.returncode:
                raise RuntimeError(f"{command[0]} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")

        cluster = ("-D", folder / "data", "-s")
        run(_POSTGRES / "initdb", "-D", folder / "data", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
        try:
            run(_POSTGRES / "pg_ctl", "start", "-w", *cluster, "-l", folder / "log", "-o", f"-k {folder} {_SETTINGS}")
            run("bash", _SHARE / "dba" / "create-database.sh", "davical", "admin")
            run("psql", "-q", "-v", "ON_ERROR_STOP=1", "davical", text=_WHO)
            yield folder
        finally:
            # it may run also where its start failed: as one that took too long
            if (folder / "data" / "postmaster.pid").exists():
                run(_POSTGRES / "pg_ctl", "stop", "-w", *cluster, "-m", "immediate")
