"""Which calendars syncd keeps: those of the config that it has read whole since they came into it.

What is done in one that left the config is not watched. When it comes back, what it tells is taken as it stands; but an
event that went meanwhile is no wish to cancel its booking.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from syncd.domain.event import Event, Observation
from syncd.domain.ids import parse_uid, stem
from syncd.domain.link import Leftover, Link
from syncd.planning.case import left_behind
from syncd.planning.sides import SETTLED, stands_in
from syncd.state.store import Store

_KEPT = "kept_calendars"
_LEFT = "calendars_left_at"
_WHOLE = "calendars_read_whole"


def left(store: Store, managed: Collection[str], now: datetime) -> dict[str, datetime]:
    """When each calendar that was kept once, and is not in the config, left it: as of the first cycle without it.

    To be asked before anything is read, so that what is seen for the first time in that cycle came after it.
    """
    known = {url: datetime.fromisoformat(at) for url, at in json.loads(store.fact(_LEFT) or "{}").items()}
    kept = json.loads(store.fact(_KEPT) or "[]")
    gone = {url: known.get(url, now) for url in (*known, *kept) if url not in managed}
    if gone != known:
        store.set_fact(_LEFT, json.dumps({url: at.isoformat() for url, at in gone.items()}))
    return gone


def came(store: Store, managed: Collection[str]) -> frozenset[str]:
    """The calendars that came into the config, or came back into it, and were not read whole since.

    The next listing of each is a full one, for what was known of it is from before.
    """
    told = store.fact(_KEPT)
    read = {url for url, (_, full_at) in store.cursors().items() if full_at is not None}
    # a database from before this was remembered: it kept what it had read
    kept = frozenset(json.loads(told)) if told is not None else read
    new = frozenset(url for url in managed if url not in kept)
    for url in sorted(new & read):
        store.forget_cursor(url)
    return new


def remember(
    store: Store, managed: Collection[str], new: Collection[str], readable: Collection[str], now: datetime
) -> None:
    """Remember which are kept from now on, once what was done in those that came back is remembered with the links."""
    back = {url for url in new if url in readable}
    links = [link for link in store.links().values() if link.closed is None] if back else []
    own = {(link.calendar, link.href) for link in links}
    seen = store.observations() if back else {}
    there = [one for one in seen.values() if one.calendar in back and one.key not in own]
    for link in links:
        if link.calendar in back and not stands_in(seen, link):
            store.save_link(replace(link, went_unkept=True))
        elif link.calendar not in back and (others := _others(link, there, now)):
            taken = {one.key for one in others}
            left = (one for one in link.leftovers if one.key not in taken)
            store.save_link(replace(link, leftovers=(*left, *others)))
    kept = json.dumps(sorted(url for url in managed if url not in new or url in back))
    if kept != store.fact(_KEPT):
        store.set_fact(_KEPT, kept)


def _others(link: Link, there: Iterable[Observation], now: datetime) -> list[Leftover]:
    """The events from before it got this one, as they stand now: where somebody has put them since is told, and is no
    wish.
    """
    left = {one.key: one for one in link.leftovers}

    def is_news(one: Observation) -> bool:
        if one.key in left:
            return not left[one.key].is_unchanged(one)
        return one.event is not None and _is_of(one.event, link)

    return [replace(left_behind(one), stays_until=now + SETTLED) for one in there if is_news(one)]


def _is_of(event: Event, link: Link) -> bool:
    named, ours = parse_uid(event.uid), parse_uid(link.uid)
    if named is None:
        return False  # a person's copy
    # a reschedule may have given the booking another id, before the calendar left or since
    ids = (stem(link.booking_id), ours[0] if ours is not None else None)
    return named[0] in ids or event.booking_id == link.booking_id


def was_whole(store: Store, never_read: Collection[str]) -> bool:
    """Whether this database has known each calendar of the config at one time: no event of before it can be unknown."""
    if not never_read and store.fact(_WHOLE) is None:
        store.set_fact(_WHOLE, "yes")
    return store.fact(_WHOLE) is not None
