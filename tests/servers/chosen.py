"""Which stories of tests/loop and tests/ten are told on Debian's servers too.

All of them would take those three a quarter of an hour, and most are about syncd and not about a server. Chosen are the
main loop from end to end, and of each of the ten failures what a server has a part in.
"""

from collections.abc import Mapping

import pytest

from tests.servers.kinds import DEBIAN

CHOSEN: Mapping[str, tuple[str, ...]] = {}


def is_chosen(item: pytest.Item) -> bool:
    """Whether the test is to run: on Debian's servers only what is chosen."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    if parameters.get("server") not in DEBIAN:
        return True
    assert isinstance(item, pytest.Function)
    variants = CHOSEN.get(item.originalname)
    return variants is not None and (not variants or any(variant in item.name for variant in variants))
