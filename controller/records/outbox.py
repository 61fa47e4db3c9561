"""The outbox as senders see it: streams of messages to take, and what became of them.

A stream is what one target is told of one call. Whoever takes it has a lease on it: until it runs out nobody else does,
in whatever process. Of what was delivered nothing stays but the event itself.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, delete, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from controller.records.database import Database
from controller.records.tables import EventRow, MessageRow, StreamRow

CLOCKS_APART_SECONDS: Final = 60.0
"""Between controllers that share a database: what one of them has leased is no other's to recall."""

MESSAGES_PER_TURN_MAX: Final = 20
"""Of one stream before it is given back: so many are sent again, at most, when a sender dies in between."""


@dataclass(frozen=True, slots=True)
class Message:
    """One event on its way to one target. `id` and `payload` are what is signed."""

    number: int
    id: str
    type: str
    payload: str


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream that was taken, with its next messages in order. `attempts`: how often the first of them has failed."""

    target: str
    call_id: str
    attempts: int
    lease: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn of a stream went: the first `delivered` of its messages are there."""

    stream: Stream
    delivered: int
    error: str = ""
    """Why the next one is not; empty: all are."""
    retry_at: datetime | None = None
    """When to try it again; None with an error: it is given up."""
    with_all_after: bool = False
    """Given up with all that waits behind it: the target is gone, and nothing may overtake."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up."""

    target: str
    event_number: int
    event_id: str
    call_id: str
    type: str
    stored_at: datetime
    dead_at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class TargetState:
    """What waits for one target. `oldest`: when the first of it was stored."""

    target: str
    waiting: int
    dead: int
    oldest: datetime | None
    error: str
    """The latest of the streams that wait after a failure."""


