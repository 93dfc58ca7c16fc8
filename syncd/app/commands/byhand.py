"""`book`, `reschedule`, `cancel`, `import`: the API's own calls by hand, through the journal of the cycle."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer

from syncd.app import tables
from syncd.app.clock import SystemClock
from syncd.app.commands.catalog import asked, place_for, slot_json
from syncd.app.commands.common import ConfigOption, JsonOption, WrongUsage, command, print_json, read_config
from syncd.app.commands.wishes import booking_json, read_email, read_id, read_name, read_time
from syncd.app.config import Config
from syncd.domain.booking import Booking, Location, Slot
from syncd.domain.errors import Malformed, NotFound, NotPermitted
from syncd.domain.ids import BookingId
from syncd.domain.request import CancelWanted, ImportWanted, MoveWanted, Reply, Request, Wanted
from syncd.engine.byhand import UNKNOWN_BOOKING
from syncd.engine.sides import EXIT_DONE, EXIT_TROUBLE
from syncd.ports import BookingPort
from syncd.state.database import is_there
from syncd.state.store import Store

OneBooking = Annotated[str, typer.Argument(metavar="BOOKING_ID", show_default=False)]
TIME = "An ISO 8601 time; without an offset, on the clock of the place."


def add_to(app: typer.Typer) -> None:
    app.command("book")(command(_book))
    app.command("reschedule")(command(_reschedule))
    app.command("cancel")(command(_cancel))
    app.command("import")(command(_import))


def _book(
    service: Annotated[str, typer.Option("--service", metavar="SERVICE_ID", help="See `syncd services`.")],
    time: Annotated[str, typer.Option("--time", metavar="TIME", help=f"See `syncd slots`. {TIME}")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="The customer's name.")],
    email: Annotated[
        str, typer.Option("--email", metavar="EMAIL", help="The customer's e-mail address: Zimun may write to it.")
    ],
    location: Annotated[
        str | None,
        typer.Option("--location", metavar="LOCATION_ID", help="Needed where there are several.", show_default=False),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    """Book a time for a customer: hold, then confirm."""
    known = read_config(config)
    contact_name, contact_email = read_name(name), read_email(email)
    read_time("--time", time, lambda: "UTC")  # before anybody is asked
    place = place_for(asked(known, lambda zimun: zimun.catalog()), service, location)
    start = read_time("--time", time, lambda: place.timezone)
    wanted = Request(service, place.id, start, contact_name, contact_email)
    reply, bookings = _ask(known, wanted)
    if reply.code != EXIT_DONE:
        return _refused(reply, place.timezone, service, place.id, as_json=as_json)
    booking = next(iter(bookings.values()), None)
    if as_json:
        fields = {"service_id": service, "location_id": place.id, "start_time": start}
        print_json(booking_json(booking) if booking else {"booking_id": reply.booking_ids[0], **fields})
        return EXIT_DONE
    _tell(
        f"{_capital(reply.text)}: {reply.booking_ids[0]}, {tables.in_zone(start, place.timezone, datetime.now(UTC))}."
    )
    return EXIT_DONE


def _reschedule(
    booking_id: OneBooking,
    time: Annotated[str, typer.Argument(metavar="TIME", help=TIME, show_default=False)],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    """Move a booking to another time. Zimun decides whether that is open."""
    known, name = read_config(config), BookingId(read_id(booking_id))
    zones: list[str] = []

    def zone() -> str:
        about, other = _remembered(known, name), _another(known)
        zones.append(asked(known, lambda zimun: _place_of(zimun, name, about, other)).timezone)
        return zones[0]

    read_time("TIME", time, lambda: "UTC")
    try:
        start = read_time("TIME", time, zone)
    except NotFound as error:
        return _refused(Reply(EXIT_TROUBLE, str(error)), as_json=as_json)
    reply, bookings = _ask(known, MoveWanted(name, start))
    if reply.code != EXIT_DONE:
        about = _remembered(known, name)
        where = (about.service_id, about.location_id) if about else ("", "")
        return _refused(reply, zones[0] if zones else "", *where, as_json=as_json)
    (done,) = reply.booking_ids
    if as_json:
        print_json(booking_json(bookings[done]) if done in bookings else {"booking_id": done, "start_time": start})
        return EXIT_DONE
    also = f", called {done} from now on" if done != name else ""
    _tell(f"{_capital(reply.text)}: {name}{also}, {_at(start, zones[0] if zones else '')}.")
    return EXIT_DONE


def _cancel(booking_id: OneBooking, config: ConfigOption = None, as_json: JsonOption = False) -> int:
    """Cancel a booking, at once and without asking again. Zimun may write to the customer."""
    known, name = read_config(config), BookingId(read_id(booking_id))
    reply, bookings = _ask(known, CancelWanted(name))
    if reply.code != EXIT_DONE:
        return _refused(reply, as_json=as_json)
    if as_json:
        print_json(
            {**(booking_json(bookings[name]) if name in bookings else {"booking_id": name}), "status": "cancelled"}
        )
    else:
        _tell(f"{_capital(reply.text)}: {name}.")
    return EXIT_DONE


def _import(
    booking_ids: Annotated[list[str], typer.Argument(metavar="BOOKING_ID", show_default=False)],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    """Take in bookings by id, where Zimun does not list them."""
    known = read_config(config)
    names = tuple(BookingId(read_id(each)) for each in dict.fromkeys(booking_ids))
    reply, bookings = _ask(known, ImportWanted(names))
    if not reply.booking_ids and not reply.refused:
        return _refused(reply, as_json=as_json)
    if as_json:
        told = [
            booking_json(bookings[name]) if name in bookings else {"booking_id": name} for name in reply.booking_ids
        ]
        print_json([*told, *({"booking_id": name, "error": why} for name, why in reply.refused)])
        return reply.code
    if reply.booking_ids:
        _tell(f"{_capital(reply.text)}: {', '.join(reply.booking_ids)}.")
    for name, why in reply.refused:
        tables.line(tables.err_console(), f"syncd: {name}: {why}")
    return reply.code


def _ask(config: Config, wanted: Wanted) -> tuple[Reply, Mapping[BookingId, Booking]]:
    from syncd.app.running import by_hand, run_to_end

    return run_to_end(by_hand(config, wanted, SystemClock()))


async def _place_of(
    zimun: BookingPort, booking_id: BookingId, known: Booking | None, other: BookingId | None
) -> Location:
    """The place of a booking, for its clock. Raises WrongUsage where Zimun does not tell of the booking.

    NotFound where it surely knows no such booking: it answers that, and tells of the `other` one, which syncd knows.
    """
    try:
        booking = known or await zimun.booking(booking_id)
        # where the API has no such call, each is unknown
        if booking is None and other is not None and await zimun.booking(other) is not None:
            raise NotFound(UNKNOWN_BOOKING)
    except Malformed as error:
        raise WrongUsage(f"{booking_id}: it cannot be read ({error}); say the time with its offset") from error
    except NotPermitted as error:
        if error.credentials:
            raise
        booking = None
    if booking is None:
        raise WrongUsage(f"{booking_id}: Zimun does not tell of it; say the time with its offset")
    return (await zimun.catalog()).locations.get(booking.location_id, Location(booking.location_id))


def _remembered(config: Config, booking_id: BookingId) -> Booking | None:
    if not is_there(config.state.path):
        return None
    with Store.open(config.state.path) as store:
        known = {one.booking.id: one.booking for one in store.known()}
        link = store.links().get(booking_id)
        return known.get(booking_id) or (link.booking if link is not None else None)


def _another(config: Config) -> BookingId | None:
    """A booking that Zimun should know."""
    if not is_there(config.state.path):
        return None
    with Store.open(config.state.path) as store:
        return next((one.booking_id for one in store.links().values() if one.closed is None), None)


def _refused(reply: Reply, zone: str = "", service: str = "", place: str = "", *, as_json: bool) -> int:
    """Tell why not, and what is open nearby; the exit code."""
    if as_json:
        slots = [slot_json(Slot(service, place, start)) for start in reply.slots]
        kind = "refused" if reply.code == EXIT_TROUBLE else "side"
        print_json({"error": kind, "problems": [reply.text], "open_slots": slots})
        return reply.code
    to = tables.err_console()
    tables.line(to, f"syncd: {reply.text}")
    if reply.slots:
        tables.line(to, f"Open nearby: {', '.join(_at(start, zone) for start in reply.slots)}.")
    return reply.code


def _at(start: datetime, zone: str) -> str:
    now = datetime.now(UTC)
    return tables.in_zone(start, zone, now) if zone else tables.local(start, now)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _tell(text: str) -> None:
    tables.line(tables.console(), text)
