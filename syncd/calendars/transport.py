"""One server, reached with one pair of credentials: requests go out, answers come back, failures become our errors."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from syncd.calendars.hrefs import encoded, origin_of, spelling_of
from syncd.domain.errors import NotPermitted, OutcomeUnknown, SyncdError, Unavailable

if TYPE_CHECKING:
    from caldav.async_davclient import AsyncDAVClient

# Seconds: for the connection and between two pieces of an answer; for the whole of one request.
_STEP_TIMEOUT = 30
_WHOLE_TIMEOUT = 120
_AT_ONCE = 4
# Xandikos takes one write at a time and answers 423 to the others: it has not done them. Seconds until the next try.
_LOCKED = 423
_LOCKED_WAITS = (0.05, 0.1, 0.2, 0.4, 0.8)
# Servers lock a login that knocks too often: so long it is not used again where it was refused, doubled each time.
_REFUSED_FIRST, _REFUSED_CAP = 900.0, 21_600.0
_REFUSED = "the calendar server refuses the user name or password"
_WRITES = frozenset({"PUT", "DELETE"})
_REDIRECTS = frozenset({301, 302, 307, 308})
_NOT_FOUND = frozenset({404, 410})
_Place = tuple[str, bool]
"""A folder of the server, and whether it is for writing."""
# all of them; no folder is called so
_ACCOUNT: _Place = ("*", False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer. `tree` is the parsed XML body (lxml) if there is one, `text` any body, LF line ends.

    lxml reads XML in the encoding that it declares. `text` is read as UTF-8, and `garbled` says that it holds U+FFFD in
    place of what is none: good for words to a person, but not for an object that is written back.
    """

    status: int
    headers: Mapping[str, str]
    tree: Any
    text: str
    garbled: bool = False

    @property
    def etag(self) -> str | None:
        """The server's ETag as sent, quotes included (RFC 9110 §8.8.3)."""
        return self.headers.get("ETag", "").strip() or None

    @property
    def is_html(self) -> bool:
        """Whether a web page came, from a captive portal, a login page or a proxy."""
        return self.headers.get("Content-Type", "").lower().startswith(("text/html", "application/xhtml"))

    @property
    def is_page(self) -> bool:
        """Whether it has a page to read: PHP, under SabreDAV and Nextcloud, calls an empty body text/html too."""
        return self.is_html and bool(self.text.strip())


