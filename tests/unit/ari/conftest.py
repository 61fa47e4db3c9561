from collections.abc import AsyncIterator

import pytest_asyncio

from tests.unit.ari.fake_asterisk import FakeAsterisk


@pytest_asyncio.fixture
async def asterisk() -> AsyncIterator[FakeAsterisk]:
    fake = FakeAsterisk()
    await fake.server.start_server()
    yield fake
    await fake.stop()
