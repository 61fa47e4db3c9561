"""The schema comes by itself, an old database is taken over, a newer one is left alone."""

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from controller.errors import SettingError
from controller.records import schema
from controller.records.store import RecordStore
from controller.records.tables import Table
from tests import postgres
from tests.unit.records.examples import whole_call

VERSION_0_1 = """
CREATE TABLE calls (id VARCHAR NOT NULL, started_at DATETIME NOT NULL, from_number VARCHAR, from_name VARCHAR,
  to_number VARCHAR, route VARCHAR NOT NULL, answered_at DATETIME, ended_at DATETIME, ending VARCHAR, cause INTEGER,
  statistics JSON NOT NULL, PRIMARY KEY (id));
CREATE INDEX ix_calls_started_at ON calls (started_at);
CREATE INDEX calls_live ON calls (started_at) WHERE ending IS NULL;
CREATE TABLE steps (call_id VARCHAR NOT NULL, position INTEGER NOT NULL, at_ms FLOAT NOT NULL, kind VARCHAR NOT NULL,
  detail VARCHAR NOT NULL, PRIMARY KEY (call_id, position),
  FOREIGN KEY(call_id) REFERENCES calls (id) ON DELETE CASCADE);
CREATE TABLE transcripts (role VARCHAR NOT NULL, text VARCHAR NOT NULL, number INTEGER NOT NULL,
  call_id VARCHAR NOT NULL, id VARCHAR NOT NULL, at_ms FLOAT NOT NULL, PRIMARY KEY (number), UNIQUE (call_id, id),
  FOREIGN KEY(call_id) REFERENCES calls (id) ON DELETE CASCADE);
CREATE TABLE results (name VARCHAR NOT NULL, data JSON NOT NULL, number INTEGER NOT NULL, call_id VARCHAR NOT NULL,
  id VARCHAR NOT NULL, at_ms FLOAT NOT NULL, PRIMARY KEY (number), UNIQUE (call_id, id),
  FOREIGN KEY(call_id) REFERENCES calls (id) ON DELETE CASCADE);
CREATE TABLE logs (level VARCHAR NOT NULL, message VARCHAR NOT NULL, data JSON NOT NULL, number INTEGER NOT NULL,
  call_id VARCHAR NOT NULL, id VARCHAR NOT NULL, at_ms FLOAT NOT NULL, PRIMARY KEY (number), UNIQUE (call_id, id),
  FOREIGN KEY(call_id) REFERENCES calls (id) ON DELETE CASCADE);
PRAGMA user_version=1;
INSERT INTO calls VALUES ('a', '2026-11-22 14:15:07.250000', '+493012345678', 'Ada', '+493023125000', 'default',
  NULL, '2026-11-22 14:16:07.250000', 'bot_hung_up', 16, '{}');
INSERT INTO calls VALUES ('b', '2026-11-22 14:15:07.250000', NULL, NULL, NULL, 'default', NULL, NULL, NULL, NULL, '{}');
INSERT INTO transcripts VALUES ('bot', 'Guten Tag', 1, 'a', 't1', 10.5);
INSERT INTO results VALUES ('Booked', '{"seats": 2}', 1, 'a', 'r1', 20.5);
INSERT INTO steps VALUES ('a', 0, 0.0, 'arrived', '');
"""


async def test_several_may_open_a_new_database_at_once(cluster: postgres.Postgres, kind: str, sqlite_url: str) -> None:
    url = sqlite_url if kind == "sqlite" else cluster.url(await cluster.create())
    stores = await asyncio.gather(*(RecordStore.open(url) for _ in range(5)))
    await stores[0].write(whole_call())
    for store in stores:
        assert len(await store.list_calls()) == 1
        await store.close()


async def test_the_revisions_make_what_the_models_say(store: RecordStore) -> None:
    def compare(connection: Connection) -> Any:
        # SQLite has no types worth the name.
        opts = {"include_name": ours, "compare_type": connection.dialect.name != "sqlite"}
        return compare_metadata(MigrationContext.configure(connection, opts=opts), Table.metadata)

    def ours(name: str | None, kind: str, _parents: Any) -> bool:
        return kind != "table" or not (name or "").startswith("call_search")

    async with store.database.reading() as connection:
        assert await connection.run_sync(compare) == []


async def test_head_is_the_newest_revision(store: RecordStore) -> None:
    async with store.database.reading() as connection:
        revision = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()
    assert revision == schema.HEAD


async def test_a_database_of_version_0_1_is_taken_over(
    sqlite_url: str, sqlite_file: Callable[[], sqlite3.Connection]
) -> None:
    connection = sqlite_file()
    connection.executescript(VERSION_0_1)
    connection.close()
    store = await RecordStore.open(sqlite_url)
    call = await store.show_call("a")
    assert call.summary.started_at == datetime(2026, 11, 22, 14, 15, 7, 250_000, tzinfo=UTC)
    assert (call.transcripts[0].text, call.results[0].data) == ("Guten Tag", {"seats": 2})
    assert {listed.id for listed in await store.list_calls()} == {"a", "b"}
    assert {listed.number for listed in await store.list_calls()} == {1795356907250000, 1795356907250001}
    await store.write(whole_call())
    async with store.database.reading() as reading:
        found = await reading.execute(text("SELECT rowid FROM call_search WHERE call_search MATCH 'guten'"))
        assert found.scalars().all() == [call.summary.number]
    await store.close()


async def test_version_0_1_refuses_what_we_have_written(
    sqlite_url: str, sqlite_file: Callable[[], sqlite3.Connection]
) -> None:
    await (await RecordStore.open(sqlite_url)).close()
    connection = sqlite_file()
    assert connection.execute("PRAGMA user_version").fetchone() > (1,), "0.1 knows 1"
    connection.close()


async def test_a_newer_schema_is_refused_and_left_alone(cluster: postgres.Postgres, kind: str, sqlite_url: str) -> None:
    url = sqlite_url if kind == "sqlite" else cluster.url(await cluster.create())
    store = await RecordStore.open(url)
    async with store.database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingError) as raised:
        await RecordStore.open(url)
    assert f"schema 9999, this one knows {schema.HEAD}" in raised.value.problem
    assert "Upgrade" in raised.value.mend
    async with store.database.reading() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one() == "9999"
    await store.close()
