"""The tables of the call records, as SQLAlchemy models. A change of them raises `SCHEMA_VERSION`."""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import JSON, DateTime, ForeignKey, Index, MetaData, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

SCHEMA_VERSION: Final = 1
"""Kept in the database (SQLite's `user_version`), so that an older program never writes into a newer schema."""


class UtcTime(TypeDecorator[datetime]):
    """An aware time, kept as UTC: SQLite has no type for it and would return a naive one."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC)


class Table(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData()
    type_annotation_map = {datetime: UtcTime, dict[str, Any]: JSON}  # noqa: RUF012 - read once, by SQLAlchemy


class CallRow(Table):
    """One call. `ending` is NULL while it lasts."""

    __tablename__ = "calls"

    id: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(index=True)
    from_number: Mapped[str | None]
    from_name: Mapped[str | None]
    to_number: Mapped[str | None]
    route: Mapped[str]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ending: Mapped[str | None]
    cause: Mapped[int | None]
    statistics: Mapped[dict[str, Any]] = mapped_column(default=dict)


# Finding the calls that nobody has closed must not read all calls of a year.
Index("calls_live", CallRow.started_at, sqlite_where=CallRow.ending.is_(None))


class StepRow(Table):
    """One step of a call. `at_ms`: milliseconds since `started_at`, here and below."""

    __tablename__ = "steps"

    call_id: Mapped[str] = mapped_column(ForeignKey(CallRow.id, ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    at_ms: Mapped[float]
    kind: Mapped[str]
    detail: Mapped[str]


class _Said:
    """What the bot reports has its id within the call, and a number that keeps the order of arrival."""

    number: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey(CallRow.id, ondelete="CASCADE"))
    id: Mapped[str]
    at_ms: Mapped[float]


class TranscriptRow(_Said, Table):
    """A final transcript."""

    __tablename__ = "transcripts"
    __table_args__ = (UniqueConstraint("call_id", "id"),)

    role: Mapped[str]
    text: Mapped[str]


class ResultRow(_Said, Table):
    """What came of a call."""

    __tablename__ = "results"
    __table_args__ = (UniqueConstraint("call_id", "id"),)

    name: Mapped[str]
    data: Mapped[dict[str, Any]]


class LogRow(_Said, Table):
    """A line of the bot's."""

    __tablename__ = "logs"
    __table_args__ = (UniqueConstraint("call_id", "id"),)

    level: Mapped[str]
    message: Mapped[str]
    data: Mapped[dict[str, Any]]
