"""For all unit tests: a Postgres, started when the first that wants one does; and examples without a time limit."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import settings

from controller.records.store import RecordStore
from tests import postgres

# A machine that others share stands still for a moment now and then, and that is nobody's fault.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Postgres]:
    with postgres.running() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres_url(cluster: postgres.Postgres) -> str:
    """Of the one database with our tables in it; whoever uses it empties it first (`postgres.empty`)."""

    async def make() -> str:
        url = cluster.url(await cluster.create())
        await (await RecordStore.open(url)).close()
        return url

    # In a thread: this may be asked for while a loop is running.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(make())).result()
