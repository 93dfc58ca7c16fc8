"""What should stand in the calendar of open slots, by what is known in one cycle."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from syncd.domain.availability import DayKey, OpenDay
from syncd.domain.booking import Catalog, Span
from syncd.domain.event import Draft, Event
from syncd.domain.ids import BookingId, stem
from syncd.domain.opening import Opening, SlotKey, parse_slot_href, parse_slot_uid, slot_stem
from syncd.planning import availability
from syncd.planning.openings import Offer, Show, Wording, Write, face_of, read_as, shown
from syncd.texts.languages import LANGUAGES
from syncd.texts.words import Words

_ALL_WORDS = tuple(Words(language) for language in LANGUAGES)


def any_words(words: Words) -> tuple[Words, ...]:
    """These words, and those of every language."""
    return (words, *_ALL_WORDS)


@dataclass(frozen=True)
class Display:
    """`words` are those of the config's language, `any_words` of all languages."""

    catalog: Catalog
    known: Mapping[DayKey, OpenDay]
    words: Words
    now: datetime
    any_words: tuple[Words, ...]

    @cached_property
    def wordings(self) -> dict[Offer, Wording]:
        offers = {Offer(service, place) for service, place, _ in self.known}
        offers.update(Offer(*one) for one in availability.offers(self.catalog))
        return {offer: found for offer in offers if (found := self.wording(offer, self.words)) is not None}

    @cached_property
    def shown(self) -> dict[SlotKey, Show]:
        return shown(self.catalog, self.known, self.wordings, self.now)

    @cached_property
    def ids(self) -> tuple[dict[str, str], dict[str, str]]:
        """Services and places by what events are named after."""
        services, places = self.catalog.services, self.catalog.locations
        return {stem(BookingId(one)): one for one in services}, {stem(BookingId(one)): one for one in places}

    def wording(self, offer: Offer, words: Words) -> Wording | None:
        service = self.catalog.services.get(offer.service_id)
        place = self.catalog.locations.get(offer.location_id)
        if service is None or place is None:
            return None
        texts = words.opening(service, place)
        return Wording(texts.title, texts.place, "\n".join(texts.lines.values()))

    def said(self, offer: Offer) -> set[str]:
        """All that an event of that offer may say by syncd's hand."""
        found = (self.wording(offer, words) for words in self.any_words)
        return {wording.said for wording in found if wording is not None}

    def slot_at(self, href: str) -> SlotKey | None:
        """The slot whose event has that href; None where it is none, or of a service or place that is not known."""
        named = parse_slot_href(href)
        services, places = self.ids
        if named is None or named.service not in services or named.place not in places:
            return None
        return SlotKey(services[named.service], places[named.place], named.start)

    def draft(self, write: Write, uid: str) -> Draft:
        slot = write.slot
        offer = Offer(slot.service_id, slot.location_id)
        said, zone = self.wordings[offer], self.catalog.locations[slot.location_id].timezone
        span = Span(slot.start, write.show.until)
        return Draft(uid, BookingId(""), span, zone, said.title, said.place, said.description, transparent=True)

    def judged(self, before: Opening, event: Event) -> Opening:
        """What is remembered of an event as it was read now."""
        slot = before.slot
        offer = Offer(slot.service_id, slot.location_id)
        if parse_slot_uid(event.uid) != slot_stem(slot):
            return replace(before, edited=True)  # another object took its place
        wording = self.wordings.get(offer)
        face = face_of(wording, self.catalog, offer) if wording is not None else ""
        return read_as(event, before, face, wording.said if wording is not None else "", self.said(offer))
