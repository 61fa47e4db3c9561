from collections.abc import AsyncIterator

import pytest

from tests.unit.records.conftest import kind, sqlite_url, url
from tests.unit.webhooks.receiver import Receiver, receiving

__all__ = ["kind", "sqlite_url", "url"]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver
