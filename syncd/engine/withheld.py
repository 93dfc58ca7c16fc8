"""Objects that a calendar server lists and does not give: as on a 500 for one of them, be it once or for months; or on
a 404 for one that is listed.

The change list of the next cycle does not name them again, so they are asked for by themselves, and nothing is listed
in full on their account: in the next cycle, and then each time after as long again as they have been missing, or after
ten minutes. So one that is never given costs little, even where a cycle waits for it in vain.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from syncd.state.store import Store
from syncd.state.withheld import Withheld

LONGEST = timedelta(minutes=10)


def due(known: Mapping[str, Withheld], now: datetime) -> set[str]:
    """The hrefs that are to be asked for now, whatever a listing says."""
    return {
        href
        for href, one in known.items()
        # since a time that is still to come, where the clock was set back
        if not one.asked <= now < one.asked + min(abs(one.asked - one.since), LONGEST)
    }


def kept(
    known: Mapping[str, Withheld], over: Collection[str], missing: Collection[str], now: datetime
) -> dict[str, Withheld]:
    """What is remembered now that those at the hrefs in `missing` were not given. `over`: what else was asked for, or
    is gone.
    """
    still = {href: one for href, one in known.items() if href not in over}
    return still | {href: Withheld(known[href].since if href in known else now, now) for href in missing}


def not_given(store: Store, calendars: Collection[str]) -> dict[tuple[str, str], datetime]:
    """Since when they are not given, in those calendars, by calendar and href."""
    return {(url, href): one.since for url in calendars for href, one in store.withheld(url).items()}
