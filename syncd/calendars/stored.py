"""A calendar object as the port gives it: whose it is, and whether it can be read."""

import re
from collections.abc import Callable
from dataclasses import replace

from syncd.calendars import ical
from syncd.domain.errors import Malformed
from syncd.ports import Stored

Make = Callable[[str, str | None, str], Stored]

_STAMPS = re.compile(r"^(?:DTSTAMP|LAST-MODIFIED)(?:;[^:\r\n]*)?:(\S+)", re.IGNORECASE | re.MULTILINE)
_NO_EVENT = re.compile(r"^BEGIN:V(TODO|JOURNAL|FREEBUSY|AVAILABILITY)\s*$", re.IGNORECASE | re.MULTILINE)


def stored(path: str, etag: str | None, data: str) -> Stored:
    """The object at an href. Somebody else's event comes without event and data.

    One that names neither a UID nor a booking of ours is foreign, but unreadable data may once have been ours: then
    `fault` says so, for the caller knows whether it keeps a link to that href.
    """
    ours = ical.is_ours(data)
    if not ours and _NO_EVENT.search(data):
        return Stored(path, etag)
    try:
        event = ical.parse(data)
    except Malformed as exc:
        return Stored(path, etag, data=data if ours else "", fault=str(exc))
    return Stored(path, etag, event, data) if ours else Stored(path, etag)


def strange(path: str, etag: str | None, data: str) -> Stored:
    """Somebody else's event at an href, with all that is in it; anything else comes without event and data."""
    try:
        return Stored(path, etag) if ical.is_ours(data) else Stored(path, etag, ical.parse(data), data)
    except Malformed:
        return Stored(path, etag)


def whole(path: str, etag: str | None, data: str) -> Stored:
    """The object at an href as it stands, whoever's it is."""
    return Stored(path, etag, data=data)


def same_version(data: str, other: str) -> bool:
    """Whether both are the same version of one object, whoever stored it; broken ones are compared letter by letter."""
    try:
        return ical.parse(data).fingerprint == ical.parse(other).fingerprint
    except Malformed:
        return bool(data) and data.splitlines() == other.splitlines()


def says_the_same(data: str, other: str) -> bool:
    """Whether an event of ours says the same in both: what a server or a read adds besides makes it no other."""
    try:
        there, known = ical.parse(data), ical.parse(other)
    except Malformed:
        return same_version(data, other)
    return replace(there, fingerprint="") == replace(known, fingerprint="")


def is_anothers(found: Stored, sent: Stored) -> bool:
    """Whether what was read back after a write is not what the server made of it, but a later write of somebody else.

    So it is where it was moved or marked as cancelled, and bears no stamp of ours: servers that rewrite keep the one or
    the other, and apps renew both.
    """
    there, ours = found.event, sent.event
    if there is None or ours is None:
        return False
    same = there.cancelled == ours.cancelled and (
        there.start == ours.start or (there.start.instant is not None and there.start.instant == ours.start.instant)
    )
    return not same and not set(_STAMPS.findall(found.data)) & set(_STAMPS.findall(sent.data))
