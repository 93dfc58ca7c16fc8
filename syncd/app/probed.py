"""What earlier probes leave to tell without asking a server: what is unsafe, and scratch events that nobody removed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from syncd.app.check_findings import told
from syncd.app.check_rows import Verdict
from syncd.app.config import Config
from syncd.calendars.hrefs import collection_path, origin_of
from syncd.domain.findings import SCRATCH_TITLE, Scratch
from syncd.engine.scratch import TRY_AGAIN
from syncd.state.store import Store

REMOVE = f'syncd check --probe removes it, where it can reach it; or delete "{SCRATCH_TITLE}" of last July there'


@dataclass(frozen=True, slots=True)
class Unsafe:
    """Something that a probe found in a calendar, and what a person should do."""

    calendar: str
    what: str
    advice: str


def unsafe(store: Store, config: Config) -> list[Unsafe]:
    """What makes calendars of the config unsafe."""
    return [
        Unsafe(url, f"{row.about}: {row.what}", row.advice)
        for url, found in sorted(store.all_findings().items())
        if may_be_of(config, url)
        for row in told("", found)
        if row.verdict is Verdict.FAIL
    ]


def left_over(store: Store, config: Config, now: datetime) -> list[Scratch]:
    """The scratch events that no cycle removes: their calendar left the config, or the server does not let them go."""
    return [one for one in store.scratch() if not may_be_of(config, one.calendar) or now - one.since > TRY_AGAIN]


def may_be_of(config: Config, url: str) -> bool:
    """Whether that calendar is one of the config; any of its servers can be where one is given by its name."""
    by_name = any(not entry.url for entry in config.calendars)
    servers = {_origin(each) for each in (config.caldav.url, *(entry.url for entry in config.calendars))}
    return _normal(url) in _addresses(config) or (by_name and _origin(url) in servers)


def _origin(url: str) -> str:
    try:
        return origin_of(url)
    except ValueError:
        return ""


def _addresses(config: Config) -> Iterable[str]:
    return {_normal(url) for url in (*(entry.url for entry in config.calendars), config.availability.calendar_url)}


def _normal(url: str) -> str:
    try:
        return origin_of(url) + collection_path(url)
    except ValueError:
        return ""
