"""`approve` and `reject`: a person's word about what awaits."""

from typing import Annotated

import typer

from syncd.app import tables
from syncd.app.clock import SystemClock
from syncd.app.commands import standing
from syncd.app.commands.common import ConfigOption, JsonOption, command, print_json, read_config
from syncd.app.config import Config
from syncd.domain.ids import BookingId
from syncd.domain.link import Decision
from syncd.engine.sides import EXIT_DONE, EXIT_TROUBLE
from syncd.state.database import is_there
from syncd.state.store import Store

BookingIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="[BOOKING_ID]...", help="Which; none named: all that await now.", show_default=False),
]


def add_to(app: typer.Typer) -> None:
    app.command("approve")(command(_approve))
    app.command("reject")(command(_reject))


def _approve(booking_ids: BookingIds = None, config: ConfigOption = None, as_json: JsonOption = False) -> int:
    """Let happen what awaits approval."""
    return _decide(Decision.APPROVED, booking_ids, read_config(config), as_json=as_json)


def _reject(booking_ids: BookingIds = None, config: ConfigOption = None, as_json: JsonOption = False) -> int:
    """Refuse what awaits approval: the bookings stay as they are."""
    return _decide(Decision.REJECTED, booking_ids, read_config(config), as_json=as_json)


def _decide(verb: Decision, named: list[str] | None, config: Config, *, as_json: bool) -> int:
    there = is_there(config.state.path)
    awaiting = _awaiting(config) if there else []
    # as of now: what begins to await while this runs was not seen by the person
    chosen = [BookingId(name) for name in dict.fromkeys(named or awaiting)]
    unknown = [name for name in chosen if name not in awaiting]
    if len(unknown) == len(chosen):
        # nothing to decide, so no cycle is run for it
        told = f"nothing awaits for {', '.join(unknown)}" if unknown else "nothing awaits approval"
        told += "" if there else f": syncd has not run with this config ({config.state.path})"
        return _answer(told, EXIT_TROUBLE if unknown else EXIT_DONE, [], unknown, as_json=as_json)
    from syncd.app.running import decide, run_to_end

    told, code = run_to_end(decide(config, verb, chosen, SystemClock()))
    known = [name for name in chosen if name in awaiting]
    return _answer(told, max(code, EXIT_TROUBLE) if unknown else code, known, unknown, as_json=as_json)


def _awaiting(config: Config) -> list[str]:
    with Store.open(config.state.path) as store:
        return [item.booking_id for item in standing.awaiting(store)]


def _answer(told: str, code: int, decided: list[BookingId], unknown: list[BookingId], *, as_json: bool) -> int:
    if as_json:
        print_json({"exit_code": code, "line": told, "decided": decided, "not_awaiting": unknown})
    else:
        tables.line(tables.console(), f"{told[:1].upper()}{told[1:]}.")
    return code
