"""Tables keep every letter, however narrow the terminal is, and take all texts literally."""

import io

import pytest
from rich.console import Console

from syncd.app.tables import Column, table

COLUMNS = (Column("BOOKING", fold=True), Column("WHEN"), Column("WHY", fold=True, least=30))
ROW = ("b_738d0b773d2a", "Sat 28 Nov 16:15", "[bold]refused[/bold]; back to where the booking is \x1b[31m")


@pytest.mark.parametrize("width", range(30, 121, 3))
def test_no_letter_is_cut_off(width: int) -> None:
    out = io.StringIO()
    table(Console(file=out, width=width, markup=False, highlight=False), COLUMNS, [ROW])
    told = out.getvalue()
    assert max(map(len, told.splitlines())) <= width
    letters = sorted("".join(told.split()))
    wanted = "".join((*(column.title for column in COLUMNS), *ROW)).replace("\x1b", "\\x1b")
    assert letters == sorted("".join(wanted.split()))


def test_a_last_column_that_just_fits_keeps_its_last_words() -> None:
    columns = (Column("WHEN"), Column("BOOKING", True, 16), Column("WHAT"), Column("START"), Column("WHY", True))
    row = ("23 Nov 16:52:10", "b_2b5fa9b78f43", "event created", "Mon 30 Nov 13:30", "cancelling it awaits approval")
    out = io.StringIO()
    table(Console(file=out, width=80), columns, [row])
    assert out.getvalue().split()[-1] == "approval"


def test_a_column_without_any_text_is_left_out() -> None:
    out = io.StringIO()
    table(Console(file=out, width=80), COLUMNS, [("b_1", "", "why")])
    assert "WHEN" not in out.getvalue()
