"""`locations`, `services`, `slots`: what Zimun offers, asked by hand. Only reads; no store, no calendar."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer

from syncd.app import tables
from syncd.app.commands.common import ConfigOption, JsonOption, WrongUsage, command, print_json, read_config, stamp
from syncd.app.config import Config
from syncd.app.tables import Column
from syncd.domain.booking import Catalog, Location, Service, Slot
from syncd.engine.sides import EXIT_DONE
from syncd.ports import BookingPort

T = TypeVar("T")


def add_to(app: typer.Typer) -> None:
    app.command("locations")(command(_locations))
    app.command("services")(command(_services))
    app.command("slots")(command(_slots))


def _locations(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    """The places where Zimun takes bookings."""
    catalog = asked(read_config(config), lambda zimun: zimun.catalog())
    places = sorted(catalog.locations.values(), key=lambda place: (place.name, place.id))
    if as_json:
        print_json([_location_json(place) for place in places])
        return EXIT_DONE
    columns = (Column("LOCATION", fold=True), Column("NAME", fold=True), Column("TIME ZONE"), Column("ADDRESS", True))
    _show(columns, [(it.id, it.name, it.timezone or "unknown", it.address) for it in places], "No place", catalog)
    return EXIT_DONE


def _services(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    """The services that can be booked, and where."""
    catalog = asked(read_config(config), lambda zimun: zimun.catalog())
    services = sorted(catalog.services.values(), key=lambda service: (service.name, service.id))
    if as_json:
        print_json([_service_json(service) for service in services])
        return EXIT_DONE
    columns = (Column("SERVICE", fold=True), Column("NAME", fold=True), Column("MINUTES"), Column("LOCATIONS", True))
    rows = [(it.id, it.name, _minutes(it), ", ".join(it.location_ids)) for it in services]
    _show(columns, rows, "No service", catalog)
    return EXIT_DONE


def _slots(
    service: Annotated[str, typer.Option("--service", metavar="SERVICE_ID", help="See `syncd services`.")],
    day: Annotated[
        datetime, typer.Option("--date", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="A day of the place's own.")
    ],
    location: Annotated[
        str | None,
        typer.Option("--location", metavar="LOCATION_ID", help="Needed where there are several.", show_default=False),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    """The open slots of a service on one day."""

    async def look(zimun: BookingPort) -> tuple[Location, tuple[Slot, ...]]:
        catalog = await zimun.catalog()
        place = place_for(catalog, service, location)
        return place, await zimun.open_slots(service, place.id, day.date())

    place, slots = asked(read_config(config), look)
    if as_json:
        print_json([slot_json(slot) for slot in slots])
        return EXIT_DONE
    to = tables.console()
    if not slots:
        tables.line(to, f"Nothing is open on {day:%Y-%m-%d}.")
        return EXIT_DONE
    now = datetime.now(UTC)
    starts = [(tables.in_zone(slot.start, place.timezone, now), stamp(slot.start) or "") for slot in slots]
    tables.table(to, (Column("OPEN"), Column("START_TIME")), starts)
    return EXIT_DONE


def place_for(catalog: Catalog, service_id: str, location_id: str | None) -> Location:
    """The place of a service: the one that is named, else its only one; without an id where Zimun has none.

    Raises WrongUsage, which names what may be given instead.
    """
    service = catalog.services.get(service_id)
    if service is None:
        known = ", ".join(sorted(catalog.services)) or "none"
        raise WrongUsage(f"--service {service_id}: Zimun has no such service; there are: {known}")
    offered = service.location_ids or tuple(sorted(catalog.locations))
    if location_id is None:
        if len(offered) > 1:
            raise WrongUsage(f"--location: {service_id} can be booked at several places: {', '.join(offered)}")
        location_id = offered[0] if offered else ""
    elif location_id not in offered:
        raise WrongUsage(f"--location {location_id}: {service_id} is not offered there, but at: {', '.join(offered)}")
    return catalog.locations.get(location_id, Location(location_id))


def asked(config: Config, question: Callable[[BookingPort], Awaitable[T]]) -> T:
    """The answer of Zimun to a question, asked on a client of its own."""
    from syncd.zimun import ZimunClient

    async def ask() -> T:
        zimun = config.zimun
        client = ZimunClient(zimun.base_url, zimun.client_id, zimun.client_secret.get_secret_value())
        try:
            return await question(client)
        finally:
            await client.aclose()

    return asyncio.run(ask())


def _show(columns: tuple[Column, ...], rows: Sequence[tuple[str, ...]], none: str, catalog: Catalog) -> None:
    to = tables.console()
    if rows:
        tables.table(to, columns, rows)
    else:
        tables.line(to, f"{none} is there.")
    for parked in catalog.parked:
        tables.line(tables.err_console(), f"{parked.key}: {parked.reason}")


def _location_json(place: Location) -> dict[str, object]:
    return {"id": place.id, "name": place.name, "timezone": place.timezone, "address": place.address}


def _service_json(service: Service) -> dict[str, object]:
    minutes = None if service.duration is None else service.duration.total_seconds() / 60
    return {
        "id": service.id,
        "name": service.name,
        "duration_minutes": int(minutes) if minutes is not None and minutes == int(minutes) else minutes,
        "location_ids": list(service.location_ids),
    }


def slot_json(slot: Slot) -> dict[str, object]:
    return {
        "service_id": slot.service_id,
        "location_id": slot.location_id,
        "start_time": stamp(slot.start),
        "end_time": stamp(slot.end),
    }


def _minutes(service: Service) -> str:
    return "" if service.duration is None else f"{service.duration.total_seconds() / 60:g}"