async def take(database: Database, target: str, now: datetime, lease_seconds: float, limit: int) -> list[Stream]:
    """Take up to `limit` streams of a target that are due, longest due first."""
    lease = secrets.token_hex(8)
    due = (
        select(StreamRow.call_id)
        .where(StreamRow.target == target, StreamRow.due_at <= now)
        .order_by(StreamRow.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claim = (
        update(StreamRow)
        .where(StreamRow.target == target, StreamRow.call_id.in_(due))
        .values(due_at=now + timedelta(seconds=lease_seconds), lease=lease)
        .returning(StreamRow.call_id, StreamRow.attempts)
    )
    async with database.writing() as connection:
        taken = {row.call_id: row.attempts for row in await connection.execute(claim)}
        messages = await _messages(connection, target, list(taken))
    return [
        Stream(target, call_id, attempts, lease, tuple(messages.get(call_id, ())))
        for call_id, attempts in taken.items()
    ]


async def recall(database: Database, target: str, now: datetime, pauses: Sequence[float]) -> int:
    """Make due what waits longer than anything may: the clock was set back since. Returns how many streams.

    `pauses`: the longest after so many failures, in seconds; the first is that of a lease.
    """
    latest = [now + timedelta(seconds=max(pauses[0], pause) + CLOCKS_APART_SECONDS) for pause in pauses]
    by_failures = case(dict(enumerate(latest)), value=StreamRow.attempts, else_=max(latest))
    too_late = update(StreamRow).where(StreamRow.target == target, StreamRow.due_at > by_failures)
    async with database.writing() as connection:
        return (await connection.execute(too_late.values(due_at=now, lease=""))).rowcount


async def _messages(connection: AsyncConnection, target: str, call_ids: Sequence[str]) -> dict[str, list[Message]]:
    if not call_ids:
        return {}
    place = func.row_number().over(partition_by=MessageRow.call_id, order_by=MessageRow.event_number).label("place")
    waiting = (
        select(MessageRow.call_id, MessageRow.event_number, place)
        .where(MessageRow.target == target, MessageRow.call_id.in_(call_ids), MessageRow.dead_at.is_(None))
        .subquery()
    )
    query = (
        select(waiting.c.call_id, EventRow.number, EventRow.id, EventRow.type, EventRow.payload)
        .join(EventRow, EventRow.number == waiting.c.event_number)
        .where(waiting.c.place <= MESSAGES_PER_TURN_MAX)
        .order_by(EventRow.number)
    )
    found: dict[str, list[Message]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.call_id, []).append(Message(row.number, row.id, row.type, row.payload))
    return found


async def settle(database: Database, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Write down how turns went, and give the streams back."""
    async with database.writing() as connection:
        delivered = [
            (o.stream.target, message.number) for o in outcomes for message in o.stream.messages[: o.delivered]
        ]
        if delivered:
            key = tuple_(MessageRow.target, MessageRow.event_number)
            await connection.execute(delete(MessageRow).where(key.in_(delivered)))
        for outcome in outcomes:
            if outcome.error and outcome.retry_at is None:
                await _give_up(connection, outcome, now)
        await _give_back(connection, [o for o in outcomes if not (o.error and o.retry_at)], now)
        for outcome in outcomes:
            if outcome.error and outcome.retry_at:
                attempts = 1 if outcome.delivered else outcome.stream.attempts + 1
                later = {"due_at": outcome.retry_at, "attempts": attempts, "error": outcome.error, "lease": ""}
                await connection.execute(update(StreamRow).where(_held(outcome.stream)).values(later))


async def _give_up(connection: AsyncConnection, outcome: Outcome, now: datetime) -> None:
    stream = outcome.stream
    first = stream.messages[outcome.delivered].number
    waiting = and_(
        MessageRow.target == stream.target, MessageRow.call_id == stream.call_id, MessageRow.dead_at.is_(None)
    )
    which = MessageRow.event_number >= first if outcome.with_all_after else MessageRow.event_number == first
    await connection.execute(update(MessageRow).where(waiting, which).values(dead_at=now, error=outcome.error))


async def _give_back(connection: AsyncConnection, outcomes: Sequence[Outcome], now: datetime) -> None:
    """A stream with nothing left is over; one that has got more meanwhile, or never had a full turn, is due at once."""
    over = [o.stream for o in outcomes]
    if not over:
        return
    for target in {stream.target for stream in over}:
        mine = and_(
            StreamRow.target == target,
            StreamRow.call_id.in_([stream.call_id for stream in over if stream.target == target]),
            StreamRow.lease.in_({stream.lease for stream in over}),
        )
        waiting = (
            select(MessageRow.event_number)
            .where(
                MessageRow.target == StreamRow.target,
                MessageRow.call_id == StreamRow.call_id,
                MessageRow.dead_at.is_(None),
            )
            .exists()
        )
        # This locks them: a writer that adds to one waits for us, or we have waited for it and see its message below.
        await connection.execute(update(StreamRow).where(mine).values(due_at=now, attempts=0, error=""))
        await connection.execute(delete(StreamRow).where(mine, ~waiting))


def _held(stream: Stream) -> ColumnElement[bool]:
    return and_(StreamRow.target == stream.target, StreamRow.call_id == stream.call_id, StreamRow.lease == stream.lease)


# --- for people ---------------------------------------------------------------------------------------------


async def states(database: Database) -> list[TargetState]:
    """What waits, and what was given up, for each target that has any."""
    counted = (
        select(
            MessageRow.target,
            func.count(MessageRow.event_number).filter(MessageRow.dead_at.is_(None)).label("waiting"),
            func.count(MessageRow.dead_at).label("dead"),
            func.min(EventRow.stored_at).filter(MessageRow.dead_at.is_(None)).label("oldest"),
        )
        .join(EventRow, EventRow.number == MessageRow.event_number)
        .group_by(MessageRow.target)
        .order_by(MessageRow.target)
    )
    failing = select(StreamRow.target, StreamRow.error).where(StreamRow.error != "").order_by(StreamRow.due_at)
    async with database.reading() as connection:
        rows = (await connection.execute(counted)).all()
        errors = {row.target: row.error for row in await connection.execute(failing)}
    return [TargetState(row.target, row.waiting, row.dead, row.oldest, errors.get(row.target, "")) for row in rows]


async def dead_letters(database: Database, target: str = "", after: int = 0, limit: int = 100) -> list[DeadLetter]:
    """Messages that were given up, oldest first."""
    query = (
        select(
            MessageRow.target,
            MessageRow.event_number,
            EventRow.id,
            MessageRow.call_id,
            EventRow.type,
            EventRow.stored_at,
            MessageRow.dead_at,
            MessageRow.error,
        )
        .join(EventRow, EventRow.number == MessageRow.event_number)
        .where(MessageRow.dead_at.is_not(None), MessageRow.event_number > after)
        .order_by(MessageRow.event_number, MessageRow.target)
        .limit(limit)
    )
    if target:
        query = query.where(MessageRow.target == target)
    async with database.reading() as connection:
        rows: Sequence[Any] = (await connection.execute(query)).all()
    return [DeadLetter(*row) for row in rows]


async def resend(database: Database, now: datetime, *, target: str = "", call_id: str = "", event_id: str = "") -> int:
    """Put dead letters back into their streams, in order. Returns how many."""
    dead = update(MessageRow).where(MessageRow.dead_at.is_not(None))
    if target:
        dead = dead.where(MessageRow.target == target)
    if call_id:
        dead = dead.where(MessageRow.call_id == call_id)
    if event_id:
        dead = dead.where(MessageRow.event_number.in_(select(EventRow.number).where(EventRow.id == event_id)))
    back = dead.values(dead_at=None, error="").returning(MessageRow.target, MessageRow.call_id)
    async with database.writing() as connection:
        rows = (await connection.execute(back)).all()
        keys = sorted({(row.target, row.call_id) for row in rows})
        if keys:
            insert = database.insert(StreamRow)
            at_once = insert.on_conflict_do_update(
                index_elements=[StreamRow.target, StreamRow.call_id], set_={"due_at": now, "attempts": 0, "lease": ""}
            )
            await connection.execute(at_once, [{"target": name, "call_id": call, "due_at": now} for name, call in keys])
    return len(rows)
