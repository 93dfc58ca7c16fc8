"""A probe of one calendar: a scratch event is written, changed and deleted there, to see what the server does.

What is written is what syncd writes, so a property more aside it says nothing that an event of a booking would not. It
looks like nobody's booking and like no request: no UID or id of ours, no address, no service, and a start in the past,
where no reminder rings. It has no attendee, so nobody is mailed, and whether the server would is not tried.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from syncd.calendars import ical, quirks, wire
from syncd.calendars.dav import DavCalendar
from syncd.calendars.hrefs import collection_path, member_path
from syncd.calendars.stored import same_version
from syncd.calendars.transport import Answer, Transport
from syncd.domain.booking import Span
from syncd.domain.errors import CursorExpired, Malformed, OutcomeUnknown, Refused, UidConflict
from syncd.domain.event import Draft
from syncd.domain.findings import SCRATCH_TITLE, Condition, Etag, Findings, Rewrites, Tokens, Zone
from syncd.domain.ids import BookingId
from syncd.ports import Listing

ZONE = "Europe/Berlin"
EXTRA = ("X-SYNCD-PROBE", ":kept")

# seconds between two looks for an event that was written and is not listed yet
_WAITS = (0.5, 1.5, 3.0, 5.0)
_ROUNDS, _WRITERS = 4, 3
_WRITTEN = frozenset({200, 201, 204})
_REFUSING = frozenset({403, 405, 409, 412, 428})
_ICS = {"Content-Type": "text/calendar; charset=utf-8"}
_ANY = {"If-None-Match": "*"}
_SCHEDULES = "calendar-auto-schedule"


class Stopped(Exception):
    """The probe was asked to end before it was through."""


class Probe:
    """One scratch event in one calendar. `run` once, then `clear`, whatever came of it.

    `name` begins with `syncd.domain.findings.SCRATCH`, is plain and nobody's yet. `stopping` is asked before each
    request: none is cut off, for what is under way may still arrive.
    """

    def __init__(
        self,
        transport: Transport,
        calendar: DavCalendar,
        name: str,
        now: Callable[[], datetime],
        stopping: Callable[[], bool],
    ) -> None:
        self._transport = transport
        self._calendar = calendar
        self._uid = name
        self._now = now
        self._stopping = stopping
        self._collection = collection_path(calendar.url)
        self.href = member_path(self._collection, f"{name}.ics")
        self.lost = False
        """Whether a write may still arrive: its answer was lost, or told nothing."""

    async def run(self) -> Findings:
        """All of it. Raises Stopped, Refused where nothing can be written or deleted, and as DavCalendar."""
        at = self._now()
        before = await self._calendar.changes(None)
        strange = await self._refuses_strange_tokens() if before.cursor else None
        sent = self._text("")
        put = await self._put(sent, _ANY)
        self._must(put)
        lag = await self._listed()
        created = await self._told(before.cursor, deleted=False)
        first = await self._get()
        changing, etag_changes = await self._changed(first)
        honoured = [await self._condition({"If-Match": first.etag or ""}, first, changing), await self._taken_twice()]
        # where the condition is ignored all would win, and a late one would write the event anew once it is deleted
        atomic = await self._race() if honoured[0] is Condition.HONOURED else True
        since = (await self._calendar.changes(None)).cursor
        deleting = await self._deleted(first.etag)
        stands = deleting is Condition.REFUSED
        deleted = Tokens.NONE if stands else await self._told(since, deleted=True)
        return Findings(
            at=at,
            etag=_kind(put.etag),
            etag_changes=etag_changes,
            rewrites=_rewriting(sent, first.text),
            zone=_zone(sent, first.text),
            unknown_properties=any(map(_is_extra, _lines(first.text))),
            listing_lag=lag,
            created=created,
            deleted=deleted,
            strange_token_refused=strange,
            if_match=honoured[0],
            if_none_match=honoured[1],
            delete_if_match=deleting,
            atomic=atomic,
            uid_reused=stands or await self._used_again(),
            schedules=await self._schedules(),
        )

    async def clear(self) -> bool:
        """Delete the scratch event, whatever `stopping` says; whether it is seen to be gone.

        Without a condition: nobody else writes at that href. Raises as DavCalendar.
        """
        answer = await self._transport.send("DELETE", self.href)
        gone = (await self._transport.send("GET", self.href)).status in quirks.GONE
        # a calendar that is closed to us refuses also what is not there
        if not gone and answer.status not in _WRITTEN | quirks.GONE:
            raise quirks.write_error(answer)
        return gone

    def _text(self, said: str) -> str:
        now = self._now()
        start = datetime(now.year - 1, 7, 2, 12, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
        span = Span(start, start + timedelta(minutes=45))
        draft = Draft(self._uid, BookingId(""), span, ZONE, SCRATCH_TITLE, "", said, transparent=True)
        return ical.render(draft, "", now).replace("END:VEVENT", f"{''.join(EXTRA)}\r\nEND:VEVENT")

    async def _send(self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> Answer:
        if self._stopping():
            raise Stopped
        try:
            answer = await self._transport.send(method, path, body, headers)
        except OutcomeUnknown:
            self.lost = True
            raise
        if method in ("PUT", "DELETE") and answer.status not in _WRITTEN:
            self.lost = self.lost or isinstance(quirks.write_error(answer), OutcomeUnknown)
        return answer

    async def _changes(self, cursor: str | None) -> Listing:
        if self._stopping():
            raise Stopped
        return await self._calendar.changes(cursor)

    async def _put(self, text: str, condition: dict[str, str]) -> Answer:
        return await self._send("PUT", self.href, text, {**_ICS, **condition})

    async def _get(self) -> Answer:
        """The event as it stands; waits where the server finds it late. Raises Refused where it never does."""
        for wait in (*_WAITS, 0.0):
            answer = await self._send("GET", self.href)
            if answer.status == 200:
                return answer
            await asyncio.sleep(wait)
        raise Refused(f"the calendar server does not give what was written ({answer.status})")

    def _must(self, answer: Answer) -> None:
        if answer.status not in _WRITTEN:
            raise quirks.write_error(answer)

    async def _listed(self) -> float | None:
        """After how many seconds the new event is listed."""
        begun = time.monotonic()
        for number, wait in enumerate((*_WAITS, 0.0)):
            if self.href in (await self._changes(None)).etags:
                return round(time.monotonic() - begun, 1) if number else 0.0
            await asyncio.sleep(wait)
        return None

    async def _told(self, cursor: str | None, *, deleted: bool) -> Tokens:
        """Whether the changes since the cursor name what became of the event."""
        if cursor is None:
            return Tokens.NONE
        for wait in (*_WAITS[:2], 0.0):
            try:
                listed = await self._changes(cursor)
            except CursorExpired:
                return Tokens.FULL
            if listed.full:
                return Tokens.FULL
            if self.href in (listed.removed if deleted else listed.etags):
                return Tokens.TOLD
            await asyncio.sleep(wait)
        return Tokens.SILENT

    async def _refuses_strange_tokens(self) -> bool:
        body = wire.sync_collection(quirks.NEVER_GIVEN)
        return (await self._send("REPORT", self._collection, body, {**wire.XML_TYPE, "Depth": "0"})).status != 207

    async def _changed(self, first: Answer) -> tuple[Condition, bool]:
        """A change with the true ETag: whether that is accepted, and whether the ETag is another one then."""
        strong = quirks.is_strong(first.etag)
        put = await self._put(self._text("changed"), {"If-Match": first.etag or ""} if strong else {})
        if put.status == 412 and strong:
            return Condition.REFUSED, True
        self._must(put)
        changes = first.etag is None or (await self._get()).etag != first.etag
        return Condition.HONOURED if strong else Condition.UNTRIED, changes

    async def _condition(self, stale: dict[str, str], first: Answer, changing: Condition) -> Condition:
        """A change with an ETag that is not true any more."""
        if changing is not Condition.HONOURED or (await self._get()).etag == first.etag:
            return changing
        return self._judged(await self._put(self._text("stale"), stale))

    async def _taken_twice(self) -> Condition:
        """A new event where one stands."""
        return self._judged(await self._put(self._text("twice"), _ANY))

    def _judged(self, answer: Answer) -> Condition:
        # whatever refuses it for good protects; 412 is what RFC 9110 §13.1 wants
        if answer.status in _REFUSING:
            return Condition.HONOURED
        self._must(answer)
        return Condition.IGNORED

    async def _race(self) -> bool:
        """Whether of some writes at once, all under the true ETag, at most one is accepted in each round."""
        for number in range(_ROUNDS):
            true = {"If-Match": (await self._get()).etag or ""}
            texts = (self._text(f"writer {writer} of round {number}") for writer in range(_WRITERS))
            answers = await asyncio.gather(*(self._put(text, true) for text in texts), return_exceptions=True)
            for answer in answers:
                # a server that stumbles over two writers at once has not let both win
                if isinstance(answer, BaseException) and not isinstance(answer, OutcomeUnknown):
                    raise answer
            if sum(isinstance(answer, Answer) and answer.status in _WRITTEN for answer in answers) > 1:
                return False
        return True

    async def _deleted(self, stale: str | None) -> Condition:
        """Delete it: first with an ETag that is not true any more, then with the true one."""
        true = (await self._get()).etag
        if quirks.is_strong(stale) and quirks.is_strong(true) and stale != true:
            tried = self._judged(await self._send("DELETE", self.href, headers={"If-Match": stale or ""}))
            if tried is Condition.IGNORED:
                return tried
        else:
            tried = Condition.UNTRIED
        headers = {"If-Match": true or ""} if quirks.is_strong(true) else {}
        answer = await self._send("DELETE", self.href, headers=headers)
        if answer.status == 412:
            return Condition.REFUSED
        self._must(answer)
        return tried

    async def _used_again(self) -> bool:
        """Whether the UID can be written again after its deletion, at the same href."""
        put = await self._put(self._text(""), _ANY)
        if put.status in _WRITTEN:
            return True
        error = quirks.write_error(put, new=True)
        if not isinstance(error, UidConflict | Refused):
            raise error
        return False

    async def _schedules(self) -> bool:
        answer = await self._send("OPTIONS", self._collection)
        return _SCHEDULES in answer.headers.get("DAV", "").lower()


def _kind(etag: str | None) -> Etag:
    if etag is None:
        return Etag.NONE
    return Etag.STRONG if quirks.is_strong(etag) else Etag.WEAK


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\n ", "").split("\n")


def _is_extra(line: str) -> bool:
    return line.upper().startswith(EXTRA[0]) and line.endswith(EXTRA[1])


def _rewriting(sent: str, got: str) -> Rewrites:
    if _lines(sent) == _lines(got):
        return Rewrites.NOTHING
    return Rewrites.LETTERS if same_version(sent, got) else Rewrites.CONTENT


def _zone(sent: str, got: str) -> Zone:
    try:
        was, now = ical.parse(sent).start, ical.parse(got).start
    except Malformed:
        return Zone.CHANGED
    if now.instant != was.instant:
        return Zone.CHANGED
    return Zone.KEPT if now.tzid == was.tzid else Zone.INSTANT
