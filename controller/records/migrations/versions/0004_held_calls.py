"""What a controller has to know to go on with the calls of another."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    calls = sa.ForeignKey("calls.id", ondelete="CASCADE")
    op.create_table(
        "held_calls",
        sa.Column("call_id", sa.String(), calls, nullable=False, primary_key=True),
        sa.Column("state", sa.JSON(), nullable=False),
    )
