"""The events of the past, in the order in which they were stored: for whoever comes back and says where they were."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import func, select

from controller.records.database import Database
from controller.records.events import Event, StoredEvent
from controller.records.tables import EventRow
from controller.routing.webhook import EventType

EVENTS_READ_MAX: Final = 1_000
"""At a time, some hundred kilobytes."""


async def events_after(
    database: Database,
    number: int,
    limit: int = EVENTS_READ_MAX,
    *,
    call_id: str = "",
    route: str = "",
    types: Collection[EventType] = (),
) -> list[StoredEvent]:
    """Events with a higher number, lowest first; an empty filter lets all through."""
    query = select(EventRow.__table__).where(EventRow.number > number).order_by(EventRow.number)
    if call_id:
        query = query.where(EventRow.call_id == call_id)
    if route:
        query = query.where(EventRow.route == route)
    if types:
        query = query.where(EventRow.type.in_([str(wanted) for wanted in types]))
    async with database.reading() as connection:
        rows = await connection.execute(query.limit(min(limit, EVENTS_READ_MAX)))
        return [
            StoredEvent(row.number, Event(row.id, row.call_id, row.route, EventType(row.type), row.payload))
            for row in rows
        ]


async def last_number(database: Database) -> int:
    """Of the newest event; 0: there was none yet."""
    async with database.reading() as connection:
        return (await connection.execute(select(func.coalesce(func.max(EventRow.number), 0)))).scalar_one()
