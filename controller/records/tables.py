"""The tables of the call records, as SQLAlchemy models, the same in SQLite and in Postgres.

A change of them is a new revision in `migrations/versions` (a test compares the two). What only one of the databases
knows, the index of words, is in its migration and in `search`.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Index, Integer, MetaData, Text, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

SERIAL = BigInteger().with_variant(Integer, "sqlite")
"""Counted by the database. SQLite counts only what is called INTEGER, and means 64 bits by it."""


class UtcTime(TypeDecorator[datetime]):
    """An aware time, kept as UTC: SQLite has no type for it and would return a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData()
    type_annotation_map = {datetime: UtcTime, dict[str, Any]: JSON}  # noqa: RUF012 - read once, by SQLAlchemy


class CallRow(Table):
    """One call. `ending` is NULL while it lasts.

    `number` is its place in time: the microseconds from 1970 to `started_at`, or the next that were free. Lists, pages
    and the index of words go by it.
    """

    __tablename__ = "calls"

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[datetime]
    from_number: Mapped[str | None]
    from_name: Mapped[str | None]
    to_number: Mapped[str | None]
    forwarded_from: Mapped[str | None]
    direction: Mapped[str] = mapped_column(server_default="inbound")
    route: Mapped[str]
    node: Mapped[str] = mapped_column(server_default="")
    """The controller that had the call, by its NODE_NAME."""
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ending: Mapped[str | None]
    cause: Mapped[int | None]
    statistics: Mapped[dict[str, Any]] = mapped_column(default=dict)


_LIVE = CallRow.ending.is_(None)
Index("calls_number", CallRow.number, unique=True)
# Finding the calls that nobody has closed must not read all calls of a year.
Index("calls_live", CallRow.started_at, sqlite_where=_LIVE, postgresql_where=_LIVE)
# Who calls again, and with what.
Index("calls_from_number", CallRow.from_number, CallRow.number)


class StepRow(Table):
    """One step of a call. `at_ms`: milliseconds since `started_at`, here and below."""

    __tablename__ = "steps"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    at_ms: Mapped[float]
    kind: Mapped[str]
    detail: Mapped[str]


class HeldRow(Table):
    """What is known of a call in progress, for whoever goes on with it. It goes when the call ends."""

    __tablename__ = "held_calls"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[dict[str, Any]]


class SaidRow:
    """What was said in a call has its id within it, and a number that keeps the order of arrival."""

    number: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    id: Mapped[str]
    at_ms: Mapped[float]


class TranscriptRow(SaidRow, Table):
    """A final transcript."""

    __tablename__ = "transcripts"
    __table_args__ = (UniqueConstraint("call_id", "id"),)

    role: Mapped[str]
    text: Mapped[str]
    start_ms: Mapped[float | None]
    end_ms: Mapped[float | None]


class ResultRow(SaidRow, Table):
    """What came of a call."""

    __tablename__ = "results"
    __table_args__ = (UniqueConstraint("call_id", "id"),)

    name: Mapped[str]
    data: Mapped[dict[str, Any]]


class LogRow(SaidRow, Table):
    """A line of the bot's."""

    __tablename__ = "logs"
    __table_args__ = (UniqueConstraint("call_id", "id"),)

    level: Mapped[str]
    message: Mapped[str]
    data: Mapped[dict[str, Any]]


class DtmfRow(SaidRow, Table):
    """A key that was pressed."""

    __tablename__ = "dtmf"
    __table_args__ = (UniqueConstraint("call_id", "id"),)

    digit: Mapped[str]
    duration_ms: Mapped[int]
    leg: Mapped[str]


class TransferRow(SaidRow, Table):
    """A step on the way to a human."""

    __tablename__ = "transfers"
    __table_args__ = (UniqueConstraint("call_id", "id"),)

    attempt: Mapped[int]
    to: Mapped[str]
    state: Mapped[str]
    detail: Mapped[str]
    summary: Mapped[str]


