"""Calendars over CalDAV and iCalendar.

Reading order: hrefs, wire, bodies, session, transport, quirks, stored, dav, discovery, account; ical and zones beside
them.
"""
