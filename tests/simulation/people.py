"""What people do in this world: staff in their calendars, customers in Zimun, the operator in the shell."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from syncd.domain.actions import Reschedule, RescheduleByHand
from syncd.domain.booking import Booking, Status
from syncd.domain.ids import BookingId, parse_uid
from syncd.domain.link import Decision
from syncd.planning.routing import Route
from tests.simulation import objects, regulars
from tests.simulation.calendars import ALL, HOME, MANAGED, PRIVATE, ROOM, SIDE
from tests.simulation.history import Step
from tests.simulation.zimun import BERLIN, MINUTE

if TYPE_CHECKING:
    from tests.simulation.world import World

Place = tuple[str, str]
DAYS = (28, 29, 30)


def _starts() -> list[datetime]:
    found = [datetime(2026, 3, day, hour, tzinfo=BERLIN) for day in DAYS for hour in (9, 10, 11, 13, 15)]
    found += [datetime(2026, 3, 28, 10, 30, tzinfo=BERLIN), datetime(2026, 3, 29, 9, 30, tzinfo=BERLIN)]
    found += [datetime(2026, 3, 30, 10, 7, tzinfo=BERLIN), datetime(2026, 3, 28, 22, 0, tzinfo=BERLIN)]
    found += [datetime(2026, 3, 23, hour, tzinfo=BERLIN) for hour in (8, 12, 14)]
    return [start.astimezone(UTC) for start in found]


STARTS = _starts()
ROUTES = (
    Route(SIDE, locations=("loc_2",)),
    Route(SIDE, staff=("Zoe",)),
    Route(ROOM, services=("color",)),
    Route(HOME, fallback=True),
)


def booking_of(fields: dict[str, Any]) -> str:
    """Which booking an object names, by its UID or its X-ZIMUN-BOOKING-ID; empty for none."""
    parsed = parse_uid(fields["uid"])
    return parsed[0] if parsed is not None else fields.get("bid", "")


def _is_for_the_same(booking: Booking, other: Booking) -> bool:
    """Whether both are the same customer's, for the same at the same place."""
    whose = (booking.contact_email, booking.service_id, booking.location_id)
    return whose == (other.contact_email, other.service_id, other.location_id)


