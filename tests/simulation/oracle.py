"""What must never happen, watched as it happens; and who decided what about each booking."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from syncd.domain.actions import Cancel, Create, Remove, Replace, Reschedule
from syncd.domain.booking import Booking
from syncd.domain.ids import BookingId, parse_uid
from syncd.domain.link import AwaitKind, Decision, Link
from syncd.texts import strip_title
from tests.simulation import objects
from tests.simulation.calendars import MANAGED
from tests.simulation.people import booking_of

if TYPE_CHECKING:
    from tests.simulation.world import World

MARK = "⚠"
HOUR = 3600.0


@dataclass
class Deleted:
    """All events of a booking are gone, or marked as cancelled, by a person's hand."""

    seq: int
    seconds: float
    by: str
    asked: bool
    """The event that went had asked whether to cancel."""


@dataclass
class Said:
    """Who said what last about one booking; numbers are places in the order of everything that happened."""

    asked: dict[datetime, int] = field(default_factory=dict)
    """Each start that a person gave to one of its events, and when last."""
    drag: int = 0
    drag_to: datetime | None = None
    customer: int = 0
    """A customer moved, cancelled or revived it."""
    read: int = 0
    looked: int = 0
    told: int = 0
    """syncd wrote a note into one of its events."""
    deleted: Deleted | None = None
    marked: Deleted | None = None
    """One of its events in a managed calendar has stood as cancelled since, whatever else stands."""
    back: int = 0
    """An event of it stands again."""
    was_deleted: Deleted | None = None
    approved: dict[AwaitKind, tuple[int, datetime]] = field(default_factory=dict)
    staff: int = 0
    """A person did anything to one of its events."""
    asking: bool = False
    """What syncd wrote last into one of its events asks whether to cancel."""
    shown_live: bool = False
    absent: float = 0.0
    """Since when Zimun says that it does not know it."""
    kept: tuple[str, ...] = ()


