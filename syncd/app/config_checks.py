"""What the config's types cannot say: URLs that keep a password safe, keys that need each other, plain words."""

import difflib
import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from syncd.texts.words import check_title

_HOST: Final = re.compile(r"[\w.-]+|[0-9a-f:.]+")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_WHAT_TO_GIVE: Final = {
    "zimun.client_id": "give it here or in ZIMUN_CLIENT_ID",
    "caldav.url": "give the address of the calendar server",
    "calendars": "add a [[calendars]] entry with a url or a name",
    "state.path": "give it, for there is no home folder to put the store into",
}


def printable(text: str) -> str:
    """The text, if it has no control characters. Raises ValueError without quoting it, as all checks here do."""
    if not text.isprintable():
        raise ValueError("must not hold line breaks or control characters")
    return text


def path_without_control_characters(path: Path) -> Path:
    """The path, if every program can be told it. Unlike other texts it may hold any kind of space."""
    if any(ord(sign) < 0x20 or ord(sign) == 0x7F for sign in str(path)):
        raise ValueError("must not hold line breaks or control characters")
    return path


def service_url(text: str) -> str:
    """The URL in one spelling, without its closing slash; https only, but for loopback."""
    if not text.isprintable() or " " in text or "\\" in text:
        raise ValueError("must not hold spaces, backslashes or control characters")
    try:
        parts = urlsplit(text)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is not a URL that can be read") from None
    if "@" in parts.netloc:
        raise ValueError("must not hold a username or a password; there are keys for these")
    if scheme not in _DEFAULT_PORTS or not _HOST.fullmatch(host) or port == 0:
        raise ValueError('must be a whole URL, such as "https://dav.example.org/"')
    if "?" in text or "#" in text:
        raise ValueError('must not have a query or a fragment ("?" or "#" and what follows)')
    if scheme == "http" and not _is_loopback(host):
        raise ValueError("must begin with https://; http:// is for this machine only (localhost, 127.0.0.1, ::1)")
    netloc = f"[{host}]" if ":" in host else host
    if port not in (None, _DEFAULT_PORTS[scheme]):
        netloc += f":{port}"
    return urlunsplit((scheme, netloc, parts.path.rstrip("/"), "", ""))


def collection_url(text: str) -> str:
    """As `service_url`, but with the closing slash that a collection has (RFC 4918 §5.2); empty stays empty."""
    return service_url(text) + "/" if text else ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def title_template(text: str) -> str:
    """The template, if titles can be made from it."""
    if problems := check_title(text):
        raise ValueError("; ".join(problems))
    return text


def cross_checks(raw: Mapping[str, Any]) -> list[str]:
    """What is wrong between keys of the parsed config; looks at every entry, also where others are broken."""
    problems = []
    caldav = raw.get("caldav")
    home = _origin(caldav.get("url")) if isinstance(caldav, dict) else None
    entries = raw.get("calendars")
    if entries == []:
        problems.append(f"calendars: empty; {_WHAT_TO_GIVE['calendars']}")
    fallback = None
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        if not isinstance(entry, dict):
            continue
        key = f"calendars[{number}]"
        if entry.get("url") and entry.get("name"):
            problems.append(f"{key}.url: stands beside a name; keep one of the two")
        elif not entry.get("url") and not entry.get("name"):
            problems.append(f"{key}.url: missing; give it, or a name to find the calendar by")
        if entry.get("fallback") is True:
            if fallback is not None:
                problems.append(f"{key}.fallback: calendars[{fallback}] is the fallback already; keep one of the two")
            fallback = number if fallback is None else fallback
        origin = _origin(entry.get("url"))
        if home and origin and origin != home and not entry.get("username"):
            # the account's password belongs to the account's server, and to no other
            problems.append(f"{key}.username: missing; a calendar on another server than caldav's needs its own login")
    availability = raw.get("availability")
    slots = availability.get("calendar_url") if isinstance(availability, dict) else None
    if home and (origin := _origin(slots)) and origin != home:
        problems.append("availability.calendar_url: must be on the server of caldav.url, whose login is used for it")
    taken = [n for n, entry in enumerate(_list(entries)) if isinstance(entry, dict) and _same(slots, entry.get("url"))]
    if taken:
        problems.append(
            f"availability.calendar_url: calendars[{taken[0]}] holds bookings; open slots need a calendar of their own"
        )
    for name, table in (("caldav", caldav), *((f"calendars[{n}]", e) for n, e in enumerate(_list(entries)))):
        if isinstance(table, dict) and ":" in str(table.get("username", "")):
            problems.append(f"{name}.username: must not hold a colon (RFC 7617 §2)")
    return problems


