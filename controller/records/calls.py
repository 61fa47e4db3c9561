"""Calls as they are read: a line of a list, or all that is known. Reading gives the values back that were written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
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
    def answered_by_steps(self) -> datetime | None:
        """As the call itself noted it, when it could not be closed any more."""
        moments = (step.at_ms for step in self.steps if step.kind == "answered")
        at_ms = next(moments, None)
        return None if at_ms is None else self.summary.started_at + timedelta(milliseconds=at_ms)

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
    (detail,) = await _details(connection, [call])
    return detail


async def read_calls(connection: AsyncConnection, ids: Sequence[str]) -> list[CallDetail]:
    """Everything about these calls, newest first: a query for each kind, however many there are."""
    query = select(CallRow.__table__).where(CallRow.id.in_(ids)).order_by(CallRow.number.desc())
    return await _details(connection, (await connection.execute(query)).all())


async def _details(connection: AsyncConnection, calls: Sequence[Row[Any]]) -> list[CallDetail]:
    ids = [call.id for call in calls]
    steps = await _read_said(connection, StepTaken, ids)
    transcripts = await _read_said(connection, TranscriptSaid, ids)
    results = await _read_said(connection, ResultReported, ids)
    logs = await _read_said(connection, LogWritten, ids)
    digits = await _read_said(connection, DtmfPressed, ids)
    transfers = await _read_said(connection, TransferChanged, ids)
    voicemails = await _read_said(connection, VoicemailLeft, ids)
    callbacks = await _read_said(connection, CallbackAsked, ids)
    handoffs = await _read_said(connection, HandoffOffered, ids)
    metadata = await _read_said(connection, MetadataAdded, ids)
    recordings = await _read_said(connection, RecordingMade, ids)
    return [
        CallDetail(
            summary=_summary(call, [result.name for result in results.get(call.id, ())]),
            cause=call.cause,
            statistics=call.statistics,
            steps=steps.get(call.id, ()),
            transcripts=transcripts.get(call.id, ()),
            results=results.get(call.id, ()),
            logs=logs.get(call.id, ()),
            digits=digits.get(call.id, ()),
            transfers=transfers.get(call.id, ()),
            voicemails=voicemails.get(call.id, ()),
            callbacks=callbacks.get(call.id, ()),
            handoffs=handoffs.get(call.id, ()),
            metadata=metadata.get(call.id, ()),
            recordings=recordings.get(call.id, ()),
        )
        for call in calls
    ]


async def _read_said(
    connection: AsyncConnection, kind: type[_Value], call_ids: Sequence[str]
) -> dict[str, tuple[_Value, ...]]:
    """What was said in these calls, of one kind, in order."""
    table: type[Table] = TABLES[kind]
    columns = [table.__table__.c[field.name] for field in fields(kind)]
    # The primary key is what keeps their order: a step's position, the number of everything else.
    query = select(*columns).where(table.__table__.c.call_id.in_(call_ids)).order_by(*table.__table__.primary_key)
    found: dict[str, list[_Value]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.call_id, []).append(kind(*row))
    return {call_id: tuple(values) for call_id, values in found.items()}


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