class People:
    def __init__(self, world: "World") -> None:
        self.world = world
        self.old: dict[Place, list[str]] = {}
        self.trash: dict[str, list[tuple[str, str, str]]] = {}
        self.made = 0

    def take(self, step: Step) -> bool:
        """Do it, where it makes sense at that moment; whether it did."""
        if step.what.startswith("slot "):
            done = self.world.slot_people.take(step)
        else:
            done = getattr(self, "_" + step.what.replace(" ", "_"))(step)
        if not done:
            self.world.trace.append("  (nothing to do)")
        return bool(done)

    # staff

    def places(self, name: str) -> list[Place]:
        """Where events of a booking stand."""
        return [
            (url, href)
            for url in ALL
            for href, (data, _) in self.world.server.calendars[url].objects.items()
            if self.world.oracle.name_of(objects.read(data)) == self.world.zimun.now_called(name)
        ]

    def _edit(self, step: Step, change: Any, *, stamped: bool = True) -> bool:
        """Some client changes the event as it stands."""
        places = self.places(step.name)
        if not places:
            return False
        url, href = places[step.n % len(places)]
        data = self.world.server.calendars[url].objects[href][0]
        fields = objects.read(data)
        if "broken" in fields:
            return False
        changed = change(fields)
        if changed is None:
            return False
        new = {**fields, **changed}
        if stamped:
            new["stamp"] = self._stamp()
        if step.n % 11 == 0:
            new.pop("put", None)  # Outlook CalDav Synchronizer keeps no properties that it does not know
        self.put(url, href, objects.write(new))
        return True

    def put(self, url: str, href: str, data: str) -> None:
        there = self.world.server.calendars[url].objects.get(href)
        if there is not None:
            self.old.setdefault((url, href), []).append(there[0])
        self.world.server.put(url, href, data, "person")

    def _stamp(self) -> str:
        self.world.stamp += 1
        return f"p{self.world.stamp}"

    def _moved(self, fields: dict[str, Any], to: datetime, tzid: str = objects.BERLIN) -> dict[str, Any]:
        start, end = objects.start_of(fields), objects.start_of({"start": fields["end"]})
        length = end - start if start is not None and end is not None else timedelta(hours=1)
        return {"start": objects.zoned(to, tzid), "end": objects.zoned(to + length, tzid)}

    def _drag(self, step: Step) -> bool:
        return self._edit(step, lambda fields: self._moved(fields, STARTS[step.n % len(STARTS)]))

    def _floating(self, step: Step) -> bool:
        return self._edit(step, lambda fields: self._moved(fields, STARTS[step.n % len(STARTS)], ""))

    def _rezone(self, step: Step) -> bool:
        def change(fields: dict[str, Any]) -> dict[str, Any] | None:
            start = objects.start_of(fields)
            return (
                None
                if start is None
                else self._moved(fields, start, ("Z", objects.VENDOR + objects.BERLIN)[step.n % 2])
            )

        return self._edit(step, change)

    def _odd_zone(self, step: Step) -> bool:
        return self._edit(step, lambda fields: self._moved(fields, STARTS[step.n % len(STARTS)], "Custom/Moon"))

    def _all_day(self, step: Step) -> bool:
        return self._edit(
            step, lambda fields: {"start": [fields["start"][0][:8], ""], "end": [fields["end"][0][:8], ""]}
        )

    def _repeat(self, step: Step) -> bool:
        return self._edit(step, lambda fields: {"rrule": not fields["rrule"]})

    def _resize(self, step: Step) -> bool:
        def change(fields: dict[str, Any]) -> dict[str, Any] | None:
            start = objects.start_of(fields)
            return None if start is None else {"end": objects.zoned(start + (1 + step.n % 7) * 30 * MINUTE)}

        return self._edit(step, change)

    def _retitle(self, step: Step) -> bool:
        return self._edit(step, lambda fields: {"title": f"mine qzx {step.n}"})

    def _place(self, step: Step) -> bool:
        return self._edit(step, lambda fields: {"place": f"room qzx {step.n}"})

    def _line(self, step: Step) -> bool:
        return self._edit(step, lambda fields: {"desc": fields["desc"] + f"\nline qzx {step.n}"})

    def _alarm(self, step: Step) -> bool:
        return self._edit(step, lambda fields: {"extra": [*fields["extra"], f"alarm {step.n}"]})

    def _dismiss(self, step: Step) -> bool:
        return self._edit(step, lambda fields: {"ack": step.n}, stamped=step.n % 2 == 0)

    def _mark(self, step: Step) -> bool:
        return self._edit(step, lambda fields: None if fields["cancelled"] else {"cancelled": True})

    def _unmark(self, step: Step) -> bool:
        return self._edit(step, lambda fields: {"cancelled": False} if fields["cancelled"] else None)

    def _delete(self, step: Step) -> bool:
        places = self.places(step.name)
        return bool(places) and self._drop(*places[step.n % len(places)], step.name)

    def _drop(self, url: str, href: str, name: str) -> bool:
        data = self.world.server.calendars[url].objects[href][0]
        self.trash.setdefault(name, []).append((url, href, data))
        self.world.server.delete(url, href, "person")
        return True

    def _undelete(self, step: Step) -> bool:
        """From the trash: as it was, or with a new stamp; where it stood, or in another calendar."""
        trash = self.trash.get(step.name)
        if not trash:
            return False
        url, href, data = trash[-1]
        if step.n % 5 == 4:
            other = ALL[step.n % len(ALL)]
            href = self.world.server.calendars[other].path(href.rsplit("/", 1)[1])
            url = other
        if href in self.world.server.calendars[url].objects or self.is_taken(url, data):
            return False
        trash.pop()
        if step.n % 2:
            data = objects.write(objects.read(data) | {"stamp": self._stamp()})
        self.put(url, href, data)
        return True

    def is_taken(self, url: str, data: str) -> bool:
        uid = objects.read(data)["uid"]
        where = ALL if self.world.server.kind == "unique" else (url,)
        return any(
            objects.read(other)["uid"] == uid
            for each in where
            for other, _ in self.world.server.calendars[each].objects.values()
        )

    def _copy(self, step: Step) -> bool:
        """A copy with a UID of its own, as most clients make it."""
        return self._paste(step, keep=("bid",) if step.n % 3 == 0 else (), cut=False)

    def _paste(self, step: Step, keep: tuple[str, ...] = ("bid",), *, cut: bool = True) -> bool:
        """Cut and pasted by an app that gives a new UID."""
        places = self.places(step.name)
        if not places:
            return False
        url, href = places[step.n % len(places)]
        fields = objects.read(self.world.server.calendars[url].objects[href][0])
        if "broken" in fields:
            return False
        self.made += 1
        other = ALL[(ALL.index(url) + step.n // 7) % len(ALL)]
        if cut:
            self._drop(url, href, step.name)
        copied = fields | {"uid": f"pasted-{self.made}", "stamp": self._stamp()}
        copied["bid"] = fields["bid"] if keep else ""
        self.put(other, self.world.server.calendars[other].path(f"pasted-{self.made}.ics"), objects.write(copied))
        return True

    def _put_there(self, step: Step) -> bool:
        """The first half of a move to another calendar: Thunderbird writes there before it deletes here."""
        places = self.places(step.name)
        if not places:
            return False
        url, href = places[step.n % len(places)]
        data = self.world.server.calendars[url].objects[href][0]
        other = ALL[(ALL.index(url) + 1 + step.n % 3) % len(ALL)]
        new = self.world.server.calendars[other].path(href.rsplit("/", 1)[1])
        fields = objects.read(data)
        if new in self.world.server.calendars[other].objects or self.is_taken(other, data) or "broken" in fields:
            return False
        if step.n % 4 == 0:
            fields |= self._moved(fields, STARTS[step.n % len(STARTS)])
        self.put(other, new, objects.write(fields | {"stamp": self._stamp()}))
        return True

    def _take_away(self, step: Step) -> bool:
        """The second half: one of two events of a booking is deleted."""
        places = self.places(step.name)
        return len(places) > 1 and self._drop(*places[step.n % len(places)], step.name)

    def _move_there(self, step: Step) -> bool:
        """HTTP MOVE, or DELETE and PUT without a cycle in between."""
        return self._transfer(step, lambda url: ALL[(ALL.index(url) + 1 + step.n % 3) % len(ALL)])

    def _move_away(self, step: Step) -> bool:
        """The same, into a calendar that syncd does not manage."""
        return self._transfer(step, lambda url: PRIVATE)

    def _transfer(self, step: Step, target: Callable[[str], str]) -> bool:
        places = self.places(step.name)
        if not places:
            return False
        url, href = places[step.n % len(places)]
        data = self.world.server.calendars[url].objects[href][0]
        other = target(url)
        new = self.world.server.calendars[other].path(href.rsplit("/", 1)[1])
        if new in self.world.server.calendars[other].objects:
            return False
        self.world.server.delete(url, href, "person")
        if self.is_taken(other, data):
            self.put(url, href, data)
            return False
        self.put(other, new, data)
        return True

    def _replay(self, step: Step) -> bool:
        """A stale client writes an older version back, to the letter."""
        found = self._older(step)
        if found is not None:
            self.put(*found)
        return found is not None

    def _overwrite(self, step: Step) -> bool:
        """A stale client edits an older version, and writes that."""
        found = self._older(step)
        if found is None:
            return False
        url, href, data = found
        fields = objects.read(data)
        edits = ({"ack": step.n}, {"extra": [*fields["extra"], f"alarm {step.n}"]}, {"place": f"room qzx {step.n}"})
        self.put(url, href, objects.write(fields | edits[step.n % 3] | {"stamp": self._stamp()}))
        return True

    def _older(self, step: Step) -> tuple[str, str, str] | None:
        """Where an event of the booking stands, and an older version of it."""
        places = [place for place in self.places(step.name) if self.world.oracle.versions.get(place)]
        if not places:
            return None
        url, href = places[step.n % len(places)]
        versions = self.world.oracle.versions[url, href]
        data = versions[-1 - (step.n // 3) % min(len(versions), 2)]
        return None if data == self.world.server.calendars[url].objects[href][0] else (url, href, data)

    def _foreign(self, step: Step) -> bool:
        """Somebody's own event comes, changes or goes."""
        url = ALL[step.n % len(ALL)]
        calendar = self.world.server.calendars[url]
        mine = [href for href in calendar.objects if "/own-" in href]
        if mine and step.n % 2:
            if step.n % 3:
                self.world.server.delete(url, mine[0], "person")
            else:
                data = objects.read(calendar.objects[mine[0]][0])
                self.put(url, mine[0], objects.write(data | {"title": f"dentist qzx {step.n}", "stamp": self._stamp()}))
            return True
        self.made += 1
        start = STARTS[step.n % len(STARTS)]
        fields = {
            "uid": f"own-{self.made}@example.org", "bid": "", "title": "dentist qzx", "place": "", "desc": "qzx",
            "start": objects.zoned(start), "end": objects.zoned(start + 30 * MINUTE), "rrule": False,
            "cancelled": False, "extra": [], "stamp": self._stamp(),
        }  # fmt: skip
        self.put(url, calendar.path(f"own-{self.made}.ics"), objects.write(fields))
        return True

    def _garble(self, step: Step) -> bool:
        return self._edit(step, lambda fields: {"broken": True})

    def _mend(self, step: Step) -> bool:
        for url in ALL:
            for href, (data, _) in self.world.server.calendars[url].objects.items():
                fields = objects.read(data)
                if fields.pop("broken", False):
                    self.put(url, href, objects.write(fields | {"stamp": self._stamp()}))
                    return True
        return False

    # customers

    def _change(self, step: Step, **changes: Any) -> bool:
        known = self._booking(step)
        if known is None or known.cancelled:
            return False
        self.world.zimun.put(replace(known, **changes), "customer")
        return True

    def _booking(self, step: Step) -> Booking | None:
        return self.world.zimun.bookings.get(self.world.zimun.now_called(step.name))

    def _book(self, step: Step) -> bool:
        zimun = self.world.zimun
        if len(zimun.bookings) >= 8:
            return False
        # Zimun gives no id twice, not even one that a reschedule took away
        names = (step.name, *(f"b{number}" for number in range(1, 99)))
        name = next(each for each in names if BookingId(each) not in {*zimun.bookings, *zimun.renamed})
        service = "color" if step.n % 5 == 4 else "cut"
        place = "loc_2" if step.n % 5 == 1 else "loc_1"
        start = STARTS[step.n % len(STARTS)]
        length = (90 if service == "color" else 60) * MINUTE
        whose = regulars.address(step.n) if self.world.setup.get("regulars") else f"{name}@qzx.example"
        booking = Booking(
            BookingId(name), start, start + length, Status.CONFIRMED, service, place, f"Ada qzx {name}",
            whose, "qzx 030", "with qzx",
        )  # fmt: skip
        gone = [one for one in zimun.bookings.values() if one.cancelled]
        if not zimun.takes(booking, start) or any(self._looks_moved(one, booking) for one in gone):
            return False
        zimun.put(booking, "customer")
        return True

    def _looks_moved(self, booking: Booking, other: Booking) -> bool:
        """Whether the other stands where a call without an answer was to put this one, and is the same customer's.

        With this one cancelled that is what a move looks like where Zimun makes another booking of one: nobody could
        tell the two apart.
        """
        open_still = (one.action for one in self.world.store.open_intents())
        to = {
            each.to
            for each in open_still
            if isinstance(each, Reschedule | RescheduleByHand) and each.booking_id == booking.id
        }
        return other.start in to and _is_for_the_same(booking, other)

    def _move(self, step: Step) -> bool:
        known = self._booking(step)
        to = STARTS[step.n % len(STARTS)]
        if known is None or known.start == to or not self.world.zimun.takes(known, to):
            return False
        return self._change(step, start=to, end=to + known.span.length)

    def _cancel(self, step: Step) -> bool:
        known = self._booking(step)
        others = [one for one in self.world.zimun.bookings.values() if one.live and one != known]
        if known is not None and any(self._looks_moved(known, one) for one in others):
            return False
        return self._change(step, status=Status.CANCELLED)

    def _rename(self, step: Step) -> bool:
        return self._change(step, contact_name=f"Bea qzx {step.n}")

    def _notes(self, step: Step) -> bool:
        return self._change(step, notes="\n".join(f"note qzx {n}" for n in range(step.n % 3)))

    def _staff(self, step: Step) -> bool:
        return self._change(step, staff_name=("", "Zoe", "Kim")[step.n % 3])

    def _place_of_it(self, step: Step) -> bool:
        return self._change(step, location_id=("loc_1", "loc_2")[step.n % 2])

    def _longer(self, step: Step) -> bool:
        known = self._booking(step)
        return known is not None and self._change(step, end=known.start + (1 + step.n % 4) * 30 * MINUTE)

    def _revive(self, step: Step) -> bool:
        known = self._booking(step)
        if known is None or not known.cancelled:
            return False
        self.world.zimun.put(replace(known, status=Status.CONFIRMED), "customer")
        return True

    # who asks for bookings

    def _ask(self, step: Step) -> bool:
        return self.world.asks.ask(step.n, STARTS[step.n % len(STARTS)])

    def _ask_again(self, step: Step) -> bool:
        return self.world.asks.again(step.n, STARTS[step.n % len(STARTS)])

    def _write_anew(self, step: Step) -> bool:
        """Somebody writes a new event for a booking that there is."""
        known = self._booking(step)
        return known is not None and known.live and self.world.asks.anew(known)

    def _ask_away(self, step: Step) -> bool:
        return self.world.asks.away(step.n)

    # trouble that stays

    def _zimun_down(self, step: Step) -> bool:
        self.world.zimun.down = True
        return True

    def _zimun_up(self, step: Step) -> bool:
        self.world.zimun.down = self.world.zimun.slots_down = self.world.zimun.no_single = False
        self.world.zimun.unknown.clear()
        return True

    def _list_closed(self, step: Step) -> bool:
        """For good: it is never opened again."""
        self.world.zimun.list_closed = True
        return True

    def _unknown(self, step: Step) -> bool:
        """Zimun says 404 for one booking, and its list is without it."""
        known = self._booking(step)
        if known is None or self.world.setup.get("regulars"):
            return False  # another one of theirs could be taken for it: nobody could tell the two apart
        self.world.zimun.unknown.add(known.id)
        self.world.zimun.hides = True
        return True

    def _known_again(self, step: Step) -> bool:
        found = bool(self.world.zimun.unknown)
        self.world.zimun.unknown.clear()
        return found

    def _slots_down(self, step: Step) -> bool:
        self.world.zimun.slots_down = True
        return True

    def _no_single(self, step: Step) -> bool:
        self.world.zimun.no_single = True
        return True

    def _calendar_down(self, step: Step) -> bool:
        self.world.server.calendars[MANAGED[step.n % 3]].down = True
        return True

    def _calendar_gone(self, step: Step) -> bool:
        self.world.server.calendars[MANAGED[step.n % 3]].gone = True
        return True

    def _server_copies(self, step: Step) -> bool:
        return self.world.losses.copy(step.n)

    def _server_empties(self, step: Step) -> bool:
        return self.world.losses.empty(step.n)

    def _server_sets_back(self, step: Step) -> bool:
        return self.world.losses.set_back(step.n)

    def _calendar_lags(self, step: Step) -> bool:
        self.world.server.calendars[MANAGED[step.n % 3]].lags = True
        return True

    def _calendars_up(self, step: Step) -> bool:
        for calendar in self.world.server.calendars.values():
            if calendar.lags:
                self.world.lies()
            calendar.down = calendar.gone = calendar.lags = False
        return True

    def _clock(self, step: Step) -> bool:
        """The wall clock alone jumps."""
        by = (-1, 1)[step.n % 2]
        self.world.lies(longer=3600.0 * (by < 0))
        self.world.clock.at += timedelta(hours=by)
        return True

    def _slow(self, step: Step) -> bool:
        """An answer takes its time."""
        self.world.clock.passes(step.n)
        return True

    # the operator

    def _approve(self, step: Step) -> bool:
        return self.world.decide(Decision.APPROVED, [step.name] if step.n % 2 else [])

    def _reject(self, step: Step) -> bool:
        return self.world.decide(Decision.REJECTED, [step.name] if step.n % 2 else [])

    def _hand_move(self, step: Step) -> bool:
        known, to = self._booking(step), STARTS[step.n % len(STARTS)]
        others = [one for one in self.world.zimun.bookings.values() if one.live and one.start == to]
        if known is not None and known.cancelled and any(_is_for_the_same(known, one) for one in others):
            return False
        return self.world.hand.move(step.name, step.n, to)

    def _hand_cancel(self, step: Step) -> bool:
        return self.world.hand.cancel(step.name, step.n)

    def _hand_book(self, step: Step) -> bool:
        return self.world.hand.book(step.n, STARTS[step.n % len(STARTS)])

    def _hand_book_again(self, step: Step) -> bool:
        known = self._booking(step)
        return known is not None and known.live and self.world.hand.book_again(known)

    def _hand_stay(self, step: Step) -> bool:
        """It is to be where it is, or where syncd and the operator last knew it to be."""
        known = self._booking(step)
        return known is not None and known.live and self.world.hand.move(step.name, step.n, known.start)

    def _hand_import(self, step: Step) -> bool:
        return self.world.hand.take_in(step.name, step.n)

    def _hand_away(self, step: Step) -> bool:
        return self.world.hand.away()

    def _restart(self, step: Step) -> bool:
        self.world.restart()
        return True

    def _reboot(self, step: Step) -> bool:
        """The whole machine: its clock may have been wrong until now, or be from now on."""
        self.world.clock.boot = f"boot-{step.n}"
        if step.n % 3 == 0:
            self._clock(step)
        self.world.restart()
        return True

    def _config(self, step: Step) -> bool:
        """The operator edits the config; it counts after a restart."""
        which: tuple[dict[str, Any], ...] = (
            {"conflict": "calendar"}, {"conflict": "zimun"}, {"deletions": "cancel"}, {"deletions": "ask"},
            {"deletions": "restore"}, {"max_cancellations": 1}, {"max_cancellations": 5}, {"max_moves": 1},
            {"max_moves": 10}, {"routes": ROUTES}, {"routes": ROUTES[1:]}, {"routes": ROUTES[3:]},
        )  # fmt: skip
        self._configured(**which[step.n % len(which)])
        return True

    def _takers(self, step: Step) -> bool:
        """The config lets nobody ask for bookings any more, or lets them again: what stands there then is read anew."""
        if not self.world.setup.get("asks"):
            return False
        self.world.takes = not self.world.takes
        self.world.asks.database_lost()
        self._configured()
        return True

    def _leave(self, step: Step) -> bool:
        """The operator takes a calendar out of the config, and all that goes there."""
        # of one in which people ask nobody knows, when it comes back, what was asked for meanwhile
        leaving = SIDE if self.world.setup.get("asks") or step.n % 2 else ROOM
        if leaving not in self.world.managed:
            return False
        self.world.oracle.calendar_leaves(leaving)
        self.world.managed = tuple(url for url in self.world.managed if url != leaving)
        self._configured(routes=self.world.policy.routes)
        return True

    def _return(self, step: Step) -> bool:
        """All of them stand in the config again."""
        if self.world.managed == MANAGED:
            return False
        self.world.managed = MANAGED
        self._configured(routes=ROUTES)
        return True

    def _configured(self, **changes: Any) -> None:
        policy = self.world.with_askers(replace(self.world.policy, **changes))
        routes = tuple(route for route in policy.routes if route.calendar in self.world.managed)
        self.world.policy = replace(policy, routes=routes)
        self.world.restart()

    def _backup(self, step: Step) -> bool:
        self.world.backup()
        return True

    def _restore(self, step: Step) -> bool:
        return self.world.restore(step.n)

    def _lose(self, step: Step) -> bool:
        self.world.lose()
        return True