class Oracle:
    """Looks at every change on both sides. What breaks a promise goes to `world.wrong`."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.said: dict[str, Said] = defaultdict(Said)
        self.versions: dict[tuple[str, str], list[str]] = {}
        self.replaced: dict[tuple[str, str], str] = {}
        self.left: dict[str, set[datetime]] = defaultdict(set)
        self.began = 0
        self.lost = 0
        self.cancels: list[float] = []
        self.reads: dict[tuple[str, str], str] = {}
        self.writers: dict[tuple[str, str], str] = {}
        self.calls = 0
        self.writes = 0

    def _seq(self) -> int:
        self.world.seq += 1
        return self.world.seq

    def cycle_begins(self) -> None:
        self.began = self._seq()
        self.left.clear()

    def database_lost(self, *, restored: bool) -> None:
        """After a restore nobody can tell where an event was put by syncd since the backup, and where by a person."""
        self.lost = self._seq()
        for name, said in self.said.items() if restored else ():
            for _, _, fields in self.events(name):
                if (start := objects.start_of(fields)) is not None:
                    said.asked.setdefault(start, self.lost)
        self.replaced.clear()
        self.cancels.clear()
        for said in self.said.values():
            said.kept = ()

    def decided(self, verb: Decision, links: Sequence[Link]) -> None:
        for link in links:
            said = self.said[link.booking_id]
            assert link.awaiting is not None
            if verb is Decision.APPROVED:
                said.approved[link.awaiting.kind] = (self._seq(), link.booking.start)
            else:
                said.approved.pop(link.awaiting.kind, None)

    # the Zimun side

    def booking_changed(self, booking_id: BookingId, before: Booking | None, after: Booking, by: str) -> None:
        seq = self._seq()
        self.world.trace.append(f"    > {by}: {booking_id} at {after.start:%d %H:%M} {after.status.value}")
        if by == "customer" and (
            before is None or before.start != after.start or before.cancelled is not after.cancelled
        ):
            self.said[booking_id].customer = seq
        if after.cancelled:
            self.said[booking_id].kept = ()

    def booking_read(self, booking: Booking) -> None:
        said = self.said[booking.id]
        said.read, said.shown_live, said.absent = self._seq(), not booking.cancelled, 0.0

    def booking_absent(self, booking_id: BookingId) -> None:
        """Zimun answers that it does not know this booking."""
        said = self.said[booking_id]
        said.absent = said.absent or self.world.clock.seconds

    def rescheduling(self, booking: Booking, to: datetime) -> None:
        said = self.said[booking.id]
        self.calls += 1
        asked = said.asked.get(to)
        if asked is None:
            self.world.fail(f"{booking.id} is moved to {to}, which nobody asked for")
            return
        starts = {objects.start_of(fields) for _, _, fields in self.events(booking.id)} | self.left[booking.id]
        if to not in starts:
            self.world.fail(f"{booking.id} is moved to {to}, where no event of it stands")
        if asked < said.customer and self._knew(said) and self._other_than_expected(booking):
            self.world.fail(f"{booking.id} is moved to {to}, though a customer changed it meanwhile")

    def cancelling(self, booking: Booking) -> None:
        said, world = self.said[booking.id], self.world
        self.calls += 1
        approved = said.approved.get(AwaitKind.CANCEL)
        if approved is not None and approved[1] == booking.start:
            return
        deleted = said.deleted or (said.was_deleted if said.back > self.began else None) or said.marked
        if (
            deleted is not None
            and deleted is said.marked
            and any(
                not each["cancelled"] and url in MANAGED and parse_uid(each["uid"])
                for url, _, each in self.events(booking.id)
            )
        ):
            world.fail(f"{booking.id} is cancelled, though another event of it stands in a managed calendar")
        if deleted is None or deleted.by != "person":
            world.fail(f"{booking.id} is cancelled, and no person deleted its event")
            return
        if booking.start <= world.clock.true() - timedelta(seconds=world.clock.seconds - deleted.seconds):
            world.fail(f"{booking.id} is cancelled, and it was past when its event went")
        if world.clock.seconds - deleted.seconds < 600:
            world.fail(f"{booking.id} is cancelled {world.clock.seconds - deleted.seconds} s after its event went")
        if deleted.seq < said.customer and self._knew(said) and self._other_than_expected(booking):
            world.fail(f"{booking.id} is cancelled, though a customer changed it after its event went")
        if world.setup["deletions"] == "restore":
            world.fail(f"{booking.id} is cancelled, though deletions = restore")
        if world.setup["deletions"] == "ask" and not deleted.asked:
            world.fail(f"{booking.id} is cancelled, though nobody was asked")
        if not deleted.asked:
            self.cancels = [at for at in self.cancels if world.clock.seconds - at < HOUR]
            self.cancels.append(world.clock.seconds)
            if len(self.cancels) > world.setup["max_cancellations"]:
                world.fail(f"{booking.id} is the {len(self.cancels)}th that is cancelled within an hour")

    def _knew(self, said: Said) -> bool:
        """Whether a customer's last change could be known: only what comes after the last look is nobody's fault."""
        if "forbidden" in self.world.faults_now or self.world.zimun.no_single:
            return said.customer < said.read
        return not self.began < said.looked < said.customer

    def booking_asked(self, booking_id: BookingId) -> None:
        """syncd looks at one booking, whatever it is told."""
        self.said[booking_id].looked = self._seq()

    def _other_than_expected(self, booking: Booking) -> bool:
        """Whether syncd decided about this booking as it is not."""
        for intent in self.world.store.open_intents():
            action = intent.action
            if isinstance(action, Reschedule | Cancel) and action.booking_id == booking.id:
                return not action.expect.same_as(booking)
        return True

    def writing(self, side: str, method: str, what: str) -> None:
        """Before a write's effect it stands in the journal."""
        for intent in self.world.store.open_intents():
            action = intent.action
            match action:
                case Reschedule() | Cancel() if side == "zimun" and intent.key == what:
                    return
                case Create() if method == "create" and action.calendar == side and what.endswith("/" + action.name):
                    return
                case Replace() | Remove() if method == action.kind and (action.calendar, action.href) == (side, what):
                    return
        self.world.fail(f"{method} without an open intent")

    def dragged_last(self) -> str:
        """The booking whose event a person moved last."""
        return max(self.said, key=lambda name: self.said[name].drag, default="")

    # the calendar side

    def events(self, name: str) -> list[tuple[str, str, dict[str, Any]]]:
        """All events of a booking, in every calendar."""
        return [
            (url, href, fields)
            for url, calendar in self.world.server.calendars.items()
            for href, (data, _) in calendar.objects.items()
            if booking_of(fields := objects.read(data)) == name
        ]

    def event_read(self, url: str, href: str, data: str) -> None:
        fields = objects.read(data)
        if booking_of(fields) and "broken" not in fields:
            self.reads[url, href] = data

    def event_changed(self, url: str, href: str, before: str | None, after: str | None, by: str) -> None:
        old = objects.read(before) if before is not None else None
        new = objects.read(after) if after is not None else None
        fields = new or old
        assert fields is not None
        if old is not None and "broken" not in old:
            self.versions.setdefault((url, href), []).append(before or "")
        names = {booking_of(each) for each in (old, new) if each is not None}
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
            self.writes += 1
            self._ours(
                url, href, old, new, seq, replayed=before is not None and before == self.replaced.get((url, href))
            )
            if before is not None:
                self.replaced[url, href] = before
            else:
                self.replaced.pop((url, href), None)
        else:
            self._theirs(url, href, old, new, seq, after)
        for name in names - {""}:
            self._presence(name, (url, href), by, seq)
            self._marks(name, by, seq)
        if new is not None:
            self.writers[url, href] = by

    def _theirs(
        self, url: str, href: str, old: dict[str, Any] | None, new: dict[str, Any] | None, seq: int, after: str | None
    ) -> None:
        fields = new or old
        assert fields is not None
        said = self.said[booking_of(fields)]
        said.staff = seq
        if new is None:
            said.drag = 0
        if new is None or "broken" in new:
            return
        said.kept = tuple(each for each in said.kept if each in new["extra"])
        start = objects.start_of(new)
        if after == self.replaced.get((url, href)):
            said.drag = 0
            return  # a stale client's replay of what our last write replaced: no wish
        if old is None or old["start"] != new["start"] or old.get("rrule") != new["rrule"]:
            twins = [
                each for other, _, each in self.events(booking_of(new)) if other in MANAGED and parse_uid(each["uid"])
            ]
            same = (
                old is not None
                and start is not None
                and objects.start_of(old) == start
                and old["rrule"] is new["rrule"]
            )
            known = objects.read(self.reads[url, href]) if (url, href) in self.reads else None
            back = known is not None and (known["start"], known["rrule"]) == (new["start"], new["rrule"])
            if len(twins) > 1 or back or after in self.versions.get((url, href), ()):
                said.drag = 0  # which of two counts, or whether an old version is a wish, is nobody's to say
            elif old is not None and url in MANAGED and parse_uid(new["uid"]) is not None and not same:
                said.drag, said.drag_to = seq, None if new["rrule"] else start
        if start is not None and not new["rrule"]:
            said.asked[start] = seq  # also by an edit onto what a stale client had put back

    def _ours(
        self, url: str, href: str, old: dict[str, Any] | None, new: dict[str, Any] | None, seq: int, *, replayed: bool
    ) -> None:
        fields = old or new
        assert fields is not None
        name = booking_of(fields)
        if url not in MANAGED:
            self.world.fail(f"syncd writes {href}, in a calendar that it does not manage")
        if not name:
            self.world.fail(f"syncd writes {href}, somebody's own event")
            return
        if (
            old is not None
            and parse_uid(old["uid"]) is None
            and any(
                parse_uid(each["uid"]) is not None and other in MANAGED and (other, at) != (url, href)
                for other, at, each in self.events(name)
            )
            and not any(
                (link.booking_id == name and (link.calendar, link.href) == (url, href))
                or any((left.calendar, left.href) == (url, href) for left in link.leftovers)
                for link in self.world.store.links().values()
            )
        ):
            self.world.fail(f"syncd writes {href}, a person's copy")
        said = self.said[name]
        if new is None:
            self._removed(href, name, said)
            return
        said.asking = new["title"].startswith(f"{MARK} Cancel?")
        if new["title"].startswith(MARK):
            said.told = seq
        if replayed:
            pass
        elif old is not None:
            self._kept(href, old, new)
        elif any(parse_uid(each["uid"]) is None for _, _, each in self.events(name)):
            pass  # perhaps made from a person's copy
        elif any(link.booking_id == name and link.closed is not None for link in self.world.store.links().values()):
            pass  # the pair had ended: its event is a new one
        elif not set(said.kept) <= set(new["extra"]):
            self.world.fail(f"syncd writes {href} anew without {sorted(set(said.kept) - set(new['extra']))}")
        said.kept = tuple(new["extra"])

    def _removed(self, href: str, name: str, said: Said) -> None:
        """syncd removes a booking's last event only where the booking ended."""
        known = self.world.zimun.bookings.get(BookingId(name))
        others = [url for url, _, _ in self.events(name) if url in MANAGED]
        if known is None or known.cancelled or others or not said.shown_live:
            return
        if said.staff > self.began:
            return  # a person took the other one away in this very moment
        if not said.absent or self.world.clock.seconds - said.absent < 600:
            self.world.fail(f"syncd removes {href}, the only event of a booking that lives")

    def _kept(self, href: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        """What a person put into an event is there after our write."""
        if "broken" in old:
            return
        if not set(old["extra"]) <= set(new["extra"]):
            self.world.fail(f"syncd writes {href} without {sorted(set(old['extra']) - set(new['extra']))}")
        if old.get("ack") != new.get("ack"):
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
        stands = any(not fields["cancelled"] for _, _, fields in self.events(name))
        if stands:
            if said.deleted is not None:
                said.was_deleted, said.deleted, said.back = said.deleted, None, seq
        elif said.deleted is None:
            if by == "syncd" and said.marked is not None and self.writers.get(place) == "syncd":
                said.deleted = said.marked  # what syncd made itself and took away again does not count
            else:
                said.deleted = Deleted(seq, self.world.clock.seconds, by, said.asking)

    def _marks(self, name: str, by: str, seq: int) -> None:
        said = self.said[name]
        marked = any(fields["cancelled"] and url in MANAGED for url, _, fields in self.events(name))
        if not marked:
            said.marked = None
        elif said.marked is None:
            said.marked = Deleted(seq, self.world.clock.seconds, by, said.asking)
