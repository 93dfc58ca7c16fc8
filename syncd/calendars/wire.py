"""WebDAV bodies: the requests that are sent, and multistatus answers as plain values (RFC 4918 §13, §14). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from syncd.calendars.hrefs import path_of
from syncd.domain.errors import Unavailable

_DAV = "{DAV:}"
_CALDAV = "{urn:ietf:params:xml:ns:caldav}"
GETETAG = _DAV + "getetag"
RESOURCETYPE = _DAV + "resourcetype"
SYNC_TOKEN = _DAV + "sync-token"
DISPLAYNAME = _DAV + "displayname"
PRIVILEGES = _DAV + "current-user-privilege-set"
PRINCIPAL = _DAV + "current-user-principal"
HOME_SET = _CALDAV + "calendar-home-set"
COMPONENTS = _CALDAV + "supported-calendar-component-set"
CALENDAR_DATA = _CALDAV + "calendar-data"
COLLECTION = _DAV + "collection"
CALENDAR = _CALDAV + "calendar"
TRUNCATED = 507

# Xandikos and Cyrus answer 415 to a PROPFIND without it.
XML_TYPE = {"Content-Type": 'application/xml; charset="utf-8"'}
_HEAD = '<?xml version="1.0" encoding="utf-8"?>'
_SPACES = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'
_OBJECT_PROPS = "<d:prop><d:getetag/><c:calendar-data/></d:prop>"


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource of a multistatus. `path` is normal, or None where it is none of this server's.

    `status` is the resource's own status, None where only properties are given. `props` holds the properties that were
    found (a propstat of 2xx), as lxml elements; `missing` names those that are not there (404), and `broken` those that
    the server has, or may have, and did not give (any other propstat).
    """

    path: str | None
    status: int | None
    props: Mapping[str, Any]
    missing: frozenset[str]
    broken: frozenset[str]

    @property
    def gone(self) -> bool:
        return self.status in (404, 410)

    @property
    def bare(self) -> bool:
        """Whether there is nothing of it but its name: no status, and a 404 for each of its properties."""
        return self.status is None and bool(self.missing) and not self.props and not self.broken

    @property
    def failed(self) -> bool:
        return self.status is not None and self.status >= 300

    @property
    def etag(self) -> str | None:
        """The server's ETag as sent, quotes included; None where it gave none."""
        return self.text(GETETAG) or None

    @property
    def data(self) -> str | None:
        element = self.props.get(CALENDAR_DATA)
        return None if element is None else element.text or None

    @property
    def is_collection(self) -> bool:
        return COLLECTION in self.children(RESOURCETYPE)

    def text(self, prop: str) -> str:
        element = self.props.get(prop)
        return "" if element is None else (element.text or "").strip()

    def children(self, prop: str) -> frozenset[str]:
        """The names of all elements inside a property."""
        element = self.props.get(prop)
        if element is None:
            return frozenset()
        return frozenset(child.tag for child in element.iter() if child is not element and isinstance(child.tag, str))

    def hrefs(self, prop: str) -> tuple[str, ...]:
        """The hrefs inside a property, as sent."""
        element = self.props.get(prop)
        if element is None:
            return ()
        return tuple((href.text or "").strip() for href in element.iter(_DAV + "href"))

    def names(self, prop: str) -> tuple[str, ...]:
        """The `name` attributes inside a property, in upper case."""
        element = self.props.get(prop)
        return (
            () if element is None else tuple(child.get("name", "").upper() for child in element.iter(_CALDAV + "comp"))
        )


@dataclass(frozen=True, slots=True)
class Multistatus:
    """A whole multistatus. `truncated`: the server says by a 507 that there is more (RFC 6578 §3.6)."""

    entries: tuple[Entry, ...]
    sync_token: str

    @property
    def truncated(self) -> bool:
        return any(entry.status == TRUNCATED for entry in self.entries)

    def of(self, path: str) -> Entry | None:
        """The entry of that resource; a missing closing slash is forgiven."""
        wanted = path.rstrip("/")
        return next((entry for entry in self.entries if entry.path and entry.path.rstrip("/") == wanted), None)


