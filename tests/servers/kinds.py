"""All servers on which syncd is tried, and which of them are here."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import Server, cyrus, davical, radicale, sabredav, xandikos


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Kind:
    """A server: how people call it, how it is started in a folder of its own, and whether it can be here."""

    label: str
    start: Callable[[Path], AbstractContextManager[Server]]
    is_installed: Callable[[], bool] = _always


# the names are those of the tests' parameters
PYPI = {"radicale": Kind("Radicale", radicale), "xandikos": Kind("Xandikos", xandikos)}
DEBIAN = {
    "cyrus": Kind("Cyrus", cyrus.cyrus, cyrus.is_installed),
    "davical": Kind("DAViCal", davical.davical, davical.is_installed),
    "sabredav18": Kind("SabreDAV 1.8", sabredav.sabredav, sabredav.is_installed),
}
KINDS = PYPI | DEBIAN


def skipped(name: str) -> str:
    """Why a test on that server is skipped."""
    return f"{KINDS[name].label} is not installed"


def without(reasons: Iterable[str]) -> str:
    """What to say at the end of a run that skipped tests for these reasons; empty where no server was missing."""
    told = tuple(reasons)
    labels = [kind.label for name, kind in KINDS.items() if any(why.endswith(skipped(name)) for why in told)]
    return f"ran without {', '.join(labels)}: not installed; tests/servers names the packages" if labels else ""
