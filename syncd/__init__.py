"""syncd: two-way sync between Zimun bookings and CalDAV calendars."""

__version__ = "0.1.0"