def _same(one: object, other: object) -> bool:
    """Whether both are the URL of one collection; False where one of them is no URL, which is told elsewhere."""
    try:
        return (
            isinstance(one, str)
            and isinstance(other, str)
            and one != ""
            and collection_url(one) == collection_url(other)
        )
    except ValueError:
        return False


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _origin(url: object) -> tuple[str, str] | None:
    """Scheme, host and port (RFC 6454 §4) of a URL that passes; None for any other."""
    try:
        parts = urlsplit(service_url(url)) if isinstance(url, str) else None
    except ValueError:
        return None
    return (parts.scheme, parts.netloc) if parts else None


def describe(error: ValidationError, sections: Mapping[str, type[BaseModel]]) -> list[str]:
    """Each fault as "key: what to do". Values are left out: pydantic's own words may quote them."""
    faults = error.errors(include_url=False, include_input=False)
    return [f"{_key(fault['loc'])}: {_words(fault, sections)}" for fault in faults]


def _key(loc: Sequence[int | str]) -> str:
    key = ""
    for part in loc:
        if isinstance(part, int):
            key += f"[{part}]"
        else:
            key += ("." if key else "") + (part if _BARE_KEY.fullmatch(part) else json.dumps(part))
    return key


def _words(fault: ErrorDetails, sections: Mapping[str, type[BaseModel]]) -> str:
    loc, ctx = fault["loc"], fault.get("ctx", {})
    match fault["type"]:
        case "missing":
            return f"missing; {_WHAT_TO_GIVE.get(_key(loc), 'give it')}"
        case "extra_forbidden":
            return _unknown(loc, sections)
        case "value_error":
            return str(ctx["error"])
        case "literal_error":
            return "must be " + str(ctx["expected"]).replace("'", '"')
        case "int_type":
            return "must be a whole number, without quotes"
        case "bool_type":
            return "must be true or false, without quotes"
        case "string_type" | "is_instance_of":
            return "must be text in quotes"
        case "string_too_short":
            return "must not be empty"
        case "greater_than_equal":
            return f"must be {ctx['ge']} or more"
        case "less_than_equal":
            return f"must be {ctx['le']} or less"
        case "tuple_type" if len(loc) > 1:
            return 'must be a list, such as ["a", "b"]'
        case "tuple_type" | "model_type" if loc[0] == "calendars":
            return "must be tables of their own, each under [[calendars]]"
        case "model_type":
            return f"must be a table: write [{_key(loc)}]"
    return "is not valid"


def _unknown(loc: Sequence[int | str], sections: Mapping[str, type[BaseModel]]) -> str:
    """What an unknown key may have been meant for."""
    names = {
        section: [f.alias or name for name, f in model.model_fields.items()] for section, model in sections.items()
    }
    word, known = str(loc[-1]), list(sections) if len(loc) == 1 else names[str(loc[0])]
    if close := difflib.get_close_matches(word, known, 1):
        return f"unknown key; did you mean {close[0]}?"
    if homes := [section for section, keys in names.items() if word in keys]:
        return f"unknown key here; it belongs under {_header(homes[0])}"
    for section, keys in names.items():
        if close := difflib.get_close_matches(word, keys, 1):
            return f"unknown key; did you mean {close[0]}, under {_header(section)}?"
    return "unknown key; remove it. Known here: " + ", ".join(known)


def _header(section: str) -> str:
    return "[[calendars]]" if section == "calendars" else f"[{section}]"
