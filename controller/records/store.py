"""The store of call records: writes items, reads calls.

Every write is one transaction and may be repeated: what is there already stays as it is. With an item its event is
written, and a message for every target of webhooks that wants it: what is stored is delivered, whatever happens.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection

from controller.errors import ControllerError
from controller.records import calls, writing
from controller.records.calls import CallDetail, CallSummary, CallUnknown
from controller.records.database import Database, open_database
from controller.records.events import StoredEvent
from controller.records.items import Writable
from controller.records.tables import CallRow, HeldRow, StepRow
from controller.records.targets import NOBODY, Audience

__all__ = ["CallDetail", "CallSummary", "CallUnknown", "ItemsRefused", "RecordStore", "StoreAway"]

CALLS_LISTED: Final = 50
"""Calls in a list unless more are asked for: a few screens."""

_REFUSALS: Final = ("22", "23", "42")
"""Classes of Postgres' errors: data that does not fit, that refers to nothing, that has no such column."""

EventsListener = Callable[[Sequence[StoredEvent]], None]
"""Told of what is on disk now, in the event loop. Must return at once."""


class StoreAway(ControllerError):
    """The database cannot be written at the moment (locked, full, gone): the same write may work later."""


class ItemsRefused(ControllerError):
    """At least one item of the batch can never be stored. Nothing of the batch was."""


@dataclass(frozen=True, slots=True)
class Held:
    """A call in progress, as it was known last."""

    call_id: str
    state: dict[str, Any]
    steps: int
    """Of its record, so far."""


class RecordStore:
    """A database of call records, open."""

    def __init__(self, database: Database, rules: writing.Rules | None = None) -> None:
        self.database = database
        self.rules = rules or writing.Rules()
        self._listeners: list[EventsListener] = []

    @classmethod
    async def open(cls, url: str, *, node: str = "", audience: Audience = NOBODY) -> "RecordStore":
        """Open, or create, the database. Raises SettingError about DATABASE_URL.

        `node` is what this controller is called among those that share the database; `audience` is told of what is
        written.
        """
        return cls(await open_database(url), writing.Rules(node, audience))

    @property
    def audience(self) -> Audience:
        """Who is told of what is written."""
        return self.rules.audience

    def tell(self, audience: Audience) -> None:
        """From now on, these are told."""
        self.rules = replace(self.rules, audience=self.audience.followed_by(audience))

    async def close(self) -> None:
        """Give back connections, files and threads."""
        await self.database.close()

    def subscribe(self, listener: EventsListener) -> Callable[[], None]:
        """Have `listener` told of every event that is stored from now on, in order. Returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def write(self, items: Sequence[Writable]) -> list[StoredEvent]:
        """Store all items in one transaction, on disk when this returns. Raises StoreAway, ItemsRefused.

        Returns the events of what was new.
        """
        if not items:
            return []
        try:
            async with self.database.writing() as connection:
                stored = await writing.write(self.database, connection, items, self.rules)
        except (DBAPIError, NoConnection, sqlite3.Error, OSError) as error:
            reason = str(getattr(error, "orig", error))
            raise (ItemsRefused if _is_refusal(error) else StoreAway)(reason) from error
        # Not the database's words but Python's on the way to it: a naive time, NaN in JSON, broken Unicode.
        except (SQLAlchemyError, ValueError, TypeError, OverflowError) as error:
            raise ItemsRefused(str(getattr(error, "orig", error))) from error
        for listener in tuple(self._listeners):
            listener(stored)
        return stored

    async def list_calls(
        self, limit: int = CALLS_LISTED, *, live_only: bool = False, node: str | None = None
    ) -> list[CallSummary]:
        """The latest calls, newest first. `live_only`: those whose end is not recorded; `node`: of one controller."""
        query = select(CallRow.__table__).limit(limit)
        if live_only:
            query = query.where(CallRow.ending.is_(None)).order_by(CallRow.started_at.desc())
        if node is not None:
            query = query.where(CallRow.node == node)
        async with self.database.reading() as connection:
            return await calls.read_summaries(connection, query.order_by(CallRow.number.desc()))

    async def held_calls(self, node: str) -> list[Held]:
        """What is known of the calls of one controller that have not ended, oldest first."""
        steps = select(func.max(StepRow.position) + 1).where(StepRow.call_id == HeldRow.call_id).scalar_subquery()
        query = select(HeldRow.call_id, HeldRow.state, func.coalesce(steps, 0).label("steps"))
        live = query.join(CallRow, CallRow.id == HeldRow.call_id).where(CallRow.node == node, CallRow.ending.is_(None))
        async with self.database.reading() as connection:
            rows = await connection.execute(live.order_by(CallRow.number))
            return [Held(row.call_id, row.state, row.steps) for row in rows]

    async def show_call(self, id_or_prefix: str) -> CallDetail:
        """One call, by its id or an unambiguous beginning of it. Raises CallUnknown."""
        async with self.database.reading() as connection:
            return await calls.read_call(connection, await calls.find_call(connection, id_or_prefix))


def _is_refusal(error: Exception) -> bool:
    """Whether the database will say the same the next time."""
    original = getattr(error, "orig", error)
    state = getattr(original, "sqlstate", None)
    if state:
        return str(state).startswith(_REFUSALS)
    # asyncpg, which looks at values before it sends them, calls such an error a ValueError; SQLite has names.
    unfit = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError, ValueError, OverflowError)
    return isinstance(original, unfit) or isinstance(getattr(original, "__cause__", None), unfit)
