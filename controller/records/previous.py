"""What is known of a caller from earlier calls: for the bot, before it says hello."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from controller.records.database import Database
from controller.records.tables import CallbackRow, CallRow, HandoffRow, ResultRow, TransferRow

CALLS_TOLD: Final = 10
"""More than a bot has use for would be read before every call."""

CALLBACKS_TOLD: Final = 10

SUMMARY_KEY: Final = "summary"
"""In the data of a result: what the bot would tell somebody about the call."""


@dataclass(frozen=True, slots=True)
class PreviousCall:
    """An earlier call of the same number."""

    id: str
    started_at: datetime
    route: str
    ending: str | None
    summary: str
    """The last one that a bot gave, with a result, a handoff or a transfer; empty: none."""
    results: tuple[tuple[str, Mapping[str, Any]], ...]
    """Name and data."""


@dataclass(frozen=True, slots=True)
class OpenCallback:
    """A callback that nobody has done yet."""

    call_id: str
    asked_at: datetime
    phone: str
    note: str
    wanted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Previous:
    """Newest calls first, oldest callbacks first."""

    calls: tuple[PreviousCall, ...] = ()
    callbacks: tuple[OpenCallback, ...] = ()


async def previous(database: Database, number: str, calls_max: int = CALLS_TOLD) -> Previous:
    """Earlier calls from this number, and callbacks to it. A withheld number has none."""
    if not number:
        return Previous()
    async with database.reading() as connection:
        return Previous(await _calls(connection, number, calls_max), await _callbacks(connection, number))


async def _calls(connection: AsyncConnection, number: str, calls_max: int) -> tuple[PreviousCall, ...]:
    query = select(CallRow.id, CallRow.started_at, CallRow.route, CallRow.ending).where(
        CallRow.from_number == number, CallRow.ending.is_not(None)
    )
    calls = (await connection.execute(query.order_by(CallRow.number.desc()).limit(calls_max))).all()
    if not calls:
        return ()
    ids = [call.id for call in calls]
    results = await _results(connection, ids)
    without = [call_id for call_id in ids if not _summary_of(results.get(call_id, []))]
    summaries = await _summaries(connection, without) if without else {}
    return tuple(
        PreviousCall(
            call.id,
            call.started_at,
            call.route,
            call.ending,
            _summary_of(results.get(call.id, [])) or summaries.get(call.id, ""),
            tuple(results.get(call.id, [])),
        )
        for call in calls
    )


async def _results(connection: AsyncConnection, ids: list[str]) -> dict[str, list[tuple[str, Mapping[str, Any]]]]:
    query = select(ResultRow.call_id, ResultRow.name, ResultRow.data).where(ResultRow.call_id.in_(ids))
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for row in await connection.execute(query.order_by(ResultRow.number)):
        found.setdefault(row.call_id, []).append((row.name, row.data))
    return found


def _summary_of(results: list[tuple[str, Mapping[str, Any]]]) -> str:
    said = [data[SUMMARY_KEY] for _, data in results if isinstance(data.get(SUMMARY_KEY), str)]
    return said[-1] if said else ""


async def _summaries(connection: AsyncConnection, ids: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in (TransferRow, HandoffRow):
        query = select(table.call_id, table.summary).where(table.call_id.in_(ids), table.summary != "")
        found |= {row.call_id: row.summary for row in await connection.execute(query.order_by(table.number))}
    return found


async def _callbacks(connection: AsyncConnection, number: str) -> tuple[OpenCallback, ...]:
    query = (
        select(CallbackRow.call_id, CallRow.started_at, CallbackRow.phone, CallbackRow.note, CallbackRow.wanted_at)
        .join(CallRow, CallRow.id == CallbackRow.call_id)
        .where(CallbackRow.phone == number, CallbackRow.done_at.is_(None))
        .order_by(CallbackRow.number)
        .limit(CALLBACKS_TOLD)
    )
    return tuple(OpenCallback(*row) for row in await connection.execute(query))
