"""Opening the database: a SQLite file in WAL mode, with our tables in our version of them.

Everything that cannot work is a SettingError about DATABASE_URL, before the first call.
"""

import asyncio
import json
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from controller.errors import SettingError
from controller.records.tables import SCHEMA_VERSION, Table

SETTING: Final = "DATABASE_URL"
EXAMPLE: Final = "sqlite+aiosqlite:///data/calls.sqlite3"

LOCK_SECONDS_MAX: Final = 5.0
"""How long a statement waits while another process writes: far above any of our transactions (some ms)."""


async def open_database(url: str) -> AsyncEngine:
    """Open the database, and create file, folder and tables where they are missing. Raises SettingError."""
    usable = _usable(url)
    await asyncio.to_thread(_open_once, usable, url)
    engine = create_async_engine(
        usable,
        connect_args={"timeout": LOCK_SECONDS_MAX},
        json_serializer=partial(json.dumps, allow_nan=False, ensure_ascii=False),
    )
    event.listen(engine.sync_engine, "connect", _prepare_connection)
    try:
        async with engine.connect() as connection:
            await _prepare_database(connection, url)
    except SQLAlchemyError as error:
        await engine.dispose()
        reason = str(getattr(error, "orig", error))
        raise SettingError(SETTING, f"cannot use {url!r} ({reason})", f"Name a writable file: {EXAMPLE}") from error
    except SettingError:
        await engine.dispose()
        raise
    return engine


def _usable(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise SettingError(SETTING, f"{url!r} is not a database URL", f"Write it like {EXAMPLE}") from error
    if parsed.drivername != "sqlite+aiosqlite" or not parsed.database or parsed.database == ":memory:":
        name = parsed.render_as_string(hide_password=True)
        raise SettingError(SETTING, f"{name!r} is not a SQLite file", f"Write it like {EXAMPLE}")
    folder = Path(parsed.database).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(SETTING, f"cannot make the folder {folder} ({error.strerror})", "Name a folder that can be "
                           "written, or make it") from error  # fmt: skip
    return parsed


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


async def _prepare_database(connection: AsyncConnection, url: str) -> None:
    # WAL lets `ari-controller calls` read while `serve` writes. Kept in the file, so once is enough.
    await connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    await connection.commit()
    # Two processes may open a new file at the same time: the lock comes before the look.
    await connection.exec_driver_sql("BEGIN IMMEDIATE")
    version = (await connection.exec_driver_sql("PRAGMA user_version")).scalar_one()
    if version > SCHEMA_VERSION:
        await connection.rollback()
        raise SettingError(SETTING, f"{url!r} was written by a newer ari-controller (schema {version}, this one knows "
                           f"{SCHEMA_VERSION})", "Upgrade ari-controller, or name another file")  # fmt: skip
    if version < SCHEMA_VERSION:
        await connection.run_sync(Table.metadata.create_all)
        await connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")
    await connection.commit()
