"""`check`: what works, what does not, and what to do about it."""

import asyncio
import os
from datetime import UTC, datetime

import typer

from syncd.app import tables
from syncd.app.commands.common import ConfigOption, JsonOption, command, print_json, read_config
from syncd.app.config import exposed
from syncd.app.tables import Column


def add_to(app: typer.Typer) -> None:
    app.command("check")(command(_check))


def _check(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    """Look at everything syncd needs, and say what to do.

    Only reads: nothing is written on either side.
    """
    known, warnings = read_config(config), exposed(config, os.environ)
    from syncd.app.check import examine

    rows = asyncio.run(examine(known, warnings, datetime.now(UTC)))
    code = max(row.code for row in rows)
    if as_json:
        checks = [
            {"name": row.name, "result": row.verdict.value, "what": row.what, "advice": row.advice} for row in rows
        ]
        print_json({"exit_code": code, "checks": checks})
        return code
    to = tables.console()
    columns = (Column(""), Column("CHECK", fold=True, least=18), Column("FOUND", fold=True, least=24))
    told = [(tables.word(row.verdict.value), row.name, row.what) for row in rows]
    tables.table(to, columns, told)
    todo = [(tables.word(row.verdict.value), row.name, row.advice) for row in rows if row.advice]
    if todo:
        tables.heading(to, "What to do")
        tables.table(to, (Column(""), Column("CHECK", fold=True, least=18), Column("DO", fold=True, least=24)), todo)
    else:
        to.print()
        tables.line(to, "All is well.")
    return code
