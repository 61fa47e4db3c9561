"""Calls as they are read: a line of a list, or all that is known. Reading gives the values back that were written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from controller.errors import ControllerError
from controller.records.items import (
    CallbackAsked,
    DtmfPressed,
    HandoffOffered,
    LogWritten,
    MetadataAdded,
    RecordingMade,
    ResultReported,
    Said,
    StepTaken,
    TranscriptSaid,
    TransferChanged,
    VoicemailLeft,
)
from controller.records.tables import CallRow, ResultRow, Table
from controller.records.writing import TABLES

_Value = TypeVar("_Value", bound=StepTaken | Said)


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
    direction: str = "inbound"
    forwarded_from: str | None = None
    node: str = ""
    number: int = 0
    """Its place in time: pages go by it."""


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
    digits: tuple[DtmfPressed, ...] = ()
    transfers: tuple[TransferChanged, ...] = ()
    voicemails: tuple[VoicemailLeft, ...] = ()
    callbacks: tuple[CallbackAsked, ...] = ()
    handoffs: tuple[HandoffOffered, ...] = ()
    metadata: tuple[MetadataAdded, ...] = ()
    recordings: tuple[RecordingMade, ...] = ()

    @property
    def moments(self) -> list[StepTaken | Said]:
        """All of it on one line of time."""
        said = (
            *(self.steps + self.transcripts + self.results + self.logs),
            *(self.digits + self.transfers + self.voicemails + self.callbacks),
            *(self.handoffs + self.metadata + self.recordings),
        )
        return sorted(said, key=lambda moment: moment.at_ms)


async def find_call(connection: AsyncConnection, id_or_prefix: str) -> Row[Any]:
    """The row of one call, by its id or an unambiguous beginning of it. Raises CallUnknown."""
    query = select(CallRow.__table__)
    exact = (await connection.execute(query.where(CallRow.id == id_or_prefix))).one_or_none()
    if exact is not None:
        return exact
    # Not LIKE, in which a letter stands for its capital, and % and _ for others.
    matches = func.substr(CallRow.id, 1, len(id_or_prefix)) == id_or_prefix
    calls = (await connection.execute(query.where(matches).limit(2))).all() if id_or_prefix else []
    if not calls:
        raise CallUnknown(f"There is no call {id_or_prefix!r}")
    if len(calls) > 1:
        raise CallUnknown(f"Several calls begin with {id_or_prefix!r}: write more of the id")
    return calls[0]


async def read_call(connection: AsyncConnection, call: Row[Any]) -> CallDetail:
    """Everything about the call of this row."""
    results = await read_said(connection, ResultReported, call.id)
    return CallDetail(
        summary=_summary(call, [result.name for result in results]),
        cause=call.cause,
        statistics=call.statistics,
        steps=await read_said(connection, StepTaken, call.id),
        transcripts=await read_said(connection, TranscriptSaid, call.id),
        results=results,
        logs=await read_said(connection, LogWritten, call.id),
        digits=await read_said(connection, DtmfPressed, call.id),
        transfers=await read_said(connection, TransferChanged, call.id),
        voicemails=await read_said(connection, VoicemailLeft, call.id),
        callbacks=await read_said(connection, CallbackAsked, call.id),
        handoffs=await read_said(connection, HandoffOffered, call.id),
        metadata=await read_said(connection, MetadataAdded, call.id),
        recordings=await read_said(connection, RecordingMade, call.id),
    )


async def read_said(connection: AsyncConnection, kind: type[_Value], call_id: str) -> tuple[_Value, ...]:
    """What was said in a call, of one kind, in order."""
    table: type[Table] = TABLES[kind]
    columns = [table.__table__.c[field.name] for field in fields(kind)]
    # The primary key is what keeps their order: a step's position, the number of everything else.
    query = select(*columns).where(table.__table__.c.call_id == call_id).order_by(*table.__table__.primary_key)
    rows = await connection.execute(query)
    return tuple(kind(*row) for row in rows)


async def read_summaries(connection: AsyncConnection, query: Select[Any]) -> list[CallSummary]:
    """The calls of a query for rows of `calls`, in its order."""
    calls = (await connection.execute(query)).all()
    results = await _result_names(connection, [call.id for call in calls])
    return [_summary(call, results.get(call.id, [])) for call in calls]


async def _result_names(connection: AsyncConnection, call_ids: Sequence[str]) -> dict[str, list[str]]:
    query = select(ResultRow.call_id, ResultRow.name).where(ResultRow.call_id.in_(call_ids)).order_by(ResultRow.number)
    names: dict[str, list[str]] = {}
    for call_id, name in await connection.execute(query):
        names.setdefault(call_id, []).append(name)
    return names


def _summary(call: Row[Any], results: Sequence[str]) -> CallSummary:
    columns = {field.name: getattr(call, field.name) for field in fields(CallSummary) if field.name != "results"}
    return CallSummary(**columns, results=tuple(results))
