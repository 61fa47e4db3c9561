"""Bringing a database to our schema: the revisions in `migrations` run by themselves, a newer schema is refused."""

from typing import Any, Final

from sqlalchemy import Connection, text

HEAD: Final = "0005"
"""The newest revision; a test compares it with `migrations/versions`. Known here so that opening costs one query."""

_VERSION_0_1: Final = "0001"

_SQLITE_VERSION: Final = 2
"""Also kept as `user_version`, at which version 0.1 looks: it says that it is too old, and leaves all as it is."""

_LOCK_KEY: Final = 0x61726963
"""Of the lock that one of several starting controllers takes in Postgres: `aric` in ASCII."""


class NewerSchema(Exception):
    """The database has revisions that we do not know. The text is its revision."""


def current(connection: Connection) -> str | None:
    """The revision of the database; None: it is empty. A database of version 0.1 has no word about it."""
    names = connection.dialect.get_table_names(connection)
    if "alembic_version" in names:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        return found or None
    if connection.dialect.name != "sqlite":
        return None
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if version > _SQLITE_VERSION:
        raise NewerSchema(str(version))
    return _VERSION_0_1 if version == 1 else None


def lock(connection: Connection) -> None:
    """Several processes may open a new database at once: the lock comes before the look, and ends with the commit."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})


def upgrade(connection: Connection) -> None:
    """Run what is missing, within the connection's transaction. Raises NewerSchema."""
    found = current(connection)
    if found == HEAD:
        return
    _run_revisions(connection, found)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA user_version={_SQLITE_VERSION}")


def _run_revisions(connection: Connection, found: str | None) -> None:
    # Imported here: a command that only reads has no need of it, and it takes its time.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "controller.records:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known: set[Any] = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise NewerSchema(found)
    if found == _VERSION_0_1 and "alembic_version" not in connection.dialect.get_table_names(connection):
        command.stamp(config, found)
    command.upgrade(config, "head")
