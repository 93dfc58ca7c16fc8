"""Cyrus IMAP's CalDAV server. Debian: cyrus-imapd, cyrus-caldav, sasl2-bin, libsasl2-modules."""

import contextlib
import getpass
import imaplib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.servers import Server
from tests.servers.process import as_user, folder_of, free_port, running

_MASTER = Path("/usr/sbin/cyrmaster")
_PASSWORDS = Path("/usr/sbin/saslpasswd2")

# Autocreation is by the first IMAP login: without an INBOX there are no calendars. Deleting is at once, for a calendar
# that is kept for a while keeps its UIDs.
_IMAPD = """
configdirectory: {folder}/lib
proc_path: {folder}/run/proc
mboxname_lockpath: {folder}/run/lock
lmtpsocket: {folder}/run/lmtp
idlesocket: {folder}/run/idle
notifysocket: {folder}/run/notify
defaultpartition: default
partition-default: {folder}/spool
sievedir: {folder}/sieve
cyrus_user: {user}
unixhierarchysep: yes
virtdomains: no
delete_mode: immediate
httpmodules: caldav
httpallowcompress: no
caldav_allowscheduling: off
caldav_create_default: yes
caldav_create_sched: no
autocreate_quota: 0
autocreate_post: yes
autocreate_users: anyone
allowplaintext: yes
sasl_mech_list: PLAIN LOGIN
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {folder}/sasldb2
servername: localhost
"""
_SERVICES = """
START {{ recover cmd="/usr/sbin/cyrus ctl_cyrusdb -C {conf} -r" }}
SERVICES {{
  imap cmd="imapd -C {conf}" listen="127.0.0.1:{imap}" prefork=0
  http cmd="httpd -C {conf}" listen="127.0.0.1:{http}" prefork=0
}}
"""


def is_installed() -> bool:
    return all(file.exists() for file in (_MASTER, _PASSWORDS, Path("/usr/lib/cyrus/bin/httpd")))


@contextlib.contextmanager
def cyrus(tmp_path: Path) -> Iterator[Server]:
    """Cyrus with one user and the calendar `Default`."""
    imap, http = free_port(), free_port()
    with folder_of("cyrus") as (folder, user):
        conf, services = folder / "imapd.conf", folder / "cyrus.conf"
        conf.write_text(_IMAPD.format(folder=folder, user=user or getpass.getuser()))
        services.write_text(_SERVICES.format(conf=conf, imap=imap, http=http))
        make = ["mkdir", "-p", *(str(folder / name) for name in ("lib", "spool", "run/proc", "run/lock", "sieve"))]
        add = [str(_PASSWORDS), "-p", "-c", "-f", str(folder / "sasldb2"), "-u", "localhost", "u"]
        for command in (make, add):
            subprocess.run(command, input=b"p", check=True, capture_output=True, **as_user(user))
        master = [str(_MASTER), "-C", str(conf), "-M", str(services), "-p", str(folder / "run" / "pid"), "-D"]
        with running(master, http, tmp_path / "cyrus.log", user=user):
            # answered by the child that the first connection starts, once the databases are made
            with imaplib.IMAP4("127.0.0.1", imap, timeout=30) as session:
                session.login("u", "p")
            url = f"http://127.0.0.1:{http}/dav/"
            home = url + "calendars/user/u/"
            yield Server(url, home + "Default/", home, "u", "p", "cyrus")
