"""One calendar collection over CalDAV (RFC 4791): listing, reading, conditional writes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from syncd.calendars import ical, quirks, wire
from syncd.calendars.hrefs import is_member, member_path, path_of
from syncd.calendars.stored import Make, is_anothers, same_version, says_the_same, stored, strange, whole
from syncd.calendars.transport import Answer, Silent, Transport, Unreadable
from syncd.domain.errors import (
    CollectionGone,
    CursorExpired,
    NoCalendar,
    NotPermitted,
    OutcomeUnknown,
    PreconditionFailed,
    RateLimited,
    SyncdError,
    UidConflict,
    Unavailable,
)
from syncd.domain.event import Draft
from syncd.domain.ids import parse_uid
from syncd.ports import Listing, Stored

_BATCH = 50
NOT_ONE = "it is no calendar, but perhaps the account's home or a folder"
NOT_GIVEN = "the calendar server lists it and does not give it"
# Objects of one fetch for which no answer came: so many, and it is the server that hangs.
_HUNG = 2
# More pages than this are dearer than a full listing; and a server that never ends is stopped.
_PAGES = 100
# characters of all of them together
_PAGES_LIMIT = 100_000_000
# UIDs of one booking that are given up where a server does not say that it is about them
_UIDS = 3
_WRITTEN = frozenset({200, 201, 204})
_DELETED = frozenset({200, 204})
# nginx (error_page 502 =200 /down.html) and login pages answer so in the calendar server's place
_WEB_PAGE = "a web page came as the answer to a write"


class DavCalendar:
    """A CalendarPort on a CalDAV collection. `path` is normal and has its closing slash.

    `now` gives the wall clock, aware, for the DTSTAMP of what is written. Every call raises Unavailable, RateLimited,
    NotPermitted or CollectionGone; see `syncd.ports.CalendarPort` for what else. `careful` says by URL, asked at each
    write, whether conditions are known not to protect there: then it looks right before, and reads back after.
    """

    def __init__(
        self,
        transport: Transport,
        path: str,
        now: Callable[[], datetime],
        careful: Callable[[str], bool] = lambda url: False,
    ) -> None:
        self._transport = transport
        self._path = path
        self._now = now
        self._careful = careful
        self._knows_tokens: bool | None = None

    @property
    def url(self) -> str:
        return self._transport.origin + self._path

    async def changes(self, cursor: str | None) -> Listing:
        return await self._everything() if cursor is None else await self._since(cursor)

    async def fetch(self, hrefs: Sequence[str]) -> list[Stored]:
        """The objects at these hrefs by calendar-multiget, or by GETs where the server has none."""
        return await self._fetch(hrefs, stored)

    async def read(self, hrefs: Sequence[str]) -> list[Stored]:
        return [one for one in await self._fetch(hrefs, strange) if one.event is not None or not one.given]

    async def _fetch(self, hrefs: Sequence[str], make: Make) -> list[Stored]:
        paths = list(dict.fromkeys(self._own(href) for href in hrefs))
        found: list[Stored] = []
        hung: set[str] = set()
        for at in range(0, len(paths), _BATCH):
            found += await self._fetch_batch(paths[at : at + _BATCH], make, hung)
        return found

    async def whole(self, hrefs: Sequence[str]) -> list[Stored]:
        """As `fetch`, with the whole text of each, whoever's it is."""
        return await self._fetch(hrefs, whole)

    async def get(self, href: str) -> Stored | None:
        """One object by a direct GET. None only where a REPORT does not know it either and the calendar still stands.

        Zimbra answers 404 to some GETs of objects that are there, and every GET is 404 where the calendar was renamed.
        """
        return await self._look(self._own(href), stored)

    async def _look(self, path: str, make: Make) -> Stored | None:
        found = await self._get(path, make)
        if found is not None:
            return found
        listed = await self._multiget([path], make)
        if listed is None:
            await self._sync_token()
            return None
        given, unread, _ = listed
        if unread:
            raise Unavailable("the calendar server does not give an object, and does not say that it is gone")
        return given[0] if given else None

    async def create(self, name: str, draft: Draft, onto: str) -> Stored:
        """Write a new object with `If-None-Match: *`. SOGo and Calypso ignore it: look before, where that is known."""
        path = member_path(self._path, name)
        if self._careful(self.url) and await self._look(path, whole) is not None:
            raise PreconditionFailed("something stands there already")
        return await self._put(path, draft, onto, {"If-None-Match": "*"})

    async def replace(self, href: str, draft: Draft, onto: str, etag: str | None) -> Stored:
        """Write the object with If-Match. Without a strong ETag the object is read right before, and must equal `onto`.

        A weak ETag is no condition for a write (RFC 9110 §13.1.1); then a change within that moment can be lost.
        """
        path = self._own(href)
        if not quirks.is_strong(etag) or self._careful(self.url):
            found = await self._look(path, whole)
            if found is None or not _is_version(found, etag, onto):
                raise PreconditionFailed("the object is not the version that was expected")
            # a proxy between may take the ETag from a GET that the listing has
            etag = found.etag if quirks.is_strong(found.etag) else etag
        return await self._put(path, draft, onto, _if_match(etag))

    async def remove(self, href: str, etag: str | None, onto: str = "") -> None:
        """Delete the object with If-Match.

        Without a strong ETag it is read right before, and must equal `onto`, or say the same where it is an event of
        ours; where none is given, still be ours.
        """
        path = self._own(href)
        if not quirks.is_strong(etag) or self._careful(self.url):
            found = await self._look(path, whole if onto else stored)
            if found is None:
                return
            if ical.is_ours(onto) and not quirks.is_strong(etag):
                # to the letter it need not be: some servers add to what they give, each time anew
                is_it = says_the_same(found.data, onto)
            else:
                is_it = _is_version(found, etag, onto) if onto else bool(found.data)
            if not is_it or _differ(etag, found.etag):
                raise PreconditionFailed("the object is not the version that was expected")
            etag = found.etag if quirks.is_strong(found.etag) else etag
        answer = await self._transport.send("DELETE", path, headers=_if_match(etag))
        if answer.status in _DELETED and answer.is_page:
            raise OutcomeUnknown(_WEB_PAGE)
        if answer.status in _DELETED | quirks.GONE:
            return
        error = quirks.write_error(answer)
        # SabreDAV 1.8 says so too where there is nothing to compare with
        if isinstance(error, PreconditionFailed) and await self.get(path) is None:
            return
        raise error

    async def _everything(self) -> Listing:
        """A full listing by PROPFIND, for Cyrus refuses a sync-collection without a token.

        The token is read first: what changes between the two requests is told twice, never lost.
        """
        token = await self._sync_token()
        body = wire.propfind("d:getetag", "d:resourcetype")
        listing = self._read(await self._ask("PROPFIND", body, depth="1"))
        self._itself(listing)
        if listing.truncated:
            raise Unavailable("the calendar server did not list the calendar completely")
        members = {e.path: e.etag for e in listing.entries if e.path and self._is_object(e) and not e.gone}
        return Listing(full=True, etags=members, removed=frozenset(), cursor=token)

    async def _since(self, cursor: str) -> Listing:
        """What changed since the token, all pages of it (RFC 6578 §3.6).

        Everything instead, where something changed and the server would tell no more of a token that it does not know.
        """
        changed: dict[str, str | None] = {}
        removed: set[str] = set()
        size = 0
        for _ in range(_PAGES):
            answer = await self._ask("REPORT", wire.sync_collection(cursor), depth="0")
            if answer.status in quirks.TOKEN_LOST:
                raise CursorExpired(f"the calendar server does not take the sync token ({answer.status})")
            page = self._read(answer)
            told = False
            for entry in page.entries:
                if entry.path is None or not self._is_object(entry) or entry.status == wire.TRUNCATED:
                    continue
                told = True
                changed.pop(entry.path, None)
                removed.discard(entry.path)
                if entry.gone:
                    removed.add(entry.path)
                else:
                    changed[entry.path] = entry.etag
            if not page.sync_token:
                raise CursorExpired("the calendar server gave no new sync token")
            if quirks.is_older(page.sync_token, cursor):
                raise CursorExpired("the calendar server's sync token is older than ours")
            if not page.truncated:
                if changed and not removed and not await self._refuses_unknown_tokens():
                    return await self._everything()
                return Listing(full=False, etags=changed, removed=frozenset(removed), cursor=page.sync_token)
            if page.sync_token == cursor or not told:
                raise CursorExpired("the calendar server has more changes than it tells")
            size += len(answer.text)
            if size > _PAGES_LIMIT:
                break
            cursor = page.sync_token
        raise CursorExpired("the calendar server's changes do not end")

    async def _refuses_unknown_tokens(self) -> bool:
        """Whether the server refuses a token that it never gave (RFC 6578 §3.2), and so knows those that it takes.

        Asked only when it matters, and once where there is an answer: DAViCal answers such a token as if there were
        none, with all that is there and without a word about what is gone. So an answer that names no deletion may be
        one to a token that was lost. CCS and Xandikos 0.4.9 stumble over it (500), which tells nothing.
        """
        if self._knows_tokens is None:
            answer = await self._ask("REPORT", wire.sync_collection(quirks.NEVER_GIVEN), depth="0")
            if answer.status != 207 and answer.status not in quirks.TOKEN_LOST:
                return False
            self._knows_tokens = answer.status != 207
        return self._knows_tokens

    async def _sync_token(self) -> str | None:
        """The collection's sync token, None where the server has none.

        Raises CollectionGone where it is not there, and NoCalendar where it is something else.
        """
        answer = await self._ask("PROPFIND", wire.propfind("d:sync-token", "d:resourcetype"), depth="0")
        return self._itself(self._read(answer)).text(wire.SYNC_TOKEN) or None

    def _itself(self, listing: wire.Multistatus) -> wire.Entry:
        """The calendar's own entry: RFC 4918 §9.1 puts it into every answer.

        Where it is missing, the server calls the calendar by another name, and every object in it would look gone. And
        Radicale makes a calendar of each event that is put into the account's home, where nobody sees it.
        """
        own = listing.of(self._path)
        if own is None or (own.failed and not own.gone):
            raise Unavailable("the calendar server did not answer for the calendar itself")
        if own.gone:
            # Xandikos says 404 inside a 207
            raise CollectionGone(quirks.NOT_THERE)
        kinds = own.children(wire.RESOURCETYPE)
        # where none is told, nothing is known
        if kinds and wire.CALENDAR not in kinds:
            raise NoCalendar(f"{NOT_ONE}: syncd check names the calendars that are there")
        return own

    async def _fetch_batch(self, paths: list[str], make: Make, hung: set[str]) -> list[Stored]:
        """These objects. Where the answer is too large, or no XML can be made of it, in halves, to the one at fault.

        A picture in somebody's event does that: the parser takes no text of 10 MB, and a control character in a title,
        which some servers hand on, makes an answer no XML.
        """
        try:
            listed = await self._multiget(paths, make)
        except Unreadable:
            if len(paths) == 1:
                return await self._one_by_one(paths, make, hung)
            half = len(paths) // 2
            return [one for part in (paths[:half], paths[half:]) for one in await self._fetch_batch(part, make, hung)]
        if listed is not None:
            found, unread, bare = listed
            return found + await self._one_by_one(unread + bare, make, hung)
        found = await self._one_by_one(paths, make, hung)
        if not found:
            # all of them gone, or the calendar?
            await self._sync_token()
        return found

    async def _one_by_one(self, paths: list[str], make: Make, hung: set[str]) -> list[Stored]:
        """Each by its own GET. One that the server lists and does not give is parked; it must not stop the others.

        So it is with the first for which no answer comes. `hung` are those of the whole fetch: a second one ends it,
        for each takes minutes, and a thousand would take days.
        """
        found: list[Stored] = []
        refused = False
        for path in paths:
            try:
                one = await self._get(path, make)
            except RateLimited:
                raise
            except (NotPermitted, Unavailable) as error:
                if isinstance(error, NotPermitted) and error.credentials:
                    raise
                if isinstance(error, Silent):
                    hung.add(path)
                    if len(hung) >= _HUNG:
                        raise
                # what cannot be read was given, and is no other the next time
                given = isinstance(error, Unreadable)
                one, refused = Stored(path, None, fault=str(error) if given else NOT_GIVEN, given=given), True
            if one is not None:
                found.append(one)
        if refused:
            # one of them, or the whole calendar?
            await self._sync_token()
        return found

    async def _multiget(self, paths: list[str], make: Make) -> tuple[list[Stored], list[str], list[str]] | None:
        """What a multiget gives, the hrefs that it left unread, and the bare ones; None where it is not answered.

        A bare one agrees with a GET that does not find it, and only with that.

        DAViCal and SabreDAV omit what is not there, the others say 404: both are left out. DAViCal omits all of them
        where the calendar is not there, too: where something is omitted, the calendar itself is asked for.
        """
        spelled = [each for path in paths for each in self._transport.spellings(path)]
        answer = await self._ask("REPORT", wire.multiget(spelled), depth=None)
        if answer.status in quirks.NO_MULTIGET:
            return None
        listing = self._read(answer)
        found: dict[str, Stored] = {}
        gone: set[str] = set()
        bare: set[str] = set()
        unread = set(paths) if listing.truncated else set()
        for entry in listing.entries:
            if entry.path is None or entry.path not in paths:
                continue
            if entry.gone:
                gone.add(entry.path)
            elif entry.bare:
                bare.add(entry.path)
            elif entry.data is None:
                unread.add(entry.path)
            else:
                found[entry.path] = make(entry.path, entry.etag, entry.data)
        if set(paths) - found.keys() - gone - unread - bare:
            await self._sync_token()
        unread -= gone | found.keys()
        return list(found.values()), sorted(unread), sorted(bare - unread - gone - found.keys())

    async def _get(self, path: str, make: Make) -> Stored | None:
        answer = await self._transport.send("GET", path)
        if answer.status in quirks.GONE:
            return None
        if answer.status != 200:
            raise quirks.read_error(answer)
        if answer.is_html:
            raise Unavailable("the calendar server answers with a web page")
        if answer.garbled:
            # as what it seems to say it would be written back, over a person's letters
            raise Unreadable("the object is not in UTF-8")
        return make(path, answer.etag, answer.text)

    async def _put(self, path: str, draft: Draft, onto: str, condition: Mapping[str, str]) -> Stored:
        data = ical.render(draft, onto, self._now())
        headers = {"Content-Type": "text/calendar; charset=utf-8", **condition}
        answer = await self._transport.send("PUT", path, data, headers)
        if quirks.refuses_content(answer) and (filled := ical.without_empty(data)) != data:
            data = filled
            answer = await self._transport.send("PUT", path, data, headers)
        new = "If-None-Match" in condition
        if quirks.is_bare_conflict(answer) and new and _is_early(draft.uid):
            # the same status where the calendar is not there (RFC 4918 §9.7.1)
            await self._sync_token()
            raise UidConflict("the calendar server refuses a new object, and does not say why (409)")
        if answer.status not in _WRITTEN:
            raise quirks.write_error(answer, new=new)
        if answer.is_page:
            # even with a strong ETag: it is the page's
            raise OutcomeUnknown(_WEB_PAGE)
        if quirks.is_strong(answer.etag):
            stands = not self._careful(self.url) or await self._stands(path, answer.etag, data)
            # without an ETag the next listing brings it as news, whoever wrote last
            return stored(path, answer.etag if stands else None, data)
        # No strong ETag: the server may have changed what it stored (RFC 4791 §5.3.4, RFC 9110 §8.8): read it back.
        try:
            found = await self.get(path)
        except SyncdError as exc:
            raise OutcomeUnknown("the object was written, but cannot be read back") from exc
        if found is None and not new:
            raise OutcomeUnknown("the object was written, and is not there")
        sent = stored(path, None, data)
        if found is None or is_anothers(found, sent):
            # Purelymail and Bedework do not find a new object for up to three minutes. And what a person wrote right
            # after us is no echo: without an ETag the next look reads it, and sees what changed since our write
            return sent
        return found

    async def _stands(self, path: str, etag: str | None, data: str) -> bool:
        """Whether what was just written is what stands there. SOGo counts: two writers at once may get one ETag."""
        try:
            found = await self._look(path, whole)
        except SyncdError:
            return False
        return found is not None and found.etag == etag and same_version(found.data, data)

    async def _ask(self, method: str, body: str, depth: str | None) -> Answer:
        headers = wire.XML_TYPE if depth is None else {**wire.XML_TYPE, "Depth": depth}
        return await self._transport.send(method, self._path, body, headers)

    def _read(self, answer: Answer) -> wire.Multistatus:
        if answer.status != 207:
            raise quirks.read_error(answer)
        return wire.multistatus(answer.tree, self._transport.origin)

    def _is_object(self, entry: wire.Entry) -> bool:
        return entry.path is not None and is_member(entry.path, self._path) and not entry.is_collection

    def _own(self, href: str) -> str:
        path = path_of(href, self._transport.origin)
        if path is None or not is_member(path, self._path):
            raise ValueError("the href is not in this calendar")
        return path


def _is_version(found: Stored, etag: str | None, onto: str) -> bool:
    """Whether what stands there is what was expected: by the ETag where both are strong, else by what it says."""
    if quirks.is_strong(etag) and quirks.is_strong(found.etag):
        return found.etag == etag
    return same_version(found.data, onto)


def _is_early(uid: str) -> bool:
    """Whether it is a booking's, and few before it can have been refused; where many were, it is not for the UID."""
    known = parse_uid(uid)
    return known is not None and known[1] <= _UIDS


def _differ(etag: str | None, other: str | None) -> bool:
    """Whether these two, both strong or both weak, are of two versions."""
    return None not in (etag, other) and quirks.is_strong(etag) == quirks.is_strong(other) and etag != other


def _if_match(etag: str | None) -> dict[str, str]:
    return {"If-Match": etag} if etag is not None and quirks.is_strong(etag) else {}
