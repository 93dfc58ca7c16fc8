"""The servers of tests/loop: whatever is added there is tried here too."""

from tests.loop.conftest import dav, folder, new_calendar, server

__all__ = ["dav", "folder", "new_calendar", "server"]
