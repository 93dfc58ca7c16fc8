"""The trouble ends: both sides come to agree within a bounded number of cycles, and then there is silence."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from syncd.domain.actions import Asked
from syncd.domain.booking import Booking, Status
from syncd.domain.ids import BookingId, parse_uid
from syncd.domain.link import AwaitKind, ClosedWhy, Decision, Link
from syncd.planning.routing import route
from tests.simulation import objects
from tests.simulation.calendars import MANAGED
from tests.simulation.history import Step
from tests.simulation.people import booking_of
from tests.simulation.steps import LIES

if TYPE_CHECKING:
    from tests.simulation.world import World

ROUNDS = 10


def settle(world: "World") -> None:
    """All trouble ends; people do nothing any more but answer what they are asked."""
    world.people.take(Step("zimun up"))
    world.people.take(Step("calendars up"))
    while world.people.take(Step("mend")):
        pass
    if any(step.what == "leave" for step in world.history.steps):
        world.people.take(Step("return"))
    world.late_ones(all_of_them=True)
    world.trace.append("the trouble ends")
    world.clock.at = world.clock.true()
    # days that are far ahead may be listed less often; the grace; the next full listing and try of what was refused,
    # which by a clock that was an hour ahead take two hours; and the grace again
    for number, after in enumerate((61 + world.setup["far"], 661, 7261, 661)):
        _quiet(world, after)
        if number == 1 and _honest(world):
            _agree(world, notes=True, soon=True)
        if world.wrong:
            return
    verb = Decision.APPROVED if world.history.seed % 2 else Decision.REJECTED
    world.decide(verb, [])
    # a UID that is refused takes two tries before the next one, and days that are far ahead are listed less often
    for after in (61, 661 + world.setup["far"], 661 + world.setup["far"]):
        _quiet(world, after)
        if world.wrong:
            return
    _agree(world, notes=True)
    world.asks.agree()
    world.hand.agree()
    world.openings.settle()
    if world.wrong:
        return
    for after in (49 * 3600, 661, 74 * 3600, 661):
        _quiet(world, after)
        if world.wrong:
            return
    _agree(world, notes=False)
    history = len(world.store.history(None, 100_000))
    for _ in range(2):
        world.cycle(Step("cycle", after=61))
        if world.effects or len(world.store.history(None, 100_000)) != history:
            world.fail("it does not stay silent")
            return
    rows = world.store.history(None, 100_000)
    if any("qzx" in row.detail for row in rows):
        world.fail("personal data in the history")


def _honest(world: "World") -> bool:
    """Whether nobody lied or refused for a while: what did heals within an hour, at the next full listing."""
    # after a 403 Zimun is not asked to change anything for a quarter of an hour
    if world.setup["far"] and world.setup["server"] in ("unique", "trash"):
        return False  # a UID takes two refusals, and a booking that is far ahead is listed each quarter of an hour
    if world.reached["fault: precondition in create"]:
        return False  # something stood there and shows nothing: tried again after an hour
    if any(isinstance(intent.action, Asked) for intent in world.store.open_intents()):
        return False  # what was asked for by hand, and came to nothing for long, rests for a quarter of an hour
    told = any(kind in (*LIES, "forbidden") for step in world.history.steps for _, kind in step.faults)
    return not told and not any(
        step.what in ("clock", "reboot", "calendar lags", "leave") for step in world.history.steps
    )


def _quiet(world: "World", after: int) -> None:
    """Cycles until one does nothing."""
    for number in range(ROUNDS):
        world.trace.append(f"{world.clock.at:%d %H:%M:%S} at rest, cycle after {after if number == 0 else 61} s")
        world.seq += 1
        world.cycle(Step("cycle", after=after if number == 0 else 61))
        if world.wrong:
            return
        if not world.effects:
            return
    world.fail(f"it does not come to rest in {ROUNDS} cycles")


def _agree(world: "World", *, notes: bool, soon: bool = False) -> None:
    """Each booking has one event, at its time, in its calendar; each cancelled one none."""
    now = world.clock.true()
    links = world.store.links()
    owners = {(link.calendar, link.href): link.booking_id for link in links.values() if link.closed is None}
    for booking_id, booking in sorted(world.zimun.bookings.items()):
        if booking.end < now - timedelta(days=1) + timedelta(hours=2) or booking.status is Status.HELD:
            continue
        link = links.get(BookingId(booking_id))
        ended = link is None or link.closed is not None
        if world.zimun.list_closed and ended and booking_id not in world.imports.taken:
            continue  # "goes on with the bookings it knows"
        tidied = link is not None and link.closed is not None and link.closed.why is ClosedWhy.DELETED_PAST
        if tidied and booking.start <= now:
            continue
        frozen = link is not None and link.frozen is not None
        waits = link is not None and (link.awaiting is not None or (soon and link.deletion is not None))
        events = [
            (url, fields)
            for url, href, fields in (*world.oracle.events(booking_id), *_of_its_pair(world, booking_id, link))
            if url in MANAGED
            and not _is_taken_for(world, booking, owners.get((url, href)))
            and parse_uid(fields["uid"]) is not None
            # an id that it had once: syncd leaves that alone, and names it in `status`
            and (
                booking_id in (fields["bid"], booking_of(fields))
                or (link is not None and link.closed is None and link.href == href)
            )
        ]
        if booking.cancelled:
            if events and not notes:
                world.fail(f"{booking_id} is cancelled, and {len(events)} of its events stand")
            continue
        if frozen or (waits and notes):
            continue
        if len(events) > 1 and not notes:
            world.fail(f"{booking_id} has {len(events)} events")
        far = booking.start >= now + world.policy.future - timedelta(minutes=2)
        if far and ((ended and not events) or (link is not None and link.booking.cancelled)):
            continue  # "bookings too far ahead have no event yet"
        if not events:
            world.fail(f"{booking_id} has no event")
            continue
        if len(events) > 1:
            continue  # which of them counts shows when the others are gone
        url, fields = events[0]
        start, end = objects.start_of(fields), objects.start_of({"start": fields["end"]})
        if (start, end) != (booking.start, booking.end) or fields["cancelled"] or fields["rrule"]:
            world.fail(f"{booking_id} is at {booking.start}, its event at {start}, until {booking.end} and {end}")
        awaiting = link.awaiting if link is not None else None
        stays = awaiting is not None and (awaiting.kind, awaiting.decision) == (AwaitKind.REROUTE, Decision.REJECTED)
        if url != route(booking, world.policy.routes) and not stays:
            world.fail(f"{booking_id} stands in {url}")
        # what stood still until its wish was past is told then
        young = link is not None and link.note is not None and now - link.note.at < timedelta(hours=1)
        if not notes and fields["title"].startswith("⚠") and not young:
            world.fail(f"{booking_id} still has a note: {fields['desc'][:60]}")
        _heard(world, booking_id)


def _of_its_pair(world: "World", booking_id: BookingId, link: Link | None) -> list[tuple[str, str, dict[str, Any]]]:
    """Its event, where that was another booking's of the same customer, whose move to that very time had no answer."""
    there = world.server.calendars[link.calendar].objects.get(link.href) if link is not None else None
    if link is None or there is None or link.closed is not None:
        return []
    fields = objects.read(there[0])
    if "broken" in fields or fields["bid"] != booking_id:
        return []
    known = world.zimun.bookings.get(BookingId(world.oracle.name_of(fields)))
    return [(link.calendar, link.href, fields)] if known and _is_taken_for(world, known, booking_id) else []


def _is_taken_for(world: "World", booking: Booking, name: BookingId | None) -> bool:
    """Whether that other booking of the same customer, at the same place, has the event of this one now."""
    other = world.zimun.bookings.get(name) if name is not None and name != booking.id else None
    whose = (booking.contact_email, booking.service_id, booking.location_id)
    return other is not None and whose == (other.contact_email, other.service_id, other.location_id)


def _heard(world: "World", booking_id: str) -> None:
    """What a person did last came about, or they were told."""
    said, booking = world.oracle.said[booking_id], world.zimun.bookings[BookingId(booking_id)]
    if said.drag > max(said.told, said.customer, world.oracle.lost) and said.drag_to != booking.start:
        world.fail(f"{booking_id} was dragged to {said.drag_to}, is at {booking.start}, and nobody was told")
