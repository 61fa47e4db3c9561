"""Opening the database, a SQLite file in WAL mode or Postgres, with our tables in our version of them.

Everything that cannot work is a SettingError about DATABASE_URL, before the first call.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from controller.errors import SettingError
from controller.records import schema
from controller.records.tables import Table

SETTING: Final = "DATABASE_URL"
EXAMPLE: Final = "sqlite+aiosqlite:///data/calls.sqlite3"
POSTGRES_EXAMPLE: Final = "postgresql+asyncpg://user:password@host/database"

LOCK_SECONDS_MAX: Final = 5.0
"""How long a statement waits while another process writes: far above any of our transactions (some ms)."""

STATEMENT_SECONDS_MAX: Final = 30.0
"""In Postgres: a connection that was cut without a word must not hold up the records for ever."""

CONNECT_SECONDS_MAX: Final = 5.0
"""For Postgres to answer."""

POOL_CONNECTIONS_MAX: Final = 10
"""One writes, one delivers, the others read for the API."""


class Database:
    """An open database. Reading and writing are told apart: SQLite has one writer at a time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        # Without it our own tasks would meet at SQLite's lock, which is polled in steps of up to 100 ms.
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection that changes nothing. Each query sees what is there when it is asked."""
        async with self.engine.connect() as connection:
            if not self.is_sqlite:
                # Spares the way there and back of BEGIN and of ROLLBACK, while a phone rings.
                await connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, on disk when the block is left."""
        if not self.is_sqlite:
            async with self.engine.begin() as connection:
                yield connection
            return
        async with self._turn, self.engine.begin() as connection:
            # At once, and not with the first change: what was read before could be old by then, and is refused.
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def insert(self, table: type[Table]) -> Any:
        """An INSERT that knows ON CONFLICT, which SQLAlchemy has for each database by itself."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    async def close(self) -> None:
        """Give back connections, files and threads."""
        await self.engine.dispose()


async def open_database(url: str) -> Database:
    """Open the database, create what is missing and bring it to our schema. Raises SettingError."""
    usable = _usable(url)
    sqlite_file = usable.drivername.startswith("sqlite")
    if sqlite_file:
        await asyncio.to_thread(_open_once, usable, url)
    engine = _engine(usable)
    try:
        async with engine.connect() as connection:
            if sqlite_file:
                # WAL lets others read while `serve` writes. Kept in the file, so once is enough.
                await connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                await connection.commit()
            await _prepare_schema(connection)
    except (SQLAlchemyError, OSError, schema.NewerSchema) as error:
        await engine.dispose()
        raise _refusal(usable, error) from error
    return Database(engine)


def _engine(usable: URL) -> AsyncEngine:
    serializer = partial(json.dumps, allow_nan=False, ensure_ascii=False)
    if usable.drivername.startswith("sqlite"):
        engine = create_async_engine(usable, connect_args={"timeout": LOCK_SECONDS_MAX}, json_serializer=serializer)
        event.listen(engine.sync_engine, "connect", _prepare_connection)
        return engine
    return create_async_engine(
        usable,
        connect_args={
            "timeout": CONNECT_SECONDS_MAX,
            "command_timeout": STATEMENT_SECONDS_MAX,
            # A plan that fits every question fits none: a word may be in half of all calls, or in one.
            "server_settings": {"plan_cache_mode": "force_custom_plan", "application_name": "ari-controller"},
        },
        json_serializer=serializer,
        pool_size=POOL_CONNECTIONS_MAX,
        max_overflow=0,
        pool_pre_ping=True,
    )


def _usable(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise SettingError(SETTING, f"{url!r} is not a database URL", f"Write it like {EXAMPLE}") from error
    if parsed.drivername == "postgresql+asyncpg" and parsed.database:
        return parsed
    if parsed.drivername != "sqlite+aiosqlite" or not parsed.database or parsed.database == ":memory:":
        mend = f"Write it like {EXAMPLE} or {POSTGRES_EXAMPLE}"
        raise SettingError(SETTING, f"{_shown(parsed)} is neither a SQLite file nor a Postgres database", mend)
    folder = Path(parsed.database).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(SETTING, f"cannot make the folder {folder} ({error.strerror})", "Name a folder that can be "
                           "written, or make it") from error  # fmt: skip
    return parsed


def _shown(url: URL) -> str:
    return repr(url.render_as_string(hide_password=True))


def _refusal(usable: URL, error: Exception) -> SettingError:
    if isinstance(error, schema.NewerSchema):
        problem = (
            f"{_shown(usable)} was written by a newer ari-controller (schema {error}, this one knows {schema.HEAD})"
        )
        return SettingError(SETTING, problem, "Upgrade ari-controller, or name another database")
    reason = " ".join(str(getattr(error, "orig", error) or type(error).__name__).split())
    sqlite_file = usable.drivername.startswith("sqlite")
    mend = f"Name a writable file: {EXAMPLE}" if sqlite_file else "Start Postgres, or correct the URL"
    return SettingError(SETTING, f"cannot use {_shown(usable)} ({reason})", mend)


def _open_once(usable: URL, url: str) -> None:
    """See whether the file can be opened, before aiosqlite tries: it leaves a thread running when it cannot."""
    try:
        sqlite3.connect(str(usable.database)).close()
    except sqlite3.Error as error:
        raise SettingError(SETTING, f"cannot use {url!r} ({error})", f"Name a writable file: {EXAMPLE}") from error


def _prepare_connection(connection: Any, _record: Any) -> None:
    """SQLite's settings that belong to a connection.

    synchronous=FULL, not NORMAL: in WAL mode NORMAL may lose the last transactions when the power fails, and a
    bot has been told that its result is stored. It costs one fsync per batch, in a thread of its own.
    """
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


async def _prepare_schema(connection: AsyncConnection) -> None:
    if await connection.run_sync(schema.current) == schema.HEAD:
        return
    await connection.rollback()
    await connection.run_sync(_upgrade)
    await connection.commit()


def _upgrade(connection: Connection) -> None:
    schema.lock(connection)
    schema.upgrade(connection)
