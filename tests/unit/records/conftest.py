"""Every test of the store runs on SQLite and on Postgres, both real."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from controller.records.store import RecordStore
from tests import postgres


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Postgres]:
    with postgres.running() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def migrated(cluster: postgres.Postgres) -> str:
    """Name of a Postgres database with our tables, for tests to copy."""

    async def make() -> str:
        name = await cluster.create()
        await (await RecordStore.open(cluster.url(name))).close()
        return name

    # In a thread: this may be asked for while a loop is running.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(make())).result()


@pytest.fixture(params=["sqlite", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/data/calls.sqlite3"


@pytest.fixture
async def url(kind: str, sqlite_url: str, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Of a new database; in Postgres with our tables, since making them takes its time."""
    if kind == "sqlite":
        yield sqlite_url
        return
    cluster: postgres.Postgres = request.getfixturevalue("cluster")
    name = await cluster.create(request.getfixturevalue("migrated"))
    yield cluster.url(name)
    await cluster.drop(name)


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
