"""What must never happen, watched as it happens; and who decided what about each booking."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from syncd.domain.actions import (
    Cancel,
    CancelByHand,
    Confirm,
    Create,
    Hold,
    Remove,
    Replace,
    Reschedule,
    RescheduleByHand,
)
from syncd.domain.booking import Booking
from syncd.domain.event import Put
from syncd.domain.ids import BookingId, parse_uid
from syncd.domain.link import AwaitKind, Decision, Link
from syncd.domain.note import NoteKind
from syncd.planning import sides as planned
from syncd.texts import strip_title
from tests.simulation import objects
from tests.simulation.calendars import ALL, MANAGED, OPEN
from tests.simulation.people import booking_of
from tests.simulation.zimun import STALE

if TYPE_CHECKING:
    from tests.simulation.world import World

MARK = "⚠"
HOUR = 3600.0
OLD = 3


@dataclass
class Deleted:
    """All events of a booking are gone, or marked as cancelled, by a person's hand."""

    seq: int
    seconds: float
    by: str
    asked: bool
    """The event that went had asked whether to cancel."""
    wall: datetime
    """By the clock that syncd has, which may be wrong."""


@dataclass
class Said:
    """Who said what last about one booking; numbers are places in the order of everything that happened."""

    asked: dict[datetime, int] = field(default_factory=dict)
    """Each start that a person gave to one of its events, and when last."""
    drag: int = 0
    drag_to: datetime | None = None
    parted: int = 0
    """A person took one of its events away, and left another: where that stands they want it from then on."""
    customer: int = 0
    """A customer moved, cancelled or revived it, or the operator did by hand: it is not what an event asked for."""
    place: int = 0
    """A customer took it elsewhere, or made another service of it."""
    read: int = 0
    read_as_it_is: int = 0
    """The same, but for what a stale answer told, in a cycle that it survived."""
    reading: int = 0
    """The same, in this one."""
    starts: set[datetime] = field(default_factory=set)
    """At which syncd has read it."""
    looked: int = 0
    told: int = 0
    """syncd wrote a note into one of its events."""
    deleted: Deleted | None = None
    marked: Deleted | None = None
    """One of its events in a managed calendar has stood as cancelled since, whatever else stands."""
    met: int = 0
    """syncd read or wrote one of its events, in a cycle that it survived."""
    was_marked: Deleted | None = None
    unmarked: int = 0
    back: int = 0
    """An event of it stands again."""
    was_deleted: Deleted | None = None
    approved: dict[AwaitKind, tuple[int, datetime]] = field(default_factory=dict)
    was_approved: bool = False
    """A person approved to cancel it at some time, whatever they said since."""
    staff: int = 0
    """A person did anything to one of its events."""
    asking: bool = False
    """What syncd wrote last into one of its events asks whether to cancel."""
    shown_live: bool = False
    absent: float = 0.0
    """Since when Zimun says that it does not know it."""
    vanished: bool = False
    """Zimun said so at some time."""
    kept: tuple[str, ...] = ()
    twin_removed: int = 0
    """syncd removed one of its events while another stood, or was taken away in that moment."""


