"""Idempotency keys: whoever asks again with the same one gets the first answer, and nothing is done twice."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete, select

from controller.errors import ControllerError
from controller.records.database import Database
from controller.records.tables import CallRow, KeyRow

KEY_HOURS: Final = 24
"""Whoever asks again does so within a day."""

UNKNOWN_MINUTES: Final = 1
"""A call that is not in the records by then was never placed: we died between the one and the other."""


class KeyReused(ControllerError):
    """The key was used for something else."""


class Keys:
    """Of calls that are placed, by the name of the token that asks. Kept with the records, so that they outlive us."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, client: str, key: str, request: str, call_id: str) -> str:
        """The call that this key stands for: `call_id`, or the one for which it was taken before. Raises KeyReused.

        On disk when this returns, which has to be before the call is placed: who asks again after a crash is given an
        id, and nobody is called twice.
        """
        now, asked = datetime.now(UTC), hashlib.sha256(request.encode()).hexdigest()
        known = select(CallRow.id).where(CallRow.id == KeyRow.call_id).exists()
        abandoned = ~known & (KeyRow.expires_at <= now + timedelta(hours=KEY_HOURS, minutes=-UNKNOWN_MINUTES))
        ours = (KeyRow.client == client, KeyRow.key == key)
        row = {"client": client, "key": key, "request": asked, "call_id": call_id}
        async with self._database.writing() as connection:
            await connection.execute(delete(KeyRow).where(*ours, (KeyRow.expires_at <= now) | abandoned))
            insert = self._database.insert(KeyRow).values(**row, expires_at=now + timedelta(hours=KEY_HOURS))
            await connection.execute(insert.on_conflict_do_nothing())
            first = (await connection.execute(select(KeyRow.request, KeyRow.call_id).where(*ours))).one()
        if first.request != asked:
            raise KeyReused("this idempotency_key was used for another call")
        return str(first.call_id)

    async def release(self, client: str, key: str) -> None:
        """What it was taken for was not done."""
        async with self._database.writing() as connection:
            await connection.execute(delete(KeyRow).where(KeyRow.client == client, KeyRow.key == key))
