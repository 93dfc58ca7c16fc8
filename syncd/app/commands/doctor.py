"""`check`: what works, what does not, and what to do about it."""

import asyncio
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from syncd.app import tables
from syncd.app.commands.common import ConfigOption, JsonOption, command, print_json, read_config
from syncd.app.config import exposed
from syncd.app.tables import Column

if TYPE_CHECKING:
    from syncd.app.check_rows import Row


def add_to(app: typer.Typer) -> None:
    app.command("check")(command(_check))


_ProbeOption = Annotated[
    bool,
    typer.Option(
        "--probe",
        help="Also write, change and delete one scratch event in each calendar, and tell what the server does.",
    ),
]


def _check(config: ConfigOption = None, probe: _ProbeOption = False, as_json: JsonOption = False) -> int:
    """Look at everything syncd needs, and say what to do.

    Only reads, unless --probe is given: nothing is written on either side.
    """
    known, warnings = read_config(config), exposed(config, os.environ)
    from syncd.app.check import examine

    rows = asyncio.run(examine(known, warnings, datetime.now(UTC), probe=probe))
    code = max(row.code for row in rows)
    if as_json:
        print_json({"exit_code": code, "checks": [_json(row) for row in rows]})
        return code
    to = tables.console()
    columns = (Column(""), Column("CHECK", fold=True, least=18), Column("FOUND", fold=True, least=24))
    told = [(tables.word(row.verdict.value), row.name, row.what) for row in rows if not row.about]
    tables.table(to, columns, told)
    _show_probes(to, [row for row in rows if row.about])
    todo = [(tables.word(row.verdict.value), _about(row), row.advice) for row in rows if row.advice]
    if todo:
        tables.heading(to, "What to do")
        tables.table(to, (Column(""), Column("CHECK", fold=True, least=18), Column("DO", fold=True, least=24)), todo)
    else:
        to.print()
        tables.line(to, "All is well.")
    return code


def _show_probes(to: Console, rows: "list[Row]") -> None:
    """A table for each calendar that was probed."""
    columns = (Column(""), Column("TRIED", fold=True), Column("FOUND", fold=True), Column("SYNCD", fold=True))
    for name in dict.fromkeys(row.name for row in rows):
        tables.heading(to, name)
        told = [(tables.word(row.verdict.value), row.about, row.what, row.does) for row in rows if row.name == name]
        tables.table(to, columns, told)


def _about(row: "Row") -> str:
    return f"{row.name}: {row.about}" if row.about else row.name


def _json(row: "Row") -> dict[str, str]:
    told = {"name": row.name, "result": row.verdict.value, "what": row.what, "advice": row.advice}
    return told | ({"about": row.about, "syncd": row.does} if row.about else {})
