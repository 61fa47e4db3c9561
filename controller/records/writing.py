"""Items into the database: one transaction with the item, its event, and a message for every target that wants it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from controller.records import items, words
from controller.records.database import Database
from controller.records.events import Event, StoredEvent, to_event
from controller.records.redaction import redact
from controller.records.tables import (
    CallbackRow,
    CallRow,
    DtmfRow,
    EventRow,
    HandoffRow,
    HeldRow,
    LogRow,
    MessageRow,
    MetadataRow,
    RecordingRow,
    ResultRow,
    StepRow,
    StreamRow,
    Table,
    TranscriptRow,
    TransferRow,
    VoicemailRow,
)
from controller.records.targets import NOBODY, Audience

TABLES: Final[dict[type[Any], type[Table]]] = {
    items.StepTaken: StepRow,
    items.TranscriptSaid: TranscriptRow,
    items.ResultReported: ResultRow,
    items.LogWritten: LogRow,
    items.DtmfPressed: DtmfRow,
    items.TransferChanged: TransferRow,
    items.VoicemailLeft: VoicemailRow,
    items.CallbackAsked: CallbackRow,
    items.HandoffOffered: HandoffRow,
    items.MetadataAdded: MetadataRow,
    items.RecordingMade: RecordingRow,
}
"""Where each kind of item is kept; its columns have the names of the item's fields."""

PLACES_TRIED_MAX: Final = 1_000
"""Calls that may have begun within one microsecond."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Who writes, and who is told."""

    node: str = ""
    audience: Audience = NOBODY


@dataclass(frozen=True, slots=True)
class _Call:
    """What has to be known of a call in order to write about it."""

    number: int
    route: str
    started_at: datetime
    over: bool


async def write(
    database: Database, connection: AsyncConnection, everything: Sequence[items.Writable], rules: Rules
) -> list[StoredEvent]:
    """Write what is new. Returns its events, in order."""
    batch = [item for item in everything if not isinstance(item, items.CallHeld)]
    openings = [item for item in batch if isinstance(item, items.CallOpened)]
    await _open_calls(database, connection, [redact(item) for item in openings], rules.node)
    calls = await _read_calls(connection, {item.call_id for item in batch})
    # Calls first, since the rest refers to them; ends last, since nothing of a call comes after its end.
    kept = [redact(item) for item in sorted(batch, key=_rank)]
    for kind, table in TABLES.items():
        rows = [_columns(item) for item in kept if isinstance(item, kind)]
        if rows:
            await connection.execute(database.insert(table).on_conflict_do_nothing(), rows)
    await _hold(database, connection, [item for item in everything if isinstance(item, items.CallHeld)])
    for item in kept:
        if isinstance(item, items.CallClosed):
            await _close_call(connection, item)
    # The end of a call that nobody opened is no news.
    told = [to_event(i, calls[i.call_id].route, calls[i.call_id].started_at) for i in kept if i.call_id in calls]
    stored = await _write_events(database, connection, told)
    await _write_messages(database, connection, stored, rules.audience)
    await _index(database, connection, kept, calls)
    return stored


def _rank(item: items.Item) -> int:
    match item:
        case items.CallOpened():
            return 0
        case items.CallClosed():
            return 2
        case _:
            return 1


def _columns(item: items.Item) -> dict[str, Any]:
    """The item's fields by the name of their column; in `calls` the call's id is just `id`."""
    columns = {name: getattr(item, name) for name in items.field_names(type(item))}
    if isinstance(item, items.CallOpened | items.CallClosed):
        columns["id"] = columns.pop("call_id")
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in columns.items()}


# --- calls --------------------------------------------------------------------------------------------------


async def _open_calls(
    database: Database, connection: AsyncConnection, openings: Iterable[items.CallOpened], node: str
) -> None:
    """Each call has the place of its own time, or the next one that is free."""
    waiting = {item.call_id: (words.place(item.started_at), item) for item in openings}
    for _ in range(PLACES_TRIED_MAX):
        if not waiting:
            return
        rows = [{**_columns(item), "number": number, "node": node} for number, item in waiting.values()]
        await connection.execute(database.insert(CallRow).on_conflict_do_nothing(), rows)
        known = set(await connection.scalars(select(CallRow.id).where(CallRow.id.in_(waiting))))
        waiting = {call: (number + 1, item) for call, (number, item) in waiting.items() if call not in known}


async def _read_calls(connection: AsyncConnection, ids: set[str]) -> dict[str, _Call]:
    query = select(CallRow.id, CallRow.number, CallRow.route, CallRow.started_at, CallRow.ending)
    rows = await connection.execute(query.where(CallRow.id.in_(ids)))
    return {row.id: _Call(row.number, row.route, row.started_at, row.ending is not None) for row in rows}


