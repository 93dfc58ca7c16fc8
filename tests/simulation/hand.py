"""What the operator asks for in the shell, a move, a cancellation or a booking, and what must come of each wish."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from syncd.domain.actions import Asked, CancelByHand, Confirm, Hold, RescheduleByHand
from syncd.domain.booking import Booking
from syncd.domain.ids import BookingId
from syncd.domain.request import CancelWanted, ImportWanted, MoveWanted, Reply, Request
from syncd.engine.asked import SET_ASIDE
from syncd.engine.book import UNLISTED
from syncd.engine.book import UNSURE as UNSURE_IF_BOOKED
from syncd.engine.byhand import CHANGED_SINCE, UNSURE
from tests.simulation.faults import APPLY, ASKING, ASKING_KILLS
from tests.simulation.history import Step
from tests.simulation.process import SimStore
from tests.simulation.storms import NAMES, pick, step
from tests.simulation.zimun import CATALOG, STALE

if TYPE_CHECKING:
    from tests.simulation.world import World

SERVICES, PLACES = tuple(CATALOG.services), tuple(CATALOG.locations)
TOO_OLD = timedelta(minutes=15)
"""So long after it was given nobody waits any more, and what was not begun is not begun."""
AIMS = tuple((method, kind) for method in ("reschedule", "cancel", "booking") for kind in APPLY[method]) + tuple(
    (method, kind) for method in ("hold", "confirm") for kind in ASKING[method]
)
KILLS = (
    *(f"{when} {method}" for method in ("reschedule", "cancel", "booking") for when in ("before", "sent", "done")),
    *(f"{when} the commit of {name}" for name in (*("take_up", "reply") * 3, "record") for when in ("before", "after")),
    *ASKING_KILLS,
)
BOOKED_ALREADY, THERE_ALREADY = "booked already", "it is at that time already"
HAND_KILLS = tuple(f"{when} the commit of {name}" for name in ("take_up", "reply") for when in ("before", "after"))
"""Where the process can be killed besides, where somebody asks by hand."""
WISHES = {"hand move": 6, "hand cancel": 3, "hand book": 2}
AFTERWARDS = {
    "hand move": 5, "hand cancel": 3, "hand book": 1, "hand away": 3, "move": 4, "cancel": 2, "revive": 2, "drag": 4,
    "delete": 2, "replay": 1, "no single": 1, "zimun up": 2, "unknown": 1, "known again": 1, "backup": 1, "restore": 1,
    "lose": 1, "restart": 1, "clock": 1,
}  # fmt: skip
MEANWHILE = {
    "hand move": 4, "hand cancel": 2, "hand away": 2, "move": 4, "cancel": 1, "drag": 2, "delete": 1, "slow": 1,
}  # fmt: skip


def steps_of(random: Random) -> list[Step]:
    """The operator asks for something, others go on, and trouble comes."""
    name = random.choice(NAMES)
    steps = [_one(random, WISHES, name) for _ in range(random.choice((1, 1, 1, 2, 3)))]
    for _ in range(random.choice((1, 2, 3, 4))):
        faults = tuple(random.choice(AIMS) for _ in range(random.choice((0, 0, 1, 1, 2, 4))))
        kill = random.choice(KILLS) if random.random() < 0.3 else 0
        meanwhile = ((random.randint(1, 8), _one(random, MEANWHILE, name)),) if random.random() < 0.3 else ()
        after = random.choice((5, 20, 60, 60, 130, 300, 960))
        steps.append(Step("cycle", after=after, faults=faults, meanwhile=meanwhile, kill=kill))
        if random.random() < 0.4:
            steps.append(_one(random, AFTERWARDS, name))
    return steps


def blindly(random: Random) -> list[Step]:
    """No call reads a booking any more; what people did in their calendar gets no answer, and the operator asks."""
    name, call = random.choice(NAMES), random.choice(("reschedule", "cancel"))
    steps = [Step("list closed"), step(random, "no single", name)]
    steps.append(step(random, "drag" if call == "reschedule" else "delete", name))
    steps.append(Step("cycle", after=60, faults=((call, random.choice(("lost", "unsure", "late", "down"))),) * 2))
    if call == "cancel":
        steps += [Step("cycle", after=660), Step("cycle", after=random.choice((5, 60)))]
    for _ in range(random.choice((1, 2, 3))):
        faults = tuple(random.choice(AIMS) for _ in range(random.choice((0, 0, 1, 2))))
        steps.append(_one(random, WISHES, name))
        steps.append(Step("cycle", after=random.choice((5, 60, 130, 960)), faults=faults))
        if random.random() < 0.5:
            steps.append(_one(random, AFTERWARDS, name))
    return steps


def _one(random: Random, pool: dict[str, int], name: str) -> Step:
    """Mostly about that booking."""
    what = pick(random, pool)
    return Step(what, name if random.random() < 0.8 else random.choice((*NAMES, "n1", "n2")), random.randrange(1000))


@dataclass
class Wish:
    """What somebody asked for, when, and what came of it until now."""

    wanted: MoveWanted | CancelWanted | Request | ImportWanted
    seq: int
    at: datetime
    """By the clock that syncd has; and when by the true one."""
    true: datetime
    withdrawn: bool = False
    keys: dict[str, str] = field(default_factory=dict)
    """With which key each call for it goes out: one for a change, two for a booking."""
    sent: int = 0
    """When it went out first; and when syncd had last read the booking then."""
    knew: int = 0
    surprised: bool = False
    """Whether it was decided by what syncd remembered, and the booking was another visit already."""
    done: int = 0
    """When it came about."""
    booking_id: str = ""
    """The booking that was made."""
    reply: Reply | None = None


@dataclass
class Hand:
    """The wishes by their numbers in the database as it is now: an older one knows what they were then."""

    world: "World"
    wishes: dict[int, Wish] = field(default_factory=dict)
    sent: dict[str, Wish] = field(default_factory=dict)
    """Whose call a key is, for ever: a request can arrive late."""
    first: dict[str, int] = field(default_factory=dict)
    """When the calls of the calendar's wishes went out first, by their keys."""
    count: int = 0
    began: datetime | None = None
    last: Request | None = None
    _backups: list[dict[int, Wish]] = field(default_factory=list)

    # what people do

    def move(self, name: str, n: int, to: datetime) -> bool:
        return self._want(MoveWanted(self._called(name, n), to))

    def cancel(self, name: str, n: int) -> bool:
        return self._want(CancelWanted(self._called(name, n)))

    def book(self, n: int, start: datetime) -> bool:
        """A booking for somebody, now and then the very one that was asked for last."""
        if self.last is None or n % 3:
            self.count += 1
            place = PLACES[n // 2 % 2]
            self.last = Request(SERVICES[n % 2], place, start, "Gil qzx", f"hand{self.count}@qzx.example")
        return self._want(self.last)

    def book_again(self, booking: Booking) -> bool:
        """A booking that there is, for its customer, as if nobody had made it yet."""
        what = (booking.service_id, booking.location_id, booking.start)
        return self._want(Request(*what, booking.contact_name, booking.contact_email))

    def take_in(self, name: str, n: int) -> bool:
        """One booking, or two, to be looked after from now on."""
        names = dict.fromkeys((self._called(name, n), self._called(NAMES[n % len(NAMES)], n)))
        return self._want(ImportWanted(tuple(names)[: 1 + n // 7 % 2]))

    def away(self) -> bool:
        """Each command that waits ends: what was not begun is taken back."""
        waiting = self._waiting()
        for number, wish in waiting.items():
            with self._beside() as store:
                taken, reply = store.collect(number)
            if reply is not None:
                self._told(wish, reply)
            wish.withdrawn = not taken
        return bool(waiting)

    def _called(self, name: str, n: int) -> BookingId:
        """The booking's id, now and then one that it had."""
        return BookingId(name) if n % 6 == 5 else self.world.zimun.now_called(name)

    def _want(self, wanted: MoveWanted | CancelWanted | Request | ImportWanted) -> bool:
        clock = self.world.clock
        with self._beside() as store:
            number = store.want(wanted, clock.now())
        self.world.seq += 1
        self.wishes[number] = Wish(wanted, self.world.seq, clock.now(), clock.true())
        return True

    @contextmanager
    def _beside(self) -> Iterator[SimStore]:
        """The store through the eyes of a command: no kill of the daemon strikes in there."""
        with self.world.disk.beside() as store:
            process, store.process = store.process, None
            try:
                yield store
            finally:
                store.process = process

    def _waiting(self) -> dict[int, Wish]:
        return {number: wish for number, wish in self.wishes.items() if not wish.withdrawn and wish.reply is None}

    # the database

    def backup(self) -> None:
        self._backups.append(_copied(self.wishes))

    def restored(self, n: int) -> None:
        """What was not begun, or not answered, at the time of the backup may be so again."""
        self.wishes = _copied(self._backups[n % len(self._backups)])

    def lost(self) -> None:
        self.wishes = {}

    # what syncd does

    def cycle_begins(self) -> None:
        self.began = self.world.clock.now()

    def sending(self, key: str) -> None:
        """Zimun is about to be asked for something: for which wish, where it is for one, and whether it may be."""
        intent = next((one for one in self.world.store.open_intents() if one.key == key), None)
        if intent is None or not isinstance(intent.action, Asked) or intent.action.ask is None:
            sent = self.first.setdefault(key, self.world.seq)
            if intent is not None and self._overtaken(name := intent.action.booking_id, sent):
                self.world.fail(f"{name} has {intent.action.kind} sent again over what was done by hand")
            return
        action, fail = intent.action, self.world.fail
        assert action.ask is not None
        wish = self.wishes.get(action.ask)
        if wish is None:
            fail(f"{action.kind} is asked for by hand, and nobody did")
            return
        self.sent[key] = wish
        if not _is_for(action, wish):
            fail(f"{action.booking_id} is to have {action.kind}, and another thing was asked for by hand")
        if wish.keys.setdefault(action.kind, key) != key:
            fail(f"{action.booking_id} has {action.kind} asked for by hand once, and sent under two keys")
        if not wish.sent:
            self.world.seq += 1
            wish.sent = self.world.seq
            name = self.world.zimun.now_called(action.booking_id)
            there = self.world.zimun.bookings.get(name)
            wish.knew = self.world.oracle.said[name].read
            expect = action.expect if isinstance(action, RescheduleByHand | CancelByHand) else None
            wish.surprised = expect is not None and there is not None and _visit(expect) != _visit(there)
        if wish.withdrawn:
            fail(f"{action.booking_id} has {action.kind} sent, which was taken back")
        if wish.reply is not None:
            fail(f"{action.booking_id} has {action.kind} sent after it was answered")
        assert self.began is not None
        if key not in self.world.oracle.cut_short:
            if action.kind != "confirm" and abs(self.began - wish.at) > TOO_OLD:
                fail(f"{action.booking_id} has {action.kind} begun {self.began - wish.at} after it was asked for")
            return
        if isinstance(action, RescheduleByHand | CancelByHand) and self.began - intent.at > TOO_OLD:
            fail(f"{action.booking_id} has {action.kind} sent again {self.began - intent.at} after it was begun")
        if (newer := self._newer(wish)) is not None:
            fail(f"{action.booking_id} has {action.kind} sent again, though meanwhile {newer} was asked for")

    def _overtaken(self, name: str, sent: int) -> bool:
        """Whether a change by hand of that booking came about since then, as far as syncd can know."""
        since = (one for one in self.wishes.values() if one.done > sent and (one.reply is None or one.reply.code == 0))
        if self.world.faults_now & {"absent", "refused"}:
            return False  # a no came to it at last: nobody looks for what may have been heard before
        # by the id that was given: another one it may have since a call without an answer, and syncd not know of
        return any(isinstance(one.wanted, MoveWanted | CancelWanted) and one.wanted.booking_id == name for one in since)

    def _newer(self, wish: Wish) -> str | None:
        """Another thing that was asked for about the same booking since, as this cycle could know when it began."""
        if isinstance(wish.wanted, Request | ImportWanted) or self.began is None:
            return None
        for one in self.wishes.values():
            wanted = one.wanted
            if (
                isinstance(wanted, Request | ImportWanted)
                or wanted.booking_id != wish.wanted.booking_id
                or wanted == wish.wanted
            ):
                continue
            if not wish.seq < one.seq < self.world.oracle.began or one.withdrawn or abs(self.began - one.at) > TOO_OLD:
                continue
            if isinstance(wanted, MoveWanted) and wanted.to <= self.began:
                continue  # a slip: what was asked before is wanted still
            if one.reply is not None and one.reply.text.endswith(("too long ago", "that time is past")):
                continue  # by a clock that was set back it is not any more
            return wanted.kind
        return None

    def changing(self, wish: Wish, booking: Booking, to: datetime | None, *, late: bool) -> None:
        """A wish comes about; `to` None for a cancellation. `late`: it was sent long ago, and arrives only now."""
        world, wanted = self.world, wish.wanted
        fits = wanted.to == to if isinstance(wanted, MoveWanted) else isinstance(wanted, CancelWanted) and to is None
        if (
            isinstance(wanted, Request | ImportWanted)
            or not fits
            or world.zimun.now_called(wanted.booking_id) != booking.id
        ):
            world.fail(f"{booking.id} is changed by hand to {to}, and that is not what was asked for")
        if wish.done:
            world.fail(f"{booking.id} is changed by hand twice, and it was asked for once")
        said, oracle = world.oracle.said[booking.id], world.oracle
        # at first it is a person's word, whatever the customer said; sent again, it is old
        again = wish.sent < oracle.began and not late and "stale" not in world.faults_now
        if again and wish.sent < said.customer and oracle.knew(said) and self._is_unexpected(wish, booking):
            world.fail(f"{booking.id} is changed by hand, though a customer changed it since that was first sent")
        world.seq += 1
        wish.done = world.seq

    def _is_unexpected(self, wish: Wish, booking: Booking) -> bool:
        """Whether syncd had looked at another state of the booking when it decided to ask."""
        for intent in self.world.store.open_intents():
            action = intent.action
            if isinstance(action, RescheduleByHand | CancelByHand) and intent.key in wish.keys.values():
                return action.expect is not None and not action.expect.same_as(booking)
        return True

    def confirmed(self, wish: Wish, booking: Booking) -> None:
        """Zimun makes a booking of a hold that was asked for by hand."""
        world, wanted = self.world, wish.wanted
        if not isinstance(wanted, Request) or not wanted.is_met_by(booking):
            world.fail(f"{booking.id} is booked by hand, and another thing was asked for")
            return
        if wish.done:
            world.fail(f"{booking.id} is booked by hand, and it was before")
        if twins := [one.id for one in world.zimun.bookings.values() if wanted.is_met_by(one)]:
            world.fail(f"{booking.id} is booked by hand, and there is {twins[0]} for the same wish")
        world.seq += 1
        wish.done, wish.booking_id = world.seq, booking.id

    def stays_since(self, name: str, seq: int) -> bool:
        """Whether somebody wanted that booking after that, or that it stays where it is, and was told that it does."""
        return any(
            one.seq > seq
            and one.reply is not None
            and one.reply.text in (BOOKED_ALREADY, THERE_ALREADY)
            and name in map(self.world.zimun.now_called, one.reply.booking_ids)
            for one in self.wishes.values()
        )

    def is_unsure_since(self, name: str, seq: int) -> bool:
        """Whether somebody asked for a move of that booking after that, and was told that nobody knows of it."""
        return any(
            isinstance(one.wanted, MoveWanted)
            and self.world.zimun.now_called(one.wanted.booking_id) == name
            and one.seq > seq
            and one.reply is not None
            and one.reply.text == UNSURE
            for one in self.wishes.values()
        )

    # what is told

    def listen(self) -> None:
        """Each command that waits looks for its reply."""
        for number, wish in self._waiting().items():
            with self._beside() as store:
                reply = store.collect(number)[1] if store.replied(number) else None
            if reply is not None:
                self._told(wish, reply)

    def _told(self, wish: Wish, reply: Reply) -> None:
        wish.reply = reply
        self.world.trace.append(f"  told by hand, {wish.wanted.kind}: {reply.code}, {reply.text}")
        if isinstance(wish.wanted, ImportWanted):
            self.world.imports.told(wish.wanted, reply)
            return
        if reply.code == 0 and isinstance(wish.wanted, Request):
            self.world.imports.takes_in(reply.booking_ids)
        if not (self._is_so(wish) if reply.code == 0 else self._is_not_so(wish, reply)):
            self.world.fail(f"{wish.wanted.kind} by hand is told: {reply.code} {reply.text}, and that is not so")

    def _is_so(self, wish: Wish) -> bool:
        """Whether it is as was asked for, or was at some time since (for a while Zimun tells what was)."""
        zimun, wanted = self.world.zimun, wish.wanted
        assert not isinstance(wanted, ImportWanted)
        if isinstance(wanted, Request):
            return any(wanted.is_met_by(one) for past in zimun.past.values() for _, one in past)
        past = zimun.past.get(zimun.now_called(wanted.booking_id), [])
        untils = [*(at for at, _ in past[1:]), self.world.clock.true()]
        since = [one for (_, one), until in zip(past, untils, strict=True) if until >= wish.true - STALE]
        if isinstance(wanted, CancelWanted):
            return any(one.cancelled for one in since)
        return any(one.start == wanted.to and not one.cancelled for one in since)

    def _is_not_so(self, wish: Wish, reply: Reply) -> bool:
        """Whether it did not come about, or nobody says that it did not, or a customer has changed it again since."""
        wanted, zimun = wish.wanted, self.world.zimun
        assert not isinstance(wanted, ImportWanted)
        named = wish.booking_id if isinstance(wanted, Request) else wanted.booking_id
        said = self.world.oracle.said[zimun.now_called(named)]
        changed = said.customer
        if reply.text == CHANGED_SINCE:
            return max(changed, said.place) > wish.knew or wish.surprised
        return not wish.done or reply.text in (SET_ASIDE, UNSURE, UNSURE_IF_BOOKED, UNLISTED) or changed > wish.done

    def agree(self) -> None:
        """In the end each wish is answered."""
        for wish in self._waiting().values():
            self.world.fail(f"{wish.wanted.kind} by hand was never answered")


def _is_for(action: Asked, wish: Wish) -> bool:
    """Whether that is what was asked for."""
    match wish.wanted:
        case ImportWanted():
            return False
        case Request() as request:
            return isinstance(action, Hold | Confirm) and action.request == request
        case MoveWanted(booking_id, to):
            return isinstance(action, RescheduleByHand) and (action.booking_id, action.to) == (booking_id, to)
        case CancelWanted(booking_id):
            return isinstance(action, CancelByHand) and action.booking_id == booking_id


def _visit(booking: Booking) -> tuple[datetime, str, str]:
    """When and where it is, and for what."""
    return booking.start, booking.service_id, booking.location_id


def _copied(wishes: dict[int, Wish]) -> dict[int, Wish]:
    return {number: replace(wish, keys=dict(wish.keys)) for number, wish in wishes.items()}
