"""Run by Alembic, on the connection that `records.schema` gives it: that one's transaction is all or nothing."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
