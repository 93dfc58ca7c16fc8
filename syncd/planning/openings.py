"""Open slots as events in a calendar of their own: which should stand there, how, and what is to be written.

A slot's event is as long as the steps between that service's slots, not as long as the service: starts every quarter of
an hour for an hour's service would lie over each other four deep, and nobody could read the day. So each service fills
one column, without gaps where it is open; its description tells how long it takes.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple

from syncd.domain.availability import DayKey, OpenDay
from syncd.domain.booking import Catalog, Service, Slot
from syncd.domain.event import Event
from syncd.domain.opening import Opening, SlotKey, slot_name

SHORTEST = timedelta(minutes=15)
"""Shorter than this no app shows an event's title."""

PUT_BACKS = 3
PUT_BACK_WINDOW = timedelta(hours=1)


class Offer(NamedTuple):
    """A service at a place."""

    service_id: str
    location_id: str


class Wording(NamedTuple):
    """What an unedited event of an offer says, and its hash."""

    title: str
    place: str
    description: str

    @property
    def said(self) -> str:
        return said_by(*self)


class Show(NamedTuple):
    """How a slot is to be shown: the end of its event, and a hash of all else that syncd writes into it.

    `latest` is the end of a booking in it. An event that ends anywhere until then is right: the steps between slots
    change with what is known and with what is booked, and that is no reason to write all of them again.
    """

    until: datetime
    latest: datetime
    face: str


@dataclass(frozen=True, slots=True)
class Write:
    """A slot's event is to be written: a new one, or onto `opening`."""

    slot: SlotKey
    show: Show
    opening: Opening | None = None

    @property
    def name(self) -> str:
        """What it is called where it is remembered."""
        return slot_name(self.slot)


@dataclass(frozen=True, slots=True)
class Take:
    """The slot is not open any more: its event goes, if it still is unedited."""

    opening: Opening

    @property
    def slot(self) -> SlotKey:
        return self.opening.slot

    @property
    def name(self) -> str:
        """What it is called where it is remembered."""
        return self.opening.href


Change = Write | Take


def is_edited(event: Event, said: Collection[str]) -> bool:
    """Whether a slot's event says what a person wrote into it. `said`: hashes of what it may say by syncd's hand.

    Only its texts tell. A new time, a length, an alarm or a category is no edit: a moved slot is put back. One with
    attendees or an organizer is a person's too: servers mail those people when it goes.
    """
    return event.invitation or said_by(event.title, event.place, event.description) not in said


def said_by(title: str, place: str, description: str) -> str:
    """A hash of the texts of an event, without blanks."""
    texts = [" ".join(text.split()) for text in (title, place, description)]
    return sha256(repr(texts).encode()).hexdigest()[:32]


def shown(
    catalog: Catalog, known: Mapping[DayKey, OpenDay], wordings: Mapping[Offer, Wording], now: datetime
) -> dict[SlotKey, Show]:
    """Every slot that should stand in the calendar, and how.

    One whose length neither it nor its service tells is not shown: nobody could say what would be booked.
    """
    offers: dict[Offer, dict[datetime, Slot]] = {}
    for (service_id, place, _), day in known.items():
        starts = offers.setdefault(Offer(service_id, place), {})
        starts.update((slot.start.replace(microsecond=0), slot) for slot in day.slots if day.read_at is not None)
    found: dict[SlotKey, Show] = {}
    for offer, starts in offers.items():
        service, wording = catalog.services.get(offer.service_id), wordings.get(offer)
        if service is None or wording is None or catalog.zone(offer.location_id) is None:
            continue
        face, step = face_of(wording, catalog, offer), _step(starts)
        for start, slot in starts.items():
            length = _length(service, slot)
            if start > now and length is not None:
                found[SlotKey(*offer, start)] = Show(start + min(length, step or length), start + length, face)
    return found


def face_of(wording: Wording, catalog: Catalog, offer: Offer) -> str:
    """A hash of how the events of an offer look, but for when they are. Its place has to be known."""
    return said_by(wording.said, catalog.locations[offer.location_id].timezone, "")