def multistatus(tree: Any, origin: str) -> Multistatus:
    """Read the parsed body of a 207. Raises Unavailable for anything but one well-formed multistatus.

    A document type is refused: no server needs one, and entities are how XML is turned against its reader.
    """
    if tree is None or tree.tag != _DAV + "multistatus":
        raise Unavailable("the calendar server's answer is no multistatus")
    if tree.getroottree().docinfo.doctype:
        raise Unavailable("the calendar server's answer has a document type: refused")
    entries: list[Entry] = []
    for response in tree.iterfind(_DAV + "response"):
        status = _status(response.find(_DAV + "status"))
        props, missing, broken = _properties(response.iterfind(_DAV + "propstat"))
        # RFC 4918 §14.24: several hrefs may share one status
        entries.extend(
            Entry(path_of(href.text or "", origin), status, props, missing, broken)
            for href in response.iterfind(_DAV + "href")
        )
    token = tree.find(_DAV + "sync-token")
    return Multistatus(tuple(entries), "" if token is None else (token.text or "").strip())


def _properties(propstats: Iterable[Any]) -> tuple[dict[str, Any], frozenset[str], frozenset[str]]:
    found: dict[str, Any] = {}
    missing: set[str] = set()
    broken: set[str] = set()
    for propstat in propstats:
        status = _status(propstat.find(_DAV + "status"))
        props = {child.tag: child for prop in propstat.iterfind(_DAV + "prop") for child in prop}
        if status is None or 200 <= status < 300:
            found |= props
        elif status == 404:
            missing |= props.keys()
        else:
            broken |= props.keys()
    return found, frozenset(missing), frozenset(broken)


def _status(element: Any) -> int | None:
    """The code of a status line; 500 where the line cannot be read, for that is no success."""
    if element is None:
        return None
    parts = (element.text or "").split()
    # three digits, for int() raises at some thousands of them
    return int(parts[1]) if len(parts) > 1 and len(parts[1]) == 3 and parts[1].isdecimal() else 500


def propfind(*props: str) -> str:
    """A PROPFIND for these properties, each written with its prefix: `d:` for DAV, `c:` for CalDAV."""
    return f"{_HEAD}<d:propfind {_SPACES}><d:prop>{''.join(f'<{prop}/>' for prop in props)}</d:prop></d:propfind>"


def sync_collection(token: str) -> str:
    """What changed since the token (RFC 6578 §3.2). No DAV:limit: Xandikos cuts its answer there without saying so."""
    return (
        f"{_HEAD}<d:sync-collection {_SPACES}><d:sync-token>{escape(token)}</d:sync-token>"
        "<d:sync-level>1</d:sync-level><d:prop><d:getetag/><d:resourcetype/></d:prop></d:sync-collection>"
    )


def multiget(paths: Iterable[str]) -> str:
    """The objects at these hrefs (RFC 4791 §7.9)."""
    hrefs = "".join(f"<d:href>{escape(path)}</d:href>" for path in paths)
    return f"{_HEAD}<c:calendar-multiget {_SPACES}>{_OBJECT_PROPS}{hrefs}</c:calendar-multiget>"


def events_where(prop: str, value: str) -> str:
    """All events one property of which contains the value (RFC 4791 §7.8, §9.7.5)."""
    return (
        f'{_HEAD}<c:calendar-query {_SPACES}>{_OBJECT_PROPS}<c:filter><c:comp-filter name="VCALENDAR">'
        f'<c:comp-filter name="VEVENT"><c:prop-filter name="{prop}">'
        f'<c:text-match collation="i;octet">{escape(value)}</c:text-match>'
        "</c:prop-filter></c:comp-filter></c:comp-filter></c:filter></c:calendar-query>"
    )
