"""Forgetting a person: everything about a number goes, with what waits to be told to anybody."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.sql import ColumnElement

from controller.records import words
from controller.records.database import Database
from controller.records.retention import BATCH_ROWS_MAX, RemoveRecording
from controller.records.tables import CallbackRow, CallRow, RecordingRow, VoicemailRow


@dataclass(frozen=True, slots=True)
class Known:
    """What there is about a number."""

    calls: int
    callbacks: int
    """In calls of others, who asked for this number to be called."""
    recordings: tuple[str, ...]
    """Names of files."""


async def known(database: Database, number: str) -> Known:
    """What `forget` would remove."""
    calls = select(CallRow.id).where(_theirs(number))
    async with database.reading() as connection:
        ids = (await connection.scalars(calls)).all()
        callbacks = (await connection.scalars(select(CallbackRow.call_id).where(_callbacks(number)))).all()
        names: list[str] = []
        for column, call in ((RecordingRow.name, RecordingRow.call_id), (VoicemailRow.recording, VoicemailRow.call_id)):
            there = select(column).where(call.in_(calls), column.class_.removed_at.is_(None)).order_by(column)
            names += (await connection.scalars(there)).all()
    return Known(len(ids), len([call for call in callbacks if call not in set(ids)]), tuple(names))


async def forget(database: Database, number: str, remove_recording: RemoveRecording | None = None) -> Known:
    """Remove it all, its files first. Returns what it was. Raises what `remove_recording` raises: then try again.

    What bots wrote about the number in calls of others is not found by it: search for it.
    """
    found = await known(database, number)
    if remove_recording:
        for name in found.recordings:
            await remove_recording(name)
    while True:
        async with database.writing() as connection:
            query = select(CallRow.id).where(_theirs(number)).limit(BATCH_ROWS_MAX)
            ids: Sequence[str] = (await connection.scalars(query)).all()
            # Everything else of a call goes with it, in the database itself.
            await connection.execute(delete(CallRow).where(CallRow.id.in_(ids)))
            if not ids:
                await connection.execute(delete(CallbackRow).where(_callbacks(number)))
                break
    if database.is_sqlite:
        # Until then the removed pages stand in the WAL file.
        async with database.engine.connect() as connection:
            await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return found


def _theirs(number: str) -> ColumnElement[bool]:
    """Calls from this number and to it; not all that it was dialled for, where it is one of our own."""
    forms = _forms(number)
    to_them = and_(CallRow.to_number.in_(forms), CallRow.direction == "outbound")
    return or_(CallRow.from_number.in_(forms), CallRow.forwarded_from.in_(forms), to_them)


def _callbacks(number: str) -> ColumnElement[bool]:
    return CallbackRow.phone.in_(_forms(number))


def _forms(number: str) -> list[str]:
    """How carriers write the same number."""
    bare = words.digits(number)
    return [number.strip(), *([f"+{bare}", bare, f"00{bare}"] if bare else [])]
