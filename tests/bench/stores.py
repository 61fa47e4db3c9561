"""The two databases that are measured, empty, each in a place of its own, as durable as where it matters."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from tests import postgres

StoreName = Literal["sqlite", "postgres"]
STORES: Final[tuple[StoreName, ...]] = ("sqlite", "postgres")


@asynccontextmanager
async def database(name: StoreName) -> AsyncIterator[str]:
    """URL of a new database."""
    if name == "sqlite":
        with TemporaryDirectory() as folder:
            yield f"sqlite+aiosqlite:///{Path(folder)}/calls.sqlite3"
    else:
        with postgres.running(durable=True) as cluster:
            yield cluster.url(await cluster.create())
