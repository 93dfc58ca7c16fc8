"""Calendars over CalDAV and iCalendar.

Reading order: hrefs, wire, session, transport, quirks, stored, dav, discovery, account; ical and zones beside them.
"""
