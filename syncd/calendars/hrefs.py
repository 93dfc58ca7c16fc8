"""Hrefs, brought to one form, so that equal resources are equal strings.

Servers spell the same href differently: SabreDAV lists `%40` and lower-case hex, Xandikos and Cyrus a bare `@`, some
give absolute URLs. Here an href is always the path on the server, percent-encoded in one way (RFC 3986 §6.2.2).

That form names a resource among ours, and is no word to the server: "@" and "%40" are two names (RFC 3986 §6.2.2.2),
and Stalwart finds an object under the second one only. So a request goes out as the server spells it, `Transport.send`.
"""

import re
from urllib.parse import quote, unquote_to_bytes, urlsplit

# What RFC 3986 §3.3 allows in a segment; "/" is not among them, so an encoded slash stays encoded.
_SAFE = "-._~!$&'()*+,;=:@"
_PORTS = {"http": 80, "https": 443}
# a path that has one spelling, and one that can be sent as it came
_UNRESERVED = re.compile(r"[\w\-.~/]*", re.ASCII)
_PLAIN = re.compile(r"/(?:[\w\-.~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*", re.ASCII)


def origin_of(url: str) -> str:
    """Scheme, host and port in lower case, the default port left out (RFC 6454 §4). Raises ValueError for others."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname:
        raise ValueError("not an http or https address")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = parts.port
    return f"{scheme}://{host}" if port in (None, _PORTS[scheme]) else f"{scheme}://{host}:{port}"


def normal_path(path: str) -> str:
    """The path with every segment decoded and encoded again in one way."""
    return "/".join(quote(unquote_to_bytes(segment), safe=_SAFE) for segment in path.split("/"))


def path_of(href: str, origin: str) -> str | None:
    """The normal path of an href as a server gives it (RFC 4918 §8.3): an absolute path, or a URL of the same origin.

    None for another origin, for a relative reference and for a path with dot segments: none of these can be trusted to
    name what it seems to name.
    """
    path = normal_path(_as_sent(href, origin))
    return None if not path or any(segment in (".", "..") for segment in path.split("/")) else path


def _as_sent(href: str, origin: str) -> str:
    """The path of an href letter by letter; empty where it is none of this origin's."""
    href = href.strip()
    if href.startswith("/") and not href.startswith("//"):
        return href
    try:
        return (urlsplit(href).path or "/") if origin_of(href) == origin else ""
    except ValueError:
        return ""


def spelling_of(href: str, origin: str) -> tuple[str, str] | None:
    """The normal path of an href, and that path as it is spelled there; None where there is but one way to spell it."""
    sent = _as_sent(href, origin)
    path = None if _UNRESERVED.fullmatch(sent) or not _PLAIN.fullmatch(sent) else path_of(sent, origin)
    return None if path is None else (path, sent)


def encoded(path: str) -> str:
    """The path with all that can be encoded in its last segment encoded: another name of it, where it is another."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/{quote(unquote_to_bytes(name), safe='')}"


def collection_path(url: str) -> str:
    """The normal path of a collection's URL, with its closing slash. Raises ValueError where it has dot segments."""
    path = path_of(url, origin_of(url))
    if path is None:
        raise ValueError("not a plain path")
    return path if path.endswith("/") else path + "/"


def is_member(path: str, collection: str) -> bool:
    """Whether the path is a direct member of the collection and no collection itself, judged by its spelling."""
    name = path[len(collection) :]
    return path.startswith(collection) and bool(name) and "/" not in name


def member_path(collection: str, name: str) -> str:
    """The normal path of a member. Raises ValueError where the name is not one plain segment."""
    if not name or name in (".", "..") or "/" in name:
        raise ValueError("a member's name is one plain path segment")
    return collection + quote(name, safe=_SAFE)
