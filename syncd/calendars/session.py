"""The HTTP client under everything: caldav's async client with a session that keeps to our rules.

Imported late, by the first request: caldav and niquests together take 0.3 s.
"""

import importlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from caldav.async_davclient import AsyncDAVClient
from caldav.lib.error import DAVError
from lxml.etree import XMLSyntaxError
from niquests import AsyncSession
from niquests.exceptions import ConnectTimeout, SSLError

from syncd import __version__
from syncd.calendars import bodies, lines
from syncd.domain.errors import RateLimited
from syncd.retry_after import retry_after

# niquests has urllib3-future under one name or another, and hands it on under this one.
_urllib3 = importlib.import_module("niquests.packages.urllib3.exceptions")

# All that a request can end with beside an answer. XMLSyntaxError: caldav parses every answer, and raises for XML that
# is cut off or garbled.
FAILURES = (OSError, _urllib3.HTTPError, DAVError, XMLSyntaxError)

# Seconds to wait after a 429 without a Retry-After that can be read.
_DEFAULT_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class _Received:
    """What caldav reads of a response, with the whole body at hand."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    reason: str
    url: str

    @property
    def text(self) -> str:
        return lines.decode(self.content)


def received(status: int, headers: Mapping[str, str], content: bytes, reason: str, url: str) -> _Received:
    """An answer as caldav is given it, no character of it folded.

    Raises RateLimited for 429 and for 503 with Retry-After: caldav counts a date by this machine's clock, and a number
    or a year that is too large ends it in an OverflowError.
    """
    asked = headers.get("Retry-After")
    if status == 429 or (status == 503 and asked is not None):
        wait = retry_after(asked or "", headers.get("Date", ""))
        raise RateLimited("the calendar server asks to wait", _DEFAULT_WAIT if wait is None else max(wait, 1.0))
    return _Received(status, headers, lines.joined(content), reason, url)


class _Session(AsyncSession):
    """Follows no redirect, for niquests would change the method and leave the origin; reads no more than it must."""

    def get_redirect_target(self, resp: Any) -> None:
        """None. Even told to follow no redirect niquests reads the whole body of one, and trips over its Location."""

    async def request(self, method: str, url: str, **options: Any) -> _Received:  # type: ignore[override]
        response = await super().request(method, url, **(options | {"allow_redirects": False, "stream": True}))
        try:
            content = await bodies.read(response.raw, response.headers.get("Content-Encoding", ""))
            status, reason = response.status_code or 0, response.reason or ""
            return received(status, response.headers, content, reason, response.url or url)
        finally:
            await response.close()


def _keeps_secret(record: logging.LogRecord) -> bool:
    """False for caldav's "Expected some valid XML": it logs whole bodies, names and all, to the root logger."""
    return record.module != "response" or "caldav" not in record.pathname


def open_client(origin: str, username: str, password: str, ca_file: str, timeout: int) -> AsyncDAVClient:
    """A client for one origin. The credentials go with the first request: an unauthenticated one costs Radicale 1 s."""
    # At DEBUG caldav logs every body.
    for name in ("caldav", "caldav.response"):
        logging.getLogger(name).setLevel(logging.ERROR)
    root = logging.getLogger()
    if _keeps_secret not in root.filters:
        root.addFilter(_keeps_secret)
    client = AsyncDAVClient(
        url=origin + "/",
        username=username,
        password=password,
        auth_type="basic",
        timeout=timeout,
        ssl_verify_cert=ca_file or True,
        # Proxies change ETags where they compress (Apache adds -gzip, nginx makes them weak).
        headers={"User-Agent": f"zimun-syncd/{__version__}", "Accept-Encoding": "identity"},
        # Stated, so that caldav does not try a refused login a second time without HTTP/2: servers throttle on that.
        features={"http.multiplexing": {"support": "unsupported"}},
        enable_rfc6764=False,
        rate_limit_handle=False,
    )
    # HTTP/1.1 only: SabreDAV and Baikal behind nginx stumble over anything newer.
    client.session = _Session(disable_http2=True, disable_http3=True)
    # plain http is for loopback only; a proxy of the environment would carry it, and the password, elsewhere
    client.session.trust_env = origin.startswith("https:")
    return client


def was_sent(failure: Exception) -> bool:
    """Whether the request may have reached the server. Only where no connection came about it surely has not."""
    if isinstance(failure, (ConnectTimeout, SSLError)):
        return False
    return not any(isinstance(getattr(arg, "reason", None), _urllib3.NewConnectionError) for arg in failure.args)


def is_certificate(failure: Exception) -> bool:
    """Whether the failure is a certificate that is not trusted."""
    return isinstance(failure, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(failure)
