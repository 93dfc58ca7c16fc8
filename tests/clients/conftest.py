"""The servers of tests/loop."""

from tests.loop.conftest import dav, folder, new_calendar, server

__all__ = ["dav", "folder", "new_calendar", "server"]