class VoicemailRow(SaidRow, Table):
    """A message for whoever was not there. `heard_at`: somebody has listened; `removed_at`: the file is gone."""

    __tablename__ = "voicemails"
    __table_args__ = (UniqueConstraint("call_id", "id"),)

    recording: Mapped[str]
    duration_ms: Mapped[int]
    text: Mapped[str]
    heard_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class CallbackRow(SaidRow, Table):
    """Somebody wants to be called back. `done_at` is NULL while the task is open."""

    __tablename__ = "callbacks"
    __table_args__ = (UniqueConstraint("call_id", "id"),)

    phone: Mapped[str]
    note: Mapped[str]
    wanted_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    done_note: Mapped[str] = mapped_column(server_default="")


_OPEN = CallbackRow.done_at.is_(None)
Index("callbacks_open", CallbackRow.phone, sqlite_where=_OPEN, postgresql_where=_OPEN)


class HandoffRow(SaidRow, Table):
    """What a bot has found out, for the human who takes the caller."""

    __tablename__ = "handoffs"
    __table_args__ = (UniqueConstraint("call_id", "id"),)

    secret_hash: Mapped[str]
    summary: Mapped[str]
    expires_at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    taken_at: Mapped[datetime | None]


Index("handoffs_id", HandoffRow.id, unique=True)


class MetadataRow(SaidRow, Table):
    """Something known about a call."""

    __tablename__ = "metadata"
    __table_args__ = (UniqueConstraint("call_id", "id"),)

    source: Mapped[str]
    data: Mapped[dict[str, Any]]


class RecordingRow(SaidRow, Table):
    """A recording that was made. `removed_at`: its file is gone, what is known of it stays."""

    __tablename__ = "recordings"
    __table_args__ = (UniqueConstraint("call_id", "id"),)

    name: Mapped[str]
    format: Mapped[str]
    duration_ms: Mapped[int]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    removed_at: Mapped[datetime | None]


class EventRow(Table):
    """An item as the outside world is told of it. `payload` is the very text that is signed and sent."""

    __tablename__ = "events"

    number: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    route: Mapped[str]
    type: Mapped[str]
    payload: Mapped[str] = mapped_column(Text)
    stored_at: Mapped[datetime] = mapped_column(index=True)


class MessageRow(Table):
    """The outbox: an event that a target has not taken yet. Delivered, it goes; `dead_at`: it was given up."""

    __tablename__ = "outbox"

    target: Mapped[str] = mapped_column(primary_key=True)
    event_number: Mapped[int] = mapped_column(ForeignKey("events.number", ondelete="CASCADE"), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    dead_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(server_default="")


_DEAD = MessageRow.dead_at.is_not(None)
Index("outbox_events", MessageRow.event_number)
Index("outbox_streams", MessageRow.target, MessageRow.call_id, MessageRow.event_number)
Index("outbox_dead", MessageRow.event_number, sqlite_where=_DEAD, postgresql_where=_DEAD)


class StreamRow(Table):
    """The messages of one call to one target, which go out one after the other.

    `due_at`: when the first of them is to be tried (again). Whoever takes the stream to deliver it moves that into the
    future and writes its `lease`, so that nobody else does, and a sender that died loses it by itself.
    """

    __tablename__ = "streams"

    target: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0")
    lease: Mapped[str] = mapped_column(server_default="")
    error: Mapped[str] = mapped_column(server_default="")


Index("streams_due", StreamRow.target, StreamRow.due_at)
Index("streams_calls", StreamRow.call_id)


class KeyRow(Table):
    """An idempotency key that was used. `request`: the hash of what was asked for, which may name a person."""

    __tablename__ = "idempotency_keys"

    client: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str]
    call_id: Mapped[str]
    expires_at: Mapped[datetime]


Index("idempotency_keys_expiry", KeyRow.expires_at)
