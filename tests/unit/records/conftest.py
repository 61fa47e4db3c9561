"""Every test of the store runs on SQLite and on Postgres, both real."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from controller.records.store import RecordStore
from tests import postgres


@pytest.fixture(params=["sqlite", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/data/calls.sqlite3"


@pytest.fixture
async def url(kind: str, sqlite_url: str, request: pytest.FixtureRequest) -> str:
    """Of an empty database; in Postgres with our tables, since making them takes its time."""
    if kind == "sqlite":
        return sqlite_url
    postgres_url: str = request.getfixturevalue("postgres_url")
    await postgres.empty(postgres_url)
    return postgres_url


@pytest.fixture
async def store(url: str) -> AsyncIterator[RecordStore]:
    store = await RecordStore.open(url)
    yield store
    await store.close()


@pytest.fixture
async def sqlite_store(sqlite_url: str) -> AsyncIterator[RecordStore]:
    store = await RecordStore.open(sqlite_url)
    yield store
    await store.close()


@pytest.fixture
def sqlite_file(sqlite_url: str) -> Callable[[], sqlite3.Connection]:
    """Opens the file of `sqlite_url` beside us."""
    path = Path(sqlite_url.removeprefix("sqlite+aiosqlite:///"))

    def connect() -> sqlite3.Connection:
        path.parent.mkdir(exist_ok=True)
        return sqlite3.connect(path, isolation_level=None)

    return connect
