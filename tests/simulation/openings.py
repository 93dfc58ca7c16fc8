"""Open slots in a calendar of their own: what syncd may do there, and what must come of what people write into them."""

import re
from collections import Counter
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from syncd.domain.booking import Slot
from syncd.domain.opening import SlotKey, SlotStem, parse_slot_href
from syncd.texts import strip_description, strip_title
from tests.simulation import objects
from tests.simulation.asks import told
from tests.simulation.calendars import OPEN
from tests.simulation.history import Step
from tests.simulation.zimun import BERLIN, CATALOG

if TYPE_CHECKING:
    from tests.simulation.world import World

DAYS_AHEAD = 1
TITLES = {service.id: f"Open: {service.name}" for service in CATALOG.services.values()}
MAIL = re.compile(r"g\d+@qzx\.example")
ROUNDS = 25
GENERATIONS = 4
"""So many events of a slot a server takes that refuses each UID which was used before."""


slot_of = lru_cache(maxsize=4096)(parse_slot_href)


class Openings:
    """The calendar of open slots. What is asked for in it is kept with what people ask for elsewhere."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.plain: dict[str, tuple[str, str, str]] = {}
        """What syncd wrote into each event."""
        self.made: Counter[SlotStem] = Counter()
        self.is_off = OPEN not in world.server.calendars
        """The config names no such calendar, or not any more: then it is not touched."""

    # what there is

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """The slots' events, as they stand."""
        found = self.world.server.calendars[OPEN].objects.items()
        return [(href, objects.read(data)) for href, (data, _) in found if href in self.plain]

    def is_edited(self, href: str, fields: dict[str, Any]) -> bool:
        return _texts(fields) != self.plain[href]

    def open_now(self) -> list[Slot]:
        """What is open, on the days that are to be shown."""
        today = self.world.clock.true().astimezone(BERLIN).date()
        return [
            slot
            for ahead in range(DAYS_AHEAD + 1)
            for service in CATALOG.services.values()
            for place in service.location_ids
            for slot in self.world.zimun.open_at(today + timedelta(days=ahead), service.id, place)
        ]

    # what syncd does

    def changed(self, href: str, old: dict[str, Any] | None, new: dict[str, Any] | None, by: str) -> None:
        """An event there was written or removed."""
        slot = slot_of(href)
        if by != "syncd":
            return
        if self.is_off:
            self.world.fail(f"syncd writes {href}, in a calendar that is not its any more")
        if slot is None or (old is not None and href not in self.plain):
            self.world.fail(f"syncd writes {href}, somebody's own event")
        elif old is None:
            assert new is not None
            twins = [other for other, _ in self.events() if other != href and slot_of(other) == slot]
            if twins and not self.world.is_lied_to:
                self.world.fail(f"syncd writes {href}, though {twins[0]} stands")
            self._written(href, new, slot)
            self.made[slot] += 1
        elif self.is_edited(href, old):
            self._of_a_person(href, old, new)
        elif new is not None and old["title"].startswith("⚠") and told(old) == told(new):
            self.plain[href] = _texts(new)  # the person took back what they had written, and our note about it goes
        elif new is not None:
            self._written(href, new, slot)
            if _meaning(old) == _meaning(new):
                self.world.fail(f"syncd writes {href} as it was")

    def _written(self, href: str, new: dict[str, Any], slot: SlotStem) -> None:
        self.plain[href] = _texts(new)
        if (new["title"], objects.start_of(new)) != (TITLES[slot.service], slot.start) or new["cancelled"]:
            self.world.fail(f"syncd writes {href}, and not as an open slot")

    def _of_a_person(self, href: str, old: dict[str, Any], new: dict[str, Any] | None) -> None:
        """Nothing but a note in it is changed, and it goes only once its booking's event was written."""
        if new is not None:
            if told(old) != told(new):
                self.world.fail(f"syncd writes {href}, and changes more than the note")
            self.world.asks.told(href, new)
            return
        booked = self.world.asks.booked.get(mail_in(old), [])
        if not booked:
            self.world.fail(f"syncd removes {href}, for which nothing was booked")
        now, names = self.world.clock.true(), [self.world.zimun.now_called(one.id) for one in booked]
        ended = any(one.cancelled or one.start <= now for one in (self.world.zimun.bookings[name] for name in names))
        if not (ended or any(self.world.oracle.said[name].met for name in names)):
            self.world.fail(f"syncd removes {href}, before its booking's event stood")

    # how it has to end

    def settle(self) -> None:
        """Within some cycles the calendar shows what is open, and is silent then."""
        world = self.world
        if self.is_off:
            return
        # at ten, one and so on: no slot begins in such an hour, nor a day
        local = world.clock.true().astimezone(BERLIN)
        world.clock.passes((3 - (local.hour - 1) % 3) * 3600 + 300 - local.minute * 60 - local.second)
        for _ in range(ROUNDS):
            before = world.shown
            world.cycle(Step("cycle", after=61))
            if world.wrong:
                return
            if world.shown == before and not self._differs() and not self._unanswered():
                break
        else:
            world.fail(self._differs() or self._unanswered() or "the open slots do not come to rest")
            return
        before = world.shown
        for _ in range(2):
            world.cycle(Step("cycle", after=61))
        if world.shown != before:
            world.fail("the open slots do not stay silent")
        self._refused_for_nothing()
        world.trace.append("the config names no calendar of open slots any more")
        self.is_off = True
        world.restart()

    def _differs(self) -> str:
        """What is not shown as it should be; empty where all is."""
        wanted = {(slot.service_id, slot.location_id, slot.start) for slot in self.open_now()}
        stand: Counter[tuple[str, str, datetime]] = Counter()
        edited = set()
        for href, fields in self.events():
            slot = slot_of(href)
            assert slot is not None
            if self.is_edited(href, fields):
                edited.add(tuple(slot))
                continue
            stand[tuple(slot)] += 1
            if objects.start_of(fields) != slot.start or fields["cancelled"] or fields["title"].startswith("⚠"):
                return f"{href} does not stand as an open slot"
        for key in sorted(stand.keys() | wanted):
            worn = self.world.server.kind == "trash" and self.made[SlotStem(*key)] >= GENERATIONS
            if stand[key] > 1 or (key in edited and stand[key]):
                return f"{SlotKey(*key)} is shown twice"
            if key in wanted and key not in edited and not stand[key] and not worn:
                return f"{SlotKey(*key)} is open and not shown"
            if key not in wanted and stand[key]:
                return f"{SlotKey(*key)} is shown and not open"
        return ""

    def _unanswered(self) -> str:
        """Who is written into a slot to come, and neither booked nor told why not."""
        asks = self.world.asks
        for href, fields in self.events():
            start, mail = objects.start_of(fields), mail_in(fields)
            if not mail or fields["cancelled"] or start is None or start <= self.world.clock.true():
                continue
            if fields["title"].startswith("⚠") or asks.is_rejected(href, fields):
                continue
            # with the database went what it said when the note that still leads its description was written
            if asks.lost and (asks.booked.get(mail) or fields["desc"].startswith("⚠")):
                continue
            return f"{href} is neither booked nor told why not"
        return ""

    def _refused_for_nothing(self) -> None:
        """Where nothing refused and nobody else wanted that time, whoever is written into a slot is booked."""
        world = self.world
        if not self._honest():
            return
        free = {(slot.service_id, slot.location_id, slot.start): slot for slot in self.open_now()}
        for href, fields in self.events():
            wishes = world.asks.said.get(mail_in(fields), [])
            if not fields["title"].startswith("⚠") or not wishes or world.asks.is_rejected(href, fields):
                continue
            slot = free.get((wishes[-1].service_id, wishes[-1].location_id, wishes[-1].start or world.clock.true()))
            if slot is None or world.asks.booked.get(mail_in(fields)) or fields["cancelled"]:
                continue
            ever = [one for past in world.zimun.past.values() for _, one in past]
            ever += [held for _, held in world.zimun.holds.values()]
            if not any(
                one.location_id == slot.location_id and one.start < (slot.end or slot.start) and slot.start < one.end
                for one in ever
            ):
                world.fail(f"{href} was refused, and could have been booked: {fields['desc'][:80]}")

    def _honest(self) -> bool:
        """Whether nothing refused or lied, and so little was asked that none of it awaits a word."""
        world = self.world
        faulty = any(step.faults for step in world.history.steps)
        return not (faulty or world.is_lied_to or world.asks.lost) and world.asks.count <= 5


def mail_in(fields: dict[str, Any]) -> str:
    """The customer's address in an event."""
    found = MAIL.search(fields["title"]) or MAIL.search(fields["desc"])
    return found[0] if found is not None else ""


def _texts(fields: dict[str, Any]) -> tuple[str, str, str]:
    title, desc = strip_title(fields["title"])[0], strip_description(fields["desc"])[0]
    return title, fields["place"], desc


def _meaning(fields: dict[str, Any]) -> dict[str, Any]:
    """All that is in it but what shows only who wrote it and when, with times as instants."""
    times = {"from": objects.start_of(fields), "until": objects.start_of({"start": fields["end"]})}
    return {key: each for key, each in fields.items() if key not in ("stamp", "server", "start", "end")} | times
