"""Real servers, each once a session; each test with calendars of its own, which go with it.

Every story is told on Radicale and Xandikos, and with `SYNCD_EVERY=1` in the environment on all five. Most are about
syncd and not about a server: what a server has a part in is in the contracts (`tests/contracts`), and
`test_every_server.py` tells the main ones in short on all of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from tests.loop.ground import EVERY
from tests.servers import Server, drop_calendar, make_calendar
from tests.servers.kinds import KINDS, PYPI

_NUMBERS = count(1)

_TWICE = "Cyrus takes no UID twice in one account, so an event also comes home under a new one"
_TOKENS = "SabreDAV 1.8 has no sync tokens"
UNLIKE = {
    "test_an_event_on_its_way_to_another_calendar_ends_there_once[cyrus": _TWICE,
    "test_of_two_events_at_two_times_neither_time_is_a_wish[cyrus": _TWICE,
    "test_a_second_event_may_be_on_its_way_and_goes_after_ten_minutes[cyrus": _TWICE,
    "test_a_booking_whose_staff_changed_follows_in_one_piece[cyrus": _TWICE,
    "test_after_a_reschedule_to_other_staff_the_event_follows_and_says_so[cyrus": _TWICE,
    "test_a_config_that_reroutes_two_is_followed[cyrus": _TWICE,
    "test_one_that_reroutes_six_awaits_and_follows_when_approved[cyrus": _TWICE,
    "test_a_transfer_to_another_managed_calendar_is_no_deletion[cyrus": _TWICE,
    "test_a_transfer_with_a_new_time_is_a_move[cyrus": _TWICE,
    "test_a_transfer_to_an_unmanaged_calendar_brings_the_event_back[cyrus": _TWICE,
    "test_a_bookings_event_put_there_was_not_deleted[cyrus": _TWICE,
    "test_a_new_time_is_understood_however_it_is_spelled[cyrus": "Cyrus takes no event without a length",
    "test_fifty_quiet_cycles_write_nothing_and_ask_for_what_changed_only[sabredav18": _TOKENS,
    "test_our_own_write_is_not_fetched_again[sabredav18": _TOKENS,
}
"""What cannot be told so on a server, by a part of the test's name. The fifth of the ten tells of Cyrus' UIDs."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name, why in UNLIKE.items():
            if "tests/loop/" in item.nodeid and name in item.nodeid:
                item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session", params=list(KINDS if EVERY else PYPI))
def server(request: pytest.FixtureRequest, running: Callable[[str], Server]) -> Server:
    return running(request.param)


@pytest.fixture
def new_calendar(server: Server) -> Iterator[Callable[[], str]]:
    """Makes further calendars on the server; their URLs. A search of the account looks into every one that is there."""
    made: list[str] = []

    def make() -> str:
        made.append(make_calendar(server, f"bookings{next(_NUMBERS)}"))
        return made[-1]

    yield make
    for url in made:
        drop_calendar(server, url)


@pytest.fixture
def dav(server: Server, new_calendar: Callable[[], str]) -> Server:
    """The server with an empty calendar."""
    return replace(server, calendar_url=new_calendar())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
