"""A Radicale for each file of tests: what one of them leaves in the account is not seen by another."""

from collections.abc import Iterator

import pytest

from tests.servers import Server, radicale


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with radicale(tmp_path_factory.mktemp("dav")) as running:
        yield running
