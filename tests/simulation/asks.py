"""People who ask for bookings by events of their own, and what must come of it: one booking or a word why not."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from syncd.domain.booking import Booking
from syncd.domain.candidate import Candidate, Stage
from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from syncd.planning.routing import Route
from syncd.planning.snapshot import Policy
from syncd.texts import strip_description, strip_title
from tests.simulation import objects
from tests.simulation.calendars import ROOM
from tests.simulation.faults import ASKING, ASKING_KILLS
from tests.simulation.history import Step
from tests.simulation.zimun import CATALOG, STALE

if TYPE_CHECKING:
    from tests.simulation.world import World

AIMS = tuple((method, kind) for method, kinds in ASKING.items() for kind in kinds)
SERVICES = tuple(CATALOG.services.values())
PLACES = tuple(CATALOG.locations.values())
UNSURE = "Zimun did not say in time whether this is booked."
SETTLE = Policy().request_settle.total_seconds()


def taking(routes: tuple[Route, ...], takes: bool = True) -> tuple[Route, ...]:
    """The same routes, with a calendar in which people may ask, or may not any more."""
    return tuple(replace(each, create_bookings=takes) if each.calendar == ROOM else each for each in routes)


def steps_of(random: Random) -> list[Step]:
    """Some people ask, change their minds or not, and trouble comes."""
    steps = [_step(random, "ask") for _ in range(random.choice((1, 1, 2, 3, 7)))]
    steps.append(Step("cycle", after=random.choice((5, 60))))
    if random.random() < 0.4:
        steps.append(_step(random, random.choice(("ask again", "ask again", "ask away"))))
    for _ in range(random.choice((1, 2, 3))):
        faults = tuple(random.choice(AIMS) for _ in range(random.choice((0, 1, 1, 2))))
        kill = random.choice(ASKING_KILLS) if random.random() < 0.3 else 0
        meanwhile = ((random.randint(6, 12), _step(random, random.choice(("ask again", "ask away")))),)
        steps.append(
            Step(
                "cycle",
                after=random.choice((20, 60, 60, 660)),
                faults=faults,
                meanwhile=meanwhile if random.random() < 0.2 else (),
                kill=kill,
            )
        )
        if random.random() < 0.2:
            steps.append(_step(random, random.choice(("ask again", "ask away", "lose", "restart"))))
    return steps


def in_a_slow_cycle(random: Random) -> list[Step]:
    """Somebody changes what they ask for while a cycle takes long, and the next one follows at once."""
    late = (random.randint(1, 3), Step("slow", "", 40))
    again = (random.randint(4, 9), _step(random, "ask again"))
    soon = random.choice((1, 5, 20))
    return [_step(random, "ask"), Step("cycle", after=5, meanwhile=(late, again)), Step("cycle", after=soon)]


def to_what_came_of_it(random: Random) -> Step:
    """Somebody does something to a booking that was asked for by an event."""
    acts = ("drag", "drag", "delete", "undelete", "retitle", "copy", "put there", "move", "move", "cancel", "rename")
    return Step(random.choice(acts), f"n{random.choice((1, 1, 1, 2, 2, 3, 4))}", random.randrange(1000))


def _step(random: Random, what: str) -> Step:
    return Step(what, "", random.randrange(1000))


@dataclass
class Wish:
    """What an event asked for, from when on."""

    href: str
    service_id: str
    start: datetime | None
    seconds: float
    location_id: str = ""
    """For an open slot's event: the place is the slot's."""


@dataclass
class Version:
    """What an event says but for a note, and since when; as of the first time where a person goes back to it."""

    text: dict[str, Any]
    seconds: float
    written: float
    approved: bool = False


@dataclass
class Asks:
    """Who asked for what, by the customer's address, which each event has for itself."""

    world: "World"
    count: int = 0
    said: dict[str, list[Wish]] = field(default_factory=dict)
    versions: dict[str, list[Version]] = field(default_factory=dict)
    """What people made of each event, by its href."""
    sent: dict[str, tuple[float, float]] = field(default_factory=dict)
    """When the cycle began and the hold was first asked for in it, by its key: an edit in between may be too late."""
    holds: dict[str, tuple[float, float]] = field(default_factory=dict)
    """The same by the booking's id."""
    rejected: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """What syncd may have known an event to ask for when somebody said no to it, by its href."""
    booked: dict[str, list[Booking]] = field(default_factory=dict)
    lost: float = 0.0
    """When the database was lost, or an older copy took its place."""
    noted: set[str] = field(default_factory=set)
    """Events that were told something."""
    unsure: dict[str, float] = field(default_factory=dict)
    """Events that were told to look in Zimun whether they are booked, before anybody tries again, and when."""
    written_anew: set[str] = field(default_factory=set)
    """Events that somebody wrote for a booking which there was, by their hrefs."""
    met: dict[BookingId, int] = field(default_factory=dict)
    """When the cycle began in which syncd took an event last for the booking that it asked for."""
    _taken: set[tuple[str, BookingId]] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)
    """Bookings that were made from events, and of which an older copy of the database does not know that they were."""
    left_out: dict[str, set[str]] = field(default_factory=dict)
    """What the first listing of each calendar after the database was lost did not name: it comes as something new."""

    # what people do

    def ask(self, n: int, start: datetime) -> bool:
        """A new event in the calendar; now and then one that asks for nothing, or not quite."""
        self.count += 1
        number, service, place = self.count, SERVICES[n % 2], PLACES[n // 2 % 2]
        title = "Dentist qzx" if n % 7 == 0 else f"{service.name} – Gil qzx {number}"
        mail = "" if n % 7 in (0, 1) else f"g{number}@qzx.example"
        fields = {
            "uid": f"ask-{number}", "bid": "", "start": objects.zoned(start), "title": title, "place": place.name,
            "end": objects.zoned(start + timedelta(hours=1)), "desc": mail, "cancelled": False, "rrule": False,
            "extra": [], "stamp": f"a{number}",
        }  # fmt: skip
        self._put(f"ask-{number}.ics", fields)
        return True

    def anew(self, booking: Booking) -> bool:
        """A new event that asks for a booking which there is, for its customer, as if nobody had made it yet."""
        self.count += 1
        fields = {
            "uid": f"ask-{self.count}", "bid": "", "start": objects.zoned(booking.start),
            "end": objects.zoned(booking.end), "desc": booking.contact_email, "cancelled": False, "rrule": False,
            "title": f"{CATALOG.services[booking.service_id].name} – {booking.contact_name}",
            "place": CATALOG.locations[booking.location_id].name, "extra": [], "stamp": f"a{self.count}",
        }  # fmt: skip
        self.written_anew.add(self.world.server.calendars[ROOM].path(f"ask-{self.count}.ics"))
        self._put(f"ask-{self.count}.ics", fields)
        return True

    def again(self, n: int, start: datetime) -> bool:
        """Somebody changes what they ask for, or how."""
        there = self._standing()
        if not there:
            return False
        href, fields = there[n % len(there)]
        match n % 3:
            case 0:
                fields |= {"start": objects.zoned(start), "end": objects.zoned(start + timedelta(hours=1))}
            case 1:
                fields["title"] += "x"
            case _:
                fields["desc"] += f"\nline qzx {n}"
        self._put(href.rsplit("/", 1)[-1], fields | {"stamp": f"a{self.world.seq}"})
        return True

    def away(self, n: int) -> bool:
        there = self._standing()
        if not there:
            return False
        self.world.server.delete(ROOM, there[n % len(there)][0], "person")
        return True

    def _put(self, name: str, fields: dict[str, Any]) -> None:
        href = self.world.server.calendars[ROOM].path(name)
        if (mail := mail_of(fields)) and not fields["title"].startswith("Dentist"):
            service = next((each.id for each in SERVICES if each.name in fields["title"]), "")
            wish = Wish(href, service, objects.start_of(fields), self.world.clock.seconds)
            self.said.setdefault(mail, []).append(wish)
        self.changed(ROOM, href, fields)
        self.world.server.put(ROOM, href, objects.write(fields), "person")

    def changed(self, url: str, href: str, fields: dict[str, Any]) -> None:
        """A person is about to write that: what was approved holds until the event asks for something else."""
        before = self.world.server.calendars[url].objects.get(href)
        same = before is not None and _asked_in(told(objects.read(before[0]))) == _asked_in(told(fields))
        known, now = self.versions.setdefault(href, []), self.world.clock.seconds
        since = next((one.seconds for one in known if one.text == told(fields)), now)
        known.append(Version(told(fields), since, now, approved=same and bool(known) and known[-1].approved))

    def _standing(self) -> list[tuple[str, dict[str, Any]]]:
        found = self.world.server.calendars[ROOM].objects.items()
        return [(href, objects.read(data)) for href, (data, _) in found if "/ask-" in href]

    # the database

    def database_lost(self) -> None:
        self.lost = self.world.clock.seconds
        self.left_out.clear()

    def restored(self) -> None:
        """An older copy took the database's place: what was booked since, it may take for not booked."""
        self.database_lost()
        self.left_out = {url: set() for url in self.world.server.calendars}  # it has read them before
        with self.world.disk.beside() as store:
            known = {self.world.zimun.now_called(one.booking_id) for one in store.candidates() if one.booking_id}
        made = [one for each in self.booked.values() for one in each]
        self.forgotten |= {one.id for one in made if self._as_it_is(one).id not in known}

    # what syncd does

    def listed(self, url: str, left_out: set[str]) -> None:
        """A calendar was listed in full, but for these."""
        self.left_out.setdefault(url, left_out)

    def decided(self, verb: Decision, candidates: list[Candidate]) -> None:
        for each in candidates:
            versions = self.versions[each.href]
            if verb is not Decision.REJECTED:
                versions[-1].approved = True
                continue
            # what a person has made of it since nobody has been asked about, and it may be taken back unseen
            known = [_asked_in(one.text) for one in versions if one.text["from"] == each.start]
            self.rejected.setdefault(each.href, []).extend(known or [_asked_in(versions[-1].text)])

    def is_rejected(self, href: str, fields: dict[str, Any]) -> bool:
        """Whether somebody has said no to what the event asks for."""
        return _asked_in(told(fields)) in self.rejected.get(href, [])

    def holding(self, key: str) -> tuple[float, float]:
        """Zimun is asked for a hold, perhaps not for the first time."""
        return self.sent.setdefault(key, (self.world.oracle.began_at, self.world.clock.seconds))

    def confirmed(self, booking: Booking) -> None:
        """Zimun makes a booking of a hold."""
        mail, fail = booking.contact_email, self.world.fail
        wanted = [
            wish
            for wish in self.said.get(mail, [])
            if (wish.service_id, wish.start) == _asked(booking) and wish.location_id in ("", booking.location_id)
        ]
        if not wanted:
            fail(f"{booking.id} is booked, which nobody asked for")
            return
        if (stood := max(self._stood(href, booking) for href in {wish.href for wish in wanted})) < SETTLE:
            fail(f"{booking.id} is asked for {stood} s after its event was changed")
        others = [
            one
            for one in self.booked.get(mail, [])
            if not self._as_it_is(one).cancelled and not self._is_another_visit(one, booking, wanted)
        ]
        if any(_asked(one) == _asked(booking) for one in others):
            fail(f"{booking.id} is booked, as {others[0].id} was before")
        before = [
            one
            for one in self.booked.get(mail, [])
            if not self._ended_before(one, wanted[-1]) and not self._is_another_visit(one, booking, wanted)
        ]
        if wanted[-1].location_id and before and not self.lost:
            fail(f"{booking.id} is booked, and {before[0].id} was for the same customer in a slot")
        self.booked.setdefault(mail, []).append(booking)

    def _is_another_visit(self, earlier: Booking, booking: Booking, wanted: list[Wish]) -> bool:
        """Whether nothing tells that the earlier was booked for this event: moved since, after a restored database; or
        after a lost one, and a person approved, or changed what it asks for, or the first listing left it out; or told
        to be looked up, and asked again; or before the event was written, and moved before it was acted on.
        """
        last = [self.versions[wish.href][-1] for wish in wanted]
        left_out = {href for each in self.left_out.values() for href in each}
        anew = self.lost > 0 and all(
            one.approved or one.seconds > self.lost or wish.href in left_out
            for wish, one in zip(wanted, last, strict=True)
        )
        told = any(wish.href in self.unsure for wish in wanted) and all(
            one.seconds > self.unsure.get(wish.href, -1.0) for wish, one in zip(wanted, last, strict=True)
        )
        other = earlier.id in self.forgotten or wanted[-1].href in self.written_anew
        return (anew or told or other) and self._as_it_is(earlier).start != booking.start

    def _ended_before(self, booking: Booking, wish: Wish) -> bool:
        """Whether it was cancelled before somebody asked for that: then it is another visit."""
        now, clock = self._as_it_is(booking), self.world.clock
        asked = clock.true() - timedelta(seconds=clock.seconds - wish.seconds)
        return now.cancelled and self.world.zimun.past[now.id][-1][0] <= asked

    def _as_it_is(self, booking: Booking) -> Booking:
        """The booking now, under the id that it has now."""
        zimun = self.world.zimun
        return zimun.bookings[zimun.now_called(booking.id)]

    def _stood(self, href: str, booking: Booking) -> float:
        """For how long the event had asked for that booking, unchanged, when Zimun was asked for it."""
        began, sent = self.holds[booking.id]
        known = self.versions[href]
        untils = [*(min(after.written, sent) for after in known[1:]), sent]
        return max(
            (
                SETTLE if one.approved else until - one.seconds
                for one, until in zip(known, untils, strict=True)
                if one.written <= sent and until >= began and one.text["from"] == booking.start
            ),
            default=0.0,
        )

    def cycle_ends(self) -> None:
        """What was taken for a booking in it, also where the process died."""
        for one in self.world.store.candidates() if self.count else ():
            if one.stage is not Stage.BOOKED or one.booking_id is None:
                continue
            if (taken := (one.href, one.booking_id)) not in self._taken:
                self._taken.add(taken)
                self.met[one.booking_id] = self.world.oracle.began

    def by_syncd(self, href: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
        """syncd writes into the event of somebody who asks, or removes it."""
        if old is None or "/ask-" not in href or "Dentist" in old["title"]:
            self.world.fail(f"syncd writes {href}, somebody's own event")
        elif new is None:
            if not self.booked.get(mail_of(old)) and not self._was_booked_elsewhere(href, mail_of(old)):
                self.world.fail(f"syncd removes {href}, for which nothing was booked")
        elif told(old) != told(new):
            self.world.fail(f"syncd writes {href}, and changes more than the note")
        else:
            self.told(href, new)

    def told(self, href: str, new: dict[str, Any]) -> None:
        """syncd's note stands in the event of somebody who asks."""
        self.noted.add(href)
        if UNSURE in new["desc"]:
            self.unsure[href] = self.world.clock.seconds

    def _was_booked_elsewhere(self, href: str, mail: str) -> bool:
        """Whether the customer made that very booking by other ways, at some time since it was asked for: then there is
        nothing left to ask for; and cancelled or moved since, nobody wants it there any more.
        """
        clock, zimun = self.world.clock, self.world.zimun
        for wish in (one for one in self.said.get(mail, []) if one.href == href):
            asked = clock.true() - timedelta(seconds=clock.seconds - wish.seconds)
            for past in zimun.past.values():
                untils = [*(at for at, _ in past[1:]), clock.true()]
                since = [one for (_, one), until in zip(past, untils, strict=True) if until >= asked - STALE]
                theirs = (one for one in since if one.contact_email == mail and one.live)
                if any(_asked(one) == (wish.service_id, wish.start) for one in theirs):
                    return True
        return False

    def agree(self) -> None:
        """Each event that asks for something to come is booked and gone, or says why not."""
        if not any(route.create_bookings for route in self.world.policy.routes):
            return
        # one that stood there, with its booking, before requests were taken is somebody's own note of it
        notes = {one.href for one in self.world.store.candidates() if one.stage is Stage.THEIRS}
        # put back three times and gone again, the booking's event stands still, and so does who asks for it meanwhile
        still = {one.booking.contact_email for one in self.world.store.links().values() if one.frozen is not None}
        for href, fields in self._standing():
            start, mail = objects.start_of(fields), mail_of(fields)
            if not mail or "Dentist" in fields["title"] or start is None or start <= self.world.clock.true():
                continue
            if (
                not fields["title"].startswith("⚠")
                and not self.is_rejected(href, fields)
                and not (self.lost and self.booked.get(mail))
                and not (href in notes and self._was_booked_elsewhere(href, mail))
                and mail not in still
            ):
                self.world.fail(f"{href} is neither booked nor told why not")


def mail_of(fields: dict[str, Any]) -> str:
    return next((line for line in fields["desc"].split("\n") if line.endswith("@qzx.example")), "")


def _asked(booking: Booking) -> tuple[str, datetime]:
    return booking.service_id, booking.start


def _asked_in(text: dict[str, Any]) -> dict[str, Any]:
    """What counts of an event's text: how long it is and what else an app keeps there does not."""
    return text | {"until": None, "extra": None}


def told(fields: dict[str, Any]) -> dict[str, Any]:
    """What a person's event says but for a note, which has to stay as it is."""
    title, desc = strip_title(fields["title"])[0], strip_description(fields["desc"])[0]
    # a server that writes zones in its own way leaves the instants as they are
    times = {"from": objects.start_of(fields), "until": objects.start_of({"start": fields["end"]})}
    kept = ("uid", "bid", "place", "cancelled", "rrule", "extra")
    return {**{name: fields[name] for name in kept}, **times, "title": title, "desc": desc}
