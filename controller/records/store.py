"""The store of call records: writes items, reads calls.

Every write is one transaction and may be repeated: what is there already stays as it is. Reading gives the
same values back that were written, per call.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from controller.errors import ControllerError
from controller.records.database import open_database
from controller.records.items import (
    CallClosed,
    CallOpened,
    Item,
    LogWritten,
    ResultReported,
    StepTaken,
    TranscriptSaid,
)
from controller.records.tables import CallRow, LogRow, ResultRow, StepRow, Table, TranscriptRow

CALLS_LISTED: Final = 50
"""Calls in a list unless more are asked for: a few screens."""

_Value = TypeVar("_Value", StepTaken, TranscriptSaid, ResultReported, LogWritten)


class StoreAway(ControllerError):
    """The database cannot be written at the moment (locked, full, gone): the same write may work later."""


class ItemsRefused(ControllerError):
    """At least one item of the batch can never be stored. Nothing of the batch was."""


class CallUnknown(ControllerError):
    """No call has this id, or several begin with it."""


@dataclass(frozen=True, slots=True)
class CallSummary:
    """One line of the list of calls. Times are aware, in UTC."""

    id: str
    started_at: datetime
    from_number: str | None
    from_name: str | None
    to_number: str | None
    route: str
    answered_at: datetime | None
    ended_at: datetime | None
    ending: str | None
    """None while the call lasts."""
    results: tuple[str, ...]
    """Names of what came of it, in order."""


@dataclass(frozen=True, slots=True)
class CallDetail:
    """All that is known about one call, each kind in order."""

    summary: CallSummary
    cause: int | None
    statistics: Mapping[str, int | float]
    steps: tuple[StepTaken, ...]
    transcripts: tuple[TranscriptSaid, ...]
    results: tuple[ResultReported, ...]
    logs: tuple[LogWritten, ...]


_TABLES: Final[dict[type[Any], type[Table]]] = {
    StepTaken: StepRow,
    TranscriptSaid: TranscriptRow,
    ResultReported: ResultRow,
    LogWritten: LogRow,
}


class RecordStore:
    """A database of call records, open."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @classmethod
    async def open(cls, url: str) -> "RecordStore":
        """Open, or create, the database. Raises SettingError about DATABASE_URL."""
        return cls(await open_database(url))

    async def close(self) -> None:
        """Give back file and threads."""
        await self._engine.dispose()

    async def write(self, items: Sequence[Item]) -> None:
        """Store all items in one transaction, on disk when this returns. Raises StoreAway, ItemsRefused."""
        try:
            async with self._engine.begin() as connection:
                await _write(connection, items)
        except (IntegrityError, DataError, ProgrammingError) as error:
            raise ItemsRefused(str(error.orig)) from error
        except (DBAPIError, sqlite3.Error, OSError) as error:
            raise StoreAway(str(getattr(error, "orig", error))) from error
        # Not the database's words but Python's on the way to it: a naive time, NaN in JSON, broken Unicode.
        except (SQLAlchemyError, ValueError, TypeError, OverflowError) as error:
            raise ItemsRefused(str(getattr(error, "orig", error))) from error

    async def list_calls(self, limit: int = CALLS_LISTED, *, live_only: bool = False) -> list[CallSummary]:
        """The latest calls, newest first. `live_only`: those whose end is not recorded."""
        query = select(CallRow.__table__).order_by(CallRow.started_at.desc(), CallRow.id.desc()).limit(limit)
        if live_only:
            query = query.where(CallRow.ending.is_(None))
        async with self._engine.connect() as connection:
            calls = (await connection.execute(query)).all()
            results = await _result_names(connection, [call.id for call in calls])
        return [_summary(call, results.get(call.id, [])) for call in calls]

    async def show_call(self, id_or_prefix: str) -> CallDetail:
        """One call, by its id or an unambiguous beginning of it. Raises CallUnknown."""
        async with self._engine.connect() as connection:
            call = await _find(connection, id_or_prefix)
            steps = await _read(connection, StepTaken, call.id)
            transcripts = await _read(connection, TranscriptSaid, call.id)
            results = await _read(connection, ResultReported, call.id)
            logs = await _read(connection, LogWritten, call.id)
        summary = _summary(call, [result.name for result in results])
        return CallDetail(summary, call.cause, call.statistics, steps, transcripts, results, logs)


async def _write(connection: AsyncConnection, items: Sequence[Item]) -> None:
    """Calls first, since the rest refers to them; ends last, since they change a row that must be there."""
    calls = [_columns(item) for item in items if isinstance(item, CallOpened)]
    if calls:
        await connection.execute(insert(CallRow).on_conflict_do_nothing(), calls)
    for kind, table in _TABLES.items():
        rows = [_columns(item) for item in items if isinstance(item, kind)]
        if rows:
            await connection.execute(insert(table).on_conflict_do_nothing(), rows)
    for item in items:
        if isinstance(item, CallClosed):
            live = update(CallRow).where(CallRow.id == item.call_id, CallRow.ending.is_(None))
            await connection.execute(live.values(_columns(item)))


def _columns(item: Item) -> dict[str, Any]:
    """The item's fields by the name of their column; in `calls` the call's id is just `id`."""
    columns = {field.name: getattr(item, field.name) for field in fields(item)}
    if isinstance(item, CallOpened | CallClosed):
        columns["id"] = columns.pop("call_id")
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in columns.items()}


async def _find(connection: AsyncConnection, id_or_prefix: str) -> Row[Any]:
    # Not LIKE, in which a letter stands for its capital, and % and _ for others.
    matches = func.substr(CallRow.id, 1, len(id_or_prefix)) == id_or_prefix
    query = select(CallRow.__table__).where(matches).order_by(CallRow.id != id_or_prefix, CallRow.id).limit(2)
    calls = (await connection.execute(query)).all() if id_or_prefix else []
    if not calls:
        raise CallUnknown(f"There is no call {id_or_prefix!r}")
    if len(calls) > 1 and calls[0].id != id_or_prefix:
        raise CallUnknown(f"Several calls begin with {id_or_prefix!r}: write more of the id")
    return calls[0]


async def _read(connection: AsyncConnection, kind: type[_Value], call_id: str) -> tuple[_Value, ...]:
    table = _TABLES[kind].__table__
    columns = [table.c[field.name] for field in fields(kind)]
    # The primary key is what keeps their order: a step's position, the number of everything else.
    query = select(*columns).where(table.c.call_id == call_id).order_by(*table.primary_key)
    rows = await connection.execute(query)
    return tuple(kind(*row) for row in rows)


async def _result_names(connection: AsyncConnection, call_ids: Sequence[str]) -> dict[str, list[str]]:
    query = select(ResultRow.call_id, ResultRow.name).where(ResultRow.call_id.in_(call_ids)).order_by(ResultRow.number)
    names: dict[str, list[str]] = {}
    for call_id, name in await connection.execute(query):
        names.setdefault(call_id, []).append(name)
    return names


def _summary(call: Row[Any], results: Sequence[str]) -> CallSummary:
    columns = {field.name: getattr(call, field.name) for field in fields(CallSummary) if field.name != "results"}
    return CallSummary(**columns, results=tuple(results))