def changes(
    shown: Mapping[SlotKey, Show], standing: Iterable[Opening], closed: Callable[[SlotKey], bool], now: datetime
) -> list[Change]:
    """What is to be written so that the calendar shows these slots and no others, the most urgent first.

    What is not open any more comes first, for it would mislead; then what is missing or not right; what is over comes
    last. Sooner ones come before later ones. An edited event is left alone and stands for its slot.
    """
    of_slot: dict[SlotKey, Opening] = {}
    spare: list[Opening] = []
    for one in sorted(standing, key=lambda one: (not one.edited, one.gone, one.href)):
        if one.slot not in of_slot:
            of_slot[one.slot] = one
        elif not one.edited:
            spare.append(one)
    takes = [one for slot, one in of_slot.items() if slot not in shown and not one.edited and closed(slot)] + spare
    takes.sort(key=lambda one: (one.start, one.slot, one.href))
    writes = [
        Write(slot, show, of_slot.get(slot))
        for slot, show in shown.items()
        if is_to_write(of_slot.get(slot), show, now)
    ]
    writes.sort(key=lambda write: (write.slot.start, write.slot))
    ahead = [Take(one) for one in takes if one.start > now]
    return [*ahead, *writes, *(Take(one) for one in takes if one.start <= now)]


class Closed:
    """Whether a slot is known not to be open: its day was read without it, is over, or is not asked about any more.

    What was never read is not known, as after a lost database: then its event stays as it is.
    """

    def __init__(self, catalog: Catalog, known: Mapping[DayKey, OpenDay], days: Collection[DayKey], now: datetime):
        self._catalog = catalog
        self._read = {key for key, day in known.items() if day.read_at is not None}
        self._days = days
        self._now = now
        # an entry that could not be read may be the one that is missing
        self._complete = bool(catalog.services and catalog.locations) and not catalog.parked

    def __call__(self, slot: SlotKey) -> bool:
        if slot.start <= self._now:
            return True
        zone = self._catalog.zone(slot.location_id)
        if zone is None:
            return self._complete and slot.location_id not in self._catalog.locations
        key = (slot.service_id, slot.location_id, slot.start.astimezone(zone).date())
        return key in self._read or (self._complete and key not in self._days)


def read_as(event: Event, before: Opening, face: str, current: str, said: Collection[str]) -> Opening:
    """What is remembered of a slot's event that was read.

    `face` is how it should look and `current` what it should say, both empty where that is not known; `said`: all that
    it may say by syncd's hand, in any language.
    """
    now_said = said_by(event.title, event.place, event.description)
    edited = is_edited(event, {*said, before.said})
    # not known, as after a lost database: it looks as it should where it says what it should
    guess = face if now_said == current else ""
    # marked as cancelled, or made to repeat, it does not stand where it should
    stands = not (event.cancelled or event.recurring)
    return replace(
        before,
        from_=event.start.instant if stands else None,
        until=event.end.instant if stands else None,
        # a note of ours about what a person had written, who took it out again: it is written anew without
        face="" if event.noted and not edited else before.face or guess,
        said=before.said if edited else now_said,
        edited=edited,
    )


def written(write: Write, before: Opening, now: datetime) -> Opening:
    """What is remembered of a slot's event that was just written as it should be."""
    recent = tuple(at for at in before.put_back_at if now - at < PUT_BACK_WINDOW)
    # only what had been written so before and did not stay so
    put_back = write.opening is not None and write.opening.face == write.show.face
    return replace(
        before,
        from_=write.slot.start,
        until=write.show.until,
        face=write.show.face,
        edited=False,
        gone=False,
        put_back_at=(*recent, now) if put_back else recent,
    )


def is_to_write(one: Opening | None, show: Show, now: datetime) -> bool:
    """Whether what stands there, None for nothing, is not as it should be, and syncd may write over it once more."""
    if one is None:
        return True
    if one.edited:
        return False
    if one.face != show.face:
        return True
    if one.from_ == one.start and one.until is not None and one.start < one.until <= show.latest:
        return False
    # two programs must not fight all night
    return sum(now - at < PUT_BACK_WINDOW for at in one.put_back_at) < PUT_BACKS


def _length(service: Service, slot: Slot) -> timedelta | None:
    length = slot.end - slot.start if slot.end is not None else service.duration
    return length if length is not None and length > timedelta(0) else None


def _step(starts: Collection[datetime]) -> timedelta | None:
    """The smallest step between two starts of a service at a place, over all days that are known."""
    step = min((later - earlier for earlier, later in pairwise(sorted(starts))), default=None)
    return max(step, SHORTEST) if step is not None else None
