from collections.abc import AsyncIterator

import pytest

from syncd.zimun import ZimunClient
from tests.zimun.support import Api


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
async def client(api: Api) -> AsyncIterator[ZimunClient]:
    client = api.client()
    yield client
    await client.aclose()
