"""What a server's refusal means, by what servers really answer. Each line names who forced it.

And where the other habits of servers are met, each by what the server does and never by its name:

- Lists. A token lost: `TOKEN_LOST`. A token that is taken though nobody gave it, and answered with all there is and no
  deletions (DAViCal any, Cyrus and SabreDAV the number 0): `NEVER_GIVEN`, asked until there is an answer. A
  token of the future, answered with an empty 207 (SabreDAV 4.7): `is_older`. No tokens at all (SabreDAV 1.8): each
  listing is a full one. A multiget that omits what is missing (DAViCal, SabreDAV), or is a 404 as a whole (SabreDAV
  1.8): `NO_MULTIGET`, `dav._multiget`. Hrefs spelled in several ways, of which some servers know but one: `hrefs`,
  `Transport.send`. A token of another form that makes the server stumble (CCS, Xandikos 0.4.9), which is no answer:
  `dav._refuses_unknown_tokens`.
- Searches. A text that stands there and is not found (Bedework, Zimbra, Stalwart 0.15.5, iCloud at times): `searching`.
- Versions. ETags that are weak or absent: `is_strong`; then the object is read before a write, and read back after it.
- What is stored. Properties reordered, rewritten or dropped: `ical._normal`, and identity lies in UID and href. An X-
  property without a value (Cyrus refuses the whole object, 403): `refuses_content`, `ical.without_empty`. METHOD
  (Cyrus 403, SabreDAV 4.7 415): never written, see `ical.render`. A UID that stands elsewhere: `_UID_TAKEN`,
  `is_bare_conflict`. A body over the size limit (413; 412 or 403 with CALDAV:max-resource-size): refused, as the
  server's word about that object.
- Calendars for tasks. Radicale and DAViCal take events there all the same: `Account.find` searches them.
- Connections. HTTP/1.0 and closed after each answer (Radicale, PHP), or closed under the next request (SOGo): a lost
  read is asked once more, `transport`. A 401 that takes a second (Radicale): credentials go with the first request,
  `session`. 423 (Xandikos): once more after a moment; 500 in a race (Xandikos, SabreDAV, DAViCal): it is not known
  whether it was done, so the next cycle looks.

**Two writers who both win.** DAViCal, SabreDAV, SOGo and Xandikos compare the ETag and write in two steps, so two
conditional writes at once may both be answered with success (of 200 rounds of eight writers in 181 on DAViCal, in 21 on
SabreDAV 1.8; on Xandikos, which compares before it takes its lock, in 13 of 1000). If the
other one was last, its ETag is in the next listing, and differs from the one that we were given (tests/contracts asks
that of every server): the next cycle reads it and compares it with our write as the base, as a read at once would. If
ours was last, what stands there is ours, and no read can tell that an edit was lost in that moment. So after a write
that gave a strong ETag nothing is read back by itself. Where `check --probe` has seen that conditions are ignored, or
that two writers win at once, each write is careful: a look right before it stands in for the server's own comparison,
but for that moment, and a read right after compares what stands there, for SOGo counts ETags for each object and may
give two winners the same one. Where there is no strong ETag it is read back anyway, and `stored.is_anothers` keeps a
person's write within that moment from being taken for our own.
"""

import re

from syncd.calendars.transport import Answer
from syncd.domain.errors import (
    CollectionGone,
    NotPermitted,
    OutcomeUnknown,
    PreconditionFailed,
    Refused,
    SyncdError,
    UidConflict,
    Unavailable,
)

_DAV = "{DAV:}"
_CALDAV = "{urn:ietf:params:xml:ns:caldav}"

GONE = frozenset({404, 410})
# deleted or renamed, or a slip in the config: nobody can tell
NOT_THERE = "there is no calendar at that address"

# How servers say that they do not know a sync token any more, or cannot answer the REPORT at all. Each is answered by a
# full listing, which then finds out whether more is wrong. 401, 404, 429 and 5xx else are never among them.
TOKEN_LOST = {
    200: "some answer without a multistatus",
    400: "some, for a token of another form",
    403: "Radicale, Cyrus, SabreDAV, with DAV:valid-sync-token; some without",
    405: "servers that offer the property and not the REPORT",
    409: "some, with DAV:valid-sync-token",
    410: "Google",
    412: "Xandikos, with DAV:valid-sync-token",
    415: "some, for a token of another form",
    418: "some",
    501: "servers that offer the property and not the REPORT",
    507: "some, where too much has changed",
}

# what RFC 9110 §8.8.3 allows and ASCII has; and the space, which it does not allow and which goes back as it came
_STRONG = re.compile(r'"[ !\x23-\x7e]+"')
# RFC 6578 §3.2: a token is a URI. Nobody gives this one; DAViCal takes it all the same.
NEVER_GIVEN = "data:,never-given"
# SabreDAV 4.7 (.../sync/<n>), DAViCal (data:,<n>) and Cyrus (data:,<uidvalidity>-<modseq>) count.
_COUNTED = re.compile(r"(.*?)(\d{1,18})", re.DOTALL)

# A multiget that is not answered by a multistatus is replaced by a GET for each object.
NO_MULTIGET = {
    400: "servers that stumble over one of the hrefs",
    403: "servers without the REPORT: DAV:supported-report",
    404: "SabreDAV 1.8, where only one of the objects is missing",
    405: "servers without the REPORT",
    410: "as 404",
    415: "servers without the REPORT",
    501: "servers without the REPORT",
    507: "servers to which it was too much at once",
}

