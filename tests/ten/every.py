"""Which of these stories are told on all five servers, and not only on Radicale.

In most, what the server says is bent on its way; then one case of each kind shows that the bent answers of that server
are read as well. Where the server itself is asked (what it makes of an app's object, what becomes of a UID, a token, a
calendar), more are told. With `SYNCD_EVERY=1` in the environment all of them are told on all five.
"""

from collections import defaultdict

import pytest

from tests.loop.ground import EVERY


def on_every(*cases: str) -> pytest.MarkDecorator:
    """The test's cases of these ids (none named: all) run on every server; the others on Radicale only."""
    return pytest.mark.on_every(*cases)


def is_told(server: str, case: str, mark: pytest.Mark | None) -> bool:
    """Whether that case is tried on that server."""
    return server == "radicale" or EVERY or (mark is not None and (not mark.args or case in mark.args))


def choose(items: list[pytest.Item], config: pytest.Config) -> None:
    """Take out what is not told. Raises UsageError where a case named in a test is none of it."""
    left: list[pytest.Item] = []
    out: list[pytest.Item] = []
    seen: dict[str, set[str]] = defaultdict(set)
    named: dict[str, set[str]] = {}
    for item in items:
        spec = getattr(item, "callspec", None)
        if "tests/ten/" not in item.nodeid or spec is None or "server" not in spec.params:
            left.append(item)
            continue
        server = str(spec.params["server"])
        case = spec.id.removeprefix(server).removeprefix("-")
        mark = item.get_closest_marker("on_every")
        name = item.nodeid.partition("[")[0]
        seen[name].add(case)
        named[name] = set(mark.args) if mark is not None else set()
        (left if is_told(server, case, mark) else out).append(item)
    for name, cases in named.items():
        # of a test that was asked for as a whole
        if cases - seen[name] and len(seen[name]) > len(cases):
            raise pytest.UsageError(f"{name}: on_every names {sorted(cases - seen[name])}, which are no cases of it")
    config.hook.pytest_deselected(items=out)
    items[:] = left
