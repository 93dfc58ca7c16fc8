"""What docs/servers-and-apps.md says of each server, asked of it past most of syncd's code.

A server of another version that does otherwise fails here: then the document changes, and it is to be seen whether
syncd/calendars/quirks.py meets it.
"""

import http.client
import re
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count
from urllib.parse import urlsplit

import pytest

from syncd.calendars import quirks, wire
from tests.calendars.samples import foreign
from tests.servers import Server, drop_calendar, make_calendar, send
from tests.servers.kinds import KINDS

_NUMBERS = count(1)
ICS = {"Content-Type": "text/calendar; charset=utf-8"}
XML = {"Content-Type": "application/xml; charset=utf-8", "Depth": "0"}
TAKEN = 200


@dataclass(frozen=True, slots=True)
class Habits:
    """Statuses are those of the answer, and TAKEN for all that say that it was done.

    `stored`: what becomes of the order of properties, of a parameter in lower case, and of what RFC 5545 does not
    know. `connection`: the version of HTTP, and whether it stays open.
    """

    wrong_password: int = 401
    tokens: bool = True
    unknown_token: int = 403
    etag: bool = True
    etag_with_attendees: bool = True
    uid_twice: int = TAKEN
    uid_in_two_calendars: int = TAKEN
    empty_property: int = TAKEN
    event_among_tasks: int = TAKEN
    stored: str = "as sent"
    connection: str = "1.1, closed"


HABITS = {
    "radicale": Habits(uid_twice=409, stored="other order and letters", connection="1.0, closed"),
    "xandikos": Habits(
        wrong_password=TAKEN, unknown_token=412, uid_twice=412, event_among_tasks=403, stored="other order and letters",
        connection="1.1, kept",
    ),
    "cyrus": Habits(
        etag_with_attendees=False, uid_twice=403, uid_in_two_calendars=403, empty_property=403, event_among_tasks=403,
        stored="dropped", connection="1.1, kept",
    ),
    "davical": Habits(unknown_token=TAKEN),
    # it has no such REPORT
    "sabredav18": Habits(tokens=False, event_among_tasks=403),
}  # fmt: skip


@pytest.fixture(scope="module", params=list(HABITS))
def server(request: pytest.FixtureRequest, running: Callable[[str], Server]) -> Server:
    return running(request.param)


@pytest.fixture
def calendars(server: Server) -> Iterator[list[str]]:
    """Two for events and one for tasks."""
    kinds = (("VEVENT",), ("VEVENT",), ("VTODO",))
    made = [make_calendar(server, f"habits{next(_NUMBERS)}", components=each) for each in kinds]
    yield made
    for url in made:
        drop_calendar(server, url)


def test_it_does_what_the_table_says(server: Server, calendars: list[str]) -> None:
    assert set(HABITS) == set(KINDS)
    calendar, other, tasks = calendars
    invited = "ORGANIZER:mailto:u@example.org\r\nATTENDEE:mailto:v@example.org\r\n"
    own = send(server, "PROPFIND", calendar, wire.propfind("d:sync-token"), XML)[1]
    found = Habits(
        wrong_password=status(replace(server, password="wrong"), "PROPFIND", calendar, "", XML),
        tokens=re.search("sync-token>[^<]", own) is not None,
        unknown_token=status(server, "REPORT", calendar, wire.sync_collection(quirks.NEVER_GIVEN), XML),
        etag=gives_etag(server, f"{calendar}a.ics", foreign("a")),
        etag_with_attendees=gives_etag(server, f"{calendar}invited.ics", foreign("invited", extra=invited)),
        uid_twice=put(server, f"{calendar}b.ics", foreign("a")),
        uid_in_two_calendars=put(server, f"{other}a.ics", foreign("a")),
        empty_property=put(server, f"{calendar}empty.ics", foreign("empty", extra="X-APP-EMPTY:\r\n")),
        event_among_tasks=put(server, f"{tasks}t.ics", foreign("t")),
        stored=stored(server, f"{calendar}s.ics"),
        connection=connection(server),
    )
    assert found == HABITS[server.name]


def status(server: Server, method: str, url: str, body: str, headers: dict[str, str]) -> int:
    try:
        send(server, method, url, body, headers)
    except urllib.error.HTTPError as error:
        return error.code
    return TAKEN


def put(server: Server, url: str, body: str) -> int:
    return status(server, "PUT", url, body, ICS)


def gives_etag(server: Server, url: str, body: str) -> bool:
    """Whether the answer to a PUT has a strong one."""
    given = send(server, "PUT", url, body, ICS)[0]
    return any(name.lower() == "etag" and quirks.is_strong(value) for name, value in given.items())


def stored(server: Server, url: str) -> str:
    sent = foreign("s", extra="X-PLAIN:1\r\nNEITHER-KNOWN:2\r\nX-OTHER;x-param=y:3\r\n")
    send(server, "PUT", url, sent, ICS)
    got = send(server, "GET", url)[1]
    if got == sent:
        return "as sent"
    same = sorted(got.lower().splitlines()) == sorted(sent.lower().splitlines())
    return "other order and letters" if same else "dropped"


def connection(server: Server) -> str:
    at = urlsplit(server.url)
    with closing(http.client.HTTPConnection(at.hostname or "", at.port)) as made:
        made.request("OPTIONS", "/")
        answer = made.getresponse()
        answer.read()
        return f"{answer.version / 10}, {'closed' if made.sock is None else 'kept'}"