class Transport:
    """All requests of one account; a few at a time. The credentials never leave the origin.

    `send` raises NotPermitted for 401, RateLimited for 429 and for 503 with Retry-After, Unavailable where no usable
    answer came, and OutcomeUnknown instead where the request was a write that may have reached the server.

    After a 401 nothing of the kind (reads, or writes) is sent to that folder for fifteen minutes, then for twice as
    long, up to six hours: NotPermitted comes without a request. By the folder, for some servers say 401 of one calendar
    while the login is well. Where a second folder refuses a read, and the login was taken nowhere in between, the whole
    account is left alone so, for one refusal in each folder is enough for fail2ban (five) to lock this machine out.
    """

    def __init__(
        self,
        origin: str,
        username: str,
        password: str,
        ca_file: str = "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.origin = origin
        self._credentials = (username, password)
        self._ca_file = ca_file
        self._client: AsyncDAVClient | None = None
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._alone = asyncio.Lock()
        self._one_write_at_a_time = False
        self._monotonic = monotonic
        # what is left alone, until when, and for how long the next time
        self._refused: dict[_Place, tuple[float, float]] = {}
        # the folders that refused a read since the login was taken somewhere
        self._refusing: set[str] = set()
        self._was_taken = False
        self._doubted = asyncio.Lock()
        # by the normal path, without a closing slash, how the server spells what it has named
        self._spelled: dict[str, str] = {}

    def suppose(self, href: str) -> None:
        """Spell that resource as the config does, until the server says how."""
        spelling = spelling_of(href, self.origin)
        if spelling is not None and spelling[0].rstrip("/") not in self._spelled:
            self.heed(href)

    def heed(self, href: str) -> None:
        """Spell that resource so from now on, as the server does."""
        if spelling := spelling_of(href, self.origin):
            path, sent = spelling
            if self.spellings(path) != (sent,):
                self._spelled[path.rstrip("/")] = sent.rstrip("/")

    def spellings(self, path: str) -> tuple[str, ...]:
        """How a request may name what has that normal path: as the server spells it; where it has not said that, and
        the name has characters that it may have encoded, in two ways.
        """
        bare = path.rstrip("/")
        if bare in self._spelled:
            return (self._spelled[bare] + path[len(bare) :],)
        folder, slash, name = path.rpartition("/")
        plain = self._spelled.get(folder, folder) + slash + name
        return tuple(dict.fromkeys((plain, encoded(plain))))

    async def send(self, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None) -> Answer:
        """One request to a normal path of the origin, which goes out as the server spells it.

        Where it has not said how, which may be so after a restart, and nothing is found, it goes out in the other
        spelling too. A redirect is followed once, within the origin, with the same method.
        """
        first, *others = self.spellings(path)
        answer = await self._send(method, first, body, headers)
        for spelled in others:
            if _is_found(answer, headers or {}):
                break
            other = await self._send(method, spelled, body, headers)
            if other.status not in _NOT_FOUND:
                first, answer = spelled, other
        # an outage, or a login page, says nothing about names
        if others and answer.status < 300 and not answer.is_page:
            self.heed(first)
        if answer.status == 207 and answer.tree is not None:
            self._heed_all(answer.tree)
        return answer

    def _heed_all(self, tree: Any) -> None:
        for response in tree.iterfind("{DAV:}response"):
            # what is not there is named as we spelled it
            if any(" 2" in (status.text or "") for status in response.iter("{DAV:}status")):
                for href in response.iter("{DAV:}href"):
                    self.heed(href.text or "")

    async def _send(self, method: str, path: str, body: str, headers: Mapping[str, str] | None) -> Answer:
        answer = await self._request(method, path, body, headers or {})
        if answer.status not in _REDIRECTS:
            return answer
        target, host = "", "nowhere"
        try:
            target = urljoin(self.origin + path, answer.headers.get("Location", ""))
            host = urlsplit(target).hostname or host
            inside = origin_of(target) == self.origin
        except ValueError:
            # some spellings make urljoin itself raise
            inside = False
        if not inside:
            raise Unavailable(
                f"the calendar server redirects to another address ({host}); the password is not sent there:"
                " if that is the right server, put its address into the config"
            )
        answer = await self._request(method, urlsplit(target).path or "/", body, headers or {})
        if answer.status in _REDIRECTS:
            raise Unavailable("the calendar server redirects more than once")
        return answer

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _request(self, method: str, path: str, body: str, headers: Mapping[str, str]) -> Answer:
        # until the login is known to be taken: four at once would be four refusals
        is_sure = self._was_taken and not self._refusing
        async with self._slots, contextlib.nullcontext() if is_sure else self._doubted:
            if method in _WRITES:
                return await self._write(method, path, body, headers)
            try:
                return await self._once(method, path, body, headers)
            except _Lost:
                # SOGo closes kept connections under the next request; a read may be asked again.
                return await self._once(method, path, body, headers)

    async def _write(self, method: str, path: str, body: str, headers: Mapping[str, str]) -> Answer:
        """A write; again where the server says that another one stood in its way, and then one after the other."""
        for wait in _LOCKED_WAITS:
            async with self._alone if self._one_write_at_a_time else contextlib.nullcontext():
                answer = await self._once(method, path, body, headers)
            if answer.status != _LOCKED:
                return answer
            self._one_write_at_a_time = True
            await asyncio.sleep(wait)
        return answer

    async def _once(self, method: str, path: str, body: str, headers: Mapping[str, str]) -> Answer:
        from caldav.lib.error import AuthorizationError
        from caldav.response import DAVResponse

        from syncd.calendars import session

        place = path.rpartition("/")[0], method in _WRITES
        if self._is_left_alone(place):
            raise NotPermitted(f"{_REFUSED}; it is asked again later, or when syncd starts anew", credentials=True)
        if self._client is None:
            self._client = session.open_client(self.origin, *self._credentials, self._ca_file, _STEP_TIMEOUT)
        try:
            async with asyncio.timeout(_WHOLE_TIMEOUT):
                response = await self._client.request(self.origin + path, method, body, headers)
        except AuthorizationError as exc:
            if exc.status == 401:
                self._leave_alone(place)
                raise NotPermitted(_REFUSED, credentials=True) from exc
            # caldav raises every 403, also those that mean "token lost" or "UID taken"
            response = DAVResponse.from_bytes(exc.body if isinstance(exc.body, bytes) else b"", status_code=403)
        except session.FAILURES as exc:
            raise _translated(exc, write=method in _WRITES) from exc
        self._refused.pop(place, None)
        if response.status < 300:
            # a redirect or a "not found" may come from a proxy that asks for no login
            self._refused.pop(_ACCOUNT, None)
            self._refusing.clear()
            self._was_taken = True
        try:
            return Answer(response.status, response.headers, response.tree, response.raw)
        except UnicodeDecodeError as exc:
            text = exc.object.decode("utf-8", "replace")
            return Answer(response.status, response.headers, response.tree, text, garbled=True)

    def _is_left_alone(self, place: _Place) -> bool:
        now = self._monotonic()
        if now < self._until(place):
            return True
        if now < self._until(_ACCOUNT):
            self._let_go_first(place[0])
            return True
        return False

    def _until(self, place: _Place) -> float:
        until, _ = self._refused.get(place, (0.0, 0.0))
        return until

    def _let_go_first(self, folder: str) -> None:
        """Where the folder has refused nothing yet, let those that have wait for longer than the account does.

        Else the same two would be asked first each time, and where it is they alone that refuse, all would stand still.
        One after the other, too: two that come back together would stop the account once more.
        """
        if folder not in self._refusing:
            later = self._until(_ACCOUNT)
            for place, (until, wait) in self._refused.items():
                if place[0] in self._refusing:
                    later += _REFUSED_FIRST
                    self._refused[place] = (max(until, later), wait)

    def _leave_alone(self, place: _Place) -> None:
        self._rest(place)
        folder, writes = place
        if not writes:
            # a 401 to a write may say of each calendar that it is only to be read
            self._refusing.add(folder)
            if len(self._refusing) > 1:
                self._rest(_ACCOUNT)

    def _rest(self, place: _Place) -> None:
        # several requests that were under way together are one refusal
        now = self._monotonic()
        if now >= self._until(place):
            _, wait = self._refused.get(place, (0.0, _REFUSED_FIRST))
            self._refused[place] = (now + wait, min(2 * wait, _REFUSED_CAP))


def _is_found(answer: Answer, headers: Mapping[str, str]) -> bool:
    # a condition on what is not there is not met (RFC 9110 §13.1.1)
    return answer.status not in _NOT_FOUND and not (answer.status == 412 and "If-Match" in headers)


class Unasked(Transport):
    """Stands in for a transport where nothing can be asked, for `fault`: `send` raises it."""

    def __init__(self, origin: str, fault: SyncdError) -> None:
        super().__init__(origin, "", "")
        self._fault = fault

    async def send(self, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None) -> Answer:
        raise self._fault


class Unreadable(Unavailable):
    """The server answers, and what it says is too large, or no XML: perhaps for one object in it."""


class Silent(Unavailable):
    """No answer came in time, or no connection: the server hangs or is away, or one object in it hangs."""


class _Lost(Unavailable):
    """The connection was lost before the answer was complete."""


def _translated(failure: Exception, *, write: bool) -> Unavailable:
    from syncd.calendars import bodies, session

    if session.is_certificate(failure):
        return Unavailable(
            "the calendar server's certificate is not trusted: if it is self-signed, save it as a file and name that"
            " file in caldav.ca_file"
        )
    if not session.was_sent(failure):
        return Silent("the calendar server cannot be reached")
    if write:
        return OutcomeUnknown("no usable answer came from the calendar server to a write")
    if isinstance(failure, bodies.TooLarge):
        return Unreadable("the calendar server's answer is too large")
    if isinstance(failure, bodies.Packed):
        return Unavailable("the calendar server's answer is packed and cannot be unpacked")
    if isinstance(failure, TimeoutError) or "Timeout" in type(failure).__name__:
        return Silent("the calendar server did not answer in time")
    if isinstance(failure, SyntaxError):
        return Unreadable("the calendar server's answer is garbled or cut off")
    return _Lost("the connection to the calendar server was lost")
