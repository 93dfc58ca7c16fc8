"""Both sides of a little world as they are, and the people who change them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from syncd.domain.actions import Action, Problem
from syncd.domain.booking import Booking, Status
from syncd.domain.event import Event, Observation
from syncd.domain.ids import BookingId, uid_of
from syncd.domain.link import Decision, Link
from syncd.domain.note import NoteKind
from syncd.planning.snapshot import Policy, Question
from tests.planning import builders as make
from tests.planning.builders import DAY, HOME, HOUR, NOW, SIDE, TEN, policy


class Scene:
    """Zimun (`bookings`), the calendars (`objects`), what is remembered (`links`), and what has been done (`log`)."""

    def __init__(self, rules: Policy | None = None) -> None:
        self.policy = rules or policy()
        self.now, self.cycle_number, self.stamp = NOW, 0, 0
        self.bookings: dict[BookingId, Booking] = {}
        self.objects: dict[tuple[str, str], Observation] = {}
        self.links: dict[BookingId, Link] = {}
        self.known: dict[tuple[str, str], Observation] = {}  # as last read
        self.log: list[Action] = []
        self.problems: tuple[Problem, ...] = ()
        self.asked: list[Question] = []
        self.managed = {HOME, SIDE}
        self.unreadable: set[str] = set()
        self.zimun_up = self.slots_up = True
        self.clock_jumped = False
        self.hidden: set[BookingId] = set()  # neither listed nor found
        self.unlisted: set[BookingId] = set()  # found by id only
        self.near = 61 * DAY  # how far ahead the list is read
        self.fresh: dict[BookingId, Booking] = {}  # read by id, or changed by ourselves, in this cycle
        self.lagging: dict[BookingId, Booking] = {}  # answered instead of the truth
        self.taken: set[datetime] = set()  # not offered as open
        self.refused: set[datetime] = set()  # Zimun says no
        self.not_cancellable = False
        self.staff_after_move = ""
        self.used_uids: set[str] = set()  # a server refuses these
        self.refused_uids: frozenset[str] = frozenset()
        self.cancelled_at: list[datetime] = []

    # what people do

    def book(self, name: str = "b1", start: datetime = TEN, **changes: Any) -> BookingId:
        made = make.booking(name, start, **{"updated_at": self.now, **changes})
        self.bookings[made.id] = made
        return made.id

    def change(self, name: str, **changes: Any) -> None:
        """Something about a booking changes in Zimun."""
        known = self.bookings[BookingId(name)]
        if "start" in changes and "end" not in changes:
            changes["end"] = changes["start"] + known.span.length
        self.bookings[known.id] = replace(known, **{"updated_at": self.now, **changes})

    def cancel(self, name: str) -> None:
        self.change(name, status=Status.CANCELLED)

    def put(self, what: Event, calendar: str = HOME, name: str = "", extras: Iterable[str] = ()) -> Observation:
        """A client stores an object."""
        self.stamp += 1
        seen = make.observation(what, calendar=calendar, name=name, stamp=self.stamp, extras=tuple(extras), at=self.now)
        self.objects[seen.key] = seen
        return seen

    def edit(self, name: str, extra: str = "", **changes: Any) -> None:
        """A person changes an event in its place."""
        seen = self.seen(name)
        assert seen is not None
        assert seen.event is not None
        extras = (*make.extras_of(seen.data), *([extra] if extra else []))
        self.put(replace(seen.event, **changes), seen.calendar, seen.href.rsplit("/", 1)[1], extras)

    def drag(self, name: str, to: datetime) -> None:
        """A person drags an event: start and end go together."""
        event = self.event(name)
        start, end = event.start.instant, event.end.instant
        length = end - start if start is not None and end is not None else HOUR
        self.edit(name, start=make.zoned(to), end=make.zoned(to + length))

    def delete(self, *names: str) -> None:
        for name in names:
            seen = self.seen(name)
            assert seen is not None
            del self.objects[seen.key]

    def restore(self, seen: Observation) -> None:
        """Some client writes an old version back, to the letter; the server gives it a new tag."""
        self.stamp += 1
        self.objects[seen.key] = replace(seen, etag=f'"{self.stamp}"', seen_at=self.now)

    def transfer(self, name: str, calendar: str, *, uid: str = "", to: datetime | None = None) -> None:
        """A person puts an event into another calendar, as a client that writes there first, then deletes here."""
        self.copy(name, calendar, uid=uid, to=to)
        link = self.links[BookingId(name)]
        del self.objects[link.calendar, link.href]

    def copy(self, name: str, calendar: str, *, uid: str = "", to: datetime | None = None) -> Observation:
        event = self.event(name)
        if uid:
            event = replace(event, uid=uid)
        if to is not None:
            event = replace(event, start=make.zoned(to), end=make.zoned(to + HOUR))
        return self.put(event, calendar, f"{event.uid.split('@')[0]}.ics")

    def decide(self, decision: Decision, *names: str) -> None:
        """A person says `syncd approve` or `syncd reject`."""
        for booking_id in [BookingId(name) for name in names] or list(self.links):
            link = self.links[booking_id]
            if link.awaiting is not None:
                self.links[booking_id] = replace(link, awaiting=replace(link.awaiting, decision=decision))

    # what is seen

    def seen(self, name: str) -> Observation | None:
        """The event of a booking: at its link's place, else wherever its UID stands."""
        link = self.links.get(BookingId(name))
        if link is not None and (link.calendar, link.href) in self.objects:
            return self.objects[link.calendar, link.href]
        return next(
            (
                seen
                for seen in self.objects.values()
                if seen.event is not None
                and (seen.event.booking_id == name or seen.event.uid == uid_of(BookingId(name)))
            ),
            None,
        )

    def event(self, name: str = "b1") -> Event:
        seen = self.seen(name)
        assert seen is not None, f"there is no event of {name}"
        assert seen.event is not None
        return seen.event

    def start(self, name: str = "b1") -> datetime | None:
        return self.event(name).start.instant

    def note(self, name: str = "b1") -> NoteKind | None:
        """What the event tells: the note stands in the object, and the link knows which."""
        link = self.links[BookingId(name)]
        seen = self.seen(name)
        assert (seen is not None and seen.event is not None and seen.event.noted) or link.note is None
        return link.note.kind if link.note is not None else None
