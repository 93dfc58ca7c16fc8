"""The list of rules names scenarios that are there, for each rule one, and leaves none of the ten tests out."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
RULES = (TESTS / "RULES.md").read_text()
NAMED = re.compile(r"`([\w/]+\.py)(?:::(\w+))?`")
ROWS = [line for line in RULES.splitlines() if line.startswith("| ") and not line.startswith("| rule ")]
SECTIONS = (
    "One cycle",
    "Moves",
    "Deletions",
    "Notes and texts",
    "New bookings from the calendar",
    "Open slots in the calendar",
    "Routing",
    "Where the API does not list appointments",
    "The event",
    "What is told afterwards",
)


@pytest.mark.parametrize("row", ROWS)
def test_every_rule_has_a_scenario_that_is_there(row: str) -> None:
    scenarios = NAMED.findall(row)
    assert scenarios
    missing = [f"{file}::{name}" for file, name in scenarios if name not in _tests_in(TESTS / file)]
    assert not missing


def test_every_section_is_there_and_has_rules() -> None:
    parts = re.split(r"^## (.*)$", RULES, flags=re.MULTILINE)[1:]
    assert tuple(parts[::2]) == SECTIONS
    assert all(NAMED.search(part) for part in parts[1::2])


def test_no_rule_is_told_twice() -> None:
    rules = [row.split(" | ")[0] for row in ROWS]
    assert len(set(rules)) == len(rules)


def test_the_ten_tests_are_ten() -> None:
    numbers = [file.name[5:7] for file in sorted((TESTS / "ten").glob("test_*.py"))]
    assert numbers == [f"{number:02}" for number in range(1, 11)]


@cache
def _tests_in(file: Path) -> set[str]:
    """The names of a file's tests; the empty name, for the whole file, where it has any."""
    if not file.is_file():
        return set()
    nodes = ast.walk(ast.parse(file.read_text()))
    names = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    tests = {name for name in names if name.startswith("test_")}
    return {"", *tests} if tests else set()
