"""Looking at the records and at the disk. Nothing is made, brought up to date or kept."""

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from controller.closures_file import data_folder
from controller.config import Settings
from controller.doctor.checks.audio import TalkSeen
from controller.doctor.checks.numbers import NumberSeen
from controller.doctor.checks.storage import FolderSeen, RecordsSeen, Schema
from controller.errors import ControllerError
from controller.records import outbox, schema
from controller.records.calls import CallDetail, read_calls
from controller.records.outbox import TargetState
from controller.records.store import RecordStore

CONNECT_SECONDS: Final = 3.0
CALLS_LOOKED_AT: Final = 50
"""The latest: what was wrong a month ago is mended or forgotten."""


@dataclass(frozen=True, slots=True)
class History:
    """What the records say of the latest calls and of webhooks."""

    talks: list[TalkSeen] = field(default_factory=list)
    numbers: list[NumberSeen] = field(default_factory=list)
    targets: dict[str, TargetState] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    """Of a target: why its latest message was given up."""


async def records(settings: Settings) -> RecordsSeen:
    """Whether the controller can write them. Raises SettingError for a URL that is none."""
    url = make_url(settings.database_url)
    seen = RecordsSeen(url.render_as_string(hide_password=True))
    in_file = url.get_backend_name() == "sqlite"
    if in_file and url.database and (problem := await asyncio.to_thread(_not_there, Path(url.database))) is not None:
        return replace(seen, problem=problem, schema=Schema.MISSING)
    try:
        async with _connected(settings.database_url, in_file=in_file) as connection:
            found = await connection.run_sync(schema.current)
            return replace(
                seen,
                schema=_schema(found),
                revision=found or "none",
                problem=await _cannot_write(connection, in_file=in_file) if found else "",
                ahead_seconds=0.0 if in_file else await _ahead(connection),
            )
    except schema.NewerSchema as newer:
        return replace(seen, schema=Schema.NEWER, revision=str(newer))
    except (SQLAlchemyError, OSError) as error:
        return replace(seen, problem=_words(error))


@asynccontextmanager
async def _connected(url: str, *, in_file: bool) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(url, connect_args={"timeout": CONNECT_SECONDS})
    try:
        async with engine.connect() as connection:
            if not in_file:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection
    finally:
        await engine.dispose()


def _schema(found: str | None) -> Schema:
    if found is None:
        return Schema.MISSING
    if found == schema.HEAD:
        return Schema.CURRENT
    return Schema.NEWER if found > schema.HEAD else Schema.OLDER


async def _cannot_write(connection: AsyncConnection, *, in_file: bool) -> str:
    """Why; empty where it can."""
    if in_file:
        await connection.rollback()
        try:
            # The lock of a writer is refused to who may not write.
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
            await connection.exec_driver_sql("UPDATE calls SET id = id WHERE 0")
        except SQLAlchemyError as error:
            return _words(error)
        finally:
            await connection.rollback()
        return ""
    may = "SELECT has_table_privilege(current_user, 'calls', 'INSERT') AND NOT pg_is_in_recovery()"
    return "" if (await connection.execute(text(may))).scalar_one() else "its user may not write"


async def _ahead(connection: AsyncConnection) -> float:
    asked = time.time()
    told = (await connection.execute(text("SELECT extract(epoch FROM clock_timestamp())"))).scalar_one()
    return float(told) - (asked + time.time()) / 2


def _words(error: Exception) -> str:
    return " ".join(str(getattr(error, "orig", error) or type(error).__name__).split())


async def history(settings: Settings) -> History:
    """Of a database that has our schema. Nothing where it cannot be read."""
    with contextlib.suppress(ControllerError, SQLAlchemyError, OSError):
        store = await RecordStore.open(settings.database_url)
        try:
            states = {state.target: state for state in await outbox.states(store.database)}
            ids = [call.id for call in await store.list_calls(CALLS_LOOKED_AT)]
            async with store.database.reading() as connection:
                details = await read_calls(connection, ids)
            letters = await outbox.dead_letters(store.database, "", limit=CALLS_LOOKED_AT)
        finally:
            await store.close()
        inbound = [call for call in details if call.summary.direction == "inbound"]
        return History(
            talks=[talk for call in details if (talk := _talk(call)) is not None],
            numbers=[NumberSeen(c.summary.id, c.summary.to_number or "", c.summary.route) for c in inbound],
            targets=states,
            problems={letter.target: letter.error for letter in reversed(letters)},
        )
    return History()


def _talk(call: CallDetail) -> TalkSeen | None:
    """None: nobody could have been heard, or nobody counted."""
    summary, packets = call.summary, call.statistics.get("packets_in")
    if summary.answered_at is None or summary.ended_at is None or packets is None:
        return None
    # Of the time with a human nobody counts packets: a transfer ends what is looked at.
    if call.transfers or any(step.kind in {"human_answered", "sent_away", "media_silent"} for step in call.steps):
        silent = any(step.kind == "media_silent" for step in call.steps)
        if not silent:
            return None
    return TalkSeen(summary.id, (summary.ended_at - summary.answered_at).total_seconds(), int(packets))


async def folders(settings: Settings) -> list[FolderSeen]:
    """Where the controller writes."""
    wanted = {
        "DATABASE_URL": data_folder(settings),
        "SOUNDS_DIR": Path(settings.sounds_dir),
        "VOICEMAIL_DIR": Path(settings.voicemail_dir),
        "RECORDINGS_DIR": Path(settings.recordings_dir),
    }
    return await asyncio.to_thread(lambda: [_folder(setting, path) for setting, path in wanted.items()])


def _folder(setting: str, path: Path) -> FolderSeen:
    problem = _unwritable(path)
    if problem:
        return FolderSeen(setting, str(path), problem)
    usage = shutil.disk_usage(_existing(path))
    return FolderSeen(setting, str(path), free_bytes=usage.free, total_bytes=usage.total)


def _unwritable(path: Path) -> str:
    """Why; empty where a file can be made there. A folder that is not there yet is made in the one above it."""
    folder = _existing(path)
    try:
        if not folder.is_dir():
            return "it is no folder"
        handle, name = tempfile.mkstemp(prefix=".doctor.", dir=folder)
        os.close(handle)
        Path(name).unlink()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _not_there(path: Path) -> str | None:
    """None: it is there. Otherwise why it cannot be made; empty where it can."""
    return None if path.exists() else _unwritable(path.parent)


def _existing(path: Path) -> Path:
    path = path.absolute()
    return next((folder for folder in (path, *path.parents) if folder.exists()), path)
