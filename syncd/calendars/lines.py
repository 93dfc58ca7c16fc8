"""Content lines (RFC 5545 §3.1): an iCalendar object as a tree that keeps every letter it does not understand.

Why not icalendar's own component model: it drops lines that it cannot parse, groups properties by name, re-quotes
parameters, and keeps every VTIMEZONE that it reads in a cache of the whole process, so what a zone name means in one
event would depend on the events read before it. What a person or their app put into an event must come back unchanged,
so the object stays in its own letters here. icalendar gives the zone tables and rules (`zones`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# a run of line breaks before the white space: some servers put an empty line between a line and its continuation. The
# look-behind keeps a megabyte of line breaks from costing a quadratic search.
_FOLD = re.compile(r"(?<!\n)\n+[ \t]")
_BYTE_FOLD = re.compile(rb"\r?\n[ \t]")
# one in front of an octet that begins no character. PHP writes a CR in XML as a reference
_FOLD_IN_CHARACTER = re.compile(rb"(?:\r|&#13;|&#x0*[dD];)?\n[ \t](?=[\x80-\xbf])")
_LINE = re.compile(r'([A-Za-z0-9_.-]+)((?:;[^":]*(?:"[^"]*"[^":]*)*)?):(.*)', re.DOTALL)
_BROKEN_LINE = re.compile(r"([A-Za-z0-9_.-]+)[;:]([^:]*:)?(.*)", re.DOTALL)
_PARAM = re.compile(r';([^=;:"]+)=((?:"[^"]*"|[^";])*)')
# characters that no TEXT may hold (RFC 5545 §3.1, CONTROL), and half surrogates, which UTF-8 cannot write
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_DEEPEST = 8
# characters; an event with a picture in it has some
_LONGEST = 5_000_000
# a line of two letters takes hundreds of octets once it is read. A picture is one line
_MOST_LINES = 100_000


class NotCalendar(ValueError):
    """The text is no iCalendar object. The message never quotes it."""


@dataclass(slots=True)
class Line:
    """One unfolded content line, `raw`. `name` is in upper case; empty for what does not even begin like a property.

    Where the parameters break the grammar (an unclosed quote), `params` is empty and the value what a colon leads.
    """

    raw: str
    name: str = ""
    params: str = ""
    value: str = ""

    @classmethod
    def of(cls, raw: str) -> "Line":
        if match := _LINE.fullmatch(raw):
            return cls(raw, match[1].upper(), match[2], match[3])
        if match := _BROKEN_LINE.fullmatch(raw):
            return cls(raw, match[1].upper(), "", match[3])
        return cls(raw)

    @classmethod
    def text(cls, name: str, text: str, params: str = "") -> "Line":
        """A property of type TEXT (RFC 5545 §3.3.11)."""
        return cls.of(f"{name}{params}:{escape(text)}")

    def parameters(self) -> list[tuple[str, str]]:
        """Names in upper case and values without their quotes, in the order they stand."""
        return [(name.strip().upper(), value.replace('"', "").strip()) for name, value in _PARAM.findall(self.params)]

    def parameter(self, name: str) -> str:
        return next((value for key, value in self.parameters() if key == name), "")

    def without(self, *names: str) -> str:
        """The parameters as they stand, but for these."""
        return _PARAM.sub(lambda found: "" if found[1].strip().upper() in names else found[0], self.params)


@dataclass(slots=True)
class Component:
    """A component with its lines and inner components, in the order they stand."""

    name: str
    items: "list[Line | Component]" = field(default_factory=list)

    def lines(self, name: str = "") -> Iterator[Line]:
        """The lines of that name; all of them for none."""
        return (item for item in self.items if isinstance(item, Line) and (not name or item.name == name))

    def line(self, name: str) -> Line | None:
        return next(self.lines(name), None)

    def value(self, name: str) -> str:
        """The raw value of the first such property, without white space around it; empty where there is none."""
        line = self.line(name)
        return line.value.strip() if line else ""

    def components(self, name: str = "") -> "Iterator[Component]":
        return (item for item in self.items if isinstance(item, Component) and (not name or item.name == name))

    def walk(self) -> "Iterator[Component]":
        """This component and all within it."""
        yield self
        for inner in self.components():
            yield from inner.walk()

    def set(self, line: Line) -> None:
        """Put the line where the first one of its name stands, else behind the last line; others of its name go."""
        lines = [(place, item.name) for place, item in enumerate(self.items) if isinstance(item, Line)]
        same = [place for place, name in lines if name == line.name]
        if not same:
            self.items.insert(lines[-1][0] + 1 if lines else 0, line)
            return
        self.items[same[0]] = line
        for place in reversed(same[1:]):
            del self.items[place]

    def drop(self, *names: str) -> None:
        """Remove every line with one of these names."""
        self.items = [item for item in self.items if not isinstance(item, Line) or item.name not in names]


def joined(body: bytes) -> bytes:
    """The body as received, or without the folds inside of characters (RFC 5545 §3.1) where that makes it UTF-8.

    Those alone, for it may be XML with an object in it, where other line breaks part words.
    """
    if _is_utf8(body):
        return body
    whole = _FOLD_IN_CHARACTER.sub(b"", body)
    return whole if _is_utf8(whole) else body


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def decode(body: bytes) -> str:
    """The text of a body as received. Joins folds inside of a UTF-8 sequence, which RFC 5545 §3.1 allows.

    What is no UTF-8 even then is replaced by U+FFFD: one bad byte never costs the whole event.
    """
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _BYTE_FOLD.sub(b"", body).decode("utf-8-sig", "replace")


def unfold(data: str) -> str:
    """One content line per line, each ended by a plain line feed; bare CR and bare LF are taken for line ends too.

    Characters that cannot be written go here already: taken out only when written, one in front of `END:VEVENT` or of a
    blank would make another object of it than the one that was read.
    """
    return _FOLD.sub("", writable(data.removeprefix("\ufeff")))


def read(data: str) -> Component:
    """The one VCALENDAR in the text. Raises NotCalendar."""
    if len(data) > _LONGEST:
        raise NotCalendar("the object is too large")
    text = unfold(data)
    if text.count("\n") > _MOST_LINES:
        raise NotCalendar("the object has too many lines")
    root = Component("")
    stack = [root]
    for raw in text.split("\n"):
        if not raw.strip():
            continue
        line = Line.of(raw)
        if line.name == "BEGIN":
            inner = Component(line.value.strip().upper())
            stack[-1].items.append(inner)
            stack.append(inner)
            if len(stack) > _DEEPEST:
                raise NotCalendar("components nested too deeply")
        elif line.name == "END":
            if stack.pop().name != line.value.strip().upper() or not stack:
                raise NotCalendar("BEGIN and END do not match")
        elif len(stack) == 1:
            raise NotCalendar("text outside of the calendar object")
        else:
            stack[-1].items.append(line)
    if len(stack) != 1:
        raise NotCalendar("the object is cut short")
    calendars = list(root.components())
    if len(calendars) != 1 or calendars[0].name != "VCALENDAR":
        raise NotCalendar("not one calendar object")
    return calendars[0]


def write(component: Component) -> str:
    """The component with CRLF line ends, folded at 75 octets (RFC 5545 §3.1)."""
    return "".join(fold(line) + "\r\n" for line in _unfolded(component))


def fold(line: str) -> str:
    """The line folded at 75 octets, never inside of a character nor of an escape, which some readers cannot join."""
    octets = _UNWRITABLE.sub("", line).encode()
    pieces = []
    at, room = 0, 75
    while len(octets) - at > room:
        cut = at + room
        while octets[cut] & 0xC0 == 0x80:
            cut -= 1
        if octets[cut - 1] in b"\\^":
            cut -= 1
        pieces.append(octets[at:cut])
        at, room = cut, 74  # the white space that leads a continuation counts
    return b"\r\n ".join([*pieces, octets[at:]]).decode()


def escape(text: str) -> str:
    """A text as TEXT value (RFC 5545 §3.3.11), without the characters that no TEXT may hold."""
    plain = writable(text)
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def unescape(value: str) -> str:
    """The text of a TEXT value; an unknown escape stands for its letter."""
    return writable(_ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value))


def writable(text: str) -> str:
    """The text with plain line feeds, and without control characters and half surrogates."""
    return _UNWRITABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _unfolded(component: Component) -> Iterator[str]:
    yield f"BEGIN:{component.name}"
    for item in component.items:
        if isinstance(item, Line):
            yield item.raw
        else:
            yield from _unfolded(item)
    yield f"END:{component.name}"
