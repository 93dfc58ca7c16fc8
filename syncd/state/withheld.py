"""Objects that a calendar has and does not give, to be asked for again. Functions work inside a transaction."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlite_utils import Database

from syncd.state import facts
from syncd.state.database import as_text

_WITHHELD = "withheld "


class Withheld(NamedTuple):
    """Since when an object is not given, and when it was asked for at last."""

    since: datetime
    asked: datetime


def withheld(db: Database, calendar: str) -> dict[str, Withheld]:
    """Those of a calendar, by their hrefs."""
    told = facts.fact(db, _WITHHELD + calendar)
    found = json.loads(told) if told is not None else {}
    return {href: Withheld(*map(datetime.fromisoformat, times)) for href, times in found.items()}


def keep(db: Database, calendar: str, now_are: Mapping[str, Withheld]) -> None:
    """Remember these in place of what was known."""
    if now_are or facts.fact(db, _WITHHELD + calendar) is not None:
        told = {href: [as_text(one.since), as_text(one.asked)] for href, one in sorted(now_are.items())}
        facts.set_fact(db, _WITHHELD + calendar, json.dumps(told))
