"""Where in the audio something was said."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("transcripts", sa.Column("start_ms", sa.Float(), nullable=True))
    op.add_column("transcripts", sa.Column("end_ms", sa.Float(), nullable=True))
