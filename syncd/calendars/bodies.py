"""The body of an answer, no larger than it may be: counted as it comes, as it is unpacked, and before it is parsed."""

import zlib
from typing import Protocol

# A calendar of 5,000 events lists in 2 MB and is fetched in pieces; whoever sends more than this means no good.
BODY_LIMIT = 50_000_000
# Tags, attributes and entities. A listing has some 20 for each event; each takes up to 300 octets once it is parsed.
MARKUP_LIMIT = 1_000_000
_CHUNK = 65_536
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})


class TooLarge(OSError):
    """The server sent more than BODY_LIMIT octets, packed or not, or more than MARKUP_LIMIT pieces of markup."""


class Packed(OSError):
    """The body is packed in a way that was not asked for, or cannot be unpacked."""


class Raw(Protocol):
    """What the server sends, as it comes; no octets at the end."""

    async def read(self, amt: int, decode_content: bool) -> bytes: ...


async def read(raw: Raw, coding: str) -> bytes:
    """The whole body, unpacked. Raises TooLarge, Packed, and what `raw` raises."""
    coding = coding.strip().lower()
    if coding not in ("", "identity", *_PACKED):
        raise Packed("packed in a way that was not asked for")
    # proxies pack although identity was asked for. niquests unpacks a chunk as a whole, a thousandfold or, where it is
    # packed twice, a millionfold; zlib itself stops at a size
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if coding in _PACKED else None
    body = bytearray()
    sent = 0
    try:
        while chunk := await raw.read(_CHUNK, decode_content=False):
            # what is packed may unpack to nothing
            sent += len(chunk)
            body += unpack.decompress(chunk, BODY_LIMIT + 1 - len(body)) if unpack else chunk
            if max(sent, len(body)) > BODY_LIMIT:
                raise TooLarge("too many octets")
            if unpack and unpack.unused_data:
                # zlib would gather all that comes
                raise Packed("more than one packed body")
    except zlib.error as exc:
        raise Packed("cannot be unpacked") from exc
    # an empty body may say that it is packed
    if unpack and sent and not unpack.eof:
        raise Packed("half a packed body")
    if sum(map(body.count, (b"<", b"=", b"&"))) > MARKUP_LIMIT:
        raise TooLarge("too much markup")
    return bytes(body)
