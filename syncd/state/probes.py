"""What `syncd check --probe` found, and the scratch events that it may have left. Functions work inside a transaction.

Both are small facts. What cannot be read of them, or is of another version, is as good as absent: a new probe tells.
"""

from collections.abc import Collection

from sqlite_utils import Database

from syncd.domain.errors import StoreError
from syncd.domain.findings import VERSION, Findings, Scratch
from syncd.state import facts
from syncd.state.codec import FINDINGS, SCRATCHES

_FOUND = "probe.found "
_SCRATCH = "probe.scratch"


def findings(db: Database, calendar: str) -> Findings | None:
    """What the last probe of that calendar found."""
    told = facts.fact(db, _FOUND + calendar)
    try:
        found = FINDINGS.load(told) if told is not None else None
    except StoreError:
        return None
    return found if found is not None and found.version == VERSION else None


def all_findings(db: Database) -> dict[str, Findings]:
    """What the last probe of each calendar found, by its URL."""
    urls = [name.removeprefix(_FOUND) for name in facts.names(db, _FOUND)]
    return {url: found for url in urls if (found := findings(db, url)) is not None}


def keep_findings(db: Database, calendar: str, found: Findings) -> None:
    facts.set_fact(db, _FOUND + calendar, FINDINGS.dump(found))


def scratch(db: Database) -> tuple[Scratch, ...]:
    """The scratch events that may stand in calendars."""
    told = facts.fact(db, _SCRATCH)
    try:
        return SCRATCHES.load(told) if told is not None else ()
    except StoreError:
        return ()


def note_scratch(db: Database, noted: Collection[Scratch], gone: Collection[Scratch]) -> None:
    """Remember these in place of what was known of them, and forget those in `gone`."""
    keys = {(one.calendar, one.href) for one in (*noted, *gone)}
    others = [one for one in scratch(db) if (one.calendar, one.href) not in keys]
    facts.set_fact(db, _SCRATCH, SCRATCHES.dump((*others, *noted)))
