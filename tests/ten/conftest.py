"""The servers of tests/loop: whatever is added there is tried here too."""

import pytest

from tests.loop.conftest import dav, folder, new_calendar, server

__all__ = ["dav", "folder", "new_calendar", "server"]

KNOWN = {
    "[radicale-rules of another name]": "now and then Radicale keeps rules of its own for the TZID that has none",
    "test_there_and_back_and_there_again[": "an event put into another managed calendar is brought home each time, "
    "however often within the hour",
    "another body at each look, no ETag]": "without ETags a write needs the body to stay as it was read",
}
"""What syncd cannot do yet, by the end of the test's name."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name, why in KNOWN.items():
            if "tests/ten/" in item.nodeid and name in item.nodeid:
                item.add_marker(pytest.mark.xfail(reason=why, strict="now and then" not in why))
