"""What calls leave for people to do: callbacks that were asked for, voicemails to hear, handoffs to take."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import select, update

from controller.errors import ControllerError
from controller.records.database import Database
from controller.records.tables import CallbackRow, CallRow, HandoffRow, VoicemailRow

TASKS_LISTED: Final = 100

_Task = TypeVar("_Task", "Callback", "Voicemail")


class TaskUnknown(ControllerError):
    """There is no such task, or somebody has done it already."""


class HandoffRefused(ControllerError):
    """No such handoff, a wrong secret, or too late: which of them is not said."""


@dataclass(frozen=True, slots=True)
class Callback:
    """Somebody wants to be called back. `number` names the task."""

    number: int
    call_id: str
    asked_at: datetime
    route: str
    from_name: str | None
    phone: str
    note: str
    wanted_at: datetime | None
    done_at: datetime | None
    done_note: str


@dataclass(frozen=True, slots=True)
class Voicemail:
    """A message that was left. `number` names the task."""

    number: int
    call_id: str
    asked_at: datetime
    route: str
    from_name: str | None
    from_number: str | None
    recording: str
    duration_ms: int
    text: str
    heard_at: datetime | None


@dataclass(frozen=True, slots=True)
class Handoff:
    """What a bot has found out about the caller."""

    id: str
    call_id: str
    summary: str
    data: Mapping[str, Any]
    expires_at: datetime
    taken_at: datetime | None


def hash_secret(secret: str) -> str:
    """What is kept of a handoff's secret. It is random and long, so that one round is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def callbacks(
    database: Database, *, open_only: bool = True, phone: str = "", after: int = 0, limit: int = TASKS_LISTED
) -> list[Callback]:
    """Callbacks, oldest first; `after`: the number of the last one seen."""
    query = _tasks(Callback, CallbackRow, after, limit)
    if open_only:
        query = query.where(CallbackRow.done_at.is_(None))
    if phone:
        query = query.where(CallbackRow.phone == phone)
    async with database.reading() as connection:
        return [Callback(*row) for row in await connection.execute(query)]


async def voicemails(
    database: Database, *, unheard_only: bool = False, after: int = 0, limit: int = TASKS_LISTED
) -> list[Voicemail]:
    """Voicemails, oldest first; `after`: the number of the last one seen."""
    query = _tasks(Voicemail, VoicemailRow, after, limit)
    if unheard_only:
        query = query.where(VoicemailRow.heard_at.is_(None))
    async with database.reading() as connection:
        return [Voicemail(*row) for row in await connection.execute(query)]


def _tasks(kind: type[_Task], table: Any, after: int, limit: int) -> Any:
    of_the_call = {"asked_at": CallRow.started_at, "route": CallRow.route, "from_name": CallRow.from_name,
                   "from_number": CallRow.from_number}  # fmt: skip
    columns: list[Any] = [of_the_call.get(field.name, getattr(table, field.name, None)) for field in fields(kind)]
    query = select(*columns).join(CallRow, CallRow.id == table.call_id)
    return query.where(table.number > after).order_by(table.number).limit(limit)


async def finish_callback(database: Database, number: int, now: datetime, note: str = "") -> None:
    """The caller has been called back. Raises TaskUnknown."""
    is_open = update(CallbackRow).where(CallbackRow.number == number, CallbackRow.done_at.is_(None))
    async with database.writing() as connection:
        if not (await connection.execute(is_open.values(done_at=now, done_note=note))).rowcount:
            raise TaskUnknown(f"there is no open callback {number}")


async def hear_voicemail(database: Database, number: int, now: datetime) -> None:
    """Somebody has listened. Raises TaskUnknown."""
    unheard = update(VoicemailRow).where(VoicemailRow.number == number, VoicemailRow.heard_at.is_(None))
    async with database.writing() as connection:
        if not (await connection.execute(unheard.values(heard_at=now))).rowcount:
            raise TaskUnknown(f"there is no voicemail {number} that nobody has heard")


async def take_handoff(database: Database, handoff_id: str, secret: str, now: datetime) -> Handoff:
    """What the bot left for whoever has the secret; it may be read again until it expires. Raises HandoffRefused."""
    async with database.writing() as connection:
        query = select(HandoffRow.__table__).where(HandoffRow.id == handoff_id)
        row = (await connection.execute(query)).one_or_none()
        # Compared also where there is nothing: how long it takes says nothing about what exists.
        right = hmac.compare_digest(hash_secret(secret), row.secret_hash if row else "")
        if row is None or not right or row.expires_at <= now:
            raise HandoffRefused("there is no such handoff, or not any more")
        if row.taken_at is None:
            await connection.execute(update(HandoffRow).where(HandoffRow.id == handoff_id).values(taken_at=now))
    return Handoff(row.id, row.call_id, row.summary, row.data, row.expires_at, row.taken_at or now)
