"""One request and its answer, bounded in time and size; what goes wrong on the way is one class: Broken."""

import asyncio
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from syncd import __version__
from syncd.zimun.wire import NOT_JSON, read_json

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
# a server that drips a byte within each read time-out would hold a cycle for ever
WHOLE_SECONDS = 120.0
MAX_BODY = 10_000_000
# objects and lists in a body: `{},` takes a hundred times its octets once it is read
MAX_PARTS = 500_000
_AT_ONCE = 4

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


class Broken(Exception):
    """No whole answer came.

    `reached`: the request may have arrived. `status`: of an answer whose body was lost, but for a web page's. `again`:
    another try may help.
    """

    def __init__(self, what: str, *, reached: bool, status: int | None = None, again: bool = True) -> None:
        super().__init__(what)
        self.reached = reached
        self.status = status
        self.again = again


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `data` is its JSON value, or NOT_JSON; `size` its octets, `parts` its objects and lists."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    data: object = field(default=NOT_JSON, repr=False)
    html: bool = False
    size: int = 0
    parts: int = 0

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class Exchange:
    """The connections to one API. At most four requests are under way at once; redirects are not followed."""

    def __init__(self, base_url: str, transport: httpx.AsyncBaseTransport | None) -> None:
        self._base = base_url.rstrip("/")
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._http = httpx.AsyncClient(
            transport=transport,
            # plain http is for loopback only; a proxy of the environment would carry it, and the secret, elsewhere
            trust_env=self._base.lower().startswith("https:"),
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            headers={
                "User-Agent": f"zimun-syncd/{__version__}",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
            },
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        auth: httpx.Auth | None = None,
    ) -> Answer:
        """Send once and read the whole answer, whatever its status. Raises Broken."""
        status = None
        try:
            async with self._room, asyncio.timeout(WHOLE_SECONDS):
                request = self._http.build_request(
                    method, self._base + path, headers=headers, params=params, content=content
                )
                response = await self._http.send(request, auth=auth, stream=True)
                html = "html" in response.headers.get("content-type", "").lower()
                try:
                    # a web page is not the API's word, whole or broken
                    status = None if html else response.status_code
                    body = await _read(response)
                finally:
                    await response.aclose()
                parts = body.count(b"{") + body.count(b"[")
                if parts > MAX_PARTS:
                    raise Broken(f"the body has more than {MAX_PARTS:,} parts", reached=True, again=False)
        except Broken as exc:
            raise Broken(str(exc), reached=True, status=status, again=exc.again) from exc
        except _NEVER_SENT as exc:
            raise Broken(_said(exc), reached=False) from exc
        except httpx.InvalidURL as exc:
            raise Broken("no usable URL", reached=False, again=False) from exc
        except (httpx.RequestError, TimeoutError) as exc:
            raise Broken(_said(exc), reached=True, status=status) from exc
        html = html or body[:100].lstrip().startswith(b"<")
        data = NOT_JSON if html else read_json(body)
        return Answer(response.status_code, response.headers, data, html, len(body), parts)


async def _read(response: httpx.Response) -> bytes:
    """The decoded body. Raises Broken where it is over MAX_BODY, packed or not, or packed in a way not asked for."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    body = bytearray()
    if coding in ("", "identity"):
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MAX_BODY:
                raise Broken("the body is over 10 MB", reached=True, again=False)
        return bytes(body)
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise Broken("the body is packed in a way not asked for", reached=True, again=False)
    # proxies pack although identity was asked for. httpx unpacks a chunk as a whole, a thousandfold if it likes;
    # zlib itself stops at a size
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)
    sent = 0
    try:
        async for chunk in response.aiter_raw():
            # what is packed may unpack to nothing
            sent += len(chunk)
            body += unpack.decompress(chunk, MAX_BODY + 1 - len(body))
            if max(sent, len(body)) > MAX_BODY:
                raise Broken("the body is over 10 MB", reached=True, again=False)
            if unpack.unused_data:
                # zlib would gather all that comes
                raise Broken("more than one packed body", reached=True)
    except zlib.error as exc:
        raise Broken("the body cannot be unpacked", reached=True) from exc
    if not unpack.eof:
        raise Broken("half a body", reached=True)
    return bytes(body)


def _said(exc: Exception) -> str:
    # never the exception's own text: a library's may quote a header, and the token is one
    match exc:
        case httpx.ConnectError():
            return "Zimun cannot be reached" + (": no secure connection (TLS) comes about" if _is_tls(exc) else "")
        case httpx.ConnectTimeout():
            return "Zimun cannot be reached: no connection in time"
        case httpx.ReadTimeout() | TimeoutError():
            return "timed out"
        case _:
            return type(exc).__name__


def _is_tls(exc: BaseException | None) -> bool:
    """Whether it came of a certificate that is not trusted, or of an answer that is no TLS."""
    while exc is not None and not isinstance(exc, ssl.SSLError):
        exc = exc.__cause__ or exc.__context__
    return exc is not None
