from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.records.store import RecordStore


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/data/calls.sqlite3"


@pytest.fixture
async def store(url: str) -> AsyncIterator[RecordStore]:
    store = await RecordStore.open(url)
    yield store
    await store.close()
