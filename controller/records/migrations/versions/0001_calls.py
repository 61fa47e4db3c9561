"""The tables of version 0.1."""

import sqlalchemy as sa
from alembic import op

from controller.records.tables import SERIAL, UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("from_number", sa.String()),
        sa.Column("from_name", sa.String()),
        sa.Column("to_number", sa.String()),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("answered_at", UtcTime()),
        sa.Column("ended_at", UtcTime()),
        sa.Column("ending", sa.String()),
        sa.Column("cause", sa.Integer()),
        sa.Column("statistics", sa.JSON(), nullable=False),
    )
    op.create_index("ix_calls_started_at", "calls", ["started_at"])
    live = sa.text("ending IS NULL")
    op.create_index("calls_live", "calls", ["started_at"], sqlite_where=live, postgresql_where=live)
    op.create_table(
        "steps",
        sa.Column("call_id", sa.String(), sa.ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("at_ms", sa.Float(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
    )
    _said("transcripts", sa.Column("role", sa.String(), nullable=False), sa.Column("text", sa.String(), nullable=False))
    _said("results", sa.Column("name", sa.String(), nullable=False), sa.Column("data", sa.JSON(), nullable=False))
    _said(
        "logs",
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
    )


def _said(name: str, *columns: sa.Column[str]) -> None:
    op.create_table(
        name,
        sa.Column("number", SERIAL, primary_key=True),
        sa.Column("call_id", sa.String(), sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at_ms", sa.Float(), nullable=False),
        *columns,
        sa.UniqueConstraint("call_id", "id"),
    )