# One UID, one object (RFC 4791 §5.3.2.1), with 409 from Radicale and SOGo, 412 from Xandikos, 403 from Cyrus; and Cyrus
# again, for a UID that stands in another calendar of the user (RFC 6638 §3.2.4.1). In any namespace: Purelymail says it
# in that of CardDAV.
_UID_TAKEN = frozenset({"no-uid-conflict", "unique-scheduling-object-resource"})
# Nextcloud says it in a sentence only: "Calendar object with uid already exists", also of objects in its trash bin.
# With another status it needs a second word: a uid may also be the user's, who lacks a right, or does not exist. Only a
# new object is refused so; and a 412 is about its condition, whatever it says.
_UID_WORD = re.compile(r"\buid\b", re.IGNORECASE)
_TAKEN_WORD = re.compile(r"\bexists\b|already|conflict|in use|taken|duplicate|unique", re.IGNORECASE)

# What a server will not store as it is (RFC 4791 §5.3.2.1): 403 from Cyrus, 412 from Xandikos and DAViCal, 415 from
# SabreDAV 4.7, which names nothing.
_CONTENT = frozenset({_CALDAV + "valid-calendar-data", _CALDAV + "valid-calendar-object-resource"})

# The server says that it has not done it, and may later: 423 comes from Xandikos when two write at once.
_LATER = frozenset({408, 423, 425, 503})


def is_strong(etag: str | None) -> bool:
    """Whether the ETag may stand in If-Match (RFC 9110 §8.8.1). nginx makes weak ones, Calypso unquoted ones.

    One with other letters than those of ASCII is not strong: it would not go back as it came.
    """
    return etag is not None and _STRONG.fullmatch(etag) is not None


def is_older(token: str, cursor: str) -> bool:
    """Whether both tokens are counted, and the one that came as an answer is from before the one that was sent.

    So it is where the server was restored from a backup. SabreDAV 4.7 answers a token of the future with its own and
    an empty 207: "nothing changed". Tokens that are hashes (Radicale, Xandikos) are never equal but for their count.
    """
    now, then = _COUNTED.fullmatch(token), _COUNTED.fullmatch(cursor)
    return now is not None and then is not None and now[1] == then[1] and int(now[2]) < int(then[2])


def preconditions(answer: Answer) -> frozenset[str]:
    """The elements inside DAV:error (RFC 4918 §16)."""
    if answer.tree is None or answer.tree.tag != _DAV + "error":
        return frozenset()
    return frozenset(child.tag for child in answer.tree if isinstance(child.tag, str))


def reason_of(answer: Answer) -> str:
    """The server's own words, for a person to read: untrusted, one line, at most 200 characters; empty if none."""
    if answer.tree is not None:
        said = [(child.text or "") for child in answer.tree if isinstance(child.tag, str) and _is_message(child.tag)]
        words = said or [str(tag).rpartition("}")[2] for tag in sorted(preconditions(answer))]
    else:
        words = [] if answer.is_html else [answer.text]
    line = " ".join(" ".join(words).split())
    return "".join(char for char in line if char.isprintable())[:200]


def _is_message(tag: str) -> bool:
    # SabreDAV's s:message, and RFC 4918 §14.25
    return tag.rpartition("}")[2] in ("message", "responsedescription")


def is_bare_conflict(answer: Answer) -> bool:
    """Whether it is a 409 that says nothing. SOGo answers so to a UID that stands in the account already.

    One that says why is about that, and a web page (Cloudflare: 409) is not the server's.
    """
    return answer.status == 409 and not preconditions(answer) and not reason_of(answer) and not answer.is_page


def refuses_content(answer: Answer) -> bool:
    """Whether the server refuses what stands in the object, and would perhaps take it otherwise."""
    return 400 <= answer.status < 500 and bool(preconditions(answer) & _CONTENT)


def read_error(answer: Answer) -> SyncdError:
    """What an answer to a read means that is not the one hoped for."""
    if answer.status in GONE:
        return CollectionGone(NOT_THERE)
    if answer.status == 403:
        return NotPermitted("the calendar server does not let this user read the calendar", credentials=False)
    if answer.is_html:
        return Unavailable(
            f"the calendar server answers with a web page ({answer.status}): is that its CalDAV address?"
        )
    return Unavailable(f"the calendar server answers {answer.status}")


def _says_uid_is_taken(status: int, reason: str) -> bool:
    is_said = status == 400 or (status in (403, 409) and _TAKEN_WORD.search(reason))
    return bool(is_said and _UID_WORD.search(reason))


def write_error(answer: Answer, *, new: bool = False) -> SyncdError:
    """What an answer to a PUT or DELETE means that is no success. `new`: the PUT was to make a new object."""
    status, named, reason = answer.status, preconditions(answer), reason_of(answer)
    is_taken = any(tag.rpartition("}")[2] in _UID_TAKEN for tag in named)
    if is_taken or (new and _says_uid_is_taken(status, reason)):
        return UidConflict("the calendar server refuses this UID")
    if status == 412 and not any(tag.startswith(_CALDAV) for tag in named):
        return PreconditionFailed("the object is not the version that was expected")
    # 412 with another precondition is about the content: Xandikos and DAViCal valid-calendar-data, Radicale its size
    if status in _LATER:
        return Unavailable(f"the calendar server answers {status}: not done, to be tried again")
    if status in GONE:
        return CollectionGone(NOT_THERE)
    if status == 507:
        # RFC 4331 §6
        return Refused("the calendar server has no room left for the object (507)", reason)
    if status == 409 and answer.is_page:
        return OutcomeUnknown("a web page came as the answer to a write (409)")
    if 400 <= status < 500 or status == 501:
        return Refused(f"the calendar server refuses the object ({status})", reason)
    # 500, 502 and 504 may come after the deed, and 202 or 207 say nothing certain
    return OutcomeUnknown(f"the calendar server answers {status} to a write")