async def _close_call(connection: AsyncConnection, item: items.CallClosed) -> None:
    live = update(CallRow).where(CallRow.id == item.call_id, CallRow.ending.is_(None))
    await connection.execute(live.values(_columns(item)))
    await connection.execute(delete(HeldRow).where(HeldRow.call_id == item.call_id))


async def _hold(database: Database, connection: AsyncConnection, held: Iterable[items.CallHeld]) -> None:
    """The latest of each call."""
    rows = [{"call_id": one.call_id, "state": dict(one.state)} for one in {one.call_id: one for one in held}.values()]
    if rows:
        insert = database.insert(HeldRow)
        latest = {"state": insert.excluded.state}
        await connection.execute(insert.on_conflict_do_update(index_elements=[HeldRow.call_id], set_=latest), rows)


# --- events -------------------------------------------------------------------------------------------------


async def _write_events(database: Database, connection: AsyncConnection, told: Sequence[Event]) -> list[StoredEvent]:
    if not told:
        return []
    now = datetime.now(UTC)
    rows = [
        {
            "id": e.id,
            "call_id": e.call_id,
            "route": e.route,
            "type": str(e.type),
            "payload": e.payload,
            "stored_at": now,
        }
        for e in told
    ]
    insert = database.insert(EventRow).on_conflict_do_nothing().returning(EventRow.id, EventRow.number)
    numbers: dict[str, int] = {row.id: row.number for row in await connection.execute(insert, rows)}
    # One batch may hold an item twice: its event is new once.
    return [StoredEvent(numbers.pop(event.id), event) for event in told if event.id in numbers]


async def _write_messages(
    database: Database, connection: AsyncConnection, stored: Sequence[StoredEvent], audience: Audience
) -> None:
    rows = [
        {"target": name, "event_number": new.number, "call_id": new.event.call_id}
        for new in stored
        for name in audience.names(new.event)
    ]
    if not rows:
        return
    await connection.execute(database.insert(MessageRow), rows)
    now = datetime.now(UTC)
    # In one order for all who write, so that two of them cannot wait for each other.
    keys = sorted({(row["target"], row["call_id"]) for row in rows})
    streams = [{"target": target, "call_id": call, "due_at": now} for target, call in keys]
    # One that is there stays as it is, but locked: nobody may find it empty and end it before our message is seen.
    insert = database.insert(StreamRow)
    locked = insert.on_conflict_do_update(
        index_elements=[StreamRow.target, StreamRow.call_id], set_={"target": StreamRow.target}
    )
    await connection.execute(locked, streams)


# --- the index of words -------------------------------------------------------------------------------------


async def _index(
    database: Database, connection: AsyncConnection, kept: Sequence[items.Item], calls: Mapping[str, _Call]
) -> None:
    """A call's words are looked at when it begins, when it ends, and when something comes after that."""
    changed = {
        item.call_id
        for item in kept
        if isinstance(item, items.CallOpened | items.CallClosed)
        or (calls[item.call_id].over and isinstance(item, items.TranscriptSaid | items.ResultReported))
    }
    await index_calls(database, connection, sorted(changed & calls.keys()))


async def index_calls(database: Database, connection: AsyncConnection, ids: Sequence[str]) -> None:
    """Read these calls and write their words anew."""
    if not ids:
        return
    said = await _texts(connection, TranscriptRow, TranscriptRow.text, ids)
    results = await _texts(connection, ResultRow, ResultRow.name, ids)
    query = select(CallRow.id, CallRow.number, CallRow.from_number, CallRow.to_number, CallRow.route, CallRow.ending)
    rows = []
    for call in await connection.execute(query.where(CallRow.id.in_(ids))):
        numbers = [number for number in (call.from_number, call.to_number) if number]
        facts = words.Facts(call.route, call.ending, numbers, results.get(call.id, []))
        rows.append({"number": call.number, "document": words.document(facts, said.get(call.id, []))})
    await write_documents(database, connection, rows)


async def write_documents(database: Database, connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """`rows`: the number of a call, and its words as `words.document` has them."""
    if database.is_sqlite:
        statement = "INSERT OR REPLACE INTO call_search (rowid, document) VALUES (:number, :document)"
        form = words.to_fts5
    else:
        statement = (
            "INSERT INTO call_search (number, document) VALUES (:number, CAST(CAST(:document AS text) AS tsvector)) "
            "ON CONFLICT (number) DO UPDATE SET document = excluded.document"
        )
        form = words.to_tsvector
    if rows:
        await connection.execute(text(statement), [{**row, "document": form(row["document"])} for row in rows])


async def _texts(connection: AsyncConnection, table: Any, column: Any, ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    query = select(table.call_id, column).where(table.call_id.in_(ids)).order_by(table.number)
    for call_id, value in await connection.execute(query):
        found.setdefault(call_id, []).append(value)
    return found
