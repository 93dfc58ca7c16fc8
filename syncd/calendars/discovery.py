"""Which calendars an account has: RFC 6764 §6, RFC 5397, RFC 4791 §6.2.1."""

from collections.abc import Iterable
from dataclasses import dataclass

from syncd.calendars import quirks, wire
from syncd.calendars.hrefs import path_of
from syncd.calendars.transport import Transport
from syncd.domain.errors import Unavailable

_WRITE = frozenset({"{DAV:}write", "{DAV:}write-content", "{DAV:}bind", "{DAV:}all"})
# What servers answer where nothing of CalDAV is: 403 from those that close their root, 200 from plain web servers.
_NOTHING_HERE = frozenset({200, 400, 403, 404, 405, 410, 415, 501})
# iCloud keeps the calendars of each user on one of many hosts.
_ELSEWHERE = "the calendars stand at another address than caldav.url; put that address into the config"
_CALENDAR_PROPS = (
    "d:resourcetype",
    "d:displayname",
    "d:current-user-privilege-set",
    "c:supported-calendar-component-set",
)


@dataclass(frozen=True, slots=True)
class CalendarInfo:
    """A calendar as discovery names it. `url` is normal and has its closing slash.

    `components` are the kinds of objects that it takes, empty where the server does not say: then all (RFC 4791
    §5.2.3). `writable` is None where the server does not say.
    """

    url: str
    name: str
    components: tuple[str, ...]
    writable: bool | None

    @property
    def takes_events(self) -> bool:
        return not self.components or "VEVENT" in self.components


def in_words(infos: Iterable[CalendarInfo]) -> str:
    """Those that take events, each with its name and address, for a person to choose from; empty for none."""
    return ", ".join(f'"{info.name}" ({info.url})' for info in infos if info.takes_events)


async def discover(transport: Transport, path: str) -> list[CalendarInfo] | None:
    """All calendars in the homes of the user; None where the server has no discovery, and names no principal either.

    Raises Unavailable where discovery is there and fails: a part of the calendars is never given as all of them.
    """
    named = False
    for start in dict.fromkeys((path, "/.well-known/caldav", "/")):
        homes, names_user = await _homes(transport, start)
        named = named or names_user
        if homes:
            break
    else:
        if named:
            # a proxy's rule may close it, or a landing page stand there
            raise Unavailable("the calendar server names the user, and does not say where the calendars are")
        return None
    found: dict[str, CalendarInfo] = {}
    for home in homes:
        where = path_of(home, transport.origin)
        if where is None:
            raise Unavailable(_ELSEWHERE)
        found |= {info.url: info for info in await _calendars_in(transport, where)}
    return sorted(found.values(), key=lambda info: info.url)


async def _homes(transport: Transport, start: str) -> tuple[tuple[str, ...], bool]:
    """The hrefs of the calendar homes, asked at `start` and at the principal that it names, empty for none; and whether
    it names one."""
    own = await _properties(transport, start, "c:calendar-home-set", "d:current-user-principal")
    if own is None:
        return (), False
    homes, principals = own.hrefs(wire.HOME_SET), own.hrefs(wire.PRINCIPAL)
    for principal in principals:
        if homes:
            break
        where = path_of(principal, transport.origin)
        if where is None:
            raise Unavailable(_ELSEWHERE)
        named = await _properties(transport, where, "c:calendar-home-set")
        homes = () if named is None else named.hrefs(wire.HOME_SET)
    return homes, bool(principals)


async def _properties(transport: Transport, path: str, *props: str) -> wire.Entry | None:
    """The properties of one resource; None where there is no such resource or no WebDAV."""
    answer = await transport.send("PROPFIND", path, wire.propfind(*props), {**wire.XML_TYPE, "Depth": "0"})
    if answer.status in _NOTHING_HERE:
        return None
    if answer.status != 207:
        raise quirks.read_error(answer)
    entries = wire.multistatus(answer.tree, transport.origin).entries
    # After a redirect the answer has the href of the target; with Depth 0 there is only one.
    if not entries or entries[0].gone:
        return None
    if entries[0].failed or entries[0].broken:
        raise Unavailable("the calendar server did not say where the calendars are")
    return entries[0]


async def _calendars_in(transport: Transport, home: str) -> list[CalendarInfo]:
    answer = await transport.send("PROPFIND", home, wire.propfind(*_CALENDAR_PROPS), {**wire.XML_TYPE, "Depth": "1"})
    if answer.status != 207:
        raise Unavailable("the home of the calendars cannot be listed") from quirks.read_error(answer)
    listing = wire.multistatus(answer.tree, transport.origin)
    if listing.of(home) is None or any(_is_unclear(entry) for entry in listing.entries):
        raise Unavailable("the calendar server did not list the calendars completely")
    found: list[CalendarInfo] = []
    for entry in listing.entries:
        if wire.CALENDAR not in entry.children(wire.RESOURCETYPE):
            continue
        if entry.path is None:
            raise Unavailable(_ELSEWHERE)
        found.append(_info(transport.origin, entry.path, entry))
    return found


def _is_unclear(entry: wire.Entry) -> bool:
    """Whether this may be a calendar that the server did not let us see, or the sign that there is more."""
    return (entry.failed and not entry.gone) or wire.RESOURCETYPE in entry.broken


def _info(origin: str, path: str, entry: wire.Entry) -> CalendarInfo:
    url = origin + path if path.endswith("/") else f"{origin}{path}/"
    writable = bool(entry.children(wire.PRIVILEGES) & _WRITE) if wire.PRIVILEGES in entry.props else None
    return CalendarInfo(url, entry.text(wire.DISPLAYNAME), entry.names(wire.COMPONENTS), writable)
