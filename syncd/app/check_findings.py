"""What a probe found, in words: what the server does, what syncd does about it, and what a person should. Pure."""

from collections.abc import Iterator

from syncd.app.check_rows import Row, Verdict
from syncd.domain.findings import Condition, Etag, Findings, Rewrites, Tokens, Zone

_CARE = "looks right before each write and reads back after it"
_RARE = (
    "an edit in the same second as a write of syncd's can be lost there, rarely; a server that keeps to it has no "
    "such moment"
)
_ANOTHER = "keep bookings in a calendar on another server"
_LAG = "give sync.cancel_grace_seconds 180 or more"

_CONDITIONS = {
    Condition.HONOURED: (Verdict.OK, "honoured", "relies on it", ""),
    Condition.IGNORED: (Verdict.WARN, "ignored: the write was done", _CARE, _RARE),
    Condition.REFUSED: (Verdict.FAIL, "the true ETag is refused, too: nothing can be changed", "", _ANOTHER),
    Condition.UNTRIED: (Verdict.OK, "not tried: no strong ETag to send", "compares what stands there before", ""),
}
_TOKENS = {
    Tokens.TOLD: "told",
    Tokens.FULL: "told by a full listing only",
    Tokens.SILENT: "not told",
    Tokens.NONE: "not tried",
}


def told(name: str, found: Findings) -> list[Row]:
    """The rows about one calendar."""
    rows = (_writing(found), _storing(found), _listing(found), _conditions(found), _beside(found))
    return [
        Row(verdict, name, what, advice, int(verdict is Verdict.FAIL), about, does)
        for part in rows
        for about, (verdict, what, does, advice) in part
    ]


def in_short(found: Findings) -> str:
    """When it was, and what came of it for every write."""
    return f"{found.at:%d %b %Y}: " + (f"syncd {_CARE}" if found.careful else "conditions on writes protect")


_Told = Iterator[tuple[str, tuple[Verdict, str, str, str]]]


def _writing(found: Findings) -> _Told:
    if not found.etag_changes:
        what = "the same after a change: syncd cannot see what people change"
        yield "ETag", (Verdict.FAIL, what, "", _ANOTHER)
    elif found.etag is Etag.STRONG:
        yield "ETag after a write", (Verdict.OK, "strong", "sends it back in If-Match", "")
    else:
        what = "weak" if found.etag is Etag.WEAK else "none"
        yield "ETag after a write", (Verdict.OK, what, "reads back what it wrote", "")


def _storing(found: Findings) -> _Told:
    yield (
        "What is stored",
        {
            Rewrites.NOTHING: (Verdict.OK, "what was written, letter for letter", "", ""),
            Rewrites.LETTERS: (Verdict.OK, "the same event in other letters", "compares what it says", ""),
            Rewrites.CONTENT: (Verdict.OK, "a changed event", "takes a server's rewriting for no edit", ""),
        }[found.rewrites],
    )
    never = "a start that the server changes looks like a person's move: " + _ANOTHER
    yield (
        "Time zone",
        {
            Zone.KEPT: (Verdict.OK, "kept", "", ""),
            Zone.INSTANT: (Verdict.OK, "another zone, the same instant", "compares instants", ""),
            Zone.CHANGED: (Verdict.FAIL, "the start is another instant when it is read back", "", never),
        }[found.zone],
    )
    if found.unknown_properties:
        yield "Unknown properties", (Verdict.OK, "kept", "", "")
    else:
        yield "Unknown properties", (Verdict.OK, "dropped", "knows an event by its UID and href", "")


def _listing(found: Findings) -> _Told:
    gets = "looks by a GET before it believes that an event is gone"
    if found.listing_lag == 0:
        yield "Listing", (Verdict.OK, "a new event is listed at once", "", "")
    else:
        late = "not within 10 s" if found.listing_lag is None else f"{found.listing_lag:.1f} s late"
        yield "Listing", (Verdict.WARN, f"a new event is listed {late}", gets, _LAG)
    if found.created is Tokens.NONE:
        yield "Sync token", (Verdict.OK, "none", "lists the whole calendar each cycle", "")
        return
    what = f"new: {_TOKENS[found.created]}; deleted: {_TOKENS[found.deleted]}"
    silent = Tokens.SILENT in (found.created, found.deleted)
    does = "lists all once an hour" + (": what the token misses is seen then" if silent else "")
    yield "Sync token", (Verdict.WARN if silent else Verdict.OK, what, does, "")
    if found.strange_token_refused:
        yield "Unknown sync token", (Verdict.OK, "refused", "lists all then", "")
    else:
        does = "lists all where something changed and no deletion is told"
        yield "Unknown sync token", (Verdict.OK, "taken as if there were none", does, "")


def _conditions(found: Findings) -> _Told:
    tried = {
        "If-Match": found.if_match,
        "If-None-Match": found.if_none_match,
        "If-Match on DELETE": found.delete_if_match,
    }
    for about, one in tried.items():
        verdict, what, does, advice = _CONDITIONS[one]
        alone = one is Condition.HONOURED and found.careful
        yield about, (verdict, what, "does not rely on it alone" if alone else does, advice)
    if not found.atomic:
        yield "Writes at once", (Verdict.WARN, "more than one was accepted under one ETag", _CARE, _RARE)
    elif found.if_match is Condition.HONOURED:
        yield "Writes at once", (Verdict.OK, "one was accepted in each of four rounds", "", "")


def _beside(found: Findings) -> _Told:
    if found.uid_reused:
        yield "UID after its deletion", (Verdict.OK, "can be used again", "", "")
    else:
        yield "UID after its deletion", (Verdict.OK, "refused", "takes another for that booking: ~2, ~3", "")
    what = "the server says that it does (calendar-auto-schedule)" if found.schedules else "not known"
    yield "Mail to attendees", (Verdict.OK, what, "adds no attendee and no organizer: there is nobody to mail", "")