class Oracle:
    """Looks at every change on both sides. What breaks a promise goes to `world.wrong`."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.said: dict[str, Said] = defaultdict(Said)
        self.versions: dict[tuple[str, str], list[str]] = {}
        self.replaced: dict[tuple[str, str], str] = {}
        self.moved: set[str] = set()
        """Bookings that a customer moved last."""
        self.puts: dict[str, dict[Put, int]] = defaultdict(dict)
        """How many such moves syncd had brought into the calendar when it first put the event where it says."""
        self.put: dict[str, tuple[Put, int]] = {}
        """Where it put it last, and how many those were."""
        self.known: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.old: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.moves = 0
        self.left: dict[str, set[datetime]] = defaultdict(set)
        self.began = 0
        self.began_at = 0.0
        self.lost = 0
        self.has_left = any(step.what == "leave" for step in self.world.history.steps)
        self.restored = False
        self.cancels: dict[str, tuple[float, datetime]] = {}
        self.reads: dict[tuple[str, str], str] = {}
        self.writers: dict[tuple[str, str], str] = {}
        self.unanswered: set[tuple[str, str]] = set()
        """Writes of syncd whose answer it never got."""
        self.unread: set[str] = set()
        """What such a write left, and a person changed before syncd could read it."""
        self.unread_puts: set[tuple[str, Put | None]] = set()
        """Where it says there that the event of that booking was put."""
        self.cut_short: set[str] = set()
        """The keys of what an earlier cycle had begun."""
        self._heard: set[str] = set()
        self._revived: dict[str, float] = {}
        self._met: dict[str, int] = {}

    def _seq(self) -> int:
        self.world.seq += 1
        return self.world.seq

    def name_of(self, fields: dict[str, Any]) -> str:
        """Which booking an object names, by the id that it has now; empty for none."""
        return self.world.zimun.now_called(booking_of(fields))

    def renamed(self, old: BookingId, new: BookingId) -> None:
        """A reschedule gave the booking another id."""
        self.said[new] = self.said.pop(old, Said())
        self.left[new] = self.left.pop(old, set())
        self.moved = {new if name == old else name for name in self.moved}
        self.puts[new] = self.puts.pop(old, {})
        if old in self.put:
            self.put[new] = self.put.pop(old)

    def cycle_begins(self) -> None:
        self.began, self.began_at = self._seq(), self.world.clock.seconds
        self.left.clear()
        self._heard.clear()
        self._met.clear()
        for said in self.said.values():
            said.reading = 0
        self.moves = 0
        self.cut_short = {intent.key for intent in self.world.store.open_intents()}

    def cycle_ends(self) -> None:
        """What a cycle heard that did not die in between is remembered."""
        for said in self.said.values():
            said.read_as_it_is = said.reading or said.read_as_it_is
        for name in self._heard:
            self.said[name].absent = 0.0
        for name, seq in self._met.items():
            self.said[name].met = seq

    def database_lost(self, *, restored: bool) -> None:
        """After a restore nobody can tell where an event was put by syncd since the backup, and where by a person."""
        self.lost = self._seq()
        self.restored = self.restored or restored
        for name, said in self.said.items() if restored else ():
            for _, _, fields in self.events(name):
                if (start := objects.start_of(fields)) is not None:
                    said.asked.setdefault(start, self.lost)
        self.replaced.clear()
        self.puts.clear()
        self.put.clear()
        self.known.clear()
        self.old.clear()
        self.cancels.clear()
        for said in self.said.values():
            said.kept = ()

    def decided(self, verb: Decision, links: Sequence[Link]) -> None:
        for link in links:
            said = self.said[link.booking_id]
            assert link.awaiting is not None
            if verb is Decision.APPROVED:
                said.approved[link.awaiting.kind] = (self._seq(), link.awaiting.was.start)
                said.was_approved |= link.awaiting.kind is AwaitKind.CANCEL
            else:
                said.approved.pop(link.awaiting.kind, None)

    # the Zimun side

    def booking_changed(self, booking_id: BookingId, before: Booking | None, after: Booking, by: str) -> None:
        seq = self._seq()
        self.world.trace.append(f"    > {by}: {booking_id} at {after.start:%d %H:%M} {after.status.value}")
        if by in ("customer", "hand", "a late request") and (
            before is None or before.start != after.start or before.cancelled is not after.cancelled
        ):
            self.said[booking_id].customer = seq
        if before is not None and (before.service_id, before.location_id) != (after.service_id, after.location_id):
            self.said[booking_id].place = seq
        if before is not None and before.start != after.start:
            # a request of syncd's own that arrived late it may take for either: for a customer's it tells of the edit
            (self.moved.add if by in ("customer", "hand") else self.moved.discard)(booking_id)
        if after.cancelled:
            self.said[booking_id].kept = ()
        if before is not None and before.cancelled and not after.cancelled and self._is_open_cancel(booking_id):
            # its answer was lost, and by what syncd sees from now on it never was
            self.cancels = {name: at for name, at in self.cancels.items() if name.split()[0] != booking_id}
        if by in ("syncd", "hand"):
            self.said[booking_id].shown_live = not after.cancelled  # it knows by its own call
            (self.world.imports.gone if after.cancelled else self.world.imports.seen)(booking_id)

    def _is_open_cancel(self, booking_id: BookingId) -> bool:
        actions = [intent.action for intent in self.world.store.open_intents()]
        return any(isinstance(each, Cancel) and each.booking_id == booking_id for each in actions)

    def booking_read(self, booking: Booking) -> None:
        said = self.said[booking.id]
        said.read = self._seq()
        own = self.world.zimun.own_write.get(booking.id)
        lags = self.world.setup.get("undated") and own is not None and self.world.clock.true() - own[0] < STALE
        if booking.cancelled or not lags:
            said.shown_live = not booking.cancelled
        if booking.same_as(self.world.zimun.bookings[booking.id]):
            said.reading = said.read
        said.starts.add(booking.start)
        (self.world.imports.gone if booking.cancelled else self.world.imports.seen)(booking.id)
        if said.drag_to == booking.start != self.world.zimun.bookings[booking.id].start:
            said.drag = 0  # by that stale answer it is there: what is read later is a customer's word to syncd
        self._heard.add(booking.id)

    def answered_again(self, booking_id: BookingId) -> None:
        """A cancel was sent once more, and answered as at first; its customer had revived the booking in between."""
        self._revived[booking_id] = self.world.clock.seconds

    def booking_absent(self, booking_id: BookingId) -> None:
        """Zimun answers that it does not know this booking."""
        said = self.said[booking_id]
        # a cycle has one time, that of its beginning, however long its calls take
        said.absent, said.vanished = said.absent or self.began_at, True
        self.world.imports.gone(booking_id)
        self._heard.discard(booking_id)

    def rescheduling(self, booking: Booking, to: datetime, *, late: bool, again: bool) -> None:
        """`late`: the request was sent long ago, and arrives only now. `again`: an earlier cycle had begun it."""
        said = self.said[booking.id]
        asked = said.asked.get(to)
        approved = said.approved.get(AwaitKind.MOVE)
        if not late and not again and (approved is None or approved[1] != booking.start):
            self.moves += 1
            if self.moves > self.world.policy.max_moves:
                self.world.fail(f"{booking.id} is the {self.moves}th that is moved in one cycle")
        if asked is None:
            # its event of before the database was lost came back with its calendar, which looks like an undo; or it was
            # another's, of a move whose answer was lost, and stood where the same customer has booked this one since
            undone = self.lost and self.has_left and to in said.starts
            if not undone and not self._is_put_there(booking.id, to):
                self.world.fail(f"{booking.id} is moved to {to}, which nobody asked for")
            return
        if late:
            return
        starts = {objects.start_of(fields) for _, _, fields in self.events(booking.id)} | self.left[booking.id]
        if to not in starts and not self.world.is_lied_to and not self._is_asked_again(booking.id):
            self.world.fail(f"{booking.id} is moved to {to}, where no event of it stands")
        if self.world.hand.stays_since(booking.id, max(asked, said.parted)) and booking.start != to:
            self.world.fail(f"{booking.id} is moved to {to}, though somebody has said by hand since that it stays")
        # one that stands there by now, as by a late request of syncd's own, is not moved
        newer = asked < said.customer and booking.start != to
        if newer and self.knew(said) and self._other_than_expected(booking):
            self.world.fail(f"{booking.id} is moved to {to}, though a customer changed it meanwhile")

    def _is_put_there(self, booking_id: BookingId, to: datetime) -> bool:
        """Whether a person put the event there that bears this id, whatever its UID."""
        link = self.world.store.links().get(booking_id)
        there = self.world.server.calendars[link.calendar].objects.get(link.href) if link is not None else None
        if link is None or there is None or self.writers.get((link.calendar, link.href)) != "person":
            return False
        fields = objects.read(there[0])
        return bool(fields["bid"] == booking_id) and objects.start_of(fields) == to

    def _is_asked_again(self, booking_id: BookingId) -> bool:
        """Whether a cycle was cut short at its call, and no call tells now what came of that."""
        return self._is_blind() and any(
            intent.key in self.cut_short and intent.action.booking_id == booking_id
            for intent in self.world.store.open_intents()
        )

    def cancelling(self, booking: Booking, *, late: bool) -> None:
        said, world = self.said[booking.id], self.world
        link = world.store.links().get(booking.id)
        if link is not None and link.calendar not in world.managed and not late:
            world.fail(f"{booking.id} is cancelled, and the calendar of its event left the config")
        approved = said.approved.get(AwaitKind.CANCEL)
        if approved is not None and (approved[1] == booking.start or not self.knew(said)):
            return
        if late:
            if said.deleted is None and said.was_deleted is None and said.marked is None and not said.was_approved:
                world.fail(f"{booking.id} is cancelled late, and its event never went")
            return
        deleted = said.deleted or (said.was_deleted if said.back > self.began else None) or said.marked
        if deleted is not None and said.marked is not None and said.marked.seconds < deleted.seconds:
            deleted = said.marked  # a copy that stood in a calendar of somebody else's went later
        if (
            deleted is not None
            and deleted is said.marked
            and not world.is_lied_to
            and any(
                not each["cancelled"] and url in world.managed and parse_uid(each["uid"]) and "broken" not in each
                for url, _, each in self.events(booking.id)
            )
        ):
            world.fail(f"{booking.id} is cancelled, though another event of it stands in a managed calendar")
        if self.restored and (world.setup.get("undated") or said.vanished or not self.knew(said)):
            pass  # since the backup it was cancelled, or forgotten, and came back: nothing tells, or could be read
        elif self.restored and 0 < said.twin_removed < self.lost:
            pass  # since the backup syncd removed one of two while a person took the other away: forgotten
        elif deleted is None or deleted.by != "person":
            world.fail(f"{booking.id} is cancelled, and no person deleted its event")
            return
        if deleted is None:
            return
        gone_at = world.clock.true() - timedelta(seconds=world.clock.seconds - deleted.seconds)
        if booking.start <= min(gone_at, deleted.wall) and self.knew(said):
            world.fail(f"{booking.id} is cancelled, and it was past when its event went")
        if world.clock.seconds - deleted.seconds < 600:
            world.fail(f"{booking.id} is cancelled {world.clock.seconds - deleted.seconds} s after its event went")
        if deleted.seq < said.customer and self.knew(said) and self._other_than_expected(booking):
            world.fail(f"{booking.id} is cancelled, though a customer changed it after its event went")
        if world.hand.is_unsure_since(booking.id, deleted.seq):
            world.fail(f"{booking.id} is cancelled, though somebody asked since to move it, and is unsure")
        if world.hand.stays_since(booking.id, deleted.seq):
            world.fail(f"{booking.id} is cancelled, though somebody has asked for it by hand since its event went")
        if world.asks.met.get(booking.id, 0) > max(deleted.seq, self.lost):
            world.fail(f"{booking.id} is cancelled, though the event that asked for it since was taken for it")
        if world.policy.deletions == "restore":
            world.fail(f"{booking.id} is cancelled, though deletions = restore")
        asked = deleted.asked or (said.deleted is not None and said.deleted.asked)
        # in a backup the question may stand that the event does not bear any more, until syncd reads it
        if world.policy.deletions == "ask" and not asked and not (self.restored and said.met < self.lost):
            world.fail(f"{booking.id} is cancelled, though nobody was asked")
        if not asked:
            now, wall = world.clock.seconds, world.clock.at  # an hour by the clock that syncd has, which may be wrong
            self.cancels = {
                name: (at, then)
                for name, (at, then) in self.cancels.items()
                if now - at < HOUR and (wall - then).total_seconds() < HOUR
            }
            self.cancels[f"{booking.id} {now}"] = (now, wall)
            if len(self.cancels) > world.policy.max_cancellations:
                world.fail(f"{booking.id} is the {len(self.cancels)}th that is cancelled within an hour")

    def knew(self, said: Said) -> bool:
        """Whether a customer's last change could be known: only what comes after the last look is nobody's fault."""
        if self._is_blind():
            return said.customer < (said.reading or said.read_as_it_is)
        return not self.began < said.looked < said.customer

    def _is_blind(self) -> bool:
        """Whether Zimun may refuse to tell of a single booking."""
        return "forbidden" in self.world.faults_now or self.world.zimun.no_single

    def booking_asked(self, booking_id: BookingId) -> None:
        """syncd looks at one booking, whatever it is told."""
        self.said[booking_id].looked = self._seq()

    def _other_than_expected(self, booking: Booking) -> bool:
        """Whether syncd decided about this booking as it is not, by what counts as a customer's change here."""
        for intent in self.world.store.open_intents():
            action = intent.action
            if isinstance(action, Reschedule | Cancel) and action.booking_id == booking.id:
                return (action.expect.start, action.expect.cancelled) != (booking.start, booking.cancelled)
        return True

    def writing(self, side: str, method: str, what: str) -> None:
        """Before a write's effect it stands in the journal; those to open slots' events need not, see `publishing`."""
        if side == OPEN:
            return
        for intent in self.world.store.open_intents():
            action = intent.action
            note = action.link.note if isinstance(action, Create | Replace) else None
            if note is not None and note.kind is NoteKind.ADOPTED and note.asked is not None and note.asked == note.was:
                self.world.fail(f"{action.booking_id} is told that it stood elsewhere, and it did not")
            match action:
                case Reschedule() | Cancel() if side == "zimun" and intent.key == what:
                    return
                case RescheduleByHand() | CancelByHand() if side == "zimun" and intent.key == what:
                    return
                case Create() if method == "create" and action.calendar == side and what.endswith("/" + action.name):
                    return
                case Hold() | Confirm() if side == "zimun" and intent.key == what:
                    return
                case Replace() | Remove() if method == action.kind and (action.calendar, action.href) == (side, what):
                    return
        if "/ask-" not in what:  # the next look at such an event shows whether that had its effect
            self.world.fail(f"{method} without an open intent")

    def dragged_last(self) -> str:
        """The booking whose event a person moved last."""
        return max(self.said, key=lambda name: self.said[name].drag, default="")

    # the calendar side

    def events(self, name: str) -> list[tuple[str, str, dict[str, Any]]]:
        """All events of a booking, in every calendar."""
        return [
            (url, href, fields)
            for url in ALL
            for href, (data, _) in self.world.server.calendars[url].objects.items()
            if self.name_of(fields := objects.read(data)) == name
        ]

    def event_read(self, url: str, href: str, data: str) -> None:
        fields = objects.read(data)
        if (name := self.name_of(fields)) and "broken" not in fields:
            self.reads[url, href] = data
            self.unanswered.discard((url, href))
            self._met[name] = self._seq()
            known = self.known[url, href]
            # what was never paired is nobody's old version
            if data not in known and BookingId(name) in self.world.store.links():
                known.append(data)

    def event_changed(self, url: str, href: str, before: str | None, after: str | None, by: str) -> None:
        old = objects.read(before) if before is not None else None
        new = objects.read(after) if after is not None else None
        fields = new or old
        assert fields is not None
        if url == OPEN:
            self.world.trace.append(
                f"    > {by} {'deletes' if new is None else 'writes'} {href} {fields['title'][:15]!r}"
            )
            self.world.openings.changed(href, old, new, by)
            return
        if old is not None and "broken" not in old:
            self.versions.setdefault((url, href), []).append(before or "")
        names = {self.name_of(each) for each in (old, new) if each is not None}
        seq = self._seq()
        what = "deletes" if new is None else "writes"
        at = f" {new['start'][0]} {new['title'][:12]!r}" if new is not None else ""
        self.world.trace.append(f"    > {by} {what} {href}{at}")
        if old is not None and "broken" not in old:
            start = objects.start_of(old)
            for name in names:
                if start is not None:
                    self.left[name].add(start)
        if by == "syncd":
            for name in names - {""}:
                self.said[name].met = seq  # its own write, whether it lives to remember it or not
            if new is not None and (put := objects.put_of(new)) and (old is None or old.get("put") != new["put"]):
                name = self.name_of(new)
                last, count = self.put.get(name, (put, 0))
                count += name in self.moved and last.start != put.start
                self.put[name] = put, self.puts[name].setdefault(put, count)
            if new is not None and old is not None:
                self._stood(self.name_of(old), old)
            stale = before is not None and (
                before == self.replaced.get((url, href)) or before in self.old[url, href] or self._is_old(old, before)
            )
            self._outdate(url, href, before, old, new)
            self._ours(url, href, old, new, seq, replayed=stale)
            if before is not None:
                self.replaced[url, href] = before
            else:
                self.replaced.pop((url, href), None)
        else:
            if after is not None and after in self.old[url, href] and (url, href) not in self.unanswered:
                by = "a stale client"  # else it looks like an undo: syncd cannot know that its write ever stood there
            if before is not None and old is not None and (url, href) in self.unanswered:
                self.unread.add(before)
                self.unread_puts.add((self.name_of(old), objects.put_of(old)))
            self._theirs(url, href, old, new, seq, after)
        for name in names - {""}:
            self._presence(name, (url, href), by, seq)
            self._marks(name, by, seq)
        if new is not None:
            self.writers[url, href] = by

    def _outdate(
        self, url: str, href: str, before: str | None, old: dict[str, Any] | None, new: dict[str, Any] | None
    ) -> None:
        """syncd's write makes the versions old that it knew before: whoever writes one of them back is a stale client.

        Not what a person's wish is that still waits; and what syncd removed is forgotten with the pair.
        """
        known = self.known.pop((url, href), [])
        if new is None:
            self.old.pop((url, href), None)
            return
        waits = old is not None and old["start"] == new["start"]
        if waits and before in known:
            known.remove(before)
            self.known[url, href].append(before)
        self.old[url, href] = [*self.old[url, href], *known][-OLD:]

    def _theirs(
        self, url: str, href: str, old: dict[str, Any] | None, new: dict[str, Any] | None, seq: int, after: str | None
    ) -> None:
        fields = new or old
        assert fields is not None
        said = self.said[self.name_of(fields)]
        said.staff = seq
        if new is None or new.get("cancelled"):
            said.drag = 0  # what is deleted, or says so, is wanted nowhere
        if new is not None and "broken" in new and (url, href) in self.unanswered:
            said.kept = ()  # what syncd had taken along there it never saw in an event of its own
        if new is None or "broken" in new:
            return
        said.kept = tuple(each for each in said.kept if each in new["extra"])
        start = objects.start_of(new)
        if after == self.replaced.get((url, href)) or after in self.old[url, href]:
            said.drag = 0
            if ((url, href) in self.unanswered or after in self.unread) and start is not None:
                said.asked[start] = seq  # syncd cannot know that its write ever stood there: it looks like an undo
            return  # a stale client's replay of what stood there before our last write: no wish
        if self._is_missed(self.name_of(new), url, href, new):
            said.drag = 0
            if start is not None and (put := objects.put_of(new)) is not None and start != put.start:
                said.asked[start] = seq  # where it stood syncd remembers of some versions
            return  # a stale client's too, with an edit of its own
        stood = old["start"] if old is not None and not old.get("cancelled") else None
        if stood != new["start"] or (old or {}).get("rrule") != new["rrule"]:
            link = self.world.store.links().get(BookingId(self.name_of(new)))
            # a copy is one where syncd had taken it for the booking's event, and has not got round to removing it
            left = [(one.calendar, one.href) for one in link.leftovers] if link is not None else []
            left += [(link.calendar, link.href)] if link is not None else []
            twins = [
                each
                for other, at, each in self.events(self.name_of(new))
                if other in MANAGED and (parse_uid(each["uid"]) or (other, at) in left)
            ]
            same = (
                old is not None
                and start is not None
                and objects.start_of(old) == start
                and old["rrule"] is new["rrule"]
            )
            known = objects.read(self.reads[url, href]) if (url, href) in self.reads else None
            back = known is not None and (known["start"], known["rrule"]) == (new["start"], new["rrule"])
            # "compare each booking with its event and with what both last agreed on": there it is no wish any more
            back = back or (link is not None and not new["rrule"] and link.start.instant == start)
            # an id that the booking had once says nothing where syncd does not know that this is its event
            nobodys = booking_of(new) in self.world.zimun.renamed and (link is None or link.href != href)
            if len(twins) > 1 or back or nobodys or after in self.versions.get((url, href), ()):
                said.drag = 0  # which of two counts, or whether an old version is a wish, is nobody's to say
            elif url in MANAGED and url not in self.world.managed and link is None:
                said.drag = 0  # out of the config and in no database: nobody looks at it
            elif old is not None and url in MANAGED and parse_uid(new["uid"]) and not same and not new["cancelled"]:
                said.drag, said.drag_to = seq, None if new["rrule"] else start
        if start is not None and not new["rrule"]:
            said.asked[start] = seq  # also by an edit onto what a stale client had put back

    def calendar_leaves(self, url: str) -> None:
        """What stands there, and is in no database, is nobody's event any more: its time is no wish.

        Nor is that of one under an id that its booking had before, where an app wrote back what it knew.
        """
        links, renamed = self.world.store.links(), self.world.zimun.renamed
        for name, said in self.said.items():
            there = [booking_of(each) for where, _, each in self.events(name) if where == url]
            if there and (BookingId(name) not in links or any(each in renamed for each in there)):
                said.drag = 0

    def _stood(self, name: str, fields: dict[str, Any]) -> None:
        """Where it stood when syncd wrote over it, as after a drag that was refused, is as old as where it was put."""
        put, start = objects.put_of(fields), objects.start_of(fields)
        if put is not None and start is not None and put in self.puts[name] and not fields["rrule"]:
            self.puts[name].setdefault(Put(put.number, start), self.puts[name][put])

    def _is_missed(self, name: str, url: str, href: str, fields: dict[str, Any]) -> bool:
        """Whether it stands where syncd put it, or let it stand, before others moved its booking, and syncd its event.

        A client that missed that has edited what it knew; nobody dragged it.
        """
        put, last, start = objects.put_of(fields), self.put.get(name), objects.start_of(fields)
        if put is None or last is None or fields["rrule"] or start is None:
            return False
        if (name, put) in self.unread_puts:
            return False  # syncd cannot know that it ever put it there
        then = self.puts[name].get(Put(put.number, start))
        return then is not None and then < last[1] and (url, href) not in self.unanswered

    def _ours(
        self, url: str, href: str, old: dict[str, Any] | None, new: dict[str, Any] | None, seq: int, *, replayed: bool
    ) -> None:
        fields = old or new
        assert fields is not None
        name = self.name_of(fields)
        if url not in self.world.managed:
            self.world.fail(f"syncd writes {href}, in a calendar that it does not manage")
        if not name:
            self.world.asks.by_syncd(href, old, new)
            return
        if (
            old is not None
            and not self.world.is_late  # when it was sent, the database knew of that
            and parse_uid(old["uid"]) is None
            and not (self.restored and self.world.setup["renames"])  # it is what the older database knows by that id
            and any(
                parse_uid(each["uid"]) is not None and other in MANAGED and (other, at) != (url, href)
                for other, at, each in self.events(name)
            )
            and not any(
                # by an id that it had, too: where the answer with the new one was lost, that is what syncd knows
                (
                    (link.calendar, link.href) == (url, href)
                    and (link.booking_id == name or (link.booking_id == booking_of(old) and link.closed is None))
                )
                or any((left.calendar, left.href) == (url, href) for left in link.leftovers)
                for link in self.world.store.links().values()
            )
        ):
            self.world.fail(f"syncd writes {href}, a person's copy")
        said = self.said[name]
        if new is None:
            self._removed(url, href, name, fields)
            return
        self._knew_better(href, name, old, new)
        said.asking = new["title"].startswith(f"{MARK} Cancel?")
        if new["title"].startswith(MARK):
            said.told = seq
        if old is None and self.world.is_lied_to and self._stands_beside(name, (url, href)):
            said.drag = 0  # the list hid the one that was dragged; which of two counts is nobody's to say
        if replayed:
            pass
        elif old is not None:
            self._kept(href, old, new)
        elif any(parse_uid(each["uid"]) is None for _, _, each in self.events(name)):
            pass  # perhaps made from a person's copy
        elif self.world.setup["renames"] and (self.restored or self.world.is_lied_to):
            pass  # an older database knows the booking by another id, or a list hid which one: to syncd it is new
        elif self.world.setup["renames"] and self.world.setup.get("future_days"):
            pass  # an answer that was lost may have given it an id that no list shows yet: to syncd it is new
        elif any(link.booking_id == name and link.closed is not None for link in self.world.store.links().values()):
            pass  # the pair had ended: its event is a new one
        elif lost := self._lost(said, name, (url, href), new):
            self.world.fail(f"syncd writes {href} anew without {sorted(lost)}")
        said.kept = tuple(new["extra"])

    def _stands_beside(self, name: str, place: tuple[str, str]) -> bool:
        """Whether another event of the booking stands in a managed calendar."""
        return any(url in MANAGED and (url, href) != place for url, href, _ in self.events(name))

    def _is_old(self, fields: dict[str, Any] | None, data: str) -> bool:
        """Whether it is to the letter what stood for the booking somewhere before, and syncd remembers that it did."""
        if fields is None or "broken" in fields:
            return False
        link = self.world.store.links().get(BookingId(self.name_of(fields)))
        known = link is not None and objects.parse(data).fingerprint in (link.replay, *link.older)
        return known and any(data in texts for texts in self.versions.values())

    def _knew_better(self, href: str, name: str, old: dict[str, Any] | None, new: dict[str, Any]) -> None:
        """After its own call syncd does not write the event to where the booking was before it, nor one of a booking
        that it cancelled: for a while such an answer of Zimun is stale.
        """
        zimun, link = self.world.zimun, self.world.store.links().get(BookingId(name))
        if link is None or link.wrote is None or BookingId(name) not in zimun.own_write or self.world.is_late:
            return
        at, before = zimun.own_write[BookingId(name)]
        now = self.world.clock.true()
        if self.world.clock.at - link.wrote.at >= planned.STALE:
            return  # by the clock that syncd has, which may have jumped, that is long ago
        booking = zimun.bookings[BookingId(name)]
        if zimun.past[BookingId(name)][-1][0] > at or now - at > STALE or link.booking.start != booking.start:
            return
        start = objects.start_of(new)
        moved = old is not None and "broken" not in old and start != objects.start_of(old)
        # what a customer did right before a call of ours that came late was not seen where nothing dates it, nor where
        # no call could read the booking before or since
        dated = before.updated_at is not None and link.booking.updated_at is not None
        known = before.start in self.said[name].starts or (dated and link.booking.updated_at > before.updated_at)
        if moved and known and booking.start != before.start and start == before.start:
            self.world.fail(f"syncd writes {href} back to where it was before its own call")
        if old is None and booking.cancelled and link.closed is not None:
            self.world.fail(f"syncd writes {href} for a booking that it cancelled itself")

    def _lost(self, said: Said, name: str, place: tuple[str, str], new: dict[str, Any]) -> set[str]:
        """What people had put into the event, and into each other one of it that they left standing."""
        kept = set(said.kept)
        for url, href, fields in self.events(name):
            if (url, href) != place and url in MANAGED and parse_uid(fields["uid"]) is not None:
                kept &= set(fields["extra"])
        return kept - set(new["extra"])

    def _removed(self, url: str, href: str, name: str, fields: dict[str, Any]) -> None:
        """syncd removes a booking's last event only where the booking ended."""
        said = self.said[name]
        known = self.world.zimun.bookings.get(BookingId(name))
        others = [url for url, _, _ in self.events(name) if url in MANAGED]
        if others or said.staff > self.began:
            said.twin_removed = self._seq()
        if known is None or known.cancelled or others or not said.shown_live or self.world.is_late:
            return
        far = known.start >= self.world.clock.true() + self.world.policy.future
        link = self.world.store.links().get(BookingId(name))
        unheard = link is None or link.uid != fields["uid"]  # or was not looked for, as something else was asked for
        if self.world.setup["renames"] and (self.world.zimun.list_closed or self.world.zimun.hides or far or unheard):
            return  # a reschedule whose answer was lost may have given it an id that no call tells
        if said.deleted is not None and said.deleted.by == "person" and not self._counts(name, url, fields):
            return  # a person had deleted the booking's own: this one bears only an id which the booking had once
        if said.staff > self.began:
            return  # a person took the other one away in this very moment
        if self.world.clock.seconds - self._revived.get(name, -HOUR) <= STALE.total_seconds():
            return  # what shows that it lives may be from before the call that was answered: soon it is known
        if not said.absent or self.world.clock.seconds - said.absent < 600:
            self.world.fail(f"syncd removes {href}, the only event of a booking that lives")
        elif self.has_left:
            # where it was dragged unread, in a calendar out of the config, goes with its booking
            said.told = self._seq()

    def _kept(self, href: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        """What a person put into an event is there after our write."""
        if "broken" in old:
            return
        if not set(old["extra"]) <= set(new["extra"]):
            self.world.fail(f"syncd writes {href} without {sorted(set(old['extra']) - set(new['extra']))}")
        # an older version that came back from the trash knows nothing of it: ours is the newer
        if old.get("ack") not in (None, new.get("ack")):
            self.world.fail(f"syncd writes {href} with another alarm's state")
        lines = {line for line in old["desc"].split("\n") if line.startswith("line qzx")}
        if not lines <= set(new["desc"].split("\n")):
            self.world.fail(f"syncd writes {href} without a person's line")
        title = strip_title(old["title"])[0]
        if title.startswith("mine qzx") and strip_title(new["title"])[0] != title:
            self.world.fail(f"syncd writes {href} with another title than the person's")
        if old["place"].startswith("room qzx") and new["place"] != old["place"]:
            self.world.fail(f"syncd writes {href} with another place than the person's")

    def _presence(self, name: str, place: tuple[str, str], by: str, seq: int) -> None:
        said = self.said[name]
        stands = any(
            not fields["cancelled"] and self._counts(name, url, fields) for url, _, fields in self.events(name)
        )
        if stands:
            if by == "person" and place[1] not in self.world.server.calendars[place[0]].objects:
                said.parted = seq
            if said.deleted is not None:
                said.was_deleted, said.deleted, said.back = said.deleted, None, seq
        elif said.deleted is None:
            if said.was_deleted is not None and said.was_deleted.by != "syncd" and said.back > said.met:
                # nobody saw that it was back; whoever took it first, now it is a person's word
                said.deleted = replace(said.was_deleted, by="person") if by == "person" else said.was_deleted
            elif by == "syncd" and said.marked is not None and self.writers.get(place) == "syncd":
                said.deleted = said.marked  # what syncd made itself and took away again does not count
            else:
                said.deleted = self._now_deleted(seq, by, said)
        elif said.deleted.by in ("a stale client", "syncd") and by == "person":
            # edited, and left marked; or syncd had written an event whose new id it did not know
            said.deleted = self._now_deleted(seq, by, said)

    def _counts(self, name: str, url: str, fields: dict[str, Any]) -> bool:
        """Whether an event keeps its booking from being cancelled.

        Not one that bears only an id which the booking had once: "no calendar of the account holds the booking's UID or
        X-ZIMUN-BOOKING-ID".
        """
        if name in (fields["bid"], booking_of(fields)):
            return True
        link = self.world.store.links().get(BookingId(name))
        return link is not None and fields["uid"] == link.uid

    def _marks(self, name: str, by: str, seq: int) -> None:
        said = self.said[name]
        marked = any(fields["cancelled"] and url in MANAGED for url, _, fields in self.events(name))
        if not marked:
            if said.marked is not None:
                said.was_marked, said.unmarked = said.marked, seq
            said.marked = None
        elif said.marked is not None and said.marked.by != "person" and by == "person":
            said.marked = self._now_deleted(seq, by, said)  # edited, and left marked
        elif said.marked is None:
            unseen = said.was_marked is not None and said.unmarked > said.met
            said.marked = said.was_marked if unseen else self._now_deleted(seq, by, said)

    def _now_deleted(self, seq: int, by: str, said: Said) -> Deleted:
        return Deleted(seq, self.world.clock.seconds, by, said.asking, self.world.clock.at)
