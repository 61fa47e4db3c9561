"""What is kept is kept for so long: a sweep that removes the rest, a little at a time, so that nobody waits for it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

import structlog
from sqlalchemy import ColumnElement, Select, delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from controller.config import Settings
from controller.errors import ControllerError
from controller.records import words
from controller.records.database import Database
from controller.records.tables import (
    CallRow,
    EventRow,
    KeyRow,
    LogRow,
    MessageRow,
    RecordingRow,
    StreamRow,
    TranscriptRow,
    VoicemailRow,
)
from controller.records.writing import index_calls

BATCH_ROWS_MAX: Final = 500
"""In one transaction: some ms, between which calls are written."""

FILES_PER_SWEEP_MAX: Final = 5_000
"""The others an hour later."""

SWEEP_SECONDS: Final = 3600.0
"""From one sweep to the next: days are counted, not minutes."""

UNDELIVERED_DAYS_MAX: Final = 30.0
"""A message that no target has taken by then, given up or waiting, goes with its event."""

RemoveRecording = Callable[[str], Awaitable[None]]
"""Removes a recording's file by its name; does nothing where it is gone already. May raise ControllerError: later."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Retention:
    """Days for each kind of data; 0: for ever."""

    calls: float = 0
    transcripts: float = 0
    logs: float = 0
    recordings: float = 0
    events: float = 7

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            settings.keep_calls_days,
            settings.keep_transcripts_days,
            settings.keep_logs_days,
            settings.keep_recordings_days,
            settings.keep_events_days,
        )


class Sweeper:
    """Removes what is older than it may be."""

    def __init__(
        self, database: Database, retention: Retention, remove_recording: RemoveRecording | None = None
    ) -> None:
        self._database = database
        self._retention = retention
        self._remove_recording = remove_recording

    async def run(self) -> None:
        """For ever: now, and every hour."""
        while True:
            try:
                removed = await self.sweep(datetime.now(UTC))
                if any(removed.values()):
                    log.info("old records removed", **removed)
            except (SQLAlchemyError, OSError) as error:
                log.warning("old records not removed, trying again later", reason=str(getattr(error, "orig", error)))
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self, now: datetime) -> dict[str, int]:
        """Once. Returns how much of each kind went."""
        keep = self._retention
        # Recordings first: with its call a row goes that says which file there is.
        return {
            "recordings": await self._recordings(_before(now, keep.recordings, keep.calls)),
            "calls": await self._calls(_before(now, keep.calls)),
            "transcripts": await self._transcripts(_before(now, keep.transcripts)),
            "logs": await self._said(LogRow, _before(now, keep.logs)),
            "events": await self._events(now),
            "keys": await self._keys(now),
        }

    async def _calls(self, before: int) -> int:
        return await self._in_batches(CallRow.id, _calls_before(before), lambda ids: delete(CallRow).where(_in(ids)))

    async def _transcripts(self, before: int) -> int:
        spoken = update(VoicemailRow).values(text="")
        old = select(VoicemailRow.number).join(CallRow, CallRow.id == VoicemailRow.call_id).where(
            CallRow.number < before, VoicemailRow.text != ""
        )  # fmt: skip
        of_voicemails = await self._in_batches(
            VoicemailRow.number, old, lambda numbers: spoken.where(VoicemailRow.number.in_(numbers))
        )
        return of_voicemails + await self._said(TranscriptRow, before, index=True)

    async def _said(self, table: Any, before: int, *, index: bool = False) -> int:
        """What was said in calls that began before. `index`: its words are to be forgotten too."""
        removed = 0
        while True:
            old = select(table.call_id).join(CallRow, CallRow.id == table.call_id).where(CallRow.number < before)
            async with self._database.writing() as connection:
                ids = (await connection.scalars(old.distinct().limit(BATCH_ROWS_MAX))).all()
                if not ids:
                    return removed
                removed += (await connection.execute(delete(table).where(table.call_id.in_(ids)))).rowcount
                if index:
                    await index_calls(self._database, connection, ids)
            await asyncio.sleep(0)

    async def _recordings(self, before: int) -> int:
        """The files; the rows stay and say so. One that cannot be removed now is tried in the next sweep."""
        removed = 0
        for table, name in ((RecordingRow, RecordingRow.name), (VoicemailRow, VoicemailRow.recording)):
            query = select(table.number, name).join(CallRow, CallRow.id == table.call_id)
            async with self._database.reading() as connection:
                old = query.where(CallRow.number < before, table.removed_at.is_(None)).limit(FILES_PER_SWEEP_MAX)
                rows = (await connection.execute(old)).all()
            gone = [number for number, file in rows if await self._remove(file)]
            for first in range(0, len(gone), BATCH_ROWS_MAX):
                async with self._database.writing() as connection:
                    mark = update(table).where(table.number.in_(gone[first : first + BATCH_ROWS_MAX]))
                    await connection.execute(mark.values(removed_at=datetime.now(UTC)))
            removed += len(gone)
        return removed

    async def _remove(self, name: str) -> bool:
        if self._remove_recording is None:
            return False
        try:
            await self._remove_recording(name)
        except (ControllerError, OSError) as error:
            log.warning("recording not removed, trying again later", recording=name, reason=str(error))
            return False
        return True

    async def _events(self, now: datetime) -> int:
        old = EventRow.stored_at < now - timedelta(days=self._retention.events)
        waiting = select(MessageRow.event_number).where(MessageRow.event_number == EventRow.number).exists()
        too_old = EventRow.stored_at < now - timedelta(days=UNDELIVERED_DAYS_MAX)
        removed = await self._in_batches(
            EventRow.number,
            select(EventRow.number).where(old, ~waiting | too_old),
            lambda numbers: delete(EventRow).where(EventRow.number.in_(numbers)),
        )
        # Of targets that are not in the settings any more: nobody else would ever look at them.
        has_messages = select(MessageRow.event_number).where(
            MessageRow.target == StreamRow.target, MessageRow.call_id == StreamRow.call_id
        )
        async with self._database.writing() as connection:
            idle = StreamRow.due_at < now - timedelta(days=UNDELIVERED_DAYS_MAX)
            await connection.execute(delete(StreamRow).where(idle, ~has_messages.exists()))
        return removed

    async def _keys(self, now: datetime) -> int:
        async with self._database.writing() as connection:
            return (await connection.execute(delete(KeyRow).where(KeyRow.expires_at <= now))).rowcount

    async def _in_batches(self, key: Any, query: Select[Any], change: Callable[[Sequence[Any]], Any]) -> int:
        removed = 0
        while True:
            async with self._database.writing() as connection:
                keys = (await connection.scalars(query.order_by(key).limit(BATCH_ROWS_MAX))).all()
                if not keys:
                    return removed
                removed += (await connection.execute(change(keys))).rowcount
            await asyncio.sleep(0)


def _before(now: datetime, *days: float) -> int:
    """The place in time before which calls are too old, by the shortest of these; 0 is for ever."""
    shortest = min((given for given in days if given), default=0)
    return words.place(now - timedelta(days=shortest)) if shortest else 0


def _calls_before(before: int) -> Select[Any]:
    """A call that lasts is not old, whenever it began; and a file whose row were gone would be nobody's."""
    query = select(CallRow.id).where(CallRow.number < before, CallRow.ending.is_not(None))
    for table in (RecordingRow, VoicemailRow):
        query = query.where(
            ~select(table.number).where(table.call_id == CallRow.id, table.removed_at.is_(None)).exists()
        )
    return query


def _in(ids: Sequence[str]) -> ColumnElement[bool]:
    return CallRow.id.in_(ids)
