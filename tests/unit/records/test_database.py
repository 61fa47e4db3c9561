"""Opening: what is missing is made, what cannot work is one line about DATABASE_URL."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from controller.errors import SettingError
from controller.records import database
from controller.records.store import RecordStore
from controller.records.tables import SCHEMA_VERSION
from tests.unit.records.examples import whole_call


async def refusal(url: str) -> SettingError:
    with pytest.raises(SettingError) as raised:
        await RecordStore.open(url)
    assert raised.value.setting == "DATABASE_URL"
    assert "\n" not in str(raised.value)
    return raised.value


async def test_folder_file_and_tables_are_made(url: str, tmp_path: Path) -> None:
    store = await RecordStore.open(url)
    await store.close()
    connection = sqlite3.connect(tmp_path / "data" / "calls.sqlite3")
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


async def test_the_connection_is_durable_and_keeps_references(store: RecordStore) -> None:
    async with store._engine.connect() as connection:  # noqa: SLF001 - there is no other way to see it
        assert (await connection.exec_driver_sql("PRAGMA synchronous")).scalar_one() == 2, "FULL"
        assert (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar_one() == 1


async def test_opening_again_finds_what_was_written(url: str) -> None:
    first = await RecordStore.open(url)
    await first.write(whole_call())
    await first.close()
    second = await RecordStore.open(url)
    assert [call.id for call in await second.list_calls()] == ["c1"]
    await second.close()


async def test_several_may_open_a_new_file_at_once(url: str) -> None:
    stores = await asyncio.gather(*(RecordStore.open(url) for _ in range(5)))
    await stores[0].write(whole_call())
    for store in stores:
        assert len(await store.list_calls()) == 1
        await store.close()


async def test_a_newer_schema_is_refused_and_left_alone(url: str, tmp_path: Path) -> None:
    path = tmp_path / "data" / "calls.sqlite3"
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()
    error = await refusal(url)
    assert f"schema {SCHEMA_VERSION + 1}, this one knows {SCHEMA_VERSION}" in error.problem
    assert "Upgrade" in error.mend
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    connection.close()


@pytest.mark.parametrize(
    "url",
    ["calls.sqlite3", "", "sqlite://", "sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:", "mysql://u:secret@h/d"],
)
async def test_what_is_no_sqlite_file_is_refused(url: str) -> None:
    error = await refusal(url)
    assert database.EXAMPLE in error.mend
    assert "secret" not in str(error)


async def test_a_file_that_is_no_database_is_refused(url: str, tmp_path: Path) -> None:
    path = tmp_path / "data" / "calls.sqlite3"
    path.parent.mkdir()
    path.write_text("Dear diary, " * 1000)
    assert "not a database" in (await refusal(url)).problem


async def test_a_folder_in_place_of_the_file_is_refused(url: str, tmp_path: Path) -> None:
    (tmp_path / "data" / "calls.sqlite3").mkdir(parents=True)
    assert "unable to open" in (await refusal(url)).problem


async def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = await refusal(f"sqlite+aiosqlite:///{tmp_path}/file/calls.sqlite3")
    assert str(tmp_path / "file") in error.problem
