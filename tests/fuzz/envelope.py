"""An HTTP answer as a file: lines `name: value`, an empty line, the body. `status` and `call` are no headers."""

import gzip
import re
from random import Random

_HEADER = re.compile(r"([A-Za-z-]+): ?([\x20-\x7e]*)")
STATUSES = (200, 200, 200, 201, 204, 207, 207, 301, 400, 401, 403, 404, 405, 409, 410, 412, 415, 422, 423, 429, 500)
MORE = (503, 507, 299, 199 + 100, 418, 599)
TYPES = ("application/json", "application/xml", 'text/xml; charset="utf-8"', "text/calendar", "text/html", "", "\\")
HEADERS = (
    "Retry-After: 3",
    "Retry-After: 99999999999999999999",
    "Retry-After: " + "9" * 5000,
    "Retry-After: -1",
    "Retry-After: nan",
    "Retry-After: Wed, 21 Oct 9999 07:28:00 GMT",
    "Retry-After: Wed, 99 Foo 0000 99:99:99 +9999",
    "Date: Wed, 21 Oct 1900 07:28:00 -2359",
    "Date: x",
    'ETag: W/"1"',
    'ETag: "1"',
    "ETag: ",
    "Location: http://evil.example/",
    "Location: //[",
    "Location: http://127.0.0.1:99999/",
    "Location: /cal/",
    "Content-Encoding: br",
    "Content-Encoding: gzip",
    "Content-Encoding: gzip, gzip",
    "Content-Length: 0",
    'WWW-Authenticate: Basic realm="',
    "WWW-Authenticate: Bearer, Digest x, \\",
)


def packed(rng: Random, body: bytes, call: str, kind: str) -> bytes:
    """The body with a status and headers, the right ones more often than not."""
    status = rng.choice(STATUSES) if rng.random() < 0.95 else rng.choice(MORE)
    rows = [f"call: {call}", f"status: {status}"]
    rows.append(f"Content-Type: {kind if rng.random() < 0.8 else rng.choice(TYPES)}")
    rows += rng.sample(HEADERS, rng.choice((0, 0, 1, 2)))
    if "Content-Encoding: gzip" in rows and rng.random() < 0.7:
        body = gzip.compress(body, 1, mtime=0)
    return "\n".join(rows).encode() + b"\n\n" + body


def unpacked(data: bytes) -> tuple[dict[str, str], int, bytes]:
    """Headers by lower-case name, status and body. What is broken in the head does not count: HTTP has no such."""
    head, _, body = data.partition(b"\n\n")
    rows = (_HEADER.fullmatch(row) for row in head.decode("latin-1").split("\n"))
    found = {row[1].lower(): row[2].strip() for row in rows if row}
    status = found.get("status", "")
    code = int(status) if status.isascii() and status.isdigit() and len(status) == 3 else 200
    return found, code if 200 <= code <= 599 else 200, body
